//! The last lines of a log source's hosts: what "last message repeated 3 times" speaks of.
//!
//! Of a line that is kept which a summary takes over, within a bound; a host that said nothing for an hour is forgotten,
//! and before it the one unheard longest where there are too many ([`Heard`]). A relay speaks for many whom nobody
//! knows; whoever speaks for itself is few hosts, and one that nobody knows may call itself whatever it likes.

use std::sync::Arc;

use ioc_model::{
    event::{Event, EventKind, TimeFrom, WEIGHT_MAX},
    time::Now,
};

use super::heard::{Heard, Told};

/// So many hosts are remembered of those that only their relay knows.
const HOSTS_OF_RELAY: usize = 1_024;
/// So many of a log source of the pack.
const HOSTS: usize = 16;
/// And so many of one that it does not know.
const HOSTS_OF_UNKNOWN: usize = 2;
/// Of a line its message and attributes are kept up to so many bytes: half of them at most are the message's.
const KEPT: usize = 2 << 10;
/// The attribute that says which line a summary is about.
const REPEATS: &str = "repeats";

/// The last line of each host.
#[derive(Debug, Default)]
pub(super) struct LastLines(Heard<Arc<str>, Arc<Event>>);

/// A line, its place among those of the log source, and when it was taken.
pub(super) type LastLine = Told<Arc<Event>>;

impl LastLines {
    /// As a checkpoint keeps them.
    pub(super) fn record(&self) -> Vec<&LastLine> {
        self.0.each().map(|(_, line)| line).collect()
    }

    pub(super) fn load(lines: Vec<LastLine>) -> LastLines {
        let last = lines.iter().map(|line| line.number).max().unwrap_or_default();
        LastLines(Heard::load(last, lines.into_iter().map(|line| (Arc::from(&*line.value.host), line))))
    }

