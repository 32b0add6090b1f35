//! Search texts made of terms.

use std::fmt::Write as _;

/// A line of search terms.
#[derive(Debug, Default)]
pub(crate) struct SearchTerms(Vec<String>);

impl SearchTerms {
    /// Adds `name:"value"`, unless the value is empty.
    pub(crate) fn term(mut self, name: &str, value: &str) -> Self {
        if !value.is_empty() {
            self.0.push(format!("{name}:{}", quoted(value)));
        }
        self
    }

    /// Adds `name:true` or `name:false`, if it is said.
    pub(crate) fn flag(mut self, name: &str, value: Option<bool>) -> Self {
        self.0.extend(value.map(|value| format!("{name}:{value}")));
        self
    }

    /// Adds terms that somebody else has written.
    pub(crate) fn words(mut self, words: &str) -> Self {
        if !words.is_empty() {
            self.0.push(words.to_owned());
        }
        self
    }

    /// The query pair that is sent for them, also when there are none.
    pub(crate) fn pair(self) -> (String, String) {
        ("q".to_owned(), self.0.join(" "))
    }
}

/// The text in double quotes, with the escapes that servers undo.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_ascii_control() => {
                // Writing to a string does not fail.
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
