//! Does one of them answer the other rather than repeat it?

use crate::model::{Pair, Signal, Told};

/// Wording of commentaries.
pub const SIGNAL: Signal = Signal {
    name: "commentary",
    asks: "Does one of them answer the other rather than repeat it?",
    features: &[],
    measure: super::nothing,
    tell,
};

/// For each sentence that argues with an author, where the other text has none; at most three count. Small, since
/// essays argue with authors too, and wording is easily missed: coverage is what tells commentaries apart.
const SENTENCE_BITS: f32 = -0.7;

fn tell(pair: &Pair) -> Option<Told> {
    let more = pair.a.commentary.abs_diff(pair.b.commentary).min(3);
    if more == 0 || pair.a.commentary.min(pair.b.commentary) > 0 {
        return None;
    }
    Some(Told {
        level: format!("{more} sentences"),
        because: format!("one of them argues with an author in {more} sentence(s), the other does not"),
        bits: SENTENCE_BITS * f32::from(more),
    })
}
