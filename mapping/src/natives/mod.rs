//! The filters that a mapping may use beside those of `prelude.jq`: the vetted list. Each is a function of its input and
//! arguments alone, and pays for what it looks at. What is not here is not there (invariant REPLAY): no clock, no zone of
//! the machine, no environment, no further input, no output.

mod moment;
mod pattern;
mod settled;
mod text;

use jaq_core::{
    Bind, Exn, Native, RunPtr, ValT, ValX,
    native::{self, Filter, bome, unary, v},
};
use rust_decimal::{Decimal, RoundingStrategy, prelude::FromPrimitive, prelude::ToPrimitive};

pub(crate) use self::settled::SETTLED;
use crate::{
    json,
    meter::{self, Run},
    number::Number,
    value::{Error, Val, pay_key},
};

/// What is often asked for and not there.
pub(crate) const REFUSED: [&str; 28] = [
    "$ENV",
    "$__prog_args",
    "debug",
    "debug_empty",
    "env",
    "get_search_list",
    "gmtime",
    "halt",
    "halt_error",
    "input",
    "input_filename",
    "input_line_number",
    "inputs",
    "localtime",
    "log",
    "log10",
    "log2",
    "exp",
    "mktime",
    "now",
    "path",
    "pick",
    "rand",
    "stderr",
    "strflocaltime",
    "strftime",
    "strptime",
    "$__loc__",
];

pub(crate) fn all() -> impl Iterator<Item = Filter<Native<Run>>> {
    let own = [values(), text::all(), pattern::all(), moment::all()];
    // A path of a filter that never ends has no end, either, and nothing counts its keys.
    let theirs = jaq_core::funs().filter(|(name, ..)| !matches!(*name, "path" | "path_value"));
    let own = own.into_iter().flatten().map(|one: Filter<RunPtr<Run>>| native::run::<Run>(one));
    theirs.chain(own).chain(settled::all())
}

type Natives = Vec<Filter<RunPtr<Run>>>;

fn values() -> Natives {
    let f = || Box::from([Bind::Fun(())]);
    vec![
        ("length", v(0), |cv| bome(length(&cv.1))),
        ("type", v(0), |cv| bome(Ok(Val::text(cv.1.kind())))),
        ("tojson", v(0), |cv| bome(Ok(Val::text(&json::to_text(&cv.1))))),
        ("fromjson", v(0), |cv| bome(from_json(&cv.1))),
        ("tonumber", v(0), |cv| bome(to_number(cv.1))),
        ("floor", v(0), |cv| bome(rounded(&cv.1, RoundingStrategy::ToNegativeInfinity))),
        ("ceil", v(0), |cv| bome(rounded(&cv.1, RoundingStrategy::ToPositiveInfinity))),
        ("trunc", v(0), |cv| bome(rounded(&cv.1, RoundingStrategy::ToZero))),
        ("round", v(0), |cv| bome(rounded(&cv.1, RoundingStrategy::MidpointAwayFromZero))),
        ("sqrt", v(0), |cv| bome(square_root(&cv.1))),
        ("pow", v(2), |mut cv| {
            let exponent = cv.0.pop_var();
            let base = cv.0.pop_var();
            bome(power(&base, &exponent))
        }),
        ("all_paths", v(0), |cv| {
            let mut found = Vec::new();
            let mut path = Vec::new();
            bome(all_paths(&cv.1, &mut path, &mut found).map(|()| Val::array(found)))
        }),
        ("keys", v(0), |cv| bome(keys(cv.1))),
        ("has", v(1), |cv| unary(cv, |value, key| has(&value, &key))),
        ("contains", v(1), |cv| unary(cv, |value, part| Ok(Val::Bool(contains(&value, &part))))),
        ("reverse", v(0), |cv| {
            bome(match &cv.1 {
                Val::Null => Ok(Val::array(Vec::new())),
                Val::Str(text) => Ok(Val::text(&text.chars().rev().collect::<String>())),
                other => other.as_items().map(|items| Val::array(items.iter().rev().cloned().collect())),
            })
        }),
        ("sort", v(0), |cv| {
            bome(cv.1.as_items().map(|items| {
                let mut items = items.to_vec();
                items.sort();
                Val::array(items)
            }))
        }),
        ("sort_by", f(), |mut cv| {
            let (f, fc) = cv.0.pop_fun();
            let sorted = keyed(&cv.1, |value| f.run((fc.clone(), value)).collect());
            let sorted = sorted.map(|all| Val::array(all.into_iter().map(|(_, value)| value).collect()));
            Box::new(std::iter::once(sorted))
        }),
        ("group_by", f(), |mut cv| {
            let (f, fc) = cv.0.pop_fun();
            let sorted = keyed(&cv.1, |value| f.run((fc.clone(), value)).collect());
            Box::new(std::iter::once(sorted.map(grouped)))
        }),
    ]
}

fn length(value: &Val) -> Result<Val, Error> {
    meter::steps(1);
    Ok(match value {
        Val::Null => Val::int(0),
        Val::Num(_) => Val::Num(Number::Decimal(value.as_decimal()?.abs())),
        Val::Str(text) => {
            meter::steps(text.len() / 16);
            Val::count(text.chars().count())
        }
        Val::Arr(array) => Val::count(array.items.len()),
        Val::Obj(object) => Val::count(object.map.len()),
        Val::Bool(_) => return Err(Error::str(format_args!("{value} has no length"))),
    })
}

