//! How does an edition read as RSS 2.0, with the modules that readers know (content, dc, atom)?

use url::Url;

use crate::model::{Edition, Format, Item, Language, Timestamp};

use super::{Xml, is_absolute, links};

/// `application/rss+xml`.
pub const FORMAT: Format = Format { ending: "rss", media_type: "application/rss+xml; charset=utf-8", render };

fn render(edition: &Edition) -> Vec<u8> {
    let texts = edition.items.iter().map(|i| i.content.as_ref().map_or(0, String::len) + 2_048).sum::<usize>();
    let mut xml = Xml::document(&edition.home, texts + texts / 4);
    xml.open(
        "rss",
        &[
            ("version", "2.0"),
            ("xmlns:atom", "http://www.w3.org/2005/Atom"),
            ("xmlns:content", "http://purl.org/rss/1.0/modules/content/"),
            ("xmlns:dc", "http://purl.org/dc/elements/1.1/"),
        ],
    );
    xml.open("channel", &[]);
    xml.text("title", &[], &edition.title);
    xml.text("link", &[], edition.home.as_str());
    xml.text("description", &[], &edition.title);
    xml.some("language", edition.language.as_ref().map(Language::as_str));
    let own = edition.address("rss");
    xml.empty("atom:link", &[("rel", "self"), ("type", "application/rss+xml"), ("href", &own)]);
    for hub in &edition.hubs {
        xml.empty("atom:link", &[("rel", "hub"), ("href", hub.as_str())]);
    }
    // The newest date of what is in it, never that of its making: same store, same bytes.
    xml.text("lastBuildDate", &[], &date(edition.updated));
    xml.text("generator", &[], concat!("tributary ", env!("CARGO_PKG_VERSION")));
    edition.items.iter().for_each(|i| item(&mut xml, i));
    xml.finish()
}

/// RFC 822 with a year of four digits, as RSS 2.0 prefers.
fn date(when: Timestamp) -> String {
    when.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn item(xml: &mut Xml, item: &Item) {
    xml.open("item", &[]);
    xml.text("title", &[], &item.shown.title);
    xml.some("link", item.shown.link.as_ref().map(Url::as_str));
    xml.text("guid", &[("isPermaLink", "false")], &item.story.to_string());
    xml.text("pubDate", &[], &date(item.published));
    item.authors.iter().for_each(|p| xml.text("dc:creator", &[], &p.name));
    item.contributors.iter().for_each(|p| xml.text("dc:contributor", &[], &p.name));
    xml.some("dc:language", item.shown.language.as_ref().map(Language::as_str));
    for category in item.categories.iter().filter(|c| !c.trim().is_empty()) {
        xml.text("category", &[], category);
    }
    // RSS has one description: the summary where there is one, else the text itself, as readers without the content
    // module expect it.
    if let Some(text) = item.summary.as_ref().or(item.content.as_ref()) {
        xml.text("description", &[], text);
    }
    if let Some(content) = item.content.as_ref().filter(|_| item.summary.is_some()) {
        xml.text("content:encoded", &[], content);
    }
    xml.some("comments", item.comments.as_ref().map(Url::as_str));
    // One enclosure an item (RSS Board profile): others are links.
    for (i, enclosure) in item.enclosures.iter().filter(|e| is_absolute(&e.url)).enumerate() {
        let length = enclosure.length.unwrap_or(0).to_string();
        let kind = enclosure.media_type.as_deref().unwrap_or("application/octet-stream");
        if i == 0 {
            xml.empty("enclosure", &[("url", &enclosure.url), ("length", &length), ("type", kind)]);
        } else {
            let attributes = [("rel", "enclosure"), ("type", kind), ("length", &length), ("href", &enclosure.url)];
            xml.empty("atom:link", &attributes);
        }
    }
    let card = &item.shown.source;
    if let Some(address) = card.feed.as_ref().or(card.link.as_ref()) {
        xml.text("source", &[("url", address.as_str())], &card.title);
    }
    xml.some("dc:rights", item.rights.as_deref());
    for (rel, version) in links(item) {
        let href = version.link.as_ref().map_or("", Url::as_str);
        let hreflang = version.language.as_ref().map_or("", Language::as_str);
        let attributes =
            [("rel", rel), ("type", "text/html"), ("hreflang", hreflang), ("title", &version.title), ("href", href)];
        xml.empty("atom:link", &attributes);
    }
    if let Some(via) = &item.via {
        xml.empty("atom:link", &[("rel", "via"), ("href", via.as_str())]);
    }
    xml.empty("atom:link", &[("rel", "describedby"), ("type", "text/html"), ("href", item.page.as_str())]);
    if let Some(license) = &item.license {
        xml.empty("atom:link", &[("rel", "license"), ("href", license.as_str())]);
    }
    xml.text("atom:updated", &[], &item.updated.to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
    xml.close();
}
