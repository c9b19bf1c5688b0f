//! Pictures: what is said in them, what they count, and what they refuse.

use std::time::{Duration, Instant};

use roxmltree::{Document, Node};

use crate::plot::{close, number, of_class, points};
use crate::support::Sandbox;

/// Every text of a picture, its description among them.
fn texts(document: &Document<'_>) -> Vec<String> {
    let is_text = |node: &Node<'_, '_>| node.has_tag_name("text") || node.has_tag_name("desc");
    document.descendants().filter(is_text).filter_map(|node| node.text().map(str::to_owned)).collect()
}

fn said(document: &Document<'_>) -> String {
    texts(document).join("\n")
}

/// The number of the line below the title.
fn root_mean_square(text: &str) -> f64 {
    let rest = text.split("root mean square of y − ŷ: ").nth(1).unwrap();
    let end = rest.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].trim_end_matches('.').parse().unwrap()
}

/// Least and largest value of the axis of E.
fn range_of_e(document: &Document<'_>) -> (f64, f64) {
    let axes = of_class(document, "axes")[0];
    (number(&axes, "data-y-min"), number(&axes, "data-y-max"))
}

#[test]
fn a_step_far_away_leaves_the_bowl_to_be_seen() {
    let sandbox = Sandbox::new();
    let of = |eta: &str| {
        let line = format!("deltarule plot bowl --x 1,-2 --w 0.6,0.1 --y 1 --eta {eta} --weight x2");
        sandbox.sh(&line).ok().stdout
    };
    // h = 0.4, δ = 0.6: E = ½(0.4 − 2(w − 0.1) − 1)², and Δw = −1.2η.
    let (near, far) = (of("0.3"), of("1000"));
    let document = Document::parse(&near).unwrap();
    let step = of_class(&document, "step")[0];
    assert!(range_of_e(&document).1 > number(&step, "data-after") && !said(&document).contains("out of the picture"));
    let document = Document::parse(&far).unwrap();
    let step = of_class(&document, "step")[0];
    close(number(&step, "data-by"), -1200.0, 1e-12);
    assert!(number(&step, "data-after") > 1e6);
    let most = range_of_e(&document).1;
    assert!(most < 10.0 && most > number(&step, "data-error"), "{most}");
    let text = said(&document);
    assert!(text.contains("the step leads out of the picture, to w = −1199.9, where E = "), "{text}");
    // A step beyond the other side that is not too far is followed.
    let some = of("0.7");
    let document = Document::parse(&some).unwrap();
    let step = of_class(&document, "step")[0];
    assert!(number(&step, "data-after") > number(&step, "data-error"));
    assert!(range_of_e(&document).1 > number(&step, "data-after"), "{}", said(&document));
}

#[test]
fn a_way_that_diverges_is_told_and_leaves_the_bowl_to_be_seen() {
    let sandbox = Sandbox::new();
    let train = "deltarule train examples/diabetes.csv --target progression --optimizer gd --quiet --force";
    sandbox.sh(&format!("{train} --out d.json")).ok();
    sandbox.sh(&format!("{train} --eta 1.5 --epochs 12 --path far.csv; true")).ok();
    let svg = sandbox.sh("deltarule plot bowl d.json examples/diabetes.csv --weight age --path far.csv").ok().stdout;
    let document = Document::parse(&svg).unwrap();
    let curve = points(&of_class(&document, "curve")[0]);
    let highest = curve.iter().map(|(_, e)| *e).fold(0.0, f64::max);
    let drawn: Vec<f64> = of_class(&document, "curve").iter().flat_map(|curve| points(curve)).map(|(_, e)| e).collect();
    let most = drawn.into_iter().fold(highest, f64::max);
    assert!(range_of_e(&document).1 < 2.0 * most, "{} {most}", range_of_e(&document).1);
    assert!(said(&document).contains("points of far lie outside of the picture"), "{}", said(&document));
}

