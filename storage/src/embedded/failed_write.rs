//! A write that failed ends the server, before it can call anything stored that is not.
//!
//! libchdb is ClickHouse with one line taken out: its write buffer breaks off at a failed `write` and reports nothing
//! (`WriteBufferFromFileDescriptor::nextImpl` of chdb-core, where the throwing is commented out). A part of which the
//! disk took half is then synced, given its name and acknowledged. A full disk is enough: parts with empty files were
//! found after it, and acknowledged rows gone with them. Failed syncs, opens and renames it does report.
//!
//! So the library's calls of `write` come here, since a program's own symbols go before those of the C library. What
//! fails on a regular file ends the process on the spot. That is what the whole design takes as harmless anyway: the
//! part still has its temporary name, nothing was acknowledged, the supervisor starts the next server and the sink
//! counts what is held (invariants ACK, ONCE). A server of the operator's own throws by itself and needs none of this.

#![allow(unsafe_code, reason = "a C function in place of another; each use says why it is sound")]

use std::{
    ffi::c_void,
    io::{self, Write as _},
    os::fd::{AsRawFd, BorrowedFd},
    sync::atomic::{AtomicBool, Ordering},
};

use libloading::os::unix::Library;
use rustix::fs::FileType;

use super::{EmbeddedError, end::end_at_once};

/// Only the server's process ends at a failed write; every other part of the program is told of its own by `io::Error`.
static ENDS_THE_PROCESS: AtomicBool = AtomicBool::new(false);

type Write = unsafe extern "C" fn(libc::c_int, *const c_void, libc::size_t) -> libc::ssize_t;

/// From now on a failed write to a file ends the process.
///
/// # Errors
/// If the library's writes would not come here: a server that cannot be trusted is not started.
pub(super) fn end_at_failed_writes() -> Result<(), EmbeddedError> {
    // SAFETY: the symbol is only compared with, not called.
    let found = unsafe { Library::this().get::<Write>(b"write\0").map(|symbol| symbol.as_raw_ptr()) };
    if found.ok() != Some(write as Write as *mut c_void) {
        return Err(EmbeddedError::Unguarded);
    }
    ENDS_THE_PROCESS.store(true, Ordering::Relaxed);
    Ok(())
}

/// `write` of POSIX.1, for this process and the libraries it opens.
///
/// # Safety
/// As that function: `length` bytes are readable at `bytes`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn write(
    file: libc::c_int,
    bytes: *const c_void,
    length: libc::size_t,
) -> libc::ssize_t {
    // SAFETY: the arguments are the caller's own; this sets errno as the C library's function does.
    let written = unsafe { libc::syscall(libc::SYS_write, file, bytes, length) } as libc::ssize_t;
    if written <= 0 && length > 0 && ENDS_THE_PROCESS.load(Ordering::Relaxed) {
        // One that wrote nothing and says nothing left errno as it was.
        let error = if written < 0 { io::Error::last_os_error() } else { io::ErrorKind::WriteZero.into() };
        judge(file, &error);
    }
    written
}

/// Pipes and sockets break off as they please, and their readers know; so does whoever was interrupted.
fn judge(file: libc::c_int, error: &io::Error) {
    if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) || file < 0 {
        return;
    }
    // SAFETY: the caller holds the descriptor open for the time of its call.
    let file = unsafe { BorrowedFd::borrow_raw(file) };
    let is_file = rustix::fs::fstat(file).is_ok_and(|told| FileType::from_raw_mode(told.st_mode).is_file());
    if is_file {
        let path = std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()));
        let path = path.map_or_else(|_| "a file".to_owned(), |path| path.display().to_string());
        // Not with the macro, which panics where nobody listens.
        let _ = writeln!(
            io::stderr(),
            "clickhouse child: cannot write {path}: {error}; it ends, or the library would go on without it"
        );
        end_at_once();
    }
}
