//! Headers that an outside command prints.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use secrecy::SecretString;
use url::Url;

use crate::{Error, Result};

/// How long the command may run.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How much it may print, in bytes.
const MAX_OUTPUT: u64 = 64 << 10;
/// How often a command that has closed its output is looked at for its end.
const POLL: Duration = Duration::from_millis(5);

/// Runs the command with the system's shell and reads a header from each line, as `name=value`. What it prints shows in
/// no error: it may be secret.
///
/// # Errors
/// [`is_invalid_request`](Error::is_invalid_request) when it cannot be run, fails, takes too long or prints something
/// else.
pub(crate) fn headers_of(command: &str, url: &Url) -> Result<Vec<(String, SecretString)>> {
    run(command, url, TIMEOUT)
}

fn run(command: &str, url: &Url, timeout: Duration) -> Result<Vec<(String, SecretString)>> {
    let failed = |what: &str| Error::config(format!("the header command {what}"));
    let mut child = shell(command)
        .env("CODER_URL", url.as_str().trim_end_matches('/'))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| failed(&format!("cannot be run: {error}")).with_source(error))?;
    let output = output_of(&mut child, Instant::now() + timeout);
    if output.is_err() {
        // It may have ended by itself in between.
        let _ = child.kill();
        let _ = child.wait();
    }
    let output = output.map_err(failed)?;
    output
        .lines()
        .enumerate()
        .map(|(index, line)| {
            let (name, value) =
                line.split_once('=').ok_or_else(|| failed(&format!("printed no name=value on line {}", index + 1)))?;
            Ok((name.to_owned(), SecretString::from(value.to_owned())))
        })
        .collect()
}

#[cfg(not(windows))]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]);
    shell
}

#[cfg(windows)]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd.exe");
    shell.args(["/c", command]);
    shell
}

fn output_of(child: &mut Child, deadline: Instant) -> std::result::Result<String, &'static str> {
    const LATE: &str = "took too long";
    let stdout = child.stdout.take().ok_or("has no output")?;
    let (sender, receiver) = mpsc::channel();
    // The pipe cannot be read with a deadline. A thread that is left behind ends with the last holder of the pipe.
    thread::spawn(move || {
        let mut text = Vec::new();
        let read = stdout.take(MAX_OUTPUT + 1).read_to_end(&mut text);
        let _ = sender.send(read.map(|_| text));
    });
    let left = deadline.saturating_duration_since(Instant::now());
    let text = receiver.recv_timeout(left).map_err(|_| LATE)?.map_err(|_| "gave output that cannot be read")?;
    if text.len() as u64 > MAX_OUTPUT {
        return Err("printed too much");
    }
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => break,
            Ok(Some(_)) | Err(_) => return Err("failed"),
            Ok(None) if Instant::now() >= deadline => return Err(LATE),
            Ok(None) => thread::sleep(POLL),
        }
    }
    String::from_utf8(text).map_err(|_| "printed no text")
}

#[cfg(all(test, unix))]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn of(command: &str) -> Result<Vec<(String, String)>> {
        let url = Url::parse("https://coder.test/").unwrap();
        let headers = headers_of(command, &url)?;
        Ok(headers.into_iter().map(|(name, value)| (name, value.expose_secret().to_owned())).collect())
    }

    #[test]
    fn each_line_is_a_header() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let headers = of(r#"printf 'X-A=1=2\r\nX-B=%s\n' "$CODER_URL"; echo oops >&2"#).unwrap();
        assert_eq!(headers, [pair("X-A", "1=2"), pair("X-B", "https://coder.test")]);
        assert_eq!(of("true").unwrap(), []);
    }

    #[test]
    fn commands_that_cannot_be_used_are_told_apart_without_their_output() {
        for (command, words) in [
            ("echo X-Secret=s3cret; exit 3", "failed"),
            ("echo X-A=1; echo s3cret", "printed no name=value on line 2"),
            ("yes s3cret", "printed too much"),
            (r"printf '\377'", "printed no text"),
        ] {
            let error = of(command).unwrap_err();
            assert!(error.is_invalid_request() && error.to_string().contains(words), "{command}: {error}");
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
        }
    }

    #[test]
    fn a_command_without_end_is_killed() {
        let url = Url::parse("https://coder.test/").unwrap();
        for command in ["exec sleep 600", "exec >&-; exec sleep 600"] {
            let error = run(command, &url, Duration::from_millis(50)).unwrap_err();
            assert!(error.to_string().contains("took too long"), "{error}");
        }
    }
}
