//! The values that options take.

use std::ops::RangeInclusive;
use std::time::Duration;

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use deltarule_core::{Activation, Eta, Reduction, Robust, Schedule};
use std::path::PathBuf;

use deltarule_data::{ClassWeight, DateColumn, HashedColumn, SplitBy, SplitKind};
use deltarule_export::Form;
use deltarule_model::{DateFormat, HashBits, MOST_POWER, MissingRule, ScaleRule};
pub(crate) use deltarule_train::LossChoice as LossArg;
use deltarule_train::OptimizerName;

use super::FileArgs;
use super::lists::name_of;
use crate::decisions::Costs;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MissingArg {
    Error,
    Mean,
    Level,
    #[value(name = "mean+flag")]
    MeanAndFlag,
    Drop,
}

impl From<MissingArg> for MissingRule {
    fn from(arg: MissingArg) -> Self {
        match arg {
            MissingArg::Error => MissingRule::Error,
            MissingArg::Mean => MissingRule::Mean,
            MissingArg::Level => MissingRule::Level,
            MissingArg::MeanAndFlag => MissingRule::MeanAndFlag,
            MissingArg::Drop => MissingRule::Drop,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BadRowArg {
    Error,
    Skip,
}

/// `a:b`, two columns.
pub(super) fn parse_interaction(text: &str) -> Result<[String; 2], String> {
    match name_of(text).split(':').collect::<Vec<_>>()[..] {
        [first, second] if !first.is_empty() && !second.is_empty() => Ok([first.to_owned(), second.to_owned()]),
        _ => Err("expected two columns, as in hour:workingday".to_owned()),
    }
}

/// `a:3`, a column and the highest of its powers.
pub(super) fn parse_power(text: &str) -> Result<(String, u32), String> {
    let expected = || format!("expected a column and the highest of its powers, from 2 to {MOST_POWER}, as in hour:3");
    let text = name_of(text);
    let (name, power) = text.rsplit_once(':').filter(|(name, _)| !name.is_empty()).ok_or_else(expected)?;
    let power = power.parse::<u32>().ok().filter(|power| (2..=MOST_POWER).contains(power));
    Ok((name.to_owned(), power.ok_or_else(expected)?))
}

/// A share of all rows.
pub(super) fn parse_share(text: &str) -> Result<f64, String> {
    let share = text.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "expected a share of all rows from 0 to 1, such as 0.01".to_owned())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormArg {
    Onnx,
    Sql,
    C,
}

/// How a worked step is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExplainFormArg {
    Text,
    Markdown,
    Latex,
    Json,
}

/// How worksheets are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SheetFormArg {
    Markdown,
    Latex,
}

impl From<FormArg> for Form {
    fn from(arg: FormArg) -> Self {
        match arg {
            FormArg::Onnx => Form::Onnx,
            FormArg::Sql => Form::Sql,
            FormArg::C => Form::C,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TaskArg {
    Regression,
    Classification,
}

impl From<TaskArg> for deltarule_data::Task {
    fn from(arg: TaskArg) -> Self {
        match arg {
            TaskArg::Regression => deltarule_data::Task::Regression,
            TaskArg::Classification => deltarule_data::Task::Classification,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScaleArg {
    Standard,
    None,
}

impl From<ScaleArg> for ScaleRule {
    fn from(arg: ScaleArg) -> Self {
        match arg {
            ScaleArg::Standard => ScaleRule::Standard,
            ScaleArg::None => ScaleRule::None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RobustArg {
    #[value(name = "HC0")]
    Hc0,
    #[value(name = "HC1")]
    Hc1,
}

impl From<RobustArg> for Robust {
    fn from(arg: RobustArg) -> Self {
        match arg {
            RobustArg::Hc0 => Robust::Hc0,
            RobustArg::Hc1 => Robust::Hc1,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReductionArg {
    Mean,
    Sum,
}

impl From<ReductionArg> for Reduction {
    fn from(arg: ReductionArg) -> Self {
        match arg {
            ReductionArg::Mean => Reduction::Mean,
            ReductionArg::Sum => Reduction::Sum,
        }
    }
}

/// The name of an optimizer, which help and tab completion list.
pub(super) fn optimizer_name() -> impl TypedValueParser<Value = OptimizerName> {
    PossibleValuesParser::new(OptimizerName::ALL.map(OptimizerName::name)).try_map(|name| name.parse::<OptimizerName>())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PrecisionArg {
    F64,
    F32,
}

/// All records, or so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BatchArg {
    Full,
    Records(u64),
}

pub(super) fn parse_loss(text: &str) -> Result<LossArg, String> {
    text.parse()
}

pub(super) fn activation_help() -> String {
    let names: Vec<&str> = Activation::ALL.iter().map(Activation::name).collect();
    format!(
        "f: {}, or a formula such as 'h / (1 + abs(h))' [default: identity for numbers, sigmoid for classes, exp with --loss poisson]",
        names.join(", ")
    )
}

/// A column, and after a colon maybe how many bits; a name may have colons of its own.
pub(super) fn parse_hash(text: &str) -> Result<HashedColumn, String> {
    let text = name_of(text);
    let (name, bits) = match text.rsplit_once(':') {
        Some((name, bits)) if !bits.is_empty() && bits.bytes().all(|c| c.is_ascii_digit()) => {
            (name, bits.parse().ok().and_then(HashBits::new))
        }
        _ => (text.as_str(), Some(HashBits::DEFAULT)),
    };
    let bits = bits.ok_or_else(|| {
        format!("expected COLUMN, or COLUMN:BITS with BITS from {} to {}", HashBits::LEAST, HashBits::MOST)
    })?;
    Ok(HashedColumn { name: name.to_owned(), bits })
}

/// A column, and after a colon maybe what it is to a split; a name may have colons of its own.
pub(super) fn parse_split_by(text: &str) -> Result<SplitBy, String> {
    let (column, kind) = match text.rsplit_once(':') {
        Some((column, "groups")) => (column, Some(SplitKind::Groups)),
        Some((column, "time")) => (column, Some(SplitKind::Time)),
        _ => (text, None),
    };
    if column.is_empty() {
        return Err("expected COLUMN, COLUMN:groups or COLUMN:time".to_owned());
    }
    Ok(SplitBy { column: column.to_owned(), kind })
}

/// A column, and after a colon maybe how dates are written in it; a name may have colons of its own.
pub(super) fn parse_date(text: &str) -> Result<DateColumn, String> {
    let text = name_of(text);
    let (name, format) = match text.find(":%") {
        Some(colon) => (&text[..colon], DateFormat::new(&text[colon + 1..])?),
        None => (text.as_str(), DateFormat::default()),
    };
    // A name may have such a sign in it; what has a slash behind it can only be a zone.
    let is_zone = |zone: &str| zone.contains('/') || DateFormat::default().in_zone(zone).is_ok();
    match name.rsplit_once('@').filter(|(name, zone)| !name.is_empty() && is_zone(zone)) {
        Some((name, zone)) => Ok(DateColumn { name: name.to_owned(), format: format.in_zone(zone)? }),
        None => Ok(DateColumn { name: name.to_owned(), format }),
    }
}

/// 1024 bytes a step for KiB and so on, 1000 for kB and so on.
pub(super) fn parse_size(text: &str) -> Result<usize, String> {
    let wrong = || "expected a size such as 512MiB or 2GiB".to_owned();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?);
    let (name, base) = match unit.trim().to_lowercase() {
        unit if unit.ends_with("ib") => (unit[..unit.len() - 2].to_owned(), 1024_f64),
        unit if unit.ends_with('b') => (unit[..unit.len() - 1].to_owned(), 1000.0),
        _ => return Err(wrong()),
    };
    let power = ["", "k", "m", "g", "t"].iter().position(|prefix| *prefix == name).ok_or_else(wrong)?;
    let bytes = number.parse::<f64>().map_err(|_| wrong())? * base.powi(power as i32);
    if bytes >= 1.0 && bytes <= usize::MAX as f64 { Ok(bytes as usize) } else { Err(wrong()) }
}

/// A time, from a thousandth of a second to a day.
pub(super) fn parse_seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.001..=86_400.0).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("expected a number of seconds from 0.001 to 86400, such as 30".to_owned()),
    }
}

pub(crate) fn parse_eta(text: &str) -> Result<Eta, String> {
    match text {
        "auto" => Ok(Eta::Auto),
        number => match number.parse::<f64>() {
            Ok(eta) if eta > 0.0 && eta.is_finite() => Ok(Eta::Given(eta)),
            _ => Err("expected auto, or a finite number above 0".into()),
        },
    }
}

/// A whole number within bounds, of an option that is parsed by what this gives.
pub(super) fn whole<N: TryFrom<u64>>(least: u64, most: u64) -> impl Fn(&str) -> Result<N, String> + Clone {
    move |text: &str| {
        let number = text.parse::<u64>().ok().filter(|n| (least..=most).contains(n));
        let expected = || match most {
            u64::MAX => format!("expected a whole number from {least} on"),
            most => format!("expected a whole number from {least} to {most}"),
        };
        number.and_then(|n| N::try_from(n).ok()).ok_or_else(expected)
    }
}

/// A number of epochs, or one of them, of an option that may stand alone.
pub(super) fn parse_epoch(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(n) if n > 0 => Ok(n),
        Err(_) if !text.starts_with(|c: char| c.is_ascii_digit() || c == '-') => Err(
            "expected a number of epochs from 1 on; without one, put the option behind DATA or before another option"
                .to_owned(),
        ),
        _ => Err("expected a number of epochs from 1 on".to_owned()),
    }
}

/// A number of epochs, none among them.
pub(super) fn parse_epochs(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "expected a number of epochs from 0 on".to_owned())
}

pub(super) fn parse_schedule(text: &str) -> Result<Schedule, String> {
    text.parse().map_err(|error: deltarule_core::UnknownSchedule| format!("expected {}", error.expected()))
}

/// A penalty: a number from 0 on.
pub(crate) fn parse_penalty(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(penalty) if penalty >= 0.0 && penalty.is_finite() => Ok(penalty),
        _ => Err("expected a finite number from 0 on, such as 0.01".into()),
    }
}

pub(super) fn parse_batch(text: &str) -> Result<BatchArg, String> {
    match text {
        "full" => Ok(BatchArg::Full),
        number => match number.parse::<u64>() {
            Ok(records) if records > 0 => Ok(BatchArg::Records(records)),
            _ => Err("expected full, or a whole number of records from 1 on".into()),
        },
    }
}

/// How many significant digits a number has.
pub(super) fn parse_digits(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(n) if (1..=17).contains(&n) => Ok(n),
        _ => Err("expected a number of significant digits from 1 to 17".to_owned()),
    }
}

/// Seeds: one, or the first and the last.
pub(super) fn parse_seeds(text: &str) -> Result<RangeInclusive<u64>, String> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let seed = |text: &str| text.trim().parse::<u64>().ok();
    match (seed(first), seed(last)) {
        (Some(first), Some(last)) if first > last => Err("expected the smaller seed first, as in 1..30".to_owned()),
        (Some(first), Some(last)) if last - first < MOST_SHEETS => Ok(first..=last),
        (Some(_), Some(_)) => Err(format!("expected at most {MOST_SHEETS} seeds, a sheet for each")),
        _ => Err("expected a whole number, or two, both counted, as in 1..30".to_owned()),
    }
}

/// The most sheets in one document.
const MOST_SHEETS: u64 = 1000;

/// The share of intervals that hold what they are for.
pub(super) fn parse_level(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(level) if level > 0.0 && level < 1.0 => Ok(level),
        _ => Err("expected a share between 0 and 1, such as 0.95".to_owned()),
    }
}

/// A threshold of p, in thousandths.
pub(super) fn parse_threshold(text: &str) -> Result<u64, String> {
    let expected = || "expected a number from 0 to 1 in steps of 0.001, such as 0.25".to_owned();
    let p: f64 = text.parse().map_err(|_| expected())?;
    let k = (p * 1000.0).round();
    if !(0.0..=1000.0).contains(&k) || (k / 1000.0 - p).abs() > 1e-9 {
        return Err(expected());
    }
    Ok(k as u64)
}

/// `balanced`, or `NAME=W` for some classes.
pub(super) fn parse_class_weight(text: &str) -> Result<ClassWeight, String> {
    if text == "balanced" {
        return Ok(ClassWeight::Balanced);
    }
    let expected = || "expected balanced, or classes with numbers above 0, such as yes=10,no=1".to_owned();
    let mut given: Vec<(String, f64)> = Vec::new();
    for part in text.split(',') {
        let (name, weight) = part.rsplit_once('=').ok_or_else(expected)?;
        let weight: f64 = weight.trim().parse().map_err(|_| expected())?;
        let name = name.trim();
        if !(weight > 0.0 && weight < 1e150) || given.iter().any(|(other, _)| *other == name_of(name)) {
            return Err(expected());
        }
        given.push((name_of(name), weight));
    }
    Ok(ClassWeight::Given(given))
}

/// `name=data`.
pub(super) fn parse_table(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, data)) if !name.trim().is_empty() && !data.is_empty() => Ok((name.trim().to_owned(), data.into())),
        _ => Err("expected a name and a file, a pattern or an address, such as shop=shops.csv".to_owned()),
    }
}

