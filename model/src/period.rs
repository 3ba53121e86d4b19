//! Report periods. An administrative month is not a calendar month (Decree 09/2019/NĐ-CP closes it on the 14th),
//! so a period states its own bounds.

use serde::{Deserialize, Serialize};

use crate::place::Date;

/// What kind of period a figure is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeriodKind {
    /// A day.
    Day,
    /// A week.
    Week,
    /// A month.
    Month,
    /// A quarter.
    Quarter,
    /// Half a year.
    HalfYear,
    /// A year.
    Year,
    /// A school year, September to May.
    SchoolYear,
}

/// A period with its own bounds, both days included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Period {
    /// Its kind.
    pub kind: PeriodKind,
    /// First day.
    pub start: Date,
    /// Last day.
    pub end: Date,
}
