//! Do two sentences in any of 100 languages mean the same? multilingual-e5-small, for the languages that USE lacks.
//!
//! Wang et al. 2024, "Multilingual E5 Text Embeddings": a transformer of 12 layers (BERT's, Devlin et al. 2019), the mean
//! of its last layer over the tokens. It takes about ten times as long as USE. Layout of the file:
//! models/multilingual-e5-small/README.md.

use std::sync::OnceLock;

use pulp::{Arch, Simd, WithSimd};

use super::numbers::bytes::{Damaged, Reader, f16_at};
use super::numbers::functions::{exp, gelu, layer_norm, normalise};
use super::numbers::product::{PANEL, PanelRow, Weights, product};
use super::tokenizers::xlm_r::tokenizer;
use crate::model::{Encoder, Language};

/// The encoder, one of `encoders::ALL`.
pub const ENCODER: Encoder =
    Encoder { name: "multilingual-e5-small", dimensions: WIDTH, sentences: SENTENCES, covers, write, encode };

/// A transformer is ten times slower than the other encoder: the beginning of a text decides.
const SENTENCES: usize = 24;

/// The languages of XLM-R's training text (Conneau et al. 2020, appendix A), and other tags of the same languages.
const LANGUAGES: &str = "af am ar as az be bg bn br bs ca cs cy da de el en eo es et eu fa fi fil fr fy ga gd gl gu ha he hi \
    hr hu hy id is it ja jv ka kk km kn ko ku ky la lo lt lv mg mk ml mn mr ms my nb ne nl nn no om or pa pl ps pt ro ru \
    sa sd sh si sk sl so sq sr su sv sw ta te th tl tr ug uk ur uz vi xh yi zh";

/// What its authors put before a text that is compared with texts of the same kind.
const PREFIX: &str = "query:";

/// The pieces that begin and end an input.
const BEGIN: u32 = 0;
/// See [`BEGIN`].
const END: u32 = 2;

const WIDTH: usize = 384;
const HEADS: usize = 12;
/// Values of a head.
const HEAD: usize = WIDTH / HEADS;
/// Width of the inner layer.
const INNER: usize = 1536;
/// Longest input, begin and end included.
const POSITIONS: usize = 512;

/// Tokens that go through the network together, see `use_multilingual`: 256 x 1,536 numbers are 1.5 MB. A window may be
/// longer, and goes alone then.
const BATCH_TOKENS: usize = 256;

fn write(text: &str, _: Option<&Language>) -> String {
    text.to_owned()
}

fn covers(language: &Language) -> bool {
    LANGUAGES.split_whitespace().any(|tag| tag == language.primary())
}

fn model() -> &'static Model {
    static MODEL: OnceLock<Model> = OnceLock::new();
    MODEL.get_or_init(|| match Model::read() {
        Ok(model) => model,
        Err(damaged) => panic!("{damaged}"),
    })
}

/// A text longer than the network's input is read in windows; its vector is their mean, weighted by their lengths.
fn encode(texts: &[&str]) -> Vec<Vec<f32>> {
    let model = model();
    let prefix = tokenizer().ids(PREFIX);
    let mut vectors = vec![vec![0.0; WIDTH]; texts.len()];
    let mut batch = Batch::default();
    for (owner, text) in texts.iter().enumerate() {
        let mut ids = tokenizer().ids(text);
        if ids.is_empty() {
            continue;
        }
        ids.splice(0..0, prefix.iter().copied());
        for window in ids.chunks(POSITIONS - 2) {
            if !batch.tokens.is_empty() && batch.tokens.len() + window.len() + 2 > BATCH_TOKENS {
                model.forward(&batch, &mut vectors);
                batch = Batch::default();
            }
            batch.push(owner, window);
        }
    }
    model.forward(&batch, &mut vectors);
    vectors.iter_mut().for_each(|vector| normalise(vector));
    vectors
}

