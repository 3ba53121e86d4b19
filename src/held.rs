//! `ioc held`: rows that would change what was closed and judged long ago, and what a person decides about them.
//!
//! A clock that slipped by a year rewrites last year day by day, and each of its values looks like a correction. What
//! runs keeps such rows apart until somebody says that they are meant.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use anyhow::Context;
use ioc_dashboards::held::{DecisionReceipt, DecisionRequest, GROUPS_MAX, HeldList, HeldOf, HeldVerdict};
use serde::Deserialize;

use crate::{
    config::Config,
    status::{Run, agent},
    told,
};

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    decision: Option<Decide>,
    #[command(flatten)]
    of: Of,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Decide {
    /// They are meant: judge them like any other row, with the arrival they had.
    Accept(DecideArgs),
    /// They are not meant: each becomes a reject.
    Refuse(DecideArgs),
}

#[derive(Debug, clap::Args)]
struct DecideArgs {
    /// Who decides.
    #[arg(long, env = "USER")]
    user: String,
    /// Why, in your words.
    #[arg(long, default_value = "")]
    note: String,
    /// Decide about everything that is held, whoever sent it.
    #[arg(long)]
    all: bool,
}

/// Which rows; all where nothing is said. Meant wherever they stand: a choice before the word `accept` that counted for
/// nothing would decide about everybody's rows.
#[derive(Debug, clap::Args)]
struct Of {
    /// Those of this sender.
    #[arg(long, global = true)]
    sender: Option<String>,
    /// Those of this station.
    #[arg(long, global = true)]
    subject: Option<String>,
    /// Those of this indicator.
    #[arg(long, global = true)]
    indicator: Option<String>,
    /// Those of this local day, such as 2026-01-01.
    #[arg(long, global = true)]
    day: Option<String>,
}

impl From<Of> for HeldOf {
    fn from(Of { sender, subject, indicator, day }: Of) -> HeldOf {
        HeldOf { sender, subject, indicator, day }
    }
}

#[derive(Deserialize)]
struct Refused {
    detail: String,
}

/// Runs the command. Exit code 1 if a decision was not taken.
///
/// # Errors
/// If nothing runs on the data folder, or it does not answer.
pub fn run(config: &Config, args: Args) -> anyhow::Result<ExitCode> {
    let of = HeldOf::from(args.of);
    let (verdict, DecideArgs { user, note, all }) = match args.decision {
        None => return list(config, of, args.json),
        Some(Decide::Accept(said)) => (HeldVerdict::Accept, said),
        Some(Decide::Refuse(said)) => (HeldVerdict::Refuse, said),
    };
    let some = of != HeldOf::default();
    anyhow::ensure!(all || some, "say which rows: --sender, --subject, --indicator, --day, or --all");
    anyhow::ensure!(!(all && some), "--all is whatever is held; beside a choice it says two things");
    decide(config, &DecisionRequest { decision: verdict, of, all, user, note }, args.json)
}

fn list(config: &Config, of: HeldOf, json: bool) -> anyhow::Result<ExitCode> {
    let run = Run::of(config)?;
    let url = format!("http://{}/api/held", run.http);
    let mut asked =
        agent().get(&url).config().http_status_as_error(false).build().query("limit", GROUPS_MAX.to_string());
    for (name, value) in
        [("sender", of.sender), ("subject", of.subject), ("indicator", of.indicator), ("day", of.day)]
    {
        if let Some(value) = value {
            asked = asked.query(name, value);
        }
    }
    let mut answer =
        asked.call().with_context(|| format!("ioc (process {}) does not answer at {url}", run.pid))?;
    if !answer.status().is_success() {
        return refused(&mut answer);
    }
    let list: HeldList = answer.body_mut().read_json().context("not an answer of this version")?;
    told::say(|out| match json {
        true => Ok(writeln!(out, "{}", serde_json::to_string_pretty(&list)?)?),
        false => Ok(print(&list, out)?),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn print(list: &HeldList, out: &mut dyn Write) -> io::Result<()> {
    if list.groups.is_empty() {
        return writeln!(out, "no row is held");
    }
    writeln!(
        out,
        "{:<24} {:<16} {:<20} {:<12} {:<10} {:>6} {:>9} {:>10} {:>10} {:<24} last message",
        "sender", "feed", "station", "indicator", "day", "rows", "replacing", "mean", "stands", "last came"
    )?;
    for group in &list.groups {
        let stands = group.stands.map_or_else(|| "-".to_owned(), |stands| format!("{stands:.2}"));
        writeln!(
            out,
            "{:<24} {:<16} {:<20} {:<12} {:<10} {:>6} {:>9} {:>10.2} {stands:>10} {:<24} {}",
            group.sender,
            group.feed,
            group.subject,
            group.indicator,
            group.day,
            group.rows,
            group.replacing,
            group.mean,
            group.received_at.to_string(),
            group.position
        )?;
    }
    let listed = list.groups.len() as u64;
    if listed < list.found {
        writeln!(out, "and {} more", list.found - listed)?;
    }
    writeln!(
        out,
        "\n{} rows wait: they came so long after their moment that they would change what was judged.\nioc held accept \
         --sender NAME, or ioc held refuse --sender NAME",
        list.rows
    )
}

fn decide(config: &Config, decision: &DecisionRequest, json: bool) -> anyhow::Result<ExitCode> {
    let run = Run::of(config)?;
    let url = format!("http://{}/api/held", run.http);
    let answer = agent()
        .post(&url)
        .config()
        .http_status_as_error(false)
        .build()
        .content_type("application/json")
        .send(serde_json::to_string(decision)?);
    let mut answer = answer.with_context(|| format!("ioc (process {}) does not answer at {url}", run.pid))?;
    if answer.status().is_success() {
        let receipt: DecisionReceipt =
            answer.body_mut().read_json().context("not an answer of this version")?;
        let DecisionReceipt { rows, groups, .. } = receipt;
        let what = match decision.decision {
            HeldVerdict::Accept => "accepted",
            HeldVerdict::Refuse => "refused",
        };
        told::say(|out| match json {
            true => Ok(writeln!(out, "{}", serde_json::to_string_pretty(&receipt)?)?),
            false => Ok(writeln!(out, "{what}: {rows} rows of {groups} series and days")?),
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    refused(&mut answer)
}

fn refused(answer: &mut ureq::http::Response<ureq::Body>) -> anyhow::Result<ExitCode> {
    let Refused { detail } = answer.body_mut().read_json().context("not an answer of this version")?;
    told::note(detail);
    Ok(ExitCode::FAILURE)
}
