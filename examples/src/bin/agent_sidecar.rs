//! Runs a program inside a Coder workspace, ships what it writes as logs of the agent, and reports how it is doing.
//!
//! ```text
//! agent_sidecar [APP] -- PROGRAM [ARGUMENT…]
//! ```
//!
//! It acts for the agent that `CODER_AGENT_URL` and `CODER_AGENT_TOKEN` name. With an app's slug, the program's start and
//! end are reported as the app's status. When the prebuilt workspace is claimed, the program starts over, for its new
//! owner. The sidecar ends as the program ends.

use std::process::{ExitCode, Stdio};
use std::time::Duration;

use agentsdk::{
    AgentApi as _, AgentClient, LOG_LIMIT_EXCEEDED, LogSender, LogsWriter, PatchAppStatus, PostLogSourceRequest,
    ReinitEvents, ScriptLogger,
};
use anyhow::{Context as _, bail};
use futures_util::StreamExt as _;
use tokio::io::{AsyncRead, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use uuid::Uuid;

/// The log source of every sidecar: the same one whenever it runs.
const SOURCE: Uuid = Uuid::from_u128(0x5ca1_ab1e_0000_4000_8000_0000_0000_0001);
/// How long the last lines may take to get to the server.
const LAST_LINES: Duration = Duration::from_secs(10);
/// The pause before lines are sent again after a failure.
const PAUSE: Duration = Duration::from_secs(1);

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let Some(end) = args.iter().position(|arg| arg == "--") else {
        bail!("usage: agent_sidecar [APP] -- PROGRAM [ARGUMENT…]");
    };
    let program = args.split_off(end + 1);
    let app = args.first().filter(|_| end > 0).cloned();
    let agent = AgentClient::from_env()?;

    let name = program.first().context("no program to run")?.clone();
    let logs = LogSender::new();
    let sending = tokio::spawn(send_logs(logs.clone(), agent.clone()));

    let code = run(&agent, app.as_deref(), &program, &logs.script_logger(SOURCE)).await?;
    let (state, message) = match code {
        0 => ("complete", format!("{name} has ended")),
        code => ("failure", format!("{name} has ended with code {code}")),
    };
    report(&agent, app.as_deref(), state, &message).await;

    logs.flush(SOURCE);
    if tokio::time::timeout(LAST_LINES, logs.wait_until_empty()).await.is_err() {
        eprintln!("agent_sidecar: the last lines could not be sent");
    }
    sending.abort();
    Ok(ExitCode::from(code))
}

/// Runs the program until it ends by itself; each claim of the workspace starts it over.
async fn run(agent: &AgentClient, app: Option<&str>, program: &[String], logs: &ScriptLogger) -> anyhow::Result<u8> {
    let mut claims = Claims(Some(agent.reinit_events()));
    loop {
        // Each build has its own agent, which knows nothing of what the one before it was told.
        let name = program[0].clone();
        let started = format!("runs {name}");
        let source = PostLogSourceRequest { id: SOURCE, display_name: name, icon: "/emojis/1f4e6.png".to_owned() };
        agent.post_log_source(source).await?;
        report(agent, app, "working", &started).await;
        let mut child = Command::new(&program[0])
            .args(&program[1..])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("run {}", program[0]))?;
        let output = ship(&mut child, logs);
        tokio::select! {
            (status, ()) = async { tokio::join!(child.wait(), output) } => {
                let code = status?.code().and_then(|code| u8::try_from(code).ok());
                return Ok(code.unwrap_or(1));
            }
            () = claims.next() => {}
        }
        child.kill().await?;
    }
}

/// The claims to come, if any can.
struct Claims(Option<ReinitEvents>);

impl Claims {
    /// Returns at the next claim.
    async fn next(&mut self) {
        if let Some(events) = &mut self.0
            && let Some(event) = events.next().await
        {
            eprintln!("agent_sidecar: the workspace belongs to {} now: starting over", event.owner_id);
            return;
        }
        // There will be none: the workspace is not a prebuilt one.
        self.0 = None;
        std::future::pending::<()>().await;
    }
}

/// Makes log lines of what the program writes, until it has closed both of its outputs.
fn ship(child: &mut Child, logs: &ScriptLogger) -> impl Future<Output = ()> + use<> {
    let stdout = child.stdout.take().map(|stdout| lines(stdout, "info", logs.clone()));
    let stderr = child.stderr.take().map(|stderr| lines(stderr, "error", logs.clone()));
    async move {
        let stdout = async {
            if let Some(stdout) = stdout {
                stdout.await;
            }
        };
        let stderr = async {
            if let Some(stderr) = stderr {
                stderr.await;
            }
        };
        tokio::join!(stdout, stderr);
    }
}

async fn lines(mut output: impl AsyncRead + Unpin, level: &str, logs: ScriptLogger) {
    let mut writer = LogsWriter::new(level.into(), |line| {
        logs.send([line]);
        Ok(())
    });
    let copied = tokio::io::copy(&mut output, &mut writer).await;
    if let (Err(error), _) | (Ok(_), Err(error)) = (copied, writer.shutdown().await) {
        eprintln!("agent_sidecar: reading the program's output: {error}");
    }
}

/// Sends lines for as long as the server takes any.
async fn send_logs(logs: LogSender, agent: AgentClient) {
    loop {
        let Err(error) = logs.send_loop(&agent).await else { return };
        if error.message() == LOG_LIMIT_EXCEEDED {
            eprintln!("agent_sidecar: the server takes no more lines");
            return;
        }
        eprintln!("agent_sidecar: {}", error.friendly());
        tokio::time::sleep(PAUSE).await;
    }
}

/// Reports what the app is doing. The program matters more than the report.
async fn report(agent: &AgentClient, app: Option<&str>, state: &str, message: &str) {
    let Some(app) = app else { return };
    let status = PatchAppStatus {
        app_slug: app.to_owned(),
        state: state.into(),
        message: message.chars().take(40).collect(),
        ..PatchAppStatus::default()
    };
    if let Err(error) = agent.patch_app_status(status).await {
        eprintln!("agent_sidecar: {}", error.friendly());
    }
}
