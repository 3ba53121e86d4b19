//! How many rows messages had.
//!
//! A duplicate leaves no row in any table: how many of a message's rows were duplicates is what is left of its rows when
//! the stored, rejected and held ones are taken away. Messages of a sender mostly have equally many rows, so neighbours
//! share an entry: what an epoch says here is small beside what it read.

use crate::position::Position;

/// Neighbouring messages of a chunk that were read alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MessagesRead {
    /// Where the first one lies.
    pub first: Position,
    /// How many there are, one behind the other.
    pub messages: u32,
    /// How many rows each had, bad ones among them; none where it could not be read at all.
    pub rows: Option<u32>,
}

impl MessagesRead {
    /// Adds the message behind them if it was read like them; false if it is another entry's.
    #[must_use]
    pub fn goes_on(&mut self, position: Position, rows: Option<u32>) -> bool {
        let goes_on = self.rows == rows && self.holds(position, self.messages.saturating_add(1));
        self.messages += u32::from(goes_on);
        goes_on
    }

    /// The rows of a message: none where it is not one of these.
    #[must_use]
    pub fn rows_at(&self, position: Position) -> Option<Option<u32>> {
        self.holds(position, self.messages).then_some(self.rows)
    }

    fn holds(&self, Position { log, partition, offset }: Position, messages: u32) -> bool {
        let Position { log: of_log, partition: of_partition, offset: first } = self.first;
        let behind = offset.0.checked_sub(first.0);
        (log, partition) == (of_log, of_partition)
            && behind.is_some_and(|behind| behind < u64::from(messages))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position::{LogNumber, Offset, Partition};

    fn at(partition: u16, offset: u64) -> Position {
        Position { log: LogNumber(1), partition: Partition(partition), offset: Offset(offset) }
    }

    #[test]
    fn neighbours_that_were_read_alike_share_an_entry_and_others_do_not() {
        let mut read = MessagesRead { first: at(0, 7), messages: 1, rows: Some(1) };
        assert!(read.goes_on(at(0, 8), Some(1)));
        for (position, rows) in
            [(at(0, 10), Some(1)), (at(0, 9), None), (at(0, 9), Some(2)), (at(1, 9), Some(1))]
        {
            assert!(!read.goes_on(position, rows), "{position} {rows:?}");
        }
        assert_eq!(
            [6, 7, 8, 9].map(|offset| read.rows_at(at(0, offset))),
            [None, Some(Some(1)), Some(Some(1)), None]
        );
        assert_eq!(read.rows_at(at(1, 7)), None);
    }
}
