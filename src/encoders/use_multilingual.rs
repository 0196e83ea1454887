//! Do two sentences in any of 16 languages mean the same? Universal Sentence Encoder, multilingual, version 3.
//!
//! Yang et al. 2019, "Multilingual Universal Sentence Encoder for Semantic Retrieval": embeddings of the tokens, three
//! branches of n-gram convolutions (2, 3 and 5 tokens) with two layers each, the mean, and a network of four layers
//! with shortcuts. Layout of the file: models/use-multilingual-v3/README.md.

use std::sync::OnceLock;

use pulp::Simd;

use super::numbers::bytes::{Damaged, Reader, u32_at};
use super::numbers::functions::{layer_norm, normalise, relu, tanh};
use super::numbers::product::{PANEL, PanelRow, Weights, add_product, product};
use super::tokenizers::sentence_piece::SentencePiece;
use crate::model::{Encoder, Language};

/// The encoder, one of `encoders::ALL`.
pub const ENCODER: Encoder =
    Encoder { name: "use-multilingual-v3", dimensions: DIMENSIONS, sentences: SENTENCES, covers, write, encode };

/// A 1,000-word essay has some 50; 64 vectors of 512 bytes keep a profile below 40 KB.
const SENTENCES: usize = 64;

/// The languages it was trained on (its model card); Indonesian works too, though unlisted.
const LANGUAGES: [&str; 15] =
    ["ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh"];

const DIMENSIONS: usize = 512;
/// Width of a branch.
const BRANCH: usize = 256;
/// Tokens of an n-gram, and how many of them stand before the token.
const BRANCHES: [(usize, usize); 3] = [(2, 0), (3, 1), (5, 2)];
/// A token's features: its embedding and what each branch makes of it.
const FEATURES: usize = DIMENSIONS + BRANCHES.len() * BRANCH;
const EPSILON: f32 = 1e-12;

const UNKNOWN: u32 = 0;
const BEGIN: u32 = 1;
const END: u32 = 2;

/// Tokens that go through the network together: enough to hide the unpacking of the weights (`numbers::product`),
/// few enough for the second-level cache (384 x 1,280 numbers are 2 MB).
const BATCH_TOKENS: usize = 384;

fn covers(language: &Language) -> bool {
    LANGUAGES.contains(&language.primary())
}

/// Chinese in simplified characters: of the traditional ones it knows few. Measured on the corpus: the median cosine of
/// counterparts between English and traditional Chinese rises from .58 to .71.
fn write(text: &str, language: Option<&Language>) -> String {
    match language {
        Some(language) if language.primary() == "zh" => fast2s::convert(text),
        _ => text.to_owned(),
    }
}

fn model() -> &'static Model {
    static MODEL: OnceLock<Model> = OnceLock::new();
    MODEL.get_or_init(|| match Model::read() {
        Ok(model) => model,
        Err(damaged) => panic!("{damaged}"),
    })
}

fn encode(texts: &[&str]) -> Vec<Vec<f32>> {
    let model = model();
    let mut vectors = Vec::with_capacity(texts.len());
    let mut batch = Batch::default();
    for text in texts {
        let ids = model.tokenizer.ids(text);
        if !batch.tokens.is_empty() && batch.tokens.len() + ids.len() + 2 > BATCH_TOKENS {
            model.forward(&batch, &mut vectors);
            batch = Batch::default();
        }
        batch.push(&ids);
    }
    model.forward(&batch, &mut vectors);
    vectors
}

/// Sentences, one after the other.
#[derive(Default)]
struct Batch {
    tokens: Vec<u32>,
    /// Where each sentence ends in `tokens`, and whether it has a token of its own.
    ends: Vec<(usize, bool)>,
}

impl Batch {
    fn push(&mut self, ids: &[u32]) {
        self.tokens.push(BEGIN);
        self.tokens.extend_from_slice(ids);
        self.tokens.push(END);
        self.ends.push((self.tokens.len(), !ids.is_empty()));
    }
}

struct Branch {
    convolutions: [(Matrix, Vec<f32>); 2],
}

struct Model {
    tokenizer: SentencePiece,
    table: Table,
    projections: Vec<(Matrix, Vec<f32>)>,
    projected_norm: (Vec<f32>, Vec<f32>),
    branches: Vec<Branch>,
    norm: (Vec<f32>, Vec<f32>),
    output: (Matrix, Vec<f32>),
    d0: Matrix,
    p1: Matrix,
    d1: Matrix,
    d2: Matrix,
    p3: Matrix,
    d3: Matrix,
}

