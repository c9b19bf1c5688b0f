//! All that is on the page: the points, and the lanes side by side.

use deltarule_core::{Column, Targets};
use serde_json::{Value, json};

use crate::error::{Result, setting};
use crate::lane::{Lane, NextStep, Seen, State, Walked};
use crate::points::{Chosen, Place, Points};
use crate::settings::Settings;
use crate::views::WeightName;
use crate::words;

/// So many lanes stand side by side.
const MOST_LANES: usize = 2;

/// The points, and one or two lanes that walk down their error.
#[derive(Debug)]
pub struct Lab {
    points: Points,
    lanes: Vec<Lane>,
}

impl Lab {
    /// Reads a table, with one lane at its start.
    ///
    /// Errors: those of [`Points::read`] and [`Lane::new`].
    pub fn open(name: &str, bytes: Vec<u8>, chosen: &Chosen, settings: Settings) -> Result<Self> {
        let chosen = Chosen { activation: settings.activation.clone(), ..chosen.clone() };
        let points = Points::read(name, bytes, &chosen)?;
        let lanes = vec![Lane::new(&points, settings)?];
        Ok(Self { points, lanes })
    }

    /// The points.
    pub fn points(&self) -> &Points {
        &self.points
    }

    /// A lane.
    ///
    /// Errors: there is none of this number.
    pub fn lane(&self, lane: usize) -> Result<&Lane> {
        let n = self.lanes.len();
        self.lanes.get(lane).map_or_else(|| setting("lane", lane, format!("a number below {n}")), Ok)
    }

    /// The points, and a lane to be changed.
    pub(crate) fn lane_mut(&mut self, lane: usize) -> Result<(&Points, &mut Lane)> {
        let n = self.lanes.len();
        match self.lanes.get_mut(lane) {
            Some(lane) => Ok((&self.points, lane)),
            None => setting("lane", lane, format!("a number below {n}")),
        }
    }

    /// How many lanes there are.
    pub fn n_lanes(&self) -> usize {
        self.lanes.len()
    }

    /// Another lane beside the first.
    ///
    /// Errors: those of [`Lane::new`]; there is room for no other.
    pub fn add_lane(&mut self, settings: Settings) -> Result<()> {
        if self.lanes.len() == MOST_LANES {
            return setting("lane", "another one", format!("at most {MOST_LANES}"));
        }
        self.lanes.push(Lane::new(&self.points, settings)?);
        Ok(())
    }

    /// Takes the last lane away, unless it is the only one.
    pub fn remove_lane(&mut self) {
        if self.lanes.len() > 1 {
            self.lanes.pop();
        }
    }

    /// Changes a lane's settings.
    ///
    /// Errors: those of [`Lane::set`].
    pub fn set(&mut self, lane: usize, settings: Settings) -> Result<()> {
        let (points, lane) = self.lane_mut(lane)?;
        lane.set(points, settings)
    }

    /// Moves a point; every lane goes on from the weights that it shows.
    ///
    /// Errors: no such point or place; E is not finite there. The points stay as they were.
    pub fn move_point(&mut self, record: usize, places: &[Place]) -> Result<()> {
        let mut points = self.points.clone();
        places.iter().try_for_each(|place| points.set(record, place))?;
        self.take(points)
    }

    /// Adds a point.
    ///
    /// Errors: those of [`move_point`](Self::move_point).
    pub fn add_point(&mut self, places: &[Place]) -> Result<()> {
        let mut points = self.points.clone();
        points.add(places)?;
        self.take(points)
    }

    /// Takes a point away.
    ///
    /// Errors: those of [`move_point`](Self::move_point); it is the last one.
    pub fn remove_point(&mut self, record: usize) -> Result<()> {
        let mut points = self.points.clone();
        points.remove(record)?;
        self.take(points)
    }

    /// Every lane takes the points, or none does: what one refuses, the others have not seen.
    fn take(&mut self, points: Points) -> Result<()> {
        self.lanes = self.lanes.iter().map(|lane| lane.following(&points)).collect::<Result<_>>()?;
        self.points = points;
        Ok(())
    }

    /// Up to so many steps of a lane.
    ///
    /// Errors: those of [`Lane::forward`].
    pub fn forward(&mut self, lane: usize, steps: usize) -> Result<Walked> {
        let (points, lane) = self.lane_mut(lane)?;
        lane.forward(points, steps)
    }

    /// A lane one state back; false at the first.
    ///
    /// Errors: there is none of this number.
    pub fn back(&mut self, lane: usize) -> Result<bool> {
        self.lane_mut(lane).map(|(_, lane)| lane.back())
    }

    /// A lane at another of its states.
    ///
    /// Errors: those of [`back`](Self::back).
    pub fn go_to(&mut self, lane: usize, state: usize) -> Result<()> {
        self.lane_mut(lane).map(|(_, lane)| lane.go_to(state))
    }

    /// Where the next step of a lane leads, and how.
    ///
    /// Errors: those of [`Lane::next_step`].
    pub fn next_step(&mut self, lane: usize) -> Result<NextStep> {
        let (points, lane) = self.lane_mut(lane)?;
        lane.next_step(points)
    }

