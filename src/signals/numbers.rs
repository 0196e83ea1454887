//! Do both texts name the same numbers?

use crate::model::{Feature, Pair, Phrase, Signal, Told};

use super::Overlap;

const NONE: &str = "no numbers in common";
const SHARED: &str = "{} numbers in common, such as {}";

/// Shared numbers, weighed by rarity.
pub const SIGNAL: Signal = Signal {
    name: "numbers",
    asks: "Do both texts name the same numbers?",
    says: &[NONE, SHARED],
    features: &[
        Feature { name: "numbers_bits", direction: 1 },
        Feature { name: "numbers_of_fewer", direction: 1 },
        Feature { name: "numbers_of_more", direction: 1 },
        Feature { name: "numbers_in_place", direction: 1 },
    ],
    measure,
    tell,
};

fn overlap<'a>(pair: &Pair<'a>) -> Overlap<'a> {
    Overlap::of(&pair.a.numbers, &pair.b.numbers, 'n', pair.rarity, prior)
}

fn measure(pair: &Pair, out: &mut Vec<f32>) {
    overlap(pair).measure(out);
    out.push(pair.alignment.figures_in_place.unwrap_or(f32::NAN));
}

fn tell(pair: &Pair) -> Option<Told> {
    let found = overlap(pair);
    if found.smaller < 2.0 {
        return None;
    }
    let because = match found.things.len() {
        0 => NONE.into(),
        n => Phrase::new(SHARED, &[&n, &shown(&found)]),
    };
    Some(Told { level: format!("{} %", super::percent(found.shared / found.smaller)), because, bits: 0.0 })
}

/// Of a grouped or scaled number its digits are compared and shown: `47…` is 4.7 million, 4,700,000 or 470万.
fn shown(found: &Overlap) -> String {
    let number = |thing: &str| thing.strip_prefix('s').map_or(thing.to_owned(), |digits| format!("{digits}…"));
    found.things.iter().take(super::EXAMPLES).map(|(thing, _)| number(thing)).collect::<Vec<_>>().join(", ")
}

/// Share of texts that have a given number of this form, before anything was counted: small numbers and years
/// are everywhere. Figures: mean document frequency by form over the corpus (English versions).
pub(super) fn prior(number: &str) -> f32 {
    if let Some(significant) = number.strip_prefix('s') {
        return if significant.len() <= 2 { 0.02 } else { 0.002 };
    }
    match number.len() {
        1 => 0.4,
        2 => 0.1,
        3 => 0.01,
        4 if number.starts_with("19") || number.starts_with("20") => 0.1,
        _ => 0.002,
    }
}
