//! `--date`: the network of columns made by hand, with the same bits from everywhere, and models that come back.

use deltarule_model::{Model, Value as Cell};
use serde_json::Value;

use crate::support::Sandbox;

/// A moment of its own for each record, every seven hours; some are missing.
fn moments(records: usize) -> Vec<Option<(i64, i64)>> {
    (0..records as i64).map(|k| (k % 31 != 5).then_some((k * 7 / 24, k * 7 % 24))).collect()
}

/// Year, month and day of a day since 2019-12-30, counted on month by month.
fn calendar(days: i64) -> (i64, i64, i64) {
    let (mut year, mut month, mut day) = (2019, 12, 30);
    for _ in 0..days {
        day += 1;
        let leap = year % 4 == 0;
        let length = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month as usize - 1];
        if day > length {
            (day, month) = (1, month + 1);
        }
        if month > 12 {
            (month, year) = (1, year + 1);
        }
    }
    (year, month, day)
}

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// What a record has beside its date, and its target.
fn rest(k: usize) -> String {
    let x = (k * k % 17) as f64 / 3.0;
    format!("{x},{}", 2.0 * x + (k % 24) as f64 / 5.0 + (k as f64) / 500.0)
}

/// Dates as `write` writes them.
fn table(records: usize, write: impl Fn((i64, i64, i64), i64) -> String) -> String {
    let date = |moment: Option<(i64, i64)>| moment.map_or(String::new(), |(day, hour)| write(calendar(day), hour));
    let line = |(k, moment)| format!("{},{}\n", date(moment), rest(k));
    format!("when,x,y\n{}", moments(records).into_iter().enumerate().map(line).collect::<String>())
}

