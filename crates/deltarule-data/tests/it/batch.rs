//! Parquet and Arrow IPC: the table that the same values make in CSV, whatever the row groups and batches.

use std::fs::{self, File};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float32Array, Float64Array, Int8Array,
    Int64Array, ListArray, NullArray, RecordBatch, StringArray, TimestampMillisecondArray, TimestampSecondArray,
    UInt64Array,
};
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use deltarule_data::{
    At, Choices, Condition, CsvOptions, DataError, DateColumn, ReadOptions, Reader, Table, Values, prepare,
};
use deltarule_model::DateFormat;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;

use crate::same;

fn read_with(path: &Path, options: &ReadOptions) -> Result<Table, DataError> {
    Table::read(path, &CsvOptions::default(), options, &mut |_| ControlFlow::Continue(()))
}

fn read(path: &Path) -> Table {
    read_with(path, &ReadOptions::default()).unwrap()
}

pub(crate) fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

pub(crate) fn parquet(folder: &Path, name: &str, batch: &RecordBatch, row_group: usize) -> PathBuf {
    let path = folder.join(name);
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(row_group)).build();
    let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    path
}

fn slices(batch: &RecordBatch, rows: usize) -> impl Iterator<Item = RecordBatch> {
    (0..batch.num_rows()).step_by(rows).map(move |start| batch.slice(start, rows.min(batch.num_rows() - start)))
}

pub(crate) fn arrow_file(folder: &Path, name: &str, batch: &RecordBatch, rows: usize) -> PathBuf {
    let path = folder.join(name);
    let mut writer = arrow_ipc::writer::FileWriter::try_new(File::create(&path).unwrap(), &batch.schema()).unwrap();
    slices(batch, rows).for_each(|part| writer.write(&part).unwrap());
    writer.finish().unwrap();
    path
}

pub(crate) fn arrow_stream(folder: &Path, name: &str, batch: &RecordBatch, rows: usize) -> PathBuf {
    let path = folder.join(name);
    let mut writer = arrow_ipc::writer::StreamWriter::try_new(File::create(&path).unwrap(), &batch.schema()).unwrap();
    slices(batch, rows).for_each(|part| writer.write(&part).unwrap());
    writer.finish().unwrap();
    path
}

/// Numbers, whole numbers, booleans, texts, and something missing in each.
fn mixed() -> (RecordBatch, String) {
    let n = 1000_i64;
    let x: Vec<Option<f64>> =
        (0..n).map(|i| (i % 13 != 5).then(|| (i as f64).sin() * 10.0_f64.powi((i % 7) as i32))).collect();
    let whole: Vec<Option<i64>> = (0..n).map(|i| (i % 17 != 3).then_some(i * i % 101 - 50)).collect();
    let truth: Vec<Option<bool>> = (0..n).map(|i| (i % 19 != 2).then_some(i % 3 == 0)).collect();
    let word: Vec<Option<String>> = (0..n).map(|i| (i % 23 != 1).then(|| format!("w{}", i * 7 % 11))).collect();
    let cell = |text: Option<String>| text.unwrap_or_default();
    let mut csv = String::from("x,whole,truth,word\n");
    for i in 0..n as usize {
        let fields = [
            cell(x[i].map(|x| format!("{x:?}"))),
            cell(whole[i].map(|x| x.to_string())),
            cell(truth[i].map(|x| x.to_string())),
            cell(word[i].clone()),
        ];
        csv += &(fields.join(",") + "\n");
    }
    let batch = batch(vec![
        ("x", Arc::new(Float64Array::from(x))),
        ("whole", Arc::new(Int64Array::from(whole))),
        ("truth", Arc::new(BooleanArray::from(truth))),
        ("word", Arc::new(StringArray::from(word))),
    ]);
    (batch, csv)
}

