//! The workspace agent, through the SDK, against programs that do the same by hand.
//!
//! `cargo bench -p tests --bench agent`

mod common;

use std::hint::black_box;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::Comparison;
use reference_server::agent::Agent;
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use workspacesdk::files::{FileEdit, FileEditRequest, FileEdits, Files, ReadFileLinesLimits};
use workspacesdk::fs::{MemoryFs, OsFs};
use workspacesdk::processes::{ProcessOutputResponse, StartProcessRequest};
use workspacesdk::{AgentConn, HttpAgentConn, ProcessOutputOptions};

const ROUNDS: usize = 25;
/// How much longer a call on a file may take than the same by hand.
const FILES_LIMIT: f64 = 1.3;
/// How much longer a process may take than a bare one, beside the exchange that asks for it.
const PROCESS_LIMIT: f64 = 1.2;
const LINES: usize = 20_000;
const FILE_SIZE: usize = 1 << 20;
const TOKEN: &str = "token";
/// What a process writes in the measurement of output, in bytes.
const OUTPUT: u64 = 2 << 30;
/// How fast output must be taken, in bytes a second, where the pipe is that fast.
const OUTPUT_SPEED: f64 = 500e6;

#[tokio::main]
async fn main() {
    // In a task, as programs have it: each exchange from outside the runtime's threads is a change of threads more.
    let within = tokio::spawn(measure()).await.expect("the figures");
    std::process::exit(i32::from(!within));
}

/// Takes every measurement, and says whether all are within their limits.
async fn measure() -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    let mut within = reading(folder.path());
    within &= editing(folder.path(), "edit of a line among 20,000", "    line 10000 of the file", "    a new line");
    within &= editing(folder.path(), "the same with other indentation", "\tline 10000 of the file  ", "\ta new line");
    let agent = Agent::builder(TOKEN).dir(folder.path()).start().await.expect("an agent");
    let conn = HttpAgentConn::builder(agent.url()).session_token(TOKEN).build().expect("a connection");
    within &= starting(&agent, &conn).await;
    within &= output(&conn).await;
    agent.shutdown().await;
    within
}

/// Compares two ways, turn by turn.
fn compare(name: &str, mut ours: impl FnMut(), mut by_hand: impl FnMut()) -> Comparison {
    let time = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    ours();
    by_hand();
    let rounds: Vec<_> = (0..ROUNDS).map(|_| (time(&mut ours), time(&mut by_hand))).collect();
    Comparison::new(name, &rounds)
}

fn reading(folder: &Path) -> bool {
    let path = folder.join("read");
    let line = "a line of an ordinary file, forty-eight bytes..\n";
    std::fs::write(&path, line.repeat(FILE_SIZE / line.len())).expect("a file");
    let files = Files::new(Arc::new(OsFs));
    let name = path.to_str().expect("UTF-8");
    let limits = ReadFileLinesLimits::default();
    let ours = || {
        let read = files.read_lines(name, 10_000, 500, &limits);
        assert_eq!(read.lines_read, 500, "{}", read.error);
        black_box(read);
    };
    let by_hand = || {
        let text = std::fs::read(&path).expect("the file");
        let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
        assert!(black_box(lines).len() > 10_500);
    };
    compare("500 lines of a file of 1 MB", ours, by_hand).report(FILES_LIMIT)
}

