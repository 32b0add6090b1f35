//! Chats, their settings and models; AI providers.

use chrono::{DateTime, Utc};
use codersdk::prelude::*;
use codersdk::{
    ChatCostSummaryOptions, ChatCostUsersOptions, ChatFile, ChatFileUpload, ChatInputPart, ChatListSource,
    ChatMessagesPaginationOptions, ChatPromptsOptions, CreateChatMessageRequest, CreateChatRequest,
    EditChatMessageRequest, ListChatsOptions, Nullable, StreamChatOptions, UnknownChatInputPart,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Args, Method, Outcome, method, nothing, opened, value};

const CLIENT: &str = "codersdk.Client";
const EXPERIMENTAL: &str = "codersdk.ExperimentalClient";

pub fn methods() -> Vec<Method> {
    [chats(), models(), config(), limits_and_logs(), ai_providers(), mcp_servers(), user_skills()]
        .into_iter()
        .flatten()
        .collect()
}

/// A list of input parts. The rows set every field of a part, which only a part of unknown kind can carry.
fn content(a: &Args, at: usize) -> Nullable<Vec<ChatInputPart>> {
    let parts: Option<Vec<Value>> = a.field(at, "content");
    let part = |part: Value| {
        let text = |name: &str| part[name].as_str().unwrap_or_default().to_owned();
        ChatInputPart::Unknown(UnknownChatInputPart {
            kind: text("type").into(),
            text: text("text"),
            file_id: text("file_id").parse().unwrap_or_default(),
            file_name: text("file_name"),
            start_line: part["start_line"].as_i64().unwrap_or_default(),
            end_line: part["end_line"].as_i64().unwrap_or_default(),
            content: text("content"),
        })
    };
    parts.map(|parts| parts.into_iter().map(part).collect::<Vec<_>>()).into()
}

fn list_options(a: &Args) -> ListChatsOptions {
    let source: String = a.field(0, "Source");
    ListChatsOptions {
        query: a.field(0, "Query"),
        source: (!source.is_empty()).then(|| ChatListSource::from(source)),
        labels: a.field(0, "Labels"),
        after_id: a.field(0, "after_id"),
        limit: a.field(0, "limit"),
        offset: a.field(0, "offset"),
    }
}

/// A time; the original's zero time stands for none.
fn date(a: &Args, at: usize, name: &str) -> Option<DateTime<Utc>> {
    a.field::<Option<DateTime<Utc>>>(at, name).filter(|time| time.timestamp() > 0)
}

fn upload(a: &Args) -> ChatFileUpload {
    ChatFileUpload::bytes(a.text(1), a.text(3)).named(a.text(2))
}

/// The original gives the content and the media type.
fn file(result: Result<ChatFile, Error>) -> Outcome {
    let file = result?;
    Ok(vec![json!(String::from_utf8_lossy(&file.content)), json!(file.content_type)])
}

