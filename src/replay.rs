//! `ioc replay`: what is rejected, and having it read again once a contract or mapping is mended; and having what is
//! stored of a feed read again, where it was read wrongly.
//!
//! The order goes to what runs, like anything an operator does; it goes on by itself when this command is gone.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::Context;
use ioc_dashboards::replays::{
    REPLAYS_LISTED, RejectsOf, RejectsSummed, ReplayExample, ReplayReceipt, ReplayRequest, ReplayTrial,
    ReplayView,
};
use ioc_model::{observation::Quality, reject::RejectReason};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    config::Config,
    status::{Run, agent},
    told,
};

const AFTER_HELP: &str = "\
Examples:
  ioc replay                                             what is rejected, and what was read again
  ioc replay --rejects --feed air-mqtt --dry-run         what would become of it by the pack as it is now
  ioc replay --rejects --feed air-mqtt --reason unknown_unit --user an --note 'added mg/m3'
  ioc replay --rejects --from 2026-11-01 --to 2026-11-08 --user an
  ioc replay --rejects --all --user an
  ioc replay air-mqtt --from 2026-11-01 --dry-run        what of this feed is stored and would have another value
  ioc replay air-mqtt --from 2026-11-01 --to 2026-11-20 --user an --note 'the factor of PM2.5'

First mend the pack and have it taken over: ioc check, ioc reload. Then what was rejected is read again by the pack as it
is now, a portion at a time, while everything runs. A row that is good now is stored with the arrival it had: what was
sent later and corrected it stays. What was good before is left as it is. A date stands for its first moment in the
pack's time zone; times are of arrival, and half-open: from is in, to is not.

With a FEED what is stored of it is read again: a row that has another value or quality now takes the place of what it
was, with the arrival it had, and hours, days, indices and alerts are worked out anew. What was sent later and corrected
it stays. A message whose rows are about another station, indicator or moment now, or are given no more, is left as it
is and told as unclear. A report is judged again: a cell that it does not say any more is taken back, one that it says
now is taken up, and it has a new receipt; what was taken stays taken. Of many rows it is asked before they are ordered,
unless --yes is said.

It goes on when this command is ended. Reasons are those of ioc replay and docs/gateways.md.";

/// How often it is looked how far a replay is.
const LOOKS_EVERY: Duration = Duration::from_millis(500);
/// And how often that is told where no line can move.
const TOLD_EVERY: Duration = Duration::from_secs(10);

/// Of more rows it is asked before they are read again.
const ASKED_BEYOND: u64 = 10_000;

/// Arguments.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// Read again what is stored of this feed, of messages that arrived from --from on.
    #[arg(value_name = "FEED", group = "what", conflicts_with_all = ["rejects"])]
    stored: Option<String>,
    /// Read rejected messages again; without it, what is rejected is listed.
    #[arg(long, group = "what")]
    rejects: bool,
    /// Those of this feed.
    #[arg(long, value_name = "FEED", requires = "rejects")]
    feed: Option<String>,
    /// Those rejected for this, such as unknown_unit.
    #[arg(long, value_name = "REASON", requires = "rejects", value_parser = reason)]
    reason: Option<RejectReason>,
    /// Those that arrived from that moment on: a date, or a time with a zone.
    #[arg(long, value_name = "TIME", requires = "what")]
    from: Option<String>,
    /// Those that arrived before that moment.
    #[arg(long, value_name = "TIME", requires = "what")]
    to: Option<String>,
    /// All of them.
    #[arg(long, requires = "rejects")]
    all: bool,
    /// Say what would come of it, and order nothing.
    #[arg(long, requires = "what")]
    dry_run: bool,
    /// Do not ask before many rows are read again.
    #[arg(long, requires = "stored")]
    yes: bool,
    /// Who orders it.
    #[arg(long, env = "USER", default_value = "")]
    user: String,
    /// Why, in your words.
    #[arg(long, default_value = "", requires = "what")]
    note: String,
    /// Do not wait until all is read.
    #[arg(long, requires = "what")]
    no_wait: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn reason(word: &str) -> Result<RejectReason, String> {
    let all = || RejectReason::ALL.map(RejectReason::word).join(", ");
    RejectReason::from_word(word).ok_or_else(|| format!("'{word}' is no reason; there are: {}", all()))
}

