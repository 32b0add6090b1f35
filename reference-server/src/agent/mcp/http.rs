//! The route below `/api/v0/mcp`.

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use http::StatusCode;
use rmcp::model::{CallToolResult, ContentBlock, ResourceContents};
use workspacesdk::mcp::{CallMcpToolRequest, CallMcpToolResponse, McpToolContent, McpToolContentType};

use super::manager::CallError;
use crate::agent::AgentState;
use crate::http::error::ApiError;
use crate::http::extract::GoJson;

pub(in crate::agent) fn router() -> Router<AgentState> {
    Router::new().route("/api/v0/mcp/call-tool", post(call_tool))
}

async fn call_tool(
    State(agent): State<AgentState>,
    GoJson(request): GoJson<CallMcpToolRequest>,
) -> Result<Json<CallMcpToolResponse>, ApiError> {
    match agent.mcp.call(request).await {
        Ok(result) => Ok(Json(answer(result))),
        Err(error) => {
            let status = match error {
                CallError::Name(_) => StatusCode::BAD_REQUEST,
                CallError::UnknownServer(_) => StatusCode::NOT_FOUND,
                CallError::Failed { .. } => StatusCode::BAD_GATEWAY,
            };
            Err(ApiError::new(status, "MCP tool call failed.").detail(error.to_string()))
        }
    }
}

fn answer(result: CallToolResult) -> CallMcpToolResponse {
    let content: Vec<_> = result.content.into_iter().map(piece).collect();
    CallMcpToolResponse {
        content: Some(content).filter(|content| !content.is_empty()).into(),
        is_error: result.is_error.unwrap_or_default(),
    }
}

fn piece(block: ContentBlock) -> McpToolContent {
    let told = |kind, text| McpToolContent { kind, text, ..McpToolContent::default() };
    let media = |kind, data, media_type| McpToolContent { kind, data, media_type, ..McpToolContent::default() };
    match block {
        ContentBlock::Text(text) => told(McpToolContentType::Text, text.text),
        ContentBlock::Image(image) => media(McpToolContentType::Image, image.data, image.mime_type),
        ContentBlock::Audio(audio) => media(McpToolContentType::Audio, audio.data, audio.mime_type),
        ContentBlock::Resource(embedded) => {
            let kind = match embedded.resource {
                ResourceContents::TextResourceContents { .. } => "mcp.TextResourceContents",
                _ => "mcp.BlobResourceContents",
            };
            told(McpToolContentType::Resource, format!("[embedded resource: {kind}]"))
        }
        ContentBlock::ResourceLink(link) => {
            told(McpToolContentType::Resource, format!("[resource link: {}]", link.uri))
        }
        _ => told(McpToolContentType::Text, "[unsupported content type]".to_owned()),
    }
}
