//! The workspace of a chat: which agent serves it, and the way there.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use tokio::sync::Mutex;
use uuid::Uuid;
use workspacesdk::files::{LsRelativity, LsRequest};
use workspacesdk::{AgentConn, ExtraHeaders};

use super::tools::workspace::{Attachment, PlanFile, Workspace};
use crate::chatfiles::prepare_stored_file;
use crate::state::AppState;
use crate::store::chat_files::{ChatFileRow, MAX_CHAT_FILES};
use crate::store::chats::ChatRow;
use crate::store::workspace_agents::AgentRow;
use crate::workspaces::connection::connection_status;

/// What marks an agent that is there for chats.
const FOR_CHATS: &str = "-coderd-chat";

/// How long an agent must be gone before starting the workspace anew is suggested.
const GONE: TimeDelta = TimeDelta::seconds(90);

pub(crate) const NO_WORKSPACE: &str =
    "no workspace is associated with this chat. Use the create_workspace tool to create one";
const NO_AGENT: &str =
    "workspace has no running agent: the workspace is likely stopped. Use the start_workspace tool to start it";
const DISCONNECTED: &str = "workspace agent has been disconnected for at least 90 seconds and cannot execute tools. To \
    recover, call stop_workspace to stop the workspace, then start_workspace to start it again";
const UNREACHABLE: &str = "connection to the workspace agent timed out. The agent may still be reachable on the next \
    attempt.";

/// A chat's workspace during one step.
pub(crate) struct ChatWorkspace {
    state: AppState,
    chat: Uuid,
    /// Made by the first tool that needs it.
    conn: Mutex<Option<Arc<dyn AgentConn>>>,
}

impl ChatWorkspace {
    pub(crate) fn new(state: &AppState, chat: &ChatRow) -> Self {
        Self { state: state.clone(), chat: chat.id, conn: Mutex::default() }
    }

    async fn chat(&self) -> Result<ChatRow, String> {
        let chat = self.state.store.chat(self.chat).await.map_err(|error| unreadable(&error))?;
        chat.ok_or_else(|| "chat not found".to_owned())
    }

    async fn dial(&self) -> Result<Arc<dyn AgentConn>, String> {
        let chat = self.chat().await?;
        let agent = bound_agent(&self.state, &chat).await?;
        let now = self.state.clock.now();
        let status = connection_status(&agent, now);
        if status.status == "disconnected" && status.disconnected_at.is_some_and(|since| now - since >= GONE) {
            return Err(DISCONNECTED.to_owned());
        }
        let conn = self.state.workspaces.agents.dial(agent.id).map_err(|_| UNREACHABLE.to_owned())?;
        let headers = ExtraHeaders::for_chat(chat.id).with_ancestors(chat.parent_chat_id);
        conn.set_extra_headers(headers).await.map_err(|error| error.to_string())?;
        self.state.store.touch_workspace(agent.workspace_id, now).await.map_err(|error| unreadable(&error))?;
        Ok(conn)
    }
}

/// The agent that serves the chat, noted in the chat along with its build.
///
/// # Errors
/// What the model is told where the chat has no workspace, or the workspace no agent.
pub(crate) async fn bound_agent(state: &AppState, chat: &ChatRow) -> Result<AgentRow, String> {
    let workspace = chat.workspace_id.ok_or_else(|| NO_WORKSPACE.to_owned())?;
    let build = state.store.latest_build(workspace).await.map_err(|error| unreadable(&error))?;
    let Some(build) = build else { return Err(NO_AGENT.to_owned()) };
    let agents = state.store.agents_of_build(build.id).await.map_err(|error| unreadable(&error))?;
    if agents.is_empty() {
        return Err(NO_AGENT.to_owned());
    }
    let agent = agent_for_chat(agents).map_err(|error| format!("find chat agent: {error}"))?;
    if chat.agent_id != Some(agent.id) || chat.build_id != Some(build.id) {
        let bound = state.store.bind_chat_agent(chat.id, workspace, build.id, agent.id).await;
        bound.map_err(|error| unreadable(&error))?;
    }
    Ok(agent)
}

/// The agent that a chat talks to: the one that is there for chats, else the first; never one in a container.
pub(crate) fn agent_for_chat(agents: Vec<AgentRow>) -> Result<AgentRow, String> {
    let mut roots: Vec<AgentRow> = agents.into_iter().filter(|agent| agent.parent_id.is_none()).collect();
    roots.sort_by_cached_key(|agent| {
        (agent.display_order, agent.name.to_lowercase(), agent.name.clone(), agent.id.to_string())
    });
    let for_chats = |agent: &&AgentRow| agent.name.to_lowercase().ends_with(FOR_CHATS);
    let named: Vec<&str> = roots.iter().filter(for_chats).map(|agent| agent.name.as_str()).collect();
    if named.len() > 1 {
        return Err(format!(
            "multiple agents match the chat suffix \"{FOR_CHATS}\": {}; only one agent should use this suffix",
            named.join(", ")
        ));
    }
    let at = roots.iter().position(|agent| for_chats(&agent)).unwrap_or_default();
    if roots.is_empty() {
        return Err("no eligible workspace agents found".to_owned());
    }
    Ok(roots.swap_remove(at))
}

fn unreadable(error: &sqlx::Error) -> String {
    tracing::warn!(%error, "a chat's workspace cannot be read");
    "the workspace of this chat cannot be looked up".to_owned()
}

#[async_trait]
impl Workspace for ChatWorkspace {
    async fn conn(&self) -> Result<Arc<dyn AgentConn>, String> {
        let mut conn = self.conn.lock().await;
        if let Some(conn) = &*conn {
            return Ok(conn.clone());
        }
        let dialed = self.dial().await?;
        *conn = Some(dialed.clone());
        Ok(dialed)
    }

    async fn plan_path(&self) -> Result<PlanFile, String> {
        let request = LsRequest { path: Vec::new().into(), relativity: LsRelativity::Home };
        let listed = self.conn().await?.list_directory("", request).await;
        let home = listed.map_err(|error| format!("resolve workspace home: {error}"))?.absolute_path_string;
        match home.trim() {
            "" => Err("workspace home path is empty".to_owned()),
            home => Ok(PlanFile::of_chat(home.to_owned(), self.chat)),
        }
    }

    async fn store_file(&self, name: &str, detect_name: &str, data: Vec<u8>) -> Result<Attachment, String> {
        let chat = self.chat().await?;
        let workspace = chat.workspace_id.ok_or_else(|| NO_WORKSPACE.to_owned())?;
        let (name, media_type) = prepare_stored_file(name, detect_name, &data).map_err(|error| error.to_string())?;
        let workspace = self.state.store.workspace(workspace).await.map_err(|error| unreadable(&error))?;
        let workspace = workspace.ok_or_else(|| "resolve workspace: there is none any more".to_owned())?;
        let file = ChatFileRow {
            id: Uuid::new_v4(),
            owner_id: chat.owner_id,
            organization_id: workspace.organization_id,
            created_at: self.state.clock.now(),
            name: name.clone(),
            mimetype: media_type.clone(),
        };
        let linked = self.state.store.insert_linked_chat_file(chat.id, &file, &data).await;
        if !linked.map_err(|error| unreadable(&error))? {
            return Err(format!("chat already has the maximum of {MAX_CHAT_FILES} linked files"));
        }
        Ok(Attachment { file_id: file.id, media_type, name })
    }
}

impl std::fmt::Debug for ChatWorkspace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChatWorkspace").field("chat", &self.chat).finish_non_exhaustive()
    }
}
