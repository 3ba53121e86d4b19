//! What is read again, and what is not: behind another pack, behind another number of records, beyond what is remembered.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::{
    super::{
        answer::Body,
        place::{At, Pass},
        source::was_named,
    },
    model::{Scripted, answer, asked, page},
    *,
};
use crate::transport::{pull::Cursor, withheld::Digest};

#[test]
fn an_answer_that_has_not_changed_is_taken_once_more_by_another_pack() {
    run(async {
        let of = HttpPullFeed { url: "https://h.example/x".to_owned(), ..feed(How::Whole, false) };
        let model = Model(Arc::new(Mutex::new(Listing { etag: true, ..Listing::default() })));
        model.change(|listing| listing.put(1, 1));
        let mut disk = Disk::default();
        for (pack, sent) in [("1", 1), ("1", 1), ("2", 2), ("2", 2)] {
            let mut life = Life::by_pack(pack, &of, &model, &disk);
            assert!(life.turn(&mut disk).await);
            assert_eq!(disk.log.len(), sent, "pack {pack}");
        }
    });
}

#[test]
fn what_says_the_same_is_taken_once_more_by_a_pack_that_takes_effect_while_it_is_read() {
    run(async {
        let records = feed(How::Whole, false);
        let answer = HttpPullFeed { taken: Taken::Answer, ..records.clone() };
        for (of, etag) in [(answer, true), (records, false)] {
            let model = Model(Arc::new(Mutex::new(Listing { etag, ..Listing::default() })));
            model.change(|listing| listing.put(1, 1));
            let mut disk = Disk::default();
            let mut life = Life::begins(&of, &model, &disk);
            for (pack, sent) in [("1", 1), ("1", 1), ("2", 2), ("2", 2)] {
                let _before = life.in_effect.send_replace(routes_of(pack));
                assert!(life.turn(&mut disk).await);
                assert_eq!(disk.log.len(), sent, "pack {pack}, by a validator: {etag}");
            }
        }
    });
}

#[test]
fn once_fewer_records_at_once_are_another_pass_over_the_same_source() {
    run(async {
        let source = Scripted::new(|request| {
            let number: u32 = asked(request, "p").unwrap().parse().unwrap();
            Ok(page(if number < 4 { &[1, 2, 3][..] } else { &[] }, None, None))
        });
        for (size, begins) in [(3, At::Page(4)), (50, At::Page(2))] {
            let mut of = feed(How::Page, false);
            (of.paging.look_back, of.paging.total) = (false, None);
            let mut life = Life::begins(&of, &source, &Disk::default());
            let pass = Pass { at: At::Page(3), ..Pass::begins(now(), size) };
            life.place = Some(Place { pass: Some(pass), ..Place::default() }.text());
            assert!(life.goes_on(&mut Disk::default(), None).await.unwrap());
            let pass = Place::parse(life.place.as_deref()).unwrap().pass.unwrap();
            assert_eq!((pass.at, pass.size), (begins, 3));
        }
    });
}

#[test]
fn once_a_source_is_the_same_whatever_is_asked_for_at_once_and_another_by_how_its_places_are_written() {
    let of = feed(How::Page, true);
    let name = |of: &HttpPullFeed| {
        let life = Life::begins(of, &Model(Arc::default()), &Disk::default());
        life.source.name().to_owned()
    };
    let (mut smaller, mut written) = (of.clone(), of.clone());
    smaller.paging.size = 1;
    written.since.as_mut().unwrap().form = SinceForm::Seconds;
    assert_eq!(name(&smaller), name(&of));
    assert_ne!(name(&written), name(&of));
    // As it was once kept.
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("cursors/listing.json");
    std::fs::create_dir(file.parent().unwrap()).unwrap();
    let opened = |source: &str| {
        let kept = serde_json::json!({ "source": source, "place": "{}" });
        std::fs::write(&file, kept.to_string()).unwrap();
        Cursor::open_renamed(data.path(), "listing", &name(&of), |was| was_named(&of, was))
    };
    let before = "https://h.example/x?tu={since}&p={page}&n={limit} by page /t of 50";
    assert_eq!(opened(before).unwrap().place(), Some("{}"));
    for other in ["https://h.example/y by page /t of 50", &before.replace("of 50", "of a"), &name(&written)] {
        assert!(opened(other).is_err(), "{other}");
    }
}

#[test]
fn silent_more_records_than_are_remembered_are_told_of_and_come_again() {
    run(async {
        let source = Scripted::new(|_| Ok(page(&[1], None, None)));
        for (reads_on, repeats) in [(false, true), (true, false)] {
            let mut disk = Disk::default();
            let mut life = Life::begins(&feed(How::Whole, reads_on), &source, &disk);
            assert!(life.turn(&mut disk).await);
            assert!(life.state().limits.is_empty());
            let row = |number: u64| {
                let mut key = [0; 16];
                key[..8].copy_from_slice(&number.to_le_bytes());
                (key, [1; 16])
            };
            life.source.memory.handed_over("full".to_owned(), (0..200_000).map(row).collect());
            life.source.memory.behind(Some("full"));
            assert!(life.turn(&mut disk).await);
            // What is behind the place is not read again: there is room for what comes.
            assert_eq!(life.state().limits.contains(&Limit::Repeats), repeats);
        }
    });
}

#[test]
fn what_is_too_large_is_told_of_once_while_it_stays_the_same() {
    run(async {
        let times = Arc::new(AtomicUsize::new(0));
        let counted = times.clone();
        let source = Scripted::new(move |_| {
            let mut digest = Digest::default();
            digest.update(if counted.fetch_add(1, Relaxed) < 3 { b"large" } else { b"other" });
            Ok(answer(Body::TooLarge(digest), None))
        });
        let of = HttpPullFeed {
            url: "https://h.example/x".to_owned(),
            taken: Taken::Answer,
            ..feed(How::Whole, false)
        };
        let mut disk = Disk::default();
        let mut life = Life::begins(&of, &source, &disk);
        for told in [1, 1, 1, 2, 2] {
            assert!(life.turn(&mut disk).await);
            assert_eq!(disk.log.len(), told, "{:?}", disk.log);
        }
    });
}
