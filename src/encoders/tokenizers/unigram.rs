//! Which pieces make up a text most probably?
//!
//! The unigram model of SentencePiece (Kudo 2018, "Subword Regularization"): the segmentation whose pieces have the
//! highest sum of scores, found by dynamic programming (Viterbi) over the bytes of the text.

use super::trie::Trie;

/// SentencePiece's penalty: a character that no piece covers scores this much less than the rarest piece.
const UNKNOWN_PENALTY: f32 = 10.0;

/// The best way to reach a byte of the text.
#[derive(Clone, Copy)]
struct Step {
    score: f32,
    from: u32,
    piece: u32,
}

/// Pieces with their scores, the natural logarithms of their probabilities.
pub struct Unigram {
    trie: Trie,
    scores: Vec<f32>,
    unknown: u32,
    unknown_score: f32,
}

impl Unigram {
    /// `pieces` are the texts that may be found, with their ids; `scores` those of all ids; `unknown` is the id of
    /// what no piece covers.
    pub fn new<'a>(pieces: impl Iterator<Item = (&'a [u8], u32)>, scores: Vec<f32>, unknown: u32) -> Self {
        let lowest = scores.iter().copied().fold(f32::INFINITY, f32::min);
        Self { trie: Trie::new(pieces), scores, unknown, unknown_score: lowest - UNKNOWN_PENALTY }
    }

    /// The natural logarithm of the probability of a piece.
    #[inline]
    pub fn score(&self, piece: u32) -> f32 {
        self.scores.get(piece as usize).copied().unwrap_or(0.0)
    }
}

/// Cuts texts with one vocabulary, keeping its table from one text to the next.
pub struct Segmenter<'a> {
    unigram: &'a Unigram,
    steps: Vec<Step>,
}

impl<'a> Segmenter<'a> {
    /// A segmenter by this vocabulary.
    pub fn new(unigram: &'a Unigram) -> Self {
        Self { unigram, steps: Vec::new() }
    }

    /// Appends the ids of the most probable pieces of `text` to `ids`. `text` must be UTF-8, blanks written as U+2581.
    pub fn cut(&mut self, text: &[u8], ids: &mut Vec<u32>) {
        let Unigram { trie, scores, unknown, unknown_score } = self.unigram;
        self.steps.clear();
        self.steps.resize(text.len() + 1, Step { score: f32::NEG_INFINITY, from: 0, piece: *unknown });
        self.steps[0].score = 0.0;
        let mut at = 0;
        while at < text.len() {
            let width = width(text[at]).min(text.len() - at);
            let here = self.steps[at].score;
            let steps = &mut self.steps[at..];
            let mut reach = |length: usize, score: f32, piece: u32| {
                // Of equally good ways the one found first stays: the piece that begins earlier.
                if score > steps[length].score {
                    steps[length] = Step { score, from: at as u32, piece };
                }
            };
            trie.prefixes(&text[at..], |length, piece| {
                let score = scores.get(piece as usize).copied().unwrap_or(f32::NEG_INFINITY);
                reach(length, here + score, piece);
            });
            reach(width, here + unknown_score, *unknown);
            at += width;
        }
        let first = ids.len();
        let mut at = text.len();
        while at > 0 {
            let step = self.steps[at];
            ids.push(step.piece);
            at = step.from as usize;
        }
        ids[first..].reverse();
    }
}

/// Bytes of the UTF-8 character that begins with `byte`.
#[inline]
fn width(byte: u8) -> usize {
    match byte {
        0..0xC0 => 1,
        0xC0..0xE0 => 2,
        0xE0..0xF0 => 3,
        0xF0.. => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_probable_pieces_win() {
        let pieces = [("<unk>", 0.0), ("▁", -3.0), ("a", -4.0), ("b", -4.0), ("ab", -7.0), ("▁ab", -9.5), ("ба", -5.0)];
        let unigram = Unigram::new(
            pieces.iter().zip(0..).skip(1).map(|(piece, id)| (piece.0.as_bytes(), id)),
            pieces.iter().map(|piece| piece.1).collect(),
            0,
        );
        let check = |text: &str, expected: &[u32]| {
            let mut ids = Vec::new();
            Segmenter::new(&unigram).cut(text.as_bytes(), &mut ids);
            assert_eq!(ids, expected, "{text}");
        };
        check("▁ab", &[5]);
        check("ab", &[4]);
        check("▁aab", &[1, 2, 4]);
        check("abба", &[4, 6]);
        // One unknown piece for each character, whatever its width.
        check("a漢字b", &[2, 0, 0, 3]);
        check("", &[]);
    }
}
