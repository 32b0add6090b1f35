//! Chats over REST: what lists give, what sharing opens and what stays closed, and files.

use axum::body::Body;
use http::Method;
use serde_json::{Value, json};

use super::{Answer, World};

const CHATS: &str = "/api/experimental/chats";
const NOT_FOUND: &str = "Resource not found or you do not have access to this resource";

impl World {
    /// A chat of the owner whose answer hangs, so that nothing but the test changes it; its id.
    async fn chat(&self, title: &str, changes: Value) -> String {
        let text = format!("{title}\n@hang 60000\n@text late");
        let mut body = json!({"organization_id": self.organization, "content": [{"type": "text", "text": text}]});
        for (key, value) in changes.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        let chat = self.post(&self.owner, CHATS, body).await.expect(201);
        chat["id"].as_str().unwrap().to_owned()
    }

    /// A chat whose turn is over, so that nothing touches it any more.
    async fn finished_chat(&self, title: &str, changes: Value) -> String {
        let mut body = json!({"organization_id": self.organization, "content": [{"type": "text", "text": title}]});
        body.as_object_mut().unwrap().extend(changes.as_object().cloned().unwrap());
        let chat = self.post(&self.owner, CHATS, body).await.expect(201)["id"].as_str().unwrap().to_owned();
        let path = format!("{CHATS}/{chat}");
        while self.get(&self.owner, &path).await.expect(200)["status"] != "waiting" {
            tokio::task::yield_now().await;
        }
        chat
    }

    async fn patch(&self, token: &str, path: &str, body: Value) -> Answer {
        self.call(token, Method::PATCH, path, body).await
    }

    async fn listed(&self, token: &str, query: &str) -> Vec<String> {
        let list = self.get(token, &format!("{CHATS}{query}")).await.expect(200);
        list.as_array().unwrap().iter().map(|chat| chat["id"].as_str().unwrap().to_owned()).collect()
    }

    async fn upload(&self, name: &str, media_type: &str, data: &'static str) -> Answer {
        let path = format!("{CHATS}/files?organization={}", self.organization);
        let disposition = format!("attachment; filename=\"{name}\"");
        let headers = [
            ("Coder-Session-Token", self.owner.as_str()),
            ("Content-Type", media_type),
            ("Content-Disposition", disposition.as_str()),
        ];
        self.raw(Method::POST, &path, &headers, Body::from(data)).await
    }
}

#[tokio::test]
async fn pinned_chats_come_first_in_their_order() {
    let world = World::new().await;
    let mut chats = Vec::new();
    for title in ["one", "two", "three"] {
        chats.push(world.chat(title, json!({})).await);
    }
    for (chat, place) in [(2, 9), (0, 1), (0, 1)] {
        world.patch(&world.owner, &format!("{CHATS}/{}", chats[chat]), json!({"pin_order": place})).await.expect(204);
    }
    assert_eq!(world.listed(&world.owner, "").await[..2], [chats[0].clone(), chats[2].clone()]);
    world.patch(&world.owner, &format!("{CHATS}/{}", chats[0]), json!({"pin_order": 0})).await.expect(204);
    assert_eq!(world.listed(&world.owner, "?limit=1").await, [chats[2].clone()]);
}

#[tokio::test]
async fn a_page_is_full_and_the_next_goes_on_behind_it() {
    let world = World::new().await;
    let mut wanted = Vec::new();
    for n in 0..6 {
        let labels = json!({"labels": {"team": if n % 2 == 0 { "core" } else { "other" }}});
        let chat = world.finished_chat("Äpfel zählen", labels).await;
        if n % 2 == 0 {
            wanted.insert(0, chat);
        }
        world.hours(1);
    }
    let first = world.listed(&world.owner, "?label=team:core&limit=2").await;
    assert_eq!(first, wanted[..2]);
    let next = format!("?label=team:core&limit=2&after_id={}", first[1]);
    assert_eq!(world.listed(&world.owner, &next).await, wanted[2..]);
    assert_eq!(world.listed(&world.owner, "?q=title:%C3%84PFEL&offset=4").await.len(), 2);
    assert!(world.listed(&world.owner, "?q=title:Birnen").await.is_empty());
}

#[tokio::test]
async fn sharing_opens_a_chat_for_reading_alone() {
    let world = World::new().await;
    let (reader_id, reader) = world.person("reader", json!({})).await;
    let chat = format!("{CHATS}/{}", world.chat("secret", json!({})).await);
    world.get(&reader, &chat).await.refuses(404, NOT_FOUND);
    let acl = format!("{chat}/acl");
    world.patch(&world.owner, &acl, json!({"user_roles": {reader_id.clone(): "read"}})).await.expect(204);
    assert_eq!(world.get(&reader, &chat).await.expect(200)["shared"], true);
    assert_eq!(world.listed(&reader, "?q=source:shared_with_me").await.len(), 1);
    assert!(world.listed(&reader, "").await.is_empty());
    world.patch(&reader, &chat, json!({"title": "mine"})).await.refuses(404, NOT_FOUND);
    // The body is not even looked at.
    world.post(&reader, &format!("{chat}/messages"), json!("nonsense")).await.refuses(404, NOT_FOUND);
    world.patch(&reader, &acl, json!({"user_roles": {}})).await.refuses(403, "Forbidden.");
    world.patch(&world.owner, &acl, json!({"user_roles": {reader_id: ""}})).await.expect(204);
    world.get(&reader, &format!("{chat}/messages")).await.refuses(404, NOT_FOUND);
}

