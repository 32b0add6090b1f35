//! What is wrong with a text that is no JSON, in the words that the original has for it.

use crate::quote::quoted;

/// How deep a fault is looked for: as deep as values are read at all.
const MAX_DEPTH: usize = 100;

/// The first thing that keeps the text from being one JSON value; `None` if nothing does, or if it lies too deep.
pub(crate) fn fault(text: &str) -> Option<String> {
    let mut reader = Reader { bytes: text.as_bytes(), at: 0 };
    let whole = reader.value(0).and_then(|()| {
        reader.blanks();
        if reader.peek().is_some() { reader.unexpected("after top-level value") } else { Ok(()) }
    });
    match whole {
        Err(Fault::Said(words)) => Some(words),
        Ok(()) | Err(Fault::TooDeep) => None,
    }
}

enum Fault {
    Said(String),
    TooDeep,
}

type Outcome = Result<(), Fault>;

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Outcome {
        self.blanks();
        match self.peek() {
            Some(b'{' | b'[') if depth >= MAX_DEPTH => Err(Fault::TooDeep),
            Some(b'{') => self.members(depth),
            Some(b'[') => self.items(depth),
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal("true"),
            Some(b'f') => self.literal("false"),
            Some(b'n') => self.literal("null"),
            _ => self.unexpected("looking for beginning of value"),
        }
    }

    fn items(&mut self, depth: usize) -> Outcome {
        self.at += 1;
        self.blanks();
        if self.takes(b"]") {
            return Ok(());
        }
        loop {
            self.value(depth + 1)?;
            self.blanks();
            if self.takes(b"]") {
                return Ok(());
            }
            self.need(b",", "after array element")?;
        }
    }

    fn members(&mut self, depth: usize) -> Outcome {
        self.at += 1;
        self.blanks();
        if self.takes(b"}") {
            return Ok(());
        }
        loop {
            self.blanks();
            if self.peek() != Some(b'"') {
                return self.unexpected("looking for beginning of object key string");
            }
            self.string()?;
            self.blanks();
            self.need(b":", "after object key")?;
            self.value(depth + 1)?;
            self.blanks();
            if self.takes(b"}") {
                return Ok(());
            }
            self.need(b",", "after object key:value pair")?;
        }
    }

    fn string(&mut self) -> Outcome {
        self.at += 1;
        loop {
            match self.peek() {
                None | Some(..=0x1f) => return self.unexpected("in string literal"),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    self.at += 1;
                    if self.takes(b"u") {
                        for _ in 0..4 {
                            self.need(b"0123456789abcdefABCDEF", "in \\u hexadecimal character escape")?;
                        }
                    } else {
                        self.need(b"bfnrt\\/\"", "in string escape code")?;
                    }
                }
                Some(_) => self.at += 1,
            }
        }
    }

    fn number(&mut self) -> Outcome {
        self.takes(b"-");
        if !self.takes(b"0") {
            self.digits("in numeric literal")?;
        }
        if self.takes(b".") {
            self.digits("after decimal point in numeric literal")?;
        }
        if self.takes(b"eE") {
            self.takes(b"+-");
            self.digits("in exponent of numeric literal")?;
        }
        Ok(())
    }

    fn digits(&mut self, place: &str) -> Outcome {
        self.need(b"0123456789", place)?;
        while self.takes(b"0123456789") {}
        Ok(())
    }

    fn literal(&mut self, word: &str) -> Outcome {
        self.at += 1;
        for expected in word.bytes().skip(1) {
            self.need(&[expected], &format!("in literal {word} (expecting '{}')", char::from(expected)))?;
        }
        Ok(())
    }

    fn blanks(&mut self) {
        while self.takes(b" \t\r\n") {}
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Goes on if the next byte is one of these.
    fn takes(&mut self, wanted: &[u8]) -> bool {
        let taken = self.peek().is_some_and(|byte| wanted.contains(&byte));
        self.at += usize::from(taken);
        taken
    }

    fn need(&mut self, wanted: &[u8], place: &str) -> Outcome {
        if self.takes(wanted) { Ok(()) } else { self.unexpected(place) }
    }

    /// Bytes are shown as the characters of these numbers, also where several make one character.
    fn unexpected(&self, place: &str) -> Outcome {
        Err(Fault::Said(match self.peek() {
            None => "unexpected end of JSON input".to_owned(),
            Some(b'\'') => format!("invalid character '\\'' {place}"),
            Some(b'"') => format!("invalid character '\"' {place}"),
            Some(byte) => {
                let shown = quoted(&char::from(byte).to_string());
                format!("invalid character '{}' {place}", &shown[1..shown.len() - 1])
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::fault;

    #[test]
    fn faults_are_named() {
        for (text, words) in [
            ("", "unexpected end of JSON input"),
            (" {\"a\": [1, 2", "unexpected end of JSON input"),
            ("\"a", "unexpected end of JSON input"),
            ("not json", "invalid character 'o' in literal null (expecting 'u')"),
            ("bad", "invalid character 'b' looking for beginning of value"),
            ("[1,]", "invalid character ']' looking for beginning of value"),
            ("[1 2]", "invalid character '2' after array element"),
            ("{a:1}", "invalid character 'a' looking for beginning of object key string"),
            ("{\"a\":1,}", "invalid character '}' looking for beginning of object key string"),
            ("{\"a\" 1}", "invalid character '1' after object key"),
            ("{\"a\":1 \"b\"}", "invalid character '\"' after object key:value pair"),
            ("{} '", "invalid character '\\'' after top-level value"),
            ("\"\n\"", "invalid character '\\n' in string literal"),
            ("\"\\x\"", "invalid character 'x' in string escape code"),
            ("\"\\u12g\"", "invalid character 'g' in \\u hexadecimal character escape"),
            ("01", "invalid character '1' after top-level value"),
            ("-a", "invalid character 'a' in numeric literal"),
            ("1.", "unexpected end of JSON input"),
            ("1.x", "invalid character 'x' after decimal point in numeric literal"),
            ("1e+\\", "invalid character '\\\\' in exponent of numeric literal"),
            ("é", "invalid character 'Ã' looking for beginning of value"),
            ("\u{feff}{}", "invalid character 'ï' looking for beginning of value"),
        ] {
            assert_eq!(fault(text).as_deref(), Some(words), "{text}");
        }
        for text in ["{}", " [ 1 , -0.5e-3, \"\\u00e9\\n\u{7f}\", {\"\":null,\"a\":[true,false,{}]} ] "] {
            assert_eq!(fault(text), None, "{text}");
        }
        assert_eq!(fault(&"[".repeat(1_000_000)), None);
    }
}
