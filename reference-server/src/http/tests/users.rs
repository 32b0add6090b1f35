use super::*;

const USERS: &str = "/api/v2/users";

fn names(list: &Value) -> Vec<&str> {
    list["users"].as_array().unwrap().iter().map(|user| user["username"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn lists_are_filtered_before_they_are_cut() {
    let world = World::new().await;
    for name in ["u1", "u2", "u3"] {
        world.user(name, json!({"roles": ["auditor"]})).await;
        world.hours(1);
    }
    let (_, member) = world.person("zed", json!({})).await;
    let list = async |token: &str, query: &str| world.get(token, &format!("{USERS}?{query}")).await.expect(200);
    let own = list(&member, "limit=1").await;
    assert_eq!((names(&own), &own["count"]), (vec!["zed"], &json!(1)));
    let all = list(&world.owner, "limit=0&status=suspended").await;
    assert_eq!(names(&all), ["owner", "u1", "u2", "u3", "zed"]);
    assert_eq!(names(&list(&world.owner, "q=role:auditor&limit=2&offset=1").await), ["u2", "u3"]);
    assert_eq!(list(&world.owner, "q=role:member").await["count"], 5);
    assert_eq!(names(&list(&world.owner, "q=role:member,auditor").await), ["u1", "u2", "u3"]);
    assert_eq!(
        names(&list(&world.owner, "q=created_after:%222026-06-27T13:00:00Z%22%20role:auditor").await),
        ["u2", "u3"]
    );
    assert_eq!(
        names(&list(&world.owner, "q=created_before:%222026-06-27T13:00:00Z%22%20role:auditor").await),
        ["u1", "u2"]
    );
    assert_eq!(names(&list(&world.owner, "q=login_type:none").await), Vec::<&str>::new());
    assert_eq!(names(&list(&world.owner, "after_id=00000000-0000-4000-8000-000000000001").await), Vec::<&str>::new());
    assert_eq!(names(&list(&world.owner, "q=name:U2").await), ["u2"]);
}

#[tokio::test]
async fn bad_searches_and_pages_name_every_mistake() {
    let world = World::new().await;
    let query = format!("{USERS}?limit=x&offset=-1&after_id=zz");
    let body = world.get(&world.owner, &query).await.refuses(400, "Query parameters have invalid values.");
    let fields: Vec<_> = body["validations"].as_array().unwrap().iter().map(|v| v["field"].clone()).collect();
    assert_eq!(fields, ["after_id", "limit", "offset"]);
    world.get(&world.owner, &format!("{USERS}?q=a:b:c")).await.refuses(400, "Invalid user search query.");
}

#[tokio::test]
async fn creation_checks_who_asks_and_what_for() {
    let world = World::new().await;
    let (_, member) = world.person("ann", json!({})).await;
    let (_, admin) = world.person("bea", json!({"roles": ["user-admin"]})).await;
    let body = |changes: Value| {
        let mut body = json!({"email": "new@example.com", "username": "new-one", "password": PASSWORD,
                              "organization_ids": [world.organization]});
        for (key, value) in changes.as_object().unwrap() {
            body[key] = value.clone();
        }
        body
    };
    world.post(&member, USERS, body(json!({}))).await.refuses(403, "You are not authorized to create users.");
    world
        .post(&admin, USERS, body(json!({"roles": ["auditor"]})))
        .await
        .refuses(400, "not authorized to assign role \"auditor\"");
    world
        .post(&world.owner, USERS, body(json!({"roles": ["nope"]})))
        .await
        .refuses(400, "\"nope\" is not a supported role");
    world.post(&world.owner, USERS, body(json!({"user_status": "zz"}))).await.refuses(400, "Validation failed.");
    world
        .post(&world.owner, USERS, body(json!({"login_type": "oidc", "password": ""})))
        .await
        .refuses(400, "You must configure OIDC before creating OIDC users.");
    world
        .post(&world.owner, USERS, body(json!({"login_type": "token", "password": ""})))
        .await
        .refuses(400, "Unsupported login type \"token\" for manually creating new users.");
    let service = json!({"service_account": true, "email": "", "password": ""});
    world
        .post(&world.owner, USERS, body(service))
        .await
        .refuses(403, "Service Accounts is a Premium feature. Contact sales!");
    world
        .post(&world.owner, USERS, body(json!({"service_account": true})))
        .await
        .refuses(400, "Password cannot be set for service accounts.");
    // The nil id stands for the default organization, and older clients name it alone.
    let legacy = json!({"organization_ids": null, "organization_id": uuid::Uuid::nil()});
    let made = world.post(&admin, USERS, body(legacy)).await.expect(201);
    assert_eq!((&made["organization_ids"], &made["status"]), (&json!([world.organization]), &json!("dormant")));
}

#[tokio::test]
async fn two_who_want_one_name_at_once_do_not_both_get_it() {
    let world = World::new().await;
    let body = |email: &str| json!({"email": email, "username": "same", "login_type": "none", "organization_ids": [world.organization]});
    let (a, b) = tokio::join!(
        world.post(&world.owner, USERS, body("a@example.com")),
        world.post(&world.owner, USERS, body("b@example.com")),
    );
    let mut statuses = [a.status.as_u16(), b.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
}

#[tokio::test]
async fn only_one_first_user_is_made() {
    let server = ReferenceServer::builder().seeded(false).start().await.unwrap();
    let router = crate::http::router(server.state().clone());
    let send = async |body: Value| {
        let request = Request::post("/api/v2/users/first").body(Body::from(body.to_string())).unwrap();
        router.clone().oneshot(request).await.unwrap().status().as_u16()
    };
    let body = |name: &str| json!({"email": format!("{name}@example.com"), "username": name, "password": PASSWORD});
    assert_eq!(send(json!({"email": "a@example.com", "username": "a", "password": "weak"})).await, 400);
    let (a, b) = tokio::join!(send(body("a")), send(body("b")));
    let mut statuses = [a, b];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
}

#[tokio::test]
async fn narrow_tokens_do_what_their_scopes_say() {
    let world = World::new().await;
    let (id, session) = world.person("ann", json!({})).await;
    let tokens = format!("{USERS}/me/keys/tokens");
    let make =
        async |body: Value| world.post(&session, &tokens, body).await.expect(201)["key"].as_str().unwrap().to_owned();
    let reads = make(json!({"scopes": ["user:read"]})).await;
    world.get(&reads, &format!("{USERS}/me")).await.expect(200);
    world.post(&reads, &tokens, json!({})).await.expect(403);
    world.put(&reads, &format!("{USERS}/me/profile"), json!({"username": "ann", "name": "X"})).await.expect(404);
    world.get(&reads, &format!("{USERS}/me/appearance")).await.expect(404);
    world.post(&reads, "/api/v2/users/logout", Value::Null).await.expect(403);
    let keys = make(json!({"scopes": ["user:read", "coder:apikeys.manage_self"]})).await;
    let listed = world.get(&keys, &tokens).await.expect(200);
    assert!(listed.as_array().unwrap().iter().all(|token| token["username"] == "ann"));
    let listed_one = make(json!({"allow_list": [format!("user:{id}"), format!("user:{id}")]})).await;
    world.get(&listed_one, &format!("{USERS}/me")).await.expect(200);
    assert_eq!(names(&world.get(&listed_one, USERS).await.expect(200)), ["ann"]);
    assert_eq!(world.get(&listed_one, "/api/v2/organizations").await.expect(200), json!([]));
    let own = world.get(&session, &tokens).await.expect(200);
    let narrowed = json!([format!("user:{id}")]);
    assert!(own.as_array().unwrap().iter().any(|token| token["allow_list"] == narrowed));
}

#[tokio::test]
async fn lists_of_what_a_token_may_touch_are_put_in_order() {
    let world = World::new().await;
    let tokens = format!("{USERS}/me/keys/tokens");
    let id = "0b9e8c9e-0000-4000-8000-000000000001";
    let kept = async |list: Value| {
        let key = world.post(&world.owner, &tokens, json!({"allow_list": list})).await.expect(201);
        let id = key["key"].as_str().unwrap().split('-').next().unwrap().to_owned();
        world.get(&world.owner, &format!("{USERS}/me/keys/{id}")).await.expect(200)["allow_list"].clone()
    };
    assert_eq!(
        kept(json!([format!("workspace:{id}"), "template:*", format!("template:{id}")])).await,
        json!(["template:*", format!("workspace:{id}")])
    );
    assert_eq!(kept(json!(["user:*", "*:*"])).await, json!(["*:*"]));
    assert_eq!(kept(json!([])).await, json!(["*:*"]));
    let many: Vec<String> = (0..129).map(|n| format!("user:{}", uuid::Uuid::from_u128(n))).collect();
    let refused =
        world.post(&world.owner, &tokens, json!({"allow_list": many})).await.refuses(400, "Failed to create API key.");
    assert_eq!(refused["detail"], "allow_list has 129 entries; max allowed is 128");
}

#[tokio::test]
async fn organization_roles_stay_in_their_organization() {
    let world = World::new().await;
    let (admin_id, admin) = world.person("ann", json!({})).await;
    let (user, _) = world.person("bob", json!({})).await;
    let members = format!("/api/v2/organizations/{}/members", world.organization);
    let roles = async |token: &str, id: &str, roles: Value| {
        world.put(token, &format!("{members}/{id}/roles"), json!({"roles": roles})).await
    };
    roles(&world.owner, &admin_id, json!(["organization-user-admin"])).await.expect(200);
    roles(&admin, &user, json!(["agents-access"])).await.expect(200);
    roles(&admin, &user, json!(["organization-admin"]))
        .await
        .refuses(400, &format!("not authorized to assign role \"organization-admin:{}\"", world.organization));
    world.put(&admin, &format!("{USERS}/{user}/roles"), json!({"roles": ["auditor"]})).await.expect(403);
    assert_eq!(world.get(&admin, &format!("{USERS}/{user}")).await.expect(200)["username"], "bob");
    world.delete(&admin, &format!("{members}/bob")).await.expect(204);
    assert_eq!(world.get(&world.owner, &format!("{USERS}/bob")).await.expect(200)["organization_ids"], json!([]));
    world.post(&admin, &format!("{members}/bob"), Value::Null).await.expect(200);
}

#[tokio::test]
async fn a_user_with_workspaces_is_not_deleted() {
    let world = World::new().await;
    let (id, token) = world.person("ann", json!({})).await;
    let (owner, path) = (id.parse().unwrap(), format!("{USERS}/ann"));
    let planted = world.plant(owner, owner).await;
    let message = "You cannot delete a user that has workspaces. Delete their workspaces and try again!";
    world.delete(&world.owner, &path).await.refuses(417, message);
    world.get(&token, &format!("{USERS}/me")).await.expect(200);
    sqlx::query("UPDATE workspaces SET deleted = TRUE WHERE id = $1")
        .bind(planted.workspace)
        .execute(world.server.state().store.pool())
        .await
        .unwrap();
    world.delete(&world.owner, &path).await.refuses(200, "User has been deleted!");
}

#[tokio::test]
async fn an_empty_status_is_none() {
    let world = World::new().await;
    assert_eq!(world.user("ann", json!({"user_status": ""})).await["status"], "dormant");
    assert_eq!(world.user("bea", json!({"user_status": null})).await["status"], "dormant");
}
