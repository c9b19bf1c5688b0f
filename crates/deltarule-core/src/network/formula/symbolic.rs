//! Derivatives as formulas, and formulas as text.

use std::fmt;
use std::fmt::Write as _;

use super::{FUNCTIONS, Formula, Node, Operator};

impl Node {
    /// The derivative by h as a tree; `None` where a function has none.
    pub(super) fn derivative(&self) -> Option<Node> {
        Some(match self {
            Node::Variable => Node::Constant(1.0),
            Node::Constant(_) => Node::Constant(0.0),
            Node::Negative(a) => negative(a.derivative()?),
            Node::Binary(operator, a, b) => {
                let (da, db) = (a.derivative()?, b.derivative()?);
                let (a, b) = ((**a).clone(), (**b).clone());
                match operator {
                    Operator::Add => add(da, db),
                    Operator::Subtract => subtract(da, db),
                    Operator::Multiply => add(multiply(da, b.clone()), multiply(a, db)),
                    Operator::Divide if is(&db, 0.0) => divide(da, b),
                    Operator::Divide => {
                        let top = subtract(multiply(da, b.clone()), multiply(a, db));
                        divide(top, raise(b, Node::Constant(2.0)))
                    }
                    Operator::Power if is(&db, 0.0) => {
                        let slope = multiply(b.clone(), raise(a, subtract(b, Node::Constant(1.0))));
                        multiply(slope, da)
                    }
                    Operator::Power => {
                        let value = raise(a.clone(), b.clone());
                        let ln = Node::Call(FUNCTIONS.iter().position(|f| f.name == "ln")?, vec![a.clone()]);
                        let inner = add(multiply(db, ln), divide(multiply(b, da), a));
                        multiply(value, inner)
                    }
                }
            }
            Node::Call(function, arguments) => {
                let inner = arguments[0].derivative()?;
                if is(&inner, 0.0) && arguments.len() == 1 {
                    return Some(inner);
                }
                let text = FUNCTIONS[*function].text;
                if text == "0" {
                    return Some(Node::Constant(0.0));
                }
                let outer = Formula::parse(text).ok()?.root.with_variable(&arguments[0]);
                multiply(outer, inner)
            }
        })
    }

    /// The tree with every h replaced.
    fn with_variable(&self, value: &Node) -> Node {
        match self {
            Node::Variable => value.clone(),
            Node::Constant(constant) => Node::Constant(*constant),
            Node::Negative(a) => negative(a.with_variable(value)),
            Node::Binary(operator, a, b) => {
                Node::Binary(*operator, Box::new(a.with_variable(value)), Box::new(b.with_variable(value)))
            }
            Node::Call(function, arguments) => {
                Node::Call(*function, arguments.iter().map(|a| a.with_variable(value)).collect())
            }
        }
    }

    /// How tightly the outermost operation binds.
    fn strength(&self) -> u8 {
        match self {
            Node::Binary(Operator::Add | Operator::Subtract, ..) => 1,
            Node::Binary(Operator::Multiply | Operator::Divide, ..) => 2,
            Node::Negative(_) => 3,
            Node::Constant(value) if value.is_sign_negative() => 3,
            Node::Binary(Operator::Power, ..) => 4,
            _ => 5,
        }
    }
}

fn is(node: &Node, value: f64) -> bool {
    matches!(node, Node::Constant(constant) if *constant == value)
}

/// The operation, folded where both sides are constants.
pub(super) fn binary(operator: Operator, a: Node, b: Node) -> Node {
    let node = Node::Binary(operator, Box::new(a), Box::new(b));
    match &node {
        Node::Binary(_, a, b) if matches!((&**a, &**b), (Node::Constant(_), Node::Constant(_))) => {
            let folded = node.dual(0.0).0;
            if folded.is_finite() { Node::Constant(folded) } else { node }
        }
        _ => node,
    }
}

pub(super) fn negative(a: Node) -> Node {
    match a {
        Node::Constant(value) => Node::Constant(-value),
        Node::Negative(a) => *a,
        a => Node::Negative(Box::new(a)),
    }
}

fn add(a: Node, b: Node) -> Node {
    match (a, b) {
        (a, b) if is(&a, 0.0) => b,
        (a, b) if is(&b, 0.0) => a,
        (a, Node::Negative(b)) => subtract(a, *b),
        (a, b) => binary(Operator::Add, a, b),
    }
}

fn subtract(a: Node, b: Node) -> Node {
    match (a, b) {
        (a, b) if is(&b, 0.0) => a,
        (a, b) if is(&a, 0.0) => negative(b),
        (a, Node::Negative(b)) => add(a, *b),
        (a, b) => binary(Operator::Subtract, a, b),
    }
}

fn multiply(a: Node, b: Node) -> Node {
    match (a, b) {
        (a, b) if is(&a, 0.0) || is(&b, 0.0) => Node::Constant(0.0),
        (a, b) if is(&a, 1.0) => b,
        (a, b) if is(&b, 1.0) => a,
        (Node::Negative(a), b) => negative(multiply(*a, b)),
        (a, Node::Negative(b)) => negative(multiply(a, *b)),
        (a, Node::Constant(value)) if !matches!(a, Node::Constant(_)) => multiply(Node::Constant(value), a),
        (Node::Constant(value), b) if value < 0.0 && !matches!(b, Node::Constant(_)) => {
            negative(multiply(Node::Constant(-value), b))
        }
        (a, b) => binary(Operator::Multiply, a, b),
    }
}

fn divide(a: Node, b: Node) -> Node {
    match (a, b) {
        (a, b) if is(&b, 1.0) => a,
        (a, _) if is(&a, 0.0) => Node::Constant(0.0),
        (Node::Negative(a), b) => negative(divide(*a, b)),
        (a, b) => binary(Operator::Divide, a, b),
    }
}

fn raise(a: Node, b: Node) -> Node {
    if is(&b, 1.0) { a } else { binary(Operator::Power, a, b) }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |f: &mut fmt::Formatter<'_>, node: &Node, least: u8| {
            if node.strength() < least { write!(f, "({node})") } else { write!(f, "{node}") }
        };
        match self {
            Node::Variable => f.write_char('h'),
            Node::Constant(value) => write!(f, "{value}"),
            Node::Negative(a) => {
                f.write_char('-')?;
                part(f, a, 3)
            }
            Node::Binary(operator, a, b) => {
                let (sign, left, right) = match operator {
                    Operator::Add => (" + ", 1, 1),
                    Operator::Subtract => (" - ", 1, 2),
                    Operator::Multiply => (" * ", 2, 3),
                    Operator::Divide => (" / ", 2, 3),
                    Operator::Power => ("^", 5, 4),
                };
                part(f, a, left)?;
                f.write_str(sign)?;
                part(f, b, right)
            }
            Node::Call(function, arguments) => {
                write!(f, "{}(", FUNCTIONS[*function].name)?;
                for (index, argument) in arguments.iter().enumerate() {
                    write!(f, "{}{argument}", if index > 0 { ", " } else { "" })?;
                }
                f.write_char(')')
            }
        }
    }
}
