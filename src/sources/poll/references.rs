//! Which originals that a repost names are fetched, though no configured source has them? Pure.
//!
//! A repost whose verified source line names an entry that is not in the store (older than the feed, or of a
//! publication that is not configured) would else stand without its original for ever.

use chrono::TimeDelta;
use url::Url;

use crate::model::{Ask, Document, Page, Purpose, RawEntry, Reading, Role, Source, SourceId, Text, Timestamp};
use crate::parse;
use crate::sources::{poll, substack};

/// References fetched for one source and day: a repost site translates a few works a day, and one with a thousand
/// links must not make us crawl.
pub const MOST_A_DAY: u32 = 20;

/// How many days ahead references are put off once a day's budget is spent: a site that names more than 600 originals
/// at once is an archive, and the rest of it is not missed.
const MOST_DAYS_AHEAD: i32 = 30;

/// How many references of a source were planned for which day. The days before are spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Budget {
    /// Days since 1970-01-01, UTC.
    day: i32,
    spent: u32,
}

impl Budget {
    /// When the next reference may be fetched: now, or at the beginning of a day that has some left. `None` where
    /// that is too far ahead.
    fn next(&mut self, now: Timestamp) -> Option<Timestamp> {
        let today = i32::try_from((now - Timestamp::UNIX_EPOCH).num_days()).unwrap_or(i32::MAX);
        // One further ahead than any that is planned: the clock was set back.
        if self.day < today || self.day.saturating_sub(today) > MOST_DAYS_AHEAD {
            *self = Self { day: today, spent: 0 };
        }
        if self.spent >= MOST_A_DAY {
            if self.day - today == MOST_DAYS_AHEAD {
                return None;
            }
            *self = Self { day: self.day + 1, spent: 0 };
        }
        self.spent += 1;
        let midnight = Timestamp::UNIX_EPOCH + TimeDelta::days(i64::from(self.day));
        Some(midnight.max(now))
    }

    /// As it is stored.
    pub fn to_bytes(self) -> [u8; 8] {
        let ([a, b, c, d], [e, f, g, h]) = (self.day.to_le_bytes(), self.spent.to_le_bytes());
        [a, b, c, d, e, f, g, h]
    }

    /// Out of [`Budget::to_bytes`]; of anything else, one of which nothing is spent.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let read = |bytes: &[u8; 8]| {
            let [a, b, c, d, e, f, g, h] = *bytes;
            Self { day: i32::from_le_bytes([a, b, c, d]), spent: u32::from_le_bytes([e, f, g, h]) }
        };
        bytes.try_into().map(read).unwrap_or_default()
    }
}

/// Which of the addresses that source lines of `source` name are to be fetched, and from when on: what is past a day's
/// budget, which is spent on them, on a later one.
pub fn choose(source: &Source, budget: &mut Budget, named: &[Url], now: Timestamp) -> Vec<(Url, Timestamp)> {
    let mut chosen: Vec<(Url, Timestamp)> = Vec::new();
    // Whom the reader trusts for originals names its own earlier texts, not those of others.
    if !source.references || source.role == Role::Original {
        return chosen;
    }
    for url in named {
        let mut url = url.clone();
        url.set_fragment(None);
        let is_chosen = chosen.iter().any(|(known, _)| *known == url);
        if !is_chosen && is_article_elsewhere(source, &url) {
            chosen.extend(budget.next(now).map(|due| (url, due)));
        }
    }
    chosen
}

/// Whether an address can be that of a work on another site: its own posts are no originals of a repost, and a home
/// page is no work.
fn is_article_elsewhere(source: &Source, url: &Url) -> bool {
    let is_own = url.host_str() == source.url.host_str() && url.port() == source.url.port();
    let has_path = !url.path().trim_matches('/').is_empty() || url.query().is_some();
    matches!(url.scheme(), "http" | "https") && !is_own && has_path
}

