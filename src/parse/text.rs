//! What does a text construct say, and is it markup? RFC 4287 §3.1 where a type is given, else what it looks like.

use crate::model::{Language, Text};

use super::entities;
use super::namespace::Ns;
use super::tree::{Element, Id, Node, Tree};

/// What to take an untyped text for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Untyped {
    /// Text, unless it holds tags of HTML or references: titles of RSS.
    Line,
    /// Markup, if there is a `<` or `&` in it: bodies of RSS.
    Body,
    /// Text: Atom says so.
    Text,
}

/// Reads the text construct at `id`.
pub fn read(tree: &Tree<'_>, id: Id, untyped: Untyped) -> Text {
    let Some(element) = tree.element(id) else { return Text::default() };
    let base = tree.base(element).filter(|base| Some(*base) != document_base(tree)).cloned();
    let language = tree.language(element).and_then(Language::parse);
    let declared = element.attribute("type").map(str::to_ascii_lowercase);
    let declared = declared.as_deref().map(str::trim).filter(|kind| !kind.is_empty());
    let mode = element.attribute("mode").map(str::to_ascii_lowercase);
    let has_elements = tree.children(id).next().is_some();
    if has_elements {
        return Text { value: markup(tree, id, element), html: true, base, language };
    }
    let text = tree.text(id);
    if (mode.as_deref() == Some("base64") || declared.is_some_and(is_binary))
        && let Some(decoded) = base64(&text)
    {
        let html = declared.is_none_or(|kind| kind.contains("html")) && has_markup(&decoded);
        return Text { value: decoded, html, base, language };
    }
    let html = match declared {
        Some(kind) if kind.contains("html") || kind.contains("xml") => true,
        Some("text" | "text/plain" | "plain") if untyped == Untyped::Body => false,
        Some("text" | "text/plain" | "plain") => untyped == Untyped::Line && looks_like_html(&text),
        _ => match untyped {
            Untyped::Line => looks_like_html(&text),
            Untyped::Body => has_markup(&text),
            Untyped::Text => false,
        },
    };
    let value = text.trim_ascii_text().to_owned();
    Text { value, html, base, language }
}

trait TrimAsciiText {
    fn trim_ascii_text(&self) -> &str;
}

impl TrimAsciiText for str {
    /// Blanks of XML only: a no-break space can be meant.
    fn trim_ascii_text(&self) -> &str {
        self.trim_matches([' ', '\t', '\r', '\n', '\u{feff}'])
    }
}

fn document_base<'t>(tree: &'t Tree<'_>) -> Option<&'t url::Url> {
    tree.element(Tree::ROOT).and_then(|root| tree.base(root))
}

/// A media type whose content is written in base64 (RFC 4287 §4.1.3.3).
fn is_binary(kind: &str) -> bool {
    kind.contains('/') && !kind.starts_with("text/") && !kind.contains("xml") && !kind.contains("html")
}

fn has_markup(text: &str) -> bool {
    text.contains('<') || entities::has_reference(text)
}

/// Whether a text that should be plain was written in HTML: every tag in it is one of HTML's, and there is an end
/// tag, a void tag or a reference. (`a <b> c` and `List<String>` are text.)
pub fn looks_like_html(text: &str) -> bool {
    let mut sure = false;
    let mut rest = text;
    // Looked up once: a text of a megabyte of `<` is not searched for each of them.
    let after_last_end = text.len() - text.rfind('>').unwrap_or(0);
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let name = rest.strip_prefix('/').unwrap_or(rest);
        let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
        let (name, after) = name.split_at(end);
        if name.is_empty() || after.len() < after_last_end {
            continue;
        }
        let name = name.to_ascii_lowercase();
        if !TAGS.contains(&name.as_str()) {
            return false;
        }
        sure |= rest.starts_with('/') || VOID.contains(&name.as_str()) || after.starts_with("/>") || name == "script";
    }
    sure || entities::has_reference(text)
}

/// Elements without an end tag (HTML standard, "void elements").
const VOID: [&str; 13] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"];

