//! Training: from a plan, or from several in the same passes, to a reason to stop.

use std::ops::ControlFlow;

use super::descent::Descent;
use super::{Epoch, Gradient, HeldOut, Observer, Plan, Problem, StopReason};
use crate::data::{ColumnKind, ColumnScaling};
use crate::error::{Error, Result};
use crate::kernel::Float;
use crate::network::{Layer, Parameters};

/// A descent that has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The network with the best weights of all epochs, in the units descended in.
    pub layer: Layer,
    /// E at the start.
    pub start_loss: f64,
    /// E at the best weights, without its penalty.
    pub loss: f64,
    /// N times the penalty on the best weights.
    pub penalty: f64,
    /// The least E of the records held out, which is that of these weights; `None` where the descent was not watched on any.
    pub held_out_loss: Option<f64>,
    /// How many epochs were run.
    pub epochs: u64,
    /// After which epoch the best weights came: those with the least E of the records held out, where the descent was watched on any.
    pub best_epoch: u64,
    /// Why the descent ended.
    pub reason: StopReason,
    /// η of the last step.
    pub eta: f64,
    /// How many steps were taken back because E rose or was not finite.
    pub rejected: u64,
}

/// Walks down from `start` until there is a reason to stop, and keeps the best weights.
///
/// The result never has a higher E than the start, and no value that is not finite. What the data cannot tell apart is settled
/// by convention at the end: a constant column has weight 0, and beside a bias and without a penalty the weights of a category's levels average to
/// zero, weighted by the levels' records.
///
/// Shapes: `start` (d, J) for the problem's table. Errors: a start of another shape, or one at which E is not finite; those of
/// the source.
pub fn fit<T: Float>(
    problem: &Problem<'_, T>,
    plan: &Plan,
    start: Parameters,
    observer: &mut dyn Observer,
) -> Result<Fit> {
    fit_watched(problem, plan, start, None, observer)
}

/// The same, watched on records that are held out: see [`fit_many_watched`].
pub fn fit_watched<T: Float>(
    problem: &Problem<'_, T>,
    plan: &Plan,
    start: Parameters,
    held_out: Option<HeldOut<'_>>,
    observer: &mut dyn Observer,
) -> Result<Fit> {
    let plans = std::slice::from_ref(plan);
    let fits = fit_many_watched(problem, plans, vec![start], held_out, &mut |_, epoch| observer.epoch(epoch))?;
    fits.into_iter().next().ok_or(Error::NoRecords)
}

/// Checks that a start has the shape of the problem's network.
pub(super) fn check_start<T: Float>(problem: &Problem<'_, T>, start: &Parameters) -> Result<()> {
    let shape = problem.source.shape();
    for (what, found, expected) in [
        ("features of the starting weights", start.n_features(), shape.n_features()),
        ("outputs of the starting weights", start.n_outputs(), shape.n_outputs()),
        ("biases of the starting weights", usize::from(start.has_bias()), usize::from(problem.has_bias)),
    ] {
        if found != expected {
            return Err(Error::Shape { what: what.to_owned(), found, expected });
        }
    }
    Ok(())
}

