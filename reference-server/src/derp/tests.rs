//! The relay as its clients see it.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use crypto_box::SecretKey;
use crypto_box::aead::OsRng;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::frames::{Gone, Key, MAGIC, frame, kind, open, read_header, read_rest, seal};
use crate::ReferenceServer;
use crate::clock::ManualClock;

async fn connect(server: &ReferenceServer) -> TcpStream {
    TcpStream::connect(("127.0.0.1", server.url().port().unwrap())).await.unwrap()
}

/// The answer's status, and its head in small letters.
async fn ask(connection: &mut BufReader<TcpStream>, path: &str, headers: &str) -> (u16, String) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: relay\r\n{headers}\r\n");
    connection.get_mut().write_all(request.as_bytes()).await.unwrap();
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        head.push(char::from(connection.read_u8().await.unwrap()));
    }
    (head[9..12].parse().unwrap(), head.to_lowercase())
}

/// A connection that has been upgraded.
struct Client {
    key: SecretKey,
    connection: BufReader<TcpStream>,
}

impl Client {
    async fn upgrade(server: &ReferenceServer, key: SecretKey) -> Self {
        let mut connection = BufReader::new(connect(server).await);
        let (status, head) = ask(&mut connection, "/derp", "Upgrade: DERP\r\nConnection: Upgrade\r\n").await;
        assert_eq!(status, 101, "{head}");
        assert!(head.contains("upgrade: derp\r\n") && head.contains("derp-version: 2\r\n"), "{head}");
        Self { key, connection }
    }

