//! Titles and labels as text: how they begin, what a model is told, how its words are tidied.

use codersdk::{ChatMessagePartType, ChatMessageRole, ChatStatus};

use crate::chatd::history::HistoryMessage;
use crate::chatd::part::Part;
use crate::store::messages::Visibility;

const MAX_WORDS: usize = 6;
/// Longest title, in characters.
const MAX_TITLE: usize = 80;
/// Most words of a generated title.
const MAX_GENERATED_WORDS: usize = 8;
/// Most characters of a conversation that a model is shown for a title.
const MAX_CONVERSATION: usize = 6000;
/// Most characters of a single message that a model is shown for a title.
const MAX_MESSAGE: usize = 1000;
/// How many of the last turns a model is shown for a title, beside the first of the user.
const RECENT_TURNS: usize = 3;

/// What a title from the first message is asked for with.
pub(super) const TITLE_PROMPT: &str = "You name conversations. Read the user's message and put a title of 2 to 8 words \
    into the title field, and say nothing else. Do not answer the message, and do not speak of titles. Keep names as they \
    are: numbers of pull requests, repositories, paths, functions, error texts. If there is little to go by, stay with \
    the user's own words. Write it like the start of a sentence, without quotes, emoji, markup or a mark at the end.";

/// What a turn's label is asked for with.
pub(super) const LABEL_PROMPT: &str = "You write the status line of a chat for a list or a notification. From the \
    chat's title, its state and the agent's last message, put a label of 2 to 5 words into the label field. It tells how \
    the chat stands, not who did it: like `Finished unit tests`, `Submitted the fix`, `Still working on the API`, \
    `Waiting for user input`. Do not begin with Agent, I, We, It, The agent or The chat. No quotes, emoji, markup or a \
    mark at the end.";

/// The title of a first message as the worker makes it: the cut comes before the ellipsis, not after it as at
/// creation. Only while a chat has just this title is another generated.
pub(crate) fn fallback_title(message: &str) -> String {
    let (title, is_cut) = first_words(message);
    match title {
        None => "New Chat".to_owned(),
        Some(title) if is_cut => format!("{}…", take(&title, MAX_TITLE - 1)),
        Some(title) => take(&title, MAX_TITLE).to_owned(),
    }
}

/// The title of a sub-agent's chat, from its task.
pub(crate) fn subagent_title(task: &str) -> String {
    let (title, is_cut) = first_words(task);
    match title {
        None => "New Chat".to_owned(),
        Some(title) if is_cut => take(&format!("{title}..."), MAX_TITLE).to_owned(),
        Some(title) => take(&title, MAX_TITLE).to_owned(),
    }
}

fn first_words(message: &str) -> (Option<String>, bool) {
    let mut words = message.split_whitespace();
    let title = words.by_ref().take(MAX_WORDS).collect::<Vec<_>>().join(" ");
    (Some(title).filter(|title| !title.is_empty()), words.next().is_some())
}

/// The first `count` characters.
fn take(text: &str, count: usize) -> &str {
    text.char_indices().nth(count).map_or(text, |(end, _)| &text[..end])
}

fn words_of(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A generated title, tidied.
///
/// # Errors
/// When nothing is left of it, or it is too long to be a title.
pub(super) fn clean_title(text: &str) -> Result<String, &'static str> {
    let tidy = words_of(text.trim().trim_matches(['"', '\'', '`']));
    let title = take(&tidy, MAX_TITLE);
    if title.is_empty() {
        return Err("generated title was empty");
    }
    if title.split_whitespace().count() > MAX_GENERATED_WORDS {
        return Err("generated title exceeded 8 words");
    }
    Ok(title.to_owned())
}

/// A generated label, tidied; `None` where it is no label.
pub(super) fn clean_label(text: &str) -> Option<String> {
    let text = text.trim().trim_matches(['"', '\'', '`']).trim();
    if text.is_empty() || text.contains(['\r', '\n']) {
        return None;
    }
    let label = words_of(text.trim_end_matches(['.', '!', '?']));
    let ends_sentence = ['.', '!', '?'].iter().any(|mark| label.contains(&format!("{mark} ")));
    if ends_sentence || !(2..=5).contains(&label.split_whitespace().count()) {
        return None;
    }
    let lower = label.to_lowercase();
    let subject = &lower[..lower.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(lower.len())];
    // A subject that is the whole of the text never meets its end, and is let through like any other word.
    let is_subject = matches!(subject, "agent" | "i" | "it" | "the" | "we");
    let phrases = ["agent asked", "agent identified", "agent found", "agent explained"];
    if is_subject || phrases.iter().any(|phrase| lower.contains(phrase)) {
        return None;
    }
    Some(label)
}

/// The label of a turn for which none was generated.
pub(crate) fn fallback_label(status: &ChatStatus) -> &'static str {
    match status {
        ChatStatus::Waiting => "Finished latest turn",
        ChatStatus::Pending => "Still working on request",
        ChatStatus::RequiresAction => "Waiting for user input",
        ChatStatus::Error => "Hit an error",
        _ => "Updated chat status",
    }
}

/// What a model is told of a finished turn for its label.
pub(super) fn label_input(title: &str, answer: &str) -> String {
    format!(
        "Current chat state: The turn finished and the chat is idle.\nChat title: {title}\n\nAgent's latest \
         message:\n{}",
        take(answer, MAX_CONVERSATION)
    )
}

/// The text parts, joined by blanks.
pub(crate) fn text_of(parts: &[Part]) -> String {
    let texts: Vec<&str> = parts
        .iter()
        .filter(|part| part.kind == ChatMessagePartType::Text)
        .map(|part| part.text.trim())
        .filter(|text| !text.is_empty())
        .collect();
    texts.join(" ")
}

