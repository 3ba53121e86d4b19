//! From the text of a mapping to what runs, or to all that is wrong with it.
//!
//! Two things are refused that jq allows. A filter that takes filters must not call itself: what it hands on would grow
//! with every call and is not counted by anything. jq's own filters do it by an inner one without parameters
//! (`def repeat(f): def rec: f, rec; rec;`). And a text nests only so deep, for its parser goes down into it.
//!
//! What runs is not quite what was written: [`settle`] puts around what is gone on from a filter that knows its end.

mod brackets;
mod settle;
mod shape;

use ioc_model::text::Text;
use jaq_core::{
    Compiler, Filter,
    compile::Undefined,
    load::{
        self, Arena, File, Lexer, Loader,
        lex::{Tok, Token},
        parse::{Def, Parser},
    },
};

use self::{brackets::too_many_brackets, settle::settle, shape::Shape};
use crate::{
    meter::{Run, on_whole_stack},
    natives::{self, SETTLED},
};

/// A mapping is no longer. Bytes.
pub const LONGEST_TEXT: usize = 64 << 10;
/// The mapping itself is a definition beside those of the prelude, and this is its name. No mapping may call it.
const ITSELF: &str = "the_mapping_itself";
const KNOWN: [&str; 2] = ["$address", "$received_at"];

/// Something wrong with the text of a mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Counted from 1.
    pub line: usize,
    /// What it is and what would be right.
    pub message: Text,
}

pub(crate) fn compile(text: &str) -> Result<Filter<Run>, Vec<Wrong>> {
    if text.len() > LONGEST_TEXT {
        return Err(vec![wrong(
            1,
            format!("tệp dài {} byte, tối đa {LONGEST_TEXT}", text.len()),
            format!("the file has {} bytes, at most {LONGEST_TEXT} are allowed", text.len()),
        )]);
    }
    if let Some(at) = too_many_brackets(text) {
        return Err(vec![too_deep(line_of(text, at))]);
    }
    on_whole_stack(|| read(text)).unwrap_or_else(|| {
        Err(vec![wrong(
            1,
            "máy không còn bộ nhớ để đọc tệp ánh xạ".to_owned(),
            "the machine has no memory left to read the mapping".to_owned(),
        )])
    })
}

fn wrong(line: usize, vi: String, en: String) -> Wrong {
    Wrong { line, message: Text { vi, en } }
}

fn too_deep(line: usize) -> Wrong {
    wrong(
        line,
        "biểu thức lồng nhau quá sâu. Hãy tách thành các hàm 'def'".to_owned(),
        "it nests too deep. Take it apart by 'def'".to_owned(),
    )
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// The line of a part of the text; the first for what is none.
fn line_in(text: &str, part: &str) -> usize {
    let start = text.as_ptr() as usize;
    let at = (part.as_ptr() as usize).wrapping_sub(start);
    if at <= text.len() { line_of(text, at) } else { 1 }
}

fn read(text: &str) -> Result<Filter<Run>, Vec<Wrong>> {
    let tokens = Lexer::new(text).lex().map_err(|errors| {
        let each =
            errors.into_iter().map(|(expected, found)| unexpected(text, &format!("{expected:?}"), found));
        each.collect::<Vec<_>>()
    })?;
    if let Some(line) = imports(text, &tokens) {
        return Err(vec![wrong(
            line,
            "'import' và 'include' không dùng được: bảng ánh xạ là một tệp trọn vẹn".to_owned(),
            "'import' and 'include' are not there: a mapping is one whole file".to_owned(),
        )]);
    }
    let mut term = Parser::new(&tokens).parse(|parser| parser.term()).map_err(|errors| {
        let each = errors
            .into_iter()
            .map(|(expected, found)| unexpected(text, expected.as_str(), Token::opt_as_str(found, text)));
        each.collect::<Vec<_>>()
    })?;
    let found = Shape::wrong_with(text, &term);
    if !found.is_empty() {
        return Err(found);
    }
    settle(&mut term);
    let prelude = load::parse(include_str!("prelude.jq"), |parser| parser.defs()).unwrap_or_default();
    let arena = Arena::default();
    // Ours stand for theirs that find paths by `path`.
    let theirs = jaq_core::defs().filter(|definition| definition.name != "paths");
    let known = theirs.chain(prelude).map(|mut definition| {
        settle(&mut definition.body);
        definition
    });
    let itself = Def { name: ITSELF, args: Vec::new(), body: term };
    let loader = Loader::new(known.chain([itself]));
    let modules = loader.load(&arena, File { code: ITSELF, path: () }).map_err(|errors| {
        let each = errors.into_iter().flat_map(|(_, error)| match error {
            load::Error::Lex(all) => {
                all.into_iter().map(|(_, found)| unexpected(text, "jq", found)).collect()
            }
            load::Error::Parse(all) => {
                all.into_iter().map(|(expected, found)| unexpected(text, expected.as_str(), found)).collect()
            }
            load::Error::Io(_) => Vec::new(),
        });
        each.collect::<Vec<_>>()
    })?;
    let compiler = Compiler::default().with_funs(natives::all()).with_global_vars(KNOWN);
    compiler.compile(modules).map_err(|errors| {
        let each = errors.into_iter().flat_map(|(_, undefined)| undefined);
        each.map(|(name, what)| unknown(text, name, &what)).collect::<Vec<_>>()
    })
}

fn unexpected(text: &str, expected: &str, found: &str) -> Wrong {
    let line = line_in(text, found);
    let start: String = found.chars().take(30).collect();
    let (found_vi, found_en) = match start.trim() {
        "" => ("hết tệp".to_owned(), "the end of the file".to_owned()),
        start => (format!("'{start}'"), format!("'{start}'")),
    };
    wrong(
        line,
        format!("gặp {found_vi} ở chỗ phải là: {expected}"),
        format!("{found_en} stands where there must be: {expected}"),
    )
}

fn unknown(text: &str, name: &str, what: &Undefined) -> Wrong {
    let line = line_in(text, name);
    if natives::REFUSED.contains(&name) {
        return wrong(
            line,
            format!(
                "'{name}' không dùng được: kết quả chỉ được phụ thuộc vào bản tin, $address và $received_at, và phải giống nhau \
                 trên mọi máy"
            ),
            format!(
                "'{name}' is not there: what comes out depends on the message, $address and $received_at alone, alike on every \
                 machine"
            ),
        );
    }
    let (vi, en) = match what {
        Undefined::Var => ("biến", "variable"),
        Undefined::Label => ("nhãn", "label"),
        Undefined::Filter(arity) => {
            return wrong(
                line,
                format!("không có hàm '{name}' với {arity} tham số"),
                format!("there is no filter '{name}' of {arity} arguments"),
            );
        }
        _ => ("mô-đun", "module"),
    };
    wrong(line, format!("không có {vi} '{name}'"), format!("there is no {en} '{name}'"))
}

/// The line of a directive that would read another file.
fn imports(text: &str, tokens: &[Token<&str>]) -> Option<usize> {
    let begins = |at: usize| at == 0 || tokens.get(at - 1).is_some_and(|before| before.0 == ";");
    let is_import = |(at, token): &(usize, &Token<&str>)| {
        matches!(token.0, "import" | "include" | "module")
            && matches!(tokens.get(at + 1), Some(Token(_, Tok::Str(_) | Tok::Block(_))))
            && begins(*at)
    };
    tokens.iter().enumerate().find(is_import).map(|(_, token)| line_in(text, token.0))
}
