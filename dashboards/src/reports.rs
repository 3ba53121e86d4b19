//! What agencies reported, as a person reads it: what became of each message, what it changed, what is shown.
//!
//! Numbers are decimals and travel as texts, so that none of them passes through a double on its way.

use std::collections::{BTreeMap, BTreeSet};

use ioc_model::{
    form::{Finding, FormIndicator, Mark, Period, PeriodKind, Rule, Value, Vintage, Weight},
    place::{Date, Place, PlaceKey},
    results::{Receipt, ReportVerdict, RowStanding},
    text::Text,
    time::ReceivedAt,
};
use rust_decimal::Decimal;
use serde::Serialize;

use crate::{
    guarded::without_numbers,
    kept_back::{KeptBack, dimensions},
    restated::{AskedPlace, MapView, RestatedView},
};

/// The most receipts of a page.
pub const RECEIPTS_MAX: u32 = 500;
/// The most cells of a message, or of a form and period, that are told at once.
pub const CELLS_MAX: u32 = 20_000;

/// A period.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PeriodView {
    /// How it is one of those that follow each other.
    pub kind: PeriodKind,
    /// As it is written: `2026-10`.
    pub label: String,
    /// Its first day.
    pub start: Date,
    /// Its last day.
    pub end: Date,
}

impl From<Period> for PeriodView {
    fn from(period: Period) -> PeriodView {
        let Period { start, end, kind } = period;
        PeriodView { kind, label: period.label(), start, end }
    }
}

impl PeriodView {
    /// The period itself.
    #[must_use]
    pub fn period(&self) -> Period {
        Period { kind: self.kind, start: self.start, end: self.end }
    }
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReceiptView {
    /// Where it lies.
    pub position: String,
    /// When it arrived.
    pub received_at: ReceivedAt,
    /// The form,
    pub form: String,
    /// and its name; none where the pack no longer has it.
    pub form_name: Option<Text>,
    /// Who reports,
    pub agency: String,
    /// and its name, of the authority of a place the place's; none where the pack has none like it.
    pub agency_name: Option<Text>,
    /// What it is about; none where it does not say, or each cell says its own.
    pub period: Option<PeriodView>,
    /// What became of it.
    pub verdict: ReportVerdict,
    /// Rows of it: stored + same + rejected.
    pub rows: u32,
    /// Rows that were stored.
    pub stored: u32,
    /// Of those, the ones that changed what the same agency had said.
    pub changed: u32,
    /// Of those, the ones of which another agency is the owner.
    pub conflicts: u32,
    /// Rows that say what was known.
    pub same: u32,
    /// Rows that were not taken.
    pub rejected: u32,
    /// Cells that it leaves out and that stay as they were.
    pub kept: u32,
    /// Cells that it took back by leaving them out.
    pub withdrawn: u32,
    /// How many errors are listed,
    pub errors: u32,
    /// how many warnings,
    pub warnings: u32,
    /// and how many notes.
    pub notes: u32,
    /// The feed it came by.
    pub feed: String,
    /// Who sent it.
    pub sender: String,
}

impl From<&Receipt> for ReceiptView {
    fn from(receipt: &Receipt) -> ReceiptView {
        let of = |weight: Weight| {
            let count = receipt.findings.iter().filter(|finding| finding.weight == weight).count();
            u32::try_from(count).unwrap_or(u32::MAX)
        };
        ReceiptView {
            position: receipt.arrival.position.to_string(),
            received_at: receipt.arrival.received_at,
            form: receipt.form.to_string(),
            form_name: None,
            agency: receipt.agency.to_string(),
            agency_name: None,
            period: receipt.period.map(PeriodView::from),
            verdict: receipt.verdict,
            rows: receipt.rows,
            stored: receipt.stored,
            changed: receipt.changed,
            conflicts: receipt.conflicts,
            same: receipt.same,
            rejected: receipt.rejected,
            kept: receipt.kept,
            withdrawn: receipt.withdrawn,
            errors: of(Weight::Error),
            warnings: of(Weight::Warning),
            notes: of(Weight::Note),
            feed: receipt.feed.to_string(),
            sender: receipt.sender.to_string(),
        }
    }
}

/// Some receipts, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ReceiptPage {
    /// They.
    pub receipts: Vec<ReceiptView>,
    /// Where the next page begins; none on the last one.
    pub next: Option<String>,
}

