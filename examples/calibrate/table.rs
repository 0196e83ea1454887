//! What are the constants worth? Everything here is scored by trees that never saw its source.

use std::collections::{BTreeMap, HashMap};

use tributary::encoders;
use tributary::matching::corpus::Document;
use tributary::matching::evaluation::{self, Quality};
use tributary::matching::overrides::Overrides;
use tributary::matching::partition::partition;
use tributary::matching::trees::Forest;
use tributary::matching::{self, Profile, archive, rivals};
use tributary::model::{Edge, Entry, Language, Node, Role, Verdict};
use tributary::signals;

use crate::grow::Row;

/// A pair and what it came to.
#[derive(Clone)]
pub struct Scored {
    pub encoder: String,
    /// By the trees of the other half of the sources.
    pub bits: f32,
    /// By the trees that are shipped.
    pub final_bits: f32,
    pub band: usize,
    pub coverage_a: f32,
    pub coverage_b: f32,
    pub same: bool,
}

/// No threshold is lower, however well the sources of a corpus let themselves be parted: 16 to 1 that it is one work.
/// At 3 bits two Debian news of 2004 became one work once all links were taken out of the corpus
/// (3.7 bits).
const FLOOR_BITS: f32 = 4.0;

/// Bits to reach by encoder and length band.
pub type Thresholds = BTreeMap<String, Vec<f32>>;

/// Above the wrong links of all but a share of the documents.
pub fn thresholds(scored: &HashMap<(usize, usize), Scored>, share: f64) -> Thresholds {
    let mut out = Thresholds::new();
    let names: std::collections::BTreeSet<&String> = scored.values().map(|s| &s.encoder).collect();
    for name in names {
        let bands = (0..3).map(|band| {
            let mut worst: HashMap<usize, f32> = HashMap::new();
            let mut documents = std::collections::HashSet::new();
            for ((i, j), s) in scored.iter().filter(|(_, s)| s.band == band && s.encoder == *name) {
                documents.extend([*i, *j]);
                for d in [*i, *j].into_iter().filter(|_| !s.same) {
                    let known = worst.entry(d).or_insert(f32::MIN);
                    *known = known.max(s.bits);
                }
            }
            let mut worst: Vec<f32> = worst.into_values().collect();
            worst.sort_by(|x, y| y.total_cmp(x));
            // Half a bit above the last one that must stay out.
            worst.get((documents.len() as f64 * share) as usize).map_or(FLOOR_BITS, |w| (w + 0.5).max(FLOOR_BITS))
        });
        out.insert(name.clone(), bands.collect());
    }
    out
}

pub fn by_encoder(documents: &[Document], name: &str, scored: &HashMap<(usize, usize), Scored>) {
    for band in 0..3 {
        let of = |same: bool| scored.values().filter(|s| s.band == band && s.same == same).collect::<Vec<_>>();
        let (right, wrong) = (of(true), of(false));
        let limit = thresholds(scored, 0.003)[name][band];
        let over = right.iter().filter(|s| s.bits >= limit).count();
        let share = 100.0 * over as f32 / right.len().max(1) as f32;
        eprintln!(
            "{name} band {band}: {} right pairs, {share:.1} % over {limit:.1}; {} wrong ones",
            right.len(),
            wrong.len()
        );
    }
    let mut worst: Vec<(&(usize, usize), &Scored)> = scored.iter().filter(|(_, s)| !s.same).collect();
    worst.sort_by(|x, y| y.1.bits.total_cmp(&x.1.bits).then(x.0.cmp(y.0)));
    // One line for two works, however many languages they have.
    let mut told = std::collections::BTreeSet::new();
    let story = |i: usize| documents.get(i).map_or("", |d| d.truth.story_id.as_str());
    worst.retain(|((i, j), _)| told.insert((story(*i).min(story(*j)), story(*i).max(story(*j)))));
    for ((i, j), s) in worst.into_iter().take(20) {
        let id = |i: usize| documents.get(i).map_or("?", |d| d.line.doc_id.as_str());
        eprintln!(
            "  wrong {:.1} bits (final {:.1}), band {}, coverage {:.2} {:.2}: {} / {}",
            s.bits,
            s.final_bits,
            s.band,
            s.coverage_a,
            s.coverage_b,
            id(*i),
            id(*j)
        );
    }
}

