//! What Python chose, by the names of the command's options.

use std::num::NonZeroUsize;

use deltarule_core::{
    Activation, Batch, Config, Course, Eta, OptimizerKind, Penalty, Reduction, Schedule, UnknownActivation,
    UnknownSchedule,
};
use deltarule_data::{
    Choices, ClassWeight, Combinations, DateColumn, HashedColumn, ReadOptions, SplitBy, SplitKind, Task,
};
use deltarule_model::{DateFormat, HashBits, MOST_POWER, MissingRule, ScaleRule};
use deltarule_train::{LossChoice, OptimizerName, OptimizerSettings, StartChoice, optimizers};
use pyo3::prelude::*;

use crate::error::Failure;

/// The batch of all records.
pub(crate) const FULL: &str = "full";

/// What a target may be taken as.
pub(crate) const TASKS: [(&str, Task); 2] =
    [("regression", Task::Regression), ("classification", Task::Classification)];

/// What descent may follow.
pub(crate) const REDUCTIONS: [(&str, Reduction); 2] = [("mean", Reduction::Mean), ("sum", Reduction::Sum)];

/// A name or a number.
#[derive(FromPyObject)]
pub(crate) enum NameOrNumber {
    Number(f64),
    Name(String),
}

/// How often the records of each class count.
#[derive(FromPyObject)]
pub(crate) enum ClassWeightOf {
    Name(String),
    Given(Vec<(String, f64)>),
}

/// Everything that can be chosen; `None`: the default.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Settings {
    targets: Vec<String>,
    /// Columns that are features whatever they look like; none: all, and suspicious ones are refused.
    features: Vec<String>,
    drop: Vec<String>,
    categorical: Vec<String>,
    hash: Vec<(String, Option<u32>)>,
    date: Vec<(String, Option<String>)>,
    interact: Vec<(String, String)>,
    poly: Vec<(String, u32)>,
    missing: String,
    min_count: Option<u64>,
    task: Option<String>,
    weight: Option<String>,
    class_weight: Option<ClassWeightOf>,
    activation: Option<String>,
    loss: Option<String>,
    pub(crate) bias: bool,
    scale: String,
    init: String,
    pub(crate) seed: u64,
    eta: NameOrNumber,
    reduction: String,
    l2: f64,
    l1: f64,
    optimizer: Option<String>,
    momentum: Option<f64>,
    beta1: Option<f64>,
    beta2: Option<f64>,
    decay: Option<f64>,
    epsilon: Option<f64>,
    schedule: Option<String>,
    warm_up: u64,
    average: Option<u64>,
    batch: Option<u64>,
    epochs: Option<u64>,
    tolerance: f64,
    validation_fraction: Option<f64>,
    split_by: Option<(String, Option<String>)>,
    early_stopping: Option<u64>,
    precision: String,
    pub(crate) n_jobs: Option<usize>,
    memory: Option<usize>,
}

fn wrong(setting: &str, found: impl std::fmt::Debug, expected: &str) -> Failure {
    Failure::Value(format!("{setting}: found {found:?}, {expected}"))
}

/// One of some names.
fn one_of<T: Copy>(setting: &str, found: &str, known: &[(&str, T)]) -> Result<T, Failure> {
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    let value = known.iter().find(|(name, _)| *name == found).map(|(_, value)| *value);
    value.ok_or_else(|| wrong(setting, found, &format!("expected one of {}", names.join(", "))))
}

impl Settings {
    pub(crate) fn missing(&self) -> Result<MissingRule, Failure> {
        let rules =
            [MissingRule::Error, MissingRule::Mean, MissingRule::Level, MissingRule::MeanAndFlag, MissingRule::Drop];
        one_of("missing", &self.missing, &rules.map(|rule| (rule.name(), rule)))
    }

    pub(crate) fn scale(&self) -> Result<ScaleRule, Failure> {
        one_of("scale", &self.scale, &[ScaleRule::Standard, ScaleRule::None].map(|rule| (rule.name(), rule)))
    }

    pub(crate) fn loss(&self) -> Result<Option<LossChoice>, Failure> {
        let parse = |text: &String| text.parse().map_err(|expected: String| wrong("loss", text, &expected));
        self.loss.as_ref().map(parse).transpose()
    }

    pub(crate) fn init(&self) -> Result<StartChoice, Failure> {
        StartChoice::of_name(&self.init)
            .ok_or_else(|| wrong("init", &self.init, "expected 'auto', 'zeros' or 'normal'"))
    }

    pub(crate) fn is_narrow(&self) -> Result<bool, Failure> {
        one_of("precision", &self.precision, &[("f64", false), ("f32", true)])
    }

    fn optimizer(&self) -> Result<Option<OptimizerKind>, Failure> {
        let parse = |text: &String| text.parse().map_err(|expected: String| wrong("optimizer", text, &expected));
        let names: Vec<OptimizerName> = self.optimizer.as_ref().map(parse).transpose()?.into_iter().collect();
        let Self { momentum, beta1, beta2, decay, epsilon, .. } = *self;
        let settings = OptimizerSettings { momentum, beta1, beta2, decay, epsilon };
        Ok(optimizers(&names, &settings)?.first().copied())
    }

