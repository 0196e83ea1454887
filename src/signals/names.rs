//! Do both texts name the same people, places and things?

use crate::model::{Feature, Pair, Phrase, Signal, Told};

use super::Overlap;

const NONE: &str = "no names in common";
const SHARED: &str = "{} names in common, by their consonants: {}";

/// Shared names, weighed by rarity.
pub const SIGNAL: Signal = Signal {
    name: "names",
    asks: "Do both texts name the same people, places and things?",
    says: &[NONE, SHARED],
    features: &[
        Feature { name: "names_bits", direction: 1 },
        Feature { name: "names_of_fewer", direction: 1 },
        Feature { name: "names_of_more", direction: 1 },
        Feature { name: "names_in_place", direction: 1 },
    ],
    measure,
    tell,
};

fn overlap<'a>(pair: &Pair<'a>) -> Overlap<'a> {
    Overlap::of(&pair.a.names, &pair.b.names, 'm', pair.rarity, prior)
}

fn measure(pair: &Pair, out: &mut Vec<f32>) {
    overlap(pair).measure(out);
    out.push(pair.alignment.names_in_place.unwrap_or(f32::NAN));
}

fn tell(pair: &Pair) -> Option<Told> {
    let found = overlap(pair);
    if found.smaller < 2.0 {
        return None;
    }
    let because = match found.things.len() {
        0 => NONE.into(),
        n => Phrase::new(SHARED, &[&n, &found.examples()]),
    };
    Some(Told { level: format!("{} %", super::percent(found.shared / found.smaller)), because, bits: 0.0 })
}

/// Share of texts that name something of this skeleton, before anything was counted: short ones are shared by
/// chance. Figures: mean document frequency by length over the corpus.
pub(super) fn prior(skeleton: &str) -> f32 {
    match skeleton.len() {
        0..=3 => 0.05,
        4 => 0.015,
        5 => 0.006,
        _ => 0.002,
    }
}
