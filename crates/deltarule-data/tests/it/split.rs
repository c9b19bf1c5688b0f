//! Which records are held out.

use std::collections::{BTreeMap, BTreeSet};

use deltarule_data::{Choices, CsvOptions, Part, Prepared, ReadOptions, SplitBy, SplitKind, SplitRule, Table, prepare};
use proptest::prelude::*;

use crate::{read, read_with};

fn records(part: &Part<'_>) -> Vec<usize> {
    (0..part.n_records()).map(|k| part.record(k)).collect()
}

fn sides(prepared: &Prepared<'_>) -> (Vec<usize>, Vec<usize>) {
    (records(&prepared.training), records(prepared.held_out.as_ref().unwrap()))
}

fn by(column: &str, kind: Option<SplitKind>) -> Choices {
    let split_by = Some(SplitBy { column: column.into(), kind });
    Choices { targets: vec!["y".into()], held_out: Some(0.25), split_by, ..Choices::default() }
}

/// A table of these values in column k, a number, and a target.
fn table_of(values: &[String], kept: bool) -> Table {
    let lines = values.iter().enumerate().map(|(i, value)| format!("{value},{},{}\n", (i * 37) % 101, (i * 7) % 13));
    let kept = if kept { vec!["k".to_owned()] } else { Vec::new() };
    let options =
        ReadOptions { kept: kept.into_iter().map(|name| (name, "--split-by")).collect(), ..ReadOptions::default() };
    let text = format!("k,x,y\n{}", lines.collect::<String>());
    read_with(text, &CsvOptions { header: Some(true), ..CsvOptions::default() }, &options).unwrap()
}

proptest! {
    #[test]
    fn no_group_is_on_both_sides(
        groups in prop::collection::vec(0_u32..40, 20..300), share in 0.05_f64..0.95, seed in any::<u64>(), text in any::<bool>(),
    ) {
        prop_assume!(groups.iter().any(|group| *group != groups[0]));
        let value = |group: &u32| match (text, group) {
            (_, 39) => String::new(),
            (true, group) => format!("group {group}"),
            (false, group) => group.to_string(),
        };
        let values: Vec<String> = groups.iter().map(value).collect();
        let table = table_of(&values, true);
        let prepared = prepare(&table, &Choices { held_out: Some(share), seed, ..by("k", None) }).unwrap();
        let (training, held_out) = sides(&prepared);
        prop_assert_eq!(training.len() + held_out.len(), groups.len());
        let of = |side: &[usize]| side.iter().map(|&record| groups[record]).collect::<BTreeSet<u32>>();
        let (trained, held) = (of(&training), of(&held_out));
        prop_assert!(trained.is_disjoint(&held));
        let rule = SplitRule::Groups { column: "k".into(), training: trained.len(), held_out: held.len() };
        prop_assert_eq!(prepared.split, Some(rule));
        // No further group fits, and what is held out is not more than was asked for, unless it is a single group.
        let wanted = ((groups.len() as f64 * share).round() as usize).clamp(1, groups.len() - 1);
        let size = |group: &u32| groups.iter().filter(|other| *other == group).count();
        prop_assert!(held_out.len() <= wanted || held.len() == 1);
        prop_assert!(held_out.len() > wanted || trained.iter().all(|group| held_out.len() + size(group) > wanted));
    }

    #[test]
    fn the_latest_records_are_held_out(
        times in prop::collection::vec(prop_oneof![4 => -20..20_i32, 1 => -2000..2000_i32], 3..200), share in 0.05_f64..0.95,
        dates in any::<bool>(),
    ) {
        prop_assume!(times.iter().any(|time| *time != times[0]));
        let date = |time: &i32| {
            let day = time + 2000;
            format!("{:04}-{:02}-{:02} 10:00", 1990 + day / 336, 1 + day % 336 / 28, 1 + day % 28)
        };
        let values: Vec<String> = times.iter().map(|time| if dates { date(time) } else { time.to_string() }).collect();
        let table = table_of(&values, true);
        let kind = if dates { None } else { Some(SplitKind::Time) };
        let prepared = prepare(&table, &Choices { held_out: Some(share), ..by("k", kind) }).unwrap();
        let (training, held_out) = sides(&prepared);
        prop_assert_eq!(training.len() + held_out.len(), times.len());
        let latest = training.iter().map(|&record| times[record]).max().unwrap();
        let earliest = held_out.iter().map(|&record| times[record]).min().unwrap();
        prop_assert!(latest < earliest, "{} {}", latest, earliest);
        // No other cut between two times is nearer to the share.
        let sorted = { let mut sorted = times.clone(); sorted.sort_unstable(); sorted };
        let wanted = ((times.len() as f64 * (1.0 - share)).round() as usize).clamp(1, times.len() - 1);
        let places = (1..times.len()).filter(|&at| sorted[at - 1] < sorted[at]);
        let nearest = places.map(|at| at.abs_diff(wanted)).min().unwrap();
        prop_assert_eq!(training.len().abs_diff(wanted), nearest);
        let Some(SplitRule::Time { until, from, without: 0, .. }) = prepared.split else { panic!() };
        let text = |time: i32| if dates { date(&time) } else { time.to_string() };
        prop_assert_eq!((until, from), (text(latest), text(earliest)));
    }

    #[test]
    fn each_class_has_its_share(counts in prop::collection::vec(1_usize..60, 2..8), share in 0.1_f64..0.9, seed in any::<u64>()) {
        let n: usize = counts.iter().sum();
        let mut classes: Vec<usize> = counts.iter().enumerate().flat_map(|(class, &n)| vec![class; n]).collect();
        classes.sort_by_key(|class| (class * 7919) % 5);
        let wanted = (n as f64 * share).round() as usize;
        prop_assume!(wanted > 0 && wanted < n && counts.iter().any(|n| (*n as f64 * share).round() as usize > 0));
        let lines = classes.iter().enumerate().map(|(i, class)| format!("{},class {class}\n", (i * 37) % 101));
        let table = read(format!("x,y\n{}", lines.collect::<String>())).unwrap();
        let choices = Choices { held_out: Some(share), seed, targets: vec!["y".into()], ..Choices::default() };
        let Ok(prepared) = prepare(&table, &choices) else { return Ok(()) };
        prop_assert_eq!(&prepared.split, &Some(SplitRule::Drawn { stratified: true }));
        let mut held_out: BTreeMap<usize, usize> = BTreeMap::new();
        for record in sides(&prepared).1 {
            *held_out.entry(classes[record]).or_default() += 1;
        }
        for (class, &n) in counts.iter().enumerate() {
            let held = held_out.get(&class).copied().unwrap_or(0);
            prop_assert!((held as f64 - n as f64 * share).abs() < 1.0 || held == n - 1, "{} of {}", held, n);
            prop_assert!(held < n);
        }
    }
}

