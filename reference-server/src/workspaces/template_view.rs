//! Templates and their versions as they are shown.

use std::collections::BTreeMap;

use codersdk::{
    MinimalUser, Nullable, ProvisionerJobInput, Template, TemplateAutostartRequirement, TemplateAutostopRequirement,
    TemplateVersion, TransitionStats, WorkspaceTransition,
};

use super::view;
use crate::state::AppState;
use crate::store::templates::{TemplateRow, TemplateVersionRow};

const WEEK: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Shows a template.
///
/// # Errors
/// When the store fails.
pub(crate) async fn template(state: &AppState, row: &TemplateRow) -> sqlx::Result<Template> {
    let store = &state.store;
    let organization = store.organization(row.organization_id).await?;
    let (name, display_name, icon) =
        organization.map_or_else(Default::default, |found| (found.name, found.display_name, found.icon));
    let users: i64 = sqlx::query_scalar(
        "SELECT COUNT(DISTINCT owner_id) FROM workspaces WHERE template_id = $1 AND deleted = FALSE",
    )
    .bind(row.id)
    .fetch_one(store.pool())
    .await?;
    let author = store.user(row.created_by).await?.map_or_else(String::new, |user| user.username);
    let transitions = [WorkspaceTransition::Start, WorkspaceTransition::Stop, WorkspaceTransition::Delete];
    let stats: BTreeMap<_, _> = transitions.into_iter().map(|kind| (kind, TransitionStats::default())).collect();
    Ok(Template {
        id: row.id,
        created_at: row.created_at,
        updated_at: row.updated_at,
        organization_id: row.organization_id,
        organization_name: name,
        organization_display_name: display_name,
        organization_icon: icon,
        name: row.name.clone(),
        display_name: row.display_name.clone(),
        provisioner: row.provisioner.as_str().into(),
        active_version_id: row.active_version_id,
        active_user_count: users,
        build_time_stats: Nullable::from(stats),
        description: row.description.clone(),
        deprecated: !row.deprecated.is_empty(),
        deprecation_message: row.deprecated.clone(),
        deleted: row.deleted,
        icon: row.icon.clone(),
        default_ttl_ms: row.default_ttl_ms,
        activity_bump_ms: row.activity_bump_ms,
        time_til_autostop_notify_ms: row.time_til_autostop_notify_ms,
        autostop_requirement: TemplateAutostopRequirement { days_of_week: Nullable::from(Vec::new()), weeks: 1 },
        autostart_requirement: TemplateAutostartRequirement {
            days_of_week: Nullable::from(WEEK.map(str::to_owned).to_vec()),
        },
        created_by_id: row.created_by,
        created_by_name: author,
        allow_user_autostart: row.allow_user_autostart,
        allow_user_autostop: row.allow_user_autostop,
        allow_user_cancel_workspace_jobs: row.allow_user_cancel_workspace_jobs,
        failure_ttl_ms: row.failure_ttl_ms,
        time_til_dormant_ms: row.time_til_dormant_ms,
        time_til_dormant_autodelete_ms: row.time_til_dormant_autodelete_ms,
        require_active_version: row.require_active_version,
        max_port_share_level: row.max_port_share_level.as_str().into(),
        cors_behavior: row.cors_behavior.as_str().into(),
        use_classic_parameter_flow: row.use_classic_parameter_flow,
        disable_module_cache: row.disable_module_cache,
    })
}

/// Shows a version; `None` if it lacks a job.
///
/// # Errors
/// When the store fails.
pub(crate) async fn version(state: &AppState, row: &TemplateVersionRow) -> sqlx::Result<Option<TemplateVersion>> {
    let Some(job) = state.store.job(row.job_id).await? else { return Ok(None) };
    let author = state.store.user(row.created_by).await?;
    let input = ProvisionerJobInput { template_version_id: Some(row.id), ..ProvisionerJobInput::default() };
    Ok(Some(TemplateVersion {
        id: row.id,
        template_id: row.template_id,
        organization_id: row.organization_id,
        created_at: row.created_at,
        updated_at: row.updated_at,
        name: row.name.clone(),
        message: row.message.clone(),
        job: view::job(&job, input),
        readme: row.readme.clone(),
        created_by: author.map_or_else(MinimalUser::default, |user| MinimalUser {
            id: user.id,
            username: user.username,
            name: Some(user.name),
            avatar_url: Some(user.avatar_url),
        }),
        archived: row.archived,
        warnings: Vec::new(),
        matched_provisioners: None,
        has_external_agent: false,
    }))
}
