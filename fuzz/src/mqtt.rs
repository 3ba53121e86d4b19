//! The MQTT endpoint's codec, from the bytes of a socket to a chunk and answers.
//!
//! rumqttc is the foreign reader: what is taken as a publish it must read as the same, and it must understand every
//! answer.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use bytes::{Bytes, BytesMut};
use ioc_bus::ChunkView;
use ioc_ingest::{
    routes::Routes,
    senders::Sender,
    transport::mqtt::fuzzing::{self, Connect, Received, Reception},
};
use ioc_model::{
    attribute::Attribute,
    envelope::{Content, UNMATCHED},
    position::{LogNumber, Offset, Partition},
};
use rumqttc::{mqttbytes::v4, v5::mqttbytes::v5};

use crate::{allocation::within, decoders::DECODER};

/// As the listening side reads a CONNECT: no longer than this.
const CONNECT_LIMIT: usize = 64 << 10;

/// The body of a CONNECT.
pub(crate) fn connect(input: &[u8]) {
    let body = &input[..input.len().min(CONNECT_LIMIT)];
    // Nothing of it is copied.
    let Ok(connect) = within(0, || fuzzing::connect(body)) else { return };
    assert!(
        connect.five || connect.packet_limit.is_none() && matches!(connect.session_lifetime, 0 | u32::MAX)
    );
    assert!(connect.packet_limit.is_none_or(|limit| limit >= 80));
    let texts = [Some(connect.client_id), connect.user, connect.will.map(|(topic, ..)| topic)];
    assert!(texts.iter().flatten().all(|text| !text.contains('\0')));
    if let Some((topic, ..)) = connect.will {
        assert!(!topic.is_empty() && !topic.contains(['+', '#']));
    }
    let written = write_connect(&connect);
    assert_eq!(fuzzing::connect(&written).as_ref(), Ok(&connect));
}

fn write_connect(connect: &Connect<'_>) -> Vec<u8> {
    let mut body = b"\x00\x04MQTT".to_vec();
    body.push(if connect.five { 5 } else { 4 });
    let flag = |is_set: bool, bit: u8| u8::from(is_set) << bit;
    let (user, password) = (connect.user, connect.password);
    body.push(
        flag(connect.clean, 1)
            | flag(connect.will.is_some(), 2)
            | flag(password.is_some(), 6)
            | flag(user.is_some(), 7),
    );
    body.extend_from_slice(&connect.keep_alive.to_be_bytes());
    let sized = |body: &mut Vec<u8>, bytes: &[u8]| {
        body.extend_from_slice(&(bytes.len() as u16).to_be_bytes());
        body.extend_from_slice(bytes);
    };
    if connect.five {
        let mut properties = vec![0x11];
        properties.extend_from_slice(&connect.session_lifetime.to_be_bytes());
        if let Some(limit) = connect.packet_limit {
            properties.push(0x27);
            properties.extend_from_slice(&limit.to_be_bytes());
        }
        body.push(properties.len() as u8);
        body.extend_from_slice(&properties);
    }
    sized(&mut body, connect.client_id.as_bytes());
    if let Some((topic, payload, delay)) = connect.will {
        if connect.five {
            body.extend_from_slice(&[5, 0x18]);
            body.extend_from_slice(&delay.to_be_bytes());
        }
        sized(&mut body, topic.as_bytes());
        sized(&mut body, payload);
    }
    for bytes in [user.map(str::as_bytes), password].into_iter().flatten() {
        sized(&mut body, bytes);
    }
    body
}

