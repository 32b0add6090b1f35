//! Tokens of external services that the workspace's owner has signed in to.

use codersdk::JsonMap;
use serde::{Deserialize, Serialize};

/// Asks for a token of an external service. Exactly one of `id` and `match_` must be given. Not sent as JSON, but as
/// query parameters.
///
/// ```
/// use agentsdk::ExternalAuthRequest;
///
/// let request = ExternalAuthRequest { match_: "https://github.com/coder/coder".into(), ..Default::default() };
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExternalAuthRequest {
    /// The id of the service in the deployment's configuration.
    pub id: String,
    /// A text, such as the URL of a repository, for which the deployment finds the service. `match` in the query.
    pub match_: String,
    /// The branch that is checked out, so that the deployment can follow its changes.
    pub git_branch: String,
    /// The URL of the repository's remote `origin`, for the same.
    pub git_remote_origin: String,
    /// The chat in whose name git runs: only its diff is looked at anew. Without it, those of all chats of the
    /// workspace are.
    pub chat_id: String,
    /// Whether to wait until the owner has signed in.
    pub listen: bool,
}

/// A token of an external service, or where to sign in.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExternalAuthResponse {
    /// The token; empty if the owner has not signed in.
    #[serde(default)]
    pub access_token: String,
    /// What else the service gave with the token.
    #[serde(default)]
    pub token_extra: Option<JsonMap>,
    /// Where the owner can sign in; empty if that is done.
    #[serde(default)]
    pub url: String,
    /// The kind of service, such as `github`; empty if the owner has not signed in.
    #[serde(default, rename = "type")]
    pub kind: String,
    /// What git is to send as the user's name.
    #[serde(default)]
    pub username: String,
    /// What git is to send as the password; may be empty.
    #[serde(default)]
    pub password: String,
}

impl std::fmt::Debug for ExternalAuthResponse {
    /// Tokens are left out, wherever the service wants them to stand.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExternalAuthResponse")
            .field("url", &self.url)
            .field("kind", &self.kind)
            .field("has_token", &!self.access_token.is_empty())
            .finish_non_exhaustive()
    }
}
