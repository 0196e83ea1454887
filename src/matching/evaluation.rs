//! How good is a grouping, given the truth? Pairs, B-cubed, and how many of each kind of document were joined.

use std::collections::{BTreeMap, BTreeSet};

use super::corpus::Document;

/// Documents of one kind, how many of them stand in their work's story, and what their places are worth.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Count {
    /// Documents that have another version to be joined with.
    pub documents: usize,
    /// Those in the story that holds most of the work's versions.
    pub joined: usize,
    /// Pairs with one of these documents, each document's counted: in one story and one work, in one story, of one work.
    pub pairs: [usize; 3],
    /// Sums over the documents of the share of its story that is its work, and of its work that is in its story; and of
    /// how many documents, those without another version too.
    pub b_cubed: (f64, f64, usize),
}

impl Count {
    /// Precision and recall of the pairs.
    pub fn of_pairs(&self) -> (f64, f64) {
        (share(self.pairs[0], self.pairs[1]), share(self.pairs[0], self.pairs[2]))
    }

    /// B-cubed precision and recall.
    pub fn of_b_cubed(&self) -> (f64, f64) {
        let (precision, recall, documents) = self.b_cubed;
        let mean = |sum: f64| if documents == 0 { 1.0 } else { sum / documents as f64 };
        (mean(precision), mean(recall))
    }
}

/// What a grouping is worth.
#[derive(Debug, Clone, Default)]
pub struct Quality {
    /// Pairs in one story that are one work, pairs in one story that are not, pairs of one work kept apart.
    pub pairs: [usize; 3],
    /// Mean over documents of the share of its story that is its work (Bagga and Baldwin, 1998).
    pub b_cubed_precision: f64,
    /// Mean over documents of the share of its work that is in its story.
    pub b_cubed_recall: f64,
    /// By kind: `(what it is sorted by, value)`.
    pub by: BTreeMap<(&'static str, String), Count>,
    /// Stories that hold different works: the places of their documents.
    pub wrong: Vec<Vec<usize>>,
}

impl Quality {
    /// Share of joined pairs that are right.
    pub fn precision(&self) -> f64 {
        share(self.pairs[0], self.pairs[0] + self.pairs[1])
    }

