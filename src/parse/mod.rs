//! Document -> RawEntry + Faults: what can be read is read.
//!
//! - `charset` decodes the bytes, `tree` reads the markup however broken it is, `namespace` says of which vocabulary
//!   an element is;
//! - `feed` and `entry` say what the elements mean: one vocabulary for RSS 0.90 to 2.0, RDF, Atom 0.3 and 1.0, as
//!   real feeds mix them; `text`, `person` and `date` read their contents; `json_feed` reads JSON Feed;
//! - `page` takes the article out of a page; `wordpress` and `substack` read the answers of those two APIs;
//! - `discovery` finds the feeds that a page names.
//!
//! Nothing here fails as a whole, and nothing is believed: strings are handed on as given. There is no recursion
//! over input without a cap in front of it, and no DTD is expanded beyond short internal entities.

use url::Url;

use crate::model::{CutOff, Document, Fault, Reading};

mod charset;
pub mod date;
mod discovery;
mod entities;
mod entry;
mod feed;
mod json_feed;
mod legacy;
mod months;
mod namespace;
pub mod page;
mod person;
pub mod substack;
mod text;
mod tree;
pub mod wordpress;

use tree::{Id, Tree};

/// Entries read of one document: a feed of a whole archive has a few thousand.
pub const MAX_ENTRIES: usize = 10_000;

/// Bytes of a document. Fetching stops at 16 MiB unless configured otherwise; this is the last line.
pub const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Bytes before the first tag of a feed that are passed over (warnings of PHP, blank lines).
const MAX_LEADING: usize = 64 * 1024;
/// Bytes of a name that are looked at: several times what a root has with its prefix (`atom10:feed`).
const MAX_NAME: usize = 64;

/// Reads a feed of any format: RSS 0.90 to 2.0, RSS 1.0, Atom 0.3 and 1.0, JSON Feed 1.0 and 1.1.
///
/// What is no feed is refused with a reason; of a page, the feeds that it names are given.
pub fn read(document: &Document) -> Reading {
    if document.body.len() > MAX_BYTES {
        return refuse(format!("the document has more than {} MiB", MAX_BYTES >> 20));
    }
    let decoded = charset::decode(&document.body, document.header("content-type"));
    let text = decoded.text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n', '\0']);
    let mut reading = match text.as_bytes().first() {
        None => refuse("the document is empty".to_owned()),
        Some(b'{' | b'[') => json_feed::read(text, &document.url),
        Some(_) => read_xml(text, &document.url),
    };
    if let Some(fault) = decoded.fault {
        reading.faults.insert(0, Fault { offset: None, message: fault });
    }
    reading
}

/// The JSON in a document, decoded and capped like a feed; a refusal where it is none.
fn json(document: &Document) -> Result<serde_json::Value, Box<Reading>> {
    if document.body.len() > MAX_BYTES {
        return Err(Box::new(refuse(format!("the document has more than {} MiB", MAX_BYTES >> 20))));
    }
    let decoded = charset::decode(&document.body, document.header("content-type"));
    // A warning of PHP in front is not worth losing the posts.
    let text = decoded.text.trim_start();
    let start = if text.starts_with(['[', '{']) { 0 } else { text.find("[{").unwrap_or(0) };
    serde_json::from_str(&text[start..]).map_err(|error| Box::new(refuse(format!("the answer is no JSON: {error}"))))
}

fn refuse(reason: String) -> Reading {
    Reading { refused: Some(reason), ..Reading::default() }
}

