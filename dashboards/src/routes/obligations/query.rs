//! Of which obligations somebody asks, in the words of a question.

use ioc_model::{
    calendar::Calendar,
    form::{Form, ObligationFilter, Period, PeriodKind},
    pack::{DOMAINS, Pack},
    place::Date,
    results::ObligationState,
    time::{EventTime, Now},
};
use serde::Deserialize;

use crate::{
    problem::Problem,
    reported::forms_of,
    routes::{AppState, MOMENTS, figures::moment},
};

/// Of which obligations, in their words.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::routes) struct LedgerQuery {
    pub(super) domain: Option<String>,
    pub(super) form: Option<String>,
    pub(super) agency: Option<String>,
    pub(super) period: Option<String>,
    pub(super) state: Option<String>,
    pub(super) due: Option<String>,
    pub(super) due_from: Option<String>,
    pub(super) due_until: Option<String>,
    pub(super) refused: Option<bool>,
    pub(super) at: Option<String>,
    pub(super) after: Option<String>,
    pub(super) limit: Option<u32>,
}

/// What is asked for.
pub(super) struct Wanted {
    pub(super) of: ObligationFilter,
    pub(super) known_at: Option<EventTime>,
    /// The moment that counts as now.
    pub(super) now: EventTime,
    pub(super) calendar: Calendar,
    /// The month or year of the deadlines; none where none is named.
    pub(super) due: Option<Period>,
}

impl Wanted {
    /// The month or year of the deadlines that is named, else the month that now is in, and its moments.
    pub(super) fn due_or_now(&self) -> Result<(Period, (EventTime, EventTime)), Problem> {
        let due = match self.due {
            Some(due) => due,
            None => holding(&self.calendar, PeriodKind::Month, self.now)?,
        };
        Ok((due, within(&self.calendar, due)?))
    }

    /// The year that now is in, and its moments.
    pub(super) fn year(&self) -> Result<(Period, (EventTime, EventTime)), Problem> {
        let year = holding(&self.calendar, PeriodKind::Year, self.now)?;
        Ok((year, within(&self.calendar, year)?))
    }
}

impl LedgerQuery {
    pub(super) fn wanted(&self, state: &AppState, pack: &Pack) -> Result<Wanted, Problem> {
        let known_at = self.at.as_deref().map(|at| moment("at", at)).transpose()?;
        let calendar =
            Calendar::of_zone(&pack.timezone).map_err(|error| Problem::internal(error.to_string()))?;
        let due = self.due.as_deref().map(month_or_year).transpose()?;
        let of = ObligationFilter {
            forms: self.forms(pack)?,
            agencies: self.agency.clone().map(|agency| vec![agency]),
            periods: self.period.as_deref().map(periods).transpose()?,
            states: self.state.as_deref().map(states).transpose()?,
            due: self.due_within(&calendar, due)?,
            refused: self.refused.unwrap_or(false),
            at: known_at.map(|at| Now(at.0)),
        };
        let now = known_at.unwrap_or(EventTime(state.board.now().0));
        Ok(Wanted { of, known_at, now, calendar, due })
    }

    /// Between which moments the deadlines lie: those of a month or year, and from or until one that is named.
    fn due_within(
        &self,
        calendar: &Calendar,
        due: Option<Period>,
    ) -> Result<Option<(EventTime, EventTime)>, Problem> {
        let from = self.due_from.as_deref().map(|from| moment("due_from", from)).transpose()?;
        let until = self.due_until.as_deref().map(|until| moment("due_until", until)).transpose()?;
        if from.is_none() && until.is_none() && due.is_none() {
            return Ok(None);
        }
        let (first, end) = match due {
            Some(due) => within(calendar, due)?,
            None => (EventTime(*MOMENTS.start()), EventTime(*MOMENTS.end())),
        };
        Ok(Some((from.map_or(first, |from| from.max(first)), until.map_or(end, |until| until.min(end)))))
    }

