//! How does an edition read as Atom 1.0 (RFC 4287), with the tombstones of RFC 6721 and the licences of RFC 4946?

use atom_syndication::{
    Category, Content, Entry, Feed, Generator, Link, Person as AtomPerson, Source, Text, TextType, WriteConfig,
};
use memchr::memmem;
use url::Url;

use crate::model::entry::NAMESPACE;
use crate::model::{Edition, Format, Item, Language, Person, Timestamp, Tombstone};

use super::{bare_alternate, clean, is_absolute, links, media_type, prolog};

/// `application/atom+xml`.
pub const FORMAT: Format = Format { ending: "atom", media_type: "application/atom+xml; charset=utf-8", render };

/// RFC 6721.
const TOMBSTONES: &str = "http://purl.org/atompub/tombstones/1.0";

fn render(edition: &Edition) -> Vec<u8> {
    let feed = feed(edition);
    let config = WriteConfig { write_document_declaration: false, indent_size: None };
    // In memory nothing can fail to be written: an empty answer would be seen at once.
    let written = feed.write_with_config(Vec::new(), config).unwrap_or_default();
    let mut out = prolog(&edition.home);
    out.reserve(written.len() + 64 * edition.items.len());
    // Two things are put in that the crate has no place for. `xml:lang` on an entry: its authors and categories are in
    // its language too. And tombstones before the entries: as extensions of the feed they would come after them, where
    // RFC 4287 §4.1.1 has none. All text that the crate writes is escaped, so `<entry>` stands for nothing else.
    let starts: Vec<usize> = memmem::find_iter(&written, b"<entry>").collect();
    out.extend_from_slice(&written[..starts.first().copied().unwrap_or(written.len())]);
    if !edition.items.is_empty() {
        edition.tombstones.iter().for_each(|gone| out.extend_from_slice(deleted(gone).as_bytes()));
    }
    let ends = starts.iter().skip(1).copied().chain([written.len()]);
    for ((start, end), item) in starts.iter().zip(ends).zip(&edition.items) {
        let language = item.shown.language.as_ref();
        let tag = language.map_or("\n<entry>".to_owned(), |l| format!("\n<entry xml:lang=\"{l}\">"));
        out.extend_from_slice(tag.as_bytes());
        out.extend_from_slice(&written[start + b"<entry>".len()..end]);
    }
    out.push(b'\n');
    out
}

fn feed(edition: &Edition) -> Feed {
    let mut links = vec![
        link("self", edition.address("atom"), Some("application/atom+xml")),
        link("alternate", edition.home.to_string(), Some("text/html")),
    ];
    links.extend(edition.hubs.iter().map(|hub| link("hub", hub.to_string(), None)));
    let mut feed = Feed {
        title: text(&edition.title),
        id: id(edition),
        updated: edition.updated.fixed_offset(),
        generator: Some(Generator {
            value: "tributary".to_owned(),
            uri: None,
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        }),
        links,
        entries: edition.items.iter().map(entry).collect(),
        lang: edition.language.as_ref().map(Language::to_string),
        ..Feed::default()
    };
    if !edition.tombstones.is_empty() {
        feed.namespaces.insert("at".to_owned(), TOMBSTONES.to_owned());
    }
    feed
}

/// The feed's id: a function of the edition's name and question alone, as all our ids are of names.
fn id(edition: &Edition) -> String {
    let name = format!("edition\0{}\0{}", edition.id, edition.query.as_deref().unwrap_or_default());
    uuid::Uuid::new_v5(&NAMESPACE, name.as_bytes()).urn().to_string()
}

fn text(value: &str) -> Text {
    Text { value: clean(value), ..Text::default() }
}

