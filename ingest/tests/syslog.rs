//! Syslog over UDP and TCP, by plain sockets, against a real log on disk behind a valve. Real senders and TLS are in the
//! end-to-end tests.

mod transports;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use figment::{
    Figment,
    providers::{Format, Toml},
};
use ioc_bus::{SharedBus, clock::Clock};
use ioc_ingest::{
    intake::Intake,
    routes::Routes,
    senders::Authenticator,
    transport::{Running, Site, mqtt::Voice, syslog},
};
use ioc_model::{
    calendar::Calendar,
    contract::Contract,
    envelope::{Content, UNMATCHED},
    loss::Loss,
    pack::{Feed, LogSource, Pack, Transport},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream, UdpSocket},
    runtime::Handle,
    sync::watch,
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use transports::{Stored, Valve, ValvedBus, open_log, stored, until};

const MAX_BYTES: usize = 1_000;

struct House {
    log: SharedBus,
    valve: watch::Sender<Valve>,
    running: Running,
    udp: SocketAddr,
    tcp: SocketAddr,
    _folder: TempDir,
}

fn feed(id: &str, from: &[&str]) -> Feed {
    let from = from.iter().map(|network| network.parse().unwrap()).collect();
    let contract = Contract { max_bytes: MAX_BYTES, ..Contract::default() };
    Feed {
        transport: Transport::Syslog { from, certificates: Vec::new() },
        ..ioc_testing::feed(id, contract)
    }
}

impl House {
    async fn open() -> House {
        House::with("").await
    }

    async fn with(settings: &str) -> House {
        let feeds = [feed("hosts", &["127.0.0.0/29"]), feed("firewall", &["127.0.0.2/32"])];
        House::of(feeds.into(), settings).await
    }

    async fn of(feeds: Vec<Feed>, settings: &str) -> House {
        House::of_pack(ioc_testing::pack("test", Vec::new(), Vec::new(), feeds), settings).await
    }

    async fn of_pack(pack: Pack, settings: &str) -> House {
        let folder = tempfile::tempdir().unwrap();
        let log = open_log(&folder.path().join("log"));
        let (bus, valve) = ValvedBus::before(log.clone(), Valve::Open);
        let pack = Arc::new(pack);
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
            data: folder.path().to_owned(),
            name: "test".to_owned(),
            senders: Handle::current(),
            stop: CancellationToken::new(),
        };
        let default = include_str!("../../deploy/default.toml");
        let here = "[syslog]\nudp = \"127.0.0.1:0\"\ntcp = \"127.0.0.1:0\"\n";
        let settings = Figment::from(Toml::string(default))
            .merge(Toml::string(here))
            .merge(Toml::string(&format!("[syslog]\n{settings}")));
        let transport = (syslog::KIND.configure)(&settings).unwrap();
        assert!(transport.faults().is_empty());
        let running = transport.start(&site).await.unwrap();
        let at = |word: &str| {
            let address = running.addresses().iter().find_map(|address| address.strip_prefix(word));
            address.map_or_else(|| SocketAddr::from(([127, 0, 0, 1], 1)), |address| address.parse().unwrap())
        };
        let (udp, tcp) = (at("syslog+udp://"), at("syslog+tcp://"));
        House { log, valve, running, udp, tcp, _folder: folder }
    }

    fn count(&self, name: &str) -> u64 {
        let metrics = self.running.counters()[0].counters.metrics();
        metrics.iter().find(|metric| metric.name == name).unwrap().count
    }

    fn stored(&self) -> Vec<Stored> {
        stored(&self.log)
    }

    async fn has(&self, envelopes: usize) -> Vec<Stored> {
        until("envelopes in the log", || self.stored().len() >= envelopes).await;
        let all = self.stored();
        assert_eq!(all.len(), envelopes);
        all
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.tcp).await.unwrap()
    }

    async fn connect_from(&self, host: u8) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, host], 0))).unwrap();
        socket.connect(self.tcp).await.unwrap()
    }

    async fn datagrams_from(&self, host: u8) -> UdpSocket {
        let socket = UdpSocket::bind(SocketAddr::from(([127, 0, 0, host], 0))).await.unwrap();
        socket.connect(self.udp).await.unwrap();
        socket
    }
}

