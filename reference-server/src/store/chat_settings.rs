//! What administrators and users set for chats, read from [`super::settings`] and made sense of.

use codersdk::{
    AdvisorConfig, ChatModelOverrideContext, ChatPersonalModelOverrideContext, ChatPersonalModelOverrideMode,
};
use uuid::Uuid;

use super::Store;

/// Keys of the deployment's settings.
pub(crate) mod key {
    pub(crate) const SYSTEM_PROMPT: &str = "agents_chat_system_prompt";
    pub(crate) const INCLUDE_DEFAULT_SYSTEM_PROMPT: &str = "agents_chat_include_default_system_prompt";
    pub(crate) const PLAN_MODE_INSTRUCTIONS: &str = "agents_chat_plan_mode_instructions";
    pub(crate) const PERSONAL_MODEL_OVERRIDES: &str = "agents_chat_personal_model_overrides_enabled";
    pub(crate) const DESKTOP_ENABLED: &str = "agents_desktop_enabled";
    pub(crate) const ADVISOR: &str = "agents_advisor_config";
    pub(crate) const COMPUTER_USE_PROVIDER: &str = "agents_computer_use_provider";
    pub(crate) const DEBUG_LOGGING_ALLOW_USERS: &str = "agents_chat_debug_logging_allow_users";
    pub(crate) const TEMPLATE_ALLOWLIST: &str = "agents_template_allowlist";
    pub(crate) const WORKSPACE_TTL: &str = "agents_workspace_ttl";
    pub(crate) const RETENTION_DAYS: &str = "agents_chat_retention_days";
    pub(crate) const DEBUG_RETENTION_DAYS: &str = "agents_chat_debug_retention_days";
    pub(crate) const AUTO_ARCHIVE_DAYS: &str = "agents_chat_auto_archive_days";
}

/// Keys of a user's settings; those that end with a colon take the rest of the key after it.
pub(crate) mod user_key {
    pub(crate) const CUSTOM_PROMPT: &str = "chat_custom_prompt";
    pub(crate) const DEBUG_LOGGING: &str = "chat_debug_logging_enabled";
    pub(crate) const COMPACTION_THRESHOLD: &str = "chat_compaction_threshold_pct:";
    pub(crate) const PERSONAL_MODEL_OVERRIDE: &str = "chat_personal_model_override:";
}

/// After how many days an archived chat is deleted.
pub(crate) const DEFAULT_RETENTION_DAYS: i32 = 30;
/// After how many days what was recorded of a chat for debugging is deleted.
pub(crate) const DEFAULT_DEBUG_RETENTION_DAYS: i32 = 30;
/// After how many days a chat that nobody uses is archived; 0 is never.
pub(crate) const DEFAULT_AUTO_ARCHIVE_DAYS: i32 = 0;

/// The deployment's part of the system prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SystemPromptSettings {
    pub(crate) system_prompt: String,
    /// Whether the built-in prompt stands before the deployment's.
    pub(crate) include_default: bool,
}

/// A stored choice of a model for one purpose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ModelOverride {
    pub(crate) model_config_id: Option<Uuid>,
    /// The stored text is no id; it counts as unset until somebody sets it again.
    pub(crate) is_malformed: bool,
}

impl ModelOverride {
    pub(crate) fn parse(stored: &str) -> Self {
        let trimmed = stored.trim();
        if trimmed.is_empty() {
            return Self::default();
        }
        match Uuid::parse_str(trimmed) {
            Ok(id) => Self { model_config_id: Some(id), is_malformed: false },
            Err(_) => Self { model_config_id: None, is_malformed: true },
        }
    }
}

/// A user's own choice of a model for one purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PersonalModelOverride {
    pub(crate) mode: ChatPersonalModelOverrideMode,
    /// The model, when the mode is [`ChatPersonalModelOverrideMode::Model`].
    pub(crate) model_config_id: Option<Uuid>,
    pub(crate) is_malformed: bool,
}

impl PersonalModelOverride {
    /// Reads a stored choice: a mode, or `model:` and an id. An empty text is the context's default mode.
    pub(crate) fn parse(stored: &str, context: &ChatPersonalModelOverrideContext) -> Self {
        let is_root = *context == ChatPersonalModelOverrideContext::Root;
        let default = if is_root {
            ChatPersonalModelOverrideMode::ChatDefault
        } else {
            ChatPersonalModelOverrideMode::DeploymentDefault
        };
        let plain = |mode| Self { mode, model_config_id: None, is_malformed: false };
        let malformed = || Self { mode: default.clone(), model_config_id: None, is_malformed: true };
        match stored.trim() {
            "" => plain(default.clone()),
            "chat_default" => plain(ChatPersonalModelOverrideMode::ChatDefault),
            "deployment_default" if is_root => malformed(),
            "deployment_default" => plain(ChatPersonalModelOverrideMode::DeploymentDefault),
            other => match other.strip_prefix("model:").map(Uuid::parse_str) {
                Some(Ok(id)) => {
                    Self { mode: ChatPersonalModelOverrideMode::Model, model_config_id: Some(id), is_malformed: false }
                }
                _ => malformed(),
            },
        }
    }

