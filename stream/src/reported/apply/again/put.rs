//! What a message that is read again says now, in the place of what it said.

use std::collections::BTreeSet;

use ioc_model::{
    form::{Cell, Mark, Value, Weight},
    name::Name,
    position::Arrival,
    replay::StoredWord,
    results::{RowStanding, StoredCell},
};

use super::{
    super::{Making, TAKEN_BACK, Touched, gone, restored, said_beside, statement, stored, tell},
    About, Again,
    said::Beside,
};
use crate::reported::{Reported, Taken, page::Statement, words};

/// What it says of a cell now.
enum Now<'c> {
    /// A row of it.
    Row(&'c Cell),
    Beside(Beside),
    Nothing,
}

impl Now<'_> {
    fn word(&self) -> Option<(Value, Name)> {
        match self {
            Now::Row(cell) => Some((cell.value, cell.owner)),
            Now::Beside(Beside { value, owner, .. }) => Some((*value, *owner)),
            Now::Nothing => None,
        }
    }
}

impl Reported {
    /// Stores what it says now where that is something else; `standing` are the cells on which its word is the last one.
    pub(super) fn apply_again<'s>(
        &mut self,
        again: &mut Again<'_>,
        taken: &Taken,
        standing: impl Iterator<Item = &'s About>,
        making: &mut Making<'_>,
    ) {
        let report = again.report;
        let mut noted = BTreeSet::new();
        let mut about: BTreeSet<About> = again.own.keys().chain(again.then.keys()).copied().collect();
        about.extend(standing);
        let periods: BTreeSet<_> = about.iter().map(|(key, _)| key.period).chain(report.periods()).collect();
        for period in periods {
            let (known, changed) = self.cells(period);
            noted.extend(known.rests.forget(report.arrival.position));
            *changed = true;
        }
        let beside = self.said_beside_rows(again, report, &taken.cells, taken.rest);
        let mut rows: Vec<(About, &Cell)> = Vec::with_capacity(taken.cells.len());
        let mut named = BTreeSet::new();
        // Of two rows on one cell the last is its word.
        for cell in taken.cells.iter().rev() {
            let of = again.about(cell);
            if named.insert(of) {
                rows.push((of, cell));
            } else {
                making.receipt.same += 1;
            }
        }
        for (of, cell) in rows.into_iter().rev() {
            let _ = about.remove(&of);
            self.put(again, of, &Now::Row(cell), making);
        }
        for (of, word) in &beside {
            if !named.contains(of) {
                let _ = about.remove(of);
                self.put(again, *of, &Now::Beside(*word), making);
            }
        }
        for of in about {
            self.put(again, of, &Now::Nothing, making);
        }
        self.note_rest(report, taken, &noted, making);
        for (key, touched) in std::mem::take(&mut making.touched) {
            self.show(report, key, touched, making.results);
        }
    }

    /// Puts one word in the place of the one before.
    fn put(&mut self, again: &mut Again<'_>, (key, voice): About, now: &Now<'_>, making: &mut Making<'_>) {
        let report = again.report;
        let own = again.own.get(&(key, voice)).copied();
        let before = again.earlier.get(&(key, voice)).copied();
        let then = again.then.get(&(key, voice)).copied();
        let beside_then = again.beside_then.get(&(key, voice)).copied();
        // What it said; and what is known behind it by what is stored.
        let word_of = |word: &StoredWord| (word.value, word.owner);
        let said_then = own.map(word_of).or(then).or(beside_then);
        let was = said_then.map(|(value, _)| value);
        let chained = own.or(before).map(word_of);
        let is = now.word();
        let (known, changed) = self.cells(key.period);
        let said = known.statement(&key, voice).cloned();
        let (stood, later) = match said {
            Some(said) if said.arrival.position == report.arrival.position => (Some(said), None),
            Some(said) => (None, Some(said).filter(|said| said.arrival > report.arrival)),
            None => (None, None),
        };
        let touched = making.touched.entry(key).or_insert_with(|| Touched::of(known, &key));
        let values = &mut making.results.facts.report_values;
        // What it says beside its rows stands in none of them.
        let was_row = matches!(now, Now::Beside(_)) && own.is_some_and(|own| !own.at.is_empty());
        let is_stored = match is {
            Some(_) => is != chained || was_row,
            None => own.is_some() || (stood.is_some() && before.is_none()),
        };
        // It says what it did, and left no row while that was said before it, too.
        let is_said_again = is_stored && own.is_none() && is == said_then;
        let cell = match now {
            Now::Row(cell) => (*cell).clone(),
            Now::Beside(Beside { value, owner, .. }) => {
                let cell = gone(report, &key, voice, *owner, making.beside).cell;
                Cell { value: *value, ..cell }
            }
            Now::Nothing => {
                let owner = own.map(|own| own.owner).or(stood.as_ref().map(|stood| stood.owner));
                gone(report, &key, voice, owner.unwrap_or(report.agency), making.beside).cell
            }
        };
        let arrival = Arrival { row: cell.row, ..report.arrival };
        let mut is_moved = false;
        if let (Now::Row(_), None) = (now, then) {
            // A row that was about another cell is stored already: it is about this one now.
            if again.rows_left > 0 {
                again.rows_left -= 1;
                again.moved += u32::from(is_stored);
                is_moved = true;
            } else {
                again.more_stored += u64::from(is_stored);
                again.more_same += u64::from(!is_stored);
            }
        }
        let row = is_stored.then(|| {
            let since = known.rest_since(&key, voice, arrival);
            let standing = match is {
                None => RowStanding::Gone,
                Some(_) if is_said_again => RowStanding::Restored,
                Some(_) if was.is_some() || is_moved => RowStanding::Replaced,
                Some(_) if later.is_some() || since.is_some() => RowStanding::History,
                Some(_) if before.is_none() => RowStanding::First,
                Some(_) => RowStanding::Correction,
            };
            let was = match standing {
                RowStanding::Correction => before.map(|word| word.value),
                RowStanding::Restored => None,
                _ => was,
            };
            values.push(StoredCell { standing, was, ..stored(report, cell.clone(), arrival) });
            values.len() - 1
        });
        again.changed |= is_stored && !is_said_again;
        let is_own = |word: Option<(Value, Name)>| word.is_some_and(|(_, owner)| owner == report.agency);
        let stood_before = before.map(|before| before.value).filter(|value| value.mark.says_something());
        if is_own(is) && !is_own(said_then) && stood_before.is_some_and(|stood| stood != cell.value) {
            let _ = again.took_back.insert(key.period);
        }
        let is_last = later.is_none();
        if let Some(later) = later {
            let behind = said_then.or(chained);
            let behind_now = is.or(before.map(word_of));
            // It may be known as a word of this message alone, or of the one before.
            if behind == Some((later.value, later.owner)) && behind_now != behind {
                let _ = touched.rows.insert(voice, values.len());
                let _ = touched.parted.insert(voice);
                values.push(restored(report.form, key, voice, &later));
            }
        } else if is.is_some() {
            let since = if stood.is_some() { None } else { known.rest_since(&key, voice, arrival) };
            let is_other = stood.as_ref().is_none_or(|stood| {
                let is_row = matches!(now, Now::Row(_));
                (stood.value, stood.owner) != (cell.value, cell.owner)
                    || (is_row && stood.arrival.row != cell.row)
                    || (!is_row && !stood.at.is_empty())
            });
            if is_other {
                let word = match since {
                    Some((rest, value)) => {
                        let word = said_beside(&rest, &key, value, cell.owner);
                        let _ = touched.rows.insert(voice, values.len());
                        values.push(restored(report.form, key, voice, &word));
                        word
                    }
                    None => {
                        touched.rows.extend(row.map(|row| (voice, row)));
                        statement(report, &cell, arrival)
                    }
                };
                known.say(key, voice, word);
                *changed = true;
            }
        } else if stood.is_some() {
            *changed = true;
            again.changed = true;
            match before {
                Some(before) => {
                    let word = word_before(before);
                    let _ = touched.rows.insert(voice, values.len());
                    let _ = touched.parted.insert(voice);
                    values.push(restored(report.form, key, voice, &word));
                    known.say(key, voice, word);
                }
                None => {
                    touched.rows.extend(row.map(|row| (voice, row)));
                    known.say(key, voice, statement(report, &cell, arrival).gone());
                }
            }
        }
        match now {
            Now::Row(cell) if is_stored && !is_said_again => {
                making.receipt.stored += 1;
                let differs = was.or(before.map(|word| word.value)).is_some_and(|was| was != cell.value);
                making.receipt.changed += u32::from(is_last && differs);
                making.receipt.conflicts += u32::from(cell.owner != report.agency);
                if is_last {
                    tell(known, cell, voice, Some(RowStanding::Correction), making.findings);
                }
            }
            Now::Row(_) => making.receipt.same += 1,
            Now::Beside(_) | Now::Nothing => {
                making.beside += u32::from(is_stored);
                let is_told = is_stored && !is_said_again;
                again.tell_beside((key, voice), now, was, is_told, making);
            }
        }
    }
}

