//! `deltarule play`, without a browser: what is in the page, and what is refused. The page itself is tried by `make page`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::Sandbox;

#[allow(dead_code)]
#[path = "../../page_sources.rs"]
mod page_sources;

/// Whether the page is in the program; without it there is nothing but the advice how to build it.
fn has_page(sandbox: &Sandbox) -> bool {
    let ran = sandbox.sh("deltarule play --export page.html");
    if ran.code == Some(0) {
        let page = sandbox.read("page.html");
        assert!(page.contains("<title>deltarule"));
        // A page of other sources is told in one line, and one of these in none.
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let is_old = page_sources::mark_in(&page) != Some(&page_sources::mark_of(&root).unwrap());
        let told: Vec<&str> = ran.stderr.lines().collect();
        assert_eq!(told.len(), usize::from(is_old), "{}", ran.stderr);
        assert!(told.iter().all(|line| line.contains("older") && line.contains("cargo xtask page")), "{}", ran.stderr);
        return true;
    }
    assert_eq!(ran.code, Some(2));
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("cargo xtask page"), "{}", ran.stderr);
    false
}

#[test]
fn the_mark_of_the_sources_changes_with_each_of_them() {
    let sandbox = Sandbox::new();
    for source in page_sources::SOURCES {
        let file = if source.contains('.') { source.to_owned() } else { format!("{source}/a.rs") };
        sandbox.sh(&format!("mkdir -p $(dirname {file})")).ok();
        sandbox.file(&file, "one");
    }
    let mark = || page_sources::mark_of(sandbox.path()).unwrap();
    let first = mark();
    assert_eq!(mark(), first);
    let page = format!("<meta charset=\"utf-8\">\n{}\n", page_sources::element(&first));
    assert_eq!((page_sources::mark_in(&page), page_sources::mark_in("<title>")), (Some(&*first), None));
    let mut seen = vec![first];
    for (name, text) in [
        ("Cargo.toml", "two"),
        ("crates/deltarule-core/src/a.rs", "onE"),
        ("crates/deltarule-web/page/views/new.js", ""),
        ("crates/deltarule-web/page/views/new.js", "1"),
        ("xtask/src/a.rs", ""),
    ] {
        sandbox.sh("mkdir -p crates/deltarule-web/page/views").ok();
        sandbox.file(name, text);
        assert!(!seen.contains(&mark()), "{name}");
        seen.push(mark());
    }
    // Others have no part in it.
    sandbox.file("README.md", "new");
    assert_eq!(Some(&mark()), seen.last());
}

/// What the page in a file is given.
fn given(page: &str) -> serde_json::Value {
    let (_, rest) = page.split_once("id=\"given\">").unwrap();
    serde_json::from_str(rest.split("</script>").next().unwrap()).unwrap()
}

#[test]
fn a_table_goes_into_the_page_as_training_sees_it() {
    let sandbox = Sandbox::new();
    if !has_page(&sandbox) {
        return;
    }
    sandbox.file(
        "t.csv",
        "when,city,size,y\n2024-01-31,</script>,0.1,2\n2024-02-01,\"a, b\",NA,3.5\n2025-02-01,</script>,7,1\n",
    );
    sandbox
        .sh("deltarule play t.csv --target y --date when --missing mean --activation tanh --eta 0.3 --export t.html")
        .ok();
    let given = given(&sandbox.read("t.html"));
    let csv = given["csv"].as_str().unwrap();
    assert!(csv.starts_with("when: year,"), "{csv}");
    assert!(csv.contains("</script>") && csv.contains("\"a, b\",,3.5"), "{csv}");
    assert_eq!(given["settings"]["activation"], "tanh");
    assert_eq!(given["settings"]["eta"], 0.3);
    assert_eq!(given["chosen"]["missing"], "mean");
    // Classes keep their names, and --force is needed to replace a file.
    let iris = "deltarule play examples/iris.csv --target species --export t.html";
    assert!(sandbox.sh(iris).stderr.contains("--force"));
    sandbox.sh(&format!("{iris} --force")).ok();
    assert!(self::given(&sandbox.read("t.html"))["csv"].as_str().unwrap().contains(",setosa\n"));
}

#[test]
fn wrong_choices_are_told_and_leave_no_file() {
    let sandbox = Sandbox::new();
    if !has_page(&sandbox) {
        return;
    }
    sandbox.file("bad.csv", "a,b\n1,2\n3\n").file("sparse.txt", "1 1:2 3:4\n0 2:1\n");
    let files = sandbox.names();
    for (options, words) in [
        ("--target y", "--target"),
        ("examples/ten.csv", "--target"),
        ("examples/ten.csv --target nothing", "nothing"),
        ("bad.csv --target b", "line 3"),
        ("sparse.txt", "sparse"),
        ("none.csv --target b", "none.csv"),
        ("examples/ten.csv --target passed --activation 'exp(h'", "exp(h"),
        ("examples/ten.csv --target passed --eta -1", "eta"),
        ("examples/ten.csv --target passed --init none.csv", "none.csv"),
        (
            "examples/ten.csv --target passed --weight hours",
            "--weight: found \"hours\", but on the page all records count alike",
        ),
        ("examples/ten.csv --target passed --class-weight balanced", "--class-weight"),
        ("--weight hours", "--weight"),
        ("examples/ten.csv --target passed --seed 9007199254740992", "9007199254740991"),
    ] {
        let ran = sandbox.sh(&format!("deltarule play {options} --export new.html"));
        assert_eq!(ran.code, Some(2), "{options}: {}", ran.stderr);
        assert!(ran.stderr.contains(words), "{options}: {}", ran.stderr);
        assert_eq!(sandbox.names(), files, "{options}");
    }
}

#[test]
fn the_page_is_served_to_this_machine_alone() {
    let sandbox = Sandbox::new();
    if !has_page(&sandbox) {
        return;
    }
    let mut child = Command::new(Path::new(env!("CARGO_BIN_EXE_deltarule")))
        .args(["play", "--no-open"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let address = lines.next().unwrap().unwrap();
    let host = address.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let ask = |request: &str, host_line: &str| {
        let mut stream = TcpStream::connect(&host).unwrap();
        write!(stream, "{request} HTTP/1.1\r\nHost: {host_line}\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let answer = ask("GET /", &host);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("\r\nX-Frame-Options: DENY\r\n"));
    assert!(ask("GET /", &host.replace("127.0.0.1", "LOCALHOST")).starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(ask("GET /?x=1", &host).contains("<title>deltarule"));
    assert!(!ask("HEAD /", &host).contains("<title>"));
    assert!(ask("GET /etc/passwd", &host).starts_with("HTTP/1.1 404 "));
    assert!(ask("POST /", &host).starts_with("HTTP/1.1 405 "));
    // A name of someone else's that leads here.
    assert!(ask("GET /", "example.org").starts_with("HTTP/1.1 403 "));
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
