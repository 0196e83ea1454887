//! How are the trees grown? Gradient boosting on histograms, Newton steps on the logistic loss, with figures that
//! may speak in one direction only (Friedman, 2001; Chen and Guestrin, 2016).

use rayon::prelude::*;
use tributary::matching::trees::{Forest, Split, Tree};

/// One pair: its figures, whether it is one work, and what it weighs.
pub struct Row {
    pub figures: Vec<f32>,
    pub same: bool,
    pub weight: f32,
}

const TREES: usize = 140;
const DEPTH: usize = 4;
const RATE: f64 = 0.12;
const BINS: usize = 48;
const RIDGE: f64 = 4.0;
/// Least sum of second derivatives in a leaf.
const LEAST: f64 = 4.0;

/// Grows a forest; `directions` says for each figure in which direction alone it may speak.
pub fn grow(rows: &[&Row], directions: &[i8]) -> Forest {
    let features = directions.len();
    let edges: Vec<Vec<f32>> = (0..features).into_par_iter().map(|f| quantiles(rows, f)).collect();
    // 0: not observed; else 1 + the number of edges below.
    let bins: Vec<Vec<u8>> = (0..features)
        .into_par_iter()
        .map(|f| {
            let bin = |x: f32| if x.is_nan() { 0 } else { 1 + edges[f].partition_point(|e| *e < x) as u8 };
            rows.iter().map(|r| bin(r.figures[f])).collect()
        })
        .collect();
    let (mut yes, mut all) = (0.0, 0.0);
    for r in rows {
        yes += f64::from(r.weight) * f64::from(u8::from(r.same));
        all += f64::from(r.weight);
    }
    let base = (yes / (all - yes)).ln();
    let mut margins = vec![base; rows.len()];
    let mut forest = Forest { base: (base / std::f64::consts::LN_2) as f32, trees: Vec::new() };
    for _ in 0..TREES {
        let slopes: Vec<(f64, f64)> = rows
            .iter()
            .zip(&margins)
            .map(|(r, m)| {
                let p = 1.0 / (1.0 + (-m).exp());
                let w = f64::from(r.weight);
                (w * (p - f64::from(u8::from(r.same))), (w * p * (1.0 - p)).max(1e-9))
            })
            .collect();
        let mut grower = Grower { bins: &bins, edges: &edges, slopes: &slopes, directions, tree: Vec::new() };
        let members: Vec<u32> = (0..rows.len() as u32).collect();
        grower.tree.push(empty());
        let mut leaves = Vec::new();
        grower.node(0, members, 0, (f64::NEG_INFINITY, f64::INFINITY), &mut leaves);
        for (members, value) in leaves {
            for m in members {
                margins[m as usize] += value;
            }
        }
        forest
            .trees
            .push(grower.tree.into_iter().map(|s| Split { value: s.value / std::f32::consts::LN_2, ..s }).collect());
    }
    forest
}

fn empty() -> Split {
    Split { feature: 0, at: 0.0, missing_left: false, left: 0, value: 0.0 }
}

fn quantiles(rows: &[&Row], f: usize) -> Vec<f32> {
    let mut values: Vec<f32> = rows.iter().map(|r| r.figures[f]).filter(|x| !x.is_nan()).collect();
    values.sort_unstable_by(f32::total_cmp);
    let mut out: Vec<f32> = (1..BINS).filter_map(|q| values.get(q * values.len() / BINS).copied()).collect();
    // Most pairs are different works: their tail is where decisions are made.
    out.extend((1..BINS).filter_map(|q| values.get(values.len() - 1 - (values.len() / 12) * q / BINS).copied()));
    out.sort_unstable_by(f32::total_cmp);
    out.dedup();
    out
}

struct Grower<'a> {
    bins: &'a [Vec<u8>],
    edges: &'a [Vec<f32>],
    slopes: &'a [(f64, f64)],
    directions: &'a [i8],
    tree: Tree,
}

#[derive(Clone, Copy)]
struct Choice {
    gain: f64,
    feature: usize,
    bin: usize,
    missing_left: bool,
    left: f64,
    right: f64,
}

