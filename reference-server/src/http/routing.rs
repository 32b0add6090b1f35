//! What holds for every request before and after its handler: spellings of paths, methods, who must be signed in first,
//! forged requests, and the headers of every answer.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use uuid::Uuid;

use super::agent_auth::authenticate_agent;
use super::auth::{SESSION_TOKEN_COOKIE, SESSION_TOKEN_HEADER, authenticate, bearer, cookie};
use super::drain::drained;
use super::error::{ApiError, plain_text};
use super::query::QueryValues;
use crate::rbac::{Action, Object, Resource};
use crate::state::AppState;

const CSRF: &str = "Something is wrong with your CSRF token. Please refresh the page. If this error persists, try \
                    clearing your cookies.";
const CSRF_MISMATCH: &str = "CSRF error encountered. Authentication via \"coder_session_token\" cookie and \
                             \"Coder-Session-Token\" header detected, but the values do not match. To resolve this issue \
                             ensure the values used in both match, or only use one of the authentication methods. You can \
                             also try clearing your cookies if this error persists.";
const CSRF_COOKIE: &str = "csrf_token";

/// Subtrees in which nobody is told anything without a session. `*` stands for one segment.
const GUARDED: &[&str] = &[
    "/api/experimental/chats",
    "/api/experimental/mcp",
    "/api/experimental/tasks",
    "/api/experimental/users/*/ai-provider-keys",
    "/api/experimental/users/*/skills",
    "/api/experimental/watch-all-workspacebuilds",
    "/api/v2/ai/providers",
    "/api/v2/applications/host",
    "/api/v2/audit",
    "/api/v2/authcheck",
    "/api/v2/chats",
    "/api/v2/debug",
    "/api/v2/deployment",
    "/api/v2/experiments",
    "/api/v2/external-auth",
    "/api/v2/files",
    "/api/v2/insights",
    "/api/v2/mcp",
    "/api/v2/notifications",
    "/api/v2/oauth2-provider",
    "/api/v2/organizations",
    "/api/v2/tailnet",
    "/api/v2/tasks",
    "/api/v2/templatebuilder",
    "/api/v2/templates",
    "/api/v2/templateversions/*",
    "/api/v2/users/*",
    "/api/v2/workspacebuilds/*",
    "/api/v2/workspaces",
];

/// The subtree in which agents, and nobody else, are told things.
const AGENTS_OWN: &str = "/api/v2/workspaceagents/me";

/// Subtrees that are closed to who may not read the resource.
const FOR_ADMINISTRATORS: &[(&str, Resource)] = &[
    ("/api/v2/audit", Resource::AuditLog),
    ("/api/v2/debug", Resource::DebugInfo),
    ("/api/v2/deployment/config", Resource::DeploymentConfig),
    ("/api/v2/deployment/stats", Resource::DeploymentStats),
    ("/api/v2/insights/daus", Resource::DeploymentConfig),
    ("/api/v2/insights/user-status-counts", Resource::User),
];

/// What lies below `/api/v2/users` without being a user.
const NOT_USERS: &[(&str, &[Method])] = &[
    ("authmethods", &[Method::GET]),
    ("first", &[Method::GET, Method::POST]),
    ("login", &[Method::POST]),
    ("logout", &[Method::POST]),
    ("oidc-claims", &[Method::GET]),
    ("validate-password", &[Method::POST]),
];

/// Routes that have the path of a chat but are none, for these methods only.
const NOT_CHATS: &[(&str, &[Method])] =
    &[("by-workspace", &[Method::GET]), ("models", &[Method::GET]), ("watch", &[Method::GET])];

