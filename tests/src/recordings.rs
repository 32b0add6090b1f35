//! Recorded exchanges of the original, which lie outside the repository.

use std::path::PathBuf;

use serde_json::Value;

/// What the routes of chats and AI providers answer on success, by route, as the catalogue names it.
const ANSWERS: &[(&str, &str)] = &[
    ("GET /api/experimental/chats", "[]codersdk.Chat"),
    ("GET /api/experimental/chats/config/advisor", "codersdk.AdvisorConfig"),
    ("GET /api/experimental/chats/config/auto-archive-days", "codersdk.ChatAutoArchiveDaysResponse"),
    ("GET /api/experimental/chats/config/computer-use-provider", "codersdk.ChatComputerUseProviderResponse"),
    ("GET /api/experimental/chats/config/debug-logging", "codersdk.ChatDebugLoggingAdminSettings"),
    ("GET /api/experimental/chats/config/debug-retention-days", "codersdk.ChatDebugRetentionDaysResponse"),
    ("GET /api/experimental/chats/config/desktop-enabled", "codersdk.ChatDesktopEnabledResponse"),
    ("GET /api/experimental/chats/config/model-override/{context}", "codersdk.ChatModelOverrideResponse"),
    ("GET /api/experimental/chats/config/personal-model-overrides", "codersdk.ChatPersonalModelOverridesAdminSettings"),
    ("GET /api/experimental/chats/config/plan-mode-instructions", "codersdk.ChatPlanModeInstructionsResponse"),
    ("GET /api/experimental/chats/config/retention-days", "codersdk.ChatRetentionDaysResponse"),
    ("GET /api/experimental/chats/config/system-prompt", "codersdk.ChatSystemPromptResponse"),
    ("GET /api/experimental/chats/config/template-allowlist", "codersdk.ChatTemplateAllowlist"),
    ("GET /api/experimental/chats/config/user-compaction-thresholds", "codersdk.UserChatCompactionThresholds"),
    ("GET /api/experimental/chats/config/user-debug-logging", "codersdk.UserChatDebugLoggingSettings"),
    (
        "GET /api/experimental/chats/config/user-personal-model-overrides",
        "codersdk.UserChatPersonalModelOverridesResponse",
    ),
    ("GET /api/experimental/chats/config/user-prompt", "codersdk.UserChatCustomPrompt"),
    ("GET /api/experimental/chats/config/workspace-ttl", "codersdk.ChatWorkspaceTTLResponse"),
    ("GET /api/experimental/chats/cost/users", "codersdk.ChatCostUsersResponse"),
    ("GET /api/experimental/chats/cost/{user}/summary", "codersdk.ChatCostSummary"),
    ("GET /api/experimental/chats/model-configs", "[]codersdk.ChatModelConfig"),
    ("GET /api/experimental/chats/models", "codersdk.ChatModelsResponse"),
    ("GET /api/experimental/chats/providers", "[]codersdk.ChatProviderConfig"),
    ("GET /api/experimental/chats/usage-limits", "codersdk.ChatUsageLimitConfigResponse"),
    ("GET /api/experimental/chats/usage-limits/status", "codersdk.ChatUsageLimitStatus"),
    ("GET /api/experimental/chats/user-provider-configs", "[]codersdk.UserChatProviderConfig"),
    ("GET /api/experimental/chats/watch", "codersdk.ChatWatchEvent"),
    ("GET /api/experimental/chats/{chat}", "codersdk.Chat"),
    ("GET /api/experimental/chats/{chat}/acl", "codersdk.ChatACL"),
    ("GET /api/experimental/chats/{chat}/debug/runs", "[]codersdk.ChatDebugRunSummary"),
    ("GET /api/experimental/chats/{chat}/debug/runs/{debugRun}", "codersdk.ChatDebugRun"),
    ("GET /api/experimental/chats/{chat}/diff", "codersdk.ChatDiffContents"),
    ("GET /api/experimental/chats/{chat}/messages", "codersdk.ChatMessagesResponse"),
    ("GET /api/experimental/chats/{chat}/prompts", "codersdk.ChatPromptsResponse"),
    ("GET /api/experimental/chats/{chat}/stream", "[]codersdk.ChatStreamEvent"),
    ("GET /api/experimental/chats/{chat}/stream/git", "codersdk.WorkspaceAgentGitServerMessage"),
    ("GET /api/experimental/chats/{chat}/stream/parts", "codersdk.ChatStreamEvent"),
    ("GET /api/experimental/users/{user}/ai-provider-keys", "[]codersdk.UserAIProviderKeyConfig"),
    ("GET /api/v2/ai/providers", "[]codersdk.AIProvider"),
    ("GET /api/v2/ai/providers/{idOrName}", "codersdk.AIProvider"),
    ("PATCH /api/experimental/chats/model-configs/{modelConfig}", "codersdk.ChatModelConfig"),
    ("PATCH /api/experimental/chats/providers/{providerConfig}", "codersdk.ChatProviderConfig"),
    ("PATCH /api/experimental/chats/{chat}/messages/{message}", "codersdk.EditChatMessageResponse"),
    ("PATCH /api/v2/ai/providers/{idOrName}", "codersdk.AIProvider"),
    ("POST /api/experimental/chats", "codersdk.Chat"),
    ("POST /api/experimental/chats/files", "codersdk.UploadChatFileResponse"),
    ("POST /api/experimental/chats/model-configs", "codersdk.ChatModelConfig"),
    ("POST /api/experimental/chats/providers", "codersdk.ChatProviderConfig"),
    ("POST /api/experimental/chats/{chat}/interrupt", "codersdk.Chat"),
    ("POST /api/experimental/chats/{chat}/messages", "codersdk.CreateChatMessageResponse"),
    ("POST /api/experimental/chats/{chat}/reconcile-invalid", "codersdk.Chat"),
    ("POST /api/experimental/chats/{chat}/title/propose", "codersdk.ProposeChatTitleResponse"),
    ("POST /api/experimental/chats/{chat}/title/regenerate", "codersdk.Chat"),
    ("POST /api/v2/ai/providers", "codersdk.AIProvider"),
    (
        "PUT /api/experimental/chats/config/user-compaction-thresholds/{modelConfig}",
        "codersdk.UserChatCompactionThreshold",
    ),
    ("PUT /api/experimental/chats/config/user-prompt", "codersdk.UserChatCustomPrompt"),
    ("PUT /api/experimental/chats/usage-limits", "codersdk.ChatUsageLimitConfig"),
    ("PUT /api/experimental/chats/usage-limits/group-overrides/{group}", "codersdk.ChatUsageLimitGroupOverride"),
    ("PUT /api/experimental/chats/usage-limits/overrides/{user}", "codersdk.ChatUsageLimitOverride"),
    ("PUT /api/experimental/chats/user-provider-configs/{providerConfig}", "codersdk.UserChatProviderConfig"),
    ("PUT /api/experimental/chats/{chat}/context", "codersdk.Chat"),
    ("PUT /api/experimental/users/{user}/ai-provider-keys/{aiProvider}", "codersdk.UserAIProviderKeyConfig"),
];

