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

use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    sync::{PoisonError, RwLock},
};

use ioc_model::{
    ageing::Ages,
    asker::{Asker, province},
    counts::Counts,
    envelope::UNMATCHED,
    epoch::Epoch,
    figure::Freshness,
    index::IndexId,
    limit::Averaging,
    name::Name,
    pack::{Feed, Pack, StationKind},
    results::{EpochResults, FeedMinute, RejectedRow, StatusResult, StoredObservation},
    rule::AlertKey,
    time::{EventTime, Millis, Now},
    window::WindowKind,
};
use serde::{Deserialize, Serialize};
use tokio::{sync::watch, time::Instant};

use crate::{
    alerts::{AlertChanges, AlertView, OpenAlerts},
    assessment::{AssessmentTile, AssessmentView},
    concern::{self, Concern},
    feed::{FeedTile, FeedView},
    figures::{FigureView, Figures},
    index_tile::{IndexPoint, IndexTile, IndexTileView, IndexView},
    overview::promised,
    place::PlaceView,
    rejects::{LastRejects, REJECTS_KEPT, RejectView},
    station::{Missing, StationTile, StationView},
    status::SystemStatus,
    tile::{HourPoint, Tile, TileView},
};

/// Senders whose rejects are counted: more than any installation registers.
const SENDERS_KEPT: usize = 100_000;
const SECOND: i64 = 1_000;
const HOUR: Millis = Millis::hours(1);
const DAY: Millis = Millis::hours(24);

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

#[derive(Debug)]
struct Picture {
    tiles: Vec<Tile>,
    /// Subject to indicator to the tile's index.
    index: HashMap<Name, HashMap<Name, usize>>,
    indices: BTreeMap<(IndexId, Name, WindowKind), IndexTile>,
    stations: BTreeMap<Name, StationTile>,
    /// Where each station stands, and did stand before it left the pack.
    places: HashMap<Name, PlaceView>,
    promises: Promises,
    /// The second of the recorded clock at which it was counted last what of stations is missing.
    counted_at: i64,
    province: Option<PlaceView>,
    /// By subject, indicator and averaging.
    assessments: BTreeMap<(Name, Name, Averaging), AssessmentTile>,
    alerts: OpenAlerts,
    figures: Figures,
    feeds: BTreeMap<Name, FeedTile>,
    rejects: LastRejects,
    /// Rejects of each sender since the start.
    rejected: HashMap<Name, u64>,
    /// What rules of events could not keep since the start.
    forgotten: u64,
    epoch: Epoch,
    hydrated: bool,
    status: Option<(SystemStatus, Instant)>,
    status_version: u64,
}

/// What the pack in effect promises.
#[derive(Debug, Default)]
struct Promises {
    /// Milliseconds between values, by station and indicator; of stations that are expected.
    cadences: HashMap<Name, BTreeMap<Name, Millis>>,
    /// Of feeds: how late a value may come.
    lateness: HashMap<Name, Millis>,
    /// Of feeds: how long they may be silent.
    silent_after: HashMap<Name, Millis>,
}

