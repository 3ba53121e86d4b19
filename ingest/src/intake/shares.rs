//! Whose chunk goes first while the dataflow is behind.
//!
//! What is acknowledged lies on the log in the order it came, and is judged in that order: whatever one sender floods
//! the log with lies before the next reading of everyone else. While the flow keeps up nobody waits. While it is
//! behind, all senders together are let in a little slower than it commits, so that what lies on the log gets less,
//! and that pace is shared: **who sends less than an equal share never waits**, and who sends more gets most of what
//! the others leave. A sender that waits is not acknowledged and not read from, so TCP slows it; nothing is dropped.
//!
//! Two cases have no share to give and hold nobody back:
//! * a flow that commits nothing, because the store is away: it has no pace, and the log is there to take what comes;
//! * senders that all send more than an equal share: there is nobody whom holding back the others would help.
//!
//! The share above the equal one is the dynamic threshold that switches give the queues of a shared buffer: a
//! multiple of the room that is left, so that one sender alone gets most of it and many divide it evenly, without
//! anybody adding up who wants how much (A. K. Choudhury, E. L. Hahne, "Dynamic queue length thresholds for
//! shared-memory packet switches", IEEE/ACM Transactions on Networking 6(2), 1998). What a sender has sent fades
//! exponentially, and with it what all have: both are one multiplication.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::transport::counters::{Counters, Metric, MetricKind};

/// What a sender has sent counts as if it had come within the last so many seconds.
const MEMORY: f64 = 1.0;
/// Of what the flow commits, so much is let in: what waits on the log gets less.
const LET_IN: f64 = 0.9;
/// One sender alone may have this multiple of the room that is left, which is four fifths of all.
const OF_ROOM_LEFT: f64 = 4.0;
/// How much the latest epoch says of the pace.
const LATEST: f64 = 0.3;
/// A flow that has committed nothing for so long stands still: it has no pace that could be shared.
const STANDSTILL: Duration = Duration::from_secs(10);
/// Who has sent less than so many bytes is forgotten.
const FORGOTTEN: f64 = 1.0;
/// Less than this part of an equal share is little. Who is held back to an equal share stays above it.
const LITTLE: f64 = 0.5;
/// Who has come so lately may only seem to send little.
const NEW: Duration = Duration::from_secs(2);
/// Others are held back for so long after somebody who sends little was seen: most stations send every few minutes.
const HELPED_FOR: Duration = Duration::from_secs(600);
/// Who is forgotten and who sends little is looked at so often.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long a sender waits before it asks again.
const WAIT: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(100));
/// Who was held back within so long still is: between two chunks it may be let in for a moment.
const STILL: Duration = Duration::from_secs(2);
/// So many of those that are held back are named.
const NAMED: usize = 5;
/// A sender that is held back is named in the log so often.
const SAY_EVERY: Duration = Duration::from_secs(60);

/// What senders may bring, all transports together.
#[derive(Debug, Default)]
pub struct Shares {
    /// While it is false nothing else is looked at.
    behind: AtomicBool,
    state: Mutex<State>,
    chunks: AtomicU64,
    milliseconds: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    /// When the last epoch was committed, and whether it left a backlog.
    committed: Option<(Instant, bool)>,
    /// Bytes a second; none until two epochs of a backlog were committed one after the other.
    pace: Option<f64>,
    senders: HashMap<Arc<str>, SenderUsage>,
    /// What all have sent.
    all: Faded,
    looked: Option<Instant>,
    helped: Option<Instant>,
    /// Who was held back, and when that was last said and last so.
    held_back: HashMap<Arc<str>, HeldBack>,
}

#[derive(Debug)]
struct SenderUsage {
    since: Instant,
    sent: Faded,
}

#[derive(Debug)]
struct HeldBack {
    said: Instant,
    last: Instant,
}

impl HeldBack {
    fn is_now(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.last) <= STILL
    }
}

/// Bytes that fade.
#[derive(Clone, Copy, Debug, Default)]
struct Faded {
    bytes: f64,
    at: Option<Instant>,
}

impl Faded {
    fn now(self, now: Instant) -> f64 {
        let age = self.at.map_or(0.0, |at| now.saturating_duration_since(at).as_secs_f64());
        self.bytes * (-age / MEMORY).exp()
    }

    fn add(&mut self, bytes: usize, now: Instant) {
        *self = Faded { bytes: self.now(now) + bytes as f64, at: Some(now) };
    }
}

