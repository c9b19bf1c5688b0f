//! `deltarule plot bowl`.

use anyhow::{Result, bail};
use deltarule_core::{Layer, Parameters, Reduction, Slice, SurfaceAxis, WeightIndex, WeightUnits};
use deltarule_plot::{Bowl, BowlCurve, BowlStep, Mark, MarkKind, Path, Words};

use super::ground::stoppable;
use super::names::figure;
use super::range::{range_of, spread};
use super::record;
use super::save::Destination;
use super::scene::{L1_TEXT, SHIFT, STEPS_ARE_SCALED, check_step, ends_with_shift, rule_text};
use super::subject::Subject;
use crate::cli::plot::BowlArgs;
use crate::setup;

/// So many points make a smooth curve.
const POINTS: usize = 241;

pub(super) fn run(args: &BowlArgs) -> Result<()> {
    let read: Vec<_> = args.inputs.iter().chain(&args.surface.path).collect();
    let destination = Destination::open(&args.picture, &read)?;
    let bowl = match (&args.inputs[..], &args.typed.x, &args.weight) {
        ([], Some(x), _) => {
            setup::check_without_data(&args.surface.records.files)?;
            record::typed(args, x)?
        }
        ([model, data @ ..], None, Some(weight)) if !data.is_empty() => {
            check_step(&args.surface, args.from, true)?;
            let subject = Subject::read(model, data, &args.surface.records, args.record, args.picture.force)?;
            let at = subject.names.find("--weight", weight)?;
            subject.scene(&stoppable(subject.records.records()), &args.surface, args.record)?.bowl(at, args.from)?
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
        let wanted: Vec<f64> = of_paths.chain(from).collect();
        let ((mut low, mut high), _) = range_of(slice, self.at, self.rise, &wanted)?;
        let is_scaled = slice.units == WeightUnits::Scaled;
        let step = match is_scaled {
            true => Some(self.step(slice, start, from, (low, high), center)?),
            false => {
                self.words.notes.push(STEPS_ARE_SCALED.to_owned());
                None
            }
        };
        if let Some(step) = &step
            && self.is_in_sight(step, slice, (low, high), center)?
        {
            let (to, room) = (step.from + step.by, 0.05 * (high - low));
            (low, high) = (low.min(to - room), high.max(to + room));
        }
        if ends_with_shift(&paths, [high - low, f64::INFINITY]) {
            self.words.notes.push(SHIFT.to_owned());
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

    /// Whether the end of a step can be shown beside the bowl, so that both are seen; what cannot is told in words.
    fn is_in_sight(
        &self,
        step: &BowlStep,
        slice: &Slice<'_, f64>,
        (low, high): (f64, f64),
        center: f64,
    ) -> Result<bool> {
        /// E after the step may be so many times as far above the least as what is shown without it.
        const MOST_HEIGHTS: f64 = 4.0;
        let (to, width) = (step.from + step.by, high - low);
        let most = if self.one_record { 4.0 } else { 1.0 } * width;
        if (low..=high).contains(&to) || !(to > low - most && to < high + most) {
            return Ok((low..=high).contains(&to));
        }
        let of_edges = slice.surface(&[SurfaceAxis { weight: self.at, values: vec![low, high, center] }])?.objective;
        let shown = of_edges.into_iter().chain([step.error]).filter(|e| e.is_finite());
        let (least, top) = shown.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, top), e| (least.min(e), top.max(e)));
        Ok(step.after - least <= MOST_HEIGHTS * (top - least))
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
        let (by, slope, descent) = (pick(&worked.step), pick(&worked.slope), pick(&worked.descent));
        let after = slice.surface(&[SurfaceAxis { weight: self.at, values: vec![from + by] }])?.objective[0];
        let over = match self.reduction {
            Reduction::Mean if !self.one_record => "−η/N ∂E/∂w",
            _ => "−η ∂E/∂w",
        };
        let rule = rule_text(self.eta, self.reduction, self.one_record);
        let (at, change) = (figure(from), figure(by));
        // λ₁ has a part of its own in what is drawn, and a step of its own after that of η.
        let has_l1 = slice.penalty.l1 > 0.0 && self.at.feature.is_some();
        let label = if has_l1 { format!("Δw = {change}") } else { format!("Δw = {over} = {change}") };
        self.words.lines.push(match has_l1 {
            false => format!(
                "at w = {at} the slope ∂E/∂w is {}; a step of plain descent is Δw = {over} = {change}, with {rule}",
                figure(slope)
            ),
            true => format!(
                "at w = {at} the slope ∂E/∂w is {}, and {} without λ₁'s part; a step of plain descent is Δw = {change}: {over} {L1_TEXT}, with {rule}",
                figure(slope),
                figure(-descent)
            ),
        });
        Ok(BowlStep { from, error: worked.objective, by, slope, after, label })
    }

    fn layer_at(&self, slice: &Slice<'_, f64>, value: f64) -> Result<Layer> {
        Ok(Layer::new(slice.moved_to(self.at, value)?, slice.layer.activation().clone()))
    }
}
