//! Which sentences of two texts are each other's best match, and how much of both texts do they cover?

use crate::model::{Alignment, Profile, Rarity, Sentence, Vectors};

use super::calibration::Scale;

/// Windows that are compared where texts run in parallel: a window and its two neighbours on both sides.
const REACH: usize = 2;

/// Cosines of all vectors of `a` with all of `b`, row by row.
fn cosines(a: &[&[i8]], b: &[&[i8]]) -> Vec<f32> {
    let norm = |v: &[i8]| (dot(v, v) as f32).sqrt().max(1.0);
    let norms: Vec<f32> = b.iter().map(|v| norm(v)).collect();
    let mut out = Vec::with_capacity(a.len() * b.len());
    for row in a {
        let n = norm(row);
        out.extend(b.iter().zip(&norms).map(|(col, m)| dot(row, col) as f32 / (n * m)));
    }
    out
}

fn dot(a: &[i8], b: &[i8]) -> i32 {
    // Products of 8 bits fit 16, and a fixed width lets the compiler keep eight or sixteen of them in a register.
    let (a_chunks, b_chunks) = (a.chunks_exact(32), b.chunks_exact(32));
    let tail: i32 =
        a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(x, y)| i32::from(*x) * i32::from(*y)).sum();
    let mut sum = 0_i32;
    for (x, y) in a_chunks.zip(b_chunks) {
        let mut part = 0_i32;
        for k in 0..32 {
            part += i32::from(i16::from(x[k]) * i16::from(y[k]));
        }
        sum += part;
    }
    sum + tail
}

/// Scores of the static windows: where the texts run in parallel, and wherever windows stand. Both are the sum
/// of the cosines of mutually best windows, divided by their number.
pub fn windows(a: &Profile, b: &Profile) -> (f32, f32) {
    let d = crate::encoders::xling::DIMENSIONS;
    let rows: Vec<&[i8]> = a.windows.chunks_exact(d).collect();
    let cols: Vec<&[i8]> = b.windows.chunks_exact(d).collect();
    if rows.is_empty() || cols.is_empty() {
        return (f32::NAN, f32::NAN);
    }
    let cos = cosines(&rows, &cols);
    let (n, m) = (rows.len(), cols.len());
    let score = |allowed: &dyn Fn(usize, usize) -> bool| {
        let best_of_row =
            |i: usize| (0..m).filter(|&j| allowed(i, j)).max_by(|&x, &y| cos[i * m + x].total_cmp(&cos[i * m + y]));
        let best_of_col =
            |j: usize| (0..n).filter(|&i| allowed(i, j)).max_by(|&x, &y| cos[x * m + j].total_cmp(&cos[y * m + j]));
        let sum: f32 = (0..n)
            .filter_map(|i| best_of_row(i).filter(|&j| best_of_col(j) == Some(i)).map(|j| cos[i * m + j].max(0.0)))
            .sum();
        sum / n.max(m) as f32
    };
    (score(&|i, j| i.abs_diff(j) <= REACH), score(&|_, _| true))
}

/// A sentence that takes part in the comparison.
struct Part {
    /// Its number in the text.
    index: usize,
    /// What it weighs: longer ones say more, up to a point.
    weight: f32,
}

fn parts(sentences: &[Sentence], encoded: usize, rarity: &Rarity) -> Vec<Part> {
    let part = |(index, s): (usize, &Sentence)| Part { index, weight: (f32::from(s.length) / 100.0).clamp(0.2, 1.6) };
    let all: Vec<(usize, &Sentence)> = sentences.iter().take(encoded).enumerate().collect();
    let own: Vec<Part> = all.iter().copied().filter(|(_, s)| !rarity.is_template(s.hash)).map(part).collect();
    // Where everything is a template there is nothing else to compare.
    if own.len() * 5 < all.len() { all.into_iter().map(part).collect() } else { own }
}

/// Aligns the sentences of two profiles that have vectors of one encoder.
pub fn sentences(a: &Profile, b: &Profile, encoder: &str, scale: Scale, rarity: &Rarity) -> Option<Alignment> {
    let (va, vb) = (a.vectors_of(encoder)?, b.vectors_of(encoder)?);
    let (pa, pb) = (parts(&a.sentences, va.sentences(), rarity), parts(&b.sentences, vb.sentences(), rarity));
    let rows: Vec<&[i8]> = pa.iter().map(|p| va.sentence(p.index)).collect();
    let cols: Vec<&[i8]> = pb.iter().map(|p| vb.sentence(p.index)).collect();
    let cos = cosines(&rows, &cols);
    let matrix = Matrix { cos, n: pa.len(), m: pb.len() };
    let mut out = matrix.align(&pa, &pb, scale);
    in_place(&mut out, a, b, scale);
    out.title = title(va, vb);
    Some(out)
}

