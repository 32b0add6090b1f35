//! The desktop that the program `portabledesktop` makes.

use std::collections::HashMap;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::process::{ChildStdout, Command};
use uuid::Uuid;
use workspacesdk::desktop::{DESKTOP_NATIVE_HEIGHT, DESKTOP_NATIVE_WIDTH};
use workspacesdk::fs::in_words;

use super::recordings::Recording;
use super::{Artifact, Desktop, DesktopError, DisplayConfig, Input, VncStream};
use crate::clock::SharedClock;
use crate::http::go_json;
use crate::program::{self, Program};

const NAME: &str = "portabledesktop";
/// How long a desktop may take to start.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a single command may take.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(60);
/// How much is read of what a command writes, in bytes: a screenshot is the most.
const LIMIT: usize = 64 << 20;
/// How much a starting desktop may write before it has said where it is, in bytes.
const GREETING_LIMIT: usize = 64 << 10;
/// How many recordings may be made at once.
const MOST_RECORDINGS: usize = 5;
/// How many recordings are kept.
const MOST_KEPT: usize = 20;
/// How long one that has ended is kept once others are made.
const KEPT: Duration = Duration::from_secs(60 * 60);
/// After how long without use recordings are ended.
const IDLE: Duration = Duration::from_secs(10 * 60);
/// How long a desktop may take to end.
const GRACE: Duration = Duration::from_secs(2);

/// The desktop that the program `portabledesktop` makes, which must be in the agent's `PATH`.
#[derive(Debug, Clone)]
pub struct PortableDesktop(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: SharedClock,
    /// Where the program is, if that is not left to `PATH`.
    program: Option<PathBuf>,
    state: tokio::sync::Mutex<State>,
    used: Mutex<DateTime<Utc>>,
    recorded: std::sync::atomic::AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    session: Option<Session>,
    recordings: HashMap<String, Recording>,
    /// Where recordings are written, once there are any.
    dir: Option<PathBuf>,
    closed: bool,
}

#[derive(Debug)]
struct Session {
    program: Program,
    vnc_port: i64,
    display: DisplayConfig,
}

/// What the program says when a desktop has started.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Greeting {
    vnc_port: i64,
    geometry: String,
}

impl PortableDesktop {
    /// The desktop of the program that `PATH` finds, when it is needed.
    pub fn new(clock: SharedClock) -> Self {
        Self::with_program(clock, None)
    }

    /// The desktop of the program at this path.
    pub fn at(path: impl Into<PathBuf>, clock: SharedClock) -> Self {
        Self::with_program(clock, Some(path.into()))
    }

    fn with_program(clock: SharedClock, program: Option<PathBuf>) -> Self {
        let used = Mutex::new(clock.now());
        Self(Arc::new(Inner {
            clock,
            program,
            state: tokio::sync::Mutex::default(),
            used,
            recorded: std::sync::atomic::AtomicU64::new(0),
        }))
    }
}

fn words(text: impl Into<String>) -> DesktopError {
    DesktopError::Failed(text.into())
}

impl Inner {
    fn binary(&self) -> Result<PathBuf, DesktopError> {
        let missing = "ensure portabledesktop binary: portabledesktop binary not found in PATH or script bin directory";
        let found = match &self.program {
            Some(path) => Some(path.clone()).filter(|path| is_executable(path)),
            None => in_path(),
        };
        found.ok_or_else(|| words(missing))
    }

    fn use_now(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = self.clock.now();
    }

    fn idle(&self) -> Duration {
        let used = *self.used.lock().unwrap_or_else(PoisonError::into_inner);
        (self.clock.now() - used).to_std().unwrap_or_default()
    }

    /// Runs a command and gives all that it wrote.
    async fn command(&self, arguments: &[&str]) -> Result<Vec<u8>, DesktopError> {
        let mut command = Command::new(self.binary()?);
        command.args(arguments);
        let (output, outcome) = tokio::select! {
            finished = program::run_combined(command, LIMIT) => finished,
            () = self.clock.sleep(COMMAND_TIMEOUT) => {
                return Err(words(format!("{NAME} {}: it took too long", arguments[0])));
            }
        };
        outcome.map_err(|reason| {
            let said = String::from_utf8_lossy(&output);
            words(format!("{NAME} {}: {reason}: {said}: {reason}", arguments[0]))
        })?;
        Ok(output)
    }

    /// Runs a command and gives the JSON that it wrote, and nothing else.
    async fn json<T: DeserializeOwned>(&self, arguments: &[&str]) -> Result<T, DesktopError> {
        let output = self.command(arguments).await?;
        go_json::from_whole(&output).map_err(|error| words(format!("parse {} output: {error}", arguments[0])))
    }

