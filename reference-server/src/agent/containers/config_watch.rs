//! Notices when configurations of dev containers change, come or go.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use notify::event::{EventKind, ModifyKind};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};

/// How many folders are watched at most: each takes one of the watches that the kernel gives a user.
const MAX_FOLDERS: usize = 1_000;

/// Watches the folders of configurations.
#[derive(Debug)]
pub(super) struct ConfigWatch {
    /// None where the system has no watches to give.
    watcher: Option<RecommendedWatcher>,
    folders: HashSet<PathBuf>,
}

impl ConfigWatch {
    /// Tells the paths of files that change in the folders of what is added.
    pub(super) fn new(tell: impl Fn(&Path) + Send + 'static) -> Self {
        let made = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if let Ok(event) = event
                && is_change(&event)
            {
                event.paths.iter().for_each(|path| tell(path));
            }
        });
        let watcher = made.inspect_err(|error| tracing::warn!(%error, "dev containers' files cannot be watched")).ok();
        Self { watcher, folders: HashSet::new() }
    }

    /// Watches a file, also while it is not there; tells whether that can be done.
    pub(super) fn add(&mut self, file: &str) -> bool {
        let (Some(watcher), Some(folder)) = (&mut self.watcher, Path::new(file).parent()) else { return false };
        if self.folders.contains(folder) {
            return true;
        }
        if self.folders.len() >= MAX_FOLDERS || watcher.watch(folder, RecursiveMode::NonRecursive).is_err() {
            tracing::warn!(file, "a dev container's configuration cannot be watched");
            return false;
        }
        self.folders.insert(folder.to_owned())
    }
}

/// Whether a file came, went or got other content. That it was read is no change.
fn is_change(event: &Event) -> bool {
    match event.kind {
        EventKind::Create(_) | EventKind::Remove(_) => true,
        EventKind::Modify(kind) => !matches!(kind, ModifyKind::Metadata(_)),
        _ => false,
    }
}
