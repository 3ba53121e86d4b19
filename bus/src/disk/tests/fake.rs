//! A file system in memory that keeps apart what was written and what was synced.
//!
//! A power cut keeps of the unsynced writes any set of sectors (512 bytes), some of them cut anywhere, of the unsynced
//! lengths and new names any first part, of the unsynced removals any set. A failed fsync keeps any set of whole
//! sectors too, and shows the others only until the next power cut, as page caches do.

use std::{
    collections::{BTreeMap, HashSet},
    io::{self, IoSlice},
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard},
};

use super::Dice;
use crate::disk::{
    file_system::{FileSystem, Lock, SegmentFile},
    lock,
};

const SECTOR: usize = 512;

/// What goes wrong at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// No space left.
    Full,
    /// Input/output error.
    Io,
    /// Writes less than asked for. Nothing for other calls.
    Short,
    /// The machine or process ends here: this and all later calls do nothing.
    End,
}

/// What is left after the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// `kill -9`: the page cache stays.
    Kill,
    /// The power fails.
    PowerCut(u64),
}

#[derive(Clone, Debug, Default)]
struct Node {
    data: Vec<u8>,
    synced: Vec<u8>,
    pending: Vec<Change>,
}

#[derive(Clone, Debug)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Length(usize),
}

#[derive(Clone, Debug, Default)]
struct Folder {
    names: BTreeMap<String, usize>,
    synced: BTreeMap<String, usize>,
    pending: Vec<Renaming>,
}

#[derive(Clone, Debug)]
enum Renaming {
    Link(String, usize),
    Unlink(String),
    Rename(String, String),
}

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

fn io_error() -> io::Error {
    io::Error::from_raw_os_error(5)
}

fn full() -> io::Error {
    io::Error::from(io::ErrorKind::StorageFull)
}

fn apply(data: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    if data.len() < at + bytes.len() {
        data.resize(at + bytes.len(), 0);
    }
    data[at..at + bytes.len()].copy_from_slice(bytes);
}

impl Node {
    /// What the disk holds if only some of the pending changes reached it.
    fn torn(&mut self, dice: &mut Dice, inside_sectors: bool) {
        let lengths_kept = dice.below(self.pending.len() + 1);
        // All, none, the first so many sectors, or any.
        let (way, mut first) = (dice.below(4), dice.below(40));
        let mut data = std::mem::take(&mut self.synced);
        for (number, change) in std::mem::take(&mut self.pending).into_iter().enumerate() {
            match change {
                Change::Length(length) if number < lengths_kept || way == 0 => data.resize(length, 0),
                Change::Length(_) => {}
                Change::Write { at, bytes } => {
                    let mut done = 0;
                    while done < bytes.len() {
                        let sector_end = ((at + done) / SECTOR + 1) * SECTOR;
                        let end = (sector_end - at).min(bytes.len());
                        let reached = match way {
                            0 => true,
                            1 => false,
                            2 => {
                                first = first.saturating_sub(1);
                                first > 0
                            }
                            _ => dice.one_in(2),
                        };
                        let cut = inside_sectors && way == 3 && dice.one_in(4);
                        let reach = if cut { done + dice.below(end - done) } else { end };
                        if reached {
                            apply(&mut data, at + done, &bytes[done..reach]);
                        }
                        done = end;
                    }
                }
            }
        }
        self.synced = data;
    }
}

impl Folder {
    fn apply(names: &mut BTreeMap<String, usize>, renaming: Renaming) {
        match renaming {
            Renaming::Link(name, node) => {
                names.insert(name, node);
            }
            Renaming::Unlink(name) => {
                names.remove(&name);
            }
            Renaming::Rename(from, to) => {
                if let Some(node) = names.remove(&from) {
                    names.insert(to, node);
                }
            }
        }
    }

    fn change(&mut self, renaming: Renaming) {
        Folder::apply(&mut self.names, renaming.clone());
        self.pending.push(renaming);
    }
}

