//! The wire's primitives: fixed header, lengths, strings, and the ways a sender can break the protocol.
//!
//! Everything borrows from the bytes that were read; nothing is copied and nothing allocates, because every publish
//! passes here. Input is hostile (invariant SAFE): no length is believed before it was compared with what is there.

use super::reason::Reason;

/// The protocol's version on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// 3.1.1 (level 4).
    V311,
    /// 5 (level 5).
    V5,
}

/// What a sender did that the protocol forbids. It costs the sender its connection and nobody else anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Violation {
    #[error("malformed packet: {0}")]
    Malformed(&'static str),
    #[error("protocol error: {0}")]
    Protocol(&'static str),
    #[error("a topic alias of 0 or above the maximum")]
    TopicAlias,
    #[error("the topics of aliases are longer than is kept")]
    AliasRoom,
    #[error("a packet exceeds the limit")]
    TooLarge,
    #[error("more publishes in flight than the receive maximum")]
    ReceiveMaximum,
    #[error("more exchanges of quality of service 2 are open than a sender may have")]
    Exchanges,
    #[error("an authentication method was asked for")]
    AuthenticationMethod,
    #[error("nothing came within one and a half keep-alive intervals")]
    KeepAlive,
}

impl Violation {
    pub(super) fn reason(self) -> Reason {
        match self {
            Violation::Malformed(_) => Reason::MALFORMED_PACKET,
            Violation::Protocol(_) => Reason::PROTOCOL_ERROR,
            Violation::TopicAlias => Reason::TOPIC_ALIAS_INVALID,
            Violation::TooLarge => Reason::PACKET_TOO_LARGE,
            Violation::ReceiveMaximum => Reason::RECEIVE_MAXIMUM_EXCEEDED,
            Violation::Exchanges | Violation::AliasRoom => Reason::QUOTA_EXCEEDED,
            Violation::AuthenticationMethod => Reason::BAD_AUTHENTICATION_METHOD,
            Violation::KeepAlive => Reason::KEEP_ALIVE_TIMEOUT,
        }
    }
}

impl Violation {
    /// What exactly was wrong, for the log.
    pub(super) fn why(self) -> &'static str {
        match self {
            Violation::Malformed(why) | Violation::Protocol(why) => why,
            Violation::TopicAlias => "a topic alias out of bounds",
            Violation::AliasRoom => "topic aliases of too many bytes",
            Violation::TooLarge => "a packet over the limit",
            Violation::ReceiveMaximum => "too many publishes in flight",
            Violation::Exchanges => "too many open exchanges",
            Violation::AuthenticationMethod => "an authentication method",
            Violation::KeepAlive => "silence beyond the keep-alive",
        }
    }
}

/// The start of some bytes, seen as a control packet.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame<'a> {
    /// It is all there, `length` bytes with its fixed header.
    Whole { first: u8, body: &'a [u8], length: usize },
    /// It is not: with fewer than `needed` bytes there is no point in looking again.
    Partial { needed: usize },
    /// It is longer than the limit; its body starts at `head`.
    Oversize { first: u8, head: usize, length: usize },
}

/// The longest fixed header.
const LONGEST_HEAD: usize = 5;

/// Finds the packet at the start of `bytes`. `limit` is the longest packet taken, fixed header included.
///
/// Version 5 demands the shortest form of a length; 3.1.1 does not, and small clients do pad it.
pub(super) fn frame(bytes: &[u8], version: Option<Version>, limit: usize) -> Result<Frame<'_>, Violation> {
    let Some(&first) = bytes.first() else {
        return Ok(Frame::Partial { needed: 2 });
    };
    check_first(first, version)?;
    let mut remaining = 0usize;
    for at in 1..LONGEST_HEAD {
        let Some(&byte) = bytes.get(at) else {
            return Ok(Frame::Partial { needed: at + 1 });
        };
        remaining |= usize::from(byte & 0x7f) << (7 * (at - 1));
        if byte & 0x80 != 0 {
            continue;
        }
        if at > 1 && byte == 0 && version == Some(Version::V5) {
            return Err(Violation::Malformed("the remaining length is not in its shortest form"));
        }
        let head = at + 1;
        let length = head + remaining;
        if length > limit {
            return Ok(Frame::Oversize { first, head, length });
        }
        return Ok(match bytes.get(head..length) {
            Some(body) => Frame::Whole { first, body, length },
            None => Frame::Partial { needed: length },
        });
    }
    Err(Violation::Malformed("the remaining length has more than four bytes"))
}

fn check_first(first: u8, version: Option<Version>) -> Result<(), Violation> {
    let (kind, flags) = (first >> 4, first & 0x0f);
    let expected = match kind {
        0 => return Err(Violation::Malformed("packet type 0")),
        3 => return Ok(()),
        6 | 8 | 10 => 0b0010,
        15 if version == Some(Version::V311) => return Err(Violation::Malformed("packet type 15")),
        _ => 0,
    };
    if flags != expected {
        return Err(Violation::Malformed("reserved flags are set"));
    }
    Ok(())
}

