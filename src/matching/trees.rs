//! How do figures become bits? Boosted regression trees, whose sum is split up by figure.

use serde::{Deserialize, Serialize};

/// One node; a leaf has no children (`left` is 0).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Split {
    /// Index of the figure.
    pub feature: u16,
    /// Figures at or below go left.
    pub at: f32,
    /// Whether an unobserved figure (NaN) goes left.
    pub missing_left: bool,
    /// Index of the left child; the right one follows it.
    pub left: u16,
    /// Expected output here, in bits: what the path has led to so far.
    pub value: f32,
}

/// A tree, its root first.
pub type Tree = Vec<Split>;

/// Trees whose outputs add up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct Forest {
    /// Bits before anything is observed.
    pub base: f32,
    /// The trees.
    pub trees: Vec<Tree>,
}

impl Forest {
    /// The sum, in bits.
    pub fn score(&self, figures: &[f32]) -> f32 {
        self.base + self.trees.iter().map(|t| walk(t, figures, |_, _| {})).sum::<f32>()
    }

    /// The sum, and what each figure contributed to it: the change of the expected output at the splits on it
    /// (Saabas, 2014). The contributions and the first value returned add up to the score.
    pub fn explain(&self, figures: &[f32]) -> (f32, Vec<f32>) {
        let mut bits = vec![0.0; figures.len()];
        let mut base = self.base;
        for tree in &self.trees {
            base += tree.first().map_or(0.0, |root| root.value);
            walk(tree, figures, |feature, change| {
                if let Some(b) = bits.get_mut(feature) {
                    *b += change;
                }
            });
        }
        (base, bits)
    }
}

fn walk(tree: &Tree, figures: &[f32], mut step: impl FnMut(usize, f32)) -> f32 {
    let Some(mut node) = tree.first() else { return 0.0 };
    while node.left != 0 {
        let feature = usize::from(node.feature);
        let figure = figures.get(feature).copied().unwrap_or(f32::NAN);
        let left = if figure.is_nan() { node.missing_left } else { figure <= node.at };
        let Some(next) = tree.get(usize::from(node.left) + usize::from(!left)) else { break };
        step(feature, next.value - node.value);
        node = next;
    }
    node.value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contributions_add_up_to_the_score() {
        let leaf = |value| Split { feature: 0, at: 0.0, missing_left: false, left: 0, value };
        let tree = vec![
            Split { feature: 1, at: 0.5, missing_left: true, left: 1, value: 0.2 },
            leaf(-1.0),
            Split { feature: 0, at: 2.0, missing_left: false, left: 3, value: 1.0 },
            leaf(0.5),
            leaf(3.0),
        ];
        let forest = Forest { base: -4.0, trees: vec![tree.clone(), tree] };
        for figures in [[1.0, 0.0], [1.0, 1.0], [3.0, 1.0], [3.0, f32::NAN], [f32::NAN, 1.0]] {
            let (base, bits) = forest.explain(&figures);
            assert!((base + bits.iter().sum::<f32>() - forest.score(&figures)).abs() < 1e-5, "{figures:?}");
        }
        assert_eq!(forest.score(&[3.0, 1.0]), 2.0);
        assert_eq!(forest.score(&[3.0, f32::NAN]), -6.0);
    }
}