impl ReceiptPage {
    /// A page of at most so many, of as many and one more.
    #[must_use]
    pub fn of(receipts: &[Receipt], limit: u32) -> ReceiptPage {
        let limit = limit as usize;
        let shown = &receipts[..receipts.len().min(limit)];
        let place = |last: &Receipt| format!("{}-{}", last.arrival.received_at.0, last.arrival.position);
        ReceiptPage {
            next: shown.last().filter(|_| receipts.len() > limit).map(place),
            receipts: shown.iter().map(ReceiptView::from).collect(),
        }
    }
}

/// Something that was found in a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FindingView {
    /// How heavy it is.
    pub weight: Weight,
    /// Which rule.
    pub rule: Rule,
    /// Where; empty for all of it.
    pub at: String,
    /// What stands there.
    pub stands: String,
    /// What is wrong and what would be right.
    pub message: Text,
}

impl From<&Finding> for FindingView {
    fn from(finding: &Finding) -> FindingView {
        FindingView {
            weight: finding.weight,
            rule: finding.rule,
            at: finding.at.to_string(),
            stands: finding.stands.to_string(),
            message: finding.message.clone(),
        }
    }
}

/// What stands in a cell.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ValueView {
    /// What it says.
    pub mark: Mark,
    /// Its number, in the form's unit.
    #[serde(serialize_with = "as_text")]
    pub number: Option<Decimal>,
}

impl From<Value> for ValueView {
    fn from(Value { mark, number }: Value) -> ValueView {
        ValueView { mark, number }
    }
}

#[allow(clippy::ref_option, reason = "serde's form")]
pub(crate) fn as_text<S: serde::Serializer>(number: &Option<Decimal>, to: S) -> Result<S::Ok, S::Error> {
    number.map(|number| number.normalize().to_string()).serialize(to)
}

pub(crate) fn number_as_text<S: serde::Serializer>(number: &Decimal, to: S) -> Result<S::Ok, S::Error> {
    number.normalize().to_string().serialize(to)
}

/// What an agency says of a cell.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CellView {
    /// What is reported.
    pub indicator: String,
    /// Its name; none where the pack no longer has it.
    pub indicator_name: Option<Text>,
    /// Which part; empty for the whole.
    pub breakdown: String,
    /// How that is read; none of the whole, and where the pack no longer has the form.
    pub part_name: Option<Text>,
    /// Code of the unit it is about,
    pub place: String,
    /// and the first day of the validity of that version of it.
    pub place_from: Date,
    /// That unit's name; none where the pack has none like it.
    pub place_name: Option<Text>,
    /// When.
    pub period: PeriodView,
    /// Who says it.
    pub agency: String,
    /// How final it is.
    pub vintage: Vintage,
    /// What it says.
    pub is: ValueView,
    /// Whether its number is kept back, for being a small number of persons or for giving one away.
    pub suppressed: bool,
    /// What the same agency had said of it in that vintage; none where nothing.
    pub was: Option<ValueView>,
    /// How it stands to that.
    pub standing: RowStanding,
    /// Whether it was shown when it was stored.
    pub shown: bool,
    /// As it came, where that is not the plain number.
    pub as_sent: String,
    /// Notes to it.
    pub note: String,
    /// Where it stands in its message; empty where it was taken back by leaving it out.
    pub at: String,
    /// Where that message lies.
    pub position: String,
    /// When that arrived.
    pub received_at: ReceivedAt,
    /// Who sent it.
    pub sender: String,
}

/// A message, what was found in it and what it changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReportStory {
    /// What became of it.
    pub receipt: ReceiptView,
    /// What was found in it, the heaviest first.
    pub findings: Vec<FindingView>,
    /// What it changed, by row.
    pub cells: Vec<CellView>,
    /// Whether it changed more than is listed.
    pub more_cells: bool,
}

