//! `--where` and `--on-bad-row skip`: the networks, scores and predictions of files without the rows that are left out.

use serde_json::Value;

use crate::support::Sandbox;

/// Rows that can be used, and all of them; every 50th of these cannot.
fn lines(n: usize) -> (Vec<String>, Vec<String>) {
    let (mut good, mut all) = (Vec::new(), Vec::new());
    for k in 0..n {
        let (size, day) = ((k * 37 % 101) as f64 / 8.0, k * 11 % 28 + 1);
        let city = ["Ulm", "Bonn", "Mainz"][k * k % 3];
        let y = size / 3.0 + city.len() as f64 + (k * 31 % 11) as f64 / 10.0;
        let line = format!("{size},{city},2024-05-{day:02},{y}");
        if k % 50 != 21 {
            good.push(line.clone());
            all.push(line);
            continue;
        }
        all.push(match k / 50 % 7 {
            0 => format!("large,{city},2024-05-01,{y}"),
            1 => format!("1e300,{city},2024-05-01,{y}"),
            2 => format!("{size},{city},tomorrow,{y}"),
            3 => format!("{size},{city},2024-05-01"),
            4 => format!("{size},{city},2024-05-01,{y},9"),
            5 => format!("{size},,2024-05-01,{y}"),
            _ => format!("{size},{city},2024-05-01,-{y}"),
        });
    }
    (good, all)
}

const HEADER: &str = "size,city,day,y";
const SKIP: &str = "--on-bad-row skip";

fn csv(lines: &[String]) -> String {
    format!("{HEADER}\n{}\n", lines.join("\n"))
}

/// The same as JSON lines; what has too many or too few fields is no record of them either.
fn json_lines(lines: &[String]) -> String {
    let json = |line: &String| {
        let fields: Vec<&str> = line.split(',').collect();
        let [size, city, day, y] = fields[..] else { return format!("{{\"size\": 1, {line}\n") };
        let size = if size == "large" { "\"large\"" } else { size };
        let city = if city.is_empty() { "null".to_owned() } else { format!("\"{city}\"") };
        format!("{{\"size\":{size},\"city\":{city},\"day\":\"{day}\",\"y\":{y}}}\n")
    };
    lines.iter().map(json).collect()
}

/// A model but for what says where it came from.
fn model(sandbox: &Sandbox, name: &str) -> String {
    let origin = ["\"command\"", "\"data\"", "\"fingerprint\""];
    sandbox.read(name).lines().filter(|line| !origin.iter().any(|key| line.contains(key))).collect()
}

#[test]
fn a_network_is_that_of_a_file_without_the_rows_that_cannot_be_used() {
    let sandbox = Sandbox::new();
    // Several chunks of 256 KiB.
    let (good, all) = lines(24_000);
    sandbox.file("good.csv", csv(&good)).file("all.csv", csv(&all)).file("all.jsonl", json_lines(&all));
    for (k, part) in all.chunks(9000).enumerate() {
        sandbox.file(&format!("part{k}.csv"), csv(part));
    }
    for rest in [
        "--date day --loss poisson --epochs 20 --valid 0.2",
        "--date day --loss poisson --batch 16 --epochs 1 --where \"city != 'Bonn'\"",
    ] {
        let train = |data: &str, extra: &str| {
            let line = format!("deltarule train {data} --target y {rest} {extra} --out m.json --force --json");
            (sandbox.sh(&line).ok().json(), model(&sandbox, "m.json"))
        };
        let (_, expected) = train("good.csv", "");
        let with = |data: &str, extra: &str| train(data, &format!("{SKIP} --rejects r.csv {extra}"));
        for (data, extra) in
            [("all.csv", "--threads 1"), ("all.csv", "--threads 3"), ("part*.csv", ""), ("all.jsonl", "")]
        {
            let (json, found) = with(&format!("'{data}'"), extra);
            assert_eq!(found, expected, "{data} {extra} {rest}");
            let rejected = json["rejected"]["rows"].as_u64().unwrap();
            // The header, and a line for each.
            assert_eq!(sandbox.read("r.csv").lines().count() as u64, rejected + 1);
            if !rest.contains("--where") {
                assert_eq!(rejected, 480, "{data}");
                let reasons = |name: &str| json["rejected"]["reasons"][name].as_u64().unwrap_or(0);
                let each = ["word", "range", "date", "missing", "target"].map(reasons);
                assert_eq!(each, [69, 69, 69, 68, 68]);
                let (fields, syntax) = (reasons("fields"), reasons("syntax"));
                assert_eq!((fields, syntax), if data.ends_with("jsonl") { (0, 137) } else { (137, 0) });
            }
        }
        let streamed = sandbox
            .sh(&format!("cat all.csv | deltarule train - --target y {rest} {SKIP} --out m.json --force --quiet"));
        assert_eq!(streamed.ok().stdout, "");
        assert_eq!(model(&sandbox, "m.json"), expected, "a stream, {rest}");
    }
}

