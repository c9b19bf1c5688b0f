//! Bytes to records.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use deltarule_data::{CsvOptions, CsvReader, DataError, Decimal, ReadOptions, Table, Values, parse_number};
use proptest::prelude::*;

use crate::{Drip, read, read_with, same};

const COMMAS: CsvOptions = CsvOptions { delimiter: Some(b','), header: Some(true), decimal: Decimal::Point };

type Fields = Vec<Vec<u8>>;

/// All records as fields and lines.
fn records(reader: &mut CsvReader) -> Result<Vec<(Fields, u64)>, DataError> {
    let mut all = Vec::new();
    while let Some(record) = reader.next_record()? {
        all.push(((0..record.len()).map(|i| record.field(i).to_vec()).collect(), record.line));
    }
    Ok(all)
}

fn quoted(field: &str) -> String {
    format!("\"{}\"", field.replace('"', "\"\""))
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        rows in prop::collection::vec(prop::collection::vec("[a-zé0-9 ,;\"\n\r.]{0,8}", 3), 1..20),
        crlf in any::<bool>(),
        last_line_end in any::<bool>(),
        most in 1..40_usize,
    ) {
        let end = if crlf { "\r\n" } else { "\n" };
        let mut text = format!("a,b,c{end}");
        let mut line = 2;
        let mut lines = Vec::new();
        for row in &rows {
            lines.push(line);
            text += &row.iter().map(|field| quoted(field)).collect::<Vec<_>>().join(",");
            text += end;
            line += row.iter().map(|field| field.matches('\n').count() as u64).sum::<u64>() + 1;
        }
        if !last_line_end {
            text.truncate(text.len() - end.len());
        }
        let drip = Drip { bytes: text.clone().into_bytes(), at: 0, most };
        let mut reader = CsvReader::from_reader("data.csv", drip, &COMMAS).unwrap();
        let found = records(&mut reader).unwrap();
        let expected: Vec<(Fields, u64)> =
            rows.iter().zip(lines).map(|(row, line)| (row.iter().map(|f| f.clone().into_bytes()).collect(), line)).collect();
        prop_assert_eq!(found, expected);
        let fingerprint = reader.fingerprint();
        let mut whole = CsvReader::from_bytes("data.csv", text.into_bytes(), &COMMAS).unwrap();
        records(&mut whole).unwrap();
        prop_assert_eq!(whole.fingerprint(), fingerprint, "however the bytes arrive");
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(b','), Just(b'\n'), Just(b'"')], 0..300)) {
        let _ = read(bytes);
    }

    #[test]
    fn every_number_is_read_to_the_last_bit(bits in any::<u64>()) {
        let x = f64::from_bits(bits);
        prop_assume!(x.is_finite());
        for text in [format!("{x}"), format!("{x:e}"), format!("{x:?}")] {
            prop_assert_eq!(parse_number(text.as_bytes(), Decimal::Point).map(f64::to_bits), Some(x.to_bits()));
        }
    }
}

#[test]
fn words_are_no_numbers() {
    for word in ["", "-", "+", ".", "inf", "-inf", "nan", "0x10", "1_000", "1 000", "1,5", "1.5.2", "12a", "e5", "1e"] {
        assert_eq!(parse_number(word.as_bytes(), Decimal::Point), None, "{word}");
    }
    for (text, x) in [("+1.5", 1.5), ("-.5", -0.5), ("5.", 5.0), ("1E3", 1000.0), ("007", 7.0), ("-0", -0.0)] {
        assert_eq!(parse_number(text.as_bytes(), Decimal::Point), Some(x), "{text}");
    }
    assert_eq!(parse_number(b"1,5", Decimal::Comma), Some(1.5));
    assert_eq!(parse_number(b"1.5", Decimal::Comma), None, "a point is no decimal comma");
}

#[test]
fn the_delimiter_and_the_header_are_found_out() {
    for (text, names) in [
        ("a,b\n1,2\n", ["a", "b"]),
        ("a;b\n1,5;2\n2,5;3\n", ["a", "b"]),
        ("a\tb\n1\t2\n", ["a", "b"]),
        ("a|b\n1|2\n", ["a", "b"]),
        ("\"a, or c\";b\n1;2\n", ["a, or c", "b"]),
        ("1,2\n3,4\n", ["column_1", "column_2"]),
        ("2019,2020\n3,4\n", ["column_1", "column_2"]),
        ("name,city\nAda,Ulm\n", ["name", "city"]),
        (",x\n0,5\n1,6\n", ["column_1", "x"]),
    ] {
        let reader = CsvReader::from_bytes("data.csv", text.into(), &CsvOptions::default()).unwrap();
        assert_eq!(reader.header(), names, "{text:?}");
    }
    let denied = CsvOptions { header: Some(false), ..CsvOptions::default() };
    let reader = CsvReader::from_bytes("data.csv", b"a,b\n1,2\n".to_vec(), &denied).unwrap();
    assert_eq!(reader.header(), ["column_1", "column_2"]);
}

#[test]
fn blank_lines_are_skipped_and_counted() {
    let table = read("x,y\n\n1,2\n\n\n3,4\n\n").unwrap();
    assert_eq!(table.n_records(), 2);
    assert_eq!((table.line(0), table.line(1)), (3, 6));
}

#[test]
fn an_error_names_the_line() {
    let error = read("x,y\n1,2\n\"a\nb\",2\n3\n").unwrap_err().to_string();
    assert!(error.contains("line 5: found 1 field, expected 2"), "{error}");
    let error = read("x,y\n1,2\n3,\"4\n5,6\n").unwrap_err().to_string();
    assert!(error.contains("begins on line 3 is never closed"), "{error}");
    let error = read(b"x,y\n1,2\n3,K\xF6ln\n".to_vec()).unwrap_err().to_string();
    assert!(error.contains("line 3, column \"y\"") && error.contains("iconv"), "{error}");
}

