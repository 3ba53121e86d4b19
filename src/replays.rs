//! What is read again: brings messages to the flow of which something is rejected or stored, and tells beforehand what they
//! would become.
//!
//! The store knows which messages they are, the log and the archive have their bytes, the data folder the packs that read
//! them before.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use ioc_dashboards::{
    HistoryError, Original,
    replays::{EXAMPLES, ReplayExample, ReplayOrder, ReplayTrial, StoredPeriod},
};
use ioc_decode::{
    Decoder, Known, Outcome,
    reread::{Difference, Earlier, Refused, Replacement, Reread, reread},
};
use ioc_model::{
    asker::Asker,
    attribute::{self, Attribute},
    envelope::Content,
    epoch::{Epoch, Generation},
    name::Name,
    pack::{FormatName, PackVersion},
    position::{Arrival, Position},
    replay::{ReplayPortion, ReplayScope, ReplayedMessage, ReplayedMessages, ReplayedOriginal},
    row::Row,
    text::Text,
    time::{EventTime, Millis, ReceivedAt},
};
use ioc_storage::{Store, queries::FoundMessage};
use ioc_stream::driver::PackVersions;

use crate::{history::unanswered, originals::LogThenArchive, pack_versions::KeptPacks};

/// Messages of a portion at most,
const MESSAGES: u32 = 500;
/// bytes of them, beyond the first,
const BYTES: usize = 4 << 20;
/// and so long they are looked for: an epoch of live data waits meanwhile.
const WITHIN: Duration = Duration::from_millis(250);

/// What is stored is looked up for so long a time of arrival. Whether there is anything is asked of longer ones, so that a
/// year of nothing is passed over in some steps.
const LOOKED_THROUGH: Millis = Millis::minutes(10);
/// How much longer where there was nothing, and shorter where there is something.
const LONGER: i64 = 6;

/// So long is looked for what an order would come to.
const TRIED_WITHIN: Duration = Duration::from_secs(8);

/// Who brings messages that are read again.
#[derive(Debug)]
pub struct Rereader {
    store: Store,
    generation: Generation,
    packs: KeptPacks,
    /// Known once the archive is open.
    originals: OnceLock<Arc<LogThenArchive>>,
}

impl Rereader {
    /// One for the messages of a generation.
    #[must_use]
    pub fn new(store: Store, generation: Generation, packs: KeptPacks) -> Rereader {
        Rereader { store, generation, packs, originals: OnceLock::new() }
    }

    /// From now on there are originals.
    pub fn open(&self, originals: Arc<LogThenArchive>) {
        // It is opened once.
        let _ = self.originals.set(originals);
    }

    /// The next messages of a replay, by what is stored up to an epoch.
    ///
    /// # Errors
    /// If the store or the archive does not answer now, or never will.
    pub async fn portion(
        &self,
        portion: &ReplayPortion,
        between: (EventTime, EventTime),
        upto: Epoch,
    ) -> Result<ReplayedMessages, HistoryError> {
        let originals = self.originals.get();
        let originals =
            originals.ok_or_else(|| HistoryError::Away("the archive is being opened".to_owned()))?;
        let (found, mut more) = match portion.scope {
            ReplayScope::Rejects => {
                let found = self.store.rejected_messages(portion, between, self.generation, upto, MESSAGES);
                let found = found.await.map_err(unanswered)?;
                let more = found.len() == MESSAGES as usize;
                (found, more)
            }
            ReplayScope::Stored => self.stored(portion, between, upto).await?,
        };
        let (began, mut bytes, mut messages) = (Instant::now(), 0, Vec::new());
        for rejected in found {
            if !messages.is_empty() && (bytes > BYTES || began.elapsed() > WITHIN) {
                more = true;
                break;
            }
            let original = originals.find(rejected.position).await?;
            bytes += original.as_ref().map_or(0, |original| original.payload.len());
            messages.push(self.message(rejected, original));
        }
        Ok(ReplayedMessages { messages, more })
    }

    /// Those of which something is stored, and whether there may be more: ten minutes of arrival at a time, since rows of
    /// more are not looked through while an epoch of live data waits.
    async fn stored(
        &self,
        portion: &ReplayPortion,
        (from, until): (EventTime, EventTime),
        upto: Epoch,
    ) -> Result<(Vec<FoundMessage>, bool), HistoryError> {
        let mut from = portion.after.map_or(from.0, |(arrived, _)| arrived.0);
        let mut step = LOOKED_THROUGH.0;
        loop {
            let to = from.saturating_add(step).min(until.0);
            let between = (ReceivedAt(from), ReceivedAt(to));
            if !self.store.has_stored(&portion.of, between).await.map_err(unanswered)? {
                if to >= until.0 {
                    return Ok((Vec::new(), false));
                }
                (from, step) = (to, step.saturating_mul(LONGER));
                continue;
            }
            if step > LOOKED_THROUGH.0 {
                step = (step / LONGER).max(LOOKED_THROUGH.0);
                continue;
            }
            let found = self.store.stored_messages(portion, between, self.generation, upto, MESSAGES).await;
            let found = found.map_err(unanswered)?;
            let more = found.len() == MESSAGES as usize || to < until.0;
            if !found.is_empty() || !more {
                return Ok((found, more));
            }
            from = to;
        }
    }