/// What to ask for the work at an address: at first Substack's own interface where it is one of its posts, else the
/// page.
pub fn ask(url: &Url, attempts: u32) -> Ask {
    match substack::post(url).filter(|_| attempts == 0) {
        Some(api) => Ask::new(api, Purpose::Api),
        None => Ask::new(url.clone(), Purpose::Page),
    }
}

/// Whether there is another way to ask when this attempt brought nothing: the interface is not documented.
pub fn has_another_way(url: &Url, attempts: u32) -> bool {
    attempts == 0 && substack::post(url).is_some()
}

/// Reads the answer to [`ask`] as a reading of one entry, whose link is the address that was named. `article` takes the
/// article out of a page.
///
/// # Errors
/// Why there is no work in it.
pub fn read(
    url: &Url,
    document: &Document,
    article: impl FnOnce(&Document) -> Result<Page, String>,
) -> Result<Reading, String> {
    // The named address, not what the answer says of itself: that is evidence, never authority.
    let link = Some(url.to_string());
    if substack::post(url).is_some_and(|api| api == document.requested) {
        let mut reading = parse::substack::post(document);
        if let Some(why) = reading.refused.take() {
            return Err(why);
        }
        for entry in &mut reading.entries {
            entry.via.extend(std::mem::replace(&mut entry.link, link.clone()));
        }
        return Ok(reading);
    }
    let page = article(document)?;
    let text = |value: String, html| Text { value, html, ..Text::default() };
    let entry = RawEntry {
        link,
        title: text(page.title.clone().unwrap_or_default(), false),
        full: Text { base: Some(document.url.clone()), ..text(page.html, true) },
        authors: page.byline.map(|name| crate::model::Person { name, ..Default::default() }).into_iter().collect(),
        language: page.language,
        published: page.published,
        image: page.images.first().map(Url::to_string),
        ..RawEntry::default()
    };
    let mut reading = Reading { entries: vec![entry], ..Reading::default() };
    reading.feed.title = text(page.site.unwrap_or_default(), false);
    Ok(reading)
}

/// What its entries are stored under: the publication's home, which is no id of feeds.toml, as those hold no `:`.
pub fn publication(url: &Url) -> SourceId {
    SourceId(url.origin().ascii_serialization())
}

