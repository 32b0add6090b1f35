//! NUL in stored texts. Databases that keep JSON parsed cannot hold it, so it is stored as U+E000 U+E001, and a
//! U+E000 of the user's own is doubled.

const MARK: char = '\u{E000}';
const NUL: char = '\u{E001}';

/// Encodes in place.
pub(crate) fn encode_text(text: &mut String) {
    if text.contains(['\0', MARK]) {
        *text = text.replace(MARK, "\u{E000}\u{E000}").replace('\0', "\u{E000}\u{E001}");
    }
}

/// Undoes [`encode_text`]; a mark that stands alone stays.
pub(crate) fn decode_text(text: &mut String) {
    if !text.contains(MARK) {
        return;
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            (MARK, Some(&MARK)) => {
                chars.next();
                out.push(MARK);
            }
            (MARK, Some(&NUL)) => {
                chars.next();
                out.push('\0');
            }
            _ => out.push(c),
        }
    }
    *text = out;
}

/// Encodes the strings of a JSON text, names of keys included; `None` where there is nothing to do.
pub(crate) fn encode_json(json: &str) -> Option<String> {
    (json.contains("\\u0000") || json.contains(MARK) || json.contains("\\ue000") || json.contains("\\uE000"))
        .then(|| map_strings(json, encode_text))
        .flatten()
}

/// Undoes [`encode_json`]; `None` where there is nothing to do.
pub(crate) fn decode_json(json: &str) -> Option<String> {
    json.contains(MARK).then(|| map_strings(json, decode_text)).flatten()
}

/// Maps every string token and leaves all else as it is.
fn map_strings(json: &str, map: fn(&mut String)) -> Option<String> {
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(start) = rest.find('"') {
        out.push_str(&rest[..start]);
        let end = start + 1 + string_end(&rest[start + 1..])?;
        let mut text: String = serde_json::from_str(&rest[start..end]).ok()?;
        map(&mut text);
        out.push_str(&serde_json::to_string(&text).ok()?);
        rest = &rest[end..];
    }
    out.push_str(rest);
    Some(out)
}

/// Where a string ends, past its closing quote.
fn string_end(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (i, c) in text.bytes().enumerate() {
        match c {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(i + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_comes_back(text in any::<String>(), marks in "[a\u{0}\u{E000}\u{E001}]{0,12}") {
            for original in [text, marks] {
                let mut stored = original.clone();
                encode_text(&mut stored);
                prop_assert!(!stored.contains('\0'));
                let json = serde_json::to_string(&vec![&original]).unwrap();
                let encoded = encode_json(&json).unwrap_or_else(|| json.clone());
                prop_assert!(!encoded.contains("\\u0000"));
                let decoded: Vec<String> = serde_json::from_str(&decode_json(&encoded).unwrap_or(encoded)).unwrap();
                decode_text(&mut stored);
                prop_assert_eq!(&stored, &original);
                prop_assert_eq!(&decoded[0], &original);
            }
        }
    }
}
