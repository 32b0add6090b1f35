//! The `reference-server` command.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use agentsdk::AgentClient;
use anyhow::Context;
use clap::{ArgAction, Args, Parser, Subcommand};
use reference_server::ReferenceServer;
use reference_server::agent::containers::DockerEngine;
use reference_server::agent::{Agent, ContextConfig, ListenAddress};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::MakeWriterExt;

/// A server that keeps Coder's API contracts: chats with AI agents, users, models.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the API until it gets SIGINT or SIGTERM.
    Serve(Serve),
    /// Runs a workspace agent, which runs commands and edits files for whoever holds its token.
    ///
    /// It listens on loopback or a Unix socket only, unless told otherwise.
    Agent(AgentArguments),
}

#[derive(Debug, Args)]
struct Serve {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
    /// SQLite file that keeps the data; without it the data lives in memory.
    #[arg(long)]
    database: Option<PathBuf>,
    /// Starts with what someone who tries things out needs: a user, a scripted model that answers without a provider, a
    /// template, the workspace `dev-ws` with a live agent in this process, and more that the ready file names. The agent
    /// runs commands as you, for whoever has its token. Without it the server is empty, like a fresh Coder.
    #[arg(long)]
    dev: bool,
    /// Leaves the workspace `dev-ws` of `--dev` without its live agent: any program that lives as a workspace agent can
    /// be it, with the token that the ready file names.
    #[arg(long, requires = "dev")]
    external_agent: bool,
    /// Writes a JSON object here once the server listens: its URL and how to log in.
    #[arg(long)]
    ready_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct AgentArguments {
    /// Address to listen on, or `unix:` and the path of a socket; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: ListenAddress,
    /// File that holds the session token which every request but `GET /`, the greeting, must carry.
    #[arg(long)]
    token_file: PathBuf,
    /// Directory in which commands run that name none; the home directory without it.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Writes a JSON object here once the agent listens: its URL and directory.
    #[arg(long)]
    ready_file: Option<PathBuf>,
    /// Also listens where other machines can reach it.
    #[arg(long)]
    allow_other_hosts: bool,
    /// Shows the containers of this machine's Docker, and makes dev containers with the program `devcontainer`.
    #[arg(long, env = "CODER_AGENT_DEVCONTAINERS_ENABLE")]
    devcontainers: bool,
    /// Whether to look for dev containers in the Git repositories of its directory.
    #[arg(long, env = "CODER_AGENT_DEVCONTAINERS_PROJECT_DISCOVERY_ENABLE", default_value_t = true, action = ArgAction::Set)]
    devcontainers_project_discovery_enable: bool,
    /// Whether to make those of them whose configuration says so.
    #[arg(long, env = "CODER_AGENT_DEVCONTAINERS_DISCOVERY_AUTOSTART_ENABLE", default_value_t = false, action = ArgAction::Set)]
    devcontainers_discovery_autostart_enable: bool,
    /// Makes no socket for the processes of the workspace.
    #[arg(long, conflicts_with = "socket_path")]
    no_socket: bool,
    /// Where that socket is; `CODER_AGENT_SOCKET_SERVER_ENABLED=false` turns it off, too.
    #[arg(long, env = "CODER_AGENT_SOCKET_PATH", default_value = agentsdk::socket::DEFAULT_PATH)]
    socket_path: PathBuf,
    /// Where boundary processes log to, if there is a server: in the folder for temporary files without it.
    #[arg(long, env = "CODER_AGENT_BOUNDARY_LOG_PROXY_SOCKET_PATH")]
    boundary_socket: Option<PathBuf>,
    /// The server that the agent's token is for: statuses of tasks that come through the socket are forwarded to it, and
    /// boundary logs.
    #[arg(long, env = "CODER_AGENT_URL")]
    server_url: Option<String>,
    /// Folder for its log, which `GET /debug/logs` gives to whoever asks; without it the log goes to stderr alone.
    #[arg(long)]
    log_dir: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_env("RUST_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    let log = tracing_subscriber::fmt().with_env_filter(filter);
    let command = Cli::parse().command;
    match &command {
        Command::Agent(AgentArguments { log_dir: Some(dir), .. }) => {
            std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
            let path = dir.join("coder-agent.log");
            let file = File::options().create(true).append(true).open(&path);
            let file = file.with_context(|| format!("cannot write {}", path.display()))?;
            log.with_ansi(false).with_writer(std::io::stderr.and(Arc::new(file))).init();
        }
        _ => log.with_writer(std::io::stderr).init(),
    }
    match command {
        Command::Serve(arguments) => serve(arguments).await,
        Command::Agent(arguments) => agent(arguments).await,
    }
}

async fn serve(arguments: Serve) -> anyhow::Result<()> {
    let stopped = stopped()?;
    let mut builder =
        ReferenceServer::builder().listen(arguments.listen).seeded(arguments.dev).development(arguments.dev);
    builder = builder.live_agent(!arguments.external_agent);
    if let Some(path) = arguments.database {
        builder = builder.database(path);
    }
    let server = builder.start().await?;
    println!("listening on {}", server.url());
    if let Some(login) = server.login() {
        println!("log in as {} with the password {}", login.email, login.password);
        println!("or set CODER_URL={} CODER_SESSION_TOKEN={}", server.url(), login.session_token());
    } else {
        println!("no user yet: create the first one with POST {}api/v2/users/first", server.url());
    }
    if let Some(path) = &arguments.ready_file {
        write_whole(path, &server.ready_file()).with_context(|| format!("cannot write {}", path.display()))?;
    }
    stopped.await;
    server.shutdown().await;
    Ok(())
}

async fn agent(arguments: AgentArguments) -> anyhow::Result<()> {
    let stopped = stopped()?;
    let path = &arguments.token_file;
    let token = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut builder =
        Agent::builder(token.trim()).listen(arguments.listen).allow_other_hosts(arguments.allow_other_hosts);
    builder = builder.context(ContextConfig::from_env());
    if let Some(dir) = &arguments.log_dir {
        builder = builder.log_dir(dir);
    }
    if let Some(dir) = &arguments.dir {
        builder = builder.dir(dir);
    }
    if arguments.devcontainers {
        let mut engine = DockerEngine::new();
        if let Some(dir) = arguments.dir.clone().or_else(std::env::home_dir) {
            engine = engine.dir(dir);
        }
        // Without a directory of its own it would search all that the user has.
        let discover = arguments.devcontainers_project_discovery_enable && arguments.dir.is_some();
        builder = builder.containers(Arc::new(engine)).discover_devcontainers(discover);
        builder = builder.autostart_devcontainers(arguments.devcontainers_discovery_autostart_enable);
    }
    if let Some(url) = arguments.server_url.filter(|url| !url.is_empty()) {
        let server = AgentClient::builder(&url).session_token(token.trim()).build();
        let boundary = arguments.boundary_socket.unwrap_or_else(agentsdk::boundary::default_path);
        builder = builder.server(server.context("the server's URL cannot be used")?).boundary_socket(boundary);
    }
    if !arguments.no_socket && socket_enabled() {
        builder = builder.socket(&arguments.socket_path);
    }
    let agent = builder.start().await?;
    println!("listening on {}", agent.url());
    if let Some(path) = &arguments.ready_file {
        let ready =
            serde_json::json!({ "agent_url": agent.url(), "agent_token": token.trim(), "work_dir": arguments.dir });
        write_whole(path, &ready).with_context(|| format!("cannot write {}", path.display()))?;
    }
    stopped.await;
    agent.shutdown().await;
    Ok(())
}

/// Whether the environment leaves the socket on. What is no word for false is taken for true.
fn socket_enabled() -> bool {
    let setting = std::env::var("CODER_AGENT_SOCKET_SERVER_ENABLED").unwrap_or_default();
    !["0", "f", "false"].contains(&setting.to_lowercase().as_str())
}

/// Resolves at the first SIGINT or SIGTERM; both are caught from now on.
fn stopped() -> std::io::Result<impl Future<Output = ()>> {
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
    })
}

/// Writes the file so that whoever waits for it never reads half of it.
fn write_whole(path: &Path, value: &serde_json::Value) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    std::fs::write(&part, value.to_string())?;
    std::fs::rename(&part, path)
}
