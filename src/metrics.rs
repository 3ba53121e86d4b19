//! What Prometheus is told. Names are listed in `dashboards/metrics.txt`, which a test compares.

use std::sync::Arc;

use ioc_dashboards::{BusHealth, StoreHealth, SystemStatus};
use ioc_ingest::transport::{files::FilesCounters, http::HttpCounters, mqtt::MqttCounters};
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
            outstanding: IntGauge::new("ioc_epochs_outstanding", "Epochs between their manifest and their commit")?,
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