/// The records of each fold and those trained on before it is scored.
fn folds(prepared: &Prepared<'_>, n: usize) -> Vec<(Vec<usize>, Vec<usize>)> {
    let folds = prepared.folds(n).unwrap();
    assert_eq!(folds.n_folds(), n);
    (0..n).map(|fold| sides(&prepared.fold(&folds, fold).unwrap())).collect()
}

proptest! {
    #[test]
    fn each_record_is_in_one_fold_and_classes_are_even(
        counts in prop::collection::vec(2_usize..40, 2..6), n_folds in 2_usize..8, seed in any::<u64>(),
    ) {
        let classes: Vec<usize> = counts.iter().enumerate().flat_map(|(class, &n)| vec![class; n]).collect();
        prop_assume!(n_folds <= classes.len());
        let lines = classes.iter().enumerate().map(|(i, class)| format!("{},class {class}\n", (i * 37) % 101));
        let table = read(format!("x,y\n{}", lines.collect::<String>())).unwrap();
        let prepared = prepare(&table, &Choices { seed, targets: vec!["y".into()], ..Choices::default() }).unwrap();
        let folds = folds(&prepared, n_folds);
        let mut all: Vec<usize> = folds.iter().flat_map(|(_, fold)| fold.clone()).collect();
        all.sort_unstable();
        prop_assert_eq!(all, (0..classes.len()).collect::<Vec<_>>());
        for (training, fold) in &folds {
            prop_assert_eq!(training.len() + fold.len(), classes.len());
            prop_assert!(fold.iter().all(|record| !training.contains(record)));
        }
        let sizes = |class: Option<usize>| -> Vec<usize> {
            let of_class = |record: &&usize| class.is_none_or(|class| classes[**record] == class);
            folds.iter().map(|(_, fold)| fold.iter().filter(of_class).count()).collect()
        };
        for class in (0..counts.len()).map(Some).chain([None]) {
            let sizes = sizes(class);
            prop_assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1, "{:?}: {:?}", class, sizes);
        }
    }

    #[test]
    fn a_group_is_in_one_fold(groups in prop::collection::vec(0_u32..30, 40..200), n_folds in 2_usize..6, seed in any::<u64>()) {
        let values: Vec<String> = groups.iter().map(|group| format!("g{group}")).collect();
        prop_assume!(values.iter().collect::<BTreeSet<_>>().len() >= n_folds);
        let table = table_of(&values, true);
        let prepared = prepare(&table, &Choices { held_out: None, seed, ..by("k", None) }).unwrap();
        let folds = folds(&prepared, n_folds);
        let of = |side: &[usize]| side.iter().map(|&record| groups[record]).collect::<BTreeSet<u32>>();
        for (training, fold) in &folds {
            prop_assert!(of(training).is_disjoint(&of(fold)) && !fold.is_empty());
        }
        prop_assert_eq!(folds.iter().map(|(_, fold)| fold.len()).sum::<usize>(), groups.len());
        // The largest fold has at most one group more than it needs.
        let largest = folds.iter().map(|(_, fold)| fold.len()).max().unwrap();
        let smallest = folds.iter().map(|(_, fold)| fold.len()).min().unwrap();
        let most = groups.iter().map(|group| groups.iter().filter(|other| *other == group).count()).max().unwrap();
        prop_assert!(largest - smallest <= most);
    }

    #[test]
    fn in_time_each_fold_comes_after_its_training(times in prop::collection::vec(-500..500_i32, 100..300), n_folds in 2_usize..6) {
        let values: Vec<String> = times.iter().map(ToString::to_string).collect();
        let table = table_of(&values, true);
        let prepared = prepare(&table, &Choices { held_out: None, ..by("k", Some(SplitKind::Time)) }).unwrap();
        let mut before = 0;
        for (training, fold) in folds(&prepared, n_folds) {
            let latest = training.iter().map(|&record| times[record]).max().unwrap();
            prop_assert!(fold.iter().all(|&record| times[record] > latest));
            prop_assert!(training.len() > before);
            before = training.len();
        }
    }
}

