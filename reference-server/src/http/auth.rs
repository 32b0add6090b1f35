//! Who is asking: the session token of a request, and the user behind it.

use axum::extract::FromRequestParts;
use chrono::TimeDelta;
use codersdk::UserStatus;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use uuid::Uuid;

use super::error::ApiError;
use super::query::QueryValues;
use crate::quote::quoted;
use crate::rbac::{Action, AllowListEntry, Object, Scopes, Subject};
use crate::state::AppState;
use crate::store::Store;
use crate::store::api_keys::{ApiKeyRow, Authenticated, secret_matches, split_token};
use crate::store::users::{UserRow, all_roles};

/// Name of the cookie and of the query parameter that carry a session token.
pub(crate) const SESSION_TOKEN_COOKIE: &str = "coder_session_token";
/// Name of the header that carries a session token.
pub(crate) const SESSION_TOKEN_HEADER: &str = "coder-session-token";

/// What every answer to a caller without a valid session says.
pub(crate) const SIGNED_OUT: &str = "You are signed out or your session has expired. Please sign in again to continue.";

/// Somebody for whom something is done, and what they may do.
#[derive(Debug, Clone)]
pub(crate) struct Actor {
    /// The user's roles, for a request within the scopes of its key.
    pub(crate) subject: Subject,
    pub(crate) user: UserRow,
}

/// The signed-in user who makes a request.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    actor: Actor,
    /// The key that the request came with.
    pub(crate) api_key: ApiKeyRow,
}

impl std::ops::Deref for Caller {
    type Target = Actor;

    fn deref(&self) -> &Actor {
        &self.actor
    }
}

impl Actor {
    /// A user with all that their roles allow; `None` if there is no such user.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn of_user(store: &Store, user: Uuid) -> sqlx::Result<Option<Self>> {
        let Some(user) = store.user(user).await?.filter(|user| !user.deleted) else { return Ok(None) };
        let memberships = store.memberships(user.id).await?;
        let subject = Subject {
            user_id: user.id,
            roles: all_roles(&user, &memberships),
            groups: Vec::new(),
            scopes: Scopes::all(),
        };
        Ok(Some(Self { subject, user }))
    }

    /// The user's id.
    pub(crate) fn id(&self) -> Uuid {
        self.user.id
    }

    /// Whether the action is allowed on the object.
    pub(crate) fn can(&self, action: Action, object: &Object) -> bool {
        self.subject.can(action, object)
    }

    /// Refuses as if the object did not exist.
    ///
    /// # Errors
    /// 404 unless the action is allowed.
    pub(crate) fn authorize(&self, action: Action, object: &Object) -> Result<(), ApiError> {
        if self.can(action, object) { Ok(()) } else { Err(ApiError::not_found()) }
    }

    /// Refuses an action on something that may be known to exist.
    ///
    /// # Errors
    /// 403 unless the action is allowed.
    pub(crate) fn authorize_or_forbid(&self, action: Action, object: &Object) -> Result<(), ApiError> {
        if self.can(action, object) { Ok(()) } else { Err(ApiError::forbidden()) }
    }
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        // Below guarded paths the caller is known before a route is looked for.
        if let Some(caller) = parts.extensions.get::<Self>() {
            return Ok(caller.clone());
        }
        authenticate(parts, state).await
    }
}

/// The token of a request: the first place that holds one counts, even if what it holds is bad.
pub(crate) fn session_token(parts: &Parts) -> Option<String> {
    let query = QueryValues::parse(parts.uri.query().unwrap_or_default());
    let of_query = |key: &str| query.get(key).filter(|value| !value.is_empty()).map(str::to_owned);
    let header = |name: &str| parts.headers.get(name).and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
    cookie(&parts.headers, SESSION_TOKEN_COOKIE)
        .filter(|value| !value.is_empty())
        .map(str::to_owned)
        .or_else(|| of_query(SESSION_TOKEN_COOKIE))
        .or_else(|| header(SESSION_TOKEN_HEADER).filter(|value| !value.is_empty()).map(str::to_owned))
        .or_else(|| bearer(header("authorization")?).map(|token| token.trim().to_owned()))
        .or_else(|| of_query("access_token").map(|token| token.trim().to_owned()))
        .filter(|token| !token.is_empty())
}

/// What follows the word `Bearer`, in any case.
pub(crate) fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, rest) = authorization.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case("bearer ").then_some(rest)
}

/// The value of the first cookie with this name whose value has none of the characters that cookies must not have.
/// What else a browser sends does not matter.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).into_iter().map(HeaderValue::as_bytes);
    lines.flat_map(|line| line.split(|byte| *byte == b';')).find_map(|pair| {
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        let (key, value) = (pair[..equals].trim_ascii(), pair[equals + 1..].trim_ascii_end());
        let value = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value);
        let valid = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
        (key == name.as_bytes() && value.iter().all(valid)).then(|| std::str::from_utf8(value).ok())?
    })
}

/// Finds the caller of a request, notes the use of the key, and wakes a dormant user.
///
/// # Errors
/// 401 without a valid session of an active user.
pub(crate) async fn authenticate(parts: &Parts, state: &AppState) -> Result<Caller, ApiError> {
    check(parts, state).await.map_err(|error| with_challenge(error, state))
}

