//! What is done with chats as time goes by: those that nobody uses are archived, and what was archived long ago is
//! deleted with its files. The deployment's settings say after how many days.

use std::time::Duration;

use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};
use sqlx::SqliteExecutor;
use uuid::Uuid;

use super::ChatdError;
use crate::state::AppState;
use crate::store::chat_settings::{
    DEFAULT_AUTO_ARCHIVE_DAYS, DEFAULT_DEBUG_RETENTION_DAYS, DEFAULT_RETENTION_DAYS, key,
};

/// How often chats are archived.
const ARCHIVE_EVERY: Duration = Duration::from_secs(60 * 60);
/// How often what is old is deleted.
const PURGE_EVERY: Duration = Duration::from_secs(10 * 60);
/// Most chats, files and debug runs each that one look at the database takes on.
const BATCH: i64 = 1000;
/// A debug run that began so shortly before its chat was archived is kept until the chat goes.
pub(super) const DEBUG_LEEWAY: TimeDelta = TimeDelta::seconds(30);

/// A debug run of which nothing was heard for this long, longer than any step may take, will not be ended any more.
const DEBUG_STALE_AFTER: TimeDelta = TimeDelta::minutes(30);

/// Starts the work; it ends when the server stops.
pub(super) fn start(state: &AppState) {
    let tasks = &state.chatd.tasks;
    tasks.spawn(repeat(state.clone(), ARCHIVE_EVERY, async |state| archive_inactive(state).await));
    tasks.spawn(repeat(state.clone(), PURGE_EVERY, async |state| purge(state).await));
}

async fn repeat(state: AppState, every: Duration, work: impl AsyncFn(&AppState) -> Result<(), sqlx::Error>) {
    loop {
        if let Err(error) = work(&state).await {
            tracing::warn!(%error, "old chats cannot be looked after");
        }
        tokio::select! {
            biased;
            () = state.stop.cancelled() => return,
            () = state.clock.sleep(every) => {}
        }
    }
}

/// Archives the families of chats in which nothing was said for as long as the setting says. Days count from midnight
/// UTC, so that all chats of one day go together.
async fn archive_inactive(state: &AppState) -> Result<(), sqlx::Error> {
    let days = state.store.site_number(key::AUTO_ARCHIVE_DAYS, DEFAULT_AUTO_ARCHIVE_DAYS).await?;
    let Some(before) = days_before(state.clock.now(), days) else { return Ok(()) };
    let before = before.date_naive().and_time(NaiveTime::MIN).and_utc();
    for chat in inactive(state.store.pool(), before).await? {
        match state.chatd.archive_chat(chat).await {
            Ok(()) => tracing::info!(%chat, "a chat that nobody used was archived"),
            Err(ChatdError::Store(error)) => return Err(error),
            // Somebody was faster, or uses it again.
            Err(error) => tracing::debug!(%chat, %error, "a chat is not archived"),
        }
    }
    Ok(())
}

/// The time that lies so many days back; none where the number says that nothing is to be done.
fn days_before(now: DateTime<Utc>, days: i32) -> Option<DateTime<Utc>> {
    let days = u64::try_from(days).ok().filter(|days| *days > 0)?;
    now.checked_sub_days(Days::new(days))
}

/// Root chats that rest, are not pinned, and whose families had their last message before this time.
async fn inactive(db: impl SqliteExecutor<'_>, before: DateTime<Utc>) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT c.id FROM chats c WHERE NOT c.archived AND c.pin_order = 0 AND c.parent_chat_id IS NULL \
         AND c.created_at < $1 AND c.status NOT IN ('running', 'interrupting', 'requires_action') \
         AND NOT EXISTS (SELECT 1 FROM chat_messages m JOIN chats f ON f.id = m.chat_id \
         WHERE (f.id = c.id OR f.root_chat_id = c.id) AND NOT m.deleted AND m.created_at >= $1) \
         ORDER BY c.created_at LIMIT $2",
    )
    .bind(before)
    .bind(BATCH)
    .fetch_all(db)
    .await
}

