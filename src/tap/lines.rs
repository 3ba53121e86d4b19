//! Lines for a person, and objects for a program.
//!
//! A message is a line: when, what became of it, its feed and sender, the way it came. A reject's sentence stands below.
//! On a terminal a line is cut to its width where the address is, and coloured; elsewhere it is plain and whole.

use std::io::{self, IsTerminal, Write};

use crossterm::{
    queue,
    style::{Attribute, ResetColor, SetAttribute},
};
use ioc_dashboards::{
    clients::NoticeView,
    rejects::printable,
    tap::{Line, Message, Missed, MissedBecause, Outcome, Rejected},
};
use jiff::{Timestamp, tz::TimeZone};
use unicode_width::UnicodeWidthStr;

use super::Args;
use crate::{
    clients::door_line,
    told,
    top::{self, Language, Tone, Word, begin, cut, padded},
};

pub(super) const LOST: Word =
    Word("mất kết nối, đang kết nối lại", "the connection is lost; connecting anew");
pub(super) const AGAIN: Word =
    Word("đã kết nối lại, tiếp tục từ chỗ dừng", "connected again; going on from where it was");
const TROUBLE: Word = Word("chưa biết kết quả", "what became is not known");

const STORED: Word = Word("lưu", "stored");
const DUPLICATE: Word = Word("trùng", "duplicate");
const REJECTED: Word = Word("bị loại", "rejected");
const UNMATCHED: Word = Word("không nguồn nào nhận", "no feed takes it");
const FORBIDDEN: Word = Word("không được phép", "forbidden");
const HELD: Word = Word("chờ quyết định", "held");
const WAITING: Word = Word("chờ đối chiếu", "waiting");
const EMPTY: Word = Word("rỗng", "empty");
const NOTHING: Word = Word("không có gì mới", "nothing new");
const PENDING: Word = Word("chưa có kết quả", "not yet judged");
const REFUSED: Word = Word("TỪ CHỐI Ở CỬA", "DOOR");
const MISSED: Word = Word("bản tin đã đi qua mà không hiện", "messages passed by unseen");
const SLOW: Word = Word("đọc quá chậm", "read too slowly");
const RELEASED: Word = Word("nhật ký không còn giữ", "the log keeps them no more");
const WHOLE: Word = Word("cả bản tin", "all of it");
const ROW: Word = Word("dòng", "row");
const MORE: Word = Word("dòng nữa bị loại", "more rejected rows");
const PERSONAL: Word = Word("dữ liệu cá nhân: không hiện", "personal data: not shown");
const KEPT_BACK: Word = Word("có số liệu về người: không hiện", "says numbers of persons: not shown");
const MEANT_FOR: Word = Word("định gửi cho", "meant for");
const WITHHELD: Word = Word("không giữ nội dung", "bytes not kept");
const BYTES_OF_ADDRESS: Word = Word("byte địa chỉ", "bytes of address");

/// Columns of names.
const NAME: usize = 14;
const OUTCOME: usize = 24;
/// An address is not cut below that.
const SHORTEST_ADDRESS: usize = 16;
/// Characters of what was sent that are printed of a line of it, and of words that senders make up.
const LONG: usize = 4_000;
const WORDS: usize = 400;

/// Prints lines one after the other.
pub(super) struct Printer {
    json: bool,
    language: Language,
    coloured: bool,
    zone: TimeZone,
    trouble: Option<String>,
}

impl Printer {
    pub(super) fn new(args: &Args, language: Language) -> Printer {
        let coloured = !args.json && told::can_colour(&io::stdout());
        Printer { json: args.json, language, coloured, zone: TimeZone::UTC, trouble: None }
    }

    /// Prints it, if it is to be.
    pub(super) fn print(&mut self, line: &Line, out: &mut impl Write) -> anyhow::Result<()> {
        match line {
            Line::Hello(hello) => self.zone = TimeZone::get(&hello.timezone).unwrap_or(TimeZone::UTC),
            Line::Heartbeat(heartbeat) => self.say_trouble(heartbeat.trouble.as_ref()),
            line if self.json => writeln!(out, "{}", escaped(&serde_json::to_string(line)?))?,
            Line::Message(message) => {
                for line in self.message(message, width()) {
                    self.write(&line, out)?;
                }
            }
            Line::Missed(missed) => self.write(&self.missed(missed), out)?,
            Line::Door(notice) => self.write(&self.door(notice), out)?,
        }
        Ok(())
    }

