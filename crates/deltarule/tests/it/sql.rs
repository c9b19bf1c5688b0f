//! `--sql` and object stores, in a build that has them.

use std::fs::File;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use serde_json::Value;

use crate::objects::Objects;
use crate::support::{Ran, Sandbox};

/// A model's weights and columns, to the last bit: all but how it came about.
fn weights(sandbox: &Sandbox, name: &str) -> Value {
    let mut model: Value = serde_json::from_str(&sandbox.read(name)).unwrap();
    model.as_object_mut().unwrap().remove("training");
    model
}

/// The message of a command that must fail, with exit code 2 and nothing on standard output.
#[track_caller]
fn refused(ran: &Ran) -> String {
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{}", ran.stderr);
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    ran.stderr.clone()
}

/// Trains on the files, and on a query that gives the same records; the models must be the same.
#[track_caller]
fn same(sandbox: &Sandbox, plain: &str, query: &str, options: &str) {
    sandbox.sh(&format!("deltarule train {plain} {options} --out plain.json --force")).ok();
    sandbox.sh(&format!("deltarule train {query} {options} --out query.json --force")).ok();
    assert_eq!(weights(sandbox, "plain.json"), weights(sandbox, "query.json"), "{query}");
}

fn columns(n: usize) -> RecordBatch {
    let x: Vec<f64> = (0..n).map(|i| ((i * 37) % 101) as f64 / 7.0).collect();
    let whole: Vec<Option<i64>> = (0..n).map(|i| (i % 11 != 3).then_some((i as i64 * 13) % 29)).collect();
    let kind: Vec<&str> = (0..n).map(|i| ["oak", "yew", "ash"][i * 5 % 7 % 3]).collect();
    let y: Vec<f64> = x.iter().zip(&kind).map(|(x, kind)| 2.0 * x + if *kind == "oak" { 3.0 } else { 0.5 }).collect();
    RecordBatch::try_from_iter_with_nullable([
        ("x", Arc::new(Float64Array::from(x)) as ArrayRef, true),
        ("Whole", Arc::new(Int64Array::from(whole)), true),
        ("kind", Arc::new(StringArray::from(kind)), true),
        ("y", Arc::new(Float64Array::from(y)), true),
    ])
    .unwrap()
}

fn parquet(batch: &RecordBatch) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    bytes
}

#[test]
fn all_of_a_table_gives_the_bits_of_its_file() {
    let sandbox = Sandbox::new();
    let all = "--sql 'SELECT * FROM data'";
    for (file, target) in [("iris", "species"), ("diabetes", "progression"), ("breast_cancer", "diagnosis")] {
        let file = format!("examples/{file}.csv");
        same(&sandbox, &file, &format!("{file} {all}"), &format!("--target {target} --epochs 20"));
    }
    sandbox.file("odd.csv", "a;b;flag;day;w\n1,5; NA ;True;2024-05-31;\"x;\"\"y\"\"\"\n2;7;false;2024-06-01;z\n;8;TRUE;2024-06-02;?\n4,25;9;false;2024-06-04;z\n");
    let odd = "--target a --decimal , --missing mean --date day --epochs 5";
    same(&sandbox, "odd.csv", &format!("odd.csv {all}"), odd);
    let batch = columns(3000);
    sandbox.file("t.parquet", parquet(&batch));
    let mut arrow =
        arrow_ipc::writer::FileWriter::try_new(File::create(sandbox.path().join("t.arrow")).unwrap(), &batch.schema())
            .unwrap();
    arrow.write(&batch).unwrap();
    arrow.finish().unwrap();
    for file in ["t.parquet", "t.arrow"] {
        same(&sandbox, file, &format!("{file} {all}"), "--target y --missing mean");
    }
    sandbox.sh("gzip -k -c examples/iris.csv > iris.csv.gz").ok();
    same(&sandbox, "examples/iris.csv", &format!("iris.csv.gz {all}"), "--target species --epochs 20");
    sandbox.file(
        "j.jsonl",
        "{\"a\":1,\"w\":\"u\",\"y\":2}\n{\"a\":2,\"w\":\"v\",\"y\":3.5}\n{\"a\":null,\"w\":\"u\",\"y\":4}\n",
    );
    same(&sandbox, "j.jsonl", &format!("j.jsonl {all}"), "--target y --missing mean");
}

