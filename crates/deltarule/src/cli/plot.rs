//! What can be typed after `deltarule plot`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use deltarule_core::{Activation, Eta, WeightUnits};
use deltarule_plot::{Look, Theme};

use super::values::{activation_help, parse_eta, parse_loss, parse_size as parse_bytes, parse_threshold, whole};
use super::{FileArgs, LossArg, ReductionArg, RowArgs};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deltarule plot bowl model.json data.csv --weight bmi --path path.csv --out bowl.svg
  deltarule plot contour model.json data.csv --weights bmi,bp --path path.csv --out contour.pdf
  deltarule plot curve trace.csv --out curve.png
  deltarule plot activation 'h / (1 + abs(h))' --theme dark --out f.svg

SVG, PNG or PDF by the ending of --out; without it, SVG on standard output. The numbers that are drawn stand in the SVG as data-… attributes.")]
pub(crate) struct PlotArgs {
    #[command(subcommand)]
    pub(crate) picture: PictureCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PictureCommand {
    /// E along one weight, the way of descent on it, and one step −η ∂E/∂w as an arrow
    Bowl(Box<BowlArgs>),
    /// E over two weights, with ways of descent, and the first step of each as an arrow
    Contour(Box<ContourArgs>),
    /// E per epoch, of one or many runs
    Curve(CurveArgs),
    /// Data and fit: over the only input; or predicted against actual, and residuals
    Fit(FitArgs),
    /// How far probabilities can be believed, the ROC curve, and what a threshold does
    Calibration(CalibrationArgs),
    /// The network itself: inputs, weights, sums, f, outputs
    Network(NetworkPictureArgs),
    /// f and f'
    Activation(ActivationArgs),
    /// The weights as bars, in scaled and in original units
    Weights(WeightsArgs),
}

/// What becomes of a picture.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Picture")]
pub(crate) struct PictureArgs {
    /// Write to a file: SVG, PNG or PDF, by its ending [default: SVG on standard output]
    #[arg(long, short, value_name = "FILE.svg|png|pdf")]
    pub(crate) out: Option<PathBuf>,
    /// Replace files that are there
    #[arg(long)]
    pub(crate) force: bool,
    /// The width, in pixels of SVG and points (1/72 inch) of PDF
    #[arg(long, value_name = "N", default_value_t = Look::default().width, value_parser = parse_size)]
    pub(crate) width: f64,
    /// The height, in the same
    #[arg(long, value_name = "N", default_value_t = Look::default().height, value_parser = parse_size)]
    pub(crate) height: f64,
    /// For a light or a dark page
    #[arg(long, value_enum, value_name = "THEME", default_value_t = ThemeArg::Light)]
    pub(crate) theme: ThemeArg,
    /// Pixels of PNG for each of width and height [default: 2]
    #[arg(long, value_name = "X", value_parser = parse_scale)]
    pub(crate) scale: Option<f64>,
}

impl PictureArgs {
    pub(crate) fn look(&self) -> Look {
        Look { width: self.width, height: self.height, theme: self.theme.into() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ThemeArg {
    Light,
    Dark,
}

impl From<ThemeArg> for Theme {
    fn from(arg: ThemeArg) -> Self {
        match arg {
            ThemeArg::Light => Theme::Light,
            ThemeArg::Dark => Theme::Dark,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum UnitsArg {
    Scaled,
    Original,
}

impl From<UnitsArg> for WeightUnits {
    fn from(arg: UnitsArg) -> Self {
        match arg {
            UnitsArg::Scaled => WeightUnits::Scaled,
            UnitsArg::Original => WeightUnits::Original,
        }
    }
}

/// What E along weights is worked out from.
#[derive(Debug, Clone, Args)]
pub(crate) struct SurfaceArgs {
    /// Ways of descent, as train --path writes them; the option again for more of them
    #[arg(long, value_name = "FILE")]
    pub(crate) path: Vec<PathBuf>,
    /// Move the weights that are descended in, or those of your columns as they are: the others of the same kind are held
    #[arg(long, value_enum, value_name = "UNITS", default_value_t = UnitsArg::Scaled)]
    pub(crate) units: UnitsArg,
    /// η of the step that is drawn; of a contour that needs --path [default: that of the training]
    #[arg(long, value_name = "NUMBER", value_parser = parse_eta, allow_hyphen_values = true)]
    pub(crate) eta: Option<Eta>,
    /// Follow the mean of the records' gradients in that step, or their sum [default: as in the training]
    #[arg(long, value_enum, value_name = "RULE")]
    pub(crate) reduction: Option<ReductionArg>,
    #[command(flatten)]
    pub(crate) records: RecordArgs,
}

/// Which records are read, and how.
#[derive(Debug, Clone, Args)]
pub(crate) struct RecordArgs {
    #[command(flatten)]
    pub(crate) rows: RowArgs,
    #[command(flatten)]
    pub(crate) files: FileArgs,
    /// Memory for the records, such as 512MiB or 2GiB; what does not fit goes to a file without a name in the folder of TMPDIR.
    /// The picture does not depend on it [default: half of what is free]
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes, help_heading = "Machine")]
    pub(crate) memory: Option<usize>,
}

/// A record that is typed instead of read.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Numbers")]
pub(crate) struct TypedArgs {
    /// The inputs of a record of your own
    #[arg(long, value_name = "X,…", allow_hyphen_values = true, requires = "w", conflicts_with_all = [
        "inputs", "path", "record", "reduction", "condition", "on_bad_row", "rejects", "max_bad", "delimiter", "decimal", "no_header", "header", "index_base", "memory",
    ])]
    pub(crate) x: Option<String>,
    /// Its weights: one row for each input, separated by ;, a weight for each output in it
    #[arg(long, value_name = "W,…[; …]", allow_hyphen_values = true, requires = "x")]
    pub(crate) w: Option<String>,
    /// Its targets, one for each output
    #[arg(long, value_name = "Y,…", allow_hyphen_values = true, requires = "x")]
    pub(crate) y: Option<String>,
    /// Its biases, one for each output; without it there is none
    #[arg(long, value_name = "B,…", allow_hyphen_values = true, requires = "x")]
    pub(crate) bias: Option<String>,
    #[arg(long, value_name = "NAME|FORMULA", allow_hyphen_values = true, requires = "x", help = activation_help())]
    pub(crate) activation: Option<Activation>,
    /// The error of its prediction [default: squared]
    #[arg(long, value_name = "NAME[:X]", requires = "x", value_parser = parse_loss)]
    pub(crate) loss: Option<LossArg>,
}

#[derive(Debug, Args)]
#[command(
    override_usage = "deltarule plot bowl MODEL DATA... --weight NAME [OPTIONS]\n       \
                      deltarule plot bowl MODEL DATA... --weight NAME --record N [OPTIONS]\n       \
                      deltarule plot bowl --x X --w W --y Y [OPTIONS]",
    after_help = "\
Examples:
  deltarule plot bowl model.json examples/diabetes.csv --weight bmi --path path.csv --out bowl.svg
  deltarule plot bowl model.json examples/diabetes.csv --weight bmi --units original --out bowl.svg
  deltarule plot bowl model.json examples/ten.csv --weight hours --record 3 --eta 2 --out record.svg
  deltarule plot bowl iris.json examples/iris.csv --weight setosa/petal_length --out bowl.png
  deltarule plot bowl --x 1,-2 --w 0.6,0.1 --bias 0.2 --y 1 --activation sigmoid --eta 5 --weight x2 --out lesson.svg"
)]
pub(crate) struct BowlArgs {
    /// A model that train wrote, and files with its columns and its target, or patterns
    #[arg(value_name = "MODEL DATA", num_args = 0..)]
    pub(crate) inputs: Vec<PathBuf>,
    /// The weight: of a column, column=level, (bias), or OUTPUT/COLUMN where there are several outputs [with --x: x1]
    #[arg(long, value_name = "NAME")]
    pub(crate) weight: Option<String>,
    /// E of one record alone: this one, from 1
    #[arg(long, value_name = "N", value_parser = whole::<u64>(1, u64::MAX), conflicts_with_all = ["path", "reduction"])]
    pub(crate) record: Option<u64>,
    /// The weight that the step is drawn from [default: the start of the path; with one record the weight itself; otherwise 0 where that is in view]
    #[arg(long, value_name = "W", value_parser = parse_finite, allow_hyphen_values = true, conflicts_with_all = ["path", "x"])]
    pub(crate) from: Option<f64>,
    #[command(flatten)]
    pub(crate) typed: TypedArgs,
    #[command(flatten)]
    pub(crate) surface: SurfaceArgs,
    #[command(flatten)]
    pub(crate) picture: PictureArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deltarule plot contour model.json examples/diabetes.csv --weights bmi,bp --path path.csv --out contour.svg
  deltarule plot contour model.json examples/ten.csv --weights hours,sleep --path slow.csv --path fast.csv --out contour.pdf
  deltarule plot contour iris.json examples/iris.csv --weights setosa/petal_length,setosa/petal_width --out contour.png")]
pub(crate) struct ContourArgs {
    #[command(flatten)]
    pub(crate) on: ModelArgs,
    /// The two weights: of columns, column=level, (bias), or OUTPUT/COLUMN where there are several outputs
    #[arg(long, value_name = "NAME,NAME", value_delimiter = ',', value_parser = super::lists::plain, required = true)]
    pub(crate) weights: Vec<String>,
    #[command(flatten)]
    pub(crate) surface: SurfaceArgs,
    #[command(flatten)]
    pub(crate) picture: PictureArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deltarule plot curve trace.csv --out curve.svg
  deltarule plot curve slow.csv fast.csv --out curve.svg
  deltarule sweep examples/ten.csv --target passed --eta 0.01..100 --points 9 --trace sweep.csv && deltarule plot curve sweep.csv --out curve.svg")]
pub(crate) struct CurveArgs {
    /// Files that train --trace or sweep --trace wrote
    #[arg(required = true, value_name = "TRACE")]
    pub(crate) traces: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) picture: PictureArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deltarule plot fit model.json examples/diabetes.csv --out fit.svg
  deltarule plot fit iris.json examples/iris.csv --output setosa --out fit.png")]
pub(crate) struct FitArgs {
    #[command(flatten)]
    pub(crate) on: ModelArgs,
    /// Which of several outputs [default: the first]
    #[arg(long, value_name = "NAME")]
    pub(crate) output: Option<String>,
    #[command(flatten)]
    pub(crate) records: RecordArgs,
    #[command(flatten)]
    pub(crate) picture: PictureArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deltarule plot calibration model.json examples/breast_cancer.csv --out calibration.svg
  deltarule plot calibration model.json test.csv --threshold 0.2 --out calibration.pdf
  deltarule plot calibration iris.json examples/iris.csv --class virginica --out calibration.svg")]
pub(crate) struct CalibrationArgs {
    #[command(flatten)]
    pub(crate) on: ModelArgs,
    /// Which class, against all others [default: the second of two, the first of more]
    #[arg(long, value_name = "NAME")]
    pub(crate) class: Option<String>,
    /// The threshold that is marked, in steps of 0.001 [default: 0.5]
    #[arg(long, value_name = "P", value_parser = parse_threshold)]
    pub(crate) threshold: Option<u64>,
    #[command(flatten)]
    pub(crate) records: RecordArgs,
    #[command(flatten)]
    pub(crate) picture: PictureArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  deltarule plot network model.json --out network.svg")]
pub(crate) struct NetworkPictureArgs {
    /// A model that train wrote
    pub(crate) model: PathBuf,
    /// At most so many inputs, and outputs: those with the largest weights [default: as many as have room]
    #[arg(long, value_name = "K", value_parser = whole::<usize>(1, 400))]
    pub(crate) most: Option<usize>,
    #[command(flatten)]
    pub(crate) picture: PictureArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deltarule plot weights model.json --out weights.svg
  deltarule plot weights iris.json --output virginica --out weights.pdf")]
pub(crate) struct WeightsArgs {
    /// A model that train wrote
    pub(crate) model: PathBuf,
    /// Which of several outputs [default: the first]
    #[arg(long, value_name = "NAME")]
    pub(crate) output: Option<String>,
    /// At most so many weights, the largest, beside the bias [default: as many as have room]
    #[arg(long, value_name = "K", value_parser = whole::<usize>(1, 400))]
    pub(crate) most: Option<usize>,
    #[command(flatten)]
    pub(crate) picture: PictureArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deltarule plot activation sigmoid --out sigmoid.svg
  deltarule plot activation 'h / (1 + abs(h))' --from -4 --to 4 --out f.pdf")]
pub(crate) struct ActivationArgs {
    #[arg(value_name = "NAME|FORMULA", allow_hyphen_values = true, help = activation_help())]
    pub(crate) activation: Activation,
    /// The least h
    #[arg(long, value_name = "H", default_value_t = -6.0, value_parser = parse_finite, allow_hyphen_values = true)]
    pub(crate) from: f64,
    /// The largest h
    #[arg(long, value_name = "H", default_value_t = 6.0, value_parser = parse_finite, allow_hyphen_values = true)]
    pub(crate) to: f64,
    #[command(flatten)]
    pub(crate) picture: PictureArgs,
}

/// A place along an axis.
fn parse_finite(text: &str) -> Result<f64, String> {
    text.parse::<f64>()
        .ok()
        .filter(|x| x.is_finite())
        .ok_or_else(|| "expected a finite number, such as -2.5".to_owned())
}

/// A width or a height.
fn parse_size(text: &str) -> Result<f64, String> {
    let size = text.parse::<f64>().ok().filter(|size| (Look::SMALLEST..=Look::LARGEST).contains(size));
    size.ok_or_else(|| format!("expected a number from {} to {}", Look::SMALLEST, Look::LARGEST))
}

/// Pixels for each pixel.
fn parse_scale(text: &str) -> Result<f64, String> {
    let scale = text.parse::<f64>().ok().filter(|scale| (0.1..=20.0).contains(scale));
    scale.ok_or_else(|| "expected a number from 0.1 to 20".to_owned())
}

/// A model, and records to draw it on.
#[derive(Debug, Args)]
pub(crate) struct ModelArgs {
    /// A model that train wrote
    pub(crate) model: PathBuf,
    /// Files with the model's columns and its target, in any format that train reads, or patterns; - for standard input
    #[arg(required = true, value_name = "DATA")]
    pub(crate) data: Vec<PathBuf>,
}
