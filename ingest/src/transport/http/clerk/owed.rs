//! `GET /upload/owed`: what the sender owes, and for which of it a report is sent (`X-Obligation`).
//!
//! A sender owes what those owe whom it may speak of; one that is bound to nobody, what the agencies of its feeds owe.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Json,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use ioc_model::{
    form::{ObligationFilter, ObligationKey},
    pack::Pack,
    pattern,
    results::{Obligation, ObligationState},
    text::Text,
    time::EventTime,
};
use serde::Serialize;

use super::{
    feeds_of,
    names::{agency_named, form_named},
    reports::no_answer,
};
use crate::{
    senders::Sender,
    transport::http::{HttpPush, problem::Problem, report::ShownPeriod},
};

/// What a report is sent for.
const OBLIGATION: &str = "x-obligation";
/// So many are told that are open,
const OPEN_MAX: u32 = 60;
/// and so many that were met, with a deadline so long ago at most.
const MET_MAX: u32 = 20;
const MET_WITHIN: i64 = 62 * 24 * 3_600_000;

#[derive(Serialize)]
struct Owed {
    /// The moment as of which these stand.
    now: String,
    /// Whether it is known whose obligations these are.
    known: bool,
    /// What is open behind its deadline first, then what was met, the newest first.
    owed: Vec<OwedReport>,
    /// Whether more is open than is told.
    more: bool,
}

#[derive(Serialize)]
struct OwedReport {
    /// `form~agency~kind~period`.
    id: String,
    /// The feed by which it is sent.
    feed: String,
    form: String,
    form_name: Text,
    agency: Text,
    period: ShownPeriod,
    due_at: String,
    state: ObligationState,
    received_at: Option<String>,
    late_seconds: Option<i64>,
    revisions: u32,
    rejected: u32,
    /// Where the last refused attempt lies.
    rejected_at: Option<String>,
}

/// GET `/upload/owed`.
pub(super) async fn owed(State(push): State<Arc<HttpPush>>, headers: HeaderMap) -> Result<Response, Problem> {
    let sender = push.clerk(&headers).await?;
    let pack = push.pack();
    let agencies = owing(&sender, &pack);
    let forms: BTreeSet<String> =
        feeds_of(&sender, &pack).flat_map(|feed| feed.forms.iter().cloned()).collect();
    let received_at = push.intake.clock().received_at();
    let now = received_at.rfc3339();
    if agencies.is_empty() || forms.is_empty() {
        let known = !agencies.is_empty();
        return Ok(Json(Owed { now, known, owed: Vec::new(), more: false }).into_response());
    }
    let receipts = push.receipts.borrow().clone().ok_or(Problem::STARTING)?;
    let theirs = ObligationFilter {
        forms: Some(forms.into_iter().collect()),
        agencies: Some(agencies.into_iter().collect()),
        ..ObligationFilter::default()
    };
    let open = ObligationFilter {
        states: Some(vec![
            ObligationState::Missing,
            ObligationState::Rejected,
            ObligationState::Due,
            ObligationState::NotDue,
        ]),
        ..theirs.clone()
    };
    let met = ObligationFilter {
        states: Some(vec![ObligationState::OnTime, ObligationState::Late]),
        due: Some((EventTime(received_at.0.saturating_sub(MET_WITHIN)), EventTime(i64::MAX))),
        ..theirs
    };
    let mut owed = receipts.owed(&open, OPEN_MAX + 1).await.map_err(no_answer)?;
    let more = owed.len() > OPEN_MAX as usize;
    owed.truncate(OPEN_MAX as usize);
    let mut met = receipts.owed(&met, MET_MAX).await.map_err(no_answer)?;
    met.sort_by_key(|of| std::cmp::Reverse(of.due_at));
    owed.append(&mut met);
    let owed = owed.iter().filter_map(|of| shown(of, &sender, &pack)).collect();
    Ok(Json(Owed { now, known: true, owed, more }).into_response())
}

/// Whose obligations a sender's are.
fn owing(sender: &Sender, pack: &Pack) -> BTreeSet<String> {
    if sender.subjects.is_empty() {
        return feeds_of(sender, pack).filter_map(|feed| feed.agency.clone()).collect();
    }
    let patterns = sender.subjects.join(" ");
    let places = pack.places.iter().map(|place| &place.key.code);
    let all = pack.agencies.keys().chain(places);
    all.filter(|agency| pattern::allows(&patterns, agency)).cloned().collect()
}

fn shown(of: &Obligation, sender: &Sender, pack: &Pack) -> Option<OwedReport> {
    let form = of.form.as_str();
    let feed = feeds_of(sender, pack).find(|feed| feed.forms.iter().any(|known| known == form))?;
    Some(OwedReport {
        id: ObligationKey::from(of).to_string(),
        feed: feed.id.clone(),
        form: form.to_owned(),
        form_name: form_named(pack, form),
        agency: agency_named(pack, of.agency.as_str()),
        period: ShownPeriod::of(of.period),
        due_at: of.due_at.rfc3339(),
        state: of.state,
        received_at: of.first.map(|first| first.received_at.rfc3339()),
        late_seconds: of.late_seconds(),
        revisions: of.revisions,
        rejected: of.rejected,
        rejected_at: of.last_rejected.map(|last| last.position.to_string()),
    })
}

impl HttpPush {
    /// The obligation that a report is sent for; empty where it is sent for none.
    pub(in crate::transport::http) fn sent_for(
        &self,
        headers: &HeaderMap,
        sender: &Sender,
        feed: &str,
    ) -> Result<String, Problem> {
        let Some(value) = headers.get(OBLIGATION) else { return Ok(String::new()) };
        let key: ObligationKey =
            value.to_str().ok().and_then(|text| text.parse().ok()).ok_or(Problem::NoObligation)?;
        let pack = self.pack();
        let brings = pack.feeds.get(feed).is_some_and(|feed| feed.forms.contains(&key.form));
        match brings && owing(sender, &pack).contains(&key.agency) {
            true => Ok(key.to_string()),
            false => Err(Problem::NoObligation),
        }
    }
}
