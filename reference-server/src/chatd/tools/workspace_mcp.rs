//! Tools of the MCP servers that a chat's workspace runs, called through its agent.

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use codersdk::JsonMap;
use serde_json::json;
use workspacesdk::mcp::{CallMcpToolRequest, CallMcpToolResponse, McpToolContentType, McpToolInfo};

use super::workspace::Workspace;
use super::{Tool, ToolResponse};
use crate::model::ToolDefinition;

/// The tools that a workspace offers.
pub(crate) fn workspace_mcp_tools(infos: Vec<McpToolInfo>, workspace: &Arc<dyn Workspace>) -> Vec<Arc<dyn Tool>> {
    let tool = |info| Arc::new(WorkspaceMcpTool { info, workspace: workspace.clone() }) as Arc<dyn Tool>;
    infos.into_iter().map(tool).collect()
}

#[derive(Debug)]
struct WorkspaceMcpTool {
    info: McpToolInfo,
    workspace: Arc<dyn Workspace>,
}

#[async_trait]
impl Tool for WorkspaceMcpTool {
    fn name(&self) -> &str {
        &self.info.name
    }

    fn definition(&self) -> ToolDefinition {
        let mut input_schema = json!({"type": "object", "properties": *self.info.schema});
        if !self.info.required.is_empty() {
            input_schema["required"] = json!(*self.info.required);
        }
        ToolDefinition { name: self.info.name.clone(), description: self.info.description.clone(), input_schema }
    }

    async fn run(&self, _call_id: &str, input: &str) -> ToolResponse {
        let conn = match self.workspace.conn().await {
            Ok(conn) => conn,
            Err(error) => return ToolResponse::Error(format!("workspace connection failed: {error}")),
        };
        let arguments: Option<JsonMap> = match input {
            "" => None,
            input => match serde_json::from_str(input) {
                Ok(arguments) => arguments,
                Err(error) => return ToolResponse::Error(format!("invalid JSON input: {error}")),
            },
        };
        let request = CallMcpToolRequest { tool_name: self.info.name.clone(), arguments: arguments.into() };
        match conn.call_mcp_tool(request).await {
            Ok(answer) => response(answer),
            Err(error) => ToolResponse::Error(error.to_string()),
        }
    }
}

/// What the model gets: the texts, or without any the first picture or sound.
fn response(answer: CallMcpToolResponse) -> ToolResponse {
    let mut texts = Vec::new();
    let mut media = None;
    for piece in answer.content.into_inner() {
        match piece.kind {
            McpToolContentType::Image | McpToolContentType::Audio if piece.data.is_empty() => {}
            McpToolContentType::Image | McpToolContentType::Audio => match STANDARD.decode(&piece.data) {
                Err(error) => texts.push(format!("[binary decode error: {error}]")),
                Ok(_) if media.is_none() => media = Some((piece.data, piece.media_type)),
                Ok(_) => {}
            },
            _ => texts.push(piece.text),
        }
    }
    match media {
        Some((data, media_type)) if texts.is_empty() && !answer.is_error => ToolResponse::Media { data, media_type },
        _ if answer.is_error => ToolResponse::Error(texts.join("\n")),
        _ => ToolResponse::Text(texts.join("\n")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn texts_come_before_pictures() {
        let answered = |answer: Value| response(serde_json::from_value(answer).unwrap());
        let image = json!({"type": "image", "data": "aGk=", "media_type": "image/png"});
        let text = json!({"type": "text", "text": "see"});
        assert_eq!(answered(json!({"content": [image, text]})), ToolResponse::Text("see".into()));
        let media = ToolResponse::Media { data: "aGk=".into(), media_type: "image/png".into() };
        assert_eq!(answered(json!({"content": [image]})), media);
        assert_eq!(answered(json!({"content": [text], "is_error": true})), ToolResponse::Error("see".into()));
        assert_eq!(answered(json!({"content": null})), ToolResponse::Text(String::new()));
        let ToolResponse::Text(words) = answered(json!({"content": [{"type": "audio", "data": "?"}]})) else {
            panic!("spoilt bytes are told in words")
        };
        assert!(words.starts_with("[binary decode error: "), "{words}");
    }
}
