//! Lanes: steps forward and back, changes on the way, and ends.

use deltarule_core::StopReason;
use deltarule_web::{Chosen, Lab, Settings};

const LINE: &str = "x,y\n0.5,2.1\n1,2.4\n1.5,3.3\n2,3.1\n2.5,4.2\n3,4.1\n";

fn lab(csv: &str, target: &str, settings: Settings) -> Lab {
    let chosen = Chosen { targets: vec![target.to_owned()], ..Chosen::default() };
    Lab::open("table", csv.as_bytes().to_vec(), &chosen, settings).unwrap()
}

fn plain(eta: f64) -> Settings {
    Settings { scale: "none".to_owned(), eta: Some(eta), ..Settings::default() }
}

/// The weights that lane 0 shows.
fn weights(lab: &Lab) -> Vec<f64> {
    lab.lane(0).unwrap().state().parameters.values().collect()
}

#[test]
fn back_gives_the_same_bits_and_forward_again_the_same_way() {
    for batch in [None, Some(1), Some(4)] {
        let settings = || Settings { batch, ..plain(0.02) };
        let mut lab = lab(LINE, "y", settings());
        let mut seen = vec![weights(&lab)];
        for _ in 0..20 {
            assert_eq!(lab.forward(0, 1).unwrap().steps, 1);
            seen.push(weights(&lab));
        }
        let is_known = lab.lane(0).unwrap().states().iter().all(|state| state.loss.is_some());
        assert!(is_known, "E is there for every step of a small table");
        for k in (0..20).rev() {
            assert!(lab.back(0).unwrap());
            assert_eq!(weights(&lab), seen[k]);
        }
        assert!(!lab.back(0).unwrap());
        assert_eq!(lab.forward(0, 20).unwrap().steps, 20);
        assert_eq!(weights(&lab), seen[20]);
        // Not from what was kept: steps that are taken anew lead the same way, all at once or after a reset.
        let mut again = self::lab(LINE, "y", settings());
        again.forward(0, 20).unwrap();
        assert_eq!(weights(&again), seen[20]);
        let (points, settings) = (lab.points().csv(), lab.lane(0).unwrap().settings().clone());
        assert_eq!(points, LINE);
        lab.set(0, Settings { eta: Some(0.5), ..settings.clone() }).unwrap();
        lab.set(0, Settings { start: Some(seen[0].clone()), ..settings }).unwrap();
        for expected in &seen {
            assert_eq!(&weights(&lab), expected);
            lab.forward(0, 1).unwrap();
        }
    }
}

/// Every rule that the page has.
const RULES: [&str; 6] = ["gd", "momentum", "nesterov", "adagrad", "rmsprop", "adam"];

#[test]
fn the_next_step_is_the_one_that_is_taken() {
    for rule in RULES {
        let settings = Settings { optimizer: rule.to_owned(), ..plain(0.02) };
        let mut lab = lab(LINE, "y", settings.clone());
        for k in 0..6 {
            let next = lab.next_step(0).unwrap();
            let said: Vec<f64> = next.reached.unwrap().values().collect();
            let lane = lab.lane(0).unwrap();
            assert_eq!((lane.at(), lane.states().len()), (k, k + 1), "a look ahead is no step");
            assert_eq!(next.step.is_some(), rule == "gd");
            if let Some(step) = next.step {
                let slope: Vec<f64> = next.slope.values().collect();
                // η/N, of six records.
                assert!(step.values().zip(&slope).all(|(step, slope)| (step + 0.02 / 6.0 * slope).abs() < 1e-15));
            }
            assert_eq!(lab.forward(0, 1).unwrap().steps, 1);
            let taken = weights(&lab);
            assert!(said.iter().zip(&taken).all(|(a, b)| (a - b).abs() < 1e-14), "{rule}: {said:?} beside {taken:?}");
        }
        // With looks ahead and without, on the way back, too.
        let mut plain = self::lab(LINE, "y", settings);
        plain.forward(0, 6).unwrap();
        assert_eq!(weights(&plain), weights(&lab));
        lab.back(0).unwrap();
        let next = lab.next_step(0).unwrap().reached.unwrap();
        assert!(next.values().zip(weights(&plain)).all(|(a, b)| (a - b).abs() < 1e-14), "{rule}");
    }
    let mut few = lab(LINE, "y", Settings { batch: Some(2), ..plain(0.02) });
    let next = few.next_step(0).unwrap();
    assert_eq!((next.step, next.reached), (None, None), "which records come next is not known");
}

