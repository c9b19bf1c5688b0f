//! The server: takes connections until it is told to stop.

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::connection;
use crate::error::{Result, ServeError};
use crate::event::{Event, Observer};
use crate::metrics::Metrics;
use crate::reload::{self, Stamp};
use crate::served::Served;

/// How a server is set up.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The address or the name of the host to listen at.
    pub host: String,
    /// The port; 0 for a free one.
    pub port: u16,
    /// A request's body has at most so many bytes.
    pub max_body: usize,
    /// A request has at most so many records.
    pub max_records: u64,
    /// How long a head, a body, and a write that is not taken may take; an idle connection is closed after it.
    pub timeout: Duration,
    /// So many connections are open at a time; further ones wait.
    pub max_connections: usize,
    /// So many threads answer; all of the machine's where it is `None`.
    pub threads: Option<usize>,
    /// Two classes: the second one is predicted where its p is at least this; where it is `None`, the more probable one.
    pub threshold: Option<f64>,
}

impl Default for Settings {
    /// 127.0.0.1:8000, 1 MiB, 10,000 records, 30 s, 512 connections.
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 8000,
            max_body: 1 << 20,
            max_records: 10_000,
            timeout: Duration::from_secs(30),
            max_connections: 512,
            threads: None,
            threshold: None,
        }
    }
}

/// What all connections share.
pub(crate) struct State {
    served: RwLock<Arc<Served>>,
    pub(crate) settings: Settings,
    pub(crate) metrics: Metrics,
    pub(crate) observer: Arc<dyn Observer>,
}

impl State {
    /// The model in use.
    pub(crate) fn served(&self) -> Arc<Served> {
        Arc::clone(&self.served.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another model into use; requests that are on their way end with the one that they began with.
    pub(crate) fn replace(&self, served: Served, stamp: Option<Stamp>) {
        self.metrics.model(stamp.and_then(|stamp| stamp.modified));
        *self.served.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(served);
    }
}

/// A server that listens, and has a model.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    state: Arc<State>,
    path: PathBuf,
    stamp: Option<Stamp>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("address", &self.address).field("path", &self.path).finish_non_exhaustive()
    }
}

impl Server {
    /// Reads a model, and listens.
    ///
    /// Errors: a file that is no model, a threshold beside a model that is not of two classes, an address that cannot be listened at.
    pub async fn bind(path: &Path, settings: Settings, observer: Arc<dyn Observer>) -> Result<Self> {
        let (stamp, served) = reload::load(path, settings.threshold);
        let served = RwLock::new(Arc::new(served?));
        let wrong = |error| ServeError::Address { address: format!("{}:{}", settings.host, settings.port), error };
        let listener = TcpListener::bind((settings.host.as_str(), settings.port)).await.map_err(wrong)?;
        let address = listener.local_addr().map_err(wrong)?;
        let metrics = Metrics::default();
        metrics.model(stamp.and_then(|stamp| stamp.modified));
        let state = Arc::new(State { served, settings, metrics, observer });
        Ok(Self { listener, address, state, path: path.to_owned(), stamp })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests until `stop` is ready. Requests that are on their way are then answered, for as long as the time limit of a request.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let (_, never) = mpsc::channel(1);
        self.run_with(stop, never).await;
    }

    /// The same; `reload` asks for the model's file to be read now.
    pub(crate) async fn run_with(self, stop: impl Future<Output = ()>, reload: mpsc::Receiver<()>) {
        let Self { listener, address, state, path, stamp } = self;
        let watcher = tokio::spawn(reload::watch(path, stamp, Arc::clone(&state), reload));
        state.observer.see(&Event::Serving { address });
        let (tell, told) = watch::channel(false);
        let places = Arc::new(Semaphore::new(state.settings.max_connections));
        let mut connections = JoinSet::new();
        tokio::pin!(stop);
        loop {
            // A place first: a connection that has none waits with the system.
            let place = tokio::select! {
                place = Arc::clone(&places).acquire_owned() => place,
                () = &mut stop => break,
            };
            let taken = tokio::select! {
                taken = listener.accept() => taken,
                () = &mut stop => break,
            };
            match taken {
                Ok((stream, peer)) => {
                    // An answer is one write, which is to go out at once.
                    let _ = stream.set_nodelay(true);
                    let (state, told) = (Arc::clone(&state), told.clone());
                    connections.spawn(async move {
                        let _place = place;
                        state.metrics.opened();
                        connection::serve(stream, peer.ip(), Arc::clone(&state), told).await;
                        state.metrics.closed();
                    });
                    while connections.try_join_next().is_some() {}
                }
                Err(error) => {
                    // Such as too many open files: others may close one in the meantime.
                    state.observer.see(&Event::CannotAccept { error: &error });
                    sleep(Duration::from_millis(100)).await;
                }
            }
        }
        drop(listener);
        watcher.abort();
        state.observer.see(&Event::Stopping { connections: state.metrics.connections() });
        let _ = tell.send(true);
        let all = async { while connections.join_next().await.is_some() {} };
        if timeout(state.settings.timeout, all).await.is_err() {
            state.observer.see(&Event::CutOff { connections: state.metrics.connections() });
        }
    }
}
