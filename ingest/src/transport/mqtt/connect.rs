//! CONNECT: who comes, with which session and will.

use super::{
    properties::{Carrier, Properties},
    reason::Reason,
    wire::{Fields, Version, Violation},
};

/// The longest client identifier, in bytes. The standards allow more than a store of sessions should keep.
pub(super) const MAX_CLIENT_ID: usize = 256;

/// A CONNECT that can be answered with yes or no.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Connect<'a> {
    pub(super) version: Version,
    /// Whether CONNACK may say that its session is there: 3.1 keeps the place reserved.
    pub(super) is_told_of_session: bool,
    /// Empty: the client leaves it to us.
    pub(super) client_id: &'a str,
    /// Clean session of 3.1.1, clean start of 5.
    pub(super) clean: bool,
    /// Seconds the session outlives its connection; `u32::MAX` for ever.
    pub(super) session_lifetime: u32,
    /// Seconds; 0 is off.
    pub(super) keep_alive: u16,
    pub(super) will: Option<Will<'a>>,
    pub(super) user: Option<&'a str>,
    pub(super) password: Option<&'a [u8]>,
    /// The longest packet the client takes.
    pub(super) packet_limit: Option<u32>,
    /// How many publishes of quality of service 1 it takes at the same time.
    pub(super) receive_maximum: u16,
}

/// What is to be published when the connection ends without a goodbye.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Will<'a> {
    pub(super) topic: &'a str,
    pub(super) payload: &'a [u8],
    /// Seconds to wait for the client to come back.
    pub(super) delay: u32,
    /// The client asks for it to be kept.
    pub(super) retain: bool,
    /// The media type that the client states.
    pub(super) content_type: Option<&'a str>,
    /// How the client says that the payload is packed.
    pub(super) content_encoding: Option<&'a str>,
}

/// A CONNECT that is refused without looking further; no version if closing is the only answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RefusedConnect<'a> {
    pub(super) version: Option<Version>,
    pub(super) reason: Reason,
    pub(super) why: &'static str,
    /// Who came, as far as that could be read: an operator must find the device.
    pub(super) client_id: &'a str,
    pub(super) user: &'a str,
}

impl<'a> Connect<'a> {
    /// Reads a CONNECT's body.
    pub(super) fn read(body: &'a [u8]) -> Result<Connect<'a>, RefusedConnect<'a>> {
        let mut fields = Fields::new(body);
        let (version, is_told_of_session) =
            read_version(&mut fields).map_err(|refused| refused.by_whoever_it_looks_like(fields))?;
        let connect = read_rest(version, fields)
            .map_err(|violation| refused(version, violation.reason(), violation.why()))?;
        let connect = Connect { is_told_of_session, ..connect };
        match connect.fault() {
            Some(refused) => Err(refused.by(&connect)),
            None => Ok(connect),
        }
    }

    fn fault(&self) -> Option<RefusedConnect<'a>> {
        let smallest =
            if self.client_id.is_empty() { SMALLEST_LIMIT_WITHOUT_IDENTIFIER } else { SMALLEST_LIMIT };
        if self.packet_limit.is_some_and(|limit| limit < smallest) {
            let why = "our answers exceed the client's maximum packet size";
            return Some(unanswered(Reason::PACKET_TOO_LARGE, why));
        }
        if self.client_id.len() > MAX_CLIENT_ID {
            let why = "the client identifier is too long";
            return Some(refused(self.version, Reason::CLIENT_ID_NOT_VALID, why));
        }
        // 3.1.3.1 of 3.1.1: who leaves its identifier to us cannot ask for its session again.
        if self.version == Version::V311 && self.client_id.is_empty() && !self.clean {
            let why = "a lasting session without a client identifier";
            return Some(refused(self.version, Reason::CLIENT_ID_NOT_VALID, why));
        }
        None
    }
}

