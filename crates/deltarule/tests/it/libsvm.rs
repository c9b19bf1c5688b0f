//! libsvm's format: the same as the dense table of the same values, from training to prediction.

use std::fmt::Write as _;

use deltarule_model::Model;

use crate::support::Sandbox;

/// The same values as libsvm's format and as CSV: 600 records, 12 features of which one never occurs, a label of two values.
fn both() -> Sandbox {
    let (mut sparse, mut dense) = (String::new(), String::new());
    let names: Vec<String> = (1..=12).filter(|i| *i != 7).map(|i| format!("x{i}")).collect();
    writeln!(dense, "label,{}", names.join(",")).unwrap();
    // A plain generator of the test's own: any values will do, so long as they are the same in both files.
    let mut state = 12345_u64;
    let mut draw = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / (1_u64 << 24) as f64
    };
    for _ in 0..600 {
        let label = if draw() < 0.4 { 1 } else { -1 };
        let (mut pairs, mut fields) = (String::new(), String::new());
        for i in (1..=12).filter(|i| *i != 7) {
            // Feature 12 has hardly any zeros, the others many.
            let stored = draw() < if i == 12 { 0.99 } else { 0.2 };
            let x = if stored { (8.0 * draw()).round() / 4.0 - 0.5 + f64::from(label * i) / 64.0 } else { 0.0 };
            write!(fields, ",{x}").unwrap();
            if x != 0.0 {
                write!(pairs, " {i}:{x}").unwrap();
            }
        }
        writeln!(sparse, "{}{label}{pairs}", if label > 0 { "+" } else { "" }).unwrap();
        writeln!(dense, "{label}{fields}").unwrap();
    }
    let sandbox = Sandbox::new();
    sandbox.file("data.libsvm", sparse).file("data.csv", dense);
    sandbox
}

fn number(value: &serde_json::Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value}"))
}

#[test]
fn libsvm_and_dense_csv_give_the_same_model_and_predictions() {
    let sandbox = both();
    for options in ["--scale standard", "--scale none", "--scale standard --batch 16 --valid 0.25"] {
        let epochs = "--epochs 40 --eta 0.05";
        let sparse = format!("deltarule train data.libsvm --out s.json --force --json {epochs} {options}");
        let dense = format!("deltarule train data.csv --target label --out d.json --force --json {epochs} {options}");
        let (sparse, dense) = (sandbox.sh(&sparse).ok().json(), sandbox.sh(&dense).ok().json());
        let (e, expected) = (number(&sparse["sse"]), number(&dense["sse"]));
        assert!((e - expected).abs() < 1e-8 * expected, "{options}: {e} {expected}");
        assert_eq!(sparse["held_out"]["records"], dense["held_out"]["records"], "{options}");
        let p = |model: &str, data: &str| -> Vec<f64> {
            let text = sandbox.sh(&format!("deltarule predict {model} {data} --proba --quiet")).ok().stdout;
            text.lines().skip(1).map(|row| row.rsplit(',').next().unwrap().parse().unwrap()).collect()
        };
        let (p, expected) = (p("s.json", "data.libsvm"), p("d.json", "data.csv"));
        assert_eq!((p.len(), expected.len()), (600, 600));
        let apart = p.iter().zip(&expected).map(|(p, q)| (p - q).abs()).fold(0.0, f64::max);
        assert!(apart < 1e-6, "{options}: {apart}");
    }
}