    /// The weights where E of a lane is least, output by output, and the biases.
    ///
    /// Errors: those of [`Lane::goal`].
    pub fn goal(&mut self, lane: usize) -> Result<Option<Vec<f64>>> {
        let (points, lane) = self.lane_mut(lane)?;
        Ok(lane.goal(points)?.map(|goal| goal.values().collect()))
    }

    /// The points, as the page takes them.
    pub(crate) fn points_json(&self) -> Value {
        let points = &self.points;
        let column = |column: &Column<'static, f64>| match column {
            Column::Numbers(values) => json!(values),
            Column::Codes { codes, .. } => json!(codes),
            Column::Tiled(_) | Column::Sparse { .. } => Value::Null,
        };
        // Classes by their number, two of them as 0 and 1.
        let targets = match points.stored_targets() {
            Targets::Numbers(all) => json!(all),
            Targets::Classes { codes, .. } => json!([codes]),
        };
        json!({
            "name": points.name(), "n": points.n_records(), "features": points.features(), "inputs": points.inputs(),
            "columns": points.columns().iter().map(column).collect::<Vec<_>>(),
            "target": points.target(), "outputs": points.outputs(), "classes": points.classes(), "targets": targets,
            "activation": points.activation().name(), "notes": points.notes(),
        })
    }

    /// What a lane does, and where it may go.
    pub(crate) fn lane_json(&self, lane: usize) -> Result<Value> {
        let lane = self.lane(lane)?;
        let (plan, network) = (lane.plan(), &lane.network);
        let (d, n_outputs) = (self.points.inputs().len(), self.points.outputs().len());
        let weights = WeightName::all(d, n_outputs, network.has_bias);
        let name = |weight: &WeightName| {
            let feature = weight.feature.map_or("bias", |i| &self.points.inputs()[i]);
            match n_outputs {
                1 => feature.to_owned(),
                _ => format!("{}/{feature}", self.points.outputs()[weight.output]),
            }
        };
        let weights =
            weights.map(|weight| json!({"output": weight.output, "feature": weight.feature, "name": name(&weight)}));
        let (low, high) = network.activation.range();
        let finite = |x: f64| x.is_finite().then_some(x);
        Ok(json!({
            "settings": lane.settings(), "eta": plan.eta.eta, "suggested": lane.suggested_eta(),
            "guaranteed": plan.eta.guaranteed, "exact_limit": plan.eta.exact_limit, "equivalent": plan.eta.equivalent, "c": plan.eta.c,
            "lambda_max": plan.eta.curvature.lambda_max, "lambda_min": plan.eta.curvature.lambda_min, "proven": plan.eta.curvature.proven,
            "batch": plan.batch, "steps_per_epoch": lane.steps_of_an_epoch(self.points.n_records()), "epochs_only": lane.keeps_epochs_only(&self.points),
            "baseline": plan.baseline.loss, "optimizer": plan.optimizer.name(), "reduction": plan.reduction.name(),
            "activation": network.activation.name(), "formula": network.activation.value_text(), "derivative": network.activation.derivative_text(),
            "range": [finite(low), finite(high)], "class_targets": network.loss.class_targets_with(&network.activation), "is_convex": network.loss.is_convex_with(&network.activation),
            "loss": network.loss.name(), "loss_text": network.loss.sum_text(&network.activation), "slope_text": network.loss.slope_text(&network.activation),
            "bias": network.has_bias, "weights": weights.collect::<Vec<_>>(),
        }))
    }

    /// The state that a lane shows.
    pub(crate) fn state_json(&mut self, lane: usize) -> Result<Value> {
        let NextStep { slope, step, reached } = self.next_step(lane)?;
        let lane = self.lane(lane)?;
        let State { parameters, epoch, is_epoch, records, eta, .. } = lane.state();
        let Seen { loss, mean_loss, gradient_norm } = lane.seen(&self.points)?;
        let is_convex = lane.network.loss.is_convex_with(&lane.network.activation);
        let ended = lane.ended().map(|reason| {
            let (title, text) = words::reason(&reason, lane.plan(), is_convex);
            json!({"name": reason.name(), "title": title, "text": text, "failed": reason.is_failure()})
        });
        Ok(json!({
            "at": lane.at(), "n": lane.states().len(), "epoch": epoch, "is_epoch": is_epoch, "records": records, "eta": eta,
            "loss": loss, "mean_loss": mean_loss, "gradient_norm": gradient_norm, "start_loss": lane.start_loss(),
            "weights": flat(parameters), "slope": flat(&slope),
            "step": step.as_ref().map(flat), "next": reached.as_ref().map(flat),
            "ended": ended, "full": lane.is_full(&self.points), "anchor": lane.anchor(),
        }))
    }
}

/// All weights, output by output, the bias of each behind them, as [`WeightName::all`] counts them.
pub(crate) fn flat(parameters: &deltarule_core::Parameters) -> Vec<f64> {
    let all = WeightName::all(parameters.n_features(), parameters.n_outputs(), parameters.has_bias());
    all.map(|weight| weight.of(parameters)).collect()
}
