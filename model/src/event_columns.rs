//! What of an event stands in which column of a table: what a console exports has the columns that its maker chose.

use std::collections::BTreeMap;

use crate::event::{Decided, EventKind, Severity};

/// What of an event a column can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventField {
    /// When it happened.
    Time,
    /// The machine it is of.
    Host,
    /// The address it came from.
    Source,
    /// The port it came from.
    SourcePort,
    /// The address it went to.
    Target,
    /// The port it went to.
    TargetPort,
    /// Its protocol.
    Protocol,
    /// Whose account it is about.
    User,
    /// What it is a case of.
    Category,
    /// The rule or the name of what was found.
    Signature,
    /// The number of that.
    SignatureId,
    /// How bad it is.
    Severity,
    /// What was decided about it.
    Decided,
    /// How many times it happened.
    Events,
    /// What is said of it.
    Message,
}

impl EventField {
    /// All of them.
    pub const ALL: [EventField; 15] = [
        EventField::Time,
        EventField::Host,
        EventField::Source,
        EventField::SourcePort,
        EventField::Target,
        EventField::TargetPort,
        EventField::Protocol,
        EventField::User,
        EventField::Category,
        EventField::Signature,
        EventField::SignatureId,
        EventField::Severity,
        EventField::Decided,
        EventField::Events,
        EventField::Message,
    ];

    /// The word used in packs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            EventField::Time => "time",
            EventField::Host => "host",
            EventField::Source => "source",
            EventField::SourcePort => "source_port",
            EventField::Target => "target",
            EventField::TargetPort => "target_port",
            EventField::Protocol => "protocol",
            EventField::User => "user",
            EventField::Category => "category",
            EventField::Signature => "signature",
            EventField::SignatureId => "signature_id",
            EventField::Severity => "severity",
            EventField::Decided => "decided",
            EventField::Events => "events",
            EventField::Message => "message",
        }
    }
}

/// How the lines of a table become events. Names of columns, and the words in them, are compared without case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventColumns {
    /// What kind of thing each line tells of.
    pub kind: EventKind,
    /// Who reports, as if each line named it; empty for who sends.
    pub log_source: String,
    /// Whose words and numbers these are: vendor and product, by which a scale of their own is found.
    pub product: (String, String),
    /// How a time is written, in the letters of `strftime`; empty for the forms of ISO 8601.
    pub time_format: String,
    /// How bad a line is that says nothing of it, or nothing that is known.
    pub severity: Severity,
    /// What the product's words of severity mean.
    pub severities: BTreeMap<String, Severity>,
    /// What its words of what was done mean.
    pub decided: BTreeMap<String, Decided>,
    /// What stands where, by the column's name.
    pub columns: BTreeMap<EventField, String>,
    /// The columns that together with the time make a line the one it is, wherever it is exported again. Of none, a line
    /// is known by its place in its file.
    pub id: Vec<String>,
}

impl EventColumns {
    /// The names of all columns that must be there.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.values().chain(&self.id).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_listed_in_their_order() {
        assert!((0..).zip(EventField::ALL).all(|(at, field)| field as usize == at));
    }
}
