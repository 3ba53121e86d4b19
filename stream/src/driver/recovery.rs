//! What to load and what to replay after a start.
//!
//! | local record against the store | what happens |
//! |---|---|
//! | nothing recorded, nothing committed | a fresh start |
//! | newest checkpoint ≤ commit ≤ last manifest | load, replay, send what is behind the commit |
//! | commit before the newest checkpoint | the older checkpoint, or everything from the first epoch; else halt |
//! | commit behind the last manifest | halt: the store knows epochs this folder does not |
//! | the commit's manifest has another hash | halt: the store was fed by another history |

use std::collections::HashSet;

use ioc_bus::{Bus, record::RecordLog};
use ioc_model::{
    calendar::Calendar,
    epoch::Epoch,
    position::{Offset, OffsetRange, Partition},
    question::Question,
};

use super::{Halt, Start, step};
use crate::{
    checkpoint::{Checkpoint, Checkpoints},
    figures::Figures,
    flow::OfAll,
    flow::State,
    ledger::Ledger,
    log_sources::LogSourceRecord,
    manifest::{self, InvalidManifest, Manifest},
    negative,
};

/// Records looked back at for where each partition stood.
const LOOKED_AT: u64 = 1_000;

/// Where to start.
#[derive(Debug)]
pub(crate) struct Recovery {
    /// The epoch of the loaded state; 0 for none.
    pub checkpoint: Epoch,
    /// The last recorded epoch; 0 for none.
    pub last: Epoch,
    /// By partition: where the epoch after the loaded state starts.
    pub next: Vec<Offset>,
    pub state: State,
    /// What the loaded state waits for.
    pub awaited: Vec<Question>,
}

/// The record of an epoch: epochs count from 1, records from 0.
pub(crate) fn record_of(epoch: Epoch) -> u64 {
    epoch.0.saturating_sub(1)
}

pub(crate) fn plan(
    manifests: &RecordLog,
    checkpoints: &Checkpoints,
    start: &Start,
    zone: &str,
) -> Result<Recovery, Halt> {
    let last = Epoch(manifests.next_index());
    let committed = start.committed.map_or(Epoch(0), |(epoch, _)| epoch);
    if committed > last {
        return Err(Halt(format!(
            "the store holds epoch {committed} of this instance, but the last manifest here is {last}: the data \
             folder is older than the store. Bring back the folder that fed the store, or start a new instance on \
             another database"
        )));
    }
    check_history(manifests, start)?;
    step("recovery_before_checkpoint", committed);
    let checkpoint = reach(manifests, checkpoints, start.bus.as_ref(), committed)?;
    let from = checkpoint.as_ref().map_or(Epoch(0), |checkpoint| checkpoint.epoch);
    step("recovery_after_checkpoint", from);
    match checkpoint {
        Some(checkpoint) => load(checkpoint, last, start, zone),
        None => {
            let next = (0..start.bus.partitions()).map(|_| Offset(0)).collect();
            Ok(Recovery { checkpoint: Epoch(0), last, next, state: State::default(), awaited: Vec::new() })
        }
    }
}

/// The newest checkpoint that is not behind a commit; none if everything is replayed from the first epoch. What is
/// replayed must be there: manifests and log.
pub(crate) fn reach(
    manifests: &RecordLog,
    checkpoints: &Checkpoints,
    bus: &dyn Bus,
    committed: Epoch,
) -> Result<Option<Checkpoint>, Halt> {
    let checkpoint = checkpoints
        .newest(negative::trusted(committed))
        .map_err(|error| Halt::because("cannot read the checkpoints", error))?;
    let from = checkpoint.as_ref().map_or(Epoch(0), |checkpoint| checkpoint.epoch);
    if manifests.first_index() > record_of(from.next()) {
        return Err(Halt(format!(
            "epoch {committed} is the last the store holds whole, and neither a checkpoint nor the manifests reach \
             back to it (they start at epoch {}): the store is older than what is kept here. Restore a newer backup \
             of the store",
            manifests.first_index() + 1
        )));
    }
    // Later epochs are of later offsets: the first that names a partition tells whether the log starts early enough.
    let mut unseen: HashSet<Partition> = (0..bus.partitions()).map(Partition).collect();
    for recorded in replay(manifests, from) {
        let (manifest, _) = recorded?;
        for range in manifest.ranges {
            let _ = unseen.remove(&range.partition);
            let start = bus.bounds(range.partition).start;
            if range.from < start {
                return Err(Halt(format!(
                    "epoch {committed} is the last the store holds whole, and the log does not reach back to what \
                     follows: epoch {} was made of partition {} from offset {}, and the log starts at {}. Restore a \
                     newer backup of the store",
                    manifest.epoch, range.partition.0, range.from.0, start.0
                )));
            }
        }
        if unseen.is_empty() {
            break;
        }
    }
    Ok(checkpoint)
}