/// Windows of texts, one after the other.
#[derive(Default)]
struct Batch {
    tokens: Vec<u32>,
    windows: Vec<Window>,
}

struct Window {
    /// The text it is of.
    owner: usize,
    start: usize,
    end: usize,
}

impl Batch {
    fn push(&mut self, owner: usize, ids: &[u32]) {
        let start = self.tokens.len();
        self.tokens.push(BEGIN);
        self.tokens.extend_from_slice(ids);
        self.tokens.push(END);
        self.windows.push(Window { owner, start, end: self.tokens.len() });
    }
}

type Norm = (Vec<f32>, Vec<f32>);

/// A product and what is added to it.
struct Dense {
    weights: Matrix,
    bias: Vec<f32>,
}

struct Layer {
    query: Dense,
    key: Dense,
    value: Dense,
    attended: Dense,
    attended_norm: Norm,
    inner: Dense,
    outer: Dense,
    outer_norm: Norm,
}

struct Model {
    epsilon: f32,
    /// Of each piece: the scales of its blocks, and their levels.
    scales: &'static [u8],
    levels: &'static [u8],
    positions: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
}

impl Model {
    fn read() -> Result<Self, Damaged> {
        const FILE: &str = "multilingual-e5-small.bin";
        let mut file = Reader::new(tributary_models::E5, b"E5P1", FILE)?;
        let (pieces, width, layers) = (file.count()?, file.count()?, file.count()?);
        let (heads, inner, positions) = (file.count()?, file.count()?, file.count()?);
        if (width, heads, inner, positions) != (WIDTH, HEADS, INNER, POSITIONS) {
            return Err(Damaged(FILE));
        }
        let epsilon = f32::from_bits(file.u32()?);
        let scales = file.bytes(pieces * WIDTH / BLOCK * 2)?;
        let levels = file.bytes(pieces * WIDTH / 2)?;
        let positions = file.f32s(POSITIONS * WIDTH)?;
        let norm = (file.f32s(WIDTH)?, file.f32s(WIDTH)?);
        let layers = (0..layers).map(|_| Layer::read(&mut file)).collect::<Result<_, _>>()?;
        Ok(Self { epsilon, scales, levels, positions, norm, layers })
    }

    /// Adds to each text's vector the sum of its windows' mean vectors times their lengths.
    fn forward(&self, batch: &Batch, vectors: &mut [Vec<f32>]) {
        let mut x = self.embed(batch);
        for layer in &self.layers {
            let mut attended = layer.attended.of(&attention(layer, &x, batch));
            add(&mut attended, &x);
            layer_norm(&mut attended, &layer.attended_norm.0, &layer.attended_norm.1, self.epsilon);
            let mut inner = layer.inner.of(&attended);
            gelu(&mut inner);
            x = layer.outer.of(&inner);
            add(&mut x, &attended);
            layer_norm(&mut x, &layer.outer_norm.0, &layer.outer_norm.1, self.epsilon);
        }
        for window in &batch.windows {
            // Begin and end count for the mean, but not for the window's weight.
            let tokens = (window.end - window.start) as f32;
            let weight = (tokens - 2.0) / tokens;
            for token in x[window.start * WIDTH..window.end * WIDTH].chunks_exact(WIDTH) {
                let vector = &mut vectors[window.owner];
                vector.iter_mut().zip(token).for_each(|(sum, x)| *sum += x * weight);
            }
        }
    }

    fn embed(&self, batch: &Batch) -> Vec<f32> {
        let mut x = vec![0.0; batch.tokens.len() * WIDTH];
        for window in &batch.windows {
            let rows = x[window.start * WIDTH..window.end * WIDTH].chunks_exact_mut(WIDTH);
            let tokens = &batch.tokens[window.start..window.end];
            for ((row, &token), position) in rows.zip(tokens).zip(self.positions.chunks_exact(WIDTH)) {
                self.piece(token as usize, row);
                add(row, position);
            }
        }
        layer_norm(&mut x, &self.norm.0, &self.norm.1, self.epsilon);
        x
    }

