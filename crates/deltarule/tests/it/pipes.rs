//! What is read through a pipe that has a name, as a shell's `<(command)` has: all of it, from the first byte on.

use crate::support::Sandbox;

#[test]
fn a_pipe_with_a_name_gives_what_its_file_would() {
    let sandbox = Sandbox::new();
    sandbox.sh("deltarule train examples/ten.csv --target passed --quiet --out model.json; mkfifo pipe").ok();
    sandbox.sh("printf '+1 1:0.5 3:2\\n-1 2:1\\n' > small.libsvm; head -4 examples/ten.csv > three.csv").ok();
    for (command, file) in [
        ("inspect FILE", "examples/ten.csv"),
        ("train FILE --target passed", "examples/ten.csv"),
        ("train FILE --target passed --on-bad-row skip", "examples/ten.csv"),
        ("train examples/ten.csv --target passed --valid FILE", "examples/ten.csv"),
        ("train FILE examples/ten.csv --target passed", "three.csv"),
        ("sweep FILE --target passed --eta 0.1,1", "examples/ten.csv"),
        ("predict model.json FILE", "examples/ten.csv"),
        ("evaluate model.json FILE", "examples/ten.csv"),
        ("explain FILE --target passed --all", "examples/ten.csv"),
        ("explain model.json FILE --record 3", "examples/ten.csv"),
        ("check FILE --target passed", "examples/ten.csv"),
        ("train FILE", "small.libsvm"),
    ] {
        let of_file = sandbox.sh(&format!("deltarule {}", command.replace("FILE", file))).ok().stdout;
        let line = command.replace("FILE", "pipe");
        let of_pipe =
            sandbox.sh(&format!("cat {file} > pipe & timeout 60 deltarule {line}; code=$?; wait; exit $code"));
        assert_eq!(of_pipe.ok().stdout.replace("pipe", file), of_file, "{command}");
    }
    // A summary reads its records again where training stopped a little before the minimum.
    let train = "deltarule train examples/diabetes.csv --target progression --quiet --out m.json";
    sandbox.sh(train).ok();
    let of_file = sandbox.sh("deltarule show m.json --summary examples/diabetes.csv").ok().stdout;
    for (line, name) in [
        ("deltarule show m.json --summary - < examples/diabetes.csv", "standard input"),
        ("cat examples/diabetes.csv > pipe & timeout 60 deltarule show m.json --summary pipe", "pipe"),
    ] {
        let of_stream = sandbox.sh(line).ok().stdout;
        assert_eq!(of_stream.replacen(name, "examples/diabetes.csv", 1), of_file, "{line}");
    }
    // Nor is the end of a table taken for all of it.
    let ran = sandbox.sh("deltarule predict model.json <(cat examples/ten.csv) | wc -l").ok();
    assert_eq!(ran.stdout.trim(), "11");
}
