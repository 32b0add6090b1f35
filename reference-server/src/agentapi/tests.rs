//! Agents as they connect: over a WebSocket, with the SDK.

mod monitors;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use agentsdk::AgentClient;
use agentsdk::rpc::proto::agent::create_sub_agent_request::App;
use agentsdk::rpc::proto::agent::*;
use agentsdk::rpc::proto::tailnet::{CoordinateRequest, StreamDerpMapsRequest, coordinate_request};
use agentsdk::rpc::{AgentRpc, Connection as RpcConnection, RpcOptions, TailnetRpc, Version};
use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use futures_util::stream;
use sqlx::types::Json;
use uuid::Uuid;

use crate::ReferenceServer;
use crate::clock::ManualClock;
use crate::store::templates::{JobRow, TemplateRow, TemplateVersionRow, put_job, put_template, put_template_version};
use crate::store::workspace_agents::{
    AgentRow, MetadataRow, ResourceRow, ScriptRow, insert_agent, insert_metadata, insert_resource, insert_script,
};
use crate::store::workspace_apps::{AppRow, insert_app};
use crate::store::workspaces::{BuildRow, WorkspaceRow, insert_build, put_workspace};
use crate::workspaces::connection::connection_status;

/// A server with a workspace whose agent has not connected.
struct World {
    server: ReferenceServer,
    clock: ManualClock,
    agent: AgentRow,
    app: AppRow,
    script: Uuid,
    build: BuildRow,
}

impl World {
    async fn new() -> Self {
        let clock = ManualClock::new("2026-06-27T12:00:00Z".parse::<DateTime<Utc>>().unwrap());
        let server = ReferenceServer::builder().clock(Arc::new(clock.clone())).start().await.unwrap();
        let (agent, app, script, build) = plant(&server, &clock).await;
        Self { server, clock, agent, app, script, build }
    }

    fn client(&self) -> codersdk::Client {
        let token = self.agent.auth_token.to_string();
        codersdk::Client::builder(self.server.url().as_str()).session_token(token).build().unwrap()
    }

    fn agent(&self) -> AgentClient {
        let token = self.agent.auth_token.to_string();
        AgentClient::builder(self.server.url().as_str()).session_token(token).build().unwrap()
    }

    async fn connect(&self, options: RpcOptions) -> RpcConnection {
        RpcConnection::open(&self.agent(), &options).await.unwrap()
    }

    async fn row(&self) -> AgentRow {
        self.server.state().store.agent(self.agent.id).await.unwrap().unwrap()
    }

    /// Waits for the agent's connection to be as said.
    async fn becomes(&self, status: &str) -> AgentRow {
        loop {
            let row = self.row().await;
            if connection_status(&row, self.server.state().clock.now()).status == status {
                return row;
            }
            tokio::task::yield_now().await;
        }
    }
}

