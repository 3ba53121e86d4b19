use ioc_model::{
    names::IndicatorId,
    observation::Series,
    position::{Offset, Position},
    time::ReceivedAt,
};
use proptest::prelude::*;

use super::*;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const HALF_HOUR: i64 = 30 * MINUTE;
/// `2026-11-20T08:00:00+07:00`
const EIGHT: i64 = 1_795_136_400_000;
/// What the feed allows.
const MOST_AHEAD: i64 = 5 * MINUTE;

/// One message of a station: it arrives so long behind eight, so long after its own time.
#[derive(Clone, Copy, Debug)]
struct Message {
    at: i64,
    lag: i64,
    station: u32,
    /// How far ahead its feed allows.
    ahead: i64,
}

fn message(at: i64, lag: i64) -> Message {
    Message { at, lag, station: 1, ahead: MOST_AHEAD }
}

/// The same by a feed that takes what lies hours ahead.
fn allowed(message: Message) -> Message {
    Message { ahead: 15 * HOUR, ..message }
}

/// Clocks over several epochs, and what they made of rows.
struct Site {
    clocks: Clocks,
    names: Names,
    calendar: Calendar,
    offset: u64,
    rows: Vec<(Message, Quality)>,
    /// What was told, and behind how many messages.
    told: Vec<(usize, u32, Option<i64>)>,
}

impl Site {
    fn new() -> Site {
        let names = Names::default();
        let _ = names.sources.number(Source { feed: "air".into(), sender: "gateway".into() });
        Site {
            clocks: Clocks::default(),
            names,
            calendar: Calendar::of_zone("Asia/Ho_Chi_Minh").unwrap(),
            offset: 0,
            rows: Vec::new(),
            told: Vec::new(),
        }
    }

    /// As the decoder has it: what lies too far ahead is no row, what lies far from its arrival is told.
    fn epoch(&mut self, messages: &[Message]) {
        let (mut dated, mut rows, mut of) = (Vec::new(), Vec::new(), Vec::new());
        for message in messages {
            self.offset += 1;
            let position = Position { offset: Offset(self.offset), ..Position::default() };
            let arrival = Arrival { received_at: ReceivedAt(EIGHT + message.at), position, row: 0 };
            let (subject, source) = (SubjectId(message.station), SourceId(0));
            let said = EventTime(EIGHT + message.at - message.lag);
            let is_refused = message.lag < -message.ahead;
            if is_refused || !Dated::is_near(Millis(message.lag)) {
                dated.push(Dated { subject, source, arrival, said, is_refused });
            }
            if !is_refused {
                let series = Series { indicator: IndicatorId(0), subject };
                let (value, quality, event_time) = (18.4, Quality::Good, said);
                rows.push(Observation { series, event_time, value, quality, source, arrival });
                of.push(*message);
            }
        }
        let changed = self.clocks.judge(&self.calendar, &dated, [rows.as_mut_slice()]);
        self.rows.extend(of.into_iter().zip(rows.iter().map(|row| row.quality)));
        for subject in changed {
            self.told.push((self.offset as usize, subject.0, self.clocks.off(subject).map(|off| off.0)));
        }
    }

    /// Each message an epoch.
    fn hear(&mut self, messages: impl IntoIterator<Item = Message>) {
        messages.into_iter().for_each(|message| self.epoch(&[message]));
    }

    fn off(&self) -> Option<i64> {
        self.clocks.off(SubjectId(1)).map(|off| off.0)
    }

    fn suspect(&self) -> usize {
        self.rows.iter().filter(|(_, quality)| *quality == Quality::Suspect).count()
    }

    /// Puts what a checkpoint keeps into the place of what is held.
    fn restart(&mut self) {
        let mut loaded = Clocks::default();
        for subject in self.clocks.held.keys() {
            let kept = postcard::to_stdvec(&self.clocks.record(&self.names, *subject)).unwrap();
            let record: Option<ClocksRecord> = postcard::from_bytes(&kept).unwrap();
            loaded.load(&self.names, *subject, record.unwrap());
        }
        self.clocks = loaded;
    }
}

/// A message a minute through so many minutes.
fn every_minute(from: i64, minutes: i64, lag: impl Fn(i64) -> i64) -> impl Iterator<Item = Message> {
    (0..minutes).map(move |minute| message(from + minute * MINUTE, lag(minute)))
}

