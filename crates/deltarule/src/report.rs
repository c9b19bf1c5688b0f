//! The words for what was chosen, why descent ended, and what the weights are.

use std::fmt::Write as _;

use deltarule_core::{Activation, Course, EtaBasis, Fit, Loss, OptimizerKind, Penalty, Plan, Reduction, Schedule};
use deltarule_data::{CacheUse, Storage};
use deltarule_model::{FeatureKind, Model, Target};
pub(crate) use deltarule_train::{eta_warning, reason_text};
use serde_json::{Value, json};

use crate::cli::MemoryArgs;
use crate::number::{count, digits, short};
use crate::output;

/// The rule of descent in one sentence.
pub(crate) fn descent_text(plan: &Plan) -> String {
    let rule = match plan.optimizer {
        OptimizerKind::GradientDescent => "the plain delta rule (gd)".to_owned(),
        OptimizerKind::Momentum { beta } => format!("momentum with β = {beta}"),
        OptimizerKind::Nesterov { beta: Some(beta) } => format!("nesterov with β = {beta}"),
        OptimizerKind::Nesterov { beta: None } => "nesterov, starting anew when the path turns uphill".to_owned(),
        OptimizerKind::LBfgs => "lbfgs, steps with the curvature that the last ten have shown".to_owned(),
        OptimizerKind::AdaGrad { epsilon } => {
            format!("adagrad, each weight's step divided by the root of its squared slopes (ε = {epsilon:e})")
        }
        OptimizerKind::RmsProp { decay, epsilon } => {
            format!(
                "rmsprop, each weight's step divided by the root of its mean squared slope (ρ = {decay}, ε = {epsilon:e})"
            )
        }
        OptimizerKind::Adam { beta1, beta2, epsilon } => {
            format!(
                "adam, each weight's mean slope over the root of its mean square (β₁ = {beta1}, β₂ = {beta2}, ε = {epsilon:e})"
            )
        }
        _ => plan.optimizer.name().to_owned(),
    };
    let batch = match plan.batch {
        None => "all records a step".to_owned(),
        Some(n) => format!("{} a step, in random order (seed {})", count(n, "record"), plan.seed),
    };
    let reduction = match plan.reduction {
        Reduction::Mean => "the mean of their gradients",
        Reduction::Sum => "the sum of their gradients",
    };
    let kink = match plan.kink_widths.iter().copied().reduce(f64::max) {
        Some(width) => format!(
            "\nthe kink of the loss is a parabola at first, over {}, and narrower whenever that leads no further down",
            short(width)
        ),
        None => String::new(),
    };
    format!("{rule}; {batch}; {reduction} (--reduction {}){kink}", plan.reduction.name())
}

/// Which weights are the result, where it is not those of a step.
fn average_text(plan: &Plan) -> Option<String> {
    let from = plan.average?;
    let eta = match plan.chooses_eta() && plan.course.schedule == Schedule::Auto {
        true => "; η then stays",
        false => "",
    };
    Some(format!(
        "weights: the mean over all steps from epoch {from} on (--average {from}), at which E is measured{eta}"
    ))
}

/// How η changes from epoch to epoch, where that was asked for: `k` counts from 0.
fn course_text(plan: &Plan) -> Option<String> {
    let Course { schedule, warm_up } = plan.course;
    let rule = match schedule {
        Schedule::Auto => None,
        Schedule::Constant => Some("stays what it is".to_owned()),
        Schedule::Inverse { epochs, power: 1.0 } => Some(format!("divided by 1 + k/{epochs} in epoch k")),
        Schedule::Inverse { epochs, power } => Some(format!("divided by (1 + k/{epochs})^{power} in epoch k")),
        Schedule::Exponential { factor } => Some(format!("multiplied by {factor} after each epoch")),
        Schedule::Step { every, factor } => {
            Some(format!("multiplied by {factor} after every {}", count(every, "epoch")))
        }
        Schedule::Cosine { epochs: None } => Some("falls to 0 over all epochs as half a cosine".to_owned()),
        Schedule::Cosine { epochs: Some(epochs) } => {
            Some(format!("falls to 0 over {} as half a cosine, and anew", count(epochs, "epoch")))
        }
        _ => Some(schedule.to_string()),
    };
    let rule = rule.map(|rule| format!("η {rule} (--schedule {schedule})"));
    let warm_up = (warm_up > 0).then(|| format!("η rises to that in {}", count(warm_up, "epoch")));
    match (warm_up, rule) {
        (Some(warm_up), Some(rule)) => Some(format!("{warm_up}; from then on {rule}")),
        (warm_up, rule) => warm_up.or(rule),
    }
}

