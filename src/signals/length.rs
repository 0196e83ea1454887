//! Are both of one length? Translations keep it; commentaries and teasers do not.

use crate::model::{Feature, Pair, Phrase, Signal, Told};

const SHARE: &str = "the shorter has {} % of the longer's length; {} and {} paragraphs";

/// Lengths in characters of Latin script; paragraphs are told beside them and weigh nothing, as sites merge and split
/// them at will.
pub const SIGNAL: Signal = Signal {
    name: "length",
    asks: "Are both of one length?",
    says: &[SHARE],
    features: &[Feature { name: "length_ratio", direction: 0 }, Feature { name: "shorter_length", direction: 0 }],
    measure,
    tell,
};

fn measure(pair: &Pair, out: &mut Vec<f32>) {
    let (a, b) = (pair.a.length.max(1) as f32, pair.b.length.max(1) as f32);
    out.extend([a.min(b) / a.max(b), a.min(b).log2()]);
}

fn tell(pair: &Pair) -> Option<Told> {
    let (a, b) = (pair.a.length.max(1) as f32, pair.b.length.max(1) as f32);
    let share = super::percent(a.min(b) / a.max(b));
    let because = Phrase::new(SHARE, &[&share, &pair.a.paragraphs, &pair.b.paragraphs]);
    Some(Told { level: format!("{share} %"), because, bits: 0.0 })
}
