//! Reports among the rows of an envelope: one is as many rows as it has cells.

use ioc_model::{
    form::{Finding, Report},
    names::Source,
    position::Arrival,
    row::Row,
    time::EventTime,
};
use sha2::{Digest, Sha256};

use super::{RowSink, Rows};
use crate::{
    contract::form::{self, Message},
    grid::Workbook,
};

impl<S: RowSink + ?Sized> Rows<'_, S> {
    /// Judges a report and hands it on, with as many rows as it has.
    pub(crate) fn report(&mut self, payload: &[u8], table: Result<Workbook, Finding>) {
        let arrived = self.calendar.local(EventTime(self.received_at.0));
        // A moment outside of the calendar is none that anything arrives at.
        let today = arrived.unwrap_or_default().date();
        let message = Message {
            forms: &self.feed.forms,
            agency: self.feed.agency,
            bound_to: self.bound_to,
            address: self.address,
            today,
            oldest: Message::oldest(today, self.feed.contract.max_age),
        };
        let judged = form::judge(&self.rules.forms, &message, table);
        let mut digest = [0; 16];
        digest.copy_from_slice(&Sha256::digest(payload)[..16]);
        let Source { feed, sender } = self.from;
        let report = Report {
            form: judged.form,
            agency: judged.agency,
            period: judged.period,
            absent: judged.absent,
            parts: judged.parts,
            digest,
            rows: judged.rows,
            cells: judged.cells,
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
