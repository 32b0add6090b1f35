//! An agent that is killed in the middle of its work leaves every file as it was before or as it is after.

use std::collections::HashSet;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{StreamExt, stream};
use serde_json::json;
use tokio::sync::Notify;

use crate::agent::{Agent, TOKEN};

/// How many files are written or edited at once.
const CHANGES: usize = 1_000;
/// After how many answers the agent is killed.
const KILLED_AFTER: usize = 250;
/// One in so many is a write whose second half never comes, so that some are always under way when the agent dies.
const STUCK: usize = 4;
/// Large enough that a write takes several system calls.
const LINES: usize = 20_000;

fn old(number: usize) -> String {
    format!("old line of {number}\n").repeat(LINES)
}

fn new(number: usize) -> String {
    old(number).replace("old", "new")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_among_a_thousand_writes_and_edits_leaves_every_file_old_or_new() {
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("files");
    std::fs::create_dir(&files).unwrap();
    let path = |number: usize| files.join(format!("{number:04}"));
    for number in 0..CHANGES {
        std::fs::write(path(number), old(number)).unwrap();
    }
    let mut agent = Agent::start(folder.path());
    let (answered, enough) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let http = reqwest::Client::new();
    let changes: Vec<_> = (0..CHANGES)
        .map(|number| {
            let (http, path, url) = (http.clone(), path(number), agent.url.clone());
            let (answered, enough) = (answered.clone(), enough.clone());
            tokio::spawn(async move {
                if change(&http, &url, &path, number).await
                    && answered.fetch_add(1, Ordering::SeqCst) + 1 == KILLED_AFTER
                {
                    enough.notify_one();
                }
            })
        })
        .collect();
    enough.notified().await;
    agent.kill();
    for change in changes {
        change.await.unwrap();
    }

    let (mut changed, mut stuck) = (0, 0);
    let mut expected = HashSet::<PathBuf>::new();
    for number in 0..CHANGES {
        let found = std::fs::read_to_string(path(number)).unwrap();
        assert!(found == old(number) || found == new(number), "{number} is torn: {} bytes", found.len());
        let is_new = found == new(number);
        changed += usize::from(is_new);
        stuck += usize::from(number.is_multiple_of(STUCK) && is_new);
        expected.insert(path(number));
    }
    assert!(changed >= answered.load(Ordering::SeqCst), "an answered change is lost");
    assert_eq!(stuck, 0, "files whose content never came whole were replaced");
    // What was under way is beside the files under other names, never in their place.
    let found: HashSet<PathBuf> = std::fs::read_dir(&files).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(expected.is_subset(&found));
}

/// Changes a file, by a write or by an edit, and says whether the agent answered that it did.
async fn change(http: &reqwest::Client, url: &str, path: &Path, number: usize) -> bool {
    let path = path.to_str().unwrap();
    let request = if number.is_multiple_of(STUCK) {
        let mut half = new(number);
        half.truncate(half.len() / 2);
        let pieces = stream::once(async { Ok::<_, Infallible>(half) }).chain(stream::pending());
        http.post(format!("{url}/api/v0/write-file?path={path}")).body(reqwest::Body::wrap_stream(pieces))
    } else if number.is_multiple_of(2) {
        http.post(format!("{url}/api/v0/write-file?path={path}")).body(new(number))
    } else {
        let edit = json!({ "search": "old", "replace": "new", "replace_all": true });
        let edits = json!({ "files": [{ "path": path, "edits": [edit] }] });
        http.post(format!("{url}/api/v0/edit-files")).body(edits.to_string())
    };
    request.header("Coder-Session-Token", TOKEN).send().await.is_ok_and(|answer| answer.status().is_success())
}
