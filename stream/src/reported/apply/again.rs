//! A message that was taken and is read again: its words of before go out, and what it says now stands in their place.
//!
//! Its pack was mended ([decision 38](../../../../docs/decisions/038-replay.md)): a unit's factor, what a column or a mark
//! means, which places there are, whose the cells are. It keeps the arrival it had.
//!
//! **A word** is what an agency says of a cell in one vintage in one message: a value, and whose the cell is. It is said by
//! a row of the message, or **beside** its rows: by leaving the cell out, as the whole of a period, or by taking a higher
//! vintage back. All of an agency's words on a cell and vintage, in order of arrival, are a chain, and each word of it
//! depends on those before it alone: what is said beside on whether there are any, the others on none.
//!
//! **What is stored** is the chain: each message's row by its last reading; where a message has no row, it says what was said
//! before it, or nothing; a row that is `gone` is no word. **What is kept here** is its last word, and which message said it,
//! also where that has no row.
//!
//! So a message is read again in these steps, which are the same for every cell of either reading:
//!
//! * The recorded answer brings its own rows and the word before it of every cell that its agency spoke of in the periods of
//!   both readings. What it says now, beside its rows too, is worked out from those alone ([`said`]).
//! * A row is stored where the chain would say something else: what it says is not what its own row says, or, where it has
//!   none, not what the word before it says. That goes also for what reads as it did: the word before may be another since.
//! * Where its word is the last one, what it says now is, or the word before it. Where there is none, the cell is taken back
//!   in a row that is shown and is no word: any word, however early, counts more ([`put`]).
//! * Where a later word is the last one, it stays. If it says what this message wrongly said it may have left no row: it is
//!   said again as its own, whether it is shown or not.
//! * What is shown goes by the last words alone, before and after: the owner is who the last of them says.
//!
//! What was taken stays taken. A message of which nothing would be taken any more, that is no report of its form and agency
//! now, or that would be about fewer periods of its agency, stays as it is, whole, and is told as unclear: its sender was told
//! otherwise, and what met an obligation meets it. Only its words that left no row are stored, where what was said before it is
//! another since. What of a message in parts was taken is what left a row, stands here, or says what was said before it.
//! Nobody is asked whether it is meant, and a value that was taken is not refused for how far it lies from what is known now.
//!
//! Read twice it changes nothing: what is stored and what stands is what it says.

mod put;
mod said;

use std::collections::{BTreeMap, BTreeSet};

use ioc_model::{
    form::{AgainstBefore, Cell, CellKey, Period, Report, Value, Weight},
    name::Name,
    position::Arrival,
    replay::StoredWord,
    results::{Receipt, ReplayedRow, ReportVerdict, Reread},
};

use super::Making;
use crate::{
    reported::{
        Findings, Reported, Taken,
        against::{self, Breach},
        filed,
        page::{Statement, Voice},
        rejected, rejected_of, words,
    },
    step::ShardResults,
};

/// What a word is about: a cell, whose word it is and how final.
type About = (CellKey, Voice);

/// Words by what they are about.
type Words<T> = BTreeMap<About, T>;

/// What had become of a message that was taken.
#[derive(Clone, Copy, Debug)]
pub(in crate::reported) struct TakenBefore<'r> {
    /// As it was read.
    pub(in crate::reported) then: &'r Report,
    /// How many of its rows were not taken.
    pub(in crate::reported) rejected: u32,
    /// What is stored of it.
    pub(in crate::reported) own: &'r [StoredWord],
    /// What its agency had said before it.
    pub(in crate::reported) earlier: &'r [StoredWord],
    /// Whether it stays as it was read then.
    pub(in crate::reported) stays: bool,
}

/// What a message makes of its words of before.
struct Again<'r> {
    report: &'r Report,
    /// What it said in rows of its own that were taken,
    then: Words<(Value, Name)>,
    /// and beside them, by what is known now of what was said before it.
    beside_then: Words<(Value, Name)>,
    /// What is stored of it.
    own: Words<&'r StoredWord>,
    /// What its agency had said before it.
    earlier: Words<&'r StoredWord>,
    /// Rows that were taken before, and of which it is not told yet what they are now.
    rows_left: usize,
    /// Rows that are about another cell now.
    moved: u32,
    /// Rows that it says beside those, by whether they say something else than what was known.
    more_stored: u64,
    more_same: u64,
    /// Cells of which it said something that it does not say any more.
    no_more: u32,
    /// Periods of its agency of which it takes back what stood, and had said nothing.
    took_back: BTreeSet<Period>,
    /// Whether it says anything else than it did.
    changed: bool,
}

