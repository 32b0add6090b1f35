//! What an agent asks over HTTP, and how it opens its RPC connection.

use agentsdk::rpc::{Connection, RpcOptions, Version};
use agentsdk::{AgentApi, AgentClient, ExternalAuthRequest};
use codersdk::{Client, RetryPolicy};

use crate::harness::{Args, Method, Outcome, TOKEN, method, nothing, value};

const AGENT: &str = "agentsdk.Client";

fn agent(client: &Client) -> AgentClient {
    AgentClient::builder(client.url())
        .session_token(TOKEN)
        .http(|http| http.no_proxy().retry(RetryPolicy::none()))
        .build()
        .expect("client")
}

pub fn methods() -> Vec<Method> {
    [calls(), connections()].into_iter().flatten().collect()
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

/// Opens the RPC connection, which the rows' server refuses.
async fn connect(client: Client, version: Version, role: Option<String>) -> Outcome {
    Connection::open(&agent(&client), &RpcOptions { version, role }).await?;
    Ok(Vec::new())
}

/// The original has a method for each version; ours takes the version.
fn connections() -> Vec<Method> {
    let plain = [
        ("ConnectRPC", Version::CURRENT),
        ("ConnectRPC20", Version::V2_0),
        ("ConnectRPC20WithTailnet", Version::V2_0),
        ("ConnectRPC21", Version::new(2, 1)),
        ("ConnectRPC21WithTailnet", Version::new(2, 1)),
        ("ConnectRPC22", Version::new(2, 2)),
        ("ConnectRPC23", Version::new(2, 3)),
        ("ConnectRPC24", Version::new(2, 4)),
        ("ConnectRPC25", Version::new(2, 5)),
        ("ConnectRPC26", Version::new(2, 6)),
        ("ConnectRPC27", Version::new(2, 7)),
        ("ConnectRPC28", Version::new(2, 8)),
        ("ConnectRPC29", Version::new(2, 9)),
        ("ConnectRPC210", Version::new(2, 10)),
    ];
    let with_role = [
        ("ConnectRPCWithRole", Version::CURRENT),
        ("ConnectRPC28WithRole", Version::new(2, 8)),
        ("ConnectRPC29WithRole", Version::new(2, 9)),
        ("ConnectRPC210WithRole", Version::new(2, 10)),
    ];
    let plain = plain.map(|(name, version)| method(AGENT, name, move |c, _| connect(c, version, None)));
    let with_role =
        with_role.map(|(name, version)| method(AGENT, name, move |c, a| connect(c, version, Some(a.text(0)))));
    plain.into_iter().chain(with_role).collect()
}

fn calls() -> Vec<Method> {
    vec![
        method(AGENT, "ExternalAuth", |c, a| async move { value(agent(&c).external_auth(external_auth(&a)).await) }),
        method(AGENT, "GitSSHKey", |c, _| async move { value(agent(&c).git_ssh_key().await) }),
        method(AGENT, "PatchAppStatus", |c, a| async move { nothing(agent(&c).patch_app_status(a.get(0)).await) }),
        method(AGENT, "PatchLogs", |c, a| async move { nothing(agent(&c).patch_logs(a.get(0)).await) }),
        method(AGENT, "PostLogSource", |c, a| async move { value(agent(&c).post_log_source(a.get(0)).await) }),
        method(AGENT, "WaitForReinit", |c, _| async move { value(agent(&c).wait_for_reinit().await) }),
        method(AGENT, "RefreshChatContext", |c, _| async move { value(agent(&c).refresh_chat_context().await) }),
    ]
}
