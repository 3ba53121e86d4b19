//! What is read of an answer as the fuzz targets see it: text in, plain values out. Not for anybody else.

use std::time::Duration;

use super::{json, link, retry_after};

/// Where the header `Link` says that a listing goes on.
#[must_use]
pub fn next_link(value: &str) -> Option<String> {
    link::next([value])
}

/// For how long the header `Retry-After` wants to be left alone.
#[must_use]
pub fn pause(value: &str, now: i64) -> Option<Duration> {
    retry_after::pause(value, now)
}

/// What stands at a place in JSON, as it is written; none if it is no JSON, or nothing stands there.
#[must_use]
pub fn at(text: &str, pointer: &str) -> Option<String> {
    let found = json::at(json::whole(text).ok()?, pointer).ok()?;
    found.map(|found| found.get().to_owned())
}
