//! The timely dataflow: decode where the bytes are, exchange by subject, judge when an epoch is whole.
//!
//! Every worker gets every epoch, with its share of the chunks, through a bounded channel, and moves its capability
//! past the epoch when it has decoded its share. When the frontier passes an epoch, all its rows have reached their
//! shard, which applies them in arrival order. The epoch's recorded facts travel beside the rows, inside the worker.
//!
//! timely has no flow control and no durability: both are the driver's.

mod rejects;

use std::{
    cell::RefCell,
    collections::BTreeMap,
    rc::Rc,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, Sender, SyncSender, TryRecvError, channel, sync_channel},
    },
};

use ioc_bus::ChunkView;
use ioc_decode::{Known, Outcome, RowSink};
use ioc_model::{
    counts::Counts,
    envelope::Envelope,
    epoch::Epoch,
    name::Name,
    names::{Names, Source},
    observation::Observation,
    pack::PackVersion,
    position::{LogNumber, Offset, Partition},
    reject::Rejection,
    results::RejectedRow,
    row::Row,
};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use timely::{
    communication::WorkerGuards,
    container::CapacityContainerBuilder,
    dataflow::{
        channels::pact::Exchange,
        operators::generic::{
            OutputBuilderSession,
            operator::{Operator, source},
        },
    },
    scheduling::activate::SyncActivator,
};

use self::rejects::{KEPT_REJECTS, Rejects};
use crate::{
    exchange::{Addresses, Shards, Share, worker_of},
    priority,
    shard::{Rows, Shard, SubjectRecord},
    step::{EpochFacts, ShardResults},
};

/// One epoch on its way in: the facts, and each worker's share of the chunks.
#[derive(Debug)]
pub(crate) struct EpochInput {
    pub facts: EpochFacts,
    pub log: LogNumber,
    /// By worker. Each takes its own out: they are gone as soon as they are decoded.
    pub chunks: Vec<Mutex<Vec<(Partition, Offset, ChunkView)>>>,
    pub checkpoint: bool,
}

/// What comes out of a worker for an epoch.
#[derive(Debug)]
pub(crate) enum Part {
    /// Its share of the chunks is decoded.
    Decoded { epoch: Epoch, rejects: Vec<RejectedRow>, counts: FxHashMap<Name, Counts> },
    /// Its shard has applied the epoch; no more parts of the epoch come from this worker.
    Judged {
        epoch: Epoch,
        results: Box<ShardResults>,
        records: Option<Result<Vec<Vec<u8>>, postcard::Error>>,
    },
    /// The worker panicked.
    Died { worker: usize },
}

/// The running workers.
pub(crate) struct Flow {
    inputs: Vec<SyncSender<Arc<EpochInput>>>,
    activators: Vec<SyncActivator>,
    guards: Option<WorkerGuards<()>>,
    /// A worker panicked.
    died: Arc<AtomicBool>,
}

impl std::fmt::Debug for Flow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Flow").field("workers", &self.inputs.len()).finish_non_exhaustive()
    }
}