#[test]
fn training_has_the_same_bits_for_any_threads_compression_or_way_in() {
    let sandbox = both();
    let train = "deltarule train data.libsvm --epochs 30 --quiet --out";
    sandbox.sh(&format!("{train} one.json --threads 1 && gzip -k data.libsvm")).ok();
    sandbox.sh(&format!("{train} three.json --threads 3 && {train} f32.json --precision f32")).ok();
    sandbox.sh("deltarule train - --epochs 30 --quiet --out stdin.json < data.libsvm.gz").ok();
    let outputs = |name: &str| {
        let json: serde_json::Value = serde_json::from_str(&sandbox.read(name)).unwrap();
        (json["features"].clone(), json["outputs"].clone())
    };
    assert_eq!(outputs("three.json"), outputs("one.json"));
    assert_eq!(outputs("stdin.json"), outputs("one.json"));
    let e = |name: &str| number(&sandbox.sh(&format!("deltarule show {name} --json")).ok().json()["training"]["sse"]);
    assert!((e("f32.json") - e("one.json")).abs() < 1e-4 * e("one.json"));
}

/// 20,000 records, of 30 features about 12 each: some pages of 4096 records.
fn many_records() -> Vec<String> {
    let mut state = 7_u64;
    let mut draw = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / (1_u64 << 24) as f64
    };
    let record = |_| {
        let mut pairs: Vec<(u32, f64)> = Vec::new();
        for i in 1..=30 {
            if draw() < 0.4 {
                pairs.push((i, draw()));
            }
        }
        let h: f64 = pairs.iter().map(|(i, x)| x * (f64::from(i % 5) - 2.0)).sum();
        let pairs: String = pairs.iter().map(|(i, x)| format!(" {i}:{x}")).collect();
        format!("{}{pairs}\n", if h + draw() > 0.5 { 1 } else { -1 })
    };
    (0..20_000).map(record).collect()
}

#[test]
fn memory_disk_cache_and_several_files_give_the_same_bits() {
    let sandbox = Sandbox::new();
    let records = many_records();
    sandbox.file("all.libsvm", records.concat());
    sandbox.file("1.libsvm", records[..7000].concat()).file("2.libsvm", records[7000..].concat());
    // A page's labels and begins, and what is stored of it; two pages fit beside what is needed.
    let tight = |threads: usize| {
        let page = 4096 * (16 + 12 * 13);
        format!("--threads {threads} --memory {}B", threads * 8 * 1024 * 1024 + (2 * threads + 3) * page)
    };
    let outputs = |data: &str, options: &str| {
        let ran = sandbox.sh(&format!("deltarule train {data} --out m.json --force {options}")).ok();
        let json: serde_json::Value = serde_json::from_str(&sandbox.read("m.json")).unwrap();
        ((json["features"].clone(), json["outputs"].clone()), ran.stderr)
    };
    for options in ["--epochs 20", "--valid 0.3 --epochs 20", "--batch 1 --epochs 2", "--precision f32 --epochs 20"] {
        let (expected, said) = outputs("all.libsvm", options);
        assert_eq!(said, "", "all of it fits");
        for threads in [1, 3] {
            let (found, said) = outputs("all.libsvm", &format!("{options} {}", tight(threads)));
            assert!(said.contains("in a temporary file on disk"), "{options}: {said}");
            assert_eq!(found, expected, "{options}, spilled");
        }
        for (memory, said_of_cache) in [(String::new(), "is kept in the cache"), (tight(2), "was taken from the cache")]
        {
            let (found, said) = outputs("all.libsvm", &format!("{options} --cache t.cache {memory}"));
            assert!(said.contains(said_of_cache), "{options}: {said}");
            assert_eq!(found, expected, "{options}, {said_of_cache}");
        }
        std::fs::remove_file(sandbox.path().join("t.cache")).unwrap();
        assert_eq!(outputs("1.libsvm 2.libsvm", options).0, expected, "{options}, two files");
        assert_eq!(outputs("'[12].libsvm'", &format!("{options} {}", tight(2))).0, expected, "{options}, spilled");
    }
    let scores =
        |data: &str| sandbox.sh(&format!("deltarule evaluate m.json {data} --json")).ok().json()["scores"].clone();
    assert_eq!(scores("1.libsvm 2.libsvm"), scores("all.libsvm"));
    let predicted = |data: &str| sandbox.sh(&format!("deltarule predict m.json {data} --proba")).ok().stdout;
    assert_eq!(predicted("1.libsvm 2.libsvm"), predicted("all.libsvm"));
}