    fn piece(&self, piece: usize, row: &mut [f32]) {
        const BLOCKS: usize = WIDTH / BLOCK;
        let levels = &self.levels[piece * WIDTH / 2..][..WIDTH / 2];
        for (i, (out, levels)) in row.chunks_exact_mut(BLOCK).zip(levels.chunks_exact(BLOCK / 2)).enumerate() {
            let scale = f16_at(self.scales, piece * BLOCKS + i);
            let (low, high) = out.split_at_mut(BLOCK / 2);
            for ((low, high), &byte) in low.iter_mut().zip(high).zip(levels) {
                *low = level(byte & 15) * scale;
                *high = level(byte >> 4) * scale;
            }
        }
    }
}

impl Layer {
    fn read(file: &mut Reader<'static>) -> Result<Self, Damaged> {
        Ok(Self {
            query: Dense::read(file)?,
            key: Dense::read(file)?,
            value: Dense::read(file)?,
            attended: Dense::read(file)?,
            attended_norm: (file.f32s(WIDTH)?, file.f32s(WIDTH)?),
            inner: Dense::read(file)?,
            outer: Dense::read(file)?,
            outer_norm: (file.f32s(WIDTH)?, file.f32s(WIDTH)?),
        })
    }
}

impl Dense {
    fn read(file: &mut Reader<'static>) -> Result<Self, Damaged> {
        let weights = Matrix::read(file)?;
        let bias = file.f32s(weights.outputs)?;
        Ok(Self { weights, bias })
    }

    fn of(&self, x: &[f32]) -> Vec<f32> {
        let mut out = vec![0.0; x.len() / self.weights.inputs * self.weights.outputs];
        product(x, &self.weights, &self.bias, &mut out);
        out
    }
}

fn add(to: &mut [f32], from: &[f32]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
}

/// What each token takes from the tokens of its window, head by head (Vaswani et al. 2017, §3.2).
fn attention(layer: &Layer, x: &[f32], batch: &Batch) -> Vec<f32> {
    let mut out = vec![0.0; x.len()];
    let (queries, keys, values) = (layer.query.of(x), layer.key.of(x), layer.value.of(x));
    Arch::new().dispatch(Attention { queries, keys, values, batch, out: &mut out });
    out
}

struct Attention<'a> {
    queries: Vec<f32>,
    keys: Vec<f32>,
    values: Vec<f32>,
    batch: &'a Batch,
    out: &'a mut [f32],
}

impl WithSimd for Attention<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let mut head = Head::default();
        for window in &self.batch.windows {
            let range = window.start * WIDTH..window.end * WIDTH;
            let (queries, keys) = (&self.queries[range.clone()], &self.keys[range.clone()]);
            let (values, out) = (&self.values[range.clone()], &mut self.out[range]);
            for first in (0..WIDTH).step_by(HEAD) {
                head.attend(queries, keys, values, out, first);
            }
        }
    }
}

/// Tokens whose scores are computed together.
const LANES: usize = 16;

/// One head's keys and scores, the tokens side by side so that many are computed at once.
#[derive(Default)]
struct Head {
    keys: Vec<[[f32; LANES]; HEAD]>,
    scores: Vec<[f32; LANES]>,
}

