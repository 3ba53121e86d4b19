//! The child's side: a ClickHouse server in a process of its own, living as long as its parent holds its input.
//!
//! It is a process because a server stopped inside the main process takes that process with it, and because it may
//! be killed at any moment without harm to the dataflow. The life line is standard input: the last statement of
//! the command line reads from it for as long as it is open, and the process ends when the parent closes it or dies.
//!
//! The library takes itself for a command-line tool whose user may read every file, and has one function that asks
//! no grant for it: `file()`. It finds its path from the working folder, and fails where there is none. So the child
//! works in a folder of its own, and that is gone before the server listens (invariant SAFE).
//!
//! Without a working folder the library cannot end in good order, and it must not get one back while it still answers.
//! So it is killed: every acknowledged insert is on disk, and nothing else is promised of it (invariant ONCE).

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags},
    fs::{CWD, FileType, Mode},
    process::{getppid, getpriority_process, setpriority_process},
};

use super::{
    EmbeddedError, end::end_at_once, failed_write::end_at_failed_writes, library::ClickHouse,
    name::take_the_name,
};

/// What the parent tells the child on its command line. No secrets: those are in files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ChildArguments {
    pub(super) library: PathBuf,
    pub(super) configuration: PathBuf,
    pub(super) data: PathBuf,
    pub(super) host: String,
    pub(super) port: u16,
}

impl ChildArguments {
    pub(super) fn to_command_line(&self) -> Vec<String> {
        [
            ("--library", self.library.display().to_string()),
            ("--configuration", self.configuration.display().to_string()),
            ("--data", self.data.display().to_string()),
            ("--host", self.host.clone()),
            ("--port", self.port.to_string()),
        ]
        .into_iter()
        .flat_map(|(name, value)| [name.to_owned(), value])
        .collect()
    }

    fn from_command_line(
        arguments: impl IntoIterator<Item = String>,
    ) -> Result<ChildArguments, EmbeddedError> {
        let mut values = std::collections::BTreeMap::new();
        let mut arguments = arguments.into_iter();
        while let Some(name) = arguments.next() {
            let value =
                arguments.next().ok_or_else(|| EmbeddedError::Arguments(format!("{name} needs a value")))?;
            let _ = values.insert(name, value);
        }
        let mut take = |name: &str| {
            values.remove(name).ok_or_else(|| EmbeddedError::Arguments(format!("{name} is missing")))
        };
        Ok(ChildArguments {
            library: take("--library")?.into(),
            configuration: take("--configuration")?.into(),
            data: take("--data")?.into(),
            host: take("--host")?,
            port: take("--port")?
                .parse()
                .map_err(|_| EmbeddedError::Arguments("--port is no port".to_owned()))?,
        })
    }
}

/// How long it may take for standard input to close once the parent is gone.
const ORPHAN_GRACE: Duration = Duration::from_secs(5);
const PARENT_CHECK: Duration = Duration::from_secs(1);

/// How much nicer than its parent's first thread the server is, and so every thread of it: as nice as the dataflow.
const NICER: i32 = 5;

