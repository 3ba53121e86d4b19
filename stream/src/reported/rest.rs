//! What agencies said of cells without naming them.
//!
//! A list is the whole of its agency's word on a period: what it does not count is 0. A table may take back what it leaves
//! out. Either goes for all that its agency said before, also for what is worked through later: a message that was refused
//! and is read again keeps its arrival, and what it alone counts was not so any more when the next list came. So the last
//! such word is kept: of whole messages one an agency, place and vintage, of cells that were left out one a cell, as long as
//! it may be another's answer. Whoever works through a word that arrived before it says what became of that (BATCH).
//!
//! The last is enough: what a whole message says of a cell depends on nothing that was said of it before. Where one agency
//! sends whole messages of a period in several vintages, and the last of them names a cell in another vintage than an
//! earlier word on it has, that word stands.

use std::{collections::BTreeMap, sync::Arc};

use ioc_model::{
    form::{CellKey, Mark, Owners, Report, Rest, Value, Vintage},
    name::Name,
    position::{Arrival, Position},
};
use rust_decimal::Decimal;

use super::page::{Cells, Statement, Voice};

/// Of how many dimensions a breakdown may be for its parts to be told apart: no form has more.
const DIMENSIONS_MAX: usize = 6;

/// Of what a whole message is the whole: all that its agency says up to that vintage, or that of one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct WholeOf {
    pub(super) voice: Voice,
    pub(super) place: Option<Name>,
}

/// That a message said what becomes of cells that it does not name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RestSaid {
    pub(super) rest: Rest,
    /// Whose those cells are by its form.
    pub(super) owners: Arc<Owners>,
    pub(super) feed: Name,
    pub(super) sender: Name,
    /// The first row behind its own.
    pub(super) arrival: Arrival,
}

/// What was said so of one period. A voice is an agency and the highest vintage that it is said of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rests {
    pub(super) whole: BTreeMap<WholeOf, RestSaid>,
    /// Of cells of which the agency had not said everything yet, that they are taken back.
    pub(super) left_out: BTreeMap<(CellKey, Voice), RestSaid>,
}

impl RestSaid {
    fn of(report: &Report, rest: Rest) -> RestSaid {
        let arrival = Arrival { row: report.rows, ..report.arrival };
        let owners = report.owners.clone();
        RestSaid { rest, owners, feed: report.feed, sender: report.sender, arrival }
    }

    /// Whether a statement is the message's own word, and none that it says beside its cells.
    fn names(&self, said: &Statement) -> bool {
        said.arrival.position == self.arrival.position && said.arrival.row < self.arrival.row
    }

    /// Whether a statement came with the message's cells or since.
    fn is_not_behind(&self, said: &Statement) -> bool {
        match said.arrival.position == self.arrival.position {
            true => self.names(said),
            false => self.arrival < said.arrival,
        }
    }
}

impl Rests {
    pub(super) fn is_empty(&self) -> bool {
        self.whole.is_empty() && self.left_out.is_empty()
    }

    /// A message is the whole of what its agency says, up to that vintage.
    pub(super) fn note_whole(&mut self, report: &Report, place: Option<Name>, newest: Vintage, rest: Rest) {
        let of = WholeOf { voice: Voice { agency: report.agency, vintage: newest }, place };
        note(&mut self.whole, of, RestSaid::of(report, rest));
    }

    /// A message takes back a cell, up to that vintage.
    pub(super) fn note_left_out(&mut self, report: &Report, key: &CellKey, newest: Vintage) {
        let of = (*key, Voice { agency: report.agency, vintage: newest });
        note(&mut self.left_out, of, RestSaid::of(report, Rest::Withdrawn));
    }
}

impl Rests {
    /// Forgets what a message that is read again had said so; of which cells it was known that it leaves them out.
    pub(super) fn forget(&mut self, message: Position) -> Vec<CellKey> {
        self.whole.retain(|_, said| said.arrival.position != message);
        let mut left_out = Vec::new();
        self.left_out.retain(|(key, _), said| {
            let is_kept = said.arrival.position != message;
            left_out.extend(Some(*key).filter(|_| !is_kept));
            is_kept
        });
        left_out
    }
}

/// The last one counts, in whatever order they are worked through.
fn note<K: Ord>(last: &mut BTreeMap<K, RestSaid>, of: K, said: RestSaid) {
    if last.get(&of).is_none_or(|known| known.arrival < said.arrival) {
        let _ = last.insert(of, said);
    }
}

impl Cells {
    /// What another message of the agency, which arrived later, said of a cell without naming it, and what value that is.
    pub(super) fn rest_since(
        &self,
        key: &CellKey,
        voice: Voice,
        arrival: Arrival,
    ) -> Option<(RestSaid, Value)> {
        let reaches = |of: &Voice| of.agency == voice.agency && of.vintage >= voice.vintage;
        let of_place = |of: &WholeOf| of.place.is_none_or(|place| place == key.place);
        let whole = self.rests.whole.iter().filter(|(of, said)| {
            reaches(&of.voice) && of_place(of) && !self.is_named(key, voice.agency, said)
        });
        let above = Vintage::ALL.into_iter().filter(|vintage| *vintage >= voice.vintage);
        let left_out =
            above.filter_map(|vintage| self.rests.left_out.get(&(*key, Voice { vintage, ..voice })));
        // Of one message that says both the whole goes first, as where it is worked through in time.
        let last = left_out
            .chain(whole.map(|(_, said)| said))
            .filter(|said| said.arrival.position != arrival.position && said.arrival > arrival)
            .max_by_key(|said| said.arrival)?;
        let value = match last.rest {
            Rest::Nought if !self.is_divided(key, voice.agency, last) => Value::of(Decimal::ZERO),
            Rest::Nought | Rest::Withdrawn => Value::without(Mark::Withdrawn),
        };
        Some((last.clone(), value))
    }

    /// Whether an agency named a cell in the message that said this, in any vintage.
    fn is_named(&self, key: &CellKey, agency: Name, rest: &RestSaid) -> bool {
        let mut said = self.of(key).into_iter().flatten();
        said.any(|(voice, said)| voice.agency == agency && said.is_word() && rest.names(said))
    }

    /// Whether what an agency says since then is divided further than a cell: it has none of what is no part.
    fn is_divided(&self, key: &CellKey, agency: Name, rest: &RestSaid) -> bool {
        let of = |other: &CellKey| {
            (other.indicator, other.place, other.place_from) == (key.indicator, key.place, key.place_from)
        };
        let parts = self.each().filter(|(other, _)| of(other) && is_part_of(other, key));
        parts
            .flat_map(|(_, said)| said)
            .any(|(voice, said)| voice.agency == agency && said.is_word() && rest.is_not_behind(said))
    }
}

/// The dimensions that divide a cell and their members: `age=0-4`, `sex=f`.
pub(super) fn members(key: &CellKey) -> Vec<&'static str> {
    let members = key.breakdown.as_str().split(',').filter(|member| !member.is_empty());
    members.take(DIMENSIONS_MAX).collect()
}

/// Whether a cell is divided as another and further.
fn is_part_of(part: &CellKey, whole: &CellKey) -> bool {
    let (part, whole) = (members(part), members(whole));
    whole.len() < part.len() && whole.iter().all(|member| part.contains(member))
}
