//! What is a text about, roughly and at once? A static embedding of about 100 languages: it finds candidates.
//!
//! A token is a row of the table, a text the weighted sum of its tokens' rows; no row looks at another, so sums may be
//! added and subtracted (m:n alignment from prefix sums). Rare tokens weigh more (Arora et al. 2017, "A simple but
//! tough-to-beat baseline for sentence embeddings"). It never decides about short texts: it does not know word order.
//! Take the language's mean vector from a sum before comparing: the languages stand apart otherwise.

use std::sync::OnceLock;

use super::numbers::bytes::f16_at;
use super::tokenizers::xlm_r::{Layout, tokenizer};

/// Length of the vectors.
pub const DIMENSIONS: usize = 256;
/// A vector of [`DIMENSIONS`] numbers.
pub type Vector = [f32; DIMENSIONS];

/// Arora's a: a token of this probability weighs a half. 1e-4 is what the table was made and measured with.
const HALF_WEIGHT: f32 = 1e-4;

struct Table {
    scales: &'static [u8],
    rows: &'static [u8],
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| match Layout::read(tributary_models::XLING) {
        Ok(layout) if layout.dimensions == DIMENSIONS => Table { scales: layout.scales, rows: layout.rows },
        Ok(layout) => panic!("the table of xling has {} columns", layout.dimensions),
        Err(damaged) => panic!("{damaged}"),
    })
}

/// The ids of the tokens of a text (XLM-R's, see `xlm_r`).
pub fn tokens(text: &str) -> Vec<u32> {
    tokenizer().ids(text)
}

/// What a token weighs, 0 to 1: a / (a + p), p being its probability.
#[inline]
pub fn weight(token: u32) -> f32 {
    HALF_WEIGHT / (HALF_WEIGHT + tokenizer().probability(token))
}

/// `n` windows over a text, in its order, each the mean of its tokens' weighted rows; none for a text without a token.
///
/// A token at relative position x (0 to 1) belongs to the windows whose centres (i + ½) / n lie within one window's
/// width of it, the less the farther: so windows do not depend on how sentences were split, and a shifted paragraph
/// moves weight to the neighbour. Vectors are neither centred nor normalised.
pub fn windows(text: &str, n: usize) -> Vec<Vector> {
    windows_of(&tokens(text), n)
}

/// [`windows`] of a text whose tokens are known.
pub fn windows_of(tokens: &[u32], n: usize) -> Vec<Vector> {
    if tokens.is_empty() || n == 0 {
        return Vec::new();
    }
    let table = table();
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            let mut sums = vec![[0.0; DIMENSIONS]; n];
            let mut shares = vec![0.0f32; n];
            let mut row = [0.0; DIMENSIONS];
            for (i, &token) in tokens.iter().enumerate() {
                // In widths of a window, 0 at the centre of the first.
                let position = (i as f32 + 0.5) / tokens.len() as f32 * n as f32 - 0.5;
                let (lower, part) = (position.floor(), position - position.floor());
                table.row(token, weight(token), &mut row);
                for (window, share) in [(lower as isize, 1.0 - part), (lower as isize + 1, part)] {
                    if (0..n as isize).contains(&window) {
                        let window = window as usize;
                        shares[window] += share;
                        sums[window].iter_mut().zip(&row).for_each(|(sum, value)| *sum += share * value);
                    }
                }
            }
            // Fewer tokens than windows leave some without any: they take what their nearest neighbour has.
            for (sum, share) in sums.iter_mut().zip(&shares).filter(|(_, share)| **share > 0.0) {
                sum.iter_mut().for_each(|value| *value /= share);
            }
            fill_gaps(&mut sums, &shares);
            sums
        },
    )
}

fn fill_gaps(sums: &mut [Vector], shares: &[f32]) {
    for empty in (0..sums.len()).filter(|&i| shares[i] <= 0.0) {
        let nearest = (0..sums.len()).filter(|&i| shares[i] > 0.0).min_by_key(|&i| i.abs_diff(empty));
        if let Some(nearest) = nearest {
            sums[empty] = sums[nearest];
        }
    }
}

/// The weighted sum of the rows of a text's tokens: neither centred nor normalised, so that sums add.
pub fn sentence(text: &str) -> Vector {
    sum(&tokens(text))
}

/// [`sentence`] of a text whose tokens are known.
pub fn sum(tokens: &[u32]) -> Vector {
    let table = table();
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            let mut sum = [0.0; DIMENSIONS];
            let mut row = [0.0; DIMENSIONS];
            for &token in tokens {
                table.row(token, weight(token), &mut row);
                sum.iter_mut().zip(&row).for_each(|(sum, value)| *sum += value);
            }
            sum
        },
    )
}

impl Table {
    /// Writes a token's row, times `factor`.
    #[inline(always)]
    fn row(&self, token: u32, factor: f32, out: &mut Vector) {
        const BYTES: usize = DIMENSIONS / 2;
        let scale = factor * f16_at(self.scales, token as usize);
        let nibbles = self.rows.get(token as usize * BYTES..).and_then(|rest| rest.first_chunk::<BYTES>());
        let Some(nibbles) = nibbles else { return out.fill(0.0) };
        for (pair, &byte) in out.as_chunks_mut::<2>().0.iter_mut().zip(nibbles) {
            *pair = [(i32::from(byte & 15) - 8) as f32 * scale, (i32::from(byte >> 4) - 8) as f32 * scale];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoders::recorded::{check_vectors, sentences};

    #[test]
    fn its_vectors_are_those_of_the_definition() {
        let sentences = sentences();
        let sums: Vec<Vec<f32>> = sentences.iter().map(|sentence| super::sentence(&sentence.text).to_vec()).collect();
        check_vectors(0.., &sums, "xling.f16", 0.99999);
        let long = sentences.last().unwrap();
        let windows: Vec<Vec<f32>> = windows(&long.text, 16).iter().map(|window| window.to_vec()).collect();
        check_vectors(0.., &windows, "xling-windows.f16", 0.99999);
    }

    #[test]
    fn a_text_shorter_than_its_windows_repeats_them() {
        let windows = windows("Ciao", 16);
        assert_eq!(windows.len(), 16);
        assert!(windows.iter().all(|window| window.iter().any(|x| *x != 0.0)));
        assert_eq!(windows_of(&[], 16), Vec::<Vector>::new());
    }

    #[test]
    fn rare_tokens_weigh_more() {
        let [comma, rare] = [",", " defenestration"].map(|text| tokens(text).iter().map(|&id| weight(id)).sum::<f32>());
        assert!(comma < 0.01 && rare > 0.5, "{comma} {rare}");
    }
}
