use super::*;

#[tokio::test]
async fn guarded_paths_ask_for_a_session_first() {
    let world = World::new().await;
    for (method, path) in [
        (Method::GET, "/api/v2/users/nobody/nope"),
        (Method::DELETE, "/api/v2/authcheck"),
        (Method::PATCH, "/api/experimental/chats/zz"),
        (Method::GET, "/api/v2/chats/nope/nope"),
        (Method::GET, "/api/v2/users/login"),
        (Method::HEAD, "/api/v2/users/me"),
    ] {
        let answer = world.raw(method, path, &[], Body::empty()).await;
        assert_eq!(answer.status, 401, "{path}");
    }
    for (method, path, status) in [
        (Method::PUT, "/api/v2/regions", 405),
        (Method::GET, "/api/v2/nope", 404),
        (Method::GET, "/api/experimental/nope", 404),
        (Method::HEAD, "/healthz", 405),
        (Method::DELETE, "/api/v2/users", 405),
        (Method::GET, "/api/nope", 200),
    ] {
        let answer = world.raw(method, path, &[], Body::empty()).await;
        assert_eq!(answer.status, status, "{path}");
    }
}

#[tokio::test]
async fn words_with_a_route_are_names_for_other_methods() {
    let world = World::new().await;
    world.user("login", json!({})).await;
    assert_eq!(world.get(&world.owner, "/api/v2/users/login").await.expect(200)["username"], "login");
    world.get(&world.owner, "/api/v2/users/logout").await.expect(404);
    world.delete(&world.owner, "/api/v2/users/login").await.refuses(200, "User has been deleted!");
    let wrong = world.call(&world.owner, Method::PATCH, "/api/v2/users/me", Value::Null).await;
    assert_eq!((wrong.status.as_u16(), wrong.text.as_str()), (405, ""));
    let mut allowed: Vec<_> = wrong.header("allow").split(", ").collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["DELETE", "GET"]);
}

#[tokio::test]
async fn ids_are_known_in_every_spelling() {
    let world = World::new().await;
    let me = world.get(&world.owner, "/api/v2/users/me").await.expect(200)["id"].as_str().unwrap().to_owned();
    for spelling in [me.to_uppercase(), me.replace('-', ""), format!("%7B{me}%7D"), format!("urn:uuid:{me}")] {
        world.get(&world.owner, &format!("/api/v2/users/{spelling}")).await.expect(200);
    }
    world.get(&world.owner, "/api/v2/workspaces/zz/builds").await.refuses(400, "Invalid UUID \"zz\".");
    world
        .get(&world.owner, "/api/v2/organizations/zz/nope")
        .await
        .refuses(404, "Resource not found or you do not have access to this resource");
    world.get(&world.owner, "/api/v2/organizations/default/nope").await.refuses(404, "Route not found.");
}

#[tokio::test]
async fn what_a_path_names_is_looked_for_before_the_rest_of_the_path_and_the_method() {
    let world = World::new().await;
    const MISSING: &str = "Resource not found or you do not have access to this resource";
    const NO_ROUTE: &str = "Route not found.";
    let nobody = "11111111-1111-4111-8111-111111111111";
    let body = json!({"organization_id": world.organization, "content": [{"type": "text", "text": "hi"}]});
    let chats = "/api/experimental/chats";
    let chat = world.post(&world.owner, chats, body).await.expect(201)["id"].as_str().unwrap().to_owned();
    for (method, path, status, message) in [
        (Method::GET, format!("{chats}/zz/nope"), 400, "Invalid UUID \"zz\"."),
        (Method::GET, format!("{chats}/insights/pull-requests"), 400, "Invalid UUID \"insights\"."),
        (Method::GET, format!("/api/v2/chats/{nobody}/nope/nope"), 404, MISSING),
        (Method::GET, format!("{chats}/{chat}/nope"), 404, NO_ROUTE),
        (Method::DELETE, format!("{chats}/{nobody}"), 404, MISSING),
        (Method::PUT, format!("{chats}/zz/messages"), 400, "Invalid UUID \"zz\"."),
        (Method::POST, format!("{chats}/watch"), 400, "Invalid UUID \"watch\"."),
        (Method::GET, format!("{chats}/models/nope"), 400, "Invalid UUID \"models\"."),
        (Method::GET, format!("{chats}/config/messages"), 404, NO_ROUTE),
        (Method::PUT, format!("{chats}/config"), 404, NO_ROUTE),
        (Method::GET, format!("{chats}/files/{nobody}/nope"), 404, NO_ROUTE),
        (Method::GET, format!("{chats}/usage-limits/overrides"), 404, NO_ROUTE),
        (Method::GET, format!("{chats}/cost/{nobody}"), 404, MISSING),
        (Method::GET, format!("{chats}/cost/me/nope"), 404, NO_ROUTE),
        (Method::POST, format!("{chats}/cost/nobody-here/summary"), 404, MISSING),
        (Method::GET, "/api/v2/users/nobody-here/keys/a/b".to_owned(), 404, MISSING),
        (Method::GET, "/api/v2/users/me/keys/a/b".to_owned(), 404, NO_ROUTE),
        (Method::GET, "/api/v2/users/nobody-here/status".to_owned(), 404, MISSING),
        (Method::POST, "/api/v2/users/nobody-here/password".to_owned(), 404, MISSING),
        (Method::POST, "/api/v2/organizations/nope".to_owned(), 404, MISSING),
        (Method::PUT, format!("/api/experimental/users/{nobody}/skills"), 404, MISSING),
        (Method::PUT, "/api/v2/workspaces/zz".to_owned(), 400, "Invalid UUID \"zz\"."),
        (Method::PUT, format!("/api/v2/templates/{nobody}"), 404, MISSING),
        (Method::PATCH, "/api/v2/tasks/nobody-here".to_owned(), 404, MISSING),
    ] {
        let answer = world.call(&world.owner, method.clone(), &path, Value::Null).await;
        assert_eq!((answer.status.as_u16(), &answer.json["message"]), (status, &json!(message)), "{method} {path}");
        assert_eq!(answer.header("allow"), "", "{method} {path}");
    }
    for (method, path) in [
        (Method::DELETE, format!("{chats}/{chat}")),
        (Method::PUT, format!("{chats}/{chat}/messages")),
        (Method::POST, "/api/v2/organizations/default".to_owned()),
        // Here only the routes look for the user.
        (Method::PUT, "/api/v2/users/nobody-here".to_owned()),
    ] {
        let answer = world.call(&world.owner, method, &path, Value::Null).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (405, ""), "{path}");
        assert!(answer.header("allow").contains("GET"), "{path}");
    }
}

