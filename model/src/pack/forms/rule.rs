//! The rules of checks: `X02 <= X01`, `ratio = online / received * 100`.
//!
//! `*` and `/` come before `+` and `-`, those of a kind from the left. Names are of indicators; whether the form has them is
//! not asked here.

use std::{iter::Peekable, str::Chars};

use rust_decimal::Decimal;

use crate::form::{Relation, Term};

/// Longer rules are no rules. Bytes, and with it how deep parentheses go.
const RULE_MAX: usize = 400;
const DEPTH_MAX: usize = 16;

/// Both sides of a rule; the error says what is wrong and what would be right.
pub(super) fn parse(text: &str) -> Result<(Term, Relation, Term), String> {
    if text.len() > RULE_MAX {
        return Err(format!("a rule has at most {RULE_MAX} bytes"));
    }
    let mut rule = Rule { left: tokens(text)?.into_iter().peekable(), depth: 0 };
    let left = rule.sum()?;
    let relation = match rule.left.next() {
        Some(Token::Relation(relation)) => relation,
        Some(other) => return Err(format!("'{other}' stands where =, <= or >= is due")),
        None => return Err("it has no =, <= or >=, as in X02 <= X01".to_owned()),
    };
    let right = rule.sum()?;
    match rule.left.next() {
        None => Ok((left, relation, right)),
        Some(other) => Err(format!("'{other}' stands behind its end")),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Number(Decimal),
    Name(String),
    Relation(Relation),
    /// `+`, `-`, `*`, `/`, `(`, `)`
    Sign(char),
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Token::Number(number) => number.fmt(f),
            Token::Name(name) => name.fmt(f),
            Token::Relation(Relation::Equal) => f.write_str("="),
            Token::Relation(Relation::AtMost) => f.write_str("<="),
            Token::Relation(Relation::AtLeast) => f.write_str(">="),
            Token::Sign(sign) => sign.fmt(f),
        }
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut left = text.chars().peekable();
    while let Some(first) = left.next() {
        let token = match first {
            _ if first.is_whitespace() => continue,
            '+' | '-' | '*' | '/' | '(' | ')' => Token::Sign(first),
            '=' => Token::Relation(Relation::Equal),
            '<' if left.next_if_eq(&'=').is_some() => Token::Relation(Relation::AtMost),
            '>' if left.next_if_eq(&'=').is_some() => Token::Relation(Relation::AtLeast),
            '0'..='9' => {
                let written = run(first, &mut left, |c| c.is_ascii_digit() || c == '.');
                let number = Decimal::from_str_exact(&written);
                Token::Number(number.map_err(|_| format!("'{written}' is not a number such as 0.5"))?)
            }
            _ if first.is_ascii_alphabetic() => {
                Token::Name(run(first, &mut left, |c| c.is_ascii_alphanumeric() || c == '_'))
            }
            other => {
                return Err(format!(
                    "'{other}' is not =, <=, >=, +, -, *, /, a parenthesis, a number or a name"
                ));
            }
        };
        tokens.push(token);
    }
    Ok(tokens)
}

fn run(first: char, left: &mut Peekable<Chars<'_>>, goes_on: impl Fn(char) -> bool) -> String {
    let mut run = String::from(first);
    while let Some(next) = left.next_if(|next| goes_on(*next)) {
        run.push(next);
    }
    run
}

struct Rule {
    left: Peekable<std::vec::IntoIter<Token>>,
    depth: usize,
}

impl Rule {
    fn sign(&mut self, signs: [char; 2]) -> Option<char> {
        let is_one = |token: &Token| matches!(token, Token::Sign(sign) if signs.contains(sign));
        match self.left.next_if(is_one) {
            Some(Token::Sign(sign)) => Some(sign),
            _ => None,
        }
    }

    fn sum(&mut self) -> Result<Term, String> {
        let mut term = self.product()?;
        while let Some(sign) = self.sign(['+', '-']) {
            let other = Box::new(self.product()?);
            let made = if sign == '+' { Term::Sum } else { Term::Difference };
            term = made(Box::new(term), other);
        }
        Ok(term)
    }

