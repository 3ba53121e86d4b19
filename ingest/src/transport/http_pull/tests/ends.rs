//! Where reading comes to an end: behind a page that is the last one, a circle, a refusal, a comparison that fails.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use ioc_bus::{
    Origin,
    clock::Clock,
    disk::{DiskLog, DiskLogConfig},
};
use tokio_util::sync::CancellationToken;

use super::{
    super::{
        answer::Said,
        listing::MOST_EMPTY,
        place::{At, Comparing, Pass},
    },
    model::{Scripted, asked, page},
    *,
};
use crate::{
    intake::Intake,
    transport::pull::{Cursor, Limit, Patience, Pull, Schedule},
};

/// Periods are asked for by the same address with `ky`.
fn compared(how: How, back: u32) -> HttpPullFeed {
    let compare = HttpCompare {
        // Once in a test.
        every: Millis::hours(24 * 365),
        url: "https://h.example/x?ky={period}".to_owned(),
        period: PeriodLength::Day,
        back,
        format: "%Y-%m-%d".to_owned(),
    };
    HttpPullFeed { compare: Some(compare), ..feed(how, true) }
}

#[test]
fn bound_a_comparison_that_fails_is_given_up_and_what_is_new_is_read() {
    for is_fault in [true, false] {
        let (has_more, refused) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (listing, asked_for) = (has_more.clone(), refused.clone());
        let source = Scripted::new(move |request| {
            if asked(request, "ky").is_some() {
                let _before = asked_for.fetch_add(1, Relaxed);
                return Err(CannotFetch { is_fault, ..CannotFetch::told("", "it answers 403 Forbidden") });
            }
            Ok(page(if listing.load(Relaxed) { &[1, 2] } else { &[1] }, None, None))
        });
        run(async {
            let of = compared(How::Whole, 5);
            let mut disk = Disk::default();
            let mut life = Life::begins(&of, &source, &disk);
            let mut turns = 0;
            while !life.turn(&mut disk).await {
                turns += 1;
                assert!(turns < 10, "it is asked for ever");
            }
            // Two periods in a row, and the rest with them.
            let compared = life.state().compared.unwrap();
            assert_eq!((compared.periods, compared.given_up), (0, 5));
            assert_eq!(refused.load(Relaxed), if is_fault { 2 } else { 6 });
            has_more.store(true, Relaxed);
            assert!(life.turn(&mut disk).await);
            assert_eq!(known(&disk).len(), 2, "what is new is read");
        });
    }
}

#[test]
fn one_period_that_cannot_be_asked_for_hides_no_other() {
    run(async {
        let first = Arc::new(Mutex::new(None));
        let source = Scripted::new(move |request| {
            let Some(period) = asked(request, "ky") else { return Ok(page(&[1], None, None)) };
            let mut first = first.lock().unwrap();
            match *first.get_or_insert_with(|| period.clone()) == period {
                true => Err(CannotFetch::fault("", "it answers 403 Forbidden")),
                false => Ok(page(&[1, 2], None, None)),
            }
        });
        let mut disk = Disk::default();
        let mut life = Life::begins(&compared(How::Whole, 3), &source, &disk);
        assert!(life.turn(&mut disk).await);
        let compared = life.state().compared.unwrap();
        assert_eq!((compared.periods, compared.given_up), (2, 1));
        assert_eq!(known(&disk).len(), 2, "a record that only a period shows");
    });
}

/// Links that lead from one page to another, and back.
fn turning() -> (Scripted, Arc<AtomicUsize>) {
    let times = Arc::new(AtomicUsize::new(0));
    let counted = times.clone();
    let source = Scripted::new(move |request| {
        let _before = counted.fetch_add(1, Relaxed);
        let (ids, next) = match asked(request, "p").as_deref() {
            Some("s3cret-a") => ([1], "s3cret-b"),
            _ => ([2], "s3cret-a"),
        };
        let period = asked(request, "ky").map(|period| format!("&ky={period}")).unwrap_or_default();
        Ok(page(&ids, None, Some(&format!("https://h.example/x?p={next}{period}"))))
    });
    (source, times)
}

