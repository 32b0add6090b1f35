//! Names for tasks, made from their prompts.

use uuid::Uuid;

use crate::ui_text::{Cut, capitalize, truncate};

/// Longest name, in characters, before the end that tells it from others.
const NAME_LIMIT: usize = 27;
/// Longest name that people read, in characters.
const DISPLAY_NAME_LIMIT: usize = 64;

/// What a task is called where nobody has said it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TaskName {
    pub(crate) name: String,
    pub(crate) display_name: String,
}

/// A name of the first words of a prompt, with an end that tells it from others of the same words; a general one for a
/// prompt without words of ASCII letters and digits.
pub(crate) fn from_prompt(prompt: &str) -> TaskName {
    let (stem, display_name) = stem(prompt).unwrap_or_else(|| ("task".to_owned(), "Task".to_owned()));
    let suffix = Uuid::new_v4().simple().to_string();
    TaskName { name: format!("{stem}-{}", &suffix[..4]), display_name }
}

/// The name without its end, and the one that people read.
fn stem(prompt: &str) -> Option<(String, String)> {
    let mut line = String::with_capacity(prompt.len());
    let mut broken = false;
    for c in prompt.chars() {
        let breaks = matches!(c, '\n' | '\r' | '\t');
        if !breaks {
            line.push(c);
        } else if !broken {
            line.push(' ');
        }
        broken = breaks;
    }
    let mut stem = String::new();
    // Only ASCII's blanks part words; others go like any other character.
    for c in truncate(&line, NAME_LIMIT, Cut { whole_words: true, ..Cut::default() }).to_lowercase().chars() {
        let c = if c.is_ascii_whitespace() { '-' } else { c };
        if c.is_ascii_lowercase() || c.is_ascii_digit() || (c == '-' && !stem.ends_with('-')) {
            stem.push(c);
        }
    }
    let stem = stem.trim_matches('-').to_owned();
    if stem.is_empty() {
        return None;
    }
    let shown = truncate(&line, DISPLAY_NAME_LIMIT, Cut { whole_words: true, ellipsis: true });
    let shown = capitalize(shown.trim());
    Some((stem, shown))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{replay, same, vectors};

    #[test]
    fn names_are_those_recorded() {
        let mut cases = vectors("task_names.json");
        // No model is asked for names here.
        cases.retain(|case| case.text("rule") == "prompt");
        replay(&cases, |case| match stem(case.text("prompt")) {
            Some((stem, display_name)) => same(&json!({"name_stem": stem, "display_name": display_name}), &case.output),
            None => same(&json!("no task name generated"), case.error.as_ref().unwrap_or(&Value::Null)),
        });
    }

    #[test]
    fn names_are_ones_that_a_workspace_can_have() {
        for prompt in ["Write a poem about rust".to_owned(), "wörter und mehr ".repeat(20), "!?".to_owned()] {
            let made = from_prompt(&prompt);
            assert!(codersdk::names::name_valid(&made.name).is_ok(), "{}", made.name);
            assert!(made.display_name.chars().count() <= DISPLAY_NAME_LIMIT, "{}", made.display_name);
        }
    }
}
