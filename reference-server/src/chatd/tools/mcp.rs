//! Tools of the MCP servers that a chat names.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use rmcp::model::{CallToolResult, ContentBlock, JsonObject, ResourceContents, Tool as McpTool};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use uuid::Uuid;

use super::builtin::TurnMode;
use super::{Tool, ToolResponse};
use crate::chatd::prepare;
use crate::clock::SharedClock;
use crate::http::mcp_servers::renewed;
use crate::mcp::{Connection, HttpServer, McpError};
use crate::model::ToolDefinition;
use crate::state::AppState;
use crate::store::chats::ChatRow;
use crate::store::mcp_servers::{McpServerRow, McpUserTokenRow};

/// How long a server may take until its tools are known.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a tool may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);
/// What stands between the name of a server and that of its tool.
const SEPARATOR: &str = "__";
/// Longest name that providers take, in bytes.
const LONGEST_NAME: usize = 64;
/// What this side calls itself.
const CLIENT: &str = "coder";
/// A reason for a call, which a model is asked to give for people to read.
const INTENT: &str = "model_intent";
const INTENT_DESCRIPTION: &str = "Why you call this tool: a short phrase in plain words, in the present participle, \
    under 100 characters, such as \"Reading the authentication module\". People see it while the tool runs.";

/// The tools of a turn's servers, connected to once and kept for its steps.
#[derive(Debug, Default)]
pub(crate) struct TurnServers {
    /// Which servers were asked for, and whether only to plan.
    key: Option<(Vec<Uuid>, bool)>,
    tools: Vec<Arc<dyn Tool>>,
}

impl TurnServers {
    /// The tools of the chat's servers, by their names. A server that cannot be used is left out.
    pub(crate) async fn tools(&mut self, state: &AppState, chat: &ChatRow, mode: TurnMode) -> Vec<Arc<dyn Tool>> {
        let key = (chat.mcp_server_ids.clone(), mode.plan);
        if self.key.as_ref() != Some(&key) {
            self.tools = connect_all(state, chat, mode).await;
            self.key = Some(key);
        }
        self.tools.clone()
    }
}

async fn connect_all(state: &AppState, chat: &ChatRow, mode: TurnMode) -> Vec<Arc<dyn Tool>> {
    // A sub-agent that plans for another is trusted with less.
    if chat.mcp_server_ids.is_empty() || (mode.plan && !mode.root) {
        return Vec::new();
    }
    let unreadable = |error: sqlx::Error| tracing::warn!(chat = %chat.id, %error, "cannot read the chat's MCP servers");
    let Ok(mut servers) = state.store.mcp_servers(true).await.map_err(unreadable) else { return Vec::new() };
    servers.retain(|server| chat.mcp_server_ids.contains(&server.id) && (!mode.plan || server.allow_in_plan_mode));
    if servers.is_empty() {
        return Vec::new();
    }
    let Ok(tokens) = state.store.mcp_user_tokens(chat.owner_id).await.map_err(unreadable) else { return Vec::new() };
    let tokens: HashMap<Uuid, McpUserTokenRow> =
        tokens.into_iter().map(|token| (token.mcp_server_config_id, token)).collect();
    let connected = servers.iter().map(|server| connect(state, chat, server, tokens.get(&server.id)));
    let mut tools: Vec<ServerTool> = join_all(connected).await.into_iter().flatten().collect();
    tools.sort_by(|a, b| (&a.name, a.config_id).cmp(&(&b.name, b.config_id)));
    tools.into_iter().map(|tool| Arc::new(tool) as Arc<dyn Tool>).collect()
}

/// The tools of one server that the lists of its configuration let through; none if it cannot be used.
async fn connect(
    state: &AppState,
    chat: &ChatRow,
    server: &McpServerRow,
    token: Option<&McpUserTokenRow>,
) -> Vec<ServerTool> {
    let clock = &state.clock;
    let work = async {
        let token = match token {
            Some(token) if server.uses_oauth2() => {
                Some(renewed(state, server, token.clone()).await.unwrap_or_else(|old| old))
            }
            _ => None,
        };
        let endpoint = HttpServer {
            url: server.url.clone(),
            headers: headers(chat, server, token.as_ref()),
            sse: server.transport == "sse",
        };
        let connection = Connection::http(&endpoint, CLIENT, &**clock).await?;
        let tools = connection.tools(&**clock).await?;
        Ok((Arc::new(connection), tools))
    };
    let connected = tokio::select! {
        connected = work => connected,
        () = clock.sleep(CONNECT_TIMEOUT) => Err(McpError::new("it took too long")),
    };
    match connected {
        Ok((connection, tools)) => {
            let allowed = tools.into_iter().filter(|tool| is_allowed(&tool.name, server));
            allowed.map(|tool| ServerTool::new(server, tool, connection.clone(), clock.clone())).collect()
        }
        Err(error) => {
            tracing::warn!(server = server.slug, %error, "an MCP server is left out of a turn");
            Vec::new()
        }
    }
}

