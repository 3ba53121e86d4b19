//! The ledger against a recomputation with pen and paper, and the cases of the field.
//!
//! The recomputation shares no code with it: it holds all messages in a list, and the deadlines of the four months it knows
//! as they stand in a calendar on the wall.

use std::sync::Arc;

use ioc_model::{
    form::{Owner, PeriodKind},
    names::Names,
    obligation::{Exception, Owes, Reckoned},
    pack::Pack,
    place::{Place, PlaceKey, PlaceKind},
    position::{Offset, Position},
    rule::{AlertChange, AlertKey},
    text::Text,
    time::ReceivedAt,
};
use ioc_testing::{form, obligation, reminders};
use proptest::prelude::*;

use super::*;

const COMMUNES: [&str; 2] = ["25486", "25489"];

/// A moment of the local clock, in Vietnam.
fn at(local: &str) -> i64 {
    format!("{local}+07:00").parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

fn month(label: &str) -> Period {
    Period::parse(PeriodKind::AdminMonth, label).unwrap()
}

fn place(code: &str) -> Place {
    Place {
        key: PlaceKey { code: code.to_owned(), valid_from: jiff::civil::date(2025, 7, 1) },
        valid_to: None,
        kind: PlaceKind::Commune,
        name: Text::default(),
        parent: None,
        area_km2: None,
        point: None,
    }
}

/// Two communes owe a form two working days behind the 14th, the health office one five days behind the month.
fn pack() -> Pack {
    let office = Owes::Agencies(vec!["so-yt".to_owned()]);
    Pack {
        places: COMMUNES.map(place).into(),
        forms: [
            form("ktxh-x", PeriodKind::AdminMonth, Owner::Place),
            form("yt-thang", PeriodKind::Month, Owner::Agency("so-yt".to_owned())),
        ]
        .into(),
        obligations: [
            obligation("monthly", "ktxh-x", Owes::Places, "2026-09-01", (Reckoned::WorkingDays(2), "17:00")),
            obligation("health", "yt-thang", office, "2026-09-01", (Reckoned::Days(5), "17:00")),
        ]
        .into(),
        rules: [reminders("twice", 2)].into(),
        ..ioc_testing::pack("one", Vec::new(), Vec::new(), Vec::new())
    }
}

fn decoder(pack: Pack) -> Decoder {
    Decoder::new(Arc::new(Pack { timezone: "Asia/Ho_Chi_Minh".to_owned(), ..pack }), Names::default())
        .unwrap()
}

fn filed(form: &str, agency: &str, period: Period, received: i64, outcome: Outcome) -> Filed {
    let position = Position { offset: Offset(received.unsigned_abs()), ..Position::default() };
    let arrival = Arrival { received_at: ReceivedAt(received), position, row: 0 };
    Filed { form: Name::new(form), agency: Name::new(agency), period, arrival, outcome }
}

const CHANGED: Outcome = Outcome::Accepted { changed: true };
const SAME: Outcome = Outcome::Accepted { changed: false };

/// A ledger, what it said last of each obligation, and all that happened to alerts.
struct House {
    decoder: Decoder,
    ledger: Ledger,
    current: BTreeMap<(Name, Name, Period), Obligation>,
    said: usize,
    alerts: Vec<(i64, AlertChange, u32)>,
}

impl House {
    fn new(pack: Pack) -> House {
        let (decoder, ledger) = (decoder(pack), Ledger::default());
        House { decoder, ledger, current: BTreeMap::new(), said: 0, alerts: Vec::new() }
    }

    fn epoch(&mut self, now: i64, filed: Vec<Filed>) {
        let results = self.ledger.take(Now(now), &self.decoder, filed, Vec::new());
        for obligation in results.facts.obligations {
            let key = (obligation.form, obligation.agency, obligation.period);
            self.said += 1;
            let before = self.current.insert(key, obligation.clone());
            assert_eq!(before.is_some(), obligation.replaces, "{obligation:?}");
        }
        let of = |alert: ioc_model::results::AlertResult| {
            let counted = alert.evidence.and_then(|evidence| evidence.value).unwrap_or_default();
            (now, alert.change, counted as u32)
        };
        self.alerts.extend(results.facts.alerts.into_iter().map(of));
    }

    /// Writes it down and reads it again, as a process does that is killed.
    fn again(&mut self) {
        self.ledger = Ledger::load(&self.ledger.record().unwrap()).unwrap();
    }

    fn of(&self, form: &str, agency: &str, period: Period) -> Option<&Obligation> {
        self.current.get(&(Name::new(form), Name::new(agency), period))
    }

    fn state(&self, form: &str, agency: &str, period: Period) -> Option<&'static str> {
        self.of(form, agency, period).map(|obligation| obligation.state.word())
    }
}

