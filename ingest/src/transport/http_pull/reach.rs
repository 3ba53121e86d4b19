//! A connection to a host, and only to the one that is meant (invariant SAFE).
//!
//! A name says today where it said something else yesterday. One that pointed into the world and points to a machine of
//! this network now is somebody's attempt to have this program ask its neighbours, so it is not followed there.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::body::Body;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpStream, lookup_host},
    task::AbortHandle,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, pki_types::ServerName},
};
use url::Url;

use crate::transport::pull::CannotFetch;

/// Where requests go: scheme, host and port.
#[derive(Debug)]
pub(super) struct Reach {
    tls: Option<Arc<ClientConfig>>,
    host: String,
    port: u16,
    /// It has pointed to the world.
    was_public: bool,
}

/// A connection, which ends with this.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) sender: SendRequest<Body>,
    task: AbortHandle,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Reach {
    pub(super) fn of(url: &Url, tls: &Arc<ClientConfig>) -> Reach {
        Reach {
            tls: (url.scheme() == "https").then(|| tls.clone()),
            // In brackets, where it is an address of IPv6.
            host: url.host_str().unwrap_or_default().to_owned(),
            port: url.port_or_known_default().unwrap_or(443),
            was_public: false,
        }
    }

    /// As it is counted, and said in `Host`.
    pub(super) fn authority(&self) -> String {
        let usual = if self.tls.is_some() { 443 } else { 80 };
        if self.port == usual { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }

    /// Whether an address is of it.
    pub(super) fn is_of(&self, url: &Url) -> bool {
        (url.scheme() == "https") == self.tls.is_some()
            && url.host_str() == Some(self.host.as_str())
            && url.port_or_known_default() == Some(self.port)
    }

    pub(super) async fn connect(&mut self) -> Result<Connection, CannotFetch> {
        let name = self.host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let found = lookup_host((name.as_str(), self.port)).await.map_err(|error| {
            CannotFetch::told(
                format!("không tìm được địa chỉ của {name}: {error}"),
                format!("cannot look {name} up: {error}"),
            )
        })?;
        let found: Vec<SocketAddr> = found.collect();
        let addresses = self.meant(&found);
        if addresses.is_empty() {
            return Err(CannotFetch::fault(
                format!("{name} giờ trỏ vào mạng nội bộ, không theo"),
                format!(
                    "{name} pointed to the world, and points to this network now: it is not followed there"
                ),
            ));
        }
        let mut refused = None;
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => return self.speak(stream, name).await,
                Err(error) => refused = Some(error),
            }
        }
        let error = refused.map_or_else(String::new, |error| error.to_string());
        Err(CannotFetch::told(
            format!("không kết nối được tới {name}: {error}"),
            format!("cannot connect to {name}: {error}"),
        ))
    }

    /// Those of the addresses that are followed.
    fn meant(&mut self, found: &[SocketAddr]) -> Vec<SocketAddr> {
        self.was_public |= found.iter().any(|address| is_public(address.ip()));
        found.iter().copied().filter(|address| !self.was_public || is_public(address.ip())).collect()
    }

    async fn speak(&self, stream: TcpStream, name: String) -> Result<Connection, CannotFetch> {
        let broken = |error: &dyn std::fmt::Display| {
            CannotFetch::told(
                format!("kết nối không thành: {error}"),
                format!("the connection fails: {error}"),
            )
        };
        stream.set_nodelay(true).map_err(|error| broken(&error))?;
        let (sender, task) = match &self.tls {
            None => {
                let (sender, connection) =
                    handshake(TokioIo::new(stream)).await.map_err(|error| broken(&error))?;
                (sender, tokio::spawn(async move { ended(connection.await) }))
            }
            Some(tls) => {
                let server = ServerName::try_from(name).map_err(|error| broken(&error))?;
                let stream = TlsConnector::from(tls.clone()).connect(server, stream).await;
                let stream = stream.map_err(|error| broken(&error))?;
                let (sender, connection) =
                    handshake(TokioIo::new(stream)).await.map_err(|error| broken(&error))?;
                (sender, tokio::spawn(async move { ended(connection.await) }))
            }
        };
        Ok(Connection { sender, task: task.abort_handle() })
    }
}

fn ended(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection over HTTP is lost");
    }
}

/// Whether it is somewhere in the world, and not of this machine or network (RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [a, b, ..] = address.octets();
            let is_shared = a == 100 && (64..128).contains(&b);
            !(address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_unspecified()
                || address.is_broadcast()
                || address.is_multicast()
                || is_shared
                || a == 0)
        }
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => is_public(IpAddr::V4(mapped)),
            None => {
                !(address.is_loopback()
                    || address.is_unspecified()
                    || address.is_multicast()
                    || address.is_unique_local()
                    || address.is_unicast_link_local())
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::pull::trust::known_to_the_web;

    #[test]
    fn safe_a_name_that_pointed_to_the_world_is_not_followed_into_this_network() {
        let tls = Arc::new(known_to_the_web().unwrap());
        let mut reach = Reach::of(&Url::parse("https://lgsp.example.vn/x").unwrap(), &tls);
        let at = |text: &str| -> SocketAddr { text.parse().unwrap() };
        let (inside, outside) = (at("10.0.0.7:443"), at("203.113.131.1:443"));
        assert_eq!(reach.meant(&[inside]), [inside], "an agency's server may stand in this network");
        assert_eq!(reach.meant(&[inside, outside]), [outside]);
        for inside in [
            "10.0.0.7:443",
            "127.0.0.1:443",
            "169.254.169.254:443",
            "[::1]:443",
            "[fd00::1]:443",
            "[::ffff:10.0.0.1]:443",
        ] {
            assert!(reach.meant(&[at(inside)]).is_empty(), "{inside}");
        }
    }

    #[test]
    fn an_address_is_of_a_host_by_scheme_name_and_port() {
        let tls = Arc::new(known_to_the_web().unwrap());
        let url = |text: &str| Url::parse(text).unwrap();
        let reach = Reach::of(&url("https://h.example/x"), &tls);
        assert!(reach.is_of(&url("https://H.example:443/y")));
        for other in
            ["http://h.example/x", "https://h.example:8443/", "https://h.example.evil/", "https://[::1]/"]
        {
            assert!(!reach.is_of(&url(other)), "{other}");
        }
        assert_eq!(reach.authority(), "h.example");
        assert_eq!(Reach::of(&url("http://[::1]:8080/x"), &tls).authority(), "[::1]:8080");
    }
}