/// An allow list that is not empty alone decides; else what is denied is left out.
fn is_allowed(tool: &str, server: &McpServerRow) -> bool {
    let (allowed, denied) = (&server.tool_allow_list.0, &server.tool_deny_list.0);
    if allowed.is_empty() { denied.iter().all(|name| name != tool) } else { allowed.iter().any(|name| name == tool) }
}

/// What the server is sent with every request: what it asks for to let us in, and on whose behalf we come.
fn headers(chat: &ChatRow, server: &McpServerRow, token: Option<&McpUserTokenRow>) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> = match server.auth_type.as_str() {
        "oauth2" => token.and_then(authorization).into_iter().collect(),
        "api_key" => {
            let (name, value) = (&server.api_key_header, server.api_key_value.expose_secret());
            let set = !name.is_empty() && !value.is_empty();
            set.then(|| (name.clone(), value.to_owned())).into_iter().collect()
        }
        "custom_headers" => {
            let headers = serde_json::from_str::<HashMap<String, String>>(server.custom_headers.expose_secret());
            headers.unwrap_or_default().into_iter().collect()
        }
        _ => Vec::new(),
    };
    if server.forward_coder_headers {
        for (name, value) in prepare::headers(chat) {
            if !headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(&name)) {
                headers.push((name, value));
            }
        }
    }
    headers
}

fn authorization(token: &McpUserTokenRow) -> Option<(String, String)> {
    let secret = token.access_token.expose_secret();
    // Some servers know the scheme in this spelling alone.
    let scheme = match token.token_type.as_str() {
        given if given.is_empty() || given.eq_ignore_ascii_case("bearer") => "Bearer",
        given => given,
    };
    (!secret.is_empty()).then(|| ("Authorization".to_owned(), format!("{scheme} {secret}")))
}

/// A tool of an MCP server.
#[derive(Debug)]
struct ServerTool {
    config_id: Uuid,
    /// The name by which the model knows it.
    name: String,
    tool: McpTool,
    intent: bool,
    connection: Arc<Connection>,
    clock: SharedClock,
}

impl ServerTool {
    fn new(server: &McpServerRow, tool: McpTool, connection: Arc<Connection>, clock: SharedClock) -> Self {
        let mut name = format!("{}{SEPARATOR}{}", plain(&server.slug), plain(&tool.name));
        name.truncate(LONGEST_NAME);
        Self { config_id: server.id, name, tool, intent: server.model_intent, connection, clock }
    }

    fn arguments(&self, input: &str) -> Result<Option<JsonObject>, String> {
        if input.is_empty() {
            return Ok(None);
        }
        let arguments: Option<JsonObject> = serde_json::from_str(input).map_err(|error| error.to_string())?;
        Ok(if self.intent { arguments.map(without_intent) } else { arguments })
    }
}

/// A name of the letters that providers take.
fn plain(name: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    name.chars().map(|c| if fits(c) { c } else { '_' }).collect()
}

/// The arguments that were meant for the tool, with or without the wrapping that was asked for.
fn without_intent(mut arguments: JsonObject) -> JsonObject {
    arguments.remove(INTENT);
    match arguments.remove("properties") {
        Some(Value::Object(meant)) => meant,
        Some(other) => {
            arguments.insert("properties".to_owned(), other);
            arguments
        }
        None => arguments,
    }
}

#[async_trait]
impl Tool for ServerTool {
    fn name(&self) -> &str {
        &self.name
    }

    fn mcp_server(&self) -> Option<Uuid> {
        Some(self.config_id)
    }

    fn definition(&self) -> ToolDefinition {
        let schema = &self.tool.input_schema;
        let properties = schema.get("properties").filter(|properties| properties.is_object());
        let properties = properties.cloned().unwrap_or_else(|| json!({}));
        let required = schema.get("required").filter(|required| required.is_array()).cloned();
        let mut own = json!({"type": "object", "properties": properties});
        if let Some(required) = required.filter(|required| required.as_array().is_some_and(|names| !names.is_empty())) {
            own["required"] = required;
        }
        let input_schema = if self.intent {
            let intent = json!({"type": "string", "description": INTENT_DESCRIPTION});
            json!({"type": "object", "properties": {INTENT: intent, "properties": own},
                "required": [INTENT, "properties"]})
        } else {
            own
        };
        let description = self.tool.description.as_deref().unwrap_or_default().to_owned();
        ToolDefinition { name: self.name.clone(), description, input_schema }
    }

