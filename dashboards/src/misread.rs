//! What of a log source could not be read, and what was read without a word of the pack: whose device has to be mended,
//! and what the pack should say.
//!
//! Nothing is counted here that is not stored: a piece of a connection that is no message is a reject, and an event bears the
//! scale it was rated by. So each number is of a time, is the asker's, outlives a restart and opens to the bytes of the last
//! one. What a message says is not shown beside it: it may be of persons, and opening it is another question.

use std::collections::BTreeMap;

use ioc_model::{
    pack::{FormatName, Pack},
    reject::RejectReason,
    text::Text,
    time::ReceivedAt,
};
use serde::Serialize;

/// So many senders are listed, and so many products: names cost whoever makes them up nothing.
pub const LISTED: usize = 100;
/// So many senders are asked of the store, those with the most: several of them may be one log source.
pub const SENDERS: u32 = 1_000;

/// The formats that events come in.
const OF_EVENTS: [FormatName; 4] =
    [FormatName::Syslog, FormatName::SyslogLines, FormatName::Eve, FormatName::EventCsv];

/// What a sender sent that was rejected for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MisreadGroup {
    /// Who sent it; empty where it was not told apart.
    pub sender: String,
    /// The feed it came by.
    pub feed: String,
    /// Why.
    pub reason: RejectReason,
    /// How many messages, pieces or rows.
    pub rejects: u64,
    /// The last of them.
    pub last: MisreadLast,
}

/// The last one: when it came, where it lies, and what is wrong with it where that tells of bytes alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MisreadLast {
    /// When it arrived.
    pub received_at: ReceivedAt,
    /// Where its envelope lies, as `log-partition-offset`.
    pub position: String,
    /// Which row of it; none for all of it.
    pub row: Option<u32>,
    /// What is wrong with it; none where saying it would quote what was sent.
    pub message: Option<Text>,
}

/// A product or a program of which something was read without a word of the pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProductView {
    /// Who reports.
    pub log_source: String,
    /// As the pack calls it; none where it does not know it.
    pub name: Option<Text>,
    /// Who made the product, in its own words; empty where its format does not say.
    pub vendor: String,
    /// The product; of a line that is only a text, the program that wrote it. Empty where neither is said.
    pub product: String,
    /// How many events.
    pub weight: u64,
    /// How many lines and messages they stand in.
    pub rows: u64,
    /// Of those, the ones that were rated by the scale of their format, since `severities.toml` has none for them.
    pub by_format: u64,
    /// The ones whose severity neither has: they are not rated.
    pub not_rated: u64,
    /// The ones that say nothing which is counted: of the kind `log`.
    pub unrecognized: u64,
    /// When the last of them arrived.
    pub received_at: ReceivedAt,
    /// Where its envelope lies.
    pub position: String,
    /// Which row of it.
    pub row: u32,
}

/// What is asked of the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Misread {
    /// By sender, feed and reason, the most first: all of the [`SENDERS`] with the most.
    pub groups: Vec<MisreadGroup>,
    /// How many senders there are in all.
    pub senders_all: u64,
    /// By log source and product. The pack's names are not filled in.
    pub products: Vec<ProductView>,
    /// How many of them there are in all.
    pub products_all: u64,
}

/// A log source, or a sender that is none, and what of it could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MisreadSender {
    /// The log source of the pack; none where it does not know who that is.
    pub log_source: Option<String>,
    /// As the pack calls it.
    pub name: Option<Text>,
    /// Who sent the last of it: an address, a certificate or a login; empty where it was not told apart.
    pub sender: String,
    /// How many senders that are, where a log source has several.
    pub senders: u64,
    /// All that could not be read of them.
    pub rejects: u64,
    /// The same by reason, the most first.
    pub reasons: Vec<MisreadReason>,
    /// The last of them.
    pub last: MisreadLast,
}

/// How often it was for a reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MisreadReason {
    /// Why.
    pub reason: RejectReason,
    /// How many.
    pub rejects: u64,
}

/// The feeds that bring events.
#[must_use]
pub fn feeds_of_events(pack: &Pack) -> Vec<String> {
    let of_events = pack.feeds.values().filter(|feed| OF_EVENTS.contains(&feed.format));
    of_events.map(|feed| feed.id.clone()).collect()
}

