//! What is said in one request, and what is made of its answer?

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use chrono::TimeDelta;
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Response, StatusCode};
use url::Url;

use super::polite::Turn;
use super::{FetchError, Fetcher, LARGE_BODY, MOST_HEADER_BYTES, Now, body, guard};
use crate::model::{Ask, Document, Purpose, Timestamp, Validators};

/// Formats of feeds, those that say most first, then whatever there is: many serve a feed as `text/html`.
const ACCEPT_FEED: HeaderValue = HeaderValue::from_static(
    "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, \
     application/json;q=0.8, text/html;q=0.6, */*;q=0.5",
);
const ACCEPT_PAGE: HeaderValue =
    HeaderValue::from_static("text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.5");
const ACCEPT_API: HeaderValue = HeaderValue::from_static("application/json");

/// Bodies over the wire above this are decoded beside tokio's workers: 1 MiB of gzip takes 2 ms.
const DECODE_ASIDE: usize = 1 << 20;

/// The end of one exchange; the body is as it came.
pub(super) enum Answer {
    Document(Box<Document>),
    Redirect { to: Url, permanent: bool },
}

impl Fetcher {
    /// One request within its turn. Takes the time it needs from `budget`.
    pub(super) async fn exchange(
        &self,
        url: &Url,
        ask: &Ask,
        turn: &mut Turn,
        now: Now<'_>,
        budget: &mut Duration,
    ) -> Result<Answer, FetchError> {
        let host = url.host_str().unwrap_or_default();
        let received = Received::default();
        let started = now();
        let answer = tokio::time::timeout(*budget, self.ask_and_read(url, ask, turn, now, &received)).await;
        *budget = budget.saturating_sub((now() - started).to_std().unwrap_or_default());
        answer.unwrap_or_else(|_| {
            let did = match received.0.load(Ordering::Relaxed) {
                NOTHING => "did not answer".to_owned(),
                bytes => format!("sent only {bytes} bytes of its answer"),
            };
            Err(FetchError::Timeout { host: host.to_owned(), did, within: self.settings.total_timeout })
        })
    }

    async fn ask_and_read(
        &self,
        url: &Url,
        ask: &Ask,
        turn: &mut Turn,
        now: Now<'_>,
        received: &Received,
    ) -> Result<Answer, FetchError> {
        let host = url.host_str().unwrap_or_default();
        let fields = self.fields(url, ask)?;
        let response = match self.send(url, fields.clone()).await {
            // A server may close an idle connection at the moment we use it again: that says nothing of the server,
            // and a GET can be repeated (RFC 9110 §9.2.2). Once, on a new connection.
            Err(FetchError::Cut { .. }) => self.send(url, fields).await?,
            other => other?,
        };
        received.0.store(0, Ordering::Relaxed);
        let status = response.status();
        let fields = response.headers();
        if fields.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum::<usize>() > MOST_HEADER_BYTES {
            return Err(FetchError::HeaderTooLarge { limit: MOST_HEADER_BYTES });
        }
        let substack = is_substack(url, fields);
        if substack {
            self.polite.join_substack(url);
        }
        match status.as_u16() {
            301 | 302 | 303 | 307 | 308 => {
                let to = target(url, status, fields)?;
                let permanent = matches!(status.as_u16(), 301 | 308);
                return Ok(Answer::Redirect { to, permanent });
            }
            200 | 203 => {}
            // Only the answer to a condition: without one it is no document.
            304 if !ask.validators.is_empty() => {}
            status => {
                let until = matches!(status, 429 | 503).then(|| retry_after(fields, now())).flatten();
                if status == 429 {
                    turn.slow_down(until, now());
                }
                return Err(FetchError::status(status, fields, substack, until));
            }
        }
        let mut document = document(url, &response, now());
        if status != StatusCode::NOT_MODIFIED {
            document.body = self.read(response, host, received).await?;
            document.wire_bytes = document.body.len() as u64;
            document.fetched = now();
        }
        Ok(Answer::Document(Box::new(document)))
    }

    async fn send(&self, url: &Url, fields: HeaderMap) -> Result<Response, FetchError> {
        let sent = self.clients.get()?.get(url.clone()).headers(fields).send().await;
        sent.map_err(|e| FetchError::of(&e, url.host_str().unwrap_or_default(), None, self.clients.no_roots))
    }