#[tokio::test]
async fn bound_links_that_lead_back_are_told_and_not_followed_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let config = DiskLogConfig {
        folder: folder.path().join("log"),
        segment_bytes: 1 << 20,
        ..DiskLogConfig::default()
    };
    let intake = Intake::new(Arc::new(DiskLog::open(&config).unwrap()), Clock::Machine);
    let mut of = feed(How::Link, true);
    of.paging.look_back = false;
    let (source, times) = turning();
    let Life { source, progress, .. } = Life::begins(&of, &source, &Disk::default());
    let pull = Pull {
        line: intake.line_of("listing", Origin::sender("listing")),
        intake,
        cursor: Cursor::open(folder.path(), "listing", "links").unwrap(),
        schedule: Schedule::every(Duration::from_secs(3_600), "listing"),
        patience: Patience {
            first: Duration::from_millis(10),
            longest: Duration::from_millis(40),
            recovered_after: Duration::from_secs(60),
        },
        progress: progress.clone(),
    };
    let stop = CancellationToken::new();
    let pulling = tokio::spawn(pull.run(source, stop.clone()));
    for _ in 0..1_000 {
        if progress.counters().snapshot().failed >= 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stop.cancel();
    pulling.await.unwrap().unwrap();
    let PullState { failing, .. } = progress.state();
    let failing = failing.expect("it is told");
    assert!(failing.error.is_fault && failing.error.en.contains("at a place again"), "{failing:?}");
    assert!(!format!("{failing:?}").contains("s3cret"), "a link may be a secret: {failing:?}");
    let (asked, failed) = (times.load(Relaxed) as u64, progress.counters().snapshot().failed);
    assert!(asked < 20 * failed, "{asked} requests, {failed} failures");
}

#[test]
fn safe_a_link_to_another_host_scheme_or_port_is_told_and_not_followed() {
    run(async {
        for link in ["https://h.example:8443/x", "http://h.example/x", "//other.example/x"] {
            let times = Arc::new(AtomicUsize::new(0));
            let counted = times.clone();
            let source = Scripted::new(move |_| {
                let _before = counted.fetch_add(1, Relaxed);
                Ok(page(&[1], None, Some(link)))
            });
            let mut life = Life::begins(&feed(How::Link, false), &source, &Disk::default());
            let error = life.goes_on(&mut Disk::default(), None).await.unwrap_err();
            assert!(error.is_fault && error.en.contains("another place"), "{error}");
            assert_eq!(times.load(Relaxed), 1);
        }
    });
}

#[test]
fn bound_a_period_whose_links_lead_back_is_given_up() {
    run(async {
        let mut of = compared(How::Link, 1);
        of.paging.look_back = false;
        let (source, times) = turning();
        let mut life = Life::begins(&of, &source, &Disk::default());
        let comparing = Some(Comparing { turn: 1, began: now(), read: 0 });
        life.place = Some(Place { comparing, ..Place::default() }.text());
        assert!(life.turn(&mut Disk::default()).await);
        assert_eq!(life.state().compared.unwrap().given_up, 1);
        assert!(times.load(Relaxed) < 5);
    });
}

#[test]
fn a_pass_whose_cursor_the_source_does_not_know_any_more_ends_and_the_next_one_begins_anew() {
    run(async {
        let source = Scripted::new(|request| match asked(request, "c").as_deref() {
            Some("old") => Ok(Said::Refused(422)),
            _ => Ok(page(&[1, 2], None, None)),
        });
        let mut disk = Disk::default();
        let mut life = Life::begins(&feed(How::Cursor, true), &source, &disk);
        // One that takes what there is: the listing would not hold still.
        let pass = Pass { at: At::Cursor("old".to_owned()), changed: 5, ..Pass::begins(now(), 3) };
        let place = Place { since: Some(Mark::Number(0)), pass: Some(pass), ..Place::default() };
        life.place = Some(place.text());
        assert!(life.turn(&mut disk).await, "it is no failure");
        assert!(life.state().limits.contains(&Limit::Unsettled));
        let place = Place::parse(life.place.as_deref()).unwrap();
        assert_eq!((place.pass, place.since), (None, Some(Mark::Number(0))), "the place stays");
        assert!(life.turn(&mut disk).await);
        assert_eq!(known(&disk).len(), 2);
        assert!(life.state().limits.is_empty());
    });
}

/// A listing by cursor: behind which cursor there is what, and where that leads.
type Led = fn(u32) -> (Vec<u32>, Option<u32>);

/// How many requests a turn makes, the records it brings, whether all of it is said to have been read, and the place behind
/// it.
fn led(of: &HttpPullFeed, by: Led) -> (usize, usize, bool, Option<Mark>) {
    run(async {
        let times = Arc::new(AtomicUsize::new(0));
        let counted = times.clone();
        let source = Scripted::new(move |request| {
            let _before = counted.fetch_add(1, Relaxed);
            let cursor = asked(request, "c").and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
            let (ids, next) = by(cursor);
            Ok(page(&ids, next.map(|next| next.to_string()).as_deref(), None))
        });
        let mut disk = Disk::default();
        let mut life = Life::begins(of, &source, &disk);
        assert!(life.turn(&mut disk).await, "{:?}", life.state().failing);
        let place = Place::parse(life.place.as_deref()).unwrap();
        assert_eq!(place.pass, None, "the pass has ended");
        let is_whole = !life.state().limits.contains(&Limit::Unsettled);
        (times.load(Relaxed), known(&disk).len(), is_whole, place.since)
    })
}

