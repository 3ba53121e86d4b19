//! What else stands beside a board in tests: clients, a pack's folder, whoever says who asks, a desk and a shelf.

use std::{
    collections::BTreeMap,
    future::ready,
    sync::{Arc, Mutex},
};

use axum::http::request::Parts;
use ioc_dashboards::{
    Access, Clients, HistoryError, NotAppended, Operator, Original, Originals, Pulls,
    arrivals::{Arrivals, Arrived, Became, Portion, Reach, Stretch},
    clients::{ClientList, ClientView, NoticeView, SenderView},
    history::HistoryAnswer,
    nodes::{Nodes, NotAsked, RebirthAsked, RebirthRequest},
    operator::Appending,
    pack::{Reload, Reloaded, Reloading},
    problem::Problem,
    pulls::{ComparedView, FailingView, PullList, PullView},
    tap::Sought,
};
use ioc_model::{
    asker::Asker,
    pack::{Pack, PackVersion},
    position::{LogNumber, Offset, Position},
    rule::Priority,
    text::Text,
    time::{Now, ReceivedAt},
};

/// One client, one sender and one take-over.
#[derive(Debug)]
pub struct AtTheDoor;

impl Clients for AtTheDoor {
    fn list(&self) -> ClientList {
        let owned = str::to_owned;
        let (transport, sender, client_id) = (owned("mqtt"), owned("gw-0001"), owned("esp8266Client"));
        let (peer, former) = ("10.0.0.7:1".to_owned(), "10.0.0.8:2".to_owned());
        let (since, last_heard, messages, per_minute, rejects) = (Now(1), Now(2), 3, 4, 0);
        ClientList {
            connected: vec![ClientView {
                transport: transport.clone(),
                sender: sender.clone(),
                client_id: client_id.clone(),
                peer: peer.clone(),
                since,
                last_heard,
                messages,
                per_minute,
                rejects,
            }],
            senders: vec![SenderView {
                sender: sender.clone(),
                last_heard,
                transport: transport.clone(),
                peer: peer.clone(),
                messages,
                per_minute,
                rejects,
            }],
            door: vec![NoticeView {
                what: owned("taken_over"),
                transport,
                user: sender,
                client_id,
                peer,
                former,
                why: String::new(),
                count: 9,
                priority: Priority::Medium,
                first: since,
                last: last_heard,
            }],
        }
    }
}

/// One source that is read, and one that refuses.
#[derive(Debug)]
pub struct AskedSources;

impl Pulls for AskedSources {
    fn list(&self) -> PullList {
        let pull = |feed: &str, transport: &str, address: &str| PullView {
            feed: feed.to_owned(),
            transport: transport.to_owned(),
            address: address.to_owned(),
            every: 300_000,
            asked: Some(Now(900_000)),
            passed: Some(Now(895_000)),
            next: Some(Now(1_200_000)),
            place: "2026-11-02T01:00:00Z".to_owned(),
            failing: None,
            envelopes: 12,
            late: 2,
            compared: Some(ComparedView {
                at: Now(600_000),
                periods: 3,
                first: 0,
                changed: 1,
                gone: 1,
                given_up: 0,
                priority: None,
            }),
            limits: vec!["late_rows".to_owned(), "empty_periods".to_owned()],
        };
        let error = Text {
            vi: "máy chủ trả lời 403 Forbidden".to_owned(),
            en: "it answers 403 Forbidden".to_owned(),
        };
        let failing = FailingView { since: Now(1), times: 9, error, fault: true, priority: Priority::Medium };
        let refused = PullView {
            passed: None,
            compared: None,
            failing: Some(failing),
            limits: vec!["unguarded".to_owned(), "not_compared".to_owned()],
            ..pull("air-gateway", "sql", "postgres://db.example.vn:5432/so_lieu")
        };
        PullList {
            now: Now(1_000_000),
            pulls: vec![pull("reports", "http_pull", "https://lgsp.example.vn/ho-so"), refused],
        }
    }
}

/// A folder whose pack is in effect already.
#[derive(Debug)]
pub struct SamePack;

impl Reload for SamePack {
    fn reload(&self) -> Reloading<'_> {
        let version = PackVersion("0011223344556677".to_owned());
        Box::pin(ready(Ok(Reloaded { before: version.clone(), version })))
    }
}

/// A node that hears, one that was asked, and no others.
#[derive(Debug)]
pub struct OneNode;

impl Nodes for OneNode {
    fn rebirth(&self, of: &RebirthRequest) -> Result<RebirthAsked, NotAsked> {
        match &*of.node {
            "gw-0001" => Ok(RebirthAsked { sessions: 2, connected: 1 }),
            "asked" => Err(NotAsked::TooSoon),
            "#" => Err(NotAsked::NoName),
            _ => Err(NotAsked::NotHeard),
        }
    }
}

