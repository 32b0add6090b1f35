//! The words of a README, without its markup.

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use crate::ui_text::{Cut, truncate};

/// How much of a README is read, in bytes.
const MAX_INPUT: usize = 64 * 1024;

/// The words of a README, at most so many characters: a line for a line of what is shown, without frontmatter.
pub(super) fn readme_text(readme: &str, most: usize) -> String {
    let end = (0..=MAX_INPUT.min(readme.len())).rev().find(|end| readme.is_char_boundary(*end)).unwrap_or_default();
    let body = without_frontmatter(&readme[..end]);
    let mut text = String::new();
    let mut in_html = false;
    for event in Parser::new(&body) {
        match event {
            Event::Text(words) | Event::Code(words) => text.push_str(&words),
            Event::Html(html) | Event::InlineHtml(html) => push_html(&mut text, &html, &mut in_html),
            Event::SoftBreak | Event::HardBreak | Event::Rule | Event::Start(Tag::List(_)) => text.push('\n'),
            Event::End(TagEnd::Emphasis | TagEnd::Strong | TagEnd::Link | TagEnd::Image) => {}
            Event::End(_) => text.push('\n'),
            _ => {}
        }
    }
    let lines: Vec<String> = text
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|line| !line.is_empty())
        .collect();
    truncate(&lines.join("\n"), most, Cut { ellipsis: true, ..Cut::default() })
}

/// Adds what stands between the tags. A tag may go on in the next piece.
fn push_html(text: &mut String, html: &str, in_tag: &mut bool) {
    for c in html.chars() {
        match c {
            '<' => *in_tag = true,
            '>' => *in_tag = false,
            c if !*in_tag => text.push(c),
            _ => {}
        }
    }
}

/// The text behind a block between two lines of `---`, if it begins with one that ends.
fn without_frontmatter(readme: &str) -> String {
    let trimmed = readme.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    let mut lines = trimmed.lines();
    let is_fence = |line: &str| line.trim_end_matches([' ', '\t', '\r']) == "---";
    if !lines.next().is_some_and(is_fence) || !lines.by_ref().any(is_fence) {
        return trimmed.to_owned();
    }
    lines.flat_map(|line| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{replay, same, vectors};

    #[test]
    fn readmes_are_told_as_recorded() {
        let mut cases = vectors("chat_tool_helpers.json");
        cases.retain(|case| case.text("rule") == "readme");
        replay(&cases, |case| {
            let most = usize::try_from(case.input["max_runes"].as_u64().unwrap_or(0)).unwrap_or(0);
            same(&json!({"text": readme_text(case.text("readme"), most)}), &case.output)
        });
    }
}
