//! The ledger: who owes which report when, how that stands, what came of it, and how agencies keep what they owe.
//!
//! It tells no value that was reported. Why an attempt was refused is told without the numbers of persons that may stand in
//! the words of what was found (`guarded`).

mod matrix;
mod names;

use std::collections::BTreeMap;

use ioc_model::{
    form::{BY_URGENCY, ObligationSum, OwedPeriod},
    position::Arrival,
    results::{Obligation, ObligationState, ReportVerdict},
    rule::Priority,
    text::Text,
    time::{EventTime, Now, ReceivedAt},
};
use serde::Serialize;

pub(crate) use self::{matrix::matrix, names::Names};
use crate::{concern::priority_of_an_obligation, reports::PeriodView};

/// The most obligations of a page.
pub const OBLIGATIONS_MAX: u32 = 500;
/// The most obligations of a matrix.
pub const MATRIX_MAX: u32 = 20_000;
/// The periods that a matrix of a form has.
pub const MATRIX_PERIODS: u32 = 12;
/// The most scores that are told at once: an agency a commune, and those beside them.
pub const SCORES_MAX: u32 = 1_000;
/// The most messages that are told of one obligation.
pub const ATTEMPTS_MAX: u32 = 200;
/// The most periods that one may choose from.
pub const PERIODS_MAX: u32 = 120;
/// How many days from now on count as soon.
pub const SOON_DAYS: i64 = 7;

/// An obligation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ObligationView {
    /// What it is called: `form~agency~kind~period`.
    pub id: String,
    /// The form that is owed,
    pub form: String,
    /// and its name; none where the pack no longer has it.
    pub form_name: Option<Text>,
    /// Who owes it,
    pub agency: String,
    /// and its name, of the authority of a place the place's; none where the pack has none like it.
    pub agency_name: Option<Text>,
    /// What it is to be about.
    pub period: PeriodView,
    /// From when on it can be done.
    pub owed_from: EventTime,
    /// The deadline.
    pub due_at: EventTime,
    /// How it stands,
    pub state: ObligationState,
    /// and how urgent that is; none where nobody need do anything.
    pub priority: Option<Priority>,
    /// When the first accepted message arrived,
    pub received_at: Option<ReceivedAt>,
    /// and where it lies.
    pub position: Option<String>,
    /// How long that was behind the deadline, seconds; none where it was not late.
    pub late_seconds: Option<i64>,
    /// Accepted messages beside the first that changed something,
    pub revisions: u32,
    /// when the last of them arrived,
    pub revised_at: Option<ReceivedAt>,
    /// and where that lies.
    pub revised_by: Option<String>,
    /// Attempts that were refused whole,
    pub rejected: u32,
    /// and the last of them.
    pub last_rejected: Option<RefusedView>,
    /// Which of its agency's misses of the year it is; 0 where it is none.
    pub reminders: u32,
    /// Since when it stands so, on the recorded clock.
    pub said_at: Now,
}

/// An attempt that was refused.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RefusedView {
    /// Where it lies.
    pub position: String,
    /// When it arrived.
    pub received_at: ReceivedAt,
    /// Who sent it; empty where the asker does not see its feed.
    pub sender: String,
    /// The first of what was wrong; none where the asker does not see its feed.
    pub reason: Option<Text>,
}

/// A page of obligations: what is open behind its deadline first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ObligationPage {
    /// The moment they were asked for as of; none for now.
    pub known_at: Option<EventTime>,
    /// They.
    pub obligations: Vec<ObligationView>,
    /// Where the next page begins; none on the last one.
    pub next: Option<String>,
}

/// What came of an obligation: a message that was about it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AttemptView {
    /// Where it lies.
    pub position: String,
    /// When it arrived.
    pub received_at: ReceivedAt,
    /// What became of it.
    pub verdict: ReportVerdict,
    /// Rows of it that were stored,
    pub stored: u32,
    /// and of those the ones that changed what was said before.
    pub changed: u32,
    /// How many errors were found,
    pub errors: u32,
    /// and how many warnings.
    pub warnings: u32,
    /// The first of the errors.
    pub reason: Option<Text>,
    /// The feed it came by.
    pub feed: String,
    /// Who sent it.
    pub sender: String,
}

/// A word that was said of an obligation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SaidView {
    /// When, on the recorded clock.
    pub said_at: Now,
    /// How it stood from then on,
    pub state: ObligationState,
    /// and how urgent that is; none where nobody need do anything.
    pub priority: Option<Priority>,
    /// The deadline by then.
    pub due_at: EventTime,
    /// Corrections by then.
    pub revisions: u32,
    /// Refused attempts by then.
    pub rejected: u32,
    /// Which of its agency's misses of the year it was by then.
    pub reminders: u32,
}

