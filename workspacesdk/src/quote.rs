//! Text in double quotes, as the original's messages show it.

use std::fmt::Write;

/// Puts a text in double quotes and escapes what cannot be shown.
pub(crate) fn quote(text: &str) -> String {
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

fn is_shown(c: char) -> bool {
    // A mark is escaped only where it stands alone, hence the letter before it.
    c == ' ' || !c.is_whitespace() && !format!("{:?}", format!("a{c}")).contains('\\')
}
