//! A table for the page: what training would see of it, as CSV, and what was chosen.

use anyhow::{Result, bail};
use deltarule_core::{BlockSource, Column, Eta, Parameters, Targets};
use deltarule_data::{MOST_NUMBERS_OF_A_PAGE, Prepared, csv_field, prepare};
use deltarule_model::{Encoding, FeatureKind, Target};
use serde_json::{Value, json};

use crate::cli::{MissingArg, PlayArgs, WeightArgs, refuse};
use crate::number::count;
use crate::rows::Rows;
use crate::setup::{self, Input, Machine, Ready};
use crate::valid::HoldOut;

/// So many bytes of CSV the page takes.
const MOST_BYTES: usize = 40_000_000;

/// Settings are numbers of JavaScript: larger ones it would round, and draw another start from them.
const LARGEST_SEED: u64 = (1 << 53) - 1;

/// Errors: what the page does not have, weights of records among them.
pub(super) fn refuse_what_the_page_lacks(args: &PlayArgs) -> Result<()> {
    let named = [("--weight", &args.weight), ("--class-weight", &args.class_weight)];
    if let Some((option, value)) = named.into_iter().find_map(|(option, value)| Some((option, value.as_ref()?))) {
        let column = if option == "--weight" { " (--drop takes their column from the inputs)" } else { "" };
        bail!(
            "{option}: found {value:?}, but on the page all records count alike; leave it out to walk without weights{column}, or draw what train \
             {option} does: deltarule plot bowl, contour, curve"
        );
    }
    if args.network.seed > LARGEST_SEED {
        bail!("--seed: found {}, expected at most {LARGEST_SEED}, which a browser holds exactly", args.network.seed);
    }
    Ok(())
}

/// Errors: options for a table, where there is none.
pub(super) fn refuse_options_without_data(args: &PlayArgs) -> Result<()> {
    let (network, descent) = (&args.network, &args.descent);
    let settings = network.typed_network().chain(network.typed_start()).chain(descent.typed());
    let of_rows = args.rows.typed().chain(args.memory.typed()).chain(args.files.typed());
    refuse(args.columns.typed().chain(of_rows), "without DATA", "a table to choose from")?;
    refuse(settings, "without DATA", "a table that it is for; the settings of the page's own tables are on the page")
}

/// The table and the settings as JSON.
///
/// Errors: those of `train`; sparse data; a table that is larger than a page can show in time.
pub(super) fn given(args: &PlayArgs) -> Result<Value> {
    let (columns, network) = (&args.columns, &args.network);
    let choices = setup::choices(&args.data, columns, network, &WeightArgs::default(), HoldOut::default())?;
    let mut rows = Rows::of(&args.rows, &args.data, &[], args.force)?;
    let input = Input { data: &args.data, files: &args.files, memory: &args.memory, quiet: false };
    let (table, _) = setup::read_table(input, columns, &choices, Machine::default(), &mut rows)?;
    rows.finish()?;
    if let Some((_, indices, _)) = table.sparse() {
        bail!(
            "{}: found sparse numbers, expected a table whose columns have names: an axis for each of {} is more than a page can show; deltarule train \
             and deltarule plot take it as it is",
            table.name(),
            count(indices.len() as u64, "input")
        );
    }
    let prepared = prepare(&table, &choices)?;
    let threads = deltarule_train::threads(None, table.n_values())?;
    let scale = columns.scale.map_or(deltarule_model::ScaleRule::Standard, Into::into);
    let has_bias = !network.no_bias;
    setup::with_problem(&prepared, columns, network.loss, scale, has_bias, &threads, |ready| {
        let Ready { encoding, problem } = &ready;
        let (n, d) = (prepared.training.n_records(), encoding.shape().n_features());
        if n.saturating_mul(d) > MOST_NUMBERS_OF_A_PAGE {
            bail!(
                "{}: found {n} records with {d} inputs, expected at most {MOST_NUMBERS_OF_A_PAGE} numbers in all; --where takes a part of the rows, which \
                 shows the same",
                table.name()
            );
        }
        let init = network.init.as_deref();
        let (start, _) = setup::starting_weights(init, &ready, network.seed)?;
        let is_drawn = matches!(init.unwrap_or("auto"), "auto" | "zeros" | "normal");
        let csv = csv(&prepared, encoding)?;
        if csv.len() > MOST_BYTES {
            bail!(
                "{}: found {} bytes of CSV, expected at most {MOST_BYTES}; --where takes a part of the rows",
                table.name(),
                csv.len()
            );
        }
        let names = encoding.features.iter().map(|feature| &feature.name);
        let categories = encoding.features.iter().filter(|feature| feature.is_category()).map(|feature| &feature.name);
        let classes = encoding.target.classes().is_some();
        Ok(json!({
            "file": table.name(),
            "csv": csv,
            "chosen": {
                "targets": encoding.target.columns(),
                "features": names.collect::<Vec<_>>(),
                "categorical": categories.collect::<Vec<_>>(),
                // Other rules have become columns and records already.
                "missing": if encoding.missing.fills() && columns.missing != MissingArg::Error { "mean" } else { "error" },
                "task": if classes { "classification" } else { "regression" },
            },
            "settings": {
                "activation": prepared.activation.name(),
                "loss": problem.loss.to_string(),
                "bias": has_bias,
                "scale": scale.name(),
                "eta": match args.descent.eta { Eta::Given(eta) => Some(eta), Eta::Auto => None },
                "reduction": args.descent.reduction.map_or(deltarule_core::Reduction::Mean, Into::into).name(),
                "init": if is_drawn { init.unwrap_or("auto") } else { "auto" },
                "seed": network.seed,
                "start": (!is_drawn).then(|| weights_and_biases(&start)),
            },
        }))
    })
}