/// One obligation, how it came to stand so, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ObligationStory {
    /// As it stands.
    pub obligation: ObligationView,
    /// What was said of it, in order.
    pub said: Vec<SaidView>,
    /// What came, by arrival; of feeds that the asker sees.
    pub attempts: Vec<AttemptView>,
    /// How its agency kept what it owed of this and other periods, the newest first.
    pub scores: Vec<ScoreView>,
}

/// How urgent a report is that stands so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct UrgencyView {
    /// How it stands.
    pub state: ObligationState,
    /// How urgent that is; none where nobody need do anything.
    pub priority: Option<Priority>,
}

impl UrgencyView {
    /// Of all states, in the order of a list.
    pub(crate) fn all() -> [UrgencyView; BY_URGENCY.len()] {
        BY_URGENCY.map(|state| UrgencyView { state, priority: priority_of_an_obligation(state) })
    }
}

/// How many obligations stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ObligationCounts {
    /// All with a deadline in the month or year.
    pub owed: u32,
    /// Those that cannot be met yet.
    pub not_due: u32,
    /// Those of which nothing was accepted and whose deadline has not passed, refused attempts or none.
    pub due: u32,
    /// Of those, the ones whose last attempt was refused.
    pub rejected: u32,
    /// Those that were met in time.
    pub on_time: u32,
    /// Those that were met behind the deadline.
    pub late: u32,
    /// Those of which nothing was accepted until the deadline.
    pub missing: u32,
    /// Those that were corrected.
    pub revised: u32,
    /// Attempts that were refused.
    pub refused: u32,
    /// Still missing of the time before.
    pub missing_before: u32,
    /// Open ones whose deadline is within the next days.
    pub soon: u32,
}

impl ObligationCounts {
    fn add(&mut self, sum: &ObligationSum) {
        let ObligationSum { within, before, soon, revised, refused, .. } = *sum;
        self.owed += within;
        self.revised += revised;
        self.refused += refused;
        match sum.state {
            ObligationState::NotDue => self.not_due += within,
            ObligationState::Due => self.due += within,
            ObligationState::Rejected => {
                self.due += within;
                self.rejected += within;
            }
            ObligationState::OnTime => self.on_time += within,
            ObligationState::Late => self.late += within,
            ObligationState::Missing => {
                self.missing += within;
                self.missing_before += before;
            }
            ObligationState::NotOwed => {}
        }
        if matches!(sum.state, ObligationState::NotDue | ObligationState::Due | ObligationState::Rejected) {
            self.soon += soon;
        }
    }
}

/// A form of the ledger, and how what is owed of it stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OwedForm {
    /// Identifier.
    pub form: String,
    /// Its name; none where the pack no longer has it.
    pub form_name: Option<Text>,
    /// The screen of its domain; none where it has none.
    pub screen: Option<String>,
    /// How it stands.
    pub counts: ObligationCounts,
}

/// Who owes something.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AgencyView {
    /// An agency of the pack, or the code of the place whose authority it is.
    pub agency: String,
    /// Its name; none where the pack has none like it.
    pub agency_name: Option<Text>,
}

/// How what is owed stands, of the obligations with a deadline in one month or year.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ObligationSummary {
    /// The moment it was asked for as of; none for now.
    pub known_at: Option<EventTime>,
    /// The month or year of the deadlines: `2026-11`, `2026`,
    pub due: String,
    /// its first moment,
    pub from: EventTime,
    /// and the first one behind it.
    pub until: EventTime,
    /// The moment that counts as now.
    pub now: EventTime,
    /// How many days from now on count as soon,
    pub soon_days: i64,
    /// and the first moment behind them.
    pub soon_until: EventTime,
    /// The first deadline there ever was; none where nothing is owed.
    pub first_due: Option<EventTime>,
    /// Domains that one may choose from.
    pub domains: Vec<&'static str>,
    /// How urgent each state is, in the order of a list.
    pub states: [UrgencyView; BY_URGENCY.len()],
    /// All of it.
    pub counts: ObligationCounts,
    /// By form.
    pub forms: Vec<OwedForm>,
    /// Who owes something, by name.
    pub agencies: Vec<AgencyView>,
    /// Periods of which something is owed, the newest first.
    pub periods: Vec<OwedPeriodView>,
}

/// A period of which something is owed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OwedPeriodView {
    /// The period.
    #[serde(flatten)]
    pub period: PeriodView,
    /// Obligations of it,
    pub owed: u32,
    /// and how many of them were met or missed.
    pub judged: u32,
}

