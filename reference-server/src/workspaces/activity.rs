//! Activity in a workspace, which keeps it from being stopped.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::state::AppState;
use crate::store::workspaces::set_build_deadline;

/// How much of the time until the deadline must have passed before activity moves it: a twentieth of the bump.
const BUMP_SHARE: i32 = 20;

/// Moves the deadline of a running workspace, so that activity keeps it from being stopped.
///
/// # Errors
/// When the store fails.
pub(crate) async fn bump(state: &AppState, workspace: Uuid) -> sqlx::Result<()> {
    let Some(build) = state.store.latest_build(workspace).await? else { return Ok(()) };
    let Some(row) = state.store.workspace(workspace).await?.filter(|row| !row.is_prebuild()) else { return Ok(()) };
    let Some(template) = state.store.template_or_deleted(row.template_id).await? else { return Ok(()) };
    let finished = state.store.job(build.job_id).await?.is_some_and(|job| job.completed_at.is_some());
    let (Some(deadline), true, "start") = (build.deadline, finished, build.transition.as_str()) else { return Ok(()) };
    let bump = TimeDelta::milliseconds(template.activity_bump_ms);
    if let Some(moved) = bumped(deadline, build.max_deadline, bump, state.clock.now()) {
        set_build_deadline(state.store.pool(), build.id, Some(moved), state.clock.now()).await?;
        state.workspaces.hub.workspace_changed(workspace);
    }
    Ok(())
}

/// Where the deadline goes, if it goes anywhere.
fn bumped(
    deadline: DateTime<Utc>,
    max_deadline: Option<DateTime<Utc>>,
    bump: TimeDelta,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    if bump <= TimeDelta::zero() || deadline - (bump - bump / BUMP_SHARE) >= now {
        return None;
    }
    let moved = max_deadline.map_or(now + bump, |max| max.min(now + bump));
    (moved > deadline).then_some(moved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_moves_once_a_twentieth_of_the_bump_has_passed() {
        let now = DateTime::UNIX_EPOCH;
        let hour = TimeDelta::hours(1);
        let after = |minutes| now + TimeDelta::minutes(minutes);
        assert_eq!(bumped(after(58), None, hour, now), None, "too early to be worth a write");
        assert_eq!(bumped(after(56), None, hour, now), Some(after(60)));
        assert_eq!(bumped(after(10), Some(after(30)), hour, now), Some(after(30)));
        assert_eq!(bumped(after(10), Some(after(10)), hour, now), None);
        assert_eq!(bumped(after(-1), None, hour, now), Some(after(60)));
        assert_eq!(bumped(after(300), None, hour, now), None, "activity takes no time away");
        assert_eq!(bumped(after(10), None, TimeDelta::zero(), now), None);
    }
}
