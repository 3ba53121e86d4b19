//! What the board holds: tiles, stations, judgements, alerts, figures and feeds, and how old each may be.

use std::collections::{BTreeMap, HashMap, hash_map::Entry};

use ioc_model::{
    ageing::Ages,
    asker::{Asker, province},
    envelope::UNMATCHED,
    epoch::Epoch,
    figure::Freshness,
    index::IndexId,
    limit::Averaging,
    name::Name,
    pack::{Feed, Pack, StationKind},
    time::{EventTime, Millis, Now},
    window::WindowKind,
};
use tokio::time::Instant;

use super::{Changes, SECOND};
use crate::{
    alerts::{AlertChanges, AlertView, OpenAlerts},
    assessment::{AssessmentTile, AssessmentView},
    called::SubjectNames,
    feed::FeedTile,
    figures::{FigureView, Figures},
    guarded::GuardedFeeds,
    index_tile::{IndexTile, IndexTileView},
    overview::promised,
    place::PlaceView,
    rejects::LastRejects,
    station::{Missing, StationTile, StationView},
    status::SystemStatus,
    tile::{Tile, TileView},
};

const HOUR: Millis = Millis::hours(1);
const DAY: Millis = Millis::hours(24);

#[derive(Debug)]
pub(super) struct Picture {
    pub(super) tiles: Vec<Tile>,
    /// Subject to indicator to the tile's index.
    pub(super) index: HashMap<Name, HashMap<Name, usize>>,
    pub(super) indices: BTreeMap<(IndexId, Name, WindowKind), IndexTile>,
    pub(super) stations: BTreeMap<Name, StationTile>,
    /// Where each station stands, and did stand before it left the pack.
    pub(super) places: HashMap<Name, PlaceView>,
    pub(super) promises: Promises,
    /// The second of the recorded clock at which it was counted last what of stations is missing.
    pub(super) counted_at: i64,
    pub(super) province: Option<PlaceView>,
    /// By subject, indicator and averaging.
    pub(super) assessments: BTreeMap<(Name, Name, Averaging), AssessmentTile>,
    pub(super) alerts: OpenAlerts,
    /// What they are about is called so.
    pub(super) called: SubjectNames,
    pub(super) figures: Figures,
    pub(super) feeds: BTreeMap<Name, FeedTile>,
    pub(super) rejects: LastRejects,
    pub(super) guarded: GuardedFeeds,
    /// Rejects of each sender since the start.
    pub(super) rejected: HashMap<Name, u64>,
    /// What rules of events could not keep since the start.
    pub(super) forgotten: u64,
    /// Events of hosts behind relays that were not told apart since the start.
    pub(super) untold: u64,
    /// The last epoch since the start that said something of what agencies owe.
    pub(super) ledger: Epoch,
    pub(super) epoch: Epoch,
    pub(super) hydrated: bool,
    pub(super) status: Option<(SystemStatus, Instant)>,
    pub(super) status_version: u64,
}

/// What the pack in effect promises.
#[derive(Debug, Default)]
pub(super) struct Promises {
    /// Milliseconds between values, by station and indicator; of stations that are expected.
    cadences: HashMap<Name, BTreeMap<Name, Millis>>,
    /// Of feeds: how late a value may come.
    lateness: HashMap<Name, Millis>,
    /// Of feeds: how long they may be silent.
    silent_after: HashMap<Name, Millis>,
}

