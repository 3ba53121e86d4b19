//! Rejected envelopes and rows.

use clickhouse::Row;
use ioc_model::{
    asker::Asker,
    position::{LogNumber, Offset, Partition},
    reject::RejectReason,
    time::ReceivedAt,
};
use serde::{Deserialize, Serialize};

use super::words;
use crate::{
    client::{Store, answer},
    error::StoreError,
};

/// A rejected envelope or row.
#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub struct RecentReject {
    /// The feed it came by.
    pub feed: String,
    /// Who sent it; empty where that was not recorded.
    pub sender: String,
    /// When it arrived.
    pub received_at: ReceivedAt,
    /// Where its envelope lies.
    pub log: LogNumber,
    /// Where its envelope lies.
    pub partition: Partition,
    /// Where its envelope lies.
    pub offset: Offset,
    /// Which row of the envelope.
    pub row: u32,
    /// All of the envelope.
    pub whole: bool,
    /// Topic, file or path.
    pub address: String,
    /// Why.
    #[serde(with = "words")]
    pub reason: RejectReason,
    /// Where in the envelope.
    pub place: String,
    /// What is wrong, in Vietnamese.
    pub message_vi: String,
    /// What is wrong, in English.
    pub message_en: String,
    /// Its first bytes; what is not UTF-8 is replaced.
    pub raw: String,
    /// How many bytes there were.
    pub raw_length: u32,
    /// Whether it still stands: its envelope was not read again since.
    pub stands: bool,
}

pub(super) const COLUMNS: &str = "toString(r.feed) AS feed, toString(r.sender) AS sender, toUnixTimestamp64Milli(r.received_at) AS received_at, \
                 log, partition, offset, row, whole, address, toString(r.reason) AS reason, place, \
                 message_vi, message_en, toValidUTF8(r.raw) AS raw, raw_length, \
                 r.state != 'replayed' AS stands";

impl Store {
    /// The last rejects, newest first.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn recent_rejects(&self, asker: &Asker, number: u32) -> Result<Vec<RecentReject>, StoreError> {
        let rejects = self
            .asked_by(asker, |seen| {
                format!(
                    "SELECT {COLUMNS} \
                 FROM reject_current AS r WHERE true{} \
                 ORDER BY r.received_at DESC, log DESC, partition DESC, offset DESC, row DESC \
                 LIMIT {{number:UInt32}}",
                    seen.feed("r.feed")
                )
            })
            .param("number", number);
        answer("read the last rejects", rejects.fetch_all()).await
    }
}
