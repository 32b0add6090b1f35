//! What git says about a repository.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use codersdk::WorkspaceAgentRepoChanges;
use futures_util::StreamExt;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use workspacesdk::fs::path::{clean, is_absolute};
use workspacesdk::quote::shown;

/// How large a diff may be, in bytes; of a larger one only the size is told.
const MAX_DIFF: usize = 3 << 20;
/// How many untracked files are looked at together.
const AT_ONCE: usize = 4;
/// What short answers may be long, in bytes: names of branches, URLs, paths.
const MAX_LINE: usize = 64 << 10;
/// How long a list of untracked files may be, in bytes.
const MAX_LIST: usize = 16 << 20;

/// Whether there is a `git` to ask.
pub(super) fn git_is_installed() -> bool {
    let is_program = |path: PathBuf| {
        std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| is_program(folder.join("git")))
}

/// The roots of the repositories that the paths lie in, beside those that are known.
pub(super) async fn roots_of(paths: &[String], known: &BTreeSet<PathBuf>) -> BTreeSet<PathBuf> {
    let absolute = paths.iter().filter(|path| is_absolute(path));
    let folders: BTreeSet<PathBuf> = absolute.map(|path| folder_of(Path::new(&clean(path)))).collect();
    let mut found = BTreeSet::new();
    for folder in folders {
        let likely = likely_root(&folder);
        // Most paths lie where others of the chat do, and asking git for each of them would take long.
        let told = |root: &PathBuf| known.contains(root) || found.contains(root);
        if likely.as_ref().is_none_or(told) {
            continue;
        }
        if let Some(root) = root_of(&folder).await.filter(|root| !known.contains(root)) {
            found.insert(root);
        }
    }
    found
}

fn folder_of(path: &Path) -> PathBuf {
    if path.is_dir() { path.to_owned() } else { path.parent().unwrap_or(path).to_owned() }
}

/// The nearest folder above that has a `.git`, which git most likely calls the root.
fn likely_root(folder: &Path) -> Option<PathBuf> {
    let real = folder.canonicalize().ok()?;
    real.ancestors().find(|above| above.join(".git").symlink_metadata().is_ok()).map(Path::to_owned)
}

async fn root_of(folder: &Path) -> Option<PathBuf> {
    let answer = git(folder, ["rev-parse", "--show-toplevel"]).await.ok()??;
    let root = PathBuf::from(OsStr::from_bytes(answer.trim_ascii()));
    Some(root.canonicalize().unwrap_or(root))
}

/// How a repository stands.
///
/// # Errors
/// When git cannot say: the repository is gone, or busy.
pub(super) async fn look_at(root: &Path) -> io::Result<WorkspaceAgentRepoChanges> {
    let unusable = || io::Error::other("not a git repository");
    git(root, ["rev-parse", "--git-dir"]).await?.ok_or_else(unusable)?;
    let branch = git(root, ["symbolic-ref", "--short", "HEAD"]).await?;
    let remote = git(root, ["config", "--get", "remote.origin.url"]).await?;
    let line = |answer: Option<Vec<u8>>| shown(answer.unwrap_or_default().trim_ascii());
    let not_empty = |text: String| Some(text).filter(|text| !text.is_empty());
    Ok(WorkspaceAgentRepoChanges {
        repo_root: shown(root.as_os_str().as_bytes()),
        branch: line(branch),
        remote_origin: not_empty(line(remote)),
        unified_diff: not_empty(diff(root).await?.told()),
        removed: false,
    })
}

/// Whether a repository is gone, and not just busy.
pub(super) async fn is_gone(root: &Path) -> bool {
    let missing = |path: &Path| path.metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
    let entry = root.join(".git");
    if missing(root) || missing(&entry) {
        return true;
    }
    // A file names where the repository really is, which may be gone.
    entry.is_file() && !matches!(git(root, ["rev-parse", "--git-dir"]).await, Ok(Some(_)))
}

/// What differs from the last commit: changes that are staged or not, then untracked files.
async fn diff(root: &Path) -> io::Result<Diff> {
    let mut diff = Diff::default();
    if git(root, ["rev-parse", "HEAD"]).await?.is_some() {
        let (text, size, ok) = run(root, &["diff".as_ref(), "HEAD".as_ref()], MAX_DIFF + 1).await?;
        if !ok {
            return Err(io::Error::other("git diff HEAD failed"));
        }
        diff.add(&text, size);
    }
    let listing = ["ls-files", "--others", "--exclude-standard"].map(OsStr::new);
    let (names, _, ok) = run(root, &listing, MAX_LIST).await?;
    if !ok {
        return Ok(diff);
    }
    // Names that git puts in quotes name no file, so what they stand for is not shown, nor is it in Coder's agent.
    let names = names.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|name| !name.is_empty());
    let diffs: Vec<_> = names.map(|name| untracked(root.to_owned(), OsStr::from_bytes(name).to_owned())).collect();
    let mut diffs = futures_util::stream::iter(diffs).buffered(AT_ONCE);
    // To the end even when it is too large already, since the size of the whole is told.
    while let Some((text, size)) = diffs.next().await {
        diff.add(&text, size);
    }
    Ok(diff)
}

