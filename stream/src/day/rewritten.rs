//! What a row would change that comes long after its moment.
//!
//! That a value is late makes nobody wonder: a logger that was cut off sends its weeks when it can. What is strange is a
//! row that changes an hour of which values came when they were due: that hour was closed, judged and reported.

use std::ops::Range;

use super::{Day, Version};

/// What stands where a row would.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rewritten {
    /// The value at its very moment; none if its hour has others only.
    pub stands: Option<f64>,
}

impl Day {
    /// What a row would change at `at` milliseconds since the start of the day, if any point of its hour is in time:
    /// `in_time` is given such a point's place and when it was received. None if it would change nothing that is.
    pub(crate) fn rewritten(
        &self,
        at: u32,
        version: &Version,
        hour: Range<u32>,
        in_time: impl Fn(u32, i64) -> bool,
    ) -> Option<Rewritten> {
        let mut current = None;
        let mut judged = false;
        self.visit(hour.start, hour.end, |point| {
            // A value that was accepted late stands in the place of one that came in time.
            let others = self.others.get(&point.at).into_iter().flatten();
            judged |= in_time(point.at, point.received_at)
                || others.into_iter().any(|other| in_time(point.at, other.arrival.received_at.0));
            if point.at == at {
                current = Some(point.version());
            }
        });
        let known =
            self.others.get(&at).is_some_and(|others| others.iter().any(|it| it.same_content(version)));
        let stays = current.is_some_and(|it| it.same_content(version) || it.arrival > version.arrival);
        (judged && !known && !stays).then_some(Rewritten { stands: current.map(|it| it.value) })
    }
}
