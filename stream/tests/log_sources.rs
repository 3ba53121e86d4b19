//! How log sources are, through the shard: heard by their own lines or by those they pass on, blind, silent.

use std::{collections::BTreeMap, sync::Arc};

use ioc_decode::Decoder;
use ioc_model::{
    epoch::Epoch,
    event::{Event, EventKind},
    name::Name,
    names::Names,
    pack::{LogSource, Pack},
    position::{Arrival, Offset, Position},
    results::StoredEvent,
    status::StationStatus::{self, Error, Good, Silent},
    time::{EventTime, Millis, Now, ReceivedAt},
};
use ioc_stream::{
    exchange::WorkerShards,
    shard::{Happened, Rows, Shard},
    step::EpochFacts,
};

const MINUTE: i64 = 60_000;

fn log_source(id: &str, silent_after: Option<Millis>) -> (String, LogSource) {
    let log_source =
        LogSource { relay: id.starts_with("relay"), silent_after, ..ioc_testing::log_source(id) };
    (id.to_owned(), log_source)
}

struct Site {
    decoder: Arc<Decoder>,
    shard: Shard,
}

impl Site {
    fn of<const N: usize>(log_sources: [(String, LogSource); N]) -> Site {
        let names = Names::default();
        let pack = Pack {
            log_sources: log_sources.into(),
            ..ioc_testing::pack("test", Vec::new(), Vec::new(), Vec::new())
        };
        let decoder = Arc::new(Decoder::new(Arc::new(pack), names.clone()).unwrap());
        Site { decoder, shard: Shard::new(names, WorkerShards::WHOLE, None) }
    }

    /// The states that change in an epoch of that minute, by what was stored and passed on in it.
    fn states(
        &mut self,
        minute: i64,
        events: Vec<Event>,
        relays: &[&str],
    ) -> Vec<(Name, StationStatus, Option<i64>)> {
        let facts = EpochFacts {
            epoch: Epoch(minute as u64),
            now: Now(minute * MINUTE),
            pack: self.decoder.pack().version.clone(),
            answers: Vec::new(),
            horizon: Millis::hours(36),
        };
        let events: Vec<StoredEvent> = events.into_iter().map(|event| StoredEvent(event.into())).collect();
        let arrived = EventTime(minute * MINUTE);
        let relayed: BTreeMap<Name, EventTime> =
            relays.iter().map(|relay| (Name::new(relay), arrived)).collect();
        let happened = Happened { events: &events, relayed: &relayed, ..Happened::NOTHING };
        let results = self.shard.apply(&facts, &self.decoder, &Rows::of([]), Vec::new(), happened);
        let told = results.facts.statuses.iter().map(|told| {
            assert_eq!(told.since, facts.now);
            (told.subject, told.status, told.last_event.map(|at| at.0 / MINUTE))
        });
        told.collect()
    }
}

fn line(minute: i64, log_source: &str) -> Event {
    let position = Position { offset: Offset(minute as u64), ..Position::default() };
    Event {
        log_source: log_source.into(),
        known: true,
        happened_at: EventTime(minute * MINUTE),
        weight: 1,
        feed: "security".into(),
        arrival: Arrival { received_at: ReceivedAt(minute * MINUTE), position, row: 0 },
        ..Event::default()
    }
}

fn record(minute: i64, log_source: &str, rules: &str) -> Event {
    let attributes = vec![("rules_loaded".into(), rules.into())];
    Event { kind: EventKind::Stats, attributes, ..line(minute, log_source) }
}

#[test]
fn silent_a_relay_is_heard_by_what_it_passes_on_and_gets_silent_when_it_passes_nothing_on() {
    let mut site = Site::of([log_source("relay", Some(Millis::minutes(10))), log_source("relay-b", None)]);
    let (relay, other) = (Name::new("relay"), Name::new("relay-b"));
    assert_eq!(site.states(0, Vec::new(), &[]), [(relay, Silent, None)], "nothing is owed by the other");
    assert_eq!(
        site.states(1, vec![line(1, "fw-b")], &["relay", "relay-b"]),
        [(relay, Good, Some(1)), (other, Good, Some(1)),]
    );
    assert_eq!(site.states(9, Vec::new(), &["relay"]), []);
    assert_eq!(site.states(19, Vec::new(), &[]), []);
    assert_eq!(site.states(20, Vec::new(), &[]), [(relay, Silent, Some(9))]);
    assert_eq!(site.states(21, vec![line(21, "relay")], &[]), [(relay, Good, Some(21))], "or by its own");
}

#[test]
fn silent_who_sends_by_itself_is_not_kept_alive_by_what_a_relay_says_in_its_name() {
    let ten = Some(Millis::minutes(10));
    let with_address = |(id, of): (String, LogSource), by_relay| {
        (id, LogSource { addresses: vec!["192.0.2.21/32".parse().unwrap()], by_relay, ..of })
    };
    let mut site = Site::of([
        with_address(log_source("fw-a", ten), false),
        with_address(log_source("fw-b", ten), true),
        log_source("host-only", ten),
    ]);
    let all = ["fw-a", "fw-b", "host-only"];
    let told = |minute: i64, relay: &str| -> Vec<Event> {
        all.map(|id| Event { relay: relay.into(), ..record(minute, id, "5") }).into()
    };
    let good = |minute| all.map(|id| (Name::new(id), Good, Some(minute))).to_vec();
    assert_eq!(site.states(0, told(0, ""), &[]), good(0));
    assert_eq!(site.states(8, told(8, "relay"), &["relay"]), []);
    // Its own last word was ten minutes ago; neither a line nor a sensor's record by another is one.
    assert_eq!(site.states(11, told(11, "relay"), &["relay"]), [(Name::new("fw-a"), Silent, Some(0))]);
    assert_eq!(site.states(12, told(12, ""), &[]), [(Name::new("fw-a"), Good, Some(12))]);
}

#[test]
fn silent_a_sensor_is_blind_from_its_word_to_its_word_and_silent_before_it_is_blind() {
    let mut site = Site::of([log_source("ids-a", Some(Millis::minutes(10))), log_source("ids-b", None)]);
    let (owes, free) = (Name::new("ids-a"), Name::new("ids-b"));
    let both = |minute, rules| vec![record(minute, "ids-a", rules), record(minute, "ids-b", rules)];
    assert_eq!(site.states(1, both(1, "31000"), &[]), [(owes, Good, Some(1)), (free, Good, Some(1))]);
    assert_eq!(site.states(2, both(2, "0"), &[]), [(owes, Error, Some(2)), (free, Error, Some(2))]);
    assert_eq!(site.states(3, vec![line(3, "ids-a")], &[]), [], "a line says nothing of what it sees");
    assert_eq!(site.states(14, Vec::new(), &[]), [(owes, Silent, Some(3))], "who may be silent stays blind");
    assert_eq!(site.states(15, vec![line(15, "ids-a")], &[]), [(owes, Error, Some(15))]);
    assert_eq!(site.states(16, both(16, "31000"), &[]), [(owes, Good, Some(16)), (free, Good, Some(16))]);
}
