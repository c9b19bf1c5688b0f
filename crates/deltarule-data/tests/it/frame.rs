//! Columns in memory: the table that the same values make elsewhere.

use std::ops::ControlFlow;
use std::sync::Arc;

use arrow_array::types::Int8Type;
use arrow_array::{
    ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int8Array, Int32Array, Int64Array, LargeStringArray,
    StringArray, StringViewArray,
};
use deltarule_core::ColumnScaling;
use deltarule_data::{
    DataError, DateColumn, FrameColumn, FrameRows, FrameValues, HashedColumn, ReadOptions, Table, Values,
};
use deltarule_model::{DateFormat, Encoding, Feature, FeatureKind, HashBits, MissingRule, ScaleRule, Target};

use crate::same;

/// Words with something of everything that is looked at: missing ones, dates, decimal commas, numbers, white space.
const WORDS: [Option<&str>; 11] = [
    Some("Ulm"),
    Some(" Bonn "),
    Some("NA"),
    None,
    Some("2024-05-31"),
    Some("1,5"),
    Some("Ulm"),
    Some("17"),
    Some("?"),
    Some("true"),
    Some("never"),
];

/// More records than a page has; the last word does not occur.
fn codes() -> Vec<i32> {
    (0..10_000).map(|record| (record * record + record / 7) % 10).collect()
}

fn table_with(array: ArrayRef, options: &ReadOptions) -> Table {
    let column = FrameColumn { name: "word".into(), values: FrameValues::Arrays(vec![array]) };
    Table::of_frame("X", vec![column], options, &mut |_| ControlFlow::Continue(())).unwrap()
}

/// The same words as codes of texts, which are held in different ways, and more of them than there are records in a page.
fn coded() -> Vec<(&'static str, ArrayRef)> {
    let keys = Int32Array::from(codes());
    let long: Vec<Option<String>> = WORDS.iter().map(|word| word.map(str::to_owned)).collect();
    let long = long.into_iter().chain((0..5000).map(|k| Some(format!("unused {k}"))));
    let narrow: Int8Array = codes().into_iter().map(|code| (code != 3).then_some(code as i8)).collect();
    vec![
        ("texts", Arc::new(DictionaryArray::new(keys.clone(), Arc::new(StringArray::from(WORDS.to_vec()))))),
        ("large", Arc::new(DictionaryArray::new(keys.clone(), Arc::new(LargeStringArray::from(WORDS.to_vec()))))),
        ("views", Arc::new(DictionaryArray::new(keys.clone(), Arc::new(StringViewArray::from(WORDS.to_vec()))))),
        ("long", Arc::new(DictionaryArray::new(keys, Arc::new(long.collect::<LargeStringArray>())))),
        ("narrow", Arc::new(DictionaryArray::<Int8Type>::new(narrow, Arc::new(StringArray::from(WORDS.to_vec()))))),
    ]
}

#[test]
fn codes_of_texts_are_the_texts() {
    let plain: StringArray = codes().into_iter().map(|code| WORDS[code as usize]).collect();
    let hash = vec![HashedColumn { name: "word".into(), bits: HashBits::DEFAULT }];
    let date = vec![DateColumn { name: "word".into(), format: DateFormat::default() }];
    let all = [
        ReadOptions::default(),
        ReadOptions { categorical: vec!["word".into()], ..ReadOptions::default() },
        ReadOptions { hashed: hash, ..ReadOptions::default() },
        ReadOptions { dates: date, ..ReadOptions::default() },
    ];
    for options in &all {
        let expected = table_with(Arc::new(plain.clone()), options);
        for (name, array) in coded() {
            let table = table_with(array, options);
            assert_eq!(table.columns(), expected.columns(), "{name}");
            assert_eq!(same(&table, 0), same(&expected, 0), "{name}");
        }
    }
    let table = table_with(coded()[0].1.clone(), &ReadOptions::default());
    let levels = ["1,5", "17", "2024-05-31", "Bonn", "Ulm", "true"].map(str::to_owned).to_vec();
    assert_eq!(table.columns()[0].values, Values::Text { levels });
    let facts = &table.columns()[0].facts;
    assert!(facts.n_missing > 0 && facts.n_dates > 0 && facts.n_other_decimals > 0);
}

/// What a model of one column says of the values of a frame.
fn shown(kind: FeatureKind, array: ArrayRef) -> Result<(), DataError> {
    let encoding = Encoding {
        features: vec![Feature::new("x", kind)],
        target: Target::Numbers { names: vec!["y".into()], means: vec![0.0] },
        missing: MissingRule::Mean,
        scale: ScaleRule::None,
    };
    let column = FrameColumn { name: "x".into(), values: FrameValues::Arrays(vec![array]) };
    FrameRows::new("X", vec![column], &encoding).unwrap().show(0, |_| Ok(()))
}

#[test]
fn whole_numbers_that_f64_rounds_are_told_by_a_model_too() {
    let kind = FeatureKind::Number { mean: 2.0, min: 0.0, max: 4.0, scaling: ColumnScaling::NONE };
    let error = shown(kind.clone(), Arc::new(Int64Array::from(vec![1, (1 << 53) + 1]))).unwrap_err().to_string();
    let expected = "X: record 2, column \"x\": found \"9007199254740993\", expected whole numbers up to 2⁵³";
    assert!(error.contains(expected), "{error}");
    shown(kind.clone(), Arc::new(Int64Array::from(vec![Some(1), None, Some(1 << 60)]))).unwrap();
    shown(kind, Arc::new(Float64Array::from(vec![1.0, 1e20]))).unwrap();
}

#[test]
fn a_truth_value_is_1_or_0() {
    let kind = FeatureKind::Boolean { mean: 0.5, scaling: ColumnScaling::NONE };
    let error = shown(kind.clone(), Arc::new(Int64Array::from(vec![1, 0, 7]))).unwrap_err().to_string();
    assert!(error.contains("X: record 3, column \"x\": found \"7\", expected true or false, or 1 or 0"), "{error}");
    shown(kind.clone(), Arc::new(Float64Array::from(vec![Some(1.0), None, Some(0.0)]))).unwrap();
    shown(kind, Arc::new(BooleanArray::from(vec![true, false]))).unwrap();
}
