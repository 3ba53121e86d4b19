//! The wire of protocol buffers: fields of a message, each by its number.
//!
//! A dozen lines instead of a generated reader: what is needed is two messages, and whoever sends a length that the bytes do
//! not have, or a group, is not believed. Nothing is held and nothing nests here.

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Held<'a> {
    Varint(u64),
    Fixed32(u32),
    Fixed64(u64),
    Bytes(&'a [u8]),
}

/// The fields of a message in their order. One that is broken ends it, as none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(message: &'a [u8]) -> Fields<'a> {
        Fields { rest: Some(message) }
    }

    fn field(rest: &'a [u8]) -> Option<((u64, Held<'a>), &'a [u8])> {
        let (tag, rest) = varint(rest)?;
        let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
        let (held, rest) = match tag & 0b111 {
            0 => {
                let (number, rest) = varint(rest)?;
                (Held::Varint(number), rest)
            }
            1 => {
                let (bytes, rest) = rest.split_at_checked(8)?;
                (Held::Fixed64(number(bytes)), rest)
            }
            2 => {
                let (length, rest) = varint(rest)?;
                let (bytes, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
                (Held::Bytes(bytes), rest)
            }
            5 => {
                let (bytes, rest) = rest.split_at_checked(4)?;
                (Held::Fixed32(u32::try_from(number(bytes)).ok()?), rest)
            }
            // Groups, which are long gone.
            _ => return None,
        };
        (tag >> 3 != 0).then_some(((tag >> 3, held), rest))
    }
}

/// Each field, or none in the place of what is broken.
impl<'a> Iterator for Fields<'a> {
    type Item = Option<(u64, Held<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.take().filter(|rest| !rest.is_empty())?;
        let field = Fields::field(rest);
        self.rest = field.map(|(_, rest)| rest);
        Some(field.map(|(field, _)| field))
    }
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0u64;
    for (at, byte) in bytes.iter().enumerate().take(10) {
        // Of the tenth byte one bit is left.
        if at == 9 && *byte > 1 {
            return None;
        }
        number |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((number, &bytes[at + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_in_their_order_until_one_is_broken() {
        let all = |bytes: &'static [u8]| Fields::of(bytes).collect::<Vec<_>>();
        assert_eq!(
            all(&[0x08, 0xac, 0x02, 0x12, 1, b'x', 0x65, 0, 0, 0x80, 0x3f, 0x19, 1, 0, 0, 0, 0, 0, 0, 0]),
            [
                Some((1, Held::Varint(300))),
                Some((2, Held::Bytes(b"x"))),
                Some((12, Held::Fixed32(0x3f80_0000))),
                Some((3, Held::Fixed64(1))),
            ]
        );
        assert_eq!(all(&[]), []);
        let largest = [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(Fields::of(&largest).next(), Some(Some((1, Held::Varint(u64::MAX)))));
        for broken in [
            &[0x08][..],
            &[0x08, 0x80],
            &[0x12, 2, b'x'],
            &[0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
            &[0x0b],
            &[0x00, 0x00],
            &[0x19, 0, 0],
            &[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],
        ] {
            assert_eq!(Fields::of(broken).collect::<Vec<_>>(), [None], "{broken:x?}");
        }
    }
}
