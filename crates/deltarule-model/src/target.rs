//! What the outputs of a network stand for.

/// What the classes of a target are where they come from; in a model they go by their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClassType {
    /// Numbers.
    Number,
    /// Truth values.
    Boolean,
    /// Texts, those that look like numbers among them.
    Text,
}

impl ClassType {
    /// All of them.
    pub const ALL: [Self; 3] = [ClassType::Number, ClassType::Boolean, ClassType::Text];

    /// The word for it in a model file.
    pub fn name(self) -> &'static str {
        match self {
            ClassType::Number => "number",
            ClassType::Boolean => "boolean",
            ClassType::Text => "text",
        }
    }
}

/// What a network's outputs stand for.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// Numbers, one output each.
    Numbers {
        /// The target columns.
        names: Vec<String>,
        /// Their means over the training records: the best constant predictions.
        means: Vec<f64>,
    },
    /// Two classes and one output, from `low` for the first to `high` for the second.
    TwoClasses {
        /// The target column.
        name: String,
        /// The class at `low` and the class at `high`.
        classes: [String; 2],
        /// What they are; `None` in a model of an earlier version, which did not say.
        class_type: Option<ClassType>,
        /// 0, or −1 for tanh.
        low: f64,
        /// 1.
        high: f64,
        /// Training records of each class.
        counts: [u64; 2],
    },
    /// Several classes, one output each, `high` for its own class and `low` for the others.
    Classes {
        /// The target column.
        name: String,
        /// The classes, sorted by their bytes.
        classes: Vec<String>,
        /// What they are; `None` in a model of an earlier version, which did not say.
        class_type: Option<ClassType>,
        /// 0, or −1 for tanh.
        low: f64,
        /// 1.
        high: f64,
        /// Training records of each class.
        counts: Vec<u64>,
    },
}

impl Target {
    /// J.
    pub fn n_outputs(&self) -> usize {
        match self {
            Target::Numbers { names, .. } => names.len(),
            Target::TwoClasses { .. } => 1,
            Target::Classes { classes, .. } => classes.len(),
        }
    }

    /// A name for each output: the target column, or the class that the output stands for.
    pub fn output_names(&self) -> Vec<String> {
        match self {
            Target::Numbers { names, .. } => names.clone(),
            Target::TwoClasses { name, .. } => vec![name.clone()],
            Target::Classes { classes, .. } => classes.clone(),
        }
    }

    /// The target columns.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Target::Numbers { names, .. } => names.iter().map(String::as_str).collect(),
            Target::TwoClasses { name, .. } | Target::Classes { name, .. } => vec![name],
        }
    }

    /// The class names; `None` for numbers.
    pub fn classes(&self) -> Option<&[String]> {
        match self {
            Target::Numbers { .. } => None,
            Target::TwoClasses { classes, .. } => Some(classes),
            Target::Classes { classes, .. } => Some(classes),
        }
    }

    /// y of the classes, the low one and the high one; `None` for numbers.
    pub fn ends(&self) -> Option<(f64, f64)> {
        match self {
            Target::Numbers { .. } => None,
            Target::TwoClasses { low, high, .. } | Target::Classes { low, high, .. } => Some((*low, *high)),
        }
    }

    /// What the classes are, where the model says so.
    pub fn class_type(&self) -> Option<ClassType> {
        match self {
            Target::Numbers { .. } => None,
            Target::TwoClasses { class_type, .. } | Target::Classes { class_type, .. } => *class_type,
        }
    }

    /// The training records of each class; nothing for numbers.
    pub fn class_counts(&self) -> &[u64] {
        match self {
            Target::Numbers { .. } => &[],
            Target::TwoClasses { counts, .. } => counts,
            Target::Classes { counts, .. } => counts,
        }
    }

    /// The constant outputs with the least E on the training records: the mean of each output's targets. Shape (J,).
    pub fn constant_outputs(&self) -> Vec<f64> {
        let share = |count: u64, counts: &[u64]| count as f64 / counts.iter().sum::<u64>().max(1) as f64;
        match self {
            Target::Numbers { means, .. } => means.clone(),
            Target::TwoClasses { counts, low, high, .. } => vec![low + (high - low) * share(counts[1], counts)],
            Target::Classes { counts, low, high, .. } => {
                counts.iter().map(|&count| low + (high - low) * share(count, counts)).collect()
            }
        }
    }

    /// The probability of every class, from the outputs; all of them within [0, 1], and their sum 1.
    ///
    /// Two classes: p = (ŷ − low)/(high − low), kept within [0, 1]. Several: the same for each output, divided by their sum; where
    /// all are 0, the classes are equally probable. Shapes: `outputs` (J,), `into` (classes,). Nothing is written for numbers.
    pub fn probabilities_into(&self, outputs: &[f64], into: &mut [f64]) {
        match self {
            Target::Numbers { .. } => {}
            Target::TwoClasses { low, high, .. } => {
                if let ([output], [first, second]) = (outputs, into) {
                    *second = ((output - low) / (high - low)).clamp(0.0, 1.0);
                    *first = 1.0 - *second;
                }
            }
            Target::Classes { low, high, .. } => {
                let n = into.len() as f64;
                for (p, output) in into.iter_mut().zip(outputs) {
                    *p = ((output - low) / (high - low)).clamp(0.0, 1.0);
                }
                let sum: f64 = into.iter().sum();
                into.iter_mut().for_each(|p| *p = if sum > 0.0 { *p / sum } else { 1.0 / n });
            }
        }
    }
}
