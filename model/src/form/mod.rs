//! Forms: what an agency reports, and what may be said in it.
//!
//! A statistic is not a sensor's reading. It comes in a message that is one whole, late, revised and with mistakes; it is
//! about a place, a period and perhaps a part (an age group, a sector), it may say that there is no value and why, and it
//! is somebody's: the agency that owns a cell says what is in it. What a message says is a [`Report`] of [`Cell`]s; what
//! is found in it on the way is told as [`Finding`]s that a clerk can act on.

mod asked;
mod contract;
mod dhis2;
mod fhir;
mod finding;
mod mapped;
mod owed;
mod period;
mod period_words;
mod report;
mod restated;
mod scope;
mod sdmx;
mod suppress;
mod target;
mod template;

pub use self::{
    asked::{CellFilter, InvalidReceiptCursor, ReceiptCursor, ReceiptFilter},
    contract::{
        AgainstBefore, Agency, Before, Check, Column, CountedRows, Form, FormIndicator, Meaning, Member,
        Owner, PlaceScope, Relation, Role, Term,
    },
    dhis2::{Dhis2, Dhis2Combinations},
    fhir::Fhir,
    finding::{Finding, Rule, Weight},
    mapped::Mapped,
    owed::{
        BY_URGENCY, InvalidObligation, InvalidObligationCursor, OPEN, ObligationCursor, ObligationFilter,
        ObligationKey, ObligationScore, ObligationSum, OwedPeriod, Owing,
    },
    period::{Period, PeriodKind},
    period_words::ENGLISH_MONTHS,
    report::{Absent, Cell, CellKey, Mark, Owners, Report, Rest, Value, Vintage, Whole},
    restated::{Restated, Said, ratio, restate},
    sdmx::{Of, Sdmx, SdmxUnit},
    suppress::{SmallNumber, Tie, Tied, gives_away, suppressed},
    target::{Over, Sense, Target},
    template::{HeadReads, HeadRule, HeadValues, LabelReads, LabelRule, Relative, SheetTemplate},
};
pub use crate::place::by_code::PlacesByCode;
