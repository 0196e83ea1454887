//! Where does this tag end, and what is in it? Cut as a tokenizer of HTML does (HTML standard §13.2.5).

use memchr::{memchr, memmem};

/// Bytes of one tag: longer ones are images written into an attribute.
pub const MAX_TAG: usize = 16 * 1024;
/// Attributes of one tag; html5ever compares each with all before it.
const MAX_ATTRIBUTES: usize = 128;

/// A tag cut out of the text.
pub struct Tag<'a> {
    /// Its name as written.
    pub name: &'a str,
    /// Whether it is an end tag.
    pub is_end: bool,
    /// What stands between the name and `>`.
    pub attributes: &'a str,
    /// Bytes of the whole tag.
    pub length: usize,
    /// Whether no tree builder should see it: too long, too many attributes, a quote that does not end.
    pub too_much: bool,
}

/// Cuts the tag at the start of the text; `None` where no `>` ends it.
///
/// What a tokenizer takes for a quoted value must be one here as well: else tags could be hidden from the count.
pub fn cut(text: &str) -> Option<Tag<'_>> {
    let bytes = text.as_bytes();
    let is_end = bytes.get(1) == Some(&b'/');
    let start = 1 + usize::from(is_end);
    let name_end = bytes[start..].iter().position(|b| is_blank(*b) || matches!(b, b'>' | b'/'))? + start;
    let name = &text[start..name_end];
    let window = &bytes[..bytes.len().min(MAX_TAG)];
    match attributes_end(window, name_end) {
        Some((end, count)) => {
            let attributes = &text[name_end..end];
            Some(Tag { name, is_end, attributes, length: end + 1, too_much: count > MAX_ATTRIBUTES })
        }
        // Its quotes may be broken: what follows them is not part of the tag.
        None => {
            let end = memchr(b'>', &bytes[name_end..])? + name_end;
            Some(Tag { name, is_end, attributes: "", length: end + 1, too_much: true })
        }
    }
}

/// Where the `>` stands, and how many attributes are before it.
fn attributes_end(bytes: &[u8], name_end: usize) -> Option<(usize, usize)> {
    let skip = |from: usize, passes: fn(u8) -> bool| {
        bytes.get(from..)?.iter().position(|b| !passes(*b)).map(|length| from + length)
    };
    let (mut at, mut count) = (name_end, 0);
    loop {
        at = skip(at, |b| is_blank(b) || b == b'/')?;
        if bytes[at] == b'>' {
            return Some((at, count));
        }
        count += 1;
        // The first sign of a name may be anything, `=` as well.
        at = skip(at + 1, |b| !is_blank(b) && !matches!(b, b'/' | b'>' | b'='))?;
        at = skip(at, is_blank)?;
        if bytes[at] != b'=' {
            continue;
        }
        at = skip(at + 1, is_blank)?;
        at = match bytes[at] {
            quote @ (b'"' | b'\'') => at + 1 + memchr(quote, &bytes[at + 1..])? + 1,
            b'>' => at,
            _ => skip(at, |b| !is_blank(b) && b != b'>')?,
        };
    }
}

fn is_blank(byte: u8) -> bool {
    byte.is_ascii_whitespace()
}

/// Where the first end tag of this name ends in the text, if one comes.
pub fn content_end(text: &[u8], name: &str) -> Option<usize> {
    for at in memmem::find_iter(text, b"</") {
        let start = at + 2;
        let is_name = text.get(start..start + name.len()).is_some_and(|own| own.eq_ignore_ascii_case(name.as_bytes()));
        if is_name && text.get(start + name.len()).is_none_or(|b| !b.is_ascii_alphanumeric()) {
            return Some(start + memchr(b'>', &text[start..])? + 1);
        }
    }
    None
}

/// An image that nobody is to see: one pixel wide and high, or hidden.
pub fn is_invisible(attributes: &str) -> bool {
    let lower = attributes.to_ascii_lowercase();
    let tiny = |name: &str| {
        lower.match_indices(name).any(|(at, _)| {
            let before = lower[..at].chars().next_back();
            let value = lower[at + name.len()..].trim_start();
            let Some(value) = value.strip_prefix('=').map(|value| value.trim_start().trim_start_matches(['"', '\'']))
            else {
                return false;
            };
            let digits = value.len() - value.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            before.is_none_or(|c| c.is_ascii_whitespace() || matches!(c, '"' | '\'' | '/'))
                && matches!(&value[..digits], "0" | "1")
        })
    };
    if tiny("width") && tiny("height") {
        return true;
    }
    if !lower.contains("style") {
        return false;
    }
    let compact = lower.replace([' ', '\t', '\n'], "");
    let declares = |name: &str| {
        let declarations = compact.split([';', '"', '\'']).map(|d| d.trim_start_matches("style="));
        declarations.filter_map(|d| d.strip_prefix(name)).any(|value| matches!(value, ":0" | ":0px" | ":1px"))
    };
    compact.contains("display:none") || (declares("width") && declares("height"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_ends_where_a_tokenizer_ends_it() {
        let check = |given: &str, length: Option<usize>, too_much: bool| {
            let tag = cut(given);
            assert_eq!(tag.as_ref().map(|tag| tag.length), length, "{given}");
            assert_eq!(tag.is_some_and(|tag| tag.too_much), too_much, "{given}");
        };
        check("<a>b>", Some(3), false);
        check("<a b='>'>c", Some(9), false);
        check("<a b = \">\">c", Some(11), false);
        check("<a b=c'>'>", Some(8), false);
        check("<a '>'>", Some(5), false);
        // A name may start with `=`: then no value follows.
        check("<a =\"><i>\">", Some(6), false);
        check("<a ==\"><i>\">", Some(12), false);
        check("<a b=>c", Some(6), false);
        check("</a b=\">\">", Some(10), false);
        check("<a b=\"c>d", Some(8), true);
        check("<a b", None, false);
        check(&format!("<a {}>", "b ".repeat(129)), Some(262), true);
    }
}
