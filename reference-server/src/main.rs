//! The `reference-server` command.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use reference_server::ReferenceServer;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

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
}

#[derive(Debug, Args)]
struct Serve {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
    /// SQLite file that keeps the data; without it the data lives in memory.
    #[arg(long)]
    database: Option<PathBuf>,
    /// Starts with what someone who tries things out needs: a user, and a scripted model that answers without a
    /// provider. Without it the server is empty, like a fresh Coder.
    #[arg(long)]
    dev: bool,
    /// Writes a JSON object here once the server listens: its URL and how to log in.
    #[arg(long)]
    ready_file: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_env("RUST_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match Cli::parse().command {
        Command::Serve(arguments) => serve(arguments).await,
    }
}

async fn serve(arguments: Serve) -> anyhow::Result<()> {
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    let mut builder = ReferenceServer::builder().listen(arguments.listen).seeded(arguments.dev);
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
    tokio::select! {
        _ = interrupted.recv() => {}
        _ = terminated.recv() => {}
    }
    server.shutdown().await;
    Ok(())
}

/// Writes the file so that whoever waits for it never reads half of it.
fn write_whole(path: &Path, value: &serde_json::Value) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    std::fs::write(&part, value.to_string())?;
    std::fs::rename(&part, path)
}
