//! The stopping points that end-to-end crash tests use. In a process of their own, since they are global.

use std::sync::mpsc;

use fail::FailScenario;
use ioc_bus::{Bus, ChunkBuilder, DiskLog, DiskLogConfig};
use ioc_model::{
    envelope::Content,
    position::{Offset, Partition},
    time::ReceivedAt,
};

fn config(folder: &tempfile::TempDir) -> DiskLogConfig {
    DiskLogConfig {
        folder: folder.path().join("log"),
        partitions: 1,
        segment_bytes: 64 << 10,
        ..Default::default()
    }
}

fn append(log: &DiskLog) -> Offset {
    let mut builder = ChunkBuilder::new();
    builder.push("air", Content::Raw, "sensors/a", b"{}");
    let chunk = builder.finish(ReceivedAt(1));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let appended = runtime.block_on(async { log.append(Partition(0), chunk).await.unwrap().await });
    appended.unwrap().next
}

#[test]
fn ack_no_sender_is_told_before_the_last_stopping_point() {
    for (point, durable) in [("bus_before_write", 0), ("bus_before_fsync", 0), ("bus_after_fsync", 1)] {
        let scenario = FailScenario::setup();
        let folder = tempfile::tempdir().unwrap();
        let log = DiskLog::open(&config(&folder)).unwrap();
        let (reached, is_reached) = mpsc::sync_channel(1);
        let (go_on, may_go_on) = mpsc::sync_channel::<()>(1);
        let may_go_on = std::sync::Mutex::new(may_go_on);
        fail::cfg_callback(point, move || {
            reached.send(()).unwrap();
            may_go_on.lock().unwrap().recv().unwrap();
        })
        .unwrap();
        std::thread::scope(|scope| {
            let sender = scope.spawn(|| append(&log));
            is_reached.recv().unwrap();
            assert!(!sender.is_finished(), "told before {point}");
            assert_eq!(log.bounds(Partition(0)).end, Offset(durable), "{point}");
            go_on.send(()).unwrap();
            assert_eq!(sender.join().unwrap(), Offset(1));
        });
        drop(log);
        scenario.teardown();
    }
}

#[test]
fn ack_the_negative_control_acknowledges_what_is_not_there() {
    let scenario = FailScenario::setup();
    let folder = tempfile::tempdir().unwrap();
    let log = DiskLog::open(&config(&folder)).unwrap();
    let (go_on, may_go_on) = mpsc::sync_channel::<()>(1);
    let may_go_on = std::sync::Mutex::new(may_go_on);
    fail::cfg("ack_before_append", "return").unwrap();
    fail::cfg_callback("bus_before_write", move || may_go_on.lock().unwrap().recv().unwrap()).unwrap();
    assert_eq!(append(&log), Offset(1));
    assert_eq!(log.bounds(Partition(0)).end, Offset(0), "the control loses nothing, so it controls nothing");
    go_on.send(()).unwrap();
    log.close();
    assert_eq!(log.bounds(Partition(0)).end, Offset(1));
    scenario.teardown();
}
