//! `GET /upload/reports`: what this sender sent before, the newest first.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use ioc_model::{
    form::{ReceiptCursor, Weight},
    pack::Pack,
    results::{self, ReportVerdict},
    text::Text,
};
use serde::{Deserialize, Serialize};

use super::names::{agency_named, form_named};
use crate::transport::http::{HttpPush, problem::Problem, receipt::ReceiptsUnavailable, report::ShownPeriod};

const PAGE: u32 = 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    before: Option<String>,
}

#[derive(Serialize)]
struct List {
    reports: Vec<Listed>,
    /// Where the next page begins.
    next: Option<String>,
}

#[derive(Serialize)]
struct Listed {
    position: String,
    received_at: String,
    form: Text,
    agency: Text,
    period: Option<ShownPeriod>,
    verdict: ReportVerdict,
    stored: u32,
    changed: u32,
    errors: usize,
    warnings: usize,
}

pub(super) async fn list(
    State(push): State<Arc<HttpPush>>,
    headers: HeaderMap,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let sender = push.clerk(&headers).await?;
    let Ok(Query(ListQuery { before })) = query else { return Err(Problem::NothingHere) };
    let before: Option<ReceiptCursor> =
        before.map(|text| text.parse()).transpose().map_err(|_| Problem::InvalidPosition)?;
    let receipts = push.receipts.borrow().clone().ok_or(Problem::STARTING)?;
    // One more says whether there is another page.
    let mut sent = receipts.sent(&sender.name, before, PAGE + 1).await.map_err(no_answer)?;
    let is_more = sent.len() > PAGE as usize;
    sent.truncate(PAGE as usize);
    let cursor = |last: &results::Receipt| ReceiptCursor {
        received_at: last.arrival.received_at,
        position: last.arrival.position,
    };
    let next = sent.last().filter(|_| is_more).map(|last| cursor(last).to_string());
    let pack = push.pack();
    let reports = sent.iter().map(|receipt| listed(receipt, &pack)).collect();
    Ok(Json(List { reports, next }).into_response())
}

fn listed(receipt: &results::Receipt, pack: &Pack) -> Listed {
    let count = |weight| receipt.findings.iter().filter(|finding| finding.weight == weight).count();
    Listed {
        position: receipt.arrival.position.to_string(),
        received_at: receipt.arrival.received_at.rfc3339(),
        form: form_named(pack, receipt.form.as_str()),
        agency: agency_named(pack, receipt.agency.as_str()),
        period: receipt.period.map(ShownPeriod::of),
        verdict: receipt.verdict,
        stored: receipt.stored,
        changed: receipt.changed,
        errors: count(Weight::Error),
        warnings: count(Weight::Warning),
    }
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
pub(super) fn no_answer(error: ReceiptsUnavailable) -> Problem {
    tracing::warn!(%error, "a clerk's report cannot be looked up");
    Problem::NO_ANSWER
}
