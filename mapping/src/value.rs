//! The values that a mapping works with: those of JSON, every one counted where it is made.

use std::{
    cmp::Ordering,
    fmt,
    ops::{Add, Div, Mul, Neg, Rem, Sub},
    rc::Rc,
};

use indexmap::IndexMap;
use jaq_core::{Exn, ValR, ValT, ValX, box_iter::BoxIter, ops::Math, path::Opt, val::Range};
use rust_decimal::Decimal;

use crate::{json, meter, number::Number};

pub(crate) type Error = jaq_core::Error<Val>;
pub(crate) type Map = IndexMap<Rc<str>, Val>;

/// What an element of an array and a member of an object take besides themselves.
pub(crate) const ELEMENT: usize = 16;
const HEADER: usize = 48;
const MEMBER: usize = 64;

/// A value of JSON.
#[derive(Clone, Debug, Default)]
pub(crate) enum Val {
    #[default]
    Null,
    Bool(bool),
    Num(Number),
    Str(Rc<str>),
    Arr(Rc<Arr>),
    Obj(Rc<Obj>),
}

/// How deep it nests is known without looking, so that nothing is ever looked at that is too deep.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arr {
    depth: u16,
    pub(crate) items: Vec<Val>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Obj {
    depth: u16,
    pub(crate) map: Map,
}

impl Val {
    pub(crate) fn text(text: &str) -> Val {
        meter::bytes(HEADER + text.len());
        Val::Str(text.into())
    }

    pub(crate) fn int(number: i64) -> Val {
        Val::Num(Number::Decimal(number.into()))
    }

    pub(crate) fn count(number: usize) -> Val {
        Val::Num(Number::Decimal(Decimal::from(number)))
    }

    pub(crate) fn array(items: Vec<Val>) -> Val {
        meter::bytes(HEADER + items.len() * ELEMENT);
        Val::counted(items)
    }

    /// Of what was counted already.
    fn counted(items: Vec<Val>) -> Val {
        let depth = meter::nest(1 + items.iter().map(Val::depth).max().unwrap_or_default());
        Val::Arr(Rc::new(Arr { depth, items }))
    }

    pub(crate) fn object(map: Map) -> Val {
        meter::bytes(HEADER + map.len() * MEMBER);
        let depth = meter::nest(1 + map.values().map(Val::depth).max().unwrap_or_default());
        Val::Obj(Rc::new(Obj { depth, map }))
    }

    fn depth(&self) -> u16 {
        match self {
            Val::Arr(array) => array.depth,
            Val::Obj(object) => object.depth,
            Val::Null | Val::Bool(_) | Val::Num(_) | Val::Str(_) => 0,
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Val::Null => "null",
            Val::Bool(_) => "boolean",
            Val::Num(_) => "number",
            Val::Str(_) => "string",
            Val::Arr(_) => "array",
            Val::Obj(_) => "object",
        }
    }

    pub(crate) fn as_text(&self) -> Result<&str, Error> {
        match self {
            Val::Str(text) => Ok(text),
            other => Err(Error::typ(other.clone(), "string")),
        }
    }

    pub(crate) fn as_items(&self) -> Result<&[Val], Error> {
        match self {
            Val::Arr(array) => Ok(&array.items),
            other => Err(Error::typ(other.clone(), "array")),
        }
    }

    pub(crate) fn as_decimal(&self) -> Result<Decimal, Error> {
        match self {
            Val::Num(Number::Decimal(decimal)) => Ok(*decimal),
            Val::Num(Number::Far(_)) => Err(far(self)),
            other => Err(Error::typ(other.clone(), "number")),
        }
    }

    /// A position in something so long: from its end if it is negative. None before its beginning.
    fn position(index: &Val, len: usize) -> Result<Option<usize>, Error> {
        let Val::Num(number) = index else { return Err(Error::typ(index.clone(), "integer")) };
        let Some(at) = number.integer() else { return Err(Error::typ(index.clone(), "integer")) };
        Ok(match usize::try_from(at) {
            Ok(at) => Some(at),
            Err(_) => usize::try_from(at.unsigned_abs()).ok().and_then(|back| len.checked_sub(back)),
        })
    }

