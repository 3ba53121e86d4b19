//! Reads a request's body: whole within the limit, hashed beyond it.

use std::time::Duration;

use axum::body::Body;
use futures_util::StreamExt;
use tokio::time::Instant;

use super::HttpLimits;
use crate::transport::withheld::{Digest, Withheld};

/// A body that was read.
#[derive(Debug)]
pub(super) enum Read {
    /// Within the limit.
    Whole {
        /// Its bytes.
        bytes: Vec<u8>,
        /// Their digest.
        digest: Digest,
    },
    /// Over the limit: none of it is kept.
    Withheld(Withheld),
}

/// A body that did not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// Too slowly.
    TimedOut,
    /// The connection broke off.
    BrokenOff,
}

/// Reads a body of which no more than `limit` bytes are kept; `declared` is its Content-Length.
pub(super) async fn read(
    body: Body,
    declared: Option<u64>,
    limit: usize,
    limits: &HttpLimits,
) -> Result<Read, Unread> {
    let mut frames = body.into_data_stream();
    let mut digest = Digest::default();
    let is_declared_too_large = declared.is_some_and(|declared| declared > limit as u64);
    let capacity = if is_declared_too_large { 0 } else { declared.unwrap_or(0) as usize };
    let mut kept = (!is_declared_too_large).then(|| Vec::with_capacity(capacity));
    let deadline = Instant::now() + Duration::from_millis(limits.body_ms);
    loop {
        let idle = Instant::now() + Duration::from_millis(limits.idle_ms);
        let next = tokio::time::timeout_at(idle.min(deadline), frames.next()).await;
        let is_over = kept.is_none();
        let frame = match next {
            Ok(Some(Ok(frame))) => frame,
            Ok(None) => break,
            Ok(Some(Err(_))) if is_over => {
                return Ok(Read::Withheld(Withheld::too_large_and_cut_off(digest)));
            }
            Ok(Some(Err(_))) => return Err(Unread::BrokenOff),
            Err(_) if is_over => return Ok(Read::Withheld(Withheld::too_large_and_cut_off(digest))),
            Err(_) => return Err(Unread::TimedOut),
        };
        digest.update(&frame);
        match &mut kept {
            Some(bytes) if bytes.len() + frame.len() <= limit => bytes.extend_from_slice(&frame),
            _ => kept = None,
        }
        if kept.is_none() && digest.bytes() > limits.drain_bytes {
            return Ok(Read::Withheld(Withheld::too_large_and_cut_off(digest)));
        }
    }
    Ok(match kept {
        Some(bytes) => Read::Whole { bytes, digest },
        None => Read::Withheld(Withheld::too_large(digest)),
    })
}