#[test]
fn with_l1_a_step_is_not_said_to_be_the_slope_times_eta() {
    let sandbox = Sandbox::new();
    let train = "deltarule train examples/diabetes.csv --target progression --optimizer gd --epochs 40 --quiet";
    sandbox.sh(&format!("{train} --l1 20 --path l1.csv --out l1.json")).ok();
    sandbox.sh(&format!("{train} --path no.csv --out no.json")).ok();
    for name in ["l1", "no"] {
        let line = format!("deltarule plot bowl {name}.json examples/diabetes.csv --weight bmi --path {name}.csv");
        let svg = sandbox.sh(&line).ok().stdout;
        let document = Document::parse(&svg).unwrap();
        let step = of_class(&document, "step")[0];
        let text = said(&document);
        assert_eq!(text.contains("without λ₁'s part"), name == "l1", "{text}");
        assert_eq!(text.contains("Δw = −η/N ∂E/∂w = "), name == "no", "{text}");
        // Plain descent goes where the step says, shrunk or not.
        let path = sandbox.read(&format!("{name}.csv"));
        let of = |epoch: &str| {
            let line = path.lines().find(|line| line.starts_with(&format!("{epoch},progression,bmi,"))).unwrap();
            line.rsplit(',').next().unwrap().parse::<f64>().unwrap()
        };
        close(number(&step, "data-from") + number(&step, "data-by"), of("1"), 1e-9);
        assert_eq!(number(&step, "data-from"), of("0"));
    }
    // Away from 0 the tangent is that of the curve that is drawn, with λ₁ in it.
    let line = "deltarule plot bowl l1.json examples/diabetes.csv --weight bmi --from 5";
    let svg = sandbox.sh(line).ok().stdout;
    let document = Document::parse(&svg).unwrap();
    let curve = points(&of_class(&document, "curve")[0]);
    let at = curve.iter().position(|(w, _)| *w == 5.0).unwrap();
    let slope = |a: (f64, f64), b: (f64, f64)| (b.1 - a.1) / (b.0 - a.0);
    let (left, right) = (slope(curve[at - 1], curve[at]), slope(curve[at], curve[at + 1]));
    let found = number(&of_class(&document, "step")[0], "data-slope");
    assert!(left < found && found < right, "{left} {found} {right}");
    assert!(right - left < 0.2 * found.abs(), "the two are near: {left} {right}");
    let contour = "deltarule plot contour l1.json examples/diabetes.csv --weights bmi,s5 --path l1.csv";
    let svg = sandbox.sh(contour).ok().stdout;
    assert!(said(&Document::parse(&svg).unwrap()).contains("without λ₁'s part"));
}

#[test]
fn many_classes_leave_room_for_the_picture() {
    let sandbox = Sandbox::new();
    let rows: Vec<String> =
        (0..800).map(|k| format!("{},{},a_class_of_its_own_{:02}", k % 17, (k * k) % 23, (k * 7) % 80)).collect();
    sandbox.file("many.csv", format!("x,z,kind\n{}\n", rows.join("\n")));
    sandbox.sh("deltarule train many.csv --target kind --epochs 3 --optimizer gd --out m.json --quiet").ok();
    for line in ["fit m.json many.csv", "calibration m.json many.csv", "weights m.json"] {
        for size in ["", " --width 500 --height 400"] {
            let svg = sandbox.sh(&format!("deltarule plot {line}{size}")).ok().stdout;
            let document = Document::parse(&svg).unwrap();
            let axis = of_class(&document, "x-label").iter().map(|node| number(node, "y")).fold(0.0, f64::max);
            let notes = of_class(&document, "note");
            assert!(notes.iter().all(|note| number(note, "y") - 10.0 > axis), "{line}{size}: {axis}");
            assert!(!notes.is_empty() && said(&document).contains("… (80 in all)"), "{line}: {}", said(&document));
        }
    }
    let ran = sandbox.sh("deltarule plot fit m.json many.csv --output none");
    assert!(ran.code == Some(2) && ran.stderr.contains("… (80 in all)") && ran.stderr.len() < 1200, "{}", ran.stderr);
}

