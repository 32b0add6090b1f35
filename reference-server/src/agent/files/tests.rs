use std::path::PathBuf;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Method, Request, StatusCode};
use futures_util::{StreamExt, stream};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tower::ServiceExt;

use crate::agent::{Agent, router};

const TOKEN: &str = "token-of-the-agent";

/// An agent and a file in a folder of its own.
struct World {
    agent: Agent,
    folder: TempDir,
    file: PathBuf,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "old").unwrap();
        Self { agent: Agent::builder(TOKEN).start().await.unwrap(), folder, file }
    }

    async fn send(&self, request: http::request::Builder, body: Body) -> axum::response::Response {
        let request = request.header("Coder-Session-Token", TOKEN).header("Host", "localhost");
        router(self.agent.state.clone()).oneshot(request.body(body).unwrap()).await.unwrap()
    }

    fn write(path: &str) -> http::request::Builder {
        Request::post(format!("/api/v0/write-file?path={path}"))
    }

    /// Waits until the folder holds so many files.
    async fn holds(&self, files: usize) {
        let held = async {
            while std::fs::read_dir(self.folder.path()).unwrap().count() != files {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), held).await.expect("the folder holds them in time");
    }
}

#[tokio::test]
async fn an_upload_that_is_given_up_in_the_middle_leaves_the_old_file() {
    let world = World::new().await;
    let (begun, was_begun) = oneshot::channel();
    let first = stream::once(async { Ok::<_, std::io::Error>(Bytes::from_static(b"new")) });
    let body = first.chain(stream::once(async {
        let _ = begun.send(());
        std::future::pending().await
    }));
    let sending = world.send(World::write(world.file.to_str().unwrap()), Body::from_stream(body));
    tokio::select! {
        _ = sending => panic!("the upload has no end"),
        begun = was_begun => begun.unwrap(),
    }
    world.holds(1).await;
    assert_eq!(std::fs::read_to_string(&world.file).unwrap(), "old");
}

#[tokio::test]
async fn a_refused_write_asks_for_no_content() {
    let world = World::new().await;
    let body = Body::from_stream(stream::once(async { panic!("nobody wants it") as Result<Bytes, std::io::Error> }));
    let request = World::write("relative").header("Expect", "100-continue").header("Content-Length", 3);
    assert_eq!(world.send(request, body).await.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_told_with_the_file_that_it_was_for() {
    let world = World::new().await;
    let link = world.folder.path().join("link");
    std::os::unix::fs::symlink("file", &link).unwrap();
    let address = world.agent.url().strip_prefix("http://").unwrap();
    for (head, body) in [("Content-Length: 100", "abc"), ("Transfer-Encoding: chunked", "3\r\nab")] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let line = format!("POST /api/v0/write-file?path={} HTTP/1.1", link.display());
        let request = format!("{line}\r\nHost: {address}\r\nCoder-Session-Token: {TOKEN}\r\n{head}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).await.unwrap();
        world.holds(3).await;
        stream.shutdown().await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 500"), "{answer}");
        let told =
            format!("{{\"message\":\"write {}: unexpected EOF\"}}", world.file.canonicalize().unwrap().display());
        assert!(answer.trim_end().ends_with(&told), "{answer}");
        world.holds(2).await;
        assert_eq!(std::fs::read_to_string(&world.file).unwrap(), "old");
    }
}

#[tokio::test]
async fn a_method_that_nobody_knows_is_allowed_nowhere() {
    let world = World::new().await;
    for path in ["/api/v0/read-file", "/nowhere"] {
        let request = Request::builder().method(Method::from_bytes(b"BREW").unwrap()).uri(path);
        let answer = world.send(request, Body::empty()).await;
        assert_eq!((answer.status(), answer.headers().get("allow")), (StatusCode::METHOD_NOT_ALLOWED, None));
    }
}
