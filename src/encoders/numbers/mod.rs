//! What the encoders compute with: numbers out of files, products of matrices.

pub mod bytes;
