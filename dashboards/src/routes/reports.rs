//! What agencies reported: receipts page by page, a message with what it changed, what is shown of a form.

use std::collections::{BTreeSet, HashMap};

use axum::{
    body::Bytes,
    extract::{Path, Query, State, rejection::QueryRejection},
    response::Response,
};
use ioc_model::{
    asker::Asker,
    calendar::Calendar,
    form::{CellFilter, Form, Period, PeriodKind, PlacesByCode, ReceiptCursor, ReceiptFilter},
    obligation::{Debtor, ObligationRule, OnChange},
    pack::{DOMAINS, Pack},
    place::{Date, Place},
    position::Position,
    results::ReportVerdict,
    text::Text,
    time::EventTime,
};
use serde::Deserialize;

use super::{AppState, fresh, fresh_json, json, position, question, starting, up_to};
use crate::{
    access::Asked as AskedBy,
    history::HistoryError,
    kept_back::{CountedCell, KeptBack},
    obligations::Names,
    problem::Problem,
    reported::{DomainView, TargetList, forms_of},
    reports::{
        CELLS_MAX, CellView, IndicatorView, PeriodView, RECEIPTS_MAX, ReceiptPage, ReceiptView, ReportStory,
        ReportValues, SilentPlace, TotalView,
    },
    restated::{Asked, AskedPlace, Reading},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReceiptsQuery {
    form: Option<String>,
    agency: Option<String>,
    verdict: Option<ReportVerdict>,
    before: Option<String>,
    limit: Option<u32>,
}

/// GET `/api/reports/receipts`.
pub(super) async fn receipts(
    State(state): State<AppState>,
    AskedBy(asker): AskedBy,
    query: Result<Query<ReceiptsQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let ReceiptsQuery { form, agency, verdict, before, limit } = question(query)?;
    let limit = up_to("limit", limit.unwrap_or(100), RECEIPTS_MAX)?;
    let place = |text: String| {
        let detail_vi = "vị trí không đúng; hãy dùng 'next' của trang trước";
        text.parse::<ReceiptCursor>().map_err(|error| Problem::bad_request(error.to_string()).vi(detail_vi))
    };
    let before = before.map(place).transpose()?;
    starting(&state.board)?;
    let of = ReceiptFilter { form, agency, verdict, sender: None };
    let ReceiptPage { receipts, next } = state.history.receipts(&asker, &of, before, limit).await?;
    let shown = state.shown();
    let receipts = receipts.into_iter().map(|receipt| called(receipt, shown.names())).collect();
    fresh_json(&ReceiptPage { receipts, next })
}

/// GET `/api/reports/receipts/{position}`.
pub(super) async fn receipt(
    State(state): State<AppState>,
    AskedBy(asker): AskedBy,
    Path(at): Path<String>,
) -> Result<Response, Problem> {
    let at = position(&at)?;
    starting(&state.board)?;
    let found = state.history.report(&asker, at).await?;
    let Some(ReportStory { receipt, findings, cells, more_cells }) = found else {
        return Err(
            Problem::not_found("no report lies at this position").vi("không có báo cáo nào ở vị trí này")
        );
    };
    let shown = state.shown();
    let pack = &shown.pack;
    let form = pack.forms.get(&receipt.form);
    let periods: BTreeSet<Period> = cells.iter().map(|cell| cell.period.period()).collect();
    let counts = counts(&state, &asker, form, Some(&periods.into_iter().collect::<Vec<_>>())).await?;
    let cells = named(cells, &receipt.form, pack);
    let is_of_persons = shown.guarded.guards_receipt(pack, &receipt, &findings);
    let story = ReportStory { receipt: called(receipt, shown.names()), findings, cells, more_cells };
    fresh_json(&story.told(&KeptBack::of(form, &pack.groups, &counts), is_of_persons))
}

/// What of reported numbers every page that is open asks for again and again.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ReportedQuery {
    Values(ValuesQuery),
    Domain(DomainQuery),
    Targets(TargetsQuery),
}

