//! Why were two entries found to be one work, or not: in words and bits?

use maud::{Markup, html};

use super::Messages;
use crate::model::{Evidence, Finding};

/// Each finding with its bits, the sum, and what spoke against.
pub(super) fn findings(evidence: &Evidence, messages: &Messages) -> Markup {
    let [sign, seen, bits] = messages.finding;
    let rows = rows(evidence, messages);
    let against: Vec<&Row> = rows.iter().filter(|r| r.bits < 0.0).collect();
    let total = messages.total.replacen("{}", &format!("{:+.1}", evidence.total_bits), 1);
    html! {
        table {
            thead { tr { th scope="col" { (sign) } th scope="col" { (seen) } th.number scope="col" { (bits) } } }
            tbody {
                @for row in &rows {
                    tr {
                        @if let Some(finding) = row.finding {
                            td { (messages.signal(&finding.signal)) }
                            td dir="auto" { (row.words) }
                        } @else {
                            td colspan="2" { (row.words) }
                        }
                        td.number.for[row.bits > 0.0].against[row.bits < 0.0] { (format!("{:+.1}", row.bits)) }
                    }
                }
            }
        }
        p { strong { (total.replacen("{}", &format!("{:.1}", evidence.threshold_bits), 1)) } }
        h4 { (messages.against) }
        @if against.is_empty() { p { (messages.nothing_against) } } @else {
            ul { @for row in against { li dir="auto" { (row.words) } } }
        }
    }
}

/// The findings without which the verdict would have been another.
pub(super) fn would_change(evidence: &Evidence, messages: &Messages) -> Markup {
    let margin = evidence.total_bits - evidence.threshold_bits;
    if margin < 0.0 {
        return html! { p { (messages.missing.replace("{}", &format!("{:.1}", -margin))) } };
    }
    let decisive: Vec<&Finding> =
        evidence.findings.iter().filter(|f| f.is_observed() && f.weight_bits > margin).collect();
    html! {
        @if decisive.is_empty() { p { (messages.robust) } } @else {
            ul { @for finding in decisive { li dir="auto" { (messages.without.replace("{}", &messages.say(&finding.because))) } } }
        }
    }
}

/// A row of the table: a finding, or all that was not seen.
struct Row<'a> {
    finding: Option<&'a Finding>,
    words: String,
    bits: f32,
}

/// What speaks for it first. What was not seen is one row: each absence for itself says little, and the bits beside it
/// are those of a signal's figures, not of a sentence that one could check.
fn rows<'a>(evidence: &'a Evidence, messages: &Messages) -> Vec<Row<'a>> {
    let (seen, mut unseen): (Vec<&Finding>, Vec<&Finding>) = evidence.findings.iter().partition(|f| f.is_observed());
    let row = |f: &'a Finding| Row { finding: Some(f), words: messages.say(&f.because), bits: f.weight_bits };
    let mut rows: Vec<Row> = seen.into_iter().map(row).collect();
    // The heaviest absence is named first.
    unseen.sort_by(|a, b| b.weight_bits.abs().total_cmp(&a.weight_bits.abs()));
    let what: Vec<&str> = unseen.iter().map(|f| messages.absence(&f.signal)).collect();
    if !what.is_empty() {
        let words = messages.unseen.replace("{}", &what.join(", "));
        rows.push(Row { finding: None, words, bits: unseen.iter().map(|f| f.weight_bits).sum() });
    }
    rows.sort_by(|a, b| b.bits.total_cmp(&a.bits));
    rows
}
