//! The product's voice: the one way by which anything is said to gateways.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use ioc_bus::clock::Clock;
use ioc_model::topic::TopicFilter;
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use super::{
    Audience, Heard, LONGEST_PAYLOAD, LONGEST_TOPIC, Listener, Listeners, Request, Said, SharedSaid,
    Subscription, VoiceCounters,
    listener::Line,
    listeners::MOST_OF_SESSION,
    rebirths::{self, Node, Rebirth, Rebirths},
    rights,
    subscription::Asked,
};
use crate::{
    routes::Routes,
    senders::{Authenticator, Sender},
    transport::mqtt::{reason::Reason, wire::Version},
};

/// Filters of one packet that are looked at.
const MOST_LOOKED_AT: usize = 4 * MOST_OF_SESSION;
/// Topics on which something may be retained.
const MOST_RETAINED: usize = 1_000;

/// Says things to gateways. Shared by all parts of the process; never waits.
#[derive(Debug)]
pub struct Voice {
    routes: watch::Receiver<Arc<Routes>>,
    authenticator: Arc<Authenticator>,
    listeners: Arc<Listeners>,
    retained: Mutex<BTreeMap<Box<str>, SharedSaid>>,
    rebirths: Mutex<Rebirths>,
    numbers: AtomicU64,
    /// What it is called as a host application of Sparkplug; nothing if it is none.
    host: OnceLock<String>,
    /// Since when it is online, in milliseconds since 1970; none while it is not.
    online_since: Mutex<Option<i64>>,
}

impl Voice {
    /// A voice that is heard by the rights of these senders.
    #[must_use]
    pub fn new(routes: watch::Receiver<Arc<Routes>>, authenticator: Arc<Authenticator>) -> Voice {
        Voice {
            routes,
            authenticator,
            listeners: Arc::default(),
            retained: Mutex::default(),
            rebirths: Mutex::default(),
            numbers: AtomicU64::new(0),
            host: OnceLock::new(),
            online_since: Mutex::new(None),
        }
    }

    /// What it counts.
    #[must_use]
    pub fn counters(&self) -> Arc<VoiceCounters> {
        self.listeners.counters.clone()
    }

    /// Which feed an address belongs to: whoever may publish there may hear.
    pub(in super::super) fn routes(&self) -> watch::Receiver<Arc<Routes>> {
        self.routes.clone()
    }

    /// Who may send, and so who may hear.
    pub(in super::super) fn authenticator(&self) -> &Arc<Authenticator> {
        &self.authenticator
    }

    /// The sessions that hear it.
    pub(in super::super) fn listeners(&self) -> &Arc<Listeners> {
        &self.listeners
    }

    /// Says something to the sessions of one sender that are subscribed to its topic, with quality of service 1. It has no
    /// sense any more after `within`. Who it was put before; a topic that the sender may not hear, or is
    /// longer than 512 bytes, and a payload over 16 KiB, is put before none.
    pub fn say(&self, sender: &str, topic: &str, payload: &[u8], within: Option<Duration>) -> Heard {
        let until = within.map(|within| Instant::now() + within);
        self.tell(Audience::Sender(sender.into()), topic, payload, false, until)
    }

    fn tell(
        &self,
        to: Audience,
        topic: &str,
        payload: &[u8],
        is_retained: bool,
        until: Option<Instant>,
    ) -> Heard {
        if topic.len() > LONGEST_TOPIC || payload.len() > LONGEST_PAYLOAD {
            tracing::error!(topic, bytes = payload.len(), "what is to be said is too long");
            return Heard::default();
        }
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let (topic, payload) = (topic.into(), payload.into());
        let said = Arc::new(Said { to, topic, payload, is_retained, qos: 1, until, number });
        if is_retained {
            let mut retained = lock(&self.retained);
            if retained.len() < MOST_RETAINED || retained.contains_key(&said.topic) {
                let _before = retained.insert(said.topic.clone(), said.clone());
            }
        }
        self.listeners.tell(&said, |sender| self.may_hear(sender, &said.topic))
    }

