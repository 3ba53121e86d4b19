//! The plans of a shard's series, each kept once: a province has hundreds of thousands of series and some dozens of
//! plans.

use std::num::NonZeroU32;

use ioc_decode::Decoder;
use ioc_model::name::Name;
use rustc_hash::FxHashMap;

use crate::plan::Plan;

/// Plans by number, under one version of the pack.
#[derive(Debug, Default)]
pub(super) struct KnownPlans {
    plans: Vec<Plan>,
    numbers: FxHashMap<Plan, NonZeroU32>,
}

/// Those of one subject's series.
#[derive(Debug)]
pub(super) struct SeriesPlans<'a> {
    pub(super) known: &'a mut KnownPlans,
    pub(super) decoder: &'a Decoder,
    pub(super) subject: Name,
}

impl KnownPlans {
    /// The pack is another: numbers given out say nothing any more.
    pub(super) fn clear(&mut self) {
        self.plans.clear();
        self.numbers.clear();
    }

    fn number(&mut self, plan: Plan) -> NonZeroU32 {
        *self.numbers.entry(plan).or_insert_with(|| {
            self.plans.push(plan);
            let number = u32::try_from(self.plans.len()).ok().and_then(NonZeroU32::new);
            number.expect("fewer than 2^32 plans")
        })
    }
}

impl SeriesPlans<'_> {
    /// The number of the plan of an indicator's series.
    pub(super) fn number(&mut self, indicator: Name) -> NonZeroU32 {
        let (pack, calendar) = (self.decoder.pack(), self.decoder.calendar());
        self.known.number(Plan::of_series(pack, calendar, &indicator, &self.subject))
    }

    /// The plan of a number given out since the pack was another.
    pub(super) fn get(&self, number: NonZeroU32) -> &Plan {
        &self.known.plans[number.get() as usize - 1]
    }
}
