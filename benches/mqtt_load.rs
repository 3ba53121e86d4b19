//! Load for an MQTT endpoint: clients that publish QoS 1 with many messages in flight and count PUBACKs.
//!
//! Packets are encoded beforehand and acknowledgements only counted, so that the generator takes as little of the
//! machine as it can: it shares the cores with what it measures.
//!
//!     cargo bench --bench mqtt_load -- HOST:PORT USER PASSWORD [CLIENTS] [SECONDS] [IN_FLIGHT] [BYTES] [TOPIC]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Mutex,
};

struct Load {
    address: String,
    user: String,
    password: String,
    clients: u64,
    seconds: u64,
    in_flight: u16,
    bytes: usize,
    topic: String,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [address, user, password, rest @ ..] = &arguments[..] else {
        eprintln!("arguments: HOST:PORT USER PASSWORD [CLIENTS] [SECONDS] [IN_FLIGHT] [BYTES] [TOPIC]");
        return;
    };
    let number =
        |index: usize, default: u64| rest.get(index).and_then(|text| text.parse().ok()).unwrap_or(default);
    let load = Arc::new(Load {
        address: address.clone(),
        user: user.clone(),
        password: password.clone(),
        clients: number(0, 100),
        seconds: number(1, 10),
        in_flight: number(2, 100) as u16,
        bytes: number(3, 200) as usize,
        topic: rest.get(4).cloned().unwrap_or_else(|| "ioc/air/LOAD/observation".to_owned()),
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(run(load));
}

async fn run(load: Arc<Load>) {
    let acknowledged = Arc::new(AtomicU64::new(0));
    let latencies = Arc::new(Mutex::new(Vec::new()));
    let began = Instant::now();
    let end = began + Duration::from_secs(load.seconds);
    let clients: Vec<_> = (0..load.clients)
        .map(|client| {
            tokio::spawn(publish(load.clone(), client, end, acknowledged.clone(), latencies.clone()))
        })
        .collect();
    for client in clients {
        client.await.expect("a client").expect("a connection that lasts");
    }
    let seconds = began.elapsed().as_secs_f64();
    let mut latencies = latencies.lock().await;
    latencies.sort_unstable();
    let at =
        |share: f64| latencies.get((latencies.len() as f64 * share) as usize).copied().unwrap_or_default();
    println!(
        "{{\"bench\":\"mqtt_load\",\"clients\":{},\"bytes\":{},\"in_flight\":{},\"acknowledged\":{},\
         \"per_second\":{:.0},\"p50_ms\":{:.2},\"p99_ms\":{:.2}}}",
        load.clients,
        load.bytes,
        load.in_flight,
        acknowledged.load(Ordering::Relaxed),
        acknowledged.load(Ordering::Relaxed) as f64 / seconds,
        at(0.5).as_secs_f64() * 1e3,
        at(0.99).as_secs_f64() * 1e3,
    );
}

/// One client: sends a window of publishes, waits for all its PUBACKs, and again.
async fn publish(
    load: Arc<Load>,
    client: u64,
    end: Instant,
    acknowledged: Arc<AtomicU64>,
    latencies: Arc<Mutex<Vec<Duration>>>,
) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(&load.address).await?;
    stream.set_nodelay(true)?;
    stream.write_all(&connect(&load, client)).await?;
    let mut connack = [0; 4];
    let _ = stream.read_exact(&mut connack).await?;
    assert_eq!(connack[3], 0, "refused: {connack:?}");
    let mut window = Vec::new();
    for packet_id in 1..=load.in_flight {
        publish_packet(&mut window, &load, client, packet_id);
    }
    let mut acks = vec![0; 4 * usize::from(load.in_flight)];
    let mut mine = Vec::new();
    while Instant::now() < end {
        let sent = Instant::now();
        stream.write_all(&window).await?;
        let _ = stream.read_exact(&mut acks).await?;
        assert!(acks.chunks(4).all(|ack| ack[0] == 0x40), "not a PUBACK");
        let _ = acknowledged.fetch_add(u64::from(load.in_flight), Ordering::Relaxed);
        mine.push(sent.elapsed());
    }
    latencies.lock().await.append(&mut mine);
    stream.write_all(&[0xE0, 0]).await
}

fn text(into: &mut Vec<u8>, text: &str) {
    into.extend_from_slice(&(text.len() as u16).to_be_bytes());
    into.extend_from_slice(text.as_bytes());
}

fn packet(into: &mut Vec<u8>, first: u8, body: &[u8]) {
    into.push(first);
    let mut length = body.len();
    loop {
        let more = length > 127;
        into.push((length & 127) as u8 | if more { 128 } else { 0 });
        length >>= 7;
        if !more {
            break;
        }
    }
    into.extend_from_slice(body);
}

fn connect(load: &Load, client: u64) -> Vec<u8> {
    let mut body = Vec::new();
    text(&mut body, "MQTT");
    body.extend_from_slice(&[4, 0b1100_0010, 0, 60]);
    text(&mut body, &format!("load-{client}"));
    text(&mut body, &load.user);
    text(&mut body, &load.password);
    let mut packet_bytes = Vec::new();
    packet(&mut packet_bytes, 0x10, &body);
    packet_bytes
}

fn publish_packet(into: &mut Vec<u8>, load: &Load, client: u64, packet_id: u16) {
    let mut body = Vec::new();
    text(&mut body, &load.topic);
    body.extend_from_slice(&packet_id.to_be_bytes());
    let mut payload = format!(
        "{{\"indicator\":\"pm25\",\"subject\":\"LOAD\",\"time\":\"2026-01-01T00:{:02}:{:02}.{:03}Z\",\"value\":1.5,\"pad\":\"",
        packet_id / 60 % 60,
        packet_id % 60,
        client % 1000
    );
    while payload.len() + 2 < load.bytes {
        payload.push('x');
    }
    payload.push_str("\"}");
    body.extend_from_slice(payload.as_bytes());
    packet(into, 0x32, &body);
}
