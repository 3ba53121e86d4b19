//! Hosts that only their relay knows: named where the relay is held, and kept where their name is.

use super::*;
use crate::behind::{HOSTS, RelayRecord, Relays};

/// One who holds all relays and all log sources.
#[derive(Default)]
struct Held {
    relays: Relays,
    log_sources: LogSources,
}

impl Held {
    /// What becomes of events, and how many of each relay are not told apart.
    fn take(
        &mut self,
        facts: &EpochFacts,
        events: impl IntoIterator<Item = Event>,
    ) -> (EventResults, BTreeMap<Name, u64>) {
        let mut events: Vec<Event> = events.into_iter().collect();
        let untold = self.relays.name(&mut events, facts.now);
        (self.log_sources.take(facts, events), untold)
    }

    fn reloaded(&self) -> Held {
        let mut relays = Relays::default();
        for record in self.relays.records() {
            let record: RelayRecord = postcard::from_bytes(&record.unwrap()).unwrap();
            relays.load(record);
        }
        Held { relays, log_sources: reloaded(&self.log_sources) }
    }
}

fn behind(offset: u64, host: &str, at: i64, key: Option<EventKey>) -> Event {
    let text = format!("relay:{host}");
    Event {
        log_source: "relay".into(),
        relay: "relay".into(),
        behind: Some(text.into()),
        ..event(offset, at, key)
    }
}

fn reporters(reported: &EventResults) -> BTreeMap<&'static str, usize> {
    let mut reporters = BTreeMap::new();
    for StoredEvent(event) in &reported.facts.events {
        assert!(event.behind.is_none(), "who reports is a name by then");
        *reporters.entry(event.log_source.as_str()).or_default() += 1;
    }
    reporters
}

#[test]
fn bound_who_of_the_hosts_a_relay_makes_up_so_many_are_told_apart_and_nothing_of_the_rest_is_lost() {
    let most = HOSTS as u64;
    let mut held = Held::default();
    let real = |offset| behind(offset, "srv-a", START, None);
    let _ = held.take(&facts(1, START, Vec::new()), vec![real(0)]);
    let flood = |epoch: u64| {
        (0..most + 904).map(move |number| behind(epoch * 10_000 + number, &format!("x{number}"), START, None))
    };
    let (reported, untold) = held.take(&facts(2, START, Vec::new()), flood(2));
    assert_eq!(counts(&reported), (most + 904, 0, 0), "all of them are stored");
    let told = reporters(&reported);
    assert_eq!((told.len() as u64, told["relay:other"]), (most, 905));
    assert_eq!(untold, BTreeMap::from([(Name::new("relay"), 905)]));
    // Who was there first stays, through a checkpoint, too; and who was not told apart is not by then.
    let mut loaded = held.reloaded();
    for held in [&mut held, &mut loaded] {
        let (mut again, _) = held.take(&facts(3, START, Vec::new()), flood(3).chain([real(39_999)]));
        assert_eq!(reporters(&again)["relay:srv-a"], 1);
        assert_eq!(reporters(&again)["relay:other"], 905);
        again.facts.events.truncate(most as usize - 1);
        assert!(
            !reporters(&again).contains_key("relay:other"),
            "they are told apart by their order of arrival"
        );
    }
    // Who says nothing any more is kept no more; who may be told apart is.
    let later = START + HORIZON.0 + 2 * MINUTE;
    let _ = held.take(&facts(4, later, Vec::new()), Vec::new());
    assert_eq!((held.log_sources.held.len(), held.relays.records().count()), (0, 1));
}

#[test]
fn once_what_was_counted_with_the_rest_is_known_again_also_when_there_would_be_room() {
    let mut held = Held::default();
    let flood = (0..HOSTS as u64).map(|number| behind(number, &format!("x{number}"), START, None));
    let _ = held.take(&facts(1, START, Vec::new()), flood);
    let keyed =
        |offset| Event { time_from: TimeFrom::Stated, ..behind(offset, "srv-a", START, Some(key(1))) };
    let (reported, _) = held.take(&facts(2, START, Vec::new()), vec![keyed(9_000)]);
    assert_eq!(reporters(&reported), BTreeMap::from([("relay:other", 1)]));
    let later = START + 40 * HORIZON.0;
    let _ = held.take(&facts(3, later, Vec::new()), Vec::new());
    let (reported, _) = held.take(&facts(4, later, Vec::new()), vec![keyed(9_001)]);
    let [question] = &reported.questions[..] else { panic!("it may be stored") };
    assert_eq!(&*question.subject, "relay:other", "it is looked for by the name that it is stored by");
    let found = answer(question, &Stored::from([(key(1), (EventTime(START), TimeFrom::Stated))]));
    let (reported, _) = held.take(&facts(5, later, vec![found]), Vec::new());
    assert_eq!(counts(&reported), (0, 1, -1));
}

#[test]
fn once_who_is_called_as_a_host_behind_a_relay_is_known_with_it_however_it_comes() {
    let mut held = Held::default();
    let behind = behind(1, "srv-a", START, Some(key(1)));
    let by_name = Event { log_source: "relay:srv-a".into(), ..event(2, START, Some(key(1))) };
    let (first, _) = held.take(&facts(1, START, Vec::new()), vec![behind.clone()]);
    assert_eq!(reporters(&first), BTreeMap::from([("relay:srv-a", 1)]));
    let mut held = held.reloaded();
    let (again, _) = held.take(&facts(2, START, Vec::new()), vec![by_name, behind]);
    assert_eq!(counts(&again), (0, 2, 0));
}

#[test]
fn once_the_pack_tells_which_hosts_of_a_checkpoint_without_relays_keep_their_names() {
    let record = |name: &str, has_keys: bool, before_relays: bool| {
        let mut memory = Memory::default();
        if has_keys {
            memory.keys.insert(key(1), &event(1, START, Some(key(1))));
        }
        LogSourceRecord { name: name.into(), before_relays, memory }
    };
    for (name, has_keys, before_relays, may_be) in [
        ("relay:srv-a", true, true, true),
        ("relay:srv-a", true, false, false),
        ("relay:srv-a", false, true, false),
        ("srv-a", true, true, false),
    ] {
        assert_eq!(record(name, has_keys, before_relays).may_be_behind(), may_be, "{name}");
    }
    let of_pack = |id: &str, relay| {
        let source = ioc_model::pack::LogSource { relay, ..ioc_testing::log_source(id) };
        (source.id.clone(), source)
    };
    let log_sources = [
        of_pack("relay", true),
        of_pack("relay:b", true),
        of_pack("relay:known", false),
        of_pack("net", false),
    ];
    let pack = Pack { log_sources: log_sources.into(), ..Pack::default() };
    for (name, relay) in [
        ("relay:srv-a", Some("relay")),
        ("relay:b:srv-a", Some("relay:b")),
        ("relay:known", None),
        ("net:srv-a", None),
        ("relayed", None),
        ("2001:db8::9", None),
    ] {
        assert_eq!(record(name, true, true).relay(&pack), relay.map(Name::new), "{name}");
    }
    // Where it has room for no more, who is kept is told apart.
    let mut held = Held::default();
    held.relays.keep("relay".into(), "relay:srv-k".into());
    let flood = (0..2 * HOSTS as u64).map(|number| behind(number, &format!("x{number}"), START, None));
    let _ = held.take(&facts(1, START, Vec::new()), flood);
    let (reported, _) = held.take(&facts(2, START, Vec::new()), vec![behind(9, "srv-k", START, None)]);
    assert_eq!(reporters(&reported), BTreeMap::from([("relay:srv-k", 1)]));
}
