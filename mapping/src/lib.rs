//! Mappings: programs in jq that say what a message means, so that a feed nobody wrote a decoder for is a file of the pack.
//!
//! The language is jq's, by the interpreter `jaq-core`, which is built without its standard features: it has no code to
//! read a file, an environment or a clock. Values are our own ([`value`]) instead of the interpreter's, for two reasons.
//! Numbers stay decimals ([`number`]); and whatever takes room or time is counted where it happens ([`meter`]), so that a
//! mapping that never ends is refused for the same message alike everywhere. What natives there are is a list of our own
//! ([`natives`]), and `prelude.jq` beside what the interpreter defines.
//!
//! A run is a function of the mapping, the message, its address and when it came (invariant REPLAY). It ends, holds little
//! and never panics, whatever the mapping and the message are (invariants SAFE, BOUND).

mod compile;
mod json;
mod meter;
mod natives;
mod number;
#[cfg(test)]
mod tests;
mod value;

use std::{fmt, rc::Rc};

use jaq_core::{Ctx, Vars};

pub use crate::{
    compile::{LONGEST_TEXT, Wrong},
    json::NotJson,
    meter::{DEEPEST, Spent},
};
use crate::{
    json::Start,
    meter::{Budget, Live, Run},
    value::{ELEMENT, Error, Map, Val},
};

/// What is told of why a mapping failed is no longer. Bytes.
const LONGEST_REASON: usize = 300;

/// A mapping, ready to run.
pub struct Mapping {
    filter: jaq_core::Filter<Run>,
}

impl fmt::Debug for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mapping").finish_non_exhaustive()
    }
}

/// What a mapping is told beside the message.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// `$address`: the topic, file name or path it came by.
    pub address: &'a str,
    /// `$received_at`: when it came, RFC 3339 in UTC.
    pub received_at: &'a str,
}

/// What a mapping is run on.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// A JSON value.
    Json(&'a str),
    /// A row under a header: an object of texts, those of the columns in their order.
    Named(&'a Columns, Vec<&'a str>),
    /// A row without one: an array of texts.
    Listed(Vec<&'a str>),
}

/// The names of a table's columns, read once for all of its rows: a row shares them and looks none of them up.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    /// A row in which nothing stands.
    row: Map,
}

impl<'n> FromIterator<&'n str> for Columns {
    /// Names, each once.
    fn from_iter<I: IntoIterator<Item = &'n str>>(names: I) -> Columns {
        Columns { row: names.into_iter().map(|name| (Rc::from(name), Val::Null)).collect() }
    }
}

impl Columns {
    fn row(&self, fields: &[&str]) -> Val {
        meter::steps(self.row.len());
        let mut row = self.row.clone();
        for (value, field) in row.values_mut().zip(fields) {
            *value = Val::text(field);
        }
        Val::object(row)
    }
}

/// What one input became.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Made {
    /// The outputs, in their order.
    Outputs(Vec<Output>),
    /// The mapping failed on it: why, in jq's words.
    Failed(String),
}

/// What a mapping made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// As JSON, on one line.
    pub json: String,
    /// What it is: `object`, `array`, `string`, `number`, `boolean` or `null`.
    pub kind: &'static str,
    /// The keys of an object.
    pub keys: Vec<Rc<str>>,
}

/// Why nothing was made of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failed {
    /// It is no JSON.
    NotJson(NotJson),
    /// Its mapping did not end within its bounds.
    Spent(Spent),
}

impl Mapping {
    /// Reads a mapping.
    ///
    /// # Errors
    /// All that is wrong with it, each with its line.
    pub fn compile(text: &str) -> Result<Mapping, Vec<Wrong>> {
        compile::compile(text).map(|filter| Mapping { filter })
    }

    /// Runs it on every input of a message of that many bytes. Outputs of an input on which it fails are not told.
    ///
    /// # Errors
    /// If an input is no JSON, or the bounds of the message are spent; then nothing was made of any.
    pub fn run<'i>(
        &self,
        bytes: usize,
        told: Told<'_>,
        inputs: impl Iterator<Item = Input<'i>>,
    ) -> Result<Vec<Made>, Failed> {
        let run = || -> Result<Vec<Made>, NotJson> {
            let known = [Val::text(told.address), Val::text(told.received_at)];
            inputs.map(|input| Ok(self.run_one(&known, read(&input)?))).collect()
        };
        meter::within(Budget::of(bytes), run).map_err(Failed::Spent)?.map_err(Failed::NotJson)
    }

    /// Runs it on JSON texts that came together and are each a message of its own, such as the lines of a file. What each
    /// became is told before the next is looked at; one that is none, or does not end within its bounds, costs itself
    /// alone. All of them together may take what eight messages of that many bytes may: behind that, each is spent.
    pub fn run_each<'i>(
        &self,
        bytes: usize,
        told: Told<'_>,
        texts: impl Iterator<Item = &'i str>,
        mut tell: impl FnMut(Result<Made, Failed>),
    ) {
        let known = [Val::text(told.address), Val::text(told.received_at)];
        let mut left = Budget::of_many(bytes);
        meter::on_large_stack(|| {
            for text in texts {
                let own = Budget::of(text.len()).at_most(left);
                let run = || Ok(self.run_one(&known, json::parse(text)?));
                let made = meter::counted(own, run).map_err(Failed::Spent);
                left = left.less(own, meter::left());
                tell(made.and_then(|made| made.map_err(Failed::NotJson)));
            }
        });
    }

    fn run_one(&self, known: &[Val], input: Val) -> Made {
        let context = Ctx::<Run>::new(Live::new(&self.filter.lut), Vars::new(known.iter().cloned()));
        let mut outputs = Vec::new();
        for output in self.filter.id.run((context, input)) {
            match output {
                Ok(value) => outputs.push(Output::of(&value)),
                Err(thrown) => {
                    return Made::Failed(match thrown.get_err() {
                        Ok(error) => reason(error),
                        Err(_) => "a break without its label".to_owned(),
                    });
                }
            }
        }
        Made::Outputs(outputs)
    }
}

impl Output {
    fn of(value: &Val) -> Output {
        let keys: Vec<Rc<str>> = match value {
            Val::Obj(object) => object.map.keys().cloned().collect(),
            _ => Vec::new(),
        };
        meter::bytes(size_of::<Output>() + keys.len() * ELEMENT);
        Output { json: json::to_text(value), kind: value.kind(), keys }
    }
}

fn read(input: &Input<'_>) -> Result<Val, NotJson> {
    Ok(match input {
        Input::Json(text) => json::parse(text)?,
        Input::Named(columns, fields) => columns.row(fields),
        Input::Listed(fields) => fields.iter().map(|field| Val::text(field)).collect(),
    })
}

/// An error as a person reads it: a text as it is, anything else as JSON.
fn reason(error: Error) -> String {
    use fmt::Write;
    let mut start = Start::of(LONGEST_REASON);
    let _whole = match error.into_val() {
        Val::Str(text) => start.write_str(&text),
        other => json::write(&other, &mut start),
    };
    start.text
}
