//! How fast a file becomes a table: megabytes a second, wall time and processor time, the best of several runs.
//!
//! `cargo bench -p deltarule-data --bench table -- FILE [THREADS] [RUNS]`

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use deltarule_data::{CsvOptions, ReadOptions, Table};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let Some(file) = arguments.first() else { return println!("name a file: -- FILE [THREADS] [RUNS]") };
    let number = |at: usize, default: usize| arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(default);
    let options = ReadOptions { threads: NonZeroUsize::new(number(1, 2)), ..ReadOptions::default() };
    let mut best = f64::INFINITY;
    for _ in 0..number(2, 7) {
        let start = Instant::now();
        let table = Table::read(Path::new(file), &CsvOptions::default(), &options, &mut |_| ControlFlow::Continue(()));
        let seconds = start.elapsed().as_secs_f64();
        let table = table.expect("a table");
        best = best.min(seconds);
        drop(table);
    }
    let size = std::fs::metadata(file).map_or(0, |about| about.len()) as f64;
    println!("{file}: {best:.3} s, {:.0} MB/s", size / best / 1e6);
}
