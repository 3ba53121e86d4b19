//! What sshd and PAM say of somebody who wants in.
//!
//! One attempt is told of by up to five lines: PAM's modules, "Invalid user", sshd's own "Failed", the end for too many
//! attempts, PAM's sum. Each is an event of its own kind, with who, from where and which process; which of them are the
//! same attempt is decided where all of them are known. A key that an agent offers and the probe with the method "none"
//! are written "Failed" too, and are no attempts.
//!
//! User names come from whoever knocks, and may hold anything, also the words of these lines: what sshd writes behind
//! them decides, so lines are read from their end.

use ioc_model::event::{Event, EventKind, one_spelling};

use super::{
    syslog_header::word,
    told::{End, attribute, end, text, weight},
};

/// Reads a line of sshd or PAM into the event; whether it is one.
pub(super) fn read(program: &str, said: &str, event: &mut Event) -> bool {
    let name = program.split(['[', '(']).next().unwrap_or_default();
    let name = name.rsplit('/').next().unwrap_or_default();
    // Since OpenSSH 9.8 a connection is served by a program of its own.
    let is_sshd = matches!(name, "sshd" | "sshd-session" | "sshd-auth");
    of_pam(program, said, event) || (is_sshd && of_sshd(said, event))
}

fn of_sshd(said: &str, event: &mut Event) -> bool {
    let said = said.strip_prefix("error: ").unwrap_or(said);
    if let Some(rest) = said.strip_prefix("Failed ") {
        return of_attempt(rest, event, |method| match method {
            // What the client's program tries by itself, before anybody is asked.
            "none" | "publickey" | "hostbased" | "gssapi-with-mic" | "gssapi-keyex" => EventKind::LoginProbe,
            _ => EventKind::LoginFailed,
        });
    }
    if let Some(rest) = said.strip_prefix("Accepted ") {
        return of_attempt(rest, event, |_| EventKind::LoginAccepted);
    }
    if let Some(rest) = said.strip_prefix("Invalid user ").or_else(|| said.strip_prefix("Illegal user ")) {
        return of_user_from(rest, EventKind::LoginUser, event);
    }
    if let Some(rest) = said.strip_prefix("User ").filter(|rest| rest.contains(" not allowed because ")) {
        return of_user_from(rest, EventKind::LoginUser, event);
    }
    if let Some(rest) = said.strip_prefix("maximum authentication attempts exceeded for ") {
        return of_user_from(without_invalid(rest), EventKind::LoginLimit, event);
    }
    if let Some(rest) = said.strip_prefix("PAM: ")
        && let Some((_, rest)) = rest.split_once(" for ")
    {
        return of_user_from(without_invalid(rest), EventKind::LoginModule, event);
    }
    of_connection(said, event)
}

/// `METHOD for [invalid user ]USER from ADDRESS port PORT ssh2[: KEY]`.
fn of_attempt(rest: &str, event: &mut Event, kind: impl Fn(&str) -> EventKind) -> bool {
    let Some((method, rest)) = rest.split_once(" for ") else { return false };
    if !of_user_from(without_invalid(rest), kind(method), event) {
        return false;
    }
    attribute(event, "method", method);
    true
}

fn without_invalid(rest: &str) -> &str {
    let known = ["invalid user ", "illegal user "];
    known.iter().find_map(|words| rest.strip_prefix(words)).unwrap_or(rest)
}

/// `USER from ADDRESS[ port PORT]…`: the last of all such places is sshd's own. With `UseDNS` a name stands for the
/// address, which is believed to be one only in front of a port.
fn of_user_from(rest: &str, kind: EventKind, event: &mut Event) -> bool {
    let mut before = rest;
    while let Some(at) = memchr::memmem::rfind(before.as_bytes(), b" from ") {
        before = &rest[..at];
        let (address, behind) = word(&rest[at + 6..]);
        let port = behind.strip_prefix("port ").map_or("", |rest| word(rest).0);
        let is_name = is_host_name(address) && port.parse::<u16>().is_ok();
        if !is_name && one_spelling(address).is_none() {
            continue;
        }
        event.kind = kind;
        event.user = text(&rest[..at]);
        end(event, End::From, address, port);
        return true;
    }
    false
}

