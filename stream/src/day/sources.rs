//! Who sent what a day holds.
//!
//! A version that becomes current again is stored again, with all that its row said: also by which feed and by whom it
//! came. Most days have one source, so that is kept once. Some are told by several in turn, two channels of a logger or
//! the members of a cluster, and then every other point is another's. That is hardly ever asked, so it is noted in the
//! order of arrival, each as its difference to the one before, four or five bytes a point, and who asks reads the day's.
//! (A table by place took ten times as much, half of the memory and a fifth of the work of a center whose stations are
//! each told by four senders.)

use ioc_model::{
    names::Source,
    position::{Arrival, LogNumber, Offset, Partition, Position},
};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// The sources of a day's points, those included that are not current.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DaySources {
    main: Option<Source>,
    /// Few days have any; a day without takes no room for them.
    rest: Option<Box<Rest>>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Rest {
    others: Vec<Source>,
    elsewhere: Elsewhere,
}

/// Where rows lie that came from another source, and which of the others: notes in the order in which they were made.
///
/// A note: which and what differs | log, partition? | offset by | row by?; numbers are LEB128, signed ones zigzag.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Elsewhere {
    /// What the next note is written as a difference to.
    last: Place,
    #[serde(with = "serde_bytes")]
    notes: Vec<u8>,
}

/// Where a row lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    position: Position,
    row: u32,
}

const OTHER_PARTITION: u64 = 1;
const OTHER_ROW: u64 = 2;
const FLAGS: u32 = 2;

impl DaySources {
    /// Notes who sent what arrived there.
    #[inline]
    pub(super) fn note(&mut self, arrival: &Arrival, source: Source) {
        match self.main {
            Some(main) if main == source => {}
            Some(_) => self.rest.get_or_insert_default().note(Place::of(arrival), source),
            None => self.main = Some(source),
        }
    }

    /// Who sent what arrived there; nobody, for a day that was loaded from before this was kept.
    pub(super) fn of(&self, arrival: &Arrival) -> Source {
        let other = self.rest.as_ref().and_then(|rest| {
            let place = Place::of(arrival);
            let (_, number) = rest.elsewhere.notes().filter(|(noted, _)| *noted == place).last()?;
            rest.others.get(number)
        });
        other.copied().or(self.main).unwrap_or_default()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.main.is_none()
    }
}

impl Rest {
    fn note(&mut self, place: Place, source: Source) {
        let known = self.others.iter().position(|other| *other == source);
        let number = known.unwrap_or_else(|| {
            self.others.push(source);
            self.others.len() - 1
        });
        self.elsewhere.note(place, number);
    }
}

impl Elsewhere {
    fn note(&mut self, place: Place, number: usize) {
        let Elsewhere { last, notes } = self;
        if notes.capacity() - notes.len() < 40 {
            // A hundred thousand days must not each have room for twice what they hold.
            notes.reserve_exact((notes.len() / 4).max(64));
        }
        let moved =
            place.position.log != last.position.log || place.position.partition != last.position.partition;
        let differs = |so: bool, flag: u64| if so { flag } else { 0 };
        let flags = differs(moved, OTHER_PARTITION) | differs(place.row != last.row, OTHER_ROW);
        put(notes, (number as u64) << FLAGS | flags);
        if moved {
            put(notes, u64::from(place.position.log.0));
            put(notes, u64::from(place.position.partition.0));
        }
        put(notes, zigzag(place.position.offset.0.wrapping_sub(last.position.offset.0)));
        if place.row != last.row {
            put(notes, zigzag(u64::from(place.row).wrapping_sub(u64::from(last.row))));
        }
        *last = place;
    }

    fn notes(&self) -> impl Iterator<Item = (Place, usize)> {
        let mut bytes = &*self.notes;
        let mut place = Place::default();
        std::iter::from_fn(move || {
            let head = take(&mut bytes)?;
            if head & OTHER_PARTITION != 0 {
                place.position.log = LogNumber(u16::try_from(take(&mut bytes)?).ok()?);
                place.position.partition = Partition(u16::try_from(take(&mut bytes)?).ok()?);
            }
            let offset = place.position.offset.0.wrapping_add(unzigzag(take(&mut bytes)?));
            place.position.offset = Offset(offset);
            if head & OTHER_ROW != 0 {
                place.row = u64::from(place.row).wrapping_add(unzigzag(take(&mut bytes)?)) as u32;
            }
            Some((place, usize::try_from(head >> FLAGS).ok()?))
        })
    }
}

impl Place {
    fn of(arrival: &Arrival) -> Place {
        Place { position: arrival.position, row: arrival.row }
    }

    /// From [`Arrival::place`].
    fn of_number(place: u128) -> Place {
        let position = Position {
            log: LogNumber((place >> 112) as u16),
            partition: Partition((place >> 96) as u16),
            offset: Offset((place >> 32) as u64),
        };
        Place { position, row: place as u32 }
    }
}

