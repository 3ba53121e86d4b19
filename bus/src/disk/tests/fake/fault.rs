//! What goes wrong, and what the end of a life leaves.

use std::io;

/// What goes wrong at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No space left.
    Full,
    /// Input/output error.
    Io,
    /// Writes less than asked for. Nothing for other calls.
    Short,
    /// The machine or process ends here: this and all later calls do nothing.
    End,
}

/// What goes wrong at a call that only looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadFault {
    /// Input/output error.
    Io,
    /// A signal came in between.
    Interrupted,
    /// Gives less than is there. Nothing for calls other than reading.
    Short,
}

/// What is left after the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// `kill -9`: the page cache stays.
    Kill,
    /// The power fails.
    PowerCut(u64),
}

pub(super) fn io_error() -> io::Error {
    io::Error::from_raw_os_error(5)
}

pub(super) fn full() -> io::Error {
    io::Error::from(io::ErrorKind::StorageFull)
}
