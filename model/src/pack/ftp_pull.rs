//! A feed that is fetched as files from a partner's FTP or SFTP server: where, which folders, which names, how often.
//!
//! Loggers write into a folder a day, so a folder is written with the parts of its day (`/%Y/%m/%d`, `/%Y%m%d`). Who logs in
//! is not the pack's to say.

use super::{document::Section, pulled::read_every};
use crate::time::Millis;

/// What stands for a part of a day in a folder.
const DAY_PARTS: [&str; 3] = ["%Y", "%m", "%d"];
/// Folders below the one that is named.
const DEEPEST: i64 = 4;
/// Days that are listed at each turn, and now and then.
const MOST_DAYS: i64 = 400;

/// What is fetched from an FTP or SFTP server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FtpPullFeed {
    /// The server.
    pub url: FtpUrl,
    /// The folder there, with `%Y`, `%m` and `%d` where each day has its own; without `/` at its beginning it lies below
    /// where the login leads.
    pub folder: String,
    /// So many levels of folders below it are looked into, too.
    pub depth: u32,
    /// The names of files: patterns in which `*` stands for anything.
    pub names: Vec<String>,
    /// Between two turns.
    pub every: Millis,
    /// A file that was the same for so long is taken.
    pub settle: Millis,
    /// So many days before today are listed at each turn.
    pub looks_back: u32,
    /// What is done now and then.
    pub compare: FtpCompare,
}

/// What is done now and then, and not at each turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FtpCompare {
    /// Between two times.
    pub every: Millis,
    /// So many days before today are listed.
    pub back: u32,
    /// Files that were taken within so many days are fetched again and held against what they said.
    pub contents: u32,
}

/// How a connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FtpSecrecy {
    /// Not at all: `ftp://`.
    Plain,
    /// From `AUTH TLS` on (RFC 4217): `ftpes://`.
    Explicit,
    /// From the first byte on: `ftps://`.
    Implicit,
    /// Not FTP at all, but SFTP, within SSH: `sftp://`.
    Ssh,
}

/// Where an FTP or SFTP server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FtpUrl {
    /// How it is spoken to.
    pub secrecy: FtpSecrecy,
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl FtpSecrecy {
    const ALL: [FtpSecrecy; 4] =
        [FtpSecrecy::Plain, FtpSecrecy::Explicit, FtpSecrecy::Implicit, FtpSecrecy::Ssh];

    fn scheme(self) -> &'static str {
        match self {
            FtpSecrecy::Plain => "ftp",
            FtpSecrecy::Explicit => "ftpes",
            FtpSecrecy::Implicit => "ftps",
            FtpSecrecy::Ssh => "sftp",
        }
    }

    fn usual_port(self) -> u16 {
        match self {
            FtpSecrecy::Plain | FtpSecrecy::Explicit => 21,
            FtpSecrecy::Implicit => 990,
            FtpSecrecy::Ssh => 22,
        }
    }
}

impl FtpUrl {
    fn parse(text: &str) -> Option<FtpUrl> {
        let (scheme, rest) = text.split_once("://")?;
        let secrecy = FtpSecrecy::ALL.into_iter().find(|secrecy| secrecy.scheme() == scheme)?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match rest.strip_prefix('[') {
            Some(rest) => {
                let (host, behind) = rest.split_once(']')?;
                let _address: std::net::Ipv6Addr = host.parse().ok()?;
                (host, if behind.is_empty() { None } else { Some(behind.strip_prefix(':')?) })
            }
            None => match rest.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (rest, None),
            },
        };
        let port = match port {
            Some(port) => port.parse().ok().filter(|port| *port > 0)?,
            None => secrecy.usual_port(),
        };
        let stray = |character: char| character.is_whitespace() || character.is_control();
        let is_host =
            !host.is_empty() && !host.contains(stray) && !host.contains(['@', '/', '?', '#', '[', '%', ',']);
        is_host.then(|| FtpUrl { secrecy, host: host.to_owned(), port })
    }
}

impl std::fmt::Display for FtpUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let FtpUrl { secrecy, host, port } = self;
        let (open, close) = if host.contains(':') { ("[", "]") } else { ("", "") };
        write!(f, "{}://{open}{host}{close}:{port}", secrecy.scheme())
    }
}

impl FtpPullFeed {
    /// Whether each day has a folder of its own.
    #[must_use]
    pub fn is_by_day(&self) -> bool {
        self.folder.contains('%')
    }

    /// Where it is, as people are told: server and folder.
    #[must_use]
    pub fn address(&self) -> String {
        let between = if self.folder.starts_with('/') { "" } else { "/" };
        format!("{}{between}{}", self.url, self.folder)
    }
}

