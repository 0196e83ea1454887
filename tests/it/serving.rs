//! Are readers served from memory, each as it asks, and can the slow ones harm nobody?

use std::collections::HashMap;
use std::io::Read as _;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tributary::formats;
use tributary::model::{Edition, EditionQuery, StoryId};
use tributary::publish::{Ask, Counts, Limits, Page, Refusal, Site, serve};

use crate::planet::large_edition;

/// A site with one edition, `main`.
struct Still {
    state: AtomicU64,
    edition: Mutex<Arc<Edition>>,
    composed: AtomicUsize,
}

impl Still {
    fn of(edition: Edition) -> Arc<Self> {
        Arc::new(Self {
            state: AtomicU64::new(1),
            edition: Mutex::new(Arc::new(edition)),
            composed: AtomicUsize::new(0),
        })
    }

    /// Puts an edition in place of the one before.
    fn publish(&self, edition: Edition) {
        *self.edition.lock().unwrap() = Arc::new(edition);
        self.state.fetch_add(1, Ordering::SeqCst);
    }
}

impl Site for Still {
    fn state(&self) -> u64 {
        self.state.load(Ordering::SeqCst)
    }

    fn edition(&self, id: &str, query: &EditionQuery) -> Result<Arc<Edition>, Refusal> {
        self.composed.fetch_add(1, Ordering::SeqCst);
        match id {
            "main" if query.is_empty() => Ok(self.edition.lock().unwrap().clone()),
            "main" if query.sources.iter().any(|s| s.as_str() == "nowhere") => Err(Refusal::Bad("source: none".into())),
            "main" => {
                let mut edition = (**self.edition.lock().unwrap()).clone();
                edition.query = Some(query.to_string());
                Ok(Arc::new(edition))
            }
            "early" => Err(Refusal::NotReady),
            _ => Err(Refusal::Unknown),
        }
    }

    fn page(&self, ask: &Ask) -> Option<Page> {
        let languages: Vec<String> = ask.languages.iter().map(ToString::to_string).collect();
        match ask.path.as_str() {
            "/" => Some(Page::html(format!("{:?} {languages:?} {}", ask.query, "padding ".repeat(400)))),
            "/panic" => panic!("a page that cannot be made"),
            _ => None,
        }
    }
}

struct Served {
    address: SocketAddr,
    counts: Arc<Counts>,
    stop: oneshot::Sender<()>,
    done: JoinHandle<()>,
}

async fn start(site: Arc<Still>, limits: Limits) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let counts = Arc::new(Counts::default());
    let stopped = async {
        let _ = stopped.await;
    };
    let done = tokio::spawn(serve(listener, site, formats::ALL, limits, counts.clone(), stopped));
    Served { address, counts, stop, done }
}

