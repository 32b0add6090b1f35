//! What the server remembers: SQLite, in memory or in a file.
//!
//! An in-memory store has a single connection, so code that holds a [`Tx`] must not ask the [`Store`] for anything:
//! whatever is called inside a transaction takes the transaction.

pub(crate) mod agent_reports;
pub(crate) mod ai_providers;
pub(crate) mod api_keys;
pub(crate) mod chat_changes;
pub(crate) mod chat_contexts;
pub(crate) mod chat_costs;
pub(crate) mod chat_debug;
pub(crate) mod chat_diffs;
pub(crate) mod chat_files;
pub(crate) mod chat_list;
pub(crate) mod chat_settings;
pub(crate) mod chats;
mod connections;
pub(crate) mod external_auth;
pub(crate) mod git_ssh_keys;
pub(crate) mod mcp_servers;
pub(crate) mod messages;
pub(crate) mod model_configs;
pub(crate) mod organizations;
pub(crate) mod queue;
pub(crate) mod resource_monitors;
pub(crate) mod settings;
pub(crate) mod tasks;
pub(crate) mod template_usage;
pub(crate) mod templates;
pub(crate) mod usage_limits;
pub(crate) mod user_skills;
pub(crate) mod users;
pub(crate) mod workspace_agents;
pub(crate) mod workspace_apps;
pub(crate) mod workspaces;

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

pub(crate) use self::connections::{Connections, Tx};

/// The database, cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    pool: Connections,
}

impl Store {
    /// Opens the file, or a database in memory without one, and brings its schema up to date.
    pub(crate) async fn open(path: Option<&Path>) -> Result<Self, sqlx::Error> {
        let options = match path {
            Some(path) => SqliteConnectOptions::new()
                .filename(path)
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Normal),
            None => SqliteConnectOptions::new().in_memory(true),
        }
        .busy_timeout(Duration::from_secs(10))
        .foreign_keys(true);
        // A database in memory is its one connection.
        let pool = Connections::new(options, if path.is_some() { 8 } else { 1 });
        pool.migrate(&sqlx::migrate!("./migrations")).await?;
        Ok(Self { pool })
    }

    /// The connections, for reads and for single statements.
    pub(crate) fn pool(&self) -> &Connections {
        &self.pool
    }

    /// Begins a write transaction; writers queue here rather than fail later.
    pub(crate) async fn begin(&self) -> Result<Tx, sqlx::Error> {
        self.pool.begin().await
    }

    /// Closes every connection; those at work when it is done.
    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}
