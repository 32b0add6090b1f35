//! Agents that are slow, silent, cut off or too talkative.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::header::CONTENT_TYPE;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use workspacesdk::desktop::StopDesktopRecordingRequest;
use workspacesdk::{AgentConn, HttpAgentConn, HttpAgentConnBuilder};

async fn agent(routes: Router) -> HttpAgentConnBuilder {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    HttpAgentConn::builder(url)
}

#[tokio::test]
async fn an_agent_that_does_not_answer_runs_into_the_limit() {
    let silent = Router::new().fallback(async || std::future::pending::<()>().await);
    let conn = agent(silent).await.timeout(Duration::from_millis(50)).build().unwrap();
    assert!(conn.list_processes().await.unwrap_err().is_timeout());
    assert!(conn.watch_containers().await.unwrap_err().is_timeout());
}

#[tokio::test]
async fn nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = HttpAgentConn::connect(&url).unwrap().list_processes().await.unwrap_err();
    assert!(error.is_connect() && error.is_retryable(), "{error}");
}

/// An agent that answers every request with these bytes, and then hangs up or is silent.
async fn raw(answer: &'static [u8], hangs_up: bool) -> HttpAgentConnBuilder {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            stream.write_all(answer).await.unwrap();
            if !hangs_up {
                kept.push(stream);
            }
        }
    });
    HttpAgentConn::builder(url)
}

#[tokio::test]
async fn a_file_that_stops_coming_is_a_time_out_and_one_that_breaks_off_is_interrupted() {
    const BEGUN: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc";
    let conn = raw(BEGUN, false).await.idle_timeout(Duration::from_millis(50)).build().unwrap();
    let stalled = conn.read_file("/stalls", 0, 0).await.unwrap().bytes(100).await.unwrap_err();
    assert!(stalled.is_timeout(), "{stalled}");
    let conn = raw(BEGUN, true).await.build().unwrap();
    let broken = conn.read_file("/breaks", 0, 0).await.unwrap().bytes(100).await.unwrap_err();
    assert!(broken.is_interrupted(), "{broken}");
    assert!(broken.url().is_some_and(|url| url.contains("/api/v0/read-file")));
}

#[tokio::test]
async fn an_answer_has_a_largest_size() {
    let endless = || async {
        let pieces = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>("x".repeat(1000)));
        ([(CONTENT_TYPE, "application/json")], Body::from_stream(pieces))
    };
    let conn = agent(Router::new().fallback(endless)).await.max_body_size(10_000).build().unwrap();
    assert!(conn.list_processes().await.unwrap_err().is_too_large());
    assert!(conn.debug_manifest().await.unwrap_err().is_too_large());
}

fn recording(parts: &[(&str, &[u8])]) -> Response {
    let mut body = Vec::new();
    for (kind, content) in parts {
        body.extend_from_slice(format!("--b 1\r\nContent-Type: {kind}\r\n\r\n").as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--b 1--\r\n");
    ([(CONTENT_TYPE, "multipart/mixed; boundary=\"b 1\"")], body).into_response()
}

async fn recorder(parts: &'static [(&'static str, &'static [u8])]) -> HttpAgentConn {
    let routes = Router::new().route("/api/v0/desktop/recording/stop", post(async move || recording(parts)));
    agent(routes).await.build().unwrap()
}

#[tokio::test]
async fn a_recording_is_read_part_by_part() {
    let conn = recorder(&[("video/mp4", b"video\r\n--b"), ("image/jpeg", b"image")]).await;
    let stop = || conn.stop_desktop_recording(StopDesktopRecordingRequest::default());
    let whole = stop().await.unwrap().collect().await.unwrap();
    assert_eq!(whole.video.as_deref(), Some(&b"video\r\n--b"[..]));
    assert_eq!(whole.thumbnail.as_deref(), Some(&b"image"[..]));
    let mut parts = stop().await.unwrap();
    let mut kinds = Vec::new();
    while let Some(part) = parts.next_part().await.unwrap() {
        kinds.push(part.content_type().to_owned());
    }
    assert_eq!(kinds, ["video/mp4", "image/jpeg"]);
    let video_only = recorder(&[("video/mp4", b"v")]).await;
    let whole = video_only.stop_desktop_recording(StopDesktopRecordingRequest::default()).await.unwrap();
    assert_eq!(whole.collect().await.unwrap().thumbnail, None);
}

#[tokio::test]
async fn a_still_image_that_is_too_large_is_left_out() {
    const LARGE: &[u8] = &[0; (10 << 20) + 1];
    let conn = recorder(&[("image/jpeg", LARGE), ("video/mp4", b"v")]).await;
    let whole = conn.stop_desktop_recording(StopDesktopRecordingRequest::default()).await.unwrap();
    let whole = whole.collect().await.unwrap();
    assert_eq!((whole.video.as_deref(), whole.thumbnail), (Some(&b"v"[..]), None));
}

#[tokio::test]
async fn a_recording_that_is_none_or_is_cut_off_is_an_error() {
    let plain = Router::new().fallback(async || "no recording");
    let conn = agent(plain).await.build().unwrap();
    let mut recording = conn.stop_desktop_recording(StopDesktopRecordingRequest::default()).await.unwrap();
    assert!(recording.next_part().await.unwrap_err().is_decode());
    let cut = Router::new().fallback(async || {
        let body = "--b\r\nContent-Type: video/mp4\r\n\r\nvid";
        ([(CONTENT_TYPE, "multipart/mixed; boundary=b")], body)
    });
    let conn = agent(cut).await.build().unwrap();
    let recording = conn.stop_desktop_recording(StopDesktopRecordingRequest::default()).await.unwrap();
    assert!(recording.collect().await.unwrap_err().is_interrupted());
}
