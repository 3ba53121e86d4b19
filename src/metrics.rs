//! What Prometheus is told. Names are listed in `dashboards/metrics.txt`, which a test compares.
//!
//! By its conventions: what only grows is a counter and its name ends in `_total`, what is so now is a gauge; times are in
//! seconds.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use ioc_dashboards::{BusHealth, StoreHealth, SystemStatus, feed::FeedView};
use ioc_ingest::transport::counters::{Counters, CountersByLabel, Metric, MetricKind};
use ioc_model::epoch::Epoch;
use prometheus::{
    Counter, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    core::{Collector, Desc},
    proto::MetricFamily,
};

/// The process's metrics. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    outstanding: IntGauge,
    forgotten: IntCounter,
    untold: IntCounter,
    clocks_off: IntGauge,
    halted: IntGauge,
    bus_writing: IntGauge,
    store_up: IntGauge,
    archive_up: IntGauge,
    archive_behind: IntGauge,
    archive_behind_bytes: IntGauge,
    archive_missing: IntGauge,
    archive_strays: IntGauge,
    epoch: IntGauge,
    in_flight: IntGaugeVec,
    envelopes: Fates,
    rows: Fates,
    waiting: IntGaugeVec,
    held: IntGaugeVec,
    astray: IntGaugeVec,
}

impl Metrics {
    /// A registry with the metrics of the machinery.
    ///
    /// # Errors
    /// Never for these names.
    pub fn new() -> Result<Metrics, prometheus::Error> {
        let registry = Registry::new();
        let metrics = Metrics {
            outstanding: IntGauge::new(
                "ioc_epochs_outstanding",
                "Epochs between their manifest and their commit",
            )?,
            forgotten: IntCounter::new(
                "ioc_rules_forgotten_total",
                "Addresses, sightings and alerts that rules of events could not keep: those are not judged",
            )?,
            untold: IntCounter::new(
                "ioc_hosts_untold_total",
                "Events of hosts behind relays that are counted with the rest of them: a relay named more than are told apart",
            )?,
            clocks_off: IntGauge::new(
                "ioc_stations_clock_off",
                "Stations whose sender's clock is constantly off: what it dates is suspect",
            )?,
            halted: IntGauge::new("ioc_flow_halted", "1 if the flow has halted and someone must act")?,
            bus_writing: IntGauge::new("ioc_bus_writing", "1 if the log takes writes")?,
            store_up: IntGauge::new("ioc_store_up", "1 if the store takes what it is given")?,
            archive_up: IntGauge::new("ioc_archive_up", "1 if the archive follows the log, or is off")?,
            archive_behind: IntGauge::new(
                "ioc_archive_behind_offsets",
                "Offsets of committed envelopes that are not archived yet",
            )?,
            archive_behind_bytes: IntGauge::new(
                "ioc_archive_behind_bytes",
                "Bytes of the log that are not archived yet, about",
            )?,
            archive_missing: IntGauge::new(
                "ioc_archive_missing_offsets",
                "Offsets between the archive's passes that neither it nor the log has",
            )?,
            archive_strays: IntGauge::new(
                "ioc_archive_stray_files",
                "Files in the archive's folders that no record names",
            )?,
            epoch: IntGauge::new("ioc_epoch_committed", "The last committed epoch")?,
            in_flight: vector(
                "ioc_envelopes_in_flight",
                "Envelopes on the log that no committed epoch holds",
                &["feed"],
            )?,
            envelopes: Fates::new(
                "ioc_envelopes_total",
                "What became of each feed's envelopes since the beginning: received, decoded, empty, undecodable; reread: of the undecodable, those that were read again and are counted anew",
            )?,
            rows: Fates::new(
                "ioc_rows_total",
                "What became of each feed's rows since the beginning: decoded, stored, duplicate, rejected; reread: of the decoded and rejected, those whose envelope was read again and that are counted anew",
            )?,
            waiting: vector("ioc_rows_waiting", "Rows that wait until their day is read back", &["feed"])?,
            held: vector("ioc_rows_held", "Rows that wait for an operator's word", &["feed"])?,
            astray: vector(
                "ioc_astray",
                "Envelopes and rows nobody accounted for: alarm unless 0",
                &["feed", "of"],
            )?,
            registry,
        };
        let Metrics { outstanding, halted, bus_writing, store_up, epoch, .. } = &metrics;
        let Metrics {
            archive_up, archive_behind, archive_behind_bytes, archive_missing, archive_strays, ..
        } = &metrics;
        let archive = [archive_up, archive_behind, archive_behind_bytes, archive_missing, archive_strays];
        for gauge in [outstanding, halted, bus_writing, store_up, epoch].into_iter().chain(archive) {
            metrics.registry.register(Box::new(gauge.clone()))?;
        }
        metrics.registry.register(Box::new(metrics.forgotten.clone()))?;
        metrics.registry.register(Box::new(metrics.untold.clone()))?;
        metrics.registry.register(Box::new(metrics.clocks_off.clone()))?;
        for vector in [&metrics.in_flight, &metrics.waiting, &metrics.held, &metrics.astray] {
            metrics.registry.register(Box::new(vector.clone()))?;
        }
        for fates in [&metrics.envelopes, &metrics.rows] {
            metrics.registry.register(Box::new(fates.clone()))?;
        }
        Ok(metrics)
    }

