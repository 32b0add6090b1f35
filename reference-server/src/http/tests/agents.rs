//! What agents report and ask with their own tokens.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use chrono::{DateTime, TimeDelta, Utc};
use http::{Method, StatusCode};
use secrecy::SecretString;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Answer, World};
use crate::ExternalAuthConfig;
use crate::store::agent_reports::{ContextSnapshotRow, put_context};
use crate::store::external_auth::ExternalAuthLinkRow;
use crate::testing::vectors;

const ME: &str = "/api/v2/workspaceagents/me";

/// A workspace with one agent, as a finished build leaves it.
pub(super) struct Planted {
    pub(super) workspace: Uuid,
    pub(super) agent: Uuid,
    pub(super) app: Uuid,
    pub(super) token: String,
}

impl World {
    /// A workspace whose agent has an app `app`. Its first build was started by `initiator`.
    pub(super) async fn plant(&self, owner: Uuid, initiator: Uuid) -> Planted {
        let planted = Planted {
            workspace: Uuid::new_v4(),
            agent: Uuid::new_v4(),
            app: Uuid::new_v4(),
            token: Uuid::new_v4().to_string(),
        };
        let now = self.server.state().clock.now();
        sqlx::query(
            "INSERT INTO workspaces (id, created_at, updated_at, owner_id, organization_id, template_id, name, \
             last_used_at) VALUES ($1, $2, $2, $3, $4, $5, $6, $2)",
        )
        .bind(planted.workspace)
        .bind(now)
        .bind(owner)
        .bind(self.organization.parse::<Uuid>().unwrap())
        .bind(Uuid::max())
        .bind(planted.workspace.to_string())
        .execute(self.server.state().store.pool())
        .await
        .unwrap();
        self.plant_build(&planted, 1, initiator, planted.agent).await;
        planted
    }

