//! When is a source polled next, and why then? Pure: cron, freshness, skip lists, Retry-After, backoff, jitter.

mod cron;

pub use cron::Schedule;

use chrono::{Datelike, DurationRound, TimeDelta, Timelike, Weekday};

use crate::model::{Phrase, SourceState, Timestamp};

/// The longest that a hint (max-age, Expires, ttl) can put off a poll: a server that says `max-age=31536000` for all
/// its files has not thought of its feed, and a translation of the day must not be missed by more than a day.
const LONGEST_HINT: TimeDelta = TimeDelta::days(1);

/// The longest Retry-After obeyed: a plain request to stay away, so longer than a hint; but a mistaken year would
/// be the loss of the source.
const LONGEST_RETRY_AFTER: TimeDelta = TimeDelta::days(7);

/// The first pause after a failure; it doubles with each further one, up to [`LONGEST_HINT`] at the tenth.
const FIRST_BACKOFF: TimeDelta = TimeDelta::minutes(5);

/// How often a source is asked whose validators are known never to change: unconditional polls at most daily
/// (the "feed reader score" criteria).
const UNCONDITIONAL_EVERY: TimeDelta = TimeDelta::days(1);

/// The most that jitter adds: enough that a hundred sources of one schedule are three seconds apart.
const LONGEST_JITTER: TimeDelta = TimeDelta::minutes(5);

/// A clock set back by less than this is a correction, not a jump.
pub const CLOCK_CORRECTION: TimeDelta = TimeDelta::minutes(1);

const GONE: &str = "the source said on {} that it is gone for good (410); edit its url to poll it again.";
const SCHEDULED: &str = "its schedule says so.";
const SKIPPED: &str = "the feed asks to skip the hours or days before.";
const FRESH: &str = "its last answer is fresh until then ({}).";
const TTL: &str = "the feed asks for {} minutes between polls (ttl).";
const FROZEN: &str = "its ETag and Last-Modified do not change with it, so it is fetched whole, once a day.";
const RETRY_AFTER: &str = "it asked not to be asked before then (Retry-After).";
const FAILED_ONCE: &str = "the last poll failed, so it waits.";
const FAILED: &str = "{} polls failed, so the pause grows.";

/// The forms of all reasons for the time of a poll.
pub const SAYS: &[&str] = &[GONE, SCHEDULED, SKIPPED, FRESH, TTL, FROZEN, RETRY_AFTER, FAILED_ONCE, FAILED];

/// When to poll next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextPoll {
    /// `None`: never again (410), until its address is edited.
    pub at: Option<Timestamp>,
    /// Why then: one of [`SAYS`].
    pub because: Phrase,
}

/// When to poll a source next: the latest of its schedule, the freshness and the wishes of its last answer, a running
/// Retry-After and, after failures, a growing pause; capped, and spread by `jitter` (0 to 1).
/// Call it after a poll with the state that came out of it, and again when the schedule was edited.
pub fn next_poll(schedule: &Schedule, state: &SourceState, now: Timestamp, jitter: f64) -> NextPoll {
    if let Some(since) = state.gone {
        let since = since.format("%Y-%m-%d");
        return NextPoll { at: None, because: Phrase::new(GONE, &[&since]) };
    }
    let jitter = if jitter.is_finite() { jitter.clamp(0.0, 1.0) } else { 0.0 };
    let mut at = schedule.after(now).unwrap_or(now + LONGEST_HINT);
    let mut because = Phrase::from(SCHEDULED);
    for (wish, reason) in wishes(state, now, jitter) {
        if wish > at {
            (at, because) = (wish, reason);
        }
    }
    // A tenth of the wait, so that a schedule of seconds stays one.
    let spread = scaled((at - now) / 10, 1.0).min(LONGEST_JITTER);
    let jittered = at + scaled(spread, jitter);
    let allowed = after_skips(state, jittered, scaled(spread, jitter));
    if allowed > jittered {
        because = SKIPPED.into();
    }
    NextPoll { at: Some(allowed), because }
}