impl Flow {
    /// Starts workers with the subjects of a checkpoint. At most `outstanding` epochs may be submitted and not yet
    /// taken out of the parts' channel.
    ///
    /// # Errors
    /// If the threads cannot be started.
    pub(crate) fn start(
        workers: usize,
        outstanding: usize,
        names: &Names,
        split: Shards,
        pack: Option<&PackVersion>,
        subjects: Vec<SubjectRecord>,
    ) -> Result<(Flow, Receiver<Part>), String> {
        let mut shards: Vec<Shard> = (0..workers)
            .map(|index| {
                Shard::new(names.clone(), Share { index, of: workers, shards: split }, pack.cloned())
            })
            .collect();
        for record in subjects {
            // The same split as the exchange below.
            let holder = worker_of(split.of(record.name()), workers);
            shards[holder].load(record);
        }
        let (parts, parts_out) = channel();
        let (activators_in, activators_out) = channel();
        let died = Arc::new(AtomicBool::new(false));
        let mut inputs = Vec::new();
        let mut seats = Vec::new();
        for shard in shards {
            let (input, input_out) = sync_channel(outstanding + 1);
            inputs.push(input);
            seats.push(Some(Seat {
                shard,
                addresses: Addresses::new(names.clone(), split, workers),
                input: input_out,
                parts: parts.clone(),
                activators: activators_in.clone(),
            }));
        }
        drop((parts, activators_in));
        let seats = Mutex::new(seats);
        let config = timely::Config::process(workers);
        let death = died.clone();
        let guards = timely::execute(config, move |worker| {
            let seat = seats.lock().unwrap_or_else(PoisonError::into_inner)[worker.index()].take();
            let Some(seat) = seat else { return };
            priority::work_behind_the_log();
            let _alarm = Alarm { worker: worker.index(), parts: seat.parts.clone(), died: death.clone() };
            build(worker, seat);
            while worker.has_dataflows() {
                worker.step_or_park(None);
            }
        })?;
        let mut activators: Vec<(usize, SyncActivator)> = activators_out.iter().take(workers).collect();
        activators.sort_by_key(|(worker, _)| *worker);
        let activators = activators.into_iter().map(|(_, activator)| activator).collect();
        Ok((Flow { inputs, activators, guards: Some(guards), died }, parts_out))
    }

    /// How many workers there are.
    pub(crate) fn workers(&self) -> usize {
        self.inputs.len()
    }

    /// Hands an epoch to all workers. False if one of them is gone.
    pub(crate) fn submit(&self, input: &Arc<EpochInput>) -> bool {
        let sent = self.inputs.iter().all(|worker| worker.send(input.clone()).is_ok());
        sent && self.activators.iter().all(|activator| activator.activate().is_ok())
    }
}

impl Drop for Flow {
    /// Lets the workers finish what they have and waits for them. Those a dead one owes its progress to would wait for
    /// it for ever: then nobody is waited for, the flow halts, and the threads end with the process.
    fn drop(&mut self) {
        self.inputs.clear();
        for activator in &self.activators {
            // A worker that is gone needs no waking.
            let _ = activator.activate();
        }
        let guards = self.guards.take();
        if self.died.load(Ordering::Acquire) {
            std::mem::forget(guards);
        }
    }
}

/// What a worker starts with.
struct Seat {
    shard: Shard,
    addresses: Addresses,
    input: Receiver<Arc<EpochInput>>,
    parts: Sender<Part>,
    activators: Sender<(usize, SyncActivator)>,
}

/// Tells the collector when its worker's thread unwinds.
struct Alarm {
    worker: usize,
    parts: Sender<Part>,
    died: Arc<AtomicBool>,
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.died.store(true, Ordering::Release);
            let _ = self.parts.send(Part::Died { worker: self.worker });
        }
    }
}

type Parcels = CapacityContainerBuilder<Vec<Parcel>>;

/// Rows of a parcel: what two workers have open at a time fits their nearer caches.
const ROWS: usize = 1_024;

/// Rows on their way to a shard. They are put into it one by one as they are decoded, and from then on stay where they
/// are: only the parcel is handed on. Rows of other kinds, which are few, travel beside them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Parcel {
    worker: u32,
    rows: Vec<Observation>,
    others: Vec<Row>,
}

impl Parcel {
    fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.others.is_empty()
    }
}

/// The parcels a worker has open, one for each worker. Each one's first grows with its rows, since most epochs are
/// small and have a few rows for each of many workers; where one was filled, the next is made large at once.
struct Open(Vec<Parcel>);

impl Open {
    fn new(workers: usize) -> Open {
        Open((0..).take(workers).map(|worker| Parcel { worker, ..Parcel::default() }).collect())
    }

    /// Puts a row into the parcel of the worker that holds its subject, and gives back a parcel that is full.
    #[inline]
    fn put(&mut self, worker: usize, row: Observation) -> Option<Parcel> {
        let parcel = &mut self.0[worker];
        parcel.rows.push(row);
        (parcel.rows.len() == ROWS).then(|| {
            let next = Parcel { worker: parcel.worker, rows: Vec::with_capacity(ROWS), others: Vec::new() };
            std::mem::replace(parcel, next)
        })
    }

