//! Where a broker is, as packs write it.

/// Host and port of `mqtt://host` or `mqtt://host:port`; nothing else, and no login in it.
pub(super) fn host_and_port(url: &str) -> Option<(&str, u16)> {
    let authority = url.strip_prefix("mqtt://")?;
    let authority = authority.strip_suffix('/').unwrap_or(authority);
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().ok()?),
        _ => (authority, 1_883),
    };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let is_host = !host.is_empty() && !host.contains(['/', '@', '?', '#', ' ']);
    is_host.then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_logins_in_them_refused() {
        assert_eq!(host_and_port("mqtt://broker.tayninh.gov.vn"), Some(("broker.tayninh.gov.vn", 1_883)));
        assert_eq!(host_and_port("mqtt://10.0.0.1:2883/"), Some(("10.0.0.1", 2_883)));
        assert_eq!(host_and_port("mqtt://[::1]:2883"), Some(("::1", 2_883)));
        assert_eq!(host_and_port("mqtt://[::1]"), Some(("::1", 1_883)));
        for url in [
            "tcp://a",
            "mqtt://",
            "mqtt://:1883",
            "mqtt://a:x",
            "mqtt://user:secret@a",
            "mqtt://a/topic",
            "mqtts://a",
        ] {
            assert_eq!(host_and_port(url), None, "{url}");
        }
    }
}
