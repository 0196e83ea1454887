//! Does a store of a million entries serve? What import, restart, poll, publication and compaction take, in seconds,
//! memory and disk.
//!
//! `cargo bench --bench million [ENTRIES]`. The entries are made up: texts of 150 words, profiles made of such a text with
//! codes around the shipped centres (as in the bench `candidates`), every fifth work in two versions. They are exported,
//! and all that follows is done by the program itself: `import` into an empty store, `run` over 200 sources on loopback
//! that have five new posts each, `compact`, and `run` again. Takes about 20 GB of disk for a while.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use tributary::clock::instant;
use tributary::matching::archive::Line;
use tributary::matching::{Profile, calibration, profile};
use tributary::model::{Code, EditionSpec, Entry, Evidence, Node, Source, SourceId, Timestamp, Verdict};
use tributary::pipeline::{House, Plan};
use tributary::store::{Draft, SledStore, archive};
use url::Url;

/// Entries written in one batch while the store is filled.
const AT_ONCE: u64 = 2_000;
const SOURCES: u64 = 200;
/// New posts of each source.
const NEWS: u64 = 5;
const WORDS: u64 = 150;

/// Which news the sources have now.
static ROUND: AtomicU64 = AtomicU64::new(0);

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome {
    let entries: u64 = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(1_000_000);
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    let archive = at("archive.jsonl");
    timed("fill", || fill(&at("filled"), entries, &archive))?;
    std::fs::remove_dir_all(at("filled"))?;

    let origin = origin()?;
    let config = configure(folder.path(), origin)?;
    timed("import", || Program::run(&config, &["import", &archive.to_string_lossy()]))?;
    println!("        the archive {} MB", std::fs::metadata(&archive)?.len() / 1_000_000);
    std::fs::remove_file(&archive)?;

    println!("restart, then a poll of {SOURCES} sources with {} new entries", SOURCES * NEWS);
    serve(&config)?;
    timed("compact", || Program::run(&config, &["compact"]))?;
    println!("restart after compaction, and as many new entries");
    ROUND.store(1, Ordering::SeqCst);
    asked().clear();
    serve(&config)
}

/// Sources that were asked for their news.
fn asked() -> MutexGuard<'static, BTreeSet<u64>> {
    static ASKED: Mutex<BTreeSet<u64>> = Mutex::new(BTreeSet::new());
    ASKED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts the daemon, waits for its edition, and until all entries are judged and published.
