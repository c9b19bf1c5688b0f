//! Columns that are hashed while they are read: the same buckets from every format, and no text is kept.

use std::fs;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{Float64Array, Int64Array, RecordBatch, StringArray};
use deltarule_core::NO_LEVEL;
use deltarule_data::{
    Choices, CsvOptions, DataError, HashedColumn, PageColumn, ReadOptions, Reader, Table, Values, prepare, summarize,
};
use deltarule_model::{HashBits, hash_text};

use crate::batch::{arrow_file, arrow_stream, batch, parquet};
use crate::{read_with, same};

fn hashed(columns: &[(&str, u32)]) -> Vec<HashedColumn> {
    let column =
        |&(name, bits): &(&str, u32)| HashedColumn { name: name.to_owned(), bits: HashBits::new(bits).unwrap() };
    columns.iter().map(column).collect()
}

fn options(columns: &[(&str, u32)]) -> ReadOptions {
    ReadOptions { hashed: hashed(columns), ..ReadOptions::default() }
}

fn table(text: &str, columns: &[(&str, u32)]) -> Table {
    read_with(text, &CsvOptions::default(), &options(columns)).unwrap()
}

#[test]
fn a_code_is_the_place_of_the_low_bits_of_the_hash() {
    let fields = ["ann", "17", "", "bob", "ann", "NA", " bob ", "017", "17.0", "1e3"];
    let text = format!("id,y\n{}", fields.map(|field| format!("{field},1\n")).concat());
    let table = table(&text, &[("id", 9)]);
    let bucket = |text: &str| (hash_text(text) & 511) as u32;
    let mut used = ["ann", "17", "bob", "017", "1e3"].map(bucket).to_vec();
    used.sort_unstable();
    used.dedup();
    let Values::Hashed { buckets, n_values, exact } = &table.columns()[0].values else { panic!() };
    assert_eq!((buckets.iter().collect::<Vec<_>>(), *n_values, *exact), (used.clone(), 5, true));
    let code = |field: &str| match field.trim() {
        "" | "NA" => NO_LEVEL,
        "17.0" => used.binary_search(&bucket("17")).unwrap() as u32,
        text => used.binary_search(&bucket(text)).unwrap() as u32,
    };
    assert_eq!(table.values_of(0).unwrap(), PageColumn::Codes(fields.map(code).to_vec()));
    assert_eq!((table.columns()[0].facts.n_missing, table.columns()[0].facts.first_missing), (2, Some(4)));
}

/// Ids as whole numbers, as numbers that are missing here and there and so are floats, and as texts; and the same in CSV.
fn ids() -> (RecordBatch, String, String) {
    let n = 9000_i64;
    let whole: Vec<i64> = (0..n).map(|i| i * i * 7919 % 100_003 - 50_000).collect();
    let floats: Vec<Option<f64>> = (0..n).map(|i| (i % 11 != 3).then_some((i * 31 % 5003) as f64)).collect();
    let texts: Vec<Option<String>> = (0..n).map(|i| (i % 13 != 5).then(|| format!("k{}", i * 17 % 4001))).collect();
    let (mut csv, mut json) = (String::from("whole,float,text\n"), String::new());
    for i in 0..n as usize {
        // As programs write them that hold them as floats, and as others do.
        let float = floats[i].map_or(String::new(), |x| if i % 2 == 0 { format!("{x:?}") } else { format!("{x}") });
        let text = texts[i].clone().unwrap_or_default();
        csv += &format!("{},{float},{text}\n", whole[i]);
        let null = |text: String| if text.is_empty() { "null".to_owned() } else { text };
        json += &format!("{{\"whole\":{},\"float\":{},\"text\":\"{text}\"}}\n", whole[i], null(float));
    }
    let batch = batch(vec![
        ("whole", Arc::new(Int64Array::from(whole))),
        ("float", Arc::new(Float64Array::from(floats))),
        ("text", Arc::new(StringArray::from(texts))),
    ]);
    (batch, csv, json)
}

#[test]
fn every_format_cut_budget_and_number_of_threads_gives_the_same_buckets() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (batch, csv, json) = ids();
    fs::write(folder.join("t.csv"), csv).unwrap();
    fs::write(folder.join("t.jsonl"), json).unwrap();
    let columns = [("whole", 12), ("float", 18), ("text", 6)];
    let read = |path: &Path, options: &ReadOptions| {
        Table::read(path, &CsvOptions::default(), options, &mut |_| ControlFlow::Continue(())).unwrap()
    };
    let expected = read(&folder.join("t.csv"), &options(&columns));
    let mut paths: Vec<PathBuf> = vec![folder.join("t.csv"), folder.join("t.jsonl")];
    for rows in [9000, 700] {
        paths.push(parquet(folder, &format!("{rows}.parquet"), &batch, rows));
        paths.push(arrow_file(folder, &format!("{rows}.arrow"), &batch, rows));
        paths.push(arrow_stream(folder, &format!("{rows}.arrows"), &batch, rows));
    }
    for path in &paths {
        // So little memory that pages go to a file.
        for (threads, memory) in [(1, None), (3, None), (1, Some((1 << 23) + 5 * 12 * 4096)), (3, Some(1 << 25))] {
            let threads = NonZeroUsize::new(threads);
            let found = read(path, &ReadOptions { threads, memory, ..options(&columns) });
            for index in 0..3 {
                let name = &expected.columns()[index].name;
                assert_eq!(
                    found.columns()[index].values,
                    expected.columns()[index].values,
                    "{} {name}",
                    path.display()
                );
                assert_eq!(same(&found, index), same(&expected, index), "{} {name}", path.display());
                let missing = |table: &Table| table.columns()[index].facts.n_missing;
                assert_eq!(missing(&found), missing(&expected), "{} {name}", path.display());
            }
        }
    }
    // What is read record by record, for prediction, hashes as it did in training.
    let (mut plain, codes) =
        (Reader::open(&folder.join("t.csv"), &CsvOptions::default()).unwrap(), same(&expected, 1).1);
    let mut other = Reader::open(&folder.join("700.parquet"), &CsvOptions::default()).unwrap();
    let Values::Hashed { buckets, .. } = &expected.columns()[1].values else { panic!() };
    for code in codes {
        for reader in [&mut plain, &mut other] {
            let record = reader.next_record().unwrap().unwrap();
            let text = std::str::from_utf8(record.trimmed(1)).unwrap();
            let place = if text.is_empty() { NO_LEVEL } else { buckets.place_of_hash(hash_text(text)).unwrap() };
            assert_eq!(place, code, "{text:?}");
        }
    }
}

