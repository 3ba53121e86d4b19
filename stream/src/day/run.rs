//! Points that lie far enough behind the newest ones, packed: about ten bytes a point instead of forty.
//!
//! A day keeps every point it was sent until it leaves the state, because a late row may still revise any window of
//! it. Nearly all of them are never looked at again, so all but the newest lie in runs: in time order, each point as
//! its difference to the one before. A sensor's readings are decimal numbers of a few digits, a few thousand
//! milliseconds and a few positions apart, so the differences are short.
//!
//! A point, little-endian; numbers are LEB128, signed ones zigzag:
//!
//! ```text
//! later by (ms) | flags u8 | value | quality u8? | received later by? | log u16, partition u16? | offset by? | row by?
//! ```
//!
//! The low three bits of the flags say how the value is written: 0 to 3 as a whole number of 10⁻ⁿ, 4 as its eight
//! bytes, 5 as the value before it. The others say which of the parts with a question mark there are; one that is
//! not there is as it was.

use ioc_model::observation::Quality;
use serde::{Deserialize, Serialize};

use super::Point;

const RAW: u8 = 4;
const SAME: u8 = 5;
const HOW: u8 = 0b111;
const OTHER_QUALITY: u8 = 1 << 3;
const OTHER_MOMENT: u8 = 1 << 4;
const OTHER_PARTITION: u8 = 1 << 5;
const OTHER_OFFSET: u8 = 1 << 6;
const OTHER_ROW: u8 = 1 << 7;

const POWERS: [f64; 4] = [1.0, 10.0, 100.0, 1_000.0];
/// Bytes of a point, roughly.
const LIKELY: usize = 12;
/// Whole numbers below it are doubles, and their quotients by a power of ten are correctly rounded.
const EXACT: u64 = 9_000_000_000_000_000;

/// At least one point, in time order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) first: u32,
    /// The newest point, which the next is written as a difference to.
    last: Point,
    count: u32,
    #[serde(with = "serde_bytes")]
    bytes: Vec<u8>,
}

impl Run {
    /// A run of some points.
    ///
    /// # Panics
    /// If there are none.
    pub(super) fn of(points: impl ExactSizeIterator<Item = Point>) -> Run {
        let mut points = points.peekable();
        let first = points.peek().expect("a run has a point").at;
        let mut run = Run { first, last: Point::ORIGIN, count: 0, bytes: Vec::new() };
        run.append(points);
        run
    }

    /// Adds points that all lie behind its last one.
    pub(super) fn append(&mut self, points: impl ExactSizeIterator<Item = Point>) {
        let more = points.len();
        let mut packed = [0; 64];
        let mut bytes = std::mem::take(&mut self.bytes);
        if bytes.capacity() - bytes.len() < more * LIKELY && self.count > 0 {
            // The rest of a run is much like its beginning: room for all of it at once, and little more.
            let full = bytes.len() * super::RUN_POINTS / self.len();
            bytes.reserve_exact((full + full / 32).saturating_sub(bytes.len()).max(more * LIKELY));
        }
        for point in points {
            debug_assert!(self.bytes.is_empty() || point.at > self.last.at);
            let length = pack(&self.last, &point, &mut packed);
            bytes.extend_from_slice(&packed[..length]);
            self.last = point;
        }
        self.bytes = bytes;
        self.count += u32::try_from(more).expect("a day has fewer than 2^32 points");
    }

    /// Gives back the room it will not need any more, if that is worth a copy.
    pub(super) fn finish(&mut self) {
        if self.bytes.capacity() > self.bytes.len() + self.bytes.len() / 8 {
            self.bytes.shrink_to_fit();
        }
    }

    pub(super) fn last(&self) -> u32 {
        self.last.at
    }

    pub(super) fn len(&self) -> usize {
        self.count as usize
    }

    pub(super) fn points(&self) -> RunPoints<'_> {
        RunPoints { bytes: &self.bytes, before: Point::ORIGIN }
    }
}

/// The points of a run.
#[derive(Debug)]
pub(super) struct RunPoints<'a> {
    bytes: &'a [u8],
    before: Point,
}

impl Iterator for RunPoints<'_> {
    type Item = Point;

    /// Ends early where the bytes are none of ours: a checkpoint's checksum was right, so there are none.
    #[inline]
    fn next(&mut self) -> Option<Point> {
        if self.bytes.is_empty() {
            return None;
        }
        let point = unpack(&self.before, &mut self.bytes)?;
        self.before = point;
        Some(point)
    }
}

struct Packer<'a> {
    into: &'a mut [u8; 64],
    length: usize,
}

impl Packer<'_> {
    #[inline]
    fn byte(&mut self, byte: u8) {
        self.into[self.length] = byte;
        self.length += 1;
    }

    #[inline]
    fn bytes(&mut self, bytes: &[u8]) {
        self.into[self.length..self.length + bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }

    #[inline]
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.byte(number as u8 | 0x80);
            number >>= 7;
        }
        self.byte(number as u8);
    }

    #[inline]
    fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)) as u64);
    }
}