/// Letters, digits, points and hyphens.
fn is_host_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    text.starts_with(|first: char| first.is_ascii_alphanumeric()) && text.bytes().all(fits)
}

/// Of a connection: `… USER ADDRESS port PORT…`, such as "Disconnecting authenticating user root 203.0.113.20 port 51000:
/// Too many authentication failures [preauth]".
fn of_connection(said: &str, event: &mut Event) -> bool {
    if said.starts_with("Server listening on ") {
        return false;
    }
    let is_limit = said.contains("Too many authentication failures");
    let Some((at, port)) = port_of(said) else {
        if is_limit && let Some((_, rest)) = said.split_once(" for ") {
            event.user = text(without_invalid(rest).trim_end_matches(" [preauth]"));
        }
        event.kind = if is_limit { EventKind::LoginLimit } else { event.kind };
        return is_limit;
    };
    let before = &said[..at];
    let (before, address) = before.rsplit_once(' ').unwrap_or(("", before));
    let named = ["authenticating user ", "invalid user ", "user "];
    let user = named.iter().find_map(|words| before.split_once(words).map(|(_, user)| user));
    event.kind = if is_limit { EventKind::LoginLimit } else { EventKind::Log };
    event.user = text(user.unwrap_or_default());
    end(event, End::From, address, port);
    true
}

/// Where the last ` port NUMBER` behind an address stands.
fn port_of(said: &str) -> Option<(usize, &str)> {
    memchr::memmem::rfind_iter(said.as_bytes(), b" port ").find_map(|at| {
        let rest = &said[at + 6..];
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (_, address) = said[..at].rsplit_once(' ')?;
        (length > 0 && one_spelling(address).is_some()).then_some((at, &rest[..length]))
    })
}

