//! Records that are left out: the table is that of files without them, whatever the format.

use std::fs;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, StringArray};
use deltarule_data::{
    Condition, CsvOptions, CsvReader, DataError, Flaw, ReadOptions, Reject, Sieve, SkipRule, Table, TargetRange,
};

use crate::batch::{arrow_file, arrow_stream, batch, parquet};
use crate::same;

fn sifted(paths: &[PathBuf], sieve: &Sieve, threads: usize) -> Result<(Table, Vec<Reject>), DataError> {
    let csv = CsvOptions { skips_bad_lines: sieve.skip.is_some(), ..CsvOptions::default() };
    let options = ReadOptions { threads: NonZeroUsize::new(threads), ..ReadOptions::default() };
    let mut rejects = Vec::new();
    let on_reject = &mut |reject| {
        rejects.push(reject);
        Ok(())
    };
    let table = Table::read_sifted(paths, &csv, &options, sieve, on_reject, &mut |_| ControlFlow::Continue(()))?;
    Ok((table, rejects))
}

fn sieve(condition: Option<&str>) -> Sieve {
    let condition = condition.map(|text| text.parse().unwrap());
    Sieve { skip: Some(SkipRule { targets: vec!["y".into()], missing: true, ..SkipRule::default() }), condition }
}

fn expect_same(found: &Table, expected: &Table) {
    assert_eq!(found.n_records(), expected.n_records());
    for (index, (found_column, column)) in found.columns().iter().zip(expected.columns()).enumerate() {
        assert_eq!((&found_column.name, &found_column.values), (&column.name, &column.values));
        assert_eq!((found_column.facts.range, found_column.facts.ends), (column.facts.range, column.facts.ends));
        assert_eq!(found_column.facts.whole, column.facts.whole);
        assert_eq!(same(found, index), same(expected, index), "{}", column.name);
    }
}

/// Lines of a table of which every 17th cannot be used, and every 5th is in Bonn; and those that can be.
fn lines(n: usize) -> (Vec<String>, Vec<String>) {
    let (mut all, mut good) = (Vec::new(), Vec::new());
    for k in 0..n {
        let city = if k % 5 == 0 { "Bonn" } else { "Ulm, Donau" };
        let line = format!("{},\"{city}\",{}", (k * 37 % 101) as f64 / 8.0, k % 7);
        let bad = match k / 17 % 6 {
            0 => format!("what,\"{city}\",1"),
            1 => format!("1e200,\"{city}\",1"),
            2 => format!(",\"{city}\",1"),
            3 => "1,2".to_owned(),
            4 => "1,\"a\nb\",3,4".to_owned(),
            _ => "3,NA,1".to_owned(),
        };
        if k % 17 == 3 {
            all.push(bad);
        } else {
            good.push(line.clone());
            all.push(line);
        }
    }
    (all, good)
}

fn write(folder: &Path, name: &str, lines: &[String]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, format!("x,city,y\n{}\n", lines.join("\n"))).unwrap();
    path
}

