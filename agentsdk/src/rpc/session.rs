//! A connection that is kept up.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::channel::{Channel, Transport};
use super::error::{Error, Result};
use super::mux::MuxStream;
use super::packets::Metadata;
use super::{AgentRpcClient, Connection, RpcOptions, TailnetRpcClient};
use crate::AgentClient;

/// The wait before the first new attempt. It doubles with each that fails.
const MIN_WAIT: Duration = Duration::from_millis(100);
/// The longest wait between two attempts.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// Keeps a connection to the server up: connects in the background, and again whenever the connection is lost, after
/// 100 ms to 10 s.
///
/// Calls wait for a connection as long as they may take at all. A call that was under way when the connection broke
/// fails with [`is_interrupted`](super::Error::is_interrupted): whether it had an effect, only the caller can find out.
/// While the server refuses the connection ([`is_dial`](super::Error::is_dial)), calls fail with that refusal.
///
/// Cheap to clone; the connection ends with the last clone, channel and client.
#[derive(Clone)]
pub struct RpcSession {
    state: watch::Receiver<State>,
    _task: Arc<AbortOnDropHandle<()>>,
}

#[derive(Clone)]
enum State {
    Connecting,
    /// The server does not let us in.
    Refused(Error),
    Up(Connection),
}

impl RpcSession {
    /// Starts to connect as an agent. Must be called within a Tokio runtime.
    pub fn start(agent: AgentClient, options: RpcOptions) -> Self {
        Self::with(move || {
            let (agent, options) = (agent.clone(), options.clone());
            async move { Connection::open(&agent, &options).await }
        })
    }

    fn with<F>(open: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Connection>> + Send + 'static,
    {
        let (sender, state) = watch::channel(State::Connecting);
        let task = tokio::spawn(keep_up(open, sender));
        Self { state, _task: Arc::new(AbortOnDropHandle::new(task)) }
    }

    /// The connection, once there is one.
    ///
    /// # Errors
    /// [`is_dial`](super::Error::is_dial) when the server refuses it.
    pub async fn connection(&self) -> Result<Connection> {
        let mut state = self.state.clone();
        loop {
            match &*state.borrow_and_update() {
                State::Up(connection) if !connection.is_closed() => return Ok(connection.clone()),
                State::Refused(error) => return Err(error.clone()),
                State::Up(_) | State::Connecting => {}
            }
            state.changed().await.map_err(|_| Error::interrupted())?;
        }
    }

    /// What calls are made through.
    pub fn channel(&self) -> Channel {
        Channel::new(Arc::new(self.clone()))
    }

    /// The agent service.
    pub fn agent(&self) -> AgentRpcClient {
        AgentRpcClient::new(self.channel())
    }

    /// The tailnet service.
    pub fn tailnet(&self) -> TailnetRpcClient {
        TailnetRpcClient::new(self.channel())
    }
}

async fn keep_up<F>(open: impl Fn() -> F, state: watch::Sender<State>)
where
    F: Future<Output = Result<Connection>>,
{
    let mut wait = MIN_WAIT;
    loop {
        match open().await {
            Ok(connection) => {
                let since = Instant::now();
                state.send_replace(State::Up(connection.clone()));
                connection.closed().await;
                tracing::debug!("the RPC connection is lost");
                state.send_replace(State::Connecting);
                // One that breaks as soon as it stands is as good as none.
                if since.elapsed() >= MAX_WAIT {
                    wait = MIN_WAIT;
                }
            }
            Err(error) => {
                tracing::debug!(%error, "cannot open the RPC connection");
                let status = error.refusal().and_then(codersdk::Error::status);
                state.send_replace(match status {
                    Some(400..500) => State::Refused(error),
                    _ => State::Connecting,
                });
            }
        }
        tokio::time::sleep(wait.mul_f64(rand::random_range(0.5..=1.0))).await;
        wait = (wait * 2).min(MAX_WAIT);
    }
}

#[async_trait]
impl Transport for RpcSession {
    async fn unary(&self, rpc: &str, metadata: &Metadata, request: Bytes) -> Result<Bytes> {
        self.connection().await?.unary(rpc, metadata, request).await
    }

    async fn open(&self) -> Result<(MuxStream, OwnedSemaphorePermit)> {
        Transport::open(&self.connection().await?).await
    }
}

impl fmt::Debug for RpcSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let up = matches!(&*self.state.borrow(), State::Up(_));
        f.debug_struct("RpcSession").field("up", &up).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::rpc::{AgentRpc, Served, Server, Version, proto};

    struct Banner;

    #[async_trait]
    impl AgentRpc for Banner {
        async fn get_service_banner(
            &self,
            _: proto::agent::GetServiceBannerRequest,
        ) -> Result<proto::agent::ServiceBanner> {
            Ok(proto::agent::ServiceBanner { message: "hello".to_owned(), ..Default::default() })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_connection_is_opened_again() {
        let served: Arc<Mutex<Vec<Served>>> = Arc::default();
        let session = RpcSession::with({
            let served = Arc::clone(&served);
            move || {
                let (near, far) = tokio::io::duplex(1 << 16);
                let mut served = served.lock().unwrap();
                // Every other attempt fails.
                let attempt = served.len() % 2 == 1;
                served.push(Server::new().agent(Arc::new(Banner)).serve(far));
                async move { if attempt { Err(Error::interrupted()) } else { Ok(Connection::over(near, Version::CURRENT)) } }
            }
        });
        let agent = session.agent();
        for round in 1..=3 {
            assert_eq!(agent.get_service_banner(Default::default()).await.unwrap().message, "hello");
            let connection = session.connection().await.unwrap();
            assert_eq!(served.lock().unwrap().len(), round * 2 - 1);
            served
                .lock()
                .unwrap()
                .last_mut()
                .map(|last| std::mem::replace(last, Server::new().serve(tokio::io::empty())));
            connection.closed().await;
        }
    }
}