    /// Somebody misses the birth of a sender's node: it is asked for it shortly, and not again for five minutes. Cheap
    /// enough for every message that shows it.
    pub fn rebirth(&self, sender: &str, group: &str, node: &str) -> Rebirth {
        let Some(node) = Node::of(sender, group, node) else { return Rebirth::NoName };
        let rebirth = lock(&self.rebirths).want(node, rand::random(), Instant::now());
        if matches!(rebirth, Rebirth::TooSoon | Rebirth::TooMany) {
            self.listeners.counters.rebirths_suppressed.one();
        }
        rebirth
    }

    /// An operator asks for it: at once, and not again for ten seconds.
    pub fn rebirth_by_hand(&self, sender: &str, group: &str, node: &str) -> Rebirth {
        let Some(node) = Node::of(sender, group, node) else { return Rebirth::NoName };
        if !lock(&self.rebirths).want_by_hand(&node, Instant::now()) {
            self.listeners.counters.rebirths_suppressed.one();
            return Rebirth::TooSoon;
        }
        self.ask(&node)
    }

    fn ask(&self, node: &Node) -> Rebirth {
        let command = rebirths::command(Clock::Machine.now().0);
        let counters = &self.listeners.counters;
        counters.rebirths.one();
        // What comes later than the next one could is none that anybody waits for.
        match self.say(&node.sender, &node.topic(), &command, Some(rebirths::EACH)) {
            Heard { sessions: 0, .. } => {
                counters.rebirths_undeliverable.one();
                tracing::debug!(sender = node.sender, topic = node.topic(), "nobody hears a rebirth");
                Rebirth::NotHeard
            }
            heard => Rebirth::Asked(heard),
        }
    }

