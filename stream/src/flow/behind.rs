//! Who reports, of hosts that only their relay knows: decided where the relay is held.

use std::collections::BTreeMap;

use ioc_model::event::Event;
use timely::{
    container::CapacityContainerBuilder,
    dataflow::{Stream, channels::pact::Exchange, operators::generic::operator::Operator},
};

use super::{Between, OpenEpoch, ToReport, parcels::Reports};
use crate::{behind::Relays, exchange::Addresses};

/// Takes events to the worker that holds their relay, names their log sources in order of arrival, and sends them on to the
/// workers that hold those.
pub(super) fn named<'scope>(
    unnamed: Stream<'scope, u64, Vec<Reports>>,
    mut relays: Relays,
    addresses: Addresses,
    open: Between<OpenEpoch>,
    to_report: Between<ToReport>,
) -> Stream<'scope, u64, Vec<Reports>> {
    let by_relay = Exchange::new(|reports: &Reports| u64::from(reports.worker));
    unnamed.unary_frontier::<CapacityContainerBuilder<Vec<Reports>>, _, _, _>(
        by_relay,
        "name",
        move |capability, _| {
            let mut stash: BTreeMap<u64, Vec<Box<Event>>> = BTreeMap::new();
            let mut capability = Some(capability);
            move |(reports, frontier), output| {
                reports.for_each(|stamp, reports: &mut Vec<Reports>| {
                    let Some(epoch) = stamp.least() else { return };
                    let events = stash.entry(*epoch).or_default();
                    reports.drain(..).for_each(|reports| events.extend(reports.events));
                });
                let mut open = open.borrow_mut();
                while let Some(entry) = open.first_entry() {
                    let Some(held) = capability.as_mut() else { return };
                    if frontier.frontier().less_equal(entry.key()) {
                        break;
                    }
                    let (number, epoch) = entry.remove_entry();
                    let mut events = stash.remove(&number).unwrap_or_default();
                    events.sort_by_key(|event| event.arrival);
                    let untold = relays.name(events.iter_mut().map(|event| &mut **event), epoch.facts.now);
                    let records = epoch.checkpoint.then(|| relays.records().collect());
                    let next = epoch.facts.epoch.next();
                    let _ =
                        to_report.borrow_mut().insert(number, ToReport { epoch, untold, relays: records });
                    held.downgrade(&number);
                    output.session(held).give_iterator(by_log_source(events, &addresses));
                    held.downgrade(&next.0);
                }
                if frontier.is_empty() {
                    capability = None;
                }
            }
        },
    )
}

/// One parcel for each worker that holds a log source of theirs.
#[allow(clippy::vec_box, reason = "they travel so")]
fn by_log_source(events: Vec<Box<Event>>, addresses: &Addresses) -> impl Iterator<Item = Reports> + use<> {
    let mut parcels: BTreeMap<usize, Reports> = BTreeMap::new();
    for event in events {
        let holder = addresses.of_name(&event.log_source);
        let worker = u32::try_from(holder).expect("fewer workers than shards");
        let of_holder = || Reports { worker, events: Vec::new() };
        parcels.entry(holder).or_insert_with(of_holder).events.push(event);
    }
    parcels.into_values()
}
