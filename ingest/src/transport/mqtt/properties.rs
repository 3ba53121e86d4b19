//! The properties of version 5 (section 2.2.2): which packet may carry which, once or often, with which values.
//!
//! All of them are checked; only those that change what the endpoint does, or how a payload is read, are kept.

use ioc_decode::unpack::Packing;

use super::wire::{Fields, Violation};

/// The name of the user property that says how a payload is packed, as HTTP has it.
const CONTENT_ENCODING: &str = "content-encoding";

/// Where properties stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carrier {
    Connect,
    Will,
    Publish,
    PubAck,
    PubRel,
    Subscribe,
    Unsubscribe,
    Disconnect,
}

/// What the endpoint needs to know of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Properties<'a> {
    /// Session expiry interval in seconds.
    pub(super) session_lifetime: Option<u32>,
    /// Will delay interval in seconds.
    pub(super) will_delay: Option<u32>,
    /// The longest packet the client takes.
    pub(super) packet_limit: Option<u32>,
    /// How many publishes of quality of service 1 the client takes at the same time.
    pub(super) receive_maximum: Option<u16>,
    /// Which subscription it is.
    pub(super) subscription: Option<u32>,
    /// An authentication method was named.
    pub(super) authentication: bool,
    /// The media type of the payload.
    pub(super) content_type: Option<&'a str>,
    /// The number that stands for the topic, or will.
    pub(super) topic_alias: Option<u16>,
    /// How the payload is packed, by the word of a user property, else by its media type.
    pub(super) content_encoding: Option<&'a str>,
}

