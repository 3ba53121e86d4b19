//! What the endpoint answers, as bytes.

use super::{exchange::Ack, reason::Reason, wire::Version};

/// What a successful CONNACK of version 5 says beside success.
#[derive(Clone, Debug)]
pub(super) struct Accepted<'a> {
    pub(super) session_present: bool,
    pub(super) receive_maximum: u16,
    pub(super) packet_limit: u32,
    /// The highest topic alias a client may use.
    pub(super) alias_maximum: u16,
    /// Said when it is not what the client asked for, in seconds.
    pub(super) session_lifetime: Option<u32>,
    /// Said when the client left its identifier to us.
    pub(super) assigned_client_id: Option<&'a str>,
}

/// CONNACK for a connection that is let in.
pub(super) fn accepted(version: Version, accepted: &Accepted<'_>) -> Vec<u8> {
    let present = u8::from(accepted.session_present);
    if version == Version::V311 {
        return vec![0x20, 2, present, 0];
    }
    let mut properties = Vec::with_capacity(32);
    if let Some(seconds) = accepted.session_lifetime {
        properties.push(0x11);
        properties.extend_from_slice(&seconds.to_be_bytes());
    }
    properties.push(0x21);
    properties.extend_from_slice(&accepted.receive_maximum.to_be_bytes());
    properties.push(0x22);
    properties.extend_from_slice(&accepted.alias_maximum.to_be_bytes());
    properties.push(0x27);
    properties.extend_from_slice(&accepted.packet_limit.to_be_bytes());
    if let Some(id) = accepted.assigned_client_id {
        properties.push(0x12);
        properties.extend_from_slice(&(id.len() as u16).to_be_bytes());
        properties.extend_from_slice(id.as_bytes());
    }
    // No shared subscriptions, and the highest quality of service is not said: a client may publish with 2. Retained
    // publishes are taken as plain data, so retain stays available, as gateways that publish so would otherwise have to be
    // refused.
    properties.extend_from_slice(&[0x2a, 0]);
    let mut body = vec![present, 0];
    push_varint(&mut body, properties.len());
    body.extend_from_slice(&properties);
    packet(0x20, &body)
}

/// CONNACK for a connection that is not; empty where 3.1.1 has no code for it and closing is the answer.
pub(super) fn refused(version: Version, reason: Reason) -> Vec<u8> {
    match (version, reason.connect_return_code()) {
        (Version::V5, _) => vec![0x20, 3, 0, reason.0, 0],
        (Version::V311, Some(code)) => vec![0x20, 2, 0, code],
        (Version::V311, None) => Vec::new(),
    }
}

/// DISCONNECT before the endpoint closes; 3.1.1 knows none from a server.
pub(super) fn disconnect(version: Version, reason: Reason) -> Vec<u8> {
    match version {
        Version::V5 => vec![0xe0, 2, reason.0, 0],
        Version::V311 => Vec::new(),
    }
}

/// PUBACK, PUBREC or PUBCOMP. Version 5 writes success like 3.1.1, in four bytes.
pub(super) fn push_ack(out: &mut Vec<u8>, version: Version, ack: Ack) {
    let [high, low] = ack.id.to_be_bytes();
    if version == Version::V5 && ack.reason != Reason::SUCCESS {
        out.extend_from_slice(&[ack.kind as u8, 3, high, low, ack.reason.0]);
    } else {
        out.extend_from_slice(&[ack.kind as u8, 2, high, low]);
    }
}

/// SUBACK with one code per filter.
pub(super) fn push_suback(out: &mut Vec<u8>, version: Version, id: u16, codes: &[u8]) {
    let mut body = Vec::with_capacity(codes.len() + 3);
    body.extend_from_slice(&id.to_be_bytes());
    if version == Version::V5 {
        body.push(0);
    }
    body.extend_from_slice(codes);
    out.extend_from_slice(&packet(0x90, &body));
}

/// UNSUBACK, in version 5 with one code per filter.
pub(super) fn push_unsuback(out: &mut Vec<u8>, version: Version, id: u16, codes: &[u8]) {
    let mut body = id.to_be_bytes().to_vec();
    if version == Version::V5 {
        body.push(0);
        body.extend_from_slice(codes);
    }
    out.extend_from_slice(&packet(0xb0, &body));
}

/// A publish of ours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spoken<'a> {
    pub(super) topic: &'a str,
    pub(super) payload: &'a [u8],
    /// Of quality of service 1; none of 0.
    pub(super) id: Option<u16>,
    /// It was written before.
    pub(super) again: bool,
    pub(super) retain: bool,
    /// Seconds it still has a sense; only version 5 is told.
    pub(super) expires_in: Option<u32>,
    /// Those of the subscriptions it is told by; only version 5 has any.
    pub(super) identifiers: &'a [u32],
}

