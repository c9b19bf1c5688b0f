//! What can be typed.

mod exercise;
mod given;
pub(crate) mod lists;
pub(crate) mod plot;
mod values;

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args, Parser, Subcommand};
use deltarule_core::{Activation, Eta, Schedule};
use deltarule_data::{ClassWeight, DateColumn, HashedColumn, SplitBy};
use deltarule_train::OptimizerName;

use crate::decisions::Costs;

pub(crate) use exercise::ExerciseArgs;
pub(crate) use given::refuse;
pub(crate) use values::{
    BadRowArg, BatchArg, ExplainFormArg, FormArg, LossArg, MissingArg, PrecisionArg, ReductionArg, RobustArg, ScaleArg,
    SheetFormArg, TaskArg, parse_eta, parse_penalty,
};
use values::{
    activation_help, optimizer_name, parse_batch, parse_class_weight, parse_costs, parse_date, parse_digits,
    parse_epoch, parse_epochs, parse_hash, parse_interaction, parse_level, parse_loss, parse_power, parse_schedule,
    parse_seconds, parse_share, parse_size, parse_split_by, parse_table, parse_threshold, whole,
};

/// Train, explain and use single-layer networks ŷ = f(Σ w·x + b) on tables.
#[derive(Debug, Parser)]
#[command(
    name = "deltarule",
    version,
    about,
    max_term_width = 110,
    after_help = "\
Try:
  deltarule explain                                      the delta rule, worked out on one record
  deltarule inspect data.csv                             what is in a table
  deltarule train data.csv --target price --out m.json   weights that work, and how good they are
  deltarule predict m.json new.csv                       a prediction for every row
  deltarule serve m.json                                 predictions over HTTP
  deltarule sweep data.csv --target price --eta 0.01..10   many learning rates at once
  deltarule plot bowl m.json data.csv --weight size --out bowl.svg   E along a weight, and a step

Exit codes: 0 done, 1 ran but failed (diverged, a check that failed), 2 usage or input, 130 interrupted."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Train a network on a table and say how good it is
    Train(Box<TrainArgs>),
    /// Train with many learning rates at once, and keep the best
    Sweep(Box<SweepArgs>),
    /// Predict: a row out for every row in
    Predict(PredictArgs),
    /// Score a model on a table, beside the baseline
    Evaluate(EvaluateArgs),
    /// Show a model: its weights, its equation, how it was trained
    Show(ShowArgs),
    /// Write a model as ONNX, as SQL or as a C function, to use it without deltarule
    Export(ExportArgs),
    /// Serve a model over HTTP: JSON in, predictions out
    Serve(ServeArgs),
    /// Draw E along weights, the way of descent, and the network: SVG, PNG or PDF
    Plot(plot::PlotArgs),
    /// Work out one step of the delta rule, every number of it
    Explain(Box<ExplainArgs>),
    /// Write exercise sheets on the delta rule, with numbers of their own, and the key
    Exercise(ExerciseArgs),
    /// Check the gradient of the delta rule against finite differences
    Check(Box<CheckArgs>),
    /// Show what is in a table, without training
    Inspect(InspectArgs),
    /// Walk down the error of a table in the browser, step by step
    Play(Box<PlayArgs>),
    /// Print a completion script for a shell
    #[command(
        after_help = "Example:\n  deltarule completions bash > ~/.local/share/bash-completion/completions/deltarule"
    )]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// How files are read.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Reading")]
pub(crate) struct FileArgs {
    /// The character between fields; found out unless given (\t for a tab)
    #[arg(long, value_name = "CHAR")]
    pub(crate) delimiter: Option<String>,
    /// The decimal sign of numbers: . or ,
    #[arg(long, value_name = "CHAR", default_value = ".", value_parser = [".", ","])]
    pub(crate) decimal: String,
    /// The first line holds data; columns are named column_1, column_2, …
    #[arg(long, conflicts_with = "header")]
    pub(crate) no_header: bool,
    /// The first line holds names, whatever it looks like
    #[arg(long)]
    pub(crate) header: bool,
    /// In libsvm's format, whether indices count from 0 or from 1; auto: from 0 where 0 occurs, in prediction as in training
    #[arg(long, value_name = "0|1|auto", default_value = "auto", value_parser = ["0", "1", "auto"])]
    pub(crate) index_base: String,
    /// Take the result of a query as the records: DATA is the table data in it, as in "SELECT age, log(hours) AS lh, y FROM data WHERE age > 17";
    /// other files, in quotes, can be joined. Needs a build with the feature sql, whose DATA may also be s3://bucket/part-*.parquet, gs://, az://, https://
    #[arg(long, value_name = "SELECT", help_heading = "Rows")]
    pub(crate) sql: Option<String>,
    /// A further table for --sql, and the option again for more of them: a name, and a file, a pattern or an address
    #[arg(long, value_name = "NAME=DATA", value_parser = parse_table, requires = "sql", help_heading = "Rows")]
    pub(crate) table: Vec<(String, PathBuf)>,
}

/// Which rows are used.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Rows")]
pub(crate) struct RowArgs {
    /// Use only rows of which this is true: = != < <= > >= with numbers and 'texts', in (…), is null, and, or, not, parentheses;
    /// names that are more than a word in double quotes
    #[arg(long = "where", value_name = "CONDITION")]
    pub(crate) condition: Option<String>,
    /// What becomes of a row that cannot be used (too few or too many fields, a word among numbers, a number beyond 1e150, a text that is no date,
    /// a target that cannot be, a missing value where that is an error): an error; or skip, it is left out, counted and told
    #[arg(long, value_enum, default_value_t = BadRowArg::Error, value_name = "RULE")]
    pub(crate) on_bad_row: BadRowArg,
    /// Write the rows that cannot be used: file,line,reason,found,record
    #[arg(long, value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,
    /// It is an error all the same if more than this share of the rows cannot be used [default: 0.5]
    #[arg(long, value_name = "SHARE", value_parser = parse_share)]
    pub(crate) max_bad: Option<f64>,
}

