//! A file system in memory that keeps apart what was written and what was synced.
//!
//! A power cut keeps of the unsynced writes any set of sectors (512 bytes), some of them cut anywhere, of the unsynced
//! lengths and new names any first part, of the unsynced removals any set. A failed fsync keeps any set of whole
//! sectors too, and shows the others only until the next power cut, as page caches do.

mod damage;
mod fault;
mod file;
mod folder;
mod node;
mod system;

use std::{
    collections::{BTreeMap, HashSet},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard},
};

use self::{
    fault::io_error,
    folder::{Folder, Renaming},
    node::Node,
};
use super::Dice;
use crate::disk::{file_system::FileSystem, lock};

pub(super) use self::fault::{End, Fault, ReadFault};

#[derive(Clone, Debug)]
struct World {
    nodes: Vec<Node>,
    folders: BTreeMap<PathBuf, Folder>,
    locks: HashSet<PathBuf>,
    /// Calls that change something, so far.
    calls: u64,
    syncs: u64,
    writes: u64,
    faults: BTreeMap<u64, Fault>,
    /// Calls that only look, so far.
    reads: u64,
    read_faults: BTreeMap<u64, ReadFault>,
    capacity: usize,
    ended: bool,
    /// Handles of an earlier life do nothing.
    life: u64,
    dice: Dice,
    hold_syncs: bool,
    held: u32,
}

/// A file system in memory.
#[derive(Clone, Debug)]
pub(super) struct FakeFileSystem {
    world: Arc<(Mutex<World>, Condvar)>,
}

impl World {
    /// Counts a call that changes something and says what goes wrong.
    fn call(&mut self) -> Result<Option<Fault>, io::Error> {
        self.calls += 1;
        let fault = self.faults.remove(&self.calls);
        self.ended |= fault == Some(Fault::End);
        if self.ended { Err(io_error()) } else { Ok(fault) }
    }

    /// Counts a call that only looks and says what goes wrong.
    fn look(&mut self) -> Result<Option<ReadFault>, io::Error> {
        self.reads += 1;
        let fault = self.read_faults.remove(&self.reads);
        match fault {
            _ if self.ended => Err(io_error()),
            Some(ReadFault::Io) => Err(io_error()),
            Some(ReadFault::Interrupted) => Err(io::ErrorKind::Interrupted.into()),
            fault => Ok(fault),
        }
    }

    fn used(&self) -> usize {
        let linked =
            |folder: &Folder| folder.names.values().map(|node| self.nodes[*node].data.len()).sum::<usize>();
        self.folders.values().map(linked).sum()
    }

    fn split(path: &Path) -> (PathBuf, String) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (path.parent().unwrap().to_owned(), name)
    }

    fn node(&self, path: &Path) -> io::Result<usize> {
        let (folder, name) = World::split(path);
        let found = self.folders.get(&folder).and_then(|folder| folder.names.get(&name)).copied();
        found.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn folder(&mut self, path: &Path) -> io::Result<&mut Folder> {
        self.folders.get_mut(path).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl FakeFileSystem {
    pub(super) fn new(seed: u64) -> FakeFileSystem {
        let world = World {
            nodes: Vec::new(),
            folders: BTreeMap::new(),
            locks: HashSet::new(),
            calls: 0,
            syncs: 0,
            writes: 0,
            faults: BTreeMap::new(),
            reads: 0,
            read_faults: BTreeMap::new(),
            capacity: usize::MAX,
            ended: false,
            life: 0,
            dice: Dice(seed),
            hold_syncs: false,
            held: 0,
        };
        FakeFileSystem { world: Arc::new((Mutex::new(world), Condvar::new())) }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.world.0)
    }

    pub(super) fn shared(&self) -> Arc<dyn FileSystem> {
        Arc::new(self.clone())
    }

    /// An independent copy.
    pub(super) fn fork(&self) -> FakeFileSystem {
        let mut world = self.world().clone();
        world.locks.clear();
        FakeFileSystem { world: Arc::new((Mutex::new(world), Condvar::new())) }
    }

    /// Calls that change something, so far.
    pub(super) fn calls(&self) -> u64 {
        self.world().calls
    }

    /// Vectored writes and syncs of files, so far.
    pub(super) fn writes_and_syncs(&self) -> (u64, u64) {
        let world = self.world();
        (world.writes, world.syncs)
    }

    /// Lets the so-manieth call from now go wrong (1 = the next).
    pub(super) fn fail(&self, calls_from_now: u64, fault: Fault) {
        let mut world = self.world();
        let call = world.calls + calls_from_now;
        world.faults.insert(call, fault);
    }

    /// Calls that only look, so far.
    pub(super) fn reads(&self) -> u64 {
        self.world().reads
    }

    /// Lets the so-manieth look from now go wrong (1 = the next).
    pub(super) fn fail_read(&self, reads_from_now: u64, fault: ReadFault) {
        let mut world = self.world();
        let read = world.reads + reads_from_now;
        world.read_faults.insert(read, fault);
    }

    pub(super) fn forget_faults(&self) {
        let mut world = self.world();
        world.faults.clear();
        world.read_faults.clear();
    }

    /// Bytes that fit beside what is there now.
    pub(super) fn leave_room(&self, bytes: usize) {
        let mut world = self.world();
        world.capacity = world.used().saturating_add(bytes);
    }

    /// Ends this life at once: open handles do nothing from now on.
    pub(super) fn stop(&self) {
        self.world().ended = true;
        self.release_syncs();
    }

    /// Starts a new life with what the end leaves.
    pub(super) fn restart(&self, end: End) {
        let mut world = self.world();
        world.ended = false;
        world.life += 1;
        world.faults.clear();
        world.read_faults.clear();
        world.locks.clear();
        world.capacity = usize::MAX;
        let End::PowerCut(seed) = end else {
            return;
        };
        let mut dice = Dice(seed);
        for node in &mut world.nodes {
            node.torn(&mut dice, true);
            node.data = node.synced.clone();
        }
        for folder in world.folders.values_mut() {
            let kept = dice.below(folder.pending.len() + 1);
            let pending = std::mem::take(&mut folder.pending);
            for (number, renaming) in pending.into_iter().enumerate() {
                let reached = match renaming {
                    Renaming::Unlink(_) => dice.one_in(2),
                    _ => number < kept,
                };
                if reached {
                    Folder::apply(&mut folder.synced, renaming);
                }
            }
            folder.names = folder.synced.clone();
        }
    }

    /// Holds every sync of a file until released.
    pub(super) fn hold_syncs(&self) {
        self.world().hold_syncs = true;
    }

    /// Waits until a sync is held.
    pub(super) fn wait_for_held_sync(&self) {
        let mut world = self.world();
        while world.held == 0 {
            world = self.world.1.wait(world).unwrap();
        }
    }

    /// Waits while syncs are held.
    pub(super) fn pass_gate(&self) {
        let mut world = self.world();
        while world.hold_syncs {
            world.held += 1;
            self.world.1.notify_all();
            world = self.world.1.wait(world).unwrap();
            world.held -= 1;
        }
    }

    pub(super) fn release_syncs(&self) {
        self.world().hold_syncs = false;
        self.world.1.notify_all();
    }
}
