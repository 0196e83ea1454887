//! `cluster FILE.jsonl`: which lines of an archive are one work?

use std::collections::BTreeMap;
use std::io::{BufRead, Write};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::matching::archive::{self, Judged, Line, Placed, Progress};
use crate::model::{Entry, EntryId, MemberRole, Role, Timestamp};

/// One line of the answer.
#[derive(Serialize)]
struct Answer<'a> {
    doc_id: &'a str,
    story: String,
    role: MemberRole,
    language: Option<&'a str>,
    score: Option<f32>,
    because: &'a [String],
}

/// Reads an archive, judges it on all cores, and writes one line for each line read, in the same order.
///
/// # Errors
/// A line that is no JSON object with a `doc_id`, and what reading and writing can fail with.
pub fn run(input: impl BufRead, mut output: impl Write, now: Timestamp) -> anyhow::Result<()> {
    let mut lines: Vec<Line> = Vec::new();
    for (number, line) in input.lines().enumerate() {
        let line = line?;
        if !line.trim().is_empty() {
            lines.push(serde_json::from_str(&line).with_context(|| format!("failed to read line {}", number + 1))?);
        }
    }
    let entries = entries(&lines);
    let judged = on_all_cores(|progress| archive::resolve(&entries, progress))?;
    let trust: Vec<Role> = lines.iter().map(Line::trust).collect();
    let placed = judged.stories(&entries, &trust, now);
    for ((line, profile), Placed { story, role, score_bits, because }) in
        lines.iter().zip(&judged.profiles).zip(&placed)
    {
        let answer = Answer {
            doc_id: &line.doc_id,
            story: story.to_string(),
            role: *role,
            language: profile.language.as_ref().map(|l| l.as_str()),
            score: score_bits.map(|s| (s * 100.0).round() / 100.0),
            because,
        };
        serde_json::to_writer(&mut output, &answer)?;
        output.write_all(b"\n")?;
    }
    output.flush()?;
    Ok(())
}

/// The entries of an archive. Two lines of one `doc_id` and source stay two; which of them has the plain id is decided
/// by what they say, not by their order.
pub fn entries(lines: &[Line]) -> Vec<Entry> {
    let mut entries: Vec<Entry> = lines.iter().map(|line| line.entry()).collect();
    let mut of_id: BTreeMap<EntryId, Vec<usize>> = BTreeMap::new();
    for (i, entry) in entries.iter().enumerate() {
        of_id.entry(entry.id).or_default().push(i);
    }
    for mut same in of_id.into_values().filter(|same| same.len() > 1) {
        let says = |line: &Line| (line.html.clone(), line.text.clone(), line.title.clone(), line.published.clone());
        same.sort_by_cached_key(|i| says(&lines[*i]));
        for (times, i) in same.into_iter().enumerate().skip(1) {
            let entry = &mut entries[i];
            entry.id = EntryId::new(&entry.source, &format!("{}\u{1}{times}", entry.key));
        }
    }
    entries
}

/// Does `work` on a pool of as many threads as there are cores, and shows on stderr how far it is.
///
/// # Errors
/// Where the threads cannot be started.
pub fn on_all_cores(work: impl FnOnce(Progress) -> Judged + Send) -> anyhow::Result<Judged> {
    let bar = ProgressBar::new(0);
    let style = "{msg:>9} {bar:40} {human_pos} of {human_len} ({elapsed})";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    let progress = |what: &'static str, done: usize, of: usize| {
        // Drawing is dearer than judging a pair.
        if done % 16 == 1 || done == of {
            bar.set_message(what);
            bar.set_length(of as u64);
            bar.set_position(done as u64);
        }
    };
    let pool = rayon::ThreadPoolBuilder::new().thread_name(|i| format!("matching-{i}")).build()?;
    let judged = pool.install(|| work(&progress));
    bar.finish_and_clear();
    Ok(judged)
}
