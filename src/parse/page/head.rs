//! What does a page's head declare? Title, canonical address, versions in other languages, date, byline.

use dom_query::{Document as Dom, Element, NodeRef};
use url::Url;

use crate::model::{Language, Timestamp};
use crate::parse::date;

/// Versions in other languages that are kept.
const MAX_ALTERNATES: usize = 50;
/// Characters of a byline; a longer one is a text about the author.
const MAX_BYLINE: usize = 100;

/// What was found; nothing of it is believed.
#[derive(Debug)]
pub struct Head {
    /// What relative addresses are resolved against.
    pub base: Url,
    /// `og:title`, else the first heading, else the title.
    pub title: Option<String>,
    /// Byline as shown.
    pub byline: Option<String>,
    /// `html lang`, `og:locale`, `Content-Language`.
    pub language: Option<Language>,
    /// `rel=canonical`.
    pub canonical: Option<Url>,
    /// `rel=alternate hreflang`.
    pub alternates: Vec<(Language, Url)>,
    /// `og:image`.
    pub image: Option<Url>,
    /// `og:site_name`.
    pub site: Option<String>,
    /// Declared date of publication.
    pub published: Option<Timestamp>,
}

/// Reads the elements of the head, wherever on the page they stand.
pub fn read(dom: &Dom, address: &Url) -> Head {
    let mut found =
        Found { head: empty(address), og_title: None, page_title: None, heading: None, time: None, shown: None };
    for node in dom.root().descendants_it() {
        let Some(element) = node.element_ref() else { continue };
        let name: &str = &element.name.local;
        match name {
            "meta" => found.meta(&node),
            "link" => found.link(&node),
            "base" => {
                if let Some(base) = node.attr("href").and_then(|href| address.join(&href).ok()) {
                    found.head.base = base;
                }
            }
            "html" => {
                found.head.language =
                    node.attr("lang").or_else(|| node.attr("xml:lang")).and_then(|tag| Language::parse(&tag))
            }
            "title" if found.page_title.is_none() => found.page_title = line(&node.text()),
            "h1" if found.heading.is_none() => found.heading = line(&node.text()),
            "time" if found.time.is_none() => found.time = node.attr("datetime").and_then(|time| date::parse(&time)),
            "a" | "span" | "p" | "div" | "address" if found.shown.is_none() && shows_byline(&element) => {
                found.shown = line(&node.text()).filter(|text| text.chars().count() <= MAX_BYLINE);
            }
            _ => {}
        }
    }
    found.finish()
}

fn empty(address: &Url) -> Head {
    Head {
        base: address.clone(),
        title: None,
        byline: None,
        language: None,
        canonical: None,
        alternates: Vec::new(),
        image: None,
        site: None,
        published: None,
    }
}

struct Found {
    head: Head,
    og_title: Option<String>,
    page_title: Option<String>,
    heading: Option<String>,
    time: Option<Timestamp>,
    shown: Option<String>,
}

impl Found {
    fn meta(&mut self, node: &NodeRef<'_>) {
        let name = ["property", "name", "itemprop", "http-equiv"].iter().find_map(|attribute| node.attr(attribute));
        let (Some(name), Some(content)) = (name, node.attr("content").and_then(|content| line(&content))) else {
            return;
        };
        let head = &mut self.head;
        match name.to_ascii_lowercase().as_str() {
            "og:title" => self.og_title = Some(content),
            "og:image" | "og:image:url" | "twitter:image" if head.image.is_none() => {
                head.image = head.base.join(&content).ok()
            }
            "og:site_name" | "application-name" if head.site.is_none() => head.site = Some(content),
            "og:locale" | "content-language" if head.language.is_none() => head.language = Language::parse(&content),
            "article:published_time"
            | "datepublished"
            | "date"
            | "dc.date"
            | "dc.date.issued"
            | "dcterms.date"
            | "pubdate"
            | "publish-date"
            | "parsely-pub-date"
            | "sailthru.date"
            | "citation_publication_date"
                if head.published.is_none() =>
            {
                head.published = date::parse(&content);
            }
            "author" | "article:author" | "dc.creator" | "parsely-author" | "sailthru.author" | "citation_author"
                if head.byline.is_none() && !content.contains("://") =>
            {
                head.byline = Some(content);
            }
            _ => {}
        }
    }

    fn link(&mut self, node: &NodeRef<'_>) {
        let (Some(rel), Some(href)) = (node.attr("rel"), node.attr("href")) else { return };
        let Ok(address) = self.head.base.join(href.trim()) else { return };
        let rel = rel.to_ascii_lowercase();
        if rel.split_ascii_whitespace().any(|rel| rel == "canonical") && self.head.canonical.is_none() {
            self.head.canonical = Some(address.clone());
        }
        // `x-default` is no language; a feed is no version.
        let kind = node.attr("type").unwrap_or_default();
        let language = node
            .attr("hreflang")
            .and_then(|tag| Language::parse(&tag))
            .filter(|language| language.as_str() != "x-default");
        if let Some(language) = language
            && rel.split_ascii_whitespace().any(|rel| rel == "alternate")
            && !kind.contains("xml")
            && self.head.alternates.len() < MAX_ALTERNATES
        {
            self.head.alternates.push((language, address));
        }
    }

    fn finish(self) -> Head {
        let mut head = self.head;
        head.title = self.og_title.or(self.heading).or(self.page_title);
        head.byline = head.byline.or(self.shown);
        head.published = head.published.or(self.time);
        head
    }
}

/// Whether an element shows the byline: marked by microformats, schema.org or the class names of WordPress and Ghost.
fn shows_byline(element: &Element) -> bool {
    element.attrs.iter().any(|attribute| {
        let value: &str = &attribute.value;
        match &*attribute.name.local {
            "itemprop" | "rel" => value == "author",
            "class" => value.split_ascii_whitespace().any(|class| {
                matches!(
                    class,
                    "byline"
                        | "p-author"
                        | "author"
                        | "post-author"
                        | "entry-author"
                        | "author-name"
                        | "field--name-uid"
                )
            }),
            _ => false,
        }
    })
}

fn line(text: &str) -> Option<String> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(text)
}
