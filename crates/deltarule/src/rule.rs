//! From the options of an optimizer to the rule of descent.

use anyhow::Result;
use deltarule_core::{Course, OptimizerKind, Schedule};
use deltarule_train::{OptimizerName, OptimizerSettings};

use crate::cli::RuleArgs;

/// The rules that were asked for, with their settings; none where that is left to deltarule.
///
/// Errors: a setting that none of the rules has.
pub(crate) fn kinds(names: &[OptimizerName], momentum: Option<f64>, args: &RuleArgs) -> Result<Vec<OptimizerKind>> {
    let RuleArgs { beta1, beta2, decay, epsilon, .. } = *args;
    Ok(deltarule_train::optimizers(names, &OptimizerSettings { momentum, beta1, beta2, decay, epsilon })?)
}

/// How η changes from epoch to epoch.
pub(crate) fn course(args: &RuleArgs) -> Course {
    Course { schedule: args.schedule.unwrap_or(Schedule::Auto), warm_up: args.warm_up }
}
