//! A JSON record that is looked at once, with those of the records within it of which something is kept.
//!
//! A device writes its records with the same few lines of program: what stands between two values (a comma, blanks, the
//! next key) is nearly always what stood there in a record before. So each such piece that was met is remembered as a
//! [`Step`] with the steps that came behind it, and the next piece is compared with those, sixteen bytes at once, before
//! it is read key by key. Unlike a [shape](super::json_shape) this holds also where records differ in which keys they
//! have. A step was learned by reading it: this can be quicker, never different.

use std::hash::Hash;

use rustc_hash::FxHashMap;

use super::{
    json_flat::blanks,
    json_pairs::Pairs,
    json_plain::Plain,
    json_shape::{WORD, Word},
    json_text,
};

/// So many steps are remembered; then all are forgotten.
const MOST_STEPS: usize = 512;
/// So many steps are known to come behind another.
const AHEAD: usize = 4;
/// So many objects may lie within the outermost one.
const WITHIN: usize = json_text::DEEPEST - 1;
/// Where the outermost object begins.
const BEGINNING: Ahead = Ahead { step: 0, within: true };

/// Looks at values that are passed; of an object within that is looked into, at those in it before itself.
pub(super) trait Look<'a> {
    /// An object that is looked into.
    type Place: Copy + Eq + Hash;
    /// A pair that is looked at.
    type Pair: Copy;

    /// Which pair of an object a key begins, and, should its value be an object, whether that is looked into.
    fn find(place: Self::Place, key: &str) -> Option<(Self::Pair, Option<Self::Place>)>;

    /// The raw text of its value.
    fn value(&mut self, pair: Self::Pair, raw: &'a str);
}

/// Looks at an object, which is all of a text; none if it is not plainly one, and then what was looked at counts for
/// nothing.
pub(super) fn walk<'a, L: Look<'a>>(
    text: &'a str,
    place: L::Place,
    steps: &mut Steps<L::Place, L::Pair>,
    look: &mut L,
) -> Option<()> {
    let plain = Plain::of(text)?;
    steps.make_room();
    let end = Walk { plain, steps, look }.object(0, place, Some(BEGINNING), WITHIN)?;
    (end == text.len()).then_some(())
}

/// As [`walk`], by the parser, of any object that [nests no deeper](json_text::is_shallow) than may be. Of an object
/// within it whose keys the parser cannot read nothing is told.
pub(super) fn parse<'a, L: Look<'a>>(text: &'a str, place: L::Place, look: &mut L) -> Option<()> {
    for (key, raw) in Pairs::of(text)?.iter() {
        let Some((pair, within)) = L::find(place, key) else { continue };
        if let Some(within) = within.filter(|_| raw.starts_with('{')) {
            let _ = parse(raw, within, look);
        }
        look.value(pair, raw);
    }
    Some(())
}

/// The steps that one decoding thread has met.
#[derive(Debug)]
pub(crate) struct Steps<P, K> {
    /// The first stands for the beginning.
    steps: Vec<Step<P, K>>,
    /// By the object they are in and their bytes.
    numbers: FxHashMap<(P, [u128; 2], usize), u16>,
}

/// What stands between the end of a value, or where an object begins, and the next value.
#[derive(Clone, Copy, Debug)]
struct Step<P, K> {
    bytes: [Word; 2],
    length: usize,
    found: Option<(K, Option<P>)>,
    /// The steps behind its value that were met last, and those at the beginning of it, should it be an object.
    behind: [u16; AHEAD],
    within: [u16; AHEAD],
}

/// Where steps are known to begin.
#[derive(Clone, Copy, Debug)]
struct Ahead {
    step: u16,
    within: bool,
}

/// What comes next in an object.
enum Next<P, K> {
    Pair {
        found: Option<(K, Option<P>)>,
        begin: usize,
        step: Option<u16>,
    },
    /// Nothing; what stands behind it.
    End(usize),
}

impl<P, K> Default for Steps<P, K> {
    fn default() -> Steps<P, K> {
        Steps { steps: Vec::new(), numbers: FxHashMap::default() }
    }
}

impl<P: Copy + Eq + Hash, K: Copy> Steps<P, K> {
    fn make_room(&mut self) {
        if self.steps.len() >= MOST_STEPS {
            self.steps.clear();
            self.numbers.clear();
        }
        if self.steps.is_empty() {
            self.steps.push(Step::of(&[], None));
        }
    }

