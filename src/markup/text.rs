//! How does this HTML read as plain text? One line a block, references resolved.

use memchr::{memchr, memmem};

use super::tag;

/// Elements whose text is not read.
const SILENT: [&str; 5] = ["script", "style", "noscript", "template", "title"];
/// Elements that stand within a line; all others begin and end one.
const INLINE: [&str; 31] = [
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "img",
    "ins", "kbd", "mark", "q", "rp", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "u", "wbr",
];

/// The text of some HTML: blocks on lines of their own, blanks run together, nothing at the ends.
pub fn plain(html: &str) -> String {
    let mut out = Writer { out: String::with_capacity(html.len()), ..Writer::default() };
    let mut rest = html;
    loop {
        let Some(at) = memchr(b'<', rest.as_bytes()) else {
            out.text(rest);
            break;
        };
        out.text(&rest[..at]);
        rest = &rest[at..];
        let consumed = markup(rest, &mut out);
        rest = &rest[consumed..];
    }
    out.out
}

/// A title or a name as one line of text: tags and references resolved where it is markup.
pub fn line(text: &str, html: bool) -> String {
    let text = if html { plain(text) } else { text.to_owned() };
    let text: String = text.chars().filter(|c| !is_unprintable(*c)).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text as HTML: every character stands for itself, an empty line ends a paragraph.
pub fn to_html(text: &str) -> String {
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    if !text.contains('\n') {
        return escape(text.trim());
    }
    let paragraphs = text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty());
    paragraphs.map(|paragraph| format!("<p>{}</p>", escape(paragraph).replace('\n', "<br>"))).collect()
}

/// Control characters, and those that turn the direction of the text around them (they can disguise a name).
fn is_unprintable(c: char) -> bool {
    (c.is_control() && !c.is_whitespace())
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[derive(PartialEq, Clone, Copy, Default)]
enum Pending {
    #[default]
    None,
    Blank,
    Line,
}

#[derive(Default)]
struct Writer {
    out: String,
    pending: Pending,
    /// Silent elements whose ends do not come any more, and whether no tag ends any more: no search is done twice.
    missing: Vec<&'static str>,
    no_tag_ends: bool,
}

impl Writer {
    fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let decoded = match memchr(b'&', text.as_bytes()) {
            Some(_) => html_escape::decode_html_entities(text),
            None => text.into(),
        };
        for (i, word) in decoded.split([' ', '\t', '\r', '\n', '\u{c}']).enumerate() {
            if i > 0 {
                self.ask(Pending::Blank);
            }
            if !word.is_empty() {
                self.flush();
                self.out.push_str(word);
            }
        }
    }

    fn ask(&mut self, pending: Pending) {
        if self.pending != Pending::Line {
            self.pending = pending;
        }
    }

    fn flush(&mut self) {
        if !self.out.is_empty() {
            match self.pending {
                Pending::None => {}
                Pending::Blank => self.out.push(' '),
                Pending::Line => self.out.push('\n'),
            }
        }
        self.pending = Pending::None;
    }
}

/// Passes over the markup at the start of `rest`; returns its length.
fn markup(rest: &str, out: &mut Writer) -> usize {
    let bytes = rest.as_bytes();
    if rest.starts_with("<!--") {
        return memmem::find(bytes, b"-->").map_or(bytes.len(), |end| end + 3);
    }
    if matches!(bytes.get(1), Some(b'!' | b'?')) {
        return memchr(b'>', bytes).map_or(bytes.len(), |end| end + 1);
    }
    let is_tag = !out.no_tag_ends && bytes.get(1).is_some_and(|b| b.is_ascii_alphabetic() || *b == b'/');
    let tag = is_tag.then(|| tag::cut(rest)).flatten();
    let Some(tag) = tag else {
        out.no_tag_ends |= is_tag;
        out.text("<");
        return 1;
    };
    let silent = SILENT.iter().find(|name| !tag.is_end && name.eq_ignore_ascii_case(tag.name));
    if let Some(name) = silent.filter(|name| !out.missing.contains(name)) {
        match tag::content_end(&bytes[tag.length..], name) {
            Some(end) => return tag.length + end,
            None => out.missing.push(name),
        }
    }
    if !INLINE.iter().any(|name| name.eq_ignore_ascii_case(tag.name)) {
        out.pending = Pending::Line;
    }
    tag.length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_lines() {
        let check = |given: &str, expected: &str| assert_eq!(plain(given), expected, "{given}");
        check("<p>One <b>bold</b>\n word.</p><p>Two</p>", "One bold word.\nTwo");
        check("a<br>b<br/>c", "a\nb\nc");
        check("<ul><li>a</li><li>b</li></ul>", "a\nb");
        check("a &amp; b &lt;c&gt; &hellip;", "a & b <c> …");
        check("1 < 2", "1 < 2");
        check("a<script>x<y</script>b", "ab");
        check("<a href=\"x>y\">link</a>", "link");
        check("  ", "");
        check("x<!-- y -->z", "xz");
        check("a <b", "a <b");
        check("a<script>b", "a\nb");
    }

    #[test]
    fn no_input_makes_it_quadratic() {
        for piece in ["<script>", "<a ", "<a '", "<!--", "</", "<style></script>", "<a b=\"", "&", "&lt"] {
            assert!(plain(&piece.repeat(200_000)).len() <= piece.len() * 400_000, "{piece}");
        }
    }

    #[test]
    fn names_are_one_line_of_text() {
        assert_eq!(line("a <i>b</i>\n\u{202e}c\u{7}", true), "a b c");
        assert_eq!(line("a <i>b", false), "a <i>b");
    }

    #[test]
    fn text_becomes_html() {
        assert_eq!(to_html("a < b"), "a &lt; b");
        assert_eq!(to_html("a\nb\n\nc & d"), "<p>a<br>b</p><p>c &amp; d</p>");
    }
}
