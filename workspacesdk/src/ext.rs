//! What is made of an agent's calls.

use crate::agent_conn::AgentConn;
use crate::edits::Edit;
use crate::lines::LinePages;
use crate::run::Run;

/// What is made of an agent's calls: running a command to its end, editing, reading a file page by page. Everything
/// that is an [`AgentConn`] has it, also `dyn AgentConn`.
///
/// ```
/// use workspacesdk::{AgentConn, AgentConnExt};
///
/// async fn bump(agent: &dyn AgentConn) -> codersdk::Result<String> {
///     agent.edit("/src/version.txt").replace("1.0", "1.1").await?;
///     let made = agent.run("make").workdir("/src").env("CI", "1").await?;
///     Ok(if made.success() { "made".to_owned() } else { made.output })
/// }
/// ```
pub trait AgentConnExt: AgentConn {
    /// Runs a command in a shell to its end, however long that takes. See [`Run`] for what can be set.
    ///
    /// # Errors
    /// As [`start_process`](AgentConn::start_process) and [`process_output`](AgentConn::process_output). That a
    /// command fails is none: see [`RunOutput::success`](crate::RunOutput::success).
    fn run(&self, command: impl Into<String>) -> Run<'_, Self> {
        Run::new(self, command.into())
    }

    /// Edits a file, or several: all edits are made, or none. See [`Edit`].
    ///
    /// # Errors
    /// As [`edit_files`](AgentConn::edit_files).
    fn edit(&self, path: impl Into<String>) -> Edit<'_, Self> {
        Edit::new(self, path.into())
    }

    /// Reads a text file line by line, however many lines there are. See [`LinePages`].
    ///
    /// # Errors
    /// As [`LinePages::next_page`].
    fn read_lines(&self, path: impl Into<String>) -> LinePages<'_, Self> {
        LinePages::new(self, path.into())
    }
}

impl<T: AgentConn + ?Sized> AgentConnExt for T {}
