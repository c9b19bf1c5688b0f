//! Pictures: the numbers in them are those of the program, and stand where the axes say.

use std::collections::HashMap;

use roxmltree::{Document, Node};

use crate::support::Sandbox;

/// The elements of a class.
pub(crate) fn of_class<'a, 'd>(document: &'a Document<'d>, class: &str) -> Vec<Node<'a, 'd>> {
    document.descendants().filter(|node| node.attribute("class") == Some(class)).collect()
}

pub(crate) fn number(node: &Node<'_, '_>, name: &str) -> f64 {
    let text = node.attribute(name).unwrap_or_else(|| panic!("no {name} in {:?}", node.attributes()));
    text.parse().unwrap_or_else(|_| panic!("{name}={text}"))
}

/// The pairs of `data-points`.
pub(crate) fn points(node: &Node<'_, '_>) -> Vec<(f64, f64)> {
    let pair = |text: &str| {
        let (x, y) = text.split_once(',').unwrap();
        (x.parse().unwrap(), y.parse().unwrap())
    };
    node.attribute("data-points").unwrap().split(' ').map(pair).collect()
}

/// Where a value must stand on an axis that says what it is.
fn place(axes: &Node<'_, '_>, axis: &str, value: f64) -> f64 {
    let of = |what: &str| number(axes, &format!("data-{axis}-{what}"));
    let (min, max, start, end) = (of("min"), of("max"), of("start"), of("end"));
    let share = match axes.attribute(format!("data-{axis}-scale").as_str()) {
        Some("log") => (value / min).ln() / (max / min).ln(),
        _ => (value - min) / (max - min),
    };
    start + (end - start) * share
}

#[track_caller]
pub(crate) fn close(a: f64, b: f64, relative: f64) {
    assert!((a - b).abs() <= relative * b.abs().max(1e-12), "{a} and {b}");
}

/// Circles stand where their data says.
#[track_caller]
fn stand_right(document: &Document<'_>, class: &str) {
    let axes = of_class(document, "axes")[0];
    let circles = of_class(document, class);
    assert!(!circles.is_empty(), "no {class}");
    for circle in circles {
        assert!((number(&circle, "cx") - place(&axes, "x", number(&circle, "data-x"))).abs() < 0.02);
        assert!((number(&circle, "cy") - place(&axes, "y", number(&circle, "data-y"))).abs() < 0.02);
    }
}

/// The columns of a CSV file without quotes.
fn csv(text: &str) -> Vec<HashMap<String, String>> {
    let mut lines = text.lines();
    let names: Vec<String> = lines.next().unwrap().split(',').map(str::to_owned).collect();
    lines.map(|line| names.iter().cloned().zip(line.split(',').map(str::to_owned)).collect()).collect()
}

/// The weights of a feature on a way, and E, by epoch.
fn way(sandbox: &Sandbox, path: &str, trace: &str, output: &str, feature: &str) -> HashMap<u64, (f64, f64)> {
    let sum = |row: &HashMap<String, String>| row.get("sse").or(row.get("loss_sum")).unwrap().parse().unwrap();
    let errors: HashMap<u64, f64> =
        csv(&sandbox.read(trace)).iter().map(|row| (row["epoch"].parse().unwrap(), sum(row))).collect();
    let rows = csv(&sandbox.read(path));
    let of = rows.iter().filter(|row| row["output"] == output && row["feature"] == feature);
    of.map(|row| {
        (row["epoch"].parse().unwrap(), (row["weight"].parse().unwrap(), errors[&row["epoch"].parse().unwrap()]))
    })
    .collect()
}

/// A model of each kind of table, with the way to it.
fn trained(sandbox: &Sandbox) -> [(&'static str, &'static str, &'static str, [&'static str; 2], String); 3] {
    let of = [
        ("diabetes", "examples/diabetes.csv", "progression", ["bmi", "bp"], "--optimizer gd --epochs 60"),
        ("cancer", "examples/breast_cancer.csv", "diagnosis", ["worst_texture", "mean_radius"], "--loss log --l2 0.01"),
        ("ten", "examples/ten.csv", "passed", ["hours", "sleep"], "--optimizer gd --epochs 3000"),
    ];
    of.map(|(name, data, target, weights, options)| {
        let line = format!(
            "deltarule train {data} --target {target} {options} --path {name}-path.csv --trace {name}-trace.csv --out {name}.json --json"
        );
        (name, data, target, weights, sandbox.sh(&line).ok().stdout)
    })
}

