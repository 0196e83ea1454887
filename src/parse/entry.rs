//! What do the elements of an item or entry mean? The same vocabulary as for feeds.

use crate::model::{Enclosure, Language, Person, RawEntry, Text, Timestamp};

use super::feed::{date_of, image_address};
use super::namespace::Ns;
use super::person;
use super::text::{self, Untyped};
use super::tree::{Element, Id, Tree};

/// Values of one list (authors, categories, enclosures) that are kept.
const MAX_LIST: usize = 100;

/// A value that several elements can give: the best of them wins, and of equals the first.
#[derive(Debug)]
pub struct Slot<T> {
    rank: u8,
    value: Option<T>,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self { rank: 0, value: None }
    }
}

impl<T> Slot<T> {
    /// Offers a value of a rank above 0.
    pub fn set(&mut self, rank: u8, value: T) {
        if rank > self.rank {
            (self.rank, self.value) = (rank, Some(value));
        }
    }

    /// Offers a value if there is one.
    pub fn set_some(&mut self, rank: u8, value: Option<T>) {
        if let Some(value) = value {
            self.set(rank, value);
        }
    }

    /// The best value.
    pub fn take(self) -> Option<T> {
        self.value
    }
}

impl Slot<Text> {
    /// Offers a text that says something.
    fn set_text(&mut self, rank: u8, text: Text) {
        if !text.value.trim().is_empty() {
            self.set(rank, text);
        }
    }
}

/// Reads the entry at `id`. `atom`: whether the untyped texts of the document are Atom's.
pub fn read(tree: &Tree<'_>, id: Id, atom: bool) -> RawEntry {
    let mut reader = Reader::new(tree, atom);
    if let Some(element) = tree.element(id) {
        reader.entry.language = element.xml_attribute("lang").and_then(Language::parse);
        if let Some(about) = element.attribute("about") {
            reader.id.set(1, about.to_owned());
            reader.link.set(1, resolve(tree, element, about));
        }
    }
    for (child, element) in tree.children(id) {
        reader.element(child, element);
    }
    reader.finish()
}

struct Reader<'t, 'a> {
    tree: &'t Tree<'a>,
    atom: bool,
    entry: RawEntry,
    id: Slot<String>,
    title: Slot<Text>,
    link: Slot<String>,
    published: Slot<Timestamp>,
    updated: Slot<Timestamp>,
    summary: Slot<Text>,
    content: Slot<Text>,
    comments: Slot<String>,
    image: Slot<String>,
    language: Slot<String>,
}

impl<'t, 'a> Reader<'t, 'a> {
    fn new(tree: &'t Tree<'a>, atom: bool) -> Self {
        Self {
            tree,
            atom,
            entry: RawEntry::default(),
            id: Slot::default(),
            title: Slot::default(),
            link: Slot::default(),
            published: Slot::default(),
            updated: Slot::default(),
            summary: Slot::default(),
            content: Slot::default(),
            comments: Slot::default(),
            image: Slot::default(),
            language: Slot::default(),
        }
    }

    fn element(&mut self, id: Id, element: &Element<'a>) {
        if !self.words(id, element) {
            self.facts(id, element);
        }
    }

    /// Elements that hold text to read.
    fn words(&mut self, id: Id, element: &Element<'a>) -> bool {
        let tree = self.tree;
        let line = if self.atom { Untyped::Text } else { Untyped::Line };
        let body = if self.atom && element.ns == Ns::Atom { Untyped::Text } else { Untyped::Body };
        match (element.ns, element.name.as_ref()) {
            (Ns::Core | Ns::Atom, "title") => self.title.set_text(3, text::read(tree, id, line)),
            (Ns::Dc, "title") => self.title.set_text(2, text::read(tree, id, Untyped::Line)),
            (Ns::Media | Ns::Itunes, "title") => self.title.set_text(1, text::read(tree, id, Untyped::Line)),
            (_, "encoded") => self.content.set_text(5, text::read(tree, id, Untyped::Body)),
            (Ns::Core | Ns::Atom, "content") => self.content_element(id, element, body),
            (Ns::Core | Ns::Xhtml, "body" | "fullitem") => {
                self.content.set_text(3, text::read(tree, id, Untyped::Body))
            }
            (Ns::Xhtml, "div") => self.content.set_text(2, text::read(tree, id, Untyped::Body)),
            (Ns::Content, "items") => self.content_items(id),
            (Ns::Core, "description") => self.summary.set_text(5, text::read(tree, id, Untyped::Body)),
            (Ns::Core | Ns::Atom, "summary" | "description") => self.summary.set_text(5, text::read(tree, id, body)),
            (Ns::Dc, "description" | "abstract") | (Ns::Core, "abstract") => {
                self.summary.set_text(4, text::read(tree, id, Untyped::Body));
            }
            (Ns::Itunes, "summary" | "description") => self.summary.set_text(3, text::read(tree, id, Untyped::Body)),
            (Ns::Media, "description") => self.summary.set_text(2, text::read(tree, id, Untyped::Line)),
            (Ns::Itunes, "subtitle") | (Ns::Media, "text") => {
                self.summary.set_text(1, text::read(tree, id, Untyped::Body))
            }
            (Ns::Core | Ns::Atom, "rights" | "copyright") | (Ns::Dc, "rights") | (Ns::Media, "copyright") => {
                let rights = text::read(tree, id, line).value;
                self.entry.rights = self.entry.rights.take().or(Some(rights).filter(|rights| !rights.is_empty()));
            }
            _ => return false,
        }
        true
    }