    /// Share of right pairs that are joined.
    pub fn recall(&self) -> f64 {
        share(self.pairs[0], self.pairs[0] + self.pairs[2])
    }
}

fn share(part: usize, all: usize) -> f64 {
    if all == 0 { 1.0 } else { part as f64 / all as f64 }
}

/// Compares `stories` (one number for each document) with the truth. Documents that hold several works whole are
/// left out: what would be right there is a question of policy.
pub fn evaluate(documents: &[Document], stories: &[usize], tier: fn(&str) -> &'static str) -> Quality {
    let used: Vec<usize> = (0..documents.len()).filter(|&i| !documents[i].truth.ambiguous).collect();
    let mut works: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for &i in &used {
        works.entry(&documents[i].truth.story_id).or_default().push(i);
        groups.entry(stories[i]).or_default().push(i);
    }
    let mut out = Quality::default();
    let mut both: BTreeMap<(usize, &str), usize> = BTreeMap::new();
    for &i in &used {
        *both.entry((stories[i], &documents[i].truth.story_id)).or_default() += 1;
    }
    let choose = |n: usize| n * n.saturating_sub(1) / 2;
    let right: usize = both.values().map(|&n| choose(n)).sum();
    let joined: usize = groups.values().map(|g| choose(g.len())).sum();
    let same: usize = works.values().map(|w| choose(w.len())).sum();
    out.pairs = [right, joined - right, same - right];
    for &i in &used {
        let id = documents[i].truth.story_id.as_str();
        let (right, joined, same) = (both[&(stories[i], id)], groups[&stories[i]].len(), works[id].len());
        let (precision, recall) = (right as f64 / joined as f64, right as f64 / same as f64);
        out.b_cubed_precision += precision / used.len() as f64;
        out.b_cubed_recall += recall / used.len() as f64;
        for key in kinds(&documents[i], tier) {
            let count = out.by.entry(key).or_default();
            for (sum, n) in count.pairs.iter_mut().zip([right, joined, same]) {
                *sum += n - 1;
            }
            count.b_cubed.0 += precision;
            count.b_cubed.1 += recall;
            count.b_cubed.2 += 1;
        }
    }
    for work in works.values().filter(|w| w.len() > 1) {
        let id = documents[work[0]].truth.story_id.as_str();
        let main = work.iter().map(|&i| stories[i]).max_by_key(|s| (both[&(*s, id)], std::cmp::Reverse(*s)));
        let lonely = main.is_some_and(|s| both[&(s, id)] == 1);
        for &i in work {
            let joined = Some(stories[i]) == main && !lonely;
            for key in kinds(&documents[i], tier) {
                let count = out.by.entry(key).or_default();
                count.documents += 1;
                count.joined += usize::from(joined);
            }
        }
    }
    out.wrong = groups
        .into_values()
        .filter(|g| g.iter().map(|&i| documents[i].truth.story_id.as_str()).collect::<BTreeSet<_>>().len() > 1)
        .collect();
    out
}

/// A pair of documents: their places.
pub type Two = (usize, usize);

/// The pairs of documents that stand in one story of `all` and not of `found`, and all that stand in one of `all`.
pub fn lost(found: &[usize], all: &[usize]) -> (Vec<Two>, Vec<Two>) {
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (document, story) in all.iter().enumerate() {
        groups.entry(*story).or_default().push(document);
    }
    let pairs =
        groups.values().flat_map(|g| g.iter().enumerate().flat_map(|(n, a)| g[n + 1..].iter().map(|b| (*a, *b))));
    let joined: Vec<Two> = pairs.collect();
    (joined.iter().copied().filter(|(a, b)| found[*a] != found[*b]).collect(), joined)
}

/// Under which headings a document is counted.
fn kinds(document: &Document, tier: fn(&str) -> &'static str) -> Vec<(&'static str, String)> {
    let language = document.line.lang.clone().unwrap_or_else(|| "?".to_owned());
    let damage = match (&document.truth.variant_kind, document.truth.kind.as_deref(), document.truth.partial) {
        (Some(kind), _, _) => kind.clone(),
        (None, Some("fragment"), _) => "fragment".to_owned(),
        (None, _, Some(_)) => "partial".to_owned(),
        _ => format!("full text, {}", tier(&language)),
    };
    vec![("language", language), ("file", document.file.clone()), ("kind", damage)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::corpus::read;

    #[test]
    fn what_only_all_pairs_join_is_lost() {
        assert_eq!(lost(&[0, 0, 1, 2, 2], &[5, 5, 5, 6, 7]), (vec![(0, 2), (1, 2)], vec![(0, 1), (0, 2), (1, 2)]));
    }

    #[test]
    fn a_wrong_join_and_a_missed_one_are_counted() {
        let documents: Vec<Document> = [("a", "1"), ("b", "1"), ("c", "1"), ("d", "2")]
            .iter()
            .map(|(id, story)| {
                read(&format!(r#"{{"doc_id":"{id}","story_id":"{story}","lang":"en","text":"x"}}"#), "f").unwrap()
            })
            .collect();
        let quality = evaluate(&documents, &[7, 7, 8, 7], |_| "all");
        assert_eq!(quality.pairs, [1, 2, 2]);
        assert_eq!(quality.wrong, [vec![0, 1, 3]]);
        let all = quality.by[&("file", "f".to_owned())];
        assert_eq!((all.documents, all.joined), (3, 2));
        assert_eq!(all.of_pairs(), (2.0 / 6.0, 2.0 / 6.0));
        assert!((all.of_b_cubed().0 - quality.b_cubed_precision).abs() < 1e-9);
        assert!((all.of_b_cubed().1 - quality.b_cubed_recall).abs() < 1e-9);
        assert!((quality.b_cubed_precision - (2.0 / 3.0 * 2.0 + 1.0 + 1.0 / 3.0) / 4.0).abs() < 1e-9);
    }
}
