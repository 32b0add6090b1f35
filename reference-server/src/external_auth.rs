//! Services outside, such as git hosts, that people sign in to so that their workspaces can use them.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::StatusCode;
use regex::Regex;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use crate::state::AppState;
use crate::store::external_auth::ExternalAuthLinkRow;

/// How long a service may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest answer of a service that is read, in bytes.
const MAX_ANSWER: usize = 1 << 20;
/// How much of a failure is kept, in characters.
const REASON_LIMIT: usize = 400;

/// A service, as it is configured. What is left empty is filled in by the defaults of its type.
#[derive(Debug, Clone, Default)]
pub struct ExternalAuthConfig {
    /// Its id; its type if empty.
    pub id: String,
    /// Its type, such as `github`.
    pub kind: String,
    /// Name as shown to people.
    pub display_name: String,
    /// URL or path of the icon.
    pub display_icon: String,
    /// The OAuth2 client's id.
    pub client_id: String,
    /// The OAuth2 client's secret.
    pub client_secret: SecretString,
    /// Where people sign in.
    pub auth_url: String,
    /// Where codes and refresh tokens are exchanged.
    pub token_url: String,
    /// What answers 200 to a token that is valid; tokens are not checked if empty.
    pub validate_url: String,
    /// Where tokens are revoked.
    pub revoke_url: String,
    /// Which URLs of repositories are this service's.
    pub regex: String,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// Where device codes are had.
    pub device_code_url: String,
    /// Base URL of the service's API.
    pub api_base_url: String,
    /// What lists the installations of the service's app.
    pub app_installations_url: String,
    /// Further values of a token's answer that are kept.
    pub extra_token_keys: Vec<String>,
    /// Whether tokens are never refreshed.
    pub no_refresh: bool,
}

/// A service in use.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) config: ExternalAuthConfig,
    regex: Option<Regex>,
}

/// All services, in the order of the configuration.
#[derive(Debug, Default)]
pub(crate) struct Providers(Vec<Provider>);

/// What became of a token.
#[derive(Debug)]
pub(crate) enum Refreshed {
    /// It can be used.
    Valid(ExternalAuthLinkRow),
    /// Its owner has to sign in anew.
    Invalid(ExternalAuthLinkRow),
}

impl Providers {
    /// Fills in the defaults.
    ///
    /// # Errors
    /// For an expression that is none.
    pub(crate) fn new(configs: impl IntoIterator<Item = ExternalAuthConfig>) -> Result<Self, regex::Error> {
        configs.into_iter().map(Provider::new).collect::<Result<_, _>>().map(Self)
    }

    /// The service with this id, or else the last one whose expression matches the text.
    pub(crate) fn choose(&self, id: &str, text: &str) -> Option<&Provider> {
        let by_id = || self.0.iter().find(|provider| provider.id == id);
        let by_text = || {
            let matches = |provider: &&Provider| provider.regex.as_ref().is_some_and(|regex| regex.is_match(text));
            self.0.iter().rev().find(matches).filter(|_| !text.is_empty())
        };
        by_id().or_else(by_text)
    }

    /// How many of them are services for Git.
    pub(crate) fn git_count(&self) -> u32 {
        const GIT: &[&str] =
            &["azure-devops", "azure-devops-entra", "bitbucket-cloud", "bitbucket-server", "gitea", "github", "gitlab"];
        let count = self.0.iter().filter(|provider| GIT.contains(&provider.kind.as_str())).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// Why none was found, for who configures them.
    pub(crate) fn why_none(&self) -> String {
        if self.0.is_empty() {
            return "External auth provider not found.".to_owned();
        }
        let expressions: Vec<_> = self
            .0
            .iter()
            .filter_map(|provider| {
                let regex = provider.regex.as_ref()?;
                Some(format!("{}={}", provider.id, crate::quote::quoted(regex.as_str())))
            })
            .collect();
        format!(
            "The configured external auth provider have regex filters that do not match the url. Provider url regex: {}",
            expressions.join(",")
        )
    }
}

impl Provider {
    fn new(config: ExternalAuthConfig) -> Result<Self, regex::Error> {
        let config = config.with_defaults();
        let regex = (!config.regex.is_empty()).then(|| Regex::new(&config.regex)).transpose()?;
        Ok(Self { id: config.id.clone(), kind: config.kind.clone(), config, regex })
    }

