//! Ports for data connections, and the connection that comes there.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    ops::RangeInclusive,
    time::Duration,
};

use rand::Rng;
use tokio::{
    net::{TcpListener, TcpStream},
    time::timeout,
};

use super::{canonical, counters::FtpCounters};

/// Whoever asks for a port comes there by then.
const COMES_WITHIN: Duration = Duration::from_secs(30);

/// Where data connections are taken.
#[derive(Clone, Debug)]
pub(super) struct Ports {
    /// Those that a firewall lets through; any where none are said.
    pub(super) range: Option<RangeInclusive<u16>>,
    /// What clients behind a translation of addresses are told.
    pub(super) public: Option<Ipv4Addr>,
}

impl Ports {
    /// Listens at a free one of the address that the client came to. It is guessed by nobody: the first try is random.
    pub(super) async fn open(&self, local: IpAddr) -> io::Result<TcpListener> {
        let Some(range) = &self.range else { return TcpListener::bind((local, 0)).await };
        let (first, count) = (*range.start(), u32::from(range.end() - range.start()) + 1);
        let start = rand::rng().random_range(0..count);
        let mut refused = io::Error::from(io::ErrorKind::AddrInUse);
        for step in 0..count {
            let port = first + ((start + step) % count) as u16;
            match TcpListener::bind((local, port)).await {
                Ok(listener) => return Ok(listener),
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    /// The address that PASV tells; none where it is no IPv4 address.
    pub(super) fn told(&self, local: SocketAddr) -> Option<Ipv4Addr> {
        match (self.public, local.ip()) {
            // Whoever comes by loopback is told loopback.
            (Some(public), IpAddr::V4(local)) if !local.is_loopback() => Some(public),
            (_, IpAddr::V4(local)) => Some(local),
            (_, IpAddr::V6(_)) => None,
        }
    }
}

/// Waits for the client there. Another's connection is closed, and takes nothing from it.
pub(super) async fn comes(
    listener: &TcpListener,
    peer: IpAddr,
    counters: &FtpCounters,
) -> io::Result<TcpStream> {
    let come = async {
        loop {
            let (socket, from) = listener.accept().await?;
            if canonical(from.ip()) == peer {
                return Ok(socket);
            }
            counters.foreign_data.one();
        }
    };
    timeout(COMES_WITHIN, come).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_port_of_the_range_is_found_and_none_beyond_it() {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        let ports = Ports { range: Some(free..=free), public: None };
        let held = ports.open(Ipv4Addr::LOCALHOST.into()).await.unwrap();
        assert_eq!(held.local_addr().unwrap().port(), free);
        assert!(ports.open(Ipv4Addr::LOCALHOST.into()).await.is_err());
    }

    #[test]
    fn behind_a_translation_the_public_address_is_told_and_loopback_to_loopback() {
        let ports = Ports { range: None, public: Some(Ipv4Addr::new(203, 0, 113, 7)) };
        assert_eq!(ports.told("10.0.0.5:21".parse().unwrap()), ports.public);
        assert_eq!(ports.told("127.0.0.1:21".parse().unwrap()), Some(Ipv4Addr::LOCALHOST));
        assert_eq!(ports.told("[2001:db8::1]:21".parse().unwrap()), None);
    }
}
