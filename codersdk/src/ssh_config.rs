//! Rules for what a deployment puts into the SSH configurations of its users, as the server checks them.

use std::fmt;

use crate::quote::quoted;

/// What is wrong with an option or a name, in the server's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshConfigError(String);

impl fmt::Display for SshConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SshConfigError {}

/// Options that run programs or load libraries, or that Coder sets itself.
const REFUSED: [&str; 12] = [
    "host",
    "include",
    "knownhostscommand",
    "localcommand",
    "match",
    "permitlocalcommand",
    "pkcs11provider",
    "proxycommand",
    "remotecommand",
    "securitykeyprovider",
    "smartcarddevice",
    "xauthlocation",
];

const LINE_BREAKS: [char; 3] = ['\r', '\n', '\0'];

fn wrong(what: String) -> Result<(), SshConfigError> {
    Err(SshConfigError(what))
}

/// The key and the value of an option such as `ForwardAgent=yes` or `ForwardAgent yes`.
///
/// ```
/// assert_eq!(codersdk::ssh_config::parse_option("A=B=C"), Ok(("A", "B=C")));
/// ```
///
/// # Errors
/// If nothing separates the two, and for line breaks and NUL.
pub fn parse_option(option: &str) -> Result<(&str, &str), SshConfigError> {
    let shown = || quoted(option);
    if option.contains(LINE_BREAKS) {
        let what =
            format!("config-ssh option {} must not contain carriage return, newline, or NUL characters", shown());
        return Err(SshConfigError(what));
    }
    option.split_once([' ', '=']).ok_or_else(|| {
        SshConfigError(format!("config-ssh option {} is missing a key/value separator ('=' or ' ')", shown()))
    })
}

/// Checks an option before it is written to a user's SSH configuration.
///
/// # Errors
/// For keys that are no single word, options that could run programs or load libraries there or that Coder sets itself,
/// and values with line breaks or NUL.
pub fn option_valid(key: &str, value: &str) -> Result<(), SshConfigError> {
    let shown = quoted(key);
    if key.is_empty() {
        return wrong("ssh config option key must not be empty".to_owned());
    }
    if key.contains('=') || key.contains(LINE_BREAKS) || key.contains(char::is_whitespace) {
        return wrong(format!("ssh config option key {shown} is invalid"));
    }
    let lower = key.to_lowercase();
    if REFUSED.contains(&lower.as_str()) {
        return wrong(format!(
            "ssh config option {shown} is not allowed: it can execute code, load shared libraries, or override Coder's \
             managed SSH settings on client machines"
        ));
    }
    if lower == "proxyjump" {
        return wrong(format!(
            "ssh config option {shown} is not allowed: it conflicts with Coder's managed ProxyCommand"
        ));
    }
    if value.contains(LINE_BREAKS) {
        return wrong(format!(
            "ssh config option {shown} must not contain carriage return, newline, or NUL characters"
        ));
    }
    Ok(())
}

/// Checks the ending that workspaces' host names have, without the dot before it.
///
/// # Errors
/// For a leading dot, `*`, `?`, white space and control characters.
pub fn hostname_suffix_valid(suffix: &str) -> Result<(), SshConfigError> {
    let shown = || quoted(suffix);
    if suffix.starts_with('.') {
        return wrong(format!("workspace hostname suffix {} must not start with a leading dot", shown()));
    }
    if suffix.contains(['*', '?']) {
        return wrong(format!("workspace hostname suffix {} must not contain glob characters", shown()));
    }
    single_token("suffix", suffix)
}

/// Checks the beginning that workspaces' host names have.
///
/// # Errors
/// For white space and control characters.
pub fn hostname_prefix_valid(prefix: &str) -> Result<(), SshConfigError> {
    single_token("prefix", prefix)
}

fn single_token(what: &str, text: &str) -> Result<(), SshConfigError> {
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return wrong(format!(
            "workspace hostname {what} {} must not contain whitespace or control characters",
            quoted(text)
        ));
    }
    Ok(())
}