/// By log source where the pack knows whose the sender is, else by sender: the most first, at most [`LISTED`], and how many
/// senders there are beside those, of all.
#[must_use]
pub fn by_sender(pack: &Pack, groups: Vec<MisreadGroup>, senders_all: u64) -> (Vec<MisreadSender>, u64) {
    let mut found: BTreeMap<(Option<String>, String), Vec<MisreadGroup>> = BTreeMap::new();
    for group in groups {
        let log_source = pack.log_source_of(&group.sender).map(|source| source.id.clone());
        let sender = if log_source.is_some() { String::new() } else { group.sender.clone() };
        found.entry((log_source, sender)).or_default().push(group);
    }
    let mut all: Vec<MisreadSender> = found
        .into_iter()
        .filter_map(|((log_source, _), groups)| MisreadSender::of(pack, log_source, groups))
        .collect();
    all.sort_by(|one, other| (other.rejects, &one.sender).cmp(&(one.rejects, &other.sender)));
    all.truncate(LISTED);
    let listed = all.iter().map(|sender| sender.senders).sum();
    (all, senders_all.saturating_sub(listed))
}

impl MisreadSender {
    fn of(pack: &Pack, log_source: Option<String>, groups: Vec<MisreadGroup>) -> Option<MisreadSender> {
        let mut reasons: BTreeMap<RejectReason, u64> = BTreeMap::new();
        for group in &groups {
            *reasons.entry(group.reason).or_default() += group.rejects;
        }
        let mut reasons: Vec<MisreadReason> =
            reasons.into_iter().map(|(reason, rejects)| MisreadReason { reason, rejects }).collect();
        reasons.sort_by_key(|it| std::cmp::Reverse(it.rejects));
        let mut senders: Vec<&str> = groups.iter().map(|group| group.sender.as_str()).collect();
        senders.sort_unstable();
        senders.dedup();
        let senders = senders.len() as u64;
        let rejects = groups.iter().map(|group| group.rejects).sum();
        let last = groups.into_iter().max_by_key(|group| group.last.received_at)?;
        let name = log_source.as_ref().and_then(|id| Some(pack.log_sources.get(id)?.name.clone()));
        Some(MisreadSender {
            log_source,
            name,
            sender: last.sender,
            senders,
            rejects,
            reasons,
            last: last.last,
        })
    }
}

/// With what the pack calls those who report.
#[must_use]
pub fn named(pack: &Pack, products: Vec<ProductView>) -> Vec<ProductView> {
    let named = |product: ProductView| {
        let name = pack.log_sources.get(&product.log_source).map(|source| source.name.clone());
        ProductView { name, ..product }
    };
    products.into_iter().map(named).collect()
}

#[cfg(test)]
mod tests {
    use ioc_model::pack::LogSource;

    use super::*;

    fn pack() -> Pack {
        let source = LogSource {
            addresses: vec!["192.0.2.0/30".parse().unwrap()],
            name: Text { vi: "Tường lửa".into(), en: "Firewall".into() },
            ..ioc_testing::log_source("fw-a")
        };
        Pack { log_sources: [("fw-a".to_owned(), source)].into(), ..Pack::default() }
    }

    fn group(sender: &str, reason: RejectReason, rejects: u64, at: i64) -> MisreadGroup {
        let last = MisreadLast {
            received_at: ReceivedAt(at),
            position: format!("1-0-{at}"),
            row: None,
            message: None,
        };
        MisreadGroup { sender: sender.to_owned(), feed: "security".to_owned(), reason, rejects, last }
    }

    #[test]
    fn who_addresses_of_one_log_source_are_one_and_the_last_of_all_is_shown() {
        use RejectReason::{Framing, TooLarge};
        let groups = vec![
            group("198.51.100.9", Framing, 30, 5),
            group("192.0.2.1", TooLarge, 20, 9),
            group("192.0.2.1", Framing, 4, 7),
            group("192.0.2.2", Framing, 17, 8),
            group("", Framing, 1, 1),
        ];
        let (all, more) = by_sender(&pack(), groups, 4);
        assert_eq!(more, 0);
        let told: Vec<_> = all
            .iter()
            .map(|it| {
                (it.log_source.as_deref(), it.sender.as_str(), it.senders, it.rejects, &*it.last.position)
            })
            .collect();
        let expected = [
            (Some("fw-a"), "192.0.2.1", 2, 41, "1-0-9"),
            (None, "198.51.100.9", 1, 30, "1-0-5"),
            (None, "", 1, 1, "1-0-1"),
        ];
        assert_eq!(told, expected);
        let reasons: Vec<_> = all[0].reasons.iter().map(|it| (it.reason, it.rejects)).collect();
        assert_eq!(reasons, [(Framing, 21), (TooLarge, 20)]);
        assert_eq!(all[0].name.as_ref().map(|name| &*name.en), Some("Firewall"));
    }

    #[test]
    fn bound_of_made_up_senders_those_with_the_most_are_listed_and_the_rest_is_a_number() {
        let groups = (0..250u64).map(|number| {
            group(&format!("198.51.{}.{}", number / 200, number % 200), RejectReason::Framing, number, 1)
        });
        let (all, more) = by_sender(&pack(), groups.collect(), 1_250);
        assert_eq!((all.len(), more, all[0].rejects, all[99].rejects), (LISTED, 1_150, 249, 150));
    }
}
