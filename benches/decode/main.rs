//! How fast lines of logs become events and rows of reports cells, on one core: the decoder alone, without log, dataflow
//! or store.
//!
//! Each format's lines are decoded again and again for a few seconds, by somebody who has met them before, and handed to a
//! sink that counts them and drops them. sshd's lines come one a message, as by syslog, and 500 a file; those of a
//! firewall and of a gateway one a message; the alerts of EVE are the 300 real ones of the golden cases, 300 a push. A
//! message of SDMX-CSV has four indicators for each month since 1900, read, judged by its form and made cells of.
//! Counted is the time on a processor, so that what else runs on the machine takes away less of the figure.
//!
//!     cargo bench -p ioc-decode --bench decode [-- sshd|filterlog|cef|eve|sdmx [ROUNDS]]
//!
//! With a number of rounds each is decoded so many times and no longer: what callgrind counts in 30 rounds more than in
//! 10 is the instructions of 20, whatever else runs on the machine.

#[path = "processor.rs"]
mod processor;

use std::{fs, path::Path, sync::Arc, time::Instant};

use ioc_decode::{Decoder, Known, Outcome, RowSink, trial::permissive_feed};
use ioc_model::{
    attribute::{self, Attribute, Attributes},
    envelope::{Content, Envelope},
    names::Names,
    observation::Observation,
    pack::{FormatName, Pack},
    position::Position,
    reject::Rejection,
    row::Row,
    time::ReceivedAt,
};

/// How long each is measured. Seconds.
const SPAN: f64 = 3.0;
/// 2026-11-20T08:00:00+07:00.
const RECEIVED_AT: ReceivedAt = ReceivedAt(1_795_136_400_000);

#[derive(Default)]
struct Count {
    events: u64,
    rejects: u64,
}

impl RowSink for Count {
    fn observation(&mut self, _: Observation) {}

    fn row(&mut self, row: Row) {
        self.events += match row {
            Row::Reported(report) => report.cells.len() as u64,
            Row::ReportedAgain(again) => again.report.cells.len() as u64,
            Row::Done(_) | Row::Decided(_) | Row::Happened(_) | Row::Replayed(_) => 1,
        };
    }

    fn rejected(&mut self, _: u32, _: Rejection, _: &[u8]) {
        self.rejects += 1;
    }
}

fn cases() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")
}

fn decoder() -> Decoder {
    let files = ioc_testing::files(&cases().join("pack"));
    let mut pack = Pack::parse(&files).unwrap_or_else(|faults| panic!("{faults}"));
    for format in [FormatName::Syslog, FormatName::SyslogLines, FormatName::Eve, FormatName::SdmxCsv] {
        let mut feed = permissive_feed(format, false);
        feed.id = format.word().to_owned();
        let _ = pack.feeds.insert(feed.id.clone(), feed);
    }
    Decoder::new(Arc::new(pack), Names::default()).expect("a decoder")
}

fn sshd_lines() -> Vec<Vec<u8>> {
    let line = |number: u32| {
        let (minute, second, address, port) =
            (number / 60 % 60, number % 60, number % 250, 40_000 + number % 20_000);
        format!(
            "<86>Nov 20 07:{minute:02}:{second:02} srv-a sshd[{}]: Failed password for root from 203.0.113.{address} port \
             {port} ssh2",
            2_000 + number
        )
        .into_bytes()
    };
    (0..500).map(line).collect()
}

fn filterlog_lines() -> Vec<Vec<u8>> {
    let line = |number: u32| {
        let (minute, second, address, port) =
            (number / 60 % 60, number % 60, number % 250, 40_000 + number % 20_000);
        format!(
            "<134>Nov 20 07:{minute:02}:{second:02} filterlog[7823]: 5,,,1000000103,igb0,match,block,in,4,0x0,,64,{number},0,\
             DF,6,tcp,60,203.0.113.{address},192.0.2.10,{port},22,0,S,1,,64240,,mss"
        )
        .into_bytes()
    };
    (0..500).map(line).collect()
}

