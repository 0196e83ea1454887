//! Which elements stand in this document, however badly it is formed?
//!
//! quick-xml reads the markup; the text between is taken as it stands, so that what XML forbids (a bare `&`, a
//! `<` before a blank, a control character) costs nothing but itself.

use std::borrow::Cow;

use memchr::{memchr, memmem};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use url::Url;

use crate::model::Fault;

use super::MAX_ENTRIES;
use super::entities::{self, Declared};
use super::namespace::{self, Ns};

/// Levels of elements kept; deeper ones are left out with their text. Real feeds nest inline XHTML to about 30.
pub const MAX_DEPTH: usize = 128;
/// Nodes kept (elements and texts): a feed of 10,000 items with 40 elements each.
const MAX_NODES: usize = 1_000_000;
/// Attributes of one element that are kept: the most declared namespaces seen on a root are about 30.
const MAX_ATTRIBUTES: usize = 128;
/// Namespaces in force at once: each element's is looked for among them.
const MAX_BINDINGS: usize = 256;
/// Bytes of one tag. Longer ones are images written into an attribute, or an attack.
const MAX_TAG: usize = 256 * 1024;
/// Faults reported for one document.
const MAX_FAULTS: usize = 20;

/// Index of a node in its tree.
pub type Id = usize;

/// One element.
#[derive(Debug)]
pub struct Element<'a> {
    /// Its vocabulary.
    pub ns: Ns,
    /// Its prefix as written.
    prefix: &'a str,
    /// Its local name, in lower case.
    pub name: Cow<'a, str>,
    /// Vocabulary, local name in lower case, and value of its attributes, in order.
    attributes: Vec<(Ns, String, String)>,
    /// Its children, in order.
    pub children: Vec<Id>,
    /// Base of its relative references, an index of `Tree::bases`.
    base: usize,
    /// Language in force (`xml:lang`), an index of `Tree::languages`.
    language: usize,
    /// Whether its end was seen (or implied by the end of an element around it).
    pub closed: bool,
}

impl Element<'_> {
    /// Value of the attribute of this local name, whatever its namespace; one without a namespace goes first.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let with = |plain: bool| {
            let mut all = self.attributes.iter();
            all.find(move |(ns, local, _)| local == name && (*ns == Ns::Core) == plain)
                .map(|(_, _, value)| value.as_str())
        };
        with(true).or_else(|| with(false))
    }

    /// Value of `xml:name`.
    pub fn xml_attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(ns, local, _)| *ns == Ns::Xml && local == name)
            .map(|(_, _, value)| value.as_str())
    }

    /// All attributes: local name and value.
    pub fn attributes(&self) -> impl Iterator<Item = (Ns, &str, &str)> {
        self.attributes.iter().map(|(ns, name, value)| (*ns, name.as_str(), value.as_str()))
    }

    /// Whether it is of this vocabulary and name.
    pub fn is(&self, ns: Ns, name: &str) -> bool {
        self.ns == ns && self.name == name
    }
}

/// An element or a piece of text.
#[derive(Debug)]
pub enum Node<'a> {
    /// An element.
    Element(Element<'a>),
    /// Text, references resolved.
    Text(Cow<'a, str>),
}

/// A document as far as it could be read.
#[derive(Debug)]
pub struct Tree<'a> {
    nodes: Vec<Node<'a>>,
    bases: Vec<Option<Url>>,
    languages: Vec<Option<String>>,
    /// What was wrong.
    pub faults: Vec<Fault>,
    /// Whether the document ended inside an element.
    pub truncated: bool,
}

impl<'a> Tree<'a> {
    /// The node that holds the whole document.
    pub const ROOT: Id = 0;

