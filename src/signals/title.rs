//! Do the titles say the same?

use crate::model::{Feature, Pair, Phrase, Signal, Told};

const ALIKE: &str = "the titles are alike (cosine {})";
const RELATED: &str = "the titles are related (cosine {})";
const DIFFERENT: &str = "the titles are different (cosine {})";

/// Likeness of the titles, and of the numbers in them.
pub const SIGNAL: Signal = Signal {
    name: "title",
    asks: "Do the titles say the same?",
    says: &[ALIKE, RELATED, DIFFERENT],
    features: &[Feature { name: "title_cosine", direction: 1 }, Feature { name: "title_numbers", direction: 1 }],
    measure,
    tell,
};

/// 1: a number in common; -1: both have some, none in common; NaN: one has none.
fn numbers(pair: &Pair) -> f32 {
    let (a, b) = (&pair.a.title_numbers, &pair.b.title_numbers);
    match a.iter().any(|n| b.contains(n)) {
        _ if a.is_empty() || b.is_empty() => f32::NAN,
        true => 1.0,
        false => -1.0,
    }
}

fn measure(pair: &Pair, out: &mut Vec<f32>) {
    out.extend([pair.alignment.title.unwrap_or(f32::NAN), numbers(pair)]);
}

fn tell(pair: &Pair) -> Option<Told> {
    let cosine = pair.alignment.title?;
    let (level, says) = match cosine {
        c if c >= 0.6 => ("alike", ALIKE),
        c if c >= 0.3 => ("related", RELATED),
        _ => ("different", DIFFERENT),
    };
    let because = Phrase::new(says, &[&format_args!("{cosine:.2}")]);
    Some(Told { level: level.to_owned(), because, bits: 0.0 })
}