fn cef_lines() -> Vec<Vec<u8>> {
    let line = |number: u32| {
        let (minute, second, address, port) =
            (number / 60 % 60, number % 60, number % 250, 40_000 + number % 20_000);
        format!(
            "<134>Nov 20 07:{minute:02}:{second:02} gate-a CEF:0|ExampleSec|Gate|1.0|{number}|exploit attempt|7|rt=Nov 20 2026 \
             00:{minute:02}:{second:02} UTC src=203.0.113.{address} spt={port} dst=192.0.2.10 dpt=443 proto=TCP act=blocked \
             suser=user05 request=http://a.example/?q=1&b=2 cat=Exploit cs1Label=Rule name cs1=web {number}"
        )
        .into_bytes()
    };
    (0..500).map(line).collect()
}

/// Four indicators for each month from 1900 to 2025.
fn sdmx_message() -> Vec<u8> {
    let mut message = String::from(
        "STRUCTURE,STRUCTURE_ID,ACTION,FREQ,REF_AREA,INDICATOR,TIME_PERIOD,OBS_VALUE,UNIT_MEASURE,UNIT_MULT,OBS_STATUS\n",
    );
    let columns = [("REV", "VND", 6), ("EXP", "VND", 9), ("FDI", "USD", 6), ("IIP", "IX", 0)];
    for month in 0..126 * 12 {
        for (indicator, measure, power) in columns {
            let (year, month) = (1900 + month / 12, month % 12 + 1);
            let value = 100_000 + month * 37;
            message.push_str(&format!(
                "dataflow,TN:NSNN(1.0),M,M,80,{indicator},{year}-{month:02},{value}.5,{measure},{power},A\n"
            ));
        }
    }
    message.into_bytes()
}

/// Of those whose name has the word in it that was given; for so many rounds if their number was given, too.
fn measure(decoder: &Decoder, name: &str, format: FormatName, address: &str, payloads: &[Vec<u8>]) {
    let mut said = std::env::args().skip(1).filter(|word| !word.starts_with('-'));
    if said.next().is_some_and(|word| !name.contains(&word)) {
        return;
    }
    let most = said.next().and_then(|rounds| rounds.parse::<u64>().ok());
    let goes_on = |rounds: u64, begun: Instant| match most {
        Some(most) => rounds < most,
        None => begun.elapsed().as_secs_f64() < SPAN,
    };
    let mut told = Vec::new();
    attribute::write(&mut told, Attribute::Sender, "192.0.2.11");
    let (mut known, mut count, mut bytes) = (Known::default(), Count::default(), 0);
    let (begun, before) = (Instant::now(), processor::seconds());
    let mut rounds = 0;
    while goes_on(rounds, begun) {
        rounds += 1;
        for payload in payloads {
            let envelope = Envelope {
                position: Position::default(),
                feed: format.word(),
                received_at: RECEIVED_AT,
                content: Content::Raw,
                address,
                attributes: Attributes::new(&told, &[]),
                payload,
            };
            let outcome = decoder.decode_knowing(&mut known, &envelope, &mut count);
            assert!(matches!(outcome, Outcome::Decoded { .. }));
            bytes += payload.len();
        }
    }
    let seconds = processor::seconds() - before;
    assert_eq!(count.rejects, 0);
    println!(
        "{name}: {:.0} lines/s, {:.0} MB/s",
        count.events as f64 / seconds,
        bytes as f64 / seconds / 1e6
    );
}

fn main() {
    let decoder = decoder();
    let lines = sshd_lines();
    let file = vec![lines.join(&b'\n')];
    let alerts = fs::read(cases().join("eve/real_alerts/input.jsonl")).expect("the alerts");
    measure(&decoder, "sshd, a message each", FormatName::Syslog, "syslog/udp", &lines);
    measure(&decoder, "sshd, 500 lines a file", FormatName::SyslogLines, "auth.log", &file);
    measure(&decoder, "filterlog, a message each", FormatName::Syslog, "syslog/udp", &filterlog_lines());
    measure(&decoder, "cef, a message each", FormatName::Syslog, "syslog/udp", &cef_lines());
    measure(&decoder, "sdmx, 6,048 rows a message", FormatName::SdmxCsv, "sdmx", &[sdmx_message()]);
    measure(&decoder, "eve, 300 alerts a push", FormatName::Eve, "eve", &[alerts]);
}
