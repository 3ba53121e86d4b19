//! What would come of an order, told before it is given.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use ioc_dashboards::{
    HistoryError,
    replays::{EXAMPLES, ReplayExample, ReplayOrder, ReplayTrial},
};
use ioc_decode::{
    Decoder, Known, Outcome,
    reread::{Difference, Earlier, Judged, Replacement, Reread, reread},
};
use ioc_model::{
    asker::Asker,
    form::{Cell, CellKey, Report, Vintage},
    name::Name,
    observation::Quality,
    pack::PackVersion,
    position::{Arrival, Position},
    replay::{OnRecord, ReplayPortion, ReplayScope, ReplayedMessages},
    row::{ReportBefore, Row},
    time::{EventTime, ReceivedAt},
};
use ioc_stream::driver::PackVersions;
use jiff::tz::TimeZone;
use rust_decimal::prelude::ToPrimitive;

use super::Rereader;
use crate::history::unanswered;

/// So long is looked for what an order would come to.
const TRIED_WITHIN: Duration = Duration::from_secs(8);

impl Rereader {
    /// What would come of orders now, by the current pack.
    ///
    /// # Errors
    /// As [`Rereader::portion`].
    pub async fn trial(&self, asker: &Asker, orders: &[ReplayOrder]) -> Result<ReplayTrial, HistoryError> {
        let mut trial = ReplayTrial::default();
        let began = Instant::now();
        for order in orders.iter().filter(|order| asker.sees_feed(&order.feed)) {
            let between = (EventTime(order.from.0), EventTime(order.until.0));
            let replay = Arrival::default();
            let scope = if order.stored { ReplayScope::Stored } else { ReplayScope::Rejects };
            let (of, reason) = (Name::new(&order.feed), order.reason);
            let mut portion = ReplayPortion { replay, of, scope, reason, after: None };
            loop {
                if began.elapsed() > TRIED_WITHIN {
                    trial.more = true;
                    return Ok(trial);
                }
                portion.after = self.foresee(&portion, between, &mut trial).await?;
                if portion.after.is_none() {
                    break;
                }
            }
        }
        Ok(trial)
    }

    /// What a portion would become; the last message of it, if more follow.
    async fn foresee(
        &self,
        portion: &ReplayPortion,
        between: (EventTime, EventTime),
        trial: &mut ReplayTrial,
    ) -> Result<Option<(ReceivedAt, Position)>, HistoryError> {
        let upto = self.store.published(self.generation).await.map_err(unanswered)?.unwrap_or_default();
        let found = self.portion(portion, between, upto).await?;
        let decoder = self.packs.current();
        let last = found.last().filter(|_| found.more);
        let ReplayedMessages { messages, .. } = found;
        let mut before = Vec::with_capacity(messages.len());
        for message in messages {
            let version = |pack: &Option<PackVersion>| {
                let version = pack.as_ref().map(|pack| self.packs.version(pack)).transpose();
                version.map_err(|halt| HistoryError::Refused(halt.to_string()))
            };
            let (judged, arrived) = (version(&message.before.pack)?, version(&message.before.arrived_with)?);
            before.push((message, judged, arrived));
        }
        let mut foreseen = std::mem::take(trial);
        // A workbook takes its time, and pages and senders are served meanwhile.
        let foreseen = tokio::task::spawn_blocking(move || {
            let mut known = Known::default();
            for (message, judged, arrived) in &before {
                foreseen.messages += 1;
                if message.before.on_record == OnRecord::Untold {
                    foreseen.unclear += 1;
                    continue;
                }
                let Some(envelope) = message.envelope() else {
                    foreseen.missing += 1;
                    continue;
                };
                let earlier = Earlier { judged: judged.as_deref(), arrived: arrived.as_deref() };
                match reread(&decoder, earlier, &mut known, &envelope, &message.before) {
                    Reread::Same => {}
                    Reread::Unclear => foreseen.unclear += 1,
                    Reread::Other(difference) => {
                        foretell(&decoder, &mut foreseen, &difference);
                        let room = EXAMPLES.saturating_sub(foreseen.examples.len());
                        let examples = difference.replaced.iter().take(room);
                        foreseen.examples.extend(examples.map(|replaced| example(&decoder, replaced)));
                    }
                }
            }
            foreseen
        });
        *trial = foreseen.await.map_err(|error| HistoryError::Refused(error.to_string()))?;
        Ok(last)
    }
}

