//! What a column is, by all of its values.

use deltarule_data::{CsvOptions, PageColumn, ReadOptions, Suspicion, Table, Values, suspicions};

use crate::{read, read_with};

fn column(text: &str) -> (Values, PageColumn) {
    let table = read(text).unwrap();
    (table.columns()[0].values.clone(), table.values_of(0).unwrap())
}

fn suspected(table: &Table) -> Vec<(String, bool)> {
    let of = |(index, suspicion): (usize, Suspicion)| (table.columns()[index].name.clone(), suspicion.is_refused());
    suspicions(table, &["y"]).unwrap().into_iter().map(of).collect()
}

#[test]
fn the_whole_file_decides() {
    assert!(
        matches!(column("x,y\n1,1\nNA,1\n2.5,1\n"), (Values::Numbers, PageColumn::Numbers(x)) if x[1].is_nan() && x[2] == 2.5)
    );
    assert!(
        matches!(column("x,y\ntrue,1\nFalse,1\n,1\n"), (Values::Booleans, PageColumn::Numbers(x)) if x[0] == 1.0 && x[1] == 0.0 && x[2].is_nan())
    );
    assert!(
        matches!(column("x,y\nb,1\na,1\nb,1\n"), (Values::Text { levels }, PageColumn::Codes(codes)) if codes == [1, 0, 1] && levels == ["a", "b"])
    );
    assert!(matches!(column("x,y\n,1\n?,1\nnull,1\n"), (Values::Missing, _)));
    let mut late = String::from("x,y\n");
    (0..10_000).for_each(|i| late += &format!("{i},1\n"));
    late += "unknown,1\n";
    let table = read(late).unwrap();
    assert_eq!(table.columns()[0].values, Values::Mixed);
    let error = table.check_usable(&table.columns()[0]).unwrap_err().to_string();
    assert!(
        error.contains("line 10002") && error.contains("\"unknown\"") && error.contains("--categorical x"),
        "{error}"
    );
}

#[test]
fn categories_can_be_asked_for() {
    let options = ReadOptions { categorical: vec!["x".into()], ..ReadOptions::default() };
    let table = read_with("x,y\n3,1\n1,1\n3,1\n", &CsvOptions::default(), &options).unwrap();
    assert!(matches!(&table.columns()[0].values, Values::Text { levels } if *levels == ["1", "3"]));
}

#[test]
fn columns_that_are_not_wanted_are_not_read() {
    let options = ReadOptions { drop: vec!["z".into()], ..ReadOptions::default() };
    let table = read_with("x,z,y\n3,words,1\n1,5,1\n", &CsvOptions::default(), &options).unwrap();
    assert_eq!(table.columns()[1].values, Values::Skipped);
}

#[test]
fn what_cannot_be_a_feature_is_suspected() {
    let mut text = String::from("id,name,day,word,x,y\n");
    for i in 0..60 {
        text += &format!("{},person {i},2024-05-{:02},w{},{},{}\n", i + 1, i % 28 + 1, i % 3, (i * 7) % 11, i % 5);
    }
    let table = read(text).unwrap();
    assert_eq!(suspected(&table), [("id".into(), true), ("name".into(), true), ("day".into(), true)]);
}

#[test]
fn a_line_alone_is_no_row_number() {
    // x = 0 … 99 counts the rows, and is all that there is to learn from.
    let mut text = String::from("x,y\n");
    (0..100).for_each(|i| text += &format!("{i},{}\n", 3 * i + 7));
    assert_eq!(suspected(&read(text).unwrap()), []);
}

#[test]
fn a_copy_of_the_target_is_pointed_at() {
    let table = read("x,copy,cents,y\n1,5,500,5\n2,7,700,7\n4,1,100,1\n3,2,200,2\n3,4,400,4\n").unwrap();
    assert_eq!(suspected(&table), [("copy".into(), false), ("cents".into(), false)]);
}

#[test]
fn numbers_with_a_unit_are_suspected() {
    let mut text = String::from("rate,price,hours,code,size,y\n");
    for i in 0..200 {
        text += &format!("{}%,${}.50,{}h,A{},{}kg,{}\n", i % 20 + 1, i % 16, i % 8, i % 9, i % 3, i % 7);
    }
    let table = read(text).unwrap();
    let found: Vec<(usize, String)> =
        suspicions(&table, &["y"]).unwrap().into_iter().map(|(index, what)| (index, what.to_string())).collect();
    assert_eq!(found.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [0, 1, 2], "{found:?}");
    assert!(found[0].1.starts_with("looks like numbers with a unit (\"1%\")") && found[0].1.contains("--categorical"));
    assert_eq!(suspected(&table), [("rate".into(), true), ("price".into(), true), ("hours".into(), true)]);
}
