//! On whose behalf a request to an agent is made.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;
use uuid::Uuid;

use crate::http::extract::parse_uuid;

/// The header that names the chat.
pub(crate) const CHAT_ID: &str = "coder-chat-id";
/// The header that names the chats above it, as a JSON array.
pub(crate) const ANCESTOR_CHAT_IDS: &str = "coder-ancestor-chat-ids";

/// A chat and those above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChatContext {
    pub(crate) id: Uuid,
    pub(crate) ancestors: Vec<Uuid>,
}

impl ChatContext {
    /// The chat and those above it.
    pub(crate) fn family(&self) -> Vec<Uuid> {
        std::iter::once(self.id).chain(self.ancestors.iter().copied()).collect()
    }

    fn read(parts: &Parts) -> Option<Self> {
        let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let id = parse_uuid(header(CHAT_ID)?).ok().filter(|id| !id.is_nil())?;
        let ancestors: Vec<String> =
            header(ANCESTOR_CHAT_IDS).and_then(|list| serde_json::from_str(list).ok()).unwrap_or_default();
        Some(Self { id, ancestors: ancestors.iter().filter_map(|id| parse_uuid(id).ok()).collect() })
    }
}

/// The chat of a request, if it names one; a malformed name counts as none.
#[derive(Debug)]
pub(crate) struct OnBehalfOf(pub(crate) Option<ChatContext>);

impl<S: Send + Sync> FromRequestParts<S> for OnBehalfOf {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(ChatContext::read(parts)))
    }
}
