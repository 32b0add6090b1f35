//! What a workspace adds to the context of chats: instruction files, skills, MCP servers.

mod config;
mod http;
mod parts;
mod paths;
mod push;
mod resolve;
mod resource;
mod servers;
mod socket;
mod watch;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use codersdk::ChatMessagePart;
use workspacesdk::context::{ContextSnapshot, ContextSnapshotResource, ContextSource};

pub use config::ContextConfig;
pub(super) use config::VARIABLES;
pub(super) use http::router;
pub(super) use socket::SocketContext;
pub(crate) use watch::ContextWatch;

use super::mcp::ServerStatus;
use crate::quote::quoted;
use resolve::Root;
use resource::Resource;

/// How many sources can be added.
const MAX_SOURCES: usize = 500;

/// Folders that are looked at without being added.
const OWN_ROOTS: [&str; 3] = ["~/.coder", "~/.coder/skills", "~/.claude/plugins/cache"];
/// Folders in which sources may lie, beside the agent's directory.
const ALLOWED_ROOTS: [&str; 3] = ["~", "~/.coder", "~/.claude"];

/// The directories that paths are meant in.
#[derive(Debug, Clone)]
struct Surroundings {
    home: Option<String>,
    dir: String,
}

/// The context of an agent: where it looks, and how often it has looked. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Context(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: ContextConfig,
    surroundings: Surroundings,
    state: Mutex<State>,
    /// Told when a source came or went, and when somebody asked for a fresh look.
    changed: tokio::sync::watch::Sender<()>,
}

#[derive(Debug, Default)]
struct State {
    /// In the order in which they were added.
    sources: Vec<String>,
    version: u64,
    /// What was found when last looked at all; empty before that.
    last: ContextSnapshot,
}

impl Context {
    pub(super) fn new(config: ContextConfig, home: Option<String>, dir: String) -> Self {
        let listed = config.places().flat_map(|list| paths::listed(list, home.as_deref(), &dir));
        let mut sources = Vec::new();
        for source in listed.filter_map(|path| paths::lexical(&path, home.as_deref()).ok()) {
            if !sources.contains(&source) {
                sources.push(source);
            }
        }
        let state = Mutex::new(State { sources, ..State::default() });
        let changed = tokio::sync::watch::Sender::default();
        Self(Arc::new(Inner { config, surroundings: Surroundings { home, dir }, state, changed }))
    }

    /// Instruction files and skills as parts of a message. Reads files.
    fn parts(&self) -> Vec<ChatMessagePart> {
        parts::parts(&self.0.config, &self.0.surroundings)
    }

    fn sources(&self) -> Vec<ContextSource> {
        self.state().sources.iter().map(|path| ContextSource { path: path.clone() }).collect()
    }

    /// The source that a path means, if there is such a one.
    fn source(&self, path: &str) -> Option<ContextSource> {
        let path = paths::lexical(path, self.home()).ok()?;
        self.state().sources.contains(&path).then_some(ContextSource { path })
    }

    /// Adds a source; one that is there already stays as it is.
    ///
    /// # Errors
    /// What is wrong with the path.
    fn add_source(&self, path: &str) -> Result<ContextSource, String> {
        let canonicalize = |error| format!("canonicalize: {error}");
        let source = paths::lexical(path, self.home()).map_err(canonicalize)?;
        // Checked where its links lead, so that none leads out.
        let real = paths::canonical(path, self.home()).map_err(canonicalize)?;
        let allowed = ALLOWED_ROOTS.iter().copied().chain([self.0.surroundings.dir.as_str()]);
        let mut allowed = allowed.filter_map(|root| paths::canonical(root, self.home()).ok());
        if !allowed.any(|root| paths::is_within(&real, &root)) {
            return Err(format!("path {} is not inside any allowed root", quoted(&real)));
        }
        let mut state = self.state();
        if !state.sources.contains(&source) {
            if state.sources.len() >= MAX_SOURCES {
                return Err(format!("there are {MAX_SOURCES} sources already"));
            }
            state.sources.push(source.clone());
            self.0.changed.send_replace(());
        }
        Ok(ContextSource { path: source })
    }

    /// Removes a source, and says whether it was there.
    fn remove_source(&self, path: &str) -> bool {
        let Ok(path) = paths::lexical(path, self.home()) else { return false };
        let mut state = self.state();
        let before = state.sources.len();
        state.sources.retain(|source| *source != path);
        let removed = state.sources.len() < before;
        if removed {
            self.0.changed.send_replace(());
        }
        removed
    }

    /// Looks at all sources again, and adds what is known of MCP servers. Reads files.
    fn resync(&self, servers: Vec<ServerStatus>) -> ContextSnapshot {
        let (version, resources) = self.look(servers);
        self.0.changed.send_replace(());
        let snapshot = ContextSnapshot {
            version,
            aggregate_hash: hex::encode(resource::aggregate_hash(&resources)),
            resources: resources.iter().map(ContextSnapshotResource::from).collect(),
            payload_bytes: resources.iter().map(|resource| resource.payload.len() as u64).sum(),
            snapshot_error: servers::excess(&resources).unwrap_or_default(),
        };
        let mut state = self.state();
        // One that began later may have been faster.
        if state.last.version < snapshot.version {
            state.last = snapshot.clone();
        }
        snapshot
    }

    /// What was found when last looked at all.
    fn last_snapshot(&self) -> ContextSnapshot {
        self.state().last.clone()
    }

    /// Where resources are looked for.
    fn roots(&self) -> Vec<Root> {
        let Surroundings { home, dir } = &self.0.surroundings;
        let own = OWN_ROOTS.iter().filter_map(|root| paths::canonical(root, home.as_deref()).ok());
        let own = std::iter::once(dir.clone()).chain(own).map(|path| Root { path, source: String::new() });
        let added = self.sources().into_iter().map(|ContextSource { path }| Root { source: path.clone(), path });
        own.chain(added).collect()
    }

    /// What there is now, and how often was looked.
    fn look(&self, servers: Vec<ServerStatus>) -> (u64, Vec<Resource>) {
        let resources = resolve::resolve(&self.roots(), servers::resources(servers));
        let mut state = self.state();
        state.version += 1;
        (state.version, resources)
    }

    fn home(&self) -> Option<&str> {
        self.0.surroundings.home.as_deref()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What stands in a folder, by name, and whether it is a folder itself; nothing where it cannot be read.
fn names_in(folder: &str) -> Vec<(String, bool)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let named = |entry: std::fs::DirEntry| {
        let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
        Some((entry.file_name().into_string().ok()?, is_dir))
    };
    let mut names: Vec<_> = entries.filter_map(named).collect();
    names.sort();
    names
}