/// How much memory a table may take up.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Machine")]
pub(crate) struct MemoryArgs {
    /// Memory for the table, such as 512MiB or 2GiB; what does not fit goes to a file without a name in the folder of TMPDIR.
    /// The result does not depend on it [default: half of what is free]
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub(crate) memory: Option<usize>,
    /// Keep the table in this file, from which the next run takes it if the data is still the same: path, size, times of the last
    /// change and both ends of each file, and the options of reading
    #[arg(long, value_name = "FILE")]
    pub(crate) cache: Option<PathBuf>,
}

/// Which columns are what.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Columns")]
pub(crate) struct ColumnArgs {
    /// The columns to predict; in libsvm's format it is label, and can be left out. Here and in other lists a name with a comma stands in double quotes, as in CSV:
    /// '"a,b",c'
    #[arg(long, short, value_name = "NAME[,NAME…]", value_delimiter = ',', value_parser = lists::plain)]
    pub(crate) target: Vec<String>,
    /// The columns to predict from; all others by default
    #[arg(long, value_name = "NAME[,NAME…]", value_delimiter = ',', value_parser = lists::plain, conflicts_with = "drop")]
    pub(crate) features: Vec<String>,
    /// Columns to leave out
    #[arg(long, value_name = "NAME[,NAME…]", value_delimiter = ',', value_parser = lists::plain)]
    pub(crate) drop: Vec<String>,
    /// Columns to take as categories, numbers among them
    #[arg(long, value_name = "NAME[,NAME…]", value_delimiter = ',', value_parser = lists::plain)]
    pub(crate) categorical: Vec<String>,
    /// Columns with very many values, such as names or ids: each value is hashed into one of 2^BITS buckets (default 18, up to 24), and each
    /// bucket has a weight. Numbers are hashed by their digits
    #[arg(long, value_name = "NAME[:BITS][,…]", value_delimiter = ',', value_parser = parse_hash)]
    pub(crate) hash: Vec<HashedColumn>,
    /// Columns of dates: year and trend (days) become numbers, month, weekday and hour categories. Dates have the year in front or the month by its
    /// name (2024-05-31, 2024-05-31T13:45, 31 May 2024), or a form of strftime's: when:%d.%m.%Y. when@Europe/Berlin takes them by the clock of that zone
    #[arg(long, value_name = "NAME[@ZONE][:FORM][,…]", value_delimiter = ',', value_parser = parse_date)]
    pub(crate) date: Vec<DateColumn>,
    /// What becomes of missing values (empty, NA, N/A, NaN, null, ?, #N/A): an error; mean, the column's mean and no level of a category; level, the same but for
    /// categories, where (missing) is a level of its own; mean+flag, as level, and numbers have an input that says so; drop, the record is left out
    #[arg(long, value_enum, default_value_t = MissingArg::Error, value_name = "RULE")]
    pub(crate) missing: MissingArg,
    /// Pool the levels of a category that have fewer training records than this, whatever their weights, into one, (rare), in which unknown ones are in prediction
    #[arg(long, value_name = "N", value_parser = whole::<u64>(2, u64::MAX))]
    pub(crate) min_count: Option<u64>,
    /// Features made of two columns each: the product of numbers (less a rounded mean, as show says), a slope of a number for each level of a
    /// category, the pairs of the levels of two categories
    #[arg(long, value_name = "NAME:NAME[,…]", value_delimiter = ',', value_parser = parse_interaction)]
    pub(crate) interact: Vec<[String; 2]>,
    /// Powers of a number as further features: from the square up to this one, of the number less a rounded mean
    #[arg(long, value_name = "NAME:POWER[,…]", value_delimiter = ',', value_parser = parse_power)]
    pub(crate) poly: Vec<(String, u32)>,
    /// Take the target as numbers or as classes; by default what it holds decides
    #[arg(long, value_enum, value_name = "TASK")]
    pub(crate) task: Option<TaskArg>,
    /// Scale number columns to mean 0 and standard deviation 1, or not [default: standard]
    #[arg(long, value_enum, value_name = "RULE")]
    pub(crate) scale: Option<ScaleArg>,
}

/// How often each record counts.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Weights of records")]
pub(crate) struct WeightArgs {
    /// A column of numbers from 0 on: each record counts so often in E, in means and in scores, as if it stood there so many times
    #[arg(long, value_name = "COLUMN")]
    pub(crate) weight: Option<String>,
    /// How often the records of each class count in E, but not in scores: balanced, all classes alike; or NAME=W for some of them
    #[arg(long, value_name = "balanced|NAME=W,…", value_parser = parse_class_weight)]
    pub(crate) class_weight: Option<ClassWeight>,
}

/// What is scored on beside the training records.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Scoring")]
pub(crate) struct ValidArgs {
    /// Records to hold out and score on: a fraction of the table (seeded; classes keep their shares); or other files, or a pattern,
    /// and the option again for more of them. The best run of a sweep is the one with the least E on them
    #[arg(long, value_name = "FRACTION|FILE")]
    pub(crate) valid: Vec<String>,
    /// A column by which the fraction is split: all records of a group are on one side; or the latest are held out, by dates or by a
    /// number named with :time. It is not learned from unless it is named in --features, --categorical or --hash
    #[arg(long, value_name = "COLUMN[:groups|:time]", value_parser = parse_split_by)]
    pub(crate) split_by: Option<SplitBy>,
    /// Look at E of the held-out records after every epoch: stop after PATIENCE epochs (10 unless given) in which it was not lower, and keep the weights
    /// with the least of it
    #[arg(long, value_name = "PATIENCE", num_args = 0..=1, default_missing_value = "10", value_parser = parse_epoch)]
    pub(crate) early_stopping: Option<u64>,
}