    fn product(&mut self) -> Result<Term, String> {
        let mut term = self.atom()?;
        while let Some(sign) = self.sign(['*', '/']) {
            let other = Box::new(self.atom()?);
            let made = if sign == '*' { Term::Product } else { Term::Quotient };
            term = made(Box::new(term), other);
        }
        Ok(term)
    }

    fn atom(&mut self) -> Result<Term, String> {
        match self.left.next() {
            Some(Token::Number(number)) => Ok(Term::Number(number)),
            Some(Token::Name(name)) => Ok(Term::Indicator(name)),
            Some(Token::Sign('(')) => {
                self.depth += 1;
                if self.depth > DEPTH_MAX {
                    return Err(format!("its parentheses go deeper than {DEPTH_MAX}"));
                }
                let term = self.sum()?;
                self.depth -= 1;
                match self.left.next() {
                    Some(Token::Sign(')')) => Ok(term),
                    _ => Err("a parenthesis is not closed".to_owned()),
                }
            }
            Some(other) => Err(format!("'{other}' stands where an indicator or a number is due")),
            None => Err("it ends where an indicator or a number is due".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::form::Check;

    fn holds(text: &str, values: &[(&str, &str)], within: &str) -> Option<bool> {
        let (left, relation, right) = parse(text).unwrap_or_else(|fault| panic!("{text}: {fault}"));
        let number = |text: &str| Decimal::from_str_exact(text).unwrap();
        let check = Check {
            text: text.to_owned(),
            left,
            relation,
            right,
            within: number(within),
            weight: crate::form::Weight::Error,
            says: None,
        };
        check.holds(&|id| values.iter().find(|(of, _)| *of == id).map(|(_, value)| number(value)))
    }

    #[test]
    fn a_rule_holds_or_not_as_arithmetic_says() {
        let known = [("a", "10"), ("b", "4"), ("c", "2"), ("zero", "0"), ("X_1", "0.1")];
        for (text, within, expected) in [
            ("b <= a", "0", Some(true)),
            ("a<=b", "0", Some(false)),
            ("a >= b", "0", Some(true)),
            ("a = b + c * 3", "0", Some(true)),
            ("a = (b + c) * 3", "0", Some(false)),
            ("a - b - c = 4", "0", Some(true)),
            ("a / b / c = 1.25", "0", Some(true)),
            ("c = b / a * 100 / 20", "0", Some(true)),
            ("a = 10.4", "0.5", Some(true)),
            ("X_1 * 3 = 0.3", "0", Some(true)),
            ("a = b / zero", "0", None),
            ("a = unknown", "0", None),
        ] {
            assert_eq!(holds(text, &known, within), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_rule_says_why() {
        for (text, expected) in [
            ("", "it ends where"),
            ("a", "it has no ="),
            ("a =", "it ends where"),
            ("a < b", "'<' is not"),
            ("a = b = c", "'=' stands behind its end"),
            ("a = (b", "a parenthesis is not closed"),
            ("a = b)", "')' stands behind its end"),
            ("a + = b", "'=' stands where an indicator"),
            ("a b = c", "'b' stands where =, <= or >= is due"),
            ("a = 1.2.3", "'1.2.3' is not a number"),
            ("a = đ", "'đ' is not"),
        ] {
            let fault = parse(text).unwrap_err();
            assert!(fault.starts_with(expected), "{text}: {fault}");
        }
        assert!(parse(&format!("a = {}b", "(".repeat(17))).unwrap_err().starts_with("its parentheses"));
        assert!(parse(&"a".repeat(401)).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_a_rule_or_says_why(text in "[a-b0-9.()+*/<>= -]{0,24}") {
            match parse(&text) {
                Ok((left, _, right)) => {
                    let mut names = 0;
                    left.each_indicator(&mut |_| names += 1);
                    right.each_indicator(&mut |_| names += 1);
                    prop_assert!(names <= text.len());
                }
                Err(fault) => prop_assert!(!fault.is_empty()),
            }
        }
    }
}
