//! Running commands, and looking after the processes that they start.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use codersdk::__private::parse_duration;
use codersdk::Result as CallResult;
use regex::Regex;
use serde::Serialize;
use serde_json::{Map, Value, json};
use workspacesdk::processes::{ProcessOutputResponse, ProcessTruncation, StartProcessRequest};
use workspacesdk::{AgentConn, ProcessOutputOptions};

use super::{Outcome, ToolResponse, WorkspaceTool, given, optional};
use crate::quote::quoted;

/// How long a command, or the end of a process, is waited for where the model does not say, in nanoseconds.
const DEFAULT_WAIT: i64 = 10_000_000_000;

/// How long looking at a process may take after waiting for it failed.
const SNAPSHOT: Duration = Duration::from_secs(30);

/// Most bytes of an output that the model is shown.
const MAX_OUTPUT: usize = 32 << 10;

/// What keeps programs from asking questions that nobody would answer.
const ENVIRONMENT: [(&str, &str); 10] = [
    ("CODER_CHAT_AGENT", "true"),
    ("GIT_EDITOR", "true"),
    ("GIT_SEQUENCE_EDITOR", "true"),
    ("EDITOR", "true"),
    ("VISUAL", "true"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("NO_COLOR", "1"),
    ("TERM", "dumb"),
    ("PAGER", "cat"),
    ("GIT_PAGER", "cat"),
];

const DUMP_NOTE: &str = "Consider using read_file instead of dumping file contents with shell commands.";

/// What the model is told of a command.
#[derive(Debug, Default, Serialize)]
struct Told {
    success: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    output: String,
    exit_code: i64,
    wall_duration_ms: i64,
    #[serde(skip_serializing_if = "String::is_empty")]
    error: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    truncated: Option<ProcessTruncation>,
    #[serde(skip_serializing_if = "str::is_empty")]
    note: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    background_process_id: String,
}

impl Told {
    fn response(&self) -> ToolResponse {
        ToolResponse::json(&json!(self))
    }

    /// That something failed which is no fault of the call.
    fn failed(error: String) -> ToolResponse {
        Self { error, ..Self::default() }.response()
    }

    /// Of a process that has ended.
    fn ended(answer: ProcessOutputResponse) -> Self {
        let exit_code = answer.exit_code.unwrap_or_default();
        Self {
            success: exit_code == 0,
            output: cut(answer.output),
            exit_code,
            truncated: answer.truncated,
            ..Self::default()
        }
    }

    /// Of a process that runs on.
    fn running(answer: ProcessOutputResponse, error: String, id: &str) -> Self {
        Self {
            output: cut(answer.output),
            exit_code: -1,
            error,
            truncated: answer.truncated,
            background_process_id: id.to_owned(),
            ..Self::default()
        }
    }
}

/// A wait that the model asked for.
#[derive(Debug, Clone, Copy)]
struct Wait {
    nanos: i64,
}

impl Wait {
    /// # Errors
    /// With the words that the model is told.
    fn parse(name: &str, given: Option<&str>) -> Result<Self, String> {
        let Some(given) = given else { return Ok(Self { nanos: DEFAULT_WAIT }) };
        let nanos = parse_duration(given).map_err(|error| format!("invalid {name} {}: {error}", quoted(given)))?;
        Ok(Self { nanos })
    }

    fn duration(self) -> Duration {
        Duration::from_nanos(u64::try_from(self.nanos).unwrap_or_default())
    }
}

impl WorkspaceTool {
    pub(super) async fn execute(&self, args: &Map<String, Value>) -> Outcome {
        let conn = self.workspace.conn().await?;
        let mut command = given(args, "command");
        if command.is_empty() {
            return Err("command is required".to_owned());
        }
        let mut background = args.get("run_in_background").and_then(Value::as_bool).unwrap_or_default();
        if !background && let Some(foreground) = without_ampersand(command) {
            (command, background) = (foreground, true);
        }
        let env: BTreeMap<String, String> =
            ENVIRONMENT.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let request = StartProcessRequest {
            command: command.to_owned(),
            workdir: optional(args, "workdir").filter(|dir| !dir.is_empty()).map(str::to_owned),
            env: Some(env),
            background: background.then_some(true),
        };
        if background {
            return Ok(match conn.start_process(request).await {
                Ok(started) => Told { success: true, background_process_id: started.id, ..Told::default() }.response(),
                Err(error) => Told::failed(format!("start background process: {error}")),
            });
        }
        let wait = Wait::parse("timeout", optional(args, "timeout"))?;
        let begun = self.clock.now();
        let expired = self.clock.sleep(wait.duration());
        tokio::pin!(expired);
        let started = tokio::select! {
            biased;
            () = &mut expired => return Ok(Told::failed("start process: context deadline exceeded".to_owned())),
            started = conn.start_process(request) => started,
        };
        let id = match started {
            Ok(started) => started.id,
            Err(error) => return Ok(Told::failed(format!("start process: {error}"))),
        };
        let mut told = self.await_end(&*conn, &id, wait, expired).await;
        told.wall_duration_ms = (self.clock.now() - begun).num_milliseconds();
        if dumps_a_file(command) {
            told.note = DUMP_NOTE;
        }
        Ok(told.response())
    }

    /// Waits until the process ends or time is up, and asks again where the agent waits for less.
    async fn await_end(
        &self,
        conn: &dyn AgentConn,
        id: &str,
        wait: Wait,
        mut expired: std::pin::Pin<&mut (impl Future<Output = ()> + Send)>,
    ) -> Told {
        let limit = shown_duration(wait.nanos);
        let late = format!("command timed out after {limit}");
        let failure = loop {
            tokio::select! {
                biased;
                () = &mut expired => break None,
                answer = conn.process_output(id, ProcessOutputOptions { wait: true }) => match answer {
                    Ok(answer) if answer.running => {}
                    Ok(answer) => return Told::ended(answer),
                    Err(error) => break Some(error.to_string()),
                },
            }
        };
        // What the process has written is of use, even if nobody waited for its end.
        match self.snapshot(conn, id).await {
            Ok(answer) if !answer.running => Told::ended(answer),
            Ok(answer) => {
                let error = failure.map_or(late, |error| {
                    format!("get process output: {error} (process still running, use process_output to check later)")
                });
                Told::running(answer, error, id)
            }
            Err(error) => {
                let error = match failure {
                    None => format!("{late}; failed to get output: {error}"),
                    Some(first) => {
                        format!("get process output: {first}; use process_output with ID {id} to retry")
                    }
                };
                Told::running(ProcessOutputResponse::default(), error, id)
            }
        }
    }

    /// What is there of a process now.
    async fn snapshot(&self, conn: &dyn AgentConn, id: &str) -> Result<ProcessOutputResponse, String> {
        tokio::select! {
            biased;
            answer = conn.process_output(id, ProcessOutputOptions::default()) => {
                answer.map_err(|error| error.to_string())
            }
            () = self.clock.sleep(SNAPSHOT) => Err("context deadline exceeded".to_owned()),
        }
    }

    pub(super) async fn process_output(&self, args: &Map<String, Value>) -> Outcome {
        let id = process_id(args)?;
        let conn = self.workspace.conn().await?;
        let wait = Wait::parse("wait_timeout", optional(args, "wait_timeout"))?;
        let waited: Option<CallResult<ProcessOutputResponse>> = if wait.nanos > 0 {
            tokio::select! {
                biased;
                answer = conn.process_output(id, ProcessOutputOptions { wait: true }) => Some(answer),
                () = self.clock.sleep(wait.duration()) => None,
            }
        } else {
            Some(conn.process_output(id, ProcessOutputOptions::default()).await)
        };
        let answer = match waited {
            Some(Ok(answer)) => answer,
            _ => match self.snapshot(&*conn, id).await {
                Ok(answer) => answer,
                Err(error) => return Ok(Told::failed(format!("get process output: {error}"))),
            },
        };
        let running = answer.running;
        let mut told = Told::ended(answer);
        if running {
            (told.success, told.note) = (true, "process is still running");
        }
        Ok(told.response())
    }

    pub(super) async fn process_list(&self) -> Outcome {
        let conn = self.workspace.conn().await?;
        Ok(match conn.list_processes().await {
            Ok(listed) => ToolResponse::json(&json!(listed)),
            Err(error) => Told::failed(format!("list processes: {error}")),
        })
    }

    pub(super) async fn process_signal(&self, args: &Map<String, Value>) -> Outcome {
        let id = process_id(args)?;
        let signal = given(args, "signal");
        if !matches!(signal, "terminate" | "kill") {
            return Err("signal must be \"terminate\" or \"kill\"".to_owned());
        }
        let conn = self.workspace.conn().await?;
        Ok(match conn.signal_process(id, signal.into()).await {
            Ok(()) => ToolResponse::json(&json!({
                "success": true,
                "message": format!("signal {} sent to process {id}", quoted(signal)),
            })),
            Err(error) => Told::failed(format!("signal process: {error}")),
        })
    }
}

fn process_id(args: &Map<String, Value>) -> Result<&str, String> {
    match given(args, "process_id") {
        "" => Err("process_id is required".to_owned()),
        id => Ok(id),
    }
}

/// The command without the `&` at its end that would take it out of sight; `None` if there is none.
fn without_ampersand(command: &str) -> Option<&str> {
    let command = command.trim();
    let alone = !command.ends_with("&&") && !command.ends_with("|&");
    command.strip_suffix('&').filter(|_| alone).map(str::trim)
}

/// Whether the command prints a whole file, which another tool does better.
fn dumps_a_file(command: &str) -> bool {
    static DUMPS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^cat[\t\n\f\r ]+|^(rg|grep)[\t\n\f\r ]+(.*--include-all|-l[\t\n\f\r ]+)").expect("a fixed pattern")
    });
    DUMPS.is_match(command)
}