#[test]
fn the_ways_in_bowls_and_contours_are_those_of_the_files() {
    let sandbox = Sandbox::new();
    for (name, data, target, [first, second], json) in trained(&sandbox) {
        let report: serde_json::Value = serde_json::from_str(&json).unwrap();
        let by_first = way(&sandbox, &format!("{name}-path.csv"), &format!("{name}-trace.csv"), target, first);
        let by_second = way(&sandbox, &format!("{name}-path.csv"), &format!("{name}-trace.csv"), target, second);
        let weights = report["weights"][0]["weights"].as_array().unwrap();
        let weight_of = |name: &str| {
            let weight = weights.iter().find(|weight| weight["input"] == name || weight["name"] == name);
            weight.unwrap_or_else(|| panic!("{weights:?}"))["scaled"].as_f64().unwrap()
        };
        // With a penalty, what is drawn is E with it, and not what the trace has.
        let has_penalty = report["penalty"]["sum"].as_f64().unwrap() > 0.0;
        let penalised = report["training"]["sse"].as_f64().or(report["training"]["loss_sum"].as_f64()).unwrap()
            + report["penalty"]["sum"].as_f64().unwrap();

        let svg = sandbox
            .sh(&format!("deltarule plot contour {name}.json {data} --weights {first},{second} --path {name}-path.csv"))
            .ok()
            .stdout;
        let document = Document::parse(&svg).unwrap();
        stand_right(&document, "path-point");
        let dots = of_class(&document, "path-point");
        assert!(dots.len() > 5 && dots.len() <= 241, "{name}: {}", dots.len());
        for dot in &dots {
            let epoch = dot.attribute("data-epoch").unwrap().parse().unwrap();
            assert_eq!(number(dot, "data-x"), by_first[&epoch].0, "{name} {epoch}");
            assert_eq!(number(dot, "data-y"), by_second[&epoch].0, "{name} {epoch}");
            if !has_penalty {
                close(number(dot, "data-error"), by_first[&epoch].1, 1e-9);
            }
        }
        let last = by_first.keys().max().unwrap();
        assert_eq!(dots[0].attribute("data-epoch"), Some("0"));
        assert_eq!(dots[dots.len() - 1].attribute("data-epoch"), Some(last.to_string().as_str()));
        let end = of_class(&document, "minimum").into_iter().chain(of_class(&document, "here")).next().unwrap();
        assert_eq!((number(&end, "data-x"), number(&end, "data-y")), (weight_of(first), weight_of(second)));
        close(number(&end, "data-error"), penalised, 1e-9);
        let step = of_class(&document, "step")[0];
        assert_eq!(number(&step, "data-from-x"), by_first[&0].0);
        // The start, the way and the end are in view.
        let axes = of_class(&document, "axes")[0];
        for (axis, values) in [("x", &by_first), ("y", &by_second)] {
            let (min, max) = (number(&axes, &format!("data-{axis}-min")), number(&axes, &format!("data-{axis}-max")));
            assert!(values.values().all(|(w, _)| min < *w && *w < max), "{name} {axis} {min} {max}");
        }

        let svg = sandbox
            .sh(&format!("deltarule plot bowl {name}.json {data} --weight {first} --path {name}-path.csv"))
            .ok()
            .stdout;
        let document = Document::parse(&svg).unwrap();
        stand_right(&document, "path-point");
        for dot in of_class(&document, "path-point") {
            let epoch = dot.attribute("data-epoch").unwrap().parse().unwrap();
            assert_eq!(number(&dot, "data-x"), by_first[&epoch].0);
            if !has_penalty {
                close(number(&dot, "data-y"), by_first[&epoch].1, 1e-9);
            }
        }
        // The step is −η ∂E/∂w: with plain descent over all records it leads to the next place of the way.
        let step = of_class(&document, "step")[0];
        if name != "cancer" {
            close(number(&step, "data-from") + number(&step, "data-by"), by_first[&1].0, 1e-9);
        }
        assert!(number(&step, "data-slope") * number(&step, "data-by") <= 0.0);
    }
}

