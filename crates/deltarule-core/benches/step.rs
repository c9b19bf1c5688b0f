//! One full-batch step on raw blocks in memory: milliseconds, and the share of the memory's read bandwidth.
//!
//!     cargo bench -p deltarule-core --bench step -- 8000000x16 4000000x64:f64 [--activation sigmoid] [--threads 2] [--steps 20]
//!
//! With `--outputs 16`, a network of so many outputs. With `--epochs 5`, descent of one record a step instead: records per second, the shuffle and E of every epoch included, without and with the plan, in
//! which the curvature and, where f is the identity, the triangle are made.
//!
//! The bandwidth is measured in the same run, right after the steps, by adding up all values of the same table with the same threads.

use std::hint::black_box;
use std::time::Instant;

use deltarule_core::{
    Activation, Batch, BlockSource, Column, Config, Dataset, Float, Gradient, Layer, Loss, Moments, Parameters, Plan,
    Problem, Scaling, Silent, Targets, Threads, fit,
};

struct Settings {
    activation: Activation,
    threads: usize,
    steps: usize,
    tiled: bool,
    /// Epochs of one record a step; 0 for a full-batch step.
    epochs: u64,
    outputs: usize,
}

fn main() {
    let mut tables = Vec::new();
    let mut settings = Settings {
        activation: Activation::Sigmoid,
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        steps: 15,
        tiled: true,
        epochs: 0,
        outputs: 1,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().expect("a value");
        match argument.as_str() {
            "--bench" => {}
            "--activation" => settings.activation = value().parse().expect("an activation"),
            "--threads" => settings.threads = value().parse().expect("a number"),
            "--columns" => settings.tiled = false,
            "--epochs" => settings.epochs = value().parse().expect("a number"),
            "--outputs" => settings.outputs = value().parse().expect("a number"),
            "--steps" => settings.steps = value().parse().expect("a number"),
            table => tables.push(table.to_owned()),
        }
    }
    if tables.is_empty() {
        tables.push("1000000x16".into());
    }
    println!("table            type  threads     step ms     read ms   bandwidth    GB/s");
    for table in tables {
        let (size, kind) = table.split_once(':').unwrap_or((&table, "f32"));
        let (n, d) = size.split_once('x').expect("ROWSxCOLUMNS");
        let (n, d) = (n.parse().expect("rows"), d.parse().expect("columns"));
        match kind {
            "f64" => run::<f64>(n, d, &settings),
            _ => run::<f32>(n, d, &settings),
        }
    }
}

fn run<T: Float>(n: usize, d: usize, settings: &Settings) {
    let mut state = 1_u64;
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / f64::from(1 << 24) - 0.5
    };
    let columns: Vec<Vec<T>> = (0..d).map(|i| (0..n).map(|_| T::from_f64((i + 1) as f64 * draw())).collect()).collect();
    let target: Vec<T> = (0..n).map(|r| T::from_f64(f64::from(columns[0][r].to_f64() + 0.3 * draw() > 0.0))).collect();
    let parts: Vec<Column<'_, T>> = columns.iter().map(|column| Column::Numbers(column.as_slice().into())).collect();
    let targets = Targets::Numbers(vec![target.as_slice().into(); settings.outputs]);
    let dataset = Dataset::from_columns(&parts, &targets).expect("a table");
    let dataset = if settings.tiled { dataset.tiled().expect("a table") } else { dataset };
    let threads = Threads::new(settings.threads);
    let moments = Moments::of(&dataset, &threads).expect("moments");
    let scaling = Scaling::standard(&moments);
    let j = settings.outputs;
    let weights: Vec<f64> = (0..j * d).map(|i| 0.1 / (i % d + 1) as f64).collect();
    let parameters = Parameters::new(d, weights, Some(vec![0.1; j]), j).expect("weights");
    let layer = Layer::new(parameters, settings.activation.clone());
    if settings.epochs > 0 {
        return record_by_record(&dataset, &moments, &scaling, &threads, layer, settings);
    }
    // One after the other, as descent makes them and as the peers are timed: what was read in between would take the place of the table in the caches.
    let step = median_of(settings.steps, || {
        black_box(Gradient::of(&dataset, &scaling, &layer, Loss::Squared, &threads).expect("a gradient"));
    });
    let read = median_of(settings.steps, || read_all(&columns, settings.threads));
    let bytes = (n * d * std::mem::size_of::<T>()) as f64;
    println!(
        "{:<16} {}  {:>7}  {:>10.2}  {:>10.2}  {:>8.0} %  {:>6.1}",
        format!("{n}x{d}"),
        T::NAME,
        settings.threads,
        1e3 * step,
        1e3 * read,
        100.0 * read / step,
        bytes / step / 1e9
    );
}

