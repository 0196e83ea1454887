//! How long does it take to render an edition of 100 entries of 12 KB, and how many requests a second are answered
//! beside nginx with the same bytes as files?
//!
//! `cargo bench --bench serving` prints the median of 21 renders in each format, and then, where Debian's `nginx` and
//! `wrk` are installed, what wrk counts of both servers for the 304, the gzip and the plain body of an edition of about
//! 250 KB: in turn, three rounds, in one run on one machine. nginx has the bodies as files, the compressed one too.
//! Last, a thousand readers ask for 8 MB and take nothing: what memory that costs, and how long others wait meanwhile.

#[path = "../tests/it/planet.rs"]
#[expect(dead_code, reason = "the tests use the rest of it")]
mod planet;

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tributary::formats;
use tributary::model::{Edition, EditionQuery};
use tributary::publish::{Ask, Counts, Limits, Page, Refusal, Site, serve};

/// Rounds of wrk; each lasts so long for each server and kind of answer.
const ROUNDS: usize = 3;
const SECONDS: u32 = 4;

fn main() {
    let edition = planet::large_edition(100, 12_000);
    for format in formats::ALL {
        let mut bytes = 0;
        let took = median(|| bytes = (format.render)(&edition).len());
        println!("{:5} {:8.2} ms, {bytes} bytes", format.ending, took.as_secs_f64() * 1e3);
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let ours = runtime.block_on(start());
    let has = |tool: &str| Command::new(tool).arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if has("nginx") && has("wrk") {
        beside_nginx(ours);
    } else {
        println!("nginx and wrk are not installed: requests a second are not measured");
    }
    slow_readers(ours);
}

async fn start() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let editions = [(20, 10_500), (100, 80_000)].map(|(items, bytes)| Arc::new(planet::large_edition(items, bytes)));
    let site = Arc::new(Still(editions));
    let counts = Arc::new(Counts::default());
    tokio::spawn(serve(listener, site, formats::ALL, Limits::default(), counts, std::future::pending()));
    address
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn median(mut run: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..21)
        .map(|_| {
            let start = std::time::Instant::now();
            run();
            start.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}

/// A site with two editions that never change: `main`, and `large`.
struct Still([Arc<Edition>; 2]);

impl Site for Still {
    fn state(&self) -> u64 {
        1
    }

    fn edition(&self, id: &str, _: &EditionQuery) -> Result<Arc<Edition>, Refusal> {
        Ok(self.0[usize::from(id == "large")].clone())
    }

    fn page(&self, _: &Ask) -> Option<Page> {
        None
    }
}

fn beside_nginx(ours: SocketAddr) {
    let plain = get(ours, &[]);
    let packed = get(ours, &["Accept-Encoding: gzip"]);
    println!("\nan edition of {} bytes, {} with gzip", plain.body.len(), packed.body.len());

    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("main.atom"), &plain.body).unwrap();
    std::fs::write(folder.path().join("main.atom.gz"), &packed.body).unwrap();
    let theirs = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nginx = Nginx::start(folder.path(), theirs);
    let their_tag = get(theirs, &[]).tag;
    assert_eq!(get(theirs, &[]).body, plain.body);
    assert_eq!(get(theirs, &["Accept-Encoding: gzip"]).body, packed.body);

    println!("{:6} {:>12} {:>12} {:>7}", "", "tributary/s", "nginx/s", "ratio");
    for (name, our_field, their_field) in [
        ("304", format!("If-None-Match: {}", plain.tag), format!("If-None-Match: {their_tag}")),
        ("gzip", "Accept-Encoding: gzip".to_owned(), "Accept-Encoding: gzip".to_owned()),
        ("plain", "Accept: */*".to_owned(), "Accept: */*".to_owned()),
    ] {
        let mut rounds: Vec<(f64, f64)> =
            (0..ROUNDS).map(|_| (wrk(ours, &our_field), wrk(theirs, &their_field))).collect();
        rounds.sort_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)));
        let ratios = rounds.iter().fold(String::new(), |mut all, (a, b)| {
            let _ = write!(all, " {:.2}", a / b);
            all
        });
        let (a, b) = rounds[ROUNDS / 2];
        println!("{name:6} {a:12.0} {b:12.0} {:7.2}  (rounds:{ratios})", a / b);
    }
    drop(nginx);
}

