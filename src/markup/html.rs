//! Is this HTML fit to be shown in a stranger's browser? Cleaned with ammonia, behind a cap on what it must build.
//!
//! html5ever is quadratic in the depth of the tree, in the number of attributes of a tag and in formatting elements
//! left open, so `tidy` bounds all three before ammonia sees the text. Ammonia alone decides what is safe: nothing
//! that `tidy` lets through is trusted.

use std::cell::RefCell;

use ammonia::{Builder, UrlRelative};
use url::Url;

use super::{straight, text, tidy};

/// Bytes of one text. The longest post of the corpora has 400 KB; a feed of 16 MiB may hold one text.
const MAX_BYTES: usize = 4 * 1024 * 1024;

thread_local! {
    /// The builder for the last base used: a feed is cleaned text by text with one base, and a builder costs more
    /// than a short text.
    static CLEANER: RefCell<Option<(Url, Builder<'static>)>> = const { RefCell::new(None) };
}

/// Cleans a text of HTML: no scripts, frames, forms, styles, event handlers, tracking pixels or addresses other than
/// `http`, `https` and `mailto`; relative addresses are made absolute by `base`.
pub fn clean(html: &str, base: &Url) -> String {
    let html = &html[..html.floor_char_boundary(MAX_BYTES)];
    if memchr::memchr3(b'<', b'&', b'\0', html.as_bytes()).is_none() {
        // Nothing to build: text is its own HTML, but for `>`.
        return html.replace('>', "&gt;");
    }
    // Of what is nested beyond all sense, only the words are worth anything.
    let Some(tidied) = tidy::fragment(html) else { return text::to_html(&text::plain(html)) };
    if let Some(clean) = straight::clean(&tidied, base) {
        return trimmed(clean);
    }
    CLEANER.with_borrow_mut(|cached| match cached {
        Some((known, builder)) if known == base => trimmed(builder.clean(&tidied).to_string()),
        _ => {
            let (_, builder) = cached.insert((base.clone(), builder(base)));
            trimmed(builder.clean(&tidied).to_string())
        }
    })
}

fn trimmed(mut clean: String) -> String {
    clean.truncate(clean.trim_end().len());
    match clean.len() - clean.trim_start().len() {
        0 => clean,
        blanks => clean.split_off(blanks),
    }
}

/// Whether an address is relative, or of the web.
fn is_web(address: &str) -> bool {
    Url::parse(address).map_or(true, |url| matches!(url.scheme(), "http" | "https" | "mailto"))
}

/// Ammonia as it is set up here.
pub(super) fn builder(base: &Url) -> Builder<'static> {
    let mut builder = Builder::default();
    let relative = match base.scheme() {
        "http" | "https" => UrlRelative::RewriteWithBase(base.clone()),
        _ => UrlRelative::PassThrough,
    };
    builder
        .url_relative(relative)
        // `tel:`, `magnet:` and the like start programs of the reader's machine.
        .url_schemes(["http", "https", "mailto"].into_iter().collect())
        .link_rel(None)
        .add_tags(["audio", "video", "source", "picture", "section", "main"])
        .add_tag_attributes("audio", ["src", "controls"])
        .add_tag_attributes("video", ["src", "controls", "width", "height"])
        .add_tag_attributes("source", ["src", "type"])
        .add_tag_attributes("a", ["hreflang"])
        .rm_tags(["area", "map"])
        // Ammonia checks the schemes of `href`, `src` and `poster`, and takes any address that a quotation names.
        .attribute_filter(|_, name, value| (name != "cite" || is_web(value)).then_some(value.into()))
        .add_clean_content_tags(["title", "textarea", "select", "template"]);
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: &str, expected: &str) {
        let base = Url::parse("https://example.org/blog/post").unwrap();
        assert_eq!(clean(given, &base), expected, "{given}");
    }

    #[test]
    fn what_is_hostile_goes_and_the_rest_stays() {
        check("safe<script>alert(1)</script> text", "safe text");
        check("a<b onclick=\"x()\">b</b>", "a<b>b</b>");
        check("<a href=\"javascript:x()\">a</a>", "<a>a</a>");
        check("<a href=\"java\nscript:x()\">a</a>", "<a>a</a>");
        check("<a href=\"data:text/html,x\">a</a>", "<a>a</a>");
        check("<img src=\"data:image/png;base64,x\" alt=\"a\">", "<img alt=\"a\">");
        check("a<svg><script>x</script></svg>b", "ab");
        check("a<math><mi>x</mi></math>b", "ab");
        check("safe<iframe src=\"http://example.com/\"> <b>text</b>", "safe <b>text</b>");
        check("a<iframe>x</iframe>b", "ab");
        check("<p style=\"position:fixed\">a</p>", "<p>a</p>");
        check("a<form><input><button>Send</button></form>b", "ab");
        check("a<style>b{}</style>c", "ac");
        check("a<meta http-equiv=refresh>b", "ab");
        check("a<object data=x>b</object>", "ab");
        check("a<!-- b -->c<!-- d", "ac d");
        check("a<plaintext>b<i>c</i>", "ab<i>c</i>");
        check("a<textarea>b", "ab");
        check(
            "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\"></noscript>a",
            "<img src=\"https://example.org/blog/x\">\"&gt;a",
        );
    }

    #[test]
    fn tracking_pixels_go() {
        check("a<img src=\"https://t.example/x.gif\" width=\"1\" height=\"1\">", "a");
        check("a<img height='1px' src=x width=1 />", "a");
        check(
            "a<img width=\"1\" height=\"100\" src=\"/x\">",
            "a<img width=\"1\" height=\"100\" src=\"https://example.org/x\">",
        );
        check("a<img src=x style=\"display:none\">", "a");
    }

    #[test]
    fn addresses_are_absolute() {
        check("<a href=\"/x\">a</a>", "<a href=\"https://example.org/x\">a</a>");
        check("<a href=\"x?a=1&amp;b\">a</a>", "<a href=\"https://example.org/blog/x?a=1&amp;b\">a</a>");
        check("<img src=\"../i.png\">", "<img src=\"https://example.org/i.png\">");
    }

    #[test]
    fn text_without_markup_is_kept() {
        check("a > b", "a &gt; b");
        check("AT&T", "AT&amp;T");
    }

    #[test]
    fn no_input_makes_it_quadratic() {
        let base = Url::parse("https://example.org/").unwrap();
        let many = |piece: &str, times: usize| piece.repeat(times);
        let attributes = format!("<a {}>x</a>", (0..100_000).map(|i| format!("a{i}=1 ")).collect::<String>());
        for hostile in [
            many("<div>", 100_000),
            many("<b>", 100_000),
            many("<p><b id=x>", 20_000),
            (0..20_000).map(|i| format!("<p><font size={i}>")).collect(),
            many("<table><tr><td>", 30_000),
            many("<a><div>", 50_000),
            many("<!--", 100_000),
            many("<![CDATA[", 100_000),
            many("<iframe>", 100_000),
            many("</p>", 100_000),
            many("<", 100_000),
            many("<a ", 100_000),
            many("<a '", 100_000),
            many("<select><option>", 50_000),
            many("<h1><li>", 50_000),
            many("<span><div></span>", 50_000),
            many("<b><div></b>", 50_000),
            many("<div><table><tr><td></div>", 30_000),
            many("<longnamed1></longnamed2>", 50_000),
            format!("<table>{}", many("<p>x", 100_000)),
            format!("<table>{}", many("<tr>x", 100_000)),
            many(&format!("<a =\"{}\">", many("<div>", 1_000)), 50),
            many("<a =\"><div>\">", 50_000),
            attributes,
        ] {
            let cleaned = clean(&hostile, &base);
            assert!(cleaned.len() <= hostile.len() * 8 + 64, "{} of {}", cleaned.len(), &hostile[..16]);
        }
    }
}