#[test]
fn a_clock_that_is_constantly_off_by_its_zone_is_found_in_both_directions_and_right_again_when_it_is() {
    for off in [7 * HOUR, -7 * HOUR, HOUR, 5 * HOUR + HALF_HOUR] {
        let mut site = Site::new();
        site.hear(every_minute(0, 15, |minute| minute % 5 * 1_000 - off).map(allowed));
        assert_eq!((site.off(), site.suspect()), (None, 0), "one stretch is not enough");
        site.hear(every_minute(15 * MINUTE, 15, |minute| minute % 5 * 1_000 - off).map(allowed));
        assert_eq!(site.off(), Some(off));
        assert_eq!(site.suspect(), 10, "from when it was noticed");
        site.hear(every_minute(30 * MINUTE, 25, |_| 800));
        assert_eq!(site.off(), None, "somebody set it");
        assert_eq!(site.suspect(), 10, "what it dated rightly is good at once");
        assert_eq!(site.told.len(), 2, "{:?}", site.told);
    }
}

#[test]
fn a_time_further_ahead_than_its_feed_allows_or_from_before_2000_is_named_with_the_second() {
    for (lag, off) in [
        (-7 * HOUR + 900, 7 * HOUR),
        (-31 * MINUTE, HALF_HOUR),
        (-12 * MINUTE - 700, 12 * MINUTE),
        (-100 * 24 * HOUR, 100 * 24 * HOUR),
        (EIGHT - 315_964_800_000, 315_964_800_000 - EIGHT),
    ] {
        let mut site = Site::new();
        site.hear([message(0, lag), message(1_000, lag)]);
        assert_eq!(site.off(), None, "of one minute");
        site.hear([message(2 * MINUTE, lag)]);
        assert_eq!(site.off(), Some(off));
        site.hear(every_minute(3 * MINUTE, 14, |_| 800));
        assert_eq!(site.off(), None);
        assert!(site.rows.iter().all(|(row, quality)| row.lag > 800 || *quality == Quality::Good));
    }
    let mut site = Site::new();
    site.hear((0..40).map(|minute| message(minute * MINUTE, if minute % 2 == 0 { -HOUR } else { 500 })));
    assert_eq!(site.off(), None, "one now and then is no clock");
}

#[test]
fn what_was_kept_while_a_line_was_down_does_not_make_a_clock_wrong() {
    // Oldest first, as fast as it goes; at ten, at two times the speed it was measured with; newest first.
    let drained =
        |speed: i64| every_minute(0, 600, move |minute| (8 * HOUR - minute * (speed - 1) * MINUTE).max(500));
    for speed in [2, 10, 60] {
        let mut site = Site::new();
        site.hear(drained(speed));
        assert_eq!((site.off(), site.suspect(), site.told.len()), (None, 0, 0), "{speed}");
    }
    let mut site = Site::new();
    site.hear(every_minute(0, 600, |minute| minute * 2 * MINUTE));
    assert_eq!((site.suspect(), site.told.len()), (0, 0));
    // A constant seven hours, but with messages of now between.
    let mut site = Site::new();
    site.hear(every_minute(0, 600, |minute| if minute % 3 == 0 { 500 } else { 7 * HOUR }));
    assert_eq!((site.suspect(), site.told.len()), (0, 0));
    // All at once.
    let mut site = Site::new();
    site.epoch(&(0..420).map(|minute| message(minute, 7 * HOUR - minute * MINUTE)).collect::<Vec<_>>());
    assert_eq!((site.off(), site.clocks.held.len()), (None, 1));
}

#[test]
fn values_dated_by_the_beginning_of_their_hour_or_day_do_not_make_a_clock_wrong() {
    for lag in [HOUR + 40_000, 2 * HOUR + 5_000, HALF_HOUR, 24 * HOUR + 5_000, 3 * HOUR] {
        let mut site = Site::new();
        site.hear((0..96).map(|hour| message(hour * HOUR, lag)));
        site.hear((0..96).map(|ten| message(100 * HOUR + ten * 10 * MINUTE, lag)));
        assert_eq!((site.suspect(), site.told.len()), (0, 0), "{lag}");
    }
    // The mean of a day, at seven in the morning; of many stations in a heap of ten minutes.
    let mut site = Site::new();
    for day in 0..30 {
        site.hear(
            (0..12).map(|minute| message(day * 24 * HOUR + minute * MINUTE, 7 * HOUR + minute * MINUTE)),
        );
    }
    assert_eq!((site.suspect(), site.told.len()), (0, 0));
}