async fn plant(server: &ReferenceServer, clock: &ManualClock) -> (AgentRow, AppRow, Uuid, BuildRow) {
    use crate::clock::Clock as _;

    let state = server.state();
    let login = server.login().unwrap();
    let (organization_id, owner_id, now) = (login.organization_id, login.user_id, clock.now());
    let done = |kind: &str| JobRow { completed_at: Some(now), ..JobRow::pending(kind, organization_id, owner_id, now) };
    let import = done("template_version_import");
    let version = TemplateVersionRow {
        id: Uuid::new_v4(),
        template_id: None,
        organization_id,
        created_at: now,
        updated_at: now,
        name: "one".to_owned(),
        message: String::new(),
        readme: String::new(),
        job_id: import.id,
        created_by: owner_id,
        archived: false,
        has_ai_task: false,
        plan: Json::default(),
    };
    let template = TemplateRow::new("dev", &version, now);
    let workspace = WorkspaceRow {
        id: Uuid::new_v4(),
        created_at: now,
        updated_at: now,
        owner_id,
        organization_id,
        template_id: template.id,
        deleted: false,
        name: "dev-ws".to_owned(),
        autostart_schedule: None,
        ttl_ms: None,
        last_used_at: now,
        dormant_at: None,
        deleting_at: None,
        automatic_updates: "never".to_owned(),
        favorite: false,
        user_acl: Default::default(),
        group_acl: Default::default(),
    };
    let job = done("workspace_build");
    let build = build(&workspace, &version, &job, 1);
    let resource = ResourceRow {
        id: Uuid::new_v4(),
        created_at: now,
        build_id: build.id,
        kind: "null_resource".to_owned(),
        name: "dev".to_owned(),
        hide: false,
        icon: String::new(),
        daily_cost: 0,
    };
    let agent = AgentRow {
        id: Uuid::new_v4(),
        created_at: now,
        updated_at: now,
        name: "dev".to_owned(),
        parent_id: None,
        workspace_id: workspace.id,
        build_id: build.id,
        resource_id: resource.id,
        auth_token: Uuid::new_v4(),
        auth_instance_id: None,
        api_key_scope: "all".to_owned(),
        architecture: "amd64".to_owned(),
        operating_system: "linux".to_owned(),
        environment_variables: Some(BTreeMap::from([("A".to_owned(), "b".to_owned())])),
        directory: "~/src".to_owned(),
        expanded_directory: String::new(),
        motd_file: String::new(),
        troubleshooting_url: String::new(),
        connection_timeout_seconds: 120,
        display_apps: Vec::new(),
        display_order: 0,
        version: String::new(),
        api_version: String::new(),
        subsystems: Vec::new(),
        first_connected_at: None,
        last_connected_at: None,
        disconnected_at: None,
        lifecycle_state: "created".to_owned(),
        started_at: None,
        ready_at: None,
        logs_length: 0,
        logs_overflowed: false,
        deleted: false,
    };
    let app = AppRow {
        healthcheck_url: "http://localhost:1".to_owned(),
        healthcheck_interval: 5,
        health: "initializing".to_owned(),
        ..AppRow::new(agent.id, "ccw", "Claude", now)
    };
    let script = ScriptRow {
        id: Uuid::new_v4(),
        workspace_agent_id: agent.id,
        log_source_id: Uuid::new_v4(),
        created_at: now,
        display_name: "Start".to_owned(),
        log_path: String::new(),
        script: "true".to_owned(),
        cron: String::new(),
        start_blocks_login: false,
        run_on_start: true,
        run_on_stop: false,
        timeout_seconds: 60,
        exit_code: None,
        status: None,
    };
    let load = MetadataRow {
        workspace_agent_id: agent.id,
        key: "load".to_owned(),
        display_name: "Load".to_owned(),
        script: "uptime".to_owned(),
        interval: 10,
        timeout: 1,
        value: String::new(),
        error: String::new(),
        collected_at: now,
        display_order: 0,
    };
    let mut tx = state.store.begin().await.unwrap();
    put_job(&mut tx, &import).await.unwrap();
    put_template_version(&mut tx, &version).await.unwrap();
    put_template(&mut tx, &template).await.unwrap();
    put_workspace(&mut tx, &workspace).await.unwrap();
    insert_build(&mut tx, &build, &job).await.unwrap();
    insert_resource(&mut tx, &resource).await.unwrap();
    insert_agent(&mut *tx, &agent).await.unwrap();
    insert_app(&mut *tx, &app).await.unwrap();
    insert_script(&mut tx, &script).await.unwrap();
    insert_metadata(&mut tx, &load).await.unwrap();
    tx.commit().await.unwrap();
    (agent, app, script.id, build)
}

fn build(workspace: &WorkspaceRow, version: &TemplateVersionRow, job: &JobRow, build_number: i32) -> BuildRow {
    let now = workspace.created_at;
    BuildRow {
        id: Uuid::new_v4(),
        created_at: now,
        updated_at: now,
        workspace_id: workspace.id,
        template_version_id: version.id,
        build_number,
        transition: "start".to_owned(),
        initiator_id: workspace.owner_id,
        job_id: job.id,
        reason: "initiator".to_owned(),
        deadline: Some(now + chrono::TimeDelta::minutes(30)),
        max_deadline: None,
        daily_cost: 0,
        has_ai_task: false,
        has_external_agent: false,
        template_version_preset_id: None,
    }
}

