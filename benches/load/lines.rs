//! The lines of W1, as stations send them.
//!
//! 2,000 stations × 8 indicators, one reading a series every five seconds, in an order that changes every round. 5 %
//! arrive up to a minute late, 0.5 % are sent twice (the copy within ten seconds), and of 0.1 % of the readings comes
//! something damaged: a torn line, no value, no number, a word of the device, a date that does not exist. A line's keys
//! come in any of six orders. No series has two readings at one moment. The same seed gives the same lines.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    fs::File,
    io::{self, BufWriter, Write},
    path::PathBuf,
};

use ioc_model::time::EventTime;

use crate::chance::Chance;

const INDICATORS: [&str; 8] = ["pm25", "pm10", "no2", "o3", "so2", "co", "temp", "rh"];
/// 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600_000;
/// Between two readings of a series, in milliseconds.
const EVERY: u64 = 5_000;
const LATE: u64 = 60_000;
/// Of ts, station, indicator, value and quality; the first is the one most devices write.
const ORDERS: [[usize; 5]; 6] =
    [[0, 1, 2, 3, 4], [1, 2, 0, 3, 4], [3, 4, 1, 2, 0], [4, 3, 2, 1, 0], [2, 1, 3, 0, 4], [0, 3, 1, 4, 2]];
const COPY_LATE: u64 = 10_000;

#[derive(clap::Args)]
pub struct Lines {
    /// readings; with the copies there are about 0.5 % more lines
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
    #[arg(long, default_value_t = 2_000)]
    stations: u64,
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// the standard output if there is none
    #[arg(long)]
    output: Option<PathBuf>,
}

/// A line that comes later than its turn, by the moment of its arrival.
type Late = Reverse<(u64, u64, Vec<u8>)>;

impl Lines {
    pub fn run(self) {
        let told = match &self.output {
            Some(path) => self.write(BufWriter::with_capacity(1 << 20, File::create(path).expect("a file"))),
            None => self.write(BufWriter::with_capacity(1 << 20, io::stdout().lock())),
        };
        match told {
            Ok(lines) => eprintln!("{{\"load\":\"lines\",\"events\":{},\"lines\":{lines}}}", self.events),
            // Whoever reads has enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            Err(error) => panic!("the lines cannot be written: {error}"),
        }
    }

    fn write(&self, mut out: impl Write) -> io::Result<u64> {
        let mut chance = Chance(self.seed);
        let series = self.stations * INDICATORS.len() as u64;
        let levels: Vec<u64> = (0..series).map(|_| 1_000 + chance.below(8_000)).collect();
        let mut late: BinaryHeap<Late> = BinaryHeap::new();
        let mut round = Round::default();
        let (mut lines, mut line) = (0, Line::default());
        for event in 0..self.events {
            if event % series == 0 {
                round = Round::new(&mut chance, series);
            }
            // Of a round's readings each has its share of the five seconds, so no series has two at one moment.
            let arrival = event * EVERY / series;
            let which = round.series(event % series, series);
            let hundredths = levels[which as usize] + chance.below(2_000);
            let damaged = chance.happens(1);
            let order = if damaged { 0 } else { chance.below(ORDERS.len() as u64) as usize };
            line.reading(arrival, which, hundredths, ORDERS[order]);
            while late.peek().is_some_and(|Reverse((due, ..))| *due <= arrival) {
                let Some(Reverse((.., text))) = late.pop() else { break };
                out.write_all(&text)?;
                lines += 1;
            }
            if damaged {
                line.damage(&mut chance);
                out.write_all(&line.text)?;
                lines += 1;
                continue;
            }
            let due = if chance.happens(50) { arrival + chance.below(LATE) } else { arrival };
            if chance.happens(5) {
                late.push(Reverse((due + 1 + chance.below(COPY_LATE), event, line.text.clone())));
            }
            if due > arrival {
                late.push(Reverse((due, event, line.text.clone())));
            } else {
                out.write_all(&line.text)?;
                lines += 1;
            }
        }
        for Reverse((.., text)) in late.into_sorted_vec().into_iter().rev() {
            out.write_all(&text)?;
            lines += 1;
        }
        out.flush()?;
        Ok(lines)
    }
}

/// The order of the series in one round: every series once.
#[derive(Default)]
struct Round {
    factor: u64,
    offset: u64,
}

impl Round {
    fn new(chance: &mut Chance, series: u64) -> Round {
        loop {
            let factor = chance.below(series) | 1;
            if greatest_common_divisor(factor, series) == 1 {
                return Round { factor, offset: chance.below(series) };
            }
        }
    }

    fn series(&self, turn: u64, series: u64) -> u64 {
        (turn * self.factor + self.offset) % series
    }
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// One line with its end, and the second it was made for, whose text is kept.
#[derive(Default)]
struct Line {
    text: Vec<u8>,
    second: Option<u64>,
    date: String,
}

impl Line {
    fn reading(&mut self, millis: u64, series: u64, hundredths: u64, order: [usize; 5]) {
        let second = millis / 1_000;
        if self.second != Some(second) {
            self.second = Some(second);
            self.date = EventTime(START + (second * 1_000) as i64).rfc3339();
            self.date.truncate("2026-01-01T00:00:00".len());
        }
        self.text.clear();
        let indicators = INDICATORS.len() as u64;
        let indicator = INDICATORS[(series % indicators) as usize];
        let station = series / indicators;
        for (place, field) in order.into_iter().enumerate() {
            self.text.push(if place == 0 { b'{' } else { b',' });
            let _ = match field {
                0 => write!(self.text, r#""ts":"{}.{:03}Z""#, self.date, millis % 1_000),
                1 => write!(self.text, r#""station":"TN-{station:04}""#),
                2 => write!(self.text, r#""indicator":"{indicator}""#),
                3 => write!(self.text, r#""value":{}.{:02}"#, hundredths / 100, hundredths % 100),
                _ => write!(self.text, r#""quality":0"#),
            };
        }
        self.text.extend_from_slice(b"}\n");
    }

    fn damage(&mut self, chance: &mut Chance) {
        let whole = String::from_utf8_lossy(&self.text).into_owned();
        let value = whole.find("\"value\":").expect("a reading") + "\"value\":".len();
        let behind_value = value + whole[value..].find(',').expect("a reading");
        let damaged = match chance.below(5) {
            0 => whole[..whole.len() / 2].to_owned() + "\n",
            1 => whole[..value - "\"value\":".len()].to_owned() + &whole[behind_value + 1..],
            2 => format!("{}\"n/a\"{}", &whole[..value], &whole[behind_value..]),
            3 => "#### sensor reboot ####\n".to_owned(),
            _ => format!(
                "{{\"ts\":\"2026-13-45T99:00:00.000Z\"{}",
                &whole[whole.find(",\"station\"").unwrap_or(0)..]
            ),
        };
        self.text = damaged.into_bytes();
    }
}
