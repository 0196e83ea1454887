//! Text -> vectors: tokenizers and forward passes, no runtime but Rust.
//!
//! `xling` is static and finds candidates; the members of [`ALL`] are sentence encoders and decide. A model is read
//! when it is first used: a program that encodes nothing touches none.

mod numbers;
mod tokenizers;
pub mod xling;

use crate::model::Encoder;

/// All sentence encoders, the one to be preferred first.
pub const ALL: &[Encoder] = &[];
