//! Which entries are pages of several works?

use super::{HELD_WHOLE, Link, MAINLY, Neighbours, OVERLAPPING};
use crate::model::{Edge, Extent, Node};

/// What stands beside a text that is most of a page is an appendix if it is no more than this.
const APPENDIX: f32 = 0.2;

/// Whether a page holds a text whole beside much else. What is most of it must be shorter too: a translation of which some
/// sentences were not recognised is none of its parts.
fn is_part(page: &Node, text: &Node, edge: Edge) -> bool {
    let is_shorter = text.text_len as f32 <= page.text_len as f32 * HELD_WHOLE;
    edge.coverage_b >= HELD_WHOLE && edge.coverage_a < HELD_WHOLE && (edge.coverage_a < MAINLY || is_shorter)
}

/// Which entries hold two whole texts side by side that are not linked: two works, or two halves of one. Together they
/// are at least so much of the entry, each of them is less than `most`.
pub(super) fn holders(nodes: &[&Node], links: &[Link], linked: &Neighbours, least: f32, most: f32) -> Vec<bool> {
    let mut held: Vec<Vec<(usize, f32)>> = vec![Vec::new(); nodes.len()];
    for (a, b, edge) in links {
        for (page, text, edge) in [(*a, *b, *edge), (*b, *a, edge.mirrored())] {
            let is_held = is_part(nodes[page], nodes[text], edge) && edge.coverage_a < most;
            if is_held && nodes[text].extent == Extent::Whole {
                held[page].push((text, edge.coverage_a));
            }
        }
    }
    let two = |held: &Vec<(usize, f32)>| {
        held.iter().enumerate().any(|(i, (a, of_a))| {
            held[i + 1..].iter().any(|(b, of_b)| {
                let side_by_side = (least..OVERLAPPING).contains(&(of_a + of_b)) && !linked.has(*a, *b);
                side_by_side && (of_a.max(*of_b) < MAINLY || of_a.min(*of_b) > APPENDIX)
            })
        })
    };
    held.iter().map(two).collect()
}

/// Which entries are pages of several works: those that say so of themselves, and those that hold two whole texts, unless
/// a neighbour is most of them without being one of their parts. Never said of a trusted original.
pub(super) fn digests(nodes: &[&Node], links: &[Link], linked: &Neighbours) -> Vec<bool> {
    let mut digest = holders(nodes, links, linked, 0.0, HELD_WHOLE);
    for (a, b, edge) in links {
        for (page, other, edge) in [(*a, *b, *edge), (*b, *a, edge.mirrored())] {
            digest[page] &= edge.coverage_a < MAINLY || is_part(nodes[page], nodes[other], edge);
        }
    }
    let is_digest = |i: usize| !nodes[i].trusted && (nodes[i].extent == Extent::Digest || digest[i]);
    (0..nodes.len()).map(is_digest).collect()
}
