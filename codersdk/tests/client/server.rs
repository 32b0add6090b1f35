//! A server that sends what a test tells it to, byte for byte.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use codersdk::{Client, ClientBuilder, RetryPolicy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What to do with a connection's request.
#[derive(Clone)]
pub enum Reply {
    /// Send these bytes and close.
    Raw(Vec<u8>),
    /// Send these bytes, or nothing, and keep the connection.
    Begin(&'static [u8]),
    /// Close without a word.
    Close,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Seen {
    pub line: String,
    pub headers: String,
    pub body: Vec<u8>,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.headers.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// A running server.
pub struct Server {
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// Serves one reply a request, in order; the last one again and again.
    pub async fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let log = seen.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (log, replies) = (log.clone(), replies.clone());
                tokio::spawn(async move {
                    let Some(request) = read_request(&mut stream).await else { return };
                    let number = {
                        let mut log = log.lock().unwrap();
                        log.push(request);
                        log.len() - 1
                    };
                    match &replies[number.min(replies.len() - 1)] {
                        Reply::Raw(bytes) => {
                            let _ = stream.write_all(bytes).await;
                            let _ = stream.shutdown().await;
                        }
                        Reply::Begin(bytes) => {
                            let _ = stream.write_all(bytes).await;
                            tokio::time::sleep(Duration::from_secs(600)).await;
                        }
                        Reply::Close => {}
                    }
                });
            }
        });
        Self { url, seen }
    }

    /// Serves one answer again and again.
    pub async fn answering(status: &str, content_type: Option<&str>, body: impl AsRef<[u8]>) -> Self {
        Self::start(vec![answer(status, content_type, body)]).await
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// A client without retries.
    pub fn client(&self) -> Client {
        self.builder().build().unwrap()
    }

    pub fn builder(&self) -> ClientBuilder {
        Client::builder(&self.url).no_proxy().retry(RetryPolicy::none()).session_token("s3cret-t0ken")
    }
}

/// An answer with its length, after which the connection closes.
pub fn answer(status: &str, content_type: Option<&str>, body: impl AsRef<[u8]>) -> Reply {
    let body = body.as_ref();
    let content_type = content_type.map_or(String::new(), |value| format!("content-type: {value}\r\n"));
    let head =
        format!("HTTP/1.1 {status}\r\n{content_type}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    Reply::Raw([head.as_bytes(), body].concat())
}

pub fn json(status: &str, body: impl AsRef<[u8]>) -> Reply {
    answer(status, Some("application/json"), body)
}

/// A user as the server sends it.
pub fn user(name: &str) -> String {
    let time = "2026-01-02T03:04:05Z";
    format!(
        r#"{{"id":"8f1f4c57-6a0b-4a44-9d0e-3c2b1a095e77","username":"{name}","email":"a@b.test","created_at":"{time}",
        "updated_at":"{time}","last_seen_at":"{time}","status":"active","login_type":"password","organization_ids":[],
        "roles":null,"has_ai_seat":false}}"#
    )
}

/// Reads a request with its body, if its length is told.
pub async fn read_request(stream: &mut TcpStream) -> Option<Seen> {
    let mut read = Vec::new();
    let mut piece = [0; 4096];
    let end = loop {
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        match stream.read(&mut piece).await {
            Ok(count) if count > 0 => read.extend_from_slice(&piece[..count]),
            _ => return None,
        }
    };
    let head = String::from_utf8_lossy(&read[..end]).into_owned();
    let (line, headers) = head.split_once("\r\n").unwrap_or((&head, ""));
    let mut seen = Seen { line: line.to_owned(), headers: headers.to_owned(), body: read[end + 4..].to_vec() };
    let length = seen.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while seen.body.len() < length {
        match stream.read(&mut piece).await {
            Ok(count) if count > 0 => seen.body.extend_from_slice(&piece[..count]),
            _ => return None,
        }
    }
    Some(seen)
}
