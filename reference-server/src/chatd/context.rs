//! What a workspace adds to its chats: instruction files, skills and the tools of its MCP servers, as they were when the
//! chat took them over.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use codersdk::{ChatContextResource, ChatContextResourceKind, ChatContextResourceStatus, ChatContextTool, JsonMap};
use serde::Deserialize;
use serde_json::Value;
use workspacesdk::mcp::McpToolInfo;
use workspacesdk::skills::MAX_SKILL_META_BYTES;

use super::errors::ChatFailure;
use super::sanitize::sanitize_prompt;
use super::workspace::bound_agent;
use crate::state::AppState;
use crate::store::chat_contexts::ChatContextRow;
use crate::store::chats::ChatRow;

/// What stands between the name of a server and that of its tool.
const SEPARATOR: &str = "__";

#[derive(Deserialize)]
struct FileBody {
    #[serde(default)]
    content: String,
}

#[derive(Deserialize)]
struct SkillBody {
    #[serde(default)]
    meta: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    description: String,
}

#[derive(Default, Deserialize)]
struct ServerBody {
    #[serde(default)]
    server_name: String,
    #[serde(default)]
    tools: Vec<ServerTool>,
}

#[derive(Deserialize)]
struct ServerTool {
    #[serde(default)]
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    input_schema: JsonMap,
}

/// A skill that lies in the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WorkspaceSkill {
    pub(crate) name: String,
    pub(crate) description: String,
    /// Its folder.
    pub(crate) dir: String,
    /// The file that describes it, with its front matter.
    pub(crate) meta: String,
}

/// What a chat has of its workspace.
#[derive(Debug, Default)]
pub(crate) struct WorkspaceContext {
    /// The instruction files as the model is told them; empty without any.
    pub(crate) instructions: String,
    pub(crate) skills: Vec<WorkspaceSkill>,
    pub(crate) tools: Vec<McpToolInfo>,
}

impl WorkspaceContext {
    /// What the chat has of its workspace; binds the chat to an agent, and takes over what that has pushed, where
    /// neither was done before.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn of(state: &AppState, chat: &ChatRow) -> Result<Self, ChatFailure> {
        let unreadable = |error: sqlx::Error| ChatFailure::internal(&format!("chat context: {error}"));
        if chat.workspace_id.is_none() {
            return Ok(Self::default());
        }
        let agent = match chat.agent_id {
            Some(id) => state.store.agent(id).await.map_err(unreadable)?,
            // That a workspace has no agent is told by the first tool that needs one.
            None => bound_agent(state, chat).await.ok(),
        };
        if let Some(agent) = &agent
            && chat.context_hash.is_none()
        {
            state.store.pin_new_chats(agent.id).await.map_err(unreadable)?;
        }
        let rows = state.store.chat_context(chat.id).await.map_err(unreadable)?;
        let (system, directory) = agent.map_or_else(Default::default, |agent| {
            let expanded = Some(agent.expanded_directory).filter(|directory| !directory.is_empty());
            (agent.operating_system, expanded.unwrap_or(agent.directory))
        });
        Ok(Self::from_rows(&rows, &system, &directory))
    }

    fn from_rows(rows: &[ChatContextRow], system: &str, directory: &str) -> Self {
        let mut context = Self::default();
        let mut files = String::new();
        for row in rows.iter().filter(|row| row.status == "ok") {
            match row.body_kind.as_str() {
                "instruction_file" => {
                    if let Some(content) = instructions(row) {
                        files.push_str(&format!("\nSource: {}\n{content}\n", row.source));
                    }
                }
                "skill" => context.skills.extend(skill(row)),
                "mcp_server" => context.tools.extend(tools(row)),
                _ => {}
            }
        }
        if !files.is_empty() {
            let line = |label: &str, value: &str| match value {
                "" => String::new(),
                value => format!("{label}: {value}\n"),
            };
            let (system, directory) = (line("Operating System", system), line("Working Directory", directory));
            context.instructions = format!("<workspace-context>\n{system}{directory}{files}</workspace-context>");
        }
        context
    }
}

fn decoded(base64: &str) -> Option<String> {
    Some(String::from_utf8_lossy(&STANDARD.decode(base64).ok()?).into_owned())
}

fn instructions(row: &ChatContextRow) -> Option<String> {
    let FileBody { content } = serde_json::from_str(&row.body).ok()?;
    Some(sanitize_prompt(&decoded(&content)?)).filter(|content| !content.is_empty())
}

fn skill(row: &ChatContextRow) -> Option<WorkspaceSkill> {
    let SkillBody { meta, name, description } = serde_json::from_str(&row.body).ok()?;
    let mut meta = decoded(&meta)?;
    meta.truncate(meta.floor_char_boundary(MAX_SKILL_META_BYTES));
    (!name.is_empty()).then(|| WorkspaceSkill { name, description, dir: row.source.clone(), meta })
}

