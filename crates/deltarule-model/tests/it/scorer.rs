//! Scoring: what it gives, what it refuses, and that it does not allocate.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use deltarule_core::{Activation, Block, Column, NO_LEVEL, Targets};
use deltarule_model::{MissingRule, Model, ScoreError, Value};

use crate::{model, model_of};

/// Counts what the calling thread allocates.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

#[allow(unsafe_code)] // an allocator cannot be had without; it hands everything on
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[test]
fn scoring_does_not_allocate() {
    let model = model();
    let scorer = model.scorer();
    let mut outputs = [0.0; 2];
    let named = [
        ("other", Value::Missing),
        ("city", Value::Text("Ulm")),
        ("size", Value::Number(3.0)),
        ("heated", Value::Boolean(true)),
    ];
    let row = [Value::Number(3.0), Value::Boolean(true), Value::Text("Ulm")];
    let before = ALLOCATIONS.get();
    for _ in 0..100 {
        scorer.score_named(&named, &mut outputs).unwrap();
        scorer.score_row(&row, &mut outputs).unwrap();
    }
    assert_eq!(ALLOCATIONS.get(), before);
    drop(std::hint::black_box(vec![0_u8; 10]));
    assert!(ALLOCATIONS.get() > before, "the counter counts");
}

#[test]
fn a_model_can_be_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Model>();
}

#[test]
fn a_row_has_the_bits_of_a_block() {
    for activation in Activation::ALL {
        let weights = [0.1, -0.5, 1.0 / 3.0, 0.25, 0.7, -0.01, 0.35, 0.3, 0.7, -0.9];
        let model = model_of(&weights, [0.3, -0.125], activation.clone(), MissingRule::Mean);
        let sizes = [3.7, f64::NAN, 51.0, -2.0];
        let heated = [1.0, 0.0, f64::NAN, 1.0];
        let cities = [2, 0, 1, NO_LEVEL];
        let columns = [
            Column::Numbers((&sizes[..]).into()),
            Column::Numbers((&heated[..]).into()),
            Column::Codes { codes: (&cities[..]).into(), n_levels: 3 },
        ];
        let zeros = vec![[0.0; 4].to_vec().into(); 2];
        let block = Block::new(columns.to_vec(), Targets::Numbers(zeros)).unwrap();
        let mut expected = Vec::new();
        model.layer().outputs_into(&block, &model.encoding().scaling(), &mut expected).unwrap();
        let scorer = model.scorer();
        for r in 0..4 {
            let number = |x: f64| if x.is_nan() { Value::Missing } else { Value::Number(x) };
            let city =
                ["Bonn", "Köln", "Ulm"].get(cities[r] as usize).map_or(Value::Text("Rom"), |name| Value::Text(name));
            let mut outputs = [0.0; 2];
            scorer.score_row(&[number(sizes[r]), number(heated[r]), city], &mut outputs).unwrap();
            for j in 0..2 {
                assert_eq!(outputs[j].to_bits(), expected[j * 4 + r].to_bits(), "{activation}, record {r}, output {j}");
            }
        }
    }
}

#[test]
fn what_cannot_be_scored_is_told_by_its_column() {
    let model = model();
    let scorer = model.scorer();
    let mut outputs = [0.0; 2];
    let error = scorer.score_named(&[("size", Value::Number(1.0))], &mut outputs).unwrap_err();
    assert_eq!(error, ScoreError::NoColumn { column: "heated".into() });
    let error = scorer.score_row(&[Value::Number(1.0)], &mut outputs).unwrap_err();
    assert_eq!(error.to_string(), "values of a row: found 1, expected 3");
    let row = [Value::Text("large"), Value::Boolean(true), Value::Text("Ulm")];
    let error = scorer.score_row(&row, &mut outputs).unwrap_err();
    assert_eq!(error.to_string(), "column \"size\": found a text, expected a number");
    for (value, found) in [(Value::Number(2.0), "a number that is neither 1 nor 0"), (Value::Text("yes"), "a text")] {
        let error = scorer.score_row(&[Value::Number(1.0), value, Value::Text("Ulm")], &mut outputs).unwrap_err();
        assert_eq!(error.to_string(), format!("column \"heated\": found {found}, expected true or false, or 1 or 0"));
    }
    let mut score = |heated| scorer.score_row(&[Value::Number(1.0), heated, Value::Text("Ulm")], &mut outputs);
    assert!([Value::Number(1.0), Value::Number(0.0), Value::Number(f64::NAN)].into_iter().all(|x| score(x).is_ok()));
    let row = [Value::Number(1.0), Value::Boolean(true), Value::Number(3.0)];
    let error = scorer.score_row(&row, &mut outputs).unwrap_err();
    assert_eq!(error.to_string(), "column \"city\": found a number, expected the text of a level");
    let row = [Value::Number(1.0), Value::Boolean(true), Value::Missing];
    assert!(scorer.score_row(&row, &mut outputs[..1]).is_err(), "outputs of another length");
    let strict = model_of(&[0.5; 10], [0.0; 2], Activation::Identity, MissingRule::Error);
    let error = strict.scorer().score_row(&row, &mut outputs).unwrap_err();
    assert_eq!(error, ScoreError::Missing { column: "city".into(), rule: "error" });
}

#[test]
fn original_weights_give_the_same_net_input() {
    let model = model_of(
        &[0.5, -2.0, 0.1, 0.2, 0.3, 1.0, 1.0, 1.0, 1.0, 1.0],
        [4.0, 0.0],
        Activation::Identity,
        MissingRule::Mean,
    );
    let original = model.original_weights(0);
    let by_hand = original.bias + 30.0 * original.weights[0] + original.weights[1] + original.weights[4];
    let mut outputs = [0.0; 2];
    model.scorer().score_row(&[Value::Number(30.0), Value::Boolean(true), Value::Text("Ulm")], &mut outputs).unwrap();
    assert!((outputs[0] - by_hand).abs() < 1e-13, "{} against {by_hand}", outputs[0]);
}
