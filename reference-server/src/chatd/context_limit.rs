//! How much of a model's context window is in use, and what fits into it.

use serde_json::Value;

use crate::model::Usage;

/// Part of the context window that one tool result may take: 1/N.
const RESULT_DIVISOR: i64 = 2;
/// Bytes that a token stands for, roughly.
const BYTES_PER_TOKEN: i64 = 4;
const MIN_RESULT_BYTES: usize = 16 * 1024;
const DEFAULT_RESULT_BYTES: usize = 64 * 1024;
/// Bytes kept free for the mark that stands for what was cut.
const MARK_RESERVE: usize = 256;

/// The context window that a provider's metadata tell, in tokens: the largest that any key at any depth names.
pub(crate) fn find(metadata: Option<&Value>) -> Option<i64> {
    match metadata? {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(key, value)| [if is_limit_key(key) { limit_value(value) } else { None }, find(Some(value))])
            .flatten()
            .max(),
        Value::Array(items) => items.iter().filter_map(|item| find(Some(item))).max(),
        _ => None,
    }
}

fn is_limit_key(key: &str) -> bool {
    let plain: String = key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    if matches!(
        plain.as_str(),
        "contextlimit"
            | "contextwindow"
            | "contextlength"
            | "maxcontext"
            | "maxcontexttokens"
            | "maxinputtokens"
            | "maxinputtoken"
            | "inputtokenlimit"
    ) {
        return true;
    }
    let words = words(key);
    let has = |word: &str| words.iter().any(|w| w == word);
    if plain.is_empty() || !has("context") {
        return false;
    }
    if has("limit") {
        return true;
    }
    if has("window") {
        return has("size") || has("max");
    }
    if has("length") {
        return has("max");
    }
    (has("token") || has("tokens")) && has("max")
}

/// The words of a key, split at what is no letter and where a capital follows a small letter.
fn words(key: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut previous: Option<char> = None;
    for c in key.chars() {
        if !c.is_alphabetic() {
            words.push(String::new());
            previous = None;
            continue;
        }
        if c.is_uppercase() && previous.is_some_and(char::is_lowercase) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
        previous = Some(c);
    }
    words.retain(|word| !word.is_empty());
    words
}

fn limit_value(value: &Value) -> Option<i64> {
    let number = match value {
        #[allow(clippy::cast_possible_truncation, reason = "only whole numbers that come back unchanged count")]
        Value::Number(number) => {
            let number = number.as_f64()?;
            let whole = number as i64;
            (whole as f64 == number).then_some(whole)
        }
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number| *number > 0)
}

/// The tokens of the prompt, cached ones included; the total where nothing finer is told.
pub(crate) fn context_tokens(usage: Usage) -> i64 {
    let parts: i64 = [usage.input_tokens, usage.cache_read_tokens, usage.cache_creation_tokens]
        .into_iter()
        .filter(|tokens| *tokens > 0)
        .fold(0, i64::saturating_add);
    if parts > 0 { parts } else { usage.total_tokens.max(0) }
}

/// The share of the window in percent, and whether it reaches the threshold; `(0, false)` without a window.
#[allow(clippy::cast_precision_loss, reason = "percentages of token counts")]
pub(crate) fn usage_percent(tokens: i64, limit: i64, threshold: i32) -> (f64, bool) {
    if limit <= 0 {
        return (0.0, false);
    }
    let percent = tokens as f64 / limit as f64 * 100.0;
    (percent, percent >= f64::from(threshold))
}

/// The most bytes that one tool result may have with this context window (tokens; 0 where unknown).
pub(crate) fn result_budget(limit: i64) -> usize {
    if limit <= 0 {
        return DEFAULT_RESULT_BYTES;
    }
    let bytes = (limit / RESULT_DIVISOR).saturating_mul(BYTES_PER_TOKEN);
    usize::try_from(bytes).unwrap_or(usize::MAX).max(MIN_RESULT_BYTES)
}

/// Cuts a text to at most `max` bytes: its beginning and its end stay. `None` where it fits.
pub(crate) fn truncate(text: &str, max: usize) -> Option<String> {
    if max == 0 || text.len() <= max {
        return None;
    }
    if max <= 2 * MARK_RESERVE {
        return Some(text[..text.floor_char_boundary(max)].to_owned());
    }
    let available = max - MARK_RESERVE;
    let head = available * 2 / 3;
    let tail = available - head;
    let head = &text[..text.floor_char_boundary(head)];
    let tail = &text[text.ceil_char_boundary(text.len() - tail)..];
    let removed = text.len() - head.len() - tail.len();
    Some(format!(
        "{head}\n\n[... Coder truncated {removed} bytes to fit the model context; narrow the query or read a \
         specific file or range for the full output ...]\n\n{tail}"
    ))
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::digest::{SHA256, digest};
    use serde_json::json;

    use super::*;
    use crate::testing::{Case, replay, same, vectors};

    fn truncated(case: &Case) -> Value {
        let number = |name: &str| case.input[name].as_i64().unwrap_or(0);
        let text = case.text("unit").repeat(usize::try_from(number("repeat")).unwrap_or(0));
        let cut = truncate(&text, usize::try_from(number("max_bytes")).unwrap_or(0));
        let (is_cut, text) = (cut.is_some(), cut.unwrap_or(text));
        if case.output.get("text").is_some() {
            return json!({"cut": is_cut, "text": text});
        }
        let mut got = json!({"cut": is_cut});
        for field in case.output.as_object().into_iter().flatten().map(|(name, _)| name.as_str()) {
            let value = match field {
                "text_len" => json!(text.len()),
                "text_sha256" => json!(hex::encode(digest(&SHA256, text.as_bytes()))),
                "text_first" => {
                    let length = case.output[field].as_str().unwrap_or_default().len();
                    json!(&text[..length.min(text.len())])
                }
                "text_last" => {
                    let length = case.output[field].as_str().unwrap_or_default().len();
                    json!(&text[text.len().saturating_sub(length)..])
                }
                _ => continue,
            };
            got[field] = value;
        }
        got
    }

    #[test]
    fn limits_are_those_recorded() {
        replay(&vectors("context_limits.json"), |case| {
            let number = |name: &str| case.input[name].as_i64().unwrap_or(0);
            let got = match case.text("rule") {
                "context_limit" => {
                    let found = find(Some(&case.input["metadata"]));
                    let fallback = Some(number("fallback")).filter(|fallback| *fallback > 0);
                    json!({"limit": found.or(fallback)})
                }
                "context_tokens" => {
                    let usage = Usage {
                        input_tokens: number("input"),
                        output_tokens: number("output"),
                        total_tokens: number("total"),
                        reasoning_tokens: number("reasoning"),
                        cache_read_tokens: number("cache_read"),
                        cache_creation_tokens: number("cache_creation"),
                    };
                    json!({"tokens": context_tokens(usage)})
                }
                "resolve" => {
                    let limits = [number("metadata_limit"), number("config_limit"), number("fallback")];
                    json!({"limit": limits.into_iter().find(|limit| *limit > 0).unwrap_or(0)})
                }
                "compact" => {
                    let threshold = i32::try_from(number("threshold_percent")).unwrap_or(0);
                    let (percent, compact) = usage_percent(number("tokens"), number("limit"), threshold);
                    json!({"percent": percent, "compact": compact})
                }
                "budget" => json!({"bytes": result_budget(number("context_limit_tokens"))}),
                "truncate" => truncated(case),
                // Replayed where the rule lives.
                "threshold" | "exclusive" => return Ok(()),
                rule => return Err(format!("unknown rule {rule}")),
            };
            same(&got, &case.output)
        });
    }
}
