//! What must a tree builder never be handed? Too deep, too wide, or swallowing what follows.
//!
//! One linear pass over the tags. Where nothing is amiss, and that is nearly always, the text is handed on as it is.
//!
//! The count of open elements is that of the tree builder only as long as both agree on what an end tag ends. They
//! disagree on crossed tags (`<b><div></b>`, `<span><div></span>`), where a builder keeps the `div` open: so ends
//! that are missing are written out, and ends that a builder would pass over are left out.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter, memmem};

use super::tag::{self, Tag};

/// Elements open at once. Browsers stop at 512; articles nest to about 30.
const MAX_DEPTH: usize = 128;
/// Formatting elements open at once: html5ever opens each of them anew in every paragraph that follows.
const MAX_FORMATTING: usize = 16;
/// Tags between the rows of a table: a builder moves each before the table, and looks for the table each time.
const MAX_MISPLACED: usize = 256;
/// Bytes of a text without a tag: html5ever writes one in time that is quadratic in the `&` and no-break spaces of it.
const MAX_RUN: usize = 4 * 1024;
/// A form is left out whole up to this length: longer, it is a page whose author put all of it into a form.
const MAX_FORM: usize = 4 * 1024;

/// What is done with an element.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Its content is not for readers: left out with it where its end tag is there, else only the tag.
    WithContent(&'static str),
    /// It would swallow all that follows, or means nothing here: the tag is left out.
    TagOnly,
    Title,
    Form,
    Image,
    Void,
    /// Without `a`: its start ends one that is open.
    Formatting,
    /// Its end tag ends what is open in it, where all of that may go without an end (HTML standard §13.1.2.4).
    Block,
    Other,
}

/// The longest name below.
const MAX_NAME: usize = 10;

fn kind(name: &str) -> Kind {
    let mut lower = [0; MAX_NAME];
    let Some(lower) = lower.get_mut(..name.len()) else { return Kind::Other };
    lower.copy_from_slice(name.as_bytes());
    lower.make_ascii_lowercase();
    match &*lower {
        b"p" | b"div" | b"li" | b"ul" | b"ol" | b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" | b"blockquote"
        | b"figure" | b"figcaption" | b"td" | b"th" | b"tr" | b"table" | b"tbody" | b"thead" | b"tfoot"
        | b"caption" | b"dl" | b"dt" | b"dd" | b"pre" | b"section" | b"article" | b"aside" | b"header" | b"footer"
        | b"main" | b"nav" | b"center" | b"details" | b"summary" | b"address" | b"fieldset" => Kind::Block,
        b"b" | b"i" | b"em" | b"strong" | b"u" | b"s" | b"code" | b"small" | b"big" | b"font" | b"nobr" | b"strike"
        | b"tt" => Kind::Formatting,
        b"img" => Kind::Image,
        b"br" | b"hr" | b"source" | b"wbr" | b"link" | b"meta" | b"base" | b"area" | b"col" | b"embed" | b"param"
        | b"track" | b"image" | b"bgsound" | b"basefont" | b"keygen" => Kind::Void,
        b"form" => Kind::Form,
        b"title" => Kind::Title,
        b"script" => Kind::WithContent("script"),
        b"style" => Kind::WithContent("style"),
        b"iframe" => Kind::WithContent("iframe"),
        b"svg" => Kind::WithContent("svg"),
        b"math" => Kind::WithContent("math"),
        b"noscript" => Kind::WithContent("noscript"),
        b"textarea" => Kind::WithContent("textarea"),
        b"select" => Kind::WithContent("select"),
        b"button" => Kind::WithContent("button"),
        b"noembed" => Kind::WithContent("noembed"),
        b"noframes" => Kind::WithContent("noframes"),
        b"plaintext" | b"xmp" | b"frameset" | b"frame" | b"template" | b"input" | b"option" | b"optgroup"
        | b"listing" => Kind::TagOnly,
        _ => Kind::Other,
    }
}

/// Elements whose start ends others that are open.
fn ended_by(start: &str) -> &'static [&'static str] {
    const ENDS: [(&[&str], &[&str]); 5] = [
        (&["p"], &["p"]),
        (&["li"], &["li", "p"]),
        (&["dt", "dd"], &["dt", "dd", "p"]),
        (&["td", "th"], &["td", "th", "p"]),
        (&["tr"], &["tr", "td", "th", "p"]),
    ];
    ENDS.iter().find(|(starts, _)| one_of(start, starts)).map_or(&[], |(_, ended)| ended)
}

fn one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Elements whose end tag may be missing.
const ENDLESS: [&str; 13] =
    ["p", "li", "td", "th", "tr", "tbody", "thead", "tfoot", "dt", "dd", "colgroup", "rp", "rt"];
/// Elements that stand in the rows of a table, or hold them: their ends reach out of a cell.
const TABLE: [&str; 9] = ["table", "tbody", "thead", "tfoot", "tr", "td", "th", "caption", "colgroup"];

