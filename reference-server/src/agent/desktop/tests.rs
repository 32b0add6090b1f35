//! An agent with a desktop that a script of the shell pretends to make.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::PortableDesktop;
use crate::agent::Agent;
use crate::clock::{ManualClock, SharedClock, SystemClock};

const TOKEN: &str = "test-token";
const ID: &str = "8f1f4c57-6a0b-4a44-9d0e-3c2b1a095e77";

/// Notes what it is asked for. A recording is written when it is interrupted.
const PROGRAM: &str = r#"#!/bin/sh
here=$(dirname "$0")
case "$1" in
up) echo "{\"vncPort\": $(cat "$here/port"), \"geometry\": \"1920x1080\"}"; exec sleep 1000 ;;
record)
  trap 'printf video > "${10}"; printf still > "$9"; exit 0' INT
  touch "$here/recording"
  while :; do sleep 0.05; done ;;
screenshot) cat "$here/answer" 2>/dev/null || echo '{"data": "cGljdHVyZQ=="}' ;;
cursor) cat "$here/answer" 2>/dev/null || echo '{"x": 960, "y": 540}' ;;
esac
echo "$*" >> "$here/log"
[ "$3" != bad ] || { echo "no such key" >&2; exit 2; }
"#;

struct Setup {
    agent: Agent,
    dir: TempDir,
}

impl Setup {
    async fn new(clock: SharedClock) -> Self {
        let dir = TempDir::new().unwrap();
        let program = dir.path().join("portabledesktop");
        std::fs::write(&program, PROGRAM).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::write(dir.path().join("port"), "1").unwrap();
        let desktop = PortableDesktop::at(program, clock.clone());
        let agent = Agent::builder(TOKEN).clock(clock).desktop(Arc::new(desktop));
        Self { agent: agent.start().await.unwrap(), dir }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    async fn post(&self, path: &str, body: &str) -> reqwest::Response {
        let url = format!("{}/api/v0/desktop/{path}", self.agent.url());
        let request = reqwest::Client::new().request(Method::POST, url).header("Coder-Session-Token", TOKEN);
        request.body(body.to_owned()).send().await.unwrap()
    }

    async fn act(&self, action: Value) -> (StatusCode, Value) {
        let response = self.post("action", &action.to_string()).await;
        let status = response.status();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap())
    }

    /// What the program was asked for since the last call.
    fn log(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.file("log")).unwrap_or_default();
        let _ = std::fs::remove_file(self.file("log"));
        log.lines().map(str::to_owned).collect()
    }

    /// A viewer, and what it is connected to.
    async fn viewer(&self, server: &TcpListener) -> (WebSocketStream<TcpStream>, TcpStream) {
        let url = format!("{}/api/v0/desktop/vnc", self.agent.url().replace("http:", "ws:"));
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("Coder-Session-Token", TOKEN.parse().unwrap());
        let stream = TcpStream::connect(self.agent.url().trim_start_matches("http://")).await.unwrap();
        let (socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
        (socket, server.accept().await.unwrap().0)
    }

    async fn until_recording(&self) {
        let recording = async {
            while !self.file("recording").exists() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), recording).await.unwrap();
    }
}

#[tokio::test]
async fn actions_are_commands_of_the_program() {
    let setup = Setup::new(Arc::new(SystemClock)).await;
    let scaled =
        |action: &str| json!({"action": action, "coordinate": [640, 360], "scaled_width": 1280, "scaled_height": 720});
    let cases = [
        (json!({"action": "key", "text": "ctrl+c"}), vec!["keyboard key ctrl+c"]),
        (json!({"action": "type", "text": "a b"}), vec!["keyboard type a b"]),
        (scaled("mouse_move"), vec!["mouse move 960 540"]),
        (scaled("left_click"), vec!["mouse move 960 540", "mouse click left"]),
        (scaled("double_click"), vec!["mouse move 960 540", "mouse click left", "mouse click left"]),
        (scaled("scroll"), vec!["mouse move 960 540", "mouse scroll 0 3"]),
        (
            json!({"action": "left_click_drag", "start_coordinate": [1, 2], "coordinate": [3, 4]}),
            vec!["mouse move 1 2", "mouse down left", "mouse move 3 4", "mouse up left"],
        ),
        (json!({"action": "hold_key", "text": "a", "duration": 1}), vec!["keyboard down a", "keyboard up a"]),
    ];
    for (action, commands) in cases {
        let (status, body) = setup.act(action.clone()).await;
        let output = format!("{} action performed", action["action"].as_str().unwrap());
        assert_eq!((status, body), (StatusCode::OK, json!({"output": output})), "{action}");
        assert_eq!(setup.log(), commands, "{action}");
    }
    assert_eq!(setup.act(json!({"action": "cursor_position"})).await.1, json!({"output": "x=960,y=540"}));
    let (_, shot) = setup.act(json!({"action": "screenshot", "scaled_width": 100, "scaled_height": 50})).await;
    let expected = json!({"output": "screenshot", "screenshot_data": "cGljdHVyZQ==", "screenshot_width": 100, "screenshot_height": 50});
    assert_eq!(shot, expected);
    let screenshot = "screenshot --json --target-width 100 --target-height 50";
    assert_eq!(setup.log(), ["cursor --json", screenshot]);
    setup.agent.shutdown().await;
}

