//! An iterator that is known to have ended.
//!
//! `reduce`, `foreach` and calls at the end of a filter keep what they came from as long as more may come of it, and with it
//! its context, which counts as depth. Of `try` the interpreter cannot tell that no more comes until it is asked once more: a
//! `reduce` over some thousand elements with a `?` in it would be refused as too deep. So whatever they go on from is asked
//! for two outputs at once ([`crate::compile`] puts this around it): of most there is one, and then nothing is kept.

use jaq_core::{Bind, Native, ValXs, native::Fun};

use crate::{meter::Run, value::Val};

/// What it is called in `prelude.jq`. No mapping may call it.
pub(crate) const SETTLED: &str = "settled";

pub(super) fn all() -> [Fun<Run>; 1] {
    let native = Native::new(|mut cv| {
        let (filter, context) = cv.0.pop_fun();
        settled(filter.run((context, cv.1)))
    });
    let native = native.with_paths(|mut cv| {
        let (filter, context) = cv.0.pop_fun();
        settled(filter.paths((context, cv.1)))
    });
    let native = native.with_update(|mut cv, update| {
        let (filter, context) = cv.0.pop_fun();
        filter.update((context, cv.1), update)
    });
    [(SETTLED, Box::from([Bind::Fun(())]), native)]
}

/// The same outputs; if there is but one, it is known that there is no more.
fn settled<'a, T: 'a>(mut outputs: ValXs<'a, T, Val>) -> ValXs<'a, T, Val> {
    if outputs.size_hint() == (1, Some(1)) {
        return outputs;
    }
    match (outputs.next(), outputs.next()) {
        (None, _) => Box::new(std::iter::empty()),
        (Some(only), None) => Box::new(std::iter::once(only)),
        (Some(first), Some(second)) => Box::new([first, second].into_iter().chain(outputs)),
    }
}