    /// Elements that hold an address, a date, a name.
    fn facts(&mut self, id: Id, element: &Element<'a>) {
        let tree = self.tree;
        match (element.ns, element.name.as_ref()) {
            (Ns::Core | Ns::Atom, "link") => self.link_element(id, element),
            (Ns::Core, "guid") => self.guid(id, element),
            (Ns::Core | Ns::Atom, "id") => self.id.set_some(3, string(tree, id)),
            (Ns::Dc, "identifier") => self.id.set_some(1, string(tree, id)),
            (Ns::Feedburner, "origlink") => self.entry.via.extend(link_text(tree, id)),
            (Ns::Core | Ns::Atom, "pubdate" | "published") => self.published.set_some(5, date(tree, id)),
            (Ns::Core | Ns::Atom, "issued") => self.published.set_some(4, date(tree, id)),
            (Ns::Dc, "issued") => self.published.set_some(3, date(tree, id)),
            (Ns::Dc | Ns::Core, "date") => self.published.set_some(2, date(tree, id)),
            (Ns::Core | Ns::Atom | Ns::Dc, "created") => self.published.set_some(1, date(tree, id)),
            (Ns::Core | Ns::Atom, "updated" | "modified" | "lastbuilddate") => self.updated.set_some(3, date(tree, id)),
            (Ns::Dc, "modified") => self.updated.set_some(2, date(tree, id)),
            (Ns::Core | Ns::Atom, "author") | (Ns::Dc, "creator" | "author") | (Ns::Itunes, "author") => {
                people(tree, id, &mut self.entry.authors);
            }
            (Ns::Core | Ns::Atom, "contributor") | (Ns::Dc, "contributor") => {
                people(tree, id, &mut self.entry.contributors)
            }
            (Ns::Core | Ns::Atom | Ns::Itunes | Ns::Media, "category" | "keywords") | (Ns::Dc, "subject") => {
                categories(tree, id, element, &mut self.entry.categories);
            }
            (Ns::Core, "comments") => self.comments.set_some(2, link_text(tree, id)),
            (Ns::Core | Ns::Dc, "language") => self.language.set_some(1, string(tree, id)),
            (Ns::Core | Ns::Atom, "source") => self.source(id, element),
            (Ns::License, "license") => {
                let address = element.attribute("resource").map(|address| resolve(tree, element, address));
                self.entry.license = self.entry.license.take().or(address).or_else(|| link_text(tree, id));
            }
            _ => self.media(id, element),
        }
    }

    /// Enclosures and images.
    fn media(&mut self, id: Id, element: &Element<'a>) {
        let tree = self.tree;
        match (element.ns, element.name.as_ref()) {
            (Ns::Core, "enclosure") => {
                let address = ["url", "href", "resource"].iter().find_map(|name| element.attribute(name));
                let address = address.map(|address| resolve(tree, element, address));
                let address = address.or_else(|| link_text(tree, id).filter(|text| text.contains("://")));
                self.enclose(address, element.attribute("type"), element.attribute("length"));
            }
            (Ns::Media, "group") => tree.children(id).for_each(|(child, element)| self.element(child, element)),
            (Ns::Media, "content") => {
                let kind = element.attribute("type").unwrap_or_default();
                let medium = element.attribute("medium").unwrap_or_default();
                let address = element.attribute("url").map(|address| resolve(tree, element, address));
                if medium == "image" || kind.starts_with("image/") {
                    self.image.set_some(3, address);
                } else if !kind.is_empty() && medium != "document" {
                    self.enclose(address, Some(kind), element.attribute("filesize"));
                }
                tree.children(id).for_each(|(child, element)| self.element(child, element));
            }
            (Ns::Media, "thumbnail") => self.image.set_some(2, image_address(tree, id, element)),
            (Ns::Itunes, "image") => self.image.set_some(4, image_address(tree, id, element)),
            (Ns::Core, "image") => {
                let url = tree.children(id).find(|(_, child)| child.name == "url").map_or(id, |(url, _)| url);
                let element = tree.element(url).unwrap_or(element);
                self.image.set_some(4, image_address(tree, url, element));
            }
            _ => {}
        }
    }