/// Tags left out for their depth, links in links, crossed tags and `&` that begin nothing, from which on a document is
/// no document any more: 100,000 levels are an attack. Each costs a tree builder far more than what is in order.
const MAX_AMISS: usize = 10_000;

/// Hands on the text of an entry, or a copy without what is in the way; `None` where it is nested beyond all sense.
pub fn fragment(html: &str) -> Option<Cow<'_, str>> {
    tidy(html, false)
}

/// The same for a whole page: its title is kept, and forms of any length keep their content (some sites put all of
/// a page into one).
pub fn page(html: &str) -> Option<Cow<'_, str>> {
    tidy(html, true)
}

fn tidy(html: &str, whole_page: bool) -> Option<Cow<'_, str>> {
    let mut pass = Pass {
        html,
        whole_page,
        at: 0,
        copied: 0,
        out: None,
        open: Vec::new(),
        formatting: 0,
        misplaced: 0,
        amiss: 0,
        run: 0,
        ends: Ends::default(),
        next_end: None,
    };
    while let Some(found) = memchr(b'<', &html.as_bytes()[pass.at..]) {
        pass.text(found);
        pass.markup();
        if pass.amiss > MAX_AMISS {
            return None;
        }
    }
    pass.text(html.len() - pass.at);
    if pass.amiss > MAX_AMISS {
        return None;
    }
    Some(match pass.out {
        None => Cow::Borrowed(html),
        Some(mut out) => {
            out.push_str(&html[pass.copied..]);
            Cow::Owned(out)
        }
    })
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
    /// Names of the open elements.
    open: Vec<&'a str>,
    formatting: usize,
    misplaced: usize,
    /// What was amiss so far.
    amiss: usize,
    /// Bytes of text since the last tag.
    run: usize,
    ends: Ends,
    /// Where the next `>` stands (the length of the text: nowhere), looked up once for all tags before it.
    next_end: Option<usize>,
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
        tag::cut(&self.html[self.at..])
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

    /// Passes over a text, and lets a line break in a long one: that makes two texts of it.
    fn text(&mut self, length: usize) {
        let end = self.at + length;
        let bytes = &self.html.as_bytes()[self.at..end];
        let begins_nothing = |at: &usize| !bytes.get(at + 1).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'#');
        self.amiss += memchr_iter(b'&', bytes).filter(begins_nothing).count();
        while self.run + (end - self.at) > MAX_RUN {
            let rest = &self.html[self.at..end];
            let from = rest.floor_char_boundary(MAX_RUN.saturating_sub(self.run));
            // Not inside of a reference, nor of a word.
            let window = &rest[from..rest.floor_char_boundary(from + MAX_RUN)];
            let place = window.find([' ', '\n', '&']).unwrap_or(window.len());
            self.at += from + place;
            if self.at == end {
                break;
            }
            self.leave_out(0);
            self.out.get_or_insert_default().push_str("<wbr>");
            self.run = 0;
        }
        self.run += end - self.at;
        self.at = end;
    }

    /// Keeps a tag.
    fn keep(&mut self, name: &str, length: usize) {
        self.at += length;
        // A builder passes over parts of a table that stand outside of one: they end no text.
        if !one_of(name, &TABLE) && !one_of(name, &["html", "head", "body"]) {
            self.run = 0;
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
        let kind = kind(tag.name);
        match kind {
            Kind::Title | Kind::Form if self.whole_page => self.at += tag.length,
            Kind::WithContent(name) => self.leave_out_whole(tag, name, usize::MAX),
            Kind::Title => self.leave_out_whole(tag, "title", usize::MAX),
            Kind::Form => self.leave_out_whole(tag, "form", MAX_FORM),
            Kind::TagOnly => self.leave_out(tag.length),
            Kind::Image if !tag.is_end && tag::is_invisible(tag.attributes) => self.leave_out(tag.length),
            _ if tag.is_end && !matches!(kind, Kind::Void | Kind::Image) => self.end(tag.name, kind, tag.length),
            Kind::Void | Kind::Image if self.is_misplaced(tag.name) => self.leave_out(tag.length),
            Kind::Void | Kind::Image => self.keep(tag.name, tag.length),
            _ => self.start(tag.name, kind, tag.length),
        }
    }

    /// Leaves out an element with its content, if that has an end and is not longer than `most`; else its tag.
    fn leave_out_whole(&mut self, tag: &Tag<'_>, name: &'static str, most: usize) {
        let whole = if tag.is_end { None } else { self.length_with_content(tag, name) };
        self.leave_out(whole.filter(|length| *length <= most).unwrap_or(tag.length));
    }

    /// Whether this is one tag too many in a table and in none of its cells.
    fn is_misplaced(&mut self, name: &str) -> bool {
        let in_table = self.open.last().is_some_and(|last| one_of(last, &["table", "tbody", "thead", "tfoot", "tr"]));
        if !in_table || one_of(name, &TABLE) || name.eq_ignore_ascii_case("col") {
            return false;
        }
        self.misplaced += 1;
        self.misplaced > MAX_MISPLACED
    }

    fn start(&mut self, name: &'a str, kind: Kind, length: usize) {
        let is_open = |open: &&str| open.eq_ignore_ascii_case(name);
        if name.eq_ignore_ascii_case("a")
            && let Some(position) = self.open.iter().rposition(is_open)
        {
            self.open.remove(position);
            self.amiss += 1;
        }
        if kind == Kind::Block {
            let ended = ended_by(name);
            while self.open.last().is_some_and(|last| one_of(last, ended)) {
                self.open.pop();
            }
        }
        let formatting = kind == Kind::Formatting;
        if self.open.len() >= MAX_DEPTH || formatting && self.formatting >= MAX_FORMATTING {
            self.amiss += 1;
            return self.leave_out(length);
        }
        if self.is_misplaced(name) {
            return self.leave_out(length);
        }
        self.formatting += usize::from(formatting);
        self.open.push(name);
        self.keep(name, length);
    }

    fn end(&mut self, name: &str, kind: Kind, length: usize) {
        // An end without a start is passed over, or makes an empty paragraph, as `</p>` does.
        let Some(position) = self.ended(name) else { return self.leave_out(length) };
        if position + 1 == self.open.len() {
            self.open.pop();
            self.formatting -= usize::from(kind == Kind::Formatting);
            return self.keep(name, length);
        }
        let implied = kind == Kind::Block && self.open[position + 1..].iter().all(|open| one_of(open, &ENDLESS));
        let mut ends = String::new();
        for open in self.open.drain(position..).rev() {
            self.formatting -= usize::from(self::kind(open) == Kind::Formatting);
            ends.push_str(&format!("</{open}>"));
        }
        if !implied {
            self.amiss += 1;
            self.leave_out(0);
            self.out.get_or_insert_default().push_str(&ends);
            self.copied += length;
        }
        self.keep(name, length);
    }

    /// Which open element an end tag ends: out of a cell, only a part of its table.
    fn ended(&self, name: &str) -> Option<usize> {
        for (position, open) in self.open.iter().enumerate().rev() {
            if open.eq_ignore_ascii_case(name) {
                return Some(position);
            }
            let is_wall =
                open.eq_ignore_ascii_case("table") || one_of(open, &["td", "th", "caption"]) && !one_of(name, &TABLE);
            if is_wall {
                return None;
            }
        }
        None
    }

    /// Length from the start of this tag to the end of its end tag, if that comes.
    fn length_with_content(&mut self, tag: &Tag<'_>, name: &'static str) -> Option<usize> {
        if tag.attributes.ends_with('/') && matches!(name, "svg" | "math") || self.ends.missing.contains(&name) {
            return None;
        }
        let rest = &self.html.as_bytes()[self.at + tag.length..];
        if let Some(end) = tag::content_end(rest, name) {
            return Some(tag.length + end);
        }
        self.ends.missing.push(name);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fragment(html: &str) -> Cow<'_, str> {
        super::fragment(html).unwrap()
    }

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

    #[test]
    fn what_is_nested_beyond_all_sense_is_refused() {
        assert!(super::fragment(&"<div>".repeat(100_000)).is_none());
        assert!(page(&"<i><p>".repeat(100_000)).is_none());
        assert!(page(&"<a>".repeat(100_000)).is_none());
        assert!(super::fragment(&"<b><div></b>".repeat(100_000)).is_none());
        assert!(super::fragment(&"&".repeat(100_000)).is_none());
        assert!(super::fragment(&"&amp; &#1084; <a>b</a> ".repeat(100_000)).is_some());
    }

    #[test]
    fn a_long_text_is_broken_between_words() {
        let html = "a&amp;b ".repeat(2_000);
        assert_eq!(fragment(&html).replace("<wbr>", ""), html);
        assert!(fragment(&html).split("<wbr>").all(|run| run.len() <= MAX_RUN + 10));
        assert_eq!(fragment(&"é&amp;".repeat(2_000)).replace("<wbr>", ""), "é&amp;".repeat(2_000));
    }

    #[test]
    fn crossed_tags_are_put_in_order() {
        assert_eq!(fragment("<b><div>a</b>b"), "<b><div>a</div></b>b");
        assert_eq!(fragment("<span><p>a</span>b"), "<span><p>a</p></span>b");
        assert_eq!(fragment("<div><p>a</div>b"), "<div><p>a</div>b");
        assert_eq!(fragment("<div><table><tr><td>a</div>b"), "<div><table><tr><td>ab");
        assert_eq!(fragment("<table><tr><td>a<td>b</table>c"), "<table><tr><td>a<td>b</table>c");
    }
}