impl Reported {
    /// Takes a message again that was taken.
    pub(in crate::reported) fn take_taken(
        &mut self,
        before: &TakenBefore<'_>,
        mut report: Report,
        replay: Arrival,
        results: &mut ShardResults,
    ) {
        let TakenBefore { then, rejected: rejected_before, .. } = *before;
        let (feed, sender) = (report.feed, report.sender);
        let arrival = Arrival { row: 0, ..report.arrival };
        let row = |reread, good, before, rejected| ReplayedRow {
            reread,
            good,
            before,
            rejected,
            replay,
            feed,
            sender,
            arrival,
        };
        let standing = self.standing(then, &report);
        let taken_then = taken_then(before, &standing);
        let mut findings = Findings { listed: std::mem::take(&mut report.findings), ..Findings::default() };
        let is_believed = gives(then, &standing);
        let taken = match is_believed && !before.stays {
            true => self.taken_again((then, &taken_then), &mut report, &mut findings),
            false => None,
        };
        let Some(taken) = taken else {
            results.facts.replayed.push(row(Reread::Unclear, 0, 0, 0));
            if is_believed {
                self.stay(before, taken_then, &standing, results);
            }
            return;
        };
        findings.push(words::read_again());
        let cells = &taken.cells;
        let rejected_now = rejected_of(&report, cells);
        let is_in_part = rejected_now > 0 || findings.have_errors();
        let mut receipt = receipt_of(&report, rejected_now, is_in_part);
        let good_before = then.rows.saturating_sub(rejected_before);
        let mut again = Again::of(before, &taken_then, &report);
        again.beside_then = self.beside_then(&again, before, &taken_then);
        let named: BTreeSet<About> = cells.iter().map(|cell| again.about(cell)).collect();
        let still = again.then.keys().filter(|about| named.contains(about)).count();
        again.rows_left = (good_before as usize).saturating_sub(still);
        let beside = beside(before, &standing, &report);
        let first = results.facts.report_values.len();
        let mut making = Making {
            receipt: &mut receipt,
            findings: &mut findings,
            results: &mut *results,
            touched: BTreeMap::new(),
            beside,
        };
        self.apply_again(&mut again, &taken, standing.keys(), &mut making);
        // What is only said once more, since what was said before it is another, is no other reading.
        if !again.changed && rejected_now == rejected_before {
            return;
        }
        let Again { moved, more_stored, more_same, no_more, took_back, .. } = again;
        let (own, own_then) = (report.own_met(cells), then.own_met(&taken_then));
        results.filed.extend(filed::takes_back(&report, &own, &took_back));
        let gained: BTreeSet<Period> = own.difference(&own_then).copied().collect();
        results.filed.extend(filed::accepted(&report, gained, &results.facts.report_values[first..]));
        let _ = self.spoke.insert(report.agency, (report.form, report.arrival));
        if !report.asked {
            self.delivered.entry(report.agency).or_default().add(report.known_by);
        }
        // What was counted stays counted: as what it was where it stands, and as read again where it was rejected.
        let more = u64::from(number(cells.len()).saturating_sub(good_before));
        let counts = results.counts.entry(feed).or_default();
        let same = more_same.min(more.saturating_sub(more_stored.min(more)));
        counts.rows += more;
        counts.duplicate += same;
        counts.stored += more - same;
        let in_place = receipt.stored.saturating_sub(number(more_stored as usize));
        let replaced = in_place + no_more.saturating_sub(moved);
        results.facts.replayed.push(row(Reread::Replaced, replaced, 0, 0));
        if rejected_before > 0 || rejected_now > 0 {
            counts.rows += u64::from(rejected_now);
            counts.rejected += u64::from(rejected_now);
            counts.rows_reread += u64::from(rejected_before);
            results.facts.replayed.push(row(
                Reread::Read,
                number(more as usize),
                rejected_before,
                rejected_now,
            ));
        }
        receipt.findings = findings.in_order();
        results.facts.rejects.extend(rejected(&receipt));
        results.facts.receipts.push(receipt);
    }

