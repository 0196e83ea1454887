//! Edition -> bytes: one file a format. To add one, write its file and name it in [`ALL`].
//!
//! Atom and RSS are written by `atom_syndication` and `rss`, which write what their standards say and escape it; they
//! read nothing here, for one date that they cannot read loses a whole feed. Two things they leave to their callers:
//! characters that XML does not have (`clean`), and what stands before the document (`prolog`).

pub mod atom;
pub mod json_feed;
pub mod opml;
pub mod rss;

use memchr::memchr_iter;
use url::Url;

use crate::model::{Format, Item, Version};

/// All formats, the one that negotiation falls back to first.
pub const ALL: &[Format] = &[atom::FORMAT, rss::FORMAT, json_feed::FORMAT, opml::FORMAT];

/// The text without the characters that no XML document may hold (XML 1.0 §2.2), not even by number; both crates
/// would write them, and one such character in one title would lose the whole feed to every reader. The other
/// control characters go too: XML has some of them, but discourages it, and no reader shows any.
fn clean(text: &str) -> String {
    let is_odd = |c: char| (c.is_control() && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}');
    if may_be_odd(text.as_bytes()) { text.replace(is_odd, "") } else { text.to_owned() }
}

/// Whether there is one among the bytes, or something like one: all of them are U+0000–1F, U+007F–9F (`c2 80` to
/// `c2 9f`) or U+FFFE–F (`ef bf be` and `ef bf bf`). Texts have none, so it is looked for a block at a time.
fn may_be_odd(bytes: &[u8]) -> bool {
    let control = |b: u8| (b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r')) || b == 0x7f;
    let followed = |at: usize, by: &[u8]| bytes.get(at + 1).is_some_and(|next| by.contains(next));
    bytes.chunks(4096).any(|block| block.iter().fold(false, |odd, b| odd | control(*b)))
        || memchr_iter(0xc2, bytes).any(|at| bytes.get(at + 1).is_some_and(|next| *next < 0xa0))
        || memchr_iter(0xef, bytes).any(|at| followed(at, b"\xbf") && followed(at + 1, b"\xbe\xbf"))
}

/// What stands before the root element: the encoding, and the stylesheet of the planet at `home`, by which a browser
/// shows the feed.
fn prolog(home: &Url) -> Vec<u8> {
    let base = home.path().trim_end_matches('/');
    // A path holds none of the characters that would end the attribute: url has percent-encoded them, but for `&`.
    let href = format!("{base}/feed.css").replace('&', "&amp;");
    format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<?xml-stylesheet type=\"text/css\" href=\"{href}\"?>\n")
        .into_bytes()
}

/// Whether a string is an absolute address, the only kind that is published.
fn is_absolute(address: &str) -> bool {
    Url::parse(address).is_ok_and(|u| matches!(u.scheme(), "http" | "https"))
}

/// `type/subtype`, as the grammars want it.
fn media_type(given: Option<&str>) -> Option<&str> {
    let token = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b));
    let essence = given?.split(';').next()?.trim();
    essence.split_once('/').is_some_and(|(a, b)| token(a) && token(b)).then_some(essence)
}

/// The address of the shown version once more, to stand bare behind all other links of an item that has several
/// alternates. Of those feedparser and newsboat take the last one for the item's page, other readers the first; both
/// are right then. It is no second alternate of one type and language (RFC 4287 §4.1.2), for it has neither.
fn bare_alternate(item: &Item) -> Option<&Url> {
    let several = links(item).filter(|(rel, _)| *rel == "alternate").nth(1).is_some();
    item.shown.link.as_ref().filter(|_| several)
}

/// `rel` and version of each version with a page: the shown one, then the other listed ones as alternates, the rest
/// as related (RFC 4287 §4.2.7.2).
fn links(item: &Item) -> impl Iterator<Item = (&'static str, &Version)> {
    let others = |listed: bool| item.versions.iter().filter(move |v| v.listed == listed && v.entry != item.shown.entry);
    let alternates = std::iter::once(&item.shown).chain(others(true)).map(|v| ("alternate", v));
    alternates.chain(others(false).map(|v| ("related", v))).filter(|(_, v)| v.link.is_some())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_odd_character_is_passed_over(text in "(?s)[\\x00-\u{a5}\u{ffef}-\u{10002}aàя中]{0,12}") {
            let is_odd = |c: &char| c.is_control() && !"\t\n\r".contains(*c) || matches!(c, '\u{fffe}' | '\u{ffff}');
            let expected: String = text.chars().filter(|c| !is_odd(c)).collect();
            prop_assert_eq!(clean(&text), expected);
        }
    }
}
