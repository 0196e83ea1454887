//! What does a text of the demo say, and how does it look in HTML?

use std::fmt::Write as _;

/// A text as its file gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Title.
    pub title: &'static str,
    /// Who stands as its author in the feed.
    pub author: &'static str,
    /// The line under the title; empty where it has none.
    pub summary: &'static str,
    /// The text below, in the few marks that README.md names.
    pub body: &'static str,
}

impl Text {
    /// Reads a file of `texts/`.
    pub fn read(file: &'static str) -> Self {
        let (head, body) = file.split_once("\n---\n").unwrap_or(("", file));
        let field = |name: &str| {
            head.lines().filter_map(|line| line.split_once(": ")).find(|(key, _)| *key == name).map_or("", |(_, v)| v)
        };
        Self { title: field("title"), author: field("author"), summary: field("summary"), body }
    }
}

/// The body as HTML, one block to a line; `address` gives the address of `{{name}}`.
pub fn html(body: &str, address: impl Fn(&str) -> String) -> String {
    let body = with_addresses(body, address);
    let mut out = String::with_capacity(body.len() * 11 / 10);
    for block in body.split("\n\n").map(str::trim).filter(|block| !block.is_empty()) {
        if let Some(heading) = block.strip_prefix("## ") {
            push(&mut out, "h3", heading);
        } else if block.starts_with("- ") {
            out.push_str("<ul>");
            for item in block.lines() {
                push(&mut out, "li", item.trim_start_matches("- "));
            }
            out.push_str("</ul>");
        } else if let Some(quotation) = block.strip_prefix("> ") {
            out.push_str("<blockquote>");
            push(&mut out, "p", quotation);
            out.push_str("</blockquote>");
        } else {
            push(&mut out, "p", block);
        }
        out.push('\n');
    }
    out
}

/// The first `words` words of the body without marks or headings, as a feed with summaries gives them.
pub fn beginning(body: &str, words: usize) -> String {
    body.split("\n\n")
        .filter(|block| !block.starts_with("## ") && !block.starts_with("{{"))
        .flat_map(str::split_whitespace)
        .map(|word| word.trim_matches('*'))
        .take(words)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Escapes the characters that mean something in HTML and XML.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(c),
        }
    }
    out
}

fn with_addresses(body: &str, address: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(body.len());
    let mut rest = body;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, after)) = after.split_once("}}") else { break };
        out.push_str(before);
        out.push_str(&address(name));
        rest = after;
    }
    out.push_str(rest);
    out
}

fn push(out: &mut String, tag: &str, text: &str) {
    // Writing into a string cannot fail.
    let _ = write!(out, "<{tag}>{}</{tag}>", inline(&escape(text)));
}

/// Emphasis and links, in text that is escaped already.
fn inline(text: &str) -> String {
    emphasised(&emphasised(&linked(text), "**", "strong"), "*", "em")
}

fn linked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        let link = after.split_once("](").and_then(|(label, after)| Some((label, after.split_once(')')?)));
        let Some((label, (target, after))) = link else { break };
        let _ = write!(out, "{before}<a href=\"{target}\">{label}</a>");
        rest = after;
    }
    out.push_str(rest);
    out
}

fn emphasised(text: &str, mark: &str, tag: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(mark) {
        let Some((within, after)) = after.split_once(mark) else { break };
        let _ = write!(out, "{before}<{tag}>{within}</{tag}>");
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_html() {
        let check = |body: &str, expected: &str| assert_eq!(html(body, |name| format!("/{name}")).trim_end(), expected);
        check("## A & B", "<h3>A &amp; B</h3>");
        check("- a\n- b", "<ul><li>a</li><li>b</li></ul>");
        check("> said", "<blockquote><p>said</p></blockquote>");
        check("**x** and *y* <", "<p><strong>x</strong> and <em>y</em> &lt;</p>");
        check("see [there]({{river}}).", "<p>see <a href=\"/river\">there</a>.</p>");
        check("{{river}}", "<p>/river</p>");
        check("2 * 3 [sic", "<p>2 * 3 [sic</p>");
    }

    #[test]
    fn a_file_has_a_head_and_a_body() {
        let text = Text::read("title: A: b\nauthor: C\n---\nBody");
        assert_eq!(text, Text { title: "A: b", author: "C", summary: "", body: "Body" });
    }

    #[test]
    fn the_beginning_has_no_marks() {
        assert_eq!(beginning("**di Nome**\n\n## No\n\nUno due tre", 4), "di Nome Uno due");
    }
}