#[test]
fn an_index_of_0_in_any_of_the_files_counts_for_all() {
    let sandbox = Sandbox::new();
    sandbox.file("1.libsvm", "1 1:2 3:1\n-1 2:1\n").file("2.libsvm", "-1 0:1\n1 3:2\n");
    sandbox.sh("cat 1.libsvm 2.libsvm > all.libsvm").ok();
    let stdout = |data: &str| sandbox.sh(&format!("deltarule train {data} --epochs 5")).ok().stdout;
    let of_files = stdout("1.libsvm 2.libsvm");
    assert!(of_files.contains("indices from 0 on"), "{of_files}");
    let rest = |text: String| text.split_once('\n').unwrap().1.to_owned();
    assert_eq!(rest(of_files), rest(stdout("all.libsvm")));
    let bad = sandbox.file("3.libsvm", "1 1:2\n-1 1:x\n").sh("deltarule train 1.libsvm 3.libsvm");
    assert!(bad.code == Some(2) && bad.stderr.starts_with("error: 3.libsvm: line 2, column 4"), "{}", bad.stderr);
}

#[test]
fn a_model_of_libsvm_is_short_and_comes_back_to_the_same_bits() {
    let sandbox = both();
    let trained = sandbox.sh("deltarule train data.libsvm --out m.json --json --epochs 50").ok().json();
    let text = sandbox.read("m.json");
    let model = Model::from_bytes(text.as_bytes()).unwrap();
    assert_eq!(model.to_json(), text);
    assert_eq!(model.encoding().input_names(), ["1", "2", "3", "4", "5", "6", "8", "9", "10", "11", "12"]);
    assert_eq!(text.lines().filter(|line| line.contains("\"factor\"")).count(), 11, "a line for each feature");
    assert_eq!(text.lines().filter(|line| line.contains("\"weight\"")).count(), 11, "a line for each weight");
    let evaluated = sandbox.sh("deltarule evaluate m.json data.libsvm --json").ok().json();
    assert_eq!(evaluated["scores"], trained["training"]);
    for (from, to) in [
        ("\"index_base\": 1", "\"index_base\": 2"),
        ("{\"index\":2,", "{\"index\":1,"),
        ("{\"index\":12,", "{\"index\":16777216,"),
        ("{\"input\":\"3\"", "{\"input\":\"4\""),
    ] {
        assert!(text.contains(from), "{from}");
        let error = Model::from_bytes(text.replace(from, to).as_bytes()).unwrap_err().to_string();
        assert!(error.contains("expected"), "{to}: {error}");
    }
}

#[test]
fn indices_that_did_not_occur_in_training_are_left_out_and_counted() {
    let sandbox = both();
    sandbox.sh("deltarule train data.libsvm --out m.json --quiet --epochs 20").ok();
    sandbox.file("known.libsvm", "1 1:0.5 3:2\n-1 12:1\n").file("more.libsvm", "1 1:0.5 3:2 7:9\n-1 12:1 99:1 100:0\n");
    let (known, more) =
        (sandbox.sh("deltarule predict m.json known.libsvm"), sandbox.sh("deltarule predict m.json more.libsvm"));
    assert_eq!(known.ok().stdout, more.stdout);
    assert_eq!(more.stderr, "2 values of indices that did not occur in training left out\n");
    // A file whose indices begin at 0 has the same features, one lower.
    sandbox.file("from_0.libsvm", "1 0:0.5 2:2\n-1 11:1\n");
    assert_eq!(sandbox.sh("deltarule predict m.json from_0.libsvm --index-base 0").ok().stdout, more.stdout);
}

