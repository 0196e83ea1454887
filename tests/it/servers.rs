//! Servers that misbehave: each is asked through the real fetcher, and the answer is a message, in bounded time.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use chrono::DateTime;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use futures_util::future::join_all;
use tributary::fetch::{FetchSettings, Fetcher};
use tributary::model::{Ask, Outcome, Purpose, Role, Source, SourceId, SourceState, Timestamp, Validators};
use tributary::sources::Poll;

const LIMIT: usize = 1 << 20;
const TIMEOUT: Duration = Duration::from_secs(3);

const FEED: &str = r#"<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Notes</title>
<item><title>One</title><link>https://example.org/1</link><guid>1</guid><description>The first.</description></item>
</channel></rss>"#;

type Behaviour = Box<dyn Fn(&mut TcpStream, &str) -> std::io::Result<()> + Send + Sync>;

/// A server on a port of its own: one thread a connection, the behaviour gets the stream and the path asked for.
fn server(behaviour: Behaviour) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let behaviour = Arc::new(behaviour);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let behaviour = Arc::clone(&behaviour);
            thread::spawn(move || {
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|n| n == 1) {
                    head.push(byte[0]);
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                let path = head.split(' ').nth(1).unwrap_or_default();
                // The client hangs up on most of them.
                let _ = behaviour(&mut stream, path);
            });
        }
    });
    format!("http://{address}/feed")
}

/// A server that sends these bytes and hangs up.
fn says(bytes: impl Into<Vec<u8>>) -> Behaviour {
    let bytes = bytes.into();
    Box::new(move |stream, _| {
        stream.write_all(&bytes)?;
        stream.shutdown(Shutdown::Write)
    })
}

/// A whole answer with the length of its body.
fn answer(head: &str, body: impl AsRef<[u8]>) -> Behaviour {
    let body = body.as_ref();
    says([format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes(), body].concat())
}

/// Sends a beginning, and then the same bytes for ever, with a pause between.
fn endless(start: &'static str, again: Vec<u8>, pause: Duration) -> Behaviour {
    Box::new(move |stream, _| {
        stream.write_all(start.as_bytes())?;
        loop {
            stream.write_all(&again)?;
            thread::sleep(pause);
        }
    })
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    brotli::CompressorWriter::new(&mut out, 4096, 1, 22).write_all(bytes).unwrap();
    out
}

fn utf16(text: &str) -> Vec<u8> {
    [vec![0xff, 0xfe], text.replace("utf-8", "utf-16").encode_utf16().flat_map(u16::to_le_bytes).collect()].concat()
}

fn reset() -> Behaviour {
    // Closing a socket with unread input resets the connection: the request was read, so leave the listener one more.
    Box::new(|stream, _| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<rss>")?;
        stream.shutdown(Shutdown::Both)
    })
}

