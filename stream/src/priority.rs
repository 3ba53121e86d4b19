//! Senders come first: on a busy machine their acknowledgements must not wait for what is done behind the log.

/// How much nicer than those who serve senders such threads are: a third of the processor for each of its threads, where
/// both want one.
const NICE: i32 = 5;

/// Makes the calling thread yield to those that take in and acknowledge what senders bring, and serve pages.
pub fn behind_senders() {
    // On Linux this is the calling thread alone: rustix asks the kernel, which counts by thread, without the C library.
    // A thread that may not be nicer is as nice as before.
    let _refused = rustix::process::nice(NICE);
}

#[cfg(test)]
mod tests {
    use rustix::process::getpriority_process;

    use super::*;

    #[test]
    fn it_is_the_thread_alone_that_yields() {
        let before = getpriority_process(None).unwrap();
        let inside = std::thread::spawn(|| {
            behind_senders();
            getpriority_process(None).unwrap()
        });
        assert_eq!(inside.join().unwrap(), (before + NICE).min(19));
        assert_eq!(getpriority_process(None).unwrap(), before);
    }
}
