//! Worked steps on paper, and exercise sheets.

use std::collections::BTreeSet;

use deltarule_core::{Activation, Loss};
use serde_json::Value;

use crate::support::Sandbox;

/// Checks what TeX would: environments and braces that close, dollars in pairs, signs of TeX's own in their places only.
#[track_caller]
fn check_latex(text: &str) {
    assert!(text.starts_with("\\documentclass") && text.trim_end().ends_with("\\end{document}"), "{text}");
    let (_, body) = text.split_once("\\begin{document}").unwrap();
    let mut open: Vec<&str> = vec!["document"];
    for line in body.lines() {
        for (at, _) in line.match_indices("\\begin{").chain(line.match_indices("\\end{")) {
            let rest = &line[at + 1..];
            let name = rest.split_once('{').unwrap().1.split('}').next().unwrap();
            if rest.starts_with("begin") {
                open.push(name);
            } else {
                assert_eq!(open.pop(), Some(name), "{line}");
            }
        }
        // The group around a long table.
        if line == "}" || line == "{" || line.starts_with("{\\") && !line.contains('}') {
            continue;
        }
        let in_table = open.iter().any(|name| ["tabular", "longtable"].contains(name));
        check_line(line, in_table);
    }
    assert!(open.is_empty(), "{open:?} in {text}");
}

#[track_caller]
fn check_line(line: &str, in_table: bool) {
    let (mut depth, mut in_math, mut signs) = (0, false, line.chars().peekable());
    while let Some(sign) = signs.next() {
        match sign {
            '\\' => {
                let next = signs.peek().copied().unwrap_or(' ');
                assert!(next.is_ascii_alphabetic() || "{}$&#%_ ".contains(next), "\\{next} in {line}");
                if !next.is_ascii_alphabetic() {
                    signs.next();
                }
            }
            '{' => depth += 1,
            '}' => depth -= 1,
            '$' => in_math = !in_math,
            '_' | '^' => assert!(in_math, "{sign} outside of a formula: {line}"),
            '&' => assert!(in_table && !in_math, "& in {line}"),
            '#' | '%' | '~' | '"' => panic!("{sign} in {line}"),
            sign if in_math => assert!(sign.is_ascii(), "{sign} in a formula: {line}"),
            _ => {}
        }
        assert!(depth >= 0, "{line}");
    }
    assert!(depth == 0 && !in_math, "{line}");
}

/// Checks that formulas are what GitHub takes for formulas, and have nothing that Markdown takes for its own.
#[track_caller]
fn check_markdown(text: &str) {
    let mut columns = None;
    for line in text.lines() {
        let parts: Vec<&str> = line.split('$').collect();
        assert!(parts.len() % 2 == 1, "a dollar alone in {line}");
        for (k, part) in parts.iter().enumerate() {
            if k % 2 == 0 {
                continue;
            }
            assert!(!part.starts_with(' ') && !part.ends_with(' ') && !part.is_empty(), "{line}");
            for bad in ["}_", "\\\\", "*", "|", "\\,", "\\;", "\\_", "&"] {
                assert!(!part.contains(bad), "{bad} in {part}");
            }
            assert_eq!(part.matches('{').count(), part.matches('}').count(), "{part}");
            let after = parts[k + 1].chars().next().unwrap_or(' ');
            assert!(!after.is_alphanumeric(), "{line}");
        }
        columns = match line.starts_with('|') {
            true => {
                let n = line.matches('|').count() - line.matches("\\|").count();
                assert!(columns.is_none_or(|known| known == n), "{line}");
                Some(n)
            }
            false => None,
        };
    }
}

/// The number of a formula.
fn number(cell: &str) -> f64 {
    let cell = cell.trim().trim_matches('$').trim_matches(['(', ')']);
    let text = cell.replace(r" \cdot 10^{", "e").replace('}', "");
    text.parse().unwrap_or_else(|_| panic!("{cell:?} is no number"))
}

/// The rows of the first table behind a heading, below its own head.
fn rows<'t>(text: &'t str, heading: &str) -> Vec<Vec<&'t str>> {
    let after = &text[text.find(heading).unwrap_or_else(|| panic!("no {heading:?} in {text}"))..];
    let table = after.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    table.skip(2).map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

