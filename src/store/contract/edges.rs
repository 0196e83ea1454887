//! What must every store do with edges?

use super::{each, id};
use crate::model::graph::EDGES_MAX;
use crate::model::{Edge, Evidence, Verdict};
use crate::store::draft::Draft;
use crate::store::key::{Key, kind};
use crate::store::records::Stored as _;
use crate::store::{Batch, query};

fn judged(verdict: Verdict, total_bits: f32) -> Evidence {
    Evidence { findings: Vec::new(), total_bits, threshold_bits: 8.0, coverage_a: 0.7, coverage_b: 0.9, verdict }
}

#[test]
fn edges_are_found_where_the_formats_before_the_third_had_them() {
    each(|store| {
        let (first, second) = (judged(Verdict::Link, 20.0), judged(Verdict::Link, 12.0));
        let mut draft = Draft::new(store);
        draft.put_edge(id(1), id(2), &first).unwrap();
        draft.commit().unwrap();
        let mut batch = Batch::new();
        let [one, two] = [1, 2].map(|n| Key::of(kind::EDGES).entry(id(n)).bytes());
        batch.delete(one.clone());
        batch.delete(two);
        let edge = Edge::new(id(1), id(2), &first);
        let alone = |from, to| Key::of(kind::EDGE_ALONE).entry(id(from)).entry(id(to)).bytes();
        batch.put(alone(1, 2), edge.canonical().to_bytes().unwrap());
        batch.put(alone(2, 1), edge.canonical().to_bytes().unwrap());
        store.apply(batch).unwrap();
        assert_eq!(query::edges_of(store, id(1)).unwrap(), [edge]);
        assert_eq!(query::edges_of(store, id(2)).unwrap(), [edge.mirrored()]);

        // They move with the next that is written of the entry, and go with it.
        let mut draft = Draft::new(store);
        draft.put_edge(id(3), id(1), &second).unwrap();
        draft.commit().unwrap();
        let mut edges = [edge, Edge::new(id(3), id(1), &second).mirrored()];
        edges.sort_by_key(|edge| edge.b);
        assert_eq!(query::edges_of(store, id(1)).unwrap(), edges);
        assert!(store.get(&one).unwrap().is_some() && store.get(&alone(1, 2)).unwrap().is_none());
        let mut draft = Draft::new(store);
        assert_eq!(draft.delete_edges(id(1)).unwrap(), edges.map(|edge| edge.b));
        draft.commit().unwrap();
        assert!([1, 2, 3].iter().all(|n| query::edges_of(store, id(*n)).unwrap().is_empty()));
        assert_eq!(store.get(&alone(2, 1)).unwrap(), None);
    });
}

#[test]
fn an_entry_keeps_so_many_edges_and_the_others_have_the_rest() {
    each(|store| {
        let evidence = judged(Verdict::Link, 20.0);
        let mut draft = Draft::new(store);
        let most = EDGES_MAX as u32;
        for n in 1..most + 2 {
            draft.put_edge(id(0), id(n), &evidence).unwrap();
        }
        draft.commit().unwrap();
        assert_eq!(query::edges_of(store, id(0)).unwrap().len(), EDGES_MAX);
        assert_eq!(query::edges_of(store, id(most + 1)).unwrap().len(), 1);
    });
}

#[test]
fn an_edge_that_is_judged_different_goes_and_a_veto_stays() {
    each(|store| {
        let edges = |n| query::edges_of(store, id(n)).unwrap().len();
        let put = |a, b, evidence: Evidence| {
            let mut draft = Draft::new(store);
            draft.put_edge(id(a), id(b), &evidence).unwrap();
            draft.commit().unwrap();
        };
        put(1, 2, judged(Verdict::Link, 20.0));
        put(1, 3, judged(Verdict::NonLink, crate::model::graph::VETO_BITS));
        put(1, 4, judged(Verdict::NonLink, 2.0));
        assert_eq!((edges(1), edges(2), edges(3), edges(4)), (2, 1, 1, 0));
        put(2, 1, judged(Verdict::NonLink, 2.0));
        assert_eq!((edges(1), edges(2)), (1, 0));
        assert!(query::evidence(store, id(1), id(2)).unwrap().is_none());
    });
}
