//! `GET /upload/reports/{position}`: what became of a report, with what is amiss beside its cells and what it changed.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Path, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use ioc_decode::marked::{Excerpt, excerpt};
use ioc_model::{
    envelope::Content,
    form::{Form, Value, Vintage},
    pack::Pack,
    position::Position,
    results::{self, RowStanding},
    text::Text,
};
use serde::Serialize;

use super::{
    may_be_shown_again,
    names::{agency_named, form_named, indicator_named, place_named},
    reports::no_answer,
};
use crate::{
    senders::Sender,
    transport::http::{
        HttpPush,
        problem::Problem,
        receipt::{ReceiptStatus, ReportedChange, Sent},
        report::{Shown, ShownPeriod, shown},
    },
};

/// Cells of a report that are told of.
const CELLS_MAX: u32 = 2_000;
/// How long whoever asks waits for a report to be judged before asking again.
const WAITS: Duration = Duration::from_secs(4);

#[derive(Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
enum Story<'a> {
    /// It is durable and not judged yet.
    InFlight { position: String },
    /// It was no report that a form could judge, such as one over the limit: rows of it that were rejected.
    Unread { position: String, rejected: u64 },
    /// It is judged.
    Judged(Box<Judged<'a>>),
}

#[derive(Serialize)]
struct Judged<'a> {
    #[serde(flatten)]
    receipt: Shown<'a>,
    form_name: Text,
    agency_name: Text,
    /// The file's name; empty where it came without one.
    file: String,
    /// The rows in which something is amiss; none where the file is no table, or may not be shown again.
    excerpt: Option<Excerpt>,
    /// Whether it can be had back with marks.
    marked: bool,
    cells: Vec<Changed>,
    more_cells: bool,
}

#[derive(Serialize)]
struct Changed {
    at: String,
    indicator: Text,
    unit: String,
    part: Text,
    place: Text,
    period: ShownPeriod,
    vintage: Vintage,
    is: Value,
    was: Option<Value>,
    standing: RowStanding,
    shown: bool,
}

pub(super) async fn story(
    State(push): State<Arc<HttpPush>>,
    Path(position): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let sender = push.clerk(&headers).await?;
    let position: Position = position.parse().map_err(|_| Problem::InvalidPosition)?;
    let receipt = match push.report_of(&sender, position, WAITS).await? {
        Ok(receipt) => receipt,
        Err(status) => {
            let position = position.to_string();
            return Ok(Json(match status {
                ReceiptStatus::InFlight => Story::InFlight { position },
                ReceiptStatus::Committed { rejected, .. } => Story::Unread { position, rejected },
            })
            .into_response());
        }
    };
    push.judged_story(&receipt).await
}

impl HttpPush {
    /// The receipt of a sender's own report; what is known of it where there is none.
    pub(super) async fn report_of(
        &self,
        sender: &Sender,
        position: Position,
        patience: Duration,
    ) -> Result<Result<results::Receipt, ReceiptStatus>, Problem> {
        let receipts = self.receipts.borrow().clone().ok_or(Problem::STARTING)?;
        let status = receipts.lookup(position).await.map_err(no_answer)?.ok_or(Problem::UnknownPosition)?;
        match receipts.report(position, patience).await.map_err(no_answer)? {
            // What stands in a report is its sender's business.
            Some(receipt) if receipt.sender == *sender.name => Ok(Ok(receipt)),
            Some(_) => Err(Problem::UnknownPosition),
            None => Ok(Err(status)),
        }
    }

    /// What was sent, if it may be shown again.
    pub(super) async fn sent_file(&self, receipt: &results::Receipt) -> Result<Option<Sent>, Problem> {
        let pack = self.pack();
        if !pack.feeds.get(receipt.feed.as_str()).is_some_and(may_be_shown_again) {
            return Ok(None);
        }
        let receipts = self.receipts.borrow().clone().ok_or(Problem::STARTING)?;
        let sent = receipts.original(receipt.arrival.position).await.map_err(no_answer)?;
        Ok(sent.filter(|sent| sent.content == Content::Raw))
    }

    async fn judged_story(&self, receipt: &results::Receipt) -> Result<Response, Problem> {
        let receipts = self.receipts.borrow().clone().ok_or(Problem::STARTING)?;
        let pack = self.pack();
        let mut cells = receipts.changes(receipt.arrival.position, CELLS_MAX + 1).await.map_err(no_answer)?;
        let more_cells = cells.len() > CELLS_MAX as usize;
        cells.truncate(CELLS_MAX as usize);
        let room = self.room().await?;
        let sent = self.sent_file(receipt).await?;
        let file = sent.as_ref().and_then(|sent| sent.file()).unwrap_or_default().to_owned();
        let excerpt = match sent {
            Some(sent) if !receipt.findings.is_empty() => {
                let (pack, form, findings) =
                    (pack.clone(), receipt.form.to_string(), receipt.findings.clone());
                self.at_work(room, move || excerpt(&pack, &form, &sent.payload, &findings)).await?
            }
            _ => None,
        };
        let form = pack.forms.get(receipt.form.as_str());
        let judged = Judged {
            receipt: shown(receipt),
            form_name: form_named(&pack, receipt.form.as_str()),
            agency_name: agency_named(&pack, receipt.agency.as_str()),
            file,
            marked: excerpt.is_some(),
            excerpt,
            cells: cells.into_iter().map(|cell| changed(cell, form, &pack)).collect(),
            more_cells,
        };
        Ok(Json(Story::Judged(Box::new(judged))).into_response())
    }
}

fn changed(cell: ReportedChange, form: Option<&Form>, pack: &Pack) -> Changed {
    let (indicator, unit) = indicator_named(form, &cell.indicator);
    let part = match form {
        Some(form) => form.part_named(&cell.breakdown),
        None => Text { vi: cell.breakdown.clone(), en: cell.breakdown.clone() },
    };
    Changed {
        at: cell.at,
        indicator,
        unit,
        part,
        place: place_named(pack, &cell.place, cell.place_from),
        period: ShownPeriod::of(cell.period),
        vintage: cell.vintage,
        is: plain(cell.value),
        was: cell.was.map(plain),
        standing: cell.standing,
        shown: cell.shown,
    }
}

/// Without zeros behind the last digit.
fn plain(value: Value) -> Value {
    Value { number: value.number.map(|number| number.normalize()), ..value }
}
