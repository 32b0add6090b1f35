//! Search texts made of terms.

use crate::quote::quoted;

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
