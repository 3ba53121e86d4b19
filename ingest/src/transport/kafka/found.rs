//! What of a feed lies on our log behind the place that was kept: appended, and the process was killed before the place
//! was.

use ioc_bus::{Bus, ReadError};
use ioc_model::{
    attribute::{Attribute, RecordPlace},
    position::{LogNumber, Offset, Partition},
    time::Now,
};

use super::place::{InLog, Place};

/// Read at once. Bytes.
const READ_BYTES: usize = 4 << 20;

/// Reads on in the log from where the place knows it, and goes on to what is there. How many envelopes of the feed there
/// were.
pub(super) fn in_log(
    bus: &dyn Bus,
    partition: Partition,
    feed: &str,
    place: &mut Place,
) -> Result<u64, ReadError> {
    let (id, bounds) = (bus.log_id(), bus.bounds(partition));
    let known = place.log.filter(|log| log.id == id && log.partition == partition.0);
    let mut from = known.map_or(bounds.end, |log| Offset(log.next).max(bounds.start).min(bounds.end));
    let mut found = 0;
    while from < bounds.end {
        let batch = bus.read(partition, from, Some(bounds.end), READ_BYTES)?;
        if batch.chunks.is_empty() {
            break;
        }
        for (base, chunk) in &batch.chunks {
            if !chunk.counts().any(|(of, _)| of == feed) {
                continue;
            }
            let envelopes = chunk.iter(LogNumber(0), partition, *base);
            for envelope in
                envelopes.filter(|envelope| envelope.feed == feed && envelope.position.offset >= from)
            {
                let record = envelope.attributes.get(Attribute::Record).and_then(RecordPlace::parse);
                let loss = envelope.attributes.get(Attribute::Fault).and_then(|fault| fault.parse().ok());
                let written = envelope.attributes.get(Attribute::Written).and_then(Now::from_rfc3339);
                if let Some(record) = record {
                    place.found(&record, loss, written.map(|now| now.0));
                    found += 1;
                }
            }
        }
        from = batch.next;
    }
    place.log = Some(InLog { id, partition: partition.0, next: bounds.end.0 });
    Ok(found)
}

#[cfg(test)]
mod tests {
    use ioc_bus::{ChunkBuilder, DiskLog, DiskLogConfig};
    use ioc_model::{envelope::Content, time::ReceivedAt};

    use super::*;
    use crate::transport::kafka::place::{PartitionPlace, TopicPlace};

    #[tokio::test]
    async fn once_what_was_appended_and_not_kept_is_found_in_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let bus =
            DiskLog::open(&DiskLogConfig { folder: folder.path().join("log"), ..DiskLogConfig::default() })
                .unwrap();
        let partition = Partition(1);
        let append = async |feed: &str, known: &[(Attribute, &str)]| {
            let mut chunk = ChunkBuilder::new();
            chunk.push_with(feed, Content::Raw, "air", known, b"{}");
            let _appended = bus.append(partition, chunk.finish(ReceivedAt(1))).await.unwrap().await.unwrap();
        };
        let read = PartitionPlace { next: 100, end: 100, at: None, ours: true };
        let topic = TopicPlace { id: "A".to_owned(), made_anew: false, partitions: [(0, read)].into() };
        let mut place = Place { log: None, topics: [("air".to_owned(), topic)].into() };
        append("air", &[(Attribute::Record, "air 0 500 A")]).await;
        assert_eq!(
            in_log(&bus, partition, "air", &mut place).unwrap(),
            0,
            "nothing says that it is not known"
        );
        // Then it was killed behind these.
        append(
            "air",
            &[(Attribute::Record, "air 0 100 A"), (Attribute::Fault, "lost: records 0 100 139 - -")],
        )
        .await;
        append("other", &[(Attribute::Record, "air 0 900 A")]).await;
        append("air", &[(Attribute::Record, "air 0 140 A")]).await;
        assert_eq!(in_log(&bus, partition, "air", &mut place).unwrap(), 2);
        assert_eq!(place.partition("air", 0).unwrap().next, 141);
        assert_eq!(in_log(&bus, partition, "air", &mut place).unwrap(), 0, "once");
        assert_eq!(place.log.unwrap().next, bus.bounds(partition).end.0);
    }
}
