//! What must a tree builder never be handed? Too deep, too wide, or swallowing what follows.
//!
//! One linear pass over the tags. Where nothing is amiss, and that is nearly always, the text is handed on as it is.

use std::borrow::Cow;

use memchr::{memchr, memmem};

/// Elements open at once. Browsers stop at 512; articles nest to about 30.
const MAX_DEPTH: usize = 128;
/// Formatting elements open at once: html5ever opens each of them anew in every paragraph that follows.
const MAX_FORMATTING: usize = 16;
/// Bytes of one tag: longer ones are images written into an attribute.
const MAX_TAG: usize = 16 * 1024;
/// Attributes of one tag; html5ever compares each with all before it.
const MAX_ATTRIBUTES: usize = 128;

/// Elements whose content is not for readers: left out with it where their end tag is there, else only the tag.
const WITH_CONTENT: [&str; 12] = [
    "script", "style", "iframe", "svg", "math", "noscript", "title", "textarea", "select", "button", "noembed",
    "noframes",
];
/// Elements that would swallow all that follows, or mean nothing here: the tag is left out.
const TAG_ONLY: [&str; 8] = ["plaintext", "xmp", "frameset", "frame", "template", "input", "option", "listing"];
/// A form is left out whole up to this length: longer, it is a page whose author put all of it into a form.
const MAX_FORM: usize = 4 * 1024;

const VOID: [&str; 14] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];
/// Without `a`: its start ends one that is open.
const FORMATTING: [&str; 13] =
    ["b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];

/// Elements whose start ends others that are open.
const IMPLIED_ENDS: [(&[&str], &[&str]); 5] = [
    (&["p"], &["p"]),
    (&["li"], &["li", "p"]),
    (&["dt", "dd"], &["dt", "dd", "p"]),
    (&["td", "th"], &["td", "th", "p"]),
    (&["tr"], &["tr", "td", "th", "p"]),
];

/// Hands on the text of an entry, or a copy without what is in the way.
pub fn fragment(html: &str) -> Cow<'_, str> {
    tidy(html, false)
}

/// The same for a whole page: its title is kept, and forms of any length keep their content (some sites put all of
/// a page into one).
pub fn page(html: &str) -> Cow<'_, str> {
    tidy(html, true)
}

fn tidy(html: &str, whole_page: bool) -> Cow<'_, str> {
    let mut pass = Pass {
        html,
        whole_page,
        at: 0,
        copied: 0,
        out: None,
        open: Vec::new(),
        formatting: 0,
        ends: Ends::default(),
        next_end: None,
    };
    while let Some(found) = memchr(b'<', &html.as_bytes()[pass.at..]) {
        pass.at += found;
        pass.markup();
    }
    match pass.out {
        None => Cow::Borrowed(html),
        Some(mut out) => {
            out.push_str(&html[pass.copied..]);
            Cow::Owned(out)
        }
    }
}

/// Which ends were searched for and do not come any more: no search is done twice in vain.
#[derive(Default)]
struct Ends {
    missing: Vec<&'static str>,
    comment_missing: bool,
}

struct Pass<'a> {
    html: &'a str,
    whole_page: bool,
    at: usize,
    /// Up to here the text was copied to `out` or left out.
    copied: usize,
    out: Option<String>,
    /// Names of the open elements, by their first eight letters.
    open: Vec<u64>,
    formatting: usize,
    ends: Ends,
    /// Where the next `>` stands (the length of the text: nowhere), looked up once for all tags before it.
    next_end: Option<usize>,
}

/// A tag cut out of the text.
struct Tag<'a> {
    name: &'a str,
    is_end: bool,
    attributes: &'a str,
    length: usize,
    too_much: bool,
}

impl<'a> Pass<'a> {
    fn markup(&mut self) {
        let rest = &self.html[self.at..];
        let bytes = rest.as_bytes();
        match bytes.get(1) {
            Some(b'a'..=b'z' | b'A'..=b'Z' | b'/') => match self.cut() {
                Some(tag) => self.tag(&tag),
                // A tag without an end swallows the rest of the text: its `<` is left out.
                None => self.leave_out(1),
            },
            Some(b'!') if rest.starts_with("<!--") => self.comment(bytes),
            Some(b'!') if rest.starts_with("<![CDATA[") => self.leave_out(9),
            _ => self.at += 1,
        }
    }