/// Answers as somebody was answered who asked the same a moment ago.
async fn shared(state: &AppState, asker: &Asker, asked: ReportedQuery) -> Result<Response, Problem> {
    let shown = state.shown();
    let of = asked.clone();
    let make = async {
        match &of {
            ReportedQuery::Values(of) => made_of_values(state, asker, of).await,
            ReportedQuery::Domain(of) => made_of_domain(state, asker, of).await,
            ReportedQuery::Targets(of) => made_of_targets(state, asker, of).await,
        }
    };
    Ok(fresh(state.reported.answer(asker, &shown.build, asked, make).await?))
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ValuesQuery {
    form: String,
    period: String,
    indicator: Option<String>,
    part: Option<String>,
    place: Option<String>,
    map: Option<String>,
}

/// GET `/api/reports/values`.
pub(super) async fn values(
    State(state): State<AppState>,
    AskedBy(asker): AskedBy,
    query: Result<Query<ValuesQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    shared(&state, &asker, ReportedQuery::Values(question(query)?)).await
}

async fn made_of_values(state: &AppState, asker: &Asker, of: &ValuesQuery) -> Result<Bytes, Problem> {
    let ValuesQuery { form, period, indicator, part, place, map } = of;
    let reading = reading(map.as_deref())?;
    let place = place.as_deref().map(asked_place).transpose()?;
    // What kind it is of, its form said when it was stored.
    let periods: Vec<Period> =
        PeriodKind::ALL.into_iter().filter_map(|kind| Period::parse(kind, period)).collect();
    if periods.is_empty() {
        return Err(Problem::bad_request(format!(
            "'{period}' is no period; one is 2026-10, 2026-Q4 or 2026"
        ))
        .vi(format!("'{period}' không phải là kỳ báo cáo, ví dụ đúng: 2026-10, 2026-Q4, 2026")));
    }
    starting(&state.board)?;
    let pack = state.shown().pack.clone();
    let asked = asked(state, &pack, reading)?;
    let (known, by_code) = (pack.forms.get(form), PlacesByCode::of(&pack.places));
    let filter = CellFilter {
        indicators: indicator.as_ref().map(|id| asked.made_of(known, id)),
        part: part.clone(),
        codes: place.as_ref().map(|place| asked.codes(place)),
    };
    let cells = state.history.report_values(asker, form, &periods, &filter).await?;
    // Of all places, also where one is asked for: what is kept back of it depends on the others.
    let counts = counts(state, asker, known, Some(&periods)).await?;
    let additive = |indicator: &str| {
        known.and_then(|form| form.indicators.get(indicator)).is_some_and(|indicator| indicator.additive)
    };
    // A form of no tiers is about whatever its messages name.
    let of_tiers = known.map(|form| &form.places).filter(|scope| !scope.kinds.is_empty());
    let places = |period: &PeriodView| match (&place, of_tiers) {
        (Some(_), _) => 1,
        (None, Some(scope)) => by_code.of_scope_on(scope, period.end).len(),
        (None, None) => 0,
    };
    let indicators = known.map(|form| form.indicators.values().map(IndicatorView::from).collect());
    let kept_back = KeptBack::of(known, &pack.groups, &counts);
    let due = known.filter(|_| place.is_none()).and_then(|form| due(asker, &pack, &by_code, form, &periods));
    let silent = match due {
        Some(due) => {
            let is_all = filter == CellFilter::default() && cells.len() <= CELLS_MAX as usize;
            // What was taken back, or left empty, is not reported.
            let says = cells.iter().filter(|cell| cell.is.mark.says_something());
            let said = match is_all {
                true => says.map(CellView::unit).collect(),
                false => state.history.report_places(asker, form, &periods).await?,
            };
            Some(due.into_iter().filter(|place| !said.contains(&place.key)).map(SilentPlace::of).collect())
        }
        None => None,
    };
    let cells = named(cells, form, &pack);
    let mut restated = match cells.len() > CELLS_MAX as usize {
        true => Vec::new(),
        false => asked.restated(known, &cells, &kept_back),
    };
    restated.retain(|of| indicator.as_ref().is_none_or(|indicator| of.indicator == *indicator));
    let values = match place.as_ref().filter(|_| !asked.is_as_reported()) {
        // Of a unit of the map: with the cells that it is made of.
        Some(unit) => {
            let more_cells = cells.len() > CELLS_MAX as usize;
            restated = unit.on_map(restated);
            let is_part = |cell: &CellView| restated.iter().any(|of| of.is_made_of(cell));
            let cells = cells.into_iter().filter(is_part).collect();
            let parts = ReportValues::of(cells, None, additive, &kept_back, places);
            ReportValues { totals: Vec::new(), more_cells, ..parts }
        }
        None => ReportValues::of(cells, place.as_ref(), additive, &kept_back, places),
    };
    // A total is of all parts of the same dimensions: of some of them alone it would be another number, which nobody judged.
    let is_whole = |total: &TotalView| part.is_none() || total.dimensions.is_empty();
    let is_asked =
        |total: &TotalView| indicator.as_ref().is_none_or(|indicator| total.indicator == *indicator);
    let totals = values.totals.into_iter().filter(|total| is_whole(total) && is_asked(total)).collect();
    let indicators = indicators.unwrap_or_default();
    json(&ReportValues { indicators, totals, silent, map: Some(asked.view()), restated, ..values })
}

/// Places that a form is about in one of the periods, but for those that the rule by which they owe it lets off where places
/// change within it; none where it cannot be known of which of them nothing was reported: by who does not see all feeds that
/// bring it, of a form of no tiers or of other periods.
fn due<'p>(
    asker: &Asker,
    pack: &'p Pack,
    places: &PlacesByCode<'p>,
    form: &Form,
    periods: &[Period],
) -> Option<Vec<&'p Place>> {
    let sees_all = pack
        .feeds
        .values()
        .filter(|feed| feed.forms.contains(&form.id))
        .all(|feed| asker.sees_feed(&feed.id));
    if !sees_all || form.places.kinds.is_empty() {
        return None;
    }
    let period = periods.iter().find(|period| period.kind == form.period)?;
    let rules =
        pack.obligations.values().filter(|rule| rule.form == form.id && rule.on_change == OnChange::Whole);
    let rules: Vec<(&ObligationRule, Vec<Debtor>)> =
        rules.map(|rule| (rule, rule.debtors(form, &pack.places, &pack.successions))).collect();
    let is_let_off =
        |place: &&Place| rules.iter().any(|(rule, debtors)| rule.lets_off(debtors, &place.key, *period));
    let due = places.of_scope_on(&form.places, period.end).into_iter();
    Some(due.filter(|place| !is_let_off(place)).collect())
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DomainQuery {
    screen: String,
    form: Option<String>,
    map: Option<String>,
    group: Option<String>,
}

