//! What `show --summary` prints.

use std::fmt::Write as _;

use deltarule_core::{Direction, Distribution, Robust, Theory, Weight};
use deltarule_model::FeatureKind;
use serde_json::{Value, json};

use super::summary::{Line, Told};
use crate::number::{count, digits, short};
use crate::output::one_line;

/// For people.
pub(super) fn text(told: &Told<'_>, model: &str) -> String {
    let summary = &told.summary;
    let mut text = format!("{model} on {}: {}\n{}\n", told.data, count(summary.n_records, "record"), theory_text(told));
    if let Some(left_out) = told.left_out.text() {
        let _ = writeln!(text, "{left_out}");
    }
    if let Some(column) = &told.model.training().weight {
        let _ = writeln!(
            text,
            "by column {column} they count as {}: one of weight v stands for v equal records, and N is Σv",
            count_of(summary.weight)
        );
    }
    if let Some(robust) = told.robust {
        let _ = writeln!(text, "robust standard errors, {}", robust_text(robust));
    }
    let mut outputs = told.outputs();
    for name in outputs.iter_mut().flat_map(|(_, lines)| lines).map(|line| &mut line.name) {
        *name = one_line(name).into_owned();
    }
    let names = outputs.iter().flat_map(|(_, lines)| lines).map(|line| line.name.chars().count());
    let width = names.max().unwrap_or(0).clamp(20, 44);
    for ((output, lines), of_output) in outputs.iter().zip(&summary.outputs) {
        let _ = writeln!(text, "\nweights of {output}, in your units");
        let _ = writeln!(
            text,
            "  {:<width$}{:>14}{:>16}{:>11}{:>12}{:>28}",
            "",
            "estimate",
            "standard error",
            told.statistic_name(),
            "p",
            format!("{} % interval", short(100.0 * told.level))
        );
        for line in lines {
            text.push_str(&row(told, line, width));
        }
        if let Some(variance) = of_output.residual_variance {
            let v = if told.model.training().weight.is_some() { "v" } else { "" };
            let _ = writeln!(
                text,
                "  σ² = Σ{v}(y − ŷ)²/(N − {}) = {}; t with {} degrees of freedom",
                summary.rank,
                short(variance),
                count_of(summary.weight - summary.rank as f64)
            );
        }
        if let Some(dispersion) = of_output.dispersion {
            let v = if told.model.training().weight.is_some() { "v" } else { "" };
            let _ = writeln!(text, "  dispersion Σ{v}((y − ŷ)²/ŷ)/(N − {}) = {}", summary.rank, short(dispersion));
        }
    }
    let _ = writeln!(
        text,
        "(p: the chance of an estimate at least as far from 0 if the true weight were 0; the minimum of E is {} standard errors away or less)",
        digits(told.distance, 1)
    );
    for note in notes(told) {
        let _ = writeln!(text, "{note}");
    }
    text
}

/// A number of records, or a sum of weights, which need not be whole.
fn count_of(n: f64) -> String {
    if n.fract() == 0.0 { format!("{n}") } else { short(n) }
}

/// For programs.
pub(super) fn to_json(told: &Told<'_>) -> Value {
    let summary = &told.summary;
    let outputs = told.outputs().into_iter().zip(&summary.outputs).map(|((output, lines), of_output)| {
        let rows: Vec<Value> = lines
            .iter()
            .map(|line| {
                let tested = told.test(line);
                json!({
                    "input": line.name,
                    "estimate": line.estimate,
                    "state": state_name(line.weight),
                    "standard_error": tested.as_ref().map(|tested| tested.standard_error),
                    "statistic": tested.as_ref().map(|tested| tested.statistic),
                    "p": tested.as_ref().map(|tested| tested.p),
                    "low": tested.as_ref().map(|tested| tested.interval.start),
                    "high": tested.as_ref().map(|tested| tested.interval.end),
                })
            })
            .collect();
        json!({
            "output": output,
            "residual_variance": of_output.residual_variance,
            "dispersion": of_output.dispersion,
            "weights": rows,
        })
    });
    let names = told.model.encoding().input_names();
    let mut value = json!({
        "data": told.data,
        "records": summary.n_records,
        "weight": told.model.training().weight,
        "weight_sum": summary.weight,
        "rank": summary.rank,
        "theory": match told.theory {
            Theory::LeastSquares => "least-squares",
            Theory::Logistic => "logistic",
            Theory::Multinomial => "multinomial",
            Theory::Poisson => "poisson",
        },
        "robust": told.robust.map(robust_name),
        "statistic": told.statistic_name(),
        "degrees_of_freedom": match summary.distribution {
            Distribution::StudentT { degrees } => Some(degrees),
            Distribution::Normal => None,
        },
        "level": told.level,
        "distance": told.distance,
        "outputs": outputs.collect::<Vec<_>>(),
        "directions": summary.directions.iter().map(|direction| json!({
            "terms": direction.terms.iter().map(|(i, factor)| json!({ "input": names[*i], "factor": factor })).collect::<Vec<_>>(),
            "value": direction.value,
            "text": direction_text(told, direction),
        })).collect::<Vec<_>>(),
        "notes": notes(told),
    });
    told.left_out.tell(&mut value);
    value
}

