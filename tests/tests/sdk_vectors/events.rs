//! `sse_reader.json`: the events of a body, and how reading ends.

use bytes::Bytes;
use codersdk::ServerSentEventReader;
use futures_util::StreamExt;
use serde_json::Value;
use tests::vectors;

/// How the original tells the end of a body; ours ends without an error between two events.
const END: &str = "reading next line value: reading next string: EOF";

#[tokio::test]
async fn bodies_are_read_the_same_however_they_are_cut() {
    let Some(cases) = vectors::cases("sse_reader.json") else { return };
    for case in &cases {
        let body = Bytes::from(vectors::bytes(&case["input"], "body"));
        for size in [1, 7, body.len().max(1)] {
            let pieces: Vec<_> = body.chunks(size).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
            let mut reader = ServerSentEventReader::new(futures_util::stream::iter(pieces));
            let mut expected = case["output"]["events"].as_array().expect("events").iter();
            let end = loop {
                match reader.next().await {
                    None => break END.to_owned(),
                    Some(Err(error)) => break error.to_string(),
                    Some(Ok(event)) => {
                        let want = expected.next().unwrap_or_else(|| panic!("{}: {event:?} is too much", case["name"]));
                        assert_eq!(want["type"], event.kind.as_str(), "{}", case["name"]);
                        assert_eq!(data(want), event.data.map(|data| data.to_vec()), "{}", case["name"]);
                    }
                }
            };
            assert_eq!(expected.next(), None, "{} in pieces of {size}", case["name"]);
            assert_eq!(case["output"]["end"], end, "{} in pieces of {size}", case["name"]);
        }
    }
    println!("{} cases", cases.len());
}

fn data(event: &Value) -> Option<Vec<u8>> {
    let there = event.get("data").or(event.get("data_b64")).or(event.get("unit"));
    there.map(|_| vectors::bytes(event, "data"))
}
