//! `evaluate CORPUS.jsonl…`: how well does the recognition work on documents whose truth is known?

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use anyhow::Context as _;

use super::cluster;
use crate::encoders;
use crate::matching::archive::{self, Judged, Line, Placed};
use crate::matching::corpus::{self, Document};
use crate::matching::evaluation::{self, Quality};
use crate::model::{Language, Role, Timestamp};

/// What else is asked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Compare all pairs too.
    pub all_pairs: bool,
    /// Take the links out of the texts first.
    pub strip_links: bool,
}

/// Judges the documents of the files together and prints the table, then every false join with its reasons. With
/// `all_pairs` every pair is compared after that, and what is joined only then is told.
///
/// # Errors
/// Where a file cannot be read, or the answer not be written.
pub fn run(
    files: &[PathBuf],
    Options { all_pairs, strip_links }: Options,
    mut output: impl Write,
    now: Timestamp,
) -> anyhow::Result<()> {
    let mut documents: Vec<Document> = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(file).with_context(|| format!("failed to read {}", file.display()))?;
        let name = file.file_stem().and_then(|s| s.to_str()).unwrap_or_default();
        documents.extend(text.lines().filter_map(|l| corpus::read(l, name)));
    }
    anyhow::ensure!(!documents.is_empty(), "no line of these files is a document with a story_id");
    corpus::make_opaque(&mut documents);
    if strip_links {
        corpus::strip_links(&mut documents);
    }
    let lines: Vec<Line> = documents.iter().map(|d| d.line.clone()).collect();
    let entries = cluster::entries(&lines);
    let judged = cluster::on_all_cores(|progress| archive::resolve(&entries, progress))?;
    let trust: Vec<Role> = lines.iter().map(Line::trust).collect();
    let stories = numbered(&judged.stories(&entries, &trust, now));
    let quality = evaluation::evaluate(&documents, &stories, tier);
    print(&mut output, &quality)?;
    false_joins(&mut output, &documents, &quality, &judged)?;
    if all_pairs {
        output.flush()?;
        let judged = cluster::on_all_cores(|progress| judged.exhaustively(&entries, progress))?;
        lost(&mut output, &documents, &stories, &numbered(&judged.stories(&entries, &trust, now)))?;
    }
    Ok(())
}

/// One number for each story.
fn numbered(placed: &[Placed]) -> Vec<usize> {
    let mut numbers = BTreeMap::new();
    let mut number = |p: &Placed| {
        let next = numbers.len();
        *numbers.entry(p.story).or_insert(next)
    };
    placed.iter().map(&mut number).collect()
}

/// Tells which pairs stand in one story only where all pairs were compared: what candidates lose of the works, and which
/// wrong joins they spare.
fn lost(out: &mut impl Write, documents: &[Document], found: &[usize], all: &[usize]) -> std::io::Result<()> {
    let (lost, joined) = evaluation::lost(found, all);
    // Documents that hold several works are left out, as of all figures.
    let counts = |(a, b): &(usize, usize)| !documents[*a].truth.ambiguous && !documents[*b].truth.ambiguous;
    let (lost, joined): (Vec<_>, Vec<_>) =
        (lost.into_iter().filter(counts).collect(), joined.into_iter().filter(counts).collect());
    let of_one_work = |(a, b): &(usize, usize)| documents[*a].truth.story_id == documents[*b].truth.story_id;
    let right = joined.iter().filter(|pair| of_one_work(pair)).count();
    let (missed, spared): (Vec<_>, Vec<_>) = lost.into_iter().partition(of_one_work);
    let share = 100.0 * missed.len() as f64 / right.max(1) as f64;
    writeln!(out, "\npairs of one work that are joined where all pairs are compared: {right}")?;
    writeln!(out, "of these lost where candidates are: {} ({share:.3} %)", missed.len())?;
    writeln!(out, "pairs of different works that are joined only where all are compared: {}", spared.len())?;
    for (a, b) in missed.iter().chain(&spared) {
        writeln!(out, "  {} / {}", documents[*a].line.doc_id, documents[*b].line.doc_id)?;
    }
    Ok(())
}

fn tier(language: &str) -> &'static str {
    match Language::parse(language).zip(encoders::ALL.first()) {
        Some((language, first)) if !(first.covers)(&language) => "other languages",
        _ => "languages of the first encoder",
    }
}

fn f1(precision: f64, recall: f64) -> f64 {
    if precision + recall == 0.0 { 0.0 } else { 2.0 * precision * recall / (precision + recall) }
}

fn print(out: &mut impl Write, quality: &Quality) -> std::io::Result<()> {
    writeln!(out, "{:10} {:>10} {:>10} {:>10}", "", "precision", "recall", "F1")?;
    let mut row = |name: &str, p: f64, r: f64| {
        writeln!(out, "{name:10} {:9.3} % {:8.2} % {:8.2} %", 100.0 * p, 100.0 * r, 100.0 * f1(p, r))
    };
    row("pairs", quality.precision(), quality.recall())?;
    row("B-cubed", quality.b_cubed_precision, quality.b_cubed_recall)?;
    let mut before = "";
    for ((by, value), count) in &quality.by {
        if *by != before {
            writeln!(
                out,
                "\n{:68} {:^26}  {:^26}",
                format!("by {by}: documents in their work's story"),
                "pairs",
                "B-cubed"
            )?;
            let head = format!("{:>8} {:>8} {:>8}", "P", "R", "F1");
            writeln!(out, "{:68} {head}  {head}", "")?;
            before = by;
        }
        let share = 100.0 * count.joined as f64 / count.documents.max(1) as f64;
        let three = |(p, r): (f64, f64)| format!("{:8.2} {:8.2} {:8.2}", 100.0 * p, 100.0 * r, 100.0 * f1(p, r));
        let place = format!("  {value:42} {:5} of {:5} {share:6.1} %", count.joined, count.documents);
        writeln!(out, "{place:68} {}  {}", three(count.of_pairs()), three(count.of_b_cubed()))?;
    }
    Ok(())
}

fn false_joins(
    out: &mut impl Write,
    documents: &[Document],
    quality: &Quality,
    judged: &Judged,
) -> std::io::Result<()> {
    writeln!(out, "\nstories that hold different works: {}", quality.wrong.len())?;
    for story in &quality.wrong {
        let name = |i: usize| format!("{} ({})", documents[i].line.doc_id, documents[i].truth.story_id);
        writeln!(out, "\n{}", story.iter().map(|&i| name(i)).collect::<Vec<_>>().join(", "))?;
        let inside = |i: &usize| story.contains(i);
        let wrong = judged.pairs.iter().filter(|(a, b, e)| {
            let different = documents[*a].truth.story_id != documents[*b].truth.story_id;
            inside(a) && inside(b) && different && e.verdict == crate::model::Verdict::Link
        });
        for (a, b, evidence) in wrong {
            writeln!(out, "{} / {}\n{}", name(*a), name(*b), crate::explain::table(evidence, &[]))?;
        }
    }
    Ok(())
}
