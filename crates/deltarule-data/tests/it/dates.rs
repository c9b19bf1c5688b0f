//! Dates and timestamps of Parquet and Arrow: the seconds that the same dates have in CSV, and the same parts of them.

use std::fs;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{Date32Array, StringArray, TimestampMicrosecondArray, TimestampSecondArray};
use deltarule_core::{BlockSource, Column};
use deltarule_data::{At, Choices, CsvOptions, DataError, DateColumn, ReadOptions, Reader, RowEncoder, Table, prepare};
use deltarule_model::{DateFormat, MissingRule, ScaleRule};

use crate::batch::{arrow_file, arrow_stream, batch, parquet};
use crate::{read_with, same};

fn options(columns: &[(&str, Option<&str>)]) -> ReadOptions {
    let format = |pattern: &Option<&str>| DateFormat::try_from(pattern.map(str::to_owned)).unwrap();
    let date =
        |(name, pattern): &(&str, Option<&str>)| DateColumn { name: (*name).to_owned(), format: format(pattern) };
    ReadOptions { dates: columns.iter().map(date).collect(), ..ReadOptions::default() }
}

fn read(path: &Path, options: &ReadOptions) -> Table {
    Table::read(path, &CsvOptions::default(), options, &mut |_| ControlFlow::Continue(())).unwrap()
}

/// A bit for every value of a block.
fn bits(columns: &[Column<'_, f64>]) -> Vec<Vec<u64>> {
    let of_one = |column: &Column<'_, f64>| match column {
        Column::Numbers(values) => values.iter().map(|x| x.to_bits()).collect(),
        Column::Codes { codes, .. } => codes.iter().map(|&code| u64::from(code)).collect(),
        _ => Vec::new(),
    };
    columns.iter().map(of_one).collect()
}

#[test]
fn every_format_gives_the_same_seconds_and_the_same_inputs_in_training_and_prediction() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let n = 9000_i64;
    let there = |i: i64| i % 11 != 3;
    let day = |i: i64| there(i).then(|| (i * 37 % 4000 - 1000) as i32);
    let second = |i: i64| there(i).then(|| i * 7919 * 60 - 100_000_000);
    let text = |seconds: i64| deltarule_model::date_text(seconds as f64);
    let mut csv = String::from("day,moment,zone,word,y\n");
    for i in 0..n {
        let cells = [day(i).map(|day| text(i64::from(day) * 86_400)), second(i).map(text), second(i).map(text)];
        let [day, moment, zone] = cells.map(Option::unwrap_or_default);
        csv += &format!("{day},{moment},{zone},{zone},{}\n", i % 7);
    }
    let words: Vec<Option<String>> = (0..n).map(|i| second(i).map(text)).collect();
    let table = batch(vec![
        ("day", Arc::new(Date32Array::from((0..n).map(day).collect::<Vec<_>>()))),
        ("moment", Arc::new(TimestampSecondArray::from((0..n).map(second).collect::<Vec<_>>()))),
        (
            "zone",
            Arc::new(
                TimestampMicrosecondArray::from(
                    (0..n).map(|i| second(i).map(|s| s * 1_000_000 + 999_999)).collect::<Vec<_>>(),
                )
                .with_timezone("UTC"),
            ),
        ),
        ("word", Arc::new(StringArray::from(words))),
        ("y", Arc::new(arrow_array::Int64Array::from((0..n).map(|i| i % 7).collect::<Vec<_>>()))),
    ]);
    fs::write(folder.join("t.csv"), csv).unwrap();
    let columns = [("day", Some("%d.%m.%Y")), ("moment", None), ("zone", None), ("word", None)];
    let expected = read(&folder.join("t.csv"), &options(&columns));
    assert_eq!(expected.columns()[1].facts.n_missing, (0..n).filter(|i| !there(*i)).count() as u64);
    let choices = Choices { targets: vec!["y".into()], missing: MissingRule::Mean, ..Choices::default() };
    let prepared = prepare(&expected, &choices).unwrap();
    assert_eq!(prepared.count_features().dates, 4);
    let threads = deltarule_core::Threads::one();
    let moments = deltarule_core::Moments::of(&prepared.training, &threads).unwrap();
    let (encoding, _) = prepared.encoding(&moments, ScaleRule::Standard, MissingRule::Mean, true);
    // Year, month, weekday and trend of the first, and the hour too of the others.
    assert_eq!(encoding.features.len(), 4 + 3 * 5);
    let paths = [
        folder.join("t.csv"),
        parquet(folder, "t.parquet", &table, 700),
        arrow_file(folder, "t.arrow", &table, 700),
        arrow_stream(folder, "t.arrows", &table, 4000),
    ];
    for path in &paths {
        for (threads, memory) in [(1, None), (3, None), (1, Some((1 << 23) + 5 * 40 * 4096)), (3, Some(1 << 25))] {
            let found = read(path, &ReadOptions { threads: NonZeroUsize::new(threads), memory, ..options(&columns) });
            for index in 0..4 {
                assert_eq!(same(&found, index), same(&expected, index), "{} {index}", path.display());
            }
            let other = prepare(&found, &choices).unwrap();
            for block in 0..other.training.n_blocks() {
                let mut seen = Vec::new();
                prepared.training.read(block, &mut |block| seen = bits(block.columns())).unwrap();
                other.training.read(block, &mut |block| assert!(bits(block.columns()) == seen)).unwrap();
            }
        }
        let mut reader = Reader::open(path, &CsvOptions::default()).unwrap();
        let mut encoder = RowEncoder::new(&encoding, &reader, false).unwrap();
        for block in 0..prepared.training.n_blocks() {
            encoder.clear();
            let mut seen = Vec::new();
            prepared.training.read(block, &mut |block| seen = bits(block.columns())).unwrap();
            while encoder.len() < seen[0].len() {
                encoder.push(&reader.next_record().unwrap().unwrap()).unwrap();
            }
            assert!(bits(encoder.block().unwrap().columns()) == seen, "{}, block {block}", path.display());
        }
        assert_eq!(encoder.unseen().iter().sum::<u64>(), 0);
    }
}

