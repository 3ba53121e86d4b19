//! Rows on their way to the shards.

use std::collections::BTreeMap;

use ioc_decode::Dated;
use ioc_model::{
    event::Event, name::Name, names::SubjectId, observation::Observation, row::Row, time::EventTime,
};
use serde::{Deserialize, Serialize};

use super::nodes::{NodeMessage, NodeMessages};
use crate::{exchange::Addresses, step::Presence, suspects::Sighting};

/// Rows of a parcel: what two workers have open at a time fits their nearer caches.
const ROWS: usize = 1_024;

/// Rows on their way to a shard. They are put into it one by one as they are decoded, and from then on stay where they
/// are: only the parcel is handed on. Rows of other kinds, which are few, travel beside them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Parcel {
    pub(super) worker: u32,
    rows: Vec<Observation>,
    /// Rows of messages that are read again, and of those of nodes: they lie anywhere.
    again: Vec<Observation>,
    /// Rows of such messages that take the place of what they were.
    replaced: Vec<Observation>,
    others: Vec<Row>,
    /// What rules see of events. They come from the log sources, not from the log.
    sightings: Vec<Sighting>,
    /// When the newest line arrived that each relay passed on. They come from the log sources, too.
    relayed: BTreeMap<Name, EventTime>,
    /// What gateways of stations say of themselves. They come from the nodes.
    presences: Vec<Presence>,
    /// Messages of stations whose time lies far from their arrival.
    dated: Vec<Dated>,
}

/// What of an epoch's events goes on from their log sources to shards, one parcel for each worker.
#[derive(Default)]
pub(super) struct FromLogSources(BTreeMap<usize, Parcel>);

impl FromLogSources {
    /// What a rule sees of an event.
    pub(super) fn sight(&mut self, worker: usize, sighting: Sighting) {
        self.parcel(worker).sightings.push(sighting);
    }

    /// That a relay passed something on.
    pub(super) fn relay(&mut self, worker: usize, relay: Name, arrived: EventTime) {
        let _ = self.parcel(worker).relayed.insert(relay, arrived);
    }

    fn parcel(&mut self, worker: usize) -> &mut Parcel {
        let number = u32::try_from(worker).expect("fewer workers than shards");
        self.0.entry(worker).or_insert_with(|| Parcel { worker: number, ..Parcel::default() })
    }

    pub(super) fn parcels(self) -> impl Iterator<Item = Parcel> {
        self.0.into_values()
    }
}

/// The parcels a worker has open, one of each kind for each worker. Each one's first grows with its rows, since most
/// epochs are small and have a few rows for each of many workers; where one was filled, the next is made large at once.
pub(super) struct OpenParcels {
    rows: Vec<Parcel>,
    reports: Vec<Reports>,
    unnamed: Vec<Reports>,
    messages: Vec<NodeMessages>,
}

/// Events on their way to whoever holds their log source, or the relay that alone knows it. They have parcels of their own,
/// since they go another way first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Reports {
    pub(super) worker: u32,
    #[allow(clippy::vec_box, reason = "an event is large, and is sorted before it is taken in")]
    pub(super) events: Vec<Box<Event>>,
}

/// What a worker gives away of an epoch.
#[derive(Clone, Debug)]
pub(super) enum Given {
    /// To the shards.
    Rows(Parcel),
    /// To the log sources.
    Reports(Reports),
    /// To the relays, which alone know who reports.
    Unnamed(Reports),
    /// To the nodes.
    OfNodes(NodeMessages),
}

/// What has reached a worker of an epoch that is not whole yet.
#[derive(Default)]
pub(super) struct Arrived {
    batches: Vec<Vec<Observation>>,
    again: Vec<Observation>,
    replaced: Vec<Observation>,
    others: Vec<Row>,
    sightings: Vec<Sighting>,
    relayed: BTreeMap<Name, EventTime>,
    presences: Vec<Presence>,
    dated: Vec<Dated>,
}

/// What of an epoch goes to a shard: measured rows in batches by position, others and sightings in order of arrival.
pub(super) struct Arranged {
    pub(super) batches: Vec<Vec<Observation>>,
    /// Measured rows that take the place of what they were.
    pub(super) replaced: Vec<Observation>,
    pub(super) others: Vec<Row>,
    pub(super) sightings: Vec<Sighting>,
    /// When the newest line arrived that each relay passed on.
    pub(super) relayed: BTreeMap<Name, EventTime>,
    /// What the gateway of each station said of itself last.
    pub(super) presences: BTreeMap<SubjectId, Presence>,
    /// Messages of stations whose time lies far from their arrival.
    pub(super) dated: Vec<Dated>,
}

impl OpenParcels {
    pub(super) fn new(workers: usize) -> OpenParcels {
        let rows = (0..).take(workers).map(|worker| Parcel { worker, ..Parcel::default() }).collect();
        let reports = || (0..).take(workers).map(|worker| Reports { worker, ..Reports::default() }).collect();
        let messages =
            (0..).take(workers).map(|worker| NodeMessages { worker, messages: Vec::new() }).collect();
        OpenParcels { rows, reports: reports(), unnamed: reports(), messages }
    }

