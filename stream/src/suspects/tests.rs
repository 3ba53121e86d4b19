use ioc_decode::Decoder;
use ioc_model::{
    event::{Count, Endpoint, EventKind, Severity, one_spelling},
    names::Names,
    pack::Pack,
    position::{LogNumber, Offset, Partition, Position},
    results::AlertResult,
    rule::{AlertChange, AlertKey, Condition, CountBy},
    time::ReceivedAt,
};
use ioc_testing::{counting, rule};
use proptest::prelude::*;

use super::*;
use crate::exchange::worker_of;

const NOON: i64 = 1_795_132_800_000;
const MINUTE: i64 = 60_000;
/// Few, so that a test fills them.
const SHARDS: Shards = Shards(4);

fn pack(version: &str, rules: Vec<(&str, Counting)>) -> Arc<Decoder> {
    let rule = |(id, counting): (&str, Counting)| (id.to_owned(), rule(id, Condition::Events(counting)));
    let rules = rules.into_iter().map(rule).collect();
    let pack = Pack { rules, ..ioc_testing::pack(version, Vec::new(), Vec::new(), Vec::new()) };
    Arc::new(Decoder::new(Arc::new(pack), Names::default()).unwrap())
}

/// An attempt to log in, so many milliseconds after noon, that arrives later.
fn attempt(from: &str, at: i64, arrival: i64) -> Event {
    Event {
        kind: EventKind::LoginFailed,
        log_source: "srv-a".into(),
        from: Endpoint { address: one_spelling(from), port: None },
        happened_at: EventTime(NOON + at),
        weight: 1,
        attempts: 1,
        arrival: Arrival {
            received_at: ReceivedAt(NOON + arrival),
            position: Position { log: LogNumber(1), partition: Partition(0), offset: Offset(arrival as u64) },
            row: 0,
        },
        ..Event::default()
    }
}

/// The workers of one flow, without timely: sightings are exchanged as it does.
struct House {
    workers: Vec<Suspects>,
    decoder: Arc<Decoder>,
    watching: Watching,
    epoch: u64,
    told: Vec<AlertResult>,
    forgotten: u64,
}

impl House {
    fn new(workers: usize, decoder: Arc<Decoder>) -> House {
        let workers = (0..workers).map(|_| Suspects::new(SHARDS)).collect();
        let (watching, told) = Default::default();
        House { workers, decoder, watching, epoch: 0, told, forgotten: 0 }
    }

    fn facts(&mut self, now: i64) -> EpochFacts {
        self.epoch += 1;
        EpochFacts {
            epoch: ioc_model::epoch::Epoch(self.epoch),
            now: Now(NOON + now),
            pack: self.decoder.pack().version.clone(),
            answers: Vec::new(),
            horizon: Millis::hours(36),
        }
    }

    /// An epoch; gives what happened to alerts.
    fn epoch(&mut self, now: i64, events: &[Event]) -> Vec<String> {
        let facts = self.facts(now);
        self.watching.follow(&self.decoder);
        let addresses = Addresses::new(Names::default(), SHARDS, self.workers.len());
        let mut sighted: Vec<Vec<Sighting>> = vec![Vec::new(); self.workers.len()];
        for event in events {
            self.watching.sightings(event, &addresses, |worker, sighting| sighted[worker].push(sighting));
        }
        let mut told = Vec::new();
        for (worker, mut sightings) in self.workers.iter_mut().zip(sighted) {
            sightings.sort_by_key(|sighting| (sighting.arrival, sighting.rule));
            let mut results = ShardResults::default();
            worker.take(&facts, &self.decoder, sightings, &mut results);
            self.forgotten += results.forgotten.values().sum::<u64>();
            told.extend(results.facts.alerts);
        }
        told.sort_by(ioc_model::fact::Fact::compare);
        let lines = told.iter().map(line).collect();
        self.told.extend(told);
        lines
    }

    fn acknowledge(&mut self, now: i64, subject: &str, number: u32) -> Option<bool> {
        let alert = AlertKey { rule: "guessing".into(), subject: subject.into(), number };
        let action = Action {
            alert,
            user: "an".into(),
            note: "".into(),
            feed: "operator".into(),
            sender: Name::default(),
            arrival: Arrival::default(),
        };
        let holder = worker_of(SHARDS.of(subject), self.workers.len());
        let mut results = ShardResults::default();
        let effective = self.workers[holder].act(Now(NOON + now), &action, &mut results);
        self.told.extend(results.facts.alerts);
        effective
    }

