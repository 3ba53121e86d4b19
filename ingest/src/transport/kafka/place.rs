//! How far topics were read: the next offset of each partition, by the topic's identity.

use std::{collections::BTreeMap, fmt::Write as _};

use ioc_bus::LogId;
use ioc_model::{
    attribute::RecordPlace,
    loss::{Deleted, Loss},
};
use serde::{Deserialize, Serialize};

/// Partitions that are named where a place is told.
const TOLD: usize = 6;

/// How far all topics of a feed were read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    /// Where in our log nothing of it lies any more that this place does not know of.
    pub(super) log: Option<InLog>,
    /// By name.
    pub(super) topics: BTreeMap<String, TopicPlace>,
}

/// A place in our log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InLog {
    pub(super) id: LogId,
    pub(super) partition: u16,
    pub(super) next: u64,
}

/// How far a topic was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TopicPlace {
    /// Its identity; empty where the brokers give none.
    pub(super) id: String,
    /// It took the place of one that was known.
    pub(super) made_anew: bool,
    pub(super) partitions: BTreeMap<i32, PartitionPlace>,
}

/// How far a partition was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PartitionPlace {
    /// The first offset that was not read.
    pub(super) next: u64,
    /// Behind its last record, as it was seen last.
    pub(super) end: u64,
    /// When the record before `next` was written. Milliseconds since 1970.
    pub(super) at: Option<i64>,
    /// It was this member's when it was read last.
    pub(super) ours: bool,
}

impl Place {
    /// From what a cursor holds; nothing was read where there is none.
    pub(super) fn parse(text: Option<&str>) -> Result<Place, serde_json::Error> {
        text.map_or_else(|| Ok(Place::default()), serde_json::from_str)
    }

    /// What a cursor holds.
    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// A topic has that identity. Where it had another one, it is another topic: how many records of the one before were
    /// seen and not read.
    pub(super) fn meet(&mut self, name: &str, id: &str) -> Option<u64> {
        let Some(topic) = self.topics.get_mut(name) else {
            let topic = TopicPlace { id: id.to_owned(), ..TopicPlace::default() };
            let _none = self.topics.insert(name.to_owned(), topic);
            return None;
        };
        if topic.is(id) {
            if topic.id.is_empty() {
                id.clone_into(&mut topic.id);
            }
            return None;
        }
        let ours = topic.partitions.values().filter(|partition| partition.ours);
        let unread = ours.map(|partition| partition.end.saturating_sub(partition.next)).sum();
        *topic = TopicPlace { id: id.to_owned(), made_anew: true, partitions: BTreeMap::new() };
        Some(unread)
    }

    /// Its identity; empty where it is not known.
    pub(super) fn id_of(&self, name: &str) -> &str {
        self.topics.get(name).map_or("", |topic| topic.id.as_str())
    }

    pub(super) fn partition(&self, name: &str, partition: i32) -> Option<&PartitionPlace> {
        self.topics.get(name)?.partitions.get(&partition)
    }

    pub(super) fn partition_mut(&mut self, name: &str, partition: i32) -> Option<&mut PartitionPlace> {
        self.topics.get_mut(name)?.partitions.get_mut(&partition)
    }

    /// A partition is seen to end there.
    pub(super) fn saw(&mut self, name: &str, partition: i32, end: u64) {
        if let Some(place) = self.partition_mut(name, partition) {
            place.end = place.next.max(end);
        }
    }

    /// It is on our log: a record that was written then (milliseconds since 1970), or what stands for a loss.
    pub(super) fn found(&mut self, record: &RecordPlace<'_>, loss: Option<Loss>, written: Option<i64>) {
        let RecordPlace { topic, partition, offset, topic_id } = *record;
        if let Some(Loss::MadeAnew { .. }) = loss {
            let _unread = self.meet(topic, topic_id);
            return;
        }
        let next = match loss {
            Some(Loss::Records(Deleted { last, .. })) => last + 1,
            _ => offset + 1,
        };
        let Some(topic) = self.topics.get_mut(topic).filter(|topic| topic.is(topic_id)) else { return };
        let place = topic.partitions.entry(partition).or_default();
        if next > place.next {
            (place.next, place.at) = (next, written.or(place.at));
        }
        place.end = place.end.max(next);
    }

