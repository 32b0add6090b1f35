//! Agents on cloud instances get their tokens.

use http::Method;
use serde_json::{Value, json};

use super::World;
use super::agents::Planted;
use crate::CloudTrust;

/// What nobody has signed.
const NONSENSE: &[u8] = b"0123456789abcdef";

/// A Google token for an instance, and who is to be trusted for it.
fn google(instance: &str, now: i64) -> (String, CloudTrust) {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let random = aws_lc_rs::rand::SystemRandom::new();
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let point = key.public_key().as_ref();
    let set = json!({"keys": [{"kid": "k", "kty": "EC", "x": text(&point[1..33]), "y": text(&point[33..])}]});
    let claims = json!({"exp": now + 60, "google": {"compute_engine": {"instance_id": instance}}});
    let signed = format!("{}.{}", text(br#"{"alg":"ES256","kid":"k"}"#), text(claims.to_string().as_bytes()));
    let signature = text(key.sign(&random, signed.as_bytes()).unwrap().as_ref());
    (format!("{signed}.{signature}"), CloudTrust::new().google_keys(&set.to_string()).unwrap())
}

impl World {
    async fn on_instance(&self, planted: &Planted, instance: &str, name: &str) {
        sqlx::query("UPDATE workspace_agents SET auth_instance_id = $1, name = $2 WHERE id = $3")
            .bind(instance)
            .bind(name)
            .bind(planted.agent)
            .execute(self.server.state().store.pool())
            .await
            .unwrap();
    }

    async fn shows(&self, cloud: &str, body: &Value) -> super::Answer {
        let path = format!("/api/v2/workspaceagents/{cloud}-instance-identity");
        self.raw(Method::POST, &path, &[], body.to_string()).await
    }
}

#[tokio::test]
async fn the_agent_of_the_last_build_on_an_instance_gets_its_token() {
    use crate::clock::Clock as _;

    let (token, trust) = google("vm-7", 1_782_561_600);
    let world = World::built(|server| server.cloud_trust(trust)).await;
    assert_eq!(world.clock.now().timestamp(), 1_782_561_600);
    let shown = |name: &str| json!({"json_web_token": token, "agent_name": name});
    let answer = world.shows("google", &shown("")).await;
    answer.refuses(404, "Instance with id \"vm-7\" not found.");
    let owner = world.owner_id();
    let planted = world.plant(owner, owner).await;
    world.on_instance(&planted, "vm-7", "dev").await;
    assert_eq!(world.shows("google", &shown("")).await.expect(200), json!({"session_token": planted.token}));
    let other = world.plant(owner, owner).await;
    world.on_instance(&other, "vm-7", "aux").await;
    let message = "Multiple agents found with instance ID \"vm-7\". Set CODER_AGENT_NAME to one of: aux, dev";
    world.shows("google", &shown("")).await.refuses(409, message);
    assert_eq!(world.shows("google", &shown(" aux ")).await.expect(200)["session_token"], other.token);
    let message = "No agent found with instance ID \"vm-7\" and name \"no\".";
    world.shows("google", &shown("no")).await.refuses(404, message);
    world.plant_build(&other, 2, owner, uuid::Uuid::new_v4()).await;
    let message = "Resource found for id \"vm-7\", but isn't registered on the latest history.";
    world.shows("google", &shown("aux")).await.refuses(400, message);
}

#[tokio::test]
async fn what_nobody_stands_behind_is_refused() {
    let world = World::new().await;
    let refused = world.shows("aws", &json!({"document": "{}", "signature": ""})).await;
    assert_eq!(refused.refuses(401, "Invalid AWS identity.")["detail"], "crypto/rsa: verification error");
    let refused = world.shows("azure", &json!({"signature": hex::encode(NONSENSE)})).await;
    assert_eq!(refused.refuses(401, "Invalid Azure identity.")["detail"], "Signature verification failed.");
    let refused = world.shows("google", &json!({})).await.refuses(401, "Invalid GCP identity.");
    assert_eq!(refused["detail"], "idtoken: invalid token, token must have three segments; found 1");
    let path = "/api/v2/workspaceagents/aws-instance-identity";
    let answer = world.raw(Method::POST, path, &[], "no").await;
    answer.refuses(400, "Request body must be valid JSON.");
}
