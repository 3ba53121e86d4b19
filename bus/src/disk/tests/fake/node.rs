//! A file's bytes: as the page cache shows them, and as the disk has them.

use super::super::Dice;

const SECTOR: usize = 512;

#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    pub(super) data: Vec<u8>,
    pub(super) synced: Vec<u8>,
    pub(super) pending: Vec<Change>,
}

#[derive(Clone, Debug)]
pub(super) enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Length(usize),
}

pub(super) fn apply(data: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    if data.len() < at + bytes.len() {
        data.resize(at + bytes.len(), 0);
    }
    data[at..at + bytes.len()].copy_from_slice(bytes);
}

impl Node {
    /// What the disk holds if only some of the pending changes reached it.
    pub(super) fn torn(&mut self, dice: &mut Dice, inside_sectors: bool) {
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
