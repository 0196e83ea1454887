//! Of which blocks is a text made? A small reader of HTML that is clean or nearly so: it never fails.

/// What a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// A paragraph, or text outside of any.
    #[default]
    Paragraph,
    /// A heading.
    Heading,
    /// An item of a list.
    Item,
    /// Inside a quotation.
    Quote,
    /// Code, preformatted.
    Code,
}

/// A link inside a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// As given.
    pub href: String,
    /// The text it stands on.
    pub anchor: String,
}

/// A block of text with its links and images.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Block {
    /// What it is.
    pub kind: Kind,
    /// Its text, white space collapsed.
    pub text: String,
    /// Its links in order.
    pub links: Vec<Link>,
    /// Addresses of its images.
    pub images: Vec<String>,
    /// Whether a rule stands before it: `<hr>`, or a line without letters.
    pub ruled: bool,
}

impl Block {
    /// Share of its characters that stand in links.
    pub fn linked(&self) -> f32 {
        let all = self.text.chars().count().max(1);
        let linked: usize = self.links.iter().map(|l| l.anchor.chars().count()).sum();
        (linked as f32 / all as f32).min(1.0)
    }
}

/// Reads HTML, or plain text with paragraphs separated by empty lines.
pub fn blocks(source: &str) -> Vec<Block> {
    let mut reader = Reader::default();
    let is_markup = looks_like_markup(source);
    if is_markup {
        reader.markup(source);
    } else {
        for paragraph in source.split("\n\n") {
            reader.text(paragraph);
            reader.end_block();
        }
    }
    reader.end_block();
    reader.out
}

fn looks_like_markup(source: &str) -> bool {
    let mut rest = source;
    while let Some(at) = rest.find('<') {
        let after = &rest[at + 1..];
        let name = after.trim_start_matches('/');
        if name.starts_with(|c: char| c.is_ascii_alphabetic()) && after.contains('>') {
            return true;
        }
        rest = after;
    }
    false
}

#[derive(Default)]
struct Reader {
    out: Vec<Block>,
    block: Block,
    /// The open link: its address and where its text begins in the block.
    link: Option<(String, usize)>,
    item_depth: u32,
    quote_depth: u32,
    code_depth: u32,
    heading: bool,
    /// A rule was read after the last block.
    ruled: bool,
}

/// Elements whose content is no text.
const SILENT: [&str; 9] = ["script", "style", "noscript", "svg", "math", "template", "iframe", "head", "button"];
const BREAKING: [&str; 28] = [
    "p",
    "div",
    "section",
    "article",
    "ul",
    "ol",
    "li",
    "dl",
    "dt",
    "dd",
    "table",
    "tr",
    "td",
    "th",
    "blockquote",
    "pre",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "figure",
    "figcaption",
    "aside",
    "header",
    "footer",
];

