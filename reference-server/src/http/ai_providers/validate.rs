//! What a request for an AI provider must be like.

use std::collections::HashMap;

use codersdk::{
    AiProviderBedrockSettings, AiProviderSettings, AiProviderType, CreateAiProviderRequest, UpdateAiProviderRequest,
    ValidationError,
};

use crate::http::error::ApiError;
use crate::http::urls;
use crate::quote::quoted;

/// What names must match.
pub(super) const NAME_PATTERN: &str = "^[a-z0-9]+(-[a-z0-9]+)*$";
const INVALID: &str = "Invalid AI provider request.";
const EXAMPLE_ROLE: &str = "arn:aws:iam::123456789012:role/BedrockRole";

/// The mistakes of a request, in the order in which they are told.
#[derive(Default)]
struct Mistakes(Vec<ValidationError>);

impl Mistakes {
    fn add(&mut self, field: impl Into<String>, detail: impl Into<String>) {
        self.0.push(ValidationError { field: field.into(), detail: detail.into() });
    }

    fn finish(self) -> Result<(), ApiError> {
        if self.0.is_empty() { Ok(()) } else { Err(ApiError::bad_request(INVALID).validations(self.0)) }
    }
}

/// Whether the text can be a provider's name: words of small letters and digits with a hyphen between.
pub(super) fn is_name(text: &str) -> bool {
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    text.split('-').all(is_word)
}

/// Whether providers of this type may be reached through Bedrock.
pub(super) fn takes_bedrock(kind: &str) -> bool {
    matches!(kind, "anthropic" | "bedrock")
}

/// The settings, if there are any that this server knows.
///
/// # Errors
/// 400 for settings of an unknown type or version.
pub(super) fn known(settings: Option<AiProviderSettings>) -> Result<Option<AiProviderBedrockSettings>, ApiError> {
    match settings {
        None => Ok(None),
        Some(AiProviderSettings::Bedrock(bedrock)) => Ok(Some(bedrock)),
        Some(_) => Err(ApiError::bad_request("Request body must be valid JSON.").detail("unknown settings type")),
    }
}

/// Checks a request for a new provider.
///
/// # Errors
/// 400 with every mistake.
pub(super) fn create(
    request: &CreateAiProviderRequest,
    bedrock: Option<&AiProviderBedrockSettings>,
) -> Result<(), ApiError> {
    let mut mistakes = Mistakes::default();
    let kind = request.kind.as_str();
    if kind.is_empty() {
        mistakes.add("type", "type is required");
    } else if !request.kind.is_known() {
        mistakes.add("type", format!("unsupported provider type {}", quoted(kind)));
    }
    name(&mut mistakes, &request.name);
    base_url(&mut mistakes, &request.base_url);
    for (index, key) in request.api_keys.iter().enumerate() {
        if key.is_empty() {
            mistakes.add(format!("api_keys[{index}]"), "api_keys entries must not be empty");
        } else if key.trim() != key {
            let detail = "api_keys entries must not contain leading or trailing whitespace";
            mistakes.add(format!("api_keys[{index}]"), detail);
        }
    }
    if bedrock.is_some() && !takes_bedrock(kind) {
        mistakes.add("settings", "bedrock settings are only valid for type=anthropic or type=bedrock");
    }
    let takes_no_keys = [AiProviderType::Bedrock, AiProviderType::Copilot].contains(&request.kind);
    if request.kind == AiProviderType::Bedrock && !bedrock.is_some_and(is_configured) {
        mistakes.add("settings", "type=bedrock requires bedrock settings");
    }
    if takes_no_keys && !request.api_keys.is_empty() {
        mistakes.add("api_keys", format!("type={kind} does not accept api_keys"));
    }
    if let Some(bedrock) = bedrock {
        role_arn(&mut mistakes, &bedrock.role_arn);
    }
    mistakes.finish()
}

fn name(mistakes: &mut Mistakes, name: &str) {
    if name.is_empty() {
        mistakes.add("name", "name is required");
    } else if !is_name(name) {
        let rule = "(lowercase alphanumeric, hyphens between words)";
        mistakes.add("name", format!("name must match {NAME_PATTERN} {rule}"));
    }
}