#[test]
fn records_count_in_pictures_as_often_as_in_evaluate() {
    let sandbox = Sandbox::new();
    let classes: Vec<String> = (0..300)
        .map(|k: u64| {
            let x = (k * 37 % 100) as f64 / 10.0;
            let is_yes = (x + (k * 61 % 50) as f64 / 10.0) > 7.0;
            format!("{x},{},{},{}", k % 5, if is_yes { "yes" } else { "no" }, [0.25, 1.0, 6.5][(k % 3) as usize])
        })
        .collect();
    sandbox.file("c.csv", format!("x,z,y,w\n{}\n", classes.join("\n")));
    for more in ["", " --class-weight yes=3,no=1"] {
        let train =
            format!("deltarule train c.csv --target y --weight w --loss log{more} --out c.json --force --quiet");
        sandbox.sh(&format!("{train} --report r.html")).ok();
        let report = sandbox.sh("deltarule evaluate c.json c.csv --weight w --threshold 0.3 --json").ok().json();
        let svg = sandbox.sh("deltarule plot calibration c.json c.csv --threshold 0.3").ok().stdout;
        let document = Document::parse(&svg).unwrap();
        let text = said(&document);
        assert!(text.contains("counts as often as column w says") && !text.contains("counts once"), "{text}");
        let auc = number(&of_class(&document, "auc")[0], "data-auc");
        close(auc, report["scores"]["model"]["auc"].as_f64().unwrap(), 1e-9);
        let chosen = number(&of_class(&document, "chosen")[0], "data-y");
        close(chosen, report["decisions"]["chosen"]["recall"].as_f64().unwrap(), 1e-12);
        let calibration = report["decisions"]["calibration"].as_array().unwrap();
        let calibration: Vec<_> = calibration.iter().filter(|group| group["records"] != 0).collect();
        let groups = of_class(&document, "group");
        assert_eq!(groups.len(), calibration.len());
        for (drawn, group) in groups.iter().zip(calibration) {
            close(number(drawn, "data-x"), group["mean_p"].as_f64().unwrap(), 1e-12);
            close(number(drawn, "data-y"), group["share"].as_f64().unwrap(), 1e-12);
        }
        let svg = sandbox.sh("deltarule plot fit c.json c.csv").ok().stdout;
        let document = Document::parse(&svg).unwrap();
        let total = |class: &str| of_class(&document, class).iter().map(|bar| number(bar, "data-count")).sum::<f64>();
        let weights = |wanted: &str| {
            let of = classes.iter().filter(|row| row.split(',').nth(2) == Some(wanted));
            of.map(|row| row.rsplit(',').next().unwrap().parse::<f64>().unwrap()).sum::<f64>()
        };
        close(total("of-class"), weights("yes"), 1e-12);
        close(total("of-others"), weights("no"), 1e-12);
        // The report has the same picture of the same records.
        assert!(sandbox.read("r.html").contains("data-auc"));
        assert!(!sandbox.read("r.html").contains("counts once"));
    }
    sandbox.sh("deltarule train c.csv --target x --weight w --out n.json --quiet").ok();
    let scores = sandbox.sh("deltarule evaluate n.json c.csv --weight w --json").ok().json();
    let svg = sandbox.sh("deltarule plot fit n.json c.csv").ok().stdout;
    let text = said(&Document::parse(&svg).unwrap());
    close(root_mean_square(&text), scores["scores"]["targets"][0]["model"]["rmse"].as_f64().unwrap(), 1e-5);
}

#[test]
fn thousands_of_runs_are_read_in_one_go() {
    let sandbox = Sandbox::new();
    let n = 120_000;
    let rows = (0..2).flat_map(|epoch| (0..n).map(move |run| format!("{run},{epoch},{}\n", 5 - epoch)));
    sandbox.file("s.csv", format!("run,epoch,sse\n{}", rows.collect::<String>()));
    let before = Instant::now();
    sandbox.sh("deltarule plot curve s.csv --out s.svg").ok();
    assert!(before.elapsed() < Duration::from_secs(40), "{:?}", before.elapsed());
    assert_eq!(sandbox.read("s.svg").matches("class=\"run\"").count(), n);
}