    /// What of a feed is stored of messages that arrived in some time, and why it cannot be read again, if it cannot.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn period(
        &self,
        asker: &Asker,
        feed: &str,
        between: (ReceivedAt, ReceivedAt),
    ) -> Result<StoredPeriod, HistoryError> {
        let decoder = self.packs.current();
        let of_pack = decoder.pack().feeds.get(feed).filter(|_| asker.sees_feed(feed));
        let refused = match of_pack {
            None => Some(Text {
                vi: format!("gói tỉnh không có nguồn '{feed}'"),
                en: format!("the pack has no feed '{feed}'"),
            }),
            Some(of_pack)
                if !matches!(of_pack.format, FormatName::JsonObservation | FormatName::StationTxt) =>
            {
                Some(Text {
                    vi: format!(
                        "nguồn '{feed}' không gửi số đo: sự kiện và báo cáo đã lưu không đọc lại được, chỉ đọc lại được \
                         dữ liệu bị loại (--rejects)"
                    ),
                    en: format!(
                        "feed '{feed}' sends nothing measured: events and reports that are stored are not read again, \
                         only what is rejected is (--rejects)"
                    ),
                })
            }
            Some(of_pack) if of_pack.personal => Some(Text {
                vi: format!("nguồn '{feed}' có dữ liệu cá nhân: bản gốc không được chép để đọc lại"),
                en: format!("feed '{feed}' is personal: its originals are not copied to be read again"),
            }),
            Some(_) => None,
        };
        let rows = match refused {
            Some(_) => 0,
            None => self.store.stored_rows(feed, between).await.map_err(unanswered)?,
        };
        Ok(StoredPeriod { rows, refused })
    }

    fn message(&self, rejected: FoundMessage, original: Option<Original>) -> ReplayedMessage {
        let FoundMessage { position, received_at, feed, sender, mut before } = rejected;
        before.pack = before.pack.filter(|pack| self.is_kept(pack));
        before.arrived_with = before.arrived_with.filter(|pack| self.is_kept(pack));
        // What lies there by another feed is not what was rejected.
        let original = original.filter(|original| *original.feed == *feed);
        let pack = self.packs.current();
        let is_personal = pack.pack().feeds.get(&*feed).is_some_and(|feed| feed.personal);
        // What came before its feed was marked as personal is not copied into a manifest, nor judged under no key.
        let original = original.filter(|original| {
            let is_reduced = original.attributes.iter().any(|(word, _)| word == Attribute::Reduced.word());
            !is_personal || is_reduced
        });
        let original = original.and_then(|original| {
            let words = original.attributes.iter().map(|(word, text)| (word.as_str(), text.as_str()));
            Some(ReplayedOriginal {
                address: original.address.as_str().into(),
                withheld: original.content == Content::Withheld,
                attributes: attribute::of_words(words)?.into(),
                payload: original.payload[..].into(),
            })
        });
        ReplayedMessage { position, received_at, feed, sender, before, original }
    }

    /// Whether a replay of the epoch will find that pack.
    fn is_kept(&self, pack: &PackVersion) -> bool {
        let version = self.packs.version(pack);
        if let Err(error) = &version {
            tracing::warn!(%error, "messages that were read with this pack cannot be read again");
        }
        version.is_ok()
    }

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
        let ReplayedMessages { messages, more } = self.portion(portion, between, upto).await?;
        let decoder = self.packs.current();
        let last = messages.last().map(|last| (last.received_at, last.position)).filter(|_| more);
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
                let Some(envelope) = message.envelope() else {
                    foreseen.missing += 1;
                    continue;
                };
                let earlier = Earlier { judged: judged.as_deref(), arrived: arrived.as_deref() };
                match reread(&decoder, earlier, &mut known, &envelope, &message.before) {
                    Reread::Same => {}
                    Reread::Unclear => foreseen.unclear += 1,
                    Reread::Other(difference) => {
                        foretell(&mut foreseen, &difference);
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

fn foretell(trial: &mut ReplayTrial, difference: &Difference) {
    if let Some(Refused { report, rows_before, same }) = &difference.report {
        // What it is held against is known where it is kept: this is what can be said of it alone.
        let taken = if report.has_errors() && !report.parts { 0 } else { report.cells.len() as u64 };
        if *same && taken == 0 {
            return;
        }
        trial.changed += 1;
        trial.before += u64::from(*rows_before);
        trial.good += taken;
        trial.rejected += u64::from(report.rows).saturating_sub(taken);
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
