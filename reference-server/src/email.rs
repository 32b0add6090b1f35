//! What an e-mail address looks like.

use std::sync::LazyLock;

use regex::Regex;

static EMAIL: LazyLock<Regex> = LazyLock::new(|| {
    let letters = r"a-zA-Z\u{A0}-\u{D7FF}\u{F900}-\u{FDCF}\u{FDF0}-\u{FFEF}";
    let atom = format!(r"[{letters}0-9!#$%&'*+/=?^_`{{|}}~-]+");
    let label = format!(r"[{letters}0-9](?:[{letters}0-9.~_-]*[{letters}0-9])?");
    let last = format!(r"[{letters}](?:[{letters}0-9.~_-]*[{letters}])?");
    Regex::new(&format!(r"^{atom}(?:\.{atom})*@(?:{label}\.)+{last}\.?$")).expect("a well-formed pattern")
});

/// Whether the text is an e-mail address: a name at a domain of at least two labels.
pub(crate) fn is_email(text: &str) -> bool {
    EMAIL.is_match(text)
}

#[cfg(test)]
mod tests {
    use super::is_email;

    #[test]
    fn addresses_have_a_name_and_a_domain() {
        for text in ["a@b.co", "first.last+tag@sub.example.com", "é@ü.example", "o'brien@example.ie", "a@1.com"] {
            assert!(is_email(text), "{text}");
        }
        for text in ["", "a", "a@b", "@b.co", "a@", "a@b.1", "a b@c.de", "a@b..co", ".a@b.co", "a@-.co\n"] {
            assert!(!is_email(text), "{text}");
        }
    }
}