#[test]
fn a_table_without_bad_records_is_that_of_a_file_without_them() {
    let folder = tempfile::tempdir().unwrap();
    // Several chunks of 256 KiB.
    let (all, good) = lines(40_000);
    let clean = write(folder.path(), "clean.csv", &good);
    let files: Vec<PathBuf> = (0..3)
        .map(|k| write(folder.path(), &format!("{k}.csv"), &all[all.len() * k / 3..all.len() * (k + 1) / 3]))
        .collect();
    let whole = write(folder.path(), "all.csv", &all);
    for condition in [None, Some("city != 'Bonn' or y in (1, 2)")] {
        let only = Sieve { skip: None, ..sieve(condition) };
        let (expected, none) = sifted(std::slice::from_ref(&clean), &only, 1).unwrap();
        assert!(none.is_empty() && expected.n_records() > 20_000);
        for (paths, threads) in [(vec![whole.clone()], 1), (vec![whole.clone()], 3), (files.clone(), 2)] {
            let (table, rejects) = sifted(&paths, &sieve(condition), threads).unwrap();
            expect_same(&table, &expected);
            let places: Vec<(&str, u64)> = rejects.iter().map(|r| (r.file.as_str(), r.at.number())).collect();
            let mut sorted = places.clone();
            sorted.sort_unstable();
            assert_eq!(places, sorted, "in the order of the files");
            let lines = |r: &Reject| {
                fs::read_to_string(&r.file).unwrap().split('\n').nth(r.at.number() as usize - 1).unwrap().to_owned()
            };
            assert!(rejects.iter().take(50).all(|r| r.record.as_ref().unwrap().starts_with(&lines(r))));
            for flaw in [Flaw::Word, Flaw::Range, Flaw::Missing, Flaw::Fields] {
                assert!(rejects.iter().any(|r| r.flaw == flaw), "{flaw:?}");
            }
            if condition.is_none() {
                assert_eq!(rejects.len(), all.len() - good.len());
                assert_eq!((expected.n_left_out(), table.n_left_out()), (0, 0));
            } else {
                assert!(table.n_left_out() >= expected.n_left_out() && expected.n_left_out() > 1000);
            }
        }
    }
}

#[test]
fn what_is_within_a_record_of_json_lines_is_a_bad_row_where_its_column_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.jsonl");
    let lines = |x: &str| format!("{{\"x\": {x}, \"city\": \"Ulm\", \"tags\": [1], \"y\": 1}}\n");
    fs::write(&path, ["1", "[2]", "3", "4"].map(lines).concat()).unwrap();
    let rule = SkipRule { targets: vec!["y".into()], ..SkipRule::default() };
    let sieve = Sieve { skip: Some(rule), condition: None };
    let options = ReadOptions { drop: vec!["tags".into()], ..ReadOptions::default() };
    let mut rejects = Vec::new();
    let on_reject = &mut |reject| {
        rejects.push(reject);
        Ok(())
    };
    let csv = CsvOptions { skips_bad_lines: true, ..CsvOptions::default() };
    let table = Table::read_sifted(&[path], &csv, &options, &sieve, on_reject, &mut |_| ControlFlow::Continue(()));
    let table = table.unwrap();
    assert_eq!((table.n_records(), rejects.len(), rejects[0].flaw), (3, 1, Flaw::Syntax));
    assert!(
        rejects[0].reason.starts_with("column \"x\": found \"[2]\", expected a number, a text"),
        "{}",
        rejects[0].reason
    );
}

#[test]
fn text_after_a_closing_quote_is_skipped_where_its_record_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let lines = |bad: &str| ["1,Ulm,1", bad, "3,\"Bonn\",3", "4,Ulm,4"].map(str::to_owned);
    let path = write(folder.path(), "one.csv", &lines("2,\"Bonn\"n,2"));
    let (table, rejects) = sifted(&[path], &sieve(None), 1).unwrap();
    assert_eq!((table.n_records(), rejects.len()), (3, 1));
    assert_eq!((rejects[0].at.number(), rejects[0].flaw), (3, Flaw::Syntax));
    assert_eq!(rejects[0].record.as_deref(), Some("2,\"Bonn\"n,2"));
    let path = write(folder.path(), "two.csv", &lines("2,\"Bonn,2"));
    let error = sifted(&[path], &sieve(None), 1).unwrap_err().to_string();
    assert!(error.contains("line 4, column \"city\": found \"Bonn\" after a closing quote"), "{error}");
}

