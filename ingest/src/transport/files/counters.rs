//! What a watched folder has done and what it waits for.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// One watched folder's figures since start. Every file that is not simply taken shows in one of them.
        #[derive(Debug, Default)]
        pub struct FilesCounters {
            $($(#[$doc])* pub $name: AtomicU64,)*
        }

        /// The figures of [`FilesCounters`] at one moment.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
        pub struct FilesFigures {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl FilesCounters {
            /// All figures.
            #[must_use]
            pub fn snapshot(&self) -> FilesFigures {
                FilesFigures { $($name: self.$name.load(Relaxed),)* }
            }

            /// Every counter's name and figure, for metrics.
            #[must_use]
            pub fn each(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name.load(Relaxed)),)*]
            }
        }
    };
}

counters! {
    /// Files whose envelope became durable.
    taken,
    /// Bytes of those files.
    taken_bytes,
    /// Files among them that were over the feed's limit: hash and size were appended, the file lies in `rejected/`.
    withheld,
    /// Files moved to `done/` or `rejected/`: acknowledged.
    moved,
    /// Attempts to move a file that failed.
    move_failures,
    /// Files that changed while or after they were read, and were left or put back to be read again.
    changed,
    /// Files put back into the inbox because they went on growing after they were moved.
    returned,
    /// Files that went away between being seen and being read.
    vanished,
    /// Files that may not be read, or not be moved out of their folder.
    unreadable,
    /// Symbolic links, pipes, sockets, devices, other file systems, folders too deep: left where they are.
    passed_over,
    /// Passes that could not list a folder.
    scan_failures,
    /// Files removed from `done/` after the days they are kept.
    done_removed,
    /// Files waiting now: settling, or in line.
    waiting,
    /// Files whose name says that they are still being written, now.
    unfinished,
}

impl FilesCounters {
    pub(super) fn add(counter: &AtomicU64, amount: u64) {
        let _ = counter.fetch_add(amount, Relaxed);
    }
}
