//! What messages that are read again give, beside those of the log.
//!
//! Each worker reads its part of them, with the pack of the epoch and with the one that read them before; what that comes
//! to does not depend on which worker it is (invariant REPLAY). What was rejected of a message and is counted anew is
//! counted as read again, so both identities hold after every epoch (invariant BALANCE). A stored row that has another
//! value now is one row as before, and stays counted as what it was.

use ioc_decode::{
    Decoder, Known, Outcome,
    reread::{Difference, Earlier, Judged, Replacement, Reread, reread},
};
use ioc_model::{
    names::Source,
    pack::PackVersion,
    position::Arrival,
    replay::{OnRecord, ReplayedMessage},
    results::{self, ReplayedRow},
    row::{ReportAgain, Row},
};

use super::{
    decode::Decoded,
    parcels::{Given, OpenParcels},
    rejects::{KEPT_REJECTS, Rejects},
};
use crate::{
    exchange::Addresses,
    halt::Halt,
    step::{EpochFacts, PackVersions},
};

/// Reads a worker's part of the messages that an epoch reads again, and gives their rows away.
///
/// # Errors
/// If a pack that read one of them before was kept when the epoch was recorded, and is not any more.
pub(super) fn read_again(
    facts: &EpochFacts,
    (worker, workers): (usize, usize),
    (decoder, packs): (&Decoder, &dyn PackVersions),
    known: &mut Known,
    addresses: &mut Addresses,
    decoded: &mut Decoded,
    give: impl FnMut(Given),
) -> Result<(), Halt> {
    let mut mine = facts.replays().skip(worker).step_by(workers).peekable();
    if mine.peek().is_none() {
        return Ok(());
    }
    let mut open = OpenParcels::new(workers);
    let mut rejects = Rejects::default();
    for (replay, message) in mine {
        let version = |pack: &Option<PackVersion>| pack.as_ref().map(|pack| packs.version(pack)).transpose();
        let (judged, arrived) = (version(&message.before.pack)?, version(&message.before.arrived_with)?);
        let earlier = Earlier { judged: judged.as_deref(), arrived: arrived.as_deref() };
        let found = match message.envelope() {
            _ if message.before.on_record == OnRecord::Untold => Found::Unclear,
            None => Found::Missing,
            Some(envelope) => match reread(decoder, earlier, known, &envelope, &message.before) {
                Reread::Same => continue,
                Reread::Unclear => Found::Unclear,
                Reread::Other(difference) => Found::Other(difference),
            },
        };
        let mut taking =
            Taking { replay, message, addresses, open: &mut open, rejects: &mut rejects, decoded };
        taking.take(found);
    }
    decoded.rejects.extend(rejects.into_rows());
    open.rest().for_each(give);
    Ok(())
}

/// What came of a message.
enum Found {
    Missing,
    Unclear,
    Other(Box<Difference>),
}

/// A message, and where what it gives goes.
struct Taking<'a> {
    replay: Arrival,
    message: &'a ReplayedMessage,
    addresses: &'a mut Addresses,
    open: &'a mut OpenParcels,
    rejects: &'a mut Rejects,
    decoded: &'a mut Decoded,
}

impl Taking<'_> {
    fn take(&mut self, found: Found) {
        let before = match &self.message.before.on_record {
            OnRecord::RejectedWhole | OnRecord::RefusedReport => 1,
            OnRecord::RejectedRows(rows) => rows.len() as u64,
            OnRecord::Stored(_) | OnRecord::Decided | OnRecord::Untold | OnRecord::TakenReport(_) => 0,
        };
        match found {
            Found::Missing => self.record(results::Reread::Missing, (0, before, before)),
            Found::Unclear => self.record(results::Reread::Unclear, (0, before, before)),
            Found::Other(difference) => self.other(*difference),
        }
    }

    fn other(&mut self, difference: Difference) {
        let Difference { outcome, observations, others, rejected_before, rejected, report, replaced } =
            difference;
        if !replaced.is_empty() {
            let rows = replaced.len() as u64;
            for Replacement { row, .. } in replaced {
                self.open.put_replaced(self.addresses.of(row.series.subject), row);
            }
            self.record(results::Reread::Replaced, (rows, 0, 0));
            return;
        }
        if let Some(Judged { report, before }) = report {
            // Whether it is taken, its keeper knows, and counts it.
            let again = ReportAgain { report, before, replay: self.replay };
            let row = Row::ReportedAgain(Box::new(again));
            self.open.put_other(self.addresses.of_name(row.subject()), row);
            return;
        }
        let rows_of = |row: &Row| match row {
            Row::Reported(report) => u64::from(report.rows),
            _ => 1,
        };
        let good = observations.len() as u64 + others.iter().map(rows_of).sum::<u64>();
        let bad = rejected.len() as u64;
        let Some(envelope) = self.message.envelope() else { return };
        let source = Source { feed: self.message.feed, sender: self.message.sender };
        let counts = self.decoded.counts.entry(source.feed).or_default();
        counts.rows += good + bad;
        counts.rejected += bad;
        counts.rows_reread += rejected_before;
        let is_whole = outcome.is_some();
        counts.envelopes_reread += u64::from(is_whole);
        let still = match outcome {
            None => bad,
            Some(Outcome::Decoded { .. }) => {
                counts.decoded += 1;
                bad
            }
            Some(Outcome::Empty) => {
                counts.empty += 1;
                0
            }
            Some(Outcome::Undecodable(rejection)) => {
                counts.undecodable += 1;
                self.rejects.push(&envelope, source, None, rejection, envelope.payload);
                1
            }
        };
        let mut further = None;
        for (number, (row, rejection, raw)) in (1..).zip(rejected) {
            if number > KEPT_REJECTS {
                further = further.or(Some(row));
                continue;
            }
            self.rejects.push(&envelope, source, Some(row), rejection, &raw);
        }
        if let Some(row) = further {
            self.rejects.push_further(&envelope, source, row, bad);
        }
        for row in observations {
            self.open.put_again(self.addresses.of(row.series.subject), row);
        }
        for row in others {
            match row {
                Row::Happened(event) => self.open.put_event_again(self.addresses, event),
                row => self.open.put_other(self.addresses.of_name(row.subject()), row),
            }
        }
        let before = if is_whole { 1 } else { rejected_before };
        self.record(results::Reread::Read, (good, before, still));
    }

    fn record(&mut self, reread: results::Reread, (good, before, rejected): (u64, u64, u64)) {
        let number = |rows: u64| u32::try_from(rows).unwrap_or(u32::MAX);
        let ReplayedMessage { position, received_at, feed, sender, .. } = *self.message;
        self.decoded.replayed.push(ReplayedRow {
            reread,
            good: number(good),
            before: number(before),
            rejected: number(rejected),
            replay: self.replay,
            feed,
            sender,
            arrival: Arrival { received_at, position, row: 0 },
        });
    }
}
