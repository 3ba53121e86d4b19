//! W1: newline JSON of stations × 8 indicators through the bus and the product's dataflow.
//!
//! The lines of a file (`load lines` writes them) lie on a disk log as envelopes of 500 lines; measured is the time
//! from the first epoch to the commit of the last, with manifests fsynced, checkpoints off, and a commit that writes
//! each window as a line of CSV and drops the rows. CPU seconds and peak memory are those of the same span. That the
//! windows are right is for whoever has the file to say: the case `w1` compares them with a batch engine's.
//!
//!     cargo bench --bench w1 -- --input FILE --workers 2 --output windows.csv

mod flow;

use std::path::PathBuf;

use clap::Parser;

const INDICATORS: [&str; 8] = ["pm25", "pm10", "no2", "o3", "so2", "co", "temp", "rh"];
/// 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600_000;

#[derive(Parser)]
struct Arguments {
    /// The lines.
    #[arg(long)]
    input: PathBuf,
    /// How many stations the lines are of; the case `growth` asks what many cost.
    #[arg(long, default_value_t = 2_000)]
    stations: u32,
    #[arg(long, default_value_t = 2)]
    workers: usize,
    /// Bytes an epoch has at most.
    #[arg(long, default_value_t = 8 << 20)]
    epoch_bytes: usize,
    /// Epochs under way at most.
    #[arg(long, default_value_t = 3)]
    outstanding: u64,
    /// Where the windows go: station, indicator, start, count, sum, min, max, mean.
    #[arg(long)]
    output: PathBuf,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let folder = tempfile::tempdir().expect("a folder for the log");
    println!("{}", flow::run(&Arguments::parse(), folder.path()).json());
}
