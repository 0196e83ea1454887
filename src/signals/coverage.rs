//! How much of each text has a counterpart in the other? A quotation covers one side only.

use crate::model::{Feature, Pair, Phrase, Signal, Told};

const COVERED: &str = "{} % of the first text and {} % of the second have a counterpart in the other";

/// Coverage of both sides.
pub const SIGNAL: Signal = Signal {
    name: "coverage",
    asks: "How much of each text has a counterpart in the other?",
    says: &[COVERED],
    features: &[Feature { name: "less_covered", direction: 1 }, Feature { name: "more_covered", direction: 1 }],
    measure,
    tell,
};

fn measure(pair: &Pair, out: &mut Vec<f32>) {
    let found = pair.alignment;
    if found.pairs.is_empty() {
        out.extend([f32::NAN; 2]);
    } else {
        out.extend([found.coverage_a.min(found.coverage_b), found.coverage_a.max(found.coverage_b)]);
    }
}

fn tell(pair: &Pair) -> Option<Told> {
    let found = pair.alignment;
    if found.pairs.is_empty() {
        return None;
    }
    let (a, b) = (super::percent(found.coverage_a), super::percent(found.coverage_b));
    let level = match found.coverage_a.min(found.coverage_b) {
        c if c >= 0.5 => "both",
        _ if found.coverage_a.max(found.coverage_b) >= 0.5 => "one side",
        _ => "neither",
    };
    Some(Told { level: level.to_owned(), because: Phrase::new(COVERED, &[&a, &b]), bits: 0.0 })
}
