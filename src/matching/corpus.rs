//! What does a corpus with known answers hold? Its documents as an archive, and the answers kept apart from them.

use std::collections::HashMap;

use regex::Regex;
use serde::Deserialize;

use crate::model::stable_hash;

use super::archive::Line;

/// What a line of a corpus says beside the document.
#[derive(Debug, Clone, Deserialize)]
pub struct Truth {
    /// The work: the same for every version of it.
    pub story_id: String,
    /// Works that look like this one and are not.
    #[serde(default)]
    pub hard_negative_of: Vec<String>,
    /// The kind of damage.
    pub variant_kind: Option<String>,
    /// `commentary`, `link_digest`, `fragment` …
    pub kind: Option<String>,
    /// Holds several works whole: what would be right is a question of policy.
    #[serde(default)]
    pub ambiguous: bool,
    /// Share of the original's length, where it is far below 1.
    pub partial: Option<f32>,
}

/// A document with its answer.
#[derive(Debug, Clone)]
pub struct Document {
    /// What the matching sees.
    pub line: Line,
    /// What is true.
    pub truth: Truth,
    /// Name of the file it stood in.
    pub file: String,
}

/// Reads one line of a corpus; `None` where it is no document (pairs, empty lines).
pub fn read(line: &str, file: &str) -> Option<Document> {
    let document: Line = serde_json::from_str(line).ok()?;
    let truth: Truth = serde_json::from_str(line).ok()?;
    Some(Document { line: document, truth, file: file.to_owned() })
}

/// Replaces the addresses of all documents by opaque ones, in bodies too. Paths of the corpus repeat across the
/// languages of a work, which no real site's do; hosts stay, links to other pages too.
pub fn make_opaque(documents: &mut [Document]) {
    let bare = |url: &str| url.trim_end_matches('/').to_owned();
    let opaque: HashMap<String, String> = documents
        .iter()
        .filter_map(|d| {
            let url = d.line.url.as_deref()?;
            let host = url.split('/').take(3).collect::<Vec<_>>().join("/");
            Some((bare(url), format!("{host}/{:016x}", stable_hash(d.line.doc_id.as_bytes()))))
        })
        .collect();
    for document in documents {
        let line = &mut document.line;
        line.url = line.url.as_deref().map(|u| opaque.get(&bare(u)).cloned().unwrap_or_else(|| u.to_owned()));
        line.html = line.html.as_deref().map(|body| replace(body, &opaque));
        line.text = line.text.as_deref().map(|body| replace(body, &opaque));
    }
}

fn replace(body: &str, opaque: &HashMap<String, String>) -> String {
    let mut out = String::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = rest.find("http") {
        out.push_str(&rest[..at]);
        let tail = &rest[at..];
        let end =
            tail.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | ')')).unwrap_or(tail.len());
        let (address, _) = tail.split_at(end);
        match opaque.get(address.trim_end_matches('/')) {
            Some(new) => out.push_str(new),
            None => out.push_str(address),
        }
        rest = &tail[end..];
    }
    out.push_str(rest);
    out
}

/// Takes links and addresses out of the texts: what is recognised then is recognised by what they say.
pub fn strip_links(documents: &mut [Document]) {
    let patterns =
        [r"(?i)</?a\b[^>]*>", r#"(?i)\s(href|src|srcset|cite)\s*=\s*("[^"]*"|'[^']*')"#, r#"https?://[^\s<>"']+"#];
    let patterns: Vec<Regex> = patterns.iter().filter_map(|pattern| Regex::new(pattern).ok()).collect();
    for line in documents.iter_mut().map(|document| &mut document.line) {
        for text in [&mut line.html, &mut line.text].into_iter().flatten() {
            for pattern in &patterns {
                *text = pattern.replace_all(text, "").into_owned();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_become_opaque_in_bodies_too_and_other_links_stay() {
        let line = r#"{"doc_id":"a","story_id":"s","url":"https://x.example/one/","html":"<a href=\"https://x.example/one\">1</a> https://y.example/two"}"#;
        let mut documents = vec![read(line, "f").unwrap()];
        make_opaque(&mut documents);
        let (url, html) = (documents[0].line.url.clone().unwrap(), documents[0].line.html.clone().unwrap());
        assert!(url.starts_with("https://x.example/") && !url.contains("one"), "{url}");
        assert_eq!(html, format!("<a href=\"{url}\">1</a> https://y.example/two"));
        assert!(read(r#"{"a":"x","b":"y"}"#, "f").is_none());
    }

    #[test]
    fn no_link_and_no_address_is_left() {
        let line = r#"{"doc_id":"a","story_id":"s","html":"<p>See <a class='x' href=\"https://x.example/1\">this</a>: <img src=\"https://x.example/i.png\" alt=\"a\"> https://y.example/two</p>"}"#;
        let mut documents = vec![read(line, "f").unwrap()];
        strip_links(&mut documents);
        assert_eq!(documents[0].line.html.as_deref(), Some("<p>See this: <img alt=\"a\"> </p>"));
    }
}
