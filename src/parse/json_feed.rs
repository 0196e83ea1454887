//! What does a JSON Feed (versions 1.0 and 1.1) say? Also one whose end is missing.

use serde_json::{Map, Value};
use url::Url;

use crate::model::{Enclosure, Fault, Language, Person, RawEntry, RawFeed, Reading, Text};

use super::{MAX_ENTRIES, date, person};

/// Reads a document that starts like JSON.
pub fn read(text: &str, base: &Url) -> Reading {
    let mut reading = Reading::default();
    let document = match serde_json::from_str::<Value>(text) {
        Ok(document) => document,
        Err(error) => {
            reading.faults.push(Fault { offset: None, message: format!("the JSON is broken: {error}") });
            reading.cut_off = error.is_eof();
            salvage(text)
        }
    };
    let Value::Object(document) = document else {
        reading.refused = Some("the document is JSON, but no JSON Feed".to_owned());
        return reading;
    };
    let version = string(&document, "version").unwrap_or_default();
    let items = document.get("items").and_then(Value::as_array);
    if !version.contains("jsonfeed.org") && items.is_none() {
        reading.refused = Some("the document is JSON, but no JSON Feed: it has neither version nor items".to_owned());
        return reading;
    }
    let base = Some(base).filter(|base| base.scheme() != "file");
    reading.feed = feed(&document, &version, base);
    let items = items.map(Vec::as_slice).unwrap_or_default();
    if items.len() > MAX_ENTRIES {
        reading.faults.push(Fault { offset: None, message: format!("only the first {MAX_ENTRIES} entries were read") });
    }
    let objects = items.iter().take(MAX_ENTRIES).filter_map(Value::as_object);
    reading.entries = objects.map(|item| entry(item, base)).collect();
    reading
}

/// What can be read of broken JSON: the feed's strings before `items`, and the whole items.
fn salvage(text: &str) -> Value {
    let mut document = Map::new();
    let Some(at) = text.find("\"items\"") else { return Value::Null };
    let head = text[..at].trim_end().trim_end_matches(',');
    if let Ok(Value::Object(head)) = serde_json::from_str(&format!("{head}}}")) {
        document = head;
    }
    let Some(open) = text[at..].find('[') else { return Value::Null };
    let mut rest = &text[at + open + 1..];
    let mut items = Vec::new();
    while items.len() <= MAX_ENTRIES {
        rest = rest.trim_start_matches([' ', '\n', '\r', '\t', ',']);
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        let Some(Ok(item)) = values.next() else { break };
        rest = &rest[values.byte_offset()..];
        items.push(item);
    }
    document.insert("items".to_owned(), Value::Array(items));
    Value::Object(document)
}

fn feed(document: &Map<String, Value>, version: &str, base: Option<&Url>) -> RawFeed {
    let text = |name: &str| Text { value: string(document, name).unwrap_or_default(), ..Text::default() };
    let address = |name: &str| string(document, name).map(|address| resolve(&address, base));
    let hubs = document.get("hubs").and_then(Value::as_array).into_iter().flatten();
    RawFeed {
        format: if version.ends_with("/1") || version.ends_with("1.0") { "json10" } else { "json11" },
        title: text("title"),
        link: address("home_page_url"),
        self_link: address("feed_url"),
        id: string(document, "id").or_else(|| address("feed_url")),
        description: text("description"),
        language: string(document, "language").as_deref().and_then(Language::parse),
        image: address("icon").or_else(|| address("favicon")),
        authors: people(document),
        hubs: hubs.filter_map(|hub| Some(hub.get("url")?.as_str()?.to_owned())).take(10).collect(),
        ..RawFeed::default()
    }
}

fn entry(item: &Map<String, Value>, base: Option<&Url>) -> RawEntry {
    let address = |name: &str| string(item, name).map(|address| resolve(&address, base));
    let date = |name: &str| string(item, name).as_deref().and_then(date::parse);
    let html = string(item, "content_html");
    let content = match html {
        Some(value) => Text { value, html: true, ..Text::default() },
        None => Text { value: string(item, "content_text").unwrap_or_default(), ..Text::default() },
    };
    let id = string(item, "id");
    let link =
        address("url").or_else(|| id.clone().filter(|id| id.starts_with("http://") || id.starts_with("https://")));
    let tags = item.get("tags").and_then(Value::as_array).into_iter().flatten();
    RawEntry {
        id_is_permalink: id.is_some() && id == link,
        id,
        title: Text { value: string(item, "title").unwrap_or_default(), ..Text::default() },
        link,
        published: date("date_published"),
        updated: date("date_modified"),
        authors: people(item),
        summary: Text { value: string(item, "summary").unwrap_or_default(), ..Text::default() },
        content,
        enclosures: enclosures(item, base),
        categories: tags
            .filter_map(Value::as_str)
            .map(|tag| tag.trim().to_owned())
            .filter(|tag| !tag.is_empty())
            .take(100)
            .collect(),
        language: string(item, "language").as_deref().and_then(Language::parse),
        via: address("external_url").into_iter().collect(),
        image: address("image").or_else(|| address("banner_image")),
        ..RawEntry::default()
    }
}

