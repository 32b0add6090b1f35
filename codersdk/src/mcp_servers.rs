//! MCP servers that agents can get tools from, as administrators set them up.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::types::*;

open_enum! {
    /// How an MCP server is talked to; empty in what members see.
    pub enum McpServerTransport {
        /// `streamable_http`
        StreamableHttp => "streamable_http",
        /// `sse`
        Sse => "sse",
    }
}

open_enum! {
    /// How the deployment proves to an MCP server who is calling.
    pub enum McpServerAuthType {
        /// `none`
        None => "none",
        /// `oauth2`: each user signs in for themselves.
        OAuth2 => "oauth2",
        /// `api_key`: one key for all, in a header.
        ApiKey => "api_key",
        /// `custom_headers`
        CustomHeaders => "custom_headers",
        /// `user_oidc`: the token with which the user signed in to Coder.
        UserOidc => "user_oidc",
    }
}

open_enum! {
    /// Whether chats use an MCP server without being asked to.
    pub enum McpServerAvailability {
        /// `force_on`
        ForceOn => "force_on",
        /// `default_on`
        DefaultOn => "default_on",
        /// `default_off`
        DefaultOff => "default_off",
    }
}

/// `codersdk.MCPServerConfig`: an MCP server. What is secret of it never comes back; members see neither its address
/// nor how to sign in to it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct McpServerConfig {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// Name as shown to people.
    #[serde(default)]
    pub display_name: String,
    /// Unique name; the names of the server's tools begin with it.
    #[serde(default)]
    pub slug: String,
    /// What the server is for.
    #[serde(default)]
    pub description: String,
    /// Address of a picture.
    #[serde(default)]
    pub icon_url: String,
    /// How the server is talked to.
    #[serde(default)]
    pub transport: McpServerTransport,
    /// Where the server is.
    #[serde(default)]
    pub url: String,
    /// How callers prove who they are.
    #[serde(default)]
    pub auth_type: McpServerAuthType,
    /// Client id of the deployment at the server's authorization server.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub oauth2_client_id: String,
    /// Whether a client secret is stored.
    #[serde(default)]
    pub has_oauth2_secret: bool,
    /// Where users are sent to sign in.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub oauth2_auth_url: String,
    /// Where tokens are had.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub oauth2_token_url: String,
    /// Scopes to ask for, with a space between.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub oauth2_scopes: String,
    /// Name of the header that carries the key.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub api_key_header: String,
    /// Whether a key is stored.
    #[serde(default)]
    pub has_api_key: bool,
    /// Whether headers are stored.
    #[serde(default)]
    pub has_custom_headers: bool,
    /// The only tools to offer; all of them when empty.
    #[serde(default)]
    pub tool_allow_list: Nullable<Vec<String>>,
    /// Tools not to offer; without effect beside an allow list.
    #[serde(default)]
    pub tool_deny_list: Nullable<Vec<String>>,
    /// Whether chats use the server without being asked to.
    #[serde(default)]
    pub availability: McpServerAvailability,
    /// Whether it is in use.
    #[serde(default)]
    pub enabled: bool,
    /// Whether the model says why it calls a tool.
    #[serde(default)]
    pub model_intent: bool,
    /// Whether the tools are offered in plan mode too.
    #[serde(default)]
    pub allow_in_plan_mode: bool,
    /// Whether the server is told whose chat calls it.
    #[serde(default)]
    pub forward_coder_headers: bool,
    /// When it was created.
    #[serde(default = "zero_time")]
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    #[serde(default = "zero_time")]
    pub updated_at: DateTime<Utc>,
    /// Whether the caller has signed in to the server, or need not.
    #[serde(default)]
    pub auth_connected: bool,
}

