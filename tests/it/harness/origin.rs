//! What would a web server answer? Whatever the test says: any status, any header, any body, late, cut off or endless.
//!
//! Blocking sockets and a thread for each connection: it serves tests with and without a runtime, and it can send
//! what no HTTP library would agree to send.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// One answer of the script.
#[derive(Debug, Clone)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// How often the body is sent: what a huge document costs no memory for.
    times: usize,
    delay: Duration,
    pause_between: Duration,
    cut_after: Option<usize>,
    etag: Option<String>,
}

impl Answer {
    /// 200 with this body; ETag and conditional answers only by [`Answer::etag`].
    pub fn ok(content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::status(200).header("Content-Type", content_type).body(body)
    }

    /// A bare status.
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            times: 1,
            delay: Duration::ZERO,
            pause_between: Duration::ZERO,
            cut_after: None,
            etag: None,
        }
    }

    /// A redirect.
    pub fn redirect(status: u16, to: &str) -> Self {
        Self::status(status).header("Location", to)
    }

    /// Adds a header field.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends the body this many times over.
    pub fn repeated(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    /// Waits before the status line.
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Waits before every repetition of the body: a server that drips.
    pub fn dripping(mut self, pause: Duration) -> Self {
        self.pause_between = pause;
        self
    }

    /// Promises the whole body, sends this many bytes of it, and hangs up.
    pub fn cut_after(mut self, bytes: usize) -> Self {
        self.cut_after = Some(bytes);
        self
    }

    /// Sends this ETag (quotes included), and 304 to a request whose `If-None-Match` is the same.
    pub fn etag(mut self, etag: &str) -> Self {
        self.etag = Some(etag.to_owned());
        self
    }
}

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    /// `GET`.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Header fields, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, as far as its length was given.
    pub body: String,
    /// Status that was answered.
    pub answered: u16,
}

impl Request {
    /// The first header field of this name (in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

#[derive(Default)]
struct State {
    /// Answers by target; the last one stays.
    script: HashMap<String, Vec<Answer>>,
    requests: Vec<Request>,
    down: bool,
}

/// A scriptable origin; it ends with the value.
pub struct Origin {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    ended: Arc<AtomicBool>,
}

impl Origin {
    /// An origin with no routes: everything is 404.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on the loopback interface");
        let address = listener.local_addr().expect("bound");
        let state = Arc::new(Mutex::new(State::default()));
        let ended = Arc::new(AtomicBool::new(false));
        let (shared, stop) = (Arc::clone(&state), Arc::clone(&ended));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::Acquire) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let shared = Arc::clone(&shared);
                // A client that hangs up is no fault of the test.
                thread::spawn(move || drop(serve(&stream, &shared)));
            }
        });
        Self { address, state, ended }
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// The absolute address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Answers a path (with its query, where it has one) from now on.
    pub fn serve(&self, path: &str, answer: Answer) {
        self.serve_in_turn(path, vec![answer]);
    }

    /// Answers a path one after the other; the last answer stays.
    pub fn serve_in_turn(&self, path: &str, answers: Vec<Answer>) {
        assert!(!answers.is_empty(), "a route needs an answer");
        self.lock().script.insert(path.to_owned(), answers);
    }

    /// From now on (or no longer) every connection is closed without an answer.
    pub fn down(&self, down: bool) {
        self.lock().down = down;
    }

    /// All requests for a path so far, in order.
    pub fn requests(&self, path: &str) -> Vec<Request> {
        self.lock().requests.iter().filter(|r| r.target == path).cloned().collect()
    }

    /// How many requests came for a path.
    pub fn count(&self, path: &str) -> usize {
        self.lock().requests.iter().filter(|r| r.target == path).count()
    }

    /// Everything that was asked, in order.
    pub fn all_requests(&self) -> Vec<Request> {
        self.lock().requests.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        // Wakes the listener, so that its thread sees the end.
        drop(TcpStream::connect(self.address));
    }
}

