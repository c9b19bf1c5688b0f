//! From a table to what training needs.

use deltarule_core::{Activation, Block, BlockSource, Column, Float, NO_LEVEL, Targets};
use deltarule_data::{Choices, CsvOptions, Part, ReadOptions, Table, Task, prepare};
use deltarule_model::{ClassType, MissingRule, Target};

use crate::{read, read_with};

fn choices(target: &str) -> Choices {
    Choices { targets: vec![target.into()], ..Choices::default() }
}

/// The first block of a source.
fn first_block<T: Float>(source: &dyn BlockSource<T>) -> Block<'static, T> {
    let mut first = None;
    source.read(0, &mut |block| first = Some(block.clone().into_owned())).unwrap();
    first.unwrap()
}

/// Which records of the table these are.
fn records(part: &Part<'_>) -> Vec<usize> {
    (0..part.n_records()).map(|k| part.record(k)).collect()
}

#[test]
fn targets_decide_activation_and_coding() {
    let table = read("x,n,two,word,three\n1,1.5,0,a,a\n2,2.5,1,b,b\n3,0.5,1,a,c\n5,0.1,0,b,a\n").unwrap();
    let of = |target: &str| prepare(&table, &Choices { features: vec!["x".into()], ..choices(target) }).unwrap();
    assert_eq!(of("n").activation, Activation::Identity);
    let two = of("two");
    assert_eq!(two.activation, Activation::Sigmoid);
    assert!(matches!(two.target, Target::TwoClasses { low: 0.0, high: 1.0, counts: [2, 2], .. }));
    let tanh = Choices { activation: Some(Activation::Tanh), features: vec!["x".into()], ..choices("word") };
    assert!(matches!(prepare(&table, &tanh).unwrap().target, Target::TwoClasses { low: -1.0, high: 1.0, .. }));
    assert!(matches!(of("three").target, Target::Classes { ref counts, .. } if *counts == [2, 1, 1]));
    let regression = Choices { task: Some(Task::Regression), features: vec!["x".into()], ..choices("two") };
    assert!(matches!(prepare(&table, &regression).unwrap().target, Target::Numbers { .. }));
}

#[test]
fn a_target_says_what_its_classes_are() {
    let table = read("x,number,truth,word\n1,1,true,a\n2,2,false,b\n3,1,true,a\n5,2,false,b\n").unwrap();
    let class_type = |table: &Table, target: &str| {
        let choices = Choices { features: vec!["x".into()], task: Some(Task::Classification), ..choices(target) };
        prepare(table, &choices).unwrap().target.class_type()
    };
    assert_eq!(class_type(&table, "number"), Some(ClassType::Number));
    assert_eq!(class_type(&table, "truth"), Some(ClassType::Boolean));
    assert_eq!(class_type(&table, "word"), Some(ClassType::Text));
}

#[test]
fn missing_values_follow_the_rule() {
    let table = read("x,k,y\n1,a,1\n,b,2\n3,,4\n4,a,\n5,b,6\n").unwrap();
    let with = |missing: MissingRule| Choices { missing, ..choices("y") };
    let error = prepare(&table, &with(MissingRule::Error)).unwrap_err().to_string();
    assert!(error.contains("x (1 of 4), k (1 of 4), the first on line 3"), "{error}");
    let dropped = prepare(&table, &with(MissingRule::Drop)).unwrap();
    assert_eq!((records(&dropped.training), dropped.without_target, dropped.with_missing), (vec![0, 4], 1, 2));
    let mean = prepare(&table, &with(MissingRule::Mean)).unwrap();
    assert_eq!(records(&mean.training), [0, 1, 2, 4]);
    let block = first_block(&mean.training);
    assert!(matches!(&block.columns()[0], Column::Numbers(x) if x[1].is_nan()));
    assert!(matches!(&block.columns()[1], Column::Codes { codes, .. } if codes[2] == NO_LEVEL));
}

#[test]
fn held_out_classes_keep_their_shares() {
    let mut text = String::from("x,y\n");
    (0..200).for_each(|i| text += &format!("{},{}\n", (i * 37) % 101, if i % 10 == 0 { "rare" } else { "common" }));
    let table = read(text).unwrap();
    let split = |seed: u64| {
        let prepared = prepare(&table, &Choices { held_out: Some(0.3), seed, ..choices("y") }).unwrap();
        (records(&prepared.training), records(&prepared.held_out.unwrap()))
    };
    let (training, held_out) = split(1);
    assert_eq!((training.len(), held_out.len()), (140, 60));
    assert_eq!(held_out.iter().filter(|r| **r % 10 == 0).count(), 6, "three in ten of the twenty rare ones");
    let mut all = [training.clone(), held_out.clone()].concat();
    all.sort_unstable();
    assert_eq!(all, (0..200).collect::<Vec<_>>(), "each record is on one side");
    assert_eq!(split(1), (training.clone(), held_out));
    assert_ne!(split(2).0, training);
}

