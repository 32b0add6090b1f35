//! Which characters a YAML document may have.

/// The text of a document.
///
/// # Errors
/// What the first thing is that may not stand there, in the words of the library that agents use.
pub(super) fn text(document: &[u8]) -> Result<String, &'static str> {
    match std::str::from_utf8(document) {
        Ok(text) if text.chars().all(is_allowed) => Ok(text.to_owned()),
        Ok(_) => Err("yaml: control characters are not allowed"),
        Err(error) => {
            let (before, from) = document.split_at(error.valid_up_to());
            if !std::str::from_utf8(before).is_ok_and(|before| before.chars().all(is_allowed)) {
                return Err("yaml: control characters are not allowed");
            }
            Err(what_is_wrong(from))
        }
    }
}

fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Why these bytes do not begin with a character.
fn what_is_wrong(bytes: &[u8]) -> &'static str {
    let width = match bytes[0] {
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF7 => 4,
        _ => return "yaml: invalid leading UTF-8 octet",
    };
    let Some(trailing) = bytes.get(1..width) else { return "yaml: incomplete UTF-8 octet sequence" };
    if trailing.iter().any(|byte| byte & 0xC0 != 0x80) {
        return "yaml: invalid trailing UTF-8 octet";
    }
    match (bytes[0], trailing[0]) {
        (0xC0 | 0xC1, _) | (0xE0, ..0xA0) | (0xF0, ..0x90) => "yaml: invalid length of a UTF-8 sequence",
        _ => "yaml: invalid Unicode character",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_not_stand_in_a_document() {
        for (document, error) in [
            (&b"a: \x07"[..], "control characters are not allowed"),
            (b"a: \x7f", "control characters are not allowed"),
            (b"\x00\xff", "control characters are not allowed"),
            (b"a\xff", "invalid leading UTF-8 octet"),
            (b"\x80", "invalid leading UTF-8 octet"),
            (b"a\xe2\x82", "incomplete UTF-8 octet sequence"),
            (b"a\xe2\x82b", "invalid trailing UTF-8 octet"),
            (b"\xc0\x80", "invalid length of a UTF-8 sequence"),
            (b"\xe0\x80\x80", "invalid length of a UTF-8 sequence"),
            (b"\xed\xa0\x80", "invalid Unicode character"),
            (b"\xf4\x90\x80\x80", "invalid Unicode character"),
        ] {
            assert_eq!(text(document), Err(&*format!("yaml: {error}")), "{document:?}");
        }
        let fine = "a: b\t\r\n\u{85}é\u{2028}\u{feff}😀";
        assert_eq!(text(fine.as_bytes()).as_deref(), Ok(fine));
    }
}