impl Reader {
    fn markup(&mut self, source: &str) {
        let mut rest = source;
        while let Some(at) = rest.find('<') {
            self.text(&rest[..at]);
            let tail = &rest[at..];
            if let Some(comment) = tail.strip_prefix("<!--") {
                rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
                continue;
            }
            let is_tag = tail[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!' || c == '?');
            let Some(end) = tag_end(tail).filter(|_| is_tag) else {
                self.text("<");
                rest = &tail[1..];
                continue;
            };
            let tag = &tail[1..end];
            rest = &tail[end + 1..];
            let name: String = tag
                .trim_start_matches('/')
                .chars()
                .take_while(char::is_ascii_alphanumeric)
                .collect::<String>()
                .to_ascii_lowercase();
            if !tag.starts_with('/') && SILENT.contains(&name.as_str()) && !tag.ends_with('/') {
                rest = after_closing(rest, &name);
                continue;
            }
            self.tag(&name, tag);
        }
        self.text(rest);
    }

    fn tag(&mut self, name: &str, tag: &str) {
        let closing = tag.starts_with('/');
        if BREAKING.contains(&name) {
            self.end_block();
        }
        let step = |depth: &mut u32| *depth = if closing { depth.saturating_sub(1) } else { *depth + 1 };
        match name {
            "li" | "dd" | "dt" => step(&mut self.item_depth),
            "blockquote" => step(&mut self.quote_depth),
            "pre" => step(&mut self.code_depth),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.heading = !closing,
            "hr" => self.ruled = true,
            "br" => self.line_break(),
            "a" if closing => self.end_link(),
            "a" => {
                self.end_link();
                if let Some(href) = attribute(tag, "href") {
                    self.link = Some((href, self.block.text.len()));
                }
            }
            "img" => self.block.images.extend(attribute(tag, "src").filter(|s| !s.starts_with("data:"))),
            _ => {}
        }
    }

    fn line_break(&mut self) {
        // Two in a row are how many a blog writes its paragraphs.
        if self.block.text.ends_with('\n') {
            self.end_block();
        } else if !self.block.text.is_empty() {
            self.block.text.truncate(self.block.text.trim_end_matches(' ').len());
            self.block.text.push('\n');
        }
    }

    fn text(&mut self, raw: &str) {
        if raw.is_empty() {
            return;
        }
        let raw = unescape(raw);
        for c in raw.chars() {
            if c.is_whitespace() {
                if !self.block.text.is_empty() && !self.block.text.ends_with([' ', '\n']) {
                    self.block.text.push(' ');
                }
            } else if !matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}') {
                self.block.text.push(c);
            }
        }
    }

    fn end_link(&mut self) {
        if let Some((href, start)) = self.link.take() {
            let anchor = self.block.text.get(start..).unwrap_or_default().trim().to_owned();
            self.block.links.push(Link { href, anchor });
        }
    }

    fn end_block(&mut self) {
        let open = self.link.as_ref().map(|(href, _)| href.clone());
        self.end_link();
        let mut block = std::mem::take(&mut self.block);
        self.link = open.map(|href| (href, 0));
        block.text.truncate(block.text.trim_end().len());
        block.kind = match () {
            () if self.code_depth > 0 => Kind::Code,
            () if self.heading => Kind::Heading,
            () if self.quote_depth > 0 => Kind::Quote,
            () if self.item_depth > 0 => Kind::Item,
            () => Kind::Paragraph,
        };
        if is_rule(&block.text) {
            block.text.clear();
            self.ruled = true;
        }
        if !block.text.is_empty() || !block.images.is_empty() || !block.links.is_empty() {
            block.ruled = std::mem::take(&mut self.ruled);
            self.out.push(block);
        }
    }
}

/// Whether a line is drawn with characters: `* * *`, `———`.
fn is_rule(text: &str) -> bool {
    text.chars().filter(|c| matches!(c, '*' | '-' | '_' | '=' | '~' | '–' | '—' | '―' | '•' | '⁂' | '#')).count() >= 3
        && !text.chars().any(char::is_alphanumeric)
}

/// Where the tag that begins at 0 ends: the first `>` outside of quotation marks.
fn tag_end(tail: &str) -> Option<usize> {
    let mut quote = 0_u8;
    for (i, b) in tail.bytes().enumerate().take(20_000) {
        match (quote, b) {
            (0, b'>') => return Some(i),
            (0, b'"' | b'\'') => quote = b,
            (q, b) if q == b => quote = 0,
            _ => {}
        }
    }
    // A stray quotation mark: the plain reading.
    tail.find('>')
}

fn after_closing<'a>(rest: &'a str, name: &str) -> &'a str {
    let mut from = 0;
    while let Some(at) = rest[from..].find("</") {
        let tail = &rest[from + at + 2..];
        if tail.get(..name.len()).is_some_and(|n| n.eq_ignore_ascii_case(name)) {
            return tail.find('>').map_or("", |end| &tail[end + 1..]);
        }
        from += at + 2;
    }
    ""
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let mut rest = tag;
    while let Some(at) = rest.to_ascii_lowercase().find(name) {
        let before_ok = rest[..at].ends_with(|c: char| c.is_whitespace() || c == '"' || c == '\'');
        let tail = rest[at + name.len()..].trim_start();
        if let Some(value) = tail.strip_prefix('=').filter(|_| before_ok) {
            let value = value.trim_start();
            let value = match value.chars().next() {
                Some(q @ ('"' | '\'')) => value[1..].split(q).next().unwrap_or_default(),
                _ => value.split(|c: char| c.is_whitespace() || c == '>').next().unwrap_or_default(),
            };
            return Some(unescape(value.trim())).filter(|v| !v.is_empty());
        }
        rest = &rest[at + name.len()..];
    }
    None
}

