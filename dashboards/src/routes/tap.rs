//! The tap, as a stream.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Extension,
    extract::{ConnectInfo, Query, State, rejection::QueryRejection},
    http::{HeaderName, HeaderValue},
    response::{IntoResponse, Response, Sse},
};
use ioc_model::{
    asker::Asker,
    pack::Pack,
    position::{Offset, Position},
    time::{Millis, Now, ReceivedAt},
    topic::TopicFilter,
};
use prometheus::{IntGauge, Registry};

use super::{AppState, Shown, position, question, reports::is_kept_back, starting};
use crate::{
    access::Asked,
    arrivals::{Arrived, Reach},
    clients::NoticeView,
    guarded::GuardedFeeds,
    history::HistoryError,
    live::{Present, UNKNOWN_PEER},
    problem::Problem,
    seats::Seats,
    tap::{Follower, Missed, MissedBecause, Outcome, Sought, Start},
};

/// So many taps there may be: each reads the log and asks the store for itself.
const TAPS: usize = 8;
/// So many words a condition may have, each of so many bytes at most.
const WORDS: usize = 64;
const LONGEST: usize = 1024;
/// So many bytes of a message are told at most.
const WITH_BYTES: usize = 64 << 10;

/// The seats of those who watch.
#[derive(Clone, Debug)]
pub(super) struct Taps {
    seats: Seats,
    gauge: IntGauge,
}

impl Taps {
    pub(super) fn new(registry: &Registry) -> Result<Taps, prometheus::Error> {
        let gauge = IntGauge::new("ioc_dashboards_taps", "Who watches messages arrive")?;
        registry.register(Box::new(gauge.clone()))?;
        Ok(Taps { seats: Seats::new(TAPS, TAPS), gauge })
    }
}

/// What is shown while a tap is open.
#[derive(Debug)]
pub(crate) struct Showing {
    shown: Arc<Shown>,
    /// How often a tap is written to at least.
    pub(crate) heartbeat: Duration,
}

impl Showing {
    pub(crate) fn pack(&self) -> &Pack {
        &self.shown.pack
    }

    pub(crate) fn guarded(&self) -> &GuardedFeeds {
        &self.shown.guarded
    }

    /// Whether another pack is shown, or the server closes.
    pub(crate) fn is_over(&self) -> bool {
        self.shown.closing.is_cancelled()
    }

    /// Waits, unless it is over.
    pub(crate) async fn sleep(&self, time: Duration) {
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            () = self.shown.closing.cancelled() => {}
        }
    }
}

impl AppState {
    pub(crate) fn showing(&self) -> Showing {
        Showing { shown: self.shown(), heartbeat: self.pace.heartbeat }
    }

    pub(crate) fn now(&self) -> Now {
        self.board.now()
    }

    /// What happened at the door lately, as far as the asker is told.
    pub(crate) fn at_the_door(&self, asker: &Asker) -> Vec<NoticeView> {
        self.clients.list().seen_by(asker).door
    }

    /// Whether a message says numbers of persons.
    pub(crate) async fn is_kept_back(&self, asker: &Asker, arrived: &Arrived) -> Result<bool, HistoryError> {
        is_kept_back(self, asker, arrived.position, &arrived.feed).await
    }
}

/// What is asked for: each may stand several times.
#[derive(Default)]
struct TapQuery {
    sought: Sought,
    /// Milliseconds back.
    since: Option<i64>,
    /// Where it was, as a tap says it.
    next: Vec<Position>,
    at_once: bool,
}