impl<'a> RefusedConnect<'a> {
    fn by(self, connect: &Connect<'a>) -> RefusedConnect<'a> {
        RefusedConnect { client_id: connect.client_id, user: connect.user.unwrap_or_default(), ..self }
    }

    /// By whoever the rest names, if it is laid out like one of the versions known here.
    fn by_whoever_it_looks_like(self, rest: Fields<'a>) -> RefusedConnect<'a> {
        let read = [Version::V311, Version::V5].into_iter().find_map(|version| read_rest(version, rest).ok());
        match read {
            Some(connect) if self.version.is_some() => self.by(&connect),
            _ => self,
        }
    }
}

/// What a client must be able to read, in bytes: a CONNACK fits into it, with an assigned client identifier into the other
/// one. Microcontrollers have buffers of 64.
const SMALLEST_LIMIT: u32 = 32;
const SMALLEST_LIMIT_WITHOUT_IDENTIFIER: u32 = 80;

fn refused(version: Version, reason: Reason, why: &'static str) -> RefusedConnect<'static> {
    RefusedConnect { version: Some(version), ..unanswered(reason, why) }
}

fn unanswered(reason: Reason, why: &'static str) -> RefusedConnect<'static> {
    RefusedConnect { version: None, reason, why, client_id: "", user: "" }
}

/// A mosquitto that is configured as a bridge sets the level's highest bit by default: it asks for nothing we would
/// answer otherwise, and gateways are built on it.
const BRIDGE: u8 = 0x80;

/// The version, and whether its CONNACK has a place for the session. 3.1 (`MQIsdp`, level 3) is what the modems of
/// older loggers speak; what it has of a publisher's packets is as in 3.1.1.
///
/// A level nobody speaks here is refused in 3.1.1's form, as its 3.1.2.2 asks: whoever sent it has not said that it
/// can read version 5.
fn read_version(fields: &mut Fields<'_>) -> Result<(Version, bool), RefusedConnect<'static>> {
    let no_mqtt = |_: Violation| unanswered(Reason::MALFORMED_PACKET, "not MQTT");
    let name = fields.binary().map_err(no_mqtt)?;
    let level = fields.byte().map_err(no_mqtt)?;
    match (name, level & !BRIDGE) {
        (b"MQIsdp", 3) => Ok((Version::V311, false)),
        (b"MQTT", 4) => Ok((Version::V311, true)),
        (b"MQTT", 5) => Ok((Version::V5, true)),
        (b"MQTT" | b"MQIsdp", _) => Err(refused(
            Version::V311,
            Reason::UNSUPPORTED_VERSION,
            "a protocol level other than those of 3.1, 3.1.1 and 5",
        )),
        _ => Err(unanswered(Reason::MALFORMED_PACKET, "not MQTT")),
    }
}

fn read_rest(version: Version, mut fields: Fields<'_>) -> Result<Connect<'_>, Violation> {
    let flags = fields.byte()?;
    let flag = |bit: u8| flags & (1 << bit) != 0;
    let (clean, has_will, has_password, has_user) = (flag(1), flag(2), flag(6), flag(7));
    let (will_qos, will_retain) = ((flags >> 3) & 0b11, flag(5));
    if flag(0) {
        return Err(Violation::Malformed("the reserved connect flag is set"));
    }
    if will_qos == 3 || (!has_will && (will_qos != 0 || will_retain)) {
        return Err(Violation::Malformed("the will flags contradict each other"));
    }
    if version == Version::V311 && has_password && !has_user {
        return Err(Violation::Malformed("a password without a user name"));
    }
    let keep_alive = fields.u16()?;
    let mut properties = Properties::default();
    if version == Version::V5 {
        properties = Properties::read(&mut fields, Carrier::Connect)?;
        if properties.authentication {
            return Err(Violation::AuthenticationMethod);
        }
    }
    let client_id = fields.text()?;
    let mut will = None;
    if has_will {
        let said = match version {
            Version::V5 => Properties::read(&mut fields, Carrier::Will)?,
            Version::V311 => Properties::default(),
        };
        let topic = fields.topic()?;
        let payload = fields.binary()?;
        if topic.is_empty() {
            return Err(Violation::Malformed("an empty will topic"));
        }
        let Properties { will_delay, content_type, content_encoding, .. } = said;
        let (delay, retain) = (will_delay.unwrap_or(0), will_retain);
        will = Some(Will { topic, payload, delay, retain, content_type, content_encoding });
    }
    let user = if has_user { Some(fields.text()?) } else { None };
    let password = if has_password { Some(fields.binary()?) } else { None };
    if !fields.is_empty() {
        return Err(Violation::Malformed("bytes left over"));
    }
    let session_lifetime = match version {
        Version::V5 => properties.session_lifetime.unwrap_or(0),
        Version::V311 if clean => 0,
        Version::V311 => u32::MAX,
    };
    let packet_limit = properties.packet_limit;
    let receive_maximum = properties.receive_maximum.unwrap_or(u16::MAX);
    Ok(Connect {
        version,
        is_told_of_session: true,
        client_id,
        clean,
        session_lifetime,
        keep_alive,
        will,
        user,
        password,
        packet_limit,
        receive_maximum,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::{
            reply::{Accepted, accepted},
            session::assigned_client_id,
        },
        *,
    };

    fn body(name: &[u8], level: u8, flags: u8, rest: &[&[u8]]) -> Vec<u8> {
        let mut body = (name.len() as u16).to_be_bytes().to_vec();
        body.extend_from_slice(name);
        body.extend_from_slice(&[level, flags, 0, 60]);
        body.extend_from_slice(&rest.concat());
        body
    }

    fn will(delay: u32) -> Will<'static> {
        Will { topic: "t", payload: b"", delay, retain: false, content_type: None, content_encoding: None }
    }

    #[test]
    fn a_whole_connect_comes_back() {
        let bytes = body(
            b"MQTT",
            4,
            0b1100_0110,
            &[b"\x00\x01c", b"\x00\x01t", b"\x00\x02xy", b"\x00\x01u", b"\x00\x01p"],
        );
        let expected = Connect {
            version: Version::V311,
            is_told_of_session: true,
            client_id: "c",
            clean: true,
            session_lifetime: 0,
            keep_alive: 60,
            will: Some(Will { payload: b"xy", ..will(0) }),
            user: Some("u"),
            password: Some(b"p"),
            packet_limit: None,
            receive_maximum: u16::MAX,
        };
        assert_eq!(Connect::read(&bytes), Ok(expected));
        let bytes = body(
            b"MQTT",
            5,
            0b0000_0100,
            &[
                b"\x0a\x11\x00\x00\x00\x09\x27\x00\x00\x10\x00",
                b"\x00\x01c",
                b"\x05\x18\x00\x00\x00\x03",
                b"\x00\x01t",
                b"\x00\x00",
            ],
        );
        let expected = Connect {
            version: Version::V5,
            is_told_of_session: true,
            client_id: "c",
            clean: false,
            session_lifetime: 9,
            keep_alive: 60,
            will: Some(will(3)),
            user: None,
            password: None,
            packet_limit: Some(4_096),
            receive_maximum: u16::MAX,
        };
        assert_eq!(Connect::read(&bytes), Ok(expected));
    }

    #[test]
    fn safe_connects_the_standards_forbid_are_refused_with_their_reason() {
        use Version::{V5, V311};
        let id = b"\x00\x01c".as_slice();
        let none = b"\x00".as_slice();
        let long = [&[1, 1][..], &[b'x'; 257]].concat();
        type Case<'a> = (&'a [u8], u8, u8, &'a [&'a [u8]], Option<Version>, u8);
        let cases: [Case<'_>; 25] = [
            (b"HTTP", 4, 2, &[id], None, 0x81),
            (b"MQIsdp", 4, 2, &[id], Some(V311), 0x84),
            (b"MQIsdp", 0x84, 2, &[id], Some(V311), 0x84),
            (b"MQTT", 3, 2, &[id], Some(V311), 0x84),
            (b"MQTT", 0x83, 2, &[id], Some(V311), 0x84),
            (b"MQTT", 6, 2, &[none, id], Some(V311), 0x84),
            (b"MQTT", 0x86, 2, &[none, id], Some(V311), 0x84),
            (b"MQTT", 0, 2, &[id], Some(V311), 0x84),
            (b"MQTT", 4, 0b0000_0011, &[id], Some(V311), 0x81),
            (b"MQTT", 4, 0b0001_1110, &[id, b"\x00\x01t", b"\x00\x00"], Some(V311), 0x81),
            (b"MQTT", 4, 0b0000_1010, &[id], Some(V311), 0x81),
            (b"MQTT", 4, 0b0010_0010, &[id], Some(V311), 0x81),
            (b"MQTT", 4, 0b0100_0010, &[id, b"\x00\x01p"], Some(V311), 0x81),
            (b"MQTT", 4, 0b0000_0000, &[b"\x00\x00"], Some(V311), 0x85),
            (b"MQTT", 4, 0b0000_0010, &[&long], Some(V311), 0x85),
            (b"MQTT", 4, 0b0000_0010, &[id, b"x"], Some(V311), 0x81),
            (b"MQTT", 4, 0b0000_0010, &[b"\x00\x05c"], Some(V311), 0x81),
            (b"MQTT", 4, 0b0000_0110, &[id, b"\x00\x01#", b"\x00\x00"], Some(V311), 0x81),
            (b"MQTT", 4, 0b0000_0110, &[id, b"\x00\x00", b"\x00\x00"], Some(V311), 0x81),
            (b"MQTT", 5, 0b0000_0010, &[b"\x04\x15\x00\x01m", id], Some(V5), 0x8c),
            (b"MQTT", 5, 0b0000_0010, &[b"\x03\x21\x00\x00", id], Some(V5), 0x82),
            (b"MQTT", 5, 0b0000_0010, &[b"\x02\x01\x01", id], Some(V5), 0x81),
            (b"MQTT", 5, 0b0000_0010, &[b"\x05\x27\x00\x00\x00\x08", id], None, 0x95),
            (b"MQTT", 5, 0b0000_0010, &[b"\x05\x27\x00\x00\x00\x1f", id], None, 0x95),
            (b"MQTT", 5, 0b0000_0010, &[b"\x05\x27\x00\x00\x00\x40", b"\x00\x00"], None, 0x95),
        ];
        for (name, level, flags, rest, version, reason) in cases {
            let bytes = body(name, level, flags, rest);
            let refusal = Connect::read(&bytes).expect_err("forbidden");
            assert_eq!(
                (refusal.version, refusal.reason),
                (version, Reason(reason)),
                "{name:?} {level} {flags:b} {rest:x?}"
            );
        }
    }

    #[test]
    fn who_can_read_a_connack_is_let_in_however_little_else() {
        for limit in [SMALLEST_LIMIT as u8, 64] {
            let rest: [&[u8]; 2] = [&[5, 0x27, 0, 0, 0, limit], b"\x00\x01c"];
            assert!(Connect::read(&body(b"MQTT", 5, 0b0000_0010, &rest)).is_ok(), "{limit}");
        }
        let most = Accepted {
            session_present: true,
            receive_maximum: u16::MAX,
            packet_limit: u32::MAX,
            alias_maximum: u16::MAX,
            session_lifetime: Some(u32::MAX),
            assigned_client_id: None,
        };
        assert!(accepted(Version::V5, &most).len() <= SMALLEST_LIMIT as usize);
        let id = assigned_client_id();
        let most = Accepted { assigned_client_id: Some(&id), ..most };
        assert!(accepted(Version::V5, &most).len() <= SMALLEST_LIMIT_WITHOUT_IDENTIFIER as usize);
    }

    #[test]
    fn a_bridge_and_a_client_of_3_1_are_read_as_what_they_speak() {
        let none = b"\x00".as_slice();
        let id = b"\x00\x01c".as_slice();
        for (name, level, rest, version, is_told_of_session) in [
            (&b"MQTT"[..], 0x84, &[id][..], Version::V311, true),
            (b"MQTT", 0x85, &[none, id], Version::V5, true),
            (b"MQIsdp", 3, &[id], Version::V311, false),
            (b"MQIsdp", 0x83, &[id], Version::V311, false),
        ] {
            let bytes = body(name, level, 0b0000_0010, rest);
            let connect = Connect::read(&bytes).unwrap_or_else(|refused| panic!("{level:x}: {refused:?}"));
            assert_eq!((connect.version, connect.is_told_of_session), (version, is_told_of_session));
            assert_eq!(connect.client_id, "c");
        }
    }

    #[test]
    fn who_is_refused_is_named_as_far_as_its_layout_is_known() {
        let rest: &[&[u8]] = &[b"\x00\x01c", b"\x00\x01u", b"\x00\x01p"];
        let of_5: &[&[u8]] = &[b"\x00", b"\x00\x01c", b"\x00\x01u", b"\x00\x01p"];
        for (level, rest, named) in [(3, rest, ("c", "u")), (6, of_5, ("c", "u")), (6, &[b"\xff"], ("", ""))]
        {
            let bytes = body(b"MQTT", level, 0b1100_0010, rest);
            let refused = Connect::read(&bytes).expect_err("no such level");
            assert_eq!((refused.client_id, refused.user), named, "{level}");
        }
        let long = [&[1, 1][..], &[b'x'; 257], b"\x00\x01u"].concat();
        let bytes = body(b"MQTT", 4, 0b1000_0010, &[&long]);
        assert_eq!(Connect::read(&bytes).expect_err("too long").user, "u");
    }

    proptest! {
        #[test]
        fn safe_no_bytes_make_reading_a_connect_panic(rest in proptest::collection::vec(any::<u8>(), 0..80), level in 3u8..7) {
            let mut bytes = b"\x00\x04MQTT".to_vec();
            bytes.push(level);
            bytes.extend_from_slice(&rest);
            let _any = Connect::read(&bytes);
        }
    }
}
