//! `deltarule plot weights` and `deltarule plot network`.

use anyhow::{Result, bail};
use deltarule_model::{Encoding, Model, ScaleRule};
use deltarule_plot::{Look, Network, WeightRow, Weights, Words};

use super::names::{choices, figure, short_choices};
use super::save::Destination;
use crate::cli::plot::{NetworkPictureArgs, WeightsArgs};
use crate::setup;

pub(super) fn weights(args: &WeightsArgs) -> Result<()> {
    let destination = Destination::open(&args.picture, &[&args.model])?;
    let model = setup::read_model(&args.model)?;
    let name = args.model.display().to_string();
    let look = args.picture.look();
    destination.save(&weights_of(&model, &name, args.output.as_deref(), args.most, look)?.draw(look)?)
}

pub(super) fn network(args: &NetworkPictureArgs) -> Result<()> {
    let destination = Destination::open(&args.picture, &[&args.model])?;
    let model = setup::read_model(&args.model)?;
    let look = args.picture.look();
    destination.save(&network_of(&model, &args.model.display().to_string(), args.most, look).draw(look)?)
}

/// The places of the largest numbers, by their size, in their own order; all if there are no more than `most`.
fn largest(sizes: &[f64], most: usize) -> Vec<usize> {
    let mut places: Vec<usize> = (0..sizes.len()).collect();
    if places.len() > most {
        places.sort_by(|a, b| sizes[*b].total_cmp(&sizes[*a]).then(a.cmp(b)));
        places.truncate(most);
        places.sort_unstable();
    }
    places
}

/// Puts inputs in the order of their columns, and levels that are numbers in that of the numbers: the encoding has them by their bytes, 10 before 9.
fn sort_levels(encoding: &Encoding, inputs: &[String], places: &mut [usize]) {
    let shape = encoding.shape();
    let key = |i: usize| {
        let column = shape.column_of(i);
        let level =
            inputs[i].strip_prefix(encoding.features[column].name.as_str()).and_then(|rest| rest.strip_prefix('='));
        (column, level.and_then(|level| level.parse::<f64>().ok()).unwrap_or(f64::INFINITY))
    };
    places.sort_by(|&a, &b| {
        let ((a_column, a_level), (b_column, b_level)) = (key(a), key(b));
        a_column.cmp(&b_column).then(a_level.total_cmp(&b_level)).then(a.cmp(&b))
    });
}

/// The weights of one output as bars.
pub(crate) fn weights_of(
    model: &Model,
    name: &str,
    output: Option<&str>,
    most: Option<usize>,
    look: Look,
) -> Result<Weights> {
    let encoding = model.encoding();
    let outputs = encoding.target.output_names();
    let j = match output {
        None => 0,
        Some(name) => match outputs.iter().position(|output| output == name) {
            Some(j) => j,
            None => bail!("--output: found {name:?}, expected one of {}", choices(&outputs)),
        },
    };
    let parameters = model.layer().parameters();
    let (scaled, original) = (parameters.weights(j), model.original_weights(j));
    let inputs = encoding.input_names();
    let sizes: Vec<f64> = scaled.iter().map(|w| w.abs()).collect();
    let b = parameters.has_bias().then(|| parameters.bias(j));
    // Beside weights that are all small its bar would leave nothing to be seen of them.
    let widest = sizes.iter().copied().fold(0.0, f64::max);
    let drawn_bias = b.filter(|b| b.abs() <= 3.0 * widest || sizes.is_empty());
    // The bias has a row of its own.
    let room = most.unwrap_or_else(|| Weights::rows_on(&look).saturating_sub(usize::from(drawn_bias.is_some())).max(1));
    let mut places = largest(&sizes, room);
    places.sort_by(|a, b| sizes[*b].total_cmp(&sizes[*a]).then(a.cmp(b)));
    let mut rows: Vec<WeightRow> = places
        .iter()
        .map(|&i| WeightRow { name: inputs[i].clone(), scaled: scaled[i], original: original.weights[i] })
        .collect();
    let mut notes = Vec::new();
    if places.len() < inputs.len() {
        notes.push(format!(
            "the {} largest of {} weights, in scaled units; --most N draws more or fewer",
            places.len(),
            inputs.len()
        ));
    }
    if outputs.len() > 1 && output.is_none() {
        notes.push(format!(
            "output {} of {}; --output NAME draws another: {}",
            outputs[j],
            outputs.len(),
            short_choices(&outputs)
        ));
    }
    match (drawn_bias, b) {
        (Some(b), _) => rows.push(WeightRow { name: "(bias)".to_owned(), scaled: b, original: original.bias }),
        (None, Some(b)) => {
            notes.push(format!("the bias is {}, in original units {}", figure(b), figure(original.bias)))
        }
        (None, None) => {}
    }
    let is_scaled = encoding.scale == ScaleRule::Standard;
    Ok(Weights {
        words: Words {
            title: format!("weights of {}", outputs[j]),
            lines: vec![format!("{name}: h = Σ w x + b, f = {}", model.layer().activation())],
            notes,
        },
        scaled_label: match is_scaled {
            true => "weight: change of h for one standard deviation of the column, or for the level".to_owned(),
            false => "weight: change of h for 1 of the column's unit, or for the level".to_owned(),
        },
        original_label: is_scaled.then(|| "for 1 of its unit".to_owned()),
        rows,
    })
}

/// The network itself.
pub(super) fn network_of(model: &Model, name: &str, most: Option<usize>, look: Look) -> Network {
    let encoding = model.encoding();
    let parameters = model.layer().parameters();
    let (inputs, outputs) = (encoding.input_names(), encoding.target.output_names());
    let room = most.unwrap_or_else(|| Network::nodes_on(&look)).max(1);
    let size = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0_f64, |most, w| most.max(w.abs()));
    let of_outputs: Vec<f64> = (0..outputs.len()).map(|j| size(&mut parameters.weights(j).iter().copied())).collect();
    let js = largest(&of_outputs, room);
    let of_inputs: Vec<f64> =
        (0..inputs.len()).map(|i| size(&mut js.iter().map(|&j| parameters.weights(j)[i]))).collect();
    let mut places = largest(&of_inputs, room);
    sort_levels(encoding, &inputs, &mut places);
    let mut notes = Vec::new();
    for (what, drawn, all) in [("inputs", places.len(), inputs.len()), ("outputs", js.len(), outputs.len())] {
        if drawn < all {
            notes.push(format!("the {drawn} of {all} {what} with the largest weights; --most N draws more or fewer"));
        }
    }
    let scaled = match encoding.scale {
        ScaleRule::Standard => "each number less its mean, divided by its standard deviation",
        ScaleRule::None => "numbers as they are",
    };
    Network {
        words: Words {
            title: format!(
                "{name}: {} to {}",
                crate::number::count(inputs.len() as u64, "input"),
                crate::number::count(outputs.len() as u64, "output")
            ),
            lines: vec![format!(
                "ŷ = f(Σ w x + b), f = {}; inputs: {scaled}; the width of a line is the size of its weight",
                model.layer().activation()
            )],
            notes,
        },
        inputs: places.iter().map(|&i| inputs[i].clone()).collect(),
        weights: js.iter().flat_map(|&j| places.iter().map(move |&i| parameters.weights(j)[i])).collect(),
        biases: parameters.has_bias().then(|| js.iter().map(|&j| parameters.bias(j)).collect()),
        outputs: js.iter().map(|&j| outputs[j].clone()).collect(),
        activation: model.layer().activation().name().to_owned(),
    }
}
