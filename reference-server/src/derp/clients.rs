//! Who is connected to the relay, and what waits to be sent to each.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use super::frames::{Gone, Key, frame, kind};

/// How many clients there may be at once.
const MAX_CLIENTS: usize = 4096;
/// How many frames may wait for a client.
const MAX_FRAMES: usize = 512;
/// How many bytes may wait for a client.
const MAX_BYTES: usize = 4 << 20;

/// One connection.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) key: Key,
    serial: u64,
    pub(super) outbox: Outbox,
}

/// What waits to be sent to a client. The newest frames matter most: when too many wait, the oldest are dropped, and the
/// peers send again what they miss.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    frames: Mutex<Waiting>,
    filled: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    frames: VecDeque<Vec<u8>>,
    bytes: usize,
}

impl Outbox {
    pub(super) fn push(&self, frame: Vec<u8>) {
        let mut waiting = self.frames.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.bytes += frame.len();
        waiting.frames.push_back(frame);
        while waiting.frames.len() > MAX_FRAMES || waiting.bytes > MAX_BYTES {
            let dropped = waiting.frames.pop_front().map_or(0, |frame| frame.len());
            waiting.bytes -= dropped;
        }
        drop(waiting);
        self.filled.notify_one();
    }

    /// Everything that waits, once something does. Cancel safe.
    pub(super) async fn take(&self) -> Vec<u8> {
        loop {
            let filled = self.filled.notified();
            let waiting = std::mem::take(&mut *self.frames.lock().unwrap_or_else(PoisonError::into_inner));
            if waiting.bytes > 0 {
                return waiting.frames.into_iter().flatten().collect();
            }
            filled.await;
        }
    }
}

/// Everybody who is connected.
#[derive(Debug, Default)]
pub(super) struct Clients {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    next: u64,
    count: usize,
    /// The connections under a key; packets go to the last one, which is the one that spoke last.
    by_key: HashMap<Key, Vec<Arc<Client>>>,
    /// To whom the holder of a key has sent packets: those are told when it leaves.
    sent_to: HashMap<Key, HashSet<Key>>,
}

/// A client's place, given up when it is dropped.
pub(super) struct Place<'a> {
    clients: &'a Clients,
    pub(super) client: Arc<Client>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.clients.leave(&self.client);
    }
}

impl Clients {
    fn locked(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in the holder of a key; none if there are too many.
    pub(super) fn enter(&self, key: Key) -> Option<Place<'_>> {
        let mut inner = self.locked();
        if inner.count >= MAX_CLIENTS {
            return None;
        }
        inner.count += 1;
        inner.next += 1;
        let client = Arc::new(Client { key, serial: inner.next, outbox: Outbox::default() });
        inner.by_key.entry(key).or_default().push(client.clone());
        Some(Place { clients: self, client })
    }

    fn leave(&self, client: &Client) {
        let mut inner = self.locked();
        inner.count -= 1;
        let Some(same) = inner.by_key.get_mut(&client.key) else { return };
        same.retain(|other| other.serial != client.serial);
        if !same.is_empty() {
            return;
        }
        inner.by_key.remove(&client.key);
        for peer in inner.sent_to.remove(&client.key).unwrap_or_default() {
            if let Some(peer) = inner.by_key.get(&peer).and_then(|same| same.last()) {
                peer.outbox.push(peer_gone(&client.key, Gone::Disconnected));
            }
        }
        for peers in inner.sent_to.values_mut() {
            peers.remove(&client.key);
        }
    }

    /// Notes that a client has spoken: of several under one key it is the one that packets go to.
    pub(super) fn heard(&self, client: &Client) {
        let mut inner = self.locked();
        if let Some(same) = inner.by_key.get_mut(&client.key)
            && let Some(at) = same.iter().position(|other| other.serial == client.serial)
        {
            same[at..].rotate_left(1);
        }
    }

    /// Hands a packet on; false if nobody holds the key.
    pub(super) fn send(&self, from: &Client, to: &Key, packet: &[u8]) -> bool {
        let mut inner = self.locked();
        let Some(peer) = inner.by_key.get(to).and_then(|same| same.last()).cloned() else { return false };
        inner.sent_to.entry(from.key).or_default().insert(*to);
        drop(inner);
        peer.outbox.push(frame(kind::RECV_PACKET, &[&from.key, packet]));
        true
    }
}

/// Tells that a peer cannot be reached.
pub(super) fn peer_gone(key: &Key, why: Gone) -> Vec<u8> {
    frame(kind::PEER_GONE, &[key, &[why as u8]])
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn the_oldest_of_too_many_frames_are_dropped() {
        let outbox = Outbox::default();
        for number in 0..1000u32 {
            outbox.push(number.to_be_bytes().to_vec());
        }
        let taken = outbox.take().now_or_never().unwrap();
        assert_eq!(taken.len(), MAX_FRAMES * 4);
        assert_eq!(taken[..4], (1000 - MAX_FRAMES as u32).to_be_bytes());
        assert!(outbox.take().now_or_never().is_none());
        outbox.push(vec![0; MAX_BYTES / 2 + 1]);
        outbox.push(vec![1; MAX_BYTES / 2]);
        assert_eq!(outbox.take().now_or_never().unwrap(), vec![1; MAX_BYTES / 2]);
    }

    #[test]
    fn packets_go_to_the_connection_that_spoke_last() {
        let clients = Clients::default();
        let (first, second) = (clients.enter([1; 32]).unwrap(), clients.enter([1; 32]).unwrap());
        let sender = clients.enter([2; 32]).unwrap();
        let got = |place: &Place<'_>| place.client.outbox.take().now_or_never().is_some();
        assert!(clients.send(&sender.client, &[1; 32], b"x"));
        assert!(!got(&first) && got(&second));
        clients.heard(&first.client);
        assert!(clients.send(&sender.client, &[1; 32], b"x"));
        assert!(got(&first) && !got(&second));
        drop(first);
        assert!(clients.send(&sender.client, &[1; 32], b"x"));
        assert!(got(&second));
        assert!(!clients.send(&sender.client, &[3; 32], b"x"));
    }

    #[test]
    fn whoever_was_sent_something_is_told_when_the_sender_leaves() {
        let clients = Clients::default();
        let (peer, other) = (clients.enter([1; 32]).unwrap(), clients.enter([3; 32]).unwrap());
        let sender = clients.enter([2; 32]).unwrap();
        assert!(clients.send(&sender.client, &[1; 32], b"x"));
        drop(sender);
        let told = peer.client.outbox.take().now_or_never().unwrap();
        assert!(told.ends_with(&peer_gone(&[2; 32], Gone::Disconnected)));
        assert!(other.client.outbox.take().now_or_never().is_none());
        drop((peer, other));
        let inner = clients.locked();
        assert!(inner.by_key.is_empty() && inner.sent_to.is_empty() && inner.count == 0);
    }
}
