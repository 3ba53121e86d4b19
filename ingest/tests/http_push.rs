//! HTTP push with curl and with raw connections, against a real log on disk.

mod transports;

use std::{
    io::Write,
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use flate2::{
    Compression,
    write::{GzEncoder, ZlibEncoder},
};
use ioc_bus::SharedBus;
use ioc_bus::clock::Clock;
use ioc_ingest::{
    intake::Intake,
    routes::Routes,
    senders::{Authenticator, Senders},
    transport::http::{
        HttpCounters, HttpLimits, HttpPush, ReceiptFuture, ReceiptStatus, Receipts, ReceiptsUnavailable,
        RecordFuture, ReportFuture, ReportedChange, Sent, router,
        serve::{ServeLimits, serve},
    },
};
use ioc_model::{
    contract::Contract,
    envelope::Content,
    epoch::Epoch,
    form::{Finding, ObligationFilter, Period, PeriodKind, ReceiptCursor, Rule, Weight},
    pack::{Feed, FormatName, Pack, Transport},
    position::{Arrival, LogNumber, Offset, Position},
    results::{Obligation, Receipt, ReportVerdict},
    text::Text,
};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    sync::watch,
};
use tokio_util::sync::{CancellationToken, DropGuard};
use transports::{Valve, ValvedBus, open_log, stored, until};

const MAX_BYTES: usize = 1_000;

/// Knows one position as committed and one as unanswerable, and judges reports.
#[derive(Debug, Default)]
struct Known(Mutex<Option<Position>>, Mutex<Option<Judges>>);

/// What becomes of reports, whose it is, and how long that takes.
#[derive(Clone, Copy, Debug)]
struct Judges {
    verdict: ReportVerdict,
    sender: &'static str,
    takes: Duration,
}

impl Receipts for Known {
    fn lookup(&self, position: Position) -> ReceiptFuture<'_> {
        let answer = match position.offset.0 {
            99 => Err(ReceiptsUnavailable("a test".to_owned())),
            _ if *self.0.lock().unwrap() == Some(position) => {
                Ok(Some(ReceiptStatus::Committed { epoch: Epoch(5), stored: 2, rejected: 0, held: 1 }))
            }
            98 => Ok(Some(ReceiptStatus::InFlight)),
            _ => Ok(None),
        };
        Box::pin(std::future::ready(answer))
    }

    fn report(&self, position: Position, patience: Duration) -> ReportFuture<'_> {
        let judges = *self.1.lock().unwrap();
        Box::pin(async move {
            let Some(Judges { verdict, sender, takes }) = judges else { return Ok(None) };
            tokio::time::sleep(takes.min(patience)).await;
            Ok((takes <= patience || patience.is_zero()).then(|| receipt(position, verdict, sender)))
        })
    }

    fn sent<'a>(
        &'a self,
        sender: &'a str,
        before: Option<ReceiptCursor>,
        limit: u32,
    ) -> RecordFuture<'a, Vec<Receipt>> {
        let position = Position { offset: Offset(98), ..Position::default() };
        let all = match before {
            None if limit > 0 && sender == "lab" => vec![receipt(position, ReportVerdict::Refused, "lab")],
            _ => Vec::new(),
        };
        Box::pin(std::future::ready(Ok(all)))
    }

    fn changes(&self, _position: Position, _limit: u32) -> RecordFuture<'_, Vec<ReportedChange>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    fn owed<'a>(&'a self, _of: &'a ObligationFilter, _limit: u32) -> RecordFuture<'a, Vec<Obligation>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    fn original(&self, _position: Position) -> RecordFuture<'_, Option<Sent>> {
        Box::pin(std::future::ready(Ok(None)))
    }
}

fn receipt(position: Position, verdict: ReportVerdict, sender: &str) -> Receipt {
    let finding = Finding {
        weight: Weight::Error,
        rule: Rule::Invalid,
        at: "line 3, column 4".into(),
        stands: "mười".into(),
        message: Text { vi: "không phải là số".to_owned(), en: "no number".to_owned() },
    };
    Receipt {
        form: "ktxh-x".into(),
        agency: "25486".into(),
        period: Period::of(PeriodKind::AdminMonth, 2026, 10),
        verdict,
        rows: 5,
        stored: 1,
        changed: 1,
        conflicts: 0,
        same: 3,
        rejected: 1,
        kept: 2,
        withdrawn: 0,
        findings: vec![finding],
        digest: [0xab; 16],
        feed: "reports".into(),
        sender: sender.into(),
        arrival: Arrival { position, ..Arrival::default() },
    }
}