    /// The registry.
    #[must_use]
    pub fn registry(&self) -> Registry {
        self.registry.clone()
    }

    /// Shows what a part counts as `ioc_<part>_<name>`, with `_total` if it only grows; one count a feed if it counts by
    /// feed.
    ///
    /// # Errors
    /// If the part is shown already.
    pub fn counters(
        &self,
        part: &str,
        feed: Option<&str>,
        counters: Arc<dyn Counters>,
    ) -> Result<(), prometheus::Error> {
        let labels: HashMap<String, String> =
            feed.map(|feed| ("feed".to_owned(), feed.to_owned())).into_iter().collect();
        let describe = |metric: &Metric| {
            Desc::new(name_of(part, metric), metric.help.to_owned(), Vec::new(), labels.clone())
        };
        let descriptions = counters.metrics().iter().map(describe).collect::<Result<Vec<_>, _>>()?;
        self.registry.register(Box::new(CounterCollector { descriptions, counters }))
    }

    /// Shows what a part counts by labels as `ioc_<part>_<name>_total`.
    ///
    /// # Errors
    /// If the part is shown already.
    pub fn counters_by_label(
        &self,
        part: &str,
        counters: Arc<dyn CountersByLabel>,
    ) -> Result<(), prometheus::Error> {
        let labels = counters.labels().iter().map(|label| (*label).to_owned()).collect();
        let name = format!("ioc_{part}_{}_total", counters.name());
        let description = Desc::new(name, counters.help().to_owned(), labels, HashMap::new())?;
        self.registry.register(Box::new(LabelledCollector { description, counters }))
    }

    /// Takes what the board shows of the feeds.
    pub fn feeds(&self, epoch: Epoch, feeds: &[FeedView]) {
        self.epoch.set(whole(epoch.0));
        for FeedView { id, counts, envelopes_astray, rows_astray, .. } in feeds {
            let fates = [
                ("received", counts.received),
                ("decoded", counts.decoded),
                ("empty", counts.empty),
                // What was counted stays counted: what was read again is counted beside it.
                ("undecodable", counts.undecodable + counts.envelopes_reread),
                ("reread", counts.envelopes_reread),
            ];
            self.envelopes.set(id, &fates);
            let fates = [
                ("decoded", counts.rows + counts.rows_reread),
                ("stored", counts.stored),
                ("duplicate", counts.duplicate),
                ("rejected", counts.rejected + counts.rows_reread),
                ("reread", counts.rows_reread),
            ];
            self.rows.set(id, &fates);
            self.waiting.with_label_values(&[id]).set(counts.waiting);
            self.held.with_label_values(&[id]).set(counts.held);
            self.astray.with_label_values(&[&**id, "envelopes"]).set(*envelopes_astray);
            self.astray.with_label_values(&[&**id, "rows"]).set(*rows_astray);
            // A feed with nothing in flight says 0; those with something are set by `system`.
            self.in_flight.with_label_values(&[id]).set(0);
        }
    }

    /// Takes how much rules of events could not keep since the start.
    pub fn forgotten(&self, total: u64) {
        self.forgotten.inc_by(total.saturating_sub(self.forgotten.get()));
    }

    /// Takes how many events of hosts behind relays were not told apart since the start.
    pub fn untold(&self, total: u64) {
        self.untold.inc_by(total.saturating_sub(self.untold.get()));
    }

    /// Takes of how many stations the sender's clock is off.
    pub fn clocks_off(&self, stations: usize) {
        self.clocks_off.set(i64::try_from(stations).unwrap_or(i64::MAX));
    }