impl Head {
    #[inline(always)]
    fn attend(&mut self, queries: &[f32], keys: &[f32], values: &[f32], out: &mut [f32], first: usize) {
        let tokens = keys.len() / WIDTH;
        self.keys.clear();
        self.keys.resize(tokens.div_ceil(LANES), [[0.0; LANES]; HEAD]);
        self.scores.resize(self.keys.len(), [0.0; LANES]);
        for (token, key) in keys.chunks_exact(WIDTH).enumerate() {
            for (lanes, x) in self.keys[token / LANES].iter_mut().zip(&key[first..first + HEAD]) {
                lanes[token % LANES] = *x;
            }
        }
        let scale = 1.0 / (HEAD as f32).sqrt();
        for (query, out) in queries.chunks_exact(WIDTH).zip(out.chunks_exact_mut(WIDTH)) {
            let query = &query[first..first + HEAD];
            for (scores, keys) in self.scores.iter_mut().zip(&self.keys) {
                let mut sums = [0.0; LANES];
                for (x, lanes) in query.iter().zip(keys) {
                    for (sum, key) in sums.iter_mut().zip(lanes) {
                        *sum += x * key;
                    }
                }
                *scores = sums.map(|sum| sum * scale);
            }
            let scores = &mut self.scores.as_flattened_mut()[..tokens];
            let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            scores.iter_mut().for_each(|score| *score = exp(*score - highest));
            let total: f32 = scores.iter().sum();
            let mut mixed = [0.0; HEAD];
            for (share, value) in scores.iter().zip(values.chunks_exact(WIDTH)) {
                for (mixed, x) in mixed.iter_mut().zip(&value[first..first + HEAD]) {
                    *mixed += share * x;
                }
            }
            for (out, mixed) in out[first..first + HEAD].iter_mut().zip(mixed) {
                *out = mixed / total;
            }
        }
    }
}

/// Inputs that share a scale.
const BLOCK: usize = 32;
/// Bytes of 32 x 32 weights: the outputs' scales, then 16 bytes an input.
const BLOCK_BYTES: usize = PANEL * 2 + BLOCK * PANEL / 2;

/// A matrix in 4 bits.
struct Matrix {
    inputs: usize,
    outputs: usize,
    blocks: &'static [u8],
}

impl Matrix {
    fn read(file: &mut Reader<'static>) -> Result<Self, Damaged> {
        let (inputs, outputs) = (file.count()?, file.count()?);
        Ok(Self { inputs, outputs, blocks: file.bytes(inputs / BLOCK * (outputs / PANEL) * BLOCK_BYTES)? })
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
        let at = (panel * self.inputs + first) / BLOCK * BLOCK_BYTES;
        let blocks = self.blocks[at..].as_chunks::<BLOCK_BYTES>().0;
        for (out, block) in out.chunks_exact_mut(BLOCK).zip(blocks) {
            let (scales, rows) = block.split_at(PANEL * 2);
            let mut factors = PanelRow([0.0; PANEL]);
            for (i, factor) in factors.0.iter_mut().enumerate() {
                *factor = f16_at(scales, i);
            }
            for (out, row) in out.iter_mut().zip(rows.as_chunks::<{ PANEL / 2 }>().0) {
                let mut levels = [0.0; PANEL];
                for (i, &byte) in row.iter().enumerate() {
                    levels[i] = level(byte & 15);
                    levels[i + PANEL / 2] = level(byte >> 4);
                }
                out.set(simd, &levels, &factors);
            }
        }
    }
}

/// The value of four bits.
#[inline(always)]
fn level(nibble: u8) -> f32 {
    f32::from(nibble as i8 - 8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoders::recorded::{check_vectors, sentences};

    #[test]
    fn its_vectors_are_those_of_the_reference() {
        let sentences = sentences();
        // One in four, and the long text at the end, which is read in windows: all of them take seconds in a test build.
        let chosen = || (0..sentences.len()).filter(|i| i % 4 == 1 || i + 1 == sentences.len());
        let texts: Vec<&str> = chosen().map(|i| sentences[i].text.as_str()).collect();
        // The reference rounds what goes into each product to 8 bits; here it stays as it is.
        check_vectors(chosen(), &encode(&texts), "e5.f16", 0.999);
    }

    #[test]
    fn it_covers_the_languages_of_its_vocabulary() {
        let covers = |tag: &str| covers(&Language::parse(tag).unwrap());
        assert!(covers("sr-Latn") && covers("nb") && covers("en"));
        assert!(!covers("tlh"));
    }
}
