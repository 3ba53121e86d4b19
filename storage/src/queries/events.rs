//! What happened, for whoever looks at it: the newest events, how many there were, who they came from, who reports.
//!
//! All of them read the masked view: the names of users leave the store only where the pack shows them. An event is
//! seen by whoever sees the feed it came by.

use clickhouse::{Row, query::Query};
use ioc_model::{
    asker::Asker,
    event::{CountedOf, Decided, EventCursor, EventEnd, EventFilter, EventKind, Severity, TimeFrom},
    position::{LogNumber, Offset, Partition, Position},
    rule::{AlertEvents, CountBy, Counting},
    time::{EventTime, ReceivedAt},
};
use serde::{Deserialize, Serialize};

use super::{
    SightConditions,
    event_pages::{NEWEST, PAGE, paged, slices, until},
    lineage::ROWS_MAX,
    words,
};
use crate::{
    client::{Store, answer},
    error::StoreError,
};

/// An event.
#[derive(Clone, Debug, PartialEq, Row, Serialize, Deserialize)]
pub struct EventRow {
    /// What kind of thing happened.
    #[serde(with = "words")]
    pub kind: EventKind,
    /// Who reports.
    pub log_source: String,
    /// Whether the pack knew who does.
    pub known: bool,
    /// The relay that spoke in its name; empty where it spoke itself.
    pub relay: String,
    /// When it happened.
    pub happened_at: EventTime,
    /// Where that time comes from.
    #[serde(with = "words")]
    pub time_from: TimeFrom,
    /// How bad it is.
    #[serde(with = "words")]
    pub severity: Severity,
    /// How bad its device said it is.
    pub rated: String,
    /// What it is a case of.
    pub category: String,
    /// The rule that it matched.
    pub signature: String,
    /// That rule's number.
    pub signature_id: String,
    /// What was decided about it.
    #[serde(with = "words")]
    pub decided: Decided,
    /// Where it came from; empty where it has none.
    pub source_address: String,
    /// Its port.
    pub source_port: Option<u16>,
    /// Where it went to; empty where it has none.
    pub target_address: String,
    /// Its port.
    pub target_port: Option<u16>,
    /// Its protocol.
    pub protocol: String,
    /// Whose account it is about, masked unless the pack shows names.
    pub user: String,
    /// The machine the line says that it is of.
    pub host: String,
    /// The program that wrote it.
    pub program: String,
    /// What it says, masked in the same way.
    pub message: String,
    /// How many times it happened.
    pub weight: u32,
    /// How many attempts to log in it adds.
    pub attempts: i32,
    /// What else its format says of it.
    pub attributes: Vec<(String, String)>,
    /// The feed it came by.
    pub feed: String,
    /// Who sent it.
    pub sender: String,
    /// When it arrived.
    pub received_at: ReceivedAt,
    /// Where its envelope lies.
    pub log: LogNumber,
    /// Where its envelope lies.
    pub partition: Partition,
    /// Where its envelope lies.
    pub offset: Offset,
    /// Which row of the envelope.
    pub row: u32,
}

/// How many events of a severity happened in an hour.
#[derive(Clone, Debug, PartialEq, Eq, Row, Serialize, Deserialize)]
pub struct EventHour {
    /// Its first moment.
    pub start: EventTime,
    /// How bad.
    #[serde(with = "words")]
    pub severity: Severity,
    /// How many.
    pub weight: u64,
}

/// How many events there are of each sort.
#[derive(Clone, Debug, Default, PartialEq, Eq, Row, Serialize, Deserialize)]
pub struct EventTotals {
    /// All of them.
    pub weight: u64,
    /// Attempts to log in.
    pub attempts: i64,
    /// Different addresses that grave events or attempts to log in came from.
    pub attackers: u64,
}

