//! Why would two entries be the same work? Findings with their weights, and the verdict they add up to.

use serde::{Deserialize, Serialize};

use super::Phrase;

/// The three outcomes of record linkage (Fellegi and Sunter, 1969).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Not the same work.
    NonLink,
    /// Perhaps: shown, never folded.
    PossibleLink,
    /// The same work.
    Link,
}

/// What one signal saw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Name of the signal, one of `signals::ALL`.
    pub signal: String,
    /// The level observed, in the signal's own words. [`NOT_OBSERVED`] has a weight too: what is missing says something.
    pub level: String,
    /// Weight in bits (log2 of a likelihood ratio): above zero speaks for, below against.
    pub weight_bits: f32,
    /// A sentence that a reader understands; what the signal asks, where it saw nothing.
    pub because: Phrase,
}

/// The level of a signal that saw nothing.
pub const NOT_OBSERVED: &str = "not observed";

impl Finding {
    /// Whether its signal saw something. Where it did not, `because` is the question that it asks.
    pub fn is_observed(&self) -> bool {
        self.level != NOT_OBSERVED
    }
}

/// All that is known about a pair of entries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// One finding for each signal that observed something.
    pub findings: Vec<Finding>,
    /// The sum, in bits.
    pub total_bits: f32,
    /// What the total had to reach for a link, in bits.
    pub threshold_bits: f32,
    /// Share of the first text that the second covers, 0 to 1.
    pub coverage_a: f32,
    /// Share of the second text that the first covers, 0 to 1.
    pub coverage_b: f32,
    /// The outcome.
    pub verdict: Verdict,
}

impl Evidence {
    /// The same evidence seen from the other side.
    pub fn mirrored(&self) -> Self {
        Self { coverage_a: self.coverage_b, coverage_b: self.coverage_a, ..self.clone() }
    }
}
