//! Why was a pair joined, or not? Findings as a table, and the sentences that match, side by side.

use std::fmt::Write as _;

use crate::model::{Evidence, Verdict};

/// Two sentences that match: their cosine, the first text's, the second's.
pub type Match = (f32, String, String);

/// Columns that a table takes.
const WIDTH: usize = 100;

/// Each finding with its bits, the sum, the threshold and the verdict; then the best matching sentences.
pub fn table(evidence: &Evidence, matches: &[Match]) -> String {
    let mut out = String::new();
    let (seen, unseen): (Vec<_>, Vec<_>) = evidence.findings.iter().partition(|f| f.is_observed());
    for f in seen {
        let _ = writeln!(out, "{:>7.1}  {:<14} {}", f.weight_bits, f.signal, f.because);
    }
    if !unseen.is_empty() {
        let bits: f32 = unseen.iter().map(|f| f.weight_bits).sum();
        let names: Vec<&str> = unseen.iter().map(|f| f.signal.as_str()).collect();
        let _ = writeln!(out, "{bits:>7.1}  {:<14} {}", "not seen", names.join(", "));
    }
    let _ = writeln!(out, "{:>7.1}  total, {:.1} needed", evidence.total_bits, evidence.threshold_bits);
    let verdict = match evidence.verdict {
        Verdict::Link => "the same work",
        Verdict::PossibleLink => "perhaps the same work: shown, never folded",
        Verdict::NonLink => "different works",
    };
    let (a, b) = (evidence.coverage_a * 100.0, evidence.coverage_b * 100.0);
    let _ = writeln!(out, "\n{verdict}; {a:.0} % of the first and {b:.0} % of the second text have a counterpart");
    if !matches.is_empty() {
        out.push('\n');
    }
    for (cosine, a, b) in matches {
        let half = (WIDTH - 9) / 2;
        let (left, right) = (wrapped(a, half), wrapped(b, half));
        for line in 0..left.len().max(right.len()) {
            let cell = |side: &[String]| side.get(line).cloned().unwrap_or_default();
            let head = if line == 0 { format!("{cosine:>5.2}") } else { String::new() };
            let pad = half.saturating_sub(columns(&cell(&left)));
            let _ = writeln!(out, "{head:>5}  {}{}  {}", cell(&left), " ".repeat(pad), cell(&right));
        }
    }
    out
}

/// Columns that a text takes on a terminal: Han, kana and Hangul take two.
fn columns(text: &str) -> usize {
    text.chars().map(|c| if matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ff60}') { 2 } else { 1 }).sum()
}

/// Lines of at most `width` columns, broken at blanks where there are any.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_inclusive(' ') {
        if columns(&line) + columns(word.trim_end()) > width && !line.is_empty() {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
        }
        for c in word.chars() {
            if columns(&line) + columns(c.encode_utf8(&mut [0; 4])) > width && c != ' ' {
                lines.push(std::mem::take(&mut line));
            }
            line.push(c);
        }
    }
    lines.push(line.trim_end().to_owned());
    lines.retain(|l| !l.is_empty());
    // Six lines show what a sentence says.
    lines.truncate(6);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::evidence::NOT_OBSERVED;
    use crate::model::{Finding, Phrase};

    #[test]
    fn every_finding_and_both_sides_of_a_match_are_shown() {
        let finding = |signal: &str, weight_bits| Finding {
            signal: signal.into(),
            level: if weight_bits < -0.5 { NOT_OBSERVED } else { "x" }.into(),
            weight_bits,
            because: Phrase::new("what {} says", &[&signal]),
        };
        let evidence = Evidence {
            findings: vec![
                finding("text", 7.75),
                finding("lag", -0.5),
                finding("names", -0.75),
                finding("links", -0.75),
            ],
            total_bits: 5.75,
            threshold_bits: 4.0,
            coverage_a: 0.9,
            coverage_b: 0.5,
            verdict: Verdict::Link,
        };
        let matches = [(
            0.81,
            "A first sentence that is rather long, so that it takes two lines here.".to_owned(),
            "一句話".to_owned(),
        )];
        let shown = table(&evidence, &matches);
        for part in [
            "7.8",
            "what text says",
            "-0.5",
            "-1.5  not seen       names, links\n",
            "5.8  total, 4.0 needed",
            "the same work",
            "90 %",
            "0.81",
            "一句話",
            "two lines here.",
        ] {
            assert!(shown.contains(part), "{part} in\n{shown}");
        }
        assert!(shown.lines().all(|l| columns(l) <= WIDTH), "{shown}");
    }
}
