//! MCP servers that an agent talks to, as resources.

use serde_json::Value;

use super::resource::{Hasher, Kind, Resource, Status};
use crate::agent::mcp::{ServerStatus, told_schema};
use crate::http::events::without_markup;

/// The servers that have tools or an error to tell, by name.
pub(super) fn resources(mut servers: Vec<ServerStatus>) -> Vec<Resource> {
    servers.sort_by(|one, other| one.name.cmp(&other.name));
    servers.into_iter().filter(|server| !server.name.is_empty()).filter_map(resource).collect()
}

fn resource(server: ServerStatus) -> Option<Resource> {
    let mut resource = Resource::new(Kind::McpServer, server.name.clone(), "");
    resource.name = server.name;
    let mut hasher = Hasher::new();
    match server.tools {
        Err(error) => {
            let error = if error.is_empty() { "failed to connect".to_owned() } else { error };
            hasher.text("unreadable").text(&resource.name).text(&error);
            resource = resource.failed(Status::Unreadable, error);
        }
        Ok(tools) if tools.is_empty() => return None,
        Ok(mut tools) => {
            tools.sort_by(|one, other| one.name.cmp(&other.name));
            hasher.text(&resource.name);
            for tool in tools {
                hasher.text(&tool.name).text(tool.description.as_deref().unwrap_or_default());
                let schema = told_schema(&tool);
                if !schema.is_empty() {
                    hasher.text(&without_markup(&Value::Object(schema).to_string()));
                }
            }
        }
    }
    resource.content_hash = hasher.finish();
    Some(resource)
}

/// What to say of the snapshot as a whole, when servers did not fit into it.
pub(super) fn excess(resources: &[Resource]) -> Option<String> {
    let excluded = resources.iter().filter(|one| one.kind == Kind::McpServer && one.status == Status::Excluded);
    let cap = excluded.filter_map(|one| one.error.strip_prefix("dropped to fit ")).next()?;
    Some(format!("snapshot exceeds {}", cap.replace("snapshot count cap", "count cap")))
}