    /// The element at `id`; `None` for text.
    pub fn element(&self, id: Id) -> Option<&Element<'a>> {
        match self.nodes.get(id) {
            Some(Node::Element(element)) => Some(element),
            _ => None,
        }
    }

    /// The node at `id`.
    pub fn node(&self, id: Id) -> Option<&Node<'a>> {
        self.nodes.get(id)
    }

    /// The elements in `id`, in order.
    pub fn children(&self, id: Id) -> impl Iterator<Item = (Id, &Element<'a>)> {
        let children = self.element(id).map_or(&[][..], |element| &element.children);
        children.iter().filter_map(|&child| self.element(child).map(|element| (child, element)))
    }

    /// What relative references in this element are resolved against.
    pub fn base(&self, element: &Element<'_>) -> Option<&Url> {
        self.bases.get(element.base).and_then(Option::as_ref)
    }

    /// The language in force in this element.
    pub fn language(&self, element: &Element<'_>) -> Option<&str> {
        self.languages.get(element.language).and_then(Option::as_deref)
    }

    /// All text in `id`, that of elements in it too.
    pub fn text(&self, id: Id) -> Cow<'_, str> {
        if let Some(Node::Element(element)) = self.node(id)
            && let [only] = element.children[..]
            && let Some(Node::Text(text)) = self.node(only)
        {
            return Cow::Borrowed(text);
        }
        let mut out = String::new();
        self.collect_text(id, &mut out);
        Cow::Owned(out)
    }

    // Recursion is bounded by MAX_DEPTH.
    fn collect_text(&self, id: Id, out: &mut String) {
        match self.node(id) {
            Some(Node::Text(text)) => out.push_str(text),
            Some(Node::Element(element)) => element.children.iter().for_each(|&child| self.collect_text(child, out)),
            None => {}
        }
    }
}

/// Reads a document. `base` is the address that relative references start from.
pub fn read<'a>(text: &'a str, base: Option<&Url>) -> Tree<'a> {
    let mut builder = Builder::new(text, base);
    // One more entry than are read: so it is seen that there are more.
    while builder.at < text.len() && builder.tree.nodes.len() < MAX_NODES && builder.entries <= MAX_ENTRIES {
        builder.step();
    }
    if builder.tree.nodes.len() >= MAX_NODES && builder.at < text.len() {
        builder.fault("the document has too many elements; the rest was left out");
    }
    builder.finish()
}