impl Model {
    fn read() -> Result<Self, Damaged> {
        let mut file = Reader::new(tributary_models::USE, b"USE1", "use-multilingual-v3.bin")?;
        let table = Table::read(&mut file)?;
        let (mut projections, mut gamma, mut beta, mut branches) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in BRANCHES {
            projections.push((Matrix::read(&mut file)?, vector(&mut file)?));
            gamma.extend(vector(&mut file)?);
            beta.extend(vector(&mut file)?);
            let first = (Matrix::read(&mut file)?, vector(&mut file)?);
            let second = (Matrix::read(&mut file)?, vector(&mut file)?);
            branches.push(Branch { convolutions: [first, second] });
        }
        Ok(Self {
            tokenizer: SentencePiece::new(tributary_models::USE_VOCABULARY, "sp.model", UNKNOWN)?,
            table,
            projections,
            projected_norm: (gamma, beta),
            branches,
            norm: (vector(&mut file)?, vector(&mut file)?),
            output: (Matrix::read(&mut file)?, vector(&mut file)?),
            d0: Matrix::read(&mut file)?,
            p1: Matrix::read(&mut file)?,
            d1: Matrix::read(&mut file)?,
            d2: Matrix::read(&mut file)?,
            p3: Matrix::read(&mut file)?,
            d3: Matrix::read(&mut file)?,
        })
    }

    fn forward(&self, batch: &Batch, vectors: &mut Vec<Vec<f32>>) {
        let features = self.features(batch);
        let means = self.means(batch, &features);
        let rows = batch.ends.len();
        let layer = |width: usize, inputs: &[(&[f32], &Matrix)]| {
            let mut out = vec![0.0; rows * width];
            for (input, weights) in inputs {
                add_product(input, *weights, &mut out);
            }
            out
        };
        let mut y0 = layer(self.d0.outputs, &[(&means, &self.d0)]);
        relu(&mut y0);
        let mut y1 = layer(self.p1.outputs, &[(&means, &self.p1), (&y0, &self.d1)]);
        relu(&mut y1);
        let mut y2 = layer(self.d2.outputs, &[(&y1, &self.d2)]);
        relu(&mut y2);
        let mut y3 = layer(DIMENSIONS, &[(&y1, &self.p3), (&y2, &self.d3)]);
        tanh(&mut y3);
        for (vector, (_, has_token)) in y3.chunks_exact_mut(DIMENSIONS).zip(&batch.ends) {
            normalise(vector);
            vectors.push(if *has_token { vector.to_vec() } else { vec![0.0; DIMENSIONS] });
        }
    }

    /// One row of [`FEATURES`] a token, normalised.
    fn features(&self, batch: &Batch) -> Vec<f32> {
        let tokens = batch.tokens.len();
        let mut embedded = vec![0.0; tokens * DIMENSIONS];
        for (row, &token) in embedded.chunks_exact_mut(DIMENSIONS).zip(&batch.tokens) {
            self.table.row(token, row);
        }
        // The three projections are normalised together, as one row.
        let width = BRANCHES.len() * BRANCH;
        let mut projected = vec![0.0; tokens * width];
        let mut branch = vec![0.0; tokens * BRANCH];
        for (i, (weights, bias)) in self.projections.iter().enumerate() {
            product(&embedded, weights, bias, &mut branch);
            copy_columns(&branch, BRANCH, 0, &mut projected, width, i * BRANCH);
        }
        layer_norm(&mut projected, &self.projected_norm.0, &self.projected_norm.1, EPSILON);

        let mut features = vec![0.0; tokens * FEATURES];
        copy_columns(&embedded, DIMENSIONS, 0, &mut features, FEATURES, 0);
        let (mut windows, mut convolved) = (Vec::new(), vec![0.0; tokens * BRANCH]);
        for (i, (layers, (n, before))) in self.branches.iter().zip(BRANCHES).enumerate() {
            copy_columns(&projected, width, i * BRANCH, &mut branch, BRANCH, 0);
            for (weights, bias) in &layers.convolutions {
                n_grams(&branch, batch, n, before, &mut windows);
                product(&windows, weights, bias, &mut convolved);
                branch.iter_mut().zip(&convolved).for_each(|(x, y)| *x += y.max(0.0));
            }
            copy_columns(&branch, BRANCH, 0, &mut features, FEATURES, DIMENSIONS + i * BRANCH);
        }
        layer_norm(&mut features, &self.norm.0, &self.norm.1, EPSILON);
        features
    }

