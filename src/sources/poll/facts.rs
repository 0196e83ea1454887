//! What do a feed and its header fields say of themselves, beside the entries?

use chrono::TimeDelta;
use url::Url;

use crate::model::{Document, FeedFacts, RawEntry, Reading, Text, Timestamp, digest};
use crate::parse;

/// How much of a body is searched for the moment it was made: the head of a channel.
const HEAD: usize = 16 << 10;

/// What the feed says of itself, for its page and for the next poll.
pub(super) fn of(reading: &Reading, document: &Document, now: Timestamp) -> FeedFacts {
    let feed = &reading.feed;
    FeedFacts {
        title: line(&feed.title),
        link: feed.link.as_deref().and_then(|link| Url::parse(link).ok()),
        id: feed.id.clone(),
        language: feed.language.clone(),
        rights: feed.rights.clone(),
        generator: feed.generator.clone(),
        hubs: feed.hubs.clone(),
        ttl_minutes: feed.ttl_minutes,
        skip_hours: feed.skip_hours.clone(),
        skip_days: feed.skip_days.clone(),
        fresh_until: fresh_until(document, now),
    }
}

/// Until when an answer says that it is fresh, and by which field (RFC 9111 §4.2.1): max-age less the Age that it has
/// already, or else Expires against the server's own clock.
pub(super) fn fresh_until(document: &Document, now: Timestamp) -> Option<(Timestamp, String)> {
    let fields = |name: &'static str| document.headers.iter().filter(move |(n, _)| n == name).map(|(_, v)| v.as_str());
    let directives: Vec<String> =
        fields("cache-control").flat_map(|v| v.split(',')).map(|d| d.trim().to_ascii_lowercase()).collect();
    if directives.iter().any(|d| d == "no-cache" || d == "no-store") {
        return None;
    }
    let max_age = directives.iter().find_map(|d| d.strip_prefix("max-age=")?.trim_matches('"').parse::<u32>().ok());
    if let Some(max_age) = max_age {
        let age = document.header("age").and_then(|a| a.trim().parse::<u32>().ok()).unwrap_or(0);
        let left = TimeDelta::seconds(i64::from(max_age.saturating_sub(age)));
        return (left > TimeDelta::zero()).then(|| (now + left, format!("Cache-Control: max-age={max_age}")));
    }
    let expires = parse::date::parse(document.header("expires")?)?;
    let their_now = document.header("date").and_then(parse::date::parse).unwrap_or(now);
    let left = expires - their_now;
    (left > TimeDelta::zero()).then(|| (now + left, "Expires".to_owned()))
}

/// Digest of a body, without the moment at which it was made: some servers write it anew for every request, and nothing
/// else changes.
pub(super) fn hash(body: &[u8]) -> u64 {
    let head = &body[..body.len().min(HEAD)];
    let made = memchr::memmem::find(head, b"<lastBuildDate>")
        .and_then(|start| Some((start, start + memchr::memmem::find(&head[start..], b"</lastBuildDate>")?)));
    match made {
        Some((start, end)) => digest([&body[..start], &body[end..]]),
        None => digest([body]),
    }
}

/// Hash of the identities of the entries: whether there are others than before.
pub(super) fn entries_hash<'a>(reading: &'a Reading) -> u64 {
    let identity = |entry: &'a RawEntry| entry.id.as_deref().or(entry.link.as_deref()).unwrap_or(&entry.title.value);
    digest(reading.entries.iter().map(|entry| identity(entry).as_bytes()))
}

/// A title on one line, for tables and pages: tags dropped, the five entities of XML resolved.
fn line(text: &Text) -> String {
    let mut plain = text.value.clone();
    if text.html {
        let mut depth = 0usize;
        plain.retain(|c| {
            match c {
                '<' => depth += 1,
                '>' if depth > 0 => {
                    depth -= 1;
                    return false;
                }
                _ => {}
            }
            depth == 0
        });
        for (entity, c) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")] {
            plain = plain.replace(entity, c);
        }
    }
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::poll::tests::{NOW, at, document};

    #[test]
    fn freshness() {
        let check = |fields: &[(&str, &str)], seconds: Option<i64>| {
            let mut document = document("https://example.org/", "text/xml", "");
            document.headers = fields.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
            let fresh = fresh_until(&document, at(NOW));
            assert_eq!(fresh.map(|(until, _)| (until - at(NOW)).num_seconds()), seconds, "{fields:?}");
        };
        check(&[], None);
        check(&[("cache-control", "public, max-age=3600")], Some(3600));
        check(&[("cache-control", "Max-Age=\"60\"")], Some(60));
        check(&[("cache-control", "max-age=3600"), ("age", "600")], Some(3000));
        check(&[("cache-control", "max-age=0"), ("expires", "Sun, 22 Nov 2026 12:00:00 GMT")], None);
        check(&[("cache-control", "no-cache, max-age=3600")], None);
        check(&[("cache-control", "max-age=99999999999999")], None);
        check(&[("cache-control", "s-maxage=600")], None);
        check(&[("expires", "Sun, 22 Nov 2026 11:00:00 GMT")], Some(3600));
        check(&[("expires", "Sun, 22 Nov 2026 12:00:00 GMT"), ("date", "Sun, 22 Nov 2026 11:30:00 GMT")], Some(1800));
        check(&[("expires", "0")], None);
        check(&[("expires", "Thu, 01 Jan 1970 00:00:00 GMT")], None);
    }

    #[test]
    fn the_moment_it_was_made_is_no_change() {
        let feed = |made: &str, title: &str| {
            hash(format!("<rss><channel><lastBuildDate>{made}</lastBuildDate><title>{title}</title>").as_bytes())
        };
        assert_eq!(feed("Sun, 22 Nov 2026 10:00:00 GMT", "a"), feed("Sun, 22 Nov 2026 11:00:00 GMT", "a"));
        assert_ne!(feed("Sun, 22 Nov 2026 10:00:00 GMT", "a"), feed("Sun, 22 Nov 2026 10:00:00 GMT", "b"));
        assert_ne!(hash(b"<lastBuildDate>x"), hash(b"<lastBuildDate>y"));
    }

    #[test]
    fn titles() {
        let html = |value: &str| line(&Text { value: value.to_owned(), html: true, ..Text::default() });
        assert_eq!(html("A <b>bold</b>\n title &amp; more"), "A bold title & more");
        assert_eq!(line(&Text { value: "1 < 2".into(), ..Text::default() }), "1 < 2");
    }
}
