//! How does an edition read as JSON Feed 1.1, with the versions of each work under `_tributary`?

use chrono::SecondsFormat;
use serde_json::{Map, Value, json};
use url::Url;

use crate::model::{Edition, Format, Item, Language, Person, Timestamp, Version};

use super::{clean, is_absolute, links, media_type};

/// `application/feed+json`.
pub const FORMAT: Format = Format { ending: "json", media_type: "application/feed+json; charset=utf-8", render };

fn render(edition: &Edition) -> Vec<u8> {
    let mut feed = Map::new();
    feed.insert("version".into(), json!("https://jsonfeed.org/version/1.1"));
    feed.insert("title".into(), text(&edition.title));
    feed.insert("home_page_url".into(), json!(edition.home));
    feed.insert("feed_url".into(), json!(edition.address("json")));
    some(&mut feed, "language", edition.language.as_ref().map(Language::as_str));
    if !edition.hubs.is_empty() {
        let hubs: Vec<Value> = edition.hubs.iter().map(|hub| json!({"type": "WebSub", "url": hub})).collect();
        feed.insert("hubs".into(), Value::Array(hubs));
    }
    feed.insert("items".into(), Value::Array(edition.items.iter().map(item).collect()));
    let mut out = Value::Object(feed).to_string().into_bytes();
    out.push(b'\n');
    out
}

/// JSON could write control characters, but some readers stumble over them: what is left out of XML is left out here.
fn text(given: &str) -> Value {
    Value::String(clean(given))
}

fn some(to: &mut Map<String, Value>, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        to.insert(name.to_owned(), text(value));
    }
}

fn date(when: Timestamp) -> Value {
    json!(when.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

fn item(item: &Item) -> Value {
    let mut out = Map::new();
    out.insert("id".into(), json!(item.story.to_string()));
    some(&mut out, "url", item.shown.link.as_ref().map(Url::as_str));
    out.insert("title".into(), text(&item.shown.title));
    // An item needs one of the two (JSON Feed 1.1, items), be it empty.
    let content = item.content.as_deref().or(item.summary.as_deref()).unwrap_or_default();
    out.insert("content_html".into(), text(content));
    let summary = item.summary.as_deref().filter(|_| item.content.is_some());
    some(&mut out, "summary", summary.map(|s| crate::model::html::plain(s, usize::MAX)).as_deref());
    some(&mut out, "image", item.image.as_ref().map(Url::as_str));
    out.insert("date_published".into(), date(item.published));
    out.insert("date_modified".into(), date(item.updated));
    out.insert("authors".into(), Value::Array(item.authors.iter().map(person).collect()));
    let tags: Vec<Value> = item.categories.iter().filter(|c| !c.trim().is_empty()).map(|c| text(c)).collect();
    if !tags.is_empty() {
        out.insert("tags".into(), Value::Array(tags));
    }
    some(&mut out, "language", item.shown.language.as_ref().map(Language::as_str));
    let attachments: Vec<Value> = item.enclosures.iter().filter(|e| is_absolute(&e.url)).map(attachment).collect();
    if !attachments.is_empty() {
        out.insert("attachments".into(), Value::Array(attachments));
    }
    out.insert("_tributary".into(), extension(item));
    Value::Object(out)
}

fn person(person: &Person) -> Value {
    let mut out = Map::new();
    out.insert("name".into(), text(&person.name));
    some(&mut out, "url", person.uri.as_deref().filter(|u| is_absolute(u)));
    Value::Object(out)
}

fn attachment(enclosure: &crate::model::Enclosure) -> Value {
    let mut out = Map::new();
    out.insert("url".into(), json!(enclosure.url));
    out.insert(
        "mime_type".into(),
        json!(media_type(enclosure.media_type.as_deref()).unwrap_or("application/octet-stream")),
    );
    if let Some(length) = enclosure.length.filter(|l| *l > 0) {
        out.insert("size_in_bytes".into(), json!(length));
    }
    Value::Object(out)
}

/// What JSON Feed has no words for. `versions` are in the order of the links of the other formats.
fn extension(item: &Item) -> Value {
    let mut out = Map::new();
    out.insert("story".into(), json!(item.page));
    out.insert("versions".into(), links(item).map(|(rel, v)| version(rel, v)).collect());
    if !item.contributors.is_empty() {
        out.insert("contributors".into(), item.contributors.iter().map(person).collect());
    }
    some(&mut out, "via", item.via.as_ref().map(Url::as_str));
    some(&mut out, "rights", item.rights.as_deref());
    some(&mut out, "license", item.license.as_ref().map(Url::as_str));
    some(&mut out, "comments", item.comments.as_ref().map(Url::as_str));
    if item.preview {
        out.insert("preview".into(), json!(true));
    }
    Value::Object(out)
}

fn version(rel: &str, version: &Version) -> Value {
    let mut out = Map::new();
    out.insert("id".into(), json!(version.entry.to_string()));
    out.insert("rel".into(), json!(rel));
    out.insert("role".into(), json!(version.role.as_str()));
    some(&mut out, "url", version.link.as_ref().map(Url::as_str));
    out.insert("title".into(), text(&version.title));
    some(&mut out, "language", version.language.as_ref().map(Language::as_str));
    let mut source = Map::new();
    source.insert("title".into(), text(&version.source.title));
    some(&mut source, "url", version.source.link.as_ref().map(Url::as_str));
    some(&mut source, "feed_url", version.source.feed.as_ref().map(Url::as_str));
    out.insert("source".into(), Value::Object(source));
    if let Some(published) = version.published {
        out.insert("date_published".into(), date(published));
    }
    // Two digits are what a reader can use, and no float's last bit makes new bytes.
    out.insert("coverage".into(), json!((f64::from(version.coverage) * 100.0).round() / 100.0));
    Value::Object(out)
}
