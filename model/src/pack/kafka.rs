//! A feed that is read from topics of a Kafka cluster: where, which, and as which group.

use super::{Transport, document::Section, draft::Draft};

/// Kafka's own bound of a topic's name.
const LONGEST_NAME: usize = 249;

/// What is read of a Kafka cluster. Who logs in there is not the pack's to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KafkaFeed {
    /// Brokers that are asked for the others, each `host:port`.
    pub brokers: Vec<String>,
    /// The topics' names.
    pub topics: Vec<String>,
    /// The group that reads them: its members share the partitions.
    pub group: String,
    /// Where a topic is begun that nothing was ever read of.
    pub start: KafkaStart,
}

/// Where a topic is begun that nothing was ever read of. One that is known is read on from where it was, and what
/// appears in it later from its first record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KafkaStart {
    /// At the first record that is there.
    First,
    /// Behind the last one.
    New,
}

impl KafkaStart {
    const ALL: [KafkaStart; 2] = [KafkaStart::First, KafkaStart::New];

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            KafkaStart::First => "first",
            KafkaStart::New => "new",
        }
    }
}

impl KafkaFeed {
    /// Where it is, as people are told.
    #[must_use]
    pub fn address(&self) -> String {
        format!("kafka://{}", self.brokers.join(","))
    }
}

/// Reads `transport = { kind = "kafka", … }`.
pub(super) fn read(id: &str, table: &mut Section<'_>, draft: &Draft) -> KafkaFeed {
    let brokers = read_list(id, table, "brokers", "a broker", |broker| {
        let said = "is no broker: write host:port, without user and password, which lie in kafka.toml in the data folder";
        (!is_broker(broker)).then_some(said)
    });
    let topics = read_list(id, table, "topics", "a topic", |topic| {
        let said =
            "is no name of a topic: letters, digits, '.', '_' and '-', at most 249; patterns are not taken";
        (!is_topic(topic)).then_some(said)
    });
    let line = table.line_of("group");
    let group = table.text("group", "\"ioc-tay-ninh\"");
    if group.len() > LONGEST_NAME
        || group.chars().any(|character| character.is_control() || character.is_whitespace())
    {
        table.fault(line, format!("{id}: 'group' is a name without blanks, of at most {LONGEST_NAME} bytes"));
    }
    let line = table.line_of("start");
    let start = match table.optional_text("start") {
        None => KafkaStart::First,
        Some(word) => match KafkaStart::ALL.into_iter().find(|start| start.word() == word) {
            Some(start) => start,
            None => {
                let message = format!(
                    "{id}: 'start' is \"first\" (the first record that is there) or \"new\" (what comes from now on), not \
                     '{word}'"
                );
                table.fault(line, message);
                KafkaStart::First
            }
        },
    };
    let feed = KafkaFeed { brokers, topics, group, start };
    check_others(id, table, &feed, draft);
    feed
}

/// Texts none of which is there twice, and at least one.
fn read_list(
    id: &str,
    table: &mut Section<'_>,
    key: &str,
    one: &str,
    fault: impl Fn(&str) -> Option<&'static str>,
) -> Vec<String> {
    let mut read: Vec<String> = Vec::new();
    let texts = table.texts(key);
    if texts.is_empty() {
        table.fault(table.line_of(key), format!("{id}: '{key}' must name at least {one}"));
    }
    for (line, text) in texts {
        if let Some(fault) = fault(&text) {
            table.fault(line, format!("{id}: '{key}': '{text}' {fault}"));
        } else if read.contains(&text) {
            table.fault(line, format!("{id}: '{key}': '{text}' is named twice"));
        }
        read.push(text);
    }
    read
}

/// Two feeds of one topic would bring its records twice, or, as one group, each a part of them.
fn check_others(id: &str, table: &Section<'_>, feed: &KafkaFeed, draft: &Draft) {
    for other in draft.feeds.values() {
        let Transport::Kafka(theirs) = &other.transport else { continue };
        if !theirs.brokers.iter().any(|broker| feed.brokers.contains(broker)) {
            continue;
        }
        if let Some(topic) = theirs.topics.iter().find(|topic| feed.topics.contains(topic)) {
            let message = format!("{id}: topic '{topic}' is read by feed '{}' already", other.id);
            table.fault(table.line_of("topics"), message);
        } else if theirs.group == feed.group {
            let message = format!(
                "{id}: 'group': '{}' is the group of feed '{}', which reads other topics: each feed needs its own",
                feed.group, other.id
            );
            table.fault(table.line_of("group"), message);
        }
    }
}

fn is_broker(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(host) => host,
        None if host.contains(':') => return false,
        None => host,
    };
    !host.is_empty()
        && !host.contains(['@', '/', '?', '#', ',', '[', ']'])
        && !host.contains(char::is_whitespace)
        && port.parse::<u16>().is_ok_and(|port| port > 0)
}

fn is_topic(text: &str) -> bool {
    let is_of_a_name =
        |character: char| character.is_ascii_alphanumeric() || ['.', '_', '-'].contains(&character);
    !text.is_empty()
        && text.len() <= LONGEST_NAME
        && text != "."
        && text != ".."
        && text.chars().all(is_of_a_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brokers_and_topics_are_told_from_what_is_none() {
        for broker in ["kafka-1.example.vn:9092", "10.0.0.7:9092", "[::1]:9092"] {
            assert!(is_broker(broker), "{broker}");
        }
        for broker in
            ["", "kafka", "kafka:0", "kafka:x", "u:p@kafka:9092", "kafka://h:9092", "::1:9092", "a,b:9092"]
        {
            assert!(!is_broker(broker), "{broker}");
        }
        for topic in ["tay-ninh-air", "a.b_c"] {
            assert!(is_topic(topic), "{topic}");
        }
        for topic in ["", ".", "..", "a b", "^air.*", "không"] {
            assert!(!is_topic(topic), "{topic}");
        }
        assert!(!is_topic(&"x".repeat(250)));
    }
}
