//! Which element of the page holds the article?

use std::collections::HashSet;
use std::sync::LazyLock;

use dom_query::{Document as Dom, NodeRef};
use dom_smoothie::{Config, Readability};

use crate::markup::text;

use super::boilerplate;

/// The article, boilerplate gone, not yet cleaned.
pub struct Found {
    /// Its markup.
    pub html: String,
    /// The language declared for it or around it, below the page's.
    pub language: Option<String>,
}

/// Characters of text from which on a marked element is believed to hold an article.
const MIN_CHARACTERS: usize = 140;
/// Elements that dom_smoothie is given at most: it took 38 s for 20,000 nested ones.
const MAX_ELEMENTS: usize = 20_000;
/// Where dom_smoothie leaves the article in its document, as Readability.js does.
const GUESSED: &str = "#readability-page-1";
/// Letters of the start of `articleBody` by which the element that holds it is known.
const SIGNATURE_LETTERS: usize = 60;

/// Classes and ids by which the software of sites marks the text of a post.
const MARKS: [&str; 44] = [
    "entry-content",
    "post-content",
    "article-content",
    "article-body",
    "post-body",
    "gh-content",
    "e-content",
    "available-content",
    "td-post-content",
    "wp-block-post-content",
    "field--name-body",
    "field-name-body",
    "story-body",
    "story-content",
    "article__body",
    "article__content",
    "post__content",
    "post__body",
    "entry__content",
    "entry-body",
    "single-content",
    "single-post-content",
    "blog-post-content",
    "blog-content",
    "post-entry",
    "article-text",
    "post-text",
    "articlebody",
    "articlecontent",
    "postcontent",
    "postbody",
    "article_body",
    "article_content",
    "post_content",
    "post_body",
    "body-content",
    "kg-content",
    "prose",
    "md-content",
    "markdown-body",
    "page-content",
    "node__content",
    "c-content",
    "the-content",
];

/// Finds the article. `declared` is the text that JSON-LD gives for it.
pub fn find(dom: &Dom, declared: Option<&str>, title: Option<&str>, byline: Option<&str>) -> Option<Found> {
    let declared = declared.filter(|declared| declared.chars().count() >= MIN_CHARACTERS);
    if let Some(best) = best_marked(dom, declared) {
        let language = language_of(&best);
        boilerplate::remove(&best, title, byline);
        let html = best.inner_html().to_string();
        return Some(Found { html, language });
    }
    if let Some(declared) = declared {
        let html = if declared.contains("</") { declared.to_owned() } else { text::to_html(declared) };
        return Some(Found { html, language: None });
    }
    guess(dom, title, byline)
}

/// An element that may hold the article: how surely it is marked (less is surer), and its text's length.
struct Candidate<'a> {
    node: NodeRef<'a>,
    rank: u8,
    length: usize,
    holds_declared: bool,
}

/// The element that is best marked as the article: by schema.org, by the class names of the software, by `article`.
fn best_marked<'a>(dom: &'a Dom, declared: Option<&str>) -> Option<NodeRef<'a>> {
    let signature: Option<String> = declared.map(|declared| letters(declared).take(SIGNATURE_LETTERS).collect());
    let mut candidates: Vec<Candidate<'a>> = Vec::new();
    for node in dom.root().descendants_it() {
        let Some(rank) = rank(&node) else { continue };
        let text = boilerplate::own_text(&node);
        let holds_declared =
            signature.as_ref().is_some_and(|signature| letters(&text).collect::<String>().contains(signature));
        candidates.push(Candidate { node, rank, length: text.chars().count(), holds_declared });
        if candidates.len() >= 64 {
            break;
        }
    }
    if declared.is_some() {
        // The page says what the article's text is: the surest mark is the one that holds it.
        candidates.retain(|candidate| candidate.holds_declared);
    }
    candidates.retain(|candidate| candidate.length >= MIN_CHARACTERS);
    candidates.sort_by(|a, b| a.rank.cmp(&b.rank).then(b.length.cmp(&a.length)));
    let first = candidates.first()?;
    // A marked teaser beside an article many times as long is not the article.
    let longer = candidates.iter().find(|candidate| candidate.rank <= 3 && candidate.length > first.length * 4);
    Some(longer.unwrap_or(first).node)
}

fn rank(node: &NodeRef<'_>) -> Option<u8> {
    static KNOWN: LazyLock<HashSet<&str>> = LazyLock::new(|| HashSet::from(MARKS));
    let element = node.element_ref()?;
    let name: &str = &element.name.local;
    if matches!(
        name,
        "html" | "body" | "head" | "meta" | "link" | "a" | "p" | "span" | "li" | "img" | "h1" | "h2" | "h3"
    ) {
        return None;
    }
    let mut best = match name {
        "article" => 3,
        "main" => 4,
        _ => u8::MAX,
    };
    for attribute in &element.attrs {
        let value: &str = &attribute.value;
        let rank = match &*attribute.name.local {
            "itemprop" if value.split_ascii_whitespace().any(|prop| prop == "articleBody") => 1,
            "class" | "id"
                if value.split_ascii_whitespace().any(|word| KNOWN.contains(&*word.to_ascii_lowercase())) =>
            {
                2
            }
            "role" if value == "article" => 3,
            "role" if value == "main" => 4,
            "id" if matches!(value, "content" | "main" | "main-content" | "primary") => 5,
            _ => u8::MAX,
        };
        best = best.min(rank);
    }
    Some(best).filter(|best| *best < u8::MAX)
}

fn letters(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
}

/// The language of the nearest element that declares one, the page itself excepted.
fn language_of(node: &NodeRef<'_>) -> Option<String> {
    let around = node.ancestors(Some(64)).into_iter().filter(|around| !around.has_name("html"));
    std::iter::once(*node).chain(around).find_map(|node| node.attr("lang")).map(|tag| tag.to_string())
}

/// No mark at all: the text that looks most like an article.
fn guess(dom: &Dom, title: Option<&str>, byline: Option<&str>) -> Option<Found> {
    if let Some(body) = dom.body() {
        boilerplate::remove(&body, title, byline);
    }
    let config = Config { max_elements_to_parse: MAX_ELEMENTS, char_threshold: MIN_CHARACTERS, ..Config::default() };
    let mut reader = Readability::with_document(dom.clone(), None, Some(config)).ok()?;
    let found = reader.parse().is_ok_and(|article| article.length >= MIN_CHARACTERS);
    // Else what is left of the page once the site is gone from it.
    let article = if found { reader.doc.select_single(GUESSED).nodes().first().copied() } else { dom.body() }?;
    boilerplate::remove(&article, title, byline);
    Some(Found { html: article.inner_html().to_string(), language: None })
}
