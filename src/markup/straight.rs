//! Does this HTML need a tree at all? Where every element is ended by its own tag, what a tree builder and a
//! serializer make of it can be read off the tags, in one pass at ten times their speed.
//!
//! This is no second opinion on what is safe: for a text that it takes it gives, to the letter, what ammonia gives as
//! `html` sets it up (a property and the corpora compare the two), and it takes only what is beyond doubt: elements
//! that nest as the HTML standard has them nest without moving any of them (§13.2.6.4.7), attributes in quotes,
//! `http` and `https` addresses with plain hosts. At the first doubt it gives up, and ammonia does all of the text.

use memchr::{memchr, memchr2, memchr3};
use url::Url;

use super::tag::{self, Tag};

/// How an element nests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Text and other elements go on around it.
    Inline,
    /// Stands in no paragraph: its start would end one.
    Block,
    Paragraph,
    /// A block in which no other heading stands.
    Heading,
    /// An item of a list, with the parents in which its start ends no other.
    Item(&'static [&'static str]),
    Void,
    /// A void block.
    Rule,
}

/// The element of that name, in lower case, if it is among those taken.
fn known(name: &str) -> Option<(&'static str, Kind)> {
    const KNOWN: [(&str, Kind); 65] = [
        ("p", Kind::Paragraph),
        ("a", Kind::Inline),
        ("em", Kind::Inline),
        ("strong", Kind::Inline),
        ("br", Kind::Void),
        ("span", Kind::Inline),
        ("img", Kind::Void),
        ("li", Kind::Item(&["ul", "ol"])),
        ("b", Kind::Inline),
        ("i", Kind::Inline),
        ("div", Kind::Block),
        ("figure", Kind::Block),
        ("figcaption", Kind::Block),
        ("picture", Kind::Inline),
        ("source", Kind::Void),
        ("ul", Kind::Block),
        ("ol", Kind::Block),
        ("blockquote", Kind::Block),
        ("h1", Kind::Heading),
        ("h2", Kind::Heading),
        ("h3", Kind::Heading),
        ("h4", Kind::Heading),
        ("h5", Kind::Heading),
        ("h6", Kind::Heading),
        ("hr", Kind::Rule),
        ("sup", Kind::Inline),
        ("sub", Kind::Inline),
        ("code", Kind::Inline),
        ("u", Kind::Inline),
        ("s", Kind::Inline),
        ("small", Kind::Inline),
        ("strike", Kind::Inline),
        ("tt", Kind::Inline),
        ("wbr", Kind::Void),
        ("article", Kind::Block),
        ("aside", Kind::Block),
        ("center", Kind::Block),
        ("details", Kind::Block),
        ("dl", Kind::Block),
        ("dt", Kind::Item(&["dl"])),
        ("dd", Kind::Item(&["dl"])),
        ("footer", Kind::Block),
        ("header", Kind::Block),
        ("hgroup", Kind::Block),
        ("main", Kind::Block),
        ("nav", Kind::Block),
        ("section", Kind::Block),
        ("summary", Kind::Block),
        ("abbr", Kind::Inline),
        ("acronym", Kind::Inline),
        ("bdi", Kind::Inline),
        ("bdo", Kind::Inline),
        ("cite", Kind::Inline),
        ("data", Kind::Inline),
        ("del", Kind::Inline),
        ("dfn", Kind::Inline),
        ("ins", Kind::Inline),
        ("kbd", Kind::Inline),
        ("mark", Kind::Inline),
        ("q", Kind::Inline),
        ("samp", Kind::Inline),
        ("time", Kind::Inline),
        ("var", Kind::Inline),
        ("audio", Kind::Inline),
        ("video", Kind::Inline),
    ];
    KNOWN.iter().find(|(known, _)| *known == name).copied()
}