impl<'a> Properties<'a> {
    /// Reads a property length and that many bytes of properties.
    pub(super) fn read(fields: &mut Fields<'a>, carrier: Carrier) -> Result<Properties<'a>, Violation> {
        let length = fields.varint()?;
        let mut found = Properties::default();
        if length == 0 {
            return Ok(found);
        }
        let mut block = Fields::new(fields.take(length)?);
        let mut seen = 0u64;
        while !block.is_empty() {
            // Identifiers are variable byte integers, all below 128 as of version 5.
            let id = block.varint()?;
            if !is_allowed(id, carrier) {
                return Err(Violation::Malformed("a property does not belong to its packet"));
            }
            if id != USER_PROPERTY {
                if seen & (1 << id) != 0 {
                    return Err(Violation::Protocol("a property is there twice"));
                }
                seen |= 1 << id;
            }
            found.take(id, &mut block, carrier)?;
        }
        if seen & (1 << AUTHENTICATION_DATA) != 0 && !found.authentication {
            return Err(Violation::Protocol("authentication data without a method"));
        }
        Ok(found)
    }

    fn take(&mut self, id: usize, block: &mut Fields<'a>, carrier: Carrier) -> Result<(), Violation> {
        match id {
            // Payload format; request problem information; request response information.
            0x01 | 0x17 | 0x19 => {
                if block.byte()? > 1 {
                    return Err(Violation::Protocol("a yes-or-no property is neither"));
                }
            }
            // Message expiry.
            0x02 => drop(block.u32()?),
            0x03 => {
                let content_type = block.text()?;
                self.content_type = Some(content_type);
                if self.content_encoding.is_none() {
                    self.content_encoding = Packing::of_media_type(content_type).map(Packing::word);
                }
            }
            // Reason string.
            0x1f => drop(block.text()?),
            // Response topic.
            0x08 => drop(block.topic()?),
            // Correlation data; authentication data.
            0x09 | AUTHENTICATION_DATA => drop(block.binary()?),
            // Subscription identifier.
            0x0b => {
                if carrier == Carrier::Publish {
                    return Err(Violation::Protocol("a client's publish carries a subscription identifier"));
                }
                match block.varint()? {
                    0 => return Err(Violation::Protocol("subscription identifier 0")),
                    identifier => self.subscription = u32::try_from(identifier).ok(),
                }
            }
            0x11 => self.session_lifetime = Some(block.u32()?),
            0x15 => {
                let _method = block.text()?;
                self.authentication = true;
            }
            0x18 => self.will_delay = Some(block.u32()?),
            // Server reference.
            0x1c => return Err(Violation::Protocol("a client sent a server reference")),
            // Receive maximum.
            0x21 => match block.u16()? {
                0 => return Err(Violation::Protocol("receive maximum 0")),
                maximum => self.receive_maximum = Some(maximum),
            },
            // Topic alias maximum.
            0x22 => drop(block.u16()?),
            // Topic alias.
            0x23 => match block.u16()? {
                0 => return Err(Violation::TopicAlias),
                alias => self.topic_alias = Some(alias),
            },
            USER_PROPERTY => {
                let (name, value) = (block.text()?, block.text()?);
                if name.eq_ignore_ascii_case(CONTENT_ENCODING) && !value.eq_ignore_ascii_case("identity") {
                    self.content_encoding = Some(value);
                }
            }
            0x27 => match block.u32()? {
                0 => return Err(Violation::Protocol("maximum packet size 0")),
                limit => self.packet_limit = Some(limit),
            },
            _ => return Err(Violation::Malformed("unknown property")),
        }
        Ok(())
    }
}

const USER_PROPERTY: usize = 0x26;
const AUTHENTICATION_DATA: usize = 0x16;

/// Table 2-4.
fn is_allowed(id: usize, carrier: Carrier) -> bool {
    if id == USER_PROPERTY {
        return true;
    }
    match carrier {
        Carrier::Connect => matches!(id, 0x11 | 0x15 | 0x16 | 0x17 | 0x19 | 0x21 | 0x22 | 0x27),
        Carrier::Will => matches!(id, 0x01 | 0x02 | 0x03 | 0x08 | 0x09 | 0x18),
        Carrier::Publish => matches!(id, 0x01 | 0x02 | 0x03 | 0x08 | 0x09 | 0x0b | 0x23),
        Carrier::PubAck | Carrier::PubRel => id == 0x1f,
        Carrier::Subscribe => id == 0x0b,
        Carrier::Unsubscribe => false,
        Carrier::Disconnect => matches!(id, 0x11 | 0x1c | 0x1f),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One valid value of every property a client may send.
    const VALUES: [(u8, &[u8]); 22] = [
        (0x01, &[1]),
        (0x02, &[0, 0, 0, 1]),
        (0x03, &[0, 1, b'x']),
        (0x08, &[0, 1, b'x']),
        (0x09, &[0, 1, 0]),
        (0x0b, &[1]),
        (0x11, &[0, 0, 0, 9]),
        (0x12, &[0, 1, b'x']),
        (0x13, &[0, 1]),
        (0x15, &[0, 1, b'x']),
        (0x17, &[1]),
        (0x18, &[0, 0, 0, 9]),
        (0x19, &[0]),
        (0x1a, &[0, 1, b'x']),
        (0x1f, &[0, 1, b'x']),
        (0x21, &[0, 1]),
        (0x22, &[0, 0]),
        (0x23, &[0, 1]),
        (0x24, &[1]),
        (0x25, &[1]),
        (0x26, &[0, 1, b'x', 0, 1, b'y']),
        (0x27, &[0, 0, 1, 0]),
    ];

    fn read(carrier: Carrier, properties: &[&[u8]]) -> Result<(), Violation> {
        let body = body(properties);
        let mut fields = Fields::new(&body);
        let _found = Properties::read(&mut fields, carrier)?;
        assert!(fields.is_empty());
        Ok(())
    }

    fn body(properties: &[&[u8]]) -> Vec<u8> {
        let block = properties.concat();
        let mut body = vec![block.len() as u8];
        body.extend_from_slice(&block);
        body
    }

    #[test]
    fn how_a_payload_is_packed_is_said_by_a_user_property_or_its_media_type() {
        let gzip: &[u8] = b"\x03\x00\x10application/gzip";
        let zstd: &[u8] = b"\x26\x00\x10Content-Encoding\x00\x04zstd";
        let plain: &[u8] = b"\x26\x00\x10content-encoding\x00\x08identity";
        for (properties, expected) in [
            (&[gzip][..], Some("gzip")),
            (&[zstd], Some("zstd")),
            (&[gzip, zstd], Some("zstd")),
            (&[zstd, gzip], Some("zstd")),
            (&[plain], None),
            (&[b"\x03\x00\x10application/json"], None),
        ] {
            let body = body(properties);
            let found = Properties::read(&mut Fields::new(&body), Carrier::Publish).unwrap();
            assert_eq!(found.content_encoding, expected, "{properties:x?}");
        }
    }

    #[test]
    fn every_property_is_taken_exactly_where_table_2_4_puts_it() {
        let carriers = [
            (Carrier::Connect, &[0x11u8, 0x15, 0x17, 0x19, 0x21, 0x22, 0x26, 0x27][..]),
            (Carrier::Will, &[0x01, 0x02, 0x03, 0x08, 0x09, 0x18, 0x26]),
            (Carrier::Publish, &[0x01, 0x02, 0x03, 0x08, 0x09, 0x23, 0x26]),
            (Carrier::PubAck, &[0x1f, 0x26]),
            (Carrier::PubRel, &[0x1f, 0x26]),
            (Carrier::Subscribe, &[0x0b, 0x26]),
            (Carrier::Unsubscribe, &[0x26]),
            (Carrier::Disconnect, &[0x11, 0x1f, 0x26]),
        ];
        for (carrier, allowed) in carriers {
            for (id, value) in VALUES {
                let outcome = read(carrier, &[&[id], value]);
                assert_eq!(outcome.is_ok(), allowed.contains(&id), "{carrier:?} {id:#x} {outcome:?}");
                let twice = read(carrier, &[&[id], value, &[id], value]);
                assert_eq!(twice.is_ok(), id == 0x26, "{carrier:?} {id:#x} twice");
            }
        }
    }

    #[test]
    fn safe_values_out_of_bounds_are_refused_with_their_reason() {
        let cases: [(Carrier, &[u8], Violation); 9] = [
            (Carrier::Publish, &[0x23, 0, 0], Violation::TopicAlias),
            (Carrier::Publish, &[0x01, 2], Violation::Protocol("a yes-or-no property is neither")),
            (
                Carrier::Publish,
                &[0x0b, 1],
                Violation::Protocol("a client's publish carries a subscription identifier"),
            ),
            (Carrier::Publish, &[0x08, 0, 1, b'#'], Violation::Malformed("a topic name contains a wildcard")),
            (Carrier::Connect, &[0x21, 0, 0], Violation::Protocol("receive maximum 0")),
            (Carrier::Connect, &[0x27, 0, 0, 0, 0], Violation::Protocol("maximum packet size 0")),
            (Carrier::Connect, &[0x16, 0, 0], Violation::Protocol("authentication data without a method")),
            (Carrier::Subscribe, &[0x0b, 0], Violation::Protocol("subscription identifier 0")),
            (Carrier::Connect, &[0x11, 0, 0], Violation::Malformed("a field is cut off")),
        ];
        for (carrier, property, violation) in cases {
            assert_eq!(read(carrier, &[property]), Err(violation), "{property:x?}");
        }
        let identifiers_beyond_a_byte = [&[0xff, 0x7f][..], &[0x80, 0x01], &[0x7f]];
        for id in identifiers_beyond_a_byte {
            assert!(matches!(read(Carrier::Connect, &[id]), Err(Violation::Malformed(_))));
        }
    }
}
