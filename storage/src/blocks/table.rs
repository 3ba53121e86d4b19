//! The tables an epoch's rows go to.

/// One of them. Whoever must know all of them goes by [`Table::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Accepted rows.
    Observation,
    /// Minutes, hours and days.
    Window,
    /// Indices of hours and days.
    IndexValue,
    /// Means held against legal limits.
    Assessment,
    /// Changes of stations' states.
    StationState,
    /// What happened to alerts.
    Alert,
    /// Operators' actions.
    Action,
    /// Rejects.
    Reject,
    /// Counts by feed.
    FeedMinute,
}

impl Table {
    /// All of them, in the order in which an epoch is encoded.
    pub const ALL: [Table; 9] = [
        Table::Observation,
        Table::Window,
        Table::IndexValue,
        Table::Assessment,
        Table::StationState,
        Table::Alert,
        Table::Action,
        Table::Reject,
        Table::FeedMinute,
    ];

    /// Its name in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Table::Observation => "observation",
            Table::Window => "window",
            Table::IndexValue => "index_value",
            Table::Assessment => "assessment",
            Table::StationState => "station_state",
            Table::Alert => "alert",
            Table::Action => "action",
            Table::Reject => "reject",
            Table::FeedMinute => "feed_minute",
        }
    }

    /// The column whose month is the partition.
    #[must_use]
    pub fn time_column(self) -> &'static str {
        match self {
            Table::Observation => "event_time",
            Table::Window | Table::IndexValue | Table::Assessment => "start_time",
            Table::StationState => "since",
            Table::Alert => "at",
            Table::Action | Table::Reject => "received_at",
            Table::FeedMinute => "minute",
        }
    }
}