    /// A finished build of a workspace, with its agent.
    pub(super) async fn plant_build(&self, planted: &Planted, number: i32, initiator: Uuid, agent: Uuid) {
        let (build, job, resource) = (Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4());
        let now = self.server.state().clock.now();
        let mut tx = self.server.state().store.begin().await.unwrap();
        for (sql, ids) in [
            (
                "INSERT INTO provisioner_jobs (id, created_at, updated_at, completed_at, organization_id, \
                 initiator_id, type, file_id) VALUES ($1, $4, $4, $4, $2, $2, 'workspace_build', $3)",
                [job, initiator, Uuid::max()],
            ),
            (
                "INSERT INTO workspace_builds (id, created_at, updated_at, workspace_id, template_version_id, \
                 build_number, transition, initiator_id, job_id, reason) \
                 VALUES ($1, $4, $4, $2, $1, $5, 'start', $6, $3, 'initiator')",
                [build, planted.workspace, job],
            ),
            (
                "INSERT INTO workspace_resources (id, created_at, build_id, type, name) \
                 VALUES ($1, $4, $2, 'docker_container', 'dev')",
                [resource, build, Uuid::nil()],
            ),
            (
                "INSERT INTO workspace_agents (id, created_at, updated_at, name, workspace_id, build_id, resource_id, \
                 auth_token, architecture, operating_system) \
                 SELECT $1, $4, $4, 'dev', b.workspace_id, b.id, $3, $6, 'amd64', 'linux' \
                 FROM workspace_builds b WHERE b.id = $2",
                [agent, build, resource],
            ),
        ] {
            let last = if sql.contains("auth_token") { planted.token.parse().unwrap() } else { initiator };
            let query = sqlx::query(sql).bind(ids[0]).bind(ids[1]).bind(ids[2]).bind(now).bind(number).bind(last);
            query.execute(&mut *tx).await.unwrap();
        }
        sqlx::query("INSERT INTO workspace_apps (id, created_at, agent_id, slug) VALUES ($1, $2, $3, 'app')")
            .bind(if number == 1 { planted.app } else { Uuid::new_v4() })
            .bind(now)
            .bind(agent)
            .execute(&mut *tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    pub(super) fn owner_id(&self) -> Uuid {
        self.server.login().unwrap().user_id
    }

    pub(super) async fn sql(&self, sql: &'static str, id: Uuid) {
        sqlx::query(sql).bind(id).execute(self.server.state().store.pool()).await.unwrap();
    }

    async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(self.server.state().store.pool()).await.unwrap()
    }

    async fn report(&self, planted: &Planted, state: &str) -> Answer {
        let body = json!({"app_slug": "app", "state": state, "message": "m"});
        self.call(&planted.token, Method::PATCH, &format!("{ME}/app-status"), body).await
    }
}

#[tokio::test]
async fn the_owner_is_told_of_a_tasks_states_but_not_of_its_first_work() {
    const NOTICES: &str = "SELECT count(*) FROM notification_messages";
    let world = World::new().await;
    let planted = world.plant(world.owner_id(), world.owner_id()).await;
    world.report(&planted, "idle").await.expect(200);
    assert_eq!(world.count(NOTICES).await, 0, "it is no task");

    sqlx::query(
        "INSERT INTO tasks (id, organization_id, owner_id, name, workspace_id, template_version_id, prompt, created_at) \
         VALUES ($1, $1, $2, 'poem', $3, $1, 'Write', '2026-06-27T12:00:00+00:00')",
    )
    .bind(Uuid::max())
    .bind(world.owner_id())
    .bind(planted.workspace)
    .execute(world.server.state().store.pool())
    .await
    .unwrap();
    world.sql("DELETE FROM workspace_app_statuses WHERE workspace_id = $1", planted.workspace).await;
    world
        .sql(
            "INSERT INTO task_workspace_apps (task_id, workspace_build_number, workspace_app_id) \
               VALUES (x'ffffffffffffffffffffffffffffffff', 1, $1)",
            planted.app,
        )
        .await;
    world.report(&planted, "idle").await.expect(200);
    assert_eq!(world.count(NOTICES).await, 0, "the agent is not ready");

    world.sql("DELETE FROM workspace_app_statuses WHERE workspace_id = $1", planted.workspace).await;
    world.sql("UPDATE workspace_agents SET lifecycle_state = 'ready' WHERE id = $1", planted.agent).await;
    world.report(&planted, "working").await.expect(200);
    assert_eq!(world.count(NOTICES).await, 0, "that it works at first is no news");
    world.report(&planted, "idle").await.expect(200);
    assert_eq!(world.count(NOTICES).await, 1);
    for state in ["idle", "working", "idle"] {
        world.report(&planted, state).await.expect(200);
    }
    assert_eq!(world.count(NOTICES).await, 2, "working, and the second idle is the same within the minute");
    world.clock.advance(Duration::from_secs(60));
    world.report(&planted, "working").await.expect(200);
    world.report(&planted, "idle").await.expect(200);
    assert_eq!(world.count(NOTICES).await, 4);
    let labels: String = sqlx::query_scalar("SELECT labels FROM notification_messages LIMIT 1")
        .fetch_one(world.server.state().store.pool())
        .await
        .unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(&labels).unwrap(),
        json!({"task": "poem", "workspace": planted.workspace.to_string()})
    );
}

#[tokio::test]
async fn a_full_log_takes_no_line_of_a_batch_and_what_fits_later() {
    let world = World::new().await;
    let planted = world.plant(world.owner_id(), world.owner_id()).await;
    let send = async |lines: Vec<String>| {
        let logs: Vec<_> = lines.iter().map(|line| json!({"output": line})).collect();
        world.call(&planted.token, Method::PATCH, &format!("{ME}/logs"), json!({ "logs": logs })).await
    };
    let limit = 1 << 20;
    send(vec!["\u{0}".to_owned(); 10]).await.expect(200);
    assert_eq!(world.count("SELECT logs_length FROM workspace_agents").await, 30, "what is stored counts");
    send(vec!["fits".to_owned(), "x".repeat(limit)]).await.refuses(413, "Logs limit exceeded");
    send(vec!["x".repeat(limit - 30)]).await.expect(200);
    send(vec!["y".to_owned()]).await.refuses(413, "Logs limit exceeded");
    assert_eq!(world.count("SELECT logs_overflowed FROM workspace_agents").await, 1);
    assert_eq!(world.count("SELECT count(*) FROM workspace_agent_logs").await, 11);
}