/// The network and where it starts.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Network")]
pub(crate) struct NetworkArgs {
    #[arg(long, short, value_name = "NAME|FORMULA", allow_hyphen_values = true, help = activation_help())]
    pub(crate) activation: Option<Activation>,
    /// The error of one prediction: squared, ½(y − ŷ)²; log, for classes, or shares from 0 to 1; huber or huber:T, linear beyond ±T (default 1.345
    /// standard deviations of the target); poisson, for counts; quantile:Q; hinge, for classes [default: squared]
    #[arg(long, value_name = "NAME[:X]", value_parser = parse_loss)]
    pub(crate) loss: Option<LossArg>,
    /// No bias b
    #[arg(long)]
    pub(crate) no_bias: bool,
    /// The starting weights: auto (zeros where that is sound for f; with poisson and exp the bias
    /// begins at ln ȳ), zeros, normal (deviation 1/√d), or a CSV file with
    /// output,feature,weight [default: auto]
    #[arg(long, value_name = "auto|zeros|normal|FILE")]
    pub(crate) init: Option<String>,
    /// Where everything random is drawn from; the same seed gives the same run
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = whole::<u64>(0, u64::MAX))]
    pub(crate) seed: u64,
}

/// The rule of descent.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Descent")]
pub(crate) struct DescentArgs {
    /// The learning rate η: chosen from the data, or a number, which makes plain gd the default optimizer
    #[arg(long, value_name = "auto|NUMBER", default_value = "auto", value_parser = parse_eta, allow_hyphen_values = true)]
    pub(crate) eta: Eta,
    /// Follow the mean of the records' gradients, or their sum: η on the mean is η/N on the sum [default: mean]
    #[arg(long, value_enum, value_name = "RULE")]
    pub(crate) reduction: Option<ReductionArg>,
}

/// The settings of an optimizer, and how η changes on the way.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Optimizer")]
pub(crate) struct RuleArgs {
    /// β₁ of adam: how much of the mean of the slopes is kept at each step [default: 0.9]
    #[arg(long, value_name = "B")]
    pub(crate) beta1: Option<f64>,
    /// β₂ of adam: the same for their squares [default: 0.999]
    #[arg(long, value_name = "B")]
    pub(crate) beta2: Option<f64>,
    /// ρ of rmsprop: how much of the mean of the squared slopes is kept at each step [default: 0.99]
    #[arg(long, value_name = "B")]
    pub(crate) decay: Option<f64>,
    /// ε of adagrad, rmsprop and adam, beside the root that slopes are divided by [default: 1e-10 with adagrad, 1e-8 otherwise]
    #[arg(long, value_name = "X")]
    pub(crate) epsilon: Option<f64>,
    /// How η changes from epoch to epoch, from what was given or chosen: constant; inverse, inverse:EPOCHS or inverse:EPOCHS:POWER, η/(1 + k/EPOCHS)^POWER (default 10 and 1);
    /// exponential:FACTOR; step:EVERY:FACTOR; cosine or cosine:EPOCHS, to 0 and anew. auto: a given η stays, and a chosen one follows the steps [default: auto]
    #[arg(long, value_name = "NAME[:X…]", value_parser = parse_schedule)]
    pub(crate) schedule: Option<Schedule>,
    /// Raise η to its full size in the first EPOCHS, in equal steps; the schedule begins after them
    #[arg(long, value_name = "EPOCHS", default_value_t = 0, value_parser = parse_epochs)]
    pub(crate) warm_up: u64,
    /// With --batch N: take the mean of the weights over all steps from this epoch on (2 unless given), which has less noise; η then stays, if no schedule
    /// changes it
    #[arg(long, value_name = "FROM_EPOCH", num_args = 0..=1, default_missing_value = "2", value_parser = parse_epoch)]
    pub(crate) average: Option<u64>,
}

#[derive(Debug, Args)]
#[command(allow_negative_numbers = true)]
#[command(after_help = "\
Examples:
  deltarule train examples/diabetes.csv --target progression
  deltarule train examples/breast_cancer.csv --target diagnosis --valid 0.25 --out model.json
  deltarule train examples/ten.csv --target passed --textbook --eta 0.01 --trace trace.csv
  deltarule train examples/iris.csv --target species --batch 1 --epochs 50 --seed 7
  deltarule train examples/iris.csv --target species --batch 16 --optimizer adam --schedule cosine
  deltarule train big.csv --target y --memory 2GiB --cache big.cache
  deltarule train clicks.csv --target clicked --hash user,page:20 --batch 1
  deltarule train bikes.csv --target rides --poly hour:3 --interact hour:workingday
  deltarule train bikes.csv --target rides --date started --drop id
  deltarule train messy.csv --target y --where 'age >= 18' --on-bad-row skip --rejects rejects.csv
  deltarule train a9a.libsvm --valid a9a.t.libsvm --out model.json
  deltarule train examples/iris.csv --target species --valid 0.25 --early-stopping
  deltarule train 'train/*.parquet' --target y --valid 'test/*.parquet'
  deltarule train visits.csv --target seconds --valid 0.2 --split-by user
  deltarule train claims.csv --target fraud --loss log --weight exposure --class-weight balanced
  deltarule train examples/breast_cancer.csv --target diagnosis --folds 5
  deltarule train patients.csv --target outcome --private --out model.json
  deltarule train orders.csv --table shop=shops.csv --target sum --sql 'SELECT o.*, size FROM data o JOIN shop s ON o.shop = s.id'
  deltarule train 2024.csv 'parts/*.parquet' --target y
  gunzip -c big.csv.gz | deltarule train - --target y --json")]
