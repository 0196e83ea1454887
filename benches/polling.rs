//! What does polling cost? CPU seconds of this process against its own origin (another process) on loopback, each
//! beside a bare loop over the same addresses in the same run.
//!
//! `cargo bench --bench polling [-- UNCHANGED FIRST]`: numbers of feeds, 10,000 and 1,000 by default.
//!
//! - unchanged: every feed answers 304. The bare loop is reqwest with the same conditional request. Once without the
//!   store, and once as the daemon does it: the state is read, and what the poll learnt is written.
//! - first: every feed is 235 KB, gzipped, and new: fetched, parsed, cleaned and stored; nothing is matched. The bare
//!   loop is reqwest, gunzip and a quick-xml pull over all events.
//! - 5 % new: the same feeds again, of which every twentieth has one new post; the median of five such polls.
//! - memory: as many sources as for unchanged, with small feeds, are polled twice by the daemon's code, all at once, with
//!   one arena of memory as the program has (`cli/arena.rs`).
//!
//! Each part runs in a process of its own.
//!
//! The addresses are spread over as many hosts (127.0.x.y), as real sources are.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use futures_util::{StreamExt, stream};
use tributary::clock::Clock;
use tributary::daemon::{PollReport, Rooms, Schedules, poll_now};
use tributary::fetch::{FetchSettings, Fetcher};
use tributary::model::{Outcome, Polled, Source, SourceId, SourceState, Timestamp, Validators};
use tributary::pipeline::{House, Plan};
use tributary::schedule::{Schedule, next_poll};
use tributary::sources::Poll;
use tributary::store::SledStore;

/// Requests under way at once, in both loops.
const CONCURRENCY: usize = 64;

/// Bytes of a feed, as measured of Substack's, and its items.
const FEED_BYTES: usize = 235_000;
const ITEMS: usize = 20;
/// Polls with news.
const ROUNDS: usize = 5;
/// Documents with the words that the texts are made of.
const CORPUS: &str = include_str!("../tests/corpus/pairs/works.jsonl");

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    if arguments.iter().any(|a| a == "--origin") {
        return runtime.block_on(origin());
    }
    let number = |place: usize, or: usize| arguments.iter().filter_map(|a| a.parse().ok()).nth(place).unwrap_or(or);
    if let Some(part) = arguments.iter().position(|a| a == "--part") {
        let origin = Origin { child: None, port: number(0, 0) as u16 };
        return match arguments.get(part + 1).map(String::as_str) {
            Some("unchanged") => runtime.block_on(unchanged(&origin, number(1, 10_000))),
            Some("first") => runtime.block_on(first(&origin, number(1, 1_000))),
            _ => runtime.block_on(memory(&origin, number(1, 10_000))),
        };
    }
    let origin = Origin::start();
    println!(
        "{:<18} {:>7} {:>10} {:>10} {:>6} {:>12}",
        "poll", "feeds", "bare CPU s", "our CPU s", "ratio", "peak MiB"
    );
    let (many, large) = (number(0, 10_000), number(1, 1_000));
    // Each in a process of its own, so that none works in the heap that another has left.
    let program = std::env::current_exe().expect("this program");
    for (part, feeds) in [("unchanged", many), ("first", large), ("memory", many)] {
        let mut child = Command::new(&program);
        child.args(["--part", part, &origin.port.to_string(), &feeds.to_string()]);
        if part == "memory" {
            child.env("MALLOC_ARENA_MAX", "1");
        }
        assert!(child.status().expect("it starts").success());
    }
}

/// Peak memory of a process that polls so many sources by the daemon's own code.
async fn memory(origin: &Origin, feeds: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let sources: Vec<Source> = (0..feeds).map(|n| source(&origin.url("small", n), n)).collect();
    let rooms = rooms(folder.path(), sources);
    poll_all(&rooms, feeds).await;
    poll_all(&rooms, 0).await;
    let [peak, anonymous] = ["VmHWM:", "RssAnon:"].map(|name| status(name) / 1024);
    println!("memory: {feeds} sources, polled twice: at most {peak} MiB, {anonymous} MiB of it anonymous at the end");
}