    /// The header fields of a request: who we are, what we read, what we have. No cookie, no referrer.
    fn fields(&self, url: &Url, ask: &Ask) -> Result<HeaderMap, FetchError> {
        let mut fields = HeaderMap::with_capacity(8);
        fields.insert(header::USER_AGENT, self.agent.clone());
        let accept = match ask.purpose {
            Purpose::Feed => ACCEPT_FEED,
            Purpose::Page => ACCEPT_PAGE,
            Purpose::Api => ACCEPT_API,
        };
        fields.insert(header::ACCEPT, accept);
        fields.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(body::ACCEPT_ENCODING));
        // Byte for byte, as it was sent. What cannot be sent back is left out: the fetch is then a full one.
        let validators =
            [(header::IF_NONE_MATCH, &ask.validators.etag), (header::IF_MODIFIED_SINCE, &ask.validators.last_modified)];
        for (name, value) in validators {
            if let Some(value) = value.as_deref().and_then(|v| HeaderValue::from_bytes(v).ok()) {
                fields.insert(name, value);
            }
        }
        // The source's own fields may hold a key, which is for its own origin alone.
        if url.origin() == ask.url.origin() {
            for (name, value) in &ask.headers {
                let unfit = || FetchError::Header(name.clone());
                let field = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unfit())?;
                fields.insert(field, HeaderValue::from_str(value).map_err(|_| unfit())?);
            }
        }
        Ok(fields)
    }

    /// Reads a body up to the limit.
    async fn read(&self, mut response: Response, host: &str, received: &Received) -> Result<Bytes, FetchError> {
        let limit = self.settings.max_body_bytes;
        let declared = response.content_length().unwrap_or(0);
        if declared > limit as u64 {
            return Err(FetchError::TooLarge { limit });
        }
        let mut lane = None;
        let mut whole = BytesMut::new();
        let mut first: Option<Bytes> = None;
        loop {
            let so_far = whole.len() + first.as_ref().map_or(0, Bytes::len);
            let chunk = response
                .chunk()
                .await
                .map_err(|e| FetchError::of(&e, host, Some(so_far as u64), self.clients.no_roots))?;
            let Some(chunk) = chunk else { break };
            let length = so_far + chunk.len();
            received.0.store(length as u64, Ordering::Relaxed);
            if length > limit {
                return Err(FetchError::TooLarge { limit });
            }
            if length > LARGE_BODY && lane.is_none() {
                lane = self.large.acquire().await.ok();
            }
            // Most bodies are small enough to come in one piece, which then need not be copied.
            match first.take() {
                None if whole.is_empty() => first = Some(chunk),
                None => whole.extend_from_slice(&chunk),
                Some(start) => {
                    whole.reserve((declared as usize).clamp(start.len() + chunk.len(), LARGE_BODY));
                    whole.extend_from_slice(&start);
                    whole.extend_from_slice(&chunk);
                }
            }
        }
        Ok(first.unwrap_or_else(|| whole.freeze()))
    }

    /// Undoes the content encoding of a document as it came.
    pub(super) async fn decode(&self, mut document: Box<Document>) -> Result<Box<Document>, FetchError> {
        let limit = self.settings.max_body_bytes;
        let fields = document.headers.iter().filter(|(name, _)| name == "content-encoding");
        let encodings: Vec<String> = fields.map(|(_, value)| value.clone()).collect();
        let wire = std::mem::take(&mut document.body);
        document.body = if wire.len() <= DECODE_ASIDE {
            body::decode(wire, &encodings, limit)?
        } else {
            let decoded = tokio::task::spawn_blocking(move || body::decode(wire, &encodings, limit)).await;
            decoded.map_err(|e| FetchError::Encoding(e.to_string()))??
        };
        Ok(document)
    }
}

/// How many bytes of the body came, for the message of a timeout.
struct Received(AtomicU64);

/// Not even the header.
const NOTHING: u64 = u64::MAX;

impl Default for Received {
    fn default() -> Self {
        Self(AtomicU64::new(NOTHING))
    }
}

/// The facts of an answer, without its body.
fn document(url: &Url, response: &Response, now: Timestamp) -> Document {
    let fields = response.headers();
    let bytes = |name: HeaderName| fields.get(name).map(|v| v.as_bytes().to_vec());
    Document {
        requested: url.clone(),
        url: url.clone(),
        moved_to: None,
        status: response.status().as_u16(),
        validators: Validators { etag: bytes(header::ETAG), last_modified: bytes(header::LAST_MODIFIED) },
        headers: fields
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect(),
        body: Bytes::new(),
        wire_bytes: 0,
        fetched: now,
    }
}

