//! Does one of them answer the other rather than repeat it?

use crate::model::{Feature, Pair, Phrase, Signal, Told};

const QUOTED: &str = "{} % of what matches is a quotation in one of the texts";
const ARGUES: &str = "one of them argues with an author in {} sentence(s), the other does not";

/// Wording of commentaries.
pub const SIGNAL: Signal = Signal {
    name: "commentary",
    asks: "Does one of them answer the other rather than repeat it?",
    says: &[QUOTED, ARGUES],
    features: &[Feature { name: "quoted", direction: -1 }],
    measure,
    tell,
};

/// For each sentence that argues with an author, where the other text has none; at most three count. Small, since
/// essays argue with authors too, and wording is easily missed: coverage is what tells commentaries apart.
const SENTENCE_BITS: f32 = -0.7;

fn measure(pair: &Pair, out: &mut Vec<f32>) {
    let found = pair.alignment;
    out.push(if found.pairs.is_empty() { f32::NAN } else { found.quoted });
}

/// What one text shows as a quotation, and the other as its own words.
fn quotation(pair: &Pair) -> Option<Told> {
    let share = pair.alignment.quoted;
    (share > 0.2).then(|| Told {
        level: format!("{} % quoted", super::percent(share)),
        because: Phrase::new(QUOTED, &[&super::percent(share)]),
        bits: 0.0,
    })
}

fn tell(pair: &Pair) -> Option<Told> {
    let more = pair.a.commentary.abs_diff(pair.b.commentary).min(3);
    if more == 0 || pair.a.commentary.min(pair.b.commentary) > 0 {
        return quotation(pair);
    }
    Some(Told {
        level: format!("{more} sentences"),
        because: Phrase::new(ARGUES, &[&more]),
        bits: SENTENCE_BITS * f32::from(more),
    })
}
