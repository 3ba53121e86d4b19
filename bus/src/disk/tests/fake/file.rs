//! Reads, writes and syncs of a file.

use std::{
    io::{self, IoSlice},
    sync::MutexGuard,
};

use super::{
    FakeFileSystem, Fault, ReadFault, World,
    fault::{full, io_error},
    node::{Change, Node, apply},
};
use crate::disk::{file_system::SegmentFile, tests::Dice};

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
pub(super) struct FakeFile {
    files: FakeFileSystem,
    node: usize,
    life: u64,
}

impl FakeFile {
    pub(super) fn new(files: &FakeFileSystem, node: usize, life: u64) -> FakeFile {
        FakeFile { files: files.clone(), node, life }
    }

    fn world(&self) -> io::Result<MutexGuard<'_, World>> {
        let world = self.files.world();
        if world.ended || world.life != self.life { Err(io_error()) } else { Ok(world) }
    }
}

impl SegmentFile for FakeFile {
    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        let mut world = self.world()?;
        let short = world.look()? == Some(ReadFault::Short);
        let data = &world.nodes[self.node].data;
        let from = (at as usize).min(data.len());
        let there = buffer.len().min(data.len() - from);
        let read = if short { there.div_ceil(3) } else { there };
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
        let mut world = self.world()?;
        let _ = world.look()?;
        Ok(world.nodes[self.node].data.len() as u64)
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