#[derive(Deserialize)]
struct Refused {
    detail: String,
    #[serde(default)]
    detail_vi: Option<String>,
}

/// Runs the command. Exit code 1 if an order was not taken, or ended before all of it was read.
///
/// # Errors
/// If nothing runs on the data folder, or it does not answer.
pub fn run(config: &Config, args: &Args) -> anyhow::Result<ExitCode> {
    let center = Center { run: Run::of(config)? };
    if !args.rejects && args.stored.is_none() {
        let summed = center.summed()?;
        told::say(|out| shown(out, args.json, &summed, |out| print(&summed, out)))?;
        return Ok(ExitCode::SUCCESS);
    }
    let stored = args.stored.is_some();
    let of = RejectsOf {
        feed: args.stored.clone().or_else(|| args.feed.clone()),
        reason: args.reason,
        from: args.from.clone(),
        to: args.to.clone(),
    };
    let some = of != RejectsOf::default();
    if stored {
        anyhow::ensure!(args.from.is_some(), "say from when on: --from, and --to where it ended");
    } else {
        anyhow::ensure!(args.all || some, "say which rejects: --feed, --reason, --from, --to, or --all");
        anyhow::ensure!(
            !(args.all && some),
            "--all is whatever is rejected; beside a choice it says two things"
        );
    }
    let (user, note) = (args.user.clone(), args.note.clone());
    let request = ReplayRequest { of, stored, all: args.all, user, note };
    if args.dry_run {
        let Some(trial) = center.post::<ReplayTrial>("/api/replays/trial", &request)? else {
            return Ok(ExitCode::FAILURE);
        };
        told::say(|out| shown(out, args.json, &trial, |out| print_trial(&trial, out)))?;
        return Ok(ExitCode::SUCCESS);
    }
    if stored && !args.yes {
        let Some(trial) = center.post::<ReplayTrial>("/api/replays/trial", &request)? else {
            return Ok(ExitCode::FAILURE);
        };
        if trial.rows > ASKED_BEYOND && !is_meant(&trial)? {
            return Ok(ExitCode::FAILURE);
        }
    }
    let Some(receipt) = center.post::<ReplayReceipt>("/api/replays", &request)? else {
        return Ok(ExitCode::FAILURE);
    };
    if args.no_wait {
        told::say(|out| shown(out, args.json, &receipt, |out| print_receipt(&receipt, out)))?;
        return Ok(ExitCode::SUCCESS);
    }
    let replays = center.followed(&receipt)?;
    told::say(|out| shown(out, args.json, &replays, |out| print_done(&replays, out)))?;
    let is_whole = replays.iter().all(|replay| replay.error.is_none());
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What runs.
struct Center {
    run: Run,
}

impl Center {
    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.run.http)
    }

    fn summed(&self) -> anyhow::Result<RejectsSummed> {
        let url = self.url("/api/rejects/groups");
        let mut answer = agent().get(&url).call().with_context(|| self.silent(&url))?;
        answer.body_mut().read_json().context("not an answer of this version")
    }

    /// What came of a request; none where it was refused, which is said.
    fn post<T: DeserializeOwned>(&self, path: &str, request: &ReplayRequest) -> anyhow::Result<Option<T>> {
        let url = self.url(path);
        let answer = agent()
            .post(&url)
            .config()
            .http_status_as_error(false)
            .build()
            .content_type("application/json")
            .send(serde_json::to_string(request)?);
        let mut answer = answer.with_context(|| self.silent(&url))?;
        if answer.status().is_success() {
            return Ok(Some(answer.body_mut().read_json().context("not an answer of this version")?));
        }
        let refused: Refused = answer.body_mut().read_json().context("not an answer of this version")?;
        if let Some(detail) = refused.detail_vi {
            told::note(detail);
        }
        told::note(refused.detail);
        Ok(None)
    }

    fn silent(&self, url: &str) -> String {
        format!("ioc (process {}) does not answer at {url}", self.run.pid)
    }

    /// Waits until all of an order is read, and tells how far it is.
    fn followed(&self, receipt: &ReplayReceipt) -> anyhow::Result<Vec<ReplayView>> {
        let moves = told::can_move(&io::stderr());
        let mut told_at = Instant::now();
        loop {
            let mut replays = self.summed()?.replays;
            // The oldest of a large order are not listed any more; they are read one after the other, so the last one to be
            // done is.
            let is_cut = replays.len() >= REPLAYS_LISTED as usize;
            replays.retain(|replay| replay.position == receipt.position);
            let done = replays.iter().filter(|replay| replay.done).count() as u64;
            let good: u64 = replays.iter().map(|replay| replay.good + replay.replaced).sum();
            let so_far = format!("{done} of {} feeds done, {good} rows taken up or replaced", receipt.feeds);
            if moves {
                let mut err = io::stderr();
                let _unheard = write!(err, "\r\x1b[K{so_far}");
                let _unheard = err.flush();
            } else if told_at.elapsed() >= TOLD_EVERY {
                told::note(&so_far);
                told_at = Instant::now();
            }
            if done >= receipt.feeds || (is_cut && done == replays.len() as u64) {
                if moves {
                    let _unheard = write!(io::stderr(), "\r\x1b[K");
                }
                replays.sort_by_key(|replay| replay.row);
                return Ok(replays);
            }
            std::thread::sleep(LOOKS_EVERY);
        }
    }
}

