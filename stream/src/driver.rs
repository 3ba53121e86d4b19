//! Forms epochs, records them, runs them through the dataflow, has them committed, and keeps checkpoints.
//!
//! Four threads in a line, each with its own step of the protocol:
//!
//! * **form** reads the bus, writes the manifest (fsynced before anything of the epoch leaves the process) and
//!   submits the epoch to the workers; at most K epochs are between here and their commit, which is the only flow
//!   control, and it reaches back to the senders through the bus (invariant BOUND);
//! * **collect** gathers and sorts what the workers made;
//! * **commit** hands it to the store in epoch order, then reads back what late rows wait for;
//! * **keep** writes the checkpoint of a committed epoch, and lets go of what it makes unnecessary.
//!
//! After a crash the newest checkpoint at or before the store's last commit is loaded and the manifests behind it
//! are replayed with their recorded facts; what was committed already is not sent again (invariant ONCE). Where
//! that cannot be done the driver halts and says why (invariant LOUD).

mod finish;
mod form;
mod keep;
mod recovery;

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use ioc_bus::{Bell, Bus, SharedBus, clock::Clock, record::RecordLog};
use ioc_decode::Decoder;
use ioc_model::{
    epoch::{Epoch, Generation},
    instance::InstanceId,
    names::Names,
    position::{LogNumber, Offset},
    question::{Answer, Found, Question},
    results::EpochResults,
    time::{Millis, Now},
};

use crate::{
    checkpoint::Checkpoints,
    collect::{Collector, Whole},
    exchange::Shards,
    flow::{Flow, Part},
    priority,
};
pub use crate::{halt::Halt, step::PackVersions};

/// How epochs are formed and state is kept.
#[derive(Clone, Debug)]
pub struct DriverConfig {
    /// Worker threads of the dataflow.
    pub workers: usize,
    /// An epoch is formed so long after the one before, when there is input; up to three times as long after it while
    /// that one is not committed.
    pub cadence: Duration,
    /// And so long after it when there is none, so that timers move.
    pub idle_cadence: Duration,
    /// An epoch takes about so many bytes of chunks at most; a longer backlog is cut into more epochs.
    pub epoch_bytes: usize,
    /// So many epochs may be between their manifest and their commit.
    pub outstanding: u64,
    /// Points further behind what is closed than this leave the state with their day.
    pub horizon: Millis,
    /// A checkpoint is written so often.
    pub checkpoint_every: Duration,
    /// Manifests and checkpoints live below this folder.
    pub folder: PathBuf,
}

/// What a driver is started on.
#[derive(Debug)]
pub struct Start {
    /// The log it reads.
    pub bus: SharedBus,
    /// The number the log is registered under.
    pub log: LogNumber,
    /// The instance.
    pub instance: InstanceId,
    /// The pass over the input.
    pub generation: Generation,
    /// How many virtual shards the instance has.
    pub shards: Shards,
    /// The store's last committed epoch of this instance and generation, and the hash of its manifest.
    pub committed: Option<(Epoch, [u8; 32])>,
    /// The process's names.
    pub names: Names,
    /// The clock manifests record.
    pub clock: Clock,
}

/// Where results go. The binary implements it over the store; property tests over a map.
pub trait Commit: Send {
    /// Stores an epoch and commits it; durable when it returns. Waits and tries again while the store is away.
    ///
    /// # Errors
    /// If the store refuses for a reason that will not pass: the flow halts.
    fn commit(&mut self, results: &EpochResults, need: Need) -> Result<(), Halt>;

    /// Answers a question by what is stored in epochs up to `upto`.
    ///
    /// # Errors
    /// As `commit`.
    fn ask(&mut self, question: &Question, upto: Epoch) -> Result<Found, Halt>;

    /// Whether what was read back since it was asked last may go on record: no replay asks for it again.
    ///
    /// # Errors
    /// If the store turns out to have lost rows, or as `commit`.
    fn vouch(&mut self) -> Result<(), Halt>;

