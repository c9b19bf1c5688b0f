//! What JavaScript calls: texts and arrays of numbers in and out, errors as messages.

// What wasm-bindgen makes of the exports below reads and writes the memory of the module.
#![allow(unsafe_code)]

use deltarule_core::{Random, Stream};
use serde_json::json;
use wasm_bindgen::prelude::*;

use crate::error::{PageError, Result};
use crate::lab::{Lab, flat};
use crate::points::{Chosen, Place, columns_of};
use crate::settings::Settings;
use crate::views::{Axis, WeightName};

fn message(error: PageError) -> JsError {
    JsError::new(&error.to_string())
}

fn parsed<A: serde::de::DeserializeOwned>(json: &str) -> Result<A> {
    Ok(serde_json::from_str(json)?)
}

/// The lab behind the page.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Page {
    lab: Lab,
}

/// The columns of a file, as JSON.
#[wasm_bindgen]
pub fn columns(name: &str, bytes: Vec<u8>) -> std::result::Result<String, JsError> {
    columns_of(name, bytes).map(|columns| json!(columns).to_string()).map_err(message)
}

/// The built-in activations, as JSON: name, and f(h) as a formula.
#[wasm_bindgen]
pub fn activations() -> String {
    let all = deltarule_core::Activation::ALL.iter().filter(|f| f.is_trainable());
    let all = all.map(|f| json!({"name": f.name(), "formula": f.value_text(), "derivative": f.derivative_text()}));
    json!(all.collect::<Vec<_>>()).to_string()
}

/// A table of two groups of points that overlap, half of the records each, as CSV: `x1,x2,group`.
#[wasm_bindgen]
pub fn cloud(n: usize, seed: u32) -> String {
    let mut random = Random::new(u64::from(seed), Stream::Start);
    let mut csv = "x1,x2,group\n".to_owned();
    for record in 0..n {
        let (shift, group) = if record % 2 == 0 { (-0.8, "a") } else { (0.8, "b") };
        let x1 = shift + random.normal();
        let x2 = 0.5 * shift + 0.5 * x1 + random.normal();
        csv += &format!("{x1:.3},{x2:.3},{group}\n");
    }
    csv
}

/// The version of the core.
#[wasm_bindgen]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

#[wasm_bindgen]
impl Page {
    /// Reads a table; `chosen` and `settings` are JSON.
    pub fn open(name: &str, bytes: Vec<u8>, chosen: &str, settings: &str) -> std::result::Result<Page, JsError> {
        let open = || Lab::open(name, bytes, &parsed::<Chosen>(chosen)?, Settings::of_json(settings)?);
        open().map(|lab| Page { lab }).map_err(message)
    }

    /// The points.
    pub fn points(&self) -> String {
        self.lab.points_json().to_string()
    }

    /// The points as CSV.
    pub fn csv(&self) -> String {
        self.lab.points().csv()
    }

    /// How many lanes there are.
    pub fn lanes(&self) -> usize {
        self.lab.n_lanes()
    }

    /// Another lane.
    pub fn add_lane(&mut self, settings: &str) -> std::result::Result<(), JsError> {
        Settings::of_json(settings).and_then(|settings| self.lab.add_lane(settings)).map_err(message)
    }

    /// One lane less.
    pub fn remove_lane(&mut self) {
        self.lab.remove_lane();
    }

    /// Other settings for a lane.
    pub fn set(&mut self, lane: usize, settings: &str) -> std::result::Result<(), JsError> {
        Settings::of_json(settings).and_then(|settings| self.lab.set(lane, settings)).map_err(message)
    }

    /// What a lane does.
    pub fn lane(&self, lane: usize) -> std::result::Result<String, JsError> {
        self.lab.lane_json(lane).map(|json| json.to_string()).map_err(message)
    }

    /// Where a lane is.
    pub fn state(&mut self, lane: usize) -> std::result::Result<String, JsError> {
        self.lab.state_json(lane).map(|json| json.to_string()).map_err(message)
    }

    /// Up to so many steps; gives how many were taken.
    pub fn forward(&mut self, lane: usize, steps: usize) -> std::result::Result<usize, JsError> {
        self.lab.forward(lane, steps).map(|walked| walked.steps).map_err(message)
    }

    /// One step back; false at the start.
    pub fn back(&mut self, lane: usize) -> std::result::Result<bool, JsError> {
        self.lab.back(lane).map_err(message)
    }

    /// Shows a state that is there already.
    pub fn go_to(&mut self, lane: usize, state: usize) -> std::result::Result<(), JsError> {
        self.lab.go_to(lane, state).map_err(message)
    }

