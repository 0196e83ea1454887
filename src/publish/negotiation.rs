//! Which representation does the reader prefer (RFC 9110 §12)?

use crate::model::{Format, Language};

/// How bodies are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Coding {
    Identity,
    Gzip,
    Brotli,
}

/// The coding to answer with: the one liked best of those we have; of equals brotli, which is the smallest. `None`
/// where the reader refuses all, the plain one too.
pub(super) fn coding(accept_encoding: Option<&str>) -> Option<Coding> {
    let Some(header) = accept_encoding else { return Some(Coding::Identity) };
    let ranges = weighted(header);
    let quality = |names: &[&str]| {
        let named = ranges.iter().find(|(range, _)| names.iter().any(|n| range.eq_ignore_ascii_case(n)));
        named.or_else(|| ranges.iter().find(|(range, _)| *range == "*")).map(|(_, q)| *q)
    };
    let (br, gzip) = (quality(&["br"]).unwrap_or(0), quality(&["gzip", "x-gzip"]).unwrap_or(0));
    // Not named, the plain one is acceptable (§12.5.3), but no more than what was named.
    let plain = quality(&["identity"]).unwrap_or(1);
    let choices = [(br, Coding::Brotli), (gzip, Coding::Gzip), (plain, Coding::Identity)];
    let best = choices.iter().map(|(q, _)| *q).max().filter(|q| *q > 0)?;
    choices.iter().find(|(q, _)| *q == best).map(|(_, coding)| *coding)
}

/// What is served at the address of an edition without an ending.
#[derive(Clone, Copy)]
pub(super) enum Wanted {
    Page,
    Feed(Format),
}

/// The feed or the page, by `Accept`; a reader that does not say, or takes anything, gets the first format.
pub(super) fn wanted(accept: Option<&str>, formats: &[Format]) -> Option<Wanted> {
    let ranges = weighted(accept.unwrap_or("*/*"));
    let ranges = if ranges.is_empty() { vec![("*/*", 1_000)] } else { ranges };
    let quality = |types: &[&str]| {
        let matched = ranges.iter().filter_map(|(range, q)| {
            let rank = types.iter().filter_map(|t| specificity(range, t)).max()?;
            Some((rank, *q))
        });
        // The most specific range decides (§12.5.1).
        matched.max_by_key(|(rank, _)| *rank)
    };
    let page = quality(&["text/html", "application/xhtml+xml"]).map(|(rank, q)| (q, rank, Wanted::Page));
    let feeds = formats.iter().filter_map(|format| {
        let (rank, q) = quality(&names(format))?;
        Some((q, rank, Wanted::Feed(*format)))
    });
    // Of equals the one asked for by name, then the first: so the page stands last, and `*/*` gets a feed.
    let mut best: Option<(u16, u8, Wanted)> = None;
    for (q, rank, what) in feeds.chain(page) {
        if q > 0 && best.is_none_or(|(bq, brank, _)| (q, rank) > (bq, brank)) {
            best = Some((q, rank, what));
        }
    }
    best.map(|(_, _, what)| what)
}

/// The media type to send a feed under. Chromium shows feeds under their own types as bare text and offers JSON Feed
/// for download, so a browser, which asks for `text/html` and for no feed, is sent the same bytes as the XML or JSON that
/// they are: then the stylesheet makes a readable page of them.
pub(super) fn media_type(accept: Option<&str>, of_feed: &'static str) -> &'static str {
    let ranges = weighted(accept.unwrap_or_default());
    let names_one =
        |of: &dyn Fn(&str) -> bool| ranges.iter().any(|(range, q)| *q > 0 && of(&range.to_ascii_lowercase()));
    let own = of_feed.split(';').next().unwrap_or_default();
    match () {
        () if !is_feed(of_feed) || !names_one(&|range| range == "text/html") || names_one(&|range| range == own) => {
            of_feed
        }
        () if own.ends_with("json") => "application/json; charset=utf-8",
        () => "application/xml; charset=utf-8",
    }
}

/// Whether programs subscribe to what has this media type.
pub(super) fn is_feed(media_type: &str) -> bool {
    let own = media_type.split(';').next().unwrap_or_default();
    ["atom+xml", "rss+xml", "feed+json", "x-opml"].iter().any(|kind| own.ends_with(kind))
}

/// A format's own media type and those by which older readers ask for it.
fn names(format: &Format) -> Vec<&'static str> {
    let own = format.media_type.split(';').next().unwrap_or_default();
    let older: &[&str] = match format.ending {
        "atom" | "rss" => &["application/xml", "text/xml"],
        "json" => &["application/json"],
        _ => &[],
    };
    [&[own], older].concat()
}

/// How exactly a range names a type: `type/subtype` 3, `type/*` 2, `*/*` 1.
fn specificity(range: &str, media_type: &str) -> Option<u8> {
    let (kind, _) = media_type.split_once('/')?;
    match range.split_once('/')? {
        ("*", "*") => Some(1),
        (k, "*") if k.eq_ignore_ascii_case(kind) => Some(2),
        _ if range.eq_ignore_ascii_case(media_type) => Some(3),
        _ => None,
    }
}

