//! What the agent tells about itself to whoever looks for a fault.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::SystemTime;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use http::{StatusCode, header};
use serde_json::json;
use uuid::Uuid;
use workspacesdk::fs::in_words;

use super::AgentState;
use super::files::streamed;
use super::segment::Segment;
use crate::http::error::ApiError;
use crate::http::query::QueryValues;
use crate::quote::quoted;

const LOG: &str = "coder-agent.log";
/// How much of the log is sent, in bytes.
const MAX_LOG: u64 = 10 << 20;
/// How much of the log is sent together with the older ones, in bytes.
const MAX_LOGS: u64 = 100 << 20;

const TEXT: [(header::HeaderName, &str); 1] = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];

pub(super) fn router() -> Router<AgentState> {
    Router::new()
        .route("/debug/logs", get(logs))
        .route("/debug/magicsock", get(no_network))
        .route("/debug/magicsock/debug-logging/{state}", get(network_logging))
        .route("/debug/manifest", get(manifest))
}

/// The agent's log; with `?after` the older logs as well that were written to since.
async fn logs(State(agent): State<AgentState>, query: QueryValues) -> Response {
    let after = match query.get("after").map(str::trim).filter(|after| !after.is_empty()) {
        None => None,
        Some(text) => match DateTime::parse_from_rfc3339(text) {
            Ok(after) => Some(SystemTime::from(after.with_timezone(&Utc))),
            Err(error) => {
                let text = format!("after must be an RFC3339 timestamp: {error}\n");
                return (StatusCode::BAD_REQUEST, TEXT, text).into_response();
            }
        },
    };
    let opened = tokio::task::spawn_blocking(move || open_logs(&agent.log_dir, after)).await;
    match opened {
        Ok(Ok(content)) => (TEXT, streamed(content)).into_response(),
        Ok(Err(error)) => (StatusCode::INTERNAL_SERVER_ERROR, TEXT, error).into_response(),
        Err(error) => ApiError::internal("The log could not be read.", &error).into_response(),
    }
}

type Content = Box<dyn Read + Send>;

fn open_logs(dir: &Path, after: Option<SystemTime>) -> Result<Content, String> {
    if !dir.is_dir() {
        return Err(format!("could not open log dir: open {}: no such file or directory", dir.display()));
    }
    let failed = |error: &io::Error| format!("could not open log file: openat {LOG}: {}", in_words(error));
    let active = open(&dir.join(LOG)).map_err(|error| failed(&error))?;
    let Some(after) = after else { return Ok(Box::new(active.take(MAX_LOG))) };
    let modified = active.metadata().and_then(|metadata| metadata.modified()).map_err(|error| failed(&error))?;
    let mut content: Content = Box::new(heading(LOG, modified, "").chain(active).take(MAX_LOG));
    for (path, modified) in older(dir, after) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Ok(file) = open(&path) {
            content = Box::new(content.chain(heading(&name, modified, "\n")).chain(file));
        }
    }
    Ok(Box::new(content.take(MAX_LOGS)))
}

/// Opens a file that is one: a link could lead anywhere.
fn open(path: &Path) -> io::Result<File> {
    if !path.symlink_metadata()?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    File::open(path)
}

fn heading(name: &str, modified: SystemTime, before: &str) -> io::Cursor<String> {
    let modified = DateTime::<Utc>::from(modified).to_rfc3339_opts(SecondsFormat::AutoSi, true);
    io::Cursor::new(format!("{before}=== {name} (mtime {modified}) ===\n"))
}

/// Older logs that were written to since, latest first.
fn older(dir: &Path, after: SystemTime) -> Vec<(PathBuf, SystemTime)> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let dated = |entry: std::fs::DirEntry| {
        let metadata = entry.metadata().ok().filter(std::fs::Metadata::is_file)?;
        let modified = metadata.modified().ok().filter(|modified| *modified >= after)?;
        is_older_log(entry.file_name().to_str()?).then(|| (entry.path(), modified))
    };
    let mut found: Vec<_> = entries.filter_map(dated).collect();
    found.sort_by_key(|(_, modified)| std::cmp::Reverse(*modified));
    found
}

/// Whether a name is that of a log which was put aside at some time, such as `coder-agent-2026-05-17T20-00-00.000.log`.
fn is_older_log(name: &str) -> bool {
    const SHAPE: &[u8] = b"0000-00-00T00-00-00.000";
    let time = name.strip_prefix("coder-agent-").and_then(|rest| rest.strip_suffix(".log"));
    time.is_some_and(|time| {
        time.len() == SHAPE.len()
            && time.bytes().zip(SHAPE).all(|(byte, shape)| match shape {
                b'0' => byte.is_ascii_digit(),
                shape => byte == *shape,
            })
    })
}

async fn manifest(State(agent): State<AgentState>) -> Response {
    let manifest = agent.manifest.read().unwrap_or_else(PoisonError::into_inner).clone();
    (TEXT, manifest).into_response()
}

/// The manifest of an agent that no server has told anything.
pub(super) fn own_manifest(dir: &str, env: &BTreeMap<String, String>) -> Bytes {
    let manifest = json!({
        "parent_id": Uuid::nil(),
        "agent_id": Uuid::nil(),
        "agent_name": "",
        "owner_name": "",
        "workspace_id": Uuid::nil(),
        "workspace_name": "",
        "git_auth_configs": 0,
        "vscode_port_proxy_uri": "",
        "apps": null,
        "derpmap": null,
        "derp_force_websockets": false,
        "environment_variables": env,
        "directory": dir,
        "motd_file": "",
        "disable_direct_connections": false,
        "metadata": null,
        "scripts": null,
        "devcontainers": null,
    });
    format!("{manifest}\n").into()
}

/// There is no tunnel here, so there never is a network to tell of.
async fn no_network() -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, TEXT, "network is not ready yet").into_response()
}

async fn network_logging(Segment(state): Segment<4>) -> Response {
    const BOOLEANS: [&str; 12] = ["1", "t", "T", "true", "TRUE", "True", "0", "f", "F", "false", "FALSE", "False"];
    if BOOLEANS.contains(&state.as_str()) {
        return no_network().await;
    }
    let text = format!("invalid state {}, must be a boolean", quoted(&state));
    (StatusCode::BAD_REQUEST, TEXT, text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: Result<Content, String>) -> String {
        let mut text = String::new();
        content.unwrap().read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn older_logs_follow_under_headings() {
        let dir = tempfile::tempdir().unwrap();
        assert!(open_logs(dir.path(), None).is_err());
        std::fs::write(dir.path().join(LOG), "now\n").unwrap();
        std::fs::write(dir.path().join("coder-agent-2026-05-17T20-00-00.000.log"), "then\n").unwrap();
        std::fs::write(dir.path().join("coder-agent-notes.log"), "private\n").unwrap();
        assert_eq!(read(open_logs(dir.path(), None)), "now\n");
        let all = read(open_logs(dir.path(), Some(SystemTime::UNIX_EPOCH)));
        let lines: Vec<&str> = all.lines().collect();
        assert!(lines[0].starts_with("=== coder-agent.log (mtime ") && lines[0].ends_with("Z) ==="), "{all}");
        assert_eq!([lines[1], lines[2], lines[4]], ["now", "", "then"]);
        assert!(lines[3].starts_with("=== coder-agent-2026-05-17T20-00-00.000.log (mtime "), "{all}");
        assert_eq!(lines.len(), 5);
        let none_older = read(open_logs(dir.path(), Some(SystemTime::now() + std::time::Duration::from_secs(60))));
        assert_eq!(none_older.lines().count(), 2);
    }
}
