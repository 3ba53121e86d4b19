//! `ioc`: a provincial operations monitoring center in one binary.
//!
//! No domain logic lives here: the command line, the settings, and the wiring of the crates into running roles.

mod archive;
mod attempt;
mod check;
mod clients;
mod config;
mod contract;
mod demo;
mod export;
mod held;
mod history;
mod instance;
mod metrics;
mod operator;
mod originals;
mod pack_files;
mod pack_versions;
mod personal;
mod pulls;
mod rebirths;
mod reload;
mod replay;
mod replays;
mod report_desk;
mod say;
mod sender;
mod status;
mod store_commit;
mod tap;
mod tapped;
mod telemetry;
mod told;
mod top;
mod up;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use config::Config;

/// Provincial operations monitoring center: gateways, files and agencies in; windows, balance and a live page out.
#[derive(Debug, Parser)]
#[command(name = "ioc", version, after_long_help = config::environment_help())]
struct Arguments {
    /// A TOML file over the defaults (see `ioc config`).
    #[arg(long, global = true, env = "IOC_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run everything: MQTT endpoint, inbox, API and page, dataflow, embedded ClickHouse.
    Up,
    /// The same, with a publisher that replays recorded air quality, clearly labelled.
    Demo(up::DemoArgs),
    /// Check the settings and a province pack; all faults at once.
    Check(check::Args),
    /// Show what an input would become, without storing it.
    Try(attempt::Args),
    /// List the forms that agencies fill in; write the empty workbook or the JSON Schema of one.
    Contract(contract::Args),
    /// Show addresses, users, feeds, balance and lag of what runs on the data folder.
    Status(status::Args),
    /// List who is connected, which sender was heard when, and whom the door turned away.
    Clients(clients::Args),
    /// Watch what runs: clock, health, feeds, stations' newest values, alerts. Live in a terminal.
    Top(top::Args),
    /// Watch messages arrive: from whom, by which way, and what becomes of each, with the reason.
    Tap(tap::Args),
    /// List rows that would change what was judged long ago and wait for a person's word; accept or refuse them.
    Held(held::Args),
    /// List what is rejected, and have it read again once a contract or mapping is mended, with the arrival it had.
    Replay(replay::Args),
    /// Have what runs take over the changed folder of its pack.
    Reload,
    /// Say something to a gateway: ask a Sparkplug node for its births.
    Say(say::Args),
    /// Write a table, a view or a feed's raw envelopes to a Parquet or CSV file.
    Export(export::Args),
    /// Register, list and remove senders.
    Sender(sender::Args),
    /// Print every setting with its default and meaning.
    Config,
    #[command(name = up::CLICKHOUSE_COMMAND, hide = true)]
    ClickHouseServer {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    #[command(name = up::PUBLISHER_COMMAND, hide = true)]
    DemoPublisher(demo::PublisherArgs),
}

fn main() -> ExitCode {
    // Without the feature this reads nothing; with it, FAILPOINTS of the environment.
    let _scenario = fail::FailScenario::setup();
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(code) => code,
        Err(error) => {
            told::note(format_args!("ioc: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = || Config::load(arguments.config.as_deref(), std::env::vars());
    match arguments.command {
        Command::Up => up::run(&config()?, None),
        Command::Demo(args) => {
            let environment: Vec<_> = std::env::vars().collect();
            let config = Config::load_for_demo(arguments.config.as_deref(), environment.into_iter())?;
            up::run(&config, Some(args))
        }
        Command::Check(args) => check::run(args, config()?.pack.choice()),
        Command::Try(args) => attempt::run(&args, &config()?.pack.choice()),
        Command::Contract(args) => contract::run(&args, &config()?.pack.choice()),
        Command::Status(args) => status::run(&config()?, &args),
        Command::Clients(args) => clients::run(&config()?, &args),
        Command::Top(args) => top::run(&config()?, &args),
        Command::Tap(args) => tap::run(&config()?, &args),
        Command::Held(args) => held::run(&config()?, args),
        Command::Replay(args) => replay::run(&config()?, &args),
        Command::Reload => reload::run(&config()?),
        Command::Say(args) => say::run(&config()?, args),
        Command::Export(args) => export::run(&config()?, &args),
        Command::Sender(args) => sender::run(&config()?, args),
        Command::Config => {
            told::say(|out| Ok(out.write_all(config::DEFAULT.as_bytes())?))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::ClickHouseServer { arguments } => Ok(ioc_storage::embedded::serve(arguments)),
        Command::DemoPublisher(args) => {
            demo::run(args)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