/// Walks down with several plans, each from a start of its own, and all of them in the same passes over the table.
///
/// Every run is, to the last bit, what [`fit`] would have given for it alone; runs that have ended wait for the others.
/// `observer` sees every epoch of every run, with the run's index; to break interrupts all.
///
/// Errors: those of [`fit`].
pub fn fit_many<T: Float>(
    problem: &Problem<'_, T>,
    plans: &[Plan],
    starts: Vec<Parameters>,
    observer: &mut dyn FnMut(usize, &Epoch<'_>) -> ControlFlow<()>,
) -> Result<Vec<Fit>> {
    fit_many_watched(problem, plans, starts, None, observer)
}

/// The same, and after each epoch of a plan that has a patience E of the records held out is looked at: the weights with the least of it are kept, and the
/// descent ends once it has not been lower for so many epochs ([`StopReason::HeldOut`]).
///
/// Errors: those of [`fit`]; a plan with a patience where no records are held out; records of another shape.
pub fn fit_many_watched<T: Float>(
    problem: &Problem<'_, T>,
    plans: &[Plan],
    starts: Vec<Parameters>,
    held_out: Option<HeldOut<'_>>,
    observer: &mut dyn FnMut(usize, &Epoch<'_>) -> ControlFlow<()>,
) -> Result<Vec<Fit>> {
    let is_watched = |index: usize| plans[index].patience.is_some();
    match held_out {
        Some(held_out) => held_out.check(problem)?,
        None if plans.iter().any(|plan| plan.patience.is_some()) => {
            let (found, expected) = ("no records held out".to_owned(), "some, on which E is looked at".to_owned());
            return Err(Error::Setting { setting: "early-stopping", found, expected });
        }
        None => {}
    }
    if starts.len() != plans.len() {
        let (what, found, expected) = ("starting weights".to_owned(), starts.len(), plans.len());
        return Err(Error::Shape { what, found, expected });
    }
    let mut starts = starts;
    for start in &mut starts {
        check_start(problem, start)?;
        clear_constant_columns(problem, start);
    }
    let layers: Vec<Layer> = starts.iter().map(|start| Layer::new(start.clone(), problem.activation.clone())).collect();
    let first = plans.iter().zip(&layers).map(|(plan, layer)| (plan, layer, &plan.kink_widths[..]));
    let first = gradients(problem, first)?;
    let mut descents = Vec::with_capacity(plans.len());
    for ((plan, start), gradient) in plans.iter().zip(starts).zip(first) {
        descents.push(Descent::new(problem, plan.clone(), start, gradient)?);
    }
    let mut reasons: Vec<Option<StopReason>> = vec![None; plans.len()];
    if let Some(held_out) = held_out {
        held_out.show(problem, &mut descents, is_watched)?;
    }
    while reasons.iter().any(Option::is_none) {
        for (index, (descent, reason)) in descents.iter_mut().zip(&mut reasons).enumerate() {
            if reason.is_none() {
                *reason = descent.go_on(problem, &mut |epoch: &Epoch<'_>| observer(index, epoch))?;
            }
        }
        let waiting =
            || reasons.iter().zip(&descents).enumerate().filter(|(_, (r, d))| r.is_none() && d.wants_gradient());
        let indices: Vec<usize> = waiting().map(|(index, _)| index).collect();
        let wanted = waiting().map(|(index, (_, descent))| (&plans[index], descent.layer(), descent.widths()));
        let looked = gradients(problem, wanted)?;
        for (index, gradient) in indices.into_iter().zip(looked) {
            reasons[index] = descents[index].judge(problem, gradient);
        }
        if let Some(held_out) = held_out {
            held_out.show(problem, &mut descents, |index| is_watched(index) && reasons[index].is_none())?;
        }
    }
    let mut fits: Vec<Fit> = descents
        .into_iter()
        .zip(reasons)
        .filter_map(|(descent, reason)| reason.map(|r| descent.finish(problem, r)))
        .collect();
    let mut moved = vec![false; fits.len()];
    // A penalty tells the weights of levels and the bias apart.
    for ((fit, plan), moved) in fits.iter_mut().zip(plans).zip(&mut moved) {
        *moved = plan.penalty.is_none() && centre_levels(problem, fit.layer.parameters_mut());
    }
    // The outputs are the same but for rounding, which is looked at.
    let of_moved = plans.iter().zip(&fits).zip(&moved).filter(|(_, moved)| **moved);
    let last = gradients(problem, of_moved.map(|((plan, fit), _)| (plan, &fit.layer, &[][..])))?;
    for ((fit, _), gradient) in fits.iter_mut().zip(&moved).filter(|(_, moved)| **moved).zip(last) {
        fit.loss = gradient.loss.min(fit.start_loss);
        fit.penalty = gradient.penalty;
    }
    Ok(fits)
}

/// E and the gradient of several layers: from the triangle where a plan has one, all others in one pass; without its kink where a layer has widths for it.
pub(super) fn gradients<'l, T: Float>(
    problem: &Problem<'_, T>,
    wanted: impl Iterator<Item = (&'l Plan, &'l Layer, &'l [f64])>,
) -> Result<Vec<Gradient>> {
    let wanted: Vec<(&Plan, &Layer, &[f64])> = wanted.collect();
    let by_pass: Vec<(&Layer, &[f64])> = wanted
        .iter()
        .filter(|(plan, ..)| plan.triangle.is_none())
        .map(|(_, layer, widths)| (*layer, *widths))
        .collect();
    let mut passed = match by_pass.is_empty() {
        true => Vec::new(),
        false => Gradient::of_many_smoothed(problem.source, problem.scaling, &by_pass, problem.loss, problem.threads)?,
    }
    .into_iter();
    let of = |(plan, layer, _): (&Plan, &Layer, &[f64])| {
        let mut gradient = match &plan.triangle {
            Some(triangle) => triangle.gradient(layer.parameters()),
            None => passed.next()?,
        };
        gradient.penalise(&plan.penalty, layer.parameters());
        Some(gradient)
    };
    Ok(wanted.into_iter().filter_map(of).collect())
}

/// Weight 0 for every column, and feature of a sparse one, that is the same number in every record.
pub(super) fn clear_constant_columns<T: Float>(problem: &Problem<'_, T>, parameters: &mut Parameters) {
    let is_constant = |scale: &ColumnScaling| scale.factor == 0.0;
    for (index, scale) in problem.scaling.columns().iter().enumerate() {
        let features = problem.source.shape().features_of(index);
        for j in 0..parameters.n_outputs() {
            let weights = &mut parameters.weights_mut(j)[features.clone()];
            if is_constant(scale) {
                weights.fill(0.0);
            }
            let of_sparse = weights.iter_mut().zip(problem.scaling.sparse(index));
            of_sparse.filter(|(_, scale)| is_constant(scale)).for_each(|(weight, _)| *weight = 0.0);
        }
    }
}

/// Moves the weighted average of a category's weights into the bias: the outputs stay the same. Says whether there was any to move.
pub(super) fn centre_levels<T: Float>(problem: &Problem<'_, T>, parameters: &mut Parameters) -> bool {
    let mut moved = false;
    if !problem.has_bias {
        return moved;
    }
    let shape = problem.source.shape();
    let n = problem.moments.weight();
    for (index, (kind, column)) in shape.columns().iter().zip(problem.moments.columns()).enumerate() {
        // Only where every record has a level: otherwise those without one would be moved.
        let everywhere = column.level_counts().iter().sum::<u64>() == problem.moments.n_records();
        if !matches!(kind, ColumnKind::Category { .. }) || !everywhere {
            continue;
        }
        let of_levels = column.level_weights();
        moved = true;
        for j in 0..parameters.n_outputs() {
            let weights = &mut parameters.weights_mut(j)[shape.features_of(index)];
            let total: f64 = weights.iter().zip(&of_levels).map(|(w, v)| w * v).sum();
            let average = total / n;
            weights.iter_mut().for_each(|w| *w -= average);
            parameters.set_bias(j, parameters.bias(j) + average);
        }
    }
    moved
}