/// Waits until the other side has closed.
async fn closed(mut stream: TcpStream) {
    let mut bytes = [0; 16];
    let read = timeout(Duration::from_secs(30), stream.read(&mut bytes)).await.expect("it is closed");
    assert!(matches!(read, Ok(0) | Err(_)));
}

#[tokio::test]
async fn who_a_datagram_is_of_the_smallest_network_its_sender_lies_in_whatever_it_says() {
    let house = House::open().await;
    let text = b"<134>Nov 20 07:20:05 gate-c gate-c filter: block";
    for (host, feed) in [(1, "hosts"), (2, "firewall"), (9, UNMATCHED)] {
        let before = house.stored().len();
        let socket = house.datagrams_from(host).await;
        let _sent = socket.send(text).await.unwrap();
        let all = house.has(before + 1).await;
        let it = all.iter().find(|one| one.feed == feed).unwrap();
        assert_eq!((it.address.as_str(), &it.payload[..]), ("syslog/udp", &text[..]));
        assert_eq!(it.knows("sender"), Some(format!("127.0.0.{host}").as_str()));
        assert_eq!(it.knows("peer"), Some(socket.local_addr().unwrap().to_string().as_str()));
    }
    assert_eq!((house.count("datagrams"), house.count("unmatched")), (3, 1));
}

#[tokio::test]
async fn who_lines_without_a_host_are_of_one_source() {
    let house = House::open().await;
    let socket = house.datagrams_from(2).await;
    let lines = std::fs::read("cases/syslog/no-hostname.log").unwrap();
    let lines: Vec<&[u8]> = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    for line in &lines {
        let _sent = socket.send(line).await.unwrap();
    }
    let all = house.has(8).await;
    assert!(all.iter().all(|one| one.knows("sender") == Some("127.0.0.2") && one.feed == "firewall"));
    assert_eq!(all.iter().map(|one| &one.payload[..]).collect::<Vec<_>>(), lines);
}

#[tokio::test]
async fn balance_datagrams_of_every_size_are_kept_or_described() {
    let house = House::open().await;
    let socket = house.datagrams_from(1).await;
    for size in [0, 1, MAX_BYTES, MAX_BYTES + 1, 65_507] {
        let _sent = socket.send(&vec![b'x'; size]).await.unwrap();
    }
    let all = house.has(5).await;
    let kept: Vec<usize> =
        all.iter().filter(|one| one.content == Content::Raw).map(|one| one.payload.len()).collect();
    assert_eq!(kept, [0, 1, MAX_BYTES]);
    let described: Vec<&str> =
        all.iter().filter(|one| one.content == Content::Withheld).map(Stored::text).collect();
    assert!(described[0].contains("\"bytes\":1001") && described[1].contains("\"bytes\":65507"));
    assert_eq!((house.count("empty"), house.count("oversize")), (1, 2));
}

#[tokio::test]
async fn balance_what_the_system_drops_while_the_log_is_full_is_counted() {
    let house = House::with("receive_buffer_bytes = 65536").await;
    let socket = house.datagrams_from(1).await;
    let _gone = house.valve.send(Valve::Full);
    let sent = 20_000;
    for number in 0..sent {
        let _sent = socket.send(format!("<13>{number:0200}").as_bytes()).await.unwrap();
    }
    until("drops", || house.count("dropped_datagrams") > 0).await;
    let _gone = house.valve.send(Valve::Open);
    let lost = |stored: &Stored| match stored.knows("fault")?.parse() {
        Ok(Loss::Datagrams { count }) => Some(count),
        _ => None,
    };
    let messages = || house.stored().iter().filter(|stored| lost(stored).is_none()).count() as u64;
    until("all are accounted for", || messages() + house.count("dropped_datagrams") == sent).await;
    assert_eq!(house.count("datagrams"), messages());
    assert_eq!(house.count("lost"), 0);
    // It is recorded when there is room again; whose they were nobody knows.
    let recorded = || house.stored().iter().filter_map(lost).sum::<u64>();
    until("the loss is recorded", || recorded() == house.count("dropped_datagrams")).await;
    assert!(
        house.stored().iter().filter(|stored| lost(stored).is_some()).all(|stored| stored.feed == UNMATCHED)
    );
}

