//! What every handler shares.

use std::num::NonZeroU32;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::chatd::Daemon;
use crate::chatd::titles::TitleLocks;
use crate::clock::SharedClock;
use crate::cloud_identity::CloudTrust;
use crate::external_auth::Providers;
use crate::faults::Faults;
use crate::http::websocket::SocketHost;
use crate::model::resolve::Models;
use crate::request_log::RequestLog;
use crate::store::Store;
use crate::workspaces::Workspaces;

/// The server's shared parts, cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct AppState {
    inner: Arc<Inner>,
}

/// The parts themselves.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) clock: SharedClock,
    pub(crate) chatd: Daemon,
    /// The models that chats are answered by.
    pub(crate) models: Models,
    /// Chats whose title is being made.
    pub(crate) title_locks: TitleLocks,
    /// Base URL under which clients reach this server.
    pub(crate) access_url: url::Url,
    /// How often new passwords are hashed.
    pub(crate) password_iterations: NonZeroU32,
    /// The services that people sign in to.
    pub(crate) external_auth: Providers,
    /// Whose word counts of the machines that agents run on.
    pub(crate) cloud_trust: CloudTrust,
    /// What is kept in memory of workspaces.
    pub(crate) workspaces: Workspaces,
    pub(crate) faults: Faults,
    pub(crate) requests: RequestLog,
    /// Cancelled when the server stops: streams end then.
    pub(crate) stop: CancellationToken,
}

impl AppState {
    pub(crate) fn new(inner: Inner) -> Self {
        Self { inner: Arc::new(inner) }
    }
}

impl SocketHost for AppState {
    fn clock(&self) -> SharedClock {
        self.clock.clone()
    }

    fn stop(&self) -> CancellationToken {
        self.stop.clone()
    }
}

impl std::ops::Deref for AppState {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.inner
    }
}