/// PUBLISH.
pub(super) fn push_publish(out: &mut Vec<u8>, version: Version, spoken: &Spoken<'_>) {
    let flag = |is_set: bool, bit: u8| u8::from(is_set) << bit;
    let first = 0x30 | flag(spoken.again, 3) | flag(spoken.id.is_some(), 1) | flag(spoken.retain, 0);
    let mut body = Vec::with_capacity(spoken.topic.len() + spoken.payload.len() + 32);
    body.extend_from_slice(&(spoken.topic.len() as u16).to_be_bytes());
    body.extend_from_slice(spoken.topic.as_bytes());
    if let Some(id) = spoken.id {
        body.extend_from_slice(&id.to_be_bytes());
    }
    if version == Version::V5 {
        let mut properties = Vec::new();
        if let Some(seconds) = spoken.expires_in {
            properties.push(0x02);
            properties.extend_from_slice(&seconds.to_be_bytes());
        }
        for identifier in spoken.identifiers {
            properties.push(0x0b);
            push_varint(&mut properties, *identifier as usize);
        }
        push_varint(&mut body, properties.len());
        body.extend_from_slice(&properties);
    }
    body.extend_from_slice(spoken.payload);
    out.extend_from_slice(&packet(first, &body));
}

/// PINGRESP.
pub(super) const PINGRESP: [u8; 2] = [0xd0, 0];

fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(body.len() + 5);
    bytes.push(first);
    push_varint(&mut bytes, body.len());
    bytes.extend_from_slice(body);
    bytes
}

fn push_varint(out: &mut Vec<u8>, mut value: usize) {
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_the_bytes_of_the_standard() {
        let mut out = Vec::new();
        push_ack(&mut out, Version::V5, Ack::pub_ack(0x0102, Reason::SUCCESS));
        push_ack(&mut out, Version::V311, Ack::pub_ack(0x0102, Reason::NOT_AUTHORIZED));
        push_ack(&mut out, Version::V5, Ack::pub_ack(0x0102, Reason::NOT_AUTHORIZED));
        assert_eq!(out, [0x40, 2, 1, 2, 0x40, 2, 1, 2, 0x40, 3, 1, 2, 0x87]);
        out.clear();
        push_ack(&mut out, Version::V311, Ack::pub_rec(7, Reason::QUOTA_EXCEEDED));
        push_ack(&mut out, Version::V5, Ack::pub_rec(7, Reason::QUOTA_EXCEEDED));
        push_ack(&mut out, Version::V5, Ack::pub_comp(7, Reason::PACKET_ID_NOT_FOUND));
        assert_eq!(out, [0x50, 2, 0, 7, 0x50, 3, 0, 7, 0x97, 0x70, 3, 0, 7, 0x92]);
        out.clear();
        push_suback(&mut out, Version::V311, 7, &[0x80, 0x80]);
        push_suback(&mut out, Version::V5, 7, &[0x87]);
        assert_eq!(out, [0x90, 4, 0, 7, 0x80, 0x80, 0x90, 4, 0, 7, 0, 0x87]);
        out.clear();
        push_unsuback(&mut out, Version::V311, 7, &[0, 0x11]);
        push_unsuback(&mut out, Version::V5, 7, &[0, 0x11]);
        assert_eq!(out, [0xb0, 2, 0, 7, 0xb0, 5, 0, 7, 0, 0, 0x11]);
        out.clear();
        let spoken = Spoken {
            topic: "t",
            payload: b"x",
            id: Some(7),
            again: true,
            retain: true,
            expires_in: Some(9),
            identifiers: &[1, 128],
        };
        push_publish(&mut out, Version::V311, &spoken);
        assert_eq!(out, [0x3b, 6, 0, 1, b't', 0, 7, b'x']);
        out.clear();
        push_publish(&mut out, Version::V5, &spoken);
        assert_eq!(out, b"\x3b\x11\x00\x01t\x00\x07\x0a\x02\x00\x00\x00\x09\x0b\x01\x0b\x80\x01x");
        out.clear();
        push_publish(&mut out, Version::V311, &Spoken { id: None, again: false, retain: false, ..spoken });
        assert_eq!(out, b"\x30\x04\x00\x01tx");
        assert_eq!(refused(Version::V311, Reason::BAD_USER_OR_PASSWORD), [0x20, 2, 0, 4]);
        assert!(refused(Version::V311, Reason::MALFORMED_PACKET).is_empty());
        assert_eq!(refused(Version::V5, Reason::MALFORMED_PACKET), [0x20, 3, 0, 0x81, 0]);
    }

    #[test]
    fn a_long_suback_has_a_long_length() {
        let mut out = Vec::new();
        push_suback(&mut out, Version::V311, 1, &[0x80; 200]);
        assert_eq!(out[..3], [0x90, 0xca, 0x01]);
        assert_eq!(out.len(), 3 + 202);
    }

    #[test]
    fn a_connack_of_version_5_tells_the_limits() {
        let told = Accepted {
            session_present: true,
            receive_maximum: 1_024,
            packet_limit: 65_536,
            alias_maximum: 16,
            session_lifetime: Some(60),
            assigned_client_id: Some("x"),
        };
        let expected = [
            0x20, 0x1a, 1, 0, 23, 0x11, 0, 0, 0, 60, 0x21, 4, 0, 0x22, 0, 16, 0x27, 0, 1, 0, 0, 0x12, 0, 1,
            b'x', 0x2a, 0,
        ];
        let bytes = accepted(Version::V5, &told);
        assert_eq!(usize::from(bytes[1]), bytes.len() - 2);
        assert_eq!(bytes[2..4], [1, 0]);
        assert_eq!(usize::from(bytes[4]), bytes.len() - 5);
        assert_eq!(bytes[5..], expected[5..]);
        assert_eq!(accepted(Version::V311, &told), [0x20, 2, 1, 0]);
    }
}