#[test]
fn the_second_upload_is_on_time_and_revised_once_and_the_empty_one_is_missing_after_one_attempt() {
    let mut house = House::new(pack());
    let (october, november) = (month("2026-10"), month("2026-11"));
    house.epoch(at("2026-09-20T08:00"), Vec::new());
    assert_eq!(house.state("ktxh-x", "25486", october), Some("not_due"));
    assert_eq!(house.state("ktxh-x", "25486", november), None, "it has not opened");
    let due_at = house.of("ktxh-x", "25486", october).unwrap().due_at;
    assert_eq!(due_at.0, at("2026-10-16T17:00"));
    house.epoch(at("2026-10-15T00:00"), Vec::new());
    assert_eq!(house.state("ktxh-x", "25489", october), Some("due"));
    assert_eq!(house.state("ktxh-x", "25489", november), Some("not_due"));

    let steps = [
        ("2026-10-15T09:00", "25489", Outcome::Refused),
        ("2026-10-16T16:40", "25486", CHANGED),
        ("2026-10-20T09:00", "25486", CHANGED),
        ("2026-10-21T10:00", "25486", SAME),
    ];
    for (moment, agency, outcome) in steps {
        house.epoch(at(moment), vec![filed("ktxh-x", agency, october, at(moment), outcome)]);
        if moment == "2026-10-15T09:00" {
            assert_eq!(
                house.state("ktxh-x", agency, october),
                Some("rejected"),
                "it believes that it is done"
            );
        }
        house.again();
    }
    let commune = house.of("ktxh-x", "25486", october).unwrap();
    assert_eq!((commune.state, commune.revisions, commune.rejected), (ObligationState::OnTime, 1, 0));
    assert_eq!(commune.first.unwrap().received_at.0, at("2026-10-16T16:40"));
    assert_eq!(commune.last.unwrap().received_at.0, at("2026-10-20T09:00"));
    assert_eq!((commune.late_seconds(), commune.reminders), (None, 0));
    let neighbour = house.of("ktxh-x", "25489", october).unwrap();
    assert_eq!((neighbour.state, neighbour.rejected, neighbour.reminders), (ObligationState::Missing, 1, 1));

    // Begun from October's file, for November: refused, and November is still due.
    let late = at("2026-11-16T08:30");
    house.epoch(late, vec![filed("ktxh-x", "25486", october, late, Outcome::Refused)]);
    assert_eq!(house.state("ktxh-x", "25486", november), Some("due"));
    assert_eq!(house.of("ktxh-x", "25486", november).unwrap().due_at.0, at("2026-11-17T17:00"));
    let october_of = house.of("ktxh-x", "25486", october).unwrap();
    assert_eq!((october_of.state, october_of.revisions), (ObligationState::OnTime, 1));
}