#[test]
fn options_that_would_do_nothing_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.sh("deltarule train examples/ten.csv --target passed --epochs 5 --optimizer gd --path p.csv --out m.json --quiet").ok();
    let typed = "bowl --x 1,2 --w 1,2 --y 1";
    let of_data = "bowl m.json examples/ten.csv --weight hours";
    let contour = "contour m.json examples/ten.csv --weights hours,sleep";
    for (line, words) in [
        (format!("{contour} --eta 0.5"), "--eta: found without --path, expected both"),
        (format!("{contour} --reduction sum"), "--reduction: found without --path, expected both"),
        (format!("{contour} --path p.csv --units original --eta 0.5"), "--eta: found beside --units original"),
        (format!("{of_data} --units original --eta 0.5"), "--eta: found beside --units original"),
        (format!("{of_data} --units original --from 1"), "--from: found beside --units original"),
        (format!("{of_data} --record 2 --reduction sum"), "cannot be used with '--reduction"),
        (format!("{typed} --where x1=1"), "cannot be used with"),
        (format!("{typed} --on-bad-row skip"), "cannot be used with"),
        (format!("{typed} --rejects r.csv"), "cannot be used with"),
        (format!("{typed} --delimiter ;"), "cannot be used with"),
        (format!("{typed} --decimal ,"), "cannot be used with"),
        (format!("{typed} --header"), "cannot be used with"),
        (format!("{typed} --index-base 1"), "cannot be used with"),
        (format!("{typed} --reduction mean"), "cannot be used with"),
        (format!("{of_data} --scale 3 --out b.svg"), "--scale: found 3 for a picture without pixels"),
        (format!("{of_data} --scale 3 --out b.pdf"), "--scale: found 3 for a picture without pixels"),
        (format!("{of_data} --scale 3"), "--scale: found 3 for a picture without pixels"),
        (format!("{of_data} --from nan"), "expected a finite number"),
        (format!("{of_data} --from inf"), "expected a finite number"),
        (format!("{of_data} --from=-inf"), "expected a finite number"),
        ("activation tanh --from nan".to_owned(), "expected a finite number"),
        ("activation tanh --to inf".to_owned(), "expected a finite number"),
    ] {
        let line = line.replace(" ;", " ';'");
        let ran = sandbox.sh(&format!("deltarule plot {line}"));
        assert_eq!(ran.code, Some(2), "{line}: {}", ran.stderr);
        assert!(ran.stderr.contains(words) && ran.stdout.is_empty(), "{line}: {}", ran.stderr);
    }
    sandbox.sh(&format!("deltarule plot {contour} --path p.csv --eta 0.5 --reduction sum")).ok();
    sandbox.sh(&format!("deltarule plot {of_data} --eta 0.5 --reduction sum --from 1 --scale 1 --out b.png")).ok();
}

#[test]
fn as_many_weights_are_drawn_as_are_asked_for() {
    let sandbox = Sandbox::new();
    for (name, more, bias) in [("with", "", 1), ("without", " --no-bias --scale none", 0)] {
        let line =
            format!("deltarule train examples/diabetes.csv --target progression --out {name}.json --quiet{more}");
        sandbox.sh(&line).ok();
        for most in [1, 2, 4, 10] {
            let svg = sandbox.sh(&format!("deltarule plot weights {name}.json --most {most}")).ok().stdout;
            let document = Document::parse(&svg).unwrap();
            let is_bias = |bar: &&Node<'_, '_>| bar.attribute("data-name") == Some("(bias)");
            let bars = of_class(&document, "weight");
            assert_eq!(bars.iter().filter(|bar| !is_bias(bar)).count(), most, "{name} {most}");
            let drawn = bars.iter().filter(is_bias).count();
            assert!(drawn <= bias && (drawn == bias || said(&document).contains("the bias is")), "{name} {most}");
            let text = format!("the {most} largest of 10 weights");
            assert_eq!(said(&document).contains(&text), most < 10, "{name} {most}: {}", said(&document));
        }
    }
}