#[test]
fn columns_are_computed_records_chosen_and_tables_joined() {
    let sandbox = Sandbox::new();
    sandbox
        .file("orders.csv", "id,Shop,n,total\n1,a,2,10\n2,b,3,12\n3,a,4,19\n4,c,1,4\n5,b,5,21\n6,a,1,6\n")
        .file("shops.csv", "id,size\na,20\nb,30\nc,10\n")
        .file("by_hand.csv", "n,size,total\n2,20,10\n3,30,12\n4,20,19\n5,30,21\n6,20,26\n")
        .file("plain.csv", "n,size,total\n2,20,10\n3,30,12\n4,20,19\n5,30,21\n");
    let join = "SELECT n, size, total FROM data JOIN shop ON data.Shop = shop.id WHERE n > 1 ORDER BY data.id";
    let query = format!("orders.csv --table shop=shops.csv --sql '{join}'");
    same(&sandbox, "plain.csv", &query, "--target total");
    let quoted = join.replace("JOIN shop", "JOIN 'shops.csv' AS shop").replace('\'', "\\\"");
    let quoted = quoted.replace("\\\"", "'\\''");
    same(&sandbox, "plain.csv", &format!("orders.csv --sql '{quoted}'"), "--target total");
    let grouped = "SELECT Shop AS shop, avg(n) AS n, log(sum(total)) AS y FROM data GROUP BY Shop ORDER BY Shop";
    let seen = sandbox.sh(&format!("deltarule inspect orders.csv --sql \"{grouped}\" --json")).ok().json();
    assert_eq!((&seen["records"], &seen["data"]), (&3.into(), &"the query on orders.csv".into()));
    let n = &seen["columns"][1];
    assert_eq!((n["name"].as_str(), n["min"].as_f64(), n["max"].as_f64()), (Some("n"), Some(1.0), Some(4.0)));
    let logs = sandbox.sh("deltarule train examples/ten.csv --target passed --sql 'SELECT ln(hours) AS lh, passed FROM data' --out m.json").ok();
    assert!(logs.stdout.contains("the query on examples/ten.csv"), "{}", logs.stdout);
    // The model is of the result's columns, and says where they come from.
    let shown = sandbox.sh("deltarule show m.json --json").ok().json();
    assert!(shown["training"]["command"].as_str().unwrap().contains("ln(hours)"), "{shown}");
    let sql = "--sql 'SELECT *, ln(hours) AS lh FROM data'";
    sandbox.sh("awk -F, 'NR == 1 {print \"lh\"; next} {printf \"%.17g\\n\", log($1)}' examples/ten.csv > lh.csv").ok();
    let by_query = sandbox.sh(&format!("deltarule predict m.json examples/ten.csv {sql} --keep hours")).ok().stdout;
    let by_file = sandbox.sh("deltarule predict m.json lh.csv").ok().stdout;
    let predicted: Vec<&str> = by_query.lines().map(|line| line.split_once(',').unwrap().1).collect();
    assert_eq!(predicted, by_file.lines().collect::<Vec<_>>());
    sandbox.sh(&format!("deltarule evaluate m.json examples/ten.csv {sql}")).ok();
    sandbox.sh(&format!("deltarule explain m.json examples/ten.csv {sql} --record 3")).ok();
    sandbox.sh(&format!("deltarule plot bowl m.json examples/ten.csv {sql} --weight lh --out b.svg")).ok();
    let own = "examples/ten.csv --target passed --sql 'SELECT hours, passed FROM data'";
    sandbox.sh(&format!("deltarule sweep {own} --eta 0.1..1")).ok();
    sandbox.sh(&format!("deltarule check {own}")).ok();
    let explained = sandbox.sh(&format!("deltarule explain {own} --all")).ok().stdout;
    assert!(explained.contains("--target passed --sql 'SELECT hours, passed FROM data'"), "{explained}");
}

#[test]
fn private_models_keep_nothing_of_the_query() {
    let sandbox = Sandbox::new();
    let query = "examples/iris.csv --target species --sql 'SELECT * FROM data WHERE petal_width < 2.3'";
    sandbox.sh(&format!("deltarule train {query} --epochs 5 --private --out m.json")).ok();
    let model = sandbox.read("m.json");
    assert!(!model.contains("SELECT") && !model.contains("2.3 ") && !model.contains("iris.csv"), "{model}");
}

