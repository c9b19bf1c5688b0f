//! Classes −1/+1 or 0/1 from files in libsvm's format, with the library alone: training, and the accuracy on another file.
//!
//!     cargo run --release -p deltarule-data --example libsvm -- TRAIN [TEST] [RECORDS-A-STEP]

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use deltarule_core::{
    Activation, Batch, Block, Column, Config, Dataset, Loss, Moments, Parameters, Plan, Problem, Scaling, Silent,
    Targets, Threads, fit,
};
use deltarule_data::SparseTable;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(train) = arguments.first() else { return Err("expected a file in libsvm's format".into()) };
    let start = Instant::now();
    let read = |path: &str| SparseTable::read(Path::new(path), None, None, &mut |_| ControlFlow::Continue(()));
    let table = read(train)?;
    let read_ms = 1e3 * start.elapsed().as_secs_f64();
    let targets = Targets::Numbers(vec![table.labels().iter().map(|y| f64::from(u8::from(*y > 0.0))).collect()]);
    let columns = [table.column()];
    let dataset = Dataset::from_columns(&columns, &targets)?;
    let threads = Threads::new(std::thread::available_parallelism().map_or(1, usize::from));
    let moments = Moments::of(&dataset, &threads)?;
    let scaling = Scaling::standard(&moments);
    let problem = Problem {
        source: &dataset,
        scaling: &scaling,
        moments: &moments,
        activation: &Activation::Sigmoid,
        loss: Loss::Squared,
        has_bias: true,
        threads: &threads,
    };
    let batch = arguments.get(2).map(|n| n.parse()).transpose()?.map_or(Batch::Full, Batch::Records);
    let epochs = Some(if batch == Batch::Full { 200 } else { 5 });
    let plan = Plan::of(&problem, &Config { batch, epochs, ..Config::default() })?;
    let fit = fit(&problem, &plan, Parameters::zeros(table.n_features(), 1, true), &mut Silent)?;
    println!(
        "{train}: {} records, {} features, {} values read in {read_ms:.0} ms; {} epochs, E = {:.6}, {} ({:.0} ms in all)",
        table.n_records(),
        table.n_features(),
        table.n_stored(),
        fit.epochs,
        fit.loss,
        fit.reason.name(),
        1e3 * start.elapsed().as_secs_f64()
    );
    let Some(test) = arguments.get(1) else { return Ok(()) };
    let other = read(test)?;
    // The features of the training file; those beyond them have no weight.
    let Column::Sparse { starts, indices, values, .. } = other.column() else { return Ok(()) };
    let n_columns = table.n_features();
    let known = |k: usize| {
        let index = (indices[k] + other.first_index()).checked_sub(table.first_index())?;
        Some(index).filter(|index| (*index as usize) < n_columns)
    };
    let (mut own_starts, mut own_indices, mut own_values) = (vec![0], Vec::new(), Vec::new());
    for ends in starts.windows(2) {
        for (k, index) in (ends[0]..ends[1]).filter_map(|k| Some((k, known(k)?))) {
            own_indices.push(index);
            own_values.push(values[k]);
        }
        own_starts.push(own_values.len());
    }
    let columns = vec![Column::Sparse {
        n_columns,
        starts: own_starts.into(),
        indices: own_indices.into(),
        values: own_values.into(),
    }];
    let mut outputs = Vec::new();
    fit.layer.outputs_into(&Block::new(columns, other.targets())?, &scaling, &mut outputs)?;
    let right =
        outputs.iter().zip(other.labels()).filter(|(output, label)| (**output > 0.5) == (**label > 0.0)).count();
    println!("{test}: accuracy {:.4}", right as f64 / other.n_records() as f64);
    Ok(())
}
