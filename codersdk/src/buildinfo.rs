//! Wire types.

use serde::{Deserialize, Serialize};

#[allow(unused_imports)]
use crate::types::*;

/// `codersdk.BuildInfoResponse`: build info response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BuildInfoResponse {
    /// `external_url` on the wire.
    #[serde(default)]
    pub external_url: String,
    /// `version` on the wire.
    #[serde(default)]
    pub version: String,
    /// `dashboard_url` on the wire.
    #[serde(default)]
    pub dashboard_url: String,
    /// `telemetry` on the wire.
    #[serde(default)]
    pub telemetry: bool,
    /// `workspace_proxy` on the wire.
    #[serde(default)]
    pub workspace_proxy: bool,
    /// `agent_api_version` on the wire.
    #[serde(default)]
    pub agent_api_version: String,
    /// `provisioner_api_version` on the wire.
    #[serde(default)]
    pub provisioner_api_version: String,
    /// `upgrade_message` on the wire.
    #[serde(default)]
    pub upgrade_message: String,
    /// `deployment_id` on the wire.
    #[serde(default)]
    pub deployment_id: String,
    /// `webpush_public_key` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webpush_public_key: Option<String>,
}

/// `codersdk.ChatConfig`: chat config.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatConfig {
    /// `acquire_batch_size` on the wire.
    pub acquire_batch_size: serde_json::Value,
    /// `debug_logging_enabled` on the wire.
    pub debug_logging_enabled: serde_json::Value,
    /// `ai_gateway_routing_enabled` on the wire.
    pub ai_gateway_routing_enabled: serde_json::Value,
}
