//! From text to a formula.

use super::symbolic::{binary, negative};
use super::{FUNCTIONS, Formula, FormulaError, Function, Node, Operator};

/// Longer formulas, and deeper ones, are refused.
const MAX_LENGTH: usize = 1000;
const MAX_DEPTH: usize = 60;
/// The tree of a formula.
///
/// Errors: as those of [`Formula::parse`].
pub(super) fn parse(text: &str) -> Result<Node, FormulaError> {
    let characters: Vec<char> = text.chars().collect();
    if characters.len() > MAX_LENGTH {
        return Err(FormulaError {
            position: MAX_LENGTH + 1,
            found: format!("{} characters", characters.len()),
            expected: format!("at most {MAX_LENGTH}"),
        });
    }
    let mut parser = Parser { characters: &characters, place: 0, depth: 0 };
    let root = parser.sum()?;
    parser.skip_space();
    if parser.place < characters.len() {
        return Err(parser.error("an operator (+ - * / ^) or the end"));
    }
    if !root.has_variable() {
        return Err(FormulaError {
            position: 1,
            found: "a constant".into(),
            expected: "a formula of h: without h no weight could learn".into(),
        });
    }
    Ok(root)
}

struct Parser<'a> {
    characters: &'a [char],
    place: usize,
    depth: usize,
}

impl Parser<'_> {
    fn skip_space(&mut self) {
        while self.characters.get(self.place).is_some_and(|c| c.is_whitespace()) {
            self.place += 1;
        }
    }

    /// The next character that is no space; `−`, `×`, `·` and `÷` as the operators that they are.
    fn peek(&mut self) -> Option<char> {
        self.skip_space();
        self.characters.get(self.place).map(|c| match c {
            '−' | '–' => '-',
            '×' | '·' => '*',
            '÷' => '/',
            c => *c,
        })
    }

    fn take(&mut self, wanted: char) -> bool {
        let there = self.peek() == Some(wanted);
        self.place += usize::from(there);
        there
    }

    fn error(&mut self, expected: &str) -> FormulaError {
        let found = self.peek().map_or("the end".to_owned(), |c| format!("{c:?}"));
        FormulaError { position: self.place + 1, found, expected: expected.to_owned() }
    }

    fn deeper<A>(&mut self, parse: impl FnOnce(&mut Self) -> Result<A, FormulaError>) -> Result<A, FormulaError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error(&format!("at most {MAX_DEPTH} parentheses or signs within each other")));
        }
        let result = parse(self);
        self.depth -= 1;
        result
    }

    fn sum(&mut self) -> Result<Node, FormulaError> {
        let mut node = self.product()?;
        loop {
            if self.take('+') {
                node = binary(Operator::Add, node, self.product()?);
            } else if self.take('-') {
                node = binary(Operator::Subtract, node, self.product()?);
            } else {
                return Ok(node);
            }
        }
    }

    fn product(&mut self) -> Result<Node, FormulaError> {
        let mut node = self.signed()?;
        loop {
            if self.take('*') {
                if self.peek() == Some('*') {
                    return Err(self.error("one *, or ^ for a power"));
                }
                node = binary(Operator::Multiply, node, self.signed()?);
            } else if self.take('/') {
                node = binary(Operator::Divide, node, self.signed()?);
            } else {
                return Ok(node);
            }
        }
    }

    /// −h^2 is −(h^2).
    fn signed(&mut self) -> Result<Node, FormulaError> {
        if self.take('-') {
            return Ok(negative(self.deeper(Self::signed)?));
        }
        if self.take('+') {
            return self.deeper(Self::signed);
        }
        let base = self.atom()?;
        if self.take('^') {
            // From right to left: 2^h^2 is 2^(h^2); and 2^-h is allowed.
            let exponent = self.deeper(Self::signed)?;
            return Ok(binary(Operator::Power, base, exponent));
        }
        Ok(base)
    }

    fn atom(&mut self) -> Result<Node, FormulaError> {
        match self.peek() {
            Some('(') => {
                self.place += 1;
                let node = self.deeper(Self::sum)?;
                if self.take(')') { Ok(node) } else { Err(self.error("an operator or a closing parenthesis")) }
            }
            Some(c) if c.is_ascii_digit() || c == '.' => self.number(),
            Some(c) if c.is_alphabetic() || c == '_' => self.name(),
            _ => Err(self.error("a number, h, a function or an opening parenthesis")),
        }
    }

    fn number(&mut self) -> Result<Node, FormulaError> {
        let start = self.place;
        let digit = |c: Option<&char>| c.is_some_and(char::is_ascii_digit);
        while digit(self.characters.get(self.place)) || self.characters.get(self.place) == Some(&'.') {
            self.place += 1;
        }
        if matches!(self.characters.get(self.place), Some('e' | 'E')) {
            let signed = usize::from(matches!(self.characters.get(self.place + 1), Some('+' | '-')));
            if digit(self.characters.get(self.place + 1 + signed)) {
                self.place += 1 + signed;
                while digit(self.characters.get(self.place)) {
                    self.place += 1;
                }
            }
        }
        let text: String = self.characters[start..self.place].iter().collect();
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Node::Constant(value)),
            _ => {
                let expected = "a finite number such as 2, 0.5 or 1e-3".to_owned();
                Err(FormulaError { position: start + 1, found: format!("{text:?}"), expected })
            }
        }
    }

    fn name(&mut self) -> Result<Node, FormulaError> {
        let start = self.place;
        while self.characters.get(self.place).is_some_and(|c| c.is_alphanumeric() || *c == '_') {
            self.place += 1;
        }
        let name: String = self.characters[start..self.place].iter().collect();
        if let Some(function) = FUNCTIONS.iter().position(|function| function.name == name) {
            return self.call(function);
        }
        match name.as_str() {
            "h" => Ok(Node::Variable),
            "pi" => Ok(Node::Constant(std::f64::consts::PI)),
            "e" => Ok(Node::Constant(std::f64::consts::E)),
            "x" | "z" | "t" => Err(FormulaError {
                position: start + 1,
                found: format!("{name:?}"),
                expected: "h, which is the name of the variable".into(),
            }),
            _ => {
                let functions: Vec<&str> = Formula::functions().collect();
                let expected = format!("h, pi, e, or a function ({})", functions.join(", "));
                Err(FormulaError { position: start + 1, found: format!("{name:?}"), expected })
            }
        }
    }

    fn call(&mut self, function: usize) -> Result<Node, FormulaError> {
        let Function { name, arity, .. } = FUNCTIONS[function];
        if !self.take('(') {
            return Err(self.error(&format!("an opening parenthesis after {name}")));
        }
        let mut arguments = vec![self.deeper(Self::sum)?];
        while self.take(',') {
            arguments.push(self.deeper(Self::sum)?);
        }
        if arguments.len() != arity {
            let found = format!("{} arguments of {name}", arguments.len());
            return Err(FormulaError { position: self.place + 1, found, expected: arity.to_string() });
        }
        if !self.take(')') {
            return Err(self.error("an operator, a comma or a closing parenthesis"));
        }
        Ok(Node::Call(function, arguments))
    }
}
