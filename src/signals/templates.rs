//! How much of the likeness is a template that other works share? It was left out of every figure.

use crate::model::{Pair, Phrase, Profile, Signal, Told};

const LEFT_OUT: &str = "{} and {} sentences that other works share too were left out";

/// Sentences that several different works share.
pub const SIGNAL: Signal = Signal {
    name: "templates",
    asks: "How much of the likeness is a template that other works share?",
    says: &[LEFT_OUT],
    features: &[],
    measure: super::nothing,
    tell,
};

fn tell(pair: &Pair) -> Option<Told> {
    let count = |p: &Profile| p.sentences.iter().filter(|s| pair.rarity.is_template(s.hash)).count();
    let (a, b) = (count(pair.a), count(pair.b));
    (a + b > 0).then(|| Told {
        level: format!("{a} and {b} sentences"),
        because: Phrase::new(LEFT_OUT, &[&a, &b]),
        bits: 0.0,
    })
}