/// Runs the server until standard input closes. What stands behind the hidden subcommand; `arguments` are those
/// behind its name, as [`Server`](super::Server) wrote them.
#[must_use]
pub fn serve(arguments: impl IntoIterator<Item = String>) -> ExitCode {
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The parent reads this process's standard error into its log.
            eprintln!("clickhouse child: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: impl IntoIterator<Item = String>) -> Result<(), EmbeddedError> {
    let arguments = ChildArguments::from_command_line(arguments)?;
    yield_to_parent();
    end_with_the_life_line()?;
    end_without_parent()?;
    end_at_failed_writes()?;
    take_the_name();
    let clickhouse = ClickHouse::open(&arguments.library)?;
    lose_the_working_folder()?;
    // SYSTEM START LISTEN works only through this entry point. The input format makes "table" the lines of standard
    // input, so that counting them blocks until it closes. The gate blocks until the working folder is gone.
    let command_line = [
        "clickhouse".to_owned(),
        format!("--config-file={}", arguments.configuration.display()),
        format!("--path={}", arguments.data.display()),
        format!("--listen_host={}", arguments.host),
        format!("--http_port={}", arguments.port),
        "--input-format=LineAsString".to_owned(),
        "--structure=line String".to_owned(),
        format!(
            "--query=SELECT count() FROM file('{GATE}', 'LineAsString', 'line String'); \
             SYSTEM START LISTEN HTTP; SELECT count() FROM table"
        ),
    ];
    clickhouse.run(&command_line).map_err(EmbeddedError::Ended)
}

/// Senders come first: what the parent does for them must not wait for merges. A server that may not be nicer is as nice
/// as the thread that started it.
fn yield_to_parent() {
    let nice = getpriority_process(getppid()).map(|parent| (parent + NICER).min(19));
    let _refused = nice.and_then(|nice| setpriority_process(None, nice));
}

/// The working folder, under the folder the parent started the child in.
const NOWHERE: &str = "nowhere";
/// A pipe in it, which the server's first statement reads to its end.
const GATE: &str = "gate";

/// Enters a folder that is removed once the server has started, which it cannot do without one, and before it listens.
fn lose_the_working_folder() -> Result<(), EmbeddedError> {
    let nowhere = std::env::current_dir()?.join(NOWHERE);
    // One that was killed half way leaves it behind.
    match fs::remove_dir_all(&nowhere) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    fs::create_dir(&nowhere)?;
    std::env::set_current_dir(&nowhere)?;
    let gate = nowhere.join(GATE);
    let mode = Mode::RUSR | Mode::WUSR;
    rustix::fs::mknodat(CWD, &gate, FileType::Fifo, mode, 0).map_err(io::Error::from)?;
    let _remover =
        thread::Builder::new().name("nowhere".to_owned()).spawn(move || open_the_gate(&nowhere, &gate))?;
    Ok(())
}

/// Opening waits for the reader, whose statement ends when this end is closed. Where the folder stays, the gate stays
/// shut: the process ends before the server listens.
fn open_the_gate(nowhere: &Path, gate: &Path) {
    let opened = fs::OpenOptions::new().write(true).open(gate);
    let removed =
        opened.as_ref().map_or(Ok(()), |_| fs::remove_file(gate).and_then(|()| fs::remove_dir(nowhere)));
    if let Some(error) = opened.as_ref().err().or(removed.as_ref().err()) {
        eprintln!("clickhouse child: cannot lose its working folder: {error}");
        end_at_once();
    }
}

/// Waits beside the server, which reads the life line but must not act on its end.
fn end_with_the_life_line() -> Result<(), EmbeddedError> {
    let _watch = thread::Builder::new().name("life-line".to_owned()).spawn(|| {
        let life_line = io::stdin();
        loop {
            // Nothing is asked for: that it was cut is always told.
            let mut watched = [PollFd::new(&life_line, PollFlags::empty())];
            let cut = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
            match rustix::event::poll(&mut watched, None) {
                Ok(_) if watched[0].revents().intersects(cut) => end_at_once(),
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => {
                    eprintln!("clickhouse child: cannot watch its life line: {error}");
                    end_at_once();
                }
            }
        }
    })?;
    Ok(())
}

/// A second life line: should somebody else hold the first, the server must not outlive its parent and hold the data
/// folder.
fn end_without_parent() -> Result<(), EmbeddedError> {
    let parent = getppid();
    let _watch = thread::Builder::new().name("parent-watch".to_owned()).spawn(move || {
        while getppid() == parent {
            thread::sleep(PARENT_CHECK);
        }
        thread::sleep(ORPHAN_GRACE);
        end_at_once();
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_survive_the_command_line() {
        let arguments = ChildArguments {
            library: "/opt/lib chdb.so".into(),
            configuration: "/data/config.xml".into(),
            data: "/data/store".into(),
            host: "127.0.0.1".to_owned(),
            port: 8123,
        };
        assert_eq!(ChildArguments::from_command_line(arguments.to_command_line()).unwrap(), arguments);
        assert!(ChildArguments::from_command_line(["--port".to_owned()]).is_err());
    }
}