async fn untracked(root: PathBuf, name: OsString) -> (Vec<u8>, usize) {
    let arguments = ["diff".as_ref(), "--no-index".as_ref(), "--".as_ref(), "/dev/null".as_ref(), name.as_os_str()];
    // It ends with 1 where the two differ, as they do; one that cannot be read is left out.
    run(&root, &arguments, MAX_DIFF + 1).await.map(|(text, size, _)| (text, size)).unwrap_or_default()
}

/// A diff up to its limit, and the size of the whole.
#[derive(Debug, Default)]
struct Diff {
    text: Vec<u8>,
    size: usize,
}

impl Diff {
    fn add(&mut self, text: &[u8], size: usize) {
        self.size += size;
        if !self.is_too_large() {
            self.text.extend_from_slice(text);
        }
    }

    fn is_too_large(&self) -> bool {
        self.size > MAX_DIFF
    }

    /// The diff, or why it is not shown.
    fn told(self) -> String {
        if self.is_too_large() {
            let size = in_binary_units(self.size);
            return format!("Total diff too large to show. Size: {size}. Showing branch and remote only.");
        }
        shown(&self.text)
    }
}

/// A size with two digits at least, as people read it: `3.5 MiB`, `12 KiB`.
fn in_binary_units(bytes: usize) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut unit = 0;
    let mut size = bytes as f64;
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    let size = (size * 10.0 + 0.5).floor() / 10.0;
    if unit == 0 || size >= 10.0 { format!("{size:.0} {}", UNITS[unit]) } else { format!("{size:.1} {}", UNITS[unit]) }
}

/// What git answers; nothing where it refuses.
async fn git<const N: usize>(folder: &Path, arguments: [&str; N]) -> io::Result<Option<Vec<u8>>> {
    let (answer, _, ok) = run(folder, &arguments.map(OsStr::new), MAX_LINE).await?;
    Ok(ok.then_some(answer))
}

/// Runs git: what it writes up to a limit, how long that is as a whole, and whether all went well. It is killed when
/// nobody waits for it any more.
async fn run(folder: &Path, arguments: &[&OsStr], limit: usize) -> io::Result<(Vec<u8>, usize, bool)> {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(folder).kill_on_drop(true);
    // Looking must not hold a lock that a command of the user's waits for, nor ask anyone for a password.
    command.env("GIT_OPTIONAL_LOCKS", "0").env("GIT_TERMINAL_PROMPT", "0");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn()?;
    let (text, size) = match child.stdout.take() {
        Some(output) => bounded(output, limit).await?,
        None => Default::default(),
    };
    Ok((text, size, child.wait().await?.success()))
}

/// Reads to the end, and keeps what fits into the limit.
async fn bounded(mut output: impl AsyncRead + Unpin, limit: usize) -> io::Result<(Vec<u8>, usize)> {
    let (mut kept, mut size) = (Vec::new(), 0);
    let mut chunk = vec![0; 64 << 10];
    loop {
        let read = output.read(&mut chunk).await?;
        if read == 0 {
            return Ok((kept, size));
        }
        size += read;
        let room = limit.saturating_sub(kept.len());
        kept.extend_from_slice(&chunk[..read.min(room)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_as_people_read_them() {
        let told =
            [0, 9, 1023, 1024, 1536, 10 << 10, MAX_DIFF + 1, (5 << 20) + (300 << 10), 3 << 30].map(in_binary_units);
        assert_eq!(told, ["0 B", "9 B", "1023 B", "1.0 KiB", "1.5 KiB", "10 KiB", "3.0 MiB", "5.3 MiB", "3.0 GiB"]);
    }

    #[test]
    fn a_diff_is_shown_up_to_its_limit() {
        let mut diff = Diff::default();
        diff.add(&vec![b'x'; MAX_DIFF], MAX_DIFF);
        assert!(!diff.is_too_large());
        diff.add(b"y", 1);
        assert_eq!(diff.told(), "Total diff too large to show. Size: 3.0 MiB. Showing branch and remote only.");
    }

    #[tokio::test]
    async fn output_beyond_the_limit_is_counted_and_not_kept() {
        let text = [7; 200_000];
        assert_eq!(bounded(&text[..], 10).await.unwrap(), (vec![7; 10], 200_000));
    }
}