/// All weights output by output, and the biases behind them.
fn weights_and_biases(start: &Parameters) -> Vec<f64> {
    start.values().collect()
}

/// The training records: numbers that read back to the same bits, levels and classes by their names.
fn csv(prepared: &Prepared<'_>, encoding: &Encoding) -> Result<String> {
    let names = encoding.features.iter().map(|feature| feature.name.as_str());
    let header: Vec<String> = names.chain(encoding.target.columns()).map(csv_field).collect();
    let mut csv = header.join(",") + "\n";
    let part = &prepared.training;
    for index in 0..part.n_blocks() {
        part.read(index, &mut |block| {
            for row in 0..block.n_records() {
                let inputs = block.columns().iter().zip(&encoding.features).map(|(column, feature)| match column {
                    Column::Codes { codes, .. } => level(&feature.kind, codes[row]),
                    Column::Numbers(values) => number(values[row]),
                    Column::Tiled(tiled) => number(tiled.get(row)),
                    // Sparse tables were refused.
                    Column::Sparse { .. } => String::new(),
                });
                let fields: Vec<String> = inputs.chain(targets(block.targets(), &encoding.target, row)).collect();
                csv += &fields.join(",");
                csv.push('\n');
            }
        })?;
    }
    Ok(csv)
}

/// A missing number is nothing.
fn number(x: f64) -> String {
    if x.is_nan() { String::new() } else { x.to_string() }
}

fn level(kind: &FeatureKind, code: u32) -> String {
    let code = code as usize;
    match kind {
        FeatureKind::Category { levels, .. } => levels.get(code).map_or_else(String::new, |level| csv_field(level)),
        FeatureKind::Hashed { buckets, .. } => {
            buckets.iter().nth(code).map_or_else(String::new, |bucket| bucket.to_string())
        }
        _ => String::new(),
    }
}

fn targets(targets: &Targets<'_, f64>, target: &Target, row: usize) -> Vec<String> {
    match (targets, target) {
        (Targets::Numbers(columns), Target::TwoClasses { classes, high, .. }) => {
            let class = |y: f64| csv_field(&classes[usize::from(y == *high)]);
            columns.iter().map(|column| class(column[row])).collect()
        }
        (Targets::Numbers(columns), _) => columns.iter().map(|column| number(column[row])).collect(),
        (Targets::Classes { codes, .. }, _) => {
            let name = target.classes().and_then(|classes| classes.get(codes[row] as usize));
            vec![name.map_or_else(String::new, |name| csv_field(name))]
        }
    }
}