    /// Gets a new token for one that has expired, and asks the service whether it is valid.
    ///
    /// # Errors
    /// When the service cannot be asked.
    pub(crate) async fn refresh(&self, state: &AppState, link: ExternalAuthLinkRow) -> Result<Refreshed, String> {
        let link = if is_expired(link.oauth_expiry, state.clock.now()) {
            match self.exchange(state, link).await? {
                Refreshed::Valid(link) => link,
                invalid @ Refreshed::Invalid(_) => return Ok(invalid),
            }
        } else {
            link
        };
        Ok(if self.validate(state, &link).await? { Refreshed::Valid(link) } else { Refreshed::Invalid(link) })
    }

    async fn exchange(&self, state: &AppState, mut link: ExternalAuthLinkRow) -> Result<Refreshed, String> {
        let refresh_token = link.oauth_refresh_token.expose_secret().to_owned();
        if self.config.no_refresh || refresh_token.is_empty() || self.config.token_url.is_empty() {
            return Ok(Refreshed::Invalid(link));
        }
        let now = state.clock.now();
        link.updated_at = now;
        match self.new_token(&refresh_token).await {
            Ok(token) => {
                link.oauth_access_token = token.access_token.into();
                if let Some(refresh_token) = token.refresh_token {
                    link.oauth_refresh_token = refresh_token.into();
                }
                link.oauth_expiry =
                    token.expires_in.filter(|seconds| *seconds > 0).map(|seconds| now + TimeDelta::seconds(seconds));
            }
            Err(Failure::Refused(reason)) => {
                // It will never work, and each attempt counts against a limit.
                link.oauth_refresh_token = String::new().into();
                link.oauth_refresh_failure_reason = reason.chars().take(REASON_LIMIT).collect();
                state.store.put_external_auth_link(&link).await.map_err(|error| error.to_string())?;
                return Ok(Refreshed::Invalid(link));
            }
            Err(Failure::Passing(reason)) => {
                tracing::warn!(provider = self.id, reason, "cannot refresh a token");
                return Ok(Refreshed::Invalid(link));
            }
        }
        // Stored before it is validated: the service may have ended the old one already.
        state.store.put_external_auth_link(&link).await.map_err(|error| error.to_string())?;
        Ok(Refreshed::Valid(link))
    }

    async fn new_token(&self, refresh_token: &str) -> Result<Token, Failure> {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
            ("client_id", &self.config.client_id),
            ("client_secret", self.config.client_secret.expose_secret()),
        ];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = client()
            .map_err(Failure::Passing)?
            .post(&self.config.token_url)
            .header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(http::header::ACCEPT, "application/json")
            .body(body);
        let (status, body) = send(request).await.map_err(Failure::Passing)?;
        let answer: TokenAnswer = serde_json::from_slice(&body).unwrap_or_default();
        match (status, answer.access_token) {
            (StatusCode::OK, Some(access_token)) => {
                Ok(Token { access_token, refresh_token: answer.refresh_token, expires_in: answer.expires_in })
            }
            (StatusCode::OK | StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED, _) => {
                Err(Failure::Refused(answer.error.unwrap_or_else(|| format!("status {status}"))))
            }
            (status, _) => Err(Failure::Passing(format!("status {status}"))),
        }
    }

