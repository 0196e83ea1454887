//! Is one of them a list of links, or only the beginning of a text?

use crate::model::{Extent, Feature, Pair, Signal, Told};

const DIGEST: &str = "one is a list of links to other texts";
const TEASER: &str = "one is only the beginning of a text";

/// Digests and teasers.
pub const SIGNAL: Signal = Signal {
    name: "extent",
    asks: "Is one of them a list of links, or only the beginning of a text?",
    says: &[DIGEST, TEASER],
    features: &[Feature { name: "linked", direction: -1 }],
    measure: |pair, out| out.push((pair.a.linked - pair.b.linked).abs()),
    tell,
};

/// A digest is a work of its own that tells of others; it joins none of them.
const DIGEST_BITS: f32 = -30.0;

fn tell(pair: &Pair) -> Option<Told> {
    let either = |e: Extent| pair.a.extent == e || pair.b.extent == e;
    let both = pair.a.extent == pair.b.extent;
    let (level, because, bits) = match () {
        () if either(Extent::Digest) && !both => ("digest", DIGEST, DIGEST_BITS),
        () if either(Extent::Teaser) => ("teaser", TEASER, 0.0),
        () => return None,
    };
    Some(Told { level: level.into(), because: because.into(), bits })
}
