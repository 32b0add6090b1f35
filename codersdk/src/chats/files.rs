//! Wire types.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[allow(unused_imports)]
use crate::types::*;

open_enum! {
    /// Values of `codersdk.ChatAttachmentMediaType`.
    pub enum ChatAttachmentMediaType {
        /// `application/json`
        ApplicationJson => "application/json",
        /// `application/pdf`
        ApplicationPdf => "application/pdf",
        /// `image/gif`
        ImageGif => "image/gif",
        /// `image/jpeg`
        ImageJpeg => "image/jpeg",
        /// `image/png`
        ImagePng => "image/png",
        /// `image/webp`
        ImageWebp => "image/webp",
        /// `text/csv`
        TextCsv => "text/csv",
        /// `text/markdown`
        TextMarkdown => "text/markdown",
        /// `text/plain`
        TextPlain => "text/plain",
    }
}

/// `codersdk.ChatFileMetadata`: chat file metadata.
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
    /// `mime_type` on the wire.
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

/// `codersdk.UploadChatFileResponse`: upload chat file response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UploadChatFileResponse {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
}
