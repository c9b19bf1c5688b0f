//! One page on 127.0.0.1.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::output;

/// A request has no more than so many bytes, and comes within so much time.
const MOST_BYTES: u64 = 16 * 1024;
const PATIENCE: Duration = Duration::from_secs(10);
/// So often it is looked whether Ctrl-C was pressed.
const LOOK: Duration = Duration::from_millis(40);

/// Serves the page until Ctrl-C; `ready` is told the address.
pub(super) fn serve(page: String, port: u16, ready: &mut dyn FnMut(&str) -> Result<()>) -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .with_context(|| format!("--port: found {port}, which cannot be listened at; 0 takes any that is free"))?;
    let port = listener.local_addr()?.port();
    listener.set_nonblocking(true)?;
    ready(&format!("http://127.0.0.1:{port}/"))?;
    let page: Arc<str> = page.into();
    while !output::interrupted() {
        match listener.accept() {
            Ok((stream, _)) => {
                let page = Arc::clone(&page);
                // A browser opens connections that it does not use, so none may wait for another. One that breaks off is no one's error.
                let _ = thread::Builder::new().spawn(move || answer(stream, &page, port));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(LOOK),
            // Whoever knocked has gone again.
            Err(_) => thread::sleep(LOOK),
        }
    }
    Ok(())
}

fn answer(mut stream: TcpStream, page: &str, port: u16) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut lines = BufReader::new(stream.try_clone()?.take(MOST_BYTES)).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    let mut host = String::new();
    while let Some(line) = lines.next().transpose()?.filter(|line| !line.is_empty()) {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("host")
        {
            host = value.trim().to_owned();
        }
    }
    let mut words = request.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let (status, body) = match (is_own(&host, port), method, path) {
        (false, ..) => ("403 Forbidden", "this page is for 127.0.0.1 alone\n"),
        (true, "GET" | "HEAD", "/" | "/index.html") => ("200 OK", page),
        (true, "GET" | "HEAD", _) => ("404 Not Found", "there is nothing but the page\n"),
        _ => ("405 Method Not Allowed", "the page can only be read\n"),
    };
    let kind = if status.starts_with('2') { "text/html" } else { "text/plain" };
    let n = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {n}\r\nCache-Control: no-store\r\n\
         X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n"
    )?;
    if method != "HEAD" {
        stream.write_all(body.as_bytes())?;
    }
    stream.flush()
}

/// Whether a request is for this server under a name of its own. Another one that leads to this machine may be that of a page which wants to
/// read the data. A browser leaves the port out where it is that of HTTP.
fn is_own(host: &str, port: u16) -> bool {
    let (name, of) = match host.split_once(':') {
        Some((name, text)) => (name, text.parse().ok()),
        None => (host, Some(80)),
    };
    of == Some(port) && ["127.0.0.1", "localhost"].iter().any(|own| name.eq_ignore_ascii_case(own))
}

#[cfg(test)]
mod tests {
    use super::is_own;

    #[test]
    fn only_names_of_this_machine_are_its_own() {
        for (host, port) in [
            ("127.0.0.1:8080", 8080),
            ("localhost:8080", 8080),
            ("LocalHost:8080", 8080),
            ("127.0.0.1:80", 80),
            ("127.0.0.1", 80),
            ("localhost", 80),
        ] {
            assert!(is_own(host, port), "{host} at {port}");
        }
        for (host, port) in [
            ("127.0.0.1", 8080),
            ("127.0.0.1:80", 8080),
            ("localhost:", 80),
            ("localhost:x", 80),
            ("localhost:80:80", 80),
            ("example.org", 80),
            ("example.org:8080", 8080),
            ("", 80),
        ] {
            assert!(!is_own(host, port), "{host} at {port}");
        }
    }
}
