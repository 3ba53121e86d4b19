//! The ledger of what agencies owe: page by page, summed up, as a matrix, scored, and one obligation with its history.

mod query;

use std::collections::HashMap;

use axum::{
    body::Bytes,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::HeaderMap,
    response::Response,
};
use ioc_model::{
    asker::Asker,
    form::{InvalidObligation, ObligationCursor, ObligationFilter, ObligationKey, Period},
    pack::DOMAINS,
    time::{EventTime, Millis},
};

use self::query::{LedgerQuery, Wanted};
use super::{AppState, json, question, starting, up_to};
use crate::{
    access::Asked,
    assets,
    obligations::{
        MATRIX_MAX, MATRIX_PERIODS, OBLIGATIONS_MAX, ObligationMatrix, ObligationPage, ObligationStory,
        ObligationSummary, OwedPeriodView, PERIODS_MAX, SCORES_MAX, SOON_DAYS, SaidView, ScoreList,
        UrgencyView, matrix as matrix_of, refused_at, summed,
    },
    problem::Problem,
    reports::PeriodView,
};

/// What of the ledger every page that is open asks for again and again.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum LedgerQuestion {
    List(LedgerQuery),
    Summary(LedgerQuery),
    Matrix(LedgerQuery),
    Scores(LedgerQuery),
    Obligation(ObligationKey, LedgerQuery),
}

impl LedgerQuestion {
    /// Who opened a further page stays on it, and nobody else is on the same; all look at the first one.
    fn is_of_many(&self) -> bool {
        !matches!(self, LedgerQuestion::List(LedgerQuery { after: Some(_), .. }))
    }
}

/// Answers as somebody was answered who asked the same a moment ago, unless something was said of the ledger since. An answer
/// is told by its tag.
async fn shared(
    state: &AppState,
    asker: &Asker,
    headers: &HeaderMap,
    asked: LedgerQuestion,
) -> Result<Response, Problem> {
    starting(&state.board)?;
    let of = asked.clone();
    let make = async {
        match &of {
            LedgerQuestion::List(of) => listed(state, asker, of).await,
            LedgerQuestion::Summary(of) => summed_up(state, asker, of).await,
            LedgerQuestion::Matrix(of) => laid_out(state, asker, of).await,
            LedgerQuestion::Scores(of) => scored(state, asker, of).await,
            LedgerQuestion::Obligation(key, of) => told(state, asker, key, of).await,
        }
    };
    let body = match asked.is_of_many() {
        true => {
            let said = || state.board.ledger_said(asker);
            state.ledgers.answer_since(asker, &state.shown().build, asked, said, make).await?
        }
        false => make.await?,
    };
    Ok(assets::revalidated(headers, &assets::tag_of(&body), "application/json", || body.clone()))
}

/// GET `/api/obligations`.
pub(super) async fn list(
    State(state): State<AppState>,
    Asked(asker): Asked,
    headers: HeaderMap,
    query: Result<Query<LedgerQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    shared(&state, &asker, &headers, LedgerQuestion::List(question(query)?)).await
}

async fn listed(state: &AppState, asker: &Asker, asked: &LedgerQuery) -> Result<Bytes, Problem> {
    let limit = up_to("limit", asked.limit.unwrap_or(100), OBLIGATIONS_MAX)?;
    let place = |text: &String| {
        let detail_vi = "vị trí không đúng; hãy dùng 'next' của trang trước";
        text.parse::<ObligationCursor>()
            .map_err(|error| Problem::bad_request(error.to_string()).vi(detail_vi))
    };
    let after = asked.after.as_ref().map(place).transpose()?;
    let shown = state.shown();
    let Wanted { of, known_at, .. } = asked.wanted(state, &shown.pack)?;
    // One more says whether there is another page.
    let mut owed = state.history.obligations(asker, &of, after.as_ref(), limit + 1).await?;
    let is_last = owed.len() <= limit as usize;
    owed.truncate(limit as usize);
    let arrivals = refused_at(&owed);
    let receipts = match arrivals.is_empty() {
        true => Vec::new(),
        false => state.history.attempts(asker, None, &arrivals).await?,
    };
    let names = shown.names();
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
    shared(&state, &asker, &headers, LedgerQuestion::Summary(question(query)?)).await
}

