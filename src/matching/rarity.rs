//! What is rare, and which sentences are templates? Counted over a set of profiles, whatever their order.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};

use crate::model::{EntryId, Profile, Rarity};

/// Slots of the sketch: 128 KiB. A thing's count is at most that of all things in its slot, so a collision can
/// make a rare thing look common, never the reverse.
const SLOTS: usize = 1 << 16;
/// A sentence of this many different works is a template. Figures: with two instead, full texts lost 0.7 points and
/// one more story was wrong, for essays and their commentaries share sentences too.
const WORKS: usize = 3;
/// Texts that share this much of the shorter one's sentences are copies of one work.
const COPY: f32 = 0.4;
/// A sentence of more texts than this is a template without looking closer.
const MOST_LOOKED_AT: usize = 40;

/// Counts what the profiles have.
pub fn snapshot<'a>(profiles: impl IntoIterator<Item = &'a Profile>) -> Rarity {
    let mut count = Count::default();
    profiles.into_iter().for_each(|profile| count.add(profile));
    count.snapshot()
}

/// A count under way: of each profile it keeps no more than its sentences' fingerprints, some 200 bytes.
#[derive(Debug)]
pub struct Count {
    counts: Vec<u16>,
    texts: BTreeMap<EntryId, Vec<u32>>,
}

impl Default for Count {
    fn default() -> Self {
        Self { counts: vec![0; SLOTS], texts: BTreeMap::new() }
    }
}

impl Count {
    /// How many profiles were counted.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether none was.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Counts a profile, unless it was counted.
    pub fn add(&mut self, profile: &Profile) {
        let Entry::Vacant(place) = self.texts.entry(profile.entry) else { return };
        let mut sentences: Vec<u32> = profile.sentences.iter().map(|s| s.hash).collect();
        sentences.sort_unstable();
        sentences.dedup();
        place.insert(sentences);
        let keys = things(profile).map(|(kind, thing)| Rarity::key(kind, thing) as usize & (SLOTS - 1));
        let slots: HashSet<usize> = keys.collect();
        for slot in slots {
            self.counts[slot] = self.counts[slot].saturating_add(1);
        }
    }

    /// What was counted.
    pub fn snapshot(self) -> Rarity {
        let texts: Vec<&[u32]> = self.texts.values().map(Vec::as_slice).collect();
        Rarity { documents: texts.len() as u32, templates: templates(&texts), counts: self.counts }
    }
}

/// What is counted, with its kind.
fn things(profile: &Profile) -> impl Iterator<Item = (char, &str)> {
    fn of(kind: char, list: &[String]) -> impl Iterator<Item = (char, &str)> {
        list.iter().map(move |t| (kind, t.as_str()))
    }
    of('n', &profile.numbers)
        .chain(of('i', &profile.identifiers))
        .chain(of('m', &profile.names))
        .chain(profile.mentions.iter().map(|m| ('l', m.target.as_str())))
}

/// Sentences of several works; `texts` are in the order of ids, so that nothing depends on that of arrival.
fn templates(texts: &[&[u32]]) -> HashSet<u32> {
    let mut occurrences: Vec<(u32, u32)> = Vec::new();
    for (i, sentences) in texts.iter().enumerate() {
        occurrences.extend(sentences.iter().map(|hash| (*hash, i as u32)));
    }
    occurrences.sort_unstable();
    let mut known: HashMap<(usize, usize), bool> = HashMap::new();
    let mut is_copy = |i: usize, j: usize| {
        *known.entry((i.min(j), i.max(j))).or_insert_with(|| {
            let shared = texts[i].iter().filter(|hash| texts[j].binary_search(hash).is_ok()).count();
            shared as f32 >= COPY * texts[i].len().min(texts[j].len()) as f32
        })
    };
    let mut out = HashSet::new();
    for of in occurrences.chunk_by(|a, b| a.0 == b.0).filter(|of| of.len() >= WORKS) {
        let mut works: Vec<usize> = Vec::new();
        for i in of.iter().take(MOST_LOOKED_AT).map(|(_, i)| *i as usize) {
            if works.len() < WORKS && !works.iter().any(|&w| is_copy(w, i)) {
                works.push(i);
            }
        }
        if works.len() >= WORKS {
            out.insert(of[0].0);
        }
    }
    out
}
