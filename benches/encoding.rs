//! How long do the encoders take to load, how much do they encode in a second, and what does one essay cost until it is
//! decided, on one core?
//!
//! `cargo bench --bench encoding`. The time is the thread's own (Linux), not the wall's: other programs on the machine
//! disturb less. The best of several rounds counts. Memory is what the process holds beside the pages of its file.

use std::time::Duration;

use tributary::clock::instant;
use tributary::encoders::{ALL, xling};
use tributary::matching::archive::Line;
use tributary::matching::candidates::Index;
use tributary::matching::{self, Context, Profile};
use tributary::model::Entry;

/// Words of the text that is measured: an essay.
const ESSAY_WORDS: usize = 1000;
/// Words of a sentence: about 25 pieces.
const SENTENCE_WORDS: usize = 17;
/// How long each measurement is repeated.
const PATIENCE: Duration = Duration::from_secs(5);

fn main() {
    // `cargo bench` hands over arguments of its own harness.
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    let essay = essay();
    println!("{} KB held at the start", memory_kb());
    if "xling".contains(&wanted) {
        report("xling: load", 1, "", once(|| drop(xling::tokens("a"))));
        println!("{:>40} {} KB held", "", memory_kb());
        let tokens = xling::tokens(&essay);
        report("xling: pieces of 1,000 words", tokens.len(), "pieces", best(|| drop(xling::tokens(&essay))));
        let windows = || drop(xling::windows_of(&tokens, 16));
        report("xling: 16 windows of them", tokens.len(), "pieces", best(windows));
        println!("{:>40} {} KB held", "", memory_kb());
    }
    if "essay".contains(&wanted) {
        decide(&essay);
    }
    let words: Vec<&str> = essay.split(' ').collect();
    let sentences: Vec<String> = words.chunks(SENTENCE_WORDS).map(|words| words.join(" ")).collect();
    let sentences: Vec<&str> = sentences.iter().map(String::as_str).collect();
    for encoder in ALL.iter().filter(|encoder| encoder.name.contains(&wanted)) {
        let name = encoder.name;
        report(&format!("{name}: load"), 1, "", once(|| drop((encoder.encode)(&["a"]))));
        println!("{:>40} {} KB held", "", memory_kb());
        let count = sentences.len();
        report(&format!("{name}: an essay"), count, "sentences", best(|| drop((encoder.encode)(&sentences))));
        report(&format!("{name}: one sentence"), 1, "sentences", best(|| drop((encoder.encode)(&sentences[..1]))));
        println!("{:>40} {} KB held", "", memory_kb());
    }
}

/// What is done of one essay: its profile and candidates among as many texts as given, and the decision against 20 of
/// them whose vectors are stored.
fn decide(essay: &str) {
    let words: Vec<&str> = essay.split(' ').collect();
    let entry = |n: usize| {
        // The same words, begun elsewhere: as long, and another text.
        let text: Vec<&str> = words.iter().cycle().skip(n * 37).take(words.len()).copied().collect();
        let paragraphs = text.chunks(80).map(|words| format!("<p>{}.</p>", words.join(" "))).collect::<String>();
        let line = serde_json::json!({"doc_id": n.to_string(), "lang": "en", "html": paragraphs});
        serde_json::from_value::<Line>(line).ok().map(|line| line.entry())
    };
    let entries: Vec<Entry> = (0..=20).filter_map(entry).collect();
    let [first, others @ ..] = entries.as_slice() else { return };
    let encoder = &ALL[0];
    let mut stored: Vec<Profile> = others.iter().map(matching::profile).collect();
    stored.iter_mut().zip(others).for_each(|(profile, entry)| matching::encode(profile, entry, encoder));
    let mut index = Index::new();
    stored.iter().for_each(|profile| index.insert(profile.entry, profile));
    let context = Context::default();
    let found = || drop(index.candidates(first.id, &matching::profile(first)));
    report("one essay: text, windows, candidates", 1, "", best(found));
    let profile = matching::profile(first);
    let decided = || {
        let mut profile = profile.clone();
        matching::encode(&mut profile, first, encoder);
        stored.iter().for_each(|other| drop(matching::judge(&profile, other, &context)));
    };
    report("one essay: encoded, decided against 20", 1, "", best(decided));
}

/// A thousand English words out of the recorded sentences.
fn essay() -> String {
    #[derive(serde::Deserialize)]
    struct Sentence {
        lang: String,
        text: String,
    }
    let recorded = include_str!("../tests/corpus/encoders/sentences.jsonl").lines();
    let recorded: Vec<Sentence> = recorded.filter_map(|line| serde_json::from_str(line).ok()).collect();
    let english = recorded.iter().rev().filter(|sentence| sentence.lang == "en");
    english.flat_map(|sentence| sentence.text.split_whitespace()).take(ESSAY_WORDS).collect::<Vec<_>>().join(" ")
}

fn once(work: impl FnOnce()) -> Duration {
    let start = thread_time();
    work();
    thread_time().saturating_sub(start)
}

/// The shortest of the times that `work` takes. Short work is repeated within a round: the thread's clock has ticks.
fn best(mut work: impl FnMut()) -> Duration {
    let start = instant();
    work();
    let repeats = (Duration::from_millis(50).as_nanos() / start.elapsed().as_nanos().max(1)).clamp(1, 1000) as u32;
    let mut best = Duration::MAX;
    while start.elapsed() < PATIENCE {
        best = best.min(once(|| (0..repeats).for_each(|_| work())) / repeats);
    }
    best
}

fn report(what: &str, items: usize, unit: &str, time: Duration) {
    let rate = items as f64 / time.as_secs_f64();
    let rate = if unit.is_empty() { String::new() } else { format!("{rate:>12.0} {unit} a second") };
    println!("{what:>40} {:>10.3} ms {rate}", time.as_secs_f64() * 1e3);
}

/// Time the thread ran; where the system does not tell, time that passed.
fn thread_time() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let ran = told.and_then(|text| text.split(' ').next().and_then(|ns| ns.parse().ok())).map(Duration::from_nanos);
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    ran.unwrap_or_else(|| START.get_or_init(instant).elapsed())
}

/// Anonymous memory in use, without the pages of the executable; 0 where the system does not tell.
fn memory_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