pub(crate) fn connects() -> Vec<Vec<u8>> {
    let will = Some(("t", &b"xy"[..], 3));
    let plain = Connect {
        five: false,
        client_id: "gateway-1",
        clean: true,
        session_lifetime: 0,
        keep_alive: 60,
        will: None,
        user: Some("lab"),
        password: Some(b"secret"),
        packet_limit: None,
    };
    let five = Connect { five: true, session_lifetime: 9, packet_limit: Some(4_096), will, ..plain };
    let lasting = Connect { clean: false, session_lifetime: u32::MAX, user: None, password: None, ..plain };
    let mut seeds: Vec<Vec<u8>> = [&plain, &five, &lasting].map(write_connect).into();
    // Every property a CONNECT and a will may have.
    let head = b"\x00\x04MQTT\x05\x06\x00\x3c";
    let properties = b"\x11\x00\x00\x00\x09\x17\x01\x19\x00\x21\x00\x01\x22\x00\x00\x26\x00\x01x\x00\x01y\x27\x00\x00\x10\x00";
    let of_will =
        b"\x01\x01\x02\x00\x00\x00\x01\x03\x00\x01x\x08\x00\x01x\x09\x00\x01\x00\x18\x00\x00\x00\x09";
    let block = |bytes: &[u8]| [&[bytes.len() as u8], bytes].concat();
    seeds.push([head, &block(properties)[..], b"\x00\x01c", &block(of_will), b"\x00\x01t\x00\x00"].concat());
    seeds.push(b"\x00\x06MQIsdp\x03\x02\x00\x3c\x00\x01c".to_vec());
    seeds
}

static ROUTES: LazyLock<Arc<Routes>> = LazyLock::new(|| Arc::new(Routes::of_pack(DECODER.pack())));
static SENDER: LazyLock<Arc<Sender>> = LazyLock::new(|| {
    Arc::new(Sender {
        name: "lab".to_owned(),
        feeds: vec!["air".to_owned()],
        subjects: Vec::new(),
        certificate: None,
    })
});

/// Feed, content, address, payload and whether it was to be retained.
type Kept = (String, Content, String, Vec<u8>, Option<String>);

/// What became of a connection's bytes.
#[derive(Debug, Default, PartialEq)]
struct Became {
    envelopes: Vec<Kept>,
    acks: Vec<u8>,
    answers: Vec<u8>,
    pings: u32,
    used: usize,
    end: Option<String>,
    in_flight: u32,
}

impl Became {
    fn take(&mut self, received: Received) {
        let chunk = ChunkView::parse(Bytes::copy_from_slice(received.chunk.bytes())).expect("a chunk");
        self.envelopes.extend(chunk.iter(LogNumber(0), Partition(0), Offset(0)).map(|envelope| {
            let retained = envelope.attributes.get(Attribute::Retained).map(str::to_owned);
            let (feed, address) = (envelope.feed.to_owned(), envelope.address.to_owned());
            (feed, envelope.content, address, envelope.payload.to_owned(), retained)
        }));
        self.acks.extend(received.acks);
        self.answers.extend(received.answers);
        self.pings += received.pings;
        self.used += received.used;
        self.in_flight += received.acknowledged;
        self.end = received.end;
    }
}

/// How a connection is set up, and what is read from it behind CONNECT.
pub(crate) fn packets(input: &[u8]) {
    let Some((&how, bytes)) = input.split_first() else { return };
    let five = how & 1 == 1;
    let packet_limit = if how & 2 == 0 { 128 } else { 1 << 20 };
    let reception = || Reception::new(five, ROUTES.clone(), SENDER.clone(), packet_limit);

    let mut whole = Became::default();
    let limit = 65_536 + 64 * bytes.len();
    let mut first = reception();
    let received = within(limit, || first.take_in(bytes, 0));
    assert!(received.used <= bytes.len());
    assert!(
        received.end.is_some() || received.needed > bytes.len() - received.used,
        "it says what it waits for"
    );
    whole.take(received);
    for (feed, content, address, ..) in &whole.envelopes {
        assert!(feed == "air" || feed == UNMATCHED, "{feed}");
        assert!(!address.is_empty() && !address.contains(['\0', '+', '#']), "{address:?}");
        assert!(*content == Content::Raw || feed == "air" || whole.end.is_some());
    }
    assert_eq!(taken_in_pieces(reception(), bytes), whole, "however it is cut");
    read_by_another(five, bytes, &whole);
}