    /// The text under which the choice is stored.
    pub(crate) fn stored(&self) -> String {
        match self.model_config_id {
            Some(id) => format!("{}:{id}", self.mode),
            None => self.mode.to_string(),
        }
    }
}

/// The model and the percentage of a stored compaction threshold; `None` for what cannot be read.
pub(crate) fn parse_compaction_threshold(key: &str, value: &str) -> Option<(Uuid, i32)> {
    let id = Uuid::parse_str(key.strip_prefix(user_key::COMPACTION_THRESHOLD)?).ok()?;
    let percent = value.parse().ok()?;
    (0..=100).contains(&percent).then_some((id, percent))
}

/// The key under which the choice of a model for a purpose is stored.
pub(crate) fn model_override_key(context: &ChatModelOverrideContext) -> String {
    format!("agents_chat_{context}_model_override")
}

/// Whether what happens is recorded for debugging, by the user's setting and the deployment's.
fn is_debug_logging<'a>(find: impl Fn(&str) -> Option<&'a str>) -> bool {
    [user_key::DEBUG_LOGGING, key::DEBUG_LOGGING_ALLOW_USERS].into_iter().all(|key| find(key) == Some("true"))
}

fn parse_advisor(stored: Option<&str>) -> AdvisorConfig {
    let mut config: AdvisorConfig = stored.and_then(|stored| serde_json::from_str(stored).ok()).unwrap_or_default();
    config.max_uses_per_run = config.max_uses_per_run.max(0);
    config.max_output_tokens = config.max_output_tokens.max(0);
    config
}

/// What a user chose that matters for a turn, and the deployment for turns.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct TurnSettings {
    /// The user's own prompt, empty when there is none.
    pub(crate) prompt: String,
    /// The percentage of the model's context from which on the user wants a chat compacted, if they chose one.
    pub(crate) compaction_threshold: Option<i32>,
    /// Whether what happens in the user's chats is recorded for debugging.
    pub(crate) debug_logging: bool,
    /// How the deployment's advisor is set up.
    pub(crate) advisor: AdvisorConfig,
}

impl Store {
    /// The deployment's part of the system prompt. Where nobody chose whether the built-in prompt is included, it is
    /// as long as there is no other.
    pub(crate) async fn system_prompt_settings(&self) -> sqlx::Result<SystemPromptSettings> {
        let (mut system_prompt, mut include_default) = (String::new(), None);
        let stored: Vec<(String, String)> = sqlx::query_as("SELECT key, value FROM site_configs WHERE key IN ($1, $2)")
            .bind(key::SYSTEM_PROMPT)
            .bind(key::INCLUDE_DEFAULT_SYSTEM_PROMPT)
            .fetch_all(self.pool())
            .await?;
        for (key, value) in stored {
            if key == key::SYSTEM_PROMPT {
                system_prompt = value;
            } else {
                include_default = Some(value == "true");
            }
        }
        let include_default = include_default.unwrap_or(system_prompt.is_empty());
        Ok(SystemPromptSettings { system_prompt, include_default })
    }

    /// The deployment's instructions for plan mode, empty when there are none.
    pub(crate) async fn plan_mode_instructions(&self) -> sqlx::Result<String> {
        Ok(self.site_config(key::PLAN_MODE_INSTRUCTIONS).await?.unwrap_or_default())
    }

    /// The user's own prompt, empty when there is none.
    pub(crate) async fn user_chat_prompt(&self, user_id: Uuid) -> sqlx::Result<String> {
        Ok(self.user_config(user_id, user_key::CUSTOM_PROMPT).await?.unwrap_or_default())
    }

    /// What the user chose that matters for a turn with this model.
    pub(crate) async fn turn_settings(&self, user_id: Uuid, model_config_id: Uuid) -> sqlx::Result<TurnSettings> {
        let threshold = format!("{}{model_config_id}", user_key::COMPACTION_THRESHOLD);
        let stored: Vec<(String, String)> = sqlx::query_as(
            "SELECT key, value FROM user_configs WHERE user_id = $1 AND key IN ($2, $3, $4) \
             UNION ALL SELECT key, value FROM site_configs WHERE key IN ($5, $6)",
        )
        .bind(user_id)
        .bind(user_key::CUSTOM_PROMPT)
        .bind(&threshold)
        .bind(user_key::DEBUG_LOGGING)
        .bind(key::DEBUG_LOGGING_ALLOW_USERS)
        .bind(key::ADVISOR)
        .fetch_all(self.pool())
        .await?;
        let find = |wanted: &str| stored.iter().find(|(key, _)| key == wanted).map(|(_, value)| value.as_str());
        let percent = find(&threshold).and_then(|value| parse_compaction_threshold(&threshold, value));
        Ok(TurnSettings {
            prompt: find(user_key::CUSTOM_PROMPT).unwrap_or_default().to_owned(),
            compaction_threshold: percent.map(|(_, percent)| percent),
            debug_logging: is_debug_logging(find),
            advisor: parse_advisor(find(key::ADVISOR)),
        })
    }

