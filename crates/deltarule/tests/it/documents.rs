//! What the documents show is what the program prints.

use deltarule_core::{Activation, Loss, OptimizerKind, Schedule};

use crate::support::{Sandbox, check_document, project};

/// All commands of a document, in one folder, each of which must work.
fn holds(name: &str) {
    let sandbox = Sandbox::new();
    check_document(name, |block, index| {
        let ran = sandbox.sh(&format!("({}) 2>&1", block[index].command));
        assert_eq!(ran.code, Some(0), "{name}: {}\n{}", block[index].command, ran.stdout);
        ran.stdout
    });
}

#[test]
fn the_readme() {
    holds("README.md");
}

#[test]
fn the_derivation() {
    holds("docs/delta-rule.md");
}

#[test]
fn the_page_about_pictures_and_the_pictures_in_it() {
    let sandbox = Sandbox::new();
    check_document("docs/plots.md", |block, index| {
        let ran = sandbox.sh(&format!("({}) 2>&1", block[index].command));
        assert_eq!(ran.code, Some(0), "docs/plots.md: {}\n{}", block[index].command, ran.stdout);
        ran.stdout
    });
    let page = std::fs::read_to_string(project().join("docs/plots.md")).unwrap();
    let shown: Vec<&str> = page.split("](pictures/").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    assert!(shown.len() > 5);
    for name in shown {
        let (kept, drawn) = (project().join("docs/pictures").join(name), sandbox.read(name));
        if std::env::var_os("DELTARULE_BLESS").is_some() {
            std::fs::write(&kept, &drawn).unwrap();
        }
        assert!(drawn == std::fs::read_to_string(&kept).unwrap(), "{name} is not what its command draws");
    }
}

#[test]
fn the_page_about_export() {
    holds("docs/export.md");
}

#[test]
fn the_page_about_columns() {
    holds("docs/columns.md");
}

#[test]
fn the_page_about_losses() {
    holds("docs/losses.md");
}

#[test]
fn the_page_about_optimizers() {
    holds("docs/optimizers.md");
}

#[test]
fn the_page_and_the_help_name_every_optimizer_and_schedule() {
    let page = std::fs::read_to_string(project().join("docs/optimizers.md")).unwrap();
    let help = Sandbox::new().sh("COLUMNS=1000 deltarule train --help").ok().stdout;
    let schedules = Schedule::FORMS.iter().filter_map(|form| form.split([':', '[']).next());
    for name in OptimizerKind::NAMES.iter().copied().chain(schedules) {
        assert!(page.contains(&format!("| `{name}")), "{name} is not on the page");
        assert!(help.contains(name), "{name} is not in the help");
    }
}

#[test]
fn the_page_and_the_help_name_every_loss() {
    let page = std::fs::read_to_string(project().join("docs/losses.md")).unwrap();
    let help = Sandbox::new().sh("COLUMNS=1000 deltarule train --help").ok().stdout;
    for loss in Loss::ALL {
        assert!(page.contains(&format!("`{}", loss.name())), "{loss} is not on the page");
        assert!(help.contains(loss.name()), "{loss} is not in the help");
    }
}

#[test]
fn the_page_about_summaries() {
    holds("docs/summary.md");
}

#[test]
fn the_page_about_teaching() {
    holds("docs/teaching.md");
}

#[test]
fn the_page_about_privacy() {
    holds("docs/privacy.md");
}

#[test]
fn the_page_about_validation() {
    holds("docs/validation.md");
}

#[test]
fn the_page_about_weights() {
    holds("docs/weights.md");
}

/// Its last commands are refused, as it says.
#[cfg(feature = "sql")]
#[test]
fn the_page_about_sql() {
    let sandbox = Sandbox::new();
    check_document("docs/sql.md", |block, index| {
        let ran = sandbox.sh(&format!("({}) 2>&1", block[index].command));
        let expected = if ran.stdout.starts_with("error: ") { 2 } else { 0 };
        assert_eq!(ran.code, Some(expected), "docs/sql.md: {}\n{}", block[index].command, ran.stdout);
        ran.stdout
    });
}

#[test]
fn the_readme_and_the_help_name_every_activation() {
    let readme = std::fs::read_to_string(project().join("README.md")).unwrap();
    let help = Sandbox::new().sh("COLUMNS=1000 deltarule train --help").ok().stdout;
    for activation in Activation::ALL {
        assert!(readme.contains(activation.name()), "{activation} is not in the README");
        assert!(help.contains(activation.name()), "{activation} is not in the help");
    }
}

/// What every page says it is linked to is there.
#[test]
fn links_lead_somewhere() {
    let root = project();
    for name in [
        "README.md",
        "ARCHITECTURE.md",
        "DESIGN.md",
        "CONTRIBUTING.md",
        "examples/README.md",
        "docs/delta-rule.md",
        "docs/export.md",
        "docs/columns.md",
        "docs/losses.md",
        "docs/plots.md",
        "docs/serve.md",
        "docs/optimizers.md",
        "docs/privacy.md",
        "docs/sql.md",
        "docs/teaching.md",
        "docs/validation.md",
        "docs/weights.md",
    ] {
        let text = std::fs::read_to_string(root.join(name)).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let there = root.join(name).parent().unwrap().join(link).exists();
            assert!(there || link.starts_with("https://"), "{name} links to {link}");
        }
    }
}