async fn unchanged(origin: &Origin, feeds: usize) {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let bare = cpu_of(async {
        let answers = stream::iter(0..feeds).map(|n| {
            let request = client.get(origin.url("unchanged", n)).header("if-none-match", "\"0\"");
            async move { assert_eq!(request.send().await.expect("an answer").status(), 304) }
        });
        answers.buffer_unordered(CONCURRENCY).collect::<Vec<()>>().await;
    });
    let bare = bare.await;
    drop(client);
    let fetcher = fetcher();
    let schedule = Schedule::parse("0 7 * * * *", "UTC").expect("a schedule");
    let sources: Vec<Source> = (0..feeds).map(|n| source(&origin.url("unchanged", n), n)).collect();
    let states: Vec<SourceState> = sources.iter().map(polled_before).collect();
    let ours = cpu_of(async {
        let polls = stream::iter(sources.iter().zip(states)).map(|(source, state)| {
            let (fetcher, schedule) = (&fetcher, &schedule);
            async move {
                let polled = poll(fetcher, source, state).await;
                assert_eq!(polled.outcome, Outcome::Unchanged);
                next_poll(schedule, &polled.state, now(), 0.5).at
            }
        });
        polls.buffer_unordered(CONCURRENCY).collect::<Vec<_>>().await;
    });
    row("unchanged", feeds, bare, ours.await);
    let folder = tempfile::tempdir().expect("a folder");
    let rooms = rooms(folder.path(), sources.clone());
    for source in &sources {
        let polled = Polled { state: polled_before(source), outcome: Outcome::Unchanged, ..Polled::default() };
        rooms.house.take_poll(source, polled, now()).expect("stored");
    }
    rooms.house.write_states().expect("stored");
    row("unchanged, stored", feeds, bare, cpu_of(poll_all(&rooms, 0)).await);
}

/// Polls as `tributary poll` does; how many have to have changed.
async fn poll_all(rooms: &Arc<Rooms>, expected: usize) {
    let sources = rooms.house.plan().sources().cloned().collect();
    let (mut failed, mut changed) = (0, 0);
    let each = &mut |report: &PollReport| {
        failed += usize::from(report.failed());
        changed += usize::from(report.outcome == Outcome::Changed);
    };
    poll_now(rooms, sources, each).await.expect("polled");
    assert_eq!((failed, changed), (0, expected));
}

fn rooms(folder: &std::path::Path, sources: Vec<Source>) -> Arc<Rooms> {
    let store = SledStore::open(folder).expect("a store");
    let home = "http://127.0.0.1/".parse().expect("an address");
    let plan = Plan::new(sources, Vec::new(), home, Vec::new(), Vec::new());
    let house = House::new(Arc::new(store), plan.clone()).expect("a house");
    let schedules = Schedules::new(&plan, "0 7 * * * *", "UTC").expect("a schedule");
    Arc::new(Rooms::new(Arc::new(house), fetcher(), Clock::system(), schedules))
}

async fn first(origin: &Origin, feeds: usize) {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let bare = async || {
        let answers = stream::iter(0..feeds).map(|n| {
            let request = client.get(origin.url("feed", n)).header("accept-encoding", "gzip");
            async move {
                let body = request.send().await.expect("an answer").bytes().await.expect("a body");
                let mut xml = Vec::with_capacity(FEED_BYTES * 2);
                GzDecoder::new(&body[..]).read_to_end(&mut xml).expect("gzip");
                let mut reader = quick_xml::Reader::from_reader(&xml[..]);
                let mut events = 0;
                while !matches!(reader.read_event().expect("XML"), quick_xml::events::Event::Eof) {
                    events += 1;
                }
                assert!(events > ITEMS);
            }
        });
        answers.buffer_unordered(CONCURRENCY).collect::<Vec<()>>().await;
    };
    let bare = cpu_of(bare()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let sources: Vec<Source> = (0..feeds).map(|n| source(&origin.url("feed", n), n)).collect();
    let rooms = rooms(folder.path(), sources);
    row("first", feeds, bare, cpu_of(poll_all(&rooms, feeds)).await);
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        reqwest::get(format!("http://127.0.0.1:{}/bump", origin.port)).await.expect("bumped");
        rounds.push(cpu_of(poll_all(&rooms, feeds.div_ceil(20))).await);
    }
    rounds.sort_by(f64::total_cmp);
    row("5 % new", feeds, f64::NAN, rounds[ROUNDS / 2]);
    println!("5 % new, all rounds: {rounds:.2?}");
}