#[test]
fn a_station_that_sends_every_ten_minutes_and_dates_by_their_beginning_is_found_too() {
    let mut site = Site::new();
    site.hear((0..20).map(|ten| message(ten * 10 * MINUTE, 7 * HOUR + 10 * MINUTE + 4_000)));
    assert_eq!(site.off(), Some(-7 * HOUR));
}

#[test]
fn bound_of_stations_that_are_right_nothing_is_held() {
    let mut site = Site::new();
    site.hear([message(0, 3 * HOUR)]);
    assert_eq!(site.clocks.held.len(), 1);
    site.hear(every_minute(MINUTE, 20, |_| 700));
    assert!(site.clocks.held.is_empty());
    // And of one that was often wrong the last times.
    for turn in 0..100 {
        let from = turn * HOUR;
        site.hear([message(from, -HOUR), message(from + MINUTE, -HOUR)]);
        assert_eq!(site.off(), Some(HOUR));
        site.hear(every_minute(from + 2 * MINUTE, 15, |_| 700));
        assert_eq!(site.off(), None);
    }
    assert!(postcard::to_stdvec(&site.clocks.record(&site.names, SubjectId(1))).unwrap().len() < 700);
}

/// Stretches of messages: so many minutes each with a lag, of stations.
fn messages() -> impl Strategy<Value = Vec<Message>> {
    let lags = prop::sample::select(vec![
        0,
        800,
        -7 * HOUR,
        7 * HOUR + 1_500,
        -HALF_HOUR,
        3 * HOUR,
        6 * HOUR + 55 * MINUTE,
        EIGHT - 86_400_000,
    ]);
    let part = (lags, 1..25_i64, 1..4_u32, 1..4_i64, any::<bool>());
    prop::collection::vec(part, 1..14).prop_map(|parts| {
        let mut at = 0;
        let mut all = Vec::new();
        for (lag, messages, station, step, takes_all) in parts {
            for number in 0..messages {
                at += step * MINUTE / 2;
                let ahead = if takes_all { 15 * HOUR } else { MOST_AHEAD };
                all.push(Message { at, lag: lag + number % 3 * 700, station, ahead });
            }
        }
        all
    })
}

proptest! {
    #[test]
    fn replay_any_epochs_and_checkpoints_give_what_one_pass_gives(
        messages in messages(),
        cuts in prop::collection::vec((1..40_usize, any::<bool>()), 0..30),
    ) {
        let mut whole = Site::new();
        whole.epoch(&messages);
        let mut parted = Site::new();
        let mut rest = &messages[..];
        for (cut, restarts) in cuts {
            let (epoch, behind) = rest.split_at(cut.min(rest.len()));
            parted.epoch(epoch);
            if restarts {
                parted.restart();
            }
            rest = behind;
        }
        parted.epoch(rest);
        let qualities = |site: &Site| site.rows.iter().map(|(_, quality)| *quality).collect::<Vec<_>>();
        prop_assert_eq!(qualities(&whole), qualities(&parted));
        for station in 1..4 {
            let kept = |site: &Site| postcard::to_stdvec(&site.clocks.record(&site.names, SubjectId(station))).unwrap();
            prop_assert_eq!(kept(&whole), kept(&parted));
        }
    }

    #[test]
    fn a_clock_that_is_right_is_never_called_wrong(
        lags in prop::collection::vec(-4 * MINUTE..55 * MINUTE, 1..300),
        backlog in prop::collection::vec(0..20 * HOUR, 0..100),
    ) {
        let mut site = Site::new();
        let live = lags.iter().enumerate().map(|(minute, lag)| message(minute as i64 * MINUTE, *lag));
        let late = backlog.iter().enumerate().map(|(second, lag)| message(second as i64 * 20_000 + 1, *lag));
        let mut all: Vec<Message> = live.chain(late).collect();
        all.sort_by_key(|message| message.at);
        site.hear(all);
        // While there is something of now in each few minutes nothing else can be taken for it.
        if backlog.len() / 3 < lags.len() {
            prop_assert_eq!((site.suspect(), site.told.len()), (0, 0));
        }
    }
}
