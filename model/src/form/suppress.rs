//! Small numbers of persons, and what would give them away.
//!
//! Whoever reads that a commune of 4,000 people had two cases of a disease may know which two. So small numbers are kept back
//! where people look; nought is none and stays. A small number that alone is missing from a sum that stands there is known
//! all the same, so more of its parts are kept back, the smallest first, until what is kept back of each sum could be divided
//! in many ways: there are at least two, and each of them might be as large as the first number that is shown. Where there
//! are no more parts, the sum itself is kept back.
//!
//! It is held against each sum by itself. Several sums over the same cells, each with few parts, may still say more together
//! than alone: that is a matter of which sums a page shows.

use rust_decimal::Decimal;

/// A sum that is shown beside its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmallNumbers {
    /// Its parts, by their place among the numbers.
    pub parts: Vec<usize>,
    /// The number among them that is this sum; none where it is a figure of its own.
    pub whole: Option<usize>,
}

/// Which numbers are kept back, and which sums. Numbers that are not known are none, and no part of a sum.
#[must_use]
pub fn suppressed(numbers: &[Option<Decimal>], sums: &[SmallNumbers], below: u32) -> (Vec<bool>, Vec<bool>) {
    let below = Decimal::from(below);
    let is_small = |number: &Option<Decimal>| number.is_some_and(|n| n > Decimal::ZERO && n < below);
    let mut hidden: Vec<bool> = numbers.iter().map(is_small).collect();
    let mut withheld = vec![false; sums.len()];
    let mut again = true;
    while again {
        again = false;
        for (sum, withheld) in sums.iter().zip(&mut withheld) {
            if !*withheld {
                again |= protect(numbers, sum, below, &mut hidden, withheld);
            }
        }
    }
    (hidden, withheld)
}

/// Keeps back what is needed of a sum, and says whether that was anything.
fn protect(
    numbers: &[Option<Decimal>],
    sum: &SmallNumbers,
    below: Decimal,
    hidden: &mut [bool],
    withheld: &mut bool,
) -> bool {
    let known = |at: &usize| numbers.get(*at).copied().flatten().filter(|number| *number > Decimal::ZERO);
    let mut changed = false;
    loop {
        if sum.whole.is_some_and(|whole| hidden.get(whole).copied().unwrap_or_default()) {
            return changed;
        }
        let kept: Vec<Decimal> = sum.parts.iter().filter(|at| hidden[**at]).filter_map(known).collect();
        // Each is 1 at least: what is above that could be anybody's.
        let (count, all) = (Decimal::from(kept.len()), kept.iter().copied().sum::<Decimal>());
        if kept.is_empty() || (kept.len() >= 2 && all - count >= below - Decimal::ONE) {
            return changed;
        }
        let open = sum.parts.iter().filter(|at| !hidden[**at]);
        let next = open.filter_map(|at| Some((known(at)?, *at))).min();
        match (next, sum.whole) {
            (Some((_, next)), _) => hidden[next] = true,
            (None, Some(whole)) => hidden[whole] = true,
            (None, None) => {
                *withheld = true;
                return true;
            }
        }
        changed = true;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(numbers: &[i64]) -> Vec<Option<Decimal>> {
        numbers.iter().map(|number| (*number >= 0).then(|| Decimal::from(*number))).collect()
    }

    fn all(count: usize) -> SmallNumbers {
        SmallNumbers { parts: (0..count).collect(), whole: None }
    }

    #[test]
    fn what_a_total_less_the_rest_would_say_is_kept_back_too() {
        // 3 alone would be 120 less the others: the smallest of those goes with it. Nought and what is not known stay.
        let numbers = of(&[3, 0, 40, 17, -1, 60]);
        let (hidden, withheld) = suppressed(&numbers, &[all(6)], 5);
        assert_eq!(hidden, [true, false, false, true, false, false]);
        assert_eq!(withheld, [false]);
        // Two of one each are known from their sum of two.
        let (hidden, _) = suppressed(&of(&[1, 1, 30, 9]), &[all(4)], 5);
        assert_eq!(hidden, [true, true, false, true]);
        // Where nothing else is there the sum goes.
        let (hidden, withheld) = suppressed(&of(&[3, 0]), &[all(2)], 5);
        assert_eq!((hidden, withheld), (vec![true, false], vec![true]));
        // Nothing is kept back where nothing is small.
        assert_eq!(suppressed(&of(&[5, 0, 9]), &[all(3)], 5), (vec![false; 3], vec![false]));
    }

    #[test]
    fn a_part_is_not_known_from_the_whole_beside_it() {
        // Whole, girls, boys of one place, and another place: the whole is a cell, and stands in the total of wholes.
        let numbers = of(&[12, 10, 2, 30]);
        let sums = [
            SmallNumbers { parts: vec![1, 2], whole: Some(0) },
            SmallNumbers { parts: vec![0, 3], whole: None },
        ];
        let (hidden, withheld) = suppressed(&numbers, &sums, 5);
        assert_eq!(hidden, [false, true, true, false]);
        assert_eq!(withheld, [false, false]);
        // One part alone is the whole, which then takes another one and so hides in the total.
        let sums = [
            SmallNumbers { parts: vec![2], whole: Some(0) },
            SmallNumbers { parts: vec![0, 3], whole: None },
        ];
        let (hidden, _) = suppressed(&of(&[2, -1, 2, 30]), &sums, 5);
        assert_eq!(hidden, [true, false, true, true]);
    }

    proptest! {
        #[test]
        fn no_small_number_is_shown_or_known_from_a_sum(
            numbers in proptest::collection::vec(-1i64..40, 1..30),
            cut in 1usize..29,
            below in 2u32..8,
        ) {
            let numbers = of(&numbers);
            let cut = cut.min(numbers.len());
            let sums = [
                all(numbers.len()),
                SmallNumbers { parts: (0..cut).collect(), whole: None },
                SmallNumbers { parts: (cut..numbers.len()).collect(), whole: None },
            ];
            let (hidden, withheld) = suppressed(&numbers, &sums, below);
            for (number, hidden) in numbers.iter().zip(&hidden) {
                let small = number.is_some_and(|n| n > Decimal::ZERO && n < Decimal::from(below));
                prop_assert!(*hidden || !small);
                prop_assert!(!*hidden || number.is_some_and(|n| n > Decimal::ZERO));
            }
            for (sum, withheld) in sums.iter().zip(withheld) {
                let kept: Vec<Decimal> = sum.parts.iter().filter(|at| hidden[**at]).filter_map(|at| numbers[*at]).collect();
                let most = kept.iter().sum::<Decimal>() - Decimal::from(kept.len()) + Decimal::ONE;
                prop_assert!(withheld || kept.is_empty() || (kept.len() >= 2 && most >= Decimal::from(below)));
            }
        }
    }
}
