//! The control packets a client may send, read in place.
//!
//! The codec is our own because an acknowledgement here waits for an fsync, and one publish must cost next to
//! nothing until then: `mqtt-protocol-core` allocates and copies each packet into its own `Arc` and returns a list of
//! events for it; `rumqttc`'s codec lets wildcards and broken UTF-8 through; `ntex-mqtt` acknowledges one future per
//! message. A server that takes publishes and says little needs ten packets, and each is a few lines.
//!
//! Numbers in comments are sections of the standards (3.1.1 and 5 agree in them).

use super::{
    properties::{Carrier, Properties},
    reason::Reason,
    say::Asked,
    wire::{Fields, Version, Violation},
};

/// A packet after CONNECT.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Packet<'a> {
    Publish(Publish<'a>),
    PubRel {
        id: u16,
    },
    /// Of a publish of ours; with whatever reason, it is settled.
    PubAck {
        id: u16,
    },
    /// SUBSCRIBE or UNSUBSCRIBE: its filters as they stand there, and found whole.
    Subscribe {
        id: u16,
        subscribes: bool,
        identifier: Option<u32>,
        filters: &'a [u8],
    },
    PingReq,
    Disconnect {
        reason: Reason,
        session_lifetime: Option<u32>,
    },
}

/// PUBLISH: without an identifier that of quality of service 0.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Publish<'a> {
    /// Empty: that of the alias.
    pub(super) topic: &'a str,
    /// The number that stands for the topic from now on, or has so far.
    pub(super) alias: Option<u16>,
    pub(super) payload: &'a [u8],
    pub(super) id: Option<u16>,
    /// Quality of service 2: with its identifier an exchange is opened.
    pub(super) once: bool,
    /// The client asks for it to be kept.
    pub(super) retain: bool,
    /// The client may have sent it before.
    pub(super) again: bool,
    /// The media type that the client states.
    pub(super) content_type: Option<&'a str>,
    /// How the client says that the payload is packed.
    pub(super) content_encoding: Option<&'a str>,
}

