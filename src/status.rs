//! `ioc status`: where things listen, who may ask, and how each feed balances.
//!
//! The running process leaves its addresses in the data folder; everything else is asked of its API, so that what
//! the terminal shows is what the page shows.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, bail};
use ioc_dashboards::{
    ArchiveState, ArchiveStatus, HeldBack, PackState, PackStatus, SystemStatus,
    board::StatusView,
    clients::NoticeView,
    feed::{FeedView, OnlyRejects},
    overview::Overview,
};
use ioc_ingest::transport::Kind;
use ioc_model::{epoch::Epoch, name::Name, text::Text, time::Now};
use serde::{Deserialize, Serialize};

use crate::{clients, config::Config, told};

/// What a running process leaves in the data folder.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Run {
    /// Its process id.
    pub pid: u32,
    /// Page and API.
    pub http: String,
    /// Where page and API are by TLS.
    #[serde(default)]
    pub https: Option<String>,
    /// The ways in.
    #[serde(default)]
    pub ways_in: Vec<WayIn>,
    /// ClickHouse.
    pub clickhouse: String,
    /// Its database.
    pub database: String,
    /// Files with the passwords of the embedded ClickHouse's users.
    pub password_files: BTreeMap<String, String>,
}

/// A way in, as a person is told of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WayIn {
    /// Its word in packs.
    pub transport: String,
    /// What it is called.
    pub name: Text,
    /// Where it is reached, or where it goes.
    pub address: String,
    /// Whether others come to it.
    pub listens: bool,
    /// Whether what comes there from other machines travels in the clear.
    #[serde(default)]
    pub in_the_clear: bool,
}

impl Run {
    /// What ran last on the configured data folder, and may be running still.
    ///
    /// # Errors
    /// If nothing ever ran on it.
    pub fn of(config: &Config) -> anyhow::Result<Run> {
        let path = config.data_path(RUN_FILE);
        let run = std::fs::read(&path)
            .with_context(|| format!("nothing has run on {}", config.data.folder.display()))?;
        serde_json::from_slice(&run).with_context(|| format!("{} is not valid", path.display()))
    }
}

impl WayIn {
    /// One of that kind.
    #[must_use]
    pub fn of(kind: &Kind, address: &str, in_the_clear: bool) -> WayIn {
        WayIn {
            transport: kind.word.to_owned(),
            name: Text { vi: kind.name.vi.to_owned(), en: kind.name.en.to_owned() },
            address: address.to_owned(),
            listens: kind.listens,
            in_the_clear,
        }
    }

    /// A line of it behind its name.
    #[must_use]
    pub fn line(&self, width: usize) -> String {
        let warning = if self.in_the_clear { "  in the clear, beyond this machine" } else { "" };
        format!("{:<width$}  {}{warning}", self.name.en, self.address)
    }
}

/// Name of the file in the data folder.
pub const RUN_FILE: &str = "run.json";

/// What the command prints.
#[derive(Debug, Serialize)]
struct Status {
    #[serde(flatten)]
    run: Run,
    epoch: Epoch,
    now: Now,
    /// Epochs between their manifest and their commit.
    lag_epochs: u64,
    replaying: bool,
    held_back: HeldBack,
    pack: PackStatus,
    /// What happened lately where senders come in: nobody's trouble but theirs.
    door: Vec<NoticeView>,
    halted: Option<String>,
    trouble: Vec<String>,
    /// Envelopes on the bus that no committed epoch holds.
    in_flight: u64,
    waiting: i64,
    /// Rows that wait for a person's word: `ioc held`.
    held: i64,
    balanced: bool,
    archive: ArchiveStatus,
    feeds: BTreeMap<Name, Feed>,
}

/// A feed as the page gets it, and what is in flight of it.
#[derive(Debug, Serialize)]
struct Feed {
    #[serde(flatten)]
    view: FeedView,
    in_flight: u64,
}