/// A loss and its formula, in one line.
pub(crate) fn loss_text(loss: Loss, activation: &Activation) -> String {
    format!("--loss {loss}: the error of one prediction is {}", loss.formula(activation))
}

/// What large weights cost, where they cost anything.
pub(crate) fn penalty_text(penalty: &Penalty) -> Option<String> {
    let part = |value: f64, of: &str| (value > 0.0).then(|| format!("{}·{of}", short(value)));
    let parts: Vec<String> = [part(0.5 * penalty.l2, "Σw²"), part(penalty.l1, "Σ|w|")].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| {
        format!("penalty: {} beside E/N, for the weights that are descended in; a bias has none", parts.join(" + "))
    })
}

/// What the weights cost at the end.
pub(crate) fn penalised_text(plan: &Plan, fit: &Fit) -> Option<String> {
    let penalty = &plan.penalty;
    if penalty.is_none() {
        return None;
    }
    let parameters = fit.layer.parameters();
    let weights: Vec<f64> = (0..parameters.n_outputs()).flat_map(|j| parameters.weights(j)).copied().collect();
    let zeros = weights.iter().filter(|w| **w == 0.0).count();
    let of_zeros = if penalty.l1 > 0.0 {
        format!("; {zeros} of {} are 0", count(weights.len() as u64, "weight"))
    } else {
        String::new()
    };
    Some(format!(
        "E with its penalty: {} = {} + N·{}{of_zeros}",
        digits(fit.loss + fit.penalty, 8),
        digits(fit.loss, 8),
        digits(penalty.value(parameters), 6),
    ))
}

/// η, why this one, and what is known about larger ones.
pub(crate) fn eta_text(plan: &Plan) -> String {
    let Plan { eta, reduction, optimizer, penalty, .. } = *plan;
    let lambda = if eta.curvature.proven { "λmax ≤" } else { "λmax ≈" };
    let curvature = format!("{lambda} {} of XᵀX/N", short(eta.curvature.lambda_max));
    let bend = if penalty.l2 > 0.0 { "(c·λmax + l2)" } else { "(c·λmax)" };
    let why = match (eta.basis, eta.c) {
        (EtaBasis::Given, _) => "as given".to_owned(),
        (EtaBasis::Bound, Some(c)) if optimizer == OptimizerKind::LBfgs => {
            format!("of the first step, 1/{bend} with c = {} for this f and these targets, {curvature}", short(c))
        }
        (_, _) if optimizer == OptimizerKind::LBfgs => {
            format!("of the first step, a guess from {curvature}; the length of every step is found on the way")
        }
        (EtaBasis::Bound, Some(c)) => format!(
            "1/{bend}, whose guaranteed fall of E is largest (no plain step up to twice as long raises E): c = {} for this f and these targets, {curvature}",
            short(c)
        ),
        (EtaBasis::Estimate, _) => {
            format!("1/(c·λmax) with {curvature}, an estimate: halved whenever a plain step raises E")
        }
        (EtaBasis::Backtracking, _) => format!(
            "a first guess from {curvature}: this f has no bound with this loss, so η is halved whenever a plain step raises E, and grows while all goes well"
        ),
        (EtaBasis::Stochastic, _) if plan.course.schedule != Schedule::Auto => {
            "half of 1/(c·λ) with the expected curvature λ of a batch".to_owned()
        }
        (EtaBasis::Stochastic, _) => {
            "half of 1/(c·λ) with the expected curvature λ of a batch; lowered after each epoch of more noise than progress".to_owned()
        }
        (EtaBasis::Adaptive, _) => format!(
            "about how far a step moves a weight: as far as the plain rule's first steps do, from E of the best constant and {curvature}; {}",
            match plan.batch {
                None => "halved whenever a step raises E, and grows while all goes well",
                Some(_) if plan.course.schedule != Schedule::Auto => "for a batch",
                Some(_) => "for a batch; lowered after each epoch of more noise than progress, and raised after the others",
            }
        ),
        _ => "from the data".to_owned(),
    };
    let course = course_text(plan).into_iter().chain(average_text(plan)).map(|text| format!("\n{text}"));
    let course: String = course.collect();
    if optimizer.is_adaptive() {
        return format!("η = {}: {why}{course}", short(eta.eta));
    }
    let other = match reduction {
        Reduction::Mean => "sum",
        Reduction::Sum => "mean",
    };
    format!(
        "η = {}: {why} (the same steps with --reduction {other}: {}){course}",
        short(eta.eta),
        short(eta.equivalent)
    )
}

