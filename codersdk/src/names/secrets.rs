//! Rules for users' secrets.

use super::{NameError, error};

/// Longest value of a secret, in bytes.
pub const MAX_USER_SECRET_VALUE_BYTES: usize = 24 * 1024;
const MAX_ENV_NAME: usize = 256;
const MAX_FILE_PATH: usize = 4096;

/// Variables that a workspace's shells, sessions and tools depend on.
const RESERVED: [&str; 31] = [
    "PATH",
    "HOME",
    "SHELL",
    "USER",
    "LOGNAME",
    "PWD",
    "OLDPWD",
    "LANG",
    "TERM",
    "IFS",
    "CDPATH",
    "ENV",
    "BASH_ENV",
    "TMPDIR",
    "TMP",
    "TEMP",
    "HOSTNAME",
    "SSH_AUTH_SOCK",
    "SSH_CLIENT",
    "SSH_CONNECTION",
    "SSH_TTY",
    "EDITOR",
    "VISUAL",
    "PAGER",
    "VSCODE_PROXY_URI",
    "CS_DISABLE_GETTING_STARTED_OVERRIDE",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_CACHE_HOME",
    "XDG_STATE_HOME",
];
const RESERVED_PREFIXES: [&str; 4] = ["GIT_", "LC_", "LD_", "DYLD_"];

/// Checks the name of a user's secret: not blank, no white space at its ends, none of `/`, `?` and `#`.
///
/// # Errors
/// What is wrong with it.
pub fn user_secret_name_valid(name: &str) -> Result<(), NameError> {
    if name.trim().is_empty() {
        return Err(error("Name is required.".to_owned()));
    }
    if name.trim() != name {
        return Err(error("Name must not have leading or trailing whitespace.".to_owned()));
    }
    if name.contains(['/', '?', '#']) {
        return Err(error("Name must not contain /, ?, or #.".to_owned()));
    }
    Ok(())
}

/// Checks the environment variable that a secret is put into: up to 256 ASCII letters, digits and `_`, not beginning
/// with a digit, none that a workspace needs itself. It may be empty: no variable.
///
/// # Errors
/// What is wrong with it.
pub fn user_secret_env_name_valid(name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        return Ok(());
    }
    if name.len() > MAX_ENV_NAME {
        return Err(error(format!("environment variable name must not exceed {MAX_ENV_NAME} bytes")));
    }
    let is_word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_word || name.starts_with(|c: char| c.is_ascii_digit()) {
        let rule = "must start with a letter or underscore, followed by letters, digits, or underscores";
        return Err(error(rule.to_owned()));
    }
    let upper = name.to_ascii_uppercase();
    if RESERVED.contains(&upper.as_str()) {
        return Err(error(format!("{upper} is a reserved environment variable name")));
    }
    if upper == "CODER" || upper.starts_with("CODER_") {
        let rule = "environment variable names starting with CODER_ are reserved for internal use";
        return Err(error(rule.to_owned()));
    }
    match RESERVED_PREFIXES.into_iter().find(|prefix| upper.starts_with(prefix)) {
        Some(prefix) => Err(error(format!("environment variables starting with {prefix} are reserved"))),
        None => Ok(()),
    }
}

/// Checks the file that a secret is written to: absolute or below the home directory (`~/`), up to 4,096 bytes. It may
/// be empty: no file.
///
/// # Errors
/// What is wrong with it.
pub fn user_secret_file_path_valid(path: &str) -> Result<(), NameError> {
    if path.is_empty() {
        return Ok(());
    }
    if !path.starts_with("~/") && !path.starts_with('/') {
        return Err(error("file path must start with ~/ or /".to_owned()));
    }
    if path.contains('\0') {
        return Err(error("file path must not contain null bytes".to_owned()));
    }
    if path.len() > MAX_FILE_PATH {
        return Err(error(format!("file path must not exceed {MAX_FILE_PATH} bytes")));
    }
    Ok(())
}

/// Checks the value of a secret: no null bytes, up to [`MAX_USER_SECRET_VALUE_BYTES`].
///
/// # Errors
/// What is wrong with it; the value is not part of it.
pub fn user_secret_value_valid(value: &str) -> Result<(), NameError> {
    if value.contains('\0') {
        return Err(error("secret value must not contain null bytes".to_owned()));
    }
    if value.len() > MAX_USER_SECRET_VALUE_BYTES {
        return Err(error(format!("secret value must not exceed {MAX_USER_SECRET_VALUE_BYTES} bytes")));
    }
    Ok(())
}