/// How much of the trees' work each figure does.
pub fn importance(forest: &Forest, rows: &[Row]) {
    let names: Vec<&str> = signals::ALL.iter().flat_map(|s| s.features).map(|f| f.name).collect();
    let mut sums = vec![0.0_f32; names.len()];
    let sample: Vec<&Row> = rows.iter().step_by((rows.len() / 3000).max(1)).collect();
    for row in &sample {
        forest.explain(&row.figures).1.iter().zip(&mut sums).for_each(|(b, s)| *s += b.abs() / sample.len() as f32);
    }
    let mut all: Vec<_> = names.iter().zip(sums).collect();
    all.sort_by(|x, y| y.1.total_cmp(&x.1));
    eprintln!("  {}", all.iter().take(16).map(|(n, s)| format!("{n} {s:.2}")).collect::<Vec<_>>().join(", "));
}

pub fn tier(language: &str) -> &'static str {
    let first = Language::parse(language).zip(encoders::ALL.first());
    if first.is_none_or(|(l, e)| (e.covers)(&l)) { "languages of the first encoder" } else { "other languages" }
}

/// Shares of documents with a wrong link over the threshold, that are tried.
const SHARES: [f64; 10] = [0.0, 0.001, 0.002, 0.004, 0.006, 0.007, 0.008, 0.009, 0.01, 0.012];

/// Chooses the thresholds on the stories that they lead to, and prints the whole table.
pub fn choose(documents: &[Document], profiles: &[Profile], scored: &HashMap<(usize, usize), Scored>) -> Thresholds {
    let mut chosen = thresholds(scored, SHARES[0]);
    let mut found: Option<Quality> = None;
    for share in SHARES {
        let thresholds = thresholds(scored, share);
        let edges = edges(profiles, scored, &thresholds);
        let quality = evaluation::evaluate(documents, &group(documents, profiles, &edges), tier);
        let absent = absent(scored, &thresholds) as f64 / documents.len() as f64;
        let full = |tier: &str| {
            quality
                .by
                .get(&("kind", format!("full text, {tier}")))
                .map_or(0.0, |c| 100.0 * c.joined as f64 / c.documents as f64)
        };
        println!(
            "share {share}: precision {:.4} %, {} wrong stories, full {:.1} / {:.1} %, pairs {:.1} %, absent {:.2} %; {thresholds:.1?}",
            100.0 * quality.precision(),
            quality.wrong.len(),
            full("languages of the first encoder"),
            full("other languages"),
            100.0 * quality.recall(),
            100.0 * absent
        );
        if found.is_none() || quality.wrong.is_empty() && absent <= 0.003 {
            chosen = thresholds;
            found = Some(quality);
        }
    }
    if let Some(quality) = found {
        report(documents, &quality);
    }
    missed(documents, scored, &chosen);
    chosen
}

fn missed(documents: &[Document], scored: &HashMap<(usize, usize), Scored>, thresholds: &Thresholds) {
    let mut best: BTreeMap<usize, (f32, usize)> = BTreeMap::new();
    for ((i, j), s) in scored.iter().filter(|(_, s)| s.same) {
        for (d, other) in [(*i, *j), (*j, *i)] {
            let margin = s.bits - thresholds[&s.encoder][s.band];
            let known = best.entry(d).or_insert((f32::MIN, 0));
            if margin > known.0 {
                *known = (margin, other);
            }
        }
    }
    for (d, (margin, other)) in best.iter().filter(|(d, b)| b.0 < 0.0 && documents[**d].truth.kind.is_none()).step_by(4)
    {
        eprintln!("  missed by {:.1}: {} / {}", -margin, documents[*d].line.doc_id, documents[*other].line.doc_id);
    }
}

/// Pairs that windows alone may lose, of those that are linked.
const HOPELESS_SHARE: f64 = 0.0005;

/// Bits by windows alone, by band, that all but a few of the linked pairs have; a bit is left for what was not seen.
pub fn hopeless(
    scored: &HashMap<(usize, usize), Scored>,
    by_windows: &HashMap<(usize, usize), Scored>,
    thresholds: &Thresholds,
) -> Vec<f32> {
    let band = |band: usize| {
        let of_band =
            scored.iter().filter_map(|(pair, s)| Some((s, by_windows.get(pair)?))).filter(|(s, _)| s.band == band);
        let (right, wrong): (Vec<_>, Vec<_>) = of_band.partition(|(s, _)| s.same);
        let linked = right.iter().filter(|(s, _)| is_link(s, s.bits - thresholds[&s.encoder][s.band]));
        let mut bits: Vec<f32> = linked.map(|(_, w)| w.bits).collect();
        bits.sort_by(f32::total_cmp);
        let least = bits.get((bits.len() as f64 * HOPELESS_SHARE) as usize).map_or(f32::MIN, |bits| bits - 1.0);
        let left = wrong.iter().filter(|(_, w)| w.bits >= least).count();
        println!(
            "band {band}: below {least:.1} bits by windows nothing is encoded; {left} of {} wrong pairs are",
            wrong.len()
        );
        least
    };
    (0..3).map(band).collect()
}

