//! What an embedded server starts with: somebody who may do everything, and a model that answers by itself.

use std::num::NonZeroU32;

use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};
use sqlx::types::Json;
use uuid::Uuid;

use crate::state::AppState;
use crate::store::ai_providers::{self, AiProviderRow, SCRIPTED};
use crate::store::api_keys::NewApiKey;
use crate::store::model_configs::{self, ModelConfigRow};
use crate::store::users::NewUser;

/// E-mail address of the first user.
pub const EMAIL: &str = "owner@example.com";
/// Password of the first user.
pub const PASSWORD: &str = "SomeSecurePassword!";

const MODEL: &str = "scripted-1";

/// The password is known to everybody, so guessing it need not be slow, and a test need not wait for it.
const ITERATIONS: NonZeroU32 = NonZeroU32::MIN;

/// How long the token of the first user is valid: the life of a test, or of an afternoon of trying things out.
const TOKEN_LIFETIME: TimeDelta = TimeDelta::days(7);

/// How to act as the first user of a seeded server. `Debug` leaves the session token out.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Login {
    /// E-mail address to log in with.
    pub email: &'static str,
    /// Password to log in with.
    pub password: &'static str,
    /// The user, an owner of the deployment.
    pub user_id: Uuid,
    /// The organization of the user.
    pub organization_id: Uuid,
    token: SecretString,
}

impl Login {
    /// A session token of the user, valid for a week by the server's clock.
    pub fn session_token(&self) -> &str {
        self.token.expose_secret()
    }
}

/// Makes what is missing of the seed and signs its user in.
pub(crate) async fn plant(state: &AppState) -> sqlx::Result<Login> {
    let now = state.clock.now();
    let new = NewUser {
        email: EMAIL.to_owned(),
        username: "owner".to_owned(),
        name: "Owner".to_owned(),
        hashed_password: crate::password::hash_now(PASSWORD, ITERATIONS),
        login_type: "password".to_owned(),
        status: "active".to_owned(),
        roles: Vec::new(),
        organization_ids: Vec::new(),
        is_service_account: false,
    };
    let (user_id, organization_id) = match state.store.create_first_user(new, now).await? {
        Some((user, organization)) => (user.id, organization),
        None => existing(state).await?.ok_or(sqlx::Error::RowNotFound)?,
    };
    if state.store.ai_provider_by_name(SCRIPTED).await?.is_none() {
        plant_model(state, user_id).await?;
    }
    let session = NewApiKey { lifetime: TOKEN_LIFETIME, ..NewApiKey::session(user_id) };
    let (token, _) = state.store.create_api_key(session, now).await?;
    Ok(Login { email: EMAIL, password: PASSWORD, user_id, organization_id, token: token.into() })
}

/// The first user of a database that was seeded before.
async fn existing(state: &AppState) -> sqlx::Result<Option<(Uuid, Uuid)>> {
    let (Some(user), Some(organization)) =
        (state.store.user_by_email(EMAIL).await?, state.store.default_organization().await?)
    else {
        return Ok(None);
    };
    Ok(Some((user.id, organization.id)))
}

async fn plant_model(state: &AppState, user_id: Uuid) -> sqlx::Result<()> {
    let now = state.clock.now();
    let provider = AiProviderRow {
        id: Uuid::new_v4(),
        kind: SCRIPTED.to_owned(),
        name: SCRIPTED.to_owned(),
        display_name: Some("Scripted".to_owned()),
        enabled: true,
        deleted: false,
        base_url: String::new(),
        settings: None,
        created_at: now,
        updated_at: now,
    };
    let model = ModelConfigRow {
        id: Uuid::new_v4(),
        provider: SCRIPTED.to_owned(),
        ai_provider_id: provider.id,
        model: MODEL.to_owned(),
        display_name: "Scripted".to_owned(),
        enabled: true,
        is_default: state.store.default_model_config().await?.is_none(),
        context_limit: 128_000,
        compression_threshold: 70,
        options: Json::default(),
        created_by: Some(user_id),
        updated_by: Some(user_id),
        created_at: now,
        updated_at: now,
    };
    let mut tx = state.store.begin().await?;
    ai_providers::insert_ai_provider(&mut tx, &provider).await?;
    model_configs::insert_model_config(&mut tx, &model).await?;
    tx.commit().await
}