/// Deletes chats that were archived long ago, files that only such chats have, and old debug runs; ends debug runs that
/// nobody else will.
async fn purge(state: &AppState) -> Result<(), sqlx::Error> {
    let store = &state.store;
    let now = state.clock.now();
    let chats = store.site_number(key::RETENTION_DAYS, DEFAULT_RETENTION_DAYS).await?;
    let debug = store.site_number(key::DEBUG_RETENTION_DAYS, DEFAULT_DEBUG_RETENTION_DAYS).await?;
    let mut tx = store.begin().await?;
    if let Some(before) = days_before(now, chats) {
        let chats = sqlx::query(
            "DELETE FROM chats WHERE id IN (SELECT id FROM chats WHERE archived AND updated_at < $1 \
             ORDER BY updated_at LIMIT $2)",
        );
        let files = sqlx::query(
            "DELETE FROM chat_files WHERE id IN (SELECT f.id FROM chat_files f WHERE f.created_at < $1 \
             AND NOT EXISTS (SELECT 1 FROM chat_file_links l JOIN chats c ON c.id = l.chat_id \
             WHERE l.file_id = f.id AND (NOT c.archived OR c.updated_at >= $1)) ORDER BY f.created_at LIMIT $2)",
        );
        // The chats first: what only they held is then held by none.
        for (what, query) in [("chats", chats), ("files", files)] {
            let deleted = query.bind(before).bind(BATCH).execute(&mut *tx).await?.rows_affected();
            if deleted > 0 {
                tracing::info!(what, deleted, "what was kept long enough was deleted");
            }
        }
    }
    if let Some(before) = days_before(now, debug) {
        sqlx::query(
            "DELETE FROM chat_debug_runs WHERE id IN (SELECT id FROM chat_debug_runs WHERE updated_at < $1 \
             ORDER BY updated_at LIMIT $2)",
        )
        .bind(before)
        .bind(BATCH)
        .execute(&mut *tx)
        .await?;
    }
    sqlx::query(
        "UPDATE chat_debug_runs SET status = 'interrupted', updated_at = $1, finished_at = $1 \
         WHERE finished_at IS NULL AND status = 'in_progress' AND updated_at < $2",
    )
    .bind(now)
    .bind(now - DEBUG_STALE_AFTER)
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::ManualClock;
    use crate::server::ReferenceServer;
    use crate::store::settings::set_site_config;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    async fn world() -> (ReferenceServer, ManualClock) {
        let clock = ManualClock::new("2026-03-10T18:00:00Z".parse().unwrap());
        let server = ReferenceServer::builder().clock(Arc::new(clock.clone())).start().await.unwrap();
        (server, clock)
    }

    /// A chat that rests, as the tables have it.
    async fn chat(state: &AppState, root: Option<Uuid>, changes: &str) -> Uuid {
        let (id, now) = (Uuid::new_v4(), state.clock.now());
        sqlx::query(
            "INSERT INTO chats (id, organization_id, owner_id, parent_chat_id, root_chat_id, title, client_type, \
             last_model_config_id, created_at, updated_at, status) \
             VALUES ($1, $1, $1, $2, $2, 'x', 'api', $1, $3, $3, 'waiting')",
        )
        .bind(id)
        .bind(root)
        .bind(now)
        .execute(state.store.pool())
        .await
        .unwrap();
        if !changes.is_empty() {
            let update = format!("UPDATE chats SET {changes} WHERE id = $1");
            sqlx::query(sqlx::AssertSqlSafe(update)).bind(id).execute(state.store.pool()).await.unwrap();
        }
        id
    }

    async fn message(state: &AppState, chat: Uuid) {
        sqlx::query(
            "INSERT INTO chat_messages (chat_id, created_at, role, visibility, content_version, revision) \
             VALUES ($1, $2, 'assistant', 'both', 1, 1)",
        )
        .bind(chat)
        .bind(state.clock.now())
        .execute(state.store.pool())
        .await
        .unwrap();
    }

    async fn set(state: &AppState, key: &str, days: i32) {
        set_site_config(state.store.pool(), key, &days.to_string()).await.unwrap();
    }

    async fn is_archived(state: &AppState, chat: Uuid) -> bool {
        state.store.chat(chat).await.unwrap().unwrap().archived
    }

    #[tokio::test]
    async fn chats_that_nobody_uses_are_archived_by_the_day() {
        let (server, clock) = world().await;
        let state = server.state();
        let old = chat(state, None, "").await;
        let child = chat(state, Some(old), "").await;
        let pinned = chat(state, None, "pin_order = 1").await;
        let busy = "status = 'requires_action', worker_id = id, runner_id = id, heartbeat_at = created_at";
        let busy = chat(state, None, busy).await;
        let used = chat(state, None, "").await;
        let used_below = chat(state, None, "").await;
        let below = chat(state, Some(used_below), "").await;
        message(state, old).await;
        let found = inactive(state.store.pool(), state.clock.now() + TimeDelta::seconds(1)).await.unwrap();
        assert!(found.contains(&old) && !found.contains(&busy) && !found.contains(&pinned) && !found.contains(&child));
        // Its worker would count as dead once the clock moves.
        sqlx::query("DELETE FROM chats WHERE id = $1").bind(busy).execute(state.store.pool()).await.unwrap();
        // The same day, six hours short of two full days before the look below.
        clock.advance(DAY);
        message(state, used).await;
        message(state, below).await;
        archive_inactive(state).await.unwrap();
        assert!(!is_archived(state, old).await, "it is off unless set");
        set(state, key::AUTO_ARCHIVE_DAYS, 1).await;
        archive_inactive(state).await.unwrap();
        assert!(!is_archived(state, old).await);
        clock.advance(DAY / 4);
        archive_inactive(state).await.unwrap();
        assert!(is_archived(state, old).await && is_archived(state, child).await);
        for kept in [pinned, used, used_below, below] {
            assert!(!is_archived(state, kept).await);
        }
    }

    #[tokio::test]
    async fn what_was_archived_long_ago_is_deleted_with_its_files() {
        let (server, clock) = world().await;
        let state = server.state();
        let (gone, active) = (chat(state, None, "archived = TRUE").await, chat(state, None, "").await);
        let mut files = Vec::new();
        for chats in [vec![gone], vec![gone, active], vec![]] {
            let file = Uuid::new_v4();
            sqlx::query("INSERT INTO chat_files VALUES ($1, $1, $1, $2, 'a', 'text/plain', x'00')")
                .bind(file)
                .bind(state.clock.now())
                .execute(state.store.pool())
                .await
                .unwrap();
            for chat in chats {
                let link = sqlx::query("INSERT INTO chat_file_links VALUES ($1, $2)").bind(chat).bind(file);
                link.execute(state.store.pool()).await.unwrap();
            }
            files.push(file);
        }
        clock.advance(DAY * 29);
        let recent = chat(state, None, "archived = TRUE").await;
        purge(state).await.unwrap();
        assert!(state.store.chat(gone).await.unwrap().is_some());
        set(state, key::RETENTION_DAYS, 0).await;
        clock.advance(DAY * 2);
        purge(state).await.unwrap();
        assert!(state.store.chat(gone).await.unwrap().is_some(), "zero keeps all");
        set(state, key::RETENTION_DAYS, 30).await;
        purge(state).await.unwrap();
        assert!(state.store.chat(gone).await.unwrap().is_none());
        for kept in [active, recent] {
            assert!(state.store.chat(kept).await.unwrap().is_some());
        }
        let left: Vec<Uuid> =
            sqlx::query_scalar("SELECT id FROM chat_files").fetch_all(state.store.pool()).await.unwrap();
        assert_eq!(left, [files[1]]);
    }

    async fn debug_run(state: &AppState, chat: Uuid, kind: &str, status: &str) {
        sqlx::query(
            "INSERT INTO chat_debug_runs (id, chat_id, kind, status, started_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $5)",
        )
        .bind(Uuid::new_v4())
        .bind(chat)
        .bind(kind)
        .bind(status)
        .bind(state.clock.now())
        .execute(state.store.pool())
        .await
        .unwrap();
    }

    #[tokio::test]
    async fn debug_runs_go_with_age_and_with_their_chats_archiving() {
        let (server, clock) = world().await;
        let state = server.state();
        let (archived, active) = (chat(state, None, "").await, chat(state, None, "").await);
        let run = async |chat: Uuid| debug_run(state, chat, "chat_turn", "completed").await;
        let left = async || {
            let runs: Vec<Uuid> = sqlx::query_scalar("SELECT chat_id FROM chat_debug_runs ORDER BY started_at")
                .fetch_all(state.store.pool())
                .await
                .unwrap();
            runs
        };
        run(archived).await;
        run(active).await;
        clock.advance(DAY);
        run(active).await;
        state.chatd.archive_chat(archived).await.unwrap();
        assert_eq!(left().await, [active, active]);
        clock.advance(DAY * 29);
        purge(state).await.unwrap();
        assert_eq!(left().await, [active, active]);
        clock.advance(DAY / 2);
        purge(state).await.unwrap();
        assert_eq!(left().await, [active]);
    }

    #[tokio::test]
    async fn debug_runs_that_were_left_behind_are_ended() {
        let (server, clock) = world().await;
        let state = server.state();
        let chat = chat(state, None, "").await;
        debug_run(state, chat, "compaction", "in_progress").await;
        for (minutes, status) in [(30, "in_progress"), (1, "interrupted")] {
            clock.advance(Duration::from_secs(minutes * 60));
            purge(state).await.unwrap();
            let [run] = state.store.debug_runs(chat, 2).await.unwrap().try_into().unwrap();
            assert_eq!((run.status.as_str(), run.finished_at.is_some()), (status, status == "interrupted"));
        }
    }
}
