//! On whose behalf a request to an agent is made.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;
use uuid::Uuid;

use crate::http::extract::parse_uuid;

/// The header that names the chat.
pub(crate) const CHAT_ID: &str = "coder-chat-id";

/// The chat that a request is made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChatContext {
    pub(crate) id: Uuid,
}

impl ChatContext {
    fn read(parts: &Parts) -> Option<Self> {
        let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let id = parse_uuid(header(CHAT_ID)?).ok().filter(|id| !id.is_nil())?;
        Some(Self { id })
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