#[test]
fn what_is_no_date_is_told_with_its_place() {
    let text = "d,y\n2024-01-01,1\n2024-01-02,2\n01/02/2024,3\nsoon,4\n";
    let choices = Choices { targets: vec!["y".into()], ..Choices::default() };
    for threads in [1, 4] {
        let options = ReadOptions { threads: NonZeroUsize::new(threads), ..options(&[("d", None)]) };
        let table = read_with(text, &CsvOptions::default(), &options).unwrap();
        match prepare(&table, &choices) {
            Err(DataError::NotADate { at, column, found, n_words, expected, .. }) => {
                assert_eq!((at, column.as_str(), found.as_str(), n_words), (At::Line(4), "d", "01/02/2024", 2));
                assert!(expected.contains("d:%d/%m/%Y") && expected.contains("d:%m/%d/%Y"), "{expected}");
            }
            other => panic!("{other:?}"),
        }
    }
    let of = |name: &str| read_with(text, &CsvOptions::default(), &options(&[(name, None)]));
    assert!(matches!(of("e"), Err(DataError::NoColumn { setting: "--date", .. })));
    let table = read_with("d,y\n1,2024-01-01\n2,2024-01-02\n", &CsvOptions::default(), &options(&[("y", None)]));
    assert!(matches!(prepare(&table.unwrap(), &choices), Err(DataError::Target { .. })));
    let table =
        read_with("d,d: year,y\n2024-01-01,5,1\n2025-01-02,6,2\n", &CsvOptions::default(), &options(&[("d", None)]));
    assert!(matches!(prepare(&table.unwrap(), &choices), Err(DataError::NameOfPart { .. })));
}

#[test]
fn words_that_stand_for_what_is_missing_are_told_from_other_forms_of_a_date() {
    let choices = Choices { targets: vec!["y".into()], ..Choices::default() };
    for (word, hint) in [("-", "write NA"), ("NaT", "write NA"), ("soon", "say how they are written")] {
        let text = format!("d,y\n2024-01-01,1\n{word},2\n2024-01-03,3\n");
        let table = read_with(text.as_str(), &CsvOptions::default(), &options(&[("d", None)])).unwrap();
        match prepare(&table, &choices) {
            Err(DataError::NotADate { expected, .. }) => assert!(expected.contains(hint), "{word}: {expected}"),
            other => panic!("{other:?}"),
        }
    }
}

/// What `--date` takes is told so that it reads the column: with a pattern where there has to be one, found from all of its values.
#[test]
fn advice_on_dates_names_the_form_that_reads_them() {
    let advice = |texts: &[&str]| {
        let rows: String = texts.iter().enumerate().map(|(k, text)| format!("\"{text}\",{k}5\n")).collect();
        let text = format!("t,y\n{rows}");
        let table = read_with(text.as_str(), &CsvOptions::default(), &ReadOptions::default()).unwrap();
        let found = deltarule_data::suspicions(&table, &["y"]).unwrap();
        deltarule_data::date_advice(found.iter().map(|(_, suspicion)| suspicion)).unwrap_or_default()
    };
    for (texts, expected) in [
        (&["2024-05-31", "2024-06-01", "2024-06-02"][..], "--date t"),
        (&["31 May 2024", "May 30, 2024", "1-Jun-2024"], "--date t"),
        (&["2024-05-31", "2024-06-31", "2024-06-02"], "--date t"),
        (&["05.06.2024", "07.06.2024", "08.06.2024"], "--date t:%d.%m.%Y"),
        (&["5/6/2024", "7/6/2024", "31/5/2024"], "--date 't:%d/%m/%Y'"),
        (&["5/6/2024", "2024-06-07", "5/31/2024"], "--date 't:%m/%d/%Y'"),
        (&["5/6/24 3:59 PM", "5/31/24 4:00 AM", "6/6/24 11:00 AM"], "--date 't:%m/%d/%y %I:%M %p'"),
        (&["31-May-24", "30-May-24", "29-May-24"], "--date t:%d-%b-%y"),
        (
            &["5/6/2024", "7/6/2024", "8/6/2024"],
            "--date t:%d/%m/%Y or --date t:%m/%d/%Y, as day and month could be either way round",
        ),
    ] {
        assert_eq!(advice(texts).replace('\'', ""), expected.replace('\'', ""), "{texts:?}");
    }
    assert_eq!(advice(&["red", "green", "blue"]), "");
}