impl<'a> Packet<'a> {
    /// Reads a packet from its first byte (whose flags the frame has checked) and body.
    pub(super) fn read(version: Version, first: u8, body: &'a [u8]) -> Result<Packet<'a>, Violation> {
        let mut fields = Fields::new(body);
        let packet = match first >> 4 {
            3 => return Ok(Packet::Publish(Publish::read(version, first, fields)?)),
            4 => Packet::PubAck { id: read_answer(version, &mut fields, Carrier::PubAck)? },
            6 => Packet::PubRel { id: read_answer(version, &mut fields, Carrier::PubRel)? },
            8 => return read_subscribe(version, fields),
            10 => return read_unsubscribe(version, fields),
            12 => Packet::PingReq,
            14 => read_disconnect(version, &mut fields)?,
            1 => return Err(Violation::Protocol("a second CONNECT")),
            5 | 7 => return Err(Violation::Protocol("an answer to a publish we never sent")),
            15 => return Err(Violation::Protocol("AUTH without an authentication method")),
            _ => return Err(Violation::Protocol("a packet only a server sends")),
        };
        if !fields.is_empty() {
            return Err(Violation::Malformed("bytes left over"));
        }
        Ok(packet)
    }
}

impl<'a> Publish<'a> {
    fn read(version: Version, first: u8, mut fields: Fields<'a>) -> Result<Publish<'a>, Violation> {
        let (repeated, qos) = (first & 0b1000 != 0, (first >> 1) & 0b11);
        match qos {
            0 if repeated => return Err(Violation::Malformed("DUP with quality of service 0")),
            3 => return Err(Violation::Malformed("quality of service 3")),
            _ => {}
        }
        let topic = fields.topic()?;
        let id = if qos == 0 { None } else { Some(fields.packet_id()?) };
        let properties = match version {
            Version::V5 => Properties::read(&mut fields, Carrier::Publish)?,
            Version::V311 => Properties::default(),
        };
        let Properties { content_type, content_encoding, topic_alias: alias, .. } = properties;
        if topic.is_empty() && alias.is_none() {
            return Err(Violation::Protocol("an empty topic name"));
        }
        let (payload, retain) = (fields.rest(), first & 1 == 1);
        Ok(Publish {
            topic,
            alias,
            payload,
            id,
            once: qos == 2,
            retain,
            again: repeated,
            content_type,
            content_encoding,
        })
    }
}

/// The topic of a publish of which only the first bytes are at hand; none if even the topic is not whole.
pub(super) fn topic_of_oversized(first: u8, start_of_body: &[u8]) -> Option<&str> {
    if first >> 4 != 3 {
        return None;
    }
    Fields::new(start_of_body).topic().ok()
}

/// The topic alias of a publish without a topic of which only the first bytes are at hand, or how many of its body it
/// takes to see it; none if it has none.
pub(super) fn alias_of_oversized(first: u8, start_of_body: &[u8]) -> Result<Option<u16>, usize> {
    let before = if first & 0b110 == 0 { 2 } else { 4 };
    let Some(rest) = start_of_body.get(before..) else { return Err(before + 1) };
    let mut fields = Fields::new(rest);
    let Ok(length) = fields.varint() else {
        return if rest.len() < 4 { Err(start_of_body.len() + 1) } else { Ok(None) };
    };
    let properties = rest.len() - fields.rest().len() + length;
    if rest.len() < properties {
        return Err(before + properties);
    }
    Ok(Properties::read(&mut Fields::new(rest), Carrier::Publish).ok().and_then(|found| found.topic_alias))
}

/// The identifier of a PUBACK or PUBREL.
fn read_answer(version: Version, fields: &mut Fields<'_>, carrier: Carrier) -> Result<u16, Violation> {
    let id = fields.packet_id()?;
    // 3.4.2.1, 3.6.2.1: reason and properties may be left out.
    if version == Version::V5 && !fields.is_empty() {
        let _reason = fields.byte()?;
        if !fields.is_empty() {
            let _checked = Properties::read(fields, carrier)?;
        }
    }
    Ok(id)
}

fn read_subscribe<'a>(version: Version, mut fields: Fields<'a>) -> Result<Packet<'a>, Violation> {
    let id = fields.packet_id()?;
    let identifier = match version {
        Version::V5 => Properties::read(&mut fields, Carrier::Subscribe)?.subscription,
        Version::V311 => None,
    };
    let filters = fields.rest();
    if filters.is_empty() {
        return Err(Violation::Protocol("a SUBSCRIBE without a topic filter"));
    }
    while let Some(asked) = Asked::next(&mut fields, true)? {
        let reserved = if version == Version::V5 { 0b1100_0000 } else { 0b1111_1100 };
        if asked.options & reserved != 0 || asked.qos() == 3 {
            return Err(Violation::Malformed("reserved subscription options are set"));
        }
        if asked.retain_handling() == 3 {
            return Err(Violation::Protocol("retain handling 3"));
        }
        // 3.8.3.1
        if version == Version::V5 && asked.no_local() && asked.is_shared() {
            return Err(Violation::Protocol("a shared subscription without what is local"));
        }
    }
    Ok(Packet::Subscribe { id, subscribes: true, identifier, filters })
}

fn read_unsubscribe<'a>(version: Version, mut fields: Fields<'a>) -> Result<Packet<'a>, Violation> {
    let id = fields.packet_id()?;
    if version == Version::V5 {
        let _checked = Properties::read(&mut fields, Carrier::Unsubscribe)?;
    }
    let filters = fields.rest();
    if filters.is_empty() {
        return Err(Violation::Protocol("an UNSUBSCRIBE without a topic filter"));
    }
    while Asked::next(&mut fields, false)?.is_some() {}
    Ok(Packet::Subscribe { id, subscribes: false, identifier: None, filters })
}

