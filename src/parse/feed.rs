//! What do the elements of a channel or feed mean? One vocabulary for all versions of RSS and Atom: real feeds mix
//! them, so an element is read by what it is, not by the format that it stands in.

use crate::model::{Language, Person, RawFeed, Text, Timestamp};

use super::entry::{Slot, date, link_text, people, resolve};
use super::namespace::Ns;
use super::text::{self, Untyped};
use super::tree::{Element, Id, Tree};
use super::{date as dates, person};

/// Reads the feed-level elements that stand directly in `holders` (the channel, and the root around it).
pub fn read(tree: &Tree<'_>, root: Id, holders: &[Id]) -> RawFeed {
    let mut reader = Reader { tree, atom: is_atom(tree, root), ..Reader::new(tree) };
    for &holder in holders {
        if let Some(about) = tree.element(holder).and_then(|element| element.attribute("about")) {
            reader.id.set(1, about.to_owned());
        }
        for (id, element) in tree.children(holder) {
            reader.element(id, element);
        }
    }
    let languages = holders.iter().chain([&root]).filter_map(|&id| tree.element(id)?.xml_attribute("lang"));
    for language in languages {
        reader.language.set(1, language.to_owned());
    }
    let mut feed = reader.finish();
    feed.format = format(tree, root);
    feed
}

/// Whether the untyped texts of the document are Atom's: plain.
pub fn is_atom(tree: &Tree<'_>, root: Id) -> bool {
    tree.element(root).is_some_and(|element| element.name == "feed" || element.name == "entry")
}