#[tokio::test]
async fn an_agent_gets_its_manifest_and_becomes_ready() {
    let world = World::new().await;
    let connection = world.connect(RpcOptions::default()).await;
    let agent = connection.agent();

    let manifest = agent.get_manifest(GetManifestRequest {}).await.unwrap();
    assert_eq!(manifest.agent_id, world.agent.id.as_bytes());
    assert_eq!((manifest.agent_name.as_str(), manifest.workspace_name.as_str()), ("dev", "dev-ws"));
    assert_eq!(manifest.environment_variables["A"], "b");
    assert_eq!((manifest.scripts.len(), manifest.apps.len(), manifest.metadata.len()), (1, 1, 1));
    assert_eq!(manifest.apps[0].sharing_level(), workspace_app::SharingLevel::Owner);
    // Agents take the nanoseconds for seconds.
    assert_eq!(agentsdk::Manifest::try_from(manifest.clone()).unwrap().metadata[0].interval, 10);
    assert_eq!(manifest.metadata[0].interval, Some(prost_types::Duration { seconds: 0, nanos: 10 }));
    assert!(manifest.derp_map.as_ref().unwrap().home_params.is_some());
    let region = &manifest.derp_map.as_ref().unwrap().regions[&999];
    assert_eq!(i32::from(world.server.url().port().unwrap()), region.nodes[0].derp_port);
    assert!(!format!("{manifest:?}").contains("\"b\""), "variables may be secrets");

    let startup =
        Startup { version: "v2.34.0".to_owned(), expanded_directory: "/src".to_owned(), subsystems: vec![3, 1, 3] };
    agent.update_startup(UpdateStartupRequest { startup: Some(startup) }).await.unwrap();
    let wrong = Startup { version: "2.34".to_owned(), ..Default::default() };
    let error = agent.update_startup(UpdateStartupRequest { startup: Some(wrong) }).await.unwrap_err();
    assert_eq!(error.message(), "invalid agent semver version \"2.34\"");
    for state in [lifecycle::State::Starting, lifecycle::State::Ready] {
        let changed_at = Some(prost_types::Timestamp { seconds: 1_800_000_000, nanos: 0 });
        let lifecycle = Lifecycle { state: state.into(), changed_at };
        let request = UpdateLifecycleRequest { lifecycle: Some(lifecycle) };
        assert_eq!(agent.update_lifecycle(request).await.unwrap(), lifecycle);
    }
    let error = agent.update_lifecycle(UpdateLifecycleRequest { lifecycle: None }).await.unwrap_err();
    assert_eq!(error.message(), "unknown lifecycle state \"STATE_UNSPECIFIED\"");
    let row = world.row().await;
    assert_eq!((row.lifecycle_state.as_str(), row.api_version.as_str()), ("ready", "2.10"));
    assert_eq!((row.version.as_str(), row.subsystems), ("v2.34.0", vec!["envbox".to_owned(), "exectrace".to_owned()]));
    assert!(row.started_at.is_some() && row.ready_at.is_some());

    let result = workspace_agent_metadata::Result { value: " 0.5\n".to_owned(), ..Default::default() };
    let metadata = vec![Metadata { key: "load".to_owned(), result: Some(result) }];
    agent.batch_update_metadata(BatchUpdateMetadataRequest { metadata }).await.unwrap();
    assert_eq!(world.server.state().store.agent_metadata(row.id).await.unwrap()[0].value, "0.5");

    let health = |id: Vec<u8>| BatchUpdateAppHealthRequest {
        updates: vec![batch_update_app_health_request::HealthUpdate { id, health: AppHealth::Healthy.into() }],
    };
    agent.batch_update_app_healths(health(world.app.id.into())).await.unwrap();
    assert_eq!(world.server.state().store.apps(&[row.id]).await.unwrap()[0].health, "healthy");
    let error = agent.batch_update_app_healths(health(vec![7; 16])).await.unwrap_err();
    assert!(error.message().ends_with("not found"), "{error}");

    let second = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
    let timing = Timing { script_id: world.script.into(), start: second(10), end: second(12), ..Default::default() };
    let request = |timing| WorkspaceAgentScriptCompletedRequest { timing };
    agent.script_completed(request(Some(timing.clone()))).await.unwrap();
    let backwards = Timing { end: second(9), ..timing };
    let error = agent.script_completed(request(Some(backwards))).await.unwrap_err();
    assert_eq!(error.message(), "script start time cannot be after end time");
    assert_eq!(agent.script_completed(request(None)).await.unwrap_err().message(), "script timing is required");

    let log = |output: &str| Log { output: output.to_owned(), level: log::Level::Warn.into(), ..Default::default() };
    let request = |logs| BatchCreateLogsRequest { log_source_id: vec![0; 16], logs };
    let answer = agent.batch_create_logs(request(vec![log("a\0b")])).await.unwrap();
    assert!(!answer.log_limit_exceeded);
    let stored = world.server.state().store.agent_logs(row.id, 0).await.unwrap();
    assert_eq!((stored[0].output.as_str(), stored[0].level.as_str()), ("a❌b", "warn"));
    assert_eq!(world.row().await.logs_length, 5);
    let answer = agent.batch_create_logs(request(vec![log(&"x".repeat(1 << 20))])).await.unwrap();
    assert!(answer.log_limit_exceeded);
    assert!(agent.batch_create_logs(request(vec![log("x")])).await.unwrap().log_limit_exceeded);

    let status = |slug: &str, state, message: &str| UpdateAppStatusRequest {
        slug: slug.to_owned(),
        state,
        message: message.to_owned(),
        uri: String::new(),
    };
    agent.update_app_status(status("ccw", 0, "reading")).await.unwrap();
    let latest = world.server.state().store.latest_app_status(world.app.id).await.unwrap().unwrap();
    assert_eq!((latest.state.as_str(), latest.message.as_str()), ("working", "reading"));
    for (request, words) in [
        (status("ccw", 9, &"x".repeat(161)), "unexpected status code 400: Message is too long."),
        (status("ccw", 9, ""), "unexpected status code 400: Invalid state provided.\n\tError: invalid state: \"9\""),
        (status("no", 0, ""), "unexpected status code 400: Failed to get workspace app."),
    ] {
        let error = agent.update_app_status(request).await.unwrap_err();
        assert!(error.message().starts_with(words), "{error}");
    }

    assert!(agent.get_announcement_banners(Default::default()).await.unwrap().announcement_banners.is_empty());
    assert!(!agent.get_service_banner(Default::default()).await.unwrap().enabled);
    let monitoring = agent.get_resources_monitoring_configuration(Default::default()).await.unwrap();
    assert_eq!(monitoring.config.unwrap().collection_interval_seconds, 10);
    agent.push_resources_monitoring_usage(Default::default()).await.unwrap();
}

