//! Do both texts take the same course, seen from afar? The static embedding, sixteen windows a text.

use crate::model::{Feature, Pair, Phrase, Signal, Told};

const PARALLEL: &str = "from beginning to end, the texts run {} % in parallel";

/// Score of the static windows.
pub const SIGNAL: Signal = Signal {
    name: "windows",
    asks: "Do both texts take the same course, seen from afar?",
    says: &[PARALLEL],
    features: &[Feature { name: "parallel", direction: 1 }, Feature { name: "anywhere", direction: 1 }],
    measure,
    tell,
};

fn measure(pair: &Pair, out: &mut Vec<f32>) {
    out.extend([pair.parallel, pair.anywhere]);
}

fn tell(pair: &Pair) -> Option<Told> {
    (!pair.parallel.is_nan()).then(|| Told {
        level: format!("{:.2}", pair.parallel),
        because: Phrase::new(PARALLEL, &[&super::percent(pair.parallel)]),
        bits: 0.0,
    })
}
