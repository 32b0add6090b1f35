//! Chats in a workspace with a live agent: the development world, in this process.

use std::path::PathBuf;

use codersdk::{
    Chat, ChatStatus, ChatWatch, ChatWatchEvent, ChatWatchEventKind, ChatWatchItem, ChatsApi, Client,
    CreateChatRequest, CreateWorkspaceBuildRequest, JsonSocket, ProvisionerJobStatus, WorkspaceAgentGitClientMessage,
    WorkspaceAgentGitClientMessageType, WorkspaceAgentLifecycle, WorkspaceTransition, WorkspacesApi,
};
use futures_util::StreamExt;
use reference_server::ReferenceServer;
use uuid::Uuid;
use workspacesdk::AgentConnectionsApi;
use workspacesdk::connection::{ConnectionWatchEvent, WatchErrorCode};

use crate::harness::LIMIT;

/// A server with the development world.
struct Dev {
    server: ReferenceServer,
    client: Client,
    workspace: Uuid,
    /// Where the workspace's agent works.
    dir: PathBuf,
}

impl Dev {
    async fn start() -> Self {
        let server = ReferenceServer::builder().development(true).start().await.expect("the embedded server starts");
        let ready = server.ready_file();
        let text = |name: &str| ready[name].as_str().expect("the ready file names it").to_owned();
        let workspace = text("workspace_id").parse().expect("an id");
        Self { client: server.client(), workspace, dir: text("work_dir").into(), server }
    }

    /// A chat in the workspace that begins with a script.
    async fn ask(&self, script: &str) -> Chat {
        let request = CreateChatRequest {
            organization_id: self.server.login().expect("the server is seeded").organization_id,
            content: vec![script.into()].into(),
            workspace_id: Some(self.workspace),
            ..Default::default()
        };
        self.client.create_chat(request).await.expect("a chat is created")
    }
}

/// The chat as the first event shows it for which this holds.
async fn seen(events: &mut ChatWatch, wanted: impl Fn(&ChatWatchEvent) -> bool) -> Chat {
    let look = async {
        loop {
            match events.next().await.expect("the watch goes on").expect("the watch holds") {
                ChatWatchItem::Event(event) if wanted(&event) => return event.chat,
                _ => {}
            }
        }
    };
    tokio::time::timeout(LIMIT, look).await.expect("it is told in time")
}

#[tokio::test]
async fn a_changed_instruction_file_marks_the_chat_until_its_context_is_renewed() {
    let dev = Dev::start().await;
    let mut events = dev.client.watch_chats().await.unwrap();
    let chat = dev.ask("@text hello").await;
    seen(&mut events, |event| event.chat.id == chat.id && event.chat.status == ChatStatus::Waiting).await;
    let context = dev.client.get_chat(chat.id).await.unwrap().context.expect("the workspace's context");
    assert!(!context.dirty && context.resources.is_empty());

    let instructions = dev.dir.join("AGENTS.md");
    std::fs::write(&instructions, "# Be kind\n").unwrap();
    let told = seen(&mut events, |event| event.kind == ChatWatchEventKind::ContextDirty).await;
    assert_eq!(told.id, chat.id);
    let context = told.context.expect("the event says what is the matter");
    assert!(context.dirty && context.dirty_since.is_some());
    assert!(dev.client.get_chat(chat.id).await.unwrap().context.unwrap().dirty);

    let renewed = dev.client.refresh_chat_context(chat.id).await.unwrap().context.expect("a context");
    assert!(!renewed.dirty);
    assert_eq!(renewed.resources[0].source, instructions.to_str().unwrap());

    // A skill in folders that were not there before, and then one change within it.
    let skill = dev.dir.join(".agents/skills/deploy");
    std::fs::create_dir_all(&skill).unwrap();
    std::fs::write(skill.join("SKILL.md"), "---\nname: deploy\ndescription: Ships it\n---\nGo.\n").unwrap();
    seen(&mut events, |event| event.kind == ChatWatchEventKind::ContextDirty).await;
    // The mark can have come with the folders alone; the context is read when it is asked for.
    let found = async {
        loop {
            let context = dev.client.refresh_chat_context(chat.id).await.unwrap().context.expect("a context");
            if context.resources.iter().any(|resource| resource.skill_name.as_deref() == Some("deploy")) {
                return;
            }
            seen(&mut events, |event| event.kind == ChatWatchEventKind::ContextDirty).await;
        }
    };
    tokio::time::timeout(LIMIT, found).await.expect("the skill is found");
    dev.server.shutdown().await;
}