fn tools(row: &ChatContextRow) -> Vec<McpToolInfo> {
    let ServerBody { server_name, tools } = serde_json::from_str(&row.body).unwrap_or_default();
    let server = if server_name.is_empty() { row.source.clone() } else { server_name };
    let named = tools.into_iter().filter(|tool| !tool.name.is_empty());
    named
        .map(|ServerTool { name, description, mut input_schema }| {
            let required = input_schema.get("required").and_then(Value::as_array);
            let required = required.map(|names| names.iter().filter_map(Value::as_str).map(str::to_owned).collect());
            let properties = match input_schema.remove("properties") {
                Some(Value::Object(properties)) => Some(properties),
                _ => None,
            };
            McpToolInfo {
                name: format!("{server}{SEPARATOR}{name}"),
                server_name: server.clone(),
                description,
                schema: properties.into(),
                required: Option::<Vec<String>>::into(required),
            }
        })
        .collect()
}

/// What a context consists of, for people: also what could not be used, with the reason.
pub(crate) fn resources(rows: &[ChatContextRow]) -> Vec<ChatContextResource> {
    rows.iter().filter_map(resource).collect()
}

fn resource(row: &ChatContextRow) -> Option<ChatContextResource> {
    let text = |text: String| Some(text).filter(|text| !text.is_empty());
    let mut resource = ChatContextResource {
        source: row.source.clone(),
        kind: ChatContextResourceKind::from(row.body_kind.as_str()),
        size_bytes: row.size_bytes,
        status: ChatContextResourceStatus::from(row.status.as_str()),
        ..ChatContextResource::default()
    };
    if row.status != "ok" {
        resource.error = text(row.error.clone());
        return Some(resource);
    }
    match row.body_kind.as_str() {
        "instruction_file" => instructions(row).map(drop)?,
        "skill" => {
            let skill = skill(row)?;
            (resource.skill_name, resource.skill_description) = (text(skill.name), text(skill.description));
        }
        "mcp_server" => {
            let prefix = format!("{}{SEPARATOR}", row.source);
            let ServerBody { tools, .. } = serde_json::from_str(&row.body).unwrap_or_default();
            let named = tools.into_iter().map(|tool| ChatContextTool {
                name: tool.name.strip_prefix(&prefix).unwrap_or(&tool.name).to_owned(),
                description: text(tool.description),
            });
            resource.tools = named.filter(|tool| !tool.name.is_empty()).collect();
        }
        _ => {}
    }
    Some(resource)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(source: &str, body_kind: &str, status: &str, body: &Value) -> ChatContextRow {
        ChatContextRow {
            source: source.to_owned(),
            body_kind: body_kind.to_owned(),
            body: body.to_string(),
            size_bytes: 3,
            status: status.to_owned(),
            error: if status == "ok" { String::new() } else { "why".to_owned() },
        }
    }

    #[test]
    fn what_is_used_and_what_people_see() {
        let file = |content: &str| json!({"content": STANDARD.encode(content)});
        let schema = json!({"type": "object", "properties": {"q": {"type": "string"}}, "required": ["q", 1]});
        let rows = [
            row("/w/AGENTS.md", "instruction_file", "ok", &file("Be kind.\r\n\r\n")),
            row("/w/CLAUDE.md", "instruction_file", "ok", &file("\u{200b} \n")),
            row("/w/big", "instruction_file", "oversize", &json!({})),
            row("/w/bad", "instruction_file", "ok", &json!({"content": "?"})),
            row("/w/skills/a", "skill", "ok", &json!({"name": "a", "description": "d", "meta": STANDARD.encode("m")})),
            row("/w/skills/b", "skill", "ok", &json!({})),
            row("srv", "mcp_server", "ok", &json!({"tools": [{"name": "look", "input_schema": schema}, {}]})),
        ];
        let context = WorkspaceContext::from_rows(&rows, "linux", "");
        let block = "<workspace-context>\nOperating System: linux\n\nSource: /w/AGENTS.md\nBe kind.\n\
                     </workspace-context>";
        assert_eq!(context.instructions, block);
        let [skill] = &context.skills[..] else { panic!("{:?}", context.skills) };
        assert_eq!((skill.name.as_str(), skill.dir.as_str(), skill.meta.as_str()), ("a", "/w/skills/a", "m"));
        let [tool] = &context.tools[..] else { panic!("{:?}", context.tools) };
        let told = serde_json::to_value(tool).unwrap();
        assert_eq!((&told["name"], &told["required"]), (&json!("srv__look"), &json!(["q"])));
        assert_eq!(told["schema"], json!({"q": {"type": "string"}}));
        let seen = resources(&rows);
        let sources: Vec<_> = seen.iter().map(|one| one.source.as_str()).collect();
        assert_eq!(sources, ["/w/AGENTS.md", "/w/big", "/w/skills/a", "srv"]);
        assert_eq!((seen[1].error.as_deref(), seen[3].tools.len()), (Some("why"), 1));
        assert_eq!(WorkspaceContext::from_rows(&rows[1..4], "linux", "/w").instructions, "");
    }
}