#[test]
fn json_is_the_same_by_both_names() {
    let sandbox = Sandbox::new();
    let old = sandbox.sh("deltarule explain --json").ok().stdout;
    assert_eq!(sandbox.sh("deltarule explain --format json").ok().stdout, old);
    assert_eq!(sandbox.sh("deltarule explain --format text").ok().stdout, sandbox.sh("deltarule explain").ok().stdout);
}

#[test]
fn every_loss_and_activation_can_be_written_on_paper() {
    let sandbox = Sandbox::new();
    let mut lines = Vec::new();
    for activation in Activation::ALL {
        lines.push(format!("--x 1,-2 --w 0.6,0.1 --bias 0.2 --y 1 --activation {}", activation.name()));
    }
    for loss in Loss::ALL {
        lines.push(format!("--x 1,-2 --w 0.6,0.1 --bias 0.2 --y 1 --loss {loss} --derive"));
    }
    lines.push("--x 1,2 --w '0.1,0.2,-0.3;0,0.4,0.5' --y 0,1,0 --loss log --activation softmax --derive".into());
    lines.push("--x 1,2 --w '0.1,0.2;0,0.4' --y 0,1 --activation 'max(h, 0.1 * h) ^ 2 / (1 + abs(h))' --derive".into());
    lines.push("examples/iris.csv --target species --all".into());
    lines.push("examples/diabetes.csv --target progression --all --digits 17".into());
    lines.push("examples/ten.csv --target passed --record 3".into());
    for line in lines {
        for extra in ["", " --blank"] {
            check_latex(&sandbox.sh(&format!("deltarule explain {line}{extra} --format latex")).ok().stdout);
            let markdown = sandbox.sh(&format!("deltarule explain {line}{extra} --format markdown")).ok().stdout;
            check_markdown(&markdown);
        }
    }
}

#[test]
fn names_of_columns_mean_themselves_on_paper() {
    let sandbox = Sandbox::new();
    let names = ["a_b%", "c&d#e", "f$g{h}", "i^j~k\\l", "größe 天", "<b>*x*|`", "-- [1]"];
    let mut table = names.map(|name| format!("\"{name}\"")).join(",") + ",y\n";
    for k in 0..12 {
        let row: Vec<String> = (0..names.len()).map(|i| ((k * (i + 3) * 7 + i) % 11).to_string()).collect();
        table += &format!("{},{}\n", row.join(","), k * k % 7);
    }
    sandbox.file("odd.csv", table);
    sandbox.sh("deltarule train odd.csv --target y --out odd.json --quiet").ok();
    for line in ["odd.csv --target y --all", "odd.csv --target y --all --blank", "odd.json odd.csv --record 2"] {
        let latex = sandbox.sh(&format!("deltarule explain {line} --format latex")).ok().stdout;
        check_latex(&latex);
        let markdown = sandbox.sh(&format!("deltarule explain {line} --format markdown")).ok().stdout;
        check_markdown(&markdown);
        for (latex_name, markdown_name) in [
            (r"a\_b\%", r"a\_b%"),
            (r"c\&d\#e", r"c&amp;d\#e"),
            (r"f\$g\{h\}", r"f&#36;g\{h\}"),
            (r"i\textasciicircum{}j\textasciitilde{}k\textbackslash{}l", r"i\^j\~k\\l"),
            (r"größe \sign{5929}{天}", "größe 天"),
            (r"\textless{}b\textgreater{}*x*\textbar{}\textasciigrave{}", r"&lt;b&gt;\*x\*\|\`"),
        ] {
            assert!(latex.contains(latex_name), "{latex_name} is not in {latex}");
            assert!(markdown.contains(markdown_name), "{markdown_name} is not in {markdown}");
        }
    }
}

