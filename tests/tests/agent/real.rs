//! A real agent for tests.

use reference_server::agent::{Agent, ListenAddress};
use tempfile::TempDir;
use workspacesdk::{HttpAgentConn, HttpAgentConnBuilder};

pub const TOKEN: &str = "an-agent's-token";

/// A running agent and the directory that it works in.
pub struct Real {
    pub agent: Agent,
    pub dir: TempDir,
}

impl Real {
    pub async fn start() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let agent = Agent::builder(TOKEN).dir(dir.path()).start().await.expect("an agent");
        Self { agent, dir }
    }

    /// An agent behind a Unix socket in its own directory.
    pub async fn on_unix_socket() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let socket = ListenAddress::Unix(dir.path().join("agent.sock"));
        let agent = Agent::builder(TOKEN).dir(dir.path()).listen(socket).start().await.expect("an agent");
        Self { agent, dir }
    }

    pub fn builder(&self) -> HttpAgentConnBuilder {
        HttpAgentConn::builder(self.agent.url()).session_token(TOKEN)
    }

    pub fn conn(&self) -> HttpAgentConn {
        self.builder().build().expect("a connection")
    }

    /// The path of a file in the agent's directory.
    pub fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().expect("a path of text").to_owned()
    }
}