    /// The sum of each sentence's features, projected, over the square root of its length: the projection is linear,
    /// so it comes after the sum.
    fn means(&self, batch: &Batch, features: &[f32]) -> Vec<f32> {
        let rows = batch.ends.len();
        let mut sums = vec![0.0; rows * FEATURES];
        let mut means = vec![0.0; rows * DIMENSIONS];
        let mut start = 0;
        for (i, &(end, _)) in batch.ends.iter().enumerate() {
            let sum = &mut sums[i * FEATURES..(i + 1) * FEATURES];
            for token in features[start * FEATURES..end * FEATURES].chunks_exact(FEATURES) {
                sum.iter_mut().zip(token).for_each(|(sum, x)| *sum += x);
            }
            let length = (end - start) as f32;
            let mean = &mut means[i * DIMENSIONS..(i + 1) * DIMENSIONS];
            mean.iter_mut().zip(&self.output.1).for_each(|(mean, bias)| *mean = length * bias);
            start = end;
        }
        add_product(&sums, &self.output.0, &mut means);
        let mut start = 0;
        for (mean, &(end, _)) in means.chunks_exact_mut(DIMENSIONS).zip(&batch.ends) {
            let factor = 1.0 / ((end - start) as f32).sqrt();
            mean.iter_mut().for_each(|x| *x *= factor);
            start = end;
        }
        means
    }
}

/// Copies as many columns as the narrower of the two has.
fn copy_columns(from: &[f32], width: usize, first: usize, to: &mut [f32], to_width: usize, to_first: usize) {
    let count = (width - first).min(to_width - to_first);
    for (from, to) in from.chunks_exact(width).zip(to.chunks_exact_mut(to_width)) {
        to[to_first..to_first + count].copy_from_slice(&from[first..first + count]);
    }
}

/// For each token the rows of `n` tokens, `before` of which stand before it; zeros past the ends of its sentence.
fn n_grams(rows: &[f32], batch: &Batch, n: usize, before: usize, out: &mut Vec<f32>) {
    out.clear();
    out.resize(batch.tokens.len() * n * BRANCH, 0.0);
    let mut start = 0;
    for &(end, _) in &batch.ends {
        for token in start..end {
            let window = &mut out[token * n * BRANCH..(token + 1) * n * BRANCH];
            // In `usize`, a place before the sentence wraps to one far behind it.
            for (slot, to) in window.chunks_exact_mut(BRANCH).enumerate() {
                let at = (token + slot).wrapping_sub(before);
                if (start..end).contains(&at) {
                    to.copy_from_slice(&rows[at * BRANCH..(at + 1) * BRANCH]);
                }
            }
        }
        start = end;
    }
}

fn vector(file: &mut Reader) -> Result<Vec<f32>, Damaged> {
    let count = file.count()?;
    file.f32s(count)
}

/// A matrix in whole multiples of one scale.
struct Matrix {
    inputs: usize,
    outputs: usize,
    scale: f32,
    panels: &'static [u8],
}

impl Matrix {
    fn read(file: &mut Reader<'static>) -> Result<Self, Damaged> {
        let (inputs, outputs, scale) = (file.count()?, file.count()?, f32::from_bits(file.u32()?));
        Ok(Self { inputs, outputs, scale, panels: file.bytes(inputs * outputs)? })
    }
}

impl Weights for Matrix {
    fn inputs(&self) -> usize {
        self.inputs
    }

    fn outputs(&self) -> usize {
        self.outputs
    }

    #[inline(always)]
    fn unpack<S: Simd>(&self, simd: S, panel: usize, first: usize, out: &mut [PanelRow]) {
        let rows = self.panels[(panel * self.inputs + first) * PANEL..].as_chunks::<PANEL>().0;
        let factors = PanelRow([self.scale; PANEL]);
        for (out, row) in out.iter_mut().zip(rows) {
            out.set(simd, &row.map(|level| f32::from(level as i8)), &factors);
        }
    }
}

/// Levels of an embedding.
const LEVELS: usize = 64;
/// Longest code of a level, in bits.
const LONGEST: u32 = 11;

