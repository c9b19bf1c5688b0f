//! f as operations on one number, the same for every form.
//!
//! A [`Function`] is a list of operations, each on results of earlier ones; equal operations are there once. The operands are
//! numbered by their places in the list, and place 0 is h.

use deltarule_core::{Activation, FormulaPart};
use deltarule_model::{Model, Target};

use crate::error::{ExportError, Result};
use crate::{Form, lower};

/// The place of an operation in its function.
pub(crate) type Place = usize;

/// One operation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Operation {
    /// h.
    NetInput,
    Constant(f64),
    Unary(Unary, Place),
    Binary(Binary, Place, Place),
    /// `then` where the test of the two holds, else `otherwise`; a test with NaN does not hold.
    Choose {
        test: Test,
        of: (Place, Place),
        then: Place,
        otherwise: Place,
    },
}

macro_rules! unary {
    ($($name:ident $text:literal),* $(,)?) => {
        /// A function of one number.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Unary {
            $($name),*
        }

        impl Unary {
            /// The name in formulas.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Unary::$name => $text),*
                }
            }

            /// The function with a name in formulas.
            fn named(name: &str) -> Option<Self> {
                [$(Unary::$name),*].into_iter().find(|function| function.name() == name)
            }
        }
    };
}

unary! {
    Negative "-", Abs "abs", Acos "acos", Acosh "acosh", Asin "asin", Asinh "asinh", Atan "atan", Atanh "atanh", Cos "cos",
    Cosh "cosh", Erf "erf", Erfc "erfc", Exp "exp", Expm1 "expm1", Ln "ln", Log1p "log1p", Relu "relu", Sigmoid "sigmoid",
    Sign "sign", Sin "sin", Sinh "sinh", Softplus "softplus", Sqrt "sqrt", Tan "tan", Tanh "tanh",
}

/// An operation on two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Test {
    Greater,
    AtLeast,
    Equal,
}

/// Operations on h; the last is the result.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Function {
    pub(crate) operations: Vec<Operation>,
    pub(crate) result: Place,
}

impl Function {
    /// How often each operation is an operand; the result counts as one more use.
    pub(crate) fn uses(&self) -> Vec<usize> {
        let mut uses = vec![0; self.operations.len()];
        uses[self.result] += 1;
        // Operands come before what they are used in, so that what is not needed is known on the way down.
        for place in (0..self.operations.len()).rev() {
            if uses[place] > 0 {
                self.operations[place].operands().for_each(|operand| uses[operand] += 1);
            }
        }
        uses
    }

    /// Whether a missing h could give a number: every operation gives NaN of NaN but the choice.
    pub(crate) fn hides_missing(&self) -> bool {
        self.operations.iter().any(|operation| matches!(operation, Operation::Choose { .. }))
    }
}

impl Operation {
    /// The operations that it needs the results of.
    pub(crate) fn operands(self) -> impl Iterator<Item = Place> {
        let operands = match self {
            Operation::NetInput | Operation::Constant(_) => [None; 4],
            Operation::Unary(_, a) => [Some(a), None, None, None],
            Operation::Binary(_, a, b) => [Some(a), Some(b), None, None],
            Operation::Choose { of: (a, b), then, otherwise, .. } => [Some(a), Some(b), Some(then), Some(otherwise)],
        };
        operands.into_iter().flatten()
    }
}

/// Puts a function together for one form: what the form does not have is replaced.
pub(crate) struct Builder {
    form: Form,
    operations: Vec<Operation>,
    /// Whether the smallest results count in relation to each other, as those of several classes do.
    pub(crate) keeps_tails: bool,
    /// The first function that could not be replaced.
    lacks: Option<&'static str>,
}

impl Builder {
    fn new(form: Form, keeps_tails: bool) -> Self {
        Self { form, operations: vec![Operation::NetInput], keeps_tails, lacks: None }
    }

    fn place(&mut self, operation: Operation) -> Place {
        let same = |known: &Operation| match (known, &operation) {
            // 0 and −0 are equal and not the same.
            (Operation::Constant(a), Operation::Constant(b)) => a.to_bits() == b.to_bits(),
            (a, b) => a == b,
        };
        self.operations.iter().position(same).unwrap_or_else(|| {
            self.operations.push(operation);
            self.operations.len() - 1
        })
    }

    pub(crate) fn constant(&mut self, value: f64) -> Place {
        self.place(Operation::Constant(value))
    }

    pub(crate) fn unary(&mut self, function: Unary, a: Place) -> Place {
        if lower::has(self.form, function) {
            return self.place(Operation::Unary(function, a));
        }
        lower::replace(self, function, a).unwrap_or_else(|| {
            self.lacks.get_or_insert(function.name());
            a
        })
    }

    pub(crate) fn binary(&mut self, operator: Binary, a: Place, b: Place) -> Place {
        self.place(Operation::Binary(operator, a, b))
    }

    /// `value operator a`.
    pub(crate) fn constant_with(&mut self, value: f64, operator: Binary, a: Place) -> Place {
        let value = self.constant(value);
        self.binary(operator, value, a)
    }

    /// `a operator value`.
    pub(crate) fn with_constant(&mut self, a: Place, operator: Binary, value: f64) -> Place {
        let value = self.constant(value);
        self.binary(operator, a, value)
    }

    pub(crate) fn choose(&mut self, test: Test, of: (Place, Place), then: Place, otherwise: Place) -> Place {
        self.place(Operation::Choose { test, of, then, otherwise })
    }