/// An address that events came from, or went to.
#[derive(Clone, Debug, PartialEq, Eq, Row, Serialize, Deserialize)]
pub struct EventAddress {
    /// The address.
    pub address: String,
    /// How many events.
    pub weight: u64,
    /// High or critical ones among them.
    pub grave: u64,
    /// Attempts to log in among them.
    pub attempts: i64,
    /// Whether grave events or attempts to log in are among them.
    pub attacks: bool,
    /// How many different ones their other end is.
    pub others: u64,
    /// How bad the worst of them is.
    #[serde(with = "words")]
    pub worst: Severity,
    /// When the newest happened.
    pub newest: EventTime,
    /// The first address of its network, where that is one of many addresses that they came from; else empty.
    pub network: String,
    /// How many addresses of it they came from.
    pub network_addresses: u64,
    /// How many events that were.
    pub network_weight: u64,
}

/// When a log source or a relay was heard last.
#[derive(Clone, Debug, PartialEq, Eq, Row, Serialize, Deserialize)]
pub struct LogSourceLast {
    /// Its name.
    pub name: String,
    /// When the newest arrived.
    pub received_at: ReceivedAt,
}

/// A log source that was heard.
#[derive(Clone, Debug, PartialEq, Eq, Row, Serialize, Deserialize)]
pub struct LogSourceHeard {
    /// Its name.
    pub log_source: String,
    /// How many events.
    pub weight: u64,
    /// How many lines and messages they stand in.
    pub rows: u64,
    /// When the newest arrived.
    pub received_at: ReceivedAt,
    /// How many events were high or worse.
    pub grave: u64,
    /// How many of those rows said a time that cannot be.
    pub absurd: u64,
    /// How many of those rows a relay passed on.
    pub relayed: u64,
}

const COLUMNS: &str = "toString(e.kind) AS kind, toString(e.log_source) AS log_source, e.known AS known, toString(e.relay) AS relay, \
     toUnixTimestamp64Milli(e.happened_at) AS happened_at, toString(e.time_from) AS time_from, \
     toString(e.severity) AS severity, toString(e.rated) AS rated, toString(e.category) AS category, \
     e.signature AS signature, e.signature_id AS signature_id, toString(e.decided) AS decided, \
     e.source_address AS source_address, e.source_port AS source_port, e.target_address AS target_address, \
     e.target_port AS target_port, toString(e.protocol) AS protocol, e.user AS user, toString(e.host) AS host, \
     e.program AS program, e.message AS message, e.weight AS weight, e.attempts AS attempts, \
     CAST(e.attributes, 'Array(Tuple(String, String))') AS attributes, toString(e.feed) AS feed, \
     toString(e.sender) AS sender, toUnixTimestamp64Milli(e.received_at) AS received_at, e.log AS log, \
     e.partition AS partition, e.offset AS offset, e.row AS row";

/// The conditions of a filter on rows `e`.
const WHERE: &str = "e.happened_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') \
         AND e.happened_at < fromUnixTimestamp64Milli({until:Int64}, 'UTC') \
         AND (empty({kinds:Array(String)}) OR toString(e.kind) IN {kinds:Array(String)}) \
         AND (empty({severities:Array(String)}) OR toString(e.severity) IN {severities:Array(String)}) \
         AND (empty({log_sources:Array(String)}) OR e.log_source IN {log_sources:Array(String)}) \
         AND ({address:String} = '' OR ({end:String} != 'target' AND e.source_address = {address:String}) \
         OR ({end:String} != 'source' AND e.target_address = {address:String})) \
         AND ({first:String} = '' OR ({end:String} != 'target' AND toIPv6OrNull(e.source_address) \
         BETWEEN toIPv6OrZero({first:String}) AND toIPv6OrZero({last:String})) \
         OR ({end:String} != 'source' AND toIPv6OrNull(e.target_address) \
         BETWEEN toIPv6OrZero({first:String}) AND toIPv6OrZero({last:String}))) \
         AND (NOT {attempts:Bool} OR e.attempts != 0) AND (NOT {known:Bool} OR e.known) \
         AND (empty({counted_severities:Array(String)}) OR toString(e.severity) IN {counted_severities:Array(String)}) \
         AND (NOT {by_category:Bool} OR has({categories:Array(String)}, lowerUTF8(trimBoth(toString(e.category)))) != {categories_but:Bool}) \
         AND ({attribute:String} = '' OR mapContains(e.attributes, {attribute:String})) \
         AND ({flow_id:String} = '' OR e.attributes['flow_id'] = {flow_id:String})";