    /// Asks the service whether a token is valid. One that cannot tell because it is asked too often is trusted.
    ///
    /// # Errors
    /// When the service cannot be asked, or answers what it should not.
    pub(crate) async fn validate(&self, state: &AppState, link: &ExternalAuthLinkRow) -> Result<bool, String> {
        if is_expired(link.oauth_expiry, state.clock.now()) {
            return Ok(false);
        }
        if self.config.validate_url.is_empty() {
            return Ok(true);
        }
        let request = client()?.get(&self.config.validate_url).bearer_auth(link.oauth_access_token.expose_secret());
        let response = request.send().await.map_err(|error| error.without_url().to_string())?;
        let limited = ["x-ratelimit-remaining", "retry-after"].iter().any(|name| match *name {
            "retry-after" => response.headers().contains_key(*name),
            name => response.headers().get(name).is_some_and(|left| left == "0"),
        });
        match response.status() {
            StatusCode::OK | StatusCode::TOO_MANY_REQUESTS => Ok(true),
            StatusCode::FORBIDDEN => Ok(limited),
            StatusCode::UNAUTHORIZED => Ok(false),
            status => Err(format!("status {status}")),
        }
    }
}

/// A new token.
struct Token {
    access_token: String,
    refresh_token: Option<String>,
    /// In seconds.
    expires_in: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TokenAnswer {
    access_token: Option<String>,
    refresh_token: Option<String>,
    expires_in: Option<i64>,
    error: Option<String>,
}

/// Why there is no new token.
enum Failure {
    /// The service will not give one.
    Refused(String),
    /// It may later.
    Passing(String),
}

fn is_expired(expiry: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    expiry.is_some_and(|expiry| expiry < now)
}

fn client() -> Result<reqwest::Client, String> {
    reqwest::Client::builder()
        .timeout(TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| error.to_string())
}

async fn send(request: reqwest::RequestBuilder) -> Result<(StatusCode, Vec<u8>), String> {
    let mut response = request.send().await.map_err(|error| error.without_url().to_string())?;
    let status = response.status();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| error.without_url().to_string())? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER {
            return Err("the answer is too long".to_owned());
        }
    }
    Ok((status, body))
}

impl ExternalAuthConfig {
    /// What is in force: the configuration, with the defaults of its type where it is silent.
    #[must_use]
    pub(crate) fn with_defaults(mut self) -> Self {
        let kind = self.kind.to_lowercase();
        let kind = if kind == "bitbucket" { "bitbucket-cloud".to_owned() } else { kind };
        let defaults = self.defaults_of(&kind);
        let fill = |value: &mut String, default: &str| {
            if value.is_empty() {
                default.clone_into(value);
            }
        };
        if kind == "gitea" {
            fill(&mut self.auth_url, "https://gitea.com/login/oauth/authorize");
        }
        fill(&mut self.auth_url, &defaults.auth_url);
        fill(&mut self.token_url, &defaults.token_url);
        fill(&mut self.validate_url, &defaults.validate_url);
        fill(&mut self.revoke_url, &defaults.revoke_url);
        fill(&mut self.regex, &defaults.regex);
        fill(&mut self.device_code_url, &defaults.device_code_url);
        fill(&mut self.app_installations_url, &defaults.app_installations_url);
        fill(&mut self.display_name, &defaults.display_name);
        fill(&mut self.display_icon, &defaults.display_icon);
        if self.scopes.is_empty() {
            self.scopes = defaults.scopes;
        }
        if self.extra_token_keys.is_empty() {
            self.extra_token_keys = defaults.extra_token_keys;
        }
        let given = self.kind.clone();
        fill(&mut self.id, &given);
        fill(&mut self.display_name, &given);
        fill(&mut self.display_icon, "/emojis/1f511.png");
        let api = match given.to_lowercase().as_str() {
            "github" => "https://api.github.com".to_owned(),
            "gitlab" => match host_of(&self.auth_url) {
                Some((scheme, host)) if !host.eq_ignore_ascii_case("gitlab.com") => format!("{scheme}://{host}/api/v4"),
                _ => "https://gitlab.com/api/v4".to_owned(),
            },
            "gitea" => "https://gitea.com/api/v1".to_owned(),
            _ => String::new(),
        };
        fill(&mut self.api_base_url, &api);
        self.kind = if given.eq_ignore_ascii_case("bitbucket") { kind } else { given };
        self
    }

