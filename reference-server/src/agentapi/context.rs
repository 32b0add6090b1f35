//! The context resources of a workspace, as its agent pushes them.

use std::collections::{BTreeMap, HashSet};

use agentsdk::rpc::proto::agent::context_resource::{Body, Status};
use agentsdk::rpc::proto::agent::{
    ContextResource, McpServerBody, PushContextStateRequest, PushContextStateResponse, SkillMetaBody,
};
use agentsdk::rpc::{Error, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use codersdk::ChatWatchEventKind;
use prost_types::value::Kind;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::failed;
use crate::quote::quoted;
use crate::state::AppState;
use crate::store::agent_reports::{ContextResourceRow, ContextSnapshotRow, context_snapshot, put_context};

const MAX_RESOURCES: usize = 1000;
/// Of one body, in bytes of its JSON.
const MAX_BODY: usize = 256 << 10;
/// Of all bodies together.
const MAX_BODIES: usize = 4 << 20;
const MAX_SOURCE: usize = 1024;
const MAX_ERROR: usize = 4096;
const MAX_HASH: usize = 64;
/// How deep a JSON Schema may nest; deeper than decoding lets through.
const MAX_DEPTH: usize = 128;

/// Stores a push unless it is older than what is there, and tells the chats that have drifted. A fresh agent counts
/// anew and says so.
pub(crate) async fn store_context(
    state: &AppState,
    agent: Uuid,
    request: PushContextStateRequest,
) -> Result<PushContextStateResponse> {
    let snapshot = ContextSnapshotRow {
        workspace_agent_id: agent,
        version: check(&request)?,
        aggregate_hash: request.aggregate_hash,
        snapshot_error: request.snapshot_error,
        received_at: state.clock.now(),
    };
    let rows = rows(&request.resources, &snapshot)?;
    let storing = |error: sqlx::Error| failed("upsert snapshot", &error);
    let mut tx = state.store.begin().await.map_err(storing)?;
    let stored = context_snapshot(&mut *tx, agent).await.map_err(storing)?;
    if !request.initial && stored.is_some_and(|stored| snapshot.version <= stored.version) {
        return Ok(PushContextStateResponse { accepted: false });
    }
    let drifted = put_context(&mut tx, &snapshot, &rows).await.map_err(storing)?;
    tx.commit().await.map_err(storing)?;
    for chat in drifted {
        match state.store.chat(chat).await {
            Ok(Some(chat)) => state.chatd.publish_watch(ChatWatchEventKind::ContextDirty, &chat),
            Ok(None) => {}
            Err(error) => tracing::warn!(%chat, %error, "a chat that has drifted cannot be read"),
        }
    }
    Ok(PushContextStateResponse { accepted: true })
}

fn refused(what: impl std::fmt::Display) -> Error {
    Error::new(format!("agentapi: PushContextState {what}"))
}

/// Checks what is not about a single resource; gives the version.
fn check(request: &PushContextStateRequest) -> Result<i64> {
    let version = i64::try_from(request.version)
        .map_err(|_| refused(format_args!("version {} exceeds int64 range", request.version)))?;
    for (what, size, most) in [
        ("aggregate hash", request.aggregate_hash.len(), MAX_HASH),
        ("snapshot error", request.snapshot_error.len(), MAX_ERROR),
    ] {
        if size > most {
            return Err(refused(format_args!("{what} is {size} bytes, exceeds {most} byte cap")));
        }
    }
    if request.resources.len() > MAX_RESOURCES {
        let count = request.resources.len();
        return Err(refused(format_args!("has {count} resources, exceeds {MAX_RESOURCES} resource cap")));
    }
    Ok(version)
}

fn rows(resources: &[ContextResource], snapshot: &ContextSnapshotRow) -> Result<Vec<ContextResourceRow>> {
    let mut seen = HashSet::new();
    let mut bodies = 0;
    let mut rows = Vec::with_capacity(resources.len());
    for (index, resource) in resources.iter().enumerate() {
        let source = resource.source.as_str();
        if source.is_empty() {
            return Err(refused(format_args!("resource at index {index} has empty source")));
        }
        if source.len() > MAX_SOURCE {
            let size = source.len();
            return Err(refused(format_args!(
                "resource at index {index} has {size} byte source, exceeds {MAX_SOURCE} byte cap"
            )));
        }
        let named = quoted(source);
        if !seen.insert(source) {
            return Err(refused(format_args!("duplicate source {named}")));
        }
        let fault = |what: String| Error::new(format!("resource {named}: {what}"));
        let source_path = resource.source_path.clone().unwrap_or_default();
        for (what, size, most) in [
            ("source path", source_path.len(), MAX_SOURCE),
            ("error", resource.error.len(), MAX_ERROR),
            ("content hash", resource.content_hash.len(), MAX_HASH),
        ] {
            if size > most {
                return Err(fault(format!("{what} is {size} bytes, exceeds {most} byte cap")));
            }
        }
        let size_bytes = i64::try_from(resource.size_bytes)
            .map_err(|_| fault(format!("size {} exceeds int64 range", resource.size_bytes)))?;
        let status = Status::try_from(resource.status).ok();
        let Some(body) = &resource.body else {
            let status = status.map_or_else(|| resource.status.to_string(), |status| status.as_str_name().to_owned());
            return Err(fault(format!("missing body variant; status {status} requires a typed body")));
        };
        let (body_kind, body) = json_of(body);
        let body = body.to_string();
        if body.len() > MAX_BODY {
            return Err(fault(format!("body is {} bytes, exceeds {MAX_BODY} byte cap", body.len())));
        }
        bodies += body.len();
        if bodies > MAX_BODIES {
            return Err(refused(format_args!("aggregate body size exceeds {MAX_BODIES} byte cap")));
        }
        let status = status
            .filter(|status| *status != Status::Unspecified)
            .ok_or_else(|| fault(format!("unknown status {}", resource.status)))?;
        rows.push(ContextResourceRow {
            workspace_agent_id: snapshot.workspace_agent_id,
            source: source.to_owned(),
            source_path,
            body_kind: body_kind.to_owned(),
            body,
            content_hash: resource.content_hash.clone(),
            size_bytes,
            status: status.as_str_name().to_lowercase(),
            error: resource.error.clone(),
            updated_at: snapshot.received_at,
        });
    }
    Ok(rows)
}

/// The kind of a body, and its JSON with the protocol's names, without what is empty.
fn json_of(body: &Body) -> (&'static str, Value) {
    let mut out = Map::new();
    let mut put = |name: &str, text: &str| {
        if !text.is_empty() {
            out.insert(name.to_owned(), text.into());
        }
    };
    let kind = match body {
        Body::InstructionFile(file) => {
            put("content", &STANDARD.encode(&file.content));
            "instruction_file"
        }
        Body::Skill(SkillMetaBody { meta, name, description }) => {
            put("meta", &STANDARD.encode(meta));
            put("name", name);
            put("description", description);
            "skill"
        }
        Body::McpConfig(_) => "mcp_config",
        Body::McpServer(McpServerBody { server_name, description, tools }) => {
            put("server_name", server_name);
            put("description", description);
            if !tools.is_empty() {
                let tools: Vec<_> = tools.iter().map(tool).collect();
                out.insert("tools".to_owned(), tools.into());
            }
            "mcp_server"
        }
    };
    (kind, out.into())
}

fn tool(tool: &agentsdk::rpc::proto::agent::McpTool) -> Value {
    let mut out = Map::new();
    for (name, text) in [("name", &tool.name), ("description", &tool.description)] {
        if !text.is_empty() {
            out.insert(name.to_owned(), text.as_str().into());
        }
    }
    if let Some(schema) = &tool.input_schema {
        out.insert("input_schema".to_owned(), object(&schema.fields, 0));
    }
    out.into()
}

fn object(fields: &BTreeMap<String, prost_types::Value>, depth: usize) -> Value {
    fields.iter().map(|(name, field)| (name.clone(), value(field, depth))).collect::<Map<_, _>>().into()
}

fn value(value: &prost_types::Value, depth: usize) -> Value {
    match &value.kind {
        _ if depth > MAX_DEPTH => Value::Null,
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::NumberValue(number)) => json!(number),
        Some(Kind::StringValue(text)) => json!(text),
        Some(Kind::BoolValue(truth)) => json!(truth),
        Some(Kind::StructValue(fields)) => object(&fields.fields, depth + 1),
        Some(Kind::ListValue(list)) => list.values.iter().map(|item| self::value(item, depth + 1)).collect(),
    }
}
