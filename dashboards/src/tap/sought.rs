//! What a tap tells of.

use ioc_model::{asker::Asker, attribute::Attribute, envelope::Envelope, pattern, topic::TopicFilter};
use serde::{Deserialize, Serialize};

use super::Message;

/// What became of a message, or of some of its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Rows were stored.
    Stored,
    /// Rows were there already.
    Duplicate,
    /// Rows were rejected, or all of it.
    Rejected,
    /// No feed claims its address. It is rejected, too.
    Unmatched,
    /// Its sender may not send that. It is rejected, too.
    Forbidden,
    /// Rows wait for the word of an operator.
    Held,
    /// Old rows wait until their day is read back.
    Waiting,
    /// It carries nothing, by design.
    Empty,
    /// It is judged, and what of it were duplicates is not remembered: nothing of it was stored or rejected.
    Nothing,
    /// It is not judged yet.
    Pending,
    /// Somebody was turned away at the door: no message at all.
    Refused,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Outcome; 11] = [
        Outcome::Stored,
        Outcome::Duplicate,
        Outcome::Rejected,
        Outcome::Unmatched,
        Outcome::Forbidden,
        Outcome::Held,
        Outcome::Waiting,
        Outcome::Empty,
        Outcome::Nothing,
        Outcome::Pending,
        Outcome::Refused,
    ];

    /// The word of APIs and of the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Stored => "stored",
            Outcome::Duplicate => "duplicate",
            Outcome::Rejected => "rejected",
            Outcome::Unmatched => "unmatched",
            Outcome::Forbidden => "forbidden",
            Outcome::Held => "held",
            Outcome::Waiting => "waiting",
            Outcome::Empty => "empty",
            Outcome::Nothing => "nothing",
            Outcome::Pending => "pending",
            Outcome::Refused => "refused",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Outcome> {
        Outcome::ALL.into_iter().find(|outcome| outcome.word() == word)
    }
}

/// What is told; an empty list is no condition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sought {
    /// Messages of these feeds, and those that were meant for them.
    pub feeds: Vec<String>,
    /// Messages of these senders: names, in which `*` stands for anything.
    pub senders: Vec<String>,
    /// Messages whose address fits one of these filters, as of MQTT.
    pub topics: Vec<TopicFilter>,
    /// Messages of which one of these became.
    pub only: Vec<Outcome>,
    /// So many bytes of each are told.
    pub with_bytes: usize,
}

impl Sought {
    /// Whether a message is, as far as it says itself. Of a feed that the asker does not see nothing is.
    #[must_use]
    pub fn wants(&self, asker: &Asker, envelope: &Envelope<'_>) -> bool {
        let Envelope { feed, address, attributes, .. } = *envelope;
        let forbidden = attributes.get(Attribute::Forbidden);
        let of_feed = |sought: &String| sought == feed || forbidden == Some(sought.as_str());
        asker.sees_feed(feed)
            && any_or_all(&self.feeds, of_feed)
            && any_or_all(&self.senders, |name| pattern::fits(name, attributes.sender()))
            && any_or_all(&self.topics, |filter| filter.matches(address))
    }

    /// Whether messages are of which nobody knows yet what becomes of them.
    pub(super) fn wants_pending(&self) -> bool {
        any_or_all(&self.only, |outcome| *outcome == Outcome::Pending)
    }

    /// Whether what became of a message is.
    pub(super) fn wants_outcome(&self, message: &Message) -> bool {
        any_or_all(&self.only, |outcome| message.became.contains(outcome))
    }

    /// Whether what happens at the door is: of one of these senders, if there are any. What was turned away has no feed and
    /// no topic, and is what is looked for where nothing comes.
    pub(super) fn wants_door(&self, user: &str, client_id: &str) -> bool {
        let of = |pattern: &String| pattern::fits(pattern, user) || pattern::fits(pattern, client_id);
        (self.only.is_empty() || self.only.contains(&Outcome::Refused)) && any_or_all(&self.senders, of)
    }
}

fn any_or_all<T>(all: &[T], fits: impl FnMut(&T) -> bool) -> bool {
    all.is_empty() || all.iter().any(fits)
}

#[cfg(test)]
mod tests {
    use ioc_model::{
        asker::Sight,
        attribute::{self, Attributes},
        envelope::{Content, UNMATCHED},
        position::Position,
        time::ReceivedAt,
    };

    use super::*;

    fn wants(sought: &Sought, asker: &Asker, feed: &str, known: &[(Attribute, &str)], address: &str) -> bool {
        let mut bytes = Vec::new();
        for (attribute, text) in known {
            attribute::write(&mut bytes, *attribute, text);
        }
        let envelope = Envelope {
            position: Position::default(),
            feed,
            received_at: ReceivedAt(0),
            content: Content::Raw,
            address,
            attributes: Attributes::new(&[], &bytes),
            payload: b"",
        };
        sought.wants(asker, &envelope)
    }

    #[test]
    fn what_is_sought_fits_each_condition_and_any_of_its_words() {
        let all = Asker::everyone();
        let of = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let sent = [(Attribute::Sender, "gw-07")];
        assert!(wants(&Sought::default(), &all, "air", &sent, "a/b"));
        let sought = Sought { feeds: of(&["air", "water"]), senders: of(&["gw-*"]), ..Sought::default() };
        assert!(wants(&sought, &all, "air", &sent, "a/b"));
        assert!(!wants(&sought, &all, "soil", &sent, "a/b"));
        assert!(!wants(&sought, &all, "air", &[(Attribute::Sender, "lab")], "a/b"));
        let topics = vec![TopicFilter::parse("a/+").unwrap()];
        let sought = Sought { topics, ..Sought::default() };
        assert!(wants(&sought, &all, "air", &sent, "a/b") && !wants(&sought, &all, "air", &sent, "a/b/c"));
    }

    #[test]
    fn what_was_meant_for_a_feed_is_sought_with_it_and_what_is_not_seen_is_not_told() {
        let sought = Sought { feeds: vec!["air".to_owned()], ..Sought::default() };
        let forbidden = [(Attribute::Forbidden, "air")];
        assert!(wants(&sought, &Asker::everyone(), UNMATCHED, &forbidden, "a/b"));
        assert!(!wants(&sought, &Asker::everyone(), UNMATCHED, &[], "a/b"));
        let limited = Asker::of(Sight::default().and_feeds(["air"]));
        assert!(wants(&sought, &limited, "air", &[], "a/b"));
        assert!(!wants(&sought, &limited, UNMATCHED, &forbidden, "a/b"), "it came by no feed of theirs");
    }

    #[test]
    fn every_outcome_is_known_by_its_word() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::from_word(outcome.word()), Some(outcome));
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.word());
        }
    }
}
