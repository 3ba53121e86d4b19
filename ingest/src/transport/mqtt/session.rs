//! A client's session: whose it is and how long it lasts.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{exchange::SessionNumber, say::Subscription};

/// What identifiers made here begin with.
const ASSIGNED: &str = "ioc-";

/// A client as its sessions know it: sender and client identifier. Two senders may use the same identifier without
/// touching each other; a sender's name holds no `/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct ClientKey(Arc<str>);

impl ClientKey {
    pub(super) fn new(sender: &str, client_id: &str) -> ClientKey {
        ClientKey(format!("{sender}/{client_id}").into())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn sender(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }

    pub(super) fn client_id(&self) -> &str {
        self.0.split_once('/').unwrap_or_default().1
    }
}

/// The fact that a client has a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Session {
    /// Seconds it outlives its connection; `u32::MAX` for ever.
    pub(super) lifetime: u32,
    /// When its connection ended, in milliseconds since 1970 by the machine's clock; none while there is one.
    pub(super) since: Option<i64>,
    /// Another one for each session, also of the same client.
    pub(super) number: SessionNumber,
    /// It was on disk before: only then may a client be told that it is present.
    pub(super) is_stored: bool,
    /// What it hears.
    pub(super) subscriptions: Arc<[Subscription]>,
}

impl Session {
    pub(super) fn is_over(&self, now: i64) -> bool {
        match self.since {
            Some(since) if self.lifetime != u32::MAX => now >= since + i64::from(self.lifetime) * 1_000,
            _ => false,
        }
    }
}

/// An identifier for a client that leaves it to us.
pub(super) fn assigned_client_id() -> String {
    format!("{ASSIGNED}{:032x}", rand::random::<u128>())
}

/// Whether it is one of those.
pub(super) fn is_assigned(client_id: &str) -> bool {
    client_id.strip_prefix(ASSIGNED).is_some_and(|number| {
        number.len() == 32 && number.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}
