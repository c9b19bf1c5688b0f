//! Bytes to records.

use std::io::{Cursor, Read};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use deltarule_data::{Condition, CsvOptions, CsvReader, DataError, Decimal, ReadOptions, Table, Values, parse_number};
use proptest::prelude::*;

use crate::{Drip, read, read_with, same};

const COMMAS: CsvOptions = CsvOptions {
    delimiter: Some(b','),
    header: Some(true),
    decimal: Decimal::Point,
    first_index: None,
    skips_bad_lines: false,
};

type Fields = Vec<Vec<u8>>;

/// All records as fields and lines.
fn records(reader: &mut CsvReader) -> Result<Vec<(Fields, u64)>, DataError> {
    let mut all = Vec::new();
    while let Some(record) = reader.next_record()? {
        all.push(((0..record.len()).map(|i| record.field(i).to_vec()).collect(), record.at.number()));
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn digits_of_any_number_are_read_to_the_last_bit(
        text in prop_oneof![
            "[+-]?0{0,3}[0-9]{1,8}(\\.[0-9]{0,9})?",
            "[+-]?0{0,3}[0-9]{0,3}\\.[0-9]{1,14}",
            "[+-]?[0-9]{1,3}(\\.[0-9]{0,9})?[eE][+-]?[0-9]{1,2}",
            "[+-]?0{0,2}[0-9]{9,25}(\\.[0-9]{0,25})?",
            "[+-]?[0-9]\\.[0-9]{15,24}([eE][+-]?[0-9]{1,3})?",
            "[+-]?[1-9](\\.[0-9]{0,16})?e-3(0[0-9]|1[0-9]|2[0-3])",
            "[+-]?(4503599627370|9007199254740|18014398509481)[0-9]{2,4}(\\.[0-9]{0,3})?(e-?[0-9]{1,2})?",
        ],
    ) {
        let expected = text.parse::<f64>().unwrap();
        prop_assert_eq!(parse_number(text.as_bytes(), Decimal::Point).map(f64::to_bits), Some(expected.to_bits()));
        let with_comma = text.replace('.', ",");
        prop_assert_eq!(parse_number(with_comma.as_bytes(), Decimal::Comma).map(f64::to_bits), Some(expected.to_bits()));
        let table = read(format!("x,y\n{text},1\n 1 , {text} \n1,{text}\r\n")).unwrap();
        for (column, row) in [(0, 0), (1, 1), (1, 2)] {
            prop_assert_eq!(table.values_of(column).unwrap().numbers()[row].to_bits(), expected.to_bits());
        }
    }

    #[test]
    fn what_is_nearly_a_number_is_one_where_the_standard_library_says_so(text in "[+-]?[0-9]{0,3}[.,eE+-]?[0-9]{0,2}[.eE+-]?[0-9]{0,2}") {
        let expected = text.parse::<f64>().ok().map(f64::to_bits);
        prop_assert_eq!(parse_number(text.as_bytes(), Decimal::Point).map(f64::to_bits), expected, "{}", text);
    }
}

/// A field of a table, as likely one that the quick way reads as one that it does not.
fn any_field() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "-?[0-9]{1,3}\\.[0-9]{1,7}",
        2 => "-?[0-9]{1,12}",
        1 => "[+-]?[0-9]\\.[0-9]{16}",
        1 => "[0-9]\\.[0-9]{2}e-?[0-9]{1,2}",
        1 => Just("1e200".to_owned()),
        1 => " ?-?[0-9]{1,3} ?",
        1 => prop_oneof![Just(""), Just("NA"), Just("?")].prop_map(str::to_owned),
        1 => "[a-c]{1,3}",
        1 => Just("2,5".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_table_is_what_its_records_are(
        pattern in prop::collection::vec(prop::collection::vec(any_field(), 4), 1..12),
        numbers in prop::collection::vec("-?[0-9]{1,4}\\.[0-9]{0,6}", 1..50),
        crlf in any::<bool>(),
        blank in any::<bool>(),
        quoted_late in any::<bool>(),
        semicolon in any::<bool>(),
        n in prop_oneof![1..50_usize, 20_000..40_000_usize],
    ) {
        let (delimiter, end) = (if semicolon { ";" } else { "," }, if crlf { "\r\n" } else { "\n" });
        let mut text = ["a", "b", "c", "d", "e", "f"].join(delimiter) + end;
        for row in 0..n {
            let mut fields = pattern[row % pattern.len()].clone();
            // Two columns with nothing but numbers; the last number comes right before the line end.
            fields.extend([row.to_string(), numbers[row % numbers.len()].clone()]);
            // A chunk with quotes is read another way than one without.
            let quote_all = quoted_late && row > n / 2;
            for field in &mut fields {
                if quote_all || field.contains(delimiter) {
                    *field = quoted(field);
                }
            }
            text += &(fields.join(delimiter) + end);
            if blank && row % 1000 == 7 {
                text += end;
            }
        }
        let csv = CsvOptions { delimiter: Some(delimiter.as_bytes()[0]), ..COMMAS };
        let tables = [1, 2, 3, 8].map(|threads| {
            let options = ReadOptions { threads: NonZeroUsize::new(threads), ..ReadOptions::default() };
            read_with(text.clone(), &csv, &options).unwrap()
        });
        let mut core = csv_core::ReaderBuilder::new().delimiter(delimiter.as_bytes()[0]).build();
        let columns = columns_by_record(&mut core, text.as_bytes());
        for table in &tables {
            prop_assert_eq!((table.n_records(), table.fingerprint()), (n, tables[0].fingerprint()));
            for (index, (column, expected)) in table.columns().iter().zip(&columns).enumerate() {
                let is_missing = |field: &&String| deltarule_data::is_missing(field.trim().as_bytes());
                let number = |field: &String| field.trim().parse::<f64>().ok();
                let found: Vec<f64> = expected.iter().filter_map(number).collect();
                let n_missing = expected.iter().filter(is_missing).count();
                let facts = &column.facts;
                prop_assert_eq!(facts.n_numbers as usize, found.len());
                prop_assert_eq!(facts.n_missing as usize, n_missing);
                prop_assert_eq!(facts.n_words as usize, n - found.len() - n_missing);
                let low = found.iter().copied().fold(f64::INFINITY, f64::min);
                let high = found.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                prop_assert_eq!(facts.range, (!found.is_empty()).then_some((low, high)));
                prop_assert_eq!(facts.whole, found.iter().all(|x| *x == x.trunc()));
                prop_assert_eq!(facts.out_of_range.is_some(), found.iter().any(|x| x.abs() > 1e150));
                if facts.n_words == 0 && !found.is_empty() {
                    let values = table.values_of(index).unwrap();
                    let values = values.numbers();
                    let same = values.iter().zip(expected).all(|(x, field)| {
                        number(field).map_or(x.is_nan(), |y| x.to_bits() == y.to_bits())
                    });
                    prop_assert!(same && values.len() == n);
                } else {
                    prop_assert_eq!(format!("{:?}", column.values), format!("{:?}", tables[0].column(&column.name, "").unwrap().values));
                }
            }
            prop_assert!(n < 2 || table.columns()[4].facts.counts_rows);
            prop_assert_eq!((0..n).map(|row| table.at(row).number()).collect::<Vec<_>>(), (0..n as u64).map(|row| {
                row + 2 + if blank { (row + 992) / 1000 } else { 0 }
            }).collect::<Vec<_>>());
        }
    }
}

/// The columns of a CSV text, by csv-core alone, without its first record.
fn columns_by_record(core: &mut csv_core::Reader, text: &[u8]) -> Vec<Vec<String>> {
    let mut columns: Vec<Vec<String>> = Vec::new();
    let (mut rest, mut output, mut ends) = (text, [0; 4096], [0; 16]);
    let mut is_first = true;
    loop {
        let (result, read, _, n) = core.read_record(rest, &mut output, &mut ends);
        rest = &rest[read..];
        if let csv_core::ReadRecordResult::End = result {
            return columns;
        }
        if std::mem::take(&mut is_first) {
            columns = vec![Vec::new(); n];
            continue;
        }
        let mut start = 0;
        for (column, &end) in columns.iter_mut().zip(&ends[..n]) {
            column.push(String::from_utf8(output[start..end].to_vec()).unwrap());
            start = end;
        }
    }
}

#[test]
fn the_end_of_the_text_ends_the_last_field() {
    for (end, y) in [("", 25.0), ("\r", 25.0), ("\n", 25.0), ("\r\n\r\n", 25.0), (" ", 25.0), ("e1", 250.0)] {
        let table = read_with(format!("x,y\n1,2\n3,25{end}"), &COMMAS, &ReadOptions::default()).unwrap();
        assert_eq!(table.values_of(1).unwrap().numbers(), [2.0, y], "{end:?}");
    }
    let table = read_with("x,y\n1,2\n3,", &COMMAS, &ReadOptions::default()).unwrap();
    let found = table.values_of(1).unwrap();
    assert!(found.numbers()[0] == 2.0 && found.numbers()[1].is_nan());
    for (text, part) in [("x,y\n1,2\n3", "line 3: found 1 field"), ("x,y\n1,2\n3,4,", "line 3: found 3 fields")] {
        let error = read_with(text, &COMMAS, &ReadOptions::default()).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_delimiter_that_could_be_a_part_of_a_number_divides_numbers() {
    for delimiter in *b".-e5+" {
        let csv = CsvOptions { delimiter: Some(delimiter), ..COMMAS };
        let text: Vec<u8> = b"x,y\n1,2\n3,4".iter().map(|c| if *c == b',' { delimiter } else { *c }).collect();
        let table = read_with(text, &csv, &ReadOptions::default()).unwrap();
        let columns = [0, 1].map(|column| table.values_of(column).unwrap().numbers().to_vec());
        assert_eq!(columns, [[1.0, 3.0], [2.0, 4.0]], "{delimiter}");
    }
    let commas = CsvOptions { decimal: Decimal::Comma, ..COMMAS };
    let table = read_with("x,y\n1,2\n", &commas, &ReadOptions::default()).unwrap();
    assert_eq!(table.values_of(1).unwrap().numbers(), [2.0]);
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
    assert_eq!((table.at(0).number(), table.at(1).number()), (3, 6));
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

/// What reading comes to: the fields, or the error.
fn outcome(text: impl Read + Send + 'static) -> Result<Vec<(Fields, u64)>, String> {
    let mut reader = CsvReader::from_reader("data.csv", text, &COMMAS).map_err(|error| error.to_string())?;
    records(&mut reader).map_err(|error| error.to_string())
}

#[test]
fn text_after_a_closing_quote_is_told_wherever_the_text_is_cut() {
    const QUOTED: &str = "data.csv: line 3, column \"y\": found \"0\" after a closing quote, expected a delimiter or the end of the line";
    const SWALLOWED: &str = "line 4, column \"t\": found \"c\" after a closing quote";
    const BEGIN: &str = "or is a quote not closed in the record that begins on line 3?";
    for (text, parts) in [
        ("x,y\n1,2\n3,\"6\"0\n4,8\n", &[QUOTED][..]),
        ("x,y\r\n1,2\r\n3,\"6\"0\r\n4,8", &[QUOTED]),
        ("x,t,y\n1,\"a\",1\n2,\"b,2\n3,\"c\",3\n4,\"a\",4\n", &[SWALLOWED, BEGIN]),
        ("x,\"t\"t,y\n1,2,3\n", &["line 1, column \"column_2\": found \"t\""]),
        ("x,y\n1,\"a\" \"b\"\n", &["line 2, column \"y\": found \"\\\"b\" after"]),
    ] {
        for at in 0..=text.len() {
            let (a, b) = text.split_at(at);
            let error = outcome(Cursor::new(a).chain(Cursor::new(b))).unwrap_err();
            assert!(parts.iter().all(|part| error.contains(part)), "{error}");
        }
    }
    // Around the end of the first chunk, too.
    for length in 262_120..262_150 {
        let text = format!("x,y\n\"{}\",2\n3,\"6\"0\n4,8\n", "a".repeat(length));
        assert!(outcome(Cursor::new(text)).unwrap_err().contains(QUOTED), "{length}");
    }
}

#[test]
fn quotes_that_are_part_of_a_text_stay_in_it() {
    let text = "x,y\n5\" pipe,\"a\" \n \"b\"c,\"say \"\"hi\"\"\"\t\r\n\"\",\"\"\"\"\n";
    let expected = [["5\" pipe", "a "], [" \"b\"c", "say \"hi\"\t"], ["", "\""]];
    for at in 0..=text.len() {
        let (a, b) = text.split_at(at);
        let found = outcome(Cursor::new(a).chain(Cursor::new(b))).unwrap();
        let fields: Vec<Fields> = found.into_iter().map(|(fields, _)| fields).collect();
        assert_eq!(fields, expected.map(|fields| fields.map(Vec::from)));
    }
}

#[test]
fn a_table_longer_than_the_buffers_is_read_whole() {
    let mut text = String::from("x,word,y\n");
    for i in 0..200_000 {
        text += &format!("{i}.5,\"w{}\",{}\n", i % 7, i * 3);
    }
    let table = read_with(text, &COMMAS, &Default::default()).unwrap();
    assert_eq!(table.n_records(), 200_000);
    assert_eq!(table.at(199_999).number(), 200_001);
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
    assert_eq!((one.n_records(), one.at(119_999).number()), (120_000, 240_000));
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
        assert!((0..one.n_records()).all(|record| other.at(record).number() == one.at(record).number()));
    }
    let broken = text.replacen("\n100000,", "\n100000,1,2,3,4,5,6,", 1).replacen("\n50000,", "\n50000;", 1);
    for threads in [1, 2, 8] {
        let options = ReadOptions { threads: NonZeroUsize::new(threads), ..ReadOptions::default() };
        let error = read_with(broken.clone(), &COMMAS, &options).unwrap_err().to_string();
        assert!(error.contains("line 100002: found 5 fields"), "the first error, on {threads} threads: {error}");
    }
}

#[test]
fn a_table_that_fits_needs_no_memory_beside_it() {
    let read = |n: usize| {
        let text = (0..n).fold(String::from("x,y\n"), |text, i| text + &format!("{i}.5,{}\n", i % 7));
        let options = ReadOptions { memory: Some(16_000), ..ReadOptions::default() };
        read_with(text, &CsvOptions::default(), &options)
    };
    assert_eq!(read(1000).unwrap().storage().in_memory, 1000);
    let error = read(1001).unwrap_err();
    assert!(matches!(error, DataError::MemoryTooSmall { found: 16_000, .. }), "{error}");
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
        (
            "{\"x\": 1}\n{\"x\": [2]}\n",
            "line 2: found a list or an object in \"x\", expected a number, a text, true, false or null; use --drop x",
        ),
        ("{\"x\": 1}\n{\"x\": 2\n", "line 2: found EOF"),
        ("{\"x\": 1}\n5\n", "line 2: found invalid type"),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    let many: String = (0..50_000).map(|i| format!("{{\"x\": {i}.5, \"y\": {}}}\n", i % 7)).collect();
    let table = read(many).unwrap();
    assert_eq!((table.n_records(), table.at(0).number(), table.at(49_999).number()), (50_000, 1, 50_000));
    assert_eq!(table.values_of(0).unwrap().numbers()[49_999], 49_999.5);
}

#[test]
fn what_is_within_a_record_of_json_lines_is_passed_over_where_its_column_is_not_used() {
    let text = "{\"x\": 1, \"tags\": [\"a\", \"b\"], \"y\": 2}\n{\"x\": 2, \"tags\": {\"k\": \"\\\"\"}, \"y\": 3}\n{\"x\": 5, \"y\": 4}\n";
    for options in [
        ReadOptions { drop: vec!["tags".into()], ..ReadOptions::default() },
        ReadOptions { only: vec!["x".into(), "y".into()], ..ReadOptions::default() },
    ] {
        let table = read_with(text, &CsvOptions::default(), &options).unwrap();
        assert_eq!(table.values_of(0).unwrap().numbers(), [1.0, 2.0, 5.0]);
    }
    for options in [
        ReadOptions::default(),
        ReadOptions { categorical: vec!["tags".into()], ..ReadOptions::default() },
        ReadOptions { only: vec!["tags".into()], ..ReadOptions::default() },
    ] {
        let error = read_with(text, &CsvOptions::default(), &options).unwrap_err().to_string();
        assert!(error.contains("line 1: found a list or an object in \"tags\""), "{error}");
    }
    let mut reader = CsvReader::from_bytes("data.jsonl", text.into(), &CsvOptions::default()).unwrap();
    let condition: Condition = "tags is null or tags = 'a'".parse().unwrap();
    let bound = condition.bind("data.jsonl", reader.header()).unwrap();
    let record = reader.next_record().unwrap().unwrap();
    assert_eq!(record.shown(1), "[\"a\",\"b\"]");
    let error = bound.holds("data.jsonl", &record).unwrap_err().to_string();
    assert!(
        error.contains("line 1, column \"tags\": found \"[\\\"a\\\",\\\"b\\\"]\", expected a number, a text"),
        "{error}"
    );
    let last = (reader.next_record().unwrap().is_some(), reader.next_record().unwrap().unwrap()).1;
    assert!(bound.holds("data.jsonl", &last).unwrap());
}

#[test]
fn the_first_record_of_json_lines_may_be_long() {
    for length in [60_000, 66_000, 300_000] {
        let text = format!("{{\"x\": \"{}\", \"y\": 2}}\n{{\"x\": \"b\", \"y\": 3}}\n", "a".repeat(length));
        let table = read(text).unwrap();
        assert_eq!(table.values_of(1).unwrap().numbers(), [2.0, 3.0], "{length}");
    }
    let error = read(format!("{{\"x\": [{}1],\n\"y\": [2]}}\n", "1, ".repeat(30_000))).unwrap_err();
    assert!(matches!(error, DataError::NotCsv { found: "JSON in one piece", .. }), "{error}");
}

#[test]
fn a_line_of_json_lines_is_one_whatever_its_texts_hold() {
    let line = |i: usize| {
        format!("{{\"x\": {i}, \"text\": \"a\\nb \\\"c\\\"\\n\"}}\n{}", if i % 1000 == 7 { "\n" } else { "" })
    };
    let table = read((0..40_000).map(line).collect::<String>()).unwrap();
    assert!((0..40_000).all(|i| table.at(i).number() == (i + 1 + (i + 992) / 1000) as u64));
}

#[test]
fn a_key_that_is_twice_in_a_record_is_an_error() {
    for (text, part) in [
        ("{\"x\": 2, \"x\": 200, \"y\": 4}\n", "line 1: found \"x\" twice, expected each key once"),
        ("{\"x\": 2, \"y\": 4}\n{\"y\": 2, \"x\": 4, \"y\": 2}\n", "line 2: found \"y\" twice"),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn whole_numbers_that_f64_rounds_are_told_with_their_place() {
    // Plain, in quotes, with a sign, as JSON lines of more and of fewer than 64 bits.
    for (text, found, line) in [
        ("x,y\n9007199254740992,1\n9007199254740993,2\n", "9007199254740993", 3),
        ("x,y\n\"1\",1\n\"-9007199254740993\",2\n", "-9007199254740993", 3),
        ("x,y\n1,1\n+123456789012345678901,2\n", "+123456789012345678901", 3),
        ("{\"x\": 9007199254740993, \"y\": 1}\n", "9007199254740993", 1),
        ("{\"x\": 1, \"y\": 1}\n{\"x\": 36893488147419103233, \"y\": 1}\n", "36893488147419103233", 2),
    ] {
        let table = read(text).unwrap();
        let error = table.check_usable(&table.columns()[0]).unwrap_err().to_string();
        let place = format!(": line {line}, column \"x\": found {found}, expected whole numbers up to 2⁵³");
        assert!(error.contains(&place) && error.contains("--categorical x"), "{error}");
        assert!(table.check_usable(&table.columns()[1]).is_ok());
        let options = ReadOptions { categorical: vec!["x".into()], ..ReadOptions::default() };
        let table = read_with(text, &CsvOptions::default(), &options).unwrap();
        let Values::Text { levels } = &table.columns()[0].values else { panic!() };
        assert!(levels.iter().any(|level| level == found), "as a category, every digit counts: {levels:?}");
    }
    for exact in ["9007199254740994", "100000000000000000000", "9007199254740993.0", "1e300", "1234567890123456.75"] {
        let table = read(format!("x,y\n{exact},1\n2,2\n")).unwrap();
        let usable = table.check_usable(&table.columns()[0]);
        assert!(exact == "1e300" || usable.is_ok(), "{exact}: {usable:?}");
    }
}

#[test]
fn separators_of_thousands_are_no_decimal_signs() {
    let told = |text: &str, decimal: Decimal, column: usize| {
        let csv = CsvOptions { decimal, ..CsvOptions::default() };
        let table = read_with(text, &csv, &ReadOptions::default()).unwrap();
        table.check_usable(&table.columns()[column]).map_err(|error| error.to_string()).err().unwrap_or_default()
    };
    let km = "km,y\n999,1.0\n\"1,234\",1.3\n\"12,500\",12.6\n800,0.7\n";
    let error = told(km, Decimal::Point, 0);
    let expected = "line 3, column \"km\": \"1,234\" looks like a number with separators of thousands; write such numbers without them, as 1234";
    assert!(error.ends_with(expected), "{error}");
    // With the comma as decimal sign, other columns are not what they were.
    let error = told(km, Decimal::Comma, 1);
    assert!(
        error.contains("line 2, column \"y\": \"1.0\" looks like a number with a decimal point, beside --decimal ,"),
        "{error}"
    );
    for (text, decimal, part) in [
        ("x;y\n\"1,234,567\";1\n\"2,345,678.5\";2\n", Decimal::Point, "as 1234567"),
        ("x;y\n1.234.567;1\n2.345.678,5;2\n", Decimal::Comma, "as 1234567"),
        ("x;y\n1.234;1\n-12.500;2\n999;1\n", Decimal::Comma, "as 1234"),
        // Nothing speaks against one or the other.
        ("x;y\n1,234;1\n2,345;2\n", Decimal::Point, "as 1234; if the comma is their decimal sign: --decimal ,"),
        ("x;y\n0,234;1\n2,345;2\n", Decimal::Point, "decimal comma; try --decimal ,"),
        ("x;y\n1,5;1\n2,345;2\n", Decimal::Point, "decimal comma; try --decimal ,"),
        ("x;y\n1,2;1\n2,3;2\n", Decimal::Comma, ""),
    ] {
        let error = told(text, decimal, 0);
        assert!(error.ends_with(part) && error.is_empty() == part.is_empty(), "{text:?}: {error}");
    }
    // A category by choice is none of these.
    let options = ReadOptions { categorical: vec!["x".into()], ..ReadOptions::default() };
    let table = read_with("x;y\n1,5;1\n1,234;2\n", &CsvOptions::default(), &options).unwrap();
    assert!(table.check_usable(&table.columns()[0]).is_ok());
}
