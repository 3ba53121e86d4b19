//! The ledger of what agencies owe: page by page, summed up, as a matrix, scored, and one obligation with its history.

use std::{collections::HashMap, future::Future};

use axum::{
    body::Bytes,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::HeaderMap,
    response::Response,
};
use ioc_model::{
    asker::Asker,
    calendar::Calendar,
    epoch::Epoch,
    form::{ObligationCursor, ObligationFilter, ObligationKey, Period, PeriodKind},
    pack::{DOMAINS, Pack},
    results::ObligationState,
    time::{EventTime, Millis, Now},
};
use serde::Deserialize;

use super::{AppState, figures::moment, json, question, starting};
use crate::{
    access::Asked,
    assets,
    obligations::{
        MATRIX_MAX, MATRIX_PERIODS, Names, OBLIGATIONS_MAX, ObligationMatrix, ObligationPage,
        ObligationStory, ObligationSummary, OwedPeriodView, PERIODS_MAX, SCORES_MAX, SOON_DAYS, SaidView,
        ScoreList, matrix as matrix_of, refused_at, summed,
    },
    problem::Problem,
    reported::forms_of,
    reports::PeriodView,
};

/// Of which obligations, in their words.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LedgerQuery {
    domain: Option<String>,
    form: Option<String>,
    agency: Option<String>,
    period: Option<String>,
    state: Option<String>,
    due: Option<String>,
    at: Option<String>,
    after: Option<String>,
    limit: Option<u32>,
}

/// What somebody asked of the ledger: the same question has another answer once something else was said of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LedgerQuestion {
    path: &'static str,
    asked: LedgerQuery,
    id: String,
    said: Epoch,
}

/// What is asked for.
struct Wanted {
    of: ObligationFilter,
    known_at: Option<EventTime>,
    /// The moment that counts as now.
    now: EventTime,
    calendar: Calendar,
}

impl LedgerQuery {
    fn wanted(&self, state: &AppState, pack: &Pack) -> Result<Wanted, Problem> {
        let known_at = self.at.as_deref().map(moment).transpose()?;
        let calendar =
            Calendar::of_zone(&pack.timezone).map_err(|error| Problem::internal(error.to_string()))?;
        let of = ObligationFilter {
            forms: self.forms(pack)?,
            agencies: self.agency.clone().map(|agency| vec![agency]),
            periods: self.period.as_deref().map(periods).transpose()?,
            states: self.state.as_deref().map(states).transpose()?,
            due: match &self.due {
                Some(month) => Some(within(&calendar, of_month(month)?)?),
                None => None,
            },
            at: known_at.map(|at| Now(at.0)),
        };
        Ok(Wanted { of, known_at, now: known_at.unwrap_or(EventTime(state.board.now().0)), calendar })
    }

    /// The forms of its domain, or the one it names; none where it may be any.
    fn forms(&self, pack: &Pack) -> Result<Option<Vec<String>>, Problem> {
        let Some(domain) = &self.domain else { return Ok(self.form.clone().map(|form| vec![form])) };
        if !DOMAINS.contains(&domain.as_str()) {
            let known = DOMAINS.join(", ");
            return Err(Problem::bad_request(format!("'{domain}' is no domain ({known})"))
                .vi(format!("'{domain}' không phải là một lĩnh vực ({known})")));
        }
        let is_meant =
            |form: &&ioc_model::form::Form| self.form.as_ref().is_none_or(|named| *named == form.id);
        Ok(Some(forms_of(pack, domain).filter(is_meant).map(|form| form.id.clone()).collect()))
    }

    /// That it names nothing of a list's pages.
    fn is_whole(&self) -> Result<(), Problem> {
        match self.after.is_none() && self.limit.is_none() {
            true => Ok(()),
            false => Err(Problem::bad_request("this has no pages: leave 'after' and 'limit' out")
                .vi("phần này không chia trang: hãy bỏ 'after' và 'limit'")),
        }
    }
}