#[test]
fn the_minimum_that_is_drawn_is_the_minimum_found() {
    let sandbox = Sandbox::new();
    for (name, data, target, weight) in
        [("diabetes", "examples/diabetes.csv", "progression", "s5"), ("ten", "examples/ten.csv", "passed", "hours")]
    {
        sandbox.sh(&format!("deltarule train {data} --target {target} --out {name}.json --epochs 300000 --quiet")).ok();
        let evaluated = sandbox.sh(&format!("deltarule evaluate {name}.json {data} --json")).ok().json();
        let sse = evaluated["scores"]["sse"].as_f64().unwrap();
        for units in ["scaled", "original"] {
            let svg = sandbox
                .sh(&format!("deltarule plot bowl {name}.json {data} --weight {weight} --units {units}"))
                .ok()
                .stdout;
            let document = Document::parse(&svg).unwrap();
            let minimum = of_class(&document, "minimum")[0];
            close(number(&minimum, "data-y"), sse, 1e-10);
            let curve = points(&of_class(&document, "curve")[0]);
            let least = curve.iter().min_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
            let spacing = curve[1].0 - curve[0].0;
            assert!((least.0 - number(&minimum, "data-x")).abs() <= spacing, "{name} {units} {least:?}");
            close(least.1, sse, 1e-6);
            // Both sides of it rise.
            assert!(curve[0].1 > 1.01 * sse && curve[curve.len() - 1].1 > 1.01 * sse, "{name} {units}");
            let shown = sandbox.sh(&format!("deltarule show {name}.json --json")).ok().json();
            let text = shown.to_string();
            assert!(text.contains(&number(&minimum, "data-x").to_string()), "{name} {units}: {text}");
        }
    }
}

#[test]
fn one_record_is_drawn_as_explain_works_it_out() {
    let sandbox = Sandbox::new();
    let numbers = "--x 1,-2 --w 0.6,0.1 --bias 0.2 --y 1 --activation sigmoid --eta 5";
    let worked = sandbox.sh(&format!("deltarule explain {numbers} --json")).ok().json();
    let svg = sandbox.sh(&format!("deltarule plot bowl {numbers} --weight x2")).ok().stdout;
    let document = Document::parse(&svg).unwrap();
    let step = of_class(&document, "step")[0];
    let output = &worked["record"]["steps"][0];
    assert_eq!(Some(number(&step, "data-from")), output["w"][1].as_f64());
    assert_eq!(Some(number(&step, "data-by")), output["step"][1].as_f64());
    assert_eq!(Some(number(&step, "data-slope")), output["gradient"][1].as_f64());
    assert_eq!(Some(number(&step, "data-error")), worked["record"]["sse"].as_f64());

    sandbox
        .sh("deltarule train examples/ten.csv --target passed --epochs 5 --optimizer gd --out ten.json --quiet")
        .ok();
    let worked = sandbox.sh("deltarule explain ten.json examples/ten.csv --record 3 --json").ok().json();
    let svg = sandbox.sh("deltarule plot bowl ten.json examples/ten.csv --weight hours --record 3").ok().stdout;
    let document = Document::parse(&svg).unwrap();
    let step = of_class(&document, "step")[0];
    assert_eq!(Some(number(&step, "data-by")), worked["record"]["steps"][0]["step"][0].as_f64());
    assert_eq!(Some(number(&step, "data-error")), worked["record"]["sse"].as_f64());
}

#[test]
fn curves_are_those_of_the_traces_and_what_diverges_is_marked() {
    let sandbox = Sandbox::new();
    sandbox.sh("deltarule train examples/ten.csv --target passed --optimizer gd --epochs 40 --trace t.csv --valid 0.2 --early-stopping 100 --quiet").ok();
    let svg = sandbox.sh("deltarule plot curve t.csv").ok().stdout;
    let document = Document::parse(&svg).unwrap();
    let rows = csv(&sandbox.read("t.csv"));
    for (class, column) in [("run-line", "sse"), ("held-out", "held_out_sse")] {
        let drawn = points(&of_class(&document, class)[0]);
        let expected: Vec<(f64, f64)> =
            rows.iter().map(|row| (row["epoch"].parse().unwrap(), row[column].parse().unwrap())).collect();
        assert_eq!(drawn, expected, "{column}");
        let axes = of_class(&document, "axes")[0];
        let (low, high) = (number(&axes, "data-y-min"), number(&axes, "data-y-max"));
        assert!(drawn.iter().all(|(_, e)| low < *e && *e < high), "{column} is in view: {low} {high}");
    }
    sandbox.sh("deltarule sweep examples/diabetes.csv --target progression --eta 0.001..1 --points 4 --epochs 200 --trace s.csv").ok();
    let svg = sandbox.sh("deltarule plot curve s.csv").ok().stdout;
    let document = Document::parse(&svg).unwrap();
    let runs = of_class(&document, "run");
    assert_eq!(runs.len(), 4);
    let diverged: Vec<&str> = runs.iter().filter_map(|run| run.attribute("data-diverged")).collect();
    assert_eq!(diverged, ["false", "false", "false", "true"]);
    assert_eq!(runs[0].attribute("data-label"), Some("η = 0.001"));
    assert_eq!(of_class(&document, "diverged").len(), 1);
}

