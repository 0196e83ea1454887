//! Which feeds does a page name? `<link rel="alternate">`, as in the HTML standard §4.6.7.1.

use quick_xml::Reader;
use quick_xml::events::Event;
use url::Url;

/// Bytes of a page that are searched: its head, scripts and all.
const MAX_HEAD: usize = 512 * 1024;
/// Feeds taken from one page.
const MAX_FEEDS: usize = 20;
/// Bytes of one `<link>`.
const MAX_TAG: usize = 8 * 1024;

/// Addresses of the feeds that an HTML page names, in its order; those of comments go last.
pub fn feeds(html: &str, base: &Url) -> Vec<Url> {
    let head = &html[..html.floor_char_boundary(MAX_HEAD)];
    let mut found: Vec<(bool, Url)> = Vec::new();
    let mut base = base.clone();
    for (at, _) in head.match_indices('<').filter(|(at, _)| is_link_or_base(&head[*at..])) {
        let tag = &head[at..head.floor_char_boundary(at + MAX_TAG)];
        let tag = &tag[..tag.find('>').map_or(0, |end| end + 1)];
        let attributes = attributes(tag);
        let get = |name: &str| attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let Some(address) = get("href").and_then(|href| base.join(href.trim()).ok()) else { continue };
        if tag[1..].to_ascii_lowercase().starts_with("base") {
            base = address;
            continue;
        }
        let rel = get("rel").unwrap_or_default().to_ascii_lowercase();
        let kind = get("type").unwrap_or_default().to_ascii_lowercase();
        let is_feed =
            kind.contains("rss") || kind.contains("atom") || kind.contains("feed+json") || kind.contains("rdf+xml");
        let alternate = rel.split_ascii_whitespace().any(|rel| rel == "alternate" || rel == "feed");
        if alternate && is_feed && !found.iter().any(|(_, known)| *known == address) && found.len() < MAX_FEEDS {
            let title = get("title").unwrap_or_default().to_ascii_lowercase();
            let of_comments = title.contains("comment") || address.path().contains("/comments/");
            found.push((of_comments, address));
        }
    }
    found.sort_by_key(|(of_comments, _)| *of_comments);
    found.into_iter().map(|(_, address)| address).collect()
}

fn is_link_or_base(text: &str) -> bool {
    let name = text.as_bytes().get(1..6).unwrap_or_default();
    name[..4.min(name.len())].eq_ignore_ascii_case(b"link") || name[..4.min(name.len())].eq_ignore_ascii_case(b"base")
}

fn attributes(tag: &str) -> Vec<(String, String)> {
    let mut reader = Reader::from_str(tag);
    let (Ok(Event::Start(start)) | Ok(Event::Empty(start))) = reader.read_event() else { return Vec::new() };
    let mut attributes = start.html_attributes();
    let attributes = attributes.with_checks(false).take(64).flatten().map(|attribute| {
        let value = super::entities::decode(&attribute.value, &Default::default()).into_owned();
        (attribute.key.as_ref().to_ascii_lowercase(), value)
    });
    attributes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Found by examples/fuzz.
    #[test]
    fn a_long_tag_is_not_cut_inside_of_a_character() {
        let page = format!("<html><link {}", "é".repeat(MAX_TAG));
        for shift in ["", " "] {
            assert_eq!(feeds(&format!("{shift}{page}"), &Url::parse("https://example.org/").unwrap()), []);
            assert_eq!(feeds(&page.replace("link ", "link  "), &Url::parse("https://example.org/").unwrap()), []);
        }
    }

    #[test]
    fn feeds_are_found_in_pages() {
        let page = r#"<!doctype html><html><head>
            <link rel="stylesheet" href="/style.css">
            <LINK REL=alternate type="application/rss+xml" title="Comments" href="/comments/feed/">
            <link rel="alternate" hreflang="it" href="/it/">
            <link href='feed/?a=1&amp;b=2' rel='alternate' type='application/rss+xml'/>
            <link rel="alternate" type="application/feed+json" href="https://other.example/feed.json">"#;
        let found = feeds(page, &Url::parse("https://example.org/blog/").unwrap());
        let found: Vec<&str> = found.iter().map(Url::as_str).collect();
        assert_eq!(
            found,
            [
                "https://example.org/blog/feed/?a=1&b=2",
                "https://other.example/feed.json",
                "https://example.org/comments/feed/"
            ]
        );
    }
}