    /// Goes on from a checkpoint, with another number of workers.
    fn again(self, workers: usize) -> House {
        let mut again = House {
            epoch: self.epoch,
            told: self.told,
            forgotten: self.forgotten,
            ..House::new(workers, self.decoder)
        };
        for record in self.workers.iter().flat_map(Suspects::records) {
            let record: WatchRecord = postcard::from_bytes(&record.unwrap()).unwrap();
            again.workers[worker_of(record.shard(), workers)].load(record);
        }
        again
    }
}

/// `raised 203.0.113.30 6 of 5`, with `over` where it is.
fn line(told: &AlertResult) -> String {
    let mut line = format!("{} {}", told.change.word(), told.key.subject);
    if let Some(evidence) = &told.evidence {
        line += &format!(" {} of {}", evidence.value.unwrap(), evidence.threshold.unwrap());
    }
    line + if told.active || told.change == AlertChange::Cleared { "" } else { " over" }
}

fn guessing() -> Arc<Decoder> {
    pack("one", vec![("guessing", counting(Count::Attempts, CountBy::From))])
}

const SOMEBODY: &str = "203.0.113.30";

fn attempts(of: std::ops::Range<i64>, apart: i64) -> Vec<Event> {
    of.map(|number| attempt(SOMEBODY, number * apart, number * apart)).collect()
}

const NOTHING: [&str; 0] = [];

#[test]
fn enough_within_the_time_raise_once_and_quiet_clears() {
    let mut house = House::new(1, guessing());
    // Five in ten minutes: the first and the fifth are less than ten minutes apart.
    assert_eq!(house.epoch(0, &attempts(0..4, MINUTE)), NOTHING);
    let fifth = attempt(SOMEBODY, 10 * MINUTE - 1, 10 * MINUTE);
    assert_eq!(house.epoch(10 * MINUTE, &[fifth]), ["raised 203.0.113.30 5 of 5"]);
    let raised = house.told[0].clone();
    assert_eq!(raised.key.number, u32::try_from((NOON + 10 * MINUTE) / MINUTE).unwrap());
    let evidence = raised.evidence.unwrap();
    assert_eq!((evidence.start, evidence.end), (EventTime(NOON), EventTime(NOON + 10 * MINUTE)));
    let counted = evidence.events.unwrap();
    assert_eq!((counted.group.as_str(), counted.last.position.offset.0), (SOMEBODY, 10 * MINUTE as u64));
    // What goes on is the same alert; it is over ten minutes after the last.
    assert_eq!(house.epoch(15 * MINUTE, &[attempt(SOMEBODY, 15 * MINUTE, 15 * MINUTE)]), NOTHING);
    assert_eq!(house.epoch(25 * MINUTE - 1, &[]), NOTHING);
    assert_eq!(house.epoch(25 * MINUTE, &[]), ["cleared 203.0.113.30"]);
    // Nobody took it on: it is raised again, as the same one.
    let again: Vec<Event> = (0..5).map(|at| attempt(SOMEBODY, 30 * MINUTE + at, 30 * MINUTE + at)).collect();
    assert_eq!(house.epoch(30 * MINUTE + 9, &again), ["recurred 203.0.113.30 5 of 5"]);
    assert_eq!(house.told.last().unwrap().occurrences, 2);
}

#[test]
fn ten_minutes_are_half_open() {
    let mut house = House::new(1, guessing());
    let mut events = attempts(0..4, MINUTE);
    events.push(attempt(SOMEBODY, 10 * MINUTE, 10 * MINUTE));
    assert_eq!(house.epoch(10 * MINUTE, &events), NOTHING, "the first is ten minutes before the last");
}

#[test]
fn what_is_taken_back_counts_no_more() {
    let mut house = House::new(1, guessing());
    let mut events = attempts(0..6, 1_000);
    events[3].attempts = -1;
    assert_eq!(house.epoch(MINUTE, &events), NOTHING, "four");
    assert_eq!(house.epoch(MINUTE, &attempts(6..7, 1_000)), ["raised 203.0.113.30 5 of 5"]);
}

#[test]
fn late_events_count_when_they_happened() {
    let mut house = House::new(1, guessing());
    let mut events = attempts(0..4, MINUTE);
    // The newest is far ahead.
    events.push(attempt(SOMEBODY, 30 * MINUTE, 4 * MINUTE));
    assert_eq!(house.epoch(5 * MINUTE, &events), NOTHING);
    let late = attempt(SOMEBODY, 150_000, 6 * MINUTE);
    assert_eq!(house.epoch(6 * MINUTE, &[late]), ["raised 203.0.113.30 5 of 5"]);
}

