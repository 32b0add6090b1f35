//! Tokens with which a peer of the virtual network keeps its id when it connects anew.

use agentsdk::rpc::proto::tailnet::RefreshResumeTokenResponse;
use chrono::{DateTime, TimeDelta, Utc};
use prost_types::Duration;
use serde_json::json;
use uuid::Uuid;

use super::timestamp;
use crate::jwt;

/// How long a token can be used; the peer gets a new one after half of that.
const LIFETIME: TimeDelta = TimeDelta::hours(24);

/// Gives out tokens, signed with a key that lives as long as the server runs.
pub(crate) struct ResumeTokens {
    id: Uuid,
    key: [u8; 64],
}

impl Default for ResumeTokens {
    fn default() -> Self {
        let mut key = [0; 64];
        key.fill_with(rand::random);
        Self { id: Uuid::new_v4(), key }
    }
}

impl std::fmt::Debug for ResumeTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResumeTokens").field("id", &self.id).finish_non_exhaustive()
    }
}

impl ResumeTokens {
    /// A token for the peer.
    pub(super) fn give(&self, peer: Uuid, now: DateTime<Utc>) -> RefreshResumeTokenResponse {
        let expires = now + LIFETIME;
        let claims = json!({ "sub": peer, "exp": expires.timestamp() });
        RefreshResumeTokenResponse {
            token: jwt::sign_named(&self.id.to_string(), &self.key, &claims),
            refresh_in: Some(Duration { seconds: LIFETIME.num_seconds() / 2, nanos: 0 }),
            expires_at: Some(timestamp(expires)),
        }
    }
}
