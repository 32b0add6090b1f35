//! The rules of a chat's life.
//!
//! [`rules`] is a pure function from a state and a transition to what is to be done, or a refusal; [`apply`] does it
//! to the store, in one transaction. Ownership (which worker drives the chat) is independent of the execution state.

pub(crate) mod apply;
pub(crate) mod calls;
pub(crate) mod family;
pub(crate) mod rules;

use codersdk::ChatStatus;

/// How many messages may wait in a chat's queue.
pub(crate) const MAX_QUEUE_SIZE: usize = 20;

/// What a chat is doing, as its row and its queue tell. A `0` stands for an empty queue, a `1` for one with messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ExecutionState {
    /// There is no such chat.
    N,
    /// Waiting for a message.
    W,
    /// Failed.
    E0,
    /// Failed, with messages that wait.
    E1,
    /// Running.
    R0,
    /// Running, with messages that wait.
    R1,
    /// Being interrupted.
    I0,
    /// Being interrupted, with messages that wait.
    I1,
    /// Waiting for the client's tool results.
    A0,
    /// Waiting for the client's tool results, with messages that wait.
    A1,
    /// Archived while waiting.
    XW,
    /// Archived after a failure.
    XE0,
    /// Archived after a failure, with messages that wait.
    XE1,
    /// Anything else: a combination that no transition leads to.
    Invalid,
}

impl ExecutionState {
    /// Every state.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 14] = [
        Self::N,
        Self::W,
        Self::E0,
        Self::E1,
        Self::R0,
        Self::R1,
        Self::I0,
        Self::I1,
        Self::A0,
        Self::A1,
        Self::XW,
        Self::XE0,
        Self::XE1,
        Self::Invalid,
    ];

    /// The state of a chat that exists.
    pub(crate) fn classify(status: &ChatStatus, archived: bool, queued: bool) -> Self {
        match (status, archived, queued) {
            (ChatStatus::Waiting, false, false) => Self::W,
            (ChatStatus::Waiting, true, false) => Self::XW,
            (ChatStatus::Error, false, false) => Self::E0,
            (ChatStatus::Error, false, true) => Self::E1,
            (ChatStatus::Error, true, false) => Self::XE0,
            (ChatStatus::Error, true, true) => Self::XE1,
            (ChatStatus::Running, false, false) => Self::R0,
            (ChatStatus::Running, false, true) => Self::R1,
            (ChatStatus::Interrupting, false, false) => Self::I0,
            (ChatStatus::Interrupting, false, true) => Self::I1,
            (ChatStatus::RequiresAction, false, false) => Self::A0,
            (ChatStatus::RequiresAction, false, true) => Self::A1,
            _ => Self::Invalid,
        }
    }

    /// Whether a worker has something to do here.
    pub(crate) fn is_runnable(self) -> bool {
        matches!(self, Self::R0 | Self::R1 | Self::I0 | Self::I1 | Self::A0 | Self::A1)
    }

    /// The name that the original gives the state.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::N => "N",
            Self::W => "W",
            Self::E0 => "E0",
            Self::E1 => "E1",
            Self::R0 => "R0",
            Self::R1 => "R1",
            Self::I0 => "I0",
            Self::I1 => "I1",
            Self::A0 => "A0",
            Self::A1 => "A1",
            Self::XW => "XW",
            Self::XE0 => "XE0",
            Self::XE1 => "XE1",
            Self::Invalid => "Invalid",
        }
    }
}

impl std::fmt::Display for ExecutionState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
