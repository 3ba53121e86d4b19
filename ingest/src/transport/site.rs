//! The ground a transport stands on: what an installation gives to every way in.

use std::{path::PathBuf, sync::Arc};

use ioc_model::{calendar::Calendar, pack::Pack, position::LogNumber};
use tokio::{runtime::Handle, sync::watch};
use tokio_util::sync::CancellationToken;

use super::{http::KnownReceipts, mqtt::Voice};
use crate::{intake::Intake, routes::Routes, senders::Authenticator};

/// What a transport is started with.
#[derive(Clone, Debug)]
pub struct Site {
    /// Where envelopes go.
    pub intake: Intake,
    /// Whose feeds they are.
    pub pack: Arc<Pack>,
    /// Which feed an address belongs to.
    pub routes: watch::Receiver<Arc<Routes>>,
    /// What is said to gateways.
    pub voice: Arc<Voice>,
    /// Who may send.
    pub authenticator: Arc<Authenticator>,
    /// The pack's: times in names of files and days of folders are local.
    pub calendar: Calendar,
    /// The bus's number, as soon as it is registered with the store.
    pub log: watch::Receiver<Option<LogNumber>>,
    /// What became of envelopes, as soon as there is a store to ask.
    pub receipts: KnownReceipts,
    /// The data folder: what a transport keeps lies below it.
    pub data: PathBuf,
    /// What this installation is called where it is a client: the same for ever, and no other's.
    pub name: String,
    /// Threads for those whose acknowledgements must not wait for pages. Transports without that need run on the
    /// threads they are started on.
    pub senders: Handle,
    /// Fires when everything ends.
    pub stop: CancellationToken,
}
