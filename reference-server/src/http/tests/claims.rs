//! Claims of prebuilt workspaces, as their agents learn of them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use agentsdk::{AgentApi, ReinitEvents, ReinitializationEvent};
use axum::Router;
use axum::body::Body;
use codersdk::{Error, Response, ServerSentEventReader, ServerSentEventType};
use futures_util::StreamExt as _;
use http::Request;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use uuid::Uuid;

use super::World;
use super::agents::Planted;
use crate::store::workspaces::PREBUILDS_USER;

const REINIT: &str = "/api/v2/workspaceagents/me/reinit";

/// An agent whose connections can be cut.
struct Agent {
    router: Router,
    token: String,
    line: Arc<Line>,
}

/// What all connections go through.
#[derive(Default)]
struct Line {
    cut: Mutex<CancellationToken>,
    /// How many requests were made.
    asked: AtomicUsize,
}

impl Line {
    /// Cuts every connection that there is.
    fn cut(&self) {
        std::mem::take(&mut *self.cut.lock().unwrap()).cancel();
    }
}

#[async_trait::async_trait]
impl AgentApi for Agent {
    async fn wait_for_reinit(&self) -> codersdk::Result<ReinitializationEvent> {
        let cut = self.line.cut.lock().unwrap().clone();
        let request = Request::get(format!("{REINIT}?wait=true")).header("Coder-Session-Token", &self.token);
        let event = async {
            self.line.asked.fetch_add(1, Ordering::SeqCst);
            let answer = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
            let status = answer.status().as_u16();
            if status != 200 {
                let body = axum::body::to_bytes(answer.into_body(), 1 << 16).await.unwrap();
                let body: Response = serde_json::from_slice(&body).unwrap();
                return Err(Error::from_response(status, body));
            }
            let body = answer.into_body().into_data_stream().map(|piece| Ok(piece.unwrap()));
            let mut events = ServerSentEventReader::new(body);
            while let Some(event) = events.next().await {
                let event = event?;
                if event.kind == ServerSentEventType::Data {
                    return Ok(serde_json::from_slice(&event.data.unwrap()).unwrap());
                }
            }
            Err(Error::api(502, "the stream has ended"))
        };
        tokio::select! {
            event = event => event,
            () = cut.cancelled() => Err(Error::api(502, "cut")),
        }
    }
}

impl World {
    /// Somebody claims a prebuilt workspace, and its build is done.
    async fn claim(&self, planted: &Planted) {
        sqlx::query("UPDATE workspaces SET owner_id = $2 WHERE id = $1")
            .bind(planted.workspace)
            .bind(self.owner_id())
            .execute(self.server.state().store.pool())
            .await
            .unwrap();
        self.plant_build(planted, 2, self.owner_id(), Uuid::new_v4()).await;
    }

    /// The server that built it tells the others.
    fn announce(&self, planted: &Planted) {
        let event = ReinitializationEvent {
            workspace_id: planted.workspace,
            reason: "prebuild_claimed".into(),
            owner_id: self.owner_id(),
        };
        let payload = serde_json::to_string(&event).unwrap();
        self.server.state().workspaces.hub.claimed(planted.workspace, payload.into());
    }
}

