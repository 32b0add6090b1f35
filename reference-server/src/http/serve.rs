//! Serving connections, none of which may keep the server waiting for a request for ever.

use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::serve::Listener;
use http::Request;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

/// How long a connection may go without a whole head of a request. Longer than clients keep a connection that they do
/// not use, lest one is closed that a request is just being sent on.
const HEAD_TIMEOUT: Duration = Duration::from_secs(120);

/// Serves what comes until told to stop, and then what is under way. Connections that were upgraded are no longer this
/// function's.
pub(crate) async fn serve<L: Listener>(mut listener: L, router: Router, stop: CancellationToken) {
    let connections = TaskTracker::new();
    while let Some((connection, _)) = stop.run_until_cancelled(listener.accept()).await {
        connections.spawn(converse(connection, router.clone(), stop.clone()));
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

async fn converse<Io>(connection: Io, router: Router, stop: CancellationToken)
where
    Io: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let service = router.map_request(|request: Request<hyper::body::Incoming>| request.map(Body::new));
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    // WebSockets over HTTP/2 are opened with it.
    builder.http2().timer(TokioTimer::new()).enable_connect_protocol();
    let service = TowerToHyperService::new(service);
    let mut served = pin!(builder.serve_connection_with_upgrades(TokioIo::new(connection), service));
    let outcome = tokio::select! {
        outcome = served.as_mut() => outcome,
        () = stop.cancelled() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = outcome {
        tracing::trace!(error, "a connection broke");
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    async fn served() -> (std::net::SocketAddr, CancellationToken, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
        let router = Router::new().route("/", get(async || "here"));
        (address, stop.clone(), tokio::spawn(serve(listener, router, stop)))
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_never_ends_is_not_awaited_for_ever() {
        let (address, _stop, _serving) = served().await;
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n").await.unwrap();
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).await.unwrap();
        assert!(!String::from_utf8_lossy(&answer).contains("here"));
    }

    #[tokio::test]
    async fn it_ends_when_told_though_connections_are_open() {
        let (address, stop, serving) = served().await;
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        let mut answer = [0; 12];
        connection.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
        stop.cancel();
        serving.await.unwrap();
    }
}
