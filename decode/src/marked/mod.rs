//! What was found in a report, beside the cells it was found in.
//!
//! A list of faults with the names of their cells is what a program needs. A clerk looks at the sheet: the rows that are
//! amiss are shown with the heading of their table ([`excerpt`]).
//!
//! A finding says its place in words ([`spots`]), since those are what is stored: the file is read once more and the words
//! are looked up in it. Nothing is judged here.

mod excerpt;
mod spots;

pub use self::excerpt::{Excerpt, ExcerptCell, ExcerptRow, ExcerptSheet, excerpt};