fn filled(query: Query, filter: &EventFilter) -> Query {
    let kinds: Vec<&str> = filter.kinds.iter().map(|kind| kind.word()).collect();
    let severities: Vec<&str> = filter.severities.iter().map(|severity| severity.word()).collect();
    let CountedOf { severities: counted, categories, attribute } = &filter.counted;
    let counted: Vec<&str> = counted.iter().map(|severity| severity.word()).collect();
    let categories = categories.as_ref();
    let network = filter.of_network();
    let (first, last) = network.map(|(a, b)| (a.to_string(), b.to_string())).unwrap_or_default();
    query
        .param("first", first)
        .param("last", last)
        .param("from", filter.from.0)
        .param("until", filter.until.0)
        .param("kinds", kinds)
        .param("severities", severities)
        .param("log_sources", &filter.log_sources)
        .param("address", filter.address.map_or_else(String::new, |address| address.to_string()))
        .param("end", filter.end.map_or("", EventEnd::word))
        .param("attempts", filter.attempts)
        .param("known", filter.known)
        .param("counted_severities", counted)
        .param("by_category", categories.is_some())
        .param("categories", categories.map_or(&[][..], |categories| &categories.words))
        .param("categories_but", categories.is_some_and(|categories| categories.others))
        .param("attribute", attribute)
        .param("flow_id", &filter.flow_id)
}

/// What is high or worse, on rows `e`.
const GRAVE: &str = "toInt8(e.severity) >= toInt8(4)";

/// What makes an address one that attacks, on rows `e`.
fn attacks() -> String {
    format!("({GRAVE} OR e.attempts > 0)")
}

