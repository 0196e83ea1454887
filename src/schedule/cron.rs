//! At which moments does a cron expression fire, in its time zone?

use chrono::offset::LocalResult;
use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use crate::model::Timestamp;

/// The fields of an expression, in order, as an error names them.
const FIELDS: [&str; 6] = [
    "second (0-59)",
    "minute (0-59)",
    "hour (0-23)",
    "day of the month (1-31)",
    "month (1-12 or JAN-DEC)",
    "day of the week (0-7 or SUN-SAT, 0 and 7 are Sunday)",
];

/// The longest a zone has set its clocks forward or back: Samoa left out a whole day in 2011.
const LONGEST_SHIFT: TimeDelta = TimeDelta::hours(24);

/// A cron expression in a time zone.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// It fires when one of these does, read as local time. Two where both the day of the month and the day of the
    /// week are restricted: either is enough (POSIX, crontab).
    alternatives: Vec<cron::Schedule>,
    timezone: Tz,
    /// Whether the hour is left open: such a schedule means elapsed time, any other a time on the wall.
    every_hour: bool,
}

impl Schedule {
    /// Parses a cron expression: six fields with seconds, or five as in crontab; days 0 and 7 are both Sunday.
    /// `timezone` is a name of the IANA database. A schedule that never fires is refused.
    ///
    /// # Errors
    /// A sentence that says what would be right.
    pub fn parse(expression: &str, timezone: &str) -> Result<Self, String> {
        let timezone: Tz =
            timezone.parse().map_err(|_| format!("`{timezone}` is not a time zone; write one like `Europe/Rome`"))?;
        let written = match expression.trim() {
            "@hourly" => "0 0 * * * *",
            "@daily" | "@midnight" => "0 0 0 * * *",
            "@weekly" => "0 0 0 * * 0",
            "@monthly" => "0 0 0 1 * *",
            other => other,
        };
        let mut fields: Vec<&str> = written.split_whitespace().collect();
        if fields.len() == 5 {
            fields.insert(0, "0");
        }
        let [second, minute, hour, day, month, weekday] = fields[..] else {
            return Err(format!(
                "`{expression}` has {} fields; write six (second minute hour day month weekday), like `0 7 * * * *`, \
                 or five as in crontab",
                fields.len()
            ));
        };
        let open = |field: &str| field.starts_with('*') || field == "?";
        let weekdays = weekdays(weekday).ok_or_else(|| wrong_field(expression, 5, weekday))?;
        for (place, field) in [second, minute, hour, day, month].into_iter().enumerate() {
            let mut alone = ["*"; 6];
            alone[place] = field;
            if alone.join(" ").parse::<cron::Schedule>().is_err() {
                return Err(wrong_field(expression, place, field));
            }
        }
        let days: &[(&str, &str)] =
            if open(day) || open(weekday) { &[(day, &weekdays)] } else { &[(day, "*"), ("*", &weekdays)] };
        let alternatives = days
            .iter()
            .map(|(day, weekday)| format!("{second} {minute} {hour} {day} {month} {weekday}").parse())
            .collect::<Result<Vec<_>, cron::error::Error>>()
            .map_err(|e| format!("`{expression}` is not a cron expression: {e}"))?;
        let schedule = Self { alternatives, timezone, every_hour: open(hour) };
        if schedule.local_after(reference()).is_none() {
            return Err(format!("`{expression}` never fires: no year has such a day"));
        }
        Ok(schedule)
    }

    /// The first moment after `now` at which it fires; `None` only beyond the year 2100.
    ///
    /// Where clocks are set forward, a time on the wall that is left out fires once, when the gap ends; where they are
    /// set back, it fires the first time only. A schedule of every hour fires in every hour that passes.
    pub fn after(&self, now: Timestamp) -> Option<Timestamp> {
        let here = now.with_timezone(&self.timezone);
        let first = self.local_after(here.naive_local())?;
        if let LocalResult::Single(at) = self.timezone.from_local_datetime(&first)
            && at.naive_local() - at.naive_utc() == here.naive_local() - here.naive_utc()
        {
            return Some(at.to_utc());
        }
        // The offset changes on the way: local order is not the order of time, so look at all within the shift.
        let mut best: Option<Timestamp> = None;
        let mut local = here.naive_local() - LONGEST_SHIFT;
        while let Some(next) = self.local_after(local) {
            for at in self.moments(next).into_iter().flatten().filter(|at| *at > now) {
                best = Some(best.map_or(at, |b| b.min(at)));
            }
            if best.is_some_and(|b| next > b.with_timezone(&self.timezone).naive_local() + LONGEST_SHIFT) {
                break;
            }
            local = next;
        }
        best
    }