impl Promises {
    pub(super) fn of(pack: &Pack) -> Promises {
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

impl Picture {
    pub(super) fn expect(&mut self, pack: &Pack) {
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
        self.guarded = GuardedFeeds::of(pack);
        self.called = SubjectNames::of(pack);
        let gone = self.stations.iter_mut().filter(|(id, _)| !pack.stations.contains_key(id.as_str()));
        gone.for_each(|(_, station)| station.expect_nothing());
        self.province = province(pack).map(|province| PlaceView::from(&province.key));
        for feed in pack.feeds.keys().map(String::as_str).chain([UNMATCHED]) {
            let _ = self.feeds.entry(Name::new(feed)).or_default();
        }
    }

    pub(super) fn tile(&mut self, subject: &str, indicator: &str) -> Option<&mut Tile> {
        let at = *self.index.get(subject)?.get(indicator)?;
        self.tiles.get_mut(at)
    }

    /// Feeds come from the configuration, present or past, so their number is bounded.
    pub(super) fn feed(&mut self, feed: &Name) -> &mut FeedTile {
        self.feeds.entry(*feed).or_default()
    }

    /// Counts of each station what is missing, at a moment of the recorded clock.
    pub(super) fn count_missing(&mut self, now: Now) {
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
    pub(super) fn missing(&self, subject: Name, now: Now) -> Missing {
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
    pub(super) fn lateness(&self, subject: &Name) -> Millis {
        let tiles = self.index.get(subject).into_iter().flat_map(|of| of.values());
        let feeds = tiles.filter_map(|at| self.tiles.get(*at)?.newest());
        let lateness = feeds.filter_map(|(_, feed)| self.promises.lateness.get(&feed).copied());
        lateness.max().unwrap_or_default()
    }

    pub(super) fn ages_of(&self, tile: &Tile) -> Ages {
        self.ages_by(tile, self.lateness(tile.subject()))
    }

    /// By how late the feeds of its station may be.
    pub(super) fn ages_by(&self, tile: &Tile, lateness: Millis) -> Ages {
        let cadences = self.promises.cadences.get(tile.subject());
        let cadence = cadences.and_then(|all| all.get(tile.indicator())).copied().filter(|it| it.0 > 0);
        let newest = tile.newest().zip(cadence);
        newest.map_or_else(Ages::default, |((event_time, _), cadence)| {
            Ages::of(event_time, cadence.plus(lateness))
        })
    }

    /// Of a window: its successor may take as long as it is, and what its slowest input may take.
    pub(super) fn ages_of_window(&self, subject: &Name, end: EventTime, length: Millis) -> Ages {
        let cadences = self.promises.cadences.get(subject).into_iter().flat_map(|all| all.values());
        let slowest = cadences.copied().max().unwrap_or_default();
        Ages::of(end, length.plus(slowest).plus(self.lateness(subject)))
    }

    pub(super) fn ages_of_index(&self, subject: &Name, view: &IndexTileView) -> Ages {
        let length = if view.kind == WindowKind::Day { DAY } else { HOUR };
        let latest = view.latest.as_ref();
        latest.map_or_else(Ages::default, |latest| self.ages_of_window(subject, latest.end, length))
    }

    /// A year's window ends with the year: what is there so far is as old as its newest day.
    pub(super) fn ages_of_assessment(&self, subject: &Name, view: &AssessmentView) -> Ages {
        match view.averaging {
            Averaging::Hour | Averaging::EightHours => self.ages_of_window(subject, view.end, HOUR),
            Averaging::Day => self.ages_of_window(subject, view.end, DAY),
            Averaging::Year => Ages::default(),
        }
    }

    pub(super) fn now(&self) -> Now {
        let Some((status, reported)) = &self.status else {
            return Now::default();
        };
        let gone = reported.elapsed().as_secs_f64() * 1_000.0 * status.clock_speed;
        Now(status.now.0.saturating_add(gone as i64))
    }

    /// The series of the pack bound how many judgements there are.
    pub(super) fn judge(&mut self, epoch: Epoch, view: AssessmentView) {
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
    pub(super) fn seen_by(&self, asker: &Asker, since: Option<Epoch>) -> Changes {
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
            rejects: self.rejects.since(asker, after, &self.guarded),
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
            ledger: self.ledger_seen_by(asker, since),
        }
    }

    /// Who owes what is the province's to see.
    pub(super) fn ledger_seen_by(&self, asker: &Asker, since: Option<Epoch>) -> Option<Epoch> {
        let is_news = self.ledger > since.unwrap_or_default();
        Some(self.ledger).filter(|_| is_news && asker.sees_province())
    }

    pub(super) fn figures_seen_by(&self, asker: &Asker, since: Option<Epoch>) -> Vec<FigureView> {
        if !asker.sees_province() {
            return Vec::new();
        }
        let figures = match since {
            Some(since) => self.figures.since(since),
            None => self.figures.all(),
        };
        figures.into_iter().map(|figure| FigureView { place: self.province, ..figure }).collect()
    }

    /// With where its subject is and what that is called.
    pub(super) fn placed(&self, alert: AlertView) -> AlertView {
        AlertView {
            subject_name: self.called.get(alert.about, &alert.subject).cloned(),
            place: self.places.get(&*alert.subject).copied(),
            ..alert
        }
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
