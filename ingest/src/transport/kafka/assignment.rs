//! The partitions that this member is given: where each begins, and what of it is gone.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use ioc_bus::ChunkBuilder;
use ioc_model::{
    attribute::RecordPlace,
    loss::{Deleted, Loss},
};
use rdkafka::{
    Offset,
    consumer::{CommitMode, Consumer as _},
    topic_partition_list::TopicPartitionList,
};

use super::{
    KIND,
    group::{Member, TopicPartition},
    place::{PartitionPlace, Place, TopicPlace},
    plan::{Begin, Given, is_of_another},
    reader::{Failed, Reader},
    topics::Topics,
    trouble::of_code,
};
use crate::clients::{Caller, DoorEvent};

/// A loss is told with the record behind it, which says until when it was; alone, if none comes for so long.
const ALONE_AFTER: Duration = Duration::from_secs(5);

/// The partitions that are this member's.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) partitions: Vec<TopicPartition>,
    /// Where they begin is to be found out.
    pub(super) is_open: bool,
    /// What of them is lost and not told yet.
    pub(super) waiting: BTreeMap<TopicPartition, Lost>,
    /// When the place was kept last though nothing had come.
    pub(super) kept_at: Option<Instant>,
}

/// Offsets that are gone and were not read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lost {
    first: u64,
    last: u64,
    since: Instant,
}

impl Held {
    /// The next offset that can come of a partition.
    pub(super) fn next(&self, partition: &TopicPartition, place: &PartitionPlace) -> u64 {
        self.waiting.get(partition).map_or(place.next, |lost| lost.last + 1)
    }

    /// Whether a record is one that was not read.
    pub(super) fn awaits(&self, place: &Place, topic: &str, partition: i32, offset: i64) -> bool {
        let known = place.partition(topic, partition).filter(|place| place.ours);
        let (Some(place), Ok(offset)) = (known, u64::try_from(offset)) else { return false };
        if self.waiting.is_empty() {
            return offset >= place.next;
        }
        offset >= self.next(&(topic.to_owned(), partition), place)
    }

    /// What waits for a record that does not come.
    pub(super) fn long_waiting(&mut self) -> Option<(TopicPartition, Lost)> {
        let long = self.waiting.iter().find(|(_, lost)| lost.since.elapsed() >= ALONE_AFTER)?.0.clone();
        self.waiting.remove_entry(&long)
    }
}

impl Reader {
    /// Finds out where the partitions begin, and begins there.
    pub(super) fn open(&mut self, member: &Member, held: &mut Held) -> Result<(), Failed> {
        if held.partitions.is_empty() {
            member.assign(&TopicPartitionList::new())?;
            held.is_open = false;
            return Ok(());
        }
        let topics = self.describe(member)?;
        let of: BTreeSet<String> = held.partitions.iter().map(|(topic, _)| topic.clone()).collect();
        for topic in &of {
            if let Some(Err(code)) = topics.get(topic) {
                return Err(of_code(*code, &format!("{topic}: {code}")).into());
            }
        }
        let ids = |topic: &str| match topics.get(topic) {
            Some(Ok(described)) => described.id.as_str(),
            _ => "",
        };
        held.waiting.clear();
        member.context().forget_ends();
        for topic in &of {
            if let Some(unread) = self.place.meet(topic, ids(topic)) {
                self.tell_made_anew(topic, unread)?;
            }
        }
        let committed = self.committed(member, &of, &topics)?;
        let log = self.intake.bus().log_id();
        let theirs: BTreeMap<&TopicPartition, u64> = committed
            .iter()
            .filter(|(partition, (_, beside))| is_of_another(beside, log, self.place.id_of(&partition.0)))
            .map(|(partition, (next, _))| (partition, *next))
            .collect();
        let is_begun = |topic: &String| self.place.topics.get(topic).is_some_and(TopicPlace::is_begun);
        let mut known: BTreeSet<&String> = of.iter().filter(|topic| is_begun(topic)).collect();
        known.extend(theirs.keys().map(|(topic, _)| topic));
        // All of them are looked up before one is begun: what is begun is known.
        let mut found = Vec::new();
        for partition in &held.partitions {
            let (topic, number) = partition;
            let (low, high) = member.fetch_watermarks(topic, *number, self.within)?;
            let offset = |offset: i64| u64::try_from(offset).unwrap_or_default();
            let before = self.place.partition(topic, *number).copied();
            let given = Given {
                ours: before.map(|place| place.next),
                theirs: theirs.get(partition).copied(),
                is_known: known.contains(topic),
                start: self.of.start,
                low: offset(low),
                high: offset(high),
                is_identified: !ids(topic).is_empty(),
            };
            found.push((partition, given, given.begin()));
        }
        let mut begun = TopicPartitionList::new();
        for (partition, given, begin) in found {
            let (topic, number) = partition;
            self.begins(partition, given, begin)?;
            if let Some((first, last)) = begin.lost {
                let _none =
                    held.waiting.insert(partition.clone(), Lost { first, last, since: Instant::now() });
            }
            if let (Some(ours), Some((group, _))) = (given.ours, committed.get(partition))
                && *group != ours
                && given.theirs.is_none()
            {
                tracing::info!(
                    feed = self.feed,
                    topic,
                    number,
                    ours,
                    group,
                    "the group's offset is not ours: ours holds"
                );
            }
            let at = Offset::Offset(i64::try_from(begin.at).unwrap_or(i64::MAX));
            begun.add_partition_offset(topic, *number, at)?;
        }
        self.keep()?;
        member.assign(&begun)?;
        held.is_open = false;
        self.commit(member, held, CommitMode::Async);
        Ok(())
    }

