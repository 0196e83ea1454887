//! Do both show the same picture?

use crate::model::{Pair, Phrase, Signal, Told};

const SHOWN: &str = "both show {}";

/// Shared images, the transformations of their hosts undone.
pub const SIGNAL: Signal = Signal {
    name: "images",
    asks: "Do both show the same picture?",
    says: &[SHOWN],
    features: &[],
    measure: super::nothing,
    tell,
};

/// A logo is shared by all of a site's entries; across sites, the same address is no chance.
const SHARED_BITS: f32 = 1.0;

fn tell(pair: &Pair) -> Option<Told> {
    let shared = pair.a.images.iter().find(|i| pair.b.images.contains(i))?;
    let bits = if pair.a.source == pair.b.source { 0.0 } else { SHARED_BITS };
    Some(Told { level: "same address".into(), because: Phrase::new(SHOWN, &[shared]), bits })
}
