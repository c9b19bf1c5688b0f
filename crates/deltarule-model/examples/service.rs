//! A model in a service: read once, shared by all threads, each record scored without allocating.
//!
//!     deltarule train examples/ten.csv --target passed --out model.json
//!     printf 'hours=3,sleep=7\nhours=8,sleep=8\n' | cargo run -p deltarule-model --example service -- model.json
//!
//! Every line of standard input is a request, `column=value` separated by commas; every line of standard output an answer.

use std::error::Error;
use std::io::BufRead;
use std::sync::Arc;
use std::{env, fs, io, thread};

use deltarule_model::{Model, Value};

/// Answers one request. The buffers belong to the caller, so that nothing is allocated from request to request.
fn answer(model: &Model, request: &str, outputs: &mut [f64]) -> Result<(), String> {
    let mut row = [("", Value::Missing); 64];
    let mut n = 0;
    for pair in request.split(',') {
        let (name, text) = pair.split_once('=').ok_or_else(|| format!("found {pair:?}, expected column=value"))?;
        let slot = row.get_mut(n).ok_or("found more than 64 columns")?;
        *slot = match text {
            "" => (name, Value::Missing),
            "true" | "false" => (name, Value::Boolean(text == "true")),
            _ => (name, text.parse().map_or(Value::Text(text), Value::Number)),
        };
        n += 1;
    }
    model.scorer().score_named(&row[..n], outputs).map_err(|error| error.to_string())
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args().nth(1).ok_or("usage: service MODEL < REQUESTS")?;
    let model = Arc::new(Model::from_bytes(&fs::read(path)?)?);
    let requests: Vec<String> = io::stdin().lock().lines().collect::<Result<_, _>>()?;
    let workers: Vec<_> = requests
        .chunks(requests.len().div_ceil(4).max(1))
        .map(|part| {
            let (model, part) = (Arc::clone(&model), part.to_vec());
            thread::spawn(move || {
                let mut outputs = vec![0.0; model.scorer().n_outputs()];
                let answers = part.iter().map(|request| match answer(&model, request, &mut outputs) {
                    Ok(()) => format!("{outputs:?}"),
                    Err(error) => format!("error: {error}"),
                });
                answers.collect::<Vec<_>>()
            })
        })
        .collect();
    for worker in workers {
        for answer in worker.join().map_err(|_| "a worker ended early")? {
            println!("{answer}");
        }
    }
    Ok(())
}
