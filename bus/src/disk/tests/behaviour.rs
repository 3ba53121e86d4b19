//! What the log does when the disk is slow, full or broken.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use ioc_model::position::{Offset, Partition};

use super::{
    chunk,
    fake::{End, FakeFileSystem, Fault},
    small_log,
};
use crate::{
    AppendError, Appended, Bus, DiskLog, DiskLogConfig, Durable, Health, OpenError, ReadError,
    conformance::assert_refused,
};

const FIRST: Partition = Partition(0);

fn open(files: &FakeFileSystem, config: &DiskLogConfig) -> Arc<DiskLog> {
    Arc::new(DiskLog::open_on(&files.shared(), config).unwrap())
}

pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn line_up(log: &DiskLog, payload: &[u8]) -> Durable {
    block_on(log.append(FIRST, chunk(payload, 1, 0))).unwrap()
}

pub(super) fn append(log: &DiskLog, payload: &[u8]) -> Result<Appended, AppendError> {
    block_on(async { log.append(FIRST, chunk(payload, 1, 0)).await?.await })
}

fn is_pending(durable: &mut Durable) -> bool {
    poll(durable.as_mut()).is_pending()
}

fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Waits until the committer says so.
fn wait_for(log: &DiskLog, what: impl Fn(&Health) -> bool) -> Health {
    loop {
        let health = log.health();
        if what(&health) {
            return health;
        }
        std::thread::yield_now();
    }
}

#[test]
fn ack_a_chunk_is_durable_only_after_its_fsync_and_is_not_read_before() {
    let files = FakeFileSystem::new(1);
    let log = open(&files, &small_log());
    files.hold_syncs();
    let mut durable = line_up(&log, b"one");
    files.wait_for_held_sync();
    assert!(is_pending(&mut durable));
    assert!(log.read(FIRST, Offset(0), None, 100).unwrap().chunks.is_empty());
    files.release_syncs();
    assert_eq!(block_on(durable).unwrap().next, Offset(1));
    assert_eq!(log.read(FIRST, Offset(0), None, 100).unwrap().chunks.len(), 1);
}

#[test]
fn ack_what_gathers_during_a_sync_is_committed_by_one_write_and_one_sync() {
    let files = FakeFileSystem::new(1);
    let log = open(&files, &small_log());
    files.hold_syncs();
    let first = line_up(&log, b"one");
    files.wait_for_held_sync();
    let (writes, syncs) = files.writes_and_syncs();
    let others: Vec<_> = (0..5).map(|number| line_up(&log, &[number])).collect();
    files.release_syncs();
    block_on(async {
        first.await.unwrap();
        for other in others {
            other.await.unwrap();
        }
    });
    // A frame and a mark for each of the two groups, of which the first frame was written before; the sync that was
    // held, one for the second group, and perhaps the one that settles its mark.
    let (writes_after, syncs_after) = files.writes_and_syncs();
    assert_eq!(writes_after - writes, 3);
    assert!((2..=3).contains(&(syncs_after - syncs)), "{}", syncs_after - syncs);
    assert_eq!(log.verify().unwrap(), 2);
}

#[test]
fn bound_a_full_disk_makes_senders_wait_and_the_log_goes_on_by_itself() {
    let files = FakeFileSystem::new(1);
    let log = open(&files, &small_log());
    append(&log, &[1; 3000]).unwrap();
    files.leave_room(100);
    let mut second = line_up(&log, &[2; 3000]);
    let mut third = line_up(&log, &[3; 10]);
    let health = wait_for(&log, |health| *health != Health::Writing);
    assert!(matches!(&health, Health::Full { what } if what.contains("the disk is full")), "{health:?}");
    assert!(is_pending(&mut second) && is_pending(&mut third));
    files.leave_room(usize::MAX);
    let (second, third) = block_on(async { (second.await.unwrap(), third.await.unwrap()) });
    assert_eq!((second.base, third.base), (Offset(1), Offset(2)));
    assert_eq!(log.health(), Health::Writing);
    drop(log);
    let log = open(&files, &small_log());
    log.verify().unwrap();
    assert_eq!(log.bounds(FIRST).end, Offset(3));
}

#[test]
fn bound_a_log_leaves_room_to_others_on_its_disk() {
    let files = FakeFileSystem::new(1);
    let config = small_log();
    let log = open(&files, &config);
    for number in 0..2 {
        append(&log, &[number; 3000]).unwrap();
    }
    // The next segment would fit, and take what the flow and the store need.
    files.leave_room(config.segment_bytes as usize + 100);
    let mut third = line_up(&log, &[3; 3000]);
    let health = wait_for(&log, |health| *health != Health::Writing);
    assert!(
        matches!(&health, Health::Full { what } if what.contains("left to what comes behind")),
        "{health:?}"
    );
    assert!(is_pending(&mut third));
    files.leave_room(2 * config.segment_bytes as usize);
    assert_eq!(block_on(third).unwrap().base, Offset(2));
}

