//! The file of sessions: JSON lines, the last one of a client counts.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use super::{
    exchange::SessionNumber,
    say::Subscription,
    session::{ClientKey, Session},
};

/// A line of the file. Without a lifetime the session has ended.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    client: ClientKey,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lifetime: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<i64>,
    /// Sessions from before there were exchanges have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    number: Option<SessionNumber>,
    #[serde(default, skip_serializing_if = "<[Subscription]>::is_empty")]
    subscriptions: Arc<[Subscription]>,
}

pub(super) fn line_of(key: &ClientKey, session: Option<&Session>) -> Vec<u8> {
    let line = Line {
        client: key.clone(),
        lifetime: session.map(|session| session.lifetime),
        since: session.and_then(|session| session.since),
        number: session.map(|session| session.number).filter(|number| *number > 0),
        subscriptions: session.map(|session| session.subscriptions.clone()).unwrap_or_default(),
    };
    let mut bytes = serde_json::to_vec(&line).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

pub(super) fn read_lines(text: &[u8]) -> BTreeMap<ClientKey, Session> {
    let mut sessions = BTreeMap::new();
    let mut lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    // What follows the last line feed is nothing, or torn.
    let _torn = lines.pop();
    for (number, line) in lines.iter().enumerate() {
        match serde_json::from_slice::<Line>(line) {
            Ok(Line { client, subscriptions, .. }) if !subscriptions.iter().all(Subscription::is_sound) => {
                // Whoever is told that it is there must hear what it is subscribed to.
                tracing::error!(
                    line = number + 1,
                    "a session's subscriptions make no sense, and it is dropped"
                );
                let _before = sessions.remove(&client);
            }
            Ok(Line { client, lifetime: Some(lifetime), since, number, subscriptions }) => {
                let number = number.unwrap_or_default();
                let session = Session { lifetime, since, number, is_stored: true, subscriptions };
                let _before = sessions.insert(client, session);
            }
            Ok(Line { client, lifetime: None, .. }) => {
                let _ended = sessions.remove(&client);
            }
            Err(error) => {
                tracing::error!(line = number + 1, %error, "a session's line makes no sense and is dropped")
            }
        }
    }
    sessions
}

/// The file, open for appending.
#[derive(Debug)]
pub(super) struct LinesFile {
    pub(super) path: PathBuf,
    pub(super) file: File,
    /// How many it holds, outdated ones among them.
    pub(super) lines: usize,
}

impl LinesFile {
    /// Replaces the file by one that holds just these sessions.
    pub(super) fn rewrite(
        path: &Path,
        sessions: &BTreeMap<ClientKey, Session>,
    ) -> std::io::Result<LinesFile> {
        let temporary = path.with_extension("tmp");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&temporary)?;
        let text: Vec<u8> = sessions.iter().flat_map(|(key, session)| line_of(key, Some(session))).collect();
        file.write_all(&text)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)?;
        if let Some(folder) = path.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(LinesFile { path: path.to_owned(), file, lines: sessions.len() })
    }

    pub(super) fn append(&mut self, text: &[u8], lines: usize, sync: bool) -> std::io::Result<()> {
        self.file.write_all(text)?;
        self.lines += lines;
        if sync {
            self.file.sync_data()?;
        }
        Ok(())
    }
}
