//! When are the hubs told that an edition changed (WebSub §7)?

use std::collections::HashMap;
use std::sync::Arc;

use chrono::TimeDelta;
use url::Url;

use super::{Rooms, TICK};
use crate::model::Timestamp;
use crate::pipeline::news::News;
use crate::pipeline::site::Shopfront;
use crate::publish::Site as _;

/// A burst of changes, as at a first poll, is told once: when a tick brought nothing more, or after this long.
const PATIENCE: TimeDelta = TimeDelta::minutes(1);
/// Pause after a first failure; it doubles with each further one.
const FIRST_PAUSE: TimeDelta = TimeDelta::minutes(1);
/// The longest pause: subscribers of a hub that is down poll by themselves meanwhile.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(6);

/// How a hub fared: what to wait for after failures.
#[derive(Debug, Clone, Copy)]
struct Failing {
    failures: u32,
    until: Timestamp,
}

/// Tells the hubs of every change, for ever. What each was told is in the store: a crash or a restart between the
/// change and the telling forgets nothing.
pub(super) async fn tell_changes(rooms: Arc<Rooms>, site: Arc<Shopfront>) {
    // The state of the site at the last tick, and of the last telling that went well everywhere.
    let (mut last, mut done) = (None, None);
    let mut since: Option<Timestamp> = None;
    let mut failing: HashMap<Url, Failing> = HashMap::new();
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let hubs = rooms.house.plan().hubs.clone();
        let (state, now) = (Some(site.state()), rooms.clock.now());
        let is_quiet = std::mem::replace(&mut last, state) == state;
        // What cannot be written down as told would be told again and again.
        if hubs.is_empty() || state == done || rooms.house.fault_of_store().is_some() {
            continue;
        }
        if !is_quiet && now - *since.get_or_insert(now) < PATIENCE {
            continue;
        }
        since = None;
        failing.retain(|hub, _| hubs.contains(hub));
        for hub in &hubs {
            if failing.get(hub).is_none_or(|f| f.until <= now) {
                match tell(&rooms, &site, hub).await {
                    Ok(()) => drop(failing.remove(hub)),
                    Err(why) => {
                        let failures = failing.get(hub).map_or(0, |f| f.failures);
                        let pause = (FIRST_PAUSE * 2_i32.pow(failures.min(16))).min(LONGEST_PAUSE);
                        tracing::warn!(%hub, "failed to tell the hub, which is tried again in {pause}: {why}");
                        failing.insert(hub.clone(), Failing { failures: failures + 1, until: now + pause });
                    }
                }
            }
        }
        done = if failing.is_empty() { state } else { None };
    }
}

/// Tells one hub of the editions that it does not know as they stand: one form that names all their addresses.
async fn tell(rooms: &Rooms, site: &Shopfront, hub: &Url) -> Result<(), String> {
    let news = tokio::task::block_in_place(|| site.untold(hub)).map_err(|e| e.to_string())?;
    if news.is_empty() {
        return Ok(());
    }
    let topics = news.iter().flat_map(|one: &News| &one.topics);
    // `hub.url` may stand several times (PubSubHubbub 0.3 §7.1, which WebSub leaves to the hub).
    let topics = topics.map(|topic| ("hub.url", topic.as_str()));
    let form: Vec<(&str, &str)> = std::iter::once(("hub.mode", "publish")).chain(topics).collect();
    let clock = rooms.clock.clone();
    rooms.fetcher().tell(hub, &form, &move || clock.now()).await.map_err(|e| e.to_string())?;
    fail::fail_point!("hub-told", |_| std::process::abort());
    tracing::info!(%hub, editions = news.len(), "told the hub");
    tokio::task::block_in_place(|| site.told(hub, &news)).map_err(|e| e.to_string())
}