    /// As versions of a checkpoint up to 8 kept them: with a line's number, and without when it was taken.
    pub(super) fn of_before(lines: Vec<(u64, Event)>) -> LastLines {
        let line = |(number, event): (u64, Event)| {
            let heard = Now(event.arrival.received_at.0);
            LastLine { number, heard, value: brief(&Arc::new(event)) }
        };
        LastLines::load(lines.into_iter().map(line).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A line that says that the one before it came again is as many more of that one. Where nothing came before it, it
    /// stays what it is: repeats of something unknown.
    pub(super) fn resolved(&self, event: Event) -> Event {
        if event.kind != EventKind::Repeat {
            return event;
        }
        let Some(last) = self.0.get(&*event.host) else { return event };
        // Syslog-ng quotes the beginning of what it does not repeat.
        if !last.message.starts_with(&*event.message) {
            return event;
        }
        let mut attributes = last.attributes.clone();
        let repeats = format!("{}-{}", last.arrival.position, last.arrival.row);
        attributes.push((REPEATS.into(), repeats.into()));
        attributes.sort();
        // The summary's own clock may be another one's.
        let (happened_at, time_from) = match event.time_from {
            TimeFrom::Stated | TimeFrom::Inferred => (event.happened_at, event.time_from),
            TimeFrom::Arrival | TimeFrom::Absurd => (last.happened_at, last.time_from),
        };
        Event {
            key: event.key,
            log_source: event.log_source,
            known: event.known,
            relay: event.relay,
            happened_at,
            time_from,
            // As many more of a line that may itself tell of many ("3 packets").
            weight: last.weight.saturating_mul(event.weight).min(WEIGHT_MAX),
            attributes,
            feed: event.feed,
            sender: event.sender,
            arrival: event.arrival,
            ..Event::clone(last)
        }
    }

    /// Remembers a line that another may speak of.
    pub(super) fn remember(&mut self, event: &Arc<Event>, now: Now) {
        if event.kind == EventKind::Repeat || event.attributes.iter().any(|(name, _)| &**name == REPEATS) {
            return;
        }
        let most = match (event.known, event.relay.is_empty()) {
            (true, _) => HOSTS,
            (false, false) => HOSTS_OF_RELAY,
            (false, true) => HOSTS_OF_UNKNOWN,
        };
        self.0.hear(&*event.host, || Arc::from(&*event.host), now, |last| *last = brief(event));
        self.0.keep(most);
    }

    /// Forgets those that were taken before a moment.
    pub(super) fn forget(&mut self, oldest: Now) {
        self.0.forget(oldest);
    }
}

/// What a summary takes over of a line, within its bound.
fn brief(event: &Arc<Event>) -> Arc<Event> {
    let of = |(name, text): &(std::borrow::Cow<'static, str>, Box<str>)| name.len() + text.len();
    let attributes = |event: &Event| event.attributes.iter().map(of).sum::<usize>();
    if event.message.len() + attributes(event) <= KEPT {
        return event.clone();
    }
    let mut brief = Event::clone(event);
    let most = brief.message.len().min(KEPT / 2);
    let end = (0..=most).rev().find(|end| brief.message.is_char_boundary(*end)).unwrap_or_default();
    brief.message = brief.message[..end].into();
    let mut left = KEPT - end;
    brief.attributes.retain(|attribute| match left.checked_sub(of(attribute)) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    });
    Arc::new(brief)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(host: &str) -> Arc<Event> {
        Arc::new(Event { host: host.into(), message: "eth0 is up".into(), weight: 1, ..Event::default() })
    }

    fn hosts(lines: &LastLines) -> Vec<&str> {
        lines.0.in_order().into_iter().map(|host| &**host).collect()
    }

    #[test]
    fn bound_a_host_is_forgotten_an_hour_later_or_when_too_many_are_newer() {
        let mut lines = LastLines::default();
        for (host, at) in [("a", 1), ("b", 2), ("a", 3)] {
            lines.remember(&line(host), Now(at));
        }
        assert_eq!(hosts(&lines), ["b", "a"]);
        lines.remember(&line("c"), Now(4));
        assert_eq!(hosts(&lines), ["a", "c"], "nobody knows whose they are");
        lines.forget(Now(4));
        assert_eq!(hosts(&lines), ["c"]);
        lines.forget(Now(5));
        assert!(lines.is_empty() && hosts(&lines).is_empty());
        let of = |known, relay: &str| {
            let mut lines = LastLines::default();
            for host in 0..2_000 {
                let event = Event { known, relay: relay.into(), ..Event::clone(&line(&host.to_string())) };
                lines.remember(&Arc::new(event), Now(0));
            }
            hosts(&lines).len()
        };
        assert_eq!([of(true, ""), of(true, "relay"), of(false, "relay")], [HOSTS, HOSTS, HOSTS_OF_RELAY]);
    }

    #[test]
    fn bound_of_a_long_line_so_much_is_kept_that_a_summary_still_finds_it() {
        let message = "Đăng nhập thất bại ".repeat(400);
        let attributes =
            (0..64).map(|number| (format!("a{number:02}").into(), "x".repeat(1_000).into())).collect();
        let long = Event { message: message.as_str().into(), attributes, ..Event::clone(&line("a")) };
        let mut lines = LastLines::default();
        lines.remember(&Arc::new(long), Now(0));
        assert!(postcard::to_stdvec(&lines.record()).unwrap().len() < KEPT + 200);
        let quoted = message.chars().take(300).collect::<String>().into_boxed_str();
        let repeat = Event {
            kind: EventKind::Repeat,
            host: "a".into(),
            message: quoted,
            weight: 3,
            ..Event::default()
        };
        let told = lines.resolved(repeat);
        assert_eq!((told.kind, told.weight), (EventKind::Log, 3));
        assert!(message.starts_with(&*told.message) && told.message.len() > KEPT / 2 - 4);
        let kept: Vec<&str> = told.attributes.iter().map(|(name, _)| &**name).collect();
        assert_eq!(kept, ["a00", REPEATS]);
    }
}
