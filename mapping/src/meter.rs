//! What a run may spend: steps, bytes and depth, counted and never timed, so that the same message is refused alike on every
//! machine (invariants REPLAY, BOUND).
//!
//! The interpreter has no way to be stopped from within. What it does at every term is to ask its data for the table of
//! terms, and to clone that data with every context it opens. Our data ([`Live`]) counts both: terms are **steps**,
//! contexts that are open at once are the **depth**, for a call that waits for another keeps its context. **Bytes** are
//! all that values ever took, whether they are still held or not; they are counted where a value is made.
//! Who has spent all leaves the run by unwinding with [`Spent`], without a panic's message; [`within`] catches it.
//!
//! Depth is held on a stack of its own, whose end is watched besides. With the largest depth that can be counted the end is
//! out of reach, so that what is refused does not depend on how much stack a build needs. Where the machine has no room for
//! that stack, a smaller one does, and at the last the thread's own: a mapping that does not recurse needs no more.

use std::{
    cell::Cell,
    panic::{self, AssertUnwindSafe},
};

use jaq_core::{DataT, Lut, data::HasLut};

use crate::value::Val;

/// Brackets of a message, and of any value that a mapping makes, nest no deeper.
pub const DEEPEST: u16 = 128;
/// Contexts that are open at once.
const CONTEXTS: u32 = 4_000;
/// Steps of any message, and of each byte of it.
const STEPS: u64 = 100_000;
const STEPS_PER_BYTE: u64 = 10;
const MOST_STEPS: u64 = 20_000_000;
/// Bytes of any message, and for each byte of it.
const BYTES: u64 = 8 << 20;
const BYTES_PER_BYTE: u64 = 128;
const MOST_BYTES: u64 = 512 << 20;
/// Messages that come as one may take what so many of their size may.
const MESSAGES: u64 = 8;
/// Pages of them are taken only as they are used; the next where there is no room for one.
const STACKS: [usize; 3] = [256 << 20, 64 << 20, 16 << 20];
const STACK_END: usize = 1 << 20;

/// What a run has no more of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spent {
    /// It went on for too long; that many steps were allowed.
    Steps(u64),
    /// It made too much; that many bytes were allowed.
    Bytes(u64),
    /// Filters call each other too deep.
    Calls,
    /// A value nests deeper than [`DEEPEST`].
    Nesting,
    /// The interpreter broke its own contract.
    Engine,
}

/// What one message may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    pub(crate) steps: u64,
    pub(crate) bytes: u64,
}

impl Budget {
    /// For a message of that many bytes.
    pub(crate) fn of(bytes: usize) -> Budget {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        Budget {
            steps: bytes.saturating_mul(STEPS_PER_BYTE).saturating_add(STEPS).min(MOST_STEPS),
            bytes: bytes.saturating_mul(BYTES_PER_BYTE).saturating_add(BYTES).min(MOST_BYTES),
        }
    }

    /// For messages of that many bytes together that come as one, such as the lines of a file.
    pub(crate) fn of_many(bytes: usize) -> Budget {
        let one = Budget::of(bytes);
        Budget {
            steps: one.steps.saturating_mul(MESSAGES).min(MOST_STEPS),
            bytes: one.bytes.saturating_mul(MESSAGES).min(MOST_BYTES),
        }
    }

    /// No more than another.
    pub(crate) fn at_most(self, other: Budget) -> Budget {
        Budget { steps: self.steps.min(other.steps), bytes: self.bytes.min(other.bytes) }
    }

    /// What is left of it when another was given and so much of that is left.
    pub(crate) fn less(self, given: Budget, left: Budget) -> Budget {
        let Budget { steps, bytes } = self;
        Budget {
            steps: steps.saturating_sub(given.steps - left.steps),
            bytes: bytes.saturating_sub(given.bytes - left.bytes),
        }
    }
}

struct Meter {
    running: Cell<bool>,
    allowed: Cell<Budget>,
    steps: Cell<u64>,
    bytes: Cell<u64>,
    contexts: Cell<u32>,
    /// Which run of this thread it is.
    run: Cell<u64>,
    /// The first of [`STACKS`] that there may be room for: where there was none for a larger one, it is not asked for again.
    stack: Cell<usize>,
}

thread_local! {
    static METER: Meter = const { Meter {
        running: Cell::new(false),
        allowed: Cell::new(Budget { steps: 0, bytes: 0 }),
        steps: Cell::new(0),
        bytes: Cell::new(0),
        contexts: Cell::new(0),
        run: Cell::new(0),
        stack: Cell::new(0),
    } };
}

fn leave(spent: Spent) -> ! {
    panic::resume_unwind(Box::new(spent))
}

/// Takes steps from the run of this thread; outside of one nothing is counted.
pub(crate) fn steps(count: usize) {
    METER.with(|meter| {
        if !meter.running.get() {
            return;
        }
        match meter.steps.get().checked_sub(u64::try_from(count).unwrap_or(u64::MAX)) {
            Some(left) => meter.steps.set(left),
            None => leave(Spent::Steps(meter.allowed.get().steps)),
        }
    });
}

/// Takes bytes from the run of this thread.
pub(crate) fn bytes(count: usize) {
    METER.with(|meter| {
        if !meter.running.get() {
            return;
        }
        match meter.bytes.get().checked_sub(u64::try_from(count).unwrap_or(u64::MAX)) {
            Some(left) => meter.bytes.set(left),
            None => leave(Spent::Bytes(meter.allowed.get().bytes)),
        }
    });
}