#[test]
fn what_was_over_when_it_was_learnt_is_raised_as_over_once_a_run() {
    let mut house = House::new(1, guessing());
    let day = 24 * 60 * MINUTE;
    let of_file = |number: i64| attempt(SOMEBODY, number * MINUTE - day, number);
    // A file of yesterday comes in two epochs: two runs, an hour apart.
    let first: Vec<Event> = (0..20).map(of_file).collect();
    assert_eq!(house.epoch(100, &first), ["raised 203.0.113.30 5 of 5 over"]);
    let rest: Vec<Event> = (20..40).map(of_file).chain((100..110).map(of_file)).collect();
    assert_eq!(house.epoch(200, &rest), ["recurred 203.0.113.30 5 of 5 over"]);
    assert_eq!(house.epoch(60 * MINUTE, &[]), NOTHING, "it was not active");
    assert_eq!(
        house.epoch(
            60 * MINUTE,
            &(0..5).map(|at| attempt(SOMEBODY, 60 * MINUTE + at, 60 * MINUTE + at)).collect::<Vec<_>>()
        ),
        ["recurred 203.0.113.30 5 of 5"]
    );
}

#[test]
fn an_alert_is_taken_on_once_and_its_number_never_comes_again() {
    let mut house = House::new(3, guessing());
    let now = |at: i64| at + 10;
    let burst =
        |at: i64| (0..5).map(|number| attempt(SOMEBODY, at + number, at + number)).collect::<Vec<_>>();
    assert_eq!(house.epoch(now(0), &burst(0)).len(), 1);
    let first = house.told[0].key.number;
    assert_eq!(house.acknowledge(10, SOMEBODY, first + 1), None, "there is none of that number");
    assert_eq!(house.acknowledge(10, "203.0.113.31", first), None);
    assert_eq!(house.acknowledge(10, "::ffff:203.0.113.30", first), None);
    assert_eq!(house.acknowledge(10, SOMEBODY, first), Some(true));
    assert_eq!(house.acknowledge(11, SOMEBODY, first), Some(false));
    let mut house = house.again(1);
    assert_eq!(house.acknowledge(12, SOMEBODY, first), Some(false));
    assert_eq!(house.epoch(10 * MINUTE + 4, &[]), ["cleared 203.0.113.30"]);
    // Everything is forgotten, and it begins anew.
    let day = 24 * 60 * MINUTE;
    assert_eq!(house.epoch(day, &[]), NOTHING);
    assert!(house.workers[0].watches.is_empty());
    assert_eq!(house.epoch(now(day), &burst(day)), ["raised 203.0.113.30 5 of 5"]);
    let second = house.told.last().unwrap().key.number;
    assert!(second > first);
    // Closed, and raised again in the same minute of the clock.
    assert_eq!(house.acknowledge(day + 20, SOMEBODY, second), Some(true));
    house.decoder = pack("none", Vec::new());
    assert_eq!(house.epoch(day + 20, &[]), ["cleared 203.0.113.30"]);
    house.decoder = guessing();
    let at = day + 30;
    // It belongs to the run that was told, until that is over.
    assert_eq!(house.epoch(now(at), &burst(at)), ["raised 203.0.113.30 5 of 5"]);
    assert_eq!(house.told.last().unwrap().key.number, second + 1);
}

#[test]
fn different_targets_are_counted_once_each_and_a_network_by_its_first_half() {
    let scan = counting(Count::Targets, CountBy::Network);
    let mut house = House::new(2, pack("one", vec![("scan", scan)]));
    let target = |to: &str, port: u16, at: i64| Event {
        to: Endpoint { address: one_spelling(to), port: Some(port) },
        ..attempt(&format!("2001:db8:0:9::{:x}", at + 1), at, at)
    };
    let mut events: Vec<Event> = (0..100).map(|at| target("192.0.2.1", 22, at)).collect();
    events.extend((100..103).map(|at| target("192.0.2.1", 80 + at as u16, at)));
    assert_eq!(house.epoch(MINUTE, &events), NOTHING);
    let fifth = target("192.0.2.2", 22, 200);
    assert_eq!(house.epoch(MINUTE, &[fifth]), ["raised 2001:db8:0:9:: 5 of 5"]);
    assert_eq!(house.told[0].about, ioc_model::rule::AlertAbout::Network);
}