    /// Asks nodes whose turn it is, until it is stopped.
    pub(in super::super) async fn keep_asking(&self, stop: &CancellationToken) {
        let mut looked = interval(rebirths::LOOKED);
        looked.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = looked.tick() => {}
            }
            let due = lock(&self.rebirths).due(Instant::now());
            for node in due {
                let _asked = self.ask(&node);
            }
        }
    }

    /// Whether a sender may hear a topic, as everything is now.
    fn may_hear(&self, sender: &str, topic: &str) -> bool {
        let routes = self.routes.borrow().clone();
        self.authenticator.sender(sender).is_some_and(|sender| rights::may_hear(&sender, &routes, topic))
    }

    /// Writes what is due on a connection, until `out` has `enough` bytes.
    pub(in super::super) fn write(&self, listener: &Listener, line: &Line, out: &mut Vec<u8>, enough: usize) {
        let sender = listener.key().sender();
        self.listeners.write(listener, line, out, enough, |topic| self.may_hear(sender, topic));
    }

    /// Subscribes a session, or ends subscriptions of it. The codes to answer, what it is subscribed to then, and the
    /// subscriptions whose retained messages it is to be told.
    pub(in super::super) fn answer(
        &self,
        listener: &Arc<Listener>,
        sender: &Sender,
        version: Version,
        request: &Request,
    ) -> Answered {
        let mut subscriptions = listener.subscriptions().to_vec();
        let (mut codes, mut granted) = (Vec::new(), Vec::new());
        for asked in request.asked() {
            let known = subscriptions.iter().position(|subscription| subscription.filter == asked.filter);
            if !request.subscribes {
                codes.push(match known {
                    Some(at) => {
                        drop(subscriptions.remove(at));
                        Reason::SUCCESS.0
                    }
                    None => Reason::NO_SUBSCRIPTION_EXISTED.0,
                });
                continue;
            }
            let has_room = known.is_some() || subscriptions.len() < MOST_OF_SESSION;
            let judged = match codes.len() < MOST_LOOKED_AT {
                true => self.judge(sender, asked),
                false => Err(Reason::QUOTA_EXCEEDED),
            };
            let judged = judged.and_then(|()| match has_room {
                true => Ok(Subscription::of(asked, request.identifier)),
                false => Err(Reason::QUOTA_EXCEEDED),
            });
            let judged = judged.and_then(|subscription| {
                let mut wanted = subscriptions.clone();
                match known {
                    Some(at) => wanted[at] = subscription.clone(),
                    None => wanted.push(subscription.clone()),
                }
                match self.listeners.subscribe(listener, wanted.clone()) {
                    true => Ok((subscription, wanted)),
                    false => Err(Reason::QUOTA_EXCEEDED),
                }
            });
            match judged {
                Ok((subscription, wanted)) => {
                    subscriptions = wanted;
                    codes.push(subscription.qos);
                    if asked.retain_handling() == 0 || (asked.retain_handling() == 1 && known.is_none()) {
                        granted.push(subscription);
                    }
                }
                Err(reason) => {
                    self.listeners.counters.refused_subscriptions.one();
                    tracing::debug!(sender = sender.name, filter = asked.filter, "a subscription is refused");
                    // 3.1.1 has one code for all that is refused.
                    codes.push(if version == Version::V5 { reason.0 } else { Reason::UNSPECIFIED.0 });
                }
            }
        }
        if !request.subscribes {
            // Fewer always have room.
            let _fewer = self.listeners.subscribe(listener, subscriptions.clone());
        }
        Answered { codes, subscriptions: subscriptions.into(), granted }
    }

    fn judge(&self, sender: &Sender, asked: Asked<'_>) -> Result<(), Reason> {
        if asked.is_shared() {
            return Err(Reason::SHARED_SUBSCRIPTIONS_NOT_SUPPORTED);
        }
        let filter = TopicFilter::parse(asked.filter).map_err(|_| Reason::TOPIC_FILTER_INVALID)?;
        if asked.filter.len() > LONGEST_TOPIC {
            return Err(Reason::QUOTA_EXCEEDED);
        }
        let (routes, host) = (self.routes.borrow().clone(), self.host.get().map(String::as_str));
        match rights::could_hear(sender, &routes, host, &filter) {
            true => Ok(()),
            false => Err(Reason::NOT_AUTHORIZED),
        }
    }

    /// Tells a session what is retained of what it was subscribed to just now.
    pub(in super::super) fn tell_retained(&self, listener: &Listener, granted: &[Subscription]) {
        if granted.is_empty() {
            return;
        }
        // Put while nothing else can be retained: what is newer comes behind it.
        let retained = lock(&self.retained);
        for said in retained.values() {
            if self.may_hear(listener.key().sender(), &said.topic) {
                let _put = self.listeners.put(listener, said, Some(granted));
            }
        }
    }

    /// From now on it is a host application of Sparkplug with that name. Once.
    pub(in super::super) fn is_host(&self, host: &str) {
        if !host.is_empty() {
            let _first = self.host.set(host.to_owned());
        }
    }

    /// What gateways publish is taken now, durably: whoever waits for its host may send. `now` in milliseconds since 1970.
    pub(in super::super) fn goes_online(&self, now: i64) {
        let mut since = lock(&self.online_since);
        if since.is_none() {
            *since = Some(now);
            self.tell_state(true, now);
        }
    }

    /// Nothing is taken any more. Whoever says so first says it for all.
    pub(in super::super) fn goes_offline(&self) {
        let mut since = lock(&self.online_since);
        if let Some(since) = since.take() {
            self.tell_state(false, since);
        }
    }

    /// The payload of Sparkplug 3.0, section 4: of a birth and the death behind it the timestamps are the same.
    fn tell_state(&self, online: bool, timestamp: i64) {
        if let Some(host) = self.host.get() {
            let payload = format!(r#"{{"online":{online},"timestamp":{timestamp}}}"#);
            let topic = rights::state_topic(host);
            let _heard = self.tell(Audience::Everybody, &topic, payload.as_bytes(), true, None);
        }
    }
}

/// How a request is answered.
#[derive(Debug)]
pub(in super::super) struct Answered {
    pub(in super::super) codes: Vec<u8>,
    pub(in super::super) subscriptions: Arc<[Subscription]>,
    pub(in super::super) granted: Vec<Subscription>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use ioc_model::{
        contract::Contract,
        pack::{Feed, FormatName, Transport},
    };
    use tempfile::TempDir;

    use super::*;
    use crate::{senders::Senders, transport::mqtt::session::ClientKey};