#[command(group = ArgGroup::new("kept").args(["out", "report"]).multiple(true))]
pub(crate) struct TrainArgs {
    /// Files of CSV, JSON lines or libsvm's format (plain, gzip or zstd), Parquet or Arrow IPC, or patterns such as 'data/*.csv', as
    /// one table; - for standard input, but for Parquet and Arrow
    #[arg(required = true, value_name = "DATA")]
    pub(crate) data: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) columns: ColumnArgs,
    #[command(flatten)]
    pub(crate) weights: WeightArgs,
    #[command(flatten)]
    pub(crate) rows: RowArgs,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
    #[command(flatten)]
    pub(crate) descent: DescentArgs,
    /// Keep weights small: ½·X·Σw² beside the mean of the errors, for the weights in scaled units and no bias
    #[arg(long, value_name = "X", default_value_t = 0.0, value_parser = parse_penalty, help_heading = "Descent")]
    pub(crate) l2: f64,
    /// Make weights 0 that are worth less than they cost: X·Σ|w| beside the mean of the errors, in scaled units
    #[arg(long, value_name = "X", default_value_t = 0.0, value_parser = parse_penalty, help_heading = "Descent")]
    pub(crate) l1: f64,
    /// The rule of descent [default: for full batches and a chosen η lbfgs, but nesterov with the squared error where no input is rare; gd for a given η and for batches]
    #[arg(long, value_parser = optimizer_name(), value_name = "NAME", help_heading = "Optimizer")]
    pub(crate) optimizer: Option<OptimizerName>,
    /// β of momentum (default 0.9) or of nesterov (default: grows, and starts anew when the path turns uphill)
    #[arg(long, value_name = "B", help_heading = "Optimizer")]
    pub(crate) momentum: Option<f64>,
    #[command(flatten)]
    pub(crate) rule: RuleArgs,
    /// Records a step: all of them, or a number, in random order
    #[arg(long, value_name = "full|N", default_value = "full", value_parser = parse_batch, help_heading = "Descent")]
    pub(crate) batch: BatchArg,
    /// At most so many passes over the table [default: 100000 for full batches, 200 otherwise]
    #[arg(long, value_name = "N", value_parser = whole::<u64>(0, u64::MAX), help_heading = "Descent")]
    pub(crate) epochs: Option<u64>,
    /// It is a minimum when no column's correlation with δ is above this
    #[arg(long, value_name = "X", default_value_t = deltarule_core::Config::default().tolerance, help_heading = "Descent")]
    pub(crate) tolerance: f64,
    /// The lesson as written: --optimizer gd --scale none --no-bias --reduction sum --init normal
    #[arg(long, help_heading = "Descent")]
    pub(crate) textbook: bool,
    #[command(flatten)]
    pub(crate) valid: ValidArgs,
    /// Train K times more, each time without a K-th of the records, and score on those: mean and deviation of each score. Classes keep their
    /// shares; with --split-by a group is in one fold, and in time each fold comes after all that is trained on. The model is that of all records
    #[arg(long, value_name = "K", value_parser = whole::<usize>(0, u64::MAX), conflicts_with = "valid", help_heading = "Scoring")]
    pub(crate) folds: Option<usize>,
    /// Write the model
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    pub(crate) out: Option<PathBuf>,
    /// Write a model that names no level of a category, but hashes of them, and no path, no command and no smallest and largest value. It predicts
    /// the same; what it still holds, show says
    #[arg(long, requires = "kept", help_heading = "Output")]
    pub(crate) private: bool,
    /// Replace files that are there
    #[arg(long, help_heading = "Output")]
    pub(crate) force: bool,
    /// Write E of every epoch: epoch,sse,mse,eta,gradient_norm, and held_out_sse with --early-stopping; with other losses than squared loss_sum and mean_loss
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) trace: Option<PathBuf>,
    /// Write the weights on the way: epoch,output,feature,weight
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) path: Option<PathBuf>,
    /// Write a page of HTML with all of it: what was read, how it was trained, pictures, weights, scores, a worked step, and the settings to repeat it.
    /// One file, which needs no network
    #[arg(long, value_name = "FILE.html", help_heading = "Output")]
    pub(crate) report: Option<PathBuf>,
    /// Print JSON
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
    /// Print nothing but errors
    #[arg(long, short, conflicts_with = "json", help_heading = "Output")]
    pub(crate) quiet: bool,
    /// Threads; the result does not depend on their number [default: all]
    #[arg(long, value_name = "N", value_parser = whole::<usize>(0, u64::MAX), help_heading = "Machine")]
    pub(crate) threads: Option<usize>,
    /// Hold the table in f64, or in f32 (half the memory; weights and sums stay f64)
    #[arg(long, value_enum, default_value_t = PrecisionArg::F64, value_name = "TYPE", help_heading = "Machine")]
    pub(crate) precision: PrecisionArg,
    #[command(flatten)]
    pub(crate) memory: MemoryArgs,
    #[command(flatten)]
    pub(crate) files: FileArgs,
}