#[test]
fn bound_a_log_at_its_limit_makes_senders_wait_until_something_is_released() {
    let files = FakeFileSystem::new(1);
    let log = open(&files, &DiskLogConfig { max_log_bytes: 3 * 8192, ..small_log() });
    let mut line: Vec<_> = (0..8).map(|number| line_up(&log, &[number; 3000])).collect();
    let health = wait_for(&log, |health| *health != Health::Writing);
    assert!(matches!(&health, Health::Full { what } if what.contains("max_log_bytes")), "{health:?}");
    assert!(log.bytes() <= 3 * 8192);
    assert!(is_pending(line.last_mut().unwrap()));
    // As the stream does: release what was read.
    let done = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            block_on(async {
                for durable in line {
                    durable.await.unwrap();
                }
            });
        });
        while !waiting.is_finished() {
            log.release(FIRST, log.bounds(FIRST).end);
            std::thread::yield_now();
        }
        waiting.join()
    });
    done.unwrap();
    assert_eq!(log.bounds(FIRST).end, Offset(8));
    assert!(log.bytes() <= 3 * 8192);
}

#[test]
fn bound_a_queue_takes_no_more_than_its_bytes() {
    let files = FakeFileSystem::new(1);
    let one = chunk(&[0; 100], 1, 0).bytes().len() as u32;
    let log = open(&files, &DiskLogConfig { queue_bytes: 3 * one, ..small_log() });
    files.hold_syncs();
    let first = line_up(&log, &[0; 100]);
    files.wait_for_held_sync();
    let others: Vec<_> = (1..3).map(|number| line_up(&log, &[number; 100])).collect();
    let mut waiting = log.append(FIRST, chunk(&[3; 100], 1, 0));
    assert!(poll(waiting.as_mut()).is_pending());
    let mut small = log.append(FIRST, chunk(b"", 1, 0));
    assert!(poll(small.as_mut()).is_pending(), "a small chunk overtook a waiting one");
    // A sender that gives up waiting leaves nothing behind.
    drop(waiting);
    files.release_syncs();
    block_on(async {
        first.await.unwrap();
        for other in others {
            other.await.unwrap();
        }
        assert_eq!(small.await.unwrap().await.unwrap().base, Offset(3));
    });
}

#[test]
fn ack_a_failed_fsync_poisons_the_partition_until_restart_and_no_other() {
    let files = FakeFileSystem::new(1);
    let config = DiskLogConfig { partitions: 2, ..small_log() };
    let log = open(&files, &config);
    append(&log, b"kept").unwrap();
    files.hold_syncs();
    let first = line_up(&log, b"one");
    files.wait_for_held_sync();
    let second = line_up(&log, b"two");
    files.fail(1, Fault::Io);
    files.release_syncs();
    for durable in [first, second] {
        let error = block_on(durable).unwrap_err();
        assert!(matches!(error, AppendError::Poisoned { partition: Partition(0), .. }), "{error}");
    }
    let shared: crate::SharedBus = log.clone();
    assert_refused(&shared, FIRST);
    assert!(matches!(log.health(), Health::Poisoned { cause } if cause.contains("syncing")));
    assert_eq!(log.read(FIRST, Offset(0), None, 1000).unwrap().chunks.len(), 1, "what is durable is read on");
    block_on(async { log.append(Partition(1), chunk(b"x", 1, 0)).await.unwrap().await.unwrap() });
    drop((log, shared));
    files.restart(End::PowerCut(3));
    let log = open(&files, &config);
    assert_eq!(log.health(), Health::Writing);
    append(&log, b"after").unwrap();
    log.verify().unwrap();
}

#[test]
fn ack_a_failed_write_poisons_and_nobody_waits_for_ever() {
    let files = FakeFileSystem::new(1);
    let log = open(&files, &DiskLogConfig { queue_bytes: 10, ..small_log() });
    files.hold_syncs();
    let first = line_up(&log, b"takes the whole queue");
    files.wait_for_held_sync();
    let mut waiting = log.append(FIRST, chunk(b"waits", 1, 0));
    assert!(poll(waiting.as_mut()).is_pending());
    files.fail(1, Fault::Io);
    files.release_syncs();
    assert!(matches!(block_on(first), Err(AppendError::Poisoned { .. })));
    assert!(matches!(block_on(waiting).map(|_| ()), Err(AppendError::Poisoned { .. })));
}