#[test]
fn rejects_are_told_with_their_places_and_written_as_they_stand() {
    let sandbox = Sandbox::new();
    sandbox.file("t.csv", "a,b,y\n1,u,1\n2,\"v, w\",2\nno,u,3\n3,\"x\n\"\"y\"\"\",4,5\n4,u,6\n5,v,8\n6,u,9\n7,v,11\n8,u,12\n9,v,14\n10,u,15\n");
    let ran = sandbox.sh(&format!("deltarule train t.csv --target y {SKIP} --rejects r.csv")).ok();
    assert!(ran.stdout.contains("2 rows left out since they cannot be used"), "{}", ran.stdout);
    assert!(ran.stdout.contains("t.csv: line 4: column \"a\": found \"no\", expected a number"), "{}", ran.stdout);
    assert_eq!(
        sandbox.read("r.csv"),
        "file,line,reason,found,record\n\
         t.csv,4,word,\"column \"\"a\"\": found \"\"no\"\", expected a number, as nearly everywhere in the column\",\"no,u,3\"\n\
         t.csv,5,fields,\"found 4 fields, expected 3; is there a delimiter within a field that is not quoted?\",\"3,\"\"x\n\"\"\"\"y\"\"\"\"\"\",4,5\"\n"
    );
    // It is there already, and nothing else is written either.
    let again = sandbox.sh(&format!("deltarule train t.csv --target y {SKIP} --rejects r.csv --out m.json"));
    assert!(again.code == Some(2) && again.stderr.contains("r.csv: is there already"), "{}", again.stderr);
    assert!(!sandbox.names().contains("m.json"));
    for command in ["train t.csv --target y", "sweep t.csv --target y"] {
        let ran = sandbox.sh(&format!("deltarule {command} {SKIP} --rejects m.json --out m.json"));
        assert!(ran.code == Some(2) && ran.stderr.contains("expected a file for each"), "{}", ran.stderr);
    }
}

#[test]
fn lists_in_columns_that_are_not_used_are_passed_over_in_every_command() {
    let sandbox = Sandbox::new();
    let rows: String = (0..20)
        .map(|k| format!("{{\"x\": {k}, \"tags\": [\"a\", {{\"b\": {k}}}], \"y\": {}}}\n", 3 * k + k * k % 7))
        .collect();
    sandbox.file("t.jsonl", rows);
    sandbox.sh("deltarule train t.jsonl --target y --drop tags --out m.json").ok();
    sandbox.sh("deltarule train t.jsonl --target y --features x --out n.json --valid t.jsonl").ok();
    sandbox.sh("deltarule evaluate m.json t.jsonl").ok();
    let predicted = sandbox.sh("deltarule predict m.json t.jsonl --keep tags | head -2").ok().stdout;
    assert!(predicted.starts_with("tags,predicted_y\n\"[\"\"a\"\",{\"\"b\"\":0}]\","), "{predicted}");
    for command in ["train t.jsonl --target y", "inspect t.jsonl"] {
        let ran = sandbox.sh(&format!("deltarule {command}"));
        let expected = "t.jsonl: line 1: found a list or an object in \"tags\", expected a number, a text, true, false or null; use --drop tags";
        assert!(ran.code == Some(2) && ran.stderr.contains(expected), "{}", ran.stderr);
    }
    sandbox.file("new.jsonl", "{\"x\": [1], \"tags\": 1, \"y\": 2}\n");
    let ran = sandbox.sh("deltarule predict m.json new.jsonl");
    assert!(ran.code == Some(2) && ran.stderr.contains("line 1: found a list or an object in \"x\""), "{}", ran.stderr);
}

#[test]
fn nothing_is_written_where_too_many_rows_are_bad() {
    let sandbox = Sandbox::new();
    let rows: String =
        (0..20).map(|k| if k % 3 == 0 { format!("{k},{}\n", k * k % 7) } else { format!("{k},1,2\n") }).collect();
    sandbox.file("t.csv", format!("a,y\n{rows}"));
    let line = |more: &str| format!("deltarule train t.csv --target y {SKIP} --rejects r.csv --out m.json {more}");
    let ran = sandbox.sh(&line(""));
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("13 of 20 rows cannot be used, expected at most 50.0 %"), "{}", ran.stderr);
    assert!(!sandbox.names().iter().any(|name| name == "r.csv" || name == "m.json" || name.contains("tmp")));
    sandbox.sh(&line("--max-bad 0.7 --features a --scale none --epochs 1")).ok();
    assert_eq!(sandbox.read("r.csv").lines().count(), 14);
}

