//! Skills: folders or texts that teach a model how to do something. A skill's meta file begins with YAML between two
//! `---` lines, its front matter, which names and describes it.

mod characters;
mod yaml;

use std::fmt;

use yaml::Value;

use crate::quote::shown;

/// How long the meta file of a skill may be, in bytes.
pub const MAX_SKILL_META_BYTES: usize = 64 << 10;

/// What the name of a skill looks like, as a regular expression: see [`is_skill_name`].
pub const SKILL_NAME_REGEX: &str = "^[a-z0-9]+(-[a-z0-9]+)*$";

/// What the meta file of a skill says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SkillMeta {
    /// Its name, not checked against [`is_skill_name`].
    pub name: String,
    /// What it is for; may be empty.
    pub description: String,
    /// The text after the front matter, without HTML comments.
    pub body: String,
}

/// Why the front matter of a skill could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrontmatterError {
    /// The first line is not `---`.
    NotOpened,
    /// No later line is `---`.
    NotClosed,
    /// What stands between them is no YAML mapping; the parser's words.
    Yaml(String),
    /// There is no name, or an empty one.
    NameMissing,
    /// The name is a number, a date or something else that is not text.
    NameNotText,
    /// The description is not text.
    DescriptionNotText,
}

impl FrontmatterError {
    /// Whether all that is wrong is the name.
    pub fn is_about_the_name(&self) -> bool {
        matches!(self, Self::NameMissing | Self::NameNotText)
    }
}

impl fmt::Display for FrontmatterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAME_REQUIRED: &str = "frontmatter missing required 'name' field";
        match self {
            Self::NotOpened => f.write_str("missing opening frontmatter delimiter"),
            Self::NotClosed => f.write_str("missing closing frontmatter delimiter"),
            Self::Yaml(error) => write!(f, "parse frontmatter YAML: {error}"),
            // Said twice, as agents say it.
            Self::NameMissing => write!(f, "{NAME_REQUIRED}: {NAME_REQUIRED}"),
            Self::NameNotText => {
                write!(f, "{NAME_REQUIRED}: frontmatter field \"name\" must be a string: {NAME_REQUIRED}")
            }
            Self::DescriptionNotText => f.write_str("frontmatter field \"description\" must be a string"),
        }
    }
}

impl std::error::Error for FrontmatterError {}

/// Reads the meta file of a skill.
///
/// # Errors
/// When the front matter is missing, is no YAML mapping, or its `name` or `description` is not text.
///
/// ```
/// let skill = workspacesdk::skills::parse_skill_frontmatter("---\nname: zoo\ndescription: Feeds animals\n---\nBody\n")?;
/// assert_eq!((skill.name.as_str(), skill.body.as_str()), ("zoo", "Body"));
/// # Ok::<(), workspacesdk::skills::FrontmatterError>(())
/// ```
pub fn parse_skill_frontmatter(content: impl AsRef<[u8]>) -> Result<SkillMeta, FrontmatterError> {
    let content = content.as_ref();
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let mut lines = content.split(|byte| *byte == b'\n');
    let is_fence = |line: &[u8]| shown(line).trim() == "---";
    if !lines.next().is_some_and(is_fence) {
        return Err(FrontmatterError::NotOpened);
    }
    let mut front = Vec::new();
    loop {
        match lines.next() {
            None => return Err(FrontmatterError::NotClosed),
            Some(line) if is_fence(line) => break,
            Some(line) => front.push(line),
        }
    }
    let front = characters::text(&front.join(&b'\n')).map_err(|error| FrontmatterError::Yaml(error.to_owned()))?;
    let rest = shown(&lines.collect::<Vec<_>>().join(&b'\n'));
    let mut fields = yaml::mapping(&front).map_err(FrontmatterError::Yaml)?;
    let name = match fields.remove("name") {
        Some(Value::Text(name)) => name.trim_end_matches(['\r', '\n']).to_owned(),
        Some(_) => return Err(FrontmatterError::NameNotText),
        None => String::new(),
    };
    if name.is_empty() {
        return Err(FrontmatterError::NameMissing);
    }
    let description = match fields.remove("description") {
        Some(Value::Text(description)) => description.trim_end_matches(['\r', '\n']).to_owned(),
        Some(_) => return Err(FrontmatterError::DescriptionNotText),
        None => String::new(),
    };
    let body = without_markdown_comments(&rest).trim().to_owned();
    Ok(SkillMeta { name, description, body })
}

/// Whether a text can name a skill: groups of small letters and digits with single hyphens between them.
pub fn is_skill_name(name: &str) -> bool {
    let is_group =
        |group: &str| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    name.split('-').all(is_group)
}

/// A Markdown text without its HTML comments, which a reader does not see and a model would.
pub fn without_markdown_comments(text: &str) -> String {
    const OPEN: &str = "<!--";
    const CLOSE: &str = "-->";
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(OPEN) {
        let inside = &rest[start + OPEN.len()..];
        let Some(end) = inside.find(CLOSE) else { break };
        kept.push_str(&rest[..start]);
        rest = &inside[end + CLOSE.len()..];
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for name in ["a", "a1", "a-b-c", "9lives"] {
            assert!(is_skill_name(name), "{name}");
        }
        for name in ["", "-a", "a-", "a--b", "a_b", "A", "a.b", "é"] {
            assert!(!is_skill_name(name), "{name}");
        }
    }

    #[test]
    fn comments() {
        assert_eq!(without_markdown_comments("a<!-- x\n-->b<!---->c<!-->d"), "abc<!-->d");
        assert_eq!(without_markdown_comments("<!-- <!-- --> -->"), " -->");
    }

    #[test]
    fn the_fence_may_be_the_last_line() {
        assert_eq!(parse_skill_frontmatter("---\nname: a\n---").unwrap().body, "");
        assert_eq!(parse_skill_frontmatter("---\nname: a"), Err(FrontmatterError::NotClosed));
        assert_eq!(parse_skill_frontmatter("---"), Err(FrontmatterError::NotClosed));
    }
}