fn record_by_record<T: Float>(
    dataset: &Dataset<'_, T>,
    moments: &Moments,
    scaling: &Scaling,
    threads: &Threads,
    layer: Layer,
    settings: &Settings,
) {
    let (activation, loss) = (layer.activation(), Loss::Squared);
    let problem = Problem { source: dataset, scaling, moments, activation, loss, has_bias: true, threads };
    let config =
        Config { batch: Batch::Records(1), epochs: Some(settings.epochs), tolerance: 0.0, ..Config::default() };
    let (mut plans, mut fits) = (Vec::new(), Vec::new());
    for _ in 0..settings.steps.min(7) {
        let start = Instant::now();
        let plan = Plan::of(&problem, &config).expect("a plan");
        plans.push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        black_box(fit(&problem, &plan, layer.parameters().clone(), &mut Silent).expect("a fit"));
        fits.push(start.elapsed().as_secs_f64());
    }
    let (plan, fit) = (median(&mut plans), median(&mut fits));
    let rate = |seconds: f64| 1e-6 * (settings.epochs as usize * dataset.n_records()) as f64 / seconds;
    println!(
        "{} epochs of one record a step: {:.1} million records a second; {:.1} with the choice of η and what E is looked at with, {:.1} ms",
        settings.epochs,
        rate(fit),
        rate(plan + fit),
        1e3 * plan
    );
}

/// Reads every value once, each thread its own part of the table, in four places at a time: more of memory's answers are then under way.
fn read_all<T: Float>(columns: &[Vec<T>], threads: usize) {
    const PIECE_BYTES: usize = 256 * 1024;
    let line = 64 / size_of::<T>();
    let pieces = columns.iter().flat_map(|column| {
        let n_pieces = size_of_val(column.as_slice()).div_ceil(PIECE_BYTES).max(1);
        column.chunks(column.len().div_ceil(n_pieces).next_multiple_of(line).max(1))
    });
    let pieces: Vec<&[T]> = pieces.collect();
    std::thread::scope(|scope| {
        for part in pieces.chunks(pieces.len().div_ceil(threads).max(1)) {
            scope.spawn(move || {
                let mut lanes = [[T::ZERO; 4]; 4];
                for pieces in part.chunks(4) {
                    let pieces: [&[T]; 4] = std::array::from_fn(|k| pieces.get(k).copied().unwrap_or_default());
                    let together = pieces.map(<[T]>::len).into_iter().min().unwrap_or(0) / line * line;
                    let [a, b, c, d] = pieces.map(|piece| piece[..together].chunks_exact(line));
                    for ((a, b), (c, d)) in a.zip(b).zip(c.zip(d)) {
                        for (lanes, line) in lanes.iter_mut().zip([a, b, c, d]) {
                            for values in line.as_chunks::<4>().0 {
                                (0..4).for_each(|l| lanes[l] += values[l]);
                            }
                        }
                    }
                    // What one has more than the others.
                    pieces.iter().flat_map(|piece| &piece[together..]).for_each(|&x| lanes[0][0] += x);
                }
                black_box(lanes);
            });
        }
    });
}

/// The median time of so many runs after one that is not counted, in seconds.
fn median_of(runs: usize, mut run: impl FnMut()) -> f64 {
    run();
    let mut times: Vec<f64> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed().as_secs_f64()
        })
        .collect();
    median(&mut times)
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
