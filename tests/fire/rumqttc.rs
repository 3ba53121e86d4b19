//! A publisher of the fire test, by rumqttc: sends what it reads from standard input with QoS 1, many at a time, keeps
//! on through every crash, and writes a journal of what it sent and what was acknowledged.
//!
//! A line of input is `id`, `after`, `topic`, `payload`, `record`, parted by tabs: the payload in hexadecimal, the record
//! a JSON object for the journal. A message with an `after` waits until that one is acknowledged. The end of input ends
//! the sending; the process ends when all that was sent is acknowledged.
//!
//! rumqttc forgets what it had in flight when a session is new, so a lost connection is followed by a new client,
//! which is given everything again that was not acknowledged, in order.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    fs::File,
    io::{BufRead, BufWriter, Write},
    time::{Duration, Instant, UNIX_EPOCH},
};

use anyhow::{Context, Result};
use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Outgoing, Packet, QoS};
use tokio::sync::mpsc::{Receiver, Sender, channel};

const IN_FLIGHT: usize = 400;
/// Pacing and a change of what may be sent are looked at so often.
const TICK: Duration = Duration::from_millis(10);
const RECONNECT_AFTER: Duration = Duration::from_millis(150);

#[derive(Clone, Debug)]
struct Message {
    id: u64,
    after: Option<u64>,
    topic: String,
    payload: Vec<u8>,
    record: String,
}

impl Message {
    fn parse(line: &str) -> Result<Message> {
        let mut columns = line.splitn(5, '\t');
        let mut column = || columns.next().context("a line has five columns");
        let id = column()?.parse()?;
        let after = Some(column()?).filter(|after| !after.is_empty()).map(str::parse).transpose()?;
        let topic = column()?.to_owned();
        let digits = column()?.as_bytes();
        let byte = |pair: &[u8]| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?);
        let payload = digits.chunks(2).map(byte).collect::<Result<Vec<u8>>>()?;
        Ok(Message { id, after, topic, payload, record: column()?.to_owned() })
    }
}

struct Journal(BufWriter<File>);

impl Journal {
    fn sent(&mut self, message: &Message) -> Result<()> {
        // The record is an object: the moment goes in front of its fields.
        writeln!(self.0, "{{\"clock\":{},{}", now(), &message.record[1..])?;
        Ok(())
    }

    fn acknowledged(&mut self, id: u64) -> Result<()> {
        writeln!(self.0, "{{\"clock\":{},\"acknowledged\":{id}}}", now())?;
        Ok(())
    }
}

/// Milliseconds since 1970.
fn now() -> u128 {
    UNIX_EPOCH.elapsed().unwrap_or_default().as_millis()
}

/// What may be sent, and what is not acknowledged yet.
struct Outbox {
    input: Receiver<Message>,
    /// To be sent again, or held back until another is acknowledged.
    waiting: VecDeque<Message>,
    unacknowledged: BTreeMap<u64, Message>,
    journal: Journal,
    closing: bool,
    rate: f64,
    paced_from: Instant,
    paced: u64,
}

impl Outbox {
    /// The next message, if there is one that may go now.
    fn next(&mut self) -> Result<Option<Message>> {
        if let Some(message) = self.waiting.front() {
            let blocked = message.after.is_some_and(|after| self.unacknowledged.contains_key(&after));
            return Ok(if blocked { None } else { self.waiting.pop_front() });
        }
        if self.closing || !self.is_due() {
            return Ok(None);
        }
        let Ok(message) = self.input.try_recv() else {
            self.closing |= self.input.is_closed() && self.input.is_empty();
            return Ok(None);
        };
        self.paced += 1;
        let blocked = message.after.is_some_and(|after| self.unacknowledged.contains_key(&after));
        if blocked {
            self.waiting.push_back(message);
            return Ok(None);
        }
        Ok(Some(message))
    }

    fn is_due(&mut self) -> bool {
        let due = self.paced_from.elapsed().as_secs_f64() * self.rate;
        // What could not be sent is not made up for: the sender is slowed, not its burst put off.
        if due > self.paced as f64 + self.rate / 10.0 {
            (self.paced_from, self.paced) = (Instant::now(), 0);
        }
        due >= self.paced as f64
    }