#[test]
fn folds_that_cannot_be_are_told() {
    let values: Vec<String> = (0..12).map(|i| format!("g{}", i % 3)).collect();
    let table = table_of(&values, true);
    let prepared = prepare(&table, &Choices { held_out: None, split_by: None, ..by("k", None) }).unwrap();
    for wrong in [0, 1, 13] {
        let error = prepared.folds(wrong).unwrap_err().to_string();
        assert!(error.starts_with(&format!("--folds: found {wrong}, expected a number from 2 to 12")), "{error}");
    }
    let prepared = prepare(&table, &Choices { held_out: None, ..by("k", None) }).unwrap();
    let error = prepared.folds(4).unwrap_err().to_string();
    assert!(error.contains("found 3 groups of 12 records, expected at least 4"), "{error}");
}

#[test]
fn a_record_without_a_time_is_on_neither_side() {
    let values = ["2024-01-01", "2024-01-05", "", "2024-01-03", "NA", "2024-01-04"].map(String::from);
    let table = table_of(&values, true);
    let prepared = prepare(&table, &by("k", None)).unwrap();
    assert_eq!(sides(&prepared), (vec![0, 3, 5], vec![1]));
    let (until, from) = ("2024-01-04".into(), "2024-01-05".into());
    assert_eq!(prepared.split, Some(SplitRule::Time { column: "k".into(), until, from, without: 2 }));
    let said = prepared.held_out_text.unwrap();
    assert!(said.ends_with("2 records without a time left out"), "{said}");
}

#[test]
fn the_column_is_a_feature_only_where_it_is_named_as_one() {
    let values: Vec<String> = (0..40).map(|i| format!("g{}", i % 8)).collect();
    let table = table_of(&values, true);
    let n_features = |choices: &Choices| {
        let counts = prepare(&table, choices).unwrap().count_features();
        (counts.numbers, counts.categories)
    };
    assert_eq!(n_features(&by("k", None)), (1, 0));
    assert_eq!(n_features(&Choices { features: vec!["k".into(), "x".into()], ..by("k", None) }), (1, 1));
    assert_eq!(n_features(&Choices { categorical: vec!["k".into()], ..by("k", None) }), (1, 1));
}

#[test]
fn what_cannot_split_is_told() {
    let error = |values: &[&str], kind| {
        let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        prepare(&table_of(&values, true), &by("k", kind)).unwrap_err().to_string()
    };
    let words = ["a", "b", "a", "b", "c", "c"];
    let found = error(&words, Some(SplitKind::Time));
    assert!(found.contains("column \"k\": found \"a\", expected a date such as 2024-05-31"), "{found}");
    let slashes = ["5/6/2024", "6/6/2024", "7/6/2024", "8/6/2024"];
    let found = error(&slashes, None);
    assert!(
        found.contains("found \"5/6/2024\"")
            && found.contains("--date k:%d/%m/%Y")
            && found.contains("--split-by k:groups"),
        "{found}"
    );
    let found = error(&["a"; 5], None);
    assert!(found.contains("found 1 group of 5 records, expected at least 2"), "{found}");
    let found = error(&["7"; 5], Some(SplitKind::Time));
    assert!(found.contains("found one time only, 7, expected records of different times"), "{found}");
    let found = error(&[""; 5], None);
    assert!(found.contains("found no value at all"), "{found}");
    let found = prepare(&table_of(&words.map(String::from), true), &by("none", None)).unwrap_err().to_string();
    assert!(found.contains("there is no column \"none\" (--split-by)"), "{found}");
}
