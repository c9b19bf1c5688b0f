//! E along weights, with ways down and steps: what bowls and contours have in common.

use std::collections::BTreeSet;

use anyhow::{Result, anyhow, bail};
use deltarule_core::{Layer, Parameters, Reduction, Slice, SurfaceAxis, WeightIndex, WeightUnits};
use deltarule_plot::{Bowl, Contour, ContourStep, Mark, MarkKind, Path, PathPoint, Words};

use super::bowl::View;
use super::ground::Ground;
use super::names::axis_text;
use super::names::figure;
use super::range::{range_of, spread};
use crate::cli::plot::{SurfaceArgs, UnitsArg};
use crate::number::count;

/// So many states of a path are drawn: more are no better to see.
const MOST_STATES: usize = 240;
/// So many values of each of two weights make smooth lines, and fewer where there are so many records that they take long.
const POINTS: usize = 61;
const FEWER_POINTS: usize = 41;
const MANY_RECORDS: usize = 200_000;

/// A way down.
pub(crate) struct Way {
    label: String,
    epochs: Vec<u64>,
    /// The network at each of them.
    layers: Vec<Layer>,
    /// E at each of them.
    errors: Vec<f64>,
}

impl Way {
    /// Takes no more states of a path than can be told apart, and works out E at each.
    ///
    /// Errors: those of the source.
    pub(crate) fn of(label: String, states: Vec<(u64, Parameters)>, slice: &Slice<'_, f64>) -> Result<Self> {
        let kept = kept_of(states.len());
        let (epochs, parameters): (Vec<u64>, Vec<Parameters>) =
            states.into_iter().enumerate().filter(|(k, _)| kept.contains(k)).map(|(_, state)| state).unzip();
        let errors = slice.objectives(&parameters)?;
        let activation = slice.layer.activation();
        let layers = parameters.into_iter().map(|parameters| Layer::new(parameters, activation.clone())).collect();
        Ok(Self { label, epochs, layers, errors })
    }

    /// Its places.
    fn points(&self, at: impl Fn(&Layer) -> Result<(f64, f64)>) -> Result<Vec<PathPoint>> {
        let mut points = Vec::with_capacity(self.epochs.len());
        for ((&epoch, layer), &error) in self.epochs.iter().zip(&self.layers).zip(&self.errors) {
            points.push(PathPoint { epoch, at: at(layer)?, error });
        }
        Ok(points)
    }
}

/// Which of so many states are drawn, the first and the last among them: at the start each one, since the first steps are the largest, and then fewer and fewer.
fn kept_of(n: usize) -> BTreeSet<usize> {
    if n <= MOST_STATES {
        return (0..n).collect();
    }
    let (each, spread) = (MOST_STATES / 2, (MOST_STATES - MOST_STATES / 2) as f64);
    let ratio = (n - 1) as f64 / each as f64;
    let later = (1..=spread as usize).map(|k| (each as f64 * ratio.powf(k as f64 / spread)).round() as usize);
    (0..each).chain(later).map(|k| k.min(n - 1)).collect()
}

/// A network on some records, with ways to it.
pub(crate) struct Scene<'a> {
    pub(crate) ground: Ground<'a>,
    pub(crate) slice: Slice<'a, f64>,
    pub(crate) ways: Vec<Way>,
    pub(crate) eta: f64,
    pub(crate) reduction: Reduction,
    /// What the network's weights are.
    pub(crate) standing: (MarkKind, &'static str),
    /// What descent goes down, at these weights.
    pub(crate) objective: f64,
    /// By how much E rises to the edges of a picture.
    pub(crate) rise: f64,
    /// The only record, if there is one alone.
    pub(crate) record: Option<u64>,
}

