//! Who is connected, which sender was heard when, and whom the door turned away: what an operator looks for when a
//! gateway that "works" delivers nothing. The answer of `/api/clients`, for who gives it and for who asks.

use std::{collections::HashMap, sync::Arc};

use ioc_model::{asker::Asker, name::Name, rule::Priority, time::Now};
use serde::{Deserialize, Serialize};

/// Knows the clients. The binary answers it from the ways in.
pub trait Clients: Send + Sync + std::fmt::Debug {
    /// Who is there now. Rejects are not told here: the board counts them.
    fn list(&self) -> ClientList;
}

/// Shared knowledge of clients.
pub type SharedClients = Arc<dyn Clients>;

/// Who is there, who was, and who was turned away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientList {
    /// Connected now.
    pub connected: Vec<ClientView>,
    /// Every sender that was ever heard, by name.
    pub senders: Vec<SenderView>,
    /// What happened at the door lately, the newest first.
    pub door: Vec<NoticeView>,
}

/// A connected client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientView {
    /// The way it came, as the word of packs.
    pub transport: String,
    /// Its sender.
    pub sender: String,
    /// Its client identifier.
    pub client_id: String,
    /// Where it comes from; empty where that is not known.
    pub peer: String,
    /// Since when.
    pub since: Now,
    /// When it said something last.
    pub last_heard: Now,
    /// Messages on this connection.
    pub messages: u64,
    /// Messages in the last minute.
    pub per_minute: u64,
    /// Rejects of its sender since the process started: which of its clients sent them is not known.
    pub rejects: u64,
}

/// A sender that was heard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SenderView {
    /// Its name.
    pub sender: String,
    /// When it said something last, also before the process started.
    pub last_heard: Now,
    /// The way it came then; empty where that is not known any more.
    pub transport: String,
    /// Where it came from then; empty where that is not known.
    pub peer: String,
    /// Messages since the process started.
    pub messages: u64,
    /// Messages in the last minute.
    pub per_minute: u64,
    /// Its rejects since the process started.
    pub rejects: u64,
}

/// Something that happened at the door, once or many times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeView {
    /// `taken_over`, `wrong_credentials`, `wrong_version`, `forbidden`, `empty`, `framing`, `dropped`, `lost`, `untold` or
    /// `refused`.
    pub what: String,
    /// The way the client came.
    pub transport: String,
    /// The user name it gave; empty where it gave none.
    pub user: String,
    /// Its client identifier; empty where there is none.
    pub client_id: String,
    /// Where it came from last; empty where that is not known.
    pub peer: String,
    /// Of a take-over: where the connection it ended came from.
    pub former: String,
    /// Why, in an operator's words; may be empty.
    pub why: String,
    /// How often since it was first seen.
    pub count: u64,
    /// How urgent that is.
    pub priority: Priority,
    /// The first time.
    pub first: Now,
    /// The last time.
    pub last: Now,
}

impl ClientList {
    /// What of it somebody sees: all or nothing, for a sender may send by any feed and is of no place.
    #[must_use]
    pub(crate) fn seen_by(self, asker: &Asker) -> ClientList {
        if asker.sees_everything() { self } else { ClientList::default() }
    }

    /// The same with how many rejects each sender has.
    #[must_use]
    pub(crate) fn with_rejects(mut self, rejects: &HashMap<Name, u64>) -> ClientList {
        let of = |sender: &str| rejects.get(sender).copied().unwrap_or_default();
        for client in &mut self.connected {
            client.rejects = of(&client.sender);
        }
        for sender in &mut self.senders {
            sender.rejects = of(&sender.sender);
        }
        self
    }
}
