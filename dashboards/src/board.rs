//! The live picture: what the page shows, in memory, as of the last committed epoch.
//!
//! The driver applies an epoch's results after its commit, and once a second the system's status; both are short
//! writes under one lock. Readers are told through a watch that something changed and ask what changed since the
//! epoch they have: a browser is a set of dirty tiles, never a queue, so a slow one costs nothing (invariant
//! BOUND). A queue of events per browser was rejected: it grows with the slowest reader or loses events.
//!
//! Size: one tile for each series, index and station of the pack, one judgement for each of its series and
//! averagings, one figure set for each feed, a ring of rejects, the open alerts. Series the pack does not list are
//! stored and counted, but have no tile.
//!
//! It holds what everyone may ask of it and knows where that is. What of it somebody sees is said in one place,
//! [`Picture::seen_by`], for a whole picture, for what is pushed and for what is asked for alone.

mod picture;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{PoisonError, RwLock},
};

use ioc_model::{
    asker::Asker,
    counts::Counts,
    epoch::Epoch,
    index::IndexId,
    name::Name,
    pack::Pack,
    results::{EpochResults, FeedMinute, Reread, StatusResult, StoredObservation},
    rule::AlertKey,
    time::Now,
    window::WindowKind,
};
use serde::{Deserialize, Serialize};
use tokio::{sync::watch, time::Instant};

use self::picture::{Picture, Promises};
use crate::{
    alerts::{AlertView, OpenAlerts},
    assessment::AssessmentView,
    called::SubjectNames,
    concern::{self, Concern},
    feed::{FeedTile, FeedView},
    figures::{FigureView, Figures},
    guarded::GuardedFeeds,
    index_tile::{IndexPoint, IndexTileView, IndexView},
    place::PlaceView,
    rejects::{LastRejects, REJECTS_KEPT, RejectView},
    station::StationView,
    status::SystemStatus,
    tile::{HourPoint, TileView},
};

/// Senders whose rejects are counted: more than any installation registers.
const SENDERS_KEPT: usize = 100_000;
const SECOND: i64 = 1_000;

/// The live picture. Shared by the driver, which applies, and the HTTP interface, which reads.
#[derive(Debug)]
pub struct Board {
    picture: RwLock<Picture>,
    pulse: watch::Sender<Pulse>,
}

/// Tells that something changed; what, the board is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pulse {
    /// The last committed epoch.
    pub epoch: Epoch,
    /// Grows with every change of the system's status.
    pub status: u64,
}

/// What the store remembers, for the first picture after a start. Everything as of `epoch`.
#[derive(Clone, Debug, Default)]
pub struct Hydration {
    /// The last committed epoch.
    pub epoch: Epoch,
    /// The current row of the newest event time of each series, with the epoch as of which it is.
    pub latest: Vec<(Epoch, StoredObservation)>,
    /// Subject, indicator and current hourly window of the last day of each series.
    pub hours: Vec<(Name, Name, HourPoint)>,
    /// What became of each feed's envelopes and rows since the beginning.
    pub totals: Vec<(Name, Counts)>,
    /// The last rejects, oldest first, with the epoch as of which they are.
    pub rejects: Vec<RejectView>,
    /// The newest window of each index, hour and day.
    pub indices: Vec<(IndexId, Name, WindowKind, IndexView)>,
    /// The windows of the lines beside them.
    pub index_points: Vec<(IndexId, Name, WindowKind, IndexPoint)>,
    /// The state of each station.
    pub stations: Vec<StatusResult>,
    /// The newest judgement of each series and averaging.
    pub assessments: Vec<AssessmentView>,
    /// The open alerts.
    pub alerts: Vec<AlertView>,
    /// The figures of the overview.
    pub figures: Vec<FigureView>,
}

