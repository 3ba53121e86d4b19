//! The next portion of reports that are read again.

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    slice,
    time::Instant,
};

use ioc_dashboards::HistoryError;
use ioc_decode::{Known, reread};
use ioc_model::{
    epoch::Epoch,
    form::Period,
    name::Name,
    replay::{
        OnRecord, ReadBefore, ReplayPortion, ReplayedMessage, ReplayedMessages, ReportOnRecord, SpokenOf,
    },
    time::ReceivedAt,
};
use ioc_storage::queries::{FoundMessage, TakenReport, TakenReports};
use ioc_stream::driver::PackVersions;

use super::{BYTES, Rereader, WITHIN, size, untold};
use crate::{history::unanswered, originals::LogThenArchive};

/// Reports of a portion at most, each of which may be a workbook that is read twice;
const REPORTS: usize = 50;
/// cells that they name, and words that travel with them, of some two hundred bytes each, beyond the first.
const WORDS: usize = 20_000;

impl Rereader {
    /// The next reports that are taken. None behind one about whose agency and period there is one already: what that one
    /// becomes, what was said before the other depends on. Which periods those are their bytes say, read by both packs: of
    /// what a message says that was known nothing is stored.
    pub(super) async fn reports(
        &self,
        portion: &ReplayPortion,
        between: (ReceivedAt, ReceivedAt),
        upto: Epoch,
        originals: &LogThenArchive,
    ) -> Result<ReplayedMessages, HistoryError> {
        let bound = (REPORTS, WITHIN);
        let found = self.store.taken_reports(portion, between, self.generation, upto, bound).await;
        let TakenReports { reports: found, mut after, mut more } = found.map_err(unanswered)?;
        let (began, mut bytes, mut named) = (Instant::now(), 0, 0);
        let (mut messages, mut reports) = (Vec::new(), Vec::new());
        let mut about: BTreeSet<(Name, Name, Period)> = BTreeSet::new();
        for report in found {
            if !messages.is_empty() && (bytes > BYTES || named > WORDS || began.elapsed() > WITHIN) {
                (more, after) = (true, None);
                break;
            }
            let TakenReport { position, received_at, sender, form, agency, rows, rejected, .. } = report;
            let (periods, own, earlier) = Default::default();
            let on_record = ReportOnRecord { form, agency, rows, rejected, periods, own, earlier };
            let on_record = OnRecord::TakenReport(on_record);
            let before = ReadBefore { pack: report.pack.clone(), arrived_with: None, on_record };
            let message = FoundMessage { position, received_at, feed: portion.of, sender, before };
            let message = self.with_original(message, originals).await?;
            bytes += size(&message);
            let (message, spoken) = self.with_spoken_of(message).await?;
            let of: Vec<_> = spoken.periods.iter().map(|period| (form, agency, *period)).collect();
            if of.iter().any(|of| about.contains(of)) {
                (more, after) = (true, None);
                break;
            }
            about.extend(of);
            named += spoken.keys.len();
            messages.push(message);
            reports.push((report, spoken));
        }
        let words = self.words(&reports, upto).await?;
        let travels =
            |of: &Result<ReportOnRecord, _>| of.as_ref().map_or(0, |of| of.own.len() + of.earlier.len());
        let fit = fitting(words.iter().map(travels));
        if fit < messages.len() {
            (more, after) = (true, None);
        }
        let with_words =
            |(message, words): (ReplayedMessage, Result<ReportOnRecord, HistoryError>)| match words {
                // Told already.
                _ if message.before.on_record == OnRecord::Untold => message,
                Ok(words) => {
                    let before = ReadBefore { on_record: OnRecord::TakenReport(words), ..message.before };
                    ReplayedMessage { before, ..message }
                }
                Err(error) => untold(message, &error),
            };
        let messages = messages.into_iter().zip(words).take(fit).map(with_words).collect();
        Ok(ReplayedMessages { messages, more, after, failed: None })
    }

    /// What is stored of reports and what was said before them, as far as it can be read. Where it cannot be of all of them,
    /// it can be of each but some.
    async fn words(
        &self,
        reports: &[(TakenReport, SpokenOf)],
        upto: Epoch,
    ) -> Result<Vec<Result<ReportOnRecord, HistoryError>>, HistoryError> {
        match self.store.words_of(reports, self.generation, upto).await.map_err(unanswered) {
            Ok(words) => return Ok(words.into_iter().map(Ok).collect()),
            Err(HistoryError::Refused(_)) => {}
            Err(away) => return Err(away),
        }
        let mut words = Vec::with_capacity(reports.len());
        for report in reports {
            let alone = self.store.words_of(slice::from_ref(report), self.generation, upto).await;
            match alone.map_err(unanswered) {
                Ok(of) => words.extend(of.into_iter().map(Ok)),
                Err(error @ HistoryError::Refused(_)) => words.push(Err(error)),
                Err(away) => return Err(away),
            }
        }
        Ok(words)
    }

    /// A report, and what it speaks of by the current pack or did by the one that read it.
    async fn with_spoken_of(
        &self,
        message: ReplayedMessage,
    ) -> Result<(ReplayedMessage, SpokenOf), HistoryError> {
        let decoder = self.packs.current();
        let earlier = match message.before.pack.as_ref().map(|pack| self.packs.version(pack)).transpose() {
            Ok(earlier) => earlier,
            Err(halt) => return Ok((untold(message, &halt), SpokenOf::default())),
        };
        // A workbook takes its time, and pages and senders are served meanwhile.
        let read = tokio::task::spawn_blocking(move || {
            // A message over which the decoder fails fails at each attempt: the others go on without it.
            let spoken = catch_unwind(AssertUnwindSafe(|| {
                let envelope = message.envelope()?;
                Some(reread::spoken_of(&decoder, earlier.as_deref(), &mut Known::default(), &envelope))
            }));
            match spoken {
                Ok(spoken) => (message, spoken.unwrap_or_default()),
                Err(_) => {
                    (untold(message, &"it cannot be read: a fault of this program"), SpokenOf::default())
                }
            }
        });
        // It ends early where the process does.
        read.await.map_err(|error| HistoryError::Away(error.to_string()))
    }
}

/// How many of some reports go into a portion, by how many words travel with each: the first at least.
fn fitting(words: impl Iterator<Item = usize>) -> usize {
    let travel = words.scan(0, |travel: &mut usize, words| {
        *travel += words;
        Some(*travel)
    });
    travel.enumerate().take_while(|(at, travel)| *at == 0 || *travel <= WORDS).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bound_what_travels_with_reports_of_a_portion_is_bounded_beyond_the_first() {
        let fit = |words: &[usize]| fitting(words.iter().copied());
        assert_eq!(fit(&[]), 0);
        assert_eq!(fit(&[WORDS / 2, WORDS / 2, 1]), 2);
        assert_eq!(fit(&[50 * WORDS, 0]), 1, "one that is larger goes alone");
        assert_eq!(fit(&[0, WORDS + 1]), 1);
    }
}
