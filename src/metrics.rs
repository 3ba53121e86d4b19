//! What Prometheus is told. Names are listed in `dashboards/metrics.txt`, which a test compares.

use std::collections::HashMap;

use ioc_dashboards::{BusHealth, StoreHealth, SystemStatus};
use prometheus::{
    IntGauge, IntGaugeVec, Opts, Registry,
    core::{Collector, Desc},
    proto::MetricFamily,
};

/// The process's metrics. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    outstanding: IntGauge,
    halted: IntGauge,
    bus_writing: IntGauge,
    store_up: IntGauge,
    in_flight: IntGaugeVec,
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
            halted: IntGauge::new("ioc_flow_halted", "1 if the flow has halted and someone must act")?,
            bus_writing: IntGauge::new("ioc_bus_writing", "1 if the log takes writes")?,
            store_up: IntGauge::new("ioc_store_up", "1 if the store takes what it is given")?,
            in_flight: IntGaugeVec::new(
                Opts::new("ioc_envelopes_in_flight", "Envelopes on the log that no committed epoch holds"),
                &["feed"],
            )?,
            registry,
        };
        for gauge in [&metrics.outstanding, &metrics.halted, &metrics.bus_writing, &metrics.store_up] {
            metrics.registry.register(Box::new(gauge.clone()))?;
        }
        metrics.registry.register(Box::new(metrics.in_flight.clone()))?;
        Ok(metrics)
    }

    /// The registry.
    #[must_use]
    pub fn registry(&self) -> Registry {
        self.registry.clone()
    }

    /// Shows a transport's counters as `ioc_<transport>_<name>`, one figure a feed if it counts by feed.
    ///
    /// # Errors
    /// If the transport is shown already.
    pub fn transport(
        &self,
        transport: &'static str,
        feed: Option<&str>,
        read: impl Fn() -> Vec<(&'static str, u64)> + Send + Sync + 'static,
    ) -> Result<(), prometheus::Error> {
        let labels: HashMap<String, String> =
            feed.map(|feed| ("feed".to_owned(), feed.to_owned())).into_iter().collect();
        let describe = |(name, _): &(&'static str, u64)| {
            let help = format!("{transport}: {}", name.replace('_', " "));
            Desc::new(format!("ioc_{transport}_{name}"), help, Vec::new(), labels.clone())
        };
        let descriptions = read().iter().map(describe).collect::<Result<Vec<_>, _>>()?;
        self.registry.register(Box::new(Figures { descriptions, read: Box::new(read) }))
    }

    /// Takes what the watcher saw.
    pub fn system(&self, status: &SystemStatus) {
        self.outstanding.set(i64::try_from(status.outstanding_epochs).unwrap_or(i64::MAX));
        self.halted.set(status.halted.is_some().into());
        self.bus_writing.set((status.bus == BusHealth::Writing).into());
        self.store_up.set((status.clickhouse == StoreHealth::Up).into());
        self.in_flight.reset();
        for (feed, count) in &status.in_flight {
            self.in_flight.with_label_values(&[feed]).set(i64::try_from(*count).unwrap_or(i64::MAX));
        }
    }
}

type Read = Box<dyn Fn() -> Vec<(&'static str, u64)> + Send + Sync>;

/// Counters kept elsewhere, read when Prometheus asks.
struct Figures {
    descriptions: Vec<Desc>,
    read: Read,
}

impl Collector for Figures {
    fn desc(&self) -> Vec<&Desc> {
        self.descriptions.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let figures = (self.read)();
        let family = |(description, (_, figure)): (&Desc, &(&str, u64))| {
            let gauge = IntGauge::with_opts(
                Opts::new(description.fq_name.clone(), description.help.clone()).const_labels(
                    description
                        .const_label_pairs
                        .iter()
                        .map(|pair| (pair.name().to_owned(), pair.value().to_owned()))
                        .collect(),
                ),
            )
            .ok()?;
            gauge.set(i64::try_from(*figure).unwrap_or(i64::MAX));
            gauge.collect().into_iter().next()
        };
        self.descriptions.iter().zip(&figures).filter_map(family).collect()
    }
}