async fn check(parts: &Parts, state: &AppState) -> Result<Caller, ApiError> {
    let signed_out = |detail: &str| ApiError::unauthorized(SIGNED_OUT).detail(detail);
    let token = session_token(parts).ok_or_else(|| {
        signed_out(&format!("Cookie {} or query parameter must be provided.", quoted(SESSION_TOKEN_COOKIE)))
    })?;
    let (id, secret) = split_token(&token).map_err(|error| signed_out(&format!("Invalid API key format: {error}")))?;
    let found = state.store.authenticate(id).await?.ok_or_else(|| signed_out("API key is invalid."))?;
    let Authenticated { key, user, memberships } = found;
    if !secret_matches(&key, secret) {
        return Err(signed_out("API key secret is invalid."));
    }
    let now = state.clock.now();
    if key.expires_at < now {
        let expired = key.expires_at.format("%Y-%m-%d %H:%M:%S%.f +0000 UTC");
        return Err(signed_out(&format!("API key expired at \"{expired}\".")));
    }
    let (key, mut user) = note_use(state, key, user).await?;
    if user.status == UserStatus::Dormant.as_str() {
        state.store.activate_dormant_user(user.id, now).await?;
        user.status = UserStatus::Active.as_str().to_owned();
        (user.updated_at, user.last_seen_at) = (now, now);
    } else if user.status != UserStatus::Active.as_str() {
        return Err(ApiError::unauthorized(format!(
            "User is not active (status = {}). Contact an admin to reactivate your account.",
            quoted(&user.status)
        )));
    }
    let allow_list = key.allow_list.iter().filter_map(|entry| AllowListEntry::parse(entry)).collect();
    let subject = Subject {
        user_id: user.id,
        roles: all_roles(&user, &memberships),
        groups: Vec::new(),
        scopes: Scopes::new(key.scopes.iter().map(String::as_str), allow_list),
    };
    Ok(Caller { actor: Actor { subject, user }, api_key: key })
}

/// Writes at most hourly: a session that is used lives on, and its use is seen. Gives both as they then are.
async fn note_use(state: &AppState, mut key: ApiKeyRow, mut user: UserRow) -> Result<(ApiKeyRow, UserRow), ApiError> {
    let now = state.clock.now();
    let hour = TimeDelta::hours(1);
    let mut changed = false;
    if now - key.last_used > hour {
        key.last_used = now;
        changed = true;
    }
    let lifetime = TimeDelta::seconds(key.lifetime_seconds);
    // A token lives as long as was asked for; only a session is prolonged by use.
    if key.login_type != "token" && key.expires_at - now <= lifetime - hour {
        key.expires_at = now + lifetime;
        changed = true;
    }
    if changed {
        state.store.touch_api_key(&key, now).await?;
        (user.updated_at, user.last_seen_at) = (now, now);
    }
    Ok((key, user))
}

/// Adds the header that tells a client what kind of token is asked for.
fn with_challenge(error: ApiError, state: &AppState) -> ApiError {
    let status = error.status();
    if status != StatusCode::UNAUTHORIZED && status != StatusCode::FORBIDDEN {
        return error;
    }
    let base = state.access_url.as_str().trim_end_matches('/');
    let body = error.body();
    let expired = body.message.contains("expired") || body.detail.as_deref().is_some_and(|d| d.contains("expired"));
    let description = if expired { "The access token has expired" } else { "The access token is invalid" };
    let value = format!(
        "Bearer realm=\"coder\", error=\"invalid_token\", error_description=\"{description}\", \
         resource_metadata=\"{base}/.well-known/oauth-protected-resource\""
    );
    match HeaderValue::try_from(value) {
        Ok(value) => error.header(header::WWW_AUTHENTICATE, value),
        Err(_) => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(request: http::request::Builder) -> Option<String> {
        session_token(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn the_first_place_with_a_token_counts() {
        let request =
            || http::Request::builder().header("coder-session-token", "h").header("authorization", "Bearer b");
        assert_eq!(
            token(request().uri("/?coder_session_token=q").header("cookie", "a=1; coder_session_token=c")).unwrap(),
            "c"
        );
        assert_eq!(token(request().uri("/?coder_session_token=q")).unwrap(), "q");
        assert_eq!(token(request()).unwrap(), "h");
        assert_eq!(token(http::Request::builder().header("authorization", "bEARER  b ")).unwrap(), "b");
        assert_eq!(token(http::Request::builder().uri("/?access_token=%20x")).unwrap(), "x");
        assert_eq!(token(http::Request::builder().header("authorization", "Basic b")), None);
        assert_eq!(token(http::Request::builder().header("authorization", "é")), None);
        assert_eq!(token(request().header("cookie", "coder_session_token=")).unwrap(), "h");
        let header = HeaderValue::from_bytes("é-b".as_bytes()).unwrap();
        assert_eq!(token(http::Request::builder().header("coder-session-token", header)).unwrap(), "é-b");
    }

    #[test]
    fn a_cookie_is_found_among_any_others() {
        let found = |line: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_bytes(line.as_bytes()).unwrap());
            cookie(&headers, "a").map(str::to_owned)
        };
        for (line, value) in [
            ("a=1", Some("1")),
            ("x=é; a=1; y=", Some("1")),
            ("aa=2;a=\"1\" ; a=3", Some("1")),
            ("a=é; a=2", Some("2")),
            ("a=x=y, z", Some("x=y, z")),
            ("a=\"", None),
            ("a", None),
            ("A=1", None),
        ] {
            assert_eq!(found(line).as_deref(), value, "{line}");
        }
    }
}