    async fn run(&self, _call_id: &str, input: &str) -> ToolResponse {
        let arguments = match self.arguments(input) {
            Ok(arguments) => arguments.map(Value::Object),
            Err(error) => return ToolResponse::Error(format!("invalid JSON input: {error}")),
        };
        match self.connection.call(self.tool.name.clone().into_owned(), arguments, CALL_TIMEOUT, &*self.clock).await {
            Ok(result) => response(result),
            Err(error) => ToolResponse::Error(error.to_string()),
        }
    }
}

/// What the model gets: the texts, or without any the first picture or sound.
fn response(result: CallToolResult) -> ToolResponse {
    let failed = result.is_error.unwrap_or_default();
    let mut texts = Vec::new();
    let mut media = None;
    let mut keep = |texts: &mut Vec<String>, kind: &str, data: String, media_type: String| {
        if let Err(error) = STANDARD.decode(&data) {
            texts.push(format!("[{kind} decode error: {error}]"));
        } else if media.is_none() {
            media = Some((data, media_type));
        }
    };
    for block in result.content {
        match block {
            ContentBlock::Text(text) => texts.push(text.text),
            ContentBlock::Image(image) => keep(&mut texts, "image", image.data, image.mime_type),
            ContentBlock::Audio(audio) => keep(&mut texts, "audio", audio.data, audio.mime_type),
            ContentBlock::Resource(embedded) => match embedded.resource {
                ResourceContents::TextResourceContents { text, .. } => texts.push(text),
                ResourceContents::BlobResourceContents { blob, mime_type, .. } => {
                    keep(&mut texts, "blob", blob, mime_type.unwrap_or_default());
                }
                _ => texts.push("[unsupported embedded resource type]".to_owned()),
            },
            ContentBlock::ResourceLink(link) => {
                let name = if link.name.is_empty() { link.uri } else { format!("{} ({})", link.name, link.uri) };
                let words = link.description.filter(|words| !words.is_empty());
                let words = words.map(|words| format!(": {words}")).unwrap_or_default();
                texts.push(format!("[resource: {name}{words}]"));
            }
            _ => texts.push("[unsupported content type]".to_owned()),
        }
    }
    texts.extend(result.structured_content.map(|content| content.to_string()));
    match (texts.is_empty(), media) {
        (true, Some((data, media_type))) if !failed => ToolResponse::Media { data, media_type },
        _ if failed => ToolResponse::Error(texts.join("\n")),
        _ => ToolResponse::Text(texts.join("\n")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(content: Value) -> ToolResponse {
        response(serde_json::from_value(content).unwrap())
    }

    #[test]
    fn texts_come_before_pictures() {
        let image = json!({"type": "image", "data": "aGk=", "mimeType": "image/png"});
        let text = json!({"type": "text", "text": "see"});
        assert_eq!(answered(json!({"content": [image, text]})), ToolResponse::Text("see".into()));
        let media = ToolResponse::Media { data: "aGk=".into(), media_type: "image/png".into() };
        assert_eq!(answered(json!({"content": [image]})), media);
        assert_eq!(answered(json!({"content": [text], "isError": true})), ToolResponse::Error("see".into()));
        assert_eq!(answered(json!({"content": []})), ToolResponse::Text(String::new()));
        let structured = json!({"content": [text], "structuredContent": {"a": 1}});
        assert_eq!(answered(structured), ToolResponse::Text("see\n{\"a\":1}".into()));
    }

    #[test]
    fn resources_are_named_or_shown() {
        let link = json!({"type": "resource_link", "uri": "file:///x", "name": "x", "description": "an x"});
        assert_eq!(answered(json!({"content": [link]})), ToolResponse::Text("[resource: x (file:///x): an x]".into()));
        let embedded = json!({"type": "resource", "resource": {"uri": "file:///x", "text": "inside"}});
        assert_eq!(answered(json!({"content": [embedded]})), ToolResponse::Text("inside".into()));
    }

    #[test]
    fn names_are_made_of_what_providers_take() {
        assert_eq!(plain("a b/ü-_9"), "a_b__-_9");
    }

    #[test]
    fn an_intent_is_taken_off() {
        let without = |value: Value| Value::Object(without_intent(value.as_object().unwrap().clone()));
        assert_eq!(without(json!({"model_intent": "x", "properties": {"a": 1}})), json!({"a": 1}));
        assert_eq!(without(json!({"model_intent": "x", "a": 1})), json!({"a": 1}));
        assert_eq!(without(json!({"model_intent": "x", "properties": 5})), json!({"properties": 5}));
    }
}