fn chats() -> Vec<Method> {
    vec![
        method(EXPERIMENTAL, "ListChats", |c, a| async move { value(c.list_chats(list_options(&a)).await) }),
        method(EXPERIMENTAL, "CreateChat", |c, a| async move {
            value(c.create_chat(CreateChatRequest { content: content(&a, 0), ..a.get(0) }).await)
        }),
        method(EXPERIMENTAL, "StreamChat", |c, a| async move {
            opened(c.stream_chat(a.get(0), StreamChatOptions { after_id: a.field(1, "AfterID") }).await)
        }),
        method(EXPERIMENTAL, "WatchChats", |c, _| async move { opened(c.watch_chats().await) }),
        method(EXPERIMENTAL, "GetChat", |c, a| async move { value(c.get_chat(a.get(0)).await) }),
        method(EXPERIMENTAL, "RefreshChatContext", |c, a| async move { value(c.refresh_chat_context(a.get(0)).await) }),
        method(EXPERIMENTAL, "GetChatACL", |c, a| async move { value(c.get_chat_acl(a.get(0)).await) }),
        method(
            EXPERIMENTAL,
            "UpdateChatACL",
            |c, a| async move { nothing(c.update_chat_acl(a.get(0), a.get(1)).await) },
        ),
        method(EXPERIMENTAL, "GetChatMessages", |c, a| async move {
            value(
                c.get_chat_messages(
                    a.get(0),
                    ChatMessagesPaginationOptions {
                        before_id: a.field(1, "BeforeID"),
                        after_id: a.field(1, "AfterID"),
                        limit: a.field(1, "Limit"),
                    },
                )
                .await,
            )
        }),
        method(EXPERIMENTAL, "GetChatPrompts", |c, a| async move {
            value(c.get_chat_prompts(a.get(0), ChatPromptsOptions { limit: a.field(1, "Limit") }).await)
        }),
        method(EXPERIMENTAL, "UpdateChat", |c, a| async move { nothing(c.update_chat(a.get(0), a.get(1)).await) }),
        method(EXPERIMENTAL, "CreateChatMessage", |c, a| async move {
            value(
                c.create_chat_message(a.get(0), CreateChatMessageRequest { content: content(&a, 1), ..a.get(1) }).await,
            )
        }),
        method(EXPERIMENTAL, "EditChatMessage", |c, a| async move {
            value(
                c.edit_chat_message(a.get(0), a.get(1), EditChatMessageRequest { content: content(&a, 2), ..a.get(2) })
                    .await,
            )
        }),
        method(EXPERIMENTAL, "InterruptChat", |c, a| async move { value(c.interrupt_chat(a.get(0)).await) }),
        method(EXPERIMENTAL, "ReconcileInvalidChatState", |c, a| async move {
            value(c.reconcile_invalid_chat_state(a.get(0)).await)
        }),
        method(
            EXPERIMENTAL,
            "RegenerateChatTitle",
            |c, a| async move { value(c.regenerate_chat_title(a.get(0)).await) },
        ),
        method(EXPERIMENTAL, "ProposeChatTitle", |c, a| async move { value(c.propose_chat_title(a.get(0)).await) }),
        method(
            EXPERIMENTAL,
            "GetChatDiffContents",
            |c, a| async move { value(c.get_chat_diff_contents(a.get(0)).await) },
        ),
        method(EXPERIMENTAL, "SubmitToolResults", |c, a| async move {
            nothing(c.submit_tool_results(a.get(0), a.get(1)).await)
        }),
        method(EXPERIMENTAL, "GetChatsByWorkspace", |c, a| async move {
            value(c.get_chats_by_workspace(&a.get::<Option<Vec<Uuid>>>(0).unwrap_or_default()).await)
        }),
    ]
}

fn models() -> Vec<Method> {
    vec![
        method(EXPERIMENTAL, "ListChatModels", |c, _| async move { value(c.list_chat_models().await) }),
        method(EXPERIMENTAL, "ListChatProviders", |c, _| async move { value(c.list_chat_providers().await) }),
        method(EXPERIMENTAL, "CreateChatProvider", |c, a| async move { value(c.create_chat_provider(a.get(0)).await) }),
        method(EXPERIMENTAL, "UpdateChatProvider", |c, a| async move {
            value(c.update_chat_provider(a.get(0), a.get(1)).await)
        }),
        method(
            EXPERIMENTAL,
            "DeleteChatProvider",
            |c, a| async move { nothing(c.delete_chat_provider(a.get(0)).await) },
        ),
        method(EXPERIMENTAL, "ListUserAIProviderKeyConfigs", |c, a| async move {
            value(c.list_user_ai_provider_key_configs(&a.text(0)).await)
        }),
        method(EXPERIMENTAL, "UpsertUserAIProviderKey", |c, a| async move {
            value(c.upsert_user_ai_provider_key(&a.text(0), a.get(1), a.get(2)).await)
        }),
        method(EXPERIMENTAL, "DeleteUserAIProviderKey", |c, a| async move {
            nothing(c.delete_user_ai_provider_key(&a.text(0), a.get(1)).await)
        }),
        method(EXPERIMENTAL, "ListUserChatProviderConfigs", |c, _| async move {
            value(c.list_user_chat_provider_configs().await)
        }),
        method(EXPERIMENTAL, "UpsertUserChatProviderKey", |c, a| async move {
            value(c.upsert_user_chat_provider_key(a.get(0), a.get(1)).await)
        }),
        method(EXPERIMENTAL, "DeleteUserChatProviderKey", |c, a| async move {
            nothing(c.delete_user_chat_provider_key(a.get(0)).await)
        }),
        method(EXPERIMENTAL, "ListChatModelConfigs", |c, _| async move { value(c.list_chat_model_configs().await) }),
        method(EXPERIMENTAL, "CreateChatModelConfig", |c, a| async move {
            value(c.create_chat_model_config(a.get(0)).await)
        }),
        method(EXPERIMENTAL, "UpdateChatModelConfig", |c, a| async move {
            value(c.update_chat_model_config(a.get(0), a.get(1)).await)
        }),
        method(EXPERIMENTAL, "DeleteChatModelConfig", |c, a| async move {
            nothing(c.delete_chat_model_config(a.get(0)).await)
        }),
    ]
}

