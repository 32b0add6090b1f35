//! How the socket's file is made and reached.

use std::io;
use std::path::{Path, PathBuf};

use super::DEFAULT_PATH;

/// The path to use: the default for none and for an empty one.
pub(super) fn resolve(path: Option<&Path>) -> PathBuf {
    path.filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new(DEFAULT_PATH)).to_owned()
}

#[cfg(unix)]
pub(super) use unix::{Connection, Listener, connect, listen};

#[cfg(unix)]
mod unix {
    use std::fs::{DirBuilder, Permissions};
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};

    use tokio::net::{UnixListener, UnixStream};

    use super::{Path, io};

    pub(in crate::socket) type Connection = UnixStream;
    pub(in crate::socket) type Listener = UnixListener;

    pub(in crate::socket) async fn connect(path: &Path) -> io::Result<Connection> {
        UnixStream::connect(path).await
    }

    /// Listens on a socket that only its owner may use. One that is left of an agent that is gone is replaced.
    pub(in crate::socket) async fn listen(path: &Path) -> io::Result<Listener> {
        if UnixStream::connect(path).await.is_ok() {
            let text = format!("socket path {} is not available", path.display());
            return Err(io::Error::new(io::ErrorKind::AddrInUse, text));
        }
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
        }
        // Nobody else knows the name until the permissions are right.
        let mut hidden = path.as_os_str().to_owned();
        hidden.push(format!(".{:08x}", rand::random::<u32>()));
        let listener = UnixListener::bind(&hidden)?;
        let ready = std::fs::set_permissions(&hidden, Permissions::from_mode(0o600))
            .and_then(|()| std::fs::rename(&hidden, path));
        if let Err(error) = ready {
            let _ = std::fs::remove_file(&hidden);
            return Err(error);
        }
        Ok(listener)
    }
}

#[cfg(not(unix))]
pub(super) use elsewhere::{Connection, Listener, connect, listen};

#[cfg(not(unix))]
mod elsewhere {
    use super::{Path, io};

    /// Nothing is ever connected.
    pub(in crate::socket) type Connection = tokio::io::DuplexStream;

    /// Nothing ever listens.
    #[derive(Debug)]
    pub(in crate::socket) enum Listener {}

    impl Listener {
        pub(in crate::socket) async fn accept(&self) -> io::Result<(Connection, ())> {
            match *self {}
        }
    }

    fn unsupported() -> io::Error {
        io::Error::new(io::ErrorKind::Unsupported, "agents' sockets are named pipes here, which are not supported")
    }

    pub(in crate::socket) async fn connect(_: &Path) -> io::Result<Connection> {
        Err(unsupported())
    }

    pub(in crate::socket) async fn listen(_: &Path) -> io::Result<Listener> {
        Err(unsupported())
    }
}
