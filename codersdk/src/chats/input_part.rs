//! Parts of what a person sends.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::types::*;

open_enum! {
    /// What a part of a person's message is: the field `type` of [`ChatInputPart`].
    pub enum ChatInputPartType {
        /// Text.
        Text => "text",
        /// A file that was uploaded before.
        File => "file",
        /// Lines of a file.
        FileReference => "file-reference",
    }
}

/// One part of what a person sends to a chat.
///
/// ```
/// use codersdk::ChatInputPart;
///
/// let lines = ChatInputPart::file_reference("src/lib.rs", 1, 3, "fn main() {}");
/// let content = vec![ChatInputPart::text("What does this do?"), lines];
/// # assert_eq!(content.len(), 2);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ChatInputPart {
    /// Text.
    Text(ChatInputText),
    /// A file that was uploaded before.
    File(ChatInputFile),
    /// Lines of a file, such as a comment on a diff.
    FileReference(ChatFileReferencePart),
    /// A part of a kind that this version does not know.
    Unknown(UnknownChatInputPart),
}

/// Text that a person sends.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChatInputText {
    /// The text. Servers refuse one that is empty or only white space.
    pub text: String,
}

/// A file that a person sends.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChatInputFile {
    /// The id that the upload gave.
    pub file_id: Uuid,
}

/// A part of a person's message whose kind this version does not know.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UnknownChatInputPart {
    /// Its `type` as it was read.
    pub kind: ChatInputPartType,
    /// The field `text`.
    pub text: String,
    /// The field `file_id`.
    pub file_id: Uuid,
    /// The field `file_name`.
    pub file_name: String,
    /// The field `start_line`.
    pub start_line: i64,
    /// The field `end_line`.
    pub end_line: i64,
    /// The field `content`.
    pub content: String,
}

impl ChatInputPart {
    /// A part of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(ChatInputText { text: text.into() })
    }

    /// A file that was uploaded before.
    pub fn file(file_id: Uuid) -> Self {
        Self::File(ChatInputFile { file_id })
    }

    /// Lines of a file.
    pub fn file_reference(
        file_name: impl Into<String>,
        start_line: i64,
        end_line: i64,
        content: impl Into<String>,
    ) -> Self {
        Self::FileReference(ChatFileReferencePart {
            file_name: file_name.into(),
            start_line,
            end_line,
            content: content.into(),
            foreign: JsonMap::new(),
        })
    }

    /// What the part is.
    pub fn kind(&self) -> ChatInputPartType {
        match self {
            Self::Text(_) => ChatInputPartType::Text,
            Self::File(_) => ChatInputPartType::File,
            Self::FileReference(_) => ChatInputPartType::FileReference,
            Self::Unknown(part) => part.kind.clone(),
        }
    }
}

impl From<&str> for ChatInputPart {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for ChatInputPart {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

/// The flat form on the wire.
#[derive(Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ChatInputPart"))]
struct InputPartWire {
    #[serde(rename = "type", default)]
    kind: ChatInputPartType,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    text: String,
    #[serde(default)]
    file_id: Uuid,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    file_name: String,
    #[serde(default, skip_serializing_if = "is_zero")]
    start_line: i64,
    #[serde(default, skip_serializing_if = "is_zero")]
    end_line: i64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    content: String,
}

impl<'de> Deserialize<'de> for ChatInputPart {
    /// Reads all fields whatever the kind is, as servers do: a wrong one is refused also where it does
    /// not count. Case and outer white space of the kind do not matter to them either.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = InputPartWire::deserialize(deserializer)?;
        Ok(match ChatInputPartType::from(wire.kind.as_str().trim().to_lowercase()) {
            ChatInputPartType::Text => Self::text(wire.text),
            ChatInputPartType::File => Self::file(wire.file_id),
            ChatInputPartType::FileReference => {
                Self::file_reference(wire.file_name, wire.start_line, wire.end_line, wire.content)
            }
            ChatInputPartType::Unknown(_) => Self::Unknown(UnknownChatInputPart {
                kind: wire.kind,
                text: wire.text,
                file_id: wire.file_id,
                file_name: wire.file_name,
                start_line: wire.start_line,
                end_line: wire.end_line,
                content: wire.content,
            }),
        })
    }
}

impl Serialize for ChatInputPart {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut wire = InputPartWire { kind: self.kind(), ..Default::default() };
        match self.clone() {
            Self::Text(part) => wire.text = part.text,
            Self::File(part) => wire.file_id = part.file_id,
            Self::FileReference(part) => {
                wire.file_name = part.file_name;
                wire.start_line = part.start_line;
                wire.end_line = part.end_line;
                wire.content = part.content;
            }
            Self::Unknown(part) => {
                wire = InputPartWire {
                    kind: part.kind,
                    text: part.text,
                    file_id: part.file_id,
                    file_name: part.file_name,
                    start_line: part.start_line,
                    end_line: part.end_line,
                    content: part.content,
                };
            }
        }
        wire.serialize(serializer)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for ChatInputPart {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ChatInputPart".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        InputPartWire::json_schema(generator)
    }
}
