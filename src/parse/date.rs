//! When was this published? Dates in every form that feeds use.
//!
//! Three families: those that start with a year (RFC 3339, ISO 8601 and what is made of them), those with the name
//! of a month (RFC 822, `asctime`, local languages), and those with numbers only (`05/12/2024 10:30`, `20240512`).
//! A weekday is never believed: it is wrong more often than the date.

use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, NaiveTime};

use crate::model::Timestamp;
use crate::model::months::month;

use super::months;

/// Longest text that is taken for a date: longer ones are prose.
const MAX_LENGTH: usize = 120;

/// Reads a date. One without a zone is taken as UTC, one without a time as midnight.
///
/// Returns `None` for what is no date, or one that cannot be (a 30th of February, an hour of 61 minutes).
pub fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.is_empty() || text.len() > MAX_LENGTH {
        return None;
    }
    // Nearly all real dates are in one of the two standard forms: these are read without another look.
    if let Ok(date) = DateTime::parse_from_rfc3339(text) {
        return whole(date.to_utc()).filter(is_plausible);
    }
    // 오전, 오후, 年月日 and full-width signs become what they stand for, so that one reader reads all scripts.
    // “2006-01-02 at 15:04” is written by people.
    let text = months::simplify(text).replace(" at ", " ");
    let tokens = tokens(&text);
    year_first(&text).or_else(|| named_month(&tokens)).or_else(|| numbers_only(&tokens)).filter(is_plausible)
}

/// A leap second is the first second of the next minute: nothing else in the house knows a 61st.
fn whole(date: Timestamp) -> Option<Timestamp> {
    match date.timestamp_subsec_nanos() {
        0..=999_999_999 => Some(date),
        _ => DateTime::from_timestamp(date.timestamp() + 1, 0),
    }
}

/// Years that a feed can mean. Dates of 0001 and 9999 are "none" in some software.
fn is_plausible(date: &Timestamp) -> bool {
    use chrono::Datelike;
    (1800..=2200).contains(&date.year())
}

/// A run of digits, a word, or a sign.
#[derive(Debug, Clone, PartialEq)]
enum Token<'a> {
    Number(&'a str),
    Word(&'a str),
    Sign(char),
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let same: fn(char) -> bool = if first.is_ascii_digit() {
            |c| c.is_ascii_digit()
        } else if first.is_alphabetic() {
            |c| c.is_alphabetic() || matches!(c, '\'' | '\u{300}'..='\u{36f}')
        } else {
            |_| false
        };
        let length = rest.find(|c| !same(c)).unwrap_or(rest.len()).max(first.len_utf8());
        let (token, after) = rest.split_at(length);
        rest = after;
        out.push(match first {
            c if c.is_ascii_digit() => Token::Number(token),
            c if c.is_alphabetic() => Token::Word(token),
            c => Token::Sign(c),
        });
    }
    out
}

/// `2024-05-12T10:30:00.5+02:00` and its relations: basic forms, week and ordinal dates, missing parts.
fn year_first(text: &str) -> Option<Timestamp> {
    let date_length =
        text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '-' | '/' | '.' | 'W')).unwrap_or(text.len());
    let (date, rest) = text.split_at(date_length);
    let date = calendar_date(date.trim_end_matches(['-', '/', '.']))?;
    let rest = rest.trim_start_matches([',', ' ', '\t', 'T', 't', '_', ':', '-', '\u{a0}']).trim();
    at_time(date, rest)
}

