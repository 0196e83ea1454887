//! What is a signal of evidence? A few figures about a pair of profiles, and words for what they mean.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::{Phrase, Profile};

/// How often things are seen, so that sharing a rare one counts for more: a sketch of document counts.
///
/// A snapshot: it changes only by a new version, so that the same pair is judged the same all day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct Rarity {
    /// Documents counted.
    pub documents: u32,
    /// Documents by hash of the thing, modulo the length (a power of two, or empty).
    pub counts: Vec<u16>,
    /// Hashes of sentences that several different works share: templates, which weigh nothing.
    pub templates: HashSet<u32>,
}

/// FNV-1a over bytes with a final mix: the same on every machine and in every version, unlike the standard hasher.
pub fn stable_hash(bytes: &[u8]) -> u64 {
    let h = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |h, &b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    // FNV's low bits are weak for short keys; one multiplicative round spreads them.
    let h = (h ^ (h >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    h ^ (h >> 29)
}

impl Rarity {
    /// The hash under which a thing of a kind (`n`umber, `i`dentifier, na`m`e, `l`ink) is counted.
    pub fn key(kind: char, thing: &str) -> u64 {
        stable_hash(thing.as_bytes()) ^ u64::from(kind).wrapping_mul(0xd6e8_feb8_6659_fd93)
    }

    /// How many counted documents have a thing of this hash, at the most.
    pub fn documents_with(&self, hash: u64) -> u32 {
        if self.counts.is_empty() {
            return 0;
        }
        self.counts.get(hash as usize & (self.counts.len() - 1)).copied().map_or(0, u32::from)
    }

    /// What it says that two texts share this thing, in bits: `prior` is the share of texts that have a thing
    /// of this form, which weighs as much as 1000 documents (so a small store trusts the form).
    pub fn bits(&self, hash: u64, prior: f32) -> f32 {
        const PRIOR_DOCUMENTS: f32 = 1000.0;
        let seen = self.documents_with(hash) as f32 + PRIOR_DOCUMENTS * prior + 0.5;
        ((self.documents as f32 + PRIOR_DOCUMENTS) / seen).log2().clamp(0.0, 12.0)
    }

    /// Whether this sentence is part of a template.
    pub fn is_template(&self, sentence: u32) -> bool {
        self.templates.contains(&sentence)
    }
}

/// How the sentences of two texts lie to one another, under one encoder.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Alignment {
    /// Pairs of sentences that are each other's best, in order of the first text: `(i, j, cosine)`.
    pub pairs: Vec<(usize, usize, f32)>,
    /// Sentences of the first text that were compared and weigh something.
    pub count_a: usize,
    /// The same of the second.
    pub count_b: usize,
    /// What the compared sentences of the first text weigh: longer ones say more.
    pub weight_a: f32,
    /// The same of the second.
    pub weight_b: f32,
    /// Sum of the cosines of `pairs`, by weight.
    pub sum: f32,
    /// Mean lead of the cosines of `pairs` over the next best in either text.
    pub lead: f32,
    /// Share of the first text's characters that have a counterpart, 0 to 1.
    pub coverage_a: f32,
    /// The same of the second.
    pub coverage_b: f32,
    /// Share of `pairs` that stand in one increasing order, 0 to 1.
    pub order: f32,
    /// Of the pairs with figures on both sides, by weight: the share that has some in common.
    pub figures_in_place: Option<f32>,
    /// Of the names in pairs with names on both sides: the share that both have.
    pub names_in_place: Option<f32>,
    /// Share of what matched that stands in a quotation in one text, and not in the other, 0 to 1.
    pub quoted: f32,
    /// Cosine of the titles.
    pub title: Option<f32>,
    /// Whether only static windows were compared.
    pub windows_only: bool,
}

/// Two profiles with what is known of them together.
#[derive(Clone, Copy)]
pub struct Pair<'a> {
    /// One.
    pub a: &'a Profile,
    /// The other.
    pub b: &'a Profile,
    /// How their sentences lie to one another.
    pub alignment: &'a Alignment,
    /// Score of the static windows where the texts run in parallel, 0 to 1.
    pub parallel: f32,
    /// Score of the static windows wherever they stand, 0 to 1.
    pub anywhere: f32,
    /// What is rare.
    pub rarity: &'a Rarity,
}

/// A figure that a signal observes.
#[derive(Debug, Clone, Copy)]
pub struct Feature {
    /// Its name.
    pub name: &'static str,
    /// 1: more of it never speaks against; -1: more of it never speaks for; 0: it depends.
    pub direction: i8,
}

/// A signal in words.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// The level observed.
    pub level: String,
    /// A sentence that a reader understands, in one of the forms that the signal [`says`](Signal::says).
    pub because: Phrase,
    /// Weight in bits that does not come from the calibrated trees: capped, and set by hand with a reason.
    pub bits: f32,
}

/// A signal: one file of `signals/`.
#[derive(Clone, Copy)]
pub struct Signal {
    /// Its name.
    pub name: &'static str,
    /// The question it answers.
    pub asks: &'static str,
    /// The forms of all sentences in which it tells what it saw.
    pub says: &'static [&'static str],
    /// The figures it gives to the calibrated trees.
    pub features: &'static [Feature],
    /// Those figures for a pair, NaN where it observes nothing; symmetric in `a` and `b`.
    pub measure: fn(&Pair, &mut Vec<f32>),
    /// What it saw, in words; `None` where it observes nothing.
    pub tell: fn(&Pair) -> Option<Told>,
}
