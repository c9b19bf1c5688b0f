//! From a request to its answer.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{ALLOW, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue};
use hyper::{Request, Response, StatusCode};
use serde_json::json;
use tokio::time::timeout;

use crate::describe::describe;
use crate::event::Event;
use crate::metrics::Records;
use crate::predict::{self, Answer, Wanted};
use crate::refusal::Refusal;
use crate::server::State;

/// Bodies beyond this are worked on beside the threads that answer, so that no short request waits for a long one.
const SHORT_BODY: usize = 64 * 1024;

/// What there is, with the methods that it has.
const PATHS: [(&str, &str); 4] =
    [("/predict", "POST"), ("/model", "GET, HEAD"), ("/health", "GET, HEAD"), ("/metrics", "GET, HEAD")];

/// A body to send, and what kind of text it is.
struct Text {
    bytes: Bytes,
    content_type: &'static str,
    records: Records,
}

impl Text {
    fn json(bytes: impl Into<Bytes>) -> Self {
        Self { bytes: bytes.into(), content_type: "application/json", records: Records::default() }
    }
}

/// Answers a request, counts it, and tells of it.
pub(crate) async fn answer(state: Arc<State>, peer: IpAddr, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let begun = Instant::now();
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let answered = route(&state, request).await;
    let took = begun.elapsed();
    let (status, records) = match &answered {
        Ok(text) => (StatusCode::OK, text.records),
        Err(refusal) => (refusal.status, Records::default()),
    };
    let path = PATHS.iter().find(|(path, _)| *path == uri.path()).map_or("other", |(path, _)| path);
    state.metrics.request(path, status.as_u16(), records, took);
    state.observer.see(&Event::Request {
        peer,
        method: method.as_str(),
        path: uri.path_and_query().map_or("", |path| path.as_str()),
        status: status.as_u16(),
        records: records.n,
        took,
    });
    respond(answered)
}

fn respond(answered: Result<Text, Refusal>) -> Response<Full<Bytes>> {
    let (mut response, content_type) = match answered {
        Ok(text) => (Response::new(Full::new(text.bytes)), text.content_type),
        Err(refusal) => {
            let mut response = Response::new(Full::new(Bytes::from(refusal.json())));
            *response.status_mut() = refusal.status;
            let headers = response.headers_mut();
            if let Some(methods) = refusal.allow {
                headers.insert(ALLOW, HeaderValue::from_static(methods));
            }
            if refusal.closes {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            (response, "application/json")
        }
    };
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

async fn route(state: &Arc<State>, request: Request<Incoming>) -> Result<Text, Refusal> {
    let path = request.uri().path();
    let Some((_, methods)) = PATHS.iter().find(|(known, _)| *known == path) else {
        let known = PATHS.map(|(path, methods)| format!("{} {path}", methods.trim_end_matches(", HEAD")));
        let message = format!("found the path {path:?}, expected {}", known.join(", "));
        return Err(Refusal::new(StatusCode::NOT_FOUND, message));
    };
    let method = request.method();
    if !methods.split(", ").any(|known| known == method.as_str()) {
        let message = format!("found {method} {path}, expected {}", methods.replace(", ", " or "));
        let refusal = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, message);
        return Err(Refusal { allow: Some(methods), ..refusal });
    }
    let wanted = wanted(path, request.uri().query().unwrap_or_default())?;
    let wanted = Wanted { threshold: wanted.threshold.or(state.settings.threshold), ..wanted };
    match path {
        "/predict" => predict(state, request, wanted).await,
        "/model" => Ok(Text::json(format!("{:#}\n", describe(state.served().model(), state.settings.threshold)))),
        "/metrics" => {
            let content_type = "text/plain; version=0.0.4; charset=utf-8";
            Ok(Text { content_type, ..Text::json(state.metrics.text()) })
        }
        _ => Ok(Text::json(format!("{}\n", json!({ "status": "ok" })))),
    }
}

/// What follows the path and a question mark.
fn wanted(path: &str, query: &str) -> Result<Wanted, Refusal> {
    let mut wanted = Wanted::default();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match name {
            "reasons" if path == "/predict" => match value.parse() {
                Ok(n) if (1..=1000).contains(&n) => wanted.reasons = Some(n),
                _ => {
                    let message = format!("reasons: found {value:?}, expected a whole number from 1 to 1000");
                    return Err(Refusal::malformed(message));
                }
            },
            "threshold" if path == "/predict" => match value.parse() {
                Ok(p) if (0.0..=1.0).contains(&p) => wanted.threshold = Some(p),
                _ => {
                    let message = format!("threshold: found {value:?}, expected a number from 0 to 1, such as 0.25");
                    return Err(Refusal::malformed(message));
                }
            },
            _ => {
                let known = if path == "/predict" { "reasons=K or threshold=P" } else { "none" };
                return Err(Refusal::malformed(format!("found the option {pair:?} after {path}, expected {known}")));
            }
        }
    }
    Ok(wanted)
}

async fn predict(state: &Arc<State>, request: Request<Incoming>, wanted: Wanted) -> Result<Text, Refusal> {
    let (head, body) = request.into_parts();
    if let Some(encoding) = head.headers.get(CONTENT_ENCODING).filter(|encoding| *encoding != "identity") {
        let message = format!("found a body in the encoding {encoding:?}, expected JSON as it is; send it without");
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message).closing());
    }
    let body = read_body(state, body).await?;
    let limit = state.settings.max_records;
    let Answer { text, n_records: n, n_unseen: unseen, n_empty: empty } =
        if body.len() <= SHORT_BODY && wanted.reasons.is_none() {
            predict::answer(&state.served(), &body, wanted, limit)?
        } else {
            let served = state.served();
            let worked = tokio::task::spawn_blocking(move || predict::answer(&served, &body, wanted, limit)).await;
            worked.unwrap_or_else(|error| {
                let message = format!("the records could not be predicted: {error}");
                Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, message))
            })?
        };
    Ok(Text { records: Records { n, unseen, empty }, ..Text::json(text) })
}

/// The whole body, which must not be larger, nor take longer, than is allowed.
async fn read_body(state: &State, mut body: Incoming) -> Result<Bytes, Refusal> {
    let limit = state.settings.max_body;
    let too_large = |found: String| {
        let advice = "send the records in several requests, or start the server with a larger --max-body";
        let message = format!("the body has {found} bytes, expected at most {limit}; {advice}");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message).closing()
    };
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large(body.size_hint().lower().to_string()));
    }
    let read = async {
        let (mut first, mut rest) = (Bytes::new(), Vec::new());
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| {
                Refusal::malformed(format!("the body ends before it is complete ({error}); send it again")).closing()
            })?;
            let Ok(bytes) = frame.into_data() else { continue };
            if first.len() + rest.len() + bytes.len() > limit {
                return Err(too_large(format!("more than {limit}")));
            }
            if first.is_empty() {
                first = bytes;
            } else {
                rest.extend_from_slice(&bytes);
            }
        }
        Ok(if rest.is_empty() { first } else { Bytes::from([&first[..], &rest].concat()) })
    };
    timeout(state.settings.timeout, read).await.unwrap_or_else(|_| {
        let seconds = state.settings.timeout.as_secs_f64();
        let message = format!(
            "the body was not complete after {seconds} s; send it at once, or start the server with a larger --timeout"
        );
        Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, message).closing())
    })
}