impl Scene<'_> {
    /// E along a weight.
    ///
    /// Errors: a weight that has no value in the units of the slice; those of the source.
    pub(crate) fn bowl(&self, at: WeightIndex, from: Option<f64>) -> Result<Bowl> {
        self.check(at, "--weight")?;
        let Self { ground, slice, .. } = self;
        let mut paths = Vec::with_capacity(self.ways.len());
        for way in &self.ways {
            let points = way.points(|layer| Ok((slice.position_in(layer.parameters(), at)?, 0.0)))?;
            paths.push(Path { label: way.label.clone(), points });
        }
        let name = ground.names.text(at);
        let mut error_label = ground.error_label();
        if self.record.is_some() {
            error_label = error_label.replacen("ΣΣ", "Σ", 1);
            if ground.names.outputs.len() == 1 {
                error_label = error_label.replacen('Σ', "", 1);
            }
        }
        let view = View {
            at,
            eta: self.eta,
            reduction: self.reduction,
            one_record: self.record.is_some(),
            objective: self.objective,
            rise: self.rise,
            words: Words {
                title: match self.record {
                    Some(record) => format!("E of record {record} along the weight of {name}"),
                    None => format!("E along the weight of {name}"),
                },
                lines: vec![ground.line.clone()],
                notes: ground.notes.clone(),
            },
            weight_label: axis_text(ground.model.encoding(), ground.names, at, slice.units),
            error_label,
            standing: Some(self.standing),
            held: match (slice.units, slice.layer.parameters().values().count()) {
                (_, 1) => "E".to_owned(),
                (WeightUnits::Scaled, _) => "E, the other weights held at the model's".to_owned(),
                (WeightUnits::Original, _) => "E, the other weights, in original units, held at the model's".to_owned(),
            },
        };
        view.draw(slice, paths, self.ways.first().and_then(|way| way.layers.first()), from)
    }

    /// E over two weights.
    ///
    /// Errors: those of [`bowl`](Self::bowl).
    pub(crate) fn contour(&self, at: [WeightIndex; 2]) -> Result<Contour> {
        let Self { ground, slice, .. } = self;
        for at in at {
            self.check(at, "--weights")?;
        }
        let place = |layer: &Layer| -> Result<(f64, f64)> {
            let parameters = layer.parameters();
            Ok((slice.position_in(parameters, at[0])?, slice.position_in(parameters, at[1])?))
        };
        let mut paths = Vec::with_capacity(self.ways.len());
        for way in &self.ways {
            paths.push(Path { label: way.label.clone(), points: way.points(place)? });
        }
        let mut words = Words {
            title: format!("E over the weights of {} and {}", ground.names.text(at[0]), ground.names.text(at[1])),
            lines: vec![ground.line.clone()],
            notes: ground.notes.clone(),
        };
        let steps = self.first_steps(at, &mut words)?;
        let mut values = [Vec::new(), Vec::new()];
        let n = if slice.source.n_records() > MANY_RECORDS { FEWER_POINTS } else { POINTS };
        let mut is_cut = false;
        for (which, values) in values.iter_mut().enumerate() {
            let pick = |at: (f64, f64)| if which == 0 { at.0 } else { at.1 };
            let wanted: Vec<f64> = paths.iter().flat_map(|path| &path.points).map(|point| pick(point.at)).collect();
            let (mut range, cut) = range_of(slice, at[which], self.rise, &wanted)?;
            is_cut |= cut;
            let width = range.1 - range.0;
            for step in &steps {
                let to = pick(step.from) + pick(step.by);
                if to > range.0 - width && to < range.1 + width {
                    range = (range.0.min(to - 0.04 * width), range.1.max(to + 0.04 * width));
                }
            }
            *values = spread(range, n, &[]);
        }
        let widths = [0, 1].map(|k| values[k].last().unwrap_or(&0.0) - values[k][0]);
        if ends_with_shift(&paths, widths) {
            words.notes.push(SHIFT.to_owned());
        }
        if is_cut {
            words.notes.push("a way leads out of the picture: it diverges".to_owned());
        }
        let n_weights = slice.layer.parameters().values().count();
        if n_weights > 2 {
            let of_units = if slice.units == WeightUnits::Original { ", in original units," } else { "" };
            let (held, they) = match n_weights - 2 {
                1 => (format!("the other weight{of_units} is"), "it moves"),
                n => (format!("the {}{of_units} are", count(n as u64, "other weight")), "they move"),
            };
            let on_the_way = format!("; on the way {they} too, and E there is another");
            words.notes.push(format!("{held} held at the model's{}", if paths.is_empty() { "" } else { &on_the_way }));
        }
        let axes = [0, 1].map(|k| SurfaceAxis { weight: at[k], values: values[k].clone() });
        let mark = Mark {
            kind: self.standing.0,
            at: place(slice.layer)?,
            error: self.objective,
            label: format!("{}: E = {}", self.standing.1, figure(self.objective)),
        };
        Ok(Contour {
            words,
            weight_labels: at.map(|at| axis_text(ground.model.encoding(), ground.names, at, slice.units)),
            error_label: ground.error_label(),
            errors: slice.surface(&axes)?.objective,
            values,
            paths,
            marks: vec![mark],
            steps,
        })
    }

    /// The first step of each way, in the units that are descended in.
    fn first_steps(&self, at: [WeightIndex; 2], words: &mut Words) -> Result<Vec<ContourStep>> {
        let slice = &self.slice;
        if slice.units == WeightUnits::Original {
            if !self.ways.is_empty() {
                words.notes.push(STEPS_ARE_SCALED.to_owned());
            }
            return Ok(Vec::new());
        }
        let has_l1 = slice.penalty.l1 > 0.0 && at.iter().any(|at| at.feature.is_some());
        let mut steps = Vec::new();
        for layer in self.ways.iter().filter_map(|way| way.layers.first()) {
            let of_start = Slice { layer, ..*slice };
            let step = of_start.step(self.eta, self.reduction)?.step;
            let by = at.map(|at| match at.feature {
                Some(i) => step.weights(at.output)[i],
                None => step.bias(at.output),
            });
            let from = (of_start.position(at[0])?, of_start.position(at[1])?);
            let over = if self.reduction == Reduction::Mean { "−η/N ∂E/∂w" } else { "−η ∂E/∂w" };
            if steps.is_empty() {
                let (a, b, rule) = (figure(by[0]), figure(by[1]), rule_text(self.eta, self.reduction, false));
                words.lines.push(match has_l1 {
                    false => format!("arrow: a step of plain descent, Δw = {over} = ({a}, {b}), with {rule}"),
                    true => format!("arrow: a step of plain descent, Δw = ({a}, {b}): {over} {L1_TEXT}, with {rule}"),
                });
            }
            if by.iter().all(|by| by.is_finite()) {
                let label = if has_l1 { "Δw".to_owned() } else { format!("Δw = {over}") };
                steps.push(ContourStep { from, by: (by[0], by[1]), label });
            }
        }
        Ok(steps)
    }

    /// Errors: a weight that has no value in the units of the slice.
    fn check(&self, at: WeightIndex, option: &str) -> Result<()> {
        self.slice.position(at).map(|_| ()).map_err(|error| match (self.slice.units, at.feature) {
            (WeightUnits::Original, Some(_)) => anyhow!(
                "{option}: found {}, a column whose values were all the same in training, expected one that varies: its weight is 0 by convention",
                self.ground.names.text(at)
            ),
            _ => anyhow!("{option}: {error}"),
        })
    }
}

