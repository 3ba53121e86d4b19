//! From the text of a mapping to what runs, or to all that is wrong with it.
//!
//! Two things are refused that jq allows. A filter that takes filters must not call itself: what it hands on would grow
//! with every call and is not counted by anything. jq's own filters do it by an inner one without parameters
//! (`def repeat(f): def rec: f, rec; rec;`). And a text nests only so deep, for its parser goes down into it.

use ioc_model::text::Text;
use jaq_core::{
    Compiler, Filter,
    compile::Undefined,
    load::{
        self, Arena, File, Lexer, Loader,
        lex::{StrPart, Tok, Token},
        parse::{BinaryOp, Def, Parser, Pattern, Term},
    },
    path::Part,
};

use crate::{
    meter::{Run, on_large_stack},
    natives,
};

/// A mapping is no longer. Bytes.
pub const LONGEST_TEXT: usize = 64 << 10;
const DEEPEST_TEXT: usize = 400;
const DEEPEST_BRACKETS: usize = 100;
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
    if let Some(line) = too_many_brackets(text) {
        return Err(vec![too_deep(line)]);
    }
    on_large_stack(|| read(text))
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

/// Brackets that open and do not close, whatever they stand in: a parser would follow them down.
fn too_many_brackets(text: &str) -> Option<usize> {
    let mut open = 0usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => open += 1,
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        if open > DEEPEST_BRACKETS {
            return Some(line_of(text, at));
        }
    }
    None
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
    let term = Parser::new(&tokens).parse(|parser| parser.term()).map_err(|errors| {
        let each = errors
            .into_iter()
            .map(|(expected, found)| unexpected(text, expected.as_str(), Token::opt_as_str(found, text)));
        each.collect::<Vec<_>>()
    })?;
    let mut shape = Shape { text, open: Vec::new(), found: Vec::new() };
    shape.term(&term, 0);
    if !shape.found.is_empty() {
        shape.found.dedup();
        return Err(shape.found);
    }
    let prelude = load::parse(include_str!("prelude.jq"), |parser| parser.defs()).unwrap_or_default();
    let arena = Arena::default();
    // Ours stand for theirs that find paths by `path`.
    let theirs = jaq_core::defs().filter(|definition| definition.name != "paths");
    let loader = Loader::new(theirs.chain(prelude));
    let modules = loader.load(&arena, File { code: text, path: () }).map_err(|errors| {
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

/// Looks through a mapping for what is refused.
struct Shape<'t> {
    text: &'t str,
    /// The definitions one is in that take filters: their names and how many arguments they take.
    open: Vec<(&'t str, usize)>,
    found: Vec<Wrong>,
}

impl<'t> Shape<'t> {
    fn term(&mut self, term: &Term<&'t str>, depth: usize) {
        if depth > DEEPEST_TEXT {
            if self.found.last().is_none_or(|last| last != &too_deep(1)) {
                self.found.push(too_deep(1));
            }
            return;
        }
        let depth = depth + 1;
        match term {
            Term::Id | Term::Recurse | Term::Num(_) | Term::Break(_) | Term::Var(_) => {}
            Term::Str(_, parts) => {
                for part in parts {
                    if let StrPart::Term(term) = part {
                        self.term(term, depth);
                    }
                }
            }
            Term::Arr(within) => {
                if let Some(within) = within {
                    self.term(within, depth);
                }
            }
            // An object is the sum of its members, one within the other.
            Term::Obj(members) => {
                for (at, (key, value)) in members.iter().enumerate() {
                    self.term(key, depth + at);
                    if let Some(value) = value {
                        self.term(value, depth + at);
                    }
                }
            }
            Term::Neg(of) | Term::Label(_, of) => self.term(of, depth),
            Term::BinOp(left, op, right) => {
                if let BinaryOp::Pipe(Some(pattern)) = op {
                    self.pattern(pattern, depth);
                }
                self.term(left, depth);
                self.term(right, depth);
            }
            Term::Fold(_, over, pattern, by) => {
                self.term(over, depth);
                self.pattern(pattern, depth);
                by.iter().for_each(|by| self.term(by, depth));
            }
            Term::TryCatch(tried, caught) => {
                self.term(tried, depth);
                if let Some(caught) = caught {
                    self.term(caught, depth);
                }
            }
            Term::IfThenElse(cases, otherwise) => {
                for (at, (condition, then)) in cases.iter().enumerate() {
                    self.term(condition, depth + at);
                    self.term(then, depth + at);
                }
                if let Some(otherwise) = otherwise {
                    self.term(otherwise, depth + cases.len());
                }
            }
            Term::Def(definitions, within) => {
                definitions.iter().for_each(|definition| self.definition(definition, depth));
                self.term(within, depth);
            }
            Term::Call(name, arguments) => {
                if self.open.contains(&(*name, arguments.len())) {
                    let line = line_in(self.text, name);
                    self.found.push(wrong(
                        line,
                        format!(
                            "'{name}' nhận hàm làm tham số nên không được tự gọi lại. Hãy viết 'def' bên trong không có tham số, \
                             như: def {name}(f): def rec: …, rec; rec;"
                        ),
                        format!(
                            "'{name}' takes filters, so it must not call itself. Write one within it that takes none: \
                             def {name}(f): def rec: …, rec; rec;"
                        ),
                    ));
                }
                arguments.iter().for_each(|argument| self.term(argument, depth));
            }
            Term::Path(of, path) => {
                self.term(of, depth);
                for (at, (part, _)) in path.0.iter().enumerate() {
                    match part {
                        Part::Index(index) => self.term(index, depth + at),
                        Part::Range(from, to) => {
                            from.iter().chain(to).for_each(|bound| self.term(bound, depth + at));
                        }
                    }
                }
            }
        }
    }

    fn definition(&mut self, definition: &Def<&'t str>, depth: usize) {
        let takes_filters = definition.args.iter().any(|argument| !argument.starts_with('$'));
        if takes_filters {
            self.open.push((definition.name, definition.args.len()));
        }
        self.term(&definition.body, depth);
        if takes_filters {
            let _ = self.open.pop();
        }
    }

    fn pattern(&mut self, pattern: &Pattern<&'t str>, depth: usize) {
        if depth > DEEPEST_TEXT {
            return self.found.push(too_deep(1));
        }
        match pattern {
            Pattern::Var(_) => {}
            Pattern::Arr(all) => all.iter().for_each(|one| self.pattern(one, depth + 1)),
            Pattern::Obj(all) => {
                for (key, value) in all {
                    self.term(key, depth + 1);
                    self.pattern(value, depth + 1);
                }
            }
        }
    }
}