#[test]
fn of_very_many_records_some_are_drawn_and_all_are_counted() {
    let sandbox = Sandbox::new();
    let rows = |n: u32| (0..n).map(|k| format!("{},{}\n", k % 1000, (k * 7 % 1000) + k % 1000)).collect::<String>();
    sandbox.file("large.csv", format!("x,y\n{}", rows(60_000)));
    sandbox.sh("deltarule train large.csv --target y --out l.json --report l.html --quiet").ok();
    let svg = sandbox.sh("deltarule plot fit l.json large.csv").ok().stdout;
    let document = Document::parse(&svg).unwrap();
    assert!(
        said(&document).contains("50000 of the 60000 records are drawn, by chance with seed 1"),
        "{}",
        said(&document)
    );
    let squares = of_class(&document, "records")[0].children().filter(|node| node.has_tag_name("rect"));
    assert_eq!(squares.map(|square| number(&square, "data-count")).sum::<f64>(), 50_000.0);
    assert_eq!(svg, sandbox.sh("deltarule plot fit l.json large.csv").ok().stdout);
    assert!(sandbox.read("l.html").contains("50000 of the 60000 records are drawn"));
    // What is counted is of all.
    let rmse =
        sandbox.sh("deltarule evaluate l.json large.csv --json").ok().json()["scores"]["targets"][0]["model"]["rmse"]
            .as_f64()
            .unwrap();
    close(root_mean_square(&said(&document)), rmse, 1e-5);
    // Fewer are all drawn, and nothing is said.
    sandbox.file("small.csv", format!("x,y\n{}", rows(3_000)));
    let svg = sandbox.sh("deltarule plot fit l.json small.csv").ok().stdout;
    assert!(!svg.contains("are drawn, by chance"));
}