#[test]
fn a_level_that_is_only_held_out_is_not_in_the_encoding() {
    let mut text = String::from("k,x,y\n");
    (0..40).for_each(|i| {
        text += &format!("{},{},{}\n", if i == 17 { "once" } else { ["a", "b"][i % 2] }, (i * 7) % 13, i % 5)
    });
    let table = read(text).unwrap();
    for seed in 0..20 {
        let prepared = prepare(&table, &Choices { held_out: Some(0.5), seed, ..choices("y") }).unwrap();
        let held_out = prepared.held_out.as_ref().unwrap();
        let Some(at) = held_out.position_of(17) else { continue };
        let block = first_block(held_out);
        let Column::Codes { codes, n_levels } = &block.columns()[0] else { panic!("codes") };
        assert_eq!((codes[at], *n_levels), (NO_LEVEL, 2));
        return;
    }
    panic!("no seed held record 17 out");
}

#[test]
fn several_targets_make_several_outputs() {
    let table = read("x,u,v\n1,2,3\n2,3,5\n4,1,1\n").unwrap();
    let prepared = prepare(&table, &Choices { targets: vec!["v".into(), "u".into()], ..Choices::default() }).unwrap();
    let block = first_block(&prepared.training);
    assert!(matches!(block.targets(), Targets::Numbers(columns) if columns[0][0] == 3.0 && columns[1][0] == 2.0));
}

#[test]
fn f32_keeps_small_differences_of_large_numbers() {
    let table = read("x,y\n1000000.25,1\n1000000.5,2\n1000000.75,3\n").unwrap();
    let prepared = prepare(&table, &choices("y")).unwrap();
    let narrowed = prepared.training.narrowed().unwrap();
    assert_eq!(narrowed.shifts(), [1000000.25]);
    assert!(matches!(&first_block(&narrowed).columns()[0], Column::Numbers(x) if x[..] == [0.0, 0.25, 0.5]));
}

#[test]
fn a_number_that_f32_does_not_hold_is_told_with_its_place() {
    let error = |text: &str, choices: &Choices, memory: Option<usize>| {
        let options = ReadOptions { memory, ..ReadOptions::default() };
        let table = read_with(text, &CsvOptions::default(), &options).unwrap();
        let prepared = prepare(&table, choices).unwrap();
        let narrowed = match prepared.training.narrowed() {
            Ok(narrowed) => narrowed,
            Err(error) => return error.to_string(),
        };
        let last = narrowed.n_blocks() - 1;
        let n = table.n_records() - last * narrowed.block_rows();
        narrowed.read_rows(last, n - 2..n, &mut |_, _| {}).unwrap_err().to_string()
    };
    let expected = |line: usize, column: &str, found: &str| {
        format!(
            "line {line}, column {column:?}: found {found}, expected a number up to 3.4e38 in size, as --precision f32 holds"
        )
    };
    // Numbers are held less the first one of their column.
    let found = error("x,y\n1e60,1\n1e60,2\n3e60,4\n", &choices("y"), None);
    assert!(found.contains(&expected(4, "x", "3e60")), "{found}");
    let found = error("x,y\n1,1\n2,-4e38\n3,4\n", &choices("y"), None);
    assert!(found.contains(&expected(3, "y", "-4e38")), "{found}");
    let weighed = Choices { weight: Some("v".into()), ..choices("y") };
    let found = error("x,v,y\n1,1,2\n2,1e60,3\n3,4,4\n", &weighed, None);
    assert!(found.contains(&expected(3, "v", "1e60")), "{found}");
    // Where blocks are made anew in each pass, and only a part of one is looked at.
    let rows: String = (0..200_000).map(|i| format!("{}.5,{},{}\n", i % 7, i % 11, i % 5)).collect();
    let found = error(&format!("x,z,y\n{rows}1e60,1,1\n"), &choices("y"), Some(25 << 20));
    assert!(found.contains(&expected(200_002, "x", "1e60")), "{found}");
}