    /// Which part of something so long a range is: from where, up to where.
    fn bounds(range: &Range<&Val>, len: usize) -> Result<(usize, usize), Error> {
        let of = |bound: Option<&Val>, otherwise: usize| match bound {
            None | Some(Val::Null) => Ok(otherwise),
            Some(index) => Ok(Val::position(index, len)?.unwrap_or_default().min(len)),
        };
        let from = of(range.start, 0)?;
        Ok((from, of(range.end, len)?.max(from)))
    }
}

fn far(number: &Val) -> Error {
    Error::str(format_args!("{number} has too many digits to be calculated with"))
}

/// A key that is looked for or put in is hashed and compared.
pub(crate) fn pay_key(key: &str) {
    meter::steps(key.len() / 64);
}

/// The byte at which a character of a text begins.
fn byte_of(text: &str, character: usize) -> usize {
    text.char_indices().nth(character).map_or(text.len(), |(at, _)| at)
}

impl From<bool> for Val {
    fn from(truth: bool) -> Val {
        Val::Bool(truth)
    }
}

impl From<isize> for Val {
    fn from(number: isize) -> Val {
        Val::Num(Number::Decimal(Decimal::from(number)))
    }
}

impl From<String> for Val {
    fn from(text: String) -> Val {
        Val::text(&text)
    }
}

impl From<Range<Val>> for Val {
    fn from(range: Range<Val>) -> Val {
        let bounds = [("start", range.start), ("end", range.end)];
        Val::object(bounds.into_iter().filter_map(|(key, bound)| Some((key.into(), bound?))).collect())
    }
}

impl FromIterator<Val> for Val {
    fn from_iter<I: IntoIterator<Item = Val>>(values: I) -> Val {
        meter::bytes(HEADER);
        let each = values.into_iter().inspect(|_| {
            meter::steps(1);
            meter::bytes(ELEMENT);
        });
        Val::counted(each.collect())
    }
}

impl fmt::Display for Val {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        json::write(self, f)
    }
}

impl PartialEq for Val {
    fn eq(&self, other: &Val) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Val {}

impl PartialOrd for Val {
    fn partial_cmp(&self, other: &Val) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Null, false, true, numbers, texts, arrays, objects: as jq has it. Comparing costs, too.
impl Ord for Val {
    fn cmp(&self, other: &Val) -> Ordering {
        meter::steps(1);
        let rank = |value: &Val| match value {
            Val::Null => 0,
            Val::Bool(false) => 1,
            Val::Bool(true) => 2,
            Val::Num(_) => 3,
            Val::Str(_) => 4,
            Val::Arr(_) => 5,
            Val::Obj(_) => 6,
        };
        match (self, other) {
            (Val::Num(one), Val::Num(two)) => {
                meter::steps((one.far() + two.far()) / 8);
                one.cmp(two)
            }
            (Val::Str(one), Val::Str(two)) => {
                meter::steps(one.len().min(two.len()) / 64);
                one.cmp(two)
            }
            (Val::Arr(one), Val::Arr(two)) => match Rc::ptr_eq(one, two) {
                true => Ordering::Equal,
                false => one.items.cmp(&two.items),
            },
            (Val::Obj(one), Val::Obj(two)) => match Rc::ptr_eq(one, two) {
                true => Ordering::Equal,
                false => of_objects(&one.map, &two.map),
            },
            (one, two) => rank(one).cmp(&rank(two)),
        }
    }
}

/// By their sorted keys first, then by the values of these.
fn of_objects(one: &Map, two: &Map) -> Ordering {
    meter::steps(4 * (one.len() + two.len()));
    one.keys().chain(two.keys()).for_each(|key| pay_key(key));
    let sorted = |map: &'_ Map| {
        let mut keys: Vec<Rc<str>> = map.keys().cloned().collect();
        keys.sort_unstable();
        keys
    };
    let (keys, others) = (sorted(one), sorted(two));
    keys.cmp(&others).then_with(|| keys.iter().map(|key| &one[key]).cmp(others.iter().map(|key| &two[key])))
}

/// Calculates, or says what cannot be.
fn calculate((left, op, right): (Val, Math, Val), by: fn(Decimal, Decimal) -> Option<Decimal>) -> ValR<Val> {
    meter::steps(1);
    let (Val::Num(one), Val::Num(two)) = (&left, &right) else { return Err(Error::math(left, op, right)) };
    match (one.decimal(), two.decimal()) {
        (None, _) => Err(far(&left)),
        (_, None) => Err(far(&right)),
        (Some(_), Some(zero)) if zero.is_zero() && matches!(op, Math::Div | Math::Rem) => {
            Err(Error::str(format_args!("{left} cannot be divided by zero")))
        }
        (Some(one), Some(two)) => match by(one, two) {
            Some(result) => Ok(Val::Num(Number::Decimal(result))),
            None => Err(Error::str(format_args!("{left} {} {right} has more than 28 digits", op.as_str()))),
        },
    }
}

impl Add for Val {
    type Output = ValR<Val>;