    fn content_element(&mut self, id: Id, element: &Element<'a>, untyped: Untyped) {
        let text = text::read(self.tree, id, untyped);
        // Of several contents (Atom 0.3 allows them) the one in HTML is the whole.
        self.content.set_text(if text.html { 4 } else { 3 }, text);
        if let Some(src) = element.attribute("src") {
            self.link.set(1, resolve(self.tree, element, src));
        }
    }

    /// RSS 1.0's older form of `content:encoded`: `content:items/rdf:Bag/rdf:li/content:item/rdf:value`.
    fn content_items(&mut self, id: Id) {
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            for (child, element) in self.tree.children(id) {
                if element.is(Ns::Rdf, "value") {
                    self.content.set_text(2, text::read(self.tree, child, Untyped::Body));
                } else {
                    open.push(child);
                }
            }
        }
    }

    fn guid(&mut self, id: Id, element: &Element<'a>) {
        let Some(guid) = string(self.tree, id) else { return };
        // RSS 2.0: a guid is an address unless it says that it is none.
        let permalink =
            element.attribute("ispermalink").is_none_or(|value| !value.trim().eq_ignore_ascii_case("false"));
        if permalink && (guid.contains("://") || guid.starts_with('/')) {
            self.link.set(1, resolve(self.tree, element, &guid));
        }
        if self.id.rank < 2 {
            self.entry.id_is_permalink = permalink;
        }
        self.id.set(2, guid);
    }

    fn link_element(&mut self, id: Id, element: &Element<'a>) {
        let tree = self.tree;
        let Some(href) = element.attribute("href").or_else(|| element.attribute("resource")) else {
            return self.link.set_some(4, link_text(tree, id));
        };
        if href.trim().is_empty() {
            return;
        }
        let address = resolve(tree, element, href);
        let kind = element.attribute("type").unwrap_or_default().to_ascii_lowercase();
        let hreflang = element.attribute("hreflang").and_then(Language::parse);
        let rels =
            element.attribute("rel").filter(|rel| !rel.trim().is_empty()).unwrap_or("alternate").to_ascii_lowercase();
        for rel in rels.split_ascii_whitespace() {
            match rel.rsplit(['/', '#']).next().unwrap_or(rel) {
                "alternate" => {
                    self.link.set(if kind.is_empty() || kind.contains("html") { 3 } else { 2 }, address.clone());
                    if let Some(language) = &hreflang
                        && self.entry.alternates.len() < MAX_LIST
                    {
                        self.entry.alternates.push((language.clone(), address.clone()));
                    }
                }
                "enclosure" => {
                    self.enclose(Some(address.clone()), element.attribute("type"), element.attribute("length"))
                }
                "via" | "canonical" if self.entry.via.len() < MAX_LIST => self.entry.via.push(address.clone()),
                "license" => self.entry.license = self.entry.license.take().or_else(|| Some(address.clone())),
                "replies" | "comments" if !kind.contains("xml") => self.comments.set(1, address.clone()),
                _ => {}
            }
        }
    }

    fn enclose(&mut self, url: Option<String>, kind: Option<&str>, length: Option<&str>) {
        let Some(url) = url.filter(|url| !url.is_empty()) else { return };
        let known = self.entry.enclosures.iter().any(|enclosure| enclosure.url == url);
        if known || self.entry.enclosures.len() >= MAX_LIST {
            return;
        }
        let media_type = kind.map(str::trim).filter(|kind| !kind.is_empty()).map(str::to_owned);
        let length = length.and_then(|length| length.trim().replace([',', ' '], "").parse().ok());
        self.entry.enclosures.push(Enclosure { url, media_type, length });
    }

    fn source(&mut self, id: Id, element: &Element<'a>) {
        let tree = self.tree;
        let child = |name: &str| tree.children(id).find(|(_, child)| child.name == name);
        if tree.children(id).next().is_some() {
            self.entry.source_title = child("title").map(|(title, _)| tree.text(title).trim().to_owned());
            let links = tree.children(id).filter(|(_, child)| child.name == "link");
            let link =
                links.filter_map(|(_, link)| link.attribute("href").map(|href| resolve(tree, link, href))).next();
            self.entry.source_link = link.or_else(|| child("id").and_then(|(id, _)| string(tree, id)));
        } else {
            self.entry.source_title = string(tree, id);
            self.entry.source_link = element.attribute("url").map(|url| resolve(tree, element, url));
        }
    }

    fn finish(self) -> RawEntry {
        let mut entry = self.entry;
        entry.id = self.id.take();
        entry.title = self.title.take().unwrap_or_default();
        entry.link = self.link.take();
        entry.published = self.published.take();
        entry.updated = self.updated.take();
        entry.summary = self.summary.take().unwrap_or_default();
        entry.content = self.content.take().unwrap_or_default();
        entry.comments = self.comments.take();
        entry.image = self.image.take();
        entry.language = self.language.take().as_deref().and_then(Language::parse).or(entry.language);
        entry
    }
}