/// The embeddings: each row Huffman-coded with one of its chunk's codes, read when a token needs it.
struct Table {
    chunks: usize,
    rows: usize,
    classes: usize,
    /// The value of each level, by chunk.
    values: Vec<[f32; LEVELS]>,
    /// What the next bits stand for, by chunk and class: the level, and in the lowest 4 bits its code's length.
    codes: Vec<[u16; 1 << LONGEST]>,
    /// Where each row begins in `stream`, in bits.
    offsets: &'static [u8],
    stream: &'static [u8],
}

impl Table {
    fn read(file: &mut Reader<'static>) -> Result<Self, Damaged> {
        let damaged = Damaged("use-multilingual-v3.bin");
        let (chunks, rows, dimensions, classes) = (file.count()?, file.count()?, file.count()?, file.count()?);
        if dimensions != DIMENSIONS || classes > 4 || chunks == 0 {
            return Err(damaged);
        }
        let (scales, lows) = (file.f32s(chunks)?, file.f32s(chunks)?);
        let values = scales.iter().zip(&lows).map(|(scale, low)| std::array::from_fn(|i| i as f32 * scale + low));
        let lengths = file.bytes(chunks * classes * LEVELS)?;
        let offsets = file.bytes(chunks * rows * 4)?;
        let stream = file.count()?;
        Ok(Self {
            chunks,
            rows,
            classes,
            values: values.collect(),
            codes: lengths.chunks_exact(LEVELS).map(decoder).collect(),
            offsets,
            stream: file.bytes(stream)?,
        })
    }

    fn row(&self, token: u32, out: &mut [f32]) {
        let (chunk, row) = (token as usize % self.chunks, token as usize / self.chunks);
        let bit = u32_at(self.offsets, chunk * self.rows + row) as usize;
        let mut bits = Bits { stream: self.stream, at: bit };
        let class = (bits.peek() & 3) as usize % self.classes;
        bits.at += 2;
        let (values, codes) = (&self.values[chunk], &self.codes[chunk * self.classes + class]);
        // A look at the stream gives 57 bits or more: five codes.
        for out in out.chunks_mut(5) {
            let mut window = bits.peek();
            for out in out {
                let code = codes[window as usize % (1 << LONGEST)];
                *out = values[usize::from(code >> 4) % LEVELS];
                window >>= code & 15;
                bits.at += usize::from(code & 15);
            }
        }
    }
}

/// A place in a stream of bits, the lowest bit of a byte first.
struct Bits {
    stream: &'static [u8],
    at: usize,
}

impl Bits {
    /// The next bits, at least 57 of them good.
    #[inline]
    fn peek(&self) -> u64 {
        let word = self.stream.get(self.at / 8..).and_then(|rest| rest.first_chunk());
        word.map_or(0, |word| u64::from_le_bytes(*word)) >> (self.at % 8)
    }
}

/// The table that reads a canonical Huffman code, given the length of each level's code (0: does not occur).
///
/// Codes are numbered by length, then level; their first bit is the lowest, so that what follows does not disturb.
fn decoder(lengths: &[u8]) -> [u16; 1 << LONGEST] {
    let mut table = [0; 1 << LONGEST];
    let mut code = 0u32;
    for length in 1..=LONGEST {
        for (level, _) in lengths.iter().enumerate().filter(|(_, given)| u32::from(**given) == length) {
            let first = code.reverse_bits() >> (32 - length);
            for entry in table.iter_mut().skip(first as usize).step_by(1 << length) {
                *entry = (level as u16) << 4 | length as u16;
            }
            code += 1;
        }
        code <<= 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoders::recorded::{check_ids, check_vectors, sentences};

    #[test]
    fn it_cuts_as_the_reference_does() {
        check_ids(|text| model().tokenizer.ids(text), |sentence| &sentence.use_v3);
    }

    #[test]
    fn its_vectors_are_those_of_the_reference() {
        let sentences = sentences();
        let texts: Vec<&str> = sentences.iter().map(|sentence| sentence.text.as_str()).collect();
        check_vectors(0.., &encode(&texts), "use.f16", 0.9999);
    }

    #[test]
    fn it_covers_the_languages_of_its_model_card() {
        let covers = |tag: &str| covers(&Language::parse(tag).unwrap());
        assert!(covers("pt-BR") && covers("zh-Hant") && covers("en"));
        assert!(!covers("sr") && !covers("fil"));
    }
}
