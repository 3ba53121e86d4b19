//! Follows the log for one who watches.
//!
//! In each partition it has two places: what lies before the one is told with its judgement, what lies between the two was
//! told as pending. A round reads a portion of each partition, asks once what became of it and waits until that is sent;
//! whoever does not read keeps it from going on, and nobody else.

use std::{
    collections::{HashMap, VecDeque},
    convert::Infallible,
    sync::Arc,
    time::Duration,
};

use axum::response::sse::Event;
use futures_util::stream::{self, Stream};
use ioc_model::{
    asker::Asker,
    position::{LogNumber, Offset, Partition, Position},
};
use tokio::time::Instant;

use super::{
    Heartbeat, Hello, Line, Message, Missed, MissedBecause, Outcome, Sought,
    said::{Telling, with_payload},
};
use crate::{
    arrivals::{Arrived, Became, Portion, Reach, SharedArrivals, Stretch},
    history::HistoryError,
    live::Present,
    routes::{AppState, Showing},
};

/// Between two looks at how far the log reaches.
const LOOKS: Duration = Duration::from_millis(200);
/// Between two looks at the door: who is there is listed anew each time.
const LOOKS_AT_THE_DOOR: Duration = Duration::from_secs(1);
/// So many lines are enough for a round.
const ENOUGH: usize = 200;
/// What is not judged by then is told as it is.
const PENDING_AFTER: Duration = Duration::from_secs(3);
/// Whoever is so far behind is set forward.
const BEHIND: Duration = Duration::from_secs(10);
/// The store is asked no more often.
const APART: Duration = Duration::from_millis(50);

/// Where a tap begins.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    /// The place in each partition, by number.
    pub(crate) next: Vec<Offset>,
    /// What lies between where it was to begin and where it can.
    pub(crate) missed: Vec<Missed>,
    /// What is not judged is told at once.
    pub(crate) at_once: bool,
}

/// Somebody who watches.
pub(crate) struct Follower {
    state: AppState,
    arrivals: SharedArrivals,
    asker: Asker,
    sought: Arc<Sought>,
    log: LogNumber,
    /// Everything before is told.
    next: Vec<Offset>,
    /// Everything before is told or told as pending.
    told: Vec<Offset>,
    at_once: bool,
    /// Ends of partitions a while ago, and when they were looked at.
    ends: (Instant, Vec<Offset>),
    /// Ends of partitions longer ago than what is pending takes.
    overdue: Vec<Offset>,
    /// What was judged when it was last up to date, and when that was.
    mark: (Instant, Vec<Offset>),
    /// It is on its way through what lay there when it began.
    catching_up: bool,
    ready: VecDeque<Line>,
    asked: Option<Instant>,
    trouble: Option<String>,
    /// What happened at the door before, by who and what.
    door: HashMap<[String; 4], u64>,
    door_looked: Instant,
    /// The partition that is next.
    turn: usize,
    heartbeat: Instant,
    shown: Showing,
    _present: Present,
}

impl Follower {
    /// One that begins there.
    pub(crate) fn new(
        state: AppState,
        arrivals: SharedArrivals,
        asker: Asker,
        sought: Sought,
        start: Start,
        present: Present,
    ) -> Follower {
        let now = Instant::now();
        let reach = arrivals.reach();
        let judged: Vec<Offset> = reach.iter().map(|reach| reach.judged).collect();
        let shown = state.showing();
        let mut follower = Follower {
            log: arrivals.log(),
            state,
            arrivals,
            asker,
            sought: Arc::new(sought),
            told: start.next.clone(),
            next: start.next,
            at_once: start.at_once,
            ends: (now, reach.iter().map(|reach| reach.end).collect()),
            overdue: vec![Offset(0); reach.len()],
            mark: (now, judged),
            catching_up: true,
            ready: VecDeque::new(),
            asked: None,
            trouble: None,
            door: HashMap::new(),
            door_looked: now,
            turn: 0,
            heartbeat: now + shown.heartbeat,
            shown,
            _present: present,
        };
        let hello = Hello {
            now: follower.state.now(),
            timezone: follower.shown.pack().timezone.clone(),
            next: follower.places(),
        };
        follower.ready.push_back(Line::Hello(hello));
        follower.ready.extend(start.missed.into_iter().map(Line::Missed));
        // What happened before is no news.
        let _before = follower.at_the_door();
        follower
    }