/// Paths that also answer with a slash at their end; any other path is another path with one.
const WITH_SLASH: &[&str] = &[
    "/api/v2",
    "/api/v2/ai/providers",
    "/api/v2/ai/providers/*",
    "/api/v2/applications/auth-redirect",
    "/api/v2/applications/host",
    "/api/v2/audit",
    "/api/v2/authcheck",
    "/api/v2/debug/health",
    "/api/v2/derp-map",
    "/api/v2/experiments",
    "/api/v2/external-auth",
    "/api/v2/external-auth/*",
    "/api/v2/files",
    "/api/v2/organizations",
    "/api/v2/organizations/*",
    "/api/v2/organizations/*/members",
    "/api/v2/organizations/*/members/*",
    "/api/v2/organizations/*/members/roles",
    "/api/v2/tasks",
    "/api/v2/templates",
    "/api/v2/templates/*",
    "/api/v2/templateversions/*",
    "/api/v2/users",
    "/api/v2/users/*",
    "/api/v2/users/*/keys",
    "/api/v2/users/*/keys/*",
    "/api/v2/users/*/keys/tokens",
    "/api/v2/users/*/keys/tokens/*",
    "/api/v2/users/*/notifications/preferences",
    "/api/v2/users/*/organizations",
    "/api/v2/users/*/password",
    "/api/v2/users/*/secrets",
    "/api/v2/users/*/secrets/*",
    "/api/v2/users/oidc/callback",
    "/api/v2/users/roles",
    "/api/v2/workspacebuilds/*",
    "/api/v2/workspaces",
    "/api/v2/workspaces/*",
    "/api/v2/workspaces/*/builds",
    "/api/experimental/users/*/ai-provider-keys",
    "/api/experimental/users/*/ai-provider-keys/*",
    "/api/experimental/users/*/skills",
    "/api/experimental/users/*/skills/*",
];

/// The same below the root of chats.
const CHATS_WITH_SLASH: &[&str] = &[
    "",
    "/*",
    "/*/acl",
    "/*/queue/*",
    "/*/stream",
    "/files",
    "/model-configs",
    "/model-configs/*",
    "/providers",
    "/providers/*",
    "/usage-limits",
    "/usage-limits/group-overrides/*",
    "/usage-limits/overrides/*",
    "/user-provider-configs",
    "/user-provider-configs/*",
];

/// The same below the root of MCP.
const MCP_WITH_SLASH: &[&str] = &["/servers", "/servers/*"];

const CHAT_ROOTS: &[&str] = &["/api/experimental/chats", "/api/v2/chats"];
const MCP_ROOTS: &[&str] = &["/api/experimental/mcp", "/api/v2/mcp"];

/// What need not be escaped in a segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The path of a request; routers below a prefix see what follows it only.
#[derive(Debug, Clone)]
pub(crate) struct WholePath(pub(crate) String);

/// Wraps every route: puts the request into the one spelling that routes have, and the answer into its final form.
pub(crate) async fn frame(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    request = {
        let (parts, body) = request.into_parts();
        let body = drained(&parts.headers, body);
        Request::from_parts(parts, body)
    };
    if has_broken_escape(request.uri().path()) {
        // Such a request reaches no handler of the original either.
        let kind = HeaderValue::from_static("text/plain; charset=utf-8");
        return (StatusCode::BAD_REQUEST, [(header::CONTENT_TYPE, kind)], "400 Bad Request").into_response();
    }
    let origin = request.headers().contains_key(header::ORIGIN);
    let known_visitor = cookie(request.headers(), CSRF_COOKIE).is_some();
    let path = normal_path(request.uri().path());
    let preflight = request.method() == Method::OPTIONS
        && origin
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if preflight {
        preflight_answer(&path, request.headers())
    } else if let Some(refusal) = refuse_forgery(&path, &request) {
        refusal
    } else {
        respell(&mut request, &path);
        match guard(&state, &path, &mut request).await {
            Ok(()) => {
                request.extensions_mut().insert(WholePath(path.clone()));
                next.run(request).await
            }
            Err(error) => error.into_response(),
        }
    };
    finish(&mut response, known_visitor, origin && open_to_all(&path));
    response
}