    /// The step that stands at a place, if it is known there.
    #[inline]
    fn known(&self, ahead: Ahead, bytes: &[u8], at: usize) -> Option<(u16, &Step<P, K>)> {
        let before = self.steps.get(usize::from(ahead.step))?;
        let numbers = if ahead.within { &before.within } else { &before.behind };
        // Where there is none, the first stands for it, which stands nowhere in a text.
        let numbers = numbers.iter().take_while(|number| **number != 0);
        let mut steps = numbers.filter_map(|number| Some((*number, self.steps.get(usize::from(*number))?)));
        steps.find(|(_, step)| step.stands_at(bytes, at))
    }

    /// Remembers what was read. None if it is too long or there is no room.
    fn learn(
        &mut self,
        ahead: Ahead,
        place: P,
        between: &[u8],
        found: Option<(K, Option<P>)>,
    ) -> Option<u16> {
        if between.len() > 2 * WORD {
            return None;
        }
        let step = Step::of(between, found);
        let key = (place, step.bytes.map(|word| word.bytes), between.len());
        let number = match self.numbers.get(&key) {
            Some(number) => *number,
            None if self.steps.len() >= MOST_STEPS => return None,
            None => {
                let number = u16::try_from(self.steps.len()).ok()?;
                self.steps.push(step);
                let _ = self.numbers.insert(key, number);
                number
            }
        };
        let before = self.steps.get_mut(usize::from(ahead.step))?;
        let numbers = if ahead.within { &mut before.within } else { &mut before.behind };
        numbers.rotate_right(1);
        numbers[0] = number;
        Some(number)
    }
}

impl<P, K> Step<P, K> {
    fn of(between: &[u8], found: Option<(K, Option<P>)>) -> Step<P, K> {
        let (first, second) = between.split_at(between.len().min(WORD));
        let bytes = [Word::of(first), Word::of(second)];
        Step { bytes, length: between.len(), found, behind: [0; AHEAD], within: [0; AHEAD] }
    }

    #[inline]
    fn stands_at(&self, bytes: &[u8], at: usize) -> bool {
        let [first, second] = &self.bytes;
        // More blanks than were met are another step.
        first.stands_at(bytes, at)
            && (self.length <= WORD || second.stands_at(bytes, at + WORD))
            && bytes.get(at + self.length).is_some_and(|byte| *byte != b' ')
    }
}

struct Walk<'a, 'l, L: Look<'a>> {
    plain: Plain<'a>,
    steps: &'l mut Steps<L::Place, L::Pair>,
    look: &'l mut L,
}

impl<'a, L: Look<'a>> Walk<'a, '_, L> {
    /// Behind an object that begins at a place, in which others lie so many deep at most.
    fn object(
        &mut self,
        start: usize,
        place: L::Place,
        mut ahead: Option<Ahead>,
        deepest: usize,
    ) -> Option<usize> {
        let plain = self.plain;
        let mut at = start;
        loop {
            let known = ahead.and_then(|ahead| self.steps.known(ahead, plain.bytes, at));
            let next = match known {
                Some((number, step)) => {
                    Next::Pair { found: step.found, begin: at + step.length, step: Some(number) }
                }
                None => self.read(ahead, place, at, at == start)?,
            };
            let (found, begin, step) = match next {
                Next::Pair { found, begin, step } => (found, begin, step),
                Next::End(end) => return Some(end),
            };
            let inner = found.and_then(|(_, inner)| inner);
            let end = match (plain.byte(begin)?, inner) {
                (b'"', _) => plain.string(begin)?,
                (b'{', Some(inner)) => {
                    let ahead = step.map(|step| Ahead { step, within: true });
                    self.object(begin, inner, ahead, deepest.checked_sub(1)?)?
                }
                _ => plain.value(begin, deepest)?,
            };
            if let Some((pair, _)) = found {
                self.look.value(pair, plain.text.get(begin..end)?);
            }
            if plain.byte(end)? == b'}' {
                return Some(end + 1);
            }
            at = end;
            ahead = step.map(|step| Ahead { step, within: false });
        }
    }

