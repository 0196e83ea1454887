//! What does a site of the demo answer to a request?

use std::convert::Infallible;
use std::io::{self, Write as _};
use std::sync::Arc;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::Full;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::cast::{SITES, Shape, Site};
use super::stage::{Published, Stage};
use super::{feeds, pages};
use crate::model::Timestamp;

type Request = hyper::Request<hyper::body::Incoming>;
type Response = hyper::Response<Full<Bytes>>;

/// Answers as one site, for ever.
///
/// # Errors
/// Where no connection can be accepted any more.
pub async fn serve(listener: TcpListener, stage: Arc<Stage>, site: usize) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let stage = Arc::clone(&stage);
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let answer = answer(&stage, site, &request);
                async move { Ok::<_, Infallible>(answer) }
            });
            // How a connection ends is the reader's business.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// A resource before the conditions and encodings of the request are applied.
struct Resource {
    media_type: &'static str,
    body: String,
    modified: Option<Timestamp>,
}

fn answer(stage: &Stage, site: usize, request: &Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
    }
    let Some(cast) = SITES.get(site) else { return plain(StatusCode::NOT_FOUND, "no such site\n") };
    let found = find(cast, stage.base(site), &stage.posts(site), request.uri().path());
    let mut response = found.map_or_else(
        || plain(StatusCode::NOT_FOUND, "no such page\n"),
        |resource| conditional(request.headers(), resource),
    );
    if cast.shape == Shape::Substack {
        // By these a reader knows a publication that has a domain of its own.
        let headers = response.headers_mut();
        headers.insert(HeaderName::from_static("x-served-by"), HeaderValue::from_static("Substack"));
        headers.insert(HeaderName::from_static("x-sub"), HeaderValue::from_static(cast.id));
    }
    response
}

fn find(site: &Site, base: &str, posts: &[Published], path: &str) -> Option<Resource> {
    let newest = posts.iter().map(|post| post.date).max();
    let html = |body, modified| Resource { media_type: "text/html; charset=UTF-8", body, modified };
    if path == site.shape.feed_path() {
        let body = feeds::render(site, base, posts);
        return Some(Resource { media_type: site.shape.media_type(), body, modified: newest });
    }
    if path == "/" {
        return Some(html(pages::front(site, base, posts), newest));
    }
    if path == "/robots.txt" {
        let body = "User-agent: *\nDisallow: /wp-admin/\n".to_owned();
        return Some(Resource { media_type: "text/plain; charset=utf-8", body, modified: None });
    }
    if let Some(slug) = path.strip_prefix("/cover/").and_then(|name| name.strip_suffix(".svg")) {
        return Some(Resource { media_type: "image/svg+xml", body: pages::cover(slug), modified: None });
    }
    let post = posts.iter().find(|post| post.path == path)?;
    Some(html(pages::post(site, base, post, posts), Some(post.date)))
}

/// Applies `If-None-Match`, else `If-Modified-Since` (RFC 9110 §13.2.2), and gzip where it is accepted.
fn conditional(asked: &HeaderMap, resource: Resource) -> Response {
    let asks = |name| asked.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let etag = etag(resource.body.as_bytes());
    let modified = resource.modified.map(feeds::gmt);
    let unchanged = match asks(header::IF_NONE_MATCH) {
        Some(tags) => tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag),
        None => modified.is_some() && asks(header::IF_MODIFIED_SINCE) == modified.as_deref(),
    };
    let gzip = asks(header::ACCEPT_ENCODING).is_some_and(|codings| codings.contains("gzip"));
    let mut response = Response::new(Full::default());
    let headers = response.headers_mut();
    let mut set = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    // Weak where it is encoded on the way, as web servers do: the bytes differ, the text does not.
    set(header::ETAG, &if gzip { format!("W/{etag}") } else { etag });
    set(header::VARY, "Accept-Encoding");
    if let Some(modified) = &modified {
        set(header::LAST_MODIFIED, modified);
    }
    if unchanged {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    set(header::CONTENT_TYPE, resource.media_type);
    *response.body_mut() = match gzip.then(|| compressed(resource.body.as_bytes())).transpose() {
        Ok(Some(body)) => {
            set(header::CONTENT_ENCODING, "gzip");
            Full::from(body)
        }
        Ok(None) | Err(_) => Full::from(resource.body),
    };
    response
}

fn etag(body: &[u8]) -> String {
    let hash = body.iter().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3));
    format!("\"{hash:016x}\"")
}

fn compressed(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body)?;
    encoder.finish()
}

fn plain(status: StatusCode, body: &'static str) -> Response {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