fn calendar_date(text: &str) -> Option<NaiveDate> {
    let number = |text: &str| text.parse::<u32>().ok();
    let parts: Vec<&str> = text.split(['-', '/', '.']).filter(|part| !part.is_empty()).collect();
    let year = |text: &str| (text.len() == 4).then(|| text.parse::<i32>().ok()).flatten();
    match parts[..] {
        // `03-12-31` is year first (ISO 8601:1988) where that is a date; with points and slashes it is not.
        [y, m, d] if y.len() == 2 && m.len() == 2 && d.len() == 2 && text.contains('-') => {
            NaiveDate::from_ymd_opt(century(y.parse().ok()?), number(m)?, number(d)?)
        }
        [y, week, d] if week.starts_with('W') => iso_week(year(y)?, number(&week[1..])?, number(d)?),
        [y, m, d] => NaiveDate::from_ymd_opt(year(y)?, number(m)?, number(d)?),
        [y, week] if week.starts_with('W') => iso_week(year(y)?, number(&week[1..])?, 1),
        [y, ordinal] if ordinal.len() == 3 && y.len() == 4 => NaiveDate::from_yo_opt(year(y)?, number(ordinal)?),
        [y, m] if m.len() <= 2 && y.len() == 4 => NaiveDate::from_ymd_opt(year(y)?, number(m)?, 1),
        // Forms of ISO 8601:1988 without a century: `03-335`, `-03-12`.
        [y, ordinal] if y.len() == 2 && ordinal.len() == 3 => {
            NaiveDate::from_yo_opt(century(y.parse().ok()?), number(ordinal)?)
        }
        [y, m] if y.len() == 2 && text.starts_with('-') => {
            NaiveDate::from_ymd_opt(century(y.parse().ok()?), number(m)?, 1)
        }
        [all] => compact_date(all),
        _ => None,
    }
}

fn iso_week(year: i32, week: u32, day: u32) -> Option<NaiveDate> {
    let weekday = chrono::Weekday::try_from(u8::try_from(day.checked_sub(1)?).ok()?).ok()?;
    NaiveDate::from_isoywd_opt(year, week, weekday)
}

/// Digits only: `20240512`, `2024133` (day of the year), `240512`, `2024`.
fn compact_date(digits: &str) -> Option<NaiveDate> {
    let part = |range: std::ops::Range<usize>| digits.get(range)?.parse::<u32>().ok();
    let year = |text: &str| text.parse::<i32>().ok();
    match digits.len() {
        8 => NaiveDate::from_ymd_opt(year(&digits[..4])?, part(4..6)?, part(6..8)?),
        7 => NaiveDate::from_yo_opt(year(&digits[..4])?, part(4..7)?),
        5 => NaiveDate::from_yo_opt(century(year(&digits[..2])?), part(2..5)?),
        6 => NaiveDate::from_ymd_opt(century(year(&digits[..2])?), part(2..4)?, part(4..6)?),
        // A year alone, or `0312`: the twelfth month of (20)03 (ISO 8601:1988, truncated).
        4 if year(digits)? >= 1800 => NaiveDate::from_ymd_opt(year(digits)?, 1, 1),
        4 => NaiveDate::from_ymd_opt(century(year(&digits[..2])?), part(2..4)?, 1),
        _ => None,
    }
}

/// Two-digit years: RFC 2822 §4.3 (up to 49 is 20xx), three digits count from 1900.
fn century(year: i32) -> i32 {
    match year {
        0..=49 => year + 2000,
        50..=999 => year + 1900,
        _ => year,
    }
}

/// Reads what stands after a date: a time, a zone, both or nothing.
fn at_time(date: NaiveDate, rest: &str) -> Option<Timestamp> {
    let midnight = date.and_time(NaiveTime::MIN);
    if rest.is_empty() {
        return Some(midnight.and_utc());
    }
    if rest.eq_ignore_ascii_case("z") {
        return Some(midnight.and_utc());
    }
    let tokens = tokens(rest);
    let (clock, used) = clock(&tokens, true)?;
    with_zone(date, clock, &tokens[used..])
}

/// Hours, minutes, seconds; the seconds can be 60 (a leap second) and the hour 24.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Clock {
    hour: u32,
    minute: u32,
    second: u32,
    nanosecond: u32,
}

