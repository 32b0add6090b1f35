//! A WebSocket as a stream of bytes: borders of messages mean nothing.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_util::{Sink, Stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What is written at most into one message, in bytes. Some endpoints take no more than 256 KiB.
const MAX_MESSAGE: usize = 64 << 10;

/// The payloads of binary messages, joined; what is written goes out as one message with each flush, or when enough
/// has come together.
#[derive(Debug)]
pub struct ByteStream<S> {
    socket: S,
    /// Came, and was not read yet.
    input: Bytes,
    output: BytesMut,
}

impl<S> ByteStream<S> {
    /// The bytes of `socket`, whose items are the payloads of binary messages.
    pub fn new(socket: S) -> Self {
        Self { socket, input: Bytes::new(), output: BytesMut::new() }
    }
}

impl<S: Sink<Bytes, Error = io::Error> + Unpin> ByteStream<S> {
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.output.is_empty() {
            ready!(Pin::new(&mut self.socket).poll_ready(cx))?;
            let message = self.output.split().freeze();
            Pin::new(&mut self.socket).start_send(message)?;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: Stream<Item = io::Result<Bytes>> + Unpin> AsyncRead for ByteStream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        while self.input.is_empty() {
            match ready!(Pin::new(&mut self.socket).poll_next(cx)) {
                Some(message) => self.input = message?,
                None => return Poll::Ready(Ok(())),
            }
        }
        let size = self.input.len().min(buf.remaining());
        buf.put_slice(&self.input.split_to(size));
        Poll::Ready(Ok(()))
    }
}

impl<S: Sink<Bytes, Error = io::Error> + Unpin> AsyncWrite for ByteStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.output.len() >= MAX_MESSAGE {
            ready!(self.poll_send(cx))?;
        }
        let size = bytes.len().min(MAX_MESSAGE - self.output.len());
        self.output.extend_from_slice(&bytes[..size]);
        Poll::Ready(Ok(size))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(cx))?;
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(cx))?;
        Pin::new(&mut self.socket).poll_close(cx)
    }
}