/// Elements of HTML that occur in feeds, obsolete ones too.
const TAGS: [&str; 104] = [
    "a",
    "abbr",
    "acronym",
    "address",
    "applet",
    "area",
    "article",
    "aside",
    "audio",
    "b",
    "base",
    "bdi",
    "bdo",
    "big",
    "blink",
    "blockquote",
    "body",
    "br",
    "button",
    "canvas",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "details",
    "dfn",
    "dir",
    "div",
    "dl",
    "dt",
    "em",
    "embed",
    "fieldset",
    "figcaption",
    "figure",
    "font",
    "footer",
    "form",
    "frame",
    "frameset",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "html",
    "i",
    "iframe",
    "img",
    "input",
    "ins",
    "kbd",
    "label",
    "legend",
    "li",
    "link",
    "main",
    "map",
    "mark",
    "marquee",
    "meta",
    "nav",
    "noscript",
    "object",
    "ol",
    "option",
    "p",
    "param",
    "picture",
    "pre",
    "q",
    "s",
    "samp",
    "script",
    "section",
    "select",
    "small",
    "source",
    "span",
    "strike",
    "strong",
    "style",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "textarea",
    "th",
    "time",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "video",
];

/// Attributes that hold an address.
const ADDRESSES: [&str; 6] = ["href", "src", "cite", "poster", "action", "longdesc"];

/// The content of an element as HTML.
pub fn markup(tree: &Tree<'_>, id: Id, construct: &Element<'_>) -> String {
    let mut out = String::new();
    for &child in &construct.children {
        write(tree, child, construct, &mut out);
    }
    let _ = id;
    out
}

// Recursion is bounded by the depth of the tree.
fn write(tree: &Tree<'_>, id: Id, construct: &Element<'_>, out: &mut String) {
    let element = match tree.node(id) {
        Some(Node::Text(text)) => return escape(text, out),
        Some(Node::Element(element)) => element,
        None => return,
    };
    out.push('<');
    out.push_str(&element.name);
    let own_base = tree.base(element).filter(|base| Some(*base) != tree.base(construct));
    for (ns, name, value) in element.attributes() {
        if !matches!(ns, Ns::Core | Ns::Xhtml) {
            continue;
        }
        let absolute = own_base.filter(|_| ADDRESSES.contains(&name)).and_then(|base| base.join(value).ok());
        out.push(' ');
        out.push_str(name);
        out.push_str("=\"");
        escape(absolute.as_ref().map_or(value, |url| url.as_str()), out);
        out.push('"');
    }
    out.push('>');
    if VOID.contains(&element.name.as_ref()) && element.children.is_empty() {
        return;
    }
    for &child in &element.children {
        write(tree, child, construct, out);
    }
    out.push_str("</");
    out.push_str(&element.name);
    out.push('>');
}

/// Escapes a text for HTML.
pub fn escape(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"']) {
        out.push_str(&rest[..at]);
        out.push_str(match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            _ => "&quot;",
        });
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}

/// Decodes base64 (RFC 4648 §4) of text, blanks between the signs allowed; `None` where it is none.
fn base64(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut count) = (0_u32, 0_u32);
    for sign in text.bytes().filter(|b| !b.is_ascii_whitespace() && *b != b'=') {
        let value = match sign {
            b'A'..=b'Z' => sign - b'A',
            b'a'..=b'z' => sign - b'a' + 26,
            b'0'..=b'9' => sign - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_told_from_text() {
        let check = |given: &str, expected: bool| assert_eq!(looks_like_html(given), expected, "{given}");
        check("a <b>bold</b> title", true);
        check("one<br>two", true);
        check("AT&amp;T", true);
        check("AT&T", false);
        check("a <b> c", false);
        check("Using List<String> and </T>", false);
        check("1 < 2 > 0", false);
        check("safe<script>x", true);
        check("plain", false);
    }

    #[test]
    fn base64_is_decoded() {
        assert_eq!(base64("RXhhbXBsZSA8Yj5B\n dG9tPC9iPg==").as_deref(), Some("Example <b>Atom</b>"));
        assert_eq!(base64("no base64!"), None);
    }
}