/// Reads `transport = { kind = "ftp_pull", … }`.
pub(super) fn read(id: &str, table: &mut Section<'_>) -> FtpPullFeed {
    let line = table.line_of("url");
    let written = table.text("url", "\"ftpes://ftp.example.vn\"");
    let url = FtpUrl::parse(&written).unwrap_or_else(|| {
        if !written.is_empty() {
            let message = format!(
                "{id}: 'url' is sftp://host:port (SSH), ftpes://host:port (TLS from AUTH TLS on), ftps://host:port (TLS from \
                 the first byte on) or ftp://host:port (in the clear), without user and password, which lie in ftp.toml in \
                 the data folder"
            );
            table.fault(line, message);
        }
        FtpUrl { secrecy: FtpSecrecy::Explicit, host: written, port: 21 }
    });
    let line = table.line_of("folder");
    let folder = table.text("folder", "\"/%Y/%m/%d\"");
    if let Some(fault) = folder_fault(&folder).filter(|_| !folder.is_empty()) {
        table.fault(line, format!("{id}: 'folder': '{folder}': {fault}"));
    }
    let names = read_names(id, table);
    let every = read_every(id, table, "every");
    let line = table.line_of("settle");
    let settle = table.optional_duration("settle").unwrap_or(Millis::seconds(30));
    if settle < Millis::seconds(1) {
        table.fault(line, format!("{id}: 'settle' is at least 1s: a file may be in the making"));
    }
    let number =
        |read: Option<i64>, usual: u32| read.map_or(usual, |read| u32::try_from(read).unwrap_or(usual));
    let depth = number(table.optional_integer("depth", 0, DEEPEST), 0);
    let line = table.line_of("looks_back");
    let looks_back = number(table.optional_integer("looks_back", 0, MOST_DAYS), 3);
    if table.has("looks_back") && !folder.contains('%') {
        table.fault(line, format!("{id}: 'looks_back' is of folders by day, and 'folder' has no %Y, %m, %d"));
    }
    let compare = match table.optional_section("compare", "{ every = \"24h\", back = 60, contents = 2 }") {
        None => FtpCompare { every: Millis::hours(24), back: 60, contents: 2 },
        Some(mut section) => {
            let compare = FtpCompare {
                every: read_every(id, &mut section, "every"),
                back: number(section.optional_integer("back", 0, MOST_DAYS), 60),
                contents: number(section.optional_integer("contents", 0, MOST_DAYS), 2),
            };
            section.finish();
            compare
        }
    };
    let compare = FtpCompare { back: compare.back.max(looks_back), ..compare };
    FtpPullFeed { url, folder: trimmed(&folder), depth, names, every, settle, looks_back, compare }
}

fn trimmed(folder: &str) -> String {
    match folder.trim_end_matches('/') {
        "" if folder.starts_with('/') => "/".to_owned(),
        folder => folder.to_owned(),
    }
}

fn read_names(id: &str, table: &mut Section<'_>) -> Vec<String> {
    let line = table.line_of("names");
    let named = table.texts("names");
    if named.is_empty() {
        table.fault(line, format!("{id}: 'names' must name at least one file, such as \"*.txt\""));
    }
    let mut names = Vec::new();
    for (line, name) in named {
        let is_name = !name.is_empty()
            && !matches!(name.as_str(), "." | "..")
            && !name.contains(['/', '\\'])
            && !name.contains(char::is_control);
        if !is_name {
            table.fault(
                line,
                format!("{id}: 'names': '{name}' is no name of a file in 'folder', without '/'"),
            );
        }
        names.push(name);
    }
    names
}

/// What is wrong with a folder; none if nothing is.
fn folder_fault(folder: &str) -> Option<&'static str> {
    let path = folder.strip_prefix('/').unwrap_or(folder);
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.contains(char::is_control) || path.contains('\\') || folder.starts_with('-') {
        return Some("it is a path at the server, such as \"/%Y/%m/%d\"");
    }
    if !path.is_empty() && path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Some("it is a path without '.', '..' and empty parts");
    }
    let mut left = folder.to_owned();
    let mut parts = 0;
    for part in DAY_PARTS {
        parts += usize::from(left.contains(part));
        left = left.replace(part, "");
    }
    if left.contains(['%', '{', '}', '*']) {
        return Some("only %Y, %m and %d stand for something in it");
    }
    (parts != 0 && parts != DAY_PARTS.len())
        .then_some("a day's folder says its whole day: %Y, %m and %d all stand in it, or none")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_host_and_a_way_to_speak_to_it() {
        let told = |text: &str| FtpUrl::parse(text).map(|url| url.to_string());
        for (written, read) in [
            ("ftp://10.0.0.7", "ftp://10.0.0.7:21"),
            ("ftpes://ftp.example.vn/", "ftpes://ftp.example.vn:21"),
            ("ftps://ftp.example.vn", "ftps://ftp.example.vn:990"),
            ("sftp://ftp.example.vn", "sftp://ftp.example.vn:22"),
            ("ftp://[::1]:2121", "ftp://[::1]:2121"),
        ] {
            assert_eq!(told(written).as_deref(), Some(read));
        }
        for wrong in [
            "",
            "ftp://",
            "ssh://h",
            "ftp://u:p@h",
            "ftp://h:0",
            "ftp://h:x",
            "ftp://h/a",
            "ftp://[x]:1",
            "h:21",
        ] {
            assert_eq!(told(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_folder_is_a_path_that_says_its_day_or_none() {
        for folder in ["/", "/%Y/%m/%d", "/%Y%m%d", "du lieu/%Y-%m-%d/", "/du-lieu", "tram/%d-%m-%Y/txt"] {
            assert_eq!(folder_fault(folder), None, "{folder}");
        }
        for folder in ["/../x", "a//b", "/%Y/%m", "/%H", "/{yyyy}", "-a", "a\\b", "a\nb", "/*/"] {
            assert!(folder_fault(folder).is_some(), "{folder}");
        }
        assert_eq!((trimmed("/"), trimmed("/a/")), ("/".to_owned(), "/a".to_owned()));
    }
}
