//! Text that programs report and people read: what could do harm on a screen or in a page is taken out.

use std::borrow::Cow;

use crate::quote::is_shown;

/// Makes a report fit to be shown: escapes of a quoted string are undone where the whole text is a valid one; tags,
/// terminal codes and what cannot be seen go; runs of blanks become one. What is left of markup is escaped for HTML.
pub(crate) fn ui_sanitize(text: &str) -> String {
    let text = unquote(text).map_or(Cow::Borrowed(text), Cow::Owned);
    let text = without_tags(&text);
    let text = without_terminal_codes(&text);
    let mut clean = String::with_capacity(text.len());
    let mut blank = false;
    for c in text.chars() {
        if is_blank(c) {
            if !blank {
                clean.push(' ');
            }
            blank = true;
            continue;
        }
        blank = false;
        if is_shown(c) {
            clean.push(c);
        }
    }
    clean.trim().to_owned()
}

/// How a text is cut that is too long.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cut {
    /// Ends in `…`, which counts.
    pub(crate) ellipsis: bool,
    /// Ends with a whole word; within the first one there is no other way.
    pub(crate) whole_words: bool,
}

/// The first `count` characters.
pub(crate) fn truncate(text: &str, count: usize, cut: Cut) -> String {
    if count == 0 {
        return String::new();
    }
    if text.chars().nth(count).is_none() {
        return text.to_owned();
    }
    let kept = count - usize::from(cut.ellipsis);
    let end = text.char_indices().nth(kept).map_or(text.len(), |(at, _)| at);
    let mut short = &text[..end];
    if cut.whole_words {
        short = short.rfind(char::is_whitespace).map_or(short, |blank| &short[..blank]);
    }
    if cut.ellipsis { format!("{short}…") } else { short.to_owned() }
}

/// The text with a capital at its beginning, where that is a single character.
pub(crate) fn capitalize(text: &str) -> String {
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return String::new() };
    let mut upper = first.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None) => std::iter::once(upper).chain(chars).collect(),
        _ => text.to_owned(),
    }
}

fn is_blank(c: char) -> bool {
    c.is_whitespace()
}

/// Undoes the escapes of a string in double quotes; nothing if the text could not stand between such.
fn unquote(text: &str) -> Option<String> {
    if text.contains(['"', '\n']) && !text.contains('\\') || text.contains('\n') {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let c = match c {
            '"' => return None,
            '\\' => chars.next()?,
            c => {
                bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
        };
        let mut code = |digits: usize, radix: u32| -> Option<u32> {
            (0..digits).try_fold(0u32, |code, _| Some(code * radix + chars.next()?.to_digit(radix)?))
        };
        match c {
            'a' => bytes.push(7),
            'b' => bytes.push(8),
            'f' => bytes.push(12),
            'n' => bytes.push(b'\n'),
            'r' => bytes.push(b'\r'),
            't' => bytes.push(b'\t'),
            'v' => bytes.push(11),
            '\\' | '"' => bytes.push(if c == '"' { b'"' } else { b'\\' }),
            'x' => bytes.push(u8::try_from(code(2, 16)?).ok()?),
            'u' | 'U' => {
                let c = char::from_u32(code(if c == 'u' { 4 } else { 8 }, 16)?)?;
                bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            '0'..='7' => {
                let high = c.to_digit(8)?;
                bytes.push(u8::try_from(high * 64 + code(2, 8)?).ok()?);
            }
            _ => return None,
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Elements whose content is no text.
const OPAQUE: [&str; 2] = ["script", "style"];

/// Takes out tags, comments and scripts; the rest is text, in which entities are replaced and markup is escaped.
fn without_tags(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        let is_tag = tag[1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'));
        if !is_tag {
            put_text(&mut out, &rest[..=at]);
            rest = &rest[at + 1..];
            continue;
        }
        put_text(&mut out, before);
        if let Some(comment) = tag.strip_prefix("<!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        rest = end_of_tag(tag);
        let name = tag[1..].split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default().to_ascii_lowercase();
        if OPAQUE.contains(&name.as_str()) {
            let close = format!("</{name}");
            rest = rest.to_ascii_lowercase().find(&close).map_or("", |at| end_of_tag(&rest[at..]));
        }
    }
    put_text(&mut out, rest);
    out
}

/// What follows a tag; quoted values may hold its end sign. A tag without end takes all.
fn end_of_tag(tag: &str) -> &str {
    let mut quote = None;
    for (at, c) in tag.char_indices() {
        match (quote, c) {
            (None, '>') => return &tag[at + 1..],
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    ""
}

fn put_text(out: &mut String, text: &str) {
    for c in htmlize::unescape(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}

/// Takes out the codes by which terminals are told colors, cursor positions and titles.
fn without_terminal_codes(text: &str) -> String {
    static CODES: std::sync::LazyLock<regex::Regex> = std::sync::LazyLock::new(|| {
        regex::Regex::new(concat!(
            r"[\x{1b}\x{9b}][\[\]()#;?]*",
            r"(?:(?:(?:[a-zA-Z\d]*(?:;[a-zA-Z\d]*)*)?\x{07})",
            r"|(?:(?:\d{1,4}(?:;\d{0,4})*)?[\dA-PRZcf-ntqry=><~]))"
        ))
        .expect("a valid expression")
    });
    CODES.replace_all(text, "").into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{replay, same, vectors};

    #[test]
    fn texts_are_cleaned_and_cut_as_recorded() {
        let mut cases = vectors("text_helpers.json");
        // Lists of words are joined where templates are read, which is not done here.
        cases.retain(|case| case.text("rule") != "join");
        replay(&cases, |case| {
            let (text, flag) = (case.text("text"), |name: &str| case.input[name] == true);
            let got = match case.text("rule") {
                "ui_sanitize" => ui_sanitize(text),
                "truncate" => {
                    let count = usize::try_from(case.input["n"].as_i64().unwrap_or(0)).unwrap_or(0);
                    truncate(text, count, Cut { ellipsis: flag("ellipsis"), whole_words: flag("full_words") })
                }
                "capitalize" => capitalize(text),
                rule => return Err(format!("unknown rule {rule}")),
            };
            same(&json!({ "text": got }), &case.output)
        });
    }
}