fn zigzag(difference: u64) -> u64 {
    difference << 1 ^ ((difference as i64) >> 63) as u64
}

fn unzigzag(number: u64) -> u64 {
    number >> 1 ^ (number & 1).wrapping_neg()
}

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// The next number; none at the end, or where the bytes are none of ours.
fn take(bytes: &mut &[u8]) -> Option<u64> {
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

/// [`DaySources`] as checkpoints up to version 7 keep them: by place.
#[derive(Debug, Deserialize)]
pub struct SourcesByPlace {
    main: Option<Source>,
    rest: Option<(Vec<Source>, FxHashMap<u128, u32>)>,
}

impl From<SourcesByPlace> for DaySources {
    fn from(SourcesByPlace { main, rest }: SourcesByPlace) -> DaySources {
        let rest = rest.map(|(others, elsewhere)| {
            let mut places: Vec<(u128, u32)> = elsewhere.into_iter().collect();
            places.sort_unstable();
            let mut elsewhere = Elsewhere::default();
            places
                .iter()
                .for_each(|(place, number)| elsewhere.note(Place::of_number(*place), *number as usize));
            Box::new(Rest { others, elsewhere })
        });
        DaySources { main, rest }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn arrival(row: u32) -> Arrival {
        Arrival { row, ..Arrival::default() }
    }

    #[test]
    fn who_every_row_came_from_is_known_and_the_main_source_costs_nothing() {
        let source = |feed: &str| Source { feed: feed.into(), sender: format!("{feed}-login").into() };
        let mut sources = DaySources::default();
        assert_eq!(sources.of(&arrival(0)), Source::default());
        for (row, feed) in [(0, "air"), (1, "file"), (2, "air"), (3, "file"), (4, "push")] {
            sources.note(&arrival(row), source(feed));
        }
        assert_eq!(sources.of(&arrival(2)), source("air"));
        assert_eq!(sources.of(&arrival(3)), source("file"));
        assert_eq!(sources.of(&arrival(4)), source("push"));
        assert_eq!(sources.rest.unwrap().elsewhere.notes().count(), 3);
    }

    fn placed(place: u128) -> Arrival {
        let Place { position, row } = Place::of_number(place);
        Arrival { position, row, ..Arrival::default() }
    }

    proptest! {
        #[test]
        fn whoever_sent_a_row_is_told_wherever_it_lies_and_after_a_checkpoint(
            rows in proptest::collection::btree_map(any::<u128>(), 0u8..5, 1..60),
        ) {
            let source = |number: &u8| Source { feed: "air".into(), sender: format!("gw-{number}").as_str().into() };
            let mut sources = DaySources::default();
            // Not in the order of their places.
            let mut order: Vec<(&u128, &u8)> = rows.iter().collect();
            order.sort_by_key(|(place, _)| (*place).rotate_left(40));
            for (place, number) in order {
                prop_assert_eq!(placed(*place).place(), *place);
                sources.note(&placed(*place), source(number));
            }
            let again: DaySources = postcard::from_bytes(&postcard::to_stdvec(&sources).unwrap()).unwrap();
            prop_assert_eq!(&again, &sources);
            for (place, number) in &rows {
                prop_assert_eq!(again.of(&placed(*place)), source(number));
            }
        }
    }

    #[test]
    fn a_day_told_by_four_in_turn_takes_a_few_bytes_a_point() {
        let source =
            |number: u64| Source { feed: "air".into(), sender: format!("gw-{number}").as_str().into() };
        let mut sources = DaySources::default();
        for point in 0..1_000 {
            let position = Position {
                offset: Offset(point * 700),
                partition: Partition((point % 2) as u16),
                ..Position::default()
            };
            sources.note(&Arrival { position, row: 3, ..Arrival::default() }, source(point % 4));
        }
        let notes = sources.rest.unwrap().elsewhere.notes;
        assert!(notes.len() < 750 * 6, "{}", notes.len());
        assert!(notes.capacity() < notes.len() * 4 / 3);
    }

    #[test]
    fn what_version_7_kept_by_place_is_known_by_place() {
        let source = |sender: &str| Source { feed: "air".into(), sender: sender.into() };
        let mut sources = DaySources::default();
        let places = [5, 77 << 32 | 1, 9 << 112 | 2 << 96 | 12 << 32 | 3];
        let others = [source("b"), source("c")];
        let elsewhere: FxHashMap<u128, u32> = places.iter().copied().zip([0, 1, 0]).collect();
        let written = postcard::to_stdvec(&(Some(source("a")), Some((&others[..], &elsewhere)))).unwrap();
        let read: SourcesByPlace = postcard::from_bytes(&written).unwrap();
        sources.clone_from(&read.into());
        let told = places.map(|place| sources.of(&placed(place)).sender.to_string());
        assert_eq!(told, ["b", "c", "b"]);
        assert_eq!(sources.of(&placed(6)), source("a"));
    }
}
