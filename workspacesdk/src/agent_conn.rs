//! The connection to a workspace agent, as a trait.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use codersdk::{Response, WorkspaceAgentListContainersResponse, WorkspaceAgentListeningPortsResponse};
use uuid::Uuid;

use crate::body::{BoxIo, FileContent, NewContent};
use crate::context::{ContextConfigResponse, ContextSnapshot, ContextSource};
use crate::desktop::{DesktopAction, DesktopActionResponse, StartDesktopRecordingRequest, StopDesktopRecordingRequest};
use crate::files::{
    FileEditRequest, FileEditResponse, LsRequest, LsResponse, ReadFileLinesLimits, ReadFileLinesResponse,
};
use crate::headers::ExtraHeaders;
use crate::mcp::{CallMcpToolRequest, CallMcpToolResponse};
use crate::netcheck::AgentNetcheckReport;
use crate::processes::{
    ListProcessesResponse, ProcessOutputResponse, ProcessSignal, StartProcessRequest, StartProcessResponse,
};
use crate::recording::DesktopRecording;
use crate::watch::{ContainersWatch, GitWatch};

/// How the output of a process is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProcessOutputOptions {
    /// Whether to answer only when the process has ended, or after five minutes.
    pub wait: bool,
}

/// Which logs of an agent are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DebugLogsOptions {
    /// Also rotated logs that were written to at this time or later, up to 100 MiB together. Without it, the last
    /// 10 MiB of the current log.
    pub after: Option<DateTime<Utc>>,
}

