//! Media types and `Content-Disposition` values with their parameters (RFC 2045, RFC 2231, RFC 5987).

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A value such as `text/plain; charset=utf-8` or `attachment; filename="a.txt"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MediaType {
    /// In lower case, without parameters.
    pub(crate) base: String,
    /// Names in lower case; extended and continued parameters are decoded under their plain name.
    pub(crate) parameters: BTreeMap<String, String>,
}

/// Parses a value; `None` where it is malformed in any place.
pub(crate) fn parse(value: &str) -> Option<MediaType> {
    let (head, mut rest) = value.split_at(value.find(';').unwrap_or(value.len()));
    let base = head.trim().to_lowercase();
    if !is_base(&base) {
        return None;
    }
    let mut plain = BTreeMap::new();
    let mut extended: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            break;
        }
        let Some((name, text, after)) = parameter(rest) else {
            // A semicolon at the very end is common enough to be forgiven.
            if rest.trim() == ";" {
                break;
            }
            return None;
        };
        let params = match name.split_once('*') {
            Some((stem, _)) => extended.entry(stem.to_owned()).or_default(),
            None => &mut plain,
        };
        if params.get(&name).is_some_and(|earlier| *earlier != text) {
            return None;
        }
        params.insert(name, text);
        rest = after;
    }
    for (stem, pieces) in extended {
        if let Some(text) = joined(&stem, &pieces) {
            plain.insert(stem, text);
        }
    }
    Some(MediaType { base, parameters: plain })
}

/// The media type alone, in lower case; the value as it is where it is malformed.
pub(crate) fn base(value: &str) -> String {
    parse(value).map_or_else(|| value.to_owned(), |media_type| media_type.base)
}

/// Writes a value with one parameter, quoted or percent-encoded where it must be.
pub(crate) fn format(base: &str, name: &str, text: &str) -> String {
    let mut out = format!("{base}; {name}");
    if text.chars().any(|c| !(' '..='~').contains(&c) && c != '\t') {
        out.push_str("*=utf-8''");
        for byte in text.bytes() {
            if byte.is_ascii_graphic() && !matches!(byte, b'*' | b'\'' | b'%') && !is_special(byte) {
                out.push(char::from(byte));
            } else {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    } else if !text.is_empty() && text.bytes().all(is_token_byte) {
        let _ = write!(out, "={text}");
    } else {
        out.push_str("=\"");
        for c in text.chars() {
            if matches!(c, '"' | '\\') {
                out.push('\\');
            }
            out.push(c);
        }
        out.push('"');
    }
    out
}

/// Text of bytes that should be UTF-8, each byte that is not becoming one replacement character.
pub(crate) fn lossy(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}

fn is_special(byte: u8) -> bool {
    b"()<>@,;:\\\"/[]?=".contains(&byte)
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_graphic() && !is_special(byte)
}

fn is_base(base: &str) -> bool {
    let is_token = |text: &str| !text.is_empty() && text.bytes().all(is_token_byte);
    match base.split_once('/') {
        Some((kind, sub)) => is_token(kind) && is_token(sub),
        None => is_token(base),
    }
}

/// Reads `; name=value`; gives the name in lower case, the value, and what follows.
fn parameter(text: &str) -> Option<(String, String, &str)> {
    let text = text.strip_prefix(';')?.trim_start();
    let (name, text) = token(text);
    if name.is_empty() {
        return None;
    }
    let text = text.trim_start().strip_prefix('=')?.trim_start();
    let (value, rest) = if text.starts_with('"') {
        quoted(text)?
    } else {
        let (value, rest) = token(text);
        (value.to_owned(), rest)
    };
    if value.is_empty() && rest.len() == text.len() {
        return None;
    }
    Some((name.to_lowercase(), value, rest))
}

fn token(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().position(|b| !is_token_byte(b)).unwrap_or(text.len()))
}

/// Reads a quoted string. Only special characters are escaped: browsers send Windows paths with bare backslashes.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\r' | '\n' => return None,
            '\\' => match chars.next_if(|(_, next)| u8::try_from(*next).is_ok_and(is_special)) {
                Some((_, escaped)) => value.push(escaped),
                None => value.push('\\'),
            },
            c => value.push(c),
        }
    }
    None
}

/// Joins the pieces of an extended parameter (`name*`, `name*0`, `name*1*` …).
fn joined(stem: &str, pieces: &BTreeMap<String, String>) -> Option<String> {
    if let Some(whole) = pieces.get(&format!("{stem}*")) {
        return decoded_with_charset(whole);
    }
    let mut text = None;
    for n in 0.. {
        let piece = if let Some(plain) = pieces.get(&format!("{stem}*{n}")) {
            plain.clone()
        } else if let Some(encoded) = pieces.get(&format!("{stem}*{n}*")) {
            if n == 0 {
                decoded_with_charset(encoded).unwrap_or_default()
            } else {
                unescaped(encoded).unwrap_or_default()
            }
        } else {
            break;
        };
        text.get_or_insert_with(String::new).push_str(&piece);
    }
    text
}

fn decoded_with_charset(value: &str) -> Option<String> {
    let mut fields = value.splitn(3, '\'');
    let charset = fields.next()?.to_lowercase();
    let _language = fields.next()?;
    if !matches!(charset.as_str(), "us-ascii" | "utf-8") {
        return None;
    }
    unescaped(fields.next()?)
}

fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.extend(hex::decode(digits).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    Some(lossy(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filename(value: &str) -> Option<String> {
        parse(value)?.parameters.remove("filename")
    }

    #[test]
    fn file_names_come_in_every_form() {
        for (value, name) in [
            ("attachment; filename=a.txt", "a.txt"),
            ("attachment; filename=\"a b.txt\";", "a b.txt"),
            (r#"attachment; filename="a\"b\d""#, r#"a"b\d"#),
            ("attachment; filename=\"x.txt\"; filename*=UTF-8''%E6%97%A5%201", "日 1"),
            ("attachment; FILENAME*0=\"a\"; filename*1*=%20b", "a b"),
            ("attachment; filename*=utf-8''%ff", "\u{fffd}"),
        ] {
            assert_eq!(filename(value).as_deref(), Some(name), "{value}");
        }
        for value in ["", "attachment", "attachment;;; filename", "a b; filename=x", "a; filename=x; filename=y"] {
            assert_eq!(filename(value), None, "{value}");
        }
        assert_eq!(filename("attachment; filename*=latin1''%e9"), None, "a charset that is not known");
    }

    #[test]
    fn parameters_are_written_as_they_can_be_read() {
        for text in ["a.txt", "two words.txt", "a\"b\\c", "日本 1*'%.txt", ""] {
            assert_eq!(filename(&format("inline", "filename", text)).as_deref(), Some(text));
        }
        assert_eq!(format("inline", "filename", "日 1"), "inline; filename*=utf-8''%E6%97%A5%201");
    }
}
