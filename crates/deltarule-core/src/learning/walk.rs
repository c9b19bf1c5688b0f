//! A descent taken epoch by epoch, for whoever wants to stop and look in between.

use super::fit::{check_start, clear_constant_columns, gradients};
use super::stochastic::OnStep;
use super::{Descent, Plan, Problem, StopReason};
use crate::error::{Error, Result};
use crate::kernel::Float;
use crate::network::{Layer, Parameters};

impl Descent {
    /// A descent at its start.
    ///
    /// Shapes: `start` (d, J) for the problem's table. Errors: those of [`fit`](super::fit); a plan with a patience, which needs records that are held out.
    pub fn begin<T: Float>(problem: &Problem<'_, T>, plan: Plan, mut start: Parameters) -> Result<Self> {
        if plan.patience.is_some() {
            let (found, expected) =
                ("a descent epoch by epoch".to_owned(), "fit_watched, which is given them".to_owned());
            return Err(Error::Setting { setting: "early-stopping", found, expected });
        }
        check_start(problem, &start)?;
        clear_constant_columns(problem, &mut start);
        let layer = Layer::new(start, problem.activation.clone());
        let wanted = std::iter::once((&plan, &layer, &plan.kink_widths[..]));
        let gradient = gradients(problem, wanted)?.pop().ok_or(Error::NoRecords)?;
        Self::new(problem, plan, layer.parameters().clone(), gradient)
    }

    /// One epoch, unless there is a reason to stop, which may also be what the epoch led to. The states that follow are, to the last bit, those that an
    /// [`Observer`](super::Observer) of [`fit`](super::fit) sees.
    ///
    /// `watch` is shown every step of the epoch. Errors: those of the source; steps over few records are to be watched, and there are sparse columns, whose
    /// weights are put together now and then only.
    pub fn advance<T: Float>(
        &mut self,
        problem: &Problem<'_, T>,
        watch: Option<OnStep<'_>>,
    ) -> Result<Option<StopReason>> {
        if watch.is_some() && self.plan().batch.is_some() && problem.source.shape().has_sparse() {
            let expected = "columns that are not sparse, or the state after each epoch".to_owned();
            return Err(Error::Setting { setting: "steps to watch", found: "sparse columns".to_owned(), expected });
        }
        let reason = self.step_on(problem, watch)?;
        if !self.wants_gradient() {
            return Ok(reason);
        }
        let gradient = gradients(problem, std::iter::once((self.plan(), self.layer(), self.widths())))?.pop();
        Ok(gradient.and_then(|gradient| self.judge(problem, gradient)))
    }
}