/// Checks a request to change a provider.
///
/// # Errors
/// 400 with every mistake, or when nothing is to be changed.
pub(super) fn update(
    request: &UpdateAiProviderRequest,
    bedrock: Option<&AiProviderBedrockSettings>,
) -> Result<(), ApiError> {
    if *request == UpdateAiProviderRequest::default() {
        return Err(ApiError::bad_request("At least one field must be provided."));
    }
    let mut mistakes = Mistakes::default();
    if let Some(url) = &request.base_url {
        base_url(&mut mistakes, url);
    }
    let mut seen = HashMap::new();
    for (index, entry) in request.api_keys.iter().flatten().enumerate() {
        match (&entry.id, &entry.api_key) {
            (None, None) | (Some(_), Some(_)) => {
                mistakes.add(format!("api_keys[{index}]"), "exactly one of id or api_key must be set");
            }
            (None, Some(key)) if key.is_empty() => {
                mistakes.add(format!("api_keys[{index}].api_key"), "api_key must not be empty");
            }
            (None, Some(key)) if key.trim() != key => {
                let detail = "api_key must not contain leading or trailing whitespace";
                mistakes.add(format!("api_keys[{index}].api_key"), detail);
            }
            (None, Some(_)) => {}
            (Some(id), None) => match seen.get(id) {
                Some(first) => {
                    let detail = format!("id {id} already referenced at api_keys[{first}]");
                    mistakes.add(format!("api_keys[{index}].id"), detail);
                }
                None => {
                    seen.insert(*id, index);
                }
            },
        }
    }
    if let Some(bedrock) = bedrock {
        role_arn(&mut mistakes, &bedrock.role_arn);
    }
    mistakes.finish()
}

/// Whether the settings say more than which models to use.
fn is_configured(bedrock: &AiProviderBedrockSettings) -> bool {
    let has = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    !bedrock.region.is_empty()
        || !bedrock.role_arn.is_empty()
        || has(&bedrock.access_key)
        || has(&bedrock.access_key_secret)
}

fn base_url(mistakes: &mut Mistakes, url: &str) {
    if url.is_empty() {
        return mistakes.add("base_url", "base_url is required");
    }
    match urls::scheme_of_absolute(url).as_deref() {
        None => mistakes.add("base_url", "base_url must be an absolute URL (e.g. https://api.example.com/)"),
        Some("http" | "https") => {}
        Some(scheme) => {
            mistakes.add("base_url", format!("base_url scheme must be http or https, got {}", quoted(scheme)));
        }
    }
}

fn role_arn(mistakes: &mut Mistakes, role: &str) {
    if role.is_empty() {
        return;
    }
    let parts: Vec<_> = role.splitn(6, ':').collect();
    let wrong = match parts[..] {
        ["arn", _, "iam", _, _, resource] if resource.starts_with("role/") => return,
        ["arn", _, "iam", _, _, resource] => {
            format!("role_arn must reference an IAM role, but resolved to resource {}", quoted(resource))
        }
        ["arn", _, service, _, _, _] => {
            format!("role_arn must be an IAM ARN, but resolved to service {}", quoted(service))
        }
        _ => format!("role_arn {} is not a valid ARN", quoted(role)),
    };
    mistakes.add("settings.role_arn", format!("{wrong}, e.g. {EXAMPLE_ROLE}"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{replay, vectors};

    #[test]
    fn names_are_judged_as_recorded() {
        replay(&vectors("names.json"), |case| {
            if case.text("rule") != "ai_provider_name" {
                return Ok(());
            }
            let unit = case.text("unit").repeat(case.input["repeat"].as_u64().unwrap_or(0) as usize);
            let mut mistakes = Mistakes::default();
            name(&mut mistakes, &format!("{}{unit}", case.text("value")));
            let got = mistakes.0.pop().map(|mistake| format!("{}: {}", mistake.field, mistake.detail));
            let want = case.error.as_ref().and_then(serde_json::Value::as_str);
            if got.as_deref() == want { Ok(()) } else { Err(format!("{got:?} instead of {want:?}")) }
        });
    }

    #[test]
    fn names_are_words_of_small_letters() {
        for name in ["a", "a1-b2", "0"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "A", "a--b", "-a", "a-", "a_b", "a.b", "ü"] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn roles_must_be_iam_roles() {
        let wrong = |role| {
            let mut mistakes = Mistakes::default();
            role_arn(&mut mistakes, role);
            mistakes.0.pop().map(|mistake| mistake.detail)
        };
        assert_eq!(wrong("arn:aws:iam::1:role/a"), None);
        assert!(wrong("arn:aws:s3:::bucket").unwrap().contains("resolved to service \"s3\""));
        assert!(wrong("arn:aws:iam::1:user/a").unwrap().contains("resolved to resource \"user/a\""));
        assert!(wrong("arn:aws:iam").unwrap().contains("is not a valid ARN"));
    }
}