#[test]
fn f_and_its_derivative_are_drawn_as_they_are() {
    let sandbox = Sandbox::new();
    for (name, f, slope) in [
        (
            "sigmoid",
            (|h: f64| 1.0 / (1.0 + (-h).exp())) as fn(f64) -> f64,
            (|h: f64| 1.0 / (2.0 + h.exp() + (-h).exp())) as fn(f64) -> f64,
        ),
        ("h / (1 + abs(h))", |h| h / (1.0 + h.abs()), |h| (1.0 + h.abs()).powi(-2)),
    ] {
        let svg = sandbox.sh(&format!("deltarule plot activation '{name}' --from -4 --to 4")).ok().stdout;
        let document = Document::parse(&svg).unwrap();
        for (class, of) in [("value", f), ("derivative", slope)] {
            let drawn = points(&of_class(&document, class)[0]);
            assert!(drawn.len() > 100 && drawn[0].0 == -4.0);
            drawn.iter().for_each(|(h, y)| close(*y, of(*h), 1e-12));
        }
    }
    let svg = sandbox.sh("deltarule plot activation '1/h'").ok().stdout;
    assert!(!svg.contains("NaN\" ") && svg.contains("not finite"), "a pole is a gap");
}

#[test]
fn fits_calibration_weights_and_networks_have_the_numbers_of_the_commands() {
    let sandbox = Sandbox::new();
    sandbox.sh("deltarule train examples/diabetes.csv --target progression --out d.json --quiet").ok();
    let svg = sandbox.sh("deltarule plot fit d.json examples/diabetes.csv").ok().stdout;
    let document = Document::parse(&svg).unwrap();
    let predicted = csv(&sandbox.sh("deltarule predict d.json examples/diabetes.csv --keep progression").ok().stdout);
    let records = of_class(&document, "record");
    assert_eq!(records.len(), 2 * predicted.len(), "pairs and residuals");
    for (record, row) in records.iter().zip(&predicted) {
        assert_eq!(number(record, "data-x"), row["progression"].parse::<f64>().unwrap());
        close(number(record, "data-y"), row["predicted_progression"].parse().unwrap(), 1e-12);
    }
    for (record, row) in records[predicted.len()..].iter().zip(&predicted) {
        let (y, o): (f64, f64) = (row["progression"].parse().unwrap(), row["predicted_progression"].parse().unwrap());
        assert!((number(record, "data-y") - (y - o)).abs() < 1e-9);
    }
    // One input: the line goes through its own predictions.
    sandbox.sh("deltarule train examples/diabetes.csv --target progression --features bmi --out one.json --quiet").ok();
    let svg = sandbox.sh("deltarule plot fit one.json examples/diabetes.csv").ok().stdout;
    let document = Document::parse(&svg).unwrap();
    let line = points(&of_class(&document, "fitted")[0]);
    sandbox.file("x.csv", format!("bmi\n{}\n{}\n", line[0].0, line[240].0));
    let rows = csv(&sandbox.sh("deltarule predict one.json x.csv").ok().stdout);
    close(line[0].1, rows[0]["predicted_progression"].parse().unwrap(), 1e-12);
    close(line[240].1, rows[1]["predicted_progression"].parse().unwrap(), 1e-12);

    sandbox.sh("deltarule train examples/breast_cancer.csv --target diagnosis --out c.json --quiet").ok();
    let svg = sandbox.sh("deltarule plot calibration c.json examples/breast_cancer.csv --threshold 0.3").ok().stdout;
    let document = Document::parse(&svg).unwrap();
    let report = sandbox.sh("deltarule evaluate c.json examples/breast_cancer.csv --threshold 0.3 --json").ok().json();
    close(number(&of_class(&document, "auc")[0], "data-auc"), report["scores"]["model"]["auc"].as_f64().unwrap(), 1e-9);
    let groups = of_class(&document, "group");
    let calibration = report["decisions"]["calibration"].as_array().unwrap();
    let calibration: Vec<_> = calibration.iter().filter(|group| group["records"] != 0).collect();
    assert_eq!(groups.len(), calibration.len());
    for (drawn, group) in groups.iter().zip(calibration) {
        close(number(drawn, "data-x"), group["mean_p"].as_f64().unwrap(), 1e-12);
        close(number(drawn, "data-y"), group["share"].as_f64().unwrap(), 1e-12);
        assert_eq!(number(drawn, "data-n"), group["records"].as_f64().unwrap());
    }
    let chosen = of_class(&document, "chosen")[0];
    close(number(&chosen, "data-y"), report["decisions"]["chosen"]["recall"].as_f64().unwrap(), 1e-12);

    sandbox.sh("deltarule train examples/iris.csv --target species --out i.json --quiet").ok();
    let shown = sandbox.sh("deltarule show i.json --json").ok().json().to_string();
    let svg = sandbox.sh("deltarule plot weights i.json --output virginica").ok().stdout;
    let document = Document::parse(&svg).unwrap();
    let bars = of_class(&document, "weight");
    assert_eq!(bars.len(), 5, "four inputs and the bias");
    for bar in &bars {
        for which in ["data-scaled", "data-original"] {
            assert!(shown.contains(bar.attribute(which).unwrap()), "{which} of {:?}", bar.attribute("data-name"));
        }
    }
    let svg = sandbox.sh("deltarule plot network i.json").ok().stdout;
    let document = Document::parse(&svg).unwrap();
    let edges = of_class(&document, "edge");
    assert_eq!(edges.len(), 15);
    assert!(edges.iter().all(|edge| shown.contains(edge.attribute("data-weight").unwrap())));
}

