//! How many records of each class go where: whole numbers, as near to their shares as these allow.

/// How many of the records of each class are held out.
///
/// Each number is within one of the class's share, and all of them together are the share of all records, rounded, wherever no class
/// would be held out altogether. Source: Hamilton's method of largest remainders.
pub(super) fn shares(counts: &[u64], share: f64) -> Vec<u64> {
    let n: u64 = counts.iter().sum();
    if let [only] = counts {
        return vec![(*only as f64 * share).round() as u64];
    }
    let exact = |n: u64| n as f64 * share;
    // What a class has besides the record that is trained on.
    let most = |n: u64| n.saturating_sub(1);
    let mut held_out: Vec<u64> = counts.iter().map(|&n| (exact(n).floor() as u64).min(most(n))).collect();
    let mut left = (exact(n).round() as u64).saturating_sub(held_out.iter().sum());
    let mut order: Vec<usize> = (0..counts.len()).collect();
    order.sort_by(|&a, &b| exact(counts[b]).fract().total_cmp(&exact(counts[a]).fract()).then(a.cmp(&b)));
    for class in order {
        if left > 0 && exact(counts[class]).fract() > 0.0 && held_out[class] < most(counts[class]) {
            held_out[class] += 1;
            left -= 1;
        }
    }
    held_out
}

/// How many of the records of each class go into each of some parts: a class's numbers differ by one at most, and so do the sums.
pub(super) fn evenly(counts: &[u64], n_parts: usize) -> Vec<Vec<u64>> {
    let (mut next, n) = (0, n_parts as u64);
    let of_class = |&count: &u64| {
        let mut parts = vec![count / n; n_parts];
        for _ in 0..count % n {
            parts[next] += 1;
            next = (next + 1) % n_parts;
        }
        parts
    };
    counts.iter().map(of_class).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn shares_are_within_one_and_add_up(
            counts in prop::collection::vec(0_u64..1000, 2..40), share in 0.001_f64..0.999,
        ) {
            let held_out = shares(&counts, share);
            for (&n, &held) in counts.iter().zip(&held_out) {
                prop_assert!((held as f64 - n as f64 * share).abs() < 1.0 || held == n.saturating_sub(1));
                prop_assert!(held < n || n == 0, "a class keeps a record to train on");
            }
            let wanted = (counts.iter().sum::<u64>() as f64 * share).round() as u64;
            let total: u64 = held_out.iter().sum();
            prop_assert!(total <= wanted);
            // Where no class is so small that holding out its share would leave nothing of it.
            if counts.iter().all(|&n| n == 0 || (n as f64 * share).ceil() < n as f64) {
                prop_assert_eq!(total, wanted);
            }
        }

        #[test]
        fn parts_are_even_in_each_class_and_in_all(
            counts in prop::collection::vec(0_u64..100, 1..20), n_parts in 2_usize..12,
        ) {
            let parts = evenly(&counts, n_parts);
            let spread = |numbers: &[u64]| numbers.iter().max().unwrap() - numbers.iter().min().unwrap();
            for (count, parts) in counts.iter().zip(&parts) {
                prop_assert_eq!(parts.iter().sum::<u64>(), *count);
                prop_assert!(spread(parts) <= 1);
            }
            let sums: Vec<u64> = (0..n_parts).map(|k| parts.iter().map(|of_class| of_class[k]).sum()).collect();
            prop_assert!(spread(&sums) <= 1);
        }
    }
}
