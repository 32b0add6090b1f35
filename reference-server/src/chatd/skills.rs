//! Skills: instructions that a model reads when it needs them. A turn has those of the chat's owner, and those of its
//! workspace.

use std::collections::BTreeMap;

use workspacesdk::skills::{
    FrontmatterError, MAX_SKILL_META_BYTES, SKILL_NAME_REGEX, SkillMeta, is_skill_name, parse_skill_frontmatter,
};

use crate::quote::quoted;

/// How large a skill of a user's own may be, in bytes.
pub(crate) const MAX_SKILL_BYTES: usize = MAX_SKILL_META_BYTES;
/// How long its name may be, in bytes.
const MAX_NAME: usize = 256;
/// How long its description may be, in bytes.
const MAX_DESCRIPTION: usize = 4096;

/// Why a text is no skill that a user can have.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SkillError {
    #[error("skill is too large: got {0} bytes, maximum is {MAX_SKILL_BYTES} bytes: skill is too large")]
    TooLarge(usize),
    #[error("parse skill frontmatter: {0}")]
    Frontmatter(FrontmatterError),
    #[error("invalid skill name: {0}: invalid skill name")]
    Name(String),
    #[error(
        "skill description is too large: got {0} bytes, maximum is {MAX_DESCRIPTION} bytes: skill description is too large"
    )]
    DescriptionTooLarge(usize),
    #[error("skill body is required: skill {} has no content after frontmatter: skill body is required", quoted(.0))]
    NoBody(String),
}

/// Reads a skill of a user's own.
///
/// # Errors
/// When it breaks the rules for such skills.
pub(crate) fn parse_personal(content: &str) -> Result<SkillMeta, SkillError> {
    if content.len() > MAX_SKILL_BYTES {
        return Err(SkillError::TooLarge(content.len()));
    }
    let skill = parse_skill_frontmatter(content).map_err(|error| match error {
        error if error.is_about_the_name() => SkillError::Name("frontmatter must contain a 'name' field".to_owned()),
        error => SkillError::Frontmatter(error),
    })?;
    let name = quoted(&skill.name);
    if !is_skill_name(&skill.name) {
        return Err(SkillError::Name(format!("{name} must match {SKILL_NAME_REGEX}")));
    }
    if skill.name.len() > MAX_NAME {
        let length = skill.name.len();
        return Err(SkillError::Name(format!("{name} is {length} bytes, maximum is {MAX_NAME} bytes")));
    }
    if skill.description.len() > MAX_DESCRIPTION {
        return Err(SkillError::DescriptionTooLarge(skill.description.len()));
    }
    if skill.body.trim().is_empty() {
        return Err(SkillError::NoBody(skill.name));
    }
    Ok(skill)
}

/// Where a skill comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    /// The chat's owner wrote it.
    Personal,
    /// It lies in the workspace.
    Workspace,
}

impl Source {
    /// The name that tells the skills of one source from those of the other.
    fn qualified(self, name: &str) -> String {
        match self {
            Self::Personal => format!("personal/{name}"),
            Self::Workspace => format!("workspace/{name}"),
        }
    }
}

/// A skill of a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Skill {
    pub(crate) source: Source,
    pub(crate) name: String,
    pub(crate) description: String,
    /// The name that the model is told.
    pub(crate) alias: String,
}

/// A name and a description.
pub(crate) type Described = (String, String);

/// The skills of a turn, by name; of several of one name and source the first counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Skills(Vec<Skill>);