/// Numbers that are all dates are told with what reads them, and neither refused nor taken for dates where there are few, one is none, or they may be amounts.
#[test]
fn numbers_that_are_dates_are_told() {
    let told = |numbers: &[f64]| {
        let rows: String = numbers.iter().enumerate().map(|(k, x)| format!("{x},{},{}5\n", k * k, k % 7)).collect();
        let table =
            read_with(format!("t,x,y\n{rows}").as_str(), &CsvOptions::default(), &ReadOptions::default()).unwrap();
        let found = deltarule_data::suspicions(&table, &["y"]).unwrap();
        assert!(found.iter().all(|(index, suspicion)| *index == 0 && !suspicion.is_refused()), "{found:?}");
        let mut texts: Vec<String> = found.into_iter().map(|(_, suspicion)| suspicion.to_string()).collect();
        assert!(texts.len() < 2, "{texts:?}");
        texts.pop().unwrap_or_default()
    };
    let days = [20240228, 20240229, 20240301, 19991231, 20000229, 20240531, 20240630, 20241231, 20250101, 20240401];
    let days = days.map(f64::from);
    let text = told(&days);
    assert!(text.contains("(20240228)") && text.contains("; --date t takes"), "{text}");
    let seconds: Vec<f64> = (0..10).map(|k| 1.6e9 + f64::from(k * k) * 40_001.0).collect();
    let text = told(&seconds);
    assert!(text.contains("(1600000000, in seconds since 1970 2020-09-13 12:26:40)"), "{text}");
    assert!(text.contains("; --date t:%s takes"), "{text}");
    let but = |numbers: &[f64], place: usize, number: f64| {
        let mut numbers = numbers.to_vec();
        numbers[place] = number;
        told(&numbers)
    };
    assert_eq!(told(&days[..9]), "");
    for no_day in [20230229.0, 19000229.0, 20240431.0, 20241301.0, 20240100.0, 20240228.5, 5.0, 18991231.0] {
        assert_eq!(but(&days, 9, no_day), "", "{no_day}");
    }
    assert_ne!(but(&days, 9, f64::from(21001231)), "");
    for no_moment in [0.0, 1.6e9 + 0.5, 1.6e12, seconds[3]] {
        assert_eq!(but(&seconds, 9, no_moment), "", "{no_moment}");
    }
    let amounts: Vec<f64> = (0..20).map(|k| 1.6e9 + f64::from(k * k) * 1000.0).collect();
    assert_eq!(told(&amounts), "");
}

/// So many different moments that their texts are not kept are moments all the same.
#[test]
fn very_many_moments_are_no_names() {
    let rows: String = (0..70_000)
        .map(|k| format!("2024-05-{:02}T{:02}:{:02}:{:02},{}\n", 1 + k / 3600, k % 24, k / 60 % 60, k % 60, k % 7))
        .collect();
    let text = format!("t,y\n{rows}");
    let table = read_with(text.as_str(), &CsvOptions::default(), &ReadOptions::default()).unwrap();
    let found = deltarule_data::suspicions(&table, &["y"]).unwrap();
    let [(0, suspicion)] = &found[..] else { panic!("{found:?}") };
    assert_eq!(suspicion.typed_dates(), ["t".to_owned()], "{suspicion}");
}

/// `--date` reads a date, with or without a time; it is not advised for what it would refuse.
#[test]
fn times_of_a_day_are_not_taken_for_dates() {
    for (first, second, third, is_date) in [
        ("03:59:00", "12:30:10", "23:01:00", false),
        ("3:59", "12:30", "23:01", false),
        ("2024-01-01 03:59", "2024-01-02 12:30", "2024-01-03 23:01", true),
    ] {
        let text = format!("t,y\n{first},1\n{second},2\n{third},3\n");
        let table = read_with(text.as_str(), &CsvOptions::default(), &ReadOptions::default()).unwrap();
        let found = deltarule_data::suspicions(&table, &["y"]).unwrap();
        let [(0, suspicion)] = &found[..] else { panic!("{found:?}") };
        assert!(suspicion.is_refused() && suspicion.typed_dates().is_empty() != is_date, "{suspicion}");
        assert_eq!(suspicion.to_string().contains("times of a day"), !is_date, "{suspicion}");
    }
}