struct Builder<'a> {
    text: &'a str,
    at: usize,
    tree: Tree<'a>,
    /// Open elements, the root first.
    open: Vec<Id>,
    /// Elements so far that are called as entries are.
    entries: usize,
    /// Elements open beyond `MAX_DEPTH`, whose ends are to be passed over.
    too_deep: usize,
    /// Namespaces in force: depth, prefix, vocabulary.
    bindings: Vec<(usize, String, Ns)>,
    declared: Declared,
    /// Whether a document type was met: there is one, so a second is not worth a search for its end.
    doctype_seen: bool,
    /// No comment ends after this place: searched once, not again for every `<!--`.
    no_comment_end: bool,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str, base: Option<&Url>) -> Self {
        let root = Element {
            ns: Ns::Other,
            prefix: "",
            name: Cow::Borrowed(""),
            attributes: Vec::new(),
            children: Vec::new(),
            base: 0,
            language: 0,
            closed: true,
        };
        let tree = Tree {
            nodes: vec![Node::Element(root)],
            bases: vec![base.cloned()],
            languages: vec![None],
            faults: Vec::new(),
            truncated: false,
        };
        Self {
            text,
            at: 0,
            tree,
            open: vec![Tree::ROOT],
            entries: 0,
            too_deep: 0,
            bindings: Vec::new(),
            declared: Declared::default(),
            doctype_seen: false,
            no_comment_end: false,
        }
    }

    fn fault(&mut self, message: impl Into<String>) {
        if self.tree.faults.len() < MAX_FAULTS {
            self.tree.faults.push(Fault { offset: Some(self.at as u64), message: message.into() });
        }
    }

    /// Reads one piece of text or markup.
    fn step(&mut self) {
        let rest = &self.text[self.at..];
        match memchr(b'<', rest.as_bytes()) {
            Some(0) => self.markup(rest),
            end => {
                let text = &rest[..end.unwrap_or(rest.len())];
                self.push_text(entities::decode(text, &self.declared));
                self.at += text.len();
            }
        }
    }

    /// Reads the markup at the start of `rest`, a `<`.
    fn markup(&mut self, rest: &'a str) {
        let bytes = rest.as_bytes();
        match bytes.get(1) {
            Some(b'!') => self.declaration(rest),
            Some(b'?') => {
                let end = memmem::find(bytes, b"?>")
                    .map_or_else(|| memchr(b'>', bytes).map(|end| end + 1), |end| Some(end + 2));
                self.at += end.unwrap_or(bytes.len());
            }
            Some(b'/') => {
                let end = memchr(b'>', bytes).unwrap_or(bytes.len());
                self.end(&rest[2..end]);
                self.at += (end + 1).min(bytes.len());
            }
            Some(b'a'..=b'z' | b'A'..=b'Z' | b'_' | b':' | 0x80..) => self.tag(rest),
            _ => {
                self.fault("a \"<\" that starts no tag");
                self.push_text(Cow::Borrowed(&rest[..1]));
                self.at += 1;
            }
        }
    }

    /// Comments, CDATA and the document type.
    fn declaration(&mut self, rest: &'a str) {
        let bytes = rest.as_bytes();
        if let Some(inner) = rest.strip_prefix("<![CDATA[") {
            let end = memmem::find(inner.as_bytes(), b"]]>");
            if end.is_none() {
                self.fault("a CDATA section without an end");
                self.tree.truncated = true;
            }
            let text = &inner[..end.unwrap_or(inner.len())];
            self.push_text(Cow::Borrowed(text));
            self.at += (9 + text.len() + 3).min(rest.len());
        } else if rest.starts_with("<!--") {
            let end = if self.no_comment_end { None } else { memmem::find(&bytes[4..], b"-->") };
            match end {
                Some(end) => self.at += 4 + end + 3,
                None => {
                    self.no_comment_end = true;
                    self.fault("a comment without an end");
                    self.at += 4;
                }
            }
        } else if self.doctype_seen {
            self.at += memchr(b'>', bytes).map_or(bytes.len(), |end| end + 1);
        } else {
            let length = doctype_length(rest);
            self.declared = Declared::read(&rest[..length]);
            self.doctype_seen = true;
            self.at += length;
        }
    }

    /// A start tag or an empty element.
    fn tag(&mut self, rest: &'a str) {
        // Beyond the longest tag there is no end to look for.
        let window = &rest[..rest.floor_char_boundary(MAX_TAG)];
        let mut reader = Reader::from_str(window);
        let config = reader.config_mut();
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        let event = reader.read_event();
        let length = usize::try_from(reader.buffer_position()).unwrap_or(rest.len());
        // `<gui</link>`: a tag that was cut off by the next one.
        let name_end = rest.find(|c: char| c.is_ascii_whitespace() || matches!(c, '>' | '/')).unwrap_or(rest.len());
        if let Some(next) = memchr(b'<', &rest.as_bytes()[1..name_end]) {
            self.fault("a tag without an end");
            self.at += 1 + next;
            return;
        }
        match event {
            Ok(Event::Start(start)) => self.start(&start, rest, length, false),
            Ok(Event::Empty(start)) => self.start(&start, rest, length, true),
            _ => self.unclosed_tag(rest),
        }
    }

    /// A tag whose end, or whose closing quote, is missing: it ends at the next `>`, if there is one.
    fn unclosed_tag(&mut self, rest: &'a str) {
        self.fault("a tag without an end");
        let Some(end) = memchr(b'>', rest.as_bytes()) else {
            self.tree.truncated = true;
            self.at = self.text.len();
            return;
        };
        let inner = rest[1..end].trim_end_matches('/');
        let name = inner.split(|c: char| c.is_ascii_whitespace()).next().unwrap_or_default();
        let start = BytesStart::from_content(inner, name.len());
        let empty = rest[..end].ends_with('/');
        self.start(&start, rest, end + 1, empty);
    }

    fn start(&mut self, start: &BytesStart<'_>, rest: &'a str, length: usize, empty: bool) {
        let name_length = start.name().as_ref().len();
        let qualified = &rest[1..1 + name_length];
        self.imply_ends(qualified);
        self.at += length;
        let depth = self.open.len();
        if depth > MAX_DEPTH {
            if !empty {
                self.too_deep += 1;
            }
            if self.too_deep == 1 {
                self.fault("elements nested deeper than in any real feed were left out");
            }
            return;
        }
        let raw = raw_attributes(start);
        for (name, value) in &raw {
            if name == "xmlns" || name.starts_with("xmlns:") {
                self.bind(depth, qualified, name, value);
            }
        }
        let id = self.push_element(qualified, &raw);
        if empty {
            if let Some(Node::Element(element)) = self.tree.nodes.get_mut(id) {
                element.closed = true;
            }
            self.unbind(depth);
        } else {
            self.open.push(id);
        }
    }

    fn bind(&mut self, depth: usize, qualified: &str, name: &str, address: &str) {
        let prefix = name.strip_prefix("xmlns:").unwrap_or("");
        let ns = namespace::by_address(address).unwrap_or_else(|| match prefix {
            // A root's unknown default namespace is its own vocabulary ("http://backend.example/rss2").
            "" if is_root_name(local(qualified)) => Ns::Core,
            "" => Ns::Other,
            _ => namespace::by_prefix(prefix),
        });
        if self.bindings.len() < MAX_BINDINGS {
            self.bindings.push((depth, prefix.to_owned(), ns));
        }
    }

    fn unbind(&mut self, depth: usize) {
        while self.bindings.last().is_some_and(|(bound, _, _)| *bound >= depth) {
            self.bindings.pop();
        }
    }

    fn namespace(&self, prefix: &str) -> Ns {
        let bound = self.bindings.iter().rev().find(|(_, known, _)| *known == prefix);
        bound.map_or_else(|| namespace::by_prefix(prefix), |(_, _, ns)| *ns)
    }

    fn push_element(&mut self, qualified: &'a str, raw: &[(String, String)]) -> Id {
        let parent = self.open.last().copied().unwrap_or(Tree::ROOT);
        let (mut base, mut language) =
            self.tree.element(parent).map_or((0, 0), |parent| (parent.base, parent.language));
        let mut attributes = Vec::with_capacity(raw.len());
        for (name, value) in raw {
            let (prefix, name) = name.split_once(':').unwrap_or(("", name));
            if prefix == "xmlns" || name == "xmlns" {
                continue;
            }
            let ns = if prefix.is_empty() { Ns::Core } else { self.namespace(prefix) };
            attributes.push((ns, name.to_ascii_lowercase(), value.clone()));
            match (ns, name) {
                (Ns::Xml, "base") => {
                    base = self.new_base(base, value);
                }
                (Ns::Xml, "lang") => {
                    self.tree.languages.push(Some(value.clone()).filter(|value| !value.is_empty()));
                    language = self.tree.languages.len() - 1;
                }
                _ => {}
            }
        }
        let (prefix, name) = qualified.split_once(':').unwrap_or(("", qualified));
        let name = if name.bytes().any(|b| b.is_ascii_uppercase()) {
            Cow::Owned(name.to_ascii_lowercase())
        } else {
            Cow::Borrowed(name)
        };
        self.entries += usize::from(matches!(&*name, "item" | "entry"));
        let ns = self.namespace(prefix);
        let element = Element { ns, prefix, name, attributes, children: Vec::new(), base, language, closed: false };
        self.push(Node::Element(element))
    }

    fn new_base(&mut self, around: usize, reference: &str) -> usize {
        let outer = self.tree.bases.get(around).and_then(Option::as_ref);
        let base = match outer {
            Some(outer) => outer.join(reference.trim()).ok(),
            None => Url::parse(reference.trim()).ok(),
        };
        match base {
            Some(base) if !base.cannot_be_a_base() => {
                self.tree.bases.push(Some(base));
                self.tree.bases.len() - 1
            }
            _ => around,
        }
    }

    fn push_text(&mut self, text: Cow<'a, str>) {
        if text.is_empty() || self.too_deep > 0 {
            return;
        }
        let last =
            self.open.last().and_then(|&id| self.tree.element(id)).and_then(|parent| parent.children.last().copied());
        if let Some(last) = last
            && let Some(Node::Text(before)) = self.tree.nodes.get_mut(last)
        {
            // Blanks around a CDATA section are not worth a copy of it.
            if before.trim_ascii().is_empty() {
                *before = text;
            } else if !text.trim_ascii().is_empty() || before.len() < 1024 {
                before.to_mut().push_str(&text);
            }
            return;
        }
        self.push(Node::Text(text));
    }

    fn push(&mut self, node: Node<'a>) -> Id {
        let id = self.tree.nodes.len();
        self.tree.nodes.push(node);
        if let Some(Node::Element(parent)) = self.open.last().and_then(|&parent| self.tree.nodes.get_mut(parent)) {
            parent.children.push(id);
        }
        id
    }

    /// An end tag: it ends the nearest open element of its name, with all that are open in it; or nothing.
    fn end(&mut self, qualified: &str) {
        let qualified = qualified.trim_ascii();
        if self.too_deep > 0 {
            self.too_deep -= 1;
            return;
        }
        let (prefix, name) = qualified.split_once(':').unwrap_or(("", qualified));
        let matches = |id: &Id| {
            let Some(element) = self.tree.element(*id) else { return false };
            element.name.eq_ignore_ascii_case(name) && (element.prefix.eq_ignore_ascii_case(prefix))
        };
        let Some(position) = self.open.iter().rposition(matches).filter(|&position| position > 0) else {
            self.fault(format!("</{}> without a start", short(qualified)));
            return;
        };
        if position + 1 < self.open.len() {
            self.fault(format!("</{}> while another element is open", short(qualified)));
        }
        self.close_to(position);
    }

    fn close_to(&mut self, position: usize) {
        for id in self.open.drain(position..).collect::<Vec<_>>() {
            if let Some(Node::Element(element)) = self.tree.nodes.get_mut(id) {
                element.closed = true;
            }
        }
        self.unbind(position);
    }

    /// An item in an item, or a feed's element in a title, means that an end tag was forgotten.
    fn imply_ends(&mut self, qualified: &str) {
        let name = local(qualified);
        if is_item_name(name) {
            let open_item = self.open.iter().rposition(|&id| {
                self.tree
                    .element(id)
                    .is_some_and(|element| is_item_name(&element.name) && matches!(element.ns, Ns::Core | Ns::Atom))
            });
            // An entry inside of a text (a quoted feed) is part of it.
            if let Some(position) = open_item
                && !self.open[position..].iter().any(|&id| self.tree.element(id).is_some_and(|e| is_body_name(&e.name)))
            {
                self.fault(format!("<{}> inside of another", short(name)));
                self.close_to(position);
            }
        } else if (is_line_name(name) || follows_line(name))
            && let Some(&top) = self.open.last()
            && let Some(element) = self.tree.element(top)
            && is_line_name(&element.name)
            && matches!(element.ns, Ns::Core | Ns::Atom)
            && self.may_follow(element.ns, qualified)
            && !element.attributes().any(|(_, name, value)| name == "type" && value.contains("html"))
        {
            self.fault(format!("<{}> inside of <{}>", short(name), short(&element.name.clone())));
            let position = self.open.len() - 1;
            self.close_to(position);
        }
    }

    /// Whether an element of this name is of the vocabulary of the one before it, or of one that bodies are of.
    fn may_follow(&self, before: Ns, qualified: &str) -> bool {
        let ns = self.namespace(qualified.split_once(':').map_or("", |(prefix, _)| prefix));
        ns == before || ns == Ns::Content && follows_line(local(qualified))
    }

    fn finish(mut self) -> Tree<'a> {
        if self.open.len() > 1 {
            self.tree.truncated = true;
            self.fault("the document ends inside of an element");
        }
        self.tree
    }
}

