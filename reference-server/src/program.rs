//! Programs that are run: each in a process group of its own, so that what it starts ends with it.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::unix::pipe::Receiver;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::quote::quoted;

/// What is read of an output at a time.
const CHUNK: usize = 64 << 10;

/// A program that runs. Dropping it kills it, with all that it started.
#[derive(Debug)]
pub(crate) struct Program(Child);

impl Program {
    /// Starts a program.
    ///
    /// # Errors
    /// Why it could not be started.
    pub(crate) fn start(command: &mut Command) -> Result<Self, String> {
        command.process_group(0);
        let program = command.as_std().get_program().to_string_lossy().into_owned();
        command.spawn().map(Self).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidInput => format!("fork/exec {program}: invalid argument"),
            _ if program.contains('/') => format!("fork/exec {program}: {}", workspacesdk::fs::in_words(&error)),
            io::ErrorKind::NotFound => format!("exec: {}: executable file not found in $PATH", quoted(&program)),
            _ => format!("exec: {}: {}", quoted(&program), workspacesdk::fs::in_words(&error)),
        })
    }

    /// Its output and its input, where they are pipes and were not taken before.
    pub(crate) fn pipes(&mut self) -> Option<(ChildStdout, ChildStdin)> {
        self.0.stdout.take().zip(self.0.stdin.take())
    }

    /// Its output, where it is a pipe and was not taken before.
    pub(crate) fn output(&mut self) -> Option<ChildStdout> {
        self.0.stdout.take()
    }

    /// Waits for its end. Cancel safe.
    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.0.wait().await
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(Some(_)) | Err(_))
    }

    /// Sends a signal to it and all that it started; once its end was noted, to nobody.
    pub(crate) fn signal(&self, signal: Signal) {
        // The id is kept from being another's until the end is noted, when it is forgotten here.
        if let Some(group) = self.0.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
            // A group that is gone needs no signal.
            let _ = kill_process_group(group, signal);
        }
    }

    /// Asks it to end, and kills it when it takes too long.
    pub(crate) async fn end(mut self, grace: Duration) {
        self.signal(Signal::TERM);
        if tokio::time::timeout(grace, self.0.wait()).await.is_err() {
            self.signal(Signal::KILL);
            // It was killed; what is left is to take note of it.
            let _ = self.0.wait().await;
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

/// What a program said until its end.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    /// Why it failed, or could not be started, in the words of Go's `os/exec`.
    pub(crate) outcome: Result<(), String>,
}

impl Finished {
    /// What it wrote, as text without space around it.
    pub(crate) fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).trim().to_owned()
    }

    /// What it complained of, as text without space around it.
    pub(crate) fn stderr_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).trim().to_owned()
    }
}

/// Runs a program to its end; one that writes more than `limit` bytes to either output is killed. Whoever gives up
/// waiting kills it, too.
pub(crate) async fn run(mut command: Command, limit: usize) -> Finished {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let outcome = async {
        let mut program = Program::start(&mut command)?;
        let (out, err) = (program.0.stdout.take(), program.0.stderr.take());
        tokio::try_join!(collect(out, &mut stdout, limit), collect(err, &mut stderr, limit))?;
        ended(&mut program).await
    };
    let outcome = outcome.await;
    Finished { stdout, stderr, outcome }
}

/// Runs a program as [`run`] does, its outputs in one in the order in which it wrote them.
pub(crate) async fn run_combined(mut command: Command, limit: usize) -> (Vec<u8>, Result<(), String>) {
    let mut output = Vec::new();
    let outcome = async {
        let (reader, writer) = io::pipe().map_err(|error| error.to_string())?;
        let other = writer.try_clone().map_err(|error| error.to_string())?;
        command.stdin(Stdio::null()).stdout(writer).stderr(other);
        let mut program = Program::start(&mut command)?;
        // It holds ends of the pipe, which must close when the program ends.
        drop(command);
        let reader = Receiver::from_owned_fd(reader.into()).map_err(|error| error.to_string())?;
        collect(Some(reader), &mut output, limit).await?;
        ended(&mut program).await
    };
    let outcome = outcome.await;
    (output, outcome)
}

