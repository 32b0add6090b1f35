//! Answers git's questions for user names and passwords with tokens that Coder has: set `GIT_ASKPASS` to this program.
//!
//! It acts for the agent that `CODER_AGENT_URL` and `CODER_AGENT_TOKEN` name. If the workspace's owner has not signed in
//! to the git host yet, it shows where to and waits. `CODER_CHAT_ID` names the chat in whose name git runs.

use std::process::{Command, ExitCode};
use std::time::Duration;

use agentsdk::{AgentApi, AgentClient, ExternalAuthRequest, ExternalAuthResponse, git_askpass};
use anyhow::bail;

/// The pauses before asking again after a failure: the first, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [question] = &args[..] else { bail!("usage: git_askpass QUESTION (git calls it: set GIT_ASKPASS)") };
    let prompt = git_askpass::parse_prompt(question)?;
    let agent = AgentClient::from_env()?;
    let request = ExternalAuthRequest {
        match_: prompt.host.clone(),
        git_branch: git(&["rev-parse", "--abbrev-ref", "HEAD"]),
        git_remote_origin: git(&["config", "--get", "remote.origin.url"]),
        chat_id: std::env::var("CODER_CHAT_ID").unwrap_or_default(),
        ..ExternalAuthRequest::default()
    };
    let mut token = match agent.external_auth(request.clone()).await {
        Ok(token) => token,
        Err(error) => {
            eprintln!("Coder cannot answer git: {}", error.friendly());
            // Git asks its user then.
            return Ok(ExitCode::FAILURE);
        }
    };
    if !token.url.is_empty() {
        eprintln!("Sign in here, so that git can go on: {}", token.url);
        if std::env::var_os("CODER_CHAT_AGENT").is_some() {
            // A model waits for the answer, and only a person can sign in.
            return Ok(ExitCode::FAILURE);
        }
        token = signed_in(&agent, ExternalAuthRequest { listen: true, ..request }).await;
    }
    println!("{}", answer(&prompt, &token));
    Ok(ExitCode::SUCCESS)
}

/// Waits until the owner has signed in.
async fn signed_in(agent: &dyn AgentApi, request: ExternalAuthRequest) -> ExternalAuthResponse {
    let mut pause = PAUSES.0;
    loop {
        match agent.external_auth(request.clone()).await {
            Ok(token) if token.url.is_empty() => return token,
            Ok(_) => {}
            Err(error) => eprintln!("{}", error.friendly()),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// What git is told. Hosts that want no password take the token for a user name.
fn answer<'a>(prompt: &git_askpass::Prompt, token: &'a ExternalAuthResponse) -> &'a str {
    let wants_password = prompt.password || !prompt.user.is_empty();
    if wants_password && !token.password.is_empty() { &token.password } else { &token.username }
}

/// What a git command says about the repository; nothing if it fails.
fn git(args: &[&str]) -> String {
    let output = Command::new("git").args(args).env_remove("GIT_ASKPASS").output();
    let text = output.ok().filter(|output| output.status.success()).map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&text).trim().to_owned()
}
