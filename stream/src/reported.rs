//! What is kept of a form: what each agency said of each cell, and which messages it sent.
//!
//! The only place where it is decided what becomes of a report ([decision 35](../../docs/decisions/035-reports.md)). The
//! judge before it says what can be said of a message alone; whether the same bytes came before, how far a value lies
//! from what was known, what is new, the same, a correction or somebody else's cell is known here.
//!
//! * A message is taken whole, in part where its form allows that, or not at all, and leaves one receipt (ONCE).
//! * Each of its rows is stored, a duplicate or rejected (BALANCE). What it takes back by leaving it out and what is
//!   shown again since something else was taken back are stored beside them: they are rows of no envelope.
//! * Of a key, an agency and a vintage the word with the latest arrival counts, in whatever order messages are worked
//!   through. The same bytes of the same period from the same agency change nothing, so that a file which is dropped again
//!   does not undo a correction; what a source was asked for is its word of now. What was refused is no such word: it is
//!   judged again when it comes again, since what it was held against, or the form, may be another.
//! * A list of which rows are counted is the whole of its agency's word on its period: what it counted before and does not
//!   any more is 0. So is what arrived before it and is worked through later ([`rest`]).
//! * What may be a mistake that nobody would see is held for its sender's word: all numbers of a period that is over are
//!   others, or values are taken back by leaving them out.
//! * Shown of a key is the owner's highest vintage that was not taken back. Whose it is, the word with the latest arrival
//!   says. One row of a key and epoch says what is shown.
//! * What is stored of a key, an agency and a vintage, in order of arrival and each message by its last reading, says what
//!   was known behind each message: a word that says what was known before it leaves no row, and one that comes late does,
//!   as does what stands behind it ([`apply`]).
//!
//! What is kept grows with what is reported, not with how often: about twenty bytes a cell (see [`page`]), and the digests
//! of the last [`DELIVERED_KEPT`] messages of each agency.

mod against;
mod apply;
mod doubts;
mod filed;
mod page;
mod rest;
mod words;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ioc_model::{
    form::{Cell, CellKey, Finding, Period, Report, Rest, Rule, Vintage, Weight},
    name::Name,
    position::Arrival,
    reject::{RejectReason, Rejection},
    results::{FINDINGS_KEPT, Receipt, RejectedRow, ReplayedRow, ReportVerdict, Reread},
    row::{ReportAgain, ReportBefore},
};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize, Serializer};

use self::{
    apply::TakenBefore,
    filed::Spoke,
    page::{Cells, Page},
};
use crate::step::ShardResults;

/// So many messages of an agency are known by their digest; of older ones it is forgotten that they came.
const DELIVERED_KEPT: usize = 1 << 16;

/// A form's cells and messages.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(try_from = "Record")]
pub(crate) struct Reported {
    pages: BTreeMap<Period, Page>,
    delivered: BTreeMap<Name, Delivered>,
    /// Periods that the epoch's messages touched, unpacked, and whether they changed.
    open: BTreeMap<Period, (Cells, bool)>,
    /// By key, which of the epoch's rows says what is shown.
    said: FxHashMap<CellKey, usize>,
    /// Who sent something of it that was taken.
    spoke: Spoke,
}

/// As a checkpoint keeps it.
#[derive(Debug, Deserialize)]
struct Record {
    pages: BTreeMap<Period, Page>,
    delivered: Vec<(Name, VecDeque<Digest>)>,
}

/// [`Record`] as it is written: postcard writes both alike.
#[derive(Serialize)]
struct RecordRef<'a> {
    pages: &'a BTreeMap<Period, Page>,
    delivered: Vec<(Name, &'a VecDeque<Digest>)>,
}

type Digest = [u8; 16];

/// What is taken of a message.
#[derive(Debug, Default)]
struct Taken {
    /// By row; none where it is refused.
    cells: Vec<Cell>,
    /// The highest vintage that it speaks in.
    newest: Vintage,
    /// What becomes of what it does not name; nothing where some of it was not taken, but was named.
    rest: Option<Rest>,
    /// That: what its agency said of the period.
    unnamed: Vec<CellKey>,
}