/// A service that counts how often it is asked about a token, and takes those that begin with `good`.
async fn service() -> (ExternalAuthConfig, Arc<AtomicUsize>) {
    let asked = Arc::<AtomicUsize>::default();
    let counter = asked.clone();
    let validate = move |headers: http::HeaderMap| {
        counter.fetch_add(1, Ordering::SeqCst);
        let good = headers["authorization"].to_str().unwrap().starts_with("Bearer good");
        async move { if good { StatusCode::OK } else { StatusCode::UNAUTHORIZED } }
    };
    let app = axum::Router::new().route("/user", axum::routing::get(validate));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let config = ExternalAuthConfig {
        id: "git".to_owned(),
        kind: "gitlab".to_owned(),
        regex: r"git\.example".to_owned(),
        validate_url: format!("{url}/user"),
        ..ExternalAuthConfig::default()
    };
    (config, asked)
}

impl World {
    async fn link(&self, token: &str, expiry: Option<DateTime<Utc>>) {
        let now = self.server.state().clock.now();
        let row = ExternalAuthLinkRow {
            provider_id: "git".to_owned(),
            user_id: self.owner_id(),
            created_at: now,
            updated_at: now,
            oauth_access_token: SecretString::from(token.to_owned()),
            oauth_refresh_token: SecretString::from(String::new()),
            oauth_expiry: expiry,
            oauth_extra: None,
            oauth_refresh_failure_reason: String::new(),
        };
        self.server.state().store.put_external_auth_link(&row).await.unwrap();
    }
}

#[tokio::test]
async fn git_marks_the_change_of_the_named_chat_or_of_all_chats_of_the_workspace() {
    let (config, _) = service().await;
    let world = World::built(|server| server.external_auth(config)).await;
    let planted = world.plant(world.owner_id(), world.owner_id()).await;
    let body = json!({"organization_id": world.organization, "content": [{"type": "text", "text": "@hang 60000"}]});
    let mut chats = Vec::new();
    for _ in 0..2 {
        let chat = world.post(&world.owner, "/api/v2/chats", body.clone()).await.expect(201);
        chats.push(chat["id"].as_str().unwrap().to_owned());
    }
    world.sql("UPDATE chats SET workspace_id = $1", planted.workspace).await;
    let ask = async |query: &str| {
        let path = format!("{ME}/external-auth?match=https://git.example/a.git&git_branch=fix{query}");
        world.get(&planted.token, &path).await.expect(200)
    };
    let marked = async || world.count("SELECT count(*) FROM chat_diff_statuses WHERE git_branch = 'fix'").await;

    ask("").await;
    assert_eq!(marked().await, 0, "without a remote there is nothing to note");
    ask(&format!("&git_remote_origin=o&chat_id={}", chats[1])).await;
    assert_eq!(marked().await, 1);
    let chat = world.get(&world.owner, &format!("/api/v2/chats/{}", chats[1])).await.expect(200);
    assert!(chat["diff_status"].is_object());
    ask("&git_remote_origin=o&chat_id=nonsense").await;
    assert_eq!(marked().await, 2, "an id that cannot be read counts as none");
    ask(&format!("&git_remote_origin=o&chat_id={}", Uuid::max())).await;
    assert_eq!(marked().await, 2);
}

#[tokio::test]
async fn a_token_comes_in_the_form_that_git_wants() {
    let (config, _) = service().await;
    let world = World::built(|server| server.external_auth(config)).await;
    let planted = world.plant(world.owner_id(), world.owner_id()).await;
    world.link("good", None).await;
    let answer = world.get(&planted.token, &format!("{ME}/external-auth?id=git")).await.expect(200);
    let wanted = json!({"access_token": "good", "token_extra": null, "url": "", "type": "gitlab", "username": "oauth2",
                        "password": "good"});
    assert_eq!(answer, wanted);
    world.link("bad", None).await;
    let answer = world.get(&planted.token, &format!("{ME}/external-auth?id=git")).await.expect(200);
    assert!(answer["url"].as_str().unwrap().ends_with("/external-auth/git") && answer["access_token"] == "");
}