#[tokio::test]
async fn a_broken_escape_is_no_path() {
    let world = World::new().await;
    for path in ["/api/v2/users/%zz", "/api/v2/users/%", "/%4", "/healthz%+1"] {
        let answer = world.get(&world.owner, path).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (400, "400 Bad Request"), "{path}");
    }
    world.get(&world.owner, "/api/v2/users/%6De?x=%zz").await.expect(200);
}

#[tokio::test]
async fn every_answer_has_the_same_frame() {
    let world = World::new().await;
    for path in ["/api/v2/buildinfo", "/api/v2/nope", "/healthz", "/", "/api/v2/users/me"] {
        let answer = world.raw(Method::GET, path, &[("origin", "http://elsewhere.example")], Body::empty()).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert!(
            answer.header("x-coder-request-id").len() == 36 && answer.header("x-coder-build-version").starts_with('v')
        );
        assert!(!answer.headers.contains_key("access-control-allow-origin"), "{path}");
        assert!(answer.header("set-cookie").starts_with("csrf_token="));
    }
    let again = world.raw(Method::GET, "/api/v2/buildinfo", &[("cookie", "csrf_token=x")], Body::empty()).await;
    assert!(!again.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn checks_follow_roles_scopes_and_what_is_stored() {
    let world = World::new().await;
    let (id, session) = world.person("ann", json!({})).await;
    let check = async |token: &str, object: Value, action: &str| {
        let body = json!({"checks": {"it": {"object": object, "action": action}}});
        world.post(token, "/api/v2/authcheck", body).await.expect(200)["it"].clone()
    };
    assert_eq!(check(&session, json!({"resource_type": "user", "resource_id": id}), "read").await, true);
    assert_eq!(
        check(&session, json!({"resource_type": "group", "resource_id": world.organization}), "read").await,
        true
    );
    assert_eq!(
        check(
            &session,
            json!({"resource_type": "chat", "owner_id": "me", "organization_id": world.organization}),
            "create"
        )
        .await,
        false
    );
    assert_eq!(check(&world.owner, json!({"resource_type": "chat", "any_org": true}), "create").await, true);
    assert_eq!(check(&session, json!({"resource_type": "api_key", "owner_id": "me"}), "create").await, true);
    assert_eq!(check(&session, json!({"resource_type": "api_key", "owner_id": "zz"}), "create").await, false);
    assert_eq!(
        check(&world.owner, json!({"resource_type": "user"}), "fly").await,
        true,
        "owners may do everything to users"
    );
    let refused = json!({"checks": {"it": {"object": {"resource_type": "chat", "resource_id": id}, "action": "read"}}});
    world
        .post(&session, "/api/v2/authcheck", refused)
        .await
        .refuses(400, "Object type \"chat\" does not support \"resource_id\" field.");
    let many: Value = (0..11)
        .map(|n| (n.to_string(), json!({"object": {"resource_type": "user", "resource_id": id}, "action": "read"})))
        .collect();
    world.post(&session, "/api/v2/authcheck", json!({"checks": many})).await.refuses(400, "Endpoint only supports using \"resource_id\" field 10 times, found 11 usages. Remove 1 objects with this field set.");
}

#[tokio::test]
async fn large_bodies_are_refused() {
    let world = World::new().await;
    let body = format!("{{\"checks\":{{}},\"pad\":\"{}\"}}", "x".repeat(2 << 20));
    let answer = world.raw(Method::POST, "/api/v2/authcheck", &[("coder-session-token", &world.owner)], body).await;
    assert_eq!(answer.refuses(400, "Request body must be valid JSON.")["detail"], "http: request body too large");
}
