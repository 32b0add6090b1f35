//! The tools with which a model reads skills.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value, json};
use uuid::Uuid;
use workspacesdk::files::{LsRelativity, LsRequest};
use workspacesdk::fs::path;
use workspacesdk::skills::parse_skill_frontmatter;

use super::args;
use super::workspace::Workspace;
use super::{Tool, ToolResponse};
use crate::chatd::context::WorkspaceSkill;
use crate::chatd::skills::{self, Skills, Source};
use crate::model::ToolDefinition;
use crate::quote::quoted;
use crate::store::Store;

const READ: &str = "read_skill";
const READ_FILE: &str = "read_skill_file";
/// The file that describes a skill.
const META: &str = "SKILL.md";
/// How much of another file the model gets, in bytes.
const MAX_FILE: usize = 512 * 1024;

/// The skills of a turn, and where their texts are.
#[derive(Debug)]
pub(crate) struct TurnSkills {
    pub(crate) skills: Skills,
    pub(crate) in_workspace: Vec<WorkspaceSkill>,
    pub(crate) workspace: Arc<dyn Workspace>,
    pub(crate) store: Store,
    pub(crate) owner_id: Uuid,
}

/// The tools of a turn with these skills; none without skills.
pub(crate) fn skill_tools(turn: TurnSkills) -> Vec<Arc<dyn Tool>> {
    if turn.skills.is_empty() {
        return Vec::new();
    }
    let has_files = turn.skills.has_files();
    let turn = Arc::new(turn);
    let mut tools: Vec<Arc<dyn Tool>> = vec![Arc::new(ReadSkill(turn.clone()))];
    if has_files {
        tools.push(Arc::new(ReadSkillFile(turn)));
    }
    tools
}

fn missing(asked: &str) -> String {
    format!("skill {} not found", quoted(asked))
}

impl TurnSkills {
    async fn own(&self, asked: &str, name: &str) -> Result<Value, String> {
        let failed = || format!("failed to load personal skill {}", quoted(asked));
        match self.store.user_skill(self.owner_id, name).await {
            Ok(Some(row)) => {
                let skill = skills::parse_personal(&row.content).map_err(|_| failed())?;
                Ok(json!({"name": asked, "body": skill.body, "files": []}))
            }
            Ok(None) => Err(missing(asked)),
            Err(error) => {
                tracing::error!(owner = %self.owner_id, %error, "a skill cannot be read");
                Err(failed())
            }
        }
    }

    /// The skill of this name in the workspace.
    fn found(&self, asked: &str, name: &str) -> Result<&WorkspaceSkill, String> {
        self.in_workspace.iter().find(|skill| skill.name == name).ok_or_else(|| missing(asked))
    }

    async fn read(&self, asked: &str) -> Result<Value, String> {
        let skill = self.skills.find(asked)?;
        if skill.source == Source::Personal {
            return self.own(asked, &skill.name).await;
        }
        let found = self.found(asked, &skill.name)?;
        let parsed = parse_skill_frontmatter(&found.meta);
        let body = parsed.map_err(|error| format!("parse skill frontmatter: {error}"))?.body;
        Ok(json!({"name": asked, "dir": found.dir, "body": body, "files": self.files(&found.dir).await}))
    }

    /// What lies beside the skill's text; nothing where the workspace does not answer, for the text is there.
    async fn files(&self, dir: &str) -> Vec<String> {
        let Ok(conn) = self.workspace.conn().await else { return Vec::new() };
        let request = LsRequest { path: vec![dir.to_owned()].into(), relativity: LsRelativity::Root };
        let Ok(listed) = conn.list_directory("", request).await else { return Vec::new() };
        let others = listed.contents.into_inner().into_iter().filter(|entry| entry.name != META);
        others.map(|entry| if entry.is_dir { format!("{}/", entry.name) } else { entry.name }).collect()
    }

    async fn read_file(&self, asked: &str, file: &str) -> Result<Value, String> {
        let skill = self.skills.find(asked)?;
        if skill.source == Source::Personal {
            return Err("read_skill_file is not supported for personal skills (no supporting files)".to_owned());
        }
        let found = self.found(asked, &skill.name)?;
        check_path(file)?;
        let conn = self.workspace.conn().await?;
        let failed = |error: codersdk::Error| format!("read skill file: {error}");
        let most = MAX_FILE as u64;
        let content = conn.read_file(&path::join(&[&found.dir, file]), 0, most).await.map_err(failed)?;
        let content = content.bytes(most).await.map_err(failed)?;
        Ok(json!({"content": String::from_utf8_lossy(&content)}))
    }
}