    /// The larger of two, and with `Test::Greater` the other way round the smaller; of a number and NaN the number.
    fn extreme(&mut self, of: (Place, Place), a: Place, b: Place) -> Place {
        let rest = self.choose(Test::Equal, (b, b), b, a);
        self.choose(Test::Greater, of, a, rest)
    }

    fn activation(&mut self, activation: &Activation, h: Place) -> Result<Place> {
        Ok(match activation {
            Activation::Identity => h,
            Activation::Sigmoid => self.unary(Unary::Sigmoid, h),
            Activation::Tanh => self.unary(Unary::Tanh, h),
            Activation::Relu => self.unary(Unary::Relu, h),
            Activation::LeakyRelu => {
                let (zero, leak) = (self.constant(0.0), self.constant_with(0.01, Binary::Multiply, h));
                self.choose(Test::Greater, (h, zero), h, leak)
            }
            Activation::Elu => {
                let (zero, below) = (self.constant(0.0), self.unary(Unary::Expm1, h));
                self.choose(Test::Greater, (h, zero), h, below)
            }
            Activation::Softplus => self.unary(Unary::Softplus, h),
            Activation::Softsign => {
                let size = self.unary(Unary::Abs, h);
                let below = self.constant_with(1.0, Binary::Add, size);
                self.binary(Binary::Divide, h, below)
            }
            Activation::Gelu => {
                let scaled = self.constant_with(-std::f64::consts::FRAC_1_SQRT_2, Binary::Multiply, h);
                let tail = self.unary(Unary::Erfc, scaled);
                let cdf = self.constant_with(0.5, Binary::Multiply, tail);
                self.binary(Binary::Multiply, h, cdf)
            }
            Activation::Silu => {
                let share = self.unary(Unary::Sigmoid, h);
                self.binary(Binary::Multiply, h, share)
            }
            // Of a softmax the forms take the largest h from all, and divide by the sum.
            Activation::Exp | Activation::Softmax => self.unary(Unary::Exp, h),
            Activation::Step => {
                let (zero, one) = (self.constant(0.0), self.constant(1.0));
                self.choose(Test::AtLeast, (h, zero), one, zero)
            }
            Activation::Formula(formula) => {
                formula.fold(&mut |part, operands: Vec<Place>| self.part(part, &operands, h))
            }
            _ => return Err(ExportError::Activation { form: self.form, activation: activation.to_string() }),
        })
    }

    fn part(&mut self, part: FormulaPart, operands: &[Place], h: Place) -> Place {
        match (part, operands) {
            (FormulaPart::Constant(value), _) => self.constant(value),
            (FormulaPart::Negative, &[a]) => self.unary(Unary::Negative, a),
            (FormulaPart::Add, &[a, b]) => self.binary(Binary::Add, a, b),
            (FormulaPart::Subtract, &[a, b]) => self.binary(Binary::Subtract, a, b),
            (FormulaPart::Multiply, &[a, b]) => self.binary(Binary::Multiply, a, b),
            (FormulaPart::Divide, &[a, b]) => self.binary(Binary::Divide, a, b),
            (FormulaPart::Power, &[a, b]) => self.binary(Binary::Power, a, b),
            (FormulaPart::Function("max"), &[a, b]) => self.extreme((a, b), a, b),
            (FormulaPart::Function("min"), &[a, b]) => self.extreme((b, a), a, b),
            (FormulaPart::Function("log"), &[a]) => self.unary(Unary::Ln, a),
            (FormulaPart::Function(name), &[a]) => match Unary::named(name) {
                Some(function) => self.unary(function, a),
                None => self.unknown(name, h),
            },
            (FormulaPart::Function(name), _) => self.unknown(name, h),
            _ => h,
        }
    }

    /// A function of formulas that is not known here is refused in the end.
    fn unknown(&mut self, name: &'static str, h: Place) -> Place {
        self.lacks.get_or_insert(name);
        h
    }

    /// What makes the share of a class of an output: (y − low)/(high − low), within [0, 1].
    fn share(&mut self, activation: &Activation, y: Place, low: f64, high: f64) -> Place {
        let mut share = y;
        if low != 0.0 {
            share = self.with_constant(share, Binary::Subtract, low);
        }
        if high - low != 1.0 {
            share = self.with_constant(share, Binary::Divide, high - low);
        }
        let range = activation.range();
        if range.0 >= low && range.1 <= high {
            return share;
        }
        let (zero, one) = (self.constant(0.0), self.constant(1.0));
        let above = self.choose(Test::Greater, (share, one), one, share);
        self.choose(Test::Greater, (zero, share), zero, above)
    }
}

/// What is made of each h: f(h), and for classes the share of one, which is the second class's probability where there are two.
///
/// Errors: a function that the form neither has nor can have replaced.
pub(crate) fn of(model: &Model, form: Form) -> Result<Function> {
    let activation = model.layer().activation();
    let keeps_tails = matches!(model.encoding().target, Target::Classes { .. });
    let mut builder = Builder::new(form, keeps_tails);
    let y = builder.activation(activation, 0)?;
    let result = match model.encoding().target {
        Target::Numbers { .. } => y,
        Target::TwoClasses { low, high, .. } | Target::Classes { low, high, .. } => {
            builder.share(activation, y, low, high)
        }
    };
    match builder.lacks {
        None => Ok(Function { operations: builder.operations, result }),
        Some(function) => Err(ExportError::Function { form, activation: activation.to_string(), function }),
    }
}