/// Attributes of an element that stay; a test compares them with ammonia's.
fn stays(element: &str, attribute: &str) -> bool {
    let of_element: &[&str] = match element {
        "a" => &["href", "hreflang"],
        "img" => &["src", "alt", "width", "height", "align"],
        "source" => &["src", "type"],
        "audio" => &["src", "controls"],
        "video" => &["src", "controls", "width", "height"],
        "blockquote" | "q" => &["cite"],
        "del" | "ins" => &["cite", "datetime"],
        "ol" => &["start"],
        "hr" => &["align", "size", "width"],
        "bdo" => &["dir"],
        _ => &[],
    };
    matches!(attribute, "lang" | "title") || of_element.contains(&attribute)
}

/// Cleans a text whose tree is plain; `None` where a tree builder has to tell. Addresses that begin with `/` are made
/// absolute by `base`.
pub fn clean(html: &str, base: &Url) -> Option<String> {
    let mut pass =
        Pass { base, out: String::with_capacity(html.len()), open: Vec::new(), paragraph: false, heading: false };
    let mut rest = html;
    while let Some(at) = memchr(b'<', rest.as_bytes()) {
        pass.text(&rest[..at], false)?;
        rest = &rest[at..];
        let tag = tag::cut(rest).filter(|tag| !tag.too_much)?;
        pass.tag(&tag)?;
        rest = &rest[tag.length..];
    }
    pass.text(rest, false)?;
    // A byte order mark at the start is no text.
    (pass.open.is_empty() && !html.starts_with('\u{feff}')).then_some(pass.out)
}

struct Pass<'a> {
    base: &'a Url,
    out: String,
    open: Vec<(&'static str, Kind)>,
    paragraph: bool,
    heading: bool,
}

impl Pass<'_> {
    fn tag(&mut self, tag: &Tag<'_>) -> Option<()> {
        let (name, kind) = known(tag.name)?;
        if tag.is_end {
            // Only the innermost element may end, and only where nothing else is said.
            if !tag.attributes.is_empty() || self.open.pop() != Some((name, kind)) {
                return None;
            }
            self.paragraph &= kind != Kind::Paragraph;
            self.heading &= kind != Kind::Heading;
            self.out.extend(["</", name, ">"]);
            return Some(());
        }
        let nests = match kind {
            Kind::Inline => name != "a" || self.open.iter().all(|(open, _)| *open != "a"),
            Kind::Void => true,
            Kind::Block | Kind::Paragraph | Kind::Rule => !self.paragraph,
            Kind::Heading => !self.paragraph && !self.heading,
            Kind::Item(parents) => !self.paragraph && self.open.last().is_some_and(|(open, _)| parents.contains(open)),
        };
        if !nests {
            return None;
        }
        self.out.extend(["<", name]);
        self.attributes(name, tag.attributes)?;
        self.out.push('>');
        if !matches!(kind, Kind::Void | Kind::Rule) {
            self.open.push((name, kind));
            self.paragraph |= kind == Kind::Paragraph;
            self.heading |= kind == Kind::Heading;
        }
        Some(())
    }

    fn attributes(&mut self, element: &'static str, mut rest: &str) -> Option<()> {
        let mut kept: Vec<&str> = Vec::new();
        loop {
            let all = rest.len();
            rest = rest.trim_ascii_start();
            if rest.is_empty() || rest == "/" && matches!(known(element), Some((_, Kind::Void | Kind::Rule))) {
                return Some(());
            }
            let end = rest.bytes().position(|b| !b.is_ascii_lowercase() && b != b'-')?;
            let (name, after) = rest.split_at(end);
            let quote = *after.as_bytes().get(1)?;
            if name.is_empty() || all == rest.len() || !after.starts_with('=') || !matches!(quote, b'"' | b'\'') {
                return None;
            }
            let length = memchr(quote, &after.as_bytes()[2..])?;
            let value = &after[2..2 + length];
            rest = &after[2 + length + 1..];
            if !stays(element, name) {
                continue;
            }
            // Of two, a tokenizer drops the second.
            if kept.contains(&name) {
                return None;
            }
            kept.push(name);
            self.out.extend([" ", name, "=\""]);
            match name {
                // Ammonia joins no `cite`.
                "cite" if !is_plain_address(value) => return None,
                "href" | "src" if !is_plain_address(value) => self.text(self.joined(value)?.as_str(), true)?,
                _ => self.text(value, true)?,
            }
            self.out.push('"');
        }
    }

    /// An address on the host of the base, absolute, with its `&` written as references.
    fn joined(&self, value: &str) -> Option<String> {
        let on_host = value.starts_with('/') && !value.starts_with("//");
        if !on_host || value.contains(['&', '\\']) || !matches!(self.base.scheme(), "http" | "https") {
            return None;
        }
        self.base.join(value).ok().map(String::from)
    }

    /// A text or a value, as it is read and written again.
    fn text(&mut self, mut rest: &str, value: bool) -> Option<()> {
        // A tokenizer reads other characters in their place.
        if memchr2(b'\r', b'\0', rest.as_bytes()).is_some() {
            return None;
        }
        let special = |text: &str| match value {
            true => text.bytes().position(|b| matches!(b, b'&' | b'<' | b'>' | b'"' | 0xc2)),
            // No text between two tags has a `<`.
            false => memchr3(b'&', b'>', 0xc2, text.as_bytes()),
        };
        while let Some(at) = special(rest) {
            self.out.push_str(&rest[..at]);
            rest = &rest[at..];
            let (character, length) = match rest.chars().next()? {
                '&' => reference(rest)?,
                other => (other, other.len_utf8()),
            };
            self.push(character, value);
            rest = &rest[length..];
        }
        self.out.push_str(rest);
        Some(())
    }

    /// As the standard's serializer escapes (§13.3).
    fn push(&mut self, character: char, value: bool) {
        match character {
            '&' => self.out.push_str("&amp;"),
            '<' => self.out.push_str("&lt;"),
            '>' => self.out.push_str("&gt;"),
            '\u{a0}' => self.out.push_str("&nbsp;"),
            '"' if value => self.out.push_str("&quot;"),
            other => self.out.push(other),
        }
    }
}

