//! The loop of a feed of topics: poll, ask whose records they are, append, keep the place, commit.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use ioc_bus::AppendError;
use ioc_model::pack::KafkaFeed;
use rdkafka::{
    consumer::{CommitMode, Consumer as _},
    error::KafkaError,
    message::Message as _,
};
use tokio::{runtime::Handle, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    assignment::Held,
    counters::KafkaCounters,
    envelopes::{Batch, Envelopes},
    group::{Change, Member, join},
    login::Login,
    place::Place,
    topics::{Topics, describe},
    trouble::{is_out_of_range, of_code, why},
};
use crate::{
    intake::{Intake, SenderLine},
    transport::pull::{BackOff, CannotFetch, Cursor, Limit, Patience, Progress, fetch::ended, progress::now},
};

/// Between two looks at how far it is.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(5);
/// One poll waits so long for a first record.
const POLL: Duration = Duration::from_millis(200);
/// What comes within so long is appended together.
const GATHER: Duration = Duration::from_millis(200);
/// At most so much is. Bytes, and records.
const MOST_BYTES: usize = 4 << 20;
const MOST_RECORDS: u64 = 10_000;
/// What the client said is true for so long.
const HEARD: Duration = Duration::from_secs(30);
/// Between two times at which the place is kept though nothing came: what is in the log before it is not looked through at
/// the next start.
const KEPT_EVERY: Duration = Duration::from_secs(60);

/// What reads one feed.
pub(super) struct Reader {
    pub(super) feed: String,
    pub(super) of: KafkaFeed,
    /// Bytes of one envelope at most.
    pub(super) max_bytes: usize,
    pub(super) login: Login,
    /// What does not answer for so long has gone.
    pub(super) within: Duration,
    pub(super) patience: Patience,
    pub(super) intake: Intake,
    pub(super) line: SenderLine,
    pub(super) cursor: Cursor,
    pub(super) place: Place,
    pub(super) progress: Arc<Progress>,
    pub(super) counters: Arc<KafkaCounters>,
    pub(super) threads: Handle,
    pub(super) stop: CancellationToken,
    /// When something went wrong last.
    pub(super) failed_at: Option<Instant>,
    /// What the client said of it, which knows why nobody answers.
    pub(super) heard: Option<(Instant, CannotFetch)>,
}

/// Why it goes no further.
pub(super) enum Failed {
    /// The cluster's doing: it is tried again.
    Source(CannotFetch),
    /// Ours: for the operator to mend.
    Here(AppendError),
    /// Everything ends.
    Ends,
}

impl From<CannotFetch> for Failed {
    fn from(error: CannotFetch) -> Failed {
        Failed::Source(error)
    }
}

impl From<KafkaError> for Failed {
    fn from(error: KafkaError) -> Failed {
        Failed::Source(why(&error, ""))
    }
}

impl Reader {
    /// Reads until everything ends.
    ///
    /// # Errors
    /// If the log takes no more.
    pub(super) fn run(mut self) -> Result<(), AppendError> {
        let mut back_off = BackOff::new(self.patience);
        // Before anything is appended, so that it is known behind which place of the log that is.
        if self.keep().is_err() {
            return Ok(());
        }
        while !self.stop.is_cancelled() {
            let began = Instant::now();
            self.progress.asks();
            let error = match self.read() {
                Ok(()) | Err(Failed::Ends) => return Ok(()),
                Err(Failed::Here(error)) => {
                    self.progress.failed(&ended(&error));
                    return Err(error);
                }
                Err(Failed::Source(error)) => error,
            };
            self.fails(&error);
            let pause = back_off.pause_after(began.elapsed());
            self.progress.waits(pause);
            self.rest(pause);
        }
        Ok(())
    }

    /// Reads as one member until it is none any more.
    fn read(&mut self) -> Result<(), Failed> {
        let member = join(&self.of, &self.login, self.within)?;
        let mut held = Held::default();
        let read = self.turns(&member, &mut held);
        if !held.partitions.is_empty() && !self.is_failing() {
            self.commit(&member, &held, CommitMode::Sync);
        }
        member.context().ends();
        read
    }

