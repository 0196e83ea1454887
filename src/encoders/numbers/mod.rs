//! What the encoders compute with: numbers out of files, products of matrices, functions of rows.

pub mod bytes;
pub mod functions;
pub mod product;