#[test]
fn a_point_is_taken_by_both_lanes_or_by_none() {
    let mut lab = lab(LINE, "y", plain(0.02));
    // exp(2000) is no number.
    lab.add_lane(Settings { activation: Some("exp".to_owned()), start: Some(vec![1.0, 0.0]), ..plain(1e-6) }).unwrap();
    let seen = |lab: &Lab| -> Vec<_> {
        (0..2).map(|k| lab.lane(k).unwrap()).map(|lane| (lane.state().clone(), lane.plan().clone())).collect()
    };
    lab.forward(0, 3).unwrap();
    let (before, csv) = (seen(&lab), lab.points().csv());
    let place = deltarule_web::Place::Input { column: 0, value: 2000.0 };
    let message = lab.move_point(1, std::slice::from_ref(&place)).unwrap_err().to_string();
    assert!(message.contains("record 2") || message.contains("finite"), "{message}");
    assert!(lab.add_point(&[place]).is_err());
    assert_eq!((seen(&lab), lab.points().csv()), (before, csv));
    lab.forward(0, 1).unwrap();
    assert_eq!(lab.lane(0).unwrap().at(), 4, "what lay behind is still there");
}

#[test]
fn states_have_room_however_many_steps_an_epoch_has() {
    let numbers = |lab: &Lab| {
        let states = lab.lane(0).unwrap().states().iter();
        states.map(|s| s.parameters.values().count() + s.records.as_ref().map_or(0, Vec::len)).sum::<usize>()
    };
    // 24 numbers for a state, and 20,000 of them an epoch: not 16 epochs have room.
    let wide: String = (0..20_000)
        .map(|k| format!("{},{}\n", k % 7, ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"][k % 12]))
        .collect();
    let mut lab = self::lab(&format!("x,y\n{wide}"), "y", Settings { batch: Some(1), ..plain(0.001) });
    let lane = lab.lane(0).unwrap();
    assert!(!lane.keeps_epochs_only(lab.points()) && !lane.is_full(lab.points()));
    let walked = lab.forward(0, usize::MAX).unwrap();
    assert_eq!((walked.steps, walked.reason), (15 * 20_000, None));
    assert!(lab.lane(0).unwrap().is_full(lab.points()));
    assert!((7_000_000..=8_000_000).contains(&numbers(&lab)), "{}", numbers(&lab));
    // On the way back there is room again for other steps.
    lab.go_to(0, 20_000).unwrap();
    lab.set(0, Settings { batch: Some(20_000), ..plain(0.001) }).unwrap();
    assert_eq!(lab.forward(0, 1).unwrap().steps, 1);
    // An epoch that is larger than all of the room: its end alone is kept.
    let long: String = (0..90_000)
        .map(|k| format!("{},{}\n", k % 7, ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"][k % 12]))
        .collect();
    let mut lab = self::lab(&format!("x,y\n{long}"), "y", Settings { batch: Some(1), ..plain(0.001) });
    assert!(lab.lane(0).unwrap().keeps_epochs_only(lab.points()));
    assert_eq!(lab.forward(0, 2).unwrap().steps, 2);
    let state = lab.lane(0).unwrap().state();
    assert_eq!((state.epoch, state.is_epoch, state.loss.is_some()), (2, true, true));
    assert!(numbers(&lab) < 100);
}

#[test]
fn another_eta_on_the_way_goes_on_from_the_weights_that_are_shown() {
    let mut lab = lab(LINE, "y", plain(0.02));
    lab.forward(0, 5).unwrap();
    let here = weights(&lab);
    lab.forward(0, 5).unwrap();
    lab.go_to(0, 5).unwrap();
    lab.set(0, plain(0.05)).unwrap();
    assert_eq!(weights(&lab), here);
    assert_eq!(lab.lane(0).unwrap().states().len(), 6, "what lay ahead was of the other η");
    lab.forward(0, 3).unwrap();
    // A lane that begins at these weights takes the same steps: so an address can hold them.
    let (anchor, steps) = lab.lane(0).unwrap().anchor();
    assert_eq!((anchor.as_deref(), steps), (Some(&here[..]), 3));
    let mut again = self::lab(LINE, "y", Settings { start: anchor, ..plain(0.05) });
    again.forward(0, steps).unwrap();
    assert_eq!(weights(&again), weights(&lab));
}

#[test]
fn divergence_ends_a_walk_at_its_last_finite_state() {
    let mut lab = lab(LINE, "y", plain(50.0));
    let walked = lab.forward(0, 100_000).unwrap();
    assert!(matches!(walked.reason, Some(StopReason::Diverged { .. })), "{walked:?}");
    let lane = lab.lane(0).unwrap();
    assert!(lane.states().iter().all(|state| state.parameters.is_finite() && state.loss.is_some_and(f64::is_finite)));
    assert_eq!(lab.forward(0, 1).unwrap().steps, 0);
    assert!(lab.back(0).unwrap());
    assert_eq!(lab.lane(0).unwrap().ended(), None);
}

#[test]
fn a_walk_ends_at_the_minimum_and_the_goal_is_there() {
    let mut lab = lab(LINE, "y", plain(0.3));
    let walked = lab.forward(0, 100_000).unwrap();
    assert!(matches!(walked.reason, Some(StopReason::Minimum { .. })), "{walked:?}");
    let found = weights(&lab);
    let goal = lab.goal(0).unwrap().unwrap();
    assert!(found.iter().zip(&goal).all(|(a, b)| (a - b).abs() < 1e-5), "{found:?} beside {goal:?}");
}

#[test]
fn settings_that_do_not_exist_are_told_and_change_nothing() {
    let mut lab = lab(LINE, "y", plain(0.02));
    lab.forward(0, 3).unwrap();
    let here = weights(&lab);
    for (settings, word) in [
        (Settings { scale: "big".to_owned(), ..plain(0.1) }, "scale"),
        (Settings { reduction: "median".to_owned(), ..plain(0.1) }, "reduction"),
        (Settings { optimizer: "magic".to_owned(), ..plain(0.1) }, "optimizer"),
        (Settings { activation: Some("exp(h".to_owned()), ..plain(0.1) }, "exp(h"),
        (Settings { activation: Some("step".to_owned()), ..plain(0.1) }, "step"),
        (Settings { loss: "cubed".to_owned(), ..plain(0.1) }, "loss"),
        (Settings { start: Some(vec![1.0]), ..plain(0.1) }, "start"),
        (Settings { init: "ones".to_owned(), ..plain(0.1) }, "init"),
        (Settings { batch: Some(0), ..plain(0.1) }, "batch"),
        (plain(-1.0), "eta"),
        (plain(f64::INFINITY), "eta"),
    ] {
        let message = lab.set(0, settings).unwrap_err().to_string();
        assert!(message.contains(word), "{message}");
        assert_eq!((weights(&lab), lab.lane(0).unwrap().at()), (here.clone(), 3));
    }
}

#[test]
fn a_bowl_is_e_and_the_lanes_do_not_mix() {
    let mut lab = lab(LINE, "y", plain(0.02));
    lab.add_lane(plain(0.05)).unwrap();
    assert!(lab.add_lane(plain(0.05)).unwrap_err().to_string().contains("at most 2"));
    lab.forward(1, 4).unwrap();
    assert_eq!((lab.lane(0).unwrap().at(), lab.lane(1).unwrap().at()), (0, 4));
    // The middle of the axis is where the weight stands: E there is E, to its rounding.
    let lane = lab.lane(1).unwrap();
    let w = lane.state().parameters.weights(0)[0];
    let axis = deltarule_web::Axis { from: w - 1.0, to: w + 1.0, n: 3 };
    let bowl = lane.bowl(lab.points(), deltarule_web::WeightName { output: 0, feature: Some(0) }, axis).unwrap();
    let loss = lane.state().loss.unwrap();
    assert!((bowl[1] - loss).abs() < 1e-12 * loss && bowl[0] > bowl[1], "{bowl:?} beside {loss}");
}

#[test]
fn a_surface_is_e_at_each_of_its_points() {
    let classes = "x,kind,y\n1,a,no\n2,b,yes\n3,a,perhaps\n2.5,c,yes\n0.5,b,no\n";
    for (csv, settings) in [
        (LINE, plain(0.02)),
        (LINE, Settings { activation: Some("tanh".to_owned()), init: "normal".to_owned(), ..Settings::default() }),
        (classes, Settings { init: "normal".to_owned(), seed: 3, ..Settings::default() }),
        (classes, Settings { loss: "log".to_owned(), activation: Some("softmax".to_owned()), ..Settings::default() }),
    ] {
        let lab = lab(csv, "y", settings.clone());
        let lane = lab.lane(0).unwrap();
        let (d, n_outputs) = (lab.points().inputs().len(), lab.points().outputs().len());
        let last = deltarule_web::WeightName { output: n_outputs - 1, feature: Some(0) };
        let bias = deltarule_web::WeightName { output: 0, feature: None };
        let axes =
            [deltarule_web::Axis { from: -1.0, to: 2.0, n: 4 }, deltarule_web::Axis { from: -0.5, to: 0.5, n: 3 }];
        let surface = lane.surface(lab.points(), [last, bias], axes).unwrap();
        // A lane that begins at a point of the grid has that E.
        let here: Vec<f64> = lane.state().parameters.values().collect();
        for (k, found) in surface.iter().enumerate() {
            let mut start = here.clone();
            start[(n_outputs - 1) * d] = (k / 3) as f64 - 1.0;
            start[n_outputs * d] = (k % 3) as f64 * 0.5 - 0.5;
            let there = self::lab(csv, "y", Settings { start: Some(start), ..settings.clone() });
            let loss = there.lane(0).unwrap().state().loss.unwrap();
            assert!((found - loss).abs() < 1e-12 * loss.max(1.0), "{found} beside {loss}");
        }
        let bowl = lane.bowl(lab.points(), bias, axes[1]).unwrap();
        assert_eq!(bowl.len(), 3);
        let none = deltarule_web::WeightName { output: n_outputs, feature: None };
        assert!(lane.bowl(lab.points(), none, axes[1]).unwrap_err().to_string().contains("output"));
        assert!(lane.surface(lab.points(), [bias, bias], axes).unwrap_err().to_string().contains("twice"));
    }
}