    fn say_trouble(&mut self, trouble: Option<&String>) {
        if let Some(trouble) = trouble.filter(|trouble| self.trouble.as_ref() != Some(*trouble)) {
            told::note(format_args!("{}: {}", self.language.say(TROUBLE), printable(trouble, WORDS)));
        }
        self.trouble = trouble.cloned();
    }

    fn write(&self, line: &top::Line, out: &mut impl Write) -> io::Result<()> {
        for (tone, text) in line {
            if self.coloured && *tone != Tone::Plain {
                begin(out, *tone)?;
                write!(out, "{text}")?;
                queue!(out, ResetColor, SetAttribute(Attribute::Reset))?;
            } else {
                write!(out, "{text}")?;
            }
        }
        writeln!(out)
    }

    fn message(&self, message: &Message, width: Option<usize>) -> Vec<top::Line> {
        let say = |word| self.language.say(word);
        let became = self.became(message);
        let said = if message.again { format!("↳ {became}") } else { became };
        let name = |text: &str| {
            let text = printable(if text.is_empty() { "-" } else { text }, WORDS);
            if text.width() < NAME { padded(&text, NAME) } else { text + " " }
        };
        let head = format!("{} ", self.time(message.received_at.0));
        let outcome = if said.width() < OUTCOME { padded(&said, OUTCOME) } else { said + " " };
        let names = name(&message.feed) + &name(&message.sender);
        let transport = message.transport.as_ref().map(|word| format!("{word} ")).unwrap_or_default();
        let address = match message.address.is_empty() && message.address_bytes > 0 {
            true => format!("({} {})", message.address_bytes, say(BYTES_OF_ADDRESS)),
            false => printable(&message.address, WORDS),
        };
        let mut beside = vec![size(message.bytes)];
        beside.extend([&message.peer, &message.content_type].map(|text| printable(text, WORDS)));
        beside.extend((message.content == "withheld").then(|| say(WITHHELD).to_owned()));
        let attribute = |word: &str| message.attributes.get(word);
        beside.extend(
            attribute("forbidden").map(|feed| format!("{} {}", say(MEANT_FOR), printable(feed, WORDS))),
        );
        beside.extend(
            ["retained", "will", "again"]
                .iter()
                .filter(|word| attribute(word).is_some())
                .map(|word| (*word).to_owned()),
        );
        beside.push(message.position.clone());
        beside.retain(|text| !text.is_empty());
        let beside = format!("  {}", beside.join(" · "));
        let address = match width {
            Some(width) => {
                let others = [&head, &outcome, &names, &transport, &beside].map(|text| text.width());
                let room = width.saturating_sub(others.iter().sum());
                cut(&address, room.max(SHORTEST_ADDRESS))
            }
            None => address,
        };
        let mut lines = vec![vec![
            (Tone::Dim, head),
            (tone(message), outcome),
            (Tone::Plain, names + &transport + &address),
            (Tone::Dim, beside),
        ]];
        lines.extend(message.rejects.iter().map(|reject| self.reject(reject)));
        let told = message.rejects.len() as u64;
        if message.rejected > told && told > 0 {
            lines.push(vec![(Tone::Plain, format!("    … {} {}", message.rejected - told, say(MORE)))]);
        }
        lines.extend(self.payload(message));
        lines
    }

    fn reject(&self, reject: &Rejected) -> top::Line {
        let Rejected { row, whole, reason, place, message } = reject;
        let place = printable(place, WORDS);
        let at = match (whole, place.is_empty()) {
            (true, true) => self.language.say(WHOLE).to_owned(),
            (true, false) => place,
            // Rows are counted from 1 by people.
            (false, true) => format!("{} {}", self.language.say(ROW), row + 1),
            (false, false) => format!("{} {} {place}", self.language.say(ROW), row + 1),
        };
        let sentence = printable(self.language.of(message), LONG);
        vec![
            (Tone::Bad, "    ✗ ".to_owned()),
            (Tone::Plain, format!("{at}: ")),
            (Tone::Dim, format!("{} ", reason.word())),
            (Tone::Plain, sentence),
        ]
    }

