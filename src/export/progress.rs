//! How far an export is: a line that moves on a terminal, log lines elsewhere.

use std::{
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::told;

const MOVES_EVERY: Duration = Duration::from_millis(200);
const LOGS_EVERY: Duration = Duration::from_secs(5);

/// What was written so far.
#[derive(Debug)]
pub(super) struct Progress {
    output: PathBuf,
    on_terminal: bool,
    began: Instant,
    told: Instant,
    bytes: u64,
}

impl Progress {
    pub(super) fn new(output: &Path) -> Progress {
        let now = Instant::now();
        let on_terminal = told::can_move(&std::io::stderr());
        Progress { output: output.to_owned(), on_terminal, began: now, told: now, bytes: 0 }
    }

    /// Adds bytes; `part` says how many of how many parts are done, where that is known.
    pub(super) fn add(&mut self, bytes: u64, part: Option<(usize, usize)>) {
        self.bytes += bytes;
        if self.told.elapsed() < if self.on_terminal { MOVES_EVERY } else { LOGS_EVERY } {
            return;
        }
        self.told = Instant::now();
        let seconds = self.began.elapsed().as_secs_f64().max(0.001);
        let rate = readable((self.bytes as f64 / seconds) as u64);
        let parts = part.map(|(done, all)| format!(", file {done} of {all}")).unwrap_or_default();
        let so_far = readable(self.bytes);
        if self.on_terminal {
            let mut err = std::io::stderr();
            let _unheard = write!(err, "\r\x1b[K{}: {so_far}, {rate}/s{parts}", self.output.display());
            let _unheard = err.flush();
        } else {
            tracing::info!(output = %self.output.display(), bytes = self.bytes, "exporting: {rate}/s{parts}");
        }
    }

    /// The file is there.
    pub(super) fn done(&self, bytes: u64, rows: u64) {
        let seconds = self.began.elapsed().as_secs_f64();
        if self.on_terminal {
            let written = readable(bytes);
            told::note(format_args!(
                "\r\x1b[K{}: {rows} rows, {written} in {seconds:.1} s",
                self.output.display()
            ));
        } else {
            tracing::info!(output = %self.output.display(), rows, bytes, seconds, "exported");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        // What is said next, such as an error, gets a line of its own.
        if self.on_terminal {
            let _unheard = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

fn readable(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1_024.0),
        1_048_576..1_073_741_824 => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
        _ => format!("{:.2} GiB", bytes as f64 / 1_073_741_824.0),
    }
}

#[cfg(test)]
mod tests {
    use super::readable;

    #[test]
    fn sizes_are_written_for_people() {
        let written = [0, 1023, 1024, 1 << 20, 3 << 30].map(readable);
        assert_eq!(written, ["0 B", "1023 B", "1.0 KiB", "1.0 MiB", "3.00 GiB"]);
    }
}