/// GET `/api/reports/domain`.
pub(super) async fn domain(
    State(state): State<AppState>,
    AskedBy(asker): AskedBy,
    query: Result<Query<DomainQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    shared(&state, &asker, ReportedQuery::Domain(question(query)?)).await
}

async fn made_of_domain(state: &AppState, asker: &Asker, of: &DomainQuery) -> Result<Bytes, Problem> {
    let DomainQuery { screen, form, map, group } = of;
    let reading = reading(map.as_deref())?;
    if !DOMAINS.contains(&screen.as_str()) {
        let known = DOMAINS.join(", ");
        return Err(Problem::bad_request(format!("'{screen}' is no screen of a domain ({known})"))
            .vi(format!("'{screen}' không phải là màn hình của một lĩnh vực ({known})")));
    }
    starting(&state.board)?;
    let pack = state.shown().pack.clone();
    let asked = asked(state, &pack, reading)?;
    let group = group.as_ref();
    let group = group.map(|id| pack.groups.get(id).ok_or_else(|| no_group(&pack, id))).transpose()?;
    let wanted = form.as_deref();
    let found = forms_of(&pack, screen).find(|form| wanted.is_none_or(|wanted| wanted == form.id));
    let Some(form) = found else { return json(&DomainView::empty(&pack, asker, screen)) };
    let members = group.map(|group| &group.members);
    let sums = state.history.report_sums(asker, &form.id, members).await?;
    let ratios = state.history.report_ratios(asker, form, members).await?;
    let counts = counts(state, asker, Some(form), None).await?;
    let kept_back = KeptBack::of(Some(form), &pack.groups, &counts);
    json(&DomainView::of(&pack, (asker, screen), form, (&sums, &ratios, group), &kept_back, &asked))
}

/// How places are to be read; as reported where nothing is said.
fn reading(map: Option<&str>) -> Result<Reading, Problem> {
    let Some(text) = map else { return Ok(Reading::default()) };
    Reading::parse(text).ok_or_else(|| {
        Problem::bad_request(format!(
            "'{text}' is no map; one is reported, today, or a day such as 2025-06-30"
        ))
        .vi(format!("'{text}' không phải là bản đồ; hãy dùng reported, today, hoặc một ngày như 2025-06-30"))
    })
}

/// A place by its code, or one version of it.
fn asked_place(text: &str) -> Result<AskedPlace, Problem> {
    AskedPlace::parse(text).ok_or_else(|| {
        Problem::bad_request(format!(
            "'{text}' is no place; one is 25486, or 25486@2025-07-01 for one version of it"
        ))
        .vi(format!(
            "'{text}' không phải là địa bàn; hãy dùng mã như 25486, hoặc 25486@2025-07-01 cho một phiên bản"
        ))
    })
}

