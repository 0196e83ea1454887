//! Are both in one language, and are sentences the same to the letter?

use crate::model::{Feature, Pair, Phrase, Signal, Told};

const ONE_LITERAL: &str = "both are in one language, {} % of the shorter is the same to the letter";
const ONE: &str = "both are in one language, but no sentence is the same to the letter";
const TWO_LITERAL: &str = "the languages differ; {} % is quoted to the letter";
const TWO: &str = "the languages differ";

/// Sameness of language, and literal sameness.
pub const SIGNAL: Signal = Signal {
    name: "language",
    asks: "Are both in one language, and are sentences the same to the letter?",
    says: &[ONE_LITERAL, ONE, TWO_LITERAL, TWO],
    features: &[
        Feature { name: "same_language", direction: 0 },
        Feature { name: "literal_of_shorter", direction: 1 },
        Feature { name: "literal_of_longer", direction: 1 },
    ],
    measure,
    tell,
};

/// When this much of both texts is the same to the letter, templates left out, they are one text; so rare between
/// different works (never on the corpus) that the trees cannot weigh it by counting.
const LITERAL: f32 = 0.6;
const LITERAL_BITS: f32 = 5.0;

fn same(pair: &Pair) -> Option<bool> {
    Some(pair.a.language.as_ref()?.primary() == pair.b.language.as_ref()?.primary())
}

/// Shares of the first and the second text (by length, templates left out) that the other has to the letter.
fn literal(pair: &Pair) -> (f32, f32) {
    let share = |of: &[crate::model::Sentence], other: &[crate::model::Sentence]| {
        let hashes: std::collections::HashSet<u32> = other.iter().map(|s| s.hash).collect();
        let own = of.iter().filter(|s| !pair.rarity.is_template(s.hash));
        let (mut found, mut all) = (0_u32, 0_u32);
        for s in own {
            all += u32::from(s.length);
            found += if hashes.contains(&s.hash) { u32::from(s.length) } else { 0 };
        }
        found as f32 / all.max(1) as f32
    };
    (share(&pair.a.sentences, &pair.b.sentences), share(&pair.b.sentences, &pair.a.sentences))
}

fn measure(pair: &Pair, out: &mut Vec<f32>) {
    let (a, b) = literal(pair);
    out.extend([same(pair).map_or(f32::NAN, |s| f32::from(u8::from(s))), a.max(b), a.min(b)]);
}

fn tell(pair: &Pair) -> Option<Told> {
    let same = same(pair)?;
    let (a, b) = literal(pair);
    let literal = a.max(b);
    let level = if same { "same" } else { "different" };
    let because = match (same, literal > 0.02) {
        (true, true) => Phrase::new(ONE_LITERAL, &[&super::percent(literal)]),
        (true, false) => ONE.into(),
        (false, true) => Phrase::new(TWO_LITERAL, &[&super::percent(literal)]),
        (false, false) => TWO.into(),
    };
    let bits = if a.min(b) >= LITERAL { LITERAL_BITS } else { 0.0 };
    Some(Told { level: level.into(), because, bits })
}
