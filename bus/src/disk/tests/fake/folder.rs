//! A folder's names: as the system shows them, and as the disk has them.

use std::collections::BTreeMap;

#[derive(Clone, Debug, Default)]
pub(super) struct Folder {
    pub(super) names: BTreeMap<String, usize>,
    pub(super) synced: BTreeMap<String, usize>,
    pub(super) pending: Vec<Renaming>,
}

#[derive(Clone, Debug)]
pub(super) enum Renaming {
    Link(String, usize),
    Unlink(String),
    Rename(String, String),
}

impl Folder {
    pub(super) fn apply(names: &mut BTreeMap<String, usize>, renaming: Renaming) {
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

    pub(super) fn change(&mut self, renaming: Renaming) {
        Folder::apply(&mut self.names, renaming.clone());
        self.pending.push(renaming);
    }
}
