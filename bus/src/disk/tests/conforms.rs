//! The disk log against the suite every implementation must pass.

use std::sync::Arc;

use self::stalling::StallingMachine;
use super::{fake::FakeFileSystem, small_log};
use ioc_model::position::{Offset, Partition};

use crate::{
    Bus, DiskLog, DiskLogConfig, HeldBus, SharedBus,
    conformance::{QUEUE_BYTES, TestBed, all},
    disk::file_system::FileSystem,
};

/// In memory, over segments so small that every check crosses some.
struct FakeBed(FakeFileSystem);

impl TestBed for FakeBed {
    fn open(&self) -> SharedBus {
        let config = DiskLogConfig { partitions: 2, queue_bytes: QUEUE_BYTES as u32, ..small_log() };
        Arc::new(DiskLog::open_on(&self.0.shared(), &config).unwrap())
    }

    fn stall(&self) {
        self.0.leave_room(0);
    }

    fn resume(&self) {
        self.0.leave_room(usize::MAX);
    }
}

/// The same, held back for an archive that has everything.
struct HeldBed(FakeBed);

impl TestBed for HeldBed {
    fn open(&self) -> SharedBus {
        let held = HeldBus::new(self.0.open());
        for partition in 0..held.partitions() {
            held.archived(Partition(partition), Offset(u64::MAX));
        }
        Arc::new(held)
    }

    fn stall(&self) {
        self.0.stall();
    }

    fn resume(&self) {
        self.0.resume();
    }
}

/// On the machine's file system; a stall holds its syncs.
struct MachineBed {
    folder: tempfile::TempDir,
    fake: FakeFileSystem,
}

impl TestBed for MachineBed {
    fn open(&self) -> SharedBus {
        let config = DiskLogConfig {
            folder: self.folder.path().join("log"),
            partitions: 2,
            segment_bytes: 32 << 10,
            queue_bytes: QUEUE_BYTES as u32,
            max_log_bytes: 64 << 20,
            ..DiskLogConfig::default()
        };
        let files: Arc<dyn FileSystem> = Arc::new(StallingMachine { gate: self.fake.clone() });
        Arc::new(DiskLog::open_on(&files, &config).unwrap())
    }

    fn stall(&self) {
        self.fake.hold_syncs();
    }

    fn resume(&self) {
        self.fake.release_syncs();
    }
}

#[test]
fn the_disk_log_passes_the_suite_in_memory() {
    all(|| FakeBed(FakeFileSystem::new(7)));
}

#[test]
fn the_held_log_passes_the_suite() {
    all(|| HeldBed(FakeBed(FakeFileSystem::new(7))));
}

#[test]
fn the_disk_log_passes_the_suite_on_the_machines_file_system() {
    all(|| MachineBed { folder: tempfile::tempdir().unwrap(), fake: FakeFileSystem::new(7) });
}

/// The machine's file system with syncs that can be held.
mod stalling {
    use std::{
        io::{self, IoSlice},
        path::Path,
        sync::Arc,
    };

    use super::FakeFileSystem;
    use crate::{
        Room,
        disk::file_system::{FileSystem, Lock, MachineFileSystem, SegmentFile},
    };

    #[derive(Debug)]
    pub(super) struct StallingMachine {
        pub(super) gate: FakeFileSystem,
    }

    #[derive(Debug)]
    struct StallingFile {
        file: Arc<dyn SegmentFile>,
        gate: FakeFileSystem,
    }

    impl StallingMachine {
        fn wrap(&self, file: Arc<dyn SegmentFile>) -> Arc<dyn SegmentFile> {
            Arc::new(StallingFile { file, gate: self.gate.clone() })
        }
    }

    impl FileSystem for StallingMachine {
        fn create_folder(&self, path: &Path) -> io::Result<()> {
            MachineFileSystem.create_folder(path)
        }
        fn create(&self, path: &Path) -> io::Result<Arc<dyn SegmentFile>> {
            Ok(self.wrap(MachineFileSystem.create(path)?))
        }
        fn open(&self, path: &Path) -> io::Result<Arc<dyn SegmentFile>> {
            Ok(self.wrap(MachineFileSystem.open(path)?))
        }
        fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
            MachineFileSystem.rename(from, to)
        }
        fn remove(&self, path: &Path) -> io::Result<()> {
            MachineFileSystem.remove(path)
        }
        fn names(&self, folder: &Path) -> io::Result<Vec<String>> {
            MachineFileSystem.names(folder)
        }
        fn sync_folder(&self, folder: &Path) -> io::Result<()> {
            MachineFileSystem.sync_folder(folder)
        }
        fn room(&self, folder: &Path) -> io::Result<Room> {
            MachineFileSystem.room(folder)
        }
        fn lock(&self, path: &Path) -> io::Result<Result<Box<dyn Lock>, String>> {
            MachineFileSystem.lock(path)
        }
    }

    impl SegmentFile for StallingFile {
        fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
            self.file.read_at(buffer, at)
        }
        fn write_at(&self, parts: &[IoSlice<'_>], at: u64) -> io::Result<usize> {
            self.file.write_at(parts, at)
        }
        fn allocate(&self, length: u64) -> io::Result<()> {
            self.file.allocate(length)
        }
        fn set_length(&self, length: u64) -> io::Result<()> {
            self.file.set_length(length)
        }
        fn length(&self) -> io::Result<u64> {
            self.file.length()
        }
        fn sync(&self) -> io::Result<()> {
            self.gate.pass_gate();
            self.file.sync()
        }
    }
}
