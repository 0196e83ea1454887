//! How much of the likeness is a template that other works share? It was left out of every figure.

use crate::model::{Pair, Profile, Signal, Told};

/// Sentences that several different works share.
pub const SIGNAL: Signal = Signal {
    name: "templates",
    asks: "How much of the likeness is a template that other works share?",
    features: &[],
    measure: super::nothing,
    tell,
};

fn tell(pair: &Pair) -> Option<Told> {
    let count = |p: &Profile| p.sentences.iter().filter(|s| pair.rarity.is_template(s.hash)).count();
    let (a, b) = (count(pair.a), count(pair.b));
    (a + b > 0).then(|| Told {
        level: format!("{a} and {b} sentences"),
        because: format!("{a} and {b} sentences that other works share too were left out"),
        bits: 0.0,
    })
}
