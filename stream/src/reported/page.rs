//! What was said of one period of a form, packed and unpacked.
//!
//! A form's cells are kept for as long as the form is: ten years of a hundred forms are some ten million. As structures
//! they would be gigabytes, and they are looked at rarely: a message is about one period, or a few. So those of a
//! period lie packed beside each other, each about twenty bytes, with what they have in common (names, places, messages,
//! where values stand in a file) written once. A message unpacks the periods it touches, and at the end of its epoch
//! they are packed again. A checkpoint writes them as they lie.
//!
//! Behind the cells stands what agencies said of others without naming them ([`super::rest`]), if there is any: a page of a
//! checkpoint up to version 9 ends with its cells.

use std::{collections::BTreeMap, sync::Arc};

use ioc_model::{
    form::{CellKey, Mark, Owners, Period, Report, Rest, Value, Vintage},
    name::Name,
    place::Date,
    position::{Arrival, Position},
    time::ReceivedAt,
};
use rust_decimal::Decimal;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::rest::{RestSaid, Rests, WholeOf};

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

/// When what nobody says anything of any more is known to have arrived: before any word.
const NO_WORD: ReceivedAt = ReceivedAt(0);

impl Statement {
    /// That nothing is said of a cell any more of which something was shown: its message was read again. It stands in the
    /// place of a word, so that the next one is known to replace what is shown, and is none.
    pub(super) fn gone(self) -> Statement {
        Statement { arrival: Arrival { received_at: NO_WORD, ..self.arrival }, ..self }
    }

    /// Whether anybody says it.
    pub(super) fn is_word(&self) -> bool {
        self.arrival.received_at != NO_WORD
    }
}

/// Whose statement of a key, and how final. The order is that in which they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Voice {
    pub(super) agency: Name,
    pub(super) vintage: Vintage,
}

/// Everything that was said of one period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cells {
    said: BTreeMap<CellKey, BTreeMap<Voice, Statement>>,
    /// What was said of cells that were not named.
    pub(super) rests: Rests,
}

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

/// What was said of cells without naming them, behind [`Packed`] and by the numbers of its lists.
#[derive(Debug, Default, Serialize, Deserialize)]
struct PackedRests {
    /// Whose cells are by a form: indicator and agency.
    owners: Vec<Vec<(u32, Option<u32>)>>,
    /// Agency, vintage, place; what becomes of the rest.
    whole: Vec<(u32, Vintage, Option<Name>, Rest, PackedSaid)>,
    /// Indicator, breakdown, place; agency, vintage.
    left_out: Vec<(u32, u32, u32, u32, Vintage, PackedSaid)>,
}

/// Which message said so, and whose the cells are by its form.
#[derive(Debug, Serialize, Deserialize)]
struct PackedSaid {
    owners: u32,
    message: u32,
    row: u32,
}

impl Cells {
    /// What is said of a key.
    pub(super) fn of(&self, key: &CellKey) -> Option<&BTreeMap<Voice, Statement>> {
        self.said.get(key)
    }

    /// Every key that something is said of, in their order.
    pub(super) fn each(&self) -> impl Iterator<Item = (&CellKey, &BTreeMap<Voice, Statement>)> {
        self.said.iter()
    }

    /// What an agency says of it in that vintage.
    pub(super) fn statement(&self, key: &CellKey, voice: Voice) -> Option<&Statement> {
        self.said.get(key)?.get(&voice).filter(|said| said.is_word())
    }

    /// What the agency of a message said of a key before it, in vintages up to that one.
    pub(super) fn said_before(
        &self,
        key: &CellKey,
        report: &Report,
        newest: Vintage,
    ) -> impl Iterator<Item = (&Voice, &Statement)> {
        let (agency, arrival) = (report.agency, report.arrival);
        self.said.get(key).into_iter().flatten().filter(move |(voice, said)| {
            voice.agency == agency && voice.vintage <= newest && said.is_word() && said.arrival < arrival
        })
    }

    /// The same without what it took back.
    pub(super) fn stands(
        &self,
        key: &CellKey,
        report: &Report,
        newest: Vintage,
    ) -> impl Iterator<Item = (&Voice, &Statement)> {
        let said = self.said_before(key, report, newest);
        said.filter(|(_, said)| said.value.mark != Mark::Withdrawn)
    }

    /// Takes the agency's newest word.
    pub(super) fn say(&mut self, key: CellKey, voice: Voice, statement: Statement) {
        let _ = self.said.entry(key).or_default().insert(voice, statement);
    }

    /// What is shown of a key whose owner that is: the owner's highest vintage that is not taken back; the highest of all
    /// where all are. None where the owner said nothing.
    pub(super) fn shown_of(&self, key: &CellKey, owner: Name) -> Option<(Voice, &Statement)> {
        let of_owner = self.said.get(key)?.iter().filter(|(voice, _)| voice.agency == owner);
        let shown = of_owner
            .max_by_key(|(voice, said)| (said.value.mark != Mark::Withdrawn, said.is_word(), voice.vintage));
        shown.map(|(voice, said)| (*voice, said))
    }

    /// Whose key it is: what the word with the latest arrival says, whoever says it. None where nobody said anything.
    pub(super) fn owner(&self, key: &CellKey) -> Option<Name> {
        let last = self.said.get(key)?.iter().max_by_key(|(voice, said)| (said.arrival, **voice));
        last.map(|(_, said)| said.owner)
    }

    /// What is shown of a key.
    pub(super) fn shown(&self, key: &CellKey) -> Option<(Voice, &Statement)> {
        self.shown_of(key, self.owner(key)?)
    }