#[test]
fn a_rule_that_counts_something_else_begins_anew_and_one_that_is_gone_clears() {
    let mut house = House::new(1, guessing());
    assert_eq!(house.epoch(0, &attempts(0..4, 1)), NOTHING);
    let other = Counting { severity: Some(Severity::NotRated), ..counting(Count::Attempts, CountBy::From) };
    house.decoder = pack("two", vec![("guessing", other)]);
    assert_eq!(house.epoch(10, &attempts(4..8, 1)), NOTHING);
    assert_eq!(house.epoch(10, &attempts(8..9, 1)), ["raised 203.0.113.30 5 of 5"]);
    house.decoder = pack("three", Vec::new());
    assert_eq!(house.epoch(20, &[]), ["cleared 203.0.113.30"]);
    // Nobody took it on, so it is still there to be taken on.
    let number = house.told[0].key.number;
    assert_eq!(house.acknowledge(30, SOMEBODY, number), Some(true));
}

#[test]
fn bound_a_flood_of_addresses_is_forgotten_and_counted_and_who_is_seen_often_is_found() {
    let mut house = House::new(1, guessing());
    let most = (watch::SUSPECTS * usize::from(SHARDS.0)) as u32;
    let flood = |from: u32, number: u32| -> Vec<Event> {
        (from..from + number)
            .map(|address| attempt(&std::net::Ipv4Addr::from(address).to_string(), 1, 1))
            .collect()
    };
    assert_eq!(house.epoch(MINUTE, &flood(0x0a00_0000, most)), NOTHING);
    let kept = |house: &House| house.workers[0].watches.values().map(Watch::len).collect::<Vec<_>>();
    assert!(house.forgotten < u64::from(most) / 4);
    let before = house.forgotten;
    assert_eq!(house.epoch(MINUTE, &flood(0x0b00_0000, 1_000)), NOTHING);
    assert!(house.forgotten >= before + 500, "{before}, {}", house.forgotten);
    assert!(kept(&house).iter().all(|kept| *kept <= watch::SUSPECTS));
    assert_eq!(house.epoch(2 * MINUTE, &attempts(60_000..60_005, 1)), ["raised 203.0.113.30 5 of 5"]);
    // All of it goes with the clock.
    assert_eq!(house.epoch(3 * 60 * MINUTE, &[]), ["cleared 203.0.113.30"]);
    assert_eq!(house.epoch(6 * 60 * MINUTE, &[]), NOTHING);
    assert_eq!(kept(&house), [1]);
}

#[test]
fn bound_sightings_of_one_and_open_alerts_of_all_are_so_many_and_no_more() {
    let slow = Counting { reach: 200, ..counting(Count::Targets, CountBy::From) };
    let mut house = House::new(1, pack("one", vec![("scan", slow)]));
    let target = |port: i64, at: i64| Event {
        to: Endpoint { address: one_spelling("192.0.2.1"), port: Some(port as u16) },
        ..attempt(SOMEBODY, at, at)
    };
    // The same few again and again do not push out those that are different.
    let events: Vec<Event> =
        (0..5_000).map(|at| target(if at % 20 == 0 { 1_000 + at / 20 } else { at % 7 }, at)).collect();
    assert_eq!(house.epoch(MINUTE, &events), ["raised 203.0.113.30 200 of 200"]);

    let mut house = House::new(
        1,
        pack("one", vec![("guessing", Counting { reach: 1, ..counting(Count::Attempts, CountBy::From) })]),
    );
    let events: Vec<Event> = (0..1_000_u32)
        .map(|address| attempt(&std::net::Ipv4Addr::from(0x0a00_0000 + address).to_string(), 1, 1))
        .collect();
    let raised = house.epoch(MINUTE, &events).len();
    assert_eq!(raised, watch::OPEN * usize::from(SHARDS.0));
    assert_eq!(house.forgotten, (1_000 - raised) as u64, "each that was not raised is told of");
}

#[test]
fn batch_what_a_backlog_brings_is_forgotten_by_when_it_was_heard() {
    // Three hours after it came, one after the other and at once.
    let behind = 180 * MINUTE;
    let at_once = House::new(1, guessing()).epoch(behind, &attempts(0..5, MINUTE));
    let mut house = House::new(1, guessing());
    let mut told = house.epoch(behind, &attempts(0..3, MINUTE));
    told.extend(house.epoch(behind + 1_000, &attempts(3..5, MINUTE)));
    assert_eq!(told, ["raised 203.0.113.30 5 of 5 over"]);
    assert_eq!(told, at_once);
}

