//! The log over a file system that fails, tears and forgets.

mod behaviour;
mod chain_crashes;
mod conforms;
mod corruption;
mod damage;
mod fake;
mod log_model;
mod reading;
mod records;
mod retention;

use std::{path::PathBuf, sync::Arc};

use ioc_model::{envelope::Content, time::ReceivedAt};

use super::{
    DiskLogConfig, OpenError,
    budget::Budget,
    chain::{Chain, ChainSettings, Retain},
    file_system::FileSystem,
    identity::partition_folder,
    recovery::{create_chain, open_chain},
    writer::ChainWriter,
};
use crate::{Chunk, ChunkBuilder, LogId};

/// A log small enough that every test crosses segments.
fn small_log() -> DiskLogConfig {
    DiskLogConfig {
        folder: PathBuf::from("/log"),
        partitions: 1,
        segment_bytes: 8192,
        queue_bytes: 1 << 20,
        index_bytes: 512,
        max_log_bytes: 1 << 30,
        ..DiskLogConfig::default()
    }
}

/// A chunk of some envelopes, the first of which carries the payload.
fn chunk(payload: &[u8], envelopes: u32, received_at: i64) -> Chunk {
    let mut builder = ChunkBuilder::new();
    builder.push("feed", Content::Raw, "sensors/a", payload);
    for _ in 1..envelopes {
        builder.push("feed", Content::Raw, "sensors/b", b"");
    }
    builder.finish(ReceivedAt(received_at))
}

fn chain_settings(files: Arc<dyn FileSystem>) -> ChainSettings {
    ChainSettings {
        files,
        log: LogId::from_bytes(11_u128.to_be_bytes()),
        partition: 0,
        folder: partition_folder("/log".as_ref(), 0),
        segment_bytes: 8192,
        index_bytes: 512,
        budget: Arc::new(Budget::new(u64::MAX)),
        leaves_room: false,
        retain: Retain::default(),
    }
}

/// Opens a chain, which is made if its making never finished.
fn open(files: Arc<dyn FileSystem>, make: bool) -> Result<(Arc<Chain>, ChainWriter), OpenError> {
    let settings = chain_settings(files);
    if make {
        create_chain(&settings)?;
    }
    open_chain(settings)
}

/// A small random number generator, so that a failing seed can be run again.
#[derive(Clone, Debug)]
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.roll() % end.max(1) as u64) as usize
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.roll().is_multiple_of(many)
    }
}
