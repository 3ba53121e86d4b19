//! One connection, from CONNECT to its end.
//!
//! The task that runs this reads; a second one writes the answers. Reading stops while the bus or the answers are
//! full, so TCP slows the sender (invariant BOUND).

use std::{net::SocketAddr, sync::Arc, time::Duration};

use ioc_bus::AppendError;
use rustc_hash::FxHashSet;
use tokio::{
    net::TcpStream,
    sync::mpsc,
    time::{Instant, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::{
    Shared,
    aliases::{ALIAS_MAXIMUM, Aliases},
    answers::{Answer, Link, Told, WAITING_CHUNKS, reason_of, write_answers},
    connect::{Connect, RefusedConnect},
    counters::MqttCounters,
    exchanges::{Outcome, SessionExchanges, arrived},
    hears::Hears,
    inbox::{Inbox, LINGER, Read},
    reason::Reason,
    reception::{self, Received, Reception},
    registry::Place,
    reply::{self, Accepted},
    session::{ClientKey, assigned_client_id, is_assigned},
    sessions::SessionsError,
    settings::KIND,
    stream::{self, Writing},
    will::Will,
    wire::{Frame, Violation, frame},
};
use crate::{
    clients::{Caller, DoorEvent, Visit},
    intake::SenderLine,
    routes::TopicCache,
    senders::Shown,
    transport::tls::{HandshakeFault, Pass, TlsDoor, until_void},
};

/// Nobody who has not authenticated may make us keep more than this.
const CONNECT_LIMIT: usize = 16 << 10;
/// Without keep-alive a client may be silent for a day; then it is taken for gone.
const LONGEST_SILENCE: Duration = Duration::from_secs(24 * 60 * 60);

/// How a connection ended.
#[derive(Debug)]
enum End {
    /// By what the client sent.
    Client(reception::End),
    /// The client is gone without a word.
    Gone,
    /// The bus did not take a chunk.
    NotDurable(AppendError),
    /// The writing half ended first and has said what there was to say.
    Unanswered,
    /// The client came again.
    TakenOver,
    /// Its sender was removed.
    Removed,
    /// Its certificate does not count any more.
    Void(HandshakeFault),
    /// The endpoint stops.
    Stopping,
}

impl End {
    fn reason(&self) -> Option<Reason> {
        match self {
            End::Client(reception::End::Violation(violation)) => Some(violation.reason()),
            End::NotDurable(error) => Some(reason_of(error)),
            End::TakenOver => Some(Reason::SESSION_TAKEN_OVER),
            End::Removed | End::Void(_) => Some(Reason::NOT_AUTHORIZED),
            End::Stopping => Some(Reason::SHUTTING_DOWN),
            End::Client(reception::End::Goodbye { .. }) | End::Gone | End::Unanswered => None,
        }
    }

    /// Our own stopping does not say that a gateway failed: its will is not published then, though the standard
    /// would have it, because what reads it would count an outage that was none.
    fn publishes_will(&self) -> bool {
        match self {
            End::Client(reception::End::Goodbye { with_will, .. }) => *with_will,
            // Nor is the will of a sender that may not send any more, or one the bus would not take.
            End::Stopping | End::Removed | End::Void(_) | End::NotDurable(_) => false,
            _ => true,
        }
    }
}

/// An authenticated client whose CONNACK is on its way.
struct Client {
    link: Arc<Link>,
    place: Place,
    visit: Visit,
    reception: Reception,
    line: SenderLine,
    peer: SocketAddr,
    /// The certificate it came with.
    pass: Option<Pass>,
    keep_alive: Option<Duration>,
    will: Option<Will>,
    session_lifetime: u32,
}

/// Serves a connection to its end. When there are too many, it is only told so.
pub(super) async fn serve(
    shared: Arc<Shared>,
    socket: TcpStream,
    tls: Option<Arc<TlsDoor>>,
    peer: SocketAddr,
    is_one_too_many: bool,
) {
    // Without it an acknowledgement could wait for the client's delayed TCP ACK; refused on a dead socket only.
    let _refused = socket.set_nodelay(true);
    let deadline = Instant::now() + shared.config.connect_timeout();
    let opened = tokio::select! {
        opened = stream::open(socket, tls.as_deref(), shared.config.connect_timeout()) => opened,
        () = shared.stop.cancelled() => return shared.counters.refused_connections.one(),
    };
    let (reading, mut writing, pass) = match opened {
        Ok(opened) => opened,
        Err(refused) => {
            refused.tell(shared.intake.clients(), KIND.word, peer);
            return shared.counters.refused_connections.one();
        }
    };
    let mut inbox = Inbox::new(reading);
    let arrived = tokio::select! {
        arrived = timeout_at(deadline, read_connect(&mut inbox, &shared.counters)) => arrived.ok().flatten(),
        () = shared.stop.cancelled() => None,
    };
    let Some(body) = arrived else {
        return shared.counters.refused_connections.one();
    };
    let admitted = match Connect::read(&body) {
        Ok(connect) => {
            let admitted = match is_one_too_many {
                true => Err((Reason::QUOTA_EXCEEDED, "too many connections")),
                false => admit(&shared, &connect, peer, pass.as_ref()).await,
            };
            admitted.map_err(|(reason, why)| {
                let certified = pass.as_ref().and_then(Pass::name);
                let user = connect.user.filter(|user| !user.is_empty()).or(certified).unwrap_or_default();
                let client_id = connect.client_id;
                RefusedConnect { version: Some(connect.version), reason, why, client_id, user }
            })
        }
        Err(refused) => Err(refused),
    };
    match admitted {
        Ok((client, connack)) => {
            shared.counters.accepted.one();
            drop(body);
            converse(&shared, Client { pass, ..client }, connack, inbox, writing).await;
        }
        Err(RefusedConnect { version, reason, why, client_id, user }) => {
            shared.counters.refused_connections.one();
            // What speaks something else altogether names nobody: a scanner's is no device an operator looks for.
            if !(client_id.is_empty() && user.is_empty()) {
                let what = match reason {
                    Reason::BAD_USER_OR_PASSWORD => DoorEvent::WrongCredentials,
                    Reason::UNSUPPORTED_VERSION => DoorEvent::WrongVersion,
                    _ => DoorEvent::Refused,
                };
                shared.intake.clients().note(what, &caller(user, client_id, peer), None, why);
            }
            let answer = version.map(|version| reply::refused(version, reason)).unwrap_or_default();
            // A client that does not take its refusal is told nothing.
            let _written = timeout(LINGER, writing.write_all(&answer)).await;
            writing.end().await;
            inbox.drain().await;
        }
    }
}

fn caller<'a>(user: &'a str, client_id: &'a str, peer: SocketAddr) -> Caller<'a> {
    Caller { transport: KIND.word, user, client_id, peer: Some(peer) }
}

/// The body of the first packet, if it is a CONNECT.
async fn read_connect(inbox: &mut Inbox, counters: &MqttCounters) -> Option<Vec<u8>> {
    loop {
        let mut found: Option<Option<Vec<u8>>> = None;
        let read = inbox.read(|bytes| match frame(bytes, None, CONNECT_LIMIT) {
            Ok(Frame::Whole { first: 0x10, body, length }) => {
                found = Some(Some(body.to_vec()));
                (length, 0)
            }
            Ok(Frame::Partial { needed }) if bytes.first().is_none_or(|first| *first == 0x10) => (0, needed),
            _ => {
                found = Some(None);
                (bytes.len(), 0)
            }
        });
        match read {
            Read::Bytes(count) => counters.bytes.add(count as u64),
            Read::Nothing => inbox.readable().await.ok()?,
            Read::Closed => return None,
        }
        if let Some(found) = found {
            return found;
        }
    }
}

/// Lets a client in: authenticated, entered, its session on disk.
async fn admit(
    shared: &Arc<Shared>,
    connect: &Connect<'_>,
    peer: SocketAddr,
    pass: Option<&Pass>,
) -> Result<(Client, Vec<u8>), (Reason, &'static str)> {
    // A certificate that names nobody is nobody's.
    let certificate = pass.map(|pass| pass.name().unwrap_or_default());
    let shown = Shown { certificate, name: connect.user, secret: connect.password };
    let logged_in = tokio::select! {
        logged_in = shared.authenticator.log_in(shown) => logged_in,
        () = shared.stop.cancelled() => return Err((Reason::SERVER_UNAVAILABLE, "stopping")),
    };
    let sender = logged_in.map_err(|fault| {
        shared.counters.refused_credentials.one();
        match pass {
            Some(pass) if fault.is_of_certificate() => {
                pass.is_strange();
                (Reason::NOT_AUTHORIZED, fault.why())
            }
            _ => (Reason::BAD_USER_OR_PASSWORD, fault.why()),
        }
    })?;
    let assigned = connect.client_id.is_empty().then(assigned_client_id);
    let client_id = assigned.as_deref().unwrap_or(connect.client_id);
    let key = ClientKey::new(&sender.name, client_id);
    // An identifier made here must not scatter its sender over the partitions, and all of a session lies in one: also
    // when its client comes again by that identifier.
    let share = if is_assigned(client_id) { &sender.name } else { key.as_str() };
    let line = shared.intake.line_of(share, sender.origin(Some(peer), certificate)).of_feeds(&sender.feeds);
    let (place, former) = shared.registry.enter(key, peer, &shared.stop);
    let caller = caller(&sender.name, client_id, peer);
    if let Some(former) = former {
        shared.intake.clients().note(DoorEvent::TakenOver, &caller, Some(former), "");
    }
    let begun = shared.sessions.begin(place.key(), connect.clean, connect.session_lifetime).await;
    let begun = begun.map_err(|error| {
        tracing::warn!(sender = sender.name, %error, "a client is refused");
        match error {
            SessionsError::TooMany => (Reason::QUOTA_EXCEEDED, "too many sessions"),
            _ => (Reason::SERVER_UNAVAILABLE, "its session could not be stored"),
        }
    })?;
    let connack = reply::accepted(
        connect.version,
        &Accepted {
            session_present: begun.present && connect.is_told_of_session,
            receive_maximum: shared.config.receive_maximum,
            packet_limit: shared.config.packet_limit,
            alias_maximum: ALIAS_MAXIMUM,
            session_lifetime: (begun.lifetime != connect.session_lifetime).then_some(begun.lifetime),
            assigned_client_id: assigned.as_deref(),
        },
    );
    let keep_alive = match connect.keep_alive {
        0 => None,
        seconds => Some(Duration::from_millis(u64::from(seconds) * 1_500)),
    };
    let will = connect.will.as_ref().map(Will::of);
    let reception = Reception {
        version: connect.version,
        routes: shared.routes.borrow().clone(),
        sender: sender.clone(),
        counters: shared.counters.clone(),
        packet_limit: shared.config.packet_limit as usize,
        receive_maximum: usize::from(shared.config.receive_maximum),
        has_lasting_session: connect.session_lifetime > 0,
        is_resumed: begun.present,
        personal: shared.intake.personal_of(&sender.feeds),
        exchanges: begun.exchanges,
        open_here: FxHashSet::default(),
        aliases: Aliases::default(),
        topics: TopicCache::default(),
        listeners: shared.voice.listeners().clone(),
        listener: begun.listener.clone(),
    };
    let visit = shared.intake.clients().enter(&caller);
    let hears = Hears::connect(&shared.voice, begun.listener, connect);
    let link = Arc::new(Link::new(connect.version, place.stopped().clone(), hears));
    let session_lifetime = begun.lifetime;
    Ok((
        Client { link, place, visit, reception, line, peer, pass: None, keep_alive, will, session_lifetime },
        connack,
    ))
}

async fn converse(
    shared: &Arc<Shared>,
    mut client: Client,
    connack: Vec<u8>,
    mut inbox: Inbox,
    writing: Writing,
) {
    let (answers, queue) = mpsc::channel(WAITING_CHUNKS);
    let writer = tokio::spawn(write_answers(writing, queue, client.link.clone(), shared.counters.clone()));
    // The queue is empty and its receiver lives: this cannot wait nor fail, unless the writer was killed.
    let _queued = answers.send(Answer::Ready(connack)).await;
    let end = client.read_until_end(shared, &mut inbox, &answers).await;
    if matches!(end, End::Stopping) {
        // Before the farewell, also where this connection is the first to know.
        shared.voice.goes_offline();
        let _queued = answers.send(Answer::Spoken).await;
    }
    if let Some(reason) = end.reason() {
        let farewell = reply::disconnect(client.link.version, reason);
        // Behind everything that is still to be acknowledged; a writer that is gone needs none.
        let _queued = answers.send(Answer::Ready(farewell)).await;
    }
    drop(answers);
    if writer.await.is_err() {
        tracing::error!("the writing half of a connection panicked");
    }
    client.link.hears.disconnect();
    client.say_goodbye(shared, &end).await;
    if !matches!(end, End::Gone | End::Client(reception::End::Goodbye { .. })) {
        inbox.drain().await;
    }
}

impl Client {
    async fn read_until_end(
        &mut self,
        shared: &Shared,
        inbox: &mut Inbox,
        answers: &mpsc::Sender<Answer>,
    ) -> End {
        let silence = self.keep_alive.unwrap_or(LONGEST_SILENCE);
        let stopped = self.place.stopped().clone();
        let mut deadline = Instant::now() + silence;
        // What came behind CONNECT in the same read.
        let mut received = Received::default();
        inbox.look_again_at_all(|bytes| self.reception.take_in(bytes, self.link.in_flight(), &mut received));
        self.visit.heard(received.chunk.len() as u64);
        loop {
            if let Err(end) = self.pass_on(shared, received, answers, &stopped).await {
                return end;
            }
            if stopped.is_cancelled() {
                return self.why_stopped(shared);
            }
            received = Received::default();
            self.follow_routes(shared);
            match inbox.read(|bytes| self.reception.take_in(bytes, self.link.in_flight(), &mut received)) {
                Read::Bytes(count) => {
                    shared.counters.bytes.add(count as u64);
                    self.visit.heard(received.chunk.len() as u64);
                    deadline = Instant::now() + silence;
                    // A sender whose every byte is there at once must not keep others from their turn.
                    tokio::task::consume_budget().await;
                }
                Read::Closed => return End::Gone,
                Read::Nothing => {
                    let readable = tokio::select! {
                        biased;
                        () = stopped.cancelled() => return self.why_stopped(shared),
                        fault = until_void(self.pass.as_mut()) => return End::Void(fault),
                        readable = timeout_at(deadline, inbox.readable()) => readable,
                    };
                    match readable {
                        Ok(Ok(())) => {}
                        Ok(Err(_)) => return End::Gone,
                        Err(_) => return End::Client(reception::End::Violation(Violation::KeepAlive)),
                    }
                }
            }
        }
    }

    /// Hands the chunk to the bus and the answers to the writing half.
    async fn pass_on(
        &mut self,
        shared: &Shared,
        mut received: Received,
        answers: &mpsc::Sender<Answer>,
        stopped: &CancellationToken,
    ) -> Result<(), End> {
        self.link.answer_pings(received.pings);
        let own = match received.chunk.is_empty() {
            true => None,
            false => Some(self.hand_over(shared, &mut received, stopped).await?),
        };
        if own.is_some() || !received.acks.is_empty() {
            self.link.take_in_flight(received.settling);
            let exchanges = received.has_released.then(|| self.reception.exchanges.clone());
            let durable = told(received.others, own, exchanges);
            let answer = Answer::WhenDurable { acks: received.acks, durable, granted: None };
            answers.send(answer).await.map_err(|_| self.why_stopped(shared))?;
        }
        for request in &received.requests {
            let answer = self.link.hears.answer(shared, &self.reception, request);
            answers.send(answer).await.map_err(|_| self.why_stopped(shared))?;
        }
        received.end.map_or(Ok(()), |end| Err(End::Client(end)))
    }

    /// Hands the chunk to the bus. What it resolves to resolves when the chunk is durable.
    async fn hand_over(
        &mut self,
        shared: &Shared,
        received: &mut Received,
        stopped: &CancellationToken,
    ) -> Result<Told, End> {
        if !self.follow_sender(shared) {
            return Err(End::Removed);
        }
        if let Some(fault) = self.pass.as_mut().and_then(Pass::fault) {
            return Err(End::Void(fault));
        }
        let mut opening = received.opening.take();
        let partition = self.line.partition;
        let at_the_bus = || {
            if let Some(opening) = &mut opening {
                opening.goes(partition, shared.intake.bus().bounds(partition).end);
            }
        };
        let handed_over = tokio::select! {
            biased;
            handed_over = shared.intake.hand_over_telling(&self.line, &mut received.chunk, at_the_bus) => handed_over,
            // It has no place in line: nobody will acknowledge it, and it comes again.
            () = stopped.cancelled() => return Err(self.why_stopped(shared)),
        };
        let durable = handed_over.map_err(|error| {
            shared.counters.append_errors.one();
            End::NotDurable(error)
        })?;
        let Some(opening) = opening else {
            return Ok(Box::pin(async move { durable.await.map(drop) }));
        };
        let outcome = opening.outcome();
        // Of its own: what became of it must be known also when nobody is left to be told.
        let _watch = tokio::spawn(async move { opening.settle(&durable.await) });
        Ok(Box::pin(arrived(outcome)))
    }

    /// Takes over what the store says of the sender now. False if it was removed; what it sent then is not taken.
    fn follow_sender(&mut self, shared: &Shared) -> bool {
        let Some(sender) = shared.authenticator.sender(&self.reception.sender.name) else {
            return false;
        };
        if !Arc::ptr_eq(&sender, &self.reception.sender) {
            let certificate = self.pass.as_ref().and_then(Pass::name);
            if certificate.is_some_and(|name| !sender.is_certified_as(name)) {
                return false;
            }
            self.line.comes_from(sender.origin(Some(self.peer), certificate));
            self.line.may_send_to(&sender.feeds);
            self.reception.personal = shared.intake.personal_of(&sender.feeds);
            self.reception.sender = sender;
            self.reception.topics.clear();
        }
        true
    }

    /// Takes over where the pack sends topics now. Must come before bytes are looked at: what is read after another pack
    /// was taken over goes by it.
    fn follow_routes(&mut self, shared: &Shared) {
        let routes = shared.routes.borrow();
        if !Arc::ptr_eq(&routes, &self.reception.routes) {
            self.reception.routes = routes.clone();
            self.reception.topics.clear();
            self.reception.personal = shared.intake.personal_of(&self.reception.sender.feeds);
        }
    }

    fn why_stopped(&self, shared: &Shared) -> End {
        if self.link.failure().is_some() {
            shared.counters.append_errors.one();
            End::Unanswered
        } else if self.place.is_taken_over() {
            End::TakenOver
        } else if shared.stop.is_cancelled() {
            End::Stopping
        } else {
            End::Unanswered
        }
    }

    /// What an end leaves behind: counters, the session's age, the will.
    async fn say_goodbye(self, shared: &Arc<Shared>, end: &End) {
        let Client { place, visit, reception, line, will, session_lifetime, pass, peer, .. } = self;
        // Its will may have to wait: it is not connected any more.
        drop(visit);
        let name = &reception.sender.name;
        let mut lifetime = None;
        match end {
            End::Client(reception::End::Violation(violation)) => {
                shared.counters.violations.one();
                tracing::debug!(sender = name, %violation, "a connection is closed");
            }
            End::Client(reception::End::Goodbye { session_lifetime, .. }) => lifetime = *session_lifetime,
            End::NotDurable(error) => {
                tracing::warn!(sender = name, %error, "a connection is closed unacknowledged")
            }
            End::TakenOver => shared.counters.taken_over.one(),
            End::Void(fault) => {
                if let Some(pass) = pass {
                    pass.is_ended();
                }
                let caller = caller(name, place.key().client_id(), peer);
                shared.intake.clients().note(DoorEvent::Refused, &caller, None, fault.sentence());
            }
            End::Gone | End::Unanswered | End::Removed | End::Stopping => {}
        }
        let is_taken_over = place.is_taken_over();
        let key = place.key().clone();
        place.leave(|| shared.sessions.end(&reception.listener, lifetime));
        let Some(will) = will.filter(|_| end.publishes_will()) else {
            return;
        };
        let delay = will.delay.min(lifetime.unwrap_or(session_lifetime));
        if delay == 0 {
            return will.publish(shared, reception, &line).await;
        }
        if is_taken_over {
            return;
        }
        let shared = shared.clone();
        let tracker = shared.tracker.clone();
        let _waiting = tracker.spawn(async move {
            if let Some(called_off) = shared.registry.let_will_wait(&key) {
                tokio::select! {
                    () = called_off.cancelled() => return,
                    () = shared.stop.cancelled() => return,
                    () = tokio::time::sleep(Duration::from_secs(u64::from(delay))) => {}
                }
                if !shared.registry.take_will(&key, &called_off) {
                    return;
                }
            }
            will.publish(&shared, reception, &line).await;
        });
    }
}

/// Resolves when everything is durable that answers tell of: publishes in other chunks, their own chunk, and releases.
fn told(others: Vec<Outcome>, own: Option<Told>, released: Option<Arc<SessionExchanges>>) -> Told {
    match (own, released) {
        (Some(own), None) if others.is_empty() => own,
        (own, released) => Box::pin(async move {
            for other in others {
                arrived(other).await?;
            }
            if let Some(own) = own {
                own.await?;
            }
            if let Some(released) = released {
                fail::fail_point!("mqtt_before_release", |_| std::process::abort());
                if !released.durable().await {
                    // Without PUBCOMP, and the connection is closed: its client releases again.
                    return Err(AppendError::Closed);
                }
            }
            Ok(())
        }),
    }
}
