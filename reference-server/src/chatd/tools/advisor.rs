//! The advisor: a model that the chat's own model can ask for advice.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use serde_json::json;

use super::args::{self, text};
use super::{Tool, ToolResponse};
use crate::model::{ModelCall, PromptMessage, PromptPart, PromptRole, SharedModel, ToolDefinition};

/// The name of the tool.
pub(crate) const NAME: &str = "advisor";
/// How often an advisor can be asked in a turn whose configuration sets no limit.
pub(crate) const MOST_USES: i64 = 1_200;
/// How many tokens advice may have where the configuration does not say.
pub(crate) const MAX_OUTPUT_TOKENS: i64 = 16_384;
/// How long a question may be, in characters.
const MAX_QUESTION: usize = 2_000;
/// How many of the chat's last messages the advisor sees.
const MOST_MESSAGES: usize = 20;
/// How much of them it sees, in bytes.
const MESSAGES_BUDGET: usize = 12_000;
/// How much it sees of what the chat's own model is told to be, in bytes.
const SYSTEM_BUDGET: usize = 12_000;

/// What the chat's own model is told of the tool.
pub(crate) const GUIDANCE: &str = "<advisor-guidance>\n\
    Ask the advisor tool when a plan is unclear, when designs compete, when a fault resists, or when something failed \
    several times.\n\
    It sees the last messages of this conversation, has no tools, and answers you, not the user. Keep the question \
    under 2000 characters, and sum up rather than paste logs.\n\
    </advisor-guidance>";

const ROLE: &str = "You advise another AI agent that writes code. You speak to that agent, never to its user.\n\
    Say briefly what it should do next and why: about plans, designs, faults, risks.\n\
    You have no tools, and do not propose to use any yourself. Give practical advice and nothing else.";

/// The tool of one step.
#[derive(Debug)]
pub(crate) struct Advisor {
    model: SharedModel,
    /// The request, but for its prompt.
    call: ModelCall,
    /// What the chat's own model is asked with.
    prompt: Vec<PromptMessage>,
    /// How much advice the turn has had.
    used: Arc<AtomicI64>,
    most: i64,
}

impl Advisor {
    pub(crate) fn new(
        model: SharedModel,
        call: ModelCall,
        prompt: Vec<PromptMessage>,
        used: Arc<AtomicI64>,
        most: i64,
    ) -> Self {
        Self { model, call, prompt, used, most }
    }

    fn left(&self) -> i64 {
        (self.most - self.used.load(Ordering::Relaxed)).max(0)
    }

    /// What the model says, as one text.
    async fn ask(&self, question: &str) -> Result<String, String> {
        let call = ModelCall { prompt: messages(&self.prompt, question), ..self.call.clone() };
        let answer = self.model.generate(call).await.map_err(|error| error.to_string())?;
        match answer.text.trim() {
            "" => Err("advisor produced no text output".to_owned()),
            advice => Ok(advice.to_owned()),
        }
    }
}

pub(super) fn definition() -> ToolDefinition {
    let question = "What you want advice on, in at most 2000 characters. Sum up rather than paste logs.";
    ToolDefinition {
        name: NAME.to_owned(),
        description: "Asks another model for advice on plans, designs, trade-offs or faults. It sees the last \
                      messages of the conversation, has no tools, and answers you, not the user."
            .to_owned(),
        input_schema: json!({
            "type": "object",
            "properties": {"question": {"type": "string", "description": question}},
            "required": ["question"],
        }),
    }
}

#[async_trait]
impl Tool for Advisor {
    fn name(&self) -> &str {
        NAME
    }

    fn definition(&self) -> ToolDefinition {
        definition()
    }

    async fn run(&self, _call_id: &str, input: &str) -> ToolResponse {
        let args = match args::parse(&definition(), input) {
            Ok(args) => args,
            Err(error) => return ToolResponse::Error(error),
        };
        let question: String = text(&args, "question").chars().take(MAX_QUESTION).collect();
        if question.is_empty() {
            return ToolResponse::Error("question is required".to_owned());
        }
        // Only advice that was given counts.
        if self.left() == 0 {
            return ToolResponse::json(&json!({"type": "limit_reached", "remaining_uses": 0}));
        }
        let answer = match self.ask(&question).await {
            Ok(advice) => {
                self.used.fetch_add(1, Ordering::Relaxed);
                let model = format!("{}/{}", self.model.provider(), self.model.model());
                json!({"type": "advice", "advice": advice, "advisor_model": model, "remaining_uses": self.left()})
            }
            Err(error) => json!({"type": "error", "error": error, "remaining_uses": self.left()}),
        };
        ToolResponse::json(&answer)
    }
}

