//! What does the REST API of WordPress answer? `/wp-json/wp/v2/posts`: an array of posts, or one post.

use serde_json::{Map, Value};

use crate::model::{Document, Fault, Language, Person, RawEntry, RawFeed, Reading, Text};

use super::{MAX_ENTRIES, date, refuse};

/// Reads posts with their whole text (`content.rendered`). An error object of the API is refused with its message.
pub fn posts(document: &Document) -> Reading {
    let answer = match super::json(document) {
        Ok(answer) => answer,
        Err(reading) => return *reading,
    };
    let posts = match answer {
        Value::Array(posts) => posts,
        Value::Object(object) if object.contains_key("content") => vec![Value::Object(object)],
        Value::Object(object) => {
            let message = object.get("message").and_then(Value::as_str).unwrap_or("no posts in it");
            return refuse(format!("the WordPress API says: {message}"));
        }
        _ => return refuse("the answer is no list of posts".to_owned()),
    };
    let mut reading = Reading { feed: RawFeed { format: "wordpress", ..RawFeed::default() }, ..Reading::default() };
    for post in posts.iter().take(MAX_ENTRIES) {
        match post.as_object().and_then(entry) {
            Some(entry) => reading.entries.push(entry),
            None => reading.faults.push(Fault { offset: None, message: "a post without link and text".to_owned() }),
        }
    }
    if !posts.is_empty() && reading.entries.is_empty() {
        return refuse("the answer is no list of posts".to_owned());
    }
    reading
}

fn entry(post: &Map<String, Value>) -> Option<RawEntry> {
    let string = |name: &str| post.get(name).and_then(Value::as_str).map(str::to_owned).filter(|text| !text.is_empty());
    let rendered = |name: &str| {
        let value = post.get(name).and_then(|text| text.get("rendered").unwrap_or(text).as_str()).unwrap_or_default();
        Text { value: value.to_owned(), html: true, ..Text::default() }
    };
    let guid = rendered("guid").value;
    let link = string("link");
    let content = rendered("content");
    if link.is_none() && content.value.is_empty() {
        return None;
    }
    // `date_gmt` has no zone because it is UTC; `date` is in the site's own, which is not told.
    let moment = |name: &str| string(name).as_deref().and_then(date::parse);
    Some(RawEntry {
        // The guid of the feed is the same address (`https://site/?p=12`), so both name one entry.
        id: Some(guid).filter(|guid| !guid.is_empty()).or_else(|| post.get("id").map(|id| format!("wp:{id}"))),
        title: rendered("title"),
        link,
        published: moment("date_gmt").or_else(|| moment("date")),
        updated: moment("modified_gmt").or_else(|| moment("modified")),
        authors: authors(post),
        summary: rendered("excerpt"),
        content,
        categories: terms(post),
        language: string("lang").as_deref().and_then(Language::parse),
        image: image(post),
        // A password hides the content and leaves the rest.
        preview: post
            .get("content")
            .and_then(|content| content.get("protected"))
            .and_then(Value::as_bool)
            .unwrap_or_default(),
        ..RawEntry::default()
    })
}

/// Authors embedded in the answer (`?_embed`), else those that an SEO plugin names.
fn authors(post: &Map<String, Value>) -> Vec<Person> {
    let embedded = post.get("_embedded").and_then(|embedded| embedded.get("author")).and_then(Value::as_array);
    let person = |author: &Value| {
        let name = author.get("name")?.as_str()?.trim().to_owned();
        let uri = author.get("link").and_then(Value::as_str).map(str::to_owned);
        (!name.is_empty()).then_some(Person { name, email: None, uri })
    };
    let mut people: Vec<Person> = embedded.into_iter().flatten().filter_map(person).take(20).collect();
    if people.is_empty() {
        let yoast = post.get("yoast_head_json").and_then(|head| head.get("author")).and_then(Value::as_str);
        people.extend(yoast.map(|name| Person { name: name.to_owned(), ..Person::default() }));
    }
    people
}

fn terms(post: &Map<String, Value>) -> Vec<String> {
    let groups = post.get("_embedded").and_then(|embedded| embedded.get("wp:term")).and_then(Value::as_array);
    let terms = groups.into_iter().flatten().filter_map(Value::as_array).flatten();
    terms.filter_map(|term| Some(term.get("name")?.as_str()?.to_owned())).take(100).collect()
}

fn image(post: &Map<String, Value>) -> Option<String> {
    let media =
        post.get("_embedded").and_then(|embedded| embedded.get("wp:featuredmedia")).and_then(|media| media.get(0));
    let address = media.and_then(|media| media.get("source_url")).and_then(Value::as_str);
    address
        .or_else(|| post.get("jetpack_featured_media_url")?.as_str())
        .filter(|address| !address.is_empty())
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;
    use url::Url;

    fn read(body: &str) -> Reading {
        let url = Url::parse("https://blog.example/wp-json/wp/v2/posts").unwrap();
        posts(&Document::local(url, Some("application/json"), body.to_owned(), Timestamp::default()))
    }

    #[test]
    fn posts_are_read_with_their_whole_text() {
        let reading = read(
            r#"[{"id": 12, "date": "2025-12-19T11:00:00", "date_gmt": "2025-12-19T10:00:00", "modified_gmt": "2025-12-20T10:00:00",
                 "guid": {"rendered": "https://blog.example/?p=12"}, "link": "https://blog.example/2025/12/a/",
                 "title": {"rendered": "A &#8211; B"}, "content": {"rendered": "<p>Whole</p>", "protected": false},
                 "excerpt": {"rendered": "<p>Part [&hellip;]</p>"},
                 "_embedded": {"author": [{"name": "Ann", "link": "https://blog.example/author/ann/"}],
                               "wp:term": [[{"name": "News"}]], "wp:featuredmedia": [{"source_url": "https://blog.example/i.jpg"}]}},
                3]"#,
        );
        let entry = &reading.entries[0];
        assert_eq!(entry.id.as_deref(), Some("https://blog.example/?p=12"));
        assert_eq!(entry.content.value, "<p>Whole</p>");
        assert_eq!(entry.published.unwrap().to_rfc3339(), "2025-12-19T10:00:00+00:00");
        assert_eq!(entry.authors[0].name, "Ann");
        assert_eq!(entry.categories, ["News"]);
        assert_eq!(entry.image.as_deref(), Some("https://blog.example/i.jpg"));
        assert_eq!((reading.entries.len(), reading.faults.len()), (1, 1));
    }

    #[test]
    fn an_error_is_refused_with_its_message() {
        let reading = read(r#"{"code": "rest_no_route", "message": "No route was found"}"#);
        assert_eq!(reading.refused.as_deref(), Some("the WordPress API says: No route was found"));
        assert!(read("<html>").refused.is_some());
        assert!(read("[]").refused.is_none());
        assert!(read("[1]").refused.is_some());
    }
}
