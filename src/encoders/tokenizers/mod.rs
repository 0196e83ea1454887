//! Text -> ids of pieces: what the encoders' tokenizers share, and the vocabularies.

pub mod sentence_piece;
pub mod trie;
pub mod unigram;
pub mod xlm_r;
