//! `config/*`: what administrators set for everybody's chats, and what users set for their own.

mod advisor;
mod debug_logging;
mod model_overrides;
mod personal_models;
mod prompts;
mod settings;
mod template_allowlist;
mod thresholds;

use axum::Router;
use axum::routing::{get, put};

use crate::state::AppState;

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/system-prompt", get(prompts::get_system_prompt).put(prompts::put_system_prompt))
        .route(
            "/plan-mode-instructions",
            get(prompts::get_plan_mode_instructions).put(prompts::put_plan_mode_instructions),
        )
        .route("/user-prompt", get(prompts::get_user_prompt).put(prompts::put_user_prompt))
        .route(
            "/model-override/{context}",
            get(model_overrides::get_model_override).put(model_overrides::put_model_override),
        )
        .route(
            "/personal-model-overrides",
            get(personal_models::get_admin_settings).put(personal_models::put_admin_settings),
        )
        .route("/user-personal-model-overrides", get(personal_models::get_own_overrides))
        .route("/user-personal-model-overrides/{context}", put(personal_models::put_own_override))
        .route("/desktop-enabled", get(settings::get_desktop_enabled).put(settings::put_desktop_enabled))
        .route(
            "/computer-use-provider",
            get(settings::get_computer_use_provider).put(settings::put_computer_use_provider),
        )
        .route("/debug-logging", get(debug_logging::get_admin_settings).put(debug_logging::put_admin_settings))
        .route("/user-debug-logging", get(debug_logging::get_own_settings).put(debug_logging::put_own_settings))
        .route("/advisor", get(advisor::get_advisor).put(advisor::put_advisor))
        .route("/user-compaction-thresholds", get(thresholds::list_thresholds))
        .route(
            "/user-compaction-thresholds/{model_config}",
            put(thresholds::put_threshold).delete(thresholds::delete_threshold),
        )
        .route("/workspace-ttl", get(settings::get_workspace_ttl).put(settings::put_workspace_ttl))
        .route("/retention-days", get(settings::get_retention_days).put(settings::put_retention_days))
        .route("/debug-retention-days", get(settings::get_debug_retention_days).put(settings::put_debug_retention_days))
        .route("/auto-archive-days", get(settings::get_auto_archive_days).put(settings::put_auto_archive_days))
        .route(
            "/template-allowlist",
            get(template_allowlist::get_template_allowlist).put(template_allowlist::put_template_allowlist),
        )
}