impl Promises {
    fn of(pack: &Pack) -> Promises {
        let cadences = pack.stations.values().map(|station| {
            let measures = station.measures.iter().map(|(id, cadence)| (Name::new(id), *cadence));
            (Name::new(&station.id), measures.collect())
        });
        let named = |feed: &Feed| Name::new(&feed.id);
        let silent_after = pack.feeds.values().filter_map(|feed| Some((named(feed), promised(feed)?)));
        Promises {
            cadences: cadences.collect(),
            lateness: pack.feeds.values().map(|feed| (named(feed), feed.contract.lateness)).collect(),
            silent_after: silent_after.collect(),
        }
    }
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
    pub rejects: Vec<(Epoch, RejectedRow)>,
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
            promises: Promises::default(),
            counted_at: i64::MIN,
            province: None,
            assessments: BTreeMap::new(),
            alerts: OpenAlerts::default(),
            figures: Figures::default(),
            feeds: BTreeMap::new(),
            rejects: LastRejects::default(),
            rejected: HashMap::new(),
            forgotten: 0,
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
            for (_, row) in &rejects {
                picture.rejects.push(RejectView::new(epoch, row));
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
            for result in &results.facts.figures {
                picture.figures.show(epoch, FigureView::new(epoch, result));
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
    pub fn hydrated(&self) -> bool {
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
    pub fn rejects_by_sender(&self) -> HashMap<Name, u64> {
        self.read(|picture| picture.rejected.clone())
    }

    /// How many addresses, sightings and alerts of them rules of events could not keep since the start.
    #[must_use]
    pub fn forgotten(&self) -> u64 {
        self.read(|picture| picture.forgotten)
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
    pub fn pulse(&self) -> watch::Receiver<Pulse> {
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

impl Picture {
    fn expect(&mut self, pack: &Pack) {
        for station in pack.stations.values() {
            let subject: Name = Name::new(&station.id);
            let _ = self.places.insert(subject, PlaceView::from(&station.place));
            let expected = u32::try_from(station.measures.len()).unwrap_or(u32::MAX);
            self.stations.entry(subject).or_default().expect(expected);
            for kind in [WindowKind::Hour, WindowKind::Day] {
                if let Some(id) = index_of(station.kind) {
                    let tile = || IndexTile::new(id, subject, kind);
                    let _ = self.indices.entry((id, subject, kind)).or_insert_with(tile);
                }
            }
            for indicator in station.measures.keys() {
                let indicator: Name = Name::new(indicator);
                let of_subject = self.index.entry(subject).or_default();
                if let Entry::Vacant(free) = of_subject.entry(indicator) {
                    let _ = free.insert(self.tiles.len());
                    self.tiles.push(Tile::new(subject, indicator));
                }
            }
        }
        self.promises = Promises::of(pack);
        let gone = self.stations.iter_mut().filter(|(id, _)| !pack.stations.contains_key(id.as_str()));
        gone.for_each(|(_, station)| station.expect_nothing());
        self.province = province(pack).map(|province| PlaceView::from(&province.key));
        for feed in pack.feeds.keys().map(String::as_str).chain([UNMATCHED]) {
            let _ = self.feeds.entry(Name::new(feed)).or_default();
        }
    }

    fn tile(&mut self, subject: &str, indicator: &str) -> Option<&mut Tile> {
        let at = *self.index.get(subject)?.get(indicator)?;
        self.tiles.get_mut(at)
    }

    /// Feeds come from the configuration, present or past, so their number is bounded.
    fn feed(&mut self, feed: &Name) -> &mut FeedTile {
        self.feeds.entry(*feed).or_default()
    }

    /// Counts of each station what is missing, at a moment of the recorded clock.
    fn count_missing(&mut self, now: Now) {
        self.counted_at = now.0.div_euclid(SECOND);
        let counted: Vec<(Name, Missing)> =
            self.promises.cadences.keys().map(|subject| (*subject, self.missing(*subject, now))).collect();
        for (subject, missing) in counted {
            if let Some(station) = self.stations.get_mut(&subject) {
                station.count(self.epoch, missing);
            }
        }
    }

    /// As the flow counts it for the figures: of an indicator without a cadence nothing is expected by a time.
    fn missing(&self, subject: Name, now: Now) -> Missing {
        let mut missing = Missing::default();
        let lateness = self.lateness(&subject);
        for indicator in self.promises.cadences.get(&subject).into_iter().flat_map(|all| all.keys()) {
            missing.all += 1;
            let tile = self.index.get(&subject).and_then(|of| self.tiles.get(*of.get(indicator)?));
            let Some((tile, (event_time, _))) = tile.and_then(|tile| Some((tile, tile.newest()?))) else {
                missing.never += 1;
                continue;
            };
            let ages = self.ages_by(tile, lateness);
            if ages.by(Freshness::Fresh, EventTime(now.0), Millis(0)) == Freshness::Stale {
                missing.stale += 1;
                missing.since = Some(missing.since.map_or(event_time, |since| since.min(event_time)));
            }
        }
        missing
    }

    /// How late the feeds may be that a station's values come by.
    fn lateness(&self, subject: &Name) -> Millis {
        let tiles = self.index.get(subject).into_iter().flat_map(|of| of.values());
        let feeds = tiles.filter_map(|at| self.tiles.get(*at)?.newest());
        let lateness = feeds.filter_map(|(_, feed)| self.promises.lateness.get(&feed).copied());
        lateness.max().unwrap_or_default()
    }

    fn ages_of(&self, tile: &Tile) -> Ages {
        self.ages_by(tile, self.lateness(tile.subject()))
    }

    /// By how late the feeds of its station may be.
    fn ages_by(&self, tile: &Tile, lateness: Millis) -> Ages {
        let cadences = self.promises.cadences.get(tile.subject());
        let cadence = cadences.and_then(|all| all.get(tile.indicator())).copied().filter(|it| it.0 > 0);
        let newest = tile.newest().zip(cadence);
        newest.map_or_else(Ages::default, |((event_time, _), cadence)| {
            Ages::of(event_time, cadence.plus(lateness))
        })
    }

    /// Of a window: its successor may take as long as it is, and what its slowest input may take.
    fn ages_of_window(&self, subject: &Name, end: EventTime, length: Millis) -> Ages {
        let cadences = self.promises.cadences.get(subject).into_iter().flat_map(|all| all.values());
        let slowest = cadences.copied().max().unwrap_or_default();
        Ages::of(end, length.plus(slowest).plus(self.lateness(subject)))
    }

    fn ages_of_index(&self, subject: &Name, view: &IndexTileView) -> Ages {
        let length = if view.kind == WindowKind::Day { DAY } else { HOUR };
        let latest = view.latest.as_ref();
        latest.map_or_else(Ages::default, |latest| self.ages_of_window(subject, latest.end, length))
    }

    /// A year's window ends with the year: what is there so far is as old as its newest day.
    fn ages_of_assessment(&self, subject: &Name, view: &AssessmentView) -> Ages {
        match view.averaging {
            Averaging::Hour | Averaging::EightHours => self.ages_of_window(subject, view.end, HOUR),
            Averaging::Day => self.ages_of_window(subject, view.end, DAY),
            Averaging::Year => Ages::default(),
        }
    }

    fn now(&self) -> Now {
        let Some((status, reported)) = &self.status else {
            return Now::default();
        };
        let gone = reported.elapsed().as_secs_f64() * 1_000.0 * status.clock_speed;
        Now(status.now.0.saturating_add(gone as i64))
    }

    /// The series of the pack bound how many judgements there are.
    fn judge(&mut self, epoch: Epoch, view: AssessmentView) {
        let listed = self.index.get(&view.subject).is_some_and(|known| known.contains_key(&view.indicator));
        if !listed {
            return;
        }
        let key = (view.subject, view.indicator, view.averaging);
        match self.assessments.get_mut(&key) {
            Some(tile) => tile.judge(epoch, view),
            None => drop(self.assessments.insert(key, AssessmentTile::new(epoch, view))),
        }
    }

    /// What the asker sees of what changed after an epoch, or of all there is.
    fn seen_by(&self, asker: &Asker, since: Option<Epoch>) -> Changes {
        let AlertChanges { alerts, whole } = match since {
            Some(since) => self.alerts.since(asker, since),
            None => AlertChanges { alerts: self.alerts.shown(asker), whole: true },
        };
        let news = |epoch: Epoch| since.is_none_or(|since| epoch > since);
        let shown = |subject: &Name, changed: Epoch| news(changed) && asker.sees_station(subject);
        let place = |subject: &Name| self.places.get(subject).copied();
        let after = since.unwrap_or_default();
        let tiles = self.tiles.iter().filter(|tile| shown(tile.subject(), tile.changed()));
        let feeds = self.feeds.iter().filter(|(id, feed)| news(feed.changed()) && asker.sees_feed(id));
        let indices = self.indices.iter().filter(|((_, subject, _), tile)| shown(subject, tile.changed()));
        let stations = self.stations.iter().filter(|(subject, station)| shown(subject, station.changed()));
        let assessments = self.assessments.iter();
        let assessments = assessments.filter(|((subject, ..), tile)| shown(subject, tile.changed()));
        Changes {
            epoch: self.epoch,
            now: self.now(),
            tiles: tiles
                .map(|it| TileView { place: place(it.subject()), ages: self.ages_of(it), ..it.view(after) })
                .collect(),
            feeds: feeds
                .map(|(id, feed)| feed.view(*id, self.promises.silent_after.get(id).copied()))
                .collect(),
            rejects: self.rejects.since(asker, after),
            indices: indices
                .map(|((_, subject, _), it)| {
                    let view = it.view(after);
                    IndexTileView { place: place(subject), ages: self.ages_of_index(subject, &view), ..view }
                })
                .collect(),
            stations: stations
                .map(|(subject, it)| StationView { place: place(subject), ..it.view(*subject) })
                .collect(),
            assessments: assessments
                .map(|((subject, ..), it)| {
                    let view = it.view();
                    AssessmentView {
                        place: place(subject),
                        ages: self.ages_of_assessment(subject, &view),
                        ..view
                    }
                })
                .collect(),
            alerts: alerts.into_iter().map(|alert| self.placed(alert)).collect(),
            alerts_whole: whole,
            alerts_open: self.alerts.count(asker),
            figures: self.figures_seen_by(asker, since),
        }
    }

    fn figures_seen_by(&self, asker: &Asker, since: Option<Epoch>) -> Vec<FigureView> {
        if !asker.sees_province() {
            return Vec::new();
        }
        let figures = match since {
            Some(since) => self.figures.since(since),
            None => self.figures.all(),
        };
        figures.into_iter().map(|figure| FigureView { place: self.province, ..figure }).collect()
    }

    fn placed(&self, alert: AlertView) -> AlertView {
        AlertView { place: self.places.get(&*alert.subject).copied(), ..alert }
    }
}

/// The index computed for stations of a kind; none for most.
fn index_of(kind: StationKind) -> Option<IndexId> {
    match kind {
        StationKind::AmbientAir => Some(IndexId::VnAqi),
        StationKind::SurfaceWater => Some(IndexId::VnWqi),
        StationKind::WasteWater | StationKind::GroundWater | StationKind::StackEmission => None,
    }
}