#[test]
fn pictures_come_as_svg_png_and_pdf_whole_or_not_at_all() {
    let sandbox = Sandbox::new();
    for ending in ["svg", "PNG", "pdf"] {
        sandbox
            .sh(&format!(
                "deltarule plot activation tanh --theme dark --width 400 --height 300 {} --out f.{ending}",
                if ending == "PNG" { "--scale 1" } else { "" }
            ))
            .ok();
        let bytes = std::fs::read(sandbox.path().join(format!("f.{ending}"))).unwrap();
        let starts: &[u8] = match ending {
            "svg" => b"<?xml",
            "pdf" => b"%PDF",
            _ => b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\x90\0\0\x01\x2c",
        };
        assert!(bytes.starts_with(starts), "{ending}");
        let again = sandbox.sh(&format!("deltarule plot activation tanh --out f.{ending}"));
        assert!(again.code == Some(2) && again.stderr.contains("--force replaces it"), "{}", again.stderr);
        sandbox.sh(&format!("deltarule plot activation tanh --out f.{ending} --force")).ok();
    }
    let before = sandbox.names();
    for line in [
        "activation 'h +' --out g.svg",
        "bowl none.json examples/ten.csv --weight hours --out g.svg",
        "curve examples/ten.csv --out g.png",
    ] {
        assert_eq!(sandbox.sh(&format!("deltarule plot {line}")).code, Some(2));
    }
    assert_eq!(sandbox.names(), before, "nothing is left of what failed");
}

