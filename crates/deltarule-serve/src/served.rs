//! A model that is in use: what is worked out once for it, and shared by all requests.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use deltarule_core::{Layer, PreparedLayer, Result as CoreResult};
use deltarule_data::RowEncoder;
use deltarule_model::{Encoding, Model, Reasons};

/// How many encoders are kept for later requests.
const KEPT_ENCODERS: usize = 64;

/// A model's encoding, by way of the shared model.
#[derive(Debug, Clone)]
pub(crate) struct SharedEncoding(Arc<Model>);

impl Deref for SharedEncoding {
    type Target = Encoding;

    fn deref(&self) -> &Encoding {
        self.0.encoding()
    }
}

/// A model in use.
#[derive(Debug)]
pub(crate) struct Served {
    model: Arc<Model>,
    layer: PreparedLayer,
    /// The columns that a record needs.
    columns: Vec<String>,
    places: HashMap<String, usize>,
    /// The keys of a prediction, as JSON with the colon behind it: ŷ of each target or the class, and the probability of each class.
    keys: Vec<String>,
    reasons: OnceLock<Reasons<Arc<Model>>>,
    encoders: Mutex<Vec<RowEncoder<SharedEncoding>>>,
}

impl Served {
    pub(crate) fn new(model: Model) -> CoreResult<Self> {
        let encoding = model.encoding();
        let layer: &Layer = model.layer();
        let layer = layer.prepare(&encoding.shape(), &encoding.scaling())?;
        let columns: Vec<String> = encoding.columns().into_iter().map(str::to_owned).collect();
        let places = columns.iter().cloned().zip(0..).collect();
        let predicted = encoding.target.columns().into_iter().map(|name| format!("predicted_{name}"));
        let probable = encoding.target.classes().unwrap_or_default().iter().map(|class| format!("p_{class}"));
        let keys = predicted.chain(probable).map(|name| format!("{}:", serde_json::Value::from(name))).collect();
        let (reasons, encoders) = (OnceLock::new(), Mutex::default());
        Ok(Self { model: Arc::new(model), layer, columns, places, keys, reasons, encoders })
    }

    pub(crate) fn model(&self) -> &Model {
        &self.model
    }

    pub(crate) fn layer(&self) -> &PreparedLayer {
        &self.layer
    }

    pub(crate) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The place of a column, which is likely to be the one that is expected.
    pub(crate) fn place(&self, column: &str, expected: usize) -> Option<usize> {
        match self.columns.get(expected) {
            Some(name) if name == column => Some(expected),
            _ => self.places.get(column).copied(),
        }
    }

    pub(crate) fn keys(&self) -> &[String] {
        &self.keys
    }

    /// Why h is what it is; made when it is first asked for.
    pub(crate) fn reasons(&self) -> &Reasons<Arc<Model>> {
        self.reasons.get_or_init(|| Reasons::of(Arc::clone(&self.model)))
    }

    /// Hands out an encoder without records, and keeps it for the next request.
    pub(crate) fn with_encoder<R>(&self, use_it: impl FnOnce(&mut RowEncoder<SharedEncoding>) -> R) -> R {
        let kept = || self.encoders.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = kept().pop();
        let mut encoder = idle.unwrap_or_else(|| RowEncoder::of_columns(SharedEncoding(Arc::clone(&self.model))));
        let result = use_it(&mut encoder);
        encoder.reset();
        let mut kept = kept();
        if kept.len() < KEPT_ENCODERS {
            kept.push(encoder);
        }
        result
    }
}
