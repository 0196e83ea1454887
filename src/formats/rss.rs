//! How does an edition read as RSS 2.0, with the modules that readers know (content, dc, atom)?

use std::collections::BTreeMap;

use rss::extension::atom::{AtomExtension, Link};
use rss::extension::dublincore::DublinCoreExtension;
use rss::extension::{Extension, ExtensionMap};
use rss::{Category, Channel, Enclosure, Guid, Item as RssItem, Source};
use url::Url;

use crate::model::{Edition, Format, Item, Language, Timestamp};

use super::{bare_alternate, clean, is_absolute, links, media_type, prolog};

/// `application/rss+xml`.
pub const FORMAT: Format = Format { ending: "rss", media_type: "application/rss+xml; charset=utf-8", render };

fn render(edition: &Edition) -> Vec<u8> {
    let mut own = vec![link("self", edition.address("rss"), Some("application/rss+xml"))];
    own.extend(edition.hubs.iter().map(|hub| link("hub", hub.to_string(), None)));
    let channel = Channel {
        title: clean(&edition.title),
        link: edition.home.to_string(),
        description: clean(&edition.title),
        language: edition.language.as_ref().map(Language::to_string),
        // The newest date of what is in it, never that of its making: same store, same bytes.
        last_build_date: Some(date(edition.updated)),
        generator: Some(concat!("tributary ", env!("CARGO_PKG_VERSION")).to_owned()),
        atom_ext: Some(AtomExtension { links: own }),
        items: edition.items.iter().map(item).collect(),
        ..Channel::default()
    };
    let mut out = prolog(&edition.home);
    // In memory nothing can fail to be written: an empty answer would be seen at once.
    let written = channel.write_to(Vec::new()).unwrap_or_default();
    // The crate's own declaration has no place after the prolog.
    let root = written.windows(4).position(|w| w == b"<rss").unwrap_or(0);
    out.extend_from_slice(&written[root..]);
    out.push(b'\n');
    out
}

/// RFC 822 with a year of four digits, as RSS 2.0 prefers.
fn date(when: Timestamp) -> String {
    when.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn link(rel: &str, href: String, mime_type: Option<&str>) -> Link {
    Link { rel: rel.to_owned(), href, mime_type: mime_type.map(str::to_owned), ..Link::default() }
}

fn item(item: &Item) -> RssItem {
    let card = &item.shown.source;
    let content = item.content.as_deref().map(clean);
    let mut enclosures = item.enclosures.iter().filter(|e| is_absolute(&e.url));
    // One enclosure an item (RSS Board profile): others are links.
    let enclosure = enclosures.next().map(|e| Enclosure {
        url: clean(&e.url),
        length: e.length.unwrap_or(0).to_string(),
        mime_type: media_type(e.media_type.as_deref()).unwrap_or("application/octet-stream").to_owned(),
    });
    let further = enclosures.map(|e| Link {
        length: e.length.map(|length| length.to_string()),
        ..link("enclosure", clean(&e.url), media_type(e.media_type.as_deref()))
    });
    let shown = bare_alternate(item).map(|shown| link("alternate", shown.to_string(), None));
    let names = |people: &[crate::model::Person]| people.iter().map(|p| clean(&p.name)).collect();
    RssItem {
        title: Some(clean(&item.shown.title)),
        link: item.shown.link.as_ref().map(Url::to_string),
        // RSS has one description: the summary where there is one, else the text itself, as readers without the
        // content module expect it.
        description: item.summary.as_deref().map(clean).or_else(|| content.clone()),
        categories: categories(item),
        comments: item.comments.as_ref().map(Url::to_string),
        enclosure,
        guid: Some(Guid { value: item.story.to_string(), permalink: false }),
        pub_date: Some(date(item.published)),
        source: card
            .feed
            .as_ref()
            .or(card.link.as_ref())
            .map(|address| Source { url: address.to_string(), title: Some(clean(&card.title)) }),
        content: content.filter(|_| item.summary.is_some()),
        extensions: updated(item.updated),
        atom_ext: Some(AtomExtension { links: entry_links(item).chain(further).chain(shown).collect() }),
        dublin_core_ext: Some(DublinCoreExtension {
            creators: names(&item.authors),
            contributors: names(&item.contributors),
            languages: item.shown.language.iter().map(Language::to_string).collect(),
            rights: item.rights.iter().map(|r| clean(r)).collect(),
            ..DublinCoreExtension::default()
        }),
        ..RssItem::default()
    }
}

fn categories(item: &Item) -> Vec<Category> {
    let names = item.categories.iter().map(|c| clean(c)).filter(|c| !c.trim().is_empty());
    names.map(|name| Category { name, domain: None }).collect()
}

fn entry_links(item: &Item) -> impl Iterator<Item = Link> {
    let page = Some("text/html");
    let versions = links(item).map(move |(rel, version)| Link {
        hreflang: version.language.as_ref().map(Language::to_string),
        title: Some(clean(&version.title)),
        ..link(rel, version.link.as_ref().map(Url::to_string).unwrap_or_default(), page)
    });
    let via = item.via.iter().map(|via| link("via", via.to_string(), None));
    let about = std::iter::once(link("describedby", item.page.to_string(), page));
    let license = item.license.iter().map(|license| link("license", license.to_string(), None));
    versions.chain(via).chain(about).chain(license)
}

/// RSS has no date of change: that of Atom says when a reader should look again.
fn updated(when: Timestamp) -> ExtensionMap {
    let value = Some(when.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true));
    let updated = Extension { name: "atom:updated".to_owned(), value, ..Extension::default() };
    BTreeMap::from([("atom".to_owned(), BTreeMap::from([("updated".to_owned(), vec![updated])]))])
}