#[test]
fn every_format_and_every_cut_gives_the_table_of_the_csv() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (batch, csv) = mixed();
    fs::write(folder.join("t.csv"), csv).unwrap();
    let expected = read(&folder.join("t.csv"));
    let mut paths = Vec::new();
    for rows in [1000, 300, 7] {
        paths.push(parquet(folder, &format!("{rows}.parquet"), &batch, rows));
        paths.push(arrow_file(folder, &format!("{rows}.arrow"), &batch, rows));
        paths.push(arrow_stream(folder, &format!("{rows}.arrows"), &batch, rows));
    }
    for path in &paths {
        for (threads, memory) in [(1, None), (3, None), (3, Some(1 << 25))] {
            let options = ReadOptions { threads: NonZeroUsize::new(threads), memory, ..ReadOptions::default() };
            let table = read_with(path, &options).unwrap();
            for (index, (found, expected_column)) in table.columns().iter().zip(expected.columns()).enumerate() {
                assert_eq!(same(&table, index), same(&expected, index), "{} {}", path.display(), found.name);
                let expected = expected_column;
                assert_eq!(found.values, expected.values, "{} {}", path.display(), found.name);
                assert_eq!(found.facts.n_missing, expected.facts.n_missing, "{} {}", path.display(), found.name);
                // Lines count from the names, records from the first.
                assert_eq!(found.facts.first_missing.map(|record| record + 1), expected.facts.first_missing);
                assert_eq!((found.facts.range, found.facts.whole), (expected.facts.range, expected.facts.whole));
            }
            assert_eq!((table.n_records(), table.at(0).number(), table.at(999).number()), (1000, 1, 1000));
        }
        let mut reader = Reader::open(path, &CsvOptions::default()).unwrap();
        let mut plain = Reader::open(&folder.join("t.csv"), &CsvOptions::default()).unwrap();
        while let Some(record) = plain.next_record().unwrap() {
            let other = reader.next_record().unwrap().unwrap();
            for i in 0..4 {
                assert_eq!(record.field(i), other.field(i), "{}", path.display());
            }
        }
        assert!(reader.next_record().unwrap().is_none());
    }
}

#[test]
fn each_type_becomes_what_is_stated() {
    let folder = tempfile::tempdir().unwrap();
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1)]), Some(vec![]), None]);
    let decimals = Decimal128Array::from(vec![Some(110), None, Some(-25)]).with_precision_and_scale(10, 2).unwrap();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("int8", Arc::new(Int8Array::from(vec![Some(-5), None, Some(7)]))),
        ("uint64", Arc::new(UInt64Array::from(vec![1, 2, 1 << 53]))),
        ("float32", Arc::new(Float32Array::from(vec![Some(0.5), Some(f32::NAN), None]))),
        ("decimal", Arc::new(decimals)),
        ("dictionary", Arc::new(["b", "a", "b"].into_iter().collect::<DictionaryArray<Int32Type>>())),
        ("words", Arc::new(StringArray::from(vec!["12", " NA ", "13"]))),
        ("date", Arc::new(Date32Array::from(vec![0, 1, 19_000]))),
        ("time", Arc::new(TimestampMillisecondArray::from(vec![0, 1_500, 86_400_000]))),
        ("nulls", Arc::new(NullArray::new(3))),
        ("list", Arc::new(list)),
        ("huge", Arc::new(Int64Array::from(vec![1, (1 << 53) + 1, 3]))),
    ];
    let path = parquet(folder.path(), "types.parquet", &batch(columns), 2);
    let table = read(&path);
    let values = |name: &str| table.column(name, "--target").unwrap().values.clone();
    let numbers = |name: &str| {
        let index = table.columns().iter().position(|column| column.name == name).unwrap();
        let column = table.values_of(index).unwrap();
        column.numbers().iter().map(|&x| if x.is_nan() { None } else { Some(x) }).collect::<Vec<_>>()
    };
    let levels = |name: &str| match values(name) {
        Values::Text { levels } => levels.join(" "),
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(numbers("int8"), [Some(-5.0), None, Some(7.0)]);
    assert_eq!(numbers("uint64"), [Some(1.0), Some(2.0), Some(9_007_199_254_740_992.0)]);
    assert_eq!(numbers("float32"), [Some(0.5), None, None]);
    assert_eq!(numbers("decimal"), [Some(1.1), None, Some(-0.25)]);
    assert_eq!(levels("dictionary"), "a b");
    assert_eq!(levels("words"), "12 13", "a text stays a text");
    assert_eq!(levels("date"), "1970-01-01 1970-01-02 2022-01-08");
    assert!(levels("time").starts_with("1970-01-01T00:00:00"), "{}", levels("time"));
    assert_eq!(values("nulls"), Values::Missing);
    let error = |name: &str| table.check_usable(table.column(name, "--target").unwrap()).unwrap_err().to_string();
    assert!(
        error("list").contains("found values of type List") && error("list").contains("--drop list"),
        "{}",
        error("list")
    );
    let inexact = error("huge");
    assert!(
        inexact.contains("record 2") && inexact.contains("9007199254740993") && inexact.contains("2⁵³"),
        "{inexact}"
    );
    // As a category, every digit counts; and a column that is left out does no harm.
    let categorical =
        ReadOptions { categorical: vec!["huge".into()], drop: vec!["list".into()], ..ReadOptions::default() };
    let table = read_with(&path, &categorical).unwrap();
    assert!(matches!(&table.columns()[10].values, Values::Text { levels } if levels[2] == "9007199254740993"));
    assert_eq!(table.columns()[9].values, Values::Skipped);
}

