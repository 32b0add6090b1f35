//! A workspace agent in memory, for tests.

mod process;

use std::collections::HashMap;
use std::fmt;
use std::io::Read;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use codersdk::{
    ChatMessagePart, Error, Result, WorkspaceAgentGitServerMessage, WorkspaceAgentListContainersResponse,
    WorkspaceAgentListeningPort, WorkspaceAgentListeningPortsResponse,
};
use futures_util::StreamExt;
use tokio::sync::watch;
use uuid::Uuid;

pub use process::FakeProcess;

use process::Processes;

use crate::agent_conn::{AgentConn, ProcessOutputOptions};
use crate::body::{FileContent, NewContent};
use crate::context::ContextConfigResponse;
use crate::files::{
    FileEditRequest, FileEditResponse, FileError, Files, LsRequest, LsResponse, ReadFileLinesLimits,
    ReadFileLinesResponse, media_type,
};
use crate::fs::{FileSystem, MemoryFs, in_words};
use crate::headers::ExtraHeaders;
use crate::mcp::{CallMcpToolRequest, CallMcpToolResponse};
use crate::processes::{
    ListProcessesResponse, ProcessOutputResponse, ProcessSignal, StartProcessRequest, StartProcessResponse,
};
use crate::watch::{ContainersWatch, GitWatch, GitWatchPeer};

type Tool = Arc<dyn Fn(&CallMcpToolRequest) -> Result<CallMcpToolResponse> + Send + Sync>;

/// A workspace agent in memory: files with the rules of the real one, processes that do what the test says. No disk,
/// no sockets.
///
/// Clones are the same agent, seen through connections of their own: each has its own
/// [extra headers](AgentConn::set_extra_headers). What it does not have, such as a desktop, answers
/// [`is_unsupported`](Error::is_unsupported).
///
/// ```
/// use workspacesdk::{AgentConnExt, FakeAgent, FakeProcess};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
/// # runtime.block_on(async {
/// let agent = FakeAgent::new();
/// agent.fs().add_file("/home/coder/main.rs", "fn main() {}\n");
/// agent.on_command("cargo run", FakeProcess::prints("hello\n"));
///
/// agent.edit("/home/coder/main.rs").replace("{}", "{ println!(\"hello\") }").await.unwrap();
/// let ran = agent.run("cargo run").await.unwrap();
/// assert_eq!((ran.output.as_str(), ran.exit_code), ("hello\n", Some(0)));
/// assert_eq!(agent.fs().read("/home/coder/main.rs").unwrap(), b"fn main() { println!(\"hello\") }\n");
/// # });
/// ```
pub struct FakeAgent {
    shared: Arc<Shared>,
    headers: Mutex<ExtraHeaders>,
}

struct Shared {
    fs: MemoryFs,
    files: Files,
    processes: Processes,
    containers: watch::Sender<WorkspaceAgentListContainersResponse>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    context: Vec<ChatMessagePart>,
    ports: Vec<WorkspaceAgentListeningPort>,
    tools: HashMap<String, Tool>,
    watchers: Vec<(Uuid, GitWatchPeer)>,
}

impl Default for FakeAgent {
    fn default() -> Self {
        Self::with_fs(MemoryFs::default())
    }
}

impl Clone for FakeAgent {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), headers: Mutex::new(lock(&self.headers).clone()) }
    }
}

impl FakeAgent {
    /// An agent whose workspace has nothing but the home directory `/home/coder`.
    pub fn new() -> Self {
        Self::default()
    }

    /// An agent whose workspace has these files.
    pub fn with_fs(fs: MemoryFs) -> Self {
        let shared = Shared {
            files: Files::new(Arc::new(fs.clone())),
            fs,
            processes: Processes::default(),
            containers: watch::Sender::default(),
            state: Mutex::default(),
        };
        Self { shared: Arc::new(shared), headers: Mutex::default() }
    }

    /// The files of the workspace, to be filled and looked at.
    pub fn fs(&self) -> &MemoryFs {
        &self.shared.fs
    }

