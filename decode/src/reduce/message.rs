//! How a reduced message is written.

use ioc_model::form::Finding;
use serde::{Deserialize, Serialize};

use crate::{grid::Workbook, said::Said};

/// What is left of a message, as JSON on the log: `{"bytes":…,"mark":…,"table":{…}}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reduced {
    /// How many bytes came.
    pub(crate) bytes: u64,
    /// What they are known by.
    pub(crate) mark: String,
    #[serde(flatten)]
    pub(crate) says: Says,
}

/// What it says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Says {
    /// A table.
    Table {
        /// The form that it is of, if it was found.
        form: Option<String>,
        workbook: Workbook,
    },
    /// Cells.
    Cells { form: String, said: Said },
    /// Nothing that could be read: why.
    Unread(Vec<Finding>),
}

impl Reduced {
    pub(crate) fn to_json(&self) -> Vec<u8> {
        // Its maps have texts for keys, and writing to memory does not fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// None where the bytes are none of ours.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Reduced> {
        serde_json::from_slice(bytes).ok()
    }
}