#[test]
fn a_long_table_of_weights_shows_the_largest_and_json_all() {
    let sandbox = Sandbox::new();
    let line = |r: usize| format!("{} {}:1 {}:2\n", r % 5, r % 90 + 1, r % 90 + 91);
    sandbox.file("wide.libsvm", (0..400).map(line).collect::<String>());
    sandbox.sh("deltarule train wide.libsvm --out m.json --epochs 10").ok();
    let shown = sandbox.sh("deltarule show m.json").ok().stdout;
    assert!(shown.contains("… the 60 largest of 180 weights; --json shows all"), "{shown}");
    let json = sandbox.sh("deltarule show m.json --json").ok().json();
    assert_eq!(json["weights"][0]["weights"].as_array().unwrap().len(), 180);
    assert_eq!(json["features"][0]["kind"], "sparse");
}

#[test]
fn inspect_and_sweep_read_libsvm() {
    let sandbox = both();
    let json = sandbox.sh("deltarule inspect data.libsvm --json").ok().json();
    assert_eq!((json["records"].as_u64(), json["sparse"]["features"].as_u64()), (Some(600), Some(11)));
    let density = number(&json["sparse"]["values"]) / 6600.0;
    assert_eq!(number(&json["sparse"]["density"]), density);
    let runs = sandbox.sh("deltarule sweep data.libsvm --eta 0.1,1 --epochs 5 --valid 0.2 --out m.json").ok();
    let alone = runs.stdout.split("To see it alone: ").nth(1).unwrap().lines().next().unwrap();
    assert!(alone.starts_with("deltarule train data.libsvm --valid 0.2 --optimizer gd"), "{alone}");
    sandbox.sh(alone).ok();
    sandbox.sh("deltarule evaluate m.json data.libsvm").ok();
}

/// A feature that is stored, with one sign, in records of one class alone: its weight grows for as long as descent goes on.
#[test]
fn features_that_no_finite_weight_fits_best_are_named() {
    let sandbox = Sandbox::new();
    let rows = |with: &dyn Fn(u32, bool) -> String| -> String {
        let class = |i: u32| (i * 37 % 101) + (i * 53 % 47) > 74;
        let row = |i: u32| {
            let label = if class(i) { "+1" } else { "-1" };
            format!("{label} 1:{}{}\n", f64::from(i * 37 % 101) / 50.0 - 1.005, with(i, class(i)))
        };
        (0..300).map(row).collect()
    };
    sandbox.file("one.libsvm", rows(&|i, class| if class && i % 3 == 0 { " 4:0.5 6:1" } else { " 6:2" }.to_owned()));
    sandbox.file(
        "signs.libsvm",
        rows(&|i, class| if class { format!(" 4:{}", if i % 3 == 0 { -1 } else { 1 }) } else { String::new() }),
    );
    sandbox.file(
        "two.libsvm",
        rows(&|i, class| {
            if class {
                " 4:1"
            } else if i % 2 == 0 {
                " 5:-3"
            } else {
                ""
            }
            .to_owned()
        }),
    );
    let warnings =
        |options: &str| sandbox.sh(&format!("deltarule train {options} --json")).ok().json()["warnings"].to_string();
    let one =
        r#"the sparse feature \"4\", which is other than 0 only in records that are all \"1\", has no finite minimum"#;
    for options in [
        "one.libsvm --loss log",
        "one.libsvm --loss squared --activation tanh --epochs 40",
        "one.libsvm --loss log --scale none",
    ] {
        let told = warnings(options);
        assert!(told.contains(one) && !told.contains("--min-count"), "{options}: {told}");
    }
    let told = warnings("two.libsvm --loss log");
    assert!(told.contains(r#"2 sparse features have no finite minimum, such as \"4\""#), "{told}");
    // What bounds the weight, what fits it with a finite one, and values of both signs.
    for options in
        ["one.libsvm --loss log --l2 0.01", "one.libsvm --activation identity", "signs.libsvm --loss log --epochs 50"]
    {
        let told = warnings(options);
        assert!(!told.contains("sparse feature"), "{options}: {told}");
    }
}