    /// Whether it ever fires twice within an hour: more than a feed without a hint of its own should be asked.
    pub fn is_more_than_hourly(&self) -> bool {
        // 100 firings hold every pattern within a day, and those of a month or a year that are nearest together.
        let firings = std::iter::successors(self.local_after(reference()), |last| self.local_after(*last)).take(100);
        let firings: Vec<NaiveDateTime> = firings.collect();
        firings.windows(2).any(|pair| pair[1] - pair[0] < TimeDelta::hours(1))
    }

    /// The next firing after a local time, as if that place never changed its clocks.
    fn local_after(&self, local: NaiveDateTime) -> Option<NaiveDateTime> {
        let after: DateTime<Utc> = local.and_utc();
        self.alternatives.iter().filter_map(|s| s.after(&after).next()).min().map(|at| at.naive_utc())
    }

    /// The moments that a local time stands for: one, two where clocks go back, none or a later one in a gap.
    fn moments(&self, local: NaiveDateTime) -> [Option<Timestamp>; 2] {
        match self.timezone.from_local_datetime(&local) {
            LocalResult::Single(at) => [Some(at.to_utc()), None],
            LocalResult::Ambiguous(first, second) => [Some(first.to_utc()), self.every_hour.then(|| second.to_utc())],
            LocalResult::None if self.every_hour => [None, None],
            LocalResult::None => {
                // Zones change on whole minutes, so the gap ends on one.
                let minutes = 1..=LONGEST_SHIFT.num_minutes();
                let whole = local - TimeDelta::seconds(i64::from(chrono::Timelike::second(&local)));
                let mut after = minutes.map(|m| whole + TimeDelta::minutes(m));
                [after.find_map(|at| self.timezone.from_local_datetime(&at).earliest()).map(|at| at.to_utc()), None]
            }
        }
    }
}

/// A day to look for firings from that depends on no clock: a leap year's first, two leap days before 2100 missing.
fn reference() -> NaiveDateTime {
    NaiveDate::from_ymd_opt(2024, 1, 1).and_then(|d| d.and_hms_opt(0, 0, 0)).unwrap_or_default() - Days::new(1)
}

fn wrong_field(expression: &str, place: usize, field: &str) -> String {
    format!("`{expression}`: `{field}` is no {}", FIELDS[place])
}

/// The weekday field in the numbers of the `cron` crate, where 1 is Sunday and ranges do not wrap.
fn weekdays(field: &str) -> Option<String> {
    let mut chosen = [false; 7];
    for item in field.split(',') {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, step.parse::<usize>().ok().filter(|s| (1..=7).contains(s))?),
            None => (item, 1),
        };
        let (from, to) = match range.split_once('-') {
            Some((from, to)) => (weekday(from)?, weekday(to)?),
            None if range == "*" || range == "?" => (0, 6),
            None if item.contains('/') => (weekday(range)?, 6),
            None => (weekday(range)?, weekday(range)?),
        };
        // `5-7` and `FRI-MON` go round the end of the week; `0-7` and `7-7` do not go round twice.
        let last = if to < from { to + 7 } else { to };
        for day in (from..=last).step_by(step) {
            chosen[day % 7] = true;
        }
    }
    let numbers: Vec<String> = (0..7).filter(|d| chosen[*d]).map(|d| (d + 1).to_string()).collect();
    Some(if numbers.len() == 7 { "*".to_owned() } else { numbers.join(",") })
}