/// Whether it is time. Also true once after the clock was set back by more than a minute, as the stored time would
/// else be waited for in vain.
pub fn is_due(state: &SourceState, now: Timestamp) -> bool {
    if may_poll(state, now).is_err() {
        return false;
    }
    let set_back = state.last_poll.is_some_and(|last| last > now + CLOCK_CORRECTION);
    set_back || state.next_poll.is_none_or(|next| next <= now)
}

/// Whether the source may be polled by hand: not while a Retry-After runs, and not after a 410.
///
/// # Errors
/// The reason to show.
pub fn may_poll(state: &SourceState, now: Timestamp) -> Result<(), String> {
    if let Some(since) = state.gone {
        let since = since.format("%Y-%m-%d");
        return Err(format!("gone for good since {since} (410): remove it, or edit its url to poll it again"));
    }
    match running_retry_after(state, now) {
        Some(until) => Err(format!("it asked not to be asked before {} (Retry-After)", until.format("%F %T UTC"))),
        None => Ok(()),
    }
}

/// All that can put off the next poll beyond the schedule, each with its reason.
fn wishes(state: &SourceState, now: Timestamp, jitter: f64) -> Vec<(Timestamp, Phrase)> {
    let mut wishes = Vec::new();
    // Not `now`: an edit of the schedule plans anew between two polls.
    let last_poll = state.last_poll.unwrap_or(now).min(now);
    if let Some((until, field)) = &state.facts.fresh_until {
        wishes.push(((*until).min(last_poll + LONGEST_HINT), Phrase::new(FRESH, &[field])));
    }
    if let Some(minutes) = state.facts.ttl_minutes
        && state.failures == 0
    {
        let ttl = TimeDelta::minutes(i64::from(minutes)).min(LONGEST_HINT);
        wishes.push((last_poll + ttl, Phrase::new(TTL, &[&minutes])));
    }
    if state.frozen_validators {
        let last = state.last_full.unwrap_or(now).min(now);
        wishes.push((last + UNCONDITIONAL_EVERY, FROZEN.into()));
    }
    if let Some(until) = running_retry_after(state, now) {
        wishes.push((until, RETRY_AFTER.into()));
    }
    if state.failures > 0 {
        let reason = if state.failures == 1 { FAILED_ONCE.into() } else { Phrase::new(FAILED, &[&state.failures]) };
        wishes.push((last_poll + backoff(state.failures, jitter), reason));
    }
    wishes
}

/// The end of a running Retry-After. One farther off than any that is obeyed was written before the clock was set back.
fn running_retry_after(state: &SourceState, now: Timestamp) -> Option<Timestamp> {
    let until = state.retry_after?;
    let clock_was_set_back = state.last_poll.is_some_and(|last| last > now + CLOCK_CORRECTION);
    let longest = state.last_poll.unwrap_or(now) + LONGEST_RETRY_AFTER;
    let until = until.min(longest);
    (until > now && !clock_was_set_back).then_some(until)
}

/// The pause after so many failures, between three and five quarters of the nominal one.
fn backoff(failures: u32, jitter: f64) -> TimeDelta {
    let doublings = failures.saturating_sub(1).min(16);
    let nominal = (FIRST_BACKOFF * (1 << doublings)).min(LONGEST_HINT);
    scaled(nominal, 0.75 + jitter / 2.0)
}

/// `length` times `factor`, to the millisecond.
fn scaled(length: TimeDelta, factor: f64) -> TimeDelta {
    TimeDelta::milliseconds((length.num_milliseconds() as f64 * factor) as i64)
}

