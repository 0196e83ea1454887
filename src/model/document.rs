//! What did a server answer? Bytes and the facts of HTTP, nothing parsed.

use bytes::Bytes;
use url::Url;

use super::{Timestamp, Validators};

/// The answer to one request, its body decoded from its content encoding and capped in size.
#[derive(Debug, Clone)]
pub struct Document {
    /// The address that was asked for.
    pub requested: Url,
    /// The address that answered, after redirects: what relative references are resolved against.
    pub url: Url,
    /// Where the resource has moved for good, when every redirect on the way was a 301 or 308.
    pub moved_to: Option<Url>,
    /// Status code; 304 has an empty body.
    pub status: u16,
    /// ETag and Last-Modified, byte for byte.
    pub validators: Validators,
    /// Header fields in order, names in lower case, values as sent (bytes outside of UTF-8 replaced).
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// Bytes that came over the wire for the body, before decoding.
    pub wire_bytes: u64,
    /// When the answer was complete.
    pub fetched: Timestamp,
}

impl Document {
    /// The first header field of this name (in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// A document that was never fetched: a file, standard input, a test.
    pub fn local(url: Url, content_type: Option<&str>, body: impl Into<Bytes>, now: Timestamp) -> Self {
        let body = body.into();
        Self {
            requested: url.clone(),
            url,
            moved_to: None,
            status: 200,
            validators: Validators::default(),
            headers: content_type.map(|ct| ("content-type".to_owned(), ct.to_owned())).into_iter().collect(),
            wire_bytes: body.len() as u64,
            body,
            fetched: now,
        }
    }
}
