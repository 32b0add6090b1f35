//! The context as an agent pushes it to its server.

use std::collections::BTreeMap;

use agentsdk::rpc::proto::agent::context_resource::{Body, Status as WireStatus};
use agentsdk::rpc::proto::agent::{
    ContextResource, InstructionFileBody, McpConfigBody, McpServerBody, McpTool, PushContextStateRequest, SkillMetaBody,
};
use prost_types::value::Kind as ValueKind;
use prost_types::{ListValue, Struct};
use rmcp::model::Tool;
use serde_json::{Map, Value};

use super::resource::{Kind, Resource, Status, aggregate_hash};
use super::{Context, servers};
use crate::agent::mcp::{ServerStatus, told_schema};

impl Context {
    /// Looks at all sources again, and says what there is, with the contents. Reads files.
    pub(in crate::agent) fn to_push(&self, servers: Vec<ServerStatus>) -> PushContextStateRequest {
        let mut tools: BTreeMap<String, Vec<McpTool>> = servers
            .iter()
            .filter_map(|server| Some((server.name.clone(), wire_tools(server.tools.as_ref().ok()?))))
            .collect();
        let (version, resources) = self.look(servers);
        PushContextStateRequest {
            version,
            aggregate_hash: aggregate_hash(&resources).to_vec(),
            snapshot_error: servers::excess(&resources).unwrap_or_default(),
            resources: resources
                .into_iter()
                .map(|resource| {
                    let tools = tools.remove(&resource.source).filter(|_| resource.kind == Kind::McpServer);
                    wire(resource, tools.unwrap_or_default())
                })
                .collect(),
            ..Default::default()
        }
    }
}

/// A resource with its kind, also when its content is not there.
fn wire(resource: Resource, tools: Vec<McpTool>) -> ContextResource {
    let status = match resource.status {
        Status::Ok => WireStatus::Ok,
        Status::Oversize => WireStatus::Oversize,
        Status::Unreadable => WireStatus::Unreadable,
        Status::Invalid => WireStatus::Invalid,
        Status::Excluded => WireStatus::Excluded,
    };
    let body = match resource.kind {
        Kind::InstructionFile => Body::InstructionFile(InstructionFileBody { content: resource.payload }),
        Kind::Skill => Body::Skill(SkillMetaBody {
            meta: resource.payload,
            name: resource.name,
            description: resource.description,
        }),
        Kind::McpConfig => Body::McpConfig(McpConfigBody {}),
        Kind::McpServer => Body::McpServer(McpServerBody {
            server_name: resource.source.clone(),
            description: resource.description,
            // What is left out of the snapshot is left out with its tools.
            tools: if resource.status == Status::Ok { tools } else { Vec::new() },
        }),
    };
    ContextResource {
        source: resource.source,
        source_path: Some(resource.source_path).filter(|path| !path.is_empty()),
        content_hash: resource.content_hash.to_vec(),
        size_bytes: resource.size,
        status: status.into(),
        error: resource.error,
        body: Some(body),
    }
}

fn wire_tools(tools: &[Tool]) -> Vec<McpTool> {
    let mut tools: Vec<McpTool> = tools
        .iter()
        .map(|tool| McpTool {
            name: tool.name.clone().into_owned(),
            description: tool.description.clone().unwrap_or_default().into_owned(),
            input_schema: Some(told_schema(tool)).filter(|schema| !schema.is_empty()).map(|schema| object(&schema)),
        })
        .collect();
    tools.sort_by(|one, other| one.name.cmp(&other.name));
    tools
}

fn object(fields: &Map<String, Value>) -> Struct {
    Struct { fields: fields.iter().map(|(name, field)| (name.clone(), value(field))).collect() }
}

fn value(value: &Value) -> prost_types::Value {
    let kind = match value {
        Value::Null => ValueKind::NullValue(0),
        Value::Bool(truth) => ValueKind::BoolValue(*truth),
        Value::Number(number) => ValueKind::NumberValue(number.as_f64().unwrap_or_default()),
        Value::String(text) => ValueKind::StringValue(text.clone()),
        Value::Array(items) => ValueKind::ListValue(ListValue { values: items.iter().map(self::value).collect() }),
        Value::Object(fields) => ValueKind::StructValue(object(fields)),
    };
    prost_types::Value { kind: Some(kind) }
}
