//! Rules for names, as the server checks them: to tell a user before the request is made.

mod secrets;

use std::fmt;

pub use secrets::{
    MAX_USER_SECRET_VALUE_BYTES, user_secret_env_name_valid, user_secret_file_path_valid, user_secret_name_valid,
    user_secret_value_valid,
};

/// What is wrong with a name, in the server's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameError(String);

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NameError {}

const fn error(message: String) -> NameError {
    NameError(message)
}

/// Names that the dashboard needs for its own pages.
fn is_reserved(name: &str) -> bool {
    name == "new" || name == "create"
}

fn reserved(name: &str) -> NameError {
    error(format!("cannot use \"{name}\" as a name"))
}

/// Words of ASCII letters and digits, a single one of `separators` between two.
fn is_words(text: &str, separators: &[char]) -> bool {
    text.split(separators).all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Checks the name of a user, workspace, template or organization: 1 to 32 ASCII letters and digits, single hyphens
/// within, not `new` or `create`.
///
/// # Errors
/// What is wrong with it.
pub fn name_valid(name: &str) -> Result<(), NameError> {
    if name.len() > 32 {
        return Err(error("must be <= 32 characters".to_owned()));
    }
    if name.is_empty() {
        return Err(error("must be >= 1 character".to_owned()));
    }
    if is_reserved(name) {
        return Err(reserved(name));
    }
    if is_words(name, &['-']) { Ok(()) } else { Err(error("must be alphanumeric with hyphens".to_owned())) }
}

/// Checks the name of a template version: up to 64 ASCII letters and digits, single `_`, `.` or `-` within.
///
/// # Errors
/// What is wrong with it.
pub fn template_version_name_valid(name: &str) -> Result<(), NameError> {
    if name.len() > 64 {
        return Err(error("must be <= 64 characters".to_owned()));
    }
    if is_words(name, &['_', '.', '-']) {
        Ok(())
    } else {
        Err(error("must be alphanumeric with underscores and dots".to_owned()))
    }
}

/// Checks a name that is shown to people: up to 64 bytes on one line, no white space at its ends. It may be empty.
///
/// # Errors
/// What is wrong with it.
pub fn display_name_valid(name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        return Ok(());
    }
    if name.len() > 64 {
        return Err(error("must be <= 64 characters".to_owned()));
    }
    // The original's expression knows ASCII white space only.
    let blank = |c: char| matches!(c, ' ' | '\t' | '\n' | '\x0C' | '\r');
    if name.starts_with(blank) || name.ends_with(blank) || name.contains('\n') {
        return Err(error("must be alphanumeric with spaces".to_owned()));
    }
    Ok(())
}

/// Checks the full name of a user: up to 128 bytes, no white space at its ends. It may be empty.
///
/// # Errors
/// What is wrong with it.
pub fn user_real_name_valid(name: &str) -> Result<(), NameError> {
    if name.len() > 128 {
        return Err(error("must be <= 128 characters".to_owned()));
    }
    if name.trim() == name { Ok(()) } else { Err(error("must not have leading or trailing whitespace".to_owned())) }
}

/// Checks the name of a group: as [`name_valid`], but up to 255 bytes.
///
/// # Errors
/// What is wrong with it.
pub fn group_name_valid(name: &str) -> Result<(), NameError> {
    if name.len() > 255 {
        return Err(error("must be <= 255 characters".to_owned()));
    }
    if is_reserved(name) {
        return Err(reserved(name));
    }
    if is_words(name, &['-']) { Ok(()) } else { Err(error("must be alphanumeric with hyphens".to_owned())) }
}

/// Makes a user name of an e-mail address or other text: what it has before the last `@` without what a name may not
/// have. `None` if nothing usable is left, where the original makes up a name.
pub fn username_from(text: &str) -> Option<String> {
    if name_valid(text).is_ok() {
        return Some(text.to_owned());
    }
    let before = text.rfind('@').map_or(text, |at| &text[..at]);
    let name: String = before.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    name_valid(&name).is_ok().then_some(name)
}

/// Makes a text usable as a user's full name: no white space at its ends, at most 128 bytes, whole characters.
pub fn normalize_real_username(text: &str) -> String {
    let trimmed = text.trim();
    let mut end = trimmed.len().min(128);
    while !trimmed.is_char_boundary(end) {
        end -= 1;
    }
    trimmed[..end].to_owned()
}

/// Splits a workspace as users write it, `[owner/]workspace`, into owner and name; the owner is `me` where it is left
/// out. The parts are not checked.
///
/// # Errors
/// For more than one slash.
pub fn split_workspace_identifier(identifier: &str) -> Result<(&str, &str), NameError> {
    split_identifier("workspace", identifier)
}

/// Splits a task as users write it, `[owner/]task`, as [`split_workspace_identifier`] does.
///
/// # Errors
/// For more than one slash.
pub fn split_task_identifier(identifier: &str) -> Result<(&str, &str), NameError> {
    split_identifier("task", identifier)
}

fn split_identifier<'a>(what: &str, identifier: &'a str) -> Result<(&'a str, &'a str), NameError> {
    match identifier.split_once('/') {
        None => Ok(("me", identifier)),
        Some((_, rest)) if rest.contains('/') => Err(error(format!("invalid {what} identifier: {identifier:?}"))),
        Some(parts) => Ok(parts),
    }
}
