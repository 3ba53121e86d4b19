//! What is reported in something that another standard names: a data element of DHIS2, a population of FHIR.

use std::collections::BTreeMap;

/// Which cells of a form it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapped {
    /// The indicator.
    pub indicator: String,
    /// The columns of the form by which it is broken down; none where it is of the whole.
    pub by: Vec<String>,
    /// The part that it is itself: member by column.
    pub of: BTreeMap<String, String>,
}
