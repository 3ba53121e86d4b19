//! Load for what is measured: MQTT publishers that count PUBACKs, and the lines of W1.
//!
//! It shares the cores with what it measures, so packets are encoded beforehand where that can be, and
//! acknowledgements are only counted. Every reading has a key of its own, so that what is measured stores rows and
//! does not drop duplicates.
//!
//!     cargo bench --bench load -- closed --address HOST:PORT --clients 100 --in-flight 100 --seconds 15
//!     cargo bench --bench load -- paced --address HOST:PORT --clients 100 --per-second 2000 --seconds 60
//!     cargo bench --bench load -- lines --events 10000000 > w1.json
//!
//! Each prints one JSON line when it is done.

mod acknowledgements;
mod chance;
mod closed;
mod lines;
mod paced;
mod packet;
mod spread;

use clap::{Parser, Subcommand};

/// The instruments of the benches.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    load: Load,
    /// Given by `cargo bench`.
    #[arg(long, global = true, hide = true)]
    bench: bool,
}

#[derive(Subcommand)]
enum Load {
    /// MQTT clients that send as fast as they are acknowledged.
    Closed(closed::Closed),
    /// MQTT clients that send at their times, whatever is acknowledged.
    Paced(paced::Paced),
    /// The lines of W1, to a file or the standard output.
    Lines(lines::Lines),
}

/// Where and as whom the MQTT clients come.
#[derive(Clone, clap::Args)]
struct Endpoint {
    /// host:port of the endpoint
    #[arg(long)]
    address: String,
    #[arg(long, default_value = "load")]
    user: String,
    #[arg(long, default_value = "")]
    password: String,
    /// protocol level: 4 is version 3.1.1, 5 is version 5
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(4..=5))]
    level: u8,
    #[arg(long, default_value_t = 100)]
    clients: u32,
}

/// What a client came to. One that fails ends the whole load: the others would wait for it, and its figures be wrong.
fn lasted<T>(client: std::io::Result<T>) -> T {
    client.unwrap_or_else(|error| {
        eprintln!("a client failed: {error}");
        std::process::exit(1)
    })
}

fn main() {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    match arguments.load {
        Load::Closed(load) => runtime.block_on(load.run()),
        Load::Paced(load) => runtime.block_on(load.run()),
        Load::Lines(load) => load.run(),
    }
}
