//! An agent's WebSocket as what the RPC runs over: payloads of binary messages, and pings between them.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use agentsdk::rpc::ByteStream;
use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use bytes::Bytes;
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use tokio::sync::{mpsc, oneshot};

/// Asks for a ping; answered once the peer has.
pub(super) type Ping = oneshot::Sender<()>;

pub(crate) struct AgentSocket {
    socket: WebSocket,
    pings: mpsc::Receiver<Ping>,
    /// Is told when the peer answers.
    waiting: Option<Ping>,
    /// Whether a ping has still to be sent.
    due: bool,
    /// Whether a ping has still to leave.
    unflushed: bool,
    closing: bool,
}

/// The bytes that go over a socket which nobody pings.
pub(crate) fn byte_stream(socket: WebSocket) -> ByteStream<AgentSocket> {
    let (_, pings) = mpsc::channel(1);
    ByteStream::new(AgentSocket::new(socket, pings))
}

impl AgentSocket {
    pub(super) fn new(socket: WebSocket, pings: mpsc::Receiver<Ping>) -> Self {
        Self { socket, pings, waiting: None, due: false, unflushed: false, closing: false }
    }

    /// Sends a ping that was asked for, as far as the socket takes it now.
    fn poll_pings(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        while let Poll::Ready(Some(ping)) = self.pings.poll_recv(cx) {
            self.waiting = Some(ping);
            self.due = true;
        }
        if self.due && !self.closing {
            match self.socket.poll_ready_unpin(cx) {
                Poll::Ready(ready) => ready.map_err(io::Error::other)?,
                Poll::Pending => return Ok(()),
            }
            self.due = false;
            self.unflushed = true;
            self.socket.start_send_unpin(Message::Ping(Bytes::new())).map_err(io::Error::other)?;
        }
        if self.unflushed
            && let Poll::Ready(flushed) = self.socket.poll_flush_unpin(cx)
        {
            self.unflushed = false;
            flushed.map_err(io::Error::other)?;
        }
        Ok(())
    }
}

impl Stream for AgentSocket {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Err(error) = self.poll_pings(cx) {
            return Poll::Ready(Some(Err(error)));
        }
        loop {
            match ready!(self.socket.poll_next_unpin(cx)) {
                Some(Ok(Message::Binary(data))) => return Poll::Ready(Some(Ok(data))),
                Some(Ok(Message::Pong(_))) => {
                    if let Some(ping) = self.waiting.take() {
                        let _ = ping.send(());
                    }
                }
                Some(Ok(Message::Ping(_))) => {}
                Some(Ok(Message::Text(_))) => {
                    return Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::InvalidData, "a text message"))));
                }
                Some(Ok(Message::Close(_))) | None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(io::Error::other(error)))),
            }
        }
    }
}

impl Sink<Bytes> for AgentSocket {
    type Error = io::Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.poll_ready_unpin(cx).map_err(io::Error::other)
    }

    fn start_send(mut self: Pin<&mut Self>, data: Bytes) -> io::Result<()> {
        self.socket.start_send_unpin(Message::Binary(data)).map_err(io::Error::other)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.poll_flush_unpin(cx).map_err(io::Error::other)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.closing {
            ready!(self.socket.poll_ready_unpin(cx)).map_err(io::Error::other)?;
            self.closing = true;
            let frame = CloseFrame { code: close_code::NORMAL, reason: "".into() };
            self.socket.start_send_unpin(Message::Close(Some(frame))).map_err(io::Error::other)?;
        }
        self.socket.poll_close_unpin(cx).map_err(io::Error::other)
    }
}
