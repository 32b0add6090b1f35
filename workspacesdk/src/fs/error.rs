use std::io;

/// A file system call that failed. Its `Display` is the agent's wording: what was tried, the path, and the system's
/// words.
#[derive(Debug)]
pub struct FsError {
    operation: &'static str,
    path: String,
    source: io::Error,
}

impl FsError {
    /// What failed (`open`, `stat`, …), on which path, and why.
    pub fn new(operation: &'static str, path: &str, source: io::Error) -> Self {
        Self { operation, path: path.to_owned(), source }
    }

    /// Whether the file does not exist.
    pub fn is_not_found(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }

    /// Whether the permission is missing.
    pub fn is_permission_denied(&self) -> bool {
        self.source.kind() == io::ErrorKind::PermissionDenied
    }

    /// Whether a file stands where a directory is needed.
    pub fn is_not_a_directory(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotADirectory
    }
}

impl std::fmt::Display for FsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}: {}", self.operation, self.path, in_words(&self.source))
    }
}

impl std::error::Error for FsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// The system's words for an error, in small letters and without its number, as agents give them.
pub fn in_words(error: &io::Error) -> String {
    // The standard library looks for NUL bytes before the system can, and has words of its own for them.
    if error.kind() == io::ErrorKind::InvalidInput && error.raw_os_error().is_none() {
        return "invalid argument".to_owned();
    }
    let text = error.to_string();
    let words = text.rfind(" (os error").map_or(text.as_str(), |end| &text[..end]);
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wording() {
        let error = FsError::new("open", "/x", io::Error::from_raw_os_error(2));
        assert_eq!(error.to_string(), "open /x: no such file or directory");
        assert!(error.is_not_found());
        let error = FsError::new("open", "/a\0b", std::fs::File::open("/a\0b").unwrap_err());
        assert_eq!(error.to_string(), "open /a\0b: invalid argument");
    }
}