/// Reads a packet's body from front to back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn new(body: &'a [u8]) -> Fields<'a> {
        Fields { rest: body }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Everything not read yet.
    pub(super) fn rest(self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Violation> {
        let (taken, rest) =
            self.rest.split_at_checked(length).ok_or(Violation::Malformed("a field is cut off"))?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Violation> {
        Ok(self.take(1)?[0])
    }

    pub(super) fn u16(&mut self) -> Result<u16, Violation> {
        let bytes = self.take(2)?;
        Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    pub(super) fn u32(&mut self) -> Result<u32, Violation> {
        let bytes = self.take(4)?;
        Ok(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// A packet identifier: never 0.
    pub(super) fn packet_id(&mut self) -> Result<u16, Violation> {
        match self.u16()? {
            0 => Err(Violation::Protocol("packet identifier 0")),
            id => Ok(id),
        }
    }

    /// Variable byte integer of version 5.
    pub(super) fn varint(&mut self) -> Result<usize, Violation> {
        let mut value = 0usize;
        for shift in [0, 7, 14, 21] {
            let byte = self.byte()?;
            value |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                if shift > 0 && byte == 0 {
                    return Err(Violation::Malformed("an integer is not in its shortest form"));
                }
                return Ok(value);
            }
        }
        Err(Violation::Malformed("an integer has more than four bytes"))
    }

    /// Length-prefixed bytes.
    pub(super) fn binary(&mut self) -> Result<&'a [u8], Violation> {
        let length = self.u16()?;
        self.take(usize::from(length))
    }

    /// Length-prefixed UTF-8 without NUL (section 1.5.3 and 1.5.4).
    pub(super) fn text(&mut self) -> Result<&'a str, Violation> {
        let text =
            std::str::from_utf8(self.binary()?).map_err(|_| Violation::Malformed("a string is not UTF-8"))?;
        if text.as_bytes().contains(&0) {
            return Err(Violation::Malformed("a string contains NUL"));
        }
        Ok(text)
    }

    /// A topic name: a text without wildcards. It may be empty only where version 5 allows an alias.
    pub(super) fn topic(&mut self) -> Result<&'a str, Violation> {
        let topic = self.text()?;
        if topic.bytes().any(|byte| byte == b'+' || byte == b'#') {
            return Err(Violation::Malformed("a topic name contains a wildcard"));
        }
        Ok(topic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_as_table_2_4_says() {
        let cases: [(&[u8], usize); 6] = [
            (&[0x30, 0x00], 0),
            (&[0x30, 0x7f], 127),
            (&[0x30, 0x80, 0x01], 128),
            (&[0x30, 0xff, 0x7f], 16_383),
            (&[0x30, 0x80, 0x80, 0x01], 16_384),
            (&[0x30, 0xff, 0xff, 0xff, 0x7f], 268_435_455),
        ];
        for (bytes, remaining) in cases {
            let length = bytes.len() - 1 + 1 + remaining;
            let found = frame(bytes, Some(Version::V5), usize::MAX).expect("valid");
            if remaining == 0 {
                assert_eq!(found, Frame::Whole { first: 0x30, body: &[], length });
            } else {
                assert_eq!(found, Frame::Partial { needed: length });
                let over = frame(bytes, Some(Version::V5), length - 1).expect("valid");
                assert_eq!(over, Frame::Oversize { first: 0x30, head: bytes.len(), length });
            }
        }
        for cut in 1..5 {
            let found = frame(&[0x30, 0xff, 0xff, 0xff, 0x7f][..cut], None, usize::MAX);
            assert_eq!(found, Ok(Frame::Partial { needed: cut + 1 }));
        }
    }

    #[test]
    fn safe_fixed_headers_the_standard_forbids_are_malformed() {
        let v5 = Some(Version::V5);
        for bytes in [
            &[0x00, 0][..],
            &[0x0f, 0],
            &[0xc1, 0],
            &[0x60, 0],
            &[0x80, 0],
            &[0x81, 0],
            &[0xa0, 0],
            &[0x11, 0],
            &[0xe8, 0],
        ] {
            assert!(matches!(frame(bytes, v5, 100), Err(Violation::Malformed(_))), "{bytes:x?}");
        }
        assert!(frame(&[0x30, 0x80, 0x80, 0x80, 0x80, 0x01], v5, 100).is_err(), "five bytes of length");
        assert!(frame(&[0x30, 0x80, 0x00], v5, 100).is_err(), "padded length in version 5");
        assert!(frame(&[0x30, 0x80, 0x00], Some(Version::V311), 100).is_ok(), "padded length in 3.1.1");
        assert!(frame(&[0xf0, 0], Some(Version::V311), 100).is_err(), "AUTH in 3.1.1");
    }

    #[test]
    fn safe_strings_with_nul_surrogates_or_broken_utf8_are_malformed() {
        for body in
            [&b"\x00\x01\x00"[..], b"\x00\x03\xed\xa0\x80", b"\x00\x02\xc3\x28", b"\x00\x05abcd", b"\x00"]
        {
            assert!(matches!(Fields::new(body).text(), Err(Violation::Malformed(_))), "{body:x?}");
        }
        let mut station = vec![0, 6];
        station.extend_from_slice("trạm".as_bytes());
        assert_eq!(Fields::new(&station).text(), Ok("trạm"));
        for body in [&b"\x00\x03a/+"[..], b"\x00\x01#"] {
            assert!(matches!(Fields::new(body).topic(), Err(Violation::Malformed(_))), "{body:x?}");
        }
    }
}
