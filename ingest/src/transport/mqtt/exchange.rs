//! An exchange of quality of service 2 as it is written down: beside the publish in the log, and in the file of
//! exchanges.

use ioc_model::position::{Offset, Partition};
use serde::{Deserialize, Serialize};

use super::{reason::Reason, wire::Version};

/// A session's number: random, another one for every session, also of the same client. What is kept of an exchange
/// belongs to a session by it and to no later one.
pub(super) type SessionNumber = u64;

/// What is remembered of a publish to tell it from another one under the same packet identifier: checksum and length.
pub(super) type ContentMark = u64;

/// The mark of a publish.
pub(super) fn mark_of(topic: &str, payload: &[u8]) -> ContentMark {
    let checksum = crc32c::crc32c_append(crc32c::crc32c(topic.as_bytes()), payload);
    u64::from(checksum) << 32 | payload.len() as u64 & 0xffff_ffff
}

/// Which exchange an envelope is of: the text of its attribute, `session identifier mark`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ExchangeName {
    pub(super) session: SessionNumber,
    pub(super) id: u16,
    /// None where nothing of the content may be kept beside it.
    pub(super) mark: Option<ContentMark>,
}

impl ExchangeName {
    /// From the attribute's text; none if it is none.
    pub(super) fn parse(text: &str) -> Option<ExchangeName> {
        let mut words = text.split(' ');
        let session = u64::from_str_radix(words.next()?, 16).ok()?;
        let id = words.next()?.parse().ok()?;
        let mark = words.next().map(|word| u64::from_str_radix(word, 16)).transpose().ok()?;
        words.next().is_none().then_some(ExchangeName { session, id, mark })
    }
}

impl std::fmt::Display for ExchangeName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x} {}", self.session, self.id)?;
        self.mark.map_or(Ok(()), |mark| write!(f, " {mark:016x}"))
    }
}

/// A stored publish whose exchange is open, or was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredExchange {
    pub(super) session: SessionNumber,
    pub(super) id: u16,
    pub(super) partition: Partition,
    pub(super) offset: Offset,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) mark: Option<ContentMark>,
}

/// An answer to what a client said of one of its publishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ack {
    pub(super) kind: AckKind,
    pub(super) id: u16,
    pub(super) reason: Reason,
}

/// Its packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum AckKind {
    /// PUBACK.
    Acknowledged = 0x40,
    /// PUBREC.
    Received = 0x50,
    /// PUBCOMP.
    Completed = 0x70,
}

impl Ack {
    pub(super) fn pub_ack(id: u16, reason: Reason) -> Ack {
        Ack { kind: AckKind::Acknowledged, id, reason }
    }

    pub(super) fn pub_rec(id: u16, reason: Reason) -> Ack {
        Ack { kind: AckKind::Received, id, reason }
    }

    pub(super) fn pub_comp(id: u16, reason: Reason) -> Ack {
        Ack { kind: AckKind::Completed, id, reason }
    }

    /// Whether a publish is over with it, without a PUBREL (4.3.3 of version 5).
    pub(super) fn settles(self, version: Version) -> bool {
        match self.kind {
            AckKind::Acknowledged => true,
            AckKind::Received => version == Version::V5 && self.reason.is_refusal(),
            AckKind::Completed => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_the_name_of_an_exchange_is_read_as_it_was_written() {
        for mark in [None, Some(mark_of("a", b"x"))] {
            let name = ExchangeName { session: 0x0123_4567_89ab_cdef, id: 65_535, mark };
            assert_eq!(ExchangeName::parse(&name.to_string()), Some(name));
        }
        for text in ["", "1", "x 1", "1 65536", "1 1 x", "1 1 1 1", " 1 1"] {
            assert_eq!(ExchangeName::parse(text), None, "{text:?}");
        }
        assert_ne!(mark_of("a", b"x"), mark_of("a", b"y"));
        assert_ne!(mark_of("a", b"x"), mark_of("b", b"x"));
        assert_ne!(mark_of("ax", b""), mark_of("a", b"x"));
    }
}