fn iso((year, month, day): (i64, i64, i64), hour: i64) -> String {
    format!("{year}-{month:02}-{day:02} {hour:02}:00")
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// A model but for what says where it came from and how dates were written.
fn model(sandbox: &Sandbox, name: &str) -> String {
    let origin = ["\"command\"", "\"data\"", "\"fingerprint\"", "\"format\""];
    sandbox.read(name).lines().filter(|line| !origin.iter().any(|key| line.contains(key))).collect()
}

#[test]
fn it_is_the_network_of_columns_made_by_hand() {
    let sandbox = Sandbox::new();
    sandbox.file("t.csv", table(3000, iso));
    let parts = |moment: Option<(i64, i64)>| match moment {
        None => ",,,,".to_owned(),
        Some((day, hour)) => {
            let (year, month, _) = calendar(day);
            let trend = 18_260.0 + day as f64 + hour as f64 / 24.0;
            format!("{year},m{month:02},{}{},h{hour:02},{trend}", day % 7, WEEKDAYS[day as usize % 7])
        }
    };
    let line = |(k, moment)| format!("{},{}\n", parts(moment), rest(k));
    let lines: String = moments(3000).into_iter().enumerate().map(line).collect();
    sandbox.file("made.csv", format!("year,month,weekday,hour,trend,x,y\n{lines}"));
    for (options, tolerance) in [
        ("--missing mean --epochs 300 --eta 0.2", 1e-9),
        ("--missing mean --batch 16 --epochs 10 --eta 0.05", 1e-9),
        ("--missing drop --valid 0.3 --batch 1 --epochs 5 --eta 0.05", 1e-9),
    ] {
        let train = |file: &str| {
            let line = format!("deltarule train {file} --target y {options} --json --out m.json --force");
            (sandbox.sh(&line).ok().json(), sandbox.read("m.json"))
        };
        let ((found, text), (expected, _)) = (train("t.csv --date when"), train("made.csv"));
        let (e, right) = (number(&found["sse"]), number(&expected["sse"]));
        assert!((e / right - 1.0).abs() < tolerance, "{options}: E = {e}, of columns made by hand {right}");
        let weights = |json: &Value| -> Vec<f64> {
            json["weights"][0]["weights"].as_array().unwrap().iter().map(|w| number(&w["original"])).collect()
        };
        let (found, expected) = (weights(&found), weights(&expected));
        assert_eq!((found.len(), expected.len()), (46, 46), "{options}");
        for (w, v) in found.iter().zip(&expected) {
            assert!((w - v).abs() < 1e-7 * v.abs().max(1.0), "{options}: {w} and {v}");
        }
        assert_eq!(Model::from_bytes(text.as_bytes()).unwrap().to_json(), text);
    }
}

#[test]
fn the_bits_are_the_same_however_dates_are_written_and_held() {
    let sandbox = Sandbox::new();
    let text = table(20_000, iso);
    sandbox.file("t.csv", &text);
    sandbox.file("dots.csv", table(20_000, |(y, m, d), h| format!("{d}.{m}.{y} {h}")));
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let name = |(y, m, d): (i64, i64, i64), h| format!("{d} {} {y} {h}:00:00", months[m as usize - 1]);
    sandbox.file("names.csv", table(20_000, name));
    sandbox.file("t.tsv", table(20_000, |(y, m, d), h| format!("{y}{m:02}{d:02}T{h:02}:00Z")).replace(',', "\t"));
    let json = |line: &str| {
        let f: Vec<&str> = line.split(',').collect();
        format!("{{\"when\":\"{}\",\"x\":{},\"y\":{}}}\n", f[0], f[1], f[2])
    };
    sandbox.file("t.jsonl", text.lines().skip(1).map(json).collect::<String>());
    for rest in [
        "--missing mean --epochs 30",
        "--missing mean --batch 1 --epochs 3 --valid 0.2",
        "--missing drop --batch 32 --epochs 3 --precision f32",
    ] {
        let train = |data: &str, extra: &str| {
            let line = format!("deltarule train {data} {rest} --target y --out m.json --force {extra}");
            let said = sandbox.sh(&line).ok().stderr;
            assert_eq!(said.contains("on disk"), extra.contains("--memory"), "{line}\n{said}");
            model(&sandbox, "m.json")
        };
        let expected = train("t.csv --date when", "--threads 2");
        for threads in [1, 3] {
            let page = 4096 * 3 * 8;
            let tight = threads * 8 * 1024 * 1024 + (2 * threads + 1 + 2) * page;
            assert_eq!(train("t.csv --date when", &format!("--threads {threads}")), expected, "{rest}, {threads}");
            let spilled = train("t.csv --date when", &format!("--threads {threads} --memory {tight}B"));
            assert_eq!(spilled, expected, "{rest}, {threads} threads, spilled");
        }
        for data in
            ["names.csv --date when", "t.tsv --date when", "t.jsonl --date when", "dots.csv --date 'when:%d.%m.%Y %H'"]
        {
            assert_eq!(train(data, ""), expected, "{rest}, {data}");
        }
        for _ in 0..2 {
            assert_eq!(train("t.csv --date when", "--cache t.cache"), expected, "{rest}, cache");
        }
        let other = sandbox
            .sh(&format!("deltarule train t.csv {rest} --target y --date 'when:%Y-%m-%d %H:%M' --cache t.cache"));
        assert!(other.ok().stderr.contains("made anew"), "{rest}");
        std::fs::remove_file(sandbox.path().join("t.cache")).unwrap();
    }
}

#[test]
fn parts_that_do_not_vary_are_left_out_and_it_is_said() {
    let sandbox = Sandbox::new();
    let note = |dates: &[&str]| {
        let line = |(k, date): (usize, &&str)| format!("{date},{}\n", rest(k));
        let text: String = dates.iter().cycle().take(40).enumerate().map(line).collect();
        sandbox.file("t.csv", format!("when,x,y\n{text}"));
        let json = sandbox.sh("deltarule train t.csv --target y --date when --epochs 5 --json").ok().json();
        let notes = json["notes"].as_array().unwrap();
        notes.iter().find_map(|note| note.as_str().filter(|note| note.starts_with("when"))).unwrap().to_owned()
    };
    assert_eq!(
        note(&["2023-01-04", "2024-02-08"]),
        "when is a date, from 2023-01-04 to 2024-02-08: year, month, weekday and trend of it are inputs; \
         the same in every record, and left out: hour"
    );
    assert_eq!(
        note(&["2024-01-03 07:00", "2024-01-03 19:30"]),
        "when is a date, from 2024-01-03 07:00:00 to 2024-01-03 19:30:00: hour and trend of it are inputs; \
         the same in every record, and left out: year, month and weekday"
    );
    assert_eq!(
        note(&["2024-01-03"]),
        "when is a date, from 2024-01-03 to 2024-01-03: nothing of it is an input; \
         the same in every record, and left out: year, month, weekday, hour and trend"
    );
}

#[test]
fn a_model_of_dates_comes_back_and_scores_rows_and_streams() {
    let sandbox = Sandbox::new();
    sandbox.file("t.csv", table(2000, iso));
    let train = "deltarule train t.csv --target y --date when --missing mean --epochs 60 --out m.json --json";
    let trained = sandbox.sh(train).ok().json();
    let evaluated = sandbox.sh("deltarule evaluate m.json t.csv --json").ok().json();
    assert_eq!(evaluated["scores"], trained["training"]);
    // A month that did not occur, a time zone that is read over, a column too many, another order.
    sandbox.file("new.csv", "z,x,when\n1,0.5,2020-09-15T13:00+02:00\n1,0.5,\n1,1,20200101\n");
    let ran = sandbox.sh("deltarule predict m.json new.csv").ok();
    let found: Vec<f64> = ran.stdout.lines().skip(1).map(|line| line.parse().unwrap()).collect();
    let model = Model::from_bytes(sandbox.read("m.json").as_bytes()).unwrap();
    assert_eq!(model.encoding().columns(), ["when", "x"]);
    let [first, third] = ["2020-09-15 13:00", "1 January 2020"].map(Cell::Text);
    let cells = [first, Cell::Missing, third, Cell::Number(20_200_101.0)];
    for ((cell, x), found) in cells.into_iter().zip([0.5, 0.5, 1.0, 1.0]).zip([found[0], found[1], found[2], found[2]])
    {
        let mut one = [0.0];
        model.scorer().score_row(&[cell, Cell::Number(x)], &mut one).unwrap();
        assert_eq!(one, [found], "{cell:?}");
        model.scorer().score_named(&[("x", Cell::Number(x)), ("when", cell)], &mut one).unwrap();
        assert_eq!(one, [found], "{cell:?}");
    }
    let mut one = [0.0];
    let error = model.scorer().score_row(&[Cell::Text("soon"), Cell::Number(1.0)], &mut one).unwrap_err().to_string();
    assert!(error.starts_with("column \"when\": found \"soon\", expected a date such as 2024-05-31"), "{error}");
    let reasons = sandbox.sh("deltarule predict m.json new.csv --reasons 50").ok().stdout;
    assert!(reasons.contains("when: hour = 13") && reasons.contains("when: weekday = Tuesday"), "{reasons}");
    let shown = sandbox.sh("deltarule show m.json").ok().stdout;
    for part in ["when: month=3 ", "when: weekday=Monday ", "when: trend ", "a trend is in days since 1970-01-01"] {
        assert!(shown.contains(part), "{part} in\n{shown}");
    }
    for form in ["onnx", "sql", "c"] {
        sandbox.sh(&format!("deltarule export m.json --to {form} --out m.{form}")).ok();
    }
}

#[test]
fn the_latest_dates_are_held_out_where_that_is_asked_for() {
    let sandbox = Sandbox::new();
    sandbox.file("t.csv", table(400, iso));
    let train = "deltarule train t.csv --target y --date when --missing drop --valid 0.25 --split-by when --epochs 5";
    let said = sandbox.sh(train).ok().stdout;
    // Every seven hours a record: the last quarter of them begins in the middle of a day.
    let held_out =
        "97 of 387 records, the latest by column when: from 2020-03-26 12:00:00 on, after training on those up to";
    for part in
        [held_out, "when is a date, from 2019-12-30 to 2020-03-26 05:00:00: year, month, weekday, hour and trend of it"]
    {
        assert!(said.contains(part), "{part} in\n{said}");
    }
}

#[test]
fn a_level_that_did_not_occur_is_counted() {
    let sandbox = Sandbox::new();
    sandbox.file("t.csv", table(300, iso));
    sandbox.sh("deltarule train t.csv --target y --date when --missing mean --epochs 5 --out m.json").ok();
    sandbox.file("new.csv", "when,x\n2020-11-15 07:00,1\n2020-01-15 07:00,1\n");
    let ran = sandbox.sh("deltarule predict m.json new.csv").ok();
    assert_eq!(ran.stderr, "1 value of column when: month unknown to the model counted as none of its levels\n");
}

#[test]
fn a_model_file_that_contradicts_itself_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.file("t.csv", table(300, iso));
    sandbox.sh("deltarule train t.csv --target y --date when --missing mean --epochs 5 --out m.json").ok();
    let text = sandbox.read("m.json");
    for (from, to, place) in [
        ("\"part\": \"month\"", "\"part\": \"moon\"", "features[1].date.part"),
        ("\"part\": \"month\"", "\"part\": \"trend\"", "features[1].date.part"),
        ("\"part\": \"year\"", "\"part\": \"hour\"", "features[0].date.part"),
        ("\"format\": null", "\"format\": \"%H\"", "features[0].date.format"),
        ("\"Monday\"", "\"Moonday\"", "features[2].levels"),
        ("\"name\": \"when: year\"", "\"name\": \"year\"", "features[0].name"),
        ("\"column\": \"when\"", "\"column\": \"x\"", "features[0].name"),
    ] {
        let error = Model::from_bytes(text.replacen(from, to, 1).as_bytes()).unwrap_err().to_string();
        assert!(error.contains(place), "{from}: {error}");
    }
}