fn row(told: &Told<'_>, line: &Line, width: usize) -> String {
    let name: String = match line.name.chars().count() > width {
        true => line.name.chars().take(width - 1).chain(['…']).collect(),
        false => line.name.clone(),
    };
    let mut text = format!("  {name:<width$}{:>14}", short(line.estimate));
    match told.test(line) {
        Some(tested) => {
            let p = if tested.p < 1e-300 { "< 1e-300".to_owned() } else { digits(tested.p, 3) };
            let _ = write!(
                text,
                "{:>16}{:>11}{p:>12}  {:>26}",
                short(tested.standard_error),
                digits(tested.statistic, 4),
                format!("{} to {}", short(tested.interval.start), short(tested.interval.end))
            );
        }
        None => {
            let _ = write!(text, "{:>16}  {}", "-", state_text(line.weight));
        }
    }
    text.push('\n');
    text
}

fn state_text(weight: Weight) -> &'static str {
    match weight {
        Weight::Estimated(_) => "",
        Weight::Undetermined => "not determined by these records: see below",
        Weight::NoRecord => "no record has this level",
        Weight::Constant => "the same in every record: 0 by convention",
    }
}

fn state_name(weight: Weight) -> &'static str {
    match weight {
        Weight::Estimated(_) => "estimated",
        Weight::Undetermined => "undetermined",
        Weight::NoRecord => "no-record",
        Weight::Constant => "constant",
    }
}

fn robust_name(robust: Robust) -> &'static str {
    match robust {
        Robust::Hc0 => "HC0",
        Robust::Hc1 => "HC1",
    }
}

fn robust_text(robust: Robust) -> &'static str {
    match robust {
        Robust::Hc0 => "HC0: A⁻¹(Σδ²xxᵀ)A⁻¹, whatever the variance of each record is",
        Robust::Hc1 => "HC1: A⁻¹(Σδ²xxᵀ)A⁻¹·N/(N − weights), whatever the variance of each record is",
    }
}

fn theory_text(told: &Told<'_>) -> String {
    let rank = count(told.summary.rank as u64, "weight");
    let of = match told.theory {
        Theory::LeastSquares => "least squares: covariance σ²A⁻¹ with A = Σxxᵀ, where all records have the variance σ²",
        Theory::Logistic => {
            "logistic regression: covariance A⁻¹ with A = Σŷ(1 − ŷ)xxᵀ, where ŷ is the true probability"
        }
        Theory::Multinomial => {
            "multinomial logistic regression: covariance A⁻¹ of all classes together, where ŷ are the true probabilities"
        }
        Theory::Poisson => {
            "Poisson regression: covariance A⁻¹ with A = Σŷxxᵀ, where each count has mean and variance ŷ"
        }
    };
    format!("{of}; {rank} {} free", if told.summary.rank == 1 { "is" } else { "are" })
}

/// `a + 2 b − [c=x] is 3 in every record`.
fn direction_text(told: &Told<'_>, direction: &Direction) -> String {
    let encoding = told.model.encoding();
    let names = encoding.input_names();
    let is_level: Vec<bool> = encoding
        .features
        .iter()
        .flat_map(|f| std::iter::repeat_n(matches!(f.kind, FeatureKind::Category { .. }), f.n_inputs()))
        .collect();
    let mut text = String::new();
    for (at, &(i, factor)) in direction.terms.iter().enumerate() {
        let sign = match (factor < 0.0, at) {
            (true, 0) => "−",
            (false, 0) => "",
            (true, _) => " − ",
            (false, _) => " + ",
        };
        let size = short(factor.abs());
        let size = if size == "1" { String::new() } else { format!("{size} ") };
        let name = if is_level[i] { format!("[{}]", names[i]) } else { names[i].clone() };
        let _ = write!(text, "{sign}{size}{name}");
    }
    format!("{text} is {} in every record", short(direction.value))
}

/// What a reader has to know beside the numbers.
fn notes(told: &Told<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    let encoding = told.model.encoding();
    if encoding.features.iter().any(|feature| feature.is_category()) && told.model.layer().parameters().has_bias() {
        notes.push(
            "the levels of a category average to zero, weighted by their records: a level's weight is its distance from that average, and \
             its error that of this distance"
                .to_owned(),
        );
    }
    if told.theory == Theory::Multinomial {
        notes.push(
            "the weights of an input add up to 0 over the classes: each is the distance of its class from the average class".to_owned(),
        );
    }
    if told.robust.is_none() {
        if told.theory == Theory::LeastSquares && encoding.target.classes().is_some() {
            notes.push(
                "the targets are two values, so that records do not have one variance: --robust holds there".to_owned(),
            );
        }
        let dispersions = told.summary.outputs.iter().filter_map(|output| output.dispersion);
        if dispersions.fold(0.0, f64::max) > 1.5 {
            notes.push(
                "the counts vary more than Poisson's, for which the dispersion is about 1: these errors are too small; --robust holds there"
                    .to_owned(),
            );
        }
    }
    if !told.summary.directions.is_empty() {
        notes.push(
            "what these records cannot tell apart (the weights can be moved along it, and no output changes):"
                .to_owned(),
        );
        let directions = told.summary.directions.iter();
        notes.extend(directions.map(|direction| format!("  {}", direction_text(told, direction))));
    }
    notes
}