    /// A partition is this member's, and begins there.
    fn begins(&mut self, partition: &TopicPartition, given: Given, begin: Begin) -> Result<(), Failed> {
        let (topic, number) = partition;
        let before = self.place.partition(topic, *number).copied();
        if begin.is_shorter {
            let was = given.ours.max(given.theirs).unwrap_or_default();
            tracing::error!(
                feed = self.feed,
                topic,
                number,
                was,
                end = given.high,
                "a partition ends before what was read"
            );
            if !given.is_identified {
                let unread = before.map_or(0, |place| place.end.saturating_sub(place.next));
                self.tell_made_anew(topic, unread)?;
            }
        }
        // What is lost is passed when it is told, and not before.
        let next = begin.lost.map_or(begin.at, |(first, _)| first);
        let at = before.filter(|place| place.next == next).and_then(|place| place.at);
        if let Some(topic) = self.place.topics.get_mut(topic) {
            let place = PartitionPlace { next, end: given.high.max(next), at, ours: true };
            let _before = topic.partitions.insert(*number, place);
        }
        Ok(())
    }

    /// What the group committed, by partition: the offset, and what stands beside it.
    fn committed(
        &self,
        member: &Member,
        of: &BTreeSet<String>,
        topics: &Topics,
    ) -> Result<BTreeMap<TopicPartition, (u64, String)>, Failed> {
        let mut asked = TopicPartitionList::new();
        for topic in of {
            if let Some(Ok(described)) = topics.get(topic) {
                for number in 0..described.partitions {
                    let _partition = asked.add_partition(topic, number);
                }
            }
        }
        let answer = member.committed_offsets(asked, self.within)?;
        let committed = answer.elements().into_iter().filter_map(|one| {
            let Offset::Offset(next) = one.offset() else { return None };
            let partition = (one.topic().to_owned(), one.partition());
            Some((partition, (u64::try_from(next).ok()?, one.metadata().to_owned())))
        });
        Ok(committed.collect())
    }

    /// Tells what retention took of a partition, as a loss on the log; `before` is when the record behind it was written.
    pub(super) fn tell_lost(
        &mut self,
        partition: &TopicPartition,
        lost: &Lost,
        before: Option<i64>,
    ) -> Result<(), Failed> {
        let (topic, number) = partition;
        let Lost { first, last, .. } = *lost;
        let after = self.place.partition(topic, *number).and_then(|place| place.at);
        let deleted =
            Deleted { partition: u32::try_from(*number).unwrap_or_default(), first, last, after, before };
        let count = deleted.count();
        tracing::error!(
            feed = self.feed,
            topic,
            number,
            first,
            last,
            count,
            "records were deleted before they were read"
        );
        self.note(&format!(
            "{topic}[{number}]: offsets {first} to {last} were deleted by the broker before they were read"
        ));
        self.tell(topic, *number, first, Loss::Records(deleted), |place| {
            if let Some(place) = place.partition_mut(topic, *number) {
                place.next = place.next.max(last + 1);
                place.end = place.end.max(place.next);
            }
        })?;
        self.counters.lost.add(count);
        Ok(())
    }

    fn tell_made_anew(&mut self, topic: &str, unread: u64) -> Result<(), Failed> {
        tracing::error!(
            feed = self.feed,
            topic,
            unread,
            "the topic was deleted and made anew: it is read from its first record"
        );
        self.note(&format!(
            "{topic} was deleted and made anew: {unread} records that were seen in it were not read"
        ));
        self.tell(topic, 0, 0, Loss::MadeAnew { unread }, |_| ())?;
        self.counters.made_anew.one();
        self.counters.lost.add(unread);
        Ok(())
    }

    /// Appends what stands for a loss, and keeps the place behind it.
    fn tell(
        &mut self,
        topic: &str,
        partition: i32,
        offset: u64,
        loss: Loss,
        pass: impl FnOnce(&mut Place),
    ) -> Result<(), Failed> {
        let mut chunk = ChunkBuilder::new();
        let place = RecordPlace { topic, partition, offset, topic_id: self.place.id_of(topic) };
        self.envelopes().push_loss(&place, loss, &mut chunk);
        let appended = self.append(&mut chunk)?;
        pass(&mut self.place);
        self.advance(&appended)?;
        self.progress.counters().envelopes.one();
        Ok(())
    }

    fn note(&self, why: &str) {
        let user = self.of.address();
        let caller = Caller { transport: KIND.word, user: &user, client_id: &self.feed, peer: None };
        self.intake.clients().note(DoorEvent::Lost, &caller, None, why);
    }
}