async fn ended(program: &mut Program) -> Result<(), String> {
    let status = program.wait().await.map_err(|error| error.to_string())?;
    if status.success() { Ok(()) } else { Err(in_words(status)) }
}

async fn collect(pipe: Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>, limit: usize) -> Result<(), String> {
    let Some(mut pipe) = pipe else { return Ok(()) };
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = pipe.read(&mut chunk).await.map_err(|error| error.to_string())?;
        if read == 0 {
            return Ok(());
        }
        if into.len() + read > limit {
            return Err(format!("it wrote more than {limit} bytes"));
        }
        into.extend_from_slice(&chunk[..read]);
    }
}

fn in_words(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    if let Some(code) = status.code() {
        return format!("exit status {code}");
    }
    let number = status.signal().unwrap_or_default();
    let name = usize::try_from(number).ok().and_then(|number| SIGNALS.get(number)).filter(|name| !name.is_empty());
    let name = name.map_or_else(|| format!("signal {number}"), |name| (*name).to_owned());
    format!("signal: {name}{}", if status.core_dumped() { " (core dumped)" } else { "" })
}

/// The names of signals, by their numbers.
const SIGNALS: [&str; 16] = [
    "",
    "hangup",
    "interrupt",
    "quit",
    "illegal instruction",
    "trace/breakpoint trap",
    "aborted",
    "bus error",
    "floating point exception",
    "killed",
    "user defined signal 1",
    "segmentation fault",
    "user defined signal 2",
    "broken pipe",
    "alarm clock",
    "terminated",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn command(program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments);
        command
    }

    async fn shell(script: &str) -> Finished {
        run(command("sh", &["-c", script]), 1000).await
    }

    #[tokio::test]
    async fn both_outputs_are_kept_and_bounded() {
        let finished = shell("echo out; echo err >&2; exit 3").await;
        assert_eq!((finished.stdout_text().as_str(), finished.stderr_text().as_str()), ("out", "err"));
        assert_eq!(finished.outcome, Err("exit status 3".to_owned()));
        assert_eq!(shell("true").await.outcome, Ok(()));
        assert_eq!(shell("kill -9 $$").await.outcome, Err("signal: killed".to_owned()));
        assert_eq!(shell("yes").await.outcome, Err("it wrote more than 1000 bytes".to_owned()));
        let absent = run(command("no-such-program", &["x"]), 1000).await;
        assert_eq!(absent.outcome, Err("exec: \"no-such-program\": executable file not found in $PATH".to_owned()));
    }

    #[tokio::test]
    async fn what_ends_a_program_has_a_name() {
        assert_eq!(shell("kill -1 $$").await.outcome, Err("signal: hangup".to_owned()));
        assert_eq!(shell("kill -29 $$").await.outcome, Err("signal: signal 29".to_owned()));
        let absent = run(command("/no/such/program", &["x"]), 1000).await;
        assert_eq!(absent.outcome, Err("fork/exec /no/such/program: no such file or directory".to_owned()));
        let nul = run(command("/bin/echo", &["a\0b"]), 1000).await;
        assert_eq!(nul.outcome, Err("fork/exec /bin/echo: invalid argument".to_owned()));
    }

    #[tokio::test]
    async fn outputs_can_be_read_in_the_order_of_their_writing() {
        let script = "echo 1; echo 2 >&2; echo 3; exit 4";
        let (output, outcome) = run_combined(command("sh", &["-c", script]), 1000).await;
        assert_eq!((output.as_slice(), outcome), (b"1\n2\n3\n".as_slice(), Err("exit status 4".to_owned())));
        let (_, outcome) = run_combined(command("sh", &["-c", "yes"]), 1000).await;
        assert_eq!(outcome, Err("it wrote more than 1000 bytes".to_owned()));
    }
}
