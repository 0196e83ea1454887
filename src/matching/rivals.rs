//! Whose match is better? A text has one original: where two different works claim it, the better one has it.

use std::collections::{HashMap, HashSet};

use crate::model::{Edge, EntryId, Verdict};

/// By so many bits the better claim must lead; closer ones are left to the partition.
const LEAD_BITS: f32 = 2.0;

/// Turns links into possible ones where either end has a better link to an entry that is no version of the other, not
/// even a possible one: the two rivals are different works then, and the text cannot be both. A function of the set of
/// edges.
pub fn settle(edges: &mut [Edge]) {
    let mut of: HashMap<EntryId, Vec<(EntryId, f32)>> = HashMap::new();
    for e in edges.iter().filter(|e| e.verdict == Verdict::Link) {
        of.entry(e.a).or_default().push((e.b, e.margin_bits()));
        of.entry(e.b).or_default().push((e.a, e.margin_bits()));
    }
    // Two weak translations of one original may be no more than possible versions of one another.
    let likely = edges.iter().filter(|e| e.verdict != Verdict::NonLink).map(|e| (e.a.min(e.b), e.a.max(e.b)));
    let likely: HashSet<(EntryId, EntryId)> = likely.collect();
    let linked = |x: EntryId, y: EntryId| likely.contains(&(x.min(y), x.max(y)));
    let outdone = |from: EntryId, to: EntryId, margin: f32| {
        let links = of.get(&from).map(Vec::as_slice).unwrap_or_default();
        let (mut against, mut beside) = (0, 0);
        for (rival, m) in links.iter().filter(|(e, _)| *e != to) {
            match linked(*rival, to) {
                true => beside += 1,
                false => against += usize::from(*m >= margin + LEAD_BITS),
            }
        }
        // One missing comparison among many versions of a work is no rival.
        against > beside
    };
    let lost: Vec<bool> = edges
        .iter()
        .map(|e| {
            let margin = e.margin_bits();
            e.verdict == Verdict::Link && (outdone(e.a, e.b, margin) || outdone(e.b, e.a, margin))
        })
        .collect();
    for (edge, _) in edges.iter_mut().zip(lost).filter(|(_, lost)| *lost) {
        edge.verdict = Verdict::PossibleLink;
        edge.total_bits = edge.total_bits.min(edge.threshold_bits - 0.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(a: u128, b: u128, bits: f32) -> Edge {
        let id = |n| EntryId(uuid::Uuid::from_u128(n));
        Edge {
            a: id(a),
            b: id(b),
            total_bits: bits,
            threshold_bits: 4.0,
            coverage_a: 1.0,
            coverage_b: 1.0,
            verdict: Verdict::Link,
        }
    }

    #[test]
    fn the_better_of_two_different_works_has_the_text() {
        // 1 is the translation, 2 its original, 3 the issue of the week before.
        let mut edges = [edge(1, 2, 14.0), edge(1, 3, 9.0)];
        settle(&mut edges);
        assert_eq!(edges.map(|e| e.verdict), [Verdict::Link, Verdict::PossibleLink]);
    }

    #[test]
    fn a_possible_version_is_no_rival() {
        // 1 is the Spanish translation, 2 its original, 3 the Italian translation, which is weaker against 1.
        let mut edges = [edge(1, 2, 15.2), edge(2, 3, 20.0), edge(1, 3, 3.7)];
        edges[2].verdict = Verdict::PossibleLink;
        settle(&mut edges);
        assert_eq!(edges.map(|e| e.verdict), [Verdict::Link, Verdict::Link, Verdict::PossibleLink]);
    }

    #[test]
    fn versions_of_one_work_are_no_rivals() {
        let mut edges = [edge(1, 2, 14.0), edge(1, 3, 9.0), edge(2, 3, 8.0)];
        settle(&mut edges);
        assert_eq!(edges.map(|e| e.verdict), [Verdict::Link; 3]);
    }
}
