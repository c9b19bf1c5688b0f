//! `deltarule inspect`: what is in a table.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::Result;
use deltarule_data::{ColumnSummary, ReadOptions, SkipRule, Suspicion, Table, date_advice, summarize};
use serde_json::json;

use crate::cli::InspectArgs;
use crate::number::{count, percent, short};
use crate::rows::Rows;
use crate::setup::Input;
use crate::{output, setup};

pub(crate) fn run(args: &InspectArgs) -> Result<ExitCode> {
    let (categorical, hashed, dates) = (args.categorical.clone(), args.hash.clone(), args.date.clone());
    let options = ReadOptions { categorical, hashed, dates, ..ReadOptions::default() };
    let mut rows = Rows::of(&args.rows, &args.data, &[], args.force)?;
    let input = Input { data: &args.data, files: &args.files, memory: &args.memory, quiet: args.json };
    // What is missing is for training to judge.
    let rule = SkipRule { targets: args.target.clone(), ..SkipRule::default() };
    let (table, row_tally) = setup::read(input, options, rule, &mut rows)?;
    rows.finish()?;
    for target in &args.target {
        table.column(target, "--target")?;
    }
    let targets: Vec<&str> = args.target.iter().map(String::as_str).collect();
    let columns = summarize(&table, &targets)?;
    if args.json {
        let mut report = json!({
            "command": "inspect",
            "data": table.name(),
            "records": table.n_records(),
            "fingerprint": table.fingerprint(),
            "sparse": table.sparse().map(|(first_index, indices, n_stored)| json!({
                "index_base": first_index,
                "features": indices.len(),
                "values": n_stored,
                "density": density(&table),
            })),
            "columns": columns.iter().map(column_json).collect::<Vec<_>>(),
        });
        row_tally.tell(&mut report);
        output::print_json(&report)?;
        return Ok(ExitCode::SUCCESS);
    }
    let n = table.n_records() as u64;
    let sparse = table.sparse().map(|(first, indices, n_stored)| {
        let features = count(indices.len() as u64, "feature");
        let values = count(n_stored, "value");
        format!("{features} that occur, indices from {first} on, {values} not 0 ({})", percent(density(&table)))
    });
    let mut text = format!("{}: {}, {}\n", table.name(), count(n, "record"), count(columns.len() as u64, "column"));
    text.extend(row_tally.text().map(|text| text + "\n"));
    text.push('\n');
    let width =
        columns.iter().map(|column| output::one_line(&column.name).chars().count()).max().unwrap_or(0).clamp(6, 30) + 2;
    let _ = writeln!(text, "  {:<width$}{:<14}{:>10}  values", "column", "type", "missing");
    for column in &columns {
        let missing = if column.n_missing == 0 { "-".to_owned() } else { column.n_missing.to_string() };
        let is_target = targets.contains(&column.name.as_str());
        let name = format!("{}{}", output::one_line(&column.name), if is_target { " *" } else { "" });
        let _ = writeln!(
            text,
            "  {name:<width$}{:<14}{missing:>10}  {}",
            column.type_name,
            match (column.type_name, &sparse) {
                ("sparse", Some(text)) => text.clone(),
                _ => values(column, n),
            }
        );
    }
    if !targets.is_empty() {
        text.push_str("  (* the target)\n");
    }
    let suspicious: Vec<&ColumnSummary> = columns.iter().filter(|column| !column.suspicions.is_empty()).collect();
    if suspicious.is_empty() {
        text.push_str("\nnothing suspicious\n");
    } else {
        text.push_str("\nsuspicious:\n");
        for column in &suspicious {
            for suspicion in &column.suspicions {
                let _ = writeln!(text, "  {}: {suspicion}", output::one_line(&column.name));
            }
        }
        let names = |which: fn(&Suspicion) -> bool| -> Vec<&str> {
            let features = suspicious.iter().filter(|column| !targets.contains(&column.name.as_str()));
            let chosen = features.filter(|column| column.suspicions.iter().any(which));
            chosen.map(|column| column.name.as_str()).collect()
        };
        let (drop, hash) = (names(Suspicion::is_refused), names(Suspicion::may_be_hashed));
        let dates = date_advice(suspicious.iter().flat_map(|column| &column.suspicions));
        if !drop.is_empty() {
            let _ = writeln!(
                text,
                "as features these are refused; leave them out with: --drop {}",
                output::quoted_list(drop)
            );
        }
        if let Some(dates) = dates {
            let _ = writeln!(text, "or take dates apart into year, month, weekday, hour and trend with: {dates}");
        }
        if !hash.is_empty() {
            let _ = writeln!(
                text,
                "where values come again in other records, hash them: --hash {}",
                output::quoted_list(hash)
            );
        }
    }
    output::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// The share of sparse numbers that are not 0.
fn density(table: &Table) -> f64 {
    let (n_features, n_stored) = table.sparse().map_or((0, 0), |(_, indices, n_stored)| (indices.len(), n_stored));
    n_stored as f64 / (table.n_records() * n_features).max(1) as f64
}

/// Range and mean of numbers, the most frequent levels of a text.
fn values(column: &ColumnSummary, n: u64) -> String {
    if let Some((low, mean, high)) = column.numbers {
        if column.type_name == "boolean" {
            return format!("{} true", percent(mean));
        }
        return format!("{} to {}, mean {}", short(low), short(high), short(mean));
    }
    if let Some((first, last)) = &column.dates {
        return format!("{first} to {last}");
    }
    if let Some(hashed) = &column.hashed {
        return format!(
            "{}{} in {} of {} buckets",
            if hashed.exact { "" } else { "about " },
            count(hashed.n_values, "value"),
            hashed.n_used,
            hashed.n_buckets
        );
    }
    let Some(n_levels) = column.n_levels else { return String::new() };
    let shown: Vec<String> = column
        .frequent
        .iter()
        .map(|(level, records)| {
            let level: String = level.chars().take(24).collect();
            format!("{} ({})", output::one_line(&level), percent(*records as f64 / n.max(1) as f64))
        })
        .collect();
    let more = if n_levels > shown.len() { ", …" } else { "" };
    format!("{}: {}{more}", count(n_levels as u64, "level"), shown.join(", "))
}

fn column_json(column: &ColumnSummary) -> serde_json::Value {
    json!({
        "name": column.name,
        "type": column.type_name,
        "missing": column.n_missing,
        "min": column.numbers.map(|n| n.0),
        "mean": column.numbers.map(|n| n.1),
        "max": column.numbers.map(|n| n.2),
        "levels": column.n_levels,
        "dates": column.dates.as_ref().map(|(first, last)| json!({ "first": first, "last": last })),
        "hashed": column.hashed.map(|hashed| json!({
            "values": hashed.n_values,
            "exact": hashed.exact,
            "used": hashed.n_used,
            "buckets": hashed.n_buckets,
        })),
        "frequent": column.frequent.iter().map(|(level, n)| json!({ "level": level, "records": n })).collect::<Vec<_>>(),
        "suspicions": column.suspicions.iter()
            .map(|s| json!({ "text": s.to_string(), "refused": s.is_refused() })).collect::<Vec<_>>(),
    })
}