/// The formula of E, in which a record of weight v counts v times.
pub(crate) fn sum_text(loss: Loss, activation: &Activation, is_weighted: bool) -> String {
    let text = loss.sum_text(activation);
    match text.rfind('Σ') {
        Some(at) if is_weighted => {
            let (sums, of) = text.split_at(at + 'Σ'.len_utf8());
            format!("{sums} v·{}", of.trim_start())
        }
        _ => text,
    }
}

/// How the whole table became small, where it did.
pub(crate) fn triangle_text(plan: &Plan) -> Option<String> {
    let triangle = plan.triangle.as_ref()?;
    let condition = plan.eta.curvature.condition_number();
    let condition = condition.map_or("singular".to_owned(), |ratio| format!("condition number ≈ {}", digits(ratio, 3)));
    Some(format!(
        "the table is carried by a triangle of {} (f is the identity): {} the records again; XᵀX: {condition}",
        count(triangle.n_columns() as u64, "column"),
        match plan.batch {
            None => "no step needs to read",
            Some(_) => "E after an epoch is known without reading",
        }
    ))
}

/// How far E is above the least that there is, where that is known.
pub(crate) fn distance_text(plan: &Plan, sse: f64) -> Option<String> {
    if !plan.penalty.is_none() {
        return None;
    }
    let least = plan.triangle.as_ref()?.least_sse();
    let above = if sse <= least { 0.0 } else { (sse - least) / sse };
    Some(format!(
        "the least E of any weights is {}: this one is {} of itself above it",
        digits(least, 10),
        digits(above, 2)
    ))
}

/// So many of more weights than can be read are listed.
pub(crate) const MOST_WEIGHTS: usize = 60;
/// So many weights of buckets are listed.
pub(crate) const MOST_BUCKETS: usize = 20;
/// So many terms of h are written out.
const MOST_TERMS: usize = 30;