/// What the advisor is asked with: what the chat's model is told to be, what the advisor is to be, which comes later
/// and so has the last word, the end of the conversation, and the question.
fn messages(prompt: &[PromptMessage], question: &str) -> Vec<PromptMessage> {
    let (systems, talk): (Vec<_>, Vec<_>) = prompt.iter().partition(|message| message.role == PromptRole::System);
    let mut left = SYSTEM_BUDGET;
    let mut messages: Vec<PromptMessage> = Vec::new();
    for message in systems.into_iter().rev() {
        // One that is too long leaves room for shorter ones before it.
        if let Some(rest) = left.checked_sub(size(message)) {
            left = rest;
            messages.push(message.clone());
        }
    }
    messages.reverse();
    messages.push(PromptMessage::text(PromptRole::System, ROLE));
    let mut left = MESSAGES_BUDGET;
    let mut recent = Vec::new();
    for message in talk.into_iter().rev().take(MOST_MESSAGES) {
        // Without a gap: what comes after one may speak of what was in it.
        let Some(rest) = left.checked_sub(size(message)) else { break };
        left = rest;
        recent.push(message.clone());
    }
    recent.reverse();
    messages.extend(without_orphans(recent));
    messages.push(PromptMessage::text(PromptRole::User, question));
    for message in &mut messages {
        message.cache = false;
    }
    messages
}

/// About how much of a prompt a message takes, in bytes.
fn size(message: &PromptMessage) -> usize {
    message.content.iter().map(|part| format!("{part:?}").len()).sum()
}

/// Leaves out results of calls that are not there: providers refuse them.
fn without_orphans(messages: Vec<PromptMessage>) -> Vec<PromptMessage> {
    let mut calls = HashSet::new();
    let mut kept = Vec::with_capacity(messages.len());
    for mut message in messages {
        for part in &message.content {
            if let PromptPart::ToolCall(call) = part {
                calls.insert(call.id.clone());
            }
        }
        let had_parts = !message.content.is_empty();
        message.content.retain(|part| match part {
            PromptPart::ToolResult(result) => calls.contains(&result.id),
            _ => true,
        });
        if !(had_parts && message.content.is_empty()) {
            kept.push(message);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ToolCall, ToolOutput, ToolResult};

    fn call(id: &str) -> PromptMessage {
        let call = ToolCall { id: id.to_owned(), ..ToolCall::default() };
        PromptMessage::new(PromptRole::Assistant, vec![PromptPart::ToolCall(call)])
    }

    fn result(id: &str) -> PromptMessage {
        let output = ToolOutput::Text("x".to_owned());
        let result = ToolResult { id: id.to_owned(), output, provider_executed: false, metadata: None };
        PromptMessage::new(PromptRole::Tool, vec![PromptPart::ToolResult(result)])
    }

    fn texts(prompt: &[PromptMessage]) -> Vec<String> {
        messages(prompt, "why?").iter().map(PromptMessage::joined_text).collect()
    }

    #[test]
    fn the_advisor_s_role_comes_after_what_the_chat_s_model_is_told() {
        let long = "x".repeat(SYSTEM_BUDGET);
        let prompt = [
            PromptMessage::text(PromptRole::System, "old"),
            PromptMessage::text(PromptRole::System, long),
            PromptMessage::text(PromptRole::System, "new"),
            PromptMessage::text(PromptRole::User, "hi"),
        ];
        assert_eq!(texts(&prompt), ["old", "new", ROLE, "hi", "why?"]);
    }

    #[test]
    fn the_end_of_the_conversation_is_seen_without_a_gap() {
        let mut prompt: Vec<_> = (0..50).map(|i| PromptMessage::text(PromptRole::User, i.to_string())).collect();
        assert_eq!(texts(&prompt).len(), MOST_MESSAGES + 2);
        prompt.push(PromptMessage::text(PromptRole::User, "x".repeat(MESSAGES_BUDGET)));
        prompt.push(PromptMessage::text(PromptRole::User, "last"));
        assert_eq!(texts(&prompt), [ROLE, "last", "why?"]);
    }

    #[test]
    fn results_without_their_calls_are_left_out() {
        let shown = messages(&[result("1"), call("2"), result("2")], "why?");
        assert_eq!(shown[1..3], [call("2"), result("2")]);
        assert_eq!(shown.len(), 4);
    }
}