/// Whether a `%` in the path is not followed by two hexadecimal digits.
fn has_broken_escape(path: &str) -> bool {
    path.match_indices('%').any(|(at, _)| {
        let digits = path.as_bytes().get(at + 1..at + 3);
        !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

/// Decodes a path and joins its slashes, as routes are matched on that.
fn normal_path(path: &str) -> String {
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    let mut normal = String::with_capacity(decoded.len());
    for c in decoded.chars() {
        if c != '/' || !normal.ends_with('/') {
            normal.push(c);
        }
    }
    normal
}

/// Gives the request the spelling that the router knows.
fn respell(request: &mut Request, path: &str) {
    // Axum answers HEAD with GET's handler; here it is a method like any other, and no route has it.
    if request.method() == Method::HEAD {
        *request.method_mut() = Method::from_bytes(b"NO-HEAD").expect("a well-formed method");
    }
    let bare = path.strip_suffix('/').filter(|bare| has_slash_form(bare)).unwrap_or(path);
    let mut segments: Vec<String> =
        bare.split('/').map(|segment| utf8_percent_encode(segment, SEGMENT).to_string()).collect();
    escape_literal(bare, &mut segments, request.method());
    let mut target = segments.join("/");
    if let Some(query) = request.uri().query() {
        target.push('?');
        target.push_str(query);
    }
    if target != request.uri().path_and_query().map_or("", |target| target.as_str())
        && let Ok(uri) = target.parse::<Uri>()
    {
        *request.uri_mut() = uri;
    }
}

fn has_slash_form(path: &str) -> bool {
    let below = |roots: &[&str], patterns: &[&str]| {
        let rest = roots.iter().find_map(|root| path.strip_prefix(root));
        rest.is_some_and(|rest| patterns.iter().any(|pattern| matches_whole(pattern, rest)))
    };
    WITH_SLASH.iter().any(|pattern| matches_whole(pattern, path))
        || below(CHAT_ROOTS, CHATS_WITH_SLASH)
        || below(MCP_ROOTS, MCP_WITH_SLASH)
}

/// Where a word has a route of its own for some methods, any other method takes it for the name of a thing.
///
/// The router matches a word in its plain spelling only, so an escaped letter makes it a name.
fn escape_literal(path: &str, segments: &mut [String], method: &Method) {
    let literal = if let Some(rest) = path.strip_prefix("/api/v2/users/") {
        NOT_USERS.iter().find(|(word, _)| *word == rest)
    } else {
        let rest = CHAT_ROOTS.iter().find_map(|root| path.strip_prefix(root)?.strip_prefix('/'));
        rest.and_then(|rest| NOT_CHATS.iter().find(|(word, _)| *word == rest))
    };
    if literal.is_some_and(|(_, methods)| !methods.contains(method))
        && let Some(last) = segments.last_mut()
    {
        let first = last.remove(0);
        *last = format!("%{:02X}{last}", u32::from(first));
    }
}

/// Asks for a session where the path wants one, whether or not it leads anywhere.
async fn guard(state: &AppState, path: &str, request: &mut Request) -> Result<(), ApiError> {
    if matches_prefix(AGENTS_OWN, path) {
        let (mut parts, body) = std::mem::take(request).into_parts();
        let agent = authenticate_agent(&parts, state).await?;
        parts.extensions.insert(agent);
        *request = Request::from_parts(parts, body);
        return Ok(());
    }
    if !is_guarded(path, request.method()) {
        return Ok(());
    }
    let (mut parts, body) = std::mem::take(request).into_parts();
    let caller = authenticate(&parts, state).await?;
    for (pattern, resource) in FOR_ADMINISTRATORS {
        if matches_prefix(pattern, path)
            && !caller.can(Action::Read, &Object::new(*resource))
            && !caller.can(Action::Read, &Object::new(*resource).any_organization())
        {
            return Err(ApiError::forbidden());
        }
    }
    parts.extensions.insert(caller);
    *request = Request::from_parts(parts, body);
    Ok(())
}

fn is_guarded(path: &str, method: &Method) -> bool {
    if let Some(rest) = path.strip_prefix("/api/v2/users/") {
        let first = rest.split('/').next().unwrap_or_default();
        if let Some((word, methods)) = NOT_USERS.iter().find(|(word, _)| *word == first) {
            return rest != *word || !methods.contains(method);
        }
        let elsewhere = ["otp/request", "otp/change-password", "oauth2/github/callback", "oauth2/github/device"];
        return !rest.is_empty()
            && !elsewhere.contains(&rest)
            && !matches!(first, "oauth2")
            && !rest.starts_with("oidc/callback");
    }
    GUARDED.iter().any(|pattern| matches_prefix(pattern, path))
}

fn matches_prefix(pattern: &str, path: &str) -> bool {
    let mut path = path.split('/');
    pattern
        .split('/')
        .all(|want| path.next().is_some_and(|have| if want == "*" { !have.is_empty() } else { want == have }))
}

fn matches_whole(pattern: &str, path: &str) -> bool {
    matches_prefix(pattern, path) && pattern.split('/').count() == path.split('/').count()
}

/// What paths contain that are not called by browsers, or not with a session.
const NOT_FORGED: &[&str] = &[
    "/api/v2/users/first",
    "api/v2/workspaceagents",
    "api/v2/workspaceproxies/me",
    "derp",
    "api/v2/scim",
    "/provisionerdaemons",
];

/// Refuses writes that a foreign page could have made a browser send: those that carry the cookie and nothing else
/// that only the web page itself could have known.
fn refuse_forgery(path: &str, request: &Request) -> Option<Response> {
    let safe = [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE].contains(request.method());
    let exempt = path == "/api/v2/csp/reports" || NOT_FORGED.iter().any(|part| path.contains(part));
    if safe || exempt || !(path.starts_with("/api") || path.starts_with("/oauth2/authorize")) {
        return None;
    }
    let headers = request.headers();
    let session = cookie(headers, SESSION_TOKEN_COOKIE)?;
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let query = QueryValues::parse(request.uri().query().unwrap_or_default());
    if text(SESSION_TOKEN_HEADER) == session
        || query.get(SESSION_TOKEN_COOKIE).unwrap_or_default() == session
        || bearer(text("authorization")).is_some()
        || !text("coder-provisioner-daemon-psk").is_empty()
        || !text("coder-provisioner-daemon-key").is_empty()
        || proves_csrf(headers, text("x-csrf-token"))
    {
        return None;
    }
    let mismatch = !text(SESSION_TOKEN_HEADER).is_empty();
    Some(plain_text(StatusCode::BAD_REQUEST, if mismatch { CSRF_MISMATCH } else { CSRF }))
}

/// Whether the header repeats the forgery token of the cookie.
fn proves_csrf(headers: &HeaderMap, sent: &str) -> bool {
    let Some(expected) = cookie(headers, CSRF_COOKIE) else { return false };
    !sent.is_empty() && aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_bytes(), sent.as_bytes()).is_ok()
}

/// Whether any origin may call this path: the sign-in of other programs.
fn open_to_all(path: &str) -> bool {
    ["/oauth2/", "/api/experimental/mcp/", "/.well-known/oauth-"].iter().any(|prefix| path.starts_with(prefix))
}

fn preflight_answer(path: &str, headers: &HeaderMap) -> Response {
    let mut response = StatusCode::OK.into_response();
    let answer = response.headers_mut();
    answer.append(header::VARY, HeaderValue::from_static("Origin"));
    answer.append(header::VARY, HeaderValue::from_static("Access-Control-Request-Method"));
    answer.append(header::VARY, HeaderValue::from_static("Access-Control-Request-Headers"));
    let method = headers.get(header::ACCESS_CONTROL_REQUEST_METHOD);
    let allowed = method.filter(|m| matches!(m.as_bytes(), b"GET" | b"POST" | b"DELETE" | b"OPTIONS"));
    if let Some(method) = allowed.filter(|_| open_to_all(path)) {
        answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, method.clone());
        if let Some(wanted) = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
            answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
        }
        answer.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    }
    response
}

