//! How far back the local record reaches, and what a start says to a store that is further back (LOUD).

use ioc_bus::{SharedBus, record::RecordLog};
use ioc_model::{
    calendar::DayNumber,
    epoch::{Epoch, Generation},
    observation::Quality,
    pack::{Pack, PackVersion},
    position::Arrival,
    question::{About, Answer, Found, Question, RecalledRow},
    time::{EventTime, Millis, Now},
    window::WindowKind,
};
use ioc_stream::manifest::{self, LOGIC, Manifest, Recorded};
use ioc_testing::{FOR_EVER, contract, feed};

mod support;

use support::{
    MIDNIGHT, derived,
    flow::{self, open_log},
    pack::indicator,
    store::SharedStore,
};

/// Manifests so large that few of them fill a file of the record.
const ROWS: usize = 40_000;
const EPOCHS: u64 = 16;

fn pack() -> Pack {
    let feeds = vec![feed("air", contract(Millis::minutes(1), FOR_EVER))];
    support::pack::pack("test", derived::station("S0"), vec![indicator("pm25", &[WindowKind::Hour])], feeds)
}

/// An epoch without input, with an answer that nobody asked for.
fn large(epoch: u64) -> Manifest {
    let row = |number: usize| RecalledRow {
        event_time: EventTime(MIDNIGHT + number as i64),
        value: number as f64,
        quality: Quality::Good,
        arrival: Arrival::default(),
        feed: "air".into(),
        sender: "".into(),
    };
    let day = DayNumber(20_000);
    let about = About::Day { indicator: "pm25".into(), day };
    let (from, to) = (EventTime(MIDNIGHT), EventTime(MIDNIGHT));
    let question = Question { subject: "S0".into(), about, from, to, asked: Epoch(1) };
    Manifest {
        logic: LOGIC,
        epoch: Epoch(epoch),
        generation: Generation(0),
        now: Now(MIDNIGHT),
        pack: PackVersion("test".to_owned()),
        horizon: Millis::hours(2),
        ranges: Vec::new(),
        recorded: vec![Recorded::Answer(Answer {
            question,
            found: Found::Rows((0..ROWS).map(row).collect()),
        })],
    }
}

#[test]
fn loud_a_store_that_is_older_than_what_is_kept_halts_and_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let mut hashes = Vec::new();
    {
        let mut manifests = RecordLog::open(&folder.path().join("manifests")).unwrap();
        for epoch in 1..=EPOCHS {
            let bytes = large(epoch).encode().unwrap();
            hashes.push(manifest::hash(&bytes));
            let _ = manifests.append(&bytes).unwrap();
        }
        manifests.release(EPOCHS).unwrap();
        assert!(manifests.first_index() > 2, "nothing was released: the test proves nothing");
    }
    let bus: SharedBus = open_log(folder.path());
    let store = SharedStore::default();
    for committed in [None, Some((Epoch(2), hashes[1]))] {
        store.0.lock().unwrap().committed = committed;
        let halt = flow::start(folder.path(), &bus, &store, 1, pack(), flow::STANDING).unwrap_err();
        let said = halt.to_string();
        assert!(
            said.contains("older than what is kept here") && said.contains("Restore a newer backup"),
            "{said}"
        );
    }
}