#[tokio::test]
async fn loud_datagrams_the_log_refuses_are_counted_as_lost() {
    let house = House::open().await;
    let _gone = house.valve.send(Valve::Poisoned);
    let socket = house.datagrams_from(1).await;
    let _sent = socket.send(b"<13>x").await.unwrap();
    until("the loss", || house.count("lost") == 1).await;
    let mut stream = house.connect().await;
    stream.write_all(b"<13>x\n").await.unwrap();
    until("the loss of a connection", || house.count("lost") == 2).await;
    // It is not read any more, and not closed: what follows stays with its sender.
    let bytes = house.count("bytes");
    stream.write_all(b"<13>x\n").await.unwrap();
    assert!(house.running.stop().await);
    assert_eq!((house.count("bytes"), house.count("lost")), (bytes, 2));
}

#[tokio::test]
async fn frames_of_a_connection_are_envelopes_and_a_piece_says_what_is_wrong_with_it() {
    let house = House::open().await;
    let bytes = std::fs::read("cases/syslog/cut-off.bin").unwrap();
    let mut stream = house.connect().await;
    stream.set_nodelay(true).unwrap();
    for byte in bytes.chunks(1) {
        stream.write_all(byte).await.unwrap();
    }
    drop(stream);
    let all = house.has(2).await;
    assert_eq!((all[0].feed.as_str(), all[0].address.as_str()), ("hosts", "syslog/tcp"));
    assert_eq!((all[0].payload.len(), all[0].knows("fault")), (111, None));
    assert_eq!(all[0].knows("sender"), Some("127.0.0.1"));
    assert_eq!(all[1].knows("fault"), Some("octet_count: 95 of 150 bytes"));
    assert_eq!(all[1].payload.len(), 95);
    assert_eq!((house.count("messages"), house.count("framing_faults")), (1, 1));
}

#[tokio::test]
async fn a_message_that_waits_for_what_follows_is_taken_when_nothing_does() {
    let house = House::open().await;
    let mut stream = house.connect().await;
    // 13 bytes, 11 characters.
    let text = "<13>một tin";
    for (envelopes, count) in [(1, 13), (2, 11), (3, 12)] {
        stream.write_all(format!("{count} {text}").as_bytes()).await.unwrap();
        let all = house.has(envelopes).await;
        let last = &all[envelopes - 1];
        assert_eq!(last.text(), text);
        let fault = (count == 12).then_some("octet_count: 12 bytes announced, 13 found");
        assert_eq!(last.knows("fault"), fault);
    }
    assert_eq!((house.count("messages"), house.count("counted_characters")), (2, 1));
}

#[tokio::test]
async fn bound_a_full_log_stops_reading_a_connection_and_nothing_of_it_is_lost() {
    let house = House::open().await;
    let _gone = house.valve.send(Valve::Full);
    let mut stream = house.connect().await;
    let line = format!("<13>{:0200}\n", 7);
    let block = line.repeat(1_000);
    let mut written = 0;
    // What the system takes in between is bounded, too.
    while let Ok(done) =
        timeout(Duration::from_secs(1), stream.write(&block.as_bytes()[written % block.len()..])).await
    {
        written += done.unwrap();
        assert!(written < 1 << 28, "reading goes on");
    }
    assert!(house.count("bytes") <= 64 << 10, "{}", house.count("bytes"));
    let _gone = house.valve.send(Valve::Open);
    let rest = line.len() - written % line.len();
    stream.write_all(&line.as_bytes()[line.len() - rest..]).await.unwrap();
    drop(stream);
    let all = house.has((written + rest) / line.len()).await;
    assert!(all.iter().all(|one| one.payload.len() == line.len() - 1));
}