    /// Which model the deployment wants for a purpose.
    pub(crate) async fn model_override(&self, context: &ChatModelOverrideContext) -> sqlx::Result<ModelOverride> {
        let stored = self.site_config(&model_override_key(context)).await?;
        Ok(ModelOverride::parse(stored.as_deref().unwrap_or_default()))
    }

    /// Templates that chats are limited to; `None` if they may use any.
    ///
    /// # Errors
    /// When the store fails. A list that cannot be read limits nothing.
    pub(crate) async fn allowed_templates(&self) -> sqlx::Result<Option<Vec<Uuid>>> {
        let stored = self.site_config(key::TEMPLATE_ALLOWLIST).await?.unwrap_or_default();
        let ids: Vec<Uuid> = serde_json::from_str(&stored).unwrap_or_default();
        Ok(Some(ids).filter(|ids| !ids.is_empty()))
    }

    /// Which model the deployment wants for titles, and whether what happens in the user's chats is recorded for
    /// debugging.
    pub(crate) async fn title_settings(&self, user_id: Uuid) -> sqlx::Result<(ModelOverride, bool)> {
        let wanted = model_override_key(&ChatModelOverrideContext::TitleGeneration);
        let stored: Vec<(String, String)> = sqlx::query_as(
            "SELECT key, value FROM user_configs WHERE user_id = $1 AND key = $2 \
             UNION ALL SELECT key, value FROM site_configs WHERE key IN ($3, $4)",
        )
        .bind(user_id)
        .bind(user_key::DEBUG_LOGGING)
        .bind(key::DEBUG_LOGGING_ALLOW_USERS)
        .bind(&wanted)
        .fetch_all(self.pool())
        .await?;
        let find = |wanted: &str| stored.iter().find(|(key, _)| key == wanted).map(|(_, value)| value.as_str());
        Ok((ModelOverride::parse(find(&wanted).unwrap_or_default()), is_debug_logging(find)))
    }

    /// Whether users may choose their own models.
    pub(crate) async fn personal_model_overrides_enabled(&self) -> sqlx::Result<bool> {
        self.site_flag(key::PERSONAL_MODEL_OVERRIDES).await
    }

    /// Which model the user wants for a purpose; `None` when they never chose. Whether they may choose is for the
    /// caller to ask.
    pub(crate) async fn personal_model_override(
        &self,
        user_id: Uuid,
        context: &ChatPersonalModelOverrideContext,
    ) -> sqlx::Result<Option<PersonalModelOverride>> {
        let key = format!("{}{context}", user_key::PERSONAL_MODEL_OVERRIDE);
        let stored = self.user_config(user_id, &key).await?;
        Ok(stored.map(|stored| PersonalModelOverride::parse(&stored, context)))
    }

    /// Whether what happens in the user's chats is recorded for debugging.
    pub(crate) async fn debug_logging_enabled(&self, user_id: Uuid) -> sqlx::Result<bool> {
        sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM user_configs WHERE user_id = $1 AND key = $2 AND value = 'true') \
             AND EXISTS (SELECT 1 FROM site_configs WHERE key = $3 AND value = 'true')",
        )
        .bind(user_id)
        .bind(user_key::DEBUG_LOGGING)
        .bind(key::DEBUG_LOGGING_ALLOW_USERS)
        .fetch_one(self.pool())
        .await
    }

    /// How the advisor is set up; what cannot be read counts as switched off.
    pub(crate) async fn advisor_config(&self) -> sqlx::Result<AdvisorConfig> {
        Ok(parse_advisor(self.site_config(key::ADVISOR).await?.as_deref()))
    }

    /// A setting that is on or off, off unless it was switched on.
    pub(crate) async fn site_flag(&self, key: &str) -> sqlx::Result<bool> {
        Ok(self.site_config(key).await?.as_deref() == Some("true"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{replay, same, vectors};

    #[test]
    fn stored_settings_are_read_as_the_original_reads_them() {
        let mut cases = vectors("chat_settings.json");
        cases.retain(|case| ["personal_override", "threshold_key", "override_context"].contains(&case.text("rule")));
        replay(&cases, |case| match case.text("rule") {
            "personal_override" => {
                let read = PersonalModelOverride::parse(case.text("value"), &case.text("context").into());
                let read = json!({
                    "mode": read.mode,
                    "model_config_id": read.model_config_id.unwrap_or_default(),
                    "malformed": read.is_malformed,
                });
                same(&read, &case.output)
            }
            "threshold_key" => {
                let read = parse_compaction_threshold(case.text("key"), "50");
                same(&read.map_or(Value::Null, |(id, _)| json!({ "id": id })), &case.output)
            }
            _ => {
                let known = ChatModelOverrideContext::from(case.text("value")).is_known();
                same(&json!(known), &json!(case.error.is_none()))
            }
        });
    }

    #[test]
    fn overrides_that_are_no_ids_are_malformed_and_unset() {
        assert_eq!(ModelOverride::parse(" "), ModelOverride::default());
        assert_eq!(ModelOverride::parse("gpt"), ModelOverride { model_config_id: None, is_malformed: true });
    }
}