/// As it comes over a slow line: not a byte more than was asked for.
fn taken_in_pieces(mut reception: Reception, bytes: &[u8]) -> Became {
    let mut became = Became::default();
    let mut length = 0;
    while became.end.is_none() {
        let received = reception.take_in(&bytes[became.used..length], became.in_flight);
        let needed = received.needed;
        became.take(received);
        if became.end.is_some() {
            break;
        }
        let wanted = became.used + needed;
        assert!(wanted > length, "it waits for what is there");
        if wanted > bytes.len() && length == bytes.len() {
            break;
        }
        length = wanted.min(bytes.len());
    }
    became
}

/// rumqttc reads the same publishes, and understands the answers. Of an exchange only the first one is kept.
fn read_by_another(five: bool, bytes: &[u8], became: &Became) {
    let mut rest = &bytes[..became.used];
    let mut envelopes = became.envelopes.iter();
    let mut acks = &became.acks[..];
    // Identifiers with what was published under them.
    let mut open: BTreeMap<u16, (String, Vec<u8>)> = BTreeMap::new();
    let mut aliases: BTreeMap<u16, String> = BTreeMap::new();
    while let Some((packet, behind)) = split_packet(rest) {
        // The last packet may be the one that ended it.
        let may_be_refused = behind.is_empty() && became.end.is_some();
        let (kind, qos) = (packet[0] >> 4, packet[0] >> 1 & 0b11);
        if kind == 3 {
            match (publish_by_another(five, packet), may_be_refused) {
                (Some((mut topic, payload, retain, id, alias)), false) => {
                    match (alias, topic.is_empty()) {
                        (Some(alias), true) => topic.clone_from(&aliases[&alias]),
                        (Some(alias), false) => drop(aliases.insert(alias, topic.clone())),
                        (None, _) => {}
                    }
                    let ack = if qos > 0 { next_ack(&mut acks) } else { None };
                    assert!(
                        qos == 0
                            || ack.is_some_and(
                                |(first, of, _)| (first, of) == ([0, 0x40, 0x50][usize::from(qos)], id)
                            )
                    );
                    let is_repeated = packet[0] & 0b1000 != 0;
                    let said = (topic.clone(), payload.clone());
                    if qos == 2 && open.get(&id).is_some_and(|known| is_repeated || *known == said) {
                        rest = behind;
                        continue;
                    }
                    let (_, content, address, stored, retained) = envelopes.next().expect("it is a publish");
                    assert_eq!(*address, topic);
                    assert!(*content == Content::Withheld || *stored == payload);
                    assert!(*content == Content::Withheld || retained.is_some() == retain);
                    if qos == 2 && ack.is_some_and(|(_, _, reason)| reason < 0x80) {
                        let _before = open.insert(id, said);
                    } else if qos == 2 {
                        let _before = open.remove(&id);
                    }
                }
                (None, false) => panic!("another does not read {packet:x?}"),
                (_, true) => {}
            }
        } else if kind == 6 && !may_be_refused {
            let (first, id, reason) = next_ack(&mut acks).expect("it is answered");
            assert_eq!(first, 0x70);
            assert_eq!(reason == 0x92, five && open.remove(&id).is_none(), "{id}");
            let _released = open.remove(&id);
        }
        rest = behind;
    }
    for answers in [&became.acks, &became.answers] {
        let mut stream = BytesMut::from(&answers[..]);
        while !stream.is_empty() {
            let is_known = match five {
                true => match v5::Packet::read(&mut stream, None) {
                    Ok(v5::Packet::SubAck(answer)) => !answer.return_codes.is_empty(),
                    Ok(v5::Packet::UnsubAck(answer)) => !answer.reasons.is_empty(),
                    Ok(v5::Packet::PubAck(_) | v5::Packet::PubRec(_) | v5::Packet::PubComp(_)) => true,
                    _ => false,
                },
                false => match v4::Packet::read(&mut stream, usize::MAX) {
                    Ok(v4::Packet::SubAck(answer)) => !answer.return_codes.is_empty(),
                    Ok(
                        v4::Packet::UnsubAck(_)
                        | v4::Packet::PubAck(_)
                        | v4::Packet::PubRec(_)
                        | v4::Packet::PubComp(_),
                    ) => true,
                    _ => false,
                },
            };
            assert!(is_known, "another does not understand {answers:x?}");
        }
    }
}