/// Elements whose text is a line, so never holds another of these.
fn is_line_name(name: &str) -> bool {
    const NAMES: [&str; 9] = ["title", "link", "guid", "pubdate", "comments", "category", "id", "updated", "published"];
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Elements with a text of their own, of which no line holds one either.
fn follows_line(name: &str) -> bool {
    ["description", "summary", "content", "encoded", "enclosure"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

fn is_body_name(name: &str) -> bool {
    matches!(name, "description" | "content" | "encoded" | "summary" | "body" | "div" | "fullitem")
}

/// Whether an element of this local name is an entry.
pub fn is_item_name(name: &str) -> bool {
    name.eq_ignore_ascii_case("item") || name.eq_ignore_ascii_case("entry")
}

/// Whether a feed can start with an element of this local name.
pub fn is_root_name(name: &str) -> bool {
    ["rss", "rdf", "feed", "channel"].iter().any(|root| name.eq_ignore_ascii_case(root))
}

fn local(qualified: &str) -> &str {
    qualified.rsplit(':').next().unwrap_or(qualified)
}

/// A name for a message: never longer than a line.
fn short(name: &str) -> &str {
    let end = name.char_indices().nth(40).map_or(name.len(), |(at, _)| at);
    &name[..end]
}

/// Names and values, references in values resolved; what is not an attribute is passed over.
fn raw_attributes(start: &BytesStart<'_>) -> Vec<(String, String)> {
    let mut attributes = start.html_attributes();
    let attributes = attributes.with_checks(false);
    let mut out: Vec<(String, String)> = Vec::new();
    for attribute in attributes.take(MAX_ATTRIBUTES).flatten() {
        let name = attribute.key.as_ref();
        if out.iter().all(|(known, _)| known != name) {
            out.push((name.to_owned(), entities::decode(&attribute.value, &Declared::default()).into_owned()));
        }
    }
    out
}

/// Length of the `<!…>` at the start of the text, an internal subset in brackets included.
fn doctype_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut brackets = 0_usize;
    let mut quote = None;
    for (at, &byte) in bytes.iter().enumerate() {
        match (byte, quote) {
            (b'"' | b'\'', None) => quote = Some(byte),
            (_, Some(open)) if byte == open => quote = None,
            (_, Some(_)) => {}
            (b'[', None) => brackets += 1,
            (b']', None) => brackets = brackets.saturating_sub(1),
            (b'>', None) if brackets == 0 => return at + 1,
            _ => {}
        }
    }
    memchr(b'>', bytes).map_or(bytes.len(), |end| end + 1)
}
