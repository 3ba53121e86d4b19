//! Small numbers are not shown, and no tie says them.

use proptest::prelude::*;

use super::*;

fn of(numbers: &[i64]) -> Vec<SmallNumber> {
    numbers
        .iter()
        .map(|number| SmallNumber { number: Decimal::from(*number), below: 5, stands: true, turn: 0 })
        .collect()
}

fn sum(whole: usize, parts: impl IntoIterator<Item = usize>) -> Tied {
    Tied::Sum { whole, parts: parts.into_iter().collect() }
}

#[test]
fn what_a_total_less_the_rest_would_say_is_kept_back_too() {
    // 3 alone would be 120 less the others: one of those goes with it, whose turn it is.
    let mut numbers = of(&[3, 40, 17, 60, 120]);
    assert_eq!(suppressed(&numbers, &[sum(4, 0..4)]), [true, true, false, false, false]);
    numbers[1].turn = 1;
    assert_eq!(suppressed(&numbers, &[sum(4, 0..4)]), [true, false, true, false, false]);
    // Two of one each are known from their sum of two.
    assert_eq!(suppressed(&of(&[1, 1, 30, 9, 41]), &[sum(4, 0..4)]), [true, true, true, false, false]);
    // Where nothing else is there the sum goes.
    assert_eq!(suppressed(&of(&[3, 3]), &[sum(1, [0])]), [true, true]);
    assert_eq!(suppressed(&of(&[3, 3, 6]), &[sum(2, [0, 1])]), [true, true, false]);
    // Of seven, two below five are 3 and 4.
    assert_eq!(suppressed(&of(&[3, 4, 7]), &[sum(2, [0, 1])]), [true; 3]);
    assert_eq!(suppressed(&of(&[5, 4, 4, 13]), &[sum(3, 0..3)]), [true, true, true, false]);
    // Nothing is kept back where nothing is small.
    assert_eq!(suppressed(&of(&[5, 9, 14]), &[sum(2, [0, 1])]), [false; 3]);
}

#[test]
fn a_part_is_not_known_from_the_whole_beside_it() {
    // Whole, girls, boys of one place, another place, and the total of wholes.
    let numbers = of(&[12, 10, 2, 30, 42]);
    let hidden = suppressed(&numbers, &[sum(0, [1, 2]), sum(4, [0, 3])]);
    assert_eq!(hidden, [false, true, true, false, false]);
    // One part alone is the whole, which then takes another one and so hides in the total.
    let hidden = suppressed(&of(&[2, 2, 30, 32]), &[sum(0, [1]), sum(3, [0, 2])]);
    assert_eq!(hidden, [true, true, true, false]);
}

#[test]
fn of_a_sum_that_is_kept_back_not_every_part_is_shown() {
    // 3 takes 17 with it; 17 has parts of its own, and those would say it.
    let numbers = of(&[3, 17, 40, 60, 10, 7]);
    let hidden = suppressed(&numbers, &[sum(3, [0, 1, 2]), sum(1, [4, 5])]);
    assert_eq!(hidden, [true, true, false, false, true, false]);
    // Where parts are missing they do not say it.
    let hidden = suppressed(&of(&[3, 17, 40, 60, 10]), &[sum(3, [0, 1, 2]), sum(1, [4])]);
    assert_eq!(hidden, [true, true, false, false, false]);
}

#[test]
fn what_nobody_reports_is_a_small_number_like_any_other() {
    // Pupils, girls, and boys, who stand nowhere: 40 less 38 are two.
    let mut numbers = of(&[40, 38, 2]);
    numbers[2].stands = false;
    assert_eq!(suppressed(&numbers, &[sum(0, [1, 2])]), [false, true, true]);
    // Three girls of 40 are kept back, and 37 boys are known by nobody: nothing more is needed.
    let mut numbers = of(&[40, 3, 37]);
    numbers[2].stands = false;
    assert_eq!(suppressed(&numbers, &[sum(0, [1, 2])]), [false, true, true]);
}

#[test]
fn a_rate_is_kept_back_with_what_it_is_made_of_and_persons_are_not_known_from_it() {
    let mut numbers = of(&[3, 400, 75]);
    (numbers[1].below, numbers[2].below) = (0, 0);
    let made = Tied::Made { made: 2, of: vec![0, 1] };
    assert_eq!(suppressed(&numbers, &[made]), [true, false, true]);
    let made = Tied::Made { made: 0, of: vec![1, 2] };
    assert_eq!(suppressed(&numbers, &[made]), [true, true, false]);
}

