//! What the server counts, in Prometheus' text format.
//!
//! Source: the exposition formats of Prometheus, version 0.0.4, <https://prometheus.io/docs/instrumenting/exposition_formats/>.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The upper ends of the bins of the times that requests take, in seconds.
const BINS: [f64; 12] = [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5];

/// All counts.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    /// By path and status; the path of what has none is `other`.
    requests: BTreeMap<(&'static str, u16), u64>,
    records: u64,
    unseen: u64,
    empty: u64,
    /// Requests to predict within each bin, and beyond the last.
    bins: [u64; BINS.len() + 1],
    seconds: f64,
    reloads: u64,
    refused_reloads: u64,
    model_modified: Option<SystemTime>,
    connections: u64,
}

/// The records of one request.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Records {
    pub(crate) n: u64,
    pub(crate) unseen: u64,
    pub(crate) empty: u64,
}

impl Metrics {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn request(&self, path: &'static str, status: u16, records: Records, took: Duration) {
        let mut counts = self.counts();
        *counts.requests.entry((path, status)).or_default() += 1;
        counts.records += records.n;
        counts.unseen += records.unseen;
        counts.empty += records.empty;
        if path == "/predict" {
            let seconds = took.as_secs_f64();
            let bin = BINS.iter().position(|end| seconds <= *end).unwrap_or(BINS.len());
            counts.bins[bin] += 1;
            counts.seconds += seconds;
        }
    }

    pub(crate) fn model(&self, modified: Option<SystemTime>) {
        self.counts().model_modified = modified;
    }

    pub(crate) fn reload(&self, is_done: bool) {
        let mut counts = self.counts();
        if is_done {
            counts.reloads += 1;
        } else {
            counts.refused_reloads += 1;
        }
    }

    pub(crate) fn opened(&self) {
        self.counts().connections += 1;
    }

    pub(crate) fn closed(&self) {
        self.counts().connections -= 1;
    }

    /// How many connections are open.
    pub(crate) fn connections(&self) -> u64 {
        self.counts().connections
    }

    /// All of it as text.
    pub(crate) fn text(&self) -> String {
        let counts = self.counts();
        let mut text = String::new();
        // Writing to memory does not fail.
        let head = |text: &mut String, name: &str, kind: &str, help: &str| {
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        };
        head(&mut text, "deltarule_build_info", "gauge", "The version of deltarule.");
        let _ = writeln!(text, "deltarule_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"));
        head(&mut text, "deltarule_requests_total", "counter", "Requests, by path and status.");
        for ((path, status), n) in &counts.requests {
            let _ = writeln!(text, "deltarule_requests_total{{path=\"{path}\",status=\"{status}\"}} {n}");
        }
        let name = "deltarule_request_seconds";
        head(&mut text, name, "histogram", "Time of requests to /predict, from their head to their answer.");
        let mut total = 0;
        for (end, n) in BINS.iter().zip(&counts.bins) {
            total += n;
            let _ = writeln!(text, "{name}_bucket{{le=\"{end}\"}} {total}");
        }
        total += counts.bins[BINS.len()];
        let _ =
            writeln!(text, "{name}_bucket{{le=\"+Inf\"}} {total}\n{name}_sum {}\n{name}_count {total}", counts.seconds);
        for (name, help, n) in [
            ("deltarule_records_total", "Records that were predicted.", counts.records),
            (
                "deltarule_unseen_values_total",
                "Levels, buckets and indices that the model does not know.",
                counts.unseen,
            ),
            (
                "deltarule_empty_predictions_total",
                "Records without a prediction, since a value is missing.",
                counts.empty,
            ),
        ] {
            head(&mut text, name, "counter", help);
            let _ = writeln!(text, "{name} {n}");
        }
        let name = "deltarule_model_reloads_total";
        head(&mut text, name, "counter", "Times that the model's file had changed: it was taken, or refused.");
        let _ = writeln!(text, "{name}{{result=\"taken\"}} {}", counts.reloads);
        let _ = writeln!(text, "{name}{{result=\"refused\"}} {}", counts.refused_reloads);
        if let Some(since) = counts.model_modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok()) {
            let name = "deltarule_model_modified_seconds";
            head(&mut text, name, "gauge", "When the file of the model in use was last changed, since 1970-01-01.");
            let _ = writeln!(text, "{name} {}", since.as_secs());
        }
        head(&mut text, "deltarule_connections", "gauge", "Open connections.");
        let _ = writeln!(text, "deltarule_connections {}", counts.connections);
        text
    }
}
