//! Which constants were measured rather than written? One file, made by `examples/calibrate.rs`, read at first use.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::trees::Forest;
use crate::model::Language;

/// Where encoders agree on a counterpart: cosines of centred vectors.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scale {
    /// At or below, a sentence has no counterpart: the 90th percentile of best cosines between different works.
    pub none: f32,
    /// At or above, it has one: the median of mutual best cosines between versions of one work.
    pub full: f32,
}

impl Scale {
    /// What most encoders of sentences come near to.
    pub const UNMEASURED: Self = Self { none: 0.3, full: 0.7 };
}

/// What was measured for one encoder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EncoderCalibration {
    /// Mean vector of the sentences of a language, by primary subtag; `*` stands for all others.
    pub means: BTreeMap<String, Vec<f32>>,
    /// Where it sees counterparts, by the language of either text; `*` stands for all others.
    pub scales: BTreeMap<String, Scale>,
    /// What its figures are worth.
    pub forest: Forest,
    /// Bits that a pair has to reach, by tier and length band (`matching::threshold`).
    pub thresholds: Vec<f32>,
}

/// All measured constants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct Calibration {
    /// Changes with every change of what profiles hold.
    pub version: u32,
    /// Names of the features that the forests split on, in order.
    pub features: Vec<String>,
    /// By encoder; `windows` is what decides where no encoder covers both languages.
    pub encoders: BTreeMap<String, EncoderCalibration>,
    /// Bits by the windows alone below which a pair is not looked at further, by length band: a bit below all but one
    /// in two thousand of the links.
    pub hopeless: Vec<f32>,
    /// Mean window vector of a language; `*` stands for all others.
    pub window_means: BTreeMap<String, Vec<f32>>,
    /// Codes that lists of candidates gather around.
    pub centres: Vec<[u64; 4]>,
}

impl EncoderCalibration {
    /// Where it sees counterparts between texts of two languages: the one that it knows less well decides.
    pub fn scale(&self, a: Option<&Language>, b: Option<&Language>) -> Scale {
        let of = |language: Option<&Language>| {
            let known = language.and_then(|l| self.scales.get(&mean_key(l))).or_else(|| self.scales.get("*"));
            known.copied().unwrap_or(Scale::UNMEASURED)
        };
        let (a, b) = (of(a), of(b));
        Scale { none: a.none.min(b.none), full: a.full.min(b.full) }
    }
}

impl Calibration {
    /// Reads what [`Calibration::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let plain = zstd::decode_all(bytes).ok()?;
        postcard::from_bytes(&plain).ok()
    }

    /// Compact bytes, the same for the same constants.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let plain = postcard::to_stdvec(self).ok()?;
        zstd::encode_all(plain.as_slice(), 19).ok()
    }

    /// The mean vector to subtract for a language.
    pub fn mean<'a>(means: &'a BTreeMap<String, Vec<f32>>, language: Option<&Language>) -> Option<&'a [f32]> {
        let script = language.map(mean_key);
        script.and_then(|l| means.get(&l)).or_else(|| means.get("*")).map(Vec::as_slice)
    }
}

/// Under which key the mean of a language stands: its primary subtag, Chinese by script.
pub fn mean_key(language: &Language) -> String {
    let tag = language.as_str();
    match language.primary() {
        "zh" if tag.contains("Hant") || tag.contains("TW") || tag.contains("HK") => "zh-Hant".to_owned(),
        primary => primary.to_owned(),
    }
}

static OVERRIDE: OnceLock<Calibration> = OnceLock::new();
static SHIPPED: OnceLock<Calibration> = OnceLock::new();

/// The constants in force.
pub fn get() -> &'static Calibration {
    OVERRIDE.get().unwrap_or_else(|| {
        SHIPPED.get_or_init(|| Calibration::from_bytes(include_bytes!("calibration.bin")).unwrap_or_default())
    })
}

/// Puts other constants in force, before the first use: for the command that measures them.
pub fn put(calibration: Calibration) -> bool {
    OVERRIDE.set(calibration).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals;

    #[test]
    fn the_shipped_constants_were_measured_for_these_signals() {
        let shipped = get();
        let features: Vec<&str> = signals::ALL.iter().flat_map(|s| s.features).map(|f| f.name).collect();
        assert_eq!(shipped.features, features);
        assert!(shipped.version > 0 && !shipped.centres.is_empty() && shipped.window_means.contains_key("*"));
        for (name, encoder) in &shipped.encoders {
            assert_eq!(encoder.thresholds.len(), 3, "{name}");
            assert!(encoder.forest.trees.len() > 10, "{name}");
        }
    }
}
