//! What is drawn: lines of words and their worth. Pure, so that it is tested without a terminal.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use ioc_dashboards::{
    HeldBack, SystemStatus,
    board::StatusView,
    feed::FeedView,
    index_tile::IndexTileView,
    overview::{Overview, StationNames},
    tile::{Latest, TileView},
};
use ioc_model::{figure::FigureId, name::Name, rule::AlertAbout, window::WindowKind};
use jiff::{Timestamp, tz::TimeZone};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{
    figures,
    pace::Pace,
    rates,
    words::{self, Language, Word},
};

/// How a text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    /// Names of columns, what is less important.
    Dim,
    Bold,
    Good,
    /// Late, cleared, calibrating.
    Doubtful,
    /// Trouble.
    Bad,
}

/// A line: texts with their tones.
pub(crate) type Line = Vec<(Tone, String)>;

/// What a process that stopped reporting says of itself counts for so long. Milliseconds.
const REPORT_KEEPS: i64 = 10_000;
const WIDE: usize = 4_096;

/// The view of a running process.
#[derive(Debug)]
pub(super) struct Screen {
    language: Language,
    overview: Option<Overview<'static>>,
    taken: Instant,
    /// Why there is nothing newer.
    lost: Option<String>,
    paces: BTreeMap<Name, Pace>,
    scrolled: usize,
    scrollable: usize,
}

impl Screen {
    pub(super) fn new(language: Language) -> Screen {
        Screen {
            language,
            overview: None,
            taken: Instant::now(),
            lost: None,
            paces: BTreeMap::new(),
            scrolled: 0,
            scrollable: 0,
        }
    }

    pub(super) fn take(&mut self, overview: Overview<'static>, at: Instant) {
        for feed in &overview.picture.feeds {
            self.paces.entry(feed.id).or_default().take(at, overview.received(feed));
        }
        self.overview = Some(overview);
        self.taken = at;
        self.lost = None;
    }

    pub(super) fn lost(&mut self, cause: String) {
        self.lost = Some(cause);
    }

    pub(super) fn switch_language(&mut self) {
        self.language = self.language.other();
    }

    pub(super) fn scroll(&mut self, lines: i32) {
        let by = lines.unsigned_abs() as usize;
        self.scrolled =
            if lines < 0 { self.scrolled.saturating_sub(by) } else { self.scrolled.saturating_add(by) };
        self.scrolled = self.scrolled.min(self.scrollable);
    }

    /// Everything, without colours, for scripts.
    pub(super) fn plain(&self) -> Vec<String> {
        let lines = self.head().into_iter().chain(self.body());
        let text = |line: Line| line.into_iter().map(|(_, text)| text).collect::<String>();
        lines.map(|line| text(line).trim_end().to_owned()).collect()
    }

    /// What fits into so many columns and rows; the head stays while the body scrolls.
    pub(super) fn lines(&mut self, (width, height): (u16, u16)) -> Vec<Line> {
        let (width, height) = (usize::from(width), usize::from(height));
        let mut lines = self.head();
        let body = self.body();
        lines.truncate(height);
        let room = height.saturating_sub(lines.len() + 1);
        self.scrollable = body.len().saturating_sub(room);
        self.scrolled = self.scrolled.min(self.scrollable);
        let below = self.scrollable - self.scrolled;
        lines.extend(body.into_iter().skip(self.scrolled).take(room));
        if lines.len() < height {
            let mut keys = self.language.say(words::KEYS).to_owned();
            if self.scrollable > 0 {
                keys += &format!(" · ▲{} ▼{below}", self.scrolled);
            }
            lines.resize(height - 1, Line::new());
            lines.push(vec![(Tone::Dim, keys)]);
        }
        lines.into_iter().map(|line| clipped(line, width)).collect()
    }

    fn head(&self) -> Vec<Line> {
        let Some(overview) = &self.overview else { return Vec::new() };
        let say = |word| self.language.say(word);
        let pack = &overview.pack;
        let mut title = vec![
            (Tone::Bold, format!("ioc · {}", clean(self.language.of(&pack.name)))),
            (Tone::Plain, format!("  {}", local(overview.now().0, &pack.timezone))),
            (Tone::Dim, format!("  {} {}", say(words::EPOCH), overview.picture.epoch)),
        ];
        if let Some(StatusView { status, .. }) = &overview.status {
            title.push((Tone::Dim, format!(" ({} {})", status.outstanding_epochs, say(words::UNDER_WAY))));
            if status.replaying {
                title.push((Tone::Doubtful, format!("  {}", say(words::REPLAYING))));
            }
        }
        if overview.clock_speed != 1.0 {
            title.push((Tone::Dim, format!("  {} ×{}", say(words::SPEED), overview.clock_speed)));
        }
        let mut lines = vec![title];
        if let Some(replayed) = &pack.replayed {
            lines.push(vec![(Tone::Doubtful, clean(self.language.of(replayed)))]);
        }
        lines.extend(self.health(overview));
        if let Some(cause) = &self.lost {
            let since = self.language.age(millis(self.taken.elapsed()));
            lines.push(vec![(
                Tone::Bad,
                format!("{} ({since}): {}", say(words::NO_CONNECTION), clean(cause)),
            )]);
        }
        lines.push(Line::new());
        lines
    }