    /// All words, and whose they are.
    pub(super) fn statements(&self) -> impl Iterator<Item = (Voice, &Statement)> {
        let said = self.said.values().flatten().map(|(voice, said)| (*voice, said));
        said.filter(|(_, said)| said.is_word())
    }

    /// How many statements there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.said.values().map(BTreeMap::len).sum()
    }

    pub(super) fn packed(&self) -> Page {
        let mut packed = Packed::default();
        let (mut names, mut places, mut texts, mut messages) =
            (Numbers::default(), Numbers::default(), Numbers::default(), Numbers::default());
        for (key, voices) in &self.said {
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
        let (mut rests, mut owners) = (PackedRests::default(), Numbers::default());
        let mut message = |of: &RestSaid, names: &mut Numbers<Name>| {
            let Arrival { received_at, position, .. } = of.arrival;
            messages.of((names.of(of.feed), names.of(of.sender), received_at, position))
        };
        for (WholeOf { voice, place }, said) in &self.rests.whole {
            let (agency, message) = (names.of(voice.agency), message(said, &mut names));
            let (owners, row) = (owners.of(said.owners.clone()), said.arrival.row);
            let of = PackedSaid { owners, message, row };
            rests.whole.push((agency, voice.vintage, *place, said.rest, of));
        }
        for ((key, voice), said) in &self.rests.left_out {
            let (indicator, breakdown) = (names.of(key.indicator), names.of(key.breakdown));
            let place = places.of((key.place, key.place_from));
            let (agency, message) = (names.of(voice.agency), message(said, &mut names));
            let (owners, row) = (owners.of(said.owners.clone()), said.arrival.row);
            let of = PackedSaid { owners, message, row };
            rests.left_out.push((indicator, breakdown, place, agency, voice.vintage, of));
        }
        for owners in &owners.listed {
            let each = owners.each();
            let each =
                each.map(|(indicator, agency)| (names.of(indicator), agency.map(|agency| names.of(agency))));
            rests.owners.push(each.collect());
        }
        packed.names = names.listed;
        packed.places = places.listed;
        packed.texts = texts.listed;
        packed.messages = messages.listed;
        let mut bytes = postcard::to_stdvec(&packed).expect("plain lists can be encoded");
        if !self.rests.is_empty() {
            bytes = postcard::to_extend(&rests, bytes).expect("plain lists can be encoded");
        }
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
        let (packed, behind) = postcard::take_from_bytes(&self.0)?;
        let rests = if behind.is_empty() { PackedRests::default() } else { postcard::from_bytes(behind)? };
        let Packed { names, places, texts, messages, cells } = packed;
        let name = |number: u32| listed(&names, number).copied();
        let text = |number: u32| listed(&texts, number).cloned();
        let message = |number: u32, row: u32| {
            let (feed, sender, received_at, position) = *listed(&messages, number)?;
            Ok::<_, postcard::Error>((name(feed)?, name(sender)?, Arrival { received_at, position, row }))
        };
        let key = |indicator: u32, breakdown: u32, place: u32| {
            let (indicator, breakdown) = (name(indicator)?, name(breakdown)?);
            let (place, place_from) = *listed(&places, place)?;
            Ok::<_, postcard::Error>(CellKey { indicator, breakdown, place, place_from, period })
        };
        let mut unpacked = Cells::default();
        for cell in cells {
            let (feed, sender, arrival) = message(cell.message, cell.row)?;
            let number =
                |(digits, scale): (i128, u8)| Decimal::try_from_i128_with_scale(digits, u32::from(scale));
            let number = cell.number.map(number).transpose();
            let number = number.map_err(|_| postcard::Error::DeserializeBadEncoding)?;
            let voice = Voice { agency: name(cell.agency)?, vintage: cell.vintage };
            let statement = Statement {
                value: Value { mark: cell.mark, number },
                owner: name(cell.owner)?,
                feed,
                sender,
                arrival,
                at: text(cell.at)?,
                as_sent: text(cell.as_sent)?,
                note: text(cell.note)?,
            };
            unpacked.say(key(cell.indicator, cell.breakdown, cell.place)?, voice, statement);
        }
        let owners_of = |of: Vec<(u32, Option<u32>)>| {
            let each = of.into_iter().map(|(of, agency)| Ok((name(of)?, agency.map(name).transpose()?)));
            Ok(Arc::new(Owners::new(each.collect::<Result<Vec<_>, postcard::Error>>()?)))
        };
        let owners = rests.owners.into_iter().map(owners_of);
        let owners = owners.collect::<Result<Vec<Arc<Owners>>, postcard::Error>>()?;
        for (agency, vintage, place, rest, said) in rests.whole {
            let (feed, sender, arrival) = message(said.message, said.row)?;
            let owners = listed(&owners, said.owners)?.clone();
            let of = WholeOf { voice: Voice { agency: name(agency)?, vintage }, place };
            let _ = unpacked.rests.whole.insert(of, RestSaid { rest, owners, feed, sender, arrival });
        }
        for (indicator, breakdown, place, agency, vintage, said) in rests.left_out {
            let (feed, sender, arrival) = message(said.message, said.row)?;
            let owners = listed(&owners, said.owners)?.clone();
            let of = (key(indicator, breakdown, place)?, Voice { agency: name(agency)?, vintage });
            let said = RestSaid { rest: Rest::Withdrawn, owners, feed, sender, arrival };
            let _ = unpacked.rests.left_out.insert(of, said);
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
