//! On whose behalf calls to an agent are made.

use std::fmt;

use uuid::Uuid;

/// The header that names the chat for which a call is made.
pub const CODER_CHAT_ID_HEADER: &str = "Coder-Chat-Id";

/// The header with the chats above that chat, as a JSON list of ids.
pub const CODER_ANCESTOR_CHAT_IDS_HEADER: &str = "Coder-Ancestor-Chat-Ids";

/// Headers that go with every call to an agent: the chat for which it is made, and others.
///
/// An agent keeps the processes of chats apart, and tells a chat's watchers of Git about the files that the chat and
/// those below it touch.
///
/// ```
/// use uuid::Uuid;
/// use workspacesdk::ExtraHeaders;
///
/// let (chat, parent) = (Uuid::from_u128(1), Uuid::from_u128(2));
/// let headers = ExtraHeaders::for_chat(chat).with_ancestors([parent]).with("X-Trace", "7");
/// assert_eq!(headers.pairs()[0], ("Coder-Chat-Id".to_owned(), chat.to_string()));
/// assert_eq!(headers.pairs()[1].1, format!("[\"{parent}\"]"));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct ExtraHeaders {
    /// The chat for which calls are made.
    pub chat_id: Option<Uuid>,
    /// The chats above it, the nearest first.
    pub ancestor_chat_ids: Vec<Uuid>,
    more: Vec<(String, String)>,
}

impl ExtraHeaders {
    /// No headers.
    pub fn new() -> Self {
        Self::default()
    }

    /// The headers of calls that are made for a chat.
    pub fn for_chat(chat_id: Uuid) -> Self {
        Self { chat_id: Some(chat_id), ..Self::default() }
    }

    /// Names the chats above that chat, the nearest first.
    pub fn with_ancestors(mut self, ids: impl IntoIterator<Item = Uuid>) -> Self {
        self.ancestor_chat_ids.extend(ids);
        self
    }

    /// Adds a header. One whose name or value no request can carry fails the calls.
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.more.push((name.into(), value.into()));
        self
    }

    /// The headers by name and value, in the order in which they are sent.
    pub fn pairs(&self) -> Vec<(String, String)> {
        let mut pairs = Vec::with_capacity(2 + self.more.len());
        if let Some(chat) = self.chat_id {
            pairs.push((CODER_CHAT_ID_HEADER.to_owned(), chat.to_string()));
            let ids: Vec<String> = self.ancestor_chat_ids.iter().map(|id| format!("\"{id}\"")).collect();
            pairs.push((CODER_ANCESTOR_CHAT_IDS_HEADER.to_owned(), format!("[{}]", ids.join(","))));
        }
        pairs.extend(self.more.iter().cloned());
        pairs
    }
}

impl fmt::Debug for ExtraHeaders {
    /// The values of further headers are left out: they may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more: Vec<&str> = self.more.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("ExtraHeaders")
            .field("chat_id", &self.chat_id)
            .field("ancestor_chat_ids", &self.ancestor_chat_ids)
            .field("more", &more)
            .finish()
    }
}