/// Messages of an agency of which something was taken.
#[derive(Clone, Debug, Default)]
struct Delivered {
    /// The oldest first.
    order: VecDeque<Digest>,
    known: FxHashSet<Digest>,
}

impl Delivered {
    fn of(order: VecDeque<Digest>) -> Delivered {
        Delivered { known: order.iter().copied().collect(), order }
    }

    fn add(&mut self, digest: Digest) {
        if self.known.insert(digest) {
            self.order.push_back(digest);
        }
        while self.order.len() > DELIVERED_KEPT {
            let oldest = self.order.pop_front();
            let _ = oldest.map(|oldest| self.known.remove(&oldest));
        }
    }
}

impl Serialize for Reported {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        debug_assert!(self.open.is_empty(), "an epoch ends with what it touched packed");
        let delivered =
            self.delivered.iter().map(|(agency, delivered)| (*agency, &delivered.order)).collect();
        RecordRef { pages: &self.pages, delivered }.serialize(serializer)
    }
}

impl TryFrom<Record> for Reported {
    type Error = postcard::Error;

    /// Looks into every page: what cannot be read is no checkpoint, and found when it is loaded.
    fn try_from(record: Record) -> Result<Reported, postcard::Error> {
        for (period, page) in &record.pages {
            let _ = page.unpacked(*period)?;
        }
        let delivered = record.delivered.into_iter();
        let delivered = delivered.map(|(agency, order)| (agency, Delivered::of(order))).collect();
        Ok(Reported { pages: record.pages, delivered, ..Reported::default() })
    }
}

impl Reported {
    /// Takes a message. [`Reported::settle`] follows at the end of the epoch.
    pub(crate) fn take(&mut self, report: Report, results: &mut ShardResults) {
        self.take_in(report, false, results);
    }

    /// Takes one; `again`, one that was refused before.
    fn take_in(&mut self, mut report: Report, again: bool, results: &mut ShardResults) {
        let (form, agency, feed, sender) = (report.form, report.agency, report.feed, report.sender);
        let mut receipt = Receipt {
            form,
            agency,
            period: report.period,
            verdict: ReportVerdict::Accepted,
            rows: report.rows,
            stored: 0,
            changed: 0,
            conflicts: 0,
            same: 0,
            rejected: 0,
            kept: 0,
            withdrawn: 0,
            findings: Vec::new(),
            digest: report.digest,
            feed,
            sender,
            arrival: report.arrival,
        };
        let mut findings = Findings::default();
        if self.was_delivered(&report) {
            receipt.verdict = ReportVerdict::Duplicate;
            receipt.same = report.rows;
            findings.push(words::delivered());
        } else {
            findings.listed = std::mem::take(&mut report.findings);
            let about = filed::about(&report);
            let taken = self.taken(&mut report, &mut findings);
            receipt.rejected = rejected_of(&report, &taken.cells);
            if taken.cells.is_empty() {
                receipt.verdict = ReportVerdict::Refused;
                results.filed.extend(filed::refused(&report, about, again));
                if !findings.have_errors() {
                    findings.push(words::empty());
                }
            } else {
                if receipt.rejected > 0 || findings.have_errors() {
                    receipt.verdict = ReportVerdict::InPart;
                }
                let (own, before) = (report.own_met(&taken.cells), results.facts.report_values.len());
                self.apply(&report, &taken, &mut receipt, &mut findings, results);
                if own.is_empty() && self.is_bare(agency, &report.own_named(&taken.cells)) {
                    findings.push(words::says_nothing());
                }
                let stored = &results.facts.report_values[before..];
                results.filed.extend(filed::took_back(&report, &own, stored));
                results.filed.extend(filed::accepted(&report, own, stored));
                let _ = self.spoke.insert(agency, (form, report.arrival));
                if !report.asked {
                    self.delivered.entry(agency).or_default().add(report.known_by);
                }
            }
        }
        let counts = results.counts.entry(feed).or_default();
        counts.stored += u64::from(receipt.stored);
        counts.duplicate += u64::from(receipt.same);
        counts.rejected += u64::from(receipt.rejected);
        receipt.findings = findings.in_order();
        results.facts.rejects.extend(rejected(&receipt));
        results.facts.receipts.push(receipt);
    }

