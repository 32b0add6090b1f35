//! The prebuilt workspace of the development world, claimed.

use agentsdk::rpc::proto::agent::lifecycle::State;
use agentsdk::rpc::proto::agent::{GetManifestRequest, Lifecycle, Manifest, UpdateLifecycleRequest};
use agentsdk::rpc::{AgentRpc, Connection, RpcOptions};
use agentsdk::{AgentApi, AgentClient, ReinitializationEvent};
use codersdk::prelude::*;
use codersdk::{CreateWorkspaceRequest, Workspace};
use futures_util::StreamExt;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::ReferenceServer;

struct World {
    server: ReferenceServer,
    ready: Value,
}

impl World {
    async fn new() -> Self {
        let server = ReferenceServer::builder().development(true).live_agent(false).start().await.unwrap();
        let ready = server.ready_file();
        Self { server, ready }
    }

    fn id(&self, field: &str) -> Uuid {
        self.ready[field].as_str().unwrap().parse().unwrap()
    }

    fn agent(&self) -> AgentClient {
        let token = self.ready["prebuilt_agent_token"].as_str().unwrap();
        AgentClient::builder(self.server.url().as_str()).session_token(token).build().unwrap()
    }

    async fn workspace(&self) -> Workspace {
        self.server.client().workspace(self.id("prebuilt_workspace_id")).await.unwrap()
    }

    async fn control(&self, body: String) -> (u16, String) {
        let url = format!("{}/claim", self.ready["control_url"].as_str().unwrap());
        let answer = reqwest::Client::new().post(url).body(body).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// The preset that the prebuilt workspace was made with.
    async fn preset(&self) -> Uuid {
        let version = self.workspace().await.latest_build.template_version_id;
        let url = format!("{}api/v2/templateversions/{version}/presets", self.server.url());
        let token = self.server.login().unwrap().session_token().to_owned();
        let answer = reqwest::Client::new().get(url).header("Coder-Session-Token", token).send().await.unwrap();
        let presets: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert_eq!((&presets[0]["Name"], &presets[0]["DesiredPrebuildInstances"]), (&json!("default"), &json!(1)));
        presets[0]["ID"].as_str().unwrap().parse().unwrap()
    }

    fn wish(&self, template_id: Uuid, preset: Uuid, name: &str) -> CreateWorkspaceRequest {
        CreateWorkspaceRequest {
            template_id,
            template_version_preset_id: preset,
            name: name.to_owned(),
            ..CreateWorkspaceRequest::default()
        }
    }
}

async fn manifest(connection: &Connection) -> Manifest {
    connection.agent().get_manifest(GetManifestRequest {}).await.unwrap()
}

#[tokio::test]
async fn whoever_makes_a_workspace_of_its_preset_claims_the_prebuilt_one() {
    let world = World::new().await;
    let (owner, id) = (world.server.login().unwrap().user_id, world.id("prebuilt_workspace_id"));
    let (before, preset, agent) = (world.workspace().await, world.preset().await, world.agent());
    let connection = Connection::open(&agent, &RpcOptions::default()).await.unwrap();
    let first = manifest(&connection).await;
    assert_eq!((first.owner_username.as_str(), first.workspace_name.as_str()), ("prebuilds", "prebuilt-1"));
    assert_eq!(first.git_auth_configs, 1);

    // One whose agents are not ready is nobody's to claim: a new workspace is made.
    let client = world.server.client();
    let made = client.create_user_workspace("me", world.wish(before.template_id, preset, "too-early")).await.unwrap();
    assert_ne!(made.id, id);
    let error = client.create_user_workspace("me", world.wish(before.template_id, id, "other")).await.unwrap_err();
    assert_eq!(error.message(), "The preset does not belong to the template version.");

    let ready = Lifecycle { state: State::Ready.into(), changed_at: None };
    connection.agent().update_lifecycle(UpdateLifecycleRequest { lifecycle: Some(ready) }).await.unwrap();
    let mut claims = agent.reinit_events();
    let told = tokio::spawn(async move { (claims.next().await, claims) });
    let claimed = client.create_user_workspace("me", world.wish(before.template_id, preset, "mine")).await.unwrap();
    assert_eq!((claimed.id, claimed.name.as_str(), claimed.owner_id), (id, "mine", owner));
    let (event, _claims) = told.await.unwrap();
    let expected = ReinitializationEvent { workspace_id: id, reason: "prebuild_claimed".into(), owner_id: owner };
    assert_eq!(event, Some(expected.clone()));
    // Whoever asks later is told, too.
    assert_eq!(world.agent().wait_for_reinit().await.unwrap(), expected);

    let workspace = world.workspace().await;
    assert_eq!((workspace.is_prebuild, workspace.latest_build.build_number), (false, 2));
    assert_eq!(workspace.latest_build.initiator_id, owner);
    assert_eq!(workspace.latest_build.template_version_preset_id, Some(preset));
    let connection = Connection::open(&agent, &RpcOptions::default()).await.unwrap();
    let second = manifest(&connection).await;
    assert_eq!(second.workspace_name, "mine");
    assert_eq!(second.owner_username, workspace.owner_name);
    assert_eq!(second.workspace_id, first.workspace_id);
    assert_ne!(second.agent_id, first.agent_id, "a build has its own agents");
    world.server.shutdown().await;
}

#[tokio::test]
async fn the_control_address_claims_once_and_announces_again_and_again() {
    let world = World::new().await;
    let id = world.id("prebuilt_workspace_id");
    for _ in 0..2 {
        let (status, event) = world.control(String::new()).await;
        assert_eq!(status, 200);
        assert_eq!(serde_json::from_str::<ReinitializationEvent>(&event).unwrap().workspace_id, id);
        assert!(world.workspace().await.is_prebuild);
    }
    assert_eq!(world.control("{}".to_owned()).await.0, 400);
    assert_eq!(world.control(r#"{"name": "no name"}"#.to_owned()).await.0, 400);
    assert_eq!(world.control(r#"{"name": "DEV-WS"}"#.to_owned()).await.0, 409, "the user has one of this name");
    assert_eq!(world.control(r#"{"name": "mine"}"#.to_owned()).await.0, 200);
    let workspace = world.workspace().await;
    assert_eq!((workspace.name.as_str(), workspace.latest_build.build_number), ("mine", 2));
    assert_eq!(world.control(r#"{"name": "again"}"#.to_owned()).await.0, 409);
    world.server.shutdown().await;
}
