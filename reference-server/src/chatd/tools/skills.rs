//! The tool with which a model reads a skill.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use uuid::Uuid;

use super::args;
use super::{Tool, ToolResponse};
use crate::chatd::skills::{self, Skills, Source};
use crate::model::ToolDefinition;
use crate::quote::quoted;
use crate::store::Store;

const NAME: &str = "read_skill";

/// The tools of a turn with these skills; none without skills.
pub(crate) fn skill_tools(store: &Store, owner_id: Uuid, skills: &Skills) -> Vec<Arc<dyn Tool>> {
    if skills.is_empty() {
        return Vec::new();
    }
    vec![Arc::new(ReadSkill { store: store.clone(), owner_id, skills: skills.clone() })]
}

/// Reads the instructions of a skill.
#[derive(Debug)]
struct ReadSkill {
    store: Store,
    owner_id: Uuid,
    skills: Skills,
}

impl ReadSkill {
    async fn own(&self, asked: &str, name: &str) -> ToolResponse {
        let missing = || ToolResponse::Error(format!("skill {} not found", quoted(asked)));
        let failed = || ToolResponse::Error(format!("failed to load personal skill {}", quoted(asked)));
        match self.store.user_skill(self.owner_id, name).await {
            Ok(Some(row)) => match skills::parse_personal(&row.content) {
                Ok(skill) => ToolResponse::json(&json!({"name": asked, "body": skill.body, "files": []})),
                Err(_) => failed(),
            },
            Ok(None) => missing(),
            Err(error) => {
                tracing::error!(owner = %self.owner_id, %error, "a skill cannot be read");
                failed()
            }
        }
    }
}

#[async_trait]
impl Tool for ReadSkill {
    fn name(&self) -> &str {
        NAME
    }

    fn definition(&self) -> ToolDefinition {
        ToolDefinition {
            name: NAME.to_owned(),
            description: "Reads all instructions of a skill, and lists the files beside it. Read a skill before you \
                          follow it."
                .to_owned(),
            input_schema: json!({
                "type": "object",
                "properties": {"name": {"type": "string", "description": "The skill's name as it is listed."}},
                "required": ["name"],
            }),
        }
    }

    async fn run(&self, _call_id: &str, input: &str) -> ToolResponse {
        let args = match args::parse(&self.definition().input_schema["properties"], input) {
            Ok(args) => args,
            Err(error) => return ToolResponse::Error(error),
        };
        let name = args.get("name").and_then(Value::as_str).unwrap_or_default();
        if name.is_empty() {
            return ToolResponse::Error("name is required".to_owned());
        }
        match self.skills.find(name) {
            Ok(skill) if skill.source == Source::Personal => self.own(name, &skill.name).await,
            Ok(_) => ToolResponse::Error(format!("skill {} not found", quoted(name))),
            Err(error) => ToolResponse::Error(error),
        }
    }
}
