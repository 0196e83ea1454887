//! What does the running daemon tell Prometheus?

use std::sync::atomic::{AtomicU64, Ordering};

use super::Error;
use super::site::Shopfront;
use crate::model::Timestamp;
use crate::pages::Metric;

/// Entries and pages in queues that are counted.
const COUNTED_MAX: usize = 1_000_000;

impl Shopfront {
    /// The facts of the running daemon: sources, store and queues as they are, answers and renders since its start.
    pub(super) fn metrics(&self, now: Timestamp) -> Result<Vec<Metric>, Error> {
        let house = &self.house;
        let summary = house.recent_summary(now)?;
        let stats = house.store().stats()?;
        let gauge = |name, help, value: u64| Metric::plain(name, help, false, value as f64);
        let mut all = vec![
            gauge("sources", "Configured sources.", summary.sources as u64),
            gauge("entries", "Entries that stand in stories.", summary.entries as u64),
            gauge("stories", "Stories.", summary.stories as u64),
        ];
        let folds = [("translation", summary.translations), ("repost", summary.reposts)];
        all.push(Metric {
            name: "folded",
            help: "Entries folded into the story of another, by kind.",
            counter: false,
            samples: folds.map(|(kind, n)| (vec![("kind", kind.to_owned())], n as f64)).into(),
        });
        all.extend([
            gauge(
                "config_fault",
                "Whether feeds.toml was edited and cannot be used.",
                house.config_fault().is_some().into(),
            ),
            gauge("waiting_entries", "Entries to be judged.", house.waiting(COUNTED_MAX)? as u64),
            gauge("waiting_pages", "Pages to be fetched.", house.waiting_pages(COUNTED_MAX)? as u64),
            Metric::plain(
                "set_aside_total",
                "Entries that could not be compared since the start, by a fault of this program.",
                true,
                house.entries_set_aside() as f64,
            ),
            gauge("store_live_bytes", "Bytes of live keys and values.", stats.live_bytes),
            gauge("store_disk_bytes", "Bytes of the store on disk.", stats.disk_bytes),
        ]);
        all.extend(self.polls()?);
        all.extend(self.answers());
        Ok(all)
    }

    fn polls(&self) -> Result<Vec<Metric>, Error> {
        let metric = |name, help, counter| Metric { name, help, counter, samples: Vec::new() };
        let mut polls = metric("polls_total", "Polls of a source.", true);
        let mut unchanged = metric("unchanged_total", "Polls answered by 304 or the same body.", true);
        let mut failing = metric("failures", "Failed polls in a row.", false);
        let plan = self.house.plan();
        for source in plan.sources() {
            let state = self.house.state(&source.id)?;
            let label = || vec![("source", plan.name(&source.id).to_string())];
            polls.samples.push((label(), state.polls as f64));
            unchanged.samples.push((label(), state.unchanged as f64));
            failing.samples.push((label(), f64::from(state.failures)));
        }
        let mut statuses = metric("poll_status_total", "Polls by status of the answer since the start.", true);
        statuses.samples = self
            .house
            .statuses()
            .into_iter()
            .map(|(status, n)| {
                let status = status.map_or("none".to_owned(), |status| status.to_string());
                (vec![("status", status)], n as f64)
            })
            .collect();
        Ok(vec![polls, unchanged, failing, statuses])
    }

    fn answers(&self) -> Vec<Metric> {
        let counts = &self.counts;
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed) as f64;
        let counter = |name, help, value: f64| Metric::plain(name, help, true, value);
        let classes = counts.answers.iter().zip(["1xx", "2xx", "3xx", "4xx", "5xx"]);
        vec![
            Metric {
                name: "answers_total",
                help: "Answers by class of status.",
                counter: true,
                samples: classes.map(|(n, class)| (vec![("class", class.to_owned())], load(n))).collect(),
            },
            counter("not_modified_total", "Answers of 304.", load(&counts.not_modified)),
            counter("renders_total", "Editions rendered.", load(&counts.renders)),
            counter("render_seconds_total", "Seconds spent rendering.", load(&counts.render_us) / 1e6),
            counter("compressions_total", "Bodies compressed.", load(&counts.compressions)),
            Metric::plain("connections", "Open connections of readers.", false, load(&counts.connections)),
        ]
    }
}