fn misbehaving() -> Vec<(&'static str, Behaviour, &'static str)> {
    let slow = Duration::from_millis(50);
    let none = Duration::ZERO;
    let spaces = vec![b' '; 12 << 20];
    let chunk = [b"10000\r\n".to_vec(), vec![b' '; 0x10000], b"\r\n".to_vec()].concat();
    let ok = "200 OK\r\nContent-Type: application/rss+xml";
    let encoded = |encoding: &str| format!("{ok}\r\nContent-Encoding: {encoding}");
    let whole_gzip = gzip(FEED.as_bytes());
    vec![
        (
            "drips its body",
            endless("HTTP/1.1 200 OK\r\n\r\n<rss>", b" ".to_vec(), slow),
            "bytes of its answer within 3 s",
        ),
        ("drips its header", endless("HTTP/1.1 200 OK\r\nX: ", b"x".to_vec(), slow), "did not answer within 3 s"),
        (
            "never answers",
            Box::new(|_, _| {
                thread::sleep(TIMEOUT * 2);
                Ok(())
            }),
            "did not answer within 3 s",
        ),
        (
            "hints for ever",
            endless("", b"HTTP/1.1 103 Early Hints\r\n\r\n".to_vec(), slow),
            "did not answer within 3 s",
        ),
        ("endless body", endless("HTTP/1.1 200 OK\r\n\r\n<rss>", vec![b' '; 1 << 16], none), "larger than 1 MiB"),
        (
            "endless chunks",
            endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunk, none),
            "larger than 1 MiB",
        ),
        (
            "says that it is huge",
            says("HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n<rss>"),
            "larger than 1 MiB",
        ),
        ("gzip bomb", answer(&encoded("gzip"), gzip(&spaces)), "larger than 1 MiB"),
        ("deflate bomb", answer(&encoded("deflate"), zlib(&spaces)), "larger than 1 MiB"),
        ("brotli bomb", answer(&encoded("br"), brotli(&spaces)), "larger than 1 MiB"),
        ("zstd bomb", answer(&encoded("zstd"), zstd::encode_all(&spaces[..], 1).unwrap()), "larger than 1 MiB"),
        ("bomb in a bomb", answer(&encoded("gzip, gzip"), gzip(&gzip(&spaces))), "larger than 1 MiB"),
        ("three encodings", answer(&encoded("gzip, gzip, gzip"), gzip(&gzip(&whole_gzip))), "more than 2 times over"),
        ("encoding not asked for", answer(&encoded("compress"), FEED), "`compress`, which was not asked for"),
        ("half a gzip", answer(&encoded("gzip"), &whole_gzip[..whole_gzip.len() / 2]), "encoding is damaged"),
        (
            "a window of 2 GiB",
            answer(&encoded("zstd"), [0x28, 0xb5, 0x2f, 0xfd, 0, 0xa8, 1, 0, 0]),
            "encoding is damaged",
        ),
        (
            "says more than it sends",
            says("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<rss>"),
            "the connection broke after 5 bytes",
        ),
        ("hangs up without a word", says(""), "the connection broke after 0 bytes"),
        ("hangs up in its header", says("HTTP/1.1 200 OK\r\nContent-"), "the connection broke after 0 bytes"),
        ("hangs up in its body", reset(), "the connection broke after 5 bytes"),
        (
            "chunks that are none",
            says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n<rss>"),
            "the connection broke after 0 bytes",
        ),
        ("speaks SSH", says("SSH-2.0-OpenSSH_9.2\r\n"), "does not speak HTTP"),
        (
            "a header of 2 MiB",
            endless("HTTP/1.1 200 OK\r\nX: ", vec![b'x'; 1 << 16], none),
            "the header of the answer is larger",
        ),
        (
            "a thousand fields",
            says(format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(1000))),
            "the header of the answer is larger",
        ),
        (
            "90 fields of 1 KiB",
            says(format!("HTTP/1.1 200 OK\r\n{}\r\n", format!("X: {}\r\n", "y".repeat(1024)).repeat(90))),
            "the header of the answer is larger",
        ),
        ("redirects to itself", answer("301 Moved\r\nLocation: /feed", ""), "round in a circle"),
        (
            "redirects in a circle",
            Box::new(|stream, path| {
                let to = if path == "/feed" { "/other" } else { "/feed" };
                stream
                    .write_all(format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n").as_bytes())
            }),
            "round in a circle",
        ),
        (
            "redirects for ever",
            Box::new(|stream, path| {
                let answer = format!("HTTP/1.1 302 Found\r\nLocation: {path}x\r\nContent-Length: 0\r\n\r\n");
                stream.write_all(answer.as_bytes())
            }),
            "more than 5 redirects",
        ),
        ("redirects to nowhere", answer("301 Moved", ""), "without a usable address"),
        ("redirects to a file", answer("301 Moved\r\nLocation: file:///etc/passwd", ""), "without a usable address"),
        ("unchanged since never", answer("304 Not Modified", ""), "answered with 304"),
        ("no content", says("HTTP/1.1 204 No Content\r\n\r\n"), "answered with 204"),
        ("a part", answer("206 Partial Content\r\nContent-Range: bytes 0-3/9", "<rss"), "answered with 206"),
        ("wants a login", answer("401 Unauthorized", ""), "wants a login (401)"),
        (
            "a challenge",
            answer("403 Forbidden\r\nServer: cloudflare\r\nContent-Type: text/html", "<html>"),
            "blocked (403): cloudflare",
        ),
        ("a block in HTML", answer("503 Busy\r\nContent-Type: text/html; charset=utf-8", "<html>"), "blocked (503)"),
        (
            "Substack to a data centre",
            answer("403 Forbidden\r\nX-Served-By: Substack", "no"),
            "addresses of data centres",
        ),
        ("absent", answer("404 Not Found\r\nContent-Type: application/rss+xml", FEED), "nothing at this address (404)"),
        ("gone", answer("410 Gone", ""), "gone for good (410)"),
        ("too many requests", answer("429 Too Many\r\nRetry-After: 120", ""), "slow down (429)"),
        ("in trouble", answer("500 Oops\r\nContent-Type: application/rss+xml", FEED), "in trouble (500)"),
        (
            "unavailable",
            answer("503 Busy\r\nRetry-After: Fri, 31 Dec 2032 23:59:59 GMT", "busy"),
            "not before 2032-12-31",
        ),
        ("not available here", answer("451 Unavailable", ""), "legal reasons"),
        (
            "HTML with a 200",
            answer("200 OK\r\nContent-Type: application/rss+xml", "<!doctype html><p>Are you human?"),
            "not a feed",
        ),
        ("nothing with a 200", answer(ok, ""), "not a feed (the document is empty)"),
        ("a picture", answer(ok, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), "not a feed"),
        ("other JSON", answer("200 OK\r\nContent-Type: application/json", "{\"a\": [1, 2]}"), "not a feed"),
    ]
}