    async fn launch(&self) -> Result<Session, DesktopError> {
        let mut command = Command::new(self.binary()?);
        let geometry = format!("{DESKTOP_NATIVE_WIDTH}x{DESKTOP_NATIVE_HEIGHT}");
        command.args(["up", "--json", "--geometry", &geometry]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut program =
            Program::start(&mut command).map_err(|error| words(format!("start portabledesktop: {error}")))?;
        let output = program.output().ok_or_else(|| words("create stdout pipe: it cannot be had"))?;
        let greeting = tokio::select! {
            greeting = greeting(output) => greeting,
            () = self.clock.sleep(START_TIMEOUT) => Err("it took too long".to_owned()),
        };
        let greeting = greeting.map_err(|reason| words(format!("parse portabledesktop output: {reason}")))?;
        if greeting.vnc_port == 0 {
            return Err(words("portabledesktop returned port 0"));
        }
        Ok(Session { program, vnc_port: greeting.vnc_port, display: size(&greeting.geometry) })
    }

    /// Ends a recording once the desktop was not used for a while.
    async fn follow(this: Weak<Self>, id: String, number: u64) {
        loop {
            let Some(inner) = this.upgrade() else { return };
            let left = IDLE.saturating_sub(inner.idle());
            if left.is_zero() {
                let mut state = inner.state.lock().await;
                if let Some(recording) = state.recordings.get_mut(&id).filter(|recording| recording.number == number) {
                    recording.stop(&*inner.clock).await;
                }
                return;
            }
            let clock = inner.clock.clone();
            drop(inner);
            clock.sleep(left).await;
        }
    }
}

/// Reads what a starting desktop says, and goes on reading so that it is never stopped by a full pipe.
async fn greeting(mut output: ChildStdout) -> Result<Greeting, String> {
    let mut said = Vec::new();
    loop {
        if output.read_buf(&mut said).await.map_err(|error| error.to_string())? == 0 {
            return Err("EOF".to_owned());
        }
        match serde_json::Deserializer::from_slice(&said).into_iter::<IgnoredAny>().next() {
            Some(Ok(_)) => {
                tokio::spawn(async move { tokio::io::copy(&mut output, &mut tokio::io::sink()).await });
                return go_json::from_slice(&said).map_err(|error| error.to_string());
            }
            Some(Err(error)) if !error.is_eof() => return Err(error.to_string()),
            _ if said.len() > GREETING_LIMIT => return Err("it is too long".to_owned()),
            _ => {}
        }
    }
}

/// The size that a text like `1920x1080` tells; zero for what it does not.
fn size(geometry: &str) -> DisplayConfig {
    let number = |text: &str| -> Option<(i64, String)> {
        let text = text.trim_start_matches(' ');
        let digits = text.char_indices().find(|(at, c)| !(c.is_ascii_digit() || (*at == 0 && matches!(c, '+' | '-'))));
        let end = digits.map_or(text.len(), |(at, _)| at);
        Some((text[..end].parse().ok()?, text[end..].to_owned()))
    };
    let mut display = DisplayConfig::default();
    if let Some((width, rest)) = number(geometry) {
        display.width = width;
        display.height = rest.strip_prefix('x').and_then(number).map_or(0, |(height, _)| height);
    }
    display
}

/// In `PATH`, or where scripts of the workspace put programs.
fn in_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let scripts = std::env::var_os("CODER_AGENT_SCRIPT_DATA_DIR").filter(|dir| !dir.is_empty());
    let scripts = scripts.map(|dir| PathBuf::from(dir).join("coder-script-data/bin"));
    std::env::split_paths(&path).chain(scripts).map(|dir| dir.join(NAME)).find(|path| is_executable(path))
}