/// Resolves numeric references and the named ones that are met in bodies.
pub fn unescape(raw: &str) -> String {
    if !raw.contains('&') {
        return raw.to_owned();
    }
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let tail = &rest[at + 1..];
        let end = tail.bytes().take(10).position(|b| b == b';');
        match end.and_then(|end| entity(&tail[..end]).map(|c| (c, end))) {
            Some((c, end)) => {
                out.push(c);
                rest = &tail[end + 1..];
            }
            None => {
                out.push('&');
                rest = tail;
            }
        }
    }
    out.push_str(rest);
    out
}

fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        return char::from_u32(code.ok()?);
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "ndash" => '–',
        "mdash" => '—',
        "hellip" => '…',
        "lsquo" => '‘',
        "rsquo" => '’',
        "ldquo" => '“',
        "rdquo" => '”',
        "laquo" => '«',
        "raquo" => '»',
        "agrave" => 'à',
        "egrave" => 'è',
        "eacute" => 'é',
        "igrave" => 'ì',
        "ograve" => 'ò',
        "ugrave" => 'ù',
        "ccedil" => 'ç',
        "auml" => 'ä',
        "ouml" => 'ö',
        "uuml" => 'ü',
        "szlig" => 'ß',
        "aacute" => 'á',
        "iacute" => 'í',
        "oacute" => 'ó',
        "uacute" => 'ú',
        "ntilde" => 'ñ',
        "ecirc" => 'ê',
        "acirc" => 'â',
        "ocirc" => 'ô',
        "atilde" => 'ã',
        "otilde" => 'õ',
        "aring" => 'å',
        "oslash" => 'ø',
        "aelig" => 'æ',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(html: &str) -> Vec<(Kind, String)> {
        blocks(html).into_iter().map(|b| (b.kind, b.text)).collect()
    }

    #[test]
    fn blocks_links_and_entities_are_read_and_broken_markup_survives() {
        let read =
            blocks("<p>Hi <a href='https://a.example/x?a=1&amp;b=2'>there &amp; here</a>!<p>2 < 3 <img src=i.png>");
        assert_eq!(read.len(), 2);
        assert_eq!(read[0].text, "Hi there & here!");
        assert_eq!(read[0].links, [Link { href: "https://a.example/x?a=1&b=2".into(), anchor: "there & here".into() }]);
        assert_eq!(read[1].text, "2 < 3");
        assert_eq!(read[1].images, ["i.png"]);
    }

    #[test]
    fn rules_are_no_text_and_are_told_of_what_follows() {
        let ruled = |html: &str| blocks(html).into_iter().map(|b| (b.text, b.ruled)).collect::<Vec<_>>();
        let expected = [("one".to_owned(), false), ("two".to_owned(), true), ("three".to_owned(), false)];
        assert_eq!(ruled("<p>one</p><hr/><p>two<p>three"), expected);
        assert_eq!(ruled("<p>one</p><p>* * *</p><p>two</p><p>three</p>"), expected);
        assert_eq!(ruled("<p>— ?</p>"), [("— ?".to_owned(), false)]);
    }

    #[test]
    fn kinds_are_told_apart() {
        let html = "<h2>Head</h2><ul><li>one<li>two</ul><blockquote><p>said</p></blockquote>tail<br><br>end<script>no</script>";
        let expected = [
            (Kind::Heading, "Head"),
            (Kind::Item, "one"),
            (Kind::Item, "two"),
            (Kind::Quote, "said"),
            (Kind::Paragraph, "tail"),
            (Kind::Paragraph, "end"),
        ];
        let read = texts(html);
        // An unclosed item keeps what follows an item too; that costs nothing.
        assert_eq!(read.iter().map(|(_, t)| t.as_str()).collect::<Vec<_>>(), expected.map(|(_, t)| t));
        assert_eq!(
            read[..4].iter().map(|(k, _)| *k).collect::<Vec<_>>(),
            expected[..4].iter().map(|(k, _)| *k).collect::<Vec<_>>()
        );
    }

    #[test]
    fn plain_text_has_paragraphs_too() {
        assert_eq!(texts("one\ntwo\n\nthree < four").len(), 2);
    }
}