/// PAM's modules, which write into the log of the program that asked them: `pam_unix(sshd:auth): authentication
/// failure; … rhost=ADDRESS  user=USER`, its sum at the end (`PAM 2 more authentication failures; …`), and the old form,
/// in which the module stands in the tag (`sshd(pam_unix)[611]`).
fn of_pam(program: &str, said: &str, event: &mut Event) -> bool {
    let in_tag = program.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map(|(module, _)| module);
    let of_module = || said.starts_with("pam_").then(|| said.split_once("): ")).flatten();
    let (module, rest) = match of_module() {
        Some((module, rest)) => (module.split('(').next().unwrap_or_default(), rest),
        None => match (said.strip_prefix("PAM "), in_tag) {
            (Some(rest), _) => ("", rest),
            (None, Some(module)) if module.starts_with("pam_") => (module, said),
            _ => return false,
        },
    };
    let (what, told) = rest.split_once(';').unwrap_or((rest, ""));
    event.kind = match what {
        "authentication failure" => EventKind::LoginModule,
        "check pass" if told.trim() == "user unknown" => EventKind::LoginUser,
        _ => match what.split_once(" more authentication failure") {
            Some((times, "" | "s")) => {
                let Some(times) = weight(times) else { return false };
                event.weight = times;
                EventKind::LoginModule
            }
            _ => EventKind::Log,
        },
    };
    // `user=` is the last: what stands in it may look like any of the others.
    let value = |name: &str| told.split_once(name).map(|(_, rest)| rest).unwrap_or_default();
    let (address, user) = (word(value(" rhost=")).0, value(" user=").trim_end());
    if !address.is_empty() {
        end(event, End::From, address, "");
    }
    event.user = text(user);
    if let Some((_, rest)) = what.split_once(" for user ")
        && what.starts_with("session ")
    {
        event.user = text(word(rest).0.split('(').next().unwrap_or_default());
    }
    attribute(event, "module", module);
    if what == "authentication success" {
        attribute(event, "outcome", "success");
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_one(program: &str, said: &str) -> Option<(EventKind, String, String, u32)> {
        let mut event = Event { weight: 1, ..Event::default() };
        read(program, said, &mut event).then(|| {
            let port = event.from.port.map_or_else(String::new, |port| format!(" {port}"));
            let from = event.from.address.map_or_else(String::new, |address| address.to_string());
            (event.kind, event.user.to_string(), from + &port, event.weight)
        })
    }

    #[test]
    fn what_is_said_of_a_login_has_its_kind_its_user_and_its_address() {
        use EventKind::{Log, LoginAccepted, LoginFailed, LoginLimit, LoginModule, LoginProbe, LoginUser};
        let at = "203.0.113.5 port 40022";
        for (program, said, kind, user, from, weight) in [
            ("sshd[1]", format!("Failed password for root from {at} ssh2"), LoginFailed, "root", "203.0.113.5 40022", 1),
            ("sshd-session[1]", format!("Failed password for invalid user a b from {at} ssh2"), LoginFailed, "a b", "203.0.113.5 40022", 1),
            ("/usr/sbin/sshd[1]", format!("Failed none for invalid user x from {at} ssh2"), LoginProbe, "x", "203.0.113.5 40022", 1),
            ("sshd[1]", format!("Failed publickey for x from {at} ssh2: RSA SHA256:e"), LoginProbe, "x", "203.0.113.5 40022", 1),
            ("sshd[1]", format!("Failed keyboard-interactive/pam for x from {at} ssh2"), LoginFailed, "x", "203.0.113.5 40022", 1),
            ("sshd[1]", format!("Accepted publickey for x from {at} ssh2: ED25519 SHA256:e"), LoginAccepted, "x", "203.0.113.5 40022", 1),
            ("sshd[1]", format!("Failed password for invalid user root from 192.0.2.1 port 22 ssh2 from {at} ssh2"), LoginFailed, "root from 192.0.2.1 port 22 ssh2", "203.0.113.5 40022", 1),
            ("sshd[1]", "Invalid user  from 203.0.113.5".to_owned(), LoginUser, "", "203.0.113.5", 1),
            ("sshd[1]", format!("error: maximum authentication attempts exceeded for root from {at} ssh2 [preauth]"), LoginLimit, "root", "203.0.113.5 40022", 1),
            ("sshd[1]", format!("Disconnecting authenticating user root {at}: Too many authentication failures [preauth]"), LoginLimit, "root", "203.0.113.5 40022", 1),
            ("sshd[1]", "Disconnecting: Too many authentication failures for root [preauth]".to_owned(), LoginLimit, "root", "", 1),
            ("sshd[1]", format!("Connection closed by invalid user x {at} [preauth]"), Log, "x", "203.0.113.5 40022", 1),
            ("sshd[1]", format!("Connection closed by {at} [preauth]"), Log, "", "203.0.113.5 40022", 1),
            ("sshd[1]", format!("error: key exchange failed with {at}"), Log, "", "203.0.113.5 40022", 1),
            ("sshd[1]", "error: PAM: Authentication failure for user04 from 203.0.113.5".to_owned(), LoginModule, "user04", "203.0.113.5", 1),
            ("sshd[1]", "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.5  user=root".to_owned(), LoginModule, "root", "203.0.113.5", 1),
            ("sshd[1]", "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.5 ".to_owned(), LoginModule, "", "203.0.113.5", 1),
            ("sshd[1]", "pam_unix(sshd:auth): check pass; user unknown".to_owned(), LoginUser, "", "", 1),
            ("sshd[1]", "PAM 2 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.5  user=root".to_owned(), LoginModule, "root", "203.0.113.5", 2),
            ("sshd(pam_unix)[611]", "5 more authentication failures; logname= uid=0 tty=NODEVssh ruser= rhost=203.0.113.5  user=root".to_owned(), LoginModule, "root", "203.0.113.5", 5),
            ("sshd[1]", "pam_sss(sshd:auth): authentication success; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.44 user=user02".to_owned(), Log, "user02", "192.0.2.44", 1),
            ("sshd[1]", "pam_unix(sshd:session): session opened for user user02(uid=1002) by (uid=0)".to_owned(), Log, "user02", "", 1),
        ] {
            assert_eq!(read_one(program, &said), Some((kind, user.to_owned(), from.to_owned(), weight)), "{said}");
        }
    }

    #[test]
    fn other_lines_are_left_to_themselves() {
        for (program, said) in [
            ("sshd[1]", "Server listening on 0.0.0.0 port 22."),
            ("sshd[1]", "Failed password for root from nowhere"),
            ("sshd[1]", "Failed"),
            ("app", "Failed password for root from 203.0.113.5 port 1 ssh2"),
            ("sshd[1]", "PAM 99999999999 more authentication failures; user=x"),
            ("", ""),
        ] {
            assert_eq!(read_one(program, said), None, "{said}");
        }
    }
}
