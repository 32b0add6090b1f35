//! What every module of wire types needs at hand.

pub use crate::ai_provider_settings::*;
pub use crate::ai_providers::*;
pub use crate::ai_providers_api::*;
pub use crate::api_key_scopes::*;
pub use crate::api_keys::*;
pub use crate::auth_check::*;
pub use crate::buildinfo::*;
pub use crate::chats::*;
pub use crate::containers::*;
pub use crate::derp::*;
pub use crate::listening_ports::*;
pub use crate::login::*;
pub use crate::mcp_servers::*;
pub use crate::mcp_servers_api::*;
pub use crate::misc::*;
pub use crate::nullable::Nullable;
pub use crate::organizations::*;
pub use crate::page::*;
pub use crate::provisioner_jobs::*;
pub use crate::raw_json::RawJson;
pub use crate::response::*;
pub use crate::roles::*;
pub use crate::tagged::UnknownReason;
pub use crate::tasks::*;
pub use crate::tasks_api::*;
pub use crate::templates::*;
pub use crate::templates_api::*;
pub use crate::user_settings::*;
pub use crate::user_skills::*;
pub use crate::users::*;
pub(crate) use crate::wire::*;
pub use crate::workspace_agent_logs::*;
pub use crate::workspace_agent_parts::*;
pub use crate::workspace_agents::*;
pub use crate::workspace_agents_api::*;
pub use crate::workspace_apps::*;
pub use crate::workspace_builds::*;
pub use crate::workspaces::*;
pub use crate::workspaces_api::*;

/// An object of JSON with no fixed fields.
pub type JsonMap = serde_json::Map<String, serde_json::Value>;