/// At most 5 + 1 + 10 + 1 + 10 + 4 + 10 + 10 bytes.
#[inline]
fn pack(before: &Point, point: &Point, into: &mut [u8; 64]) -> usize {
    let mut packer = Packer { into, length: 0 };
    packer.number(u64::from(point.at.wrapping_sub(before.at)));
    let (how, whole) = value_as(before.value, point.value);
    let flag = |differs: bool, flag: u8| if differs { flag } else { 0 };
    let flags = how
        | flag(point.quality != before.quality, OTHER_QUALITY)
        | flag(point.received_at != before.received_at, OTHER_MOMENT)
        | flag((point.log, point.partition) != (before.log, before.partition), OTHER_PARTITION)
        | flag(point.offset != before.offset, OTHER_OFFSET)
        | flag(point.row != before.row, OTHER_ROW);
    packer.byte(flags);
    match how {
        SAME => {}
        RAW => packer.bytes(&point.value.to_le_bytes()),
        _ => packer.signed(whole),
    }
    if flags & OTHER_QUALITY != 0 {
        packer.byte(point.quality as u8);
    }
    if flags & OTHER_MOMENT != 0 {
        packer.signed(point.received_at.wrapping_sub(before.received_at));
    }
    if flags & OTHER_PARTITION != 0 {
        packer.bytes(&point.log.to_le_bytes());
        packer.bytes(&point.partition.to_le_bytes());
    }
    if flags & OTHER_OFFSET != 0 {
        packer.signed(point.offset.wrapping_sub(before.offset) as i64);
    }
    if flags & OTHER_ROW != 0 {
        packer.signed(i64::from(point.row) - i64::from(before.row));
    }
    packer.length
}

/// How a value is written, and the whole number it is then.
#[inline]
fn value_as(before: f64, value: f64) -> (u8, i64) {
    if value.to_bits() == before.to_bits() {
        return (SAME, 0);
    }
    for (digits, power) in POWERS.iter().enumerate() {
        // To the nearest whole number, in instructions every machine has.
        let scaled = value * power;
        let whole = (scaled + 0.5f64.copysign(scaled)) as i64;
        if whole.unsigned_abs() < EXACT && (whole as f64 / power).to_bits() == value.to_bits() {
            return (digits as u8, whole);
        }
    }
    (RAW, 0)
}

#[inline]
fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

#[inline]
fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[inline]
fn signed(bytes: &mut &[u8]) -> Option<i64> {
    let number = number(bytes)?;
    Some((number >> 1) as i64 ^ -((number & 1) as i64))
}

#[inline]
fn unpack(before: &Point, bytes: &mut &[u8]) -> Option<Point> {
    let mut point = *before;
    point.at = before.at.wrapping_add(number(bytes)? as u32);
    let flags = take(bytes, 1)?[0];
    match flags & HOW {
        SAME => {}
        RAW => point.value = f64::from_le_bytes(take(bytes, 8)?.try_into().ok()?),
        digits => point.value = signed(bytes)? as f64 / POWERS.get(usize::from(digits))?,
    }
    if flags & OTHER_QUALITY != 0 {
        point.quality = Quality::from_u8(take(bytes, 1)?[0])?;
    }
    if flags & OTHER_MOMENT != 0 {
        point.received_at = before.received_at.wrapping_add(signed(bytes)?);
    }
    if flags & OTHER_PARTITION != 0 {
        point.log = u16::from_le_bytes(take(bytes, 2)?.try_into().ok()?);
        point.partition = u16::from_le_bytes(take(bytes, 2)?.try_into().ok()?);
    }
    if flags & OTHER_OFFSET != 0 {
        point.offset = before.offset.wrapping_add(signed(bytes)? as u64);
    }
    if flags & OTHER_ROW != 0 {
        point.row = u32::try_from(i64::from(before.row) + signed(bytes)?).ok()?;
    }
    Some(point)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value() -> impl Strategy<Value = f64> {
        prop_oneof![
            (-100_000i64..100_000).prop_map(|cents| cents as f64 / 100.0),
            (-100_000i64..100_000).prop_map(|mills| mills as f64 / 1_000.0),
            Just(0.0),
            Just(f64::MAX),
            Just(f64::MIN_POSITIVE),
            any::<u64>().prop_map(f64::from_bits).prop_filter("finite", |value| value.is_finite()),
        ]
    }

    prop_compose! {
        fn point()(
            at in 1u32..100_000,
            row: u32,
            value in value(),
            received_at: i64,
            offset in prop_oneof![0u64..10_000, any::<u64>()],
            log in 0u16..2,
            partition in 0u16..3,
            quality in 0u8..5,
        ) -> Point {
            let quality = Quality::from_u8(quality).unwrap();
            Point { at, row, value, received_at, offset, log, partition, quality }
        }
    }

    proptest! {
        #[test]
        fn batch_what_is_packed_comes_back_bit_for_bit(
            mut points in proptest::collection::vec(point(), 1..40),
            cut in 1usize..40,
        ) {
            let mut at = 0;
            for point in &mut points {
                at += point.at;
                point.at = at;
            }
            let (head, tail) = points.split_at(cut.min(points.len()));
            let mut run = Run::of(head.iter().copied());
            run.append(tail.iter().copied());
            let bits = |point: &Point| (point.value.to_bits(), format!("{point:?}"));
            let back: Vec<_> = run.points().map(|point| bits(&point)).collect();
            prop_assert_eq!(back, points.iter().map(bits).collect::<Vec<_>>());
            prop_assert_eq!((run.first, run.last(), run.len()), (points[0].at, at, points.len()));
        }
    }

    #[test]
    fn a_sensors_readings_take_about_ten_bytes() {
        let point = |number: u32| Point {
            at: number * 5_000,
            row: number * 37 % 500,
            value: f64::from(number * 7_919 % 10_000) / 100.0,
            received_at: 1_767_225_600_000 + i64::from(number) * 5_003,
            offset: u64::from(number) * 200,
            log: 1,
            partition: 1,
            quality: Quality::Good,
        };
        let run = Run::of((1..101).map(point));
        assert!(run.bytes.len() < 1_300, "{} bytes for 100 points", run.bytes.len());
    }
}