impl Again<'_> {
    /// Tells that a cell is something else by what is said beside the rows, or not said any more.
    fn tell_beside(
        &mut self,
        about: About,
        now: &Now<'_>,
        was: Option<Value>,
        is_told: bool,
        making: &mut Making<'_>,
    ) {
        let (key, before) = (about.0, self.earlier.get(&about).map(|word| word.value));
        let is = now.word().map(|(value, _)| value).or(before).unwrap_or(TAKEN_BACK);
        let Some(was) = was.or(before).filter(|was| is_told && *was != is) else { return };
        self.no_more += u32::from(was.mark != Mark::Withdrawn);
        making.receipt.withdrawn += 1;
        let (weight, text) = match now {
            Now::Beside(Beside { telling: (weight, told), .. }) if !self.then.contains_key(&about) => {
                (*weight, told(&key, was))
            }
            _ => (Weight::Warning, words::said_no_more(&key, was, is)),
        };
        making.findings.push_one_of_many(weight, || words::missing(weight, text));
    }
}

/// What an agency said of a cell before a message.
fn word_before(before: &StoredWord) -> Statement {
    let StoredWord { value, owner, feed, sender, arrival, .. } = *before;
    let (at, as_sent, note) = ((*before.at).into(), (*before.as_sent).into(), (*before.note).into());
    Statement { value, owner, feed, sender, arrival, at, as_sent, note }
}