/// Says of every request that it is that asker's; none tells nobody anything.
#[derive(Debug)]
pub struct Given(pub Mutex<Option<Asker>>);

impl Default for Given {
    fn default() -> Given {
        Given(Mutex::new(Some(Asker::everyone())))
    }
}

impl Access for Given {
    fn asker(&self, _request: &Parts, _pack: &Pack) -> Result<Asker, Problem> {
        self.0.lock().unwrap().clone().ok_or_else(|| Problem::forbidden("nobody knows you"))
    }
}

/// Takes every action, or none.
#[derive(Debug, Default)]
pub struct Desk {
    /// Address and payload of each action taken.
    pub taken: Mutex<Vec<(String, Vec<u8>)>>,
    /// Why none is.
    pub trouble: Mutex<Option<NotAppended>>,
}

impl Operator for Desk {
    fn act<'a>(&'a self, address: &'a str, payload: &'a [u8]) -> Appending<'a> {
        if let Some(trouble) = self.trouble.lock().unwrap().take() {
            return Box::pin(ready(Err(trouble)));
        }
        let mut taken = self.taken.lock().unwrap();
        taken.push((address.to_owned(), payload.to_vec()));
        let position = format!("1-0-{}", taken.len()).parse().unwrap();
        Box::pin(ready(Ok(position)))
    }
}

/// Envelopes by position.
#[derive(Debug, Default)]
pub struct Shelf(pub Mutex<BTreeMap<Position, Original>>);

impl Originals for Shelf {
    fn open<'a>(&'a self, asker: &'a Asker, position: Position) -> HistoryAnswer<'a, Option<Original>> {
        let found = self.0.lock().unwrap().get(&position).cloned();
        let found = found.filter(|original| asker.sees_feed(&original.feed));
        Box::pin(ready(Ok(found)))
    }
}

/// What arrives on one partition, and what becomes of it.
#[derive(Debug, Default)]
pub struct Belt(pub Mutex<OnTheBelt>);

#[derive(Clone, Debug, Default)]
pub struct OnTheBelt {
    /// What lies there, from offset 0 on.
    pub messages: Vec<(Arrived, Became)>,
    /// So many are judged.
    pub judged: u64,
    /// The log has let go of so many.
    pub released: u64,
    /// The store does not answer.
    pub away: bool,
}

impl Belt {
    fn now(&self) -> OnTheBelt {
        self.0.lock().unwrap().clone()
    }
}

impl Arrivals for Belt {
    fn log(&self) -> LogNumber {
        LogNumber(1)
    }

    fn reach(&self) -> Vec<Reach> {
        let OnTheBelt { messages, judged, released, .. } = self.now();
        vec![Reach { start: Offset(released), judged: Offset(judged), end: Offset(messages.len() as u64) }]
    }

    fn since(&self, moment: ReceivedAt) -> HistoryAnswer<'_, Vec<Offset>> {
        let before = self.now().messages.iter().filter(|(it, _)| it.received_at < moment).count();
        Box::pin(ready(Ok(vec![Offset(before as u64)])))
    }

    fn read<'a>(&'a self, _: &'a Asker, of: Stretch, sought: &'a Arc<Sought>) -> HistoryAnswer<'a, Portion> {
        let OnTheBelt { messages, released, .. } = self.now();
        if of.from.0 < released {
            let portion =
                Portion { next: Offset(released), released: released - of.from.0, messages: Vec::new() };
            return Box::pin(ready(Ok(portion)));
        }
        let most = usize::try_from(of.to.0).unwrap();
        let found = messages[..most].iter().skip(usize::try_from(of.from.0).unwrap()).take(100);
        let found: Vec<Arrived> = found.map(|(arrived, _)| arrived.clone()).collect();
        let next = Offset(of.from.0 + found.len() as u64);
        let fits = |it: &Arrived| sought.feeds.is_empty() || sought.feeds.contains(&it.feed);
        let messages = found.into_iter().filter(fits).collect();
        Box::pin(ready(Ok(Portion { next, released: 0, messages })))
    }

    fn became<'a>(&'a self, _: &'a Asker, asked: &'a [Arrived]) -> HistoryAnswer<'a, Vec<Became>> {
        let OnTheBelt { messages, away, .. } = self.now();
        if away {
            return Box::pin(ready(Err(HistoryError::Away("no answer".to_owned()))));
        }
        let of = |it: &Arrived| messages[usize::try_from(it.position.offset.0).unwrap()].1.clone();
        Box::pin(ready(Ok(asked.iter().map(of).collect())))
    }
}
