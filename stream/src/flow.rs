//! The timely dataflow: decode where the bytes are; exchange events by their log source, rows by their subject, and what
//! is summed over subjects by its name.
//!
//! Every worker gets every epoch, with its share of the chunks, through a bounded channel, and moves its capability
//! past the epoch when it has decoded its share. When the frontier passes an epoch, all its events have reached their log
//! source, which takes them in arrival order, and those of hosts that only a relay knows have gone by that relay, which
//! names them; when it passes the epoch again, all its rows, and what rules see of its events, have reached their shard,
//! which applies them in arrival order; and once more, all that the shards say of what crosses subjects has reached whoever
//! adds it up. Measured rows skip what comes before the shards, but for those of nodes: their messages go whole to
//! whoever holds their node, and are read there. The epoch's recorded facts travel beside the rows, inside
//! the worker.
//!
//! timely has no flow control and no durability: both are the driver's.

mod behind;
mod decode;
mod load;
mod nodes;
mod parcels;
mod rejects;
mod reread;
mod sum;

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
use ioc_decode::{Decoder, Known};
use ioc_model::{
    epoch::Epoch,
    event::Event,
    name::Name,
    names::Names,
    pack::PackVersion,
    position::{LogNumber, Offset, Partition},
    results::Facts,
    time::Now,
};
use timely::{
    communication::WorkerGuards,
    container::CapacityContainerBuilder,
    dataflow::{
        channels::pact::Exchange,
        operators::{
            Concat,
            core::OkErr,
            generic::operator::{Operator, source},
        },
    },
    scheduling::activate::SyncActivator,
};

pub(crate) use self::sum::{OfAll, OfAllRecord};
use self::{
    behind::named,
    decode::{Decoded, decode},
    load::{Held, shared_out},
    nodes::{Followed, NodeMessages, ToFollow, followed},
    parcels::{Arranged, Arrived, FromLogSources, Given, Parcel, Reports},
    reread::read_again,
    sum::{Addends, Sums, addressed},
};
use crate::{
    behind::RelayRecord,
    exchange::{Addresses, Shards},
    halt::Halt,
    log_sources::{EventResults, LogSourceRecord},
    nodes::NodeRecord,
    priority,
    shard::{Happened, Rows, SubjectRecord},
    step::{EpochFacts, PackVersions, ShardResults},
    suspects::{WatchRecord, Watching},
};

/// Chunks of the log and where each lies.
pub(crate) type Chunks = Vec<(Partition, Offset, ChunkView)>;

/// What one worker is given of an epoch. Nothing in it is of this process: its facts can be encoded, a chunk is its
/// bytes, and the decoder it is to be read with goes by its pack's version.
#[derive(Clone, Debug)]
pub(crate) struct Assignment {
    pub facts: Arc<EpochFacts>,
    /// The log its chunks are of.
    pub log: LogNumber,
    /// The worker's share of them, a run of positions.
    pub chunks: Chunks,
    /// Whether the state after it is asked for.
    pub checkpoint: bool,
}

/// What the workers start with: nothing, or what a checkpoint kept.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// The version subjects were last looked at with.
    pub pack: Option<PackVersion>,
    pub subjects: Vec<SubjectRecord>,
    pub relays: Vec<RelayRecord>,
    pub log_sources: Vec<LogSourceRecord>,
    pub nodes: Vec<NodeRecord>,
    pub suspects: Vec<WatchRecord>,
    /// What is owed, and what the figures were worked out from beside the subjects.
    pub of_all: OfAll,
}

/// What a checkpoint keeps of what a worker holds.
#[derive(Debug)]
pub(crate) struct Records {
    pub subjects: Encoded,
    pub relays: Encoded,
    pub log_sources: Encoded,
    pub nodes: Encoded,
    pub suspects: Encoded,
}

/// Records of one kind.
pub(crate) type Encoded = Result<Vec<Vec<u8>>, postcard::Error>;

