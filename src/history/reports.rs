//! What agencies reported, as pages ask for it.

use std::collections::BTreeSet;

use ioc_dashboards::{
    HistoryError,
    kept_back::{COUNTS_MAX, CountedCell},
    reported::{ReportedRatio, ReportedSum, SUMS_MAX, TargetYear},
    reports::{
        CELLS_MAX, CellView, FindingView, PeriodView, ReceiptPage, ReceiptView, ReportStory, ValueView,
    },
};
use ioc_ingest::transport::http::{ReceiptsUnavailable, ReportedChange};
use ioc_model::{
    asker::Asker,
    form::{CellFilter, Form, Period, ReceiptCursor, ReceiptFilter},
    place::PlaceKey,
    position::Position,
    results,
};
use ioc_storage::{
    Store, StoreError,
    queries::{ReportedCell, ReportedCount, TargetInYear},
};

use super::views::unanswered;

pub(super) async fn page(
    store: &Store,
    asker: &Asker,
    of: &ReceiptFilter,
    before: Option<ReceiptCursor>,
    limit: u32,
) -> Result<ReceiptPage, HistoryError> {
    // One more says whether there is another page.
    let receipts = store.report_receipts(asker, of, before, limit + 1).await.map_err(unanswered)?;
    Ok(ReceiptPage::of(&receipts, limit))
}

pub(super) async fn receipt(
    store: &Store,
    asker: &Asker,
    position: Position,
) -> Result<Option<(ReceiptView, Vec<FindingView>)>, HistoryError> {
    let receipt = store.report_receipt(asker, position).await.map_err(unanswered)?;
    Ok(receipt.map(|receipt| {
        (ReceiptView::from(&receipt), receipt.findings.iter().map(FindingView::from).collect())
    }))
}

pub(super) async fn story(
    store: &Store,
    asker: &Asker,
    position: Position,
) -> Result<Option<ReportStory>, HistoryError> {
    let Some(receipt) = store.report_receipt(asker, position).await.map_err(unanswered)? else {
        return Ok(None);
    };
    let cells = store.report_changes(asker, position, CELLS_MAX + 1).await.map_err(unanswered)?;
    Ok(Some(ReportStory::of(&receipt, cells.into_iter().map(cell_view).collect())))
}

pub(super) async fn values(
    store: &Store,
    asker: &Asker,
    form: &str,
    periods: &[Period],
    of: &CellFilter,
) -> Result<Vec<CellView>, HistoryError> {
    let cells = store.report_values(asker, form, periods, of, CELLS_MAX + 1).await.map_err(unanswered)?;
    Ok(cells.into_iter().map(cell_view).collect())
}

pub(super) async fn sums(
    store: &Store,
    asker: &Asker,
    form: &str,
    places: Option<&BTreeSet<PlaceKey>>,
) -> Result<Vec<ReportedSum>, HistoryError> {
    let sums = store.report_sums(asker, form, places, SUMS_MAX).await.map_err(unanswered)?;
    let view = |of: ioc_storage::queries::ReportedSum| ReportedSum {
        indicator: of.indicator,
        breakdown: of.breakdown,
        period: of.period,
        sum: of.sum,
        known: of.known,
        said: of.said,
        vintage: of.vintage,
        received_at: of.received_at,
        revision: of.revision,
    };
    Ok(sums.into_iter().map(view).collect())
}

pub(super) async fn ratios(
    store: &Store,
    asker: &Asker,
    form: &Form,
    places: Option<&BTreeSet<PlaceKey>>,
) -> Result<Vec<ReportedRatio>, HistoryError> {
    let made = form.indicators.values().filter_map(|indicator| {
        let (over, by) = indicator.ratio.as_ref()?;
        Some((indicator.id.as_str(), over.as_str(), by.as_str()))
    });
    let made: Vec<(&str, &str, &str)> = made.collect();
    let sums = store.report_ratios(asker, &form.id, &made, places, SUMS_MAX).await.map_err(unanswered)?;
    let view = |of: ioc_storage::queries::ReportedRatio| ReportedRatio {
        indicator: of.indicator,
        breakdown: of.breakdown,
        period: of.period,
        numerator: of.numerator,
        denominator: of.denominator,
        known: of.known,
    };
    Ok(sums.into_iter().map(view).collect())
}

pub(super) async fn counts(
    store: &Store,
    asker: &Asker,
    form: &str,
    indicators: &[String],
    periods: Option<&[Period]>,
) -> Result<Vec<CountedCell>, HistoryError> {
    let limit = COUNTS_MAX + 1;
    let counts = store.report_counts(asker, form, indicators, periods, limit).await.map_err(unanswered)?;
    let view = |of: ReportedCount| {
        let ReportedCount { indicator, breakdown, place, place_from, period, number } = of;
        CountedCell { indicator, breakdown, place, place_from, period, number }
    };
    Ok(counts.into_iter().map(view).collect())
}

pub(super) async fn targets(store: &Store, asker: &Asker) -> Result<Vec<TargetYear>, HistoryError> {
    let years = store.report_targets(asker).await.map_err(unanswered)?;
    let view = |of: TargetInYear| {
        TargetYear {
            target: of.target,
            year: of.year,
            period: of.period,
            periods: of.periods,
            periods_of_year: of.periods_of_year,
            value: of.value,
            known: of.known,
            expected: of.expected,
            verdict: of.verdict,
            is_in_time: of.is_in_time,
        }
        .rounded()
    };
    Ok(years.into_iter().map(view).collect())
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn unavailable(error: StoreError) -> ReceiptsUnavailable {
    ReceiptsUnavailable(error.to_string())
}

/// Reports of one sender, as it asks for them itself.
pub(super) async fn sent(
    store: &Store,
    sender: &str,
    before: Option<ReceiptCursor>,
    limit: u32,
) -> Result<Vec<results::Receipt>, ReceiptsUnavailable> {
    let of = ReceiptFilter { sender: Some(sender.to_owned()), ..ReceiptFilter::default() };
    store.report_receipts(&Asker::everyone(), &of, before, limit).await.map_err(unavailable)
}

/// What a report stored, for its sender.
pub(super) async fn changes(
    store: &Store,
    position: Position,
    limit: u32,
) -> Result<Vec<ReportedChange>, ReceiptsUnavailable> {
    let cells = store.report_changes(&Asker::everyone(), position, limit).await.map_err(unavailable)?;
    let change = |cell: ReportedCell| ReportedChange {
        at: cell.at,
        indicator: cell.indicator,
        breakdown: cell.breakdown,
        place: cell.place,
        place_from: cell.place_from,
        period: cell.period,
        vintage: cell.vintage,
        value: cell.value,
        was: cell.was,
        standing: cell.standing,
        shown: cell.shown,
    };
    Ok(cells.into_iter().map(change).collect())
}

fn cell_view(cell: ReportedCell) -> CellView {
    CellView {
        indicator: cell.indicator,
        breakdown: cell.breakdown,
        place: cell.place,
        place_from: cell.place_from,
        place_name: None,
        indicator_name: None,
        part_name: None,
        period: PeriodView::from(cell.period),
        agency: cell.agency,
        vintage: cell.vintage,
        is: ValueView::from(cell.value),
        suppressed: false,
        was: cell.was.map(ValueView::from),
        standing: cell.standing,
        shown: cell.shown,
        as_sent: cell.as_sent,
        note: cell.note,
        at: cell.at,
        position: cell.arrival.position.to_string(),
        received_at: cell.arrival.received_at,
        sender: cell.sender,
    }
}
