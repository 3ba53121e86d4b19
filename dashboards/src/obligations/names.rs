//! What things of the ledger are called, and what of a receipt is told beside an obligation.

use ioc_model::{
    form::{ObligationKey, ObligationScore, Weight},
    pack::Pack,
    results::{Obligation, Receipt},
    text::Text,
};

use super::{AgencyView, AttemptView, ObligationView, RefusedView, SaidView, ScoreView};
use crate::{
    called::AgencyNames,
    concern::priority_of_an_obligation,
    guarded::{GuardedFeeds, without_numbers},
    reports::PeriodView,
};

/// What things of the ledger are called.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names<'p> {
    pub(crate) pack: &'p Pack,
    pub(crate) agencies: &'p AgencyNames,
    pub(crate) guarded: &'p GuardedFeeds,
}

impl Names<'_> {
    /// A form's name.
    pub(crate) fn form(&self, form: &str) -> Option<Text> {
        self.pack.forms.get(form).map(|form| form.name.clone())
    }

    /// The screen of a form's domain.
    pub(super) fn screen(&self, form: &str) -> Option<String> {
        self.pack.forms.get(form).and_then(|form| form.screen.clone())
    }

    /// An agency by its identifier; the authority of a place is known by the place's code.
    pub(crate) fn agency(&self, agency: &str) -> AgencyView {
        AgencyView { agency: agency.to_owned(), agency_name: self.agencies.get(agency).cloned() }
    }

    /// The first error of a message, without the numbers of persons that may stand in it.
    fn reason(&self, receipt: &Receipt) -> Option<Text> {
        let error = receipt.findings.iter().find(|finding| finding.weight == Weight::Error)?;
        let rules = receipt.findings.iter().map(|finding| finding.rule);
        Some(match self.guarded.guards_report(self.pack, (&receipt.form, &receipt.feed), rules) {
            true => without_numbers(&error.message, &error.stands),
            false => error.message.clone(),
        })
    }

    /// An obligation, with what is known of its last refused attempt.
    pub(crate) fn obligation(&self, of: &Obligation, receipts: &[Receipt]) -> ObligationView {
        let AgencyView { agency, agency_name } = self.agency(&of.agency);
        let refused = of.last_rejected.map(|arrival| {
            let receipt = receipts.iter().find(|receipt| receipt.arrival.position == arrival.position);
            RefusedView {
                position: arrival.position.to_string(),
                received_at: arrival.received_at,
                sender: receipt.map(|receipt| receipt.sender.to_string()).unwrap_or_default(),
                reason: receipt.and_then(|receipt| self.reason(receipt)),
            }
        });
        let revised = of.last.filter(|_| of.revisions > 0);
        ObligationView {
            id: ObligationKey::from(of).to_string(),
            form: of.form.to_string(),
            form_name: self.form(&of.form),
            agency,
            agency_name,
            period: PeriodView::from(of.period),
            owed_from: of.owed_from,
            due_at: of.due_at,
            state: of.state,
            priority: priority_of_an_obligation(of.state),
            received_at: of.first.map(|arrival| arrival.received_at),
            position: of.first.map(|arrival| arrival.position.to_string()),
            late_seconds: of.late_seconds(),
            revisions: of.revisions,
            revised_at: revised.map(|arrival| arrival.received_at),
            revised_by: revised.map(|arrival| arrival.position.to_string()),
            rejected: of.rejected,
            last_rejected: refused,
            reminders: of.reminders,
            said_at: of.said_at,
        }
    }

    /// What came of an obligation.
    pub(crate) fn attempt(&self, receipt: &Receipt) -> AttemptView {
        let of = |weight: Weight| {
            let count = receipt.findings.iter().filter(|finding| finding.weight == weight).count();
            u32::try_from(count).unwrap_or(u32::MAX)
        };
        AttemptView {
            position: receipt.arrival.position.to_string(),
            received_at: receipt.arrival.received_at,
            verdict: receipt.verdict,
            stored: receipt.stored,
            changed: receipt.changed,
            errors: of(Weight::Error),
            warnings: of(Weight::Warning),
            reason: self.reason(receipt),
            feed: receipt.feed.to_string(),
            sender: receipt.sender.to_string(),
        }
    }

    /// A score; reminders are those of the year.
    pub(crate) fn score(&self, of: &ObligationScore, reminders: u32) -> ScoreView {
        ScoreView {
            agency: self.agency(&of.agency),
            period: PeriodView::from(of.period),
            owed: of.owed,
            not_due: of.not_due,
            due: of.due,
            on_time: of.on_time,
            late: of.late,
            missing: of.missing,
            rejected: of.rejected,
            revisions: of.revisions,
            median_late_seconds: of.median_late_seconds,
            score: of.score.map(|score| (score * 10.0).round() / 10.0),
            reasons: of.reasons.clone(),
            reminders,
        }
    }
}

impl From<&Obligation> for SaidView {
    fn from(of: &Obligation) -> SaidView {
        SaidView {
            said_at: of.said_at,
            state: of.state,
            priority: priority_of_an_obligation(of.state),
            due_at: of.due_at,
            revisions: of.revisions,
            rejected: of.rejected,
            reminders: of.reminders,
        }
    }
}