fn config() -> Vec<Method> {
    vec![
        method(EXPERIMENTAL, "GetChatSystemPrompt", |c, _| async move { value(c.get_chat_system_prompt().await) }),
        method(EXPERIMENTAL, "UpdateChatSystemPrompt", |c, a| async move {
            nothing(c.update_chat_system_prompt(a.get(0)).await)
        }),
        method(EXPERIMENTAL, "GetChatPlanModeInstructions", |c, _| async move {
            value(c.get_chat_plan_mode_instructions().await)
        }),
        method(EXPERIMENTAL, "UpdateChatPlanModeInstructions", |c, a| async move {
            nothing(c.update_chat_plan_mode_instructions(a.get(0)).await)
        }),
        method(
            EXPERIMENTAL,
            "GetChatModelOverride",
            |c, a| async move { value(c.get_chat_model_override(a.get(0)).await) },
        ),
        method(EXPERIMENTAL, "UpdateChatModelOverride", |c, a| async move {
            nothing(c.update_chat_model_override(a.get(0), a.get(1)).await)
        }),
        method(EXPERIMENTAL, "GetChatPersonalModelOverridesAdminSettings", |c, _| async move {
            value(c.get_chat_personal_model_overrides_admin_settings().await)
        }),
        method(EXPERIMENTAL, "UpdateChatPersonalModelOverridesAdminSettings", |c, a| async move {
            nothing(c.update_chat_personal_model_overrides_admin_settings(a.get(0)).await)
        }),
        method(EXPERIMENTAL, "GetUserChatPersonalModelOverrides", |c, _| async move {
            value(c.get_user_chat_personal_model_overrides().await)
        }),
        method(EXPERIMENTAL, "UpdateUserChatPersonalModelOverride", |c, a| async move {
            nothing(c.update_user_chat_personal_model_override(a.get(0), a.get(1)).await)
        }),
        method(
            EXPERIMENTAL,
            "GetUserChatCustomPrompt",
            |c, _| async move { value(c.get_user_chat_custom_prompt().await) },
        ),
        method(EXPERIMENTAL, "GetChatDesktopEnabled", |c, _| async move { value(c.get_chat_desktop_enabled().await) }),
        method(EXPERIMENTAL, "UpdateChatDesktopEnabled", |c, a| async move {
            nothing(c.update_chat_desktop_enabled(a.get(0)).await)
        }),
        method(EXPERIMENTAL, "GetChatAdvisorConfig", |c, _| async move { value(c.get_chat_advisor_config().await) }),
        method(EXPERIMENTAL, "UpdateChatAdvisorConfig", |c, a| async move {
            nothing(c.update_chat_advisor_config(a.get(0)).await)
        }),
        method(EXPERIMENTAL, "GetChatComputerUseProvider", |c, _| async move {
            value(c.get_chat_computer_use_provider().await)
        }),
        method(EXPERIMENTAL, "UpdateChatComputerUseProvider", |c, a| async move {
            nothing(c.update_chat_computer_use_provider(a.get(0)).await)
        }),
        method(EXPERIMENTAL, "GetChatWorkspaceTTL", |c, _| async move { value(c.get_chat_workspace_ttl().await) }),
        method(EXPERIMENTAL, "UpdateChatWorkspaceTTL", |c, a| async move {
            nothing(c.update_chat_workspace_ttl(a.get(0)).await)
        }),
        method(EXPERIMENTAL, "GetChatRetentionDays", |c, _| async move { value(c.get_chat_retention_days().await) }),
        method(EXPERIMENTAL, "UpdateChatRetentionDays", |c, a| async move {
            nothing(c.update_chat_retention_days(a.get(0)).await)
        }),
        method(EXPERIMENTAL, "GetChatDebugRetentionDays", |c, _| async move {
            value(c.get_chat_debug_retention_days().await)
        }),
        method(EXPERIMENTAL, "UpdateChatDebugRetentionDays", |c, a| async move {
            nothing(c.update_chat_debug_retention_days(a.get(0)).await)
        }),
        method(
            EXPERIMENTAL,
            "GetChatAutoArchiveDays",
            |c, _| async move { value(c.get_chat_auto_archive_days().await) },
        ),
        method(EXPERIMENTAL, "UpdateChatAutoArchiveDays", |c, a| async move {
            nothing(c.update_chat_auto_archive_days(a.get(0)).await)
        }),
        method(
            EXPERIMENTAL,
            "GetChatTemplateAllowlist",
            |c, _| async move { value(c.get_chat_template_allowlist().await) },
        ),
        method(EXPERIMENTAL, "UpdateChatTemplateAllowlist", |c, a| async move {
            nothing(c.update_chat_template_allowlist(a.get(0)).await)
        }),
        method(EXPERIMENTAL, "UpdateUserChatCustomPrompt", |c, a| async move {
            value(c.update_user_chat_custom_prompt(a.get(0)).await)
        }),
        method(EXPERIMENTAL, "GetUserChatCompactionThresholds", |c, _| async move {
            value(c.get_user_chat_compaction_thresholds().await)
        }),
        method(EXPERIMENTAL, "UpdateUserChatCompactionThreshold", |c, a| async move {
            value(c.update_user_chat_compaction_threshold(a.get(0), a.get(1)).await)
        }),
        method(EXPERIMENTAL, "DeleteUserChatCompactionThreshold", |c, a| async move {
            nothing(c.delete_user_chat_compaction_threshold(a.get(0)).await)
        }),
        method(EXPERIMENTAL, "GetChatDebugLogging", |c, _| async move { value(c.get_chat_debug_logging().await) }),
        method(EXPERIMENTAL, "UpdateChatDebugLogging", |c, a| async move {
            nothing(c.update_chat_debug_logging(a.get(0)).await)
        }),
        method(
            EXPERIMENTAL,
            "GetUserChatDebugLogging",
            |c, _| async move { value(c.get_user_chat_debug_logging().await) },
        ),
        method(EXPERIMENTAL, "UpdateUserChatDebugLogging", |c, a| async move {
            nothing(c.update_user_chat_debug_logging(a.get(0)).await)
        }),
    ]
}