/// A value that would nest too deep ends the run.
pub(crate) fn nest(depth: u16) -> u16 {
    if depth > DEEPEST { leave(Spent::Nesting) } else { depth }
}

/// Runs within a budget, on a stack of its own.
///
/// # Errors
/// What was spent.
pub(crate) fn within<T>(budget: Budget, run: impl FnOnce() -> T) -> Result<T, Spent> {
    on_large_stack(|| counted(budget, run))
}

/// As [`within`], on the stack that one is on.
///
/// # Errors
/// What was spent.
pub(crate) fn counted<T>(budget: Budget, run: impl FnOnce() -> T) -> Result<T, Spent> {
    METER.with(|meter| {
        meter.allowed.set(budget);
        meter.steps.set(budget.steps);
        meter.bytes.set(budget.bytes);
        meter.contexts.set(0);
        meter.run.set(meter.run.get() + 1);
        meter.running.set(true);
    });
    let ran = panic::catch_unwind(AssertUnwindSafe(run));
    METER.with(|meter| meter.running.set(false));
    ran.map_err(|thrown| thrown.downcast_ref::<Spent>().copied().unwrap_or(Spent::Engine))
}

/// Which run this is, of those of this thread: what is remembered within one is forgotten with it.
pub(crate) fn this_run() -> u64 {
    METER.with(|meter| meter.run.get())
}

/// What this run, or the last one, may still take.
pub(crate) fn left() -> Budget {
    METER.with(|meter| Budget { steps: meter.steps.get(), bytes: meter.bytes.get() })
}

/// Where recursion by a mapping has room: on the largest stack that there is room for.
pub(crate) fn on_large_stack<T>(run: impl FnOnce() -> T) -> T {
    let mut run = Some(run);
    let first = METER.with(|meter| meter.stack.get());
    for (at, size) in STACKS.iter().enumerate().skip(first) {
        match on_stack(*size, &mut run) {
            Some(ran) => return ran,
            None => METER.with(|meter| meter.stack.set(at + 1)),
        }
    }
    match run.take() {
        Some(run) => run(),
        None => unreachable!("what ran was returned"),
    }
}

/// Where recursion over the text of a mapping has room; none where the machine has no room for that.
pub(crate) fn on_whole_stack<T>(run: impl FnOnce() -> T) -> Option<T> {
    on_stack(STACKS[0], &mut Some(run))
}

/// Takes what is to be run and runs it on a stack of that size; leaves it there where there is no memory for one.
fn on_stack<T, F: FnOnce() -> T>(size: usize, run: &mut Option<F>) -> Option<T> {
    let mut ran = None;
    let mut call = || ran = run.take().map(|run| run());
    // Without memory for a stack the library panics before it calls anything.
    let grown = panic::catch_unwind(AssertUnwindSafe(|| stacker::grow(size, &mut call)));
    match grown {
        Ok(()) => ran,
        Err(_) if run.is_some() => None,
        Err(thrown) => panic::resume_unwind(thrown),
    }
}

/// What the interpreter works with.
#[derive(Debug)]
pub(crate) struct Run;

impl DataT for Run {
    type V<'a> = Val;
    type Data<'a> = Live<'a>;
}

/// The table of terms, as one context has it.
pub(crate) struct Live<'a>(&'a Lut<Run>);

impl<'a> Live<'a> {
    pub(crate) fn new(lut: &'a Lut<Run>) -> Live<'a> {
        METER.with(|meter| {
            let open = meter.contexts.get() + 1;
            if open > CONTEXTS && meter.running.get() {
                leave(Spent::Calls);
            }
            meter.contexts.set(open);
        });
        Live(lut)
    }
}

impl Clone for Live<'_> {
    fn clone(&self) -> Self {
        Live::new(self.0)
    }
}

impl Drop for Live<'_> {
    fn drop(&mut self) {
        METER.with(|meter| meter.contexts.set(meter.contexts.get().saturating_sub(1)));
    }
}

impl<'a> HasLut<'a, Run> for Live<'a> {
    fn lut(&self) -> &'a Lut<Run> {
        steps(1);
        if stacker::remaining_stack().is_some_and(|left| left < STACK_END) {
            leave(Spent::Calls);
        }
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn safe_without_memory_for_a_stack_nothing_runs_and_nothing_is_lost() {
        let mut run = Some(|| 7);
        assert_eq!(on_stack(1 << 60, &mut run), None);
        assert_eq!(on_stack(1 << 20, &mut run), Some(7));
        assert!(run.is_none());
        METER.with(|meter| meter.stack.set(STACKS.len()));
        assert_eq!(within(Budget::of(0), || 7), Ok(7), "on the stack of the thread");
        assert_eq!(within(Budget::of(0), || leave(Spent::Calls)), Err::<(), _>(Spent::Calls));
    }

    #[test]
    fn safe_what_panics_within_a_run_is_told_from_a_stack_that_cannot_be() {
        let panics = panic::catch_unwind(|| on_stack(1 << 20, &mut Some(|| panic!("within"))));
        assert!(panics.is_err());
        assert_eq!(within(Budget::of(0), || panic!("within")), Err::<(), _>(Spent::Engine));
    }
}
