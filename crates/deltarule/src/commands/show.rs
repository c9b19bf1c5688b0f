//! `deltarule show`: what a model is.

mod holds;
mod summary;
mod summary_text;

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::Result;
use deltarule_core::Penalty;
use deltarule_model::{DatePart, Factor, Feature, FeatureKind, Origin, Pooled, RARE_LEVEL};
use serde_json::{Value, json};

use crate::cli::{ShowArgs, refuse};
use crate::number::{count, digits, short};
use crate::{output, report, setup};
use holds::Holds;

/// So many weights of an output are all shown.
const ALL_SHOWN: usize = 1000;

/// Errors: options of rows where none are read.
fn check_rows(args: &ShowArgs) -> Result<()> {
    if !args.summary.is_empty() {
        return Ok(());
    }
    refuse(args.rows.typed(), "no rows to choose from", "--summary DATA beside it")?;
    refuse(args.files.typed(), "no rows to read", "--summary DATA beside it")
}

pub(crate) fn run(args: &ShowArgs) -> Result<ExitCode> {
    let model = setup::read_model(&args.model)?;
    let training = model.training();
    let encoding = model.encoding();
    check_rows(args)?;
    let told = if args.summary.is_empty() { None } else { Some(summary::Told::of(&model, args)?) };
    if args.json {
        let mut value = json!({
            "command": "show",
            "model": args.model.display().to_string(),
            "activation": model.layer().activation().name(),
            "bias": model.layer().parameters().has_bias(),
            "scale": encoding.scale.name(),
            "missing": encoding.missing.name(),
            "features": encoding.features.iter().map(feature_json).collect::<Vec<_>>(),
            "target": report::target_text(&model),
            "weights": report::weights_json(&model),
            "training": {
                "version": training.version, "command": training.command,
                "data": Some(&training.data).filter(|data| !data.is_empty()),
                "fingerprint": Some(&training.fingerprint).filter(|print| !print.is_empty()), "records": training.rows, "records_trained": training.rows_trained,
                "stop_reason": training.stop_reason, "epochs": training.epochs, "loss": training.loss.to_string(),
                "l2": training.l2, "l1": training.l1,
                training.loss.sum_name(): training.loss_sum,
                format!("baseline_{}", training.loss.sum_name()): training.baseline_loss_sum,
            },
        });
        value["holds"] = Holds::of(&model).json();
        if let Some(told) = &told {
            value["summary"] = summary_text::to_json(told);
        }
        output::print_json(&value)?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(told) = &told {
        output::print(&summary_text::text(told, &args.model.display().to_string()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = String::new();
    let shape = encoding.shape();
    let _ = writeln!(
        text,
        "{}: {} to {}, f = {}{}",
        args.model.display(),
        count(shape.n_features() as u64, "input"),
        count(shape.n_outputs() as u64, "output"),
        model.layer().activation(),
        if model.layer().parameters().has_bias() { "" } else { ", no bias" }
    );
    let _ = writeln!(text, "target: {}", report::target_text(&model));
    if let Some(coding) = report::coding_text(&encoding.target).filter(|_| encoding.target.ends() != Some((0.0, 1.0))) {
        let _ = writeln!(text, "{coding}");
    }
    text.push('\n');
    text.push_str(&report::equation(&model));
    if encoding.features.iter().any(|f| f.kind_name() == "category") {
        text.push_str("[column=level] is 1 for records with that level, 0 for others\n");
    }
    if encoding.features.iter().any(|f| matches!(f.date(), Some((_, DatePart::Trend)))) {
        text.push_str("a trend is in days since 1970-01-01\n");
    }
    for feature in &encoding.features {
        if let Some(Pooled { min_count, n_levels: 1.. }) = feature.pooled() {
            let name = &feature.name;
            let _ = writeln!(
                text,
                "[{name}={RARE_LEVEL}] is 1 for levels with fewer than {min_count} training records, and for unknown ones"
            );
        }
        if feature.is_flag() {
            let _ =
                writeln!(text, "{} is 1 where {} is missing, and 0 where it is there", feature.name, feature.column());
        }
        if let FeatureKind::Hashed { buckets, .. } = &feature.kind {
            let (bits, n) = (buckets.bits().get(), buckets.bits().n_buckets());
            let _ = writeln!(
                text,
                "w[{0}] is the weight of the bucket, one of 2^{bits} = {n}, that a value of {0} is hashed into (xxh64); {1} of them occurred in \
                 training, the others have weight 0",
                feature.name,
                buckets.len()
            );
        }
    }
    text.push('\n');
    let is_long = encoding.is_sparse() || shape.n_features() > ALL_SHOWN;
    let most = args.most.unwrap_or(if is_long { report::MOST_WEIGHTS } else { usize::MAX });
    text.push_str(&report::weights_text(&model, most, args.most.unwrap_or(report::MOST_BUCKETS)));
    let _ = write!(
        text,
        "\ntrained on {} of {} ({} left out, {} held out)",
        training.rows_trained,
        count(training.rows, "record"),
        training.rows_dropped,
        training.rows_held_out
    );
    let _ = match model.is_private() {
        true => writeln!(text, " of data that is not named (--private)"),
        false => writeln!(text, " of {}, fingerprint {}", training.data, training.fingerprint),
    };
    let is_weighted = training.weight.is_some() || !training.class_weights.is_empty();
    let batch = training.batch.map_or("all records a step".to_owned(), |n| format!("{} a step", count(n, "record")));
    let _ = writeln!(
        text,
        "by {}, {batch}, η = {} ({}), --reduction {}, seed {}, start: {}",
        training.optimizer,
        short(training.eta),
        if training.eta_chosen { "chosen from the data" } else { "given" },
        training.reduction,
        training.seed,
        training.init
    );
    let _ = writeln!(
        text,
        "stopped after {} ({}); E = {} ({}, training), the best constant has {}",
        count(training.epochs, "epoch"),
        training.stop_reason,
        digits(training.loss_sum, 10),
        report::sum_text(training.loss, model.layer().activation(), is_weighted),
        digits(training.baseline_loss_sum, 10)
    );
    if let Some(weight) = &training.weight {
        let _ = writeln!(text, "weights: each record counted as often as column {weight} said");
    }
    if is_weighted && !training.class_weights.is_empty() {
        let classes = encoding.target.classes().unwrap_or_default().iter().zip(&training.class_weights);
        let classes: Vec<String> = classes.map(|(class, weight)| format!("{class} {}", short(*weight))).collect();
        let _ = writeln!(text, "class weights, in E: {}", classes.join(", "));
    }
    let penalty = Penalty { l2: training.l2, l1: training.l1 };
    if let Some(penalty) = report::penalty_text(&penalty) {
        let _ = writeln!(text, "{penalty}");
    }
    let _ = writeln!(text, "missing values: --missing {}", encoding.missing.name());
    if let Some(command) = &training.command {
        let _ = writeln!(text, "command: {command}   (deltarule {})", training.version);
    }
    text.push_str(&Holds::of(&model).text(&model));
    output::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn feature_json(feature: &Feature) -> Value {
    match &feature.kind {
        FeatureKind::Hashed { buckets, .. } => json!({
            "name": feature.name,
            "kind": feature.kind_name(),
            "hash": "xxh64",
            "bits": buckets.bits().get(),
            "used": buckets.len(),
        }),
        FeatureKind::Category { pooled: Some(pooled), .. } => json!({
            "name": feature.name,
            "kind": feature.kind_name(),
            "pooled": { "min_count": pooled.min_count, "levels": pooled.n_levels },
        }),
        _ if feature.is_combined() => json!({
            "name": feature.name,
            "kind": feature.kind_name(),
            "made_of": match &feature.origin {
                Origin::Product(factors) => factors.iter().map(Factor::column).collect::<Vec<_>>(),
                Origin::Pair(columns) => columns.iter().map(String::as_str).collect(),
                _ => Vec::new(),
            },
        }),
        _ if feature.is_flag() => json!({
            "name": feature.name,
            "kind": feature.kind_name(),
            "missing": feature.column(),
        }),
        _ => match feature.date() {
            Some((format, part)) => json!({
                "name": feature.name,
                "kind": feature.kind_name(),
                "date": {
                    "column": feature.column(), "part": part.name(), "format": format.pattern(), "zone": format.zone(),
                },
            }),
            None => json!({ "name": feature.name, "kind": feature.kind_name() }),
        },
    }
}
