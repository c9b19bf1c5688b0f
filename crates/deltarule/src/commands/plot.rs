//! `deltarule plot`: pictures.

mod activation;
mod bowl;
mod calibration;
mod contour;
mod curve;
mod fit;
mod ground;
mod names;
mod range;
mod record;
mod save;
mod scene;
mod subject;
mod weights;

use std::process::ExitCode;

use anyhow::Result;

pub(crate) use calibration::calibration_of;
pub(crate) use fit::fit_of;
pub(crate) use ground::{Ground, stoppable, weight_text};
pub(crate) use names::{Names, figure};
pub(crate) use scene::{Scene, Way};
pub(crate) use subject::{rise, standing_of};
pub(crate) use weights::weights_of;

use crate::cli::plot::{PictureCommand, PlotArgs};
use crate::{failure, output};

pub(crate) fn run(args: &PlotArgs) -> Result<ExitCode> {
    output::catch_interrupts();
    let drawn = match &args.picture {
        PictureCommand::Bowl(args) => bowl::run(args),
        PictureCommand::Contour(args) => contour::run(args),
        PictureCommand::Curve(args) => curve::run(args),
        PictureCommand::Fit(args) => fit::run(args),
        PictureCommand::Calibration(args) => calibration::run(args),
        PictureCommand::Network(args) => weights::network(args),
        PictureCommand::Weights(args) => weights::weights(args),
        PictureCommand::Activation(args) => activation::run(args),
    };
    match drawn {
        // Whatever was under way says that it cannot go on.
        Err(_) if output::interrupted() => {
            output::tell("interrupted: there is no picture");
            Ok(ExitCode::from(failure::INTERRUPTED))
        }
        drawn => drawn.map(|()| ExitCode::SUCCESS),
    }
}