fn slow_readers(ours: SocketAddr) {
    let before = memory();
    let slow: Vec<TcpStream> = (0..1_000)
        .map(|_| {
            let mut stream = TcpStream::connect(ours).unwrap();
            stream.write_all(b"GET /large.atom HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
            stream
        })
        .collect();
    let took = median(|| assert!(get(ours, &["Accept-Encoding: gzip"]).body.len() > 1_000));
    let after = memory();
    println!(
        "\n{} readers of 8 MB that take nothing: others wait {:.2} ms for a feed",
        slow.len(),
        took.as_secs_f64() * 1e3
    );
    println!(
        "memory of the process {} -> {} MiB, of the system's connections {} -> {} MiB",
        before.0, after.0, before.1, after.1
    );
}

/// MiB that this process has in memory, and MiB in the buffers of all TCP connections.
fn memory() -> (u64, u64) {
    let number = |file: &str, before: &str| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let rest = text.split_once(before).map_or("", |(_, rest)| rest).trim_start();
        rest.split_whitespace().next().and_then(|n| n.parse::<u64>().ok()).unwrap_or(0)
    };
    // In KiB, and in pages of 4 KiB.
    (number("/proc/self/status", "VmRSS:") >> 10, (number("/proc/net/sockstat", " mem ") * 4) >> 10)
}

struct Answer {
    body: Vec<u8>,
    tag: String,
}

/// Asks for the feed, on a connection of its own.
fn get(address: SocketAddr, fields: &[&str]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    let fields = fields.iter().map(|field| format!("{field}\r\n")).collect::<String>();
    write!(stream, "GET /main.atom HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{fields}\r\n").unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let tag = head.lines().find_map(|line| line.to_lowercase().starts_with("etag: ").then(|| line[6..].to_owned()));
    Answer { body: bytes[end..].to_vec(), tag: tag.unwrap_or_default() }
}

/// Requests a second, as wrk counts them.
fn wrk(address: SocketAddr, field: &str) -> f64 {
    let mut wrk = Command::new("wrk");
    wrk.args(["-t2", "-c32", &format!("-d{SECONDS}s"), "-H", field, &format!("http://{address}/main.atom")]);
    let output = wrk.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!text.contains("Socket errors") && !text.contains("Non-2xx"), "{text}");
    let line = text.lines().find_map(|line| line.strip_prefix("Requests/sec:")).expect("what wrk prints");
    line.trim().parse().unwrap()
}

/// nginx on a folder, until the value ends.
struct Nginx(Child);

impl Nginx {
    fn start(folder: &Path, address: SocketAddr) -> Self {
        let at = folder.display();
        // As a person sets it up who cares: no log of accesses, files sent by the kernel, compressed ones ready.
        let config = format!(
            "daemon off; user root; worker_processes auto; pid {at}/pid; error_log {at}/log;\n\
             events {{ worker_connections 1024; }}\n\
             http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; gzip_static on;\n\
             types {{ application/atom+xml atom; }}\n\
             client_body_temp_path {at}/b; proxy_temp_path {at}/p; fastcgi_temp_path {at}/f; scgi_temp_path {at}/s;\n\
             uwsgi_temp_path {at}/u;\n\
             server {{ listen {address}; root {at}; add_header Cache-Control \"public, max-age=300\"; }} }}\n"
        );
        let file = folder.join("nginx.conf");
        std::fs::write(&file, config).unwrap();
        let mut nginx = Command::new("nginx");
        let nginx = Self(nginx.arg("-c").arg(&file).arg("-p").arg(folder).stderr(Stdio::null()).spawn().unwrap());
        for _ in 0..100 {
            if TcpStream::connect(address).is_ok() {
                return nginx;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("nginx does not listen: {}", std::fs::read_to_string(folder.join("log")).unwrap_or_default());
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // The master ends its workers when it is asked to; killed, it would leave them behind.
        let _ = Command::new("kill").arg("-QUIT").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}