/// Do matching sentences name the same numbers and names? Templates match without.
fn in_place(found: &mut Alignment, a: &Profile, b: &Profile, scale: Scale) {
    let (mut figures, mut same_figures) = (0.0, 0.0);
    let (mut names, mut same_names) = (0.0, 0.0);
    let (mut all, mut quoted_a, mut quoted_b) = (1e-6, 0.0, 0.0);
    for &(i, j, _) in found.pairs.iter().filter(|p| p.2 >= scale.none) {
        let (Some(x), Some(y)) = (a.sentences.get(i), b.sentences.get(j)) else { continue };
        let weight = f32::from(x.length.min(y.length));
        all += weight;
        quoted_a += if x.quoted && !y.quoted { weight } else { 0.0 };
        quoted_b += if y.quoted && !x.quoted { weight } else { 0.0 };
        if x.figures != 0 && y.figures != 0 {
            figures += 1.0;
            same_figures += f32::from(u8::from(x.figures & y.figures != 0));
        }
        if x.names != 0 && y.names != 0 {
            let fewer = x.names.count_ones().min(y.names.count_ones()) as f32;
            names += fewer;
            same_names += ((x.names & y.names).count_ones() as f32).min(fewer);
        }
    }
    found.figures_in_place = (figures > 0.0).then(|| same_figures / figures);
    found.names_in_place = (names > 1.0).then(|| same_names / names);
    found.quoted = f32::max(quoted_a, quoted_b) / all;
}

fn title(va: &Vectors, vb: &Vectors) -> Option<f32> {
    let (ta, tb) = (va.title()?, vb.title()?);
    (!ta.is_empty() && ta.iter().any(|x| *x != 0) && tb.iter().any(|x| *x != 0)).then(|| cosines(&[ta], &[tb])[0])
}

struct Matrix {
    cos: Vec<f32>,
    n: usize,
    m: usize,
}

/// Best and second best of a row or column.
#[derive(Clone, Copy)]
struct Best {
    at: usize,
    cos: f32,
    second: f32,
}

fn best(values: impl Iterator<Item = f32>) -> Best {
    let mut out = Best { at: usize::MAX, cos: -1.0, second: -1.0 };
    for (at, cos) in values.enumerate() {
        if cos > out.cos {
            out = Best { at, cos, second: out.cos };
        } else if cos > out.second {
            out.second = cos;
        }
    }
    out.second = out.second.max(0.0);
    out
}

impl Matrix {
    fn align(&self, pa: &[Part], pb: &[Part], scale: Scale) -> Alignment {
        let (n, m) = (self.n, self.m);
        let rows: Vec<Best> = (0..n).map(|i| best((0..m).map(|j| self.cos[i * m + j]))).collect();
        let cols: Vec<Best> = (0..m).map(|j| best((0..n).map(|i| self.cos[i * m + j]))).collect();
        let mut out = Alignment { count_a: n, count_b: m, ..Alignment::default() };
        let mut weights = 0.0;
        for (i, row) in rows.iter().enumerate() {
            let Some(col) = cols.get(row.at).filter(|col| col.at == i && row.cos > 0.0) else { continue };
            let weight = (pa[i].weight + pb[row.at].weight) / 2.0;
            out.pairs.push((pa[i].index, pb[row.at].index, row.cos));
            out.sum += weight * row.cos;
            out.lead += weight * (row.cos - row.second.max(col.second));
            weights += weight;
        }
        out.lead /= f32::max(weights, 1e-6);
        out.weight_a = pa.iter().map(|p| p.weight).sum();
        out.weight_b = pb.iter().map(|p| p.weight).sum();
        let cover = |parts: &[Part], found: &[Best]| -> Vec<f32> {
            let share = |b: &Best| ((b.cos - scale.none) / (scale.full - scale.none)).clamp(0.0, 1.0);
            parts.iter().zip(found).map(|(p, b)| p.weight * share(b)).collect()
        };
        let (ca, cb) = (cover(pa, &rows), cover(pb, &cols));
        out.coverage_a = ca.iter().sum::<f32>() / out.weight_a.max(1e-6);
        out.coverage_b = cb.iter().sum::<f32>() / out.weight_b.max(1e-6);
        out.order = order(&out.pairs);
        out
    }
}

/// Share of the pairs that stand in one increasing order: the longest increasing subsequence.
fn order(pairs: &[(usize, usize, f32)]) -> f32 {
    let mut tails: Vec<usize> = Vec::new();
    for &(_, j, _) in pairs {
        let at = tails.partition_point(|&t| t < j);
        match tails.get_mut(at) {
            Some(tail) => *tail = j,
            None => tails.push(j),
        }
    }
    tails.len() as f32 / pairs.len().max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mutual_best_matches_are_found_in_order() {
        let cos = vec![0.9, 0.2, 0.1, 0.8, 0.3, 0.7];
        let matrix = Matrix { cos, n: 3, m: 2 };
        let part = |index| Part { index, weight: 1.0 };
        let found = matrix.align(&[part(0), part(1), part(2)], &[part(0), part(1)], Scale { none: 0.2, full: 0.8 });
        assert_eq!(found.pairs, [(0, 0, 0.9), (1, 1, 0.8)]);
        assert!((found.sum - 1.7).abs() < 1e-6);
        assert!((found.coverage_a - (1.0 + 1.0 + 5.0 / 6.0) / 3.0).abs() < 1e-6);
        assert_eq!(found.coverage_b, 1.0);
        assert_eq!(found.order, 1.0);
        assert!((order(&[(0, 2, 0.0), (1, 0, 0.0), (2, 1, 0.0)]) - 2.0 / 3.0).abs() < 1e-6);
    }

    #[test]
    fn products_of_bytes_do_not_overflow() {
        let v = vec![-128_i8; 512];
        assert_eq!(dot(&v, &v), 512 * 128 * 128);
    }
}
