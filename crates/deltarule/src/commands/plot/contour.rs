//! `deltarule plot contour`.

use anyhow::{Result, bail};

use super::ground::stoppable;
use super::save::Destination;
use super::scene::check_step;
use super::subject::Subject;
use crate::cli::plot::ContourArgs;
use crate::number::count;

pub(super) fn run(args: &ContourArgs) -> Result<()> {
    let read: Vec<_> = args.on.data.iter().chain([&args.on.model]).chain(&args.surface.path).collect();
    let destination = Destination::open(&args.picture, &read)?;
    let [first, second] = &args.weights[..] else {
        bail!("--weights: found {}, expected two, such as gre,gpa", count(args.weights.len() as u64, "name"));
    };
    check_step(&args.surface, None, !args.surface.path.is_empty())?;
    let subject = Subject::read(&args.on.model, &args.on.data, &args.surface.records, None, args.picture.force)?;
    let at = [subject.names.find("--weights", first)?, subject.names.find("--weights", second)?];
    if at[0] == at[1] {
        bail!("--weights: found {first} twice, expected two weights");
    }
    let contour = subject.scene(&stoppable(subject.records.records()), &args.surface, None)?.contour(at)?;
    destination.save(&contour.draw(args.picture.look())?)
}
