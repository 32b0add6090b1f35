//! Files of chats.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::types::*;

open_enum! {
    /// Media types that chats take: `codersdk.ChatAttachmentMediaType`.
    pub enum ChatAttachmentMediaType {
        /// JSON.
        ApplicationJson => "application/json",
        /// PDF.
        ApplicationPdf => "application/pdf",
        /// A GIF image.
        ImageGif => "image/gif",
        /// A JPEG image.
        ImageJpeg => "image/jpeg",
        /// A PNG image.
        ImagePng => "image/png",
        /// A WebP image.
        ImageWebp => "image/webp",
        /// Comma-separated values.
        TextCsv => "text/csv",
        /// Markdown.
        TextMarkdown => "text/markdown",
        /// Plain text.
        TextPlain => "text/plain",
    }
}

/// A file, without its content: `codersdk.ChatFileMetadata`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatFileMetadata {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// The user who owns it.
    #[serde(default)]
    pub owner_id: Uuid,
    /// The organization it belongs to.
    #[serde(default)]
    pub organization_id: Uuid,
    /// Name, unique within its owner.
    #[serde(default)]
    pub name: String,
    /// Its media type.
    #[serde(default)]
    pub mime_type: String,
    /// When it was created.
    #[serde(default = "zero_time")]
    pub created_at: DateTime<Utc>,
    /// Its size in bytes. Servers before v2.37 do not send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub size_bytes: Option<i64>,
}

/// An uploaded file: `codersdk.UploadChatFileResponse`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UploadChatFileResponse {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
}
