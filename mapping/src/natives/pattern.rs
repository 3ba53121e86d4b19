//! Regular expressions, by an engine whose time for one search grows with the text and never with its square.
//!
//! What a search costs is counted before it is made. How far it looks ahead is not said by the engine: a search for all
//! matches may look to the end of the text for each. So a second automaton, made of the same pattern, walks ahead of it
//! ([`Pattern::pay`]), pays for every byte it passes and for every state it makes, and stops where no match can become
//! longer. A pattern is bounded in its length and in what it compiles to, and pays for both once a run, whether this thread
//! has compiled it before or not; so many of them are compiled in one run, and no more.

use std::{cell::RefCell, collections::HashMap, fmt, rc::Rc};

use jaq_core::{
    Bind, Cv, RunPtr,
    native::{Filter, bome},
};
use regex::{Captures, Regex, RegexBuilder};
use regex_automata::{
    Input,
    hybrid::dfa::{Cache, DFA},
    nfa::thompson,
    util::syntax,
};

use super::Natives;
use crate::{
    meter::{self, Run},
    value::{Error, Map, Val},
};

const LONGEST: usize = 1_000;
const LARGEST: usize = 256 << 10;
const NESTED: u32 = 50;
/// Patterns that a thread keeps compiled, and that one run may have.
const KEPT: usize = 64;
/// Bytes of states that a walk ahead keeps; it makes them anew where it needs more.
const STATES: usize = 256 << 10;
/// So many bytes that a walk passes are a step; it pays in pieces.
const BYTES: usize = 16;
const PIECE: usize = 256;
const FLAGS: [char; 5] = ['g', 'i', 'n', 's', 'x'];

thread_local! {
    static COMPILED: RefCell<HashMap<Rc<Key>, Rc<Pattern>>> = RefCell::default();
    static OF_RUN: RefCell<OfRun> = RefCell::default();
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    pattern: String,
    flags: Flags,
}

/// The letters behind a pattern, by [`FLAGS`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Flags([bool; FLAGS.len()]);

impl Flags {
    fn read(text: &str) -> Result<Flags, Error> {
        let mut flags = Flags::default();
        for flag in text.chars() {
            let Some(at) = FLAGS.iter().position(|known| *known == flag) else {
                return Err(Error::str(format_args!("there is no flag '{flag}' (there are: g, i, n, s, x)")));
            };
            if std::mem::replace(&mut flags.0[at], true) {
                return Err(Error::str(format_args!("the flag '{flag}' is given twice")));
            }
        }
        Ok(flags)
    }

    fn has(self, flag: char) -> bool {
        FLAGS.iter().zip(self.0).any(|(known, is_there)| *known == flag && is_there)
    }
}

/// The patterns of one run, with how far each has come in making its states: what is paid must not depend on the runs before.
#[derive(Default)]
struct OfRun {
    run: u64,
    patterns: HashMap<Rc<Key>, (Rc<Pattern>, Cache)>,
}

struct Pattern {
    regex: Regex,
    ahead: DFA,
    /// How many states what it compiles to has.
    states: usize,
}

pub(super) fn all() -> Natives {
    let arguments = || Box::from([Bind::Var(()), Bind::Var(()), Bind::Var(())]);
    let natives: [Filter<RunPtr<Run>>; 2] = [
        ("all_matches", arguments(), |cv| bome(search(cv, false))),
        ("all_parts", arguments(), |cv| bome(search(cv, true))),
    ];
    natives.into()
}

/// The matches as jq says them; with what lies between them as texts, if it is asked for. Its arguments are the pattern, the
/// flags and whether all matches are asked for without a flag.
fn search(mut cv: Cv<'_, Run>, between: bool) -> Result<Val, Error> {
    let all = matches!(cv.0.pop_var(), Val::Bool(true));
    let flags = cv.0.pop_var();
    let pattern = cv.0.pop_var();
    let text = cv.1.as_text()?;
    let flags = if matches!(flags, Val::Null) { "" } else { flags.as_text()? };
    let (pattern, flags) = (pattern.as_text()?, Flags::read(flags)?);
    meter::steps(8 + pattern.len() / 16);
    OF_RUN.with_borrow_mut(|of_run| {
        let (pattern, cache) = of_run.pattern(pattern, flags)?;
        Ok(pattern.search(cache, text, (all || flags.has('g'), flags.has('n'), between)))
    })
}

impl OfRun {
    /// The pattern, compiled. It pays for that where this run has not asked for it before.
    fn pattern(&mut self, pattern: &str, flags: Flags) -> Result<(&Pattern, &mut Cache), Error> {
        if pattern.len() > LONGEST {
            return Err(Error::str(format_args!("a regular expression has at most {LONGEST} bytes")));
        }
        let run = meter::this_run();
        if self.run != run {
            *self = OfRun { run, patterns: HashMap::new() };
        }
        // Whether all matches are asked for, and what becomes of empty ones, is nothing of the pattern.
        let Flags([_, i, _, s, x]) = flags;
        let key = Rc::new(Key { pattern: pattern.to_owned(), flags: Flags([false, i, false, s, x]) });
        if !self.patterns.contains_key(&key) {
            if self.patterns.len() >= KEPT {
                return Err(Error::str(format_args!(
                    "one message has at most {KEPT} different regular expressions"
                )));
            }
            meter::steps(200 + 20 * pattern.len());
            let compiled = compiled(&key)?;
            let cache = compiled.ahead.create_cache();
            meter::steps(compiled.states / 8);
            let _ = self.patterns.insert(key.clone(), (compiled, cache));
        }
        match self.patterns.get_mut(&key) {
            Some((pattern, cache)) => Ok((pattern, cache)),
            None => unreachable!("it was put in"),
        }
    }
}

