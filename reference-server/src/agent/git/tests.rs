//! The git watch as clients of any kind see it, and what it says of odd repositories.

use std::path::{Path, PathBuf};
use std::process::Command;

use futures_util::{SinkExt, StreamExt};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::repository::look_at;
use crate::agent::Agent;

const TOKEN: &str = "token-of-the-agent";

fn git(folder: &Path, arguments: &[&str]) {
    let identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"];
    let done = Command::new("git").current_dir(folder).args(identity).args(arguments).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// A repository with one commit.
fn repository() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap();
    git(&root, &["init", "-q", "-b", "trunk"]);
    std::fs::write(root.join("f"), "1\n").unwrap();
    git(&root, &["add", "."]);
    git(&root, &["commit", "-q", "-m", "first"]);
    (dir, root)
}

#[tokio::test]
async fn untracked_files_are_shown_unless_git_quotes_their_names() {
    let (_dir, root) = repository();
    for name in ["a b", "-dash", "*star", "ä", "quo\"te", "tab\tx", "line\nbreak", " lead", "trail "] {
        std::fs::write(root.join(name), "x\n").unwrap();
    }
    let diff = look_at(&root).await.unwrap().unified_diff.unwrap();
    let names: Vec<_> = diff.lines().filter_map(|line| line.strip_prefix("diff --git a/")).collect();
    assert_eq!(names, ["*star b/*star", "-dash b/-dash", "a b b/a b"]);
    git(&root, &["config", "core.quotepath", "false"]);
    assert!(look_at(&root).await.unwrap().unified_diff.unwrap().contains("+++ b/ä\n"));
}

#[tokio::test]
async fn the_size_of_a_diff_that_is_too_large_is_that_of_all_files() {
    let (_dir, root) = repository();
    for name in ["u1", "u2", "u3"] {
        std::fs::write(root.join(name), "0123456789abcde\n".repeat(4 << 16)).unwrap();
    }
    let diff = look_at(&root).await.unwrap().unified_diff;
    let told = "Total diff too large to show. Size: 13 MiB. Showing branch and remote only.";
    assert_eq!(diff.as_deref(), Some(told));
}

#[tokio::test]
async fn what_is_no_text_is_shown_byte_by_byte() {
    let (_dir, root) = repository();
    std::fs::write(root.join("f"), b"\xe2\x82 <&>\n").unwrap();
    let diff = look_at(&root).await.unwrap().unified_diff.unwrap();
    assert!(diff.ends_with("\n+\u{fffd}\u{fffd} <&>\n"), "{diff}");
}

async fn watch(agent: &Agent) -> WebSocketStream<TcpStream> {
    let mut request =
        format!("{}/api/v0/git/watch", agent.url().replacen("http", "ws", 1)).into_client_request().unwrap();
    request.headers_mut().insert("Coder-Session-Token", TOKEN.parse().unwrap());
    let address = agent.url().trim_start_matches("http://").to_owned();
    let stream = TcpStream::connect(address).await.unwrap();
    tokio_tungstenite::client_async(request, stream).await.unwrap().0
}

#[tokio::test]
async fn a_client_that_says_what_cannot_be_read_is_told_why_it_is_left() {
    let agent = Agent::builder(TOKEN).start().await.unwrap();
    for (said, code, reason) in [
        (Message::text("{\"type\":\"refresh\"} x"), 1001, ""),
        (Message::text("{\"type\":\"refresh\"}{\"type\":\"refresh\"}"), 1001, ""),
        (Message::text("nonsense"), 1001, ""),
        (Message::text(""), 1001, ""),
        (Message::binary("{\"type\":\"refresh\"}"), 1001, ""),
        (Message::text("x".repeat(4 << 20)), 1001, ""),
        (Message::text("x".repeat((4 << 20) + 1)), 1009, "read limited at 4194305 bytes"),
        (Message::binary(vec![0; (4 << 20) + 1]), 1009, "read limited at 4194305 bytes"),
    ] {
        let shown = format!("{:.40}", format!("{said:?}"));
        let mut socket = watch(&agent).await;
        socket.send(said).await.unwrap();
        let Some(Ok(Message::Close(Some(close)))) = socket.next().await else { panic!("{shown} is taken") };
        assert_eq!((u16::from(close.code), close.reason.as_str()), (code, reason), "{shown}");
    }
    let mut socket = watch(&agent).await;
    socket.send(Message::text(" {\"TYPE\":\"other\", \"type\":null}\n")).await.unwrap();
    let answer = socket.next().await.unwrap().unwrap().into_text().unwrap();
    assert_eq!(answer.as_str(), "{\"type\":\"error\",\"message\":\"unknown message type\"}");
    drop(socket);
    agent.shutdown().await;
}

#[tokio::test]
async fn a_request_that_is_no_websocket_is_told_so_twice() {
    let agent = Agent::builder(TOKEN).start().await.unwrap();
    let url = format!("{}/api/v0/git/watch", agent.url());
    let response = reqwest::Client::new().get(url).header("Coder-Session-Token", TOKEN).send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["content-type"]),
        (426, &"text/plain; charset=utf-8".parse().unwrap())
    );
    assert_eq!(
        response.text().await.unwrap(),
        "WebSocket protocol violation: Connection header \"\" does not contain Upgrade\n\
         {\"message\":\"Failed to accept WebSocket.\",\"detail\":\"failed to accept WebSocket connection: WebSocket \
         protocol violation: Connection header \\\"\\\" does not contain Upgrade\"}\n"
    );
    agent.shutdown().await;
}
