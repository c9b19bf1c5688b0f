//! From the text of a condition to its parts.
//!
//! condition  = both { or both }
//! both       = one { and one }
//! one        = not one | ( condition ) | column test
//! test       = comparison literal | is [not] null | [not] in ( literal { , literal } )

use std::str::FromStr;

use super::{Comparison, Condition, Expression, Literal};
use crate::error::{DataError, Result};

/// How deep parentheses and `not` may be nested.
const DEEPEST: usize = 100;

#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// A name without quotes, or a keyword.
    Word(String),
    /// A name in double quotes or backticks.
    Name(String),
    Text(String),
    Number(f64),
    Comparison(Comparison),
    Open,
    Close,
    Comma,
}

/// A token, the character at which it begins, from 0, and how it is written.
struct Placed {
    token: Token,
    at: usize,
    text: String,
}

impl FromStr for Condition {
    type Err = DataError;

    /// Errors: it is no condition, with the character at which it ceases to be one.
    fn from_str(text: &str) -> Result<Self> {
        let mut parser = Parser { text, tokens: tokens(text)?, next: 0, columns: Vec::new(), depth: 0 };
        let root = parser.condition()?;
        if parser.next < parser.tokens.len() {
            return Err(parser.wrong("and, or, or the end"));
        }
        Ok(Condition { text: text.to_owned(), columns: parser.columns, root })
    }
}

fn error(text: &str, at: usize, found: String, expected: &str) -> DataError {
    DataError::Condition { text: text.to_owned(), place: at + 1, found, expected: expected.to_owned() }
}

fn tokens(text: &str) -> Result<Vec<Placed>> {
    let characters: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&first) = characters.get(at) {
        let begin = at;
        at += 1;
        let second = characters.get(at).copied();
        let token = match first {
            c if c.is_whitespace() => continue,
            '(' => Token::Open,
            ')' => Token::Close,
            ',' => Token::Comma,
            '=' | '!' | '<' | '>' => {
                let (comparison, length) = match (first, second) {
                    ('=', Some('=')) => (Comparison::Equal, 2),
                    ('!', Some('=')) | ('<', Some('>')) => (Comparison::Unequal, 2),
                    ('<', Some('=')) => (Comparison::AtMost, 2),
                    ('>', Some('=')) => (Comparison::AtLeast, 2),
                    ('=', _) => (Comparison::Equal, 1),
                    ('<', _) => (Comparison::Less, 1),
                    ('>', _) => (Comparison::More, 1),
                    _ => return Err(error(text, begin, "\"!\"".to_owned(), "!= or not")),
                };
                at = begin + length;
                Token::Comparison(comparison)
            }
            '\'' | '"' | '`' => {
                let Some((inner, end)) = quoted(&characters, begin) else {
                    let what = if first == '\'' { "the text ends: '" } else { "the name ends: " };
                    let expected = if first == '\'' { what.to_owned() } else { format!("{what}{first}") };
                    return Err(error(
                        text,
                        characters.len(),
                        "the end".to_owned(),
                        &format!("a quote where {expected}"),
                    ));
                };
                at = end;
                if first == '\'' { Token::Text(inner) } else { Token::Name(inner) }
            }
            c if c.is_ascii_digit() || (matches!(c, '-' | '+' | '.') && starts_number(&characters[at..])) => {
                while characters.get(at).is_some_and(|&c| is_of_number(c, characters[at - 1])) {
                    at += 1;
                }
                let written: String = characters[begin..at].iter().collect();
                match written.strip_prefix('+').unwrap_or(&written).parse::<f64>() {
                    Ok(number) if number.is_finite() => Token::Number(number),
                    _ => return Err(error(text, begin, format!("{written:?}"), "a number such as 2.5 or -1e3")),
                }
            }
            c if c.is_alphabetic() || c == '_' => {
                while characters.get(at).is_some_and(|&c| is_of_word(c, characters.get(at + 1).copied())) {
                    at += 1;
                }
                Token::Word(characters[begin..at].iter().collect())
            }
            c => {
                let expected = "a column, a comparison, a number, or a text in single quotes";
                return Err(error(text, begin, format!("{:?}", c.to_string()), expected));
            }
        };
        tokens.push(Placed { token, at: begin, text: characters[begin..at].iter().collect() });
    }
    Ok(tokens)
}

/// What stands in quotes, doubled ones made single, and where it ends.
fn quoted(characters: &[char], begin: usize) -> Option<(String, usize)> {
    let quote = characters[begin];
    let (mut inner, mut at) = (String::new(), begin + 1);
    loop {
        match (characters.get(at)?, characters.get(at + 1)) {
            (c, Some(next)) if *c == quote && *next == quote => {
                inner.push(quote);
                at += 2;
            }
            (c, _) if *c == quote => return Some((inner, at + 1)),
            (c, _) => {
                inner.push(*c);
                at += 1;
            }
        }
    }
}

fn starts_number(rest: &[char]) -> bool {
    match rest {
        ['.', digit, ..] | [digit, ..] => digit.is_ascii_digit(),
        [] => false,
    }
}

fn is_of_number(c: char, before: char) -> bool {
    c.is_alphanumeric() || c == '.' || c == '_' || (matches!(c, '+' | '-') && matches!(before, 'e' | 'E'))
}

