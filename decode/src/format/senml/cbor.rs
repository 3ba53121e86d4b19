//! Packs as CBOR (RFC 8949): as much of it as SenML needs, and a way over everything else.
//!
//! A reader of our own, because a number must become the decimal text that it stands for: where 32 bits are widened to 64
//! (`ciborium`), 18.4 cannot be told from 18.399999618530273. It never goes deeper than JSON may, holds nothing, and
//! believes no length that the bytes do not have.

use std::borrow::Cow;

use super::{
    Each, no_pack,
    record::{Record, Value},
};
use crate::{
    contract::Refusal,
    format::{
        gateway::{Element, of_single},
        json_text::DEEPEST,
    },
};

/// The tag that says of what is behind it that it is CBOR (RFC 8949, section 3.4.6). No text begins so.
pub(super) const SELF_DESCRIBED: [u8; 3] = [0xd9, 0xd9, 0xf7];
/// Longer numbers are none of an instrument. Bytes.
const LONGEST_NUMBER: u64 = 15;
/// Powers beyond these are no number of an instrument.
const MOST_POWER: u64 = 400;

pub(super) fn records<'a>(payload: &'a [u8], each: &mut Each<'_, 'a>) -> Result<(), Refusal> {
    let start = if payload.starts_with(&SELF_DESCRIBED) { SELF_DESCRIBED.len() } else { 0 };
    let mut reader = Reader { bytes: payload, at: start };
    let broken = || no_pack(payload, "gói CBOR hỏng hoặc không trọn vẹn", "the CBOR is broken or not whole");
    let Some(Head::Array(count)) = reader.head() else { return Err(broken()) };
    let mut at = 0;
    while !reader.is_over(count, at).ok_or_else(broken)? {
        let start = reader.at;
        let record = reader.record().ok_or_else(broken)?;
        let raw = payload.get(start..reader.at).ok_or_else(broken)?;
        let index = usize::try_from(at).unwrap_or(usize::MAX);
        each(&Element(index), record, raw)?;
        at += 1;
    }
    // Whatever stands behind a pack is none of it.
    if reader.at == payload.len() { Ok(()) } else { Err(broken()) }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// The beginning of an item.
#[derive(Clone, Copy, Debug)]
enum Head {
    Unsigned(u64),
    /// Minus one, minus this.
    Negative(u64),
    /// How many bytes; none where pieces follow until a break.
    Bytes(Option<u64>),
    Text(Option<u64>),
    /// How many items; none where they go on until a break.
    Array(Option<u64>),
    Map(Option<u64>),
    Tag(u64),
    Half(u16),
    Single(u32),
    Double(u64),
    Simple(u8),
    Break,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: u64) -> Option<&'a [u8]> {
        let end = self.at.checked_add(usize::try_from(count).ok()?)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn number(&mut self, bytes: u64) -> Option<u64> {
        Some(self.take(bytes)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn head(&mut self) -> Option<Head> {
        let first = self.take(1)?[0];
        let (major, info) = (first >> 5, first & 0b1_1111);
        let argument = match info {
            0..=23 => Some(u64::from(info)),
            24..=27 => Some(self.number(1 << (info - 24))?),
            31 if matches!(major, 2..=5 | 7) => None,
            _ => return None,
        };
        Some(match (major, argument) {
            (0, Some(number)) => Head::Unsigned(number),
            (1, Some(number)) => Head::Negative(number),
            (2, length) => Head::Bytes(length),
            (3, length) => Head::Text(length),
            (4, count) => Head::Array(count),
            (5, count) => Head::Map(count),
            (6, Some(tag)) => Head::Tag(tag),
            (_, None) => Head::Break,
            (_, Some(bits)) => match info {
                25 => Head::Half(u16::try_from(bits).ok()?),
                26 => Head::Single(u32::try_from(bits).ok()?),
                27 => Head::Double(bits),
                _ => Head::Simple(u8::try_from(bits).ok()?),
            },
        })
    }

    /// Whether the items of an array or map end here, of which so many were read.
    fn is_over(&mut self, count: Option<u64>, read: u64) -> Option<bool> {
        match count {
            Some(count) => Some(read >= count),
            None if *self.bytes.get(self.at)? == 0xff => {
                self.at += 1;
                Some(true)
            }
            None => Some(false),
        }
    }

    fn record(&mut self) -> Option<Record<'a>> {
        let Head::Map(count) = self.head()? else { return None };
        let mut record = Record::default();
        let mut read = 0;
        while !self.is_over(count, read)? {
            match self.head()? {
                Head::Unsigned(number) => {
                    let value = self.value()?;
                    record.take_numbered(i64::try_from(number).unwrap_or(i64::MAX), value);
                }
                Head::Negative(number) => {
                    let value = self.value()?;
                    record.take_numbered(i64::try_from(number).map_or(i64::MIN, |number| -1 - number), value);
                }
                Head::Text(length) => {
                    let label = self.text(length)?;
                    let value = self.value()?;
                    record.take_named(&label, value);
                }
                _ => return None,
            }
            read += 1;
        }
        Some(record)
    }

    fn text(&mut self, length: Option<u64>) -> Option<Cow<'a, str>> {
        if let Some(length) = length {
            return std::str::from_utf8(self.take(length)?).map(Cow::Borrowed).ok();
        }
        let mut whole = String::new();
        loop {
            match self.head()? {
                Head::Text(Some(length)) => {
                    whole.push_str(std::str::from_utf8(self.take(length)?).ok()?);
                }
                Head::Break => return Some(Cow::Owned(whole)),
                _ => return None,
            }
        }
    }

    fn value(&mut self) -> Option<Value<'a>> {
        let start = self.at;
        Some(match self.head()? {
            Head::Text(length) => Value::Text(self.text(length)?),
            Head::Simple(20) => Value::Flag(false),
            Head::Simple(21) => Value::Flag(true),
            Head::Simple(22 | 23) => Value::Nothing,
            Head::Tag(tag @ 2..=5) => {
                self.at = start;
                let read =
                    if tag < 4 { self.integer().map(|whole| whole.to_string()) } else { self.fraction() };
                match read {
                    Some(number) => Value::Number(number.into()),
                    // Whole, and no number that could be one of an instrument.
                    None => {
                        self.at = start;
                        self.skip(DEEPEST)?;
                        Value::Other
                    }
                }
            }
            head => match number(head) {
                Some(number) => Value::Number(number.into()),
                None => {
                    self.at = start;
                    self.skip(DEEPEST)?;
                    Value::Other
                }
            },
        })
    }

    /// A decimal fraction (tag 4) or a big float (tag 5): an exponent, and a number that is multiplied by ten or two to
    /// its power.
    fn fraction(&mut self) -> Option<String> {
        let Head::Tag(tag) = self.head()? else { return None };
        let Head::Array(Some(2)) = self.head()? else { return None };
        let (exponent, mantissa) = (whole(self.head()?)?, self.integer()?);
        if exponent.unsigned_abs() > u128::from(MOST_POWER) {
            return None;
        }
        Some(match tag {
            4 => format!("{mantissa}e{exponent}"),
            _ => format!("{:?}", mantissa as f64 * 2f64.powi(exponent as i32)),
        })
    }

    /// A whole number, also one that is written as bytes (tag 2; tag 3 where it is minus one, minus that).
    fn integer(&mut self) -> Option<i128> {
        let head = self.head()?;
        let Head::Tag(tag @ (2 | 3)) = head else { return whole(head) };
        let Head::Bytes(Some(length)) = self.head()? else { return None };
        if length > LONGEST_NUMBER {
            return None;
        }
        let number = self.take(length)?.iter().fold(0, |number: i128, byte| number << 8 | i128::from(*byte));
        Some(if tag == 2 { number } else { -1 - number })
    }

    /// Passes an item over, in which others lie so many deep at most.
    fn skip(&mut self, deepest: usize) -> Option<()> {
        let (count, per_item) = match self.head()? {
            Head::Bytes(Some(length)) | Head::Text(Some(length)) => return self.take(length).map(|_| ()),
            Head::Bytes(None) | Head::Text(None) => (None, 1),
            Head::Array(count) => (count, 1),
            Head::Map(count) => (count, 2),
            Head::Tag(_) => (Some(1), 1),
            Head::Break => return None,
            _ => return Some(()),
        };
        let deepest = deepest.checked_sub(1)?;
        let mut read = 0;
        while !self.is_over(count, read)? {
            for _ in 0..per_item {
                self.skip(deepest)?;
            }
            read += 1;
        }
        Some(())
    }
}