fn enclosures(item: &Map<String, Value>, base: Option<&Url>) -> Vec<Enclosure> {
    let attachments = item.get("attachments").and_then(Value::as_array).into_iter().flatten();
    let enclosure = |attachment: &Value| {
        let attachment = attachment.as_object()?;
        Some(Enclosure {
            url: resolve(&string(attachment, "url")?, base),
            media_type: string(attachment, "mime_type"),
            length: attachment
                .get("size_in_bytes")
                .and_then(|size| size.as_u64().or_else(|| size.as_str()?.parse().ok())),
        })
    };
    attachments.filter_map(enclosure).take(100).collect()
}

/// `authors` of version 1.1, `author` of 1.0; some software writes a string for the object.
fn people(object: &Map<String, Value>) -> Vec<Person> {
    let mut people = Vec::new();
    let listed = object.get("authors").and_then(Value::as_array).into_iter().flatten();
    for author in listed.chain(object.get("author")).take(100) {
        let read = match author {
            Value::String(name) => person::parse(name),
            Value::Object(author) => {
                let mut read = string(author, "name").as_deref().and_then(person::parse).unwrap_or_default();
                read.uri = string(author, "url");
                read.email = read.email.or_else(|| string(author, "email"));
                Some(read)
            }
            _ => None,
        };
        if let Some(read) = read {
            person::add(&mut people, read);
        }
    }
    people
}

/// A string that says something; numbers are taken for strings (version 1.1 asks readers to).
fn string(object: &Map<String, Value>, name: &str) -> Option<String> {
    match object.get(name)? {
        Value::String(text) => Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn resolve(address: &str, base: Option<&Url>) -> String {
    match base {
        Some(base) if Url::parse(address).is_err() => {
            base.join(address).map_or_else(|_| address.to_owned(), String::from)
        }
        _ => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Reading {
        read(text, &Url::parse("https://example.org/feed.json").unwrap())
    }

    #[test]
    fn types_that_are_wrong_are_read_for_what_they_mean() {
        let reading = parse(
            r#"{"version": "https://jsonfeed.org/version/1", "title": "J", "author": "Ann", "items": [
                {"id": 7, "url": "/7", "title": null, "content_text": "a < b", "author": {"name": "Bob", "url": "https://b.example/"},
                 "attachments": [{"url": "a.mp3", "mime_type": "audio/mpeg", "size_in_bytes": "12"}], "tags": ["x", 3]}, "junk"]}"#,
        );
        assert_eq!(reading.feed.format, "json10");
        assert_eq!(reading.feed.authors[0].name, "Ann");
        let entry = &reading.entries[0];
        assert_eq!(entry.id.as_deref(), Some("7"));
        assert_eq!(entry.link.as_deref(), Some("https://example.org/7"));
        assert_eq!((entry.content.value.as_str(), entry.content.html), ("a < b", false));
        assert_eq!(entry.enclosures[0].url, "https://example.org/a.mp3");
        assert_eq!(entry.enclosures[0].length, Some(12));
        assert_eq!(reading.entries.len(), 1);
    }

    #[test]
    fn the_whole_items_of_a_truncated_document_are_kept() {
        let reading = parse(
            r#"{"version": "https://jsonfeed.org/version/1.1", "title": "J", "items": [{"id": "1"}, {"id": "2"}, {"id": "#,
        );
        assert_eq!(reading.feed.title.value, "J");
        assert_eq!(reading.entries.len(), 2);
        assert_eq!(reading.faults.len(), 1);
    }

    #[test]
    fn other_json_is_refused() {
        for text in ["[1, 2]", "{\"a\": 1}", "{", "{\"items\""] {
            assert!(parse(text).refused.is_some(), "{text}");
        }
    }
}