fn format(tree: &Tree<'_>, root: Id) -> &'static str {
    let Some(element) = tree.element(root) else { return "rss" };
    let version = element.attribute("version").unwrap_or_default().trim().to_owned();
    match (element.name.as_ref(), version.as_str()) {
        ("rdf", _) => "rss10",
        ("feed" | "entry", "0.1" | "0.2" | "0.3") => "atom03",
        ("feed" | "entry", _) => "atom10",
        (_, "0.90") => "rss090",
        (_, "0.91") => "rss091",
        (_, "0.92") => "rss092",
        (_, "0.93") => "rss093",
        (_, "0.94") => "rss094",
        (_, version) if version.starts_with('2') => "rss20",
        _ => "rss",
    }
}

struct Reader<'t, 'a> {
    tree: &'t Tree<'a>,
    atom: bool,
    feed: RawFeed,
    title: Slot<Text>,
    link: Slot<String>,
    id: Slot<String>,
    description: Slot<Text>,
    updated: Slot<Timestamp>,
    published: Slot<Timestamp>,
    language: Slot<String>,
    image: Slot<String>,
    owner: Vec<Person>,
}

impl<'t, 'a> Reader<'t, 'a> {
    fn new(tree: &'t Tree<'a>) -> Self {
        Self {
            tree,
            atom: false,
            feed: RawFeed::default(),
            title: Slot::default(),
            link: Slot::default(),
            id: Slot::default(),
            description: Slot::default(),
            updated: Slot::default(),
            published: Slot::default(),
            language: Slot::default(),
            image: Slot::default(),
            owner: Vec::new(),
        }
    }

    fn element(&mut self, id: Id, element: &Element<'a>) {
        let tree = self.tree;
        let line = if self.atom { Untyped::Text } else { Untyped::Line };
        let string = || {
            let text = tree.text(id);
            let text = text.trim();
            (!text.is_empty()).then(|| text.to_owned())
        };
        match (element.ns, element.name.as_ref()) {
            (Ns::Core | Ns::Atom, "title") => self.title.set(3, text::read(tree, id, line)),
            (Ns::Dc, "title") | (Ns::Itunes | Ns::Media, "title") => {
                self.title.set(1, text::read(tree, id, Untyped::Line))
            }
            (Ns::Core | Ns::Atom, "link") => self.link(id, element),
            (Ns::Core | Ns::Atom, "id" | "guid") => self.id.set_some(3, string()),
            (Ns::Core | Ns::Atom, "subtitle" | "tagline" | "description") => {
                let untyped = if self.atom && element.name == "subtitle" { Untyped::Text } else { Untyped::Body };
                self.description.set(4, text::read(tree, id, untyped));
            }
            (Ns::Core | Ns::Atom, "abstract" | "info" | "summary") | (Ns::Dc, "description" | "abstract") => {
                self.description.set(3, text::read(tree, id, Untyped::Body));
            }
            (Ns::Itunes, "summary" | "description") | (Ns::Media, "description") => {
                self.description.set(2, text::read(tree, id, Untyped::Body));
            }
            (Ns::Itunes, "subtitle") => self.description.set(1, text::read(tree, id, Untyped::Body)),
            (Ns::Core | Ns::Atom, "updated" | "modified") => self.updated.set_some(5, date(tree, id)),
            (Ns::Core, "lastbuilddate") => self.updated.set_some(4, date(tree, id)),
            (Ns::Dc, "modified") => self.updated.set_some(3, date(tree, id)),
            (Ns::Core | Ns::Atom, "pubdate" | "published") => self.published.set_some(5, date(tree, id)),
            (Ns::Core | Ns::Atom, "issued") | (Ns::Dc, "issued") => self.published.set_some(4, date(tree, id)),
            (Ns::Core | Ns::Atom | Ns::Dc, "created") => self.published.set_some(2, date(tree, id)),
            (Ns::Dc | Ns::Core, "date") => {
                self.published.set_some(1, date(tree, id));
                self.updated.set_some(1, date(tree, id));
            }
            (Ns::Core | Ns::Dc, "language") => self.language.set_some(3, string()),
            (Ns::Core | Ns::Atom, "logo") => self.image.set_some(4, link_text(tree, id)),
            (Ns::Core, "image") => self.image_element(id, element),
            (Ns::Itunes, "image") | (Ns::Media, "thumbnail") => {
                self.image.set_some(3, image_address(tree, id, element))
            }
            (Ns::Core | Ns::Atom, "icon") => self.image.set_some(1, link_text(tree, id)),
            (Ns::Core | Ns::Atom, "copyright" | "rights") | (Ns::Dc, "rights") | (Ns::Media, "copyright") => {
                self.feed.rights = self
                    .feed
                    .rights
                    .take()
                    .or_else(|| Some(text::read(tree, id, line).value))
                    .filter(|r| !r.is_empty());
            }
            (Ns::Core | Ns::Atom, "generator") => self.generator(id, element),
            (Ns::Other, "generatoragent") => {
                self.feed.generator =
                    self.feed.generator.take().or_else(|| element.attribute("resource").map(str::to_owned));
            }
            (Ns::Core | Ns::Atom, "author" | "managingeditor")
            | (Ns::Dc, "creator" | "author")
            | (Ns::Itunes, "author") => {
                people(tree, id, &mut self.feed.authors);
            }
            (Ns::Itunes, "owner") => people(tree, id, &mut self.owner),
            (Ns::Core | Ns::Atom | Ns::Itunes | Ns::Media, "category" | "keywords") | (Ns::Dc, "subject") => {
                super::entry::categories(tree, id, element, &mut self.feed.categories);
            }
            (Ns::Core, "ttl") => self.feed.ttl_minutes = self.feed.ttl_minutes.or_else(|| string()?.parse().ok()),
            (Ns::Core, "skiphours") => self.feed.skip_hours.extend(list(tree, id).filter_map(|hour| hour_of(&hour))),
            (Ns::Core, "skipdays") => self.feed.skip_days.extend(list(tree, id)),
            _ => {}
        }
    }

    fn link(&mut self, id: Id, element: &Element<'a>) {
        let tree = self.tree;
        let Some(href) = element.attribute("href").or_else(|| element.attribute("resource")) else {
            return self.link.set_some(3, link_text(tree, id));
        };
        if href.trim().is_empty() {
            return;
        }
        let address = resolve(tree, element, href);
        let kind = element.attribute("type").unwrap_or_default().to_ascii_lowercase();
        let rels = element.attribute("rel").unwrap_or("alternate").to_ascii_lowercase();
        for rel in rels.split_ascii_whitespace() {
            match rel.rsplit(['/', '#']).next().unwrap_or(rel) {
                "alternate" => {
                    self.link.set(if kind.is_empty() || kind.contains("html") { 2 } else { 1 }, address.clone())
                }
                "self" => self.feed.self_link = self.feed.self_link.take().or_else(|| Some(address.clone())),
                "hub" => self.feed.hubs.push(address.clone()),
                _ => {}
            }
        }
    }

    /// RSS 2.0 `image` with its `url`, RSS 1.0's reference to one elsewhere, or an address as text.
    fn image_element(&mut self, id: Id, element: &Element<'a>) {
        let tree = self.tree;
        let url = tree.children(id).find(|(_, child)| child.name == "url");
        match url {
            Some((url, _)) => self.image.set_some(4, link_text(tree, url)),
            None => self.image.set_some(2, image_address(tree, id, element)),
        }
    }

    fn generator(&mut self, id: Id, element: &Element<'a>) {
        let name = self.tree.text(id).trim().to_owned();
        let address = element.attribute("uri").or_else(|| element.attribute("url")).unwrap_or_default();
        let generator = format!("{name} {address}").trim().to_owned();
        if self.feed.generator.is_none() && !generator.is_empty() {
            self.feed.generator = Some(generator);
        }
    }

    fn finish(self) -> RawFeed {
        let mut feed = self.feed;
        feed.title = self.title.take().unwrap_or_default();
        feed.link = self.link.take();
        feed.id = self.id.take();
        feed.description = self.description.take().unwrap_or_default();
        feed.updated = self.updated.take();
        feed.published = self.published.take();
        feed.language = self.language.take().as_deref().and_then(Language::parse);
        feed.image = self.image.take();
        if feed.authors.is_empty() {
            self.owner.into_iter().for_each(|owner| person::add(&mut feed.authors, owner));
        }
        feed
    }
}

/// Address of an image: an attribute, or the text.
pub fn image_address(tree: &Tree<'_>, id: Id, element: &Element<'_>) -> Option<String> {
    let attribute = ["href", "url", "src", "resource"].iter().find_map(|name| element.attribute(name));
    match attribute.filter(|address| !address.trim().is_empty()) {
        Some(address) => Some(resolve(tree, element, address)),
        None => link_text(tree, id).filter(|address| address.contains('/')),
    }
}

fn list<'t>(tree: &'t Tree<'_>, id: Id) -> impl Iterator<Item = String> + 't {
    tree.children(id).map(|(id, _)| tree.text(id).trim().to_owned()).take(31)
}

/// RSS 0.91 counts hours from 1 to 24, RSS 2.0 from 0 to 23: 24 is midnight in both.
fn hour_of(text: &str) -> Option<u8> {
    text.parse::<u8>().ok().filter(|hour| *hour <= 24).map(|hour| hour % 24)
}

/// A date as a feed gives it.
pub fn date_of(text: &str) -> Option<Timestamp> {
    dates::parse(text)
}
