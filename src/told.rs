//! What a command says on standard output, and what a terminal can do.
//!
//! Whoever reads may stop: `ioc status | head -3` has read enough. That is no fault, of nobody, and so no word and no
//! panic; the command ends as it would have. What could not be written for another reason is an error.

use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};

/// Says it.
///
/// # Errors
/// If it cannot be written.
pub fn say(write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>) -> anyhow::Result<()> {
    say_to(io::stdout().lock(), write)
}

fn say_to(out: impl Write, write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut out = BufWriter::new(out);
    let said = write(&mut out).and_then(|()| Ok(out.flush()?));
    // What is left of it would be tried again.
    let (_out, _left) = out.into_parts();
    match said {
        Err(error) if stopped_reading(&error) => Ok(()),
        said => said,
    }
}

/// Says a line on standard error, if anybody reads there.
pub fn note(line: impl std::fmt::Display) {
    let _unheard = writeln!(io::stderr(), "{line}");
}

/// Whether the reader went away.
pub fn stopped_reading(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// Whether the words go to a person's terminal that can move its cursor.
pub fn can_move(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Whether it is to be coloured: not where somebody asked for none (no-color.org).
pub fn can_colour(stream: &impl IsTerminal) -> bool {
    can_move(stream) && std::env::var_os("NO_COLOR").is_none_or(|asked| asked.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Gone(ErrorKind);

    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_went_away_is_no_fault_and_a_full_disk_is_one() {
        let lines = |out: &mut dyn Write| Ok((0..10_000).try_for_each(|line| writeln!(out, "{line}"))?);
        assert!(say_to(Gone(ErrorKind::BrokenPipe), lines).is_ok());
        assert!(say_to(Gone(ErrorKind::BrokenPipe), |out| Ok(writeln!(out, "short")?)).is_ok());
        assert!(say_to(Gone(ErrorKind::StorageFull), lines).is_err());
        assert!(say_to(Vec::new(), lines).is_ok());
    }
}
