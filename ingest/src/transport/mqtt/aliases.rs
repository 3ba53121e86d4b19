//! The topics a client of version 5 gave numbers to, so that a long topic is sent once a connection.

use std::sync::Arc;

use super::wire::Violation;

/// The highest number.
pub(super) const ALIAS_MAXIMUM: u16 = 32;
/// Bytes of all of a connection's topics together (invariant BOUND).
const MOST_BYTES: usize = 16 << 10;

/// Those of one connection.
#[derive(Debug, Default)]
pub(super) struct Aliases {
    topics: Vec<Option<Arc<str>>>,
    bytes: usize,
}

impl Aliases {
    /// The topic of a publish without one.
    pub(super) fn topic(&self, alias: u16) -> Result<Arc<str>, Violation> {
        let known = self.topics.get(place(alias)?).cloned().flatten();
        known.ok_or(Violation::Protocol("a topic alias that stands for nothing"))
    }

    /// From now on it stands for that topic.
    pub(super) fn set(&mut self, alias: u16, topic: &str) -> Result<(), Violation> {
        let place = place(alias)?;
        if self.topics.len() <= place {
            self.topics.resize(place + 1, None);
        }
        let former = self.topics[place].as_deref();
        if former == Some(topic) {
            return Ok(());
        }
        let bytes = self.bytes - former.map_or(0, str::len) + topic.len();
        if bytes > MOST_BYTES {
            return Err(Violation::AliasRoom);
        }
        self.bytes = bytes;
        self.topics[place] = Some(topic.into());
        Ok(())
    }
}

fn place(alias: u16) -> Result<usize, Violation> {
    match alias {
        1..=ALIAS_MAXIMUM => Ok(usize::from(alias) - 1),
        _ => Err(Violation::TopicAlias),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_stands_for_what_it_was_last_given_to() {
        let mut aliases = Aliases::default();
        let nothing = Violation::Protocol("a topic alias that stands for nothing");
        assert_eq!(aliases.topic(1), Err(nothing));
        aliases.set(2, "a").expect("within bounds");
        assert_eq!(aliases.topic(1), Err(nothing));
        aliases.set(2, "b").expect("within bounds");
        assert_eq!(aliases.topic(2).as_deref(), Ok("b"));
        for alias in [0, ALIAS_MAXIMUM + 1, u16::MAX] {
            assert_eq!(aliases.topic(alias), Err(Violation::TopicAlias));
            assert_eq!(aliases.set(alias, "a"), Err(Violation::TopicAlias));
        }
    }

    #[test]
    fn bound_the_topics_of_all_aliases_together_are_so_many_bytes() {
        let mut aliases = Aliases::default();
        let long = "x".repeat(MOST_BYTES);
        aliases.set(1, &long).expect("just within bounds");
        aliases.set(1, &long).expect("the same");
        assert_eq!(aliases.set(2, "y"), Err(Violation::AliasRoom));
        aliases.set(1, "x").expect("shorter");
        aliases.set(2, "y").expect("room again");
    }
}
