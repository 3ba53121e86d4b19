//! The mapping of a feed whose messages no format of ours is: a program of the pack that says what they mean.

use std::sync::Arc;

/// What a feed's messages are made rows by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedBy {
    /// The file of the pack that it stands in: `mappings/weather.jq`.
    pub file: String,
    /// The program, in jq.
    pub text: Arc<str>,
    /// Whether the first line of a table names its columns.
    pub header: bool,
    /// What stands between columns; none for what the first line has most of.
    pub separator: Option<u8>,
    /// Whether what it makes are events, not measured rows.
    pub events: bool,
}

impl MappedBy {
    /// For trials of a format without a feed: each object of a message is a row already.
    #[must_use]
    pub fn as_it_is() -> MappedBy {
        let text = "if type == \"array\" then .[] else . end".into();
        MappedBy { file: String::new(), text, header: true, separator: None, events: false }
    }
}