/// What a title is generated from: what the user said first, while the chat has the title that it began with.
pub(crate) fn title_input<'a>(title: &str, first_text: &'a str) -> Option<&'a str> {
    let (title, first) = (title.trim(), first_text.trim());
    (!first.is_empty() && (title.is_empty() || title == fallback_title(first))).then_some(first)
}

/// A turn of a conversation that a title is to be found for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) role: ChatMessageRole,
    pub(super) text: String,
}

impl Turn {
    fn is_user(&self) -> bool {
        self.role == ChatMessageRole::User
    }
}

/// What people said and were answered, without what only the model sees.
pub(super) fn turns(history: &[HistoryMessage]) -> Vec<Turn> {
    history
        .iter()
        .filter(|message| message.audience != Visibility::Model)
        .filter(|message| matches!(message.role, ChatMessageRole::User | ChatMessageRole::Assistant))
        .map(|message| Turn { role: message.role.clone(), text: text_of(&message.parts) })
        .filter(|turn| !turn.text.is_empty())
        .collect()
}

/// The turns that stand for the conversation: the user's first and the last few.
fn selected(turns: &[Turn]) -> Vec<usize> {
    let Some(first) = turns.iter().position(Turn::is_user) else { return Vec::new() };
    let recent = turns.len().saturating_sub(RECENT_TURNS);
    (first < recent).then_some(first).into_iter().chain(recent..turns.len()).collect()
}

/// The conversation as a block of text, and the user's last words; the block is empty where they said one thing only.
fn conversation<'a>(turns: &'a [Turn], selected: &[usize]) -> (String, &'a str) {
    let latest = turns.iter().rfind(|turn| turn.is_user()).map_or("", |turn| take(&turn.text, MAX_MESSAGE));
    if turns.iter().filter(|turn| turn.is_user()).count() <= 1 || selected.is_empty() {
        return (String::new(), latest);
    }
    let mut lines = Vec::with_capacity(selected.len() + 1);
    for (i, &index) in selected.iter().enumerate() {
        if i == 1 && index > selected[0] + 1 {
            lines.push(format!("[... {} earlier turns omitted ...]", index - selected[0] - 1));
        }
        lines.push(format!("[{}]: {}", turns[index].role, turns[index].text));
    }
    (take(&lines.join("\n"), MAX_CONVERSATION).to_owned(), latest)
}

/// What a title for the whole conversation is asked for with, and the words that it is asked about; `None` where the
/// user said nothing in words.
pub(super) fn conversation_prompt(turns: &[Turn]) -> Option<(String, String)> {
    let first = take(&turns.iter().find(|turn| turn.is_user())?.text, MAX_MESSAGE);
    let (block, latest) = conversation(turns, &selected(turns));
    let mut prompt = format!("{TITLE_PROMPT}\n\nWhat the user set out to do:\n<objective>\n{first}\n</objective>");
    if !block.is_empty() {
        prompt.push_str(&format!("\n\nFrom the conversation:\n<conversation>\n{block}\n</conversation>"));
    }
    if latest.trim() != first.trim() {
        prompt.push_str(&format!(
            "\n\nWhat the user said last:\n<latest>\n{latest}\n</latest>\nThe conversation as a whole counts for more \
             than this last message."
        ));
    }
    let input = if latest.trim().is_empty() { first } else { latest };
    Some((prompt, input.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{replay, same, vectors};

    #[test]
    fn titles_and_labels_are_those_recorded() {
        replay(&vectors("chat_titles.json"), |case| {
            let text = case.text("text");
            let got = match case.text("rule") {
                "fallback" => json!({"title": fallback_title(text)}),
                "subagent" => json!({"title": subagent_title(text)}),
                "generated" => match clean_title(text) {
                    Ok(title) => json!({"title": title}),
                    Err(error) => return same(&json!(error), case.error.as_ref().unwrap_or(&Value::Null)),
                },
                "label" => {
                    let label = clean_label(text);
                    json!({"ok": label.is_some(), "label": label.unwrap_or_default()})
                }
                "label_fallback" => json!({"label": fallback_label(&ChatStatus::from(case.text("status")))}),
                // Replayed where prompt texts are set.
                "prompt" => return Ok(()),
                rule => return Err(format!("unknown rule {rule}")),
            };
            same(&got, &case.output)
        });
    }

    #[test]
    fn contexts_are_those_recorded() {
        replay(&vectors("title_context.json"), |case| {
            let items = |name: &str| case.input[name].as_array().cloned().unwrap_or_default();
            let role = |value: &Value| ChatMessageRole::from(value["role"].as_str().unwrap_or_default());
            let got = match case.text("rule") {
                "select" => {
                    let turns: Vec<Turn> = items("turns")
                        .iter()
                        .map(|turn| Turn {
                            role: role(turn),
                            text: turn["text"].as_str().unwrap_or_default().to_owned(),
                        })
                        .collect();
                    let indexes = selected(&turns);
                    let (block, latest) = conversation(&turns, &indexes);
                    json!({"indexes": indexes, "block": block, "latest": latest})
                }
                "input" => {
                    // Titles are made when a chat begins: what came later stands in other cases.
                    let said = items("messages");
                    let [first] = &said[..] else { return Ok(()) };
                    if role(first) != ChatMessageRole::User || first["visibility"] == "model" {
                        return Ok(());
                    }
                    json!({"text": title_input(case.text("title"), first["text"].as_str().unwrap_or_default())})
                }
                "text" => {
                    let parts: Vec<Part> =
                        serde_json::from_value(case.input["parts"].clone()).map_err(|error| error.to_string())?;
                    json!({"text": text_of(&parts)})
                }
                rule => return Err(format!("unknown rule {rule}")),
            };
            same(&got, &case.output)
        });
    }
}