impl Shares {
    /// Waits until a sender's chunk may get in line; at once unless the flow is behind.
    pub(super) async fn wait(&self, sender: &Arc<str>, bytes: usize) {
        if !self.behind.load(Ordering::Relaxed) {
            return;
        }
        let began = Instant::now();
        let Some(mut wait) = self.admit(sender, bytes, began) else { return };
        let _ = self.chunks.fetch_add(1, Ordering::Relaxed);
        loop {
            tokio::time::sleep(wait).await;
            match self.admit(sender, bytes, Instant::now()) {
                Some(longer) => wait = longer,
                None => break,
            }
        }
        let _ = self.milliseconds.fetch_add(began.elapsed().as_millis() as u64, Ordering::Relaxed);
    }

    /// None: it is counted, and may go. Otherwise it is to ask again after that time.
    fn admit(&self, sender: &Arc<str>, bytes: usize, now: Instant) -> Option<Duration> {
        let mut state = self.lock();
        let room = LET_IN * state.pace_at(now)? * MEMORY;
        state.look(room, now);
        let limit = state.limit(room, now);
        let sent = state.senders.get(sender).map_or(0.0, |entry| entry.sent.now(now));
        if sent >= limit && state.is_anybody_helped(now) {
            state.hold_back(sender, sent, now);
            let until_below = MEMORY * (sent / limit).ln();
            return Some(Duration::from_secs_f64(until_below).clamp(WAIT.0, WAIT.1));
        }
        state.count(sender, bytes, now);
        None
    }

    /// A chunk gets in line whatever its sender has sent.
    pub(super) fn count(&self, sender: &Arc<str>, bytes: usize) {
        if !self.behind.load(Ordering::Relaxed) {
            return;
        }
        let now = Instant::now();
        let mut state = self.lock();
        if let Some(pace) = state.pace_at(now) {
            state.look(LET_IN * pace * MEMORY, now);
            state.count(sender, bytes, now);
        }
    }

    /// The flow has committed an epoch made of so many bytes of the log. `behind`: so much waited behind it that it
    /// takes several more.
    pub fn committed(&self, bytes: usize, behind: bool) {
        self.committed_at(bytes, behind, Instant::now());
    }

    fn committed_at(&self, bytes: usize, behind: bool, now: Instant) {
        let mut state = self.lock();
        if !behind {
            state.pace = None;
        } else if let Some((before, true)) = state.committed {
            let took = now.saturating_duration_since(before);
            let this = bytes as f64 / took.as_secs_f64().max(1e-3);
            // The time it stood still says nothing of how fast it is.
            let known = if took < STANDSTILL { state.pace.or(Some(this)) } else { None };
            state.pace = known.map(|pace| pace + LATEST * (this - pace));
        }
        state.committed = Some((now, behind));
        self.behind.store(behind, Ordering::Relaxed);
    }