#[test]
fn a_report_is_late_by_what_was_received_and_its_corrections_make_it_no_later() {
    let mut house = House::new(pack());
    let october = Period::parse(PeriodKind::Month, "2026-10").unwrap();
    house.epoch(at("2026-11-05T17:00"), Vec::new());
    assert_eq!(house.state("yt-thang", "so-yt", october), Some("due"), "what arrives now is in time");
    house.epoch(at("2026-11-05T17:00:00.001"), Vec::new());
    assert_eq!(house.state("yt-thang", "so-yt", october), Some("missing"));
    for moment in ["2026-11-06T08:15", "2026-11-09T10:00", "2026-11-12T10:00"] {
        house.epoch(at(moment), vec![filed("yt-thang", "so-yt", october, at(moment), CHANGED)]);
    }
    let obligation = house.of("yt-thang", "so-yt", october).unwrap();
    assert_eq!(obligation.late_seconds(), Some((15 * 60 + 15) * 60));
    assert_eq!(
        (obligation.state.word(), obligation.revisions, obligation.reminders),
        ("late", 2, 2),
        "September is the first"
    );
}

#[test]
fn nothing_is_said_again_while_nothing_changes() {
    let mut house = House::new(pack());
    house.epoch(at("2026-10-15T00:00"), Vec::new());
    let said = house.said;
    for minute in 0..60 {
        house.epoch(at("2026-10-15T00:01") + minute * 60_000, Vec::new());
        house.again();
    }
    assert_eq!(house.said, said);
}

#[test]
fn so_many_missed_obligations_of_a_year_raise_an_alert_once_and_it_ends_with_the_year() {
    let mut house = House::new(pack());
    let missed = [at("2026-10-17T00:00"), at("2026-11-18T00:00"), at("2026-12-17T00:00")];
    missed.iter().for_each(|now| house.epoch(*now, Vec::new()));
    // Both communes miss the second of two, and so does the office, of September and October.
    let raised: Vec<i64> = house.alerts.iter().map(|(now, ..)| *now).collect();
    assert_eq!(raised, [missed[1]; 3]);
    assert!(house.alerts.iter().all(|(_, change, count)| (*change, *count) == (AlertChange::Raised, 2)));
    assert_eq!(house.of("ktxh-x", "25486", month("2026-12")).unwrap().reminders, 3);
    house.again();
    house.epoch(at("2027-01-01T00:00"), Vec::new());
    let ended = house
        .alerts
        .iter()
        .filter(|(now, change, _)| (*now, *change) == (at("2027-01-01T00:00"), AlertChange::Cleared));
    assert_eq!(ended.count(), 3);
}

#[test]
fn a_message_that_turns_out_to_have_come_in_time_counts_no_reminder_and_somebody_takes_the_alert_on() {
    let mut house = House::new(pack());
    let (october, november) = (month("2026-10"), month("2026-11"));
    house.epoch(at("2026-11-18T00:00"), Vec::new());
    assert_eq!(house.alerts.len(), 3);
    let action = Action {
        alert: AlertKey { rule: "twice".into(), subject: "25486".into(), number: 1 },
        user: "trực ban".into(),
        note: "đã gọi".into(),
        feed: Name::from("operator"),
        sender: Name::from("page"),
        arrival: Arrival::default(),
    };
    let unknown = Action { alert: AlertKey { number: 7, ..action.alert.clone() }, ..action.clone() };
    let now = Now(at("2026-11-18T08:00"));
    let results = house.ledger.take(now, &house.decoder, Vec::new(), vec![action.clone(), action, unknown]);
    let effective: Vec<bool> = results.facts.actions.iter().map(|action| action.effective).collect();
    assert_eq!(effective, [true, false, false]);
    assert_eq!(results.facts.alerts.len(), 1);
    // It had been refused by mistake and is read again.
    let again = filed("ktxh-x", "25486", october, at("2026-10-16T09:00"), CHANGED);
    house.epoch(at("2026-11-19T08:00"), vec![again]);
    assert_eq!(house.of("ktxh-x", "25486", october).unwrap().state, ObligationState::OnTime);
    assert_eq!(house.of("ktxh-x", "25486", november).unwrap().reminders, 1, "the second is the first now");
    assert_eq!(house.alerts.last().unwrap().1, AlertChange::Cleared);
}

