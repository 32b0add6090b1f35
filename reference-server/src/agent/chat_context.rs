//! On whose behalf a request to an agent is made.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;
use uuid::Uuid;

use crate::http::extract::parse_uuid;

/// The header that names the chat.
pub(crate) const CHAT_ID: &str = "coder-chat-id";
/// The header that names the chats that it came from, as a JSON array.
pub(crate) const ANCESTOR_CHAT_IDS: &str = "coder-ancestor-chat-ids";

/// The chat that a request is made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChatContext {
    pub(crate) id: Uuid,
    pub(crate) ancestors: Vec<Uuid>,
}

impl ChatContext {
    fn read(parts: &Parts) -> Option<Self> {
        let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let id = parse_uuid(header(CHAT_ID)?).ok().filter(|id| !id.is_nil())?;
        // What is no list of texts names nobody; within a list, a malformed name is passed over.
        let named = header(ANCESTOR_CHAT_IDS).and_then(|list| serde_json::from_str::<Vec<Option<String>>>(list).ok());
        let parsed = named.into_iter().flatten().flatten().filter_map(|name| parse_uuid(&name).ok());
        Some(Self { id, ancestors: parsed.filter(|id| !id.is_nil()).collect() })
    }

    /// The chat and those that it came from.
    pub(crate) fn family(&self) -> impl Iterator<Item = Uuid> {
        std::iter::once(self.id).chain(self.ancestors.iter().copied())
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