/// What a step is beside −η ∂E/∂w where λ₁ is above 0.
pub(super) const L1_TEXT: &str = "without λ₁'s part of it, and then towards 0 by ηλ₁";

/// What is said where the last state of a way stands apart from the one before.
pub(super) const SHIFT: &str =
    "at the end of a way the levels of a category are made to average to 0, which changes no prediction";

/// Whether a way ends with a shift of weights that E does not notice, and which is seen in a picture of these widths.
pub(super) fn ends_with_shift(paths: &[Path], widths: [f64; 2]) -> bool {
    paths.iter().any(|path| match &path.points[..] {
        [.., before, last] => {
            let is_same = (last.error - before.error).abs() <= 1e-9 * last.error.abs();
            let (a, b) = ((last.at.0 - before.at.0).abs(), (last.at.1 - before.at.1).abs());
            is_same && (a > 0.02 * widths[0] || b > 0.02 * widths[1])
        }
        _ => false,
    })
}

/// What is said where no step is drawn.
pub(super) const STEPS_ARE_SCALED: &str = "a step is drawn in the units that are descended in: --units scaled";

/// Errors: settings of a step where none is drawn.
pub(super) fn check_step(args: &SurfaceArgs, from: Option<f64>, is_drawn: bool) -> Result<()> {
    let found = [("--eta", args.eta.is_some()), ("--reduction", args.reduction.is_some()), ("--from", from.is_some())];
    let Some((option, _)) = found.into_iter().find(|(_, is_given)| *is_given) else { return Ok(()) };
    if args.units == UnitsArg::Original {
        bail!(
            "{option}: found beside --units original, which draws no step, expected --units scaled: {STEPS_ARE_SCALED}"
        );
    }
    if !is_drawn {
        bail!("{option}: found without --path, expected both: the step that is drawn is the first one of a path");
    }
    Ok(())
}

/// η and what it multiplies, in words.
pub(super) fn rule_text(eta: f64, reduction: Reduction, one_record: bool) -> String {
    match reduction {
        Reduction::Mean if !one_record => format!("η = {} on the mean of the gradients", figure(eta)),
        _ => format!("η = {}", figure(eta)),
    }
}
