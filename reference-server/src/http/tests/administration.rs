//! What is administered for chats: settings that went bad, secrets, limits, and what hangs on an MCP server.

use serde_json::json;
use uuid::Uuid;

use super::World;
use crate::store::settings::set_site_config;
use crate::usage_limits::spend_check;

const CHATS: &str = "/api/experimental/chats";
const SERVERS: &str = "/api/experimental/mcp/servers";

#[tokio::test]
async fn a_stored_override_that_is_no_id_is_malformed_until_it_is_set_again() {
    let world = World::new().await;
    let store = &world.server.state().store;
    set_site_config(store.pool(), "agents_chat_explore_model_override", "gpt").await.unwrap();
    let path = format!("{CHATS}/config/model-override/explore");
    let malformed = json!({"context": "explore", "model_config_id": "", "is_malformed": true});
    assert_eq!(world.get(&world.owner, &path).await.expect(200), malformed);
    world.put(&world.owner, &path, json!({"model_config_id": ""})).await.expect(204);
    assert_eq!(world.get(&world.owner, &path).await.expect(200)["is_malformed"], false);
}

#[tokio::test]
async fn the_scripted_provider_is_listed_but_cannot_be_made() {
    let world = World::new().await;
    let listed = world.get(&world.owner, "/api/v2/ai/providers").await.expect(200);
    assert_eq!(listed[0]["type"], "scripted");
    let body = json!({"type": "scripted", "name": "mine", "base_url": "http://127.0.0.1/"});
    world.post(&world.owner, "/api/v2/ai/providers", body).await.refuses(400, "Invalid AI provider request.");
    let models = world.get(&world.owner, &format!("{CHATS}/models")).await.expect(200);
    assert_eq!(
        (&models["providers"][0]["provider"], &models["providers"][0]["available"]),
        (&json!("scripted"), &json!(true))
    );
}

#[tokio::test]
async fn secrets_stay_where_they_are() {
    let world = World::new().await;
    let owner = &world.owner;
    let provider = json!({
        "type": "bedrock", "name": "b", "base_url": "https://b.example.com", "enabled": true,
        "settings": {"_type": "bedrock", "_version": 1, "region": "eu", "access_key_secret": "hush-1"}});
    world.post(owner, "/api/v2/ai/providers", provider).await.expect(201);
    let server = json!({
        "display_name": "S", "slug": "s", "transport": "sse", "url": "https://s.example.com", "enabled": true,
        "auth_type": "api_key", "api_key_header": "X-Key", "api_key_value": "hush-2", "availability": "default_on"});
    world.post(owner, SERVERS, server).await.expect(201);
    for path in ["/api/v2/ai/providers", SERVERS] {
        let answer = world.get(owner, path).await;
        assert!(!answer.text.contains("hush"), "{}", answer.text);
    }
    let state = world.server.state();
    let rows = (state.store.ai_providers().await.unwrap(), state.store.mcp_servers(false).await.unwrap());
    assert!(!format!("{rows:?}").contains("hush"));
}

#[tokio::test]
async fn a_group_s_limit_counts_in_its_organization_and_a_user_s_own_everywhere() {
    let world = World::new().await;
    let (owner, organization) = (&world.owner, Uuid::parse_str(&world.organization).unwrap());
    let (id, _) = world.person("spender", json!({})).await;
    let user = Uuid::parse_str(&id).unwrap();
    let state = world.server.state();
    let refused = async |organization| spend_check(state, user, organization).await.is_err();

    let chat = Uuid::new_v4();
    sqlx::query(
        "INSERT INTO chats (id, organization_id, owner_id, title, client_type, last_model_config_id, created_at, \
         updated_at, status) VALUES ($1, $2, $3, '', 'api', $1, '2026-06-01', '2026-06-01', 'waiting')",
    )
    .bind(chat)
    .bind(organization)
    .bind(user)
    .execute(state.store.pool())
    .await
    .unwrap();
    sqlx::query(
        "INSERT INTO chat_messages (chat_id, created_at, role, visibility, content_version, revision, deleted, \
         total_cost_micros) VALUES ($1, $2, 'assistant', 'both', 1, 1, TRUE, 100)",
    )
    .bind(chat)
    .bind(state.clock.now())
    .execute(state.store.pool())
    .await
    .unwrap();

    let limits = format!("{CHATS}/usage-limits");
    let group = format!("{limits}/group-overrides/{organization}");
    world.put(owner, &group, json!({"spend_limit_micros": 100})).await.expect(200);
    assert!(!refused(organization).await, "without a limit of the deployment there is none");
    world.put(owner, &limits, json!({"spend_limit_micros": 1000, "period": "day"})).await.expect(200);
    assert!(refused(organization).await, "what was edited away is paid for all the same");
    assert!(!refused(Uuid::new_v4()).await, "another organization has its own groups and its own spending");
    world.put(owner, &format!("{limits}/overrides/{user}"), json!({"spend_limit_micros": 50})).await.expect(200);
    assert!(refused(Uuid::new_v4()).await, "a user's own limit holds everywhere");
    world.hours(24);
    assert!(!refused(organization).await, "a new day");
}

#[tokio::test]
async fn a_deleted_mcp_server_leaves_its_chats() {
    let world = World::new().await;
    let state = world.server.state();
    let mut ids = Vec::new();
    for slug in ["a", "b", "c"] {
        let body = json!({
            "display_name": slug, "slug": slug, "transport": "sse", "url": "https://s.example.com", "enabled": true,
            "auth_type": "none", "availability": "default_off"});
        let made = world.post(&world.owner, SERVERS, body).await.expect(201);
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    let body = json!({
        "organization_id": world.organization, "content": [{"type": "text", "text": "@text hi"}],
        "mcp_server_ids": ids});
    let chat = world.post(&world.owner, CHATS, body).await.expect(201);
    let id = Uuid::parse_str(chat["id"].as_str().unwrap()).unwrap();
    for (gone, left) in [(1, 2), (2, 1), (0, 0)] {
        world.delete(&world.owner, &format!("{SERVERS}/{}", ids[gone])).await.expect(204);
        assert_eq!(state.store.chat(id).await.unwrap().unwrap().mcp_server_ids.len(), left);
    }
}