fn nothing_good(of: &OnlyRejects, feed: &str) -> String {
    let since = of.since.map(|since| format!(" since {since}")).unwrap_or_default();
    format!("everything feed '{feed}' sends is rejected ({} messages in a row{since})", of.messages)
}

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command. Exit code 1 if something is wrong: halted, away, full, out of balance, or a feed of which everything is
/// rejected.
///
/// # Errors
/// If nothing runs on the data folder, or it does not answer.
pub fn run(config: &Config, args: &Args) -> anyhow::Result<ExitCode> {
    let status = ask(Run::of(config)?)?;
    told::say(|out| match args.json {
        true => Ok(writeln!(out, "{}", serde_json::to_string_pretty(&status)?)?),
        false => Ok(print(&status, out)?),
    })?;
    let well = status.balanced && status.halted.is_none() && status.trouble.is_empty();
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What lies in the pack's folder, if it is not what is in effect.
fn in_the_folder(PackStatus { state, waiting, why, .. }: &PackStatus) -> Vec<String> {
    let waiting = waiting.as_ref().map_or("?", |version| &version.0);
    let mut lines = match state {
        PackState::Current => Vec::new(),
        PackState::Changed => {
            vec![format!("the folder holds version {waiting}, which is NOT in effect: ioc reload")]
        }
        PackState::NeedsRestart => {
            vec![format!("the folder holds version {waiting}, which is NOT in effect and needs a restart:")]
        }
        PackState::Faulty => vec!["what the folder holds is NOT in effect: it has faults".to_owned()],
    };
    lines.extend(why.iter().map(|why| format!("  {why}")));
    lines
}

/// Seconds, in the unit one thinks of them in: a demo's clock makes days of minutes.
fn ago(seconds: i64) -> String {
    match seconds {
        ..300 => format!("{seconds} s"),
        300..10_800 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3_600),
    }
}

/// How the archive follows the log, in a line.
fn archive_line(archive: &ArchiveStatus, now: Now) -> String {
    if archive.state == ArchiveState::Off {
        return "off".to_owned();
    }
    let last = match archive.last_pass_at {
        Some(at) => format!("last pass {} ago", ago((now.0 - at.0).max(0) / 1_000)),
        None => "no pass yet".to_owned(),
    };
    let mut line = format!("{}, {last}, {} envelopes behind", archive.state.word(), archive.behind_offsets);
    if archive.missing_offsets > 0 {
        line += &format!(", {} MISSING (neither archived nor on the log)", archive.missing_offsets);
    }
    if archive.stray_files > 0 {
        line += &format!(", {} files no record names", archive.stray_files);
    }
    line
}

/// Asks what runs, and does not wait for ever.
#[must_use]
pub fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(10))).build().into()
}

fn ask(run: Run) -> anyhow::Result<Status> {
    let url = format!("http://{}/api/overview", run.http);
    let answer = agent().get(&url).call();
    let mut answer = answer.with_context(|| format!("ioc (process {}) does not answer at {url}", run.pid))?;
    let overview: Overview<'static> =
        answer.body_mut().read_json().context("not an answer of this version")?;
    let in_flight = |view: &FeedView| overview.in_flight(&view.id);
    let feeds = overview.picture.feeds.iter();
    let feeds = feeds.map(|view| (view.id, Feed { in_flight: in_flight(view), view: view.clone() }));
    let feeds: BTreeMap<Name, Feed> = feeds.collect();
    let Some(StatusView { status: system, .. }) = overview.status else {
        bail!("the pipeline has not reported yet")
    };
    let SystemStatus { bus, clickhouse, stalled_since, in_flight, archive, .. } = &system;
    let mut trouble: Vec<String> = bus.trouble().into_iter().chain(clickhouse.trouble()).collect();
    if stalled_since.is_some() {
        trouble.push("nothing was committed for a while although epochs are under way".to_owned());
    }
    trouble.extend(archive.trouble());
    let only_rejects = |(id, feed): (&Name, &Feed)| Some(nothing_good(feed.view.only_rejects.as_ref()?, id));
    trouble.extend(feeds.iter().filter_map(only_rejects));
    Ok(Status {
        epoch: overview.picture.epoch,
        now: overview.picture.now,
        lag_epochs: system.outstanding_epochs,
        replaying: system.replaying,
        trouble,
        in_flight: in_flight.iter().map(|(_, count)| count).sum(),
        waiting: feeds.values().map(|feed| feed.view.counts.waiting).sum(),
        held: feeds.values().map(|feed| feed.view.counts.held).sum(),
        balanced: feeds.values().all(|feed| feed.view.envelopes_astray == 0 && feed.view.rows_astray == 0),
        archive: system.archive,
        halted: system.halted,
        held_back: system.held_back,
        door: system.door,
        pack: system.pack,
        feeds,
        run,
    })
}

