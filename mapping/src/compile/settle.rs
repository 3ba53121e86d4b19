//! Puts [`settled`](crate::natives) around what others go on from: every `try`, and what `reduce` and `foreach` do with each
//! element. It gives the same outputs.

use jaq_core::{
    load::{
        lex::StrPart,
        parse::{BinaryOp, Pattern, Term},
    },
    path::Part,
};

use super::SETTLED;

/// The depth of a text is bounded before this goes down into it.
pub(super) fn settle(term: &mut Term<&str>) {
    match term {
        Term::Id | Term::Recurse | Term::Num(_) | Term::Break(_) | Term::Var(_) => {}
        Term::Str(_, parts) => {
            for part in parts {
                if let StrPart::Term(term) = part {
                    settle(term);
                }
            }
        }
        Term::Arr(within) => within.iter_mut().for_each(|within| settle(within)),
        Term::Obj(members) => {
            for (key, value) in members {
                settle(key);
                value.iter_mut().for_each(settle);
            }
        }
        Term::Neg(of) | Term::Label(_, of) => settle(of),
        Term::BinOp(left, op, right) => {
            if let BinaryOp::Pipe(Some(pattern)) = op {
                of_pattern(pattern);
            }
            settle(left);
            settle(right);
        }
        Term::Fold(_, over, pattern, by) => {
            settle(over);
            of_pattern(pattern);
            by.iter_mut().for_each(settle);
            // The start, what is done with each element, and for `foreach` what is told of it.
            if let Some(update) = by.get_mut(1) {
                put_around(update);
            }
        }
        Term::TryCatch(tried, caught) => {
            settle(tried);
            caught.iter_mut().for_each(|caught| settle(caught));
            put_around(term);
        }
        Term::IfThenElse(cases, otherwise) => {
            for (condition, then) in cases {
                settle(condition);
                settle(then);
            }
            otherwise.iter_mut().for_each(|otherwise| settle(otherwise));
        }
        Term::Def(definitions, within) => {
            definitions.iter_mut().for_each(|definition| settle(&mut definition.body));
            settle(within);
        }
        Term::Call(_, arguments) => arguments.iter_mut().for_each(settle),
        Term::Path(of, path) => {
            settle(of);
            for (part, _) in &mut path.0 {
                match part {
                    Part::Index(index) => settle(index),
                    Part::Range(from, to) => from.iter_mut().chain(to).for_each(settle),
                }
            }
        }
    }
}

fn of_pattern(pattern: &mut Pattern<&str>) {
    match pattern {
        Pattern::Var(_) => {}
        Pattern::Arr(all) => all.iter_mut().for_each(of_pattern),
        Pattern::Obj(all) => {
            for (key, value) in all {
                settle(key);
                of_pattern(value);
            }
        }
    }
}

fn put_around(term: &mut Term<&str>) {
    let within = std::mem::take(term);
    *term = Term::Call(SETTLED, vec![within]);
}