/// `codersdk.CreateMCPServerConfigRequest`: a new MCP server.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateMcpServerConfigRequest {
    /// Name as shown to people.
    #[serde(default)]
    pub display_name: String,
    /// Unique name; the names of the server's tools begin with it.
    #[serde(default)]
    pub slug: String,
    /// What the server is for.
    #[serde(default)]
    pub description: String,
    /// Address of a picture.
    #[serde(default)]
    pub icon_url: String,
    /// How the server is talked to.
    #[serde(default)]
    pub transport: McpServerTransport,
    /// Where the server is: an absolute URL.
    #[serde(default)]
    pub url: String,
    /// How callers prove who they are.
    #[serde(default)]
    pub auth_type: McpServerAuthType,
    /// Client id; without it, `oauth2_auth_url` and `oauth2_token_url` the server is asked for them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub oauth2_client_id: String,
    /// Client secret.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub oauth2_client_secret: String,
    /// Where users are sent to sign in.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub oauth2_auth_url: String,
    /// Where tokens are had.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub oauth2_token_url: String,
    /// Scopes to ask for, with a space between.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub oauth2_scopes: String,
    /// Name of the header that carries the key.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub api_key_header: String,
    /// The key.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub api_key_value: String,
    /// Headers to send.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub custom_headers: BTreeMap<String, String>,
    /// The only tools to offer; all of them when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_allow_list: Vec<String>,
    /// Tools not to offer; without effect beside an allow list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_deny_list: Vec<String>,
    /// Whether chats use the server without being asked to.
    #[serde(default)]
    pub availability: McpServerAvailability,
    /// Whether it is in use.
    #[serde(default)]
    pub enabled: bool,
    /// Whether the model says why it calls a tool.
    #[serde(default)]
    pub model_intent: bool,
    /// Whether the tools are offered in plan mode too.
    #[serde(default)]
    pub allow_in_plan_mode: bool,
    /// Whether the server is told whose chat calls it.
    #[serde(default)]
    pub forward_coder_headers: bool,
}

/// `codersdk.UpdateMCPServerConfigRequest`: a change of an MCP server. What is absent stays; a new `auth_type` clears
/// what belonged to the old one.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateMcpServerConfigRequest {
    /// Name as shown to people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Unique name; the names of the server's tools begin with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// What the server is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Address of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon_url: Option<String>,
    /// How the server is talked to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<McpServerTransport>,
    /// Where the server is: an absolute URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// How callers prove who they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_type: Option<McpServerAuthType>,
    /// Client id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oauth2_client_id: Option<String>,
    /// Client secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oauth2_client_secret: Option<String>,
    /// Where users are sent to sign in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oauth2_auth_url: Option<String>,
    /// Where tokens are had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oauth2_token_url: Option<String>,
    /// Scopes to ask for, with a space between.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oauth2_scopes: Option<String>,
    /// Name of the header that carries the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_header: Option<String>,
    /// The key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_value: Option<String>,
    /// Headers to send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_headers: Option<BTreeMap<String, String>>,
    /// The only tools to offer; all of them when empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_allow_list: Option<Vec<String>>,
    /// Tools not to offer; without effect beside an allow list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_deny_list: Option<Vec<String>>,
    /// Whether chats use the server without being asked to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub availability: Option<McpServerAvailability>,
    /// Whether it is in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Whether the model says why it calls a tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_intent: Option<bool>,
    /// Whether the tools are offered in plan mode too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_in_plan_mode: Option<bool>,
    /// Whether the server is told whose chat calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward_coder_headers: Option<bool>,
}

impl std::fmt::Debug for CreateMcpServerConfigRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The rest may hold secrets.
        f.debug_struct("CreateMcpServerConfigRequest")
            .field("slug", &self.slug)
            .field("transport", &self.transport)
            .field("auth_type", &self.auth_type)
            .field("availability", &self.availability)
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for UpdateMcpServerConfigRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The rest may hold secrets.
        f.debug_struct("UpdateMcpServerConfigRequest")
            .field("slug", &self.slug)
            .field("transport", &self.transport)
            .field("auth_type", &self.auth_type)
            .field("availability", &self.availability)
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}
