//! Claims of workspaces that were built ahead of time: a prebuilt workspace gets an owner and a build of its own, and
//! its agents, which run on with the tokens that they have, are told to start over.

use std::collections::HashMap;

use agentsdk::{ReinitializationEvent, ReinitializationReason};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::build::{NewBuild, ask};
use super::hub::Hub;
use crate::store::Tx;
use crate::store::templates::{TemplateVersionRow, template_version};
use crate::store::workspaces::{BuildRow, PREBUILDS_USER, WorkspaceRow, put_workspace, workspace};

/// What a claimed workspace gets in place of what it was built with.
#[derive(Debug, Clone)]
pub(crate) struct NewOwner {
    pub(crate) owner_id: Uuid,
    pub(crate) name: String,
    pub(crate) autostart_schedule: Option<String>,
    pub(crate) ttl_ms: Option<i64>,
}

/// A prebuilt workspace of the preset that can be claimed: its last build is a start of the template's active version
/// that went well, and all its agents are ready.
pub(crate) async fn claimable(tx: &mut Tx, preset: Uuid) -> sqlx::Result<Option<WorkspaceRow>> {
    sqlx::query_as(
        "SELECT w.* FROM workspaces w JOIN templates t ON t.id = w.template_id \
         JOIN workspace_builds b ON b.workspace_id = w.id JOIN provisioner_jobs j ON j.id = b.job_id \
         WHERE w.owner_id = $1 AND w.deleted = FALSE AND t.deleted = FALSE \
         AND b.build_number = (SELECT MAX(build_number) FROM workspace_builds WHERE workspace_id = w.id) \
         AND b.transition = 'start' AND b.template_version_id = t.active_version_id \
         AND b.template_version_preset_id = $2 \
         AND j.completed_at IS NOT NULL AND j.error = '' AND j.canceled_at IS NULL \
         AND EXISTS (SELECT 1 FROM workspace_agents a WHERE a.build_id = b.id AND a.deleted = FALSE) \
         AND NOT EXISTS (SELECT 1 FROM workspace_agents a WHERE a.build_id = b.id AND a.deleted = FALSE \
                         AND a.lifecycle_state <> 'ready') \
         ORDER BY w.created_at, w.id LIMIT 1",
    )
    .bind(PREBUILDS_USER)
    .bind(preset)
    .fetch_optional(&mut **tx)
    .await
}

/// Gives a prebuilt workspace to somebody, and asks for the build that makes it theirs; none if somebody else has it. A
/// unique violation means that they have another workspace of the name.
pub(crate) async fn claim(
    tx: &mut Tx,
    id: Uuid,
    new: NewOwner,
    build: NewBuild,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<BuildRow>> {
    let Some(before) = workspace(&mut **tx, id).await?.filter(|row| row.is_prebuild() && !row.deleted) else {
        return Ok(None);
    };
    let Some(version) = current_version(tx, &before).await? else { return Ok(None) };
    let NewOwner { owner_id, name, autostart_schedule, ttl_ms } = new;
    let claimed = WorkspaceRow {
        owner_id,
        name,
        autostart_schedule,
        ttl_ms,
        updated_at: now,
        last_used_at: now,
        dormant_at: None,
        deleting_at: None,
        ..before
    };
    put_workspace(tx, &claimed).await?;
    Ok(Some(ask(tx, &claimed, &version, build, now).await?.0))
}

async fn current_version(tx: &mut Tx, workspace: &WorkspaceRow) -> sqlx::Result<Option<TemplateVersionRow>> {
    let id = sqlx::query_scalar("SELECT active_version_id FROM templates WHERE id = $1")
        .bind(workspace.template_id)
        .fetch_optional(&mut **tx)
        .await?;
    match id {
        Some(id) => template_version(&mut **tx, id).await,
        None => Ok(None),
    }
}

/// Whether this is the build that a claim has started: the first one of a prebuilt workspace that a person asked for.
pub(crate) async fn is_claim(tx: &mut Tx, build: &BuildRow) -> sqlx::Result<bool> {
    if build.initiator_id == PREBUILDS_USER || build.build_number < 2 {
        return Ok(false);
    }
    let others: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM workspace_builds WHERE workspace_id = $1 AND build_number < $2 AND initiator_id <> $3",
    )
    .bind(build.workspace_id)
    .bind(build.build_number)
    .bind(PREBUILDS_USER)
    .fetch_one(&mut **tx)
    .await?;
    Ok(others == 0)
}

/// The tokens of the agents that were started ahead of time, by their names. They are kept: the agents run on.
pub(crate) async fn running_tokens(tx: &mut Tx, workspace: Uuid) -> sqlx::Result<HashMap<String, Uuid>> {
    let tokens: Vec<(String, Uuid)> = sqlx::query_as(
        "SELECT a.name, a.auth_token FROM workspace_agents a JOIN workspace_builds b ON b.id = a.build_id \
         WHERE b.workspace_id = $1 AND b.build_number = 1 AND a.deleted = FALSE",
    )
    .bind(workspace)
    .fetch_all(&mut **tx)
    .await?;
    Ok(tokens.into_iter().collect())
}

/// Tells the agents of a workspace that somebody has claimed it.
pub(crate) fn announce(hub: &Hub, workspace_id: Uuid, owner_id: Uuid) -> ReinitializationEvent {
    let event = ReinitializationEvent { workspace_id, reason: ReinitializationReason::PrebuildClaimed, owner_id };
    let payload = serde_json::to_string(&event).expect("an event always has a JSON form");
    hub.claimed(workspace_id, payload.into());
    event
}
