//! Tables that do not fit into memory, and caches: the same bits, and nothing left behind.

use std::fs;

use crate::support::{Ran, Sandbox};

const RECORDS: usize = 20_000;

/// Numbers, some of them missing, a text, truth values, a number and a class to predict.
fn table(records: usize) -> String {
    let mut text = String::from("a,b,c,d,e,f,word,truth,number,class\n");
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / (1_u64 << 24) as f64
    };
    for _ in 0..records {
        let x: Vec<f64> = (0..6).map(|_| next()).collect();
        let c = if next() < 0.02 { String::new() } else { x[2].to_string() };
        let word = ["ash", "elm", "oak", "yew"][(next() * 4.0) as usize];
        let y = x[0] - 2.0 * x[1] + 0.5 * x[4] + if word == "oak" { 0.3 } else { 0.0 } + 0.2 * next();
        let class = if y + 0.3 * next() > 0.0 { "yes" } else { "no" };
        text += &format!("{},{},{c},{},{},{},{word},{},{y},{class}\n", x[0], x[1], x[3], x[4], x[5], next() < 0.5);
    }
    text
}

/// A budget in which two pages of a table with records of so many bytes are held: what so many threads need beside them, and those.
fn tight(threads: usize, record_bytes: usize) -> String {
    let page = 4096 * record_bytes;
    format!("{}B", threads * 8 * 1024 * 1024 + (2 * threads + 1 + 2) * page)
}

/// A model but for the command that made it.
fn model(sandbox: &Sandbox, name: &str) -> String {
    sandbox.read(name).lines().filter(|line| !line.contains("\"command\"")).collect()
}

fn ok(ran: &Ran, line: &str) {
    assert_eq!(ran.code, Some(0), "{line}\n{}{}", ran.stdout, ran.stderr);
}

/// What is trained, and how many bytes a record of it has: 8 for a number or a truth value, 4 for a text.
const KINDS: [(&str, usize); 10] = [
    ("--target class --drop number --missing mean --epochs 30", 64),
    ("--target class --drop number --missing drop --valid 0.3 --batch 1 --epochs 3", 64),
    ("--target class --drop number --missing drop --precision f32 --epochs 30", 64),
    ("--target number --drop class --missing mean --batch 7 --precision f32 --epochs 3", 68),
    ("--target number --drop class --missing drop --valid 0.2", 68),
    ("--target number --drop class,c --batch 1 --epochs 2", 60),
    ("--target number --drop class,c --valid 0.2 --split-by a:time --epochs 30", 60),
    ("--target class --drop number,c --valid 0.3 --split-by word --epochs 30", 56),
    ("--target class --drop number,c --weight a --class-weight balanced --loss log --epochs 30", 56),
    ("--target number --drop class,c --weight a --valid 0.3 --batch 1 --precision f32 --epochs 2", 60),
];

#[test]
fn memory_disk_and_cache_give_the_same_bits() {
    let sandbox = Sandbox::new();
    sandbox.file("t.csv", table(RECORDS));
    for (kind, bytes) in KINDS {
        let train = |extra: &str| {
            let line = format!("deltarule train t.csv {kind} --out m.json --force {extra}");
            let ran = sandbox.sh(&line);
            ok(&ran, &line);
            (model(&sandbox, "m.json"), ran.stderr)
        };
        let (expected, said) = train("--threads 2");
        assert_eq!(said, "", "all of it fits");
        for threads in [1, 2, 3, 8] {
            let (found, said) = train(&format!("--threads {threads} --memory {}", tight(threads, bytes)));
            assert!(said.contains("in a temporary file on disk"), "{said}");
            assert_eq!(found, expected, "{kind} --threads {threads}, spilled");
        }
        let (found, said) = train("--cache t.cache --threads 2");
        assert!(said.contains("is kept in the cache t.cache"), "{said}");
        assert_eq!(found, expected, "{kind}, cache written");
        for (threads, memory) in [(1, "1GiB".to_owned()), (3, tight(3, bytes)), (8, tight(8, bytes))] {
            let (found, said) = train(&format!("--cache t.cache --threads {threads} --memory {memory}"));
            assert!(said.contains("was taken from the cache"), "{said}");
            assert_eq!(found, expected, "{kind} --threads {threads}, cache read");
        }
        fs::remove_file(sandbox.path().join("t.cache")).unwrap();
    }
}

