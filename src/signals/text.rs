//! Do the sentences of both texts say the same, in the same order?

use crate::model::{Feature, Pair, Phrase, Signal, Told};

const SENTENCES: &str = "{} sentences say the same in both ({} and {} compared, {} % of the matches in the same order)";

/// The calibrated score of the sentence encoder.
pub const SIGNAL: Signal = Signal {
    name: "text",
    asks: "Do the sentences of both texts say the same, in the same order?",
    says: &[SENTENCES],
    features: &[
        Feature { name: "sentences_of_longer", direction: 1 },
        Feature { name: "sentences_of_shorter", direction: 1 },
        Feature { name: "cosine", direction: 1 },
        Feature { name: "lead", direction: 1 },
        Feature { name: "order", direction: 1 },
    ],
    measure,
    tell,
};

fn measure(pair: &Pair, out: &mut Vec<f32>) {
    let found = pair.alignment;
    if found.pairs.is_empty() {
        out.extend([f32::NAN; 5]);
        return;
    }
    let longer = found.weight_a.max(found.weight_b).max(0.1);
    let shorter = found.weight_a.min(found.weight_b).max(0.1);
    let mean = found.pairs.iter().map(|p| p.2).sum::<f32>() / found.pairs.len() as f32;
    // The order of one or two pairs says nothing.
    let order = if found.pairs.len() < 3 { f32::NAN } else { found.order };
    out.extend([found.sum / longer, (found.sum / shorter).min(1.0), mean, found.lead, order]);
}

fn tell(pair: &Pair) -> Option<Told> {
    let found = pair.alignment;
    if found.pairs.is_empty() {
        return None;
    }
    let strong = found.pairs.iter().filter(|p| p.2 > 0.5).count();
    Some(Told {
        level: format!("{strong} of {}", found.count_a.min(found.count_b)),
        because: Phrase::new(SENTENCES, &[&strong, &found.count_a, &found.count_b, &super::percent(found.order)]),
        bits: 0.0,
    })
}
