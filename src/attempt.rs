//! `ioc try`: what would this input become?
//!
//! Whoever connects a gateway or an agency sees what the product makes of a message or file before anything is sent:
//! the same decoder, the same contract, nothing stored.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context, bail};
use ioc_bus::clock::Clock;
use ioc_decode::{
    Decoder,
    trial::{NodesTried, PERMISSIVE_FEED, Trial, trial_behind, with_permissive_feed},
};
use ioc_model::{
    attribute::{self, Attribute, Attributes},
    names::Names,
    pack::{FormatName, Pack},
    time::{EventTime, ReceivedAt},
};

use crate::{check::files_of, told};

/// Nothing a sender may send is larger; a file that is would only fill the memory.
const LARGEST_INPUT: u64 = 256 << 20;

/// Where messages of syslog come from.
const BY_SYSLOG: &str = "syslog/udp";

/// Arguments of `ioc try`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// What the bytes are: json_observation, station_txt, senml, chirpstack, zigbee2mqtt, tasmota, sensorthings, ngsi_ld, station_json, sparkplug_b, mapped_json, mapped_csv, syslog, syslog_lines, eve, event_csv, table, sdmx_csv, sdmx_json, dhis2 or fhir. A feed knows its own, the columns of a table, and its forms.
    #[arg(long, value_name = "NAME", value_parser = parse_format, required_unless_present = "feed")]
    pub format: Option<FormatName>,

    /// Judge by this feed's contract. Without it any subject and any time will do, and stations the pack does not
    /// list go by the code in their file's name.
    #[arg(long, value_name = "NAME")]
    pub feed: Option<String>,

    /// A pack's folder, or the name of a pack that is compiled in.
    /// Default: the configured one.
    #[arg(long, value_name = "PACK")]
    pub pack: Option<PathBuf>,

    /// When the input arrived, in RFC 3339. With a feed the default is now; without one, times are checked only if
    /// this is given.
    #[arg(long, value_name = "TIME", value_parser = parse_received_at)]
    pub received_at: Option<ReceivedAt>,

    /// Who sent it: a login or, of a message of syslog, an address.
    #[arg(long, value_name = "NAME", default_value = "")]
    pub sender: String,

    /// Whom the sender may speak of: a subject, an agency or a pattern such as 'TN-04*'; once for each. Of anybody without
    /// it.
    #[arg(long = "subject", value_name = "PATTERN")]
    pub subjects: Vec<String>,

    /// By which address it came: the topic of a device, where the message does not name it. Once for all files, or once
    /// for each of them in their order. Default: the file's name.
    #[arg(long, value_name = "TOPIC")]
    pub address: Vec<String>,

    /// An outside broker had kept it (MQTT's retain flag) and gave it to whoever asked later.
    #[arg(long)]
    pub retained: bool,

    /// When a record of Kafka was written, by its broker, in RFC 3339. It is known of none without this.
    #[arg(long, value_name = "TIME", value_parser = parse_written)]
    pub written: Option<EventTime>,

    /// Inputs; - is standard input. A station file's name says which station it is of. Messages of one node of Sparkplug
    /// are read each by those before it: give its births first.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

fn parse_format(name: &str) -> Result<FormatName, String> {
    FormatName::from_word(&name.replace('-', "_")).ok_or_else(|| {
        let known: Vec<&str> = FormatName::ALL.into_iter().map(FormatName::word).collect();
        format!("there are: {}", known.join(", "))
    })
}

fn parse_received_at(text: &str) -> Result<ReceivedAt, String> {
    parse_written(text).map(|time| ReceivedAt(time.0))
}

fn parse_written(text: &str) -> Result<EventTime, String> {
    let wrong = || "a time with a zone, such as 2026-01-01T07:00:00+07:00".to_owned();
    EventTime::from_rfc3339(text).ok_or_else(wrong)
}

