//! A server that is killed in the middle of its work loses nothing that it answered, and does nothing twice.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// The server as a process of its own, killed with the test.
struct Server {
    process: Child,
    url: String,
    token: String,
    organization: String,
    http: reqwest::Client,
}

impl Server {
    async fn start(folder: &Path) -> Self {
        let ready = folder.join("ready.json");
        let _ = std::fs::remove_file(&ready);
        // Cargo puts the programs of a package beside the folder of its tests.
        let here = std::env::current_exe().unwrap();
        let process = Command::new(here.parent().unwrap().with_file_name("reference-server"))
            .args(["serve", "--dev", "--listen", "127.0.0.1:0"])
            .arg("--database")
            .arg(folder.join("chats.db"))
            .arg("--ready-file")
            .arg(&ready)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let http = reqwest::Client::new();
        let mut server = Self { process, url: String::new(), token: String::new(), organization: String::new(), http };
        let file: Value = serde_json::from_str(&within(async || std::fs::read_to_string(&ready).ok()).await).unwrap();
        server.url = file["url"].as_str().unwrap().to_owned();
        let login = json!({"email": file["email"], "password": file["password"]});
        let session = server.call(reqwest::Method::POST, "/api/v2/users/login", Some(login)).await;
        server.token = session["session_token"].as_str().unwrap().to_owned();
        let me = server.get("/api/v2/users/me").await;
        server.organization = me["organization_ids"][0].as_str().unwrap().to_owned();
        server
    }

    async fn call(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> Value {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if !self.token.is_empty() {
            request = request.header("Coder-Session-Token", &self.token);
        }
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body.to_string());
        }
        let response = request.send().await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.status());
        serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
    }

    async fn get(&self, path: &str) -> Value {
        self.call(reqwest::Method::GET, path, None).await
    }

    async fn create(&self, script: &str) -> String {
        let body = json!({"organization_id": self.organization, "content": [{"type": "text", "text": script}]});
        let chat = self.call(reqwest::Method::POST, "/api/experimental/chats", Some(body)).await;
        chat["id"].as_str().unwrap().to_owned()
    }

    async fn send(&self, chat: &str, script: &str) -> Value {
        let body = json!({"content": [{"type": "text", "text": script}]});
        self.call(reqwest::Method::POST, &format!("/api/experimental/chats/{chat}/messages"), Some(body)).await
    }

    async fn settled(&self, chat: &str) -> Value {
        within(async || {
            let chat = self.get(&format!("/api/experimental/chats/{chat}")).await;
            (chat["status"] == "waiting").then_some(chat)
        })
        .await
    }

    /// What was said, oldest first.
    async fn said(&self, chat: &str) -> Vec<String> {
        let page = self.get(&format!("/api/experimental/chats/{chat}/messages")).await;
        let mut said: Vec<String> = page["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|message| {
                let texts = message["content"].as_array().unwrap().iter().filter_map(|part| part["text"].as_str());
                format!("{}: {}", message["role"].as_str().unwrap(), texts.collect::<String>())
            })
            .collect();
        said.reverse();
        said
    }

    fn kill(mut self) {
        // SIGKILL: nothing of the process gets to run any more.
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Asks until there is an answer, for 30 seconds at most.
async fn within<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "it did not happen in time");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_goes_on_after_a_kill_in_the_middle_of_its_turn() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    let done = server.create("@text before").await;
    server.settled(&done).await;
    let chat = server.create("@text one\n@hang 1500\n@text two").await;
    assert_eq!(server.send(&chat, "@text queued").await["queued"], true);
    tokio::time::sleep(Duration::from_millis(300)).await;
    server.kill();

    let server = Server::start(folder.path()).await;
    assert_eq!(server.said(&done).await, ["user: @text before", "assistant: before"]);
    let row = server.settled(&chat).await;
    assert_eq!(row["last_error"], Value::Null);
    let said = server.said(&chat).await;
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(said.len(), 4, "{said:?}");
    assert!(words(&said[1]).starts_with("assistant: one") && said[1].contains("two"), "{said:?}");
    assert_eq!(said[2..], ["user: @text queued", "assistant: queued"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_before_a_kill_is_there_after_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    let creations = (0..20).map(|n| {
        let server = &server;
        async move { server.create(&format!("@text answer {n}")).await }
    });
    let chats = futures_util::future::join_all(creations).await;
    server.kill();

    let server = Server::start(folder.path()).await;
    for (n, chat) in chats.iter().enumerate() {
        server.settled(chat).await;
        assert_eq!(server.said(chat).await, [format!("user: @text answer {n}"), format!("assistant: answer {n}")]);
    }
}
