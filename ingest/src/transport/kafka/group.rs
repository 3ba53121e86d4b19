//! This process as a member of a group of consumers.
//!
//! The cluster gives each partition to one member, and takes it back when others come or go. What it gives is written down
//! while records are polled, and looked at between two batches: when a partition is taken back all that was read of it is
//! on the log and committed. A member has no name that outlives it (KIP-345): one that comes again by
//! its name is given what it had, and partitions that were added meanwhile are nobody's.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use ioc_model::pack::KafkaFeed;
use rdkafka::{
    ClientConfig, ClientContext,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, Consumer as _, ConsumerContext},
    error::{KafkaError, KafkaResult},
    statistics::Statistics,
    topic_partition_list::TopicPartitionList,
    types::RDKafkaRespErr,
};

use super::{login::Login, trouble::why};
use crate::transport::pull::CannotFetch;

/// A member.
pub(super) type Member = BaseConsumer<Told>;

/// A partition, by its topic's name.
pub(super) type TopicPartition = (String, i32);

/// How long the cluster waits for a member that says nothing.
const SESSION: Duration = Duration::from_secs(10);
/// How often topics are asked for: partitions that are added are noticed then.
const TOPICS_EVERY: Duration = Duration::from_secs(5);
/// How often the ends of partitions are told.
const TOLD_EVERY: Duration = Duration::from_secs(2);
/// Records are waited for half a second, which is no silence.
const SHORTEST_ANSWER: Duration = Duration::from_secs(2);
/// What is fetched ahead of what was polled. KiB.
const AHEAD_KIB: u32 = 16 << 10;

/// What a member was told between records.
#[derive(Debug, Default)]
pub(super) struct Told {
    changes: Mutex<VecDeque<Change>>,
    trouble: Mutex<Option<CannotFetch>>,
    /// Behind the last record of each partition.
    ends: Mutex<BTreeMap<TopicPartition, u64>>,
    refused: Mutex<Option<KafkaError>>,
    is_ending: AtomicBool,
}

/// The partitions were shared out anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// These are given to this member, and no others.
    Given(Vec<TopicPartition>),
    /// All of them are taken back.
    Taken,
}

impl Told {
    pub(super) fn change(&self) -> Option<Change> {
        locked(&self.changes).pop_front()
    }

    pub(super) fn is_changing(&self) -> bool {
        !locked(&self.changes).is_empty()
    }

    /// What went wrong since it was asked last.
    pub(super) fn trouble(&self) -> Option<CannotFetch> {
        locked(&self.trouble).take()
    }

    /// Why the group's offsets could not be committed, if so since it was asked last.
    pub(super) fn refused(&self) -> Option<KafkaError> {
        locked(&self.refused).take()
    }

    /// What was told of partitions before they are looked up anew says nothing of them.
    pub(super) fn forget_ends(&self) {
        locked(&self.ends).clear();
    }

    /// Where a partition ends, as far as it was told.
    pub(super) fn end(&self, partition: &TopicPartition) -> Option<u64> {
        locked(&self.ends).get(partition).copied()
    }

    /// Nothing is read any more: what is taken back is given back at once.
    pub(super) fn ends(&self) {
        self.is_ending.store(true, Relaxed);
    }
}

impl ClientContext for Told {
    // The client tries again by itself and says so again and again: what it means is told by the feed.
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
                tracing::error!(facility, "{message}");
            }
            _ => tracing::debug!(facility, "{message}"),
        }
    }

    fn stats(&self, statistics: Statistics) {
        let mut ends = locked(&self.ends);
        for (name, topic) in statistics.topics {
            for (number, partition) in topic.partitions {
                // What transactions have not ended yet is not there. Below 0 it is not known.
                let end = if partition.ls_offset >= 0 { partition.ls_offset } else { partition.hi_offset };
                if let (Ok(end), true) = (u64::try_from(end), number >= 0) {
                    let _before = ends.insert((name.clone(), number), end);
                }
            }
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        *locked(&self.trouble) = Some(why(&error, reason));
    }
}

impl ConsumerContext for Told {
    fn rebalance(&self, member: &Member, said: RDKafkaRespErr, list: &mut TopicPartitionList) {
        if self.is_ending.load(Relaxed) {
            if let Err(error) = member.unassign() {
                tracing::debug!(%error, "partitions cannot be given back");
            }
            return;
        }
        let change = match said {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => {
                let given = list.elements();
                Change::Given(given.iter().map(|one| (one.topic().to_owned(), one.partition())).collect())
            }
            _ => Change::Taken,
        };
        locked(&self.changes).push_back(change);
    }

    fn commit_callback(&self, committed: KafkaResult<()>, _offsets: &TopicPartitionList) {
        if let Err(error) = committed {
            *locked(&self.refused) = Some(error);
        }
    }
}

/// Becomes a member that reads those topics.
pub(super) fn join(feed: &KafkaFeed, login: &Login, within: Duration) -> KafkaResult<Member> {
    let millis = |time: Duration| time.as_millis().to_string();
    let mut settings = ClientConfig::new();
    let _settings = settings
        .set("bootstrap.servers", feed.brokers.join(","))
        .set("client.id", "ioc")
        .set("group.id", &feed.group)
        // One at a time all partitions are given, and all taken back: no member reads what another still appends.
        .set("partition.assignment.strategy", "range")
        .set("session.timeout.ms", millis(SESSION))
        .set("socket.connection.setup.timeout.ms", millis(within))
        .set("socket.timeout.ms", millis(within.max(SHORTEST_ANSWER)))
        .set("topic.metadata.refresh.interval.ms", millis(TOPICS_EVERY))
        .set("statistics.interval.ms", millis(TOLD_EVERY))
        .set("queued.max.messages.kbytes", AHEAD_KIB.to_string())
        .set("allow.auto.create.topics", "false")
        .set("check.crcs", "true")
        .set("isolation.level", "read_committed")
        // Where it is and what is committed is said here, and what is not there is told and never jumped over.
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "error");
    login.configure(&mut settings);
    let member: Member = settings.create_with_context(Told::default())?;
    let topics: Vec<&str> = feed.topics.iter().map(String::as_str).collect();
    member.subscribe(&topics)?;
    Ok(member)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
