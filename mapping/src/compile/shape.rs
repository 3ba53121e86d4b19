//! What is refused of a mapping that can be read.

use jaq_core::{
    compile::Undefined,
    load::{
        lex::StrPart,
        parse::{BinaryOp, Def, Pattern, Term},
    },
    path::Part,
};

use super::{ITSELF, SETTLED, Wrong, line_in, too_deep, unknown, wrong};

const DEEPEST_TEXT: usize = 400;

/// Looks through a mapping for what is refused.
pub(super) struct Shape<'t> {
    text: &'t str,
    /// What names mean where one is, the innermost last.
    scope: Vec<Meant<'t>>,
    found: Vec<Wrong>,
}

/// A filter that the mapping defines, or that one of its definitions takes.
struct Meant<'t> {
    name: &'t str,
    arguments: usize,
    /// It takes filters, and one is in it: called here, it would call itself.
    closes_over_itself: bool,
}

impl<'t> Shape<'t> {
    /// All that is wrong with a mapping.
    pub(super) fn wrong_with(text: &'t str, term: &Term<&'t str>) -> Vec<Wrong> {
        let mut shape = Shape { text, scope: Vec::new(), found: Vec::new() };
        shape.term(term, 0);
        shape.found.dedup();
        shape.found
    }

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
                let outside = self.scope.len();
                definitions.iter().for_each(|definition| self.definition(definition, depth));
                self.term(within, depth);
                self.scope.truncate(outside);
            }
            Term::Call(name, arguments) => {
                let is_it = |meant: &&Meant<'_>| meant.name == *name && meant.arguments == arguments.len();
                let meant = self.scope.iter().rev().find(is_it);
                if meant.is_none() && matches!(*name, ITSELF | SETTLED) {
                    self.found.push(unknown(self.text, name, &Undefined::Filter(arguments.len())));
                }
                if meant.is_some_and(|meant| meant.closes_over_itself) {
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
        let taken: Vec<&'t str> =
            definition.args.iter().copied().filter(|taken| !taken.starts_with('$')).collect();
        let (name, arguments) = (definition.name, definition.args.len());
        let outside = self.scope.len();
        let none = |name: &'t str| Meant { name, arguments: 0, closes_over_itself: false };
        self.scope.extend(taken.iter().copied().map(none));
        self.scope.push(Meant { name, arguments, closes_over_itself: !taken.is_empty() });
        self.term(&definition.body, depth);
        self.scope.truncate(outside);
        self.scope.push(Meant { name, arguments, closes_over_itself: false });
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
