//! What was said of one period of a form, packed and unpacked.
//!
//! A form's cells are kept for as long as the form is: ten years of a hundred forms are some ten million. As structures
//! they would be gigabytes, and they are looked at rarely: a message is about one period, or a few. So those of a
//! period lie packed beside each other, each about twenty bytes, with what they have in common (names, places, messages,
//! where values stand in a file) written once. A message unpacks the periods it touches, and at the end of its epoch
//! they are packed again. A checkpoint writes them as they lie.

use std::{collections::BTreeMap, sync::Arc};

use ioc_model::{
    form::{CellKey, Mark, Period, Report, Value, Vintage},
    name::Name,
    place::Date,
    position::{Arrival, Position},
    time::ReceivedAt,
};
use rust_decimal::Decimal;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// What one agency says of a cell in one vintage: its newest word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) value: Value,
    /// The agency whose word counts, as the form said when this was said.
    pub(super) owner: Name,
    pub(super) feed: Name,
    pub(super) sender: Name,
    pub(super) arrival: Arrival,
    pub(super) at: Arc<str>,
    pub(super) as_sent: Arc<str>,
    pub(super) note: Arc<str>,
}

/// Whose statement of a key, and how final. The order is that in which they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Voice {
    pub(super) agency: Name,
    pub(super) vintage: Vintage,
}

/// Everything that was said of one period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cells(BTreeMap<CellKey, BTreeMap<Voice, Statement>>);

/// The same, packed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Page(#[serde(with = "serde_bytes")] Vec<u8>);

#[derive(Debug, Default, Serialize, Deserialize)]
struct Packed {
    names: Vec<Name>,
    places: Vec<(Name, Date)>,
    texts: Vec<Arc<str>>,
    messages: Vec<(u32, u32, ReceivedAt, Position)>,
    cells: Vec<PackedCell>,
}

/// Numbers are places in the lists of [`Packed`].
#[derive(Debug, Serialize, Deserialize)]
struct PackedCell {
    indicator: u32,
    breakdown: u32,
    place: u32,
    agency: u32,
    vintage: Vintage,
    owner: u32,
    mark: Mark,
    /// Digits and how many of them stand behind the point.
    number: Option<(i128, u8)>,
    message: u32,
    row: u32,
    at: u32,
    as_sent: u32,
    note: u32,
}

impl Cells {
    /// What is said of a key.
    pub(super) fn of(&self, key: &CellKey) -> Option<&BTreeMap<Voice, Statement>> {
        self.0.get(key)
    }

    /// Every key that something is said of, in their order.
    pub(super) fn each(&self) -> impl Iterator<Item = (&CellKey, &BTreeMap<Voice, Statement>)> {
        self.0.iter()
    }

    /// What an agency says of it in that vintage.
    pub(super) fn statement(&self, key: &CellKey, voice: Voice) -> Option<&Statement> {
        self.0.get(key)?.get(&voice)
    }

    /// What the agency of a message said of a key before it, in vintages up to that one, and did not take back.
    pub(super) fn stands(
        &self,
        key: &CellKey,
        report: &Report,
        newest: Vintage,
    ) -> impl Iterator<Item = (&Voice, &Statement)> {
        let (agency, arrival) = (report.agency, report.arrival);
        self.0.get(key).into_iter().flatten().filter(move |(voice, said)| {
            voice.agency == agency
                && voice.vintage <= newest
                && said.value.mark != Mark::Withdrawn
                && said.arrival < arrival
        })
    }

    /// Takes the agency's newest word.
    pub(super) fn say(&mut self, key: CellKey, voice: Voice, statement: Statement) {
        let _ = self.0.entry(key).or_default().insert(voice, statement);
    }

    /// What is shown of a key: the owner's highest vintage that is not taken back; the highest of all where all are. None
    /// where the owner said nothing.
    pub(super) fn shown(&self, key: &CellKey, owner: Name) -> Option<(Voice, &Statement)> {
        let of_owner = self.0.get(key)?.iter().filter(|(voice, _)| voice.agency == owner);
        let shown = of_owner.max_by_key(|(voice, said)| (said.value.mark != Mark::Withdrawn, voice.vintage));
        shown.map(|(voice, said)| (*voice, said))
    }