#[test]
fn digits_are_as_many_as_asked_for() {
    let sandbox = Sandbox::new();
    let text = sandbox.sh("deltarule explain --digits 3").ok().stdout;
    assert!(text.contains("ŷ = f(h) = 0.646\n") && text.contains("δ = 0.354 · 0.229 = 0.0811"), "{text}");
    let markdown = sandbox.sh("deltarule explain --digits 3 --format markdown").ok().stdout;
    assert!(markdown.contains(r"$\delta = (y - \hat y) f'(h) = 0.354 \cdot 0.229 = 0.0811$"), "{markdown}");
    let latex = sandbox.sh("deltarule explain --digits 17 --format latex").ok().stdout;
    assert!(latex.contains("0.64565630622579"), "{latex}");
}

#[test]
fn a_blank_sheet_tells_what_is_given_and_not_what_is_to_be_found() {
    let sandbox = Sandbox::new();
    let apart = |format: &str, solution: &str| {
        let text = sandbox.sh(&format!("deltarule explain --blank --format {format} --digits 6")).ok().stdout;
        let (task, solved) = text.split_once(solution).map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        for found in ["0.645656", "0.354344", "0.228784", "0.0810683", "0.0405341", "0.640534", "0.69914", "0.0452584"]
        {
            assert!(!task.contains(found), "{found} in {task}");
            assert!(solved.contains(found), "{found} is not in {solved}");
        }
        for given in ["0.6", "-2", "0.2", "0.5"] {
            assert!(task.contains(given), "{given} is not in {task}");
        }
        assert!(task.contains("____") || task.contains(r"\underline"), "{task}");
    };
    apart("text", "──────── solution ────────");
    apart("markdown", "# Solution: One step");
    apart("latex", "\\section*{Solution: One step");
    // Of several records the inputs stand there, without which nothing could be worked out.
    let text = sandbox.sh("deltarule explain examples/ten.csv --target passed --all --blank").ok().stdout;
    let (task, solved) = text.split_once("solution").unwrap();
    assert!(task.contains("hours = -1.509261, sleep = 0.2727273") && !task.contains("0.6628513"), "{task}");
    assert!(solved.contains("0.6628513"), "{solved}");
}

#[test]
fn a_key_is_what_explain_says_of_the_numbers_on_the_sheet() {
    let sandbox = Sandbox::new();
    for (seed, options) in [
        (1, "--activation sigmoid"),
        (2, "--activation identity"),
        (3, "--activation tanh"),
        (4, "--loss poisson"),
        (5, "--loss log"),
        (6, "--loss huber:1.5"),
        (7, "--activation softsign --inputs 3"),
    ] {
        let line = format!("deltarule exercise --seed {seed} {options} --digits 17 --key key.md --force");
        let sheet = sandbox.sh(&line).ok().stdout;
        let key = sandbox.read("key.md");
        check_markdown(&sheet);
        check_markdown(&key);
        let network = rows(&sheet, "## The network");
        let of_column = |k: usize, rows: &[Vec<&str>]| -> Vec<String> {
            rows.iter().map(|row| number(row[k]).to_string()).collect()
        };
        let (bias, inputs) = network.split_last().unwrap();
        let target = sheet.split("The target is $y = ").nth(1).unwrap().split('$').next().unwrap();
        let eta = sheet.split(r"delta rule with $\eta = ").nth(1).unwrap().split('$').next().unwrap();
        let explain = format!(
            "deltarule explain --x {} --w {} --bias {} --y {} --eta {} {} --json",
            of_column(1, inputs).join(","),
            of_column(2, inputs).join(","),
            number(bias[2]),
            number(target),
            number(eta),
            options.split(" --inputs").next().unwrap()
        );
        let json = sandbox.sh(&explain).ok().json();
        let step = &json["record"]["steps"][0];
        let has = |name: &str, value: &Value| {
            let value = value.as_f64().unwrap();
            let in_key =
                key.split(['$', '=', ' ']).filter_map(|word| word.trim_matches(['(', ')']).parse::<f64>().ok());
            let mut near = in_key.filter(|found| (found - value).abs() <= 1e-15 * value.abs().max(1e-3));
            assert!(near.next().is_some(), "seed {seed}: {name} = {value} is not in {key}\n{explain}");
        };
        for name in ["h", "y_hat", "residual", "loss", "derivative", "delta", "new_h", "new_y_hat", "new_loss"] {
            has(name, &step[name]);
        }
        let table = rows(&key, ": the step");
        for (i, row) in table.iter().enumerate().take(inputs.len()) {
            for (k, name) in ["gradient", "step", "new_w"].into_iter().enumerate() {
                let (found, expected) = (number(row[k + 1]), step[name][i].as_f64().unwrap());
                assert!((found - expected).abs() <= 1e-15 * expected.abs().max(1e-3), "{name} {found} {expected}");
            }
        }
    }
}

