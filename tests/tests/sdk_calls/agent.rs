//! What an agent asks over HTTP.

use agentsdk::{AgentApi, AgentClient, ExternalAuthRequest};
use codersdk::{Client, RetryPolicy};

use crate::harness::{Args, Method, TOKEN, method, nothing, value};

const AGENT: &str = "agentsdk.Client";

fn agent(client: &Client) -> AgentClient {
    AgentClient::builder(client.url())
        .session_token(TOKEN)
        .http(|http| http.no_proxy().retry(RetryPolicy::none()))
        .build()
        .expect("client")
}

fn external_auth(a: &Args) -> ExternalAuthRequest {
    ExternalAuthRequest {
        id: a.field(0, "ID"),
        match_: a.field(0, "Match"),
        git_branch: a.field(0, "GitBranch"),
        git_remote_origin: a.field(0, "GitRemoteOrigin"),
        chat_id: a.field(0, "ChatID"),
        listen: a.field(0, "Listen"),
    }
}

pub fn methods() -> Vec<Method> {
    vec![
        method(AGENT, "ExternalAuth", |c, a| async move { value(agent(&c).external_auth(external_auth(&a)).await) }),
        method(AGENT, "GitSSHKey", |c, _| async move { value(agent(&c).git_ssh_key().await) }),
        method(AGENT, "PatchAppStatus", |c, a| async move { nothing(agent(&c).patch_app_status(a.get(0)).await) }),
        method(AGENT, "PatchLogs", |c, a| async move { nothing(agent(&c).patch_logs(a.get(0)).await) }),
        method(AGENT, "PostLogSource", |c, a| async move { value(agent(&c).post_log_source(a.get(0)).await) }),
        method(AGENT, "RefreshChatContext", |c, _| async move { value(agent(&c).refresh_chat_context().await) }),
    ]
}
