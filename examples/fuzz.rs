//! Can a mutated document hurt? `cargo run --release --example fuzz -- TARGET SECONDS [SEED]`
//!
//! TARGET is one of reader, cleaner, extractor, dates, links, charset. The documents of the corpus are cut, spliced
//! and repeated by a small seeded mutator; each result must be read without a panic, within `MOST_MS`, and what is
//! handed on must be harmless. A find is written to `fuzz-TARGET.bin` in the temporary folder, and the run ends with
//! exit code 1. The same seed makes the same documents.

#![expect(clippy::disallowed_methods, reason = "a fuzz run is bounded by time, and looks for what takes long")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use tributary::markup::{html, text};
use tributary::model::{Document, Timestamp};
use tributary::normalise::{self, link};
use tributary::parse::{self, date, page};
use url::Url;

#[path = "../tests/it/harmless.rs"]
mod harmless;

/// Milliseconds of the processor that one input of `MOST_BYTES` may take.
const MOST_MS: u128 = 2_000;
/// Bytes of one input.
const MOST_BYTES: usize = 256 * 1024;

struct Target {
    name: &'static str,
    /// Whether its seeds are whole documents; else the short pieces between their tags.
    whole: bool,
    run: fn(&[u8]),
}

const TARGETS: [Target; 6] = [
    Target { name: "reader", whole: true, run: reader },
    Target { name: "cleaner", whole: true, run: cleaner },
    Target { name: "extractor", whole: true, run: extractor },
    Target { name: "dates", whole: false, run: dates },
    Target { name: "links", whole: false, run: links },
    Target { name: "charset", whole: true, run: charset },
];

fn base() -> Url {
    Url::parse("https://example.org/blog/post").expect("an address")
}

fn document(body: &[u8], content_type: &str) -> Document {
    Document::local(base(), Some(content_type), body.to_vec(), Timestamp::default())
}

fn reader(input: &[u8]) {
    let reading = parse::read(&document(input, "application/xml"));
    assert!(reading.refused.is_none() || reading.entries.is_empty(), "refused, and yet entries");
    for entry in reading.entries.iter().take(50) {
        let _ = normalise::revision(entry);
        let _ = text::line(&entry.title.value, entry.title.html);
        for text in [&entry.content, &entry.summary] {
            harmless::assert_harmless(&normalise::body(text, &base()).unwrap_or_default());
        }
    }
}

fn cleaner(input: &[u8]) {
    let input = String::from_utf8_lossy(input);
    let clean = html::clean(&input, &base());
    harmless::assert_harmless(&clean);
    let _ = text::plain(&input);
    let _ = text::line(&input, true);
}

fn extractor(input: &[u8]) {
    if let Ok(page) = page::read(&document(input, "text/html")) {
        harmless::assert_harmless(&page.html);
    }
}

fn dates(input: &[u8]) {
    let input = String::from_utf8_lossy(input);
    if let Some(date) = date::parse(&input) {
        let written = date.to_rfc3339();
        assert_eq!(date::parse(&written), Some(date), "{input:?} was read as {written}");
    }
}

fn links(input: &[u8]) {
    let input = String::from_utf8_lossy(input);
    let Ok(url) = base().join(&input) else { return };
    let canonical = link::canonical(&url);
    assert_eq!(link::canonical(&canonical), canonical, "{url} is stripped twice");
    assert_eq!(link::key(&url), link::key(&canonical), "{url} has another key once stripped");
}

fn charset(input: &[u8]) {
    // The label comes out of the input, so that it is mutated with it.
    let split = input.iter().position(|b| *b == b'\n').unwrap_or(0).min(64);
    let label = String::from_utf8_lossy(&input[..split]);
    let _ = parse::read(&document(input, &format!("text/xml; charset={label}")));
    for label in ["utf-8", "utf-16", "windows-1252", "shift_jis", "gb18030", "iso-2022-jp", "koi8-r", "x-mac-cyrillic"]
    {
        let _ = parse::read(&document(input, &format!("text/xml; charset={label}")));
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap_or(0)
    }

    fn range(&mut self, length: usize, most: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        let end = start + self.below(most.min(length - start) + 1);
        start..end
    }
}

