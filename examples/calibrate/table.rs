//! What are the constants worth? Everything here is scored by trees that never saw its source.

use std::collections::{BTreeMap, HashMap};

use tributary::encoders;
use tributary::matching::corpus::Document;
use tributary::matching::evaluation::{self, Quality};
use tributary::matching::trees::Forest;
use tributary::model::Language;
use tributary::signals;

use crate::grow::Row;
use crate::measure::Sample;

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
    pub margin: f32,
}

/// Thresholds by length band: above every wrong pair but one in 20,000, with a bit to spare.
pub fn thresholds(scored: &HashMap<(usize, usize), Scored>) -> Vec<f32> {
    (0..3)
        .map(|band| {
            let mut wrong: Vec<f32> = scored.values().filter(|s| !s.same && s.band == band).map(|s| s.bits).collect();
            wrong.sort_by(|x, y| y.total_cmp(x));
            let allowed = wrong.len() / 20_000;
            wrong.get(allowed).map_or(0.0, |w| w + 1.0).max(0.0)
        })
        .collect()
}

pub fn by_encoder(documents: &[Document], name: &str, scored: &HashMap<(usize, usize), Scored>) {
    for band in 0..3 {
        let of = |same: bool| scored.values().filter(|s| s.band == band && s.same == same).collect::<Vec<_>>();
        let (right, wrong) = (of(true), of(false));
        let over = right.iter().filter(|s| s.margin >= 0.0).count();
        eprintln!(
            "{name} band {band}: {} right pairs, {:.1} % over the threshold; {} wrong ones",
            right.len(),
            100.0 * over as f32 / right.len().max(1) as f32,
            wrong.len()
        );
    }
    let mut worst: Vec<(&(usize, usize), &Scored)> = scored.iter().filter(|(_, s)| !s.same).collect();
    worst.sort_by(|x, y| y.1.bits.total_cmp(&x.1.bits).then(x.0.cmp(y.0)));
    for ((i, j), s) in worst.into_iter().take(14) {
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

/// The whole table, scored across sources.
pub fn print(documents: &[Document], samples: &[Sample], scored: &HashMap<(usize, usize), Scored>) {
    let corpus = samples.iter().filter(|s| !s.cut).count();
    let stories = group(corpus, scored);
    let quality = evaluation::evaluate(documents, &stories, tier);
    report(documents, &quality);
    let mut missed: BTreeMap<&str, usize> = BTreeMap::new();
    for (i, d) in documents.iter().enumerate() {
        let best = scored
            .iter()
            .filter(|((a, b), s)| s.same && (*a == i || *b == i))
            .map(|(_, s)| s.margin)
            .fold(f32::MIN, f32::max);
        if best < 0.0 && best > f32::MIN && d.truth.kind.is_none() {
            *missed.entry(d.file.as_str()).or_default() += 1;
        }
    }
    eprintln!("documents with no pair over the threshold: {missed:?}");
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

/// Strongest pairs first; two stories merge only over a pair that covers both sides.
fn group(n: usize, scored: &HashMap<(usize, usize), Scored>) -> Vec<usize> {
    let mut links: Vec<(&(usize, usize), &Scored)> =
        scored.iter().filter(|(_, s)| s.margin >= 0.0 && s.coverage_a.max(s.coverage_b) >= 0.3).collect();
    links.sort_by(|x, y| y.1.margin.total_cmp(&x.1.margin).then(x.0.cmp(y.0)));
    let mut story: Vec<usize> = (0..n).collect();
    let mut size = vec![1_usize; n];
    for ((i, j), s) in links {
        let (a, b) = (story[*i], story[*j]);
        if a == b || size[a] > 1 && size[b] > 1 && s.coverage_a.min(s.coverage_b) < 0.5 {
            continue;
        }
        story.iter_mut().filter(|x| **x == b).for_each(|x| *x = a);
        size[a] += size[b];
    }
    story
}