codersdk::api_trait! {
    /// A connection to a workspace agent: processes, files, Git, containers, the desktop of a workspace.
    ///
    /// Code that takes a `&dyn AgentConn` runs against a real agent (`HttpAgentConn`), against one in memory
    /// (`FakeAgent`, feature `fake`) and against a mock (`MockAgentConn`, feature `mock`). [`AgentConnExt`] has what
    /// is made of these calls: running a command to its end, reading a file page by page, editing.
    ///
    /// Every call fails with an [`Error`](codersdk::Error) that says what the agent said. Whatever the method, it may
    /// be [`is_connect`](codersdk::Error::is_connect) if the agent cannot be reached,
    /// [`is_unauthorized`](codersdk::Error::is_unauthorized) if it wants another token, and
    /// [`is_unsupported`](codersdk::Error::is_unsupported) if this implementation does not offer it.
    ///
    /// Paths are absolute paths in the workspace.
    ///
    /// [`AgentConnExt`]: crate::AgentConnExt
    pub trait AgentConn {
        /// Sets the headers that go with every later call, instead of those that were set before.
        ///
        /// # Errors
        /// [`is_invalid_request`](codersdk::Error::is_invalid_request) if no request can carry them.
        async fn set_extra_headers(&self, headers: ExtraHeaders);

        /// Starts a command in a shell. `POST /api/v0/processes/start`.
        ///
        /// # Errors
        /// [`is_bad_request`](codersdk::Error::is_bad_request) without a command;
        /// [`is_server_error`](codersdk::Error::is_server_error) if it cannot be started, for instance because there
        /// is no such directory.
        async fn start_process(&self, request: StartProcessRequest) -> StartProcessResponse;

        /// The processes of the chat that the headers name, or of everybody: at most ten.
        /// `GET /api/v0/processes/list`.
        ///
        /// # Errors
        /// None of its own.
        async fn list_processes(&self) -> ListProcessesResponse;

        /// What a process has written, and whether it has ended. `GET /api/v0/processes/{id}/output`.
        ///
        /// # Errors
        /// [`is_not_found`](codersdk::Error::is_not_found) if there is no such process, none any more, or if it
        /// belongs to another chat.
        async fn process_output(&self, id: &str, options: ProcessOutputOptions) -> ProcessOutputResponse;

        /// Sends a signal to a process and all that it started. `POST /api/v0/processes/{id}/signal`.
        ///
        /// # Errors
        /// [`is_not_found`](codersdk::Error::is_not_found) as for the output;
        /// [`is_conflict`](codersdk::Error::is_conflict) if it has ended;
        /// [`is_bad_request`](codersdk::Error::is_bad_request) for a signal that the agent does not know.
        async fn signal_process(&self, id: &str, signal: ProcessSignal);

        /// Lists a directory: the one at `path`, or where that is empty, the one that the request tells.
        /// `POST /api/v0/list-directory`.
        ///
        /// # Errors
        /// [`is_not_found`](codersdk::Error::is_not_found); [`is_forbidden`](codersdk::Error::is_forbidden);
        /// [`is_server_error`](codersdk::Error::is_server_error) for a file or a relative path.
        #[doc(alias = "ls")]
        async fn list_directory(&self, path: &str, request: LsRequest) -> LsResponse;

        /// Follows every link in a path; names that do not exist stay as they are. `GET /api/v0/resolve-path`.
        ///
        /// # Errors
        /// [`is_bad_request`](codersdk::Error::is_bad_request) for a relative path;
        /// [`is_forbidden`](codersdk::Error::is_forbidden); [`is_server_error`](codersdk::Error::is_server_error)
        /// where links lead in a circle.
        async fn resolve_path(&self, path: &str) -> String;

        /// Reads a file from byte `offset`, at most `limit` bytes; 0 means all. `GET /api/v0/read-file`.
        ///
        /// # Errors
        /// [`is_not_found`](codersdk::Error::is_not_found); [`is_forbidden`](codersdk::Error::is_forbidden);
        /// [`is_bad_request`](codersdk::Error::is_bad_request) for a directory or a relative path.
        async fn read_file(&self, path: &str, offset: u64, limit: u64) -> FileContent;

        /// Reads lines of a text file from line `offset`, counted from 1, at most `limit`; 0 means as many as the
        /// limits allow. `GET /api/v0/read-file-lines`.
        ///
        /// # Errors
        /// [`is_bad_request`](codersdk::Error::is_bad_request) for arguments that are none. That a file cannot be read
        /// is no error of the call: the answer's `success` is then false, and its `error` says why.
        async fn read_file_lines(&self, path: &str, offset: i64, limit: i64, limits: ReadFileLinesLimits)
            -> ReadFileLinesResponse;

        /// Writes a file as a whole, and the directories above it. Until all has arrived the old file stays as it is.
        /// `POST /api/v0/write-file`.
        ///
        /// # Errors
        /// [`is_bad_request`](codersdk::Error::is_bad_request) for a relative path, a directory, or a path through a
        /// file; [`is_forbidden`](codersdk::Error::is_forbidden);
        /// [`is_server_error`](codersdk::Error::is_server_error) when the disk is full.
        async fn write_file(&self, path: &str, content: NewContent);

        /// Edits files: all edits are made, or none. `POST /api/v0/edit-files`.
        ///
        /// # Errors
        /// [`is_bad_request`](codersdk::Error::is_bad_request) for a text that is not there or not there just once,
        /// and for one file under two names; [`is_not_found`](codersdk::Error::is_not_found);
        /// [`is_forbidden`](codersdk::Error::is_forbidden). The message has a line for each file that failed.
        async fn edit_files(&self, request: FileEditRequest) -> FileEditResponse;

        /// Instruction files and skills of the workspace. `GET /api/v0/context-config`.
        ///
        /// # Errors
        /// None of its own.
        async fn context_config(&self) -> ContextConfigResponse;

        /// The files and folders where the agent looks for context. `GET /api/v0/context/sources`.
        ///
        /// # Errors
        /// None of its own.
        async fn context_sources(&self) -> Vec<ContextSource>;

        /// Adds a source, fine if it is there; gives its path as the agent knows it. `POST /api/v0/context/sources`.
        ///
        /// # Errors
        /// [`is_bad_request`](codersdk::Error::is_bad_request) for a path outside the home and the work directory.
        async fn add_context_source(&self, path: &str) -> ContextSource;

        /// A source by its path. `GET /api/v0/context/sources/{path}`.
        ///
        /// # Errors
        /// [`is_not_found`](codersdk::Error::is_not_found) if the path is no source.
        async fn context_source(&self, path: &str) -> ContextSource;

        /// Removes a source. `DELETE /api/v0/context/sources/{path}`.
        ///
        /// # Errors
        /// [`is_not_found`](codersdk::Error::is_not_found) if the path is no source.
        async fn remove_context_source(&self, path: &str);

        /// Has the agent look at all its sources now. `POST /api/v0/context/resync`.
        ///
        /// # Errors
        /// [`is_server_error`](codersdk::Error::is_server_error) if it could not.
        async fn resync_context(&self) -> ContextSnapshot;

        /// Calls a tool of an MCP server of the workspace. `POST /api/v0/mcp/call-tool`.
        ///
        /// # Errors
        /// [`is_bad_request`](codersdk::Error::is_bad_request) for a name without a server;
        /// [`is_not_found`](codersdk::Error::is_not_found) if there is no such server; 502 if the server failed.
        async fn call_mcp_tool(&self, request: CallMcpToolRequest) -> CallMcpToolResponse;

        /// The containers that the agent sees. `GET /api/v0/containers`.
        ///
        /// # Errors
        /// [`is_forbidden`](codersdk::Error::is_forbidden) if the agent has this switched off.
        async fn list_containers(&self) -> WorkspaceAgentListContainersResponse;

        /// The containers each time that they change. A WebSocket: `GET /api/v0/containers/watch`.
        ///
        /// # Errors
        /// As for the list.
        async fn watch_containers(&self) -> ContainersWatch;

        /// Makes the container of a dev container anew, in the background. `POST
        /// /api/v0/containers/devcontainers/{devcontainer}/recreate`.
        ///
        /// # Errors
        /// [`is_not_found`](codersdk::Error::is_not_found) if there is no such dev container;
        /// [`is_conflict`](codersdk::Error::is_conflict) while it is being started or stopped.
        async fn recreate_devcontainer(&self, devcontainer_id: &str) -> Response;

        /// Removes a dev container with its container, and waits for that. `DELETE
        /// /api/v0/containers/devcontainers/{devcontainer}`.
        ///
        /// # Errors
        /// As for making it anew.
        async fn delete_devcontainer(&self, devcontainer_id: &str);

        /// The ports on which programs of the workspace listen. `GET /api/v0/listening-ports`.
        ///
        /// # Errors
        /// [`is_server_error`](codersdk::Error::is_server_error) if they cannot be found out.
        async fn listening_ports(&self) -> WorkspaceAgentListeningPortsResponse;

        /// What the agent finds out about its network. `GET /api/v0/netcheck`.
        ///
        /// # Errors
        /// [`is_server_error`](codersdk::Error::is_server_error) if it could not.
        async fn netcheck(&self) -> AgentNetcheckReport;

        /// The changes of the Git repositories that a chat works in. A WebSocket: `GET /api/v0/git/watch`. Nothing is
        /// told before a repository is known.
        ///
        /// # Errors
        /// [`is_bad_request`](codersdk::Error::is_bad_request) if the agent cannot tell the chat.
        async fn watch_git(&self, chat_id: Uuid) -> GitWatch;

        /// The workspace's desktop as a stream of the protocol RFB (VNC). A WebSocket: `GET /api/v0/desktop/vnc`.
        ///
        /// # Errors
        /// [`is_server_error`](codersdk::Error::is_server_error) if there is no desktop.
        async fn connect_desktop_vnc(&self) -> BoxIo;

        /// Does something with the desktop's mouse, keyboard or screen. `POST /api/v0/desktop/action`.
        ///
        /// # Errors
        /// [`is_bad_request`](codersdk::Error::is_bad_request) for an action that is none or lacks something;
        /// [`is_server_error`](codersdk::Error::is_server_error) if there is no desktop.
        async fn execute_desktop_action(&self, action: DesktopAction) -> DesktopActionResponse;

        /// Starts a recording of the desktop; fine if it runs. `POST /api/v0/desktop/recording/start`.
        ///
        /// # Errors
        /// [`is_bad_request`](codersdk::Error::is_bad_request) for an id that is no UUID;
        /// [`is_server_error`](codersdk::Error::is_server_error) if there is no desktop.
        async fn start_desktop_recording(&self, request: StartDesktopRecordingRequest);

        /// Ends a recording and gets it. `POST /api/v0/desktop/recording/stop`.
        ///
        /// # Errors
        /// [`is_not_found`](codersdk::Error::is_not_found) if there is no such recording; 413 if it has become too
        /// large. Whether the answer is a recording shows when its parts are read.
        async fn stop_desktop_recording(&self, request: StopDesktopRecordingRequest) -> DesktopRecording;

        /// The agent's log, at most 100 MiB. `GET /debug/logs`.
        ///
        /// # Errors
        /// [`is_server_error`](codersdk::Error::is_server_error) if it cannot be read.
        async fn debug_logs(&self, options: DebugLogsOptions) -> Bytes;

        /// What the server told the agent about itself, as JSON. `GET /debug/manifest`.
        ///
        /// # Errors
        /// [`is_server_error`](codersdk::Error::is_server_error) if the agent was not told anything yet.
        async fn debug_manifest(&self) -> Bytes;

        /// The state of the agent's tunnels, as HTML. `GET /debug/magicsock`.
        ///
        /// # Errors
        /// [`is_not_found`](codersdk::Error::is_not_found) if it has none.
        async fn debug_magicsock(&self) -> Bytes;

        /// The agent's metrics in the text format of Prometheus. `GET /debug/prometheus`.
        ///
        /// # Errors
        /// None of its own.
        async fn prometheus_metrics(&self) -> Bytes;
    }
}
