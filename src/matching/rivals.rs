//! Whose match is better? A text has one original: where two different works claim it, the better one has it.

use std::collections::HashMap;

use super::partition::{HELD_WHOLE, OVERLAPPING};
use crate::model::{Edge, EntryId, Verdict};

/// By so many bits the better claim must lead; closer ones are left to the partition.
const LEAD_BITS: f32 = 2.0;

/// Turns links into possible ones where either end has a better link to an entry that is no version of the other, not
/// even a possible one: the two rivals are different works then, and the text cannot be both. A page that holds both
/// whole, side by side, can. Only rivals that were compared with the other have a say; where none was, a better one
/// counts as a different work. A function of the set of edges, those that link nothing among them.
pub fn settle(edges: &mut [Edge]) {
    let mut of: HashMap<EntryId, Vec<Edge>> = HashMap::new();
    for edge in edges.iter() {
        of.entry(edge.a).or_default().push(*edge);
        of.entry(edge.b).or_default().push(edge.mirrored());
    }
    let of: HashMap<EntryId, Claims> = of.into_iter().map(|(entry, edges)| (entry, Claims::new(edges))).collect();
    for edge in edges {
        if let (Some(of_a), Some(of_b)) = (of.get(&edge.a), of.get(&edge.b)) {
            settle_one(edge, of_a, of_b);
        }
    }
}

/// The edges of one entry as they were compared, seen from it, in the order of the other.
pub struct Claims {
    edges: Vec<Edge>,
    /// How many of them say that the two are different works.
    refused: usize,
}

impl Claims {
    /// The edges of an entry, all seen from it.
    pub fn new(mut edges: Vec<Edge>) -> Self {
        edges.sort_by_key(|edge| edge.b);
        let refused = edges.iter().filter(|edge| edge.verdict == Verdict::NonLink).count();
        Self { edges, refused }
    }

    /// The edges.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }
}

/// The same for one edge: all that has a say in it are the edges of its ends.
pub fn settle_one(edge: &mut Edge, of_a: &Claims, of_b: &Claims) {
    if edge.verdict == Verdict::Link && (outdone(edge, of_a, of_b) || outdone(&edge.mirrored(), of_b, of_a)) {
        edge.verdict = Verdict::PossibleLink;
        edge.total_bits = edge.total_bits.min(edge.threshold_bits - 0.1);
    }
}

/// Whether its first end has a better link elsewhere.
fn outdone(claim: &Edge, of_a: &Claims, of_b: &Claims) -> bool {
    let (mut against, mut beside, mut unknown) = (0, 0, 0);
    let most_against = of_b.refused;
    let mut of_b = of_b.edges.iter().peekable();
    for other in of_a.edges.iter().filter(|other| other.verdict == Verdict::Link && other.b != claim.b) {
        while of_b.next_if(|edge| edge.b < other.b).is_some() {}
        let better = usize::from(other.margin_bits() >= claim.margin_bits() + LEAD_BITS);
        match of_b.peek().filter(|edge| edge.b == other.b).map(|edge| edge.verdict) {
            _ if both_whole(claim, other) => {}
            // Two weak translations of one original may be no more than possible versions of one another.
            Some(Verdict::Link | Verdict::PossibleLink) => beside += 1,
            Some(Verdict::NonLink) => against += better,
            None => unknown += better,
        }
        // Whoever could still be against does not outvote them.
        if beside > 0 && beside >= most_against {
            return false;
        }
    }
    // One failed comparison among many versions of a work is no rival.
    if against + beside == 0 { unknown > 0 } else { against > beside }
}

/// Whether the first end of two links is a page that holds the texts of both whole, one beside the other.
fn both_whole(one: &Edge, other: &Edge) -> bool {
    let whole = |edge: &Edge| edge.coverage_b >= HELD_WHOLE;
    whole(one) && whole(other) && one.coverage_a + other.coverage_a < OVERLAPPING
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
    fn a_rival_that_failed_in_comparison_counts_and_many_versions_outvote_it() {
        // 1 and 4 are translations that do not find one another; 2 is their original, 3 another translation.
        let mut edges = [edge(1, 2, 14.0), edge(1, 3, 9.0), edge(2, 3, 20.0), edge(4, 2, 9.0), edge(1, 4, -3.0)];
        edges[4].verdict = Verdict::NonLink;
        settle(&mut edges);
        let links = edges.iter().filter(|e| e.verdict == Verdict::Link).count();
        assert_eq!(links, 3, "the weaker of the two that failed yields: {edges:?}");
        let mut edges = edges.to_vec();
        edges.iter_mut().for_each(|e| e.verdict = if e.total_bits < 0.0 { Verdict::NonLink } else { Verdict::Link });
        edges.push(edge(4, 3, 9.0));
        settle(&mut edges);
        assert_eq!(edges.iter().filter(|e| e.verdict == Verdict::Link).count(), 5);
    }

    #[test]
    fn a_page_may_hold_two_works_whole() {
        let mut edges = [edge(1, 2, 14.0), edge(1, 3, 9.0), edge(2, 3, -8.0)];
        edges[2].verdict = Verdict::NonLink;
        (edges[0].coverage_a, edges[1].coverage_a) = (0.5, 0.4);
        settle(&mut edges);
        assert_eq!(edges.map(|e| e.verdict), [Verdict::Link, Verdict::Link, Verdict::NonLink]);
    }

    #[test]
    fn versions_of_one_work_are_no_rivals() {
        let mut edges = [edge(1, 2, 14.0), edge(1, 3, 9.0), edge(2, 3, 8.0)];
        settle(&mut edges);
        assert_eq!(edges.map(|e| e.verdict), [Verdict::Link; 3]);
    }
}
