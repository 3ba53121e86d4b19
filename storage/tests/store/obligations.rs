//! What agencies owe, as it is stored and asked for.

use ioc_model::{
    asker::{Asker, Sight},
    epoch::Epoch,
    fact::Ranks,
    form::{ObligationCursor, ObligationFilter, ObligationKey, OwedPeriod, Owing, Period, PeriodKind},
    name::Name,
    position::{Arrival, LogNumber, Offset, Partition, Position},
    results::{EpochResults, Facts, Obligation, ObligationState, Receipt},
    time::{EventTime, Now, ReceivedAt},
};

use crate::{sample, server::TestServer};

const DAY: i64 = 86_400_000;

fn noon() -> i64 {
    sample::time("2026-11-18T05:00:00Z").0
}

fn arrival(offset: u64, at: i64) -> Arrival {
    let position = Position { log: LogNumber(1), partition: Partition(0), offset: Offset(offset) };
    Arrival { received_at: ReceivedAt(at), position, row: 0 }
}

fn owed(agency: &str, month: i16, state: ObligationState, days: i64) -> Obligation {
    let due_at = EventTime(noon() + days * DAY);
    let came = matches!(state, ObligationState::OnTime | ObligationState::Late);
    let first =
        came.then(|| arrival(7, due_at.0 + if state == ObligationState::Late { 54_900_000 } else { -1 }));
    Obligation {
        form: Name::from("ktxh-x"),
        agency: Name::from(agency),
        place_from: None,
        period: Period::of(PeriodKind::AdminMonth, 2026, month).unwrap(),
        owed_from: EventTime(due_at.0 - 3 * DAY),
        due_at,
        state,
        first,
        last: first,
        revisions: 0,
        rejected: 0,
        last_rejected: None,
        reminders: u32::from(state.is_missed()),
        said_at: Now(noon() - DAY),
        replaces: false,
    }
}

fn epoch(number: u64, obligations: Vec<Obligation>, receipts: Vec<Receipt>) -> EpochResults {
    let mut facts = Facts { obligations, receipts, ..Facts::default() };
    facts.arrange(&mut Ranks::default());
    EpochResults {
        epoch: Epoch(number),
        now: Now(noon() + 1_000 * number as i64),
        manifest_hash: [number as u8; 32],
        facts,
        ..EpochResults::default()
    }
}

fn refused() -> Obligation {
    Obligation {
        rejected: 2,
        last_rejected: Some(arrival(9, noon() - DAY)),
        ..owed("25486", 12, ObligationState::Rejected, 3)
    }
}

/// What one was before it was missed, and five more in every way to stand; then the first is met, late and corrected.
async fn filled() -> TestServer {
    let server = TestServer::start().await;
    let receipt = sample::results(Epoch(1), 0).facts.receipts.remove(0);
    let about =
        |offset, period| Receipt { period, arrival: arrival(offset, noon() - DAY), ..receipt.clone() };
    let first = vec![
        owed("25486", 11, ObligationState::Missing, -1),
        owed("25489", 11, ObligationState::Missing, -2),
        owed("so-tc", 11, ObligationState::OnTime, -2),
        owed("25489", 12, ObligationState::Due, 5),
        owed("so-tc", 12, ObligationState::NotDue, 30),
        refused(),
    ];
    let december = first[5].period;
    let receipts = vec![about(9, None), about(10, Some(december)), about(11, None)];
    server.sink().write(&epoch(1, first, receipts), false).await.unwrap();
    let met = Obligation {
        revisions: 1,
        last: Some(arrival(8, noon())),
        said_at: Now(noon()),
        replaces: true,
        ..owed("25486", 11, ObligationState::Late, -1)
    };
    server.sink().write(&epoch(2, vec![met], Vec::new()), false).await.unwrap();
    server
}

fn said(owed: &[Obligation]) -> Vec<(String, &'static str)> {
    owed.iter().map(|one| (one.agency.to_string(), one.state.word())).collect()
}