    /// The headers that were set last.
    pub fn extra_headers(&self) -> ExtraHeaders {
        lock(&self.headers).clone()
    }

    /// Says what a command does. One of which nothing was said is not found: exit code 127, as in a shell.
    pub fn on_command(&self, command: impl Into<String>, process: FakeProcess) {
        let command = command.into();
        self.on_process(move |request| (request.command == command).then(|| process.clone()));
    }

    /// Says what processes do, by what is asked; what was said last counts. `None` leaves a process to what was said
    /// before.
    pub fn on_process(&self, script: impl Fn(&StartProcessRequest) -> Option<FakeProcess> + Send + Sync + 'static) {
        self.shared.processes.script(Box::new(script));
    }

    /// Has a process that runs write something.
    pub fn print(&self, process_id: &str, output: impl AsRef<[u8]>) {
        self.shared.processes.print(process_id, output.as_ref());
    }

    /// Ends a process that runs.
    pub fn exit(&self, process_id: &str, code: i64) {
        self.shared.processes.exit(process_id, code);
    }

    /// Sets the instruction files and skills of the workspace.
    pub fn set_context(&self, parts: Vec<ChatMessagePart>) {
        self.state().context = parts;
    }

    /// Sets the ports on which programs of the workspace listen.
    pub fn set_listening_ports(&self, ports: Vec<WorkspaceAgentListeningPort>) {
        self.state().ports = ports;
    }

    /// Sets the containers of the workspace, and tells those who watch them.
    pub fn set_containers(&self, containers: WorkspaceAgentListContainersResponse) {
        self.shared.containers.send_replace(containers);
    }

    /// Offers a tool of an MCP server, by its whole name, such as `github__create_issue`.
    pub fn on_mcp_tool(
        &self,
        name: impl Into<String>,
        tool: impl Fn(&CallMcpToolRequest) -> Result<CallMcpToolResponse> + Send + Sync + 'static,
    ) {
        self.state().tools.insert(name.into(), Arc::new(tool));
    }

    /// Takes over the agent's end of the Git watches that were opened since the last call, each with its chat.
    pub fn git_watchers(&self) -> Vec<(Uuid, GitWatchPeer)> {
        std::mem::take(&mut self.state().watchers)
    }

    /// Sends a message to those who watch a chat's repositories and whose end was not taken over.
    pub async fn tell_git(&self, chat_id: Uuid, message: WorkspaceAgentGitServerMessage) {
        let watchers = self.git_watchers();
        for (chat, peer) in &watchers {
            if *chat == chat_id {
                peer.tell(Ok(message.clone())).await;
            }
        }
        self.state().watchers.extend(watchers);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.shared.state)
    }

    fn chat(&self) -> Option<Uuid> {
        lock(&self.headers).chat_id.filter(|id| !id.is_nil())
    }
}

#[async_trait]
impl AgentConn for FakeAgent {
    async fn set_extra_headers(&self, headers: ExtraHeaders) -> Result<()> {
        *lock(&self.headers) = headers;
        Ok(())
    }

    async fn start_process(&self, request: StartProcessRequest) -> Result<StartProcessResponse> {
        let home = self.shared.fs.home().unwrap_or_default();
        self.shared.processes.start(&request, self.chat(), &home)
    }

    async fn list_processes(&self) -> Result<ListProcessesResponse> {
        Ok(self.shared.processes.list(self.chat()))
    }

    async fn process_output(&self, id: &str, options: ProcessOutputOptions) -> Result<ProcessOutputResponse> {
        self.shared.processes.output(id, self.chat(), options.wait).await
    }

    async fn signal_process(&self, id: &str, signal: ProcessSignal) -> Result<()> {
        self.shared.processes.signal(id, self.chat(), &signal)
    }

    async fn list_directory(&self, path: &str, request: LsRequest) -> Result<LsResponse> {
        self.shared.files.list_directory(path, &request).map_err(refusal)
    }

