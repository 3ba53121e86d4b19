//! How FHIR says what a form has: a MeasureReport (HL7 FHIR R4, R5) of the type `summary`.
//!
//! A measure has groups, a group has populations with a count each, and stratifiers break a group down into strata with
//! populations of their own.

use std::collections::BTreeMap;

use super::Mapped;

/// What a form is in FHIR.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fhir {
    /// Measures whose reports are of this form: canonical addresses without their version.
    pub measures: Vec<String>,
    /// By `group/population` (codes of both), or `population` alone where the group has no code; the score of a group is
    /// its population `measure-score`.
    pub populations: BTreeMap<String, Mapped>,
    /// Columns of the form by the codes of stratifiers and of their components.
    pub stratifiers: BTreeMap<String, String>,
    /// By column, codes that are not the form's own: the members they mean.
    pub codes: BTreeMap<String, BTreeMap<String, String>>,
    /// Codes of places by reference (`Location/tan-bien`) or identifier. What is not among them is the code itself.
    pub places: BTreeMap<String, String>,
}