fn read_xml(text: &str, base: &Url) -> Reading {
    let Some(start) = feed_start(text) else {
        let feeds = discovery::feeds(text, base);
        let what = if looks_like_page(text) { "a page" } else { "no feed" };
        return Reading {
            feeds,
            ..refuse(format!("the document is {what}: no rss, rdf:RDF, feed or channel element in it"))
        };
    };
    let base = Some(base).filter(|base| base.scheme() != "file");
    let tree = tree::read(&text[start..], base);
    let Some(root) = find_root(&tree) else {
        return refuse("the document holds no element of a feed".to_owned());
    };
    let atom = feed::is_atom(&tree, root);
    let holders = channels(&tree, root);
    let mut entries = Vec::new();
    let mut ids = Vec::new();
    collect_entries(&tree, root, 0, &mut ids);
    let last = ids.last().copied();
    for id in ids.iter().copied().take(MAX_ENTRIES) {
        let mut entry = entry::read(&tree, id, atom);
        // The item in which the document breaks off is kept if it is known which one it is.
        let cut_off = Some(id) == last && tree.element(id).is_some_and(|element| !element.closed);
        if cut_off {
            let is_open = tree.children(id).last().is_some_and(|(_, child)| !child.closed);
            entry.cut_off = if is_open { CutOff::Inside } else { CutOff::Between };
        }
        let named = entry.id.is_some() || entry.link.is_some();
        let titled = !entry.title.value.is_empty();
        // Where it is all that there is, less is enough: a document with an entry is not read as empty.
        if !cut_off || titled && (named || entries.is_empty()) || entries.is_empty() && named {
            entries.push(entry);
        }
    }
    let mut reading = Reading { feed: feed::read(&tree, root, &holders), entries, ..Reading::default() };
    // Where we stop by ourselves, nothing broke off.
    let is_whole = ids.len() > MAX_ENTRIES || last.and_then(|id| tree.element(id)).is_none_or(|last| last.closed);
    reading.cut_off = !is_whole;
    if start > 0 && !text[..start].trim_start().starts_with("<?xml") {
        let message = format!("{start} bytes of something else stand before the feed");
        reading.faults.push(Fault { offset: Some(0), message });
    }
    if ids.len() > MAX_ENTRIES {
        reading.faults.push(Fault { offset: None, message: format!("only the first {MAX_ENTRIES} entries were read") });
    }
    reading.faults.extend(tree.faults);
    reading
}

/// Where the feed starts: at its root or at the XML declaration or document type before it.
fn feed_start(text: &str) -> Option<usize> {
    let head = &text[..text.floor_char_boundary(MAX_LEADING)];
    let mut declaration = None;
    // No search goes over the same text twice: a head of nothing but `<!--` or `<![CDATA[` would take a quarter second.
    let (mut comment_end, mut no_comment_end) = (0, false);
    for (at, _) in head.match_indices('<') {
        let rest = &head[at + 1..];
        if at < comment_end {
            continue;
        }
        if rest.starts_with("!--") {
            let end = if no_comment_end { None } else { rest.find("-->") };
            no_comment_end = end.is_none();
            comment_end = end.map_or(0, |end| at + end);
            continue;
        }
        if rest.starts_with("?xml") || rest.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("!doctype")) {
            declaration = declaration.or(Some(at));
            continue;
        }
        let name = &rest[..rest.floor_char_boundary(MAX_NAME)];
        let end = name.find(|c: char| c.is_ascii_whitespace() || matches!(c, '>' | '/')).unwrap_or(name.len());
        let name = name[..end].rsplit(':').next().unwrap_or_default();
        if name.eq_ignore_ascii_case("html") {
            return None;
        }
        // `<entry>` alone is a document of RFC 4287 §2; `<item>` alone is what is left of a broken feed.
        if tree::is_root_name(name) || tree::is_item_name(name) {
            return Some(declaration.unwrap_or(at).min(at));
        }
    }
    None
}

fn looks_like_page(text: &str) -> bool {
    let head = text[..text.floor_char_boundary(1024)].to_ascii_lowercase();
    head.contains("<html") || head.contains("<!doctype html") || head.contains("<head") || head.contains("<body")
}

/// The first element that a feed can start with; what stands around it is passed over.
fn find_root(tree: &Tree<'_>) -> Option<Id> {
    let mut level = vec![Tree::ROOT];
    let mut bare_item = None;
    while !level.is_empty() {
        let mut below = Vec::new();
        for id in level {
            for (child, element) in tree.children(id) {
                if tree::is_root_name(&element.name) {
                    return Some(child);
                }
                if tree::is_item_name(&element.name) {
                    bare_item = bare_item.or(Some(id));
                } else {
                    below.push(child);
                }
            }
        }
        level = below;
    }
    bare_item
}

/// The elements in which those of the feed stand: its channels, and the root around them.
fn channels(tree: &Tree<'_>, root: Id) -> Vec<Id> {
    let channels = tree.children(root).filter(|(_, element)| element.name == "channel").map(|(id, _)| id);
    channels.chain([root]).collect()
}

/// All items and entries in document order, wherever they stand: misplaced end tags move them.
fn collect_entries(tree: &Tree<'_>, id: Id, depth: usize, entries: &mut Vec<Id>) {
    use namespace::Ns;
    for (child, element) in tree.children(id) {
        if tree::is_item_name(&element.name) && matches!(element.ns, Ns::Core | Ns::Atom) {
            entries.push(child);
        } else if depth < 8 && matches!(element.ns, Ns::Core | Ns::Atom | Ns::Rdf) {
            collect_entries(tree, child, depth + 1, entries);
        }
    }
}