/// Adds what every answer has.
fn finish(response: &mut Response, known_visitor: bool, any_origin: bool) {
    let method_not_allowed = response.status() == StatusCode::METHOD_NOT_ALLOWED;
    let headers = response.headers_mut();
    // A downloaded file keeps the type that it was stored with.
    let is_file = headers.contains_key(header::CONTENT_DISPOSITION);
    if !is_file && headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json") {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    }
    if !method_not_allowed {
        headers.remove(header::ALLOW);
    } else if let Some(allow) = headers.get(header::ALLOW).and_then(|allow| allow.to_str().ok()) {
        let methods: Vec<_> = allow.split(',').map(str::trim).filter(|method| *method != "HEAD").collect();
        if let Ok(allow) = HeaderValue::try_from(methods.join(", ")) {
            headers.insert(header::ALLOW, allow);
        }
    }
    if any_origin {
        headers.entry(header::ACCESS_CONTROL_ALLOW_ORIGIN).or_insert(HeaderValue::from_static("*"));
    }
    if !headers.contains_key(header::VARY) {
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
    }
    headers.append(header::VARY, HeaderValue::from_static("Cookie"));
    if !known_visitor {
        let token: [u8; 32] = rand::random();
        let cookie = format!("{CSRF_COOKIE}={}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax", hex::encode(token));
        headers.append(header::SET_COOKIE, HeaderValue::try_from(cookie).expect("hexadecimal digits"));
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let version = HeaderValue::from_static(super::buildinfo::VERSION);
    headers.insert(HeaderName::from_static("x-coder-build-version"), version);
    let id = HeaderValue::try_from(Uuid::new_v4().to_string()).expect("a UUID");
    headers.insert(HeaderName::from_static("x-coder-request-id"), id);
}

/// The answer where no route is: a refusal below the API, the web page elsewhere.
pub(crate) async fn not_found(uri: Uri) -> Response {
    let below = |root: &str| uri.path().strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if below("/api/v2") || below("/api/experimental") {
        return ApiError::route_not_found().into_response();
    }
    let policy = "default-src 'self'; connect-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                  object-src 'self'; img-src 'self' https: data:; form-action 'self'; frame-ancestors 'self'; \
                  report-uri /api/v2/csp/reports; ";
    let page = "<!doctype html><html lang=\"en\"><head><title>Coder</title></head><body><p>This server has no web page: \
                it serves the API below <code>/api/v2</code>.</p></body></html>";
    ([(header::CONTENT_SECURITY_POLICY, policy)], Html(page)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guarded_paths_are_known_before_their_routes() {
        for path in [
            "/api/v2/users/me",
            "/api/v2/users/x/nope",
            "/api/v2/workspaces/zz",
            "/api/v2/debug/nope",
            "/api/v2/users/first/x",
        ] {
            assert!(is_guarded(path, &Method::GET), "{path}");
        }
        for path in [
            "/api/v2/buildinfo",
            "/api/v2/users",
            "/api/v2/nope",
            "/api/v2/users/first",
            "/api/v2/regions",
            "/api/v2/workspacesx",
        ] {
            assert!(!is_guarded(path, &Method::GET), "{path}");
        }
        assert!(is_guarded("/api/v2/users/login", &Method::GET));
        assert!(!is_guarded("/api/v2/users/login", &Method::POST));
    }

    #[test]
    fn paths_have_one_spelling() {
        let spell = |method: Method, path: &str| {
            let mut request = Request::builder().method(method).uri(path).body(axum::body::Body::empty()).unwrap();
            let normal = normal_path(request.uri().path());
            respell(&mut request, &normal);
            request.uri().to_string()
        };
        assert_eq!(spell(Method::GET, "/api/v2//users/me/?x=%2F"), "/api/v2/users/me?x=%2F");
        assert_eq!(spell(Method::GET, "/api/v2/users/a%2fb"), "/api/v2/users/a/b");
        assert_eq!(spell(Method::GET, "/api/v2/users/a%20%C3%A9"), "/api/v2/users/a%20%C3%A9");
        assert_eq!(spell(Method::GET, "/api/v2/buildinfo/"), "/api/v2/buildinfo/");
        assert_eq!(spell(Method::GET, "/api/experimental/chats/"), "/api/experimental/chats");
        assert_eq!(spell(Method::GET, "/api/v2/users/login"), "/api/v2/users/%6Cogin");
        assert_eq!(spell(Method::POST, "/api/v2/users/login"), "/api/v2/users/login");
        assert_eq!(spell(Method::PATCH, "/api/v2/chats/models"), "/api/v2/chats/%6Dodels");
        assert_eq!(spell(Method::GET, "/"), "/");
    }
}