/// The oldest epoch the flow can go on behind; none if there is none.
pub(crate) fn oldest_reach(
    manifests: &RecordLog,
    checkpoints: &Checkpoints,
    bus: &dyn Bus,
) -> Result<Option<Epoch>, Halt> {
    let kept = checkpoints.epochs().map_err(|error| Halt::because("cannot read the checkpoints", error))?;
    let mut ends = std::iter::once(Epoch(0)).chain(kept);
    Ok(ends.find(|epoch| reach(manifests, checkpoints, bus, *epoch).is_ok()))
}

fn check_history(manifests: &RecordLog, start: &Start) -> Result<(), Halt> {
    let Some((committed, expected)) = start.committed else { return Ok(()) };
    let index = record_of(committed);
    if index < manifests.first_index() {
        return Ok(());
    }
    let Some(record) = manifests.read(index).next() else { return Ok(()) };
    let (_, bytes) = record.map_err(|error| Halt::because("cannot read the manifests", error))?;
    if manifest::hash(&bytes) != expected {
        return Err(Halt(format!(
            "epoch {committed} in the store was made from another manifest than the one recorded here: two data \
             folders fed the same database. Stop one of them, or give it another database"
        )));
    }
    Ok(())
}

fn load(checkpoint: Checkpoint, last: Epoch, start: &Start, zone: &str) -> Result<Recovery, Halt> {
    if checkpoint.instance != start.instance.bytes() || checkpoint.generation != start.generation {
        return Err(Halt("the newest checkpoint is of another instance or generation".to_owned()));
    }
    if checkpoint.zone != zone {
        return Err(Halt(format!(
            "the pack's time zone was {} and is {zone}: the days and hours of an instance are of one zone. Put the \
             zone back, or start a new instance on another database",
            checkpoint.zone
        )));
    }
    if checkpoint.log != start.log {
        return Err(Halt(format!(
            "the newest checkpoint was made on log {}, this is log {}",
            checkpoint.log.0, start.log.0
        )));
    }
    let subjects = checkpoint
        .subjects()
        .map_err(|error| Halt::because("the checkpoint's state is of another version", error))?;
    let calendar = Calendar::of_zone(zone).map_err(|error| Halt::because("cannot tell days", error))?;
    let log_sources = checkpoint
        .log_sources()
        .map_err(|error| Halt::because("the checkpoint's log sources are of another version", error))?;
    let relays = checkpoint
        .relays()
        .map_err(|error| Halt::because("the checkpoint's relays are of another version", error))?;
    let nodes = checkpoint
        .nodes()
        .map_err(|error| Halt::because("the checkpoint's nodes are of another version", error))?;
    let of_subjects = subjects.iter().flat_map(|subject| subject.awaited(&calendar));
    let awaited = of_subjects.chain(log_sources.iter().flat_map(LogSourceRecord::awaited)).collect();
    let suspects = checkpoint
        .suspects()
        .map_err(|error| Halt::because("cannot read what the checkpoint keeps of suspects", error))?;
    let Checkpoint { epoch, next, pack, figures, ledger, version, .. } = checkpoint;
    let figures = Figures::load(version, &figures)
        .map_err(|error| Halt::because("the checkpoint's figures are of another version", error))?;
    let ledger = Ledger::load(&ledger)
        .map_err(|error| Halt::because("the checkpoint's ledger is of another version", error))?;
    let of_all = OfAll { ledger, figures };
    let state = State { pack: Some(pack), subjects, relays, log_sources, nodes, suspects, of_all };
    Ok(Recovery { checkpoint: epoch, last, next, state, awaited })
}

/// Whether the log still holds what was recorded of it: to be asked before a sender may append, because a log put
/// back to an older state would give offsets out again that the store already knows (invariant ONCE).
pub(crate) fn check_log(manifests: &RecordLog, bus: &dyn Bus) -> Result<(), Halt> {
    let Some(last) = manifests.next_index().checked_sub(1).filter(|last| *last >= manifests.first_index())
    else {
        return Ok(());
    };
    // An epoch without input names no range: the last few say where each partition stood.
    let first = last.saturating_sub(LOOKED_AT).max(manifests.first_index());
    for recorded in recorded(manifests, Epoch(first)) {
        let MadeOf { epoch, ranges } = recorded?;
        for range in ranges {
            let end = bus.bounds(range.partition).end;
            if range.to > end {
                return Err(Halt(format!(
                    "epoch {} was made of partition {} up to offset {}, but the log ends at {}: the log's folder is \
                     older than the record. Bring back the log that belongs to it",
                    epoch, range.partition.0, range.to.0, end.0
                )));
            }
        }
    }
    Ok(())
}

/// Whether this build can work out again what lies behind the newest checkpoint. Only the build that formed it could
/// otherwise: to be asked before anything is changed that it could not use any more, such as the store's tables.
pub(crate) fn check_logic(manifests: &RecordLog, checkpoints: &Checkpoints) -> Result<(), Halt> {
    let kept = checkpoints.epochs().map_err(|error| Halt::because("cannot read the checkpoints", error))?;
    let newest = kept.into_iter().max().unwrap_or(Epoch(0));
    let from = newest.max(Epoch(manifests.first_index()));
    replay(manifests, from).try_for_each(|recorded| recorded.map(drop))
}