    /// Takes what the watcher saw.
    pub fn system(&self, status: &SystemStatus) {
        self.outstanding.set(whole(status.outstanding_epochs));
        self.halted.set(status.halted.is_some().into());
        self.bus_writing.set((status.bus == BusHealth::Writing).into());
        self.store_up.set((status.clickhouse == StoreHealth::Up).into());
        self.archive_up.set(status.archive.is_well().into());
        self.archive_behind.set(whole(status.archive.behind_offsets));
        self.archive_behind_bytes.set(whole(status.archive.behind_bytes));
        self.archive_missing.set(whole(status.archive.missing_offsets));
        self.archive_strays.set(whole(status.archive.stray_files));
        for (feed, count) in &status.in_flight {
            self.in_flight.with_label_values(&[feed]).set(whole(*count));
        }
    }
}

fn vector(name: &str, help: &str, labels: &[&str]) -> Result<IntGaugeVec, prometheus::Error> {
    IntGaugeVec::new(Opts::new(name, help), labels)
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// What became of each feed's things since the beginning, as the last commit has it.
#[derive(Clone, Debug)]
struct Fates {
    name: &'static str,
    help: &'static str,
    description: Desc,
    counts: Arc<Mutex<BTreeMap<(String, &'static str), u64>>>,
}

const OF_FATES: [&str; 2] = ["feed", "fate"];

impl Fates {
    fn new(name: &'static str, help: &'static str) -> Result<Fates, prometheus::Error> {
        let labels = OF_FATES.map(str::to_owned).to_vec();
        let description = Desc::new(name.to_owned(), help.to_owned(), labels, HashMap::new())?;
        Ok(Fates { name, help, description, counts: Arc::default() })
    }

    fn set(&self, feed: &str, fates: &[(&'static str, u64)]) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.extend(fates.iter().map(|(fate, count)| ((feed.to_owned(), *fate), *count)));
    }
}

impl Collector for Fates {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.description]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let Ok(vector) = IntCounterVec::new(Opts::new(self.name, self.help), &OF_FATES) else {
            return Vec::new();
        };
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        for ((feed, fate), count) in &*counts {
            vector.with_label_values(&[feed.as_str(), fate]).inc_by(*count);
        }
        vector.collect()
    }
}

const MILLISECONDS: &str = "milliseconds";

fn name_of(part: &str, Metric { name, kind, .. }: &Metric) -> String {
    match kind {
        MetricKind::Now => format!("ioc_{part}_{name}"),
        MetricKind::Total => format!("ioc_{part}_{}_total", name.replace(MILLISECONDS, "seconds")),
    }
}

/// Counters kept elsewhere, read when Prometheus asks.
struct CounterCollector {
    descriptions: Vec<Desc>,
    counters: Arc<dyn Counters>,
}

impl Collector for CounterCollector {
    fn desc(&self) -> Vec<&Desc> {
        self.descriptions.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let metrics = self.counters.metrics();
        let family = |(description, metric): (&Desc, &Metric)| {
            let pairs = description.const_label_pairs.iter();
            let labels = pairs.map(|pair| (pair.name().to_owned(), pair.value().to_owned())).collect();
            let options =
                Opts::new(description.fq_name.clone(), description.help.clone()).const_labels(labels);
            match metric.kind {
                MetricKind::Now => {
                    let gauge = IntGauge::with_opts(options).ok()?;
                    gauge.set(whole(metric.count));
                    gauge.collect()
                }
                MetricKind::Total if metric.name.ends_with(MILLISECONDS) => {
                    let counter = Counter::with_opts(options).ok()?;
                    counter.inc_by(metric.count as f64 / 1_000.0);
                    counter.collect()
                }
                MetricKind::Total => {
                    let counter = IntCounter::with_opts(options).ok()?;
                    counter.inc_by(metric.count);
                    counter.collect()
                }
            }
            .into_iter()
            .next()
        };
        self.descriptions.iter().zip(&metrics).filter_map(family).collect()
    }
}

/// Totals by labels kept elsewhere, read when Prometheus asks.
struct LabelledCollector {
    description: Desc,
    counters: Arc<dyn CountersByLabel>,
}

impl Collector for LabelledCollector {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.description]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let options = Opts::new(self.description.fq_name.clone(), self.description.help.clone());
        let Ok(vector) = IntCounterVec::new(options, self.counters.labels()) else { return Vec::new() };
        for metric in self.counters.metrics() {
            let labels: Vec<&str> = metric.labels.iter().map(String::as_str).collect();
            if let Ok(counter) = vector.get_metric_with_label_values(&labels) {
                counter.inc_by(metric.count);
            }
        }
        vector.collect()
    }
}