#[test]
fn once_pages_without_a_record_in_the_middle_of_a_listing_hide_none_behind_them() {
    let mut of = feed(How::Cursor, true);
    of.since.as_mut().unwrap().ordered = true;
    let most = MOST_EMPTY as usize;
    // What is behind them is read, as long as they are not too many.
    let (asked, records, is_whole, since) = led(&of, |cursor| match cursor {
        0 => (vec![1, 2, 3], Some(1)),
        MOST_EMPTY => (vec![4], None),
        cursor => (Vec::new(), Some(cursor + 1)),
    });
    assert_eq!((asked, records, is_whole, since), (most + 1, 4, true, Some(Mark::Number(4))));
    // Behind the last record the same cursor comes again.
    let again: Led = |cursor| match cursor {
        0 => (vec![1, 2, 3], Some(1)),
        cursor => (Vec::new(), Some(cursor)),
    };
    assert_eq!(led(&of, again), (2, 3, true, Some(Mark::Number(3))));
    // Where it leads on for ever, what came is taken, and the place stays.
    let forever: Led = |cursor| match cursor {
        0 => (vec![1, 2, 3], Some(1)),
        cursor => (Vec::new(), Some(cursor + 1)),
    };
    assert_eq!(led(&of, forever), (most + 1, 3, false, None));
    // Unless the pack says that a page which is not full is the last one.
    of.paging.ends_short = true;
    assert_eq!(led(&of, forever), (2, 3, true, Some(Mark::Number(3))));
}

#[test]
fn once_what_lies_behind_more_empty_pages_than_a_turn_reads_is_read_by_the_turns_that_follow() {
    run(async {
        let times = Arc::new(AtomicUsize::new(0));
        let has_end = Arc::new(AtomicBool::new(true));
        let front = Arc::new(AtomicUsize::new(3));
        let (counted, ends, length) = (times.clone(), has_end.clone(), front.clone());
        let last = 2 * MOST_EMPTY + 11;
        let source = Scripted::new(move |request| {
            let _before = counted.fetch_add(1, Relaxed);
            let cursor = asked(request, "c").and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
            let front: Vec<u32> = (1..=length.load(Relaxed) as u32).collect();
            let (ids, next) = match cursor {
                0 => (front, Some(1)),
                cursor if cursor == last && ends.load(Relaxed) => (vec![100], None),
                cursor => (Vec::new(), Some(cursor + 1)),
            };
            Ok(page(&ids, next.map(|next: u32| next.to_string()).as_deref(), None))
        });
        let mut of = feed(How::Cursor, true);
        of.since.as_mut().unwrap().ordered = true;
        let most = MOST_EMPTY as usize;
        let mut disk = Disk::default();
        let mut life = Life::begins(&of, &source, &disk);
        // A turn goes on where the last one waited, and looks at the beginning, too.
        for (requests, records, since) in
            [(1 + most, 3, None), (most + 1 + most, 3, None), (11, 4, Some(Mark::Number(100)))]
        {
            times.store(0, Relaxed);
            assert!(life.turn(&mut disk).await);
            assert_eq!((times.load(Relaxed), known(&disk).len()), (requests, records));
            let place = Place::parse(life.place.as_deref()).unwrap();
            assert_eq!((place.since, place.waiting.is_none()), (since, since.is_some()));
            assert_eq!(life.state().limits.contains(&Limit::Unsettled), since.is_none());
        }
        // Where there is no end, what is new at the beginning is read at each turn.
        has_end.store(false, Relaxed);
        let mut disk = Disk::default();
        let mut life = Life::begins(&of, &source, &disk);
        for records in 3..8 {
            front.store(records, Relaxed);
            assert!(life.turn(&mut disk).await);
            assert!(life.turn(&mut disk).await);
            assert_eq!(known(&disk).len(), records);
        }
    });
}

#[test]
fn a_listing_by_cursor_ends_where_there_is_no_content() {
    run(async {
        let source = Scripted::new(|request| match asked(request, "c").filter(|cursor| !cursor.is_empty()) {
            None => Ok(page(&[1, 2, 3], Some("behind-3"), None)),
            Some(_) => Ok(Said::Nothing),
        });
        let mut disk = Disk::default();
        let mut life = Life::begins(&feed(How::Cursor, false), &source, &disk);
        assert!(life.turn(&mut disk).await);
        assert_eq!((known(&disk).len(), life.state().limits.len()), (3, 0));
    });
}
