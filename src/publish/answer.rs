//! What is answered to one request?

use std::convert::Infallible;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use url::form_urlencoded;

use crate::model::EditionQuery;

use super::conditional::Condition;
use super::negotiation::{Coding, Wanted, coding, is_feed, languages, media_type, wanted};
use super::{Ask, Page, Refusal, Server, cache, count};

type Answer = Response<Full<Bytes>>;

/// Bytes of a query: what the longest one with a meaning has, several times over.
const QUERY_BYTES_MAX: usize = 8 << 10;
/// Bytes of a path: likewise.
const PATH_BYTES_MAX: usize = 1 << 10;
/// Pages smaller than this are sent as they are: compressed they would still take one packet.
const COMPRESSED_MIN: usize = 1_200;

/// Nothing runs, nothing is sent on, nothing comes from another host; a feed's stylesheet is ours.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'";

/// The answer, whatever comes.
///
/// # Errors
/// None: what is wrong is an answer too.
pub(super) async fn answer(server: &Arc<Server>, request: Request<Incoming>) -> Result<Answer, Infallible> {
    // A body, if one is sent, is never read: the connection ends after the answer.
    let answer = route(server, &request).await.unwrap_or_else(|fault| fault.answer(request.method()));
    let class = usize::from(answer.status().as_u16() / 100).clamp(1, 5) - 1;
    count(&server.counts.answers[class]);
    if answer.status() == StatusCode::NOT_MODIFIED {
        count(&server.counts.not_modified);
    }
    Ok(answer)
}

/// Why a request is not met: a status and a sentence.
struct Fault(StatusCode, String);

impl Fault {
    fn bad(sentence: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, sentence.into())
    }

    fn answer(self, method: &Method) -> Answer {
        let mut answer = with_body(method, Bytes::from(self.1 + "\n"));
        *answer.status_mut() = self.0;
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.0 == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS"));
        }
        if self.0 == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("10"));
        }
        guarded(headers);
        answer
    }
}

async fn route(server: &Arc<Server>, request: &Request<Incoming>) -> Result<Answer, Fault> {
    let (method, headers, uri) = (request.method(), request.headers(), request.uri());
    if method == Method::OPTIONS {
        return Ok(options());
    }
    if !matches!(*method, Method::GET | Method::HEAD) {
        return Err(Fault(StatusCode::METHOD_NOT_ALLOWED, format!("{method} is not served here, only GET and HEAD")));
    }
    let query = uri.query().unwrap_or_default();
    if uri.path().len() > PATH_BYTES_MAX || query.len() > QUERY_BYTES_MAX {
        return Err(Fault(StatusCode::URI_TOO_LONG, "the address is too long".to_owned()));
    }
    let condition = Condition::read(headers).map_err(Fault::bad)?;
    if let Some((id, format)) = feed_address(server, uri.path()) {
        match feed(server, method, headers, (id, query, format), &condition).await {
            // Other files have endings too.
            Err(Fault(StatusCode::NOT_FOUND, _)) => {}
            answer => return answer,
        }
    } else if let Some(answer) = bare_edition(server, method, headers, (uri.path(), query), &condition).await? {
        return Ok(answer);
    }
    page(server, method, headers, &ask(uri.path(), query, headers)?, &condition).await
}