#[tokio::test]
async fn what_is_missing_or_fails_is_told() {
    let setup = Setup::new(Arc::new(SystemClock)).await;
    for (action, message) in [
        (json!({"action": "key"}), "Missing \"text\" for key action."),
        (json!({"action": "left_click"}), "Missing \"coordinate\" for left_click action."),
        (
            json!({"action": "left_click_drag", "coordinate": [1, 2]}),
            "Missing \"coordinate\" or \"start_coordinate\" for left_click_drag.",
        ),
        (json!({"action": "scroll", "coordinate": [1, 2], "scroll_direction": "in"}), "Invalid scroll direction: in"),
        (json!({"action": "dance"}), "Unknown action: dance"),
    ] {
        assert_eq!(setup.act(action).await, (StatusCode::BAD_REQUEST, json!({"message": message})));
    }
    let (status, body) = setup.act(json!({"action": "key", "text": "bad"})).await;
    assert_eq!((status, &body["message"]), (StatusCode::INTERNAL_SERVER_ERROR, &json!("Key press failed.")));
    assert_eq!(body["detail"], "portabledesktop keyboard: exit status 2: no such key\n: exit status 2");
    let response = setup.post("action", "{").await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_picture_is_relayed_both_ways() {
    let setup = Setup::new(Arc::new(SystemClock)).await;
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    std::fs::write(setup.file("port"), server.local_addr().unwrap().port().to_string()).unwrap();
    let (mut socket, mut vnc) = setup.viewer(&server).await;
    vnc.write_all(b"RFB 003.008\n").await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::binary(b"RFB 003.008\n".as_slice()));
    socket.send(Message::binary(b"hello".as_slice())).await.unwrap();
    let mut said = [0; 5];
    vnc.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"hello");
    drop(vnc);
    assert!(matches!(socket.next().await, Some(Ok(Message::Close(_)))));
    let (mut talker, mut vnc) = setup.viewer(&server).await;
    talker.send(Message::text("hello")).await.unwrap();
    let Some(Ok(Message::Close(Some(frame)))) = talker.next().await else { panic!("it is not closed") };
    let reason = "unexpected frame type read (expected MessageBinary): MessageText";
    assert_eq!((u16::from(frame.code), frame.reason.as_str()), (1003, reason));
    assert_eq!(vnc.read(&mut said).await.unwrap(), 0);
}

#[tokio::test]
async fn a_recording_is_a_video_and_a_still_image() {
    let setup = Setup::new(Arc::new(SystemClock)).await;
    let body = json!({"recording_id": ID}).to_string();
    let unknown = setup.post("recording/stop", &body).await;
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
    for _ in 0..2 {
        assert_eq!(setup.post("recording/start", &body).await.status(), StatusCode::OK);
    }
    setup.until_recording().await;
    for _ in 0..2 {
        let response = setup.post("recording/stop", &body).await;
        assert_eq!(response.status(), StatusCode::OK);
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        let boundary = kind.strip_prefix("multipart/mixed; boundary=").unwrap();
        assert_eq!(boundary.len(), 60);
        let part = |kind: &str, content: &str| format!("--{boundary}\r\nContent-Type: {kind}\r\n\r\n{content}\r\n");
        let expected = part("video/mp4", "video") + &part("image/jpeg", "still") + &format!("--{boundary}--\r\n");
        assert_eq!(response.bytes().await.unwrap(), expected.as_bytes());
    }
    // An id is the one that was written, in this spelling.
    let other = json!({"recording_id": ID.to_uppercase()}).to_string();
    assert_eq!(setup.post("recording/stop", &other).await.status(), StatusCode::NOT_FOUND);
    setup.agent.shutdown().await;
}

#[tokio::test]
async fn what_the_program_leaves_out_is_zero() {
    let setup = Setup::new(Arc::new(SystemClock)).await;
    for (output, position, shot) in [
        ("{}", "x=0,y=0", json!(null)),
        ("null", "x=0,y=0", json!(null)),
        (r#"{"X": 7, "y": null, "DATA": "eA=="}"#, "x=7,y=0", json!("eA==")),
    ] {
        std::fs::write(setup.file("answer"), output).unwrap();
        assert_eq!(setup.act(json!({"action": "cursor_position"})).await.1, json!({"output": position}));
        assert_eq!(setup.act(json!({"action": "screenshot"})).await.1["screenshot_data"], shot);
    }
    std::fs::write(setup.file("answer"), "{} x").unwrap();
    let (status, body) = setup.act(json!({"action": "screenshot"})).await;
    let detail = "parse screenshot output: invalid character 'x' after top-level value";
    assert_eq!((status, &body["detail"]), (StatusCode::INTERNAL_SERVER_ERROR, &json!(detail)));
    setup.agent.shutdown().await;
}

#[tokio::test]
async fn a_recording_ends_when_the_desktop_is_not_used() {
    let clock = ManualClock::new(chrono::DateTime::UNIX_EPOCH);
    let setup = Setup::new(Arc::new(clock.clone())).await;
    let body = json!({"recording_id": ID}).to_string();
    assert_eq!(setup.post("recording/start", &body).await.status(), StatusCode::OK);
    setup.until_recording().await;
    clock.advance(Duration::from_secs(9 * 60));
    setup.act(json!({"action": "cursor_position"})).await;
    clock.advance(Duration::from_secs(9 * 60));
    // It goes on: asked to start again, it is the same that runs.
    std::fs::remove_file(setup.file("recording")).unwrap();
    assert_eq!(setup.post("recording/start", &body).await.status(), StatusCode::OK);
    assert!(!setup.file("recording").exists());
    setup.agent.shutdown().await;
}
