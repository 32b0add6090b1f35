use proptest::prelude::*;

use super::*;

fn packet(stream: u64, message: u64, kind: u8, control: bool, data: &[u8]) -> Packet {
    Packet { stream, message, kind, control, data: Bytes::copy_from_slice(data) }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes that Go's implementation made.
#[test]
fn frames_are_as_go_writes_them() {
    let mut out = Vec::new();
    packet(1, 1, kind::INVOKE, false, b"/coder.agent.v2.Agent/GetManifest").put(&mut out);
    packet(1, 2, kind::MESSAGE, false, &[1, 2, 3]).put(&mut out);
    packet(1, 3, kind::CLOSE_SEND, false, &[]).put(&mut out);
    packet(300, 200, kind::CANCEL, true, &[]).put(&mut out);
    assert_eq!(
        hex(&out),
        "030101212f636f6465722e6167656e742e76322e4167656e742f4765744d616e6966657374\
         050102030102030d01030089ac02c80100"
    );
    assert_eq!(hex(&encode_error(0, "boom")), "0000000000000000626f6f6d");
}

#[test]
fn large_packets_are_split() {
    let data: Vec<u8> = (0..200_000_u32).map(|n| n as u8).collect();
    let whole = packet(7, 9, kind::MESSAGE, false, &data);
    let mut out = Vec::new();
    whole.put(&mut out);
    assert_eq!(out[0], 0x04, "the first frame is not the last");
    let mut decoder = Decoder::default();
    let mut input = BytesMut::new();
    let mut got = Vec::new();
    for chunk in out.chunks(1000) {
        input.extend_from_slice(chunk);
        got.extend(decoder.packet(&mut input).unwrap());
    }
    assert_eq!(got, [whole]);
    assert!(!decoder.is_amid() && input.is_empty());
}

fn first(bytes: &[u8]) -> Result<Option<Packet>, WireError> {
    Decoder::default().packet(&mut BytesMut::from(bytes))
}

#[test]
fn what_breaks_the_rules_is_refused() {
    assert_eq!(first(&[0x03, 0, 0, 0]), Err(WireError::Order));
    assert_eq!(first(&[0x04, 1, 1, 0, 0x03, 1, 1, 0]), Err(WireError::Kind));
    assert_eq!(first(&[0x05, 1, 1, 0x81, 0x80, 0x80, 0x02]), Err(WireError::Overflow));
    assert_eq!(first(&[0x05, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]), Err(WireError::Varint));

    let mut decoder = Decoder::default();
    let mut input = BytesMut::from(&[0x05, 1, 1, 0, 0x05, 1, 1, 0][..]);
    assert!(decoder.packet(&mut input).unwrap().is_some());
    assert_eq!(decoder.packet(&mut input), Err(WireError::Order), "an id serves once");
}

#[test]
fn frames_add_up_to_the_limit_and_no_more() {
    let mut decoder = Decoder::default();
    let frame = vec![7; MAX_FRAME];
    let mut outcome = Ok(None);
    for _ in 0..=MAX_PACKET / MAX_FRAME {
        let mut input = BytesMut::from(&[0x04, 1, 1, 0x80, 0x80, 0x04][..]);
        input.extend_from_slice(&frame);
        outcome = decoder.packet(&mut input);
    }
    assert_eq!(outcome, Err(WireError::Overflow));
}

#[test]
fn a_new_id_drops_what_was_begun() {
    let got = first(&[0x04, 1, 1, 2, 0xaa, 0xbb, 0x05, 1, 2, 1, 0xcc]).unwrap().unwrap();
    assert_eq!(got, packet(1, 2, kind::MESSAGE, false, &[0xcc]));
}

#[test]
fn the_control_flag_of_any_frame_counts() {
    let got = first(&[0x84, 1, 1, 0, 0x05, 1, 1, 0]).unwrap().unwrap();
    assert!(got.control);
}

#[test]
fn short_errors_are_text() {
    assert_eq!(decode_error(b"oops"), (0, "oops".to_owned()));
    assert_eq!(decode_error(&encode_error(12, "Unimplemented")), (12, "Unimplemented".to_owned()));
}

proptest! {
    #[test]
    fn packets_survive_any_cut(
        packets in prop::collection::vec((1_u8..8, any::<bool>(), prop::collection::vec(any::<u8>(), 0..200)), 1..8),
        stream in 1_u64..u64::MAX,
        cut in 1_usize..40,
    ) {
        let packets: Vec<_> = packets
            .iter()
            .zip(1..)
            .map(|((kind, control, data), message)| packet(stream, message, *kind, *control, data))
            .collect();
        let mut out = Vec::new();
        packets.iter().for_each(|packet| packet.put(&mut out));
        let mut decoder = Decoder::default();
        let mut input = BytesMut::new();
        let mut got = Vec::new();
        for chunk in out.chunks(cut) {
            input.extend_from_slice(chunk);
            while let Some(packet) = decoder.packet(&mut input).unwrap() {
                got.push(packet);
            }
        }
        prop_assert_eq!(got, packets);
    }

    #[test]
    fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut decoder = Decoder::default();
        let mut input = BytesMut::from(&bytes[..]);
        while let Ok(Some(_)) = decoder.packet(&mut input) {}
    }
}
