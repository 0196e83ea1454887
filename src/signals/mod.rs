//! What speaks for or against two entries being one work? One file for each question; `ALL` is their list.
//!
//! A signal gives figures to the calibrated trees, and words to the reader. What the corpus can say nothing
//! honest about (who links, who is named) has no figure but a weight set by hand, small and capped: it can tip
//! the scale between two texts that are already alike, and can never join two that are not.

mod authors;
mod claims;
mod commentary;
mod coverage;
mod extent;
mod identifiers;
mod images;
mod lag;
mod language;
mod length;
mod links;
mod named;
mod names;
mod numbers;
mod quotations;
mod series;
mod source_link;
mod templates;
mod text;
mod title;
mod windows;

use crate::model::{Rarity, Signal};

/// All signals, in the order in which explanations list what weighs the same.
pub const ALL: &[Signal] = &[
    text::SIGNAL,
    coverage::SIGNAL,
    windows::SIGNAL,
    numbers::SIGNAL,
    identifiers::SIGNAL,
    names::SIGNAL,
    title::SIGNAL,
    series::SIGNAL,
    links::SIGNAL,
    source_link::SIGNAL,
    claims::SIGNAL,
    named::SIGNAL,
    authors::SIGNAL,
    images::SIGNAL,
    language::SIGNAL,
    length::SIGNAL,
    lag::SIGNAL,
    extent::SIGNAL,
    commentary::SIGNAL,
    quotations::SIGNAL,
    templates::SIGNAL,
];

/// Shared things that are named.
const EXAMPLES: usize = 4;

/// What two lists have in common, weighed by rarity.
struct Overlap<'a> {
    /// Bits of what both have.
    shared: f32,
    /// Bits of all of the side that has fewer.
    smaller: f32,
    /// Bits of all of the side that has more.
    larger: f32,
    /// What both have, the rarest first.
    things: Vec<(&'a str, f32)>,
}

impl<'a> Overlap<'a> {
    fn of(a: &'a [String], b: &[String], kind: char, rarity: &Rarity, prior: fn(&str) -> f32) -> Self {
        let bits = |thing: &str| rarity.bits(Rarity::key(kind, thing), prior(thing));
        let total = |list: &[String]| list.iter().map(|t| bits(t)).sum::<f32>();
        // Lists are sorted (they come out of ordered sets) and short; the merge keeps it linear.
        let mut things = Vec::new();
        let (mut i, mut j) = (0, 0);
        while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
            match x.cmp(y) {
                std::cmp::Ordering::Less => i += 1,
                std::cmp::Ordering::Greater => j += 1,
                std::cmp::Ordering::Equal => {
                    things.push((x.as_str(), bits(x)));
                    i += 1;
                    j += 1;
                }
            }
        }
        things.sort_by(|x, y| y.1.total_cmp(&x.1).then(x.0.cmp(y.0)));
        let (ta, tb) = (total(a), total(b));
        Self { shared: things.iter().map(|t| t.1).sum(), smaller: ta.min(tb), larger: ta.max(tb), things }
    }

    /// The figures `shared`, `share` (of the side that has fewer) and `share_larger`; NaN where one side has none.
    fn measure(&self, out: &mut Vec<f32>) {
        // Below two bits there is nothing that could have been shared: "1" and "2" are in every text.
        if self.smaller < 2.0 {
            out.extend([f32::NAN; 3]);
        } else {
            out.extend([self.shared.min(150.0), self.shared / self.smaller, self.shared / self.larger]);
        }
    }

    fn examples(&self) -> String {
        self.things.iter().take(EXAMPLES).map(|t| t.0).collect::<Vec<_>>().join(", ")
    }
}

fn percent(share: f32) -> i32 {
    (share * 100.0).round() as i32
}

/// No figures.
fn nothing(_: &crate::model::Pair, _: &mut Vec<f32>) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_every_figure_too() {
        let mut names: Vec<&str> = ALL.iter().map(|s| s.name).collect();
        names.extend(ALL.iter().flat_map(|s| s.features.iter().map(|f| f.name)));
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn overlaps_are_weighed_by_rarity() {
        let list = |things: &[&str]| things.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
        let (a, b) = (list(&["1", "2019", "s4711"]), list(&["1", "2020", "s4711"]));
        let rarity = Rarity::default();
        let found = Overlap::of(&a, &b, 'n', &rarity, numbers::prior);
        assert_eq!(found.things[0].0, "s4711");
        assert!(found.shared > 8.0 && found.shared < found.smaller);
        let mut figures = Vec::new();
        Overlap::of(&list(&["1"]), &b, 'n', &rarity, numbers::prior).measure(&mut figures);
        assert!(figures.iter().all(|f| f.is_nan()));
    }
}