async fn summed_up(state: &AppState, asker: &Asker, asked: &LedgerQuery) -> Result<Bytes, Problem> {
    asked.is_of_no_list()?;
    let shown = state.shown();
    let wanted = asked.wanted(state, &shown.pack)?;
    let (due, (from, until)) = wanted.due_or_now()?;
    let Wanted { of, known_at, now, .. } = wanted;
    // What was missed before stands beside them.
    let of = ObligationFilter { due: None, ..of };
    let soon_until = EventTime(now.0.saturating_add(Millis::hours(24 * SOON_DAYS).0));
    let sums = state.history.obligation_sums(asker, &of, (from, until), (now, soon_until)).await?;
    let owing = state.history.owing(asker, &of, PERIODS_MAX).await?;
    let names = shown.names();
    let (counts, forms) = summed(names, &sums);
    json(&ObligationSummary {
        known_at,
        due: due.label(),
        from,
        until,
        now,
        soon_days: SOON_DAYS,
        soon_until,
        first_due: owing.first_due,
        domains: DOMAINS.to_vec(),
        states: UrgencyView::all(),
        counts,
        forms,
        agencies: owing.agencies.iter().map(|agency| names.agency(agency)).collect(),
        periods: owing.periods.iter().map(OwedPeriodView::from).collect(),
    })
}

/// GET `/api/obligations/matrix`.
pub(super) async fn matrix(
    State(state): State<AppState>,
    Asked(asker): Asked,
    headers: HeaderMap,
    query: Result<Query<LedgerQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    shared(&state, &asker, &headers, LedgerQuestion::Matrix(question(query)?)).await
}

async fn laid_out(state: &AppState, asker: &Asker, asked: &LedgerQuery) -> Result<Bytes, Problem> {
    asked.is_of_no_list()?;
    let shown = state.shown();
    let wanted = asked.wanted(state, &shown.pack)?;
    let named = wanted.due_or_now()?;
    let Wanted { mut of, known_at, .. } = wanted;
    let by_period = asked.form.is_some();
    let mut due = None;
    if by_period && of.periods.is_none() && of.due.is_none() {
        let newest = state.history.owed_periods(asker, &of, MATRIX_PERIODS).await?;
        of.periods = Some(newest.into_iter().map(|owed| owed.period).collect());
    }
    if !by_period {
        let (period, within) = named;
        of.due = Some(within);
        due = Some(period.label());
    }
    let mut owed = state.history.obligations(asker, &of, None, MATRIX_MAX + 1).await?;
    let more = owed.len() > MATRIX_MAX as usize;
    owed.truncate(MATRIX_MAX as usize);
    let (columns, rows) = matrix_of(shown.names(), &owed, by_period);
    json(&ObligationMatrix { known_at, form: asked.form.clone(), due, columns, rows, more })
}

/// GET `/api/obligations/scores`.
pub(super) async fn scores(
    State(state): State<AppState>,
    Asked(asker): Asked,
    headers: HeaderMap,
    query: Result<Query<LedgerQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    shared(&state, &asker, &headers, LedgerQuestion::Scores(question(query)?)).await
}

