//! W1: newline JSON of 2,000 stations × 8 indicators through the bus and the product's dataflow.
//!
//! 5 % of the events are late by up to a minute, 0.5 % are sent twice, 0.1 % are malformed, and a line's keys come in
//! any order. The lines lie on a disk log as envelopes of 500 lines; measured is the time from the first epoch to the
//! commit of the last, with manifests fsynced, checkpoints off, and a commit that writes each window as a line of CSV
//! and drops the rows. Peak memory is that of the same span. Afterwards the windows are compared with a batch
//! recomputation of the same lines, bit for bit.
//!
//!     cargo bench --bench w1 -- generate FILE --events 10000000
//!     cargo bench --bench w1 -- run --input FILE --workers 2 [--output windows.csv]

mod flow;
mod generate;
mod reference;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

const STATIONS: u32 = 2_000;
const INDICATORS: [&str; 8] = ["pm25", "pm10", "no2", "o3", "so2", "co", "temp", "rh"];
/// 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600_000;

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Given by `cargo bench`.
    #[arg(long, hide = true, global = true)]
    bench: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Writes the workload to a file: the same one for the same number of events.
    Generate {
        file: PathBuf,
        #[arg(long, default_value_t = 10_000_000)]
        events: u64,
    },
    /// Runs a file through the dataflow and says how fast.
    Run {
        #[arg(long)]
        input: PathBuf,
        #[arg(long, default_value_t = 2)]
        workers: usize,
        /// Where the windows go; a temporary file if nowhere.
        #[arg(long)]
        output: Option<PathBuf>,
        /// Do not compare with the batch recomputation: whoever has the output compares it.
        #[arg(long)]
        unchecked: bool,
    },
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Generate { file, events } => generate::write(&file, events),
        Command::Run { input, workers, output, unchecked } => {
            let folder = tempfile::tempdir().expect("a folder for the log");
            let output = output.unwrap_or_else(|| folder.path().join("windows.csv"));
            let ran = flow::run(&input, &output, workers, folder.path());
            let equal = unchecked || reference::equals(&input, &output);
            println!("{}", ran.json(&equal));
            if !equal {
                eprintln!("a window differs from the batch recomputation");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