#[test]
fn more_values_than_are_counted_are_estimated_the_same_for_any_number_of_threads() {
    let lines: String = (0..200_000).map(|k| format!("user{},1\n", k * 7 % 150_001)).collect();
    let text = format!("id,y\n{lines}");
    let with = |threads| {
        let options = ReadOptions { threads: NonZeroUsize::new(threads), ..options(&[("id", 16)]) };
        let table = read_with(text.clone(), &CsvOptions::default(), &options).unwrap();
        table.columns()[0].values.clone()
    };
    let Values::Hashed { buckets, n_values, exact } = with(1) else { panic!() };
    assert!(!exact && n_values.abs_diff(150_001) < 1500, "{n_values}");
    // With n values thrown at random, a bucket stays empty with the chance exp(−n/2¹⁶): 10 % here.
    assert!((57_000..61_000).contains(&buckets.len()), "{}", buckets.len());
    for threads in [2, 3, 8] {
        assert_eq!(with(threads), Values::Hashed { buckets: buckets.clone(), n_values, exact }, "{threads} threads");
    }
}

#[test]
fn a_hashed_column_is_a_feature_however_many_values_it_has() {
    let lines: String = (0..500).map(|k| format!("person {k},{k},{}\n", k % 7)).collect();
    let text = format!("name,row,y\n{lines}");
    let choices = Choices { targets: vec!["y".into()], ..Choices::default() };
    let refused = prepare(&table(&text, &[]), &choices).unwrap_err().to_string();
    assert!(refused.contains("--hash name"), "{refused}");
    let table = table(&text, &[("name", 18), ("row", 8)]);
    let prepared = prepare(&table, &choices).unwrap();
    assert_eq!(prepared.count_features().hashed, 2);
    assert!(prepared.notes.iter().any(|note| note.contains("--hash row:12 keeps more")), "{:?}", prepared.notes);
    assert!(!prepared.notes.iter().any(|note| note.contains("--hash name:")), "{:?}", prepared.notes);
    let summary = &summarize(&table, &["y"]).unwrap()[1];
    let found = summary.hashed.unwrap();
    assert_eq!((summary.type_name, found.n_values, found.exact, found.n_buckets), ("hashed", 500, true, 256));
    assert!(summary.suspicions.is_empty());
}

#[test]
fn a_text_with_very_many_levels_gets_a_word_about_hashing_and_a_true_count() {
    // Each level twice in a row, or all of them first: then they are too many before it is seen that they come again.
    let with = |level: fn(usize, usize) -> usize, n_levels: usize| {
        let lines: String = (0..2 * n_levels).map(|k| format!("id{},{}\n", level(k, n_levels), k % 7)).collect();
        let table = table(&format!("id,y\n{lines}"), &[]);
        let choices = Choices { targets: vec!["y".into()], ..Choices::default() };
        prepare(&table, &choices).map(|prepared| prepared.warnings).map_err(|error| error.to_string())
    };
    let (pairs, rounds) = (|k, _| k / 2, |k, n| k % n);
    assert_eq!(with(pairs, 65_536), Ok(Vec::new()));
    let warnings = with(pairs, 65_537).unwrap();
    assert!(
        warnings.len() == 1 && warnings[0].contains("65537 levels") && warnings[0].contains("--hash"),
        "{warnings:?}"
    );
    let refused = with(rounds, 200_000).unwrap_err();
    assert!(refused.contains("different values in 400000 records") && refused.contains("--hash id"), "{refused}");
    let found: u64 = refused.split("about ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(found.abs_diff(200_000) < 2000, "{refused}");
}

#[test]
fn what_cannot_be_hashed_is_told() {
    let read = |columns: &[(&str, u32)]| read_with("id,y\na,1\nb,2\n", &CsvOptions::default(), &options(columns));
    assert!(matches!(read(&[("di", 18)]), Err(DataError::NoColumn { setting: "--hash", .. })));
    let table = read(&[("y", 18)]).unwrap();
    let choices = Choices { targets: vec!["y".into()], ..Choices::default() };
    assert!(matches!(prepare(&table, &choices), Err(DataError::Target { .. })));
}