impl ReportStory {
    /// Of a receipt and its cells, at most [`CELLS_MAX`] and one more.
    #[must_use]
    pub fn of(receipt: &Receipt, mut cells: Vec<CellView>) -> ReportStory {
        let more_cells = cells.len() > CELLS_MAX as usize;
        cells.truncate(CELLS_MAX as usize);
        ReportStory {
            receipt: ReceiptView::from(receipt),
            findings: receipt.findings.iter().map(FindingView::from).collect(),
            cells,
            more_cells,
        }
    }
}

/// What an indicator adds up to over the cells that are shown. Parts are added up with parts of the same dimensions, and
/// the whole by itself: else the whole would count twice.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TotalView {
    /// The indicator.
    pub indicator: String,
    /// Which parts, by their dimensions: `age,sex`; empty for the whole.
    pub dimensions: String,
    /// The period.
    pub period: PeriodView,
    /// The sum of what is known; none where nothing is, or where it may not be added up.
    #[serde(serialize_with = "as_text")]
    pub sum: Option<Decimal>,
    /// Whether it is kept back, since it would give a small number of persons away.
    pub withheld: bool,
    /// Cells whose number is known.
    pub known: u32,
    /// Cells of which something was said, or of all places of the form where those are more.
    pub expected: u32,
}

/// What a sum is made of so far.
#[derive(Debug, Default)]
struct Sum<'a> {
    sum: Option<Decimal>,
    known: u32,
    said: u32,
    withheld: bool,
    parts: BTreeSet<&'a str>,
}

/// What is reported in a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IndicatorView {
    /// Identifier.
    pub id: String,
    /// Its code in the form.
    pub code: String,
    /// Its name.
    pub name: Text,
    /// The unit of its numbers.
    pub unit: String,
    /// Decimal places on screen.
    pub decimals: u8,
    /// Whether places and parts may be added up.
    pub additive: bool,
}

impl From<&FormIndicator> for IndicatorView {
    fn from(of: &FormIndicator) -> IndicatorView {
        IndicatorView {
            id: of.id.clone(),
            code: of.code.clone(),
            name: of.name.clone(),
            unit: of.unit.clone(),
            decimals: of.decimals,
            additive: of.additive,
        }
    }
}

/// What is shown of a form in a period.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReportValues {
    /// What is reported in it; empty where the pack no longer has the form.
    pub indicators: Vec<IndicatorView>,
    /// The cells.
    pub cells: Vec<CellView>,
    /// Whether there are more than are listed; nothing is added up then.
    pub more_cells: bool,
    /// What they add up to, by indicator.
    pub totals: Vec<TotalView>,
    /// Places that the form is about and of which nothing is reported in the period, whatever of it is asked for; `None` where
    /// that cannot be known: one place is asked for, the form names no tiers or is of other periods, or a feed that brings it
    /// is not seen.
    pub silent: Option<Vec<SilentPlace>>,
    /// How places are read; none before it is said.
    pub map: Option<MapView>,
    /// What units of the map say, by indicator; nothing as reported. The cells are those that they are made of.
    pub restated: Vec<RestatedView>,
}

/// A place of which nothing is reported.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SilentPlace {
    /// Its code,
    pub place: String,
    /// the first day of the validity of that version of it,
    pub place_from: Date,
    /// and its name.
    pub place_name: Text,
}

impl SilentPlace {
    /// Of a unit of the pack.
    #[must_use]
    pub fn of(place: &Place) -> SilentPlace {
        SilentPlace {
            place: place.key.code.clone(),
            place_from: place.key.valid_from,
            place_name: place.name.clone(),
        }
    }
}