#[tokio::test]
async fn connection_times_follow_the_agent_and_nobody_else() {
    let world = World::new().await;
    let other = world.connect(RpcOptions::role("logstream-kube")).await;
    other.agent().get_manifest(Default::default()).await.unwrap();
    assert!(world.row().await.first_connected_at.is_none());

    for options in [RpcOptions::default(), RpcOptions { role: None, ..RpcOptions::default() }] {
        let connection = world.connect(options).await;
        let connected = world.becomes("connected").await;
        world.clock.advance(Duration::from_secs(15));
        while world.row().await.last_connected_at == connected.last_connected_at {
            tokio::task::yield_now().await;
        }
        assert_eq!(world.row().await.first_connected_at, connected.first_connected_at);
        world.clock.advance(Duration::from_secs(1));
        drop(connection);
        let gone = world.becomes("disconnected").await;
        assert!(gone.disconnected_at > gone.last_connected_at, "at once, not for want of a heartbeat");
    }
    assert!(!other.is_closed());
}

#[tokio::test]
async fn a_peer_that_answers_no_ping_is_gone() {
    let world = World::new().await;
    // Not read from, so that pings are not answered.
    let _mute = world.client().dial("/api/v2/workspaceagents/me/rpc?version=2.0").await.unwrap();
    world.becomes("connected").await;
    for _ in 0..3 {
        let before = world.row().await.last_connected_at;
        world.clock.advance(Duration::from_secs(15));
        while world.row().await.last_connected_at == before && world.row().await.disconnected_at.is_none() {
            tokio::task::yield_now().await;
        }
    }
    assert!(world.row().await.disconnected_at.is_some());
}

#[tokio::test]
async fn versions_are_agreed_on() {
    let world = World::new().await;
    let connection = world.connect(RpcOptions { version: Version::new(2, 99), ..RpcOptions::default() }).await;
    assert_eq!(connection.version(), Version::CURRENT);
    let newer = RpcOptions { version: Version::new(3, 0), ..RpcOptions::default() };
    let error = RpcConnection::open(&world.agent(), &newer).await.unwrap_err();
    let refusal = error.refusal().unwrap();
    assert_eq!(refusal.status(), Some(400));
    assert_eq!(refusal.validations()[0].detail, "server is at version 2.10, behind requested major version 3.0");
    let stranger = AgentClient::builder(world.server.url().as_str()).session_token(Uuid::new_v4().to_string());
    let stranger = stranger.build().unwrap();
    let error = RpcConnection::open(&stranger, &RpcOptions::default()).await.unwrap_err();
    assert!(error.is_dial() && error.refusal().unwrap().is_unauthorized());
}