/// Tells what would come of an order about many rows, and asks whether it is meant.
fn is_meant(trial: &ReplayTrial) -> anyhow::Result<bool> {
    let mut err = io::stderr();
    print_trial(trial, &mut err)?;
    if !io::stdin().is_terminal() {
        told::note("these are many rows, and nobody is there to be asked: say --yes, or a shorter time");
        return Ok(false);
    }
    write!(err, "read them again? [y/N] ")?;
    err.flush()?;
    let mut said = String::new();
    let _ = io::stdin().lock().read_line(&mut said)?;
    let is_meant = matches!(said.trim(), "y" | "Y" | "yes" | "c" | "có");
    if !is_meant {
        told::note("nothing was ordered");
    }
    Ok(is_meant)
}

fn shown(
    out: &mut dyn Write,
    json: bool,
    what: &impl Serialize,
    print: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> anyhow::Result<()> {
    match json {
        true => Ok(writeln!(out, "{}", serde_json::to_string_pretty(what)?)?),
        false => Ok(print(out)?),
    }
}

fn print(summed: &RejectsSummed, out: &mut dyn Write) -> io::Result<()> {
    let RejectsSummed { groups, replays } = summed;
    if groups.is_empty() {
        writeln!(out, "nothing is rejected")?;
    } else {
        writeln!(
            out,
            "{:<20} {:<18} {:>8} {:>9} {:>9} {:<24} last came",
            "feed", "reason", "open", "messages", "replayed", "first came"
        )?;
    }
    let moment = |moment: Option<ioc_model::time::ReceivedAt>| {
        moment.map_or_else(|| "-".to_owned(), |moment| moment.to_string())
    };
    for group in groups {
        writeln!(
            out,
            "{:<20} {:<18} {:>8} {:>9} {:>9} {:<24} {}",
            group.feed,
            group.reason.word(),
            group.open,
            group.messages,
            group.replayed,
            moment(group.first),
            moment(group.last)
        )?;
    }
    if !replays.is_empty() {
        writeln!(out)?;
        print_replays(replays, out)?;
    }
    if groups.iter().any(|group| group.open > 0) {
        writeln!(
            out,
            "\nWhen the pack is mended and taken over (ioc reload):\nioc replay --rejects --feed FEED --reason REASON \
             --dry-run"
        )?;
    }
    Ok(())
}

fn print_replays(replays: &[ReplayView], out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "{:<24} {:<16} {:<20} {:<18} {:>9} {:>8} {:>9} {:>9} {:>9} {:>8} {:>8}",
        "replay",
        "by",
        "feed",
        "reason",
        "messages",
        "changed",
        "taken up",
        "replaced",
        "rejected",
        "unclear",
        "missing"
    )?;
    for replay in replays {
        let messages = if replay.done { replay.messages.to_string() } else { "goes on".to_owned() };
        writeln!(
            out,
            "{:<24} {:<16} {:<20} {:<18} {messages:>9} {:>8} {:>9} {:>9} {:>9} {:>8} {:>8}",
            replay.received_at.to_string(),
            replay.user,
            replay.feed,
            if replay.stored { "stored" } else { replay.reason.map_or("any", RejectReason::word) },
            replay.changed,
            replay.good,
            replay.replaced,
            replay.rejected,
            replay.unclear,
            replay.missing
        )?;
        if let Some(error) = &replay.error {
            writeln!(out, "{:<24} ended before all of it was read: {error}", "")?;
        }
    }
    Ok(())
}

