//! How do the sources of an edition, or the editions of a planet, read as OPML 2.0, to be taken into a reader?

use url::Url;

use crate::model::{Edition, EditionSpec, Format, Language, Planet, SourceCard};

use super::Xml;

/// `text/x-opml`: the sources that an edition is made of.
pub const FORMAT: Format = Format { ending: "opml", media_type: "text/x-opml; charset=utf-8", render };

/// One subscription.
struct Outline {
    title: String,
    feed: String,
    page: String,
    language: String,
}

fn render(edition: &Edition) -> Vec<u8> {
    document(&edition.title, &edition.home, edition.sources.iter().filter_map(|card| outline(card)))
}

/// `/editions.opml`: the editions to subscribe to, as Atom.
pub fn editions(title: &str, planet: &Planet, specs: &[EditionSpec]) -> Vec<u8> {
    let base = planet.public_url.as_str().trim_end_matches('/');
    let outlines = specs.iter().map(|spec| Outline {
        title: spec.title.clone(),
        feed: format!("{base}/{}.atom", spec.id),
        page: planet.public_url.to_string(),
        language: spec.languages.first().map(Language::to_string).unwrap_or_default(),
    });
    document(title, &planet.public_url, outlines)
}

/// `/sources.opml`: the sources that the planet republishes.
pub fn sources(title: &str, planet: &Planet) -> Vec<u8> {
    let published = planet.sources.values().filter(|card| card.publish);
    document(title, &planet.public_url, published.filter_map(|card| outline(card)))
}

/// A source that has a feed.
fn outline(card: &SourceCard) -> Option<Outline> {
    Some(Outline {
        title: card.title.clone(),
        feed: card.feed.as_ref()?.to_string(),
        page: card.link.as_ref().map(Url::to_string).unwrap_or_default(),
        language: card.language.as_ref().map(ToString::to_string).unwrap_or_default(),
    })
}

fn document(title: &str, home: &Url, outlines: impl Iterator<Item = Outline>) -> Vec<u8> {
    let mut xml = Xml::document(home, 4_096);
    xml.open("opml", &[("version", "2.0")]);
    xml.open("head", &[]);
    xml.text("title", &[], title);
    xml.close();
    xml.open("body", &[]);
    for o in outlines {
        // `rss` is what readers look for, whatever the format (OPML 2.0, subscription lists).
        let attributes: [(&str, &str); 6] = [
            ("type", "rss"),
            ("text", &o.title),
            ("title", &o.title),
            ("language", &o.language),
            ("htmlUrl", &o.page),
            ("xmlUrl", &o.feed),
        ];
        xml.empty("outline", &attributes);
    }
    xml.finish()
}
