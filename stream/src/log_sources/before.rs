//! A log source as checkpoints up to version 8, and version 9, keep it.

use std::collections::BTreeMap;

use ioc_model::{
    epoch::Epoch,
    event::{Event, EventKey},
    name::Name,
    time::EventTime,
};
use serde::Deserialize;

use super::{
    LogSourceRecord, Memory, WaitingEvents,
    attempts::{Attempts, AttemptsBefore},
    keys::{AbsurdTimes, Keys, LookedFor},
    lines::{LastLine, LastLines},
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

/// [`LogSourceRecord`] of version 9: questions of which nobody knows when are about all times.
#[derive(Debug, Deserialize)]
pub(crate) struct LogSourceRecordBeforeUndated {
    name: Name,
    seconds: BTreeMap<i64, Vec<EventKey>>,
    remembered_from: Option<i64>,
    absurd: AbsurdTimes,
    waiting: Vec<WaitingBeforeUndated>,
    last: Vec<LastLine>,
    attempts: Attempts,
}

/// A question of version 9 about events of which nobody knows when is one about all times.
#[derive(Debug, Deserialize)]
struct WaitingBeforeUndated {
    asked: Epoch,
    looked_for: (EventTime, EventTime),
    keys: Box<[EventKey]>,
    events: Vec<Event>,
}

impl From<WaitingBeforeUndated> for WaitingEvents {
    fn from(before: WaitingBeforeUndated) -> WaitingEvents {
        let WaitingBeforeUndated { asked, looked_for: (from, to), keys, events } = before;
        WaitingEvents { asked, looked_for: LookedFor::between(from, to), keys, events }
    }
}

impl From<LogSourceRecordBeforeUndated> for LogSourceRecord {
    fn from(before: LogSourceRecordBeforeUndated) -> LogSourceRecord {
        let LogSourceRecordBeforeUndated { name, seconds, remembered_from, absurd, waiting, last, attempts } =
            before;
        let keys = Keys::of(seconds, remembered_from, absurd);
        let waiting = waiting.into_iter().map(WaitingEvents::from).collect();
        let memory = Memory { keys, waiting, last: LastLines::load(last), attempts };
        LogSourceRecord { name, before_relays: true, memory }
    }
}

#[cfg(test)]
impl LogSourceRecord {
    /// One that version 9 wrote of a log source with a key.
    pub(crate) fn of_version_9(name: &str) -> LogSourceRecord {
        LogSourceRecord::from(LogSourceRecordBeforeUndated {
            name: name.into(),
            seconds: BTreeMap::from([(80, vec![EventKey([1; 16])])]),
            remembered_from: Some(75),
            absurd: AbsurdTimes::default(),
            waiting: Vec::new(),
            last: Vec::new(),
            attempts: Attempts::default(),
        })
    }
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
            looked_for: LookedFor::between(EventTime(i64::MIN), EventTime(i64::MAX)),
            keys,
            events,
        });
        let memory = Memory {
            keys: Keys::of(seconds, remembered_from, absurd.into()),
            waiting: waiting.collect(),
            last: LastLines::of_before(last),
            attempts: attempts.into(),
        };
        LogSourceRecord { name, before_relays: true, memory }
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

    /// The epoch that asked, the time that is looked at, keys, events.
    type WaitingWritten = (Epoch, (EventTime, EventTime), Box<[EventKey]>, Vec<Event>);

    /// As version 9 wrote it, field for field.
    #[derive(Serialize)]
    struct WrittenBeforeUndated<'a> {
        name: Name,
        seconds: BTreeMap<i64, Vec<EventKey>>,
        remembered_from: Option<i64>,
        /// Runs of hours: the last of each, when its first and last events are stored.
        absurd: BTreeMap<i64, (i64, EventTime, EventTime)>,
        waiting: Vec<WaitingWritten>,
        /// Number, when it was heard, and what it said.
        last: Vec<(u64, i64, &'a Event)>,
        attempts: Attempts,
    }

    #[test]
    fn replay_what_version_9_kept_of_a_log_source_is_read() {
        let event = Event { key: Some(EventKey([5; 16])), message: "eth0 is up".into(), ..Event::default() };
        let asked = (EventTime(3), EventTime(4));
        let written = WrittenBeforeUndated {
            name: "relay:srv-a".into(),
            seconds: BTreeMap::from([(80, vec![EventKey([1; 16])])]),
            remembered_from: Some(75),
            absurd: BTreeMap::new(),
            waiting: vec![(Epoch(7), asked, vec![EventKey([5; 16])].into(), vec![event.clone()])],
            last: vec![(40, 90, &event)],
            attempts: Attempts::default(),
        };
        let bytes = postcard::to_stdvec(&written).unwrap();
        let record = LogSourceRecord::decode(9, &bytes).unwrap();
        assert!(record.may_be_behind(), "it has keys, and its relay is not asked");
        let [question] = &record.awaited().collect::<Vec<_>>()[..] else { panic!("it waits") };
        assert_eq!((question.asked, (question.from, question.to)), (Epoch(7), asked));
        let Memory { keys, last, .. } = record.memory;
        assert!(keys.contains(EventKey([1; 16])) && keys.remembered_from == Some(75));
        let [line] = &last.record()[..] else { panic!("one line") };
        assert_eq!(postcard::to_stdvec(line).unwrap(), postcard::to_stdvec(&(40u64, 90i64, &event)).unwrap());
    }
}