    async fn resolve_path(&self, path: &str) -> Result<String> {
        must_be_valid(!path.is_empty())?;
        self.shared.files.resolve_path(path).map_err(refusal)
    }

    async fn read_file(&self, path: &str, offset: u64, limit: u64) -> Result<FileContent> {
        must_be_valid(!path.is_empty() && [offset, limit].iter().all(|&number| i64::try_from(number).is_ok()))?;
        let mut file = self.shared.files.read_file(path, offset, limit).map_err(refusal)?;
        let mut content = Vec::new();
        file.content.read_to_end(&mut content).map_err(|error| Error::api(500, in_words(&error)))?;
        Ok(FileContent::from_bytes(media_type(path), content))
    }

    async fn read_file_lines(
        &self,
        path: &str,
        offset: i64,
        limit: i64,
        limits: ReadFileLinesLimits,
    ) -> Result<ReadFileLinesResponse> {
        let ReadFileLinesLimits { max_file_size, max_line_bytes, max_response_lines, max_response_bytes } = limits;
        let numbers = [offset, limit, max_file_size, max_line_bytes, max_response_lines, max_response_bytes];
        must_be_valid(!path.is_empty() && numbers.iter().all(|&number| number >= 0))?;
        Ok(self.shared.files.read_lines(path, offset, limit, &limits))
    }

    async fn write_file(&self, path: &str, mut content: NewContent) -> Result<()> {
        must_be_valid(!path.is_empty())?;
        let mut file = self.shared.files.write_file(path).map_err(refusal)?;
        while let Some(piece) = content.next().await {
            let piece = piece.map_err(|error| refusal(file.broken_off(in_words(&error))))?;
            file.write(&piece).map_err(refusal)?;
        }
        file.commit().map_err(refusal)
    }

    async fn edit_files(&self, request: FileEditRequest) -> Result<FileEditResponse> {
        self.shared.files.edit_files(request).map_err(refusal)
    }

    async fn context_config(&self) -> Result<ContextConfigResponse> {
        Ok(ContextConfigResponse { parts: self.state().context.clone().into() })
    }

    async fn call_mcp_tool(&self, request: CallMcpToolRequest) -> Result<CallMcpToolResponse> {
        if !request.tool_name.contains("__") {
            return Err(Error::api(400, "MCP tool call failed."));
        }
        // Called without the lock, so that a tool can use the agent.
        let tool = self.state().tools.get(&request.tool_name).cloned();
        match tool {
            Some(tool) => tool(&request),
            None => Err(Error::api(404, "MCP tool call failed.")),
        }
    }

    async fn list_containers(&self) -> Result<WorkspaceAgentListContainersResponse> {
        Ok(self.shared.containers.borrow().clone())
    }

    async fn watch_containers(&self) -> Result<ContainersWatch> {
        let mut changes = self.shared.containers.subscribe();
        changes.mark_changed();
        Ok(ContainersWatch::new(futures_util::stream::unfold(changes, |mut changes| async {
            changes.changed().await.ok()?;
            let now = changes.borrow_and_update().clone();
            Some((Ok(now), changes))
        })))
    }

    async fn listening_ports(&self) -> Result<WorkspaceAgentListeningPortsResponse> {
        Ok(WorkspaceAgentListeningPortsResponse { ports: self.state().ports.clone().into() })
    }

    async fn watch_git(&self, chat_id: Uuid) -> Result<GitWatch> {
        let (watch, peer) = GitWatch::pair();
        self.state().watchers.push((chat_id, peer));
        Ok(watch)
    }
}

/// A real agent reads a query first, and refuses it for any of its parameters.
fn must_be_valid(query: bool) -> Result<()> {
    if query { Ok(()) } else { Err(Error::api(400, "Query parameters have invalid values.")) }
}

fn refusal(error: FileError) -> Error {
    Error::api(error.status, error.message)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for FakeAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeAgent").field("headers", &self.headers).finish_non_exhaustive()
    }
}