/// What changed after an epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Changes {
    /// The epoch up to which these are the changes.
    pub epoch: Epoch,
    /// The time now on the product's clock.
    pub now: Now,
    /// Tiles that changed.
    pub tiles: Vec<TileView>,
    /// Feeds that changed.
    pub feeds: Vec<FeedView>,
    /// New rejects, newest first.
    pub rejects: Vec<RejectView>,
    /// Indices that changed.
    pub indices: Vec<IndexTileView>,
    /// Stations whose state changed.
    pub stations: Vec<StationView>,
    /// Newest judgements that changed.
    pub assessments: Vec<AssessmentView>,
    /// Alerts that changed; one that is closed comes once, neither active nor unacknowledged.
    pub alerts: Vec<AlertView>,
    /// The alerts are all there are to show, and not only the changed ones.
    pub alerts_whole: bool,
    /// How many alerts are open: more than the list has where it is full.
    pub alerts_open: usize,
    /// Figures of the overview that were said anew.
    pub figures: Vec<FigureView>,
    /// The last epoch since the start that said something of what agencies owe; none where none did since the epoch that is
    /// asked for.
    pub ledger: Option<Epoch>,
}

/// The system's status and how old it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatusView {
    /// What was reported.
    #[serde(flatten)]
    pub status: SystemStatus,
    /// Milliseconds of the machine since it was reported: when it grows, the pipeline has fallen silent behind a
    /// living page (invariant SILENT).
    pub reported_ago: u64,
    /// What of it is abnormal.
    pub concerns: Vec<Concern>,
}

impl Changes {
    /// Whether nothing on the board changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tiles.is_empty()
            && self.feeds.is_empty()
            && self.rejects.is_empty()
            && self.indices.is_empty()
            && self.stations.is_empty()
            && self.assessments.is_empty()
            && self.alerts.is_empty()
            && !self.alerts_whole
            && self.figures.is_empty()
            && self.ledger.is_none()
    }
}

impl Board {
    /// The board of a pack: every series it expects now has a tile that never reported.
    #[must_use]
    pub fn new(pack: &Pack) -> Board {
        let mut picture = Picture {
            tiles: Vec::new(),
            index: HashMap::new(),
            indices: BTreeMap::new(),
            stations: BTreeMap::new(),
            places: HashMap::new(),
            called: SubjectNames::default(),
            promises: Promises::default(),
            counted_at: i64::MIN,
            province: None,
            assessments: BTreeMap::new(),
            alerts: OpenAlerts::default(),
            figures: Figures::default(),
            feeds: BTreeMap::new(),
            rejects: LastRejects::default(),
            guarded: GuardedFeeds::default(),
            rejected: HashMap::new(),
            forgotten: 0,
            untold: 0,
            ledger: Epoch(0),
            epoch: Epoch(0),
            hydrated: false,
            status: None,
            status_version: 0,
        };
        picture.expect(pack);
        Board { picture: RwLock::new(picture), pulse: watch::Sender::new(Pulse::default()) }
    }

    /// Expects what another pack lists as well. What was shown before keeps its place: what it becomes is the flow's to
    /// say, and which of it is shown the page's.
    pub fn expect(&self, pack: &Pack) {
        self.write(|picture| picture.expect(pack));
    }

    /// Takes over what the store remembers. Called once, before the first [`Board::apply`].
    pub fn hydrate(&self, remembered: Hydration) {
        let Hydration { epoch, latest, hours, totals, rejects, .. } = remembered;
        self.write(|picture| {
            picture.epoch = epoch;
            picture.hydrated = true;
            for (feed, counts) in totals {
                let _ = picture.feeds.insert(feed, FeedTile::hydrated(counts, epoch));
            }
            for (_, row) in &latest {
                if let Some(tile) = picture.tile(&row.subject, &row.indicator) {
                    tile.remember(epoch, row);
                }
            }
            for (subject, indicator, point) in hours {
                if let Some(tile) = picture.tile(&subject, &indicator) {
                    tile.hour(epoch, point);
                }
            }
            for reject in rejects {
                picture.rejects.push(reject);
            }
            for (id, subject, kind, view) in remembered.indices {
                if let Some(tile) = picture.indices.get_mut(&(id, subject, kind)) {
                    tile.show(epoch, view);
                }
            }
            for (id, subject, kind, point) in remembered.index_points {
                if let Some(tile) = picture.indices.get_mut(&(id, subject, kind)) {
                    tile.point(epoch, point);
                }
            }
            for status in &remembered.stations {
                if let Some(tile) = picture.stations.get_mut(&status.subject) {
                    tile.judge(epoch, status);
                }
            }
            for view in remembered.assessments {
                picture.judge(epoch, view);
            }
            picture.alerts.remember(epoch, remembered.alerts);
            let said_at = remembered.figures.iter().map(|figure| figure.at).max();
            for view in remembered.figures {
                picture.figures.show(epoch, view);
            }
            if let Some(now) = said_at {
                picture.count_missing(now);
            }
        });
    }