fn fetcher() -> Fetcher {
    let settings = FetchSettings { allow_private_networks: true, concurrency: CONCURRENCY, ..FetchSettings::default() };
    Fetcher::new(settings).expect("a fetcher")
}

async fn poll(fetcher: &Fetcher, source: &Source, state: SourceState) -> tributary::model::Polled {
    let mut poll = Poll::new(source, state, now());
    while let Some(ask) = poll.next() {
        poll.answer(fetcher.get(&ask, &now).await.map_err(|error| error.failure()));
    }
    poll.finish()
}

/// The state after a poll that read the feed.
fn polled_before(source: &Source) -> SourceState {
    SourceState {
        configured: Some((source.url.clone(), source.kind.clone())),
        feed: Some(source.url.clone()),
        kind: source.kind.clone(),
        validators: Validators { etag: Some(b"\"0\"".to_vec()), last_modified: None },
        last_full: Some(now()),
        ..SourceState::default()
    }
}

fn source(url: &str, n: usize) -> Source {
    Source {
        kind: Some("feed".to_owned()),
        full_text: Some(false),
        ..Source::new(SourceId(format!("s{n}")), url.parse().expect("an address"))
    }
}

fn now() -> Timestamp {
    Clock::system().now()
}

fn row(name: &str, feeds: usize, bare: f64, ours: f64) {
    let peak = status("VmHWM:") / 1024;
    println!("{name:<18} {feeds:>7} {bare:>10.2} {ours:>10.2} {:>6.2} {peak:>12}", ours / bare);
}

/// CPU seconds of this process, all threads, while something runs.
async fn cpu_of<T>(work: impl Future<Output = T>) -> f64 {
    let before = cpu();
    work.await;
    cpu() - before
}

/// User and system time so far (proc(5), fields 14 and 15, in ticks of 10 ms).
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: Vec<f64> = after_name.split_whitespace().skip(11).take(2).filter_map(|t| t.parse().ok()).collect();
    ticks.iter().sum::<f64>() / 100.0
}

