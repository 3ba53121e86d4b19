//! Where a partition is begun that this member is given.

use ioc_bus::LogId;
use ioc_model::pack::KafkaStart;

/// The first word of what is committed beside an offset.
const OURS: &str = "ioc";

/// What is known of a partition when it is given.
#[derive(Clone, Copy, Debug)]
pub(super) struct Given {
    /// The first offset that this installation did not read; none where it never read the partition.
    pub(super) ours: Option<u64>,
    /// As another installation of this product committed it.
    pub(super) theirs: Option<u64>,
    /// Something was read of the topic before: what appears in it is read from its first record.
    pub(super) is_known: bool,
    /// Where a topic is begun of which nothing was.
    pub(super) start: KafkaStart,
    /// The first offset that is there.
    pub(super) low: u64,
    /// Behind the last one.
    pub(super) high: u64,
    /// The brokers give identities of topics.
    pub(super) is_identified: bool,
}

/// Where it is begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Begin {
    /// The offset.
    pub(super) at: u64,
    /// The first and last offset that are gone and were not read.
    pub(super) lost: Option<(u64, u64)>,
    /// It ends before what was read of it. It was cut by its brokers, or, where they give no identities, made anew.
    pub(super) is_shorter: bool,
}

impl Given {
    /// Nothing that is there and was not read is passed over, and what is gone is named.
    pub(super) fn begin(self) -> Begin {
        let Given { ours, theirs, is_known, start, low, high, is_identified } = self;
        // What either has read lies on a log.
        let Some(next) = ours.max(theirs).or(is_known.then_some(0)) else {
            let at = match start {
                KafkaStart::First => low,
                KafkaStart::New => high,
            };
            return Begin { at, ..Begin::default() };
        };
        let is_shorter = next > high;
        // Cut by its brokers, it grows on from its end: what comes there was not read. Made anew, it begins anew.
        let next = match is_shorter {
            true if is_identified => high,
            true => 0,
            false => next,
        };
        let lost = (next < low).then(|| (next, low - 1));
        Begin { at: next.max(low), lost, is_shorter }
    }
}

/// What is committed beside an offset: whose log holds what is before it, and of which topic it is.
pub(super) fn beside(log: LogId, topic_id: &str) -> String {
    format!("{OURS} {log} {topic_id}")
}

/// Whether an offset was committed by another installation that read this topic.
pub(super) fn is_of_another(beside: &str, log: LogId, topic_id: &str) -> bool {
    let mut words = beside.split(' ');
    let (ours, their_log, their_topic) = (words.next(), words.next(), words.next());
    ours == Some(OURS)
        && their_log.is_some_and(|theirs| theirs != log.to_string())
        && their_topic == Some(topic_id)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const READ: Given = Given {
        ours: Some(100),
        theirs: None,
        is_known: true,
        start: KafkaStart::New,
        low: 0,
        high: 210,
        is_identified: true,
    };

    #[test]
    fn once_a_partition_is_read_on_and_what_retention_took_is_named() {
        assert_eq!(READ.begin(), Begin { at: 100, ..Begin::default() });
        let taken = Given { low: 140, ..READ }.begin();
        assert_eq!(taken, Begin { at: 140, lost: Some((100, 139)), is_shorter: false });
        let all_taken = Given { low: 210, ..READ }.begin();
        assert_eq!((all_taken.at, all_taken.lost), (210, Some((100, 209))));
    }

    #[test]
    fn once_a_partition_that_appears_is_read_from_its_first_record_whatever_the_start_is() {
        let appeared = Given { ours: None, high: 10, ..READ };
        assert_eq!(appeared.begin().at, 0);
        assert_eq!(Given { low: 3, ..appeared }.begin().lost, Some((0, 2)));
        let never_met = Given { is_known: false, low: 3, ..appeared };
        assert_eq!(never_met.begin(), Begin { at: 10, ..Begin::default() });
        assert_eq!(
            Given { start: KafkaStart::First, ..never_met }.begin(),
            Begin { at: 3, ..Begin::default() }
        );
    }

    #[test]
    fn once_what_another_member_has_read_is_not_read_again_and_ours_holds_otherwise() {
        assert_eq!(Given { theirs: Some(180), ..READ }.begin().at, 180);
        assert_eq!(Given { theirs: Some(20), ..READ }.begin().at, 100);
        assert_eq!(Given { ours: None, theirs: Some(20), ..READ }.begin().at, 20);
        let (log, other) = (LogId::from_bytes([1; 16]), LogId::from_bytes([2; 16]));
        assert!(is_of_another(&beside(other, "A"), log, "A"));
        for (said, topic) in [(beside(log, "A"), "A"), (beside(other, "A"), "B"), (String::new(), "A")] {
            assert!(!is_of_another(&said, log, topic), "{said}");
        }
    }

    #[test]
    fn a_partition_that_ends_before_what_was_read_is_said_to() {
        let cut = Given { high: 60, ..READ };
        assert_eq!(cut.begin(), Begin { at: 60, lost: None, is_shorter: true });
        let anew = Given { is_identified: false, low: 5, ..cut };
        assert_eq!(anew.begin(), Begin { at: 5, lost: Some((0, 4)), is_shorter: true });
    }

    proptest! {
        #[test]
        fn once_nothing_that_is_there_and_was_not_read_is_passed_over(
            ours in proptest::option::of(0_u64..50), theirs in proptest::option::of(0_u64..50),
            low in 0_u64..50, more in 0_u64..50, is_identified: bool,
        ) {
            let high = low + more;
            let given = Given { ours, theirs, is_known: true, start: KafkaStart::New, low, high, is_identified };
            let Begin { at, lost, is_shorter } = given.begin();
            let read = ours.max(theirs).unwrap_or(0);
            prop_assert!((low..=high).contains(&at));
            prop_assert_eq!(is_shorter, read > high);
            if !is_shorter {
                // From what was read to the end each offset is lost or read, once.
                prop_assert_eq!(lost, (read < low).then(|| (read, low - 1)));
                prop_assert_eq!(at, read.max(low));
            }
        }
    }
}
