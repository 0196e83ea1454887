//! Fetches every source now, and says what happened to each.

use std::io::Write;
use std::sync::Arc;

use anyhow::bail;
use tokio::runtime::Runtime;

use super::Outcome;
use super::house::print;
use super::printable::printable;
use crate::daemon::control::{Progress, Screen};
use crate::daemon::{PollReport, Rooms, drain, poll_now};
use crate::model::{Outcome as Ended, Source};

/// Polls, reads the pages that are due, judges; prints a line for each source as it ends and, last, the summary line.
/// Exit code 1 if a source failed.
pub fn run(rooms: &Arc<Rooms>, runtime: &Runtime, only: Option<&str>, out: &mut dyn Screen) -> Outcome {
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
    let width = sources.iter().map(|s| plan.name(&s.id).as_str().chars().count()).max().unwrap_or(0);
    // The bar is full when all is judged.
    let of = sources.len() as u64 + 1;
    let (mut done, mut failed, mut printed) = (0, false, Ok(()));
    out.progress(Progress { done, of, what: "polling".to_owned() });
    runtime.block_on(poll_now(rooms, sources, &mut |report: &PollReport| {
        done += 1;
        failed |= report.failed();
        if printed.is_ok() {
            printed = tell(report, width, out);
        }
        out.progress(Progress { done, of, what: report.source.to_string() });
    }))?;
    printed?;
    out.progress(Progress { done, of, what: "reading pages, judging".to_owned() });
    runtime.block_on(drain(rooms, &mut |what| out.progress(Progress { done, of, what })))?;
    out.progress(Progress { done: of, of, what: String::new() });
    match rooms.house.publications()?.len() {
        0 => {}
        n => print(out, format_args!("{n} not configured have originals of stories; see `tributary publications`"))?,
    }
    print(out, rooms.house.summary()?)?;
    Ok(u8::from(failed))
}

/// One line a source, and one for each fault of its document.
fn tell(report: &PollReport, width: usize, out: &mut (impl Write + ?Sized)) -> anyhow::Result<()> {
    let told = match &report.outcome {
        Ended::Changed => {
            let (new, changed) = (report.ingested.new, report.ingested.changed);
            format!("ok         {} entries, {new} new, {changed} changed", report.entries)
        }
        Ended::Unchanged => format!("unchanged  {} entries", report.entries),
        Ended::Failed(why) => format!("failed     {why}"),
        Ended::Gone(why) => format!("gone       {why}"),
    };
    writeln!(out, "{:width$}  {}", report.source.as_str(), printable(&told))?;
    for fault in &report.faults {
        writeln!(out, "{:width$}  fault      {}", "", printable(fault))?;
    }
    out.flush()?;
    Ok(())
}
