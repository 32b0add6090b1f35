//! Where an agent listens.

use std::fmt;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use axum::Router;
use axum::serve::ListenerExt as _;
use tokio::net::{TcpListener, UnixListener};
use tokio_util::sync::CancellationToken;

use super::AgentError;
use crate::http::serve::serve;

/// An address of this machine, or the path of a Unix socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddress {
    /// An address and a port; port 0 takes a free one.
    Tcp(SocketAddr),
    /// The path of a socket. What stands there of an earlier agent is removed.
    Unix(PathBuf),
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl FromStr for ListenAddress {
    type Err = std::net::AddrParseError;

    /// Reads `127.0.0.1:4000`, or `unix:` and a path.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("unix:") {
            Some(path) => Ok(Self::Unix(path.into())),
            None => text.parse().map(Self::Tcp),
        }
    }
}

/// A socket that is listened on.
pub(super) enum Listener {
    Tcp(TcpListener, SocketAddr),
    Unix(UnixListener, PathBuf),
}

impl Listener {
    pub(super) async fn bind(address: &ListenAddress, any_host: bool) -> Result<Self, AgentError> {
        let failed = |source| AgentError::Listen { address: address.clone(), source };
        match address {
            ListenAddress::Tcp(tcp) if !any_host && !tcp.ip().is_loopback() => Err(AgentError::NotLoopback(*tcp)),
            ListenAddress::Tcp(tcp) => {
                let listener = TcpListener::bind(tcp).await.map_err(failed)?;
                let bound = listener.local_addr().map_err(failed)?;
                Ok(Self::Tcp(listener, bound))
            }
            ListenAddress::Unix(path) => Ok(Self::Unix(bind_unix(path).map_err(failed)?, path.clone())),
        }
    }

    pub(super) fn url(&self) -> String {
        match self {
            Self::Tcp(_, address) => format!("http://{address}"),
            Self::Unix(_, path) => format!("unix:{}", path.display()),
        }
    }

    pub(super) fn port(&self) -> Option<u16> {
        match self {
            Self::Tcp(_, address) => Some(address.port()),
            Self::Unix(..) => None,
        }
    }

    /// Serves until told to stop.
    pub(super) async fn serve(self, router: Router, stop: CancellationToken) {
        match self {
            Self::Tcp(listener, _) => {
                // What is written goes out at once: a small answer would else wait for word of the last one.
                let listener = listener.tap_io(|connection| {
                    let _ = connection.set_nodelay(true);
                });
                serve(listener, router, stop).await;
            }
            Self::Unix(listener, path) => {
                serve(listener, router, stop).await;
                // Gone already if somebody tidied up.
                let _ = std::fs::remove_file(path);
            }
        }
    }
}

/// A socket that only this user may connect to.
fn bind_unix(path: &Path) -> std::io::Result<UnixListener> {
    if path.exists() && std::os::unix::net::UnixStream::connect(path).is_err() {
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}