#[tokio::test]
async fn fields_are_applied_up_to_the_first_that_is_wrong() {
    let world = World::new().await;
    let chat = format!("{CHATS}/{}", world.chat("one", json!({})).await);
    let both = json!({"title": " Kept ", "labels": {"": "x"}, "pin_order": 1});
    world.patch(&world.owner, &chat, both).await.refuses(400, "Invalid labels.");
    let read = world.get(&world.owner, &chat.replace("experimental", "v2")).await.expect(200);
    assert_eq!((&read["title"], &read["pin_order"]), (&json!("Kept"), &json!(0)));
    let busy = "Cannot archive an active chat. Interrupt or wait for the chat to finish first.";
    world.patch(&world.owner, &chat, json!({"archived": true})).await.refuses(409, busy);
}

#[tokio::test]
async fn files_keep_their_type_and_belong_to_their_owner_and_to_readers_of_their_chats() {
    let world = World::new().await;
    let (reader_id, reader) = world.person("reader", json!({})).await;
    let file = world.upload("data.json", "application/json", r#"{"a": 1}"#).await.expect(201);
    let id = file["id"].as_str().unwrap();
    let path = format!("{CHATS}/files/{id}");
    let nowhere = format!("{CHATS}/files?organization=11111111-1111-4111-8111-111111111111");
    let headers = [("Coder-Session-Token", world.owner.as_str()), ("Content-Disposition", "inline; filename=a.txt")];
    world.raw(Method::POST, &nowhere, &headers, "text").await.refuses(403, "Forbidden.");
    let answer = world.get(&world.owner, &path).await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("content-disposition"), "inline; filename=data.json");
    world.get(&reader, &path).await.refuses(404, NOT_FOUND);
    let chat = world.chat("x", json!({"content": [{"type": "file", "file_id": id}]})).await;
    let acl = json!({"user_roles": {reader_id: "read"}});
    world.patch(&world.owner, &format!("{CHATS}/{chat}/acl"), acl).await.expect(204);
    assert_eq!(world.get(&reader, &path).await.expect(200), json!({"a": 1}));
    world.upload("x.svg", "application/octet-stream", "<svg/>").await.refuses(400, "Unsupported file type.");
    world
        .upload("x.png", "image/png", "text")
        .await
        .refuses(400, "File content type does not match Content-Type header.");
}

#[tokio::test]
async fn titles_and_labels_are_recorded_like_turns() {
    let world = World::new().await;
    let (owner, config) = (&world.owner, format!("{CHATS}/config"));
    world.put(owner, &format!("{config}/debug-logging"), json!({"allow_users": true})).await.expect(204);
    world.put(owner, &format!("{config}/user-debug-logging"), json!({"debug_logging_enabled": true})).await.expect(204);
    // The model answers in text where a tool is asked for, so that there is neither title nor label.
    let chat = world.finished_chat("@usage 7 3\n@text fine", json!({})).await;
    let path = format!("{CHATS}/{chat}/debug/runs");
    let runs = loop {
        let runs = world.get(owner, &path).await.expect(200);
        let runs = runs.as_array().unwrap().clone();
        if runs.len() == 3 && runs.iter().all(|run| !run["finished_at"].is_null()) {
            break runs;
        }
        tokio::task::yield_now().await;
    };
    let of = |kind: &str| runs.iter().find(|run| run["kind"] == kind).unwrap_or_else(|| panic!("no {kind}: {runs:?}"));
    assert_eq!((&of("chat_turn")["status"], &of("quickgen")["status"]), (&json!("completed"), &json!("error")));
    let title = of("title_generation");
    assert_eq!(title["status"], "error");
    assert_eq!(title["summary"]["first_message"], "@usage 7 3 @text fine");
    assert_eq!(of("quickgen")["summary"]["first_message"], "Turn status label");
    let run = world.get(owner, &format!("{path}/{}", title["id"].as_str().unwrap())).await.expect(200);
    let steps = run["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 1);
    assert_eq!((&steps[0]["operation"], &steps[0]["status"]), (&json!("generate"), &json!("completed")));
    assert_eq!(steps[0]["normalized_request"]["tools"][0]["name"], "propose_title");
    assert!(run["trigger_message_id"].is_i64(), "{run}");
}
