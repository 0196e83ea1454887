//! Text -> vectors: tokenizers and forward passes.