/// The `[[source]]` block that a person can paste to follow a publication, under an id that is not taken: that and the
/// block.
pub fn block(home: &Url, is_taken: impl Fn(&str) -> bool) -> (String, String) {
    let base = poll::id_of(home.host_str().unwrap_or_default());
    let numbered = |n: usize| if n < 2 { base.clone() } else { format!("{base}-{n}") };
    let id = (1..=1_000).map(numbered).find(|id| !is_taken(id)).unwrap_or_default();
    let home = home.as_str().trim_end_matches('/');
    let block = format!("[[source]]\nid = \"{id}\"\nurl = \"{home}\"\nrole = \"original\"\n");
    (id, block)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::poll::tests::{NOW, at, document, source};

    fn url(s: &str) -> Url {
        Url::parse(s).unwrap()
    }

    fn post(n: usize) -> Url {
        url(&format!("https://a.substack.com/p/{n}"))
    }

    #[test]
    fn once_and_only_works_elsewhere() {
        let source = source("https://repost.example/");
        let mut budget = Budget::default();
        let named = [
            "https://a.substack.com/p/one",
            "https://a.substack.com/p/one#fn1",
            "https://repost.example/2025/own",
            "https://a.substack.com/",
            "ftp://a.example/x",
        ]
        .map(url);
        let expected = [(url("https://a.substack.com/p/one"), at(NOW))];
        assert_eq!(choose(&source, &mut budget, &named, at(NOW)), expected);
        assert_eq!(budget.spent, 1);
        let off = Source { references: false, ..source.clone() };
        assert_eq!(choose(&off, &mut Budget::default(), &named, at(NOW)), []);
        let original = Source { role: Role::Original, ..source };
        assert_eq!(choose(&original, &mut Budget::default(), &named, at(NOW)), []);
    }

    #[test]
    fn no_more_than_twenty_a_day_and_the_rest_later() {
        let source = source("https://repost.example/");
        let mut budget = Budget::default();
        let named: Vec<Url> = (0..50).map(post).collect();
        let mut plan = |now: &str, named: &[Url]| -> Vec<Timestamp> {
            budget = Budget::from_bytes(&budget.to_bytes());
            choose(&source, &mut budget, named, at(now)).into_iter().map(|(_, due)| due).collect()
        };
        let days = |due: &[Timestamp]| {
            let of = |day: &str| due.iter().filter(|at| at.format("%F").to_string() == day).count();
            ["2026-11-22", "2026-11-23", "2026-11-24", "2026-11-25"].map(of)
        };
        let due = plan(NOW, &named);
        assert_eq!((days(&due), due[0], due[20]), ([20, 20, 10, 0], at(NOW), at("2026-11-23T00:00:00Z")));
        assert_eq!(days(&plan(NOW, &named[..15])), [0, 0, 10, 5]);
        assert_eq!(days(&plan("2026-11-25T08:00:00Z", &named[..16])), [0, 0, 0, 15]);
        assert_eq!(plan("2027-02-01T08:00:00Z", &named[..2]), [at("2027-02-01T08:00:00Z"); 2]);
        // A clock that was set back does not stop it for a year; and no queue grows without an end.
        assert_eq!(plan(NOW, &named[..1]), [at(NOW)]);
        let endless: Vec<Url> = (0..5_000).map(post).collect();
        assert_eq!(plan(NOW, &endless).len(), 20 * 31 - 1);
    }

    #[test]
    fn a_substack_post_by_its_interface_and_others_by_their_page() {
        let none = |_: &Document| Err("not asked".to_owned());
        let post = url("https://a.substack.com/p/one?r=1");
        let api = "https://a.substack.com/api/v1/posts/one";
        assert_eq!((ask(&post, 0).url.as_str(), ask(&post, 0).purpose), (api, Purpose::Api));
        let json = r#"{"title": "One", "canonical_url": "https://a.example/p/one", "body_html": "<p>x</p>"}"#;
        let entry = &read(&post, &document(api, "application/json", json), none).unwrap().entries[0];
        assert_eq!((entry.content.value.as_str(), entry.link.as_deref()), ("<p>x</p>", Some(post.as_str())));
        assert_eq!(entry.via, ["https://a.example/p/one"]);
        assert!(read(&post, &document(api, "text/html", "<html>"), none).is_err());
        // Then by its page.
        assert!(has_another_way(&post, 0) && !has_another_way(&post, 1));
        assert_eq!((ask(&post, 1).url, ask(&post, 1).purpose), (post.clone(), Purpose::Page));
        let page = |_: &Document| Ok(Page { html: "<p>y</p>".into(), title: Some("Essay".into()), ..Page::default() });
        assert!(read(&post, &document(post.as_str(), "text/html", ""), page).is_ok());
        let other = url("https://b.example/essay");
        assert!(!has_another_way(&other, 0));
        assert_eq!((ask(&other, 0).url, ask(&other, 0).purpose), (other.clone(), Purpose::Page));
        let entry = &read(&other, &document(other.as_str(), "text/html", ""), page).unwrap().entries[0];
        assert_eq!((entry.title.value.as_str(), entry.full.value.as_str()), ("Essay", "<p>y</p>"));
        assert_eq!(entry.link.as_deref(), Some(other.as_str()));
    }

    #[test]
    fn a_block_to_paste() {
        let block = |home: &str, taken: &str| block(&url(home), |id| id == taken).1;
        let expected = "[[source]]\nid = \"korybko\"\nurl = \"https://korybko.substack.com\"\nrole = \"original\"\n";
        assert_eq!(block("https://korybko.substack.com/", ""), expected);
        assert_eq!(block("https://korybko.substack.com/", "korybko"), expected.replace("\"korybko\"", "\"korybko-2\""));
        assert!(block("https://www.some-site.co.uk/", "").contains("id = \"some-site\""));
        assert_eq!(publication(&url("https://a.example:8443/x?y")).as_str(), "https://a.example:8443");
    }
}