#[derive(Debug, Args)]
#[command(
    allow_negative_numbers = true,
    after_help = "\
Examples:
  deltarule sweep examples/ten.csv --target passed --eta 0.01..100 --points 9 --trace sweep.csv
  deltarule sweep examples/breast_cancer.csv --target diagnosis --eta 0.1,1,10 --epochs 100 --valid 0.25 --out best.json
  deltarule sweep examples/breast_cancer.csv --target diagnosis --loss log --l2 1e-6..1 --valid 0.25 --out best.json
  deltarule sweep examples/iris.csv --target species --optimizer gd,nesterov --seeds 0..4 --init normal --epochs 200"
)]
pub(crate) struct SweepArgs {
    /// Files of CSV, JSON lines or libsvm's format (plain, gzip or zstd), Parquet or Arrow IPC, or patterns such as 'data/*.csv', as
    /// one table; - for standard input, but for Parquet and Arrow
    #[arg(required = true, value_name = "DATA")]
    pub(crate) data: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) columns: ColumnArgs,
    #[command(flatten)]
    pub(crate) weights: WeightArgs,
    #[command(flatten)]
    pub(crate) rows: RowArgs,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
    /// The learning rates: LOW..HIGH, evenly spread on a logarithmic scale, or a list; auto is chosen from the data
    #[arg(
        long,
        value_name = "LOW..HIGH|LIST",
        default_value = "auto",
        allow_hyphen_values = true,
        help_heading = "Runs"
    )]
    pub(crate) eta: String,
    /// How many learning rates, or penalties, there are between LOW and HIGH, both counted [default: 16]
    #[arg(long, value_name = "N", value_parser = whole::<usize>(0, u64::MAX), help_heading = "Runs")]
    pub(crate) points: Option<usize>,
    /// Penalties ½·X·Σw² beside the mean of the errors: LOW..HIGH, or a list [default: 0]
    #[arg(long, value_name = "LOW..HIGH|LIST", help_heading = "Runs")]
    pub(crate) l2: Option<String>,
    /// Penalties X·Σ|w| beside the mean of the errors: LOW..HIGH, or a list [default: 0]
    #[arg(long, value_name = "LOW..HIGH|LIST", help_heading = "Runs")]
    pub(crate) l1: Option<String>,
    /// Seeds of the start and of the records' order: FIRST..LAST, both counted, or a list [default: --seed]
    #[arg(long, value_name = "FIRST..LAST|LIST", help_heading = "Runs")]
    pub(crate) seeds: Option<String>,
    /// Rules of descent [default: for a chosen η lbfgs, but nesterov with the squared error where no input is rare; gd for a given one]
    #[arg(long, value_parser = optimizer_name(), value_name = "NAME[,NAME…]", value_delimiter = ',', help_heading = "Runs")]
    pub(crate) optimizer: Vec<OptimizerName>,
    #[command(flatten)]
    pub(crate) rule: RuleArgs,
    /// Follow the mean of the records' gradients, or their sum [default: mean]
    #[arg(long, value_enum, value_name = "RULE", help_heading = "Descent")]
    pub(crate) reduction: Option<ReductionArg>,
    /// Records a step: all of them, or a number, in random order
    #[arg(long, value_name = "full|N", default_value = "full", value_parser = parse_batch, help_heading = "Descent")]
    pub(crate) batch: BatchArg,
    /// At most so many passes over the table, for each run [default: 1000 for full batches, 200 otherwise]
    #[arg(long, value_name = "N", value_parser = whole::<u64>(0, u64::MAX), help_heading = "Descent")]
    pub(crate) epochs: Option<u64>,
    /// It is a minimum when no column's correlation with δ is above this
    #[arg(long, value_name = "X", default_value_t = deltarule_core::Config::default().tolerance, help_heading = "Descent")]
    pub(crate) tolerance: f64,
    #[command(flatten)]
    pub(crate) valid: ValidArgs,
    /// Train each run K times more, each time without a K-th of the records, and score on those; the runs of a fold share their passes. The best run
    /// is that with the least mean of E/N over the folds, and its model is trained on all records. With --split-by as in train
    #[arg(long, value_name = "K", value_parser = whole::<usize>(0, u64::MAX), conflicts_with = "valid", help_heading = "Scoring")]
    pub(crate) folds: Option<usize>,
    /// Write the model of the best run
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    pub(crate) out: Option<PathBuf>,
    /// Write a model that names no level of a category, but hashes of them, and no path, no command and no smallest and largest value. It predicts
    /// the same; what it still holds, show says
    #[arg(long, requires = "out", help_heading = "Output")]
    pub(crate) private: bool,
    /// Replace files that are there
    #[arg(long, help_heading = "Output")]
    pub(crate) force: bool,
    /// Write E of every epoch of every run: run,optimizer,l2,l1,seed,first_eta,epoch,sse,mse,eta; with other losses than squared loss_sum and mean_loss;
    /// with --folds after a column fold, which is all for the last training on all records
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) trace: Option<PathBuf>,
    /// Print JSON
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
    /// Threads; the result does not depend on their number [default: all]
    #[arg(long, value_name = "N", value_parser = whole::<usize>(0, u64::MAX), help_heading = "Machine")]
    pub(crate) threads: Option<usize>,
    #[command(flatten)]
    pub(crate) memory: MemoryArgs,
    #[command(flatten)]
    pub(crate) files: FileArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deltarule predict model.json new.csv > predictions.csv
  deltarule predict model.json new.csv --proba --keep id --out predictions.csv
  deltarule predict model.json new.csv --reasons 3       what makes each prediction high or low
  cat new.csv | deltarule predict model.json -")]
