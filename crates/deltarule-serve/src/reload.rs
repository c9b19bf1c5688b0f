//! A model's file, and what becomes of the server when it changes.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use deltarule_data::DataError;
use deltarule_model::Model;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use crate::error::{Result, ServeError};
use crate::event::Event;
use crate::served::Served;
use crate::server::State;

/// How often the file is looked at. It counts as changed when it is the same twice, so that none is read that is being written.
const INTERVAL: Duration = Duration::from_millis(500);

/// What a file's change shows in; `None` where there is no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) modified: Option<SystemTime>,
    length: u64,
    /// The file's number, which another file at the same place does not have.
    inode: u64,
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let facts = std::fs::metadata(path).ok()?;
        Some(Self { modified: facts.modified().ok(), length: facts.len(), inode: inode(&facts) })
    }
}

#[cfg(unix)]
fn inode(facts: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(facts)
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> u64 {
    0
}

/// Reads a model, with the stamp that its file had before; beside a threshold it must be of two classes.
pub(crate) fn load(path: &Path, threshold: Option<f64>) -> (Option<Stamp>, Result<Served>) {
    let stamp = Stamp::of(path);
    let file = || path.display().to_string();
    let served = || {
        let bytes = std::fs::read(path).map_err(|error| DataError::Io { file: file(), error })?;
        let model = Model::from_bytes(&bytes).map_err(|error| ServeError::Model { file: file(), error })?;
        let n_classes = model.encoding().target.classes().map_or(0, <[String]>::len);
        if threshold.is_some() && n_classes != 2 {
            return Err(ServeError::Threshold { file: file(), n_classes });
        }
        Served::new(model).map_err(|error| ServeError::Layer { file: file(), error })
    };
    (stamp, served())
}

/// Looks at the file again and again, and puts what it has become into use; at once whenever something comes from `now`.
pub(crate) async fn watch(path: PathBuf, mut known: Option<Stamp>, state: Arc<State>, mut now: mpsc::Receiver<()>) {
    let mut before = known;
    let mut clock = interval(INTERVAL);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let is_asked = tokio::select! {
            _ = clock.tick() => false,
            Some(()) = now.recv() => true,
        };
        let place = path.clone();
        // A file may lie where looking at it takes long.
        let Ok(stamp) = tokio::task::spawn_blocking(move || Stamp::of(&place)).await else { continue };
        let has_settled = stamp == before;
        before = stamp;
        if !is_asked && (stamp == known || !has_settled) {
            continue;
        }
        let place = path.clone();
        let threshold = state.settings.threshold;
        let Ok((stamp, loaded)) = tokio::task::spawn_blocking(move || load(&place, threshold)).await else { continue };
        // What was refused is not tried again until it changes.
        known = stamp;
        state.metrics.reload(loaded.is_ok());
        match loaded {
            Ok(served) => {
                state.replace(served, stamp);
                state.observer.see(&Event::Reloaded);
            }
            Err(error) => state.observer.see(&Event::ReloadRefused { error: &error }),
        }
    }
}