#[test]
fn names_of_any_kind_and_thousands_of_inputs_can_be_drawn() {
    let sandbox = Sandbox::new();
    let names = ["a<b>&\"c\"", "x".repeat(300).as_str(), "体重", "a/b"].map(str::to_owned);
    let header: Vec<String> = names.iter().map(|name| format!("\"{}\"", name.replace('"', "\"\""))).collect();
    let rows: Vec<String> = (0..40).map(|k| format!("{},{},{},{},{}", k % 7, (k * k) % 11, k % 3, 5, k)).collect();
    sandbox.file("odd.csv", format!("{},y\n{}\n", header.join(","), rows.join("\n")));
    sandbox.sh("deltarule train odd.csv --target y --out odd.json --path p.csv --quiet").ok();
    for (k, line) in [
        "bowl odd.json odd.csv --weight 'a<b>&\"c\"'",
        "contour odd.json odd.csv --weights 体重,'(bias)'",
        "weights odd.json",
        "network odd.json",
        "fit odd.json odd.csv",
        "bowl odd.json odd.csv --weight 'a/b'",
    ]
    .into_iter()
    .enumerate()
    {
        sandbox.sh(&format!("deltarule plot {line} --out odd{k}.svg && deltarule plot {line} --out odd{k}.png")).ok();
        let svg = sandbox.read(&format!("odd{k}.svg"));
        Document::parse(&svg).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{line}");
    }
    // A constant column has no weight in its own units.
    let ran = sandbox.sh("deltarule plot bowl odd.json odd.csv --weight 'a/b' --units original");
    assert!(ran.code == Some(2) && ran.stderr.contains("all the same"), "{}", ran.stderr);

    let wide: Vec<String> = (1..=60)
        .map(|k| {
            format!(
                "{} {}",
                if k % 2 == 0 { "+1" } else { "-1" },
                (1..=3000)
                    .filter(|i| (i * k) % 97 < 3)
                    .map(|i| format!("{i}:{}", (i + k) % 5 + 1))
                    .collect::<Vec<_>>()
                    .join(" ")
            )
        })
        .collect();
    sandbox.file("wide.libsvm", wide.join("\n"));
    sandbox.sh("deltarule train wide.libsvm --epochs 20 --out wide.json --quiet").ok();
    for line in [
        "weights wide.json",
        "network wide.json",
        "bowl wide.json wide.libsvm --weight 97",
        "fit wide.json wide.libsvm",
        "calibration wide.json wide.libsvm",
    ] {
        let svg = sandbox.sh(&format!("deltarule plot {line}")).ok().stdout;
        Document::parse(&svg).unwrap();
        assert!(svg.len() < 400_000, "{line}: {} bytes", svg.len());
    }
    let svg = sandbox.sh("deltarule plot weights wide.json").ok().stdout;
    assert!(svg.contains("largest of"), "what is left out is said");
}

#[test]
fn what_cannot_be_drawn_is_said() {
    let sandbox = Sandbox::new();
    sandbox.sh("deltarule train examples/ten.csv --target passed --epochs 5 --optimizer gd --path p.csv --out m.json --quiet").ok();
    sandbox
        .sh("deltarule train examples/iris.csv --target species --epochs 5 --optimizer gd --out i.json --quiet")
        .ok();
    sandbox
        .sh("deltarule train examples/diabetes.csv --target progression --epochs 5 --optimizer gd --out d.json --quiet")
        .ok();
    sandbox.file("half.csv", "epoch,output,feature,weight\n0,passed,hours,1\n");
    sandbox.file("empty.csv", "epoch,sse\n");
    sandbox.file("words.csv", "epoch,sse\n0,much\n");
    sandbox.file("a.csv", "epoch,sse\n0,3\n");
    sandbox.file("b.csv", "epoch,loss_sum\n0,3\n");
    let data = "examples/ten.csv";
    for (line, said) in [
        (format!("bowl m.json {data} --out b.svg"), "--weight: found nothing"),
        (format!("bowl m.json {data} --weight ours"), "found \"ours\", expected one of hours, sleep, (bias)"),
        ("bowl m.json --weight hours".to_owned(), "found a model without data"),
        ("bowl --weight hours".to_owned(), "found neither MODEL and DATA nor --x"),
        (
            "bowl i.json examples/iris.csv --weight petal_length".to_owned(),
            "expected OUTPUT/NAME, such as setosa/petal_length",
        ),
        (format!("bowl m.json {data} --weight hours --record 11"), "found no record 11, expected one from 1 to 10"),
        (format!("bowl m.json {data} --weight hours --path half.csv"), "found no weight of sleep"),
        (format!("bowl m.json {data} --weight hours --path {data}"), "found the columns hours,sleep,passed"),
        (format!("bowl m.json {data} --weight hours --out b.jpg"), "expected .svg, .png or .pdf"),
        (format!("bowl m.json {data} --weight hours --out nowhere/b.svg"), "there is no folder nowhere"),
        (format!("bowl m.json {data} --weight hours --width 3"), "expected a number from 240 to 10000"),
        ("bowl --x 1,2 --w 1 --y 1".to_owned(), "--w: found one row of 1 weights"),
        ("bowl --x 1,2 --w 1,2 --y 1 --weight x3".to_owned(), "found \"x3\", expected one of x1, x2"),
        (format!("contour m.json {data} --weights hours"), "found 1 name, expected two"),
        (format!("contour m.json {data} --weights hours,hours"), "found hours twice"),
        (format!("contour m.json {data} --weights hours,sleep --out {data}"), "is a file that is read"),
        ("curve empty.csv".to_owned(), "found no line of a run"),
        ("curve words.csv".to_owned(), "line 2, column \"sse\": found \"much\""),
        ("curve a.csv b.csv".to_owned(), "expected traces of one kind of E"),
        (format!("curve {data}"), "expected epoch and sse"),
        ("calibration d.json examples/diabetes.csv".to_owned(), "found a model of numbers"),
        ("calibration i.json examples/iris.csv --class rose".to_owned(), "found \"rose\", expected one of setosa"),
        ("fit i.json examples/iris.csv --output rose".to_owned(), "found \"rose\""),
        ("activation 'h +'".to_owned(), "h +"),
        ("activation softmax".to_owned(), "for two classes it is sigmoid"),
        ("activation tanh --from 2 --to 1".to_owned(), "expected a number and a larger one"),
        ("weights examples/ten.csv".to_owned(), "examples/ten.csv"),
    ] {
        let ran = sandbox.sh(&format!("deltarule plot {line}"));
        assert_eq!(ran.code, Some(2), "{line}\n{}{}", ran.stdout.len(), ran.stderr);
        assert!(ran.stderr.contains(said), "{line}: expected {said:?} in\n{}", ran.stderr);
        assert!(ran.stdout.is_empty(), "{line}");
    }
}

