//! Hashed columns: the hash is the one that is specified, the file gives back what was written, and values score by their buckets.

use deltarule_core::{Activation, Layer, Parameters};
use deltarule_model::{
    BucketSet, Encoding, Feature, FeatureKind, HashBits, MissingRule, Model, ScaleRule, ScoreError, Target, Value,
    hash_text,
};
use proptest::prelude::*;

use crate::training;

fn set(bits: u32, buckets: &[u32]) -> BucketSet {
    let bits = HashBits::new(bits).unwrap();
    let mut words = vec![0_u64; BucketSet::n_words(bits)];
    buckets.iter().for_each(|bucket| words[*bucket as usize / 64] |= 1 << (bucket % 64));
    BucketSet::of_words(bits, words).unwrap()
}

/// A model of one hashed column, in which `ann`, `bob` and `17` were seen, with the weights 1, 2 and 4 in the order of their buckets.
fn model(missing: MissingRule) -> Model {
    let bits = HashBits::new(10).unwrap();
    let mut seen: Vec<u32> = ["ann", "bob", "17"].map(|text| bits.bucket(hash_text(text))).to_vec();
    seen.sort_unstable();
    let kind =
        FeatureKind::Hashed { buckets: set(10, &seen), counts: vec![3, 1, 4], weight_sums: vec![0.5, 0.0, 2.25] };
    let encoding = Encoding {
        features: vec![Feature::new("user", kind)],
        target: Target::Numbers { names: vec!["y".into()], means: vec![0.5] },
        scale: ScaleRule::Standard,
        missing,
    };
    let parameters = Parameters::new(3, vec![1.0, 2.0, 4.0], Some(vec![0.5]), 1).unwrap();
    Model::new(encoding, Layer::new(parameters, Activation::Identity), training()).unwrap()
}

#[test]
fn the_hash_is_xxh64() {
    // From the reference implementation, seed 0.
    for (text, hash) in [
        ("", 0xEF46_DB37_51D8_E999),
        ("a", 0xD24E_C4F1_A98C_6E5B),
        ("abc", 0x44BC_2CF5_AD77_0999),
        ("The quick brown fox jumps over the lazy dog", 0x0B24_2D36_1FDA_71BC),
    ] {
        assert_eq!(hash_text(text), hash, "{text:?}");
    }
}

#[test]
fn a_hashed_model_comes_back_as_it_was_and_names_its_buckets() {
    let model = model(MissingRule::Mean);
    let text = model.to_json();
    let read = Model::from_bytes(text.as_bytes()).unwrap();
    assert_eq!(read, model);
    assert_eq!(read.to_json(), text);
    let FeatureKind::Hashed { buckets, .. } = &read.encoding().features[0].kind else { panic!() };
    let names: Vec<String> = buckets.iter().map(|bucket| format!("user#{bucket}")).collect();
    assert_eq!(read.encoding().input_names(), names);
    assert_eq!(text.lines().filter(|line| line.contains("\"records\"")).count(), 3, "a line for each bucket");
}

#[test]
fn what_cannot_be_a_hashed_column_is_told_by_its_field() {
    let text = model(MissingRule::Mean).to_json();
    let buckets: Vec<&str> = text.lines().filter(|line| line.contains("\"records\"")).map(str::trim).collect();
    let bucket = |line: &str| line.split(&[':', ','][..]).nth(1).unwrap().to_owned();
    let (first, second) = (bucket(buckets[0]), bucket(buckets[1]));
    let entry = |bucket: &str| format!("\"bucket\":{bucket},");
    for (from, to, part) in [
        ("\"xxh64\"".to_owned(), "\"fnv\"".to_owned(), "features[0].hash"),
        ("\"bits\": 10".to_owned(), "\"bits\": 25".to_owned(), "features[0].bits"),
        ("\"bits\": 10".to_owned(), "\"bits\": 0".to_owned(), "features[0].bits"),
        (entry(&first), entry("1024"), "features[0].buckets[0].bucket"),
        (entry(&second), entry(&first), "features[0].buckets[1].bucket"),
        (format!("user#{first}\""), "user#x\"".to_owned(), "outputs[0].weights[0].input"),
        ("\"records\":3".to_owned(), "\"records\":-3".to_owned(), "features[0]"),
        ("\"hash\"".to_owned(), "\"colour\": 1, \"hash\"".to_owned(), "colour"),
    ] {
        assert!(text.contains(&from), "{from} is not in\n{text}");
        let error = Model::from_bytes(text.replacen(&from, &to, 1).as_bytes()).unwrap_err().to_string();
        assert!(error.contains(part), "{from} → {to}: {part:?} is not in: {error}");
    }
}

#[test]
fn values_score_by_their_buckets_and_unseen_ones_as_none() {
    let model = model(MissingRule::Mean);
    let mut sorted: Vec<&str> = vec!["ann", "bob", "17"];
    sorted.sort_by_key(|text| HashBits::new(10).unwrap().bucket(hash_text(text)));
    let weight = |text: &str| [1.0, 2.0, 4.0][sorted.iter().position(|known| *known == text).unwrap()];
    let score = |value: Value<'_>| {
        let mut output = [0.0];
        model.scorer().score_named(&[("user", value)], &mut output).map(|()| output[0])
    };
    for (value, expected) in [
        (Value::Text("ann"), weight("ann")),
        (Value::Text("bob"), weight("bob")),
        (Value::Text("17"), weight("17")),
        (Value::Number(17.0), weight("17")),
        (Value::Text("17.0"), weight("17")),
        (Value::Text("017"), 0.0),
        (Value::Number(17.5), 0.0),
        (Value::Text("nobody"), 0.0),
        (Value::Missing, 0.0),
        (Value::Number(f64::NAN), 0.0),
    ] {
        assert_eq!(score(value), Ok(0.5 + expected), "{value:?}");
    }
    let strict = self::model(MissingRule::Error);
    let missing = strict.scorer().score_named(&[("user", Value::Number(f64::NAN))], &mut [0.0]);
    assert!(matches!(missing, Err(ScoreError::Missing { .. })), "{missing:?}");
}

proptest! {
    #[test]
    fn places_are_those_in_a_sorted_list(bits in 1_u32..12, picks in prop::collection::vec(any::<u32>(), 0..200)) {
        let n = HashBits::new(bits).unwrap().n_buckets() as u32;
        let mut list: Vec<u32> = picks.into_iter().map(|pick| pick % n).collect();
        list.sort_unstable();
        list.dedup();
        let set = set(bits, &list);
        prop_assert_eq!(set.len(), list.len());
        prop_assert_eq!(set.iter().collect::<Vec<_>>(), list.clone());
        for bucket in 0..n + 70 {
            prop_assert_eq!(set.place(bucket), list.binary_search(&bucket).ok().map(|place| place as u32));
        }
        let even = set.retain(|place| place % 2 == 0);
        prop_assert_eq!(even.iter().collect::<Vec<_>>(), list.into_iter().step_by(2).collect::<Vec<_>>());
    }

    #[test]
    fn a_whole_number_hashes_the_same_with_zeros_behind_a_point(whole in any::<i64>(), zeros in 1_usize..5) {
        let zeros = "0".repeat(zeros);
        prop_assert_eq!(hash_text(&format!("{whole}.{zeros}")), hash_text(&whole.to_string()));
        for other in [format!("a{whole}.{zeros}"), format!("{whole}.1{zeros}"), format!(".{zeros}"), format!("1e{whole}.{zeros}")] {
            prop_assert_ne!(hash_text(&other), hash_text(other.split('.').next().unwrap()), "{}", other);
        }
    }
}
