//! The coordinator of the virtual network, as far as agents need it.
//!
//! This server reaches its agents otherwise, so nobody opens a tunnel to one: an agent announces how it can be reached
//! and never hears of a peer. What it may say, and what it is told when it says something else, is as in the original.

use std::collections::HashMap;
use std::net::Ipv6Addr;
use std::sync::{Arc, Mutex, PoisonError};

use agentsdk::rpc::proto::tailnet::{CoordinateRequest, CoordinateResponse, Node};
use agentsdk::rpc::{MessageStream, Result};
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, unfold};
use tokio::sync::oneshot;
use uuid::Uuid;

/// The prefixes under which an agent's address is the rest of its id.
const PREFIXES: [[u8; 6]; 2] = [[0xfd, 0x7a, 0x11, 0x5c, 0xa1, 0xe0], [0xfd, 0x60, 0x62, 0x7a, 0xa4, 0x2b]];
/// The address that all agents had once.
const LEGACY: Ipv6Addr = Ipv6Addr::new(0xfd7a, 0x115c, 0xa1e0, 0x49d6, 0xb259, 0xb7ac, 0xb1b2, 0x48f4);

/// Who is connected. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Coordinator {
    peers: Arc<Mutex<HashMap<Uuid, Peer>>>,
}

#[derive(Debug)]
struct Peer {
    /// Tells apart those that came one after another under one id.
    serial: Uuid,
    /// Dropped when another takes its place.
    _overwritten: oneshot::Sender<()>,
}

/// A peer's place, given up when it leaves.
struct Place {
    coordinator: Coordinator,
    id: Uuid,
    serial: Uuid,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut peers = self.coordinator.peers.lock().unwrap_or_else(PoisonError::into_inner);
        if peers.get(&self.id).is_some_and(|peer| peer.serial == self.serial) {
            peers.remove(&self.id);
        }
    }
}

impl Coordinator {
    /// Takes what an agent says, until it leaves or says what it may not. An agent that is connected already under this
    /// id is told so and loses its place.
    pub(crate) fn coordinate(
        &self,
        id: Uuid,
        requests: BoxStream<'static, CoordinateRequest>,
    ) -> MessageStream<CoordinateResponse> {
        let (sender, overwritten) = oneshot::channel();
        let serial = Uuid::new_v4();
        let peer = Peer { serial, _overwritten: sender };
        self.peers.lock().unwrap_or_else(PoisonError::into_inner).insert(id, peer);
        let place = Place { coordinator: self.clone(), id, serial };
        unfold(Some((requests, overwritten, place)), |state| async {
            let (mut requests, mut overwritten, place) = state?;
            loop {
                let request = tokio::select! {
                    biased;
                    _ = &mut overwritten => return Some((refusal("peer ID overwritten by new connection"), None)),
                    request = requests.next() => request?,
                };
                if request.disconnect.is_some() {
                    return None;
                }
                if let Err(error) = authorize(place.id, &request) {
                    return Some((refusal(&format!("authorization: {error}")), None));
                }
                if let Some(peer) = request.ready_for_handshake.first() {
                    return match Uuid::from_slice(&peer.id) {
                        Ok(peer) => {
                            let answer = refusal(&format!("you do not share a tunnel with \"{peer}\""));
                            Some((answer, Some((requests, overwritten, place))))
                        }
                        Err(_) => {
                            let text = format!(
                                "ready for handshake ack: unable to convert bytes to UUID: invalid UUID (got {} bytes)",
                                peer.id.len()
                            );
                            Some((refusal(&text), None))
                        }
                    };
                }
            }
        })
        .boxed()
    }
}

fn refusal(error: &str) -> Result<CoordinateResponse> {
    Ok(CoordinateResponse { peer_updates: Vec::new(), error: error.to_owned() })
}

