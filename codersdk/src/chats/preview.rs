//! What the model has said so far in the step that it is in.

use crate::types::*;

/// An unfinished step of the model, put together from live parts.
///
/// It is provisional: the server withdraws it when the model is asked again, and replaces it by a message when the
/// step is committed. Parts that were never sent (a server drops live parts above 1 MiB a step) are missing here and
/// not in the message.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ChatPreview {
    /// Version of the history that the step continues.
    pub history_version: i64,
    /// Number of the attempt at this step, counted from 1.
    pub generation_attempt: i64,
    /// What was said, in order.
    pub blocks: Vec<ChatPreviewBlock>,
    /// Whether parts are known to be missing: what is here has holes.
    pub incomplete: bool,
}

/// A piece of a [`ChatPreview`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ChatPreviewBlock {
    /// Text of the answer.
    Text(String),
    /// What the model thought, as far as the provider shows it.
    Reasoning(String),
    /// A call of a tool, its arguments as far as they came.
    ToolCall(ChatPreviewToolCall),
    /// What a tool answered, as far as it came.
    ToolResult(ChatPreviewToolResult),
    /// Any other part, such as a source or a file.
    Other(ChatMessagePart),
}

/// A call of a tool that the model is making.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ChatPreviewToolCall {
    /// Names the call; its result carries the same id.
    pub tool_call_id: String,
    /// Name of the tool.
    pub tool_name: String,
    /// The arguments: JSON text, or the beginning of one while [`complete`](Self::complete) is false.
    pub args: String,
    /// Whether the arguments are whole.
    pub complete: bool,
    /// Whether the provider runs the tool itself.
    pub provider_executed: bool,
}

/// What a tool answers.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ChatPreviewToolResult {
    /// The call that is answered.
    pub tool_call_id: String,
    /// Name of the tool.
    pub tool_name: String,
    /// The answer: JSON text once [`complete`](Self::complete), before that the text that came so far.
    pub result: String,
    /// Whether the answer is whole.
    pub complete: bool,
    /// Whether the tool failed.
    pub is_error: bool,
    /// Whether the provider ran the tool itself.
    pub provider_executed: bool,
}

impl ChatPreview {
    /// The text of the answer so far, its pieces joined.
    pub fn text(&self) -> String {
        let texts = self.blocks.iter().filter_map(|block| match block {
            ChatPreviewBlock::Text(text) => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }

    /// The calls of tools so far.
    pub fn tool_calls(&self) -> impl Iterator<Item = &ChatPreviewToolCall> {
        self.blocks.iter().filter_map(|block| match block {
            ChatPreviewBlock::ToolCall(call) => Some(call),
            _ => None,
        })
    }

    /// The answers of tools so far.
    pub fn tool_results(&self) -> impl Iterator<Item = &ChatPreviewToolResult> {
        self.blocks.iter().filter_map(|block| match block {
            ChatPreviewBlock::ToolResult(result) => Some(result),
            _ => None,
        })
    }

    pub(super) fn push(&mut self, part: &ChatMessagePart) {
        match part {
            ChatMessagePart::Text(part) if part.text.is_empty() => {}
            ChatMessagePart::Text(part) => match self.blocks.last_mut() {
                Some(ChatPreviewBlock::Text(text)) => text.push_str(&part.text),
                _ => self.blocks.push(ChatPreviewBlock::Text(part.text.clone())),
            },
            ChatMessagePart::Reasoning(part) if part.text.is_empty() => {}
            ChatMessagePart::Reasoning(part) => match self.blocks.last_mut() {
                Some(ChatPreviewBlock::Reasoning(text)) => text.push_str(&part.text),
                _ => self.blocks.push(ChatPreviewBlock::Reasoning(part.text.clone())),
            },
            ChatMessagePart::ToolCall(part) => self.push_call(part),
            ChatMessagePart::ToolResult(part) => self.push_result(part),
            other => self.blocks.push(ChatPreviewBlock::Other(other.clone())),
        }
    }

    fn push_call(&mut self, part: &ChatToolCallPart) {
        let id = part.tool_call_id.as_deref().unwrap_or_default();
        // Parallel calls come interleaved, so the last block need not be the one that goes on.
        let known = self.blocks.iter_mut().rev().find_map(|block| match block {
            ChatPreviewBlock::ToolCall(call) if call.tool_call_id == id => Some(call),
            _ => None,
        });
        let call = match known {
            Some(call) => call,
            None => {
                self.blocks.push(ChatPreviewBlock::ToolCall(ChatPreviewToolCall {
                    tool_call_id: id.to_owned(),
                    ..Default::default()
                }));
                let Some(ChatPreviewBlock::ToolCall(call)) = self.blocks.last_mut() else { return };
                call
            }
        };
        if let Some(name) = part.tool_name.as_deref().filter(|name| !name.is_empty()) {
            name.clone_into(&mut call.tool_name);
        }
        call.provider_executed |= part.provider_executed;
        if let Some(args) = &part.args {
            args.get().clone_into(&mut call.args);
            call.complete = true;
        } else if let Some(delta) = part.args_delta.as_deref().filter(|_| !call.complete) {
            call.args.push_str(delta);
        }
    }

    fn push_result(&mut self, part: &ChatToolResultPart) {
        let id = part.tool_call_id.as_deref().unwrap_or_default();
        let known = self.blocks.iter_mut().rev().find_map(|block| match block {
            ChatPreviewBlock::ToolResult(result) if result.tool_call_id == id => Some(result),
            _ => None,
        });
        let result = match known {
            Some(result) => result,
            None => {
                self.blocks.push(ChatPreviewBlock::ToolResult(ChatPreviewToolResult {
                    tool_call_id: id.to_owned(),
                    ..Default::default()
                }));
                let Some(ChatPreviewBlock::ToolResult(result)) = self.blocks.last_mut() else { return };
                result
            }
        };
        if let Some(name) = part.tool_name.as_deref().filter(|name| !name.is_empty()) {
            name.clone_into(&mut result.tool_name);
        }
        result.provider_executed |= part.provider_executed;
        if part.result_reset {
            result.result.clear();
            result.complete = false;
            result.is_error = false;
        }
        result.is_error |= part.is_error;
        if let Some(whole) = &part.result {
            whole.get().clone_into(&mut result.result);
            result.complete = true;
        } else if let Some(delta) = part.result_delta.as_deref().filter(|_| !result.complete) {
            result.result.push_str(delta);
        }
    }
}