struct Site {
    _folder: TempDir,
    log: SharedBus,
    valve: watch::Sender<Valve>,
    number: watch::Sender<Option<LogNumber>>,
    known: Arc<Known>,
    counters: Arc<HttpCounters>,
    address: std::net::SocketAddr,
    token: String,
    _end: DropGuard,
}

fn feed(id: &str, transport: Transport) -> Feed {
    let contract = Contract { max_bytes: MAX_BYTES, ..Contract::default() };
    Feed { transport, ..ioc_testing::feed(id, contract) }
}

fn pack() -> Pack {
    let feeds = vec![
        feed("air-push", Transport::Http),
        feed("others-push", Transport::Http),
        Feed {
            format: FormatName::Table,
            forms: vec!["ktxh-x".to_owned()],
            agency: Some("25486".to_owned()),
            ..feed("reports", Transport::Http)
        },
        feed("air-files", Transport::Files { folder: "air".to_owned() }),
    ];
    ioc_testing::pack("test", Vec::new(), Vec::new(), feeds)
}

impl Site {
    async fn new() -> Site {
        let limits =
            HttpLimits { idle_ms: 200, bus_ms: 300, drain_bytes: 150_000_000, ..HttpLimits::default() };
        Site::with(limits, Valve::Open).await
    }

    async fn with(limits: HttpLimits, valve: Valve) -> Site {
        let folder = tempfile::tempdir().unwrap();
        let log = open_log(&folder.path().join("log"));
        let (bus, valve) = ValvedBus::before(log.clone(), valve);
        let path = folder.path().join("senders.toml");
        let mut senders = Senders::load(&path).unwrap();
        let token = senders
            .add("lab", vec!["air-push".to_owned(), "air-files".to_owned(), "reports".to_owned()], Vec::new())
            .unwrap()
            .token();
        senders.save().unwrap();
        let (_, routes) = watch::channel(Arc::new(Routes::of_pack(&Arc::new(pack()))));
        let (number, log_number) = watch::channel(Some(LogNumber(7)));
        let known = Arc::new(Known::default());
        let push = Arc::new(HttpPush::new(
            Intake::new(bus, Clock::Machine),
            Arc::new(Authenticator::open(&path).unwrap()),
            routes,
            log_number,
            watch::channel(Some(known.clone() as Arc<dyn Receipts>)).1,
            limits,
        ));
        let counters = push.counters().clone();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let cancel = CancellationToken::new();
        drop(tokio::spawn(serve(listener, router(push), ServeLimits::default(), cancel.clone())));
        let _end = cancel.drop_guard();
        Site { _folder: folder, log, valve, number, known, counters, address, token, _end }
    }

    fn authorization(&self) -> String {
        format!("Authorization: Bearer {}", self.token)
    }

    /// curl with the sender's token, the body on its standard input where an argument says `@-`.
    fn curl(&self, path: &str, arguments: &[&str], body: &[u8]) -> Child {
        self.curl_as(Some(&self.authorization()), path, arguments, body)
    }

    fn curl_as(&self, authorization: Option<&str>, path: &str, arguments: &[&str], body: &[u8]) -> Child {
        let mut command = Command::new("curl");
        let _ = command.args(["--silent", "--show-error", "--include", "--max-time", "50"]).args(arguments);
        if let Some(authorization) = authorization {
            let _ = command.args(["--header", authorization]);
        }
        let _ = command.arg(format!("http://{}{path}", self.address));
        let _ =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("curl is installed");
        let (mut input, body) = (child.stdin.take().unwrap(), body.to_vec());
        // Not awaited: a refused body breaks the pipe, as it should.
        drop(tokio::spawn(async move { input.write_all(&body).await }));
        child
    }
}

struct Answer {
    status: u16,
    head: String,
    body: Value,
}

impl Answer {
    fn parse(text: &str) -> Answer {
        // After "100 Continue" comes the real head.
        let text = text.strip_prefix("HTTP/1.1 100 Continue\r\n\r\n").unwrap_or(text);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer {
            status,
            head: head.to_ascii_lowercase(),
            body: serde_json::from_str(body).unwrap_or(Value::Null),
        }
    }

