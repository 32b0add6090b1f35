//! Files attached to chats: which media types are taken, how bytes are classified, and what names are kept.

use codersdk::ChatAttachmentMediaType;

use crate::mime;
use crate::sniff;

/// Longest file name that is stored, in bytes.
const MAX_STORED_FILE_NAME_BYTES: usize = 255;

/// The stored name is empty once it is cleaned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stored file name is required")]
pub(crate) struct FileNameRequired;

/// The media types that a person may attach, in order, as the answers list them.
pub(crate) fn allowed_media_types() -> String {
    let mut types = ChatAttachmentMediaType::KNOWN.to_vec();
    types.sort_unstable();
    types.join(", ")
}

/// Whether a person may attach files of this media type; its parameters do not matter.
pub(crate) fn is_allowed_media_type(media_type: &str) -> bool {
    ChatAttachmentMediaType::KNOWN.contains(&mime::base(media_type).as_str())
}

/// Whether a browser may show the stored file rather than save it. PDF viewers run too much of what they show.
pub(crate) fn is_inline_media_type(media_type: &str) -> bool {
    is_allowed_media_type(media_type) && mime::base(media_type) != "application/pdf"
}

/// Whether bytes that were found to be `stored` may be taken from a client that called them `declared`.
pub(crate) fn is_compatible_media_type(declared: &str, stored: &str) -> bool {
    let (declared, stored) = (mime::base(declared), mime::base(stored));
    declared == stored
        || declared == "application/octet-stream"
        || declared == "text/plain" && matches!(stored.as_str(), "text/markdown" | "text/csv" | "application/json")
}

/// The name under which a file is stored: without control characters, trimmed, and cut between characters.
pub(crate) fn stored_file_name(name: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    let name = name.trim();
    name[..name.floor_char_boundary(MAX_STORED_FILE_NAME_BYTES)].to_owned()
}

/// The stored name and the media type of a file. `detect_name` refines the type of text where it is not blank.
pub(crate) fn prepare_stored_file(
    name: &str,
    detect_name: &str,
    data: &[u8],
) -> Result<(String, String), FileNameRequired> {
    let stored = stored_file_name(name);
    if stored.is_empty() {
        return Err(FileNameRequired);
    }
    let detect_name = if detect_name.trim().is_empty() { &stored } else { detect_name };
    let media_type = stored_media_type(detect_name, data).to_owned();
    Ok((stored, media_type))
}

/// The media type under which bytes are stored. Text is never stored as something that a browser would run.
fn stored_media_type(name: &str, data: &[u8]) -> &'static str {
    if sniff::has_svg_root(data) {
        return "image/svg+xml";
    }
    match sniff::detect(data) {
        "text/plain" => refined_text(name, data),
        kept @ ("text/csv" | "text/xml") => kept,
        other if other.starts_with("text/") => "text/plain",
        other => other,
    }
}

fn refined_text(name: &str, data: &[u8]) -> &'static str {
    let extension = name.rsplit('/').next().and_then(|file| file.rsplit_once('.')).map(|(_, extension)| extension);
    match extension.unwrap_or_default().to_lowercase().as_str() {
        "json" if serde_json::from_slice::<serde::de::IgnoredAny>(data).is_ok() => "application/json",
        "md" | "markdown" => "text/markdown",
        "csv" => "text/csv",
        _ => "text/plain",
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{Case, replay, same, vectors};

    fn bytes(case: &Case, key: &str) -> Option<Vec<u8>> {
        case.input[key].as_str().map(|text| STANDARD.decode(text).unwrap())
    }

    fn prepare(case: &Case) -> Result<(), String> {
        let data = bytes(case, "data_b64").unwrap_or_else(|| {
            case.text("unit").repeat(usize::try_from(case.input["repeat"].as_u64().unwrap()).unwrap()).into_bytes()
        });
        match prepare_stored_file(case.text("name"), case.text("detect_name"), &data) {
            Ok((name, media_type)) => same(&json!({"media_type": media_type, "name": name}), &case.output),
            Err(e) => same(&json!(e.to_string()), case.error.as_ref().unwrap_or(&Value::Null)),
        }
    }

    fn types(case: &Case) -> Result<(), String> {
        let declared = case.text("media_type");
        let compatible: serde_json::Map<_, _> = case.output["compatible"]
            .as_object()
            .unwrap()
            .keys()
            .map(|stored| (stored.clone(), json!(is_compatible_media_type(declared, stored))))
            .collect();
        let got = json!({"base": mime::base(declared), "compatible": compatible,
            "inline": is_inline_media_type(declared), "prompt_input": is_allowed_media_type(declared)});
        same(&got, &case.output)
    }

    #[test]
    fn vectors_of_chat_files_match() {
        replay(&vectors("chat_files.json"), |case| match case.text("rule") {
            "prepare" => prepare(case),
            "types" => types(case),
            "name" => {
                let name = bytes(case, "name_b64").map_or_else(|| case.text("name").to_owned(), |b| mime::lossy(&b));
                same(&json!({"name": stored_file_name(&name)}), &case.output)
            }
            other => Err(format!("unknown rule {other}")),
        });
    }

    #[test]
    fn bytes_decide_and_names_refine_text() {
        for (name, data, want) in [
            ("build.log", "build succeeded\n", "text/plain"),
            ("report.txt", "name,count\nwidgets,3\n", "text/csv"),
            ("payload.txt", r#"{"ok":true}"#, "application/json"),
            ("data.JSON", "[1, 2]", "application/json"),
            ("broken.json", "not json", "text/plain"),
            ("NOTES.MD", "# Notes\n", "text/markdown"),
            ("a.md", "#!/bin/sh\necho", "text/plain"),
            ("snippet.md", "<!DOCTYPE html><html></html>", "text/plain"),
            ("lines.json", "{\"a\":1}\n{\"a\":2}\n", "application/x-ndjson"),
            ("map.json", r#"{"type":"Point","coordinates":[1,2]}"#, "application/geo+json"),
            ("notes.txt", "<!-- c --> <SVG a='1'/>", "image/svg+xml"),
            ("notes.md", "# Title\n<svg width=\"100\">...</svg>", "text/markdown"),
        ] {
            assert_eq!(stored_media_type(name, data.as_bytes()), want, "{name}: {data}");
        }
        assert_eq!(stored_media_type("data.bin", &[0, 1, 2, 3, 4, 5]), "application/octet-stream");
    }
}
