//! What can go wrong with a call.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::wire::WireError;

/// The code of an answer that says the method is not there.
const UNIMPLEMENTED: u64 = 12;
/// How much of a peer's words is kept, in bytes.
const MAX_MESSAGE: usize = 16 << 10;

/// Outcome of a call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed. What it is, its predicates tell.
#[derive(Clone)]
pub struct Error {
    kind: Kind,
    code: u64,
    message: String,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The peer's handler answered so.
    Remote,
    Canceled,
    /// The connection broke, or was closed.
    Interrupted,
    Timeout,
    TooLarge,
    /// The peer broke the rules of the protocol.
    Protocol,
    Decode,
    /// The connection could not be opened.
    Dial,
}

impl Error {
    pub(crate) fn of(kind: Kind, message: impl Into<String>) -> Self {
        let mut message = message.into();
        if let Some(end) = message.char_indices().map(|(at, _)| at).find(|at| *at >= MAX_MESSAGE) {
            message.truncate(end);
        }
        Self { kind, code: 0, message, source: None }
    }

    pub(crate) fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    pub(crate) fn timeout(limit: Duration) -> Self {
        Self::of(Kind::Timeout, format!("no answer within {limit:?}"))
    }

    pub(crate) fn interrupted() -> Self {
        Self::of(Kind::Interrupted, "the connection ended")
    }

    /// What a service answers when it refuses a call: text without a code.
    pub fn new(message: impl Into<String>) -> Self {
        Self::of(Kind::Remote, message)
    }

    /// As [`new`](Self::new), with a code.
    pub fn with_code(code: u64, message: impl Into<String>) -> Self {
        Self { code, ..Self::new(message) }
    }

    /// What a service answers that does not have the method.
    pub fn unimplemented() -> Self {
        Self::with_code(UNIMPLEMENTED, "Unimplemented")
    }

    /// The code that the peer gave; 0 for none.
    pub fn code(&self) -> u64 {
        self.code
    }

    /// What the peer said, or what went wrong.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The peer received the call and refused it.
    pub fn is_remote(&self) -> bool {
        self.kind == Kind::Remote
    }

    /// The peer does not know the method: it is older than the call.
    pub fn is_unimplemented(&self) -> bool {
        self.is_remote() && (self.code == UNIMPLEMENTED || self.message.starts_with("protocol error: unknown rpc: "))
    }

    /// The peer gave the call up.
    pub fn is_canceled(&self) -> bool {
        self.kind == Kind::Canceled
    }

    /// The connection broke or was closed. Whether the call has had an effect is not known.
    pub fn is_interrupted(&self) -> bool {
        self.kind == Kind::Interrupted
    }

    /// The answer did not come in time.
    pub fn is_timeout(&self) -> bool {
        self.kind == Kind::Timeout
    }

    /// A message is larger than 4 MiB.
    pub fn is_too_large(&self) -> bool {
        self.kind == Kind::TooLarge
    }

    /// The peer does not keep to the protocol.
    pub fn is_protocol(&self) -> bool {
        self.kind == Kind::Protocol
    }

    /// A message that cannot be read.
    pub fn is_decode(&self) -> bool {
        self.kind == Kind::Decode
    }

    /// The connection could not be opened; the server's refusal, if it is one, is [`refusal`](Self::refusal).
    pub fn is_dial(&self) -> bool {
        self.kind == Kind::Dial
    }

    /// What the server said when it refused to open the connection.
    pub fn refusal(&self) -> Option<&codersdk::Error> {
        self.source.as_deref()?.downcast_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind, self.code) {
            (Kind::Remote, 1..) => write!(f, "{} (code {})", self.message, self.code),
            (Kind::Decode, _) => write!(f, "decode message: {}", self.message),
            (Kind::Protocol, _) => write!(f, "protocol error: {}", self.message),
            _ => f.write_str(&self.message),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Error");
        debug.field("kind", &self.kind).field("code", &self.code).field("message", &self.message);
        if let Some(source) = &self.source {
            debug.field("source", source);
        }
        debug.finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::of(Kind::Interrupted, format!("the connection broke: {error}")).with_source(error)
    }
}

impl From<WireError> for Error {
    fn from(error: WireError) -> Self {
        let kind = if error == WireError::Overflow { Kind::TooLarge } else { Kind::Protocol };
        Self::of(kind, error.to_string()).with_source(error)
    }
}

impl From<prost::DecodeError> for Error {
    fn from(error: prost::DecodeError) -> Self {
        Self::of(Kind::Decode, error.to_string()).with_source(error)
    }
}

impl From<codersdk::Error> for Error {
    fn from(error: codersdk::Error) -> Self {
        Self::of(Kind::Dial, error.to_string()).with_source(error)
    }
}