/// The call is measured twice: in memory, against reading and splitting the file there; and on disk, where it must write
/// so that no reader ever sees half a file, against a program that reads, splits, and writes the same bytes beside the
/// file and renames them. How far it is on disk from reading and splitting alone is told, too; most of that is the file
/// system's.
fn editing(folder: &Path, name: &str, search: &str, replace: &str) -> bool {
    let path = folder.join("edited");
    let text: String = (0..LINES).map(|number| format!("    line {number} of the file\n")).collect();
    let memory = MemoryFs::new("/home");
    let in_memory = Files::new(Arc::new(memory.clone()));
    let on_disk = Files::new(Arc::new(OsFs));
    let edit = |files: &Files, include_diff| {
        let edit = FileEdit { search: search.to_owned(), replace: replace.to_owned(), ..FileEdit::default() };
        let path = path.to_str().expect("UTF-8").to_owned();
        let files_of_it = vec![FileEdits { path, edits: vec![edit].into() }].into();
        let edited = files.edit_files(FileEditRequest { files: files_of_it, include_diff });
        drop(black_box(edited.expect("an edit")));
    };
    let split = |text: Vec<u8>| {
        let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
        assert!(black_box(lines).len() > LINES);
        text
    };
    let read_and_split = || split(std::fs::read(&path).expect("the file"));
    let by_hand = || {
        let text = read_and_split();
        let beside = path.with_extension("part");
        std::fs::write(&beside, &text).expect("a file");
        std::fs::rename(&beside, &path).expect("a file");
    };
    let ways: [&dyn Fn(); 6] = [
        &|| drop(black_box(split(memory.read(path.to_str().expect("UTF-8")).expect("the file")))),
        &|| edit(&in_memory, false),
        &by_hand,
        &|| edit(&on_disk, false),
        &|| edit(&on_disk, true),
        &|| drop(black_box(read_and_split())),
    ];
    let round = |_| {
        ways.map(|way| {
            std::fs::write(&path, &text).expect("a file");
            memory.add_file(path.to_str().expect("UTF-8"), text.as_str());
            let start = Instant::now();
            way();
            start.elapsed()
        })
    };
    // The first round warms up.
    let rounds: Vec<[Duration; 6]> = (0..=ROUNDS).map(round).skip(1).collect();
    let pairs = |ours: usize, baseline: usize| {
        let rounds: Vec<_> = rounds.iter().map(|round| (round[ours], round[baseline])).collect();
        move |what: &str| Comparison::new(&format!("{name}, {what}"), &rounds)
    };
    let mut within = pairs(1, 0)("in memory, against read and split there").report(FILES_LIMIT);
    within &= pairs(3, 2)("on disk, against read, split and written beside").report(FILES_LIMIT);
    pairs(4, 2)("the same with a diff").tell();
    pairs(3, 5)("on disk, against read and split alone").tell();
    within
}

/// Runs a command to its end.
async fn run(conn: &HttpAgentConn, command: &str) -> ProcessOutputResponse {
    let request = StartProcessRequest { command: command.to_owned(), ..StartProcessRequest::default() };
    let started = conn.start_process(request).await.expect("a process");
    conn.process_output(&started.id, ProcessOutputOptions { wait: true }).await.expect("its output")
}

/// The three take turns, process by process, so that each finds the machine as the others do: after a process has ended,
/// an exchange takes longer than after another exchange.
async fn starting(agent: &Agent, conn: &HttpAgentConn) -> bool {
    const TIMES: usize = 20;
    let http = reqwest::Client::new();
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let (mut ours, mut baseline) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..TIMES {
            let start = Instant::now();
            assert_eq!(run(conn, "true").await.exit_code, Some(0));
            ours += start.elapsed();
            let start = Instant::now();
            let mut command = Command::new("sh");
            command.args(["-c", "true"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            assert!(command.status().await.expect("a process").success());
            baseline += start.elapsed().mul_f64(PROCESS_LIMIT);
            let start = Instant::now();
            let answer = http.get(agent.url()).send().await.expect("an answer");
            black_box(answer.json::<Value>().await.expect("JSON"));
            baseline += start.elapsed();
        }
        rounds.push((ours, baseline));
    }
    Comparison::new("20 processes, against 1.2 times bare ones and an exchange each", &rounds).report(1.0)
}

async fn output(conn: &HttpAgentConn) -> bool {
    let command = format!("head -c {OUTPUT} /dev/zero");
    let mut rounds = Vec::new();
    for _ in 0..3 {
        let start = Instant::now();
        let truncated = run(conn, &command).await.truncated.expect("too much to keep");
        assert_eq!(truncated.original_bytes.cast_unsigned(), OUTPUT);
        let ours = start.elapsed();
        rounds.push((ours, drained(&command).await));
    }
    let fastest = rounds.iter().map(|(ours, _)| *ours).min().expect("a round");
    println!("output of a process: {:.0} MB/s", OUTPUT as f64 / fastest.as_secs_f64() / 1e6);
    // Fast enough in itself, or as fast as the pipe.
    if OUTPUT as f64 / fastest.as_secs_f64() >= OUTPUT_SPEED {
        return true;
    }
    Comparison::new("output of a process, against a pipe that is read and forgotten", &rounds).report(1.05)
}

/// How long it takes to read what a command writes.
async fn drained(command: &str) -> Duration {
    let start = Instant::now();
    let mut child = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a process");
    let mut output = child.stdout.take().expect("a pipe");
    let mut chunk = vec![0; 64 << 10];
    while output.read(&mut chunk).await.expect("output") > 0 {}
    child.wait().await.expect("an end");
    start.elapsed()
}