#[test]
fn batches_are_sifted_as_text_is() {
    let folder = tempfile::tempdir().unwrap();
    let n = 3000;
    let is_bad = |k: &usize| matches!(k % 50, 7 | 21 | 40);
    let x = |k: usize| match k % 50 {
        7 => Some(f64::INFINITY),
        21 => None,
        _ => Some((k * 31 % 97) as f64 / 16.0),
    };
    let city = |k: usize| if k % 50 == 40 { None } else { Some(["Ulm", "Bonn", "7"][k * k % 3]) };
    let of = |rows: &[usize]| {
        batch(vec![
            ("x", Arc::new(rows.iter().map(|&k| x(k)).collect::<Float64Array>()) as ArrayRef),
            ("city", Arc::new(rows.iter().map(|&k| city(k)).collect::<StringArray>())),
            ("y", Arc::new(rows.iter().map(|&k| Some((k % 7) as i64)).collect::<Int64Array>())),
        ])
    };
    let all: Vec<usize> = (0..n).collect();
    let good: Vec<usize> = all.iter().copied().filter(|k| !is_bad(k)).collect();
    for condition in [None, Some("y >= 2 and not city = 'Bonn'")] {
        let only = Sieve { skip: None, ..sieve(condition) };
        let (expected, _) = sifted(&[parquet(folder.path(), "clean.parquet", &of(&good), 1000)], &only, 1).unwrap();
        for path in [
            parquet(folder.path(), "all.parquet", &of(&all), 700),
            arrow_file(folder.path(), "all.arrow", &of(&all), 333),
            arrow_stream(folder.path(), "all.arrows", &of(&all), 1000),
        ] {
            let (table, rejects) = sifted(&[path], &sieve(condition), 2).unwrap();
            expect_same(&table, &expected);
            let wanted =
                |k: &usize| is_bad(k) && (condition.is_none() || (k % 7 >= 2 && city(*k).is_some_and(|c| c != "Bonn")));
            let lines: Vec<u64> = all.iter().filter(|k| wanted(k)).map(|k| *k as u64 + 1).collect();
            assert_eq!(rejects.iter().map(|r| r.at.number()).collect::<Vec<_>>(), lines);
            assert!(rejects.iter().all(|r| r.record.is_none()));
            // A record is on the line of its number.
            let kept: Vec<usize> = good
                .iter()
                .copied()
                .filter(|k| condition.is_none() || (k % 7 >= 2 && city(*k) != Some("Bonn")))
                .collect();
            assert!(
                (0..table.n_records()).step_by(37).all(|record| table.at(record).number() == kept[record] as u64 + 1)
            );
        }
    }
}

#[test]
fn a_column_is_of_numbers_where_nine_in_ten_values_are() {
    let folder = tempfile::tempdir().unwrap();
    let table = |n_words: usize| {
        let line = |k: usize| if k < n_words { "word,a,1".to_owned() } else { format!("{k},a,2") };
        let path = write(folder.path(), "t.csv", &(0..100).map(line).collect::<Vec<_>>());
        sifted(&[path], &sieve(None), 1).unwrap()
    };
    let (ten, rejects) = table(10);
    assert_eq!((ten.columns()[0].type_name(), ten.n_records(), rejects.len()), ("whole number", 90, 10));
    let (eleven, rejects) = table(11);
    assert_eq!((eleven.columns()[0].type_name(), eleven.n_records(), rejects.len()), ("mixed", 100, 0));
}

#[test]
fn targets_beyond_a_range_are_bad_unless_they_are_classes() {
    let folder = tempfile::tempdir().unwrap();
    let range = Some(TargetRange { low: 0.0, high: 1.0, unless_minus_one: true });
    let read = |targets: [&str; 4]| {
        let lines: Vec<String> = targets.iter().enumerate().map(|(k, y)| format!("{k},a,{y}")).collect();
        let rule = SkipRule { targets: vec!["y".into()], target_range: range, ..SkipRule::default() };
        let sieve = Sieve { skip: Some(rule), condition: None };
        sifted(&[write(folder.path(), "t.csv", &lines)], &sieve, 1).unwrap().1
    };
    let rejects = read(["0", "7", "1", "0.5"]);
    assert_eq!(rejects.iter().map(|r| (r.at.number(), r.flaw)).collect::<Vec<_>>(), [(3, Flaw::Target)]);
    assert!(read(["-1", "1", "-1", "1"]).is_empty());
}

