//! What was read becomes durable, then its place is kept, then the group is told: in this order and no other (ACK, ONCE).

use std::time::Duration;

use ioc_bus::{Appended, ChunkBuilder};
use rdkafka::{
    Offset,
    consumer::{CommitMode, Consumer as _},
    error::KafkaResult,
    topic_partition_list::TopicPartitionList,
};
use tokio::time::sleep;

use super::{
    assignment::Held,
    group::Member,
    place::InLog,
    plan::beside,
    reader::{Failed, Reader},
};
use crate::transport::pull::CannotFetch;

/// Between two attempts to keep the place.
const KEPT_AGAIN: Duration = Duration::from_secs(1);
/// What is being appended when everything ends is waited for so long. If it becomes durable later, it is found in the log.
const ENDS_WITHIN: Duration = Duration::from_secs(10);

impl Reader {
    /// Durable when it returns.
    pub(super) fn append(&self, chunk: &mut ChunkBuilder) -> Result<Appended, Failed> {
        let Reader { intake, line, stop, .. } = self;
        self.threads.block_on(async {
            let appended = async { intake.hand_over(line, chunk).await?.await };
            let ends = async {
                stop.cancelled().await;
                sleep(ENDS_WITHIN).await;
            };
            tokio::select! {
                appended = appended => appended.map_err(Failed::Here),
                () = ends => Err(Failed::Ends),
            }
        })
    }

    /// Keeps the place, behind what was appended.
    pub(super) fn advance(&mut self, appended: &Appended) -> Result<(), Failed> {
        fail::fail_point!("kafka_before_cursor", |_| std::process::abort());
        self.know_log(appended.next.0);
        self.kept(Some(appended))
    }

    /// Keeps the place, where nothing is being appended.
    pub(super) fn keep(&mut self) -> Result<(), Failed> {
        let end = self.intake.bus().bounds(self.line.partition).end;
        self.know_log(end.0);
        self.kept(None)
    }

    fn know_log(&mut self, next: u64) {
        let id = self.intake.bus().log_id();
        self.place.log = Some(InLog { id, partition: self.line.partition.0, next });
    }

    fn kept(&mut self, behind: Option<&Appended>) -> Result<(), Failed> {
        let text = self.place.text();
        loop {
            let kept = match behind {
                Some(appended) => self.threads.block_on(self.cursor.advance(appended, &text)),
                None => self.threads.block_on(self.cursor.keep(&text)),
            };
            let Err(error) = kept else { return Ok(()) };
            self.fails(&CannotFetch::fault(
                format!("không lưu được vị trí đã đọc: {error}"),
                format!("how far it was read cannot be kept: {error}"),
            ));
            self.rest(KEPT_AGAIN);
            if self.stop.is_cancelled() {
                return Err(Failed::Ends);
            }
        }
    }

    /// Tells the group how far its partitions are read, so that the cluster's own tools know. Where that fails, ours holds
    /// all the same.
    pub(super) fn commit(&self, member: &Member, held: &Held, mode: CommitMode) {
        let committed = self.offsets(held).and_then(|offsets| match offsets.count() {
            0 => Ok(()),
            _ => member.commit(&offsets, mode),
        });
        if let Err(error) = committed {
            self.counters.commits_failed.one();
            tracing::warn!(feed = self.feed, %error, "the group's offsets are not committed; ours are kept all the same");
        }
    }

    fn offsets(&self, held: &Held) -> KafkaResult<TopicPartitionList> {
        let log = self.intake.bus().log_id();
        let mut offsets = TopicPartitionList::new();
        for (topic, partition) in &held.partitions {
            let Some(place) = self.place.partition(topic, *partition) else { continue };
            let mut offset = offsets.add_partition(topic, *partition);
            offset.set_offset(Offset::Offset(i64::try_from(place.next).unwrap_or(i64::MAX)))?;
            offset.set_metadata(beside(log, self.place.id_of(topic)));
        }
        Ok(offsets)
    }
}
