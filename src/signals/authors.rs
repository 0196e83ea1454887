//! Is the author of one named by the other, in whatever script?

use crate::model::{Pair, Profile, Signal, Told};

const SAME: &str = "the same author is given";
const NAMED: &str = "one names the other's author at its beginning or end";

/// Authors after transliteration.
pub const SIGNAL: Signal = Signal {
    name: "author",
    asks: "Is the author of one named by the other, in whatever script?",
    says: &[SAME, NAMED],
    features: &[],
    measure: super::nothing,
    tell,
};

/// Small, and nothing where they differ: an author has written other essays too, reposters sign with their own
/// names, and the made-up authors of the corpus can set no weight.
const SAME_BITS: f32 = 1.0;
const NAMED_BITS: f32 = 0.7;

fn tell(pair: &Pair) -> Option<Told> {
    let same = pair.a.authors.iter().any(|a| pair.b.authors.iter().any(|b| alike(a, b)));
    if same {
        return Some(Told { level: "same".into(), because: SAME.into(), bits: SAME_BITS });
    }
    let names = |from: &Profile, to: &Profile| {
        to.authors.iter().any(|a| a.len() >= 2 && a.iter().all(|w| from.byline.contains(w)))
    };
    (names(pair.a, pair.b) || names(pair.b, pair.a)).then(|| Told {
        level: "named".into(),
        because: NAMED.into(),
        bits: NAMED_BITS,
    })
}

/// The same words in any order, an initial or middle name more or less.
fn alike(a: &[String], b: &[String]) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    short.iter().any(|w| w.len() >= 3)
        && short.iter().all(|w| long.contains(w))
        && (short.len() >= 2 || long.len() == 1)
}
