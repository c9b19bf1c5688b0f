//! A trained single-layer network as one readable file: its encoding, its weights, and how it was trained.
//!
//! [`Model`] is read from bytes, checked in full, and scores rows by the names of their columns or in their order, without
//! allocating. It is data and never executed, and it is `Send + Sync`, for use in a service.

mod buckets;
mod combine;
mod date_form;
mod date_part;
mod dates;
mod encoding;
mod error;
mod file;
mod lines;
mod model;
pub mod number;
mod private;
mod reasons;
mod scorer;
mod target;
mod zone;

pub use buckets::{BucketSet, HashBits, hash_text};
pub use combine::{
    Combination, Factor, MOST_POWER, Term, centered_power, code_of_pair, pair_codes, pair_level, product_of,
};
pub use date_form::DateForm;
pub use date_part::DatePart;
pub use dates::{DateFormat, date_text};
pub use encoding::{
    Encoding, Feature, FeatureKind, MISSING_LEVEL, MissingRule, Origin, Pooled, RARE_LEVEL, ScaleRule, SparseFeature,
    TRUTH, code_among, is_truth_number,
};
pub use error::{ModelError, Result, ScoreError};
pub use model::{Model, OriginalWeights, Training};
pub use private::{LevelHash, Salt};
pub use reasons::{Contribution, NetInputShares, Reasons};
pub use scorer::{Scorer, Value};
pub use target::{ClassType, Target};