impl Grower<'_> {
    /// Grows below node `at`; returns the sum of second derivatives and the expected value there.
    fn node(
        &mut self,
        at: usize,
        members: Vec<u32>,
        depth: usize,
        bounds: (f64, f64),
        leaves: &mut Vec<(Vec<u32>, f64)>,
    ) -> (f64, f64) {
        let total =
            members.iter().fold((0.0, 0.0), |s, &m| (s.0 + self.slopes[m as usize].0, s.1 + self.slopes[m as usize].1));
        let choice = if depth < DEPTH { self.choose(&members, total, bounds) } else { None };
        let Some(c) = choice else {
            let value = RATE * weight(total, bounds);
            self.tree[at].value = value as f32;
            leaves.push((members, value));
            return (total.1, value);
        };
        let column = &self.bins[c.feature];
        let (left, right): (Vec<u32>, Vec<u32>) = members.into_iter().partition(|&m| {
            let bin = usize::from(column[m as usize]);
            if bin == 0 { c.missing_left } else { bin <= c.bin }
        });
        let first = self.tree.len();
        self.tree.extend([empty(), empty()]);
        let middle = (c.left + c.right) / 2.0;
        let (low, high) = match self.directions[c.feature] {
            1 => ((bounds.0, middle), (middle, bounds.1)),
            -1 => ((middle, bounds.1), (bounds.0, middle)),
            _ => (bounds, bounds),
        };
        let (hl, vl) = self.node(first, left, depth + 1, low, leaves);
        let (hr, vr) = self.node(first + 1, right, depth + 1, high, leaves);
        let value = (hl * vl + hr * vr) / (hl + hr);
        self.tree[at] = Split {
            feature: c.feature as u16,
            at: self.edges[c.feature][c.bin - 1],
            missing_left: c.missing_left,
            left: first as u16,
            value: value as f32,
        };
        (hl + hr, value)
    }

    fn choose(&self, members: &[u32], total: (f64, f64), bounds: (f64, f64)) -> Option<Choice> {
        let here = gain(total, weight(total, bounds));
        (0..self.bins.len())
            .into_par_iter()
            .filter_map(|f| {
                let mut sums = vec![(0.0, 0.0); self.edges[f].len() + 2];
                for &m in members {
                    let s = &mut sums[usize::from(self.bins[f][m as usize])];
                    s.0 += self.slopes[m as usize].0;
                    s.1 += self.slopes[m as usize].1;
                }
                let mut best: Option<Choice> = None;
                for missing_left in [true, false] {
                    let mut left = if missing_left { sums[0] } else { (0.0, 0.0) };
                    // Bin b holds what lies above edge b - 2 and at or below edge b - 1.
                    for (bin, sum) in sums.iter().enumerate().take(self.edges[f].len() + 1).skip(1) {
                        left = (left.0 + sum.0, left.1 + sum.1);
                        let right = (total.0 - left.0, total.1 - left.1);
                        if left.1 < LEAST || right.1 < LEAST {
                            continue;
                        }
                        let (wl, wr) = (weight(left, bounds), weight(right, bounds));
                        if self.directions[f] as f64 * (wr - wl) < 0.0 {
                            continue;
                        }
                        let gain = gain(left, wl) + gain(right, wr) - here;
                        if gain > 1e-3 && best.is_none_or(|b| gain > b.gain) {
                            best = Some(Choice { gain, feature: f, bin, missing_left, left: wl, right: wr });
                        }
                    }
                }
                best
            })
            .reduce_with(|x, y| if y.gain > x.gain || y.gain == x.gain && y.feature < x.feature { y } else { x })
    }
}

fn weight(sum: (f64, f64), bounds: (f64, f64)) -> f64 {
    (-sum.0 / (sum.1 + RIDGE)).clamp(bounds.0, bounds.1)
}

/// Twice the fall of the loss at this output.
fn gain(sum: (f64, f64), w: f64) -> f64 {
    -(2.0 * sum.0 * w + (sum.1 + RIDGE) * w * w)
}
