//! Cleaning of prompts: what nobody sees must not reach the model.

/// Takes out invisible characters and runs of blank lines, ends lines with `\n` alone and trims the whole.
///
/// U+200C stays, since Persian and other scripts need it; U+200D goes, although it joins emoji, since hidden text is
/// written with it.
pub(crate) fn sanitize_prompt(text: &str) -> String {
    let text: String = text.replace("\r\n", "\n").replace('\r', "\n").chars().filter(|c| !is_invisible(*c)).collect();
    let mut clean = String::with_capacity(text.len());
    let mut blank_lines = 0;
    for line in text.split('\n').map(str::trim_end) {
        blank_lines = if line.is_empty() { blank_lines + 1 } else { 0 };
        if blank_lines < 2 {
            clean.push_str(line);
            clean.push('\n');
        }
    }
    clean.trim().to_owned()
}

fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200d}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{replay, same, vectors};

    #[test]
    fn prompts_are_cleaned_as_the_original_cleans_them() {
        let mut cases = vectors("chat_titles.json");
        cases.retain(|case| case.text("rule") == "prompt");
        replay(&cases, |case| same(&json!({ "text": sanitize_prompt(case.text("text")) }), &case.output));
    }
}
