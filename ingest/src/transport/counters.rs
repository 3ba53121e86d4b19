//! What a transport counts, and how it is told.
//!
//! A transport writes its counters down once, with [`counters!`]: the comment beside a name is also what Prometheus
//! says of it, so that nobody has to guess from a name what was counted.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// One count, changed by whoever sees it happen.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// So many more.
    pub(crate) fn add(&self, count: u64) {
        if count > 0 {
            let _before = self.0.fetch_add(count, Relaxed);
        }
    }

    /// One more.
    pub(crate) fn one(&self) {
        self.add(1);
    }

    /// One fewer; only of what is counted as it is now.
    pub(crate) fn one_less(&self) {
        let _before = self.0.fetch_sub(1, Relaxed);
    }

    /// So many now.
    pub(crate) fn set(&self, count: u64) {
        self.0.store(count, Relaxed);
    }

    /// The count.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// Whether a metric only grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// So many since the process started.
    Total,
    /// So many now.
    Now,
}

/// One counter at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name behind `ioc_<transport>_`.
    pub name: &'static str,
    /// What was counted, in words.
    pub help: &'static str,
    /// Whether it only grows.
    pub kind: MetricKind,
    /// How many.
    pub count: u64,
}

/// Counters that can be told. Each count is exact; together they may be a moment apart.
pub trait Counters: std::fmt::Debug + Send + Sync {
    /// All of them, always the same ones in the same order.
    fn metrics(&self) -> Vec<Metric>;
}

/// One count of several that are told apart by labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelledMetric {
    /// What it is of: as many texts as [`CountersByLabel::labels`] has names.
    pub labels: Vec<String>,
    /// How many.
    pub count: u64,
}

/// Totals of one thing that are told apart by labels. There are always some, and never more than their holder bounds
/// (invariant BOUND): Prometheus keeps a label for ever.
pub trait CountersByLabel: std::fmt::Debug + Send + Sync {
    /// Its name behind `ioc_<transport>_`, without `_total`.
    fn name(&self) -> &'static str;

    /// What was counted, in words.
    fn help(&self) -> &'static str;

    /// The names of the labels.
    fn labels(&self) -> &'static [&'static str];

    /// All of them.
    fn metrics(&self) -> Vec<LabelledMetric>;
}

/// Declares a transport's counters: the struct that counts, a struct of the counts at one moment, and how they are
/// told. Each is a `total`, which only grows, or a count of `now`.
macro_rules! counters {
    (
        $(#[$counters_doc:meta])*
        pub struct $Counters:ident;
        $(#[$counts_doc:meta])*
        pub struct $Counts:ident;
        $($(#[doc = $help:literal])+ $kind:ident $name:ident,)*
    ) => {
        $(#[$counters_doc])*
        #[derive(Debug, Default)]
        pub struct $Counters {
            $($(#[doc = $help])+ pub(crate) $name: $crate::transport::counters::Counter,)*
        }

        $(#[$counts_doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $Counts {
            $($(#[doc = $help])+ pub $name: u64,)*
        }

        impl $Counters {
            /// Reads all of them.
            #[must_use]
            pub fn snapshot(&self) -> $Counts {
                $Counts { $($name: self.$name.get(),)* }
            }
        }

        impl $crate::transport::counters::Counters for $Counters {
            fn metrics(&self) -> Vec<$crate::transport::counters::Metric> {
                vec![$($crate::transport::counters::Metric {
                    name: stringify!($name),
                    help: concat!($($help),+).trim_ascii().trim_end_matches('.'),
                    kind: $crate::transport::counters::counters!(@ $kind),
                    count: self.$name.get(),
                },)*]
            }
        }
    };
    (@ total) => { $crate::transport::counters::MetricKind::Total };
    (@ now) => { $crate::transport::counters::MetricKind::Now };
}

pub(crate) use counters;

#[cfg(test)]
mod tests {
    use super::*;

    counters! {
        /// What a letter box counts.
        pub struct BoxCounters;
        /// The same at one moment.
        pub struct BoxCounts;
        /// Letters taken out, post cards
        /// among them.
        total taken,
        /// Letters in it.
        now waiting,
    }

    #[test]
    fn a_counter_is_told_with_the_sentence_beside_it() {
        let counters = BoxCounters::default();
        counters.taken.add(3);
        counters.waiting.set(2);
        counters.waiting.one();
        counters.waiting.one_less();
        assert_eq!(counters.snapshot(), BoxCounts { taken: 3, waiting: 2 });
        let [taken, waiting] = counters.metrics()[..] else { panic!() };
        assert_eq!(taken.help, "Letters taken out, post cards among them");
        assert_eq!((taken.name, taken.kind, taken.count), ("taken", MetricKind::Total, 3));
        assert_eq!((waiting.name, waiting.kind, waiting.count), ("waiting", MetricKind::Now, 2));
    }
}
