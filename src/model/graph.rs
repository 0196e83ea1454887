//! Who was compared with whom, and what do we know of both? Nodes and edges of the graph that is cut into stories.

use serde::{Deserialize, Serialize};

use super::{Entry, EntryId, Evidence, Language, Role, Source, SourceId, Timestamp, Verdict};

/// Edges that are kept of one entry, at the most. Its own comparisons are some dozens; those of what came later add up.
/// One more stands only with the other of its ends.
pub const EDGES_MAX: usize = 1_024;

/// At or below this total a pair is kept apart, whatever joins either of them with others: a veto. No sum of honest
/// weights of evidence gets there (the strongest single finding weighs some 30 bits), so a signal that vetoes adds it.
pub const VETO_BITS: f32 = -1000.0;

/// What kind of text an entry has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Extent {
    /// A whole text, or what passes for one.
    #[default]
    Whole,
    /// The beginning of a text, or its summary.
    Teaser,
    /// Several works on one page: it joins no story.
    Digest,
}

/// An entry as the partition sees it: no text, nothing that a source claims where trust is decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// The entry.
    pub entry: EntryId,
    /// Its source.
    pub source: SourceId,
    /// What the source is configured to publish.
    pub role: Role,
    /// Whether it is an original by configuration: `role = "original"`, on a host that the source is trusted for.
    pub trusted: bool,
    /// Fetched because a repost names it; never shown in place of a configured source's entry.
    pub reference: bool,
    /// When we saw it first.
    pub first_seen: Timestamp,
    /// When its text last changed under our eyes.
    pub revised: Option<Timestamp>,
    /// When it says it was published (clamped): breaks ties, decides nothing.
    pub published: Option<Timestamp>,
    /// Its language.
    pub language: Option<Language>,
    /// Its authors, as keys that compare across scripts; empty where none is known.
    pub authors: Vec<String>,
    /// Length of its text in characters.
    pub text_len: u32,
    /// What kind of text it has.
    pub extent: Extent,
}

impl Node {
    /// The node of an entry. `source` is its configured source, `None` where it has none (a reference, or one that
    /// left `feeds.toml`): then it is trusted with nothing. Set `authors`, `text_len` and `extent` from its profile.
    pub fn new(entry: &Entry, source: Option<&Source>) -> Self {
        let mut node = Self {
            entry: entry.id,
            source: entry.source.clone(),
            role: Role::Mixed,
            trusted: false,
            reference: entry.reference,
            first_seen: entry.first_seen,
            revised: entry.revised,
            published: entry.published,
            language: entry.language.clone(),
            authors: Vec::new(),
            text_len: 0,
            extent: Extent::Whole,
        };
        node.trust(source, entry.link.as_ref());
        node
    }

    /// Sets role and trust anew: what a source is trusted with can change between two starts.
    pub fn trust(&mut self, source: Option<&Source>, link: Option<&url::Url>) {
        let source = source.filter(|_| !self.reference);
        self.role = source.map_or(Role::Mixed, |s| s.role);
        self.trusted = matches!((source, link), (Some(source), Some(link)) if source.is_trusted_for(link));
    }

    /// The date to sort by: published, else first seen.
    pub fn date(&self) -> Timestamp {
        self.published.unwrap_or(self.first_seen)
    }

    /// Whether both name an author in common; entries without authors have none in common.
    pub fn shares_author(&self, other: &Self) -> bool {
        self.authors.iter().any(|a| other.authors.contains(a))
    }

    /// Whether both are known to be in one language (primary subtag, RFC 5646 §2.2.1).
    pub fn same_language(&self, other: &Self) -> bool {
        matches!((&self.language, &other.language), (Some(a), Some(b)) if a.primary() == b.primary())
    }
}

/// What a comparison of two entries came to, without its findings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Edge {
    /// One entry.
    pub a: EntryId,
    /// The other.
    pub b: EntryId,
    /// Evidence, in bits.
    pub total_bits: f32,
    /// What it had to reach for a link, in bits.
    pub threshold_bits: f32,
    /// Share of the first text that the second covers, 0 to 1.
    pub coverage_a: f32,
    /// Share of the second text that the first covers, 0 to 1.
    pub coverage_b: f32,
    /// The outcome.
    pub verdict: Verdict,
}

impl Edge {
    /// The edge that this evidence makes.
    pub fn new(a: EntryId, b: EntryId, evidence: &Evidence) -> Self {
        Self {
            a,
            b,
            total_bits: evidence.total_bits,
            threshold_bits: evidence.threshold_bits,
            coverage_a: evidence.coverage_a,
            coverage_b: evidence.coverage_b,
            verdict: evidence.verdict,
        }
    }

    /// The same edge seen from the other end.
    pub fn mirrored(&self) -> Self {
        Self { a: self.b, b: self.a, coverage_a: self.coverage_b, coverage_b: self.coverage_a, ..*self }
    }

    /// The same edge with the smaller id first: the one form that is compared and stored.
    pub fn canonical(&self) -> Self {
        if self.a <= self.b { *self } else { self.mirrored() }
    }

    /// Bits above the threshold: how strong a link is, whatever encoder and length band set its threshold.
    pub fn margin_bits(&self) -> f32 {
        self.total_bits - self.threshold_bits
    }

    /// The smaller of both coverages.
    pub fn mutual_coverage(&self) -> f32 {
        self.coverage_a.min(self.coverage_b)
    }

    /// Whether the two must not stand in one story.
    pub fn is_veto(&self) -> bool {
        self.verdict == Verdict::NonLink && self.total_bits <= VETO_BITS
    }

    /// The end that is not `entry`.
    pub fn other(&self, entry: EntryId) -> EntryId {
        if self.a == entry { self.b } else { self.a }
    }

    /// Share of `entry`'s text that the other end covers, 0 to 1.
    pub fn coverage_of(&self, entry: EntryId) -> f32 {
        if self.a == entry { self.coverage_a } else { self.coverage_b }
    }
}