fn html(value: &str) -> Text {
    Text { value: clean(value), r#type: TextType::Html, ..Text::default() }
}

fn link(rel: &str, href: String, mime_type: Option<&str>) -> Link {
    Link { rel: rel.to_owned(), href, mime_type: mime_type.map(str::to_owned), ..Link::default() }
}

fn entry(item: &Item) -> Entry {
    Entry {
        title: text(&item.shown.title),
        id: item.story.to_string(),
        updated: item.updated.fixed_offset(),
        authors: item.authors.iter().map(person).collect(),
        categories: categories(item),
        contributors: item.contributors.iter().map(person).collect(),
        links: entry_links(item),
        published: Some(item.published.fixed_offset()),
        rights: item.rights.as_deref().map(text),
        source: Some(source(item)),
        summary: item.summary.as_deref().map(html),
        content: item.content.as_deref().map(|content| Content {
            value: Some(clean(content)),
            content_type: Some("html".to_owned()),
            ..Content::default()
        }),
        ..Entry::default()
    }
}

fn categories(item: &Item) -> Vec<Category> {
    let terms = item.categories.iter().map(|c| clean(c)).filter(|c| !c.trim().is_empty());
    terms.map(|term| Category { term, ..Category::default() }).collect()
}

fn entry_links(item: &Item) -> Vec<Link> {
    let page = Some("text/html");
    let mut all: Vec<Link> = links(item)
        .map(|(rel, version)| Link {
            hreflang: version.language.as_ref().map(Language::to_string),
            title: Some(clean(&version.title)),
            ..link(rel, version.link.as_ref().map(Url::to_string).unwrap_or_default(), page)
        })
        .collect();
    all.extend(item.via.iter().map(|via| link("via", via.to_string(), None)));
    all.push(link("describedby", item.page.to_string(), page));
    all.extend(item.enclosures.iter().filter(|e| is_absolute(&e.url)).map(|e| Link {
        length: e.length.map(|length| length.to_string()),
        ..link("enclosure", clean(&e.url), media_type(e.media_type.as_deref()))
    }));
    all.extend(item.license.iter().map(|license| link("license", license.to_string(), None)));
    all.extend(item.comments.iter().map(|comments| link("replies", comments.to_string(), page)));
    all.extend(bare_alternate(item).map(|shown| link("alternate", shown.to_string(), None)));
    all
}

fn person(person: &Person) -> AtomPerson {
    // The grammar of RFC 4287: something, an at sign, something.
    let is_address = |e: &&String| e.split_once('@').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty());
    AtomPerson {
        name: clean(&person.name),
        email: person.email.as_ref().filter(is_address).map(|e| clean(e)),
        uri: person.uri.as_ref().filter(|u| is_absolute(u)).map(|u| clean(u)),
        ..AtomPerson::default()
    }
}

/// RFC 4287 §4.2.11: whence the entry was copied. The crate wants a date, which a source that has none lends from
/// its entry.
fn source(item: &Item) -> Source {
    let card = &item.shown.source;
    let given = card.feed_id.as_deref().filter(|id| Url::parse(id).is_ok()).map(clean);
    let address = card.feed.as_ref().or(card.link.as_ref()).map(Url::to_string);
    let mut links = Vec::new();
    links.extend(card.feed.iter().map(|feed| link("self", feed.to_string(), None)));
    links.extend(card.link.iter().map(|page| link("alternate", page.to_string(), Some("text/html"))));
    let lang = card.language.as_ref().map(Language::to_string);
    Source {
        title: Text { lang, ..text(&card.title) },
        id: given.or(address).unwrap_or_else(|| item.page.to_string()),
        updated: card.updated.unwrap_or(item.updated).fixed_offset(),
        links,
        rights: card.rights.as_deref().map(text),
        ..Source::default()
    }
}

/// RFC 6721 §3: an entry is gone, since when and where to. Nothing here comes from a source.
fn deleted(tombstone: &Tombstone) -> String {
    let comment = tombstone.into.map(|into| format!("<at:comment>The same work as {into}</at:comment>"));
    let (story, when, comment) = (tombstone.story, date(tombstone.when), comment.unwrap_or_default());
    format!("\n<at:deleted-entry ref=\"{story}\" when=\"{when}\">{comment}</at:deleted-entry>")
}

fn date(when: Timestamp) -> String {
    when.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}
