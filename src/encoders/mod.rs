//! Text -> vectors: tokenizers and forward passes, no runtime but Rust.
//!
//! `xling` is static and finds candidates; the members of [`ALL`] are sentence encoders and decide. A model is read
//! when it is first used: a program that encodes nothing touches none.

#[cfg(feature = "e5")]
pub mod e5;
mod numbers;
#[cfg(test)]
mod recorded;
mod tokenizers;
pub mod use_multilingual;
pub mod xling;

use crate::model::Encoder;

/// All sentence encoders, the one to be preferred first.
pub const ALL: &[Encoder] = &[
    use_multilingual::ENCODER,
    #[cfg(feature = "e5")]
    e5::ENCODER,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoder_gives_unit_vectors_that_do_not_depend_on_the_company() {
        let texts = ["The commission approved the budget.", "", "La commissione ha approvato il bilancio.", "…"];
        for encoder in ALL {
            let together = (encoder.encode)(&texts);
            assert_eq!(together.len(), texts.len(), "{}", encoder.name);
            for (text, vector) in texts.iter().zip(&together) {
                assert_eq!(vector.len(), encoder.dimensions, "{}", encoder.name);
                let length: f32 = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
                let expected = if text.is_empty() { 0.0 } else { 1.0 };
                assert!((length - expected).abs() < 1e-5, "{}: {text:?} has length {length}", encoder.name);
                assert_eq!(&(encoder.encode)(&[text])[0], vector, "{}: {text:?} alone", encoder.name);
            }
            assert_eq!((encoder.encode)(&[]), Vec::<Vec<f32>>::new());
        }
    }
}