    fn add(self, other: Val) -> ValR<Val> {
        match (self, other) {
            (Val::Null, value) | (value, Val::Null) => {
                meter::steps(1);
                Ok(value)
            }
            (Val::Str(one), Val::Str(two)) => {
                meter::bytes(HEADER + one.len() + two.len());
                Ok(Val::Str([&*one, &*two].concat().into()))
            }
            (Val::Arr(mut one), Val::Arr(two)) => {
                charge_copy(&one, two.items.len());
                let all = Rc::make_mut(&mut one);
                all.items.extend(two.items.iter().cloned());
                all.depth = all.depth.max(two.depth);
                Ok(Val::Arr(one))
            }
            (Val::Obj(mut one), Val::Obj(two)) => {
                let copied = if Rc::strong_count(&one) > 1 { one.map.len() } else { 0 };
                meter::bytes(HEADER + (copied + two.map.len()) * MEMBER);
                two.map.keys().for_each(|key| pay_key(key));
                let all = Rc::make_mut(&mut one);
                all.map.extend(two.map.iter().map(|(key, value)| (key.clone(), value.clone())));
                all.depth = all.depth.max(two.depth);
                Ok(Val::Obj(one))
            }
            (one, two) => calculate((one, Math::Add, two), Decimal::checked_add),
        }
    }
}

/// What it costs to write to an array, and to add so many.
fn charge_copy(array: &Rc<Arr>, more: usize) {
    let copied = if Rc::strong_count(array) > 1 { array.items.len() } else { 0 };
    meter::bytes(HEADER + (copied + more) * ELEMENT);
}

impl Sub for Val {
    type Output = ValR<Val>;

    fn sub(self, other: Val) -> ValR<Val> {
        match (&self, &other) {
            (Val::Arr(one), Val::Arr(two)) => {
                let left = one.items.iter().filter(|item| !two.items.contains(item));
                Ok(left.cloned().collect())
            }
            _ => calculate((self, Math::Sub, other), Decimal::checked_sub),
        }
    }
}

impl Mul for Val {
    type Output = ValR<Val>;

    fn mul(self, other: Val) -> ValR<Val> {
        match (&self, &other) {
            (Val::Str(text), Val::Num(times)) | (Val::Num(times), Val::Str(text)) => {
                let Some(times) = times.integer() else { return Err(Error::math(self, Math::Mul, other)) };
                if times <= 0 {
                    return Ok(Val::Null);
                }
                let times = usize::try_from(times).unwrap_or(usize::MAX);
                meter::bytes(text.len().saturating_mul(times).saturating_add(HEADER));
                Ok(Val::Str(text.repeat(times).into()))
            }
            (Val::Obj(one), Val::Obj(two)) => Ok(merged(one, two)),
            _ => calculate((self, Math::Mul, other), Decimal::checked_mul),
        }
    }
}

/// Objects within objects become one.
fn merged(one: &Obj, two: &Obj) -> Val {
    let mut map = one.map.clone();
    meter::steps(one.map.len() + two.map.len());
    for (key, value) in &two.map {
        pay_key(key);
        let value = match (map.get(key), value) {
            (Some(Val::Obj(old)), Val::Obj(new)) => merged(old, new),
            _ => value.clone(),
        };
        let _ = map.insert(key.clone(), value);
    }
    Val::object(map)
}

impl Div for Val {
    type Output = ValR<Val>;

