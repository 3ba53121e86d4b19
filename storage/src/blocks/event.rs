//! Rows of what happened.

use std::{net::IpAddr, sync::Arc};

use arrow_array::{ArrayRef, FixedSizeBinaryArray, Int32Array, UInt16Array};
use ioc_model::{
    epoch::Epoch,
    event::{Endpoint, Event, network},
    results::StoredEvent,
};

use super::{
    Columnar,
    columns::{Columns, arrivals, enums, flags, known_names, lists, names, numbers, texts, times},
};

impl Columnar for StoredEvent {
    fn columns(rows: &[&Self], _: Epoch) -> Columns {
        let events = || rows.iter().map(|row| &*row.0);
        let text = |of: fn(&Event) -> &str| texts(events().map(of));
        let word = |of: fn(&Event) -> &str| names(events().map(of));
        let address = |of: fn(&Event) -> Option<IpAddr>| {
            let spelled: Vec<String> = events()
                .map(|event| of(event).map_or_else(String::new, |address| address.to_string()))
                .collect();
            texts(spelled.iter().map(String::as_str))
        };
        let port = |of: fn(&Event) -> Endpoint| -> ArrayRef {
            Arc::new(events().map(|event| of(event).port).collect::<UInt16Array>())
        };
        let attributes = || events().flat_map(|event| &event.attributes);
        let attribute = |items| lists(events().map(|event| event.attributes.len()), items);
        let mut columns = vec![
            ("kind", enums(events().map(|event| event.kind as u8))),
            ("log_source", known_names(events().map(|event| event.log_source))),
            ("known", flags(events().map(|event| event.known))),
            ("relay", known_names(events().map(|event| event.relay))),
            ("happened_at", times(events().map(|event| event.happened_at.0))),
            ("time_from", enums(events().map(|event| event.time_from as u8))),
            ("severity", enums(events().map(|event| event.severity as u8))),
            ("rated", word(|event| &event.rated)),
            ("category", word(|event| &event.category)),
            ("signature", text(|event| &event.signature)),
            ("signature_id", text(|event| &event.signature_id)),
            ("decided", enums(events().map(|event| event.decided as u8))),
            ("source_address", address(|event| event.from.address)),
            ("source_port", port(|event| event.from)),
            ("source_network", address(|event| event.from.address.map(network))),
            ("target_address", address(|event| event.to.address)),
            ("target_port", port(|event| event.to)),
            ("protocol", word(|event| &event.protocol)),
            ("user", text(|event| &event.user)),
            ("host", word(|event| &event.host)),
            ("program", text(|event| &event.program)),
            ("message", text(|event| &event.message)),
            ("weight", numbers(events().map(|event| event.weight))),
            ("attempts", Arc::new(Int32Array::from_iter_values(events().map(|event| event.attempts)))),
            ("attributes.name", attribute(names(attributes().map(|(name, _)| &**name)))),
            ("attributes.text", attribute(texts(attributes().map(|(_, text)| &**text)))),
            ("key", keys(events())),
            ("feed", known_names(events().map(|event| event.feed))),
            ("sender", known_names(events().map(|event| event.sender))),
        ];
        columns.extend(arrivals(events().map(|event| &event.arrival)));
        columns
    }
}

/// Zeros where an event has none.
fn keys<'a>(events: impl Iterator<Item = &'a Event>) -> ArrayRef {
    let bytes: Vec<u8> = events.flat_map(|event| event.key.map_or([0; 16], |key| key.0)).collect();
    Arc::new(FixedSizeBinaryArray::new(16, bytes.into(), None))
}