#[test]
fn what_a_form_declares_ties_its_indicators() {
    let term = |text: &str| -> Term {
        let of = |id: &str| Box::new(Term::Indicator(id.trim().to_owned()));
        let mut parts = text.split('+');
        let first = *of(parts.next().unwrap());
        parts.fold(first, |sum, part| Term::Sum(Box::new(sum), of(part)))
    };
    let is = |small: &Term, large: &Term| {
        linear(small, large).map(|Linear { whole, parts, is_larger }| (whole, parts.join(" "), is_larger))
    };
    let said = |whole: &str, parts: &str, is_larger| Some((whole.to_owned(), parts.to_owned(), is_larger));
    assert_eq!(is(&term("all"), &term("girls + boys")), said("all", "boys girls", false));
    assert_eq!(is(&term("girls"), &term("all")), said("all", "girls", true));
    assert_eq!(is(&term("online + by_post"), &term("all")), said("all", "by_post online", true));
    let less = Term::Difference(Box::new(term("all")), Box::new(term("girls")));
    assert_eq!(is(&less, &term("boys")), said("all", "boys girls", false));
    let product = Term::Product(Box::new(term("a")), Box::new(Term::Number(Decimal::TWO)));
    assert_eq!((is(&product, &term("b")), is(&term("a + b"), &term("c + d"))), (None, None));
    assert_eq!(made(&product, &term("b")), Some(Tie::Made("b".to_owned(), vec!["a".to_owned()])));
}

/// What a reader sees: each number, or that there is one.
type Picture = Vec<Option<Decimal>>;

/// By what is seen of some parts below a bound and their whole, all that those parts may be.
fn pictures(places: usize, below: u32, most: i64) -> BTreeMap<Picture, Vec<Vec<i64>>> {
    let mut pictures: BTreeMap<Picture, Vec<Vec<i64>>> = BTreeMap::new();
    for number in 0..most.pow(u32::try_from(places).unwrap()) {
        let parts: Vec<i64> =
            (0..places).map(|at| number / most.pow(u32::try_from(at).unwrap()) % most + 1).collect();
        let all: Vec<i64> = parts.iter().copied().chain([parts.iter().sum()]).collect();
        let mut numbers = of(&all);
        numbers.iter_mut().for_each(|number| number.below = below);
        let hidden = suppressed(&numbers, &[sum(places, 0..places)]);
        let seen = numbers.iter().zip(&hidden).map(|(of, hidden)| (!hidden).then_some(of.number));
        pictures.entry(seen.collect()).or_default().push(parts);
    }
    pictures
}

#[test]
fn whoever_knows_the_rule_and_sees_the_rest_does_not_know_a_small_number() {
    for (places, below, most) in [(2, 5, 16), (3, 5, 14), (4, 5, 11), (3, 4, 14), (3, 3, 14), (2, 10, 30)] {
        for (picture, inputs) in pictures(places, below, most) {
            // What lies near the end of what is gone through may have others behind it.
            for parts in
                inputs.iter().filter(|parts| parts.iter().all(|part| *part <= most - i64::from(below)))
            {
                for (at, part) in parts.iter().enumerate().filter(|(_, part)| **part < i64::from(below)) {
                    assert!(picture[at].is_none(), "{parts:?}");
                    let other = inputs.iter().any(|other| other[at] != *part);
                    assert!(other, "{part} of {parts:?} is known from {picture:?}");
                    // Nor is it known that these are the numbers, in whatever order.
                    let sorted = |parts: &Vec<i64>| {
                        let mut sorted = parts.clone();
                        sorted.sort_unstable();
                        sorted
                    };
                    let all: BTreeSet<Vec<i64>> = inputs.iter().map(sorted).collect();
                    assert!(all.len() > 1, "{parts:?} is all that {picture:?} may be");
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn no_small_number_is_shown_or_known_from_a_sum(
        parts in proptest::collection::vec((1i64..40, 1i64..40), 1..20),
    ) {
        // Two parts and their whole in each place, and the total of each over all places.
        let mut numbers: Vec<i64> = Vec::new();
        let mut ties = Vec::new();
        for (a, b) in &parts {
            let at = numbers.len();
            numbers.extend([*a, *b, a + b]);
            ties.push(sum(at + 2, [at, at + 1]));
        }
        let places = parts.len();
        for which in 0..3 {
            let of_all: Vec<usize> = (0..places).map(|place| 3 * place + which).collect();
            ties.push(sum(numbers.len(), of_all.clone()));
            numbers.push(of_all.iter().map(|at| numbers[*at]).sum());
        }
        ties.push(sum(numbers.len() - 1, [numbers.len() - 3, numbers.len() - 2]));
        let numbers = of(&numbers);
        let hidden = suppressed(&numbers, &ties);
        for (number, hidden) in numbers.iter().zip(&hidden) {
            prop_assert!(*hidden || number.number >= Decimal::from(5));
        }
        for tied in &ties {
            let Tied::Sum { whole, parts } = tied else { continue };
            let kept: Vec<Decimal> =
                parts.iter().filter(|at| hidden[**at]).map(|at| numbers[*at].number).collect();
            match hidden[*whole] {
                true => prop_assert!(!kept.is_empty()),
                false => prop_assert!(!gives_away(&kept, 5)),
            }
        }
    }
}