/// A name may have points, and lines within.
fn is_of_word(c: char, next: Option<char>) -> bool {
    c.is_alphanumeric() || c == '_' || (matches!(c, '.' | '-') && next.is_some_and(char::is_alphanumeric))
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Placed>,
    next: usize,
    columns: Vec<String>,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|placed| &placed.token)
    }

    /// Takes a keyword, if it is the next.
    fn takes(&mut self, keyword: &str) -> bool {
        let is_next = matches!(self.peek(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(keyword));
        self.next += usize::from(is_next);
        is_next
    }

    fn takes_token(&mut self, token: &Token) -> bool {
        let is_next = self.peek() == Some(token);
        self.next += usize::from(is_next);
        is_next
    }

    fn wrong(&self, expected: &str) -> DataError {
        match self.tokens.get(self.next) {
            Some(placed) => error(self.text, placed.at, format!("{:?}", placed.text), expected),
            None => error(self.text, self.text.chars().count(), "the end".to_owned(), expected),
        }
    }

    fn condition(&mut self) -> Result<Expression> {
        let mut parts = vec![self.both()?];
        while self.takes("or") {
            parts.push(self.both()?);
        }
        Ok(one_or(parts, Expression::Or))
    }

    fn both(&mut self) -> Result<Expression> {
        let mut parts = vec![self.one()?];
        while self.takes("and") {
            parts.push(self.one()?);
        }
        Ok(one_or(parts, Expression::And))
    }

    fn one(&mut self) -> Result<Expression> {
        if self.depth == DEEPEST {
            return Err(self.wrong(&format!("parentheses nested at most {DEEPEST} deep")));
        }
        self.depth += 1;
        let one = if self.takes("not") {
            Expression::Not(Box::new(self.one()?))
        } else if self.takes_token(&Token::Open) {
            let inner = self.condition()?;
            if !self.takes_token(&Token::Close) {
                return Err(self.wrong("and, or, or )"));
            }
            inner
        } else {
            let column = self.column()?;
            self.test(column)?
        };
        self.depth -= 1;
        Ok(one)
    }

    fn column(&mut self) -> Result<usize> {
        const EXPECTED: &str = "the name of a column, in double quotes where it is more than a word";
        let name = match self.peek() {
            Some(Token::Word(word)) if !is_keyword(word) => word.clone(),
            Some(Token::Name(name)) => name.clone(),
            _ => return Err(self.wrong(EXPECTED)),
        };
        self.next += 1;
        Ok(self.columns.iter().position(|known| *known == name).unwrap_or_else(|| {
            self.columns.push(name);
            self.columns.len() - 1
        }))
    }

    fn test(&mut self, column: usize) -> Result<Expression> {
        const EXPECTED: &str = "a comparison (= != < <= > >=), is null, or in (…)";
        if let Some(&Token::Comparison(comparison)) = self.peek() {
            self.next += 1;
            if matches!(self.peek(), Some(Token::Word(word)) if word.eq_ignore_ascii_case("null")) {
                return Err(self.wrong("a value; for missing ones: is null, is not null"));
            }
            let place = self.next;
            let with = self.literal()?;
            if matches!(with, Literal::Truth(_)) && !comparison.is_of_equality() {
                self.next = place;
                return Err(self.wrong("a number or a text: true and false have no order"));
            }
            return Ok(Expression::Compare { column, comparison, with });
        }
        if self.takes("is") {
            let not = self.takes("not");
            if !self.takes("null") {
                return Err(self.wrong(if not { "null" } else { "null, or not null" }));
            }
            return Ok(negated(not, Expression::IsNull { column }));
        }
        let not = self.takes("not");
        if !self.takes("in") {
            return Err(self.wrong(if not { "in (…)" } else { EXPECTED }));
        }
        if !self.takes_token(&Token::Open) {
            return Err(self.wrong("( and a list of values"));
        }
        let mut list = vec![self.literal()?];
        while self.takes_token(&Token::Comma) {
            list.push(self.literal()?);
        }
        if !self.takes_token(&Token::Close) {
            return Err(self.wrong(", or )"));
        }
        Ok(negated(not, Expression::In { column, list }))
    }

    fn literal(&mut self) -> Result<Literal> {
        let literal = match self.peek() {
            Some(Token::Number(number)) => Literal::Number(*number),
            Some(Token::Text(text)) => Literal::Text(text.clone()),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("true") => Literal::Truth(true),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("false") => Literal::Truth(false),
            _ => return Err(self.wrong("a number, true, false, or a text in single quotes, as in 'Ulm'")),
        };
        self.next += 1;
        Ok(literal)
    }
}

fn is_keyword(word: &str) -> bool {
    ["and", "or", "not", "in", "is", "null", "true", "false"].iter().any(|keyword| word.eq_ignore_ascii_case(keyword))
}

fn negated(not: bool, expression: Expression) -> Expression {
    if not { Expression::Not(Box::new(expression)) } else { expression }
}

fn one_or(mut parts: Vec<Expression>, all: impl FnOnce(Vec<Expression>) -> Expression) -> Expression {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            all(parts)
        }
    }
}
