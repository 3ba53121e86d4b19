//! Rules over why a sensor sees too little, by its newest record of itself.
//!
//! What a sensor last said holds until it says otherwise: one that fell silent sees no better for that.

use std::sync::Arc;

use ioc_model::{
    name::Name,
    results::Evidence,
    sensor::{BlindCause, SensorRecord},
    time::{EventTime, Millis},
};

use super::{StationPlan, Step};
use crate::counted::CountPlan;

impl Step<'_> {
    /// A record of a sensor raises and clears; where none comes nothing changes (invariant SILENT).
    pub(super) fn blind(
        &mut self,
        record: &Arc<SensorRecord>,
        causes: &[BlindCause],
        lasting: Millis,
        plan: &StationPlan,
    ) {
        let active = self.state.open.is_some_and(|open| open.active);
        let now = EventTime(self.now.0);
        let holds = record.has_any(causes);
        let due = match holds {
            true => self.state.status_since.get_or_insert(now).plus(lasting) <= now,
            false => self.state.status_since.take().is_some() || active,
        };
        if !due || holds == active {
            return;
        }
        // A share is held against what the log source may miss; of the other causes one is too many.
        let is_share = causes.contains(&BlindCause::PacketsDropped)
            && (record.causes.contains(&BlindCause::PacketsDropped) || !holds);
        let threshold = plan.counts.as_ref().map(CountPlan::blind_above).filter(|_| is_share);
        let evidence = Evidence {
            measure: Name::from("sensor"),
            averaging: None,
            start: record.since,
            end: record.at,
            value: threshold.map(|_| record.dropped_share()),
            threshold,
            status: None,
            events: None,
            compared: None,
            sensor: Some(record.clone()),
        };
        self.turn(active, evidence);
    }
}