#[test]
fn what_was_over_before_the_next_came_is_cleared_before_that_is_judged() {
    let mut house = House::new(1, guessing());
    assert_eq!(house.epoch(5, &attempts(0..5, 1)), ["raised 203.0.113.30 5 of 5"]);
    // Nothing ran for two hours; the next attempt is one, and not the alert going on.
    let stop = 120 * MINUTE;
    assert_eq!(house.epoch(stop, &[attempt(SOMEBODY, stop, stop)]), ["cleared 203.0.113.30"]);
    let more: Vec<Event> = (1..5).map(|at| attempt(SOMEBODY, stop + at, stop + at)).collect();
    assert_eq!(house.epoch(stop + 5, &more), ["recurred 203.0.113.30 5 of 5"]);
}

#[test]
fn bound_an_alert_nobody_took_on_gives_its_place_when_it_is_over_and_that_is_told() {
    let one = Counting { reach: 1, ..counting(Count::Attempts, CountBy::From) };
    let mut house = House::new(1, pack("one", vec![("guessing", one)]));
    // All of one virtual shard: as many as may be open, one after the other.
    let of_one = (0..u32::MAX).map(|address| std::net::Ipv4Addr::from(0x0a00_0000 + address).to_string());
    let shard = SHARDS.of("10.0.0.0");
    let mut hosts = of_one.filter(|host| SHARDS.of(host) == shard);
    let first: Vec<String> = hosts.by_ref().take(watch::OPEN - 1).collect();
    let events: Vec<Event> = (0..).zip(&first).map(|(at, host)| attempt(host, at, at)).collect();
    assert_eq!(house.epoch(MINUTE, &events).len(), watch::OPEN - 1);
    assert_eq!(house.epoch(60 * MINUTE, &[]).len(), watch::OPEN - 1, "all are over");
    let mut told = Vec::new();
    for (at, host) in (0..).zip(hosts.take(3)) {
        let at = 60 * MINUTE + at;
        told.extend(house.epoch(at, &[attempt(&host, at, at)]));
    }
    assert_eq!(told.iter().filter(|told| told.starts_with("raised ")).count(), 3, "{told:?}");
    assert_eq!(house.forgotten, 0);
    let gave: Vec<AlertResult> =
        house.told.iter().filter(|told| told.change == AlertChange::Acknowledged).cloned().collect();
    let who: Vec<&str> = gave.iter().map(|told| &*told.key.subject).collect();
    assert_eq!(who, [&*first[0], &*first[1], &*first[2]], "those that are over longest");
    assert!(gave.iter().all(|told| &*told.user == "ioc" && !told.note.is_empty() && !told.active));
    assert_eq!(house.acknowledge(61 * MINUTE, &first[0], gave[0].key.number), Some(false), "it was taken on");
    assert_eq!(house.acknowledge(61 * MINUTE, &first[9], gave[0].key.number), Some(true), "this one was not");
}

proptest! {
    /// Any events, in any epochs of one clock, with any number of workers and a checkpoint anywhere.
    #[test]
    fn replay_and_batch_what_is_told_does_not_depend_on_workers_epochs_or_checkpoints(
        events in prop::collection::vec((0..4_u8, 0..40_i64, 0..3_u16), 1..120),
        cuts in prop::collection::btree_set(0..120_usize, 0..8),
        workers in 1..4_usize,
        stop in 0..9_usize,
    ) {
        let rules = || pack("one", vec![
            ("guessing", counting(Count::Attempts, CountBy::From)),
            ("scan", Counting { reach: 3, ..counting(Count::Targets, CountBy::Network) }),
        ]);
        let events: Vec<Event> = (0..).zip(events).map(|(arrival, (host, at, port))| Event {
            to: Endpoint { address: one_spelling("192.0.2.1"), port: Some(port) },
            ..attempt(&format!("203.0.113.{host}"), at * 30_000, 20 * MINUTE + arrival)
        }).collect();
        let mut whole = House::new(1, rules());
        let _ = whole.epoch(20 * MINUTE, &events);
        let _ = whole.epoch(30 * MINUTE, &[]);
        let mut cut = House::new(workers, rules());
        let mut from = 0;
        for (number, to) in cuts.into_iter().chain([120]).enumerate() {
            let to = to.min(events.len());
            let _ = cut.epoch(20 * MINUTE, &events[from.min(to)..to]);
            from = from.max(to);
            if number == stop {
                cut = cut.again(workers % 3 + 1);
            }
        }
        let _ = cut.epoch(30 * MINUTE, &[]);
        let told = |house: House| {
            let mut told = house.told;
            // Epochs are arranged each for itself.
            told.sort_by_key(|told| (told.key.clone(), told.change != AlertChange::Raised));
            told
        };
        prop_assert_eq!(told(whole), told(cut));
    }
}