    /// All of them, and whose they are.
    pub(super) fn statements(&self) -> impl Iterator<Item = (Voice, &Statement)> {
        self.0.values().flatten().map(|(voice, said)| (*voice, said))
    }

    /// How many statements there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.values().map(BTreeMap::len).sum()
    }

    pub(super) fn packed(&self) -> Page {
        let mut packed = Packed::default();
        let (mut names, mut places, mut texts, mut messages) =
            (Numbers::default(), Numbers::default(), Numbers::default(), Numbers::default());
        for (key, voices) in &self.0 {
            for (voice, said) in voices {
                let Arrival { received_at, position, row } = said.arrival;
                let (feed, sender) = (names.of(said.feed), names.of(said.sender));
                packed.cells.push(PackedCell {
                    indicator: names.of(key.indicator),
                    breakdown: names.of(key.breakdown),
                    place: places.of((key.place, key.place_from)),
                    agency: names.of(voice.agency),
                    vintage: voice.vintage,
                    owner: names.of(said.owner),
                    mark: said.value.mark,
                    number: said.value.number.map(|number| (number.mantissa(), number.scale() as u8)),
                    message: messages.of((feed, sender, received_at, position)),
                    row,
                    at: texts.of(said.at.clone()),
                    as_sent: texts.of(said.as_sent.clone()),
                    note: texts.of(said.note.clone()),
                });
            }
        }
        packed.names = names.listed;
        packed.places = places.listed;
        packed.texts = texts.listed;
        packed.messages = messages.listed;
        let mut bytes = postcard::to_stdvec(&packed).expect("plain lists can be encoded");
        bytes.shrink_to_fit();
        Page(bytes)
    }
}

impl Page {
    /// How many bytes it is.
    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        self.0.len()
    }

    /// What is in it.
    ///
    /// # Errors
    /// If it is not what [`Cells::packed`] made: a checkpoint that passed its checksum was written by another program.
    pub(super) fn unpacked(&self, period: Period) -> Result<Cells, postcard::Error> {
        let Packed { names, places, texts, messages, cells } = postcard::from_bytes(&self.0)?;
        let mut unpacked = Cells::default();
        for cell in cells {
            let name = |number: u32| listed(&names, number).copied();
            let text = |number: u32| listed(&texts, number).cloned();
            let (place, place_from) = *listed(&places, cell.place)?;
            let (feed, sender, received_at, position) = *listed(&messages, cell.message)?;
            let number =
                |(digits, scale): (i128, u8)| Decimal::try_from_i128_with_scale(digits, u32::from(scale));
            let number = cell.number.map(number).transpose();
            let number = number.map_err(|_| postcard::Error::DeserializeBadEncoding)?;
            let key = CellKey {
                indicator: name(cell.indicator)?,
                breakdown: name(cell.breakdown)?,
                place,
                place_from,
                period,
            };
            let voice = Voice { agency: name(cell.agency)?, vintage: cell.vintage };
            let statement = Statement {
                value: Value { mark: cell.mark, number },
                owner: name(cell.owner)?,
                feed: name(feed)?,
                sender: name(sender)?,
                arrival: Arrival { received_at, position, row: cell.row },
                at: text(cell.at)?,
                as_sent: text(cell.as_sent)?,
                note: text(cell.note)?,
            };
            unpacked.say(key, voice, statement);
        }
        Ok(unpacked)
    }
}

fn listed<T>(list: &[T], number: u32) -> Result<&T, postcard::Error> {
    list.get(number as usize).ok_or(postcard::Error::DeserializeBadEncoding)
}

/// Gives numbers to what comes up, in that order: the same cells are packed into the same bytes.
struct Numbers<T> {
    listed: Vec<T>,
    known: FxHashMap<T, u32>,
}

impl<T> Default for Numbers<T> {
    fn default() -> Numbers<T> {
        Numbers { listed: Vec::new(), known: FxHashMap::default() }
    }
}

impl<T: Clone + Eq + std::hash::Hash> Numbers<T> {
    fn of(&mut self, item: T) -> u32 {
        if let Some(number) = self.known.get(&item) {
            return *number;
        }
        let number = u32::try_from(self.listed.len()).expect("fewer than 2^32 cells of a period");
        self.listed.push(item.clone());
        let _ = self.known.insert(item, number);
        number
    }
}
