//! In which form are nodes, edges and their evidence stored?

use serde::{Deserialize, Serialize};

use super::{Id, Millis, Stored, maybe_language, tag_of};
use crate::model::{Edge, EntryId, Evidence, Extent, Finding, Node, Phrase, Role, SourceId, Verdict};
use crate::store::codec::Record;

/// A node without role and trust: those are the configuration's, and set when it is read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NodeRecord {
    entry: Id,
    source: String,
    reference: bool,
    first_seen: Millis,
    revised: Option<Millis>,
    published: Option<Millis>,
    language: Option<String>,
    authors: Vec<String>,
    text_len: u32,
    extent: u8,
}

impl Record for NodeRecord {
    const KIND: &'static str = "node";
    const VERSION: u8 = 1;
}

impl Stored for Node {
    type Form = NodeRecord;

    fn form(&self) -> NodeRecord {
        NodeRecord {
            entry: self.entry.0.into(),
            source: self.source.0.clone(),
            reference: self.reference,
            first_seen: self.first_seen.into(),
            revised: self.revised.map(Millis::from),
            published: self.published.map(Millis::from),
            language: tag_of(&self.language),
            authors: self.authors.clone(),
            text_len: self.text_len,
            extent: match self.extent {
                Extent::Whole => 0,
                Extent::Teaser => 1,
                Extent::Digest => 2,
            },
        }
    }

    fn of(form: NodeRecord) -> Result<Self, String> {
        Ok(Self {
            entry: EntryId(form.entry.into()),
            source: SourceId(form.source),
            role: Role::Mixed,
            trusted: false,
            reference: form.reference,
            first_seen: form.first_seen.time()?,
            revised: Millis::maybe(form.revised)?,
            published: Millis::maybe(form.published)?,
            language: maybe_language(&form.language)?,
            authors: form.authors,
            text_len: form.text_len,
            extent: match form.extent {
                0 => Extent::Whole,
                1 => Extent::Teaser,
                2 => Extent::Digest,
                other => return Err(format!("{other} is no extent")),
            },
        })
    }
}

fn verdict_number(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::NonLink => 0,
        Verdict::PossibleLink => 1,
        Verdict::Link => 2,
    }
}

fn verdict_of(number: u8) -> Result<Verdict, String> {
    match number {
        0 => Ok(Verdict::NonLink),
        1 => Ok(Verdict::PossibleLink),
        2 => Ok(Verdict::Link),
        other => Err(format!("{other} is no verdict")),
    }
}

/// All edges of an entry, each with it as its first end, in the order of the other.
#[derive(Debug, Clone, Default)]
pub struct Edges(pub Vec<Edge>);

/// The edges of an entry: side by side, since whoever reads one reads all.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EdgesRecord {
    of: Id,
    edges: Vec<EdgeForm>,
}

/// An edge seen from the entry whose it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct EdgeForm {
    to: Id,
    total_bits: f32,
    threshold_bits: f32,
    coverage_here: f32,
    coverage_there: f32,
    verdict: u8,
}

impl Record for EdgesRecord {
    const KIND: &'static str = "edges";
    const VERSION: u8 = 1;
}

impl Stored for Edges {
    type Form = EdgesRecord;

    fn form(&self) -> EdgesRecord {
        let form = |edge: &Edge| EdgeForm {
            to: edge.b.0.into(),
            total_bits: edge.total_bits,
            threshold_bits: edge.threshold_bits,
            coverage_here: edge.coverage_a,
            coverage_there: edge.coverage_b,
            verdict: verdict_number(edge.verdict),
        };
        let of = self.0.first().map(|edge| edge.a.0).unwrap_or_default().into();
        EdgesRecord { of, edges: self.0.iter().map(form).collect() }
    }

    fn of(form: EdgesRecord) -> Result<Self, String> {
        let a = EntryId(form.of.into());
        let edge = |form: EdgeForm| {
            Ok(Edge {
                a,
                b: EntryId(form.to.into()),
                total_bits: form.total_bits,
                threshold_bits: form.threshold_bits,
                coverage_a: form.coverage_here,
                coverage_b: form.coverage_there,
                verdict: verdict_of(form.verdict)?,
            })
        };
        Ok(Self(form.edges.into_iter().map(edge).collect::<Result<_, String>>()?))
    }
}

/// An edge, as it was stored before the third format of the store: under a key of its own.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EdgeRecord {
    a: Id,
    b: Id,
    total_bits: f32,
    threshold_bits: f32,
    coverage_a: f32,
    coverage_b: f32,
    verdict: u8,
}

impl Record for EdgeRecord {
    const KIND: &'static str = "edge";
    const VERSION: u8 = 1;
}

impl Stored for Edge {
    type Form = EdgeRecord;

    fn form(&self) -> EdgeRecord {
        EdgeRecord {
            a: self.a.0.into(),
            b: self.b.0.into(),
            total_bits: self.total_bits,
            threshold_bits: self.threshold_bits,
            coverage_a: self.coverage_a,
            coverage_b: self.coverage_b,
            verdict: verdict_number(self.verdict),
        }
    }

    fn of(form: EdgeRecord) -> Result<Self, String> {
        Ok(Self {
            a: EntryId(form.a.into()),
            b: EntryId(form.b.into()),
            total_bits: form.total_bits,
            threshold_bits: form.threshold_bits,
            coverage_a: form.coverage_a,
            coverage_b: form.coverage_b,
            verdict: verdict_of(form.verdict)?,
        })
    }
}

/// One finding.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FindingForm {
    signal: String,
    level: String,
    weight_bits: f32,
    because: String,
}

/// All that is known about a pair.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EvidenceRecord {
    findings: Vec<FindingForm>,
    total_bits: f32,
    threshold_bits: f32,
    coverage_a: f32,
    coverage_b: f32,
    verdict: u8,
}

impl Record for EvidenceRecord {
    const KIND: &'static str = "evidence";
    const VERSION: u8 = 1;
    const PACKED: bool = true;
}

impl Stored for Evidence {
    type Form = EvidenceRecord;

    fn form(&self) -> EvidenceRecord {
        let finding = |f: &Finding| FindingForm {
            signal: f.signal.clone(),
            level: f.level.clone(),
            weight_bits: f.weight_bits,
            because: f.because.stored().to_owned(),
        };
        EvidenceRecord {
            findings: self.findings.iter().map(finding).collect(),
            total_bits: self.total_bits,
            threshold_bits: self.threshold_bits,
            coverage_a: self.coverage_a,
            coverage_b: self.coverage_b,
            verdict: verdict_number(self.verdict),
        }
    }

    fn of(form: EvidenceRecord) -> Result<Self, String> {
        let finding = |f: FindingForm| Finding {
            signal: f.signal,
            level: f.level,
            weight_bits: f.weight_bits,
            because: Phrase::from_stored(f.because),
        };
        Ok(Self {
            findings: form.findings.into_iter().map(finding).collect(),
            total_bits: form.total_bits,
            threshold_bits: form.threshold_bits,
            coverage_a: form.coverage_a,
            coverage_b: form.coverage_b,
            verdict: verdict_of(form.verdict)?,
        })
    }
}
