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
        let header = |name| parts.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
        let id = parse_uuid(&header(CHAT_ID)?).ok().filter(|id| !id.is_nil())?;
        // What is no list of texts names nobody; within a list, a malformed name is passed over.
        let named = header(ANCESTOR_CHAT_IDS).and_then(|list| serde_json::from_str::<Vec<Option<String>>>(&list).ok());
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &[(&str, &[u8])]) -> Option<ChatContext> {
        let mut request = http::Request::new(());
        for (name, value) in headers {
            let name: http::HeaderName = name.parse().unwrap();
            request.headers_mut().append(name, http::HeaderValue::from_bytes(value).unwrap());
        }
        ChatContext::read(&request.into_parts().0)
    }

    #[test]
    fn the_chat_is_named_in_any_spelling_and_its_ancestors_as_far_as_they_can_be_read() {
        let id = Uuid::from_u128(0x1111);
        let spelled = id.to_string();
        for name in [spelled.clone(), format!("{{{spelled}}}"), format!("({spelled})")] {
            assert_eq!(read(&[(CHAT_ID, name.as_bytes())]), Some(ChatContext { id, ancestors: vec![] }), "{name}");
        }
        for name in ["", "x", "00000000-0000-0000-0000-000000000000", "é"] {
            assert_eq!(read(&[(CHAT_ID, name.as_bytes())]), None, "{name}");
        }
        let ancestors = |list: &str| {
            let list = list.replace("ID", &spelled);
            read(&[(CHAT_ID, spelled.as_bytes()), (ANCESTOR_CHAT_IDS, list.as_bytes())]).unwrap().ancestors
        };
        for list in [r#"["ID"]"#, r#"["é","ID",null,"x"]"#, r#"["\u0000", "ID"] "#] {
            assert_eq!(ancestors(list), [id], "{list}");
        }
        for list in ["", "ID", r#"["ID""#, r#"["ID",1]"#, r#"{"a":"ID"}"#, "null", r#"["ID"]x"#] {
            assert!(ancestors(list).is_empty(), "{list}");
        }
    }
}