#[test]
fn what_was_taken_back_whole_is_owed_again_and_reminded_until_something_is_said_anew() {
    let mut house = House::new(pack());
    let october = month("2026-10");
    let send = |house: &mut House, moment: &str, outcome: Outcome, anything: bool| {
        let of = |outcome| filed("ktxh-x", "25486", october, at(moment), outcome);
        house.epoch(at(moment), vec![of(outcome), of(Outcome::Stands { anything })]);
        house.again();
        house.of("ktxh-x", "25486", october).unwrap().clone()
    };
    let sent = send(&mut house, "2026-10-15T09:00", CHANGED, true);
    assert_eq!((sent.state, sent.revisions), (ObligationState::OnTime, 0));
    let back = send(&mut house, "2026-10-15T10:00", Outcome::TookBack, false);
    assert_eq!((back.state, back.first, back.revisions), (ObligationState::Due, None, 1));
    house.epoch(at("2026-10-16T17:00:00.001"), Vec::new());
    let missing = house.of("ktxh-x", "25486", october).unwrap();
    assert_eq!(
        (missing.state, missing.reminders, missing.late_seconds()),
        (ObligationState::Missing, 1, None)
    );
    let anew = send(&mut house, "2026-11-02T08:00", CHANGED, true);
    assert_eq!((anew.state, anew.revisions, anew.reminders), (ObligationState::OnTime, 2, 0));
    assert_eq!(anew.first.unwrap().received_at.0, at("2026-10-15T09:00"));
    let said = house.said;
    let again = filed("ktxh-x", "25486", october, at("2026-11-03T08:00"), Outcome::Stands { anything: true });
    house.epoch(at("2026-11-03T08:00"), vec![again]);
    assert_eq!(house.said, said, "that it stands is no news");
}

#[test]
fn another_pack_asks_the_same_messages_anew_and_says_what_is_not_owed_any_more() {
    let mut house = House::new(pack());
    let (october, of_october) = (month("2026-10"), Period::parse(PeriodKind::Month, "2026-10").unwrap());
    let (met, late) = (at("2026-10-16T16:40"), at("2026-11-08T08:00"));
    house.epoch(met, vec![filed("ktxh-x", "25486", october, met, CHANGED)]);
    house.epoch(late, vec![filed("yt-thang", "so-yt", of_october, late, CHANGED)]);
    assert_eq!(house.state("yt-thang", "so-yt", of_october), Some("late"));
    let mut other = pack();
    other.version = PackVersion("two".to_owned());
    let _ = other.obligations.remove("monthly");
    let moved = Exception::Due(jiff::civil::date(2026, 11, 10).at(17, 0, 0, 0));
    let health = other.obligations.get_mut("health").unwrap();
    let _ = health.exceptions.insert(of_october, moved);
    house.decoder = decoder(other);
    house.epoch(late + 60_000, Vec::new());
    assert_eq!(house.state("yt-thang", "so-yt", of_october), Some("on_time"));
    assert_eq!(house.state("ktxh-x", "25486", october), Some("not_owed"));
    let said = house.said;
    house.epoch(late + 120_000, Vec::new());
    assert_eq!(house.said, said, "once");
    // What came is not forgotten.
    house.decoder = decoder(Pack { version: PackVersion("three".to_owned()), ..pack() });
    house.epoch(late + 180_000, Vec::new());
    assert_eq!(house.state("ktxh-x", "25486", october), Some("on_time"));
}