/// `/main.atom`: the edition's name, and the place of the format.
fn feed_address<'a>(server: &Server, path: &'a str) -> Option<(&'a str, usize)> {
    let (id, ending) = path.strip_prefix('/')?.rsplit_once('.')?;
    let format = server.formats.iter().position(|f| f.ending == ending)?;
    (!id.contains('/')).then_some((id, format))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

async fn feed(
    server: &Arc<Server>,
    method: &Method,
    headers: &HeaderMap,
    (id, query, format): (&str, &str, usize),
    condition: &Condition,
) -> Result<Answer, Fault> {
    let query = if query.is_empty() {
        EditionQuery::default()
    } else {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        EditionQuery::read(pairs.iter().map(|(n, v)| (n.as_str(), v.as_str()))).map_err(Fault::bad)?
    };
    let coding = acceptable(headers)?;
    let ready = server.cache.ready(server, id, &query, format, coding).await.map_err(|refusal| match refusal {
        Refusal::Unknown => Fault(StatusCode::NOT_FOUND, "there is no such edition".to_owned()),
        Refusal::Bad(sentence) => Fault::bad(sentence),
        Refusal::NotReady => Fault(StatusCode::SERVICE_UNAVAILABLE, "not ready yet".to_owned()),
    })?;
    let [plain, gzip, brotli] = &ready.tags;
    // The tag of what would be sent comes first: it is the one a reader without tags is told.
    let tags = [&ready.sent.tag, plain, gzip, brotli];
    let met = condition.met_by(&tags, ready.modified);
    let mut answer = match &met {
        Some(_) => not_modified(),
        None => {
            let mut answer = with_body(method, ready.sent.bytes.clone());
            let media_type = media_type(text(headers, &header::ACCEPT), server.formats[format].media_type);
            let headers = answer.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
            content_encoding(headers, coding);
            answer
        }
    };
    let headers = answer.headers_mut();
    headers.insert(header::ETAG, met.unwrap_or(ready.sent.tag));
    headers.insert(header::LAST_MODIFIED, ready.modified_header);
    headers.insert(header::CACHE_CONTROL, server.feeds_kept_for.clone());
    headers.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    if let Some(link) = ready.link {
        headers.insert(header::LINK, link);
    }
    // Anybody may read a feed, a web page of another host too.
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("ETag, Last-Modified, Link"));
    guarded(headers);
    Ok(answer)
}

/// `/main`: the feed or the page, as the reader prefers; `None` where no edition has this name.
async fn bare_edition(
    server: &Arc<Server>,
    method: &Method,
    headers: &HeaderMap,
    (path, query): (&str, &str),
    condition: &Condition,
) -> Result<Option<Answer>, Fault> {
    let Some(id) = path.strip_prefix('/').filter(|id| !id.is_empty() && !id.contains(['/', '.'])) else {
        return Ok(None);
    };
    let wanted = wanted(text(headers, &header::ACCEPT), server.formats);
    let format = match wanted {
        Some(Wanted::Feed(format)) => server.formats.iter().position(|f| f.ending == format.ending).unwrap_or(0),
        // Whether there is such an edition is asked in the first format.
        Some(Wanted::Page) | None => 0,
    };
    let answer = match feed(server, method, headers, (id, query, format), condition).await {
        Err(Fault(StatusCode::NOT_FOUND, _)) => return Ok(None),
        answer => answer?,
    };
    let vary = HeaderValue::from_static("Accept, Accept-Encoding, Accept-Language");
    let mut answer = match wanted {
        Some(Wanted::Feed(format)) => {
            let mut answer = answer;
            // Relative (RFC 9110 §8.7), since the planet may stand below a path.
            let asked = if query.is_empty() { String::new() } else { format!("?{query}") };
            let location = HeaderValue::from_str(&format!("{id}.{}{asked}", format.ending));
            location.into_iter().for_each(|l| {
                answer.headers_mut().insert(header::CONTENT_LOCATION, l);
            });
            answer
        }
        Some(Wanted::Page) => {
            let mut ask = ask("/", query, headers)?;
            ask.query.retain(|(name, _)| name != "edition");
            ask.query.push(("edition".to_owned(), id.to_owned()));
            page(server, method, headers, &ask, condition).await?
        }
        None => {
            let endings: Vec<&str> = server.formats.iter().map(|f| f.ending).collect();
            let sentence = format!("none of these is acceptable: a page, {}", endings.join(", "));
            Fault(StatusCode::NOT_ACCEPTABLE, sentence).answer(method)
        }
    };
    answer.headers_mut().insert(header::VARY, vary);
    Ok(Some(answer))
}

fn ask(path: &str, query: &str, headers: &HeaderMap) -> Result<Ask, Fault> {
    let path = decoded(path).ok_or_else(|| Fault::bad("the path is not UTF-8"))?;
    let query = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    Ok(Ask { path, query, languages: languages(text(headers, &header::ACCEPT_LANGUAGE)) })
}