/// First byte, identifier and reason of the next answer.
fn next_ack(acks: &mut &[u8]) -> Option<(u8, u16, u8)> {
    let (ack, rest) = split_packet(acks)?;
    *acks = rest;
    Some((ack[0], u16::from_be_bytes([ack[2], ack[3]]), ack.get(4).copied().unwrap_or_default()))
}

/// The first packet of some bytes and what is behind it.
fn split_packet(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (mut length, mut at) = (0usize, 1);
    loop {
        let byte = *bytes.get(at)?;
        length |= usize::from(byte & 0x7f) << (7 * (at - 1));
        at += 1;
        if byte & 0x80 == 0 {
            return bytes.split_at_checked(at + length);
        }
    }
}

/// Topic, payload, RETAIN, identifier and alias.
type Read = (String, Vec<u8>, bool, u16, Option<u16>);

fn publish_by_another(five: bool, packet: &[u8]) -> Option<Read> {
    let mut stream = BytesMut::from(packet);
    if five {
        let Ok(v5::Packet::Publish(publish)) = v5::Packet::read(&mut stream, None) else { return None };
        let topic = String::from_utf8(publish.topic.to_vec()).ok()?;
        let alias = publish.properties.and_then(|properties| properties.topic_alias);
        return Some((topic, publish.payload.to_vec(), publish.retain, publish.pkid, alias));
    }
    let Ok(v4::Packet::Publish(publish)) = v4::Packet::read(&mut stream, usize::MAX) else { return None };
    Some((publish.topic, publish.payload.to_vec(), publish.retain, publish.pkid, None))
}

pub(crate) fn connections() -> Vec<Vec<u8>> {
    let row = br#"{"ts":"2026-01-01T00:00:00Z","station":"TN-0412","indicator":"pm25","value":37.25}"#;
    let mut written = Vec::new();
    for five in [false, true] {
        let mut stream = BytesMut::new();
        for (topic, payload) in [("ioc/air/TN-0412/observation", &row[..]), ("trạm/1", b"")] {
            for pkid in [0u16, 7] {
                let qos = if pkid == 0 { rumqttc::QoS::AtMostOnce } else { rumqttc::QoS::AtLeastOnce };
                let sent = match five {
                    true => {
                        let qos = if pkid == 0 {
                            rumqttc::v5::mqttbytes::QoS::AtMostOnce
                        } else {
                            rumqttc::v5::mqttbytes::QoS::AtLeastOnce
                        };
                        let publish = v5::Publish::new(topic, qos, payload.to_vec(), None);
                        v5::Publish { pkid, retain: pkid == 0, ..publish }.write(&mut stream).is_ok()
                    }
                    false => {
                        let publish = v4::Publish::new(topic, qos, payload);
                        v4::Publish { pkid, ..publish }.write(&mut stream).is_ok()
                    }
                };
                assert!(sent);
            }
        }
        for limit in [0, 2] {
            written.push([&[u8::from(five) | limit][..], &stream].concat());
        }
    }
    for (how, bytes) in [
        (2, &b"\xc0\x00\x82\x06\x00\x05\x00\x01a\x01\xa2\x05\x00\x05\x00\x01a\x62\x02\x00\x07\xe0\x00"[..]),
        (3, b"\x82\x1a\x00\x05\x00\x00\x01a\x01\x00\x03a/#\x00\x00\x0a$share/g/a\x00\xa2\x06\x00\x05\x00\x00\x01a"),
        (3, b"\x30\x19\x00\x01a\x14\x01\x01\x02\x00\x00\x00\x01\x08\x00\x01x\x26\x00\x01k\x00\x01vxx\xe0\x07\x04\x05\x11\x00\x00\x00\x00"),
        (0, b"\x30\xff\xff\x7f\x00\x03a/bpayload"),
        (1, b"\x30\xff\x7f\x00\x1bioc/air/TN-0412/observationpayload"),
        // A topic's number, and what is said by it.
        (3, b"\x30\x09\x00\x03a/b\x03\x23\x00\x07\x30\x07\x00\x00\x03\x23\x00\x07x\x32\xff\xff\x7f\x00\x00\x00\x01\x03\x23\x00\x07p"),
        // Exchanges: opened, repeated, released, and one without its opening.
        (2, b"\x34\x06\x00\x01a\x00\x07x\x3c\x06\x00\x01a\x00\x07x\x62\x02\x00\x07\x34\x06\x00\x01a\x00\x07y\x34\x06\x00\x01a\x00\x07z"),
        (3, b"\x34\x07\x00\x01a\x00\x07\x00x\x3c\x07\x00\x01a\x00\x07\x00x\x62\x02\x00\x07\x62\x04\x00\x07\x92\x00\x34\x06\x00\x01a\x00\x07\x00"),
        (3, b"\x32\x06\x00\x01a\x00\x07\x00\x3a\x06\x00\x01a\x00\x08\x00\x34\x06\x00\x01a\x00\x09\x00"),
    ] {
        written.push([&[how], bytes].concat());
    }
    written
}

