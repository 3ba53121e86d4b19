//! What may be typed into the cells of a template, and what is told beside them.
//!
//! Nothing is forbidden that the judge would take: what is out of the ordinary is asked about.

use ioc_model::{
    form::{FormIndicator, Mark, Meaning, Vintage},
    text::Text,
};
use rust_decimal::Decimal;

/// What may be typed in.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// What is told of it where the pointer stands: its name, and what is right.
    pub told: Text,
    /// What is right.
    pub accepts: Accepts,
}

/// What is right in a cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Accepts {
    /// Any text.
    Text,
    /// A number, or a sign that says why there is none.
    Number(NumberInput),
    /// An entry of that list.
    OneOf(usize),
}

/// A number that may be typed in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NumberInput {
    /// Only whole ones.
    pub whole: bool,
    /// The least there can be.
    pub least: Option<Decimal>,
    /// The most there can be.
    pub most: Option<Decimal>,
    /// Decimals that are shown; none where they depend on what the row says.
    pub decimals: Option<u8>,
    /// Signs that may stand instead.
    pub signs: Vec<String>,
}

/// What can be chosen from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// What it is a list of.
    pub name: Text,
    /// Its entries.
    pub items: Vec<String>,
}

/// All inputs of a template, each once.
#[derive(Clone, Debug, Default)]
pub(super) struct Inputs {
    pub(super) all: Vec<Input>,
    pub(super) lists: Vec<List>,
}

impl Inputs {
    /// Its number.
    pub(super) fn add(&mut self, told: Text, accepts: Accepts) -> usize {
        number_of(&mut self.all, Input { told, accepts })
    }

    /// The number of an input that is one of these.
    pub(super) fn one_of(&mut self, name: &Text, items: Vec<String>) -> usize {
        let list = number_of(&mut self.lists, List { name: name.clone(), items });
        let told = Text {
            vi: format!("{}: chọn trong danh sách", name.vi),
            en: format!("{}: choose from the list", name.en),
        };
        self.add(told, Accepts::OneOf(list))
    }
}

/// Where it is among those, at their end if it was not there.
fn number_of<T: PartialEq>(all: &mut Vec<T>, one: T) -> usize {
    all.iter().position(|other| *other == one).unwrap_or_else(|| {
        all.push(one);
        all.len() - 1
    })
}

/// What a vintage is called.
pub(super) fn vintage_name(vintage: Vintage) -> Text {
    let (vi, en) = match vintage {
        Vintage::Estimate => ("Ước tính", "Estimate"),
        Vintage::Preliminary => ("Sơ bộ", "Preliminary"),
        Vintage::Official => ("Chính thức", "Official"),
    };
    Text { vi: vi.to_owned(), en: en.to_owned() }
}

/// What a sign of a form means.
pub(super) fn meaning_name(meaning: Meaning) -> Text {
    let (vi, en) = match meaning {
        Meaning::Instead(Mark::None) => ("không phát sinh, tính là 0", "nothing occurred, counts as 0"),
        Meaning::Instead(Mark::NotCollected) => ("không thu thập", "not collected"),
        Meaning::Instead(Mark::NotFilled) => ("chưa điền", "not filled in"),
        Meaning::Instead(Mark::Withheld) => ("không công bố", "withheld"),
        Meaning::Instead(Mark::Withdrawn) => ("rút lại số đã báo cáo", "what was reported is withdrawn"),
        Meaning::Instead(Mark::Value) => ("có số", "there is a number"),
        Meaning::Vintage(vintage) => {
            let name = vintage_name(vintage);
            return Text {
                vi: format!("viết sau số: {}", name.vi.to_lowercase()),
                en: format!("behind a number: {}", name.en.to_lowercase()),
            };
        }
        Meaning::Note => ("viết sau số: có ghi chú", "behind a number: there is a note"),
    };
    Text { vi: vi.to_owned(), en: en.to_owned() }
}

/// What numbers of an indicator can be: `số nguyên, từ 0 đến 100000`.
pub(super) fn numbers_of(indicator: &FormIndicator) -> Text {
    let (vi, en) = match indicator.whole {
        true => ("số nguyên", "a whole number"),
        false => ("số", "a number"),
    };
    let (from, to) = match (indicator.least, indicator.most) {
        (Some(least), Some(most)) => (format!(", từ {least} đến {most}"), format!(" from {least} to {most}")),
        (Some(least), None) => (format!(", từ {least} trở lên"), format!(" of at least {least}")),
        (None, Some(most)) => (format!(", không quá {most}"), format!(" of at most {most}")),
        (None, None) => (String::new(), String::new()),
    };
    let (as_vi, as_en) = match indicator.percent {
        true => (", 82,5 nghĩa là 82,5 %", ", 82.5 for 82.5 %"),
        false => ("", ""),
    };
    Text { vi: format!("{vi}{from}{as_vi}"), en: format!("{en}{to}{as_en}") }
}
