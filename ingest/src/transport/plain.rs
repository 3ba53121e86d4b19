//! What travels in the clear beyond this machine does so on purpose only.
//!
//! Anybody on the way can read it, with its passwords, and write in a sender's name. So a listener without TLS on another
//! address than loopback is refused unless its section says that it is meant, and where it is meant, every start says so.

use std::net::SocketAddr;

/// What is wrong with listening there without TLS, if that is not meant. `key` is the setting of the address, such as
/// `mqtt.listen`.
pub(super) fn fault(key: &str, address: Option<SocketAddr>, is_meant: bool) -> Option<String> {
    let section = key.split('.').next().unwrap_or(key);
    address.filter(|address| is_beyond_loopback(*address) && !is_meant).map(|_| {
        format!(
            "{key} is no loopback address: what comes there would travel in the clear, with passwords and tokens. Use \
             TLS ({section}.tls_certificate), or set {section}.plain_beyond_loopback = true if the network is yours alone"
        )
    })
}

/// Whether what comes there comes from other machines.
pub(super) fn is_beyond_loopback(address: SocketAddr) -> bool {
    !address.ip().to_canonical().is_loopback()
}

/// Says that it is done.
pub(super) fn warn(transport: &'static str, address: SocketAddr) {
    if is_beyond_loopback(address) {
        tracing::warn!(
            transport,
            %address,
            "listens without TLS beyond this machine: anybody on the way can read what comes, passwords too, and forge it"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_listened_to_without_encryption_only_on_purpose() {
        let told = |address: &str, is_meant| fault("push.listen", Some(address.parse().unwrap()), is_meant);
        for near in ["127.0.0.1:8081", "127.9.9.9:1", "[::1]:8081", "[::ffff:127.0.0.1]:8081"] {
            assert_eq!(told(near, false), None, "{near}");
        }
        for far in ["0.0.0.0:8081", "[::]:8081", "192.0.2.1:8081", "[::ffff:192.0.2.1]:8081"] {
            let said = told(far, false).unwrap();
            assert!(said.contains("push.plain_beyond_loopback = true"), "{said}");
            assert_eq!(told(far, true), None, "{far}");
        }
        assert_eq!(fault("push.listen", None, false), None);
    }
}