async fn scored(state: &AppState, asker: &Asker, asked: &LedgerQuery) -> Result<Bytes, Problem> {
    asked.is_of_no_list()?;
    let LedgerQuery { domain: None, form: None, state: None, due: None, .. } = asked else {
        return Err(Problem::bad_request(
            "a score is of all that an agency owes of a period: it takes 'agency', 'period' and 'at'",
        )
        .vi("điểm là của mọi báo cáo mà đơn vị phải nộp trong kỳ: chỉ nhận 'agency', 'period' và 'at'"));
    };
    let shown = state.shown();
    let wanted = asked.wanted(state, &shown.pack)?;
    let (year, of_year) = wanted.year()?;
    let Wanted { mut of, known_at, .. } = wanted;
    let mut scores = ScoreList { known_at, period: None, year: year.number().0, scores: Vec::new() };
    if of.agencies.is_none() || of.periods.is_some() {
        let Some(period) = scored_period(state, asker, &of).await? else { return json(&scores) };
        scores.period = Some(PeriodView::from(period));
        of.periods = Some(vec![period]);
    }
    let found = state.history.obligation_scores(asker, &of, SCORES_MAX).await?;
    let reminders = reminders(state, asker, &of, of_year).await?;
    let names = shown.names();
    let reminded = |agency: &str| reminders.get(agency).copied().unwrap_or_default();
    scores.scores = found.iter().map(|score| names.score(score, reminded(&score.agency))).collect();
    json(&scores)
}

/// The period whose scores are asked for: scores of different kinds of periods are not held beside each other. Of a label that
/// several kinds have it is the one of which the most is judged; where none is named, the newest of which something is, and of
/// those that end alike the one of which the most is. None where there is none.
async fn scored_period(
    state: &AppState,
    asker: &Asker,
    of: &ObligationFilter,
) -> Result<Option<Period>, Problem> {
    if let Some([period]) = of.periods.as_deref() {
        return Ok(Some(*period));
    }
    let known = state.history.owed_periods(asker, of, PERIODS_MAX).await?.into_iter();
    let found = match of.periods {
        Some(_) => known.max_by_key(|known| (known.judged, known.owed)),
        None => known.filter(|known| known.judged > 0).max_by_key(|known| (known.period.end, known.judged)),
    };
    Ok(found.map(|known| known.period))
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
    let asked: LedgerQuery = question(query)?;
    if asked != (LedgerQuery { at: asked.at.clone(), ..LedgerQuery::default() }) {
        return Err(Problem::bad_request("an obligation takes 'at' alone").vi("chỉ nhận 'at'"));
    }
    let key = id.parse().map_err(|error: InvalidObligation| {
        Problem::bad_request(error.to_string())
            .vi("mã báo cáo phải nộp có dạng biểu~đơn vị~loại kỳ~kỳ, ví dụ ktxh-x~25486~admin_month~2026-10")
    })?;
    shared(&state, &asker, &headers, LedgerQuestion::Obligation(key, asked)).await
}

async fn told(
    state: &AppState,
    asker: &Asker,
    key: &ObligationKey,
    asked: &LedgerQuery,
) -> Result<Bytes, Problem> {
    let shown = state.shown();
    let wanted = asked.wanted(state, &shown.pack)?;
    let at = wanted.of.at;
    let said = state.history.obligation_said(asker, key, at).await?;
    let Some(last) = said.last() else {
        return Err(
            Problem::not_found("nothing like that is owed").vi("không có báo cáo phải nộp nào như vậy")
        );
    };
    let arrivals = said.iter().flat_map(|said| [said.first, said.last, said.last_rejected]).flatten();
    let mut arrivals: Vec<_> = arrivals.collect();
    arrivals.sort_unstable();
    arrivals.dedup();
    let mut receipts = state.history.attempts(asker, Some(key), &arrivals).await?;
    receipts.retain(|receipt| at.is_none_or(|at| receipt.arrival.received_at.0 <= at.0));
    let of_agency =
        ObligationFilter { agencies: Some(vec![key.agency.clone()]), at, ..ObligationFilter::default() };
    let scores = state.history.obligation_scores(asker, &of_agency, PERIODS_MAX).await?;
    let (_, year) = wanted.year()?;
    let reminders = reminders(state, asker, &of_agency, year).await?;
    let reminded = reminders.get(&key.agency).copied().unwrap_or_default();
    let names = shown.names();
    json(&ObligationStory {
        obligation: names.obligation(last, &receipts),
        said: said.iter().map(SaidView::from).collect(),
        attempts: receipts.iter().map(|receipt| names.attempt(receipt)).collect(),
        scores: scores.iter().map(|score| names.score(score, reminded)).collect(),
    })
}