    /// Applies the results of a committed epoch. Epochs come in order; one that is in the picture already is
    /// ignored, so that a replay after a crash counts nothing twice (invariant ONCE).
    pub fn apply(&self, results: &EpochResults) {
        let epoch = results.epoch;
        self.write(|picture| {
            if epoch <= picture.epoch {
                return;
            }
            picture.epoch = epoch;
            for row in &results.facts.observations {
                if let Some(tile) = picture.tile(&row.subject, &row.indicator) {
                    tile.observe(epoch, row);
                }
            }
            for window in &results.facts.windows {
                if let Some(tile) = picture.tile(&window.subject, &window.indicator) {
                    tile.window(epoch, window);
                }
            }
            let read_again = results.facts.replayed.iter().filter(|row| row.reread == Reread::Read);
            let read_again: HashSet<String> =
                read_again.map(|row| row.arrival.position.to_string()).collect();
            if !read_again.is_empty() {
                picture.rejects.read_again(epoch, &read_again);
            }
            let unseen = results.facts.rejects.len().saturating_sub(REJECTS_KEPT);
            for row in &results.facts.rejects[unseen..] {
                picture.rejects.push(RejectView::new(epoch, row));
            }
            for row in &results.facts.rejects {
                if picture.rejected.len() < SENDERS_KEPT || picture.rejected.contains_key(&row.sender) {
                    *picture.rejected.entry(row.sender).or_default() += 1;
                }
            }
            for FeedMinute { feed, counts, .. } in &results.facts.feed_minutes {
                picture.feed(feed).count(epoch, counts);
            }
            for result in &results.facts.indices {
                let key = (result.index, result.subject, result.kind);
                if let Some(tile) = picture.indices.get_mut(&key) {
                    let view = IndexView::new(epoch, result);
                    tile.point(epoch, IndexPoint::from(&view));
                    tile.show(epoch, view);
                }
            }
            for status in &results.facts.statuses {
                if let Some(tile) = picture.stations.get_mut(&status.subject) {
                    tile.judge(epoch, status);
                }
            }
            for result in &results.facts.assessments {
                picture.judge(epoch, AssessmentView::new(epoch, result));
            }
            picture.alerts.take(epoch, &results.facts.alerts);
            picture.forgotten += results.forgotten.values().sum::<u64>();
            picture.untold += results.untold.values().sum::<u64>();
            for result in &results.facts.figures {
                picture.figures.show(epoch, FigureView::new(epoch, result));
            }
            if !results.facts.obligations.is_empty() {
                picture.ledger = epoch;
            }
            // What is missing moves with the clock, and by seconds: not ten times in one.
            if picture.counted_at != results.now.0.div_euclid(SECOND) || !results.facts.statuses.is_empty() {
                picture.count_missing(results.now);
            }
        });
    }

    /// Takes the system's status, about once a second.
    pub fn system(&self, status: SystemStatus) {
        self.write(|picture| {
            let same = picture.status.as_ref().is_some_and(|(last, _)| last.same_but_for_time(&status));
            if !same {
                picture.status_version += 1;
            }
            picture.status = Some((status, Instant::now()));
        });
    }

    /// The time now on the product's clock: as last reported, and gone on at its speed since.
    #[must_use]
    pub fn now(&self) -> Now {
        self.read(Picture::now)
    }

    /// Seconds of the product's clock in a second.
    #[must_use]
    pub fn clock_speed(&self) -> f64 {
        self.read(|picture| picture.status.as_ref().map_or(1.0, |(status, _)| status.clock_speed))
    }

