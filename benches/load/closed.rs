//! As fast as it is acknowledged: each client sends a window of publishes, waits for its PUBACKs, and again.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use ioc_bus::clock::Clock;
use tokio::{
    io::AsyncWriteExt,
    sync::{Barrier, Semaphore},
};

use crate::{Endpoint, lasted, packet, spread::Spread};

/// Connections made at once while the clients come: more would only fill the listener's queue.
const ARRIVING: usize = 50;

#[derive(Clone, clap::Args)]
pub struct Closed {
    #[command(flatten)]
    endpoint: Endpoint,
    /// messages each client has in flight
    #[arg(long, default_value_t = 100)]
    in_flight: u16,
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// length of a payload
    #[arg(long, default_value_t = 200)]
    bytes: usize,
    /// first level of the topics
    #[arg(long, default_value = "bench")]
    topic: String,
    /// seconds for which the clients are connected and silent before they send; `connected` is printed first
    #[arg(long, default_value_t = 0)]
    hold: u64,
}

struct Start {
    arriving: Semaphore,
    all_here: Barrier,
    acknowledged: AtomicU64,
}

impl Closed {
    pub async fn run(self) {
        let clients = self.endpoint.clients as usize;
        let start = Arc::new(Start {
            arriving: Semaphore::new(ARRIVING),
            all_here: Barrier::new(clients + 1),
            acknowledged: AtomicU64::new(0),
        });
        let tasks: Vec<_> = (0..self.endpoint.clients)
            .map(|client| {
                let (load, start) = (self.clone(), start.clone());
                tokio::spawn(async move { lasted(load.publish(client, start).await) })
            })
            .collect();
        let _ = start.all_here.wait().await;
        println!("connected");
        tokio::time::sleep(Duration::from_secs(self.hold)).await;
        let _ = start.all_here.wait().await;
        let began = Instant::now();
        let mut times = Spread::default();
        for task in tasks {
            times.append(task.await.expect("a client"));
        }
        let seconds = began.elapsed().as_secs_f64();
        let acknowledged = start.acknowledged.load(Relaxed);
        println!(
            "{{\"load\":\"closed\",\"level\":{},\"clients\":{clients},\"in_flight\":{},\"bytes\":{},\
             \"acknowledged\":{acknowledged},\"per_second\":{:.0},{}}}",
            self.endpoint.level,
            self.in_flight,
            self.bytes,
            acknowledged as f64 / seconds,
            times.json()
        );
    }

    async fn publish(self, client: u32, start: Arc<Start>) -> io::Result<Spread> {
        let arriving = start.arriving.acquire().await.expect("never closed");
        let (mut write, mut back) = self.endpoint.connect(client).await?;
        drop(arriving);
        let mut window = Window::new(&self, client);
        let mut times = Spread::default();
        let _ = start.all_here.wait().await;
        let _ = start.all_here.wait().await;
        let end = Instant::now() + Duration::from_secs(self.seconds);
        while Instant::now() < end {
            window.next_times();
            let sent = Instant::now();
            write.write_all(&window.bytes).await?;
            for _ in 0..self.in_flight {
                let _ = back.next().await?;
            }
            let _ = start.acknowledged.fetch_add(u64::from(self.in_flight), Relaxed);
            times.add(sent.elapsed());
        }
        write.write_all(&packet::DISCONNECT).await?;
        Ok(times)
    }
}

/// A client's publishes, encoded once; only the digits of their times change.
struct Window {
    bytes: Vec<u8>,
    /// Where each publish's time stands.
    times: Vec<usize>,
    /// Milliseconds since 1970.
    next: u64,
}

/// Digits of a time in milliseconds, until the year 2286.
const DIGITS: usize = 13;

impl Window {
    fn new(load: &Closed, client: u32) -> Window {
        // A fast client's times run ahead of the clock: they begin well behind it.
        let next = Clock::Machine.now().0.unsigned_abs() - 600_000;
        let (mut bytes, mut times) = (Vec::new(), Vec::new());
        for packet_id in 1..=load.in_flight {
            let subject = format!("ST-{client:05}");
            let mut payload =
                format!(r#"{{"indicator":"pm25","subject":"{subject}","value":37.25,"time":{next},"pad":""#);
            let from_end = DIGITS + r#","pad":""#.len();
            let place = payload.len() - from_end;
            while payload.len() + 2 < load.bytes {
                payload.push('x');
            }
            payload.push_str("\"}");
            let topic = format!("{}/{subject}/observation", load.topic);
            packet::publish(&mut bytes, load.endpoint.level, &topic, packet_id, payload.as_bytes());
            times.push(bytes.len() - payload.len() + place);
        }
        Window { bytes, times, next }
    }

    fn next_times(&mut self) {
        for place in &self.times {
            let mut rest = self.next;
            for digit in self.bytes[*place..*place + DIGITS].iter_mut().rev() {
                *digit = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
            self.next += 1;
        }
    }
}
