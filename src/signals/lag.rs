//! How far apart were they published?

use crate::model::{Pair, Phrase, Signal, Told};

const SAME_DAY: &str = "published on the same day";
const ONE_DAY: &str = "published one day apart";
const DAYS: &str = "published {} days apart";

/// Days between the dates.
pub const SIGNAL: Signal = Signal {
    name: "lag",
    asks: "How far apart were they published?",
    says: &[SAME_DAY, ONE_DAY, DAYS],
    features: &[],
    measure: super::nothing,
    tell,
};

/// 17 of 22 reposts with known dates came within a day, all within 20. Little weight all the same: essays on one
/// event come within a day of each other too, and a date is only a claim.
fn weight(days: i64) -> f32 {
    match days {
        0..=3 => 0.5,
        4..=30 => 0.0,
        31..=365 => -0.5,
        _ => -1.0,
    }
}

fn tell(pair: &Pair) -> Option<Told> {
    let days = (pair.a.published? - pair.b.published?).num_days().abs();
    let because = match days {
        0 => SAME_DAY.into(),
        1 => ONE_DAY.into(),
        n => Phrase::new(DAYS, &[&n]),
    };
    Some(Told { level: format!("{days} day{}", if days == 1 { "" } else { "s" }), because, bits: weight(days) })
}
