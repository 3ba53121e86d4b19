//! Forms epochs: recorded ones first, then new ones.

use std::{
    sync::{Arc, Mutex, PoisonError, mpsc::SyncSender},
    time::{Duration, Instant},
};

use ioc_bus::record::{RecordError, RecordLog};
use ioc_decode::Decoder;
use ioc_model::{
    epoch::Epoch,
    position::{Offset, OffsetRange, Partition},
    question::Answer,
};

use super::{
    Consumed, DriverConfig, Halt, PackVersions, Progress, Shared, Start, State, Submitted, recovery, step,
};
use crate::{
    flow::{Assignment, Chunks, Flow},
    manifest::{self, Manifest, Recorded},
    negative,
    step::EpochFacts,
};

/// So many rows of answers go into one epoch at most, beyond its first answer.
const ANSWERED_ROWS: usize = 200_000;
/// And so many answers.
const ANSWERS: usize = 256;
/// An epoch that lacks at most this part of what it may take was cut off a backlog: chunks are taken whole, so that
/// hardly one is quite full. It is followed by the next at once; any other by more input and larger blocks.
const NEARLY: usize = 8;
/// While the store is busy an epoch is formed after so many cadences, whatever is committed.
const BUSY: u32 = 3;
/// With more than so many epochs' envelopes behind an epoch the flow is behind.
const SEVERAL: u64 = 2;
/// Pause before a manifest is tried again on a full disk.
const ROOM_AGAIN: Duration = Duration::from_millis(500);

pub(crate) struct Former {
    pub shared: Arc<Shared>,
    pub config: DriverConfig,
    pub start: Start,
    pub packs: Arc<dyn PackVersions>,
    pub manifests: Arc<Mutex<RecordLog>>,
    pub flow: Flow,
    pub submitted: SyncSender<Submitted>,
    /// The last epoch submitted.
    pub epoch: Epoch,
    /// By partition: where the next epoch starts.
    pub next: Vec<Offset>,
}

/// What an epoch took.
enum Formed {
    /// All there was.
    Everything,
    /// As much as fits into one; there is more.
    PartOfBacklog,
    /// It could not be recorded before the end.
    Nothing,
}

/// Where an epoch comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// From the record.
    Recorded,
    /// From the log, where so much lies behind it that it takes several more, or not.
    New { behind: bool },
}

/// Whether forming goes on.
enum Go {
    On,
    Stop,
}

impl Former {
    pub(crate) fn run(mut self) -> Result<(), Halt> {
        if let Go::Stop = self.replay()? {
            return Ok(());
        }
        self.shared.update(|state| state.progress.replaying = false);
        self.live()
    }

    fn replay(&mut self) -> Result<Go, Halt> {
        let recorded = {
            let manifests = self.manifests.lock().unwrap_or_else(PoisonError::into_inner);
            recovery::replay(&manifests, self.epoch)
        };
        let mut checkpointed = Instant::now();
        for recorded in recorded {
            let (manifest, hash) = recorded?;
            step("replay_before_epoch", manifest.epoch);
            if let Go::Stop = self.wait_for_room() {
                return Ok(Go::Stop);
            }
            let decoder = self.packs.version(&manifest.pack)?;
            let mut chunks = Vec::new();
            for range in &manifest.ranges {
                let next = &mut self.next[usize::from(range.partition.0)];
                if range.from != *next {
                    return Err(Halt(format!(
                        "epoch {} starts partition {} at offset {}, the epoch before ended at {}",
                        manifest.epoch, range.partition.0, range.from.0, next.0
                    )));
                }
                *next = range.to;
                self.read_range(range, &mut chunks)?;
            }
            // A process that is killed before it has replayed everything must not begin at the same place for ever.
            let checkpoint = checkpointed.elapsed() >= self.config.checkpoint_every;
            self.submit(manifest, hash, decoder, chunks, Kind::Recorded, checkpoint)?;
            if checkpoint {
                checkpointed = Instant::now();
            }
        }
        Ok(Go::On)
    }

    fn read_range(&self, range: &OffsetRange, chunks: &mut Chunks) -> Result<(), Halt> {
        let mut from = range.from;
        while from < range.to {
            let batch = self
                .start
                .bus
                .read(range.partition, from, Some(range.to), self.config.epoch_bytes)
                .map_err(|error| Halt::because("cannot replay a recorded epoch", error))?;
            if batch.next <= from {
                return Err(Halt(format!(
                    "a recorded epoch needs partition {} up to offset {}, but the log ends at {}",
                    range.partition.0, range.to.0, from.0
                )));
            }
            from = batch.next;
            chunks.extend(batch.chunks.into_iter().map(|(base, chunk)| (range.partition, base, chunk)));
        }
        Ok(())
    }