    /// Back to the start.
    pub fn reset(&mut self, lane: usize) -> std::result::Result<(), JsError> {
        self.lab.lane_mut(lane).and_then(|(points, lane)| lane.reset(points)).map_err(message)
    }

    /// Moves a point to places, which are JSON.
    pub fn move_point(&mut self, record: usize, places: &str) -> std::result::Result<(), JsError> {
        parsed::<Vec<Place>>(places).and_then(|places| self.lab.move_point(record, &places)).map_err(message)
    }

    /// Adds a point.
    pub fn add_point(&mut self, places: &str) -> std::result::Result<(), JsError> {
        parsed::<Vec<Place>>(places).and_then(|places| self.lab.add_point(&places)).map_err(message)
    }

    /// Takes a point away.
    pub fn remove_point(&mut self, record: usize) -> std::result::Result<(), JsError> {
        self.lab.remove_point(record).map_err(message)
    }

    /// E of every state; NaN where it was not worked out.
    pub fn losses(&self, lane: usize) -> std::result::Result<Vec<f64>, JsError> {
        let losses = |lane: &crate::Lane| lane.states().iter().map(|state| state.loss.unwrap_or(f64::NAN)).collect();
        self.lab.lane(lane).map(losses).map_err(message)
    }

    /// The weights of every state, one behind the other; of more than `most` states, so many of them, the first and the last among them.
    pub fn path(&self, lane: usize, most: usize) -> std::result::Result<Vec<f64>, JsError> {
        let path = |lane: &crate::Lane| {
            let states = lane.states();
            let stride = states.len().div_ceil(most.max(2)).max(1);
            let last = states.len() - 1;
            let kept =
                states.iter().enumerate().filter(|(k, _)| k.is_multiple_of(stride) || *k == last || *k == lane.at());
            kept.flat_map(|(k, state)| std::iter::once(k as f64).chain(flat(&state.parameters))).collect()
        };
        self.lab.lane(lane).map(path).map_err(message)
    }

    /// Where a weight is worth a look.
    pub fn range(&mut self, lane: usize, weight: &str) -> std::result::Result<Vec<f64>, JsError> {
        let mut range = || {
            let weight: WeightName = parsed(weight)?;
            let (points, lane) = self.lab.lane_mut(lane)?;
            let (low, high) = lane.range(points, weight)?;
            Ok(vec![low, high])
        };
        range().map_err(message)
    }

    /// The weights of the minimum; none where there is none.
    pub fn goal(&mut self, lane: usize) -> std::result::Result<Vec<f64>, JsError> {
        let mut goal = || {
            let (points, lane) = self.lab.lane_mut(lane)?;
            Ok(lane.goal(points)?.map(flat).unwrap_or_default())
        };
        goal().map_err(message)
    }

    /// E along one weight.
    pub fn bowl(
        &self,
        lane: usize,
        weight: &str,
        from: f64,
        to: f64,
        n: usize,
    ) -> std::result::Result<Vec<f64>, JsError> {
        let bowl = || self.lab.lane(lane)?.bowl(self.lab.points(), parsed(weight)?, Axis { from, to, n });
        bowl().map_err(message)
    }

    /// E over two weights; both axes are JSON.
    pub fn surface(&self, lane: usize, weights: &str, axes: &str) -> std::result::Result<Vec<f64>, JsError> {
        let surface = || self.lab.lane(lane)?.surface(self.lab.points(), parsed(weights)?, parsed(axes)?);
        surface().map_err(message)
    }

    /// ŷ along a column.
    pub fn fitted(
        &self,
        lane: usize,
        column: usize,
        from: f64,
        to: f64,
        n: usize,
    ) -> std::result::Result<Vec<f64>, JsError> {
        let fitted = || self.lab.lane(lane)?.fitted(self.lab.points(), column, Axis { from, to, n });
        fitted().map_err(message)
    }

    /// ŷ over two columns.
    pub fn field(&self, lane: usize, columns: &str, axes: &str) -> std::result::Result<Vec<f64>, JsError> {
        let field = || self.lab.lane(lane)?.field(self.lab.points(), parsed(columns)?, parsed(axes)?);
        field().map_err(message)
    }

    /// ŷ of every record.
    pub fn outputs(&self, lane: usize) -> std::result::Result<Vec<f64>, JsError> {
        self.lab.lane(lane).and_then(|lane| lane.outputs(self.lab.points())).map_err(message)
    }

    /// One record's step, line by line.
    pub fn worked(&self, lane: usize, record: usize) -> std::result::Result<String, JsError> {
        let worked = || self.lab.lane(lane)?.worked_json(self.lab.points(), record);
        worked().map(|json| json.to_string()).map_err(message)
    }
}
