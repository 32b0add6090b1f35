//! Which names people and things may have. Lengths are in bytes.

use std::sync::LazyLock;

use regex::Regex;

static NAME: LazyLock<Regex> = LazyLock::new(|| regex(r"^[a-zA-Z0-9]+(?:-[a-zA-Z0-9]+)*$"));
static EMAIL: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+)*@(?:[\p{L}\p{N}](?:[\p{L}\p{N}._~-]*[\p{L}\p{N}])?\.)+\p{L}(?:[\p{L}\p{N}._~-]*\p{L})?\.?$",
    )
});

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a well-formed pattern")
}

/// Whether the text can name a user, a workspace, a template or an organization.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn name_valid(text: &str) -> Result<(), String> {
    identifier(text, 32)
}

/// Whether the text can name a group.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn group_name_valid(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("must be alphanumeric with hyphens".to_owned());
    }
    identifier(text, 255)
}

fn identifier(text: &str, limit: usize) -> Result<(), String> {
    if text.len() > limit {
        return Err(format!("must be <= {limit} characters"));
    }
    if text.is_empty() {
        return Err("must be >= 1 character".to_owned());
    }
    // The web page has pages of these names.
    if text == "new" || text == "create" {
        return Err(format!("cannot use {} as a name", crate::quote::quoted(text)));
    }
    if !NAME.is_match(text) {
        return Err("must be alphanumeric with hyphens".to_owned());
    }
    Ok(())
}

/// Whether the text can be a person's real name.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn user_real_name_valid(text: &str) -> Result<(), String> {
    if text.len() > 128 {
        return Err("must be <= 128 characters".to_owned());
    }
    if text.trim() != text {
        return Err("must not have leading or trailing whitespace".to_owned());
    }
    Ok(())
}

/// A real name without white space around it, cut to 128 bytes.
pub(crate) fn normalize_real_name(text: &str) -> String {
    let text = text.trim();
    text[..text.floor_char_boundary(128)].to_owned()
}

/// Whether the text is an e-mail address.
pub(crate) fn is_email(text: &str) -> bool {
    EMAIL.is_match(text)
}
