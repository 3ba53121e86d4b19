//! Nodes of Sparkplug that should be born again, on their way from the flow to whoever speaks with them.
//!
//! What a node did not say is no row: an epoch's results say whose birth is wanted, and once the epoch is committed it is
//! asked for here, in the thread that commits. The flow wants a birth once, and again after minutes; whoever speaks with
//! nodes has a limit of its own. A process that dies between the commit and the request asks again after those minutes, if
//! data still goes on without a birth.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use ioc_ingest::transport::counters::{Counters, CountersByLabel, LabelledMetric, Metric, MetricKind};
use ioc_model::{
    rebirth::{RebirthWanted, Why},
    results::EpochResults,
};

/// Somebody who speaks with nodes.
pub trait AskForBirth: std::fmt::Debug + Send + Sync {
    /// Asks a node for its birth, soon, or not at all if it was asked just now. Waits for nothing.
    fn ask(&self, wanted: &RebirthWanted);
}

/// What is wanted of nodes.
#[derive(Debug)]
pub struct Rebirths {
    to: Arc<dyn AskForBirth>,
    wanted: [AtomicU64; Why::ALL.len()],
    cut: AtomicU64,
}

impl Rebirths {
    /// What is wanted is asked for by that one.
    pub fn asked_by(to: Arc<dyn AskForBirth>) -> Rebirths {
        Rebirths { to, wanted: Default::default(), cut: AtomicU64::new(0) }
    }

    /// Takes what a committed epoch wants.
    pub fn committed(&self, results: &EpochResults) {
        for wanted in &results.rebirths {
            let RebirthWanted { sender, group, node, why, since, .. } = wanted;
            let _before = self.wanted[*why as usize].fetch_add(1, Relaxed);
            let (sender, why, since) = (sender.as_str(), why.word(), since.0);
            tracing::info!(sender, %group, %node, why, since, "a node should be born again");
            self.to.ask(wanted);
        }
        for (sender, count) in &results.births_cut {
            let _before = self.cut.fetch_add(*count, Relaxed);
            let sender = sender.as_str();
            tracing::warn!(
                sender,
                count,
                "nodes or metrics of births are more than are kept: by their numbers they are not read"
            );
        }
    }
}

impl CountersByLabel for Rebirths {
    fn name(&self) -> &'static str {
        "rebirths_wanted"
    }

    fn help(&self) -> &'static str {
        "Times that a node of Sparkplug should be born again: unborn, dead, undeclared (a number that its birth has not), gap"
    }

    fn labels(&self) -> &'static [&'static str] {
        &["why"]
    }

    fn metrics(&self) -> Vec<LabelledMetric> {
        let metric = |why: Why| LabelledMetric {
            labels: vec![why.word().to_owned()],
            count: self.wanted[why as usize].load(Relaxed),
        };
        Why::ALL.map(metric).into()
    }
}

impl Counters for Rebirths {
    fn metrics(&self) -> Vec<Metric> {
        vec![Metric {
            name: "cut",
            help: "Metrics of births, and messages of nodes, of Sparkplug that there was no room to keep",
            kind: MetricKind::Total,
            count: self.cut.load(Relaxed),
        }]
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Debug, Default)]
    struct Asked(Mutex<Vec<RebirthWanted>>);

    impl AskForBirth for Asked {
        fn ask(&self, wanted: &RebirthWanted) {
            self.0.lock().unwrap().push(wanted.clone());
        }
    }

    #[test]
    fn what_is_wanted_is_asked_for_and_counted() {
        let wanted = RebirthWanted {
            feed: "sparkplug".into(),
            sender: "gw-1".into(),
            group: "G".into(),
            node: "gw".into(),
            why: Why::Gap,
            since: ioc_model::time::ReceivedAt(7),
        };
        let results = EpochResults { rebirths: vec![wanted.clone()], ..EpochResults::default() };
        let asked = Arc::new(Asked::default());
        let rebirths = Rebirths::asked_by(asked.clone());
        rebirths.committed(&results);
        rebirths.committed(&results);
        assert_eq!(*asked.0.lock().unwrap(), [wanted.clone(), wanted]);
        let counts: Vec<u64> =
            CountersByLabel::metrics(&rebirths).iter().map(|metric| metric.count).collect();
        assert_eq!(counts, [0, 0, 0, 2]);
    }
}