fn limits_and_logs() -> Vec<Method> {
    vec![
        method(EXPERIMENTAL, "GetChatCostSummary", |c, a| async move {
            value(
                c.get_chat_cost_summary(
                    &a.text(0),
                    ChatCostSummaryOptions { start_date: date(&a, 1, "StartDate"), end_date: date(&a, 1, "EndDate") },
                )
                .await,
            )
        }),
        method(EXPERIMENTAL, "GetChatCostUsers", |c, a| async move {
            value(
                c.get_chat_cost_users(ChatCostUsersOptions {
                    start_date: date(&a, 0, "StartDate"),
                    end_date: date(&a, 0, "EndDate"),
                    username: a.field(0, "Username"),
                    limit: a.field(0, "limit"),
                    offset: a.field(0, "offset"),
                })
                .await,
            )
        }),
        method(EXPERIMENTAL, "GetChatDebugRuns", |c, a| async move { value(c.get_chat_debug_runs(a.get(0)).await) }),
        method(
            EXPERIMENTAL,
            "GetChatDebugRun",
            |c, a| async move { value(c.get_chat_debug_run(a.get(0), a.get(1)).await) },
        ),
        method(
            EXPERIMENTAL,
            "UploadChatFile",
            |c, a| async move { value(c.upload_chat_file(a.get(0), upload(&a)).await) },
        ),
        method(EXPERIMENTAL, "GetChatFile", |c, a| async move { file(c.get_chat_file(a.get(0)).await) }),
        method(
            EXPERIMENTAL,
            "GetChatUsageLimitConfig",
            |c, _| async move { value(c.get_chat_usage_limit_config().await) },
        ),
        method(EXPERIMENTAL, "UpdateChatUsageLimitConfig", |c, a| async move {
            value(c.update_chat_usage_limit_config(a.get(0)).await)
        }),
        method(EXPERIMENTAL, "UpsertChatUsageLimitOverride", |c, a| async move {
            value(c.upsert_chat_usage_limit_override(a.get(0), a.get(1)).await)
        }),
        method(EXPERIMENTAL, "UpdateChatUserUsageLimitOverride", |c, a| async move {
            value(c.update_chat_user_usage_limit_override(a.get(0), a.get(1)).await)
        }),
        method(EXPERIMENTAL, "DeleteChatUsageLimitOverride", |c, a| async move {
            nothing(c.delete_chat_usage_limit_override(a.get(0)).await)
        }),
        method(EXPERIMENTAL, "DeleteChatUserUsageLimitOverride", |c, a| async move {
            nothing(c.delete_chat_user_usage_limit_override(a.get(0)).await)
        }),
        method(EXPERIMENTAL, "UpsertChatUsageLimitGroupOverride", |c, a| async move {
            value(c.upsert_chat_usage_limit_group_override(a.get(0), a.get(1)).await)
        }),
        method(EXPERIMENTAL, "DeleteChatUsageLimitGroupOverride", |c, a| async move {
            nothing(c.delete_chat_usage_limit_group_override(a.get(0)).await)
        }),
        method(EXPERIMENTAL, "GetMyChatUsageLimitStatus", |c, _| async move {
            value(c.get_my_chat_usage_limit_status().await)
        }),
    ]
}

