//! Does one text show the title of the other?

use crate::model::{Pair, Profile, Signal, Told};

/// The other's title as a sentence of the text: a bilingual header, a note.
pub const SIGNAL: Signal = Signal {
    name: "named",
    asks: "Does one text show the title of the other?",
    features: &[],
    measure: super::nothing,
    tell,
};

/// A header in both languages does that; so do lists of "related posts": little.
const NAMED_BITS: f32 = 0.5;

fn tell(pair: &Pair) -> Option<Told> {
    let shows = |from: &Profile, to: &Profile| {
        // One-word titles are shown by chance.
        to.title.chars().count() >= 15
            && from.title_hash != to.title_hash
            && from.sentences.iter().any(|s| s.hash == to.title_hash)
    };
    (shows(pair.a, pair.b) || shows(pair.b, pair.a)).then(|| Told {
        level: "title shown".into(),
        because: "one text shows the other's title".into(),
        bits: NAMED_BITS,
    })
}