/// Percent-decodes a path (RFC 3986 §2.1).
fn decoded(path: &str) -> Option<String> {
    if !path.contains('%') {
        return Some(path.to_owned());
    }
    let mut out = Vec::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digit = |b: Option<u8>| char::from(b?).to_digit(16);
            let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
            out.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

async fn page(
    server: &Arc<Server>,
    method: &Method,
    headers: &HeaderMap,
    ask: &Ask,
    condition: &Condition,
) -> Result<Answer, Fault> {
    let coding = acceptable(headers)?;
    let made = {
        let _turn = server.pages.acquire().await;
        let (server, ask) = (server.clone(), ask.clone());
        tokio::task::spawn_blocking(move || {
            let page = server.site.page(&ask)?;
            let tag = cache::tag(&page.body);
            let small = page.body.len() < COMPRESSED_MIN;
            let (coding, body) = match coding {
                _ if small => (Coding::Identity, page.body.clone()),
                Coding::Identity => (Coding::Identity, page.body.clone()),
                Coding::Gzip | Coding::Brotli => (coding, compressed(&server, &page.body, &tag, coding)),
            };
            Some((page, tag, coding, body))
        })
        .await
    };
    let made = made.map_err(|error| {
        tracing::error!(%error, path = ask.path, "failed to make a page");
        Fault(StatusCode::INTERNAL_SERVER_ERROR, "this page could not be made".to_owned())
    })?;
    let nothing = || Fault(StatusCode::NOT_FOUND, "there is nothing here".to_owned());
    let (page, tag, coding, body) = made.ok_or_else(nothing)?;
    let status = StatusCode::from_u16(page.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let met = condition.met_by(&[&tag], SystemTime::UNIX_EPOCH).filter(|_| status == StatusCode::OK);
    // Pages have no dates of their own.
    let met = met.filter(|_| !matches!(condition, Condition::Since(_)));
    let mut answer = if met.is_some() { not_modified() } else { with_body(method, body) };
    if met.is_none() {
        *answer.status_mut() = status;
        let media_type = media_type(text(headers, &header::ACCEPT), page.media_type);
        answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        content_encoding(answer.headers_mut(), coding);
    }
    described(answer.headers_mut(), &page, tag);
    Ok(answer)
}

fn described(headers: &mut HeaderMap, page: &Page, tag: HeaderValue) {
    if page.status == 200 {
        // All codings of a page share one tag, so it vouches for its meaning only.
        let weak = HeaderValue::from_str(&format!("W/{}", tag.to_str().unwrap_or("\"\"")));
        headers.insert(header::ETAG, weak.unwrap_or(tag));
    }
    if let Some(location) = page.location.as_deref().and_then(|l| HeaderValue::from_str(l).ok()) {
        headers.insert(header::LOCATION, location);
    }
    let cache = if page.max_age_s > 0 { kept_for(page.max_age_s) } else { HeaderValue::from_static("no-cache") };
    headers.insert(header::CACHE_CONTROL, cache);
    headers.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding, Accept-Language"));
    if is_feed(page.media_type) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    guarded(headers);
}

fn compressed(server: &Server, body: &[u8], tag: &HeaderValue, coding: Coding) -> Bytes {
    server.packed.get(tag, coding, || {
        count(&server.counts.compressions);
        if coding == Coding::Gzip { cache::gzip(body) } else { cache::brotli(body) }
    })
}

fn acceptable(headers: &HeaderMap) -> Result<Coding, Fault> {
    coding(text(headers, &header::ACCEPT_ENCODING))
        .ok_or_else(|| Fault(StatusCode::NOT_ACCEPTABLE, "none of br, gzip and identity is acceptable".to_owned()))
}

fn content_encoding(headers: &mut HeaderMap, coding: Coding) {
    let name = match coding {
        Coding::Identity => return,
        Coding::Gzip => "gzip",
        Coding::Brotli => "br",
    };
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
}

pub(super) fn kept_for(seconds: u32) -> HeaderValue {
    HeaderValue::from_str(&format!("public, max-age={seconds}")).unwrap_or(HeaderValue::from_static("no-cache"))
}

/// What every answer says.
fn guarded(headers: &mut HeaderMap) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
}

/// `HEAD` is told the length of what `GET` would bring.
fn with_body(method: &Method, body: Bytes) -> Answer {
    let length = HeaderValue::from(body.len());
    let mut answer = Response::new(if *method == Method::HEAD { Full::default() } else { Full::new(body) });
    answer.headers_mut().insert(header::CONTENT_LENGTH, length);
    answer
}

fn not_modified() -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = StatusCode::NOT_MODIFIED;
    answer
}

/// What a browser asks before a page of another host may send conditions.
fn options() -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    let headers = answer.headers_mut();
    headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD"));
    let allowed = HeaderValue::from_static("If-None-Match, If-Modified-Since");
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    guarded(headers);
    answer
}