    /// Leaves a message as it is. What it says, and had said before it, may be another since: it is its own word now.
    fn stay(
        &mut self,
        before: &TakenBefore<'_>,
        cells: Vec<Cell>,
        standing: &Words<Statement>,
        results: &mut ShardResults,
    ) {
        let TakenBefore { then, rejected, .. } = *before;
        let mut again = Again::of(before, &cells, then);
        again.beside_then = self.beside_then(&again, before, &cells);
        let rest = then.whole.filter(|_| rejected == 0).map(|whole| whole.rest);
        let newest = cells.iter().map(|cell| cell.vintage).max().unwrap_or_default();
        let taken = Taken { cells, newest, rest, unnamed: Vec::new() };
        // Its receipt is the one that it has.
        let (mut receipt, mut findings) = (receipt_of(then, rejected, rejected > 0), Findings::default());
        let mut making = Making {
            receipt: &mut receipt,
            findings: &mut findings,
            results,
            touched: BTreeMap::new(),
            beside: beside(before, standing, then),
        };
        self.apply_again(&mut again, &taken, standing.keys(), &mut making);
    }

    /// What it said beside its rows, by what is known now of what was said before it.
    fn beside_then(
        &mut self,
        again: &Again<'_>,
        before: &TakenBefore<'_>,
        taken_then: &[Cell],
    ) -> Words<(Value, Name)> {
        let rest = before.then.whole.filter(|_| before.rejected == 0).map(|whole| whole.rest);
        let beside = self.said_beside_rows(again, before.then, taken_then, rest);
        beside.into_iter().map(|(about, word)| (about, (word.value, word.owner))).collect()
    }

    /// What stands of a message: last words on cells, that it said or took back.
    fn standing(&mut self, then: &Report, now: &Report) -> Words<Statement> {
        let mut standing = Words::new();
        for period in periods([then, now]) {
            let (known, _) = self.cells(period);
            for (key, words) in known.each() {
                let own = words.iter().filter(|(voice, said)| {
                    said.is_word()
                        && voice.agency == now.agency
                        && said.arrival.position == now.arrival.position
                });
                standing.extend(own.map(|(voice, said)| ((*key, *voice), said.clone())));
            }
        }
        standing
    }

    /// The cells that are taken of it now; none where it stays as it is.
    fn taken_again(
        &mut self,
        (then, taken_then): (&Report, &[Cell]),
        report: &mut Report,
        findings: &mut Findings,
    ) -> Option<Taken> {
        report.confirmed = true;
        let agency = report.agency;
        let taken: BTreeSet<About> = taken_then.iter().map(|cell| about(agency, cell)).collect();
        let was_taken = report.cells.iter().filter(|cell| taken.contains(&about(agency, cell)));
        let was_taken: BTreeSet<u32> = was_taken.map(|cell| cell.row).collect();
        // What stands is its own word: that is no older one.
        report.updated.retain(|(row, _)| !was_taken.contains(row));
        let mut broken: BTreeSet<u32> = BTreeSet::new();
        let shown = |reported: &mut Reported, key: &CellKey, owner: Name| {
            let (cells, _) = reported.cells(key.period);
            cells.shown_of(key, owner).and_then(|(_, said)| said.value.counts())
        };
        for breach in against::breaches(report, |key, owner| shown(self, key, owner)) {
            let is_kept = was_taken.contains(&breach.cell.row);
            let weight = if is_kept { Weight::Warning } else { breach.rule.weight };
            if weight == Weight::Error {
                let _ = broken.insert(breach.cell.row);
            }
            let rule = AgainstBefore { weight, ..breach.rule.clone() };
            findings.push_one_of_many(weight, || words::against(&Breach { rule: &rule, ..breach }));
        }
        if !report.parts && (!broken.is_empty() || findings.have_errors()) {
            return None;
        }
        let mut cells = std::mem::take(&mut report.cells);
        cells.retain(|cell| !broken.contains(&cell.row));
        let newest = cells.iter().map(|cell| cell.vintage).max()?;
        // What met an obligation meets it, and of what it took back it still speaks.
        if report.is_about_less(&cells, then, taken_then) {
            return None;
        }
        let rest = report.whole.filter(|_| rejected_of(report, &cells) == 0).map(|whole| whole.rest);
        let unnamed = rest.map(|_| self.unnamed(report, &cells)).unwrap_or_default();
        let taken = Taken { cells, newest, rest, unnamed };
        // It is told what may be a mistake; nothing waits for anybody's word.
        let _ = self.is_held(report, &taken, findings);
        Some(taken)
    }
}