fn is_executable(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

impl State {
    /// Forgets recordings that have ended: the old ones, and the oldest where there are too many.
    async fn make_room(&mut self, now: DateTime<Utc>) {
        let old: Vec<String> =
            self.recordings.iter().filter(|(_, one)| one.is_older(now, KEPT)).map(|(id, _)| id.clone()).collect();
        for id in old {
            self.forget(&id).await;
        }
        while self.recordings.len() >= MOST_KEPT {
            let ended =
                self.recordings.iter_mut().filter_map(|(id, one)| (!one.is_active()).then_some((one.number, id)));
            let Some(oldest) = ended.min().map(|(_, id)| id.clone()) else { break };
            self.forget(&oldest).await;
        }
    }

    async fn forget(&mut self, id: &str) {
        if let Some(old) = self.recordings.remove(id) {
            old.discard().await;
        }
    }

    /// Where recordings are written: a directory that only this user may enter.
    fn dir(&mut self) -> std::io::Result<&Path> {
        if self.dir.is_none() {
            let dir = std::env::temp_dir().join(format!("coder-recordings-{}", Uuid::new_v4()));
            std::fs::DirBuilder::new().mode(0o700).create(&dir)?;
            self.dir = Some(dir);
        }
        Ok(self.dir.as_deref().unwrap_or(Path::new("/")))
    }
}

#[async_trait]
impl Desktop for PortableDesktop {
    async fn start(&self) -> Result<DisplayConfig, DesktopError> {
        let mut state = self.0.state.lock().await;
        if state.closed {
            return Err(DesktopError::Closed);
        }
        if let Some(session) = &mut state.session
            && !session.program.has_ended()
        {
            return Ok(session.display);
        }
        let session = self.0.launch().await?;
        let display = session.display;
        state.session = Some(session);
        Ok(display)
    }

    async fn vnc(&self) -> Result<Box<dyn VncStream>, DesktopError> {
        let port = self.0.state.lock().await.session.as_ref().map(|session| session.vnc_port);
        let port = port.ok_or_else(|| words("desktop session not started"))?;
        let number = u16::try_from(port).map_err(|_| words(format!("dial tcp: address {port}: invalid port")))?;
        let stream = TcpStream::connect(("127.0.0.1", number)).await;
        let refused = |error| words(format!("dial tcp 127.0.0.1:{port}: connect: {}", in_words(&error)));
        Ok(Box::new(stream.map_err(refused)?))
    }

    async fn screenshot(&self, width: i64, height: i64) -> Result<String, DesktopError> {
        #[derive(Deserialize)]
        struct Screenshot {
            data: String,
        }
        let (width, height) = (width.to_string(), height.to_string());
        let arguments = ["screenshot", "--json", "--target-width", &width, "--target-height", &height];
        self.0.json::<Screenshot>(&arguments).await.map(|it| it.data)
    }

    async fn input(&self, input: Input<'_>) -> Result<(), DesktopError> {
        let two = |a: i64, b: i64| (a.to_string(), b.to_string());
        let done = match input {
            Input::Move(x, y) => {
                let (x, y) = two(x, y);
                self.0.command(&["mouse", "move", &x, &y]).await
            }
            Input::Scroll(x, y) => {
                let (x, y) = two(x, y);
                self.0.command(&["mouse", "scroll", &x, &y]).await
            }
            Input::Click(button) => self.0.command(&["mouse", "click", button.name()]).await,
            Input::ButtonDown(button) => self.0.command(&["mouse", "down", button.name()]).await,
            Input::ButtonUp(button) => self.0.command(&["mouse", "up", button.name()]).await,
            Input::Key(keys) => self.0.command(&["keyboard", "key", keys]).await,
            Input::KeyDown(key) => self.0.command(&["keyboard", "down", key]).await,
            Input::KeyUp(key) => self.0.command(&["keyboard", "up", key]).await,
            Input::Type(text) => self.0.command(&["keyboard", "type", text]).await,
        };
        done.map(drop)
    }

    async fn cursor(&self) -> Result<(i64, i64), DesktopError> {
        #[derive(Deserialize)]
        struct Cursor {
            x: i64,
            y: i64,
        }
        self.0.json::<Cursor>(&["cursor", "--json"]).await.map(|it| (it.x, it.y))
    }

    fn record_activity(&self) {
        self.0.use_now();
    }

    async fn start_recording(&self, id: &str) -> Result<(), DesktopError> {
        self.start().await.map_err(|error| match error {
            DesktopError::Failed(reason) => words(format!("ensure desktop session: {reason}")),
            other => other,
        })?;
        let mut state = self.0.state.lock().await;
        if state.closed {
            return Err(DesktopError::Closed);
        }
        if state.recordings.get_mut(id).is_some_and(Recording::is_active) {
            return Ok(());
        }
        state.forget(id).await;
        if state.recordings.values_mut().filter_map(|one| one.is_active().then_some(())).count() >= MOST_RECORDINGS {
            return Err(words(format!("too many concurrent recordings (max {MOST_RECORDINGS})")));
        }
        state.make_room(self.0.clock.now()).await;
        let dir = state.dir().map_err(|error| words(format!("start recording process: {error}")))?;
        let number = self.0.recorded.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        // Not by its id, which is whatever somebody wrote.
        let (video, thumbnail) = (dir.join(format!("{number}.mp4")), dir.join(format!("{number}.thumb.jpg")));
        let mut command = Command::new(self.0.binary()?);
        // Stretches in which nothing happens are shown faster.
        let faster = ["--idle-speedup", "20", "--idle-min-duration", "0.35", "--idle-noise-tolerance", "-38dB"];
        command.arg("record").args(faster).arg("--thumbnail").arg(&thumbnail).arg(&video);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let program =
            Program::start(&mut command).map_err(|error| words(format!("start recording process: {error}")))?;
        state.recordings.insert(id.to_owned(), Recording::new(program, video, thumbnail, number));
        self.0.use_now();
        tokio::spawn(Inner::follow(Arc::downgrade(&self.0), id.to_owned(), number));
        Ok(())
    }

    async fn stop_recording(&self, id: &str) -> Result<Artifact, DesktopError> {
        let mut state = self.0.state.lock().await;
        if state.closed {
            return Err(DesktopError::Closed);
        }
        let recording = state.recordings.get_mut(id).ok_or(DesktopError::UnknownRecording)?;
        recording.stop(&*self.0.clock).await;
        recording.open().await
    }

    async fn close(&self) {
        let (recordings, session, dir) = {
            let mut state = self.0.state.lock().await;
            state.closed = true;
            (std::mem::take(&mut state.recordings), state.session.take(), state.dir.take())
        };
        for recording in recordings.into_values() {
            recording.discard().await;
        }
        if let Some(session) = session {
            session.program.end(GRACE).await;
        }
        if let Some(dir) = dir {
            // What a program writes even now is in nobody's way.
            let _ = tokio::fs::remove_dir_all(dir).await;
        }
    }
}