fn serve(stream: &TcpStream, state: &Mutex<State>) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let Some(mut request) = read_request(stream)? else { return Ok(()) };
    let answer = {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.down {
            state.requests.push(request);
            return Ok(());
        }
        let mut answer = match state.script.get_mut(&request.target) {
            Some(turns) if turns.len() > 1 => turns.remove(0),
            Some(turns) => turns[0].clone(),
            None => Answer::status(404).header("Content-Type", "text/plain").body("no such page\n"),
        };
        if answer.etag.is_some() && answer.etag.as_deref() == request.header("if-none-match") {
            answer.status = 304;
            answer.body.clear();
        }
        request.answered = answer.status;
        state.requests.push(request.clone());
        answer
    };
    thread::sleep(answer.delay);
    write_answer(stream, &answer, request.method == "HEAD")
}

fn read_request(stream: &TcpStream) -> io::Result<Option<Request>> {
    let mut lines = BufReader::new(stream.take(64 << 10));
    let mut line = String::new();
    lines.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(None) };
    let mut request = Request {
        method: method.to_owned(),
        target: target.to_owned(),
        headers: Vec::new(),
        body: String::new(),
        answered: 0,
    };
    loop {
        line.clear();
        if lines.read_line(&mut line)? == 0 || line.trim().is_empty() {
            let length = request.header("content-length").and_then(|n| n.parse().ok()).unwrap_or(0);
            lines.take(length).read_to_string(&mut request.body)?;
            return Ok(Some(request));
        }
        if let Some((name, value)) = line.trim().split_once(':') {
            request.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
}

fn write_answer(mut stream: &TcpStream, answer: &Answer, head_only: bool) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {} Scripted\r\nConnection: close\r\n", answer.status);
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if let Some(etag) = &answer.etag {
        head.push_str(&format!("ETag: {etag}\r\n"));
    }
    if answer.status != 304 && answer.status != 204 {
        head.push_str(&format!("Content-Length: {}\r\n", answer.body.len() * answer.times));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    if head_only {
        return Ok(());
    }
    let mut left = answer.cut_after.unwrap_or(usize::MAX);
    for _ in 0..answer.times {
        thread::sleep(answer.pause_between);
        let part = &answer.body[..answer.body.len().min(left)];
        stream.write_all(part)?;
        left -= part.len();
    }
    stream.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(origin: &Origin, head: &str) -> String {
        let mut stream = TcpStream::connect(origin.address).expect("listening");
        stream.write_all(head.as_bytes()).expect("sent");
        let mut answer = String::new();
        // A connection that is cut may end with an error; what came before it is the answer.
        drop(stream.read_to_string(&mut answer));
        answer
    }

    #[test]
    fn answers_in_turn_and_counts() {
        let origin = Origin::start();
        origin.serve_in_turn("/feed", vec![Answer::status(503), Answer::ok("text/plain", "second").etag("\"a\"")]);
        assert!(ask(&origin, "GET /feed HTTP/1.1\r\nA: b\r\n\r\n").starts_with("HTTP/1.1 503"));
        assert!(ask(&origin, "GET /feed HTTP/1.1\r\n\r\n").ends_with("second"));
        assert!(ask(&origin, "GET /feed HTTP/1.1\r\nIf-None-Match: \"a\"\r\n\r\n").starts_with("HTTP/1.1 304"));
        assert!(ask(&origin, "GET /none HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404"));
        assert_eq!(origin.count("/feed"), 3);
        assert_eq!(origin.requests("/feed")[0].header("a"), Some("b"));
        assert_eq!(origin.requests("/feed").iter().map(|r| r.answered).collect::<Vec<_>>(), [503, 200, 304]);
    }

    #[test]
    fn hangs_up_when_told_to() {
        let origin = Origin::start();
        origin.serve("/half", Answer::ok("text/plain", "0123456789").cut_after(4));
        let answer = ask(&origin, "GET /half HTTP/1.1\r\n\r\n");
        assert!(answer.contains("Content-Length: 10") && answer.ends_with("\r\n\r\n0123"), "{answer}");
        origin.down(true);
        assert_eq!(ask(&origin, "GET /half HTTP/1.1\r\n\r\n"), "");
    }
}