    fn sends(&mut self, message: &Message) -> Result<()> {
        if self.unacknowledged.insert(message.id, message.clone()).is_none() {
            self.journal.sent(message)?;
        }
        Ok(())
    }

    fn acknowledged(&mut self, id: u64) -> Result<()> {
        let _ = self.unacknowledged.remove(&id);
        self.journal.acknowledged(id)
    }

    /// After a lost connection: everything that is not acknowledged goes again, before anything new.
    fn again(&mut self) {
        let held: Vec<Message> =
            self.waiting.drain(..).filter(|message| !self.unacknowledged.contains_key(&message.id)).collect();
        self.waiting.extend(self.unacknowledged.values().cloned());
        self.waiting.extend(held);
    }

    fn is_done(&self) -> bool {
        self.closing && self.waiting.is_empty() && self.unacknowledged.is_empty()
    }
}

/// Hands on what happens on a connection until it is lost.
async fn listen(mut connection: EventLoop, events: Sender<Event>) {
    while let Ok(event) = connection.poll().await {
        if events.send(event).await.is_err() {
            return;
        }
    }
}

/// One connection, until it is lost or all is done.
async fn converse(options: MqttOptions, outbox: &mut Outbox) -> Result<()> {
    let (client, connection) = AsyncClient::new(options, IN_FLIGHT);
    let (event_in, mut events) = channel(IN_FLIGHT);
    let listener = tokio::spawn(listen(connection, event_in));
    let mut handed = VecDeque::new();
    let mut flying = HashMap::new();
    let mut connected = false;
    'connected: while !outbox.is_done() {
        while connected && handed.len() + flying.len() < IN_FLIGHT {
            let Some(message) = outbox.next()? else { break };
            outbox.sends(&message)?;
            handed.push_back(message.id);
            // It went away meanwhile: what is not acknowledged is sent again over the next connection.
            if client.try_publish(&message.topic, QoS::AtLeastOnce, false, message.payload).is_err() {
                break 'connected;
            }
        }
        tokio::select! {
            event = events.recv() => match event {
                Some(Event::Incoming(Packet::ConnAck(_))) => connected = true,
                Some(Event::Outgoing(Outgoing::Publish(number))) => {
                    let id = handed.pop_front().context("a publish that was not handed over")?;
                    let _ = flying.insert(number, id);
                }
                Some(Event::Incoming(Packet::PubAck(answer))) => {
                    let id = flying.remove(&answer.pkid).context("an answer to nothing that was sent")?;
                    outbox.acknowledged(id)?;
                }
                Some(_) => {}
                None => break,
            },
            () = tokio::time::sleep(TICK) => {}
        }
    }
    listener.abort();
    outbox.again();
    Ok(())
}

/// Reads standard input on a thread of its own: it may block.
fn read_input() -> Receiver<Message> {
    let (messages, input) = channel(1_000);
    let _reader = std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            match Message::parse(&line) {
                Ok(message) => {
                    if messages.blocking_send(message).is_err() {
                        return;
                    }
                }
                Err(error) => eprintln!("{error:#}: {line}"),
            }
        }
    });
    input
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [port, user, password, journal, rate] = arguments.as_slice() else {
        anyhow::bail!("usage: fire_rumqttc PORT USER PASSWORD JOURNAL MESSAGES_A_SECOND");
    };
    let mut options = MqttOptions::new(format!("rumqttc-{user}"), "127.0.0.1", port.parse()?);
    let _ = options
        .set_credentials(user, password)
        .set_inflight(u16::try_from(IN_FLIGHT)?)
        .set_keep_alive(Duration::from_secs(20));
    let mut outbox = Outbox {
        input: read_input(),
        waiting: VecDeque::new(),
        unacknowledged: BTreeMap::new(),
        journal: Journal(BufWriter::new(File::create(journal)?)),
        closing: false,
        rate: rate.parse()?,
        paced_from: Instant::now(),
        paced: 0,
    };
    while !outbox.is_done() {
        converse(options.clone(), &mut outbox).await?;
        tokio::time::sleep(RECONNECT_AFTER).await;
    }
    outbox.journal.0.flush()?;
    Ok(())
}
