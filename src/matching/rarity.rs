//! What is rare, and which sentences are templates? Counted over a set of profiles, whatever their order.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::model::{Profile, Rarity};

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
    let profiles: Vec<&Profile> = profiles.into_iter().collect();
    let mut rarity = Rarity { documents: profiles.len() as u32, counts: vec![0; SLOTS], templates: HashSet::new() };
    for profile in &profiles {
        let keys = things(profile).map(|(kind, thing)| Rarity::key(kind, thing) as usize & (SLOTS - 1));
        let slots: HashSet<usize> = keys.collect();
        for slot in slots {
            rarity.counts[slot] = rarity.counts[slot].saturating_add(1);
        }
    }
    rarity.templates = templates(&profiles);
    rarity
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

fn templates(profiles: &[&Profile]) -> HashSet<u32> {
    let sets: Vec<HashSet<u32>> = profiles.iter().map(|p| p.sentences.iter().map(|s| s.hash).collect()).collect();
    let mut texts: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (i, set) in sets.iter().enumerate() {
        for &hash in set {
            texts.entry(hash).or_default().push(i);
        }
    }
    let mut known: HashMap<(usize, usize), bool> = HashMap::new();
    let mut is_copy = |i: usize, j: usize| {
        *known.entry((i.min(j), i.max(j))).or_insert_with(|| {
            let shared = sets[i].intersection(&sets[j]).count();
            shared as f32 >= COPY * sets[i].len().min(sets[j].len()) as f32
        })
    };
    let mut out = HashSet::new();
    for (hash, mut of) in texts {
        if of.len() < WORKS {
            continue;
        }
        // In an order that does not depend on that of arrival.
        of.sort_by_key(|&i| profiles[i].entry);
        let mut works: Vec<usize> = Vec::new();
        for &i in of.iter().take(MOST_LOOKED_AT) {
            if works.len() < WORKS && !works.iter().any(|&w| is_copy(w, i)) {
                works.push(i);
            }
        }
        if works.len() >= WORKS {
            out.insert(hash);
        }
    }
    out
}