    fn div(self, other: Val) -> ValR<Val> {
        match (&self, &other) {
            (Val::Str(text), Val::Str(separator)) => {
                meter::steps(text.len() / 16);
                Ok(match separator.is_empty() {
                    true => text.chars().map(|one| Val::text(one.encode_utf8(&mut [0; 4]))).collect(),
                    false if text.is_empty() => Val::array(Vec::new()),
                    false => text.split(&**separator).map(Val::text).collect(),
                })
            }
            _ => calculate((self, Math::Div, other), Decimal::checked_div),
        }
    }
}

impl Rem for Val {
    type Output = ValR<Val>;

    fn rem(self, other: Val) -> ValR<Val> {
        calculate((self, Math::Rem, other), Decimal::checked_rem)
    }
}

impl Neg for Val {
    type Output = ValR<Val>;

    fn neg(self) -> ValR<Val> {
        meter::steps(1);
        Ok(Val::Num(Number::Decimal(-self.as_decimal()?)))
    }
}

impl ValT for Val {
    fn from_num(text: &str) -> ValR<Val> {
        // A mapping may write `.5`, `01` and `1.`; a message may not.
        meter::steps(text.len() / 16);
        let zero = if text.starts_with('.') { "0" } else { "" };
        let written = format!("{zero}{text}");
        let number = Number::parse(&written)
            .or_else(|| Decimal::from_str_exact(written.trim_end_matches('.')).ok().map(Number::Decimal));
        number.map(Val::Num).ok_or_else(|| Error::str(format_args!("'{text}' is no number")))
    }

    fn from_map<I: IntoIterator<Item = (Val, Val)>>(members: I) -> ValR<Val> {
        let mut map = Map::new();
        for (key, value) in members {
            let Val::Str(key) = key else {
                return Err(Error::str(format_args!("{key} is no text, and so no key of an object")));
            };
            pay_key(&key);
            let _ = map.insert(key, value);
        }
        Ok(Val::object(map))
    }

    fn key_values(self) -> BoxIter<'static, ValR<(Val, Val), Val>> {
        match self {
            Val::Arr(array) => {
                Box::new((0..array.items.len()).map(move |at| Ok((Val::count(at), array.items[at].clone()))))
            }
            Val::Obj(object) => Box::new((0..object.map.len()).map_while(move |at| {
                let (key, value) = object.map.get_index(at)?;
                Some(Ok((Val::Str(key.clone()), value.clone())))
            })),
            other => Box::new(std::iter::once(Err(Error::typ(other, "array or object")))),
        }
    }

    fn values(self) -> Box<dyn Iterator<Item = ValR<Val>>> {
        match self {
            Val::Arr(array) => Box::new((0..array.items.len()).map(move |at| Ok(array.items[at].clone()))),
            Val::Obj(object) => Box::new(
                (0..object.map.len()).map_while(move |at| Some(Ok(object.map.get_index(at)?.1.clone()))),
            ),
            other => Box::new(std::iter::once(Err(Error::typ(other, "array or object")))),
        }
    }

    fn index(self, index: &Val) -> ValR<Val> {
        match (&self, index) {
            (Val::Obj(object), Val::Str(key)) => {
                pay_key(key);
                Ok(object.map.get(key).cloned().unwrap_or_default())
            }
            (Val::Arr(array), Val::Num(_)) => {
                let at = Val::position(index, array.items.len())?;
                Ok(at.and_then(|at| array.items.get(at)).cloned().unwrap_or_default())
            }
            (Val::Arr(_) | Val::Str(_), Val::Obj(range)) => {
                self.clone().range(range.map.get("start")..range.map.get("end"))
            }
            (Val::Null, Val::Str(_) | Val::Num(_) | Val::Null) => Ok(Val::Null),
            _ => Err(Error::index(self, index.clone())),
        }
    }