#[test]
fn predictions_stay_in_line_and_scores_are_those_of_the_rest() {
    let sandbox = Sandbox::new();
    let (good, all) = lines(3000);
    sandbox.file("good.csv", csv(&good)).file("all.csv", csv(&all)).file("all.jsonl", json_lines(&all));
    sandbox.sh("deltarule train good.csv --target y --date day --loss poisson --epochs 20 --out m.json --quiet").ok();
    let predict = |data: &str, extra: &str| sandbox.sh(&format!("deltarule predict m.json {data} {extra}")).ok();
    let clean = predict("good.csv", "").stdout;
    let mut expected: Vec<&str> = clean.lines().skip(1).collect();
    for data in ["all.csv", "all.jsonl"] {
        let ran = predict(data, &format!("{SKIP} --rejects r-{data}"));
        let found: Vec<&str> = ran.stdout.lines().skip(1).collect();
        assert_eq!(found.len(), all.len(), "a row for each, {data}");
        // A target below 0, a missing city and the like are no trouble where nothing is learned.
        let kept: Vec<&str> =
            found.iter().zip(&all).filter(|(_, line)| good.contains(line)).map(|(row, _)| *row).collect();
        assert_eq!(kept, expected, "{data}");
        let empty = found.iter().filter(|row| row.is_empty()).count();
        assert!(ran.stderr.contains("rows left out since they cannot be used"), "{}", ran.stderr);
        let rejected = sandbox.read(&format!("r-{data}")).lines().count() - 1;
        assert!(rejected >= 40 && empty >= rejected, "{empty} {rejected}");
    }
    // Rows that do not satisfy the condition have none.
    let some = predict("all.csv", &format!("{SKIP} --where \"city = 'Ulm' and y > 5\" --quiet")).stdout;
    let wanted = |line: &String| {
        let fields: Vec<&str> = line.split(',').collect();
        fields[1] == "Ulm" && fields[3].parse::<f64>().unwrap() > 5.0
    };
    let of_good = good.iter().zip(expected.drain(..)).filter(|(line, _)| wanted(line)).map(|(_, row)| row);
    let found: Vec<&str> = some.lines().skip(1).filter(|row| !row.is_empty()).collect();
    assert_eq!(found, of_good.collect::<Vec<_>>());
    let evaluate = |data: &str, extra: &str| -> Value {
        sandbox.sh(&format!("deltarule evaluate m.json {data} --json {extra}")).ok().json()
    };
    let (right, json) = (evaluate("good.csv", ""), evaluate("all.csv", SKIP));
    assert_eq!(json["scores"], right["scores"]);
    assert_eq!((&right["rejected"], json["rejected"]["reasons"]["target"].as_u64()), (&Value::Null, Some(8)));
    let condition = "--where \"size > 4 and not city in ('Bonn')\"";
    let (right, json) = (evaluate("good.csv", condition), evaluate("all.csv", &format!("{SKIP} {condition}")));
    assert_eq!(json["scores"], right["scores"]);
    assert!(json["where"]["left_out"].as_u64().unwrap() > 1000);
}

#[test]
fn held_out_files_are_sifted_too() {
    let sandbox = Sandbox::new();
    let (good, all) = lines(2000);
    sandbox.file("good.csv", csv(&good)).file("all.csv", csv(&all));
    for command in ["train", "sweep --l2 0,0.1"] {
        let run = |valid: &str, extra: &str| {
            let line = format!(
                "deltarule {command} good.csv --target y --date day --loss poisson --epochs 5 --valid {valid} --json {extra}"
            );
            sandbox.sh(&line).ok().json()
        };
        let (right, json) = (run("good.csv", ""), run("all.csv", SKIP));
        assert_eq!(json["held_out"], right["held_out"]);
        assert_eq!(json["runs"], right["runs"]);
        assert_eq!(json["rejected"]["rows"], 0);
        assert!(json["held_out_rejected"]["rows"].as_u64().unwrap() >= 20);
    }
}

