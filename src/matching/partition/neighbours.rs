//! Which entries are linked with which?

/// For each node of a graph some others, as indexes in their order.
pub(super) struct Neighbours(Vec<Vec<usize>>);

impl Neighbours {
    /// Of so many nodes; of each pair the first has the second.
    pub(super) fn new(nodes: usize, pairs: impl Iterator<Item = (usize, usize)>) -> Self {
        let mut of = vec![Vec::new(); nodes];
        pairs.for_each(|(a, b)| of[a].push(b));
        of.iter_mut().for_each(|others| others.sort_unstable());
        Self(of)
    }

    /// The others of a node.
    pub(super) fn of(&self, node: usize) -> &[usize] {
        &self.0[node]
    }

    /// Whether one is among those of another.
    pub(super) fn has(&self, node: usize, other: usize) -> bool {
        self.0[node].binary_search(&other).is_ok()
    }
}
