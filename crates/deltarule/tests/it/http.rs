//! A server of the program under test, and a client for it that knows as much of HTTP/1.1 as is needed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long is waited for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server that runs.
pub(crate) struct Service {
    child: Child,
    pub(crate) address: String,
    /// The line that tells of the address.
    pub(crate) greeting: String,
    stderr: Arc<Mutex<String>>,
}

impl Service {
    /// Starts a server for a model in a folder, on a free port.
    pub(crate) fn start(folder: &Path, model: &str, options: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_deltarule"))
            .args(["serve", model, "--port", "0"])
            .args(options)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = Arc::new(Mutex::new(String::new()));
        let (into, mut from) = (Arc::clone(&stderr), BufReader::new(child.stderr.take().unwrap()));
        thread::spawn(move || {
            let mut line = String::new();
            while from.read_line(&mut line).is_ok_and(|n| n > 0) {
                *into.lock().unwrap() += &std::mem::take(&mut line);
            }
        });
        let mut greeting = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut greeting).unwrap();
        let address = greeting.trim_end().split("http://").nth(1);
        let address = address.unwrap_or_else(|| panic!("{greeting:?}: {}", stderr.lock().unwrap())).to_owned();
        Self { child, address, greeting, stderr }
    }

    /// What it said on standard error up to now.
    pub(crate) fn said(&self) -> String {
        self.stderr.lock().unwrap().clone()
    }

    /// Waits until it says something.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) {
        wait_until(|| self.said().contains(text), || format!("it did not say {text:?}, but:\n{}", self.said()));
    }

    pub(crate) fn connect(&self) -> Connection {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Connection { stream: BufReader::new(stream) }
    }

    /// One request on a connection of its own.
    pub(crate) fn request(&self, method: &str, path: &str, body: &str) -> Answer {
        self.connect().request(method, path, body)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.request("GET", path, "")
    }

    /// The predictions for a body, which must be answered.
    #[track_caller]
    pub(crate) fn predict(&self, body: &str) -> Vec<Value> {
        let answer = self.request("POST", "/predict", body);
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["predictions"].as_array().unwrap().clone()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("bash").args(["-c", &format!("kill -{name} {}", self.child.id())]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for its end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end:\n{}", self.said());
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something holds.
#[track_caller]
pub(crate) fn wait_until(holds: impl Fn() -> bool, or_else: impl Fn() -> String) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "{}", or_else());
        thread::sleep(Duration::from_millis(20));
    }
}

/// A connection to a server.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    pub(crate) fn send(&mut self, text: impl AsRef<[u8]>) {
        self.stream.get_mut().write_all(text.as_ref()).unwrap();
    }

    pub(crate) fn request(&mut self, method: &str, path: &str, body: &str) -> Answer {
        self.send(request(method, path, body));
        let answer = self.answer(method == "HEAD");
        answer.unwrap_or_else(|| panic!("no answer to {method} {path} {body}"))
    }

    /// The next answer; `None` where the connection is closed.
    pub(crate) fn answer(&mut self, is_head: bool) -> Option<Answer> {
        let mut line = || {
            let mut line = String::new();
            self.stream.read_line(&mut line).ok().filter(|n| *n > 0).map(|_| line.trim_end().to_owned())
        };
        let status = line()?;
        let status = status.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
        let mut headers = Vec::new();
        while let Some(header) = line().filter(|header| !header.is_empty()) {
            let (name, value) = header.split_once(": ").unwrap();
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        let mut answer = Answer { status, headers, body: String::new() };
        let length: usize = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
        if !is_head {
            let mut body = vec![0; length];
            self.stream.read_exact(&mut body).unwrap();
            answer.body = String::from_utf8(body).unwrap();
        }
        Some(answer)
    }

    /// Whether the other side closes without a further word.
    pub(crate) fn is_closed(&mut self) -> bool {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).is_ok() && rest.is_empty()
    }
}

/// A request as text.
pub(crate) fn request(method: &str, path: &str, body: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nhost: here\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// What a server answers.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.body))
    }

    /// What an error says.
    #[track_caller]
    pub(crate) fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_else(|| panic!("{}", self.body)).to_owned()
    }
}
