use super::*;

const ME: &str = "/api/v2/users/me";

#[tokio::test]
async fn sessions_live_on_while_they_are_used_and_tokens_do_not() {
    let world = World::new().await;
    let (_, session) = world.person("ann", json!({})).await;
    let token =
        world.post(&session, &format!("{ME}/keys/tokens"), json!({"lifetime": 30 * 3_600_000_000_000_i64})).await;
    let token = token.expect(201)["key"].as_str().unwrap().to_owned();
    world.hours(20);
    world.get(&session, ME).await.expect(200);
    world.get(&token, ME).await.expect(200);
    world.hours(20);
    world.get(&session, ME).await.expect(200);
    let expired = world.get(&token, ME).await;
    assert!(expired.header("www-authenticate").contains("The access token has expired"));
    let detail = expired.expect(401)["detail"].clone();
    assert!(detail.as_str().unwrap().starts_with("API key expired at "), "{detail}");
    world.hours(25);
    world.get(&session, ME).await.expect(401);
}

#[tokio::test]
async fn use_is_noted_once_an_hour() {
    let world = World::new().await;
    let (id, session) = world.person("ann", json!({})).await;
    let seen =
        async || world.get(&world.owner, &format!("/api/v2/users/{id}")).await.expect(200)["last_seen_at"].clone();
    assert_eq!(seen().await, "0001-01-01T00:00:00Z");
    world.get(&session, ME).await.expect(200);
    let first = seen().await;
    assert_eq!(first, "2026-06-27T12:00:00Z");
    world.clock.advance(Duration::from_secs(3000));
    world.get(&session, ME).await.expect(200);
    assert_eq!(seen().await, first);
    world.hours(1);
    world.get(&session, ME).await.expect(200);
    assert_ne!(seen().await, first);
}

#[tokio::test]
async fn dormant_users_wake_at_first_use_and_suspended_ones_stay_out() {
    let world = World::new().await;
    let id = world.user("ann", json!({"user_status": null})).await["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v2/users/{id}");
    let key = world.post(&world.owner, &format!("{path}/keys/tokens"), json!({})).await.expect(201);
    let token = key["key"].as_str().unwrap();
    assert_eq!(world.get(&world.owner, &path).await.expect(200)["status"], "dormant");
    let awake = world.get(token, ME).await.expect(200);
    assert_eq!((&awake["status"], &awake["last_seen_at"]), (&json!("active"), &json!("2026-06-27T12:00:00Z")));
    assert_eq!(world.get(&world.owner, &path).await.expect(200), awake);
    world.put(&world.owner, &format!("{path}/status/suspend"), Value::Null).await.expect(200);
    let refusal = world
        .get(token, ME)
        .await
        .refuses(401, "User is not active (status = \"suspended\"). Contact an admin to reactivate your account.");
    assert_eq!(refusal.get("detail"), None);
    world.put(&world.owner, &format!("{path}/status/activate"), Value::Null).await.expect(200);
    world.get(token, ME).await.expect(200);
}

#[tokio::test]
async fn secrets_are_stored_as_hashes_only() {
    let world = World::new().await;
    let (_, session) = world.person("ann", json!({})).await;
    let (id, secret) = session.split_once('-').unwrap();
    let row = world.server.state().store.api_key(id).await.unwrap().unwrap();
    assert!(!String::from_utf8_lossy(&row.hashed_secret).contains(secret));
    assert_eq!(row.hashed_secret.len(), 32);
    let user = world.server.state().store.user_by_username("ann").await.unwrap().unwrap();
    assert!(user.hashed_password.starts_with("$pbkdf2-sha256$65535$"));
    let debugged = format!("{row:?} {user:?}");
    assert!(!debugged.contains(&user.hashed_password) && !debugged.contains("hashed_secret"));
}

#[tokio::test]
async fn signing_out_ends_the_session_and_the_keys_to_applications() {
    let world = World::new().await;
    let (_, session) = world.person("ann", json!({})).await;
    let tokens = format!("{ME}/keys/tokens");
    for body in [json!({"scope": "application_connect", "token_name": "app"}), json!({"token_name": "mine"})] {
        world.post(&session, &tokens, body).await.expect(201);
    }
    world.post(&session, "/api/v2/users/logout", Value::Null).await.refuses(200, "Logged out!");
    let (_, session) =
        (0, world.sign_in("ann", PASSWORD).await.expect(201)["session_token"].as_str().unwrap().to_owned());
    let left = world.get(&session, &tokens).await.expect(200);
    assert_eq!(left.as_array().unwrap().iter().map(|t| t["token_name"].clone()).collect::<Vec<_>>(), ["mine"]);
}