fn read_disconnect<'a>(version: Version, fields: &mut Fields<'a>) -> Result<Packet<'a>, Violation> {
    let (mut reason, mut properties) = (Reason::SUCCESS, Properties::default());
    // 3.14.2.1: reason and properties may be left out.
    if version == Version::V5 && !fields.is_empty() {
        reason = Reason(fields.byte()?);
        if !fields.is_empty() {
            properties = Properties::read(fields, Carrier::Disconnect)?;
        }
    }
    Ok(Packet::Disconnect { reason, session_lifetime: properties.session_lifetime })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::transport::mqtt::wire::{Frame, frame};

    const BOTH: [Version; 2] = [Version::V311, Version::V5];

    fn publish(
        version: Version,
        first: u8,
        topic: &[u8],
        id: u16,
        properties: &[u8],
        payload: &[u8],
    ) -> Vec<u8> {
        let mut body = (topic.len() as u16).to_be_bytes().to_vec();
        body.extend_from_slice(topic);
        if first & 0b110 != 0 {
            body.extend_from_slice(&id.to_be_bytes());
        }
        if version == Version::V5 {
            body.push(properties.len() as u8);
            body.extend_from_slice(properties);
        }
        body.extend_from_slice(payload);
        body
    }

    fn plain<'a>(topic: &'a str, payload: &'a [u8], id: Option<u16>) -> Publish<'a> {
        Publish {
            topic,
            alias: None,
            payload,
            id,
            once: false,
            retain: false,
            again: false,
            content_type: None,
            content_encoding: None,
        }
    }

    #[test]
    fn publishes_come_back_as_sent() {
        for version in BOTH {
            for (first, id) in [
                (0x30, None),
                (0x31, None),
                (0x32, Some(9)),
                (0x3b, Some(9)),
                (0x34, Some(9)),
                (0x3d, Some(9)),
            ] {
                let body = publish(version, first, "trạm/1".as_bytes(), 9, &[], b"{}");
                let expected = Publish {
                    once: first & 0b100 != 0,
                    retain: first & 1 == 1,
                    again: first & 0b1000 != 0,
                    ..plain("trạm/1", b"{}", id)
                };
                assert_eq!(Packet::read(version, first, &body), Ok(Packet::Publish(expected)));
            }
            let empty = publish(version, 0x30, b"a", 0, &[], b"");
            assert!(matches!(Packet::read(version, 0x30, &empty), Ok(Packet::Publish(_))));
        }
        let body = publish(Version::V5, 0x30, b"a", 0, &[0x26, 0, 1, b'k', 0, 1, b'v', 0x01, 1], b"x");
        let expected = plain("a", b"x", None);
        assert_eq!(Packet::read(Version::V5, 0x30, &body), Ok(Packet::Publish(expected)));
    }

    #[test]
    fn safe_publishes_the_standard_forbids_are_refused_with_their_reason() {
        for version in BOTH {
            let cases: [(u8, &[u8], u16, u8); 9] = [
                (0x38, b"a", 0, 0x81),
                (0x34, b"a", 0, 0x82),
                (0x36, b"a", 1, 0x81),
                (0x32, b"a", 0, 0x82),
                (0x30, b"", 0, 0x82),
                (0x30, b"a/#", 0, 0x81),
                (0x30, b"a/+/b", 0, 0x81),
                (0x30, b"a\0b", 0, 0x81),
                (0x30, b"\xff", 0, 0x81),
            ];
            for (first, topic, id, reason) in cases {
                let body = publish(version, first, topic, id, &[], b"x");
                let violation = Packet::read(version, first, &body).expect_err("forbidden");
                assert_eq!(violation.reason(), Reason(reason), "{version:?} {first:#x} {topic:?}");
            }
            assert!(Packet::read(version, 0x30, &[0, 9, b'a']).is_err(), "topic cut off");
            assert!(Packet::read(version, 0x32, &[0, 1, b'a', 1]).is_err(), "identifier cut off");
        }
        let alias = publish(Version::V5, 0x30, b"", 0, &[0x23, 0, 0], b"x");
        assert_eq!(Packet::read(Version::V5, 0x30, &alias), Err(Violation::TopicAlias));
        let alias = publish(Version::V5, 0x30, b"", 0, &[0x23, 0, 1], b"x");
        let expected = Publish { alias: Some(1), ..plain("", b"x", None) };
        assert_eq!(Packet::read(Version::V5, 0x30, &alias), Ok(Packet::Publish(expected)));
    }

    #[test]
    fn subscriptions_are_read_whole_and_checked_as_the_standard_has_it() {
        let filters = b"\x00\x01a\x01\x00\x03a/#\x00";
        let read =
            |identifier, filters| Ok(Packet::Subscribe { id: 5, subscribes: true, identifier, filters });
        let body = [&b"\x00\x05"[..], filters].concat();
        assert_eq!(Packet::read(Version::V311, 0x82, &body), read(None, &filters[..]));
        let body = [&b"\x00\x05\x00"[..], filters].concat();
        assert_eq!(Packet::read(Version::V5, 0x82, &body), read(None, &filters[..]));
        let body = [&b"\x00\x05\x03\x0b\x80\x01"[..], b"\x00\x01a\x2d"].concat();
        assert_eq!(Packet::read(Version::V5, 0x82, &body), read(Some(128), &b"\x00\x01a\x2d"[..]));
        for (version, body, reason) in [
            (Version::V311, &b"\x00\x05"[..], 0x82),
            (Version::V311, b"\x00\x00\x00\x01a\x00", 0x82),
            (Version::V311, b"\x00\x05\x00\x01a\x03", 0x81),
            (Version::V311, b"\x00\x05\x00\x01a\x08", 0x81),
            (Version::V311, b"\x00\x05\x00\x01a", 0x81),
            (Version::V311, b"\x00\x05\x00\x01a\x00\x00\x09b", 0x81),
            (Version::V5, b"\x00\x05\x00\x00\x01a\x30", 0x82),
            (Version::V5, b"\x00\x05\x00\x00\x01a\x40", 0x81),
            (Version::V5, b"\x00\x05\x00\x00\x0a$share/g/a\x04", 0x82),
        ] {
            let violation = Packet::read(version, 0x82, body).expect_err("forbidden");
            assert_eq!(violation.reason(), Reason(reason), "{body:x?}");
        }
    }

    #[test]
    fn disconnects_and_small_packets_are_read() {
        let plain = Packet::Disconnect { reason: Reason::SUCCESS, session_lifetime: None };
        assert_eq!(Packet::read(Version::V311, 0xe0, &[]), Ok(plain));
        let full = Packet::Disconnect { reason: Reason(4), session_lifetime: Some(7) };
        assert_eq!(Packet::read(Version::V5, 0xe0, &[4, 5, 0x11, 0, 0, 0, 7]), Ok(full));
        assert_eq!(Packet::read(Version::V5, 0xc0, &[]), Ok(Packet::PingReq));
        assert_eq!(Packet::read(Version::V5, 0x62, &[0, 7]), Ok(Packet::PubRel { id: 7 }));
        let filters = &[0, 1, b'a'];
        let unsubscribe = Packet::Subscribe { id: 7, subscribes: false, identifier: None, filters };
        assert_eq!(Packet::read(Version::V5, 0xa2, &[0, 7, 0, 0, 1, b'a']), Ok(unsubscribe));
        for body in [&[0, 7][..], &[0, 7, 0x87], &[0, 7, 0, 0]] {
            assert_eq!(Packet::read(Version::V5, 0x40, body), Ok(Packet::PubAck { id: 7 }));
        }
        assert_eq!(Packet::read(Version::V311, 0x40, &[0, 7]), Ok(Packet::PubAck { id: 7 }));
        for (version, first, body) in [
            (Version::V5, 0xc0, &[0][..]),
            (Version::V311, 0xe0, &[0]),
            (Version::V5, 0xe0, &[0, 0, 0]),
            (Version::V5, 0x10, &[]),
            (Version::V5, 0x20, &[0, 0, 0]),
            (Version::V5, 0x40, &[0, 0]),
            (Version::V311, 0x40, &[0, 1, 0]),
            (Version::V5, 0x50, &[0, 1]),
            (Version::V5, 0x70, &[0, 1]),
            (Version::V5, 0xa2, &[0, 7, 0]),
            (Version::V5, 0xf0, &[]),
            (Version::V5, 0xd0, &[]),
        ] {
            assert!(Packet::read(version, first, body).is_err(), "{first:#x}");
        }
    }

    proptest! {
        #[test]
        fn safe_no_bytes_make_the_codec_panic_or_read_beyond_a_packet(
            bytes in proptest::collection::vec(any::<u8>(), 0..64),
            first in prop::sample::select(vec![0x30u8, 0x32, 0x40, 0x62, 0x82, 0xa2, 0xc0, 0xe0, 0x10]),
            five: bool,
        ) {
            let version = if five { Version::V5 } else { Version::V311 };
            let _any = Packet::read(version, first, &bytes);
            if let Ok(Frame::Whole { length, body, .. }) = frame(&bytes, Some(version), 40) {
                prop_assert!(length <= bytes.len() && length <= 40 && body.len() < length);
            }
        }

        #[test]
        fn a_publish_is_found_whole_however_it_is_cut(
            topic in "[a-z/ạ]{1,20}",
            payload in proptest::collection::vec(any::<u8>(), 0..300),
            id in 1u16..,
        ) {
            let body = publish(Version::V5, 0x32, topic.as_bytes(), id, &[], &payload);
            let mut bytes = vec![0x32, (body.len() & 0x7f) as u8];
            if body.len() > 127 {
                bytes[1] |= 0x80;
                bytes.push((body.len() >> 7) as u8);
            }
            bytes.extend_from_slice(&body);
            for end in 0..bytes.len() {
                match frame(&bytes[..end], Some(Version::V5), 1_000) {
                    Ok(Frame::Partial { needed }) => prop_assert!(needed > end && needed <= bytes.len()),
                    other => prop_assert!(false, "{:?}", other),
                }
            }
            let expected = plain(&topic, &payload, Some(id));
            match frame(&bytes, Some(Version::V5), 1_000) {
                Ok(Frame::Whole { first, body, .. }) => {
                    prop_assert_eq!(Packet::read(Version::V5, first, body), Ok(Packet::Publish(expected)));
                }
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }
}