impl Skills {
    pub(crate) fn new(personal: Vec<Described>, workspace: Vec<Described>) -> Self {
        let mut found: BTreeMap<String, BTreeMap<Source, String>> = BTreeMap::new();
        for (source, skills) in [(Source::Personal, personal), (Source::Workspace, workspace)] {
            for (name, description) in skills {
                found.entry(name).or_default().entry(source).or_insert(description);
            }
        }
        let mut skills = Vec::new();
        for (name, sources) in found {
            let shared = sources.len() > 1;
            skills.extend(sources.into_iter().map(|(source, description)| {
                let alias = if shared { source.qualified(&name) } else { name.clone() };
                Skill { source, name: name.clone(), description, alias }
            }));
        }
        Self(skills)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether some of them lie in the workspace.
    pub(crate) fn has_files(&self) -> bool {
        self.0.iter().any(|skill| skill.source == Source::Workspace)
    }

    /// The skill that a model means.
    ///
    /// # Errors
    /// What the model is told when there is none, or more than one.
    pub(crate) fn find(&self, wanted: &str) -> Result<&Skill, String> {
        let exact = |skill: &&Skill| skill.alias == wanted || skill.source.qualified(&skill.name) == wanted;
        if let Some(skill) = self.0.iter().find(exact) {
            return Ok(skill);
        }
        let matches: Vec<_> = self.0.iter().filter(|skill| skill.name == wanted).collect();
        if matches.is_empty() {
            return Err(format!("skill {} not found", quoted(wanted)));
        }
        let names: Vec<_> = matches.iter().map(|skill| skill.source.qualified(&skill.name)).collect();
        let names = names.join(", ");
        Err(format!("skill lookup is ambiguous: {} matches {names}: skill lookup is ambiguous", quoted(wanted)))
    }

    /// What the model is told of them; nothing if there are none.
    pub(crate) fn index(&self) -> String {
        if self.is_empty() {
            return String::new();
        }
        let mut index = "<available-skills>\nRead a skill with read_skill before you follow it.\n".to_owned();
        if self.has_files() {
            index.push_str("Read other files that a skill of the workspace speaks of with read_skill_file.\n");
        }
        if self.0.iter().any(|skill| skill.alias != skill.name) {
            index.push_str("Where a skill is listed as personal/name or workspace/name, pass that whole name.\n");
        }
        index.push('\n');
        for Skill { alias, description, .. } in &self.0 {
            let colon = if description.is_empty() { "" } else { ": " };
            index.push_str(&format!("- {alias}{colon}{description}\n"));
        }
        index.push_str("</available-skills>");
        index
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{Case, vectors};

    fn content(case: &Case) -> String {
        if case.input["repeat"].is_null() {
            return case.text("content").to_owned();
        }
        let times = usize::try_from(case.input["repeat"].as_u64().unwrap()).unwrap();
        format!("{}{}{}", case.text("before"), case.text("unit").repeat(times), case.text("after"))
    }

    #[test]
    fn vectors_of_own_skills_match() {
        for case in vectors("skills.json").iter().filter(|case| case.text("rule") == "personal") {
            match (parse_personal(&content(case)), &case.error) {
                (Ok(skill), None) => {
                    let got = json!({"name": skill.name, "description": skill.description, "body": skill.body});
                    assert_eq!(got, case.output, "{}", case.name);
                }
                (Err(error), Some(expected)) => assert_eq!(&json!(error.to_string()), expected, "{}", case.name),
                (Err(error), None) => {
                    let starts = case.output["error_starts"].as_str().unwrap_or_else(|| panic!("{}", case.name));
                    assert!(error.to_string().starts_with(starts), "{}: {error}", case.name);
                }
                (Ok(skill), Some(error)) => panic!("{}: {skill:?} instead of {error}", case.name),
            }
        }
    }

    #[test]
    fn vectors_of_lookups_match() {
        let list = |value: &Value, description: &str| -> Vec<Described> {
            let names = value.as_array().into_iter().flatten();
            names.map(|name| (name.as_str().unwrap().to_owned(), description.to_owned())).collect()
        };
        for case in vectors("skills.json").iter().filter(|case| case.text("rule") == "lookup") {
            let skills = Skills::new(list(&case.input["personal"], ""), list(&case.input["workspace"], ""));
            for (wanted, expected) in
                case.input["lookups"].as_array().unwrap().iter().zip(case.output["results"].as_array().unwrap())
            {
                let got = match skills.find(wanted.as_str().unwrap()) {
                    Ok(skill) => json!({"found": skill.source.qualified(&skill.name)}),
                    Err(error) if error.ends_with("not found") => {
                        json!({"error": format!("skill not found: {wanted}: skill not found")})
                    }
                    Err(error) => json!({"error": error}),
                };
                assert_eq!(&got, expected, "{}", case.name);
            }
        }
    }

    #[test]
    fn the_index_names_all() {
        let one = |name: &str, description: &str| vec![(name.to_owned(), description.to_owned())];
        assert_eq!(Skills::default().index(), "");
        let index = Skills::new(one("a", "Does a."), one("b", "")).index();
        assert!(
            index.starts_with("<available-skills>\n") && index.ends_with("\n\n- a: Does a.\n- b\n</available-skills>")
        );
        let both = Skills::new(one("a", "mine"), one("a", "theirs")).index();
        assert!(both.contains("\n- personal/a: mine\n- workspace/a: theirs\n"), "{both}");
    }
}
