//! How do the sources of an edition, or the editions of a planet, read as OPML 2.0, to be taken into a reader?

use url::Url;

use crate::model::html::escape;
use crate::model::{Edition, EditionSpec, Format, Language, Planet, Source, SourceCard};

use super::{clean, prolog};

/// `text/x-opml`: the sources that an edition is made of.
pub const FORMAT: Format = Format { ending: "opml", media_type: "text/x-opml; charset=utf-8", render };

fn render(edition: &Edition) -> Vec<u8> {
    document(&edition.title, &edition.home, edition.sources.iter().filter_map(|card| source(card)))
}

/// `/editions.opml`: the editions to subscribe to, as Atom.
pub fn editions(title: &str, planet: &Planet, specs: &[EditionSpec]) -> Vec<u8> {
    let base = planet.public_url.as_str().trim_end_matches('/');
    let outlines = specs.iter().map(|spec| {
        let feed = format!("{base}/{}.atom", spec.id);
        outline(&spec.title, spec.languages.first(), Some(&planet.public_url), &feed)
    });
    document(title, &planet.public_url, outlines)
}

/// `/sources.opml`: the sources that the planet republishes.
pub fn sources(title: &str, planet: &Planet) -> Vec<u8> {
    let published = planet.sources.values().filter(|card| card.publish);
    document(title, &planet.public_url, published.filter_map(|card| source(card)))
}

/// `tributary opml export`: the sources as they are configured, to be imported again here or elsewhere.
pub fn configured(title: &str, home: &Url, sources: &[Source]) -> Vec<u8> {
    let outlines = sources.iter().map(|source| {
        let title = source.title.as_deref().unwrap_or(source.id.as_str());
        let home = source.url.join("/").ok();
        outline(title, source.language.as_ref(), home.as_ref(), source.url.as_str())
    });
    document(title, home, outlines)
}

/// A source that has a feed.
fn source(card: &SourceCard) -> Option<String> {
    Some(outline(&card.title, card.language.as_ref(), card.link.as_ref(), card.feed.as_ref()?.as_str()))
}

/// One subscription; `type` is `rss` whatever the format (OPML 2.0, subscription lists).
fn outline(title: &str, language: Option<&Language>, page: Option<&Url>, feed: &str) -> String {
    let attribute = |name: &str, value: &str| format!(" {name}=\"{}\"", escape(&clean(value)));
    let language = language.map(|l| attribute("language", l.as_str())).unwrap_or_default();
    let page = page.map(|p| attribute("htmlUrl", p.as_str())).unwrap_or_default();
    let (text, feed) = (attribute("text", title), attribute("xmlUrl", feed));
    format!("<outline type=\"rss\"{text}{language}{page}{feed}/>\n")
}

/// No crate writes OPML; what passes through here is escaped and clean.
fn document(title: &str, home: &Url, outlines: impl Iterator<Item = String>) -> Vec<u8> {
    let mut out = prolog(home);
    let head = format!("<opml version=\"2.0\">\n<head><title>{}</title></head>\n<body>\n", escape(&clean(title)));
    out.extend_from_slice(head.as_bytes());
    outlines.for_each(|outline| out.extend_from_slice(outline.as_bytes()));
    out.extend_from_slice(b"</body>\n</opml>\n");
    out
}
