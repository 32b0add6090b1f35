//! The streams that lead from a chat into its workspace, through the SDK, to an agent whose end the test holds.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use codersdk::{
    ChatsApi, Client, Message, Result as CallResult, WorkspaceAgentGitClientMessage,
    WorkspaceAgentGitClientMessageType, WorkspaceAgentGitServerMessage, WorkspaceAgentRepoChanges,
};
use futures_util::StreamExt;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc;
use uuid::Uuid;
use workspacesdk::{AgentConn, BoxIo, GitWatch, GitWatchPeer};

use super::World;
use crate::workspaces::connection::note_connected;

/// Longer than anything here takes, on any machine.
const LIMIT: Duration = Duration::from_secs(60);
/// What a stream in memory holds before its writer waits.
const HELD: usize = 4 << 10;

/// An agent that hands its ends of all streams to the test.
struct Peers {
    git: mpsc::UnboundedSender<(Uuid, GitWatchPeer)>,
    desktop: mpsc::UnboundedSender<DuplexStream>,
}

#[async_trait]
impl AgentConn for Peers {
    async fn watch_git(&self, chat: Uuid) -> CallResult<GitWatch> {
        let (watch, peer) = GitWatch::pair();
        self.git.send((chat, peer)).expect("the test waits");
        Ok(watch)
    }

    async fn connect_desktop_vnc(&self) -> CallResult<BoxIo> {
        let (near, far) = tokio::io::duplex(HELD);
        self.desktop.send(far).expect("the test waits");
        Ok(Box::new(near))
    }
}

/// A chat in a workspace with such an agent.
struct Scene {
    client: Client,
    chat: Uuid,
    git: mpsc::UnboundedReceiver<(Uuid, GitWatchPeer)>,
    desktop: mpsc::UnboundedReceiver<DuplexStream>,
    _world: World,
}

impl Scene {
    async fn set() -> Self {
        let world = World::new().await;
        let planted = world.plant(world.owner_id(), world.owner_id()).await;
        let body = json!({"organization_id": world.organization, "content": [{"type": "text", "text": "@text hello"}]});
        let chat = world.post(&world.owner, "/api/v2/chats", body).await.expect(201);
        world.sql("UPDATE chats SET workspace_id = $1", planted.workspace).await;
        let state = world.server.state();
        note_connected(state, planted.agent).await.unwrap();
        let (git_peers, git) = mpsc::unbounded_channel();
        let (desktop_peers, desktop) = mpsc::unbounded_channel();
        let peers = Arc::new(Peers { git: git_peers, desktop: desktop_peers });
        state.workspaces.agents.register(planted.agent, move || -> Arc<dyn AgentConn> { peers.clone() });
        let chat = chat["id"].as_str().unwrap().parse().unwrap();
        Self { client: world.server.client(), chat, git, desktop, _world: world }
    }
}

async fn in_time<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, what).await.expect("it comes about")
}

fn changed(root: &str) -> WorkspaceAgentGitServerMessage {
    let repository = WorkspaceAgentRepoChanges { repo_root: root.to_owned(), ..Default::default() };
    WorkspaceAgentGitServerMessage { repositories: vec![repository], ..Default::default() }
}

#[tokio::test]
async fn git_goes_both_ways_until_the_client_leaves() {
    let mut scene = Scene::set().await;
    let mut client = scene.client.watch_chat_git(scene.chat).await.unwrap();
    let (chat, mut agent) = in_time(scene.git.recv()).await.unwrap();
    assert_eq!(chat, scene.chat);
    agent.tell(Ok(changed("/repo"))).await;
    let message = in_time(client.next()).await.unwrap().unwrap();
    assert_eq!(message.repositories[0].repo_root, "/repo");
    let refresh = WorkspaceAgentGitClientMessage { kind: WorkspaceAgentGitClientMessageType::Refresh };
    client.send(&refresh).await.unwrap();
    assert_eq!(in_time(agent.asked()).await, Some(refresh));
    drop(client);
    assert_eq!(in_time(agent.asked()).await, None, "the agent's socket ends with the client's");
}

#[tokio::test]
async fn a_git_watch_ends_with_the_agents() {
    let mut scene = Scene::set().await;
    let mut client = scene.client.watch_chat_git(scene.chat).await.unwrap();
    let (_, agent) = in_time(scene.git.recv()).await.unwrap();
    agent.tell(Ok(changed("/last"))).await;
    drop(agent);
    let message = in_time(client.next()).await.unwrap().unwrap();
    assert_eq!(message.repositories[0].repo_root, "/last", "what was told before the end arrives");
    // Going away is no normal end: the SDK tells of it before the stream is over.
    while in_time(client.next()).await.is_some() {}
    assert_eq!(client.close_reason().map(|reason| reason.code), Some(1001));
}

#[tokio::test]
async fn a_client_that_talks_nonsense_ends_its_git_watch() {
    let mut scene = Scene::set().await;
    for (nonsense, code) in [(json!(5), 1001), (json!("x".repeat(40_000)), 1009)] {
        let mut client = scene.client.watch_chat_git(scene.chat).await.unwrap();
        let (_, mut agent) = in_time(scene.git.recv()).await.unwrap();
        client.send(&nonsense).await.unwrap();
        assert_eq!(in_time(agent.asked()).await, None);
        while in_time(client.next()).await.is_some() {}
        assert_eq!(client.close_reason().map(|reason| reason.code), Some(code));
    }
}

#[tokio::test]
async fn a_desktop_ends_with_either_side() {
    let mut scene = Scene::set().await;
    let mut client = scene.client.watch_chat_desktop(scene.chat).await.unwrap();
    let mut agent = in_time(scene.desktop.recv()).await.unwrap();
    agent.write_all(b"RFB 003.008\n").await.unwrap();
    assert_eq!(in_time(client.next()).await.unwrap().unwrap(), Message::Binary("RFB 003.008\n".into()));
    client.send(Message::Binary("key".into())).await.unwrap();
    let mut input = [0; 3];
    in_time(agent.read_exact(&mut input)).await.unwrap();
    assert_eq!(&input, b"key");
    client.close(1000, "").await.unwrap();
    assert_eq!(in_time(agent.read(&mut input)).await.unwrap(), 0, "the agent's connection ends with the client's");

    let mut client = scene.client.watch_chat_desktop(scene.chat).await.unwrap();
    drop(in_time(scene.desktop.recv()).await.unwrap());
    assert!(in_time(client.next()).await.is_none());
    assert_eq!(client.close_reason().map(|reason| reason.code), Some(1000));
}

#[tokio::test]
async fn a_desktop_that_takes_no_input_still_shows_its_screen() {
    const SIZE: usize = 64 * HELD;
    let mut scene = Scene::set().await;
    let mut client = scene.client.watch_chat_desktop(scene.chat).await.unwrap();
    let mut agent = in_time(scene.desktop.recv()).await.unwrap();
    // More than the way to the agent holds, before the agent reads any of it.
    client.send(Message::Binary(vec![1; SIZE].into())).await.unwrap();
    let desktop = async {
        agent.write_all(&vec![2; SIZE]).await.unwrap();
        agent.read_exact(&mut vec![0; SIZE]).await.unwrap();
    };
    let viewer = async {
        let mut shown = 0;
        while shown < SIZE {
            let Some(Ok(Message::Binary(bytes))) = client.next().await else { panic!("the screen ended") };
            shown += bytes.len();
        }
    };
    in_time(async { tokio::join!(desktop, viewer) }).await;
}