fn whole(head: Head) -> Option<i128> {
    match head {
        Head::Unsigned(number) => Some(i128::from(number)),
        Head::Negative(number) => Some(-1 - i128::from(number)),
        _ => None,
    }
}

/// The decimal text of a number.
fn number(head: Head) -> Option<String> {
    Some(match head {
        Head::Half(bits) => of_single(half(bits)),
        Head::Single(bits) => of_single(f32::from_bits(bits)),
        Head::Double(bits) => format!("{:?}", f64::from_bits(bits)),
        head => whole(head)?.to_string(),
    })
}

/// A number of 16 bits (IEEE 754 binary16).
fn half(bits: u16) -> f32 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 0b1_1111), f32::from(bits & 0x3ff));
    let size = match exponent {
        0 => fraction * 2f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1_024.0 + fraction) * 2f32.powi(exponent - 25),
    };
    if bits & 0x8000 == 0 { size } else { -size }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Option<Value<'_>> {
        Reader { bytes, at: 0 }.value()
    }

    fn text(bytes: &[u8]) -> String {
        match read(bytes) {
            Some(Value::Number(number)) => number.into_owned(),
            other => panic!("{bytes:x?}: {other:?}"),
        }
    }

    #[test]
    fn numbers_are_the_decimals_that_rfc_8949_says_they_are() {
        // Appendix A.
        for (bytes, expected) in [
            (&[0x00][..], "0"),
            (&[0x17], "23"),
            (&[0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "18446744073709551615"),
            (&[0x3b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "-18446744073709551616"),
            (&[0x39, 0x03, 0xe7], "-1000"),
            (&[0xf9, 0x3e, 0x00], "1.5"),
            (&[0xf9, 0x7b, 0xff], "65504.0"),
            (&[0xf9, 0x00, 0x01], "5.9604645e-8"),
            (&[0xf9, 0xc4, 0x00], "-4.0"),
            (&[0xfa, 0x47, 0xc3, 0x50, 0x00], "100000.0"),
            (&[0xfb, 0xc0, 0x10, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66], "-4.1"),
            (&[0xfa, 0x41, 0x93, 0x33, 0x33], "18.4"),
            (&[0xc4, 0x82, 0x21, 0x19, 0x6a, 0xb3], "27315e-2"),
            (&[0xc5, 0x82, 0x20, 0x03], "1.5"),
            (&[0xc4, 0x82, 0x21, 0xc2, 0x42, 0x6a, 0xb3], "27315e-2"),
            (&[0xc4, 0x82, 0x21, 0xc3, 0x42, 0x6a, 0xb3], "-27316e-2"),
            (&[0xc2, 0x49, 0x01, 0, 0, 0, 0, 0, 0, 0, 0], "18446744073709551616"),
            (&[0xc3, 0x49, 0x01, 0, 0, 0, 0, 0, 0, 0, 0], "-18446744073709551617"),
        ] {
            assert_eq!(text(bytes), expected, "{bytes:x?}");
        }
        assert!(
            matches!(read(&[0x7f, 0x62, b'a', b'b', 0x61, b'c', 0xff]), Some(Value::Text(text)) if text == "abc")
        );
    }

    #[test]
    fn safe_lengths_and_depths_that_are_not_there_are_not_believed() {
        let deep = [&[0x81; 100][..], &[0x00]].concat();
        for bytes in [
            &[][..],
            &[0x1c],
            &[0x62, b'a'],
            &[0x9f, 0x00],
            &[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0xff],
            &[0xc4, 0x82, 0x21, 0xc2, 0x42, 0x6a],
            &deep,
        ] {
            assert!(read(bytes).is_none(), "{bytes:x?}");
        }
    }

    #[test]
    fn a_number_that_is_none_of_an_instrument_is_no_number_and_breaks_nothing() {
        let long = [&[0xc4, 0x82, 0x21, 0xc2, 0x50][..], &[0xff; 16]].concat();
        for bytes in [
            &[0xc4, 0x82, 0x1a, 0xff, 0xff, 0xff, 0xff, 0x01][..],
            &[0xc4, 0x83, 0x21, 0x01, 0x01],
            &[0xc2, 0x5f, 0x41, 0x01, 0xff],
            &long,
        ] {
            let mut reader = Reader { bytes, at: 0 };
            assert!(matches!(reader.value(), Some(Value::Other)), "{bytes:x?}");
            assert_eq!(reader.at, bytes.len(), "what is behind it is read");
        }
    }
}