impl Pattern {
    fn search(&self, cache: &mut Cache, text: &str, (all, skips_empty, between): (bool, bool, bool)) -> Val {
        let mut found = Vec::new();
        let (mut from, mut last, mut at) = (0, 0, Place { byte: 0, character: 0 });
        let mut matches = self.regex.captures_iter(text);
        loop {
            self.pay(cache, text, from);
            let Some(captures) = matches.next() else { break };
            let Some(whole) = captures.get(0) else { continue };
            from = whole.end();
            // Its groups are looked for within it.
            meter::steps(1 + (whole.len() / 4) * (1 + self.states / 16));
            if skips_empty && whole.is_empty() {
                continue;
            }
            if between {
                found.push(Val::text(&text[last..whole.start()]));
                last = whole.end();
            }
            found.push(said(&self.regex, &captures, text, &mut at));
            if !all {
                break;
            }
        }
        if between {
            found.push(Val::text(&text[last..]));
        }
        Val::array(found)
    }

    /// Pays for one search from there: for what it looks at until no match can become longer.
    fn pay(&self, cache: &mut Cache, text: &str, from: usize) {
        meter::steps(1);
        let bytes = &text.as_bytes()[from..];
        let input = Input::new(text).range(from..);
        let Ok(mut state) = self.ahead.start_state_forward(cache, &input) else {
            return self.pay_slow(bytes.len());
        };
        let mut held = cache.memory_usage();
        for (at, byte) in bytes.iter().enumerate() {
            let Ok(next) = self.ahead.next_state(cache, state, *byte) else {
                return self.pay_slow(bytes.len() - at);
            };
            let holds = cache.memory_usage();
            if holds != held {
                held = holds;
                meter::steps(1 + self.states / 16);
            }
            if next.is_dead() {
                return meter::steps(at % PIECE / BYTES);
            }
            // `\b` beside a letter that is not of ASCII.
            if next.is_quit() {
                return self.pay_slow(bytes.len() - at);
            }
            if (at + 1).is_multiple_of(PIECE) {
                meter::steps(PIECE / BYTES);
            }
            state = next;
        }
        meter::steps(bytes.len() % PIECE / BYTES);
    }

    /// Where there is no automaton to walk by, the engine goes through all that it may be in for each byte, and how far it
    /// looks is not known.
    fn pay_slow(&self, bytes: usize) {
        meter::steps((bytes / 4).saturating_mul(1 + self.states / 64));
    }
}

/// Where in a text one is, in bytes and in characters.
struct Place {
    byte: usize,
    character: usize,
}

fn said(regex: &Regex, captures: &Captures<'_>, text: &str, at: &mut Place) -> Val {
    let start = captures.get(0).map_or(0, |whole| whole.start());
    at.character += text[at.byte..start].chars().count();
    at.byte = start;
    let object = |members: Vec<(&str, Val)>| {
        Val::object(members.into_iter().map(|(key, value)| (Rc::from(key), value)).collect::<Map>())
    };
    let one = |found: Option<regex::Match<'_>>| {
        let Some(found) = found else {
            return vec![("offset", Val::int(-1)), ("length", Val::int(0)), ("string", Val::Null)];
        };
        let offset = at.character + text[start..found.start()].chars().count();
        let length = found.as_str().chars().count();
        meter::steps(1 + (found.end() - start) / 16);
        vec![
            ("offset", Val::count(offset)),
            ("length", Val::count(length)),
            ("string", Val::text(found.as_str())),
        ]
    };
    let groups = captures.iter().zip(regex.capture_names()).skip(1).map(|(group, name)| {
        let mut members = one(group);
        members.push(("name", name.map_or(Val::Null, Val::text)));
        object(members)
    });
    let groups: Val = groups.collect();
    let mut members = one(captures.get(0));
    members.push(("captures", groups));
    object(members)
}

fn compiled(key: &Rc<Key>) -> Result<Rc<Pattern>, Error> {
    if let Some(known) = COMPILED.with_borrow(|compiled| compiled.get(key).cloned()) {
        return Ok(known);
    }
    let (text, flags) = (&key.pattern, key.flags);
    let wrong = |why: &dyn fmt::Display| Error::str(format_args!("the regular expression '{text}': {why}"));
    let (i, s, x) = (flags.has('i'), flags.has('s'), flags.has('x'));
    let regex = RegexBuilder::new(text)
        .case_insensitive(i)
        .dot_matches_new_line(s)
        .ignore_whitespace(x)
        .size_limit(LARGEST)
        .dfa_size_limit(LARGEST)
        .nest_limit(NESTED)
        .build()
        .map_err(|error| wrong(&error))?;
    let syntax = syntax::Config::new().case_insensitive(i).dot_matches_new_line(s).ignore_whitespace(x);
    let config = DFA::config().unicode_word_boundary(true).cache_capacity(STATES);
    let ahead = DFA::builder()
        .syntax(syntax.nest_limit(NESTED))
        .thompson(thompson::Config::new().nfa_size_limit(Some(LARGEST)))
        .configure(config.skip_cache_capacity_check(true))
        .build(text)
        .map_err(|error| wrong(&error))?;
    let pattern = Rc::new(Pattern { regex, states: ahead.get_nfa().states().len(), ahead });
    COMPILED.with_borrow_mut(|compiled| {
        if compiled.len() >= KEPT {
            compiled.clear();
        }
        let _ = compiled.insert(key.clone(), pattern.clone());
    });
    Ok(pattern)
}