    /// What comes behind a value or where an object begins, read key by key.
    #[inline(never)]
    fn read(
        &mut self,
        ahead: Option<Ahead>,
        place: L::Place,
        start: usize,
        is_first: bool,
    ) -> Option<Next<L::Place, L::Pair>> {
        let plain = self.plain;
        let at = if is_first { start } else { blanks(plain.bytes, start) };
        let behind = blanks(plain.bytes, at + 1);
        match plain.byte(at)? {
            b'{' if is_first && plain.byte(behind)? == b'}' => return Some(Next::End(behind + 1)),
            b'{' if is_first => {}
            b',' if !is_first => {}
            b'}' if !is_first => return Some(Next::End(at + 1)),
            _ => return None,
        }
        let (key, begin) = plain.key(behind)?;
        let found = L::find(place, plain.text.get(key)?);
        let step = ahead.and_then(|ahead| self.steps.learn(ahead, place, &plain.bytes[start..begin], found));
        Some(Next::Pair { found, begin, step })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Looks at `a`, `b` and `c`, and into each `a`.
    #[derive(Debug, Default, PartialEq)]
    struct Seen(Vec<(char, String)>);

    impl<'a> Look<'a> for Seen {
        type Place = usize;
        type Pair = char;

        fn find(place: usize, key: &str) -> Option<(char, Option<usize>)> {
            match key {
                "a" => Some(('a', Some(place + 1))),
                "b" | "c" => Some((if place == 0 { key } else { "d" }.chars().next()?, None)),
                _ => None,
            }
        }

        fn value(&mut self, pair: char, raw: &'a str) {
            self.0.push((pair, raw.to_owned()));
        }
    }

    fn walked(text: &str, steps: &mut Steps<usize, char>) -> Option<Seen> {
        let mut seen = Seen::default();
        walk(text, 0, steps, &mut seen).map(|()| seen)
    }

    fn parsed(text: &str) -> Option<Seen> {
        let mut seen = Seen::default();
        parse(text, 0, &mut seen).map(|()| seen)
    }

    #[test]
    fn a_record_is_read_the_same_whatever_was_met_before() {
        let mut steps = Steps::default();
        let texts = [
            r#"{"a":{"b":1,"x":{"b":2}},"b":"\"}","c":[{"b":3}]}"#,
            r#"{"b":"x","a":{"c":null},"c":""}"#,
            r#"{"a":{},"b":"\/"}"#,
            r#"{"a":7, "b": "x" ,"c":{ }}"#,
            r#"{"a":7,  "b":  "x","c":{"b":1}}"#,
            "{}",
        ];
        for _ in 0..2 {
            for text in texts {
                assert_eq!(walked(text, &mut steps), parsed(text), "{text}");
                assert!(walked(text, &mut steps).is_some(), "{text}");
            }
        }
        let met = steps.steps.len();
        for text in texts {
            let _ = walked(text, &mut steps);
        }
        assert_eq!(steps.steps.len(), met, "nothing is learned twice");
        for no_object in [
            "",
            "{",
            r#"{"b":"x""#,
            r#"{"b":"x","#,
            r#"{,"b":1}"#,
            r#"{"b":1"a":2}"#,
            r#"{"a":{"b":1}"#,
            "{}}",
        ] {
            assert_eq!(walked(no_object, &mut steps), None, "{no_object}");
        }
    }

    #[test]
    fn bound_of_more_steps_than_are_remembered_all_are_forgotten() {
        let mut steps = Steps::default();
        for number in 0..10 * MOST_STEPS {
            let text = format!(r#"{{"{number}":1,"b":{number}}}"#);
            assert_eq!(walked(&text, &mut steps), Some(Seen(vec![('b', number.to_string())])));
            assert!(steps.steps.len() <= MOST_STEPS && steps.numbers.len() <= MOST_STEPS);
        }
        let pairs: Vec<String> =
            (0..2 * MOST_STEPS).map(|number| format!(r#""{number}":{number}"#)).collect();
        let text = format!("{{{}}}", pairs.join(","));
        assert!(walked(&text, &mut steps).is_some() && steps.steps.len() <= MOST_STEPS);
    }

    proptest! {
        #[test]
        fn a_walk_finds_what_the_parser_finds(texts in prop::collection::vec(
            prop::collection::vec(prop::sample::select(vec![
                "{\"a\":", "{", "}", "}", "[", "]", ",", ", ", "\"a\":", "\"b\":", "\"b\": ", ",\"c\":\"", "\"", "\\n", "\\", "\\\"", "\\u00e1",
                "\\u00", "1", "01", "null", " ", "\n", "\t", "ế", "\"\\u0061\":1,", "{\"b\":1}", "\"a\":{\"b\":\"x\"},",
            ]), 0..10), 1..6)) {
            let mut steps = Steps::default();
            for pieces in texts {
                let text = format!("{{\"b\":0,{}}}", pieces.concat());
                for text in [text.as_str(), &pieces.concat()] {
                    let first = walked(text, &mut Steps::default());
                    prop_assert_eq!(&walked(text, &mut steps), &first, "{}", text);
                    if first.is_some() {
                        prop_assert_eq!(first, parsed(text), "{}", text);
                    }
                }
            }
        }
    }
}
