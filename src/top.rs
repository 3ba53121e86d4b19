//! `ioc top`: what the page shows, in a terminal: for whoever is logged in where no browser is.
//!
//! It asks the running process's API once a second and draws what it was told. Without a connection what is shown
//! stays, with a line that says how old it is: nothing looks current because it stopped (invariant SILENT). Texts
//! from the API never reach the terminal with control characters in them (invariant SAFE).

mod figures;
mod pace;
mod screen;
mod terminal;
mod words;

use std::{
    process::ExitCode,
    sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel},
    time::{Duration, Instant},
};

use anyhow::Context;
use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use ioc_dashboards::overview::Overview;

use self::{pace::Pace, screen::Screen, terminal::Terminal};
pub(crate) use self::{
    screen::{Line, Tone, cut, padded},
    terminal::begin,
    words::{Language, Word},
};
use crate::{
    config::Config,
    status::{RUN_FILE, Run},
    told,
};

const EVERY: Duration = Duration::from_secs(1);
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);
const LOOKS_AT_KEYS: Duration = Duration::from_millis(200);

/// Arguments of `ioc top`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Print once and end, as it does without a terminal or on one that cannot move its cursor (TERM=dumb).
    #[arg(long)]
    once: bool,

    /// vi or en. Default: by LC_ALL, LC_MESSAGES or LANG.
    #[arg(long, value_enum, env = "IOC_TOP_LANG")]
    lang: Option<Language>,

    /// Where it runs, such as http://127.0.0.1:8080. Default: what runs on the data folder (IOC_DATA_FOLDER).
    #[arg(long, value_name = "URL", env = "IOC_TOP_URL")]
    url: Option<String>,
}

/// Shows it until a key, a signal or, with `--once`, the first picture.
///
/// # Errors
/// If nothing runs on the data folder, it does not answer at first, or the terminal cannot be used.
pub fn run(config: &Config, args: &Args) -> anyhow::Result<ExitCode> {
    let language = args.lang.unwrap_or_else(|| Language::of_environment(|name| std::env::var(name).ok()));
    let source = Source::new(config, args.url.as_deref())?;
    let first = source.ask()?;
    let mut screen = Screen::new(language);
    screen.take(first, Instant::now());
    if args.once || !told::can_move(&std::io::stdout()) {
        told::say(|out| Ok(screen.plain().iter().try_for_each(|line| writeln!(out, "{line}"))?))?;
        return Ok(ExitCode::SUCCESS);
    }
    let news = source.follow();
    let told_to_stop = terminal::signals()?;
    let mut terminal = Terminal::open().context("cannot use the terminal")?;
    loop {
        terminal.draw(&screen.lines(terminal.size()?))?;
        if told_to_stop.load(std::sync::atomic::Ordering::Relaxed) {
            break;
        }
        if let Some(event) = terminal.event(LOOKS_AT_KEYS)?
            && !act(&event, &mut screen, terminal.size()?.1)
        {
            break;
        }
        match news.try_recv() {
            Ok(Ok(overview)) => screen.take(overview, Instant::now()),
            Ok(Err(error)) => screen.lost(error.to_string()),
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => break,
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What a key does. False: end.
fn act(event: &Event, screen: &mut Screen, height: u16) -> bool {
    let Event::Key(KeyEvent { code, modifiers, kind: KeyEventKind::Press | KeyEventKind::Repeat, .. }) =
        event
    else {
        return true;
    };
    let page = i32::from(height.saturating_sub(6).max(1));
    match code {
        KeyCode::Char('c') if modifiers.contains(KeyModifiers::CONTROL) => return false,
        KeyCode::Char('q') | KeyCode::Esc => return false,
        KeyCode::Char('l') => screen.switch_language(),
        KeyCode::Up | KeyCode::Char('k') => screen.scroll(-1),
        KeyCode::Down | KeyCode::Char('j') => screen.scroll(1),
        KeyCode::PageUp => screen.scroll(-page),
        KeyCode::PageDown | KeyCode::Char(' ') => screen.scroll(page),
        KeyCode::Home => screen.scroll(i32::MIN),
        KeyCode::End => screen.scroll(i32::MAX),
        _ => {}
    }
    true
}

/// Where the picture comes from.
#[derive(Clone, Debug)]
struct Source {
    url: String,
    agent: ureq::Agent,
}

impl Source {
    fn new(config: &Config, url: Option<&str>) -> anyhow::Result<Source> {
        let base = match url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => {
                let path = config.data_path(RUN_FILE);
                let run = std::fs::read(&path)
                    .with_context(|| format!("nothing has run on {}", config.data.folder.display()))?;
                let run: Run = serde_json::from_slice(&run)
                    .with_context(|| format!("{} is not valid", path.display()))?;
                format!("http://{}", run.http)
            }
        };
        let agent = ureq::Agent::config_builder().timeout_global(Some(ANSWERS_WITHIN)).build().into();
        Ok(Source { url: format!("{base}/api/overview"), agent })
    }

    fn ask(&self) -> anyhow::Result<Overview<'static>> {
        let mut answer =
            self.agent.get(&self.url).call().with_context(|| format!("no answer at {}", self.url))?;
        answer.body_mut().read_json().context("not an answer of this version")
    }

    /// Asks once a second on a thread of its own, so that keys are not kept waiting. The thread ends with whoever
    /// listens.
    fn follow(self) -> Receiver<anyhow::Result<Overview<'static>>> {
        let (news, news_out): (SyncSender<_>, _) = sync_channel(1);
        drop(std::thread::spawn(move || {
            loop {
                std::thread::sleep(EVERY);
                if news.send(self.ask()).is_err() {
                    return;
                }
            }
        }));
        news_out
    }
}

/// What passes by in a second of the machine.
fn rates(pace: &Pace) -> String {
    match pace.per_second() {
        None => "–".to_owned(),
        Some(rate) if rate < 10.0 => format!("{rate:.1}"),
        Some(rate) => format!("{rate:.0}"),
    }
}