impl World {
    /// Counts a call that changes something and says what goes wrong.
    fn call(&mut self) -> Result<Option<Fault>, io::Error> {
        self.calls += 1;
        let fault = self.faults.remove(&self.calls);
        self.ended |= fault == Some(Fault::End);
        if self.ended { Err(io_error()) } else { Ok(fault) }
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

    pub(super) fn forget_faults(&self) {
        self.world().faults.clear();
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

    /// All files with their lengths.
    pub(super) fn all_files(&self) -> Vec<(PathBuf, usize)> {
        let world = self.world();
        let files = world.folders.iter().flat_map(|(path, folder)| {
            folder.names.iter().map(|(name, node)| (path.join(name), world.nodes[*node].data.len()))
        });
        files.collect()
    }

    /// Changes a byte behind the log's back.
    pub(super) fn flip(&self, path: &Path, at: usize, mask: u8) {
        let mut world = self.world();
        let node = world.node(path).unwrap();
        world.nodes[node].data[at] ^= mask;
        if let Some(byte) = world.nodes[node].synced.get_mut(at) {
            *byte ^= mask;
        }
    }

    /// Makes the folder chains are made in.
    pub(super) fn create_root(&self) {
        self.world().folders.entry(PathBuf::from("/log")).or_default();
    }

    /// A file's bytes as the page cache shows them.
    pub(super) fn contents(&self, path: &Path) -> Vec<u8> {
        let world = self.world();
        world.nodes[world.node(path).unwrap()].data.clone()
    }

    /// Replaces a file behind the log's back.
    pub(super) fn replace(&self, path: &Path, contents: Vec<u8>) {
        let mut world = self.world();
        let node = world.node(path).unwrap();
        world.nodes[node] = Node { data: contents.clone(), synced: contents, pending: Vec::new() };
    }

    /// Removes a file behind the log's back.
    pub(super) fn lose(&self, path: &Path) {
        let (folder, name) = World::split(path);
        let mut world = self.world();
        let folder = world.folders.get_mut(&folder).unwrap();
        folder.names.remove(&name);
        folder.synced.remove(&name);
    }
}

impl FileSystem for FakeFileSystem {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        let mut world = self.world();
        world.call()?;
        world.folders.entry(path.to_owned()).or_default();
        Ok(())
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn SegmentFile>> {
        let mut world = self.world();
        match world.call()? {
            Some(Fault::Io) => return Err(io_error()),
            Some(Fault::Full) => return Err(full()),
            _ => {}
        }
        let node = world.nodes.len();
        world.nodes.push(Node::default());
        let (folder, name) = World::split(path);
        world.folder(&folder)?.change(Renaming::Link(name, node));
        Ok(Arc::new(FakeFile { files: self.clone(), node, life: world.life }))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn SegmentFile>> {
        let world = self.world();
        if world.ended {
            return Err(io_error());
        }
        let node = world.node(path)?;
        Ok(Arc::new(FakeFile { files: self.clone(), node, life: world.life }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut world = self.world();
        let fault = world.call()?;
        let happens = fault != Some(Fault::Full) && (fault != Some(Fault::Io) || world.dice.one_in(2));
        world.node(from)?;
        let ((folder, from), (_, to)) = (World::split(from), World::split(to));
        if happens {
            world.folder(&folder)?.change(Renaming::Rename(from, to));
        }
        match fault {
            Some(Fault::Io) => Err(io_error()),
            Some(Fault::Full) => Err(full()),
            _ => Ok(()),
        }
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut world = self.world();
        if let Some(Fault::Io | Fault::Full) = world.call()? {
            return Err(io_error());
        }
        world.node(path)?;
        let (folder, name) = World::split(path);
        world.folder(&folder)?.change(Renaming::Unlink(name));
        Ok(())
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<String>> {
        let mut world = self.world();
        if world.ended {
            return Err(io_error());
        }
        Ok(world.folder(folder)?.names.keys().cloned().collect())
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let mut world = self.world();
        match world.call()? {
            Some(Fault::Io) => return Err(io_error()),
            Some(Fault::Full) => return Err(full()),
            _ => {}
        }
        let folder = world.folder(folder)?;
        folder.synced = folder.names.clone();
        folder.pending.clear();
        Ok(())
    }

    fn lock(&self, path: &Path) -> io::Result<Result<Box<dyn Lock>, String>> {
        let mut world = self.world();
        if world.ended {
            return Err(io_error());
        }
        if !world.locks.insert(path.to_owned()) {
            return Ok(Err("process 1".to_owned()));
        }
        Ok(Ok(Box::new(FakeLock { files: self.clone(), path: path.to_owned(), life: world.life })))
    }
}

#[derive(Debug)]
struct FakeLock {
    files: FakeFileSystem,
    path: PathBuf,
    life: u64,
}

impl Lock for FakeLock {}

impl Drop for FakeLock {
    fn drop(&mut self) {
        let mut world = self.files.world();
        if world.life == self.life {
            world.locks.remove(&self.path);
        }
    }
}

/// A torn mark leaves the one before whole only if that one was synced before.
fn assert_marks_apart(node: &Node, at: usize) {
    let other = match at {
        1024 => 2048,
        2048 => 1024,
        _ => return,
    };
    let unsynced =
        node.pending.iter().any(|change| matches!(change, Change::Write { at, .. } if *at == other));
    assert!(!unsynced, "a mark is written while the one in the other slot is not synced");
}

#[derive(Debug)]
struct FakeFile {
    files: FakeFileSystem,
    node: usize,
    life: u64,
}

impl FakeFile {
    fn world(&self) -> io::Result<MutexGuard<'_, World>> {
        let world = self.files.world();
        if world.ended || world.life != self.life { Err(io_error()) } else { Ok(world) }
    }
}

impl SegmentFile for FakeFile {
    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        let world = self.world()?;
        let data = &world.nodes[self.node].data;
        let from = (at as usize).min(data.len());
        let read = buffer.len().min(data.len() - from);
        buffer[..read].copy_from_slice(&data[from..from + read]);
        Ok(read)
    }

    fn write_at(&self, parts: &[IoSlice<'_>], at: u64) -> io::Result<usize> {
        let mut world = self.world()?;
        let fault = world.call()?;
        world.writes += 1;
        let mut bytes: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).collect();
        let at = at as usize;
        let grows = (at + bytes.len()).saturating_sub(world.nodes[self.node].data.len());
        let fault =
            if grows > 0 && world.used() + grows > world.capacity { Some(Fault::Full) } else { fault };
        if fault.is_some() {
            let least = usize::from(fault == Some(Fault::Short));
            let kept = least + world.dice.below(bytes.len().max(1) - least);
            bytes.truncate(kept);
        }
        let node = &mut world.nodes[self.node];
        assert_marks_apart(node, at);
        apply(&mut node.data, at, &bytes);
        let written = bytes.len();
        node.pending.push(Change::Write { at, bytes });
        match fault {
            Some(Fault::Io) => Err(io_error()),
            Some(Fault::Full) => Err(full()),
            _ => Ok(written),
        }
    }

    fn allocate(&self, length: u64) -> io::Result<()> {
        let mut world = self.world()?;
        let fault = world.call()?;
        let length = length as usize;
        let grows = length.saturating_sub(world.nodes[self.node].data.len());
        let fault =
            if grows > 0 && world.used() + grows > world.capacity { Some(Fault::Full) } else { fault };
        match fault {
            Some(Fault::Io) => return Err(io_error()),
            Some(Fault::Full) => return Err(full()),
            _ => {}
        }
        if grows > 0 {
            let node = &mut world.nodes[self.node];
            node.data.resize(length, 0);
            node.pending.push(Change::Length(length));
        }
        Ok(())
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        let mut world = self.world()?;
        match world.call()? {
            Some(Fault::Io) => return Err(io_error()),
            Some(Fault::Full) => return Err(full()),
            _ => {}
        }
        let node = &mut world.nodes[self.node];
        node.data.resize(length as usize, 0);
        node.pending.push(Change::Length(length as usize));
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.world()?.nodes[self.node].data.len() as u64)
    }

    fn sync(&self) -> io::Result<()> {
        drop(self.world()?);
        self.files.pass_gate();
        let mut world = self.files.world();
        if world.life != self.life {
            return Err(io_error());
        }
        let fault = world.call()?;
        world.syncs += 1;
        let mut dice = Dice(world.dice.roll());
        let node = &mut world.nodes[self.node];
        match fault {
            // What did not reach the disk is clean all the same, and is never written again by itself.
            Some(Fault::Io | Fault::Full) => {
                node.torn(&mut dice, false);
                Err(if fault == Some(Fault::Io) { io_error() } else { full() })
            }
            _ => {
                // Only what is pending: a byte lost by a failed sync stays lost.
                for change in std::mem::take(&mut node.pending) {
                    match change {
                        Change::Write { at, bytes } => apply(&mut node.synced, at, &bytes),
                        Change::Length(length) => node.synced.resize(length, 0),
                    }
                }
                Ok(())
            }
        }
    }
}