    fn health(&self, overview: &Overview<'_>) -> Vec<Line> {
        let say = |word| self.language.say(word);
        let Some(StatusView { status, reported_ago, .. }) = &overview.status else {
            return vec![vec![(Tone::Bad, say(words::NO_REPORT).to_owned())]];
        };
        let SystemStatus { bus, clickhouse, archive, held_back, halted, stalled_since, .. } = status;
        let mut line = Line::new();
        let clickhouse_word = Word("ClickHouse", "ClickHouse");
        let parts = [
            (words::LOG, bus.word(), bus.cause()),
            (clickhouse_word, clickhouse.word(), clickhouse.cause()),
            (words::ARCHIVE, archive.state.word(), archive.cause.as_deref()),
        ];
        for (word, state, _) in parts {
            line.push((Tone::Dim, format!("{} ", say(word))));
            line.push((tone_of_health(state), format!("{}   ", self.language.state(state))));
        }
        let waiting = unacknowledged(overview);
        line.push((Tone::Dim, format!("{} ", say(words::ALERTS))));
        let tone = if waiting > 0.0 { Tone::Bad } else { Tone::Good };
        line.push((tone, overview.picture.alerts_open.to_string()));
        if waiting > 0.0 {
            line.push((Tone::Bad, format!(" ({waiting:.0} {})", say(words::UNACKNOWLEDGED))));
        }
        let mut lines = vec![line];
        let mut bad = |text: String| lines.push(vec![(Tone::Bad, text)]);
        if let Some(cause) = halted {
            bad(format!("{}: {}", say(words::HALTED), clean(cause)));
        }
        if let Some(since) = stalled_since {
            bad(format!("{} {}", say(words::STALLED), self.language.age(overview.now().0 - since.0)));
        }
        let reported_ago = i64::try_from(*reported_ago).unwrap_or(i64::MAX);
        if reported_ago > REPORT_KEEPS {
            bad(format!("{}: {}", say(words::OLD_REPORT), self.language.age(reported_ago)));
        }
        let HeldBack { count, senders } = held_back;
        if *count > 0 {
            bad(format!("{} ({count}): {}", say(words::HELD_BACK), clean(&senders.join(", "))));
        }
        let held: i64 = overview.picture.feeds.iter().map(|feed| feed.counts.held).sum();
        if held > 0 {
            bad(format!("{held} {}", say(words::HELD)));
        }
        for (word, _, cause) in parts {
            if let Some(cause) = cause {
                bad(format!("{}: {}", say(word), clean(cause)));
            }
        }
        lines
    }

    fn body(&self) -> Vec<Line> {
        let Some(overview) = &self.overview else { return Vec::new() };
        let mut lines = figures::lines(self.language, overview);
        lines.extend(self.alerts(overview));
        lines.extend(self.feeds(overview));
        lines.push(Line::new());
        lines.extend(self.stations(overview));
        lines
    }

    fn alerts(&self, overview: &Overview<'_>) -> Vec<Line> {
        let mut lines = Vec::new();
        for alert in &overview.picture.alerts {
            let rule = overview.pack.rules.get(&*alert.rule);
            let rule = rule.map_or(&*alert.rule, |rule| self.language.of(&rule.name));
            let subject = match (alert.about, &alert.subject_name) {
                (_, Some(name)) => self.language.of(name).to_owned(),
                (AlertAbout::Network, None) if alert.subject.contains(':') => format!("{}/64", alert.subject),
                _ => alert.subject.to_string(),
            };
            let tone = match (alert.active, alert.acknowledged) {
                (true, false) => Tone::Bad,
                (true, true) => Tone::Doubtful,
                (false, _) => Tone::Plain,
            };
            let mut line = vec![
                (tone, format!("! {} ", padded(self.language.state(alert.priority.word()), 9))),
                (Tone::Plain, format!("{} · {} ", clean(rule), clean(&subject))),
                (Tone::Dim, self.language.age(overview.now().0 - alert.raised_at.0)),
            ];
            if !alert.active {
                line.push((Tone::Dim, format!(" · {}", self.language.say(words::CLEARED))));
            }
            if !alert.acknowledged {
                line.push((Tone::Dim, format!(" · {}", self.language.say(words::UNACKNOWLEDGED))));
            }
            lines.push(line);
        }
        if !lines.is_empty() {
            lines.push(Line::new());
        }
        lines
    }

