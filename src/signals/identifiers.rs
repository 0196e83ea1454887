//! Do both texts name the same versions, standards and codes?

use crate::model::{Feature, Pair, Phrase, Signal, Told};

use super::Overlap;

const NONE: &str = "no identifiers in common";
const SHARED: &str = "{} identifiers in common, such as {}";

/// Shared identifiers, weighed by rarity.
pub const SIGNAL: Signal = Signal {
    name: "identifiers",
    asks: "Do both texts name the same versions, standards and codes?",
    says: &[NONE, SHARED],
    features: &[
        Feature { name: "identifiers_bits", direction: 1 },
        Feature { name: "identifiers_of_fewer", direction: 1 },
        Feature { name: "identifiers_of_more", direction: 1 },
    ],
    measure: |pair, out| overlap(pair).measure(out),
    tell,
};

fn overlap<'a>(pair: &Pair<'a>) -> Overlap<'a> {
    Overlap::of(&pair.a.identifiers, &pair.b.identifiers, 'i', pair.rarity, prior)
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

/// Share of texts that have a given identifier: longer ones are chosen to be unique.
fn prior(identifier: &str) -> f32 {
    match identifier.len() {
        0..=4 => 0.01,
        5..=7 => 0.004,
        _ => 0.001,
    }
}
