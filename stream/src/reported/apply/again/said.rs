//! What a message that is read again says beside its rows.

use std::collections::{BTreeMap, BTreeSet};

use ioc_model::{
    form::{Absent, Cell, CellKey, Mark, Report, Rest, Value, Vintage},
    name::Name,
};

use super::{
    super::{NO_LONGER_COUNTED, TAKEN_BACK, Telling, WITHDRAWN, WITHDRAWN_BELOW, divided, nought},
    Again, Words,
};
use crate::reported::Reported;

/// A word that no row says.
#[derive(Clone, Copy)]
pub(super) struct Beside {
    pub(super) value: Value,
    pub(super) owner: Name,
    /// How it is told that it is said.
    pub(super) telling: Telling,
}

impl Reported {
    /// What a reading says beside its rows: of cells that its agency had spoken of before it, in the vintages up to that which it
    /// speaks in. Of two reasons the first counts: that a higher vintage is taken back, that it is the whole, that it leaves
    /// the cell out ([`Reported::apply_rest`] has the same order).
    pub(super) fn said_beside_rows(
        &mut self,
        again: &Again<'_>,
        report: &Report,
        cells: &[Cell],
        rest: Option<Rest>,
    ) -> Words<Beside> {
        let newest = cells.iter().map(|cell| cell.vintage).max().unwrap_or_default();
        let mut below: BTreeMap<CellKey, Vintage> = BTreeMap::new();
        for cell in cells.iter().filter(|cell| cell.value.mark == Mark::Withdrawn) {
            let highest = below.entry(cell.key).or_insert(cell.vintage);
            *highest = cell.vintage.max(*highest);
        }
        let left_out: BTreeSet<&CellKey> = match report.absent {
            Absent::Withdraws => report.left_out.iter().collect(),
            Absent::Keeps | Absent::Refused => BTreeSet::new(),
        };
        let named: BTreeSet<&CellKey> = cells.iter().map(|cell| &cell.key).collect();
        let divided = match rest {
            Some(Rest::Nought) => divided(cells),
            _ => BTreeSet::new(),
        };
        let whole = report.whole.zip(report.period).zip(rest);
        let is_of_whole = |key: &CellKey| {
            whole.filter(|((whole, period), _)| {
                key.period == *period
                    && whole.place.is_none_or(|place| place == key.place)
                    && !named.contains(key)
            })
        };
        let mut beside = Words::new();
        for ((key, voice), owner) in self.said_before_it(again, report) {
            let (value, telling) = if below.get(&key).is_some_and(|above| voice.vintage < *above) {
                (TAKEN_BACK, WITHDRAWN_BELOW)
            } else if voice.vintage > newest {
                continue;
            } else if let Some((_, rest)) = is_of_whole(&key) {
                match rest {
                    Rest::Nought => (nought(&key, &divided), NO_LONGER_COUNTED),
                    Rest::Withdrawn => (TAKEN_BACK, WITHDRAWN),
                }
            } else if left_out.contains(&key) {
                (TAKEN_BACK, WITHDRAWN)
            } else {
                continue;
            };
            // Whose it was counts where its form does not know the cell any more.
            let owner = report.owners.of(&key).unwrap_or(owner);
            let _ = beside.insert((key, voice), Beside { value, owner, telling });
        }
        beside
    }

    /// Of which cells its agency had spoken before it, and whose they are by that word: as it is stored, and as it is known
    /// since.
    fn said_before_it(&mut self, again: &Again<'_>, report: &Report) -> Words<Name> {
        let mut before: Words<Name> =
            again.earlier.iter().map(|(about, word)| (*about, word.owner)).collect();
        for period in report.periods() {
            let (known, _) = self.cells(period);
            for (key, words) in known.each() {
                let earlier = words.iter().filter(|(voice, said)| {
                    said.is_word()
                        && voice.agency == report.agency
                        && said.arrival.position != report.arrival.position
                        && said.arrival < report.arrival
                });
                before.extend(earlier.map(|(voice, said)| ((*key, *voice), said.owner)));
            }
        }
        before
    }
}