    fn live(&mut self) -> Result<(), Halt> {
        let mut formed = Instant::now();
        let mut checkpointed = Instant::now();
        let mut backlog = true;
        loop {
            if let Go::Stop = self.wait_for_room() {
                return self.last_epoch();
            }
            if !backlog && self.wait_for_input(formed + self.config.idle_cadence) {
                self.wait_for_turn(formed);
            }
            let checkpoint = checkpointed.elapsed() >= self.config.checkpoint_every;
            backlog = match self.form(checkpoint)? {
                Formed::Everything => false,
                Formed::PartOfBacklog => true,
                Formed::Nothing => return Ok(()),
            };
            formed = Instant::now();
            if checkpoint {
                checkpointed = formed;
            }
        }
    }

    /// Waits for data on the bus or what else is worth an epoch; false if there is none until then.
    fn wait_for_input(&self, until: Instant) -> bool {
        let bus = &self.start.bus;
        bus.bell().wait_until(until.saturating_duration_since(Instant::now()), || {
            self.shared.lock().calls_for_epoch() || ioc_bus::has_more_than(&**bus, &self.next)
        })
    }

    /// Waits until the next epoch may be formed: not before its time, and while the one before is not committed a
    /// little longer, because a busy store is served better by fewer and larger blocks.
    fn wait_for_turn(&self, formed: Instant) {
        let rest = (formed + self.config.cadence).saturating_duration_since(Instant::now());
        std::thread::sleep(rest);
        let patience = self.config.cadence * BUSY - self.config.cadence;
        let busy = |state: &mut State| {
            let Progress { submitted, committed, .. } = state.progress;
            committed < submitted && state.halted.is_none() && !state.stopping
        };
        let waited = self.shared.changed.wait_timeout_while(self.shared.lock(), patience, busy);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Forms, records and submits one epoch.
    fn form(&mut self, checkpoint: bool) -> Result<Formed, Halt> {
        let mut chunks = Vec::new();
        let mut ranges = Vec::new();
        let (mut backlog, mut taken) = (false, 0);
        let share = (self.config.epoch_bytes / self.next.len().max(1)).max(1);
        let mut ends = self.next.clone();
        for (index, next) in ends.iter_mut().enumerate() {
            let partition = Partition(index as u16);
            let batch = self
                .start
                .bus
                .read(partition, *next, None, share)
                .map_err(|error| Halt::because("cannot read the log", error))?;
            if batch.chunks.is_empty() {
                continue;
            }
            taken += batch.next.0 - next.0;
            ranges.push(OffsetRange { partition, from: *next, to: batch.next });
            *next = batch.next;
            backlog |= batch.bytes() >= share - share / NEARLY;
            chunks.extend(batch.chunks.into_iter().map(|(base, chunk)| (partition, base, chunk)));
        }
        let behind = backlog && self.lies_behind(&ends) > SEVERAL * taken;
        let epoch = self.epoch.next();
        step("epoch_before_manifest", epoch);
        let decoder = self.packs.current();
        let manifest = Manifest {
            logic: manifest::LOGIC,
            epoch,
            generation: self.start.generation,
            now: self.start.clock.now(),
            pack: decoder.pack().version.clone(),
            horizon: self.config.horizon,
            ranges,
            recorded: self.take_answers().into_iter().map(Recorded::Answer).collect(),
        };
        let bytes = manifest.encode().map_err(|error| Halt::because("cannot encode a manifest", error))?;
        let Some(index) = self.record(&bytes)? else {
            // Nothing was recorded, so nothing of it has happened: the next start reads the same again.
            return Ok(Formed::Nothing);
        };
        self.next = ends;
        if index != recovery::record_of(epoch) {
            return Err(Halt(format!("manifest of epoch {epoch} was recorded as number {index}")));
        }
        step("epoch_after_manifest", epoch);
        self.submit(manifest, manifest::hash(&bytes), decoder, chunks, Kind::New { behind }, checkpoint)?;
        Ok(if backlog { Formed::PartOfBacklog } else { Formed::Everything })
    }

    /// Envelopes on the log behind these offsets.
    fn lies_behind(&self, ends: &[Offset]) -> u64 {
        let behind = |(index, end): (usize, &Offset)| {
            self.start.bus.bounds(Partition(index as u16)).end.0.saturating_sub(end.0)
        };
        ends.iter().enumerate().map(behind).sum()
    }

    /// Records a manifest, waiting while the disk is full: what fills up meanwhile is the bus, and then the senders
    /// wait. None if the flow is to end before there is room; nothing of the epoch has left the process then.
    fn record(&self, manifest: &[u8]) -> Result<Option<u64>, Halt> {
        let mut said = false;
        loop {
            let appended = self.manifests.lock().unwrap_or_else(PoisonError::into_inner).append(manifest);
            match appended {
                Ok(index) => return Ok(Some(index)),
                Err(RecordError::Full { what }) => {
                    if !said {
                        tracing::error!(what, "no room to record an epoch: the flow waits");
                        said = true;
                    }
                }
                Err(error) => return Err(Halt::because("cannot record a manifest", error)),
            }
            let leaving = |state: &State| state.stopping || state.halted.is_some();
            let (state, _) = self
                .shared
                .changed
                .wait_timeout_while(self.shared.lock(), ROOM_AGAIN, |state| !leaving(state))
                .unwrap_or_else(PoisonError::into_inner);
            if leaving(&state) {
                return Ok(None);
            }
        }
    }

    fn take_answers(&self) -> Vec<Answer> {
        let mut state = self.shared.lock();
        let mut taken: Vec<Answer> = Vec::new();
        let mut rows = 0;
        while let Some(answer) = state.answers.front() {
            rows += answer.found.len();
            if !taken.is_empty() && (rows > ANSWERED_ROWS || taken.len() >= ANSWERS) {
                break;
            }
            taken.extend(state.answers.pop_front());
        }
        taken
    }

    fn submit(
        &mut self,
        manifest: Manifest,
        manifest_hash: [u8; 32],
        decoder: Arc<Decoder>,
        chunks: Chunks,
        kind: Kind,
        checkpoint: bool,
    ) -> Result<(), Halt> {
        let Manifest { epoch, now, pack, horizon, recorded, .. } = manifest;
        let answers: Vec<Answer> = recorded.into_iter().map(|Recorded::Answer(answer)| answer).collect();
        self.epoch = epoch;
        let submitted = Submitted {
            epoch,
            now,
            manifest_hash,
            replayed: kind == Kind::Recorded,
            consumed: Consumed {
                bytes: chunks.iter().map(|(_, _, chunk)| chunk.bytes().len()).sum(),
                behind: kind == Kind::New { behind: true },
            },
            answered: answers.iter().map(|answer| answer.question.clone()).collect(),
            next: self.next.clone(),
            decoder,
        };
        let now = negative::operators_clock(now, &self.start.clock);
        let facts = Arc::new(EpochFacts { epoch, now, pack, answers, horizon });
        let shares = share(chunks, self.flow.workers()).into_iter();
        let log = self.start.log;
        let assignments = shares.map(|chunks| Assignment { facts: facts.clone(), log, chunks, checkpoint });
        self.shared.update(|state| state.progress.submitted = epoch);
        let sent = self.submitted.send(submitted).is_ok() && self.flow.submit(assignments);
        if sent { Ok(()) } else { Err(self.gone()) }
    }

    /// Before an orderly end: one more epoch, with a checkpoint, so that the next start replays nothing.
    fn last_epoch(&mut self) -> Result<(), Halt> {
        if self.shared.lock().halted.is_some() {
            return Ok(());
        }
        let _ = self.form(true)?;
        Ok(())
    }

    fn wait_for_room(&self) -> Go {
        let full = |state: &mut State| {
            let outstanding = state.progress.submitted.0 - state.progress.committed.0;
            state.halted.is_none() && !state.stopping && outstanding >= self.config.outstanding
        };
        let state =
            self.shared.changed.wait_while(self.shared.lock(), full).unwrap_or_else(PoisonError::into_inner);
        if state.halted.is_some() || state.stopping { Go::Stop } else { Go::On }
    }

    fn gone(&self) -> Halt {
        let halted = self.shared.lock().halted.clone();
        halted.unwrap_or_else(|| Halt("the workers are gone".to_owned()))
    }
}

/// Splits chunks over the workers, evenly by bytes, each a run of positions: so all of a worker's rows come before all
/// of the next one's, and nothing need be sorted. Which worker decodes what does not matter to the results.
fn share(chunks: Chunks, workers: usize) -> Vec<Chunks> {
    let total: usize = chunks.iter().map(|(_, _, chunk)| chunk.bytes().len()).sum();
    let mut shares: Vec<Chunks> = (0..workers).map(|_| Vec::new()).collect();
    let mut before = 0;
    for chunk in chunks {
        // The share its middle lies in.
        let length = chunk.2.bytes().len();
        let worker = (before + length / 2) * workers / total.max(1);
        before += length;
        shares[worker.min(workers - 1)].push(chunk);
    }
    shares
}
