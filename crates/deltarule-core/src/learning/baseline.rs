//! What any network should beat: the best constant outputs.

use super::Problem;
use crate::data::fold_blocks;
use crate::error::Result;
use crate::kernel::Float;
use crate::learning::Loss;

/// The constant outputs with the least E, and that E.
#[derive(Debug, Clone, PartialEq)]
pub struct Baseline {
    /// ŷ of each output, shape (J,).
    pub outputs: Vec<f64>,
    /// E with them.
    pub loss: f64,
}

/// Where the best constant is looked for: so many places at a time, in so many passes, each between two places of the one before.
const PLACES: usize = 64;
const PASSES: usize = 4;

impl Baseline {
    /// Squared, log and Poisson: the mean, in no pass or one. The others: between the smallest and the largest target, where −∂E/∂ŷ turns from
    /// above 0 to below, to a sixteen-millionth of their distance, in six passes over the targets.
    ///
    /// Errors: those of the source.
    pub(super) fn of<T: Float>(problem: &Problem<'_, T>) -> Result<Self> {
        let targets = problem.moments.targets();
        let means = || targets.iter().map(|target| target.mean()).collect();
        let outputs = match problem.loss {
            Loss::Squared => {
                let loss = targets.iter().map(|target| 0.5 * target.squared_deviations()).sum();
                return Ok(Self { outputs: means(), loss });
            }
            Loss::Log | Loss::Poisson => means(),
            Loss::Huber { .. } | Loss::Quantile { .. } | Loss::Hinge => search(problem)?,
        };
        let at = |j: usize, y: f64| problem.loss.of_constant(problem.activation, y, outputs[j]);
        let loss = sums_over_targets(problem, 1, |j, y, v, sums| sums[0] += v * at(j, y))?.iter().sum();
        Ok(Self { outputs, loss })
    }
}

fn search<T: Float>(problem: &Problem<'_, T>) -> Result<Vec<f64>> {
    let mut brackets: Vec<(f64, f64)> = problem.moments.targets().iter().map(|target| target.range()).collect();
    let place = |(low, high): (f64, f64), k: usize| match k + 1 {
        PLACES => high,
        _ => low + (high - low) * (k as f64 / (PLACES - 1) as f64),
    };
    for _ in 0..PASSES {
        let slopes = sums_over_targets(problem, PLACES, |j, y, v, sums| {
            for (k, sum) in sums.iter_mut().enumerate() {
                *sum += v * problem.loss.slope(y, place(brackets[j], k));
            }
        })?;
        for (bracket, slopes) in brackets.iter_mut().zip(slopes.chunks(PLACES)) {
            let turn = slopes.iter().position(|slope| *slope <= 0.0).unwrap_or(PLACES - 1);
            *bracket = (place(*bracket, turn.saturating_sub(1)), place(*bracket, turn));
        }
    }
    // The least lies between the two, and at a kink at one of them.
    let ends = sums_over_targets(problem, 2, |j, y, v, sums| {
        let (low, high) = brackets[j];
        sums[0] += v * problem.loss.value(y, low);
        sums[1] += v * problem.loss.value(y, high);
    })?;
    let better = |((low, high), sums): (&(f64, f64), &[f64])| if sums[0] < sums[1] { *low } else { *high };
    Ok(brackets.iter().zip(ends.chunks(2)).map(better).collect())
}

/// Sums over the targets y of each output and the weights v of their records, shape (J, n).
fn sums_over_targets<T: Float>(
    problem: &Problem<'_, T>,
    n: usize,
    add: impl Fn(usize, f64, f64, &mut [f64]) + Sync,
) -> Result<Vec<f64>> {
    let n_outputs = problem.source.shape().n_outputs();
    let (sums, _) = fold_blocks(
        problem.source,
        problem.threads,
        || (vec![0.0; n_outputs * n], Vec::new()),
        |(sums, targets), _, block| {
            targets.resize(block.n_records(), T::ZERO);
            for (j, sums) in sums.chunks_mut(n).enumerate() {
                block.targets().load_into(j, 0, targets);
                for (row, y) in targets.iter().enumerate() {
                    let v = block.weights().map_or(1.0, |weights| weights[row].to_f64());
                    // The error of a constant may be infinite where no record that counts is.
                    if v > 0.0 {
                        add(j, y.to_f64(), v, sums);
                    }
                }
            }
        },
        |(total, _), (part, _)| total.iter_mut().zip(part).for_each(|(total, part)| *total += part),
    )?;
    Ok(sums)
}