    fn turns(&mut self, member: &Member, held: &mut Held) -> Result<(), Failed> {
        let mut look_at = Instant::now();
        let mut back_off = BackOff::new(self.patience);
        let mut plan_at = Instant::now();
        while !self.stop.is_cancelled() {
            self.follow(member, held)?;
            if held.is_open && Instant::now() >= plan_at {
                match self.open(member, held) {
                    Ok(()) => back_off = BackOff::new(self.patience),
                    Err(Failed::Source(error)) => {
                        self.fails(&error);
                        plan_at = Instant::now() + back_off.pause_after(Duration::ZERO);
                    }
                    Err(ends) => return Err(ends),
                }
            }
            let (batch, trouble) = self.poll(member, held);
            if batch.records > 0 {
                self.take(member, held, batch)?;
            }
            match trouble {
                Some(KafkaError::MessageConsumptionFatal(code)) => {
                    return Err(of_code(code, &code.to_string()).into());
                }
                Some(KafkaError::MessageConsumption(code)) if is_out_of_range(code) => held.is_open = true,
                Some(error) => self.fails(&why(&error, "")),
                None => {}
            }
            if let Some(error) = member.context().trouble() {
                self.hears(error);
            }
            if let Some(error) = member.context().refused() {
                self.counters.commits_failed.one();
                tracing::warn!(feed = self.feed, %error, "the group's offsets are not committed; ours are kept all the same");
            }
            if Instant::now() >= look_at {
                look_at = Instant::now() + LOOK_EVERY;
                self.look(member, held)?;
            }
        }
        Ok(())
    }

    /// Does as the group's changes say, one after the other.
    fn follow(&mut self, member: &Member, held: &mut Held) -> Result<(), Failed> {
        while let Some(change) = member.context().change() {
            match change {
                Change::Given(partitions) => {
                    self.counters.rebalances.one();
                    *held = Held { partitions, is_open: true, ..Held::default() };
                }
                Change::Taken => {
                    self.commit(member, held, CommitMode::Sync);
                    self.place.give_up();
                    *held = Held::default();
                    self.keep()?;
                    member.unassign()?;
                }
            }
            self.counters.partitions.set(held.partitions.len() as u64);
        }
        Ok(())
    }

    /// What is there, up to a batch; and what went wrong behind it.
    fn poll(&self, member: &Member, held: &Held) -> (Batch, Option<KafkaError>) {
        let mut batch = Batch::default();
        let envelopes = self.envelopes();
        let until = Instant::now() + POLL + GATHER;
        loop {
            let wait = if batch.records == 0 {
                POLL
            } else {
                until.saturating_duration_since(Instant::now()).min(GATHER / 8)
            };
            match member.poll(wait) {
                Some(Ok(record)) => {
                    let id = self.place.id_of(record.topic());
                    if held.awaits(&self.place, record.topic(), record.partition(), record.offset()) {
                        envelopes.push(&record, id, &mut batch);
                    }
                }
                Some(Err(error)) => return (batch, Some(error)),
                None => return (batch, None),
            }
            let is_full = batch.chunk.bytes() >= MOST_BYTES || batch.records >= MOST_RECORDS;
            if is_full || Instant::now() >= until || member.context().is_changing() {
                return (batch, None);
            }
        }
    }

    /// Appends what was polled, if it is of the topics that are read, and goes on to the places behind it.
    fn take(&mut self, member: &Member, held: &mut Held, mut batch: Batch) -> Result<(), Failed> {
        // The records came before this question: what has the identity now had it then.
        let are_known = match self.describe(member) {
            Ok(topics) => batch.read.keys().all(|(topic, _)| self.is_known(topic, &topics)),
            Err(error) => {
                self.fails(&error);
                false
            }
        };
        if !are_known || held.is_open {
            // They are fetched again, from where that topic is to be read.
            held.is_open = true;
            return Ok(());
        }
        for (partition, read) in &batch.read {
            // What is lost before them is told before them.
            if let Some(lost) = held.waiting.remove(partition) {
                self.tell_lost(partition, &lost, read.first_at)?;
            }
        }
        let appended = self.append(&mut batch.chunk)?;
        for ((topic, partition), read) in &batch.read {
            if let Some(place) = self.place.partition_mut(topic, *partition) {
                (place.next, place.at) = (read.next, read.at.or(place.at));
                place.end = place.end.max(read.next);
            }
        }
        self.advance(&appended)?;
        self.counters.records.add(batch.records);
        self.counters.bytes.add(batch.bytes);
        self.progress.counters().oversize.add(batch.oversize);
        self.progress.counters().envelopes.add(batch.records);
        self.commit(member, held, CommitMode::Async);
        Ok(())
    }

