//! Are they two parts or releases of one series? A version that differs in the titles says so.

use crate::model::{Pair, Phrase, Signal, Told};

const BOTH: &str = "both titles name {}";
const ONE: &str = "one title names {}, the other {}";

/// Version-like tokens of the titles.
pub const SIGNAL: Signal = Signal {
    name: "series",
    asks: "Are they two parts or releases of one series?",
    says: &[BOTH, ONE],
    features: &[],
    measure: super::nothing,
    tell,
};

/// Releases of one program share nearly all of their text; no translator changes a version in a title.
const DIFFERENT_BITS: f32 = -30.0;

/// "3.0 (r4)" and "3.0 (r6)" are two releases. Less than for versions: "G7" and "G20" may stand in one headline, and its
/// translator may leave one out.
const OTHER_NUMBER_BITS: f32 = -10.0;

/// Two identifiers of the same letters with other numbers, where the titles share none of these letters.
fn other_number<'a>(a: &'a [String], b: &'a [String]) -> Option<(&'a str, &'a str)> {
    fn letters(id: &str) -> Option<&str> {
        let letters = id.trim_end_matches(|c: char| c.is_ascii_digit());
        let is_word = !letters.is_empty() && letters.len() < id.len() && letters.chars().all(char::is_alphabetic);
        is_word.then_some(letters)
    }
    let shares = |word: &str| a.iter().any(|x| letters(x) == Some(word) && b.contains(x));
    a.iter().find_map(|x| {
        let word = letters(x).filter(|word| !shares(word))?;
        let other = b.iter().find(|y| letters(y) == Some(word))?;
        Some((x.as_str(), other.as_str()))
    })
}

/// Of both titles one of a form, where they differ.
fn differ<'a>(a: &'a [String], b: &'a [String], form: fn(&str) -> bool) -> Option<(&'a str, &'a str)> {
    let of = |ids: &'a [String]| ids.iter().find(|id| form(id)).map(|id| id.trim_start_matches('§'));
    let (x, y) = (of(a)?, of(b)?);
    (x != y).then_some((x, y))
}

fn is_part(id: &str) -> bool {
    id.starts_with('§')
}

/// Two numbers: "5.0".
fn is_release(id: &str) -> bool {
    id.split('.').count() == 2 && id.chars().all(|c| c.is_ascii_digit() || c == '.')
}

fn tell(pair: &Pair) -> Option<Told> {
    let (a, b) = (&pair.a.title_identifiers, &pair.b.title_identifiers);
    let other = |(x, y): (&str, &str), bits| {
        Some(Told { level: "different".into(), because: Phrase::new(ONE, &[&x, &y]), bits })
    };
    if let Some(parts) = differ(a, b, is_part) {
        return other(parts, DIFFERENT_BITS);
    }
    let is_version = |s: &&String| {
        let is_marked = s.starts_with('v');
        let s = s.trim_start_matches('v');
        let dots = s.matches('.').count();
        s.starts_with('#')
            || s.starts_with(|c: char| c.is_ascii_digit()) && (dots > 1 || is_marked && dots == 1)
            || s.starts_with("cve-")
    };
    let (a, b): (Vec<_>, Vec<_>) = (a.iter().filter(is_version).collect(), b.iter().filter(is_version).collect());
    if let Some((x, y)) = other_number(&pair.a.title_identifiers, &pair.b.title_identifiers) {
        return Some(Told { level: "different".into(), because: Phrase::new(ONE, &[&x, &y]), bits: OTHER_NUMBER_BITS });
    }
    let (Some(first), Some(second)) = (a.first(), b.first()) else {
        // Less: "3.1 miles" is "5.0 km" to some translators.
        let releases = differ(&pair.a.title_identifiers, &pair.b.title_identifiers, is_release);
        return releases.and_then(|releases| other(releases, OTHER_NUMBER_BITS));
    };
    if a.iter().any(|x| b.contains(x)) {
        return Some(Told { level: "same".into(), because: Phrase::new(BOTH, &[first]), bits: 1.0 });
    }
    // "#10" is also written "Nr. 10" or "第10期": a number that the other title has in another form is no difference.
    let elsewhere = |id: &str, numbers: &[String]| numbers.iter().any(|n| n == id.trim_start_matches('#'));
    if elsewhere(first, &pair.b.title_numbers) || elsewhere(second, &pair.a.title_numbers) {
        return None;
    }
    Some(Told { level: "different".into(), because: Phrase::new(ONE, &[first, second]), bits: DIFFERENT_BITS })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_letters_with_another_number_are_another_release() {
        let check = |a: &[&str], b: &[&str], expected: bool| {
            let own = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
            assert_eq!(other_number(&own(a), &own(b)).is_some(), expected, "{a:?} {b:?}");
        };
        check(&["3.0", "r4"], &["3.0", "r6"], true);
        check(&["r4"], &["r4"], false);
        check(&["g7", "g20"], &["g20"], false);
        check(&["bip151"], &["covid19"], false);
        check(&["3.0"], &["3.1"], false);
    }

    #[test]
    fn other_parts_and_other_releases_are_told() {
        let own = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        let check = |a: &[&str], b: &[&str], form, expected: bool| {
            assert_eq!(differ(&own(a), &own(b), form).is_some(), expected, "{a:?} {b:?}");
        };
        check(&["§3"], &["§4"], is_part, true);
        check(&["§3"], &["§3"], is_part, false);
        check(&["§3"], &[], is_part, false);
        check(&["5.0"], &["3.1"], is_release, true);
        check(&["5.0"], &["5.0"], is_release, false);
        check(&["5.0"], &["2.1.7"], is_release, false);
    }
}
