//! Which bytes do the encoders read? A crate of its own, so that these are compiled once, not whenever the program is.
//!
//! Nothing is copied or parsed here: a file's pages are read from the executable when an encoder first touches them.
//! Where each file comes from, its layout and its licence stand in the README beside it.

/// `xling-static-e5`: the XLM-R vocabulary with its normalisation map, and one row of 256 four-bit values a piece.
pub static XLING: &[u8] = include_bytes!("../xling-static-e5/xling-static-256-q4.bin");

/// `use-multilingual-v3`: the weights, converted.
pub static USE: &[u8] = include_bytes!("../use-multilingual-v3/use-multilingual-v3.bin");

/// `use-multilingual-v3`: its SentencePiece model, as published.
pub static USE_VOCABULARY: &[u8] = include_bytes!("../use-multilingual-v3/sp.model");

/// `multilingual-e5-small`: the weights, converted. Its vocabulary is that of [`XLING`].
#[cfg(feature = "e5")]
pub static E5: &[u8] = include_bytes!("../multilingual-e5-small/multilingual-e5-small.bin");