fn print(status: &Status, out: &mut dyn Write) -> io::Result<()> {
    let Run { pid, http, https, ways_in, clickhouse, database, password_files } = &status.run;
    writeln!(out, "process     {pid}")?;
    writeln!(out, "page, API   http://{http}/")?;
    if let Some(https) = https {
        writeln!(out, "  by TLS    {https}")?;
    }
    for way_in in ways_in {
        writeln!(out, "{}", way_in.line(10))?;
    }
    writeln!(out, "ClickHouse  {clickhouse} database {database}")?;
    for (user, file) in password_files {
        writeln!(out, "  user {user:<8} password in {file}")?;
    }
    let replaying = if status.replaying { ", replaying recorded epochs" } else { "" };
    writeln!(out, "epoch       {} ({} under way{replaying})", status.epoch, status.lag_epochs)?;
    writeln!(out, "archive     {}", archive_line(&status.archive, status.now))?;
    writeln!(out, "pack        {}", status.pack.version.0)?;
    for line in in_the_folder(&status.pack) {
        writeln!(out, "PACK        {line}")?;
    }
    if let Some(halted) = &status.halted {
        writeln!(out, "HALTED      {halted}")?;
    }
    let HeldBack { count, senders } = &status.held_back;
    if *count > 0 {
        writeln!(out, "held back   to their share ({count}): {}", senders.join(", "))?;
    }
    for (id, feed) in status.feeds.iter().filter(|(_, feed)| feed.view.counts.held > 0) {
        let held = feed.view.counts.held;
        writeln!(
            out,
            "HELD        {held} rows of feed '{id}' would change what was judged long ago and wait for your word: ioc held"
        )?;
    }
    for notice in &status.door {
        writeln!(out, "DOOR        {}", clients::door_line(notice))?;
    }
    for trouble in &status.trouble {
        writeln!(out, "TROUBLE     {trouble}")?;
    }
    writeln!(out)?;
    writeln!(
        out,
        "{:<16} {:>10} {:>10} {:>7} {:>11} {:>9}   {:>10} {:>10} {:>9} {:>8} {:>7} {:>7}   balance",
        "feed",
        "received",
        "decoded",
        "empty",
        "undecodable",
        "in flight",
        "rows",
        "stored",
        "duplicate",
        "rejected",
        "waiting",
        "held"
    )?;
    for (id, feed) in &status.feeds {
        let counts = &feed.view.counts;
        let balance = match (feed.view.envelopes_astray, feed.view.rows_astray) {
            (0, 0) => "holds".to_owned(),
            (envelopes, rows) => format!("BROKEN: {envelopes} envelopes, {rows} rows astray"),
        };
        // Lost before it came: in neither identity.
        let beside = match counts.datagrams_dropped {
            0 => String::new(),
            dropped => format!("; {dropped} datagrams DROPPED by the system before they were read"),
        };
        let beside = match counts.records_lost {
            0 => beside,
            lost => format!("{beside}; {lost} records LOST: deleted by their broker before they were read"),
        };
        writeln!(
            out,
            "{:<16} {:>10} {:>10} {:>7} {:>11} {:>9}   {:>10} {:>10} {:>9} {:>8} {:>7} {:>7}   {balance}{beside}",
            &**id,
            counts.received + feed.in_flight,
            counts.decoded,
            counts.empty,
            counts.undecodable,
            feed.in_flight,
            counts.rows,
            counts.stored,
            counts.duplicate,
            counts.rejected,
            counts.waiting,
            counts.held
        )?;
    }
    Ok(())
}
