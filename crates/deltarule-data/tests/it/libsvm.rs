//! libsvm's format: what it is known by, what is read, and what is refused.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use deltarule_core::Column;
use deltarule_data::{DataError, SparseTable};
use proptest::prelude::*;

fn read(text: &str) -> Result<SparseTable, DataError> {
    SparseTable::from_bytes("data.libsvm", text.as_bytes().to_vec(), None)
}

/// The rows of a table with their indices from 0.
fn rows(table: &SparseTable) -> Vec<Vec<(u32, f64)>> {
    let Column::Sparse { starts, indices, values, .. } = table.column() else { panic!("sparse") };
    starts.windows(2).map(|ends| (ends[0]..ends[1]).map(|k| (indices[k], values[k])).collect()).collect()
}

#[test]
fn the_format_is_known_by_its_first_line_with_a_pair_or_by_most_lines() {
    for text in [
        "1 3:1 11:0.5\n",
        "-1\n+1 1:2\n",
        "# a comment\n\n0.5 qid:3 1:2 7:1e-3 # more\n",
        "1 2:3 4:",
        "2\t7:1\r\n",
        "y x\n1 1:2\n0 2:1\n",
    ] {
        assert!(SparseTable::recognises(text.as_bytes()), "{text}");
    }
    for text in [
        "a,b\n1,2\n",
        "1\n2\n",
        "1 2 3:4\n",
        "time 1:2\n",
        "1,2:3\n",
        "1 a:2\n",
        "1 2:x\n",
        "",
        "1 12:30:00\n",
        "y x\n1 1:2\n",
        "y x\n1 1:2\n0 2:1,3\n",
    ] {
        assert!(!SparseTable::recognises(text.as_bytes()), "{text}");
    }
}

#[test]
fn indices_count_from_0_where_0_occurs_and_from_1_otherwise() {
    let from_1 = read("1 1:5 3:6\n\n0 2:7\n").unwrap();
    assert_eq!((from_1.first_index(), from_1.n_features(), from_1.feature_name(0)), (1, 3, "1".to_owned()));
    assert_eq!(rows(&from_1), [vec![(0, 5.0), (2, 6.0)], vec![(1, 7.0)]]);
    let from_0 = read("1 1:5 3:6\n0 0:7").unwrap();
    assert_eq!((from_0.first_index(), from_0.n_features(), from_0.feature_name(0)), (0, 4, "0".to_owned()));
    assert_eq!(rows(&from_0), [vec![(1, 5.0), (3, 6.0)], vec![(0, 7.0)]]);
    let given = SparseTable::from_bytes("x", b"1 1:5".to_vec(), Some(0)).unwrap();
    assert_eq!((given.n_features(), rows(&given)), (2, vec![vec![(1, 5.0)]]));
}

#[test]
fn comments_blank_lines_zeros_and_other_line_ends_make_no_difference() {
    let plain = read("+1 1:5 3:6\n-1\n2.5 3:-1e-3\n").unwrap();
    let other = read("# \"quoted\n+1  1:5 2:0 3:6 # it's \"x\n\n   \n-1 \t\r\n2.5 3:-0.001").unwrap();
    assert_eq!((plain.labels(), rows(&plain)), (other.labels(), rows(&other)));
    assert_eq!(plain.labels(), [1.0, -1.0, 2.5]);
    assert_eq!((plain.n_records(), plain.n_stored(), plain.n_features()), (3, 3, 3));
}