fn serve(config: &Path) -> Outcome {
    let began = instant();
    let mut program = Program::start(config, &["run"])?;
    let mut line = String::new();
    BufReader::new(program.0.stdout.take().ok_or("piped")?).read_line(&mut line)?;
    let address: SocketAddr =
        line.rsplit_once("http://").and_then(|(_, rest)| rest.split('/').next()).ok_or("served")?.parse()?;
    let edition = get(address, "/main.atom")?;
    println!("  an edition of {} bytes after {:.2} s; {}", edition.len(), began.elapsed().as_secs_f64(), line.trim());
    println!("    {}", program.memory());
    // What a source was asked for is stored a moment later: nothing may wait at two looks.
    let mut looks = 0;
    while looks < 2 {
        std::thread::sleep(Duration::from_millis(500));
        let metrics = get(address, "/metrics")?;
        let judged = metrics.lines().any(|line| line == "tributary_waiting_entries 0");
        looks = if judged && asked().len() as u64 == SOURCES { looks + 1 } else { 0 };
    }
    println!("  all judged after {:.1} s", began.elapsed().as_secs_f64());
    let mut times: Vec<Duration> = (0..20)
        .map(|n| {
            let began = instant();
            // Each asks for what no other did, so that it is composed and rendered.
            get(address, &format!("/main.atom?source=s{n}")).map(|_| began.elapsed())
        })
        .collect::<Result<_, _>>()?;
    times.sort();
    println!("  an edition of one source: median {:.0} ms, most {:.0} ms", ms(times[10]), ms(times[19]));
    println!("    {}", program.memory());
    let began = instant();
    program.stop()?;
    println!("  stopped within {:.2} s", began.elapsed().as_secs_f64());
    Ok(())
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn timed(what: &str, work: impl FnOnce() -> Outcome<String>) -> Outcome {
    let began = instant();
    let said = work()?;
    println!("{what:8} {:.1} s: {said}", began.elapsed().as_secs_f64());
    Ok(())
}

/// Writes an archive of a store with so many entries.
fn fill(folder: &Path, entries: u64, to: &Path) -> Outcome<String> {
    let store = Arc::new(SledStore::open(folder)?);
    let house = House::new(Arc::<SledStore>::clone(&store), plan()?)?;
    let first = entry(0)?;
    let mut made = profile(&first);
    for begin in (0..entries).step_by(AT_ONCE as usize) {
        let mut draft = Draft::new(&*store);
        let mut ids = Vec::new();
        for n in begin..entries.min(begin + AT_ONCE) {
            let entry = entry(n)?;
            make(&mut made, n, &entry);
            draft.put_entry(&entry)?;
            draft.put_alias(&entry.source, &entry.key, entry.id);
            draft.put_node(&Node::new(&entry, None))?;
            draft.put_profile(entry.id, &postcard::to_stdvec(&made)?)?;
            if n % 5 == 4 {
                draft.put_edge(entry.id, self::entry(n - 1)?.id, &evidence())?;
            }
            ids.push(entry.id);
        }
        draft.commit()?;
        house.settle_anew(&ids, moment(entries))?;
    }
    let records = archive::export(&*store, &mut std::io::BufWriter::new(std::fs::File::create(to)?))?;
    Ok(format!("{entries} entries, {records} records"))
}

fn moment(n: u64) -> Timestamp {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap_or_default() + TimeDelta::seconds(n.cast_signed())
}

fn entry(n: u64) -> Outcome<Entry> {
    let source = format!("s{}", n % SOURCES);
    let line: Line = serde_json::from_value(serde_json::json!({
        "doc_id": n.to_string(),
        "lang": if n % 5 == 4 { "it" } else { "en" },
        "title": text(n, 8),
        "author": format!("Author {}", n % 977),
        "source": source,
        "url": format!("https://{source}.example/p/{n}"),
        "text": text(n, WORDS),
    }))?;
    let mut entry = line.entry();
    entry.first_seen = moment(n);
    entry.published = Some(moment(n));
    Ok(entry)
}

/// Words of a made-up vocabulary, some of them often, as words are.
fn text(n: u64, words: u64) -> String {
    let mut random = Random::of(n);
    let syllables =
        ["ka", "lo", "mi", "ren", "to", "sha", "vel", "dun", "pri", "ost", "ela", "gor", "fi", "nam", "wes", "tu"];
    let word = |rank: u64| (0..3).map(|at| syllables[(rank >> (at * 4)) as usize % 16]).collect::<String>();
    let mut out = String::new();
    for at in 0..words {
        let rank = (random.next() % 4_096) * (random.next() % 4_096) / 4_096;
        out += &word(rank);
        out += if at % 15 == 14 { ". " } else { " " };
    }
    out
}

/// Makes the profile look like that of this entry.
fn make(profile: &mut Profile, n: u64, entry: &Entry) {
    let mut random = Random::of(n);
    let centres = &calibration::get().centres;
    profile.entry = entry.id;
    profile.source = entry.source.clone();
    profile.title.clone_from(&entry.title);
    profile.codes = (0..4)
        .map(|_| {
            let centre = centres.get(random.next() as usize % centres.len().max(1)).copied().unwrap_or_default();
            let noise: Code = std::array::from_fn(|_| random.next() & random.next());
            std::array::from_fn(|w| centre[w] ^ noise[w])
        })
        .collect();
    for value in &mut profile.windows {
        *value = random.next() as i8;
    }
    profile.names = (0..5).map(|_| format!("{:x}", random.next() % 2_000_000)).collect();
    profile.numbers = (0..3).map(|_| format!("s{}", random.next() % 1_000_000)).collect();
    profile.link = Some(format!("{}.example/p/{n}", entry.source));
}

fn evidence() -> Evidence {
    let (total_bits, threshold_bits) = (24.0, 10.0);
    Evidence {
        findings: Vec::new(),
        total_bits,
        threshold_bits,
        coverage_a: 0.9,
        coverage_b: 0.92,
        verdict: Verdict::Link,
    }
}

/// xorshift64: the same numbers in each run.
struct Random(u64);

impl Random {
    fn of(n: u64) -> Self {
        Self(n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

fn plan() -> Outcome<Plan> {
    let source = |n: u64| -> Result<Source, url::ParseError> {
        let id = format!("s{n}");
        let url = Url::parse(&format!("https://{id}.example/"))?;
        Ok(Source::new(SourceId(id), url))
    };
    let sources = (0..SOURCES).map(source).collect::<Result<Vec<_>, _>>()?;
    let editions = vec![EditionSpec::new("main", "Main")];
    Ok(Plan::new(sources, editions, Url::parse("https://planet.example/")?, Vec::new(), Vec::new()))
}

fn configure(folder: &Path, origin: SocketAddr) -> Outcome<PathBuf> {
    let free = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let mut text = format!(
        "[server]\nbind = \"{free}\"\npublic_url = \"http://{free}\"\n[store]\npath = \"store\"\n[polling]\n\
         schedule = \"0 * * * * *\"\nallow_private_networks = true\n[[edition]]\nid = \"main\"\ntitle = \"Main\"\n"
    );
    for n in 0..SOURCES {
        text +=
            &format!("[[source]]\nid = \"s{n}\"\nurl = \"http://{origin}/{n}\"\nkind = \"feed\"\nrole = \"mixed\"\n");
    }
    let file = folder.join("feeds.toml");
    std::fs::write(&file, text)?;
    Ok(file)
}

/// A server of feeds with as many new posts as it says above; a thread for each connection.
fn origin() -> Outcome<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream));
        }
    });
    Ok(address)
}