#[tokio::test]
async fn a_passcode_sets_a_new_password_once_and_in_time() {
    let world = World::new().await;
    let (id, session) = world.person("ann", json!({})).await;
    let id = id.parse().unwrap();
    let store = &world.server.state().store;
    let change = async |password: &str, passcode: &str| {
        let body = json!({"email": "ANN@example.com", "password": password, "one_time_passcode": passcode});
        world.raw(Method::POST, "/api/v2/users/otp/change-password", &[], body.to_string()).await
    };
    let wrong = "Incorrect email or one-time passcode.";
    change("AnotherSecure1!", "").await.refuses(400, "Validation failed.");
    change("AnotherSecure1!", "code").await.refuses(400, wrong);
    let hash = crate::password::hash_now("code", std::num::NonZeroU32::MIN);
    let until = world.server.state().clock.now() + chrono::TimeDelta::minutes(20);
    store.set_one_time_passcode(id, &hash, until).await.unwrap();
    change("AnotherSecure1!", "other").await.refuses(400, wrong);
    change("weak", "code").await.refuses(400, "Invalid password.");
    change(PASSWORD, "code").await.refuses(400, "New password cannot match old password.");
    change("AnotherSecure1!", "code").await.expect(204);
    change("AThirdSecure1!", "code").await.refuses(400, wrong);
    world.get(&session, ME).await.expect(401);
    world.sign_in("ann", "AnotherSecure1!").await.expect(201);
    store.set_one_time_passcode(id, &hash, until).await.unwrap();
    world.hours(1);
    change("AThirdSecure1!", "code").await.refuses(400, wrong);
}

#[tokio::test]
async fn requests_for_a_passcode_are_kept_for_users_only() {
    let world = World::new().await;
    world.user("ann", json!({})).await;
    for email in ["ann@example.com", "nobody@example.com"] {
        let body = json!({"email": email}).to_string();
        world.raw(Method::POST, "/api/v2/users/otp/request", &[], body).await.expect(204);
    }
    let user = world.server.state().store.user_by_username("ann").await.unwrap().unwrap();
    assert!(!user.hashed_one_time_passcode.is_empty());
    assert_eq!(user.one_time_passcode_expires_at.unwrap().to_rfc3339(), "2026-06-27T12:20:00+00:00");
}

#[tokio::test]
async fn a_password_can_be_traded_for_a_providers_sign_in() {
    let world = World::new().await;
    let (id, session) = world.person("ann", json!({})).await;
    let path = format!("{ME}/convert-login");
    let convert = async |to: &str, password: &str| {
        world.post(&session, &path, json!({"to_type": to, "password": password})).await
    };
    convert("none", PASSWORD).await.refuses(400, "Cannot convert to login type \"none\".");
    convert("zz", PASSWORD).await.refuses(400, "Unknown login type \"zz\".");
    convert("github", "wrong").await.refuses(401, "Incorrect email or password.");
    let answer = convert("github", PASSWORD).await;
    assert!(
        answer
            .headers
            .get_all("set-cookie")
            .iter()
            .any(|c| c.to_str().unwrap().starts_with("coder_oauth_convert_jwt="))
    );
    let body = answer.expect(201);
    assert_eq!((&body["to_type"], &body["user_id"]), (&json!("github"), &json!(id)));
    assert_eq!(body["expires_at"], "2026-06-27T12:05:00Z");
}

#[tokio::test]
async fn a_cookie_needs_proof_of_intent_to_write() {
    let world = World::new().await;
    let (_, session) = world.person("ann", json!({})).await;
    let cookie = format!("coder_session_token={session}; csrf_token=abc");
    let put = async |headers: &[(&str, &str)], path: &str| {
        let headers: Vec<_> = headers.iter().copied().chain([("cookie", cookie.as_str())]).collect();
        world.raw(Method::PUT, path, &headers, r#"{"task_notification_alert_dismissed":true}"#).await
    };
    let path = format!("{ME}/preferences");
    let refused = put(&[], &path).await;
    assert!(refused.header("content-type").starts_with("text/plain"));
    refused.expect(400);
    put(&[("x-csrf-token", "other")], &path).await.expect(400);
    put(&[("x-csrf-token", "abc")], &path).await.expect(200);
    put(&[("authorization", "bearer x")], &path).await.expect(200);
    put(&[("coder-session-token", &session)], &path).await.expect(200);
    put(&[], &format!("{path}?coder_session_token={session}")).await.expect(200);
    // Before anything else, even on paths that lead nowhere, but not where nobody's session matters.
    put(&[], "/api/v2/nope").await.expect(400);
    put(&[], "/api/v2/users/first").await.expect(405);
    put(&[], "/elsewhere").await.expect(200);
}
