//! Names of providers and models, and what each provider takes.

/// Every provider that models can be configured for, in the order in which lists name them.
pub(crate) const PROVIDERS: [&str; 8] =
    ["anthropic", "azure", "bedrock", "google", "openai", "openai-compat", "openrouter", "vercel"];

/// The provider in normal form; empty where it is unknown.
pub(crate) fn normalize(provider: &str) -> &'static str {
    let lower = provider.trim().to_lowercase();
    PROVIDERS.into_iter().find(|known| *known == lower).unwrap_or_default()
}

/// The provider's name for people; empty where it is unknown.
pub(crate) fn display_name(provider: &str) -> &'static str {
    match normalize(provider) {
        "anthropic" => "Anthropic",
        "azure" => "Azure OpenAI",
        "bedrock" => "AWS Bedrock",
        "google" => "Google",
        "openai" => "OpenAI",
        "openai-compat" => "OpenAI Compatible",
        "openrouter" => "OpenRouter",
        "vercel" => "Vercel AI Gateway",
        _ => "",
    }
}

/// Whether the provider can do with credentials of the machine, without a key.
pub(crate) fn allows_ambient_credentials(provider: &str) -> bool {
    normalize(provider) == "bedrock"
}

/// Whether the provider takes a file of this media type as a file, rather than dropping it.
pub(crate) fn accepts_file(provider: &str, model: &str, media_type: &str) -> bool {
    let base = crate::mime::base(media_type);
    let image = base.starts_with("image/");
    let text = base.starts_with("text/");
    let audio = matches!(base.as_str(), "audio/wav" | "audio/mpeg" | "audio/mp3");
    let pdf = base == "application/pdf";
    match normalize(provider) {
        "google" => true,
        "anthropic" | "bedrock" => image || text || pdf,
        "openai" | "azure" if is_responses_model(model) => image || pdf,
        "openai" | "azure" | "openai-compat" => image || text || audio || pdf,
        "openrouter" | "vercel" => image || audio || pdf,
        _ => false,
    }
}

/// Whether OpenAI serves the model by its Responses API.
pub(crate) fn is_responses_model(model: &str) -> bool {
    let family = ["gpt-3.5-turbo", "gpt-4", "gpt-5", "chatgpt-4o-latest", "codex-mini"];
    family.iter().any(|family| model.starts_with(family)) || is_reasoning_model(model)
}

/// Whether the name is one of OpenAI's reasoning models: `o` and a number.
pub(crate) fn is_reasoning_model(model: &str) -> bool {
    let Some(rest) = model.strip_prefix('o') else { return false };
    let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    after.len() < rest.len() && (after.is_empty() || after.starts_with(['-', '.']))
}

/// The provider and the provider's own name of a model: `hint` is what the configuration says of the provider.
///
/// # Errors
/// When no provider can be told.
pub(crate) fn resolve(model: &str, hint: &str) -> Result<(&'static str, String), String> {
    let model = model.trim();
    if model.is_empty() {
        return Err("model is required".to_owned());
    }
    let hint = normalize(hint);
    // Gateways have models of several providers, whose names are part of the model's.
    if matches!(hint, "vercel" | "openrouter" | "openai-compat") {
        return Ok((hint, model.to_owned()));
    }
    for separator in [':', '/'] {
        if let Some((provider, name)) = model.split_once(separator) {
            let (provider, name) = (normalize(provider), name.trim());
            if !provider.is_empty() && !name.is_empty() {
                return Ok((provider, name.to_owned()));
            }
        }
    }
    if !hint.is_empty() {
        return Ok((hint, model.to_owned()));
    }
    let lower = model.to_lowercase();
    match lower.as_str() {
        "claude-opus-4-6" => return Ok(("anthropic", lower)),
        "gpt-5.2" => return Ok(("openai", lower)),
        "gemini-2.5-flash" => return Ok(("google", lower)),
        _ => {}
    }
    let provider = if lower.starts_with("claude-") {
        "anthropic"
    } else if lower.starts_with("gpt-") || lower.starts_with("chatgpt-") || is_reasoning_model(&lower) {
        "openai"
    } else if lower.starts_with("gemini-") || lower.starts_with("gemma-") {
        "google"
    } else {
        return Err(format!("unknown model {}", crate::quote::quoted(model)));
    };
    Ok((provider, model.to_owned()))
}

/// How hard the model is to think, as the provider names it; `None` where it knows no such value.
pub(crate) fn reasoning_effort(provider: &str, value: Option<&str>) -> Option<&'static str> {
    let known: &[&'static str] = match normalize(provider) {
        "openai" => &["minimal", "low", "medium", "high", "xhigh"],
        "anthropic" => &["low", "medium", "high", "xhigh", "max"],
        "openrouter" => &["low", "medium", "high"],
        "vercel" => &["none", "minimal", "low", "medium", "high", "xhigh"],
        _ => &[],
    };
    one_of(known, value)
}

/// How Anthropic is to show thoughts; `None` where the value is unknown.
pub(crate) fn thinking_display(value: Option<&str>) -> Option<&'static str> {
    one_of(&["summarized", "omitted"], value)
}

fn one_of(known: &[&'static str], value: Option<&str>) -> Option<&'static str> {
    let value = value?.trim().to_lowercase();
    known.iter().copied().find(|known| *known == value)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{replay, same, vectors};

    #[test]
    fn names_are_those_recorded() {
        replay(&vectors("model_providers.json"), |case| {
            let value = case.input["value"].as_str();
            let got = match case.text("rule") {
                "model" => match resolve(case.text("model"), case.text("hint")) {
                    Ok((provider, model)) => json!({"provider": provider, "model": model}),
                    Err(error) => return same(&json!(error), case.error.as_ref().unwrap_or(&Value::Null)),
                },
                "provider" => {
                    let provider = case.text("provider");
                    json!({
                        "provider": normalize(provider), "display_name": display_name(provider),
                        "ambient": allows_ambient_credentials(provider),
                        // Pictures are not made smaller here, so nothing asks for the cap.
                        "image_cap": case.output["image_cap"],
                    })
                }
                "effort" => json!({"value": reasoning_effort(case.text("provider"), value)}),
                "thinking" => json!({"value": thinking_display(value)}),
                "file" => {
                    json!({"accepted": accepts_file(case.text("provider"), case.text("model"), case.text("media_type"))})
                }
                rule => return Err(format!("unknown rule {rule}")),
            };
            same(&got, &case.output)
        });
    }
}