#[tokio::test]
async fn listening_asks_about_a_token_once_whatever_the_zone_of_its_end() {
    let (config, asked) = service().await;
    let world = Arc::new(World::built(|server| server.external_auth(config)).await);
    let planted = world.plant(world.owner_id(), world.owner_id()).await;
    let end = world.server.state().clock.now() + TimeDelta::hours(1);
    world.link("bad", Some(end)).await;
    let listening = {
        let (world, token) = (world.clone(), planted.token.clone());
        tokio::spawn(async move { world.get(&token, &format!("{ME}/external-auth?listen&id=git")).await })
    };
    while asked.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // The same instant, written as another zone would.
    sqlx::query("UPDATE external_auth_links SET oauth_expiry = $1")
        .bind(end.with_timezone(&chrono::FixedOffset::west_opt(12_600).unwrap()))
        .execute(world.server.state().store.pool())
        .await
        .unwrap();
    let tick = async || {
        for _ in 0..5 {
            world.clock.advance(Duration::from_secs(1));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tick().await;
    assert_eq!(asked.load(Ordering::SeqCst), 1, "the token has not changed");
    world.link("good", Some(end)).await;
    while !listening.is_finished() {
        tick().await;
    }
    assert_eq!(listening.await.unwrap().expect(200)["password"], "good");
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn the_agents_own_routes_are_for_agents() {
    let world = World::new().await;
    let planted = world.plant(world.owner_id(), world.owner_id()).await;
    let headers = [("Coder-Session-Token", world.owner.as_str())];
    for path in ["gitsshkey", "external-auth", "reinit", "no-such-route"] {
        let answer = world.raw(Method::GET, &format!("{ME}/{path}"), &headers, Body::empty()).await;
        answer.refuses(401, "Workspace agent token invalid.");
    }
    world.get(&planted.token, &format!("{ME}/no-such-route")).await.refuses(404, "Route not found.");
    assert_eq!(world.post(&planted.token, &format!("{ME}/reinit"), Value::Null).await.status, 405);
    let pair = world.get(&planted.token, &format!("{ME}/gitsshkey")).await.expect(200);
    assert!(pair["private_key"].as_str().unwrap().starts_with("-----BEGIN OPENSSH PRIVATE KEY-----"));
}

#[tokio::test]
async fn chats_that_drifted_are_refreshed_once() {
    let world = World::new().await;
    let planted = world.plant(world.owner_id(), world.owner_id()).await;
    let body = json!({"organization_id": world.organization, "content": [{"type": "text", "text": "@hang 60000"}]});
    for _ in 0..2 {
        world.post(&world.owner, "/api/v2/chats", body.clone()).await.expect(201);
    }
    world.sql("UPDATE chats SET agent_id = $1", planted.agent).await;
    let push = async |hash: u8, version: i64| {
        let snapshot = ContextSnapshotRow {
            workspace_agent_id: planted.agent,
            version,
            aggregate_hash: vec![hash],
            snapshot_error: String::new(),
            received_at: world.server.state().clock.now(),
        };
        let mut tx = world.server.state().store.begin().await.unwrap();
        put_context(&mut tx, &snapshot, &[]).await.unwrap();
        tx.commit().await.unwrap();
    };
    let refreshed = async || {
        let path = format!("{ME}/experimental/chat-context/refresh");
        world.post(&planted.token, &path, Value::Null).await.expect(200)["refreshed"].clone()
    };
    assert_eq!(refreshed().await, 0);
    push(1, 1).await;
    assert_eq!(refreshed().await, 0, "what was pushed first is what they work with");
    push(2, 2).await;
    assert_eq!(refreshed().await, 2);
    assert_eq!(refreshed().await, 0);
}

#[tokio::test]
async fn reports_are_checked_as_in_the_original() {
    let mut cases = vectors("app_status.json");
    cases.retain(|case| case.text("rule") == "report");
    let world = World::new().await;
    let planted = world.plant(world.owner_id(), world.owner_id()).await;
    let mut wrong = Vec::new();
    for case in &cases {
        // The slug of the only app.
        let slug = case.text("app_slug").replace("known", "app");
        let repeated = case.input["repeat"].as_u64().map(|times| case.text("unit").repeat(times as usize));
        let message = repeated.unwrap_or_else(|| case.text("message").to_owned());
        let report = json!({"app_slug": slug, "state": case.text("state"), "message": message});
        let answer = world.call(&planted.token, Method::PATCH, &format!("{ME}/app-status"), report).await;
        let fits = match (&case.error, &case.output["error"]) {
            // The conversion of a state that does not exist fails before anything is checked.
            (Some(_), _) => answer.status == 400,
            (None, Value::Null) => answer.status == 200,
            (None, error) => {
                let validations = match &answer.json["validations"] {
                    Value::Null => json!([]),
                    validations => validations.clone(),
                };
                answer.status == 400
                    && answer.json["message"] == error["message"]
                    && answer.json["detail"] == error["detail"]
                    && validations == error["validations"]
            }
        };
        if !fits {
            wrong.push(format!("{}: {} {}", case.name, answer.status, answer.text));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
