//! What workers hold when they start: a checkpoint's state, each part where the exchanges take what belongs to it.
//!
//! All of it is held by a name, and by nothing else: subjects, log sources and nodes by their own, hosts behind a relay by their
//! relay's, rules over events by their virtual shards. So another number of workers loads the same file (invariant REPLAY).

use ioc_model::{name::Name, names::Names, pack::PackVersion};

use super::{OfAll, State};
use crate::{
    behind::Relays,
    exchange::{Shards, WorkerShards, worker_of},
    figures::FIGURES,
    halt::Halt,
    log_sources::{LogSourceRecord, LogSources},
    nodes::Nodes,
    shard::Shard,
    step::PackVersions,
};

/// What one worker holds.
pub(super) struct Held {
    pub(super) shard: Shard,
    pub(super) relays: Relays,
    pub(super) log_sources: LogSources,
    pub(super) nodes: Nodes,
    /// Of the worker that keeps it.
    pub(super) of_all: Option<OfAll>,
}

/// Shares a state out to so many workers.
///
/// # Errors
/// If something of it needs a pack that was not kept, or a log source is in it twice.
pub(super) fn shared_out(
    state: State,
    workers: usize,
    names: &Names,
    split: Shards,
    packs: &dyn PackVersions,
) -> Result<Vec<Held>, Halt> {
    let State { pack, subjects, relays, log_sources, nodes, suspects, of_all } = state;
    let holder = |name: &str| worker_of(split.of(name), workers);
    let empty = |index| Held {
        shard: Shard::new(names.clone(), WorkerShards { index, of: workers, shards: split }, pack.clone()),
        relays: Relays::default(),
        log_sources: LogSources::default(),
        nodes: Nodes::new(split),
        of_all: None,
    };
    let mut held: Vec<Held> = (0..workers).map(empty).collect();
    for record in subjects {
        held[holder(record.name())].shard.load(record);
    }
    for record in suspects {
        held[worker_of(record.shard(), workers)].shard.load_suspected(record);
    }
    for record in relays {
        held[holder(&record.relay())].relays.load(record);
    }
    for (relay, host) in kept_hosts(pack.as_ref(), &log_sources, packs)? {
        held[holder(&relay)].relays.keep(relay, host);
    }
    for record in log_sources {
        let twice =
            |name| Halt(format!("the checkpoint holds log source {name} twice: it is not as it was written"));
        held[holder(&record.name())].log_sources.load(record).map_err(twice)?;
    }
    for record in nodes {
        held[holder(&record.name())].nodes.load(record);
    }
    if let Some(of_figures) = held.get_mut(holder(FIGURES)) {
        of_figures.of_all = Some(of_all);
    }
    Ok(held)
}

/// Hosts of which an event with a key may be stored, each behind its relay, where the checkpoint keeps no relays: as the
/// pack has those that its last epoch was decoded with.
///
/// # Errors
/// If it was not kept: without its names the same events would be stored again.
fn kept_hosts(
    pack: Option<&PackVersion>,
    log_sources: &[LogSourceRecord],
    packs: &dyn PackVersions,
) -> Result<Vec<(Name, Name)>, Halt> {
    let may_be_behind = || log_sources.iter().filter(|record| record.may_be_behind());
    let Some(version) = pack.filter(|_| may_be_behind().next().is_some()) else { return Ok(Vec::new()) };
    let decoder = packs.version(version).map_err(|halt| {
        Halt::because("cannot tell which log sources of the checkpoint are behind a relay", halt)
    })?;
    Ok(may_be_behind().filter_map(|record| Some((record.relay(decoder.pack())?, record.name()))).collect())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ioc_decode::Decoder;
    use ioc_model::pack::{LogSource, Pack};

    use super::*;

    /// One pack, if it was kept.
    struct Kept(Option<Arc<Decoder>>);

    impl PackVersions for Kept {
        fn current(&self) -> Arc<Decoder> {
            unreachable!("the state is of a pack of its own")
        }

        fn version(&self, version: &PackVersion) -> Result<Arc<Decoder>, Halt> {
            self.0.clone().ok_or_else(|| Halt(format!("pack {} was not kept", version.0)))
        }
    }

    fn state(names: &[&str]) -> State {
        let log_sources = names.iter().map(|name| LogSourceRecord::of_version_9(name)).collect();
        State { pack: Some(PackVersion("old".to_owned())), log_sources, ..State::default() }
    }

    fn shared(state: State, packs: &Kept) -> Result<Vec<Held>, Halt> {
        shared_out(state, 3, &Names::default(), Shards::default(), packs)
    }

    #[test]
    fn loud_where_the_pack_was_not_kept_that_tells_who_is_behind_a_relay_nothing_starts() {
        let halt = shared(state(&["srv-a", "relay:srv-a"]), &Kept(None)).err().expect("it halts");
        assert!(halt.0.contains("behind a relay") && halt.0.contains("pack old was not kept"), "{halt}");
        assert!(shared(state(&["srv-a"]), &Kept(None)).is_ok(), "nobody asks for it");
    }

    #[test]
    fn replay_a_host_is_held_by_its_name_and_kept_by_its_relay_whoever_holds_that() {
        let relay = LogSource { relay: true, ..ioc_testing::log_source("relay") };
        let pack = Pack {
            log_sources: [(relay.id.clone(), relay)].into(),
            ..ioc_testing::pack("old", Vec::new(), Vec::new(), Vec::new())
        };
        let packs = Kept(Some(Arc::new(Decoder::new(Arc::new(pack), Names::default()).unwrap())));
        let hosts: Vec<String> = (0..9).map(|number| format!("relay:srv-{number}")).collect();
        let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
        let held = shared(state(&hosts), &packs).unwrap();
        let holder = |name: &str| worker_of(Shards::default().of(name), 3);
        for (worker, held) in held.iter().enumerate() {
            let theirs = hosts.iter().filter(|host| holder(host) == worker).count();
            assert_eq!(held.log_sources.records().count(), theirs, "worker {worker}");
            let relays = usize::from(holder("relay") == worker);
            assert_eq!(held.relays.records().count(), relays, "worker {worker}");
        }
        assert!(hosts.iter().any(|host| holder(host) != holder("relay")), "one rule would be as good");
    }

    #[test]
    fn loud_a_log_source_that_is_there_twice_halts() {
        let halt = shared(state(&["srv-a", "srv-a"]), &Kept(None)).err().expect("it halts");
        assert!(halt.0.contains("log source srv-a twice"), "{halt}");
    }
}