impl TapQuery {
    fn of(words: Vec<(String, String)>) -> Result<TapQuery, Problem> {
        let too_many = words.len() > WORDS || words.iter().any(|(_, text)| text.len() > LONGEST);
        if too_many {
            return Err(Problem::bad_request(format!("at most {WORDS} conditions of {LONGEST} bytes"))
                .vi(format!("nhiều nhất {WORDS} điều kiện, mỗi điều kiện {LONGEST} byte")));
        }
        let mut asked = TapQuery::default();
        for (name, text) in words {
            match name.as_str() {
                "feed" => asked.sought.feeds.push(text),
                "sender" => asked.sought.senders.push(text),
                "topic" => asked.sought.topics.push(topic(&text)?),
                "only" => asked.sought.only.push(outcome(&text)?),
                "since" => asked.since = Some(since(&text)?),
                "next" => asked.next.push(position(&text)?),
                "raw" => asked.sought.with_bytes = if flag(&name, &text)? { WITH_BYTES } else { 0 },
                "now" => asked.at_once = flag(&name, &text)?,
                _ => {
                    return Err(Problem::bad_request(format!("there is no parameter '{name}'"))
                        .vi(format!("không có tham số '{name}'")));
                }
            }
        }
        Ok(asked)
    }
}

fn topic(text: &str) -> Result<TopicFilter, Problem> {
    TopicFilter::parse(text).map_err(|error| {
        Problem::bad_request(format!("'{text}' is no topic filter: {error}"))
            .vi(format!("'{text}' không phải bộ lọc topic: + thay một cấp, # thay phần còn lại"))
    })
}

fn outcome(word: &str) -> Result<Outcome, Problem> {
    Outcome::from_word(word).ok_or_else(|| {
        let words = Outcome::ALL.map(Outcome::word).join(", ");
        Problem::bad_request(format!("'{word}' is none of {words}"))
            .vi(format!("'{word}' không thuộc các từ {words}"))
    })
}

fn since(text: &str) -> Result<i64, Problem> {
    let since = text.parse().ok().filter(|since: &i64| *since >= 0);
    since.ok_or_else(|| {
        Problem::bad_request("since must be a number of milliseconds").vi("since phải là số mili giây")
    })
}

fn flag(name: &str, text: &str) -> Result<bool, Problem> {
    text.parse().map_err(|_| {
        Problem::bad_request(format!("{name} must be true or false"))
            .vi(format!("{name} phải là true hoặc false"))
    })
}

/// GET `/api/tap`.
pub(super) async fn tap(
    State(state): State<AppState>,
    Asked(asker): Asked,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Response, Problem> {
    let asked = TapQuery::of(question(query)?)?;
    starting(&state.board)?;
    let peer: IpAddr = peer.map_or(UNKNOWN_PEER, |Extension(ConnectInfo(address))| address.ip());
    let seat = state.taps.seats.take(peer).map_err(|_| {
        Problem::unavailable(format!("{TAPS} taps are open already, and there are no more"), 5)
            .vi(format!("đã có {TAPS} phiên ioc tap đang mở, không mở thêm được"))
    })?;
    let present = Present::new(seat, state.taps.gauge.clone());
    let start = start(&state, &asked).await?;
    let arrivals = state.arrivals.clone();
    let follower = Follower::new(state, arrivals, asker, asked.sought, start, present);
    let mut response = Sse::new(follower.events()).into_response();
    let _ = response
        .headers_mut()
        .insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

/// Where a tap begins: where it was, so long ago, or now.
async fn start(state: &AppState, asked: &TapQuery) -> Result<Start, Problem> {
    let reach = state.arrivals.reach();
    let mut next: Vec<Offset> = match asked.since {
        Some(back) => {
            let moment = ReceivedAt(state.now().0).minus(Millis(back));
            state.arrivals.since(moment).await?
        }
        // What is on its way when somebody begins to watch is told, too.
        None => reach.iter().map(|reach| reach.judged).collect(),
    };
    let log = state.arrivals.log();
    let mut missed = Vec::new();
    for position in asked.next.iter().filter(|position| position.log == log) {
        let number = usize::from(position.partition.0);
        let (Some(place), Some(Reach { start, end, .. })) = (next.get_mut(number), reach.get(number)) else {
            continue;
        };
        // A log that was put back from a backup may end before.
        *place = position.offset.min(*end);
        if *place < *start {
            missed.push(released(*position, *start));
            *place = *start;
        }
    }
    Ok(Start { next, missed, at_once: asked.at_once })
}

fn released(from: Position, start: Offset) -> Missed {
    Missed {
        messages: start.0 - from.offset.0,
        why: MissedBecause::Released,
        from: from.to_string(),
        to: Position { offset: start, ..from }.to_string(),
    }
}
