//! `map.topo.json`: the boundaries of the current communes, as TopoJSON.
//!
//! The page draws it as it is. Here it is made sure that what is drawn are the communes of the pack, each once:
//! a commune that is missing would be a silent hole, one too many a unit nothing is known of.

use std::{collections::BTreeSet, sync::Arc};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{draft::Draft, faults::FaultLog};
use crate::place::PlaceKind;

/// So many codes are named in a message.
const NAMED: usize = 5;

#[derive(Deserialize)]
struct Topology {
    #[serde(rename = "type")]
    kind: String,
    objects: Objects,
    #[serde(rename = "arcs")]
    _arcs: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
struct Objects {
    communes: Communes,
}

#[derive(Deserialize)]
struct Communes {
    geometries: Vec<Geometry>,
}

#[derive(Deserialize)]
struct Geometry {
    properties: Properties,
}

#[derive(Deserialize)]
struct Properties {
    code: String,
}

/// Reads the file and checks its communes against the places.
pub(super) fn read(file: &str, text: &str, log: &FaultLog, draft: &mut Draft) {
    let topology: Topology = match serde_json::from_str(text) {
        Ok(topology) => topology,
        Err(error) => {
            let message =
                format!("not TopoJSON with 'objects.communes', each with 'properties.code': {error}");
            log.add(file, error.line().max(1), message);
            return;
        }
    };
    if topology.kind != "Topology" {
        log.add(file, 1, format!("its type is '{}', not 'Topology'", topology.kind));
    }
    let mut drawn = BTreeSet::new();
    for geometry in &topology.objects.communes.geometries {
        let code = geometry.properties.code.as_str();
        if !drawn.insert(code) {
            log.add(file, 1, format!("commune {code} is drawn twice"));
        }
    }
    let current: BTreeSet<&str> = draft
        .places
        .iter()
        .filter(|place| {
            place.valid_to.is_none() && matches!(place.kind, PlaceKind::Commune | PlaceKind::Ward)
        })
        .map(|place| place.key.code.as_str())
        .collect();
    for (codes, what) in [
        (
            drawn.difference(&current).copied().collect::<Vec<_>>(),
            "drawn, but no current communes of places.csv",
        ),
        (current.difference(&drawn).copied().collect(), "current communes of places.csv, but not drawn"),
    ] {
        if !codes.is_empty() {
            let some: Vec<&str> = codes.iter().copied().take(NAMED).collect();
            let more = if codes.len() > NAMED {
                format!(" and {} more", codes.len() - NAMED)
            } else {
                String::new()
            };
            log.add(file, 1, format!("{}{more}: {what}", some.join(", ")));
        }
    }
    draft.map = Some(Arc::from(text));
}
