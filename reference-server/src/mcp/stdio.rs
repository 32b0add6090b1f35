//! Servers that are programs, which listen on their standard input and answer on their standard output.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::process::Stdio;

use tokio::process::{ChildStdin, ChildStdout, Command};

use super::McpError;
use crate::program::Program;

/// A program and what it is started with.
#[derive(Clone)]
pub(crate) struct StdioServer {
    pub(crate) command: String,
    pub(crate) arguments: Vec<String>,
    /// Variables over those of this process.
    pub(crate) env: BTreeMap<String, String>,
    /// Where it runs.
    pub(crate) dir: PathBuf,
}

impl fmt::Debug for StdioServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Arguments and variables can hold secrets.
        f.debug_struct("StdioServer").field("command", &self.command).finish_non_exhaustive()
    }
}

impl StdioServer {
    pub(super) fn start(&self) -> Result<(Program, (ChildStdout, ChildStdin)), McpError> {
        let mut command = Command::new(&self.command);
        command.args(&self.arguments).envs(&self.env).current_dir(&self.dir);
        // Nobody reads its complaints; a pipe would fill and stop it.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut program = Program::start(&mut command).map_err(McpError::new)?;
        let pipes = program.pipes().ok_or_else(|| McpError::new("its input and output cannot be had"))?;
        Ok((program, pipes))
    }
}
