//! Do both texts lead to the same rare places?

use crate::model::{Feature, Pair, Phrase, Rarity, Signal, Told};

const SHARED: &str = "{} outbound links in common, such as {}";

/// Shared outbound links, weighed by rarity.
pub const SIGNAL: Signal = Signal {
    name: "links",
    asks: "Do both texts lead to the same rare places?",
    says: &[SHARED],
    features: &[Feature { name: "links_bits", direction: 1 }, Feature { name: "links_of_fewer", direction: 1 }],
    measure,
    tell,
};

/// Share of texts that link to one given page, before anything was counted.
const PRIOR: f32 = 0.002;

struct Shared<'a> {
    bits: f32,
    smaller: usize,
    targets: Vec<&'a str>,
}

fn shared<'a>(pair: &Pair<'a>) -> Shared<'a> {
    // Links between the two are another signal's matter.
    let own = |target: &str| Some(target) == pair.a.link.as_deref() || Some(target) == pair.b.link.as_deref();
    let of = |mentions: &'a [crate::model::Mention]| -> Vec<&'a str> {
        mentions.iter().map(|m| m.target.as_str()).filter(|t| !own(t)).collect()
    };
    let (a, b) = (of(&pair.a.mentions), of(&pair.b.mentions));
    let targets: Vec<&str> = a.iter().copied().filter(|t| b.contains(t)).collect();
    let bits = targets.iter().map(|t| pair.rarity.bits(Rarity::key('l', t), PRIOR)).sum();
    Shared { bits, smaller: a.len().min(b.len()), targets }
}

fn measure(pair: &Pair, out: &mut Vec<f32>) {
    let found = shared(pair);
    if found.targets.is_empty() {
        // Translations lose links more often than they keep them: none in common is not observed.
        out.extend([f32::NAN; 2]);
    } else {
        out.extend([found.bits.min(60.0), found.targets.len() as f32 / found.smaller.max(1) as f32]);
    }
}

fn tell(pair: &Pair) -> Option<Told> {
    let found = shared(pair);
    let first = found.targets.first()?;
    Some(Told {
        level: format!("{} of {}", found.targets.len(), found.smaller),
        because: Phrase::new(SHARED, &[&found.targets.len(), first]),
        bits: 0.0,
    })
}