    /// Takes a message that is read again.
    pub(crate) fn take_again(&mut self, again: ReportAgain, results: &mut ShardResults) {
        let ReportAgain { report, before, replay } = again;
        match before {
            ReportBefore::Refused { rows, same } => self.take_refused(report, (rows, same), replay, results),
            ReportBefore::Taken { report: then, rejected, own, earlier, stays } => {
                let before = TakenBefore { then: &then, rejected, own: &own, earlier: &earlier, stays };
                self.take_taken(&before, report, replay, results);
            }
        }
    }

    /// One that was refused whole. Refused once more, it is told of only where it reads otherwise: what was found in it then
    /// is still what is found.
    fn take_refused(
        &mut self,
        report: Report,
        (rows_before, same): (u32, bool),
        replay: Arrival,
        results: &mut ShardResults,
    ) {
        if same && self.would_refuse(&report) {
            return;
        }
        let (feed, sender, arrival) = (report.feed, report.sender, Arrival { row: 0, ..report.arrival });
        let counts = results.counts.entry(feed).or_default();
        counts.rows += u64::from(report.rows);
        counts.rows_reread += u64::from(rows_before);
        let rows = report.rows;
        self.take_in(report, true, results);
        let rejected = results.facts.receipts.last().map_or(0, |receipt| receipt.rejected);
        results.facts.replayed.push(ReplayedRow {
            reread: Reread::Read,
            good: rows.saturating_sub(rejected),
            before: rows_before,
            rejected,
            replay,
            feed,
            sender,
            arrival,
        });
    }

    /// Whether nothing of a message would be taken.
    fn would_refuse(&mut self, report: &Report) -> bool {
        let is_known = self.was_delivered(report);
        let mut findings = Findings { listed: report.findings.clone(), ..Findings::default() };
        !is_known && self.taken(&mut report.clone(), &mut findings).cells.is_empty()
    }

    /// Whether the same was taken before. What a source was asked for is what it says now, whatever it said before.
    fn was_delivered(&self, report: &Report) -> bool {
        let known = || self.delivered.get(&report.agency);
        !report.asked && known().is_some_and(|delivered| delivered.known.contains(&report.known_by))
    }

    /// Packs what the epoch's messages touched, and tells of what was said in it whether anything stands.
    pub(crate) fn settle(&mut self, results: &mut ShardResults) {
        let spoke = std::mem::take(&mut self.spoke);
        for (period, (cells, changed)) in std::mem::take(&mut self.open) {
            if changed {
                results.filed.extend(filed::standing(&spoke, period, &cells));
                let _ = self.pages.insert(period, cells.packed());
            }
        }
        self.said.clear();
    }

    /// What of a message is taken.
    fn taken(&mut self, report: &mut Report, findings: &mut Findings) -> Taken {
        let broken = self.against(report, findings);
        let has_errors = !broken.is_empty() || findings.have_errors();
        if has_errors && !report.parts {
            return Taken::default();
        }
        let mut cells = std::mem::take(&mut report.cells);
        cells.retain(|cell| !broken.contains(&cell.row));
        if cells.is_empty() {
            return Taken::default();
        }
        let newest = cells.iter().map(|cell| cell.vintage).max().unwrap_or_default();
        let rest = report.whole.filter(|_| rejected_of(report, &cells) == 0).map(|whole| whole.rest);
        let unnamed = rest.map(|_| self.unnamed(report, &cells)).unwrap_or_default();
        let taken = Taken { cells, newest, rest, unnamed };
        if self.is_held(report, &taken, findings) { Taken::default() } else { taken }
    }