struct Answer {
    status: u16,
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

/// One request on a connection of its own, its answer byte for byte.
async fn ask(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n");
    headers.iter().for_each(|(n, v)| request.push_str(&format!("{n}: {v}\r\n")));
    stream.write_all((request + "\r\n").as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").expect("an answer has a head") + 4;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let lines = head.lines().skip(1).filter_map(|l| l.split_once(": "));
    Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        headers: lines.map(|(n, v)| (n.to_ascii_lowercase(), v.to_owned())).collect(),
        body: bytes[end..].to_vec(),
    }
}

/// What browsers are told: nothing runs, and nothing comes from another host.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'";

#[tokio::test(flavor = "multi_thread")]
async fn every_question_has_a_clear_answer() {
    let served = start(Still::of(large_edition(3, 500)), Limits::default()).await;
    let long = format!("/main.atom?author={}", "x".repeat(9_000));
    type Row<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], u16);
    let rows: &[Row<'_>] = &[
        ("GET", "/main.atom", &[], 200),
        ("GET", "/main.rss", &[], 200),
        ("GET", "/main.json", &[], 200),
        ("GET", "/main.opml", &[], 200),
        ("HEAD", "/main.atom", &[], 200),
        ("OPTIONS", "/main.atom", &[], 204),
        ("POST", "/main.atom", &[("content-length", "0")], 405),
        ("DELETE", "/", &[], 405),
        ("GET", "/main.xml", &[], 404),
        ("GET", "/nowhere.atom", &[], 404),
        ("GET", "/nowhere", &[], 404),
        ("GET", "/early.atom", &[], 503),
        ("GET", "/a/main.atom", &[], 404),
        ("GET", "/%ff", &[], 400),
        ("GET", "/%zz", &[], 400),
        ("GET", "/..%2f..%2fetc%2fpasswd", &[], 404),
        ("GET", "/panic", &[], 500),
        ("GET", &long, &[], 414),
        ("GET", "/main.atom?lang=klingon", &[], 400),
        ("GET", "/main.atom?include=everything", &[], 400),
        ("GET", "/main.atom?source=nowhere", &[], 400),
        ("GET", "/main.atom?author=", &[], 400),
        ("GET", "/main.atom?lang=", &[], 400),
        ("GET", "/main.atom?source=,", &[], 400),
        ("GET", "/main.atom?lang=it,en&include=all&utm_source=x", &[], 200),
        ("GET", "/main?lang=klingon", &[], 400),
        ("GET", "/main.atom", &[("if-none-match", "abc")], 400),
        ("GET", "/main.atom", &[("if-none-match", "*")], 304),
        ("GET", "/main.atom", &[("if-none-match", "\"abc\"")], 200),
        ("GET", "/main.atom", &[("if-modified-since", "yesterday")], 400),
        ("GET", "/main.atom", &[("if-modified-since", "Sat, 01 Jan 2000 00:00:00 GMT")], 200),
        ("GET", "/main.atom", &[("if-modified-since", "Fri, 01 Jan 2100 00:00:00 GMT")], 304),
        ("GET", "/main.atom", &[("accept-encoding", "identity;q=0")], 406),
        ("GET", "/main", &[("accept", "image/png")], 406),
        ("GET", "/", &[("if-none-match", "nonsense")], 400),
    ];
    for (method, path, headers, expected) in rows {
        let answer = ask(served.address, method, path, headers).await;
        let body = String::from_utf8_lossy(&answer.body);
        assert_eq!(answer.status, *expected, "{method} {path:.60} {headers:?}: {body}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{method} {path:.60}");
        assert_eq!(answer.headers["content-security-policy"], POLICY, "{method} {path:.60}");
        if answer.status >= 400 {
            assert!(answer.body.len() < 300 && body.trim().len() > 10, "{path:.60} says why: {body}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_sent_once_to_each_reader() {
    let site = Still::of(large_edition(20, 12_000));
    let served = start(site.clone(), Limits::default()).await;
    for (ending, media_type) in [("atom", "atom+xml"), ("rss", "rss+xml"), ("json", "feed+json")] {
        let path = format!("/main.{ending}");
        let plain = ask(served.address, "GET", &path, &[]).await;
        assert_eq!(plain.headers["content-type"], format!("application/{media_type}; charset=utf-8"));
        assert_eq!(plain.headers["access-control-allow-origin"], "*");
        assert_eq!(plain.headers["vary"], "Accept, Accept-Encoding");
        assert!(plain.headers["cache-control"].contains("max-age=300"));
        assert_eq!(plain.headers["last-modified"], "Sun, 01 Nov 2026 00:19:00 GMT");
        let mut tags = vec![plain.headers["etag"].clone()];
        for coding in ["gzip", "br"] {
            let packed = ask(served.address, "GET", &path, &[("accept-encoding", coding)]).await;
            assert_eq!(packed.headers["content-encoding"], coding);
            let mut body = Vec::new();
            match coding {
                "gzip" => flate2::read::GzDecoder::new(&packed.body[..]).read_to_end(&mut body).unwrap(),
                _ => brotli::Decompressor::new(&packed.body[..], 4_096).read_to_end(&mut body).unwrap(),
            };
            assert_eq!(body, plain.body, "{path} {coding}");
            assert!(packed.body.len() * 2 < plain.body.len());
            tags.push(packed.headers["etag"].clone());
        }
        assert!(tags.iter().all(|t| t.starts_with('"')), "strong: {tags:?}");
        assert!(tags[0] != tags[1] && tags[1] != tags[2], "one for each representation: {tags:?}");
        let head = ask(served.address, "HEAD", &path, &[]).await;
        assert_eq!(head.headers["content-length"], plain.body.len().to_string());
        assert_eq!((head.body.len(), &head.headers["etag"]), (0, &tags[0]));
        for tag in &tags {
            let old = format!("\"old\", W/{tag}");
            let again = ask(served.address, "GET", &path, &[("if-none-match", &old), ("accept-encoding", "br")]).await;
            assert_eq!((again.status, again.body.len(), &again.headers["etag"]), (304, 0, tag));
            assert!(again.headers.contains_key("cache-control") && !again.headers.contains_key("content-type"));
        }
    }
    // The same edition composed anew is the same version; another one is not.
    let renders = served.counts.renders.load(Ordering::SeqCst);
    let before = ask(served.address, "GET", "/main.atom", &[]).await;
    site.publish(large_edition(20, 12_000));
    let same = ask(served.address, "GET", "/main.atom", &[]).await;
    assert_eq!(before.headers["etag"], same.headers["etag"]);
    assert_eq!(served.counts.renders.load(Ordering::SeqCst), renders);
    let mut changed = large_edition(20, 12_000);
    changed.items[3].shown.title = "edited".into();
    site.publish(changed);
    let after = ask(served.address, "GET", "/main.atom", &[("if-none-match", &before.headers["etag"])]).await;
    assert_eq!(after.status, 200);
    assert_ne!(before.headers["etag"], after.headers["etag"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_render_and_one_compression_whatever_the_number_of_clients() {
    let served = start(Still::of(large_edition(100, 4_000)), Limits::default()).await;
    let clients: Vec<_> =
        (0..64).map(|_| tokio::spawn(ask_owned(served.address, "/main.rss", &[("accept-encoding", "gzip")]))).collect();
    for client in clients {
        assert_eq!(client.await.unwrap().status, 200);
    }
    assert_eq!(served.counts.renders.load(Ordering::SeqCst), 1);
    assert_eq!(served.counts.compressions.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_page_is_compressed_once_for_each_of_its_versions() {
    let served = start(Still::of(large_edition(3, 500)), Limits::default()).await;
    let compressions = || served.counts.compressions.load(Ordering::SeqCst);
    let clients: Vec<_> =
        (0..64).map(|_| tokio::spawn(ask_owned(served.address, "/", &[("accept-encoding", "gzip")]))).collect();
    let mut bodies = Vec::new();
    for client in clients {
        let answer = client.await.unwrap();
        assert_eq!((answer.status, answer.headers["content-encoding"].as_str()), (200, "gzip"));
        bodies.push(answer.body);
    }
    bodies.dedup();
    assert_eq!((bodies.len(), compressions()), (1, 1));
    for (path, coding, expected) in
        [("/", "br", 2), ("/?q=another", "br", 3), ("/?q=another", "br", 3), ("/", "gzip", 3)]
    {
        let answer = ask(served.address, "GET", path, &[("accept-encoding", coding)]).await;
        assert_eq!((answer.status, answer.headers["content-encoding"].as_str()), (200, coding));
        assert_eq!(compressions(), expected, "{path} {coding}");
    }
}

async fn ask_owned(address: SocketAddr, path: &'static str, headers: &'static [(&str, &str)]) -> Answer {
    ask(address, "GET", path, headers).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_of_an_edition_gives_what_the_reader_prefers() {
    let served = start(Still::of(large_edition(3, 500)), Limits::default()).await;
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for (accept, media_type) in [
        ("*/*", "application/atom+xml"),
        ("application/rss+xml", "application/rss+xml"),
        ("application/feed+json, application/json;q=0.9", "application/feed+json"),
        (browser, "text/html"),
    ] {
        let answer = ask(served.address, "GET", "/main", &[("accept", accept)]).await;
        assert!(answer.headers["content-type"].starts_with(media_type), "{accept}");
        assert!(answer.headers["vary"].contains("Accept,"), "{accept}");
    }
    // Where it stands, question and all, however deep the planet lies.
    let rss = ask(served.address, "GET", "/main?lang=fr,*", &[("accept", "application/rss+xml")]).await;
    assert_eq!(rss.headers["content-location"], "main.rss?lang=fr,*");
    let page = ask(served.address, "GET", "/main", &[("accept", browser), ("accept-language", "it, en;q=0.5")]).await;
    assert!(String::from_utf8_lossy(&page.body).starts_with("[(\"edition\", \"main\")] [\"it\", \"en\"]"));
    // A page has a tag too, and a reader's languages and codings are told to caches.
    let tag = &page.headers["etag"];
    let again = [("accept", browser), ("accept-language", "it, en;q=0.5"), ("if-none-match", tag.as_str())];
    assert_eq!(ask(served.address, "GET", "/main", &again).await.status, 304);
    let packed = ask(served.address, "GET", "/", &[("accept-encoding", "gzip")]).await;
    assert_eq!(packed.headers["content-encoding"], "gzip");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_questions_stay_within_bounds() {
    let site = Still::of(large_edition(3, 500));
    let served = start(site.clone(), Limits { editions: 20, ..Limits::default() }).await;
    let composed = || site.composed.load(Ordering::SeqCst);
    let get = async |path: String| assert_eq!(ask(served.address, "GET", &path, &[]).await.status, 200, "{path}");
    get("/main.atom".into()).await;
    for i in 0..1_000 {
        get(format!("/main.atom?author=a{i}")).await;
    }
    assert_eq!(composed(), 1_001);
    // The last ones are kept, in other formats and spellings too; the first are not.
    get("/main.json?x=1&author=a999".into()).await;
    get("/main.atom".into()).await;
    assert_eq!(composed(), 1_001);
    get("/main.atom?author=a0".into()).await;
    assert_eq!(composed(), 1_002);
    // Each question has a tag of its own.
    let tag = async |path: &str| ask(served.address, "GET", path, &[]).await.headers["etag"].clone();
    assert_ne!(tag("/main.atom?author=a998").await, tag("/main.atom?author=a999").await);
    // The bytes of what is kept are bounded too: of three the first is gone.
    let one = ask(served.address, "GET", "/main.atom", &[]).await.body.len();
    let few = start(site.clone(), Limits { editions: 20, edition_bytes: one * 5, ..Limits::default() }).await;
    let before = composed();
    for path in ["/main.atom?author=x", "/main.atom?author=y", "/main.atom?author=z", "/main.atom?author=x"] {
        assert_eq!(ask(few.address, "GET", path, &[]).await.status, 200, "{path}");
    }
    assert_eq!(composed(), before + 4, "nothing was forgotten");
    // Names of editions that do not exist are not remembered.
    for i in 0..100 {
        assert_eq!(ask(served.address, "GET", &format!("/no{i}.atom"), &[]).await.status, 404);
    }
}

/// A reader that asks and then takes nothing.
async fn stall(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /main.atom HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_readers_hold_up_nobody_and_are_let_go() {
    let limits = Limits { write_window: Duration::from_secs(3), ..Limits::default() };
    // Far more than the buffers of a loopback connection hold.
    let served = start(Still::of(large_edition(100, 80_000)), limits).await;
    assert_eq!(ask(served.address, "HEAD", "/main.atom", &[]).await.status, 200);
    let mut slow = Vec::new();
    for _ in 0..1_000 {
        slow.push(stall(served.address).await);
    }
    for _ in 0..20 {
        let asked = ask(served.address, "HEAD", "/main.json", &[]);
        let asked = tokio::time::timeout(Duration::from_secs(10), asked);
        assert_eq!(asked.await.expect("others are served").status, 200);
    }
    assert_eq!(served.counts.renders.load(Ordering::SeqCst), 2);
    // After the window each connection is closed: nobody keeps one for nothing.
    let gone = async {
        while served.counts.connections.load(Ordering::SeqCst) > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), gone).await.expect("slow readers are let go");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sends_no_headers_is_let_go() {
    let limits = Limits { header_timeout: Duration::from_millis(300), ..Limits::default() };
    let served = start(Still::of(large_edition(1, 100)), limits).await;
    for begun in ["", "GET /main.atom HTTP/1.1\r\nx: "] {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(begun.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        let closed = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut rest)).await;
        assert!(closed.is_ok(), "{begun:?}");
    }
    let huge = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(100_000));
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    // The server may close before it has read all of it.
    let _ = stream.write_all(huge.as_bytes()).await;
    let mut answer = [0; 12];
    let _ = stream.read_exact(&mut answer).await;
    assert_eq!(String::from_utf8_lossy(&answer), "HTTP/1.1 431");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_for_answers_under_way_but_not_for_ever() {
    let limits = Limits { drain: Duration::from_millis(800), ..Limits::default() };
    let served = start(Still::of(large_edition(100, 120_000)), limits).await;
    let mut slow = Vec::new();
    for _ in 0..200 {
        slow.push(stall(served.address).await);
    }
    let mut fair = stall(served.address).await;
    let mut body = vec![0; 64 << 10];
    fair.read_exact(&mut body).await.unwrap();
    served.stop.send(()).unwrap();
    let rest = async {
        let mut rest = Vec::new();
        fair.read_to_end(&mut rest).await.map(|n| n + body.len())
    };
    let (read, done) = tokio::join!(rest, tokio::time::timeout(Duration::from_secs(10), served.done));
    assert!(read.unwrap() > 12_000_000, "an answer under way is finished");
    done.expect("stops in time").unwrap();
    assert!(TcpStream::connect(served.address).await.is_err(), "nobody is taken any more");
}

#[test]
fn an_edition_of_a_hundred_long_entries_is_rendered_at_once() {
    let edition = large_edition(100, 12_000);
    let ids: Vec<StoryId> = edition.items.iter().map(|i| i.story).collect();
    assert_eq!(ids.len(), 100);
    for format in formats::ALL {
        let first = (format.render)(&edition);
        assert_eq!(first, (format.render)(&edition), "same edition, same bytes: {}", format.ending);
    }
}
