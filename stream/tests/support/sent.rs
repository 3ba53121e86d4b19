//! Rows of one series as two feeds send them: in disorder, again, and of a day that is out of memory.

use ioc_model::{
    contract::{Contract, Subjects},
    pack::Pack,
    time::Millis,
    window::WindowKind,
};
use ioc_testing::feed;
use proptest::prelude::*;

use super::{derived, pack::indicator};

/// A station of one indicator, by two feeds.
pub fn pack() -> Pack {
    let contract =
        || Contract { subjects: Subjects::Any, lateness: Millis::minutes(10), ..Contract::default() };
    let feeds = vec![feed("air", contract()), feed("files", contract())];
    let windows = [WindowKind::Hour, WindowKind::Day];
    super::pack::pack("test", derived::station("S0"), vec![indicator("pm25", &windows)], feeds)
}

#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// Old moments lie on a day that is out of memory.
    pub old: bool,
    pub moment: u8,
    pub value: u8,
    /// It arrived so long before its turn: a file that was left lying, a reject that is read again.
    pub earlier: u8,
    /// By the feed of files.
    pub file: bool,
}

/// One of so many and one more is old.
pub fn sent(recent: u32) -> impl Strategy<Value = Sent> {
    let old = prop_oneof![recent => Just(false), 1 => Just(true)];
    let earlier = prop_oneof![2 => Just(0u8), 1 => 0u8..60];
    (old, 0u8..3, 0u8..3, earlier, any::<bool>()).prop_map(|(old, moment, value, earlier, file)| Sent {
        old,
        moment,
        value,
        earlier,
        file,
    })
}