impl Store {
    /// The newest events, or those older than a place: at most so many, the newest first.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn events(
        &self,
        asker: &Asker,
        filter: &EventFilter,
        before: Option<EventCursor>,
        limit: u32,
    ) -> Result<Vec<EventRow>, StoreError> {
        let before = before.unwrap_or(NEWEST);
        let mut found: Vec<EventRow> = Vec::new();
        for (from, end) in slices(filter.from, until(filter.until, before)) {
            let left = limit.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
            if left == 0 {
                break;
            }
            let slice = EventFilter { from, until: end, ..filter.clone() };
            let events = self.events_of(asker, &slice, |filters| {
                format!("SELECT {COLUMNS} FROM event_current AS e WHERE {filters}{PAGE}")
            });
            found.extend(answer("read the newest events", paged(events, before, left).fetch_all()).await?);
        }
        Ok(found)
    }

    /// The events that raised an alert, also those that add nothing to its count: of what its rule watches those that
    /// were known when it was raised, the newest first; or those older than a place.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn alert_events(
        &self,
        asker: &Asker,
        of: &AlertEvents,
        before: Option<EventCursor>,
        limit: u32,
    ) -> Result<Vec<EventRow>, StoreError> {
        let AlertEvents { counted, from, until: end, epoch } = of;
        let Counting { by, kinds, severity, category, signature, .. } = &counted.counting;
        let before = before.unwrap_or(NEWEST);
        let group = match by {
            CountBy::From => "source_address",
            CountBy::Network => "source_network",
            CountBy::To => "target_address",
            CountBy::User => "user",
        };
        let events = self.asked_by(asker, |seen| {
            format!(
                "SELECT {COLUMNS} FROM event_current AS e \
                 WHERE e.happened_at >= fromUnixTimestamp64Milli({{from:Int64}}, 'UTC') \
                 AND e.happened_at < fromUnixTimestamp64Milli({{until:Int64}}, 'UTC') \
                 AND (empty({{kinds:Array(String)}}) OR toString(e.kind) IN {{kinds:Array(String)}}) \
                 AND toInt8(e.severity) >= {{least:Int8}} AND e.{group} = {{group:String}} \
                 AND ({{category:String}} = '' OR e.category = {{category:String}}) \
                 AND ({{signature:String}} = '' OR e.signature = {{signature:String}} \
                 OR e.signature_id = {{signature:String}}) \
                 AND (e.revision < {{epoch:UInt64}} OR e.revision = {{epoch:UInt64}} \
                 AND (toUnixTimestamp64Milli(e.received_at), e.log, e.partition, e.offset, e.row) \
                 <= ({{last:Int64}}, {{last_log:UInt16}}, {{last_partition:UInt16}}, {{last_offset:UInt64}}, {{last_row:UInt32}})){}{PAGE}",
                seen.feed("e.feed")
            )
        });
        let kinds: Vec<&str> = kinds.iter().map(|kind| kind.word()).collect();
        let last = &counted.last;
        let events = events
            .param("from", from.0)
            .param("until", until(*end, before).0)
            .param("kinds", kinds)
            .param("least", severity.map_or(0, |severity| severity as u8))
            .param("group", &counted.group)
            .param("category", category)
            .param("signature", signature)
            .param("epoch", epoch.0)
            .param("last", last.received_at.0)
            .param("last_log", last.position.log.0)
            .param("last_partition", last.position.partition.0)
            .param("last_offset", last.position.offset.0)
            .param("last_row", last.row);
        answer("read the events of an alert", paged(events, before, limit).fetch_all()).await
    }

    /// How many events there are of each sort.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn event_totals(&self, asker: &Asker, filter: &EventFilter) -> Result<EventTotals, StoreError> {
        let attacks = attacks();
        let totals = self.events_of(asker, filter, |filters| {
            format!(
                "SELECT sum(e.weight) AS weight, sum(e.attempts) AS attempts, \
                 uniqExactIf(e.source_address, e.source_address != '' AND {attacks}) AS attackers \
                 FROM event_current AS e WHERE {filters}"
            )
        });
        answer("count events", totals.fetch_one()).await
    }

    /// How many events happened in each hour, by severity.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn event_hours(
        &self,
        asker: &Asker,
        filter: &EventFilter,
    ) -> Result<Vec<EventHour>, StoreError> {
        let hours = self.events_of(asker, filter, |filters| {
            format!(
                "SELECT intDiv(toUnixTimestamp64Milli(e.happened_at), 3600000) * 3600000 AS start, \
                 toString(e.severity) AS severity, sum(e.weight) AS weight \
                 FROM event_current AS e WHERE {filters} GROUP BY start, e.severity ORDER BY start, e.severity"
            )
        });
        answer("count events by the hour", hours.fetch_all()).await
    }

    /// The addresses that most came from or went to: at most so many, first those with the most grave events and
    /// attempts to log in, so that those who only talk much do not hide those who attack.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn event_addresses(
        &self,
        asker: &Asker,
        filter: &EventFilter,
        end: EventEnd,
        limit: u32,
    ) -> Result<Vec<EventAddress>, StoreError> {
        let (this, other, network) = match end {
            // A line of a log that says no target is about the machine that wrote it.
            EventEnd::Source => {
                let other = "if(e.target_address = '', toString(e.log_source), e.target_address)";
                ("e.source_address", other, "any(e.source_network)")
            }
            EventEnd::Target => ("e.target_address", "e.source_address", "''"),
        };
        let attacks = attacks();
        let addresses = self.events_of(asker, filter, |filters| {
            format!(
                "SELECT address, weight, grave, attempts, attacks, others, worst, newest, \
                 if(of_network = '' OR count() OVER of_one = 1, '', of_network) AS network, \
                 if(network = '', 0, count() OVER of_one) AS network_addresses, \
                 if(network = '', 0, sum(weight) OVER of_one) AS network_weight \
                 FROM (SELECT {this} AS address, sum(e.weight) AS weight, sumIf(e.weight, {GRAVE}) AS grave, \
                 sum(e.attempts) AS attempts, max({attacks}) AS attacks, \
                 uniqExactIf({other}, {other} != '') AS others, \
                 toString(max(e.severity)) AS worst, toUnixTimestamp64Milli(max(e.happened_at)) AS newest, \
                 {network} AS of_network \
                 FROM event_current AS e WHERE {filters} AND {this} != '' GROUP BY address) \
                 WINDOW of_one AS (PARTITION BY of_network) \
                 ORDER BY attacks DESC, toInt64(grave) + attempts DESC, weight DESC, address \
                 LIMIT {{limit:UInt32}}"
            )
        });
        answer("rank where events came from", addresses.param("limit", limit).fetch_all()).await
    }

    /// Who reported, by name.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn log_sources_heard(
        &self,
        asker: &Asker,
        filter: &EventFilter,
    ) -> Result<Vec<LogSourceHeard>, StoreError> {
        let heard = self.events_of(asker, filter, |filters| {
            format!(
                "SELECT toString(e.log_source) AS log_source, sum(e.weight) AS weight, count() AS rows, \
                 toUnixTimestamp64Milli(max(e.received_at)) AS received_at, sumIf(e.weight, {GRAVE}) AS grave, \
                 countIf(e.time_from = 'absurd') AS absurd, countIf(e.relay != '') AS relayed \
                 FROM event_current AS e WHERE {filters} GROUP BY e.log_source ORDER BY log_source"
            )
        });
        answer("look for who reported", heard.fetch_all()).await
    }

    /// When some log sources were heard last in a time, themselves or as the relay of others; those that were not are
    /// left out.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn log_sources_last(
        &self,
        asker: &Asker,
        names: &[String],
        from: EventTime,
        until: EventTime,
    ) -> Result<Vec<LogSourceLast>, StoreError> {
        let last = self.asked_by(asker, |seen| {
            format!(
                "SELECT arrayJoin(arrayIntersect([toString(e.log_source), toString(e.relay)], \
                 {{names:Array(String)}})) AS name, \
                 toUnixTimestamp64Milli(max(e.received_at)) AS received_at \
                 FROM event_current AS e \
                 WHERE e.happened_at >= fromUnixTimestamp64Milli({{from:Int64}}, 'UTC') \
                 AND e.happened_at < fromUnixTimestamp64Milli({{until:Int64}}, 'UTC') \
                 AND (e.log_source IN {{names:Array(String)}} OR e.relay IN {{names:Array(String)}}){} \
                 GROUP BY name ORDER BY name",
                seen.feed("e.feed")
            )
        });
        let last = last.param("names", names).param("from", from.0).param("until", until.0);
        answer("look for who was heard last", last.fetch_all()).await
    }

    /// The events that committed epochs stored of one envelope, by row.
    ///
    /// # Errors
    /// If ClickHouse does not answer.
    pub async fn envelope_events(
        &self,
        asker: &Asker,
        position: Position,
    ) -> Result<Vec<EventRow>, StoreError> {
        let events = self.asked_by(asker, |seen| {
            format!(
                "SELECT {COLUMNS} FROM event_current AS e WHERE e.log = {{log:UInt16}} \
                 AND e.partition = {{partition:UInt16}} AND e.offset = {{offset:UInt64}}{} \
                 ORDER BY row LIMIT {{most:UInt32}}",
                seen.feed("e.feed")
            )
        });
        let events = events
            .param("log", position.log.0)
            .param("partition", position.partition.0)
            .param("offset", position.offset.0)
            .param("most", ROWS_MAX);
        answer("read the events of an envelope", events.fetch_all()).await
    }

    /// A question about those events that an asker sees: it gets the conditions.
    fn events_of(&self, asker: &Asker, filter: &EventFilter, question: impl FnOnce(&str) -> String) -> Query {
        let conditions = |seen: SightConditions<'_>| WHERE.to_owned() + &seen.feed("e.feed");
        filled(self.asked_by(asker, |seen| question(&conditions(seen))), filter)
    }
}