/// Only what lies below the folder may be read, and nothing hidden.
fn check_path(path: &str) -> Result<(), String> {
    if path.is_empty() {
        return Err("path is required".to_owned());
    }
    if path.starts_with('/') {
        return Err("absolute paths are not allowed".to_owned());
    }
    for name in path.split('/') {
        if name == ".." {
            return Err("path traversal is not allowed".to_owned());
        }
        if name.starts_with('.') {
            return Err("hidden file components are not allowed".to_owned());
        }
    }
    Ok(())
}

fn definition(name: &str, description: &str, arguments: &[(&str, &str)]) -> ToolDefinition {
    let properties: Map<String, Value> = arguments
        .iter()
        .map(|(name, description)| ((*name).to_owned(), json!({"type": "string", "description": description})))
        .collect();
    let required: Vec<&str> = arguments.iter().map(|(name, _)| *name).collect();
    ToolDefinition {
        name: name.to_owned(),
        description: description.to_owned(),
        input_schema: json!({"type": "object", "properties": properties, "required": required}),
    }
}

const NAME_ARGUMENT: (&str, &str) = ("name", "The skill's name as it is listed.");

pub(super) fn read_definition() -> ToolDefinition {
    const WHAT: &str =
        "Reads all instructions of a skill, and lists the files beside it. Read a skill before you follow it.";
    definition(READ, WHAT, &[NAME_ARGUMENT])
}

pub(super) fn read_file_definition() -> ToolDefinition {
    const PATH: &str = "Path below the skill's folder, such as roles/reviewer.md.";
    definition(READ_FILE, "Reads a file that lies beside a skill.", &[NAME_ARGUMENT, ("path", PATH)])
}

/// The arguments of these names, in their order, none of them empty.
fn given<const N: usize>(definition: &ToolDefinition, input: &str, names: [&str; N]) -> Result<[String; N], String> {
    let args = args::parse(definition, input)?;
    let texts = names.map(|name| args.get(name).and_then(Value::as_str).unwrap_or_default().to_owned());
    match names.iter().zip(&texts).find(|(_, text)| text.is_empty()) {
        Some((name, _)) => Err(format!("{name} is required")),
        None => Ok(texts),
    }
}

fn answer(outcome: Result<Value, String>) -> ToolResponse {
    outcome.map_or_else(ToolResponse::Error, |value| ToolResponse::json(&value))
}

/// Reads the instructions of a skill.
#[derive(Debug)]
struct ReadSkill(Arc<TurnSkills>);

#[async_trait]
impl Tool for ReadSkill {
    fn name(&self) -> &str {
        READ
    }

    fn definition(&self) -> ToolDefinition {
        read_definition()
    }

    async fn run(&self, _call_id: &str, input: &str) -> ToolResponse {
        match given(&self.definition(), input, ["name"]) {
            Ok([name]) => answer(self.0.read(&name).await),
            Err(error) => ToolResponse::Error(error),
        }
    }
}

/// Reads a file that lies beside a skill of the workspace.
#[derive(Debug)]
struct ReadSkillFile(Arc<TurnSkills>);

#[async_trait]
impl Tool for ReadSkillFile {
    fn name(&self) -> &str {
        READ_FILE
    }

    fn definition(&self) -> ToolDefinition {
        read_file_definition()
    }

    async fn run(&self, _call_id: &str, input: &str) -> ToolResponse {
        match given(&self.definition(), input, ["name", "path"]) {
            Ok([name, path]) => answer(self.0.read_file(&name, &path).await),
            Err(error) => ToolResponse::Error(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{replay, same, vectors};

    #[test]
    fn paths_stay_below_the_folder() {
        for fine in ["a", "a/b.md", "a..b", "a/"] {
            assert_eq!(check_path(fine), Ok(()), "{fine}");
        }
        for wrong in ["/a", "..", "a/../b", "../a", ".a", "a/.b", "./a"] {
            assert!(check_path(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn paths_are_refused_as_recorded() {
        replay(&vectors("chat_tool_helpers.json"), |case| {
            if case.text("rule") != "skill_path" {
                return Ok(());
            }
            match check_path(case.text("path")) {
                Ok(()) => same(&json!({"valid": true}), &case.output),
                Err(refusal) => same(&json!(refusal), &json!(case.error)),
            }
        });
    }
}
