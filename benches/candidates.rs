//! How long does it take to find candidates among a million entries, and what memory does an entry cost?
//!
//! `cargo bench --bench candidates [ENTRIES]`. The entries are made up: codes around the shipped centres with a fourth
//! of their bits turned, and eight keys each; that is how far codes of real texts lie from their centres. Fifty sentences
//! of each are looked for, too.

use tributary::clock::instant;
use tributary::matching::archive::Line;
use tributary::matching::calibration;
use tributary::matching::candidates::Index;
use tributary::matching::{Profile, profile};
use tributary::model::{Code, EntryId, Sentence};

fn main() {
    let entries: u64 = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(1_000_000);
    let line = r#"{"doc_id":"a","lang":"en","text":"A text that is long enough to have windows of its own, and says nothing."}"#;
    let Ok(line) = serde_json::from_str::<Line>(line) else { return };
    let mut made = profile(&line.entry());
    let mut index = Index::new();
    for n in 0..entries {
        make(&mut made, n);
        index.insert(id(n), &made);
    }
    println!("{entries} entries, {} bytes each", index.memory_bytes() as u64 / entries);
    let mut micros: Vec<u128> = (0..2000)
        .map(|n| {
            make(&mut made, n * (entries / 2000).max(1));
            let start = instant();
            let found = index.candidates(id(u64::MAX), &made);
            assert!(found.contains(&id(n * (entries / 2000).max(1))), "an entry does not find itself");
            start.elapsed().as_micros()
        })
        .collect();
    micros.sort_unstable();
    println!("candidates: median {} µs, p99 {} µs", micros[micros.len() / 2], micros[micros.len() * 99 / 100]);
}

fn id(n: u64) -> EntryId {
    EntryId(uuid::Uuid::from_u64_pair(n.wrapping_mul(0x9e37_79b9_7f4a_7c15), !n))
}

/// Makes the profile look like the entry of this number.
fn make(profile: &mut Profile, n: u64) {
    let centres = &calibration::get().centres;
    let mut x = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        x
    };
    profile.codes = (0..4)
        .map(|_| {
            let centre = centres.get(next() as usize % centres.len().max(1)).copied().unwrap_or_default();
            let noise: Code = std::array::from_fn(|_| next() & next());
            std::array::from_fn(|w| centre[w] ^ noise[w])
        })
        .collect();
    profile.names = (0..5).map(|_| format!("{:x}", next() % 2_000_000)).collect();
    profile.numbers = (0..3).map(|_| format!("s{}", next() % 1_000_000)).collect();
    profile.link = Some(format!("host.example/{n}"));
    "The title of an essay".clone_into(&mut profile.title);
    profile.title_hash = next() as u32;
    let sentence = profile.sentences[0];
    profile.sentences = (0..50).map(|_| Sentence { hash: next() as u32, ..sentence }).collect();
}