#[test]
fn libsvm_is_sifted_line_by_line() {
    let sandbox = Sandbox::new();
    let line = |k: usize| format!("{} {}:1 {}:{}\n", 2 * (k % 2) as i32 - 1, 1 + k % 5, 7 + k % 3, k % 11);
    let bad = ["x 1:1\n", "1 3:1 2:1\n", "1 9:q\n", "-1 0x:1\n"];
    let good: String = (0..400).map(line).collect();
    let all: String =
        (0..400).map(|k| if k % 40 == 5 { bad[k / 40 % 4].to_owned() + &line(k) } else { line(k) }).collect();
    sandbox.file("good.libsvm", &good).file("all.libsvm", &all);
    let train = |data: &str, extra: &str| {
        sandbox.sh(&format!("deltarule train {data} --epochs 9 --out m.json --force --quiet {extra}")).ok();
        model(&sandbox, "m.json")
    };
    let expected = train("good.libsvm", "");
    assert_eq!(train("all.libsvm", &format!("{SKIP} --rejects r.csv")), expected);
    assert_eq!(sandbox.read("r.csv").lines().count(), 11);
    assert!(
        sandbox.read("r.csv").contains("all.libsvm,6,syntax,\"column 1: found \"\"x\"\""),
        "{}",
        sandbox.read("r.csv")
    );
    let scores = |data: &str, extra: &str| {
        sandbox.sh(&format!("deltarule evaluate m.json {data} --json {extra}")).ok().json()["scores"].clone()
    };
    assert_eq!(scores("all.libsvm", SKIP), scores("good.libsvm", ""));
    let ran = sandbox.sh("deltarule train all.libsvm --where 'label > 0'");
    assert!(ran.code == Some(2) && ran.stderr.contains("--where: found beside all.libsvm"), "{}", ran.stderr);
}

#[test]
fn other_commands_know_of_it() {
    let sandbox = Sandbox::new();
    let (_, all) = lines(500);
    sandbox.file("all.csv", csv(&all));
    let inspected = sandbox.sh(&format!("deltarule inspect all.csv --date day {SKIP} --json")).ok().json();
    // Missing values and targets are no flaws before anything is to be learned.
    assert_eq!((inspected["records"].as_u64(), inspected["rejected"]["rows"].as_u64()), (Some(492), Some(8)));
    let size = inspected["columns"].as_array().unwrap().iter().find(|c| c["name"] == "size").unwrap();
    assert_eq!(size["type"], "number");
    sandbox.sh(&format!("deltarule check all.csv --target y --date day {SKIP} --where 'size < 9' --json")).ok();
    let text = sandbox.sh(&format!("deltarule inspect all.csv --date day {SKIP} --where 'size < 9'")).ok().stdout;
    assert!(text.contains("where size < 9: ") && text.contains("other records left out"), "{text}");
}

/// What is read is never written over, whatever --force says.
#[test]
fn rejects_are_none_of_the_files_that_are_read() {
    let sandbox = Sandbox::new();
    sandbox.sh("deltarule train examples/ten.csv --target passed --out m.json --quiet").ok();
    sandbox.sh("cp examples/ten.csv valid.csv").ok();
    let skip = "--on-bad-row skip --force --rejects";
    for (line, file) in [
        (format!("evaluate m.json examples/ten.csv {skip} m.json"), "m.json"),
        (format!("predict m.json examples/ten.csv {skip} m.json"), "m.json"),
        (format!("train examples/ten.csv --target passed --valid valid.csv {skip} valid.csv"), "valid.csv"),
        (format!("sweep examples/ten.csv --target passed --valid valid.csv {skip} valid.csv"), "valid.csv"),
    ] {
        let before = sandbox.read(file);
        let ran = sandbox.sh(&format!("deltarule {line}"));
        assert_eq!(ran.code, Some(2), "{line}\n{}", ran.stderr);
        assert!(ran.stderr.contains("is a file that is read"), "{line}\n{}", ran.stderr);
        assert_eq!(sandbox.read(file), before, "{line}");
    }
}

/// Each number is in range and their product is not: told with its place, and skipped where that is asked for.
#[test]
fn a_product_out_of_range_is_a_bad_row() {
    let sandbox = Sandbox::new();
    let rows: String = (1..40).map(|x| format!("{x},{}\n", 3 * x * x)).collect();
    sandbox.file("t.csv", format!("x,y\n{rows}"));
    sandbox.sh("deltarule train t.csv --target y --poly x:3 --out m.json --quiet").ok();
    sandbox.file("new.csv", "x\n5\n1e140\n7\n");
    let ran = sandbox.sh("deltarule predict m.json new.csv");
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("new.csv: line 3, column"), "{}", ran.stderr);
    let skipped = sandbox.sh("deltarule predict m.json new.csv --on-bad-row skip").ok().stdout;
    let predictions: Vec<&str> = skipped.lines().skip(1).collect();
    assert!(predictions.len() == 3 && predictions[1].is_empty() && !predictions[2].is_empty(), "{skipped}");
    sandbox.file("large.csv", "x,y\n1,1\n2e140,2\n3e100,3\n4,5\n");
    let ran = sandbox.sh("deltarule train large.csv --target y --poly x:2");
    assert!(ran.code == Some(2) && ran.stderr.contains("beyond 1e150"), "{}", ran.stderr);
}