/// Decimals of many digits are those numbers, and texts, that they are in CSV.
#[test]
fn decimals_are_the_numbers_of_their_digits() {
    let folder = tempfile::tempdir().unwrap();
    let of = |values: [i128; 3], scale: i8| -> ArrayRef {
        Arc::new(Decimal128Array::from(values.to_vec()).with_precision_and_scale(38, scale).unwrap())
    };
    let whole = 9_007_199_254_740_993;
    let columns = vec![
        ("id", of([1, whole - 1, whole], 0)),
        ("negative", of([1, 2, -whole], 0)),
        ("zeros", of([100, 200, 100 * whole], 2)),
        ("held", of([3, whole - 1, whole + 1], 0)),
        ("price", of([110, -25, 900_719_925_474_099_301], 2)),
    ];
    let batch = batch(columns);
    for path in [parquet(folder.path(), "d.parquet", &batch, 2), arrow_stream(folder.path(), "d.arrows", &batch, 2)] {
        let table = read(&path);
        for (name, found) in
            [("id", "9007199254740993"), ("negative", "-9007199254740993"), ("zeros", "9007199254740993")]
        {
            let error = table.check_usable(table.column(name, "--target").unwrap()).unwrap_err().to_string();
            assert!(error.contains(&format!("record 3, column {name:?}: found {found}, expected whole")), "{error}");
        }
        assert!(table.columns()[3..].iter().all(|column| table.check_usable(column).is_ok()));
        assert_eq!(table.values_of(4).unwrap().numbers(), [1.1, -0.25, "9007199254740993.01".parse().unwrap()]);
        let options = ReadOptions { categorical: vec!["id".into()], ..ReadOptions::default() };
        let table = read_with(&path, &options).unwrap();
        let levels = ["1", "9007199254740992", "9007199254740993"].map(str::to_owned).to_vec();
        assert_eq!(table.columns()[0].values, Values::Text { levels });
        let mut reader = Reader::open(&path, &CsvOptions::default()).unwrap();
        let fields = |record: deltarule_data::Record<'_>| {
            (0..5).map(|i| String::from_utf8_lossy(record.field(i)).into_owned()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(fields(reader.next_record().unwrap().unwrap()), "1 1 1.00 3 1.10");
        reader.next_record().unwrap();
        let last = fields(reader.next_record().unwrap().unwrap());
        assert_eq!(last, "9007199254740993 -9007199254740993 9007199254740993 9007199254740994 9007199254740993.01");
    }
}

/// Files of batches have no lines: what is wrong is told with the number of its record.
#[test]
fn records_of_files_without_lines_are_told_by_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("x", Arc::new(Float64Array::from(vec![Some(1.0), None, Some(3.0), Some(1e200)]))),
        ("day", Arc::new(StringArray::from(vec!["2024-05-31", "2024-06-01", "soon", "2024-06-03"]))),
        ("w", Arc::new(Float64Array::from(vec![1.0, 2.0, -1.0, 2.0]))),
        ("z", Arc::new(Float64Array::from(vec![4.0, 3.0, 4.0, 1.0]))),
        ("y", Arc::new(Float64Array::from(vec![1.0, 2.0, 4.0, 3.0]))),
    ];
    // Row groups of one record, whose places are counted from the begin of the file.
    let path = parquet(folder.path(), "t.parquet", &batch(columns), 1);
    let csv = folder.path().join("t.csv");
    fs::write(&csv, "x,day,w,z,y\n1,2024-05-31,1,4,1\n,2024-06-01,2,3,2\n3,soon,-1,4,4\n1e200,2024-06-03,2,1,3\n")
        .unwrap();
    let dates = vec![DateColumn { name: "day".into(), format: DateFormat::default() }];
    let error = |path: &Path, drop: &[&str], weight: Option<&str>| {
        let dates = if drop == ["x", "w"] { dates.clone() } else { Vec::new() };
        let drop: Vec<String> = drop.iter().map(|&name| name.to_owned()).collect();
        let table = read_with(path, &ReadOptions { drop, dates, ..ReadOptions::default() }).unwrap();
        let weight = weight.map(str::to_owned);
        let choices = Choices { targets: vec!["y".into()], weight, ..Choices::default() };
        prepare(&table, &choices).unwrap_err().to_string()
    };
    for (drop, weight, of_parquet, of_csv) in [
        (&["x", "w"][..], None, "t.parquet: record 3, column \"day\"", "t.csv: line 4, column \"day\""),
        (&["day", "w"], None, "t.parquet: record 4, column \"x\"", "t.csv: line 5, column \"x\""),
        (&["day", "x"], Some("w"), "found -1 in record 3", "found -1 in line 4"),
    ] {
        let (of_batches, of_text) = (error(&path, drop, weight), error(&csv, drop, weight));
        assert!(of_batches.contains(of_parquet), "{of_batches}");
        assert!(of_text.contains(of_csv), "{of_text}");
    }
    let missing = vec![
        ("x", Arc::new(Float64Array::from(vec![Some(1.0), None, Some(3.0)])) as ArrayRef),
        ("y", Arc::new(Float64Array::from(vec![1.0, 2.0, 4.0]))),
    ];
    let path = arrow_file(folder.path(), "m.arrow", &batch(missing), 1);
    let told = error(&path, &[], None);
    assert!(told.contains("the first in record 2;"), "{told}");
    // Record by record, too, and after other files.
    let condition: Condition = "x > 2".parse().unwrap();
    let words = vec![("x", Arc::new(StringArray::from(vec!["3", "many"])) as ArrayRef)];
    let path = parquet(folder.path(), "w.parquet", &batch(words), 1);
    let csv = folder.path().join("w.csv");
    fs::write(&csv, "x\n3\n4\n").unwrap();
    let mut reader = Reader::open_all(&[csv, path], &CsvOptions::default()).unwrap();
    let bound = condition.bind("w", reader.header()).unwrap();
    let mut told = Vec::new();
    while let Some(record) = reader.next_record().unwrap() {
        told.push((record.at, bound.holds("w", &record).map_err(|error| error.to_string())));
    }
    assert_eq!(told[..3].iter().map(|(at, _)| *at).collect::<Vec<_>>(), [At::Line(2), At::Line(3), At::Record(1)]);
    assert!(
        told[3].1.as_ref().is_err_and(|error| error.contains("w: record 2, column \"x\": found \"many\"")),
        "{told:?}"
    );
}