    fn feeds(&self, overview: &Overview<'_>) -> Vec<Line> {
        let say = |word| self.language.say(word);
        let named =
            overview.picture.feeds.iter().map(|feed| feed.id.width()).max().unwrap_or(0).clamp(12, 24);
        let columns = [
            (words::LAST, 10),
            (words::RATE, 7),
            (words::RECEIVED, 11),
            (words::IN_FLIGHT, 11),
            (words::UNREADABLE, 10),
            (words::STORED, 11),
            (words::DUPLICATE, 10),
            (words::REJECTED, 9),
            (words::WAITING, 9),
            (words::FOR_A_WORD, 6),
        ];
        let mut heading = padded(say(words::FEED), named);
        for (word, width) in columns {
            heading += &right(say(word), width);
        }
        heading += &format!("  {}", say(words::BALANCE));
        let mut lines = vec![vec![(Tone::Dim, heading)]];
        for feed in &overview.picture.feeds {
            let FeedView { id, counts, envelopes_astray, rows_astray, last_received, .. } = feed;
            let age = last_received.map(|at| overview.now().0 - at.0);
            let is_silent = feed.silent_from.is_some_and(|from| overview.has_passed(from));
            let last = age.map_or_else(|| say(words::NEVER).to_owned(), |age| self.language.age(age));
            let rate = self.paces.get(id).map_or_else(|| "–".to_owned(), rates);
            let mut figures = right(&rate, 7);
            let counted = [
                (overview.received(feed).to_string(), 11),
                (overview.in_flight(id).to_string(), 11),
                (counts.undecodable.to_string(), 10),
                (counts.stored.to_string(), 11),
                (counts.duplicate.to_string(), 10),
                (counts.rejected.to_string(), 9),
                (counts.waiting.to_string(), 9),
                (counts.held.to_string(), 6),
            ];
            for (figure, width) in counted {
                figures += &right(&figure, width);
            }
            let astray = envelopes_astray.unsigned_abs() + rows_astray.unsigned_abs();
            let balance = match astray {
                0 => (Tone::Good, format!("  {}", say(words::HOLDS))),
                astray => (Tone::Bad, format!("  {} {astray}", say(words::ASTRAY))),
            };
            let beside: String =
                [(counts.datagrams_dropped, words::DROPPED), (counts.records_lost, words::RECORDS_LOST)]
                    .into_iter()
                    .filter(|(count, _)| *count > 0)
                    .map(|(count, word)| format!(" · {count} {}", say(word)))
                    .collect();
            lines.push(vec![
                (Tone::Bold, padded(&clean(id), named)),
                (if is_silent { Tone::Bad } else { Tone::Plain }, right(&last, 10)),
                (Tone::Plain, figures),
                balance,
                (Tone::Bad, beside),
            ]);
        }
        lines
    }

    fn stations(&self, overview: &Overview<'_>) -> Vec<Line> {
        let say = |word| self.language.say(word);
        let heading = format!(
            "{}{}  {}{}",
            padded(say(words::STATION), 18),
            right(say(words::VALUE), 12),
            padded(&format!("{:10}{}", "", say(words::QUALITY)), 28),
            right(say(words::AGE), 10)
        );
        let mut lines = vec![vec![(Tone::Dim, heading)]];
        for station in &overview.pack.stations {
            lines.push(self.station(overview, station));
            let of_it = |tile: &&TileView| *tile.subject == station.id;
            for tile in overview.picture.tiles.iter().filter(of_it) {
                lines.push(self.tile(overview, tile));
            }
        }
        lines
    }