#[test]
fn what_comes_before_its_period_begins_meets_its_obligation_and_what_nobody_owes_meets_none() {
    let mut house = House::new(pack());
    let now = at("2026-09-20T08:00");
    let december = month("2026-12");
    let early = filed("ktxh-x", "25486", december, now, CHANGED);
    let nobodys = [
        filed("ktxh-x", "so-xh", month("2026-10"), now, CHANGED),
        filed("none", "25486", december, now, SAME),
    ];
    house.epoch(now, [vec![early], nobodys.into()].concat());
    assert_eq!(house.state("ktxh-x", "25486", december), Some("on_time"));
    assert_eq!(house.state("ktxh-x", "so-xh", month("2026-10")), None);
    assert_eq!(house.state("none", "25486", december), None);
    // The first message of a period may come years behind.
    let years_later = at("2029-03-01T08:00");
    house.epoch(years_later, vec![filed("ktxh-x", "25489", month("2026-10"), years_later, CHANGED)]);
    let late = house.of("ktxh-x", "25489", month("2026-10")).unwrap();
    assert_eq!(late.late_seconds(), Some((years_later - at("2026-10-16T17:00")) / 1_000));
}

#[test]
fn bound_ten_years_of_a_form_and_a_hundred_communes_are_half_a_megabyte() {
    let mut ledger = Ledger::default();
    let decoder = decoder(pack());
    let now = at("2036-10-20T08:00");
    let mut periods = vec![month("2026-10")];
    while periods.len() < 120 {
        periods.extend(periods.last().unwrap().next());
    }
    let of_period = |period: &Period| {
        let received =
            at("2026-10-16T09:00") + i64::from((period.end - month("2026-10").end).get_days()) * 86_400_000;
        filed("ktxh-x", "25486", *period, received, CHANGED)
    };
    let _ = ledger.take(Now(now), &decoder, periods.iter().map(of_period).collect(), Vec::new());
    let bytes = ledger.accounts[&Name::from("25486")].size();
    assert!(bytes < 120 * 45, "{bytes} bytes of 120 obligations");
    assert!(bytes > 120 * 10, "{bytes} bytes cannot be all");
}

/// A message as it is made up: whose, of which month, when, and what became of it.
type Made = (u8, u8, i64, u8);

/// The months of the recomputation and their deadlines.
const MONTHS: [(&str, &str); 4] = [
    ("2026-10", "2026-10-16T17:00"),
    ("2026-11", "2026-11-17T17:00"),
    ("2026-12", "2026-12-16T17:00"),
    ("2027-01", "2027-01-18T17:00"),
];

/// A message that takes all back.
const TOOK_BACK: u8 = 3;

/// Whether anything stands of what came of an obligation.
fn stands(of: &[&Made]) -> bool {
    of.iter().filter(|of| of.3 > 0).max_by_key(|of| of.2).is_some_and(|last| last.3 != TOOK_BACK)
}

