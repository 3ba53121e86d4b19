//! What could not be read, as pages ask for it.

use ioc_dashboards::{
    HistoryError,
    misread::{LISTED, Misread, MisreadGroup, MisreadLast, ProductView, SENDERS},
};
use ioc_model::{
    asker::Asker,
    position::Position,
    text::Text,
    time::{EventTime, ReceivedAt},
};
use ioc_storage::{Store, queries};

use super::views::unanswered;

pub(super) async fn misread(
    store: &Store,
    asker: &Asker,
    feeds: &[String],
    from: EventTime,
    until: EventTime,
) -> Result<Misread, HistoryError> {
    let arrived = (ReceivedAt(from.0), ReceivedAt(until.0));
    let groups = store.misreadings(asker, feeds, arrived, SENDERS).await.map_err(unanswered)?;
    let products = store.unmapped_products(asker, (from, until), LISTED as u32).await.map_err(unanswered)?;
    Ok(Misread {
        senders_all: groups.first().map_or(0, |group| group.senders),
        groups: groups.into_iter().map(group).collect(),
        products_all: products.first().map_or(0, |product| product.groups),
        products: products.into_iter().map(product).collect(),
    })
}

fn group(row: queries::Misreading) -> MisreadGroup {
    let queries::Misreading { log, partition, offset, .. } = row;
    let is_said = !row.message_vi.is_empty();
    let message = is_said.then_some(Text { vi: row.message_vi, en: row.message_en });
    let last = MisreadLast {
        received_at: row.received_at,
        position: Position { log, partition, offset }.to_string(),
        row: (!row.whole).then_some(row.row),
        message,
    };
    MisreadGroup { sender: row.sender, feed: row.feed, reason: row.reason, rejects: row.rejects, last }
}

fn product(row: queries::UnmappedProduct) -> ProductView {
    let queries::UnmappedProduct { log, partition, offset, .. } = row;
    ProductView {
        log_source: row.log_source,
        name: None,
        vendor: row.vendor,
        product: row.product,
        weight: row.weight,
        rows: row.rows,
        by_format: row.by_format,
        not_rated: row.not_rated,
        unrecognized: row.unrecognized,
        received_at: row.received_at,
        position: Position { log, partition, offset }.to_string(),
        row: row.row,
    }
}