#[test]
fn the_order_is_that_of_the_files_and_of_the_parts_of_a_union() {
    let sandbox = Sandbox::new();
    let lines: Vec<String> = (0..9000).map(|i| format!("{},{}", i, (i * 7919) % 104_729)).collect();
    let part = |from: usize, to: usize| format!("x,y\n{}\n", lines[from..to].join("\n"));
    sandbox.file("all.csv", part(0, 9000)).file("b.csv", part(0, 4000)).file("a.csv", part(4000, 9000));
    same(&sandbox, "all.csv", "b.csv a.csv --sql 'SELECT * FROM data'", "--target y --batch 1 --epochs 1");
    let union = "SELECT * FROM data UNION ALL SELECT * FROM a";
    same(&sandbox, "all.csv", &format!("b.csv --table a=a.csv --sql '{union}'"), "--target y --batch 1 --epochs 1");
    // Through a group, where the union is merged within the plan.
    let grouped = format!("SELECT x, sum(y) AS y FROM ({union}) AS u GROUP BY x");
    same(&sandbox, "all.csv", &format!("b.csv --table a=a.csv --sql '{grouped}'"), "--target y --batch 1 --epochs 1");
    // Other columns, and other formats beside each other.
    sandbox.file("c.csv", "y,z\n1,2\n").file("t.parquet", parquet(&columns(10)));
    let message = refused(&sandbox.sh("deltarule inspect a.csv c.csv --sql 'SELECT * FROM data'"));
    assert!(message.contains("c.csv: lacks column \"x\" and has column \"z\" besides"), "{message}");
    sandbox.file("t2.csv", "kind,y,x,Whole\noak,1,2,3\n");
    let seen = sandbox.sh("deltarule inspect t.parquet t2.csv --sql 'SELECT * FROM data' --json").ok().json();
    assert_eq!(seen["records"], 11);
}

#[test]
fn what_does_not_fit_into_memory_is_sorted_all_the_same() {
    let sandbox = Sandbox::new();
    sandbox.file("t.parquet", parquet(&columns(400_000)));
    let sorted = "t.parquet --sql 'SELECT x, \"Whole\", kind, y FROM data ORDER BY y, x, kind, \"Whole\"'";
    let print = |memory: &str| {
        let seen = sandbox.sh(&format!("deltarule inspect {sorted} --memory {memory} --json")).ok().json();
        (seen["fingerprint"].clone(), seen["records"].clone())
    };
    assert_eq!(print("32MiB"), print("4GiB"));
    let join = "SELECT a.*, b.y AS z FROM data a JOIN data b ON a.x = b.x + 1000";
    let message = refused(&sandbox.sh(&format!("deltarule inspect t.parquet --sql '{join}' --memory 20MiB")));
    assert!(message.contains("needs more memory than 20 MiB") && message.contains("--memory"), "{message}");
}

#[test]
fn rows_that_cannot_be_used_are_left_out_of_a_result_too() {
    let sandbox = Sandbox::new();
    let lines: String = (0..40).map(|i| format!("{i},{}\n", 2 * i)).collect();
    sandbox.file("t.csv", format!("x,y\n{lines}"));
    let query =
        "SELECT x, CASE WHEN x = 7 THEN CAST(\"inf\" AS DOUBLE) ELSE y END AS y FROM data".replace('"', "'\\''");
    let line = format!("deltarule train t.csv --target y --sql '{query}' --on-bad-row skip --json");
    let skipped = sandbox.sh(&line).ok().json();
    assert_eq!(skipped["rejected"]["rows"], 1, "{skipped}");
    let split = "deltarule train t.csv --target x --sql 'SELECT x FROM data' --valid t.csv";
    sandbox.sh(&split.replace("SELECT x", "SELECT x, x * x AS z")).ok();
}

