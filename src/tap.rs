//! `ioc tap`: messages as they arrive, and what becomes of each.
//!
//! For whoever has a field engineer on the phone: what a device sends is on the screen within a second, with the reason
//! if it is not taken. It asks the running process's API, which tells what lies on the log and what the flow judged of it,
//! and writes a line as soon as it is told. When the connection is lost, it says so, connects anew and goes on where it
//! was: the log holds what came meanwhile.
//!
//! Nothing that a sender sent reaches the terminal with control characters in it (invariant SAFE).

mod lines;
mod source;

use std::{
    io::{self, BufWriter, IsTerminal, Write},
    process::ExitCode,
    sync::mpsc::RecvTimeoutError,
    time::Duration,
};

use anyhow::Context;
use clap::builder::PossibleValuesParser;
use ioc_dashboards::tap::{Line, Outcome};
use jiff::SignedDuration;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use self::{
    lines::Printer,
    source::{Heard, Places, Source},
};
use crate::{config::Config, told, top::Language};

/// Between two attempts to connect.
const AGAIN: Duration = Duration::from_secs(1);
/// A connection says something every few seconds, or it is none.
const SILENT_AFTER: Duration = Duration::from_secs(30);

/// Arguments of `ioc tap`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Only messages of this feed, and those meant for it; several times for several. `unmatched` is what no feed took.
    #[arg(long, value_name = "FEED")]
    feed: Vec<String>,

    /// Only messages of this sender; `*` stands for anything.
    #[arg(long, value_name = "SENDER")]
    sender: Vec<String>,

    /// Only messages whose topic, path or file fits: `+` is one level, `#` the rest, as in MQTT.
    #[arg(long, value_name = "FILTER")]
    topic: Vec<String>,

    /// Only messages of which this became; several with commas. `refused` is who was turned away at the door.
    #[arg(long, value_name = "OUTCOME", value_delimiter = ',',
          value_parser = PossibleValuesParser::new(Outcome::ALL.map(Outcome::word)))]
    only: Vec<String>,

    /// Begin so long ago, such as 5m, as far as the log reaches back.
    #[arg(long, value_name = "DURATION")]
    since: Option<SignedDuration>,

    /// End after so many messages.
    #[arg(long, value_name = "N")]
    count: Option<u64>,

    /// Tell of a message as soon as it is durable, and once more when it is judged.
    #[arg(long)]
    now: bool,

    /// Print a JSON object a line.
    #[arg(long)]
    json: bool,

    /// Print what was sent, too: the first 64 KiB of it. Never of feeds that tell of persons.
    #[arg(long)]
    raw: bool,

    /// vi or en. Default: by LC_ALL, LC_MESSAGES or LANG.
    #[arg(long, value_enum, env = "IOC_TAP_LANG")]
    lang: Option<Language>,

    /// Where it runs, such as http://127.0.0.1:8080. Default: what runs on the data folder (IOC_DATA_FOLDER).
    #[arg(long, value_name = "URL", env = "IOC_TAP_URL")]
    url: Option<String>,
}

/// Why it ends.
enum End {
    /// All was told that was asked for, or nobody reads any more.
    Done,
    /// The connection is lost.
    Lost(String),
}

/// Prints until it is told to stop, nobody reads any more, or so many messages were told.
///
/// # Errors
/// If nothing runs on the data folder, it does not answer at first or refuses, or what is told cannot be written.
pub fn run(config: &Config, args: &Args) -> anyhow::Result<ExitCode> {
    end_when_told().context("cannot listen for signals")?;
    let language = args.lang.unwrap_or_else(|| Language::of_environment(|name| std::env::var(name).ok()));
    let source = Source::new(config, args);
    let mut tap = Tap { places: Places::default(), left: args.count, printer: Printer::new(args, language) };
    let mut connected = false;
    loop {
        match source.listen(&tap.places) {
            Ok(heard) => {
                // Who connects anew says so once, however often it is tried.
                if connected {
                    told::note(language.say(lines::AGAIN));
                }
                connected = true;
                match tap.print(&heard)? {
                    End::Done => return Ok(ExitCode::SUCCESS),
                    End::Lost(why) => told::note(format_args!("{} ({why})", language.say(lines::LOST))),
                }
            }
            Err(refused) if !connected || refused.is_final => return Err(refused.why),
            Err(_) if is_closed() => return Ok(ExitCode::SUCCESS),
            Err(_) => {}
        }
        std::thread::sleep(AGAIN);
    }
}

/// Where it is, and how it is printed.
struct Tap {
    places: Places,
    /// So many messages are still to be told.
    left: Option<u64>,
    printer: Printer,
}

impl Tap {
    /// Prints what is heard, until it ends.
    fn print(&mut self, heard: &Heard) -> anyhow::Result<End> {
        let mut out = BufWriter::new(io::stdout().lock());
        loop {
            let line = match heard.lines.recv_timeout(SILENT_AFTER) {
                Ok(Ok(line)) => line,
                Ok(Err(why)) => return Ok(End::Lost(why)),
                Err(RecvTimeoutError::Timeout) => return Ok(End::Lost("silent".to_owned())),
                Err(RecvTimeoutError::Disconnected) => return Ok(End::Lost("closed".to_owned())),
            };
            let printed = self.printer.print(&line, &mut out).and_then(|()| Ok(out.flush()?));
            match printed {
                Err(error) if told::stopped_reading(&error) => return Ok(End::Done),
                printed => printed?,
            }
            // Only what was printed is not told again.
            self.places.passed(&line);
            let is_judged = matches!(&line, Line::Message(message) if message.became != [Outcome::Pending]);
            if let Some(left) = self.left.as_mut().filter(|_| is_judged) {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    return Ok(End::Done);
                }
            }
            if matches!(line, Line::Heartbeat(_)) && is_closed() {
                return Ok(End::Done);
            }
        }
    }
}

/// Whether whoever read standard output went away: `ioc tap | head -1` ends also where nothing more comes.
fn is_closed() -> bool {
    let out = io::stdout();
    if out.is_terminal() {
        return false;
    }
    let mut looked = [PollFd::new(&out, PollFlags::empty())];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut looked, Some(&at_once)).is_ok() && looked[0].revents().contains(PollFlags::ERR)
}

/// Ends the process in order when it is told to. Each line is written whole, and there is nothing to be put back.
fn end_when_told() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut terminate, mut hangup, mut interrupt) = {
        let _inside = runtime.enter();
        (signal(SignalKind::terminate())?, signal(SignalKind::hangup())?, signal(SignalKind::interrupt())?)
    };
    let _detached = std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
                _ = interrupt.recv() => {}
            }
        });
        std::process::exit(0);
    })?;
    Ok(())
}
