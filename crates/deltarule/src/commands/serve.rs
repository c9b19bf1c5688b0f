//! `deltarule serve`: predictions over HTTP.

use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::Result;
use deltarule_model::date_text;
use deltarule_serve::{Ended, Event, Observer, Settings, serve};

use crate::cli::ServeArgs;
use crate::number::{count, digits};
use crate::{failure, output};

pub(crate) fn run(args: &ServeArgs) -> Result<ExitCode> {
    let settings = Settings {
        host: args.host.clone(),
        port: args.port,
        max_body: args.max_body,
        max_records: args.max_records,
        timeout: args.timeout,
        max_connections: args.max_connections as usize,
        threads: args.threads.map(usize::from),
        threshold: args.threshold.map(|k| k as f64 / 1000.0),
    };
    let words = Arc::new(Words { model: args.model.clone(), log: args.log, quiet: args.quiet });
    Ok(match serve(&args.model, settings, words)? {
        Ended::Stopped => ExitCode::SUCCESS,
        Ended::Interrupted => ExitCode::from(failure::INTERRUPTED),
    })
}

/// Says what happens: the address on standard output, all else on standard error.
struct Words {
    model: PathBuf,
    log: bool,
    quiet: bool,
}

impl Words {
    /// A line on standard error.
    fn say(&self, text: &str) {
        output::tell(text);
    }

    fn note(&self, text: &str) {
        if !self.quiet {
            self.say(text);
        }
    }
}

impl Observer for Words {
    fn see(&self, event: &Event<'_>) {
        let model = self.model.display();
        match event {
            Event::Serving { address } => {
                let _ = output::print(&format!("serving {model} at http://{address}\n"));
                if !is_local(address.ip()) {
                    self.note("note: other machines can send requests, and there is no authentication: whoever reaches the address can use it");
                }
            }
            Event::Request { peer, method, path, status, records, took } if self.log => {
                let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                let (time, took) = (date_text(since.as_secs() as f64), digits(took.as_secs_f64() * 1000.0, 3));
                let records = if *records > 0 { format!(" {}", count(*records, "record")) } else { String::new() };
                self.say(&format!("{time} {peer} {method} {path} {status}{records} {took} ms"));
            }
            Event::Request { .. } => {}
            Event::Reloaded => self.note(&format!("{model} has changed, and is in use")),
            Event::ReloadRefused { error } => {
                self.say(&format!("error: {error}; the model that was read before stays in use"));
            }
            Event::CannotAccept { error } => {
                self.say(&format!(
                    "error: no connection can be taken: {error}; trying again, and a smaller --max-connections may help"
                ));
            }
            Event::Stopping { connections } => {
                self.note(&format!("stopping: {} open; Ctrl-C ends at once", count(*connections, "connection")));
            }
            Event::CutOff { connections } => {
                self.note(&format!("{} not done within --timeout cut off", count(*connections, "connection")));
            }
            _ => {}
        }
    }
}

/// Whether only this machine reaches an address.
fn is_local(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}
