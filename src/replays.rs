//! What is read again: brings messages to the flow of which something is rejected or stored, and tells beforehand what they
//! would become.
//!
//! The store knows which messages they are, the log and the archive have their bytes, the data folder the packs that read
//! them before.

mod reports;
mod trial;

use std::{
    fmt::Display,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use ioc_dashboards::{HistoryError, Original, replays::StoredPeriod};
use ioc_model::{
    asker::Asker,
    attribute::{self, Attribute},
    envelope::Content,
    epoch::{Epoch, Generation},
    pack::{FormatName, PackVersion},
    replay::{OnRecord, ReplayPortion, ReplayScope, ReplayedMessage, ReplayedMessages, ReplayedOriginal},
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
            ReplayScope::Stored if self.is_of_reports(&portion.of) => {
                let between = (ReceivedAt(between.0.0), ReceivedAt(between.1.0));
                // What is rarely asked shall not make every future larger.
                return Box::pin(self.reports(portion, between, upto, originals)).await;
            }
            ReplayScope::Stored => self.stored(portion, between, upto).await?,
        };
        let (began, mut bytes, mut messages) = (Instant::now(), 0, Vec::new());
        for rejected in found {
            if !messages.is_empty() && (bytes > BYTES || began.elapsed() > WITHIN) {
                more = true;
                break;
            }
            let message = self.with_original(rejected, originals).await?;
            bytes += size(&message);
            messages.push(message);
        }
        Ok(ReplayedMessages { messages, more, ..ReplayedMessages::default() })
    }

    /// A message with its bytes, as far as it has any.
    async fn with_original(
        &self,
        message: FoundMessage,
        originals: &LogThenArchive,
    ) -> Result<ReplayedMessage, HistoryError> {
        match originals.find(message.position).await {
            Ok(original) => Ok(self.message(message, original)),
            Err(error @ HistoryError::Refused(_)) => Ok(untold(self.message(message, None), &error)),
            Err(away) => Err(away),
        }
    }

    fn is_of_reports(&self, feed: &str) -> bool {
        let decoder = self.packs.current();
        decoder.pack().feeds.get(feed).is_some_and(|feed| feed.format.is_report())
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
                if !of_pack.format.is_report()
                    && !matches!(of_pack.format, FormatName::JsonObservation | FormatName::StationTxt) =>
            {
                Some(Text {
                    vi: format!(
                        "nguồn '{feed}' không gửi số đo hay báo cáo: sự kiện đã lưu không đọc lại được, chỉ đọc lại được dữ \
                         liệu bị loại (--rejects)"
                    ),
                    en: format!(
                        "feed '{feed}' sends nothing measured or reported: events that are stored are not read again, only \
                         what is rejected is (--rejects)"
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
            None if self.is_of_reports(feed) => {
                Box::pin(self.store.stored_cells(feed, between)).await.map_err(unanswered)?
            }
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
}

/// One that stays as it is: it cannot be brought with all that belongs to it, and never will be.
fn untold(message: ReplayedMessage, error: &dyn Display) -> ReplayedMessage {
    let ReplayedMessage { position, feed, mut before, .. } = message;
    tracing::error!(feed = &*feed, %position, %error, "a message cannot be read again and stays as it is");
    before.on_record = OnRecord::Untold;
    ReplayedMessage { before, original: None, ..message }
}

/// How many bytes of it travel.
fn size(message: &ReplayedMessage) -> usize {
    message.original.as_ref().map_or(0, |original| original.payload.len())
}
