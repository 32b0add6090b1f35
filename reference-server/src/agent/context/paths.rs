//! Paths as people write them in settings, and where they lead.

use std::path::{Path, PathBuf};

use workspacesdk::fs::path::{clean, is_absolute, join};

use crate::quote::quoted;

/// The paths of a list with commas: absolute, in the home directory, or in the directory given. What leads nowhere is
/// left out.
pub(super) fn listed(list: &str, home: Option<&str>, dir: &str) -> Vec<String> {
    list.split(',').filter_map(|path| resolved(path.trim(), home, dir)).collect()
}

fn resolved(path: &str, home: Option<&str>, dir: &str) -> Option<String> {
    match path {
        "" => None,
        "~" => home.map(str::to_owned),
        _ => match path.strip_prefix("~/") {
            Some(below) => home.map(|home| join(&[home, below])),
            None if is_absolute(path) => Some(path.to_owned()),
            None => (!dir.is_empty()).then(|| join(&[dir, path])),
        },
    }
}

/// The clean form of an absolute path or one in the home directory; links are not followed.
///
/// # Errors
/// What is wrong with the path.
pub(super) fn lexical(path: &str, home: Option<&str>) -> Result<String, String> {
    let path = path.trim();
    if path.is_empty() {
        return Err("path is empty".to_owned());
    }
    if path == "~" || path.starts_with("~/") {
        let home = home.ok_or("expand home dir: $HOME is not defined")?;
        return Ok(join(&[home, &path[1..]]));
    }
    if !is_absolute(path) {
        return Err(format!("path {} is not absolute", quoted(path)));
    }
    Ok(clean(path))
}

/// As [`lexical`], with links followed where the path leads to something.
///
/// # Errors
/// What is wrong with the path.
pub(super) fn canonical(path: &str, home: Option<&str>) -> Result<String, String> {
    let lexical = lexical(path, home)?;
    Ok(Path::new(&lexical).canonicalize().map_or(lexical, text))
}

pub(super) fn text(path: PathBuf) -> String {
    path.into_os_string().into_string().unwrap_or_else(|path| path.to_string_lossy().into_owned())
}

/// Whether a clean path is the folder, or in it.
pub(super) fn is_within(path: &str, folder: &str) -> bool {
    match path.strip_prefix(folder) {
        Some(rest) => rest.is_empty() || rest.starts_with('/') || folder.ends_with('/'),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        let listed = |list| listed(list, Some("/home/me"), "/work");
        assert_eq!(
            listed(" ~/.coder/skills, .agents/skills,,/abs/../x,~"),
            ["/home/me/.coder/skills", "/work/.agents/skills", "/abs/../x", "/home/me"]
        );
        assert!(super::listed("a,~/b", None, "").is_empty());
    }

    #[test]
    fn sources() {
        assert_eq!(lexical("~/a/../b/", Some("/home/me")).unwrap(), "/home/me/b");
        assert_eq!(lexical(" ", None).unwrap_err(), "path is empty");
        assert_eq!(lexical("docs", None).unwrap_err(), "path \"docs\" is not absolute");
        assert_eq!(lexical("~nobody/x", Some("/h")).unwrap_err(), "path \"~nobody/x\" is not absolute");
    }

    #[test]
    fn folders() {
        assert!(is_within("/a/b", "/a") && is_within("/a", "/a") && is_within("/a", "/"));
        assert!(!is_within("/ab", "/a") && !is_within("/", "/a"));
    }
}