/// The named references of prose: of those that feeds write, nearly all.
const NAMED: [(&str, char); 32] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", '\u{a0}'),
    ("hellip", '…'),
    ("ndash", '–'),
    ("mdash", '—'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("sbquo", '‚'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("bdquo", '„'),
    ("laquo", '«'),
    ("raquo", '»'),
    ("lsaquo", '‹'),
    ("rsaquo", '›'),
    ("bull", '•'),
    ("middot", '·'),
    ("copy", '©'),
    ("reg", '®'),
    ("trade", '™'),
    ("euro", '€'),
    ("pound", '£'),
    ("deg", '°'),
    ("times", '×'),
    ("sect", '§'),
    ("rarr", '→'),
    ("larr", '←'),
    ("shy", '\u{ad}'),
];

/// Bytes of a reference, without its `&`.
const MAX_REFERENCE: usize = 10;

/// What a reference at the start of the text stands for, and its length. An `&` before anything else but a letter, a
/// digit or `#` is itself; what is not ended by `;` may be a reference or not, and is left to a tokenizer.
fn reference(text: &str) -> Option<(char, usize)> {
    let body = &text[1..];
    if !body.starts_with(|c: char| c == '#' || c.is_ascii_alphanumeric()) {
        return Some(('&', 1));
    }
    let end = body.bytes().take(MAX_REFERENCE).position(|b| b == b';')?;
    let (name, length) = (&body[..end], end + 2);
    let Some(number) = name.strip_prefix('#') else {
        return NAMED.iter().find(|(known, _)| *known == name).map(|(_, character)| (*character, length));
    };
    let (digits, radix) = number.strip_prefix(['x', 'X']).map_or((number, 10), |digits| (digits, 16));
    let number =
        digits.bytes().all(|b| b.is_ascii_alphanumeric()).then(|| u32::from_str_radix(digits, radix).ok())??;
    // Of the rest, some stand for other characters (§13.2.5.80).
    let plain = (0x20..0x7f).contains(&number) || number >= 0xa0;
    char::from_u32(number).filter(|_| plain).map(|character| (character, length))
}

/// Whether an address is absolute, `http` or `https`, and beyond doubt valid: its host has only letters, digits, dots
/// and hyphens and is neither a number nor encoded.
fn is_plain_address(value: &str) -> bool {
    let Some(rest) = value.strip_prefix("https://").or_else(|| value.strip_prefix("http://")) else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with("xn--")
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    host.len() < 254
        && host.split('.').all(label)
        && host.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::markup::{html, tidy};

    fn base() -> Url {
        Url::parse("https://example.org/blog/post").unwrap()
    }

    fn clean(html: &str) -> Option<String> {
        super::clean(html, &base())
    }

    /// What ammonia makes of a text.
    fn slowly(html: &str) -> String {
        html::builder(&base()).clean(html).to_string()
    }

    #[test]
    fn what_is_plain_is_taken() {
        for plain in [
            "a &amp; b &lt; c &#8217; &#x2019; &hellip; &nbsp; \u{a0} \u{e9} > \" & AT&amp;T; '",
            "<p>a <b>b <i>c</i></b><br/><a href=\"https://example.org/?a=1&amp;b=2\" target=\"_blank\">d</a></p>",
            "<div class='x'><figure><a href='http://a.example'><picture><source type='image/webp' srcset='x'><img src='https://a.example/x.png' alt='\"&quot;' data-x='{&quot;y&quot;:1}'></picture></a></figure></div>",
            "<ul><li><p>a</p></li> <li>b<ol><li>c</li></ol></li></ul><hr><h2 title='>'>d</h2><blockquote>e</blockquote>",
            "<a href='/x?y=1#z'>a</a><img src='/ü \u{e9}\t.png'><a href='/..//'>b</a>",
            "<b><b><b><b>a</b></b></b></b><dl><dt>a</dt><dd>b</dd></dl>",
        ] {
            assert_eq!(clean(plain).as_deref(), Some(&*slowly(plain)), "{plain}");
        }
    }

    #[test]
    fn names_stand_for_what_they_stand_for_in_the_standard() {
        for (name, _) in NAMED {
            let html = format!("a &{name};");
            assert_eq!(clean(&html), Some(slowly(&html)));
        }
    }

    #[test]
    fn what_is_not_is_left_to_ammonia() {
        for doubtful in [
            "<p>a<p>b",
            "<b>a",
            "a</b>",
            "<b><i>a</b></i>",
            "<p><div>a</div></p>",
            "<li>a</li>",
            "<ul><b><li>a</li></b></ul>",
            "<a href='https://a.example'><i><a>b</a></i></a>",
            "<h1><h2>a</h2></h1>",
            "<table></table>",
            "<svg></svg>",
            "<script>a</script>",
            "<style>a</style>",
            "<iframe></iframe>",
            "<P>a</P>",
            "<p/>a</p>",
            "<p a=b>c</p>",
            "<img alt>",
            "<img src='javascript:x()'>",
            "<img src='//x'>",
            "<img src='/\\x'>",
            "<img src='/x&amp;y'>",
            "<img src='x'>",
            "<img src='data:x'>",
            "<img src=' https://a.example/'>",
            "<img src='https://a.example:x/'>",
            "<img src='https://1.2.3/'>",
            "<img src='https://xn--a/'>",
            "<img src='https://a.example&#47;'>",
            "<img src='https://a.example/' src='https://b.example/'>",
            "a&amp",
            "&copy=1",
            "&notit;",
            "&#0;",
            "&#128;",
            "&#xd800;",
            "a\r\nb",
            "a\0b",
            "a < b",
            "<!-- a -->",
            "<?a?>",
            "\u{feff}a",
            "</p x>",
            "<p title='a'title='b'>c</p>",
            "<p title='a' title='b'>c</p>",
            "<img alt='&amp'>",
        ] {
            assert_eq!(clean(doubtful), None, "{doubtful}");
        }
    }

    #[test]
    fn elements_and_attributes_are_those_that_ammonia_lets_through() {
        let builder = html::builder(&base());
        let (tags, of_tags, generic) =
            (builder.clone_tags(), builder.clone_tag_attributes(), builder.clone_generic_attributes());
        let attributes: Vec<&str> =
            of_tags.values().flatten().chain(&generic).copied().chain(["class", "style", "onclick"]).collect();
        let mut compared = 0;
        for tag in tags.iter().filter(|tag| known(tag).is_some()) {
            for attribute in &attributes {
                let allowed = generic.contains(attribute) || of_tags.get(tag).is_some_and(|of| of.contains(attribute));
                assert_eq!(stays(tag, attribute), allowed, "{tag} {attribute}");
            }
            compared += 1;
        }
        assert!(compared > 50, "{compared}");
        for foreign in [
            "script", "style", "iframe", "svg", "math", "form", "input", "object", "embed", "link", "meta", "base",
            "template",
        ] {
            assert_eq!(known(foreign), None, "{foreign}");
        }
    }

    /// Elements nested at random, most of them well, with what is not so well among them.
    fn pieces() -> impl Strategy<Value = String> {
        const NAMES: [&str; 24] = [
            "p",
            "a",
            "em",
            "b",
            "div",
            "ul",
            "li",
            "ol",
            "h1",
            "h2",
            "span",
            "blockquote",
            "figure",
            "picture",
            "dl",
            "dt",
            "dd",
            "i",
            "code",
            "section",
            "font",
            "table",
            "td",
            "pre",
        ];
        const PIECES: [&str; 25] = [
            "a",
            " ",
            "\n",
            "&amp;",
            "&lt;",
            "&nbsp;",
            "&#8217;",
            "&#x41;",
            "&copy;",
            "&copy",
            "&",
            "&x;",
            "\u{a0}",
            "\"",
            "'",
            ">",
            "<br>",
            "<img src=\"https://a.example/x\" alt='b'>",
            "<hr/>",
            "<img src='x'>",
            "\u{e9}",
            "<wbr>",
            "&quot;",
            "&NotEqualTilde;",
            "&nvlt;",
        ];
        const ATTRIBUTES: [&str; 12] = [
            "",
            "",
            "",
            " class=\"x\"",
            " title='a&quot;b'",
            " href=\"https://a.example/?b&amp;c\"",
            " href='https://a.example/?b&c'",
            " href='javascript:x'",
            " lang=\"it\"",
            " title='&amp;lt;'",
            " cite='x'",
            " data-x='>'",
        ];
        let leaf = prop::sample::select(&PIECES[..]).prop_map(str::to_owned);
        leaf.prop_recursive(6, 48, 5, |inner| {
            let element = (
                prop::sample::select(&NAMES[..]),
                prop::sample::select(&ATTRIBUTES[..]),
                prop::collection::vec(inner, 0..5),
                0..40_u8,
            );
            element.prop_map(|(name, attributes, within, end)| {
                let end = if end == 0 { String::new() } else { format!("</{name}>") };
                format!("<{name}{attributes}>{}{end}", within.concat())
            })
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_taken_is_what_ammonia_makes_of_it(html in prop::collection::vec(pieces(), 0..4).prop_map(|p| p.concat())) {
            if let Some(cleaned) = clean(&html) {
                prop_assert_eq!(cleaned, slowly(&html));
            }
            if let Some(tidied) = tidy::fragment(&html) && let Some(cleaned) = clean(&tidied) {
                prop_assert_eq!(cleaned, slowly(&tidied));
            }
        }

        #[test]
        fn nor_is_it_fooled_by_noise(html in "[<>/a-bp =\"'&;#x\n\u{a0}]{0,40}") {
            if let Some(cleaned) = clean(&html) {
                prop_assert_eq!(cleaned, slowly(&html));
            }
        }
    }
}