    /// Whether nothing of its own cells stands that an agency said of any of these periods.
    fn is_bare(&mut self, agency: Name, periods: &BTreeSet<Period>) -> bool {
        let mut bare = periods.iter().map(|period| !filed::stands(&self.cells(*period).0, agency));
        !periods.is_empty() && bare.all(|bare| bare)
    }

    /// Rows that the form does not let so far from what was known.
    fn against(&mut self, report: &Report, findings: &mut Findings) -> BTreeSet<u32> {
        let mut broken = BTreeSet::new();
        for breach in against::breaches(report, |key, owner| {
            let (cells, _) = self.cells(key.period);
            cells.shown_of(key, owner).and_then(|(_, said)| said.value.counts())
        }) {
            if breach.rule.weight == Weight::Error {
                let _ = broken.insert(breach.cell.row);
            }
            findings.push_one_of_many(breach.rule.weight, || words::against(&breach));
        }
        broken
    }

    /// What was said of a period; changes of it are to be noted beside it.
    fn cells(&mut self, period: Period) -> &mut (Cells, bool) {
        let Reported { pages, open, .. } = self;
        open.entry(period).or_insert_with(|| {
            let unpacked = pages.get(&period).map(|page| page.unpacked(period));
            let cells =
                unpacked.transpose().expect("pages are made here or were looked into when they were loaded");
            (cells.unwrap_or_default(), false)
        })
    }
}

/// What is found in a message, in order. Of those the keeper adds no more are made than a receipt lists.
#[derive(Debug, Default)]
struct Findings {
    listed: Vec<Finding>,
    /// Those that are made of many alike, by weight: how many are listed, and how many are not.
    many: BTreeMap<Weight, usize>,
    further: BTreeMap<Weight, usize>,
}

impl Findings {
    fn push(&mut self, finding: Finding) {
        self.listed.push(finding);
    }

    /// Adds one of which there may be as many as cells.
    fn push_one_of_many(&mut self, weight: Weight, finding: impl FnOnce() -> Finding) {
        let made = self.many.entry(weight).or_default();
        if *made < FINDINGS_KEPT {
            *made += 1;
            self.listed.push(finding());
        } else {
            *self.further.entry(weight).or_default() += 1;
        }
    }

    fn have_errors(&self) -> bool {
        self.further.contains_key(&Weight::Error)
            || self.listed.iter().any(|finding| finding.weight == Weight::Error)
    }

    /// The heaviest first, as many as a receipt has.
    fn in_order(self) -> Vec<Finding> {
        let Findings { listed: mut findings, further, .. } = self;
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.weight));
        let beyond: usize = further.values().sum();
        if findings.len() + beyond > FINDINGS_KEPT {
            let omitted = findings.split_off(FINDINGS_KEPT.saturating_sub(1).min(findings.len()));
            let weights = omitted.iter().map(|finding| finding.weight).chain(further.into_keys());
            let weight = weights.max().unwrap_or(Weight::Note);
            // The judge may have had more than it listed.
            let count = omitted.iter().filter(|finding| finding.rule != Rule::More).count() + beyond;
            findings.push(words::more(weight, count));
        }
        findings
    }
}

/// How many rows of a message are not taken.
fn rejected_of(report: &Report, taken: &[Cell]) -> u32 {
    report.rows.saturating_sub(u32::try_from(taken.len()).unwrap_or(u32::MAX))
}

/// What the list of rejects says of a message that was not taken whole: one row, whatever it is of.
fn rejected(receipt: &Receipt) -> Option<RejectedRow> {
    if receipt.rejected == 0 {
        return None;
    }
    let (place, message) = words::rejection(&receipt.findings, receipt.rejected, receipt.rows);
    let rejection = Rejection { reason: RejectReason::Form, place, message };
    Some(RejectedRow {
        feed: receipt.feed,
        sender: receipt.sender,
        arrival: receipt.arrival,
        whole: receipt.verdict == ReportVerdict::Refused,
        address: receipt.form.as_str().into(),
        rejection: rejection.into(),
        raw: Box::default(),
        raw_length: 0,
    })
}

#[cfg(test)]
mod tests;