    /// The last committed epoch in the picture.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.read(|picture| picture.epoch)
    }

    /// Whether the store's memory was taken over: before, an empty tile says nothing.
    #[must_use]
    pub(crate) fn hydrated(&self) -> bool {
        self.read(|picture| picture.hydrated)
    }

    /// The system's status; none before the first report.
    #[must_use]
    pub fn status(&self, asker: &Asker) -> Option<StatusView> {
        self.read(|picture| {
            let (status, reported) = picture.status.as_ref()?;
            let ago = u64::try_from(reported.elapsed().as_millis()).unwrap_or(u64::MAX);
            Some(StatusView {
                status: status.clone().seen_by(asker),
                reported_ago: ago,
                concerns: concern::of_system(status, ago),
            })
        })
    }

    /// All that changed after an epoch and the asker sees. An epoch this board has not reached belongs to another past (a restored
    /// store, another instance): then everything changed.
    #[must_use]
    pub fn changes(&self, asker: &Asker, since: Epoch) -> Changes {
        self.read(|picture| picture.seen_by(asker, Some(since).filter(|since| *since <= picture.epoch)))
    }

    /// Rejects of each sender since the start; of one envelope no more than are kept.
    #[must_use]
    pub(crate) fn rejects_by_sender(&self) -> HashMap<Name, u64> {
        self.read(|picture| picture.rejected.clone())
    }

    /// How many addresses, sightings and alerts of them rules of events could not keep since the start.
    #[must_use]
    pub fn forgotten(&self) -> u64 {
        self.read(|picture| picture.forgotten)
    }

    /// How many events of hosts behind relays were not told apart since the start.
    #[must_use]
    pub fn untold(&self) -> u64 {
        self.read(|picture| picture.untold)
    }

    /// The whole picture as the asker sees it: every tile and feed, also those that never reported.
    #[must_use]
    pub fn everything(&self, asker: &Asker) -> Changes {
        self.read(|picture| picture.seen_by(asker, None))
    }

    /// An open alert; none where there is no such alert, it is closed, or not the asker's to see.
    #[must_use]
    pub fn alert(&self, asker: &Asker, key: &AlertKey) -> Option<AlertView> {
        self.read(|picture| Some(picture.placed(picture.alerts.get(asker, key)?.clone())))
    }

    /// The open alerts a page is shown, and how many there are.
    #[must_use]
    pub fn open_alerts(&self, asker: &Asker) -> (Vec<AlertView>, usize) {
        self.read(|picture| {
            let shown = picture.alerts.shown(asker).into_iter();
            (shown.map(|alert| picture.placed(alert)).collect(), picture.alerts.count(asker))
        })
    }

    /// The figures of the overview as they were last said, in their order.
    #[must_use]
    pub fn figures(&self, asker: &Asker) -> Vec<FigureView> {
        self.read(|picture| picture.figures_seen_by(asker, None))
    }

    /// The last epoch since the start that said something of what agencies owe, to whoever sees it.
    #[must_use]
    pub(crate) fn ledger_said(&self, asker: &Asker) -> Epoch {
        self.read(|picture| picture.ledger_seen_by(asker, None).unwrap_or_default())
    }

    /// An alert with where its subject is and what that is called.
    #[must_use]
    pub(crate) fn placed(&self, alert: AlertView) -> AlertView {
        self.read(|picture| picture.placed(alert))
    }

    /// Where a station stands; none where no pack told.
    #[must_use]
    pub fn place(&self, subject: &str) -> Option<PlaceView> {
        self.read(|picture| picture.places.get(subject).copied())
    }

    /// The province; none where the pack's list of places has none.
    #[must_use]
    pub fn province(&self) -> Option<PlaceView> {
        self.read(|picture| picture.province)
    }

    /// Wakes when something changed.
    #[must_use]
    pub(crate) fn pulse(&self) -> watch::Receiver<Pulse> {
        self.pulse.subscribe()
    }

    fn read<T>(&self, look: impl FnOnce(&Picture) -> T) -> T {
        look(&self.picture.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self, change: impl FnOnce(&mut Picture)) {
        let pulse = {
            let mut picture = self.picture.write().unwrap_or_else(PoisonError::into_inner);
            change(&mut picture);
            Pulse { epoch: picture.epoch, status: picture.status_version }
        };
        let _ = self.pulse.send_if_modified(|last| {
            let modified = *last != pulse;
            *last = pulse;
            modified
        });
    }
}
