//! Edition -> bytes: one file a format. To add one, write its file and name it in [`ALL`].
//!
//! The XML is written by the forty lines below and not by `atom_syndication` and `rss`: those let control characters
//! through, which no XML parser takes, drop `xml:lang` on entries, and hold a second copy of the whole edition. Here
//! every string from a source passes one function, and what it cannot write does not exist.

pub mod atom;
pub mod json_feed;
pub mod opml;
pub mod rss;

use url::Url;

use crate::model::{Format, Item, Version};

/// All formats, the one that negotiation falls back to first.
pub const ALL: &[Format] = &[atom::FORMAT, rss::FORMAT, json_feed::FORMAT, opml::FORMAT];

/// Writes well-formed XML 1.0 whatever the strings.
struct Xml {
    out: String,
    open: Vec<&'static str>,
}

impl Xml {
    /// A document that a browser shows by the stylesheet of the planet at `home`.
    fn document(home: &Url, capacity: usize) -> Self {
        let mut out = String::with_capacity(capacity);
        out.push_str(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>
<?xml-stylesheet type=\"text/css\" href=\"",
        );
        escape(home.path().trim_end_matches('/'), &mut out);
        out.push_str(
            "/feed.css\"?>
",
        );
        Self { out, open: Vec::new() }
    }

    /// Opens an element.
    fn open(&mut self, name: &'static str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes);
        self.out.push('>');
        self.open.push(name);
    }

    /// Closes the innermost open element.
    fn close(&mut self) {
        if let Some(name) = self.open.pop() {
            self.out.extend(["</", name, ">\n"]);
        }
    }

    /// An element with text.
    fn text(&mut self, name: &'static str, attributes: &[(&str, &str)], text: &str) {
        self.open(name, attributes);
        escape(text, &mut self.out);
        self.close();
    }

    /// An element with text, where there is some.
    fn some(&mut self, name: &'static str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, &[], text);
        }
    }

    /// An element without content; attributes without a value are left out.
    fn empty(&mut self, name: &'static str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes);
        self.out.push_str("/>\n");
    }

    fn tag(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.out.extend(["<", name]);
        for (name, value) in attributes.iter().filter(|(_, value)| !value.is_empty()) {
            self.out.extend([" ", name, "=\""]);
            escape(value, &mut self.out);
            self.out.push('"');
        }
    }

    fn finish(mut self) -> Vec<u8> {
        while !self.open.is_empty() {
            self.close();
        }
        self.out.into_bytes()
    }
}

/// Writes text as XML: the characters that XML 1.0 §2.2 does not have are left out, and a carriage return, which a
/// parser would turn into a line feed, is written by number. Runs between them are copied whole: an edition is mostly
/// such runs.
fn escape(text: &str, out: &mut String) {
    let bytes = text.as_bytes();
    let mut start = 0;
    let mut at = 0;
    while at < bytes.len() {
        let (with, length) = match bytes[at] {
            b'&' => ("&amp;", 1),
            b'<' => ("&lt;", 1),
            // Not only in `]]>`: an attribute is escaped by the same rule.
            b'>' => ("&gt;", 1),
            b'"' => ("&quot;", 1),
            b'\r' => ("&#13;", 1),
            0..=8 | 0xb | 0xc | 0xe..=0x1f => ("", 1),
            // U+FFFE and U+FFFF.
            0xef if bytes[at..].starts_with("\u{fffe}".as_bytes())
                || bytes[at..].starts_with("\u{ffff}".as_bytes()) =>
            {
                ("", 3)
            }
            _ => {
                at += 1;
                continue;
            }
        };
        out.push_str(&text[start..at]);
        out.push_str(with);
        at += length;
        start = at;
    }
    out.push_str(&text[start..]);
}

/// Whether a string is an absolute address, the only kind that is published.
fn is_absolute(address: &str) -> bool {
    Url::parse(address).is_ok_and(|u| matches!(u.scheme(), "http" | "https"))
}

/// `rel` and version of each version with a page: the shown one, then the other listed ones as alternates, the rest
/// as related (RFC 4287 §4.2.7.2).
fn links(item: &Item) -> impl Iterator<Item = (&'static str, &Version)> {
    let others = |listed: bool| item.versions.iter().filter(move |v| v.listed == listed && v.entry != item.shown.entry);
    let alternates = std::iter::once(&item.shown).chain(others(true)).map(|v| ("alternate", v));
    alternates.chain(others(false).map(|v| ("related", v))).filter(|(_, v)| v.link.is_some())
}
