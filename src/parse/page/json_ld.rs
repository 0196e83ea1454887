//! What does the page say of its article in JSON-LD (schema.org `Article` and its kinds)?

use serde_json::{Map, Value};

use crate::model::{Language, Timestamp};
use crate::parse::date;

/// Bytes of one block: plugins of shops write megabytes.
const MAX_BYTES: usize = 512 * 1024;
/// Blocks of one page.
const MAX_BLOCKS: usize = 16;

/// What was found; nothing of it is believed.
#[derive(Debug, Default)]
pub struct Structured {
    /// `headline`.
    pub headline: Option<String>,
    /// `articleBody`: as a rule plain text without links.
    pub body: Option<String>,
    /// Names of the authors.
    pub author: Option<String>,
    /// `datePublished`.
    pub published: Option<Timestamp>,
    /// `inLanguage`.
    pub language: Option<Language>,
    /// Address of the first image.
    pub image: Option<String>,
    /// Name of the publisher.
    pub site: Option<String>,
}

/// Reads the blocks of a page's source.
pub fn read(page: &str) -> Structured {
    let mut structured = Structured::default();
    let mut rest = page;
    for _ in 0..MAX_BLOCKS {
        let Some(at) = rest.find("application/ld+json") else { break };
        rest = &rest[at..];
        let Some(start) = rest.find('>') else { break };
        let Some(end) = rest[start..].find("</") else { break };
        let block = rest[start + 1..start + end].trim();
        // Some themes wrap the block as if it were a script of 1998.
        let block = block
            .trim_start_matches("<!--")
            .trim_start_matches("//<![CDATA[")
            .trim_end_matches("//]]>")
            .trim_end_matches("-->");
        if block.len() <= MAX_BYTES
            && let Ok(value) = serde_json::from_str::<Value>(block.trim())
        {
            collect(&value, &mut structured);
        }
        rest = &rest[start + end..];
    }
    structured
}

// Recursion is bounded by serde_json's own limit of 128 levels.
fn collect(value: &Value, structured: &mut Structured) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| collect(value, structured)),
        Value::Object(object) => {
            if is_article(object) {
                article(object, structured);
            }
            if let Some(graph) = object.get("@graph").or_else(|| object.get("mainEntity")) {
                collect(graph, structured);
            }
        }
        _ => {}
    }
}

fn is_article(object: &Map<String, Value>) -> bool {
    const KINDS: [&str; 12] = [
        "Article",
        "NewsArticle",
        "BlogPosting",
        "Report",
        "OpinionNewsArticle",
        "AnalysisNewsArticle",
        "ReportageNewsArticle",
        "ScholarlyArticle",
        "TechArticle",
        "SocialMediaPosting",
        "AdvertiserContentArticle",
        "ReviewNewsArticle",
    ];
    let is = |value: &Value| {
        value.as_str().is_some_and(|kind| {
            KINDS.contains(&kind.trim_start_matches("https://schema.org/").trim_start_matches("http://schema.org/"))
        })
    };
    match object.get("@type") {
        Some(Value::Array(kinds)) => kinds.iter().any(is),
        Some(kind) => is(kind),
        None => false,
    }
}

fn article(object: &Map<String, Value>, structured: &mut Structured) {
    let string = |name: &str| object.get(name).and_then(Value::as_str).map(decoded).filter(|text| !text.is_empty());
    let or = |known: &mut Option<String>, found: Option<String>| *known = known.take().or(found);
    or(&mut structured.headline, string("headline").or_else(|| string("name")));
    or(&mut structured.body, string("articleBody"));
    or(&mut structured.author, object.get("author").map(names).filter(|names| !names.is_empty()));
    or(&mut structured.image, object.get("image").and_then(address));
    or(
        &mut structured.site,
        object.get("publisher").and_then(|publisher| Some(publisher.get("name")?.as_str()?.to_owned())),
    );
    structured.published = structured.published.or_else(|| date::parse(&string("datePublished")?));
    structured.language = structured.language.take().or_else(|| Language::parse(&string("inLanguage")?));
}

/// Software that escapes for HTML what stands in a script.
fn decoded(text: &str) -> String {
    html_escape::decode_html_entities(text.trim()).into_owned()
}

fn names(author: &Value) -> String {
    match author {
        Value::Array(authors) => {
            authors.iter().take(10).map(names).filter(|name| !name.is_empty()).collect::<Vec<_>>().join(", ")
        }
        Value::Object(author) => author.get("name").map(names).unwrap_or_default(),
        Value::String(name) if !name.contains("://") => decoded(name),
        _ => String::new(),
    }
}

fn address(image: &Value) -> Option<String> {
    match image {
        Value::String(address) => Some(address.clone()),
        Value::Array(images) => images.first().and_then(address),
        Value::Object(image) => image.get("url").and_then(address),
        _ => None,
    }
}