#[test]
fn timestamps_of_a_named_zone_are_those_of_its_clock_and_keep_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // Every seventh hour of a year, in which clocks are put forward and back.
    let second = |i: i64| 1_704_067_200 + i * 7 * 3600;
    let n = 1250_i64;
    let berlin = DateFormat::default().in_zone("Europe/Berlin").unwrap();
    let table = |zone: &str| {
        let moments = TimestampSecondArray::from((0..n).map(second).collect::<Vec<_>>()).with_timezone(zone);
        let y = arrow_array::Int64Array::from((0..n).map(|i| i % 5).collect::<Vec<_>>());
        batch(vec![("moment", Arc::new(moments)), ("y", Arc::new(y))])
    };
    let path = parquet(folder, "berlin.parquet", &table("Europe/Berlin"), 500);
    let found = read(&path, &options(&[("moment", None)]));
    assert_eq!(found.columns()[0].values, deltarule_data::Values::Dates { format: berlin.clone() });
    // Text that says the same moments in UTC, by the same clock.
    let line = |i: i64| format!("{}Z,{}\n", deltarule_model::date_text(second(i) as f64).replace(' ', "T"), i % 5);
    let line = |i: i64| line(i).replacen("Z,", if line(i).contains(':') { "Z," } else { "T00:00Z," }, 1);
    fs::write(folder.join("t.csv"), format!("moment,y\n{}", (0..n).map(line).collect::<String>())).unwrap();
    let by_clock = ReadOptions {
        dates: vec![DateColumn { name: "moment".into(), format: berlin.clone() }],
        ..ReadOptions::default()
    };
    let expected = read(&folder.join("t.csv"), &by_clock);
    assert_eq!(same(&found, 0), same(&expected, 0));
    let hour = |seconds: f64| deltarule_model::DatePart::Hour.of(seconds);
    let values = expected.values_of(0).unwrap();
    let deltarule_data::PageColumn::Numbers(values) = values else { panic!("{values:?}") };
    assert_eq!((hour(values[0]), hour(values[600])), (1.0, 2.0));

    // Another file's zone is brought to that of the first; an offset, too.
    let tokyo = parquet(folder, "tokyo.parquet", &table("Asia/Tokyo"), 500);
    let offset = parquet(folder, "offset.parquet", &table("-03:00"), 500);
    let paths = [path.clone(), tokyo, offset];
    let all = Table::read_all(&paths, &CsvOptions::default(), &options(&[("moment", None)]), &mut |_| {
        ControlFlow::Continue(())
    });
    let deltarule_data::PageColumn::Numbers(all) = all.unwrap().values_of(0).unwrap() else { panic!() };
    assert!(
        all[..n as usize] == values[..]
            && all[n as usize..2 * n as usize] == values[..]
            && all[2 * n as usize..] == values[..]
    );

    // A model predicts by the clock that it was trained with.
    let choices = Choices { targets: vec!["y".into()], ..Choices::default() };
    let prepared = prepare(&found, &choices).unwrap();
    let moments = deltarule_core::Moments::of(&prepared.training, &deltarule_core::Threads::one()).unwrap();
    let (encoding, _) = prepared.encoding(&moments, ScaleRule::Standard, MissingRule::Mean, true);
    let encoded = |path: &Path| {
        let mut reader = Reader::open(path, &CsvOptions::default()).unwrap();
        let mut encoder = RowEncoder::new(&encoding, &reader, false).unwrap();
        while let Some(record) = reader.next_record().unwrap() {
            encoder.push(&record).unwrap();
        }
        bits(encoder.block().unwrap().columns())
    };
    let expected = encoded(&path);
    assert!(paths.iter().all(|path| encoded(path) == expected) && encoded(&folder.join("t.csv")) == expected);
}

#[test]
fn a_zone_that_is_not_known_cannot_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let moments = TimestampSecondArray::from(vec![0, 1, 2]).with_timezone("Europe/Nowhere");
    let y = arrow_array::Int64Array::from(vec![1, 2, 3]);
    let table = batch(vec![("moment", Arc::new(moments)), ("y", Arc::new(y))]);
    let path = arrow_file(folder.path(), "t.arrow", &table, 3);
    let found = read(&path, &options(&[("moment", None)]));
    assert!(
        matches!(&found.columns()[0].values, deltarule_data::Values::Unsupported(kind) if kind.contains("Europe/Nowhere"))
    );
}
