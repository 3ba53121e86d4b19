//! At their times, whatever is acknowledged: an open loop. A time runs from when a message was due, not from when it
//! could be sent, so a stall counts against everything that waited behind it (no coordinated omission).
//!
//! The event time of a reading is the moment it was due, so whoever sees it later knows how long it was under way.

use std::{
    fmt::Write as _,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use ioc_bus::clock::Clock;
use tokio::{
    io::AsyncWriteExt,
    net::tcp::OwnedWriteHalf,
    sync::{Barrier, Semaphore},
    time::{Instant, sleep_until, timeout},
};

use crate::{Endpoint, acknowledgements::Acknowledgements, chance::Chance, lasted, packet, spread::Spread};

/// Messages of one client in flight at most; packet identifiers are 1 to this.
const IN_FLIGHT: u16 = 1_000;
/// How long the last acknowledgements are waited for.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, clap::Args)]
pub struct Paced {
    #[command(flatten)]
    endpoint: Endpoint,
    /// messages a second, over all clients
    #[arg(long)]
    per_second: f64,
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// stations over all clients; each has all indicators
    #[arg(long, default_value_t = 2_000)]
    stations: u32,
    /// milliseconds: what is due within so long a client sends together, at their end
    #[arg(long, default_value_t = 0)]
    tick: u64,
    /// first level of the topics
    #[arg(long, default_value = "bench")]
    topic: String,
    #[arg(long, value_delimiter = ',', default_value = "pm25,pm10,no2,o3,so2,co,temperature,humidity")]
    indicators: Vec<String>,
}

/// The moment from which everything is due, by both clocks.
#[derive(Clone, Copy)]
struct Beginning {
    instant: Instant,
    /// Milliseconds since 1970.
    wall: f64,
}

struct Shared {
    arriving: Semaphore,
    all_here: Barrier,
    acknowledged: AtomicU64,
}

/// What a client's two halves share: when each packet identifier's message was due, and room for more.
struct Flight {
    due: Vec<AtomicU64>,
    room: Semaphore,
}

impl Paced {
    pub async fn run(self) {
        let clients = self.endpoint.clients;
        let shared = Arc::new(Shared {
            arriving: Semaphore::new(50),
            all_here: Barrier::new(clients as usize),
            acknowledged: AtomicU64::new(0),
        });
        let tasks: Vec<_> = (0..clients)
            .map(|client| {
                let (load, shared) = (self.clone(), shared.clone());
                tokio::spawn(async move { lasted(load.client(client, shared).await) })
            })
            .collect();
        let (mut times, mut sent) = (Spread::default(), 0);
        for task in tasks {
            let (client_times, client_sent) = task.await.expect("a client");
            times.append(client_times);
            sent += client_sent;
        }
        println!(
            "{{\"load\":\"paced\",\"level\":{},\"clients\":{clients},\"offered_per_second\":{},\"sent\":{sent},\
             \"acknowledged\":{},{}}}",
            self.endpoint.level,
            self.per_second,
            shared.acknowledged.load(Relaxed),
            times.json()
        );
    }

    async fn client(self, client: u32, shared: Arc<Shared>) -> io::Result<(Spread, u64)> {
        let arriving = shared.arriving.acquire().await.expect("never closed");
        let (write, back) = self.endpoint.connect(client).await?;
        drop(arriving);
        let _ = shared.all_here.wait().await;
        let beginning = Beginning { instant: Instant::now(), wall: Clock::Machine.now().0 as f64 };
        let flight = Arc::new(Flight {
            due: (0..=IN_FLIGHT).map(|_| AtomicU64::new(0)).collect(),
            room: Semaphore::new(usize::from(IN_FLIGHT)),
        });
        let messages = (self.per_second * self.seconds as f64 / f64::from(self.endpoint.clients)) as u64;
        let reader = tokio::spawn(read(back, messages, beginning, flight.clone(), shared));
        let mut write = self.write(client, write, messages, beginning, &flight).await?;
        let times = timeout(PATIENCE, reader)
            .await
            .map_err(|_| io::Error::other("the last messages were not acknowledged"))?
            .expect("a reader")?;
        write.write_all(&packet::DISCONNECT).await?;
        Ok((times, messages))
    }

    /// Sends each message when it is due.
    async fn write(
        &self,
        client: u32,
        mut write: OwnedWriteHalf,
        messages: u64,
        beginning: Beginning,
        flight: &Flight,
    ) -> io::Result<OwnedWriteHalf> {
        let clients = f64::from(self.endpoint.clients);
        let period = clients / self.per_second;
        // The clients' moments lie evenly between each other.
        let due = |number: u64| (number as f64 + f64::from(client) / clients) * period;
        let mut series = Series::of(self, client);
        let tick = Duration::from_millis(self.tick);
        let (mut bytes, mut number) = (Vec::new(), 0);
        while number < messages {
            sleep_until(beginning.instant + Duration::from_secs_f64(due(number)) + tick).await;
            let elapsed = beginning.instant.elapsed().as_secs_f64();
            bytes.clear();
            while number < messages && due(number) <= elapsed {
                // A full window is sent before its acknowledgements are waited for.
                let Ok(room) = flight.room.try_acquire() else { break };
                room.forget();
                let packet_id = (number % u64::from(IN_FLIGHT)) as u16 + 1;
                flight.due[usize::from(packet_id)].store((due(number) * 1e6) as u64, Relaxed);
                let time = (beginning.wall + due(number) * 1e3) as u64;
                series.reading(&mut bytes, self.endpoint.level, &self.topic, packet_id, time);
                number += 1;
            }
            if bytes.is_empty() {
                // Nobody else takes room, so what is free now is free in the next round, too.
                drop(flight.room.acquire().await.expect("never closed"));
            } else {
                write.write_all(&bytes).await?;
            }
        }
        Ok(write)
    }
}

/// Takes acknowledgements until all messages have theirs.
async fn read(
    mut back: Acknowledgements,
    messages: u64,
    beginning: Beginning,
    flight: Arc<Flight>,
    shared: Arc<Shared>,
) -> io::Result<Spread> {
    let mut times = Spread::default();
    for _ in 0..messages {
        let packet_id = back.next().await?;
        let due = Duration::from_micros(flight.due[usize::from(packet_id)].load(Relaxed));
        times.add(beginning.instant.elapsed().saturating_sub(due));
        flight.room.add_permits(1);
        let _ = shared.acknowledged.fetch_add(1, Relaxed);
    }
    Ok(times)
}

/// A client's share of the series, one reading of each in turn.
struct Series {
    subjects: Vec<String>,
    indicators: Vec<String>,
    next: usize,
    chance: Chance,
    payload: String,
}

impl Series {
    fn of(load: &Paced, client: u32) -> Series {
        let subjects = (client..load.stations)
            .step_by(load.endpoint.clients as usize)
            .map(|number| format!("ST-{number:05}"))
            .collect();
        let chance = Chance(u64::from(client));
        Series { subjects, indicators: load.indicators.clone(), next: 0, chance, payload: String::new() }
    }

    fn reading(&mut self, into: &mut Vec<u8>, level: u8, topic: &str, packet_id: u16, time: u64) {
        let subject = &self.subjects[self.next / self.indicators.len()];
        let indicator = &self.indicators[self.next % self.indicators.len()];
        self.next = (self.next + 1) % (self.subjects.len() * self.indicators.len());
        let value = self.chance.below(10_000) as f64 / 100.0;
        self.payload.clear();
        let _ = write!(
            self.payload,
            r#"{{"indicator":"{indicator}","subject":"{subject}","time":{time},"value":{value}}}"#
        );
        let topic = format!("{topic}/{subject}/observation");
        packet::publish(into, level, &topic, packet_id, self.payload.as_bytes());
    }
}
