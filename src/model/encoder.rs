//! What can turn sentences into vectors that can be compared across languages?

use std::fmt;

use super::Language;

/// A sentence encoder: texts of similar meaning, in whichever of its languages, get vectors of high cosine.
///
/// Vectors of different encoders cannot be compared, so both sides of a pair go through one encoder that covers both.
#[derive(Clone, Copy)]
pub struct Encoder {
    /// Its name, stored beside the vectors it made: a model with other weights needs another name.
    pub name: &'static str,
    /// Length of its vectors.
    pub dimensions: usize,
    /// Sentences of a text that it is asked for, the title beside them: as many as its speed allows.
    pub sentences: usize,
    /// Whether it was trained on a language.
    pub covers: fn(&Language) -> bool,
    /// A text of a language as the encoder reads it best: in the script that it saw most of, say.
    pub write: fn(&str, Option<&Language>) -> String,
    /// One unit vector a text, in the order given; the zero vector for a text without a token.
    ///
    /// The first call reads the model. It is cheaper to hand over many sentences at once, and the result of a
    /// sentence does not depend on the others.
    pub encode: fn(&[&str]) -> Vec<Vec<f32>>,
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder").field("name", &self.name).field("dimensions", &self.dimensions).finish()
    }
}
