//! What a server says of itself.

use serde::{Deserialize, Serialize};

use crate::request::Request;
use crate::{Client, Result};

/// What the server says of itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BuildInfoResponse {
    /// Where this build's source can be seen.
    #[serde(default)]
    pub external_url: String,
    /// Version of the server, such as `v2.34.0-devel+8c465a1`.
    #[serde(default)]
    pub version: String,
    /// Where the dashboard is.
    #[serde(default)]
    pub dashboard_url: String,
    /// Whether the deployment reports telemetry.
    #[serde(default)]
    pub telemetry: bool,
    /// Whether this is a workspace proxy and not the deployment itself.
    #[serde(default)]
    pub workspace_proxy: bool,
    /// Version of the protocol with workspace agents.
    #[serde(default)]
    pub agent_api_version: String,
    /// Version of the protocol with provisioners.
    #[serde(default)]
    pub provisioner_api_version: String,
    /// What the deployment tells users of an outdated CLI.
    #[serde(default)]
    pub upgrade_message: String,
    /// Id of the deployment.
    #[serde(default)]
    pub deployment_id: String,
    /// VAPID public key for web push, if push is offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webpush_public_key: Option<String>,
}

impl BuildInfoResponse {
    /// The version without what a development build adds to it: `v2.34.0` for `v2.34.0-devel+8c465a1`.
    pub fn canonical_version(&self) -> &str {
        let version = self.version.as_str();
        let end = version.find("-devel+").or_else(|| version.find('+')).unwrap_or(version.len());
        &version[..end]
    }
}

api_trait! {
    /// What a deployment says of itself.
    pub trait BuildInfoApi {
        /// Version and address of the deployment. Needs no session token. `GET /api/v2/buildinfo`.
        ///
        /// # Errors
        /// [`is_decode`](crate::Error::is_decode) if it is no Coder server that answers.
        async fn build_info(&self) -> BuildInfoResponse;
    }
}

#[async_trait::async_trait]
impl BuildInfoApi for Client {
    async fn build_info(&self) -> Result<BuildInfoResponse> {
        self.send(Request::get("/api/v2/buildinfo", &[])).await?.json()
    }
}