    /// Who is held back now: of a few their name, and how many there are.
    #[must_use]
    pub fn held_back(&self) -> (Vec<Arc<str>>, usize) {
        let now = Instant::now();
        let state = self.lock();
        let mut senders: Vec<&Arc<str>> = state
            .held_back
            .iter()
            .filter(|(_, held_back)| held_back.is_now(now))
            .map(|(sender, _)| sender)
            .collect();
        senders.sort();
        (senders.iter().take(NAMED).map(|sender| Arc::clone(sender)).collect(), senders.len())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counters for Shares {
    fn metrics(&self) -> Vec<Metric> {
        vec![
            Metric {
                name: "held_back_senders",
                help: "Senders held back to their share now",
                kind: MetricKind::Now,
                count: self.held_back().1 as u64,
            },
            Metric {
                name: "held_back_chunks",
                help: "Chunks that waited for their sender's share",
                kind: MetricKind::Total,
                count: self.chunks.load(Ordering::Relaxed),
            },
            Metric {
                name: "held_back_milliseconds",
                help: "How long chunks waited for their sender's share, together",
                kind: MetricKind::Total,
                count: self.milliseconds.load(Ordering::Relaxed),
            },
        ]
    }
}

impl State {
    /// Bytes a second that can be shared.
    fn pace_at(&self, now: Instant) -> Option<f64> {
        let (committed, _) = self.committed?;
        self.pace.filter(|_| now.saturating_duration_since(committed) < STANDSTILL)
    }

    /// Forgets who sends nothing any more, and sees whether anybody sends little.
    fn look(&mut self, room: f64, now: Instant) {
        let since = |then: Instant| now.saturating_duration_since(then);
        if self.looked.is_some_and(|looked| since(looked) < LOOK_EVERY) {
            return;
        }
        self.looked = Some(now);
        self.senders.retain(|_, sender| sender.sent.now(now) >= FORGOTTEN);
        self.held_back.retain(|_, held_back| since(held_back.last) < SAY_EVERY);
        let little = LITTLE * self.equal(room);
        if self.senders.values().any(|sender| since(sender.since) >= NEW && sender.sent.now(now) < little) {
            self.helped = Some(now);
        }
    }

    fn count(&mut self, sender: &Arc<str>, bytes: usize, now: Instant) {
        match self.senders.get_mut(sender) {
            Some(entry) => entry.sent.add(bytes, now),
            None => {
                let mut entry = SenderUsage { since: now, sent: Faded::default() };
                entry.sent.add(bytes, now);
                let _new = self.senders.insert(sender.clone(), entry);
            }
        }
        self.all.add(bytes, now);
    }

    fn is_anybody_helped(&self, now: Instant) -> bool {
        self.helped.is_some_and(|helped| now.saturating_duration_since(helped) < HELPED_FOR)
    }

    fn equal(&self, room: f64) -> f64 {
        room / self.senders.len().max(1) as f64
    }

    /// A sender that has sent more than this waits.
    fn limit(&self, room: f64, now: Instant) -> f64 {
        self.equal(room).max(OF_ROOM_LEFT * (room - self.all.now(now)))
    }

    fn hold_back(&mut self, sender: &Arc<str>, sent: f64, now: Instant) {
        let says = match self.held_back.get_mut(sender) {
            Some(held_back) => {
                held_back.last = now;
                let says = now.saturating_duration_since(held_back.said) >= SAY_EVERY;
                if says {
                    held_back.said = now;
                }
                says
            }
            None => {
                let _new = self.held_back.insert(sender.clone(), HeldBack { said: now, last: now });
                true
            }
        };
        if says {
            let bytes_per_second = (sent / MEMORY) as u64;
            tracing::warn!(%sender, bytes_per_second, "the flow is behind: a sender is held back to its share");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the flow commits.
    const PACE: usize = 20_000_000;
    const STEP: Duration = Duration::from_millis(10);

    /// A sender that wants so many bytes a second, in chunks.
    struct Load {
        name: Arc<str>,
        wants: f64,
        chunk: usize,
        owed: f64,
        asks: Instant,
        let_in: usize,
        waits: u32,
    }

    fn load(name: &str, wants: f64, chunk: usize, now: Instant) -> Load {
        Load { name: name.into(), wants, chunk, owed: 0.0, asks: now, let_in: 0, waits: 0 }
    }

    /// Runs senders against a flow that is behind all the while, and commits every 100 ms.
    fn run(shares: &Shares, loads: &mut [Load], start: Instant, seconds: u32) -> Instant {
        for load in &mut *loads {
            (load.let_in, load.waits) = (0, 0);
        }
        let steps = seconds * 100;
        for step in 0..steps {
            let now = start + STEP * step;
            if step % 10 == 0 {
                shares.committed_at(PACE / 10, true, now);
            }
            for load in &mut *loads {
                load.owed += load.wants * STEP.as_secs_f64();
                while load.owed >= load.chunk as f64 && load.asks <= now {
                    match shares.admit(&load.name, load.chunk, now) {
                        None => {
                            load.owed -= load.chunk as f64;
                            load.let_in += load.chunk;
                        }
                        Some(wait) => {
                            load.waits += 1;
                            load.asks = now + wait;
                        }
                    }
                }
            }
        }
        start + STEP * steps
    }

    fn each_second(load: &Load, seconds: u32) -> f64 {
        load.let_in as f64 / f64::from(seconds)
    }

    #[test]
    fn bound_one_that_floods_is_held_back_and_who_sends_little_never_waits() {
        let (shares, now) = (Shares::default(), Instant::now());
        let mut loads = vec![load("flood", 1e9, 60_000, now)];
        loads.extend((0..50).map(|number| load(&format!("station {number}"), 2_000.0, 200, now)));
        let now = run(&shares, &mut loads, now, 5);
        let _now = run(&shares, &mut loads, now, 20);
        let flood = each_second(&loads[0], 20) / PACE as f64;
        assert!((0.65..0.8).contains(&flood), "{flood}");
        let all: f64 = loads.iter().map(|load| each_second(load, 20)).sum();
        assert!(all < 0.9 * PACE as f64, "the backlog grows: {all}");
        assert!(loads[0].waits > 0);
        for station in &loads[1..] {
            assert_eq!((station.waits, station.let_in), (0, 40_000), "{}", station.name);
        }
    }

    #[test]
    fn those_who_flood_divide_it_evenly() {
        let (shares, now) = (Shares::default(), Instant::now());
        let mut loads: Vec<_> = [(5e7, 60_000), (1e9, 60_000), (1e9, 300_000)]
            .into_iter()
            .enumerate()
            .map(|(number, (wants, chunk))| load(&format!("flood {number}"), wants, chunk, now))
            .collect();
        loads.push(load("station", 2_000.0, 200, now));
        let now = run(&shares, &mut loads, now, 5);
        let _now = run(&shares, &mut loads, now, 20);
        let parts: Vec<f64> = loads[..3].iter().map(|load| each_second(load, 20) / PACE as f64).collect();
        assert!(parts.iter().all(|part| (0.2..0.32).contains(part)), "{parts:?}");
        assert!(parts.iter().sum::<f64>() < 0.9, "{parts:?}");
        assert_eq!(loads[3].waits, 0);
    }

    /// A file of fifty megabytes is let in whole, and is paid for by its sender alone.
    #[test]
    fn what_is_larger_than_any_share_makes_nobody_else_wait() {
        let (shares, now) = (Shares::default(), Instant::now());
        let mut loads = vec![
            load("files", 2e7, 50_000_000, now),
            load("half", 0.4 * PACE as f64, 20_000, now),
            load("station", 2_000.0, 200, now),
        ];
        let now = run(&shares, &mut loads, now, 5);
        let _now = run(&shares, &mut loads, now, 20);
        assert!(loads[0].let_in >= 150_000_000, "{}", loads[0].let_in);
        assert_eq!(loads[2].waits, 0);
        // An equal share is a third of nine tenths.
        assert!(each_second(&loads[1], 20) > 0.29 * PACE as f64, "{}", each_second(&loads[1], 20));
    }

    #[test]
    fn nobody_waits_where_all_flood() {
        let (shares, now) = (Shares::default(), Instant::now());
        let mut loads: Vec<_> =
            (0..100).map(|number| load(&format!("flood {number}"), 2e6, 20_000, now)).collect();
        let now = run(&shares, &mut loads, now, 5);
        let _now = run(&shares, &mut loads, now, 10);
        assert_eq!(loads.iter().map(|load| load.waits).sum::<u32>(), 0);
    }

    #[test]
    fn nobody_waits_for_a_flow_that_stands_still_or_keeps_up() {
        let (shares, now) = (Shares::default(), Instant::now());
        let flood: Arc<str> = "flood".into();
        let mut loads = vec![load("flood", 1e9, 60_000, now), load("station", 2_000.0, 200, now)];
        let now = run(&shares, &mut loads, now, 5);
        assert!(shares.admit(&flood, 1, now).is_some());
        assert!(shares.admit(&flood, 1, now + STANDSTILL).is_none());
        // A pause says nothing of the pace behind it.
        let now = now + 3 * STANDSTILL;
        shares.committed_at(PACE / 10, true, now);
        assert!(shares.admit(&flood, 10 * PACE, now).is_none());
        assert!(shares.admit(&flood, 10 * PACE, now).is_none());
        let now = now + 10 * STEP;
        shares.committed_at(PACE / 10, true, now);
        assert!(shares.admit(&flood, 10 * PACE, now).is_none());
        assert!(shares.admit(&flood, 1, now).is_some());
        assert!(shares.admit(&"station".into(), 200, now).is_none());
        shares.committed_at(PACE / 10, false, now + 10 * STEP);
        assert!(shares.admit(&flood, 1, now + 10 * STEP).is_none());
    }

    #[test]
    fn who_cannot_wait_never_does_and_others_are_left_less() {
        let (shares, now) = (Shares::default(), Instant::now());
        let before = now.checked_sub(Duration::from_secs(5)).unwrap();
        let mut loads = vec![load("flood", 1e9, 60_000, before), load("station", 2_000.0, 200, before)];
        let _now = run(&shares, &mut loads, before, 5);
        shares.count(&"datagrams".into(), 10 * PACE);
        assert!(shares.lock().senders["datagrams"].sent.bytes >= (10 * PACE) as f64);
        assert!(shares.admit(&"flood".into(), 1, Instant::now()).is_some());
        assert!(shares.admit(&"station".into(), 200, Instant::now()).is_none());
    }

    #[tokio::test]
    async fn who_waits_is_counted() {
        let (shares, now) = (Shares::default(), Instant::now());
        let mut loads = vec![load("flood", 1e9, 60_000, now - 5 * Duration::from_secs(1))];
        loads.push(load("station", 2_000.0, 200, now - 5 * Duration::from_secs(1)));
        let _now = run(&shares, &mut loads, now - 5 * Duration::from_secs(1), 5);
        shares.wait(&"station".into(), 200).await;
        let told = || shares.metrics().iter().map(|metric| metric.count).collect::<Vec<_>>();
        assert_eq!(told()[1], 0);
        shares.wait(&"flood".into(), 200).await;
        assert_eq!(told()[..2], [1, 1]);
    }
}
