//! The settings of a disk log.

use std::path::PathBuf;

use ioc_model::time::Millis;
use serde::{Deserialize, Serialize};

use super::{
    frame::{ALIGNMENT, FRAME_HEAD},
    open_error::OpenError,
    segment::FIRST_FRAME,
};

/// The settings of a disk log. Unknown ones are errors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DiskLogConfig {
    /// The log's folder. One log, one process.
    pub folder: PathBuf,
    /// Partitions, each with its own committer thread and files. Fixed for the log's lifetime, since a sender's
    /// partition depends on it.
    pub partitions: u16,
    /// Bytes of a segment file, reserved when it is made. Space is given back by whole segments.
    pub segment_bytes: u64,
    /// Bytes of chunks that may wait for or be in a commit, for each partition. A sender beyond that waits; a
    /// larger chunk passes alone.
    pub queue_bytes: u32,
    /// Bytes one commit takes at most, if the chunk at its head is not larger by itself.
    pub group_bytes: u32,
    /// One frame in so many bytes is indexed in memory: what a read may have to skip.
    pub index_bytes: u64,
    /// Bytes the segments of all partitions may take together. Senders wait when it is reached, until something is
    /// released. At least two segments a partition, and well above the largest chunk.
    pub max_log_bytes: u64,
    /// Of what was released, keep at least so many bytes for each partition. Given up when `max_log_bytes` is
    /// reached or the disk is full.
    pub retain_bytes: u64,
    /// Of what was released, keep what arrived within so many milliseconds before the newest arrival. Given up when
    /// `max_log_bytes` is reached or the disk is full.
    pub retain_age_ms: Millis,
}

impl Default for DiskLogConfig {
    fn default() -> DiskLogConfig {
        DiskLogConfig {
            folder: PathBuf::from("log"),
            partitions: 2,
            segment_bytes: 64 << 20,
            queue_bytes: 64 << 20,
            group_bytes: 8 << 20,
            index_bytes: 64 << 10,
            max_log_bytes: 64 << 30,
            retain_bytes: 0,
            retain_age_ms: Millis(0),
        }
    }
}

impl DiskLogConfig {
    /// Bytes of entries in a group: what is configured, and no more than fit into a segment.
    pub(super) fn most_group_bytes(&self) -> usize {
        let fits = self.segment_bytes - FIRST_FRAME - FRAME_HEAD as u64 - ALIGNMENT;
        usize::try_from(fits.min(self.group_bytes.into())).unwrap_or(usize::MAX)
    }

    pub(super) fn check(&self) -> Result<(), OpenError> {
        let refuse = |setting, value: u64, why: String| Err(OpenError::Setting { setting, value, why });
        if self.partitions == 0 {
            return refuse("partitions", 0, "there must be at least one".into());
        }
        if self.segment_bytes < 2 * FIRST_FRAME {
            return refuse("segment_bytes", self.segment_bytes, format!("at least {}", 2 * FIRST_FRAME));
        }
        if self.queue_bytes == 0 {
            return refuse("queue_bytes", 0, "at least 1".into());
        }
        if self.group_bytes > 1 << 30 {
            return refuse("group_bytes", self.group_bytes.into(), format!("at most {}", 1 << 30));
        }
        let least = self.segment_bytes.saturating_mul(2).saturating_mul(self.partitions.into());
        if self.max_log_bytes < least {
            return refuse(
                "max_log_bytes",
                self.max_log_bytes,
                format!("at least {least}, two segments a partition"),
            );
        }
        Ok(())
    }
}