    /// Asserts a problem of RFC 9457 with that status and kind.
    fn problem(&self, status: u16, kind: &str) {
        assert_eq!((self.status, &self.body["status"]), (status, &Value::from(status)), "{}", self.body);
        assert_eq!(self.body["type"], format!("urn:ioc:problem:{kind}"));
        assert!(self.head.contains("content-type: application/problem+json"), "{}", self.head);
        for text in ["title", "detail", "detail_vi"] {
            assert!(self.body[text].as_str().is_some_and(|text| !text.is_empty()), "{text}");
        }
    }
}

async fn answer(child: Child) -> Answer {
    let output = child.wait_with_output().await.unwrap();
    Answer::parse(&String::from_utf8(output.stdout).unwrap())
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

const SEND: [&str; 2] = ["--data-binary", "@-"];

#[tokio::test(flavor = "multi_thread")]
async fn ack_a_receipt_is_given_only_when_the_bytes_are_durable() {
    let site = Site::with(HttpLimits::default(), Valve::Untold).await;
    let body = b"\x00{\"any\": bytes}\xff";
    let mut curl = site.curl("/ingest/air-push", &SEND, body);
    until("the bytes in the log", || stored(&site.log).len() == 1).await;
    assert!(curl.try_wait().unwrap().is_none(), "answered before the bus said durable");
    assert_eq!(site.counters.snapshot().acknowledged, 0);
    site.valve.send(Valve::Open).unwrap();

    let answer = answer(curl).await;
    assert_eq!(answer.status, 200);
    let envelope = &stored(&site.log)[0];
    assert_eq!((envelope.feed.as_str(), envelope.address.as_str()), ("air-push", "/ingest/air-push"));
    assert_eq!((envelope.content, envelope.payload.as_slice()), (Content::Raw, &body[..]));
    assert_eq!(answer.body["position"], envelope.position.to_string());
    assert_eq!(answer.body["feed"], "air-push");
    assert_eq!(answer.body["bytes"], body.len());
    assert_eq!(answer.body["sha256"], sha256(body));
    assert!(answer.body["received_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(site.counters.snapshot().acknowledged_bytes, body.len() as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sender_of_a_report_is_answered_when_it_is_judged_and_refused_with_every_finding() {
    let site = Site::new().await;
    let judges = |verdict, takes| {
        let judges = Judges { verdict, sender: "lab", takes: Duration::from_millis(takes) };
        *site.known.1.lock().unwrap() = Some(judges);
    };
    let pushed = || answer(site.curl("/ingest/reports", &SEND, b"a;b"));
    judges(ReportVerdict::Accepted, 50);
    let taken = pushed().await;
    assert_eq!((taken.status, &taken.body["status"]), (200, &Value::from("committed")));
    let expected = serde_json::json!({
        "kind": "admin_month", "label": "2026-10", "start": "2026-09-15", "end": "2026-10-14",
    });
    assert_eq!((&taken.body["period"], &taken.body["kept"]), (&expected, &Value::from(2)));
    assert_eq!(taken.body["digest"], "ab".repeat(16));
    assert_eq!(taken.body["position"], stored(&site.log)[0].position.to_string());

    judges(ReportVerdict::Refused, 0);
    let refused = pushed().await;
    refused.problem(422, "refused");
    let finding = serde_json::json!({
        "weight": "error", "rule": "invalid", "at": "line 3, column 4", "stands": "mười",
        "vi": "không phải là số", "en": "no number",
    });
    assert_eq!((&refused.body["findings"][0], &refused.body["verdict"]), (&finding, &Value::from("refused")));
    assert!(refused.body["detail_vi"].as_str().unwrap().contains("line 3, column 4: không phải là số"));

    // Blanks are a report, too: what is missing in it, its form says.
    judges(ReportVerdict::Duplicate, 0);
    assert_eq!(answer(site.curl("/ingest/reports", &SEND, b" \n")).await.status, 200);
    let figures = site.counters.snapshot();
    assert_eq!((figures.acknowledged, figures.refused, figures.judged_later, figures.empty), (3, 1, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_a_report_says_what_it_is_sent_for_and_nobody_sends_for_what_others_owe() {
    let site = Site::new().await;
    *site.known.1.lock().unwrap() =
        Some(Judges { verdict: ReportVerdict::Accepted, sender: "lab", takes: Duration::ZERO });
    let sent_for = |feed: &str, owed: &str| {
        let header = format!("X-Obligation: {owed}");
        site.curl(&format!("/ingest/{feed}"), &[SEND[0], SEND[1], "--header", &header], b"a;b")
    };
    for (feed, owed) in [
        ("reports", "november"),
        ("reports", "ktxh-x~25486~admin_month"),
        ("reports", "ktxh-x~25487~admin_month~2026-10"),
        ("reports", "other~25486~admin_month~2026-10"),
        ("air-push", "ktxh-x~25486~admin_month~2026-10"),
    ] {
        answer(sent_for(feed, owed)).await.problem(400, "no-obligation");
    }
    assert!(stored(&site.log).is_empty());
    let owed = "ktxh-x~25486~admin_month~2026-10";
    assert_eq!(answer(sent_for("reports", owed)).await.status, 200);
    assert!(stored(&site.log)[0].known.contains(&("owed".into(), owed.to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn ack_a_report_that_is_not_judged_in_time_is_durable_and_its_receipt_is_its_senders_alone() {
    let site = Site::with(HttpLimits { judged_ms: 100, ..HttpLimits::default() }, Valve::Open).await;
    let judges = |sender| {
        let takes = Duration::from_secs(60);
        *site.known.1.lock().unwrap() = Some(Judges { verdict: ReportVerdict::Refused, sender, takes });
    };
    judges("lab");
    let later = answer(site.curl("/ingest/reports", &SEND, b"a;b")).await;
    let position = stored(&site.log)[0].position;
    assert_eq!((later.status, &later.body["status"]), (202, &Value::from("in_flight")));
    assert_eq!(later.body["sha256"], sha256(b"a;b"));
    let place = format!("/ingest/receipt/{position}");
    assert!(later.head.contains(&format!("location: {place}")), "{}", later.head);
    assert_eq!(site.counters.snapshot().judged_later, 1);

    *site.known.0.lock().unwrap() = Some(position);
    let told = answer(site.curl(&place, &[], b"")).await;
    assert_eq!((told.status, &told.body["verdict"]), (200, &Value::from("refused")));
    assert_eq!(told.body["position"], position.to_string());
    judges("somebody else");
    answer(site.curl(&place, &[], b"")).await.problem(404, "unknown-position");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packed_body_is_stored_as_what_it_was_before_or_refused_whole() {
    let site = Site::new().await;
    let packed = |word: &str| {
        vec!["--data-binary".to_owned(), "@-".into(), "--header".into(), format!("Content-Encoding: {word}")]
    };
    let push = async |word: &str, bytes: &[u8]| {
        let arguments = packed(word);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        answer(site.curl("/ingest/air-push", &arguments, bytes)).await
    };
    let gzip = |bytes: &[u8]| {
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap()
    };
    let both = [gzip(b"[1,"), gzip(b"2]")].concat();
    let told = push("GZIP", &both).await;
    assert_eq!((told.status, &told.body["bytes"]), (200, &Value::from(both.len())), "of what was sent");
    assert_eq!(told.body["sha256"], sha256(&both));
    let mut deflate = ZlibEncoder::new(Vec::new(), Compression::default());
    deflate.write_all(b"[3]").unwrap();
    assert_eq!(push("deflate", &deflate.finish().unwrap()).await.status, 200);
    // A frame of one block that is as it was (RFC 8878, 3.1.1).
    let zstd = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x03, 0x19, 0x00, 0x00, b'[', b'4', b']'];
    assert_eq!(push("zstd", &[zstd, zstd].concat()).await.status, 200);
    push("gzip", &gzip(b" ")).await.problem(422, "empty");
    let kept = stored(&site.log).len();

    push("gzip", &both[..both.len() - 3]).await.problem(400, "broken-off");
    push("zstd", &zstd[..9]).await.problem(400, "broken-off");
    push("gzip", b"[5]").await.problem(400, "broken-off");
    push("gzip", &gzip(&[b'x'; MAX_BYTES + 1])).await.problem(413, "too-large-unpacked");
    assert_eq!(stored(&site.log).len(), kept, "nothing of it was kept");
    let payloads: Vec<Vec<u8>> = stored(&site.log).into_iter().map(|envelope| envelope.payload).collect();
    assert_eq!(payloads, [&b"[1,2]"[..], b"[3]", b"[4][4]", b" "]);
    let figures = site.counters.snapshot();
    assert_eq!((figures.broken_off, figures.too_large_unpacked), (3, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn safe_who_may_not_send_is_told_why_and_leaves_nothing() {
    let site = Site::new().await;
    let wrong = format!("{}x", site.authorization());
    for authorization in [None, Some("Authorization: Basic YTpi"), Some(wrong.as_str())] {
        let answer = answer(site.curl_as(authorization, "/ingest/air-push", &SEND, b"x")).await;
        answer.problem(401, "unauthenticated");
        assert!(answer.head.contains("www-authenticate: bearer"));
    }
    answer(site.curl("/ingest/others-push", &SEND, b"x")).await.problem(403, "forbidden");
    answer(site.curl("/ingest/nobody", &SEND, b"x")).await.problem(404, "unknown-feed");
    answer(site.curl("/ingest/air-files", &SEND, b"x")).await.problem(404, "unknown-feed");
    answer(site.curl("/ingest/..%2f..%2fetc%00", &SEND, b"x")).await.problem(404, "unknown-feed");
    let brotli = ["--data-binary", "@-", "--header", "Content-Encoding: br"];
    let answer = answer(site.curl("/ingest/air-push", &brotli, b"x")).await;
    answer.problem(415, "compressed");
    assert!(answer.head.contains("accept-encoding: gzip, deflate, zstd, identity"));
    assert!(stored(&site.log).is_empty());
    let figures = site.counters.snapshot();
    assert_eq!((figures.unauthenticated, figures.forbidden, figures.unknown_feed), (3, 1, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn balance_a_body_over_the_limit_is_refused_and_counted_in_the_log() {
    let site = Site::new().await;
    let body = vec![b'z'; 5_000_000];
    let chunked = ["--data-binary", "@-", "--header", "Transfer-Encoding: chunked"];
    for arguments in [&SEND[..], &chunked[..]] {
        let answer = answer(site.curl("/ingest/air-push", arguments, &body)).await;
        answer.problem(413, "too-large");
        assert_eq!(answer.body["max_bytes"], MAX_BYTES);
        let envelope = stored(&site.log).into_iter().max_by_key(|stored| stored.position).unwrap();
        assert_eq!(answer.body["position"], envelope.position.to_string());
        assert_eq!((envelope.content, envelope.feed.as_str()), (Content::Withheld, "air-push"));
        let description: Value = serde_json::from_slice(&envelope.payload).unwrap();
        let expected =
            serde_json::json!({"reason": "too_large", "bytes": body.len(), "sha256": sha256(&body)});
        assert_eq!(description, expected);
    }
    let at_limit = answer(site.curl("/ingest/air-push", &SEND, &body[..MAX_BYTES])).await;
    assert_eq!(at_limit.status, 200);
    answer(site.curl("/ingest/air-push", &chunked, &body[..=MAX_BYTES])).await.problem(413, "too-large");
    assert_eq!(stored(&site.log).len(), 4);
    assert_eq!(site.counters.snapshot().withheld, 3);
}

fn peak_memory_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn bound_a_message_of_100_mb_is_answered_and_never_held_in_memory() {
    let site = Site::new().await;
    let mut connection = TcpStream::connect(site.address).await.unwrap();
    let before = peak_memory_kib();
    let head = format!(
        "POST /ingest/air-push HTTP/1.1\r\nHost: x\r\n{}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        site.authorization()
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    let piece = vec![b'm'; 100_000];
    for _ in 0..1_000 {
        connection.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await.unwrap();
        connection.write_all(&piece).await.unwrap();
        connection.write_all(b"\r\n").await.unwrap();
    }
    connection.write_all(b"0\r\n\r\n").await.unwrap();
    let mut text = String::new();
    let _ = connection.read_to_string(&mut text).await.unwrap();
    Answer::parse(&text).problem(413, "too-large");
    let description: Value = serde_json::from_slice(&stored(&site.log)[0].payload).unwrap();
    assert_eq!(description["bytes"], 100_000_000);
    // Other tests of this binary run beside it; all of them together stay far below one such message.
    // What the kernel tells of the peak is at least what is there now, which it knows only nearly.
    let grown = peak_memory_kib().saturating_sub(before);
    assert!(grown < 60_000, "grew by {grown} KiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn bound_a_full_bus_is_told_as_503_with_retry_after_and_passes() {
    let site = Site::new().await;
    site.valve.send(Valve::Full).unwrap();
    let refused = answer(site.curl("/ingest/air-push", &SEND, b"x")).await;
    refused.problem(503, "unavailable");
    assert!(refused.head.contains("retry-after: "));
    // Durable, but not told in time: no receipt either.
    site.valve.send(Valve::Untold).unwrap();
    answer(site.curl("/ingest/air-push", &SEND, b"y")).await.problem(503, "unavailable");
    site.valve.send(Valve::Open).unwrap();
    assert_eq!(answer(site.curl("/ingest/air-push", &SEND, b"x")).await.status, 200);
    site.valve.send(Valve::Poisoned).unwrap();
    answer(site.curl("/ingest/air-push", &SEND, b"x")).await.problem(503, "unavailable");
    site.valve.send(Valve::Open).unwrap();
    site.number.send(None).unwrap();
    answer(site.curl("/ingest/air-push", &SEND, b"x")).await.problem(503, "unavailable");
    assert_eq!(site.counters.snapshot().unavailable, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn safe_a_slow_body_is_given_up_and_holds_up_nobody() {
    let site = Site::new().await;
    let head = format!(
        "POST /ingest/air-push HTTP/1.1\r\nHost: x\r\n{}\r\nContent-Length: 10\r\n\r\nabc",
        site.authorization()
    );
    let mut slow = Vec::new();
    for _ in 0..5 {
        let mut connection = TcpStream::connect(site.address).await.unwrap();
        connection.write_all(head.as_bytes()).await.unwrap();
        slow.push(connection);
    }
    assert_eq!(answer(site.curl("/ingest/air-push", &SEND, b"quick")).await.status, 200);
    for mut connection in slow {
        let mut text = String::new();
        // Read to its end: the connection is closed, since nobody knows where the next request would begin.
        let _ = connection.read_to_string(&mut text).await.unwrap();
        Answer::parse(&text).problem(408, "too-slow");
    }
    assert_eq!(stored(&site.log).len(), 1);
    assert_eq!(site.counters.snapshot().timed_out, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn safe_a_sender_that_hangs_up_inside_of_a_body_leaves_nothing() {
    let site = Site::new().await;
    let head = format!(
        "POST /ingest/air-push HTTP/1.1\r\nHost: x\r\n{}\r\nContent-Length: 10\r\n\r\nabc",
        site.authorization()
    );
    for garbage in [
        head.as_str(),
        "GET /\x00 nonsense\r\n\r\n",
        "\r\n\r\n\r\n",
        "POST /ingest/air-push HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    ] {
        let mut connection = TcpStream::connect(site.address).await.unwrap();
        connection.write_all(garbage.as_bytes()).await.unwrap();
        connection.shutdown().await.unwrap();
        let _ = connection.read_to_end(&mut Vec::new()).await;
    }
    assert_eq!(answer(site.curl("/ingest/air-push", &SEND, b"x")).await.status, 200);
    assert_eq!(stored(&site.log).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_tells_what_became_of_a_message() {
    let site = Site::new().await;
    *site.known.0.lock().unwrap() = Some("7-1-42".parse().unwrap());
    let asked = |position: &str| answer(site.curl(&format!("/ingest/receipt/{position}"), &[], b""));
    let committed = asked("7-1-42").await;
    assert_eq!(committed.status, 200);
    let expected = serde_json::json!({
        "position": "7-1-42", "status": "committed", "epoch": 5, "stored": 2, "rejected": 0, "held": 1
    });
    assert_eq!(committed.body, expected);
    assert_eq!(asked("7-1-98").await.body, serde_json::json!({"position": "7-1-98", "status": "in_flight"}));
    asked("7-1-43").await.problem(404, "unknown-position");
    asked("7-1").await.problem(400, "invalid-position");
    asked("7-1-99").await.problem(503, "unavailable");
    answer(site.curl_as(None, "/ingest/receipt/7-1-42", &[], b"")).await.problem(401, "unauthenticated");
}