pub(crate) struct PredictArgs {
    /// A model that train wrote
    pub(crate) model: PathBuf,
    /// Files with the model's columns, in any order and any format that train reads, or patterns; - for standard input
    #[arg(required = true, value_name = "DATA")]
    pub(crate) data: Vec<PathBuf>,
    /// Write to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long)]
    pub(crate) force: bool,
    /// Also the probability of every class
    #[arg(long)]
    pub(crate) proba: bool,
    /// Also why: h, h of the average record, the K inputs that contribute most to the difference, with w·(x − mean) of each, and the sum
    /// of the others. For two classes h speaks for the second one, for more it is that of the class that is predicted
    #[arg(long, value_name = "K", value_parser = whole::<usize>(1, 1000))]
    pub(crate) reasons: Option<usize>,
    /// Two classes: the second one where its p is at least this, in steps of 0.001 [default: 0.5]
    #[arg(long, value_name = "P", value_parser = parse_threshold)]
    pub(crate) threshold: Option<u64>,
    /// Columns of the input to copy to the output, in front
    #[arg(long, value_name = "NAME[,NAME…]", value_delimiter = ',', value_parser = lists::plain)]
    pub(crate) keep: Vec<String>,
    /// No summary of what was missing or unknown on standard error
    #[arg(long, short)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) rows: RowArgs,
    #[command(flatten)]
    pub(crate) files: FileArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deltarule evaluate model.json test.csv --worst 5
  deltarule evaluate model.json test.csv --threshold 0.2        precision and recall there
  deltarule evaluate model.json test.csv --cost fp=1,fn=10      the threshold that costs least")]
pub(crate) struct EvaluateArgs {
    /// A model that train wrote
    pub(crate) model: PathBuf,
    /// Files with the model's columns and its target, in any format that train reads, or patterns; - for standard input
    #[arg(required = true, value_name = "DATA")]
    pub(crate) data: Vec<PathBuf>,
    /// A column of numbers from 0 on: each record counts so often in E, in the scores, in confusion, decisions and calibration
    #[arg(long, value_name = "COLUMN")]
    pub(crate) weight: Option<String>,
    /// An interval beside each score that holds the true one 95 times of 100, from N tables drawn from the records [default where no number is given:
    /// 200]. With 200 it takes about five times as long as without
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "200", value_parser = whole::<u64>(20, 10_000))]
    pub(crate) bootstrap: Option<u64>,
    /// Where the tables of --bootstrap are drawn from; the same seed gives the same intervals
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = whole::<u64>(0, u64::MAX), requires = "bootstrap")]
    pub(crate) seed: u64,
    /// Also the N records that make up most of E
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = whole::<usize>(0, u64::MAX))]
    pub(crate) worst: usize,
    /// Two classes: call a record the second one where its p is at least this, in steps of 0.001 [default: 0.5]
    #[arg(long, value_name = "P", value_parser = parse_threshold)]
    pub(crate) threshold: Option<u64>,
    /// Two classes: what a wrong decision for the second one costs (fp), and a missed one (fn); finds the threshold that costs least
    #[arg(long, value_name = "fp=COST,fn=COST", value_parser = parse_costs)]
    pub(crate) cost: Option<Costs>,
    /// Replace the file of --rejects if it is there
    #[arg(long)]
    pub(crate) force: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) rows: RowArgs,
    #[command(flatten)]
    pub(crate) files: FileArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deltarule show model.json
  deltarule show model.json --summary data.csv
  deltarule show model.json --summary data.csv --robust --level 0.99
  deltarule show model.json --summary 'parts/*.parquet' --json
  deltarule show model.json --summary data.csv --on-bad-row skip --where \"size >= 40\"      as in training

--summary needs a theory of how the weights vary from sample to sample: squared error with f the identity, --loss log, or --loss poisson, each
without a penalty and at its minimum. Where the model was trained with --weight, a record of weight v stands for v equal ones.")]
pub(crate) struct ShowArgs {
    /// A model that train wrote
    pub(crate) model: PathBuf,
    /// Each weight with its standard error, interval, t or z, and p, and what the data cannot tell apart: from the records that the model was
    /// trained on, in files of any format that train reads, or patterns; - for standard input
    #[arg(long, value_name = "DATA", num_args = 1..)]
    pub(crate) summary: Vec<PathBuf>,
    /// Standard errors that hold where the records do not vary as the theory says (a sandwich): as White has it, HC0, or times N/(N − weights), HC1
    /// [default where no name is given: HC1]
    #[arg(long, value_enum, ignore_case = true, value_name = "HC0|HC1", num_args = 0..=1, default_missing_value = "HC1", requires = "summary")]
    pub(crate) robust: Option<RobustArg>,
    /// How large a share of such intervals holds the true weight [default: 0.95]
    #[arg(long, value_name = "SHARE", value_parser = parse_level, requires = "summary")]
    pub(crate) level: Option<f64>,
    /// Of each output, show so many of the largest weights [default: all of up to 1000, otherwise 60; of buckets 20]
    #[arg(long, value_name = "K", conflicts_with_all = ["summary", "json"])]
    pub(crate) most: Option<usize>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) rows: RowArgs,
    #[command(flatten)]
    pub(crate) files: FileArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deltarule export model.json --to onnx --out model.onnx
  deltarule export model.json --to c --out model.c
  deltarule export model.json --to sql
  sqlite3 shop.db \"SELECT id, $(deltarule export model.json --to sql) FROM orders\"

The predictions are those of predict, in f64, to 12 digits. In all forms inputs go by the names of the model's columns.
onnx: a float64 tensor of shape (N, 1) for each number (NaN is missing), a string tensor for each category; sparse numbers are one tensor;
      dates are seconds from 1970-01-01 00:00 to what a clock on the wall shows, in float64
sql:  a list of expressions for SELECT, for SQLite, DuckDB and databases that understand the same; NULL is missing; dates are of type DATE or
      TIMESTAMP, or texts with the year in front; of another text the prediction is NULL