    struct House {
        voice: Voice,
        routes: watch::Sender<Arc<Routes>>,
        _folder: TempDir,
    }

    fn routes(topics: &str) -> Arc<Routes> {
        let feed = Feed {
            transport: Transport::Mqtt { topics: vec![topics.to_owned()] },
            format: FormatName::SparkplugB,
            ..ioc_testing::feed("nodes", Contract::default())
        };
        Arc::new(Routes::of_pack(&Arc::new(ioc_testing::pack("test", Vec::new(), Vec::new(), vec![feed]))))
    }

    fn house() -> House {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("senders.toml");
        let mut senders = Senders::load(&path).expect("none yet");
        for name in ["gw1", "gw2"] {
            senders.set_secret(name, vec!["nodes".to_owned()], Vec::new(), "0123456789ab").expect("a sender");
        }
        senders.save().expect("saved");
        let authenticator = Arc::new(Authenticator::open(&path).expect("opened"));
        let (routes, known) = watch::channel(routes("spBv1.0/G/#"));
        House { voice: Voice::new(known, authenticator), routes, _folder: folder }
    }

    impl House {
        fn session(&self, sender: &str, client: &str) -> Arc<Listener> {
            self.voice.listeners.enter(&ClientKey::new(sender, client), &Arc::default())
        }

        fn subscribe(&self, listener: &Arc<Listener>, filters: &[&str]) -> Vec<u8> {
            let filter = |filter: &&str| [&[0, filter.len() as u8], filter.as_bytes(), &[1]].concat();
            let filters = filters.iter().flat_map(filter).collect();
            let request = Request { id: 1, identifier: None, subscribes: true, filters };
            let sender = self.voice.authenticator.sender(listener.key().sender()).expect("known");
            let answered = self.voice.answer(listener, &sender, Version::V5, &request);
            self.voice.tell_retained(listener, &answered.granted);
            answered.codes
        }

        fn heard(&self, listener: &Arc<Listener>, line: &Line) -> String {
            let mut out = Vec::new();
            self.voice.write(listener, line, &mut out, usize::MAX);
            String::from_utf8_lossy(&out).into_owned()
        }

        fn connect(&self, listener: &Arc<Listener>) -> Line {
            self.voice.listeners.connect(listener, Version::V311, 100, None)
        }
    }

    const NODE: &str = "spBv1.0/G/NCMD/n";

    #[tokio::test]
    async fn safe_what_a_sender_may_not_hear_any_more_does_not_leave() {
        let house = house();
        let listener = house.session("gw1", "a");
        assert_eq!(house.subscribe(&listener, &["#"]), [1]);
        for payload in ["before", "after"] {
            let heard = house.voice.say("gw1", NODE, payload.as_bytes(), None);
            assert_eq!(heard, Heard { sessions: 1, connected: 0 });
        }
        let line = house.connect(&listener);
        let mut out = Vec::new();
        house.voice.write(&listener, &line, &mut out, 1);
        assert!(String::from_utf8_lossy(&out).ends_with("before"));
        let _before = house.routes.send_replace(routes("spBv1.0/Other/#"));
        assert_eq!(house.heard(&listener, &line), "");
        assert_eq!(house.voice.say("gw1", NODE, b"later", None), Heard::default());
        let counts = house.voice.counters().snapshot();
        assert_eq!((counts.said, counts.said_dropped, counts.subscriptions), (1, 1, 1));
    }

    #[tokio::test]
    async fn safe_a_connection_that_was_taken_over_hears_nothing_more() {
        let house = house();
        let listener = house.session("gw1", "a");
        assert_eq!(house.subscribe(&listener, &[NODE]), [1]);
        let old = house.connect(&listener);
        let new = house.connect(&listener);
        assert_eq!(house.voice.say("gw1", NODE, b"x", None), Heard { sessions: 1, connected: 1 });
        assert_eq!(house.heard(&listener, &old), "");
        house.voice.listeners.disconnect(&listener, &old);
        assert!(house.heard(&listener, &new).ends_with('x'));
        house.voice.listeners.acknowledged(&listener, 1);
        house.voice.listeners.disconnect(&listener, &new);
        assert_eq!(house.voice.say("gw1", NODE, b"x", None), Heard { sessions: 1, connected: 0 });
        assert_eq!(house.voice.counters().snapshot().said_acknowledged, 1);
    }