/// The first moment from `at` on that is in none of the skipped hours and days (RSS 2.0, in UTC); `at` itself where
/// they leave no hour of the week.
fn after_skips(state: &SourceState, at: Timestamp, jitter: TimeDelta) -> Timestamp {
    let days: Vec<Weekday> = state.facts.skip_days.iter().filter_map(|d| d.parse().ok()).collect();
    let hours = &state.facts.skip_hours;
    // RSS 0.91 counted the hours from 1 to 24.
    let skipped = |t: Timestamp| hours.iter().any(|h| u32::from(*h % 24) == t.hour()) || days.contains(&t.weekday());
    if (hours.is_empty() && days.is_empty()) || !skipped(at) {
        return at;
    }
    let this_hour = at.duration_trunc(TimeDelta::hours(1)).unwrap_or(at);
    let later = (1..=7 * 24).map(|h| this_hour + TimeDelta::hours(h)).find(|t| !skipped(*t));
    later.map_or(at, |t| t + jitter)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::*;
    use crate::model::FeedFacts;

    const NOW: &str = "2026-11-22T10:30:00Z";

    fn at(s: &str) -> Timestamp {
        DateTime::parse_from_rfc3339(s).unwrap().to_utc()
    }

    fn hourly() -> Schedule {
        Schedule::parse("0 7 * * * *", "UTC").unwrap()
    }

    fn check(state: SourceState, expected: &str, because: &str) {
        let next = next_poll(&hourly(), &state, at(NOW), 0.0);
        assert_eq!(next.at, Some(at(expected)), "{next:?}");
        assert!(next.because.to_string().contains(because), "{next:?}");
    }

    fn facts(facts: FeedFacts) -> SourceState {
        SourceState { facts, ..SourceState::default() }
    }

    #[test]
    fn the_latest_wish_wins() {
        check(SourceState::default(), "2026-11-22T11:07:00Z", "its schedule");
        let fresh = |until: &str| {
            facts(FeedFacts { fresh_until: Some((at(until), "max-age=1".into())), ..FeedFacts::default() })
        };
        check(fresh("2026-11-22T10:40:00Z"), "2026-11-22T11:07:00Z", "its schedule");
        check(fresh("2026-11-22T14:00:00Z"), "2026-11-22T14:00:00Z", "max-age=1");
        check(fresh("2030-01-01T00:00:00Z"), "2026-11-23T10:30:00Z", "max-age=1");
        let ttl = |minutes| facts(FeedFacts { ttl_minutes: Some(minutes), ..FeedFacts::default() });
        check(ttl(180), "2026-11-22T13:30:00Z", "180 minutes");
        check(ttl(u32::MAX), "2026-11-23T10:30:00Z", "ttl");
        let retry =
            SourceState { retry_after: Some(at("2026-11-22T16:00:00Z")), failures: 1, ..SourceState::default() };
        check(retry.clone(), "2026-11-22T16:00:00Z", "Retry-After");
        check(
            SourceState { retry_after: Some(at("2099-01-01T00:00:00Z")), ..retry },
            "2026-11-29T10:30:00Z",
            "Retry-After",
        );
        let frozen = SourceState {
            frozen_validators: true,
            last_full: Some(at("2026-11-22T09:00:00Z")),
            ..SourceState::default()
        };
        check(frozen, "2026-11-23T09:00:00Z", "once a day");
    }

    #[test]
    fn failures_make_the_pause_grow_up_to_a_day() {
        let failed = |failures| SourceState { failures, ..SourceState::default() };
        check(failed(1), "2026-11-22T11:07:00Z", "its schedule");
        // 5 minutes, doubled five times, three quarters of it at the least.
        check(failed(6), "2026-11-22T12:30:00Z", "6 polls failed");
        check(failed(4_000_000_000), "2026-11-23T04:30:00Z", "failed");
    }

    #[test]
    fn skipped_hours_and_days() {
        let skip = |hours: &[u8], days: &[&str]| {
            let skip_days = days.iter().map(|d| (*d).to_owned()).collect();
            facts(FeedFacts { skip_hours: hours.to_vec(), skip_days, ..FeedFacts::default() })
        };
        check(skip(&[11, 12], &[]), "2026-11-22T13:00:00Z", "skip");
        check(skip(&[3], &["Sunday"]), "2026-11-23T00:00:00Z", "skip");
        check(skip(&[24, 0], &["Sunday"]), "2026-11-23T01:00:00Z", "skip");
        // Lists that leave no hour are a mistake, not a wish.
        check(skip(&(0..24).collect::<Vec<_>>(), &[]), "2026-11-22T11:07:00Z", "its schedule");
        check(skip(&[], &["never", ""]), "2026-11-22T11:07:00Z", "its schedule");
    }

    #[test]
    fn gone_stops_and_says_so() {
        let gone = SourceState { gone: Some(at("2026-11-01T00:00:00Z")), ..SourceState::default() };
        let next = next_poll(&hourly(), &gone, at(NOW), 0.5);
        assert_eq!(next.at, None);
        assert!(next.because.to_string().contains("410"));
        assert!(!is_due(&gone, at(NOW)));
        assert!(may_poll(&gone, at(NOW)).unwrap_err().contains("edit its url"));
    }

    #[test]
    fn a_clock_that_jumps_a_year_causes_one_poll() {
        let polled = |now: &str| {
            let state = SourceState { last_poll: Some(at(now)), ..SourceState::default() };
            SourceState { next_poll: next_poll(&hourly(), &state, at(now), 0.0).at, ..state }
        };
        for jump in ["2027-11-22T10:30:00Z", "2025-11-22T10:30:00Z"] {
            assert!(is_due(&polled(NOW), at(jump)));
            assert!(!is_due(&polled(jump), at(jump)), "one catch-up, not more");
        }
        // A Retry-After from before the jump does not hold for a year.
        let held = SourceState { retry_after: Some(at("2026-11-22T12:00:00Z")), ..polled(NOW) };
        assert!(!is_due(&held, at("2026-11-22T11:30:00Z")));
        assert!(is_due(&held, at("2025-11-22T10:30:00Z")));
        // A small correction is no jump.
        assert!(!is_due(&polled(NOW), at("2026-11-22T10:29:30Z")));
    }

    proptest! {
        /// Never in the past, never before what was asked for, never later than the caps allow.
        #[test]
        fn bounds(fresh in -100_000i64..10_000_000, ttl in prop::option::of(0u32..100_000), retry in -100_000i64..100_000_000,
            failures in 0u32..100, jitter in -1.0f64..2.0, minute in 0u32..60, hours in prop::collection::vec(0u8..24, 0..8),
            now in 0i64..4_000_000_000) {
            let schedule = Schedule::parse(&format!("{minute} */3 * * *"), "Europe/Rome").unwrap();
            let now = DateTime::from_timestamp(now, 0).unwrap();
            let retry_after = now + TimeDelta::seconds(retry);
            let state = SourceState {
                retry_after: Some(retry_after),
                failures,
                last_poll: Some(now),
                facts: FeedFacts {
                    ttl_minutes: ttl,
                    skip_hours: hours,
                    fresh_until: Some((now + TimeDelta::seconds(fresh), String::new())),
                    ..FeedFacts::default()
                },
                ..SourceState::default()
            };
            let next = next_poll(&schedule, &state, now, jitter).at.unwrap();
            prop_assert!(next > now);
            prop_assert!(next >= schedule.after(now).unwrap());
            prop_assert!(next >= retry_after.min(now + LONGEST_RETRY_AFTER));
            prop_assert!(next >= (now + TimeDelta::seconds(fresh)).min(now + LONGEST_HINT));
            prop_assert!(next <= now + TimeDelta::days(9));
            let settled = SourceState { next_poll: Some(next), ..state };
            prop_assert!(!is_due(&settled, next - TimeDelta::seconds(1)));
            prop_assert!(is_due(&settled, next));
        }
    }
}