c:    C99 and its standard library; how to call the function stands at the top of the file; dates are texts as predict reads them")]
pub(crate) struct ExportArgs {
    /// A model that train wrote
    pub(crate) model: PathBuf,
    /// What to write it as
    #[arg(long, value_enum, value_name = "FORM")]
    pub(crate) to: FormArg,
    /// Write to a file instead of standard output
    #[arg(long, short, visible_alias = "output", value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deltarule serve model.json
  deltarule serve model.json --port 0 --threads 1 --log
  curl -d '{\"age\": 59, \"bmi\": 32.1}' 'http://127.0.0.1:8000/predict?reasons=3'
  curl -d '{\"records\": [{\"age\": 59, \"bmi\": 32.1}, {\"age\": 48, \"bmi\": null}]}' http://127.0.0.1:8000/predict
  curl -d '{\"age\": 59, \"bmi\": 32.1}' 'http://127.0.0.1:8000/predict?threshold=0.2'
  curl http://127.0.0.1:8000/model                       the columns that a record needs

Paths: POST /predict, GET /model, GET /health, GET /metrics (Prometheus). A model file that is replaced is taken up within seconds,
or at once at SIGHUP; one that cannot be used is told of, and the model before stays. SIGINT (Ctrl-C) and SIGTERM answer what is on
its way, and end with exit code 0; a second one ends at once. There is no authentication and no encryption: put a proxy in front.")]
pub(crate) struct ServeArgs {
    /// A model that train wrote
    pub(crate) model: PathBuf,
    /// The address to listen at; 127.0.0.1 is this machine alone
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(crate) host: String,
    /// The port to listen at; 0 for a free one, which the first line on standard output tells
    #[arg(long, value_name = "N", default_value_t = 8000, value_parser = whole::<u16>(0, 65_535))]
    pub(crate) port: u16,
    /// Two classes: the second one where its p is at least this, in steps of 0.001, unless a request has a threshold of its own [default: 0.5]
    #[arg(long, value_name = "P", value_parser = parse_threshold)]
    pub(crate) threshold: Option<u64>,
    /// Print a line for each request on standard error
    #[arg(long, conflicts_with = "quiet")]
    pub(crate) log: bool,
    /// Print nothing but the address and what goes wrong
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// The largest body of a request
    #[arg(long, value_name = "SIZE", default_value = "1MiB", value_parser = parse_size, help_heading = "Limits")]
    pub(crate) max_body: usize,
    /// The most records of a request
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = whole::<u64>(1, u64::MAX), help_heading = "Limits")]
    pub(crate) max_records: u64,
    /// Seconds that the head of a request, its body, or a client that does not take its answer may take, and that a connection may be idle
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = parse_seconds, help_heading = "Limits")]
    pub(crate) timeout: Duration,
    /// The most connections at a time; further ones wait
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = whole::<u32>(1, 1_000_000), help_heading = "Limits")]
    pub(crate) max_connections: u32,
    /// Threads that answer [default: all]
    #[arg(long, value_name = "N", value_parser = whole::<u16>(1, 1024), help_heading = "Machine")]
    pub(crate) threads: Option<u16>,
}

#[derive(Debug, Args)]
#[command(
    override_usage = "deltarule explain [OPTIONS]\n       \
                      deltarule explain MODEL DATA... --record N [OPTIONS]\n       \
                      deltarule explain DATA... --target NAME [--record N | --all] [OPTIONS]\n       \
                      deltarule explain --x X --w W --y Y [OPTIONS]",
    after_help = "\
Examples:
  deltarule explain                                                        a worked example
  deltarule explain --x 1,-2 --w 0.6,0.1 --bias 0.2 --y 1 --activation sigmoid --eta 0.5
  deltarule explain --x 1,2,-1 --w \"0.1,-0.2; 0.3,0.05; -0.4,0.25\" --y 0.5,-0.5 --activation tanh --eta 0.1
  deltarule explain examples/ten.csv --target passed --all                 every record at the start, and one step over all
  deltarule explain model.json examples/ten.csv --record 3                 one record with a trained model
  deltarule explain --format latex --digits 4 --blank > sheet.tex          a worksheet, and its solution"
)]
pub(crate) struct ExplainArgs {
    /// Nothing; or DATA with --target; or MODEL and DATA; DATA may be several files, or patterns
    #[arg(value_name = "FILE", num_args = 0..)]
    pub(crate) inputs: Vec<PathBuf>,
    /// Which record, from 1
    #[arg(long, value_name = "N", value_parser = whole::<u64>(0, u64::MAX), conflicts_with = "all")]
    pub(crate) record: Option<u64>,
    /// Every record in a row of its own, the sums over them, and one step over all
    #[arg(long)]
    pub(crate) all: bool,
    /// The chain rule with the numbers put in
    #[arg(long)]
    pub(crate) derive: bool,
    /// As text; as markdown, with formulas between dollars; as latex, a whole document; or as json
    #[arg(long, value_enum, value_name = "FORM", default_value_t = ExplainFormArg::Text, conflicts_with = "json", help_heading = "Paper")]
    pub(crate) format: ExplainFormArg,
    /// Significant digits of numbers [default: all, and 7 with --all; 6 in markdown and latex]
    #[arg(long, value_name = "N", value_parser = parse_digits, help_heading = "Paper")]
    pub(crate) digits: Option<usize>,
    /// Leave blanks for what is to be worked out, and print the solution apart
    #[arg(long, help_heading = "Paper")]
    pub(crate) blank: bool,
    /// The inputs of a record of your own
    #[arg(long, value_name = "X,…", allow_hyphen_values = true, requires = "w", help_heading = "Numbers")]
    pub(crate) x: Option<String>,
    /// Its weights: one row for each input, separated by ;, a weight for each output in it
    #[arg(long, value_name = "W,…[; …]", allow_hyphen_values = true, requires = "x", help_heading = "Numbers")]
    pub(crate) w: Option<String>,
    /// Its targets, one for each output
    #[arg(long, value_name = "Y,…", allow_hyphen_values = true, requires = "x", help_heading = "Numbers")]
    pub(crate) y: Option<String>,
    /// Its biases, one for each output; without it there is none
    #[arg(long, value_name = "B,…", allow_hyphen_values = true, requires = "x", help_heading = "Numbers")]
    pub(crate) bias: Option<String>,
    /// Replace the file of --rejects if it is there
    #[arg(long)]
    pub(crate) force: bool,
    /// Print JSON, as --format json
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) columns: ColumnArgs,
    #[command(flatten)]
    pub(crate) weights: WeightArgs,
    #[command(flatten)]
    pub(crate) rows: RowArgs,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
    #[command(flatten)]
    pub(crate) descent: DescentArgs,
    /// Keep weights small: ½·X·Σw² beside the mean of the errors, for the weights in scaled units and no bias. A model knows its own
    #[arg(long, value_name = "X", value_parser = parse_penalty, help_heading = "Descent")]
    pub(crate) l2: Option<f64>,
    /// Make weights 0 that are worth less than they cost: X·Σ|w| beside the mean of the errors, in scaled units. A model knows its own
    #[arg(long, value_name = "X", value_parser = parse_penalty, help_heading = "Descent")]
    pub(crate) l1: Option<f64>,
    #[command(flatten)]
    pub(crate) memory: MemoryArgs,
    #[command(flatten)]
    pub(crate) files: FileArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  deltarule check examples/iris.csv --target species --activation tanh")]