/// Documents that would be linked to another work if all versions of their own were missing.
fn absent(scored: &HashMap<(usize, usize), Scored>, thresholds: &Thresholds) -> usize {
    let margin = |s: &Scored| s.bits - thresholds[&s.encoder][s.band];
    let mut links: HashMap<usize, Vec<(usize, f32)>> = HashMap::new();
    for ((i, j), s) in scored.iter().filter(|(_, s)| is_link(s, margin(s))) {
        links.entry(*i).or_default().push((*j, margin(s)));
        links.entry(*j).or_default().push((*i, margin(s)));
    }
    let linked = |x: usize, y: usize| links.get(&x).is_some_and(|l| l.iter().any(|(e, _)| *e == y));
    let mut out = std::collections::HashSet::new();
    for ((i, j), s) in scored.iter().filter(|(_, s)| !s.same && is_link(s, margin(s))) {
        for (a, b) in [(*i, *j), (*j, *i)] {
            // The other one's own versions still claim it.
            let others = links[&b].iter().filter(|(c, _)| *c != a);
            let (beside, apart): (Vec<&(usize, f32)>, Vec<_>) = others.partition(|(c, _)| linked(*c, a));
            if apart.iter().filter(|(_, m)| *m >= margin(s) + 2.0).count() <= beside.len() {
                out.insert(a);
            }
        }
    }
    out.len()
}

fn is_link(s: &Scored, margin: f32) -> bool {
    matching::verdict(margin, s.coverage_a.max(s.coverage_b)) == Verdict::Link
}

fn edges(profiles: &[Profile], scored: &HashMap<(usize, usize), Scored>, thresholds: &Thresholds) -> Vec<Edge> {
    let edge = |(i, j): (usize, usize), s: &Scored| {
        let threshold_bits = thresholds[&s.encoder][s.band];
        let verdict = matching::verdict(s.bits - threshold_bits, s.coverage_a.max(s.coverage_b));
        let (coverage_a, coverage_b) = (s.coverage_a, s.coverage_b);
        let (a, b) = (profiles[i].entry, profiles[j].entry);
        Edge { a, b, total_bits: s.bits, threshold_bits, coverage_a, coverage_b, verdict }
    };
    let mut edges: Vec<Edge> = scored.iter().map(|(pair, s)| edge(*pair, s)).collect();
    rivals::settle(&mut edges);
    edges
}

/// The stories that the edges lead to, by the partition that is shipped.
fn group(documents: &[Document], profiles: &[Profile], edges: &[Edge]) -> Vec<usize> {
    let entries: Vec<Entry> = documents.iter().map(|d| d.line.entry()).collect();
    let nodes: Vec<Node> = entries.iter().zip(profiles).map(|(e, p)| archive::node(e, p, Role::Mixed)).collect();
    let cut = partition(&nodes, edges, &Overrides::default());
    let place: HashMap<_, usize> = entries.iter().enumerate().map(|(i, e)| (e.id, i)).collect();
    let mut story: Vec<usize> = (0..documents.len()).map(|i| i + documents.len()).collect();
    for (number, group) in cut.groups.iter().enumerate() {
        for (member, _) in &group.members {
            if let Some(i) = place.get(member) {
                story[*i] = number;
            }
        }
    }
    story
}

pub fn report(documents: &[Document], quality: &Quality) {
    println!(
        "pairs: precision {:.4} %, recall {:.2} %; B-cubed {:.3} / {:.3}",
        100.0 * quality.precision(),
        100.0 * quality.recall(),
        100.0 * quality.b_cubed_precision,
        100.0 * quality.b_cubed_recall
    );
    for ((by, value), count) in &quality.by {
        println!(
            "{by:9} {value:45} {:5} of {:5}  {:.1} %",
            count.joined,
            count.documents,
            100.0 * count.joined as f64 / count.documents as f64
        );
    }
    println!("stories that hold different works: {}", quality.wrong.len());
    for story in &quality.wrong {
        let ids: Vec<&str> = story.iter().map(|&i| documents[i].line.doc_id.as_str()).collect();
        println!("  {}", ids.join(" "));
    }
}
