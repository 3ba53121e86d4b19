//! The pack's folder while everything runs: what lies in it is looked at, shown, and taken over when it is asked for.
//!
//! A changed folder is never ignored in silence: the status says that it waits, what is wrong with it, or what of it
//! needs a restart. It is taken over whole or not at all, and only on an order (`ioc reload`), since an editor saves
//! one file after the other. The order of the steps: the version is kept, because a replay will ask for it; its rows
//! are published, because readers open it from the first fact on; the flow takes it with its next epoch; then senders'
//! addresses and the pages follow, so that nothing is routed to a feed that the flow does not know yet.
//!
//! What a transport was started with stays: its folders and connections are of the pack it began with, and so is the
//! time zone, which days on disk and in the store are of. Such a change is refused and says so.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc, time::Duration};

use ioc_bus::clock::Clock;
use ioc_dashboards::{
    AppState, PackState, PackStatus,
    pack::{NotReloaded, Reload, Reloaded, Reloading},
};
use ioc_decode::Decoder;
use ioc_ingest::{intake::Intake, routes::Routes};
use ioc_model::pack::{Feed, Pack, PackFiles, Transport};
use ioc_storage::Store;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::{config::PackChoice, pack_files::configured_pack, pack_versions::KeptPacks, personal};

/// Between two looks into the folder.
const EVERY: Duration = Duration::from_secs(5);
/// The store may take so long to take the pack's rows.
const PUBLISHED_WITHIN: Duration = Duration::from_secs(20);

type Outcome = Result<Reloaded, NotReloaded>;

/// Takes orders to take the pack's folder over.
#[derive(Clone, Debug)]
pub(super) struct Orders(mpsc::Sender<oneshot::Sender<Outcome>>);

/// What an order is carried out with.
#[derive(Debug)]
pub(super) struct Province {
    pub(super) choice: PackChoice,
    pub(super) packs: KeptPacks,
    pub(super) store: Store,
    pub(super) routes: watch::Sender<Arc<Routes>>,
    pub(super) intake: Intake,
    /// The data folder.
    pub(super) data: PathBuf,
    pub(super) pages: AppState,
    pub(super) clock: Clock,
    pub(super) status: watch::Sender<PackStatus>,
    pub(super) orders: mpsc::Receiver<oneshot::Sender<Outcome>>,
}

impl Orders {
    pub(super) fn new() -> (Orders, mpsc::Receiver<oneshot::Sender<Outcome>>) {
        let (sender, receiver) = mpsc::channel(1);
        (Orders(sender), receiver)
    }
}

impl Reload for Orders {
    fn reload(&self) -> Reloading<'_> {
        Box::pin(async {
            let (done, outcome) = oneshot::channel();
            let ended = || NotReloaded::NotNow("the process is stopping".to_owned());
            self.0.send(done).await.map_err(|_| ended())?;
            outcome.await.map_err(|_| ended())?
        })
    }
}

/// What lies in the folder, held against what is in effect.
enum FolderState {
    InEffect,
    Valid(Arc<Decoder>),
    NeedsRestart(Arc<Decoder>, Vec<String>),
    Faulty(Vec<String>),
}

