//! Reports among the rows of an envelope: one is as many rows as it has cells.

use ioc_model::{
    form::{Finding, Form, Report, Rule},
    names::Source,
    position::Arrival,
    row::Row,
    time::EventTime,
};
use sha2::{Digest, Sha256};

use super::{RowSink, Rows};
use crate::{
    contract::form::{self, Judged, Message},
    grid::Workbook,
    reduce::{Reduced, Says},
    said::{Said, Wrong},
};

impl<S: RowSink + ?Sized> Rows<'_, S> {
    /// Judges a report that is a table and hands it on, with as many rows as it has.
    pub(crate) fn report(&mut self, payload: &[u8], table: Result<Workbook, Finding>) {
        let judged = form::judge(&self.rules.forms, &self.message(), table);
        self.reported(digest_of(payload), judged);
    }

    /// As [`report`](Rows::report), of a message that says its cells itself.
    pub(crate) fn report_cells(
        &mut self,
        payload: &[u8],
        read: impl for<'f> FnOnce(&[&'f Form]) -> Result<(&'f Form, Said), Wrong>,
    ) {
        let judged = form::judge_cells(&self.rules.forms, &self.message(), read);
        self.reported(digest_of(payload), judged);
    }

    /// Judges what is left of a report that was reduced before it was kept.
    pub(crate) fn report_reduced(&mut self, reduced: Reduced) {
        let message = self.message();
        let rules = &self.rules.forms;
        let judged = match reduced.says {
            Says::Table { form, workbook } => {
                let of: Vec<Box<str>> = form.into_iter().map(String::into_boxed_str).collect();
                let forms = if of.is_empty() { message.forms } else { &of };
                form::judge(rules, &Message { forms, ..message }, Ok(workbook))
            }
            Says::Cells { form, said } => form::judge_cells(rules, &message, |forms| {
                let known = forms.iter().copied().find(|known| known.id == form);
                known.map(|known| (known, said)).ok_or_else(|| {
                    Wrong::new(
                        Rule::UnknownForm,
                        &form,
                        "Bộ cấu hình hiện nay không có biểu này.",
                        "The pack in effect has no such form.",
                    )
                })
            }),
            Says::Unread(findings) => form::unread(rules, &message, findings),
        };
        // The mark is as long, and says nothing without its key.
        self.reported(digest_of(reduced.mark.as_bytes()), judged);
    }

    /// What is known of a report beside its bytes.
    fn message(&self) -> Message<'_> {
        let arrived = self.calendar.local(EventTime(self.received_at.0));
        // A moment outside of the calendar is none that anything arrives at.
        let today = arrived.unwrap_or_default().date();
        Message {
            forms: &self.feed.forms,
            agency: self.feed.agency,
            bound_to: self.bound_to,
            bound: self.bound_to.and_then(|patterns| self.rules.forms.bound(patterns)),
            address: self.address,
            asked: self.asked,
            today,
            oldest: Message::oldest(today, self.feed.contract.max_age),
        }
    }

    fn reported(&mut self, digest: [u8; 16], judged: Judged) {
        let Source { feed, sender } = self.from;
        let known_by = match judged.by_name.is_empty() {
            true => digest,
            false => digest_of(&[&digest[..], judged.by_name.as_bytes()].concat()),
        };
        let judged = judged.sent_for(self.owed);
        let report = Report {
            form: judged.form,
            agency: judged.agency,
            period: judged.period,
            absent: judged.absent,
            parts: judged.parts,
            digest,
            known_by,
            asked: self.asked.is_some(),
            confirmed: self.confirmed,
            whole: judged.whole,
            owners: judged.owners,
            rows: judged.rows,
            cells: judged.cells,
            updated: judged.updated,
            left_out: judged.left_out,
            against: judged.against,
            findings: judged.findings,
            feed,
            sender,
            arrival: Arrival { received_at: self.received_at, position: self.position, row: self.count },
        };
        self.count = self.count.saturating_add(report.rows);
        self.sink.row(Row::Reported(Box::new(report)));
    }
}

/// What the same bytes are known by.
fn digest_of(payload: &[u8]) -> [u8; 16] {
    let mut digest = [0; 16];
    digest.copy_from_slice(&Sha256::digest(payload)[..16]);
    digest
}
