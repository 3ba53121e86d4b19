//! What is removed, and what never is.

use std::sync::Arc;

use ioc_model::{
    position::{Offset, Partition},
    time::Millis,
};

use super::{behaviour::block_on, chunk, fake::FakeFileSystem, small_log};
use crate::{Bus, DiskLog, DiskLogConfig, has_more_than};

const FIRST: Partition = Partition(0);

/// Twelve chunks, three to a segment, a second apart.
fn filled(files: &FakeFileSystem, config: &DiskLogConfig) -> Arc<DiskLog> {
    let log = Arc::new(DiskLog::open_on(&files.shared(), config).unwrap());
    for number in 0..12 {
        let chunk = chunk(&[number; 1200], 1, i64::from(number) * 1000);
        block_on(async { log.append(FIRST, chunk).await.unwrap().await.unwrap() });
    }
    log
}

fn segments(files: &FakeFileSystem) -> usize {
    files.all_files().iter().filter(|(path, _)| path.extension().is_some_and(|end| end == "log")).count()
}

#[test]
fn once_only_whole_released_segments_go_and_the_last_one_stays() {
    let files = FakeFileSystem::new(1);
    let log = filled(&files, &small_log());
    assert_eq!(segments(&files), 4);
    let starts: Vec<_> = [0, 2, 3, 5, 6, 12, 99]
        .map(|before| {
            log.release(FIRST, Offset(before));
            log.bounds(FIRST).start.0
        })
        .to_vec();
    assert_eq!(starts, [0, 0, 3, 3, 6, 9, 9]);
    assert_eq!(segments(&files), 1);
    drop(log);
    let log = DiskLog::open_on(&files.shared(), &small_log()).unwrap();
    assert_eq!((log.bounds(FIRST).start, log.bounds(FIRST).end), (Offset(9), Offset(12)));
}

#[test]
fn once_nothing_is_released_by_restarting() {
    let files = FakeFileSystem::new(1);
    let config = DiskLogConfig { retain_bytes: 1 << 20, ..small_log() };
    let log = filled(&files, &config);
    log.release(FIRST, Offset(12));
    drop(log);
    let log = DiskLog::open_on(&files.shared(), &small_log()).unwrap();
    assert_eq!(log.bounds(FIRST).start, Offset(0));
    log.release(FIRST, Offset(4));
    assert_eq!(log.bounds(FIRST).start, Offset(3));
}

#[test]
fn replay_keeps_released_segments_as_long_as_configured() {
    let files = FakeFileSystem::new(1);
    let log = filled(&files, &DiskLogConfig { retain_age_ms: Millis(6_500), ..small_log() });
    log.release(FIRST, Offset(12));
    // The newest arrived at 11 s; the segment of 3 s to 5 s holds what arrived after 4.5 s.
    assert_eq!(log.bounds(FIRST).start, Offset(3));

    let files = FakeFileSystem::new(1);
    let log = filled(&files, &DiskLogConfig { retain_bytes: 12_000, ..small_log() });
    log.release(FIRST, Offset(12));
    assert_eq!(log.bounds(FIRST).start, Offset(6));
}

#[test]
fn bound_what_is_only_kept_for_convenience_goes_before_senders_wait() {
    let files = FakeFileSystem::new(1);
    let config = DiskLogConfig { retain_bytes: 1 << 20, max_log_bytes: 5 * 8192, ..small_log() };
    let log = filled(&files, &config);
    log.release(FIRST, Offset(7));
    assert_eq!(log.bounds(FIRST).start, Offset(0));
    for number in 0..6 {
        block_on(async { log.append(FIRST, chunk(&[number; 1200], 1, 0)).await.unwrap().await.unwrap() });
    }
    assert_eq!(log.bounds(FIRST).start, Offset(6));
}

#[test]
fn once_a_removal_that_fails_leaves_no_hole_and_is_tried_again() {
    let files = FakeFileSystem::new(1);
    let log = filled(&files, &small_log());
    for call in 1..=2 {
        files.fail(call, super::fake::Fault::Io);
        log.release(FIRST, Offset(6));
        files.forget_faults();
        let reopened = files.fork();
        drop(DiskLog::open_on(&reopened.shared(), &small_log()).unwrap());
    }
    log.release(FIRST, Offset(6));
    assert_eq!(log.bounds(FIRST).start, Offset(6));
    assert_eq!(segments(&files), 2);
}

#[test]
fn once_a_reader_and_retention_do_not_disturb_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let config = DiskLogConfig { folder: folder.path().join("log"), ..small_log() };
    let log = DiskLog::open(&config).unwrap();
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut next = Offset(0);
            let mut read = 0;
            while read < 300 {
                let more = || has_more_than(&log, &[next]);
                assert!(log.bell().wait_until(std::time::Duration::from_secs(10), more));
                let batch = log.read(FIRST, next, None, 5000).unwrap();
                read += batch.chunks.len();
                next = batch.next;
                log.release(FIRST, next);
            }
            next
        });
        for number in 0..300u32 {
            let chunk = chunk(&number.to_le_bytes().repeat(200), 1, 0);
            block_on(async { log.append(FIRST, chunk).await.unwrap().await.unwrap() });
        }
        assert_eq!(reader.join().unwrap(), Offset(300));
    });
}