#[test]
fn a_table_longer_than_the_buffers_is_read_whole() {
    let mut text = String::from("x,word,y\n");
    for i in 0..200_000 {
        text += &format!("{i}.5,\"w{}\",{}\n", i % 7, i * 3);
    }
    let table = read_with(text, &COMMAS, &Default::default()).unwrap();
    assert_eq!(table.n_records(), 200_000);
    assert_eq!(table.line(199_999), 200_001);
    let x = table.values_of(0).unwrap();
    let x = x.numbers();
    assert_eq!((x[0], x[123_456], x[199_999]), (0.5, 123_456.5, 199_999.5));
}

#[test]
fn the_table_does_not_depend_on_the_threads() {
    // Several chunks, with line ends in quotes, so that some chunk would be cut within a record if quotes were not seen.
    let mut text = String::from("n,x,word,text,mixed,y\n");
    for i in 0..120_000 {
        let word = if i % 97 == 0 { String::new() } else { format!("w{}", (i * 7919) % 1013) };
        let mixed = if i == 80_000 { "oops".to_owned() } else { i.to_string() };
        text += &format!("{i},{}.25,{word},\"a \"\"quote\"\"\nand, a line {}\",{mixed},{}\n", i % 1000, i % 5, i % 3);
    }
    assert!(text.len() > 5_000_000);
    let table = |threads: usize| {
        let options = ReadOptions { threads: NonZeroUsize::new(threads), ..ReadOptions::default() };
        read_with(text.clone(), &COMMAS, &options).unwrap()
    };
    let one = table(1);
    assert_eq!((one.n_records(), one.line(119_999)), (120_000, 240_000));
    assert!(one.columns()[0].facts.counts_rows, "across chunks");
    assert_eq!(one.columns()[4].values, Values::Mixed);
    assert!(matches!(&one.columns()[3].values, Values::Text { levels } if levels[2] == "a \"quote\"\nand, a line 2"));
    for threads in [2, 3, 8] {
        let other = table(threads);
        assert_eq!(other.columns(), one.columns(), "{threads} threads");
        assert_eq!((other.n_records(), other.fingerprint()), (one.n_records(), one.fingerprint()));
        for column in 0..one.columns().len() {
            assert_eq!(same(&other, column), same(&one, column), "{threads} threads, column {column}");
        }
        assert!((0..one.n_records()).all(|record| other.line(record) == one.line(record)));
    }
    let broken = text.replacen("\n100000,", "\n100000,1,2,3,4,5,6,", 1).replacen("\n50000,", "\n50000;", 1);
    for threads in [1, 2, 8] {
        let options = ReadOptions { threads: NonZeroUsize::new(threads), ..ReadOptions::default() };
        let error = read_with(broken.clone(), &COMMAS, &options).unwrap_err().to_string();
        assert!(error.contains("line 100002: found 5 fields"), "the first error, on {threads} threads: {error}");
    }
}

#[test]
fn a_file_that_changes_while_it_is_read_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("growing.csv");
    std::fs::write(&path, "x,y\n1,2\n3,4\n").unwrap();
    let grow = &mut |_| {
        let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        std::io::Write::write_all(&mut file, b"5,6\n").unwrap();
        ControlFlow::Continue(())
    };
    let error = Table::read(&path, &CsvOptions::default(), &ReadOptions::default(), grow).unwrap_err();
    assert!(matches!(error, DataError::Changed { .. }), "{error}");
}

#[test]
fn json_lines_are_records() {
    let text = "{\"x\": 1.5, \"word\": \"a \\\"b\\\", c\\nd\", \"truth\": true}\n\n{\"truth\": null, \"x\": -2e-3}\n{\"word\": \"e\", \"x\": 12345678901234567890}\n";
    let mut reader = CsvReader::from_bytes("data.jsonl", text.into(), &CsvOptions::default()).unwrap();
    assert_eq!(reader.header(), ["x", "word", "truth"]);
    let fields: Vec<Vec<String>> = records(&mut reader)
        .unwrap()
        .into_iter()
        .map(|(fields, _)| fields.into_iter().map(|field| String::from_utf8(field).unwrap()).collect())
        .collect();
    assert_eq!(fields[0], ["1.5", "a \"b\", c\nd", "true"]);
    assert_eq!(fields[1][0].parse::<f64>().unwrap(), -2e-3);
    assert_eq!(fields[1][1..], ["", ""]);
    assert_eq!(fields[2], ["12345678901234567890", "e", ""]);
    for (text, part) in [
        ("{\"x\": 1}\n{\"x\": 2, \"y\": 3}\n", "line 2: found \"y\", expected only keys that the first record has"),
        ("{\"x\": 1}\n{\"x\": [2]}\n", "line 2: found a list or an object in \"x\""),
        ("{\"x\": 1}\n{\"x\": 2\n", "line 2: found EOF"),
        ("{\"x\": 1}\n5\n", "line 2: found invalid type"),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    let many: String = (0..50_000).map(|i| format!("{{\"x\": {i}.5, \"y\": {}}}\n", i % 7)).collect();
    let table = read(many).unwrap();
    assert_eq!((table.n_records(), table.line(0), table.line(49_999)), (50_000, 1, 50_000));
    assert_eq!(table.values_of(0).unwrap().numbers()[49_999], 49_999.5);
}
