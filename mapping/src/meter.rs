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
//! out of reach, so that what is refused does not depend on how much stack a build needs.

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
/// Pages of it are taken only as they are used.
const STACK: usize = 256 << 20;
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
}

struct Meter {
    running: Cell<bool>,
    allowed: Cell<Budget>,
    steps: Cell<u64>,
    bytes: Cell<u64>,
    contexts: Cell<u32>,
}

thread_local! {
    static METER: Meter = const { Meter {
        running: Cell::new(false),
        allowed: Cell::new(Budget { steps: 0, bytes: 0 }),
        steps: Cell::new(0),
        bytes: Cell::new(0),
        contexts: Cell::new(0),
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
    METER.with(|meter| {
        meter.allowed.set(budget);
        meter.steps.set(budget.steps);
        meter.bytes.set(budget.bytes);
        meter.contexts.set(0);
        meter.running.set(true);
    });
    let ran = on_large_stack(|| panic::catch_unwind(AssertUnwindSafe(run)));
    METER.with(|meter| meter.running.set(false));
    ran.map_err(|thrown| thrown.downcast_ref::<Spent>().copied().unwrap_or(Spent::Engine))
}

/// Where recursion over the text of a mapping, or by it, has room.
pub(crate) fn on_large_stack<T>(run: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(STACK - (1 << 20), STACK, run)
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
