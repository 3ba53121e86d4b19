//! The mappings of a pack, compiled: once a version of the pack, not once a message.

use std::{collections::BTreeMap, sync::Arc};

use ioc_mapping::Mapping;
use ioc_model::pack::{Fault, Faults, Feed, Pack};

/// By the file they stand in.
#[derive(Debug, Default)]
pub(crate) struct Mappings(BTreeMap<String, Arc<Mapping>>);

impl Mappings {
    /// # Errors
    /// All that is wrong with all of them.
    pub(crate) fn of_pack(pack: &Pack) -> Result<Mappings, Faults> {
        let mut mappings = Mappings::default();
        let mut faults = Vec::new();
        for mapped in pack.feeds.values().filter_map(|feed| feed.contract.mapping.as_ref()) {
            if mappings.0.contains_key(&mapped.file) {
                continue;
            }
            match Mapping::compile(&mapped.text) {
                Ok(mapping) => drop(mappings.0.insert(mapped.file.clone(), Arc::new(mapping))),
                Err(wrongs) => faults.extend(wrongs.into_iter().map(|wrong| Fault {
                    file: mapped.file.clone(),
                    line: wrong.line,
                    message: format!("{} / {}", wrong.message.en, wrong.message.vi),
                })),
            }
        }
        faults.sort();
        faults.dedup();
        if faults.is_empty() { Ok(mappings) } else { Err(Faults(faults)) }
    }

    /// That of a feed; none where its format needs none.
    pub(crate) fn of_feed(&self, feed: &Feed) -> Option<Arc<Mapping>> {
        self.0.get(&feed.contract.mapping.as_ref()?.file).cloned()
    }
}

/// What is wrong with the mappings of a pack that was parsed; none if nothing is.
#[must_use]
pub fn mapping_faults(pack: &Pack) -> Option<Faults> {
    Mappings::of_pack(pack).err()
}
