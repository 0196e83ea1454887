//! Does the reader have this version already (RFC 9110 §13)?

use std::time::SystemTime;

use hyper::header::{HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH};

/// What the reader says that it has.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// Nothing.
    None,
    /// `If-None-Match: *`: anything.
    Any,
    /// Representations by their entity tags, without the mark of weakness: the comparison is weak (§13.1.2).
    Tags(Vec<String>),
    /// Whatever stood at that time.
    Since(SystemTime),
}

impl Condition {
    /// Reads the header fields; `If-None-Match` overrules `If-Modified-Since` (§13.1.3).
    ///
    /// # Errors
    /// A sentence, where a field cannot be read: a reader that errs here downloads everything at each poll and never
    /// learns of it unless it is told.
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, String> {
        let mut tags = Vec::new();
        for value in headers.get_all(IF_NONE_MATCH) {
            let text = value.to_str().map_err(|_| malformed(&IF_NONE_MATCH, "\"…\""))?.trim();
            if text == "*" {
                return Ok(Self::Any);
            }
            entity_tags(text, &mut tags).ok_or_else(|| malformed(&IF_NONE_MATCH, "\"…\", W/\"…\" or *"))?;
        }
        if !tags.is_empty() {
            return Ok(Self::Tags(tags));
        }
        let Some(value) = headers.get(IF_MODIFIED_SINCE) else { return Ok(Self::None) };
        let date = value.to_str().ok().and_then(|text| httpdate::parse_http_date(text.trim()).ok());
        date.map(Self::Since).ok_or_else(|| malformed(&IF_MODIFIED_SINCE, "Sun, 06 Nov 1994 08:49:37 GMT"))
    }

    /// The tag to answer 304 with, if the reader has one of these, which are all of one version: a reader that
    /// changed its mind about compression needs no second copy, and a cache finds its own by the tag.
    pub(super) fn met_by(&self, tags: &[&HeaderValue], modified: SystemTime) -> Option<HeaderValue> {
        let first = || tags.first().map(|tag| (*tag).clone());
        match self {
            Self::None => None,
            Self::Any => first(),
            Self::Since(since) => (modified <= *since).then(first).flatten(),
            Self::Tags(given) => {
                let has = |tag: &&&HeaderValue| tag.to_str().is_ok_and(|t| given.iter().any(|g| g == t));
                tags.iter().find(has).map(|tag| (*tag).clone())
            }
        }
    }
}

fn malformed(name: &HeaderName, like: &str) -> String {
    format!("{name} is malformed: it is written {like}")
}

/// `1#entity-tag` (§8.8.3), the tags with their quotes.
fn entity_tags(mut text: &str, tags: &mut Vec<String>) -> Option<()> {
    loop {
        text = text.trim_start_matches([',', ' ', '\t']);
        if text.is_empty() {
            return (!tags.is_empty()).then_some(());
        }
        let opaque = text.strip_prefix("W/").unwrap_or(text).strip_prefix('"')?;
        let end = opaque.find('"')?;
        tags.push(format!("\"{}\"", &opaque[..end]));
        text = opaque[end + 1..].trim_start();
        if !text.is_empty() && !text.starts_with(',') {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: HeaderName, value: &str) -> Result<Condition, String> {
        Condition::read(&HeaderMap::from_iter([(name, HeaderValue::from_bytes(value.as_bytes()).unwrap())]))
    }

    #[test]
    fn tags_are_read_as_the_standard_writes_them() {
        let check = |value: &str, expected: &[&str]| {
            let expected = expected.iter().map(|t| format!("\"{t}\"")).collect();
            assert_eq!(read(IF_NONE_MATCH, value), Ok(Condition::Tags(expected)), "{value}");
        };
        check("\"a\"", &["a"]);
        check("W/\"a\"", &["a"]);
        check("\"a\", W/\"b,c\" ,\"\"", &["a", "b,c", ""]);
        assert_eq!(read(IF_NONE_MATCH, "*"), Ok(Condition::Any));
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for value in ["a", "\"a", "\"a\" \"b\"", "", ",", "\"a\", b", "\"é\""] {
            assert!(read(IF_NONE_MATCH, value).is_err(), "{value}");
        }
        for value in ["yesterday", "", "2026-11-22"] {
            assert!(read(IF_MODIFIED_SINCE, value).is_err(), "{value}");
        }
        assert!(read(IF_MODIFIED_SINCE, "Sun, 06 Nov 1994 08:49:37 GMT").is_ok());
    }

    #[test]
    fn tags_overrule_dates() {
        let date = HeaderValue::from_static("Sun, 06 Nov 2094 08:49:37 GMT");
        let headers =
            HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_static("\"old\"")), (IF_MODIFIED_SINCE, date)]);
        let condition = Condition::read(&headers).unwrap();
        assert_eq!(condition.met_by(&[&HeaderValue::from_static("\"new\"")], SystemTime::UNIX_EPOCH), None);
    }
}