#[test]
fn damaged_files_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (batch, _) = mixed();
    for path in [
        parquet(folder, "a.parquet", &batch, 300),
        arrow_file(folder, "a.arrow", &batch, 300),
        arrow_stream(folder, "a.arrows", &batch, 300),
    ] {
        let bytes = fs::read(&path).unwrap();
        for length in [9, bytes.len() / 3, bytes.len() - 20] {
            fs::write(&path, &bytes[..length]).unwrap();
            let error = read_with(&path, &ReadOptions::default()).unwrap_err();
            assert!(matches!(error, DataError::Damaged { .. }), "{} cut to {length}: {error}", path.display());
        }
        // Bytes turned over in the middle: an error or another table, but no panic.
        for at in (12..bytes.len()).step_by(bytes.len() / 40) {
            let mut broken = bytes.clone();
            broken[at] ^= 0x5A;
            fs::write(&path, &broken).unwrap();
            let _ = read_with(&path, &ReadOptions::default());
        }
    }
}

/// A length that says more than is there must not be asked of the system as memory: the process would end.
#[test]
fn lengths_in_arrow_files_are_held_against_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (batch, _) = mixed();
    let batch = batch.slice(0, 12).project(&[0, 3]).unwrap();
    for compression in [None, Some(CompressionType::ZSTD), Some(CompressionType::LZ4_FRAME)] {
        let options = IpcWriteOptions::default().try_with_compression(compression).unwrap();
        let mut file = FileWriter::try_new_with_options(Vec::new(), &batch.schema(), options.clone()).unwrap();
        let mut stream = StreamWriter::try_new_with_options(Vec::new(), &batch.schema(), options).unwrap();
        file.write(&batch).and_then(|()| stream.write(&batch)).unwrap();
        for bytes in [file.into_inner().unwrap(), stream.into_inner().unwrap()] {
            let path = folder.join("t.arrow");
            fs::write(&path, &bytes).unwrap();
            assert_eq!(read(&path).n_records(), 12);
            let mut n_damaged = 0;
            let long = (8..bytes.len() - 8).step_by(8).map(|at| (at, (1_i64 << 60).to_le_bytes().to_vec()));
            let short = (8..bytes.len() - 8).step_by(4).map(|at| (at, i32::MAX.to_le_bytes().to_vec()));
            for (at, length) in long.chain(short) {
                let mut broken = bytes.clone();
                broken[at..at + length.len()].copy_from_slice(&length);
                fs::write(&path, &broken).unwrap();
                let error = read_with(&path, &ReadOptions::default()).err();
                n_damaged += usize::from(matches!(error, Some(DataError::Damaged { .. })));
            }
            assert!(n_damaged > 10, "{n_damaged}");
        }
    }
    let path = folder.join("only.arrows");
    fs::write(&path, b"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F").unwrap();
    assert!(matches!(read_with(&path, &ReadOptions::default()), Err(DataError::Damaged { .. })));
}

