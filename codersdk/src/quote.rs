//! Text as messages of servers and agents show it.

use std::fmt::Write;

/// The text in double quotes, with quotes, backslashes and whatever cannot be seen escaped, such as
/// `"a \"b\"\n\u200bé"`.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\x07' => quoted.push_str("\\a"),
            '\x08' => quoted.push_str("\\b"),
            '\x0c' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\x0b' => quoted.push_str("\\v"),
            _ if is_shown(c) => quoted.push(c),
            // Writing to a string cannot fail.
            '\0'..='\x7f' => _ = write!(quoted, "\\x{:02x}", u32::from(c)),
            '\u{80}'..='\u{ffff}' => _ = write!(quoted, "\\u{:04x}", u32::from(c)),
            _ => _ = write!(quoted, "\\U{:08x}", u32::from(c)),
        }
    }
    quoted.push('"');
    quoted
}

/// Whether a character can be seen, blanks aside that are no plain space.
pub fn is_shown(c: char) -> bool {
    if c.is_ascii() {
        return matches!(c, ' '..='~');
    }
    // A mark is escaped only where it stands alone, hence the letter before it.
    !c.is_whitespace() && format!("a{c}").escape_debug().count() == 2
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn what_cannot_be_seen_is_escaped() {
        assert_eq!(quoted("a \"b\"\\\n\t\u{0}\u{7f}é日\u{a0}\u{200b}\u{10ffff}"), {
            r#""a \"b\"\\\n\t\x00\x7fé日\u00a0\u200b\U0010ffff""#
        });
        assert_eq!(quoted("\u{e0001}\u{600}\u{301}"), "\"\\U000e0001\\u0600\u{301}\"");
    }
}
