//! Do both quote the same?

use crate::model::{Pair, Profile, Signal, Told};

const DIFFERENT: &str = "both quote, and not the same";

/// Quotations on both sides. Translators keep them; of two answers to different texts that are written after one
/// pattern, they are what differs.
pub const SIGNAL: Signal = Signal {
    name: "quotations",
    asks: "Do both quote the same?",
    says: &[DIFFERENT],
    features: &[],
    measure: super::nothing,
    tell,
};

/// Least share of a text that stands in quotations for it to count as one that quotes.
const QUOTES: f32 = 0.1;
/// Two texts quote different things if less than this share of either's quotations has a counterpart.
const SAME: f32 = 0.2;
/// From this cosine on sentences are counterparts, as in `text`.
const COUNTERPART: f32 = 0.5;
/// Figures: docs/MATCHING.md, quotations.
const DIFFERENT_BITS: f32 = -6.0;

fn tell(pair: &Pair) -> Option<Told> {
    if pair.alignment.pairs.is_empty() || quoting(pair.a) < QUOTES || quoting(pair.b) < QUOTES {
        return None;
    }
    let matched = pair.alignment.pairs.iter().filter(|p| p.2 >= COUNTERPART);
    let (of_a, of_b): (Vec<usize>, Vec<usize>) = matched.map(|p| (p.0, p.1)).unzip();
    let different = found(pair.a, &of_a) < SAME && found(pair.b, &of_b) < SAME;
    different.then(|| Told { level: "different".into(), because: DIFFERENT.into(), bits: DIFFERENT_BITS })
}

/// Share of a text that stands in quotations.
fn quoting(profile: &Profile) -> f32 {
    let all: u32 = profile.sentences.iter().map(|s| u32::from(s.length)).sum();
    let quoted: u32 = profile.sentences.iter().filter(|s| s.quoted).map(|s| u32::from(s.length)).sum();
    quoted as f32 / all.max(1) as f32
}

/// Share of a text's quotations that is among these sentences.
fn found(profile: &Profile, sentences: &[usize]) -> f32 {
    let quoted = profile.sentences.iter().enumerate().filter(|(_, s)| s.quoted);
    let (mut all, mut found) = (0, 0);
    for (i, sentence) in quoted {
        all += u32::from(sentence.length);
        found += if sentences.contains(&i) { u32::from(sentence.length) } else { 0 };
    }
    found as f32 / all.max(1) as f32
}