fn from_json(value: &Val) -> Result<Val, Error> {
    let text = value.as_text()?;
    meter::steps(text.len() / 16);
    json::parse(text).map_err(|wrong| {
        let (line, column) = wrong.at;
        Error::str(format_args!("the text is no JSON: line {line}, column {column}: {}", wrong.why.en))
    })
}

fn to_number(value: Val) -> Result<Val, Error> {
    match &value {
        Val::Num(_) => Ok(value),
        Val::Str(text) => {
            meter::steps(text.len() / 16);
            let number = Number::parse(text.trim());
            number.map(Val::Num).ok_or_else(|| Error::str(format_args!("{value} is no number")))
        }
        _ => Err(Error::typ(value, "number")),
    }
}

fn rounded(value: &Val, how: RoundingStrategy) -> Result<Val, Error> {
    let rounded = value.as_decimal()?.round_dp_with_strategy(0, how).normalize();
    Ok(Val::Num(Number::Decimal(rounded)))
}

/// By the nearest double, whose root is rounded alike everywhere (IEEE 754).
fn square_root(value: &Val) -> Result<Val, Error> {
    let root = value.as_decimal()?.to_f64().map(f64::sqrt).filter(|root| root.is_finite());
    let root = root.and_then(Decimal::from_f64);
    root.map(|root| Val::Num(Number::Decimal(root)))
        .ok_or_else(|| Error::str(format_args!("{value} has no root")))
}

/// With a whole exponent.
fn power(base: &Val, exponent: &Val) -> Result<Val, Error> {
    let wrong = || Error::str(format_args!("{base} to the power of {exponent} cannot be calculated"));
    let Val::Num(number) = exponent else { return Err(wrong()) };
    let times = number.integer().filter(|times| times.unsigned_abs() <= 100).ok_or_else(wrong)?;
    let base = base.as_decimal()?;
    let mut power = Decimal::ONE;
    for _ in 0..times.unsigned_abs() {
        power = power.checked_mul(base).ok_or_else(wrong)?;
    }
    if times < 0 {
        power = Decimal::ONE.checked_div(power).ok_or_else(wrong)?;
    }
    Ok(Val::Num(Number::Decimal(power)))
}

fn keys(value: Val) -> Result<Val, Error> {
    let mut keys = value.key_values().map(|pair| Ok(pair?.0)).collect::<Result<Vec<Val>, Error>>()?;
    keys.sort();
    Ok(Val::array(keys))
}

/// Where what is within a value stands, and what it is: pairs of a path and a value, a value before what is within it.
fn all_paths(value: &Val, path: &mut Vec<Val>, found: &mut Vec<Val>) -> Result<(), Error> {
    if !matches!(value, Val::Arr(_) | Val::Obj(_)) {
        return Ok(());
    }
    for pair in value.clone().key_values() {
        let (key, within) = pair?;
        meter::steps(1);
        path.push(key);
        found.push(Val::array(vec![Val::array(path.clone()), within.clone()]));
        all_paths(&within, path, found)?;
        let _ = path.pop();
    }
    Ok(())
}

fn has(value: &Val, key: &Val) -> Result<Val, Error> {
    match (value, key) {
        (Val::Obj(object), Val::Str(key)) => {
            pay_key(key);
            Ok(Val::Bool(object.map.contains_key(key)))
        }
        (Val::Arr(array), Val::Num(at)) => {
            let at = at.integer().and_then(|at| usize::try_from(at).ok());
            Ok(Val::Bool(at.is_some_and(|at| at < array.items.len())))
        }
        _ => Err(Error::index(value.clone(), key.clone())),
    }
}

fn contains(value: &Val, part: &Val) -> bool {
    meter::steps(1);
    match (value, part) {
        (Val::Str(text), Val::Str(part)) => {
            meter::steps(text.len() / 16);
            text.contains(&**part)
        }
        (Val::Arr(all), Val::Arr(parts)) => {
            parts.items.iter().all(|part| all.items.iter().any(|value| contains(value, part)))
        }
        (Val::Obj(all), Val::Obj(parts)) => parts.map.iter().all(|(key, part)| {
            pay_key(key);
            all.map.get(key).is_some_and(|value| contains(value, part))
        }),
        _ => value == part,
    }
}

type Keyed = Vec<(Vec<Val>, Val)>;

/// The elements of an array with what they are sorted by, sorted.
fn keyed<'a>(array: &Val, key: impl Fn(Val) -> ValX<'a, Vec<Val>, Val>) -> ValX<'a, Keyed, Val> {
    let mut all = Keyed::new();
    for value in array.as_items().map_err(Exn::from)? {
        meter::bytes(64);
        all.push((key(value.clone())?, value.clone()));
    }
    all.sort_by(|(one, _), (two, _)| one.cmp(two));
    Ok(all)
}

fn grouped(sorted: Keyed) -> Val {
    let mut groups: Vec<Val> = Vec::new();
    let mut group: Vec<Val> = Vec::new();
    let mut of: Option<Vec<Val>> = None;
    for (key, value) in sorted {
        if of.as_ref().is_some_and(|of| *of != key) {
            groups.push(Val::array(std::mem::take(&mut group)));
        }
        of = Some(key);
        group.push(value);
    }
    if of.is_some() {
        groups.push(Val::array(group));
    }
    Val::array(groups)
}