    /// The tag at this place; `None` if it has no end, or none that is near enough for a tag.
    fn cut(&mut self) -> Option<Tag<'a>> {
        let bytes = self.html.as_bytes();
        let end = match self.next_end {
            Some(end) if end >= self.at => end,
            _ => memchr(b'>', &bytes[self.at..]).map_or(bytes.len(), |end| self.at + end),
        };
        self.next_end = Some(end);
        if end == bytes.len() {
            return None;
        }
        cut(&self.html[self.at..])
    }

    fn comment(&mut self, bytes: &[u8]) {
        let end = if self.ends.comment_missing { None } else { memmem::find(&bytes[4..], b"-->") };
        match end {
            Some(end) => self.leave_out(4 + end + 3),
            None => {
                self.ends.comment_missing = true;
                self.leave_out(4);
            }
        }
    }

    fn leave_out(&mut self, length: usize) {
        let out = self.out.get_or_insert_with(|| String::with_capacity(self.html.len()));
        out.push_str(&self.html[self.copied..self.at]);
        self.at += length;
        self.copied = self.at;
    }

    fn tag(&mut self, tag: &Tag<'a>) {
        if tag.too_much {
            return self.leave_out(tag.length);
        }
        let name = Name::new(tag.name);
        if self.whole_page && (name.is("title") || name.is("form")) {
            self.at += tag.length;
            return;
        }
        if let Some(known) = name.one_of(&WITH_CONTENT) {
            let length =
                if tag.is_end { tag.length } else { self.length_with_content(tag, known).unwrap_or(tag.length) };
            return self.leave_out(length);
        }
        if name.one_of(&TAG_ONLY).is_some() {
            return self.leave_out(tag.length);
        }
        if name.is("form") {
            let whole = if tag.is_end { None } else { self.length_with_content(tag, "form") };
            return self.leave_out(whole.filter(|length| *length <= MAX_FORM).unwrap_or(tag.length));
        }
        if name.is("img") && !tag.is_end && is_invisible(tag.attributes) {
            return self.leave_out(tag.length);
        }
        if name.one_of(&VOID).is_some() {
            self.at += tag.length;
        } else if tag.is_end {
            self.end(name, tag.length);
        } else {
            self.start(name, tag.length);
        }
    }

    fn start(&mut self, name: Name<'_>, length: usize) {
        let own = name.key();
        // Whose end tags may be left out (HTML standard §13.1.2.4): a start ends those.
        let ended = IMPLIED_ENDS
            .iter()
            .find(|(starts, _)| starts.iter().any(|start| name.is(start)))
            .map_or(&[][..], |(_, ended)| ended);
        if name.is("a")
            && let Some(position) = self.open.iter().rposition(|open| *open == own)
        {
            self.open.remove(position);
        }
        while self.open.last().is_some_and(|last| ended.iter().any(|name| Name::new(name).key() == *last)) {
            self.open.pop();
        }
        let formatting = name.one_of(&FORMATTING).is_some();
        if self.open.len() >= MAX_DEPTH || formatting && self.formatting >= MAX_FORMATTING {
            return self.leave_out(length);
        }
        self.formatting += usize::from(formatting);
        self.open.push(own);
        self.at += length;
    }

    fn end(&mut self, name: Name<'_>, length: usize) {
        let own = name.key();
        match self.open.iter().rposition(|open| *open == own) {
            Some(position) => {
                // Formatting elements outlive the elements that they were opened in, so only their own end counts.
                self.formatting -= usize::from(name.one_of(&FORMATTING).is_some() && self.formatting > 0);
                self.open.truncate(position);
                self.at += length;
            }
            // An end without a start is passed over, or makes an empty paragraph, as `</p>` does.
            None => self.leave_out(length),
        }
    }

    /// Length from the start of this tag to the end of its end tag, if that comes.
    fn length_with_content(&mut self, tag: &Tag<'_>, name: &'static str) -> Option<usize> {
        if tag.attributes.ends_with('/') && matches!(name, "svg" | "math") || self.ends.missing.contains(&name) {
            return None;
        }
        let rest = &self.html.as_bytes()[self.at + tag.length..];
        let mut from = 0;
        while let Some(found) = memmem::find(&rest[from..], b"</") {
            let at = from + found + 2;
            let after = rest.get(at..at + name.len());
            let closed = rest.get(at + name.len()).is_none_or(|b| !b.is_ascii_alphanumeric());
            if after.is_some_and(|after| after.eq_ignore_ascii_case(name.as_bytes())) && closed {
                let end = memchr(b'>', &rest[at..])?;
                return Some(tag.length + at + end + 1);
            }
            from = at;
        }
        self.ends.missing.push(name);
        None
    }
}