    /// The epoch is committed and may be shown.
    fn committed(&mut self, results: EpochResults, consumed: Consumed);
}

/// What an epoch took off the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consumed {
    /// Bytes of chunks.
    pub bytes: usize,
    /// So much lay behind it that it takes several more.
    pub behind: bool,
}

/// How an epoch is to be committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// Its blocks may have been sent before the process was started: what is held must be looked up first.
    pub recovering: bool,
    /// A checkpoint of it follows: the commit must be on record even if the epoch made nothing.
    pub on_record: bool,
}

/// How far the flow is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The last epoch submitted to the workers.
    pub submitted: Epoch,
    /// The last epoch committed.
    pub committed: Epoch,
    /// Its recorded wall clock.
    pub now: Now,
    /// Whether recorded epochs are still being replayed.
    pub replaying: bool,
}

/// A running flow.
#[derive(Debug)]
pub struct Driver {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    /// The log's: who forms epochs waits on it.
    bell: Arc<Bell>,
}

#[derive(Debug)]
pub(crate) struct State {
    progress: Progress,
    /// By partition: where the epochs up to the last committed one end.
    committed_offsets: Vec<Offset>,
    /// Answers that wait to be recorded.
    answers: VecDeque<Answer>,
    halted: Option<Halt>,
    stopping: bool,
}

/// An epoch between collect and commit.
#[derive(Debug)]
pub(crate) struct Completed {
    whole: Whole,
    submitted: Submitted,
}

/// What form tells the others about an epoch it submitted.
#[derive(Debug)]
pub(crate) struct Submitted {
    epoch: Epoch,
    now: Now,
    manifest_hash: [u8; 32],
    replayed: bool,
    consumed: Consumed,
    /// Answered in the manifest: nobody waits for them any more.
    answered: Vec<Question>,
    /// By partition: where the next epoch starts.
    next: Vec<Offset>,
    decoder: Arc<Decoder>,
}

