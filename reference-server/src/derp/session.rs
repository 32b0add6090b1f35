//! One client's connection: it proves its key, and sends and gets packets until it leaves.

use std::io;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio_util::sync::CancellationToken;

use super::Relay;
use super::clients::{Outbox, Place, peer_gone};
use super::frames::{
    Gone, Key, MAGIC, VERSION, frame, is_discovery, kind, open, read_header, read_rest, seal, skip_rest, split_key,
};
use crate::clock::SharedClock;

/// How long a client has to prove its key.
const LOGIN_LIMIT: Duration = Duration::from_secs(10);
/// How often a silent connection shows that it lives; up to [`JITTER`] is added, so that not all do at once.
const KEEP_ALIVE: Duration = Duration::from_secs(60);
const JITTER: Duration = Duration::from_secs(5);
/// How long a client may take to take what is sent to it.
const WRITE_LIMIT: Duration = Duration::from_secs(30);
/// Largest proof, in bytes.
const MAX_LOGIN: usize = 256 << 10;
/// Largest packet, in bytes.
const MAX_PACKET: usize = 64 << 10;
/// Sizes of a ping, in bytes. What is over 8 is for later versions.
const PING: std::ops::RangeInclusive<usize> = 8..=1000;
/// How many answers about unknown peers a client gets at once; one more comes each second.
const NOT_HERE_BURST: f64 = 3.0;

/// What a client says of itself. Nothing of it matters here, but it must be an object.
#[derive(Deserialize)]
struct ClientInfo {}

impl Relay {
    /// The key that clients know this relay by.
    pub(super) fn public_key(&self) -> Key {
        *self.key.public_key().as_bytes()
    }

    /// Serves a connection until it is over or the server stops.
    pub(super) async fn serve(&self, io: impl AsyncRead + AsyncWrite, clock: SharedClock, stop: CancellationToken) {
        let (read, mut write) = tokio::io::split(io);
        let mut read = BufReader::new(read);
        let session = async {
            let key = tokio::select! {
                key = self.login(&mut read, &mut write) => key?,
                () = clock.sleep(LOGIN_LIMIT) => return Err(io::ErrorKind::TimedOut.into()),
            };
            let place = self.clients.enter(key).ok_or_else(|| invalid("too many clients"))?;
            tokio::select! {
                read = self.read(&mut read, &place, &clock) => read,
                written = write_all(&mut write, &place.client.outbox, &clock) => written,
            }
        };
        let ended = tokio::select! {
            ended = session => ended,
            () = stop.cancelled() => Ok(()),
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a relay's client was cut off");
        }
        // A peer that is gone cannot be told.
        let _ = write.shutdown().await;
    }

    /// Tells who this relay is, and learns who the client is.
    async fn login(
        &self,
        read: &mut (impl AsyncRead + Unpin),
        write: &mut (impl AsyncWrite + Unpin),
    ) -> io::Result<Key> {
        write.write_all(&frame(kind::SERVER_KEY, &[MAGIC, &self.public_key()])).await?;
        write.flush().await?;
        let header = read_header(read).await?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let (kind::CLIENT_INFO, 56..=MAX_LOGIN) = header else { return Err(invalid("no proof of a key")) };
        let proof = read_rest(read, header.1).await?;
        let (key, sealed) = split_key(&proof).ok_or_else(|| invalid("no proof of a key"))?;
        let info = open(&self.key, &key, sealed).ok_or_else(|| invalid("a proof of another key"))?;
        let ClientInfo {} = serde_json::from_slice(&info).map_err(io::Error::other)?;
        let info = serde_json::json!({ "version": VERSION }).to_string();
        let sealed =
            seal(&self.key, &key, info.as_bytes()).ok_or_else(|| invalid("a key that nothing is sealed for"))?;
        write.write_all(&frame(kind::SERVER_INFO, &[&sealed])).await?;
        write.flush().await?;
        Ok(key)
    }

    async fn read(
        &self,
        read: &mut (impl AsyncRead + Unpin),
        place: &Place<'_>,
        clock: &SharedClock,
    ) -> io::Result<()> {
        let mut not_here = Allowance { left: NOT_HERE_BURST, at: clock.now() };
        while let Some((kind, length)) = read_header(read).await? {
            self.clients.heard(&place.client);
            match kind {
                kind::SEND_PACKET if length > 32 + MAX_PACKET => return Err(invalid("a packet that is too long")),
                kind::SEND_PACKET => {
                    let rest = read_rest(read, length).await?;
                    let (to, packet) = split_key(&rest).ok_or_else(|| invalid("a packet for nobody"))?;
                    if !self.clients.send(&place.client, &to, packet)
                        && is_discovery(packet)
                        && not_here.take(clock.now())
                    {
                        place.client.outbox.push(peer_gone(&to, Gone::NotHere));
                    }
                }
                kind::PING if !PING.contains(&length) => return Err(invalid("a ping of a wrong size")),
                kind::PING => {
                    let rest = read_rest(read, length).await?;
                    place.client.outbox.push(frame(kind::PONG, &[&rest[..8]]));
                }
                kind::NOTE_PREFERRED if length != 1 => return Err(invalid("a preference of a wrong size")),
                // There are no other relays to take these from.
                kind::FORWARD_PACKET | kind::WATCH_CONNECTIONS | kind::CLOSE_PEER => {
                    return Err(invalid("what only other relays may ask"));
                }
                _ => skip_rest(read, length).await?,
            }
        }
        Ok(())
    }
}

async fn write_all(write: &mut (impl AsyncWrite + Unpin), outbox: &Outbox, clock: &SharedClock) -> io::Result<()> {
    let every = KEEP_ALIVE + JITTER.mul_f64(rand::random());
    let mut keep_alive = clock.now() + every;
    loop {
        let bytes = tokio::select! {
            biased;
            bytes = outbox.take() => bytes,
            () = clock.sleep_until(keep_alive) => {
                keep_alive = clock.now() + every;
                frame(kind::KEEP_ALIVE, &[])
            }
        };
        let sent = async {
            write.write_all(&bytes).await?;
            write.flush().await
        };
        tokio::select! {
            biased;
            sent = sent => sent?,
            () = clock.sleep(WRITE_LIMIT) => return Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

/// How often something may still happen: as often as seconds have passed, and a few times at once.
struct Allowance {
    left: f64,
    at: DateTime<Utc>,
}

impl Allowance {
    fn take(&mut self, now: DateTime<Utc>) -> bool {
        let passed = (now - self.at).to_std().unwrap_or_default();
        self.at = now;
        self.left = (self.left + passed.as_secs_f64()).min(NOT_HERE_BURST);
        let allowed = self.left >= 1.0;
        if allowed {
            self.left -= 1.0;
        }
        allowed
    }
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
