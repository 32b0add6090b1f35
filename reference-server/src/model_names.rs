//! Names of model providers and of models.

use crate::quote::quoted;
use crate::store::ai_providers::SCRIPTED;

/// The providers that models are called at, in the order in which they are listed, with their names for people.
const PROVIDERS: [(&str, &str); 8] = [
    ("anthropic", "Anthropic"),
    ("azure", "Azure OpenAI"),
    ("bedrock", "AWS Bedrock"),
    ("google", "Google"),
    ("openai", "OpenAI"),
    ("openai-compat", "OpenAI Compatible"),
    ("openrouter", "OpenRouter"),
    ("vercel", "Vercel AI Gateway"),
];

/// Providers that pass on to others: a slash in the name of a model is for them to read.
const GATEWAYS: [&str; 3] = ["vercel", "openrouter", "openai-compat"];

/// The provider's name in its usual form; `None` for one that is not known.
pub(crate) fn normalize_provider(provider: &str) -> Option<&'static str> {
    let provider = provider.trim();
    if provider == SCRIPTED {
        return Some(SCRIPTED);
    }
    PROVIDERS.iter().map(|(name, _)| *name).find(|name| provider.eq_ignore_ascii_case(name))
}

/// The provider's name for people; empty for one that is not known.
pub(crate) fn provider_display_name(provider: &str) -> &'static str {
    let known = normalize_provider(provider);
    PROVIDERS.iter().find(|(name, _)| Some(*name) == known).map_or("", |(_, display_name)| display_name)
}

/// Where the provider stands in a list; unknown ones come last.
pub(crate) fn provider_rank(provider: &str) -> usize {
    PROVIDERS.iter().position(|(name, _)| *name == provider).unwrap_or(PROVIDERS.len())
}

/// Whether the provider can do without a key, because the machine has its own.
pub(crate) fn allows_ambient_credentials(provider: &str) -> bool {
    matches!(normalize_provider(provider), Some("bedrock" | SCRIPTED))
}

/// Tells the provider and the model of a reference such as `gpt-4o`, `anthropic:claude-x` or `google/gemini-x`, where
/// `hint` is the provider if the reference does not say.
///
/// # Errors
/// When the provider cannot be told.
pub(crate) fn resolve_model(reference: &str, hint: &str) -> Result<(&'static str, String), String> {
    let reference = reference.trim();
    if reference.is_empty() {
        return Err("model is required".to_owned());
    }
    let hinted = normalize_provider(hint);
    if let Some(gateway) = hinted.filter(|provider| GATEWAYS.contains(provider)) {
        return Ok((gateway, reference.to_owned()));
    }
    for separator in [':', '/'] {
        let Some((provider, model)) = reference.split_once(separator) else { continue };
        if let (Some(provider), model @ [_, ..]) = (normalize_provider(provider), model.trim().as_bytes()) {
            return Ok((provider, String::from_utf8_lossy(model).into_owned()));
        }
    }
    if let Some(provider) = hinted {
        return Ok((provider, reference.to_owned()));
    }
    let lower = reference.to_lowercase();
    if ["claude-opus-4-6", "gpt-5.2", "gemini-2.5-flash"].contains(&lower.as_str()) {
        return provider_of(&lower).map(|provider| (provider, lower.clone())).ok_or_else(String::new);
    }
    provider_of(&lower)
        .map(|provider| (provider, reference.to_owned()))
        .ok_or_else(|| format!("unknown model {}", quoted(reference)))
}

/// The provider that makes models of such a name.
fn provider_of(model: &str) -> Option<&'static str> {
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| model.starts_with(prefix));
    if begins(&["claude-"]) {
        Some("anthropic")
    } else if begins(&["gpt-", "chatgpt-"]) || is_openai_reasoning_model(model) {
        Some("openai")
    } else if begins(&["gemini-", "gemma-"]) {
        Some("google")
    } else {
        None
    }
}

/// Whether the name is `o` and a number, alone or before a `-` or a `.`.
fn is_openai_reasoning_model(model: &str) -> bool {
    let Some(rest) = model.strip_prefix('o') else { return false };
    let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    after.len() < rest.len() && (after.is_empty() || after.starts_with(['-', '.']))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{replay, same, vectors};

    #[test]
    fn models_and_providers_are_told_as_the_original_tells_them() {
        let mut cases = vectors("model_providers.json");
        cases.retain(|case| ["model", "provider"].contains(&case.text("rule")));
        replay(&cases, |case| {
            if case.text("rule") == "model" {
                return match resolve_model(case.text("model"), case.text("hint")) {
                    Ok((provider, model)) => same(&json!({"provider": provider, "model": model}), &case.output),
                    Err(error) => same(&json!(error), case.error.as_ref().unwrap_or(&json!(null))),
                };
            }
            let provider = case.text("provider");
            let mut told = case.output.clone();
            told["provider"] = json!(normalize_provider(provider).unwrap_or_default());
            told["display_name"] = json!(provider_display_name(provider));
            told["ambient"] = json!(allows_ambient_credentials(provider));
            same(&told, &case.output)
        });
    }
}
