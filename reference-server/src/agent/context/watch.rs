//! Notices when the context of an agent may have changed: by what the file system tells of the folders that can hold
//! it, and where it tells nothing, by looking from time to time.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use notify::event::{EventKind, ModifyKind};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::watch;
use workspacesdk::fs::path::join;

use super::resolve::{self, Root};
use super::{Context, names_in};
use crate::clock::SharedClock;

/// Programs write a file in several steps: what comes within this time after the first is one change.
const SETTLE: Duration = Duration::from_millis(250);
/// How often is looked where not every folder can be watched.
const BLIND_LOOK: Duration = Duration::from_secs(2);
/// How many folders are watched at most: each takes one of the watches that the kernel gives a user.
const MAX_FOLDERS: usize = 1_000;

/// Says when to look at a context again. What happens between two calls is not missed.
#[derive(Debug)]
pub(crate) struct ContextWatch {
    context: Context,
    clock: SharedClock,
    files: watch::Receiver<()>,
    sources: watch::Receiver<()>,
    servers: watch::Receiver<()>,
    armed: Arc<Mutex<Armed>>,
    /// When the folders were last gone through.
    armed_at: DateTime<Utc>,
    /// When to look, once something has happened.
    due: Option<DateTime<Utc>>,
}

/// What is watched. Shared with the task that changes it, which goes on when nobody waits for it.
#[derive(Debug)]
struct Armed {
    /// None where the system has no more watches to give.
    watcher: Option<RecommendedWatcher>,
    folders: HashSet<PathBuf>,
    /// Whether a folder is not watched that should be.
    blind: bool,
}

impl ContextWatch {
    /// Watches a context from now on; `servers` says when something else is known of the MCP servers.
    pub(in crate::agent) async fn start(
        context: Context,
        servers: watch::Receiver<()>,
        clock: SharedClock,
    ) -> ContextWatch {
        let (changed, files) = watch::channel(());
        let made = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if event.as_ref().map_or(true, is_relevant) {
                changed.send_replace(());
            }
        });
        let watcher = made.inspect_err(|error| tracing::warn!(%error, "context files cannot be watched")).ok();
        let armed = Arc::new(Mutex::new(Armed { watcher, folders: HashSet::new(), blind: false }));
        let sources = context.0.changed.subscribe();
        let armed_at = clock.now();
        let mut watch = Self { context, clock, files, sources, servers, armed, armed_at, due: None };
        watch.arm().await;
        watch
    }

    /// Returns once the context may be another than when this returned before. Cancel safe.
    pub(crate) async fn next(&mut self) {
        while self.due.is_none() {
            let blind = lock(&self.armed).blind;
            tokio::select! {
                Ok(()) = self.files.changed() => {}
                Ok(()) = self.sources.changed() => {}
                Ok(()) = self.servers.changed() => {}
                () = self.clock.sleep_until(self.armed_at + BLIND_LOOK), if blind => {}
                // Nothing is left that could change.
                else => std::future::pending().await,
            }
            self.due = Some(self.clock.now() + SETTLE);
        }
        if let Some(due) = self.due {
            self.clock.sleep_until(due).await;
        }
        // Before anybody looks, so that what changes during the look is told, too.
        self.arm().await;
        self.due = None;
    }

    /// Watches the folders that can hold context now.
    async fn arm(&mut self) {
        self.armed_at = self.clock.now();
        let (context, armed) = (self.context.clone(), self.armed.clone());
        let arming = tokio::task::spawn_blocking(move || lock(&armed).arm(folders(&context.roots())));
        if let Err(error) = arming.await {
            tracing::warn!(%error, "context files are no longer watched");
            lock(&self.armed).blind = true;
        }
    }
}

impl Armed {
    /// Watches these folders and no others. Those that are watched already are watched again: a folder may have been
    /// made anew under its old name.
    fn arm(&mut self, mut wanted: HashSet<PathBuf>) {
        self.blind = true;
        let Some(watcher) = &mut self.watcher else { return };
        for gone in self.folders.difference(&wanted) {
            // The watch of a folder that is not there any more ended with it.
            let _ = watcher.unwatch(gone);
        }
        let asked = wanted.len();
        wanted.retain(|folder| match watcher.watch(folder, RecursiveMode::NonRecursive) {
            Ok(()) => true,
            Err(error) => {
                tracing::debug!(folder = %folder.display(), %error, "a folder of the context cannot be watched");
                false
            }
        });
        self.blind = wanted.len() < asked || asked >= MAX_FOLDERS;
        self.folders = wanted;
    }
}

fn lock(armed: &Mutex<Armed>) -> MutexGuard<'_, Armed> {
    armed.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether what happened can change the context: to one of its files, or to which files there are. That a file was
/// read is no change, and reading is what comes of every change.
fn is_relevant(event: &Event) -> bool {
    let named = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()).is_some_and(resolve::is_resource);
    match event.kind {
        _ if event.need_rescan() => true,
        EventKind::Create(_) | EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)) => true,
        EventKind::Access(_) => false,
        _ => event.paths.iter().any(named),
    }
}