impl Driver {
    /// Recovers and starts. Returns as soon as the threads run; replaying goes on in them.
    ///
    /// # Errors
    /// If the recorded state and the store do not fit together, or cannot be read.
    pub fn start<P: PackVersions + 'static, C: Commit + 'static>(
        config: DriverConfig,
        start: Start,
        packs: P,
        commit: C,
    ) -> Result<Driver, Halt> {
        let manifests = open_manifests(&config.folder)?;
        let checkpoints = open_checkpoints(&config.folder)?;
        let packs: Arc<dyn PackVersions> = Arc::new(packs);
        let zone = packs.current().pack().timezone.clone();
        let recovery = recovery::plan(&manifests, &checkpoints, &start, &zone)?;
        let outstanding = usize::try_from(config.outstanding).unwrap_or(usize::MAX);
        let (flow, parts) =
            Flow::start(config.workers, outstanding, &start.names, start.shards, &packs, recovery.state)?;
        tracing::info!(
            checkpoint = recovery.checkpoint.0,
            committed = start.committed.map_or(0, |(epoch, _)| epoch.0),
            last_manifest = recovery.last.0,
            workers = config.workers,
            "flow starts"
        );
        let progress = Progress {
            submitted: recovery.checkpoint,
            committed: recovery.checkpoint,
            now: Now(0),
            replaying: recovery.last > recovery.checkpoint,
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                progress,
                committed_offsets: recovery.next.clone(),
                answers: VecDeque::new(),
                halted: None,
                stopping: false,
            }),
            changed: Condvar::new(),
            bell: start.bus.bell().clone(),
        });
        let manifests = Arc::new(Mutex::new(manifests));
        let (submitted, submitted_out) = sync_channel(outstanding + 1);
        let (completed, completed_out) = sync_channel(outstanding + 1);
        let workers = flow.workers();
        let generation = start.generation;
        let committed = start.committed.map_or(Epoch(0), |(epoch, _)| epoch);
        let bus = start.bus.clone();
        let (checkpoint, checkpoint_out) = sync_channel(0);
        let keeper = keep::Keeper { manifests: manifests.clone(), checkpoints, bus, kept: VecDeque::new() };
        let finisher = finish::Finisher {
            shared: shared.clone(),
            keeper: checkpoint,
            instance: start.instance,
            generation,
            log: start.log,
            committed,
            last_recorded: recovery.last,
            awaited: recovery.awaited.into(),
        };
        let former = form::Former {
            shared: shared.clone(),
            config,
            start,
            packs,
            manifests,
            flow,
            submitted,
            epoch: recovery.checkpoint,
            next: recovery.next,
        };
        let collecting = shared.clone();
        let threads = vec![
            spawn("form", shared.clone(), move || former.run())?,
            spawn("collect", shared.clone(), move || {
                collect(&collecting, workers, generation, &parts, &submitted_out, &completed)
            })?,
            spawn("commit", shared.clone(), move || finisher.run(commit, &completed_out))?,
            spawn("keep", shared.clone(), move || keeper.run(&checkpoint_out))?,
        ];
        Ok(Driver { shared, threads: Mutex::new(threads) })
    }

    /// Whether a log still holds what was recorded of it. To be asked before the first sender is let in.
    ///
    /// # Errors
    /// If it ends before what epochs were made of, or the record cannot be read.
    pub fn check_log(folder: &Path, bus: &dyn Bus) -> Result<(), Halt> {
        let manifests = open_manifests(folder)?;
        recovery::check_log(&manifests, bus)
    }

    /// Whether this build can go on from what is recorded. To be asked before the store's tables are brought up to date.
    ///
    /// # Errors
    /// If another build formed what is behind the newest checkpoint, or the record cannot be read.
    pub fn check_logic(folder: &Path) -> Result<(), Halt> {
        recovery::check_logic(&open_manifests(folder)?, &open_checkpoints(folder)?)
    }

    /// Whether the flow can go on behind an epoch the store may be put back to. To be asked before it is.
    ///
    /// # Errors
    /// If neither a checkpoint nor the manifests reach back to it, or the log does not.
    pub fn check_reach(folder: &Path, bus: &dyn Bus, committed: Epoch) -> Result<(), Halt> {
        let manifests = open_manifests(folder)?;
        recovery::reach(&manifests, &open_checkpoints(folder)?, bus, committed).map(drop)
    }

    /// The oldest epoch the flow can go on behind; none if there is none.
    ///
    /// # Errors
    /// If what is recorded cannot be read.
    pub fn oldest_reach(folder: &Path, bus: &dyn Bus) -> Result<Option<Epoch>, Halt> {
        recovery::oldest_reach(&open_manifests(folder)?, &open_checkpoints(folder)?, bus)
    }

    /// The epochs on record that had input, in order: those up to the store's last commit are committed there.
    ///
    /// # Errors
    /// If the record cannot be read.
    pub fn epochs_with_input(folder: &Path) -> Result<Vec<Epoch>, Halt> {
        recovery::with_input(&open_manifests(folder)?)
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.shared.lock().progress
    }

    /// By partition: where the committed epochs end. What lies behind on the bus is in flight.
    #[must_use]
    pub fn committed_offsets(&self) -> Vec<Offset> {
        self.shared.lock().committed_offsets.clone()
    }

    /// Why it halted, if it did.
    #[must_use]
    pub fn halted(&self) -> Option<Halt> {
        self.shared.lock().halted.clone()
    }

    /// Blocks until everything on the bus up to these offsets is committed, the flow halts, or the time is over.
    /// True in the first case.
    #[must_use]
    pub fn wait_committed(&self, offsets: &[Offset], timeout: Duration) -> bool {
        let reached =
            |state: &State| state.committed_offsets.iter().zip(offsets).all(|(at, want)| at >= want);
        let state = self.shared.lock();
        let waiting = |state: &mut State| state.halted.is_none() && !reached(state);
        let (state, _) = self
            .shared
            .changed
            .wait_timeout_while(state, timeout, waiting)
            .unwrap_or_else(PoisonError::into_inner);
        reached(&state)
    }

    /// Lets the flow finish what it has, with a last checkpoint, and waits for it.
    ///
    /// # Errors
    /// If it halted.
    pub fn stop(&self) -> Result<(), Halt> {
        self.shared.update(|state| state.stopping = true);
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // A panic was turned into a halt where it happened.
            let _ = thread.join();
        }
        self.halted().map_or(Ok(()), Err)
    }
}

