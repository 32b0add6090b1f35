//! Refusals of the chat daemon as answers.

use http::StatusCode;
use serde_json::json;

use crate::chatd::ChatdError;
use crate::chatd::machine::MAX_QUEUE_SIZE;
use crate::http::error::ApiError;
use crate::quote::quoted;
use crate::usage_limits::UsageLimitExceeded;

/// How a call words the refusals that depend on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wording {
    /// The chat is archived.
    pub(crate) archived: &'static str,
    /// What the chat is doing does not allow it.
    pub(crate) not_allowed: &'static str,
    /// The server failed.
    pub(crate) failed: &'static str,
}

impl Wording {
    /// The answer to a refusal of the daemon.
    pub(crate) fn answer(self, error: ChatdError) -> ApiError {
        let detail = error.to_string();
        match error {
            ChatdError::NotFound => ApiError::not_found(),
            ChatdError::Archived => ApiError::bad_request(self.archived),
            ChatdError::InvalidState => ApiError::conflict("Chat is in an invalid state."),
            // Clients of the original know this detail with its prefix.
            ChatdError::NotAllowed { .. } => {
                ApiError::conflict(self.not_allowed).detail(format!("execute transaction: {detail}"))
            }
            ChatdError::NotRequiresAction(_) => ApiError::conflict(self.not_allowed).detail(detail),
            ChatdError::QueueFull => ApiError::new(StatusCode::TOO_MANY_REQUESTS, "Message queue is full.")
                .detail(format!("Maximum {MAX_QUEUE_SIZE} messages can be queued.")),
            ChatdError::QueuedMessageNotFound => ApiError::new(StatusCode::NOT_FOUND, "Queued message not found."),
            ChatdError::MessageNotFound => ApiError::new(StatusCode::NOT_FOUND, "Chat message not found.")
                .detail("Message does not belong to this chat."),
            ChatdError::EditedMessageNotUser => ApiError::bad_request("Only user messages can be edited."),
            ChatdError::NotRoot => ApiError::bad_request("Chat archive state can only be changed on the root chat."),
            ChatdError::InvalidModelConfig(_) => ApiError::bad_request("Invalid model config ID."),
            ChatdError::ToolResultDuplicate(id) => ApiError::bad_request("Duplicate tool_call_id in results.")
                .detail(format!("Duplicate tool call ID {}.", quoted(&id))),
            ChatdError::ToolResultMissing(id) => ApiError::bad_request("Missing tool result.")
                .detail(format!("Missing result for tool call {}.", quoted(&id))),
            ChatdError::ToolResultUnexpected(id) => ApiError::bad_request("Unexpected tool result.")
                .detail(format!("No pending tool call with ID {}.", quoted(&id))),
            ChatdError::ToolResultWithoutOutput(id) => ApiError::bad_request("Tool result output must be valid JSON.")
                .detail(format!("Output for tool call {} is not valid JSON.", quoted(&id))),
            error => ApiError::internal(self.failed, &error),
        }
    }
}

impl From<UsageLimitExceeded> for ApiError {
    fn from(limit: UsageLimitExceeded) -> Self {
        let message = "Chat usage limit exceeded.";
        Self::conflict(message).json(json!({
            "message": message,
            "spent_micros": limit.spent_micros,
            "limit_micros": limit.limit_micros,
            "resets_at": limit.resets_at,
        }))
    }
}
