//! A connection on which nobody waits for ever: writing fails when the other side takes nothing for too long. A head that hyper cannot read is answered by
//! hyper itself, with a status and no word; here it gets the text that every other refusal has.

use std::future::Future;
use std::io::{Error, ErrorKind, Result};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use crate::refusal::Refusal;

/// A stream whose writes have a time limit each. Reads have none: whoever reads knows how long that may take.
#[derive(Debug)]
pub(crate) struct Patient {
    stream: TcpStream,
    limit: Duration,
    /// Runs out when nothing was taken for too long; there while a write waits.
    waiting: Option<Pin<Box<Sleep>>>,
    /// What is sent in place of an answer that HTTP gives by itself, and how much of it was taken.
    instead: Option<(Vec<u8>, usize)>,
    /// The status of such an answer.
    refused: Option<u16>,
}

impl Patient {
    pub(crate) fn new(stream: TcpStream, limit: Duration) -> Self {
        Self { stream, limit, waiting: None, instead: None, refused: None }
    }

    /// The status of a head that HTTP refused by itself, if there was one.
    pub(crate) fn refused(&self) -> Option<u16> {
        self.refused
    }

    /// Sends what is to be sent instead of some bytes, which then count as written.
    fn write_instead(&mut self, cx: &mut Context<'_>, n_bytes: usize) -> Poll<Result<usize>> {
        while let Some((text, taken)) = &mut self.instead {
            if *taken == text.len() {
                self.instead = None;
                break;
            }
            let written = Pin::new(&mut self.stream).poll_write(cx, &text[*taken..]);
            match written {
                Poll::Ready(Ok(n)) if n > 0 => *taken += n,
                Poll::Ready(Ok(_)) => return Poll::Ready(Err(Error::from(ErrorKind::WriteZero))),
                other => return self.within(cx, other),
            }
        }
        self.waiting = None;
        Poll::Ready(Ok(n_bytes))
    }

    /// Watches the time of a write.
    fn within<R>(&mut self, cx: &mut Context<'_>, written: Poll<Result<R>>) -> Poll<Result<R>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let limit = self.limit;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(limit)));
        waiting.as_mut().poll(cx).map(|()| Err(Error::from(ErrorKind::TimedOut)))
    }
}

impl AsyncRead for Patient {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        if self.instead.is_none()
            && let Some(refusal) = bare_refusal(bytes)
        {
            self.refused = Some(refusal.status.as_u16());
            self.instead = Some((closing_answer(&refusal).into_bytes(), 0));
        }
        if self.instead.is_some() {
            return self.write_instead(cx, bytes.len());
        }
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.within(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[std::io::IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        // An answer without a body is one part.
        let mut filled = parts.iter().filter(|part| !part.is_empty());
        if let (Some(only), None) = (filled.next(), filled.next())
            && (self.instead.is_some() || bare_refusal(only).is_some())
        {
            return self.poll_write(cx, only);
        }
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.within(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// What to say in place of an answer that is hyper's own: a status of the client's errors with an empty body. All of ours have one.
fn bare_refusal(bytes: &[u8]) -> Option<Refusal> {
    let head = bytes.strip_prefix(b"HTTP/1.")?.get(2..)?;
    let status = hyper::StatusCode::from_bytes(head.get(..3)?).ok()?;
    let text = std::str::from_utf8(bytes).ok()?;
    let header = |known: &str| {
        let mut headers = text.split("\r\n").filter_map(|line| line.split_once(':'));
        headers.find(|(name, _)| name.eq_ignore_ascii_case(known)).map(|(_, value)| value.trim())
    };
    let is_bare =
        header("content-type").is_none() && header("content-length") == Some("0") && text.ends_with("\r\n\r\n");
    if !status.is_client_error() || !is_bare {
        return None;
    }
    let message = match status.as_u16() {
        431 => {
            "the head of the request has more than 64 KiB, or more than 100 headers; expected less: send fewer or shorter ones"
        }
        414 => {
            "the path of the request is too long; expected /predict, /model, /health or /metrics: send records in the body"
        }
        _ => {
            "the head of the request cannot be read as HTTP/1.1; expected a line such as POST /predict HTTP/1.1, headers, each in a line with a colon, \
             and an empty line (and http, not https)"
        }
    };
    Some(Refusal::new(status, message))
}

/// An answer after which the connection is closed, head and body.
pub(crate) fn closing_answer(refusal: &Refusal) -> String {
    let body = refusal.json();
    let head = format!("HTTP/1.1 {}\r\nconnection: close\r\ncontent-type: application/json", refusal.status);
    format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_answers_without_a_word_are_given_one() {
        let bare = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\ndate: x\r\n\r\n";
        assert_eq!(bare_refusal(bare).unwrap().status, 400);
        for other in [
            &b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"[..],
            b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: 0\r\n\r\n",
            b"HTTP/1.1 400 Bad Request\r\ncontent-length: 12\r\n\r\n",
            b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n",
            b"HTTP/1.",
            b"",
            b"{\"predictions\":[]}",
        ] {
            assert_eq!(bare_refusal(other), None, "{}", String::from_utf8_lossy(other));
        }
    }
}
