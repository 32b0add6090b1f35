//! Files of a prompt: what stands in the place of those that a provider cannot take.

use std::sync::LazyLock;

use bytes::Bytes;
use regex::Regex;

/// Most bytes of a pasted text that the model is shown.
const PASTE_BUDGET: usize = 128 * 1024;
const PASTE_LEAD: &str = "[pasted-text] The user pasted text into the chat UI. The frontend collapsed it into an \
    attachment, so the content is inlined below for direct model consumption.\n\n";
const INLINED_LEAD: &str = "[inlined-file] The user uploaded a file attachment. The target provider cannot accept this \
    file type as a native attachment, so its full content is inlined below for direct model consumption.\n\n";

/// A stored file.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct FileBytes {
    pub(crate) name: String,
    pub(crate) media_type: String,
    pub(crate) data: Bytes,
}

/// The type and subtype of a media type, in lower case, where the rest of it can be read.
fn essence(media_type: &str) -> String {
    crate::mime::base(media_type)
}

/// Whether the file is text that a chat's page made a file of because it was long.
pub(crate) fn is_paste(name: &str, media_type: &str) -> bool {
    static NAME: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^pasted-text-[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9]{2}-[0-9]{2}-[0-9]{2}\.txt$")
            .expect("a fixed pattern")
    });
    let media_type = essence(media_type);
    NAME.is_match(name)
        && (media_type.starts_with("text/")
            || matches!(
                media_type.as_str(),
                "application/json" | "application/xml" | "application/javascript" | "application/x-yaml"
            ))
}

/// A pasted text for the model, cut at 128 KiB.
pub(crate) fn paste_text(name: &str, data: &[u8]) -> String {
    let mut text = PASTE_LEAD.to_owned();
    if !name.is_empty() {
        text.push_str(&format!("Synthetic attachment name: {name}\n\n"));
    }
    text.push_str(&String::from_utf8_lossy(&data[..data.len().min(PASTE_BUDGET)]));
    if data.len() > PASTE_BUDGET {
        text.push_str(&format!(
            "\n\n[pasted-text] The pasted text was truncated to {PASTE_BUDGET} bytes before sending to the model."
        ));
    }
    text
}

/// Whether the bytes of this type may be shown as text. Narrow, so that nothing binary is ever taken for text.
pub(crate) fn is_inlinable_text(media_type: &str) -> bool {
    matches!(essence(media_type).as_str(), "text/plain" | "text/markdown" | "text/csv" | "application/json")
}

/// A text file for a provider that takes no such files.
pub(crate) fn inlined_text(name: &str, data: &[u8]) -> String {
    let mut text = INLINED_LEAD.to_owned();
    if !name.is_empty() {
        text.push_str(&format!("Attachment filename: {name}\n\n"));
    }
    text.push_str(&String::from_utf8_lossy(data));
    text
}

/// What stands in the place of a file that is gone.
pub(crate) fn missing_text(media_type: &str) -> String {
    let media_type = essence(media_type);
    let media_type = media_type.trim();
    let told = if media_type.is_empty() || media_type == "application/octet-stream" {
        String::new()
    } else {
        format!(" Reported MIME type: {media_type}.")
    };
    format!(
        "[missing-attachment] The user attached a file here, but the content has expired and is no longer \
         available.{told} If you need to inspect it, ask the user to re-upload."
    )
}