    async fn login(server: &ReferenceServer) -> Self {
        let mut client = Self::upgrade(server, SecretKey::generate(&mut OsRng)).await;
        let greeting = client.next(kind::SERVER_KEY).await;
        let relay = relay_key(&greeting);
        let frame = proof(&client.key, &relay);
        client.send(&frame).await;
        let info = client.next(kind::SERVER_INFO).await;
        assert_eq!(open(&client.key, &relay, &info).unwrap(), br#"{"version":2}"#);
        client
    }

    fn address(&self) -> Key {
        *self.key.public_key().as_bytes()
    }

    async fn send(&mut self, frame: &[u8]) {
        self.connection.get_mut().write_all(frame).await.unwrap();
    }

    async fn next(&mut self, wanted: u8) -> Vec<u8> {
        let (kind, length) = read_header(&mut self.connection).await.unwrap().unwrap();
        assert_eq!(kind, wanted);
        read_rest(&mut self.connection, length).await.unwrap()
    }

    /// Whether the relay has closed the connection.
    async fn is_over(&mut self) -> bool {
        self.connection.read_to_end(&mut Vec::new()).await.is_ok_and(|read| read == 0)
    }
}

fn relay_key(greeting: &[u8]) -> Key {
    let (magic, key) = greeting.split_at(MAGIC.len());
    assert_eq!(magic, MAGIC);
    key.try_into().unwrap()
}

fn proof(own: &SecretKey, relay: &Key) -> Vec<u8> {
    let sealed = seal(own, relay, br#"{"version":2,"CanAckPings":true,"later":[]}"#).unwrap();
    frame(kind::CLIENT_INFO, &[own.public_key().as_bytes(), &sealed])
}

#[tokio::test]
async fn packets_reach_the_holder_of_the_key_and_its_leaving_is_told() {
    let server = ReferenceServer::start().await.unwrap();
    let (mut ada, mut bob) = (Client::login(&server).await, Client::login(&server).await);
    let (from, to) = (ada.address(), bob.address());
    ada.send(&[frame(kind::NOTE_PREFERRED, &[&[1]]), frame(0x7f, &[b"of a later version"])].concat()).await;
    ada.send(&frame(kind::SEND_PACKET, &[&to, b"hello"])).await;
    assert_eq!(bob.next(kind::RECV_PACKET).await, [&from[..], b"hello"].concat());
    bob.send(&frame(kind::PING, &[b"12345678", b"more"])).await;
    assert_eq!(bob.next(kind::PONG).await, b"12345678");

    // Only what looks for paths is answered about peers that are not here, and not too often.
    let discovery = ["TS💬".as_bytes(), &[0; 56]].concat();
    for packet in [&b"data"[..], &discovery, &discovery, &discovery, &discovery] {
        bob.send(&frame(kind::SEND_PACKET, &[&[9; 32], packet])).await;
    }
    for _ in 0..3 {
        assert_eq!(bob.next(kind::PEER_GONE).await, [&[9; 32][..], &[Gone::NotHere as u8]].concat());
    }
    drop(ada);
    assert_eq!(bob.next(kind::PEER_GONE).await, [&from[..], &[Gone::Disconnected as u8]].concat());
}

#[tokio::test]
async fn who_proves_nothing_or_asks_too_much_is_cut_off() {
    let server = ReferenceServer::start().await.unwrap();
    let other = SecretKey::generate(&mut OsRng);
    for wrong in [
        frame(kind::SEND_PACKET, &[&[0; 64]]),
        frame(kind::CLIENT_INFO, &[&[0; 55]]),
        [&[kind::CLIENT_INFO][..], &u32::MAX.to_be_bytes()].concat(),
        proof(&other, other.public_key().as_bytes()),
    ] {
        let mut client = Client::upgrade(&server, other.clone()).await;
        client.next(kind::SERVER_KEY).await;
        client.send(&wrong).await;
        assert!(client.is_over().await);
    }
    for wrong in [
        frame(kind::WATCH_CONNECTIONS, &[]),
        frame(kind::CLOSE_PEER, &[&[0; 32]]),
        frame(kind::FORWARD_PACKET, &[&[0; 64]]),
        frame(kind::PING, &[&[0; 7]]),
        frame(kind::NOTE_PREFERRED, &[]),
        frame(kind::SEND_PACKET, &[&[0; 31]]),
        [&[kind::SEND_PACKET][..], &(33u32 + (64 << 10)).to_be_bytes()].concat(),
    ] {
        let mut client = Client::login(&server).await;
        client.send(&wrong).await;
        assert!(client.is_over().await);
    }
}

#[tokio::test]
async fn the_relay_waits_neither_for_a_proof_nor_in_silence() {
    let clock = ManualClock::new("2026-06-27T12:00:00Z".parse::<DateTime<Utc>>().unwrap());
    let server = ReferenceServer::builder().clock(Arc::new(clock.clone())).start().await.unwrap();
    let mut silent = Client::upgrade(&server, SecretKey::generate(&mut OsRng)).await;
    silent.next(kind::SERVER_KEY).await;
    let mut client = Client::login(&server).await;
    let over = tokio::spawn(async move { silent.is_over().await });
    let kept = tokio::spawn(async move { client.next(kind::KEEP_ALIVE).await });
    while !(over.is_finished() && kept.is_finished()) {
        clock.advance(Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(over.await.unwrap());
    assert_eq!(kept.await.unwrap(), b"");
    server.shutdown().await;
}

#[tokio::test]
async fn a_websocket_carries_the_same_and_others_are_told_to_upgrade() {
    use futures_util::{SinkExt, StreamExt};

    let server = ReferenceServer::start().await.unwrap();
    let mut request = format!("ws://127.0.0.1:{}/derp", server.url().port().unwrap()).into_client_request().unwrap();
    request.headers_mut().insert("Sec-WebSocket-Protocol", "derp".parse().unwrap());
    let (mut socket, answer) = tokio_tungstenite::client_async(request, connect(&server).await).await.unwrap();
    assert_eq!(answer.headers()["sec-websocket-protocol"], "derp");
    let greeting = socket.next().await.unwrap().unwrap().into_data();
    let relay = relay_key(&greeting[5..]);
    let key = SecretKey::generate(&mut OsRng);
    socket.send(Message::binary(proof(&key, &relay))).await.unwrap();
    let info = socket.next().await.unwrap().unwrap().into_data();
    assert_eq!(open(&key, &relay, &info[5..]).unwrap(), br#"{"version":2}"#);

    let mut connection = BufReader::new(connect(&server).await);
    assert_eq!(ask(&mut connection, "/derp/latency-check", "").await.0, 200);
    for headers in ["", "Upgrade: other\r\nConnection: Upgrade\r\n"] {
        let mut connection = BufReader::new(connect(&server).await);
        let (status, _) = ask(&mut connection, "/derp", headers).await;
        let mut body = [0; 33];
        connection.read_exact(&mut body).await.unwrap();
        assert_eq!((status, &body), (426, b"DERP requires connection upgrade\n"));
    }
}