    /// Looks at how far it is.
    fn look(&mut self, member: &Member, held: &mut Held) -> Result<(), Failed> {
        self.progress.asks();
        let topics = match self.describe(member) {
            Ok(topics) => topics,
            Err(error) => {
                let heard = self.heard.clone().filter(|(at, _)| at.elapsed() < HEARD);
                self.fails(&heard.map_or(error, |(_, heard)| heard));
                return Ok(());
            }
        };
        if let Some((code, said)) = member.client().fatal_error() {
            return Err(of_code(code, &said).into());
        }
        // Those that are there are read all the same.
        if let Some(error) = self.missing(&topics) {
            self.fails(&error);
        }
        if held.partitions.iter().any(|(topic, _)| !self.is_known(topic, &topics)) {
            held.is_open = true;
            return Ok(());
        }
        let is_unidentified = topics.values().flatten().any(|topic| topic.id.is_empty());
        self.progress.limited(Limit::Unidentified, is_unidentified);
        // Nothing came behind it.
        while let Some((partition, lost)) = held.long_waiting() {
            self.tell_lost(&partition, &lost, None)?;
        }
        let mut behind = 0;
        let mut is_whole = !held.is_open && !held.partitions.is_empty();
        for partition in &held.partitions {
            match member.context().end(partition) {
                Some(end) => self.place.saw(&partition.0, partition.1, end),
                None => is_whole = false,
            }
            let place = self.place.partition(&partition.0, partition.1);
            behind += place.map_or(0, |place| place.end.saturating_sub(held.next(partition, place)));
        }
        self.counters.behind.set(behind);
        if self.place.log.is_some() && held.kept_at.is_none_or(|at| at.elapsed() >= KEPT_EVERY) {
            held.kept_at = Some(Instant::now());
            self.keep()?;
        }
        if self.failed_at.is_none_or(|at| at.elapsed() > LOOK_EVERY) {
            self.progress.answered(self.place.told(), (is_whole && behind == 0).then(now));
        }
        Ok(())
    }

    fn is_failing(&self) -> bool {
        self.progress.state().failing.is_some()
    }

    pub(super) fn describe(&self, member: &Member) -> Result<Topics, CannotFetch> {
        let topics = describe(member.client(), &self.of.topics, self.within);
        topics.map_err(|code| of_code(code, &code.to_string()))
    }

    /// What is wrong with a topic, if something is with one.
    fn missing(&self, topics: &Topics) -> Option<CannotFetch> {
        self.of.topics.iter().find_map(|name| {
            let code = topics.get(name)?.as_ref().err()?;
            Some(of_code(*code, &format!("{name}: {code}")))
        })
    }

    /// A fault is not forgotten for what follows from it: nobody answers who is not let in.
    fn hears(&mut self, error: CannotFetch) {
        if error.is_fault {
            self.fails(&error);
        } else if self.heard.as_ref().is_some_and(|(at, heard)| heard.is_fault && at.elapsed() < HEARD) {
            return;
        }
        self.heard = Some((Instant::now(), error));
    }

    /// Whether it is the topic that is read.
    fn is_known(&self, name: &str, topics: &Topics) -> bool {
        let (known, described) = (self.place.topics.get(name), topics.get(name));
        matches!((known, described), (Some(known), Some(Ok(described))) if known.is(&described.id))
    }

    pub(super) fn envelopes(&self) -> Envelopes<'_> {
        Envelopes { feed: &self.feed, max_bytes: self.max_bytes }
    }

    pub(super) fn fails(&mut self, error: &CannotFetch) {
        self.failed_at = Some(Instant::now());
        if self.is_failing() {
            tracing::debug!(feed = self.feed, %error, "Kafka does not answer as it should");
        } else if error.is_fault {
            tracing::error!(feed = self.feed, %error, "cannot read from Kafka: mend it; trying again");
        } else {
            tracing::warn!(feed = self.feed, %error, "cannot read from Kafka: trying again");
        }
        self.progress.failed(error);
    }

    pub(super) fn rest(&self, pause: Duration) {
        let _stopped = self.threads.block_on(async { timeout(pause, self.stop.cancelled()).await });
    }
}