/// What somebody says who goes over all messages once: state, revisions, refused, reminders.
fn with_pen_and_paper(made: &[Made], now: i64) -> BTreeMap<(usize, usize), (&'static str, u32, u32, u32)> {
    let mut by_key = BTreeMap::new();
    for commune in 0..COMMUNES.len() {
        let mut missed_in = BTreeMap::new();
        for (month, (label, due)) in MONTHS.iter().enumerate() {
            let period = self::month(label);
            let (begins, ends) =
                (at(&format!("{}T00:00", period.start)), at(&format!("{}T00:00", period.end)));
            let (due, over) = (at(due), ends + 86_400_000);
            let mut mine: Vec<&Made> =
                made.iter().filter(|of| (usize::from(of.0), usize::from(of.1)) == (commune, month)).collect();
            mine.sort_by_key(|of| of.2);
            let refused = mine.iter().filter(|of| of.3 == 0).count() as u32;
            let accepted: Vec<&&Made> = mine.iter().filter(|of| matches!(of.3, 1 | 2)).collect();
            let took_back = mine.iter().filter(|of| of.3 == TOOK_BACK).count() as u32;
            if begins > now && accepted.is_empty() && refused == 0 {
                continue;
            }
            let state = match accepted.first().filter(|_| stands(&mine)) {
                Some(first) if first.2 <= due => "on_time",
                Some(_) => "late",
                None if now > due => "missing",
                None if refused > 0 => "rejected",
                None if now >= over => "due",
                None => "not_due",
            };
            let revisions = took_back + accepted.iter().skip(1).filter(|of| of.3 > 1).count() as u32;
            let reminders = match state {
                "late" | "missing" => {
                    let year = &MONTHS[month].1[..4];
                    let count: &mut u32 = missed_in.entry(year).or_default();
                    *count += 1;
                    *count
                }
                _ => 0,
            };
            let _ = by_key.insert((commune, month), (state, revisions, refused, reminders));
        }
    }
    by_key
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// BATCH and REPLAY: messages are worked through in any order behind their arrivals, epochs are cut anywhere, and the
    /// process is killed between any two.
    #[test]
    fn batch_obligations_stand_as_one_gets_who_goes_over_all_messages_once(
        made in proptest::collection::vec((0u8..2, 0u8..4, 0i64..130, 0u8..4), 0..24),
        delays in proptest::collection::vec(0i64..40, 24),
        kills in proptest::collection::vec(any::<bool>(), 40),
    ) {
        let begin = at("2026-09-20T00:00");
        let day = 86_400_000;
        // Arrivals differ, as offsets do.
        let made: Vec<Made> = (0..)
            .zip(made)
            .map(|(number, (commune, month, arrived, kind))| (commune, month, begin + arrived * day + number, kind))
            .collect();
        let mut worked: Vec<(i64, &Made)> =
            made.iter().zip(delays).map(|(made, delay)| (made.2 + delay * day, made)).collect();
        worked.sort_by_key(|(at, _)| *at);
        let mut pack = pack();
        let _ = pack.obligations.remove("health");
        // As the rule asks, its first month begins on the 15th.
        let mut house = House::new(pack);
        let last = begin + 200 * day;
        let mut now = begin;
        let mut kills = kills.into_iter().cycle();
        let outcome = |kind: u8| [Outcome::Refused, SAME, CHANGED, Outcome::TookBack][usize::from(kind)];
        while now <= last {
            let next = now + 5 * day;
            let known: Vec<Made> = worked.iter().filter(|(at, _)| *at < next).map(|(_, of)| **of).collect();
            let mut due: Vec<Filed> = worked
                .iter()
                .filter(|(at, _)| (now..next).contains(at))
                .map(|(_, of)| {
                    let period = month(MONTHS[usize::from(of.1)].0);
                    filed("ktxh-x", COMMUNES[usize::from(of.0)], period, of.2, outcome(of.3))
                })
                .collect();
            let told: BTreeSet<(Name, Period)> =
                due.iter().filter(|of| of.outcome != Outcome::Refused).map(|of| (of.agency, of.period)).collect();
            // What the keeper of the form says at the end of the epoch.
            for (agency, period) in told {
                let is_it = |of: &&Made| {
                    COMMUNES[usize::from(of.0)] == agency.as_str() && month(MONTHS[usize::from(of.1)].0) == period
                };
                let anything = stands(&known.iter().filter(is_it).collect::<Vec<_>>());
                due.push(filed("ktxh-x", agency.as_str(), period, next - 1, Outcome::Stands { anything }));
            }
            house.epoch(next - 1, due);
            if kills.next() == Some(true) {
                house.again();
            }
            let expected = with_pen_and_paper(&known, next - 1);
            for (commune, agency) in COMMUNES.iter().enumerate() {
                for (number, (label, _)) in MONTHS.iter().enumerate() {
                    let found = house.of("ktxh-x", agency, month(label)).map(|it| {
                        (it.state.word(), it.revisions, it.rejected, it.reminders)
                    });
                    prop_assert_eq!(found, expected.get(&(commune, number)).copied(), "{} {}", agency, label);
                }
            }
            now = next;
        }
    }
}