    #[tokio::test]
    async fn bound_a_senders_subscriptions_and_all_of_them_have_an_end() {
        let house = house();
        let filters: Vec<String> = (0..17).map(|number| format!("spBv1.0/G/NCMD/{number}")).collect();
        let filters: Vec<&str> = filters.iter().map(String::as_str).collect();
        let granted = |sender: &str, client: &str| {
            let listener = house.session(sender, client);
            let codes = house.subscribe(&listener, &filters);
            (codes.iter().filter(|code| **code == 1).count(), listener)
        };
        let (of_a, a) = granted("gw1", "a");
        let (of_b, _b) = granted("gw1", "b");
        let (of_c, _c) = granted("gw1", "c");
        assert_eq!((of_a, of_b, of_c), (16, 16, 8), "of a session, of a sender");
        let (of_d, _d) = granted("gw2", "d");
        let (of_e, _e) = granted("gw2", "e");
        assert_eq!((of_d, of_e), (16, 4), "of all");
        // A known one is no other, and one that has ended makes room.
        assert_eq!(house.subscribe(&a, &filters[..1]), [1]);
        house.voice.listeners.leave(&a);
        assert_eq!(house.voice.counters().snapshot().subscriptions, 44);
        assert_eq!(granted("gw2", "f").0, 16);
        // A client that comes again has one session.
        let (of_f, f) = granted("gw2", "f");
        assert_eq!((of_f, house.voice.counters().snapshot().subscriptions), (16, 60));
        house.voice.listeners.leave(&f);
        assert_eq!(house.voice.counters().snapshot().subscriptions, 44);
    }

    #[tokio::test]
    async fn state_is_said_once_at_each_end_and_only_the_newest_waits() {
        let house = house();
        house.voice.is_host("ioc");
        let (away, late) = (house.session("gw1", "away"), house.session("gw2", "late"));
        assert_eq!(house.subscribe(&away, &["spBv1.0/STATE/#"]), [1]);
        house.voice.goes_online(7);
        house.voice.goes_online(8);
        house.voice.goes_offline();
        house.voice.goes_offline();
        assert_eq!(house.subscribe(&late, &["spBv1.0/STATE/ioc"]), [1]);
        let off = "spBv1.0/STATE/ioc\0\u{1}{\"online\":false,\"timestamp\":7}";
        for listener in [&away, &late] {
            let heard = house.heard(listener, &house.connect(listener));
            assert!(heard.ends_with(off) && heard.matches("online").count() == 1, "{heard}");
        }
        assert_eq!(house.voice.counters().snapshot().said, 2);
    }

    #[tokio::test]
    async fn a_rebirth_is_asked_for_in_its_turn() {
        let house = house();
        let listener = house.session("gw1", "a");
        assert_eq!(house.subscribe(&listener, &[NODE]), [1]);
        assert_eq!(house.voice.rebirth("gw1", "G", "n"), Rebirth::Waits);
        assert_eq!(house.voice.rebirth("gw1", "G", "n"), Rebirth::TooSoon);
        assert_eq!(house.voice.rebirth("gw1", "G", "#"), Rebirth::NoName);
        assert_eq!(house.voice.rebirth_by_hand("gw1", "G", "unheard"), Rebirth::NotHeard);
        assert_eq!(house.heard(&listener, &house.connect(&listener)), "", "in its turn");
        let stop = CancellationToken::new();
        let _stopped = tokio::time::timeout(Duration::from_secs(3), house.voice.keep_asking(&stop)).await;
        let heard = house.heard(&listener, &house.connect(&listener));
        assert_eq!(heard.matches("Node Control/Rebirth").count(), 1);
        let counts = house.voice.counters().snapshot();
        assert_eq!((counts.rebirths, counts.rebirths_suppressed, counts.rebirths_undeliverable), (2, 1, 1));
    }
}
