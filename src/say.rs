//! `ioc say`: what an operator has said to gateways.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use anyhow::Context;
use ioc_dashboards::nodes::{Nodes, NotAsked, RebirthAsked, RebirthRequest};
use ioc_ingest::transport::mqtt::{Heard, Rebirth, Voice};
use ioc_model::rebirth::RebirthWanted;
use serde::Deserialize;

use crate::{
    config::Config,
    rebirths::AskForBirth,
    status::{Run, agent},
    told,
};

/// The voice, as the pages ask for it.
#[derive(Debug)]
pub struct ToNodes(pub std::sync::Arc<Voice>);

impl Nodes for ToNodes {
    fn rebirth(&self, of: &RebirthRequest) -> Result<RebirthAsked, NotAsked> {
        match self.0.rebirth_by_hand(&of.sender, &of.group, &of.node) {
            Rebirth::Asked(Heard { sessions, connected }) => {
                Ok(RebirthAsked { sessions: sessions as u64, connected: connected as u64 })
            }
            Rebirth::NotHeard => Err(NotAsked::NotHeard),
            Rebirth::NoName => Err(NotAsked::NoName),
            Rebirth::TooSoon | Rebirth::TooMany | Rebirth::Waits => Err(NotAsked::TooSoon),
        }
    }
}

impl AskForBirth for ToNodes {
    fn ask(&self, wanted: &RebirthWanted) {
        // Whoever wants it wants it again; what became of it is counted where it is asked.
        let _asked = self.0.rebirth(&wanted.sender, &wanted.group, &wanted.node);
    }
}

/// Arguments of `ioc say`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum What {
    /// Ask a node of Sparkplug for its births: names, types and all values.
    Rebirth {
        /// The sender that the node publishes as.
        sender: String,
        /// The node, such as TayNinh/gw-0001.
        #[arg(value_name = "GROUP/NODE", value_parser = node)]
        node: (String, String),
    },
}

fn node(text: &str) -> Result<(String, String), String> {
    match text.split_once('/') {
        Some((group, node)) if !group.is_empty() && !node.is_empty() && !node.contains('/') => {
            Ok((group.to_owned(), node.to_owned()))
        }
        _ => Err("a node is its group and its name, such as TayNinh/gw-0001".to_owned()),
    }
}

#[derive(Deserialize)]
struct Refused {
    detail: String,
}

/// Runs the command. Exit code 1 if nobody was told, or nobody who is connected.
///
/// # Errors
/// If nothing runs on the data folder, or it does not answer.
pub fn run(config: &Config, args: Args) -> anyhow::Result<ExitCode> {
    let What::Rebirth { sender, node: (group, node) } = args.what;
    let run = Run::of(config)?;
    let url = format!("http://{}/api/nodes/rebirth", run.http);
    let request = RebirthRequest { sender, group, node };
    let answer = agent().post(&url).config().http_status_as_error(false).build().send_json(&request);
    let mut answer = answer.with_context(|| format!("ioc (process {}) does not answer at {url}", run.pid))?;
    if !answer.status().is_success() {
        let Refused { detail } = answer.body_mut().read_json().context("not an answer of this version")?;
        told::note(detail);
        return Ok(ExitCode::FAILURE);
    }
    let RebirthAsked { sessions, connected } =
        answer.body_mut().read_json().context("not an answer of this version")?;
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "told {connected} connected of {sessions} sessions that hear {}/{}",
        request.group, request.node
    )?;
    if connected == 0 {
        writeln!(out, "it is told if it comes back within five minutes")?;
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}
