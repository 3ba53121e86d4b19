//! Senders come first: on a busy machine their acknowledgements must not wait for what is done behind the log.
//!
//! Threads that take in what senders bring, write the log and acknowledge are as nice as the process. Pages are a
//! little nicer, and what is behind the log more.

use rustix::process::{getpid, getpriority_process, setpriority_process};

/// Where two threads want the same processor, one that is five nicer gets a third of what the other gets.
const BEHIND_THE_LOG: i32 = 5;
/// And one that is two nicer two thirds.
const PAGES: i32 = 2;
/// The kernel knows no nicer ones.
const NICEST: i32 = 19;

/// The calling thread works behind the log: it yields to senders, and to whoever looks at a page.
pub fn work_behind_the_log() {
    be_nicer_by(BEHIND_THE_LOG);
}

/// The calling thread serves pages: it yields to senders.
pub fn serve_pages() {
    be_nicer_by(PAGES);
}

/// Than the process's first thread: the one who calls may have been started by a nicer one. On Linux this is of the
/// calling thread alone, since rustix asks the kernel, which counts by thread, and not the C library.
fn be_nicer_by(by: i32) {
    let Ok(first) = getpriority_process(Some(getpid())) else { return };
    // A thread that may not be nicer is as nice as before.
    let _refused = setpriority_process(None, (first + by).min(NICEST));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_thread_alone_that_yields_and_not_what_it_starts_twice_as_much() {
        let first = getpriority_process(Some(getpid())).unwrap();
        let inside = std::thread::spawn(|| {
            serve_pages();
            let pages = getpriority_process(None).unwrap();
            let started = std::thread::spawn(|| {
                work_behind_the_log();
                getpriority_process(None).unwrap()
            });
            (pages, started.join().unwrap())
        });
        let nicer = |by: i32| (first + by).min(NICEST);
        assert_eq!(inside.join().unwrap(), (nicer(PAGES), nicer(BEHIND_THE_LOG)));
        assert_eq!(getpriority_process(Some(getpid())).unwrap(), first);
    }
}