#[tokio::test]
async fn an_agent_has_children_of_its_own() {
    let world = World::new().await;
    let agent = world.connect(RpcOptions::default()).await.agent();
    let app = |slug: &str| App { slug: slug.to_owned(), ..Default::default() };
    let request = CreateSubAgentRequest {
        name: "box".to_owned(),
        apps: vec![app("web"), app("Web"), app("web")],
        display_apps: vec![0, 2],
        ..Default::default()
    };
    let created = agent.create_sub_agent(request.clone()).await.unwrap();
    let child = created.agent.unwrap();
    let errors: Vec<_> = created.app_creation_errors.iter().map(|error| (error.index, error.error.as_str())).collect();
    assert_eq!(
        errors,
        [(1, "\"Web\" does not match regex \"^[a-z0-9](-?[a-z0-9])*$\""), (2, "\"web\" is already in use")]
    );
    let id = Uuid::from_slice(&child.id).unwrap();
    let store = &world.server.state().store;
    let slug = store.apps(&[id]).await.unwrap()[0].slug.clone();
    assert_eq!(slug, "14b4h988-web", "a hash of box/web in base 32");
    assert!(agent.create_sub_agent(request).await.is_err(), "the name is taken");
    assert_eq!(agent.list_sub_agents(Default::default()).await.unwrap().agents, std::slice::from_ref(&child));

    let update = CreateSubAgentRequest { id: Some(child.id.clone()), directory: "/w".to_owned(), ..Default::default() };
    assert_eq!(agent.create_sub_agent(update.clone()).await.unwrap().agent.unwrap(), child);
    assert_eq!(store.agent(id).await.unwrap().unwrap().directory, "/w");
    let foreign = CreateSubAgentRequest { id: Some(world.agent.id.into()), ..update };
    let error = agent.create_sub_agent(foreign).await.unwrap_err();
    assert_eq!(error.message(), "subagent does not belong to this parent agent");

    agent.delete_sub_agent(DeleteSubAgentRequest { id: child.id.clone() }).await.unwrap();
    assert!(agent.list_sub_agents(Default::default()).await.unwrap().agents.is_empty());
    assert!(agent.delete_sub_agent(DeleteSubAgentRequest { id: world.agent.id.into() }).await.is_err());
    for (name, words) in [("", "agent name cannot be empty"), ("a_b", "does not match regex")] {
        let request = CreateSubAgentRequest { name: name.to_owned(), ..Default::default() };
        assert!(agent.create_sub_agent(request).await.unwrap_err().message().contains(words));
    }
}

