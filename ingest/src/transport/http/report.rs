//! What the sender of a report is told: the receipt of its form, as soon as its epoch is committed.
//!
//! A message of other feeds is answered when it is durable. A report is answered when it is judged: a clerk who uploads
//! a file wants to know which cell is wrong while the file is still open. It is durable before (ACK): who loses the
//! connection asks for the receipt later, and who sends the same bytes again gets a duplicate.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use ioc_model::{
    form::{Finding, Period, Rule, Weight},
    results::{Receipt, ReportVerdict},
};
use serde::Serialize;

/// A receipt, as the sender of its message reads it.
#[derive(Debug, Serialize)]
pub(super) struct Shown<'a> {
    /// `log-partition-offset`.
    position: String,
    feed: &'a str,
    /// RFC 3339, UTC.
    received_at: String,
    /// The first half of the SHA-256 of the bytes, in lower-case hexadecimal.
    digest: String,
    form: &'a str,
    agency: &'a str,
    period: Option<ShownPeriod>,
    verdict: ReportVerdict,
    rows: u32,
    stored: u32,
    changed: u32,
    conflicts: u32,
    same: u32,
    rejected: u32,
    kept: u32,
    withdrawn: u32,
    findings: Vec<ShownFinding<'a>>,
}

/// A period, as it is shown.
#[derive(Debug, Serialize)]
pub(super) struct ShownPeriod {
    kind: &'static str,
    label: String,
    start: String,
    end: String,
}

#[derive(Debug, Serialize)]
struct ShownFinding<'a> {
    weight: Weight,
    rule: Rule,
    at: &'a str,
    stands: &'a str,
    vi: &'a str,
    en: &'a str,
}

/// A report that was taken, or was not and is looked up.
#[derive(Serialize)]
struct Committed<'a> {
    status: &'static str,
    #[serde(flatten)]
    shown: Shown<'a>,
}

/// A report that was refused: problem details of RFC 9457.
#[derive(Serialize)]
struct Refused<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: String,
    detail_vi: String,
    #[serde(flatten)]
    shown: Shown<'a>,
}

/// What a report became, to who has just sent it.
pub(super) fn answered(receipt: &Receipt) -> Response {
    if receipt.verdict != ReportVerdict::Refused {
        return looked_up(receipt);
    }
    let errors = receipt.findings.iter().filter(|finding| finding.weight == Weight::Error);
    let (count, first) = (errors.clone().count(), errors.clone().next());
    let first = first.map(|finding| (&finding.message, &*finding.at));
    let said = |of: &str, at: &str| if at.is_empty() { of.to_owned() } else { format!("{at}: {of}") };
    let (vi, en) =
        first.map_or_else(Default::default, |(message, at)| (said(&message.vi, at), said(&message.en, at)));
    let refused = Refused {
        r#type: "urn:ioc:problem:refused",
        title: "Report refused",
        status: StatusCode::UNPROCESSABLE_ENTITY.as_u16(),
        detail: format!("nothing of the report was taken; errors found: {count}. {en}"),
        detail_vi: format!("chưa nhận số liệu nào của báo cáo; số lỗi: {count}. {vi}"),
        shown: shown(receipt),
    };
    let body = serde_json::to_vec(&refused).unwrap_or_default();
    let kind = [(header::CONTENT_TYPE, "application/problem+json")];
    (StatusCode::UNPROCESSABLE_ENTITY, kind, body).into_response()
}

/// What a report became, to who looks it up.
pub(super) fn looked_up(receipt: &Receipt) -> Response {
    Json(Committed { status: "committed", shown: shown(receipt) }).into_response()
}

/// It is durable, and was not judged in time: where to ask for what became of it.
pub(super) fn later(receipt: impl Serialize, position: &str) -> Response {
    #[derive(Serialize)]
    struct InFlight<R> {
        status: &'static str,
        #[serde(flatten)]
        receipt: R,
    }
    let body = Json(InFlight { status: "in_flight", receipt });
    let mut response = (StatusCode::ACCEPTED, body).into_response();
    let place = HeaderValue::from_str(&format!("/ingest/receipt/{position}"));
    let _ = place.map(|place| response.headers_mut().insert(header::LOCATION, place));
    response
}

/// A receipt, as its sender reads it.
pub(super) fn shown(receipt: &Receipt) -> Shown<'_> {
    Shown {
        position: receipt.arrival.position.to_string(),
        feed: receipt.feed.as_str(),
        received_at: receipt.arrival.received_at.rfc3339(),
        digest: receipt.digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        form: receipt.form.as_str(),
        agency: receipt.agency.as_str(),
        period: receipt.period.map(ShownPeriod::of),
        verdict: receipt.verdict,
        rows: receipt.rows,
        stored: receipt.stored,
        changed: receipt.changed,
        conflicts: receipt.conflicts,
        same: receipt.same,
        rejected: receipt.rejected,
        kept: receipt.kept,
        withdrawn: receipt.withdrawn,
        findings: receipt.findings.iter().map(shown_finding).collect(),
    }
}

impl ShownPeriod {
    pub(super) fn of(period: Period) -> ShownPeriod {
        ShownPeriod {
            kind: period.kind.word(),
            label: period.label(),
            start: period.start.to_string(),
            end: period.end.to_string(),
        }
    }
}

fn shown_finding(finding: &Finding) -> ShownFinding<'_> {
    let Finding { weight, rule, at, stands, message } = finding;
    ShownFinding { weight: *weight, rule: *rule, at, stands, vi: &message.vi, en: &message.en }
}
