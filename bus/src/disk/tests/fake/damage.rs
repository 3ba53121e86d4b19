//! What happens to files behind the log's back.

use std::path::{Path, PathBuf};

use super::{FakeFileSystem, Node, World};

impl FakeFileSystem {
    /// All files with their lengths.
    pub(crate) fn all_files(&self) -> Vec<(PathBuf, usize)> {
        let world = self.world();
        let files = world.folders.iter().flat_map(|(path, folder)| {
            folder.names.iter().map(|(name, node)| (path.join(name), world.nodes[*node].data.len()))
        });
        files.collect()
    }

    /// Changes a byte behind the log's back.
    pub(crate) fn flip(&self, path: &Path, at: usize, mask: u8) {
        let mut world = self.world();
        let node = world.node(path).unwrap();
        world.nodes[node].data[at] ^= mask;
        if let Some(byte) = world.nodes[node].synced.get_mut(at) {
            *byte ^= mask;
        }
    }

    /// Makes the folder chains are made in.
    pub(crate) fn create_root(&self) {
        self.world().folders.entry(PathBuf::from("/log")).or_default();
    }

    /// A file's bytes as the page cache shows them.
    pub(crate) fn contents(&self, path: &Path) -> Vec<u8> {
        let world = self.world();
        world.nodes[world.node(path).unwrap()].data.clone()
    }

    /// Replaces a file behind the log's back.
    pub(crate) fn replace(&self, path: &Path, contents: Vec<u8>) {
        let mut world = self.world();
        let node = world.node(path).unwrap();
        world.nodes[node] = Node { data: contents.clone(), synced: contents, pending: Vec::new() };
    }

    /// Removes a file behind the log's back.
    pub(crate) fn lose(&self, path: &Path) {
        let (folder, name) = World::split(path);
        let mut world = self.world();
        let folder = world.folders.get_mut(&folder).unwrap();
        folder.names.remove(&name);
        folder.synced.remove(&name);
    }
}
