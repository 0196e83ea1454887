//! How does an edition read as Atom 1.0 (RFC 4287), with the tombstones of RFC 6721 and the licences of RFC 4946?

use chrono::SecondsFormat;
use url::Url;

use crate::model::{Edition, Format, Item, Language, Person, SourceCard, Timestamp, Tombstone};

use super::{Xml, is_absolute, links};

/// `application/atom+xml`.
pub const FORMAT: Format = Format { ending: "atom", media_type: "application/atom+xml; charset=utf-8", render };

fn render(edition: &Edition) -> Vec<u8> {
    let texts = edition.items.iter().map(|i| i.content.as_ref().map_or(0, String::len) + 2_048).sum::<usize>();
    // Escaped markup is about a quarter longer than itself.
    let mut xml = Xml::document(&edition.home, texts + texts / 4);
    let language = edition.language.as_ref().map_or("", Language::as_str);
    let own = edition.address("atom");
    xml.open(
        "feed",
        &[
            ("xmlns", "http://www.w3.org/2005/Atom"),
            ("xmlns:at", if edition.tombstones.is_empty() { "" } else { "http://purl.org/atompub/tombstones/1.0" }),
            ("xml:lang", language),
        ],
    );
    xml.text("id", &[], &id(edition));
    xml.text("title", &[], &edition.title);
    xml.text("updated", &[], &date(edition.updated));
    xml.empty("link", &[("rel", "self"), ("type", "application/atom+xml"), ("href", &own)]);
    xml.empty("link", &[("rel", "alternate"), ("type", "text/html"), ("href", edition.home.as_str())]);
    for hub in &edition.hubs {
        xml.empty("link", &[("rel", "hub"), ("href", hub.as_str())]);
    }
    xml.text("generator", &[("version", env!("CARGO_PKG_VERSION"))], "tributary");
    for tombstone in &edition.tombstones {
        deleted(&mut xml, tombstone);
    }
    for item in &edition.items {
        entry(&mut xml, item, edition.language.as_ref());
    }
    xml.finish()
}

/// The feed's id: a function of the edition's name and question alone, as all our ids are.
fn id(edition: &Edition) -> String {
    let name = format!("edition\0{}\0{}", edition.id, edition.query.as_deref().unwrap_or_default());
    uuid::Uuid::new_v5(&crate::model::entry::NAMESPACE, name.as_bytes()).urn().to_string()
}

fn date(when: Timestamp) -> String {
    when.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn entry(xml: &mut Xml, item: &Item, edition: Option<&Language>) {
    let language = item.shown.language.as_ref();
    // Where it is the edition's own it is inherited (RFC 4287 §2).
    let own = language.filter(|l| Some(*l) != edition).map_or("", Language::as_str);
    xml.open("entry", &[("xml:lang", own)]);
    xml.text("id", &[], &item.story.to_string());
    xml.text("title", &[], &item.shown.title);
    xml.text("published", &[], &date(item.published));
    xml.text("updated", &[], &date(item.updated));
    item.authors.iter().for_each(|p| person(xml, "author", p));
    item.contributors.iter().for_each(|p| person(xml, "contributor", p));
    for (rel, version) in links(item) {
        let href = version.link.as_ref().map_or("", Url::as_str);
        let hreflang = version.language.as_ref().map_or("", Language::as_str);
        let attributes =
            [("rel", rel), ("type", "text/html"), ("hreflang", hreflang), ("title", &version.title), ("href", href)];
        xml.empty("link", &attributes);
    }
    if let Some(via) = &item.via {
        xml.empty("link", &[("rel", "via"), ("href", via.as_str())]);
    }
    xml.empty("link", &[("rel", "describedby"), ("type", "text/html"), ("href", item.page.as_str())]);
    for enclosure in item.enclosures.iter().filter(|e| is_absolute(&e.url)) {
        let length = enclosure.length.map(|l| l.to_string()).unwrap_or_default();
        let kind = enclosure.media_type.as_deref().filter(|t| is_media_type(t)).unwrap_or_default();
        xml.empty("link", &[("rel", "enclosure"), ("type", kind), ("length", &length), ("href", &enclosure.url)]);
    }
    if let Some(license) = &item.license {
        xml.empty("link", &[("rel", "license"), ("href", license.as_str())]);
    }
    if let Some(comments) = &item.comments {
        xml.empty("link", &[("rel", "replies"), ("type", "text/html"), ("href", comments.as_str())]);
    }
    for category in item.categories.iter().filter(|c| !c.trim().is_empty()) {
        xml.empty("category", &[("term", category)]);
    }
    xml.some("rights", item.rights.as_deref());
    source(xml, &item.shown.source);
    if let Some(summary) = &item.summary {
        xml.text("summary", &[("type", "html")], summary);
    }
    if let Some(content) = &item.content {
        xml.text("content", &[("type", "html")], content);
    }
    xml.close();
}

/// `type/subtype`, as the grammar of RFC 4287 wants it.
fn is_media_type(text: &str) -> bool {
    let token = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b));
    text.split(';').next().and_then(|t| t.trim().split_once('/')).is_some_and(|(a, b)| token(a) && token(b))
}

fn person(xml: &mut Xml, name: &'static str, person: &Person) {
    if person.name.trim().is_empty() {
        return;
    }
    xml.open(name, &[]);
    xml.text("name", &[], &person.name);
    xml.some("uri", person.uri.as_deref().filter(|u| is_absolute(u)));
    // The grammar of RFC 4287: something, an at sign, something.
    let is_address = |e: &&str| e.split_once('@').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty());
    xml.some("email", person.email.as_deref().filter(is_address));
    xml.close();
}

/// RFC 4287 §4.2.11: whence the entry was copied.
fn source(xml: &mut Xml, card: &SourceCard) {
    let address = card.feed.as_ref().or(card.link.as_ref()).map(Url::as_str);
    let given = card.feed_id.as_deref().filter(|id| Url::parse(id).is_ok());
    xml.open("source", &[("xml:lang", card.language.as_ref().map_or("", Language::as_str))]);
    xml.some("id", given.or(address));
    xml.text("title", &[], &card.title);
    xml.some("updated", card.updated.map(date).as_deref());
    if let Some(feed) = &card.feed {
        xml.empty("link", &[("rel", "self"), ("href", feed.as_str())]);
    }
    if let Some(link) = &card.link {
        xml.empty("link", &[("rel", "alternate"), ("type", "text/html"), ("href", link.as_str())]);
    }
    xml.some("rights", card.rights.as_deref());
    xml.close();
}

/// RFC 6721 §3: the entry is gone, and where to.
fn deleted(xml: &mut Xml, tombstone: &Tombstone) {
    xml.open("at:deleted-entry", &[("ref", &tombstone.story.to_string()), ("when", &date(tombstone.when))]);
    if let Some(into) = tombstone.into {
        xml.text("at:comment", &[], &format!("The same work as {into}"));
    }
    xml.close();
}