impl<'r> Again<'r> {
    fn of(before: &TakenBefore<'r>, taken_then: &[Cell], report: &'r Report) -> Again<'r> {
        let agency = report.agency;
        let words = |words: &'r [StoredWord]| -> Words<&'r StoredWord> {
            words.iter().map(|word| ((word.key, Voice { agency, vintage: word.vintage }), word)).collect()
        };
        Again {
            report,
            then: taken_then.iter().map(|cell| (about(agency, cell), (cell.value, cell.owner))).collect(),
            beside_then: Words::new(),
            own: words(before.own),
            earlier: words(before.earlier),
            rows_left: 0,
            moved: 0,
            more_stored: 0,
            more_same: 0,
            no_more: 0,
            took_back: BTreeSet::new(),
            changed: false,
        }
    }

    fn about(&self, cell: &Cell) -> About {
        about(self.report.agency, cell)
    }
}

fn about(agency: Name, cell: &Cell) -> About {
    (cell.key, Voice { agency, vintage: cell.vintage })
}

fn periods(readings: [&Report; 2]) -> BTreeSet<Period> {
    readings.into_iter().flat_map(Report::periods).collect()
}

/// The first row behind the rows of both readings and what was said beside them.
fn beside(before: &TakenBefore<'_>, standing: &Words<Statement>, report: &Report) -> u32 {
    let stored = before.own.iter().map(|word| word.arrival.row + 1);
    let stands = standing.values().map(|said| said.arrival.row + 1);
    stored.chain(stands).chain([report.rows, before.then.rows]).max().unwrap_or_default()
}

/// The receipt of a message of which it is not told yet what its rows are.
fn receipt_of(report: &Report, rejected: u32, is_in_part: bool) -> Receipt {
    Receipt {
        form: report.form,
        agency: report.agency,
        period: report.period,
        verdict: if is_in_part { ReportVerdict::InPart } else { ReportVerdict::Accepted },
        rows: report.rows,
        stored: 0,
        changed: 0,
        conflicts: 0,
        same: 0,
        rejected,
        kept: 0,
        withdrawn: 0,
        findings: Vec::new(),
        digest: report.digest,
        feed: report.feed,
        sender: report.sender,
        arrival: report.arrival,
    }
}

/// What of the reading of before was taken. Of a message that was taken in part it is not on record which rows were held
/// against what was known and refused: one that was taken left a row, stands, or says what was said before it.
fn taken_then(before: &TakenBefore<'_>, standing: &Words<Statement>) -> Vec<Cell> {
    let TakenBefore { then, rejected, own, earlier, .. } = *before;
    let (agency, mut cells) = (then.agency, then.cells.clone());
    if rejected == rejected_of(then, &cells) {
        return cells;
    }
    let stored: BTreeSet<_> = own.iter().map(|word| (word.key, word.vintage)).collect();
    let known: BTreeMap<_, Value> =
        earlier.iter().map(|word| ((word.key, word.vintage), word.value)).collect();
    cells.retain(|cell| {
        let of = (cell.key, cell.vintage);
        stored.contains(&of)
            || standing.contains_key(&about(agency, cell))
            || known.get(&of) == Some(&cell.value)
    });
    cells
}

/// Whether a reading gives what stands of its message: its own cells in their values, and nothing else but what was said
/// beside them.
fn gives(then: &Report, standing: &Words<Statement>) -> bool {
    let said: Words<Value> = then.cells.iter().map(|cell| (about(then.agency, cell), cell.value)).collect();
    standing.iter().all(|(about, stands)| stands.at.is_empty() || said.get(about) == Some(&stands.value))
}

fn number(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}
