//! Names, folders and locks.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    FakeFileSystem, Fault, Renaming, World,
    fault::{full, io_error},
    file::FakeFile,
    node::Node,
};
use crate::{
    Room,
    disk::file_system::{FileSystem, Lock, SegmentFile},
};

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
        Ok(Arc::new(FakeFile::new(self, node, world.life)))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn SegmentFile>> {
        let mut world = self.world();
        let _ = world.look()?;
        let node = world.node(path)?;
        Ok(Arc::new(FakeFile::new(self, node, world.life)))
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
        let _ = world.look()?;
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

    fn room(&self, _: &Path) -> io::Result<Room> {
        let world = self.world();
        let (used, capacity) = (world.used() as u64, world.capacity as u64);
        Ok(Room { total: capacity, free: capacity - used })
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
