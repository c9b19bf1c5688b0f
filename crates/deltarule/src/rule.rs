//! From the options of an optimizer to the rule of descent.

use anyhow::{Result, bail};
use deltarule_core::{Course, OptimizerKind, Schedule};

use crate::cli::{OptimizerArg, RuleArgs};

/// The rules that were asked for, with their settings; none where that is left to deltarule.
///
/// Errors: a setting that none of the rules has.
pub(crate) fn kinds(optimizers: &[OptimizerArg], momentum: Option<f64>, args: &RuleArgs) -> Result<Vec<OptimizerKind>> {
    use OptimizerArg::{Adagrad, Adam, Momentum, Nesterov, Rmsprop};
    let takes = |rules: &[OptimizerArg]| optimizers.iter().any(|optimizer| rules.contains(optimizer));
    if momentum.is_some() && !takes(&[Momentum, Nesterov]) {
        bail!("--momentum: expected --optimizer momentum or --optimizer nesterov beside it");
    }
    for (option, value, rules, expected) in [
        ("--beta1", args.beta1, &[Adam][..], "--optimizer adam"),
        ("--beta2", args.beta2, &[Adam], "--optimizer adam"),
        ("--decay", args.decay, &[Rmsprop], "--optimizer rmsprop"),
        ("--epsilon", args.epsilon, &[Adagrad, Rmsprop, Adam], "--optimizer adagrad, rmsprop or adam"),
    ] {
        if value.is_some() && !takes(rules) {
            bail!("{option}: expected {expected} beside it");
        }
    }
    Ok(optimizers.iter().map(|optimizer| kind(*optimizer, momentum, args)).collect())
}

fn kind(optimizer: OptimizerArg, momentum: Option<f64>, args: &RuleArgs) -> OptimizerKind {
    let mut kind = match optimizer {
        OptimizerArg::Gd => OptimizerKind::GradientDescent,
        OptimizerArg::Momentum => OptimizerKind::Momentum { beta: momentum.unwrap_or(OptimizerKind::DEFAULT_BETA) },
        OptimizerArg::Nesterov => OptimizerKind::Nesterov { beta: momentum },
        OptimizerArg::Lbfgs => OptimizerKind::LBfgs,
        OptimizerArg::Adagrad => OptimizerKind::ADAGRAD,
        OptimizerArg::Rmsprop => OptimizerKind::RMSPROP,
        OptimizerArg::Adam => OptimizerKind::ADAM,
    };
    let set = |to: &mut f64, value: Option<f64>| *to = value.unwrap_or(*to);
    match &mut kind {
        OptimizerKind::AdaGrad { epsilon } => set(epsilon, args.epsilon),
        OptimizerKind::RmsProp { decay, epsilon } => {
            set(decay, args.decay);
            set(epsilon, args.epsilon);
        }
        OptimizerKind::Adam { beta1, beta2, epsilon } => {
            set(beta1, args.beta1);
            set(beta2, args.beta2);
            set(epsilon, args.epsilon);
        }
        _ => {}
    }
    kind
}

/// How η changes from epoch to epoch.
pub(crate) fn course(args: &RuleArgs) -> Course {
    Course { schedule: args.schedule.unwrap_or(Schedule::Auto), warm_up: args.warm_up }
}