    /// What is told, until the server closes, the pack changes, or whoever watches goes.
    pub(crate) fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut follower| async move {
            let line = follower.line().await?;
            // What is told always has a JSON form; an empty event is taken for a broken connection.
            let json = serde_json::to_string(&line).unwrap_or_default();
            Some((Ok(Event::default().event(line.kind()).data(json)), follower))
        })
    }

    async fn line(&mut self) -> Option<Line> {
        loop {
            if self.shown.is_over() {
                return None;
            }
            if let Some(line) = self.ready.pop_front() {
                return Some(line);
            }
            let goes_on = match self.look().await {
                Ok(goes_on) => goes_on,
                Err(error) => {
                    self.trouble = Some(error.to_string());
                    // The store is away, and whoever watches is not to blame.
                    self.mark.0 = Instant::now();
                    false
                }
            };
            if !self.ready.is_empty() {
                continue;
            }
            let now = Instant::now();
            if now >= self.heartbeat {
                self.heartbeat = now + self.shown.heartbeat;
                let (next, trouble) = (self.places(), self.trouble.take());
                return Some(Line::Heartbeat(Heartbeat { now: self.state.now(), next, trouble }));
            }
            if !goes_on {
                self.shown.sleep(LOOKS).await;
            }
        }
    }

    /// Makes ready what can be told. Whether more lies there.
    async fn look(&mut self) -> Result<bool, HistoryError> {
        if Instant::now() >= self.door_looked + LOOKS_AT_THE_DOOR {
            self.door_looked = Instant::now();
            let lines = self.at_the_door();
            self.ready.extend(lines);
        }
        let reach = self.arrivals.reach();
        self.set_forward(&reach);
        self.remember_ends(&reach);
        // Each partition begins a round in its turn: one that always has enough would keep the others waiting.
        for _ in 0..reach.len() {
            if self.ready.len() >= ENOUGH {
                break;
            }
            let index = self.turn % reach.len();
            self.turn = index + 1;
            let Ok(number) = u16::try_from(index) else { break };
            let (partition, reach) = (Partition(number), reach[index]);
            if self.next[index] < reach.judged {
                let of = Stretch { partition, from: self.next[index], to: reach.judged };
                self.tell_judged(of).await?;
            }
            if !self.sought.wants_pending() {
                continue;
            }
            let from = self.told[index].max(self.next[index]).max(reach.judged);
            let to = if self.at_once { reach.end } else { self.overdue[index] }.min(reach.end);
            if from < to {
                self.tell_pending(Stretch { partition, from, to }).await?;
            }
        }
        Ok(self.next.iter().zip(&reach).any(|(next, reach)| *next < reach.judged))
    }

    async fn tell_judged(&mut self, of: Stretch) -> Result<(), HistoryError> {
        let portion = self.portion(of).await?;
        if !portion.messages.is_empty() {
            if let Some(asked) = self.asked {
                tokio::time::sleep_until(asked + APART).await;
            }
            self.asked = Some(Instant::now());
            let became = self.arrivals.became(&self.asker, &portion.messages).await?;
            // All of them, or none: a portion that fails in the middle is told once more.
            let mut told = Vec::with_capacity(portion.messages.len());
            for (arrived, became) in portion.messages.iter().zip(became) {
                let again = arrived.position.offset < self.told[usize::from(of.partition.0)];
                told.push(Message { again, ..self.message(arrived, Some(became)).await? });
            }
            told.into_iter().for_each(|message| self.tell(message));
        }
        self.passed(of, &portion);
        self.next[usize::from(of.partition.0)] = portion.next;
        Ok(())
    }

    async fn tell_pending(&mut self, of: Stretch) -> Result<(), HistoryError> {
        let portion = self.portion(of).await?;
        for arrived in &portion.messages {
            let message = self.message(arrived, None).await?;
            self.tell(message);
        }
        self.told[usize::from(of.partition.0)] = portion.next;
        Ok(())
    }

    async fn portion(&self, of: Stretch) -> Result<Portion, HistoryError> {
        self.arrivals.read(&self.asker, of, &self.sought).await
    }

    fn tell(&mut self, message: Message) {
        // Whoever asks for something else does not ask for what nobody knows yet.
        if self.sought.wants_outcome(&message) {
            self.ready.push_back(Line::Message(Box::new(message)));
        }
    }

    async fn message(&self, arrived: &Arrived, became: Option<Became>) -> Result<Message, HistoryError> {
        let telling = Telling::of(self.shown.pack(), self.shown.guarded());
        let mut message = telling.message(arrived, became);
        if self.sought.with_bytes == 0 {
            return Ok(message);
        }
        // What is not judged yet has no receipt that says of what form it is.
        let unsure = telling.may_be_kept_back(arrived);
        let pending = message.became == [Outcome::Pending];
        message.kept_back = message.personal
            || (unsure && (pending || self.state.is_kept_back(&self.asker, arrived).await?));
        if !message.kept_back {
            with_payload(&mut message, arrived);
        }
        Ok(message)
    }

    /// Says what the log has let go of.
    fn passed(&mut self, of: Stretch, portion: &Portion) {
        if portion.released > 0 {
            let to = Offset(of.from.0 + portion.released);
            let missed = self.missed(portion.released, MissedBecause::Released, of.partition, (of.from, to));
            self.ready.push_back(missed);
        }
    }

    /// Sets whoever reads too slowly forward, and says so.
    fn set_forward(&mut self, reach: &[Reach]) {
        let now = Instant::now();
        if self.next.iter().zip(&self.mark.1).all(|(next, mark)| next >= mark) {
            self.mark = (now, reach.iter().map(|reach| reach.judged).collect());
            self.catching_up = false;
        }
        if self.catching_up || now < self.mark.0 + BEHIND {
            return;
        }
        for (number, reach) in (0..).zip(reach) {
            let from = self.next[usize::from(number)];
            if from < reach.judged {
                let messages = reach.judged.0 - from.0;
                let missed =
                    self.missed(messages, MissedBecause::Slow, Partition(number), (from, reach.judged));
                self.ready.push_back(missed);
                self.next[usize::from(number)] = reach.judged;
            }
        }
        self.mark = (now, self.next.clone());
    }

    fn missed(
        &self,
        messages: u64,
        why: MissedBecause,
        partition: Partition,
        (from, to): (Offset, Offset),
    ) -> Line {
        let at = |offset| Position { log: self.log, partition, offset }.to_string();
        Line::Missed(Missed { messages, why, from: at(from), to: at(to) })
    }

    fn remember_ends(&mut self, reach: &[Reach]) {
        let now = Instant::now();
        if now >= self.ends.0 + PENDING_AFTER {
            let ends = reach.iter().map(|reach| reach.end).collect();
            self.overdue = std::mem::replace(&mut self.ends, (now, ends)).1;
        }
    }

    /// What happened at the door since the last look.
    fn at_the_door(&mut self) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut door = HashMap::new();
        for notice in self.state.at_the_door(&self.asker) {
            let who = [
                notice.what.clone(),
                notice.transport.clone(),
                notice.user.clone(),
                notice.client_id.clone(),
            ];
            let is_news = self.door.get(&who).is_none_or(|count| *count < notice.count);
            let _one = door.insert(who, notice.count);
            if is_news && self.sought.wants_door(&notice.user, &notice.client_id) {
                lines.push(Line::Door(notice));
            }
        }
        self.door = door;
        lines
    }

    fn places(&self) -> Vec<String> {
        let place = |(number, offset): (u16, &Offset)| {
            Position { log: self.log, partition: Partition(number), offset: *offset }.to_string()
        };
        (0..).zip(&self.next).map(place).collect()
    }
}