/// Letters of which rows stand one below the other, and how far apart the rows are.
fn letters(document: &Document<'_>, is_row: impl Fn(&Node<'_, '_>) -> bool) -> (f64, f64) {
    let rows: Vec<Node<'_, '_>> =
        document.descendants().filter(|node| node.has_tag_name("text") && is_row(node)).collect();
    let places: Vec<f64> = rows.iter().map(|row| number(row, "y")).collect();
    let apart = places.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(f64::INFINITY, f64::min);
    (number(&rows[0], "font-size"), apart)
}

#[test]
fn names_of_many_rows_do_not_cover_each_other_and_titles_are_whole() {
    let sandbox = Sandbox::new();
    let train =
        "deltarule train examples/breast_cancer.csv --target diagnosis --loss log --l2 0.01 --quiet --out m.json";
    sandbox.sh(train).ok();
    let bars = sandbox.sh("deltarule plot weights m.json --most 30").ok().stdout;
    let bars = Document::parse(&bars).unwrap();
    let (size, apart) = letters(&bars, |node| node.attribute("class") == Some("name"));
    assert!(1.1 * size <= apart && size > 6.0, "letters of {size}, {apart} apart");
    let network = sandbox.sh("deltarule plot network m.json --most 30").ok().stdout;
    let network = Document::parse(&network).unwrap();
    let (size, apart) = letters(&network, |node| node.attribute("text-anchor") == Some("end"));
    assert!(1.1 * size <= apart && size > 6.0, "letters of {size}, {apart} apart");
    // What an axis is called has a second line where one is too short.
    let narrow = sandbox.sh("deltarule plot weights m.json --width 560").ok().stdout;
    let narrow = Document::parse(&narrow).unwrap();
    let title: Vec<&str> = of_class(&narrow, "x-label").iter().filter_map(|node| node.text()).collect();
    assert_eq!(title.len(), 2);
    assert_eq!(title.join(" "), "weight: change of h for one standard deviation of the column, or for the level");
}

#[test]
fn numbers_in_a_network_stand_on_a_ground_that_hides_the_lines() {
    let sandbox = Sandbox::new();
    sandbox.sh("deltarule train examples/iris.csv --target species --quiet --epochs 100 --out m.json").ok();
    let network = sandbox.sh("deltarule plot network m.json").ok().stdout;
    let network = Document::parse(&network).unwrap();
    let values: Vec<Node<'_, '_>> = of_class(&network, "values")[0].children().filter(Node::is_element).collect();
    assert_eq!(values.len(), 2 * 15);
    for pair in values.chunks(2) {
        let [ground, text] = pair else { panic!("a number without a ground") };
        assert!(ground.has_tag_name("rect") && text.has_tag_name("text"));
        let (left, wide) = (number(ground, "x"), number(ground, "width"));
        assert!((left + wide / 2.0 - number(text, "x")).abs() < 0.02 && wide > 20.0);
        let (top, high) = (number(ground, "y"), number(ground, "height"));
        assert!((top..top + high).contains(&number(text, "y")));
    }
}
