//! Does the page declare the other to be a version of itself (canonical, hreflang, via)?

use crate::model::{Pair, Profile, Signal, Told};

const DECLARED: &str = "a page declares the other to be a version of itself";

/// Declared kinship. Evidence, never authority: anyone can declare anything.
pub const SIGNAL: Signal = Signal {
    name: "claims",
    asks: "Does the page declare the other to be a version of itself?",
    says: &[DECLARED],
    features: &[],
    measure: super::nothing,
    tell,
};

/// As much as a line that names the source: it is the same claim, made to machines.
const DECLARED_BITS: f32 = 3.0;

fn tell(pair: &Pair) -> Option<Told> {
    let claims = |from: &Profile, to: &Profile| to.link.as_ref().is_some_and(|l| from.claims.contains(l));
    let level = match (claims(pair.a, pair.b), claims(pair.b, pair.a)) {
        (true, true) => "both",
        (false, false) => return None,
        _ => "one side",
    };
    Some(Told { level: level.into(), because: DECLARED.into(), bits: DECLARED_BITS })
}
