//! A server in a process of its own: signals stop it, or make it look at its model.

use std::path::Path;
use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;

use crate::error::{Result, ServeError};
use crate::event::Observer;
use crate::server::{Server, Settings};

/// How a server came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was asked to stop, and answered what was on its way.
    Stopped,
    /// It was asked a second time before it had.
    Interrupted,
}

/// Serves a model until SIGINT (Ctrl-C) or SIGTERM; SIGHUP makes it read the model's file anew. On systems without signals, until Ctrl-C.
///
/// Errors: those of [`Server::bind`]; a system that gives no threads.
pub fn serve(path: &Path, settings: Settings, observer: Arc<dyn Observer>) -> Result<Ended> {
    let runtime = runtime(&settings).map_err(|error| ServeError::Runtime { error })?;
    let ended = runtime.block_on(async {
        let server = Server::bind(path, settings, observer).await?;
        let mut signals = Signals::new().map_err(|error| ServeError::Runtime { error })?;
        let (tell_stop, mut stop) = mpsc::channel::<()>(2);
        let (reload_now, reload) = mpsc::channel(1);
        let asked = async {
            // Nobody drops the sender before.
            let _ = stop.recv().await;
        };
        let run = server.run_with(asked, reload);
        tokio::pin!(run);
        let mut n_asked = 0;
        loop {
            tokio::select! {
                () = &mut run => return Ok(Ended::Stopped),
                signal = signals.next() => match signal {
                    Signal::Stop if n_asked > 0 => return Ok(Ended::Interrupted),
                    Signal::Stop => {
                        n_asked += 1;
                        let _ = tell_stop.send(()).await;
                    }
                    // One that waits already is as good.
                    Signal::Reload => {
                        let _ = reload_now.try_send(());
                    }
                },
            }
        }
    });
    // What a client keeps waiting is not waited for.
    runtime.shutdown_background();
    ended
}

fn runtime(settings: &Settings) -> std::io::Result<Runtime> {
    let mut builder = match settings.threads {
        Some(1) => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    if let Some(n) = settings.threads {
        builder.worker_threads(n);
    }
    builder
        .max_blocking_threads(settings.threads.unwrap_or(8).max(2))
        .thread_name("deltarule-serve")
        .enable_all()
        .build()
}

enum Signal {
    Stop,
    Reload,
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Stop,
            _ = self.terminate.recv() => Signal::Stop,
            _ = self.hang_up.recv() => Signal::Reload,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Signal {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Signal::Stop,
            Err(_) => std::future::pending().await,
        }
    }
}
