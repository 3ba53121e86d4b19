//! How SDMX says what a form has: which of its dimensions are place, indicator and parts, and what its units are.

use std::collections::BTreeMap;

/// What a form is in SDMX.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sdmx {
    /// The dataflow, data structure or provision agreement whose messages are of this form, whatever its version:
    /// `TN:NSNN`.
    pub structure: String,
    /// The dimension that says the place, or the place that all messages are about.
    pub area: Of,
    /// The dimension that says the indicator, or the indicator that all messages are about.
    pub indicator: Of,
    /// The dimension that says the period.
    pub time: String,
    /// The measure.
    pub measure: String,
    /// Dimensions that are columns of the form: which.
    pub dimensions: BTreeMap<String, String>,
    /// Dimensions that have one value in this form, such as `FREQ`.
    pub fixed: BTreeMap<String, String>,
    /// By component, codes that are not the form's own: what they mean.
    pub codes: BTreeMap<String, BTreeMap<String, String>>,
    /// What dimensions say where they are not broken down: `_T`.
    pub whole: Vec<String>,
    /// Attributes that are not read, beside those that any message may have.
    pub ignored: Vec<String>,
    /// By unit of the form, what it is in SDMX.
    pub units: BTreeMap<String, SdmxUnit>,
}

/// Where something is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Of {
    /// In that dimension.
    Dimension(String),
    /// Nowhere: it is always this.
    Always(String),
}

impl Default for Of {
    fn default() -> Of {
        Of::Always(String::new())
    }
}

/// A unit of a form, in SDMX.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SdmxUnit {
    /// `UNIT_MEASURE`.
    pub measure: String,
    /// The power of ten of it that the form's unit is: 9 of VND for a billion đồng.
    pub power: i32,
}