/// What an agent may say: no tunnels, and only its own addresses.
fn authorize(agent: Uuid, request: &CoordinateRequest) -> std::result::Result<(), String> {
    if request.add_tunnel.is_some() {
        return Err("agents cannot open tunnels".to_owned());
    }
    let node = request.update_self.as_ref().and_then(|update| update.node.as_ref());
    for prefix in node.map(|node: &Node| node.addresses.as_slice()).unwrap_or_default() {
        let parse = || {
            let (address, bits) = prefix.split_once('/')?;
            let address: std::net::IpAddr = address.parse().ok()?;
            let most = if address.is_ipv4() { 32 } else { 128 };
            Some((address, bits.parse::<u8>().ok().filter(|bits| *bits <= most)?))
        };
        let (address, bits) =
            parse().ok_or_else(|| format!("parse node address: netip.ParsePrefix(\"{prefix}\"): no valid prefix"))?;
        if bits != 128 {
            return Err(format!("invalid address bits, expected 128, got {bits}"));
        }
        let own = PREFIXES.map(|prefix| {
            let mut octets = *agent.as_bytes();
            octets[..6].copy_from_slice(&prefix);
            Ipv6Addr::from(octets)
        });
        if address != LEGACY && own.iter().all(|own| address != *own) {
            return Err(format!("invalid node address, got {address}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use agentsdk::rpc::proto::tailnet::coordinate_request::{ReadyForHandshake, Tunnel, UpdateSelf};
    use futures_util::FutureExt;
    use futures_util::stream;

    use super::*;

    fn at(address: &str) -> CoordinateRequest {
        let node = Node { addresses: vec![address.to_owned()], ..Default::default() };
        CoordinateRequest { update_self: Some(UpdateSelf { node: Some(node) }), ..Default::default() }
    }

    async fn answers(id: Uuid, requests: Vec<CoordinateRequest>) -> Vec<String> {
        let answers = Coordinator::default().coordinate(id, stream::iter(requests).boxed());
        answers.map(|answer| answer.unwrap().error).collect().await
    }

    #[tokio::test]
    async fn an_agent_says_only_what_it_may() {
        let id = Uuid::from_u128(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10);
        let own = at("fd7a:115c:a1e0:708:90a:b0c:d0e:f10/128");
        assert!(answers(id, vec![own, at("fd60:627a:a42b:708:90a:b0c:d0e:f10/128")]).await.is_empty());
        assert_eq!(answers(id, vec![at("fd7a::1/128")]).await, ["authorization: invalid node address, got fd7a::1"]);
        assert_eq!(
            answers(id, vec![at("fd7a::1/64")]).await,
            ["authorization: invalid address bits, expected 128, got 64"]
        );
        assert_eq!(answers(id, vec![at("nowhere")]).await.len(), 1);
        let tunnel = CoordinateRequest { add_tunnel: Some(Tunnel { id: vec![1; 16] }), ..Default::default() };
        assert_eq!(answers(id, vec![tunnel]).await, ["authorization: agents cannot open tunnels"]);
        let ready = ReadyForHandshake { id: id.into() };
        let ready = CoordinateRequest { ready_for_handshake: vec![ready], ..Default::default() };
        let twice = answers(id, vec![ready.clone(), ready]).await;
        assert_eq!(twice, vec![format!("you do not share a tunnel with \"{id}\""); 2], "it is no end");
    }

    #[tokio::test]
    async fn the_later_of_two_stays() {
        let coordinator = Coordinator::default();
        let mut first = coordinator.coordinate(Uuid::nil(), stream::pending().boxed());
        assert!(first.next().now_or_never().is_none());
        let mut second = coordinator.coordinate(Uuid::nil(), stream::pending().boxed());
        assert_eq!(first.next().await.unwrap().unwrap().error, "peer ID overwritten by new connection");
        assert!(first.next().await.is_none());
        assert!(second.next().now_or_never().is_none());
        assert_eq!(coordinator.peers.lock().unwrap().len(), 1);
        drop(second);
        assert!(coordinator.peers.lock().unwrap().is_empty());
    }
}
