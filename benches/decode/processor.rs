//! What a bench counts by: the time on a processor, of which what else runs on the machine takes less away.

use std::fs;

/// How long this thread was on a processor.
pub(crate) fn seconds() -> f64 {
    let said = fs::read_to_string("/proc/thread-self/schedstat").expect("the schedule of a thread");
    let nanos = said.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok());
    nanos.expect("nanoseconds") / 1e9
}