impl From<&OwedPeriod> for OwedPeriodView {
    fn from(of: &OwedPeriod) -> OwedPeriodView {
        OwedPeriodView { period: PeriodView::from(of.period), owed: of.owed, judged: of.judged }
    }
}

/// Columns of a matrix.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MatrixColumn {
    /// Identifier of the form.
    pub form: String,
    /// Its name; none where the pack no longer has it.
    pub form_name: Option<Text>,
    /// The period; none where the column is of all that is due in the month or year.
    pub period: Option<PeriodView>,
}

/// What an agency owes of a column.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MatrixCell {
    /// The most urgent obligation of them.
    pub id: String,
    /// How that stands,
    pub state: ObligationState,
    /// and how urgent that is; none where nobody need do anything.
    pub priority: Option<Priority>,
    /// Its deadline.
    pub due_at: EventTime,
    /// How late it came, seconds; none where it was not late.
    pub late_seconds: Option<i64>,
    /// Corrections of it.
    pub revisions: u32,
    /// Refused attempts at it.
    pub rejected: u32,
    /// How many obligations there are.
    pub count: u32,
}

/// What an agency owes, by column.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MatrixRow {
    /// Who owes it.
    #[serde(flatten)]
    pub agency: AgencyView,
    /// By column; none where it owes nothing.
    pub cells: Vec<Option<MatrixCell>>,
}

/// Who owes what: agencies by periods of a form, or by forms of what is due in a month or year.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ObligationMatrix {
    /// The moment it was asked for as of; none for now.
    pub known_at: Option<EventTime>,
    /// The form whose periods are its columns; none where forms are.
    pub form: Option<String>,
    /// The month or year of the deadlines; none where periods of a form are the columns.
    pub due: Option<String>,
    /// Its columns.
    pub columns: Vec<MatrixColumn>,
    /// Its rows: who misses the most first.
    pub rows: Vec<MatrixRow>,
    /// Whether there are more obligations than are told.
    pub more: bool,
}

/// How an agency kept what it owed of a period.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScoreView {
    /// Who.
    #[serde(flatten)]
    pub agency: AgencyView,
    /// The period.
    pub period: PeriodView,
    /// Obligations of it: not due + due + on time + late + missing.
    pub owed: u32,
    /// Those that cannot be met yet.
    pub not_due: u32,
    /// Those of which nothing was accepted and whose deadline has not passed.
    pub due: u32,
    /// Those that were met in time.
    pub on_time: u32,
    /// Those that were met behind the deadline.
    pub late: u32,
    /// Those of which nothing was accepted until the deadline.
    pub missing: u32,
    /// Attempts that were refused.
    pub rejected: u32,
    /// Corrections.
    pub revisions: u32,
    /// Of those that were late the middle one: seconds behind the deadline.
    pub median_late_seconds: Option<i64>,
    /// Per cent in time of those that were met or missed; none while nothing can be judged.
    pub score: Option<f64>,
    /// What speaks against it: `missing`, `late`, `rejected`, `revised`.
    pub reasons: Vec<String>,
    /// Obligations that it missed of those due in the calendar year; each is a reminder.
    pub reminders: u32,
}

/// Scores of a period, the worst first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScoreList {
    /// The moment they were asked for as of; none for now.
    pub known_at: Option<EventTime>,
    /// The period; none where nothing can be judged yet.
    pub period: Option<PeriodView>,
    /// The calendar year that reminders are counted in.
    pub year: i16,
    /// They.
    pub scores: Vec<ScoreView>,
}

/// By form, and all together.
pub(crate) fn summed(names: Names<'_>, sums: &[ObligationSum]) -> (ObligationCounts, Vec<OwedForm>) {
    let mut all = ObligationCounts::default();
    let mut forms: BTreeMap<&str, ObligationCounts> = BTreeMap::new();
    for sum in sums.iter().filter(|sum| sum.state != ObligationState::NotOwed) {
        all.add(sum);
        forms.entry(&sum.form).or_default().add(sum);
    }
    let form = |(form, counts): (&str, ObligationCounts)| OwedForm {
        form: form.to_owned(),
        form_name: names.form(form),
        screen: names.screen(form),
        counts,
    };
    (all, forms.into_iter().map(form).collect())
}

/// The last refused attempts at some obligations.
pub(crate) fn refused_at(obligations: &[Obligation]) -> Vec<Arrival> {
    obligations.iter().filter_map(|of| of.last_rejected).collect()
}
