//! Finds chats that nobody drives and sets a runner on each.
//!
//! Chats are found by hints, at once, and by a look at the database from time to time, for hints that were lost. A
//! runner is a task of its own; whether it gets its chat is decided by the database alone.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt;
use sqlx::SqliteExecutor;
use uuid::Uuid;

use super::pubsub::{Delivery, Subscription};
use super::runner::Runner;
use crate::state::AppState;

/// How often the worker says that it is alive, and looks for chats that nobody drives.
const TICK: Duration = Duration::from_secs(30);
/// After how long without a sign a worker counts as dead.
pub(crate) const STALE_AFTER: TimeDelta = TimeDelta::minutes(5);
/// Most chats that one look at the database takes on.
const MAX_CANDIDATES: i64 = 1000;
/// Delays before a runner that failed tries again.
const MIN_BACKOFF: Duration = Duration::from_millis(100);
const MAX_BACKOFF: Duration = Duration::from_secs(5);
/// How long a stopping server waits for its runners.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(4);

/// Starts the worker of this server. Whoever drove chats before is gone: a SQLite database has one server at a time,
/// so what another worker had in hand when it died is free at once.
///
/// # Errors
/// When the database cannot be written.
pub(crate) async fn start(state: &AppState) -> Result<(), sqlx::Error> {
    release_all(state.store.pool()).await?;
    // Whatever is created from here on comes as a hint.
    let hints = state.chatd.pubsub.subscribe_ownership();
    let tasks = &state.chatd.tasks;
    tasks.spawn(follow_hints(state.clone(), hints));
    tasks.spawn(tick(state.clone()));
    super::upkeep::start(state);
    Ok(())
}

/// Waits until every runner has handed its chat back, for a few seconds at most. The server must have been told to stop.
pub(crate) async fn shutdown(state: &AppState) {
    state.chatd.tasks.close();
    if tokio::time::timeout(SHUTDOWN_TIMEOUT, state.chatd.tasks.wait()).await.is_err() {
        tracing::warn!("chats were still being driven when the server stopped");
    }
}

async fn follow_hints(state: AppState, mut hints: Subscription<Uuid>) {
    loop {
        let hint = tokio::select! {
            biased;
            () = state.stop.cancelled() => return,
            hint = hints.next() => hint,
        };
        match hint {
            Some(Delivery::Message(chat)) => drive(&state, chat),
            Some(Delivery::Missed) => acquire_pending(&state).await,
            None => return,
        }
    }
}

async fn tick(state: AppState) {
    loop {
        acquire_pending(&state).await;
        state.chatd.parts.sweep();
        tokio::select! {
            biased;
            () = state.stop.cancelled() => return,
            () = state.clock.sleep(TICK) => {}
        }
        if let Err(error) = beat(state.store.pool(), state.chatd.worker_id, state.clock.now()).await {
            tracing::warn!(%error, "the chat worker cannot say that it is alive");
        }
    }
}

async fn acquire_pending(state: &AppState) {
    match candidates(state.store.pool(), state.clock.now() - STALE_AFTER).await {
        Ok(chats) => chats.into_iter().for_each(|chat| drive(state, chat)),
        Err(error) => tracing::warn!(%error, "the chat worker cannot look for chats"),
    }
}

/// Sets a runner on the chat. It ends when the chat rests, or is somebody else's.
fn drive(state: &AppState, chat: Uuid) {
    let state = state.clone();
    let tasks = state.chatd.tasks.clone();
    tasks.spawn(async move {
        let mut runner = Runner::new(&state, chat);
        let mut delay = MIN_BACKOFF;
        loop {
            match AssertUnwindSafe(Box::pin(runner.run())).catch_unwind().await {
                Ok(Ok(())) => return,
                Ok(Err(error)) => tracing::warn!(%chat, %error, "a chat's runner failed and will try again"),
                Err(_) => tracing::error!(%chat, "a chat's runner panicked and will try again"),
            }
            if state.stop.is_cancelled() {
                return;
            }
            tokio::select! {
                () = state.stop.cancelled() => {}
                () = state.clock.sleep(delay) => {}
            }
            delay = (delay * 2).min(MAX_BACKOFF);
        }
    });
}

/// Chats with work to do that no living worker has in hand, those that wait longest first.
async fn candidates(db: impl SqliteExecutor<'_>, stale: DateTime<Utc>) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT id FROM chats WHERE status IN ('running', 'interrupting', 'requires_action') AND NOT archived \
         AND (worker_id IS NULL OR runner_id IS NULL OR heartbeat_at IS NULL OR heartbeat_at <= $1) \
         ORDER BY updated_at, id LIMIT $2",
    )
    .bind(stale)
    .bind(MAX_CANDIDATES)
    .fetch_all(db)
    .await
}

/// Says for all chats of the worker at once that it is alive.
async fn beat(db: impl SqliteExecutor<'_>, worker: Uuid, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE chats SET heartbeat_at = $2 WHERE worker_id = $1").bind(worker).bind(now).execute(db).await?;
    Ok(())
}

async fn release_all(db: impl SqliteExecutor<'_>) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE chats SET worker_id = NULL, runner_id = NULL, heartbeat_at = NULL WHERE worker_id IS NOT NULL")
        .execute(db)
        .await?;
    Ok(())
}
