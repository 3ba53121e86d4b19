//! A log source as checkpoints up to version 8 keep it.

use std::collections::BTreeMap;

use ioc_model::{
    epoch::Epoch,
    event::{Event, EventKey},
    name::Name,
};
use serde::Deserialize;

use super::{
    LogSourceRecord, Memory, WaitingEvents,
    attempts::AttemptsBefore,
    keys::{Keys, LookedFor},
    lines::LastLines,
};

/// [`LogSourceRecord`] of versions 6 to 8: keys by the minute, whether some time could not be, questions without a time,
/// lines and connections without when they were heard.
#[derive(Debug, Deserialize)]
pub(crate) struct LogSourceRecordBefore {
    name: Name,
    minutes: BTreeMap<i64, Vec<EventKey>>,
    remembered_from: Option<i64>,
    absurd: bool,
    waiting: Vec<WaitingBefore>,
    /// How many lines there were.
    _lines: u64,
    last: Vec<(u64, Event)>,
    attempts: AttemptsBefore,
}

#[derive(Debug, Deserialize)]
struct WaitingBefore {
    asked: Epoch,
    keys: Box<[EventKey]>,
    events: Vec<Event>,
}

impl From<LogSourceRecordBefore> for LogSourceRecord {
    fn from(before: LogSourceRecordBefore) -> LogSourceRecord {
        let LogSourceRecordBefore { name, minutes, remembered_from, absurd, waiting, last, attempts, .. } =
            before;
        // Of a minute's keys nobody knows the second: they are forgotten with its last, and none too early.
        let seconds = minutes.into_iter().map(|(minute, keys)| (minute * 60 + 59, keys)).collect();
        let remembered_from = remembered_from.map(|minute| minute * 60);
        let waiting = waiting.into_iter().map(|WaitingBefore { asked, keys, events }| WaitingEvents {
            asked,
            looked_for: LookedFor::ANY_TIME,
            keys,
            events,
        });
        let memory = Memory {
            keys: Keys::of(seconds, remembered_from, absurd.into()),
            waiting: waiting.collect(),
            last: LastLines::of_before(last),
            attempts: attempts.into(),
        };
        LogSourceRecord { name, memory }
    }
}

#[cfg(test)]
mod tests {
    use ioc_model::{
        event::{EventKind, TimeFrom},
        position::Arrival,
        time::{EventTime, ReceivedAt},
    };
    use serde::Serialize;

    use super::*;

    /// As it was written, field for field.
    #[derive(Serialize)]
    struct Written<'a> {
        name: Name,
        minutes: BTreeMap<i64, Vec<EventKey>>,
        remembered_from: Option<i64>,
        absurd: bool,
        waiting: Vec<(Epoch, Box<[EventKey]>, Vec<Event>)>,
        lines: u64,
        last: Vec<(u64, &'a Event)>,
        /// Connections (host, process, address; line, last, failed, modules, accepted), and how many lines.
        attempts: (BTreeMap<ConnectionWritten<'a>, VoicesWritten>, u64),
    }

    type ConnectionWritten<'a> = (&'a str, &'a str, Option<std::net::IpAddr>);
    type VoicesWritten = (u64, EventTime, u32, BTreeMap<Box<str>, u32>, bool);

    #[test]
    fn replay_what_version_8_kept_of_a_log_source_is_read() {
        let arrival = Arrival { received_at: ReceivedAt(90 * 60_000), ..Arrival::default() };
        let event = |key: u8, minute: i64| Event {
            key: Some(EventKey([key; 16])),
            happened_at: EventTime(minute * 60_000),
            host: "srv-a".into(),
            message: "eth0 is up".into(),
            weight: 1,
            arrival,
            ..Event::default()
        };
        let line = event(9, 90);
        let waiting = (Epoch(7), vec![EventKey([5; 16])].into(), vec![event(5, 3)]);
        let voices = (12, EventTime(90 * 60_000), 2, BTreeMap::new(), false);
        let written = Written {
            name: "srv-a".into(),
            minutes: BTreeMap::from([(80, vec![EventKey([1; 16])])]),
            remembered_from: Some(75),
            absurd: true,
            waiting: vec![waiting],
            lines: 40,
            last: vec![(40, &line)],
            attempts: (BTreeMap::from([(("srv-a", "5100", None), voices)]), 12),
        };
        let bytes = postcard::to_stdvec(&written).unwrap();
        let record = LogSourceRecord::decode(8, &bytes).unwrap();
        let [question] = &record.awaited().collect::<Vec<_>>()[..] else { panic!("it waits") };
        assert_eq!((question.asked, question.from.0, question.to.0), (Epoch(7), i64::MIN, i64::MAX));
        let Memory { keys, last, .. } = record.memory;
        assert!(keys.contains(EventKey([1; 16])));
        assert_eq!((keys.remembered_from, keys.seconds.len()), (Some(75 * 60), 1));
        let stated = Event { time_from: TimeFrom::Stated, ..event(2, 80) };
        assert!(
            keys.looked_for(&stated).is_some_and(|it| it.from.0 == i64::MIN),
            "what could not be may be meant"
        );
        let repeat = Event { kind: EventKind::Repeat, host: "srv-a".into(), weight: 2, ..Event::default() };
        assert_eq!(last.resolved(repeat).message, line.message);
    }
}