impl State {
    /// Whether an epoch is due whatever lies on the log: something read back waits to be recorded, or it is to end.
    fn calls_for_epoch(&self) -> bool {
        !self.answers.is_empty() || self.stopping || self.halted.is_some()
    }
}

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn update(&self, change: impl FnOnce(&mut State)) {
        let calls_for_epoch = {
            let mut state = self.lock();
            change(&mut state);
            state.calls_for_epoch()
        };
        self.changed.notify_all();
        // Else nothing that who waits for input looks at: progress alone would wake it once an epoch for nothing.
        if calls_for_epoch {
            self.bell.ring();
        }
    }

    pub(crate) fn halt(&self, halt: Halt) {
        tracing::error!(%halt, "flow halts");
        self.update(|state| {
            let _ = state.halted.get_or_insert(halt);
        });
    }
}

fn open_manifests(folder: &Path) -> Result<RecordLog, Halt> {
    RecordLog::open(&folder.join("manifests"))
        .map_err(|error| Halt::because("cannot open the manifests", error))
}

fn open_checkpoints(folder: &Path) -> Result<Checkpoints, Halt> {
    Checkpoints::open(&folder.join("checkpoints"))
        .map_err(|error| Halt::because("cannot open the checkpoints", error))
}

/// A thread whose failure or panic halts the flow.
fn spawn(
    name: &str,
    shared: Arc<Shared>,
    run: impl FnOnce() -> Result<(), Halt> + Send + 'static,
) -> Result<JoinHandle<()>, Halt> {
    struct OnPanic(Arc<Shared>, String);
    impl Drop for OnPanic {
        fn drop(&mut self) {
            if std::thread::panicking() {
                self.0.halt(Halt(format!("the {} thread panicked", self.1)));
            }
        }
    }
    let on_panic = OnPanic(shared.clone(), name.to_owned());
    let run = move || {
        let _on_panic = on_panic;
        priority::work_behind_the_log();
        if let Err(halt) = run() {
            shared.halt(halt);
        }
    };
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .map_err(|error| Halt::because("cannot start a thread", error))
}

fn collect(
    shared: &Shared,
    workers: usize,
    generation: Generation,
    parts: &Receiver<Part>,
    submitted: &Receiver<Submitted>,
    completed: &SyncSender<Completed>,
) -> Result<(), Halt> {
    let mut collector = Collector::new(workers);
    for part in parts {
        let Some((epoch, mut whole)) = collector.take(part)? else { continue };
        let facts = submitted.recv().map_err(|_| Halt("epochs came out that were not put in".to_owned()))?;
        if facts.epoch != epoch {
            return Err(Halt(format!("epoch {epoch} came out where {} was due", facts.epoch)));
        }
        whole.results.generation = generation;
        whole.results.now = facts.now;
        whole.results.manifest_hash = facts.manifest_hash;
        whole.results.pack = facts.decoder.pack().version.clone();
        if completed.send(Completed { whole, submitted: facts }).is_err() {
            return match shared.lock().halted.clone() {
                Some(halt) => Err(halt),
                None => Err(Halt("the committer is gone".to_owned())),
            };
        }
    }
    Ok(())
}

/// Names a step of the protocol. With the feature `failpoints` the step may be made to wait or fail, and the log
/// says when it was reached and when it was passed, so that a crash test can prove at which moment a process died.
pub(crate) fn step(name: &'static str, epoch: Epoch) {
    if cfg!(feature = "failpoints") {
        tracing::info!("reached {name} epoch={epoch}");
    }
    fail::fail_point!(name, |_| std::process::abort());
    if cfg!(feature = "failpoints") {
        tracing::info!("passed {name} epoch={epoch}");
    }
}