fn foretell(decoder: &Decoder, trial: &mut ReplayTrial, difference: &Difference) {
    if let Some(judged) = &difference.report {
        trial.reports += 1;
        foretell_report(decoder, trial, judged);
        return;
    }
    if !difference.replaced.is_empty() {
        trial.changed += 1;
        trial.replaced += difference.replaced.len() as u64;
        return;
    }
    let rows_of = |row: &Row| match row {
        Row::Reported(report) => u64::from(report.rows),
        _ => 1,
    };
    let is_whole = difference.outcome.is_some();
    let is_undecodable = matches!(difference.outcome, Some(Outcome::Undecodable(_)));
    trial.changed += 1;
    trial.good += difference.observations.len() as u64 + difference.others.iter().map(rows_of).sum::<u64>();
    trial.before += if is_whole { 1 } else { difference.rejected_before };
    trial.rejected += difference.rejected.len() as u64 + u64::from(is_undecodable);
}

/// What of a report it is held against is known where it is kept: this is what can be said of it alone.
fn foretell_report(decoder: &Decoder, trial: &mut ReplayTrial, Judged { report, before }: &Judged) {
    let taken = if report.has_errors() && !report.parts { 0 } else { report.cells.len() as u64 };
    let rejected = u64::from(report.rows).saturating_sub(taken);
    match before {
        ReportBefore::Refused { same: true, .. } if taken == 0 => {}
        ReportBefore::Refused { rows, .. } => {
            trial.changed += 1;
            trial.before += u64::from(*rows);
            trial.good += taken;
            trial.rejected += rejected;
        }
        ReportBefore::Taken { stays: true, .. } => trial.unclear += 1,
        ReportBefore::Taken { report: then, rejected: rejected_before, .. } => {
            // Of one that was taken in part it is not known here what of it was.
            let is_all = u64::from(then.rows) == then.cells.len() as u64 + u64::from(*rejected_before);
            if is_all && report.is_about_less(&report.cells, then, &then.cells) {
                trial.unclear += 1;
                return;
            }
            let said = |cell: &Cell| (cell.value, cell.owner);
            let by_cell = |report: &Report| -> BTreeMap<(CellKey, Vintage), Cell> {
                report.cells.iter().map(|cell| ((cell.key, cell.vintage), cell.clone())).collect()
            };
            let (then, now) = (by_cell(then), by_cell(report));
            let other =
                now.iter().filter(|(about, is)| then.get(about).is_some_and(|was| said(was) != said(is)));
            let other: Vec<(&Cell, &Cell)> = other.map(|(about, is)| (&then[about], is)).collect();
            let gone = then.keys().filter(|about| !now.contains_key(about)).count();
            let new = now.keys().filter(|about| !then.contains_key(about)).count();
            if other.is_empty() && gone == 0 && new == 0 {
                return;
            }
            trial.changed += 1;
            trial.replaced += (other.len() + gone) as u64;
            trial.good += new.saturating_sub(gone) as u64;
            trial.before += u64::from(*rejected_before);
            trial.rejected += rejected;
            // Small numbers of persons are told nowhere, and what is kept back with them is decided elsewhere.
            let form = decoder.pack().forms.get(report.form.as_str());
            let is_of_persons = form.is_none_or(|form| {
                form.indicators.values().any(|indicator| indicator.suppress_below.is_some())
            });
            let room = if is_of_persons { 0 } else { EXAMPLES.saturating_sub(trial.examples.len()) };
            trial.examples.extend(
                other.into_iter().filter_map(|(was, is)| example_of_cell(report, was, is)).take(room),
            );
        }
    }
}

/// A number that would be another one.
fn example_of_cell(report: &Report, was: &Cell, is: &Cell) -> Option<ReplayExample> {
    let CellKey { indicator, place, period, .. } = is.key;
    let start = period.start.to_zoned(TimeZone::UTC).ok()?;
    Some(ReplayExample {
        position: report.arrival.position.to_string(),
        row: is.row,
        indicator: indicator.to_string(),
        subject: place.to_string(),
        event_time: EventTime(start.timestamp().as_millisecond()),
        value_before: was.value.number?.to_f64()?,
        quality_before: Quality::Good,
        value: is.value.number?.to_f64()?,
        quality: Quality::Good,
    })
}

fn example(decoder: &Decoder, replaced: &Replacement) -> ReplayExample {
    let Replacement { row, value_before, quality_before } = replaced;
    let names = decoder.names();
    ReplayExample {
        position: row.arrival.position.to_string(),
        row: row.arrival.row,
        indicator: names.indicator(row.series.indicator).to_string(),
        subject: names.subject(row.series.subject).to_string(),
        event_time: row.event_time,
        value_before: *value_before,
        quality_before: *quality_before,
        value: row.value,
        quality: row.quality,
    }
}