const PIECES: [&[u8]; 64] = [
    b"<item>",
    b"</item>",
    b"<entry>",
    b"</entry>",
    b"<title>",
    b"</title>",
    b"<link>",
    b"<![CDATA[",
    b"]]>",
    b"<!--",
    b"-->",
    b"&",
    b"&amp;",
    b"&#x1F600;",
    b"&#0;",
    b"&lt;script&gt;",
    b"<",
    b">",
    b"\"",
    b"'",
    b"=",
    b"/",
    b"\0",
    b"\xff",
    b"\xc3",
    b"\xef\xbb\xbf",
    b"\xfe\xff",
    b"<div>",
    b"</div>",
    b"<p>",
    b"<b>",
    b"</b>",
    b"<table>",
    b"<tr>",
    b"<td>",
    b"</table>",
    b"<a href=\"javascript:x\">",
    b"</a>",
    b"<script>",
    b"</script>",
    b"<style>",
    b"<svg>",
    b"<math>",
    b"<template>",
    b"<select>",
    b"<form>",
    b"<noscript>",
    b"<iframe>",
    b"<plaintext>",
    b"<img src=x onerror=y>",
    b" xml:base=\"../\"",
    b" xmlns=\"http://www.w3.org/2005/Atom\"",
    b" type=\"xhtml\"",
    b"<!DOCTYPE x [<!ENTITY a \"",
    b"\">]>",
    b"{\"items\": [",
    b"]}",
    b"99999999999",
    b"-1",
    b"\xe5\xb9\xb4",
    b"PM",
    b"+0200",
    b"?utm_source=x&",
    b"#:~:text=",
];

/// A seed changed in one to six places.
fn mutate(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut input = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(6) {
        let place = random.range(input.len(), 200);
        match random.below(8) {
            0 => input.truncate(place.start),
            1 => drop(input.drain(place)),
            2 => drop(input.splice(place.start..place.start, PIECES[random.below(PIECES.len())].iter().copied())),
            3 => drop(input.splice(place, PIECES[random.below(PIECES.len())].iter().copied())),
            4 => input.iter_mut().skip(place.start).take(1).for_each(|byte| *byte = random.next().to_le_bytes()[0]),
            5 => {
                let times = [2, 3, 20, 500][random.below(4)];
                let piece = input[place.clone()].repeat(times);
                drop(input.splice(place.end..place.end, piece));
            }
            6 => {
                let piece = PIECES[random.below(PIECES.len())].repeat([2, 50, 3_000][random.below(3)]);
                drop(input.splice(place.start..place.start, piece));
            }
            _ => {
                let other = &seeds[random.below(seeds.len())];
                let piece = other[random.range(other.len(), 4_000)].to_vec();
                drop(input.splice(place, piece));
            }
        }
        input.truncate(MOST_BYTES);
    }
    input
}

fn seeds(whole: bool) -> Vec<Vec<u8>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut folders = vec![corpus.join("feeds/files"), corpus.join("pages")];
    let mut documents = Vec::new();
    while let Some(folder) = folders.pop() {
        let mut paths: Vec<_> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(bytes) = std::fs::read(&path) {
                documents.push(bytes);
            }
        }
    }
    if whole {
        documents.retain(|document| document.len() <= MOST_BYTES);
        return documents;
    }
    let pieces = documents.iter().flat_map(|document| document.split(|b| matches!(b, b'<' | b'>' | b'"')));
    let mut pieces: Vec<Vec<u8>> = pieces.filter(|piece| (4..120).contains(&piece.len())).map(<[u8]>::to_vec).collect();
    pieces.sort();
    pieces.dedup();
    pieces
}

/// Time of the processor spent by this thread, where Linux tells it: a run in the background often waits.
fn processor_time(start: Instant) -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.as_deref().and_then(|told| told.split(' ').next()).and_then(|ns| ns.parse().ok());
    nanoseconds.map_or_else(|| start.elapsed(), Duration::from_nanos)
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| arguments.get(at).and_then(|number| number.parse::<u64>().ok());
    let target = arguments.first().and_then(|name| TARGETS.iter().find(|target| target.name == name));
    let (Some(target), Some(seconds)) = (target, number(1)) else {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        eprintln!("usage: fuzz {} SECONDS [SEED]", names.join("|"));
        std::process::exit(2);
    };
    let seed = number(2).unwrap_or(1);
    let seeds = seeds(target.whole);
    let mut random = Random(seed);
    let (start, mut runs, mut slowest) = (Instant::now(), 0_u64, Duration::ZERO);
    while start.elapsed() < Duration::from_secs(seconds) {
        let input = mutate(&seeds, &mut random);
        let before = processor_time(start);
        let panicked = catch_unwind(AssertUnwindSafe(|| (target.run)(&input))).is_err();
        let took = processor_time(start).saturating_sub(before);
        runs += 1;
        slowest = slowest.max(took);
        if panicked || took.as_millis() > MOST_MS {
            let file = std::env::temp_dir().join(format!("fuzz-{}.bin", target.name));
            let _ = std::fs::write(&file, &input);
            println!(
                "{}: run {runs} of seed {seed} took {took:?}, panicked: {panicked}; {}",
                target.name,
                file.display()
            );
            std::process::exit(1);
        }
    }
    println!(
        "{}: {runs} runs of seed {seed} from {} seeds in {seconds} s, the slowest {slowest:?}",
        target.name,
        seeds.len()
    );
}