#[tokio::test]
async fn what_is_open_comes_first_page_by_page_and_what_comes_back_is_what_was_stored() {
    let server = filled().await;
    let everyone = Asker::everyone();
    let any = ObligationFilter::default();
    let all = server.store.obligations(&everyone, &any, None, 10).await.unwrap();
    let expected = [
        ("25489", "missing"),
        ("25486", "rejected"),
        ("25489", "due"),
        ("25486", "late"),
        ("so-tc", "on_time"),
        ("so-tc", "not_due"),
    ];
    assert_eq!(said(&all), expected.map(|(agency, state)| (agency.to_owned(), state)));
    assert_eq!(all[1], refused());
    let late = &all[3];
    assert_eq!((late.late_seconds(), late.revisions), (Some(54_900), 1));
    assert_eq!((late.first.unwrap().position.offset.0, late.last.unwrap().received_at.0), (7, noon()));
    let mut read = Vec::new();
    let mut after = None;
    loop {
        let page = server.store.obligations(&everyone, &any, after.as_ref(), 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(ObligationCursor::from(last));
        read.extend(page);
    }
    assert_eq!(read, all);
    // Who owes what is the province's to see.
    let agency = Asker::of(Sight { feeds: [Name::from("reports")].into(), ..Sight::default() });
    assert!(server.store.obligations(&agency, &any, None, 10).await.unwrap().is_empty());
    let province = Asker::of(Sight { province: true, ..Sight::default() });
    assert_eq!(server.store.obligations(&province, &any, None, 10).await.unwrap(), all);
}

#[tokio::test]
async fn a_filter_leaves_what_it_names_and_a_moment_what_was_known_by_then() {
    let server = filled().await;
    let everyone = Asker::everyone();
    let november = Period::of(PeriodKind::AdminMonth, 2026, 11).unwrap();
    let some = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
    let any = ObligationFilter::default;
    for (of, number) in [
        (ObligationFilter { agencies: some(&["25486"]), ..any() }, 2),
        (ObligationFilter { forms: some(&["other"]), ..any() }, 0),
        (ObligationFilter { forms: some(&[]), ..any() }, 0),
        (ObligationFilter { periods: Some(vec![november]), ..any() }, 3),
        (ObligationFilter { states: Some(vec![ObligationState::Late, ObligationState::Due]), ..any() }, 2),
        (ObligationFilter { due: Some((EventTime(noon()), EventTime(noon() + 9 * DAY))), ..any() }, 2),
    ] {
        let found = server.store.obligations(&everyone, &of, None, 10).await.unwrap();
        assert_eq!(found.len(), number, "{of:?}");
    }
    let between = Some(Now(noon() + 1_500));
    let then = ObligationFilter { agencies: some(&["25486"]), at: between, ..any() };
    let then = server.store.obligations(&everyone, &then, None, 10).await.unwrap();
    assert_eq!(said(&then), [("25486".to_owned(), "missing"), ("25486".to_owned(), "rejected")]);
    let refused = ObligationFilter { refused: true, ..any() };
    let refused = server.store.obligations(&everyone, &refused, None, 10).await.unwrap();
    assert_eq!(said(&refused), [("25486".to_owned(), "rejected")]);
}

#[tokio::test]
async fn who_owes_something_of_which_periods_and_since_when_is_known_in_one_look() {
    let server = filled().await;
    let everyone = Asker::everyone();
    // What nobody owes any more is no part of it, however early it was due.
    let let_off = Obligation { due_at: EventTime(0), ..owed("25999", 3, ObligationState::NotOwed, 0) };
    server.sink().write(&epoch(3, vec![let_off], Vec::new()), false).await.unwrap();
    let told = |owing: &Owing| -> (String, Vec<(String, u32, u32)>) {
        let period = |it: &OwedPeriod| (it.period.label(), it.owed, it.judged);
        (owing.agencies.join(" "), owing.periods.iter().map(period).collect())
    };
    let all = server.store.owing(&everyone, &ObligationFilter::default(), 10).await.unwrap();
    let periods = [("2026-12".to_owned(), 3, 0), ("2026-11".to_owned(), 3, 3)];
    assert_eq!(told(&all), ("25486 25489 so-tc".to_owned(), periods.to_vec()), "the newest first");
    assert_eq!(all.first_due, Some(EventTime(noon() - 2 * DAY)));
    let newest = server.store.owing(&everyone, &ObligationFilter::default(), 1).await.unwrap();
    assert_eq!(told(&newest).1, [("2026-12".to_owned(), 3, 0)]);
    // Of one agency the periods are its own, and whoever owes something is still there to be chosen.
    let november = Period::of(PeriodKind::AdminMonth, 2026, 11).unwrap();
    let of = ObligationFilter {
        agencies: Some(vec!["so-tc".to_owned()]),
        periods: Some(vec![november]),
        at: Some(Now(noon() + 1_500)),
        ..ObligationFilter::default()
    };
    let one = server.store.owing(&everyone, &of, 10).await.unwrap();
    assert_eq!(told(&one), ("25486 25489 so-tc".to_owned(), vec![("2026-11".to_owned(), 1, 1)]));
    let ward = Asker::of(Sight::default());
    let nothing = server.store.owing(&ward, &ObligationFilter::default(), 10).await.unwrap();
    assert_eq!(nothing, Owing::default());
}

#[tokio::test]
async fn it_is_summed_up_by_form_and_state_and_scored_by_agency_and_period() {
    let server = filled().await;
    let everyone = Asker::everyone();
    let any = ObligationFilter::default();
    let within = (EventTime(noon() - 36 * 3_600_000), EventTime(noon() + 9 * DAY));
    let soon = (EventTime(noon()), EventTime(noon() + 7 * DAY));
    let sums = server.store.obligation_sums(&everyone, &any, within, soon).await.unwrap();
    let sums: Vec<_> = sums
        .iter()
        .map(|sum| (sum.state.word(), sum.within, sum.before, sum.soon, sum.revised, sum.refused))
        .collect();
    let expected = [
        ("due", 1, 0, 1, 0, 0),
        ("late", 1, 0, 0, 1, 0),
        ("missing", 0, 1, 0, 0, 0),
        ("not_due", 0, 0, 0, 0, 0),
        ("on_time", 0, 1, 0, 0, 0),
        ("rejected", 1, 0, 1, 0, 2),
    ];
    assert_eq!(sums, expected);
    let periods = server.store.owed_periods(&everyone, &any, 10).await.unwrap();
    let periods: Vec<_> = periods.iter().map(|it| (it.period.label(), it.owed, it.judged)).collect();
    assert_eq!(periods, [("2026-12".to_owned(), 3, 0), ("2026-11".to_owned(), 3, 3)]);
    let november = Period::of(PeriodKind::AdminMonth, 2026, 11).unwrap();
    let of_november = ObligationFilter { periods: Some(vec![november]), ..ObligationFilter::default() };
    let scores = server.store.obligation_scores(&everyone, &of_november, 10).await.unwrap();
    let told: Vec<_> = scores.iter().map(|it| (it.agency.as_str(), it.score, it.reasons.join(" "))).collect();
    let expected = [
        ("25489", Some(0.0), "missing".to_owned()),
        ("25486", Some(0.0), "late revised".to_owned()),
        ("so-tc", Some(100.0), String::new()),
    ];
    assert_eq!(told, expected, "the worst first");
    assert_eq!(scores[1].median_late_seconds, Some(54_900));
    let then = ObligationFilter { at: Some(Now(noon() + 1_500)), ..of_november };
    let scores = server.store.obligation_scores(&everyone, &then, 10).await.unwrap();
    assert_eq!(scores.iter().filter(|score| score.missing == 1).count(), 2);
    let year = Some((EventTime(noon() - 300 * DAY), EventTime(noon() + 40 * DAY)));
    let of_year = ObligationFilter { due: year, ..ObligationFilter::default() };
    let reminders = server.store.reminders(&everyone, &of_year).await.unwrap();
    assert_eq!(reminders, [("25486".to_owned(), 1), ("25489".to_owned(), 1)]);
}

#[tokio::test]
async fn one_opens_to_all_that_was_said_of_it_and_the_messages_that_were_about_it() {
    let server = filled().await;
    let everyone = Asker::everyone();
    let key: ObligationKey = "ktxh-x~25486~admin_month~2026-11".parse().unwrap();
    let told = server.store.obligation_said(&everyone, &key, None).await.unwrap();
    assert_eq!(told.iter().map(|one| one.state.word()).collect::<Vec<_>>(), ["missing", "late"]);
    let then = server.store.obligation_said(&everyone, &key, Some(Now(noon() - 1))).await.unwrap();
    assert_eq!(then.len(), 1);
    let december: ObligationKey = "ktxh-x~25486~admin_month~2026-12".parse().unwrap();
    let offsets = |receipts: Vec<Receipt>| {
        receipts.iter().map(|receipt| receipt.arrival.position.offset.0).collect::<Vec<_>>()
    };
    let at = [arrival(9, noon() - DAY)];
    let attempts = server.store.attempts(&everyone, Some(&december), &at, 10).await.unwrap();
    assert_eq!(offsets(attempts), [9, 10], "those that say so, and those that are named");
    assert_eq!(offsets(server.store.attempts(&everyone, None, &at, 10).await.unwrap()), [9]);
    assert!(server.store.attempts(&everyone, None, &[], 10).await.unwrap().is_empty());
    // Where a message lies it arrived then and at no other moment.
    assert!(server.store.attempts(&everyone, None, &[arrival(9, noon())], 10).await.unwrap().is_empty());
    let other = Asker::of(Sight { province: true, ..Sight::default() });
    assert!(server.store.attempts(&other, Some(&december), &at, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_owed_of_one_period_is_read_of_that_and_not_of_all() {
    let server = TestServer::start().await;
    let of = |year: i16| Obligation {
        period: Period::of(PeriodKind::AdminMonth, year, 6).unwrap(),
        ..owed("25486", 6, ObligationState::OnTime, i64::from(year) - 2_100)
    };
    let all: Vec<Obligation> = (2010..2026).map(of).collect();
    let one = all[3].clone();
    server.sink().write(&epoch(1, all.clone(), Vec::new()), false).await.unwrap();
    let everyone = Asker::everyone();
    let found = async |of: ObligationFilter| {
        let before = server.parts_read().await;
        let found = server.store.obligations(&everyone, &of, None, 100).await.unwrap();
        (found.len(), server.parts_read().await - before)
    };
    let (every, of_every) = found(ObligationFilter::default()).await;
    let of_one = ObligationFilter { periods: Some(vec![one.period]), ..ObligationFilter::default() };
    let (only, of_only) = found(of_one).await;
    assert_eq!((every, only), (all.len(), 1));
    assert!(of_only < of_every / 2, "{of_only} of {of_every} parts");
    let before = server.parts_read().await;
    let said = server.store.obligation_said(&everyone, &ObligationKey::from(&one), None).await.unwrap();
    assert_eq!(said, [one]);
    let of_said = server.parts_read().await - before;
    assert!(of_said < of_every / 2, "{of_said} of {of_every} parts");
}