/// Reads a time at the start of the tokens; returns how many it took. `compact` allows `103000` and `10`.
fn clock(tokens: &[Token<'_>], compact: bool) -> Option<(Clock, usize)> {
    let number = |at: usize| match tokens.get(at) {
        Some(Token::Number(digits)) => digits.parse::<u32>().ok(),
        _ => None,
    };
    let separator =
        |at: usize| matches!(tokens.get(at), Some(Token::Sign(':' | '.' | 'h')) | Some(Token::Word("h" | "H" | "u")));
    let Some(Token::Number(first)) = tokens.first() else { return None };
    let mut used = 1;
    let mut clock = Clock { hour: number(0)?, minute: 0, second: 0, nanosecond: 0 };
    if separator(1) && number(2).is_some() {
        clock.minute = number(2)?;
        used = 3;
        if matches!(tokens.get(3), Some(Token::Sign(':' | '.'))) && number(4).is_some() {
            clock.second = number(4)?;
            used = 5;
            if let (Some(Token::Sign('.' | ',' | ':')), Some(Token::Number(fraction))) = (tokens.get(5), tokens.get(6))
            {
                clock.nanosecond = nanoseconds(fraction);
                used = 7;
            }
        }
    } else if separator(1) {
        used = 2;
    } else if compact && matches!(first.len(), 4 | 6) {
        clock.hour = first[..2].parse().ok()?;
        clock.minute = first[2..4].parse().ok()?;
        clock.second = first.get(4..6).map_or(Some(0), |second| second.parse().ok())?;
        if let (Some(Token::Sign('.' | ',')), Some(Token::Number(fraction))) = (tokens.get(1), tokens.get(2)) {
            clock.nanosecond = nanoseconds(fraction);
            used = 3;
        }
    } else if !(compact && first.len() == 2) {
        return None;
    }
    let (shift, more) = half_day(&tokens[used..], clock.hour);
    clock.hour = shift;
    used += more;
    (clock.hour <= 24 && clock.minute < 60 && clock.second <= 61).then_some((clock, used))
}

fn nanoseconds(fraction: &str) -> u32 {
    let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(9);
    digits.fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'))
}

/// `AM`, `p.m.`: the hour of the day, and how many tokens were taken.
fn half_day(tokens: &[Token<'_>], hour: u32) -> (u32, usize) {
    let blanks = tokens.iter().take_while(|token| **token == Token::Sign(' ')).count();
    let Some(Token::Word(word)) = tokens.get(blanks) else { return (hour, 0) };
    let mut used = blanks + 1;
    let mut word = word.to_lowercase();
    if word.len() == 1 && tokens.get(used) == Some(&Token::Sign('.')) && tokens.get(used + 1) == Some(&Token::Word("m"))
    {
        word.push('m');
        used += 2;
    }
    match (word.as_str(), hour) {
        ("am" | "μμ" | "πμ", 12) if word != "μμ" => (0, used),
        ("am" | "πμ", _) => (hour, used),
        ("pm" | "μμ", 1..=11) => (hour + 12, used),
        ("pm" | "μμ", _) => (hour, used),
        _ => (hour, 0),
    }
}

fn with_zone(date: NaiveDate, clock: Clock, rest: &[Token<'_>]) -> Option<Timestamp> {
    let seconds = i64::from(clock.hour) * 3600 + i64::from(clock.minute) * 60 + i64::from(clock.second);
    let local: NaiveDateTime = date.and_time(NaiveTime::MIN) + Duration::seconds(seconds);
    let offset = zone(rest);
    let utc = local.checked_sub_signed(Duration::minutes(i64::from(offset)))?;
    Some(utc.and_utc() + Duration::nanoseconds(i64::from(clock.nanosecond)))
}

/// Minutes east of Greenwich; what is no zone counts as UTC, as does none.
fn zone(tokens: &[Token<'_>]) -> i32 {
    let mut at = 0;
    let mut named = None;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            Token::Word(word) => {
                named = named.or_else(|| months::zone_minutes(word));
            }
            Token::Sign(sign @ ('+' | '-' | '\u{2212}')) => {
                let Some(Token::Number(digits)) = tokens.get(at) else { continue };
                let minutes = match (tokens.get(at + 1), tokens.get(at + 2)) {
                    (Some(Token::Sign(':' | '.')), Some(Token::Number(minutes))) => minutes.parse().unwrap_or(0),
                    _ => 0,
                };
                if let Some(offset) = offset_minutes(digits, minutes) {
                    // `GMT+0200` is an offset; `+0200 (CEST)` too: digits go before names.
                    return if *sign == '+' { offset } else { -offset };
                }
            }
            Token::Number(_) | Token::Sign(_) => {}
        }
    }
    named.unwrap_or(0)
}

fn offset_minutes(digits: &str, minutes: i32) -> Option<i32> {
    let number: i32 = digits.parse().ok()?;
    let (hours, minutes) = match digits.len() {
        1 | 2 => (number, minutes),
        3 | 4 => (number / 100, number % 100),
        // `+020000`
        6 => (number / 10_000, number / 100 % 100),
        _ => return None,
    };
    (hours <= 18 && minutes < 60).then_some(hours * 60 + minutes)
}

/// Dates with the name of a month, in any order: `Thu, 01 Jan 2004 19:48:21 GMT`, `jeudi 5 mai 2011 - 10h30`,
/// `January 5, 2004`, `Mon Jan 26 16:31:00 2004`, `5-Jan-04`.
fn named_month(tokens: &[Token<'_>]) -> Option<Timestamp> {
    // The last of the words: the French "mar." of "mar. 5 mai" is a Tuesday.
    let (month_at, month) = tokens.iter().enumerate().rev().find_map(|(at, token)| match token {
        Token::Word(word) => Some((at, month(word)?)),
        _ => None,
    })?;
    let (clock_at, clock, after) = find_clock(tokens);
    let is_free = |at: usize| !(clock_at..after).contains(&at);
    // Numbers before the clock or, as in `asctime`, right after it; those in the zone are not part of the date.
    let numbers: Vec<(usize, &str)> = tokens
        .iter()
        .enumerate()
        .filter(|(at, _)| is_free(*at))
        .filter(|(at, _)| !is_offset(tokens, *at, after))
        .filter_map(|(at, token)| if let Token::Number(digits) = token { Some((at, *digits)) } else { None })
        .take(2)
        .collect();
    let (day, year) = match numbers[..] {
        [(_, a), (_, b)] if a.len() >= 3 => (b, a),
        [(_, a), (_, b)] => (a, b),
        // A month and a year; or, without a year, nothing that can be placed.
        [(_, a)] if a.len() == 4 => ("1", a),
        _ => return None,
    };
    let day: u32 = day.parse().ok()?;
    let year = century(year.parse().ok()?);
    let date = NaiveDate::from_ymd_opt(year, month, day)?;
    let rest = if after > 0 { &tokens[after..] } else { &tokens[month_at..] };
    // The zone stands after the clock; of what stands there, a month's name is no zone.
    with_zone(date, clock, rest)
}

/// Whether the number at `at` follows a sign that makes it an offset: `+0200`, or `-0500` after the clock.
fn is_offset(tokens: &[Token<'_>], at: usize, clock_end: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| tokens.get(before));
    let glued = at.checked_sub(2).and_then(|before| tokens.get(before));
    match before {
        Some(Token::Sign('+')) => true,
        Some(Token::Sign('-' | '\u{2212}')) => {
            clock_end > 0 && at > clock_end && !matches!(glued, Some(Token::Number(_)))
        }
        Some(Token::Sign(':')) => true,
        _ => false,
    }
}

/// The first `10:30` in the tokens: where it stands, what it says, where it ends. Midnight, if there is none.
fn find_clock(tokens: &[Token<'_>]) -> (usize, Clock, usize) {
    for (at, token) in tokens.iter().enumerate() {
        let starts = matches!(token, Token::Number(digits) if digits.len() <= 2)
            && matches!(tokens.get(at + 1), Some(Token::Sign(':')) | Some(Token::Word("h" | "H" | "u")))
            || (matches!((token, tokens.get(at + 1), tokens.get(at + 2), tokens.get(at + 3)),
                (Token::Number(a), Some(Token::Sign('.')), Some(Token::Number(b)), Some(Token::Sign('.' | ' ')) | None)
                    if a.len() <= 2 && b.len() == 2 && at > 3));
        let glued = at > 0 && matches!(tokens[at - 1], Token::Sign('+' | ':'));
        if starts
            && !glued
            && let Some((clock, used)) = clock(&tokens[at..], false)
        {
            return (at, clock, at + used);
        }
    }
    // `3 PM`
    for (at, token) in tokens.iter().enumerate() {
        if let Token::Number(digits) = token
            && digits.len() <= 2
            && let Ok(hour @ 1..=12) = digits.parse::<u32>()
            && let (hour, used @ 1..) = half_day(&tokens[at + 1..], hour)
        {
            return (at, Clock { hour, minute: 0, second: 0, nanosecond: 0 }, at + 1 + used);
        }
    }
    (0, Clock { hour: 0, minute: 0, second: 0, nanosecond: 0 }, 0)
}

/// `05/12/2024 10:30`, `12.05.2024`: month first with slashes, as in America, unless it cannot be; day first with
/// points and dashes, as everywhere else. Also a count of seconds or milliseconds since 1970.
fn numbers_only(tokens: &[Token<'_>]) -> Option<Timestamp> {
    if let [Token::Number(digits)] = tokens {
        let number: i64 = digits.parse().ok()?;
        return match digits.len() {
            9 | 10 => DateTime::from_timestamp(number, 0),
            13 => DateTime::from_timestamp_millis(number),
            _ => None,
        };
    }
    // A weekday or the time may stand in front.
    let is_date = |at: &usize| {
        matches!(
            tokens[*at..],
            [Token::Number(_), Token::Sign('/' | '.' | '-'), Token::Number(_), Token::Sign(_), Token::Number(_), ..]
        )
    };
    let start = (0..tokens.len()).find(is_date)?;
    let [
        Token::Number(a),
        Token::Sign(sign @ ('/' | '.' | '-')),
        Token::Number(b),
        Token::Sign(second),
        Token::Number(year),
        rest @ ..,
    ] = &tokens[start..]
    else {
        return None;
    };
    if sign != second || !matches!(year.len(), 2 | 4) || a.len() > 2 || b.len() > 2 {
        return None;
    }
    let (a, b, year): (u32, u32, i32) = (a.parse().ok()?, b.parse().ok()?, century(year.parse().ok()?));
    let (month, day) = if *sign == '/' && a <= 12 { (a, b) } else { (b, a) };
    let date = NaiveDate::from_ymd_opt(year, month, day)?;
    let (at, clock, after) = find_clock(rest);
    if after > at {
        return with_zone(date, clock, &rest[after..]);
    }
    let (_, clock, _) = find_clock(&tokens[..start]);
    with_zone(date, clock, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: &str, expected: &str) {
        let expected = (!expected.is_empty()).then(|| DateTime::parse_from_rfc3339(expected).unwrap().to_utc());
        assert_eq!(parse(given), expected, "{given:?}");
    }

    #[test]
    fn standard_forms() {
        check("2003-12-31T10:14:55Z", "2003-12-31T10:14:55Z");
        check("2026-01-02T03:04:05-00:00", "2026-01-02T03:04:05Z");
        check("2003-12-31T10:14:55.25+05:30", "2003-12-31T04:44:55.25Z");
        check("Wed, 02 Oct 2002 15:00:00 +0200", "2002-10-02T13:00:00Z");
        check("Thu, 01 Jan 2004 19:48:21 GMT", "2004-01-01T19:48:21Z");
    }

    #[test]
    fn relations_of_iso_8601() {
        check("2003-12-31 10:14:55", "2003-12-31T10:14:55Z");
        check("2003-12-31T10:14", "2003-12-31T10:14:00Z");
        check("2003-12-31T10:14:55 -0500", "2003-12-31T15:14:55Z");
        check("2003-12-31T10:14:55EST", "2003-12-31T15:14:55Z");
        check("20031231T101455Z", "2003-12-31T10:14:55Z");
        check("2003-12-31", "2003-12-31T00:00:00Z");
        check("2003-12", "2003-12-01T00:00:00Z");
        check("2003", "2003-01-01T00:00:00Z");
        check("20031231", "2003-12-31T00:00:00Z");
        check("031231", "2003-12-31T00:00:00Z");
        check("03-12-31", "2003-12-31T00:00:00Z");
        check("-0312", "2003-12-01T00:00:00Z");
        check("-03-12", "2003-12-01T00:00:00Z");
        check("2003-335", "2003-12-01T00:00:00Z");
        check("2003335", "2003-12-01T00:00:00Z");
        check("03335", "2003-12-01T00:00:00Z");
        check("03-335", "2003-12-01T00:00:00Z");
        check("2004-W01-1", "2003-12-29T00:00:00Z");
        check("2003/12/31 10:14:55", "2003-12-31T10:14:55Z");
        check("2003-12-31T24:00:00Z", "2004-01-01T00:00:00Z");
        check("2003-12-31T23:59:60Z", "2004-01-01T00:00:00Z");
        check("2006-01-02 at 15:04:05", "2006-01-02T15:04:05Z");
        check("2006-1-2 15:4:5", "2006-01-02T15:04:05Z");
        check("Fri, 2006/09/15 08:19:53 EDT", "2006-09-15T12:19:53Z");
    }

    #[test]
    fn months_with_names() {
        check("Wed, 2 Oct 02 15:00:00 Z", "2002-10-02T15:00:00Z");
        check("Fri,24 Nov 2023 18:28:36 -0000", "2023-11-24T18:28:36Z");
        check("Mon, 26 January 2004 16:31:00 CT", "2004-01-26T22:31:00Z");
        check("Thu, 01 Jan 2004", "2004-01-01T00:00:00Z");
        check("Sun Jan  4 16:29:06 2004", "2004-01-04T16:29:06Z");
        check("Sun Jan 4 16:29:06 PDT 2004", "2004-01-04T23:29:06Z");
        check("Thu Aug 30 2012 17:26:16 +0200", "2012-08-30T15:26:16Z");
        check("January 2, 2006, 3:04 p.m.", "2006-01-02T15:04:00Z");
        check("Mon, January 2, 2006 03:04 PM", "2006-01-02T15:04:00Z");
        check("Jan 2, 2006 12:04:05 AM PST", "2006-01-02T08:04:05Z");
        check("02-Jan-2006 15:04", "2006-01-02T15:04:00Z");
        check("Wed, 19 Aug 2009 18:28:00Etc/GMT", "2009-08-19T18:28:00Z");
        check("Wed, 19 Feb 2012 22:40:00 GMT-01:01", "2012-02-19T23:41:00Z");
        check("Mon, 13 Feb, 2012 06:28:00 UTC", "2012-02-13T06:28:00Z");
        check("Tue, 02 Jan 2026 10:20:30 +0100 (CET)", "2026-01-02T09:20:30Z");
        check("Monday, 2nd January 2006 15:04", "2006-01-02T15:04:00Z");
        check("2006 January 02", "2006-01-02T00:00:00Z");
        check("January 2006", "2006-01-01T00:00:00Z");
        check("Sun, 16 Dec 2012 11:47:32 +00:zz", "2012-12-16T11:47:32Z");
        check("Wed, 02 Oct 2002 15:00:00 +02:00", "2002-10-02T13:00:00Z");
    }

    #[test]
    fn local_languages() {
        check("Κυρ, 11 Ιούλ 2004 12:00:00 EST", "2004-07-11T17:00:00Z");
        check("2004-július-13T9:15-05:00", "2004-07-13T14:15:00Z");
        check("2004년 05월 28일  01:31:15", "2004-05-27T16:31:15Z");
        check("2004-05-25 오후 11:23:17", "2004-05-25T14:23:17Z");
        check("2024年5月12日", "2024-05-12T00:00:00Z");
        check("mar. 5 mai 2011 - 10h30", "2011-05-05T10:30:00Z");
        check("Do, 12 Dez 2024 08:00:00 +0100", "2024-12-12T07:00:00Z");
        check("12 декабря 2024, 08:00", "2024-12-12T08:00:00Z");
        check("1 de março de 2020", "2020-03-01T00:00:00Z");
        check("ven, 19 dic 2025 10:00:00 +0000", "2025-12-19T10:00:00Z");
        check("19 Aralık 2025 10:00", "2025-12-19T10:00:00Z");
    }

    #[test]
    fn numbers_alone() {
        check("12/31/2003 10:14", "2003-12-31T10:14:00Z");
        check("31/12/2003", "2003-12-31T00:00:00Z");
        check("31.12.2003 10:14:55", "2003-12-31T10:14:55Z");
        check("15:04 02.01.2006 -0700", "2006-01-02T22:04:00Z");
        check("1136214245", "2006-01-02T15:04:05Z");
        check("1136214245000", "2006-01-02T15:04:05Z");
        check("5/9/2024 3:04:05 PM", "2024-05-09T15:04:05Z");
    }

    #[test]
    fn what_is_no_date() {
        for given in [
            "",
            "yesterday",
            "Thu, 30 Feb 2012 10:00:00 GMT",
            "2003-13-01",
            "2003-12-31T10:61:55Z",
            "0001-01-01T00:00:00Z",
            "12:30",
            "Jan",
            "99",
            "-",
            "年",
            "é1 é2 é3",
        ] {
            check(given, "");
        }
    }
}