/// The folders that can hold resources: those of the roots, where skills are kept below them, and the skills' own. For
/// one that is not there, the one above it in which it would appear.
fn folders(roots: &[Root]) -> HashSet<PathBuf> {
    let mut found = HashSet::new();
    for root in roots.iter().filter(|root| !root.path.is_empty()) {
        let path = Path::new(&root.path);
        if path.is_file() {
            found.extend(path.parent().map(Path::to_owned));
            continue;
        }
        found.extend(existing(path));
        if !path.is_dir() {
            continue;
        }
        for container in resolve::skill_folders(&root.path) {
            found.extend(existing(Path::new(&container)));
            let skills = names_in(&container).into_iter().filter(|(_, is_dir)| *is_dir);
            let left = MAX_FOLDERS.saturating_sub(found.len());
            found.extend(skills.take(left).map(|(name, _)| PathBuf::from(join(&[&container, &name]))));
        }
    }
    found
}

/// The folder, or the nearest above it that is there.
fn existing(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().find(|folder| folder.is_dir()).map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::agent::context::ContextConfig;
    use crate::clock::{ManualClock, SystemClock};

    /// Longer than any machine takes to tell of a change.
    const LONG: Duration = Duration::from_secs(60);

    fn context(dir: &Path) -> Context {
        Context::new(ContextConfig::default(), None, dir.to_str().unwrap().to_owned())
    }

    async fn watching(context: &Context, clock: SharedClock) -> ContextWatch {
        let (_, servers) = watch::channel(());
        ContextWatch::start(context.clone(), servers, clock).await
    }

    /// Looks until the context holds these files.
    async fn until(watch: &mut ContextWatch, context: &Context, wanted: &[PathBuf]) {
        let found = || -> Vec<PathBuf> {
            context.look(Vec::new()).1.into_iter().map(|resource| PathBuf::from(resource.source)).collect()
        };
        let waiting = async {
            while found() != wanted {
                watch.next().await;
            }
        };
        tokio::time::timeout(LONG, waiting).await.expect("the change is told");
    }

    #[tokio::test]
    async fn files_that_come_change_and_go_are_noticed_wherever_they_are() {
        let dir = tempfile::tempdir().unwrap();
        let context = context(dir.path());
        let mut watch = watching(&context, Arc::new(SystemClock)).await;
        until(&mut watch, &context, &[]).await;
        let instructions = dir.path().join("AGENTS.md");
        fs::write(&instructions, "first").unwrap();
        until(&mut watch, &context, std::slice::from_ref(&instructions)).await;
        // Folder by folder, each of which is not known before it is there.
        let skill = dir.path().join(".agents/skills/deploy");
        let meta = skill.join("SKILL.md");
        for folder in [".agents", ".agents/skills", ".agents/skills/deploy"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
            tokio::time::timeout(LONG, watch.next()).await.expect("the folder is told");
        }
        fs::write(&meta, "---\nname: deploy\ndescription: d\n---\nbody").unwrap();
        until(&mut watch, &context, &[instructions.clone(), skill.clone()]).await;
        // A folder that is replaced by another of its name is followed.
        fs::rename(dir.path().join(".agents"), dir.path().join("old")).unwrap();
        until(&mut watch, &context, std::slice::from_ref(&instructions)).await;
        fs::create_dir_all(&skill).unwrap();
        fs::write(&meta, "---\nname: deploy\ndescription: d\n---\nbody").unwrap();
        until(&mut watch, &context, &[instructions, skill]).await;
    }

    #[tokio::test]
    async fn reading_is_no_change() {
        let dir = tempfile::tempdir().unwrap();
        let read = Event::new(EventKind::Access(notify::event::AccessKind::Any)).add_path(dir.path().join("AGENTS.md"));
        assert!(!is_relevant(&read));
        let other = Event::new(EventKind::Modify(ModifyKind::Any)).add_path(dir.path().join("main.rs"));
        assert!(!is_relevant(&other));
        let written = Event::new(EventKind::Modify(ModifyKind::Any)).add_path(dir.path().join("AGENTS.md"));
        assert!(is_relevant(&written));
        let made = Event::new(EventKind::Create(notify::event::CreateKind::Any)).add_path(dir.path().join("any"));
        assert!(is_relevant(&made));
    }

    #[tokio::test]
    async fn without_watches_it_looks_from_time_to_time() {
        let dir = tempfile::tempdir().unwrap();
        let clock = ManualClock::new(DateTime::UNIX_EPOCH);
        let mut watch = watching(&context(dir.path()), Arc::new(clock.clone())).await;
        {
            let mut armed = lock(&watch.armed);
            armed.watcher = None;
            armed.arm(HashSet::new());
        }
        let looking = watch.next();
        tokio::pin!(looking);
        for pause in [BLIND_LOOK, SETTLE] {
            assert!(futures_util::poll!(&mut looking).is_pending());
            clock.advance(pause);
        }
        tokio::time::timeout(LONG, looking).await.expect("a look without an event");
    }

    #[test]
    fn what_is_not_there_is_awaited_above() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
        let root = |path: String| Root { path, source: String::new() };
        fs::create_dir_all(dir.path().join("skills/a")).unwrap();
        fs::write(dir.path().join("skills/a/SKILL.md"), "").unwrap();
        let found = folders(&[root(path("none/at/all")), root(path("skills")), root(path("skills/a/SKILL.md"))]);
        assert_eq!(found, HashSet::from(["", "skills", "skills/a"].map(|name| dir.path().join(name))));
    }
}