    fn payload(&self, message: &Message) -> Vec<top::Line> {
        let line = |text: String| vec![(Tone::Plain, format!("    | {text}"))];
        if message.kept_back {
            let why = if message.personal { PERSONAL } else { KEPT_BACK };
            return vec![vec![(Tone::Dim, format!("    | ({})", self.language.say(why)))]];
        }
        let mut lines: Vec<top::Line> = match (&message.payload, &message.payload_base64) {
            (Some(text), _) => text.lines().map(|text| line(printable(text, LONG))).collect(),
            (None, Some(base64)) => vec![line(format!("base64 {}", printable(base64, LONG)))],
            (None, None) => Vec::new(),
        };
        lines.extend(message.cut.then(|| line("…".to_owned())));
        lines
    }

    /// What became of it, in words.
    fn became(&self, message: &Message) -> String {
        let say = |word| self.language.say(word);
        let counted = |word, count: u64| format!("{} {count}", say(word));
        let part = |outcome: &Outcome| match outcome {
            Outcome::Stored => Some(counted(STORED, message.stored)),
            Outcome::Duplicate => Some(counted(DUPLICATE, message.duplicate.unwrap_or_default())),
            Outcome::Unmatched => Some(say(UNMATCHED).to_owned()),
            Outcome::Forbidden => Some(say(FORBIDDEN).to_owned()),
            // What says more stands beside it.
            Outcome::Rejected if is_astray(message) => None,
            Outcome::Rejected => Some(counted(REJECTED, message.rejected)),
            Outcome::Held => Some(counted(HELD, message.held)),
            Outcome::Waiting => Some(counted(WAITING, message.waiting)),
            Outcome::Empty => Some(say(EMPTY).to_owned()),
            Outcome::Nothing => Some(say(NOTHING).to_owned()),
            Outcome::Pending => Some(say(PENDING).to_owned()),
            Outcome::Refused => Some(say(REFUSED).to_owned()),
        };
        message.became.iter().filter_map(part).collect::<Vec<_>>().join(", ")
    }

    fn missed(&self, missed: &Missed) -> top::Line {
        let Missed { messages, why, from, to } = missed;
        let why = match why {
            MissedBecause::Slow => SLOW,
            MissedBecause::Released => RELEASED,
        };
        let (said, why) = (self.language.say(MISSED), self.language.say(why));
        vec![(Tone::Doubtful, format!("-- {messages} {said}: {why} ({from} … {to})"))]
    }

    fn door(&self, notice: &NoticeView) -> top::Line {
        let said = printable(&door_line(notice), LONG);
        vec![
            (Tone::Dim, format!("{} ", self.time(notice.last.0))),
            (Tone::Bad, padded(self.language.say(REFUSED), OUTCOME)),
            (Tone::Plain, said),
        ]
    }

    fn time(&self, millis: i64) -> String {
        match Timestamp::from_millisecond(millis) {
            Ok(moment) => moment.to_zoned(self.zone.clone()).strftime("%H:%M:%S.%3f").to_string(),
            Err(_) => millis.to_string(),
        }
    }
}

fn is_astray(message: &Message) -> bool {
    message.became.iter().any(|outcome| matches!(outcome, Outcome::Unmatched | Outcome::Forbidden))
}

fn tone(message: &Message) -> Tone {
    match message.became.as_slice() {
        became if became.contains(&Outcome::Rejected) => Tone::Bad,
        became if became.contains(&Outcome::Held) || became.contains(&Outcome::Waiting) => Tone::Doubtful,
        [Outcome::Stored, ..] => Tone::Good,
        [Outcome::Duplicate | Outcome::Pending, ..] => Tone::Doubtful,
        _ => Tone::Dim,
    }
}

/// Columns of the terminal that is written to.
fn width() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    crossterm::terminal::size().ok().map(|(columns, _)| usize::from(columns)).filter(|columns| *columns > 0)
}

fn size(bytes: u64) -> String {
    match bytes {
        ..10_000 => format!("{bytes} B"),
        10_000..10_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

/// JSON without what a terminal could take for a command: it escapes only the controls of ASCII itself.
fn escaped(json: &str) -> String {
    let turns =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut said = String::with_capacity(json.len());
    for c in json.chars() {
        match c.is_control() || turns(c) {
            true => said.push_str(&format!("\\u{:04x}", u32::from(c))),
            false => said.push(c),
        }
    }
    said
}

#[cfg(test)]
mod tests;
