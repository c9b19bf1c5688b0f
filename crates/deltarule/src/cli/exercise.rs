//! What can be typed behind `exercise`.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::Args;
use deltarule_core::Activation;

use super::values::{parse_digits, parse_seeds, whole};
use super::{LossArg, SheetFormArg};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deltarule exercise                                             a sheet and its key, as Markdown
  deltarule exercise --seed 1..30 --format latex --out sheets.tex --key key.tex
  deltarule exercise --seed 7 --activation tanh --outputs 2
  deltarule exercise --seed 7 --loss log --count 4

Tasks, along the lesson: forward; the error, in three ways; the error term δ; the step Δw; the slope, measured by differences; the error of several
records; the learning rate. Every number of the key is what explain says. LaTeX is a whole document for pdflatex, xelatex, lualatex or tectonic;
Markdown has its formulas between dollars, as GitHub and others show them.")]
pub(crate) struct ExerciseArgs {
    /// The sheets: a seed, or FIRST..LAST, both counted. The same seed and options give the same sheet
    #[arg(long, value_name = "N|FIRST..LAST", default_value = "1", value_parser = parse_seeds)]
    pub(crate) seed: RangeInclusive<u64>,
    /// f, by its name or as a formula of h [default: sigmoid; what belongs to --loss]
    #[arg(long, short, value_name = "NAME|FORMULA", allow_hyphen_values = true)]
    pub(crate) activation: Option<Activation>,
    /// The error of one prediction, as in train [default: squared; huber is huber:1]
    #[arg(long, value_name = "NAME[:X]", value_parser = super::values::parse_loss)]
    pub(crate) loss: Option<LossArg>,
    /// Inputs, from 1 to 4
    #[arg(long, value_name = "N", default_value = "2", value_parser = whole::<usize>(1, 4))]
    pub(crate) inputs: usize,
    /// Outputs, from 1 to 4
    #[arg(long, value_name = "N", default_value = "1", value_parser = whole::<usize>(1, 4))]
    pub(crate) outputs: usize,
    /// Records of the tasks about several, from 2 to 9
    #[arg(long, value_name = "N", default_value = "3", value_parser = whole::<usize>(2, 9))]
    pub(crate) records: usize,
    /// No bias b
    #[arg(long)]
    pub(crate) no_bias: bool,
    /// Tasks of a sheet, from 1 to 70: the first ones of the lesson; from the eighth on with another network
    #[arg(long, value_name = "N", default_value = "7", value_parser = whole::<usize>(1, 70))]
    pub(crate) count: usize,
    /// Significant digits of numbers
    #[arg(long, value_name = "N", default_value = "4", value_parser = parse_digits)]
    pub(crate) digits: usize,
    /// How the sheets are written
    #[arg(long, value_enum, value_name = "FORM", default_value_t = SheetFormArg::Markdown)]
    pub(crate) format: SheetFormArg,
    /// Write to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Write the key to a file of its own, instead of behind the sheets
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// Replace files that are there
    #[arg(long)]
    pub(crate) force: bool,
}