/// Prints what the inputs would become, one JSON line a row. Fails with exit code 1 if any would be rejected.
///
/// # Errors
/// If the pack has faults, there is no such feed, or an input cannot be read.
pub fn run(args: &Args, configured: &Path) -> anyhow::Result<ExitCode> {
    let (decoder, feed) = decoder(args, configured)?;
    let received_at = args.received_at.unwrap_or_else(|| Clock::Machine.received_at());
    let is_syslog = decoder.pack().feeds.get(&feed).is_some_and(|feed| feed.format == FormatName::Syslog);
    let mut known = Vec::new();
    attribute::write(&mut known, Attribute::Sender, &args.sender);
    attribute::write(&mut known, Attribute::BoundTo, &args.subjects.join(" "));
    attribute::write(&mut known, Attribute::Retained, if args.retained { "1" } else { "" });
    attribute::write(
        &mut known,
        Attribute::Written,
        &args.written.map(EventTime::rfc3339).unwrap_or_default(),
    );
    let attributes = Attributes::new(&known, &[]);
    let mut rejects = 0;
    if args.address.len() > 1 && args.address.len() != args.files.len() {
        bail!(
            "--address is given {} times for {} files: once, or once for each",
            args.address.len(),
            args.files.len()
        );
    }
    // One alone is read alone, as when it is read again.
    let mut nodes = match args.files.len() {
        1 => NodesTried::default(),
        _ => NodesTried::in_order(),
    };
    told::say(|out| {
        for (number, path) in args.files.iter().enumerate() {
            let payload = read(path)?;
            let address = match args.address.get(number).or(args.address.first()) {
                Some(address) => address.clone(),
                None if is_syslog => BY_SYSLOG.to_owned(),
                None => address(path),
            };
            let mut tried = Trial::default();
            for message in messages(&payload, is_syslog) {
                let one =
                    trial_behind(&decoder, &mut nodes, &feed, &address, attributes, received_at, message);
                tried.lines.extend(one.lines);
                tried.rejects += one.rejects;
            }
            if tried.lines.is_empty() {
                let from =
                    if is_standard_input(path) { "standard input".into() } else { path.to_string_lossy() };
                told::note(format_args!("{from}: carries nothing"));
            }
            rejects += tried.rejects;
            tried.lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
        }
        Ok(())
    })?;
    Ok(if rejects == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A file of messages of syslog has one a line, each of which came by itself.
fn messages(payload: &[u8], is_syslog: bool) -> Vec<&[u8]> {
    match is_syslog {
        true => payload.split(|byte| *byte == b'\n').collect(),
        false => vec![payload],
    }
}

fn decoder(args: &Args, configured: &Path) -> anyhow::Result<(Decoder, String)> {
    let files = files_of(args.pack.as_deref().unwrap_or(configured))?;
    let (pack, feed) = match &args.feed {
        Some(feed) => (pack_with_feed(&files, feed, args.format)?, feed.clone()),
        None => {
            let Some(format) = args.format else { bail!("name a --format or a --feed") };
            let pack = Pack::parse(&files).context("the pack has faults")?;
            let pack = with_permissive_feed(pack, format, args.received_at.is_some());
            (pack, PERMISSIVE_FEED.to_owned())
        }
    };
    Ok((Decoder::new(Arc::new(pack), Names::default())?, feed))
}

/// The pack as it is, or with the overlay that has the feed.
fn pack_with_feed(
    files: &ioc_model::pack::PackFiles,
    feed: &str,
    format: Option<FormatName>,
) -> anyhow::Result<Pack> {
    let overlays = files.keys().filter_map(|path| path.strip_suffix("/pack.toml"));
    let mut known: Vec<String> = Vec::new();
    for overlay in std::iter::once(None).chain(overlays.map(Some)) {
        let pack = Pack::parse_with(files, overlay).context("the pack has faults")?;
        let Some(found) = pack.feeds.get(feed) else {
            known.extend(pack.feeds.keys().filter(|id| !known.contains(id)).cloned().collect::<Vec<_>>());
            continue;
        };
        if let Some(format) = format.filter(|format| *format != found.format) {
            bail!("feed {feed} has the format {}, not {}", found.format.word(), format.word());
        }
        return Ok(pack);
    }
    bail!("the pack has no feed {feed} (it has: {})", known.join(", "))
}

fn address(path: &Path) -> String {
    if is_standard_input(path) {
        return "-".to_owned();
    }
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut payload = Vec::new();
    let limited =
        |source: &mut dyn Read, payload: &mut Vec<u8>| source.take(LARGEST_INPUT + 1).read_to_end(payload);
    let size = if is_standard_input(path) {
        limited(&mut io::stdin().lock(), &mut payload).context("cannot read standard input")?
    } else {
        let mut file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        limited(&mut file, &mut payload).with_context(|| format!("cannot read {}", path.display()))?
    };
    if size as u64 > LARGEST_INPUT {
        bail!("{} has more than {LARGEST_INPUT} bytes", path.display());
    }
    Ok(payload)
}