#[test]
fn ctrl_c_ends_a_picture_and_leaves_nothing() {
    let sandbox = Sandbox::new();
    let rows: String = (0..150_000_u32).map(|k| format!("{},{},{}\n", k % 1000, k * 7 % 1009, k % 2)).collect();
    sandbox.file("long.csv", format!("x,z,y\n{rows}"));
    let train = "deltarule train long.csv --target y --epochs 1 --optimizer gd --activation '1/(1+exp(-h))' --out m.json --quiet";
    sandbox.sh(train).ok();
    let before = sandbox.names();
    let line = "deltarule plot contour m.json long.csv --weights x,z --out c.svg & sleep 1; kill -INT $!; wait $!; echo exit $?";
    let ran = sandbox.sh(line).ok();
    assert!(ran.stdout.ends_with("exit 130\n"), "{} {}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("interrupted"), "{}", ran.stderr);
    assert_eq!(sandbox.names(), before, "no file, and none under way");
}

#[test]
fn numbers_are_written_in_one_way() {
    let sandbox = Sandbox::new();
    let rows: String = (0..50).map(|k| format!("{},{}\n", f64::from(k) * 1e-9, f64::from(k * k % 13) * 1e12)).collect();
    sandbox.file("t.csv", format!("x,y\n{rows}"));
    sandbox.sh("deltarule train t.csv --target y --optimizer gd --epochs 9 --path p.csv --trace e.csv --out m.json --report r.html --quiet").ok();
    let line = "deltarule plot bowl --x 1e-9,2e12 --w 1e-7,2e-13 --y 1e10 --eta 1e-25";
    let mut pictures = vec![sandbox.sh(line).ok().stdout];
    for line in [
        "bowl m.json t.csv --weight x --path p.csv",
        "bowl m.json t.csv --weight x --units original",
        "contour m.json t.csv --weights 'x,(bias)' --path p.csv",
        "fit m.json t.csv",
        "weights m.json",
        "curve e.csv",
    ] {
        pictures.push(sandbox.sh(&format!("deltarule plot {line}")).ok().stdout);
    }
    let report = sandbox.read("r.html");
    let of_report =
        report.split("<svg").skip(1).map(|rest| format!("<svg{}</svg>", rest.split("</svg>").next().unwrap()));
    pictures.extend(of_report);
    for svg in pictures {
        for text in texts(&Document::parse(&svg).unwrap()) {
            let chars: Vec<char> = text.chars().collect();
            let is_other = chars.windows(3).any(|three| {
                three[0].is_ascii_digit() && three[1] == 'e' && (three[2] == '-' || three[2].is_ascii_digit())
            });
            let has_hyphen = chars.windows(2).any(|two| two[0] == '-' && two[1].is_ascii_digit());
            assert!(!is_other && !has_hyphen, "{text}");
        }
    }
}

#[test]
fn a_way_that_ends_with_a_shift_of_levels_says_so() {
    let sandbox = Sandbox::new();
    let rows: Vec<String> = (0..60)
        .map(|k| format!("{},{},{}", k % 7, ["a", "b", "b", "c"][k % 4], (k % 7) * 2 + (k % 4) * 5 + k % 3))
        .collect();
    sandbox.file("t.csv", format!("x,kind,y\n{}\n", rows.join("\n")));
    sandbox.sh("deltarule train t.csv --target y --optimizer gd --epochs 400 --path p.csv --out m.json --quiet").ok();
    let text = |line: &str| {
        let svg = sandbox.sh(&format!("deltarule plot {line} --path p.csv")).ok().stdout;
        said(&Document::parse(&svg).unwrap())
    };
    let shift = "levels of a category are made to average to 0, which changes no prediction";
    assert!(text("contour m.json t.csv --weights kind=a,kind=c").contains(shift));
    assert!(text("bowl m.json t.csv --weight kind=a").contains(shift));
    // What is not shifted is not said to be.
    assert!(!text("bowl m.json t.csv --weight x").contains(shift));
    let one = text("contour m.json t.csv --weights x,kind=a");
    assert!(one.contains("the 3 other weights are held at the model's; on the way they move too"), "{one}");
    sandbox
        .sh("deltarule train t.csv --target y --features x --no-bias --path p.csv --out m.json --force --quiet")
        .ok();
    assert!(!text("bowl m.json t.csv --weight x").contains(shift));
    sandbox.sh("deltarule train examples/ten.csv --target passed --path p.csv --out m.json --force --quiet").ok();
    let one = text("contour m.json examples/ten.csv --weights hours,sleep");
    assert!(one.contains("the other weight is held at the model's; on the way it moves too"), "{one}");
}

#[test]
fn classes_whose_names_are_numbers_are_called_by_their_column_too() {
    let sandbox = Sandbox::new();
    sandbox.sh("deltarule train examples/ten.csv --target passed --out m.json --quiet").ok();
    for line in ["fit m.json examples/ten.csv", "calibration m.json examples/ten.csv"] {
        let svg = sandbox.sh(&format!("deltarule plot {line}")).ok().stdout;
        assert!(said(&Document::parse(&svg).unwrap()).contains("of passed=1"), "{line}");
    }
    // How many there are has neither a sign nor a part.
    let svg = sandbox.sh("deltarule plot fit m.json examples/ten.csv").ok().stdout;
    let document = Document::parse(&svg).unwrap();
    let axes = of_class(&document, "axes")[0];
    let beside = |node: &Node<'_, '_>| node.attribute("text-anchor") == Some("end");
    let counts: Vec<&str> = axes.children().filter(beside).filter_map(|node| node.text()).collect();
    assert_eq!(counts, ["2", "1", "0", "1", "2"]);
}

#[test]
fn levels_that_are_numbers_stand_in_their_order() {
    let sandbox = Sandbox::new();
    let rows: Vec<String> = (0..48).map(|k| format!("{},{}", k % 12 + 1, (k % 12) * 3 + k % 5)).collect();
    sandbox.file("t.csv", format!("hour,y\n{}\n", rows.join("\n")));
    sandbox.sh("deltarule train t.csv --target y --categorical hour --out m.json --quiet").ok();
    let svg = sandbox.sh("deltarule plot network m.json").ok().stdout;
    let drawn: Vec<String> =
        texts(&Document::parse(&svg).unwrap()).into_iter().filter(|text| text.starts_with("hour=")).collect();
    assert_eq!(drawn, (1..=12).map(|hour| format!("hour={hour}")).collect::<Vec<_>>());
}

#[test]
fn a_long_name_beside_an_axis_has_two_lines() {
    let sandbox = Sandbox::new();
    sandbox.sh("deltarule train examples/breast_cancer.csv --target diagnosis --out m.json --quiet").ok();
    let svg = sandbox
        .sh("deltarule plot contour m.json examples/breast_cancer.csv --weights worst_texture,worst_concave_points")
        .ok()
        .stdout;
    let document = Document::parse(&svg).unwrap();
    let lines: Vec<&str> = of_class(&document, "y-label").iter().filter_map(Node::text).collect();
    assert_eq!(lines.len(), 2);
    assert!(lines.join(" ").starts_with("weight of worst_concave_points, for one standard deviation ("), "{lines:?}");
}
