//! A server over a real socket, and what comes back from it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use ioc_dashboards::{
    AppState, ArchiveStatus, Behind, Board, BusHealth, HeldBack, History, Hydration, LiveLimits, PackStatus,
    StoreHealth, SystemStatus, live::LivePace, router, steady,
};
use ioc_model::{asker::Asker, pack::Pack, time::Now};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::CancellationToken;

use crate::support::{self, AskedSources, AtTheDoor, Belt, Desk, Given, OneNode, Record, SamePack, Shelf};

pub const STATION: &str = "TN_UBNDTN_KHIXQU";
pub const NOON: i64 = 1_087_200_000_000;

pub struct Server {
    pub address: SocketAddr,
    pub board: Arc<Board>,
    pub record: Arc<Record>,
    pub desk: Arc<Desk>,
    pub shelf: Arc<Shelf>,
    pub belt: Arc<Belt>,
    pub given: Arc<Given>,
    pub closing: CancellationToken,
}

impl Server {
    /// A hydrated board whose pipeline has reported.
    pub async fn start() -> Server {
        Server::of(support::pack()).await
    }

    /// The same over another pack.
    pub async fn of(pack: Pack) -> Server {
        let record = Arc::new(Record::default());
        let mut server = Server::serve(pack, record.clone(), LiveLimits::default()).await;
        server.record = record;
        server.board.hydrate(Hydration::default());
        server.board.system(well());
        server
    }

    pub async fn empty(limits: LiveLimits) -> Server {
        let record = Arc::new(Record::default());
        let mut server = Server::over(record.clone(), limits).await;
        server.record = record;
        server
    }

    pub async fn over(history: Arc<dyn History>, limits: LiveLimits) -> Server {
        Server::serve(support::pack(), history, limits).await
    }

    async fn serve(pack: Pack, history: Arc<dyn History>, limits: LiveLimits) -> Server {
        let pack = Arc::new(pack);
        let board = Arc::new(Board::new(&pack));
        let closing = CancellationToken::new();
        let registry = prometheus::Registry::new();
        let (desk, shelf) = (Arc::new(Desk::default()), Arc::new(Shelf::default()));
        let belt = Arc::<Belt>::default();
        let (clients, given) = (Arc::new(AtTheDoor), Arc::new(Given::default()));
        let behind = Behind {
            access: given.clone(),
            history,
            operator: desk.clone(),
            originals: shelf.clone(),
            arrivals: belt.clone(),
            clients,
            pulls: Arc::new(AskedSources),
            reload: Arc::new(SamePack),
            nodes: Arc::new(OneNode),
        };
        let state = AppState::new(pack, board.clone(), behind, registry, &limits, closing.clone()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = router(state).into_make_service_with_connect_info::<SocketAddr>();
        let stopping = closing.clone();
        tokio::spawn(async move {
            let serving = axum::serve(steady(listener, Duration::from_millis(500)), service);
            serving.with_graceful_shutdown(stopping.cancelled_owned()).await
        });
        Server { address, board, record: Arc::default(), desk, shelf, belt, given, closing }
    }

    /// One that is well, and tells of everything at once.
    pub async fn beating() -> Server {
        let pace = LivePace {
            gather: Duration::from_millis(1),
            heartbeat: Duration::from_millis(5),
            retry: Duration::from_secs(1),
        };
        let server = Server::empty(LiveLimits { pace, ..LiveLimits::default() }).await;
        server.board.hydrate(Hydration::default());
        server.board.system(well());
        server
    }

    /// Whoever asks from now on is that one; none is told nothing.
    pub fn asked_by(&self, asker: Option<Asker>) {
        *self.given.0.lock().unwrap() = asker;
    }

    /// Sends a body as that type.
    pub async fn post(&self, path: &str, content_type: &str, body: &[u8]) -> Reply {
        let mut socket = TcpStream::connect(self.address).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: board\r\nconnection: close\r\ncontent-type: {content_type}\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        // A server that has answered may close before it has read everything.
        let _ = socket.write_all(body).await;
        let mut bytes = Vec::new();
        socket.read_to_end(&mut bytes).await.unwrap();
        Reply::parse(&bytes)
    }

    pub async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        let mut socket = self.ask(path, headers).await;
        let mut bytes = Vec::new();
        socket.read_to_end(&mut bytes).await.unwrap();
        Reply::parse(&bytes)
    }

    pub async fn ask(&self, path: &str, headers: &[(&str, &str)]) -> TcpStream {
        let mut socket = TcpStream::connect(self.address).await.unwrap();
        let mut request = format!("GET {path} HTTP/1.1\r\nhost: board\r\nconnection: close\r\n");
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        socket.write_all((request + "\r\n").as_bytes()).await.unwrap();
        socket
    }

    /// The status of an answer that does not end.
    pub async fn status_of(&self, path: &str) -> u16 {
        let mut line = String::new();
        BufReader::new(self.ask(path, &[]).await).read_line(&mut line).await.unwrap();
        line[9..12].parse().unwrap()
    }

    pub async fn listen(&self, path: &str, headers: &[(&str, &str)]) -> Events {
        let mut lines = BufReader::new(self.ask(path, headers).await);
        let mut line = String::new();
        lines.read_line(&mut line).await.unwrap();
        assert!(line.contains("200"), "{line}");
        while line != "\r\n" {
            line.clear();
            lines.read_line(&mut line).await.unwrap();
        }
        Events(lines)
    }
}

pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn parse(bytes: &[u8]) -> Reply {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head[9..12].parse().unwrap();
        Reply { status, head: head.to_lowercase(), body: bytes[end + 4..].to_vec() }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

pub struct Events(BufReader<TcpStream>);

pub struct Event {
    pub name: String,
    pub id: Option<String>,
    pub data: Value,
}

impl Events {
    /// The next event; none at the end of the stream.
    pub async fn next(&mut self) -> Option<Event> {
        let (mut name, mut id, mut data) = (String::new(), None, String::new());
        let mut line = String::new();
        loop {
            line.clear();
            if self.0.read_line(&mut line).await.unwrap() == 0 {
                return None;
            }
            // The framing of HTTP's chunks stands between the lines; none of it looks like a field.
            if let Some(value) = line.trim_end().strip_prefix("event: ") {
                name = value.to_owned();
            } else if let Some(value) = line.trim_end().strip_prefix("id: ") {
                id = Some(value.to_owned());
            } else if let Some(value) = line.trim_end().strip_prefix("data: ") {
                data = value.to_owned();
            } else if line == "\n" && !name.is_empty() {
                return Some(Event { name, id, data: serde_json::from_str(&data).unwrap() });
            }
        }
    }

    pub async fn named(&mut self, name: &str) -> Event {
        loop {
            let event = self.next().await.expect("the stream goes on");
            if event.name == name {
                return event;
            }
        }
    }
}

pub fn well() -> SystemStatus {
    SystemStatus {
        now: Now(NOON),
        clock_speed: 1.0,
        bus: BusHealth::Writing,
        clickhouse: StoreHealth::Up,
        outstanding_epochs: 0,
        stalled_since: None,
        replaying: false,
        in_flight: Vec::new(),
        in_flight_at: Some(Now(NOON)),
        held_back: HeldBack::default(),
        door: Vec::new(),
        halted: None,
        archive: ArchiveStatus::default(),
        pack: PackStatus::default(),
    }
}