fn answer(stream: TcpStream) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let mut stream = stream;
    while let Some(first) = lines.next().transpose()? {
        while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
        let source: u64 = first.split(['/', ' ']).find_map(|part| part.parse().ok()).unwrap_or(0);
        asked().insert(source);
        let item = |at: u64| {
            let round = ROUND.load(Ordering::SeqCst);
            let n = (1 << 40) + (round * SOURCES + source) * NEWS + at;
            format!(
                "<item><title>{}</title><link>https://s{source}.example/p/{n}</link><guid>{n}</guid>\
                 <content:encoded>&lt;p&gt;{}&lt;/p&gt;</content:encoded></item>",
                text(n, 8),
                text(n, 4 * WORDS)
            )
        };
        let items: String = (0..NEWS).map(item).collect();
        let body = format!(
            "<rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"><channel>\
             <title>Source {source}</title><link>https://s{source}.example/</link><language>en</language>{items}</channel></rss>"
        );
        let length = body.len();
        // In one piece: the second of two small ones would wait for the first one's acknowledgement.
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nContent-Length";
        stream.write_all(format!("{head}: {length}\r\n\r\n{body}").as_bytes())?;
    }
    Ok(())
}

fn get(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// The program in a process of its own.
struct Program(Child);

impl Program {
    fn start(config: &Path, arguments: &[&str]) -> std::io::Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tributary"));
        command.args(arguments).arg("--config").arg(config).env("RUST_LOG", "warn").stdout(Stdio::piped());
        command.spawn().map(Self)
    }

    /// Runs a command to its end: what it printed, and its memory.
    fn run(config: &Path, arguments: &[&str]) -> Outcome<String> {
        let mut program = Self::start(config, arguments)?;
        let mut memory = String::new();
        while program.0.try_wait()?.is_none() {
            memory = Some(program.memory()).filter(|now| !now.is_empty()).unwrap_or(memory);
            std::thread::sleep(Duration::from_millis(50));
        }
        let mut said = String::new();
        program.0.stdout.take().ok_or("piped")?.read_to_string(&mut said)?;
        Ok(format!("{}; {memory}", said.trim()))
    }

    /// What it has in memory now, and had at the most.
    fn memory(&self) -> String {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap_or_default();
        let mib = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib / 1_024)
        };
        match (mib("RssAnon:"), mib("RssFile:"), mib("VmHWM:")) {
            (Some(own), Some(files), Some(most)) => {
                format!("memory {own} MiB and {files} MiB of the program's file; at most {most} MiB")
            }
            _ => String::new(),
        }
    }

    fn stop(&mut self) -> std::io::Result<()> {
        Command::new("kill").arg(self.0.id().to_string()).status()?;
        self.0.wait().map(drop)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
