//! How long does an arrival take among 100,000 stories, from its comparisons to the stories written?
//!
//! `cargo bench --bench stories [STORIES]`; or once `--fill FOLDER`, and `--arrive FOLDER` on copies of it. The stories are
//! made up: three in five have one entry, one in a hundred as many as the largest known work has languages, one in ten
//! thousand as many as a story may have. All members are linked with each other, and each with two look-alikes elsewhere.
//! The store is sled in a temporary folder; its commits, which wait for the disk, are counted apart. The arrivals come to a
//! process that was started on the store as it is, with one arena of memory, as the program is: the heap of the one that
//! filled it is in pieces.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use tributary::clock::instant;
use tributary::matching::archive::Line;
use tributary::model::{
    EditionSpec, Entry, EntryId, Evidence, Finding, Node, Phrase, Role, Source, SourceId, Timestamp, Verdict,
};
use tributary::pipeline::{House, Plan};
use tributary::store::{Batch, Draft, Error, Pair, Read, Scan, SledStore, Stats, Store};
use url::Url;

/// Arrivals that are timed.
const ARRIVALS: u64 = 3_000;
/// Entries written in one batch while the store is filled.
const AT_ONCE: usize = 2_000;
const SOURCES: u64 = 50;
/// Entries of the largest known work: one in each of its languages.
const LANGUAGES: usize = 31;
/// One less than a story may have.
const LARGEST: usize = 127;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let stories: u64 = arguments.iter().find_map(|a| a.parse().ok()).unwrap_or(100_000);
    let folder_after = |option| arguments.iter().position(|a| a == option).and_then(|at| arguments.get(at + 1));
    if let Some(folder) = folder_after("--arrive") {
        return arrivals(folder.as_ref(), stories);
    }
    if let Some(folder) = folder_after("--fill") {
        return filled(folder.as_ref(), stories);
    }
    let folder = tempfile::tempdir()?;
    filled(folder.path(), stories)?;
    let mut arrivals = Command::new(std::env::current_exe()?);
    arrivals.arg("--arrive").arg(folder.path()).arg(stories.to_string()).env("MALLOC_ARENA_MAX", "1");
    assert!(arrivals.status()?.success(), "the arrivals");
    Ok(())
}

fn filled(folder: &Path, stories: u64) -> Result<(), Box<dyn std::error::Error>> {
    let began = instant();
    let (house, store) = open(folder)?;
    let entries = fill(&house, &store, stories)?;
    println!("{stories} stories of {entries} entries, filled in {:.0} s", began.elapsed().as_secs_f64());
    Ok(())
}

fn open(folder: &Path) -> Result<(House, Arc<Timed>), Box<dyn std::error::Error>> {
    let store = Arc::new(Timed { inner: SledStore::open(folder)?, spent_us: AtomicU64::new(0) });
    Ok((House::new(Arc::<Timed>::clone(&store), plan()?)?, store))
}

fn arrivals(folder: &Path, stories: u64) -> Result<(), Box<dyn std::error::Error>> {
    let (house, store) = open(folder)?;
    let mut all = Times::default();
    let mut by_size: Vec<(usize, Times)> =
        vec![(1, Times::default()), (8, Times::default()), (LANGUAGES, Times::default())];
    for n in 0..ARRIVALS {
        let story = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % stories;
        let before = size(story);
        let solved = arrive(&house, &store, story, before, stories)?;
        all.solving.push(solved.0);
        all.committing.push(solved.1);
        if let Some((_, times)) = by_size.iter_mut().rev().find(|(least, _)| before >= *least) {
            times.solving.push(solved.0);
        }
    }
    all.print("an arrival");
    println!("its commit: {}", quantiles(&mut all.committing));
    for (least, times) in &mut by_size {
        times.print(&format!("into a story of {least} or more"));
    }
    // The largest there can be: few, so that a random arrival hardly meets them.
    let mut largest = Times::default();
    for story in (0..stories).filter(|n| size(*n) >= LARGEST).take(100) {
        largest.solving.push(arrive(&house, &store, story, size(story), stories)?.0);
    }
    largest.print(&format!("into a story of {LARGEST}"));
    Ok(())
}

/// How many entries a story begins with.
fn size(story: u64) -> usize {
    match story % 10_000 {
        77 => LARGEST,
        n if n % 100 == 3 => LANGUAGES,
        n if n % 100 < 10 => 6 + (n % 15) as usize,
        n if n % 10 < 4 => 2 + (n % 4) as usize,
        _ => 1,
    }
}

fn at(minutes: i64) -> Timestamp {
    DateTime::from_timestamp(1_763_800_000, 0).unwrap_or_default() + TimeDelta::minutes(minutes)
}

/// The entry of this number in a story: each of another source.
fn entry(story: u64, number: usize) -> Entry {
    let language = ["en", "it", "fr", "es", "ru"][number % 5];
    let source = format!("source{}", (story + number as u64) % SOURCES);
    let line = serde_json::json!({
        "doc_id": format!("{story}-{number}"),
        "lang": language,
        "title": format!("The {number}th version of work {story}, with a title as long as titles are"),
        "author": "Ada Rivers",
        "source": source,
        "url": format!("https://{source}.example/{story}/{number}"),
        "text": "A text, which is not read here.",
    });
    let line: Option<Line> = serde_json::from_value(line).ok();
    let mut entry = line.map(|line| line.entry()).unwrap_or_else(|| unreachable!("it is a line"));
    entry.first_seen = at((story % 500_000) as i64 + number as i64);
    entry
}

