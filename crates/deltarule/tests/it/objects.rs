//! A host of files and a store of objects, as much of HTTP and of Amazon's S3 as reading needs.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What is served, and how.
#[derive(Default)]
pub(crate) struct Objects {
    /// By their paths, with a slash in front; in a store the bucket comes first.
    files: BTreeMap<String, Vec<u8>>,
    /// Whether parts of a file are not given.
    whole_only: bool,
    /// Whether all is refused.
    forbidden: bool,
}

impl Objects {
    pub(crate) fn with(mut self, path: &str, bytes: impl AsRef<[u8]>) -> Self {
        self.files.insert(path.to_owned(), bytes.as_ref().to_vec());
        self
    }

    pub(crate) fn whole_only(self) -> Self {
        Self { whole_only: true, ..self }
    }

    pub(crate) fn forbidden(self) -> Self {
        Self { forbidden: true, ..self }
    }

    /// Serves on a free port, until the tests end.
    pub(crate) fn serve(self) -> Host {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (objects, asked) = (Arc::new(self), Arc::new(Mutex::new(Vec::new())));
        let heard = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (objects, heard) = (Arc::clone(&objects), Arc::clone(&heard));
                // Who goes away in between is not waited for.
                thread::spawn(move || objects.answer(&mut stream.unwrap(), &heard).ok());
            }
        });
        Host { address, asked }
    }

    fn answer(&self, stream: &mut TcpStream, heard: &Mutex<Vec<String>>) -> std::io::Result<()> {
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        let first = lines.next().unwrap_or_else(|| Ok(String::new()))?;
        let mut range = None;
        for line in lines {
            let line = line?.to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(asked) = line.strip_prefix("range: bytes=") {
                let (from, to) = asked.split_once('-').unwrap();
                range = Some((from.parse::<usize>().unwrap(), to.parse::<usize>().unwrap()));
            }
        }
        heard.lock().unwrap().push(format!("{first}{}", if range.is_some() { " part" } else { "" }));
        let mut words = first.split(' ');
        let (is_head, target) = (words.next() == Some("HEAD"), words.next().unwrap_or_default());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        if self.forbidden {
            return respond(stream, "403 Forbidden", &[], b"<Error><Code>AccessDenied</Code></Error>", is_head);
        }
        if query.contains("list-type=2") {
            let found = self.list(path, query);
            return respond(stream, "200 OK", &["Content-Type: application/xml"], found.as_bytes(), is_head);
        }
        let Some(bytes) = self.files.get(path) else {
            return respond(stream, "404 Not Found", &[], b"<Error><Code>NoSuchKey</Code></Error>", is_head);
        };
        let about = ["ETag: \"1\"", "Last-Modified: Sun, 01 Nov 2026 10:00:00 GMT"];
        match range.filter(|_| !self.whole_only) {
            Some((from, to)) => {
                let to = to.min(bytes.len() - 1);
                let part = format!("Content-Range: bytes {from}-{to}/{}", bytes.len());
                respond(stream, "206 Partial Content", &[about[0], about[1], &part], &bytes[from..=to], is_head)
            }
            None => respond(stream, "200 OK", &about, bytes, is_head),
        }
    }

    /// The objects of a bucket, as ListObjectsV2 gives them.
    fn list(&self, bucket: &str, query: &str) -> String {
        let prefix = query.split('&').find_map(|part| part.strip_prefix("prefix=")).unwrap_or_default();
        let prefix = format!("{}/{}", bucket.trim_end_matches('/'), prefix.replace("%2F", "/"));
        let within = self.files.iter().filter(|(path, _)| path.starts_with(&prefix));
        let contents: String = within
            .map(|(path, bytes)| {
                let key = path.trim_start_matches(bucket.trim_end_matches('/')).trim_start_matches('/');
                let size = bytes.len();
                format!(
                    "<Contents><Key>{key}</Key><LastModified>2026-11-01T10:00:00.000Z</LastModified><ETag>\"1\"</ETag><Size>{size}</Size></Contents>"
                )
            })
            .collect();
        format!("<ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>")
    }
}

fn respond(stream: &mut TcpStream, status: &str, more: &[&str], body: &[u8], is_head: bool) -> std::io::Result<()> {
    let more: String = more.iter().map(|line| format!("{line}\r\n")).collect();
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{more}\r\n", body.len())?;
    if !is_head {
        stream.write_all(body)?;
    }
    stream.flush()
}

/// Where it is, and what it was asked.
pub(crate) struct Host {
    pub(crate) address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Host {
    /// The first lines of all requests so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// What stands before a command for the host to be a store.
    pub(crate) fn as_store(&self) -> String {
        format!(
            "AWS_ENDPOINT_URL=http://{} AWS_ALLOW_HTTP=true AWS_ACCESS_KEY_ID=k AWS_SECRET_ACCESS_KEY=s AWS_REGION=x",
            self.address
        )
    }
}