/// Whether the answer comes from Substack: by its host, or by the fields that it sends from custom domains too.
fn is_substack(url: &Url, fields: &HeaderMap) -> bool {
    let host = url.host_str().unwrap_or_default();
    host == "substack.com"
        || host.ends_with(".substack.com")
        || fields.contains_key("x-sub")
        || fields.get("x-served-by").is_some_and(|v| v.as_bytes().eq_ignore_ascii_case(b"substack"))
}

/// Where a redirect leads. No credentials of another's making are taken along.
fn target(url: &Url, status: StatusCode, fields: &HeaderMap) -> Result<Url, FetchError> {
    let location = fields.get(header::LOCATION).map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned());
    let location = location.unwrap_or_default();
    let bad = || FetchError::BadRedirect { status: status.as_u16(), location: location.chars().take(200).collect() };
    if location.trim().is_empty() {
        return Err(bad());
    }
    let mut to = url.join(location.trim()).map_err(|_| bad())?;
    to.set_fragment(None);
    if !to.username().is_empty() || to.password().is_some() {
        to.set_username("").and_then(|()| to.set_password(None)).map_err(|()| bad())?;
    }
    // The guard says so at the next hop too, but there it is not known that a redirect led there.
    guard::check_url(&to, true).map_err(|_| bad())?;
    Ok(to)
}

/// Until when the server asks not to be asked again: seconds, or a date (RFC 9110 §10.2.3). A date is read against
/// the server's own clock, where it gives it.
pub(super) fn retry_after(fields: &HeaderMap, now: Timestamp) -> Option<Timestamp> {
    let text = |name| fields.get(name).and_then(|v: &HeaderValue| v.to_str().ok()).map(str::trim);
    let value = text(header::RETRY_AFTER)?;
    if let Ok(seconds) = value.parse::<u64>() {
        // A hundred years are for ever; more than fits is as well.
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX).min(100 * 366 * 86_400);
        return Some(now + TimeDelta::seconds(seconds));
    }
    let until = Timestamp::from(httpdate::parse_http_date(value).ok()?);
    let their_now = text(header::DATE).and_then(|d| httpdate::parse_http_date(d).ok()).map_or(now, Timestamp::from);
    Some(now + (until - their_now).max(TimeDelta::zero()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> HeaderMap {
        let field = |s: &str| HeaderName::from_bytes(s.as_bytes()).unwrap();
        pairs.iter().map(|(n, v)| (field(n), HeaderValue::from_str(v).unwrap())).collect()
    }

    #[test]
    fn retry_after_in_both_forms() {
        let now = chrono::DateTime::parse_from_rfc3339("2026-11-22T10:00:00Z").unwrap().to_utc();
        let check = |pairs: &[(&str, &str)], seconds: Option<i64>| {
            let until = retry_after(&fields(pairs), now).map(|until| (until - now).num_seconds());
            assert_eq!(until, seconds, "{pairs:?}");
        };
        check(&[("retry-after", "120")], Some(120));
        check(&[("retry-after", " 0 ")], Some(0));
        check(&[("retry-after", "99999999999999999")], Some(100 * 366 * 86_400));
        check(&[("retry-after", "Sun, 22 Nov 2026 10:05:00 GMT")], Some(300));
        check(&[("retry-after", "Sun, 22 Nov 2026 09:00:00 GMT")], Some(0));
        // Their clock is an hour ahead of ours: they mean five minutes all the same.
        let ahead = [("date", "Sun, 22 Nov 2026 11:00:00 GMT"), ("retry-after", "Sun, 22 Nov 2026 11:05:00 GMT")];
        check(&ahead, Some(300));
        check(&[("retry-after", "soon")], None);
        check(&[("retry-after", "-5")], None);
        check(&[], None);
    }

    #[test]
    fn where_a_redirect_leads() {
        let from = Url::parse("https://example.org/a/feed?x=1").unwrap();
        let check = |location: &str, expected: Option<&str>| {
            let to = target(&from, StatusCode::FOUND, &fields(&[("location", location)])).ok();
            assert_eq!(to.as_ref().map(Url::as_str), expected, "{location}");
        };
        check("../b", Some("https://example.org/b"));
        check("//other.org/feed#top", Some("https://other.org/feed"));
        check("https://user:secret@other.org/", Some("https://other.org/"));
        check("", None);
        check("file:///etc/passwd", None);
        check("https://", None);
    }
}