#[test]
fn ack_closing_commits_what_is_in_line_and_refuses_what_comes_later() {
    let files = FakeFileSystem::new(1);
    let log = open(&files, &small_log());
    let line: Vec<_> = (0..20).map(|number| line_up(&log, &[number; 500])).collect();
    log.close();
    for durable in line {
        block_on(durable).unwrap();
    }
    assert!(matches!(append(&log, b"late"), Err(AppendError::Closed)));
    assert_eq!(log.read(FIRST, Offset(0), None, usize::MAX).unwrap().next, Offset(20));
}

#[test]
fn ack_closing_a_full_log_refuses_what_is_in_line() {
    let files = FakeFileSystem::new(1);
    let log = open(&files, &small_log());
    files.leave_room(0);
    let durable = line_up(&log, &[1; 5000]);
    wait_for(&log, |health| *health != Health::Writing);
    log.close();
    assert!(matches!(block_on(durable), Err(AppendError::Closed)));
    drop(log);
    files.restart(End::Kill);
    assert_eq!(open(&files, &small_log()).bounds(FIRST).end, Offset(0));
}

#[test]
fn loud_a_log_in_use_is_not_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let config = DiskLogConfig { folder: folder.path().join("a/b/log"), ..small_log() };
    let log = DiskLog::open(&config).unwrap();
    let error = DiskLog::open(&config).unwrap_err();
    assert!(matches!(&error, OpenError::Locked { owner, .. } if owner.starts_with("process ")), "{error}");
    drop(log);
    DiskLog::open(&config).unwrap();
}

#[test]
fn loud_another_number_of_partitions_is_refused() {
    let files = FakeFileSystem::new(1);
    drop(open(&files, &small_log()));
    let error =
        DiskLog::open_on(&files.shared(), &DiskLogConfig { partitions: 3, ..small_log() }).unwrap_err();
    assert!(matches!(error, OpenError::Partitions { stored: 1, configured: 3, .. }), "{error}");
}

#[test]
fn loud_settings_that_cannot_work_are_refused() {
    let refused = |config: DiskLogConfig| match DiskLog::open_on(&FakeFileSystem::new(1).shared(), &config) {
        Err(OpenError::Setting { setting, .. }) => setting,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(DiskLogConfig { partitions: 0, ..small_log() }), "partitions");
    assert_eq!(refused(DiskLogConfig { queue_bytes: 0, ..small_log() }), "queue_bytes");
    assert_eq!(refused(DiskLogConfig { segment_bytes: 100, ..small_log() }), "segment_bytes");
    assert_eq!(refused(DiskLogConfig { max_log_bytes: 8192, ..small_log() }), "max_log_bytes");
    let unknown: Result<DiskLogConfig, _> = serde_json::from_str(r#"{"folder": "x", "partition": 2}"#);
    assert!(unknown.unwrap_err().to_string().contains("unknown field"));
}

#[test]
fn ack_a_log_whose_making_was_interrupted_anywhere_is_made_anew() {
    let config = DiskLogConfig { partitions: 2, ..small_log() };
    let files = FakeFileSystem::new(1);
    drop(open(&files, &config));
    for call in 1..=files.calls() {
        for end in [End::Kill, End::PowerCut(call)] {
            let files = FakeFileSystem::new(1);
            files.fail(call, Fault::End);
            drop(DiskLog::open_on(&files.shared(), &config));
            files.stop();
            files.restart(end);
            let log = open(&files, &config);
            append(&log, b"x").unwrap();
            files.stop();
            drop(log);
            files.restart(End::PowerCut(call));
            assert_eq!(open(&files, &config).bounds(FIRST).end, Offset(1), "call {call}, {end:?}");
        }
    }
}

#[test]
fn loud_damage_in_an_older_segment_halts_the_read_and_names_file_and_byte() {
    let files = FakeFileSystem::new(1);
    let log = open(&files, &small_log());
    for number in 0..10 {
        append(&log, &[number; 1500]).unwrap();
    }
    let oldest = std::path::Path::new("/log/00000/00000000000000000000.log");
    files.flip(oldest, 4096 + 700, 1);
    let named = |error: ReadError| match error {
        ReadError::Corrupt { file, at, .. } => file.ends_with("00000000000000000000.log") && at == 4096,
        _ => false,
    };
    assert!(named(log.read(FIRST, Offset(0), None, 1).unwrap_err()));
    assert!(named(log.verify().unwrap_err()));
    assert_eq!(log.read(FIRST, Offset(1), None, 1).unwrap().from, Offset(1));
}