/// The beginning of an output, as much as the model is shown.
fn cut(mut output: String) -> String {
    output.truncate(output.floor_char_boundary(MAX_OUTPUT));
    output
}

/// A duration in the form in which it is written, such as `1m30s` or `80ms`.
fn shown_duration(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let all = nanos.unsigned_abs();
    let decimal = |value: u64, unit: u64| {
        let digits = unit.ilog10() as usize;
        let fraction = format!("{:0digits$}", value % unit);
        let fraction = fraction.trim_end_matches('0');
        let whole = value / unit;
        if fraction.is_empty() || digits == 0 { whole.to_string() } else { format!("{whole}.{fraction}") }
    };
    let text = match all {
        0 => "0s".to_owned(),
        1..1_000 => format!("{all}ns"),
        1_000..1_000_000 => format!("{}µs", decimal(all, 1_000)),
        1_000_000..1_000_000_000 => format!("{}ms", decimal(all, 1_000_000)),
        _ => {
            let (minutes, rest) = (all / 60_000_000_000, all % 60_000_000_000);
            let seconds = decimal(rest, 1_000_000_000);
            match (minutes / 60, minutes % 60) {
                (0, 0) => format!("{seconds}s"),
                (0, minutes) => format!("{minutes}m{seconds}s"),
                (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
            }
        }
    };
    format!("{sign}{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_shown_as_they_are_written() {
        for (nanos, text) in [
            (0, "0s"),
            (80_000_000, "80ms"),
            (1_500_000, "1.5ms"),
            (1_500, "1.5µs"),
            (1_000_000_000, "1s"),
            (90_500_000_000, "1m30.5s"),
            (3_600_000_000_000, "1h0m0s"),
            (-1_000_000_000, "-1s"),
        ] {
            assert_eq!(shown_duration(nanos), text);
        }
    }

    #[test]
    fn only_a_lone_ampersand_at_the_end_counts() {
        assert_eq!(without_ampersand(" a & "), Some("a"));
        for command in ["a", "a && ", "a |&", "a & b"] {
            assert_eq!(without_ampersand(command), None, "{command}");
        }
    }
}