fn evidence(verdict: Verdict, bits: f32) -> Evidence {
    let finding = |n: usize| Finding {
        signal: ["text", "title", "names", "numbers", "links", "lag", "length", "authors"][n % 8].to_owned(),
        level: "most".to_owned(),
        weight_bits: bits / (n + 2) as f32,
        because: Phrase::new("{} of 47 sentences have a counterpart in the other text, in the same order", &[&n]),
    };
    Evidence {
        findings: (0..8).map(finding).collect(),
        total_bits: bits,
        threshold_bits: 10.0,
        coverage_a: 0.9,
        coverage_b: 0.92,
        verdict,
    }
}

/// Writes an entry with its comparisons: with those of its story that came before, and with two look-alikes.
fn put(draft: &mut Draft<'_>, story: u64, number: usize, stories: u64) -> Result<EntryId, Error> {
    let entry = entry(story, number);
    draft.put_entry(&entry)?;
    let mut node = Node::new(&entry, None);
    node.authors = vec!["ada rivers".to_owned()];
    draft.put_node(&node)?;
    for other in 0..number {
        // Margins differ, as they do, so that claims have to be weighed.
        let bits = 20.0 + ((story * 31 + (number * other) as u64) % 17) as f32;
        draft.put_edge(entry.id, self::entry(story, other).id, &evidence(Verdict::Link, bits))?;
    }
    for step in 1..3 {
        let other = self::entry((story + step * 7_919) % stories, 0);
        if other.id != entry.id {
            draft.put_edge(entry.id, other.id, &evidence(Verdict::PossibleLink, 6.0))?;
        }
    }
    Ok(entry.id)
}

fn fill(house: &House, store: &Timed, stories: u64) -> Result<usize, Error> {
    let (mut waiting, mut all) = (Vec::new(), 0);
    let mut draft = Draft::new(store);
    for story in 0..stories {
        for number in 0..size(story) {
            waiting.push(put(&mut draft, story, number, stories)?);
        }
        if waiting.len() >= AT_ONCE || story + 1 == stories {
            draft.commit()?;
            house.settle_anew(&waiting, at(1_000_000))?;
            all += waiting.len();
            waiting.clear();
            draft = Draft::new(store);
        }
    }
    Ok(all)
}

/// One more entry comes to a story: the time that solving took, and that of the commit.
fn arrive(
    house: &House,
    store: &Timed,
    story: u64,
    number: usize,
    stories: u64,
) -> Result<(Duration, Duration), Error> {
    let mut draft = Draft::new(store);
    let id = put(&mut draft, story, number, stories)?;
    draft.commit()?;
    store.spent_us.store(0, Ordering::SeqCst);
    let began = instant();
    house.settle_anew(&[id], at(2_000_000))?;
    let (whole, spent) = (began.elapsed(), Duration::from_micros(store.spent_us.load(Ordering::SeqCst)));
    Ok((whole.saturating_sub(spent), spent))
}

#[derive(Default)]
struct Times {
    solving: Vec<Duration>,
    committing: Vec<Duration>,
}

impl Times {
    fn print(&mut self, what: &str) {
        println!("{what}: {} ({} times)", quantiles(&mut self.solving), self.solving.len());
    }
}

fn quantiles(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at =
        |share: f64| times.get((times.len() as f64 * share) as usize).or(times.last()).copied().unwrap_or_default();
    let ms = |d: Duration| d.as_secs_f64() * 1e3;
    format!("median {:.2} ms, p99 {:.2} ms, most {:.2} ms", ms(at(0.5)), ms(at(0.99)), ms(at(1.0)))
}

fn plan() -> Result<Plan, Box<dyn std::error::Error>> {
    let source = |n: u64| -> Result<Source, url::ParseError> {
        let id = format!("source{n}");
        let url = Url::parse(&format!("https://{id}.example/"))?;
        let role = if n == 0 { Role::Original } else { Role::Mixed };
        Ok(Source { role, ..Source::new(SourceId(id), url) })
    };
    let sources = (0..SOURCES).map(source).collect::<Result<Vec<_>, _>>()?;
    let editions = vec![EditionSpec::new("main", "Main")];
    Ok(Plan::new(sources, editions, Url::parse("https://planet.example/")?, Vec::new(), Vec::new()))
}

/// A store that says how long its commits took.
struct Timed {
    inner: SledStore,
    spent_us: AtomicU64,
}

impl Read for Timed {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.inner.get(key)
    }

    fn scan(&self, scan: &Scan<'_>) -> Result<Vec<Pair>, Error> {
        self.inner.scan(scan)
    }
}

impl Store for Timed {
    fn apply(&self, batch: Batch) -> Result<(), Error> {
        let began = instant();
        let done = self.inner.apply(batch);
        self.spent_us.fetch_add(began.elapsed().as_micros() as u64, Ordering::SeqCst);
        done
    }

    fn ready(&self) -> Result<(), Error> {
        self.inner.ready()
    }

    fn stats(&self) -> Result<Stats, Error> {
        self.inner.stats()
    }

    fn compact(&self) -> Result<(), Error> {
        self.inner.compact()
    }
}