#[tokio::test]
async fn safe_one_that_floods_starves_nobody() {
    let house = House::open().await;
    let mut flood = house.connect().await;
    let flooding = tokio::spawn(async move {
        let block = "<13>flood\n".repeat(10_000);
        while flood.write_all(block.as_bytes()).await.is_ok() {}
    });
    until("the flood", || house.count("messages") > 10_000).await;
    let mut other = house.connect_from(2).await;
    other.write_all(b"<13>quiet\n").await.unwrap();
    until("the other's message", || house.stored().iter().any(|one| one.feed == "firewall")).await;
    flooding.abort();
}

#[tokio::test]
async fn bound_connections_of_one_address_are_limited_and_leave_room_for_others() {
    let house = House::with("max_connections = 3\nmax_connections_per_address = 2").await;
    let _two = [house.connect().await, house.connect().await];
    until("two are in", || house.count("connections") == 2).await;
    closed(house.connect().await).await;
    let _third = house.connect_from(2).await;
    until("a third is in", || house.count("connections") == 3).await;
    closed(house.connect_from(3).await).await;
    assert_eq!(house.count("refused_connections"), 2);
}

#[tokio::test]
async fn bound_a_connection_of_which_nothing_comes_is_closed() {
    let house = House::with("idle_after = \"1s\"").await;
    let mut stream = house.connect().await;
    stream.write_all(b"20 <13>half").await.unwrap();
    closed(stream).await;
    let all = house.has(1).await;
    assert_eq!(all[0].knows("fault"), Some("octet_count: 8 of 20 bytes"));
    assert_eq!(house.count("idle"), 1);
}

#[tokio::test]
async fn bound_a_stranger_who_says_nothing_holds_no_place_for_long() {
    let declared =
        LogSource { addresses: vec!["127.0.0.3/32".parse().unwrap()], ..ioc_testing::log_source("declared") };
    let pack = Pack {
        log_sources: [(declared.id.clone(), declared)].into(),
        ..ioc_testing::pack("test", Vec::new(), Vec::new(), vec![feed("hosts", &["127.0.0.0/29"])])
    };
    let house = House::of_pack(pack, "stranger_after = \"1s\"").await;
    let [mut quiet, mut spoke, idle, mut unclaimed] = [
        house.connect_from(3).await,
        house.connect_from(4).await,
        house.connect_from(5).await,
        house.connect_from(9).await,
    ];
    spoke.write_all(b"<13>one\n").await.unwrap();
    unclaimed.write_all(b"<13>two\n").await.unwrap();
    let _both = house.has(2).await;
    closed(idle).await;
    closed(unclaimed).await;
    assert_eq!(house.count("idle"), 2);
    // Whom the pack knows, and who has said something, may be silent.
    quiet.write_all(b"<13>three\n").await.unwrap();
    spoke.write_all(b"<13>four\n").await.unwrap();
    let _all = house.has(4).await;
    assert_eq!(house.count("connections"), 2);
}

#[tokio::test]
async fn what_has_arrived_is_taken_in_before_it_ends() {
    let house = House::open().await;
    let mut stream = house.connect().await;
    let socket = house.datagrams_from(1).await;
    stream.write_all(b"<13>first\n").await.unwrap();
    until("the connection is read", || house.count("messages") == 1).await;
    let _gone = house.valve.send(Valve::Full);
    for number in 0..100 {
        stream.write_all(format!("<13>{number:020000}\n").as_bytes()).await.unwrap();
        let _sent = socket.send(b"<13>datagram").await.unwrap();
    }
    let stopping = async {
        // It stops with a full log, which then has room again.
        tokio::task::yield_now().await;
        let _gone = house.valve.send(Valve::Open);
    };
    let (in_order, ()) = tokio::join!(house.running.stop(), stopping);
    assert!(in_order);
    assert_eq!(house.count("messages"), 101);
    assert_eq!(house.stored().len() as u64, 201);
}

#[tokio::test]
async fn without_a_feed_nothing_listens() {
    let house = House::of(Vec::new(), "").await;
    assert!(house.running.addresses().is_empty());
}

#[tokio::test]
async fn an_address_that_is_taken_is_said() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let result = tokio::spawn(async move { House::with(&format!("tcp = \"{address}\"")).await });
    assert!(result.await.is_err_and(|error| error.is_panic()));
}