/// What comes out of a worker for an epoch: of each kind one part.
#[derive(Debug)]
pub(crate) enum Part {
    /// Its shard has applied the epoch.
    Judged {
        epoch: Epoch,
        results: Box<ShardResults>,
        /// What a checkpoint keeps of its subjects and its log sources, if it is asked for.
        records: Option<Records>,
    },
    /// It has added up what was said of what it sums.
    Summed {
        epoch: Epoch,
        facts: Box<Facts>,
        /// What a checkpoint keeps of what is owed and of the figures, if it is asked for and the worker has them.
        record: Option<Result<OfAllRecord, postcard::Error>>,
    },
    /// The worker cannot go on.
    Halted(Halt),
    /// The worker panicked.
    Died { worker: usize },
}

impl Part {
    /// Parts that make an epoch whole, by worker: one that is judged, one that is summed.
    pub(crate) const KINDS: usize = 2;
}

/// The running workers.
pub(crate) struct Flow {
    inputs: Vec<SyncSender<Assignment>>,
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
    /// Starts workers with the state of a checkpoint. At most `outstanding` epochs may be submitted and not yet
    /// taken out of the parts' channel.
    ///
    /// # Errors
    /// If the threads cannot be started, or the state cannot be taken up.
    pub(crate) fn start(
        workers: usize,
        outstanding: usize,
        names: &Names,
        split: Shards,
        packs: &Arc<dyn PackVersions>,
        state: State,
    ) -> Result<(Flow, Receiver<Part>), Halt> {
        let all_held = shared_out(state, workers, names, split, &**packs)?;
        let (parts, parts_out) = channel();
        let (activators_in, activators_out) = channel();
        let died = Arc::new(AtomicBool::new(false));
        let mut inputs = Vec::new();
        let mut seats = Vec::new();
        for held in all_held {
            let (input, input_out) = sync_channel(outstanding + 1);
            inputs.push(input);
            seats.push(Some(Seat {
                held,
                addresses: Addresses::new(names.clone(), split, workers),
                packs: packs.clone(),
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
        })
        .map_err(|error| Halt::because("cannot start the workers", error))?;
        let mut activators: Vec<(usize, SyncActivator)> = activators_out.iter().take(workers).collect();
        activators.sort_by_key(|(worker, _)| *worker);
        let activators = activators.into_iter().map(|(_, activator)| activator).collect();
        Ok((Flow { inputs, activators, guards: Some(guards), died }, parts_out))
    }

    /// How many workers there are.
    pub(crate) fn workers(&self) -> usize {
        self.inputs.len()
    }

    /// Hands an epoch to all workers, each its assignment. False if one of them is gone.
    pub(crate) fn submit(&self, assignments: impl IntoIterator<Item = Assignment>) -> bool {
        let sent =
            self.inputs.iter().zip(assignments).all(|(worker, assignment)| worker.send(assignment).is_ok());
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
    held: Held,
    addresses: Addresses,
    packs: Arc<dyn PackVersions>,
    input: Receiver<Assignment>,
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

/// What a worker holds of an epoch beside its events, from when it was given until its log sources have taken them: until
/// its relays have named theirs.
struct OpenEpoch {
    facts: Arc<EpochFacts>,
    decoder: Arc<Decoder>,
    decoded: Decoded,
    checkpoint: bool,
}

/// The same, once they have.
struct ToReport {
    epoch: OpenEpoch,
    /// How many events of hosts behind each relay are not told apart from others.
    untold: BTreeMap<Name, u64>,
    /// What a checkpoint keeps of the relays, if it is asked for.
    relays: Option<Encoded>,
}

/// What a worker holds of an epoch beside its rows, until it is judged.
struct ToJudge {
    facts: Arc<EpochFacts>,
    decoder: Arc<Decoder>,
    decoded: Decoded,
    reported: EventResults,
    untold: BTreeMap<Name, u64>,
    /// What a checkpoint keeps of the relays and the log sources, if it is asked for.
    kept: Option<(Encoded, Encoded)>,
}

/// What is known of an epoch beside what is summed.
struct ToSum {
    now: Now,
    decoder: Arc<Decoder>,
    checkpoint: bool,
}

/// By epoch, between two operators of a worker.
type Between<T> = Rc<RefCell<BTreeMap<u64, T>>>;

/// What a worker gives away that goes another way before it comes to the shards.
type OtherThanRows = Result<Result<Reports, Reports>, NodeMessages>;

fn build(worker: &mut timely::worker::Worker, seat: Seat) {
    let index = worker.index();
    let Seat { held, mut addresses, packs, input, parts, activators } = seat;
    let Held { mut shard, relays, mut log_sources, nodes, mut of_all } = held;
    let (counted_by, sighted_by, named_by) = (addresses.clone(), addresses.clone(), addresses.clone());
    let followed_by = addresses.clone();
    let open: Between<OpenEpoch> = Rc::default();
    let opened = open.clone();
    let to_follow: Between<ToFollow> = Rc::default();
    let following = to_follow.clone();
    let halts = parts.clone();
    let mut known = Known::default();
    let mut decoder: Option<Arc<Decoder>> = None;
    worker.dataflow::<u64, _, _>(move |scope| {
        let given = source::<_, CapacityContainerBuilder<Vec<Given>>, _, _>(
            scope,
            "decode",
            move |capability, info| {
                let wake = scope.worker().sync_activator_for(info.address.to_vec());
                let again = scope.activator_for(info.address);
                // The starter waits for one activator of each worker, or for none of a worker that failed.
                let _ = activators.send((index, wake));
                let mut capability = Some(capability);
                move |output| {
                    let Some(held) = capability.as_mut() else { return };
                    let Assignment { facts, log, chunks, checkpoint } = match input.try_recv() {
                        Ok(assignment) => assignment,
                        Err(TryRecvError::Empty) => return,
                        Err(TryRecvError::Disconnected) => {
                            capability = None;
                            return;
                        }
                    };
                    let of_pack = decoder.take().filter(|held| held.pack().version == facts.pack);
                    let of_pack = match of_pack.map_or_else(|| packs.version(&facts.pack), Ok) {
                        Ok(of_pack) => of_pack,
                        Err(halt) => {
                            // The collector outlives the workers; should it be gone, the process is halting.
                            let _ = halts.send(Part::Halted(halt));
                            capability = None;
                            return;
                        }
                    };
                    decoder = Some(of_pack.clone());
                    let epoch = facts.epoch;
                    if *held.time() < epoch.0 {
                        held.downgrade(&epoch.0);
                    }
                    let (decoded, read) = {
                        let mut session = output.session_with_builder(held);
                        let mut decoded =
                            decode(log, chunks, &of_pack, &mut known, &mut addresses, |given| {
                                session.give(given);
                            });
                        let part = (index, addresses.workers());
                        let by = (&*of_pack, &*packs);
                        let again = |given| session.give(given);
                        let read =
                            read_again(&facts, part, by, &mut known, &mut addresses, &mut decoded, again);
                        (decoded, read)
                    };
                    if let Err(halt) = read {
                        let _ = halts.send(Part::Halted(halt));
                        capability = None;
                        return;
                    }
                    let to_follow = ToFollow { facts: facts.clone(), decoder: of_pack.clone(), checkpoint };
                    let _ = following.borrow_mut().insert(epoch.0, to_follow);
                    let entry = OpenEpoch { facts, decoder: of_pack, decoded, checkpoint };
                    let _ = opened.borrow_mut().insert(epoch.0, entry);
                    held.downgrade(&epoch.next().0);
                    again.activate();
                }
            },
        );
        let (rows, others) = given.ok_err(|given| match given {
            Given::Rows(parcel) => Ok(parcel),
            Given::Reports(reports) => Err(Ok(Ok(reports))),
            Given::Unnamed(reports) => Err(Ok(Err(reports))),
            Given::OfNodes(messages) => Err(Err(messages)),
        });
        let (events, of_nodes) = others.container::<Vec<OtherThanRows>>().ok_err(|other| other);
        let (reports, unnamed) = events.container::<Vec<Result<Reports, Reports>>>().ok_err(|named| named);
        let followed_nodes: Between<Followed> = Rc::default();
        let of_nodes = followed(of_nodes, nodes, followed_by, to_follow, followed_nodes.clone());
        let to_report: Between<ToReport> = Rc::default();
        let reports = reports.concat(named(unnamed, relays, named_by, open, to_report.clone()));
        let by_log_source = Exchange::new(|reports: &Reports| u64::from(reports.worker));
        let reported: Between<ToJudge> = Rc::default();
        let to_judge = reported.clone();
        let follow = reports.unary_frontier::<CapacityContainerBuilder<Vec<Parcel>>, _, _, _>(
            by_log_source,
            "report",
            move |capability, _| {
                let mut stash: BTreeMap<u64, Vec<Box<Event>>> = BTreeMap::new();
                let mut capability = Some(capability);
                let mut watching = Watching::default();
                move |(reports, frontier), output| {
                    reports.for_each(|stamp, reports: &mut Vec<Reports>| {
                        let Some(epoch) = stamp.least() else { return };
                        let events = stash.entry(*epoch).or_default();
                        reports.drain(..).for_each(|reports| events.extend(reports.events));
                    });
                    let mut to_report = to_report.borrow_mut();
                    while let Some(entry) = to_report.first_entry() {
                        let Some(held) = capability.as_mut() else { return };
                        if frontier.frontier().less_equal(entry.key()) {
                            break;
                        }
                        let (number, ToReport { epoch, untold, relays }) = entry.remove_entry();
                        let OpenEpoch { facts, decoder, decoded, .. } = epoch;
                        let mut events = stash.remove(&number).unwrap_or_default();
                        events.sort_by_key(|event| event.arrival);
                        let reported = log_sources.take(&facts, events.into_iter().map(|event| *event));
                        let kept = relays.map(|relays| (relays, log_sources.records().collect()));
                        watching.follow(&decoder);
                        let mut on = FromLogSources::default();
                        for event in &reported.facts.events {
                            watching.sightings(&event.0, &sighted_by, |worker, it| on.sight(worker, it));
                        }
                        for (relay, arrived) in reported.relayed() {
                            on.relay(sighted_by.of_name(&relay), relay, arrived);
                        }
                        held.downgrade(&number);
                        output.session(held).give_iterator(on.parcels());
                        held.downgrade(&facts.epoch.next().0);
                        let entry = ToJudge { facts, decoder, decoded, reported, untold, kept };
                        let _ = to_judge.borrow_mut().insert(number, entry);
                    }
                    if frontier.is_empty() {
                        capability = None;
                    }
                }
            },
        );
        let rows = rows.concat(follow).concat(of_nodes);
        let by_subject = Exchange::new(|parcel: &Parcel| u64::from(parcel.worker));
        let judged: Between<ToSum> = Rc::default();
        let to_sum = judged.clone();
        let judged_parts = parts.clone();
        let addends = rows.unary_frontier::<CapacityContainerBuilder<Vec<Addends>>, _, _, _>(
            by_subject,
            "judge",
            move |capability, _| {
                let mut stash: BTreeMap<u64, Arrived> = BTreeMap::new();
                let mut capability = Some(capability);
                move |(rows, frontier), output| {
                    rows.for_each(|stamp, parcels: &mut Vec<Parcel>| {
                        let Some(epoch) = stamp.least() else { return };
                        let arrived = stash.entry(*epoch).or_default();
                        parcels.drain(..).for_each(|parcel| arrived.take(parcel));
                    });
                    let mut reported = reported.borrow_mut();
                    while let Some(entry) = reported.first_entry() {
                        let Some(held) = capability.as_mut() else { return };
                        if frontier.frontier().less_equal(entry.key()) {
                            break;
                        }
                        let (number, ToJudge { facts, decoder, mut decoded, reported, untold, kept }) =
                            entry.remove_entry();
                        let checkpoint = kept.is_some();
                        let Followed { decoded: of_nodes, told, nodes } =
                            followed_nodes.borrow_mut().remove(&number).unwrap_or_default();
                        decoded.add(of_nodes);
                        let Arranged {
                            mut batches,
                            mut replaced,
                            others,
                            sightings,
                            relayed,
                            presences,
                            dated,
                        } = stash.remove(&number).unwrap_or_default().arranged();
                        let all = batches.iter_mut().chain([&mut replaced]).map(Vec::as_mut_slice);
                        shard.judge_clocks(&decoder, &dated, all);
                        let rows = Rows::of(batches.iter().map(Vec::as_slice)).replacing(&replaced);
                        fail::fail_point!("flow_before_apply", |_| std::process::abort());
                        let (events, unsure) = (&reported.facts.events, &reported.unsure);
                        let happened = Happened { events, unsure, relayed: &relayed, presences: &presences };
                        let mut results = Box::new(shard.apply(&facts, &decoder, &rows, others, happened));
                        shard.suspect(&facts, &decoder, sightings, &mut results);
                        fail::fail_point!("flow_after_apply", |_| std::process::abort());
                        results.facts.rejects.extend(decoded.rejects);
                        results.facts.replayed.extend(decoded.replayed);
                        results.read = decoded.read;
                        results.add(reported);
                        results.untold = untold;
                        (results.rebirths, results.births_cut) = (told.rebirths, told.cut);
                        let records = kept.zip(nodes).map(|((relays, log_sources), nodes)| Records {
                            subjects: shard.records().collect(),
                            relays,
                            log_sources,
                            nodes,
                            suspects: shard.suspected().collect(),
                        });
                        held.downgrade(&number);
                        let counts = std::mem::take(&mut results.counts);
                        let of_figures =
                            Addends::of_figures(&mut results, &decoded.counts, &counts, &counted_by);
                        let all =
                            [decoded.counts, counts].into_iter().flat_map(|of| addressed(of, &counted_by));
                        output.session(held).give_iterator(all.chain(of_figures));
                        held.downgrade(&facts.epoch.next().0);
                        let to_be_summed = ToSum { now: facts.now, decoder, checkpoint };
                        let _ = to_sum.borrow_mut().insert(number, to_be_summed);
                        let _ = judged_parts.send(Part::Judged { epoch: facts.epoch, results, records });
                    }
                    if frontier.is_empty() {
                        capability = None;
                    }
                }
            },
        );
        let by_name = Exchange::new(|addends: &Addends| u64::from(addends.worker));
        let mut stash: BTreeMap<u64, Sums> = BTreeMap::new();
        addends.sink(by_name, "sum", move |(addends, frontier)| {
            addends.for_each(|stamp, addends: &mut Vec<Addends>| {
                let Some(epoch) = stamp.least() else { return };
                let sums = stash.entry(*epoch).or_default();
                addends.drain(..).for_each(|addends| sums.add(addends));
            });
            let mut judged = judged.borrow_mut();
            while let Some(entry) = judged.first_entry() {
                if frontier.frontier().less_equal(entry.key()) {
                    break;
                }
                let (number, ToSum { now, decoder, checkpoint }) = entry.remove_entry();
                let mut sums = stash.remove(&number).unwrap_or_default();
                let made = of_all.as_mut().map(|holder| {
                    let made = sums.of_all(holder, now, &decoder);
                    (made, checkpoint.then(|| holder.record()))
                });
                let (made, record) = made.unwrap_or_default();
                let facts = Box::new(Facts { feed_minutes: sums.facts(now), ..made });
                let _ = parts.send(Part::Summed { epoch: Epoch(number), facts, record });
            }
        });
    });
}