/// What looks bad and can be read all the same.
fn harmless() -> Vec<(&'static str, Behaviour)> {
    let body = FEED.as_bytes();
    vec![
        ("the wrong type", answer("200 OK\r\nContent-Type: text/html", body)),
        ("no type at all", answer("200 OK", body)),
        ("gzip without a word", answer("200 OK\r\nContent-Type: application/gzip", gzip(body))),
        ("gzip that is none", answer("200 OK\r\nContent-Encoding: gzip", body)),
        ("a charset as encoding", answer("200 OK\r\nContent-Encoding: utf-8", body)),
        ("encoded twice", answer("200 OK\r\nContent-Encoding: gzip, br", brotli(&gzip(body)))),
        ("HTTP/1.0 without a length", says([b"HTTP/1.0 200 OK\r\n\r\n", body].concat())),
        ("sends more than it says", says([b"HTTP/1.1 200 OK\r\nContent-Length: 250\r\n\r\n", body, body].concat())),
        ("UTF-16", answer("200 OK\r\nContent-Type: text/xml", utf16(FEED))),
        ("the end is missing", answer("200 OK", FEED.split("</item>").next().unwrap())),
        (
            "a redirect",
            Box::new(move |stream, path| {
                let found = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{FEED}", FEED.len());
                let moved = "HTTP/1.1 302 Found\r\nLocation: //127.0.0.1/else\r\n\r\n".replace("//127.0.0.1", "");
                stream.write_all(if path == "/else" { found } else { moved }.as_bytes())?;
                stream.shutdown(Shutdown::Write)
            }),
        ),
    ]
}

fn source(url: &str) -> Source {
    Source {
        id: SourceId("s".into()),
        url: url.parse().unwrap(),
        kind: Some("feed".into()),
        role: Role::Mixed,
        language: None,
        hosts: vec![],
        was: vec![],
        author: None,
        title: None,
        full_text: None,
        content: Default::default(),
        publish: true,
        paid: Default::default(),
        backfill: 0,
        references: true,
        selector: None,
        pattern: None,
        headers: vec![("X-Key".into(), "secret".into())],
        schedule: None,
        keep_s: None,
    }
}

