//! `ioc reload`: what runs takes over what lies in its pack's folder, with its next epoch.
//!
//! It is told to do so where it is asked for its status; the answer comes when it is done, or says what is wrong.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use anyhow::Context;
use ioc_dashboards::pack::Reloaded;
use ioc_model::pack::PackVersion;
use serde::Deserialize;

use crate::{
    config::Config,
    status::{Run, agent},
    told,
};

#[derive(Deserialize)]
struct Refused {
    detail: String,
    #[serde(default)]
    faults: Vec<String>,
}

/// Runs the command. Exit code 1 if the pack was not taken over.
///
/// # Errors
/// If nothing runs on the data folder, or it does not answer.
pub fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let run = Run::of(config)?;
    let url = format!("http://{}/api/pack/reload", run.http);
    let answer = agent()
        .post(&url)
        .config()
        .http_status_as_error(false)
        .timeout_global(None)
        .build()
        .content_type("application/json")
        .send_empty();
    let mut answer = answer.with_context(|| format!("ioc (process {}) does not answer at {url}", run.pid))?;
    let mut out = io::stdout().lock();
    if answer.status().is_success() {
        let Reloaded { version: PackVersion(version), before: PackVersion(before) } =
            answer.body_mut().read_json().context("not an answer of this version")?;
        match version == before {
            true => writeln!(out, "version {version} is in effect already")?,
            false => {
                writeln!(out, "version {version} is in effect from the next epoch on; before: {before}")?
            }
        }
        return Ok(ExitCode::SUCCESS);
    }
    let Refused { detail, faults } =
        answer.body_mut().read_json().context("not an answer of this version")?;
    for fault in faults {
        writeln!(out, "{fault}")?;
    }
    out.flush()?;
    told::note(detail);
    Ok(ExitCode::FAILURE)
}