/// A file that `tests/fixtures/parquet.py` wrote.
fn written(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

#[test]
fn checksums_of_pages_are_verified() {
    let path = written("checksums.parquet");
    assert_eq!(read(&path).values_of(0).unwrap().numbers()[..8], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 0.0]);
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(8).position(|bytes| bytes == 5.0_f64.to_le_bytes()).unwrap();
    bytes[at + 6] ^= 4;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    fs::write(&path, bytes).unwrap();
    let error = read_with(&path, &ReadOptions::default()).unwrap_err();
    assert!(matches!(error, DataError::Damaged { .. }), "{error}");
}

#[test]
fn a_codec_that_is_not_read_is_told_where_its_column_is_used() {
    let path = written("brotli.parquet");
    let error = read_with(&path, &ReadOptions::default()).unwrap_err().to_string();
    let expected = "column \"x\": found values compressed with Brotli, which this build does not read, expected zstd";
    assert!(error.contains(expected), "{error}");
    let without = ReadOptions { drop: vec!["x".into()], ..ReadOptions::default() };
    assert_eq!(read_with(&path, &without).unwrap().n_records(), 24);
}

#[test]
fn dictionaries_of_booleans_and_decimals_are_what_is_in_them() {
    let table = read(&written("dictionaries.parquet"));
    assert_eq!(table.columns()[0].values, Values::Booleans);
    assert_eq!(table.values_of(1).unwrap().numbers()[..3], [1.5, 2.25, 1.5]);
}

#[test]
fn moments_of_a_named_zone_are_the_same_in_every_unit() {
    let dates = vec![DateColumn { name: "moment".into(), format: DateFormat::default() }];
    let options = ReadOptions { dates, ..ReadOptions::default() };
    let tables = ["berlin_s.parquet", "berlin_us.parquet"].map(|name| read_with(&written(name), &options).unwrap());
    let berlin = DateFormat::default().in_zone("Europe/Berlin").unwrap();
    assert_eq!(tables[0].columns()[0].values, Values::Dates { format: berlin });
    assert_eq!(tables[0].columns(), tables[1].columns());
    assert_eq!(same(&tables[0], 0), same(&tables[1], 0));
}

#[test]
fn times_beyond_the_calendar_are_told_with_their_record() {
    let folder = tempfile::tempdir().unwrap();
    let seconds: ArrayRef = Arc::new(TimestampSecondArray::from(vec![Some(0), None, Some(1 << 62)]));
    let days: ArrayRef = Arc::new(Date32Array::from(vec![Some(0), None, Some(i32::MAX)]));
    for (moments, found) in [(seconds, "4611686018427387904"), (days, "2147483647")] {
        let y: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 2.0, 3.0]));
        let path = arrow_file(folder.path(), "t.arrow", &batch(vec![("moment", moments), ("y", y)]), 2);
        let dates = vec![DateColumn { name: "moment".into(), format: DateFormat::default() }];
        let table = read_with(&path, &ReadOptions { dates, ..ReadOptions::default() }).unwrap();
        let choices = Choices { targets: vec!["y".into()], ..Choices::default() };
        let error = prepare(&table, &choices).unwrap_err().to_string();
        let expected = format!("t.arrow: record 3, column \"moment\": found \"{found}\", expected");
        assert!(error.contains(&expected), "{error}");
        let without = ReadOptions { drop: vec!["moment".into()], ..ReadOptions::default() };
        assert_eq!(read_with(&path, &without).unwrap().n_records(), 3);
    }
}