/// A tag's name, compared without regard to case.
#[derive(Clone, Copy)]
struct Name<'a>(&'a str);

impl<'a> Name<'a> {
    fn new(name: &'a str) -> Self {
        Self(name)
    }

    fn is(self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }

    fn one_of(self, names: &[&'static str]) -> Option<&'static str> {
        names.iter().copied().find(|name| self.is(name))
    }

    /// The first eight letters: enough to tell the elements of HTML apart for a count.
    fn key(self) -> u64 {
        self.0.bytes().take(8).fold(0, |key, byte| key << 8 | u64::from(byte.to_ascii_lowercase()))
    }
}

/// Cuts the tag at the start of the text, quotes respected as a tokenizer of HTML does.
fn cut(text: &str) -> Option<Tag<'_>> {
    let bytes = text.as_bytes();
    let is_end = bytes.get(1) == Some(&b'/');
    let start = 1 + usize::from(is_end);
    let name_end = start + bytes[start..].iter().position(|b| b.is_ascii_whitespace() || matches!(b, b'>' | b'/'))?;
    let (mut at, mut attributes, mut quote) = (name_end, 0_usize, None);
    let mut after_equals = false;
    loop {
        let byte = *bytes.get(at)?;
        if at > MAX_TAG {
            // Its quotes may be broken: what follows them is not part of the tag.
            let end = memchr(b'>', bytes)?;
            return Some(Tag { name: &text[start..name_end], is_end, attributes: "", length: end + 1, too_much: true });
        }
        match (byte, quote) {
            (b'>', None) => break,
            (_, Some(open)) if byte == open => quote = None,
            (_, Some(_)) => {}
            (b'"' | b'\'', None) if after_equals => quote = Some(byte),
            (b'=', None) => attributes += 1,
            (b' ' | b'\t' | b'\n' | b'\r' | b'/', None) if !after_equals => {
                attributes += usize::from(bytes.get(at + 1).is_some_and(u8::is_ascii_alphabetic))
            }
            _ => {}
        }
        after_equals = quote.is_none() && (byte == b'=' || after_equals && byte.is_ascii_whitespace());
        at += 1;
    }
    let length = at + 1;
    // `name = value` was counted twice, once for the name.
    let too_much = length > MAX_TAG || attributes > 2 * MAX_ATTRIBUTES;
    Some(Tag { name: &text[start..name_end], is_end, attributes: &text[name_end..at], length, too_much })
}

/// An image that nobody is to see: one pixel wide and high, or hidden.
fn is_invisible(attributes: &str) -> bool {
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
    let compact = || lower.replace([' ', '\t', '\n'], "");
    lower.contains("style") && compact().contains("display:none")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_order_is_not_copied() {
        for html in
            ["<p>a <b>b</b></p><ul><li>x<li>y</ul><img src=x width=10>", "1 < 2", "plain", "<p>".repeat(1000).as_str()]
        {
            assert!(matches!(fragment(html), Cow::Borrowed(_)), "{html}");
        }
    }

    #[test]
    fn depth_is_cut_and_the_text_kept() {
        let html = format!("{}text{}", "<div>".repeat(1000), "</div>".repeat(1000));
        let tidied = fragment(&html);
        assert_eq!(tidied.matches("<div>").count(), MAX_DEPTH);
        assert!(tidied.contains("text"));
    }

    #[test]
    fn tags_without_an_end_lose_only_themselves() {
        assert_eq!(fragment("a <b"), "a b");
        assert_eq!(fragment("a<iframe src=x>b"), "ab");
        assert_eq!(fragment("a<script>b</SCRIPT >c"), "ac");
    }
}