#[test]
fn an_error_names_line_column_and_what_to_do() {
    let error = |text: &str| read(text).unwrap_err().to_string();
    let found = error("1 1:2\n0 4:1 4:2\n");
    assert!(found.contains("data.libsvm: line 2, column 7: found \"4:2\"") && found.contains("from 5 on"), "{found}");
    assert!(error("1 3:1 2:1").contains("within a line they ascend"));
    assert!(error("1 3:1 7").contains("cut off"));
    assert!(error("1 3:").contains("cut off"));
    assert!(error("1 3:x").contains("a number after the colon"));
    assert!(error("1 3:inf").contains("a number after the colon"));
    assert!(error("1 3:1e200").contains("1e150"));
    for inexact in ["9007199254740993 1:2", "1 2:-9007199254740993", "1 2:+9007199254740993"] {
        assert!(error(inexact).contains("expected whole numbers up to 2⁵³"), "{inexact}");
    }
    assert!(read("9007199254740994 1:9007199254740992\n1 1:1\n").is_ok());
    assert!(error("1 x:1").contains("a whole number before the colon"));
    assert!(error("1 :1").contains("a whole number before the colon"));
    assert!(error("1 -3:1").contains("a whole number before the colon"));
    assert!(error("3:1 4:1").contains("the label, a number, before"));
    assert!(error("spam 3:1").contains("a number as the label"));
    assert!(error("1 qid:2 3:1").contains("no ranking"));
    assert!(error("1 16777216:1").contains("16777215"));
    assert!(error("1 99999999999999999999:1").contains("16777215"));
    assert!(error("").contains("empty") && error("# nothing\n").contains("empty"));
    assert!(read("1\n0\n").is_err());
    let below = SparseTable::from_bytes("x", b"1 0:5".to_vec(), Some(1)).unwrap_err().to_string();
    assert!(below.contains("--index-base 0"), "{below}");
}

#[test]
fn any_number_of_threads_and_compression_give_the_same_table() {
    use std::fmt::Write as _;
    let mut text = String::new();
    for r in 0..120_000_u64 {
        let _ = writeln!(text, "{} {}:{} {}:1.5 # record {r}", r % 2, 1 + r % 7, r as f64 / 3.0, 10 + r % 90);
    }
    let folder = tempfile::tempdir().unwrap();
    let (plain, zipped) = (folder.path().join("data"), folder.path().join("data.gz"));
    std::fs::write(&plain, &text).unwrap();
    let mut encoder =
        flate2::write::GzEncoder::new(std::fs::File::create(&zipped).unwrap(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, text.as_bytes()).unwrap();
    encoder.finish().unwrap();
    let expected = read(&text).unwrap();
    assert_eq!((expected.n_records(), expected.n_features(), expected.n_stored()), (120_000, 99, 240_000 - 1));
    for path in [&plain, &zipped] {
        for threads in [1, 2, 3] {
            let table = SparseTable::read(path, None, NonZeroUsize::new(threads), &mut |_| ControlFlow::Continue(()));
            let table = table.unwrap();
            assert_eq!((table.labels(), table.column()), (expected.labels(), expected.column()), "{threads}");
            assert_eq!(table.fingerprint(), expected.fingerprint());
        }
    }
    let late = text + "1 2:3 1:1\n";
    std::fs::write(&plain, late).unwrap();
    let error = SparseTable::read(&plain, None, NonZeroUsize::new(3), &mut |_| ControlFlow::Continue(())).unwrap_err();
    assert!(error.to_string().contains("line 120001"), "{error}");
}

proptest! {
    #[test]
    fn what_was_written_is_read(
        first in 0_u32..2,
        records in prop::collection::vec((-5_i32..5, prop::collection::btree_map(0_u32..50, -1e3_f64..1e3, 1..9)), 1..20),
    ) {
        let line = |(label, pairs): &(i32, std::collections::BTreeMap<u32, f64>)| {
            let pairs = pairs.iter().map(|(i, x)| format!(" {}:{x:?}", i + first)).collect::<String>();
            format!("{label}{pairs}\n")
        };
        let text: String = records.iter().map(line).collect();
        let table = SparseTable::from_bytes("x", text.into_bytes(), Some(first)).unwrap();
        prop_assert!(table.labels().iter().zip(&records).all(|(y, (label, _))| *y == f64::from(*label)));
        for (row, (_, pairs)) in rows(&table).iter().zip(&records) {
            let expected: Vec<(u32, f64)> =
                pairs.iter().filter(|(_, x)| **x != 0.0).map(|(i, x)| (*i, *x)).collect();
            prop_assert_eq!(row, &expected);
        }
    }
}