    /// The settings of descent.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        let eta = match &self.eta {
            NameOrNumber::Number(eta) if *eta > 0.0 && eta.is_finite() => Eta::Given(*eta),
            NameOrNumber::Name(name) if name == "auto" => Eta::Auto,
            NameOrNumber::Number(found) => {
                return Err(wrong("eta", found, "expected 'auto', or a finite number above 0"));
            }
            NameOrNumber::Name(found) => {
                return Err(wrong("eta", found, "expected 'auto', or a finite number above 0"));
            }
        };
        let schedule = match &self.schedule {
            None => Schedule::Auto,
            Some(text) => text
                .parse()
                .map_err(|error: UnknownSchedule| wrong("schedule", text, &format!("expected {}", error.expected())))?,
        };
        for (setting, found) in [("l2", self.l2), ("l1", self.l1)] {
            if !(found >= 0.0 && found.is_finite()) {
                return Err(wrong(setting, found, "expected a finite number from 0 on, such as 0.01"));
            }
        }
        Ok(Config {
            optimizer: self.optimizer()?,
            penalty: Penalty { l2: self.l2, l1: self.l1 },
            eta,
            course: Course { schedule, warm_up: self.warm_up },
            reduction: one_of("reduction", &self.reduction, &REDUCTIONS)?,
            batch: match self.batch {
                None => Batch::Full,
                Some(0) => {
                    return Err(wrong(
                        "batch",
                        0,
                        &format!("expected '{FULL}', or a whole number of records from 1 on"),
                    ));
                }
                Some(n) => Batch::Records(n),
            },
            average: self.average,
            patience: self.early_stopping,
            epochs: self.epochs,
            tolerance: self.tolerance,
            seed: self.seed,
        })
    }

    /// What is made of the columns.
    pub(crate) fn choices(&self) -> Result<Choices, Failure> {
        let parse = |text: &String| {
            text.parse::<Activation>().map_err(|error: UnknownActivation| Failure::Value(error.to_string()))
        };
        for (name, power) in &self.poly {
            if !(2..=MOST_POWER).contains(power) {
                return Err(wrong("poly", (name, power), &format!("expected powers from 2 to {MOST_POWER}")));
            }
        }
        let task = |name: &String| one_of("task", name, &TASKS);
        Ok(Choices {
            targets: self.targets.clone(),
            features: self.features.clone(),
            categorical: self.categorical.clone(),
            missing: self.missing()?,
            min_count: self.min_count,
            combinations: Combinations {
                interactions: self.interact.iter().map(|(a, b)| [a.clone(), b.clone()]).collect(),
                powers: self.poly.clone(),
            },
            task: self.task.as_ref().map(task).transpose()?,
            loss: self.loss()?.map_or(deltarule_core::Loss::Squared, LossChoice::kind),
            weight: self.weight.clone(),
            class_weight: match &self.class_weight {
                None => None,
                Some(ClassWeightOf::Name(name)) => {
                    Some(one_of("class_weight", name, &[("balanced", ())]).map(|()| ClassWeight::Balanced)?)
                }
                Some(ClassWeightOf::Given(given)) => {
                    if let Some((class, weight)) = given.iter().find(|(_, w)| !(*w > 0.0 && *w < 1e150)) {
                        return Err(wrong("class_weight", (class, weight), "expected numbers above 0"));
                    }
                    Some(ClassWeight::Given(given.clone()))
                }
            },
            activation: self.activation.as_ref().map(parse).transpose()?,
            held_out: self.validation_fraction,
            split_by: self.split_by()?,
            seed: self.seed,
        })
    }

    fn split_by(&self) -> Result<Option<SplitBy>, Failure> {
        let Some((column, kind)) = &self.split_by else { return Ok(None) };
        let kind = match kind {
            None => None,
            Some(kind) => Some(one_of("split_by", kind, &[("groups", SplitKind::Groups), ("time", SplitKind::Time)])?),
        };
        Ok(Some(SplitBy { column: column.clone(), kind }))
    }

    /// How columns are read.
    pub(crate) fn read_options(&self) -> Result<ReadOptions, Failure> {
        let mut hashed = Vec::new();
        for (name, bits) in &self.hash {
            let known = match bits {
                None => Some(HashBits::DEFAULT),
                Some(bits) => HashBits::new(*bits),
            };
            let expected = || format!("expected bits from {} to {}", HashBits::LEAST, HashBits::MOST);
            let bits = known.ok_or_else(|| wrong("hash", (name, bits), &expected()))?;
            hashed.push(HashedColumn { name: name.clone(), bits });
        }
        let mut dates = Vec::new();
        for (name, format) in &self.date {
            let format = match format {
                None => DateFormat::default(),
                Some(format) => DateFormat::typed(format).map_err(|expected| wrong("date", format, &expected))?,
            };
            dates.push(DateColumn { name: name.clone(), format });
        }
        let only = match self.features.is_empty() {
            true => Vec::new(),
            false => self.features.iter().chain(&self.targets).cloned().collect(),
        };
        let split_by = self.split_by.iter().map(|(name, _)| (name.clone(), "--split-by"));
        let kept = split_by.chain(self.weight.clone().map(|name| (name, "--weight"))).collect();
        Ok(ReadOptions {
            categorical: self.categorical.clone(),
            hashed,
            dates,
            drop: self.drop.clone(),
            only,
            kept,
            threads: self.n_jobs.and_then(NonZeroUsize::new),
            memory: self.memory,
            cache: None,
            narrow: self.is_narrow()?,
        })
    }
}
