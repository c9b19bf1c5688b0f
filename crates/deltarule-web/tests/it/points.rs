//! Points: read as the command reads them, and changed.

use deltarule_web::{Chosen, Lab, Place, Points, Settings, columns_of};

fn chosen(targets: &[&str]) -> Chosen {
    Chosen { targets: targets.iter().map(|name| (*name).to_owned()).collect(), ..Chosen::default() }
}

fn read(csv: &str, targets: &[&str]) -> Points {
    Points::read("table", csv.as_bytes().to_vec(), &chosen(targets)).unwrap()
}

#[test]
fn a_table_reads_back_to_itself() {
    for (csv, targets) in [
        ("x,y\n0.1,2\n1e-9,3.25\n-7,0.1\n", &["y"][..]),
        ("colour,size,y\nred,1,0\nblue,2.5,1\nred,3,1\n", &["y"]),
        ("x,kind\n1,a\n2,b\n3,\"c, d\"\n4,a\n", &["kind"]),
        ("x,z,y1,y2\n1,2,3,4\n2,2,5,6\n0,1,1,1\n", &["y1", "y2"]),
    ] {
        let points = read(csv, targets);
        let again = read(&points.csv(), targets);
        assert_eq!(points.csv(), again.csv());
        assert_eq!(points.columns(), again.columns());
        assert_eq!(points.classes(), again.classes());
    }
}

#[test]
fn columns_are_told_with_their_kinds() {
    let columns = columns_of("table", b"a,b,c\n1,red,\n2,blue,3.5\n".to_vec()).unwrap();
    let found: Vec<(&str, &str, u64)> = columns.iter().map(|c| (c.name.as_str(), c.kind, c.missing)).collect();
    assert_eq!(found, [("a", "whole number", 0), ("b", "text", 0), ("c", "number", 1)]);
}

#[test]
fn points_move_and_e_with_them() {
    let mut lab = Lab::open("t", b"x,y\n1,1\n2,2\n3,3\n".to_vec(), &chosen(&["y"]), Settings::default()).unwrap();
    let before = lab.lane(0).unwrap().state().loss;
    lab.move_point(1, &[Place::Input { column: 0, value: 2.5 }, Place::Target { output: 0, value: 9.0 }]).unwrap();
    assert_ne!(lab.lane(0).unwrap().state().loss, before);
    assert!(lab.points().csv().contains("2.5,9\n"));
    lab.add_point(&[Place::Input { column: 0, value: 4.0 }]).unwrap();
    assert_eq!(lab.points().n_records(), 4);
    lab.remove_point(3).unwrap();
    for (record, place, word) in [
        (9, Place::Input { column: 0, value: 0.0 }, "record"),
        (0, Place::Input { column: 3, value: 0.0 }, "column"),
        (0, Place::Input { column: 0, value: f64::NAN }, "point"),
        (0, Place::Target { output: 2, value: 0.0 }, "output"),
    ] {
        let csv = lab.points().csv();
        assert!(lab.move_point(record, &[place]).unwrap_err().to_string().contains(word));
        assert_eq!(lab.points().csv(), csv);
    }
    lab.remove_point(0).unwrap();
    lab.remove_point(0).unwrap();
    assert!(lab.remove_point(0).unwrap_err().to_string().contains("at least one"));
}

#[test]
fn bad_files_are_told_by_line_and_column() {
    for (csv, targets, words) in [
        ("a,b\n1,2\n3\n", &["b"][..], "line 3"),
        ("a,b\n1,2\nmuch,3\n4,4\n", &["b"], "much"),
        ("a,b\n1,2\n2,3\n", &["c"], "\"c\""),
        ("a,b\n1,2\n,3\n", &["b"], "missing"),
        ("", &["b"], "empty"),
        ("a,b\n1,2\n2,3\n", &[], "target"),
    ] {
        let error = Points::read("t.csv", csv.as_bytes().to_vec(), &chosen(targets)).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn two_classes_are_minus_one_and_one_for_tanh() {
    let mut lab = Lab::open("t", b"x,y\n1,no\n2,yes\n3,no\n".to_vec(), &chosen(&["y"]), Settings::default()).unwrap();
    let target = |lab: &Lab| lab.lane(0).unwrap().worked(lab.points(), 0).unwrap().outputs[0].target;
    assert_eq!(target(&lab), 0.0);
    lab.set(0, Settings { activation: Some("tanh".to_owned()), ..Settings::default() }).unwrap();
    assert_eq!(target(&lab), -1.0);
}

#[test]
fn classes_aim_at_what_the_error_and_f_want() {
    let mut lab = Lab::open("t", b"x,y\n1,no\n2,yes\n3,no\n".to_vec(), &chosen(&["y"]), Settings::default()).unwrap();
    for (activation, loss, targets) in [
        ("sigmoid", "squared", (0.0, 1.0)),
        ("elu", "squared", (0.0, 1.0)),
        ("identity", "hinge", (-1.0, 1.0)),
        ("sigmoid", "log", (0.0, 1.0)),
        ("h/(1+abs(h))", "squared", (0.0, 1.0)),
        ("tanh", "squared", (-1.0, 1.0)),
    ] {
        let settings =
            Settings { activation: Some(activation.to_owned()), loss: loss.to_owned(), ..Settings::default() };
        lab.set(0, settings).unwrap();
        let target = |record| lab.lane(0).unwrap().worked(lab.points(), record).unwrap().outputs[0].target;
        assert_eq!((target(0), target(1)), targets, "{activation}, {loss}");
    }
}

#[test]
fn categories_alone_are_points_too() {
    let csv = "colour,shape,y\nred,round,1\nblue,square,2\nred,square,4\ngreen,round,3\n";
    let mut lab = Lab::open("t", csv.as_bytes().to_vec(), &chosen(&["y"]), Settings::default()).unwrap();
    lab.forward(0, 200).unwrap();
    // ŷ at each level, the other column at its commonest one; between two levels the nearer one counts.
    let along =
        |from, to, n| lab.lane(0).unwrap().fitted(lab.points(), 0, deltarule_web::Axis { from, to, n }).unwrap();
    let levels = along(0.0, 2.0, 3);
    assert_eq!(along(-0.4, 2.4, 8), [0, 0, 0, 1, 1, 2, 2, 2].map(|level: usize| levels[level]));
    let outputs = lab.lane(0).unwrap().outputs(lab.points()).unwrap();
    assert!(levels.iter().any(|level| outputs.contains(level)));
    // The levels are blue, green, red.
    for (value, level) in [(0.8, "green"), (-7.0, "blue"), (1.6, "red"), (9.0, "red")] {
        lab.move_point(0, &[Place::Input { column: 0, value }]).unwrap();
        assert!(lab.points().csv().starts_with(&format!("colour,shape,y\n{level},round,1\n")), "{value}");
    }
    assert_eq!(lab.points().n_records(), 4);
}

#[test]
fn holes_stay_holes_in_the_csv() {
    let csv = "x,kind,y\n1,a,2\n,b,3\n4,,5\n2,a,1\n";
    for rule in ["mean", "drop"] {
        let chosen = Chosen { missing: Some(rule.to_owned()), ..chosen(&["y"]) };
        let points = Points::read("t", csv.as_bytes().to_vec(), &chosen).unwrap();
        assert!(!points.csv().contains("NaN"), "{}", points.csv());
        assert!(points.typical().iter().all(|value| value.is_finite()), "{rule}: {:?}", points.typical());
        let again = Points::read("t", points.csv().into_bytes(), &chosen).unwrap();
        assert_eq!((again.csv(), again.inputs()), (points.csv(), points.inputs()), "{rule}");
    }
}
