//! What people send turned into the parts that are stored.

use std::collections::HashMap;

use codersdk::{ChatFileReferencePart, ChatInputPart, ChatMessagePartType};
use uuid::Uuid;

use crate::chatd::part::Part;
use crate::chatfiles::{allowed_media_types, is_allowed_media_type};
use crate::quote::quoted;
use crate::store::chat_files::ChatFileRow;

/// A message as a person wrote it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ChatInput {
    pub(crate) parts: Vec<Part>,
    /// The text of which a title can be made; empty for a message of files alone.
    pub(crate) title_source: String,
    /// The files of the message, as often as they occur.
    pub(crate) file_ids: Vec<Uuid>,
}

/// Why a message is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InputError {
    pub(crate) message: &'static str,
    pub(crate) detail: String,
}

impl InputError {
    fn part(index: usize, what: &str) -> Self {
        Self { message: "Invalid input part.", detail: format!("content[{index}]{what}") }
    }
}

/// The files that a message names, as often as it does.
pub(crate) fn named_files(parts: &[ChatInputPart]) -> impl Iterator<Item = Uuid> {
    parts.iter().filter_map(|part| match part {
        ChatInputPart::File(file) if !file.file_id.is_nil() => Some(file.file_id),
        _ => None,
    })
}

/// Reads the parts of a message. `files` are those of the named files that the sender may read.
pub(crate) fn read_input(parts: &[ChatInputPart], files: &HashMap<Uuid, ChatFileRow>) -> Result<ChatInput, InputError> {
    if parts.is_empty() {
        return Err(InputError { message: "Content is required.", detail: "Content cannot be empty.".to_owned() });
    }
    let mut input = ChatInput::default();
    let mut texts = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let refuse = |what: &str| InputError::part(index, what);
        let stored = match part {
            ChatInputPart::Text(part) => {
                let text = part.text.trim();
                if text.is_empty() {
                    return Err(refuse(".text cannot be empty."));
                }
                texts.push(text.to_owned());
                Part::text(text)
            }
            ChatInputPart::File(part) => {
                input.file_ids.push(part.file_id);
                file(part.file_id, files).map_err(|what| refuse(&what))?
            }
            // These carry lines of a file in the text itself; nothing was uploaded.
            ChatInputPart::FileReference(part) => {
                if part.file_name.is_empty() {
                    return Err(refuse(".file_name cannot be empty for file-reference."));
                }
                texts.push(reference_text(part));
                file_reference(part)
            }
            other => return Err(refuse(&format!(".type {} is not supported.", quoted(other.kind().as_str())))),
        };
        input.parts.push(stored);
    }
    texts.join(" ").trim().clone_into(&mut input.title_source);
    Ok(input)
}

fn file(id: Uuid, files: &HashMap<Uuid, ChatFileRow>) -> Result<Part, String> {
    if id.is_nil() {
        return Err(".file_id is required for file parts.".to_owned());
    }
    let Some(file) = files.get(&id) else {
        return Err(".file_id references a file that does not exist.".to_owned());
    };
    if !is_allowed_media_type(&file.mimetype) {
        return Err(format!(
            ".file_id references a file type that cannot be used as prompt input. Allowed types: {}.",
            allowed_media_types()
        ));
    }
    Ok(Part {
        kind: ChatMessagePartType::File,
        file_id: Some(id),
        media_type: file.mimetype.clone(),
        name: file.name.clone(),
        ..Part::default()
    })
}

fn file_reference(part: &ChatFileReferencePart) -> Part {
    Part {
        kind: ChatMessagePartType::FileReference,
        file_name: part.file_name.clone(),
        start_line: part.start_line,
        end_line: part.end_line,
        content: part.content.clone(),
        ..Part::default()
    }
}

fn reference_text(part: &ChatFileReferencePart) -> String {
    let ChatFileReferencePart { file_name, start_line, end_line, .. } = part;
    let lines = if start_line == end_line { start_line.to_string() } else { format!("{start_line}-{end_line}") };
    let content = part.content.trim();
    if content.is_empty() {
        format!("[file-reference] {file_name}:{lines}")
    } else {
        format!("[file-reference] {file_name}:{lines}\n```{file_name}\n{content}\n```")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::http::chats::title::title_from_message;
    use crate::testing::{replay, same, vectors};

    fn known_files() -> HashMap<Uuid, ChatFileRow> {
        [
            ("image/png", "shot.png"),
            ("text/plain", "a.txt"),
            ("video/mp4", "v.mp4"),
            ("application/pdf", ""),
            ("application/json", "x.json"),
        ]
        .into_iter()
        .zip(1..)
        .map(|((mimetype, name), n)| {
            let id = Uuid::from_u128(0xf000_0000_0000_4000_8000_0000_0000_0000 + n);
            let file = ChatFileRow {
                id,
                owner_id: Uuid::nil(),
                organization_id: Uuid::nil(),
                created_at: chrono::DateTime::UNIX_EPOCH,
                name: name.to_owned(),
                mimetype: mimetype.to_owned(),
            };
            (id, file)
        })
        .collect()
    }

    #[test]
    fn vectors_of_chat_input_match() {
        let files = known_files();
        replay(&vectors("chat_input.json"), |case| {
            let parts: Vec<ChatInputPart> = serde_json::from_value(case.input["content"].clone()).unwrap();
            let got = match read_input(&parts, &files) {
                Ok(input) => json!({
                    "parts": input.parts.iter().map(Part::to_wire).collect::<Vec<_>>(),
                    "title": title_from_message(&input.title_source),
                    "title_source": input.title_source,
                    "file_ids": input.file_ids,
                }),
                Err(error) => json!({"error": {"message": error.message, "detail": error.detail}}),
            };
            same(&got, &case.output)
        });
    }
}