    /// Those that are this member's no more.
    pub(super) fn give_up(&mut self) {
        let partitions = self.topics.values_mut().flat_map(|topic| topic.partitions.values_mut());
        partitions.for_each(|partition| partition.ours = false);
    }

    /// In words that an operator knows.
    pub(super) fn told(&self) -> String {
        let ours: Vec<(&String, &i32, &PartitionPlace)> = self
            .topics
            .iter()
            .flat_map(|(name, topic)| {
                topic.partitions.iter().map(move |(number, place)| (name, number, place))
            })
            .filter(|(_, _, place)| place.ours)
            .collect();
        let mut told = String::new();
        for (name, number, PartitionPlace { next, end, .. }) in ours.iter().take(TOLD) {
            let separator = if told.is_empty() { "" } else { ", " };
            // Writing to a string cannot fail.
            let _ = write!(told, "{separator}{name}[{number}] {next}/{}", end.max(next));
        }
        if ours.len() > TOLD {
            let _ = write!(told, " … +{}", ours.len() - TOLD);
        }
        told
    }
}

impl TopicPlace {
    /// Whether it, or the one before it, was begun.
    pub(super) fn is_begun(&self) -> bool {
        self.made_anew || !self.partitions.is_empty()
    }

    /// Whether it is the topic of that identity. Where one of the two is not known, nothing says that it is not.
    pub(super) fn is(&self, id: &str) -> bool {
        self.id.is_empty() || id.is_empty() || self.id == id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_to(next: u64, end: u64) -> Place {
        let partition = PartitionPlace { next, end, at: Some(7), ours: true };
        let topic = TopicPlace { id: "A".to_owned(), made_anew: false, partitions: [(0, partition)].into() };
        Place { log: None, topics: [("air".to_owned(), topic)].into() }
    }

    #[test]
    fn once_a_place_is_read_as_it_was_kept() {
        let mut place = read_to(100, 140);
        let id = LogId::from_bytes([7; 16]);
        place.log = Some(InLog { id, partition: 2, next: 41 });
        assert_eq!(Place::parse(Some(&place.text())).unwrap(), place);
        assert_eq!(Place::parse(None).unwrap(), Place::default());
        assert!(Place::parse(Some("{\"topics\":3}")).is_err());
        assert_eq!(place.told(), "air[0] 100/140");
    }

    #[test]
    fn once_a_topic_that_was_made_anew_is_another_one_and_what_was_not_read_is_counted() {
        let mut place = read_to(100, 140);
        assert_eq!(place.meet("air", "A"), None);
        assert_eq!(place.meet("air", ""), None, "who says nothing says nothing else");
        assert_eq!(place.meet("air", "B"), Some(40));
        assert_eq!((place.id_of("air"), place.partition("air", 0)), ("B", None));
        assert_eq!(place.meet("water", "C"), None);
        // What appears in the one is read from its first record; the other has not been begun yet.
        let is_begun = |name: &str| place.topics[name].is_begun();
        assert!(is_begun("air") && !is_begun("water"));
        // A partition that another member reads is not counted as unread here.
        let mut given_up = read_to(100, 140);
        given_up.give_up();
        assert_eq!(given_up.meet("air", "B"), Some(0));
    }

    #[test]
    fn once_what_is_on_the_log_is_read_and_what_was_told_as_lost_is_not_told_again() {
        let mut place = read_to(100, 100);
        let at = |offset, topic_id| RecordPlace { topic: "air", partition: 0, offset, topic_id };
        let lost = Deleted { partition: 0, first: 100, last: 139, after: None, before: None };
        place.found(&at(100, "A"), Some(Loss::Records(lost)), None);
        assert_eq!(place.partition("air", 0).unwrap().next, 140);
        place.found(&at(150, "A"), None, Some(9));
        place.found(&at(149, "A"), None, None);
        place.found(&at(900, "another topic of the name"), None, None);
        let read = place.partition("air", 0).unwrap();
        assert_eq!((read.next, read.at), (151, Some(9)));
        place.found(&at(0, "B"), Some(Loss::MadeAnew { unread: 0 }), None);
        place.found(&at(0, "B"), None, None);
        assert_eq!((place.id_of("air"), place.partition("air", 0).unwrap().next), ("B", 1));
    }
}
