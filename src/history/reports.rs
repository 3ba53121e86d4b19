//! What agencies reported, as pages ask for it.

use ioc_dashboards::{
    HistoryError,
    reports::{CELLS_MAX, CellView, PeriodView, ReceiptPage, ReportStory, ValueView},
};
use ioc_model::{
    asker::Asker,
    form::{Period, ReceiptCursor, ReceiptFilter},
    position::Position,
};
use ioc_storage::{Store, queries::ReportedCell};

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
    place: Option<&str>,
) -> Result<Vec<CellView>, HistoryError> {
    let cells = store.report_values(asker, form, periods, place, CELLS_MAX + 1).await.map_err(unanswered)?;
    Ok(cells.into_iter().map(cell_view).collect())
}

fn cell_view(cell: ReportedCell) -> CellView {
    CellView {
        indicator: cell.indicator,
        breakdown: cell.breakdown,
        place: cell.place,
        place_from: cell.place_from,
        place_name: None,
        period: PeriodView::from(cell.period),
        agency: cell.agency,
        vintage: cell.vintage,
        is: ValueView::from(cell.value),
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