#[test]
fn every_command_that_prepares_a_table_takes_it() {
    let sandbox = Sandbox::new();
    sandbox.file("t.csv", table(400, iso));
    let columns = "t.csv --target y --missing mean --date when";
    let swept = sandbox.sh(&format!("deltarule sweep {columns} --eta 0.1,auto --epochs 5 --out m.json")).ok().stdout;
    assert!(swept.contains("run 2"), "{swept}");
    sandbox.sh("deltarule evaluate m.json t.csv").ok();
    assert!(sandbox.sh(&format!("deltarule check {columns}")).ok().stdout.contains("the gradient is right"));
    let explained = sandbox.sh(&format!("deltarule explain {columns} --record 3")).ok().stdout;
    assert!(explained.contains("when: hour=14"), "{explained}");
    assert!(sandbox.sh("deltarule explain m.json t.csv --record 3").ok().stdout.contains("when: hour=14"));
    let inspected = sandbox.sh("deltarule inspect t.csv --target y --date when").ok().stdout;
    assert!(inspected.contains("2019-12-30 to 2020-04-24 09:00:00"), "{inspected}");
    sandbox.sh(&format!("deltarule train {columns} --epochs 5 --path path.csv --out a.json")).ok();
    let on = sandbox.sh(&format!("deltarule train {columns} --epochs 0 --init path.csv --json")).ok().json();
    let end = sandbox.sh("deltarule show a.json --json").ok().json();
    assert!((number(&on["start_sse"]) / number(&end["training"]["sse"]) - 1.0).abs() < 1e-12);
    assert_eq!(end["features"][0]["date"]["part"], "year");
}