#[test]
fn a_sweep_a_look_and_a_check_are_the_same_from_disk() {
    let sandbox = Sandbox::new();
    sandbox.file("t.csv", table(RECORDS));
    for (line, bytes) in [
        (
            "sweep t.csv --target class --drop number --missing drop --eta 0.1..10 --points 3 --epochs 20 --valid 0.2 --threads 2",
            64,
        ),
        ("sweep t.csv --target number --drop class,c --eta 0.01,0.1 --batch 1 --epochs 2 --threads 2", 60),
    ] {
        let tight = tight(2, bytes);
        let in_memory = sandbox.sh(&format!("deltarule {line}"));
        ok(&in_memory, line);
        let spilled = sandbox.sh(&format!("deltarule {line} --memory {tight}"));
        assert!(spilled.stderr.contains("temporary file"), "{line}\n{}", spilled.stderr);
        assert_eq!(spilled.stdout, in_memory.stdout, "{line}");
    }
    // Other commands take all threads that there are: the cache is read by them.
    for line in [
        "inspect t.csv --target number",
        "check t.csv --target number --drop class --missing mean",
        "explain t.csv --target number --drop class --missing mean --record 12345",
    ] {
        let in_memory = sandbox.sh(&format!("deltarule {line}"));
        ok(&in_memory, line);
        for _ in 0..2 {
            let cached = sandbox.sh(&format!("deltarule {line} --cache t.cache"));
            assert_eq!(cached.stdout, in_memory.stdout, "{line}");
        }
        fs::remove_file(sandbox.path().join("t.cache")).unwrap();
    }
}

#[test]
fn standard_input_can_be_larger_than_memory() {
    let sandbox = Sandbox::new();
    sandbox.file("t.csv", table(RECORDS));
    let rest = "--target number --drop class --missing mean --threads 2 --force --epochs 50";
    ok(&sandbox.sh(&format!("cat t.csv | deltarule train - {rest} --out a.json")), rest);
    let line = format!("cat t.csv | deltarule train - {rest} --out b.json --memory {}", tight(2, 68));
    let ran = sandbox.sh(&line);
    assert!(ran.stderr.contains("in a temporary file on disk"), "{}", ran.stderr);
    assert_eq!(model(&sandbox, "a.json"), model(&sandbox, "b.json"));
}

#[test]
fn a_cache_is_used_only_for_what_it_was_made_from() {
    let sandbox = Sandbox::new();
    sandbox.file("t.csv", table(5000));
    let train = |rest: &str| {
        let line = format!(
            "deltarule train t.csv --target number --missing mean --epochs 20 --out m.json --force --cache t.cache {rest}"
        );
        let ran = sandbox.sh(&line);
        ok(&ran, &line);
        (model(&sandbox, "m.json"), ran.stderr)
    };
    let (first, _) = train("--drop class");
    assert_eq!(train("--drop class"), (first.clone(), "the table was taken from the cache t.cache\n".to_owned()));
    let (_, said) = train("--drop class,a");
    assert!(said.contains("was made anew, since it was made with other options of reading"), "{said}");
    train("--drop class");
    // A cache that was cut, at any place, is made anew; so is one whose end is damaged.
    let whole = fs::read(sandbox.path().join("t.cache")).unwrap();
    for length in [64, 65, 10_000, whole.len() - 1] {
        sandbox.file("t.cache", &whole[..length]);
        let (found, said) = train("--drop class");
        assert!(said.contains("was made anew, since it was cut short"), "{said}");
        assert_eq!(found, first);
    }
    let mut damaged = whole.clone();
    let last = damaged.len() - 20;
    damaged[last] ^= 1;
    sandbox.file("t.cache", &damaged);
    assert!(train("--drop class").1.contains("made anew, since its end is damaged"));
    // Another value of the same length, at another time.
    let text = sandbox.read("t.csv");
    std::thread::sleep(std::time::Duration::from_millis(20));
    sandbox.file("t.csv", text.replacen("oak", "elm", 1));
    let (found, said) = train("--drop class");
    assert!(said.contains("made anew, since the file has changed since"), "{said}");
    assert_ne!(found, first);
}

/// A value of the same length in the middle of a large file, with the time of before, as `rsync -t` and `cp -p` leave it.
#[cfg(unix)]
#[test]
fn a_change_in_the_middle_is_noticed_whatever_time_is_set() {
    let sandbox = Sandbox::new();
    let rows: String = (0..400_000).map(|i| format!("{},{}\n", i % 97, (i * 7) % 101)).collect();
    let text = format!("x,y\n{rows}");
    assert!(text.len() > 2 << 20, "more than both ends");
    sandbox.file("t.csv", &text);
    let line =
        "touch -d @1700000000 t.csv; deltarule train t.csv --target y --epochs 2 --cache t.cache --out m.json --force";
    let ran = sandbox.sh(line);
    ok(&ran, line);
    let first = model(&sandbox, "m.json");
    let place = text.len() / 2 + text[text.len() / 2..].find("\n5,").unwrap() + 1;
    sandbox.file("t.csv", format!("{}6{}", &text[..place], &text[place + 1..]));
    let ran = sandbox.sh(line);
    ok(&ran, line);
    assert!(ran.stderr.contains("made anew, since the file was written, moved or touched since"), "{}", ran.stderr);
    assert_ne!(model(&sandbox, "m.json"), first);
}