pub(crate) struct CheckArgs {
    /// Files of CSV, JSON lines or libsvm's format, Parquet or Arrow IPC, or patterns, as one table; - for standard input
    #[arg(required = true, value_name = "DATA")]
    pub(crate) data: Vec<PathBuf>,
    /// Replace the file of --rejects if it is there
    #[arg(long)]
    pub(crate) force: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) columns: ColumnArgs,
    #[command(flatten)]
    pub(crate) weights: WeightArgs,
    #[command(flatten)]
    pub(crate) rows: RowArgs,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
    #[command(flatten)]
    pub(crate) memory: MemoryArgs,
    #[command(flatten)]
    pub(crate) files: FileArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deltarule play                                                     the lesson, and tables to play with
  deltarule play examples/diabetes.csv --target progression          a table of one's own
  deltarule play examples/ten.csv --target passed --export page.html   the same as one file that opens by a double click

Nothing leaves the machine: the page is served on 127.0.0.1, works without a network, and runs the same core as the command.")]
pub(crate) struct PlayArgs {
    /// Files of CSV or JSON lines, Parquet or Arrow IPC, or patterns, as one table; - for standard input; nothing: the page's own tables
    #[arg(value_name = "DATA")]
    pub(crate) data: Vec<PathBuf>,
    /// Write the page, and the table in it, to this file instead
    #[arg(long, value_name = "FILE", conflicts_with_all = ["port", "no_open"])]
    pub(crate) export: Option<PathBuf>,
    /// Replace the file of --export, or of --rejects, if it is there
    #[arg(long)]
    pub(crate) force: bool,
    /// The port to listen at; 0 for a free one
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = whole::<u16>(0, 65_535))]
    pub(crate) port: u16,
    /// Print the address, and open no browser
    #[arg(long)]
    pub(crate) no_open: bool,
    /// Refused: on the page all records count alike
    #[arg(long, value_name = "COLUMN", hide = true)]
    pub(crate) weight: Option<String>,
    /// Refused, too
    #[arg(long, value_name = "balanced|NAME=W,…", hide = true)]
    pub(crate) class_weight: Option<String>,
    #[command(flatten)]
    pub(crate) columns: ColumnArgs,
    #[command(flatten)]
    pub(crate) rows: RowArgs,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
    #[command(flatten)]
    pub(crate) descent: DescentArgs,
    #[command(flatten)]
    pub(crate) memory: MemoryArgs,
    #[command(flatten)]
    pub(crate) files: FileArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  deltarule inspect examples/iris.csv --target species")]
pub(crate) struct InspectArgs {
    /// Files of CSV, JSON lines or libsvm's format, Parquet or Arrow IPC, or patterns, as one table; - for standard input
    #[arg(required = true, value_name = "DATA")]
    pub(crate) data: Vec<PathBuf>,
    /// The columns to predict, which are then not suspected
    #[arg(long, short, value_name = "NAME[,NAME…]", value_delimiter = ',', value_parser = lists::plain)]
    pub(crate) target: Vec<String>,
    /// Columns to take as categories, numbers among them
    #[arg(long, value_name = "NAME[,NAME…]", value_delimiter = ',', value_parser = lists::plain)]
    pub(crate) categorical: Vec<String>,
    /// Columns to hash, as train does: how many buckets their values share
    #[arg(long, value_name = "NAME[:BITS][,…]", value_delimiter = ',', value_parser = parse_hash)]
    pub(crate) hash: Vec<HashedColumn>,
    /// Columns to read as dates, as train does
    #[arg(long, value_name = "NAME[@ZONE][:FORM][,…]", value_delimiter = ',', value_parser = parse_date)]
    pub(crate) date: Vec<DateColumn>,
    /// Replace the file of --rejects if it is there
    #[arg(long)]
    pub(crate) force: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) rows: RowArgs,
    #[command(flatten)]
    pub(crate) memory: MemoryArgs,
    #[command(flatten)]
    pub(crate) files: FileArgs,
}