/// An answer, or a frame of a WebSocket.
#[derive(Debug)]
pub struct Exchange {
    /// The file and the line, to find it again.
    pub place: String,
    /// The route, such as `GET /api/experimental/chats/{chat}`.
    pub route: String,
    /// The status, for an answer.
    pub status: Option<u64>,
    /// The catalogue's name of the type, `[]` in front for a list.
    pub wire_type: String,
    /// The body or frame.
    pub json: Value,
}

/// The folder with the recordings: `RECORDINGS_DIR`, or `../shared/wire/recordings` beside the workspace. `None`, said
/// aloud, if it is not there: a replay passes then, for the repository's tests do not depend on it.
pub fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("RECORDINGS_DIR").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/wire/recordings")),
        PathBuf::from,
    );
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("left out: no recordings in {} (RECORDINGS_DIR)", folder.display());
    None
}

/// The folder with the recordings of the newer server, beside those of the contract's.
pub fn newer_folder() -> Option<PathBuf> {
    let folder = folder()?.join("../ga/recordings");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("left out: no recordings in {}", folder.display());
    None
}

/// The exchanges of a folder whose body is JSON of a type that is known to the recording or to `ANSWERS`.
///
/// # Panics
/// If a file cannot be read.
pub fn exchanges(folder: &std::path::Path) -> Vec<Exchange> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry of the folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .collect();
    files.sort();
    files.iter().flat_map(|path| read(path)).collect()
}

fn read(path: &std::path::Path) -> Vec<Exchange> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let exchange = |(number, line): (usize, &str)| {
        let place = format!("{name}:{}", number + 1);
        let mut line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{place}: {error}"));
        let route = line["route"].as_str().unwrap_or_default().to_owned();
        let status = line["status"].as_u64();
        let json = match line.get_mut("frame") {
            Some(frame) => frame.take(),
            None => line["response"].get_mut("json")?.take(),
        };
        let success = status.is_none_or(|status| (200..300).contains(&status));
        let answer = ANSWERS.iter().find(|(known, _)| success && *known == route).map(|(_, wire_type)| *wire_type);
        let wire_type = match line["type"].as_str().or(answer)? {
            // A body of its own behind the catalogue's general name.
            "codersdk.Response" if json.get("spent_micros").is_some() => "codersdk.ChatUsageLimitExceededResponse",
            // OAuth has errors of another form.
            "codersdk.Response" if json.get("message").is_none() => return None,
            // `null` stands for an empty list, which the calls give.
            list if list.starts_with("[]") && json.is_null() => return None,
            "bytes" => return None,
            named => named,
        };
        // Events come in batches, whatever the catalogue says.
        let list = if json.is_array() && !wire_type.starts_with("[]") { "[]" } else { "" };
        Some(Exchange { place, route, status, wire_type: format!("{list}{wire_type}"), json })
    };
    text.lines().enumerate().filter_map(exchange).collect()
}
