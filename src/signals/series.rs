//! Are they two parts or releases of one series? A version that differs in the titles says so.

use crate::model::{Pair, Signal, Told};

/// Version-like tokens of the titles.
pub const SIGNAL: Signal = Signal {
    name: "series",
    asks: "Are they two parts or releases of one series?",
    features: &[],
    measure: super::nothing,
    tell,
};

/// Releases of one program share nearly all of their text; no translator changes a version in a title.
const DIFFERENT_BITS: f32 = -30.0;

fn tell(pair: &Pair) -> Option<Told> {
    let (a, b) = (&pair.a.title_identifiers, &pair.b.title_identifiers);
    let is_version = |s: &&String| {
        let s = s.trim_start_matches('v');
        s.starts_with('#') || s.starts_with(|c: char| c.is_ascii_digit()) && s.contains('.') || s.starts_with("cve-")
    };
    let (a, b): (Vec<_>, Vec<_>) = (a.iter().filter(is_version).collect(), b.iter().filter(is_version).collect());
    let (first, second) = (a.first()?, b.first()?);
    if a.iter().any(|x| b.contains(x)) {
        return Some(Told { level: "same".into(), because: format!("both titles name {first}"), bits: 1.0 });
    }
    // "#10" is also written "Nr. 10" or "第10期": a number that the other title has in another form is no difference.
    let elsewhere = |id: &str, numbers: &[String]| numbers.iter().any(|n| n == id.trim_start_matches('#'));
    if elsewhere(first, &pair.b.title_numbers) || elsewhere(second, &pair.a.title_numbers) {
        return None;
    }
    Some(Told {
        level: "different".into(),
        because: format!("one title names {first}, the other {second}"),
        bits: DIFFERENT_BITS,
    })
}
