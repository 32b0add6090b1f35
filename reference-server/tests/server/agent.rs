//! The agent as a process of its own, and what its work costs.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

/// The token of agents that tests start.
pub(crate) const TOKEN: &str = "secret";

/// The agent as a process of its own, killed with the test.
pub(crate) struct Agent {
    process: Child,
    pub(crate) url: String,
}

impl Agent {
    pub(crate) fn start(folder: &Path) -> Self {
        let (token, ready) = (folder.join("token"), folder.join("ready.json"));
        std::fs::write(&token, TOKEN).unwrap();
        let here = std::env::current_exe().unwrap();
        // With a mask that takes no permission away it shows what the agent itself gives.
        let process = Command::new("sh")
            .args(["-c", "umask 0; exec \"$0\" \"$@\""])
            .arg(here.parent().unwrap().with_file_name("reference-server"))
            .args(["agent", "--no-socket"])
            .arg("--token-file")
            .arg(&token)
            .arg("--ready-file")
            .arg(&ready)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let start = Instant::now();
        let text = loop {
            match std::fs::read_to_string(&ready) {
                Ok(text) => break text,
                Err(_) => assert!(start.elapsed() < Duration::from_secs(60), "the agent did not start in time"),
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let ready: Value = serde_json::from_str(&text).unwrap();
        Self { process, url: ready["agent_url"].as_str().unwrap().to_owned() }
    }

    /// SIGKILL: nothing of the process gets to run any more.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// The most memory that the process has held so far, in KiB.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn new_folders_can_be_written_by_their_owner_alone_and_a_replacement_is_read_by_no_more_than_the_file() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let agent = Agent::start(folder.path());
    let (secret, new) = (folder.path().join("secrets/key"), folder.path().join("new/folder/file"));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    std::fs::create_dir(secret.parent().unwrap()).unwrap();
    std::fs::write(&secret, "old").unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o4710)).unwrap();
    let http = reqwest::Client::new();
    let write = |path: &Path, body: reqwest::Body| {
        let request = http.post(format!("{}/api/v0/write-file?path={}", agent.url, path.display()));
        request.header("Coder-Session-Token", TOKEN).body(body).send()
    };
    assert!(write(&new, "new".into()).await.unwrap().status().is_success());
    assert_eq!((mode(new.parent().unwrap()), mode(&new)), (0o755, 0o666));

    // The second half is asked for once the first is taken, so the temporary file is there by then.
    let beside = secret.parent().unwrap().to_owned();
    let second = async move {
        let others = || std::fs::read_dir(&beside).unwrap().map(|entry| entry.unwrap().path());
        let temporary = loop {
            match others().find(|path| !path.ends_with("key")) {
                Some(path) => break path,
                None => tokio::task::yield_now().await,
            }
        };
        assert_eq!(mode(&temporary) & 0o077, 0, "{:o}", mode(&temporary));
        Ok::<_, std::io::Error>("half")
    };
    let pieces = stream::once(async { Ok("first ") }).chain(stream::once(second));
    let answer = write(&secret, reqwest::Body::wrap_stream(pieces)).await.unwrap();
    assert!(answer.status().is_success());
    assert_eq!((std::fs::read_to_string(&secret).unwrap().as_str(), mode(&secret)), ("first half", 0o4710));
}

#[tokio::test]
async fn much_output_costs_no_more_memory_than_little() {
    let folder = tempfile::tempdir().unwrap();
    let agent = Agent::start(folder.path());
    let http = reqwest::Client::new();
    let ask = async |request: reqwest::RequestBuilder| -> Value {
        let answer = request.header("Coder-Session-Token", TOKEN).send().await.unwrap().bytes().await.unwrap();
        serde_json::from_slice(&answer).unwrap()
    };
    let processes = format!("{}/api/v0/processes", agent.url);
    let run = async |bytes: u64| {
        let command = json!({ "command": format!("yes line | head -c {bytes}") });
        let started = ask(http.post(format!("{processes}/start")).body(command.to_string())).await;
        let id = started["id"].as_str().unwrap().to_owned();
        ask(http.get(format!("{processes}/{id}/output?wait=true"))).await
    };
    let little = run(100_000).await;
    let before = agent.peak_memory();
    let much = run(100_000_000).await;
    let grown = agent.peak_memory() - before;
    assert!(grown < 4 << 10, "{grown} KiB more");
    assert_eq!((&little["exit_code"], &much["exit_code"]), (&json!(0), &json!(0)));
    assert_eq!(much["truncated"]["original_bytes"], 100_000_000);
    let (little, much) = (little["output"].as_str().unwrap(), much["output"].as_str().unwrap());
    assert!(much.len() < little.len() + 100, "{} against {}", much.len(), little.len());
}
