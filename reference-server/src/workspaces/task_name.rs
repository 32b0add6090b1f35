//! Names for tasks, made from their prompts.

use uuid::Uuid;

const NAME_LIMIT: usize = 27;
const DISPLAY_NAME_LIMIT: usize = 64;

/// What a task is called where nobody has said it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TaskName {
    pub(crate) name: String,
    pub(crate) display_name: String,
}

/// A name of the first words of a prompt, with an end that tells it from others of the same words.
pub(crate) fn from_prompt(prompt: &str) -> TaskName {
    let prompt = prompt.split(['\n', '\r', '\t']).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    let mut slug = String::new();
    for c in whole_words(&prompt, NAME_LIMIT).chars().flat_map(char::to_lowercase) {
        let c = if c.is_whitespace() { '-' } else { c };
        let kept = c.is_ascii_lowercase() || c.is_ascii_digit() || (c == '-' && !slug.ends_with('-'));
        if kept {
            slug.push(c);
        }
    }
    let slug = slug.trim_matches('-');
    let slug = if slug.is_empty() { "task" } else { slug };
    let short = whole_words(&prompt, DISPLAY_NAME_LIMIT - '…'.len_utf8());
    let mut display_name =
        if prompt.len() > DISPLAY_NAME_LIMIT { format!("{short}…") } else { prompt.trim().to_owned() };
    if display_name.is_empty() {
        display_name.push_str("Task");
    }
    if let Some(first) = display_name.chars().next() {
        display_name = first.to_uppercase().chain(display_name.chars().skip(1)).collect();
    }
    let suffix = Uuid::new_v4().simple().to_string();
    TaskName { name: format!("{slug}-{}", &suffix[..4]), display_name }
}

/// As many whole words as fit into so many bytes, or part of the first.
fn whole_words(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    let end = (0..=limit).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    let (cut, rest) = text.split_at(end);
    if rest.starts_with(char::is_whitespace) {
        return cut;
    }
    cut.rfind(char::is_whitespace).map_or(cut, |space| &cut[..space])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_of_whole_words() {
        let made = from_prompt("Write a poem about rust");
        assert_eq!(made.display_name, "Write a poem about rust");
        assert!(made.name.starts_with("write-a-poem-about-rust-"), "{}", made.name);
        let long = from_prompt(&"wörter und mehr ".repeat(20));
        assert!(long.display_name.len() <= DISPLAY_NAME_LIMIT, "{}", long.display_name);
        assert!(codersdk::names::name_valid(&long.name).is_ok(), "{}", long.name);
        assert!(codersdk::names::name_valid(&from_prompt("!?").name).is_ok());
    }
}