/// A thousand agents wait, and their workspaces are claimed; each must learn of it once.
async fn thousand_agents(cut: impl Fn(&Line, usize)) {
    const AGENTS: usize = 1000;
    let world = World::new().await;
    let line = Arc::<Line>::default();
    let mut planted = Vec::new();
    for _ in 0..AGENTS {
        planted.push(world.plant(PREBUILDS_USER, PREBUILDS_USER).await);
    }
    let told = Arc::<AtomicUsize>::default();
    let waiting: Vec<_> = planted
        .iter()
        .map(|planted| {
            let agent = Agent { router: world.router.clone(), token: planted.token.clone(), line: line.clone() };
            let (workspace, owner, told) = (planted.workspace, world.owner_id(), told.clone());
            tokio::spawn(async move {
                let mut events = ReinitEvents::new(agent);
                let event = events.next().await.unwrap();
                assert_eq!((event.workspace_id, event.owner_id), (workspace, owner));
                told.fetch_add(1, Ordering::SeqCst);
                events
            })
        })
        .collect();
    while line.asked.load(Ordering::SeqCst) < AGENTS {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for (number, planted) in planted.iter().enumerate() {
        world.claim(planted).await;
        cut(&line, number);
        world.announce(planted);
    }
    cut(&line, AGENTS);
    let mut streams = Vec::new();
    for waiting in waiting {
        streams.push(waiting.await.unwrap());
    }
    assert_eq!(told.load(Ordering::SeqCst), AGENTS);
    // Asked again, the server tells the same; the agents are not told twice.
    let mut again = futures_util::stream::select_all(streams);
    assert!(tokio::time::timeout(Duration::from_millis(500), again.next()).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_agents_each_learn_of_their_claim_once() {
    thousand_agents(|_, _| {}).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_agent_misses_its_claim_when_every_connection_is_cut_at_that_moment() {
    thousand_agents(|line, number| {
        if number % 250 == 0 {
            line.cut();
        }
    })
    .await;
}

async fn asked(world: &World, planted: &Planted) -> super::Answer {
    world.get(&planted.token, &format!("{REINIT}?wait=true")).await
}

#[tokio::test]
async fn agents_that_need_not_wait_are_told_so() {
    const NOT_WAITING: &str = "Workspace is not a prebuilt workspace waiting to be claimed.";
    let world = World::new().await;
    let normal = world.plant(world.owner_id(), world.owner_id()).await;
    let answer = asked(&world, &normal).await.refuses(409, NOT_WAITING);
    assert_eq!(answer["detail"], "This endpoint is only for agents running in prebuilt workspaces.");

    let failed = world.plant(PREBUILDS_USER, PREBUILDS_USER).await;
    world.claim(&failed).await;
    sqlx::query(
        "UPDATE provisioner_jobs SET error = 'no disk' WHERE initiator_id = $1 AND id IN \
                 (SELECT job_id FROM workspace_builds WHERE workspace_id = $2)",
    )
    .bind(world.owner_id())
    .bind(failed.workspace)
    .execute(world.server.state().store.pool())
    .await
    .unwrap();
    assert_eq!(asked(&world, &failed).await.refuses(409, "Claim build failed permanently.")["detail"], "no disk");

    let settled = world.plant(PREBUILDS_USER, PREBUILDS_USER).await;
    world.claim(&settled).await;
    world.plant_build(&settled, 3, world.owner_id(), Uuid::new_v4()).await;
    let answer = asked(&world, &settled).await.refuses(409, NOT_WAITING);
    assert_eq!(answer["detail"], "The prebuild claim for this workspace has already been handled by an earlier build.");
}

/// What a stream says first.
async fn first_frame(world: &World, token: &str, query: &str) -> String {
    let request = Request::get(format!("{REINIT}{query}")).header("Coder-Session-Token", token);
    let answer = world.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["content-type"]),
        (200, &"text/event-stream".parse().unwrap())
    );
    let mut body = answer.into_body().into_data_stream();
    let frame = body.next().await.unwrap().unwrap();
    String::from_utf8(frame.to_vec()).unwrap()
}

#[tokio::test]
async fn silence_is_filled_with_pings_and_old_payloads_are_understood() {
    let world = Arc::new(World::new().await);
    let planted = world.plant(PREBUILDS_USER, PREBUILDS_USER).await;
    let ask = |query: &'static str| {
        let (world, token) = (world.clone(), planted.token.clone());
        tokio::spawn(async move { first_frame(&world, &token, query).await })
    };
    let pinged = ask("?wait=true");
    while !pinged.is_finished() {
        world.clock.advance(Duration::from_secs(15));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(pinged.await.unwrap(), "event: ping\n\n");

    let told = ask("?wait=no-such-value");
    while !told.is_finished() {
        world.server.state().workspaces.hub.claimed(planted.workspace, "prebuild_claimed".into());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let json = format!("{{\"workspace_id\":\"{}\",\"reason\":\"prebuild_claimed\"}}", planted.workspace);
    assert_eq!(told.await.unwrap(), format!("event: data\ndata: {json}\n\n"));
}