#[tokio::test]
async fn reports_are_stored() {
    let world = World::new().await;
    let agent = world.connect(RpcOptions::default()).await.agent();
    let store = &world.server.state().store;
    let count = async |table: &str| {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(sql)).fetch_one(store.pool()).await.unwrap()
    };

    assert_eq!(agent.update_stats(Default::default()).await.unwrap().report_interval.unwrap().seconds, 30);
    let stats = Stats { connection_count: 1, session_count_ssh: 1, ..Default::default() };
    agent.update_stats(UpdateStatsRequest { stats: Some(stats) }).await.unwrap();
    assert_eq!(count("workspace_agent_stats").await, 1);
    let bumped = store.build(world.build.id).await.unwrap().unwrap().deadline;
    assert!(bumped > world.build.deadline, "somebody is connected");

    let connection = proto_connection(connection::Action::Connect, "localhost");
    agent.report_connection(ReportConnectionRequest { connection: Some(connection.clone()) }).await.unwrap();
    let end = proto_connection(connection::Action::Disconnect, "");
    agent.report_connection(ReportConnectionRequest { connection: Some(end) }).await.unwrap();
    let row: (String, Option<i32>) =
        sqlx::query_as("SELECT ip, code FROM connection_logs").fetch_one(store.pool()).await.unwrap();
    assert_eq!(row, ("127.0.0.1".to_owned(), Some(0)));
    let error = agent.report_connection(Default::default()).await.unwrap_err();
    assert!(error.message().starts_with("connection id from bytes: "));
    let unknown = Connection { r#type: 0, ..connection };
    let error = agent.report_connection(ReportConnectionRequest { connection: Some(unknown) }).await.unwrap_err();
    assert_eq!(error.message(), "unknown agent connection type \"TYPE_UNSPECIFIED\"");

    let http =
        boundary_log::HttpRequest { method: "GET".to_owned(), url: "https://e/".to_owned(), ..Default::default() };
    let log =
        BoundaryLog { allowed: true, resource: Some(boundary_log::Resource::HttpRequest(http)), ..Default::default() };
    let report = |logs: usize, session: &str| ReportBoundaryLogsRequest {
        logs: vec![log.clone(); logs],
        session_id: session.to_owned(),
        confined_process_name: "claude".to_owned(),
    };
    let session = Uuid::new_v4().to_string();
    agent.report_boundary_logs(report(2, &session)).await.unwrap();
    agent.report_boundary_logs(report(1, &session)).await.unwrap();
    agent.report_boundary_logs(report(1, "no-uuid")).await.unwrap();
    assert_eq!((count("boundary_sessions").await, count("boundary_logs").await), (1, 3));
    let error = agent.report_boundary_logs(report(1001, "")).await.unwrap_err();
    assert_eq!(error.message(), "batch size 1001 exceeds maximum of 1000");

    let file = InstructionFileBody { content: b"be kind".to_vec() };
    let resource = ContextResource {
        source: "/src/AGENTS.md".to_owned(),
        status: context_resource::Status::Ok.into(),
        body: Some(context_resource::Body::InstructionFile(file)),
        ..Default::default()
    };
    let push =
        |version, initial, resources| PushContextStateRequest { version, initial, resources, ..Default::default() };
    assert!(agent.push_context_state(push(3, false, vec![resource.clone()])).await.unwrap().accepted);
    assert!(!agent.push_context_state(push(3, false, Vec::new())).await.unwrap().accepted, "a replay");
    let body: String =
        sqlx::query_scalar("SELECT body FROM workspace_agent_context_resources").fetch_one(store.pool()).await.unwrap();
    assert_eq!(body, r#"{"content":"YmUga2luZA=="}"#);
    let twice = agent.push_context_state(push(4, false, vec![resource.clone(), resource.clone()])).await.unwrap_err();
    assert_eq!(twice.message(), "agentapi: PushContextState duplicate source \"/src/AGENTS.md\"");
    let bare = ContextResource { body: None, ..resource };
    let bare = agent.push_context_state(push(4, false, vec![bare])).await.unwrap_err();
    assert_eq!(bare.message(), "resource \"/src/AGENTS.md\": missing body variant; status OK requires a typed body");
    assert!(agent.push_context_state(push(1, true, Vec::new())).await.unwrap().accepted, "a fresh agent");
    assert_eq!(count("workspace_agent_context_resources").await, 0);
}

fn proto_connection(action: connection::Action, ip: &str) -> Connection {
    Connection {
        id: vec![7; 16],
        action: action.into(),
        r#type: connection::Type::Ssh.into(),
        ip: ip.to_owned(),
        ..Default::default()
    }
}

#[tokio::test]
async fn the_tailnet_answers_an_agent_that_nobody_dials() {
    let world = World::new().await;
    let tailnet = world.connect(RpcOptions::default()).await.tailnet();
    let mut maps = tailnet.stream_derp_maps(StreamDerpMapsRequest {}).await.unwrap();
    assert!(maps.next().await.unwrap().unwrap().regions.contains_key(&999));
    tailnet.post_telemetry(Default::default()).await.unwrap();
    let token = tailnet.refresh_resume_token(Default::default()).await.unwrap();
    assert_eq!(token.token.split('.').count(), 3);
    assert_eq!(token.refresh_in.unwrap().seconds, 12 * 60 * 60);
    let now = world.server.state().clock.now();
    assert_eq!(token.expires_at.unwrap().seconds, (now + chrono::TimeDelta::hours(24)).timestamp());

    let leave = CoordinateRequest { disconnect: Some(Default::default()), ..Default::default() };
    let leaving = stream::iter([leave]).chain(stream::pending()).boxed();
    assert!(tailnet.coordinate(leaving).await.unwrap().next().await.is_none());
    let tunnel = coordinate_request::Tunnel { id: vec![1; 16] };
    let dialing = CoordinateRequest { add_tunnel: Some(tunnel), ..Default::default() };
    let dialing = stream::iter([dialing]).chain(stream::pending()).boxed();
    let answers: Vec<_> = tailnet.coordinate(dialing).await.unwrap().collect().await;
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].as_ref().unwrap().error, "authorization: agents cannot open tunnels");
}