    fn defaults_of(&self, kind: &str) -> Self {
        let text = |text: &str| text.to_owned();
        let list = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect();
        let at = |path: &str| join(&self.auth_url, path);
        let host_regex = || {
            let host = host_of(&self.auth_url).map(|(_, host)| host.replace('.', r"\.")).unwrap_or_default();
            format!("^(https?://)?{host}(/.*)?$")
        };
        match kind {
            "github" => Self {
                auth_url: text("https://github.com/login/oauth/authorize"),
                token_url: text("https://github.com/login/oauth/access_token"),
                validate_url: text("https://api.github.com/user"),
                revoke_url: if self.client_id.is_empty() {
                    String::new()
                } else {
                    format!("https://api.github.com/applications/{}/grant", self.client_id)
                },
                regex: text(r"^(https?://)?github\.com(/.*)?$"),
                scopes: list(&["repo", "workflow"]),
                device_code_url: text("https://github.com/login/device/code"),
                app_installations_url: text("https://api.github.com/user/installations"),
                display_name: text("GitHub"),
                display_icon: text("/icon/github.svg"),
                ..Self::default()
            },
            "gitlab" => {
                let cloud = "https://gitlab.com/oauth/authorize";
                let own =
                    host_of(&self.auth_url).is_some_and(|(_, host)| host != "gitlab.com") && self.auth_url != cloud;
                let base = if own { self.auth_url.as_str() } else { cloud };
                let regex = if own { host_regex() } else { text(r"^(https?://)?gitlab\.com(/.*)?$") };
                Self {
                    auth_url: join(base, "/oauth/authorize"),
                    token_url: join(base, "/oauth/token"),
                    validate_url: join(base, "/oauth/token/info"),
                    revoke_url: join(base, "/oauth/revoke"),
                    regex,
                    scopes: list(&["write_repository", "read_api"]),
                    display_name: text("GitLab"),
                    display_icon: text("/icon/gitlab.svg"),
                    ..Self::default()
                }
            }
            "bitbucket-cloud" => Self {
                auth_url: text("https://bitbucket.org/site/oauth2/authorize"),
                token_url: text("https://bitbucket.org/site/oauth2/access_token"),
                validate_url: text("https://api.bitbucket.org/2.0/user"),
                regex: text(r"^(https?://)?bitbucket\.org(/.*)?$"),
                scopes: list(&["account", "repository:write"]),
                display_name: text("BitBucket"),
                display_icon: text("/icon/bitbucket.svg"),
                ..Self::default()
            },
            "bitbucket-server" => Self {
                token_url: at("/rest/oauth2/latest/token"),
                validate_url: at("/rest/api/latest/inbox/pull-requests/count"),
                regex: if self.auth_url.is_empty() { String::new() } else { host_regex() },
                scopes: list(&["PUBLIC_REPOS", "REPO_READ", "REPO_WRITE"]),
                display_name: text("Bitbucket Server"),
                display_icon: text("/icon/bitbucket.svg"),
                ..Self::default()
            },
            "jfrog" => {
                let token = format!("/access/api/v1/integrations/{}/token", self.client_id);
                let known = !self.client_id.is_empty();
                Self {
                    token_url: if known { at(&token) } else { String::new() },
                    validate_url: if known { at("/access/api/v1/system/ping") } else { String::new() },
                    scopes: list(&["applied-permissions/user"]),
                    display_name: text("JFrog Artifactory"),
                    display_icon: text("/icon/jfrog.svg"),
                    ..Self::default()
                }
            }
            "gitea" => {
                let auth = if self.auth_url.is_empty() {
                    "https://gitea.com/login/oauth/authorize"
                } else {
                    self.auth_url.as_str()
                };
                let host = host_of(auth).map(|(_, host)| host.replace('.', r"\.")).unwrap_or_default();
                Self {
                    token_url: join(auth, "/login/oauth/access_token"),
                    validate_url: join(auth, "/login/oauth/userinfo"),
                    regex: format!("^(https?://)?{host}(/.*)?$"),
                    scopes: list(&["read:repository", " write:repository", "read:user"]),
                    display_name: text("Gitea"),
                    display_icon: text("/icon/gitea.svg"),
                    ..Self::default()
                }
            }
            "azure-devops" => Self {
                auth_url: text("https://app.vssps.visualstudio.com/oauth2/authorize"),
                token_url: text("https://app.vssps.visualstudio.com/oauth2/token"),
                regex: text(r"^(https?://)?dev\.azure\.com(/.*)?$"),
                scopes: list(&["vso.code_write"]),
                display_name: text("Azure DevOps"),
                display_icon: text("/icon/azure-devops.svg"),
                ..Self::default()
            },
            "azure-devops-entra" => Self {
                token_url: tenant_of(&self.auth_url).map_or_else(String::new, |t| at(&format!("/{t}/oauth2/token"))),
                regex: text(r"^(https?://)?dev\.azure\.com(/.*)?$"),
                display_name: text("Azure DevOps (Entra)"),
                display_icon: text("/icon/azure-devops.svg"),
                ..Self::default()
            },
            "slack" => Self {
                auth_url: text("https://slack.com/oauth/v2/authorize"),
                token_url: text("https://slack.com/api/oauth.v2.access"),
                revoke_url: text("https://slack.com/api/auth.revoke"),
                display_name: text("Slack"),
                display_icon: text("/icon/slack.svg"),
                extra_token_keys: list(&["authed_user"]),
                ..Self::default()
            },
            _ => Self::default(),
        }
    }
}

