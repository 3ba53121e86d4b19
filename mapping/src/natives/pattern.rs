//! Regular expressions, by an engine whose time grows with the text and never with its square. A pattern is bounded in
//! length and in what it compiles to, and pays for both every time, whether it was compiled before or not.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use jaq_core::{
    Bind, Cv, RunPtr,
    native::{Filter, bome},
};
use regex::{Captures, Regex, RegexBuilder};

use super::Natives;
use crate::{
    meter::{self, Run},
    value::{Error, Map, Val},
};

const LONGEST: usize = 1_000;
const LARGEST: usize = 256 << 10;
/// Patterns that are kept compiled.
const KEPT: usize = 64;

thread_local! {
    static COMPILED: RefCell<HashMap<(String, String), Regex>> = RefCell::default();
}

pub(super) fn all() -> Natives {
    let arguments = || Box::from([Bind::Var(()), Bind::Var(())]);
    let natives: [Filter<RunPtr<Run>>; 2] = [
        ("all_matches", arguments(), |cv| bome(search(cv, false))),
        ("all_parts", arguments(), |cv| bome(search(cv, true))),
    ];
    natives.into()
}

/// The matches as jq says them; with what lies between them as texts, if it is asked for.
fn search(mut cv: Cv<'_, Run>, between: bool) -> Result<Val, Error> {
    let flags = cv.0.pop_var();
    let pattern = cv.0.pop_var();
    let text = cv.1.as_text()?;
    let flags = if matches!(flags, Val::Null) { "" } else { flags.as_text()? };
    let pattern = pattern.as_text()?;
    meter::steps(8 + pattern.len() + (text.len() / 16) * (1 + pattern.len() / 32));
    let regex = compiled(pattern, flags)?;
    let (is_global, skips_empty) = (flags.contains('g'), flags.contains('n'));
    let mut found = Vec::new();
    let (mut last, mut at) = (0, Place { byte: 0, character: 0 });
    for captures in regex.captures_iter(text) {
        let Some(whole) = captures.get(0) else { continue };
        if skips_empty && whole.is_empty() {
            continue;
        }
        if between {
            found.push(Val::text(&text[last..whole.start()]));
            last = whole.end();
        }
        found.push(said(&regex, &captures, text, &mut at));
        if !is_global {
            break;
        }
    }
    if between {
        found.push(Val::text(&text[last..]));
    }
    Ok(Val::array(found))
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

fn compiled(pattern: &str, flags: &str) -> Result<Regex, Error> {
    let key = (pattern.to_owned(), flags.to_owned());
    if let Some(regex) = COMPILED.with_borrow(|compiled| compiled.get(&key).cloned()) {
        return Ok(regex);
    }
    let wrong =
        |why: &dyn std::fmt::Display| Error::str(format_args!("the regular expression '{pattern}': {why}"));
    if pattern.len() > LONGEST {
        return Err(Error::str(format_args!("a regular expression has at most {LONGEST} bytes")));
    }
    if let Some(flag) = flags.chars().find(|flag| !"ginsx".contains(*flag)) {
        return Err(wrong(&format_args!("there is no flag '{flag}' (there are: g, i, n, s, x)")));
    }
    let regex = RegexBuilder::new(pattern)
        .case_insensitive(flags.contains('i'))
        .dot_matches_new_line(flags.contains('s'))
        .ignore_whitespace(flags.contains('x'))
        .size_limit(LARGEST)
        .dfa_size_limit(LARGEST)
        .nest_limit(50)
        .build()
        .map_err(|error| wrong(&error))?;
    COMPILED.with_borrow_mut(|compiled| {
        if compiled.len() >= KEPT {
            compiled.clear();
        }
        let _ = compiled.insert(key, regex.clone());
    });
    Ok(regex)
}