/// The file of sessions: what is read and written anew is read as the same.
pub(crate) fn sessions(input: &[u8]) {
    let written = within(65_536 + 64 * input.len(), || fuzzing::sessions(input));
    assert_eq!(fuzzing::sessions(&written), written);
}

pub(crate) fn session_files() -> Vec<Vec<u8>> {
    let (one, two) =
        (r#"{"client":"lab/c","lifetime":60}"#, r#"{"client":"lab/d","lifetime":4294967295,"since":5}"#);
    [
        format!("{one}\n{two}\n{{\"client\":\"lab/c\"}}\n"),
        format!("{one}\n{{\"client\n{two}\n{{\"cli"),
        format!("{one}\n{one}\n\n"),
    ]
    .map(String::into_bytes)
    .into()
}

/// The file of exchanges: what is read and written anew is read as the same.
pub(crate) fn exchanges(input: &[u8]) {
    let written = within(65_536 + 64 * input.len(), || fuzzing::exchanges(input));
    assert_eq!(fuzzing::exchanges(&written), written);
}

pub(crate) fn exchange_files() -> Vec<Vec<u8>> {
    let place = r#""session":7,"id":9,"partition":0,"offset":12"#;
    let upto = r#"{"upto":{"log":"00000000-0000-4000-8000-000000000000","offsets":[5,0]}}"#;
    [
        format!("{{\"open\":{{{place},\"mark\":3}}}}\n{upto}\n"),
        format!("{{\"open\":{{{place}}}}}\n{{\"released\":{{{place}}}}}\n{upto}\n{{\"ope"),
        format!("{{\"open\n{upto}\n\n{{\"open\":{{{place}}}}}\n"),
    ]
    .map(String::into_bytes)
    .into()
}

/// The bytes of a WebSocket: the same however TCP cuts them, and never more than came.
pub(crate) fn websocket(input: &[u8]) {
    let whole = fuzzing::websocket(input, input.len());
    assert!(whole.0.len() <= input.len());
    for piece in [1, 2, 3, 7, 64] {
        assert_eq!(fuzzing::websocket(input, piece), whole, "in pieces of {piece}");
    }
}

/// RFC 6455, 5.7, and what a client of MQTT sends.
pub(crate) fn websockets() -> Vec<Vec<u8>> {
    let masked = |first: u8, carried: &[u8]| {
        let mask = [0x37, 0xfa, 0x21, 0x3d];
        let mut frame = vec![first];
        match carried.len() {
            short @ ..=125 => frame.push(0x80 | short as u8),
            long => {
                frame.push(0x80 | 126);
                frame.extend_from_slice(&(long as u16).to_be_bytes());
            }
        }
        frame.extend_from_slice(&mask);
        frame.extend(carried.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        frame
    };
    let connect = b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01a";
    vec![
        masked(0x82, connect),
        [masked(0x02, &connect[..5]), masked(0x89, b"there?"), masked(0x80, &connect[5..])].concat(),
        [masked(0x82, &[0x30; 300]), masked(0x82, b""), masked(0x88, &[0x03, 0xe8])].concat(),
        masked(0x81, b"Hello"),
        b"\x82\xff\x00\x00\x01\x00\x00\x00\x00\x00\x01\x02\x03\x04abc".to_vec(),
    ]
}
