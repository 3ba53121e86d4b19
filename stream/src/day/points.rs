//! Points in time order, in two columns.
//!
//! A point is looked for by its time alone. The times of all open points of a series lie within a few lines of memory,
//! so that looking for one does not read a line for every point it is compared with.

use ioc_model::observation::Quality;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::Point;

/// The last millisecond of a day a point can have: six days and a bit, and no day is as long.
pub(crate) const LATEST: u32 = u32::MAX >> QUALITY_BITS;
const QUALITY_BITS: u32 = 3;

#[derive(Clone, Debug, Default)]
pub(super) struct Points {
    /// Milliseconds since the start of the day, and below them the quality: neither needs all of its bits.
    when: Vec<u32>,
    rest: Vec<Rest>,
}

/// What of a point is not its time or quality: half a line.
#[derive(Clone, Copy, Debug)]
struct Rest {
    value: f64,
    received_at: i64,
    offset: u64,
    row: u32,
    log: u16,
    partition: u16,
}

impl Points {
    pub(super) fn len(&self) -> usize {
        self.when.len()
    }

    #[inline]
    pub(super) fn last_at(&self) -> Option<u32> {
        self.when.last().map(|when| when >> QUALITY_BITS)
    }

    /// How many lie before a moment.
    #[inline]
    pub(super) fn before(&self, at: u32) -> usize {
        // All are compared: there are few, many go into one instruction, and none of it has to be guessed.
        let bound = at << QUALITY_BITS;
        self.when.iter().filter(|when| **when < bound).count()
    }

    /// Where the point of a moment is, or where it would be.
    #[inline]
    pub(super) fn find(&self, at: u32) -> Result<usize, usize> {
        let index = self.before(at);
        match self.when.get(index) {
            Some(when) if when >> QUALITY_BITS == at => Ok(index),
            _ => Err(index),
        }
    }

    #[inline]
    pub(super) fn at(&self, index: usize) -> Option<u32> {
        self.when.get(index).map(|when| when >> QUALITY_BITS)
    }

    #[inline]
    pub(super) fn get(&self, index: usize) -> Point {
        let (when, Rest { value, received_at, offset, row, log, partition }) =
            (self.when[index], self.rest[index]);
        let at = when >> QUALITY_BITS;
        let quality = (when & ((1 << QUALITY_BITS) - 1)) as u8;
        let quality = Quality::from_u8(quality).expect("what was put in was a quality");
        Point { at, row, value, received_at, offset, log, partition, quality }
    }

    pub(super) fn set(&mut self, index: usize, point: &Point) {
        (self.when[index], self.rest[index]) = columns(point);
    }

    /// Puts a point where [`find`](Points::find) did not find it.
    #[inline]
    pub(super) fn insert(&mut self, index: usize, point: &Point) {
        let (when, rest) = columns(point);
        self.when.insert(index, when);
        self.rest.insert(index, rest);
    }

    /// Takes out the first ones.
    pub(super) fn forget_first(&mut self, count: usize) {
        let _ = self.when.drain(..count);
        let _ = self.rest.drain(..count);
    }

    /// Makes room for so many in all, and no more.
    pub(super) fn room_for(&mut self, count: usize) {
        self.when.reserve_exact(count - self.when.len());
        self.rest.reserve_exact(count - self.rest.len());
    }

    pub(super) fn is_full(&self) -> bool {
        self.rest.len() == self.rest.capacity()
    }

    #[inline]
    pub(super) fn range(&self, range: std::ops::Range<usize>) -> impl ExactSizeIterator<Item = Point> {
        range.map(|index| self.get(index))
    }

    /// Reads a little of what the next row needs, so that it is in a cache.
    #[inline]
    pub(super) fn glance(&self) -> u64 {
        let [first, last] =
            [self.when.first(), self.when.last()].map(|when| when.copied().unwrap_or_default());
        u64::from(first ^ last) ^ self.rest.last().map_or(0, |rest| rest.offset)
    }
}

#[inline]
fn columns(point: &Point) -> (u32, Rest) {
    let Point { at, row, value, received_at, offset, log, partition, quality } = *point;
    debug_assert!(at <= LATEST, "a day has fewer milliseconds than {at}");
    (at << QUALITY_BITS | quality as u32, Rest { value, received_at, offset, row, log, partition })
}

impl FromIterator<Point> for Points {
    fn from_iter<I: IntoIterator<Item = Point>>(points: I) -> Points {
        let (when, rest) = points.into_iter().map(|point| columns(&point)).unzip();
        Points { when, rest }
    }
}

impl Serialize for Points {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.range(0..self.len()))
    }
}

impl<'de> Deserialize<'de> for Points {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Points, D::Error> {
        let points = Vec::<Point>::deserialize(deserializer)?;
        // It would be kept as another moment.
        match points.iter().find(|point| point.at > LATEST) {
            Some(Point { at, .. }) => {
                Err(D::Error::custom(format_args!("a day has fewer milliseconds than {at}")))
            }
            None => Ok(Points::from_iter(points)),
        }
    }
}
