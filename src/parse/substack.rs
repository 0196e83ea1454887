//! What does Substack's API answer? `/api/v1/archive`: an array of posts; `/api/v1/posts/<slug>`: one with its text.
//!
//! Neither is documented (FACTS: it can change), so every field may be missing.

use serde_json::{Map, Value};

use crate::model::{Document, Person, RawEntry, RawFeed, Reading, Text};

use super::{MAX_ENTRIES, date, refuse};

/// Reads a page of the archive: entries with titles, links and dates, and as a rule without their texts.
pub fn archive(document: &Document) -> Reading {
    match super::json(document) {
        Ok(Value::Array(posts)) => read(&posts),
        Ok(_) => refuse("the answer is no page of a Substack archive".to_owned()),
        Err(reading) => *reading,
    }
}

/// Reads one post with its text.
pub fn post(document: &Document) -> Reading {
    match super::json(document) {
        Ok(Value::Object(mut object)) => {
            // Newer answers wrap the post.
            let post = match object.remove("post") {
                Some(post @ Value::Object(_)) => post,
                _ => Value::Object(object),
            };
            read(&[post])
        }
        Ok(_) => refuse("the answer is no Substack post".to_owned()),
        Err(reading) => *reading,
    }
}

fn read(posts: &[Value]) -> Reading {
    let entries: Vec<RawEntry> = posts.iter().take(MAX_ENTRIES).filter_map(|post| entry(post.as_object()?)).collect();
    if entries.is_empty() && !posts.is_empty() {
        return refuse("the answer holds no Substack posts".to_owned());
    }
    let feed = RawFeed { format: "substack", generator: Some("Substack".to_owned()), ..RawFeed::default() };
    Reading { feed, entries, ..Reading::default() }
}

fn entry(post: &Map<String, Value>) -> Option<RawEntry> {
    let string = |name: &str| post.get(name).and_then(Value::as_str).map(str::to_owned).filter(|text| !text.is_empty());
    let link = string("canonical_url")?;
    let markup = |value: Option<String>| Text { value: value.unwrap_or_default(), html: true, ..Text::default() };
    let plain = |value: Option<String>| Text { value: value.unwrap_or_default(), ..Text::default() };
    let people = post.get("publishedBylines").and_then(Value::as_array).into_iter().flatten();
    let person = |byline: &Value| {
        let name = byline.get("name")?.as_str()?.trim().to_owned();
        (!name.is_empty()).then(|| Person { name, ..Person::default() })
    };
    let moment = |name: &str| string(name).as_deref().and_then(date::parse);
    Some(RawEntry {
        // The feed's guid is the address of the post.
        id: Some(link.clone()),
        title: plain(string("title")),
        link: Some(link),
        published: moment("post_date"),
        updated: moment("updated_at"),
        authors: people.filter_map(person).take(20).collect(),
        summary: plain(string("subtitle").or_else(|| string("description"))),
        content: markup(string("body_html")),
        image: string("cover_image"),
        // "everyone" marks the free ones; of others only a preview is public.
        preview: string("audience").is_some_and(|audience| audience != "everyone"),
        ..RawEntry::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;
    use url::Url;

    fn document(body: &str) -> Document {
        let url = Url::parse("https://a.substack.com/api/v1/archive").unwrap();
        Document::local(url, Some("application/json"), body.to_owned(), Timestamp::default())
    }

    #[test]
    fn posts_are_read() {
        let post = r#"{"title": "A < B", "canonical_url": "https://a.substack.com/p/a", "post_date": "2025-12-18T08:00:12.345Z",
            "audience": "only_paid", "body_html": "<p>x</p>", "publishedBylines": [{"name": "Ann"}], "subtitle": "s"}"#;
        let reading = archive(&document(&format!("[{post}, {{}}]")));
        assert_eq!(reading.entries.len(), 1);
        let entry = &reading.entries[0];
        assert_eq!((entry.title.value.as_str(), entry.title.html), ("A < B", false));
        assert!(entry.preview);
        assert_eq!(entry.authors[0].name, "Ann");
        assert_eq!(super::post(&document(post)).entries[0].content.value, "<p>x</p>");
        assert_eq!(super::post(&document(&format!("{{\"post\": {post}}}"))).entries.len(), 1);
    }

    #[test]
    fn other_answers_are_refused() {
        assert!(archive(&document("{\"error\": \"x\"}")).refused.is_some());
        assert!(archive(&document("[]")).refused.is_none());
        assert!(post(&document("<html>")).refused.is_some());
    }
}
