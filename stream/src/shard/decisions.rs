//! What operators decided about rows that are held, until the store has said which those are.
//!
//! Held rows lie in the store, not in memory: a flood of them must not weigh on what is measured today. So a decision is
//! a question, like a row for a day that has left memory: once its epoch is committed the store says which rows are
//! held, and the recorded answer makes them rows like any other, or rejects. A decision about the same that comes while
//! an answer is still awaited waits for a question of its own: rows that were held in between are not in that answer.

use std::sync::Arc;

use ioc_model::{
    calendar::LocalDay,
    epoch::Epoch,
    held::{Decision, HeldState},
    name::Name,
    position::Arrival,
    question::{About, Question, RecalledRow},
    reject::{RejectReason, Rejection},
    results::{HeldRow, RejectedRow, StoredDecision},
    text::Text,
};
use serde::{Deserialize, Serialize};

use crate::step::ShardResults;

/// A subject's decisions that wait for an answer, in the order in which they were asked for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Decisions(Vec<Deciding>);

/// Decisions about one day of a series.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Deciding {
    indicator: Name,
    day: LocalDay,
    asked: Epoch,
    /// What the answer is awaited for.
    now: Vec<Decision>,
    /// What came since it was asked for.
    later: Vec<Decision>,
}

impl Decisions {
    /// Takes one in.
    pub(super) fn take(&mut self, decision: Decision, epoch: Epoch, results: &mut ShardResults) {
        let about = (decision.indicator, decision.day.number);
        if let Some(asked) = self.0.iter_mut().find(|it| (it.indicator, it.day.number) == about) {
            asked.later.push(decision);
            return;
        }
        let (indicator, day) = (decision.indicator, decision.day);
        results.questions.push(question(decision.subject, indicator, day, epoch));
        self.0.push(Deciding { indicator, day, asked: epoch, now: vec![decision], later: Vec::new() });
    }

    /// Those the answer to a question is about; none if it was another question's.
    pub(super) fn answered(
        &mut self,
        answered: &Question,
        epoch: Epoch,
        results: &mut ShardResults,
    ) -> Vec<Decision> {
        let is_it = |it: &Deciding| {
            question(answered.subject, it.indicator, it.day, it.asked).about == answered.about
                && it.asked == answered.asked
        };
        let Some(index) = self.0.iter().position(is_it) else { return Vec::new() };
        let Deciding { indicator, day, now, later, .. } = self.0.remove(index);
        if !later.is_empty() {
            results.questions.push(question(answered.subject, indicator, day, epoch));
            self.0.push(Deciding { indicator, day, asked: epoch, now: later, later: Vec::new() });
        }
        now
    }

    /// What they wait for.
    pub(super) fn awaited(&self, subject: Name) -> impl Iterator<Item = Question> {
        self.0.iter().map(move |it| question(subject, it.indicator, it.day, it.asked))
    }
}

fn question(subject: Name, indicator: Name, day: LocalDay, asked: Epoch) -> Question {
    let about = About::Held { indicator, day: day.number };
    Question { subject, about, from: day.start, to: day.end, asked }
}

/// Records a decision as taken in.
pub(super) fn stored(decision: &Decision, results: &mut ShardResults) {
    results.counts.entry(decision.feed).or_default().stored += 1;
    results.facts.decisions.push(StoredDecision(decision.clone()));
}

/// Records a decision about a series that nobody ever heard of.
pub(super) fn unknown(decision: &Decision, results: &mut ShardResults) {
    let series = format!("{} {}", decision.indicator, decision.subject);
    let message = Text {
        vi: format!("Chưa từng có số liệu của '{series}', nên không có dòng nào đang giữ."),
        en: format!("Nothing was ever heard of '{series}': no row of it is held."),
    };
    let rejection = Rejection { reason: RejectReason::UnknownSubject, place: "rows".to_owned(), message };
    let Decision { feed, sender, arrival, .. } = *decision;
    reject((feed, sender, arrival), "/api/held", rejection, &series, results);
}

/// Records that a row is held no longer: a refused one is a reject from now on.
pub(super) fn settle(decision: &Decision, row: &RecalledRow, results: &mut ShardResults) {
    let Decision { indicator, subject, accepted, .. } = *decision;
    results.counts.entry(row.feed).or_default().held -= 1;
    let state = if accepted { HeldState::Accepted } else { HeldState::Refused };
    let RecalledRow { event_time, value, quality, arrival, feed, sender } = *row;
    let stands = None;
    results.facts.held.push(HeldRow {
        indicator,
        subject,
        event_time,
        value,
        quality,
        stands,
        feed,
        sender,
        arrival,
        state,
    });
    if accepted {
        return;
    }
    let said = format!("{indicator} {subject} {} = {value}", event_time.rfc3339());
    let user = &decision.user;
    let note = if decision.note.is_empty() { String::new() } else { format!(" {}", decision.note) };
    let message = Text {
        vi: format!(
            "Giá trị này đến rất lâu sau thời điểm đo và sẽ thay đổi số liệu đã chốt; {user} đã không chấp nhận.{note}"
        ),
        en: format!(
            "This value came long after its moment and would have changed what was closed; {user} refused it.{note}"
        ),
    };
    let rejection = Rejection { reason: RejectReason::Refused, place: String::new(), message };
    reject((feed, sender, arrival), "", rejection, &said, results);
}

/// Records a reject of what came by that feed, from that sender.
fn reject(
    (feed, sender, arrival): (Name, Name, Arrival),
    address: &str,
    rejection: Rejection,
    said: &str,
    results: &mut ShardResults,
) {
    results.counts.entry(feed).or_default().rejected += 1;
    results.facts.rejects.push(RejectedRow {
        feed,
        sender,
        arrival,
        whole: false,
        address: address.into(),
        rejection: Arc::new(rejection),
        raw: said.as_bytes().into(),
        raw_length: u32::try_from(said.len()).unwrap_or(u32::MAX),
    });
}
