//! What did the reference packages say? The recordings in tests/corpus/encoders, for the encoders' tests.

use std::path::PathBuf;

use serde::Deserialize;

use super::numbers::bytes::f16_at;

/// A sentence with the ids that the reference tokenizers gave it.
#[derive(Deserialize)]
pub struct Sentence {
    pub lang: String,
    pub text: String,
    pub xlm_r: Vec<u32>,
    #[serde(rename = "use")]
    pub use_v3: Vec<u32>,
}

fn read(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/encoders").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The recorded sentences.
pub fn sentences() -> Vec<Sentence> {
    let text = String::from_utf8(read("sentences.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Recorded vectors, in the order of the sentences.
pub fn vectors(name: &str, dimensions: usize) -> Vec<Vec<f32>> {
    let bytes = read(name);
    bytes.chunks_exact(dimensions * 2).map(|row| (0..dimensions).map(|i| f16_at(row, i)).collect()).collect()
}

/// The cosine of two vectors.
pub fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// Checks that each vector is the recorded one of its sentence: its cosine with it reaches `least`.
pub fn check_vectors(sentences: impl Iterator<Item = usize>, ours: &[Vec<f32>], name: &str, least: f32) {
    let recorded = vectors(name, ours[0].len());
    for (ours, sentence) in ours.iter().zip(sentences) {
        let cosine = cosine(ours, &recorded[sentence]);
        assert!(cosine >= least, "{name}: sentence {} has cosine {cosine} with the reference", sentence + 1);
    }
}

/// Checks that each sentence is cut as recorded.
pub fn check_ids(ids: impl Fn(&str) -> Vec<u32>, recorded: impl Fn(&Sentence) -> &[u32]) {
    for (i, sentence) in sentences().iter().enumerate() {
        let (ours, theirs) = (ids(&sentence.text), recorded(sentence));
        assert_eq!(ours, theirs, "sentence {} ({}): {}", i + 1, sentence.lang, sentence.text);
    }
}