/// The text in an element, or nothing where it is blank.
pub fn string(tree: &Tree<'_>, id: Id) -> Option<String> {
    let text = tree.text(id);
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The address that an element holds as text, made absolute; blanks inside are line breaks of the editor.
pub fn link_text(tree: &Tree<'_>, id: Id) -> Option<String> {
    let text = string(tree, id)?;
    let element = tree.element(id)?;
    Some(resolve(tree, element, &text))
}

/// An address made absolute where it is relative and a base is known; otherwise as given.
pub fn resolve(tree: &Tree<'_>, element: &Element<'_>, reference: &str) -> String {
    let reference: String = reference.trim().chars().filter(|c| !matches!(c, '\n' | '\r' | '\t')).collect();
    if has_scheme(&reference) {
        return reference;
    }
    let base = tree.base(element).filter(|base| base.scheme() != "file");
    base.and_then(|base| base.join(&reference).ok()).map_or(reference, String::from)
}

/// Whether a reference starts with a scheme (RFC 3986 §3.1).
fn has_scheme(reference: &str) -> bool {
    let Some((scheme, _)) = reference.split_once(':') else { return false };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

/// The date in an element.
pub fn date(tree: &Tree<'_>, id: Id) -> Option<Timestamp> {
    date_of(&tree.text(id))
}

/// Adds the person in an element: an Atom person construct, or a line.
pub fn people(tree: &Tree<'_>, id: Id, people: &mut Vec<Person>) {
    if people.len() >= MAX_LIST {
        return;
    }
    let child = |names: &[&str]| {
        let found = tree.children(id).find(|(_, child)| names.contains(&child.name.as_ref()));
        found.and_then(|(child, _)| string(tree, child))
    };
    let (name, email) = (child(&["name", "title"]), child(&["email", "mbox"]));
    let uri = child(&["uri", "url", "homepage"]);
    if name.is_none() && email.is_none() && uri.is_none() {
        if let Some(person) = person::parse(&tree.text(id)) {
            person::add(people, person);
        }
        return;
    }
    let uri = uri.map(|uri| tree.element(id).map_or(uri.clone(), |element| resolve(tree, element, &uri)));
    let mut person = name.as_deref().and_then(person::parse).unwrap_or_default();
    person.email = email.or(person.email);
    person.uri = uri;
    person::add(people, person);
}

/// Adds the categories that an element names: its text or `term` and `label`; keywords are a list.
pub fn categories(tree: &Tree<'_>, id: Id, element: &Element<'_>, categories: &mut Vec<String>) {
    let mut add = |category: &str| {
        let category = category.split_whitespace().collect::<Vec<_>>().join(" ");
        if !category.is_empty() && categories.len() < MAX_LIST && !categories.contains(&category) {
            categories.push(category);
        }
    };
    if element.name == "keywords" {
        tree.text(id).split([',', ';']).for_each(add);
        return;
    }
    for name in ["term", "text", "label"] {
        if let Some(category) = element.attribute(name) {
            add(category);
        }
    }
    let own = element.children.iter().all(|&child| tree.element(child).is_none());
    if own {
        add(&tree.text(id));
    }
    // Apple's categories hold their subcategories.
    let inner: Vec<Id> = tree.children(id).filter(|(_, child)| child.name == "category").map(|(id, _)| id).collect();
    for child in inner {
        if let Some(element) = tree.element(child) {
            self::categories(tree, child, element, categories);
        }
    }
}
