//! Whose messages are cut or counted wrongly: by log source of the pack.
//!
//! How many there are in all says that some device must be mended, and not which. A label is kept for ever, and an address
//! costs whoever makes it up nothing: so labels are the log sources that the pack names, and everybody else is one
//! ([`OTHER`]). Who that is stands with each piece in the store, and for the last of them in the notices at the door
//! (invariant BOUND).

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use ioc_model::pack::Pack;

use crate::transport::counters::{CountersByLabel, LabelledMetric};

/// Who is no log source of the pack.
const OTHER: &str = "other";
/// Names of packs that were taken over one after the other are all kept, up to so many.
const LABELS: usize = 4_096;

/// What is wrong with a message or a piece of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SyslogFault {
    /// A piece that is no message: a count that lies, an end within a frame.
    Framing,
    /// A message whose sender counted characters where bytes are counted.
    CountedCharacters,
    /// A message over a limit, of which size and hash are kept.
    Oversize,
}

impl SyslogFault {
    const ALL: [SyslogFault; 3] =
        [SyslogFault::Framing, SyslogFault::CountedCharacters, SyslogFault::Oversize];

    fn word(self) -> &'static str {
        match self {
            SyslogFault::Framing => "framing",
            SyslogFault::CountedCharacters => "counted_characters",
            SyslogFault::Oversize => "oversize",
        }
    }
}

/// How often each fault was of each log source.
#[derive(Debug)]
pub(super) struct SyslogFaults(Mutex<BTreeMap<Box<str>, [u64; SyslogFault::ALL.len()]>>);

impl Default for SyslogFaults {
    fn default() -> SyslogFaults {
        SyslogFaults(Mutex::new(BTreeMap::from([(OTHER.into(), Default::default())])))
    }
}

impl SyslogFaults {
    /// One more of a sender, as the pack knows it.
    pub(super) fn one(&self, pack: &Pack, sender: &str, fault: SyslogFault) {
        let label = pack.log_source_of(sender).map_or(OTHER, |log_source| log_source.id.as_str());
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let has_room = counts.len() < LABELS || counts.contains_key(label);
        let label = if has_room { label } else { OTHER };
        if let Some(counts) = counts.get_mut(label) {
            counts[fault as usize] += 1;
        } else {
            let mut new = [0; SyslogFault::ALL.len()];
            new[fault as usize] = 1;
            let _new = counts.insert(label.into(), new);
        }
    }
}

impl CountersByLabel for SyslogFaults {
    fn name(&self) -> &'static str {
        "faults"
    }

    fn help(&self) -> &'static str {
        "Pieces and messages of each log source with a fault: framing, counted_characters, oversize; other: of senders that are no log source of the pack"
    }

    fn labels(&self) -> &'static [&'static str] {
        &["log_source", "fault"]
    }

    fn metrics(&self) -> Vec<LabelledMetric> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let metrics = counts.iter().flat_map(|(label, counts)| {
            SyslogFault::ALL.map(|fault| LabelledMetric {
                labels: vec![label.to_string(), fault.word().to_owned()],
                count: counts[fault as usize],
            })
        });
        metrics.collect()
    }
}

#[cfg(test)]
mod tests {
    use ioc_model::pack::LogSource;

    use super::*;

    fn pack(known: impl Iterator<Item = usize>) -> Pack {
        let log_source = |number: usize| {
            let address = std::net::Ipv4Addr::from(0x0a00_0000 + number as u32);
            let source = ioc_testing::log_source(&format!("fw-{number}"));
            let addresses = vec![ipnet::IpNet::from(std::net::IpAddr::from(address))];
            (source.id.clone(), LogSource { addresses, ..source })
        };
        Pack { log_sources: known.map(log_source).collect(), ..Pack::default() }
    }

    fn told(faults: &SyslogFaults) -> Vec<(String, String, u64)> {
        let metrics = faults.metrics().into_iter().filter(|metric| metric.count > 0);
        metrics.map(|metric| (metric.labels[0].clone(), metric.labels[1].clone(), metric.count)).collect()
    }

    #[test]
    fn bound_a_fault_is_its_log_sources_and_addresses_that_anybody_makes_up_are_one_label() {
        let faults = SyslogFaults::default();
        assert_eq!(faults.metrics().len(), SyslogFault::ALL.len(), "it is told before anything happened");
        let pack = pack(1..3);
        for _ in 0..3 {
            faults.one(&pack, "10.0.0.1", SyslogFault::Framing);
        }
        faults.one(&pack, "10.0.0.2", SyslogFault::Oversize);
        for number in 0..50_000u32 {
            let address = std::net::Ipv4Addr::from(0xc000_0200 + number);
            faults.one(&pack, &address.to_string(), SyslogFault::CountedCharacters);
        }
        let of = |label: &str, fault: &str, count| (label.to_owned(), fault.to_owned(), count);
        let expected =
            [of("fw-1", "framing", 3), of("fw-2", "oversize", 1), of("other", "counted_characters", 50_000)];
        assert_eq!(told(&faults), expected);
    }

    #[test]
    fn bound_log_sources_of_ever_new_packs_become_other_in_the_end() {
        let faults = SyslogFaults::default();
        for number in 0..LABELS + 9 {
            let address = std::net::Ipv4Addr::from(0x0a00_0000 + number as u32).to_string();
            faults.one(&pack(number..number + 1), &address, SyslogFault::Framing);
        }
        let told = told(&faults);
        assert_eq!(told.len(), LABELS);
        assert_eq!(told.iter().map(|(_, _, count)| count).sum::<u64>(), LABELS as u64 + 9, "none is lost");
    }
}