/// Every weight, in the user's units and in those descended in, output by output.
///
/// `most` limits the lines of one output, `most_buckets` those of buckets among them; the largest weights are then shown.
pub(crate) fn weights_text(model: &Model, most: usize, most_buckets: usize) -> String {
    let encoding = model.encoding();
    let names = shown(&encoding.input_names());
    let parameters = model.layer().parameters();
    let scalings = || {
        let features = encoding.features.iter();
        features.flat_map(|f| f.scaling().into_iter().chain(f.sparse().iter().map(|feature| feature.scaling)))
    };
    let scaled = scalings().any(|s| s.factor != 1.0 || s.offset != 0.0);
    let (buckets, others): (Vec<usize>, Vec<usize>) = {
        let is_bucket =
            encoding.features.iter().flat_map(|f| std::iter::repeat_n(f.kind_name() == "hashed", f.n_inputs()));
        let is_bucket: Vec<bool> = is_bucket.collect();
        (0..names.len()).partition(|&i| is_bucket[i])
    };
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).clamp(20, 44);
    let name_of = |name: &str| -> String {
        if name.chars().count() <= width {
            name.to_owned()
        } else {
            name.chars().take(width - 1).chain(['…']).collect()
        }
    };
    let mut text = String::new();
    for (j, output) in shown(&encoding.target.output_names()).iter().enumerate() {
        let original = model.original_weights(j);
        let _ = writeln!(
            text,
            "weights of {output}{}",
            if scaled { ": change of h for one unit of the column, and for one standard deviation" } else { "" }
        );
        let _ = write!(text, "  {:<width$}{:>18}", "", "in your units");
        let _ = writeln!(text, "{}", if scaled { format!("{:>18}", "in scaled units") } else { String::new() });
        let mut shown = largest(&others, most, parameters.weights(j));
        shown.extend(largest(&buckets, most_buckets, parameters.weights(j)));
        shown.sort_unstable();
        let mut line = |name: &str, own: f64, inner: f64| {
            let _ = write!(text, "  {:<width$}{:>18}", name_of(name), short(own));
            let _ = writeln!(text, "{}", if scaled { format!("{:>18}", short(inner)) } else { String::new() });
        };
        for &i in &shown {
            line(&names[i], original.weights[i], parameters.weights(j)[i]);
        }
        if parameters.has_bias() || original.bias != 0.0 {
            line("(bias)", original.bias, parameters.bias(j));
        }
        for (n, most, of) in [(others.len(), most, "weights"), (buckets.len(), most_buckets, "weights of buckets")] {
            if n > most {
                let _ = writeln!(text, "  … the {most} largest of {n} {of}; --json shows all");
            }
        }
    }
    if !buckets.is_empty() {
        text.push_str(
            "  (column#bucket is the weight of all values that are hashed into that bucket; which values they are, a bucket does not tell)\n",
        );
    }
    if model.training().l2 > 0.0 || model.training().l1 > 0.0 {
        text.push_str("  (with a penalty on the weights in scaled units)\n");
    } else if model.encoding().features.iter().any(|f| f.is_category()) && parameters.has_bias() {
        let of = if buckets.is_empty() { "levels of a category" } else { "levels, or buckets, of a category" };
        let _ = writeln!(text, "  (the {of} average to zero, weighted by their records: the bias holds the average)");
    }
    let constant: Vec<&str> = encoding
        .features
        .iter()
        .filter(|f| f.scaling().is_some_and(|s| s.factor == 0.0))
        .map(|f| f.name.as_str())
        .collect();
    if !constant.is_empty() {
        let _ = writeln!(text, "  (weight 0 by convention, since the column is constant: {})", constant.join(", "));
    }
    text
}

/// The inputs with the largest weights, in their order.
fn largest(inputs: &[usize], most: usize, weights: &[f64]) -> Vec<usize> {
    let mut inputs = inputs.to_vec();
    if inputs.len() > most {
        inputs.sort_by(|&a, &b| weights[b].abs().total_cmp(&weights[a].abs()));
        inputs.truncate(most);
    }
    inputs
}

/// Names as they are shown within a line.
fn shown(names: &[String]) -> Vec<String> {
    names.iter().map(|name| output::one_line(name).into_owned()).collect()
}

/// h written out with the weights in the user's units, for the outputs of a small model.
pub(crate) fn equation(model: &Model) -> String {
    let encoding = model.encoding();
    let names = shown(&encoding.input_names());
    let activation = model.layer().activation();
    let mut text = String::new();
    for (j, output) in shown(&encoding.target.output_names()).iter().enumerate() {
        let original = model.original_weights(j);
        let mut terms: Vec<String> = Vec::new();
        let (mut first, mut n_terms) = (0, 0);
        for feature in &encoding.features {
            let inputs = first..first + feature.n_inputs();
            first = inputs.end;
            if let FeatureKind::Hashed { .. } = feature.kind {
                terms.push(format!("+ w[{}]", feature.name));
                continue;
            }
            for i in inputs {
                let (name, weight) = (&names[i], original.weights[i]);
                n_terms += 1;
                if weight == 0.0 || n_terms > MOST_TERMS {
                    continue;
                }
                let input = match feature.kind {
                    FeatureKind::Sparse { .. } => format!("x[{name}]"),
                    FeatureKind::Category { .. } => format!("[{name}]"),
                    _ => name.clone(),
                };
                let sign = if weight < 0.0 { "-" } else { "+" };
                terms.push(format!("{sign} {} {input}", short(weight.abs())));
            }
        }
        let more = if n_terms > MOST_TERMS { format!(" + … ({} more)", n_terms - MOST_TERMS) } else { String::new() };
        let h = format!("{} {}{more}", short(original.bias), terms.join(" "));
        let _ = writeln!(text, "h({output}) = {}", h.trim_end());
    }
    let _ = writeln!(text, "ŷ = f(h) = {}    ({activation})", activation.value_text());
    text
}