fn print_receipt(receipt: &ReplayReceipt, out: &mut dyn Write) -> io::Result<()> {
    let ReplayReceipt { rejects, rows, feeds, position } = receipt;
    if *rows > 0 {
        return writeln!(out, "ordered: {rows} stored rows are read again ({position}); see ioc replay");
    }
    writeln!(out, "ordered: {rejects} rejects of {feeds} feeds are read again ({position}); see ioc replay")
}

fn print_trial(trial: &ReplayTrial, out: &mut dyn Write) -> io::Result<()> {
    let ReplayTrial {
        rejects,
        rows,
        messages,
        more,
        reports,
        changed,
        good,
        before,
        rejected,
        unclear,
        missing,
        ..
    } = trial;
    match rows {
        0 => writeln!(out, "{rejects} rejects are open; nothing was changed")?,
        rows => writeln!(out, "{rows} rows are stored; nothing was changed")?,
    }
    if *more {
        writeln!(out, "there are more messages than were read: the figures are of the first {messages}")?;
    }
    if *reports > 0 {
        writeln!(
            out,
            "{reports} of them are reports: what they are held against is known where they are kept, so more of them may be \
             left as they are, or less taken up"
        )?;
    }
    if *rows > 0 {
        let replaced = trial.replaced;
        writeln!(
            out,
            "{messages} messages read, {changed} would change: {replaced} rows would have another value"
        )?;
        beside_reports(*good, *before, *rejected, out)?;
        for example in &trial.examples {
            let ReplayExample { position, row, indicator, subject, event_time, .. } = example;
            let quality = |quality: Quality| match quality {
                Quality::Good => String::new(),
                quality => format!(" {}", quality.word()),
            };
            writeln!(
                out,
                "  {indicator} {subject} {}: {}{} -> {}{} (row {row} of {position})",
                event_time.rfc3339(),
                example.value_before,
                quality(example.quality_before),
                example.value,
                quality(example.quality)
            )?;
        }
        return beside(*unclear, *missing, out);
    }
    writeln!(
        out,
        "{messages} messages read, {changed} would change: of {before} rejects {good} rows would be taken up and \
         {rejected} stay rejects"
    )?;
    beside(*unclear, *missing, out)
}

fn print_done(replays: &[ReplayView], out: &mut dyn Write) -> io::Result<()> {
    for replay in replays {
        let ReplayView { feed, messages, changed, good, replaced, rejected, .. } = replay;
        if let Some(error) = &replay.error {
            writeln!(out, "{feed}: ended before all of it was read: {error}")?;
        }
        if replay.stored {
            writeln!(
                out,
                "{feed}: {messages} messages read again, {changed} changed: {replaced} rows have another value"
            )?;
            beside_reports(*good, replay.before, *rejected, out)?;
            continue;
        }
        writeln!(
            out,
            "{feed}: {messages} messages read again, {changed} changed: {good} rows taken up, {rejected} still rejected"
        )?;
    }
    let sum = |of: fn(&ReplayView) -> u64| replays.iter().map(of).sum();
    beside(sum(|replay| replay.unclear), sum(|replay| replay.missing), out)
}

/// What becomes of rows of reports beside what was stored.
fn beside_reports(good: u64, before: u64, rejected: u64, out: &mut dyn Write) -> io::Result<()> {
    if good > 0 || before > 0 || rejected > 0 {
        writeln!(out, "  of reports: {good} rows taken up, {rejected} rejected ({before} before)")?;
    }
    Ok(())
}

/// What could not be read again.
fn beside(unclear: u64, missing: u64, out: &mut dyn Write) -> io::Result<()> {
    if unclear > 0 {
        writeln!(
            out,
            "{unclear} messages are left as they are: it cannot be told any more what they gave when they were read, or \
             they are about another station, indicator, moment or agency now, or nothing of them would be taken any more, \
             or a person decided about a row of theirs"
        )?;
    }
    if missing > 0 {
        writeln!(out, "{missing} messages are gone: neither the log nor the archive has them")?;
    }
    Ok(())
}