fn now() -> Timestamp {
    DateTime::from_timestamp(1_795_000_000, 0).unwrap()
}

fn fetcher() -> Fetcher {
    Fetcher::new(FetchSettings {
        user_agent_contact: "https://example.org/about".into(),
        allow_private_networks: true,
        total_timeout: TIMEOUT,
        max_body_bytes: LIMIT,
        ..FetchSettings::default()
    })
    .unwrap()
}

async fn poll(fetcher: &Fetcher, url: &str) -> (Outcome, usize) {
    let source = source(url);
    let mut poll = Poll::new(&source, SourceState::default(), now());
    while let Some(ask) = poll.next() {
        poll.answer(fetcher.get(&ask, &now).await.map_err(|e| e.failure()));
    }
    let polled = poll.finish();
    (polled.outcome, polled.reading.entries.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_of_servers_that_misbehave() {
    let fetcher = Arc::new(fetcher());
    let table = misbehaving();
    assert!(table.len() >= 40);
    let neighbour = server(answer("200 OK", FEED));
    let all = tokio::spawn({
        let fetcher = Arc::clone(&fetcher);
        async move {
            let polls = table.into_iter().map(|(name, behaviour, expected)| {
                let (fetcher, url) = (Arc::clone(&fetcher), server(behaviour));
                async move { (name, expected, poll(&fetcher, &url).await) }
            });
            tokio::time::timeout(TIMEOUT * 3, join_all(polls)).await.expect("in bounded time")
        }
    });
    // While they hold their connections, others go on.
    for _ in 0..20 {
        let one =
            tokio::time::timeout(TIMEOUT, poll(&fetcher, &neighbour)).await.expect("the neighbour is not held up");
        assert_eq!(one, (Outcome::Changed, 1));
    }
    assert!(!all.is_finished(), "the neighbour was asked twenty times before the slow ones timed out");
    let wrong: Vec<String> = all
        .await
        .unwrap()
        .into_iter()
        .filter_map(|(name, expected, (outcome, entries))| match outcome {
            Outcome::Failed(ref m) | Outcome::Gone(ref m) if m.contains(expected) && entries == 0 => None,
            other => Some(format!("{name}: expected …{expected}…, got {other:?}")),
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_be_read_is_read() {
    let fetcher = fetcher();
    for (name, behaviour) in harmless() {
        let got = poll(&fetcher, &server(behaviour)).await;
        assert_eq!(got, (Outcome::Changed, 1), "{name}");
    }
}

#[tokio::test]
async fn the_guard_is_on_at_every_hop() {
    let inside = server(answer("200 OK", FEED));
    let guarded = Fetcher::new(FetchSettings::default()).unwrap();
    let port = inside.rsplit(':').next().unwrap();
    for url in [inside.clone(), format!("http://localhost:{port}"), "http://2130706433/".into(), "http://[::1]/".into()]
    {
        let message = match poll(&guarded, &url).await.0 {
            Outcome::Failed(message) => message,
            other => panic!("{url} gave {other:?}"),
        };
        assert!(message.contains("refused to ask") || message.contains("port"), "{url}: {message}");
    }
    // A name that resolves to the inside, on a port that is allowed.
    let Outcome::Failed(message) = poll(&guarded, "http://localhost/").await.0 else { panic!("reached the inside") };
    assert!(message.contains("refused to ask localhost"), "{message}");
}

/// What a server sees of us: who we are, the validators byte for byte, the key for its own origin alone.
#[tokio::test]
async fn requests_are_those_of_a_good_guest() {
    let seen = |bytes: Arc<std::sync::Mutex<Vec<String>>>, to: Option<String>| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut buffer = [0; 4096];
                let n = stream.read(&mut buffer).unwrap_or(0);
                let head: String = buffer[..n].iter().map(|b| char::from(*b)).collect();
                bytes.lock().unwrap().push(head);
                let answer = match &to {
                    Some(to) => format!("HTTP/1.1 301 Moved\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"),
                    None => "HTTP/1.1 304 Not Modified\r\n\r\n".to_owned(),
                };
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        format!("http://{address}/feed?a=1")
    };
    let (first, second) = (Arc::default(), Arc::default());
    let last = seen(Arc::clone(&second), None);
    let url = seen(Arc::clone(&first), Some(last.clone()));
    let etag = b"W/\"\xfc 1\"".to_vec();
    let ask = Ask {
        validators: Validators { etag: Some(etag), last_modified: Some(b"Sun, 1 Jan 1980 00:00:00 +0000".to_vec()) },
        headers: vec![("X-Key".into(), "secret".into())],
        ..Ask::new(url.parse().unwrap(), Purpose::Feed)
    };
    let document = fetcher().get(&ask, &now).await.unwrap();
    assert_eq!((document.status, document.moved_to.unwrap().to_string()), (304, last));
    for heads in [&first, &second] {
        let heads: &Vec<String> = &heads.lock().unwrap();
        let head = &heads[0];
        assert!(head.starts_with("GET /feed?a=1 HTTP/1.1\r\n"), "{head}");
        assert!(head.contains("user-agent: tributary/0.1.0 (+https://example.org/about)\r\n"), "{head}");
        assert!(head.contains("if-none-match: W/\"\u{fc} 1\"\r\n"), "{head}");
        assert!(head.contains("if-modified-since: Sun, 1 Jan 1980 00:00:00 +0000\r\n"), "{head}");
        assert!(!head.contains("cookie:") && !head.contains("referer:"), "{head}");
    }
    assert!(first.lock().unwrap()[0].contains("x-key: secret"));
    assert!(!second.lock().unwrap()[0].contains("x-key"), "another origin gets no key");
}

/// robots.txt is asked once for pages, obeyed, and never asked for feeds.
#[tokio::test]
async fn robots_are_obeyed_for_pages() {
    let asked: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
    let log = Arc::clone(&asked);
    let site = server(Box::new(move |stream, path| {
        log.lock().unwrap().push(path.to_owned());
        let body = match path {
            "/robots.txt" => "User-agent: *\nDisallow: /private\nCrawl-delay: 0.2\n",
            _ => FEED,
        };
        stream.write_all(
            format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len()).as_bytes(),
        )
    }));
    let fetcher = fetcher();
    let at = |path: &str| site.replace("/feed", path).parse().unwrap();
    let get = async |path: &str, purpose| fetcher.get(&Ask::new(at(path), purpose), &now).await;
    get("/private/feed", Purpose::Feed).await.unwrap();
    assert_eq!(asked.lock().unwrap().as_slice(), ["/private/feed"]);
    let begin = tributary::clock::instant();
    get("/page", Purpose::Page).await.unwrap();
    let refused = get("/private/page", Purpose::Page).await.unwrap_err().to_string();
    assert!(refused.contains("does not allow /private/page"), "{refused}");
    get("/page", Purpose::Api).await.unwrap();
    assert!(begin.elapsed() >= Duration::from_millis(400), "two pauses of the Crawl-delay");
    assert_eq!(asked.lock().unwrap().as_slice(), ["/private/feed", "/robots.txt", "/page", "/page"]);
    // A robots.txt that cannot be read forbids.
    let broken = server(answer("500 Oops", ""));
    let refused = fetcher.get(&Ask::new(broken.parse().unwrap(), Purpose::Page), &now).await.unwrap_err().to_string();
    assert!(refused.contains("robots.txt of 127.0.0.1 cannot be read"), "{refused}");
}
