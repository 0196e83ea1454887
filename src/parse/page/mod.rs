//! What does a page say, without its site around it? The article's text, its last links, and what its head tells.
//!
//! - `json_ld` and `head` read what the page says of itself;
//! - `body` finds the element that holds the article, by how the software of sites marks it, else by guesswork
//!   (dom_smoothie);
//! - `boilerplate` takes out of it what belongs to the site: share bars, comment forms, lists of other posts.

use dom_query::Document as Dom;
use url::Url;

use crate::markup::{html, text, tidy};
use crate::model::{Document, Language, Page};

use super::charset;

mod body;
mod boilerplate;
mod head;
mod json_ld;

/// Bytes of a page that are read. The longest articles of the corpora have 400 KB; a page over this is a dump.
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// Letters below which an article is taken for none: a picture, an error message, a wall of consent.
const MIN_LETTERS: usize = 40;
/// Images that are kept.
const MAX_IMAGES: usize = 50;

/// Reads the article of a page: its clean HTML, boilerplate gone, the last links of the body kept.
///
/// # Errors
/// Says why where the document is no page, is too large, or holds no article that could be found.
pub fn read(document: &Document) -> Result<Page, String> {
    if document.body.len() > MAX_BYTES {
        return Err(format!("the page has more than {} MiB", MAX_BYTES >> 20));
    }
    let kind = document.header("content-type").unwrap_or("text/html").to_ascii_lowercase();
    if ["image/", "audio/", "video/", "application/pdf", "application/json", "font/"]
        .iter()
        .any(|other| kind.starts_with(other))
    {
        return Err(format!("the document is no page: {kind}"));
    }
    let decoded = charset::decode(&document.body, document.header("content-type"));
    let tidied = tidy::page(&decoded.text).ok_or_else(|| "the page is nested deeper than any real one".to_owned())?;
    let structured = json_ld::read(&decoded.text);
    let dom = Dom::from(tidied.as_ref());
    let head = head::read(&dom, &document.url);
    let title = structured.headline.clone().or(head.title).filter(|title| !title.is_empty());
    let byline = structured.author.or(head.byline);
    let found = body::find(&dom, structured.body.as_deref(), title.as_deref(), byline.as_deref());
    let found = found.ok_or_else(|| "no article was found on the page".to_owned())?;
    let clean = html::clean(&found.html, &head.base);
    if text::plain(&clean).chars().filter(|c| c.is_alphabetic()).count() < MIN_LETTERS {
        return Err("the page holds hardly any text".to_owned());
    }
    let mut images: Vec<Url> =
        head.image.into_iter().chain(structured.image.and_then(|image| head.base.join(&image).ok())).collect();
    images.extend(image_addresses(&clean));
    images.dedup();
    images.truncate(MAX_IMAGES);
    Ok(Page {
        html: clean,
        title,
        byline,
        language: found.language.as_deref().and_then(Language::parse).or(structured.language).or(head.language),
        canonical: head.canonical,
        alternates: head.alternates,
        images,
        site: head.site.or(structured.site),
        published: structured.published.or(head.published),
    })
}

/// Addresses of the images in clean HTML, where they are absolute by now.
fn image_addresses(clean: &str) -> Vec<Url> {
    let pieces = clean.split("<img ").skip(1);
    let address = |piece: &str| {
        let tag = piece.split('>').next()?;
        let source = tag.split("src=\"").nth(1)?.split('"').next()?;
        Url::parse(&html_escape::decode_html_entities(source)).ok()
    };
    pieces.filter_map(address).collect()
}
