//! `deltarule plot bowl`.

use anyhow::{Result, bail};
use deltarule_core::{Layer, Parameters, Reduction, Slice, SurfaceAxis, WeightIndex, WeightUnits};
use deltarule_plot::{Bowl, BowlCurve, BowlStep, Mark, MarkKind, Path, Words};

use super::names::figure;
use super::range::{range_of, spread};
use super::record;
use super::save::Destination;
use super::scene::{STEPS_ARE_SCALED, rule_text};
use super::subject::Subject;
use crate::cli::plot::BowlArgs;

/// So many points make a smooth curve.
const POINTS: usize = 241;

pub(super) fn run(args: &BowlArgs) -> Result<()> {
    let read: Vec<_> = args.inputs.iter().chain(&args.surface.path).collect();
    let destination = Destination::open(&args.picture, &read)?;
    let bowl = match (&args.inputs[..], &args.typed.x, &args.weight) {
        ([], Some(x), _) => record::typed(args, x)?,
        ([model, data @ ..], None, Some(weight)) if !data.is_empty() => {
            let subject = Subject::read(model, data, &args.surface.records, args.record, args.picture.force)?;
            let at = subject.names.find("--weight", weight)?;
            let source = subject.records.dataset()?;
            subject.scene(&source, &args.surface, args.record)?.bowl(at, args.from)?
        }
        ([_, _, ..], None, None) => {
            bail!("--weight: found nothing, expected the name of a column; deltarule show MODEL lists them")
        }
        ([_], ..) => bail!("found a model without data, expected MODEL and DATA: E depends on the records"),
        _ => bail!("found neither MODEL and DATA nor --x, expected one of them; see deltarule plot bowl --help"),
    };
    destination.save(&bowl.draw(args.picture.look())?)
}

/// A bowl that is to be drawn.
pub(super) struct View {
    pub(super) at: WeightIndex,
    pub(super) eta: f64,
    pub(super) reduction: Reduction,
    pub(super) one_record: bool,
    /// E where the weights stand.
    pub(super) objective: f64,
    pub(super) rise: f64,
    pub(super) words: Words,
    pub(super) weight_label: String,
    pub(super) error_label: String,
    /// What the weights are.
    pub(super) standing: Option<(MarkKind, &'static str)>,
    /// What the main curve is.
    pub(super) held: String,
}

impl View {
    /// Works out the curves and the step.
    pub(super) fn draw(
        mut self,
        slice: &Slice<'_, f64>,
        paths: Vec<Path>,
        start: Option<&Layer>,
        from: Option<f64>,
    ) -> Result<Bowl> {
        let center = slice.position(self.at)?;
        let of_paths = paths.iter().flat_map(|path| &path.points).map(|point| point.at.0);
        let mut wanted: Vec<f64> = of_paths.chain(from).collect();
        let ((mut low, mut high), mut is_cut) = range_of(slice, self.at, self.rise, &wanted)?;
        let is_scaled = slice.units == WeightUnits::Scaled;
        let step = match is_scaled {
            true => Some(self.step(slice, start, from, (low, high), center)?),
            false => {
                self.words.notes.push(STEPS_ARE_SCALED.to_owned());
                None
            }
        };
        if let Some(step) = &step {
            // A step that goes a little beyond is followed; one that goes far is cut off.
            let to = step.from + step.by;
            let width = high - low;
            let most = if self.one_record { 4.0 } else { 1.0 } * width;
            if to.is_finite() && to > low - most && to < high + most {
                (low, high) = (low.min(to - 0.05 * width), high.max(to + 0.05 * width));
            } else {
                self.words.notes.push(format!("the step leads out of the picture, to {}", figure(to)));
            }
            wanted.push(step.from);
        }
        is_cut &= wanted.iter().any(|value| !(low..=high).contains(value));
        if is_cut {
            self.words.notes.push("the way leads out of the picture: it diverges".to_owned());
        }
        let also: Vec<f64> = [Some(center), step.as_ref().map(|step| step.from)].into_iter().flatten().collect();
        let values = spread((low, high), POINTS, &also);
        let axis = [SurfaceAxis { weight: self.at, values: values.clone() }];
        let points = |objective: Vec<f64>| values.iter().copied().zip(objective).collect::<Vec<_>>();
        let mut curves = vec![BowlCurve { label: self.held.clone(), points: points(slice.surface(&axis)?.objective) }];
        // Where all other weights stand at the start as they do at the end, the two curves are one.
        let moved = start.filter(|start| {
            let here = slice.moved_to(self.at, 0.0);
            let there = Slice { layer: start, ..*slice }.moved_to(self.at, 0.0);
            !matches!((here, there), (Ok(here), Ok(there)) if here == there)
        });
        if let Some(start) = moved {
            let of_start = Slice { layer: start, ..*slice };
            let label = "the same, held where the way starts".to_owned();
            curves.push(BowlCurve { label, points: points(of_start.surface(&axis)?.objective) });
        }
        let marks = self.standing.map(|(kind, standing)| Mark {
            kind,
            at: (center, 0.0),
            error: self.objective,
            label: format!("{standing}: w = {}, E = {}", figure(center), figure(self.objective)),
        });
        Ok(Bowl {
            words: self.words,
            weight_label: self.weight_label,
            error_label: self.error_label,
            curves,
            paths,
            marks: marks.into_iter().collect(),
            step,
        })
    }

    /// The step from the start of the way, from a weight that is given, or from one that shows something.
    fn step(
        &mut self,
        slice: &Slice<'_, f64>,
        start: Option<&Layer>,
        from: Option<f64>,
        (low, high): (f64, f64),
        center: f64,
    ) -> Result<BowlStep> {
        let layer = match (start, from) {
            (Some(start), _) => start.clone(),
            (None, Some(from)) => self.layer_at(slice, from)?,
            (None, None) if self.one_record => slice.layer.clone(),
            (None, None) => {
                let width = high - low;
                let zero_shows = (low..=high).contains(&0.0) && center.abs() > 0.1 * width;
                self.layer_at(slice, if zero_shows { 0.0 } else { center - 0.36 * width })?
            }
        };
        let slice = Slice { layer: &layer, ..*slice };
        let from = slice.position(self.at)?;
        let worked = slice.step(self.eta, self.reduction)?;
        let pick = |of: &Parameters| match self.at.feature {
            Some(i) => of.weights(self.at.output)[i],
            None => of.bias(self.at.output),
        };
        let (by, slope) = (pick(&worked.step), -pick(&worked.slope));
        let after = slice.surface(&[SurfaceAxis { weight: self.at, values: vec![from + by] }])?.objective[0];
        let over = match self.reduction {
            Reduction::Mean if !self.one_record => "−η/N ∂E/∂w",
            _ => "−η ∂E/∂w",
        };
        let rule = rule_text(self.eta, self.reduction, self.one_record);
        let label = format!("Δw = {over} = {}", figure(by));
        self.words.lines.push(format!(
            "at w = {} the slope ∂E/∂w is {}; a step of plain descent is Δw = {over} = {}, with {rule}",
            figure(from),
            figure(slope),
            figure(by)
        ));
        Ok(BowlStep { from, error: worked.objective, by, slope, after, label })
    }

    fn layer_at(&self, slice: &Slice<'_, f64>, value: f64) -> Result<Layer> {
        Ok(Layer::new(slice.moved_to(self.at, value)?, slice.layer.activation().clone()))
    }
}
