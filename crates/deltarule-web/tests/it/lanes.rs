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
        let mut lab = lab(LINE, "y", Settings { batch, ..plain(0.02) });
        let mut seen = vec![weights(&lab)];
        for _ in 0..20 {
            assert_eq!(lab.forward(0, 1).unwrap().steps, 1);
            seen.push(weights(&lab));
        }
        let states = lab.lane(0).unwrap().states().to_vec();
        assert!(states.iter().all(|state| state.loss.is_some()), "E is there for every step of a small table");
        let mut back = lab;
        for k in (0..20).rev() {
            back.go_back();
            assert_eq!(weights(&back), seen[k]);
        }
        assert!(!back.go_back());
        assert_eq!(back.forward(0, 20).unwrap().steps, 20);
        assert_eq!(weights(&back), seen[20]);
    }
}

#[test]
fn another_eta_on_the_way_goes_on_from_the_weights_that_are_shown() {
    let mut lab = lab(LINE, "y", plain(0.02));
    lab.forward(0, 5).unwrap();
    let here = weights(&lab);
    lab.forward(0, 5).unwrap();
    lab.go_to(5);
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
    lab.go_back();
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