impl Province {
    /// Looks, and carries orders out, until it is told to stop.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut seen = None;
        loop {
            tokio::select! {
                order = self.orders.recv() => {
                    let Some(done) = order else { return };
                    let outcome = self.take_over().await;
                    seen = None;
                    self.look(&mut seen).await;
                    // Whoever asked may be gone.
                    let _gone = done.send(outcome);
                }
                () = tokio::time::sleep(EVERY) => self.look(&mut seen).await,
                () = stop.cancelled() => return,
            }
        }
    }

    /// The pack's files, or why they cannot be read.
    async fn files(&self) -> Result<PackFiles, Vec<String>> {
        let choice = self.choice.clone();
        match tokio::task::spawn_blocking(move || configured_pack(&choice)).await {
            Ok(Ok(files)) => Ok(files),
            Ok(Err(error)) => Err(vec![format!("{error:#}")]),
            Err(error) => Err(vec![error.to_string()]),
        }
    }

    /// Tells what lies in the folder, if it is not what was seen there before.
    async fn look(&self, seen: &mut Option<Result<PackFiles, Vec<String>>>) {
        let files = self.files().await;
        if seen.as_ref() == Some(&files) {
            return;
        }
        let found = match &files {
            Ok(files) => self.judge(files),
            Err(why) => FolderState::Faulty(why.clone()),
        };
        *seen = Some(files);
        let in_effect = self.packs.pack().version.clone();
        let waiting = |decoder: &Decoder| Some(decoder.pack().version.clone());
        let (state, waiting, why) = match found {
            FolderState::InEffect => (PackState::Current, None, Vec::new()),
            FolderState::Valid(decoder) => (PackState::Changed, waiting(&decoder), Vec::new()),
            FolderState::NeedsRestart(decoder, why) => (PackState::NeedsRestart, waiting(&decoder), why),
            FolderState::Faulty(why) => (PackState::Faulty, None, why),
        };
        let since = (state != PackState::Current).then(|| self.clock.now());
        if state != PackState::Current {
            let waiting = waiting.as_ref().map(|version| version.0.as_str());
            tracing::info!(?state, waiting, "the pack's folder holds another pack than is in effect");
        }
        let _before = self.status.send_replace(PackStatus { version: in_effect, state, waiting, why, since });
    }

    fn judge(&self, files: &PackFiles) -> FolderState {
        let decoder = match self.packs.read(files) {
            Ok(decoder) => decoder,
            Err(error) => {
                return FolderState::Faulty(format!("{error:#}").lines().map(str::to_owned).collect());
            }
        };
        let current = self.packs.pack();
        if decoder.pack().version == current.version {
            return FolderState::InEffect;
        }
        let why = needs_restart(&current, decoder.pack());
        if why.is_empty() { FolderState::Valid(decoder) } else { FolderState::NeedsRestart(decoder, why) }
    }

    async fn take_over(&self) -> Outcome {
        let files = self.files().await.map_err(NotReloaded::Faulty)?;
        let before = self.packs.pack().version.clone();
        let decoder = match self.judge(&files) {
            FolderState::InEffect => return Ok(Reloaded { version: before.clone(), before }),
            FolderState::Valid(decoder) => decoder,
            FolderState::NeedsRestart(_, why) => return Err(NotReloaded::NeedsRestart(why)),
            FolderState::Faulty(why) => return Err(NotReloaded::Faulty(why)),
        };
        let pack = decoder.pack().clone();
        let reducer = personal::reducer(&self.data, &pack)
            .map_err(|error| NotReloaded::NotNow(format!("{error:#}")))?;
        self.packs.keep(files, &decoder).map_err(|error| NotReloaded::NotNow(format!("{error:#}")))?;
        match tokio::time::timeout(PUBLISHED_WITHIN, self.store.publish_pack(&pack)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return Err(NotReloaded::NotNow(error.to_string())),
            Err(_) => return Err(NotReloaded::NotNow("ClickHouse does not take the pack's rows".to_owned())),
        }
        // Before anything goes by the new pack: what it marks is reduced from its first message on.
        self.intake.reduce_by(reducer);
        self.packs.take_over(decoder);
        let _before = self.routes.send_replace(Arc::new(Routes::of_pack(&pack)));
        self.pages.show(pack.clone());
        tracing::info!(
            version = pack.version.0,
            before = before.0,
            "another pack is in effect from the next epoch on"
        );
        Ok(Reloaded { version: pack.version.clone(), before })
    }
}

