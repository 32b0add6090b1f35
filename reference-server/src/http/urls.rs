//! Which texts pass for URLs, and for parts of them.

/// The scheme of an absolute URL, in small letters; `None` for anything without a scheme and a host.
pub(crate) fn scheme_of_absolute(text: &str) -> Option<String> {
    // The URL standard mends what people type; what is stored here must not need it.
    if text.chars().any(char::is_control) || text.starts_with(' ') || !text.contains("://") {
        return None;
    }
    let url = url::Url::parse(text).ok()?;
    url.host_str().is_some_and(|host| !host.is_empty()).then(|| url.scheme().to_owned())
}

/// What begins with the first `%` that is not followed by two hexadecimal digits.
pub(crate) fn bad_escape(text: &str) -> Option<&str> {
    let escapes = text.match_indices('%').map(|(at, _)| &text[at..]);
    escapes.into_iter().find(|rest| rest.bytes().skip(1).take(2).filter(u8::is_ascii_hexdigit).count() != 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_urls_with_a_scheme_and_a_host_are_absolute() {
        for (text, scheme) in [
            ("https://a.example/v1", Some("https")),
            ("HTTP://127.0.0.1:80", Some("http")),
            ("ftp://x", Some("ftp")),
            ("http:example.com", None),
            ("http://", None),
            ("/mcp", None),
            ("mcp", None),
            ("mailto:a@b", None),
            (" http://a", None),
        ] {
            assert_eq!(scheme_of_absolute(text).as_deref(), scheme, "{text}");
        }
    }
}