/// One day of the week, 0 to 7.
fn weekday(name: &str) -> Option<usize> {
    const NAMES: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
    let lower = name.to_ascii_lowercase();
    NAMES.iter().position(|n| *n == lower).or_else(|| lower.parse::<usize>().ok().filter(|d| *d <= 7))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(s: &str) -> Timestamp {
        DateTime::parse_from_rfc3339(s).unwrap().to_utc()
    }

    fn check(expression: &str, zone: &str, now: &str, expected: &[&str]) {
        let schedule = Schedule::parse(expression, zone).unwrap();
        let mut now = at(now);
        for next in expected {
            now = schedule.after(now).unwrap();
            assert_eq!(now, at(next), "{expression} in {zone}");
        }
    }

    #[test]
    fn five_fields_and_six() {
        check("*/15 * * * *", "UTC", "2026-11-22T10:01:00Z", &["2026-11-22T10:15:00Z", "2026-11-22T10:30:00Z"]);
        check("0 7 * * * *", "UTC", "2026-11-22T10:07:00Z", &["2026-11-22T11:07:00Z"]);
        check("@daily", "Europe/Rome", "2026-07-01T10:00:00Z", &["2026-07-01T22:00:00Z"]);
    }

    #[test]
    fn days_of_the_week_as_in_posix() {
        // 2026-11-22 is a Sunday.
        for sunday in ["0", "7", "SUN", "sun", "0,7", "7-7"] {
            let next = ["2026-11-22T12:00:00Z", "2026-11-29T12:00:00Z"];
            check(&format!("0 12 * * {sunday}"), "UTC", "2026-11-21T13:00:00Z", &next);
        }
        check("0 12 * * 1", "UTC", "2026-11-21T13:00:00Z", &["2026-11-23T12:00:00Z"]);
        check(
            "0 12 * * 5-7",
            "UTC",
            "2026-11-20T11:00:00Z",
            &["2026-11-20T12:00:00Z", "2026-11-21T12:00:00Z", "2026-11-22T12:00:00Z", "2026-11-27T12:00:00Z"],
        );
        check("0 12 * * 6-1", "UTC", "2026-11-21T13:00:00Z", &["2026-11-22T12:00:00Z", "2026-11-23T12:00:00Z"]);
        check("0 12 * * 1-5/2", "UTC", "2026-11-22T13:00:00Z", &["2026-11-23T12:00:00Z", "2026-11-25T12:00:00Z"]);
    }

    #[test]
    fn a_day_of_the_month_or_of_the_week() {
        // Both restricted: the 13th, and every Friday.
        check("0 0 13 * 5", "UTC", "2026-11-07T00:00:00Z", &["2026-11-13T00:00:00Z", "2026-11-20T00:00:00Z"]);
        check("0 0 10 * FRI", "UTC", "2026-11-07T00:00:00Z", &["2026-11-10T00:00:00Z", "2026-11-13T00:00:00Z"]);
    }

    #[test]
    fn clocks_set_forward_and_back() {
        // Rome 2026: 29 March 02:00 becomes 03:00, 25 October 03:00 becomes 02:00.
        check("30 2 * * *", "Europe/Rome", "2026-03-28T12:00:00Z", &["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]);
        check("30 2 * * *", "Europe/Rome", "2026-10-24T12:00:00Z", &["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
        check(
            "7 * * * *",
            "Europe/Rome",
            "2026-10-24T23:10:00Z",
            &["2026-10-25T00:07:00Z", "2026-10-25T01:07:00Z", "2026-10-25T02:07:00Z"],
        );
        check("7 * * * *", "Europe/Rome", "2026-03-29T00:10:00Z", &["2026-03-29T01:07:00Z", "2026-03-29T02:07:00Z"]);
        // Lord Howe Island shifts by half an hour; Samoa has no 30 December 2011.
        check("45 1 * * *", "Australia/Lord_Howe", "2026-04-04T12:00:00Z", &["2026-04-04T14:45:00Z"]);
        check("0 12 30 12 *", "Pacific/Apia", "2011-12-29T00:00:00Z", &["2011-12-30T10:00:00Z"]);
    }

    #[test]
    fn refusals_say_what_would_be_right() {
        let refused = |expression: &str, zone: &str, part: &str| {
            let error = Schedule::parse(expression, zone).unwrap_err();
            assert!(error.contains(part), "{expression}: {error}");
        };
        refused("0 0 30 2 *", "UTC", "never fires");
        refused("0 0 31 4,6 *", "UTC", "never fires");
        refused("61 * * * *", "UTC", "`61` is no minute (0-59)");
        refused("* * * * 8", "UTC", "`8` is no day of the week");
        refused("* * *", "UTC", "has 3 fields");
        refused("0 0 0 1 1 * 2020", "UTC", "has 7 fields");
        refused("", "UTC", "has 0 fields");
        refused("@reboot", "UTC", "has 1 fields");
        refused("0 7 * * * *", "Europe/Padania", "is not a time zone");
        assert!(Schedule::parse("0 0 29 2 *", "UTC").is_ok());
    }

    #[test]
    fn more_than_hourly() {
        let more = |e: &str| Schedule::parse(e, "UTC").unwrap().is_more_than_hourly();
        assert!(more("*/15 * * * *"));
        assert!(more("0,30 9 * * *"));
        assert!(more("* * * * * *"));
        assert!(!more("7 * * * *"));
        assert!(!more("0 6,18 * * *"));
    }

    proptest! {
        /// A daily time on the wall fires once for every date, whatever the clocks do.
        #[test]
        fn once_a_day(zone in prop::sample::select(vec!["Europe/Rome", "America/New_York", "Australia/Lord_Howe",
            "America/St_Johns", "Asia/Kathmandu", "UTC", "Africa/Casablanca"]), hour in 0u32..24, minute in 0u32..60,
            day in 0i64..3000) {
            let schedule = Schedule::parse(&format!("{minute} {hour} * * *"), zone).unwrap();
            let tz: Tz = zone.parse().unwrap();
            let start = at("2020-01-01T00:00:00Z") + TimeDelta::days(day);
            let mut now = start;
            let mut last = None;
            for _ in 0..20 {
                let next = schedule.after(now).unwrap();
                prop_assert!(next > now);
                let date = next.with_timezone(&tz).date_naive();
                if let Some(last) = last {
                    prop_assert_eq!(date, last + Days::new(1));
                }
                last = Some(date);
                now = next;
            }
        }

        /// An hourly schedule fires every 3,600 seconds of real time in zones that shift by whole hours.
        #[test]
        fn every_hour_that_passes(zone in prop::sample::select(vec!["Europe/Rome", "America/New_York", "UTC"]),
            minute in 0u32..60, hour in 0i64..60_000) {
            let schedule = Schedule::parse(&format!("{minute} * * * *"), zone).unwrap();
            let first = schedule.after(at("2020-01-01T00:00:00Z") + TimeDelta::hours(hour)).unwrap();
            prop_assert_eq!(schedule.after(first).unwrap() - first, TimeDelta::hours(1));
        }

        /// The set of weekdays against a slow reading of the field, day by day.
        #[test]
        fn weekdays_against_the_slow_way(from in 0usize..8, to in 0usize..8, hour in 0u32..24) {
            let schedule = Schedule::parse(&format!("0 {hour} * * {from}-{to}"), "UTC").unwrap();
            let mut expected = [false; 7];
            let mut day = from % 7;
            loop {
                expected[day] = true;
                if day == to % 7 { break; }
                day = (day + 1) % 7;
            }
            if (from, to) == (0, 7) { expected = [true; 7]; }
            let start = at("2026-11-21T23:59:59Z");
            for offset in 0..7u64 {
                let date = (start + TimeDelta::days(offset as i64 + 1)).date_naive();
                let midnight = date.and_hms_opt(0, 0, 0).unwrap().and_utc() - TimeDelta::seconds(1);
                let fires = schedule.after(midnight).unwrap().date_naive() == date;
                let weekday = chrono::Datelike::weekday(&date).num_days_from_sunday() as usize;
                prop_assert_eq!(fires, expected[weekday], "{}-{} on {}", from, to, date);
            }
        }
    }
}