#[test]
fn the_clock_of_a_zone_is_kept_and_what_has_no_zones_refuses_it() {
    let sandbox = Sandbox::new();
    // Every sixth hour in UTC of a year, and a count that goes by the hour in Berlin.
    let line = |i: i64| {
        let moment = deltarule_model::date_text((1_704_067_200 + i * 6 * 3600 + 1) as f64).replace(' ', "T");
        let summer = (i / 4 > 90) && (i / 4 < 300);
        format!("{moment}Z,{}\n", (i * 6 % 24) + if summer { 2 } else { 1 })
    };
    sandbox.file("t.csv", format!("at,y\n{}", (0..1464).map(line).collect::<String>()));
    sandbox.sh("deltarule train t.csv --target y --date at@Europe/Berlin --quiet --out m.json").ok();
    assert!(sandbox.read("m.json").contains("\"zone\": \"Europe/Berlin\""));
    let shown = sandbox.sh("deltarule show m.json --json").ok().json();
    assert!(shown["features"].as_array().unwrap().iter().all(|feature| feature["date"]["zone"] == "Europe/Berlin"));
    // One moment, in four ways.
    sandbox.file(
        "new.csv",
        "at\n2024-07-01T12:00Z\n2024-07-01 14:00\n2024-07-01T08:00-04:00\n2024-07-01T21:00[Asia/Tokyo]\n",
    );
    let predicted = sandbox.sh("deltarule predict m.json new.csv").ok().stdout;
    let predicted: Vec<&str> = predicted.lines().skip(1).collect();
    assert!(predicted.len() == 4 && predicted.iter().all(|one| *one == predicted[0]), "{predicted:?}");
    for form in ["sql", "c"] {
        let ran = sandbox.sh(&format!("deltarule export m.json --to {form}"));
        assert_eq!(ran.code, Some(2));
        assert!(
            ran.stderr.contains("by the clock of Europe/Berlin") && ran.stderr.contains("--to onnx"),
            "{}",
            ran.stderr
        );
    }
    sandbox.sh("deltarule export m.json --to onnx --out m.onnx").ok();
    let ran = sandbox.sh("deltarule train t.csv --target y --date at@Europe/Nowhere");
    assert!(ran.code == Some(2) && ran.stderr.contains("found the zone \"Europe/Nowhere\""), "{}", ran.stderr);
}
