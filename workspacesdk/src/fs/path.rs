//! Paths as texts, by the rules of the original: shortened without looking at the file system.

/// Whether the path begins at the root.
pub fn is_absolute(path: &str) -> bool {
    path.starts_with('/')
}

/// The shortest equivalent path: no empty names, no `.`, and no `..` that can be resolved in the text.
pub fn clean(path: &str) -> String {
    let rooted = is_absolute(path);
    let mut names: Vec<&str> = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." if names.last().is_some_and(|last| *last != "..") => _ = names.pop(),
            ".." if rooted => {}
            name => names.push(name),
        }
    }
    let joined = names.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

/// Joins names or paths and shortens the result. Empty ones are left out.
pub fn join(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { String::new() } else { clean(&parts.join("/")) }
}

/// All but the last name of a path, shortened.
pub fn parent(path: &str) -> String {
    clean(path.rfind('/').map_or("", |end| &path[..=end]))
}

/// The last name of a path.
pub fn base(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    match (path.is_empty(), trimmed.is_empty()) {
        (true, _) => ".",
        (false, true) => "/",
        _ => trimmed.rsplit('/').next().unwrap_or(trimmed),
    }
}

/// A hidden file in the same directory, under a name that nobody has.
pub(super) fn temporary_beside(path: &str) -> String {
    let name = format!(".{}.tmp.{:08x}", base(path), rand::random::<u32>());
    join(&[&parent(path), &name])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleaning() {
        for (path, cleaned) in [
            ("", "."),
            ("/", "/"),
            ("/..", "/"),
            ("/a//b/./c/..", "/a/b"),
            ("a/../..", ".."),
            ("../../a", "../../a"),
            ("/a/", "/a"),
        ] {
            assert_eq!(clean(path), cleaned, "{path}");
        }
    }

    #[test]
    fn parts() {
        assert_eq!(join(&["/a", "", "../b"]), "/b");
        assert_eq!(join(&["", ""]), "");
        assert_eq!((parent("/a/b"), base("/a/b")), ("/a".to_owned(), "b"));
        assert_eq!((parent("/a"), base("/")), ("/".to_owned(), "/"));
        assert_eq!((parent("a"), base("a/")), (".".to_owned(), "a"));
    }
}