/// What of a pack can only be taken over by a restart, a sentence each.
fn needs_restart(current: &Pack, next: &Pack) -> Vec<String> {
    let mut why = Vec::new();
    if current.timezone != next.timezone {
        why.push(format!(
            "the time zone is {} and would be {}: it stays for good on this database, another one needs a data folder \
             and a database of its own",
            current.timezone, next.timezone
        ));
    }
    if current.id != next.id {
        why.push(format!("the pack is '{}' and would be '{}'", current.id, next.id));
    }
    let feeds: BTreeSet<&String> = current.feeds.keys().chain(next.feeds.keys()).collect();
    for id in feeds {
        let (was, will) = (current.feeds.get(id), next.feeds.get(id));
        let held = [was, will].into_iter().flatten().find(|feed| is_held_by_its_transport(feed, current));
        let Some(feed) = held else { continue };
        let taken = |feed: &Feed| (feed.transport.clone(), feed.contract.max_bytes);
        if was.map(taken) != will.map(taken) {
            let what = match (was, will) {
                (None, _) => "is new",
                (_, None) => "is gone",
                _ => "comes otherwise or with another limit",
            };
            why.push(format!(
                "feed '{id}' {what}, and {} is started with its feeds",
                feed.transport.name().en
            ));
        }
    }
    why
}

/// Whether its transport holds folders or connections of each feed; the others ask for the feed when a message comes.
fn is_held_by_its_transport(feed: &Feed, current: &Pack) -> bool {
    match feed.transport {
        Transport::Mqtt { .. } | Transport::Http | Transport::Page => false,
        // Nobody listens for syslog before there is a feed of it.
        Transport::Syslog { .. } => {
            !current.feeds.values().any(|feed| matches!(feed.transport, Transport::Syslog { .. }))
        }
        Transport::MqttBroker { .. }
        | Transport::Files { .. }
        | Transport::Follow { .. }
        | Transport::Sql(_)
        | Transport::HttpPull(_)
        | Transport::FtpPull(_)
        | Transport::Kafka(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use ioc_model::contract::Contract;

    use super::*;
    use crate::pack_files::{DEFAULT_PACK, embedded_pack};

    fn changed(file: &str, from: &str, to: &str) -> Pack {
        let mut files = embedded_pack(DEFAULT_PACK).unwrap();
        if let Some(text) = files.get_mut(file) {
            assert!(text.contains(from), "{from}");
            *text = text.replacen(from, to, 1);
        }
        Pack::parse(&files).unwrap_or_else(|faults| panic!("{faults}"))
    }

    #[test]
    fn what_a_transport_was_started_with_needs_a_restart_and_the_rest_does_not() {
        let pack = Pack::parse(&embedded_pack(DEFAULT_PACK).unwrap()).unwrap();
        assert!(needs_restart(&pack, &pack).is_empty());
        let topics = changed("feeds.toml", "ioc/air/+/observation", "ioc/other/+/observation");
        assert!(needs_restart(&pack, &topics).is_empty());
        let folder = changed("feeds.toml", "folder = \"stations\"", "folder = \"elsewhere\"");
        let why = needs_restart(&pack, &folder);
        assert!(why.len() == 1 && why[0].starts_with("feed 'stations' comes otherwise"), "{why:?}");
        let mut less = pack.clone();
        let _gone = less.feeds.remove("stations");
        assert!(needs_restart(&pack, &less)[0].contains("is gone"));
        assert!(needs_restart(&less, &pack)[0].contains("is new"));
        // Of a pack without syslog.
        let mut pack = pack;
        pack.feeds.retain(|_, feed| !matches!(feed.transport, Transport::Syslog { .. }));
        let (mut one, mut two) = (pack.clone(), pack.clone());
        let logs = |from: &str| Feed {
            transport: Transport::Syslog { from: vec![from.parse().unwrap()], certificates: Vec::new() },
            ..ioc_testing::feed("logs", Contract::default())
        };
        let _new = one.feeds.insert("logs".to_owned(), logs("192.0.2.0/24"));
        let _new = two.feeds.insert("logs".to_owned(), logs("198.51.100.0/24"));
        assert!(needs_restart(&pack, &one)[0].starts_with("feed 'logs' is new, and syslog is started"));
        assert!(needs_restart(&one, &two).is_empty(), "it is listened to already");
        let zone = Pack { timezone: "Asia/Bangkok".to_owned(), ..pack.clone() };
        assert!(needs_restart(&pack, &zone)[0].contains("time zone"));
    }
}