#[test]
fn what_is_no_query_is_told_with_its_place() {
    let sandbox = Sandbox::new();
    sandbox.file("t.csv", "x,y,w\n1,2,a\n0,3,b\n4,5,c\n").file("cut.parquet", &parquet(&columns(100))[..600]);
    let says = |sql: &str, expected: &str| {
        let message = refused(&sandbox.sh(&format!("deltarule inspect t.csv --sql \"{sql}\"")));
        assert!(message.starts_with("error: --sql: ") && message.contains(expected), "{sql}\n{message}");
        assert!(!message.contains("datafusion.") && message.lines().count() == 1, "{message}");
    };
    says("SELEC x FROM data", "line 1, column 1: found SELEC; expected");
    says("SELECT x FROM", "the query ends too early");
    says("SELECT 'x FROM data", "line 1, column 8: Unterminated string literal");
    says("", "found no statement");
    says("SELECT x FROM data; SELECT y FROM data", "found 2 statements");
    says(
        "SELECT x\nFROM data\nWHERE z > 1",
        "line 3, column 7: there is no column \\\"z\\\"".replace('\\', "").as_str(),
    );
    says("SELECT yy FROM data", "did you mean \"y\"?");
    says("SELECT * FROM dat, data", "there is no table \"dat\"; expected one of data");
    says("SELECT logg(x) AS l FROM data", "there is no function \"logg\"");
    says("SELECT x, log(x) FROM data", "the column log(x) of the result has no name; give it one");
    says("SELECT x, y AS x FROM data", "the column \"x\" is there more than once");
    says("SELECT * FROM data AS a JOIN data AS b ON a.x = b.x", "both named \"x\"");
    says("SELECT x FROM data AS a, data AS b", "the column \"x\" is there more than once");
    says("SELECT * FROM data WHERE x > 99", "gives no record");
    says("SELECT 1 AS x", "does not name the table data");
    says("INSERT INTO data VALUES (1, 2, 'a')", "found a statement that begins with INSERT");
    says("COPY data TO 'out.csv'", "found a statement that begins with COPY");
    says("CREATE TABLE u AS SELECT * FROM data", "found a statement that begins with CREATE");
    says("SELECT * INTO u FROM data", "");
    says("SELECT x, random() AS r FROM data", "gives something else each time");
    says("SELECT y / CAST(x AS INT) AS z, y FROM data", "divides a whole number by 0");
    says("SELECT CAST(w AS INT) AS z FROM data", "TRY_CAST");
    assert!(!sandbox.path().join("out.csv").exists());
    let message = refused(&sandbox.sh("deltarule inspect t.csv --sql \"SELECT * FROM 'no.csv', data\""));
    assert!(message.contains("no.csv: there is no such file"), "{message}");
    let message = refused(&sandbox.sh("deltarule inspect cut.parquet --sql 'SELECT * FROM data'"));
    assert!(message.contains("cut.parquet: is damaged or cut short"), "{message}");
    let message = refused(&sandbox.sh("deltarule train t.csv --target y --sql 'SELECT * FROM data' --cache c"));
    assert!(message.contains("--cache"), "{message}");
    let message = refused(&sandbox.sh("deltarule inspect - --sql 'SELECT * FROM data' < t.csv"));
    assert!(message.contains("can be read once"), "{message}");
    let message = refused(&sandbox.sh("deltarule inspect t.csv --sql 'SELECT * FROM data' --table data=t.csv"));
    assert!(message.contains("two tables"), "{message}");
    sandbox.file("s.libsvm", "1 1:2 3:4\n0 2:1\n");
    let message = refused(&sandbox.sh("deltarule inspect s.libsvm --sql 'SELECT * FROM data'"));
    assert!(message.contains("libsvm"), "{message}");
    sandbox.file("bad.csv", "x,y\n1,2\n3\n");
    let message = refused(&sandbox.sh("deltarule inspect bad.csv --sql 'SELECT * FROM data'"));
    assert!(message.contains("bad.csv: line 3: found 1 field, expected 2"), "{message}");
}