    /// Puts a row into the parcel of the worker that holds its subject, and gives back a parcel that is full.
    #[inline]
    pub(super) fn put(&mut self, worker: usize, row: Observation) -> Option<Parcel> {
        let parcel = &mut self.rows[worker];
        parcel.rows.push(row);
        (parcel.rows.len() == ROWS).then(|| {
            let (worker, rows) = (parcel.worker, Vec::with_capacity(ROWS));
            let next = Parcel { worker, rows, ..Parcel::default() };
            std::mem::replace(parcel, next)
        })
    }

    /// Puts a row of a message that is read again; a portion of those is small.
    pub(super) fn put_again(&mut self, worker: usize, row: Observation) {
        self.rows[worker].again.push(row);
    }

    /// Puts a row that takes the place of what it was.
    pub(super) fn put_replaced(&mut self, worker: usize, row: Observation) {
        self.rows[worker].replaced.push(row);
    }

    /// Puts what the gateway of a station says of itself.
    pub(super) fn put_presence(&mut self, worker: usize, presence: Presence) {
        self.rows[worker].presences.push(presence);
    }

    /// Puts a message whose time lies far from its arrival.
    pub(super) fn put_dated(&mut self, worker: usize, dated: Dated) {
        self.rows[worker].dated.push(dated);
    }

    /// Puts a message into the parcel of the worker that holds its node.
    pub(super) fn put_message(&mut self, addresses: &Addresses, message: NodeMessage) {
        self.messages[addresses.of_name(&message.key.name())].messages.push(message);
    }

    /// The same for an event.
    pub(super) fn put_event_again(&mut self, addresses: &Addresses, event: Box<Event>) {
        self.of_event(addresses, &event).events.push(event);
    }

    /// The same for a row of another kind.
    pub(super) fn put_other(&mut self, worker: usize, row: Row) {
        self.rows[worker].others.push(row);
    }

    /// Puts an event into its parcel, and gives back one that is full.
    pub(super) fn put_event(&mut self, addresses: &Addresses, event: Box<Event>) -> Option<Given> {
        let given = if event.behind.is_some() { Given::Unnamed } else { Given::Reports };
        let reports = self.of_event(addresses, &event);
        reports.events.push(event);
        (reports.events.len() == ROWS).then(|| {
            let next = Reports { worker: reports.worker, events: Vec::with_capacity(ROWS) };
            given(std::mem::replace(reports, next))
        })
    }

    /// The parcel of the worker that holds an event's log source; or its relay, of a host that only that knows.
    fn of_event(&mut self, addresses: &Addresses, event: &Event) -> &mut Reports {
        let worker = addresses.of_name(&event.log_source);
        let parcels = if event.behind.is_some() { &mut self.unnamed } else { &mut self.reports };
        &mut parcels[worker]
    }

    /// What is left in them.
    pub(super) fn rest(self) -> impl Iterator<Item = Given> {
        let OpenParcels { rows, reports, unnamed, messages } = self;
        let is_empty = |parcel: &Parcel| {
            let Parcel { rows, again, replaced, others, presences, dated, .. } = parcel;
            let is_without_rows = rows.is_empty() && again.is_empty() && replaced.is_empty();
            is_without_rows && others.is_empty() && presences.is_empty() && dated.is_empty()
        };
        let rows = rows.into_iter().filter(move |parcel| !is_empty(parcel)).map(Given::Rows);
        let filled = |reports: &Reports| !reports.events.is_empty();
        let reports = reports.into_iter().filter(filled).map(Given::Reports);
        let unnamed = unnamed.into_iter().filter(filled).map(Given::Unnamed);
        let messages = messages.into_iter().filter(|messages| !messages.messages.is_empty());
        rows.chain(reports).chain(unnamed).chain(messages.map(Given::OfNodes))
    }
}

impl Arrived {
    pub(super) fn take(&mut self, parcel: Parcel) {
        self.batches.push(parcel.rows);
        self.again.extend(parcel.again);
        self.replaced.extend(parcel.replaced);
        self.others.extend(parcel.others);
        self.sightings.extend(parcel.sightings);
        self.presences.extend(parcel.presences);
        self.dated.extend(parcel.dated);
        for (relay, arrived) in parcel.relayed {
            let newest = self.relayed.entry(relay).or_insert(arrived);
            *newest = arrived.max(*newest);
        }
    }

    /// In the order in which it is applied.
    ///
    /// Each worker decoded one run of positions from its beginning to its end: the rows of all are in order of position
    /// once the batches are. Where something is read again, all are put in order: it lies before them or between.
    pub(super) fn arranged(self) -> Arranged {
        let Arrived {
            mut batches,
            again,
            mut replaced,
            mut others,
            mut sightings,
            relayed,
            mut presences,
            dated,
        } = self;
        let key = |row: &Observation| row.arrival.place();
        batches.retain(|batch| !batch.is_empty());
        batches.sort_by_key(|batch| batch.first().map(key));
        debug_assert!(
            batches.iter().flatten().is_sorted_by_key(key),
            "workers share an epoch in runs of positions"
        );
        if !again.is_empty() {
            let mut all = batches.concat();
            all.extend(again);
            all.sort_by_key(key);
            batches = vec![all];
        }
        replaced.sort_by_key(key);
        others.sort_by_key(Row::arrival);
        sightings.sort_by_key(|sighting| (sighting.arrival, sighting.rule));
        presences.sort_by_key(|presence| (presence.at, presence.position));
        let presences = presences.into_iter().map(|presence| (presence.subject, presence)).collect();
        Arranged { batches, replaced, others, sightings, relayed, presences, dated }
    }
}