/// A figure of /proc/self/status, in KiB.
fn status(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// The origin in a process of its own, so that its CPU is not ours.
struct Origin {
    /// None where another process started it.
    child: Option<Child>,
    port: u16,
}

impl Origin {
    fn start() -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut child =
            Command::new(program).arg("--origin").stdout(Stdio::piped()).spawn().expect("the origin starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("its port");
        let port = line.trim().parse().expect("a port");
        Self { child: Some(child), port }
    }

    fn url(&self, kind: &str, n: usize) -> String {
        format!("http://127.0.{}.{}:{}/{kind}/{n}", n / 250, n % 250 + 1, self.port)
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

async fn origin() {
    let version = Arc::new(AtomicU32::new(0));
    let bump = {
        let version = Arc::clone(&version);
        move || async move { version.fetch_add(1, Ordering::SeqCst).to_string() }
    };
    let app = Router::new()
        .route("/unchanged/{n}", get(|| async { (StatusCode::NOT_MODIFIED, [(header::ETAG, "\"0\"")]) }))
        .route("/feed/{n}", get(feed))
        .route("/small/{n}", get(small))
        .route("/bump", get(bump))
        .with_state(version);
    let listener = tokio::net::TcpListener::bind("0.0.0.0:0").await.expect("a port");
    println!("{}", listener.local_addr().expect("bound").port());
    std::io::stdout().flush().expect("told");
    axum::serve(listener, app).await.expect("served");
}

async fn feed(State(version): State<Arc<AtomicU32>>, Path(n): Path<usize>, asked: HeaderMap) -> Response {
    // Every twentieth feed has a new post after a bump.
    let version = if n.is_multiple_of(20) { version.load(Ordering::SeqCst) as usize } else { 0 };
    let etag = format!("\"{version}\"");
    if asked.get(header::IF_NONE_MATCH).is_some_and(|tag| tag.as_bytes() == etag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response();
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body(n, version).as_bytes()).expect("in memory");
    let fields = [
        (header::CONTENT_TYPE, "application/rss+xml".to_owned()),
        (header::ETAG, etag),
        (header::CONTENT_ENCODING, "gzip".to_owned()),
    ];
    (fields, encoder.finish().expect("in memory")).into_response()
}

/// A feed of ten short items.
async fn small(Path(n): Path<usize>, asked: HeaderMap) -> Response {
    if asked.contains_key(header::IF_NONE_MATCH) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, "\"0\"")]).into_response();
    }
    let item = |i: usize| {
        let link = format!("https://f{n}.example/p/{i}");
        let text = format!("<p>What happened at place {n} on day {i}, in some words.</p>").repeat(16);
        format!(
            "<item><title>Day {i} at place {n}</title><link>{link}</link><guid>{link}</guid><description><![CDATA[{text}]]></description></item>"
        )
    };
    let items: String = (0..10).map(item).collect();
    let xml =
        format!("<rss version=\"2.0\"><channel><title>Place {n}</title><language>en</language>{items}</channel></rss>");
    ([(header::CONTENT_TYPE, "application/rss+xml"), (header::ETAG, "\"0\"")], xml).into_response()
}

/// The words of real English texts, each as often as it stands there: the language is recognised as that of a real feed,
/// and packed it has about the share of one.
fn words() -> &'static [&'static str] {
    static WORDS: OnceLock<Vec<&str>> = OnceLock::new();
    WORDS.get_or_init(|| {
        let english = CORPUS.lines().filter(|line| line.contains("\"lang\": \"en\""));
        let is_word = |word: &&str| word.bytes().all(|b| b.is_ascii_alphabetic());
        english.flat_map(|line| line.split(' ').filter(is_word)).collect()
    })
}

/// A feed as Substack writes it: whole texts of varied words in CDATA, with paragraphs, links and images.
fn body(n: usize, version: usize) -> String {
    let words = words();
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><rss xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" version=\"2.0\"><channel><title>Feed {n}</title><link>https://f{n}.example/</link><language><![CDATA[en]]></language>"
    );
    for item in 0..ITEMS {
        let number = ITEMS + version - item;
        // Of the post, so that a new one changes no other.
        let mut seed = (n * 7919 + number * 104_729 + 1) as u64;
        let mut random = move |below: u64| {
            // xorshift64 (Marsaglia 2003): the same feeds in every run.
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed % below
        };
        let link = format!("https://f{n}.example/p/{number}");
        xml.push_str(&format!("<item><title>Post {number}</title><link>{link}</link><guid isPermaLink=\"false\">{link}</guid><pubDate>Sun, 22 Nov 2026 10:00:00 GMT</pubDate><content:encoded><![CDATA["));
        let end = xml.len() + FEED_BYTES / ITEMS - 250;
        while xml.len() < end {
            xml.push_str("<p>");
            for _ in 0..60 {
                xml.push_str(words[random(words.len() as u64) as usize]);
                xml.push(' ');
            }
            xml.push_str("<a href=\"https://example.org/x?y=1&amp;z=2\">a link</a> and <em>more</em>.</p>");
        }
        xml.push_str("]]></content:encoded></item>");
    }
    xml.push_str("</channel></rss>");
    xml
}