#[test]
fn ctrl_c_ends_a_query_that_runs() {
    let sandbox = Sandbox::new();
    let lines: String = (0..3000).map(|i| format!("{i}\n")).collect();
    sandbox.file("t.csv", format!("x\n{lines}"));
    let endless = "SELECT count(*) AS n FROM data a, data b, data c WHERE a.x * b.x + c.x = -1";
    let begun = Instant::now();
    let line = format!("deltarule inspect t.csv --sql '{endless}' & sleep 2; kill -INT $!; wait $!; echo exit $?");
    let ran = sandbox.sh(&line);
    assert!(ran.stdout.contains("exit 130"), "{}{}", ran.stdout, ran.stderr);
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn files_on_a_host_are_read_without_a_query_and_with_one() {
    let sandbox = Sandbox::new();
    let batch = columns(2000);
    sandbox.file("t.parquet", parquet(&batch));
    let csv = std::fs::read(sandbox.path().join("examples/iris.csv")).unwrap();
    let host = Objects::default().with("/t%20x.parquet", parquet(&batch)).with("/d/iris.csv", &csv).serve();
    let at = &host.address;
    same(&sandbox, "t.parquet", &format!("http://{at}/t%20x.parquet"), "--target y --missing mean");
    same(&sandbox, "examples/iris.csv", &format!("http://{at}/d/iris.csv"), "--target species --epochs 10");
    let far = format!("SELECT o.petal_width AS w FROM 'http://{at}/d/iris.csv' o, data d WHERE d.sepal_length > 7.8");
    let seen = sandbox.sh(&format!("deltarule inspect examples/iris.csv --sql \"{far}\" --json")).ok().json();
    assert_eq!((&seen["records"], &seen["columns"][0]["max"]), (&150.into(), &2.5.into()), "{seen}");
    assert!(host.asked().iter().any(|line| line.ends_with("part")), "parts are asked for");
    let message = refused(&sandbox.sh(&format!("deltarule inspect http://{at}/no.csv")));
    assert!(message.contains(&format!("http://{at}/no.csv: there is no such object (404)")), "{message}");
    let message = refused(&sandbox.sh(&format!("deltarule inspect 'http://{at}/*.csv'")));
    assert!(message.contains("a host has no list of its files"), "{message}");
    // A host that gives no parts: small text is read all the same, Parquet is not.
    let host = Objects::default().with("/t.parquet", parquet(&batch)).with("/iris.csv", &csv).whole_only().serve();
    let at = &host.address;
    same(&sandbox, "examples/iris.csv", &format!("http://{at}/iris.csv"), "--target species --epochs 10");
    let message = refused(&sandbox.sh(&format!("deltarule inspect http://{at}/t.parquet")));
    assert!(message.contains("gives no parts of a file"), "{message}");
    let host = Objects::default().forbidden().serve();
    let message = refused(&sandbox.sh(&format!("deltarule inspect http://{}/t.csv", host.address)));
    assert!(message.contains("403"), "{message}");
    let message = refused(&sandbox.sh("deltarule inspect http://127.0.0.1:9/t.csv"));
    assert!(message.contains("http://127.0.0.1:9/t.csv: cannot be read"), "{message}");
    let message = refused(&sandbox.sh("deltarule inspect ftp://127.0.0.1/t.csv"));
    assert!(
        message.contains("ftp://127.0.0.1/t.csv: found ftp") && message.contains("expected s3://bucket"),
        "{message}"
    );
}

#[test]
fn objects_of_a_store_are_found_by_patterns_and_read_in_order() {
    let sandbox = Sandbox::new();
    let batch = columns(3000);
    sandbox.file("t.parquet", parquet(&batch));
    let store = Objects::default()
        .with("/shelf/in/part-1.parquet", parquet(&batch.slice(0, 1000)))
        .with("/shelf/in/part-2.parquet", parquet(&batch.slice(1000, 2000)))
        .with("/shelf/in/deep/part-3.parquet", parquet(&batch))
        .with("/shelf/in/other.csv", "x,y\n1,2\n3,4\n")
        .serve();
    let run = |line: &str| sandbox.sh(&format!("{} {line}", store.as_store()));
    sandbox.sh("deltarule train t.parquet --target y --missing mean --batch 1 --epochs 2 --out plain.json").ok();
    run("deltarule train 's3://shelf/in/part-*.parquet' --target y --missing mean --batch 1 --epochs 2 --out query.json").ok();
    assert_eq!(weights(&sandbox, "plain.json"), weights(&sandbox, "query.json"));
    let seen = run("deltarule inspect s3://shelf/in/other.csv --sql 'SELECT x + y AS z FROM data' --json").ok().json();
    assert_eq!((&seen["records"], &seen["columns"][0]["max"]), (&2.into(), &7.0.into()));
    let message = refused(&run("deltarule inspect 's3://shelf/in/nothing-*.parquet'"));
    assert!(message.contains("no file has a name that fits, looked for in the folder s3://shelf/in"), "{message}");
    let message = refused(&run("deltarule inspect s3://shelf/in/"));
    assert!(message.contains("is a folder or a bucket"), "{message}");
    let message = refused(&run("deltarule inspect s3://elsewhere/t.parquet"));
    assert!(message.contains("there is no such object (404); check the bucket"), "{message}");
    let closed = Objects::default().forbidden().serve();
    let message = refused(&sandbox.sh(&format!("{} deltarule inspect s3://shelf/t.parquet", closed.as_store())));
    assert!(message.contains("403") && message.contains("AWS_ACCESS_KEY_ID"), "{message}");
}