/// `fp=1,fn=10`, in any order; costs are positive numbers.
pub(super) fn parse_costs(text: &str) -> Result<Costs, String> {
    let expected = || "expected what both errors cost, two numbers above 0, such as fp=1,fn=10".to_owned();
    let (mut false_positive, mut false_negative) = (None, None);
    for part in text.split(',') {
        let (name, cost) = part.split_once('=').ok_or_else(expected)?;
        let cost: f64 = cost.trim().parse().map_err(|_| expected())?;
        let slot = match name.trim() {
            "fp" => &mut false_positive,
            "fn" => &mut false_negative,
            _ => return Err(expected()),
        };
        if !(cost > 0.0 && cost < 1e150) || slot.replace(cost).is_some() {
            return Err(expected());
        }
    }
    match (false_positive, false_negative) {
        (Some(false_positive), Some(false_negative)) => Ok(Costs { false_positive, false_negative }),
        _ => Err(expected()),
    }
}

impl FileArgs {
    /// The same for the reader.
    pub(crate) fn options(&self) -> deltarule_data::Result<deltarule_data::CsvOptions> {
        let delimiter = match self.delimiter.as_deref() {
            None => None,
            Some("\\t" | "tab") => Some(b'\t'),
            Some(text) => match text.as_bytes() {
                [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !b"\"\r\n".contains(byte) => Some(*byte),
                _ => return Err(deltarule_data::DataError::Delimiter { found: text.to_owned() }),
            },
        };
        let header = match (self.header, self.no_header) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        };
        let decimal = if self.decimal == "," { deltarule_data::Decimal::Comma } else { deltarule_data::Decimal::Point };
        let first_index = self.index_base.parse().ok();
        Ok(deltarule_data::CsvOptions { delimiter, header, decimal, first_index, skips_bad_lines: false })
    }
}
