//! What git asks of the program that `GIT_ASKPASS` names: one question as the only argument, such as
//! `Username for 'https://github.com': `, answered by a line on standard output.

use std::fmt;

/// Whether a program was called by git to answer a question, and not for another purpose: by its arguments, its own name
/// left out, and its environment as `NAME=value`.
///
/// ```
/// use agentsdk::git_askpass;
///
/// assert!(git_askpass::is_askpass(&["Username for 'https://h': "], &["GIT_PREFIX="]));
/// assert!(!git_askpass::is_askpass(&["agent"], &["GIT_PREFIX="]));
/// ```
pub fn is_askpass(args: &[impl AsRef<str>], env: &[impl AsRef<str>]) -> bool {
    let [question] = args else { return false };
    let question = question.as_ref();
    (question.starts_with("Username ") || question.starts_with("Password "))
        && env.iter().any(|variable| variable.as_ref().starts_with("GIT_PREFIX="))
}

/// What git asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// Whether it asks for the password; for the user name otherwise.
    pub password: bool,
    /// The user that it has been told already; empty if none.
    pub user: String,
    /// The URL of the server or repository, without the user.
    pub host: String,
}

/// What is wrong with a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsePromptError(String);

impl fmt::Display for ParsePromptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ParsePromptError {}

/// Reads a question of git.
///
/// ```
/// let prompt = agentsdk::git_askpass::parse_prompt("Password for 'https://me@github.com': ").unwrap();
/// assert_eq!((prompt.user.as_str(), prompt.host.as_str()), ("me", "https://github.com"));
/// assert!(prompt.password);
/// ```
///
/// # Errors
/// For what is no question for the user name or password of an HTTP server.
pub fn parse_prompt(prompt: &str) -> Result<Prompt, ParsePromptError> {
    let fail = |message: String| Err(ParsePromptError(message));
    let words: Vec<&str> = prompt.split_whitespace().collect();
    let &[first, _, host, ..] = &words[..] else {
        return fail(format!("askpass prompt must contain 3 words; got {}: {prompt:?}", words.len()));
    };
    let password = match first {
        "Username" => false,
        "Password" => true,
        _ => return fail(format!("unknown prompt type: {prompt:?}")),
    };
    let url = host.trim_start_matches(['\'', '"']).trim_end_matches(['\'', '"', ':']);
    let bad = |what: String| ParsePromptError(format!("parse host failed: parse {url:?}: {what}"));

    let (scheme, rest) = split_scheme(url).map_err(|what| bad(what.to_owned()))?;
    if scheme != "http" && scheme != "https" {
        return fail(format!("unsupported scheme: {scheme:?}"));
    }
    let rest = rest.strip_prefix("//").unwrap_or("");
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let user = user.split(':').next().unwrap_or_default();
    let user = unescape(user).map_err(bad)?;
    unescape(host).map_err(bad)?;
    let path_end = path.find(['?', '#']).unwrap_or(path.len());
    unescape(&path[..path_end]).map_err(bad)?;
    if let Some(port) = port_of(host).filter(|port| !port.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err(bad(format!("invalid port {:?} after host", format!(":{port}"))));
    }
    if host.is_empty() {
        return fail("host is empty".to_owned());
    }
    Ok(Prompt { password, user, host: format!("{scheme}://{host}{path}") })
}

/// The scheme in lower case, empty if there is none, and what follows its colon.
fn split_scheme(url: &str) -> Result<(String, &str), &'static str> {
    let end = url.find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)));
    match end {
        Some(0) if url.starts_with(':') => Err("missing protocol scheme"),
        Some(end) if url[end..].starts_with(':') && url.starts_with(|c: char| c.is_ascii_alphabetic()) => {
            Ok((url[..end].to_ascii_lowercase(), &url[end + 1..]))
        }
        _ if url.split('/').next().is_some_and(|first| first.contains(':')) => {
            Err("first path segment in URL cannot contain colon")
        }
        _ => Ok((String::new(), url)),
    }
}

fn port_of(host: &str) -> Option<&str> {
    match host.rsplit_once(']') {
        Some((_, after)) => after.strip_prefix(':'),
        None => host.split_once(':').map(|(_, port)| port),
    }
}

/// Replaces percent-escapes.
fn unescape(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first != b'%' {
            bytes.push(*first);
            rest = tail;
            continue;
        }
        let digits = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let Some(byte) = byte else {
            let shown = String::from_utf8_lossy(&rest[..rest.len().min(3)]);
            return Err(format!("invalid URL escape {shown:?}"));
        };
        bytes.push(byte);
        rest = &tail[2..];
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(prompt: &str) -> Result<(String, String), String> {
        parse_prompt(prompt).map(|prompt| (prompt.user, prompt.host)).map_err(|error| error.to_string())
    }

    #[test]
    fn questions_are_read_whatever_their_quotes() {
        let pair = |user: &str, host: &str| Ok((user.to_owned(), host.to_owned()));
        assert_eq!(parsed("Username for \"https://h:8443\": "), pair("", "https://h:8443"));
        assert_eq!(parsed("Password for 'https://a:b@h/x?y#z': "), pair("a", "https://h/x?y#z"));
        assert_eq!(parsed("Password for 'https://u@[::1]:3000': "), pair("u", "https://[::1]:3000"));
    }

    #[test]
    fn what_is_no_url_of_a_server_is_refused() {
        for prompt in ["Username for '://h': ", "Username for 'https://h:x': ", "Username for 'https://%4': "] {
            assert!(parsed(prompt).unwrap_err().starts_with("parse host failed: "), "{prompt}");
        }
        assert_eq!(parsed("Username for 'ftp://h': ").unwrap_err(), "unsupported scheme: \"ftp\"");
    }
}