/// The recorded epochs with input: each has counts to store, and so a commit once the flow is behind it.
pub(crate) fn with_input(manifests: &RecordLog) -> Result<Vec<Epoch>, Halt> {
    let mut epochs = Vec::new();
    for recorded in recorded(manifests, Epoch(manifests.first_index())) {
        let recorded = recorded?;
        if !recorded.ranges.is_empty() {
            epochs.push(recorded.epoch);
        }
    }
    Ok(epochs)
}

/// What an epoch was made of, whatever build formed it.
struct MadeOf {
    epoch: Epoch,
    ranges: Vec<OffsetRange>,
}

/// What the epochs behind one were made of. Those that another version of the record wrote are left out: a build that
/// was stopped in order leaves its last ones behind, and nothing of them is replayed.
fn recorded(manifests: &RecordLog, from: Epoch) -> impl Iterator<Item = Result<MadeOf, Halt>> + use<> {
    manifests.read(record_of(from.next())).filter_map(|record| {
        let decoded = match record {
            Ok((_, bytes)) => Manifest::decode(&bytes),
            Err(error) => return Some(Err(Halt::because("cannot read the manifests", error))),
        };
        match decoded {
            Ok(Manifest { epoch, ranges, .. }) => Some(Ok(MadeOf { epoch, ranges })),
            Err(InvalidManifest::Version(_)) => None,
            Err(error) => Some(Err(Halt::because("cannot read a manifest", error))),
        }
    })
}

/// The recorded epochs behind the loaded state.
pub(crate) fn replay(
    manifests: &RecordLog,
    from: Epoch,
) -> impl Iterator<Item = Result<(Manifest, [u8; 32]), Halt>> + use<> {
    manifests.read(record_of(from.next())).map(|record| {
        let (index, bytes) = record.map_err(|error| Halt::because("cannot read the manifests", error))?;
        let manifest =
            Manifest::decode(&bytes).map_err(|error| Halt::because("cannot read a manifest", error))?;
        if manifest.logic != manifest::LOGIC {
            return Err(Halt(format!(
                "epoch {} was formed by logic {}, this build has logic {}: start the build that formed it once and \
                 stop it in order, then this one",
                manifest.epoch,
                manifest.logic,
                manifest::LOGIC
            )));
        }
        if record_of(manifest.epoch) != index {
            return Err(Halt(format!("record {index} of the manifests holds epoch {}", manifest.epoch)));
        }
        Ok((manifest, manifest::hash(&bytes)))
    })
}

#[cfg(test)]
mod tests {
    use ioc_bus::{DiskLog, DiskLogConfig};
    use ioc_model::{
        epoch::Generation,
        pack::PackVersion,
        time::{Millis, Now},
    };

    use super::*;

    fn of_logic(logic: u16, epoch: u64) -> Manifest {
        Manifest {
            logic,
            epoch: Epoch(epoch),
            generation: Generation(0),
            now: Now(0),
            pack: PackVersion::default(),
            horizon: Millis(0),
            ranges: vec![OffsetRange { partition: Partition(0), from: Offset(0), to: Offset(0) }],
            recorded: Vec::new(),
        }
    }

    #[test]
    fn loud_what_another_logic_formed_is_not_replayed_and_keeps_nobody_from_starting_behind_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut manifests = RecordLog::open(&folder.path().join("manifests")).unwrap();
        // A build that was stopped in order leaves its last records behind its checkpoint.
        for (logic, epoch) in [(manifest::LOGIC - 1, 1), (manifest::LOGIC - 1, 2), (manifest::LOGIC, 3)] {
            let _ = manifests.append(&of_logic(logic, epoch).encode().unwrap()).unwrap();
        }
        let kept = folder.path().join("checkpoints");
        let checkpoints = Checkpoints::open(&kept).unwrap();
        assert!(
            check_logic(&manifests, &checkpoints).is_err(),
            "nothing is loaded: all of it is worked out again"
        );
        std::fs::write(kept.join("1.checkpoint"), []).unwrap();
        let halt = check_logic(&manifests, &checkpoints).unwrap_err();
        assert!(halt.to_string().contains("epoch 2 was formed by logic"), "{halt}");
        std::fs::write(kept.join("2.checkpoint"), []).unwrap();
        check_logic(&manifests, &checkpoints).unwrap();
        // And one of a version of the record that nobody reads any more.
        let _ = manifests.append(&[0, 1, 2]).unwrap();
        let config = DiskLogConfig { folder: folder.path().join("bus"), ..DiskLogConfig::default() };
        let bus = DiskLog::open(&config).unwrap();
        check_log(&manifests, &bus).unwrap();
        assert_eq!(with_input(&manifests).unwrap(), [Epoch(1), Epoch(2), Epoch(3)]);
        assert!(replay(&manifests, Epoch(2)).next().unwrap().is_ok());
        let halt = replay(&manifests, Epoch(1)).next().unwrap().unwrap_err();
        assert!(halt.to_string().contains("start the build that formed it"), "{halt}");
    }
}