#[test]
fn other_columns_of_files_without_a_line_of_names_are_told_without_options_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let column = |name: &str| batch(vec![(name, Arc::new(Float64Array::from(vec![1.0])) as ArrayRef)]);
    fs::write(folder.join("a.jsonl"), "{\"x\":1}\n").unwrap();
    fs::write(folder.join("b.jsonl"), "{\"z\":1}\n").unwrap();
    for (paths, expected) in [
        (
            [folder.join("a.jsonl"), folder.join("b.jsonl")],
            "in any order: the first record of every file needs the same keys",
        ),
        (
            [parquet(folder, "a.parquet", &column("x"), 1), parquet(folder, "b.parquet", &column("z"), 1)],
            "in any order: every file needs the same columns",
        ),
    ] {
        let (csv, options) = (CsvOptions::default(), ReadOptions::default());
        let error = Table::read_all(&paths, &csv, &options, &mut |_| ControlFlow::Continue(())).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn no_records_and_doubled_names_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let (batch, _) = mixed();
    let empty = parquet(folder.path(), "empty.parquet", &batch.slice(0, 0), 10);
    assert!(matches!(read_with(&empty, &ReadOptions::default()), Err(DataError::HeaderOnly { .. })));
    let names = ReadOptions { drop: vec!["nothing".into()], ..ReadOptions::default() };
    let path = parquet(folder.path(), "t.parquet", &batch, 10);
    assert!(matches!(read_with(&path, &names), Err(DataError::NoColumn { .. })));
}

#[test]
fn files_of_several_formats_are_one_table() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (batch, csv) = mixed();
    fs::write(folder.join("t.csv"), &csv).unwrap();
    let expected = read(&folder.join("t.csv"));
    let lines: Vec<&str> = csv.lines().collect();
    fs::write(folder.join("1.csv"), format!("x,whole,truth,word\n{}\n", lines[1..301].join("\n"))).unwrap();
    let turned = batch.slice(300, 400).project(&[3, 1, 0, 2]).unwrap();
    let paths = [
        folder.join("1.csv"),
        parquet(folder, "2.parquet", &turned, 150),
        arrow_stream(folder, "3.arrows", &batch.slice(700, 300), 70),
    ];
    for threads in [1, 3] {
        let options = ReadOptions { threads: NonZeroUsize::new(threads), ..ReadOptions::default() };
        let go = &mut |_| ControlFlow::Continue(());
        let table = Table::read_all(&paths, &CsvOptions::default(), &options, go).unwrap();
        for (index, (found, expected_column)) in table.columns().iter().zip(expected.columns()).enumerate() {
            assert_eq!(found.name, expected_column.name);
            assert_eq!(same(&table, index), same(&expected, index), "{}", found.name);
            assert_eq!(found.values, expected_column.values, "{}", found.name);
        }
        // Lines of a CSV file count from its names, records of the others from their first.
        let place = |record| (table.file(record).rsplit('/').next().unwrap().to_owned(), table.at(record).number());
        assert_eq!((place(0), place(299)), (("1.csv".into(), 2), ("1.csv".into(), 301)));
        assert_eq!((place(300), place(699)), (("2.parquet".into(), 1), ("2.parquet".into(), 400)));
        assert_eq!((place(700), place(999)), (("3.arrows".into(), 1), ("3.arrows".into(), 300)));
    }
    let mut reader = Reader::open_all(&paths, &CsvOptions::default()).unwrap();
    let mut plain = Reader::open(&folder.join("t.csv"), &CsvOptions::default()).unwrap();
    while let Some(record) = plain.next_record().unwrap() {
        let other = reader.next_record().unwrap().unwrap();
        for i in 0..4 {
            assert_eq!(record.field(i), other.field(i));
        }
    }
    assert!(reader.next_record().unwrap().is_none());
}
