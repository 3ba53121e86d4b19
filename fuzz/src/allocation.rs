//! How much memory a call takes at most: a length that a sender states must not become an allocation (BOUND).
// Counting is what only the allocator can do, and its trait is unsafe; everything is handed on to the system's.
#![allow(unsafe_code)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    /// Bytes this thread holds, less what it frees of others.
    static HELD: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    let held = HELD.get() + bytes;
    HELD.set(held);
    MOST.set(MOST.get().max(held));
}

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        unsafe { System.dealloc(place, layout) }
    }
}

/// Makes a call that may hold no more than `limit` bytes at once.
pub(crate) fn within<T>(limit: usize, call: impl FnOnce() -> T) -> T {
    let before = HELD.get();
    MOST.set(before);
    let made = call();
    let most = MOST.get() - before;
    assert!(most <= limit as isize, "{most} bytes were held, {limit} are enough");
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bound_what_is_held_for_a_moment_is_counted() {
        let length = within(1_100, || std::hint::black_box(vec![0u8; 1_000]).len());
        assert_eq!(length, 1_000);
        let over = std::panic::catch_unwind(|| within(900, || std::hint::black_box(vec![0u8; 1_000]).len()));
        assert!(over.is_err());
    }
}