/// What a model's outputs stand for.
pub(crate) fn target_text(model: &Model) -> String {
    match &model.encoding().target {
        Target::Numbers { names, .. } if names.len() == 1 => format!("{}, a number", names[0]),
        Target::Numbers { names, .. } => format!("{}: {}", count(names.len() as u64, "number"), names.join(", ")),
        Target::TwoClasses { name, classes, low, high, .. } => format!(
            "{name}, two classes: ŷ near {} means {}, near {} means {}",
            short(*low),
            classes[0],
            short(*high),
            classes[1]
        ),
        Target::Classes { name, classes, .. } => {
            format!("{name}, {} classes, one output each: {}", classes.len(), classes.join(", "))
        }
    }
}

/// Which y stands for which class, where a name does not say it.
pub(crate) fn coding_text(target: &Target) -> Option<String> {
    match target {
        Target::TwoClasses { name, classes: [first, second], low, high, .. } => {
            let is_own = |class: &str, y: f64| class.parse::<f64>() == Ok(y);
            (!is_own(first, *low) || !is_own(second, *high))
                .then(|| format!("{name}: {first} is y = {}, {second} is y = {}", short(*low), short(*high)))
        }
        Target::Classes { name, low, high, .. } if (*low, *high) != (0.0, 1.0) => Some(format!(
            "{name}: y = {} for the class that a record has, {} for the others",
            short(*high),
            short(*low)
        )),
        _ => None,
    }
}

/// Every weight in both units.
pub(crate) fn weights_json(model: &Model) -> Value {
    let encoding = model.encoding();
    let names = encoding.input_names();
    let parameters = model.layer().parameters();
    let outputs = encoding.target.output_names().into_iter().enumerate().map(|(j, output)| {
        let original = model.original_weights(j);
        let weights: Vec<_> = names
            .iter()
            .enumerate()
            .map(|(i, input)| json!({ "input": input, "original": original.weights[i], "scaled": parameters.weights(j)[i] }))
            .collect();
        json!({
            "output": output,
            "bias": { "original": original.bias, "scaled": parameters.bias(j) },
            "weights": weights,
        })
    });
    outputs.collect()
}

/// Where a table is held, if that is to be said.
pub(crate) fn storage_text(storage: &Storage, memory: &MemoryArgs) -> Option<String> {
    let mut sentences = Vec::new();
    let cache = memory.cache.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
    match &storage.cache {
        CacheUse::None => {}
        CacheUse::Read => sentences.push(format!("the table was taken from the cache {cache}")),
        CacheUse::Written { remade: None } => sentences.push(format!("the table is kept in the cache {cache}")),
        CacheUse::Written { remade: Some(reason) } => {
            sentences.push(format!("the cache {cache} was made anew, since {reason}"));
        }
    }
    if storage.on_disk > 0 {
        let place = if cache.is_empty() { "a temporary file" } else { "the cache" };
        sentences.push(format!(
            "holding {} in memory and {} in {place} on disk ({}): the table does not fit into --memory",
            count(storage.in_memory as u64, "record"),
            storage.on_disk,
            size(storage.bytes_on_disk)
        ));
    }
    (!sentences.is_empty()).then(|| sentences.join("\n"))
}

/// A number of bytes.
fn size(bytes: u64) -> String {
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let power = (bytes.max(1).ilog2() / 10).min(4);
    format!("{} {}", digits(bytes as f64 / 1024_f64.powi(power as i32), 3), units[power as usize])
}