/// The reader's languages, the dearest first, eight at the most.
pub(super) fn languages(accept_language: Option<&str>) -> Vec<Language> {
    let mut ranges = weighted(accept_language.unwrap_or_default());
    ranges.sort_by_key(|(_, q)| std::cmp::Reverse(*q));
    let liked = ranges.iter().filter(|(_, q)| *q > 0).filter_map(|(range, _)| Language::parse(range));
    liked.take(8).collect()
}

/// Ranges with their quality in thousandths (§12.4.2); what cannot be read is passed over.
fn weighted(header: &str) -> Vec<(&str, u16)> {
    let range = |member: &'_ str| {
        let mut parts = member.split(';').map(str::trim);
        let name = parts.next().filter(|n| !n.is_empty() && n.len() <= 64)?.len();
        let given = parts.find_map(|p| p.strip_prefix("q=").or_else(|| p.strip_prefix("Q=")));
        let quality: f32 = given.map_or(Some(1.0), |q| q.trim().parse().ok())?;
        (0.0..=1.0).contains(&quality).then_some((name, quality))
    };
    let members = header.split(',').take(32).map(str::trim);
    // Thousandths of at most 1.0 fit.
    members.filter_map(|m| range(m).map(|(n, q)| (&m[..n], (q * 1_000.0).round() as u16))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codings() {
        let check = |header: Option<&str>, expected: Option<Coding>| assert_eq!(coding(header), expected, "{header:?}");
        check(None, Some(Coding::Identity));
        check(Some(""), Some(Coding::Identity));
        check(Some("gzip, deflate, br, zstd"), Some(Coding::Brotli));
        check(Some("gzip, deflate"), Some(Coding::Gzip));
        check(Some("gzip;q=1.0, br;q=0.5"), Some(Coding::Gzip));
        check(Some("GZIP"), Some(Coding::Gzip));
        check(Some("gzip;q=0"), Some(Coding::Identity));
        check(Some("identity"), Some(Coding::Identity));
        check(Some("*"), Some(Coding::Brotli));
        check(Some("deflate"), Some(Coding::Identity));
        check(Some("identity;q=0, deflate"), None);
        check(Some("gzip;q=7, ;;, q=1"), Some(Coding::Identity));
    }

    fn ending(accept: Option<&str>) -> Option<&'static str> {
        const fn format(ending: &'static str, media_type: &'static str) -> Format {
            Format { ending, media_type, render: |_| Vec::new() }
        }
        let formats = [
            format("atom", "application/atom+xml; charset=utf-8"),
            format("rss", "application/rss+xml; charset=utf-8"),
            format("json", "application/feed+json; charset=utf-8"),
        ];
        wanted(accept, &formats).map(|w| match w {
            Wanted::Page => "page",
            Wanted::Feed(format) => format.ending,
        })
    }

    #[test]
    fn media_types() {
        let check = |accept: Option<&str>, expected: Option<&str>| assert_eq!(ending(accept), expected, "{accept:?}");
        check(None, Some("atom"));
        check(Some("*/*"), Some("atom"));
        check(Some("application/*"), Some("atom"));
        check(Some("application/rss+xml"), Some("rss"));
        check(Some("application/rss+xml, application/atom+xml;q=0.9, */*;q=0.1"), Some("rss"));
        check(Some("application/json"), Some("json"));
        check(Some("text/xml"), Some("atom"));
        check(Some("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"), Some("page"));
        check(Some("text/html;q=0.1, application/feed+json;q=0.2"), Some("json"));
        check(Some("image/png"), None);
        check(Some("application/atom+xml;q=0, */*"), Some("rss"));
    }

    #[test]
    fn browsers_are_sent_what_they_can_show() {
        let check = |accept: Option<&str>, own: &'static str, expected: &str| {
            assert_eq!(media_type(accept, own).split(';').next(), Some(expected), "{accept:?} {own}");
        };
        let browser = Some("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
        check(browser, "application/atom+xml; charset=utf-8", "application/xml");
        check(browser, "application/feed+json; charset=utf-8", "application/json");
        check(None, "application/atom+xml; charset=utf-8", "application/atom+xml");
        check(Some("*/*"), "application/rss+xml; charset=utf-8", "application/rss+xml");
        let reader = Some("application/rss+xml, text/html;q=0.5, */*;q=0.1");
        check(reader, "application/rss+xml; charset=utf-8", "application/rss+xml");
        check(browser, "text/x-opml; charset=utf-8", "application/xml");
        check(browser, "text/html; charset=utf-8", "text/html");
        check(browser, "text/plain; charset=utf-8", "text/plain");
    }

    #[test]
    fn languages_by_preference() {
        let read = |header: &str| languages(Some(header)).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(read("en;q=0.5, it-IT, *;q=0.1, de;q=0"), ["it-IT", "en"]);
        assert_eq!(read(""), [""; 0]);
    }
}