#[test]
fn caches_of_files_of_one_name_are_told_by_their_folders() {
    let sandbox = Sandbox::new();
    let line = "mkdir a b; cp examples/ten.csv a/d.csv; cp examples/ten.csv b/d.csv";
    ok(&sandbox.sh(line), line);
    let train = |folder: &str| {
        sandbox.sh(&format!("cd {folder} && deltarule train d.csv --target passed --cache ../d.cache --quiet"))
    };
    ok(&train("a"), "a");
    let ran = train("b");
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("a/d.csv, expected that of ") && ran.stderr.contains("b/d.csv;"), "{}", ran.stderr);
}

#[test]
fn a_flipped_byte_is_noticed_wherever_it_is() {
    let sandbox = Sandbox::new();
    sandbox.file("t.csv", table(9000));
    let line = "deltarule train t.csv --target number --missing mean --drop class --epochs 20 --cache t.cache";
    ok(&sandbox.sh(line), line);
    let whole = fs::read(sandbox.path().join("t.cache")).unwrap();
    for at in [64, 5_000, 200_000, 400_000] {
        let mut flipped = whole.clone();
        flipped[at] ^= 4;
        sandbox.file("t.cache", &flipped);
        let ran = sandbox.sh(line);
        assert_eq!(ran.code, Some(2), "{at}: {}", ran.stdout);
        assert!(ran.stderr.contains("are not as they were written"), "{at}: {}", ran.stderr);
    }
}

#[test]
fn a_full_disk_and_a_kill_leave_nothing_behind() {
    let sandbox = Sandbox::new();
    sandbox.file("t.csv", table(RECORDS));
    let rest = format!("train t.csv --target number --drop class --missing mean --threads 1 --memory {}", tight(1, 68));
    fs::create_dir(sandbox.path().join("scratch")).unwrap();
    let empty = || fs::read_dir(sandbox.path().join("scratch")).unwrap().count() == 0;
    let before = sandbox.names();
    // A limit on the size of files stands for a disk that is full.
    for cache in ["", " --cache t.cache"] {
        let line = format!("trap '' XFSZ; ulimit -f 300; TMPDIR=scratch deltarule {rest}{cache}");
        let ran = sandbox.sh(&line);
        assert_eq!(ran.code, Some(2), "{}", ran.stderr);
        assert!(ran.stderr.contains("the pages of the table cannot be written there"), "{}", ran.stderr);
        // Commands that have no --cache hold records, too.
        assert_eq!(ran.stderr.contains("--cache"), !cache.is_empty(), "{}", ran.stderr);
        assert!(empty() && sandbox.names() == before, "{:?}", sandbox.names());
    }
    // Killed while it descends, which would go on for long.
    let line = format!(
        "TMPDIR=scratch timeout -s KILL 3 deltarule {rest} --eta 1e-9 --tolerance 0 --epochs 1000000000 --cache t.cache --quiet"
    );
    let ran = sandbox.sh(&line);
    assert_ne!(ran.code, Some(0), "{}", ran.stderr);
    let mut with_cache = before.clone();
    with_cache.insert("t.cache".to_owned());
    assert!(empty(), "the temporary file");
    assert_eq!(sandbox.names(), with_cache, "the cache was whole when descent began");
}

#[test]
fn pictures_are_the_same_from_memory_and_disk() {
    let sandbox = Sandbox::new();
    sandbox.file("t.csv", table(RECORDS));
    let line = "deltarule train t.csv --target class --drop number,c,truth --loss log --epochs 20 --path p.csv --out m.json --quiet";
    ok(&sandbox.sh(line), line);
    // Five numbers, a word and a class.
    let threads = std::thread::available_parallelism().unwrap().get();
    let tight = tight(threads, 5 * 8 + 4 + 8);
    for picture in [
        "bowl m.json t.csv --weight a --path p.csv",
        "contour m.json t.csv --weights a,word=oak --path p.csv",
        "fit m.json t.csv",
        "calibration m.json t.csv",
    ] {
        let line = format!("deltarule plot {picture}");
        let expected = sandbox.sh(&line);
        ok(&expected, &line);
        let line = format!("{line} --memory {tight}");
        let found = sandbox.sh(&line);
        ok(&found, &line);
        assert!(expected.stdout == found.stdout, "{line}: another picture");
        // It was on disk: without a folder for that there is no picture.
        let line = format!("TMPDIR=nowhere {line}");
        let refused = sandbox.sh(&line);
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(2), ""), "{line}\n{}", refused.stderr);
        assert!(refused.stderr.contains("nowhere"), "{}", refused.stderr);
    }
}