/// Which of some rows satisfy a condition.
fn which(condition: &str) -> Vec<usize> {
    let text = b"age,city,\"two words\",fit\n30,Ulm,1,true\n,Bonn,2,false\n8.5,,3,TRUE\n-2,O'Hara,,false\n".to_vec();
    let mut reader = CsvReader::from_bytes("t.csv", text, &CsvOptions::default()).unwrap();
    let condition: Condition = condition.parse().unwrap_or_else(|error| panic!("{error}"));
    let bound = condition.bind("t.csv", reader.header()).unwrap();
    let (mut found, mut row) = (Vec::new(), 0);
    while let Some(record) = reader.next_record().unwrap() {
        row += 1;
        if bound.holds("t.csv", &record).unwrap() {
            found.push(row);
        }
    }
    found
}

#[test]
fn conditions_mean_what_sql_means() {
    for (condition, rows) in [
        ("age > 8.5", &[1][..]),
        ("age >= 8.5", &[1, 3]),
        ("age < 0 or age = 30", &[1, 4]),
        ("not age > 8.5", &[3, 4]),
        ("age is null", &[2]),
        ("NOT (age IS NOT NULL)", &[2]),
        ("age != 30", &[3, 4]),
        ("age <> 30.0", &[3, 4]),
        ("city = 'O''Hara'", &[4]),
        ("city in ('Ulm', 'Bonn') and age is not null", &[1]),
        ("city not in ('Ulm')", &[2, 4]),
        ("city > 'C'", &[1, 4]),
        ("\"two words\" <= 2", &[1, 2]),
        ("`two words` in (1,3)", &[1, 3]),
        ("fit = true", &[1, 3]),
        ("fit != true", &[2, 4]),
        ("age = 30 or age is null and fit = true", &[1]),
        ("(age = 30 or age is null) and fit = false", &[2]),
        // Neither true nor false on one side: the other decides, or nothing does.
        ("age > 0 or city = 'Bonn'", &[1, 2, 3]),
        ("not (age > 0 and city = 'Bonn')", &[1, 4]),
        ("age = -2", &[4]),
        ("age=+3e1", &[1]),
        ("city != 5", &[1, 2, 4]),
        ("not not fit=TRUE", &[1, 3]),
    ] {
        assert_eq!(which(condition), rows, "{condition}");
    }
}

#[test]
fn what_is_no_condition_is_told_with_its_place() {
    let deep = "(".repeat(200) + "a = 1";
    for (condition, place, expected) in [
        ("", 1, "the name of a column"),
        ("age", 4, "a comparison"),
        ("age = ", 7, "a number, true, false, or a text in single quotes"),
        ("age => 5", 6, "a number"),
        ("age ! 5", 5, "!= or not"),
        ("age > 5 and and", 13, "the name of a column"),
        ("age > 5 age", 9, "and, or, or the end"),
        ("(age > 5", 9, "and, or, or )"),
        ("age in (1, 2", 13, ", or )"),
        ("age in 1", 8, "( and a list"),
        ("age is 5", 8, "null, or not null"),
        ("age = null", 7, "is null"),
        ("city = \"Ulm\"", 8, "single quotes"),
        ("city = 'Ulm", 12, "a quote where the text ends"),
        ("fit < true", 7, "true and false have no order"),
        ("age > 1e999", 7, "a number such as"),
        ("age > 5x", 7, "a number such as"),
        ("5 < age", 1, "the name of a column"),
        ("naïve; 5", 6, "a column, a comparison"),
        (&deep, 101, "nested at most 100"),
    ] {
        match condition.parse::<Condition>() {
            Err(DataError::Condition { place: found, expected: said, .. }) => {
                assert!(found == place && said.contains(expected), "{condition}: character {found}: expected {said}");
            }
            other => panic!("{condition}: {other:?}"),
        }
    }
}

#[test]
fn a_word_has_no_order_among_numbers() {
    let text = b"a,y\nx,1\n".to_vec();
    let mut reader = CsvReader::from_bytes("t.csv", text, &CsvOptions::default()).unwrap();
    let condition: Condition = "a > 5".parse().unwrap();
    let bound = condition.bind("t.csv", reader.header()).unwrap();
    let record = reader.next_record().unwrap().unwrap();
    let error = bound.holds("t.csv", &record).unwrap_err().to_string();
    assert!(error.contains("line 2, column \"a\": found \"x\", expected a number"), "{error}");
}
