//! Titles that people and first messages give.

const MAX_WORDS: usize = 6;
/// Longest title made of a first message, in characters.
const MAX_FIRST_TITLE: usize = 80;
/// Longest title that a person may give, in characters.
pub(crate) const MAX_TITLE: usize = 200;

/// The title of a new chat: the first words of its first message.
///
/// The cut comes after the ellipsis, so that a long title can lose it.
pub(crate) fn title_from_message(message: &str) -> String {
    let mut words = message.split_whitespace();
    let mut title = words.by_ref().take(MAX_WORDS).collect::<Vec<_>>().join(" ");
    if title.is_empty() {
        return "New Chat".to_owned();
    }
    if words.next().is_some() {
        title.push('…');
    }
    match title.char_indices().nth(MAX_FIRST_TITLE) {
        Some((end, _)) => title[..end].to_owned(),
        None => title,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{replay, same, vectors};

    #[test]
    fn vectors_of_first_titles_match() {
        replay(&vectors("chat_title_first.json"), |case| {
            same(&json!({"title": title_from_message(case.text("text"))}), &case.output)
        });
    }
}
