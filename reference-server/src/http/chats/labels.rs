//! Limits of the labels of a chat.

use std::collections::BTreeMap;

use codersdk::ValidationError;

use crate::quote::quoted;

const MAX_LABELS: usize = 50;
/// In bytes.
const MAX_KEY: usize = 64;
/// In bytes.
const MAX_VALUE: usize = 256;

/// What is wrong with the labels; nothing where they can be kept.
pub(crate) fn validate_labels(labels: &BTreeMap<String, String>) -> Vec<ValidationError> {
    let mut details = Vec::new();
    if labels.len() > MAX_LABELS {
        details.push(format!("too many labels ({}); maximum is {MAX_LABELS}", labels.len()));
    }
    for (key, value) in labels {
        if key.is_empty() {
            details.push("label key must not be empty".to_owned());
            continue;
        }
        let name = quoted(key);
        if key.len() > MAX_KEY {
            details.push(format!("label key {name} exceeds maximum length of {MAX_KEY} bytes"));
        }
        if !is_key(key) {
            details.push(format!(
                "label key {name} contains invalid characters; must match ^[a-zA-Z0-9][a-zA-Z0-9._/-]*$"
            ));
        }
        if value.is_empty() {
            details.push(format!("label value for key {name} must not be empty"));
        }
        if value.len() > MAX_VALUE {
            details.push(format!("label value for key {name} exceeds maximum length of {MAX_VALUE} bytes"));
        }
    }
    details.into_iter().map(|detail| ValidationError { field: "labels".to_owned(), detail }).collect()
}

fn is_key(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_alphanumeric())
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"._/-".contains(&b))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{replay, same_set, vectors};

    #[test]
    fn vectors_of_chat_labels_match() {
        replay(&vectors("chat_labels.json"), |case| {
            let labels = match case.input["count"].as_u64() {
                Some(count) => (0..count).map(|n| (format!("k{n}"), "v".to_owned())).collect(),
                None => serde_json::from_value::<Option<_>>(case.input["labels"].clone()).unwrap().unwrap_or_default(),
            };
            same_set(&json!(validate_labels(&labels)), &case.output["errors"])
        });
    }
}