#[test]
fn the_slope_that_is_measured_is_the_derivative_but_for_its_curvature() {
    let sandbox = Sandbox::new();
    for seed in 1..=10 {
        for (options, most) in [("--activation identity", 1e-12), ("--activation sigmoid", 5e-3)] {
            let line = format!("deltarule exercise --seed {seed} {options} --digits 15 --key key.md --force");
            sandbox.sh(&line).ok();
            let key = sandbox.read("key.md");
            let section = key.split(": the slope, measured").nth(1).unwrap().split("###").next().unwrap();
            let last = |line: &str| number(line.trim_end_matches('$').rsplit(" = ").next().unwrap());
            let steps: Vec<f64> = section.lines().filter(|line| line.starts_with("- ")).map(last).collect();
            let [above, below, measured, slope] = steps[..] else { panic!("{section}") };
            assert!(((above - below) / 0.2 - measured).abs() < 1e-12, "{section}");
            assert!((measured - slope).abs() <= most * slope.abs().max(1.0), "{section}");
        }
    }
}

#[test]
fn one_step_is_small_enough_and_one_is_too_large() {
    let sandbox = Sandbox::new();
    for seed in 1..=20 {
        let line = format!("deltarule exercise --seed {seed} --activation identity --digits 12 --key key.md --force");
        sandbox.sh(&line).ok();
        let key = sandbox.read("key.md");
        let section = key.split(": the learning rate").nth(1).unwrap();
        let errors: Vec<(f64, f64)> = section
            .lines()
            .filter(|line| line.contains("before the step"))
            .map(|line| {
                let parts: Vec<&str> = line.split('$').collect();
                (number(parts[1].strip_prefix("E = ").unwrap()), number(parts[3]))
            })
            .collect();
        let [small, large] = errors[..] else { panic!("{section}") };
        assert!(small.0 == large.0 && small.1 < small.0 && large.1 > large.0, "{errors:?}");
        assert!(section.contains("was too large"), "{section}");
    }
}

#[test]
fn a_seed_means_a_sheet() {
    let sandbox = Sandbox::new();
    let all = sandbox.sh("deltarule exercise --seed 1..30 --key keys.md").ok().stdout;
    let sheets: BTreeSet<&str> =
        all.split("# Exercise sheet ").skip(1).map(|text| text.split_once('\n').unwrap().1).collect();
    assert_eq!(sheets.len(), 30);
    assert_eq!(sandbox.read("keys.md").matches("# Key to exercise sheet").count(), 30);
    let one = sandbox.sh("deltarule exercise --seed 17 --key key.md").ok().stdout;
    assert!(all.contains(&one), "{one}");
    assert_eq!(sandbox.sh("deltarule exercise --seed 17 --key again.md").ok().stdout, one);
    assert_eq!(sandbox.read("again.md"), sandbox.read("key.md"));
}

#[test]
fn the_command_on_a_key_makes_its_sheet_again() {
    let sandbox = Sandbox::new();
    let options =
        "--seed 5 --activation 'h / (1 + abs(h))' --outputs 2 --inputs 3 --records 4 --no-bias --count 9 --digits 3";
    let all = sandbox.sh(&format!("deltarule exercise {options}")).ok().stdout;
    check_markdown(&all);
    let command = all.rsplit("This sheet again: `").next().unwrap().split('`').next().unwrap();
    assert_eq!(sandbox.sh(command).ok().stdout, all, "{command}");
}