    fn station(&self, overview: &Overview<'_>, station: &StationNames) -> Line {
        let mut line = vec![(Tone::Bold, clean(self.language.of(&station.name)))];
        let judged = overview.picture.stations.iter().find(|judged| *judged.subject == station.id);
        if let Some(judged) = judged {
            let (tone, word) = match judged.standing {
                Some(_) if overview.stations_are_stale() => (Tone::Doubtful, self.language.say(words::STALE)),
                Some(standing) => (tone_of_state(standing.word()), self.language.state(standing.word())),
                None => (Tone::Dim, self.language.say(words::NOT_JUDGED)),
            };
            line.push((tone, format!("  {}", clean(word))));
        }
        let of_it = |tile: &&IndexTileView| *tile.subject == station.id && tile.kind == WindowKind::Hour;
        for tile in overview.picture.indices.iter().filter(of_it) {
            let Some(latest) = &tile.latest else { continue };
            let Some(value) = latest.value else { continue };
            let index = overview.pack.indices.get(&tile.index);
            let name = index.map_or(tile.index.word(), |index| self.language.of(&index.name));
            let category = latest.category.as_deref().and_then(|word| {
                let known = index?.categories.iter().find(|category| category.word == *word)?;
                Some(self.language.of(&known.name))
            });
            let age = self.language.age(overview.now().0 - latest.end.0);
            line.push((
                Tone::Plain,
                format!("  {} {value:.0} {}", clean(name), clean(category.unwrap_or_default())),
            ));
            line.push((Tone::Dim, format!(" ({age})")));
        }
        line
    }

    fn tile(&self, overview: &Overview<'_>, tile: &TileView) -> Line {
        let indicator = overview.pack.indicators.get(&*tile.indicator);
        let symbol = indicator.map_or(&*tile.indicator, |indicator| &indicator.symbol);
        let name = (Tone::Plain, padded(&format!("  {}", clean(symbol)), 18));
        let Some(Latest { event_time, value, quality, .. }) = &tile.latest else {
            return vec![name, (Tone::Doubtful, right(self.language.say(words::NEVER), 12))];
        };
        let decimals = indicator.map_or(2, |indicator| usize::from(indicator.decimals.min(9)));
        let unit = indicator.map_or("", |indicator| &indicator.unit);
        let age = overview.now().0 - event_time.0;
        let is_old = tile.ages.stale_from.is_some_and(|from| overview.has_passed(from));
        vec![
            name,
            (Tone::Bold, right(&format!("{value:.decimals$}"), 12)),
            (Tone::Dim, format!("  {}", padded(&clean(unit), 10))),
            (tone_of_state(quality.word()), padded(self.language.state(quality.word()), 18)),
            (if is_old { Tone::Bad } else { Tone::Plain }, right(&self.language.age(age), 10)),
        ]
    }
}

/// How many open alerts nobody took on, as the figure of them counted. The list is cut where very many are open; it counts
/// where there is no figure, as for who sees no more than some units.
fn unacknowledged(overview: &Overview<'_>) -> f64 {
    let picture = &overview.picture;
    let counted = picture.figures.iter().find(|figure| figure.figure == FigureId::Alerts);
    let listed = picture.alerts.iter().filter(|alert| !alert.acknowledged).count();
    counted.and_then(|figure| figure.of).unwrap_or(listed as f64)
}

fn tone_of_health(state: &str) -> Tone {
    match state {
        "writing" | "up" => Tone::Good,
        "off" => Tone::Dim,
        _ => Tone::Bad,
    }
}

fn tone_of_state(state: &str) -> Tone {
    match state {
        "good" => Tone::Good,
        "silent" | "error" | "device_error" => Tone::Bad,
        _ => Tone::Doubtful,
    }
}

fn local(moment: i64, zone: &str) -> String {
    let at = Timestamp::from_millisecond(moment).ok();
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    at.map_or_else(|| moment.to_string(), |at| at.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S").to_string())
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Without what could move the cursor, ring the bell or turn the writing round.
pub(super) fn clean(text: &str) -> String {
    let turns =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if c.is_control() || turns(c) { '·' } else { c }).take(WIDE).collect()
}

pub(crate) fn padded(text: &str, width: usize) -> String {
    let text = cut(text, width.saturating_sub(1));
    let space = width.saturating_sub(text.width());
    format!("{text}{:space$}", "")
}

pub(super) fn right(text: &str, width: usize) -> String {
    let text = cut(text, width.saturating_sub(1));
    let space = width.saturating_sub(text.width());
    format!("{:space$}{text}", "")
}

/// No wider than that.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut used = 1;
    let fits = |c: &char| {
        used += c.width().unwrap_or(0);
        used <= width
    };
    text.chars().take_while(fits).chain((width > 0).then_some('…')).collect()
}

fn clipped(line: Line, width: usize) -> Line {
    let mut left = width;
    let mut clipped = Line::new();
    for (tone, text) in line {
        if left == 0 {
            break;
        }
        let text = cut(&text, left);
        left -= text.width().min(left);
        clipped.push((tone, text));
    }
    clipped
}

#[cfg(test)]
mod tests;
