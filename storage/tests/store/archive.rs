//! The table `archive_file`: registered once, however often, and again after the store was restored.

use std::sync::Arc;

use ioc_bus::{Bus, ChunkBuilder, DiskLog, DiskLogConfig};
use ioc_model::{
    calendar::Calendar,
    envelope::Content,
    position::{LogNumber, Offset, Partition},
    time::ReceivedAt,
};
use ioc_storage::archive::{ArchiveFolder, PassRecord};

use crate::server::TestServer;

const LOG: LogNumber = LogNumber(1);

async fn passes(server: &TestServer) -> Vec<PassRecord> {
    let config = DiskLogConfig { folder: server.scratch.path().join("log"), ..DiskLogConfig::default() };
    let bus = Arc::new(DiskLog::open(&config).unwrap());
    for round in 0..4 {
        let mut chunk = ChunkBuilder::new();
        for feed in ["air", "water", "air"] {
            chunk.push(feed, Content::Raw, "a", b"x");
        }
        // The local day ends between the second and the third.
        let chunk = chunk.finish(ReceivedAt(1_769_965_199_998 + round));
        let _ = bus.append(Partition(0), chunk).await.unwrap().await.unwrap();
    }
    let folder = ArchiveFolder::open(server.scratch.path().join("archive"), crate::server::INSTANCE).unwrap();
    let mut archiver = folder.archiver(bus, LOG, Calendar::of_zone("Asia/Ho_Chi_Minh").unwrap()).unwrap();
    [Offset(6), Offset(12)]
        .map(|upto| archiver.pass(Partition(0), upto, 1 << 20, 1).unwrap().unwrap())
        .to_vec()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_a_pass_registered_twice_stands_there_once_and_again_after_it_was_lost() {
    let server = TestServer::start().await;
    let passes = passes(&server).await;
    assert!(server.store.registered_passes(LOG).await.unwrap().is_empty());
    for _ in 0..2 {
        for pass in &passes {
            server.store.register_pass(pass).await.unwrap();
        }
    }
    let listed = "SELECT feed, day, log, partition, offset_from, offset_to, pass_from, pass_to, envelopes, \
                  toUnixTimestamp64Milli(first_received), toUnixTimestamp64Milli(last_received), length(sha256), path \
                  FROM archive_file ORDER BY offset_from, feed";
    let expected = "air\t2026-02-01\t1\t0\t0\t6\t0\t6\t4\t1769965199998\t1769965199999\t64\tfeed=air/day=2026-02-01/1-0-0-6.parquet\n\
                    water\t2026-02-01\t1\t0\t1\t5\t0\t6\t2\t1769965199998\t1769965199999\t64\tfeed=water/day=2026-02-01/1-0-0-6.parquet\n\
                    air\t2026-02-02\t1\t0\t6\t12\t6\t12\t4\t1769965200000\t1769965200001\t64\tfeed=air/day=2026-02-02/1-0-6-12.parquet\n\
                    water\t2026-02-02\t1\t0\t7\t11\t6\t12\t2\t1769965200000\t1769965200001\t64\tfeed=water/day=2026-02-02/1-0-6-12.parquet";
    assert_eq!(server.ask(listed).await, expected);
    let spans: std::collections::HashSet<_> = passes.iter().map(PassRecord::span).collect();
    assert_eq!(server.store.registered_passes(LOG).await.unwrap(), spans);

    // Rows are gone and the server still remembers their tokens: they come back all the same.
    for lost in ["feed = 'air'", "1"] {
        let _ = server
            .ask(&format!("ALTER TABLE archive_file DELETE WHERE {lost} SETTINGS mutations_sync = 2"))
            .await;
        for pass in &passes {
            server.store.register_pass(pass).await.unwrap();
        }
        assert_eq!(server.ask(listed).await, expected, "{lost}");
    }
}