impl ReportValues {
    /// Of all cells of a form and period, at most [`CELLS_MAX`] and one more; those of one place are left where one is named, of
    /// all its versions where it is named by its code alone.
    /// `additive` says of an indicator whether its cells may be added up, `places` how many places the form is about in a
    /// period.
    #[must_use]
    pub fn of(
        mut cells: Vec<CellView>,
        place: Option<&AskedPlace>,
        additive: impl Fn(&str) -> bool,
        kept_back: &KeptBack<'_>,
        places: impl Fn(&PeriodView) -> usize,
    ) -> ReportValues {
        let more_cells = cells.len() > CELLS_MAX as usize;
        cells.truncate(CELLS_MAX as usize);
        cells.retain(|cell| place.is_none_or(|place| place.is_of(&cell.place, cell.place_from)));
        let mut sums: BTreeMap<(&str, String, &PeriodView), Sum<'_>> = BTreeMap::new();
        for cell in cells.iter().filter(|_| !more_cells) {
            let key = (cell.indicator.as_str(), dimensions(&cell.breakdown), &cell.period);
            let sum = sums.entry(key).or_default();
            // A part of what is added up for everybody would say what is missing of it.
            sum.withheld |= place.is_some() && cell.is_kept_by(kept_back);
            sum.said += 1;
            let _ = sum.parts.insert(&cell.breakdown);
            if let Some(number) = cell.counts() {
                sum.known += 1;
                // Of 20,000 numbers of 28 digits none is that large.
                sum.sum = Some(sum.sum.unwrap_or_default().saturating_add(number));
            }
        }
        let total = |((indicator, dimensions, period), sum): ((&str, String, &PeriodView), Sum<'_>)| {
            let is_kept = |all: Decimal| kept_back.keeps_total(indicator, &dimensions, period.period(), all);
            let withheld = match place {
                Some(_) => sum.withheld,
                None => additive(indicator) && sum.sum.is_some_and(is_kept),
            };
            TotalView {
                indicator: indicator.to_owned(),
                sum: sum.sum.filter(|_| additive(indicator) && !withheld),
                withheld,
                known: sum.known,
                expected: sum.said.max(u32::try_from(sum.parts.len() * places(period)).unwrap_or(u32::MAX)),
                period: period.clone(),
                dimensions,
            }
        };
        let totals = sums.into_iter().map(total).collect();
        let cells = cells.into_iter().map(|cell| cell.told(kept_back)).collect();
        ReportValues {
            indicators: Vec::new(),
            totals,
            cells,
            more_cells,
            silent: None,
            map: None,
            restated: Vec::new(),
        }
    }
}

impl CellView {
    /// The unit that it is about.
    #[must_use]
    pub fn unit(&self) -> PlaceKey {
        PlaceKey { code: self.place.clone(), valid_from: self.place_from }
    }

    fn counts(&self) -> Option<Decimal> {
        Value { mark: self.is.mark, number: self.is.number }.counts()
    }

    pub(crate) fn is_kept_by(&self, kept_back: &KeptBack<'_>) -> bool {
        let of = (&*self.indicator, &*self.breakdown, &*self.place, self.place_from, self.period.period());
        self.counts().is_some_and(|number| kept_back.keeps(of, number))
    }

    /// Without what is kept back: its number; what it was before, which is beside it a number like any other; and notes,
    /// which are words on the whole row.
    #[must_use]
    pub fn told(self, kept_back: &KeptBack<'_>) -> CellView {
        if !kept_back.is_about(&self.indicator) {
            return self;
        }
        let withheld = ValueView { mark: Mark::Withheld, number: None };
        let is_number = |was: &ValueView| was.number.is_some_and(|number| !number.is_zero());
        let was = self.was.map(|was| if is_number(&was) { withheld } else { was });
        let note = String::new();
        match self.is_kept_by(kept_back) {
            true => CellView { is: withheld, suppressed: true, was, as_sent: String::new(), note, ..self },
            false => CellView { was, note, ..self },
        }
    }
}

impl ReportStory {
    /// Without what is kept back. `is_of_persons` says whether its form has numbers of persons at all: then what was found
    /// quotes none.
    #[must_use]
    pub fn told(self, kept_back: &KeptBack<'_>, is_of_persons: bool) -> ReportStory {
        let cells = self.cells.into_iter().map(|cell| cell.told(kept_back)).collect();
        let mut findings = self.findings;
        for finding in findings.iter_mut().filter(|_| is_of_persons) {
            let stands = std::mem::take(&mut finding.stands);
            finding.message = without_numbers(&finding.message, &stands);
        }
        ReportStory { cells, findings, ..self }
    }
}