    /// The same for a row of another kind.
    fn put_other(&mut self, worker: usize, row: Row) {
        self.0[worker].others.push(row);
    }
}

/// What has reached a worker of an epoch that is not whole yet.
#[derive(Default)]
struct Arrived {
    batches: Vec<Vec<Observation>>,
    others: Vec<Row>,
}

type Epochs = Rc<RefCell<BTreeMap<u64, Arc<EpochInput>>>>;

fn build(worker: &mut timely::worker::Worker, seat: Seat) {
    let index = worker.index();
    let Seat { mut shard, mut addresses, input, parts, activators } = seat;
    let epochs: Epochs = Rc::default();
    let decoded_epochs = epochs.clone();
    let decoded_parts = parts.clone();
    let mut known = Known::default();
    worker.dataflow::<u64, _, _>(move |scope| {
        let rows = source::<_, Parcels, _, _>(scope, "decode", move |capability, info| {
            let wake = scope.worker().sync_activator_for(info.address.to_vec());
            let again = scope.activator_for(info.address);
            // The starter waits for one activator of each worker, or for none of a worker that failed.
            let _ = activators.send((index, wake));
            let mut capability = Some(capability);
            move |output| {
                let Some(held) = capability.as_mut() else { return };
                match input.try_recv() {
                    Ok(epoch_input) => {
                        let epoch = epoch_input.facts.epoch;
                        if *held.time() < epoch.0 {
                            held.downgrade(&epoch.0);
                        }
                        let part = decode(index, &epoch_input, &mut known, &mut addresses, held, output);
                        // The collector outlives the workers; should it be gone, the process is halting.
                        let _ = decoded_parts.send(part);
                        let _ = decoded_epochs.borrow_mut().insert(epoch.0, epoch_input);
                        held.downgrade(&epoch.next().0);
                        again.activate();
                    }
                    Err(TryRecvError::Empty) => {}
                    Err(TryRecvError::Disconnected) => capability = None,
                }
            }
        });
        let by_subject = Exchange::new(|parcel: &Parcel| u64::from(parcel.worker));
        let mut stash: BTreeMap<u64, Arrived> = BTreeMap::new();
        rows.sink(by_subject, "judge", move |(rows, frontier)| {
            rows.for_each(|stamp, parcels: &mut Vec<Parcel>| {
                let Some(epoch) = stamp.least() else { return };
                let arrived = stash.entry(*epoch).or_default();
                for parcel in parcels.drain(..) {
                    arrived.batches.push(parcel.rows);
                    arrived.others.extend(parcel.others);
                }
            });
            let mut epochs = epochs.borrow_mut();
            while let Some(entry) = epochs.first_entry() {
                if frontier.frontier().less_equal(entry.key()) {
                    break;
                }
                let (epoch, epoch_input) = entry.remove_entry();
                let Arrived { batches, mut others } = stash.remove(&epoch).unwrap_or_default();
                let batches = by_position(batches);
                let rows = Rows::of(batches.iter().map(Vec::as_slice));
                others.sort_by_key(Row::arrival);
                fail::fail_point!("flow_before_apply", |_| std::process::abort());
                let results = Box::new(shard.apply(&epoch_input.facts, &rows, others));
                fail::fail_point!("flow_after_apply", |_| std::process::abort());
                let records = epoch_input.checkpoint.then(|| shard.records().collect());
                let _ = parts.send(Part::Judged { epoch: Epoch(epoch), results, records });
            }
        });
    });
}

/// Batches of rows from several workers, each of which decoded one run of positions from its beginning to its end: their rows
/// are in order of position once the batches are.
fn by_position(mut batches: Vec<Vec<Observation>>) -> Vec<Vec<Observation>> {
    let key = |row: &Observation| row.arrival.place();
    batches.retain(|batch| !batch.is_empty());
    batches.sort_by_key(|batch| batch.first().map(key));
    debug_assert!(
        batches.iter().flatten().is_sorted_by_key(key),
        "workers share an epoch in runs of positions"
    );
    batches
}