/// The maps of the pack, today being what the product's clock says in its zone. A demonstration's clock goes through days that
/// were recorded, and who looks at it does so today: it has the newest map.
fn asked<'p>(state: &AppState, pack: &'p Pack, reading: Reading) -> Result<Asked<'p>, Problem> {
    let now = EventTime(state.board.now().0);
    let local = || Calendar::of_zone(&pack.timezone).ok()?.local(now);
    let today = if pack.replayed.is_some() { None } else { local() };
    let today = today.map_or(Date::MAX, |local| local.date());
    Asked::of(pack, reading, today).ok_or_else(|| {
        Problem::bad_request("the pack knows no places on the day of that map")
            .vi("gói tỉnh không có địa bàn nào vào ngày của bản đồ này")
    })
}

fn no_group(pack: &Pack, id: &str) -> Problem {
    let known: Vec<&str> = pack.groups.keys().map(String::as_str).collect();
    let known = known.join(", ");
    Problem::bad_request(format!("'{id}' is no group of places of the pack (there are: {known})"))
        .vi(format!("'{id}' không phải là nhóm địa bàn của gói tỉnh (có: {known})"))
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TargetsQuery {
    map: Option<String>,
}

/// GET `/api/reports/targets`.
pub(super) async fn targets(
    State(state): State<AppState>,
    AskedBy(asker): AskedBy,
    query: Result<Query<TargetsQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    shared(&state, &asker, ReportedQuery::Targets(question(query)?)).await
}

async fn made_of_targets(state: &AppState, asker: &Asker, of: &TargetsQuery) -> Result<Bytes, Problem> {
    let reading = reading(of.map.as_deref())?;
    starting(&state.board)?;
    let mut years = state.history.report_targets(asker).await?;
    let pack = state.shown().pack.clone();
    let forms: BTreeSet<&str> = pack.targets.values().map(|target| target.form.as_str()).collect();
    for form in forms.into_iter().filter_map(|form| pack.forms.get(form)).filter(|form| form.keeps_back()) {
        let counts = counts(state, asker, Some(form), None).await?;
        let kept_back = KeptBack::of(Some(form), &pack.groups, &counts);
        for year in &mut years {
            let target = pack.targets.get(&year.target).filter(|target| target.form == form.id);
            if target.is_some_and(|target| kept_back.keeps_target(&pack, target, year)) {
                *year = year.clone().withheld();
            }
        }
    }
    let map = Some(asked(state, &pack, reading)?.view());
    json(&TargetList { map, ..TargetList::of(&pack, &years) })
}

/// What is looked at to know what of a form is kept back; nothing of one that keeps nothing back.
async fn counts(
    state: &AppState,
    asker: &Asker,
    form: Option<&Form>,
    periods: Option<&[Period]>,
) -> Result<Vec<CountedCell>, Problem> {
    let Some(form) = form.filter(|form| form.keeps_back()) else { return Ok(Vec::new()) };
    let indicators: Vec<String> = form.tied_indicators().into_iter().collect();
    Ok(state.history.report_counts(asker, &form.id, &indicators, periods).await?)
}

/// Whether a message says numbers of persons: by the form that it was of, and before that is known by its feed.
pub(super) async fn is_kept_back(
    state: &AppState,
    asker: &Asker,
    position: Position,
    feed: &str,
) -> Result<bool, HistoryError> {
    let shown = state.shown();
    // Also of a feed that brings no reports now: it may have, by a pack before.
    Ok(match state.history.receipt(asker, position).await? {
        Some((receipt, findings)) => shown.guarded.guards_receipt(&shown.pack, &receipt, &findings),
        None => shown.guarded.guards(feed),
    })
}

/// With the names of its form and agency.
fn called(receipt: ReceiptView, names: Names<'_>) -> ReceiptView {
    ReceiptView {
        form_name: names.form(&receipt.form),
        agency_name: names.agency(&receipt.agency).agency_name,
        ..receipt
    }
}

/// With the names of their places, indicators and parts.
fn named(cells: Vec<CellView>, form: &str, pack: &Pack) -> Vec<CellView> {
    let key = |place: &Place| (place.key.code.clone(), place.key.valid_from);
    let names: HashMap<(String, Date), &Text> =
        pack.places.iter().map(|place| (key(place), &place.name)).collect();
    let form = pack.forms.get(form);
    let name = |cell: CellView| CellView {
        place_name: names.get(&(cell.place.clone(), cell.place_from)).map(|name| (*name).clone()),
        indicator_name: form
            .and_then(|form| form.indicators.get(&cell.indicator))
            .map(|indicator| indicator.name.clone()),
        part_name: form.filter(|_| !cell.breakdown.is_empty()).map(|form| form.part_named(&cell.breakdown)),
        ..cell
    };
    cells.into_iter().map(name).collect()
}
