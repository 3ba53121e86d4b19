//! How DHIS2 says what a form has.
//!
//! The key of a value there is data element, period, organisation unit, category option combination and attribute option
//! combination. Each of both combinations may be left out and then means "default", whose id differs between
//! installations, and several can be in use in one.

use std::collections::BTreeMap;

use super::Mapped;

/// What a form is in DHIS2. All identifiers are those of the messages, most often UIDs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dhis2 {
    /// Data sets whose messages are of this form; none where the data elements say enough.
    pub data_sets: Vec<String>,
    /// Data elements.
    pub elements: BTreeMap<String, Mapped>,
    /// Codes of places by organisation unit. What is not among them is the code itself.
    pub org_units: BTreeMap<String, String>,
    /// Combinations that mean "default".
    pub defaults: Vec<String>,
    /// Category option combinations.
    pub category: Dhis2Combinations,
    /// Attribute option combinations.
    pub attribute: Dhis2Combinations,
}

/// What combinations of one kind mean: members by column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dhis2Combinations {
    /// Those that have an identifier of their own.
    pub of: BTreeMap<String, BTreeMap<String, String>>,
    /// The default, for elements that are broken down by its columns.
    pub default: BTreeMap<String, String>,
}