type Output<'a, 'b> = &'a mut OutputBuilderSession<'b, u64, Parcels>;

fn decode(
    worker: usize,
    input: &EpochInput,
    known: &mut Known,
    addresses: &mut Addresses,
    capability: &timely::dataflow::operators::Capability<u64>,
    output: Output<'_, '_>,
) -> Part {
    fail::fail_point!("flow_before_decode", |_| std::process::abort());
    let decoder = &input.facts.decoder;
    let mut counts: FxHashMap<Name, Counts> = FxHashMap::default();
    let mut rejects = Rejects::default();
    let mut session = output.session_with_builder(capability);
    let mut open = Open::new(input.chunks.len());
    let chunks = std::mem::take(&mut *input.chunks[worker].lock().unwrap_or_else(PoisonError::into_inner));
    let mut source = Source { feed: Name::default(), sender: Name::default() };
    for (partition, base, chunk) in chunks {
        source.sender = Name::new(chunk.sender());
        for (feed, received) in chunk.counts() {
            let counts = counts.entry(Name::new(feed)).or_default();
            counts.received += u64::from(received);
            counts.last_received = counts.last_received.max(Some(chunk.received_at()));
        }
        for envelope in chunk.iter(input.log, partition, base) {
            // Neighbours speak for the same feed: the table everybody shares is asked when it changes.
            if source.feed != *envelope.feed {
                source.feed = Name::new(envelope.feed);
            }
            let mut sink = Sorter {
                give: |given| match given {
                    Given::Measured(row) => {
                        let full = open.put(addresses.of(row.series.subject), row);
                        full.into_iter().for_each(|full| session.give(full));
                    }
                    Given::Other(row) => open.put_other(addresses.of_name(row.subject()), row),
                },
                envelope: &envelope,
                source,
                rejects: &mut rejects,
                rejected: 0,
                further: None,
            };
            let outcome = decoder.decode_knowing(known, &envelope, &mut sink);
            let rejected = sink.rejected;
            if let Some(row) = sink.further {
                rejects.push_further(&envelope, source, row, rejected);
            }
            let counts = counts.entry(source.feed).or_default();
            counts.rejected += rejected;
            match outcome {
                Outcome::Decoded { rows } => {
                    counts.decoded += 1;
                    counts.rows += u64::from(rows);
                }
                Outcome::Empty => counts.empty += 1,
                Outcome::Undecodable(rejection) => {
                    counts.undecodable += 1;
                    rejects.push(&envelope, source, None, rejection, envelope.payload);
                }
            }
        }
    }
    for parcel in open.0.into_iter().filter(|parcel| !parcel.is_empty()) {
        session.give(parcel);
    }
    Part::Decoded { epoch: input.facts.epoch, rejects: rejects.into_rows(), counts }
}

/// Sends good rows on and keeps bad ones.
struct Sorter<'a, G> {
    give: G,
    envelope: &'a Envelope<'a>,
    source: Source,
    rejects: &'a mut Rejects,
    rejected: u64,
    /// The first bad row that is not kept by itself.
    further: Option<u32>,
}

/// A good row.
enum Given {
    Measured(Observation),
    Other(Row),
}

impl<G: FnMut(Given)> RowSink for Sorter<'_, G> {
    #[inline]
    fn observation(&mut self, observation: Observation) {
        (self.give)(Given::Measured(observation));
    }

    fn row(&mut self, row: Row) {
        (self.give)(Given::Other(row));
    }

    fn rejected(&mut self, row: u32, rejection: Rejection, raw: &[u8]) {
        self.rejected += 1;
        if self.rejected > KEPT_REJECTS {
            let _ = self.further.get_or_insert(row);
            return;
        }
        self.rejects.push(self.envelope, self.source, Some(row), rejection, raw);
    }
}
