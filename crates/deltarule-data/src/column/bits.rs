//! Numbers in a file of JSON, infinite ones among them, to the last bit.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(super) fn serialize<S: Serializer>(pair: &Option<(f64, f64)>, to: S) -> Result<S::Ok, S::Error> {
    pair.map(|(a, b)| (a.to_bits(), b.to_bits())).serialize(to)
}

pub(super) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Option<(f64, f64)>, D::Error> {
    let pair = Option::<(u64, u64)>::deserialize(from)?;
    Ok(pair.map(|(a, b)| (f64::from_bits(a), f64::from_bits(b))))
}
