//! The real agent over every way to reach it, and what is made of its calls.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use codersdk::Error;
use futures_util::StreamExt;
use tokio::net::UnixStream;
use uuid::Uuid;
use workspacesdk::files::{LsRelativity, LsRequest};
use workspacesdk::fs::MemoryFs;
use workspacesdk::processes::{ProcessOutputResponse, ProcessSignal, StartProcessRequest, StartProcessResponse};
use workspacesdk::{
    AgentConn, AgentConnExt, BoxIo, Connector, ExtraHeaders, FakeAgent, FakeProcess, HttpAgentConn, MockAgentConn,
    NewContent, RunEvent, Stopped,
};

use crate::real::{Real, TOKEN};

async fn works(conn: &dyn AgentConn, real: &Real) {
    let path = real.path("dir with ü & ?#/a+b%20.txt");
    conn.write_file(&path, "one\ntwo\n".into()).await.unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    let content = conn.read_file(&path, 4, 3).await.unwrap();
    assert_eq!(content.mime_type(), "text/plain; charset=utf-8");
    assert_eq!(content.bytes(100).await.unwrap(), "two");
    let request = LsRequest { relativity: LsRelativity::Root, ..LsRequest::default() };
    let listed = conn.list_directory(&real.path(""), request).await.unwrap();
    assert!(listed.contents.iter().any(|entry| entry.name == "dir with ü & ?#" && entry.is_dir));
    let ran = conn.run("echo out; echo err >&2; exit 3").await.unwrap();
    assert_eq!((ran.output.as_str(), ran.exit_code, ran.stopped), ("out\nerr\n", Some(3), None));
    assert!(conn.resolve_path("relative").await.unwrap_err().is_bad_request());
    assert!(conn.read_file("/no/such/file", 0, 0).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn over_tcp() {
    let real = Real::start().await;
    works(&real.conn(), &real).await;
}

#[tokio::test]
async fn over_a_unix_socket() {
    let real = Real::on_unix_socket().await;
    works(&real.conn(), &real).await;
    let by_path = HttpAgentConn::builder("http://localhost").unix_socket(real.dir.path().join("agent.sock"));
    works(&by_path.session_token(TOKEN).build().unwrap(), &real).await;
}

/// Counts the connections that it makes to a socket.
#[derive(Debug)]
struct Tunnel(String, Arc<AtomicUsize>);

#[async_trait::async_trait]
impl Connector for Tunnel {
    async fn connect(&self) -> io::Result<BoxIo> {
        self.1.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(UnixStream::connect(&self.0).await?))
    }
}

#[tokio::test]
async fn over_connections_of_ones_own() {
    let real = Real::on_unix_socket().await;
    let opened = Arc::new(AtomicUsize::new(0));
    let tunnel = Tunnel(real.path("agent.sock"), opened.clone());
    // The host is only a name; what counts is where the tunnel leads.
    let conn = HttpAgentConn::builder("http://localhost:4").connector(tunnel).session_token(TOKEN).build().unwrap();
    works(&conn, &real).await;
    let before = opened.load(Ordering::SeqCst);
    assert!(before >= 1);
    conn.list_processes().await.unwrap();
    assert_eq!(opened.load(Ordering::SeqCst), before, "connections are used again");
}

#[tokio::test]
async fn a_socket_goes_through_the_same_connector_with_the_same_headers() {
    let real = Real::on_unix_socket().await;
    let conn = real.conn();
    let chat = Uuid::new_v4();
    conn.set_extra_headers(ExtraHeaders::for_chat(chat)).await.unwrap();
    for command in ["git init -q repo", "git -C repo config user.email a@b.c"] {
        assert!(conn.run(command).await.unwrap().success(), "{command}");
    }
    let mut watch = conn.watch_git(chat).await.unwrap();
    conn.write_file(&real.path("repo/new.txt"), "hello\n".into()).await.unwrap();
    loop {
        let message = watch.next().await.expect("a message").expect("no error");
        let found = message.repositories.iter().filter_map(|repository| repository.unified_diff.as_deref());
        if found.into_iter().any(|diff| diff.contains("+hello")) {
            break;
        }
        watch.refresh().await.unwrap();
    }
}

#[tokio::test]
async fn a_wrong_token_is_told_and_shown_nowhere() {
    let real = Real::start().await;
    let conn = HttpAgentConn::builder(real.agent.url()).session_token("a-wrong-token").build().unwrap();
    let error = conn.list_processes().await.unwrap_err();
    assert!(error.is_unauthorized());
    for shown in [format!("{error}"), format!("{error:?}"), format!("{conn:?}")] {
        assert!(!shown.contains("a-wrong-token"), "{shown}");
    }
    assert!(conn.watch_git(Uuid::new_v4()).await.unwrap_err().is_unauthorized());
    assert!(HttpAgentConn::builder("http://x").session_token("a\nb").build().unwrap_err().is_invalid_request());
}

#[tokio::test]
async fn chats_do_not_see_each_others_processes() {
    let real = Real::start().await;
    let chats = [real.conn(), real.builder().build().unwrap()];
    for conn in &chats {
        conn.set_extra_headers(ExtraHeaders::for_chat(Uuid::new_v4())).await.unwrap();
    }
    let id = chats[0].start_process(StartProcessRequest { command: "true".to_owned(), ..Default::default() }).await;
    let id = id.unwrap().id;
    assert_eq!(chats[0].list_processes().await.unwrap().processes.len(), 1);
    assert!(chats[1].list_processes().await.unwrap().processes.is_empty());
    assert!(chats[1].process_output(&id, Default::default()).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn a_cancelled_command_is_asked_to_end_and_then_killed() {
    let real = Real::start().await;
    let conn = real.conn();
    let stubborn = "trap '' TERM; echo begun; while :; do sleep 1; done";
    // What tells that the shell has set its trap is its first output.
    let (begun, cancel) = tokio::sync::oneshot::channel::<()>();
    let run = conn.run(stubborn).grace(Duration::from_millis(200)).progress_interval(Duration::from_millis(20));
    let mut events = Box::pin(run.cancel_on(async { _ = cancel.await }).events());
    let mut begun = Some(begun);
    let mut last = None;
    while let Some(event) = events.next().await {
        match event.unwrap() {
            RunEvent::Output { text, gap } => {
                assert_eq!((text.as_str(), gap), ("begun\n", false));
                begun.take();
            }
            RunEvent::Ended(output) => last = Some(output),
            _ => {}
        }
    }
    let output = last.expect("an end");
    assert_eq!((output.exit_code, output.stopped), (Some(-1), Some(Stopped::Cancelled)));
    assert!(conn.list_processes().await.unwrap().processes.iter().all(|process| !process.running));
}

#[tokio::test]
async fn a_child_that_ignores_the_end_of_its_command_is_killed_with_it() {
    let real = Real::start().await;
    let conn = real.conn();
    let stubborn = "sh -c 'trap \"\" TERM; echo $$; while :; do sleep 1; done' & wait";
    let (begun, cancel) = tokio::sync::oneshot::channel::<()>();
    let run = conn.run(stubborn).grace(Duration::from_millis(200)).progress_interval(Duration::from_millis(20));
    let mut events = Box::pin(run.cancel_on(async { _ = cancel.await }).events());
    let (mut begun, mut child) = (Some(begun), String::new());
    while let Some(event) = events.next().await {
        if let RunEvent::Output { text, .. } = event.unwrap() {
            child += text.trim();
            begun.take();
        }
    }
    let lives = format!("grep -q '^State:.[^Z]' /proc/{child}/status");
    assert!(!child.is_empty());
    while conn.run(&lives).await.unwrap().success() {}
}

/// A signal that is lost does not leave the process alone.
#[tokio::test(start_paused = true)]
async fn a_command_is_killed_where_it_could_not_be_asked_to_end() {
    let killed = Arc::new(AtomicUsize::new(0));
    let mut agent = MockAgentConn::new();
    agent.expect_start_process().returning(|_| Ok(StartProcessResponse { id: "1".into(), started: true }));
    agent.expect_process_output().returning({
        let killed = killed.clone();
        move |_, _| {
            let ended = killed.load(Ordering::Relaxed) > 0;
            Ok(ProcessOutputResponse { running: !ended, exit_code: ended.then_some(-1), ..Default::default() })
        }
    });
    let signals = killed.clone();
    agent.expect_signal_process().returning(move |_, signal| match signal {
        ProcessSignal::Kill => Ok(_ = signals.fetch_add(1, Ordering::Relaxed)),
        _ => Err(Error::api(502, "the tunnel is down")),
    });
    let ran = agent.run("serve").timeout(Duration::from_secs(30)).await.unwrap();
    assert_eq!((ran.exit_code, ran.stopped), (Some(-1), Some(Stopped::TimedOut)));
    assert_eq!(killed.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_file_is_written_as_it_comes_or_not_at_all() {
    let real = Real::start().await;
    let conn = real.conn();
    let path = real.path("a.bin");
    let pieces = futures_util::stream::iter((0..64).map(|n| Ok::<_, io::Error>(vec![n; 64 << 10].into())));
    conn.write_file(&path, NewContent::stream(pieces)).await.unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 4 << 20);
    let broken = futures_util::stream::iter([Ok("x".into()), Err(io::Error::other("the source broke"))]);
    assert!(conn.write_file(&path, NewContent::stream(broken)).await.is_err());
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 4 << 20, "the old file stays");
    let read = conn.read_file(&path, 0, 0).await.unwrap().bytes(8 << 20).await.unwrap();
    assert_eq!(read.len(), 4 << 20);
    assert!(conn.read_file(&path, 0, 0).await.unwrap().bytes(100).await.unwrap_err().is_too_large());
}

#[tokio::test]
async fn lines_come_page_by_page() {
    let real = Real::start().await;
    let text: String = (1..=25).map(|n| format!("line {n}\r\n")).collect::<String>() + &"x".repeat(3000);
    std::fs::write(real.path("a.txt"), &text).unwrap();
    let fake = FakeAgent::with_fs(MemoryFs::default());
    fake.fs().add_file(&real.path("a.txt"), text);
    for conn in [&real.conn() as &dyn AgentConn, &fake] {
        let mut pages = conn.read_lines(real.path("a.txt")).page_size(10);
        let mut sizes = Vec::new();
        while let Some(page) = pages.next_page().await.unwrap() {
            assert_eq!(page.total_lines, 26);
            sizes.push(page.lines.len());
        }
        assert_eq!(sizes, [10, 10, 6]);
        let lines = conn.read_lines(real.path("a.txt")).from_line(25).page_size(1).stream();
        let lines: Vec<_> = lines.map(|line| line.unwrap()).collect().await;
        assert_eq!(lines.iter().map(|line| line.number).collect::<Vec<_>>(), [25, 26]);
        assert_eq!((lines[0].text.as_str(), lines[0].truncated), ("line 25\r", false));
        assert_eq!((lines[1].text.len(), lines[1].truncated), (1024, true));
        assert!(conn.read_lines("/no/such").next_page().await.unwrap_err().is_bad_request());
    }
}

/// The agent waits five minutes at most; a command that takes longer is asked about again.
#[tokio::test(start_paused = true)]
async fn a_command_is_waited_for_beyond_the_agents_cap() {
    let agent = FakeAgent::new();
    agent.on_command("make world", FakeProcess::prints("making\n").runs_on());
    let other = agent.clone();
    let ends = async {
        tokio::time::sleep(Duration::from_secs(12 * 60)).await;
        let id = other.list_processes().await.unwrap().processes[0].id.clone();
        other.print(&id, "made\n");
        other.exit(&id, 0);
    };
    let (ran, ()) = tokio::join!(agent.run("make world").into_future(), ends);
    let ran = ran.unwrap();
    assert!(ran.success());
    assert_eq!(ran.output, "making\nmade\n");
}

#[tokio::test(start_paused = true)]
async fn a_command_has_a_time_limit() {
    let agent = FakeAgent::new();
    agent.on_command("serve", FakeProcess::default().runs_on());
    agent.on_command("stubborn", FakeProcess::default().ignores_terminate());
    for command in ["serve", "stubborn"] {
        let started = tokio::time::Instant::now();
        let ran = agent.run(command).timeout(Duration::from_secs(30)).await.unwrap();
        assert_eq!((ran.exit_code, ran.stopped), (Some(-1), Some(Stopped::TimedOut)), "{command}");
        assert!(started.elapsed() < Duration::from_secs(36), "{command}");
    }
    let unknown = agent.run("no-such-command").await.unwrap();
    assert_eq!(unknown.exit_code, Some(127));
}

#[tokio::test]
async fn the_fake_keeps_the_rules_of_the_real_agent() {
    let real = Real::start().await;
    let real_conn = real.conn();
    let fake = FakeAgent::new();
    fake.on_process(|request| {
        let process = FakeProcess::default();
        Some(if request.command == "sleep 100" { process.runs_on() } else { process })
    });
    for conn in [&real_conn as &dyn AgentConn, &fake] {
        let start = |command: &str| StartProcessRequest { command: command.to_owned(), ..Default::default() };
        let refused = conn.start_process(start("")).await.unwrap_err();
        assert_eq!((refused.status(), refused.message()), (Some(400), "Command is required."));
        conn.set_extra_headers(ExtraHeaders::for_chat(Uuid::new_v4())).await.unwrap();
        let foreign = conn.start_process(start("sleep 100")).await.unwrap().id;
        conn.set_extra_headers(ExtraHeaders::for_chat(Uuid::new_v4())).await.unwrap();
        for signal in ["kill", "hup", ""] {
            assert!(conn.signal_process(&foreign, signal.into()).await.unwrap_err().is_not_found(), "{signal}");
            assert!(conn.signal_process("nope", signal.into()).await.unwrap_err().is_not_found() == (signal == "kill"));
        }
        conn.set_extra_headers(ExtraHeaders::new()).await.unwrap();
        let gone = conn.process_output("nope", Default::default()).await.unwrap_err();
        assert_eq!((gone.status(), gone.message()), (Some(404), "Process \"nope\" not found."));
        let id = conn.start_process(start("sleep 100")).await.unwrap().id;
        let refused = conn.signal_process(&id, "hup".into()).await.unwrap_err();
        assert!(refused.is_bad_request() && refused.message().starts_with("Unsupported signal \"hup\"."));
        conn.signal_process(&id, ProcessSignal::Kill).await.unwrap();
        let ended = conn.process_output(&id, workspacesdk::ProcessOutputOptions { wait: true }).await.unwrap();
        assert_eq!((ended.running, ended.exit_code), (false, Some(-1)));
        let refused = conn.signal_process(&id, ProcessSignal::Kill).await.unwrap_err();
        assert_eq!(refused.message(), format!("Process \"{id}\" is not running."));
        let refused = conn.write_file("relative", "x".into()).await.unwrap_err();
        assert_eq!(refused.message(), "file path must be absolute: \"relative\"");
        let refused = conn.edit("/no/such").replace("a", "b").await.unwrap_err();
        assert_eq!((refused.status(), refused.message()), (Some(404), "open /no/such: no such file or directory"));
    }
}
