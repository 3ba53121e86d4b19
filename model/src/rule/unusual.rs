//! What a rule asks of an hour that stands outside its usual band.
//!
//! The band is what its like were ([`crate::usual`]): of eight hours that are alike one more is above all of them every
//! ninth time, by chance alone. So a rule says how far outside of it an hour must lie, in multiples of the band's end,
//! and how many there must be for that to say anything: three instead of one are not three times as bad.

use crate::{rule::Bound, usual::Usual};

/// An hour against its usual band.
#[derive(Clone, Debug, PartialEq)]
pub struct Unusual {
    /// What is counted: a measure over events.
    pub measure: String,
    /// Which multiples of the band's upper end, or of its lower one: above 1 at least, below 1 at most.
    pub side: Bound,
    /// So many are never too many; and where fewer than so many are usual, none are too few.
    pub least: f64,
}

impl Unusual {
    /// What an hour of a band is held against, as a count; none where the hour cannot tell, because hardly anything is
    /// usual: it neither raises nor clears.
    #[must_use]
    pub fn bound(&self, usual: &Usual) -> Option<Bound> {
        match self.side {
            Bound::Above { raise, clear } => Some(Bound::Above {
                raise: (raise * usual.high).max(self.least),
                clear: (clear * usual.high).max(self.least),
            }),
            Bound::Below { .. } if usual.low < self.least => None,
            Bound::Below { raise, clear } => {
                Some(Bound::Below { raise: raise * usual.low, clear: clear * usual.low })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usual(low: f64, high: f64) -> Usual {
        Usual { low, middle: low, high, hours: 8 }
    }

    fn of(side: Bound) -> Unusual {
        Unusual { measure: "ids_alerts".to_owned(), side, least: 20.0 }
    }

    #[test]
    fn too_many_are_a_multiple_of_the_most_and_never_less_than_so_many() {
        let rule = of(Bound::Above { raise: 3.0, clear: 1.0 });
        assert_eq!(rule.bound(&usual(10.0, 50.0)), Some(Bound::Above { raise: 150.0, clear: 50.0 }));
        assert_eq!(rule.bound(&usual(0.0, 8.0)), Some(Bound::Above { raise: 24.0, clear: 20.0 }));
        assert_eq!(rule.bound(&usual(0.0, 0.0)), Some(Bound::Above { raise: 20.0, clear: 20.0 }));
    }

    #[test]
    fn silent_too_few_are_a_part_of_the_least_and_where_hardly_any_are_usual_nothing_is_said() {
        let rule = of(Bound::Below { raise: 0.5, clear: 1.0 });
        assert_eq!(rule.bound(&usual(20.0, 50.0)), Some(Bound::Below { raise: 10.0, clear: 20.0 }));
        assert_eq!(rule.bound(&usual(19.0, 50.0)), None);
    }
}
