//! Fetches every source now, and says what happened to each.

use std::io::Write;
use std::sync::Arc;

use anyhow::bail;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::runtime::Runtime;

use super::Outcome;
use super::house::print;
use crate::daemon::{PollReport, Rooms, poll_now};
use crate::model::{Outcome as Ended, Source};

/// Polls, reads the pages that are due, judges; prints a table and, last, the summary line. Exit code 1 if a source
/// failed.
pub fn run(rooms: &Arc<Rooms>, runtime: &Runtime, only: Option<&str>, out: &mut dyn Write) -> Outcome {
    let plan = rooms.house.plan();
    let sources: Vec<Arc<Source>> = match only {
        None => plan.sources().cloned().collect(),
        Some(name) => match plan.named(name) {
            Some(source) => vec![Arc::clone(source)],
            None => {
                let names: Vec<_> = plan.sources().map(|s| plan.name(&s.id).as_str()).collect();
                bail!("there is no source {name:?} in feeds.toml; the sources are: {}", names.join(", "));
            }
        },
    };
    // Hidden where stderr is no terminal.
    let bar = ProgressBar::new(sources.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos} of {len} sources {msg}") {
        bar.set_style(style);
    }
    let mut each = |report: &PollReport| {
        bar.set_message(report.source.to_string());
        bar.inc(1);
    };
    let mut reports = runtime.block_on(poll_now(rooms, sources, &mut each))?;
    bar.set_message("judging");
    rooms.judge_all()?;
    bar.finish_and_clear();
    reports.sort_by_key(|report| plan.sources().position(|s| *plan.name(&s.id) == report.source));
    table(&reports, out)?;
    print(out, rooms.house.summary()?)?;
    Ok(u8::from(reports.iter().any(PollReport::failed)))
}

/// One line a source.
fn table(reports: &[PollReport], out: &mut dyn Write) -> anyhow::Result<()> {
    let width = reports.iter().map(|r| r.source.as_str().chars().count()).max().unwrap_or(0);
    for report in reports {
        let told = match &report.outcome {
            Ended::Changed => {
                let (new, changed) = (report.ingested.new, report.ingested.changed);
                format!("ok         {} entries, {new} new, {changed} changed", report.entries)
            }
            Ended::Unchanged => format!("unchanged  {} entries", report.entries),
            Ended::Failed(why) => format!("failed     {why}"),
            Ended::Gone(why) => format!("gone       {why}"),
        };
        print(out, format_args!("{:width$}  {told}", report.source.as_str()))?;
        for fault in &report.faults {
            print(out, format_args!("{:width$}  fault      {fault}", ""))?;
        }
    }
    Ok(())
}
