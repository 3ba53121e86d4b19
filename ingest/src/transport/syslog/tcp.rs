//! The doors for connections: who may come in, and how many at once. An IPv6 address is one of its network, which is
//! what its holder was given: addresses of it cost nothing.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ioc_model::event::network;
use rustix::net::sockopt;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;

use super::{
    Shared,
    connection::Connection,
    settings::KIND,
    source::{Source, canonical},
};
use crate::{
    clients::{Caller, DoorEvent},
    transport::tls::{Guest, Pass, TlsDoor},
};

/// Who has not shaken hands by then is let go.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// A peer that is gone without a word is noticed by the system: after so long it is asked, so often, so many times.
const KEEP_ALIVE: (Duration, Duration, u32) = (Duration::from_secs(120), Duration::from_secs(30), 4);

/// Connections at the same time, in all and by address.
#[derive(Debug)]
pub(super) struct Places {
    most: usize,
    most_of_address: usize,
    /// In all, and by network: an IPv4 address is one itself.
    taken: Mutex<(usize, HashMap<IpAddr, usize>)>,
}

/// A connection's place, until it is dropped.
#[derive(Debug)]
struct Place {
    places: Arc<Places>,
    network: IpAddr,
}

impl Places {
    pub(super) fn new(most: usize, most_of_address: usize) -> Places {
        Places { most, most_of_address, taken: Mutex::default() }
    }

    fn take(self: &Arc<Places>, address: IpAddr) -> Result<Place, &'static str> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, by_network) = &mut *taken;
        let network = network(address);
        if *all >= self.most {
            return Err("too many connections");
        }
        let of_network = by_network.entry(network).or_default();
        if *of_network >= self.most_of_address {
            return Err("too many connections of this address");
        }
        *of_network += 1;
        *all += 1;
        Ok(Place { places: self.clone(), network })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, by_network) = &mut *taken;
        *all -= 1;
        if let Some(of_network) = by_network.get_mut(&self.network) {
            *of_network -= 1;
            if *of_network == 0 {
                let _gone = by_network.remove(&self.network);
            }
        }
    }
}

/// A door.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) listener: TcpListener,
    /// None for one without TLS.
    pub(super) tls: Option<Arc<TlsDoor>>,
    pub(super) places: Arc<Places>,
    pub(super) shared: Arc<Shared>,
}

impl Door {
    /// Lets connections in until everything ends; then what they sent is taken in, and it returns.
    pub(super) async fn run(self) {
        let connections = TaskTracker::new();
        if let Some(door) = &self.tls {
            drop(connections.spawn(door.clone().keep_looking(self.shared.stop.clone())));
        }
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.shared.stop.cancelled() => break,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((socket, peer)) => self.let_in(socket, canonical(peer), &connections),
                Err(error) => {
                    // Out of descriptors, or the peer left meanwhile: it passes.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
        drop(self.listener);
        let _first = connections.close();
        connections.wait().await;
    }

    fn let_in(&self, socket: TcpStream, peer: SocketAddr, connections: &TaskTracker) {
        let shared = self.shared.clone();
        let place = match self.places.take(peer.ip()) {
            Ok(place) => place,
            Err(why) => {
                shared.counters.refused_connections.one();
                return note(&shared, DoorEvent::Refused, peer, why);
            }
        };
        keep_alive(&socket);
        let tls = self.tls.clone();
        let _task = connections.spawn(async move {
            let counted = CountedConnection::new(shared.clone());
            match tls {
                None => {
                    let routes = shared.routes.borrow().clone();
                    let source = shared.told_apart(Source::new(peer.ip(), None), peer, &routes);
                    let connection = Connection { shared, source, peer, listener: "syslog/tcp" };
                    connection.serve(socket, None).await;
                }
                Some(door) => {
                    let shaken = tokio::select! {
                        () = shared.stop.cancelled() => return,
                        shaken = door.accept(socket, HANDSHAKE) => shaken,
                    };
                    let Guest { stream, pass } = match shaken {
                        Ok(guest) => guest,
                        Err(refused) => return refused.tell(shared.intake.clients(), KIND.word, peer),
                    };
                    let source = match pass.as_ref().and_then(Pass::name) {
                        // Who certifies says how many there are.
                        Some(name) => Source::new(peer.ip(), Some(name.to_owned())),
                        None => {
                            let routes = shared.routes.borrow().clone();
                            shared.told_apart(Source::new(peer.ip(), None), peer, &routes)
                        }
                    };
                    let connection = Connection { shared, source, peer, listener: "syslog/tls" };
                    connection.serve(stream, pass).await;
                }
            }
            drop((counted, place));
        });
    }
}

fn note(shared: &Shared, what: DoorEvent, peer: SocketAddr, why: &str) {
    let user = peer.ip().to_string();
    let caller = Caller { transport: KIND.word, user: &user, client_id: "", peer: Some(peer) };
    shared.intake.clients().note(what, &caller, None, why);
}

/// Refused on a dead socket only, and then nothing is read from it either.
fn keep_alive(socket: &TcpStream) {
    let (after, every, times) = KEEP_ALIVE;
    let _refused = sockopt::set_socket_keepalive(socket, true)
        .and_then(|()| sockopt::set_tcp_keepidle(socket, after))
        .and_then(|()| sockopt::set_tcp_keepintvl(socket, every))
        .and_then(|()| sockopt::set_tcp_keepcnt(socket, times));
}

/// Counts a connection as open until dropped, also if it panics.
struct CountedConnection(Arc<Shared>);

impl CountedConnection {
    fn new(shared: Arc<Shared>) -> CountedConnection {
        shared.counters.accepted.one();
        shared.counters.connections.one();
        CountedConnection(shared)
    }
}

impl Drop for CountedConnection {
    fn drop(&mut self) {
        self.0.counters.connections.one_less();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bound_addresses_of_one_ipv6_network_share_their_places() {
        let places = Arc::new(Places::new(9, 2));
        let of = |text: &str| places.take(text.parse().unwrap());
        let kept = [of("2001:db8:0:9::1").unwrap(), of("2001:db8:0:9:ffff::2").unwrap()];
        assert_eq!(of("2001:db8:0:9::3").unwrap_err(), "too many connections of this address");
        assert!(of("2001:db8:0:a::3").is_ok() && of("192.0.2.1").is_ok());
        drop(kept);
        assert!(of("2001:db8:0:9::3").is_ok());
    }

    #[test]
    fn bound_an_address_has_its_places_and_gives_them_back() {
        let places = Arc::new(Places::new(3, 2));
        let [one, other] = [[192, 0, 2, 1], [192, 0, 2, 2]].map(IpAddr::from);
        let first = places.take(one).unwrap();
        let _second = places.take(one).unwrap();
        assert_eq!(places.take(one).unwrap_err(), "too many connections of this address");
        let _third = places.take(other).unwrap();
        assert_eq!(places.take(other).unwrap_err(), "too many connections");
        drop(first);
        let _again = places.take(one).unwrap();
        assert_eq!(places.taken.lock().unwrap().0, 3);
    }
}