    /// The forms of its domain, or the one it names; none where it may be any.
    fn forms(&self, pack: &Pack) -> Result<Option<Vec<String>>, Problem> {
        let Some(domain) = &self.domain else { return Ok(self.form.clone().map(|form| vec![form])) };
        if !DOMAINS.contains(&domain.as_str()) {
            let known = DOMAINS.join(", ");
            return Err(Problem::bad_request(format!("'{domain}' is no domain ({known})"))
                .vi(format!("'{domain}' không phải là một lĩnh vực ({known})")));
        }
        let is_meant = |form: &&Form| self.form.as_ref().is_none_or(|named| *named == form.id);
        Ok(Some(forms_of(pack, domain).filter(is_meant).map(|form| form.id.clone()).collect()))
    }

    /// That it names nothing of a list alone.
    pub(super) fn is_of_no_list(&self) -> Result<(), Problem> {
        let named = [
            ("after", self.after.is_some()),
            ("limit", self.limit.is_some()),
            ("due_from", self.due_from.is_some()),
            ("due_until", self.due_until.is_some()),
            ("refused", self.refused.is_some()),
        ];
        let Some((name, _)) = named.into_iter().find(|(_, is_named)| *is_named) else { return Ok(()) };
        Err(Problem::bad_request(format!("'{name}' is of the list of obligations alone: leave it out"))
            .vi(format!("chỉ danh sách báo cáo phải nộp nhận '{name}': hãy bỏ '{name}'")))
    }
}

/// A period of whatever kind, or of the one that stands before it, as in what an obligation is called.
fn periods(text: &str) -> Result<Vec<Period>, Problem> {
    let of_kind = |(kind, label)| Period::parse(PeriodKind::from_word(kind)?, label);
    let periods: Vec<Period> = match text.split_once('~') {
        Some(named) => of_kind(named).into_iter().collect(),
        None => PeriodKind::ALL.into_iter().filter_map(|kind| Period::parse(kind, text)).collect(),
    };
    if !periods.is_empty() {
        return Ok(periods);
    }
    let detail = format!("'{text}' is no period; one is 2026-10, 2026-Q4, 2026, or admin_month~2026-10");
    let detail_vi = format!(
        "'{text}' không phải là kỳ báo cáo, ví dụ đúng: 2026-10, 2026-Q4, 2026 hoặc admin_month~2026-10"
    );
    Err(Problem::bad_request(detail).vi(detail_vi))
}

/// States, with commas between them.
fn states(text: &str) -> Result<Vec<ObligationState>, Problem> {
    let state = |word: &str| {
        ObligationState::from_word(word).ok_or_else(|| {
            let known = ObligationState::ALL.map(ObligationState::word).join(", ");
            Problem::bad_request(format!("'{word}' is no state of an obligation ({known})"))
                .vi(format!("'{word}' không phải là trạng thái của một báo cáo phải nộp ({known})"))
        })
    };
    text.split(',').map(state).collect()
}

/// The month or year of deadlines.
fn month_or_year(text: &str) -> Result<Period, Problem> {
    let mut kinds = [PeriodKind::Month, PeriodKind::Year].into_iter();
    kinds.find_map(|kind| Period::parse(kind, text)).ok_or_else(|| {
        Problem::bad_request(format!("'{text}' is no month or year; one is 2026-11, or 2026"))
            .vi(format!("'{text}' không phải là tháng hoặc năm, ví dụ đúng: 2026-11 hoặc 2026"))
    })
}

/// From its first moment to the first one behind it, by the pack's clock.
fn within(calendar: &Calendar, period: Period) -> Result<(EventTime, EventTime), Problem> {
    let bounds = || {
        let first = |day: Date| calendar.moment(day.at(0, 0, 0, 0));
        Some((first(period.start)?, first(period.end.tomorrow().ok()?)?))
    };
    bounds().ok_or_else(outside)
}

/// The period of a kind that holds a moment.
fn holding(calendar: &Calendar, kind: PeriodKind, now: EventTime) -> Result<Period, Problem> {
    let day = calendar.local(now).and_then(|local| Period::holding(kind, local.date()));
    day.ok_or_else(outside)
}

fn outside() -> Problem {
    Problem::bad_request("that lies outside of the years 1900 to 2200")
        .vi("thời gian này nằm ngoài khoảng từ năm 1900 đến năm 2200")
}