#[tokio::test]
async fn a_chats_git_watch_shows_what_its_tools_change() {
    let dev = Dev::start().await;
    let repository = dev.dir.join("repo");
    for arguments in [&["init", "-q", "repo"][..], &["-C", "repo", "config", "user.email", "a@b.c"]] {
        let done = std::process::Command::new("git").args(arguments).current_dir(&dev.dir).status().unwrap();
        assert!(done.success());
    }
    let path = repository.join("new.txt").to_str().unwrap().to_owned();
    let mut events = dev.client.watch_chats().await.unwrap();
    let chat = dev.ask("@text hello").await;
    seen(&mut events, |event| event.chat.id == chat.id && event.chat.status == ChatStatus::Waiting).await;
    let mut watch = dev.client.watch_chat_git(chat.id).await.unwrap();
    let script = format!("@tool write_file {{\"path\": \"{path}\", \"content\": \"hello\\n\"}}\n@next\n@text done");
    let request =
        codersdk::CreateChatMessageRequest { content: vec![script.as_str().into()].into(), ..Default::default() };
    dev.client.create_chat_message(chat.id, request).await.unwrap();
    let shown = async {
        loop {
            let message = watch.next().await.expect("the watch goes on").expect("the watch holds");
            let found = message.repositories.iter().find(|found| found.repo_root == repository.to_str().unwrap());
            if found.and_then(|found| found.unified_diff.as_deref()).is_some_and(|diff| diff.contains("+hello")) {
                return;
            }
            let kind = WorkspaceAgentGitClientMessageType::Refresh;
            watch.send(&WorkspaceAgentGitClientMessage { kind }).await.unwrap();
        }
    };
    tokio::time::timeout(LIMIT, shown).await.expect("the change is shown");
    // The agent's end of the socket ends the client's.
    dev.server.shutdown().await;
    tokio::time::timeout(LIMIT, async { while watch.next().await.is_some() {} }).await.expect("the watch ends");
}

#[tokio::test]
async fn a_workspace_without_a_desktop_says_so() {
    let dev = Dev::start().await;
    let chat = dev.ask("@text hello").await;
    let error = dev.client.watch_chat_desktop(chat.id).await.unwrap_err();
    assert_eq!(error.message(), "Failed to connect to agent desktop.");
    let alone = CreateChatRequest {
        organization_id: chat.organization_id,
        content: vec!["@text hello".into()].into(),
        ..Default::default()
    };
    let alone = dev.client.create_chat(alone).await.unwrap();
    let error = dev.client.watch_chat_desktop(alone.id).await.unwrap_err();
    assert!(error.is_bad_request() && error.message() == "Chat has no workspace.", "{error}");
    let error = dev.client.watch_chat_git(alone.id).await.unwrap_err();
    assert!(codersdk::is_chat_git_watch_fallback_message(error.message()), "{error}");
}

async fn told(watch: &mut JsonSocket<ConnectionWatchEvent>) -> ConnectionWatchEvent {
    let event = tokio::time::timeout(LIMIT, watch.next()).await.expect("it is told in time");
    event.expect("the watch goes on").expect("the watch holds")
}

#[tokio::test]
async fn who_waits_to_connect_is_told_of_builds_and_of_the_agent() {
    let dev = Dev::start().await;
    let mut watch = dev.client.workspace_agent_connection_watch(dev.workspace, "").await.unwrap();
    let build = told(&mut watch).await.build_update.expect("the build is told first");
    assert_eq!((build.transition, build.job_status), (WorkspaceTransition::Start, ProvisionerJobStatus::Succeeded));
    let agent = told(&mut watch).await.agent_update.expect("then the agent");
    assert_eq!(agent.lifecycle, WorkspaceAgentLifecycle::Ready);

    let stop = CreateWorkspaceBuildRequest { transition: WorkspaceTransition::Stop, ..Default::default() };
    dev.client.create_workspace_build(dev.workspace, stop).await.unwrap();
    loop {
        let build = told(&mut watch).await.build_update.expect("a workspace that stops has no agent to tell of");
        assert_eq!(build.transition, WorkspaceTransition::Stop);
        if build.job_status == ProvisionerJobStatus::Succeeded {
            break;
        }
    }
    dev.server.shutdown().await;
    let error = told(&mut watch).await.error.expect("the end is told");
    assert_eq!((error.code, error.retryable), (WatchErrorCode::SERVER_SHUTDOWN, true));
    assert!(watch.next().await.is_none());
    assert_eq!(watch.close_reason().map(|reason| (reason.code, &*reason.reason)), Some((1000, "error")));
}

#[tokio::test]
async fn who_waits_for_an_agent_that_is_not_there_is_told_so() {
    let dev = Dev::start().await;
    let mut watch = dev.client.workspace_agent_connection_watch(dev.workspace, "nobody").await.unwrap();
    assert!(told(&mut watch).await.build_update.is_some());
    let error = told(&mut watch).await.error.unwrap();
    assert_eq!((error.code, error.retryable), (WatchErrorCode::NAME_NOT_FOUND, false));
    assert_eq!(error.message, "target agent not found by name");
    let missing = dev.client.workspace_agent_connection_watch(Uuid::from_u128(1), "").await.unwrap_err();
    assert!(missing.is_not_found(), "{missing}");
}