fn ai_providers() -> Vec<Method> {
    vec![
        method(CLIENT, "AIProviders", |c, _| async move { value(c.ai_providers().await) }),
        method(CLIENT, "AIProvider", |c, a| async move { value(c.ai_provider(&a.text(0)).await) }),
        method(CLIENT, "CreateAIProvider", |c, a| async move { value(c.create_ai_provider(a.get(0)).await) }),
        method(
            CLIENT,
            "UpdateAIProvider",
            |c, a| async move { value(c.update_ai_provider(&a.text(0), a.get(1)).await) },
        ),
        method(CLIENT, "DeleteAIProvider", |c, a| async move { nothing(c.delete_ai_provider(&a.text(0)).await) }),
    ]
}

fn mcp_servers() -> Vec<Method> {
    vec![
        method(CLIENT, "MCPServerConfigs", |c, _| async move { value(c.mcp_server_configs().await) }),
        method(CLIENT, "MCPServerConfigByID", |c, a| async move { value(c.mcp_server_config_by_id(a.get(0)).await) }),
        method(
            CLIENT,
            "CreateMCPServerConfig",
            |c, a| async move { value(c.create_mcp_server_config(a.get(0)).await) },
        ),
        method(CLIENT, "UpdateMCPServerConfig", |c, a| async move {
            value(c.update_mcp_server_config(a.get(0), a.get(1)).await)
        }),
        method(
            CLIENT,
            "DeleteMCPServerConfig",
            |c, a| async move { nothing(c.delete_mcp_server_config(a.get(0)).await) },
        ),
        method(CLIENT, "MCPServerOAuth2Disconnect", |c, a| async move {
            nothing(c.mcp_server_oauth2_disconnect(a.get(0)).await)
        }),
    ]
}

fn user_skills() -> Vec<Method> {
    vec![
        method(EXPERIMENTAL, "CreateUserSkill", |c, a| async move {
            value(c.create_user_skill(&a.text(0), a.get(1)).await)
        }),
        method(EXPERIMENTAL, "UserSkills", |c, a| async move { value(c.user_skills(&a.text(0)).await) }),
        method(EXPERIMENTAL, "UserSkillByName", |c, a| async move {
            value(c.user_skill_by_name(&a.text(0), &a.text(1)).await)
        }),
        method(EXPERIMENTAL, "UpdateUserSkill", |c, a| async move {
            value(c.update_user_skill(&a.text(0), &a.text(1), a.get(2)).await)
        }),
        method(EXPERIMENTAL, "DeleteUserSkill", |c, a| async move {
            nothing(c.delete_user_skill(&a.text(0), &a.text(1)).await)
        }),
    ]
}
