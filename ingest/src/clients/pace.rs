//! How many messages come in a minute.

const MINUTE: u64 = 60;

/// Messages of this minute and of the one before.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    minute: u64,
    now: u64,
    before: u64,
}

impl Pace {
    pub(super) fn count(&mut self, seconds: u64, messages: u64) {
        self.turn(seconds);
        self.now += messages;
    }

    fn turn(&mut self, seconds: u64) {
        let minute = seconds / MINUTE;
        if minute != self.minute {
            self.before = if minute == self.minute + 1 { self.now } else { 0 };
            (self.minute, self.now) = (minute, 0);
        }
    }

    /// Of the last sixty seconds, as if the minute before had been even.
    pub(super) fn per_minute(mut self, seconds: u64) -> u64 {
        self.turn(seconds);
        self.now + self.before * (MINUTE - seconds % MINUTE) / MINUTE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_slides() {
        let mut pace = Pace::default();
        pace.count(59, 60);
        assert_eq!(pace.per_minute(59), 60);
        assert_eq!(pace.per_minute(90), 30);
        pace.count(90, 4);
        assert_eq!(pace.per_minute(90), 34);
        assert_eq!(pace.per_minute(240), 0);
    }
}