/// A period of whatever kind.
fn periods(text: &str) -> Result<Vec<Period>, Problem> {
    let periods: Vec<Period> =
        PeriodKind::ALL.into_iter().filter_map(|kind| Period::parse(kind, text)).collect();
    if !periods.is_empty() {
        return Ok(periods);
    }
    Err(Problem::bad_request(format!("'{text}' is no period; one is 2026-10, 2026-Q4 or 2026"))
        .vi(format!("'{text}' không phải là kỳ báo cáo, ví dụ đúng: 2026-10, 2026-Q4, 2026")))
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

/// The month of deadlines.
fn of_month(text: &str) -> Result<Period, Problem> {
    Period::parse(PeriodKind::Month, text).ok_or_else(|| {
        Problem::bad_request(format!("'{text}' is no month; one is 2026-11"))
            .vi(format!("'{text}' không phải là tháng, ví dụ đúng: 2026-11"))
    })
}

/// From its first moment to the first one behind it, by the pack's clock.
fn within(calendar: &Calendar, period: Period) -> Result<(EventTime, EventTime), Problem> {
    let bounds = || {
        let first = |day: ioc_model::place::Date| calendar.moment(day.at(0, 0, 0, 0));
        Some((first(period.start)?, first(period.end.tomorrow().ok()?)?))
    };
    bounds().ok_or_else(|| Problem::bad_request("that lies outside of the years 1900 to 2200"))
}

/// The period of a kind that holds a moment.
fn holding(calendar: &Calendar, kind: PeriodKind, now: EventTime) -> Result<Period, Problem> {
    let day = calendar.local(now).and_then(|local| Period::holding(kind, local.date()));
    day.ok_or_else(|| Problem::bad_request("that lies outside of the years 1900 to 2200"))
}

/// An answer that is shared by whoever asks the same, told by its tag.
async fn shared(
    state: &AppState,
    asker: &Asker,
    headers: &HeaderMap,
    (path, asked, id): (&'static str, &LedgerQuery, &str),
    make: impl Future<Output = Result<Bytes, Problem>>,
) -> Result<Response, Problem> {
    starting(&state.board)?;
    let said = state.board.ledger_said(asker);
    let question = LedgerQuestion { path, asked: asked.clone(), id: id.to_owned(), said };
    let body = state.ledgers.answer(asker, &state.shown().build, question, make).await?;
    Ok(assets::revalidated(headers, &assets::tag_of(&body), "application/json", || body.clone()))
}

/// GET `/api/obligations`.
pub(super) async fn list(
    State(state): State<AppState>,
    Asked(asker): Asked,
    headers: HeaderMap,
    query: Result<Query<LedgerQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let asked = question(query)?;
    let made = listed(&state, &asker, &asked);
    shared(&state, &asker, &headers, ("list", &asked, ""), made).await
}

async fn listed(state: &AppState, asker: &Asker, asked: &LedgerQuery) -> Result<Bytes, Problem> {
    let limit = asked.limit.unwrap_or(100);
    if !(1..=OBLIGATIONS_MAX).contains(&limit) {
        return Err(Problem::bad_request(format!("limit must be 1 to {OBLIGATIONS_MAX}"))
            .vi(format!("limit phải từ 1 đến {OBLIGATIONS_MAX}")));
    }
    let place = |text: &String| {
        let detail_vi = "vị trí không đúng; hãy dùng 'next' của trang trước";
        text.parse::<ObligationCursor>()
            .map_err(|error| Problem::bad_request(error.to_string()).vi(detail_vi))
    };
    let after = asked.after.as_ref().map(place).transpose()?;
    let pack = state.shown().pack.clone();
    let Wanted { of, known_at, .. } = asked.wanted(state, &pack)?;
    // One more says whether there is another page.
    let mut owed = state.history.obligations(asker, &of, after.as_ref(), limit + 1).await?;
    let is_last = owed.len() <= limit as usize;
    owed.truncate(limit as usize);
    let positions = refused_at(&owed);
    let receipts = match positions.is_empty() {
        true => Vec::new(),
        false => state.history.attempts(asker, None, &positions).await?,
    };
    let names = Names::of(&pack);
    json(&ObligationPage {
        known_at,
        next: owed.last().filter(|_| !is_last).map(|last| ObligationCursor::from(last).to_string()),
        obligations: owed.iter().map(|of| names.obligation(of, &receipts)).collect(),
    })
}

/// GET `/api/obligations/summary`.
pub(super) async fn summary(
    State(state): State<AppState>,
    Asked(asker): Asked,
    headers: HeaderMap,
    query: Result<Query<LedgerQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let asked = question(query)?;
    let made = summed_up(&state, &asker, &asked);
    shared(&state, &asker, &headers, ("summary", &asked, ""), made).await
}

async fn summed_up(state: &AppState, asker: &Asker, asked: &LedgerQuery) -> Result<Bytes, Problem> {
    asked.is_whole()?;
    let pack = state.shown().pack.clone();
    let Wanted { mut of, known_at, now, calendar } = asked.wanted(state, &pack)?;
    let month = match &asked.due {
        Some(month) => of_month(month)?,
        None => holding(&calendar, PeriodKind::Month, now)?,
    };
    // What was missed before stands beside the month.
    of.due = None;
    let (from, until) = within(&calendar, month)?;
    let soon = EventTime(now.0.saturating_add(Millis::hours(24 * SOON_DAYS).0));
    let sums = state.history.obligation_sums(asker, &of, (from, until), (now, soon)).await?;
    let periods = state.history.owed_periods(asker, &of, PERIODS_MAX).await?;
    let anybody = ObligationFilter { agencies: None, ..of };
    let mut owing: Vec<String> = state.history.owing(asker, &anybody).await?;
    owing.sort();
    let names = Names::of(&pack);
    let (counts, forms) = summed(&names, &sums);
    json(&ObligationSummary {
        known_at,
        month: month.label(),
        from,
        until,
        soon_days: SOON_DAYS,
        counts,
        forms,
        agencies: owing.iter().map(|agency| names.agency(agency)).collect(),
        periods: periods.iter().map(OwedPeriodView::from).collect(),
    })
}

/// GET `/api/obligations/matrix`.
pub(super) async fn matrix(
    State(state): State<AppState>,
    Asked(asker): Asked,
    headers: HeaderMap,
    query: Result<Query<LedgerQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let asked = question(query)?;
    let made = laid_out(&state, &asker, &asked);
    shared(&state, &asker, &headers, ("matrix", &asked, ""), made).await
}

async fn laid_out(state: &AppState, asker: &Asker, asked: &LedgerQuery) -> Result<Bytes, Problem> {
    asked.is_whole()?;
    let pack = state.shown().pack.clone();
    let Wanted { mut of, known_at, now, calendar } = asked.wanted(state, &pack)?;
    let by_period = asked.form.is_some();
    let mut month = None;
    if by_period && of.periods.is_none() && of.due.is_none() {
        let newest = state.history.owed_periods(asker, &of, MATRIX_PERIODS).await?;
        of.periods = Some(newest.into_iter().map(|owed| owed.period).collect());
    }
    if !by_period {
        let named = match &asked.due {
            Some(month) => of_month(month)?,
            None => holding(&calendar, PeriodKind::Month, now)?,
        };
        of.due = Some(within(&calendar, named)?);
        month = Some(named.label());
    }
    let mut owed = state.history.obligations(asker, &of, None, MATRIX_MAX + 1).await?;
    let more = owed.len() > MATRIX_MAX as usize;
    owed.truncate(MATRIX_MAX as usize);
    let (columns, rows) = matrix_of(&Names::of(&pack), &owed, by_period);
    json(&ObligationMatrix { known_at, form: asked.form.clone(), month, columns, rows, more })
}

/// GET `/api/obligations/scores`.
pub(super) async fn scores(
    State(state): State<AppState>,
    Asked(asker): Asked,
    headers: HeaderMap,
    query: Result<Query<LedgerQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let asked = question(query)?;
    let made = scored(&state, &asker, &asked);
    shared(&state, &asker, &headers, ("scores", &asked, ""), made).await
}

async fn scored(state: &AppState, asker: &Asker, asked: &LedgerQuery) -> Result<Bytes, Problem> {
    asked.is_whole()?;
    let LedgerQuery { domain: None, form: None, state: None, due: None, .. } = asked else {
        return Err(Problem::bad_request(
            "a score is of all that an agency owes of a period: it takes 'agency', 'period' and 'at'",
        )
        .vi("điểm là của mọi báo cáo mà đơn vị phải nộp trong kỳ: chỉ nhận 'agency', 'period' và 'at'"));
    };
    let pack = state.shown().pack.clone();
    let Wanted { mut of, known_at, now, calendar } = asked.wanted(state, &pack)?;
    let year = holding(&calendar, PeriodKind::Year, now)?;
    let mut period: Option<Period> = None;
    if of.periods.is_none() && of.agencies.is_none() {
        // The newest of which something is judged, of those that end alike the one of which the most is.
        let known = state.history.owed_periods(asker, &of, PERIODS_MAX).await?;
        let judged = known.into_iter().filter(|known| known.judged > 0);
        let newest = judged.max_by_key(|known| (known.period.end, known.judged));
        let Some(newest) = newest else {
            return json(&ScoreList { known_at, period: None, year: year.number().0, scores: Vec::new() });
        };
        period = Some(newest.period);
        of.periods = Some(vec![newest.period]);
    }
    let scores = state.history.obligation_scores(asker, &of, SCORES_MAX).await?;
    let reminders = reminders(state, asker, &of, within(&calendar, year)?).await?;
    let names = Names::of(&pack);
    let period =
        period.or_else(|| of.periods.as_ref().and_then(|_| scores.first()).map(|score| score.period));
    let of_year = |agency: &str| reminders.get(agency).copied().unwrap_or_default();
    json(&ScoreList {
        known_at,
        period: period.map(PeriodView::from),
        year: year.number().0,
        scores: scores.iter().map(|score| names.score(score, of_year(&score.agency))).collect(),
    })
}

/// Reminders of the year, by agency.
async fn reminders(
    state: &AppState,
    asker: &Asker,
    of: &ObligationFilter,
    year: (EventTime, EventTime),
) -> Result<HashMap<String, u32>, Problem> {
    let of_year = ObligationFilter {
        due: Some(year),
        agencies: of.agencies.clone(),
        at: of.at,
        ..ObligationFilter::default()
    };
    Ok(state.history.reminders(asker, &of_year).await?.into_iter().collect())
}

/// GET `/api/obligations/{id}`.
pub(super) async fn obligation(
    State(state): State<AppState>,
    Asked(asker): Asked,
    Path(id): Path<String>,
    headers: HeaderMap,
    query: Result<Query<LedgerQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let asked = question(query)?;
    let made = told(&state, &asker, &asked, &id);
    shared(&state, &asker, &headers, ("obligation", &asked, &id), made).await
}

async fn told(state: &AppState, asker: &Asker, asked: &LedgerQuery, id: &str) -> Result<Bytes, Problem> {
    if *asked != (LedgerQuery { at: asked.at.clone(), ..LedgerQuery::default() }) {
        return Err(Problem::bad_request("an obligation takes 'at' alone").vi("chỉ nhận 'at'"));
    }
    let key: ObligationKey = id.parse().map_err(|error: ioc_model::form::InvalidObligation| {
        Problem::bad_request(error.to_string())
            .vi("mã báo cáo phải nộp có dạng biểu~đơn vị~loại kỳ~kỳ, ví dụ ktxh-x~25486~admin_month~2026-10")
    })?;
    let pack = state.shown().pack.clone();
    let Wanted { of, now, calendar, .. } = asked.wanted(state, &pack)?;
    let said = state.history.obligation_said(asker, &key, of.at).await?;
    let Some(last) = said.last() else {
        return Err(
            Problem::not_found("nothing like that is owed").vi("không có báo cáo phải nộp nào như vậy")
        );
    };
    let arrivals = said.iter().flat_map(|said| [said.first, said.last, said.last_rejected]).flatten();
    let mut positions: Vec<_> = arrivals.map(|arrival| arrival.position).collect();
    positions.sort_unstable();
    positions.dedup();
    let mut receipts = state.history.attempts(asker, Some(&key), &positions).await?;
    receipts.retain(|receipt| of.at.is_none_or(|at| receipt.arrival.received_at.0 <= at.0));
    let of_agency = ObligationFilter {
        agencies: Some(vec![key.agency.clone()]),
        at: of.at,
        ..ObligationFilter::default()
    };
    let scores = state.history.obligation_scores(asker, &of_agency, PERIODS_MAX).await?;
    let year = within(&calendar, holding(&calendar, PeriodKind::Year, now)?)?;
    let reminders = reminders(state, asker, &of_agency, year).await?;
    let reminded = reminders.get(&key.agency).copied().unwrap_or_default();
    let names = Names::of(&pack);
    json(&ObligationStory {
        obligation: names.obligation(last, &receipts),
        said: said.iter().map(SaidView::from).collect(),
        attempts: receipts.iter().map(|receipt| names.attempt(receipt)).collect(),
        scores: scores.iter().map(|score| names.score(score, reminded)).collect(),
    })
}