    fn range(self, range: Range<&Val>) -> ValR<Val> {
        match &self {
            Val::Null => Ok(Val::Null),
            Val::Arr(array) => {
                let (from, to) = Val::bounds(&range, array.items.len())?;
                Ok(array.items[from..to].iter().cloned().collect())
            }
            Val::Str(text) => {
                meter::steps(text.len() / 16);
                let (from, to) = Val::bounds(&range, text.chars().count())?;
                Ok(Val::text(&text[byte_of(text, from)..byte_of(text, to)]))
            }
            _ => Err(Error::typ(self, "array or string")),
        }
    }

    fn map_values<'a, I: Iterator<Item = ValX<'a, Val>>>(
        self,
        opt: Opt,
        f: impl Fn(Val) -> I,
    ) -> ValX<'a, Val> {
        match self {
            Val::Arr(array) => array.items.iter().cloned().flat_map(f).collect(),
            Val::Obj(object) => {
                let mut map = Map::new();
                for (key, value) in &object.map {
                    pay_key(key);
                    if let Some(value) = f(value.clone()).next() {
                        let _ = map.insert(key.clone(), value?);
                    }
                }
                Ok(Val::object(map))
            }
            other => opt.fail(other, |other| Exn::from(Error::typ(other, "array or object"))),
        }
    }

    fn map_index<'a, I: Iterator<Item = ValX<'a, Val>>>(
        self,
        index: &Val,
        opt: Opt,
        f: impl Fn(Val) -> I,
    ) -> ValX<'a, Val> {
        match (self, index) {
            (Val::Null, Val::Str(key)) => match f(Val::Null).next().transpose()? {
                Some(value) => Ok(Val::object([(key.clone(), value)].into_iter().collect())),
                None => Ok(Val::Null),
            },
            (Val::Obj(object), Val::Str(key)) => {
                pay_key(key);
                let old = object.map.get(key).cloned().unwrap_or_default();
                let new = f(old).next().transpose()?;
                let mut map = object.map.clone();
                meter::steps(map.len());
                match new {
                    Some(value) => drop(map.insert(key.clone(), value)),
                    None => drop(map.shift_remove(key)),
                }
                Ok(Val::object(map))
            }
            (value @ (Val::Arr(_) | Val::Str(_)), Val::Obj(range)) => {
                value.map_range(range.map.get("start")..range.map.get("end"), opt, f)
            }
            (Val::Arr(array), Val::Num(_)) => {
                let at = Val::position(index, array.items.len())?.filter(|at| *at < array.items.len());
                let Some(at) = at else {
                    return opt.fail(Val::Arr(array), |_| {
                        Exn::from(Error::str(format_args!("the array has no element {index}")))
                    });
                };
                let new = f(array.items[at].clone()).next().transpose()?;
                let mut items = array.items.clone();
                match new {
                    Some(value) => items[at] = value,
                    None => drop(items.remove(at)),
                }
                Ok(Val::array(items))
            }
            (value, index) => opt.fail(value, |value| Exn::from(Error::index(value, index.clone()))),
        }
    }

    fn map_range<'a, I: Iterator<Item = ValX<'a, Val>>>(
        self,
        range: Range<&Val>,
        opt: Opt,
        f: impl Fn(Val) -> I,
    ) -> ValX<'a, Val> {
        match self {
            Val::Arr(array) => {
                let (from, to) = Val::bounds(&range, array.items.len())?;
                let part = array.items[from..to].iter().cloned().collect();
                let part = f(part).next().transpose()?.unwrap_or_else(|| Val::array(Vec::new()));
                let parts = [&array.items[..from], part.as_items()?, &array.items[to..]];
                Ok(Val::array(parts.concat()))
            }
            other => opt.fail(other, |other| Exn::from(Error::typ(other, "array"))),
        }
    }

    fn as_bool(&self) -> bool {
        !matches!(self, Val::Null | Val::Bool(false))
    }

    fn into_string(self) -> Val {
        match self {
            Val::Str(_) => self,
            other => Val::text(&json::to_text(&other)),
        }
    }
}
