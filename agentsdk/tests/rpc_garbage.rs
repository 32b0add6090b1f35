//! Garbage on a connection never panics, and nobody waits for ever. What is in `corpus/` is tried every time: a file
//! holds bytes in hexadecimal, and its name says what they are.

#![cfg(feature = "rpc")]

use std::sync::Arc;
use std::time::Duration;

use agentsdk::rpc::{AgentRpc, Connection, Server, Version};
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

struct Nothing;

impl AgentRpc for Nothing {}

/// A header of yamux: type, flags, stream, length.
fn frame(kind: u8, flags: u16, stream: u32, data: &[u8]) -> Vec<u8> {
    let mut out = vec![0, kind];
    out.extend(flags.to_be_bytes());
    out.extend(stream.to_be_bytes());
    out.extend((data.len() as u32).to_be_bytes());
    out.extend(data);
    out
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

/// Feeds bytes to a server over yamux, a server without it, and a client amid a call.
fn feed(bytes: &[u8]) {
    runtime().block_on(async {
        let server = Server::new().agent(Arc::new(Nothing));

        let (mut near, far) = duplex(1 << 20);
        let served = server.serve(far);
        near.write_all(bytes).await.unwrap();
        near.shutdown().await.unwrap();
        served.over().await;

        let (mut near, far) = duplex(1 << 20);
        let (read, ()) = tokio::join!(
            async {
                near.write_all(bytes).await.unwrap();
                near.shutdown().await.unwrap();
                near.read_to_end(&mut Vec::new()).await
            },
            server.serve_serial(far)
        );
        read.unwrap();

        let (mut near, far) = duplex(1 << 20);
        near.write_all(bytes).await.unwrap();
        near.shutdown().await.unwrap();
        let connection = Connection::over(far, Version::CURRENT);
        let call = connection.agent();
        let error = tokio::time::timeout(Duration::from_secs(30), call.get_manifest(Default::default())).await;
        error.expect("the call ends").unwrap_err();
    });
}

#[test]
fn the_corpus_is_survived() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        let bytes: Vec<u8> =
            digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect();
        feed(&bytes);
        files += 1;
    }
    assert!(files > 0);
}

fn session() -> impl Strategy<Value = Vec<u8>> {
    let data = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..60),
        Just(b"\x03\x01\x01\x21/coder.agent.v2.Agent/GetManifest\x05\x01\x02\x00\x0d\x01\x03\x00".to_vec()),
    ];
    let frames = prop::collection::vec((0_u8..5, 0_u16..16, 0_u32..6, data), 1..8);
    let valid = frames.prop_map(|frames| {
        frames.into_iter().flat_map(|(kind, flags, stream, data)| frame(kind, flags, stream, &data)).collect()
    });
    prop_oneof![prop::collection::vec(any::<u8>(), 0..200), valid]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn garbage_is_survived(bytes in session()) {
        feed(&bytes);
    }

    #[test]
    fn a_call_with_bytes_changed_is_survived(at in 0_usize..60, with in any::<u8>(), cut in 0_usize..60) {
        let call = b"\x03\x01\x01\x21/coder.agent.v2.Agent/GetManifest\x05\x01\x02\x00\x0d\x01\x03\x00";
        let mut bytes = frame(0, 1, 1, call);
        let at = at % bytes.len();
        bytes[at] = with;
        bytes.truncate(bytes.len() - cut % bytes.len());
        feed(&bytes);
        let mut bytes = call.to_vec();
        let at = at % bytes.len();
        bytes[at] = with;
        feed(&bytes);
    }
}
