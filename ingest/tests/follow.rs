//! Files that grow against a real log on disk behind a valve. Rotation and deaths at any moment are tested where they are
//! followed (`transport/follow/tests.rs`), logrotate and the whole product in the end-to-end tests.

mod transports;

use std::{fs, io::Write, path::Path, sync::Arc};

use figment::{
    Figment,
    providers::{Format, Toml},
};
use ioc_bus::{SharedBus, clock::Clock};
use ioc_ingest::{
    intake::Intake,
    routes::Routes,
    senders::Authenticator,
    transport::{Running, Site, follow, mqtt::Voice},
};
use ioc_model::{
    calendar::Calendar,
    contract::Contract,
    envelope::Content,
    pack::{Feed, FormatName, Transport},
};
use tempfile::TempDir;
use tokio::{runtime::Handle, sync::watch};
use tokio_util::sync::CancellationToken;
use transports::{Valve, ValvedBus, open_log, stored, until};

struct House {
    log: SharedBus,
    valve: watch::Sender<Valve>,
    running: Running,
}

fn append(folder: &Path, text: &str) {
    let mut file = fs::OpenOptions::new().create(true).append(true).open(folder.join("a.log")).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

impl House {
    async fn open(folder: &TempDir, valve: Valve) -> House {
        let log = open_log(&folder.path().join("log"));
        let (bus, valve) = ValvedBus::before(log.clone(), valve);
        let feed = Feed {
            transport: Transport::Follow {
                folder: folder.path().join("files").display().to_string(),
                names: vec!["*.log".to_owned()],
            },
            format: FormatName::SyslogLines,
            ..ioc_testing::feed("lines", Contract { max_bytes: 50, ..Contract::default() })
        };
        let pack = Arc::new(ioc_testing::pack("test", Vec::new(), Vec::new(), vec![feed]));
        let routes = watch::channel(Arc::new(Routes::of_pack(&pack))).1;
        let authenticator = Arc::new(Authenticator::open(&folder.path().join("senders.toml")).unwrap());
        let site = Site {
            intake: Intake::new(bus, Clock::Machine),
            voice: Arc::new(Voice::new(routes.clone(), authenticator.clone())),
            routes,
            pack,
            authenticator,
            calendar: Calendar::of_zone("Asia/Ho_Chi_Minh").unwrap(),
            log: watch::channel(None).1,
            receipts: watch::channel(None).1,
            data: folder.path().join("data"),
            name: "test".to_owned(),
            senders: Handle::current(),
            stop: CancellationToken::new(),
        };
        let settings = Figment::from(Toml::string(include_str!("../../deploy/default.toml")))
            .merge(Toml::string("[follow]\nlook_every = \"10ms\""));
        let transport = (follow::KIND.configure)(&settings).unwrap();
        assert!(transport.faults().is_empty());
        let running = transport.start(&site).await.unwrap();
        House { log, valve, running }
    }

    fn count(&self, name: &str) -> u64 {
        let metrics = self.running.counters()[0].counters.metrics();
        metrics.iter().find(|metric| metric.name == name).unwrap().count
    }

    fn lines(&self) -> String {
        let stored = stored(&self.log).into_iter().filter(|stored| stored.content == Content::Raw);
        stored.map(|stored| String::from_utf8(stored.payload).unwrap()).collect()
    }
}

#[tokio::test]
async fn ack_a_place_is_kept_only_behind_what_is_durable_and_a_full_log_stops_reading() {
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("files");
    fs::create_dir(&files).unwrap();
    append(&files, "one\ntwo\nhal");
    let house = House::open(&folder, Valve::Untold).await;
    until("it is written", || house.lines() == "one\ntwo\n").await;
    let kept = folder.path().join("data/followed/lines.json");
    assert!(!kept.try_exists().unwrap(), "nobody was told that it is durable");
    assert_eq!(house.count("lines"), 0);
    let _open = house.valve.send(Valve::Full);
    until("it is counted", || house.count("lines") == 2).await;
    assert!(fs::read_to_string(&kept).unwrap().contains("\"at\":8"));
    append(&files, "f\nthree\n");
    let _open = house.valve.send(Valve::Open);
    until("it goes on", || house.count("lines") == 4).await;
    assert_eq!(house.lines(), "one\ntwo\nhalf\nthree\n");
    // Who starts again goes on; the log is one process's, and one's within it.
    let House { log, valve, running } = house;
    assert!(running.stop().await);
    drop((log, valve));
    append(&files, "four\n");
    let again = House::open(&folder, Valve::Open).await;
    until("it goes on", || again.count("lines") == 1).await;
    assert_eq!(again.lines(), "one\ntwo\nhalf\nthree\nfour\n");
}

#[tokio::test]
async fn who_a_piece_says_where_it_lay_and_a_line_over_the_limit_is_described() {
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("files");
    fs::create_dir(&files).unwrap();
    append(&files, &format!("one\n{}\ntwo\n", "x".repeat(100)));
    // Neither a link nor a folder of such a name is a file to read.
    std::os::unix::fs::symlink("/etc/hostname", files.join("b.log")).unwrap();
    fs::create_dir(files.join("c.log")).unwrap();
    let house = House::open(&folder, Valve::Open).await;
    until("it is counted", || house.count("lines") == 2).await;
    let stored = stored(&house.log);
    let told: Vec<_> =
        stored.iter().map(|stored| (stored.content, stored.knows("origin").unwrap())).collect();
    let expected = [(Content::Raw, "a.log:0"), (Content::Withheld, "a.log:4"), (Content::Raw, "a.log:105")];
    assert_eq!(told, expected);
    assert!(stored.iter().all(|stored| {
        stored.address == "a.log" && stored.feed == "lines" && stored.knows("sender") == Some("follow:lines")
    }));
    assert_eq!((house.count("oversize"), house.count("passed_over"), house.count("files")), (1, 1, 1));
}