/// The scheme and host of a URL as they are written.
fn host_of(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    Some((scheme, host)).filter(|_| Url::parse(url).is_ok())
}

/// A path on the host of a URL; empty if there is none.
fn join(url: &str, path: &str) -> String {
    host_of(url).map_or_else(String::new, |(scheme, host)| format!("{scheme}://{host}{path}"))
}

/// The tenant in `https://…/{tenant}/oauth2/authorize`.
fn tenant_of(url: &str) -> Option<&str> {
    let path = url.split_once("://")?.1.split_once('/')?.1;
    let mut steps = path.split('/');
    let tenant = steps.next()?;
    (steps.next() == Some("oauth2") && steps.next() == Some("authorize")).then_some(tenant)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{replay, same, vectors};

    #[test]
    fn defaults_are_those_of_the_original() {
        let mut cases = vectors("external_auth.json");
        cases.retain(|case| case.text("rule") == "defaults");
        replay(&cases, |case| {
            let text = |key: &str| case.input[key].as_str().unwrap_or_default().to_owned();
            let config = ExternalAuthConfig {
                id: text("id"),
                kind: text("type"),
                auth_url: text("auth_url"),
                client_id: text("client_id"),
                ..ExternalAuthConfig::default()
            };
            let c = config.with_defaults();
            let got = json!({
                "id": c.id, "type": c.kind, "display_name": c.display_name, "display_icon": c.display_icon,
                "auth_url": c.auth_url, "token_url": c.token_url, "validate_url": c.validate_url,
                "revoke_url": c.revoke_url, "regex": c.regex, "device_code_url": c.device_code_url,
                "api_base_url": c.api_base_url, "app_installations_url": c.app_installations_url,
                "scopes": if c.scopes.is_empty() { json!(null) } else { json!(c.scopes) },
            });
            same(&got, &case.output)
        });
    }

    #[test]
    fn the_choice_is_that_of_the_original() {
        let mut cases = vectors("external_auth.json");
        cases.retain(|case| case.text("rule") == "match");
        replay(&cases, |case| {
            let configs = case.input["providers"].as_array().ok_or("no providers")?.iter().map(|provider| {
                let text = |key: &str| provider[key].as_str().unwrap_or_default().to_owned();
                ExternalAuthConfig { id: text("id"), kind: "x".into(), regex: text("regex"), ..Default::default() }
            });
            let providers = Providers::new(configs).map_err(|error| error.to_string())?;
            let text = |key: &str| case.input[key].as_str().unwrap_or_default();
            let chosen = providers.choose(text("id"), text("match")).map(|provider| provider.id.as_str());
            same(&json!({ "id": chosen }), &case.output)
        });
    }
}
