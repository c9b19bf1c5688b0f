//! One connection, from its first byte to its last.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::metrics::Records;
use crate::patient::{Patient, closing_answer};
use crate::refusal::Refusal;
use crate::routes;
use crate::server::State;

/// A request's head may take up so many bytes.
const LARGEST_HEAD: usize = 64 * 1024;
/// What a client still sends is read for so long after the last answer, so that the answer is not lost with it.
const LINGER: Duration = Duration::from_secs(2);

/// Answers the requests of a connection, one after the other, until it is closed or `stop` says so.
pub(crate) async fn serve(stream: TcpStream, peer: IpAddr, state: Arc<State>, mut stop: watch::Receiver<bool>) {
    let limit = state.settings.timeout;
    let service = service_fn(|request| {
        let answer = routes::answer(Arc::clone(&state), peer, request);
        Box::pin(async { Ok::<_, Infallible>(answer.await) })
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limit)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(Patient::new(stream, limit)), service);
    let mut is_stopping = false;
    let ended = loop {
        tokio::select! {
            ended = poll_fn(|cx| connection.poll_without_shutdown(cx)) => break ended,
            stopped = stop.wait_for(|stop| *stop), if !is_stopping => {
                // Whoever could say so is gone: that means the same.
                let _ = stopped;
                is_stopping = true;
                std::pin::Pin::new(&mut connection).graceful_shutdown();
            }
        }
    };
    let parts = connection.into_parts();
    let mut stream = parts.io.into_inner();
    let is_slow = ended.is_err_and(|error| error.is_timeout());
    if is_slow && !parts.read_buf.is_empty() {
        // A request that was begun; a connection that waits for one is closed without a word.
        let seconds = limit.as_secs_f64();
        let message = format!(
            "the head of the request was not complete after {seconds} s; send it at once, or start the server with a larger --timeout"
        );
        let refusal = Refusal::new(hyper::StatusCode::REQUEST_TIMEOUT, message);
        state.metrics.request("other", refusal.status.as_u16(), Records::default(), limit);
        let answer = closing_answer(&refusal);
        // The client may be gone, which is as well.
        let _ = stream.write_all(answer.as_bytes()).await;
    }
    if let Some(status) = stream.refused() {
        state.metrics.request("other", status, Records::default(), Duration::ZERO);
    }
    linger(&mut stream).await;
}

/// Ends a connection without losing what was sent last: what is not read when it is closed would take the answer with it.
async fn linger(stream: &mut Patient) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let drained = async {
        let mut scrap = [0; 4096];
        while stream.read(&mut scrap).await.is_ok_and(|n| n > 0) {}
    };
    let _ = timeout(LINGER, drained).await;
}