#[test]
fn sheets_are_sound_for_every_function_loss_and_size() {
    let sandbox = Sandbox::new();
    let mut options: Vec<String> = Vec::new();
    for activation in Activation::ALL.iter().filter(|activation| activation.is_trainable()) {
        options.push(format!("--activation {}", activation.name()));
    }
    for loss in Loss::ALL {
        options.push(format!("--loss {loss}"));
    }
    options.push("--loss log --activation softmax --outputs 3".into());
    options.push("--outputs 4 --inputs 4 --records 9".into());
    options.push("--inputs 1 --records 9 --no-bias".into());
    options.push("--activation 'h^2 / (1 + h^2)' --count 70".into());
    for options in options {
        let latex = sandbox.sh(&format!("deltarule exercise --seed 3..5 {options} --format latex")).ok().stdout;
        check_latex(&latex);
        assert!(!latex.contains("NaN") && !latex.contains("infty"), "{options}");
        check_markdown(&sandbox.sh(&format!("deltarule exercise --seed 3..5 {options}")).ok().stdout);
    }
}

#[test]
fn files_of_sheets_appear_whole_or_not_at_all() {
    let sandbox = Sandbox::new();
    sandbox.sh("deltarule exercise --format latex --out sheets.tex --key key.tex").ok();
    check_latex(&sandbox.read("sheets.tex"));
    check_latex(&sandbox.read("key.tex"));
    assert!(!sandbox.read("sheets.tex").contains("Key to") && sandbox.read("key.tex").contains("Key to"));
    sandbox.file("there.md", "mine");
    let ran = sandbox.sh("deltarule exercise --out new.md --key there.md");
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("there.md: is there already; --force replaces it"), "{}", ran.stderr);
    assert!(sandbox.read("there.md") == "mine" && !sandbox.names().contains("new.md"));
}

#[test]
fn what_cannot_be_is_refused() {
    let sandbox = Sandbox::new();
    for (line, part) in [
        ("explain --json --digits 3", "--digits: found beside JSON"),
        ("explain --format json --blank", "--blank: found beside JSON"),
        ("explain --json --format latex", "cannot be used with"),
        ("explain --digits 0", "from 1 to 17"),
        ("explain --format html", "latex"),
        ("exercise --seed 5..1", "the smaller seed first"),
        ("exercise --seed x", "a whole number, or two"),
        ("exercise --seed 1..100000", "at most 1000 seeds"),
        ("exercise --outputs 9", "from 1 to 4"),
        ("exercise --count 0", "from 1 to 70"),
        ("exercise --activation step", "whose f' is 0"),
        ("exercise --loss log --activation tanh", "sigmoid or softmax"),
        ("exercise --activation softmax", "softmax with --loss log"),
        ("exercise --activation 'ln(h - 50)'", "no numbers of few digits"),
        ("exercise --out a.md --key a.md", "found the file of --out"),
        ("exercise --format text", "markdown"),
    ] {
        let ran = sandbox.sh(&format!("deltarule {line}"));
        assert_eq!(ran.code, Some(2), "{line}: {}", ran.stdout);
        assert!(ran.stderr.contains(part), "{line}: {}", ran.stderr);
        assert!(ran.stdout.is_empty(), "{line}");
    }
    assert!(!sandbox.names().contains("a.md"));
}

#[test]
fn a_check_that_compares_nothing_does_not_pass() {
    let sandbox = Sandbox::new();
    let line = "deltarule check examples/ten.csv --target passed --activation 'abs(h)' --init zeros";
    let ran = sandbox.sh(line);
    assert_eq!(ran.code, Some(1), "{}", ran.stdout);
    assert!(ran.stdout.contains("nothing could be compared: every record is at a kink here; try --init normal"));
    let json = sandbox.sh(&format!("{line} --json || true")).ok().json();
    assert_eq!(json["passes"], false);
}

#[test]
fn every_number_of_a_sheet_is_finite() {
    let sandbox = Sandbox::new();
    for options in [
        "--seed 12 --activation 'ln(h)'",
        "--seed 1..100 --activation 'sqrt(h)'",
        "--seed 1..30 --loss poisson --activation '1+h'",
        "--seed 1..30 --loss poisson --activation 'atan(h)' --outputs 2",
    ] {
        let sheets = sandbox.sh(&format!("deltarule exercise {options}")).ok().stdout;
        assert!(!sheets.contains("NaN") && !sheets.contains("inf"), "{options}");
    }
}
